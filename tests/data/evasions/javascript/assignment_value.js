let m;
(m = require('child_process')).execSync('id');  //!shell
