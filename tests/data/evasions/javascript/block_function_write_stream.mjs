import * as fs from 'node:fs';
function f() {
  { function fs() {} }
  fs.createWriteStream('out.txt').end();  //!writes-files
}
f();
