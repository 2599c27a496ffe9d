use super::*;
use crate::check::fixture::{examined, version};
use crate::domain::CapabilityKind as Kind;

/// Kinds and arguments in the order of the text, addresses left out.
fn found(language: Language, text: &str) -> Vec<(Kind, Option<String>)> {
    let all = scan("tool", language, text).into_iter().filter(|capability| capability.kind != Kind::Address);
    all.map(|capability| (capability.kind, capability.argument)).collect()
}

fn expect(language: Language, cases: &[(&str, &[(Kind, &str)])]) {
    for (text, expected) in cases {
        let expected: Vec<(Kind, Option<String>)> = expected
            .iter()
            .map(|(kind, argument)| (*kind, Some((*argument).to_owned()).filter(|text| !text.is_empty())))
            .collect();
        assert_eq!(found(language, text), expected, "{text}");
    }
}

#[test]
fn python_files_are_told_by_what_is_done_to_them() {
    expect(
        Language::Python,
        &[
            ("open(path)", &[(Kind::ReadsFiles, "")]),
            ("open('/etc/passwd')", &[(Kind::ReadsOutside, "/etc/passwd")]),
            ("open('out.txt', 'w')", &[(Kind::WritesFiles, "out.txt")]),
            ("open(p, mode=m)", &[(Kind::WritesFiles, "")]),
            ("BASE = '/etc'\nopen(BASE + '/x')", &[(Kind::ReadsOutside, "/etc/x")]),
            ("from pathlib import Path\nPath('a.txt').write_text('x')", &[(Kind::WritesFiles, "a.txt")]),
            ("from pathlib import Path\np = Path(q)\np.rename('b')", &[(Kind::WritesFiles, "")]),
            ("from pathlib import Path\nopen(Path.home() / '.ssh/id')", &[(Kind::ReadsOutside, "~")]),
            ("import os.path, os as o\no.unlink('x')", &[(Kind::DeletesFiles, "x")]),
            ("import shutil\nshutil.rmtree(d)", &[(Kind::DeletesFiles, "")]),
            ("from shutil import *\nrmtree(d)", &[(Kind::DeletesFiles, "")]),
            ("import io\nio.StringIO('x').read()\nframe.rename(columns={})\ntext.replace('a', 'b')", &[]),
            ("import tempfile\ntempfile.TemporaryDirectory()", &[]),
            ("import sqlite3\nsqlite3.connect(':memory:')\nsqlite3.connect('a.db')", &[(Kind::WritesFiles, "a.db")]),
        ],
    );
}

#[test]
fn python_programs_are_told_by_how_they_are_started() {
    expect(
        Language::Python,
        &[
            ("import subprocess as s\ns.run(['git', 'log'])", &[(Kind::StartsPrograms, "git")]),
            ("import subprocess\nsubprocess.run('ls -l', shell=True)", &[(Kind::Shell, "ls")]),
            ("import subprocess\nsubprocess.run(cmd, shell=True)", &[(Kind::ShellText, "")]),
            ("import subprocess\nsubprocess.run(f'rm {x}', shell=True)", &[(Kind::ShellText, "rm")]),
            ("import subprocess\nsubprocess.run(['bash', '-c', 'echo ' + x])", &[(Kind::ShellText, "bash")]),
            ("from os import system\nsystem('ls')", &[(Kind::Shell, "ls")]),
            ("from os import system as s\ns(x)", &[(Kind::ShellText, "")]),
            ("import os\nrun = os.system\nrun(x)", &[(Kind::Shell, ""), (Kind::ShellText, "")]),
            ("import os\nmap(os.system, commands)", &[(Kind::Shell, "")]),
            ("import os\ngetattr(os, 'system')(x)", &[(Kind::ShellText, "")]),
            ("__import__('os').system(x)", &[(Kind::ShellText, "")]),
            (
                "import importlib\nm = importlib.import_module('subprocess')\nm.call(['ls'])",
                &[(Kind::StartsPrograms, "ls")],
            ),
            ("import sys\nsys.modules['os'].system('ls')", &[(Kind::Shell, "ls")]),
            ("import os\nos.__dict__['system']('ls')", &[(Kind::Shell, "ls")]),
            ("import os\nos.kill(1, 9)", &[(Kind::Signals, "")]),
            ("class Own:\n    def system(self): pass\nOwn().system('x')\nrun(x)", &[]),
        ],
    );
}

#[test]
fn python_code_out_of_texts_is_told() {
    expect(
        Language::Python,
        &[
            ("eval(x)", &[(Kind::Eval, "")]),
            ("e = eval", &[(Kind::Eval, "")]),
            ("import re\nre.compile('x')\nimport ast\nast.literal_eval(x)\nmodel.eval()", &[]),
            ("def compile(x): return x\ncompile('a')", &[]),
            ("class A:\n    def exec(self): pass\nexec(x)", &[(Kind::Eval, "")]),
            ("import pickle\npickle.loads(b)", &[(Kind::Unpickles, "")]),
            ("from pickle import load as get\nget(f)", &[(Kind::Unpickles, "")]),
            (
                "import yaml\nyaml.load(f)\nyaml.safe_load(f)\nyaml.load(f, Loader=yaml.SafeLoader)",
                &[(Kind::Unpickles, "")],
            ),
            ("import torch\ntorch.load(f)\ntorch.load(f, weights_only=True)", &[(Kind::Unpickles, "")]),
            ("import base64\nexec(base64.b64decode(x))", &[(Kind::Eval, ""), (Kind::Obfuscation, "")]),
            ("import base64\nc = base64.b64decode(x)\nexec(c)", &[(Kind::Eval, ""), (Kind::Obfuscation, "")]),
            ("getattr(__builtins__, 'ev' + 'al')(x)", &[(Kind::Eval, ""), (Kind::Obfuscation, "")]),
            ("__import__(name)", &[(Kind::Obfuscation, "")]),
            ("import os\ngetattr(os, name)()", &[(Kind::Obfuscation, "")]),
            ("x = getattr(self, 'run_' + kind)()", &[]),
            ("().__class__.__base__.__subclasses__()", &[(Kind::Obfuscation, "")]),
            (r"s = '\x65\x76\x61\x6c'", &[(Kind::Obfuscation, "")]),
        ],
    );
}

#[test]
fn python_network_is_told_with_its_host() {
    expect(
        Language::Python,
        &[
            ("import requests\nrequests.get('https://api.x.com/v1')", &[(Kind::Network, "api.x.com")]),
            (
                "import requests\nHOST = 'https://api.x.com'\nrequests.get(f'{HOST}/v1/{id}')",
                &[(Kind::Network, "api.x.com")],
            ),
            (
                "import requests\ns = requests.Session()\ns.post('https://b.c', verify=False)",
                &[(Kind::Network, ""), (Kind::Network, "b.c"), (Kind::UnverifiedTls, "")],
            ),
            (
                "from urllib.request import urlopen, Request\nurlopen(Request('https://a.b/c'))",
                &[(Kind::Network, "a.b")],
            ),
            (
                "import socket\ns = socket.socket()\ns.connect(('10.0.0.1', 80))",
                &[(Kind::Network, ""), (Kind::Network, "10.0.0.1")],
            ),
            ("import requests\ntry: pass\nexcept requests.RequestException: raise requests.HTTPError()", &[]),
            ("socket = []\nsocket.append('x')\nfrom urllib.parse import urlparse\nurlparse(x)", &[]),
            ("import ssl\nssl._create_unverified_context()", &[(Kind::UnverifiedTls, "")]),
        ],
    );
}

#[test]
fn python_variables_and_secrets_are_told() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    expect(
        Language::Python,
        &[
            ("import os\nos.environ['TOKEN']", &[(Kind::ReadsEnvironment, "TOKEN")]),
            ("import os\nos.environ.get('TOKEN', '')", &[(Kind::ReadsEnvironment, "TOKEN")]),
            (
                "from os import getenv, environ\ngetenv('A')\nf(environ)",
                &[(Kind::ReadsEnvironment, "A"), (Kind::ReadsEnvironment, "")],
            ),
            ("import os\nos.environ['TOKEN'] = 'x'", &[]),
            ("API_KEY = 'k3y-of-the-house-9'", &[(Kind::HardCodedSecret, "API_KEY")]),
            ("connect(password='s3cret-9999')", &[(Kind::HardCodedSecret, "password")]),
            ("password = 'your-password-1'\ntoken = ''\nPASSWORD_FIELD = 'input12345'", &[]),
        ],
    );
    let all = scan("t.py", Language::Python, &format!("x = '{token}'"));
    assert_eq!((all.len(), all[0].kind), (1, Kind::HardCodedSecret));
    assert!(!format!("{all:?}").contains(&token), "{all:?}");
}

#[test]
fn texts_and_comments_do_nothing() {
    let python = "\"\"\"os.system('x'); eval(y) https://a.b\"\"\"\n# exec(x) https://c.d\nx = 'subprocess.run(cmd, shell=True)'\n";
    assert_eq!(scan("t.py", Language::Python, python), []);
}

#[test]
fn a_place_is_a_line_and_its_bytes() {
    let text =
        "import subprocess\n\n\ndef f(cmd):\n    é = subprocess.run(\n        cmd,\n        shell=True,\n    )\n";
    let all = scan("t.py", Language::Python, text);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].line, &text.lines().nth(4).unwrap()[all[0].columns.clone()]), (5, "subprocess.run("));
    assert_eq!(
        all[0].words,
        "starts programs through a shell with a command built at run time: subprocess.run(…, shell=True)"
    );
}

#[test]
fn javascript_is_told_by_what_its_names_stand_for() {
    let cases: &[(&str, &[(Kind, &str)])] = &[
        ("const {exec} = require('child_process'); exec('ls -l')", &[(Kind::Shell, "ls")]),
        ("import { exec as run } from 'node:child_process'; run(`rm ${x}`)", &[(Kind::ShellText, "rm")]),
        ("const cp = require('child_process'); cp.spawn('git', ['log'])", &[(Kind::StartsPrograms, "git")]),
        ("import * as cp from 'child_process'; cp.spawn(x, [], {shell: true})", &[(Kind::ShellText, "")]),
        (
            "import {promisify} from 'util'; import {execFile} from 'child_process'; const f = promisify(execFile); f('ls')",
            &[(Kind::StartsPrograms, ""), (Kind::StartsPrograms, "ls")],
        ),
        ("import {spawn} from 'child_process'; spawn('sh', ['-c', `ls ${x}`])", &[(Kind::ShellText, "sh")]),
        ("require('child_' + 'process').execSync(x)", &[(Kind::ShellText, ""), (Kind::Obfuscation, "")]),
        ("const m = await import('node:fs/promises'); m.writeFile('a', b)", &[(Kind::WritesFiles, "a")]),
        ("import('fs').then((m) => m.writeFileSync('a', b))", &[(Kind::WritesFiles, "a")]),
        ("import('fs').then(function ({rmSync: r}) { r('a') })", &[(Kind::DeletesFiles, "a")]),
        (
            "import fs from 'node:fs'; fs.readFileSync(0); fs.promises.rm(x); fs.readFileSync('/etc/passwd')",
            &[(Kind::DeletesFiles, ""), (Kind::ReadsOutside, "/etc/passwd")],
        ),
        (
            "import {readFileSync as r} from 'fs'; import os from 'os'; import path from 'path'; r(path.join(os.homedir(), '.ssh'))",
            &[(Kind::ReadsOutside, "~")],
        ),
        ("fetch('https://api.x.com/v1')", &[(Kind::Network, "api.x.com")]),
        ("const B = 'https://a.b'; await fetch(`${B}/x/${id}`)", &[(Kind::Network, "a.b")]),
        ("globalThis['fetch'](url); new WebSocket('wss://c.d')", &[(Kind::Network, ""), (Kind::Network, "c.d")]),
        (
            "import https from 'https'; https.request({hostname: 'e.f', rejectUnauthorized: false})",
            &[(Kind::Network, "e.f"), (Kind::UnverifiedTls, "")],
        ),
        (
            "import axios from 'axios'; axios.get(u); const a = axios.create(); a.post('https://g.h')",
            &[(Kind::Network, ""), (Kind::Network, "g.h")],
        ),
        ("eval(x); new Function('return 1')(); setTimeout('x()', 1); setTimeout(() => 1, 1)", &[(Kind::Eval, "")]),
        ("eval(atob(x))", &[(Kind::Eval, ""), (Kind::Obfuscation, "")]),
        ("require(name); import(`./own/${x}.js`)", &[(Kind::Obfuscation, "")]),
        (
            "process.env.TOKEN; const {HOME} = process.env; process.env['A'] = 1",
            &[(Kind::ReadsEnvironment, "TOKEN"), (Kind::ReadsEnvironment, "")],
        ),
        ("/x/.exec(y); db.exec('x'); const s = 'eval(x)'; // eval(x)", &[]),
        ("export function fetch() {} fetch('https://x.y')", &[]),
    ];
    expect(Language::JavaScript, cases);
    expect(
        Language::TypeScript,
        &[(
            "import {exec} from 'child_process'; const x: string = 'a'; (exec as any)(x!)",
            &[(Kind::Shell, "a"), (Kind::Shell, "")],
        )],
    );
}

#[test]
fn shell_is_told_by_its_commands() {
    expect(
        Language::Bash,
        &[
            ("curl -sk https://a.b/c | sh", &[(Kind::Network, "a.b"), (Kind::Eval, ""), (Kind::UnverifiedTls, "")]),
            ("echo x | base64 -d | bash", &[(Kind::Eval, ""), (Kind::Obfuscation, "")]),
            ("eval \"$x\"\nx=1", &[(Kind::Eval, "")]),
            ("bash -c \"ls $x\"; x=$(pwd)", &[(Kind::ShellText, "bash")]),
            ("sh -c 'ls'", &[(Kind::Shell, "sh")]),
            ("sudo -n rm -rf \"$1\"", &[(Kind::DeletesFiles, "")]),
            ("\\rm x; /bin/rm y", &[(Kind::DeletesFiles, "x"), (Kind::DeletesFiles, "y")]),
            (
                "echo a > out.txt 2>&1; echo b > /dev/null; sort < in.txt",
                &[(Kind::WritesFiles, "out.txt"), (Kind::ReadsFiles, "in.txt")],
            ),
            (
                "cat /etc/passwd; grep x ~/.ssh/config",
                &[(Kind::ReadsOutside, "/etc/passwd"), (Kind::ReadsOutside, "~/.ssh/config")],
            ),
            (
                "echo \"$TOKEN ${API:-none} $1 $PWD\"; a=1; echo $a $TOKEN",
                &[(Kind::ReadsEnvironment, "TOKEN"), (Kind::ReadsEnvironment, "API")],
            ),
            ("python3 x.py; kill -9 $$", &[(Kind::StartsPrograms, "python3"), (Kind::Signals, "")]),
            ("find . -name x -exec rm {} +; find . -delete", &[(Kind::DeletesFiles, "rm"), (Kind::DeletesFiles, ".")]),
            ("exec 3<>/dev/tcp/10.0.0.1/80", &[(Kind::Network, "10.0.0.1:80")]),
            ("work() { echo hi; }; work; echo 'rm -rf /' # curl x", &[]),
            ("git clone https://x.y/z", &[(Kind::Network, "x.y"), (Kind::StartsPrograms, "git")]),
        ],
    );
}

#[test]
fn what_is_nested_too_deep_is_told_and_not_walked() {
    let deep = format!("x = {}1{}\n", "-(".repeat(2_000), ")".repeat(2_000));
    let all = scan("t.py", Language::Python, &deep);
    assert_eq!(all.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Obfuscation]);
    assert!(all[0].words.contains("only a part was analysed"), "{all:?}");
    for language in [Language::Python, Language::JavaScript, Language::TypeScript, Language::Bash] {
        for text in ["(".repeat(3_000), "a.".repeat(3_000), "x = '".to_owned(), "$(".repeat(2_000), String::new()] {
            let _ = scan("t", language, &text);
        }
    }
}

#[test]
fn a_name_of_python_stands_for_what_its_scope_says() {
    let crowd = [1, 2, 3, 4, 5, 6].map(|at| format!("def f{at}():\n    run = json.a{at}\n")).concat();
    let crowded = format!("import json, os\n{crowd}def g():\n    run = os.system\n    run(x)\n");
    let (shell, text) = ((Kind::Shell, ""), (Kind::ShellText, ""));
    expect(
        Language::Python,
        &[
            (
                "import json, os\ndef f():\n    run = json.loads\n    run(x)\ndef g():\n    run = os.system\n    run(x)\n",
                // The first call is also reported, because a scope never removes a meaning.
                &[text, shell, text],
            ),
            (&crowded, &[shell, text]),
            (
                "import json, os\nrun = json.loads\ndef f():\n    global run\n    run = os.system\nrun(x)\n",
                &[shell, text],
            ),
            (
                "import json, os\ndef f():\n    def g():\n        nonlocal run\n        run = os.system\n    run = json.loads\n    run(x)\n",
                &[shell, text],
            ),
            // One binding that is not understood may give a name any value.
            ("import os as m\ndef f(x):\n    import json as m\n    m = x\n    m.system(y)\nf(m)\n", &[text]),
            // In a class, a name is that of the module until the class binds it.
            ("import os as m\nclass C:\n    m.system(y)\n    import json as m\n", &[text]),
            ("os = __import__('os')\nos.system(y)\n", &[text]),
            // The argument of a parameter is unknown: it may be any value of its name elsewhere.
            ("import os\nrun = os.system\ndef f(run):\n    run(x)\nf(run)\n", &[shell, text, shell]),
            // A name bound only in another function is still the builtin.
            (
                "import json\ndef f():\n    open = json.loads\ndef g():\n    open('/etc/passwd')\n",
                &[(Kind::ReadsOutside, "/etc/passwd")],
            ),
            // A parameter is not a constant, whatever else has its name.
            (
                "import subprocess\ncmd = 'ls'\ndef f(cmd):\n    subprocess.run(cmd, shell=True)\n",
                &[(Kind::ShellText, "ls")],
            ),
            (
                "import subprocess\ndef f():\n    cmd = 'ls'\n    subprocess.run(cmd, shell=True)\ndef g():\n    cmd = 'id'\n",
                &[(Kind::Shell, "ls")],
            ),
        ],
    );
}

#[test]
fn a_name_of_javascript_stands_for_what_its_scope_says() {
    let start = "const cp = require('child_process'), p = require('path');\n";
    let texts = |code: &str| {
        let all = scan("tool", Language::JavaScript, &format!("{start}{code}"));
        all.iter().filter(|one| one.kind == Kind::ShellText).map(|one| one.line - 1).collect::<Vec<u64>>()
    };
    for (code, lines) in [
        ("function f() { const run = p.join;\nrun(x) }\nfunction g() { const run = cp.exec;\nrun(x) }", vec![2, 4]),
        ("let run = cp.exec; { let run = p.join;\nrun(x) }\nrun(x)", vec![2, 3]),
        ("function f(x) { let cp = {}; cp = x;\ncp.exec(y) }\nf(cp)", vec![2]),
        ("function f(a =\ncp.exec(y)) { var cp = p } f()", vec![2]),
        ("function f() { class C { static { var cp = p } }\ncp.exec(y) }", vec![2]),
        ("function f(o) { const cp = {}; with (o) {\ncp.exec(y) } }\nf({ cp })", vec![2]),
        ("let run = p.join; function f() { run = cp.exec }\nrun(x)", vec![2]),
        ("function f(run) {\nrun(x) }\nf(cp.exec); const g = () => { let run = cp.exec; }", vec![2]),
        ("const cmd = 'ls'; function f(cmd) {\ncp.exec(cmd) }", vec![2]),
        ("const cmd = 'ls';\ncp.exec(cmd); function f() { const cmd = 'id' }", vec![]),
    ] {
        assert_eq!(texts(code), lines, "{code}");
    }
}

/// The usual way to write it: the name is that of the module.
#[test]
fn a_module_under_its_own_name_is_that_module() {
    for (code, kind) in [
        ("const fs = require('fs');\nfs.writeFileSync('out.txt', 'x')", Kind::WritesFiles),
        ("const child_process = require('child_process');\nchild_process.execFileSync(x)", Kind::StartsPrograms),
        ("const http = await import('http');\nhttp.get('http://a.example')", Kind::Network),
    ] {
        let all = scan("tool", Language::JavaScript, code);
        assert!(all.iter().any(|one| one.kind == kind && one.line == 2), "{code}: {all:?}");
    }
    let code = "import importlib\nsubprocess = importlib.import_module('subprocess')\nsubprocess.run(['x'])\n";
    let all = scan("tool", Language::Python, code);
    assert!(all.iter().any(|one| one.line == 3), "{all:?}");
}

#[test]
fn an_import_of_any_sort_names_what_is_called() {
    let kinds = found(Language::Python, crate::code::tests::PYTHON_IMPORTS);
    assert_eq!(kinds, [(Kind::Network, Some("a.example".to_owned()))]);
}

#[test]
fn keys_in_assignments_and_secrets_in_logs_are_told() {
    let random = "wJalrXUtnFEMIK7MDENGbPxRfiCYzz8Ab3QkeyZ/";
    let cases = [
        ("t.sh", format!("#!/bin/bash\nexport AWS_SECRET_ACCESS_KEY={random}\n"), "hard-coded-secret"),
        ("t.sh", format!("#!/bin/bash\nAWS_SECRET_ACCESS_KEY='{random}' aws s3 ls\n"), "hard-coded-secret"),
        ("t.py", format!("AWS_SECRET_ACCESS_KEY = \"{random}\"\n"), "hard-coded-secret"),
        (
            "t.py",
            "import logging\n\n\ndef f(password):\n    logging.info(\"login with %s\", password)\n".into(),
            "logs-secret",
        ),
        ("t.js", "function f(apiKey) {\n  console.error(`key ${apiKey}`);\n}\n".into(), "logs-secret"),
        ("t.sh", "#!/bin/bash\necho \"using $API_KEY\" >&2\n".into(), "logs-secret"),
        ("t.sh", "#!/bin/bash\necho \"$API_KEY\"\n".into(), "logs-secret"),
        (
            "t.sh",
            "#!/bin/bash\nset -ex\ncurl -H \"Authorization: Bearer $API_KEY\" https://a.example/\n".into(),
            "logs-secret",
        ),
    ];
    for (path, text, code) in cases {
        let report = examined(examine, &version("t", &[(path, &text)]));
        assert!(report.findings.iter().any(|found| found.code == code), "{text}: {:?}", report.findings);
    }
    for (path, text) in [
        ("t.py", "import logging\nlogging.info(\"the password is too short\")\n"),
        ("t.py", "import logging\nlogging.info(\"reads %s\", password_file)\n"),
        ("t.py", "import logging\nlogging.info(\"%d tokens\", tokens)\n"),
        ("t.sh", "#!/bin/bash\nKEY_FILE=/home/me/keys/deploy8/id_rsa\n"),
        ("t.sh", "#!/bin/bash\necho \"$DB_PASSWORD\" | docker login --password-stdin\n"),
        ("t.sh", "#!/bin/bash\nset -x\nmake\nset +x\ncurl -u \"me:$API_KEY\" https://a.example/\n"),
        ("t.sh", "#!/bin/bash\nAWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE aws s3 ls\n"),
    ] {
        let report = examined(examine, &version("t", &[(path, text)]));
        let bad = |code: &str| matches!(code, "logs-secret" | "hard-coded-secret");
        assert!(!report.findings.iter().any(|found| bad(&found.code)), "{text}: {:?}", report.findings);
    }
}
