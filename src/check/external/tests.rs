use super::*;
use crate::check::fixture::{LibraryFixture, NoTrials, codes, version};
use crate::domain::{CheckState, ToolDetail};
use crate::outside::Programs;
use std::ffi::OsStr;
use std::path::Path;

fn asked(linter: &Linter, version: &ToolDetail, path: Option<&OsStr>) -> CheckReport {
    let programs = Programs::default().with_variables(path.map(|path| ("PATH".into(), path.to_owned())));
    let library = LibraryFixture::of(Vec::new()).with_programs(programs);
    linter.examine(&CheckContext { version, base: None, missing: &[], library: &library, trials: &NoTrials })
}

/// Runs a script in place of the linter.
fn answered(linter: &Linter, version: &ToolDetail, script: &str) -> CheckReport {
    let dir = crate::outside::fixture::folder();
    let program = dir.path().join(linter.program);
    crate::outside::fixture::executable(&program, &format!("#!/bin/sh\n{script}\n"));
    let path = std::env::join_paths([dir.path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    asked(linter, version, Some(&path))
}

fn python() -> ToolDetail {
    version("t", &[("t.py", "import os\n"), ("ruff.toml", "select = []\n"), ("conftest.py", "boom()\n")])
}

#[test]
fn what_is_absent_or_has_nothing_to_read_never_passes() {
    let nowhere = Some(OsStr::new("/nonexistent"));
    let absent = asked(&RUFF, &python(), nowhere);
    assert_eq!((absent.state, absent.note.as_str()), (CheckState::Unavailable, "not installed"));
    let nothing = asked(&SHELLCHECK, &python(), nowhere);
    assert_eq!((nothing.state, nothing.note.as_str()), (CheckState::Skipped, "no file in shell"));
}

#[test]
fn what_breaks_or_says_nothing_readable_never_passes() {
    for (script, note) in [
        ("echo oops >&2; exit 2", "it exited with 2: oops"),
        ("echo '[{'", "it exited with 0: its output cannot be parsed"),
        ("exit 0", "it exited with 0: its output cannot be parsed"),
        ("kill -9 $$", "it was killed by a signal"),
    ] {
        let report = answered(&RUFF, &python(), script);
        assert_eq!((report.state, report.note.as_str()), (CheckState::Unavailable, note), "{script}");
    }
}

#[test]
fn only_code_of_its_language_is_given_to_it() {
    let report = answered(&RUFF, &python(), "echo \"$@ $(find . -type f)\" >&2; exit 2");
    let expected = format!("it exited with 2: {} ./t.py ./t.py", RUFF.arguments[..RUFF.arguments.len() - 1].join(" "));
    assert_eq!(report.note, super::super::source::excerpt(&expected, 176), "{report:?}");
}

#[test]
fn what_executes_a_file_decides_which_linter_reads_it() {
    let started_by = |program: &str, text: &str| {
        let mut version = version("t", &[("main.dat", text), ("other.dat", text)]);
        version.manifest.recipe.as_mut().unwrap().command[0] = program.to_owned();
        version
    };
    let report = answered(&RUFF, &started_by("python3", "import os\n"), "find . -type f >&2; exit 2");
    assert_eq!(report.note, "it exited with 2: ./main.dat");
    // This linter selects files by name: the file would count as read although it was not.
    let report = answered(&ESLINT, &started_by("node", "eval(x)\n"), "exit 2");
    assert_eq!(report.state, CheckState::Skipped);
}

#[test]
fn comments_that_silence_a_linter_are_told() {
    let code = "# mypy: ignore-errors\nx: int = 'a'  # type: ignore\n";
    let report = answered(&MYPY, &version("t", &[("t.py", code)]), "exit 0");
    assert_eq!(report.note, "1 file read, suppressed by 2 comments in the code");
    let report = answered(&MYPY, &version("t", &[("t.py", "x = 1\n")]), "exit 0");
    assert_eq!(report.note, "1 file read");
}

#[test]
fn each_answer_is_read_in_its_own_form() {
    let place = |report: &CheckReport| {
        let finding = &report.findings[0];
        (finding.path.clone().unwrap(), finding.line.unwrap(), finding.message.clone())
    };
    let expect = |linter: &Linter, version: &ToolDetail, answer: &str, code: &str, severity: Severity| {
        let report = answered(linter, version, &format!("cat <<'END'\n{answer}\nEND\nexit 1"));
        assert_eq!(codes(&report), [(code, severity)], "{report:?}");
        assert_eq!(place(&report), (version.files[0].path.clone(), 2, "said".to_owned()));
        assert_eq!(report.note, "1 file read");
    };
    let (python, shell) = (python(), version("t", &[("t.sh", "echo\n")]));
    let (javascript, typescript) = (version("t", &[("t.mjs", "1\n")]), version("t", &[("sub/t.ts", "1\n")]));
    expect(
        &RUFF,
        &python,
        r#"[{"code":"F821","message":"said","filename":"/tmp/x/files/t.py","location":{"row":2}}]"#,
        "F821",
        Severity::Medium,
    );
    expect(&MYPY, &python, "t.py:2: error: said  [arg-type]", "arg-type", Severity::Low);
    expect(
        &BANDIT,
        &python,
        r#"{"results":[{"filename":"./t.py","line_number":2,"issue_severity":"HIGH","issue_confidence":"HIGH","issue_text":"said","test_id":"B602"}]}"#,
        "B602",
        Severity::Medium,
    );
    expect(
        &BANDIT,
        &python,
        r#"{"results":[{"filename":"./t.py","line_number":2,"issue_severity":"HIGH","issue_confidence":"HIGH","issue_text":"said","test_id":"B322"}]}"#,
        "B322",
        Severity::Low,
    );
    expect(
        &SEMGREP,
        &python,
        r#"{"results":[{"check_id":"tmp.x.python-eval","path":"./t.py","start":{"line":2},"extra":{"message":"said","severity":"ERROR"}}]}"#,
        "python-eval",
        Severity::High,
    );
    expect(
        &SHELLCHECK,
        &shell,
        r#"{"comments":[{"file":"./t.sh","line":2,"level":"warning","code":2086,"message":"said"}]}"#,
        "SC2086",
        Severity::Low,
    );
    let unclear = r#"{"comments":[{"file":"./t.sh","line":2,"level":"error","code":2045,"message":"said"}]}"#;
    expect(&SHELLCHECK, &shell, unclear, "SC2045", Severity::Medium);
    let broken = unclear.replace("2045", "1073");
    expect(&SHELLCHECK, &shell, &broken, "SC1073", Severity::High);
    expect(&TSC, &typescript, "sub/t.ts(2,7): error TS2322: said\n  more of it", "TS2322", Severity::Low);
    expect(
        &ESLINT,
        &javascript,
        r#"[{"filePath":"/tmp/x/files/t.mjs","messages":[{"ruleId":"no-eval","severity":2,"line":2,"message":"said"}]}]"#,
        "no-eval",
        Severity::Medium,
    );
}

#[test]
fn a_file_that_a_linter_could_not_read_is_not_passed() {
    for (linter, answer) in [
        (&BANDIT, r#"{"results":[],"errors":[{"filename":"./t.py","reason":"syntax error while parsing AST"}]}"#),
        (&SEMGREP, r#"{"results":[],"errors":[{"path":"./t.py","message":"Syntax error at line 1","level":"warn"}]}"#),
    ] {
        let report = answered(linter, &python(), &format!("cat <<'END'\n{answer}\nEND"));
        assert_eq!(codes(&report), [("unread", Severity::Medium)], "{report:?}");
        assert!(report.findings[0].message.contains("not examined: "), "{report:?}");
    }
}

/// An installed linter finds a planted fault; otherwise, the test reports that it is missing.
#[test]
fn those_that_are_installed_find_what_was_planted() {
    let python = version(
        "t",
        &[(
            "t.py",
            "import subprocess\n\n\ndef f(cmd: str) -> int:\n    subprocess.run(cmd, shell=True)\n    return undefined_name\n",
        )],
    );
    let shell = version("t", &[("t.sh", "#!/bin/bash\nrm -rf $1/*\n")]);
    let javascript = version("t", &[("t.mjs", "eval(process.argv[2]);\n")]);
    let typescript = version("t", &[("t.ts", "export const a: number = \"x\";\n")]);
    let linters: [(&Linter, &ToolDetail); 7] = [
        (&RUFF, &python),
        (&MYPY, &python),
        (&BANDIT, &python),
        (&SEMGREP, &python),
        (&SHELLCHECK, &shell),
        (&TSC, &typescript),
        (&ESLINT, &javascript),
    ];
    for (linter, version) in linters {
        let report = asked(linter, version, None);
        if report.note == "not installed" {
            crate::needs::not_run(&format!("{} is {}", linter.program, report.note));
        } else {
            assert!(!report.findings.is_empty(), "{report:?}");
        }
    }
}
