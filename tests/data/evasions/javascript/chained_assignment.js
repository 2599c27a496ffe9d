let b;
const a = b = require('child_process');
a.execSync('id');  //!shell
