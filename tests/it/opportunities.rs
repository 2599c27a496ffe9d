//! What use suggests: mined from runs and files through the real program, accepted and dismissed.

use crate::cli::Shell;
use crate::support::shared;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use toolsmith::domain::{
    Digest, Instant, Isolation, IsolationLevel, Permissions, Profile, RunEnd, RunUsage, Stage, ToolName,
};
use toolsmith::store::{FinishedRun, NewRun, Store, StoreError};

fn found(shell: &Shell, args: &[&str]) -> Value {
    let args = [&["opportunities", "--limit", "100", "--json"], args].concat();
    shell.call(&args).exits(0).json()
}

fn of_kind<'a>(answer: &'a Value, kind: &str) -> Vec<&'a Value> {
    answer["opportunities"].as_array().unwrap().iter().filter(|one| one["kind"] == kind).collect()
}

/// A history of 2,000 lines, the same at every start: two habits and a chain of lines among others.
fn history() -> String {
    let mut text = String::new();
    for n in 0..2_000_u32 {
        let _ = match n % 20 {
            3 => writeln!(text, "grep -rn 'error {n}' logs/day-{n}.log | sort | uniq -c | head -{}", 5 + n % 7),
            1 => writeln!(text, "find /srv/{n} -name '*.tmp' -mtime +{} -delete", n % 30),
            14 => writeln!(text, "wget https://a.example/{n}.zip"),
            15 => writeln!(text, "unzip {n}.zip -d out-{n}/"),
            16 => writeln!(text, "tidy -m out-{n}/index.html"),
            _ => writeln!(text, "note-{} {n}", u64::from(n) * 7_919 % 1_013),
        };
    }
    text
}

#[test]
fn the_habits_of_a_history_are_told_with_their_lines_and_their_four_parts() {
    let shell = Shell::new();
    shell.write("history", &history());
    let answer = found(&shell, &["--history", "history"]);
    assert_eq!(answer["imported"], json!([{"file": "history", "kind": "history", "read": 2_000, "unreadable": 0}]));
    let habits = of_kind(&answer, "command-pattern");
    let told: Vec<&str> = habits.iter().map(|one| one["title"].as_str().unwrap()).collect();
    for wanted in [
        "grep -rn <text> <path> | sort | uniq -c | head -<number>: typed 100 times",
        "find <path> -name '*.tmp' -mtime <number> -delete: typed 100 times",
    ] {
        assert!(told.contains(&wanted), "{told:#?}");
    }
    let chains = of_kind(&answer, "sequence");
    assert_eq!(chains.len(), 1, "{chains:#?}");
    assert_eq!(chains[0]["tools"], json!(["wget <url>", "unzip <path> -d <path>", "tidy -m <path>"]));
    assert_eq!(
        (&chains[0]["count"], &chains[0]["evidence"][0]["numbers"]),
        (&json!(100), &json!([1_995, 1_996, 1_997]))
    );
    for one in answer["opportunities"].as_array().unwrap() {
        for part in ["priority", "frequency", "impact", "complexity", "confidence"] {
            assert!((0.0..=1.0).contains(&one[part].as_f64().unwrap()), "{one:#}");
        }
    }
    assert_eq!(found(&shell, &["--history", "history"]), answer, "the same at every look");
    let shown = shell.call(&["opportunities", "--history", "history"]).exits(0).stdout;
    assert!(shown.contains("frequency 0.91") && shown.contains("history 1995, 1996, 1997"), "{shown}");
}

#[test]
fn an_accepted_opportunity_is_a_specification_that_waits_and_a_dismissed_one_is_gone_until_undone() {
    let shell = Shell::new();
    shell.write("history", &history());
    let from = ["--history", "history"];
    let keys = |shell: &Shell| -> Vec<String> {
        let answer = found(shell, &from);
        let all = answer["opportunities"].as_array().unwrap().iter();
        all.map(|one| one["key"].as_str().unwrap().to_owned()).collect()
    };
    let before = keys(&shell);
    let (key, other) = (before[0].as_str(), before[1].as_str());
    let made = shell.call(&["accept", key, "--history", "history", "--name", "count-errors", "--json"]).exits(0).json();
    let review = shell.waiting_review();
    assert_eq!(
        (&made["review"], &review["kind"], &review["tool"]),
        (&review["id"], &json!("specification"), &json!("count-errors"))
    );
    let kept = shell.call(&["spec", "--review", &review["id"].to_string(), "--json"]).exits(0).json();
    let parameters = kept["specification"]["input_parameters"].as_array().unwrap();
    assert!(!parameters.is_empty(), "{kept:#}");
    assert!(!keys(&shell).contains(&before[0]), "what is accepted is not told again");
    shell.call(&["accept", key, "--history", "history"]).exits(3);

    shell.call(&["dismiss", other, "--history", "history"]).exits(4);
    shell.at_terminal(&["dismiss", &other[..6], "--history", "history", "--reason", "rare"]).exits(0);
    assert!(!keys(&shell).contains(&before[1]));
    let dismissed = shell.call(&["opportunities", "--dismissed", "--json"]).exits(0).json();
    let row = &dismissed["dismissed"][0];
    assert_eq!((&row["key"], &row["reason"]), (&json!(other), &json!("rare")));
    shell.at_terminal(&["dismiss", other, "--history", "history"]).exits(3);
    shell.at_terminal(&["undo"]).exits(0);
    shell.at_terminal(&["undo"]).exits(0);
    assert_eq!(keys(&shell), before, "undone, all is as it was");
    shell.call(&["accept", "000000000000"]).exits(5);
    shell.call(&["accept", "0"]).exits(2);
}

#[test]
fn an_agent_may_accept_because_a_human_decides_then_and_may_not_dismiss() {
    let shell = Shell::new();
    shell.write("history", &history());
    let answer = found(&shell, &["--history", "history"]);
    let key = answer["opportunities"][0]["key"].as_str().unwrap();
    shell.call(&["dismiss", key, "--history", "history", "--as-agent", "coder"]).exits(4);
    shell.call(&["accept", key, "--history", "history", "--as-agent", "coder"]).exits(0);
    assert_eq!(shell.waiting_review()["kind"], "specification");
}

/// Calls of an agent: a chain of four, twelve times, among 500.
fn agent_log() -> String {
    let mut text = String::new();
    let mut calls = 0;
    let mut call = |text: &mut String, tool: String, path: String| {
        calls += 1;
        let _ = writeln!(
            text,
            "{}\n{}",
            json!({"sessionId": "s", "type": "assistant", "message": {"role": "assistant", "content": [
                {"type": "tool_use", "id": format!("t{calls}"), "name": tool, "input": {"path": path}}]}}),
            json!({"sessionId": "s", "type": "user", "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": format!("t{calls}"), "content": format!("ok {calls} done")}]}}),
        );
        calls
    };
    for time in 0..12_u64 {
        for step in ["fetch", "strip", "translate", "store"] {
            call(&mut text, step.to_owned(), format!("/pages/{time}.html"));
            if (time + step.len() as u64).is_multiple_of(2) {
                call(&mut text, format!("look-{}", time * 7 % 13), format!("/other/{time}/{step}"));
            }
        }
        for n in 0..35 {
            call(&mut text, format!("look-{}", (time * 31 + n * n * 17) % 13), format!("/other/{time}/{n}"));
        }
    }
    for n in 0_u64.. {
        if call(&mut text, format!("look-{}", n * n * 29 % 13), format!("/rest/{n}")) == 500 {
            break;
        }
    }
    text
}

#[test]
fn a_chain_that_was_planted_in_the_log_of_an_agent_is_found_and_nothing_false_with_it() {
    let shell = Shell::new();
    let log = format!("{}not json\n", agent_log());
    shell.write("log.jsonl", &log);
    let answer = found(&shell, &["--log", "log.jsonl"]);
    assert_eq!(answer["imported"][0], json!({"file": "log.jsonl", "kind": "log", "read": 500, "unreadable": 1}));
    let chains = of_kind(&answer, "sequence");
    let told: Vec<_> = chains.iter().map(|one| (&one["tools"], &one["count"])).collect();
    assert_eq!(told, [(&json!(["fetch", "strip", "translate", "store"]), &json!(12))]);
}

/// The store of a workspace that was opened before.
fn store_of(shell: &Shell) -> PathBuf {
    fn below(folder: &Path) -> Option<PathBuf> {
        let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if entries.iter().any(|path| path.ends_with("store.db")) {
            return Some(folder.to_owned());
        }
        entries.iter().filter(|path| path.is_dir()).find_map(|path| below(path))
    }
    below(&shell.home()).unwrap()
}

/// The second from which recorded runs are counted.
const EPOCH_SECONDS: i64 = 1_767_323_045;

/// Puts a finished run into the store, as if it had happened at this second.
fn record(store: &mut Store, tool: &str, second: i64, duration_ms: u64, end: RunEnd) {
    record_of(store, tool, Digest::of_bytes(tool.as_bytes()), second, duration_ms, end);
}

/// The same for a version.
fn record_of(store: &mut Store, tool: &str, digest: Digest, second: i64, duration_ms: u64, end: RunEnd) {
    let at = Instant((EPOCH_SECONDS + second) * 1_000);
    let isolation =
        Isolation { level: IsolationLevel::LimitsOnly, profile: Profile::Strict, layers: vec![], missing: vec![] };
    let new = NewRun {
        tool: ToolName::new(tool).unwrap(),
        version: semver::Version::new(1, 0, 0),
        digest,
        stage: Stage::Approved,
        caller: "human".to_owned(),
        input: "{}".to_owned(),
        isolation: isolation.clone(),
        owner: "test".to_owned(),
        lease_until: at,
        remember_input: false,
        parent: None,
        worker: None,
    };
    let usage = RunUsage { duration_ms, cpu_ms: duration_ms / 10, ..RunUsage::default() };
    let finished = FinishedRun {
        end,
        usage,
        isolation,
        truncated: false,
        notes: vec![],
        observation: None,
        departed: vec![],
        declared: Permissions::default(),
    };
    let run = store.transact::<_, StoreError>(at, |tx| tx.start_run(&new)).unwrap();
    assert!(store.transact::<_, StoreError>(at, |tx| tx.finish_run(run, &finished)).unwrap());
}

#[test]
fn runs_suggest_what_helps_what_never_works_and_what_takes_most_time() {
    let shell = Shell::new();
    shell.call(&["list"]).exits(0);
    {
        let mut store = Store::open(&store_of(&shell)).unwrap();
        let worked = || RunEnd::Succeeded { exit_code: 0 };
        for time in 0..6 {
            let day = time * 100_000;
            let failed = RunEnd::Failed { exit_code: 1, reason: format!("timeout after {} ms", 900 + time) };
            record(&mut store, "fetch", day, 10, failed);
            record(&mut store, "mirror", day + 1, 10, worked());
            record(&mut store, "crunch", day + 50_000, 20_000, worked());
            record(&mut store, "broken", day + 90_000, 10, RunEnd::Failed { exit_code: 2, reason: "no".to_owned() });
        }
    }
    let answer = found(&shell, &[]);
    let told: Vec<_> = answer["opportunities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["name"].as_str().unwrap(), one["count"].as_u64().unwrap()))
        .collect();
    for wanted in [
        ("recovery", "fetch-or-mirror", 6),
        ("unresolved", "broken-that-works", 6),
        ("better-algorithm", "crunch-better", 6),
    ] {
        assert!(told.contains(&wanted), "{told:#?}");
    }
    let most = &answer["consumption"][0];
    assert_eq!((&most["tool"], &most["runs"], &most["duration_ms"]), (&json!("crunch"), &json!(6), &json!(120_000)));
    assert_eq!(answer["runs"], json!(24));
}

#[test]
fn a_tool_that_got_worse_today_is_an_opportunity_with_the_runs_that_show_it() {
    let shell = Shell::new();
    shell.tool("experimental", "flaky", "echo\n", "");
    let listed = shell.call(&["list", "--json"]).exits(0).json();
    let digest: Digest = listed["tools"][0]["digest"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap() - EPOCH_SECONDS;
    {
        let mut store = Store::open(&store_of(&shell)).unwrap();
        for time in 0..6 {
            let three_days = 3 * 86_400;
            let good = RunEnd::Succeeded { exit_code: 0 };
            record_of(&mut store, "flaky", digest, now - three_days + time, 10, good);
        }
        for time in 0..6 {
            let failed = RunEnd::Failed { exit_code: 1, reason: "it broke".to_owned() };
            record_of(&mut store, "flaky", digest, now - 60 + time, 10, failed);
        }
    }
    let answer = found(&shell, &[]);
    let worse = of_kind(&answer, "regression");
    assert_eq!(worse.len(), 1, "{answer:#}");
    assert!(worse[0]["title"].as_str().unwrap().contains("flaky regressed"), "{:#}", worse[0]);
    assert_eq!((&worse[0]["impact"], &worse[0]["evidence"][0]["numbers"]), (&json!(1.0), &json!([12, 11, 10, 9, 8])));
    shell.call(&["accept", worse[0]["key"].as_str().unwrap()]).exits(0);
    assert_eq!(of_kind(&found(&shell, &[]), "regression").len(), 0, "it waits in the queue now");
}

#[test]
fn what_was_asked_in_vain_is_told_until_a_call_does_it() {
    let shell = Shell::new();
    shell.call(&["call", "shout a greeting"]).exits(5);
    let asked = |shell: &Shell| of_kind(&found(shell, &[]), "unanswered").len();
    assert_eq!(asked(&shell), 1);
    shell.tool("experimental", "greeter", "echo HELLO\n", "use_cases = [\"shout a greeting\"]\n");
    shell.call(&["call", "shout a greeting"]).exits(0);
    assert_eq!(asked(&shell), 0);
}

#[test]
fn what_cannot_be_read_is_counted_or_refused_and_secrets_and_hidden_characters_do_not_get_out() {
    let shell = Shell::new();
    let secret = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let mut bytes = Vec::new();
    for n in 0..9 {
        bytes.extend(
            format!("curl -H 'Authorization: Bearer {secret}' https://a.example/{n} | jq .x\u{202e}{n}\n").bytes(),
        );
    }
    bytes.extend(b"\xff\xfe\necho 'open\n");
    fs::write(shell.workspace().join("bad\u{202e}name"), &bytes).unwrap();
    let told = shell.call(&["opportunities", "--history", "bad\u{202e}name"]).exits(0).stdout;
    assert!(told.contains("unreadable") && told.contains("2 lines"), "{told}");
    assert!(!told.contains('\u{202e}') && !told.contains(&secret) && !told.contains("a1B2c3D4"), "{told}");
    shell.call(&["opportunities", "--history", "nowhere"]).exits(5);
    shell.write("x.json", "{\"type\": \"object\"}");
    shell.write("x.txt", "words");
    for file in ["x.json", "x.txt"] {
        let refused = shell.call(&["opportunities", "--openapi", file]).exits(2);
        assert!(refused.stderr.contains("describes no operations"), "{}", refused.stderr);
    }
}

#[test]
fn each_operation_of_an_openapi_document_is_a_tool_that_is_missing() {
    let shell = Shell::new();
    let yaml = "openapi: 3.0.0\ninfo:\n  title: Shop\npaths:\n  /orders:\n    get:\n      operationId: listOrders\n      summary: All orders\n      \
                parameters:\n        - {name: limit, in: query, schema: {type: integer, maximum: 100}}\n    post:\n      summary: A new one\n      \
                requestBody:\n        content:\n          application/json:\n            schema:\n              type: object\n              \
                required: [total]\n              properties:\n                total: {type: number}\n";
    shell.write("shop.yaml", yaml);
    let answer = found(&shell, &["--openapi", "shop.yaml"]);
    let told: Vec<_> = of_kind(&answer, "missing-wrapper")
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["parameters"][0]["name"].clone(),
                one["parameters"][0]["required"].clone(),
            )
        })
        .collect();
    assert!(told.contains(&("list-orders".to_owned(), json!("limit"), json!(false))), "{told:?}");
    assert!(told.contains(&("post-orders".to_owned(), json!("total"), json!(true))), "{told:?}");
    // One that is there is not missing.
    shell.tool("experimental", "list-orders", "echo\n", "");
    let left = found(&shell, &["--openapi", "shop.yaml"]);
    assert_eq!(of_kind(&left, "missing-wrapper").len(), 1);
}

#[test]
fn the_definitions_of_apis_that_others_wrote_give_their_functions() {
    let Some(folder) = shared().map(|shared| shared.join("corpora/code_evolver/tools/openapi")) else { return };
    let shell = Shell::new();
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 16);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let functions = text.lines().filter(|line| line.starts_with("  def ")).count();
        let answer = found(&shell, &["--openapi", file.to_str().unwrap()]);
        let all = of_kind(&answer, "missing-wrapper");
        assert_eq!(all.len(), functions, "{}", file.display());
        assert!(all.iter().all(|one| !one["description"].as_str().unwrap().is_empty()), "{}", file.display());
    }
}
