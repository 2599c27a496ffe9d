//! Mistakes in the settings are told by every verb, with file, line and next step.

use crate::support::Workspace;
use std::fs;

fn configured(text: &str) -> Workspace {
    let workspace = Workspace::new().with_script("greet", "print(1)");
    let file = workspace.home().join("toolsmith/config/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    workspace
}

fn told(workspace: &Workspace, args: &[&str]) -> (String, String) {
    let output = workspace.toolsmith(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn keys_doctor() {
    for (line, message) in [
        ("serch = \"x\"", "\"serch\" is not a verb that can have a key"),
        ("run = \"hyper-q\"", "\"hyper-q\" is not a key: \"hyper\" must be ctrl, alt or shift"),
        ("source = \"q\"", "key q for source is already used for quit"),
        ("approve = \"enter\"", "approve cannot use the key enter"),
    ] {
        let workspace = configured(&format!("theme = \"dark\"\n[keys]\n{line}\n"));
        let (out, _) = told(&workspace, &["doctor"]);
        assert!(out.contains("config.toml:3: ") && out.contains(message) && out.contains("hint"), "{line}: {out}");
        assert!(!out.lines().any(|line| line.starts_with("ok") && line.contains("settings: ")), "{out}");
        for verb in [&["list"][..], &["reviews"], &["show", "greet"], &["run", "greet"]] {
            let (_, err) = told(&workspace, verb);
            assert!(
                err.contains("config.toml:3: ") && err.contains(message) && err.contains("hint: "),
                "{verb:?}: {err}"
            );
        }
    }
}

#[test]
fn an_unknown_setting_is_told_by_every_verb_that_reads_the_settings() {
    let workspace = configured("tehme = \"dark\"\n");
    for verb in [&["list"][..], &["list", "--json"], &["doctor"], &["runs"]] {
        let (out, err) = told(&workspace, verb);
        let text = format!("{out}{err}");
        assert!(text.contains("config.toml:1: ") && text.contains("tehme"), "{verb:?}: {text}");
    }
    let (out, _) = told(&workspace, &["list", "--json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "standard output is the answer alone: {out}");
    let (_, err) = told(&configured("theme = \"dark\"\n[keys]\nrun = \"ctrl-x\"\n"), &["list"]);
    assert!(!err.contains("warning"), "{err}");
}
