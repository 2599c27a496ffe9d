const m = require('child_process');
function f() {
  class C { static { function m() {} } }
  m.execSync('id');  //!shell
}
f();
