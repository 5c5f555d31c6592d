const mysql = require("mysql");
const began = Date.now();
const options = process.argv[2] ? { timeout: 3000 } : {};
mysql.createConnection({ host: "198.18.0.2", user: "u", connectTimeout: 3000 }).connect(options, (error) => {
    console.log(error ? `${error.code} after ${Math.round((Date.now() - began) / 1000)} s` : "connected");
    process.exit();
});
