const m = require('child_process');
function f(o) {
  var m = require('path');
  with (o) m.execSync('id');  //!shell
}
f({ m });
