const m = require('child_process');
const o = { m };
o.m.execSync('id');  //!shell
