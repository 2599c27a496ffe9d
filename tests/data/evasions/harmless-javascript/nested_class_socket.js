function f() {
  class WebSocket {}
  return new WebSocket();
}
f();
