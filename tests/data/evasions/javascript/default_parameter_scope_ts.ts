import m = require('child_process');
function f(a: any = m.execSync('id')) { var m = require('path'); }  //!shell
f();
