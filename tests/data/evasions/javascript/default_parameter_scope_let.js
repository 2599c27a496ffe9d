const m = require('child_process');
function f(a = m.execSync('id')) { let m = require('path'); }  //!shell
f();
