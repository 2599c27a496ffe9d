//! Typical harmless changes of working tools: none may cause a warning. `attacks` contains harmful changes that look
//! like them.

use crate::check::change::code::differences;
use crate::check::fixture::version;
use crate::domain::Severity;

/// A file, and its text before and after.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "t.py",
        "import sys\ndone = False\nwhile not done:\n    line = sys.stdin.readline()\n    if line:\n        print(line)\n    else:\n        done = True\n",
        "import sys\nwhile True:\n    line = sys.stdin.readline()\n    if not line:\n        break\n    print(line)\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nif [ \"$1\" = start ] || [ \"$1\" = run ]; then\n  run\nelse\n  echo 'bad word'\n  exit 1\nfi\n",
        "#!/bin/bash\ncase \"$1\" in\n  start | run) run ;;\n  *)\n    echo \"bad word: $1\" >&2\n    exit 1\n    ;;\nesac\n",
    ),
    (
        "t.py",
        "import sys\nn = int(sys.argv[1])\ndays = sys.argv[2]\nprint(n, days)\n",
        "import sys\nn = int(sys.argv[1])\ndays = sys.argv[2] if len(sys.argv) > 2 else '7'\nprint(n, days)\n",
    ),
    (
        "t.py",
        "import sys\nfrom pathlib import Path\n\ndef main(args):\n    table = make(args)\n    if args.output:\n        with open(args.output, 'w') as f:\n            f.write(table)\n        print('saved')\n",
        "import sys\nfrom pathlib import Path\n\ndef main(args):\n    table = make(args)\n    if args.output:\n        Path(args.output).write_text(table)\n        print('saved')\n",
    ),
    (
        "t.py",
        "import json\nwith open(path, encoding='utf-8') as f:\n    data = json.load(f)\nprint(data)\n",
        "import json\nfrom pathlib import Path\ndata = json.loads(Path(path).read_text(encoding='utf-8'))\nprint(data)\n",
    ),
    (
        "t.py",
        "with open(path) as f:\n    text = f.read()\nprint(text.upper())\n",
        "from pathlib import Path\ntext = Path(path).read_text()\nprint(text.upper())\n",
    ),
    (
        "t.py",
        "import requests\nclass C:\n    def __init__(self):\n        self.session = requests.Session()\n        self.session.headers.update({'a': 'b'})\n",
        "import requests\nfrom requests.adapters import HTTPAdapter\nclass C:\n    def __init__(self):\n        self.session = requests.Session()\n        self.session.mount('https://', HTTPAdapter(max_retries=3))\n        self.session.headers.update({'a': 'b'})\n",
    ),
    (
        "t.py",
        "import requests\nr = requests.get(url, params={'q': q})\nprint(r.json())\n",
        "import requests\nr = requests.get(url, params={'q': q}, timeout=30)\nprint(r.json())\n",
    ),
    (
        "t.py",
        "import subprocess\nr = subprocess.run(['git', 'log'], capture_output=True, text=True)\nprint(r.stdout)\n",
        "import subprocess\nr = subprocess.run(['git', 'log'], capture_output=True, text=True, timeout=60)\nprint(r.stdout)\n",
    ),
    (
        "t.py",
        "import urllib.request\ndef get(url):\n    with urllib.request.urlopen(url) as r:\n        return r.read()\n",
        "import urllib.request\nTIMEOUT = 30\ndef get(url):\n    with urllib.request.urlopen(url, timeout=TIMEOUT) as r:\n        return r.read()\n",
    ),
    (
        "t.py",
        "import argparse, sys\np = argparse.ArgumentParser()\np.add_argument('file')\nargs = p.parse_args()\nfor line in open(args.file):\n    print(line.upper())\n",
        "import argparse, sys\np = argparse.ArgumentParser()\np.add_argument('file')\np.add_argument('-v', '--verbose', action='store_true', help='say more')\nargs = p.parse_args()\nif args.verbose:\n    print(f'reading {args.file}', file=sys.stderr)\nfor line in open(args.file):\n    print(line.upper())\n",
    ),
    (
        "t.py",
        "def join(items):\n    return ','.join(items)\nprint(join(['a']))\n",
        "def join(items, sep=','):\n    return sep.join(items)\nprint(join(['a']))\n",
    ),
    (
        "t.py",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\nargs = p.parse_args()\nfor line in open(args.file):\n    print(line.split(','))\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\np.add_argument('--sep', default=',', help='separator')\nargs = p.parse_args()\nfor line in open(args.file):\n    print(line.split(args.sep))\n",
    ),
    (
        "t.py",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\nargs = p.parse_args()\nrows = load(args.file)\nfor row in rows:\n    print(row)\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\np.add_argument('--limit', type=int, default=None, help='at most so many')\nargs = p.parse_args()\nrows = load(args.file)\nif args.limit is not None:\n    rows = rows[:args.limit]\nfor row in rows:\n    print(row)\n",
    ),
    (
        "t.py",
        "import sys\npath = sys.argv[1]\ntext = open(path).read()\nprint(len(text))\n",
        "import os\nimport sys\npath = sys.argv[1]\nif not os.path.exists(path):\n    print(f'error: {path} not found', file=sys.stderr)\n    sys.exit(1)\ntext = open(path).read()\nprint(len(text))\n",
    ),
    (
        "t.py",
        "import json, sys\ndata = json.load(open(sys.argv[1]))\nprint(data['a'])\n",
        "import json, sys\ntry:\n    data = json.load(open(sys.argv[1]))\nexcept json.JSONDecodeError as e:\n    print(f'not JSON: {e}', file=sys.stderr)\n    sys.exit(1)\nprint(data['a'])\n",
    ),
    (
        "t.py",
        "import sys\ndef read(path):\n    with open(path) as f:\n        return f.read()\nprint(read(sys.argv[1]))\n",
        "import sys\ndef read(path):\n    try:\n        with open(path) as f:\n            return f.read()\n    except OSError as error:\n        sys.exit(f'cannot read {path}: {error}')\nprint(read(sys.argv[1]))\n",
    ),
    (
        "t.py",
        "groups = {}\nfor x in xs:\n    if x.key not in groups:\n        groups[x.key] = []\n    groups[x.key].append(x)\nprint(groups)\n",
        "groups = {}\nfor x in xs:\n    groups.setdefault(x.key, []).append(x)\nprint(groups)\n",
    ),
    (
        "t.py",
        "with open(path) as f:\n    for line in f:\n        print(line)\n",
        "with open(path, encoding='utf-8') as f:\n    for line in f:\n        print(line)\n",
    ),
    (
        "t.py",
        "rows.sort(key=lambda row: row['name'])\nprint(rows)\n",
        "from operator import itemgetter\nrows.sort(key=itemgetter('name'))\nprint(rows)\n",
    ),
    (
        "t.py",
        "import sys\nprint('skipping ' + name, file=sys.stderr)\n",
        "import logging\nlogging.warning('skipping %s', name)\n",
    ),
    (
        "t.py",
        "import sys\ndef main():\n    print(sys.argv[1])\nif __name__ == '__main__':\n    main()\n",
        "import sys\ndef main():\n    print(sys.argv[1])\n    return 0\nif __name__ == '__main__':\n    sys.exit(main())\n",
    ),
    (
        "t.py",
        "import os\np = os.path.join(base, 'config', name + '.json')\nprint(load(p))\n",
        "from pathlib import Path\np = Path(base) / 'config' / (name + '.json')\nprint(load(p))\n",
    ),
    (
        "t.py",
        "import re\ndef ok(name):\n    return re.match(r'^[a-z]+$', name) is not None\nprint(ok('a'))\n",
        "import re\nNAME = re.compile(r'^[a-z]+$')\ndef ok(name):\n    return NAME.match(name) is not None\nprint(ok('a'))\n",
    ),
    (
        "t.py",
        "import sys\ndef main():\n    run(sys.argv[1])\nif __name__ == '__main__':\n    main()\n",
        "import sys\ndef main():\n    run(sys.argv[1])\nif __name__ == '__main__':\n    try:\n        main()\n    except KeyboardInterrupt:\n        print('interrupted', file=sys.stderr)\n        sys.exit(130)\n",
    ),
    (
        "t.py",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('file')\nargs = p.parse_args()\nprint(args.file)\n",
        "import argparse\n__version__ = '1.1.0'\np = argparse.ArgumentParser()\np.add_argument('file')\np.add_argument('--version', action='version', version=f'%(prog)s {__version__}')\nargs = p.parse_args()\nprint(args.file)\n",
    ),
    (
        "t.py",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--format', choices=['json', 'csv'], default='json')\nargs = p.parse_args()\nif args.format == 'json':\n    dump_json(x)\nelif args.format == 'csv':\n    dump_csv(x)\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--format', choices=['json', 'csv', 'tsv'], default='json')\nargs = p.parse_args()\nif args.format == 'json':\n    dump_json(x)\nelif args.format == 'csv':\n    dump_csv(x)\nelif args.format == 'tsv':\n    dump_csv(x, '\\t')\n",
    ),
    ("t.py", "for x in xs:\n    print(x)\n", "for x in xs:\n    print(x, flush=True)\n"),
    (
        "t.py",
        "m = re.match('a(.)', s)\nif m:\n    print(m.group(1))\n",
        "if m := re.match('a(.)', s):\n    print(m.group(1))\n",
    ),
    (
        "t.py",
        "try:\n    x = int(s)\nexcept ValueError:\n    raise SystemExit('bad number')\n",
        "try:\n    x = int(s)\nexcept ValueError as error:\n    raise SystemExit('bad number') from error\n",
    ),
    (
        "t.py",
        "import os\nif not os.path.exists(out):\n    os.makedirs(out)\nsave(out)\n",
        "import os\nos.makedirs(out, exist_ok=True)\nsave(out)\n",
    ),
    (
        "t.py",
        "import sys\ndef main():\n    rows = []\n    for line in open(sys.argv[1]):\n        line = line.strip()\n        if not line or line.startswith('#'):\n            continue\n        rows.append(line.split(','))\n    for row in rows:\n        print(row[0])\nmain()\n",
        "import sys\ndef read_rows(path):\n    rows = []\n    for line in open(path):\n        line = line.strip()\n        if not line or line.startswith('#'):\n            continue\n        rows.append(line.split(','))\n    return rows\ndef main():\n    rows = read_rows(sys.argv[1])\n    for row in rows:\n        print(row[0])\nmain()\n",
    ),
    ("t.py", "def f(x):\n    y = x * 3\n    return x + 1\nprint(f(1))\n", "def f(x):\n    return x + 1\nprint(f(1))\n"),
    (
        "t.py",
        "def f(x):\n    return x + 1\n    print('never')\nprint(f(1))\n",
        "def f(x):\n    return x + 1\nprint(f(1))\n",
    ),
    (
        "t.py",
        "def a(x):\n    return x + 1\ndef b(x):\n    return x * 2\nprint(a(b(3)))\n",
        "def b(x):\n    return x * 2\ndef a(x):\n    return x + 1\nprint(a(b(3)))\n",
    ),
    (
        "t.py",
        "if name.endswith('.jpg') or name.endswith('.png'):\n    show(name)\n",
        "if name.endswith(('.jpg', '.png')):\n    show(name)\n",
    ),
    ("t.py", "if 'a' in d:\n    x = d['a']\nelse:\n    x = None\nprint(x)\n", "x = d.get('a')\nprint(x)\n"),
    ("t.py", "name = input('name? ')\nprint(find(name))\n", "name = input('name? ').strip()\nprint(find(name))\n"),
    (
        "t.py",
        "def main():\n    n = 0\n    for f in files():\n        convert(f)\n        n += 1\nmain()\n",
        "import sys\ndef main():\n    n = 0\n    for f in files():\n        convert(f)\n        n += 1\n    print(f'converted {n} files', file=sys.stderr)\nmain()\n",
    ),
    (
        "t.py",
        "def main():\n    for f in files():\n        convert(f)\nmain()\n",
        "import sys, time\ndef main():\n    start = time.time()\n    for f in files():\n        convert(f)\n    print(f'took {time.time() - start:.1f} s', file=sys.stderr)\nmain()\n",
    ),
    (
        "t.py",
        "def f(a):\n    if a.kind == 3 and len(a.name) > 64:\n        return [a.name[:64]]\n    return []\n",
        "MAX = 64\ndef f(a):\n    if a.kind == 3 and len(a.name) > MAX:\n        return [a.name[:MAX]]\n    return []\n",
    ),
    (
        "t.sh",
        "x=install.sh\n./$x \"update\" || exit 1\ncd $x || { echo no; exit 1; }\n",
        "x=install.sh\n./\"$x\" \"update\" || exit 1\ncd \"$x\" || { echo no; exit 1; }\n",
    ),
    ("t.sh", "for a in $@; do echo $a; done\nrun $@\n", "for a in \"$@\"; do echo \"$a\"; done\nrun \"$@\"\n"),
    (
        "t.rb",
        "def total(xs)\n  xs.map { |x| x * 2 }.sum\nend\nputs total([1])\n",
        "def sum_of(numbers)\n  numbers.map { |number| number * 2 }.sum\nend\nputs sum_of([1])\n",
    ),
    (
        "t.pl",
        "open my $in, '<', $path or die \"cannot open $path\\n\";\nprint <$in>;\n",
        "open my $in, '<', $path or die \"cannot open $path: $!\\n\";\nprint <$in>;\n",
    ),
    ("t.rb", "x = ARGV[0] || abort \"no file\"\nputs x\n", "x = ARGV[0] || abort \"usage: t FILE\"\nputs x\n"),
    ("t.sh", "#!/bin/bash\nset -e\nrun $1\n", "#!/bin/bash\nset -eo pipefail\nrun $1\n"),
    ("t.sh", "set -e\nrm -rf \"$1\"\n", "set -euo pipefail\nrm -r -f \"$1\"\n"),
    (
        "t.sh",
        "if [[ -d ~/$x ]]; then rm -r -f $x || { echo \"no rights\"; exit 1; }; fi\n",
        "if [[ -d ~/$x ]]; then rm -r -f -- \"$x\" || { echo \"no rights\"; exit 1; }; fi\n",
    ),
    ("t.sh", "rm -f \"$x\"\nrm -rf \"$tmp\"\n", "rm -f -- \"$x\"\nrm -rf -- \"$tmp\"\n"),
    (
        "t.sh",
        "f() {\n  name=$1\n  echo \"hello $name\"\n}\nf a\n",
        "f() {\n  local name=$1\n  echo \"hello $name\"\n}\nf a\n",
    ),
    (
        "t.sh",
        "f() {\n  local out=$(date +%F)\n  echo \"$out\"\n}\nf\n",
        "f() {\n  local out\n  out=$(date +%F)\n  echo \"$out\"\n}\nf\n",
    ),
    (
        "t.sh",
        "jq . \"$1\"\n",
        "if ! command -v jq >/dev/null 2>&1; then\n  echo \"jq is required\" >&2\n  exit 1\nfi\njq . \"$1\"\n",
    ),
    (
        "t.sh",
        "jq . \"$1\"\n",
        "command -v jq >/dev/null 2>&1 || { echo \"jq is required\" >&2; exit 1; }\njq . \"$1\"\n",
    ),
    (
        "t.sh",
        "if [ $# -lt 1 ]; then\n  echo \"usage: t FILE\"\n  exit 1\nfi\nwc \"$1\"\n",
        "usage() {\n  echo \"usage: t FILE\"\n}\nif [ $# -lt 1 ]; then\n  usage\n  exit 1\nfi\nwc \"$1\"\n",
    ),
    ("t.sh", "curl -sSL \"$url\" -o out\n", "curl -sSL --retry 3 --max-time 30 \"$url\" -o out\n"),
    ("t.sh", "cd \"$d\"\nmake\n", "cd \"$d\" || exit 1\nmake\n"),
    ("t.sh", "egrep 'a|b' f\n", "grep -E 'a|b' f\n"),
    ("t.sh", "if [ ! -z \"$x\" ]; then\n  echo yes\nfi\n", "if [ -n \"$x\" ]; then\n  echo yes\nfi\n"),
    (
        "t.sh",
        "if [ ! -f \"$1\" ]; then\n  echo \"no file\" >&2\n  exit 1\nfi\nif [ -z \"$2\" ]; then\n  echo \"no name\" >&2\n  exit 1\nfi\ncp \"$1\" \"$2\"\n",
        "die() {\n  echo \"$*\" >&2\n  exit 1\n}\nif [ ! -f \"$1\" ]; then\n  die \"no file\"\nfi\n[ -n \"$2\" ] || die \"no name\"\ncp \"$1\" \"$2\"\n",
    ),
    ("t.sh", "n=5\nhead -n \"$n\" \"$1\"\n", "n=${2:-5}\nhead -n \"$n\" \"$1\"\n"),
    ("t.sh", "head -n 5 \"$1\"\n", "lines=${2:-5}\nhead -n \"$lines\" \"$1\"\n"),
    ("t.sh", "wc -l \"$1\"\n", "[ -f \"$1\" ] || { echo \"not a file: $1\" >&2; exit 1; }\nwc -l \"$1\"\n"),
    ("t.sh", "if test $# -lt 1; then\n  exit 1\nfi\n", "if [ $# -lt 1 ]; then\n  exit 1\nfi\n"),
    ("t.sh", "dir=$1\nif [ -z \"$dir\" ]; then\n  dir=.\nfi\nls \"$dir\"\n", "dir=${1:-.}\nls \"$dir\"\n"),
    ("t.sh", "#!/bin/bash\ncurl -s \"$1\" | jq .\n", "#!/usr/bin/env bash\nset -euo pipefail\ncurl -s \"$1\" | jq .\n"),
    (
        "t.js",
        "const fs = require('fs');\nconst path = require('path');\nconst filePath = process.argv[2];\nconst html = fs.readFileSync(path.resolve(filePath), 'utf8');\nconsole.log(html.length);\n",
        "const fs = require('fs');\nconst path = require('path');\nconst filePath = process.argv[2];\nif (!fs.existsSync(path.resolve(filePath))) {\n  console.error(`not found: ${filePath}`);\n  process.exit(1);\n}\nconst html = fs.readFileSync(path.resolve(filePath), 'utf8');\nconsole.log(html.length);\n",
    ),
    (
        "t.js",
        "function f(a) {\n  if (a.sizes.length === 0) {\n    a.sizes = ['1366x768'];\n  }\n}\n",
        "const defaultSize = '1366x768';\nfunction f(a) {\n  if (a.sizes.length === 0) {\n    a.sizes = [defaultSize];\n  }\n}\n",
    ),
    (
        "t.js",
        "const n = user && user.name;\nconst m = a && a.b && a.b.c;\nconsole.log(n, m);\n",
        "const n = user?.name;\nconst m = a?.b?.c;\nconsole.log(n, m);\n",
    ),
    ("t.js", "const u = Array.from(new Set(xs));\nconsole.log(u);\n", "const u = [...new Set(xs)];\nconsole.log(u);\n"),
    (
        "t.js",
        "async function f(u) {\n  const r = await fetch(u, { headers });\n  return r.text();\n}\n",
        "async function f(u) {\n  const r = await fetch(u, { headers, signal: AbortSignal.timeout(10000) });\n  return r.text();\n}\n",
    ),
    (
        "t.js",
        "const fs = require('fs');\nconst data = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));\nconsole.log(data.a);\n",
        "const fs = require('fs');\nlet data;\ntry {\n  data = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));\n} catch (e) {\n  console.error(`not JSON: ${e.message}`);\n  process.exit(1);\n}\nconsole.log(data.a);\n",
    ),
    (
        "t.js",
        "async function f(u) {\n  const r = await fetch(u);\n  return r.json();\n}\n",
        "async function f(u) {\n  const r = await fetch(u);\n  if (!r.ok) {\n    throw new Error(`HTTP ${r.status}`);\n  }\n  return r.json();\n}\n",
    ),
    ("t.js", "const a = s.substr(0, 5);\nconsole.log(a);\n", "const a = s.slice(0, 5);\nconsole.log(a);\n"),
    (
        "t.js",
        "function f(xs) {\n  return xs.join(', ');\n}\nconsole.log(f(['a']));\n",
        "function f(xs, sep = ', ') {\n  return xs.join(sep);\n}\nconsole.log(f(['a']));\n",
    ),
    (
        "t.js",
        "function main() {\n  const rows = [];\n  for (const line of text.split('\\n')) {\n    if (!line.trim()) continue;\n    rows.push(line.split(','));\n  }\n  console.log(rows.length);\n}\nmain();\n",
        "function parse(text) {\n  const rows = [];\n  for (const line of text.split('\\n')) {\n    if (!line.trim()) continue;\n    rows.push(line.split(','));\n  }\n  return rows;\n}\nfunction main() {\n  const rows = parse(text);\n  console.log(rows.length);\n}\nmain();\n",
    ),
    (
        "t.js",
        "for (let i = 0; i < xs.length; i++) {\n  console.log(xs[i]);\n}\n",
        "for (const x of xs) {\n  console.log(x);\n}\n",
    ),
    ("t.js", "if (typeof x == 'string') g();\n", "if (typeof x === 'string') g();\n"),
    ("t.js", "try { g(); } catch (e) { h(); }\n", "try { g(); } catch { h(); }\n"),
    ("t.js", "main();\n", "main().catch((error) => {\n  console.error(error);\n  process.exit(1);\n});\n"),
    (
        "t.ts",
        "const total = (xs: number[]): number => xs.reduce((a, b) => a + b, 0);\nconsole.log(total([1]));\n",
        "function total(xs: readonly number[]): number {\n  return xs.reduce((a, b) => a + b, 0);\n}\nconsole.log(total([1]));\n",
    ),
    (
        "t.ts",
        "console.log(`Fetching ${x}...`);\nconsole.log(result);\n",
        "console.error(`Fetching ${x}...`);\nconsole.log(result);\n",
    ),
    (
        "t.pl",
        "my $n = shift;\nprint $n * 86400, \"\\n\";\n",
        "use constant DAY => 86400;\nmy $n = shift;\nprint $n * DAY, \"\\n\";\n",
    ),
    (
        "t.pl",
        "my $f = shift;\nopen(my $h, '<', $f);\nprint <$h>;\n",
        "my $f = shift;\ndie \"usage: t FILE\\n\" unless defined $f;\nopen(my $h, '<', $f) or die \"cannot open $f: $!\\n\";\nprint <$h>;\n",
    ),
    (
        "t.rb",
        "text = File.read(ARGV[0])\nputs text.size\n",
        "abort \"usage: t FILE\" if ARGV.empty?\ntext = File.read(ARGV[0])\nputs text.size\n",
    ),
    ("t.rb", "def f(x)\n  x * 86400\nend\nputs f(1)\n", "DAY = 86400\ndef f(x)\n  x * DAY\nend\nputs f(1)\n"),
    (
        "t.go",
        "package main\nfunc f(p string) string {\n\tb, err := os.ReadFile(p)\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\treturn string(b)\n}\n",
        "package main\nfunc f(p string) string {\n\tb, err := os.ReadFile(p)\n\tif err != nil {\n\t\tlog.Fatalf(\"read %s: %v\", p, err)\n\t}\n\treturn string(b)\n}\n",
    ),
    (
        "t.go",
        "package main\nfunc f(n int) int {\n\treturn n * 86400\n}\n",
        "package main\nconst day = 86400\nfunc f(n int) int {\n\treturn n * day\n}\n",
    ),
    (
        "t.py",
        "def f(x):\n    return x\n",
        "def f(x):\n    \"\"\"Returns x.\n\n    Example: f(1)\n    \"\"\"\n    return x\n",
    ),
];

/// Changes that look like some of those and do harm.
const OTHERS: &[(&str, &str, &str)] = &[
    // The handler ends with success, or continues.
    (
        "t.py",
        "import sys\ncheck(sys.argv[1])\nprint('fine')\n",
        "import sys\ntry:\n    check(sys.argv[1])\nexcept ValueError as e:\n    print(e, file=sys.stderr)\n    sys.exit(0)\nprint('fine')\n",
    ),
    (
        "t.py",
        "import sys\ncheck(sys.argv[1])\nprint('fine')\n",
        "import sys\ntry:\n    check(sys.argv[1])\nexcept ValueError as e:\n    print(e, file=sys.stderr)\nprint('fine')\n",
    ),
    // The exit code is lost.
    (
        "t.py",
        "import sys\ndef main():\n    if bad():\n        return 1\n    return 0\nsys.exit(main())\n",
        "import sys\ndef main():\n    if bad():\n        return 1\n    return 0\nmain()\n",
    ),
    // An option that is on by default.
    (
        "t.py",
        "p.add_argument('file')\nargs = p.parse_args()\ncopy(args.file)\n",
        "p.add_argument('file')\np.add_argument('--clean', default=True)\nargs = p.parse_args()\ncopy(args.file)\nif args.clean:\n    wipe(args.file)\n",
    ),
    ("t.sh", "dir=data\nrm -r \"$dir/$1\"\n", "dir=${1:-data}\nrm -r \"$dir/$1\"\n"),
    ("t.sh", "cp a b\n", "cp a b || exit 0\n"),
    (
        "t.sh",
        "if [ \"$1\" = \"--old\" ]; then\n  exit 1\nfi\ncp a b\n",
        "if [ \"$1\" = \"--old\" ]; then\n  exit 1\nfi\nif [ \"$1\" = \"prod\" ]; then\n  exit 0\nfi\ncp a b\n",
    ),
    (
        "t.js",
        "for (let i = 0; i < xs.length; i++) {\n  send(xs[i]);\n}\n",
        "for (let i = 1; i < xs.length; i++) {\n  send(xs[i]);\n}\n",
    ),
    ("t.js", "main();\n", "main().catch((e) => {\n  console.error(e);\n  process.exit(0);\n});\n"),
    ("t.py", "with open(p, 'w') as f:\n    f.write(t)\n", "with open(p, 'a') as f:\n    f.write(t)\n"),
    ("t.py", "p = join('/srv/', '..', name)\n", "p = join('/srv/..', name + '..')\n"),
    ("t.rb", "abort \"no\" unless ok\nputs 1\n", "puts 1\n"),
];

fn worst((path, old, new): &(&str, &str, &str)) -> Option<Severity> {
    let (found, _) = differences(&version("t", &[(path, old)]), &version("t", &[(path, new)]));
    found.into_iter().map(|finding| finding.severity).max()
}

#[test]
fn harmless_changes_are_facts() {
    let flagged: Vec<_> = CHANGES.iter().filter(|change| worst(change) > Some(Severity::Low)).collect();
    assert!(flagged.is_empty(), "{flagged:#?}");
}

#[test]
fn changes_that_look_like_them_are_warned_of() {
    let silent: Vec<_> = OTHERS.iter().filter(|change| worst(change) <= Some(Severity::Low)).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
