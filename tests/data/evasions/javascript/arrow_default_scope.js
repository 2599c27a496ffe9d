const m = require('child_process');
((a = m.execSync('id')) => { var m = require('path'); })();  //!shell
