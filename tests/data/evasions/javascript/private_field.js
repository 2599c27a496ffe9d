class C { #m = require('child_process'); f() { this.#m.execSync('id'); } }  //!shell
new C().f();
