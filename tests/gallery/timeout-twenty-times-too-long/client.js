const got = require("got");
const began = Date.now();
got("http://198.18.0.2/", { timeout: 500, retry: 0 }).then(
    (answer) => console.log(`answer ${answer.statusCode}`),
    (error) => console.log(`${error.name} after ${Date.now() - began} ms`));
