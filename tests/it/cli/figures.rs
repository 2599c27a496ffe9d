//! `dashboard` and `figures`: charts with dates, scales and a legend.

use crate::support::Workspace;
use serde_json::json;

fn text(workspace: &Workspace, args: &[&str]) -> String {
    let output = workspace.toolsmith(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn one_tool_over_time_has_runs_durations_failures_and_versions() {
    let workspace = Workspace::new();
    workspace.write(
        "tools/experimental/maybe.py",
        "\"\"\"Fails sometimes.\"\"\"\nimport sys\nn = int(sys.stdin.read() or 0)\nif n % 2:\n    raise SystemExit('odd')\nprint(n)\n",
    );
    workspace.json(&["list"]);
    for input in ["2", "3", "4", "6"] {
        let mut command = workspace.toolsmith(&["run", "maybe"]);
        let mut child =
            command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), input.as_bytes()).unwrap();
        child.wait().unwrap();
    }
    let told = text(&workspace, &["figures", "maybe"]);
    for wanted in
        ["4 in 14 days · peak 4", "75% · full height 100%", "each bar 1 day, · no runs", "median ", "odd", "1 version"]
    {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let (figures, code) = workspace.json(&["figures", "maybe"]);
    assert_eq!(
        (code, &figures["hours"][0]["runs"], &figures["versions"][0]["runs"]),
        (0, &json!(4), &json!(4)),
        "{figures:#}"
    );
    assert_eq!(figures["durations"].as_array().map(Vec::len), Some(6), "{figures:#}");
    let board = text(&workspace, &["dashboard"]);
    assert!(board.contains("4 in 14 days · peak 4") && board.contains(", · no runs"), "{board}");
    for verb in [&["figures", "maybe", "--accessible"][..], &["dashboard", "--accessible"]] {
        let aloud = text(&workspace, verb);
        assert!(aloud.contains("runs       4 in 14 days · peak 4. By day: "), "{aloud}");
        assert!(!aloud.contains(|c| ('▁'..='█').contains(&c)) && !aloud.contains("each bar"), "{aloud}");
    }
    let (missing, code) = workspace.json(&["figures", "nothing"]);
    assert!(code != 0 && missing["error"]["code"] == "not-found", "{missing:#}");
}
