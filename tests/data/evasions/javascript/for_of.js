for (const m of [require('child_process')]) m.execSync('id');  //!shell
