const fetch = require("node-fetch");
const http = require("http");
const agent = new http.Agent({ keepAlive: true });
const ask = async () => {
    try {
        const answer = await fetch("http://198.18.0.2/", { agent });
        await answer.text();
        console.log(`answer ${answer.status}`);
    } catch (error) {
        console.log(error.message);
    }
    await new Promise((done) => setTimeout(done, 100));
};
ask().then(ask).then(() => process.exit());
