for (var m = require('child_process'), i = 0; i < 1; i++);
m.execSync('id');  //!shell
