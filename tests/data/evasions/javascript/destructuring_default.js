const { m = require('child_process') } = {};
m.execSync('id');  //!shell
