function g() { return require('child_process'); }
g().execSync('id');  //!shell
