//! Whole scans of folders with documents that other programs write.

use super::testing::Workspace;
use super::*;
use crate::domain::{InputMode, Kind, ProblemCode, Tool};
use serde_json::json;

fn scanned(workspace: &Workspace) -> Scan {
    scan(&workspace.plan(), &Cache::default(), &mut |_| {})
}

fn row<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    scan.tools.iter().find(|tool| tool.path == path).unwrap_or_else(|| panic!("no row {path}: {:?}", scan.problems))
}

#[test]
fn titles_are_names_and_equal_ones_are_told_apart_by_path() {
    let workspace = Workspace::new();
    let workflow = "name: Undo the \"last\" commit/merge\ncommand: git reset {{to}}\ntags: [git]\n";
    workspace.write("tools/git/undo.yaml", workflow);
    workspace.write("tools/git/again.yaml", workflow);
    workspace.write("tools/git/plain.toml", "name = \"Add up: all numbers\"\ndescription = \"d\"\n");
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    let names: Vec<(&str, &str)> = scan.tools.iter().map(|tool| (tool.name.as_str(), tool.path.as_str())).collect();
    assert_eq!(
        names,
        [
            ("add_up_all_numbers", "tools/git/plain.toml"),
            ("undo_the_last_commit_merge", "tools/git/again.yaml"),
            ("undo_the_last_commit_merge", "tools/git/undo.yaml"),
        ]
    );
    assert_eq!(row(&scan, "tools/git/undo.yaml").title.as_deref(), Some("Undo the \"last\" commit/merge"));
    assert_eq!(row(&scan, "tools/git/undo.yaml").category.0, "git");
}

#[test]
fn a_registry_folder_gives_a_server_and_its_list_of_tools() {
    let workspace = Workspace::new();
    workspace.write("tools/maps/server.yaml", "name: maps\nimage: x/maps\ntype: server\nmeta: {category: travel}\nabout: {title: Maps, description: Finds places}\n");
    workspace
        .write("tools/maps/tools.json", json!([{"name": "find", "description": "d", "arguments": []}]).to_string());
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    let server = row(&scan, "tools/maps/server.yaml");
    assert_eq!((server.name.as_str(), server.kind, server.category.0.as_str()), ("maps", Kind::Mcp, "travel"));
    assert_eq!(
        server.reason.as_deref(),
        Some("it is an MCP server in the image x/maps; write a definition with kind = \"mcp\" that starts it")
    );
    let list = row(&scan, "tools/maps/tools.json");
    assert_eq!((list.name.as_str(), list.description.as_str()), ("maps_tools", "Defines 1 tool: find: d"));
    assert_eq!(read(&workspace.plan(), list).unwrap().tool.name, list.name);
}

#[test]
fn a_schema_beside_a_script_leaves_it_runnable() {
    let workspace = Workspace::new();
    let schema = json!({"type": "object", "properties": {"text": {"type": "str"}}, "required": ["text"]});
    let shapes = [
        ("function", json!({"type": "function", "function": {"name": "a", "description": "d", "parameters": schema}})),
        ("parameters", json!({"name": "a", "description": "d", "parameters": schema})),
        ("input_schema", json!({"name": "a", "description": "d", "input_schema": schema})),
        ("mcp", json!({"name": "a", "description": "d", "inputSchema": schema})),
        ("metadata", json!({"name": "a", "description": "d", "cost_tier": "free", "schema": schema})),
    ];
    for (stem, shape) in &shapes {
        workspace.write(&format!("tools/{stem}.json"), shape.to_string());
        workspace.write(&format!("tools/{stem}.sh"), "# Prints the JSON that it gets.\ncat\n");
    }
    let parser = "import argparse\np = argparse.ArgumentParser()\np.add_argument('text')\nprint(p.parse_args().text)\n";
    workspace.write("tools/parser.json", shapes[1].1.to_string());
    workspace.write("tools/parser.py", parser);
    let list = json!({"name": "a", "description": "d", "parameters": {"type": "tuple", "items": {"type": "int"}}});
    workspace.write("tools/list.json", list.to_string());
    workspace.write("tools/list.sh", "# Prints the JSON that it gets.\ncat\n");
    workspace.write("tools/alone.json", shapes[1].1.to_string());
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    for (stem, _) in &shapes {
        let detail = read(&workspace.plan(), row(&scan, &format!("tools/{stem}.json"))).unwrap();
        let recipe = detail.manifest.recipe.unwrap();
        assert_eq!((detail.tool.reason, recipe.input), (None, InputMode::StdinJson), "{stem}");
        assert_eq!(detail.manifest.input.unwrap()["properties"], json!({"text": {"type": "string"}}), "{stem}");
        assert_eq!((recipe.command.join(" ").as_str(), detail.tool.description.as_str()), ("bash {file}", "d"));
    }
    let parser = read(&workspace.plan(), row(&scan, "tools/parser.json")).unwrap().manifest.recipe.unwrap();
    assert_eq!((parser.input, parser.args.len()), (InputMode::Args, 1));
    let list = read(&workspace.plan(), row(&scan, "tools/list.json")).unwrap();
    assert_eq!((list.tool.reason, list.manifest.recipe.unwrap().input), (None, InputMode::StdinJson));
    let alone = row(&scan, "tools/alone.json");
    assert!(!alone.runnable && alone.reason.as_ref().is_some_and(|reason| reason.contains("no start command")));
}

#[test]
fn a_text_in_a_folder_of_descriptions_describes_the_script_beside_it() {
    let workspace = Workspace::new();
    workspace.write("tools/text/upper.sh", "# Old words\ntr a-z A-Z\n");
    workspace.write("tools/text/description/upper.txt", "Turns text into capitals.\n");
    workspace.write("tools/text/descriptions/lower.txt", "Turns text into small letters.");
    workspace.write("tools/text/lower.sh", "tr A-Z a-z\n");
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    let upper = row(&scan, "tools/text/upper.sh");
    assert_eq!((upper.description.as_str(), upper.files), ("Turns text into capitals.", 2));
    assert_eq!(row(&scan, "tools/text/lower.sh").description, "Turns text into small letters.");
    assert_eq!(read(&workspace.plan(), upper).unwrap().tool.digest, upper.digest);
}

#[test]
fn files_that_are_no_tools_are_named_with_what_they_are() {
    let workspace = Workspace::new();
    for path in
        ["a.applescript", "b.swift", "c.ps1", "d.test.ts", "test_e.py", "vitest.config.ts", "tsconfig.json", "f.d.ts"]
    {
        workspace.write(&format!("tools/{path}"), "x");
    }
    workspace.write("tools/lib/index.ts", "export * from './x';\n");
    workspace.write("tools/lib/x.ts", "export const x = 1;\n");
    workspace.write("tools/rows.jsonl", "{\"id\": 1}\n");
    workspace.write("tools/README.md", "# x");
    // A test with a manifest is a tool; what a tool's own folder holds belongs to it.
    workspace.write("tools/test_kept.py", "print(1)\n");
    workspace.write("tools/test_kept.toml", "name = \"test_kept\"\ndescription = \"d\"\n");
    workspace.write("tools/own/tool.toml", "name = \"own\"\n[run]\ncommand = [\"true\"]\n");
    workspace.write("tools/own/x.swift", "x");
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    let skipped: Vec<(&str, &str)> = scan.skipped.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(
        skipped,
        [
            ("tools/README.md", "text"),
            ("tools/a.applescript", "AppleScript"),
            ("tools/b.swift", "Swift"),
            ("tools/c.ps1", "PowerShell"),
            ("tools/d.test.ts", "test"),
            ("tools/f.d.ts", "type declarations"),
            ("tools/lib/index.ts", "index"),
            ("tools/rows.jsonl", "data"),
            ("tools/test_e.py", "test"),
            ("tools/tsconfig.json", "config"),
            ("tools/vitest.config.ts", "config"),
        ]
    );
    let names: Vec<&str> = scan.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["own", "test_kept", "x"]);
}

#[test]
fn a_document_with_a_name_and_only_words_that_are_not_known_is_data() {
    let workspace = Workspace::new();
    let card = json!({"name": "Questions 2021", "description": "A set of questions", "rows": 822, "madeBy": "hand"});
    workspace.write("tools/card.json", card.to_string());
    workspace.write("tools/slip.json", json!({"name": "slip", "description": "d", "comand": ["ls"]}).to_string());
    workspace.write("tools/bare.json", json!({"name": "bare", "description": "d"}).to_string());
    workspace
        .write("tools/told.json", json!({"name": "told", "description": "d", "tags": ["t"], "rows": 3}).to_string());
    let scan = scanned(&workspace);
    let skipped: Vec<(&str, &str)> = scan.skipped.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!((skipped, scan.problems), (vec![("tools/card.json", "data")], vec![]));
    let names: Vec<&str> = scan.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["bare", "slip", "told"]);
}

#[test]
fn hostile_documents_of_each_format_are_problems() {
    let workspace = Workspace::new();
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for pair in "abcdefghij".as_bytes().windows(2) {
        let (from, to) = (pair[0] as char, pair[1] as char);
        bomb = format!("{bomb}{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(","));
    }
    let long = "x".repeat(10 << 20);
    let line = json!({"name": "a", "parameters": {}}).to_string();
    let hostile = [
        ("bomb.yaml", format!("name: A b\ncommand: ls {{{{a}}}}\n{bomb}"), ProblemCode::TooLarge),
        ("server.yaml", format!("name: s\nabout: {{}}\nmeta: {{}}\n{bomb}"), ProblemCode::TooLarge),
        ("cycle.yaml", "name: A b\ncommand: ls\narguments: &a [*a]\n".to_owned(), ProblemCode::BadSyntax),
        ("bidi.yaml", "name: \"A \\u202e b\"\ncommand: ls\ntags: []\n".to_owned(), ProblemCode::BadName),
        ("bidi_command.yaml", "name: A b\ncommand: \"ls \\u202e\"\ntags: []\n".to_owned(), ProblemCode::BadField),
        ("bidi.json", "{\"type\": \"function\", \"name\": \"a\\u202eb\"}".to_owned(), ProblemCode::BadName),
        ("bidi_server.yaml", "name: \"a\\u200bb\"\nabout: {}\nmeta: {}\n".to_owned(), ProblemCode::BadName),
        ("bidi_list.json", "[{\"name\": \"a\\u202e\", \"parameters\": {}}]".to_owned(), ProblemCode::BadName),
        ("big.yaml", format!("name: A b\ncommand: {long}\n"), ProblemCode::TooLarge),
        ("big.json", format!("[{{\"name\": \"{long}\", \"parameters\": {{}}}}]"), ProblemCode::TooLarge),
        ("big.jsonl", format!("{line}\n{}", format!("{line}\n").repeat(50_000)), ProblemCode::TooLarge),
        (
            "deep.jsonl",
            format!("{line}\n{{\"name\": \"b\", \"parameters\": {}", "[".repeat(5_000)),
            ProblemCode::BadSyntax,
        ),
    ];
    for (path, text, _) in &hostile {
        workspace.write(&format!("tools/hostile/{path}"), text);
    }
    let scan = scanned(&workspace);
    assert!(scan.tools.is_empty(), "{:?}", scan.tools.iter().map(|tool| &tool.path).collect::<Vec<_>>());
    for (path, _, code) in &hostile {
        let path = format!("tools/hostile/{path}");
        let problem = scan.problems.iter().find(|problem| problem.path == path);
        let problem = problem.unwrap_or_else(|| panic!("no problem for {path}"));
        assert_eq!(problem.code, *code, "{problem:?}");
    }
}

#[test]
fn a_description_of_an_agent_says_that_it_is_not_started() {
    let workspace = Workspace::new();
    workspace
        .write("tools/agent/index.yaml", "name: Coder\ndescription: Writes code\ninstructions: You are a coder.\n");
    let scan = scanned(&workspace);
    let reason = scan.tools[0].reason.as_deref().unwrap();
    assert!(reason.ends_with("it is not started here"), "{reason}");
}

#[test]
fn files_that_a_script_takes_by_its_place_are_part_of_it_or_named_as_missing() {
    let workspace = Workspace::new();
    workspace.write(
        "tools/a/greet.sh",
        "#!/bin/bash\n# Greets\nsource \"$(dirname \"$0\")/lib/words.sh\"\necho \"$hello\"\n",
    );
    workspace.write("tools/a/lib/words.sh", "hello=hi\n");
    workspace.write(
        "tools/b/out.sh",
        "#!/bin/bash\n# Sets it\ncd \"$(dirname \"${BASH_SOURCE[0]}\")\" && . \"../../utils.sh\"\necho\n",
    );
    workspace.write("utils.sh", "x=1\n");
    workspace.write("tools/c/up.mjs", "// Counts\nimport { count } from '../x.mjs';\nconsole.log(count);\n");
    workspace.write(
        "tools/d/perhaps.sh",
        "#!/bin/bash\n# Echoes\nD=$(dirname \"$0\")\n[ -f \"$D/x.sh\" ] && . \"$D/x.sh\"\necho x\n",
    );
    let scan = scanned(&workspace);
    assert_eq!(scan.problems, vec![]);
    let greet = row(&scan, "tools/a/greet.sh");
    assert_eq!((greet.files, greet.reason.as_deref()), (2, None));
    assert_eq!(row(&scan, "tools/d/perhaps.sh").reason, None);
    let reason = |path: &str| row(&scan, path).reason.clone().unwrap_or_default();
    assert!(
        reason("tools/b/out.sh").starts_with("needs the file ../../utils.sh, which out.sh takes"),
        "{}",
        reason("tools/b/out.sh")
    );
    assert_eq!(row(&scan, "tools/b/out.sh").obstacle().as_deref(), Some("needs ../../utils.sh"));
    assert!(reason("tools/c/up.mjs").starts_with("needs the file ../x.mjs"), "{}", reason("tools/c/up.mjs"));
}

#[test]
fn workflows_and_tests_of_other_programs_are_no_tools() {
    let workspace = Workspace::new();
    let flow = json!({"name": "Flow", "nodes": [{"name": "a"}], "connections": {}, "tags": [{"id": "1", "name": "x"}]});
    workspace.write("tools/flow.json", flow.to_string());
    workspace
        .write("tools/test/usage.mjs", "import x from 'x';\ndescribe('usage', () => { it('works', () => {}); });\n");
    let scan = scanned(&workspace);
    assert_eq!((scan.problems.len(), scan.tools.len()), (0, 0), "{:?}", scan.problems);
    let skipped: Vec<(&str, &str)> = scan.skipped.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(skipped, [("tools/flow.json", "data"), ("tools/test/usage.mjs", "test")]);
}

#[test]
fn a_definition_of_bashly_has_a_form_and_its_parts_are_no_rows() {
    let workspace = Workspace::new();
    let definition = "name: cli\nhelp: |-\n  Sample application\n\n  More.\nversion: 0.1.0\ncommands:\n- name: download\n  alias: d\n  help: Download a file\n  args:\n  - name: source\n    required: true\n    help: Where from\n  flags:\n  - long: --force\n    short: -f\n  - long: --level\n    arg: n\n    default: \"2\"\n    allowed: [\"1\", \"2\"]\n- name: hidden\n  private: true\n";
    workspace.write("tools/src/bashly.yml", definition);
    workspace.write("tools/src/download_command.sh", "inspect_args\n");
    workspace.write("tools/src/lib/colors.sh", "red() {\n  printf x\n}\n");
    workspace.write("tools/own.sh", "echo hi\n");
    let scan = scanned(&workspace);
    assert_eq!((scan.problems.len(), scan.tools.len()), (0, 2), "{:?}", scan.problems);
    let tool = row(&scan, "tools/src/bashly.yml");
    assert_eq!((tool.name.as_str(), tool.description.as_str()), ("cli", "Sample application"));
    assert!(tool.reason.as_deref().is_some_and(|why| why.contains("bashly generate")));
    let input = read(&workspace.plan(), tool).unwrap().manifest.input.unwrap();
    let names: Vec<&String> = input["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["command", "force", "level", "source"]);
    assert_eq!(input["properties"]["level"]["enum"], json!(["1", "2"]));
    let skipped: Vec<(&str, &str)> = scan.skipped.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(skipped, [("tools/src/download_command.sh", "module"), ("tools/src/lib/colors.sh", "module")]);
}

#[test]
fn a_flow_of_nodes_is_data_whatever_else_it_says() {
    let workspace = Workspace::new();
    let flow = |more: serde_json::Value| {
        let mut flow = json!({"name": "🤖 Answers", "nodes": [{"type": "n8n-nodes-base.set", "position": [0, 1]}], "connections": {}});
        flow.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        flow.to_string()
    };
    workspace.write("tools/a.json", flow(json!({"tags": {"a": 1}})));
    workspace.write("tools/b.json", flow(json!({"description": "Sums up a video", "settings": {}, "active": false})));
    workspace.write("tools/c.json", flow(json!({"tags": [{"name": "x"}]})));
    let scan = scanned(&workspace);
    assert_eq!((scan.problems.len(), scan.tools.len()), (0, 0), "{:?}", scan.problems);
    assert!(scan.skipped.iter().all(|file| file.kind == "data"), "{:?}", scan.skipped);
    workspace.write("tools/ci.yml", "name: CI\non: [push]\njobs:\n  a:\n    steps: []\n");
    workspace.write(
        "tools/extension.json",
        json!({"manifest_version": 3, "name": "x", "permissions": ["tabs"]}).to_string(),
    );
    let scan = scanned(&workspace);
    assert_eq!((scan.problems.len(), scan.tools.len(), scan.skipped.len()), (0, 0, 5), "{:?}", scan.problems);
}

#[test]
fn files_that_only_define_do_not_run() {
    let workspace = Workspace::new();
    workspace.write("tools/colors.sh", "red() {\n  printf x\n}\n");
    workspace.write("tools/errors.js", "class A extends Error {}\nexports.A = A;\n");
    workspace.write("tools/a.test.tsx", "describe('x', () => {});\n");
    workspace.write("tools/test/verify.js", "import test from 'ava';\nexport const verify = test.macro(() => {});\n");
    workspace.write("tools/runs.sh", "red() {\n  printf x\n}\nred\n");
    let scan = scanned(&workspace);
    let told: Vec<(&str, bool)> = scan.tools.iter().map(|tool| (tool.name.as_str(), tool.runnable)).collect();
    assert_eq!(told, [("colors", false), ("errors", false), ("runs", true)]);
    let why = row(&scan, "tools/colors.sh").reason.as_deref();
    assert_eq!(why, Some("it defines functions but calls none; call one at the end of the script"));
    assert!(scan.skipped.iter().all(|file| file.kind == "test") && scan.skipped.len() == 2, "{:?}", scan.skipped);
}

#[test]
fn documents_without_a_name_are_data_where_only_words_of_data_tell_of_a_tool() {
    let workspace = Workspace::new();
    for (name, text) in [
        ("colour.yaml", "type: string\ndescription: The colour\nenum: [red, blue]\n"),
        ("either.json", r#"{"type": ["string", "null"], "description": "It"}"#),
        ("page.json", r#"{"title": "A page", "url": "https://example.org"}"#),
        ("case.yaml", "input: hello\ntemplate: greet\n"),
        ("page.meta.json", r#"{"title": "A page", "url": "https://example.org", "description": "What it says"}"#),
    ] {
        workspace.write(&format!("tools/{name}"), text);
    }
    let scan = scanned(&workspace);
    assert_eq!((scan.problems.len(), scan.tools.len(), scan.skipped.len()), (0, 0, 5), "{:?}", scan.problems);
    for (name, text) in [
        ("one.yaml", "description: Does it\ncommand: ls\n"),
        ("two.json", r#"{"description": "Does it", "parameters": {"type": "object"}}"#),
        ("three.json", r#"{"description": "Gets it", "url": "https://example.org", "method": "GET"}"#),
    ] {
        workspace.write(&format!("tools/{name}"), text);
    }
    assert_eq!(scanned(&workspace).problems.len(), 3);
}

#[test]
fn a_folder_that_is_too_large_is_a_problem_of_its_tool_and_the_hint_names_where() {
    let workspace = Workspace::new();
    workspace.write("tools/reader/SKILL.md", "---\nname: reader\ndescription: Reads.\n---\nRead it.\n");
    workspace.write("tools/reader/target/release/reader", "");
    let built = std::fs::File::options().write(true).open(workspace.at("tools/reader/target/release/reader")).unwrap();
    built.set_len(17 << 20).unwrap();
    let scan = scanned(&workspace);
    let [problem] = scan.problems.as_slice() else { panic!("{:?}", scan.problems) };
    assert_eq!((problem.path.as_str(), problem.code), ("tools/reader", ProblemCode::TooLarge));
    assert!(problem.hint.contains("those in target/release"), "{}", problem.hint);
}
