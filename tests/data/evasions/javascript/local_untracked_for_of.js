const m = require('child_process');
function f(x) {
  let m = require('path');
  for (m of [x]);
  m.execSync('id');  //!shell
}
f(m);
