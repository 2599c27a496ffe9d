const fs = require("fs");
{ const fs = { writeFileSync(x) { return x; } }; fs.writeFileSync("a"); }
fs.existsSync("a");
