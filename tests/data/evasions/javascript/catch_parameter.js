try { throw require('child_process'); }
catch (m) { m.execSync('id'); }  //!shell
