function f(m) { m.execSync('id'); }  //!shell
f(require('child_process'));
