//! Versions of a name: one session uses another one than the rest of the world, and says so.

use super::world::{ada, native, open};
use crate::support::Workspace;
use toolsmith::domain::{Command, GrantScope};

/// A tool with an evolved version in its own folder.
fn family(workspace: &Workspace) {
    native(workspace, "tools/experimental/alpha", "alpha", "echo original\n", "");
    native(workspace, "tools/experimental/alpha/versions/1.1.0", "alpha", "echo evolved\n", "");
}

#[test]
fn another_process_uses_a_version_in_its_session_and_every_other_one_the_original() {
    let workspace = Workspace::new();
    family(&workspace);
    let engine = open(&workspace);
    let digest = engine.library().resolve("alpha@1.1.0").unwrap().digest;
    let scope = GrantScope::Session("night".to_owned());
    engine.execute(Command::UseInSession { tool: "alpha@1.1.0".to_owned(), digest, scope }, &ada()).unwrap();
    let call = |session: Option<&str>, more: &[&str]| {
        let args: Vec<&str> = ["run", "alpha"].iter().chain(more).copied().collect();
        let mut command = workspace.toolsmith(&args);
        if let Some(name) = session {
            command.env("TOOLSMITH_SESSION", name);
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, said, told) = call(Some("night"), &[]);
    assert_eq!((code, said.contains("evolved")), (Some(0), true), "{said} {told}");
    assert!(told.contains("alpha 1.1.0 is used instead of 1.0.0 for session night"), "{told}");
    for session in [None, Some("day")] {
        let (code, said, told) = call(session, &[]);
        assert_eq!((code, said.contains("original")), (Some(0), true), "{said} {told}");
        assert!(!told.contains("is used instead of"), "{told}");
    }
    let agent = ["--as-agent", "bot"];
    assert_eq!(call(Some("night"), &agent).0, Some(0), "an agent of the session runs it, strictly");
    assert_eq!([call(None, &agent).0, call(Some("day"), &agent).0], [Some(4), Some(4)]);
    let (list, _) = workspace.json(&["grants"]);
    assert_eq!(
        (list["agents"][0]["agent"].as_str(), list["agents"][0]["void"].is_null()),
        (Some(""), true),
        "{list:#}"
    );
    workspace.write("tools/experimental/alpha/versions/1.1.0/alpha.sh", "echo changed\n");
    let (_, said, told) = call(Some("night"), &[]);
    assert!(said.contains("original") && !told.contains("is used instead of"), "a changed byte ends it: {said} {told}");
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_lineage_is_printed_from_the_original_on_with_what_is_used() {
    let workspace = Workspace::new();
    family(&workspace);
    let (lineage, code) = workspace.json(&["lineage", "alpha"]);
    assert_eq!((code, lineage["tool"].as_str()), (0, Some("alpha")));
    let versions = lineage["versions"].as_array().unwrap();
    let told: Vec<_> =
        versions.iter().map(|v| (v["version"].as_str().unwrap(), v["active"].as_bool().unwrap())).collect();
    assert_eq!(told, [("1.0.0", true), ("1.1.0", false)]);
    assert_eq!(versions[1]["evolved_from"].as_str(), Some("tools/experimental/alpha/tool.toml"));
    let text = workspace.toolsmith(&["lineage", "alpha"]).output().unwrap().stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains("1.0.0") && text.contains("in use") && text.contains("versions/1.1.0"), "{text}");
    let listed = workspace.json(&["list"]).0;
    let rows = listed["tools"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["name"] == "alpha") && rows.len() == 2, "{listed:#}");
}

#[test]
fn deciding_which_version_is_used_takes_a_human_at_a_terminal() {
    let workspace = Workspace::new();
    family(&workspace);
    for args in [&["promote", "alpha@1.1.0", "--to", "session"][..], &["pin", "alpha@1.1.0"], &["trim", "alpha"]] {
        let output = workspace.toolsmith(args).env("TOOLSMITH_SESSION", "night").output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{args:?}");
    }
}
