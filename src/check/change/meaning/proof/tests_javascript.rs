//! Pairs of programs in JavaScript and TypeScript that mean the same, and pairs that almost do.

use super::compare;
use crate::domain::source::Language;

/// A body stands in a function; what begins with `#` is a whole file.
fn program(text: &str) -> String {
    text.strip_prefix("#file\n").map_or_else(|| format!("function f(a, b, xs, d, log) {{\n{text}\n}}\n"), str::to_owned)
}

fn is_equal(old: &str, new: &str) -> bool {
    let (old, new) = (program(old), program(new));
    compare(&old, &new, Language::TypeScript, true).is_some_and(|proof| proof.is_equal)
}

#[test]
fn every_program_means_the_same_as_itself() {
    for (old, new) in SAME.iter().chain(OTHER) {
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
fn hostile_programs_end_the_proof() {
    let deep = format!("x = {}1{}\n", "(".repeat(400), ")".repeat(400));
    let nested = format!("{}{}", "if (a) {\n".repeat(200), "}".repeat(200));
    let chain = format!("x = a{};\n", "?.b(c)".repeat(500));
    let arrows = format!("x = {}1;\n", "a => ".repeat(300));
    for text in [deep, nested, chain, arrows, "function f( {\n".to_owned(), "\0\u{feff}`${".to_owned()] {
        let _ = compare(&text, &format!("{text}\ny = 1\n"), Language::JavaScript, true);
    }
}

/// The same, written in two ways.
const SAME: &[(&str, &str)] = &[
    ("for (let i = 3; i < a; i = i + 2) log(i);", "for (let i = 3; i < a; i += 2) log(i);"),
    ("let x = a; x = x / 2; log(x); log(x);", "let x = a; x /= 2; log(x); log(x);"),
    ("return Object.prototype.hasOwnProperty.call(a, b);", "return Object.hasOwn(a, b);"),
    ("let x = log(a); log(x, x); x = log(b); log(x, x);", "const y = log(a); log(y, y); const z = log(b); log(z, z);"),
    // Objects that are taken apart.
    ("const { p } = a.b; log(p, p);", "const p = a.b.p; log(p, p);"),
    ("const { p, q: r } = a; log(p, r);", "const p = a.p; const r = a.q; log(p, r);"),
    ("const { p: { q } } = a; log(q);", "const { q } = a.p; log(q);"),
    ("const { p, q } = log(a); log(p, q);", "const x = log(a); log(x.p, x.q);"),
    ("let { p } = a; p = p + 1; log(p);", "let p = a.p; p += 1; log(p);"),
    (
        "switch (a) { case 1: const x = log(1); log(x); break; default: log(2); }",
        "switch (a) { case 1: log(log(1)); break; default: log(2); }",
    ),
    ("console.log('a:', `${b}`);", "console.log(`a: ${b}`);"),
    ("console.log('a:', a.slice(1) + '…');", "console.log(`a: ${a.slice(1)}…`);"),
    ("if (a) { log('x', b.p); } else { log('x', b.q); }", "log('x', a ? b.p : b.q);"),
    // Names, types, layout.
    ("const x = a + 1; log(x); log(x, x);", "let total = a + 1;\nlog(total)\nlog(total, total)"),
    ("for (const x of xs) log(x);", "for (let item of xs) { log(item); }"),
    ("return xs.map(x => x.b);", "return xs.map((item) => { return item.b; });"),
    ("return xs.map(function (x) { return x.b; });", "return xs.map(x => x.b);"),
    ("log('a', \"b\")", "log(\"a\", 'b')"),
    ("return d['name'];", "return d.name;"),
    ("return 1_000;", "return 1000;"),
    ("const x: number = a as number; log(x, x);", "const y = a; log(y, y!);"),
    (
        "#file\ninterface A { b: string }\nfunction f(a: A): string { return a.b; }\nconsole.log(f({ b: 'x' }));\n",
        "#file\nfunction f(value) { return value.b; }\nconsole.log(f({ b: 'x' }));\n",
    ),
    (
        "#file\nimport fs from 'fs';\nimport { join } from 'node:path';\nconsole.log(fs.existsSync(join('a', 'b')));\n",
        "#file\nimport path from 'path';\nimport { existsSync } from 'node:fs';\nconsole.log(existsSync(path.join('a', 'b')));\n",
    ),
    (
        "#file\nconst fs = require('fs');\nconsole.log(fs.readFileSync('a', 'utf8'));\n",
        "#file\nconst { readFileSync: read } = require('node:fs');\nconsole.log(read('a', 'utf8'));\n",
    ),
    (
        "#file\nfunction a() { return 1; }\nfunction b() { return 2; }\nconsole.log(a(), b());\n",
        "#file\nfunction b() { return 2; }\nfunction a() { return 1; }\nconsole.log(a(), b());\n",
    ),
    // Conditions.
    ("if (!(a && b)) log(1);", "if (!a || !b) { log(1); }"),
    ("if (!(a === b)) log(1);", "if (a !== b) log(1);"),
    ("if (a > b) log(1);", "if (b < a) log(1);"),
    ("if (a) log(1); else log(2);", "if (!a) { log(2); } else { log(1); }"),
    ("if (a) { if (b) log(1); }", "if (a && b) log(1);"),
    ("a && log(1);", "if (a) log(1);"),
    ("if (a) return 1; else return 2;", "return a ? 1 : 2;"),
    ("if (a) { return 1; }\nreturn 2;", "return a ? 1 : 2;"),
    ("let x; if (a) { x = 1; } else { x = 2; } log(x);", "const x = a ? 1 : 2; log(x);"),
    ("let x = 2; if (a) x = 1; log(x);", "log(a ? 1 : 2);"),
    ("return a ? a : b;", "return a || b;"),
    ("if (a === 'x' || a === 'y') log(1);", "if (['y', 'x'].includes(a)) log(1);"),
    // Exits.
    ("for (const x of xs) { if (x) log(x); }", "for (const x of xs) { if (!x) continue; log(x); }"),
    ("if (a) { return 1; } else { log(b); return 2; }", "if (a) return 1;\nlog(b);\nreturn 2;"),
    ("if (a) { log(1); }", "if (!a) return;\nlog(1);"),
    ("log(a); return undefined;", "log(a);"),
    ("while (true) { if (a()) break; log(b); }", "while (!a()) log(b);"),
    ("if (a) { log(1); log(3); } else { log(2); log(3); }", "if (a) log(1); else log(2);\nlog(3);"),
    // Texts.
    ("log('a' + b + 'c');", "log(`a${b}c`);"),
    ("log(`plain`);", "log('plain');"),
    ("log('it\\'s');", "log(\"it's\");"),
    // Temporaries, functions, constants.
    ("const x = a.b; return log(x);", "return log(a.b);"),
    ("const x = a + 1; const y = x * 2; return y;", "return (a + 1) * 2;"),
    ("const x = a.trim(); const y = x.toLowerCase(); return y;", "return a.trim().toLowerCase();"),
    (
        "#file\nfunction f(x) { console.log(x + 1, x); }\nf(2);\n",
        "#file\nconst ONE = 1;\nfunction f(x) { console.log(x + ONE, x); }\nf(2);\n",
    ),
    (
        "#file\nfunction main(a) { console.log(a.b ? a.b : '.'); }\nmain(process.argv);\n",
        "#file\nfunction dot(t) { return t ? t : '.'; }\nfunction main(a) { console.log(dot(a.b)); }\nmain(process.argv);\n",
    ),
    (
        "#file\nfunction main(a) { console.log(a); console.log(1); console.log(a); }\nmain(process.argv);\n",
        "#file\nconst show = (t) => { console.log(t); console.log(1); };\nfunction main(a) { show(a); console.log(a); }\nmain(process.argv);\n",
    ),
    (
        "switch (a) { case 1: log(1); break; default: log(2); }",
        "switch (a) {\n  case 1:\n    log(1)\n    break\n  default:\n    log(2)\n}",
    ),
    ("const { x, y: z = 1 } = d; log(x, z);", "const { x: p, y: q = 1 } = d; log(p, q);"),
];

/// Almost the same: each of them can do something else.
const OTHER: &[(&str, &str)] = &[
    ("for (let i = 3; i < a; i = i + 2) log(i);", "for (let i = 3; i < a; i -= 2) log(i);"),
    ("for (let i = 3; i < a; i = 2 + i) log(i);", "for (let i = 3; i < a; i += 3) log(i);"),
    ("return Object.prototype.hasOwnProperty.call(a, b);", "return Object.hasOwn(b, a);"),
    ("let x = log(a); log(x, x); x = log(b); log(x, x);", "const y = log(a); log(y, y); const z = log(b); log(y, z);"),
    (
        "let x = 1; const g = () => x; log(g()); x = 2; log(g());",
        "const y = 1; const g = () => y; log(g()); let x = 2; log(g());",
    ),
    // Conditions.
    ("if (a < b) log(1);", "if (a <= b) log(1);"),
    ("if (!(a < b)) log(1);", "if (a >= b) log(1);"),
    ("if (a && b) log(1);", "if (a || b) log(1);"),
    ("if (a && b) log(1);", "if (b && a) log(1);"),
    ("if (a == b) log(1);", "if (a === b) log(1);"),
    ("if (a != null) log(1);", "if (a !== null) log(1);"),
    ("return a || b;", "return a ?? b;"),
    ("return a ?? b;", "return a ? a : b;"),
    ("return !!a;", "return a;"),
    ("return a?.b;", "return a.b;"),
    ("return a?.b(log(1));", "return a.b(log(1));"),
    ("const x = log(1); return a?.b(x);", "return a?.b(log(1));"),
    ("const x = log(1); return a?.b.c(x);", "return a?.b.c(log(1));"),
    ("const x = log(1); return a?.[x];", "return a?.[log(1)];"),
    ("const x = log(1); return a ?? x;", "return a ?? log(1);"),
    ("if (a) { if (b) log(1); else log(2); }", "if (a && b) log(1); else log(2);"),
    ("if (a) log(1); else if (b) log(2);", "if (a) log(1);\nif (b) log(2);"),
    ("if (a === 'x') log(1);", "if ('x'.includes(a)) log(1);"),
    ("if (a == 'x' || a == 'y') log(1);", "if (['y', 'x'].includes(a)) log(1);"),
    // Exits and order.
    ("for (const x of xs) { if (x) break; log(x); }", "for (const x of xs) { if (x) continue; log(x); }"),
    ("for (const x of xs) { if (x) return; log(x); }", "for (const x of xs) { if (x) continue; log(x); }"),
    ("for (const x of xs) log(x);", "for (const x in xs) log(x);"),
    ("for await (const x of xs) log(x);", "for (const x of xs) log(x);"),
    ("for (const x of xs) log(x);", "xs.forEach((x) => log(x));"),
    ("if (a) log(1);\nlog(2);", "if (a) { log(1); return; }\nlog(2);"),
    ("log(a); log(b);", "log(b); log(a);"),
    ("if (a) return 1;\nlog(b);", "log(b);\nif (a) return 1;"),
    ("return null;", "return undefined;"),
    ("return;", "return null;"),
    ("do { log(1); } while (a);", "while (a) { log(1); }"),
    ("for (let i = 0; i < a; i++) log(i);", "for (let i = 1; i < a; i++) log(i);"),
    ("for (let i = 0; i < a; i++) log(i);", "for (let i = 0; i <= a; i++) log(i);"),
    ("for (let i = 0; i < a; i++) log(i);", "for (let i = 0; i < a; i += 2) log(i);"),
    ("for (let i = 0; i < a; i++) log(() => i);", "for (var i = 0; i < a; i++) log(() => i);"),
    ("switch (a) { case 1: log(1); break; case 2: log(2); }", "switch (a) { case 1: log(1); case 2: log(2); }"),
    (
        "switch (a) { case 1: log(1); break; default: log(2); }",
        "switch (a) { case 2: log(1); break; default: log(2); }",
    ),
    ("switch (a) { case 1: { log(1); break; } }\nlog(b);", "switch (a) { case 1: { log(1); return; } }\nlog(b);"),
    (
        "let x = 1; switch (a) { case 1: let x = 2; log(x); }\nreturn x;",
        "let x = 1; switch (a) { case 1: x = 2; log(x); }\nreturn x;",
    ),
    // Errors.
    ("try { log(a); } catch { }", "log(a);"),
    ("try { log(a); } catch (e) { log(e); }", "try { log(a); } finally { log(b); }"),
    ("try { log(a); log(b); } catch { }", "try { log(a); } catch { }\nlog(b);"),
    ("throw new Error(a);", "return new Error(a);"),
    ("const x = await log(a); return x;", "const x = log(a); return x;"),
    ("return await log(a);", "return log(a);"),
    // Values.
    ("return a + b;", "return b + a;"),
    ("return a - b;", "return b - a;"),
    ("return 1;", "return '1';"),
    ("return 0x10;", "return 10;"),
    ("return [1, 2];", "return [2, 1];"),
    ("return { a: 1, b: 2 };", "return { b: 2, a: 1 };"),
    ("return { ...a, ...b };", "return { ...b, ...a };"),
    ("return { a };", "return { b: a };"),
    ("return [a, , b];", "return [a, b];"),
    ("return /a+/g;", "return /a+/;"),
    ("return '\\n';", "return '\\\\n';"),
    ("return `${a} ${b}`;", "return `${b} ${a}`;"),
    ("return `${a}`;", "return a;"),
    ("return a + 1 + 'x';", "return a + (1 + 'x');"),
    ("log(...xs);", "log(xs);"),
    ("return typeof a;", "return a;"),
    ("return a++;", "return ++a;"),
    ("a++; return a;", "a += 1; return a;"),
    ("a ||= b; return a;", "a = b; return a;"),
    ("delete d.a;", "d.a = undefined;"),
    ("return new Map(xs);", "return Map(xs);"),
    ("return tag`x`;", "return tag('x');"),
    ("return (log(a), b);", "return b;"),
    ("if (log(a), b) return 1;", "if (log(a)) return 1;"),
    // Temporaries and scopes.
    ("const x = log(a); log(b); return x;", "log(b); return log(a);"),
    ("const x = log(a); return x + x;", "return log(a) + log(a);"),
    ("const x = a.b; log(a); return x;", "log(a); return a.b;"),
    ("const x = xs.length; xs.push(1); return x;", "xs.push(1); return xs.length;"),
    ("const x = log(a); if (b) log(x);", "if (b) log(log(a));"),
    ("const x = log(a); return () => x;", "return () => log(a);"),
    ("const x = []; log(x); log(x);", "log([]); log([]);"),
    ("let x = 1; { let x = 2; log(x); } log(x);", "let x = 1; { x = 2; log(x); } log(x);"),
    ("let x = 1; { var y = 2; } return x + y;", "let x = 1; { let y = 2; } return x + y;"),
    ("const x = 1; x = 2; return x;", "let x = 1; x = 2; return x;"),
    ("const [p, q] = xs; return p - q;", "const [q, p] = xs; return p - q;"),
    ("const { p, q } = d; return p - q;", "const { p: q, q: p } = d; return p - q;"),
    ("const { p = 1 } = d; return p;", "const { p = 2 } = d; return p;"),
    ("const { p = 1 } = d; return p;", "const p = d.p ?? 1; return p;"),
    ("const { p } = d; return p;", "const { p = 1 } = d; return p;"),
    ("const { p, q } = log(a); return p + q;", "return log(a).p + log(a).q;"),
    ("const { [a]: p } = d; return p;", "const { a: p } = d; return p;"),
    ("const { p } = d; log(d); return p;", "log(d); return d.p;"),
    ("const { p } = d; return () => p;", "return () => d.p;"),
    (
        "switch (a) { case 1: let x = 1; log(x); default: x = 2; log(x); }",
        "switch (a) { case 1: let x = 1; log(x); default: let x2 = 2; log(x2); }",
    ),
    ("console.log('a:', b);", "console.log(`a: ${b}`);"),
    ("console.log('%s:', `${b}`);", "console.log(`%s: ${b}`);"),
    ("console.log(a, `${b}`);", "console.log(`${a} ${b}`);"),
    ("if (a) { log('x', b.p); } else { log('y', b.q); }", "log('x', a ? b.p : b.q);"),
    ("if (log(a)) { b.log(a.p); } else { b.log(a.q); }", "b.log(log(a) ? a.q : a.p);"),
    ("const { p, ...rest } = d; return rest;", "const { ...rest } = d; return rest;"),
    // Functions, classes, modules.
    ("return function () { return this.a; };", "return () => this.a;"),
    ("log(function () { return this.a; });", "log(() => this.a);"),
    ("log(function () { return arguments[0]; });", "log(() => arguments[0]);"),
    ("return async () => 1;", "return () => 1;"),
    ("return function* () { yield 1; };", "return function () { return 1; };"),
    ("return { get a() { return 1; } };", "return { a: 1 };"),
    ("return { a() { return this.b; } };", "return { a: () => this.b };"),
    (
        "#file\nfunction f(x, y = 1) { return x + y; }\nconsole.log(f(1));\n",
        "#file\nfunction f(x, y = 2) { return x + y; }\nconsole.log(f(1));\n",
    ),
    (
        "#file\nfunction f(x, y) { return x - y; }\nconsole.log(f(1, 2));\n",
        "#file\nfunction f(y, x) { return x - y; }\nconsole.log(f(1, 2));\n",
    ),
    (
        "#file\nexport function run(from, to) { copy(from, to); }\n",
        "#file\nexport function run(to, from) { copy(to, from); }\n",
    ),
    (
        "#file\nclass Set { has() { return true; } }\nif (new Set(['a', 'b']).has(x)) console.log(1);\n",
        "#file\nclass Set { has() { return true; } }\nif (['a', 'b'].includes(x)) console.log(1);\n",
    ),
    ("let x; x = g(() => x); return x;", "let x = g(() => x); return x;"),
    ("#file\nexport function f(x) { return x; }\n", "#file\nfunction f(x) { return x; }\n"),
    ("#file\nexport const a = 1;\n", "#file\nexport const b = 1;\n"),
    ("#file\nconst a = 1;\nexport { a };\n", "#file\nconst a = 1;\nexport { a as b };\n"),
    ("#file\nconst a = 1;\nexport default a;\n", "#file\nconst a = 1;\nexport { a };\n"),
    ("#file\nexport * from './a';\n", "#file\nexport * from './b';\n"),
    ("#file\nimport './a';\nconsole.log(1);\n", "#file\nconsole.log(1);\n"),
    ("#file\nimport a from 'a';\nconsole.log(a);\n", "#file\nimport a from 'b';\nconsole.log(a);\n"),
    ("#file\nimport a from 'a';\nconsole.log(a);\n", "#file\nimport { a } from 'a';\nconsole.log(a);\n"),
    ("#file\nimport a from 'test';\nconsole.log(a);\n", "#file\nimport a from 'node:test';\nconsole.log(a);\n"),
    (
        "#file\nimport a from './a.json' with { type: 'json' };\nconsole.log(a);\n",
        "#file\nimport a from './a.json';\nconsole.log(a);\n",
    ),
    ("#file\nconst a = require('./a');\nconsole.log(1);\n", "#file\nconsole.log(1);\nconst a = require('./a');\n"),
    ("#file\n#!/usr/bin/env node\nconsole.log(1);\n", "#file\n#!/usr/bin/evil\nconsole.log(1);\n"),
    ("#file\n'use strict';\nx = 1;\n", "#file\nx = 1;\n"),
    (
        "#file\nclass A { x = 1; f() { return this.x; } }\nnew A().f();\n",
        "#file\nclass A { x = 2; f() { return this.x; } }\nnew A().f();\n",
    ),
    ("#file\nclass A { static f() { return 1; } }\nA.f();\n", "#file\nclass A { f() { return 1; } }\nA.f();\n"),
    (
        "#file\nclass A extends B { f() { return 1; } }\nnew A().f();\n",
        "#file\nclass A extends C { f() { return 1; } }\nnew A().f();\n",
    ),
    (
        "#file\nclass A { constructor(private x: number) {} }\nnew A(1);\n",
        "#file\nclass A { constructor(x: number) {} }\nnew A(1);\n",
    ),
    ("#file\nenum A { X, Y }\nconsole.log(A.X);\n", "#file\nenum A { Y, X }\nconsole.log(A.X);\n"),
    ("#file\nlabel: for (const x of y) { break label; }\n", "#file\nfor (const x of y) { break; }\n"),
    ("#file\nconst t = <number>1;\nconsole.log(t);\n", "#file\nconst t = <number>2;\nconsole.log(t);\n"),
];
