const path = require('path');
function f(path) { path.execSync('id'); }  //!shell
f(require('child_process'));
