k = 'exec_';
globalThis.k = 'execSync';
require('child_process')[k]('id');  //!shell
