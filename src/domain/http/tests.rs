use super::*;
use serde_json::{Map, Value, json};

fn get(url: &str) -> HttpDefinition {
    HttpDefinition::get(url.to_owned())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn request(definition: &HttpDefinition, input: &Value) -> Result<HttpRequest, String> {
    let env = |name: &str| (name == "TOKEN").then(|| "s3cret".to_owned());
    definition.request(&object(input), None, &env)
}

fn url(template: &str, input: &Value) -> Result<String, String> {
    request(&get(template), input).map(|request| request.url)
}

#[test]
fn values_are_encoded_and_never_move_a_request() {
    let template = "https://api.example.org/users/{input.name}/x";
    for (value, wanted) in [
        ("ada", "https://api.example.org/users/ada/x"),
        ("a b/c?d#e", "https://api.example.org/users/a%20b%2Fc%3Fd%23e/x"),
        ("@evil.example", "https://api.example.org/users/%40evil.example/x"),
        ("//evil.example", "https://api.example.org/users/%2F%2Fevil.example/x"),
        ("\\\\evil", "https://api.example.org/users/%5C%5Cevil/x"),
        ("a\r\nHost: evil", "https://api.example.org/users/a%0D%0AHost%3A%20evil/x"),
        ("%2e%2e", "https://api.example.org/users/%252e%252e/x"),
    ] {
        assert_eq!(url(template, &json!({"name": value})).as_deref(), Ok(wanted), "{value}");
    }
    for value in [".", ".."] {
        let error = url(template, &json!({"name": value})).unwrap_err();
        assert!(error.starts_with("input/name: . and .."), "{error}");
    }
    assert_eq!(url(template, &json!({})), Err("input/name: the request needs a value for it".to_owned()));
}

#[test]
fn a_path_keeps_its_slashes_and_stays_below_the_written_one() {
    let template = "https://h.example/api/{+input.path}";
    assert_eq!(url(template, &json!({"path": "a/b c"})).as_deref(), Ok("https://h.example/api/a/b%20c"));
    assert_eq!(
        url(template, &json!({"path": "//evil.example/x"})).as_deref(),
        Ok("https://h.example/api/evil.example/x")
    );
    assert_eq!(url(template, &json!({"path": "x?y=1#z"})).as_deref(), Ok("https://h.example/api/x%3Fy%3D1%23z"));
    for path in ["../admin", "a/../../b", "..", "a/./b"] {
        assert!(url(template, &json!({"path": path})).is_err(), "{path}");
    }
}

#[test]
fn a_host_is_written_or_declared() {
    let no_hosts = |template: &str| get(template).fault(None, &[]);
    assert_eq!(no_hosts("https://api.example.org/x/{input.a}"), None);
    for template in [
        "https://{input.host}/x",
        "https://api.example.org{input.path}",
        "{input.url}",
        "https://{env.HOST}/x",
        "ftp://h/x",
        "https://user:pw@h.example/x",
        "https:///x",
        "https://h.example/a/../b",
        "https://h.example/a#b",
        "",
    ] {
        assert!(no_hosts(template).is_some(), "{template}");
    }
    let hosts = vec!["one.example".to_owned(), "two.example:8443".to_owned()];
    let some = |template: &str, input: Value| {
        let definition = HttpDefinition { hosts: hosts.clone(), ..get(template) };
        assert_eq!(definition.fault(None, &[]), None, "{template}");
        request(&definition, &input).map(|request| request.url)
    };
    assert_eq!(some("https://{input.h}/x", json!({"h": "one.example"})).as_deref(), Ok("https://one.example/x"));
    for host in ["evil.example", "one.example@evil.example", "one.example/..", "two.example", "one.example:1", ""] {
        assert!(some("https://{input.h}/x", json!({"h": host})).is_err(), "{host}");
    }
    let whole = |url: &str| some("{input.url}", json!({"url": url}));
    assert_eq!(whole("https://two.example:8443/a b?c=d#e").as_deref(), Ok("https://two.example:8443/a%20b?c=d"));
    assert_eq!(whole("HTTPS://ONE.example").as_deref(), Ok("https://one.example/"));
    for url in [
        "https://evil.example/",
        "https://one.example@evil.example/",
        "https://one.example\\@evil.example/",
        "one.example",
        "http://one.example/",
        "http://127.one.example/",
        "https://one.example/a/../b",
        "https://one.example/a/%2e%2E/b?c",
    ] {
        assert!(whole(url).is_err(), "{url}");
    }
    // The control: a declared port selects the scheme.
    assert_eq!(whole("http://two.example:8443/a?b=../c").as_deref(), Ok("http://two.example:8443/a?b=../c"));
}

#[test]
fn headers_take_no_line_breaks_and_no_place_of_ours() {
    let with = |name: &str, value: &str| {
        let headers = [(name.to_owned(), value.to_owned())].into();
        HttpDefinition { headers, ..get("https://h.example/") }
    };
    let auth = with("Authorization", "Bearer {env.TOKEN}");
    assert_eq!(auth.fault(None, &[]).as_deref(), Some("it uses {env.TOKEN}; add TOKEN to [permissions] env"));
    assert_eq!(auth.fault(None, &["TOKEN".to_owned()]), None);
    let made = request(&auth, &json!({})).unwrap();
    assert_eq!(made.headers, [("authorization".to_owned(), "Bearer s3cret".to_owned())]);
    assert!(made.secret_headers.contains("authorization"));
    let asked = with("X-Name", "{input.name}");
    assert_eq!(request(&asked, &json!({})).unwrap().headers, []);
    for value in ["a\r\nHost: evil", "a\nb", "a\0b"] {
        let error = request(&asked, &json!({"name": value})).unwrap_err();
        assert!(error.starts_with("input/name: the header X-Name cannot hold a line break"), "{error}");
    }
    for (name, value) in [("Host", "evil"), ("content-length", "1"), ("a b", "c"), ("", "d")] {
        assert!(with(name, value).fault(None, &[]).is_some(), "{name}");
    }
}

#[test]
fn bodies_and_queries_are_encoded_as_what_they_are() {
    let schema = json!({"properties": {"text": {}, "tags": {}, "n": {"default": 3}}});
    let input = object(&json!({"text": "a\"}, \"x\": \"b&c=d", "tags": ["p q", "r"]}));
    let body = HttpBody::Json(json!({"q": "{text}", "n": "{input.n}", "note": "<{text}>", "gone": "{input.gone}"}));
    let definition = HttpDefinition {
        method: "POST".into(),
        query: Some(json!({"tag": "{tags}", "q": "{text}", "gone": "{input.gone}"})),
        body: Some(body),
        ..get("https://h.example/x?a=b")
    };
    let made = definition.request(&input, Some(&schema), &|_| None).unwrap();
    let text = "a\"}, \"x\": \"b&c=d";
    let sent: Value = serde_json::from_slice(&made.body.unwrap()).unwrap();
    assert_eq!(sent, json!({"q": text, "n": 3, "note": format!("<{text}>")}));
    assert_eq!(made.url, "https://h.example/x?a=b&tag=p%20q&tag=r&q=a%22%7D%2C%20%22x%22%3A%20%22b%26c%3Dd");
    let form = HttpDefinition { body: Some(HttpBody::Form(json!({"q": "{text}"}))), ..definition };
    let made = form.request(&input, Some(&schema), &|_| None).unwrap();
    assert_eq!(made.body.unwrap(), b"q=a%22%7D%2C%20%22x%22%3A%20%22b%26c%3Dd");
    assert_eq!(form.inputs(Some(&schema)), ["tags", "text", "gone"]);
}

#[test]
fn braces_that_are_no_placeholder_stay_text() {
    let body = |text: &str| {
        let definition = HttpDefinition { body: Some(HttpBody::Text(text.to_owned())), ..get("https://h.example/") };
        let made = request(&definition, &json!({"a": "1"})).unwrap();
        String::from_utf8(made.body.unwrap()).unwrap()
    };
    assert_eq!(body("{input.a} {a} {{input.a}} { {x:{input.a}} {"), "1 {a} {input.a} { {x:1} {");
}

#[test]
fn a_host_with_a_scheme_is_refused_with_what_to_write() {
    for (host, wanted) in [
        ("http://one.example", "write one.example:80"),
        ("https://one.example/x", "write one.example"),
        ("http://one.example:8080", "write one.example:8080"),
        ("a b", "write api.example.org or api.example.org:8443"),
    ] {
        let definition = HttpDefinition { hosts: vec![host.to_owned()], ..get("https://{input.h}/x") };
        let said = definition.fault(None, &[]).unwrap();
        assert!(said.ends_with(&format!("is not a host; {wanted}")), "{said}");
    }
}

#[test]
fn an_origin_is_one_of_the_declared_hosts_by_name_and_port() {
    let hosts = ["api.example.org", "b.example:8080", "[::1]:9"].map(str::to_owned);
    for (url, is) in [
        ("https://api.example.org/x", true),
        ("http://API.example.org", true),
        ("https://api.example.org:8443", false),
        ("https://api.example.org.evil", false),
        ("http://b.example:8080?x", true),
        ("http://b.example", false),
        ("http://[::1]:9/", true),
    ] {
        assert_eq!(Origin::of(url).unwrap().is_declared(&hosts), is, "{url}");
    }
}
