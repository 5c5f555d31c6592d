const mysql = require("mysql2");
const began = Date.now();
mysql.createConnection({ host: "198.18.0.2", user: "u", connectTimeout: 2000 }).connect((error) => {
    console.log(error ? `${error.code} after ${Math.round((Date.now() - began) / 1000)} s` : "connected");
    process.exit();
});
