const m = require('child_process');
function f() {
  class C { static { var m = {}; } }
  m.execSync('id');  //!shell
}
f();
