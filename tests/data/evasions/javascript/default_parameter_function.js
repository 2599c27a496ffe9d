const m = require('child_process');
function f(a = m.execSync('id')) { function m() {} }  //!shell
f();
