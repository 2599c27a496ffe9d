use super::*;
use crate::catalog::document::{Document, Syntax};
use crate::catalog::draft::Draft;

fn read(text: &str, syntax: Syntax) -> Result<Draft, Problem> {
    Draft::of(&Document::parse("t/x.toml", syntax, text.as_bytes())?)
}

fn native(table: &str) -> Result<Manifest, Problem> {
    read(&format!("name = \"x\"\nkind = \"http\"\n[http]\n{table}\n"), Syntax::Toml).map(|draft| draft.manifest)
}

#[test]
fn every_field_of_a_table_is_read() {
    let manifest = native(
        "method = \"PUT\"\nurl = \"https://h.example/{input.id}\"\nhosts = [\"b.example\"]\ntimeout = \"5s\"\n\
         headers = { Accept = \"text/plain\", X-N = 3 }\nquery = { q = \"{input.q}\", n = 1 }\nbody = { text = \"{input.text}\" }\n",
    )
    .unwrap();
    let http = manifest.http.unwrap();
    assert_eq!((http.method.as_str(), http.timeout_ms, http.hosts.len()), ("PUT", Some(5_000), 1));
    assert_eq!(http.headers.get("X-N").map(String::as_str), Some("3"));
    assert_eq!(http.body, Some(HttpBody::Json(json!({"text": "{input.text}"}))));
    assert_eq!(manifest.input.unwrap()["required"], json!(["id", "q", "text"]));
    assert_eq!((manifest.permissions.network, manifest.recipe), (vec!["full".to_owned()], None));
}

#[test]
fn the_method_follows_from_the_body_and_texts_of_json_are_json() {
    let http = |table: &str| native(&format!("url = \"https://h.example/\"\n{table}")).map(|m| m.http.unwrap());
    assert_eq!(http("").unwrap().method, "GET");
    assert_eq!(http("form = { a = 1 }").unwrap().method, "POST");
    assert_eq!(http("body = '{\"a\": \"{input.a}\"}'").unwrap().body, Some(HttpBody::Json(json!({"a": "{input.a}"}))));
    assert_eq!(http("body = \"{input.all}\"").unwrap().body, Some(HttpBody::Json(json!("{input.all}"))));
    assert_eq!(http("body = \"a={input.a}\"").unwrap().body, Some(HttpBody::Text("a={input.a}".into())));
    for wrong in [
        "body = \"x\"\nform = {}",
        "query = 3",
        "bdy = 1",
        "headers = { Content-Type = \"application/json\" }\nbody = \"{a\"",
    ] {
        assert!(http(wrong).is_err(), "{wrong}");
    }
}

fn foreign(text: &str) -> Draft {
    read(&format!("name: x\ntype: openapi\n{text}"), Syntax::Yaml).unwrap()
}

#[test]
fn a_server_with_path_and_method_is_one_request() {
    let draft = foreign(
        "openapi: {base_url: 'https://h.example/v1/', path: '/users/{id}', method: get, params: {f: '{input.f}'}}\n",
    );
    assert_eq!(draft.unsupported, None);
    let manifest = draft.manifest;
    let http = manifest.http.unwrap();
    assert_eq!((http.method.as_str(), http.url.as_str()), ("get", "https://h.example/v1/users/{id}"));
    assert_eq!(manifest.input.as_ref().unwrap()["required"], json!(["id", "f"]));
    let input = json!({"id": "a/b", "f": 1});
    let made = http.request(input.as_object().unwrap(), manifest.input.as_ref(), &|_| None).unwrap();
    assert_eq!((made.method.as_str(), made.url.as_str()), ("GET", "https://h.example/v1/users/a%2Fb?f=1"));
}

#[test]
fn a_server_alone_takes_any_request_below_its_url() {
    let draft = foreign("openapi: {base_url: 'https://h.example/api', spec_url: 'https://h.example/spec.json'}\n");
    let manifest = draft.manifest;
    let http = manifest.http.unwrap();
    assert_eq!(http.fault(manifest.input.as_ref(), &[]), None);
    let made = |input: Value| {
        let made = http.request(input.as_object().unwrap(), manifest.input.as_ref(), &|_| None)?;
        Ok::<_, String>((made.method, made.url, made.body.map(|body| String::from_utf8(body).unwrap())))
    };
    let url = |path: &str| format!("https://h.example/api{path}");
    assert_eq!(made(json!({})), Ok(("GET".into(), url(""), None)));
    let post = json!({"method": "POST", "path": "/a/b", "query": {"c": "d e"}, "body": {"f": 1}});
    assert_eq!(made(post), Ok(("POST".into(), url("/a/b?c=d%20e"), Some("{\"f\":1}".into()))));
    for path in ["../x", "a/../../x"] {
        assert!(made(json!({"path": path})).is_err(), "{path}");
    }
    assert_eq!(made(json!({"path": "//evil.example"})).unwrap().1, url("/evil.example"));
}

#[test]
fn of_a_document_the_named_or_only_operation_is_read() {
    let paths = "servers: [{url: 'https://h.example'}]\npaths:\n  /a/{id}:\n    get:\n      operationId: one\n      parameters:\n\
                 \x20       - {name: id, in: path, required: true, schema: {type: integer}}\n\
                 \x20       - {name: q, in: query, schema: {type: string}}\n";
    let draft = foreign(paths);
    let manifest = draft.manifest;
    assert_eq!(draft.unsupported, None);
    let input = json!({"id": 3});
    let made = manifest.http.unwrap().request(input.as_object().unwrap(), manifest.input.as_ref(), &|_| None).unwrap();
    assert_eq!(made.url, "https://h.example/a/3");
    let two = format!("{paths}  /b:\n    post: {{operationId: two}}\n");
    assert!(foreign(&two).unsupported.unwrap().starts_with("it describes 2 operations"));
    assert_eq!(foreign(&format!("{two}operation_id: two\n")).manifest.http.unwrap().url, "https://h.example/b");
}

#[test]
fn what_names_no_server_says_so() {
    assert_eq!(
        foreign("openapi: {spec_url: x}\n").unsupported.as_deref(),
        Some("it does not name its server; add base_url")
    );
    assert!(foreign("openapi: {base_url: 'file:///etc'}\n").unsupported.unwrap().contains("https://"));
}

#[test]
#[cfg(feature = "http-generators")]
fn a_request_to_the_loopback_of_its_run_is_a_problem_that_names_what_works() {
    let tool = |network: &str| {
        let mut manifest = foreign("openapi: {base_url: 'http://127.0.0.1:8000/api'}\n").manifest;
        manifest.permissions.network = vec![network.to_owned()];
        crate::catalog::obstacle::incomplete(&manifest)
    };
    let why = "it sends a request, but the loopback of a run is private and nobody answers there; declare network = [\"full\"]";
    assert_eq!(tool("loopback"), Some(crate::catalog::obstacle::Obstacle::Incomplete(why.to_owned())));
    assert_eq!(tool("full"), None);
}
