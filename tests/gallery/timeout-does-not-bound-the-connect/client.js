const axios = require("axios");
const options = { timeout: 500, ...JSON.parse(process.argv[2] || "{}") };
const began = Date.now();
axios.get("http://198.18.0.2/", options).then(
    (answer) => console.log(`answer ${answer.status}`),
    (error) => console.log(`${error.code} after ${Date.now() - began} ms`));
