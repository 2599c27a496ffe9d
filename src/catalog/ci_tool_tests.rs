//! Definitions of companion programs: by shape, read as they lie, nothing lost.

use super::*;
use crate::catalog::document::Syntax;
use crate::catalog::testing::{self, Workspace};
use crate::catalog::{Cache, read as read_tool, read_definition, scan};
use crate::domain::service::Adapter;
use crate::domain::{FileMode, Manifest, VersionFile};
use serde_json::json;

/// The eleven fields, as the program that defines them writes them.
fn coder() -> Value {
    json!({
        "name": "openai-coder",
        "base_type": "generic",
        "executable": "/usr/local/bin/openai",
        "description": "OpenAI GPT-4 coding assistant",
        "port": "auto",
        "capabilities": ["code_generation", "debugging", "refactoring"],
        "launch_args": ["--mode", "stdio", "--format", "json"],
        "health_check": "ping",
        "environment": {"OPENAI_MODEL": "gpt-4"},
        "defined_by": "user",
        "created_at": "2025-08-02T10:00:00Z"
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut definition = coder();
    definition[key] = value;
    definition
}

fn parse(value: &Value) -> Result<Manifest, Problem> {
    let text = serde_json::to_string_pretty(value).unwrap();
    let document = Document::parse("tools/definitions/x.json", Syntax::Json, text.as_bytes())?;
    Draft::of(&document).map(|draft| draft.manifest)
}

fn service(value: &Value) -> ServiceDefinition {
    parse(value).unwrap().service.unwrap()
}

#[test]
fn the_eleven_fields_are_read_in_place() {
    let workspace = Workspace::new();
    let bytes = serde_json::to_vec_pretty(&coder()).unwrap();
    workspace.write("tools/definitions/openai-coder.json", &bytes);
    let plan = workspace.plan();
    let scan = scan(&plan, &Cache::default(), &mut |_| {});
    assert_eq!(scan.problems, vec![]);
    let [tool] = scan.tools.as_slice() else { panic!("{:?}", scan.tools) };
    assert_eq!(
        (tool.name.as_str(), tool.kind, tool.path.as_str()),
        ("openai-coder", Kind::Service, "tools/definitions/openai-coder.json")
    );
    let detail = read_tool(&plan, tool).unwrap();
    assert_eq!(detail.files[0].bytes, bytes);
    let manifest = detail.manifest;
    assert_eq!(manifest.dialect, Dialect::CiTool);
    assert_eq!(manifest.description, "OpenAI GPT-4 coding assistant");
    assert_eq!(manifest.capabilities, ["code_generation", "debugging", "refactoring"]);
    let recipe = manifest.recipe.unwrap();
    assert_eq!(recipe.command, ["/usr/local/bin/openai", "--mode", "stdio", "--format", "json"]);
    assert_eq!(recipe.env.into_iter().collect::<Vec<_>>(), [("OPENAI_MODEL".to_owned(), "gpt-4".to_owned())]);
    let service = manifest.service.unwrap();
    assert_eq!((service.adapter, service.profile), (Adapter::Generic, None));
    assert_eq!(service.health.probe, Some(Probe::Ping));
    assert_eq!((service.ports.len(), service.ports[0].port, service.ports[0].mode), (1, PortNumber::Auto, None));
    assert_eq!(manifest.provenance.created_by.as_deref(), Some("user"));
    assert_eq!(manifest.provenance.created_at.as_deref(), Some("2025-08-02T10:00:00Z"));
    assert_eq!(manifest.extra, Map::new());
}

#[test]
fn the_forms_of_each_field_are_understood_and_none_is_lost() {
    let map = json!({"code_analysis": true, "chat": false, "tools": 1, "none": 0, "streaming": "yes"});
    let manifest = parse(&with("capabilities", map.clone())).unwrap();
    assert_eq!(manifest.capabilities, ["code_analysis", "tools", "streaming"]);
    assert_eq!(manifest.extra["capabilities"], map);
    assert_eq!(parse(&with("capabilities", json!("a, b"))).unwrap().capabilities, ["a", "b"]);

    let command = |args: Value| {
        let text = with("launch_args", args).to_string();
        let document = Document::parse("x.json", Syntax::Json, text.as_bytes()).unwrap();
        Draft::of(&document).unwrap().words.unwrap().0
    };
    assert_eq!(
        command(json!("--say 'two words' --x=\"a b\"")),
        ["/usr/local/bin/openai", "--say", "two words", "--x=a b"]
    );
    assert_eq!(command(json!([])), ["/usr/local/bin/openai"]);
    assert!(parse(&with("launch_args", json!("--say 'two"))).unwrap_err().message.contains("launch_args"));

    let port = |value: Value| service(&with("port", value)).ports;
    assert_eq!(port(json!(8405))[0].mode, Some(PortMode::Fixed));
    assert_eq!(port(json!("8405"))[0].port, PortNumber::Number(8405));
    assert_eq!(port(Value::Null), []);
    for wrong in [json!(0), json!(65536), json!("any"), json!(true), json!(-1), json!(1.5)] {
        let problem = parse(&with("port", wrong.clone())).unwrap_err();
        assert!(problem.message.contains("port") && problem.line == Some(6), "{wrong}: {problem:?}");
    }

    let probe = |value: Value| service(&with("health_check", value)).health.probe;
    assert_eq!(probe(json!("version")), Some(Probe::Version));
    assert_eq!(probe(json!("status")), Some(Probe::Status));
    assert_eq!(probe(json!("none")), None);
    assert_eq!(probe(json!(["curl", "-f"])), Some(Probe::Exec(vec!["curl".to_owned(), "-f".to_owned()])));
    let http = Probe::Http { port: "port".to_owned(), path: "/health".to_owned(), status: 200 };
    assert_eq!(probe(json!({"http": "/health"})), Some(http));
    let unknown = parse(&with("health_check", json!("heartbeat"))).unwrap();
    assert_eq!((unknown.service.unwrap().health.probe, &unknown.extra["health_check"]), (None, &json!("heartbeat")));
    assert!(parse(&with("health_check", json!({"http": "health"}))).is_err());
    assert!(parse(&with("health_check", json!(3))).is_err());

    let claude = service(&with("base_type", json!("claude-code")));
    assert_eq!((claude.adapter, claude.profile.as_deref()), (Adapter::Generic, Some("claude-code")));
    let odd = parse(&with("author", json!({"mail": "a@example.org"}))).unwrap();
    assert_eq!(odd.extra["author"], json!({"mail": "a@example.org"}));
    let elsewhere = parse(&with("name", json!("../x"))).unwrap();
    assert_eq!((elsewhere.name.as_str(), elsewhere.title.as_deref()), ("x", Some("../x")));
}

#[test]
fn only_definitions_of_this_shape_are_read_so() {
    for value in [
        json!({"name": "a", "executable": "a", "launch_args": []}),
        json!({"name": "a", "executable": "a", "base_type": "generic"}),
        json!({"name": "a", "base_type": "claude-code", "health_check": "ping"}),
        json!({"name": "a", "type": "tool", "executable": "a", "launch_args": ["-x"]}),
    ] {
        assert!(is_definition(value.as_object().unwrap()), "{value}");
    }
    for value in [
        json!({"name": "a", "executable": "a"}),
        json!({"name": "a", "base_type": "generic"}),
        json!({"name": "a", "launch_args": [], "health_check": "ping"}),
        json!({"name": "a", "type": "executable", "executable": {"command": "a"}, "launch_args": []}),
        json!({"name": "a", "executable": {"command": "a"}, "base_type": "x", "launch_args": []}),
        json!({"name": "a", "type": "executable", "executable": "a", "launch_args": []}),
        json!({"name": "a", "run": {"command": ["a"]}, "executable": "a", "launch_args": []}),
        json!({"name": "a", "kind": "service", "executable": "a", "base_type": "x"}),
        json!({"name": "a", "command": "a", "base_type": "x", "health_check": "ping"}),
    ] {
        assert!(!is_definition(value.as_object().unwrap()), "{value}");
    }
}

#[test]
fn no_real_definition_of_another_dialect_is_taken() {
    let Some(corpus) = testing::corpus() else { return };
    let mut count = 0;
    for path in testing::files_below(&corpus.join("tools")) {
        let bytes = std::fs::read(&path).unwrap();
        let document = Document::parse("x", Syntax::Yaml, &bytes).unwrap();
        assert!(!is_definition(&document.fields), "{path:?}");
        assert_eq!(collection(&Value::Object(document.fields)), [], "{path:?}");
        count += 1;
    }
    assert_eq!(count, 242);
}

#[test]
fn a_file_of_several_definitions_is_a_row_for_each_and_names_them_where_one_is_needed() {
    let one = |name: &str| with("name", json!(name));
    let nameless = {
        let mut nameless = coder();
        nameless.as_object_mut().unwrap().shift_remove("name");
        nameless
    };
    for value in [
        json!([one("a"), one("b")]),
        json!({"a": nameless, "b": nameless}),
        json!({"tools": {"a": nameless, "b": one("b")}}),
        json!({"definitions": [one("a"), one("b")], "version": 2}),
    ] {
        let names: Vec<String> = collection(&value).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"], "{value}");
        let workspace = Workspace::new();
        workspace.write("tools/tools.json", value.to_string());
        let scan = scan(&workspace.plan(), &Cache::default(), &mut |_| {});
        let rows: Vec<&str> = scan.tools.iter().map(|tool| tool.path.as_str()).collect();
        assert_eq!((rows, scan.problems), (vec!["tools/tools.json#a", "tools/tools.json#b"], Vec::new()), "{value}");
        let alone = VersionFile { path: "tools.json".into(), mode: FileMode::Plain, bytes: value.to_string().into() };
        let problem = read_definition(&alone).unwrap_err();
        assert_eq!(
            (problem.code, problem.message.as_str()),
            (ProblemCode::UnknownDialect, "it holds 2 definitions: a, b")
        );
        assert!(problem.hint.contains("`toolsmith define ") && problem.hint.contains(" --from`"), "{problem:?}");
    }
    for value in [coder(), json!([]), json!({}), json!([1]), json!({"a": {"executable": "a"}}), json!({"tools": 1})] {
        assert_eq!(collection(&value), [], "{value}");
    }
}
