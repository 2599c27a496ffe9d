const p = require('path');
{ var m = require('child_process'); }
m.execSync('id');  //!shell
