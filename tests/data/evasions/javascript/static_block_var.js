const m = require('child_process');
function f() {
  class C { static { var m = require('path'); } }
  m.execSync('id');  //!shell
}
f();
