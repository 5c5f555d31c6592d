const Redis = require("ioredis");
const redis = new Redis({ host: "198.18.0.2", enableReadyCheck: false,
                          autoResendUnfulfilledCommands: process.argv[2] === "resend" });
redis.on("error", () => {});
(async () => {
    await redis.ping();
    let settled = "pending";
    redis.get("a").then((value) => { settled = `got ${value}`; },
                        (error) => { settled = `failed: ${error.message}`; });
    await new Promise((done) => setTimeout(done, 5000));
    console.log(`${await redis.ping()} after it, the command ${settled}`);
    process.exit();
})();
