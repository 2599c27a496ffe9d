//! Pairs of programs that mean the same, and pairs that almost do.

use super::compare;
use crate::domain::source::Language;

/// A body stands in a function; what begins with `#` is a whole file.
pub(super) fn program(text: &str) -> String {
    if let Some(file) = text.strip_prefix("#file\n") {
        return file.to_owned();
    }
    let body: Vec<String> = text.lines().map(|line| format!("    {line}\n")).collect();
    format!("import sys\n\n\ndef f(a, b, xs, d, log):\n{}", body.concat())
}

pub(super) fn is_equal(old: &str, new: &str) -> bool {
    let (old, new) = (program(old), program(new));
    compare(&old, &new, Language::Python, true).is_some_and(|proof| proof.is_equal)
}

#[test]
fn every_program_means_the_same_as_itself() {
    // The names of another module are not known.
    for (old, new) in SAME.iter().chain(OTHER).filter(|(_, new)| !new.contains("import *")) {
        assert!(is_equal(old, old), "{old}");
        assert!(is_equal(new, new), "{new}");
    }
}

#[test]
fn other_ways_to_write_the_same_are_equal() {
    let failed: Vec<_> = SAME.iter().filter(|(old, new)| !is_equal(old, new) || !is_equal(new, old)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn near_misses_are_not_equal() {
    let failed: Vec<_> = OTHER.iter().filter(|(old, new)| is_equal(old, new) || is_equal(new, old)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn near_misses_are_no_words_for_the_user() {
    let is_told = |(old, new): &&(&str, &str)| {
        compare(&program(old), &program(new), Language::Python, true).is_some_and(|proof| proof.is_told)
    };
    let failed: Vec<_> = OTHER.iter().filter(is_told).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn hostile_programs_end_the_proof() {
    let deep = format!("x = {}1{}\n", "(".repeat(400), ")".repeat(400));
    let nested = (0..120).map(|level| format!("{}if a:\n", " ".repeat(level))).collect::<Vec<_>>().concat();
    let nested = format!("{nested}{}pass\n", " ".repeat(120));
    let long = "x = [1, 2, 3]\n".repeat(10_000);
    let guards = (0..300).map(|n| format!("    if a == {n}:\n        return b\n")).collect::<Vec<_>>().concat();
    let guards = format!("def f(a, b):\n{guards}");
    for text in [deep, nested, long, guards, "def f(:\n".to_owned(), "\0\u{feff}'''".to_owned()] {
        let _ = compare(&text, &format!("{text}\ny = 1\n"), Language::Python, true);
    }
    let calls = (0..20)
        .map(|n| format!("def f{n}(x):\n    return f{}(x) + f{}(x)\n", n + 1, n + 1))
        .collect::<Vec<_>>()
        .concat();
    let _ = compare(&calls, "x = 1\n", Language::Python, true);
    // Each loop is followed until nothing new is seen, and so are those in it.
    let loops = (0..40).map(|level| {
        let pad = "    ".repeat(level + 1);
        format!("{pad}for y{level} in xs:\n{pad}    x = a(x)\n{pad}    z{level} = a(y{level}, x)\n")
    });
    let loops = format!("def f(a, xs):\n    x = 0\n{}", loops.collect::<Vec<_>>().concat());
    let _ = compare(&loops, "x = 1\n", Language::Python, true);
}

/// The same, written in two ways.
const SAME: &[(&str, &str)] = &[
    // Loops with a counter or a flag.
    (
        "done = False\nwhile not done:\n    if a():\n        done = True\n    else:\n        log(b)",
        "while True:\n    if a():\n        break\n    log(b)",
    ),
    ("n = 0\nwhile n < 5:\n    log(a)\n    n += 1", "for _ in range(5):\n    log(a)"),
    ("n = 1\nwhile n < b:\n    log(n)\n    n += 1", "for i in range(1, b):\n    log(i)"),
    ("n = 0\nfor x in xs:\n    n += 1\n    log(x)", "for x in xs:\n    log(x)"),
    // Dictionaries, texts.
    ("if a in d:\n    d[a].append(b)\nelse:\n    d[a] = [b]", "d.setdefault(a, []).append(b)"),
    ("if a not in d:\n    d[a] = []\nd[a].append(b)", "d.setdefault(a, []).append(b)"),
    ("if a in d:\n    x = d[a]\nelse:\n    x = 0\nreturn x", "return d.get(a, 0)"),
    ("if a in d:\n    xs[b] = d[a]\nelse:\n    xs[b] = []", "xs[b] = d.get(a, [])"),
    ("return a.split('/')[-1]", "return a.rsplit('/', 1)[-1]"),
    ("return a.split('/')[0]", "return a.split('/', 1)[0]"),
    ("return a.endswith('x') or a.endswith('y')", "return a.endswith(('x', 'y'))"),
    ("if len(xs[1:]) > 0:\n    log(1)", "if xs[1:]:\n    log(1)"),
    ("x = y = 0\nlog(x)\nlog(y)", "log(0)\nlog(0)"),
    // Several values of one variable.
    ("x = log(a)\nlog(x, x)\nx = log(b)\nlog(x, x)", "y = log(a)\nlog(y, y)\nz = log(b)\nlog(z, z)"),
    (
        "for x in xs:\n    if a(x):\n        x = b\n    log(x, x)",
        "for x in xs:\n    y = b if a(x) else x\n    log(y, y)",
    ),
    ("a = a.strip()\nlog(a)\nlog(a)", "text = a.strip()\nlog(text)\nlog(text)"),
    ("if a:\n    x = 1\nelif b:\n    x = 1\nelse:\n    x = 2\nlog(x)", "log(1 if a or b else 2)"),
    // Functions and classes of Python.
    ("return getattr(a, 'b')", "return a.b"),
    ("setattr(a, 'b', xs)", "a.b = xs"),
    ("log(dict(x=1))", "log({'x': 1})"),
    ("log(set([1, 2]))", "log({1, 2})"),
    ("return sorted(list(a(b)))", "return sorted(a(b))"),
    ("return ','.join(tuple(a(b)))", "return ','.join(a(b))"),
    ("log(dict((x, 1) for x in xs))", "log({x: 1 for x in xs})"),
    ("with open(a, 'r') as f:\n    log(f)", "with open(a) as f:\n    log(f)"),
    ("for x in range(0, 3):\n    log(x)", "for x in range(3):\n    log(x)"),
    ("try:\n    log(a)\nexcept IOError:\n    pass", "try:\n    log(a)\nexcept OSError:\n    pass"),
    (
        "#file\nimport contextlib\ntry:\n    print(open('a').read())\nexcept OSError:\n    pass\n",
        "#file\nimport contextlib\nwith contextlib.suppress(OSError):\n    print(open('a').read())\n",
    ),
    ("with log(a) as x:\n    with log(b) as y:\n        log(x, y)", "with log(a) as x, log(b) as y:\n    log(x, y)"),
    ("for x in xs:\n    if x > a:\n        a = x\nreturn a", "for x in xs:\n    a = max(a, x)\nreturn a"),
    ("g = lambda x: x + a\nlog(g, g)", "def g(x):\n    return x + a\nlog(g, g)"),
    ("print('')", "print()"),
    (
        "#file\nclass A(object):\n    def f(self):\n        return 1\nprint(A().f())\n",
        "#file\nclass A:\n    def f(self):\n        return 1\nprint(A().f())\n",
    ),
    (
        "#file\nimport json\nclass A(json.JSONEncoder):\n    def f(self, o):\n        return super(A, self).default(o)\nprint(A)\n",
        "#file\nimport json\nclass A(json.JSONEncoder):\n    def f(self, o):\n        return super().default(o)\nprint(A)\n",
    ),
    ("#file\nimport re\nprint(re.compile('a', re.I))\n", "#file\nimport re\nprint(re.compile('a', re.IGNORECASE))\n"),
    // Names that may be asked for stay; the rest is compared.
    ("if a:\n    return eval(b)\nelse:\n    return 2", "if not a:\n    return 2\nreturn eval(b)"),
    // Names, types, layout, words for readers of the code.
    ("x = a + 1\nlog(x)\nlog(x, x)", "total = a + 1\nlog(total)\nlog(total, total)"),
    ("for i in xs:\n    log(i)", "for item in xs:\n    log(item)"),
    ("return [x for x in xs]", "return [item for item in xs]"),
    ("return sorted(xs, key=lambda x: x.b)", "return sorted(xs, key=lambda item: item.b)"),
    ("return a", "# why\nreturn (a)"),
    ("return 'x' \"y\"", "return \"xy\""),
    ("return 1_000", "return 1000"),
    (
        "#file\ndef f(a, b=1):\n    return a\nf(1)\n",
        "#file\ndef f(a: int, b: int = 1) -> int:\n    \"\"\"Says it.\"\"\"\n    return a\nf(1)\n",
    ),
    ("#file\ndef f(a):\n    return a\nf(1)\n", "#file\ndef f(text):\n    return text\nf(1)\n"),
    (
        "#file\nimport os\nimport sys\nprint(os.name, sys.argv)\n",
        "#file\nimport sys\nimport os\nprint(os.name, sys.argv)\n",
    ),
    (
        "#file\nimport os.path\nprint(os.path.join('a', 'b'))\n",
        "#file\nfrom os import path\nprint(path.join('a', 'b'))\n",
    ),
    ("#file\nimport json\nprint(json.dumps(1))\n", "#file\nimport json as j\nimport re\nprint(j.dumps(1))\n"),
    (
        "#file\ndef a():\n    return 1\ndef b():\n    return 2\nprint(a(), b())\n",
        "#file\ndef b():\n    return 2\ndef a():\n    return 1\nprint(a(), b())\n",
    ),
    // Conditions.
    ("if not (a and b):\n    log(1)", "if not a or not b:\n    log(1)"),
    ("if not a == b:\n    log(1)", "if a != b:\n    log(1)"),
    ("if not a in xs:\n    log(1)", "if a not in xs:\n    log(1)"),
    ("return not a is None", "return a is not None"),
    ("if a > b:\n    log(1)", "if b < a:\n    log(1)"),
    ("if a:\n    log(1)\nelse:\n    log(2)", "if not a:\n    log(2)\nelse:\n    log(1)"),
    ("if a:\n    if b:\n        log(1)", "if a and b:\n    log(1)"),
    ("if a is None or b in d:\n    log(1)\n    log(2)", "if a is not None and b not in d:\n    return\nlog(1)\nlog(2)"),
    ("if len(xs) >= 2:\n    log(1)", "if not len(xs) < 2:\n    log(1)"),
    ("if 'a' == b:\n    log(1)", "if b == 'a':\n    log(1)"),
    ("if a:\n    return 1\nelse:\n    return 2", "return 1 if a else 2"),
    ("if a:\n    x = 1\nelse:\n    x = 2\nlog(x)", "x = 1 if a else 2\nlog(x)"),
    ("x = 2\nif a:\n    x = 1\nlog(x)", "log(1 if a else 2)"),
    ("return True if a in d else False", "return a in d"),
    ("return a if a else b", "return a or b"),
    // Exits.
    ("for x in xs:\n    if x:\n        log(x)", "for x in xs:\n    if not x:\n        continue\n    log(x)"),
    ("if a:\n    return 1\nelse:\n    log(b)\n    return 2", "if a:\n    return 1\nlog(b)\nreturn 2"),
    ("if a:\n    log(1)\nelif b:\n    log(2)", "if a:\n    log(1)\n    return\nif b:\n    log(2)"),
    ("if a:\n    raise ValueError(b)\nelse:\n    log(b)", "if a:\n    raise ValueError(b)\nlog(b)"),
    ("log(a)\nreturn None", "log(a)"),
    ("log(a)\nreturn\nlog(b)", "log(a)"),
    ("while True:\n    if a():\n        break\n    log(b)", "while not a():\n    log(b)"),
    (
        "for x in xs:\n    if x:\n        if b:\n            continue\n        log(x)",
        "for x in xs:\n    if not x:\n        continue\n    if b:\n        continue\n    log(x)",
    ),
    ("if a:\n    log(1)\n    log(3)\nelse:\n    log(2)\n    log(3)", "if a:\n    log(1)\nelse:\n    log(2)\nlog(3)"),
    ("if a:\n    pass\nelse:\n    log(1)", "if not a:\n    log(1)"),
    // Texts.
    ("print('%s and %s' % (a, b))", "print(f'{a} and {b}')"),
    ("print('{} and {}'.format(a, b))", "print(f'{a} and {b}')"),
    ("print('{1} {0}'.format(a, b))", "print(f'{b} {a}')"),
    ("print('{x:>5}'.format(x=a))", "print(f'{a:>5}')"),
    (
        "p = list(xs)\nq = list(d)\nprint('%d of %+d' % (len(p), len(q) - len(p)))",
        "p = list(xs)\nq = list(d)\nn = len(q) - len(p)\nprint(f'{len(p)} of {n:+d}')",
    ),
    ("log('a' + str(b) + 'c')", "log(f'a{b}c')"),
    ("print('a', b)", "print(f'a {b}')"),
    ("log('50%% of %r' % (a,))", "log(f'50% of {a!r}')"),
    // Temporaries.
    ("x = a.b\nreturn log(x)", "return log(a.b)"),
    ("x = a + 1\ny = x * 2\nreturn y", "return (a + 1) * 2"),
    ("x = log(a)\nif x:\n    return 1\nreturn 2", "if log(a):\n    return 1\nreturn 2"),
    ("x, y = xs, d\nlog(x, y)", "log(xs, d)"),
    ("x = a.strip()\nx = x.lower()\nreturn x", "return a.strip().lower()"),
    ("for x in sorted(xs):\n    log(x)", "items = sorted(xs)\nfor x in items:\n    log(x)"),
    ("n = 5\nlog(a)\nlog(n)\nlog(n)", "log(a)\nlog(5)\nlog(5)"),
    // Functions and constants.
    (
        "#file\ndef f(x):\n    print(x + 1)\n    print(x)\nf(2)\n",
        "#file\nONE = 1\ndef f(x):\n    print(x + ONE)\n    print(x)\nf(2)\n",
    ),
    (
        "#file\ndef f(x):\n    return x in ['a', 'b']\nf(2)\n",
        "#file\nKINDS = frozenset({'b', 'a'})\ndef f(x):\n    return x in KINDS\nf(2)\n",
    ),
    (
        "#file\ndef f(x):\n    return x if x else 'n'\nprint(f(2))\nprint(f(3))\n",
        "#file\ndef g(y):\n    return y if y else 'n'\nprint(g(2))\nprint(g(3))\n",
    ),
    (
        "#file\ndef main(a):\n    x = a.b if a.b else '.'\n    print(x)\nmain(1)\n",
        "#file\ndef dot(t):\n    return t if t else '.'\ndef main(a):\n    x = dot(a.b)\n    print(x)\nmain(1)\n",
    ),
    (
        "#file\ndef main(a):\n    print(a)\n    print(1)\n    print(a)\nmain(1)\n",
        "#file\ndef show(t):\n    print(t)\n    print(1)\ndef main(a):\n    show(a)\n    print(a)\nmain(1)\n",
    ),
    (
        "#file\nimport re\ndef f(x):\n    return re.compile('a+').match(x)\nf(2)\n",
        "#file\nimport re\nA = re.compile('a+')\ndef f(x):\n    return A.match(x)\nf(2)\n",
    ),
    (
        "#file\ndef main(a):\n    if a:\n        x = 1\n    else:\n        x = a.b()\n    print(x, x)\nmain(1)\n",
        "#file\ndef pick(a):\n    if a:\n        return 1\n    return a.b()\ndef main(a):\n    x = pick(a)\n    print(x, x)\nmain(1)\n",
    ),
    ("#file\nimport sys\nx = sys.argv\nprint(x, x)\n", "#file\nimport sys\nargs = sys.argv\nprint(args, args)\n"),
    (
        "#file\ndef f(x):\n    print(f'{x} of 64', x)\nf(2)\n",
        "#file\nMOST = 64\ndef f(x):\n    print(f'{x} of {MOST}', x)\nf(2)\n",
    ),
    ("for x in xs:\n    log(x)\nfor x in d:\n    log(x, x)", "for x in xs:\n    log(x)\nfor y in d:\n    log(y, y)"),
    // Loops and collections.
    ("out = []\nfor x in xs:\n    out.append(x + 1)\nreturn out", "return [x + 1 for x in xs]"),
    ("out = []\nfor x in xs:\n    if x:\n        out.append(x)\nreturn out", "return [x for x in xs if x]"),
    ("out = []\nfor x in xs:\n    for y in x:\n        out.append(y)\nreturn out", "return [y for x in xs for y in x]"),
    ("if a in d:\n    d[a] += b\nelse:\n    d[a] = b", "d[a] = d.get(a, 0) + b"),
    ("if a in ('x', 'y'):\n    log(1)", "if a in ['y', 'x']:\n    log(1)"),
    ("if a == 'x' or a == 'y':\n    log(1)", "if a in {'x', 'y'}:\n    log(1)"),
    ("for i, x in enumerate(xs):\n    log(i + 1, x)", "for n, x in enumerate(xs, start=1):\n    log(n, x)"),
    ("for x in ('p', 'q'):\n    log(x)", "log('p')\nlog('q')"),
    ("return ', '.join([x.n for x in xs])", "return ', '.join(x.n for x in xs)"),
    ("return set([x for x in xs])", "return {x for x in xs}"),
    ("return list(x for x in xs)", "return [x for x in xs]"),
    ("x = dict()\nx[a] = 1\nreturn x", "x = {}\nx[a] = 1\nreturn x"),
    ("n = 0\nfor x in xs:\n    n += 1\nreturn n", "n = 0\nfor x in xs:\n    n = n + 1\nreturn n"),
];

/// Almost the same: each of them can do something else.
const OTHER: &[(&str, &str)] = &[
    // Loops with a counter or a flag.
    (
        "done = False\nwhile not done:\n    if a():\n        done = True\n    log(b)",
        "while True:\n    if a():\n        break\n    log(b)",
    ),
    (
        "done = False\nwhile not done:\n    if a():\n        done = True\n    else:\n        log(b)\nreturn done",
        "while True:\n    if a():\n        break\n    log(b)\nreturn False",
    ),
    (
        "done = True\nwhile not done:\n    if a():\n        done = True\n    else:\n        log(b)",
        "while True:\n    if a():\n        break\n    log(b)",
    ),
    ("n = 0\nwhile n < 5:\n    log(a)\n    n += 2", "for _ in range(5):\n    log(a)"),
    ("n = 0\nwhile n <= 5:\n    log(a)\n    n += 1", "for _ in range(5):\n    log(a)"),
    ("n = 1\nwhile n < 5:\n    log(a)\n    n += 1", "for _ in range(5):\n    log(a)"),
    (
        "n = 0\nwhile n < 5:\n    if a():\n        continue\n    log(a)\n    n += 1",
        "for _ in range(5):\n    if a():\n        continue\n    log(a)",
    ),
    ("n = 0\nwhile n < b:\n    b = log(b)\n    n += 1", "for _ in range(b):\n    b = log(b)"),
    ("n = 0\nwhile n < 5:\n    log(a)\n    n += 1\nreturn n", "for n in range(5):\n    log(a)\nreturn n"),
    ("n = 0\nfor x in xs:\n    n += x\n    log(x)", "for x in xs:\n    log(x)"),
    // Dictionaries, texts.
    ("if a in d:\n    d[a].append(b)\nelse:\n    d[a] = []", "d.setdefault(a, []).append(b)"),
    ("if a in d:\n    d[a].append(b)\nelse:\n    d[b] = [b]", "d.setdefault(a, []).append(b)"),
    ("if a in d:\n    d[a] = []\nd[a].append(b)", "d.setdefault(a, []).append(b)"),
    ("return d[a] if a in xs else 0", "return d.get(a, 0)"),
    ("return d[a] if a in d else 0", "return d.get(b, 0)"),
    ("return d[a] if a in d else log(b)", "return d.get(a, log(b))"),
    ("return a.split('/')[-1]", "return a.split('/', 1)[-1]"),
    ("return a.split('/')[1]", "return a.rsplit('/', 1)[1]"),
    ("return a.endswith('x') and a.endswith('y')", "return a.endswith(('x', 'y'))"),
    ("return a.endswith('x') or b.endswith('y')", "return a.endswith(('x', 'y'))"),
    ("return a.endswith('x') or a.startswith('y')", "return a.endswith(('x', 'y'))"),
    ("if len(a) > 0:\n    log(1)", "if a:\n    log(1)"),
    ("if len(xs[1:]) > 1:\n    log(1)", "if xs[1:]:\n    log(1)"),
    // Several values of one variable.
    ("x = log(a)\nlog(x, x)\nx = log(b)\nlog(x, x)", "y = log(a)\nlog(y, y)\nz = log(b)\nlog(y, y)"),
    (
        "x = 1\ntry:\n    x = log(a)\nexcept KeyError:\n    pass\nreturn x",
        "x = 1\ntry:\n    y = log(a)\nexcept KeyError:\n    pass\nreturn x",
    ),
    (
        "x = 1\ntry:\n    x = 2\n    log(a)\nfinally:\n    log(x)",
        "x = 1\ntry:\n    y = 2\n    log(a)\nfinally:\n    log(x)",
    ),
    (
        "x = 1\ntry:\n    x = 2\n    log(a)\nexcept KeyError:\n    log(x)",
        "x = 1\ntry:\n    log(a)\n    x = 2\nexcept KeyError:\n    log(x)",
    ),
    ("x = 1\nwith log(a):\n    x = 2\n    log(b)\nreturn x", "x = 1\nwith log(a):\n    log(b)\nreturn x"),
    ("x = 1\nfor y in xs:\n    log(x)\n    x = y", "x = 1\nfor y in xs:\n    log(x)\n    z = y"),
    (
        "x = 1\nfor y in xs:\n    if y:\n        x = 2\n        break\n    x = 3\nreturn x",
        "x = 1\nfor y in xs:\n    if y:\n        break\n    x = 3\nreturn x",
    ),
    (
        "x = 1\nfor y in xs:\n    log(x)\n    if y:\n        x = 2\n        continue\n    x = 3",
        "x = 1\nfor y in xs:\n    log(x)\n    if y:\n        continue\n    x = 3",
    ),
    (
        "x = 1\nfor y in xs:\n    for z in y:\n        log(z)\n    else:\n        x = 2\n        break\n    x = 3\nreturn x",
        "x = 1\nfor y in xs:\n    for z in y:\n        log(z)\n    else:\n        x = 5\n        break\n    x = 3\nreturn x",
    ),
    (
        "x = 1\nwhile a():\n    x = 2\nelse:\n    log(x)\nreturn x",
        "x = 1\nwhile a():\n    y = 2\nelse:\n    log(x)\nreturn x",
    ),
    (
        "for x in xs:\n    if a(x):\n        x = b\n    log(x, x)",
        "for x in xs:\n    y = b if a(x) else x\n    log(x, y)",
    ),
    ("if a:\n    x = 1\nelif b:\n    x = 1\nelse:\n    x = 2\nlog(x)", "log(1 if a and b else 2)"),
    (
        "x = 1\ndef g():\n    return x\nlog(g())\nx = 2\nlog(g())",
        "y = 1\ndef g():\n    return y\nlog(g())\nx = 2\nlog(g())",
    ),
    // Functions and classes of Python.
    ("return getattr(a, b)", "return a.b"),
    ("return getattr(a, 'b', None)", "return a.b"),
    ("log(dict(x=1))", "log({'y': 1})"),
    ("with open(a, 'w') as f:\n    log(f)", "with open(a) as f:\n    log(f)"),
    ("for x in range(1, 3):\n    log(x)", "for x in range(3):\n    log(x)"),
    (
        "#file\nimport contextlib\ntry:\n    print(open('a').read())\nexcept Exception:\n    pass\n",
        "#file\nimport contextlib\nwith contextlib.suppress(OSError):\n    print(open('a').read())\n",
    ),
    (
        "#file\nimport contextlib\nprint(open('a').read())\n",
        "#file\nimport contextlib\nwith contextlib.suppress(OSError):\n    print(open('a').read())\n",
    ),
    ("with log(a) as x:\n    with log(b) as y:\n        log(x, y)", "with log(b) as y, log(a) as x:\n    log(x, y)"),
    ("for x in xs:\n    if x > a:\n        a = x\nreturn a", "for x in xs:\n    a = min(a, x)\nreturn a"),
    ("for x in xs:\n    if x >= a:\n        a = x\nreturn a", "for x in xs:\n    a = max(a, x)\nreturn a"),
    ("return a == None", "return a is None"),
    ("x = 1\nlog(eval(b))", "log(eval(b))"),
    ("x = 1\ny = 2\nlog(eval(b))", "x = 1\nz = 2\nlog(eval(b))"),
    // Conditions.
    ("if a < b:\n    log(1)", "if a <= b:\n    log(1)"),
    ("if not a < b:\n    log(1)", "if a >= b:\n    log(1)"),
    ("if a < b:\n    log(1)\nelse:\n    log(2)", "if a >= b:\n    log(2)\nelse:\n    log(1)"),
    ("if a and b:\n    log(1)", "if a or b:\n    log(1)"),
    ("if a and b:\n    log(1)", "if b and a:\n    log(1)"),
    ("if not (a and b):\n    log(1)", "if not a and not b:\n    log(1)"),
    ("return not a == b", "return a != b"),
    ("return not not a", "return a"),
    ("if a is b:\n    log(1)", "if a == b:\n    log(1)"),
    ("if a is None:\n    log(1)", "if not a:\n    log(1)"),
    ("if a == 'x':\n    log(1)", "if a in 'x':\n    log(1)"),
    ("if a:\n    log(1)\nelif b:\n    log(2)", "if a:\n    log(1)\nif b:\n    log(2)"),
    ("if a:\n    if b:\n        log(1)\n    else:\n        log(2)", "if a and b:\n    log(1)\nelse:\n    log(2)"),
    ("if len(xs) > 2:\n    log(1)", "if len(xs) >= 2:\n    log(1)"),
    ("return a if b else d", "return d if b else a"),
    ("return a or b", "return b if a is None else a"),
    ("return a() if a() else b", "return a() or b"),
    ("if a < b < 3:\n    log(1)", "if a < b <= 3:\n    log(1)"),
    ("assert a", "log(a)"),
    // Exits and order.
    ("for x in xs:\n    if x:\n        break\n    log(x)", "for x in xs:\n    if x:\n        continue\n    log(x)"),
    ("for x in xs:\n    if x:\n        return\n    log(x)", "for x in xs:\n    if x:\n        continue\n    log(x)"),
    ("for x in xs:\n    log(x)\n    return a", "for x in xs:\n    log(x)\nreturn a"),
    ("if a:\n    log(1)\nlog(2)", "if a:\n    log(1)\n    return\nlog(2)"),
    ("log(a)\nlog(b)", "log(b)\nlog(a)"),
    ("if a:\n    return 1\nreturn 2", "if a:\n    return 2\nreturn 1"),
    ("if a:\n    return 1\nlog(b)", "log(b)\nif a:\n    return 1"),
    ("return None", "return False"),
    ("return", "return 0"),
    ("for x in xs:\n    if x:\n        break\nelse:\n    log(1)", "for x in xs:\n    if x:\n        break\nlog(1)"),
    ("while a:\n    log(1)", "if a:\n    log(1)"),
    ("while True:\n    log(b)\n    if a():\n        break", "while not a():\n    log(b)"),
    ("return 1\nyield 2", "return 1"),
    ("if a:\n    log(x)\n    x = 1\nreturn\nx = 2", "if a:\n    log(x)\n    x = 1\nreturn"),
    // Errors.
    ("try:\n    log(a)\nexcept ValueError:\n    pass", "log(a)"),
    ("try:\n    log(a)\nexcept ValueError:\n    pass", "try:\n    log(a)\nexcept Exception:\n    pass"),
    (
        "try:\n    x = log(a)\nexcept ValueError:\n    return\nlog(x)",
        "try:\n    log(log(a))\nexcept ValueError:\n    return",
    ),
    ("x = d[a]\ntry:\n    log(x)\nexcept KeyError:\n    pass", "try:\n    log(d[a])\nexcept KeyError:\n    pass"),
    ("try:\n    return log(a)\nfinally:\n    log(b)", "try:\n    return log(a)\nfinally:\n    return log(b)"),
    (
        "try:\n    log(a)\nexcept ValueError:\n    raise",
        "try:\n    log(a)\nexcept ValueError as error:\n    raise error",
    ),
    (
        "try:\n    log(a)\n    log(b)\nexcept ValueError:\n    pass",
        "try:\n    log(a)\nexcept ValueError:\n    pass\nelse:\n    log(b)",
    ),
    (
        "x = []\ntry:\n    x = []\n    for y in xs:\n        x.append(log(y))\nexcept ValueError:\n    pass\nreturn x",
        "x = []\ntry:\n    x = [log(y) for y in xs]\nexcept ValueError:\n    pass\nreturn x",
    ),
    ("return d[a]", "return d.get(a)"),
    ("return d.get(a, 0)", "return d.get(a, 1)"),
    ("return d.get(a)", "return d.get(a, '')"),
    ("x = int(a)\nprint(1)\nlog(x)", "print(1)\nlog(int(a))"),
    ("x = int(a)\nif b:\n    log(x)", "if b:\n    log(int(a))"),
    // Values.
    ("return a + b", "return b + a"),
    ("return a - b", "return b - a"),
    ("return a / 2", "return a // 2"),
    ("return 1", "return 1.0"),
    ("return 0o10", "return 10"),
    ("return 'a'", "return b'a'"),
    ("return r'\\n'", "return '\\n'"),
    ("return (1,)", "return [1]"),
    ("return {1}", "return {1: 1}"),
    ("return xs[1:]", "return xs[:1]"),
    ("return xs[::2]", "return xs[:2]"),
    ("return -a", "return ~a"),
    ("xs += d\nreturn xs", "xs = xs + d\nreturn xs"),
    ("xs += [1]\nreturn xs", "xs = xs + [1]\nreturn xs"),
    ("log(a=1)", "log(b=1)"),
    ("log(*xs)", "log(xs)"),
    ("log(a, b)", "log(b, a)"),
    ("return True", "return 'True'"),
    // Texts.
    ("return f'{a}'", "return f'{a!r}'"),
    ("return f'{a:5}'", "return f'{a:6}'"),
    ("return f'{a}{b}'", "return f'{b}{a}'"),
    ("return '%s' % a", "return f'{a}'"),
    ("return '%d' % (a,)", "return f'{a}'"),
    ("return 'x' + a", "return f'x{a}'"),
    ("return '{a}'", "return f'{a}'"),
    ("return '{{a}}'.format(a)", "return '{{a}}'"),
    ("print(a, b)", "print(f'{a}{b}')"),
    ("print(a, b, sep='')", "print(f'{a} {b}')"),
    ("return '{0} {0}'.format(log(a))", "return f'{log(a)} {log(a)}'"),
    ("return '%s %s' % (xs, xs.pop())", "return f'{xs} {xs.pop()}'"),
    (
        "#file\nimport enum\ndef f(x):\n    return '%s' % (x,)\nf(1)\n",
        "#file\nimport enum\ndef f(x):\n    return f'{x}'\nf(1)\n",
    ),
    // Temporaries.
    ("x = log(a)\nlog(b)\nreturn x", "log(b)\nreturn log(a)"),
    ("x = log(a)\nreturn x + x", "return log(a) + log(a)"),
    ("x = a.b\nlog(a)\nreturn x", "log(a)\nreturn a.b"),
    ("x = xs[0]\nxs.pop()\nreturn x", "xs.pop()\nreturn xs[0]"),
    ("x = a\na = b\nreturn x", "a = b\nreturn a"),
    ("x = []\nfor y in xs:\n    x.append(y)\n    log(x)", "for y in xs:\n    x = []\n    x.append(y)\n    log(x)"),
    ("x = []\nlog(x)\nlog(x)", "log([])\nlog([])"),
    ("x = len(xs)\nxs.append(1)\nreturn x", "xs.append(1)\nreturn len(xs)"),
    ("x = log(a)\nfor y in xs:\n    log(x)", "for y in xs:\n    log(log(a))"),
    ("x = log(a)\nif b:\n    log(x)", "if b:\n    log(log(a))"),
    ("x = log(a)\nreturn b and x", "return b and log(a)"),
    ("x = log(a)\nreturn lambda: x", "return lambda: log(a)"),
    ("a, b = b, a\nreturn a, b", "a = b\nb = a\nreturn a, b"),
    ("x = sys.stdin.read()\nlog(sys.stdin.read())\nreturn x", "log(sys.stdin.read())\nreturn sys.stdin.read()"),
    ("out = []\nfor x in xs:\n    out.append(lambda: x)\nreturn out", "return [lambda: y for y in xs]"),
    ("x = iter(xs)\ny = list(x)\nz = list(x)\nreturn y, z", "x = iter(xs)\nz = list(x)\ny = list(x)\nreturn y, z"),
    ("x = (y for y in xs)\nlog(b)\nreturn list(x)", "log(b)\nreturn list(y for y in xs)"),
    // Functions, constants, scopes.
    (
        "#file\ndef f(x, y=[]):\n    y.append(x)\n    return y\nf(1)\n",
        "#file\ndef f(x, y=None):\n    y = []\n    y.append(x)\n    return y\nf(1)\n",
    ),
    (
        "#file\nN = 0\ndef f():\n    global N\n    N = 1\nf()\nprint(N)\n",
        "#file\nN = 0\ndef f():\n    N = 1\nf()\nprint(N)\n",
    ),
    (
        "#file\ndef f(x, y):\n    return x - y\nprint(f(1, 2))\n",
        "#file\ndef f(x, y):\n    return x - y\nprint(f(2, 1))\n",
    ),
    (
        "#file\ndef main(a):\n    print(a.x() - a.y())\nmain(1)\n",
        "#file\ndef sub(p, q):\n    return q - p\ndef main(a):\n    print(sub(a.y(), a.x()))\nmain(1)\n",
    ),
    ("#file\ndef main(a):\n    print(a)\nmain(1)\n", "#file\nLIMIT = 3\ndef main(a):\n    print(LIMIT)\nmain(1)\n"),
    (
        "#file\ndef f(x):\n    return x in ['a']\nf(1)\n",
        "#file\nK = ['a']\nK.append('b')\ndef f(x):\n    return x in K\nf(1)\n",
    ),
    (
        "#file\ndef f():\n    return []\nf().append(1)\nprint(f())\n",
        "#file\nE = []\ndef f():\n    return E\nf().append(1)\nprint(f())\n",
    ),
    (
        "#file\ndef f():\n    return len('a')\nprint(f())\n",
        "#file\nlen = str\ndef f():\n    return len('a')\nprint(f())\n",
    ),
    ("#file\nimport a\nprint(a.x)\n", "#file\nimport b as a\nprint(a.x)\n"),
    ("#file\nimport json\nprint(1)\n", "#file\nimport evil\nimport json\nprint(1)\n"),
    ("#file\nprint(1)\n", "#file\ndef print(x):\n    pass\nprint(1)\n"),
    ("#file\ndef main():\n    print(1)\nmain()\n", "#file\nmain()\ndef main():\n    print(1)\n"),
    (
        "#file\nimport functools\ndef f(x):\n    return x\nf(1)\n",
        "#file\nimport functools\n@functools.cache\ndef f(x):\n    return x\nf(1)\n",
    ),
    ("#file\ndef f(x, y):\n    return x\nf(x=1, y=2)\n", "#file\ndef f(y, x):\n    return x\nf(x=1, y=2)\n"),
    ("#file\n#!/usr/bin/python3\nprint(1)\n", "#file\n#!/usr/bin/evil\nprint(1)\n"),
    ("#file\nasync def f(x):\n    return 1\n", "#file\ndef f(x):\n    return 1\n"),
    (
        "#file\nclass A:\n    x = 1\n    def f(self):\n        return x\nx = 2\nA().f()\n",
        "#file\nclass A:\n    y = 1\n    def f(self):\n        return y\nx = 2\nA().f()\n",
    ),
    ("x = 1\ndef g():\n    nonlocal x\n    x = 2\ng()\nreturn x", "x = 1\ndef g():\n    x = 2\ng()\nreturn x"),
    (
        "match a:\n    case 1:\n        log(1)\n    case x:\n        log(x)",
        "match a:\n    case 1:\n        log(1)\n    case _:\n        log(a)",
    ),
    (
        "for x in xs:\n    log(x)\nfor x in d:\n    log(x, x)\nreturn x",
        "for x in xs:\n    log(x)\nfor y in d:\n    log(y, y)\nreturn x",
    ),
    ("for x in xs:\n    log(x)\nfor x in x:\n    log(x, x)", "for x in xs:\n    log(x)\nfor y in d:\n    log(y, y)"),
    (
        "while a:\n    log(x)\n    for x in xs:\n        log(x, x)",
        "while a:\n    log(x)\n    for y in xs:\n        log(y, y)",
    ),
    ("x = 1\nfor x in xs:\n    log(x)\nelse:\n    log(x)", "x = 1\nfor y in xs:\n    log(y)\nelse:\n    log(x)"),
    ("#file\nx = 1\ndef f():\n    print(x)\nf()\n", "#file\ny = 1\ndef f():\n    print(x)\nf()\n"),
    (
        "#file\ndef f(x):\n    print(f'{x} of 64', x)\nf(2)\n",
        "#file\nMOST = 65\ndef f(x):\n    print(f'{x} of {MOST}', x)\nf(2)\n",
    ),
    // Functions that something outside calls, and programs that look at themselves.
    (
        "#file\nimport shutil\ndef run(src, dst):\n    shutil.copy(src, dst)\n",
        "#file\nimport shutil\ndef run(dst, src):\n    shutil.copy(dst, src)\n",
    ),
    (
        "#file\nimport sys\ndef f(a):\n    return a + 'safe'\nprint(f(sys.argv[1]))\n",
        "#file\nimport sys\nsep = 'safe'\ndef f(a):\n    return a + sep\nfrom os.path import *\nprint(f(sys.argv[1]))\n",
    ),
    ("#file\nimport os\ndef run(p):\n    os.remove(p)\n", "#file\nimport os\n"),
    (
        "#file\n'Usage: x [--n=<n>]  [default: 1]'\nimport parse\nprint(parse.of(__doc__))\n",
        "#file\n'Usage: x [--n=<n>]  [default: 9]'\nimport parse\nprint(parse.of(__doc__))\n",
    ),
    (
        "p = 0\ntry:\n    p, q = 1, int(a)\nexcept ValueError:\n    pass\nreturn p",
        "p = 0\ntry:\n    p = 1\n    q = int(a)\nexcept ValueError:\n    pass\nreturn p",
    ),
    (
        "#file\nfs = []\nfor i in range(3):\n    j = i\n    fs.append(lambda: j)\nprint([f() for f in fs])\n",
        "#file\ndef make(j):\n    return lambda: j\nfs = []\nfor i in range(3):\n    fs.append(make(i))\nprint([f() for f in fs])\n",
    ),
    // Loops and collections.
    ("out = []\nfor x in xs:\n    out.append(x)\nlog(x)\nreturn out", "out = [y for y in xs]\nlog(x)\nreturn out"),
    ("out = []\nfor x in xs:\n    out.append(len(out))\nreturn out", "out = [len(out) for x in xs]\nreturn out"),
    ("out = [a]\nfor x in xs:\n    out.append(x)\nreturn out", "out = [x for x in xs]\nreturn out"),
    ("return [x for x in xs if x]", "return [x for x in xs if not x]"),
    ("return [x for x in xs]", "return {x for x in xs}"),
    ("return [x for x in xs]", "return (x for x in xs)"),
    ("return [y for x in xs for y in x]", "return [y for y in xs for x in y]"),
    ("return any([log(x) for x in xs])", "return any(log(x) for x in xs)"),
    ("if a in d:\n    d[a] += b\nelse:\n    d[a] = b", "d[a] = d.get(a, 1) + b"),
    ("if a in d:\n    d[a] += b\nelse:\n    d[a] = 1", "d[a] = d.get(a, 0) + b"),
    ("if a in d:\n    d[a] += log(b)\nelse:\n    d[a] = log(b)", "d[a] = d.get(a, 0) + log(a)"),
    ("if a in ('x', 'y'):\n    log(1)", "if a in ('x',):\n    log(1)"),
    ("if a in ('x'):\n    log(1)", "if a in ('x',):\n    log(1)"),
    ("if log(a) == 1 or log(a) == 2:\n    return 1", "if log(a) in (1, 2):\n    return 1"),
    ("for i, x in enumerate(xs):\n    log(i + 1, x)", "for i, x in enumerate(xs, start=2):\n    log(i, x)"),
    (
        "for i, x in enumerate(xs):\n    log(i + 1, x)\nlog(i)",
        "for i, x in enumerate(xs, start=1):\n    log(i, x)\nlog(i)",
    ),
    ("for x in ('p', 'q'):\n    log(x)", "log('q')\nlog('p')"),
    ("for x in ('p', 'q'):\n    if a:\n        break\n    log(x)", "if not a:\n    log('p')\nif not a:\n    log('q')"),
    ("with log(a) as x:\n    return x", "x = log(a)\nreturn x"),
    ("with log(a), log(b):\n    return 1", "with log(b), log(a):\n    return 1"),
    ("del d[a]\nlog(d)", "log(d)"),
    ("d[a] = b\nreturn d", "d[b] = a\nreturn d"),
    ("for x in xs:\n    xs = b\n    log(x)", "for x in b:\n    log(x)"),
];
