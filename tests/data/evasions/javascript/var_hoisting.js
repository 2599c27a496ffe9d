f();
var m;
function f() { m = require('child_process'); }
m.execSync('id');  //!shell
