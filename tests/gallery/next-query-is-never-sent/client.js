const { Client } = require("pg");
const client = new Client({ host: "198.18.0.2", user: "u", database: "d", query_timeout: 2000 });
const ask = async (text) => {
    const began = Date.now();
    try {
        await client.query(text);
        console.log(`${text}: answered`);
    } catch (error) {
        console.log(`${text}: ${error.message} after ${Date.now() - began} ms`);
    }
};
client.on("error", () => {});
client.connect().then(async () => {
    await ask("select 1");
    await ask("select 2");
    process.exit(0);
});
