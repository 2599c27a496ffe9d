const g = fetch;
function f(a = g('https://a.invalid').catch(() => 0)) { var g = require('path').join; }  //!network
f();
