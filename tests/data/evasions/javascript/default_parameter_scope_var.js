const m = require('child_process');
function f(a = m.execSync('id')) { var m = require('path'); }  //!shell
f();
