const k = 'execSync';
function f(a = require('child_process')[k]('id')) { var k = 'exec_'; }  //!shell
f();
