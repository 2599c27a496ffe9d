const m = require('path');
{ const m = require('child_process'); m.execSync('id'); }  //!shell
