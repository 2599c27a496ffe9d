const child_process = require('child_process');
child_process.execSync('id');  //!shell
