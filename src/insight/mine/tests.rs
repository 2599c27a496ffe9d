//! Tests of everything together: opportunities from rows and files, and their order.

use super::*;
use crate::domain::{
    HttpBody, HttpCall, Implementation, Instant, OpportunityKind, RunOutcome, Suggested, ToolName, Worth,
};
use serde_json::{Value, json};

fn fact(id: i64, tool: &str, outcome: RunOutcome) -> RunFact {
    RunFact {
        id: RunId(id),
        tool: ToolName::new(tool).unwrap(),
        caller: "human".to_owned(),
        outcome,
        started_at: Instant(id * 1_000),
        duration_ms: 10,
        cpu_ms: 5,
        memory_bytes: 1 << 20,
        error: outcome.is_failure().then(|| "no route to host".to_owned()),
        input: String::new(),
        is_interpreted: true,
    }
}

#[test]
fn runs_that_hand_a_value_on_are_a_chain_with_the_inputs_that_stay_open() {
    let mut material = MiningInput::default();
    for time in 0..6_i64 {
        let file = format!("/data/{time}.html");
        let given = [json!({"url": format!("https://a.example/{time}")}), json!({"path": file, "depth": 700 + time})];
        for (nth, (tool, input)) in ["fetch", "strip"].iter().zip(given).enumerate() {
            let id = time * 10 + nth as i64 + 1;
            material.runs.push(RunFact { input: input.to_string(), ..fact(id, tool, RunOutcome::Succeeded) });
            material.outputs.insert(RunId(id), json!({"saved": file}).to_string());
        }
        material.runs.push(fact(time * 10 + 5, &format!("other-{time}"), RunOutcome::Succeeded));
    }
    let found = mine(&material).opportunities;
    assert_eq!(found.len(), 1, "{found:#?}");
    let chain = &found[0];
    assert_eq!((chain.kind, chain.name.as_str(), chain.count), (OpportunityKind::Sequence, "fetch-to-strip", 6));
    let open: Vec<_> = chain.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(open, ["url", "depth"], "what comes out of one step need not be given to the next");
    assert_eq!(chain.evidence[0].numbers, [51, 52]);
    assert_eq!(mine(&material), mine(&material), "the same rows give the same");
}

#[test]
fn a_failure_after_which_another_tool_helps_and_one_that_nothing_helps_are_both_told() {
    let mut material = MiningInput::default();
    for time in 0..6 {
        // With a day between them, each is a separate session.
        let day = time * 100_000;
        material.runs.push(fact(day + 1, "fetch", RunOutcome::Failed));
        material.runs.push(fact(day + 2, "mirror", RunOutcome::Succeeded));
    }
    let found = mine(&material).opportunities;
    let told: Vec<_> = found.iter().map(|one| (one.kind, one.tools.join(" "))).collect();
    let recovery = (OpportunityKind::Recovery, "fetch mirror".to_owned());
    assert!(told.contains(&recovery) && told.contains(&(OpportunityKind::Unresolved, "fetch".to_owned())), "{told:?}");
}

/// A history of 2,000 lines, always the same: three habits among other lines.
fn history() -> String {
    let mut text = String::new();
    for n in 0..2_000_u32 {
        let line = match n % 20 {
            3 => format!("grep -rn 'error {n}' logs/day-{n}.log | sort | uniq -c | head -{}", 5 + n % 7),
            7 | 8 if n % 40 < 20 => format!("awk -F, '{{print ${}}}' data-{n}.csv | sed 's/x/{n}/'", n % 9),
            11 => format!("find /srv/{n} -name '*.tmp' -mtime +{} -delete", n % 30),
            13 => "ls -la".to_owned(),
            _ => format!("note-{} {}", n * 7919 % 1_013, n),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn a_history_of_2000_lines_gives_its_habits_with_the_values_left_out() {
    let read = read_history("history", history().as_bytes(), &str::to_owned);
    assert_eq!((read.commands, read.unreadable), (2_000, 0));
    let material = MiningInput { imported: read.sessions, ..MiningInput::default() };
    let found = mine(&material).opportunities;
    let mut habits: Vec<_> = found
        .iter()
        .filter(|one| one.kind == OpportunityKind::CommandPattern)
        .map(|one| (one.count, one.tools.join(" "), one.title.split(": typed").next().unwrap_or_default().to_owned()))
        .collect();
    habits.sort();
    assert_eq!(
        habits,
        [
            (100, "awk sed".to_owned(), "awk -F, <text> <path> | sed <path>".to_owned()),
            (100, "find".to_owned(), "find <path> -name '*.tmp' -mtime <number> -delete".to_owned()),
            (
                100,
                "grep sort uniq head".to_owned(),
                "grep -rn <text> <path> | sort | uniq -c | head -<number>".to_owned()
            ),
        ]
    );
    let grep = found.iter().find(|one| one.tools.first().is_some_and(|tool| tool == "grep")).unwrap();
    let parameters: Vec<_> =
        grep.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.kind.word())).collect();
    assert_eq!(parameters, [("text", "string"), ("path", "string"), ("number", "integer")]);
    assert_eq!((grep.evidence[0].source.as_str(), &grep.evidence[0].numbers[..]), ("history", &[1_984][..]));
    assert_eq!(grep.evidence[0].text, "grep -rn error 1983 logs/day-1983.log | sort | uniq -c | head -7");
}

fn suggested(name: &str, worth: [f64; 4]) -> Opportunity {
    let [frequency, impact, complexity, confidence] = worth;
    Opportunity::of(Suggested {
        kind: OpportunityKind::Sequence,
        about: name.to_owned(),
        name: name.to_owned(),
        title: String::new(),
        description: String::new(),
        count: 1,
        worth: Worth { frequency, impact, complexity, confidence },
        parameters: Vec::new(),
        expected_output: None,
        tools: Vec::new(),
        evidence: Vec::new(),
        implementation: None,
    })
}

#[test]
fn ten_opportunities_stand_in_the_order_that_the_formula_gives() {
    let mut ten = vec![
        suggested("all-high", [0.9, 0.9, 0.1, 0.9]),
        suggested("unsure", [0.9, 0.9, 0.1, 0.2]),
        suggested("rare", [0.1, 0.9, 0.1, 0.9]),
        suggested("small", [0.8, 0.1, 0.1, 0.9]),
        suggested("hard", [0.9, 0.9, 0.9, 0.9]),
        suggested("middling", [0.5, 0.5, 0.5, 0.5]),
        suggested("easy-but-rare", [0.1, 0.1, 0.0, 0.9]),
        suggested("rare-and-hard", [0.1, 0.1, 1.0, 0.9]),
        suggested("nothing", [0.0, 0.0, 1.0, 1.0]),
        suggested("sure", [0.5, 0.5, 0.5, 1.0]),
    ];
    rank(&mut ten);
    let order: Vec<_> = ten.iter().map(|one| (one.name.as_str(), (one.priority * 1_000.0).round() as u32)).collect();
    // Computed by hand: confidence × (0.4 f + 0.4 i + 0.2 (1 − c)).
    assert_eq!(
        order,
        [
            ("all-high", 810),
            ("hard", 666),
            ("rare", 522),
            ("sure", 500),
            ("small", 486),
            ("easy-but-rare", 252),
            ("middling", 250),
            ("unsure", 180),
            ("rare-and-hard", 72),
            ("nothing", 0),
        ]
    );
}

#[test]
fn a_reported_number_of_tokens_is_read_where_it_is_one() {
    for (output, tokens) in [
        (r#"{"usage":{"total_tokens":12}}"#, 12),
        (r#"{"usage":{"input_tokens":3,"output_tokens":4}}"#, 7),
        (r#"{"tokens":5}"#, 5),
        (r#"{"tokens":"many"}"#, 0),
        ("tokens: 5", 0),
    ] {
        assert_eq!(reported_tokens(output), tokens, "{output}");
    }
}

#[test]
fn an_openapi_document_gives_a_tool_for_each_operation_that_is_not_there() {
    let document = json!({
        "openapi": "3.0.0", "info": {"title": "Shop"}, "servers": [{"url": "https://shop.example"}],
        "paths": {"/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
            "get": {"operationId": "getOrder", "summary": "One order",
                "responses": {"200": {"description": "it", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}}},
            "put": {"summary": "Change it", "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}},
            "delete": {"operationId": "deleteOrder", "responses": {}},
        }},
        "components": {"schemas": {"Order": {"type": "object", "required": ["total"],
            "properties": {"total": {"type": "number", "minimum": 0}, "note": {"type": ["string", "null"]}}}}},
    });
    let found = wrappers("shop.json", &document, &|name| name == "delete Order").unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            let parameters =
                one.parameters.iter().map(|p| format!("{}:{}{}", p.name, p.kind, if p.required { "!" } else { "" }));
            (one.name.as_str(), parameters.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("get-order", "id:integer!".to_owned()),
            ("put-orders-id", "id:integer! total:number! note:string".to_owned())
        ]
    );
    assert_eq!(found[0].expected_output.as_ref().unwrap()["required"], json!(["total"]));
    assert!(
        found[0].title.starts_with("Shop, GET /orders/{id}: One order")
            && found[0].description.contains("https://shop.example")
    );
    assert_eq!(wrappers("x", &json!({"type": "object"}), &|_| false), None);
}

#[test]
fn a_document_that_refers_to_itself_ends() {
    let document = json!({"paths": {"/a": {"$ref": "#/paths/~1a"}, "/b": {"get": {"parameters": [{"$ref": "#/paths/~1b/get/parameters/0"}]}}}});
    assert_eq!(wrappers("x", &document, &|_| false).unwrap().len(), 1);
}

#[test]
fn a_definition_that_shows_functions_gives_a_tool_for_each() {
    let code = "import requests\n\ndef predict(name, country_id=None, limit: int = 5):\n    \"\"\"\n    Predict age.\n\n    Args:\n        name: First name (string)\n        country_id: Country code\n    \"\"\"\n    return 1\n\ndef _inner(x):\n    pass\n\ndef spread(\n    rows: list[str],\n    *, deep=True,\n) -> dict:\n    '''Spread.'''\n";
    let document = json!({"name": "Agify", "type": "openapi", "openapi": {"base_url": "https://a.example"}, "code_template": code});
    let found = wrappers("agify.yaml", &document, &|_| false).unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            let parameters =
                one.parameters.iter().map(|p| format!("{}:{}{}", p.name, p.kind, if p.required { "!" } else { "" }));
            (one.name.as_str(), parameters.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("predict", "name:string! country_id:string limit:integer".to_owned()),
            ("spread", "rows:array! deep:boolean".to_owned()),
        ]
    );
    assert_eq!(
        (found[0].parameters[0].description.as_str(), found[0].evidence[0].numbers[0]),
        ("First name (string)", 3)
    );
}

/// A line repeated with six numbers in place of `{n}`.
fn six_times(line: &str) -> String {
    (0..6).map(|n| line.replace("{n}", &format!("7{n}"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_all_lines_have_in_common_is_no_parameter() {
    let lines = six_times("curl -s https://api.example.org/v1/{n} | jq -r '.items[] | .name' > names-{n}.txt");
    let read = read_history("history", lines.as_bytes(), &str::to_owned);
    let found = mine(&MiningInput { imported: read.sessions, ..MiningInput::default() }).opportunities;
    let [habit] = found.as_slice() else { panic!("{found:#?}") };
    let names: Vec<_> = habit.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["url", "path"]);
    let Some(Implementation::Commands(line)) = &habit.implementation else { panic!("{habit:#?}") };
    assert_eq!(line.to_string(), "curl -s <url> | jq -r '.items[] | .name' > <path>");
    assert!(line.writes());
    assert_eq!(line.programs(), ["curl", "jq"]);
    assert_eq!(habit.specification().implementation, habit.implementation);
}

#[test]
fn a_command_of_a_program_is_one_of_the_three_words_and_a_secret_is_one_word() {
    let habits = |line: &str| {
        let read = read_history("history", six_times(line).as_bytes(), &str::to_owned);
        let found = mine(&MiningInput { imported: read.sessions, ..MiningInput::default() }).opportunities;
        found.into_iter().filter(|one| one.kind == OpportunityKind::CommandPattern).collect::<Vec<_>>()
    };
    assert_eq!(habits("git fetch origin feature-{n}").len(), 1);
    assert!(habits("curl https://a.example/{n}").is_empty() && habits("scp a-{n} b").is_empty());
    let [secret] = habits("curl -s -f https://a.example/{n}?token=[redacted stripe-key]").try_into().unwrap();
    assert!(secret.parameters.iter().all(|parameter| parameter.name != "text"), "{secret:#?}");
}

#[test]
fn a_line_with_variables_or_patterns_of_files_needs_somebody_to_write_it() {
    for line in
        ["tar -czf $OUT-{n} a b", "rm -f -v logs/{n}/*.log", "cd {n} && sort -u -n ~/x-{n}", "sudo tail -n {n} -f a"]
    {
        let lines = six_times(line);
        let read = read_history("history", lines.as_bytes(), &str::to_owned);
        let found = mine(&MiningInput { imported: read.sessions, ..MiningInput::default() }).opportunities;
        let habits: Vec<_> = found.iter().filter(|one| one.kind == OpportunityKind::CommandPattern).collect();
        assert!(!habits.is_empty() && habits.iter().all(|one| one.implementation.is_none()), "{line}: {habits:#?}");
    }
}

#[test]
fn a_password_in_a_line_is_shown_nowhere_and_makes_no_tool() {
    for line in [
        "mysql -u root -pHunter2Secret -e 'select {n}' db{n}",
        "sshpass -p Hunter2Secret scp a-{n} host-{n}:/x",
        "curl -u me:Hunter2Secret -s -o out-{n} https://a.example/{n}",
        "deploy --api-key Hunter2Secret --to host-{n} -v",
        "curl -s -H 'Authorization: Bearer Hunter2Secret0123456789' -o out-{n} https://a.example/{n}",
    ] {
        let lines = six_times(line);
        let redactor = crate::domain::Redactor::new([]);
        let read = read_history("history", lines.as_bytes(), &|line| redactor.text(line));
        let found = mine(&MiningInput { imported: read.sessions, ..MiningInput::default() }).opportunities;
        let habit =
            found.iter().find(|one| one.kind == OpportunityKind::CommandPattern).unwrap_or_else(|| panic!("{line}"));
        let shown = serde_json::to_string(habit).unwrap();
        assert!(!shown.contains("Hunter2") && habit.implementation.is_none(), "{shown}");
    }
}

#[test]
fn a_program_that_runs_what_it_is_given_makes_no_tool() {
    for line in [
        "cat f{n}.txt | bash -c 'wc -l; echo {n}'",
        "cat a{n} | eval 'wc {n}'",
        "printf -v 'x{n}' hi there",
        "cat a{n} | awk '{print ${n}}' > b{n}",
    ] {
        let lines = six_times(line);
        let read = read_history("history", lines.as_bytes(), &str::to_owned);
        let found = mine(&MiningInput { imported: read.sessions, ..MiningInput::default() }).opportunities;
        assert!(!found.is_empty() && found.iter().all(|one| one.implementation.is_none()), "{line}: {found:#?}");
    }
}

#[test]
fn thousands_of_parameters_of_one_name_are_numbered_at_once() {
    let parameters: Vec<_> =
        (0..30_000).map(|_| json!({"name": "x", "in": "query", "schema": {"type": "string"}})).collect();
    let document = json!({"paths": {"/a": {"get": {"parameters": parameters}}}});
    let found = wrappers("x.json", &document, &|_| false).unwrap();
    assert_eq!(found[0].parameters.last().unwrap().name, "x_30000");
}

/// The request of a document with one operation, after an edit.
fn notes(edit: impl FnOnce(&mut Value)) -> Option<HttpCall> {
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Notes API"},
        "servers": [{"url": "https://{region}.example.org/v1/", "variables": {"region": {"default": "eu"}}}],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        "security": [{"key": []}],
        "paths": {"/users/{user-id}/notes": {
            "parameters": [{"name": "user-id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "post": {
                "operationId": "addNote",
                "parameters": [
                    {"name": "lang", "in": "query", "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}
                ],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                    "type": "object", "required": ["text"],
                    "properties": {"text": {"type": "string"}, "lang": {"type": "string"}}
                }}}},
                "responses": {"201": {"description": "made"}}
            }
        }}
    });
    edit(&mut document);
    let found = wrappers("notes.json", &document, &|_| false).unwrap().remove(0);
    match found.implementation? {
        Implementation::Http(call) => Some(*call),
        Implementation::Commands(line) => panic!("{line}"),
    }
}

#[test]
fn an_operation_with_a_host_becomes_its_request() {
    let call = notes(|_| {}).unwrap();
    assert_eq!((call.request.method.as_str(), call.env), ("POST", vec!["NOTES_API_API_KEY".to_owned()]));
    assert_eq!(call.request.url, "https://eu.example.org/v1/users/{input.user_id}/notes");
    assert_eq!(call.request.query, Some(json!({"lang": "{input.lang}"})));
    let headers: Vec<_> = call.request.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(headers, ["X-Key={env.NOTES_API_API_KEY}", "X-Trace={input.X_Trace}"]);
    assert_eq!(call.request.body, Some(HttpBody::Json(json!({"lang": "{input.lang_2}", "text": "{input.text}"}))));
}

#[test]
fn an_operation_that_is_not_wholly_described_gets_no_request() {
    let set = |at: &'static str, value: Value| move |document: &mut Value| *document.pointer_mut(at).unwrap() = value;
    for (what, found) in [
        ("no host", notes(set("/servers", json!([{"url": "/v1"}])))),
        ("no server", notes(set("/servers", json!([])))),
        ("a cookie", notes(set("/components/securitySchemes/key/in", json!("cookie")))),
        ("an unknown scheme", notes(set("/security", json!([{"other": []}])))),
        ("a path that nothing fills", notes(set("/paths/~1users~1{user-id}~1notes/parameters", json!([])))),
    ] {
        assert_eq!(found, None, "{what}");
    }
    assert_eq!(notes(set("/security", json!([{"key": []}, {}]))).unwrap().env, [""; 0], "nobody must say who asks");
    let bearer = notes(set("/components/securitySchemes/key", json!({"type": "http", "scheme": "bearer"}))).unwrap();
    assert_eq!(bearer.request.headers["Authorization"], "Bearer {env.NOTES_API_TOKEN}");
}
