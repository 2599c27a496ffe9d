//! Pairs of equivalent programs with different wording, each with similar pairs that are not equivalent.

use crate::check::change::code::differences;
use crate::check::fixture::version;
use crate::domain::Severity;

type Change = (&'static str, &'static str, &'static str);

/// A file, and its text before and after: nothing of it may be a warning.
const SAME: &[Change] = &[
    (
        "t.js",
        "const p = JSON.parse(text);\ndelete p.scripts;\ndelete p.main;\ndelete p.config;\nsave(p);\n",
        "const p = JSON.parse(text);\nconst FIELDS = ['scripts', 'main', 'config'];\nfor (const field of FIELDS) {\n  delete p[field];\n}\nsave(p);\n",
    ),
    ("t.py", "os.remove('a.tmp')\nos.remove('b.tmp')\n", "for name in ['a.tmp', 'b.tmp']:\n    os.remove(name)\n"),
    (
        "t.py",
        "for i, server in enumerate(servers):\n    print(f'{i + 1}/{len(servers)}')\n    start(server)\n",
        "for number, server in enumerate(servers, start=1):\n    print(f'{number}/{len(servers)}')\n    start(server)\n",
    ),
    (
        "t.py",
        "for r in rs:\n    if r.kind == 'entry':\n        if 'text' in r.field:\n            check(r)\n",
        "for r in rs:\n    if r.kind != 'entry' or 'text' not in r.field:\n        continue\n    check(r)\n",
    ),
    (
        "t.js",
        "for (const line of lines) {\n  if (line.startsWith('- ')) {\n    out.push(line);\n  } else if (line === '') {\n  } else {\n    field = null;\n  }\n}\n",
        "for (const line of lines) {\n  if (line.startsWith('- ')) {\n    out.push(line);\n  } else if (line !== '') {\n    field = null;\n  }\n}\n",
    ),
    (
        "t.js",
        "const out = path.join(dir, 'x');\nif (!fs.existsSync(out)) {\n  fs.mkdirSync(out);\n}\nwrite(out);\n",
        "const out = path.join(dir, 'x');\nfs.mkdirSync(out, { recursive: true });\nwrite(out);\n",
    ),
    ("t.sh", "[ -d \"$1\" ] || mkdir -p \"$1\"\ncp a \"$1\"\n", "mkdir -p \"$1\"\ncp a \"$1\"\n"),
    (
        "t.py",
        "server = make(host, port)\nprint('serving')\nserver.serve_forever()\n",
        "server = make(host, port)\nprint('serving')\ntry:\n    server.serve_forever()\nexcept KeyboardInterrupt:\n    server.server_close()\n",
    ),
    (
        "t.py",
        "p.add_argument('--cli', type=str, default='%s/redis-cli' % srcdir)\nargs = p.parse_args()\n",
        "p.add_argument('--cli', type=str, default='%s/redis-cli' % srcdir, help='The program to ask')\nargs = p.parse_args()\n",
    ),
    (
        "t.py",
        "parser = argparse.ArgumentParser(\n    description='Report names.'\n)\nargs = parser.parse_args()\n",
        "parser = argparse.ArgumentParser(\n    description=(\n        'Report names across plugins/*/agents/*.md. '\n        'Exits with 1 if there are any.'\n    )\n)\nargs = parser.parse_args()\n",
    ),
    (
        "t.sh",
        "lower=$(echo \"$1\" | tr '[:upper:]' '[:lower:]')\n[ \"$lower\" = yes ] && cp a b\n",
        "lower=\"${1,,}\"\n[ \"$lower\" = yes ] && cp a b\n",
    ),
    (
        "t.sh",
        "if [ \"$code\" != 200 ]; then\n  >&2 echo \"failed: $code\"\n  exit 1\nfi\n",
        "if [ \"$code\" != 200 ]; then\n  >&2 echo \"failed: $code\"\n  >&2 echo \"  look at the settings\"\n  exit 1\nfi\n",
    ),
    (
        "t.ts",
        "const found = comments.filter(\n  (comment) => comment.body.includes('Found') && comment.user.type === 'Bot'\n);\nshow(found);\n",
        "function isFound(comment: Comment): boolean {\n  return (\n    comment.body.includes('Found') && comment.user.type === 'Bot'\n  );\n}\nconst found = comments.filter(isFound);\nshow(found);\n",
    ),
    (
        "t.sh",
        "set -eu\nif [ $# -lt 1 ]; then\n  exit 2\nfi\ncp \"$1\" out\n",
        "set -eu\nif [ \"${1:-}\" = \"-h\" ] || [ \"${1:-}\" = \"--help\" ]; then\n  echo \"usage: x FILE\"\n  exit 0\nfi\nif [ $# -lt 1 ]; then\n  exit 2\nfi\ncp \"$1\" out\n",
    ),
    (
        "t.py",
        "def f(a, secret):\n    result = None\n    if secret is not None:\n        result = sign(a, secret)\n    else:\n        result = checksum(a)\n    return result\n",
        "def f(a, secret):\n    if secret is None:\n        result = checksum(a)\n    else:\n        result = sign(a, secret)\n    return result\n",
    ),
    (
        "t.rb",
        "lines.sort_by { |a, c| -c }.each do |a, c|\n  puts \"#{a}: #{c} lines\"\nend\n",
        "lines.sort_by { |_name, count| -count }.each do |name, count|\n  puts \"#{name}: #{count} lines\"\nend\n",
    ),
];

/// The same for changes that do something else: each must be a warning.
const OTHER: &[Change] = &[
    (
        "t.js",
        "const p = JSON.parse(text);\ndelete p.scripts;\ndelete p.main;\ndelete p.config;\nsave(p);\n",
        "const p = JSON.parse(text);\nconst FIELDS = ['main', 'config'];\nfor (const field of FIELDS) {\n  delete p[field];\n}\nsave(p);\n",
    ),
    (
        "t.py",
        "os.remove('a.tmp')\nos.remove('b.tmp')\n",
        "for name in ['a.tmp', 'b.tmp']:\n    os.remove(name)\n    break\n",
    ),
    (
        "t.py",
        "os.remove('a.tmp')\nos.remove('b.tmp')\n",
        "for name in ['a.tmp', 'b.tmp']:\n    os.remove(name)\n    os.remove(name + '.old')\n",
    ),
    (
        "t.py",
        "for i, x in enumerate(xs):\n    send(x, ys[i + 1])\n",
        "for i, x in enumerate(xs, start=1):\n    send(x, ys[i + 1])\n",
    ),
    (
        "t.py",
        "for i, x in enumerate(xs):\n    send(x, 2 * i + 1)\n",
        "for i, x in enumerate(xs, start=1):\n    send(x, 2 * i)\n",
    ),
    (
        "t.py",
        "for r in rs:\n    if r.kind == 'entry':\n        if 'text' in r.field:\n            check(r)\n",
        "for r in rs:\n    if r.kind != 'entry' and 'text' not in r.field:\n        continue\n    check(r)\n",
    ),
    (
        "t.py",
        "for r in rs:\n    if r.kind == 'entry':\n        if 'text' in r.field:\n            check(r)\n",
        "for r in rs:\n    if r.kind != 'entry' or 'text' in r.field:\n        continue\n    check(r)\n",
    ),
    (
        "t.js",
        "for (const line of lines) {\n  if (line.startsWith('- ')) {\n    out.push(line);\n  } else if (line === '') {\n  } else {\n    field = null;\n  }\n}\n",
        "for (const line of lines) {\n  if (line.startsWith('- ')) {\n    out.push(line);\n  } else if (line === '') {\n    field = null;\n  }\n}\n",
    ),
    (
        "t.js",
        "if (!fs.existsSync(out)) {\n  fs.mkdirSync(out);\n}\nwrite(out);\n",
        "fs.mkdirSync(other, { recursive: true });\nwrite(out);\n",
    ),
    (
        "t.js",
        "if (!fs.existsSync(out)) {\n  fs.writeFileSync(out, '');\n}\nwrite(out);\n",
        "fs.writeFileSync(out, '');\nwrite(out);\n",
    ),
    ("t.sh", "[ -f \"$1\" ] || mkdir -p \"$2\"\ncp a \"$2\"\n", "mkdir -p \"$1\"\ncp a \"$2\"\n"),
    (
        "t.py",
        "server = make(host, port)\nserver.serve_forever()\n",
        "server = make(host, port)\ntry:\n    server.serve_forever()\nexcept KeyboardInterrupt:\n    os.remove('state')\n",
    ),
    (
        "t.py",
        "server = make(host, port)\nserver.serve_forever()\n",
        "server = make(host, port)\ntry:\n    server.serve_forever()\nexcept BaseException:\n    server.server_close()\n",
    ),
    (
        "t.py",
        "p.add_argument('--cli', type=str, default='%s/redis-cli' % srcdir)\nargs = p.parse_args()\n",
        "p.add_argument('--cli', type=str, default='%s/redis' % srcdir, help='The program to ask')\nargs = p.parse_args()\n",
    ),
    ("t.py", "api.create(name=name, description='first')\n", "api.create(name=name, description='second')\n"),
    (
        "t.sh",
        "lower=$(echo \"$1\" | tr '[:upper:]' '[:lower:]')\n[ \"$lower\" = yes ] && cp a b\n",
        "lower=\"${1^^}\"\n[ \"$lower\" = yes ] && cp a b\n",
    ),
    (
        "t.sh",
        "if [ \"$code\" != 200 ]; then\n  >&2 echo \"failed: $code\"\n  exit 1\nfi\n",
        "if [ \"$code\" != 200 ]; then\n  >&2 echo \"failed: $code\"\n  >&2 echo \"  $API_TOKEN\"\n  exit 1\nfi\n",
    ),
    (
        "t.ts",
        "const found = comments.filter(\n  (comment) => comment.body.includes('Found') && comment.user.type === 'Bot'\n);\nshow(found);\n",
        "function isFound(comment: Comment): boolean {\n  return comment.body.includes('Found') || comment.user.type === 'Bot';\n}\nconst found = comments.filter(isFound);\nshow(found);\n",
    ),
    (
        "t.sh",
        "set -eu\ncp \"$1\" out\n",
        "set -eu\nif [ \"${1:-}\" = \"-h\" ]; then\n  rm -rf out\n  exit 0\nfi\ncp \"$1\" out\n",
    ),
    (
        "t.py",
        "def f(a, kind):\n    result = None\n    if kind == 1:\n        result = sign(a)\n    elif kind == 2:\n        result = checksum(a)\n    return result\n",
        "def f(a, kind):\n    result = 'ok'\n    if kind == 1:\n        result = sign(a)\n    elif kind == 2:\n        result = checksum(a)\n    return result\n",
    ),
    (
        "t.py",
        "def f(a, secret):\n    result = None\n    if secret is not None:\n        result = sign(a, secret)\n    else:\n        result = checksum(a)\n    return result\n",
        "def f(a, secret):\n    if secret is None:\n        result = sign(a, secret)\n    else:\n        result = checksum(a)\n    return result\n",
    ),
    (
        "t.rb",
        "lines.sort_by { |a, c| -c }.each do |a, c|\n  puts \"#{a}: #{c} lines\"\nend\n",
        "lines.sort_by { |name, count| -name }.each do |name, count|\n  puts \"#{name}: #{count} lines\"\nend\n",
    ),
];

fn worst((path, old, new): &Change) -> Option<Severity> {
    let (found, _) = differences(&version("t", &[(path, old)]), &version("t", &[(path, new)]));
    found.into_iter().map(|finding| finding.severity).max()
}

#[test]
fn what_is_written_in_other_words_is_a_fact() {
    let flagged: Vec<_> = SAME.iter().filter(|change| worst(change) > Some(Severity::Low)).collect();
    assert!(flagged.is_empty(), "{flagged:#?}");
}

#[test]
fn what_looks_like_it_and_does_something_else_is_warned_of() {
    let silent: Vec<_> = OTHER.iter().filter(|change| worst(change) <= Some(Severity::Low)).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
