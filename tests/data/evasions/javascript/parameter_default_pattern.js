function f({ execSync: r } = require('child_process')) { r('id'); }  //!shell
f();
