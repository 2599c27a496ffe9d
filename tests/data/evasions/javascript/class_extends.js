class C extends require('net').Socket {}
new C().destroy();  //!network
