import('child_process').then((m) => m).then((m) => m.execSync('id'));  //!shell
