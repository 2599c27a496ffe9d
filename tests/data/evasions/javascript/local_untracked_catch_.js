const m = require('child_process');
function f(x) {
  let m = require('path');
  try { throw x } catch (e) { m = e; }
  m.execSync('id');  //!shell
}
f(m);
