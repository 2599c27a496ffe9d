const m = require('child_process');
(function path() { m.execSync('id'); })();  //!shell
