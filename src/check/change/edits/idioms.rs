//! Pairs of equivalent programs, and pairs that only appear to be equivalent: edits of the first kind are at most
//! facts, and the second kind must have another edit.

use super::tests::{edits, worst};
use crate::domain::Severity;

type Pairs = &'static [(&'static str, &'static str)];

/// The same in Python, in both directions.
const PYTHON: Pairs = &[
    (
        "def f(t):\n    for n in walk(t):\n        if isinstance(n, Name):\n            if n.id == 'a':\n                return True\n    return False\n",
        "def f(t):\n    return any(isinstance(n, Name) and n.id == 'a' for n in walk(t))\n",
    ),
    (
        "def f(xs):\n    for x in xs:\n        if not x.ok:\n            return False\n    return True\n",
        "def f(xs):\n    return all(x.ok for x in xs)\n",
    ),
    (
        "def f(xs):\n    out = []\n    for x in xs:\n        if x > 3:\n            out.append(x * 2)\n    return out\n",
        "def f(xs):\n    return [x * 2 for x in xs if x > 3]\n",
    ),
    (
        "def f(xs):\n    out = []\n    for x in xs:\n        if x not in out:\n            out.append(x)\n    return out\n",
        "def f(xs):\n    out = list(dict.fromkeys(xs))\n    return out\n",
    ),
    (
        "def f(xs):\n    total = 0\n    for x in xs:\n        total += x.size\n    return total\n",
        "def f(xs):\n    return sum(x.size for x in xs)\n",
    ),
    (
        "def f(xs):\n    out = {}\n    for x in xs:\n        out[x.name] = x.size\n    return out\n",
        "def f(xs):\n    return {x.name: x.size for x in xs}\n",
    ),
    (
        "def f(xs):\n    out = set()\n    for x in xs:\n        out.add(x.name)\n    return out\n",
        "def f(xs):\n    return {x.name for x in xs}\n",
    ),
    (
        "def f(x):\n    if x:\n        g(x)\n        h(x)\n",
        "def f(x):\n    if not x:\n        return\n    g(x)\n    h(x)\n",
    ),
    (
        "def f(x):\n    if x > 1:\n        return 'a'\n    else:\n        return 'b'\n",
        "def f(x):\n    if x > 1:\n        return 'a'\n    return 'b'\n",
    ),
    (
        "def f(x):\n    if x > 1:\n        return 'a'\n    elif x > 0:\n        return 'b'\n    return 'c'\n",
        "def f(x):\n    if x > 1:\n        return 'a'\n    if x > 0:\n        return 'b'\n    return 'c'\n",
    ),
    (
        "def f(x):\n    if x > 1:\n        y = 'a'\n    else:\n        y = 'b'\n    return y\n",
        "def f(x):\n    y = 'a' if x > 1 else 'b'\n    return y\n",
    ),
    ("def f(x):\n    if x > 1:\n        return True\n    return False\n", "def f(x):\n    return x > 1\n"),
    (
        "def f(x):\n    if x > 1:\n        return True\n    else:\n        return False\n",
        "def f(x):\n    return x > 1\n",
    ),
    ("def f(x, y):\n    if x:\n        if y:\n            g(x)\n", "def f(x, y):\n    if x and y:\n        g(x)\n"),
    (
        "def f(p):\n    h = open(p)\n    t = h.read()\n    h.close()\n    return t\n",
        "def f(p):\n    with open(p) as h:\n        t = h.read()\n    return t\n",
    ),
    ("n = n + 1\n", "n += 1\n"),
    ("d = {}\nd['a'] = f(x)\nd['b'] = g(x)\nh(d)\n", "d = {}\nd['b'] = g(x)\nd['a'] = f(x)\nh(d)\n"),
    ("print('a ' + name + ' b')\n", "print(f'a {name} b')\n"),
    ("t = 'a ' + name + ' b'\n", "t = f'a {name} b'\n"),
    ("t = 'a {} b'.format(name)\n", "t = f'a {name} b'\n"),
    ("t = 'a %s b' % name\n", "t = f'a {name} b'\n"),
    ("if not x == 3:\n    g()\n", "if x != 3:\n    g()\n"),
    ("if not x in y:\n    g()\n", "if x not in y:\n    g()\n"),
    ("if x == None:\n    g()\n", "if x is None:\n    g()\n"),
    ("if len(x) == 0:\n    g()\n", "if not x:\n    g()\n"),
    ("if len(x) > 0:\n    g()\n", "if x:\n    g()\n"),
    ("for i in range(0, n):\n    g(i)\n", "for i in range(n):\n    g(i)\n"),
    ("d = dict()\nx = list()\n", "d = {}\nx = []\n"),
    ("if x == 'a' or x == 'b':\n    g()\n", "if x in ('a', 'b'):\n    g()\n"),
    ("if x >= 1 and x <= 5:\n    g()\n", "if 1 <= x <= 5:\n    g()\n"),
    ("if not (a and b):\n    g()\n", "if not a or not b:\n    g()\n"),
    ("for k in d.keys():\n    g(k)\n", "for k in d:\n    g(k)\n"),
    ("x = d['a'] if 'a' in d else 3\n", "x = d.get('a', 3)\n"),
    ("x = os.path.join(a, 'b')\n", "x = os.path.join(a, \"b\")\n"),
    ("a = 1\nb = 2\n", "a, b = 1, 2\n"),
    ("x = sorted(list(xs))\n", "x = sorted(xs)\n"),
    ("ok = hashlib_hex == given\n", "ok = hmac.compare_digest(hashlib_hex, given)\n"),
    ("if type(x) == str:\n    g()\n", "if isinstance(x, str):\n    g()\n"),
    ("sys.stdout.write(t + '\\n')\n", "print(t)\n"),
    (
        "def f(p):\n    c = read(p)\n    counts = {}\n    for line in c:\n        counts[line] = 1\n    return counts\n",
        "def count(c):\n    counts = {}\n    for line in c:\n        counts[line] = 1\n    return counts\n\n\ndef f(p):\n    c = read(p)\n    counts = count(c)\n    return counts\n",
    ),
    (
        "def a(k):\n    d = os.environ.get('DIR', os.path.expanduser('~/x'))\n    return os.path.join(d, k)\n\n\ndef b():\n    d = os.environ.get('DIR', os.path.expanduser('~/x'))\n    if not os.path.exists(d):\n        return\n",
        "def where():\n    return os.environ.get('DIR', os.path.expanduser('~/x'))\n\n\ndef a(k):\n    return os.path.join(where(), k)\n\n\ndef b():\n    d = where()\n    if not os.path.exists(d):\n        return\n",
    ),
    (
        "import sys\n\nprint(sys.argv[1].upper())\n",
        "import sys\n\n\ndef main():\n    print(sys.argv[1].upper())\n\n\nif __name__ == '__main__':\n    main()\n",
    ),
    ("def f(x):\n    return x * 86400\n", "DAY = 86400\n\n\ndef f(x):\n    return x * DAY\n"),
    ("def f(x: int) -> int:\n    return x\n", "def f(x):\n    \"\"\"Same.\"\"\"\n    return x\n"),
    ("def f(x):\n    r = g(x)\n    return r\n", "def f(x):\n    return g(x)\n"),
    (
        "try:\n    g()\nexcept Exception as e:\n    print('failed: ' + str(e))\n    sys.exit(1)\n",
        "try:\n    g()\nexcept Exception as e:\n    print(f'failed: {e}', file=sys.stderr)\n    sys.exit(1)\n",
    ),
    ("x = d['a']\ny = d['b']\ng(x, y)\n", "g(d['a'], d['b'])\n"),
    ("n = 0\nfor x in xs:\n    if x.ok:\n        n += 1\n", "n = sum(1 for x in xs if x.ok)\n"),
    ("f = open(p)\ntry:\n    t = f.read()\nfinally:\n    f.close()\n", "with open(p) as f:\n    t = f.read()\n"),
];

/// The same in JavaScript, in both directions.
const SCRIPT: Pairs = &[
    ("var a = 1;\nfunction f(x) {\n  return x + a;\n}\n", "const a = 1;\nconst f = (x) => x + a;\n"),
    ("const t = 'a ' + name + ' b';\n", "const t = `a ${name} b`;\n"),
    (
        "function f(xs) {\n  for (const x of xs) {\n    if (x.ok) {\n      return true;\n    }\n  }\n  return false;\n}\n",
        "function f(xs) {\n  return xs.some((x) => x.ok);\n}\n",
    ),
    (
        "function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    out.push(x.name);\n  }\n  return out;\n}\n",
        "function f(xs) {\n  return xs.map((x) => x.name);\n}\n",
    ),
    (
        "function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    if (x.ok) {\n      out.push(x);\n    }\n  }\n  return out;\n}\n",
        "function f(xs) {\n  return xs.filter((x) => x.ok);\n}\n",
    ),
    (
        "function f(xs) {\n  xs.forEach((x) => {\n    g(x);\n  });\n}\n",
        "function f(xs) {\n  for (const x of xs) {\n    g(x);\n  }\n}\n",
    ),
    (
        "function f(x) {\n  if (x > 1) {\n    return 'a';\n  } else {\n    return 'b';\n  }\n}\n",
        "function f(x) {\n  if (x > 1) {\n    return 'a';\n  }\n  return 'b';\n}\n",
    ),
    (
        "function f(x) {\n  if (x > 1) {\n    return 'a';\n  }\n  return 'b';\n}\n",
        "function f(x) {\n  return x > 1 ? 'a' : 'b';\n}\n",
    ),
    (
        "function f(x) {\n  if (x) {\n    g(x);\n    h(x);\n  }\n}\n",
        "function f(x) {\n  if (!x) return;\n  g(x);\n  h(x);\n}\n",
    ),
    (
        "function f(x) {\n  if (x > 1) {\n    return true;\n  }\n  return false;\n}\n",
        "function f(x) {\n  return x > 1;\n}\n",
    ),
    ("const a = o.a;\nconst b = o.b;\n", "const { a, b } = o;\n"),
    ("const v = o.v || 3;\nn = n + 1;\n", "const v = o.v || 3;\nn += 1;\n"),
    ("if (x == null) { g(); }\n", "if (x === null || x === undefined) { g(); }\n"),
    ("if (xs.indexOf(x) !== -1) { g(); }\n", "if (xs.includes(x)) { g(); }\n"),
    ("const y = Math.pow(x, 2);\n", "const y = x ** 2;\n"),
    ("const fs = require('fs');\nfs.readFileSync(p);\n", "import fs from 'node:fs';\nfs.readFileSync(p);\n"),
    ("const a = require('a');\nconst { b } = require('b');\n", "import a from 'a';\nimport { b } from 'b';\n"),
    (
        "function f(xs) {\n  return xs.filter(function (x) {\n    return x.ok;\n  });\n}\n",
        "function f(xs) {\n  return xs.filter((x) => x.ok);\n}\n",
    ),
    ("const x = a.b;\ng(x);\n", "g(a.b);\n"),
    ("module.exports = { f: f };\n", "module.exports = { f };\n"),
    ("const o = { a: a, b: b };\n", "const o = { a, b };\n"),
    ("if (a) {\n  g();\n} else if (b) {\n  h();\n}\n", "if (a) {\n  g();\n} else {\n  if (b) {\n    h();\n  }\n}\n"),
    ("const n = parseInt(x, 10);\n", "const n = Number.parseInt(x, 10);\n"),
    ("const last = xs[xs.length - 1];\n", "const last = xs.at(-1);\n"),
    ("if (typeof x === 'undefined') { g(); }\n", "if (x === undefined) { g(); }\n"),
    (
        "for (const [k, v] of Object.entries(o)) {\n  g(k, v);\n}\n",
        "Object.entries(o).forEach(([k, v]) => {\n  g(k, v);\n});\n",
    ),
];

/// The same in a shell, in both directions.
const SHELL: Pairs = &[
    ("if [ \"$a\" = \"b\" ]; then\n  g\nfi\n", "if [[ \"$a\" == \"b\" ]]; then\n  g\nfi\n"),
    ("n=`expr $n + 1`\n", "n=$((n + 1))\n"),
    ("function f() {\n  g\n}\nf\n", "f() {\n  g\n}\nf\n"),
    ("cat \"$f\" | grep x\n", "grep x \"$f\"\n"),
    (
        "if [ \"$a\" -gt 1 -a \"$b\" -gt 2 ]; then\n  g\nfi\n",
        "if [ \"$a\" -gt 1 ] && [ \"$b\" -gt 2 ]; then\n  g\nfi\n",
    ),
    ("if which jq > /dev/null; then\n  g\nfi\n", "if command -v jq > /dev/null; then\n  g\nfi\n"),
    ("g\nif [ $? -ne 0 ]; then\n  exit 1\nfi\n", "if ! g; then\n  exit 1\nfi\n"),
    ("test -f x && g\n", "[ -f x ] && g\n"),
    ("dir=/tmp/x\nmkdir -p \"$dir\"\ncp a \"$dir/b\"\n", "readonly DIR=/tmp/x\nmkdir -p \"$DIR\"\ncp a \"$DIR/b\"\n"),
    ("echo \"$x\" | grep -q y\n", "grep -q y <<< \"$x\"\n"),
    ("echo -n \"$x\"\n", "printf '%s' \"$x\"\n"),
    ("echo \"$x\"\n", "printf '%s\\n' \"$x\"\n"),
    ("for i in $(seq 1 5); do\n  g $i\ndone\n", "for i in {1..5}; do\n  g $i\ndone\n"),
    ("base=`basename \"$f\"`\n", "base=\"${f##*/}\"\n"),
    ("if [ $n -gt 3 ]; then\n  g\nelse\n  h\nfi\n", "if [ $n -le 3 ]; then\n  h\nelse\n  g\nfi\n"),
    ("while true; do\n  g\ndone\n", "while :; do\n  g\ndone\n"),
    ("g || exit 1\n", "if ! g; then\n  exit 1\nfi\n"),
    ("[ -f x ] && g\n", "if [ -f x ]; then\n  g\nfi\n"),
    ("[ -d x ] || mkdir x\n", "if [ ! -d x ]; then\n  mkdir x\nfi\n"),
    ("f() {\n  if [ -z \"$1\" ]; then\n    return 1\n  fi\n  g\n}\n", "f() {\n  [ -z \"$1\" ] && return 1\n  g\n}\n"),
    ("((n++))\n", "n=$((n + 1))\n"),
    ("x=$1\ny=$2\ng $x $y\n", "input=$1\noutput=$2\ng $input $output\n"),
    ("grep -v '^#' f | sort | uniq\n", "grep -v '^#' f | sort -u\n"),
    ("curl -s -f \"$u\" -o x\n", "curl --silent --fail \"$u\" --output x\n"),
    ("x=$(cat f)\n", "x=$(<f)\n"),
    ("g > f 2>&1\n", "g &> f\n"),
];

/// Shell scripts that only became safer, or take one more word for help.
const BETTER: Pairs = &[
    ("d=`date`\necho $d\n", "d=$(date)\necho \"$d\"\n"),
    ("echo ${a}\n", "echo \"$a\"\n"),
    ("echo \"Error: bad input.\"\nexit 1\n", "echo \"Error: bad input, got $#: ${A[*]}\" >&2\nexit 1\n"),
    (
        "for arg; do\n  case \"$arg\" in\n    --help) usage ;;\n  esac\ndone\n",
        "for arg; do\n  case \"$arg\" in\n    -h|--help) usage ;;\n  esac\ndone\n",
    ),
    ("x=$1\nrm \"$x\"\n", "x=$1\nif [ -z \"$x\" ]; then\n  echo \"usage: t FILE\" >&2\n  exit 2\nfi\nrm \"$x\"\n"),
    ("g\n", "set -euo pipefail\ng\n"),
    (
        "while [ $# -gt 0 ]; do\n  case \"$1\" in\n    -q) quiet=1 ;;\n  esac\n  shift\ndone\n",
        "while [ $# -gt 0 ]; do\n  case \"$1\" in\n    -q) quiet=1 ;;\n    --version) echo \"t 1.0\"; exit 0 ;;\n  esac\n  shift\ndone\n",
    ),
    (
        "g \"$1\"\n",
        "if ! command -v g > /dev/null; then\n  echo \"g is not installed\" >&2\n  exit 127\nfi\ng \"$1\"\n",
    ),
];

/// Not the same in Python.
const OTHER_PYTHON: Pairs = &[
    ("x = min(a, b)\n", "x = max(a, b)\n"),
    ("x = sorted(a)\n", "x = set(a)\n"),
    (
        "def f(xs):\n    for x in xs:\n        if x.ok:\n            return True\n    return False\n",
        "def f(xs):\n    return all(x.ok for x in xs)\n",
    ),
    (
        "def f(xs):\n    for x in xs:\n        if x.ok:\n            return True\n    return False\n",
        "def f(xs):\n    return any(not x.ok for x in xs)\n",
    ),
    (
        "def f(xs):\n    out = []\n    for x in xs:\n        if x > 3:\n            out.append(x * 2)\n    return out\n",
        "def f(xs):\n    return [x * 2 for x in xs if x >= 3]\n",
    ),
    (
        "def f(xs):\n    out = []\n    for x in xs:\n        if x not in out:\n            out.append(x)\n    return out\n",
        "def f(xs):\n    out = list(xs)\n    return out\n",
    ),
    (
        "def f(xs):\n    total = 0\n    for x in xs:\n        total += x.size\n    return total\n",
        "def f(xs):\n    return sum(x.used for x in xs)\n",
    ),
    (
        "def f(xs):\n    total = 1\n    for x in xs:\n        total += x.size\n    return total\n",
        "def f(xs):\n    return sum(x.size for x in xs)\n",
    ),
    (
        "def f(x):\n    if x:\n        g(x)\n        h(x)\n",
        "def f(x):\n    if x:\n        return\n    g(x)\n    h(x)\n",
    ),
    ("def f(x):\n    if not x:\n        return\n    g(x)\n    h(x)\n", "def f(x):\n    g(x)\n    h(x)\n"),
    (
        "def f(x):\n    if x > 1:\n        g()\n    elif x > 0:\n        h()\n",
        "def f(x):\n    if x > 1:\n        g()\n    if x > 0:\n        h()\n",
    ),
    (
        "def f(x):\n    if x > 1:\n        y = 'a'\n    else:\n        y = 'b'\n    return y\n",
        "def f(x):\n    y = 'b' if x > 1 else 'a'\n    return y\n",
    ),
    ("def f(x):\n    if x > 1:\n        return True\n    return False\n", "def f(x):\n    return x <= 1\n"),
    ("def f(x, y):\n    if x:\n        if y:\n            g(x)\n", "def f(x, y):\n    if x or y:\n        g(x)\n"),
    (
        "def f(x, y, z):\n    if x or z:\n        if y:\n            g(x)\n",
        "def f(x, y, z):\n    if x or z and y:\n        g(x)\n",
    ),
    ("n = n - 1\n", "n += 1\n"),
    ("n = n - a + b\n", "n -= a + b\n"),
    ("if not (a and b) or c:\n    g()\n", "if not (a and b or c):\n    g()\n"),
    ("if not (a and b):\n    g()\n", "if not a and not b:\n    g()\n"),
    ("if len(x) == 0:\n    g()\n", "if x:\n    g()\n"),
    ("if len(x) > 1:\n    g()\n", "if x:\n    g()\n"),
    ("for i in range(0, n):\n    g(i)\n", "for i in range(1, n):\n    g(i)\n"),
    ("for i in range(0, n, 2):\n    g(i)\n", "for i in range(n):\n    g(i)\n"),
    ("if x >= 1 and x <= 5:\n    g()\n", "if 1 <= x < 5:\n    g()\n"),
    ("x = d['a'] if 'a' in d else 3\n", "x = d.get('b', 3)\n"),
    ("t = 'a %s b %s' % (x, y)\n", "t = f'a {y} b {x}'\n"),
    (
        "def f(p):\n    c = read(p)\n    counts = {}\n    for line in c:\n        counts[line] = 1\n    return counts\n",
        "def count(c):\n    counts = {}\n    for line in c:\n        counts[line] = 2\n    return counts\n\n\ndef f(p):\n    c = read(p)\n    counts = count(c)\n    return counts\n",
    ),
    (
        "def clean(p):\n    remove(p)\n\n\ndef f(p):\n    c = read(p)\n    return c\n",
        "def clean(p):\n    remove(p)\n\n\ndef f(p):\n    c = read(p)\n    clean(p)\n    return c\n",
    ),
    ("import os\n\nos.remove(path)\n", "import os\n\nos.remove('path')\n"),
    ("n = 0\ng(n)\n", "n = '0'\ng(n)\n"),
    ("if __name__ == '__main__':\n    g()\n", "if __name__ != '__main__':\n    g()\n"),
    ("if ok(n < 3):\n    a()\nelse:\n    b()\n", "if ok(n >= 3):\n    b()\nelse:\n    a()\n"),
    (
        "def f(x, n):\n    if x > n:\n        return x\n    n = 7\n    return n\n",
        "def f(x, n):\n    n = 7\n    if x > n:\n        return x\n    return n\n",
    ),
];

/// Not the same in JavaScript.
const OTHER_SCRIPT: Pairs = &[
    ("const u = encodeURIComponent(x);\n", "const u = encodeURI(x);\n"),
    (
        "function f(xs) {\n  for (const x of xs) {\n    if (x.ok) {\n      return true;\n    }\n  }\n  return false;\n}\n",
        "function f(xs) {\n  return xs.every((x) => x.ok);\n}\n",
    ),
    (
        "function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    if (x.ok) {\n      out.push(x);\n    }\n  }\n  return out;\n}\n",
        "function f(xs) {\n  return xs.filter((x) => !x.ok);\n}\n",
    ),
    ("const f = (x) => x + 1;\n", "function f(x) {\n  return x - 1;\n}\n"),
    ("h(xs, ys);\nxs.forEach((x) => {\n  g(x);\n});\n", "h(xs, ys);\nfor (const x of ys) {\n  g(x);\n}\n"),
    ("h(o, p);\nconst a = o.a;\nconst b = o.b;\n", "h(o, p);\nconst { a, b } = p;\n"),
    ("if (xs.indexOf(x) !== -1) { g(); }\n", "if (!xs.includes(x)) { g(); }\n"),
    ("if (xs.indexOf(x) > 0) { g(); }\n", "if (xs.includes(x)) { g(); }\n"),
    ("function f(x) {\n  if (!x) return;\n  g(x);\n}\n", "function f(x) {\n  g(x);\n}\n"),
    ("if (x === undefined) { g(); }\n", "if (typeof x === undefined) { g(); }\n"),
];

/// Not the same in a shell.
const OTHER_SHELL: Pairs = &[
    ("g\nif [ $? -ne 0 ]; then\n  exit 1\nfi\n", "if g; then\n  exit 1\nfi\n"),
    ("n=`expr $n + 1`\n", "n=$((n - 1))\n"),
    (
        "if [ \"$a\" -gt 1 -a \"$b\" -gt 2 ]; then\n  g\nfi\n",
        "if [ \"$a\" -gt 1 ] || [ \"$b\" -gt 2 ]; then\n  g\nfi\n",
    ),
    ("h $f $g\ncat \"$f\" | grep x\n", "h $f $g\ngrep x \"$g\"\n"),
    ("if [ \"$a\" = \"b\" ]; then\n  g\nfi\n", "if [ \"$a\" != \"b\" ]; then\n  g\nfi\n"),
    ("rm -rf $dir\n", "rm -rf dir\n"),
    ("[ -f a -o -f b -a -f c ] && g\n", "{ [ -f a ] || [ -f b ]; } && [ -f c ] && g\n"),
    ("f && (exit 1)\nh\n", "f && exit 1\nh\n"),
    ("(\n  cd build\n  g\n)\nh\n", "{\n  cd build\n  g\n}\nh\n"),
];

/// A pair with what is told of it.
fn told(path: &str, from: &str, to: &str) -> String {
    let edits = edits(path, from, to);
    let lines: Vec<String> = edits.iter().map(|one| format!("   {} {}", one.code, one.message)).collect();
    format!("{from}→\n{to}{}", lines.join("\n"))
}

#[test]
fn programs_that_do_the_same_are_told_as_facts() {
    let mut wrong = Vec::new();
    let mut hold = |path: &str, from: &str, to: &str| {
        if worst(path, from, to) > Some(Severity::Low) {
            wrong.push(told(path, from, to));
        }
    };
    for (path, pairs) in [("t.py", PYTHON), ("t.js", SCRIPT), ("t.sh", SHELL)] {
        for (old, new) in pairs {
            hold(path, old, new);
            hold(path, new, old);
        }
    }
    for (old, new) in BETTER {
        hold("t.sh", old, new);
    }
    // One more entry is a fact, one less is not.
    hold("t.py", "marks = [b'<<<', b'>>>']\n", "marks = [b'<<<', b'===', b'>>>']\n");
    assert!(wrong.is_empty(), "{} pairs\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn programs_that_only_look_the_same_are_warned_of() {
    let mut wrong = Vec::new();
    for (path, pairs) in [("t.py", OTHER_PYTHON), ("t.js", OTHER_SCRIPT), ("t.sh", OTHER_SHELL)] {
        for (old, new) in pairs {
            for (from, to) in [(old, new), (new, old)] {
                if worst(path, from, to) <= Some(Severity::Low) {
                    wrong.push(told(path, from, to));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} pairs\n{}", wrong.len(), wrong.join("\n\n"));
}
