const k = 'execSync';
function f() {
  class C { static { var k = 'x'; } }
  require('child_process')[k]('id');  //!shell
}
f();
