//! Making tools: from documents over specifications to scaffolds.

use crate::needs;
use crate::support::{Terminal, Workspace, shared};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use toolsmith::domain::Digest;

/// The outline of a document, one line a section.
fn outline(answer: &Value) -> String {
    let mut text = String::new();
    for section in answer["sections"].as_array().unwrap() {
        let level = section["level"].as_u64().unwrap() as usize;
        let code = section["code"].as_array().unwrap();
        let class = section["class"].as_str().unwrap();
        let _ = write!(text, "{:>4}-{:<4} {class:<12} ", section["line"], section["end_line"]);
        let _ = write!(text, "{:indent$}{}", "", section["title"].as_str().unwrap(), indent = level * 2);
        let _ = writeln!(text, "{}", if code.is_empty() { String::new() } else { format!(" [{} code]", code.len()) });
    }
    let cut = &answer["summary"]["cut"];
    let _ = writeln!(text, "{} lines, {} of them requirements", cut["lines"], cut["requirements"]);
    text
}

#[test]
fn the_founding_documents_are_taken_apart_as_they_were() {
    let Some(folder) = shared().map(|shared| shared.join("seeds")) else { return };
    let workspace = Workspace::new();
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 5);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let file = path.to_str().unwrap();
        let (answer, code) = workspace.json(&["spec", file]);
        assert_eq!(code, 0, "{answer:#}");
        assert_eq!(answer["document"]["digest"], json!(Digest::of_bytes(&bytes)), "{file}");
        for line in answer["summary"]["lines"].as_array().unwrap() {
            let Some(number) = line["line"].as_u64() else { continue };
            let source = String::from_utf8_lossy(&bytes);
            let source = source.lines().nth(number as usize - 1).unwrap().to_owned();
            let shown: String =
                line["text"].as_str().unwrap().chars().filter(char::is_ascii_alphabetic).take(8).collect();
            let there: String = source.chars().filter(char::is_ascii_alphabetic).take(8).collect();
            assert!(shown == there || SafeStart(&source).has_hidden(), "{file}:{number}: {shown} {there}");
        }
        assert!(answer["summary"]["text"].as_str().unwrap().chars().count() <= 10_000, "{file}");
        let name = path.file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("outline_{}", &name[..3]), outline(&answer));
    }
}

/// A line in which escapes stand for hidden characters has more letters than its source.
struct SafeStart<'a>(&'a str);

impl SafeStart<'_> {
    fn has_hidden(&self) -> bool {
        self.0.chars().any(toolsmith::domain::is_hidden)
    }
}

#[test]
fn a_document_is_summed_up_kept_and_opened_again_by_its_digest() {
    let workspace = Workspace::new();
    let text = format!("# A tool\n\n## Requirements\n\n- It must sort.\n\n## Notes\n\n{}", "Words.\n".repeat(3_000));
    workspace.write("spec.md", &text);
    let output = workspace.toolsmith(&["spec", "spec.md", "--max-length", "800"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.chars().count() <= 800, "{shown}");
    assert!(shown.contains("   5  - It must sort.") && shown.contains("lines cut"), "{shown}");
    let digest = Digest::of_bytes(text.as_bytes());
    assert!(shown.contains(&digest.hex()), "{shown}");
    fs::remove_file(workspace.path("spec.md")).unwrap();
    let short = digest.short();
    let (full, _) = workspace.json(&["spec", &short, "--full"]);
    assert_eq!(full["text"], json!(text));
    let (part, _) = workspace.json(&["spec", &short, "--lines", "5-6"]);
    assert_eq!(part["part"], json!([{"line": 5, "text": "- It must sort."}, {"line": 6, "text": ""}]));
    assert_eq!(workspace.json(&["spec", "nowhere.md"]).1, 5);
    assert_eq!(workspace.json(&["spec", &short, "--max-length", "20"]).1, 2);
}

#[test]
fn other_encodings_are_named_and_what_is_no_text_is_refused() {
    let workspace = Workspace::new();
    let wide: Vec<u8> = "\u{feff}# Größe\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding, title) in [
        (b"# Gr\xf6\xdfe\n".to_vec(), "latin1", "Größe"),
        (wide, "utf16-le", "Größe"),
        (b"\xef\xbb\xbf# A\n".to_vec(), "utf8-bom", "A"),
    ] {
        fs::write(workspace.path("spec.md"), bytes).unwrap();
        let (answer, code) = workspace.json(&["spec", "spec.md"]);
        assert_eq!((code, &answer["document"]["encoding"]), (0, &json!(encoding)));
        assert_eq!(answer["document"]["title"], json!(title));
    }
    fs::write(workspace.path("spec.pdf"), b"%PDF-1.7\n").unwrap();
    let (answer, code) = workspace.json(&["spec", "spec.pdf"]);
    assert_eq!(code, 1);
    assert!(answer["error"]["message"].as_str().unwrap().contains("a PDF"), "{answer}");
}

/// Whether this machine can run the language; says so by name when it cannot.
fn can_run(workspace: &Workspace, tool: &str, language: &str) -> bool {
    let takes_text = tool.starts_with("cli-wrapper") || tool.starts_with("data-transform");
    let (shown, _) =
        workspace.json_of_human(&["run", tool, "--allow", "--set", if takes_text { "text=a" } else { "path=a" }]);
    let error = shown["error"]["message"].as_str().or(shown["run"]["error"].as_str()).unwrap_or_default();
    let is_missing = error.contains("TypeScript needs") || error.contains("not installed");
    if is_missing {
        needs::not_run(&format!("{language}: {error}"));
    }
    !is_missing
}

#[test]
fn every_scaffold_passes_its_own_checks() {
    let workspace = Workspace::new();
    for template in ["cli-wrapper", "api-client", "data-transform", "file-processor"] {
        for language in ["python", "typescript", "shell"] {
            let name = format!("{template}-{language}");
            let (made, code) = workspace.json(&["new", &name, "--template", template, "--language", language]);
            assert_eq!(code, 0, "{made:#}");
            let files: Vec<&str> =
                made["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
            let entry =
                files.iter().find(|file| file.contains(&template.replace('-', "_")) && !file.contains("tool.toml"));
            let text = fs::read_to_string(workspace.path(entry.unwrap())).unwrap();
            assert!(text.starts_with("#!/usr/bin/env ") && text.contains("AI-Generated Tool"), "{text}");
            let (shown, _) = workspace.json(&["show", &name]);
            assert_eq!((&shown["tool"]["stage"], &shown["tool"]["state"]), (&json!("experimental"), &json!("ok")));
            if !can_run(&workspace, &name, language) {
                continue;
            }
            let (answer, code) = workspace.json(&["check", &name]);
            assert_eq!(code, 0, "{name}: {answer:#}");
            for check in answer["verdict"]["checks"].as_array().unwrap() {
                let (check, state) = (check["name"].as_str().unwrap(), check["state"].as_str().unwrap());
                let must_pass = ["syntax", "manifest", "capabilities", "tests", "output", "property", "behaviour"];
                assert!(state == "passed" || !must_pass.contains(&check), "{name}: {check} {state}: {answer:#}");
            }
            // Nothing is written over.
            assert_eq!(workspace.json(&["new", &name, "--template", template]).1, 3);
            assert_eq!(fs::read_to_string(workspace.path(entry.unwrap())).unwrap(), text);
        }
    }
}

/// Gives a human's answer to a review at a terminal.
fn answer(workspace: &Workspace, args: &[&str]) {
    let mut terminal = Terminal::toolsmith(workspace, args, (100, 30));
    assert!(terminal.wait_end().success(), "{args:?}: {}", terminal.text());
}

#[test]
fn a_document_becomes_a_specification_that_a_human_approves_before_anything_is_made() {
    let workspace = Workspace::new();
    workspace.write(
        "join.md",
        "# Join tables\n\nJoins two CSV files by a key.\n\n## Parameters\n\n| Name | Type | Required | Description |\n\
         |---|---|---|---|\n| left | string | yes | the first file |\n| limit | int | no | most rows |\n\n\
         ## Example\n\n```json\n{\"input\": {\"left\": \"a\"}, \"output\": {\"rows\": 1}}\n```\n",
    );
    let (made, code) = workspace.json(&["new", "join", "--spec", "join.md"]);
    assert_eq!((code, &made["missing"]), (0, &json!(["expected_output", "language"])), "{made:#}");
    assert_eq!(made["specification"]["input_parameters"][1]["type"], json!("integer"));
    assert!(made["chosen"][0].as_str().unwrap().contains("csv"), "{made:#}");
    let first = made["review"].to_string();
    // Nothing is made before a human said yes, and nobody else's word replaces it.
    assert_eq!(workspace.json(&["new", "--from-spec", &first]).1, 4);
    assert!(!workspace.path("tools/experimental/join").exists());
    let (draft, _) = workspace.json(&["spec", "--review", &first]);
    let mut changed = draft["specification"].clone();
    changed["language"] = json!("shell");
    changed["expected_output"] = json!({"type": "object", "required": ["rows"]});
    workspace.write("join.json", &changed.to_string());
    assert_eq!(workspace.json(&["spec", "join.json", "--review", &first, "--as-agent", "coder"]).1, 4);
    let (second, code) = workspace.json(&["spec", "join.json", "--review", &first]);
    assert_eq!(code, 0, "{second:#}");
    let number = second["review"].to_string();
    assert_eq!(workspace.json(&["review", &first]).0["review"]["state"], json!("superseded"));
    assert_eq!(workspace.json(&["spec", "join.json", "--review", &first]).1, 3);
    let (review, _) = workspace.json(&["review", &number]);
    assert_eq!(review["review"]["kind"], json!("specification"));
    let digest = review["review"]["digest"].as_str().unwrap().to_owned();
    answer(&workspace, &["approve", &number, "--digest", &digest[..8], "--unread", "--reason", "a test"]);
    let (scaffold, code) = workspace.json(&["new", "--from-spec", &number]);
    assert_eq!(code, 0, "{scaffold:#}");
    let manifest = fs::read_to_string(workspace.path("tools/experimental/join/tool.toml")).unwrap();
    for part in [digest.as_str(), "[input.properties.left]", "most rows", "Joins two CSV files by a key."] {
        assert!(manifest.contains(part), "{part} is not in\n{manifest}");
    }
    let code = fs::read_to_string(workspace.path("tools/experimental/join/join.sh")).unwrap();
    assert!(code.contains("INPUT_LEFT: string, required. the first file"), "{code}");
    let (shown, _) = workspace.json(&["show", "join"]);
    assert_eq!(shown["tool"]["state"], json!("ok"), "{shown:#}");
}

/// A specification of a tool that was asked for and that a human approved; the number of its review.
fn approved(workspace: &Workspace, name: &str, specification: &Value) -> String {
    let file = format!("{name}.json");
    workspace.write(&file, &specification.to_string());
    let (made, code) = workspace.json(&["new", name, "--spec", &file]);
    assert_eq!(code, 0, "{made:#}");
    let number = made["review"].to_string();
    let digest = workspace.json(&["review", &number]).0["review"]["digest"].as_str().unwrap().to_owned();
    answer(workspace, &["approve", &number, "--digest", &digest[..8], "--unread", "--reason", "a test"]);
    number
}

#[test]
fn a_specification_that_no_manifest_can_hold_is_refused_by_what_cannot_be_written() {
    let workspace = Workspace::new();
    let parameter = |constraints: Value| json!([{"name": "n", "type": "integer", "constraints": constraints}]);
    for (at, (specification, says)) in [
        (
            json!({"input_parameters": parameter(json!({"maximum": u64::MAX}))}),
            "input.properties.n.maximum is 18446744073709551615",
        ),
        (json!({"input_parameters": parameter(json!({"enum": [1, null]}))}), "input.properties.n.enum.1 is null"),
        (json!({"expected_output": {"type": "object", "const": null}}), "output.const is null"),
        (json!({"examples": [{"input": {"n": 1}}, {"input": {"n": [null]}}]}), "examples.1.input.n.0 is null"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("tool-{at}");
        let number = approved(&workspace, &name, &specification);
        let (refused, code) = workspace.json(&["new", "--from-spec", &number, "--language", "python"]);
        assert_eq!(code, 2, "{refused:#}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(says), "{refused:#}");
        assert!(!workspace.path("tools/experimental").join(&name).exists(), "no code is written");
    }
    // What is the same without it is written.
    let number = approved(
        &workspace,
        "plain",
        &json!({"input_parameters": parameter(json!({"default": null, "maximum": i64::MAX})),
            "examples": [{"input": {"n": 1}, "output": {"rows": null}}]}),
    );
    let (made, code) = workspace.json(&["new", "--from-spec", &number, "--language", "python"]);
    assert_eq!(code, 0, "{made:#}");
    let manifest = fs::read_to_string(workspace.path("tools/experimental/plain/tool.toml")).unwrap();
    assert!(manifest.contains("maximum = 9223372036854775807") && !manifest.contains("default"), "{manifest}");
}

#[test]
fn a_specification_that_only_the_table_calls_approved_makes_nothing() {
    let workspace = Workspace::new();
    workspace.write("spec.json", &json!({"description": "sorts lines"}).to_string());
    let (made, code) = workspace.json(&["new", "sorter", "--spec", "spec.json"]);
    assert_eq!(code, 0, "{made:#}");
    let number = made["review"].to_string();
    let connection = rusqlite::Connection::open(state_folder(&workspace).join("store.db")).unwrap();
    connection.execute_batch(&format!("UPDATE reviews SET state = 'approved' WHERE id = {number}")).unwrap();
    drop(connection);
    assert_eq!(workspace.json(&["review", &number]).0["review"]["state"], json!("approved"), "so it says");
    let (refused, code) = workspace.json(&["new", "--from-spec", &number]);
    assert_eq!(code, 4, "{refused:#}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("does not match the log") && message.contains("no decision in force"), "{message}");
    assert!(!workspace.path("tools/experimental/sorter").exists(), "no code is written");
}

/// The one folder that the program keeps the state of a workspace in.
fn state_folder(workspace: &Workspace) -> PathBuf {
    let all = fs::read_dir(workspace.home().join("toolsmith/data/workspaces")).unwrap();
    let mut folders = all.map(|entry| entry.unwrap().path()).filter(|path| path.join("store.db").is_file());
    folders.next().unwrap()
}

#[test]
fn what_is_no_specification_is_refused_by_the_name_of_its_field_and_words_alone_make_a_draft() {
    let workspace = Workspace::new();
    workspace.write("spec.toml", "tool_name = \"x\"\nthing = 1\n");
    let (wrong, code) = workspace.json(&["new", "--spec", "spec.toml"]);
    assert_eq!(code, 2);
    assert!(wrong["error"]["message"].as_str().unwrap().contains("'thing' was unexpected"), "{wrong}");
    workspace.write("spec.yaml", "tool_name: reader\nlanguage: bash\ninput_parameters:\n  - {name: a, type: str}\n");
    let (made, code) = workspace.json(&["new", "--spec", "spec.yaml"]);
    assert_eq!((code, &made["specification"]["language"]), (0, &json!("shell")), "{made:#}");
    let (made, code) = workspace.json(&["new", "--describe", "Count the words of a text"]);
    assert_eq!((code, &made["specification"]["tool_name"]), (0, &json!("count-words-text")), "{made:#}");
    let (reviews, _) = workspace.json(&["reviews"]);
    assert_eq!(reviews["reviews"].as_array().unwrap().len(), 2);
    assert_eq!(workspace.json(&["new", "x"]).1, 2);
    assert_eq!(workspace.json(&["new", "x", "--template", "cli-wrapper", "--spec", "spec.yaml"]).1, 2);
    assert_eq!(workspace.json(&["new", "../x", "--template", "cli-wrapper"]).1, 2);
}

#[test]
fn words_are_read_and_approving_makes_the_tool_at_once() {
    let workspace = Workspace::new();
    let words = "Takes a string `text` and an integer `width` (default 80) and returns the wrapped text.";
    let (made, code) = workspace.json(&["new", "wrap", "--describe", words]);
    assert_eq!((code, &made["missing"]), (0, &json!(["language", "examples"])), "{made:#}");
    assert_eq!(made["specification"]["input_parameters"][1]["constraints"]["default"], json!(80));
    // Its review says from which words the inputs were read, and what is left open.
    let (draft, _) = workspace.json(&["review", "1"]);
    let lines: Vec<String> =
        draft["evidence"].as_array().unwrap().iter().map(|line| line["text"].to_string()).collect();
    let lines = lines.join("\n");
    assert!(lines.contains("width: integer = 80 (read from"), "{lines}");
    assert!(lines.contains("examples not specified"), "{lines}");
    // One that says how it is made needs no generator.
    let head = json!({"description": "the first lines", "input_parameters": [
        {"name": "count", "type": "integer", "required": true, "constraints": {"minimum": 0}}],
        "implementation": {"kind": "commands", "commands": [[{"text": "seq"}, {"input": "count"}]]}});
    workspace.write("head.json", &head.to_string());
    let (made, code) = workspace.json(&["new", "counter", "--spec", "head.json"]);
    assert_eq!(code, 0, "{made:#}");
    let number = made["review"].to_string();
    let (review, _) = workspace.json(&["review", &number]);
    let said: Vec<&str> =
        review["evidence"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(said.contains(&"seq") && said.contains(&"count: integer"), "{said:?}");
    assert!(!said.iter().any(|text| text.contains("never been run")), "{said:?}");
    let digest = review["review"]["digest"].as_str().unwrap().to_owned();
    let approve = ["approve", &number, "--digest", &digest[..8], "--unread", "--reason", "a test", "--generate"];
    // An agent decides nothing.
    assert_ne!(workspace.json(&approve).1, 0);
    // What needs a generator where none is set up is refused before it is approved.
    let wrap = workspace.json(&["review", "1"]).0["review"]["digest"].as_str().unwrap().to_owned();
    let early = ["approve", "1", "--digest", &wrap[..8], "--unread", "--reason", "a test", "--generate"];
    let mut terminal = Terminal::toolsmith(&workspace, &early, (100, 30));
    terminal.wait_text("contain no other generator");
    assert!(!terminal.wait_end().success());
    assert_eq!(workspace.json(&["review", "1"]).0["review"]["state"], json!("waiting"));
    answer(&workspace, &approve);
    assert!(workspace.path("tools/experimental/counter/tool.toml").is_file());
    assert_eq!(workspace.json(&["review", &number]).0["review"]["state"], json!("approved"));
}

#[test]
fn in_a_terminal_what_the_words_leave_open_is_asked_for() {
    let workspace = Workspace::new();
    let mut terminal = Terminal::toolsmith(&workspace, &["new", "sum", "--describe", "Adds numbers"], (100, 30));
    terminal.wait_text("inputs?").send("a: int, b: int\r").wait_text("output?").send("their sum\r");
    terminal.wait_text("examples?").send("\r");
    assert!(terminal.wait_end().success(), "{}", terminal.text());
    let (draft, _) = workspace.json(&["spec", "--review", "1"]);
    assert_eq!(draft["specification"]["input_parameters"][0]["type"], json!("integer"), "{draft:#}");
    assert_eq!(draft["specification"]["expected_output"], json!("their sum"));
}

#[test]
fn a_key_opens_a_form_that_makes_a_tool() {
    let workspace = Workspace::new();
    let mut terminal = Terminal::toolsmith(&workspace, &[], (100, 30));
    terminal.wait_text("Ready").wait_text("No tools yet").send("+").wait_text("start from").wait_text("specification");
    // The third template, then the name.
    terminal.send("\x1b[C").send("\x1b[C").send("\x1b[C").send("\t").send("\t").send("tidy");
    terminal.wait_text("tidy").send("\x13").wait_gone("start from").wait_text("new experimental tool");
    terminal.send("q").wait_end();
    assert!(workspace.path("tools/experimental/tidy/tool.toml").is_file());
}
