(function () { this.execSync('id'); }).call(require('child_process'));  //!shell
