//! Small harmful changes that look harmless: each must cause a warning.

use crate::check::change::code::differences;
use crate::check::fixture::version;
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
    ("t.pl", "open F, $path or die \"no $path\";\n", "open F, $path or warn \"no $path\";\n"),
    ("t.pl", "open F, $path or die \"no $path\";\n", "open F, $path or die \"no \" . `id`;\n"),
    ("t.pl", "open F, $path or die \"no $path\";\n", "open F, $path or die \"no $path\" if $strict;\n"),
    ("t.rb", "x = read(p) || abort \"none\"\n", "x = read(p) || abort \"none #{drop(p)}\"\n"),
    ("t.rb", "puts ARGV.map(&:to_i).max\n", "puts ARGV.map(&:to_i).min\n"),
    ("t.pl", "print lc $name;\n", "print uc $name;\n"),
    ("t.sh", "set -euo pipefail\nrun $1\n", "set -uo pipefail\nrun $1\n"),
    ("t.sh", "grep -eab f\n", "grep -eba f\n"),
    ("t.sh", "chmod -rw f\n", "chmod -r w f\n"),
    ("t.sh", "rm -f -- \"$x\"\n", "rm -f \"$x\"\n"),
    ("t.sh", "rm -r -- \"$x\"\n", "rm -rf -- \"$x\" /\n"),
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
    (
        "t.js",
        "const { writeFileSync } = require('fs');\nwriteFileSync('out.txt', process.argv[2]);\n",
        "const { appendFileSync } = require('fs');\nappendFileSync('out.txt', process.argv[2]);\n",
    ),
    (
        "t.js",
        "const path = require('path');\nconsole.log(path.join('/srv', process.argv[2]));\n",
        "const path = require('path');\nconsole.log(path.join('/srv' + process.argv[2]));\n",
    ),
    ("t.js", "console.log(btoa(process.argv[2]));\n", "console.log(atob(process.argv[2]));\n"),
    (
        "t.js",
        "const catalog = { info: (n, all) => console.log(n, all) };\ncatalog.info(process.argv[2], true);\n",
        "const catalog = { info: (n, all) => console.log(n, all) };\ncatalog.info(process.argv[2], false);\n",
    ),
    ("t.js", "console.log(__dirname, process.argv[2]);\n", "console.log(__filename, process.argv[2]);\n"),
    (
        "t.js",
        "let least = Infinity;\nfor (const x of process.argv.slice(2)) least = Math.min(least, Number(x));\nconsole.log(least);\n",
        "let least = NaN;\nfor (const x of process.argv.slice(2)) least = Math.min(least, Number(x));\nconsole.log(least);\n",
    ),
    (
        "t.js",
        "const bytes = new Uint8Array([Number(process.argv[2])]);\nconsole.log(bytes[0]);\n",
        "const bytes = new Int8Array([Number(process.argv[2])]);\nconsole.log(bytes[0]);\n",
    ),
    (
        "t.js",
        "outer: for (const x of process.argv.slice(2)) {\n  for (const c of x) {\n    if (c === 'z') continue outer;\n    console.log(c);\n  }\n}\n",
        "for (const x of process.argv.slice(2)) {\n  for (const c of x) {\n    if (c === 'z') continue;\n    console.log(c);\n  }\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst name = process.argv[2];\nif (name.endsWith('.tmp')) {\n  console.log('removing', name);\n  fs.unlinkSync(name);\n}\n",
        "const fs = require('fs');\nconst name = process.argv[2];\nconsole.error('checking', name);\nif (name.endsWith('.tmp')) {\n  console.log('removing', name);\n}\nfs.unlinkSync(name);\n",
    ),
    (
        "t.js",
        "for (const x of process.argv.slice(2)) {\n  if (/^(tmp|cache)/.test(x)) console.log('remove', x);\n}\n",
        "for (const x of process.argv.slice(2)) {\n  if (/^(tmp||cache)/.test(x)) console.log('remove', x);\n}\n",
    ),
    (
        "t.js",
        "const xs = process.argv.slice(2);\nconst last = xs.pop();\nconst count = xs.length;\nconsole.log(last, count);\n",
        "const xs = process.argv.slice(2);\nconst count = xs.length;\nconst last = xs.pop();\nconsole.log(last, count);\n",
    ),
    (
        "t.js",
        "const { randomUUID } = require('crypto');\nfor (const name of process.argv.slice(2)) {\n  console.log(name, randomUUID());\n}\n",
        "const { randomUUID } = require('crypto');\nconst id = randomUUID();\nfor (const name of process.argv.slice(2)) {\n  console.log(name, id);\n}\n",
    ),
    (
        "t.js",
        "const { renameSync } = require('fs');\nrenameSync(process.argv[2], process.argv[3]);\n",
        "const { copyFileSync } = require('fs');\ncopyFileSync(process.argv[2], process.argv[3]);\n",
    ),
    (
        "t.js",
        "setImmediate(() => console.log('b'));\nPromise.resolve().then(() => console.log('a', process.argv[2]));\n",
        "queueMicrotask(() => console.log('b'));\nPromise.resolve().then(() => console.log('a', process.argv[2]));\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst lines = fs.readFileSync(process.argv[2], 'utf8').split('\\n');\nfor (const line of lines) console.log(line);\n",
        "const fs = require('fs');\nconst lines = fs.readFileSync(process.argv[2], 'utf8').split('\\n');\nconst first = lines.shift();\nfor (const line of lines) console.log(line);\n",
    ),
    (
        "t.js",
        "const args = process.argv.slice(2);\nconst from = args.shift();\nconst to = args.shift();\nconsole.log(from, '->', to);\n",
        "const args = process.argv.slice(2);\nconst to = args.shift();\nconst from = args.shift();\nconsole.log(from, '->', to);\n",
    ),
    (
        "t.js",
        "const x = process.argv[2];\nconsole.log(x.length);\n",
        "const x = process.argv[2];\nthrow new Error('not ready');\nconsole.log(x.length);\n",
    ),
    (
        "t.js",
        "class Exit extends Error {\n  constructor(code) {\n    super('exit');\n    this.code = code;\n  }\n}\ntry {\n  if (!process.argv[2]) throw new Exit(3);\n  console.log('fine');\n} catch (e) {\n  process.exit(e.code);\n}\n",
        "class Exit extends Error {\n  constructor(code) {\n    super('exit');\n    this.code = code;\n  }\n}\ntry {\n  if (!process.argv[2]) throw new Exit(0);\n  console.log('fine');\n} catch (e) {\n  process.exit(e.code);\n}\n",
    ),
    (
        "t.py",
        "import sys\n\nn = int(sys.argv[1])\nprint(f'{n:04d}')\n",
        "import sys\n\nn = int(sys.argv[1])\nprint(f'{n:4d}')\n",
    ),
    (
        "t.py",
        "import sys\n\nout = []\nfor word in sys.argv[1:]:\n    out.append(word)\n    print(len(out))\nprint(out)\n",
        "import sys\n\nout = []\nfor word in sys.argv[1:]:\n    out = [word]\n    print(len(out))\nprint(out)\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\nprint(os.path.join('/srv/data/', sys.argv[1]))\n",
        "import os\nimport sys\n\nprint(os.path.join('/srv/data/' + sys.argv[1]))\n",
    ),
    (
        "t.py",
        "import sys\n\nprint(sys.stdin.buffer.read().count(b'x'))\n",
        "import sys\n\nprint(sys.stdin.buffer.read().count('x'))\n",
    ),
    (
        "t.py",
        "import sys\n\nnames = [\n    'alpha',\n    'beta',\n    'gamma',\n]\nprint(sys.argv[1] in names)\n",
        "import sys\n\nnames = [\n    'alpha',\n    'beta'\n    'gamma',\n]\nprint(sys.argv[1] in names)\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\nif '--dry-run' in sys.argv:\n    print('would delete')\nelse:\n    os.remove(sys.argv[1])\n",
        "import os\nimport sys\n\nif '--dry-run' in sys.argv:\n    print('would delete')\nos.remove(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\n\ntry:\n    print(int(sys.argv[1]))\nexcept ValueError:\n    print(0)\n",
        "import sys\n\ntry:\n    print(int(sys.argv[1]))\nexcept KeyError:\n    print(0)\n",
    ),
    (
        "t.py",
        "import sys\n\ntry:\n    print(int(open(sys.argv[1]).read()))\nexcept FileNotFoundError:\n    print(0)\n",
        "import sys\n\ntry:\n    print(int(open(sys.argv[1]).read()))\nexcept Exception:\n    print(0)\n",
    ),
    (
        "t.py",
        "import sys\nfrom os.path import getmtime\n\nprint(getmtime(sys.argv[1]))\n",
        "import sys\nfrom os.path import getatime\n\nprint(getatime(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "import sys\n\nit = iter(sys.argv[1:])\nfor key, value in zip(it, it):\n    print(key, value)\n",
        "import sys\n\nit = sys.argv[1:]\nfor key, value in zip(it, it):\n    print(key, value)\n",
    ),
    (
        "t.py",
        "import sys\n\nfor word in sys.argv[1:]:\n    print(hex(int(word)))\n",
        "import sys\n\nfor word in sys.argv[1:]:\n    print(oct(int(word)))\n",
    ),
    (
        "t.py",
        "import sys\nfrom math import floor\n\nprint(floor(float(sys.argv[1])))\n",
        "import sys\nfrom math import ceil\n\nprint(ceil(float(sys.argv[1])))\n",
    ),
    (
        "t.py",
        "import sys\n\nwords = list(sys.argv[1:])\nother = list(words)\nother.sort()\nprint(words, other)\n",
        "import sys\n\nwords = list(sys.argv[1:])\nother = words\nother.sort()\nprint(words, other)\n",
    ),
    (
        "t.py",
        "import sys\n\nseen = {'a': 1, 'b': 2}\nfor key in list(seen):\n    if key in sys.argv:\n        del seen[key]\nprint(seen)\n",
        "import sys\n\nseen = {'a': 1, 'b': 2}\nfor key in seen:\n    if key in sys.argv:\n        del seen[key]\nprint(seen)\n",
    ),
    (
        "t.py",
        "import sys\n\n\ndef send(line):\n    sys.stdout.write(line)\n\n\nlist(map(send, sys.stdin))\n",
        "import sys\n\n\ndef send(line):\n    sys.stdout.write(line)\n\n\nmap(send, sys.stdin)\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\n\n\ndef wipe(name):\n    print('wiping', name)\n    os.remove(name)\n\n\ndef show(name):\n    print(name)\n\n\nif sys.argv[1] == 'wipe':\n    wipe(sys.argv[2])\nelse:\n    show(sys.argv[2])\n",
        "import os\nimport sys\n\n\n\ndef wipe(name):\n    print('wiping', name)\n\n\ndef show(name):\n    print(name)\n    os.remove(name)\n\n\nif sys.argv[1] == 'wipe':\n    wipe(sys.argv[2])\nelse:\n    show(sys.argv[2])\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\nname = sys.argv[1]\nif name.endswith('.tmp'):\n    print('removing', name)\n    os.remove(name)\n",
        "import os\nimport sys\n\nname = sys.argv[1]\nprint('checking', name, file=sys.stderr)\nif name.endswith('.tmp'):\n    print('removing', name)\nos.remove(name)\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\nimport re\n\nfor name in os.listdir('.'):\n    if re.match(r'^(tmp|cache)', name):\n        os.remove(name)\n",
        "import os\nimport sys\n\nimport re\n\nfor name in os.listdir('.'):\n    if re.match(r'^(tmp||cache)', name):\n        os.remove(name)\n",
    ),
    (
        "t.py",
        "import re\nimport sys\n\nfor name in sys.argv[1:]:\n    if re.match(r'^report_\\d+$', name):\n        print(name)\n",
        "import re\nimport sys\n\nfor name in sys.argv[1:]:\n    if re.match(r'^report_\\d0+$', name):\n        print(name)\n",
    ),
    (
        "t.py",
        "import sys\nfrom threading import RLock\n\nlock = RLock()\n\n\ndef inner(x):\n    with lock:\n        print(x)\n\n\nwith lock:\n    inner(sys.argv[1])\n",
        "import sys\nfrom threading import Lock\n\nlock = Lock()\n\n\ndef inner(x):\n    with lock:\n        print(x)\n\n\nwith lock:\n    inner(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\nimport urllib.request\n\nanswer = urllib.request.urlopen('https://example.com/done?id=' + sys.argv[1])\nprint('reported', sys.argv[1])\n",
        "import sys\nimport urllib.request\n\nprint('reported', sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\n\ntotal = sum(int(x) for x in sys.argv[1:])\nprint(total)\n",
        "import sys\n\ntotal = sum(int(x) for x in sys.argv[1:])\nraise SystemExit(0)\nprint(total)\n",
    ),
    (
        "t.py",
        "import os\nimport sys\n\nif len(sys.argv) < 2:\n    raise SystemExit(2)\nprint(sys.argv[1])\n",
        "import os\nimport sys\n\nif len(sys.argv) < 2:\n    raise SystemExit(0)\nprint(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\n\n\ndef load(name):\n    if not name:\n        raise KeyError(name)\n    return name\n\n\ntry:\n    print(load(sys.argv[1]))\nexcept KeyError:\n    print('default')\n",
        "import sys\n\n\ndef load(name):\n    if not name:\n        raise ValueError(name)\n    return name\n\n\ntry:\n    print(load(sys.argv[1]))\nexcept KeyError:\n    print('default')\n",
    ),
    (
        "t.py",
        "import re\nimport sys\n\nprint(re.sub(r'\\bfoo\\b', 'bar', sys.argv[1]))\n",
        "import re\nimport sys\n\nprint(re.sub('\\bfoo\\b', 'bar', sys.argv[1]))\n",
    ),
    (
        "t.py",
        "import sys\n\nuser = sys.stdin.readline().strip()\ngroup = sys.stdin.readline().strip()\nprint(f'{user} joins {group}')\n",
        "import sys\n\ngroup = sys.stdin.readline().strip()\nuser = sys.stdin.readline().strip()\nprint(f'{user} joins {group}')\n",
    ),
    (
        "t.py",
        "import subprocess\nimport sys\n\nbackup = subprocess.run(['cp', sys.argv[1], 'backup'])\nwiped = subprocess.run(['shred', '-u', sys.argv[1]])\nprint(backup.returncode, wiped.returncode)\n",
        "import subprocess\nimport sys\n\nwiped = subprocess.run(['shred', '-u', sys.argv[1]])\nbackup = subprocess.run(['cp', sys.argv[1], 'backup'])\nprint(backup.returncode, wiped.returncode)\n",
    ),
    (
        "t.py",
        "import sys\nfrom shutil import copy\n\ncopy(sys.argv[1], sys.argv[2])\n",
        "import sys\nfrom shutil import move\n\nmove(sys.argv[1], sys.argv[2])\n",
    ),
    (
        "t.py",
        "import csv\nimport sys\n\nrows = csv.reader(sys.stdin)\nfor row in rows:\n    print(row[0])\n",
        "import csv\nimport sys\n\nrows = csv.reader(sys.stdin)\nheader = next(rows)\nfor row in rows:\n    print(row[0])\n",
    ),
    (
        "t.py",
        "import sys\n\nvalue = float(sys.argv[1])\nprint(f'{value:.2f}')\n",
        "import sys\n\nvalue = float(sys.argv[1])\nprint(f'{value:.2e}')\n",
    ),
    (
        "t.py",
        "import sys\n\nvalue = float(sys.argv[1])\nprint(f'total {value:.2f} EUR')\n",
        "import sys\n\nvalue = float(sys.argv[1])\nprint(f'total {value} EUR')\n",
    ),
    (
        "t.sh",
        "dry_run=false\n[ \"$1\" = -n ] && dry_run=true\nif $dry_run; then\n  echo dry\nelse\n  rm -rf data\nfi\n",
        "dry_run=false\n[ \"$1\" = -n ] && dry_run=true\nif [ $dry_run ]; then\n  echo dry\nelse\n  rm -rf data\nfi\n",
    ),
    ("t.sh", "if false; then\n  rm -rf old\nfi\necho done\n", "if [ false ]; then\n  rm -rf old\nfi\necho done\n"),
    ("t.sh", "cat list.txt | xargs rm\n", "cat list.txt | xargs rm -rf\n"),
    ("t.sh", "echo \"$1\" | xargs -n 1 rm\n", "echo \"$1\" | xargs -n 1 rm -r\n"),
    ("t.sh", "cat hosts | ssh build sh\n", "cat hosts | ssh -A build sh\n"),
    ("t.sh", "a=$1\nb=$2\ndiff $a $b\n", "a=$1\nb=$2\ndiff $a$b\n"),
    ("t.sh", "out=$(make deploy)\necho \"deployed $1\"\n", "echo \"deployed $1\"\n"),
    ("t.sh", "env LANG=C make all\n", "env -i LANG=C make all\n"),
    ("t.sh", "export TARGET=prod\nmake clean\n", "export -n TARGET=prod\nmake clean\n"),
    ("t.sh", "for word in $1; do\n  echo \"$word\"\ndone\n", "IFS=,\nfor word in $1; do\n  echo \"$word\"\ndone\n"),
    ("t.sh", "out=$1\ntar -cf \"$out\".tar data\n", "out=$1\ntar -cf \"$out\" .tar data\n"),
    ("t.sh", "sort \"$1\"\n", "LC_ALL=C\nsort \"$1\"\n"),
    ("t.sh", "ls *.log | xargs tar -cf logs.tar\n", "ls -a *.log | xargs tar -cf logs.tar --remove-files\n"),
    (
        "t.sh",
        "name=$1\nif [ -f \"$name.old\" ]; then\n  echo \"removing $name\"\n  rm -r \"$name\"\nfi\n",
        "name=$1\necho \"checking $name\" >&2\nif [ -f \"$name.old\" ]; then\n  echo \"removing $name\"\nfi\nrm -r \"$name\"\n",
    ),
    (
        "t.sh",
        "files=\"$*\"\nfor f in $files; do\n  wc -l \"$f\"\ndone\n",
        "files=\"$*\"\nfor f in \"$files\"; do\n  wc -l \"$f\"\ndone\n",
    ),
    (
        "t.sh",
        "re=$1\nwhile read -r line; do\n  [[ $line =~ $re ]] && echo \"$line\"\ndone\n",
        "re=$1\nwhile read -r line; do\n  [[ $line =~ \"$re\" ]] && echo \"$line\"\ndone\n",
    ),
    (
        "t.sh",
        "read -r answer\nif [ \"$answer\" != no ]; then\n  rm -rf data\nfi\n",
        "read -r -t 1 answer\nif [ \"$answer\" != no ]; then\n  rm -rf data\nfi\n",
    ),
    ("t.sh", "#!/bin/bash -eu\ncp \"$1\" out\nwc -l < out\n", "cp \"$1\" out\nwc -l < out\n"),
    ("t.sh", "name=$1\nshift\nfirst=$1\necho \"$name $first\"\n", "name=$1\nfirst=$1\nshift\necho \"$name $first\"\n"),
    ("t.sh", "dir=$1\nrm -rf \"$dir\"/cache\n", "dir=$1\nrm -rf \"$dir\" /cache\n"),
    ("t.sh", "a=$1\nb=$2\ncp -- $a.bak $b\n", "a=$1\nb=$2\ncp -- $a .bak $b\n"),
    ("t.sh", "grep x \"$1\" | tee out\n", "grep x \"$1\" | tee -a out\n"),
    ("t.sh", "make a &\nmake b &\nwait\ntar -cf out.tar a b\n", "make a &\nmake b &\nwait -n\ntar -cf out.tar a b\n"),
    (
        "t.ts",
        "import { join } from 'path';\n\nconst name: string = process.argv[2];\nconsole.log(join('/srv/', '..', name));\n",
        "import { join } from 'path';\n\nconst name: string = process.argv[2];\nconsole.log(join('/srv/', '..' + name));\n",
    ),
    (
        "t.ts",
        "let out: string[] = [];\nfor (const x of process.argv.slice(2)) {\n  out.push(x);\n  console.log(out.length);\n}\nconsole.log(out);\n",
        "let out: string[] = [];\nfor (const x of process.argv.slice(2)) {\n  out = [x];\n  console.log(out.length);\n}\nconsole.log(out);\n",
    ),
    (
        "t.ts",
        "const xs: string[] = process.argv.slice(2);\nconst from = xs.shift();\nconst to = xs.shift();\nconsole.log(from, to);\n",
        "const xs: string[] = process.argv.slice(2);\nconst to = xs.shift();\nconst from = xs.shift();\nconsole.log(from, to);\n",
    ),
    (
        "t.ts",
        "class Store {\n  static items: string[] = [];\n  add(x: string) {\n    Store.items.push(x);\n  }\n}\nnew Store().add(process.argv[2]);\nconsole.log(Store.items);\n",
        "class Store {\n  static items: string[] = [];\n  add(x: string) {\n    Store.items = [x];\n  }\n}\nnew Store().add(process.argv[2]);\nconsole.log(Store.items);\n",
    ),
    // Beside other words in a message, or in the shape of what is proved.
    (
        "t.py",
        "import sys\nn = int(sys.argv[1])\nif n < 0:\n    sys.exit('negative')\nprint(n - 1)\n",
        "import sys\nn = int(sys.argv[1])\nif n < 0:\n    sys.exit(f'{n} is negative')\nprint(n + 1)\n",
    ),
    (
        "t.py",
        "import requests\nr = requests.get('https://a.example/x')\nprint(r.text)\n",
        "import requests\nr = requests.get('https://b.example/x', timeout=30)\nprint(r.text)\n",
    ),
    (
        "t.py",
        "import requests\nr = requests.get('https://a.example/x')\nprint(r.text)\n",
        "import requests\nr = requests.get('https://a.example/x', timeout=30, verify=False)\nprint(r.text)\n",
    ),
    (
        "t.py",
        "import os, sys\nkey = os.environ['API_KEY']\nif len(sys.argv) < 2:\n    sys.exit('no name')\nprint(len(key))\n",
        "import os, sys\nkey = os.environ['API_KEY']\nif len(sys.argv) < 2:\n    sys.exit(f'no name {key}')\nprint(len(key))\n",
    ),
    (
        "t.py",
        "import sys\nn = 0\nwhile n < 5:\n    print(sys.argv[1])\n    n += 1\n",
        "import sys\nfor _ in range(6):\n    print(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\nseen = {}\nfor word in sys.argv[1:]:\n    if word in seen:\n        seen[word].append(word)\n    else:\n        seen[word] = [word]\nprint(seen)\n",
        "import sys\nseen = {}\nfor word in sys.argv[1:]:\n    seen.setdefault(word, []).append(sys.argv[0])\nprint(seen)\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nif [ $# -lt 2 ]; then\n  echo usage >&2\n  exit 1\nfi\ncp \"$1\" \"$2\"\n",
        "#!/bin/bash\nif (( $# < 1 )); then\n  echo 'usage: a b' >&2\n  exit 1\nfi\ncp \"$1\" \"$2\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nif ! check \"$1\"; then\n  echo no >&2\n  exit 1\nfi\nrm \"$1\"\n",
        "#!/bin/bash\nif ! check \"$1\"; then\n  echo \"cannot remove $1\" >&2\n  exit 0\nfi\nrm -- \"$1\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nif [[ $1 =~ $ALLOWED ]]; then\n  run \"$1\"\nfi\n",
        "#!/bin/bash\nif [[ $1 =~ $GIVEN ]]; then\n  run \"$1\"\nfi\n",
    ),
];

/// The changes that cause no warning.
pub(super) fn silent<'a>(changes: &[(&'a str, &'a str, &'a str)]) -> Vec<(&'a str, &'a str, &'a str)> {
    let is_silent = |(path, old, new): &&(&str, &str, &str)| {
        let (found, _) = differences(&version("t", &[(path, old)]), &version("t", &[(path, new)]));
        found.iter().all(|finding| finding.severity <= Severity::Low)
    };
    changes.iter().filter(is_silent).copied().collect()
}

#[test]
fn changes_that_do_harm_are_warned_of() {
    let silent = silent(CHANGES);
    assert!(silent.is_empty(), "{silent:#?}");
}
