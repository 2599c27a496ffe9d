function f(x) {
  let g = require('path').join;
  g = x;
  g('https://a.invalid').catch(() => 0);  //!network
}
f(fetch);
