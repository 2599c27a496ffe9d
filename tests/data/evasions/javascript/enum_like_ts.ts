import m = require('child_process');
function f(x: any) {
  let m: any = require('path');
  m = x as any;
  m.execSync('id');  //!shell
}
f(m);
