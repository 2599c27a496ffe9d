[require('child_process')].forEach((m) => m.execSync('id'));  //!shell
