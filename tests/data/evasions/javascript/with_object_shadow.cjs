const m = require('path');
with ({ m: require('child_process') }) m.execSync('id');  //!shell
