try { f(); } catch (process) { process.kill(1); }
