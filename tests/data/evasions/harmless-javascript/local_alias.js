const m = require("fs");
function f() {
  const m = require("path");
  return m.join("a");
}
f(); m.existsSync("x");
