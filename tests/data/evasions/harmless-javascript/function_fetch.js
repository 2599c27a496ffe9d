function fetch(x) { return x; }
fetch("a");
