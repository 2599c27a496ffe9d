const setTimeout = (x) => x;
setTimeout("a");
