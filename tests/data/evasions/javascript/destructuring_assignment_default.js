let r;
({ execSync: r = 1 } = require('child_process'));
r('id');  //!shell
