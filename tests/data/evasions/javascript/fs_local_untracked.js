const fs = require('fs');
function f(x) {
  let fs = require('path');
  fs = x;
  fs.createWriteStream('out.txt').end();  //!writes-files
}
f(fs);
