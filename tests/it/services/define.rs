//! Definitions of services: made, changed, imported, shown, and started once a human approved them.

use crate::support::Workspace;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// The three definitions of the document that asked for them, word for word but for the program and the place of the
/// executable.
const CODER: &[&str] = &[
    "define",
    "openai-coder",
    "--type",
    "generic",
    "--executable",
    "/usr/local/bin/openai",
    "--description",
    "OpenAI GPT-4 coding assistant",
    "--port",
    "auto",
    "--capabilities",
    "code_generation,debugging,refactoring",
    "--launch-args",
    "--mode stdio --format json",
    "--health-check",
    "ping",
    "--env",
    "OPENAI_MODEL=gpt-4",
];
const GROK: &[&str] = &[
    "define",
    "grok-analyzer",
    "--type",
    "generic",
    "--executable",
    "grok-cli",
    "--description",
    "Grok code analysis tool",
    "--port",
    "auto",
    "--capabilities",
    "code_analysis,pattern_detection",
    "--launch-args",
    "--interactive",
];
const CLAUDE: &[&str] = &[
    "define",
    "claude-reviewer",
    "--type",
    "claude-code",
    "--executable",
    "claude-code",
    "--description",
    "Claude specialized for code review",
    "--port",
    "auto",
    "--launch-args",
    "--preset review --strict",
];

/// The first definition as its program stores it.
const STORED: &str = r#"{
  "name": "openai-coder",
  "base_type": "generic",
  "executable": "/usr/local/bin/openai",
  "description": "OpenAI GPT-4 coding assistant",
  "port": "auto",
  "capabilities": ["code_generation", "debugging", "refactoring"],
  "launch_args": ["--mode", "stdio", "--format", "json"],
  "health_check": "ping",
  "environment": {
    "OPENAI_MODEL": "gpt-4"
  },
  "defined_by": "user",
  "created_at": "2025-08-02T10:00:00Z"
}
"#;

/// A workspace in which these programs can be found; each prints its arguments.
fn with_stubs(names: &[&str]) -> Workspace {
    let workspace = Workspace::new().with_programs(&["sh", "bwrap"]);
    for name in names {
        let path = workspace.root().parent().unwrap().join("programs").join(name);
        fs::write(&path, "#!/bin/sh\necho \"started $*, model $OPENAI_MODEL\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    workspace
}

fn shown(workspace: &Workspace, args: &[&str]) -> String {
    let output = workspace.toolsmith(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A refusal: its message and exit code.
fn refused(workspace: &Workspace, args: &[&str]) -> (String, i32) {
    let (answer, code) = workspace.json(args);
    assert_ne!(code, 0, "{args:?}: {answer:#}");
    (answer["error"]["message"].as_str().unwrap_or_default().to_owned(), code)
}

fn manifest(workspace: &Workspace, name: &str) -> String {
    fs::read_to_string(workspace.path(&format!("tools/experimental/{name}/tool.toml"))).unwrap()
}

fn definition(workspace: &Workspace, name: &str) -> Value {
    let (answer, code) = workspace.json(&["show", name]);
    assert_eq!(code, 0, "{answer:#}");
    answer["definition"].clone()
}

/// `define NAME --from -` with this text.
fn import(workspace: &Workspace, name: &str, text: &str) -> (Value, i32) {
    let mut command = workspace.toolsmith(&["define", name, "--from", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code().unwrap())
}

/// Approves what waits in this review, as a human who was shown its digest.
fn approve(workspace: &Workspace, review: &str) {
    let (reviews, _) = workspace.json(&["reviews"]);
    let row =
        reviews["reviews"].as_array().unwrap().iter().find(|row| row["id"].as_i64() == review.parse().ok()).unwrap();
    let digest = &row["digest"].as_str().unwrap()[..12];
    let (decided, code) =
        workspace.json_of_human(&["approve", review, "--digest", digest, "--unread", "--reason", "a test"]);
    assert_eq!(code, 0, "{decided:#}");
}

/// The part of `show` that is about the service.
fn service_part(workspace: &Workspace, name: &str) -> String {
    let text = shown(workspace, &["show", name]);
    let from = text.find("\nService\n").unwrap_or_else(|| panic!("{text}"));
    text[from + 1..].split("\n\n").next().unwrap().to_owned()
}

#[test]
fn the_three_command_lines_of_the_document_define_three_services() {
    let workspace = with_stubs(&["grok-cli", "claude-code"]);
    for args in [CODER, GROK, CLAUDE] {
        let (answer, code) = workspace.json(args);
        assert_eq!(code, 0, "{answer:#}");
        assert_eq!(answer["path"], json!(format!("tools/experimental/{}/tool.toml", args[1])));
        assert!(answer["review"].is_i64(), "{answer:#}");
    }
    let (list, _) = workspace.json(&["list", "--kind", "service"]);
    let names: Vec<&str> =
        list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["claude-reviewer", "grok-analyzer", "openai-coder"]);
    let (list, _) = workspace.json(&["list", "--capability", "Debugging"]);
    assert_eq!((&list["tools"].as_array().unwrap().len(), &list["tools"][0]["name"]), (&1, &json!("openai-coder")));
    let coder = definition(&workspace, "openai-coder");
    assert_eq!(coder["run"]["command"], json!(["/usr/local/bin/openai", "--mode", "stdio", "--format", "json"]));
    assert_eq!(coder["run"]["env"], json!({"OPENAI_MODEL": "gpt-4"}));
    assert_eq!(coder["capabilities"], json!(["code_generation", "debugging", "refactoring"]));
    assert_eq!(coder["service"]["health"], json!({"ask": "ping"}));
    let golden: Vec<String> =
        ["openai-coder", "grok-analyzer", "claude-reviewer"].map(|name| service_part(&workspace, name)).to_vec();
    insta::assert_snapshot!("defined_services", golden.join("\n\n"));
}

#[test]
fn defining_again_changes_only_what_is_named() {
    let workspace = with_stubs(&["grok-cli"]);
    assert_eq!(workspace.json(CODER).1, 0);
    let path = workspace.path("tools/experimental/openai-coder/tool.toml");
    let commented = manifest(&workspace, "openai-coder")
        .replace("[service]", "# talked to in JSON\n[service] # mine\nrestart = \"never\"");
    fs::write(&path, &commented).unwrap();
    let (answer, code) = workspace.json(&["define", "openai-coder", "--port", "8405"]);
    assert_eq!((code, &answer["version"]), (0, &json!("0.1.1")), "{answer:#}");
    let expected = commented
        .replace("version = \"0.1.0\"", "version = \"0.1.1\"")
        .replace("port = \"auto\"", "port = 8405\nmode = \"fixed\"");
    assert_eq!(manifest(&workspace, "openai-coder"), expected);
    assert!(expected.contains("created_at = "));
    // The review of the version before is replaced by one of this version.
    let (reviews, _) = workspace.json(&["reviews"]);
    let waiting: Vec<(&Value, &Value)> =
        reviews["reviews"].as_array().unwrap().iter().map(|review| (&review["id"], &review["version"])).collect();
    assert_eq!(waiting, [(&answer["review"], &json!("0.1.1"))], "{reviews:#}");

    // The same again writes nothing.
    let (again, code) = workspace.json(&["define", "openai-coder", "--port", "8405"]);
    assert_eq!((code, &again["operation"]), (0, &Value::Null), "{again:#}");
    assert_eq!(manifest(&workspace, "openai-coder"), expected);
    let (message, code) = refused(&workspace, &["define", "openai-coder"]);
    assert!(code == 2 && message.contains("no option says what to change"), "{message}");

    // Taken back as a whole.
    assert_eq!(workspace.json_of_human(&["undo"]).1, 0);
    assert_eq!(manifest(&workspace, "openai-coder"), commented);
}

#[test]
fn arguments_keep_their_quotes_and_bad_options_are_refused_by_name() {
    let workspace = with_stubs(&["helper"]);
    let line = "--say 'two words' --path=\"a b\" it\\'s \"\"";
    let (answer, code) = workspace.json(&["define", "helper", "--executable", "helper", "--launch-args", line]);
    assert_eq!(code, 0, "{answer:#}");
    let words = json!(["helper", "--say", "two words", "--path=a b", "it's", ""]);
    assert_eq!(definition(&workspace, "helper")["run"]["command"], words);
    for (option, value) in [
        ("--port", "0"),
        ("--port", "70000"),
        ("--port", "any"),
        ("--env", "1MODEL=x"),
        ("--env", "A-B=x"),
        ("--launch-args", "--say 'two"),
        ("--health-check", "heartbeat"),
        ("--type", "../x"),
        ("--executable", "./helper"),
    ] {
        for name in ["helper", "another"] {
            let (message, code) = refused(&workspace, &["define", name, &format!("{option}={value}")]);
            assert!(code == 2 && message.starts_with(option), "{option} {value}: {message}");
        }
    }
    assert!(!workspace.path("tools/experimental/another").exists());
    let (message, code) = refused(&workspace, &["define", "another", "--port", "auto"]);
    assert!(code == 2 && message.contains("needs a program"), "{message}");
    let (message, code) = refused(&workspace, &["define", "../another", "--executable", "helper"]);
    assert!(code == 2 && message.contains("not a tool name"), "{message}");
}

#[test]
fn an_unknown_type_is_generic_and_told() {
    let workspace = with_stubs(&["claude-code"]);
    let (answer, code) = workspace.json(CLAUDE);
    assert_eq!(code, 0);
    let note = "\"claude-code\" is not an adapter: the adapter generic is used";
    assert_eq!(answer["notes"], json!([note]));
    let (show, _) = workspace.json(&["show", "claude-reviewer"]);
    assert_eq!((&show["service"]["adapter"], &show["service"]["profile"]), (&json!("generic"), &json!("claude-code")));
    assert_eq!(show["notes"], json!([note]));
    // Not a problem of the file.
    assert_eq!(workspace.json(&["list", "--problems"]).0["problems"], json!([]));
}

#[test]
fn values_that_are_named_like_secrets_are_masked_and_not_imported() {
    let workspace = with_stubs(&["helper"]);
    let secret = "sk-not-for-anybody-1";
    let args = [
        "define",
        "helper",
        "--executable",
        "helper",
        "--env",
        &format!("HELPER_API_KEY={secret}"),
        "--env",
        "MODEL=x",
    ];
    let (answer, code) = workspace.json(&args);
    assert_eq!(code, 0, "{answer:#}");
    assert!(answer["notes"][0].as_str().unwrap().contains("[permissions] env"), "{answer:#}");
    for args in [&["show", "helper"][..], &["show", "helper", "--json"], &["list", "--json"]] {
        assert!(!shown(&workspace, args).contains(secret), "{args:?}");
    }
    let exported = definition(&workspace, "helper");
    assert_eq!(exported["run"]["env"], json!({"HELPER_API_KEY": "[redacted HELPER_API_KEY]", "MODEL": "x"}));
    let (answer, code) = import(&workspace, "copy", &exported.to_string());
    assert_eq!(code, 2, "{answer:#}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("run.env.HELPER_API_KEY is masked"), "{answer:#}");
}

#[test]
fn a_definition_goes_out_and_comes_back_under_another_name() {
    let workspace = with_stubs(&["grok-cli", "claude-code"]);
    fs::create_dir_all(workspace.path("tools/definitions")).unwrap();
    fs::write(workspace.path("tools/definitions/openai-coder.json"), STORED).unwrap();
    for args in [GROK, CLAUDE] {
        assert_eq!(workspace.json(args).1, 0);
    }
    for name in ["openai-coder", "grok-analyzer", "claude-reviewer"] {
        let exported = definition(&workspace, name);
        let copy = format!("{name}-custom");
        let (answer, code) = import(&workspace, &copy, &exported.to_string());
        assert_eq!(code, 0, "{answer:#}");
        let mut expected = exported.clone();
        expected["name"] = json!(copy);
        assert_eq!(definition(&workspace, &copy), expected);
        // What `show` printed as a whole is understood, too; the same once more writes nothing.
        let (whole, _) = workspace.json(&["show", &copy]);
        let (again, code) = import(&workspace, &copy, &whole.to_string());
        assert_eq!((code, &again["operation"]), (0, &Value::Null), "{again:#}");
        let mut edited = expected.clone();
        edited["description"] = json!("Something else");
        let (answer, code) = import(&workspace, &copy, &edited.to_string());
        assert_eq!(code, 3, "{answer:#}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("already exists"), "{answer:#}");
        let (answer, code) = import(&workspace, &format!("{name}-2"), &edited.to_string());
        assert_eq!((code, answer["review"].is_i64()), (0, true), "{answer:#}");
    }
    // What lay there was not touched.
    assert_eq!(fs::read_to_string(workspace.path("tools/definitions/openai-coder.json")).unwrap(), STORED);
}

#[test]
fn a_tool_toml_is_imported_with_its_comments_and_other_things_are_refused() {
    let workspace = with_stubs(&["helper"]);
    let text = "# kept\nname = \"old\" # its name\nkind = \"service\"\n\n[run]\ncommand = [\"helper\"]\n";
    workspace.write("given.toml", text);
    assert_eq!(workspace.json(&["define", "new", "--from", "given.toml", "--port", "80"]).1, 0);
    let expected = text.replace("\"old\"", "\"new\"");
    assert!(manifest(&workspace, "new").starts_with(&expected), "{}", manifest(&workspace, "new"));
    assert!(manifest(&workspace, "new").contains("port = 80"));
    workspace.write("given.yaml", "name: old\nkind: service\nrun: {command: [helper, \"{a}\"], env: {A: \"1\"}}\n");
    assert_eq!(workspace.json(&["define", "of-yaml", "--from", "given.yaml"]).1, 0);
    for (text, says) in [
        ("name = \"x\"\n[run]\ncommand = [\"x\"]\n", "its kind is not service"),
        ("{\"name\": \"x\"}", "neither a kind nor an executable"),
        ("{\"a\": ", "not a definition"),
        ("", "not a definition"),
        ("name = \"x\"\nkind = \"service\"\n[service]\nrestart = \"maybe\"\n", "restart"),
        ("{\"executable\": \"x\", \"launch_args\": [], \"port\": 70000}", "port"),
    ] {
        let (answer, code) = import(&workspace, "other", text);
        assert_eq!(code, 2, "{text}: {answer:#}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(says), "{text}: {answer:#}");
    }
    let huge = format!("name = \"x\"\nkind = \"service\"\ndescription = \"{}\"\n", "a".repeat(300_000));
    assert_eq!(import(&workspace, "other", &huge).1, 2);
    assert_eq!(workspace.json(&["define", "other", "--from", "nowhere.toml"]).1, 5);
    assert!(!workspace.path("tools/experimental/other").exists());
}

#[test]
fn one_of_several_definitions_in_a_file_is_imported_by_its_name() {
    let workspace = with_stubs(&["grok-cli", "claude-code"]);
    workspace.write(
        "tools.json",
        "{\"tools\": {\"grok\": {\"executable\": \"grok-cli\", \"launch_args\": \"--interactive\", \"capabilities\": {\"chat\": true, \"vision\": false}},\
         \"claude\": {\"executable\": \"claude-code\", \"base_type\": \"claude-code\", \"mine\": [1, {\"a\": null}]}}}",
    );
    assert_eq!(workspace.json(&["define", "grok", "--from", "tools.json"]).1, 0);
    assert_eq!(workspace.json(&["define", "claude", "--from", "tools.json"]).1, 0);
    assert_eq!(workspace.json(&["show", "grok"]).0["tool"]["capabilities"], json!(["chat"]));
    assert_eq!(definition(&workspace, "claude")["mine"], json!([1, {"a": null}]));
    let (message, code) = refused(&workspace, &["define", "other", "--from", "tools.json"]);
    assert!(code == 2 && message.contains("none of them other: grok, claude"), "{message}");
    // A change of such a definition keeps its form.
    let (answer, code) = workspace.json(&[
        "define",
        "claude",
        "--launch-args",
        "--strict",
        "--health-check",
        "/health",
        "--port",
        "auto",
    ]);
    assert_eq!(code, 0, "{answer:#}");
    let changed = definition(&workspace, "claude");
    assert_eq!((&changed["launch_args"], &changed["mine"]), (&json!(["--strict"]), &json!([1, {"a": null}])));
    assert_eq!(changed["health_check"], json!({"http": "/health"}));
    assert_eq!(changed["version"], json!("1.0.1"));
}

#[test]
fn names_that_belong_to_something_else_are_refused() {
    let workspace = with_stubs(&["helper"]).with_script("counter", "print(1)");
    let (message, code) = refused(&workspace, &["define", "counter", "--executable", "helper"]);
    assert!(code == 3 && message.contains("not a service"), "{message}");
    fs::create_dir_all(workspace.path("tools/definitions")).unwrap();
    fs::write(workspace.path("tools/definitions/openai-coder.json"), STORED).unwrap();
    let (message, code) = refused(&workspace, &["define", "openai-coder", "--port", "80"]);
    assert!(code == 3 && message.contains("no folder of its own"), "{message}");
    assert_eq!(fs::read_to_string(workspace.path("tools/definitions/openai-coder.json")).unwrap(), STORED);
}

#[test]
fn an_agent_defines_and_a_human_approves() {
    let workspace = Workspace::new();
    let args = ["define", "helper", "--executable", "cat", "--launch-args", "-v", "--as-agent", "coder"];
    let (answer, code) = workspace.json(&args);
    assert_eq!(code, 0, "{answer:#}");
    let review = answer["review"].to_string();
    assert!(manifest(&workspace, "helper").contains("created_by = \"agent:coder\""));
    let (tool, _) = workspace.json(&["show", "helper"]);
    assert_eq!((&tool["tool"]["stage"], &tool["tool"]["review"]), (&json!("experimental"), &json!("waiting")));
    assert_ne!(workspace.json(&["approve", &review, "--as-agent", "coder"]).1, 0);

    approve(&workspace, &review);
    let approved = workspace.path("tools/approved/helper/tool.toml");
    let before = fs::read_to_string(&approved).unwrap();
    // A change of an approved one lies beside it, and waits for a human.
    let (answer, code) = workspace.json(&["define", "helper", "--description", "Helps", "--as-agent", "coder"]);
    assert_eq!((code, &answer["path"]), (0, &json!("tools/experimental/helper/tool.toml")), "{answer:#}");
    assert_eq!(fs::read_to_string(&approved).unwrap(), before);
    assert_eq!(workspace.json(&["show", "helper"]).0["tool"]["stage"], json!("approved"));
    // The next change goes on from there.
    let (answer, code) = workspace.json(&["define", "helper", "--launch-args", "-u -n"]);
    assert_eq!(code, 0, "{answer:#}");
    let text = manifest(&workspace, "helper");
    assert!(text.contains("description = \"Helps\"") && text.contains("[\"cat\", \"-u\", \"-n\"]"), "{text}");
    assert_eq!(fs::read_to_string(&approved).unwrap(), before);
    approve(&workspace, &answer["review"].to_string());
    assert_eq!(definition(&workspace, "helper")["description"], json!("Helps"));
}

#[test]
fn definitions_travel_in_a_bundle_and_are_reviewed_where_they_arrive() {
    let (from, to) = (with_stubs(&["grok-cli"]), with_stubs(&["grok-cli"]));
    assert_eq!(from.json(GROK).1, 0);
    let bundle = to.root().parent().unwrap().join("bundle");
    let bundle = bundle.to_str().unwrap();
    assert_eq!(from.json(&["push", bundle]).1, 0);
    let (answer, code) = to.json_of_human(&["pull", bundle]);
    assert_eq!(code, 0, "{answer:#}");
    assert_eq!(definition(&to, "grok-analyzer"), definition(&from, "grok-analyzer"));
    let (reviews, _) = to.json(&["reviews"]);
    assert_eq!(reviews["reviews"][0]["tool"], json!("grok-analyzer"), "{reviews:#}");
}
