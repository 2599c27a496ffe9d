try { throw require('child_process'); }
catch ({ execSync }) { execSync('id'); }  //!shell
