const m = require('child_process');
function f(g = () => m.execSync('id')) { var m = require('path'); g(); }  //!shell
f();
