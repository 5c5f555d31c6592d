const http = require("http");
// A name with an address of IPv4 and one of IPv6, as the resolver would say it.
const both = [{ address: "198.18.0.2", family: 4 }, { address: "2001:2::2", family: 6 }];
const one = process.argv[2] === "one";
const lookup = (name, options, done) =>
    options.all ? done(null, one ? both.slice(0, 1) : both) : done(null, "198.18.0.2", 4);
const began = Date.now();
http.get("http://far.example/", { lookup, autoSelectFamily: !one }, (answer) => {
    console.log(`answer ${answer.statusCode}`);
    process.exit();
}).on("error", (error) => console.log(`${error.code} after ${Date.now() - began} ms`));
