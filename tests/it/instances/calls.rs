//! Calls that a service answers.

use super::{Bench, COMPANION};
use serde_json::Value;

/// A workspace with a service that claims to generate code.
fn with_helper(more: &str) -> Bench {
    let bench = Bench::new();
    bench.claiming("helper", more);
    bench
}

impl Bench {
    fn claiming(&self, name: &str, more: &str) {
        self.service(name, COMPANION, more);
        let path = format!("tools/experimental/{name}/tool.toml");
        let text = std::fs::read_to_string(self.workspace.path(&path)).unwrap();
        let text = text.replace("\"A service.\"", "\"Writes programs from words\"");
        self.workspace.write(&path, &format!("capabilities = [\"code_generation\"]\n{text}"));
    }

    /// A command that claims the same, and answers by itself.
    fn with_command(&self) {
        self.workspace.write("tools/experimental/writer/main.py", "print('by a command')\n");
        self.workspace.write(
            "tools/experimental/writer/tool.toml",
            "name = \"writer\"\nkind = \"command\"\ndescription = \"Writes programs from words\"\ncost_tier = \"low\"\n\
             capabilities = [\"code_generation\"]\n[run]\ncommand = [\"python3\", \"{file}\"]\nfile = \"main.py\"\n",
        );
    }

    fn state_of(&self, name: &str) -> Option<String> {
        let services = self.ok(&["services"])["services"].as_array().unwrap().clone();
        let found = services.iter().find(|one| one["name"] == name)?;
        Some(found["state"].as_str().unwrap().to_owned())
    }
}

fn why(answer: &Value) -> &str {
    answer["attempts"][0]["why"].as_str().unwrap()
}

#[test]
fn a_running_service_that_claims_the_capability_answers_before_a_tool_is_run() {
    let bench = with_helper("");
    bench.with_command();
    let asked = ["call", "a parser, please", "--capability", "CODE_generation"];
    bench.ok(&["launch", "helper", "--wait"]);
    let answer = bench.ok(&[&asked[..], &["--set", "message=hello"]].concat());
    assert_eq!((&answer["outcome"], &answer["instance"]), (&"answered".into(), &"helper".into()), "{answer}");
    assert_eq!((&answer["answer"], &answer["stdout"]), (&"1: hello".into(), &"1: hello".into()));
    assert_eq!(why(&answer), "helper is running and claims CODE_generation");
    assert_eq!(bench.ok(&asked)["answer"], "2: a parser, please", "without a message the scenario is said");
    assert_eq!(bench.ok(&[&asked[..], &["--input", "{\"message\": \"x\"}"]].concat())["answer"], "3: x");
    assert_eq!(bench.said("helper").len(), 6, "each is an exchange like any other");

    // The answer alone is on standard output.
    let output = bench.workspace.toolsmith(&asked).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4: a parser, please\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("helper is running and claims CODE_generation"));

    let none = bench.refused(&["call", "a parser, please", "--capability", "poetry"]);
    assert_eq!(none, "no available tool and no running service claims the capability poetry");
}

#[test]
fn a_service_that_does_not_run_is_offered_and_launched_only_when_nothing_else_fits() {
    let bench = with_helper("");
    bench.with_command();
    let asked = ["call", "write a program from words", "--capability", "code_generation"];
    let shown = bench.ok(&[&asked[..], &["--show"]].concat());
    assert_eq!(shown["services"][0]["goes_first"], false, "{shown}");
    assert_eq!(
        shown["services"][0]["why"],
        "helper is not launched yet and claims code_generation; it is asked only when nothing else fits"
    );
    let answer = bench.ok(&asked);
    assert_eq!((&answer["tool"], &answer["instance"]), (&"writer".into(), &Value::Null), "{answer}");
    assert_eq!(bench.state_of("helper"), None, "it was not launched");

    let alone = with_helper("");
    let answer = alone.ok(&asked);
    assert_eq!(answer["answer"], "1: write a program from words", "{answer}");
    assert!(why(&answer).starts_with("nothing else fits: helper was launched for this call"), "{answer}");
    alone.ok(&["terminate", "helper"]);
    alone.until("helper", "stopped");
    assert_eq!(alone.ok(&asked)["answer"], "1: write a program from words", "its instance is launched again");
}

#[test]
fn a_call_without_a_capability_finds_a_running_service_by_its_words() {
    let bench = with_helper("");
    bench.ok(&["launch", "helper", "--wait"]);
    let answer = bench.ok(&["call", "write programs from words"]);
    assert_eq!(answer["instance"], "helper");
    assert!(why(&answer).starts_with("helper is running and fits the words"), "{answer}");
    assert_ne!(bench.refused(&["call", "bake a cake"]), "", "its words do not fit");
}

#[test]
fn an_agent_reaches_no_service_by_a_call_that_it_may_not_talk_to() {
    let bench = with_helper("");
    bench.ok(&["launch", "helper", "--wait"]);
    let asked = ["--as-agent", "bot", "call", "write a program", "--capability", "code_generation"];
    let (answer, code) = bench.workspace.json(&asked);
    assert_ne!(code, 0, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("not approved"), "{answer}");
    assert_eq!(bench.said("helper"), Vec::<String>::new());
    bench.with_command();
    let (granted, code) = bench.workspace.json_of_human(&["grant", "writer", "--agent", "bot"]);
    assert_eq!(code, 0, "{granted}");
    let (answer, _) = bench.workspace.json(&asked);
    assert_eq!(answer["tool"], "writer", "{answer}");
    let left = &answer["left_out"][0];
    assert_eq!((&left["tool"], &left["refused"]), (&"helper".into(), &true.into()), "{answer}");
}

#[test]
fn a_call_passes_over_a_silent_service_to_a_tool_unless_the_service_may_have_changed_something() {
    // The service sleeps; the command fits the words.
    let asked =
        ["call", "pause 600 and write programs from words", "--capability", "code_generation", "--timeout", "4s"];
    let passes_over = |bench: &Bench, args: &[&str]| {
        let answer = bench.ok(args);
        assert_eq!((&answer["tool"], &answer["instance"]), (&"writer".into(), &Value::Null), "{answer}");
        let left = &answer["left_out"][0];
        assert_eq!(left["tool"], "helper", "{answer}");
        assert!(left["why"].as_str().unwrap().contains("no answer in time"), "{answer}");
    };
    for (permissions, may_change) in [("", false), ("[permissions]\nnetwork = [\"full\"]\n", true)] {
        let bench = with_helper(permissions);
        bench.with_command();
        bench.ok(&["launch", "helper", "--wait"]);
        if !may_change {
            passes_over(&bench, &asked);
            continue;
        }
        let (answer, code) = bench.workspace.json(&asked);
        assert_ne!(code, 0, "{answer}");
        let error = &answer["error"];
        assert!(error["message"].as_str().unwrap().contains("no answer in time"), "{answer}");
        assert!(error["hint"].as_str().unwrap().contains("--go-on"), "{answer}");
        assert_eq!(bench.ok(&["runs"])["runs"].as_array().unwrap().len(), 1, "no tool was run");
        passes_over(&bench, &[&asked[..], &["--go-on"]].concat());
    }
}

/// Uses of a service as `list` tells them, and the share that succeeded.
fn uses(bench: &Bench, name: &str) -> (u64, Option<f64>) {
    let tools = bench.ok(&["list"])["tools"].as_array().unwrap().clone();
    let found = tools.iter().find(|tool| tool["name"] == name).unwrap();
    (found["runs"].as_u64().unwrap(), found["success_rate"].as_f64())
}

#[test]
fn messages_count_as_uses_of_a_service_when_they_are_answered_or_time_out() {
    let bench = with_helper("");
    bench.ok(&["launch", "helper", "--wait"]);
    assert_eq!(uses(&bench, "helper"), (0, None), "a service that only runs was not used");
    let asked = ["call", "a parser, please", "--capability", "code_generation"];
    bench.ok(&asked);
    bench.ok(&asked);
    bench.say("helper", "hello");
    assert_eq!(uses(&bench, "helper"), (3, Some(1.0)));

    // What policy refuses says nothing of the service.
    let (answer, code) = bench.workspace.json(&[&["--as-agent", "bot"], &asked[..]].concat());
    assert_eq!((code, uses(&bench, "helper")), (4, (3, Some(1.0))), "{answer}");
    // Neither does a message that was never sent.
    bench.refused(&["say", "helper", " "]);
    assert_eq!(uses(&bench, "helper"), (3, Some(1.0)));

    let silent = [&asked[..], &["--set", "message=silence", "--timeout", "1s"]].concat();
    assert!(bench.refused(&silent).contains("no answer in time"));
    assert_eq!(uses(&bench, "helper"), (4, Some(0.75)));
    let scores = bench.ok(&["scores", "--explain", "helper"]);
    assert_eq!(scores["recorded_runs"], 0, "messages are no runs: {scores}");

    // A process that ends while it is asked is judged once, by its run.
    bench.refused(&["say", "helper", "exit 3"]);
    bench.until_so("helper", "restarted", |seen| seen["state"] == "running" && seen["incarnation"] == 2);
    assert_eq!(uses(&bench, "helper"), (5, Some(0.6)));
}
