const o = { ...require('child_process') };
o.execSync('id');  //!shell
