const fs = require('node:fs');
fs.createWriteStream('out.txt').end();  //!writes-files
