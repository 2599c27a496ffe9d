const m = require('child_process');
{ const m = require('path'); }
m.execSync('id');  //!shell
