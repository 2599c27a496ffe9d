const k = 'child_process';
function f(a = require(k).execSync('id')) { var k = 'path'; }  //!shell
f();
