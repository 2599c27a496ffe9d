const m = require('child_process');
const g = class m {};
m.execSync('id');  //!shell
