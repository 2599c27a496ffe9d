class C { m = require('child_process'); }
new C().m.execSync('id');  //!shell
