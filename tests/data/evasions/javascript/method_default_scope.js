const m = require('child_process');
({ f(a = m.execSync('id')) { var m = require('path'); } }).f();  //!shell
