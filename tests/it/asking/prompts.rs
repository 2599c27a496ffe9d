use super::{Ran, approve, configure, run};
use crate::scripted_server::{Reply, ScriptedServer};
use crate::support::Workspace;

/// A workspace with a prompt `ask` and a generator `local` that is this server.
fn with_prompt(server: &ScriptedServer, table: &str) -> Workspace {
    let workspace = Workspace::new().with_git();
    configure(&workspace, &generator("local", server));
    write(&workspace, table);
    workspace
}

fn generator(name: &str, server: &ScriptedServer) -> String {
    format!(
        "[generators.{name}]\napi = \"openai\"\nurl = \"{}\"\nmodel = \"m\"\nprice_input = 1.0\nprice_output = 2.0\n",
        server.url()
    )
}

fn write(workspace: &Workspace, table: &str) {
    let head = "name = \"ask\"\ndescription = \"Asks.\"\nkind = \"prompt\"\ncost_tier = \"low\"\n";
    workspace.write("tools/experimental/ask/tool.toml", &format!("{head}{table}\n"));
}

const PLAIN: &str = "[prompt]\nsystem = \"Be brief.\"\ntemplate = \"Say {input.text}\"\n";

#[test]
fn a_prompt_asks_the_usual_generator_and_its_answer_is_a_recorded_run() {
    let server = ScriptedServer::with([Reply::openai("grüße\n")]);
    let workspace = with_prompt(&server, PLAIN);
    let ran = run(&workspace, &["ask", "hello"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "grüße\n"), "{ran:?}");
    let asked = server.asked();
    let messages = &asked.last().unwrap().body["messages"];
    assert_eq!((&messages[0]["content"], &messages[1]["content"]), (&"Be brief.".into(), &"Say hello".into()));
    assert!(ran.err.contains("asked the generator local (scripted-1)"), "{ran:?}");
    assert!(ran.err.contains("11 tokens in, 7 tokens out, $0.0000"), "{ran:?}");
    let (output, _) = workspace.json(&["output", "1"]);
    assert!(output.to_string().contains("grüße"), "{output:#}");
    let missing = run(&workspace, &["ask"]);
    assert!(missing.code != 0 && missing.err.contains("invalid-input"), "{missing:?}");
}

#[test]
fn a_checked_answer_is_json_that_fits_its_schema() {
    let answers = ["```json\n{\"n\": 1}\n```", "{\"n\": \"x\"}", "no JSON at all"];
    let server = ScriptedServer::with(answers.map(Reply::openai));
    let table = format!("{PLAIN}[output]\ntype = \"object\"\n[output.properties.n]\ntype = \"integer\"\n");
    let workspace = with_prompt(&server, &table);
    assert_eq!(run(&workspace, &["ask", "x"]).out, "{\"n\": 1}");
    for why in ["output/n", "output: "] {
        let ran = run(&workspace, &["ask", "x"]);
        assert!(ran.code != 0 && ran.err.contains(why), "{ran:?}");
    }
}

#[test]
fn without_a_generator_the_row_says_so_and_a_tool_cannot_define_one() {
    let reason =
        |workspace: &Workspace| workspace.json(&["list"]).0["tools"][0]["reason"].as_str().unwrap_or("").to_owned();
    let workspace = Workspace::new();
    write(&workspace, PLAIN);
    assert!(reason(&workspace).starts_with("it needs a generator: add one to config.toml"), "{}", reason(&workspace));
    let ran = run(&workspace, &["ask", "x"]);
    assert!(ran.code != 0 && ran.err.contains("needs a generator"), "{ran:?}");
    let server = ScriptedServer::with([]);
    workspace.write("toolsmith.toml", &generator("mine", &server));
    assert!(reason(&workspace).starts_with("it needs a generator"));
    configure(&workspace, &generator("local", &server));
    assert_eq!(reason(&workspace), "");
    write(&workspace, &format!("{PLAIN}generator = \"other\"\n"));
    assert!(reason(&workspace).contains("no [generators.other]"), "{}", reason(&workspace));
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn an_agent_asks_approved_prompts_only() {
    let server = ScriptedServer::with([Reply::openai("fine")]);
    let workspace = with_prompt(&server, PLAIN);
    let of_agent = |workspace: &Workspace| {
        let output = workspace.toolsmith(&["run", "ask", "x"]).env("TOOLSMITH_AGENT", "coder").output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap() }
    };
    let refused = of_agent(&workspace);
    assert!(refused.code == 4 && refused.err.contains("is not approved"), "{refused:?}");
    assert_eq!(server.asked().len(), 0);
    approve(&workspace, "ask");
    assert_eq!(of_agent(&workspace).out, "fine");
}

#[test]
fn a_generator_that_fails_or_is_silent_ends_the_run_with_the_reason() {
    let server = ScriptedServer::with([Reply::status(401, "", r#"{"error":{"message":"bad key"}}"#), Reply::silence()]);
    let workspace = with_prompt(&server, PLAIN);
    let failed = run(&workspace, &["ask", "x"]);
    assert!(failed.code == 1 && failed.err.contains("the generator local: 401 Unauthorized: bad key"), "{failed:?}");
    let silent = run(&workspace, &["ask", "x", "--timeout", "1s"]);
    assert!(silent.code != 0 && silent.err.contains("timed-out"), "{silent:?}");
}

#[test]
fn a_template_may_be_a_file_of_the_tool() {
    let server = ScriptedServer::with([Reply::openai("fine")]);
    let workspace = with_prompt(&server, "[prompt]\nfile = \"ask.md\"\n");
    let (listed, _) = workspace.json(&["list"]);
    assert!(listed["tools"][0]["reason"].as_str().unwrap().contains("ask.md is not one of its files"), "{listed:#}");
    workspace.write("tools/experimental/ask/ask.md", "# Task\n\nExplain {code}.\n");
    assert_eq!(run(&workspace, &["ask", "--set", "code=x = 1"]).out, "fine");
    assert_eq!(server.asked().last().unwrap().body["messages"][1]["content"], "# Task\n\nExplain x = 1.\n");
}

#[test]
fn prompts_of_other_programs_run_as_they_lie() {
    let server = ScriptedServer::with([Reply::openai("fine")]);
    let workspace = Workspace::new();
    configure(&workspace, &generator("local", &server));
    let text = "name: Code Reviewer\ntype: llm\ndescription: Reviews.\nllm:\n  model: llama3\n  system_prompt: You review.\n  prompt_template: |\n    Review {code}\n";
    workspace.write("tools/llm/code_reviewer.yaml", text);
    let ran = run(&workspace, &["code_reviewer", "--set", "code=x"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "fine"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(workspace.path("tools/llm/code_reviewer.yaml")).unwrap(), text);
}
