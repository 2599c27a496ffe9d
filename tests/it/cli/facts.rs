//! What rows and exports say is true of the version that they are about, and holds no secret.

use super::Shell;
use super::permissions::approve;
use serde_json::{Value, json};
use std::fs;

const AWS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn rows(shell: &Shell, name: &str) -> Vec<Value> {
    let list = shell.call(&["list", "--json"]).exits(0).json();
    list["tools"].as_array().unwrap().iter().filter(|row| row["name"] == name).cloned().collect()
}

/// Writes a version of a native tool into `tools/experimental/`.
fn version(shell: &Shell, name: &str, version: &str, script: &str) {
    shell.write(&format!("tools/experimental/{name}/{name}.sh"), script);
    let text = format!(
        "name = \"{name}\"\nversion = \"{version}\"\ndescription = \"{name} for a test\"\ncost_tier = \"low\"\n\
         [run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"{name}.sh\"\n"
    );
    shell.write(&format!("tools/experimental/{name}/tool.toml"), &text);
}

#[test]
fn the_approval_of_each_version_leaves_no_problem_behind() {
    let shell = Shell::new();
    for number in ["1.0.0", "1.1.0", "1.2.0"] {
        version(&shell, "alpha", number, &format!("echo {number}\n"));
        approve(&shell);
        let problems = shell.call(&["list", "--problems", "--json"]).exits(0).json()["problems"].clone();
        assert_eq!(problems, json!([]), "{number}");
    }
    let written = fs::read_to_string(shell.workspace().join(".tool_promotions.json")).unwrap();
    assert!(written.contains("tools/approved/alpha/alpha.sh") && written.contains("1.2.0"), "{written}");
    assert_eq!(shell.call(&["run", "alpha"]).exits(0).stdout, "1.2.0\n");
    // The control: an entry that leads nowhere is still named.
    shell.write(
        ".tool_promotions.json",
        &written.replace("tools/approved/alpha/", "tools/approved/alpha/versions/9.9.9/"),
    );
    let problems = shell.call(&["list", "--problems", "--json"]).exits(0).json()["problems"].clone();
    assert!(problems.to_string().contains("is not a version of this tool in the workspace"), "{problems:#}");
}

#[test]
fn a_row_counts_the_runs_of_its_own_version() {
    let shell = Shell::new();
    version(&shell, "alpha", "1.0.0", "echo 1\n");
    approve(&shell);
    for _ in 0..3 {
        shell.call(&["run", "alpha"]).exits(0);
    }
    version(&shell, "alpha", "1.1.0", "exit 1\n");
    let figures = |row: &Value| [&row["runs"], &row["success_rate"], &row["score"]].map(Clone::clone);
    let of = |version: &str| rows(&shell, "alpha").into_iter().find(|row| row["version"] == version).unwrap();
    let approved = of("1.0.0");
    assert_eq!((&approved["runs"], &approved["success_rate"]), (&json!(3), &json!(1.0)));
    assert!(!approved["last_run_at"].is_null() && !approved["score"].is_null(), "{approved:#}");
    assert_eq!(figures(&of("1.1.0")), [json!(0), Value::Null, Value::Null], "nobody ran it");
    assert!(of("1.1.0")["last_run_at"].is_null());
    shell.call(&["run", "alpha@1.1.0"]).exits(1);
    let failed = of("1.1.0");
    assert_eq!((&failed["runs"], &failed["success_rate"]), (&json!(1), &json!(0.0)));
    assert!(failed["score"].as_f64().is_some_and(|score| score < 0.1), "its own, not that of its name: {failed:#}");
    assert_eq!(figures(&of("1.0.0")), figures(&approved));
    let shown = shell.call(&["show", "alpha@1.1.0", "--json"]).exits(0).json();
    assert_eq!((&shown["tool"]["runs"], &shown["tool"]["success_rate"]), (&json!(1), &json!(0.0)));
}

/// What becomes of the text of a file.
type Edit = fn(&str) -> String;

#[test]
fn a_changed_tool_is_called_changed_everywhere() {
    let edits: [(&str, Edit); 3] = [
        ("alpha.sh", |text| format!("{text}echo more\n")),
        ("tool.toml", |text| text.replace("\"alpha\"", "\"other\"")),
        ("tool.toml", |text| format!("kind = \"service\"\n{text}")),
    ];
    for (file, edit) in edits {
        let shell = Shell::new();
        version(&shell, "alpha", "1.0.0", "echo 1\n");
        approve(&shell);
        assert_eq!(rows(&shell, "alpha")[0]["state"], "ok");
        let path = format!("tools/approved/alpha/{file}");
        let text = fs::read_to_string(shell.workspace().join(&path)).unwrap();
        shell.write(&path, &edit(&text));
        let list = shell.call(&["list", "--json"]).exits(0).json();
        assert_eq!(list["tools"][0]["state"], "changed", "{file}: {list:#}");
        let shown = shell.call(&["show", "tools/approved/alpha/tool.toml", "--json"]).exits(0).json();
        assert_eq!(shown["tool"]["state"], "changed", "{file}");
        shell.write(&path, &text);
        let (list, shown) = (rows(&shell, "alpha"), shell.call(&["show", "alpha", "--json"]).exits(0).json());
        assert_eq!((&list[0]["state"], &shown["tool"]["state"]), (&json!("ok"), &json!("ok")));
    }
    // What speaks for it is not as it was left.
    let shell = Shell::new();
    version(&shell, "alpha", "1.0.0", "echo 1\n");
    approve(&shell);
    fs::remove_file(shell.workspace().join("tools/approved/alpha/approval.toml")).unwrap();
    assert_eq!(shell.call(&["show", "alpha", "--json"]).exits(0).json()["tool"]["state"], "changed");
}

/// A linter that quotes what it complains about.
fn with_linter(shell: &Shell, quoted: &str) {
    let linter = shell.home().join("bin/shellcheck");
    fs::create_dir_all(linter.parent().unwrap()).unwrap();
    let comment = json!({"file": "alpha.sh", "line": 2, "level": "warning", "code": 2034, "message": quoted});
    fs::write(&linter, format!("#!/bin/sh\ncat <<'END'\n{}\nEND\nexit 1\n", json!({"comments": [comment]}))).unwrap();
    std::process::Command::new("chmod").args(["755", linter.to_str().unwrap()]).status().unwrap();
}

#[test]
fn no_secret_of_the_code_leaves_in_what_quotes_the_code() {
    let mut shell = Shell::new();
    let quoted = format!("hardcoded value '{AWS_KEY}' and '{}…'", &AWS_KEY[..20]);
    with_linter(&shell, &quoted);
    let path = format!("{}:{}", shell.home().join("bin").display(), std::env::var("PATH").unwrap_or_default());
    shell = shell.with("PATH", &path);
    let script =
        format!("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nexport AWS_SECRET_ACCESS_KEY={AWS_KEY}\necho 1\n");
    version(&shell, "alpha", "1.0.0", &script);
    let check = shell.call(&["check", "alpha", "--json"]);
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let comment = format!("is {} yours?", &AWS_KEY[4..30]);
    shell.at_terminal(&["comment", &id, &comment, "--path", "alpha.sh", "--lines", "2"]).exits(0);
    let over = ["approve", &id, "--digest", &digest, "--override", "a test", "--reason", AWS_KEY];
    shell.at_terminal(&over).exits(0);
    let feedback = shell.call(&["feedback"]).exits(0).stdout;
    assert!(feedback.contains("AWS_SECRET_ACCESS_KEY=[redacted"), "the code is there: {feedback}");
    let export = shell.workspace().join("tools.csv");
    shell.call(&["export", "--out", export.to_str().unwrap()]).exits(0);
    let export = fs::read_to_string(export).unwrap();
    assert!(export.contains("AWS_SECRET_ACCESS_KEY=[redacted"), "{export}");
    for (what, text) in [("check", &check.stdout), ("feedback", &feedback), ("export", &export)] {
        for part in AWS_KEY.as_bytes().windows(12) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!text.contains(part), "{what} holds {part}: {text}");
        }
    }
}

#[test]
fn a_damaged_copy_is_named_and_the_rest_is_exported() {
    let shell = Shell::new();
    for name in ["alpha", "beta"] {
        version(&shell, name, "1.0.0", &format!("echo {name}\n"));
        approve(&shell);
    }
    let digest = rows(&shell, "alpha")[0]["digest"].as_str().unwrap().to_owned();
    let mut copies = Vec::new();
    find(&shell.home(), &digest, &mut copies);
    assert!(!copies.is_empty(), "no kept copy of {digest}");
    for copy in copies {
        let file = copy.join("alpha.sh");
        let mut permissions = fs::metadata(&file).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        fs::set_permissions(&file, permissions).unwrap();
        fs::write(&file, "echo damaged\n").unwrap();
    }
    let feedback = shell.call(&["feedback", "--json"]).exits(0);
    let decisions = feedback.json()["decisions"].as_array().unwrap().clone();
    assert_eq!(decisions.len(), 2);
    assert!(decisions[0]["damaged"][0].as_str().unwrap().contains(&digest[..12]), "{:#}", decisions[0]);
    assert_eq!((&decisions[0]["code"], &decisions[1]["damaged"]), (&json!([]), &json!([])));
    assert!(decisions[1]["code"].to_string().contains("echo beta"));
    assert!(feedback.stderr.contains(&digest[..12]), "{}", feedback.stderr);
}

/// Folders below this one that are named after the digest.
fn find(folder: &std::path::Path, digest: &str, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name().to_string_lossy().starts_with(&digest[..12]) {
            found.push(path);
        } else if path.is_dir() {
            find(&path, digest, found);
        }
    }
}
