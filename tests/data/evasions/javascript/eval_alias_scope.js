const path = require('path');
{ const path = eval; path('1'); }  //!eval
