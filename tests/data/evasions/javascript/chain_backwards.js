var a = require('path'), b = a, c = a, d = a;
function f() { d.execSync('id'); }  //!shell
function g() { d = c; }
function h() { c = b; }
function i() { b = a; }
a = require('child_process');
i(); h(); g(); f();
