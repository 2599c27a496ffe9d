(function (m) { m.execSync('id'); }).call(null, require('child_process'));  //!shell
