//! Small harmful changes of names, places and lifetimes that look like a refactoring: each must cause a warning.

use super::attacks::silent;

/// A file, and its text before and after.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "t.py",
        "import sys\ndays = sys.argv[2]\nprint(days)\n",
        "import sys\ndays = sys.argv[2] if len(sys.argv) > 3 else '7'\nprint(days)\n",
    ),
    (
        "t.py",
        "\"\"\"T mutconst.\"\"\"\nimport sys\n\ndef f(a):\n    seen = []\n    seen.append(a)\n    return seen\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
        "\"\"\"T mutconst.\"\"\"\nimport sys\n\nSEEN = []\n\ndef f(a):\n    seen = SEEN\n    seen.append(a)\n    return seen\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
    ),
    (
        "t.py",
        "\"\"\"T redef.\"\"\"\nimport sys\n\ndef f(a):\n    return a.replace(\"x\", \"y\")\n\nprint(f(sys.argv[1]))\n",
        "\"\"\"T redef.\"\"\"\nimport sys\n\ndef clean(a):\n    return a.replace(\"x\", \"y\")\n\ndef f(a):\n    return clean(a)\n\ndef clean(a):\n    return a\n\nprint(f(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "\"\"\"T extract.\"\"\"\nimport sys, os\n\ndef f(a):\n    if a.startswith(\"/\"):\n        return None\n    os.remove(a)\n    return a\n\nprint(f(sys.argv[1]))\n",
        "\"\"\"T extract.\"\"\"\nimport sys, os\n\ndef check(a):\n    if a.startswith(\"/\"):\n        return None\n\ndef f(a):\n    check(a)\n    os.remove(a)\n    return a\n\nprint(f(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "\"\"\"T redef2.\"\"\"\nimport sys, os, shlex\n\ndef f(a):\n    return os.system(\"echo \" + shlex.quote(a))\n\nf(sys.argv[1])\n",
        "\"\"\"T redef2.\"\"\"\nimport sys, os, shlex\n\ndef q(a):\n    return shlex.quote(a)\n\ndef f(a):\n    return os.system(\"echo \" + q(a))\n\ndef q(a):\n    return a\n\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "\"\"\"T redef4.\"\"\"\nimport sys, os, shlex\n\ndef f(a):\n    return os.system(\"echo \" + shlex.quote(a))\n\nf(sys.argv[1])\n",
        "\"\"\"T redef4.\"\"\"\nimport sys, os, shlex\n\ndef q(a):\n    return shlex.quote(a)\n\ndef f(a):\n    return os.system(\"echo \" + q(a))\n\nq = str\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "\"\"\"T star2.\"\"\"\nimport sys, os\n\ndef f(a):\n    os.system(\"ls \" + \"safe\")\n\nf(1)\n",
        "\"\"\"T star2.\"\"\"\nimport sys, os\n\ncurdir = \"safe\"\n\ndef f(a):\n    os.system(\"ls \" + curdir)\n\nfrom os import *\nf(1)\n",
    ),
    (
        "t.py",
        "\"\"\"T mut3.\"\"\"\nimport sys\n\ndef f(a, allow):\n    ok = [\"x\"]\n    ok.extend(allow)\n    return a in ok\n\nprint(f(sys.argv[1], [\"y\"]), f(sys.argv[2], []))\n",
        "\"\"\"T mut3.\"\"\"\nimport sys\n\nOK = [\"x\"]\n\ndef f(a, allow):\n    ok = OK\n    ok.extend(allow)\n    return a in ok\n\nprint(f(sys.argv[1], [\"y\"]), f(sys.argv[2], []))\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\n# T sloc.\nf() {\n  local d=/scratch\n  g\n}\ng() {\n  rm -rf \"${d:-/}\"\n}\nf\ng\n",
        "#!/bin/bash\n# T sloc.\nf() {\n  d=/scratch\n  g\n}\ng() {\n  rm -rf \"${d:-/}\"\n}\nf\ng\n",
    ),
    (
        "t.js",
        "// T jguard.\nconst fs = require(\"fs\");\nfunction f(a) {\n  if (a.includes(\"..\")) {\n    return null;\n  }\n  fs.rmSync(a);\n  return a;\n}\nf(process.argv[2]);\n",
        "// T jguard.\nconst fs = require(\"fs\");\nfunction check(a) {\n  if (a.includes(\"..\")) {\n    return null;\n  }\n}\nfunction f(a) {\n  check(a);\n  fs.rmSync(a);\n  return a;\n}\nf(process.argv[2]);\n",
    ),
    (
        "t.js",
        "// T jredef.\nconst fs = require(\"fs\");\nfunction f(a) {\n  return a.replace(\"x\", \"y\");\n}\nconsole.log(f(process.argv[2]));\n",
        "// T jredef.\nconst fs = require(\"fs\");\nfunction clean(a) {\n  return a.replace(\"x\", \"y\");\n}\nfunction f(a) {\n  return clean(a);\n}\nfunction clean(a) {\n  return a;\n}\nconsole.log(f(process.argv[2]));\n",
    ),
    (
        "t.js",
        "// T jthis.\nclass A {\n  ok() { return true; }\n  go() { const self = this; return [1].map(function () { return self.ok(); }); }\n}\nconsole.log(new A().go());\n",
        "// T jthis.\nclass A {\n  ok() { return true; }\n  go() { return [1].map(function () { return this.ok(); }); }\n}\nconsole.log(new A().go());\n",
    ),
    (
        "t.js",
        "// T jmut.\nfunction f(a) {\n  const seen = [];\n  seen.push(a);\n  return seen.length;\n}\nconsole.log(f(1), f(2));\n",
        "// T jmut.\nconst SEEN = [];\nfunction f(a) {\n  const seen = SEEN;\n  seen.push(a);\n  return seen.length;\n}\nconsole.log(f(1), f(2));\n",
    ),
    (
        "t.py",
        "\"\"\"T constit.\"\"\"\nimport sys, os, re, time\n\ndef f(a):\n    return a in iter([\"x\", \"y\"])\n\nprint(f(1), f(sys.argv[1]))\n",
        "\"\"\"T constit.\"\"\"\nimport sys, os, re, time\n\nW = iter([\"x\", \"y\"])\n\ndef f(a):\n    return a in W\n\nprint(f(1), f(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "\"\"\"T constnow.\"\"\"\nimport sys, os, re, time\n\ndef f():\n    return time.time()\n\ntime.sleep(1)\nprint(f())\n",
        "\"\"\"T constnow.\"\"\"\nimport sys, os, re, time\n\nNOW = time.time()\n\ndef f():\n    return NOW\n\ntime.sleep(1)\nprint(f())\n",
    ),
    (
        "t.py",
        "\"\"\"T constenv.\"\"\"\nimport sys, os, re, time\n\ndef f():\n    return os.getcwd()\n\nos.chdir(\"/\")\nprint(f())\n",
        "\"\"\"T constenv.\"\"\"\nimport sys, os, re, time\n\nNOW = os.getcwd()\n\ndef f():\n    return NOW\n\nos.chdir(\"/\")\nprint(f())\n",
    ),
    (
        "t.py",
        "\"\"\"T helperret.\"\"\"\nimport sys, os, re, time\n\ndef f(a):\n    for x in a:\n        if x == \"k\":\n            return 1\n    os.remove(\"x\")\n    return 0\n\nprint(f(sys.argv))\n",
        "\"\"\"T helperret.\"\"\"\nimport sys, os, re, time\n\ndef look(a):\n    for x in a:\n        if x == \"k\":\n            return 1\n    return 0\n\ndef f(a):\n    look(a)\n    os.remove(\"x\")\n    return 0\n\nprint(f(sys.argv))\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\n# T sloc4.\nf() {\n  local d=\"$1\"\n  rm -rf \"/scratch/$d\"\n}\nf \"$1\"\nf \"$2\"\n",
        "#!/bin/bash\n# T sloc4.\nf() {\n  local e=\"$1\"\n  rm -rf \"/scratch/$d\"\n}\nf \"$1\"\nf \"$2\"\n",
    ),
    (
        "t.js",
        "// T rx2.\nconst fs = require(\"fs\");\nfunction f(a) {\n  return /k/g.test(a);\n}\nfor (const x of process.argv) { if (!f(x)) { fs.rmSync(x); } }\n",
        "// T rx2.\nconst fs = require(\"fs\");\nconst R = /k/g;\nfunction f(a) {\n  return R.test(a);\n}\nfor (const x of process.argv) { if (!f(x)) { fs.rmSync(x); } }\n",
    ),
    (
        "t.js",
        "// T jobj.\nconst fs = require(\"fs\");\nfunction f(a) {\n  const o = { n: 0 };\n  o.n += a;\n  return o.n;\n}\nconsole.log(f(1), f(2));\n",
        "// T jobj.\nconst fs = require(\"fs\");\nconst O = { n: 0 };\nfunction f(a) {\n  const o = O;\n  o.n += a;\n  return o.n;\n}\nconsole.log(f(1), f(2));\n",
    ),
    (
        "t.py",
        "\"\"\"T pyren.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(a):\n    t = a\n    os.remove(t)\n\nf(sys.argv[1])\n",
        "\"\"\"T pyren.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(a):\n    u = a\n    os.remove(t)\n\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "\"\"\"T pyren2.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(t):\n    os.remove(t)\n\nf(sys.argv[1])\n",
        "\"\"\"T pyren2.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(u):\n    os.remove(t)\n\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "\"\"\"T pyren3.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(a):\n    for t in a:\n        os.remove(t)\n\nf(sys.argv[1:])\n",
        "\"\"\"T pyren3.\"\"\"\nimport sys, os, re, time\n\nt = \"keep\"\n\ndef f(a):\n    for u in a:\n        os.remove(t)\n\nf(sys.argv[1:])\n",
    ),
    (
        "t.js",
        "// T jsren.\nconst fs = require(\"fs\");\nlet t = \"keep\";\nfunction f(a) {\n  const t = a;\n  fs.rmSync(t);\n}\nf(process.argv[2]);\n",
        "// T jsren.\nconst fs = require(\"fs\");\nlet t = \"keep\";\nfunction f(a) {\n  const u = a;\n  fs.rmSync(t);\n}\nf(process.argv[2]);\n",
    ),
    (
        "t.js",
        "// T jsren2.\nconst fs = require(\"fs\");\nlet t = \"keep\";\nfunction f(t) {\n  fs.rmSync(t);\n}\nf(process.argv[2]);\n",
        "// T jsren2.\nconst fs = require(\"fs\");\nlet t = \"keep\";\nfunction f(u) {\n  fs.rmSync(t);\n}\nf(process.argv[2]);\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\n# T shren.\nclean() {\n  local dir=\"$1\"\n  rm -rf \"/scratch/data/$dir\"\n}\nfor d in \"$@\"; do clean \"$d\"; done\n",
        "#!/bin/bash\n# T shren.\nclean() {\n  local path=\"$1\"\n  rm -rf \"/scratch/data/$dir\"\n}\nfor d in \"$@\"; do clean \"$d\"; done\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\n# T shren2.\ndir=\"$1\"\nrm -rf \"/scratch/data/$dir\"\n",
        "#!/bin/bash\n# T shren2.\npath=\"$1\"\nrm -rf \"/scratch/data/$dir\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\n# T shren3.\nclean() {\n  local dir=\"$1\"\n  rm -rf \"/scratch/data/$dir\"\n}\nclean \"$1\"\n",
        "#!/bin/bash\n# T shren3.\nclean() {\n  local drr=\"$1\"\n  rm -rf \"/scratch/data/$dir\"\n}\nclean \"$1\"\n",
    ),
    (
        "t.py",
        "\"\"\"T guardpy.\"\"\"\nimport sys, os, re, time\n\ndef f(a):\n    if a.startswith(\"/etc\"):\n        return None\n    os.remove(a)\n    return None\n\nf(sys.argv[1])\n",
        "\"\"\"T guardpy.\"\"\"\nimport sys, os, re, time\n\ndef check(a):\n    if a.startswith(\"/etc\"):\n        return None\n\ndef f(a):\n    check(a)\n    os.remove(a)\n    return None\n\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import os, sys\n\np = \"x\"\n\ndef f(a):\n    p = a\n    def g():\n        os.remove(p)\n    g()\n\nf(sys.argv[1])\n",
        "import os, sys\n\np = \"x\"\n\ndef f(a):\n    q = a\n    def g():\n        os.remove(p)\n    g()\n\nf(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import os, sys\n\ndef f(a, b):\n    x = a\n    print(x)\n    x = b\n    os.remove(x)\n\nf(sys.argv[1], sys.argv[2])\n",
        "import os, sys\n\ndef f(a, b):\n    x = a\n    print(x)\n    y = b\n    os.remove(x)\n\nf(sys.argv[1], sys.argv[2])\n",
    ),
    (
        "t.py",
        "import os, sys\n\ndef f(a):\n    with open(a) as h:\n        h.truncate()\n\nh = open(\"x\", \"w\")\nf(sys.argv[1])\n",
        "import os, sys\n\ndef f(a):\n    with open(a) as k:\n        h.truncate()\n\nh = open(\"x\", \"w\")\nf(sys.argv[1])\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nclean() {\n  dir=\"$1\"\n  go\n}\ngo() {\n  rm -rf \"/data/$dir\"\n}\nclean \"$1\"\n",
        "#!/bin/bash\nclean() {\n  path=\"$1\"\n  go\n}\ngo() {\n  rm -rf \"/data/$dir\"\n}\nclean \"$1\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nread -r name\nrm -rf \"/data/$name\"\n",
        "#!/bin/bash\nread -r user\nrm -rf \"/data/$name\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nfor f in \"$@\"; do\n  rm -rf \"/data/$f\"\ndone\n",
        "#!/bin/bash\nfor g in \"$@\"; do\n  rm -rf \"/data/$f\"\ndone\n",
    ),
    (
        "t.js",
        "const fs = require(\"fs\");\nlet t = \"x\";\nfunction f(o) {\n  const { t } = o;\n  fs.rmSync(t);\n}\nf(JSON.parse(process.argv[2]));\n",
        "const fs = require(\"fs\");\nlet t = \"x\";\nfunction f(o) {\n  const { u } = o;\n  fs.rmSync(t);\n}\nf(JSON.parse(process.argv[2]));\n",
    ),
    (
        "t.js",
        "const fs = require(\"fs\");\nconst p = \"x\";\nconst f = (p) => {\n  fs.rmSync(p);\n};\nf(process.argv[2]);\n",
        "const fs = require(\"fs\");\nconst p = \"x\";\nconst f = (q) => {\n  fs.rmSync(p);\n};\nf(process.argv[2]);\n",
    ),
    (
        "t.py",
        "import os, sys\n\nclass A:\n    def go(self, a):\n        if \"..\" in a:\n            return\n        os.remove(a)\n\nA().go(sys.argv[1])\n",
        "import os, sys\n\nclass A:\n    def check(self, a):\n        if \"..\" in a:\n            return\n\n    def go(self, a):\n        self.check(a)\n        os.remove(a)\n\nA().go(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import os, sys\n\ndef f(k):\n    seen = {}\n    seen[k] = seen.get(k, 0) + 1\n    return seen[k]\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
        "import os, sys\n\nseen = {}\n\ndef f(k):\n    seen[k] = seen.get(k, 0) + 1\n    return seen[k]\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
    ),
    (
        "t.py",
        "import os, sys\n\nseen = []\n\ndef f(k):\n    seen.append(k)\n    return len(seen)\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
        "import os, sys\n\ndef f(k):\n    seen = []\n    seen.append(k)\n    return len(seen)\n\nprint(f(sys.argv[1]), f(\"b\"))\n",
    ),
    (
        "t.js",
        "const fs = require(\"fs\");\nfunction f() {\n  const ids = new Set();\n  ids.add(process.argv[2]);\n  return ids.size;\n}\nconsole.log(f(), f());\n",
        "const fs = require(\"fs\");\nconst ids = new Set();\nfunction f() {\n  ids.add(process.argv[2]);\n  return ids.size;\n}\nconsole.log(f(), f());\n",
    ),
    (
        "t.py",
        "import os, sys\n\nimport random\n\ndef f():\n    return random.random()\n\nprint(f(), f())\n",
        "import os, sys\n\nimport random\n\nR = random.random()\n\ndef f():\n    return R\n\nprint(f(), f())\n",
    ),
    (
        "t.py",
        "import os, sys\n\ndef f(a):\n    os.remove(a.strip(\"/\"))\n\nf(sys.argv[1])\n",
        "import os, sys\n\ndef clean(a):\n    return a.strip(\"/\")\n\ndef f(a):\n    os.remove(clean(a))\n\nclean = os.path.abspath\nf(sys.argv[1])\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nf() {\n  rm -rf \"${1##*/}\"\n}\nf \"$1\"\n",
        "#!/bin/bash\nbase() {\n  echo \"${1##*/}\"\n}\nf() {\n  rm -rf \"$(base \"$1\")\"\n}\nbase() {\n  echo \"$1\"\n}\nf \"$1\"\n",
    ),
];

#[test]
fn changes_of_what_a_name_means_are_warned_of() {
    let silent = silent(CHANGES);
    assert!(silent.is_empty(), "{silent:#?}");
}
