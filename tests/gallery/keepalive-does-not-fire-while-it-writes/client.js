const net = require("net");
const socket = net.connect(80, "198.18.0.2");
let began;
socket.on("connect", () => {
    began = Date.now();
    socket.setKeepAlive(true, 1000);
    if (process.argv[2]) {
        socket.write("x");
        setInterval(() => socket.write("x"), 2000).unref();
    }
});
socket.on("error", (error) =>
    console.log(`${error.code} after ${Math.round((Date.now() - began) / 1000)} s`));
