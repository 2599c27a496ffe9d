import * as m from 'node:child_process';
m.default.execSync('id');  //!shell
