const m = require('child_process');
function f(x) {
  let m = require('path');
  let y = m = x;
  m.execSync('id');  //!shell
}
f(m);
