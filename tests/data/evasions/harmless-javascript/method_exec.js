/x/.exec("x");
const r = /y/;
r.exec("y");
