const m = require('child_process');
function f(x) {
  var m = require('path');
  for (var m of [x]) m.execSync('id');  //!shell
}
f(m);
