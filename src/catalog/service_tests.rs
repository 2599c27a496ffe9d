//! The `[service]` table: what is read, and that every bad field is a problem with its line and a hint.

use super::*;
use crate::catalog::document::{Document, Syntax};
use crate::catalog::native;
use crate::domain::service::{RestartRule, StopSignal};
use crate::domain::{ProblemCode, validate};
use serde_json::json;

const HEAD: &str = "name = \"helper\"\nkind = \"service\"\n[run]\ncommand = [\"helper\"]\n";

/// All features of the table.
const WHOLE: &str = r#"
[service]
adapter = { command = ["python3", "{dir}/translate.py"] }
instances = 2
stop = { signal = "INT", within = "500ms" }
restart = "always"
backoff = { first = "2s", factor = 3, most = "30s", calm = "2m" }
most_restarts = 7
after = { db = "started", cache = "ready", seed = "ended-well" }
[[service.ports]]
name = "http"
port = 8405
mode = "hybrid"
pass = "listen-fds"
[[service.ports]]
name = "admin"
[service.ready]
http = { port = "http", path = "/ready?x=1", status = 204 }
within = "3s"
[service.health]
exec = ["curl", "-f", "localhost"]
every = "1m"
timeout = 1
failures = 9
[service.log]
most = "1MiB"
keep = 0
"#;

fn manifest(text: &str) -> Result<Manifest, Problem> {
    let document = Document::parse("t/tool.toml", Syntax::Toml, text.as_bytes())?;
    native::read(&document).map(|draft| draft.manifest)
}

fn service(table: &str) -> Result<ServiceDefinition, Problem> {
    manifest(&format!("{HEAD}{table}")).map(|manifest| manifest.service.unwrap())
}

#[test]
fn every_field_of_the_service_table_is_read() {
    let manifest = manifest(&format!("{HEAD}{WHOLE}")).unwrap();
    assert_eq!(manifest.extra, serde_json::Map::new());
    let after =
        [("cache", StartCondition::Ready), ("db", StartCondition::Started), ("seed", StartCondition::EndedWell)];
    let port = |name: &str, port, mode, pass| PortRule { name: name.to_owned(), port, mode, pass };
    let expected = ServiceDefinition {
        adapter: Adapter::External,
        profile: None,
        translator: vec!["python3".to_owned(), "{dir}/translate.py".to_owned()],
        instances: 2,
        stop: StopRule { signal: StopSignal::Int, within_ms: 500 },
        restart: RestartRule::Always,
        backoff: Backoff { first_ms: 2_000, factor: 3, most_ms: 30_000, calm_ms: 120_000 },
        most_restarts: 7,
        after: after.into_iter().map(|(name, condition)| (ToolName::new(name).unwrap(), condition)).collect(),
        ports: vec![
            port("http", PortNumber::Number(8405), Some(PortMode::Hybrid), PortPass::ListenFds),
            port("admin", PortNumber::Auto, None, PortPass::Relay),
        ],
        ready: Some(ReadyCheck {
            probe: Probe::Http { port: "http".to_owned(), path: "/ready?x=1".to_owned(), status: 204 },
            within_ms: 3_000,
        }),
        health: HealthCheck {
            probe: Some(Probe::Exec(["curl", "-f", "localhost"].map(str::to_owned).to_vec())),
            every_ms: 60_000,
            timeout_ms: 1_000,
            failures: 9,
        },
        log: LogRule { most_bytes: 1 << 20, keep: 0 },
    };
    assert_eq!(manifest.service, Some(expected));
}

#[test]
fn a_service_without_a_table_has_the_defaults_and_is_started_by_its_command() {
    let manifest = manifest(HEAD).unwrap();
    assert_eq!((manifest.kind, manifest.service), (Kind::Service, Some(ServiceDefinition::default())));
    assert_eq!(manifest.recipe.unwrap().command, Vec::<String>::new());
    assert_eq!(service("[service]\n").unwrap(), ServiceDefinition::default());
}

#[test]
fn a_command_has_no_service_table() {
    let problem = manifest("name = \"x\"\n[run]\ncommand = [\"x\"]\n[service]\nadapter = \"text\"\n").unwrap_err();
    assert_eq!((problem.code, problem.line), (ProblemCode::BadField, Some(4)));
    assert!(problem.hint.contains("kind = \"service\""), "{problem:?}");
    // A text under this key belongs to the author.
    assert_eq!(manifest("name = \"x\"\nservice = \"nginx\"\n").unwrap().extra["service"], json!("nginx"));
}

#[test]
fn short_forms_mean_what_they_say() {
    let ports = "[[service.ports]]\nport = \"auto\"\n";
    let only = |check: &str| service(&format!("{ports}{check}")).unwrap();
    let http = Probe::Http { port: "port".to_owned(), path: "/health".to_owned(), status: 200 };
    assert_eq!(
        only("[service.ready]\nhttp = \"/health\"\n").ready,
        Some(ReadyCheck { probe: http, within_ms: 30_000 })
    );
    assert_eq!(only("[service.health]\ntcp = \"port\"\n").health.probe, Some(Probe::Tcp { port: "port".to_owned() }));
    assert_eq!(only("[service.ready]\nline = \"^listening on [0-9]+$\"\n").ready.unwrap().within_ms, 30_000);
    for (word, probe) in [
        ("ping", Some(Probe::Ping)),
        ("status", Some(Probe::Status)),
        ("version", Some(Probe::Version)),
        ("none", None),
    ] {
        assert_eq!(service(&format!("[service.health]\nask = \"{word}\"\n")).unwrap().health.probe, probe);
        let ready = service(&format!("[service.ready]\nask = \"{word}\"\n")).unwrap().ready;
        assert_eq!(ready.map(|check| check.probe), probe);
    }
    let after = service("[service]\nafter = [\"db\"]\n").unwrap().after;
    assert_eq!(after.into_iter().collect::<Vec<_>>(), [(ToolName::new("db").unwrap(), StartCondition::Ready)]);
}

#[test]
fn an_unknown_adapter_is_kept_as_the_profile_of_the_generic_one() {
    for (word, adapter, profile) in [
        ("generic", Adapter::Generic, None),
        ("text", Adapter::Text, None),
        ("none", Adapter::None, None),
        ("claude-code", Adapter::Generic, Some("claude-code")),
        ("aider_2.0", Adapter::Generic, Some("aider_2.0")),
    ] {
        let service = service(&format!("[service]\nadapter = \"{word}\"\n")).unwrap();
        assert_eq!((service.adapter, service.profile.as_deref()), (adapter, profile), "{word}");
    }
}

#[test]
fn each_bad_field_is_a_problem_with_its_line_and_a_hint() {
    let two = "[[service.ports]]\nname = \"a\"\n[[service.ports]]\n";
    for (table, line) in [
        // Unknown keys, at every depth.
        ("[service]\nadaptor = \"text\"\n", 6),
        ("[service]\nadapter = { command = [\"x\"], mode = 1 }\n", 6),
        ("[service]\nstop = { sinal = \"TERM\" }\n", 6),
        ("[service.backoff]\nfirst = \"1s\"\nmax = \"3s\"\n", 7),
        ("[[service.ports]]\nnumber = 1\n", 6),
        ("[[service.ports]]\nname = \"http\"\n[service.ready]\nhttp = { port = \"http\", code = 200 }\n", 8),
        ("[service.ready]\nask = \"ping\"\nevery = \"1s\"\n", 7),
        ("[service.health]\nwithin = \"1s\"\n", 6),
        ("[service.log]\nmax = 1\n", 6),
        // Wrong types, words and ranges.
        ("[service]\nadapter = \"external\"\n", 6),
        ("[service]\nadapter = \"a b\"\n", 6),
        ("[service]\nadapter = { command = [] }\n", 6),
        ("[service]\nadapter = { command = \"x\" }\n", 6),
        ("[service]\ninstances = 0\n", 6),
        ("[service]\ninstances = \"many\"\n", 6),
        ("[service]\nstop = { signal = \"KILL\" }\n", 6),
        ("[service]\nstop = { within = \"soon\" }\n", 6),
        ("[service]\nstop = { within = 0 }\n", 6),
        ("[service]\nrestart = \"sometimes\"\n", 6),
        ("[service]\nbackoff = { factor = 0 }\n", 6),
        ("[service]\nbackoff = { first = \"2m\" }\n", 6),
        ("[service]\nmost_restarts = -1\n", 6),
        ("[service]\nafter = { \"../x\" = \"ready\" }\n", 6),
        ("[service]\nafter = { db = \"soon\" }\n", 6),
        ("[service]\nafter = [\"helper\"]\n", 6),
        ("[service]\nports = 8405\n", 6),
        ("[[service.ports]]\nport = 0\n", 6),
        ("[[service.ports]]\nport = 65536\n", 6),
        ("[[service.ports]]\nport = \"any\"\n", 6),
        ("[[service.ports]]\nname = \"Http\"\n", 6),
        ("[[service.ports]]\nname = \"http\"\npass = \"tunnel\"\n", 7),
        ("[[service.ports]]\nmode = \"fixed\"\n", 6),
        (&format!("{two}name = \"a\"\n"), 8),
        (&format!("{two}name = \"b\"\nport = 99999\n"), 9),
        ("[[service.ports]]\nname = \"a\"\nport = 80\n[[service.ports]]\nname = \"b\"\nport = 80\n", 10),
        ("[service.ready]\nwithin = \"1s\"\n", 5),
        ("[service.ready]\nask = \"hello\"\n", 6),
        ("[service.ready]\nask = \"ping\"\nline = \"x\"\n", 7),
        ("[service.ready]\nline = \"(\"\n", 6),
        ("[service.ready]\ntcp = \"http\"\n", 6),
        ("[service.ready]\nhttp = \"/health\"\n", 6),
        ("[[service.ports]]\nname = \"a\"\n[service.ready]\nhttp = \"health\"\n", 8),
        ("[[service.ports]]\nname = \"a\"\n[service.ready]\nhttp = \"/x y\"\n", 8),
        ("[[service.ports]]\nname = \"a\"\n[service.ready]\nhttp = { status = 99 }\n", 8),
        (&format!("{two}name = \"b\"\n[service.ready]\nhttp = \"/\"\n"), 10),
        ("[service.health]\nline = \"x\"\n", 6),
        ("[service.health]\nexec = \"curl\"\n", 6),
        ("[service.health]\nexec = []\n", 6),
        ("[service.health]\nfailures = 0\n", 6),
        ("[service.health]\nevery = \"3000h\"\n", 6),
        ("[service.log]\nmost = 10\n", 6),
        ("[service.log]\nkeep = 1000\n", 6),
    ] {
        let problem = service(table).expect_err(table);
        assert_eq!((problem.code, problem.line), (ProblemCode::BadField, Some(line)), "{table}\n{problem:?}");
        assert!(!problem.hint.is_empty() && !problem.message.ends_with('.'), "{problem:?}");
    }
    let problem = manifest("name = \"x\"\nkind = \"service\"\nservice = true\n").unwrap_err();
    assert_eq!((problem.code, problem.line), (ProblemCode::BadField, Some(3)));
}

/// The keys of a schema and of the tables in it: `stop.signal`, `ports[].name`.
fn keys_of(schema: &Value, node: &Value, path: &str, keys: &mut Vec<String>) {
    let node = match node["$ref"].as_str().and_then(|link| link.strip_prefix("#/$defs/")) {
        Some("words") => return,
        Some(name) => &schema["$defs"][name],
        None => node,
    };
    for (name, field) in node["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        keys.push(path.clone());
        keys_of(schema, field, &path, keys);
    }
    node["oneOf"].as_array().into_iter().flatten().for_each(|part| keys_of(schema, part, path, keys));
    if node["items"].is_object() {
        keys_of(schema, &node["items"], path, keys);
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema: Value = serde_json::from_str(include_str!("../../assets/manifest.schema.json")).unwrap();
    let whole = format!("{HEAD}{WHOLE}")
        .replace("[run]", "description = \"helps\"\n[run]")
        .replace("timeout = 1\n", "timeout = \"1s\"\n");
    let value = serde_json::to_value(toml::from_str::<toml::Table>(&whole).unwrap()).unwrap();
    assert_eq!(validate(&schema, &value), vec![]);
    let mut keys = Vec::new();
    keys_of(&schema, &schema["$defs"]["service"], "", &mut keys);
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        // A key that the reader knows is at most of the wrong type; an unknown one is called so.
        let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
        let header = match table {
            "" => "[service]".to_owned(),
            "ports" => "[[service.ports]]".to_owned(),
            table => format!("[service.{table}]"),
        };
        let port = if table.ends_with("http") { "[[service.ports]]\n" } else { "" };
        let read = service(&format!("{port}{header}\n{name} = 2026-01-02\n"));
        let is_unknown = |problem: &Problem| problem.message.contains("unknown key");
        assert!(!read.as_ref().is_err_and(is_unknown), "{key}: {read:?}");
        let read = service(&format!("{port}{header}\nx-{name} = 1\n"));
        assert!(read.is_err_and(|problem| is_unknown(&problem) || !table.is_empty()), "{key}");
    }
}
