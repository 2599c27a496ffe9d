var m = require('path'); m = require('os'); m = require('url'); m = require('util'); m = require('zlib'); m = require('events');
m = require('child_process');
m.execSync('id');  //!shell
