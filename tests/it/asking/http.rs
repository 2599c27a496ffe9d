use super::{allow, approve, configure, run};
use crate::scripted_server::{Reply, ScriptedServer};
use crate::support::Workspace;
use std::time::{Duration, Instant};

/// A workspace with an HTTP tool `fetch`, approved and allowed to use the network, whose table is this one.
fn with_tool(table: &str, more: &str, first_input: &str) -> Workspace {
    let workspace = Workspace::new().with_git();
    write(&workspace, table, more);
    approve(&workspace, "fetch");
    let (ran, _) = allow(&workspace, "fetch", first_input);
    assert_ne!(ran["run"]["outcome"], "refused", "{ran:#}");
    workspace
}

fn write(workspace: &Workspace, table: &str, more: &str) {
    let head = "name = \"fetch\"\ndescription = \"Fetches.\"\nkind = \"http\"\ncost_tier = \"low\"\n";
    workspace.write("tools/experimental/fetch/tool.toml", &format!("{head}{more}\n[http]\n{table}\n"));
}

#[test]
fn an_approved_request_is_sent_from_inside_the_sandbox_and_its_body_is_the_output() {
    let server = ScriptedServer::new(|asked| Reply::status(200, "content-type: text/plain\r\n", &asked.path));
    let table = format!("url = \"{}/users/{{input.name}}\"\nquery = {{ q = \"{{input.q}}\" }}\n", server.url());
    let workspace = with_tool(&table, "", r#"{"name": "ada", "q": "1"}"#);
    let ran = run(&workspace, &["fetch", "--set", "name=@@evil.example//x", "--set", "q=a b&c=d#e"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "/users/%40evil.example%2F%2Fx?q=a%20b%26c%3Dd%23e"), "{ran:?}");
    assert!(ran.err.contains("HTTP 200 OK from 127.0.0.1:") && ran.err.contains("text/plain"), "{ran:?}");
    assert_eq!(server.asked().len(), 2);
    for (name, why) in [("name=..", "input/name: . and .."), ("other=x", "required property")] {
        let ran = run(&workspace, &["fetch", "--set", name, "--set", "q=1"]);
        assert!(ran.code != 0 && ran.err.contains("invalid-input") && ran.err.contains(why), "{ran:?}");
    }
    assert_eq!(server.asked().len(), 2);
    let (shown, _) = workspace.json(&["show", "fetch"]);
    assert_eq!((&shown["http"]["method"], &shown["tool"]["kind"]), (&"GET".into(), &"http".into()), "{shown:#}");
    let listed = workspace.json(&["list", "--kind", "http"]).0;
    assert_eq!(listed["tools"].as_array().map(Vec::len), Some(1), "{listed:#}");
}

#[test]
fn what_nobody_approved_gets_no_network() {
    let server = ScriptedServer::new(|_| Reply::status(200, "", "here"));
    let workspace = Workspace::new();
    write(&workspace, &format!("url = \"{}/\"", server.url()), "");
    let ran = run(&workspace, &["fetch"]);
    assert!(ran.code != 0 && ran.err.contains("this run gets no network"), "{ran:?}");
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_status_of_400_or_more_is_a_failed_run_and_the_output_schema_is_checked() {
    let server = ScriptedServer::new(|asked| match asked.path.as_str() {
        "/missing" => Reply::status(404, "content-type: application/json\r\n", r#"{"error": "no such user"}"#),
        "/wrong" => Reply::status(200, "", r#"{"name": 3}"#),
        _ => Reply::status(200, "", r#"{"name": "ada"}"#),
    });
    let schema = "[output]\ntype = \"object\"\n[output.properties.name]\ntype = \"string\"\n";
    let table = format!("url = \"{}/{{input.what}}\"", server.url());
    let workspace = with_tool(&table, schema, r#"{"what": "fine"}"#);
    assert_eq!(run(&workspace, &["fetch", "fine"]).code, 0);
    let missing = run(&workspace, &["fetch", "missing"]);
    assert_eq!((missing.code, missing.out.as_str()), (1, r#"{"error": "no such user"}"#), "{missing:?}");
    assert!(missing.err.contains("HTTP 404"), "{missing:?}");
    let wrong = run(&workspace, &["fetch", "wrong"]);
    assert!(wrong.code != 0 && wrong.err.contains("output/name"), "{wrong:?}");
}

#[test]
fn a_redirect_is_followed_to_declared_hosts_only() {
    let elsewhere = ScriptedServer::new(|_| Reply::status(200, "", "elsewhere"));
    let other = elsewhere.url();
    let server = ScriptedServer::new(move |asked| match asked.path.as_str() {
        "/here" => Reply::status(302, "location: /there\r\n", ""),
        "/away" => Reply::status(302, &format!("location: {other}/x\r\n"), ""),
        "/around" => Reply::status(302, "location: /around\r\n", ""),
        _ => Reply::status(200, "", "there"),
    });
    let table = format!("url = \"{}/{{input.what}}\"", server.url());
    let workspace = with_tool(&table, "", r#"{"what": "x"}"#);
    assert_eq!(run(&workspace, &["fetch", "here"]).out, "there");
    let away = run(&workspace, &["fetch", "away"]);
    assert!(away.code == 1 && away.err.contains("which the tool does not declare in hosts"), "{away:?}");
    assert!(run(&workspace, &["fetch", "around"]).err.contains("redirected more than 5 times"));
    assert_eq!(elsewhere.asked().len(), 0);
    // The same, declared: the attack works where it is let.
    let host = elsewhere.url().replace("http://", "");
    let declared = with_tool(&format!("{table}\nhosts = [\"{host}\"]"), "", r#"{"what": "x"}"#);
    assert_eq!(run(&declared, &["fetch", "away"]).out, "elsewhere");
}

#[test]
fn a_secret_goes_along_and_is_redacted_where_the_server_repeats_it() {
    let server = ScriptedServer::new(|asked| {
        let got = asked.header("authorization").unwrap_or_default();
        let echo = asked.header("x-note").unwrap_or_default();
        Reply::status(200, "", &format!("got {got} {echo}"))
    });
    let table = format!(
        "url = \"{}/\"\nheaders = {{ Authorization = \"Bearer {{env.MY_TOKEN}}\", X-Note = \"{{input.note}}\" }}",
        server.url()
    );
    let more = "[permissions]\nnetwork = [\"full\"]\nenv = [\"MY_TOKEN\"]\n";
    let workspace = Workspace::new().with_git();
    let secret = workspace.home().join("token");
    std::fs::write(&secret, "hunter-two-secret\n").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(&workspace, &format!("[secrets]\nMY_TOKEN = {{ file = {secret:?} }}\n"));
    write(&workspace, &table, more);
    approve(&workspace, "fetch");
    allow(&workspace, "fetch", r#"{"note": "n"}"#);
    let ran = run(&workspace, &["fetch", "--set", "note=hello"]);
    assert!(ran.out.contains("[redacted MY_TOKEN]") && ran.out.ends_with(" hello"), "{ran:?}");
    assert_eq!(server.asked()[1].header("authorization"), Some("Bearer hunter-two-secret"));
    let broken = run(&workspace, &["fetch", "--input", r#"{"note": "a\r\nX-Evil: 1"}"#]);
    assert!(broken.code != 0 && broken.err.contains("cannot hold a line break"), "{broken:?}");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_body_without_end_and_a_server_without_an_answer_end_at_the_limits_of_the_run() {
    let server = ScriptedServer::new(|asked| match asked.path.as_str() {
        "/flood" => Reply::stream("text/plain", "x").then_flood(&"x".repeat(1 << 16)),
        "/slow" => Reply::stream("text/plain", "begin").then_silence(),
        "/silent" => Reply::silence(),
        _ => Reply::status(200, "", "x"),
    });
    let table = format!("url = \"{}/{{input.what}}\"", server.url());
    let workspace = with_tool(&table, "[limits]\noutput = \"1MiB\"\n", r#"{"what": "x"}"#);
    let flood = run(&workspace, &["fetch", "flood"]);
    assert!(flood.code != 0 && flood.err.contains("more than 1 MiB of output"), "{}", flood.err);
    for what in ["slow", "silent"] {
        let begun = Instant::now();
        let ran = run(&workspace, &["fetch", what, "--timeout", "1s"]);
        assert!(ran.code != 0 && ran.err.contains("timed-out"), "{ran:?}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn a_definition_that_could_lead_anywhere_does_not_run_and_says_why() {
    for (table, why) in [
        ("url = \"https://{input.host}/\"", "does not name its host"),
        ("url = \"{input.url}\"", "does not name its host"),
        ("method = \"GET\"", "it has no URL"),
        ("url = \"https://h.example/\"\nheaders = { Host = \"evil\" }", "the header Host"),
        ("url = \"https://h.example/\"\nheaders = { A = \"{env.TOKEN}\" }", "add TOKEN to [permissions] env"),
    ] {
        let workspace = Workspace::new();
        write(&workspace, table, "");
        let (listed, _) = workspace.json(&["list"]);
        let row = &listed["tools"][0];
        assert_eq!(row["runnable"], false, "{row:#}");
        assert!(row["reason"].as_str().unwrap().contains(why), "{row:#}");
        assert!(run(&workspace, &["fetch"]).code != 0);
    }
}

#[test]
fn a_review_names_method_and_host_and_checks_send_nothing() {
    let server = ScriptedServer::new(|_| Reply::status(200, "", "x"));
    let workspace = Workspace::new().with_git();
    let more = "[[examples]]\ninput = { id = \"1\" }\noutput = { a = 1 }\n";
    write(&workspace, &format!("url = \"{}/{{input.id}}\"", server.url()), more);
    workspace.json(&["list"]);
    let (review, _) = workspace.json(&["review", "1"]);
    let text = review.to_string();
    assert!(text.contains("GET http://127.0.0.1:") && text.contains("network full"), "{review:#}");
    let (checks, _) = workspace.json(&["check", "fetch"]);
    let text = checks.to_string();
    assert!(text.contains("it sends a request, which is not sent to try it"), "{checks:#}");
    assert_eq!(server.asked().len(), 0);
}
