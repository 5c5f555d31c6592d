const mqtt = require("mqtt");
const began = Date.now();
const client = mqtt.connect("mqtt://198.18.0.2", { keepalive: 60, reconnectPeriod: 1000 });
const at = () => Math.round((Date.now() - began) / 1000);
client.on("connect", () => console.log(`connected at ${at()} s`));
client.on("error", (error) => console.log(`${error.message} at ${at()} s`));
client.on("close", () => {
    console.log(`closed at ${at()} s`);
    process.exit();
});
setTimeout(() => process.exit(), 300000);
