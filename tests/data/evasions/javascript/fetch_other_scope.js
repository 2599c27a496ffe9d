function g(fetch) { fetch = require('path'); }
fetch('https://a.invalid').catch(() => 0);  //!network
