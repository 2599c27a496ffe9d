const child_process = await import('node:child_process');
child_process.execSync('id');  //!shell
