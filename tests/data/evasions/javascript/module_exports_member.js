module.exports.m = require('child_process');
module.exports.m.execSync('id');  //!shell
