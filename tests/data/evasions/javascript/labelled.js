const m = require('child_process');
m: for (;;) { m.execSync('id'); break m; }  //!shell
