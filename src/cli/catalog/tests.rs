//! The output of listings and single tools for humans and scripts.

use super::super::behaviour::tests::watched;
use super::super::print_json::tests::object;
use super::super::print_text::tests::plain;
use super::super::runs::tests::failed_run;
use super::listing::{Filter, Listed, Listing, categories};
use super::schema_words::type_words;
use super::*;
use crate::domain::{
    Category, CostTier, Dialect, Digest, FileMode, InputMode, Instant, Kind, Origin, Placement, Problem, ProblemCode,
    Provenance, Recipe, SkippedFile, Stage, ToolReview, VersionFile, VersionOrigin,
};
use serde_json::json;
use std::sync::Arc;

fn tool(name: &str, stage: Stage) -> Tool {
    Tool {
        digest: Digest([0xab; 32]),
        stage,
        category: Category::new("data"),
        description: "adds\u{202e} numbers\nand more".into(),
        tags: vec!["Math".into()],
        path: format!("tools/{stage}/{name}/tool.toml"),
        placement: Placement { base: format!("tools/{stage}/{name}"), exclusive: true },
        origin: Origin::Ai,
        files: 2,
        bytes: 100,
        ..Tool::ordinary(name)
    }
}

fn problem() -> Problem {
    Problem {
        path: "tools/experimental/x.yaml".into(),
        line: Some(3),
        code: ProblemCode::BadSyntax,
        message: "no value after :".into(),
        hint: "close the quote".into(),
    }
}

fn listing(show: Listed) -> Listing {
    let tools = vec![Arc::new(tool("add", Stage::Core)), Arc::new(tool("sum", Stage::Experimental))];
    Listing { tools, problems: vec![problem()], skipped: Vec::new(), total: 5, locked: 0, in_use: None, show }
}

#[test]
fn skipped_files_are_counted_in_the_last_line_and_named_when_asked_for() {
    let file = |path: &str, kind| SkippedFile { path: path.to_owned(), kind };
    let skipped =
        vec![file("tools/a\u{202e}.swift", "Swift"), file("tools/b.swift", "Swift"), file("tools/test_c.py", "test")];
    let all = Listing { skipped: skipped.clone(), ..listing(Listed::Tools) };
    let text = plain(|page| all.text(page));
    let last =
        "3 files look like tools and are skipped (2 Swift, 1 test); `toolsmith list --skipped` names all skipped files";
    assert_eq!(text.lines().last(), Some(last));
    let named = Listing { skipped, ..listing(Listed::Skipped) };
    assert_eq!(
        plain(|page| named.text(page)),
        "tools/a\\u{202e}.swift: nothing here runs Swift\n\
         tools/b.swift: nothing here runs Swift\n\
         tools/test_c.py: it is taken for test, such as test_parse.py, not for a tool\n\
         3 files skipped; 3 of them look like tools\n"
    );
    assert_eq!(object(&named)["skipped"][2], json!({"path": "tools/test_c.py", "kind": "test"}));
}

#[test]
fn a_listing_ends_with_counts_and_names_its_problems() {
    assert_eq!(
        plain(|page| listing(Listed::Tools).text(page)),
        "name  version  stage         kind     tier          state        description\n\
         add   1.0.0    core          command  unclassified  not-adopted  adds\\u{202e} numbers\n\
         sum   1.0.0    experimental  command  unclassified  ok           adds\\u{202e} numbers\n\
         2 of 5 tools · 1 problem (`toolsmith list --problems`)\n"
    );
    assert_eq!(
        plain(|page| listing(Listed::Problems).text(page)),
        "tools/experimental/x.yaml:3: bad-syntax: no value after :\n  hint: close the quote\n1 problem · 5 tools\n"
    );
}

#[test]
fn a_listing_has_the_fields_scripts_rely_on() {
    let answer = object(&listing(Listed::Tools));
    let keys: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["schema", "tools", "problems", "skipped", "total", "locked", "in_use"]);
    assert_eq!(
        answer["problems"],
        json!([{"path": "tools/experimental/x.yaml", "line": 3, "code": "bad-syntax",
            "message": "no value after :", "hint": "close the quote"}])
    );
    let row = answer["tools"][0].as_object().unwrap();
    for field in [
        "name",
        "version",
        "digest",
        "stage",
        "kind",
        "category",
        "cost_tier",
        "description",
        "tags",
        "keywords",
        "path",
        "format",
        "state",
        "runnable",
        "reason",
        "review",
        "score",
        "runs",
        "success_rate",
        "last_run_at",
    ] {
        assert!(row.contains_key(field), "{field} is missing");
    }
    assert_eq!(row["description"], json!("adds\u{202e} numbers\nand more"));
    assert_eq!((&row["review"], &row["score"], &row["reason"]), (&json!("none"), &json!(null), &json!(null)));
}

#[test]
fn archived_tools_are_listed_only_when_asked_for() {
    let (here, away) = (tool("a", Stage::Core), tool("b", Stage::Archived));
    let all = Filter::default();
    assert_eq!((all.accepts(&here), all.accepts(&away)), (true, false));
    let archived = Filter { stage: Some(Stage::Archived), ..Filter::default() };
    assert_eq!((archived.accepts(&here), archived.accepts(&away)), (false, true));
}

#[test]
fn every_filter_narrows_the_list() {
    let tool = tool("a", Stage::Core);
    let fits = [
        Filter { categories: Some(vec!["git".into(), "data".into()]), ..Filter::default() },
        Filter { tier: Some(CostTier::Medium), ..Filter::default() },
        Filter { tag: Some("math".into()), ..Filter::default() },
        Filter { kind: Some(Kind::Command), origin: Some(Origin::Ai), ..Filter::default() },
    ];
    assert!(fits.iter().all(|filter| filter.accepts(&tool)));
    let misses = [
        Filter { categories: Some(vec!["git".into()]), ..Filter::default() },
        Filter { tier: Some(CostTier::Low), ..Filter::default() },
        Filter { tag: Some("mat".into()), ..Filter::default() },
        Filter { kind: Some(Kind::Prompt), ..Filter::default() },
        Filter { origin: Some(Origin::Admin), ..Filter::default() },
    ];
    assert!(misses.iter().all(|filter| !filter.accepts(&tool)));
}

#[test]
fn a_category_is_chosen_by_its_name_or_the_begin_of_names() {
    let tools: Vec<_> = ["data", "database", "photos", "photos"]
        .map(|name| {
            let mut tool = tool("a", Stage::Core);
            tool.category = Category::new(name);
            std::sync::Arc::new(tool)
        })
        .into();
    let chosen = |word: &str| categories(word, &tools).map_err(|error| (error.message, error.hint));
    assert_eq!(chosen("Data"), Ok(vec!["data".to_owned()]));
    assert_eq!(chosen("dat"), Ok(vec!["data".to_owned(), "database".to_owned()]));
    assert_eq!(chosen("photo"), Ok(vec!["photos".to_owned()]));
    assert_eq!(chosen("docker"), Ok(vec!["docker".to_owned()]), "known everywhere");
    let (message, hint) = chosen("photosets").unwrap_err();
    assert_eq!(message, "no category is called photosets or begins with it");
    assert_eq!(hint, "in this catalog: data (1), database (1), photos (2)");
}

#[test]
fn everything_unusual_about_a_tool_is_a_word() {
    let mut odd = tool("a", Stage::Experimental);
    Arc::make_mut(&mut odd.facts).review = ToolReview::Waiting;
    odd.copy_of = Some("b".into());
    odd.clashes = vec!["c".into()];
    odd.runnable = false;
    assert_eq!(state_words(&odd), (Ink::Warn, "cannot run, waiting copy clash".into()));
    odd.state = ToolState::Changed;
    assert_eq!(state_words(&odd).1, "changed waiting copy clash");
    let mut approved = tool("a", Stage::Approved);
    assert_eq!(state_words(&approved).1, "not-adopted");
    Arc::make_mut(&mut approved.facts).review = ToolReview::Approved;
    assert_eq!(state_words(&approved), (Ink::Dim, "ok".into()));
}

fn shown() -> Shown {
    let tool = tool("add", Stage::Experimental);
    let manifest = Manifest {
        version: tool.version.clone(),
        description: tool.description.clone(),
        recipe: Some(Recipe {
            command: vec!["python3".into(), "{file}".into()],
            entry: Some("add.py".into()),
            ..Recipe::blank(InputMode::StdinJson)
        }),
        input: Some(json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer", "description": "first\u{1b}[2J"},
            "how": {"enum": ["fast", "slow"], "default": "fast"},
            "more": {"type": "array", "items": {"type": "number"}}
        }})),
        provenance: Provenance { created_by: Some("coder".into()), ..Provenance::default() },
        ..Manifest::blank(tool.name.clone(), Dialect::Native)
    };
    let file = VersionFile { path: "add.py".into(), mode: FileMode::Plain, bytes: b"print(1)\n".to_vec() };
    let version = VersionInfo {
        version: tool.version.clone(),
        digest: tool.digest,
        stage: tool.stage,
        path: tool.path.clone(),
        first_seen_at: Instant(1_767_323_045_678),
        approved: false,
        kept: true,
        usage: watched().usage,
        provenance: VersionOrigin { creator: Some("coder".into()), ..VersionOrigin::default() },
    };
    Shown {
        tool,
        versions: vec![version],
        manifest,
        files: vec![FileHead::of(&file)],
        runs: vec![failed_run()],
        waiting_review: Some(ReviewId(4)),
        behaviour: watched(),
        skill: None,
        keeps: None,
        missing: vec![Missing { name: "x".to_owned(), message: "x is not installed".to_owned(), blocks: true }],
        interpreter_changed: None,
        doubt: None,
        is_only_doubted: false,
        rollback: None,
        definition: None,
        notes: Vec::new(),
    }
}

#[test]
fn a_tool_is_shown_with_what_it_takes_needs_and_did() {
    insta::assert_snapshot!("show", plain(|page| shown().text(page)));
}

#[test]
fn a_shown_tool_has_the_fields_scripts_rely_on() {
    let answer = object(&shown());
    let keys: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "schema",
            "tool",
            "versions",
            "dialect",
            "recipe",
            "permissions",
            "limits",
            "input",
            "output",
            "examples",
            "tests",
            "provenance",
            "dependencies",
            "extra",
            "files",
            "runs",
            "waiting_review",
            "behaviour",
            "missing",
            "doubt"
        ]
    );
    assert_eq!(answer["versions"][0]["digest"], json!("ab".repeat(32)));
    assert_eq!(answer["permissions"], json!({"network": [], "read": [], "write": [], "env": [], "run": []}));
}

#[test]
fn a_type_is_told_in_a_few_words() {
    let words = |schema: Value| type_words(&schema);
    assert_eq!(words(json!({"type": "array", "items": {"type": "string"}})), "list of string");
    assert_eq!(words(json!({"type": ["string", "null"]})), "string or null");
    assert_eq!(words(json!({"enum": ["a", 1, null]})), "one of a, 1, null");
    assert_eq!(
        [words(json!({})), words(json!(true)), words(json!({"type": "array"}))],
        ["anything", "anything", "list"]
    );
}
