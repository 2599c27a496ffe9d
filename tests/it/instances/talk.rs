//! Messages, answers and contexts.

use super::{Bench, COMPANION};
use serde_json::Value;
use std::io::{Read, Write};
use std::process::Stdio;

#[test]
fn answers_of_all_shapes_arrive_as_text() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    for (line, answer) in [
        (r#"{"response": "a", "content": "b"}"#, "a"),
        (r#"{"content": "b"}"#, "b"),
        (r#"{"message": "c"}"#, "c"),
        (r#"{"text": "d"}"#, "d"),
        (r#"{"other": 1}"#, r#"{"other":1}"#),
        ("no json at all", "no json at all"),
    ] {
        assert_eq!(bench.say("companion", &format!("raw {line}")), answer, "{line}");
    }
}

#[test]
fn a_text_service_gets_and_gives_lines() {
    let bench = Bench::new();
    bench.service(
        "upper",
        "import sys\nfor line in sys.stdin:\n    print(line.strip().upper(), flush=True)\n",
        "[service]\nadapter = \"text\"\n",
    );
    bench.ok(&["launch", "upper"]);
    assert_eq!(bench.say("upper", "hello world"), "HELLO WORLD");
    assert_eq!(
        bench.refused(&["say", "upper", "a\nb"]),
        "this service takes one line of text, and the message has several"
    );
    bench.service("mute", COMPANION, "[service]\nadapter = \"none\"\n");
    bench.ok(&["launch", "mute"]);
    assert_eq!(bench.refused(&["say", "mute", "a"]), "this service takes no messages (adapter none)");
}

#[test]
fn prompts_go_with_the_next_message_and_survive_a_stop() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    bench.ok(&["context", "companion", "--stage", "be brief"]);
    bench.ok(&["context", "companion", "--inject", "answer in French"]);
    bench.ok(&["terminate", "companion"]);
    bench.until("companion", "stopped");
    bench.ok(&["context", "companion", "--promote"]);
    let context: Value = serde_json::from_str(&bench.say("companion", "context")).unwrap();
    assert_eq!(context["prompts"], serde_json::json!(["answer in French", "be brief"]));
    let context: Value = serde_json::from_str(&bench.say("companion", "context")).unwrap();
    assert_eq!(context["prompts"], serde_json::json!([]), "they go with one message only");
    assert!(context["last_output"].is_string());
    let kept = bench.ok(&["context", "companion", "--stage", "x", "--clear"]);
    assert_eq!(kept["detail"]["last_output"], Value::Null);
    assert_eq!(kept["detail"]["staged"][0], "x");
}

#[test]
fn an_answer_that_comes_too_late_is_kept_and_answers_nothing_else() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(bench.refused(&["say", "companion", "pause 1", "--timeout", "50ms"]), "companion: no answer in time");
    assert_eq!(bench.say("companion", "next"), "2: next");
    let seen = bench.instance("companion");
    let roles: Vec<&str> =
        seen["exchanges"].as_array().unwrap().iter().map(|line| line["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["message", "message", "late-answer", "answer"]);
}

#[test]
fn many_callers_at_once_each_get_their_own_answer() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let bench = &bench;
                scope.spawn(move || {
                    for turn in 0..5 {
                        let message = format!("{caller}/{turn}");
                        let answer = bench.say("companion", &message);
                        assert_eq!(answer.split_once(": ").map(|(_, text)| text), Some(message.as_str()));
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
    });
    // One exchange at a time: each message is followed by its answer, and the count of the service goes up by one.
    let exchanges = bench.instance("companion")["exchanges"].as_array().unwrap().clone();
    let answers: Vec<u32> = exchanges
        .iter()
        .filter(|line| line["role"] == "answer")
        .map(|line| line["text"].as_str().unwrap().split(':').next().unwrap().parse().unwrap())
        .collect();
    assert!(answers.len() >= 20 && answers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{answers:?}");
}

#[test]
fn an_agent_talks_to_what_it_may_run_and_ends_what_it_launched() {
    let (bench, _) = Bench::with_companion("");
    let as_agent = |args: &[&str]| bench.workspace.json(&[&["--as-agent", "bot"], args].concat());
    let (answer, code) = as_agent(&["launch", "companion"]);
    assert_ne!(code, 0, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("not approved"), "{answer}");
    bench.ok(&["launch", "companion", "--wait"]);
    for args in [&["say", "companion", "hi"][..], &["context", "companion", "--inject", "x"]] {
        let (answer, code) = as_agent(args);
        assert_ne!(code, 0, "{answer}");
    }
    let (answer, _) = as_agent(&["terminate", "companion"]);
    assert_eq!(answer["error"]["message"], "companion was launched by human");
    let (answer, _) = as_agent(&["relaunch", "companion"]);
    assert!(answer["error"]["message"].as_str().unwrap().contains("not approved"), "{answer}");
    // Let by a human, it launches one of its own, talks to it and ends it.
    let (granted, code) = bench.workspace.json_of_human(&["grant", "companion", "--agent", "bot"]);
    assert_eq!(code, 0, "{granted}");
    let (launched, code) = as_agent(&["launch", "companion", "--instance", "mine", "--wait"]);
    assert_eq!(code, 0, "{launched}");
    assert_eq!(as_agent(&["say", "mine", "hi"]).0["answer"], "1: hi");
    // It may run the tool now, which does not let it end what a human runs.
    let (answer, _) = as_agent(&["relaunch", "companion"]);
    assert_eq!(answer["error"]["message"], "companion was launched by human");
    assert_eq!(bench.instance("companion")["incarnation"], 1);
    assert_eq!(as_agent(&["relaunch", "mine"]).1, 0);
    assert_eq!(as_agent(&["terminate", "mine"]).1, 0);
    bench.until("mine", "stopped");
    // What is revoked does not last because an instance runs.
    assert_eq!(as_agent(&["launch", "companion", "--instance", "mine", "--wait"]).1, 0);
    let grants = bench.ok(&["grants"]);
    let number = grants["agents"][0]["id"].to_string();
    let (revoked, code) = bench.workspace.json_of_human(&["revoke", &number]);
    assert_eq!(code, 0, "{revoked} {grants}");
    assert_ne!(as_agent(&["say", "mine", "hi"]).1, 0);
    assert_eq!(as_agent(&["terminate", "mine"]).1, 0, "it may still end what it launched");
}

#[test]
fn what_is_attached_sees_the_output_and_types() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let mut attached = bench
        .workspace
        .toolsmith(&["attach", "companion"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut typed = attached.stdin.take().unwrap();
    typed.write_all(b"raw shown\n").unwrap();
    let mut shown = Vec::new();
    let mut output = attached.stdout.take().unwrap();
    while !String::from_utf8_lossy(&shown).contains("shown") {
        let mut piece = [0; 1024];
        let got = output.read(&mut piece).unwrap();
        assert!(got > 0, "it ended: {:?}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&piece[..got]);
    }
    typed.write_all(b"\x1d\n").unwrap();
    assert!(attached.wait().unwrap().success());
    assert_eq!(bench.instance("companion")["state"], "running");
}

#[test]
fn the_log_of_an_instance_is_its_output() {
    let (bench, _) = Bench::with_companion("");
    bench.say_after_launch();
    let output = bench.workspace.toolsmith(&["output", "companion"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("1: hello"), "{output:?}");
}

impl Bench {
    fn say_after_launch(&self) {
        self.ok(&["launch", "companion", "--wait"]);
        self.say("companion", "hello");
    }
}

/// A service with a protocol of its own: blocks that end with a dot.
const BLOCKS: &str = r#"
import sys
for line in sys.stdin:
    word, _, text = line.strip().partition(" ")
    if word != "ASK":
        print("what?\n.", flush=True)
        continue
    print("you asked", text, sep="\n", flush=True)
    print(".", flush=True)
"#;

#[test]
fn a_translator_stands_between_messages_and_a_service_with_a_protocol_of_its_own() {
    let bench = Bench::new();
    let sample = std::fs::read_to_string(crate::support::repository().join("docs/samples/translator.py")).unwrap();
    assert!(sample.lines().count() <= 100, "the sample stays short");
    let more = "[service]\nadapter = { command = [\"python3\", \"{dir}/translator.py\"] }\n[service.health]\nask = \"ping\"\nevery = \"100ms\"\ntimeout = \"10s\"\n";
    bench.service("blocks", BLOCKS, more);
    bench.workspace.write("tools/experimental/blocks/translator.py", &sample);
    bench.ok(&["launch", "blocks", "--wait"]);
    assert_eq!(bench.say("blocks", "one two"), "you asked\none two");
    bench.ok(&["context", "blocks", "--inject", "be brief"]);
    assert_eq!(bench.say("blocks", "three"), "you asked\nbe brief three");
    assert_eq!(bench.say("blocks", "two\nlines"), "this service takes one line");
    let seen = bench.until_so("blocks", "a good check", |seen| seen["health"]["state"] == "good");
    assert!(seen["health"]["output"].as_str().unwrap().contains("ping"), "{seen}");
}

/// Writes a banner together with its first answer; `NUMBER` makes it repeat the number of the message.
const WITH_BANNER: &str = r#"
import json, sys
first = "Welcome\n"
for line in sys.stdin:
    said = json.loads(line)
    answer = {"response": "heard " + said["message"]}
    if NUMBER:
        answer["id"] = said["id"]
    sys.stdout.write(first + json.dumps(answer) + "\n")
    sys.stdout.flush()
    first = ""
"#;

#[test]
fn lines_that_answer_no_message_are_reported_where_answers_have_no_numbers() {
    for (number, surplus) in [("True", 0), ("False", 1)] {
        let bench = Bench::new();
        bench.service("banner", &WITH_BANNER.replace("NUMBER", number), "");
        bench.ok(&["launch", "banner", "--wait"]);
        assert_eq!(bench.say("banner", "one"), "Welcome");
        let answer = bench.ok(&["say", "banner", "two"]);
        assert_eq!((answer["answer"].as_str(), answer["surplus_lines"].as_u64()), (Some("heard two"), Some(surplus)));
        let said = bench.workspace.toolsmith(&["say", "banner", "three"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "heard three\n");
        let told = String::from_utf8_lossy(&said.stderr).into_owned();
        let warning = "warning: banner wrote 1 line that answers no message; this answer may be to an earlier message";
        assert_eq!(told.contains(warning), surplus > 0, "{number}: {told}");
        // The real answer is kept with the message that it answers.
        let late = bench.said("banner").iter().any(|text| text == "heard one");
        assert_eq!(late, surplus == 0, "{number}");
    }
}
