//! Small changes that do harm while they look like none: each must be warned of.

use super::tests::worst;
use crate::domain::Severity;

/// A file, and its text before and after.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "t.py",
        "def f(a):\n    return a\n\n\nprint(max(len(sys.argv), f(3)), min(f(2), 4))\n",
        "def f(a):\n    return a\n\n\nprint(max(len(sys.argv)), f(3), min(f(2, 4)))\n",
    ),
    (
        "t.py",
        "cmd = sys.argv[1]\nif cmd == 'list':\n    print(1)\nelif cmd == 'drop':\n    os.remove('a')\n",
        "cmd = sys.argv[1]\nif cmd == 'list':\n    print(1)\nelif cmd == '':\n    os.remove('db')\nelif cmd == 'drop':\n    os.remove('a')\n",
    ),
    (
        "t.py",
        "if len(sys.argv) > 5:\n    os.remove(sys.argv[1])\n",
        "import builtins\n\nbuiltins.len = lambda x: 9\nif len(sys.argv) > 5:\n    os.remove(sys.argv[1])\n",
    ),
    (
        "t.sh",
        "case \"$1\" in\n  list) ls ;;\n  drop) rm a ;;\nesac\n",
        "case \"$1\" in\n  list) ls ;;\n  drop) rm a ;;\n  *) rm -rf data ;;\nesac\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst f = () => fs.promises.unlink('a');\nf().then(() => fs.unlinkSync('b'));\n",
        "const fs = require('fs');\nconst f = () => fs.promises.unlink('a');\nf().then(fs.unlinkSync('b'));\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nfs.unlinkSync('tmp');\n",
        "const fs = require('fs');\nconsole.error(fs.unlinkSync('db'));\nfs.unlinkSync('tmp');\n",
    ),
    (
        "t.py",
        "print('value 1', sys.argv[1])\nprint('value 2', sys.argv[2])\nprint('value 3', sys.argv[3])\nprint('value 4', sys.argv[4])\nprint('value 5', sys.argv[5])\nprint('value 6', sys.argv[6])\nprint('value 7', sys.argv[7])\nprint('value 8', sys.argv[8])\nif sys.argv[1] > sys.argv[2]:\n    os.remove('x')\n",
        "print('the value 1', sys.argv[1])\nprint('the value 2', sys.argv[2])\nprint('the value 3', sys.argv[3])\nprint('the value 4', sys.argv[4])\nprint('the value 5', sys.argv[5])\nprint('the value 6', sys.argv[6])\nprint('the value 7', sys.argv[7])\nprint('the value 8', sys.argv[8])\nif sys.argv[1] < sys.argv[2]:\n    os.remove('x')\n",
    ),
    ("t.sh", "rm -rf tmp\necho x\n", "rm -rf tmp\necho \"$(rm -rf data)\" >&2\necho x\n"),
    (
        "t.py",
        "import shutil\n\ntmp = sys.argv[1]\nhome = sys.argv[2]\nprint(tmp)\nprint(home)\nprint(1)\nshutil.rmtree(tmp, True)\n",
        "import shutil\n\ntmp = sys.argv[1]\nhome = sys.argv[2]\nshutil.rmtree(home, True)\nprint(tmp)\nprint(home)\nprint(1)\n",
    ),
    ("t.sh", "find . -name \"*.tmp\" | xargs rm\n", "find . -name *.tmp | xargs rm\n"),
    (
        "t.py",
        "def safe(p):\n    return p.startswith('/tmp')\n\n\nif safe(sys.argv[1]):\n    os.remove(sys.argv[1])\n",
        "def safe(p):\n    return p.startswith('/tmp')\n\n\nglobals()['safe'] = bool\nif safe(sys.argv[1]):\n    os.remove(sys.argv[1])\n",
    ),
    (
        "t.py",
        "def safe(p):\n    return p.startswith('/tmp')\n\n\nif safe(sys.argv[1]):\n    os.remove(sys.argv[1])\n",
        "def safe(p):\n    return p.startswith('/tmp')\n\n\nfrom os.path import exists as safe\n\nif safe(sys.argv[1]):\n    os.remove(sys.argv[1])\n",
    ),
    ("t.sh", "cd \"$1\"\nrm -rf \"$(pwd)\"/x\n", "d=$(pwd)\ncd \"$1\"\nrm -rf \"$d\"/x\n"),
    (
        "t.py",
        "def f(xs):\n    xs.clear()\n    if len(xs) > 3:\n        os.remove('x')\n\n\nf(sys.argv)\n",
        "def f(xs):\n    n = len(xs)\n    xs.clear()\n    if n > 3:\n        os.remove('x')\n\n\nf(sys.argv)\n",
    ),
    (
        "t.py",
        "import logging\n\nlog = logging.getLogger()\nos.remove('tmp')\n",
        "import logging\n\nlog = logging.getLogger()\nlog.info(os.remove('db'))\nos.remove('tmp')\n",
    ),
    ("t.sh", "x=$(g | h)\nrm \"$x\"\n", "x=$(g) | h\nrm \"$x\"\n"),
    (
        "t.py",
        "os.remove('tmp')\nprint('x')\n",
        "os.remove('tmp')\nprint(os.remove('db'), file=sys.stderr)\nprint('x')\n",
    ),
    ("t.sh", "pip install x\n", "pip install x --pre\n"),
    ("t.sh", "git clean -n\n", "git clean -n -fdx\n"),
    ("t.sh", "chmod 600 a\n", "chmod 600 a -R\n"),
    ("t.sh", "gh pr merge 1\n", "gh pr merge 1 --admin\n"),
    ("t.sh", "rclone sync a b\n", "rclone sync a b --delete-excluded\n"),
    ("t.sh", "kubectl delete pod x\n", "kubectl delete pod x --all\n"),
    ("t.sh", "terraform apply\n", "terraform apply -auto-approve\n"),
    ("t.sh", "tar -xf a\n", "tar -xf a -P\n"),
    (
        "t.py",
        "def is_admin():\n    return os.environ.get('A') == '1'\n\n\nif is_admin():\n    os.remove(sys.argv[1])\n",
        "def is_admin():\n    return os.environ.get('A') == '1'\n\n\nif is_admin:\n    os.remove(sys.argv[1])\n",
    ),
    (
        "t.py",
        "a = sys.argv[1]\nassert a.startswith('/tmp/'), 'bad'\nos.remove(a)\n",
        "a = sys.argv[1]\nassert (a.startswith('/tmp/'), 'bad')\nos.remove(a)\n",
    ),
    (
        "t.py",
        "def f():\n    try:\n        os.rename('a', 'b')\n    finally:\n        os.remove('lock')\n\n\nf()\n",
        "def f():\n    try:\n        os.rename('a', 'b')\n    except OSError:\n        os.remove('lock')\n\n\nf()\n",
    ),
    (
        "t.py",
        "for x in sys.argv:\n    if x == 'keep':\n        break\nelse:\n    os.remove('x')\n",
        "for x in sys.argv:\n    if x == 'keep':\n        break\nos.remove('x')\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nsetTimeout(() => fs.unlinkSync('x'), 1);\n",
        "const fs = require('fs');\nsetTimeout(fs.unlinkSync('x'), 1);\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nfunction isAdmin() {\n  return process.env.A === '1';\n}\nif (isAdmin()) {\n  fs.unlinkSync('x');\n}\n",
        "const fs = require('fs');\nfunction isAdmin() {\n  return process.env.A === '1';\n}\nif (isAdmin) {\n  fs.unlinkSync('x');\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst f = () => fs.unlinkSync('x');\nprocess.on('exit', f);\n",
        "const fs = require('fs');\nconst f = () => fs.unlinkSync('x');\nprocess.on('exit', f());\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst a = process.argv[2];\nif (check(a, true)) fs.unlinkSync(a);\nfunction check(a, b) { return a.startsWith('/tmp') && b; }\n",
        "const fs = require('fs');\nconst a = process.argv[2];\nif ((check(a), true)) fs.unlinkSync(a);\nfunction check(a, b) { return a.startsWith('/tmp') && b; }\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst m = new Map([[process.argv[2], '/tmp/x']]);\nm.forEach((x) => {\n  fs.unlinkSync(x);\n});\n",
        "const fs = require('fs');\nconst m = new Map([[process.argv[2], '/tmp/x']]);\nfor (const x of m) {\n  fs.unlinkSync(x);\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst a = process.argv[2];\nconst b = process.argv[3];\nif (a) {\n  if (b ?? true) {\n    fs.unlinkSync('a');\n  }\n}\n",
        "const fs = require('fs');\nconst a = process.argv[2];\nconst b = process.argv[3];\nif (a && b ?? true) {\n  fs.unlinkSync('a');\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst o = JSON.parse(process.argv[2]);\nif (o.user.isAdmin()) {\n  fs.unlinkSync('a');\n}\n",
        "const fs = require('fs');\nconst o = JSON.parse(process.argv[2]);\nif (o.user.isAdmin) {\n  fs.unlinkSync('a');\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nlet n = 0;\nwhile (n > 0) {\n  fs.unlinkSync('a');\n  n -= 1;\n}\n",
        "const fs = require('fs');\nlet n = 0;\ndo {\n  fs.unlinkSync('a');\n  n -= 1;\n} while (n > 0);\n",
    ),
    (
        "t.py",
        "t = open(sys.argv[1]).read()\nos.remove(sys.argv[1])\nprint(t)\n",
        "os.remove(sys.argv[1])\nt = open(sys.argv[1]).read()\nprint(t)\n",
    ),
    (
        "t.py",
        "def wipe():\n    os.remove('db')\n\n\ndef main():\n    x = sys.argv[1]\n    if x == 'wipe':\n        wipe()\n    print(x)\n\n\nmain()\n",
        "def main():\n    x = sys.argv[1]\n    print(x)\n    os.remove('db')\n\n\nmain()\n",
    ),
    ("t.sh", "cp a b && rm a\n", "cp a b & rm a\n"),
    ("t.sh", "set -e\n[ -f a ] && rm b\nrm -rf c\n", "set -e\n[ -f a ]\nrm b\nrm -rf c\n"),
    ("t.sh", "cp a b && rm a\n", "cp a b; rm a\n"),
    ("t.sh", "export TARGET=$1\nmake clean\n", "TARGET=$1\nmake clean\n"),
    (
        "t.sh",
        "if [ \"$1\" = \"prod*\" ]; then\n  exit 1\nfi\nrm -rf data\n",
        "if [[ \"$1\" == prod* ]]; then\n  exit 1\nfi\nrm -rf data\n",
    ),
    (
        "t.sh",
        "f() {\n  local d=$1\n  rm \"$d/x\"\n}\nd=/data\nf /tmp\nrm \"$d/y\"\n",
        "f() {\n  d=$1\n  rm \"$d/x\"\n}\nd=/data\nf /tmp\nrm \"$d/y\"\n",
    ),
    ("t.sh", "if [ -f a ] && [ -f b ]; then\n  rm c\nfi\n", "! [ -f a ] || [ -f b ] || rm c\n"),
    ("t.sh", "g |& grep -q err && exit 1\nrm x\n", "g | grep -q err && exit 1\nrm x\n"),
    (
        "t.py",
        "def f(xs):\n    return any(x > 3 for x in xs)\n\n\nprint(f([1]))\n",
        "def any(xs):\n    return not all(not x for x in xs)\n\n\ndef f(xs):\n    for x in xs:\n        if x > 3:\n            return True\n    return False\n\n\nprint(f([1]))\n",
    ),
    (
        "t.py",
        "import shutil\n\n\ndef clean(p):\n    shutil.rmtree(p)\n    print(p)\n\n\nclean(sys.argv[1])\n",
        "import shutil\n\n\ndef wipe(p):\n    shutil.rmtree(p)\n    print(p)\n\n\nwipe(sys.argv[1])\nwipe(os.path.dirname(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "try:\n    x = int(sys.argv[1])\nexcept ValueError:\n    x = 0\nelse:\n    os.remove('x')\nprint(x)\n",
        "try:\n    x = int(sys.argv[1])\nexcept ValueError:\n    x = 0\nos.remove('x')\nprint(x)\n",
    ),
];

#[test]
fn changes_that_do_harm_are_warned_of() {
    let is_silent = |(path, old, new): &&(&str, &str, &str)| worst(path, old, new) <= Some(Severity::Low);
    let silent: Vec<_> = CHANGES.iter().filter(is_silent).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
