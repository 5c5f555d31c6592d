const net = require("net");
const socket = net.connect(80, "198.18.0.2");
let began;
socket.on("connect", () => {
    began = Date.now();
    socket.setTimeout(5000);
    socket.write("x");
    if (process.argv[2]) setInterval(() => socket.write("x"), 1000).unref();
});
socket.on("timeout", () => {
    console.log(`timeout after ${Math.round((Date.now() - began) / 1000)} s`);
    socket.destroy();
});
socket.on("error", (error) =>
    console.log(`${error.code} after ${Math.round((Date.now() - began) / 1000)} s`));
