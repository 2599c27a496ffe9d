function f() {
  function fetch(x) { return x; }
  return fetch("a");
}
f();
