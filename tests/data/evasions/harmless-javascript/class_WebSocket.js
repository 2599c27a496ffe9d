class WebSocket { constructor(x) { this.x = x; } }
new WebSocket("a");
