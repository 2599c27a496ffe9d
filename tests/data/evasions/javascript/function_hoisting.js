m();
function m() { return 1; }
m = require('child_process');
m.execSync('id');  //!shell
