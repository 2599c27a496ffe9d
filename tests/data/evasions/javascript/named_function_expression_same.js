const m = require('child_process');
const g = function m() { return m; };
m.execSync('id');  //!shell
