const m = require('child_process');
function f() {
  { function* m() {} }
  m.execSync('id');  //!shell
}
f();
