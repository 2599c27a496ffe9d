'use strict';
const { execSync } = require('child_process');
(() => {
  if (0) { function execSync() {} }
  execSync('id');  //!shell
})();
