let m = require('path');
function g() { const m = require('child_process'); return m; }
m = g();
m.execSync('id');  //!shell
