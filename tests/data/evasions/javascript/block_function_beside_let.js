const m = require('child_process');
function f() {
  { let m; { function m() {} } }
  m.execSync('id');  //!shell
}
f();
