import * as cp from 'node:child_process';
namespace N { export const m = cp; }
N.m.execSync('id');  //!shell
