import os, sys
sys.modules["json"] = os
import json
json.system("id")  #!shell
