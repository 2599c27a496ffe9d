const fetch = (x) => x;
fetch("a");
