const { a: m = require('child_process') } = {};
m.execSync('id');  //!shell
