const { execSync: join } = require('child_process');
join('id');  //!shell
