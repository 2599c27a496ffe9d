exports.m = require('child_process');
exports.m.execSync('id');  //!shell
