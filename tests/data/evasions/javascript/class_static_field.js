class C { static m = require('child_process'); }
C.m.execSync('id');  //!shell
