//! Descriptions of results are the same lines on the command line and in an overlay, and the same JSON for scripts.

use super::plain_verb::{Described, argument, parsed};
use super::{Diagnosis, DoctorLine, ErrorCode, SearchHit, SearchResult, SimilarTool, SimilarTools, VerifyReport};
use crate::domain::description::Describe;
use crate::domain::{Digest, Stage, ToolName, VerbCall};
use crate::engine::commands::{plain_queries, plain_query, plain_verbs};
use serde_json::json;

fn name(text: &str) -> ToolName {
    ToolName::new(text).unwrap()
}

#[test]
fn the_nearest_tool_comes_first_with_what_it_shares() {
    let copy = SimilarTool {
        name: name("two"),
        version: semver::Version::new(1, 2, 0),
        digest: Digest([0xab; 32]),
        stage: Stage::Core,
        path: "tools/core/two/tool.toml".to_owned(),
        likeness: 1.0,
        near: true,
        copy: true,
        why: "all files are identical".to_owned(),
        description: "Adds".to_owned(),
    };
    let near = SimilarTool { likeness: 0.85, copy: false, why: "both are".to_owned(), ..copy.clone() };
    let far = SimilarTool { likeness: 0.5, near: false, ..near.clone() };
    let found = SimilarTools { tool: name("one"), similar: vec![copy, near, far] };
    let tool = "two 1.2.0  core  tools/core/two/tool.toml";
    assert_eq!(
        found.describe().text(),
        format!(
            " 100%  {tool}\n        Adds\n        all files are identical\n  85%  {tool}  near duplicate\n        Adds\n        both are\n  50%  {tool}\n        Adds\n        both are\n"
        )
    );
    let answer = Described::of(&found).unwrap();
    assert_eq!((&answer.json["tool"], &answer.json["similar"][0]["likeness"]), (&json!("one"), &json!(1.0)));
    let none = SimilarTools { similar: Vec::new(), ..found };
    assert_eq!((none.describe().text().as_str(), none.is_bad()), ("no tool is similar to one\n", false));
}

#[test]
fn a_hit_is_told_with_its_reason_and_what_holds_it_back() {
    let hit = SearchHit {
        name: name("csv_parser"),
        version: semver::Version::new(1, 2, 0),
        digest: Digest([0xab; 32]),
        stage: Stage::Core,
        path: "tools/core/csv_parser/tool.toml".to_owned(),
        description: "Parses CSV\nand more".to_owned(),
        similarity: 0.456,
        why: "parse (name)".to_owned(),
        held_back: Some("not-for-json".to_owned()),
    };
    let found = SearchResult { words: "parse json".to_owned(), hits: vec![hit] };
    assert_eq!(
        found.describe().text(),
        "  46%  csv_parser 1.2.0  core  tools/core/csv_parser/tool.toml\n        Parses CSV\n        ranked last, tagged not-for-json; parse (name)\n1 tool\n"
    );
    let answer = Described::of(&found).unwrap();
    assert_eq!((&answer.json["hits"][0]["held_back"], answer.is_bad), (&json!("not-for-json"), false));
    let none = SearchResult { words: "sing".to_owned(), hits: Vec::new() };
    assert!(none.is_bad() && none.describe().text().contains("no tool matches \"sing\""));
}

#[test]
fn faults_are_listed_with_a_next_step_and_are_bad_news() {
    let report = |faults: &[&str]| VerifyReport {
        workspace: "/work".into(),
        operations: 12,
        versions: 3,
        faults: faults.iter().map(|fault| (*fault).into()).collect(),
        notes: Vec::new(),
    };
    let well = report(&[]);
    assert_eq!(well.describe().text(), "12 log entries and 3 kept copies of /work checked: no problems found\n");
    assert!(!well.is_bad());
    let torn = report(&["entry 4 was edited"]);
    assert_eq!(
        torn.describe().text(),
        "fault: entry 4 was edited\n12 log entries and 3 kept copies of /work checked: 1 fault\n  hint: `toolsmith list --problems` shows the next step for each tool, `toolsmith doctor` for the state\n"
    );
    let answer = Described::of(&torn).unwrap();
    assert!(answer.is_bad);
    assert_eq!(
        answer.json,
        json!({"workspace": "/work", "operations": 12, "versions": 3, "faults": ["entry 4 was edited"], "notes": []})
    );
}

#[test]
fn a_bad_line_of_doctor_is_bad_news_and_a_warning_is_not() {
    let line = |state: &str, hint: &str| DoctorLine {
        name: "git".into(),
        state: state.into(),
        message: "2.39".into(),
        hint: hint.into(),
    };
    let well = Diagnosis { lines: vec![line("ok", ""), line("warn", "update it")] };
    assert_eq!(well.describe().text(), "ok   git: 2.39\nwarn git: 2.39\n      hint: update it\n");
    assert!(!well.is_bad() && Diagnosis { lines: vec![line("bad", "")] }.is_bad());
    let answer = Described::of(&Diagnosis { lines: vec![line("ok", "")] }).unwrap();
    assert_eq!(answer.json, json!({"lines": [{"name": "git", "state": "ok", "message": "2.39", "hint": ""}]}));
}

#[test]
fn text_of_tools_is_escaped_in_every_description() {
    let evil = "a\u{202e}b\u{1b}[2J\nc";
    let report =
        VerifyReport { workspace: evil.into(), operations: 1, versions: 1, faults: vec![evil.into()], notes: vec![] };
    let text = report.describe().text();
    assert!(!text.contains(['\u{202e}', '\u{1b}']) && text.contains("\\x1b"), "{text:?}");
    assert_eq!(text.lines().count(), 3, "a line break in a name makes no line: {text:?}");
}

#[test]
fn an_argument_that_is_missing_or_no_number_names_the_help() {
    let call = VerbCall::new("compare", &[("run", "#7"), ("other", "seven")]);
    assert_eq!(parsed::<i64>(&call, "run").unwrap(), Some(7));
    assert_eq!(parsed::<i64>(&call, "third").unwrap(), None);
    let wrong = parsed::<i64>(&call, "other").unwrap_err();
    let missing = argument(&VerbCall::new("compare", &[]), "run").unwrap_err();
    for error in [wrong, missing] {
        assert_eq!(
            (error.code, error.hint.as_str()),
            (ErrorCode::Usage, "`toolsmith help compare` names the arguments")
        );
    }
}

#[test]
fn a_name_means_one_verb() {
    let mut names: Vec<&str> = plain_verbs().map(|(name, _)| name).chain(plain_queries()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| plain_query(name).is_some() || plain_verbs().any(|(verb, _)| verb == *name)));
}
