import { default as m } from 'node:child_process';
m.execSync('id');  //!shell
