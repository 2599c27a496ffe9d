// The name under which scripts of other programs load the calls of tools.
module.exports = require("toolsmith_call");
