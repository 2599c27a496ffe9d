const m = require('child_process');
function f() {
  { async function m() {} }
  m.execSync('id');  //!shell
}
f();
