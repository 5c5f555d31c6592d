const WebSocket = require("ws");
const server = new WebSocket.Server({ port: 8080 });
server.on("connection", (socket) => {
    const began = Date.now();
    socket.on("error", () => {});
    socket.on("close", () => {
        console.log(`closed after ${Math.round((Date.now() - began) / 1000)} s`);
        process.exit();
    });
    socket.terminate();
});
