(({ execSync }) => execSync('id'))(require('child_process'));  //!shell
