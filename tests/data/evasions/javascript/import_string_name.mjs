import { 'execSync' as m } from 'node:child_process';
m('id');  //!shell
