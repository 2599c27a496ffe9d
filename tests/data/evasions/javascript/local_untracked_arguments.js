const m = require('child_process');
function f(x) {
  let m = require('path');
  m = arguments[0];
  m.execSync('id');  //!shell
}
f(m);
