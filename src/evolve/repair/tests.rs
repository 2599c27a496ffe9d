use super::super::answer::{Want, read};
use super::super::bundle::{Bundle, BundleFailure, BundleFile};
use super::{REPAIRS, repair, unknown_names};
use serde_json::json;

fn bundle(files: &[(&str, &str)]) -> Bundle {
    let file = |(path, text): &(&str, &str)| BundleFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
        left_out_bytes: 0,
    };
    Bundle {
        files: files.iter().map(file).collect(),
        entry: Some(files[0].0.to_owned()),
        ..Bundle::blank("tool", semver::Version::new(1, 0, 0))
    }
}

fn failing(bundle: Bundle, error: &str) -> Bundle {
    let failure =
        BundleFailure { error: "exit code 1".into(), output: format!("x\n{error}\n"), ..BundleFailure::default() };
    Bundle { failures: vec![failure], ..bundle }
}

fn json_tool(files: &[(&str, &str)]) -> Bundle {
    Bundle { output: Some(json!({"type": "object"})), ..bundle(files) }
}

/// The first file after all repairs, and the names of the repairs.
fn after(bundle: &Bundle) -> (String, Vec<String>) {
    let Some(repaired) = repair(bundle) else { return (bundle.files[0].text.clone(), Vec::new()) };
    assert_eq!(repair(bundle), Some(repaired.clone()), "the same every time");
    assert!(repaired.done.iter().all(|done| !done.said.contains('\n') && done.said.len() < 400), "{:?}", repaired.done);
    let (path, text) = repaired.answer.files[0].clone();
    assert_eq!(path, bundle.files[0].path);
    let again = Bundle { files: vec![BundleFile { path, text: text.clone(), left_out_bytes: 0 }], ..bundle.clone() };
    assert_eq!(repair(&again), None, "nothing is left to repair:\n{text}");
    (text, repaired.done.into_iter().map(|done| done.repair).collect())
}

/// Python code after all repairs.
fn python(text: &str) -> (String, Vec<String>) {
    after(&bundle(&[("tool.py", text)]))
}

fn imports(before: &str, expected: &str) {
    assert_eq!(python(before), (expected.to_owned(), vec!["import".to_owned()]), "{before}");
}

#[test]
fn a_missing_import_goes_where_imports_stand() {
    imports("print(json.dumps(1))\n", "import json\n\nprint(json.dumps(1))\n");
    imports("import sys\n\nprint(json.dumps(sys.argv))\n", "import json\nimport sys\n\nprint(json.dumps(sys.argv))\n");
    imports(
        "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\"\"\"Says it.\n\nMore.\n\"\"\"\nfrom __future__ import annotations\n\nx = re.sub('a', 'b', 'c')\n",
        "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\"\"\"Says it.\n\nMore.\n\"\"\"\nfrom __future__ import annotations\n\nimport re\n\nx = re.sub('a', 'b', 'c')\n",
    );
    imports(
        "\"\"\"Doc.\"\"\"\nimport os\nprint(math.pi, os)\n",
        "\"\"\"Doc.\"\"\"\nimport math\nimport os\nprint(math.pi, os)\n",
    );
    imports("# licence\n\n# prints\nprint(math.pi)\n", "# licence\n\nimport math\n\n# prints\nprint(math.pi)\n");
    imports(
        "#!/usr/bin/env python3\n# /// script\n# dependencies = []\n# ///\nprint(math.pi)\n",
        "#!/usr/bin/env python3\n# /// script\n# dependencies = []\n# ///\nimport math\n\nprint(math.pi)\n",
    );
    imports("import sys\r\nprint(os.sep, sys)\r\n", "import os\r\nimport sys\r\nprint(os.sep, sys)\r\n");
    imports("\u{feff}import sys\nprint(os.sep, sys)\n", "\u{feff}import os\nimport sys\nprint(os.sep, sys)\n");
}

#[test]
fn known_names_are_taken_out_of_their_modules() {
    imports(
        "import sys\nd = defaultdict(list)\nc: Counter = Counter()\np = Path('.')\n",
        "from collections import Counter, defaultdict\nfrom pathlib import Path\nimport sys\nd = defaultdict(list)\nc: Counter = Counter()\np = Path('.')\n",
    );
    imports("x = datetime.now()\n", "from datetime import datetime\n\nx = datetime.now()\n");
    imports("x = datetime.datetime.now()\n", "import datetime\n\nx = datetime.datetime.now()\n");
    imports(
        "x = datetime.now() - timedelta(days=1)\n",
        "from datetime import datetime, timedelta\n\nx = datetime.now() - timedelta(days=1)\n",
    );
    imports(
        "x = urllib.request.urlopen(urllib.parse.quote('a'))\n",
        "import urllib.parse\nimport urllib.request\n\nx = urllib.request.urlopen(urllib.parse.quote('a'))\n",
    );
    imports(
        "def f(a: Optional[str]) -> Any:\n    return a\n",
        "from typing import Any, Optional\n\ndef f(a: Optional[str]) -> Any:\n    return a\n",
    );
    imports("x = time.sleep(1)\n", "import time\n\nx = time.sleep(1)\n");
    imports("class A(Enum):\n    B = 1\n", "from enum import Enum\n\nclass A(Enum):\n    B = 1\n");
    imports(
        "@dataclass\nclass A:\n    b: int\n",
        "from dataclasses import dataclass\n\n@dataclass\nclass A:\n    b: int\n",
    );
    imports("print(f'{json.dumps(1)}')\n", "import json\n\nprint(f'{json.dumps(1)}')\n");
    imports(
        "def f():\n    import json\n    return json\ndef g():\n    return json.dumps(1)\n",
        "import json\n\ndef f():\n    import json\n    return json\ndef g():\n    return json.dumps(1)\n",
    );
}

#[test]
fn what_is_bound_or_in_doubt_is_left_alone() {
    for text in [
        "import json\nprint(json.dumps(1))\n",
        "import json as j\nfrom os import path as json\nprint(json.dumps(1))\n",
        "json = 1\nprint(json.x)\n",
        "def f(json):\n    return json.dumps(1)\n",
        "for json in []:\n    print(json.x)\n",
        "with open('a') as json:\n    print(json.x)\n",
        "try:\n    pass\nexcept OSError as json:\n    print(json.x)\n",
        "print([json.x for json in []])\n",
        "if (json := f()):\n    print(json.x)\n",
        "a, (b, *json) = f()\nprint(json.x)\n",
        "f = lambda json: json.x\n",
        "class json:\n    pass\nprint(json.x)\n",
        "def f():\n    global json\n    json = 1\ndef g():\n    return json.x\n",
        "match f():\n    case {'a': json}:\n        print(json.x)\n",
        "from helper import *\nprint(json.dumps(1))\n",
        "exec(code)\nprint(json.dumps(1))\n",
        "try:\n    json.x\nexcept NameError:\n    pass\n",
        "print('json.dumps(1)')  # json.dumps\n",
        "print(obj.json.dumps(1), f(json=1))\n",
        "print(string.upper())\n",
        "print(np.whatever, pd[0], requests.count)\n",
        "print(time.total)\n",
        "print(code.x, token.y, unknown.z)\n",
        "x = 1; print(json.dumps(x)\n",
        "print datetime.now()\n",
        "def f():\n    json.x\n\"\"\"not a docstring\"\"\"\nclass A:\n    def g(self): return 1\njson = 2\n",
    ] {
        assert_eq!(python(text), (text.to_owned(), Vec::new()), "{text}");
    }
    let own = bundle(&[("tool.py", "print(json.x)\n"), ("json.py", "")]);
    assert_eq!(repair(&own), None);
}

#[test]
fn showing_an_object_binds_no_name() {
    imports(
        "args = vars(argparse.ArgumentParser().parse_args())\nprint(os.path.exists(args['x']))\n",
        "import argparse\nimport os\n\nargs = vars(argparse.ArgumentParser().parse_args())\nprint(os.path.exists(args['x']))\n",
    );
    imports("h = getattr(hashlib, 'md5')()\n", "import hashlib\n\nh = getattr(hashlib, 'md5')()\n");
    imports(
        "import sys\nh = getattr(hashlib, sys.argv[1])()\n",
        "import hashlib\nimport sys\nh = getattr(hashlib, sys.argv[1])()\n",
    );
    let text = "vars()['os'] = 1\nprint(os.sep)\n";
    assert_eq!(python(text), (text.to_owned(), Vec::new()));
}

#[test]
fn a_name_that_a_failure_reports_is_told_where_nothing_is_repaired() {
    let told =
        failing(bundle(&[("tool.py", "print(helper())\n")]), "exit code 1: NameError: name 'helper' is not defined");
    assert_eq!(repair(&told), None);
    assert_eq!(unknown_names(&told), ["helper"]);
    assert!(unknown_names(&failing(bundle(&[("tool.py", "")]), "ValueError: bad")).is_empty());
}

#[test]
fn a_failure_settles_what_is_in_doubt() {
    let text = "from helper import *\nprint(json.dumps(1))\n";
    let (fixed, _) = after(&failing(bundle(&[("tool.py", text)]), "NameError: name 'json' is not defined"));
    assert_eq!(fixed, "import json\nfrom helper import *\nprint(json.dumps(1))\n");
}

#[test]
fn well_known_packages_are_declared_in_a_header() {
    let declared = |before: &str, expected: &str| {
        assert_eq!(python(before), (expected.to_owned(), vec!["dependency".to_owned()]), "{before}");
    };
    declared("import requests\n", "# /// script\n# dependencies = [\"requests\"]\n# ///\nimport requests\n");
    declared(
        "#!/usr/bin/env python3\n\"\"\"Doc.\"\"\"\nimport yaml\nfrom bs4 import BeautifulSoup\n",
        "#!/usr/bin/env python3\n# /// script\n# dependencies = [\"PyYAML\", \"beautifulsoup4\"]\n# ///\n\"\"\"Doc.\"\"\"\nimport yaml\nfrom bs4 import BeautifulSoup\n",
    );
    let block =
        |list: &str| format!("# /// script\n# requires-python = \">=3.11\"\n{list}# ///\nimport requests, rich\n");
    declared(&block("# dependencies = [\"rich>=1\"]\n"), &block("# dependencies = [\"rich>=1\", \"requests\"]\n"));
    declared(
        &block("# dependencies = [\n#   \"rich\"\n# ]\n"),
        &block("# dependencies = [\n#   \"rich\",\n#   \"requests\",\n# ]\n"),
    );
    declared(
        &block(""),
        "# /// script\n# dependencies = [\"requests\", \"rich\"]\n# requires-python = \">=3.11\"\n# ///\nimport requests, rich\n",
    );
    for text in [
        "try:\n    import requests\nexcept ImportError:\n    requests = None\n",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import requests\n",
        "# /// script\n# dependencies = [\n# ///\nimport requests\n",
        "import some_unknown_thing\n",
        "from . import requests\n",
        "import os, json\n",
    ] {
        assert_eq!(python(text), (text.to_owned(), Vec::new()), "{text}");
    }
    let declared = Bundle { dependencies: vec!["Requests>=2".into()], ..bundle(&[("tool.py", "import requests\n")]) };
    assert_eq!(repair(&declared), None);
    assert_eq!(repair(&bundle(&[("tool.py", "import requests\n"), ("requirements.txt", "requests==2\n")])), None);
    assert_eq!(repair(&bundle(&[("tool.py", "import requests\n"), ("requests/__init__.py", "")])), None);
}

#[test]
fn what_python_prints_becomes_json_where_json_is_declared() {
    let printed = |before: &str, expected: &str| {
        let made = after(&json_tool(&[("tool.py", before)]));
        assert_eq!(made, (expected.to_owned(), vec!["json-output".to_owned()]), "{before}");
        let undeclared = bundle(&[("tool.py", before)]);
        assert_eq!(repair(&undeclared), None, "{before}");
    };
    printed("import json\nprint({'a': 1})\n", "import json\nprint(json.dumps({'a': 1}))\n");
    printed(
        "import sys\nprint([1, 2], flush=True)\n",
        "import json\nimport sys\nprint(json.dumps([1, 2]), flush=True)\n",
    );
    printed("r = {}\nr['a'] = 1\nprint(r)\n", "import json\n\nr = {}\nr['a'] = 1\nprint(json.dumps(r))\n");
    printed("r = {}\nprint(str(r))\n", "import json\n\nr = {}\nprint(json.dumps(r))\n");
    printed(
        "import json\ndef f(n):\n    if n:\n        return {'a': n}\n    else:\n        raise ValueError(n)\ndef main():\n    result = f(1)\n    print(result)\nmain()\n",
        "import json\ndef f(n):\n    if n:\n        return {'a': n}\n    else:\n        raise ValueError(n)\ndef main():\n    result = f(1)\n    print(json.dumps(result))\nmain()\n",
    );
    for text in [
        "import json\nprint(json.dumps({'a': 1}))\n",
        "import sys\nprint({'a': 1}, file=sys.stderr)\n",
        "print('a', {'a': 1})\n",
        "print(unknown)\n",
        "r = {}\nr = 'text'\nprint(r)\n",
        "def f(r):\n    print(r)\n",
        "def f(n):\n    if n:\n        return {}\nprint(f(1))\n",
        "def f():\n    return {}\n    yield 1\nprint(f())\n",
        "def f():\n    def g():\n        return 1\n    return {}\ndef h():\n    return g({})\nprint(h())\n",
        "def print(x):\n    pass\nprint({})\n",
        "json = 1\nprint({})\n",
        "print(f'{ {} }')\n",
    ] {
        assert_eq!(after(&json_tool(&[("tool.py", text)])), (text.to_owned(), Vec::new()), "{text}");
    }
    let text = Bundle { output: Some(json!({"type": "string"})), ..bundle(&[("tool.py", "print({})\n")]) };
    assert_eq!(repair(&text), None);
}

#[test]
fn a_main_that_nothing_calls_is_called() {
    let called = |before: &str, expected: &str| {
        assert_eq!(python(before), (format!("{before}{expected}"), vec!["main-call".to_owned()]), "{before}");
    };
    let guard = "if __name__ == \"__main__\":\n";
    called("def main():\n    print(1)\n", &format!("\n\n{guard}    main()\n"));
    called("import sys\nX = 1\ndef main(argv=None):\n    print(1)", &format!("\n\n\n{guard}    main()\n"));
    called("def main() -> int:\n    return 0\n\n\n", &format!("{guard}    raise SystemExit(main())\n"));
    called("import asyncio\nasync def main():\n    pass\n", &format!("\n\n{guard}    asyncio.run(main())\n"));
    for text in [
        "def main():\n    pass\nmain()\n",
        "def main():\n    pass\nif __name__ == '__main__':\n    main()\n",
        "def main():\n    pass\nif __name__ == '__main__':\n    run()\n",
        "def main(argv):\n    pass\n",
        "async def main():\n    pass\n",
        "def main():\n    pass\nprint(1)\n",
        "def main():\n    pass\nrun = main\n",
        "class A:\n    def main(self):\n        pass\n",
        "def run():\n    pass\n",
    ] {
        assert_eq!(python(text), (text.to_owned(), Vec::new()), "{text}");
    }
    assert_eq!(repair(&bundle(&[("tool.py", "x = 1\n"), ("lib.py", "def main():\n    pass\n")])), None);
}

#[test]
fn an_encoding_is_named_where_a_failure_shows_another() {
    let ascii = "UnicodeDecodeError: 'ascii' codec can't decode byte 0xc3 in position 1";
    let text = "a = open('a').read()\nb = open(p, 'r', )\nc = open('c', 'rb')\nd = open('d', 'w')\ne = open('e', encoding='latin-1')\nf = p.read_text()\ng = os_open('g')\n";
    let (fixed, names) = after(&failing(bundle(&[("tool.py", text)]), ascii));
    let expected = "a = open('a', encoding=\"utf-8\").read()\nb = open(p, 'r', encoding=\"utf-8\", )\nc = open('c', 'rb')\nd = open('d', 'w')\ne = open('e', encoding='latin-1')\nf = p.read_text(encoding=\"utf-8\")\ng = os_open('g')\n";
    assert_eq!((fixed.as_str(), names), (expected, vec!["encoding".to_owned()]));
    let writes = "UnicodeEncodeError: 'charmap' codec can't encode character";
    let (fixed, _) = after(&failing(bundle(&[("tool.py", text)]), writes));
    assert_eq!(fixed, text.replace("'w')", "'w', encoding=\"utf-8\")"));
    for error in ["UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff", "ValueError: 'ascii'", ""] {
        assert_eq!(repair(&failing(bundle(&[("tool.py", text)]), error)), None, "{error}");
    }
    let own = "def open(x):\n    return x\na = open('a')\n";
    assert_eq!(repair(&failing(bundle(&[("tool.py", own)]), ascii)), None);
}

#[test]
fn the_first_line_is_repaired_where_a_failure_shows_it() {
    let exec = "Exec format error (os error 8)";
    let shell = "if [[ -n $1 ]]; then echo; fi\n";
    let made = |path: &str, text: &str, error: &str| after(&failing(bundle(&[(path, text)]), error)).0;
    assert_eq!(made("a.sh", shell, exec), format!("#!/usr/bin/env bash\n{shell}"));
    assert_eq!(made("a.py", "print(1)\n", exec), "#!/usr/bin/env python3\nprint(1)\n");
    let under_sh = format!("#!/bin/sh\n{shell}");
    assert_eq!(made("a.sh", &under_sh, "a.sh: 2: [[: not found"), format!("#!/usr/bin/env bash\n{shell}"));
    assert_eq!(made("a.sh", &under_sh, "a.sh: no such file"), under_sh);
    assert_eq!(made("a.sh", shell, "a.sh: 2: [[: not found"), shell);
    assert_eq!(repair(&bundle(&[("a.sh", shell)])), None);
}

#[test]
fn line_ends_of_windows_go_where_a_failure_shows_them() {
    let made = |path: &str, text: &str, error: &str| after(&failing(bundle(&[(path, text)]), error)).0;
    let shell = "#!/bin/bash\r\necho a\r\n";
    assert_eq!(made("a.sh", shell, "a.sh: line 2: $'\\r': command not found"), "#!/bin/bash\necho a\n");
    let python = "#!/usr/bin/env python3\r\nprint(1)\r\n";
    let error = "/usr/bin/env: 'python3\\r': No such file or directory";
    assert_eq!(made("a.py", python, error), "#!/usr/bin/env python3\nprint(1)\r\n");
    assert_eq!(made("a.sh", shell, "exit code 1"), shell);
}

#[test]
fn names_of_installed_packages_are_imported_and_need_no_header() {
    let with = |code: &str, installed: &[&str]| Bundle {
        installed: Some(installed.iter().map(|name| (*name).to_owned()).collect()),
        ..bundle(&[("a.py", code)])
    };
    for (code, imports) in [
        ("x = symbols('x')\nprint(solve(x**2 - 1, x), sqrt(2))\n", "from sympy import solve, sqrt, symbols\n"),
        ("print(pd.DataFrame([1]).anything, np[0])\n", "import numpy as np\nimport pandas as pd\n"),
        (
            "rows = DataFrame([1])\nprint(linspace(0, 1, 3), sympy.pi)\n",
            "from numpy import linspace\nfrom pandas import DataFrame\nimport sympy\n",
        ),
    ] {
        let (fixed, names) = after(&with(code, &["numpy", "pandas", "sympy"]));
        assert_eq!((fixed, names), (format!("{imports}\n{code}"), vec!["import".to_owned()]));
        assert_eq!(super::absent_packages(&with(code, &["numpy", "pandas", "sympy"])), "");
    }
    let (fixed, _) = after(&with("print(solve(1))\n", &["sympy"]));
    assert_eq!(fixed, "print(solve(1))\n", "it may be a function that was forgotten");
    let (fixed, _) = after(&failing(with("print(solve(1))\n", &["sympy"]), "NameError: name 'solve' is not defined"));
    assert_eq!(fixed, "from sympy import solve\n\nprint(solve(1))\n");
    let (fixed, _) = after(&with("print(sqrt(2))\n", &["sympy"]));
    assert_eq!(fixed, "from math import sqrt\n\nprint(sqrt(2))\n");
}

#[test]
fn a_package_that_is_not_installed_is_named() {
    let with = |code: &str| Bundle { installed: Some(vec!["numpy".to_owned()]), ..bundle(&[("a.py", code)]) };
    let code = "x = symbols('x')\nprint(x, DataFrame([x]))\n";
    assert_eq!(repair(&with(code)), None);
    assert_eq!(
        super::absent_packages(&with(code)),
        "DataFrame comes from the package pandas, which is not installed; \
         symbols comes from the package sympy, which is not installed"
    );
    let told = failing(with("import sympy\nprint(sympy.pi)\n"), "ModuleNotFoundError: No module named 'sympy'");
    assert_eq!(super::absent_packages(&told), "the package sympy is not installed");
    assert_eq!(super::absent_packages(&bundle(&[("a.py", code)])), "", "nobody looked");
}

#[test]
fn a_package_that_everybody_knows_is_imported_and_declared() {
    let (fixed, names) = python("print(np.mean([1]), requests.get('x').text)\n");
    let header = "# /// script\n# dependencies = [\"numpy\", \"requests\"]\n# ///\n";
    let expected =
        format!("{header}import numpy as np\nimport requests\n\nprint(np.mean([1]), requests.get('x').text)\n");
    assert_eq!((fixed, names), (expected, vec!["import".to_owned(), "dependency".to_owned()]));
}

#[test]
fn every_sort_of_import_that_is_needed_is_declared() {
    let (fixed, _) = python(crate::code::tests::PYTHON_IMPORTS);
    assert!(fixed.contains("# dependencies = [\"PyYAML\", \"httpx\", \"requests\", \"rich\"]\n"), "{fixed}");
}

#[test]
fn what_javascript_prints_becomes_json_where_json_is_declared() {
    let made = |path: &str, text: &str| after(&json_tool(&[(path, text)]));
    for (before, expected) in [
        ("console.log({a: 1});\n", "console.log(JSON.stringify({a: 1}));\n"),
        ("const r = [1];\nconsole.log(r);\n", "const r = [1];\nconsole.log(JSON.stringify(r));\n"),
        (
            "const r = [1];\nfunction f() { const r = 'x'; return r; }\nconsole.log(r);\n",
            "const r = [1];\nfunction f() { const r = 'x'; return r; }\nconsole.log(JSON.stringify(r));\n",
        ),
        ("const r: Result = {a: 1};\nconsole.log(r)\n", "const r: Result = {a: 1};\nconsole.log(JSON.stringify(r))\n"),
    ] {
        let path = if before.contains(':') && before.contains("Result") { "a.ts" } else { "a.js" };
        assert_eq!(made(path, before), (expected.to_owned(), vec!["script-output".to_owned()]), "{before}");
        assert_eq!(repair(&bundle(&[(path, before)])), None);
    }
    for text in [
        "console.log(JSON.stringify({a: 1}));\n",
        "console.error({a: 1});\n",
        "console.log('x', {a: 1});\n",
        "console.log(unknown);\n",
        "let r = {};\nr = 'text';\nconsole.log(r);\n",
        "const r = {};\nfunction f(r) { console.log(r); }\n",
        "const JSON = 1;\nconsole.log({});\n",
        "let r = {};\nfunction f() { r = 'text'; }\nconsole.log(r);\n",
        "for (const r of [{}]) console.log(r);\n",
    ] {
        assert_eq!(made("a.js", text), (text.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn several_repairs_work_on_one_file_and_say_what_they_did() {
    let text = "#!/usr/bin/env python3\n\"\"\"Doc.\"\"\"\nimport requests\n\n\ndef main():\n    result = {'now': str(datetime.now())}\n    print(result)\n";
    let bundle = json_tool(&[("tool.py", text)]);
    let repaired = repair(&bundle).unwrap();
    let expected = "#!/usr/bin/env python3\n# /// script\n# dependencies = [\"requests\"]\n# ///\n\"\"\"Doc.\"\"\"\nimport json\nfrom datetime import datetime\nimport requests\n\n\ndef main():\n    result = {'now': str(datetime.now())}\n    print(json.dumps(result))\n\n\nif __name__ == \"__main__\":\n    main()\n";
    assert_eq!(repaired.answer.files, [("tool.py".to_owned(), expected.to_owned())]);
    let said: Vec<&str> = repaired.done.iter().map(|done| done.said.as_str()).collect();
    let expected = [
        "add `from datetime import datetime`: datetime is used in line 7 but not defined",
        "declare requests (line 4) in the script header: imported but not declared",
        "add json.dumps in line 12: JSON output is declared, but Python prints a dict or list in its own format",
        "call main when the file is started: it is defined in line 11 but never called",
    ];
    assert_eq!(said, expected);
}

#[test]
fn repairs_as_text_read_back_to_the_same_bytes() {
    let bundle = bundle(&[("tool.py", "import sys\r\nprint(os.sep, sys)\r\n")]);
    let repaired = repair(&bundle).unwrap();
    assert_eq!(read(&repaired.text(), &Want::of(&bundle)).unwrap(), repaired.answer);
}

#[test]
fn a_cut_file_is_left_alone_and_names_of_repairs_are_unique() {
    let mut bundle = bundle(&[("tool.py", "print(json.dumps(1))\n")]);
    bundle.files[0].left_out_bytes = 1;
    assert_eq!(repair(&bundle), None);
    let mut names: Vec<&str> = REPAIRS.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), REPAIRS.len());
}

proptest::proptest! {
    #[test]
    fn any_code_is_looked_at_without_a_panic(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "json", ".", "dumps", "(", ")", "\n", "    ", "def main():", "import ", "x", " = ", "{", "}", "print", "'", "\"\"\"", "#", "ä", "\r\n",
        "open", "lambda ", ":", "[", "]", "for ", " in ", "class A", "# /// script\n", "# dependencies = [", "# ///\n", "requests", ",", "@", "match x:\n", "case ", "\\",
    ]), 0..30)) {
        let text = pieces.concat();
        for path in ["a.py", "a.sh", "a.ts"] {
            let bundle = failing(json_tool(&[(path, &text)]), "UnicodeDecodeError: 'ascii' [[: not found \\r Exec format error");
            let _ = repair(&bundle);
        }
    }
}
