import m from 'node:child_process';
function f() {
  { function m() {} }
  m.execSync('id');  //!shell
}
f();
