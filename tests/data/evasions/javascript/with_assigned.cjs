const m = require('child_process');
function f(o) {
  const m = {};
  with (o) { m.execSync('id'); }  //!shell
}
f({ m });
