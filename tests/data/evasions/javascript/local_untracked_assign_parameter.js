const m = require('child_process');
function f(x) {
  let m = require('path');
  m = x;
  m.execSync('id');  //!shell
}
f(m);
