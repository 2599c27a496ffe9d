const fs = require('fs');
fs.writeFileSync('out.txt', 'x');  //!writes-files
