const { execSync: m } = require('child_process');
function f(x) {
  let m = () => 0;
  m = x;
  m('id');  //!shell
}
f(m);
