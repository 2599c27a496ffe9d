//! Tests of the readers, and tests that all consumers get the same answer.

use super::WhenRun::{self, Always, Perhaps, WhenCalled};
use super::{javascript, python};
use crate::domain::source::{Language, nodes, text};
use tree_sitter::Node;

/// Imports of Python of every sort, for all consumers: `requests`, `yaml`, `rich` and `httpx` are needed, `rich` when a
/// function is called; `numpy` and `psutil` may be absent.
pub(crate) const PYTHON_IMPORTS: &str = "import os.\\\n  path, yaml as y\nfrom requests import get as fetch\n\
    with suppress(ImportError):\n    import numpy\ndef later():\n    import rich\nclass C:\n    import httpx\n\
    if later:\n    def maybe():\n        import psutil\nfetch('https://a.example')\n";

/// The same for TypeScript: `axios`, `express` and `zod` are needed, `zod` when a function is called; `chalk` and
/// `lodash` may be absent, and `types` disappears.
pub(crate) const TYPESCRIPT_IMPORTS: &str = "import type { T } from 'types';\nimport old = require('axios');\n\
    const app = require(/* why */ `express`).app;\nconst c = old && require('chalk');\n\
    function later() { return require('zod'); }\nswitch (old) { case 1: require('lodash'); }\n";

/// Bound names, with their targets.
type Names = Vec<(String, String)>;

/// Each Python import: the module as written, its bindings, and when it runs.
fn python_imports(source: &str) -> Vec<(String, Names, WhenRun)> {
    let tree = Language::Python.parse(source).unwrap();
    let found = python::imports::imports(tree.root_node(), source).into_iter().map(|(import, when)| {
        let names = import.bindings().into_iter().map(|(name, path)| (name.to_owned(), path));
        (import.written(), names.collect(), when)
    });
    found.collect()
}

/// Each JavaScript or TypeScript module, and when it is imported.
fn modules(source: &str, language: Language) -> Vec<(String, WhenRun)> {
    let tree = language.parse(source).unwrap();
    let found = javascript::imports::imports(tree.root_node(), source).into_iter();
    found.filter(|(import, _)| !import.is_type_only).map(|(import, when)| (import.module, when)).collect()
}

fn expected(list: &[(&str, WhenRun)]) -> Vec<(String, WhenRun)> {
    list.iter().map(|(module, when)| ((*module).to_owned(), *when)).collect()
}

#[test]
fn imports_of_python_bind_names_of_what_they_take() {
    let source = "\"\"\"import nothing\"\"\"\nimport os, requests.adapters as r; import yaml . nodes\nfrom bs4 import (\n  \
                  A as B,  # why\n  C,\n)\nfrom . import own\nfrom .. up.x import *\nfrom __future__ import annotations\n\
                  import os.\\\n  path\nimport \u{1d528}eyword\ntext = '''\nimport quoted\n'''\n";
    let bound: Vec<String> = python_imports(source)
        .into_iter()
        .map(|(module, names, when)| {
            assert_eq!(when, Always, "{module}");
            let names: Vec<String> = names.into_iter().map(|(name, path)| format!("{name}={path}")).collect();
            format!("{module}: {}", names.join(" "))
        })
        .collect();
    let expected = [
        "os: os=os",
        "requests.adapters: r=requests.adapters",
        "yaml.nodes: yaml=yaml",
        "bs4: B=bs4.A C=bs4.C",
        ".: own=..own",
        "..up.x: ",
        "__future__: annotations=__future__.annotations",
        "os.path: os=os",
        "keyword: \u{1d528}eyword=keyword",
    ];
    assert_eq!(bound, expected);
}

#[test]
fn an_import_of_python_runs_always_perhaps_or_when_its_function_is_called() {
    let source = "import a\nclass C:\n    import b\ndef f():\n    import c\n    if x:\n        import d\ntry:\n    import e\n\
                  except ImportError:\n    import f\nif x: import g\nwith suppress(ImportError):\n    import h\n\
                  for x in y:\n    def g():\n        import i\nmatch x:\n    case 1:\n        import j\n";
    let found: Vec<(String, WhenRun)> =
        python_imports(source).into_iter().map(|(module, _, when)| (module, when)).collect();
    let list = [
        ("a", Always),
        ("b", Always),
        ("c", WhenCalled),
        ("d", Perhaps),
        ("e", Perhaps),
        ("f", Perhaps),
        ("g", Perhaps),
        ("h", Perhaps),
        ("i", Perhaps),
        ("j", Perhaps),
    ];
    assert_eq!(found, expected(&list));
}

#[test]
fn modules_of_javascript_are_taken_always_perhaps_or_when_their_function_is_called() {
    let source = "import a from 'a'; import 'side'; export * from \"./out.js\";\nconst {b} = require('b').c, d = \
                  require(`@x/d/e`)();\nrequire(/* why */ 'node:fs');\n// require('comment')\nconst s = \"require('no')\";\n\
                  try { require('optional') } catch {}\nfunction f() { require('later') }\nconst g = () => \
                  require('arrow');\nconst h = x ? require('perhaps') : null;\nrequire(name); require(`a${b}`);\n\
                  const i = require('left') || require('right'), j = require('one') + require('two');\n\
                  if (require('asked').x) require('then');\nfor (const x of require('list')) require('round');\n\
                  class A extends require('base') { m() { require('method') } }\nawait import('dyn\\x61mic');\n";
    let list = [
        ("a", Always),
        ("side", Always),
        ("./out.js", Always),
        ("b", Always),
        ("@x/d/e", Always),
        ("node:fs", Always),
        ("optional", Perhaps),
        ("later", WhenCalled),
        ("arrow", WhenCalled),
        ("perhaps", Perhaps),
        ("left", Always),
        ("right", Perhaps),
        ("one", Always),
        ("two", Always),
        ("asked", Always),
        ("then", Perhaps),
        ("list", Always),
        ("round", Perhaps),
        ("base", Always),
        ("method", WhenCalled),
        ("dynamic", Always),
    ];
    assert_eq!(modules(source, Language::JavaScript), expected(&list));
    let typed = "import type {T} from 'types';\nexport type {U} from 'others';\nimport {x, type Y} from './x.ts';\n\
                 import old = require('old');\nconst y: number = require('y');\n";
    let list = [("./x.ts", Always), ("old", Always), ("y", Always)];
    assert_eq!(modules(typed, Language::TypeScript), expected(&list));
}

#[test]
fn imports_of_javascript_bind_names_of_what_they_take() {
    let bound = |source: &str| {
        let tree = Language::TypeScript.parse(source).unwrap();
        let statement = tree.root_node().named_child(0).unwrap();
        let import = javascript::imports::of_node(statement, source)
            .or_else(|| javascript::imports::of_declarator(statement.named_child(0)?, source))
            .unwrap();
        let names = import.names.iter().map(|name| format!("{}={}", name.binds, name.path(import.plain_module())));
        names.collect::<Vec<_>>().join(" ")
    };
    for (source, expected) in [
        ("import a, * as b from 'm'", "a=m b=m"),
        ("import {default as a, b as c, d, 'e-f' as g} from 'node:m'", "a=m c=m.b d=m.d g=m.e-f"),
        ("import 'm'", ""),
        ("import a = require('m')", "a=m"),
        ("const a = require('m').b.c", "a=m.b.c"),
        ("const {a, b: c, 'd': e, f = 1, g: h = 2} = await import('m')", "a=m.a c=m.b e=m.d f=m.f h=m.g"),
        ("const {a} = (require('m') as any).b", "a=m.b.a"),
    ] {
        assert_eq!(bound(source), expected, "{source}");
    }
}

#[test]
fn a_text_of_python_says_what_python_reads() {
    let text = |source: &str| {
        let tree = Language::Python.parse(source).unwrap();
        let node = tree.root_node().named_child(0).unwrap().named_child(0).unwrap();
        python::text::fixed(node, source)
    };
    for (source, expected) in [
        (r"'a\x62\q'", r"ab\q"),
        (r"r'a\x62'", r"a\x62"),
        (r"b'\x61\u0061'", r"a\u0061"),
        ("'a' \"b\" r'''\\c'''", "ab\\c"),
        ("'{{a}}'", "{{a}}"),
        ("f'{{a}}'", "{a}"),
        ("''", ""),
    ] {
        assert_eq!(text(source).as_deref(), Some(expected), "{source}");
    }
    assert_eq!(text("f'a{b}'"), None);
    assert_eq!(text("f'a' f'{b!r}'"), None);
    assert_eq!(text("1"), None);
}

#[test]
fn a_text_of_javascript_says_what_javascript_reads() {
    let text = |source: &str| {
        let tree = Language::JavaScript.parse(source).unwrap();
        let node = tree.root_node().named_child(0).unwrap().named_child(0).unwrap();
        javascript::text::fixed(node, source)
    };
    for (source, expected) in [
        (r"('a\x62\q')", "abq"),
        (r#"("\u{61}")"#, "a"),
        (r"(`a\n'b'`)", "a\n'b'"),
        (r"('\uD83D\uDE00')", "\u{1f600}"),
        ("('')", ""),
    ] {
        let tree = Language::JavaScript.parse(source).unwrap();
        let node = tree.root_node().named_child(0).unwrap().named_child(0).unwrap().named_child(0).unwrap();
        assert_eq!(javascript::text::fixed(node, source).as_deref(), Some(expected), "{source}");
    }
    assert_eq!(text("`a${b}`"), None);
    assert_eq!(text("1"), None);
}

/// The lines (from 1) of the bindings of each read of a Python name, in the order of the text.
fn python_bindings(source: &str, name: &str) -> Vec<Vec<usize>> {
    let tree = Language::Python.parse(source).unwrap();
    let names = python::scope::PythonNames::of(tree.root_node(), source);
    let is_read = |node: &Node<'_>| {
        node.kind() == "identifier" && text(*node, source) == name && node.parent().unwrap().kind() == "argument_list"
    };
    let reads = nodes(tree.root_node()).filter(is_read);
    reads.map(|node| names.bindings(node).iter().map(|by| by.start_position().row + 1).collect()).collect()
}

#[test]
fn a_name_of_python_is_bound_by_the_rules_of_its_scopes() {
    for (source, expected) in [
        ("x = 1\ndef f():\n    x = 2\n    g(x)\ng(x)\n", vec![vec![3], vec![1]]),
        ("x = 1\ndef f(x):\n    g(x)\ndef h():\n    g(x)\n", vec![vec![2], vec![1]]),
        ("x = 1\nclass C:\n    x = 2\n    g(x)\n    def f(self):\n        g(x)\n", vec![vec![3], vec![1]]),
        ("x = 1\ndef f():\n    global x\n    x = 2\n    g(x)\ng(x)\n", vec![vec![1, 3, 4], vec![1, 3, 4]]),
        (
            "def f():\n    def h():\n        nonlocal x\n        x = 2\n    x = 1\n    g(x)\ng(x)\n",
            vec![vec![5, 3, 4], vec![]],
        ),
        ("x = 1\n[g(x) for x in g(x)]\n", vec![vec![2], vec![1]]),
        ("[y for z in w if g(x := z)]\ng(x)\n", vec![vec![1]]),
        ("def f():\n    import a as x\n    g(x)\ng(x)\n", vec![vec![2], vec![]]),
    ] {
        assert_eq!(python_bindings(source, "x"), expected, "{source}");
    }
}

/// The same for JavaScript.
fn javascript_bindings(source: &str, name: &str) -> Vec<Vec<usize>> {
    let tree = Language::JavaScript.parse(source).unwrap();
    let names = javascript::scope::JavaScriptNames::of(tree.root_node(), source);
    let is_read = |node: &Node<'_>| {
        node.kind() == "identifier" && text(*node, source) == name && node.parent().unwrap().kind() == "arguments"
    };
    let reads = nodes(tree.root_node()).filter(is_read);
    reads.map(|node| names.bindings(node).iter().map(|by| by.start_position().row + 1).collect()).collect()
}

#[test]
fn a_name_of_javascript_is_bound_by_the_rules_of_its_scopes() {
    for (source, expected) in [
        ("let x = 1;\n{ let x = 2;\ng(x) }\ng(x);\n", vec![vec![2], vec![1]]),
        ("if (y) {\nvar x = 2; }\ng(x);\n", vec![vec![2]]),
        ("g(x);\nfunction x() {}\n", vec![vec![2]]),
        ("const x = 1;\nfunction f(x) {\ng(x) }\nconst h = ({ x }) =>\ng(x);\n", vec![vec![2], vec![4]]),
        ("let x;\nfunction f() {\nx = 2 }\ng(x);\n", vec![vec![1, 3]]),
        ("function f() {\nx = 2 }\ng(x);\n", vec![vec![2]]),
        ("for (const x of g(x))\ng(x);\n", vec![vec![], vec![1]]),
        ("try {} catch (x) {\ng(x) }\ng(x);\n", vec![vec![1], vec![]]),
        ("import x, { y as z } from 'm';\ng(x);\n", vec![vec![1]]),
        ("const f = function x() {\ng(x) };\ng(x);\n", vec![vec![1], vec![]]),
        ("const { a: [x] = [] } = y;\ng(x);\nx++;\n", vec![vec![1, 3]]),
    ] {
        assert_eq!(javascript_bindings(source, "x"), expected, "{source}");
    }
}
