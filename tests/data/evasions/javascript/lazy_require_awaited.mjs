let m = {};
const g = async () => { const m = await import('node:child_process'); return m; };
m = await g();
m.execSync('id');  //!shell
