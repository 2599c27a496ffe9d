const o = { m: require('child_process') };
o.m.execSync('id');  //!shell
