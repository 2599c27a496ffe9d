import('child_process').then((child_process) => child_process.execSync('id'));  //!shell
