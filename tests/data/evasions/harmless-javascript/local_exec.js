const { exec } = require("child_process");
function f() {
  const exec = (x) => x;
  return exec("1");
}
f();
