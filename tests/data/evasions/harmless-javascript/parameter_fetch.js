function f(fetch) { return fetch("a"); }
f((x) => x);
