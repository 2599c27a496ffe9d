const o = { eval(x) { return x; } };
o.eval("1");
