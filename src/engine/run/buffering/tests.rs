//! Buffers in an open workspace, without the clock: no test waits for a time.

use super::*;
use crate::domain::{EventSeq, Strategy, ToolName};
use crate::engine::{Asker, Home, OpenOptions};
use serde_json::json;
use std::cell::Cell;

fn open() -> (tempfile::TempDir, Engine) {
    let dir = tempfile::tempdir().unwrap();
    let workspace = dir.path().join("work");
    std::fs::create_dir_all(workspace.join("tools/experimental")).unwrap();
    let home = Home { config: dir.path().join("config"), data: dir.path().join("data") };
    let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human }).unwrap();
    (dir, engine)
}

fn id(name: &str) -> BufferId {
    BufferId::new(name).unwrap()
}

fn ada() -> Caller {
    Caller::Human("Ada".to_owned())
}

fn bot() -> Caller {
    Caller::Agent("bot".to_owned())
}

/// A rule without a time limit, so that no process is started.
fn still() -> BufferChange {
    BufferChange { interval_ms: Some(0), ..BufferChange::default() }
}

fn write(buffer: &str, change: BufferChange, items: usize) -> BufferWrite {
    BufferWrite { buffer: id(buffer), change, items: (0..items).map(|n| n.to_string()).collect() }
}

#[test]
fn what_nobody_takes_is_kept_after_a_flush_until_somebody_takes_it() {
    let (_dir, engine) = open();
    let answer = engine.buffers().write(&write("a", still(), 250), &ada()).unwrap();
    let status = &answer.status;
    assert_eq!(
        (answer.flushed_count, status.buffered_count, status.kept_count, status.total_flushed),
        (200, 50, 200, 200)
    );
    let answer = engine.buffers().flush(&id("a"), &ada()).unwrap();
    assert_eq!((answer.flushed_count, answer.status.buffered_count, answer.status.total_flushed), (50, 0, 250));
    let taken = engine.buffers().take(&id("a"), &ada()).unwrap();
    assert_eq!(taken.values(), (0..250).map(|n| json!(n)).collect::<Vec<_>>());
    assert_eq!(engine.buffers().take(&id("a"), &ada()).unwrap().len(), 250, "nobody said that they arrived");
    engine.buffers().let_go(&id("a"), &taken).unwrap();
    assert!(engine.buffers().take(&id("a"), &ada()).unwrap().is_empty());
    let status = engine.buffers().status(&id("a")).unwrap().status;
    assert_eq!((status.kept_count, status.total_written, status.total_flushed), (0, 250, 250));
    assert_eq!(engine.buffers().flush(&id("a"), &ada()).unwrap().message, "nothing to flush");
}

#[test]
fn a_full_buffer_refuses_and_says_what_helps() {
    let (_dir, engine) = open();
    for _ in 0..4 {
        let item = format!("\"{}\"", "x".repeat(40_000));
        let write = BufferWrite { buffer: id("a"), change: still(), items: vec![item; 400] };
        engine.buffers().write(&write, &ada()).unwrap();
    }
    let item = format!("\"{}\"", "x".repeat(60_000));
    let more = BufferWrite { buffer: id("a"), change: still(), items: vec![item; 60] };
    let error = engine.buffers().write(&more, &ada()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(error.message.contains("full") && error.hint.contains("buffer flush"), "{error:?}");
    assert_eq!(engine.buffers().status(&id("a")).unwrap().status.total_written, 1_600, "nothing of it was taken");
    let manual = BufferChange { strategy: Some(Strategy::Manual), ..still() };
    for _ in 0..10 {
        engine.buffers().write(&write("b", manual.clone(), 10_000), &ada()).unwrap();
    }
    assert_eq!(engine.buffers().write(&write("b", manual, 1), &ada()).unwrap_err().code, ErrorCode::Refused);
    let large = BufferWrite { items: vec![format!("\"{}\"", "x".repeat(65_536))], ..write("c", still(), 0) };
    assert_eq!(engine.buffers().write(&large, &ada()).unwrap_err().code, ErrorCode::Usage);
}

#[test]
fn a_rule_is_kept_and_only_a_human_changes_what_a_human_set() {
    let (_dir, engine) = open();
    let rule = BufferChange { max_size: Some(3), strategy: Some(Strategy::Manual), ..still() };
    engine.buffers().write(&write("a", rule.clone(), 1), &ada()).unwrap();
    engine.buffers().write(&write("a", rule, 1), &bot()).unwrap();
    let status = engine.buffers().write(&write("a", BufferChange::default(), 2), &bot()).unwrap().status;
    assert_eq!((status.buffered_count, status.max_size, status.flush_strategy), (4, 3, Strategy::Manual));
    let other = BufferChange { max_size: Some(4), ..BufferChange::default() };
    assert_eq!(engine.buffers().write(&write("a", other.clone(), 1), &bot()).unwrap_err().code, ErrorCode::HumanNeeded);
    assert_eq!(engine.buffers().clear(&id("a"), &bot()).unwrap_err().code, ErrorCode::HumanNeeded);
    engine.buffers().flush(&id("a"), &bot()).unwrap();
    assert_eq!(engine.buffers().take(&id("a"), &bot()).unwrap_err().code, ErrorCode::HumanNeeded);
    engine.buffers().write(&write("b", still(), 1), &bot()).unwrap();
    engine.buffers().write(&write("b", other, 1), &bot()).unwrap();
    assert_eq!(engine.buffers().clear(&id("b"), &bot()).unwrap().cleared_count, Some(2));
    for size in [0, 10_001] {
        let change = BufferChange { max_size: Some(size), ..BufferChange::default() };
        assert_eq!(engine.buffers().write(&write("a", change, 0), &ada()).unwrap_err().code, ErrorCode::Usage);
    }
}

#[test]
fn a_tool_must_be_there_and_the_log_says_who_chose_it() {
    let (dir, engine) = open();
    let sink = |tool: &str| BufferSink::Tool { tool: tool.to_owned(), input: serde_json::Map::new() };
    let to = |tool: &str| BufferChange { sink: Some(sink(tool)), ..still() };
    assert_eq!(engine.buffers().write(&write("a", to("gone"), 1), &ada()).unwrap_err().code, ErrorCode::NotFound);
    std::fs::write(dir.path().join("work/tools/experimental/here.py"), "\"\"\"Takes.\"\"\"\n").unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    engine.buffers().write(&write("a", to("here"), 1), &ada()).unwrap();
    engine.buffers().write(&write("a", to("here"), 1), &ada()).unwrap();
    let entries: Vec<_> =
        engine.history().operations(9, None).unwrap().into_iter().filter(|op| op.verb == "buffer").collect();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].who.as_str(), &entries[0].detail["to"]), ("Ada", &json!("here")));
    let error = engine.buffers().write(&write(USAGE_BUFFER, to("here"), 0), &ada()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Usage);
}

#[test]
fn an_agents_batch_is_held_to_an_agents_policy_and_comes_back() {
    let (dir, engine) = open();
    std::fs::write(dir.path().join("work/tools/experimental/here.py"), "\"\"\"Takes.\"\"\"\n").unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    let sink = BufferSink::Tool { tool: "here".to_owned(), input: serde_json::Map::new() };
    let change = BufferChange { sink: Some(sink), max_size: Some(2), ..still() };
    engine.buffers().write(&write("a", change, 0), &ada()).unwrap();
    let answer = engine.buffers().write(&write("a", BufferChange::default(), 2), &bot()).unwrap();
    let error = answer.error.clone().unwrap();
    assert_eq!((error.code, answer.flushed, answer.status.buffered_count), (ErrorCode::Refused, false, 2));
    assert!(answer.message.contains("not approved") && answer.message.contains("2 items kept"), "{}", answer.message);
    let status = engine.buffers().status(&id("a")).unwrap().status;
    assert_eq!((status.total_flushed, status.failed_flushes, status.in_flight_count), (0, 1, 0));
    assert!(status.last_error.is_some());
}

#[test]
fn a_batch_goes_to_what_lies_on_disk_now_not_to_what_was_read_before() {
    let (dir, engine) = open();
    let folder = dir.path().join("work/tools/experimental/here");
    std::fs::create_dir(&folder).unwrap();
    let define = |tier: &str| {
        let text =
            format!("name = \"here\"\nversion = \"1.0.0\"\ncost_tier = \"{tier}\"\n[run]\ncommand = [\"true\"]\n");
        std::fs::write(folder.join("tool.toml"), text).unwrap();
    };
    define("low");
    engine.library().scan(&mut |_| {}).unwrap();
    let sink = BufferSink::Tool { tool: "here".to_owned(), input: serde_json::Map::new() };
    let change = BufferChange { sink: Some(sink), max_size: Some(9), ..still() };
    engine.buffers().write(&write("a", change, 1), &ada()).unwrap();
    define("prohibited");
    let error = engine.buffers().flush(&id("a"), &ada()).unwrap().error.unwrap();
    assert!(error.code == ErrorCode::Refused && error.message.contains("prohibited"), "{error:?}");
    std::fs::remove_dir_all(&folder).unwrap();
    let error = engine.buffers().flush(&id("a"), &ada()).unwrap().error.unwrap();
    assert_eq!(error.code, ErrorCode::NotFound, "{error:?}");
    std::fs::write(dir.path().join("work/tools/experimental/late.py"), "\"\"\"Came later.\"\"\"\n").unwrap();
    assert!(engine.buffers().tool_now("late").is_ok(), "nobody has read the folders since");
}

#[test]
fn a_thousand_uses_a_second_for_ten_seconds_are_at_most_210_transactions_and_all_are_counted() {
    let (dir, engine) = open();
    std::fs::write(dir.path().join("work/tools/experimental/x.py"), "\"\"\"Does.\"\"\"\n").unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    let item = |n: u64| json!({"tool": "x", "success": !n.is_multiple_of(10), "duration_ms": 12}).to_string();
    let transactions = Cell::new(0);
    let fill = |items: Vec<String>| {
        if !items.is_empty() {
            transactions.set(transactions.get() + 1);
            let write = BufferWrite { buffer: id(USAGE_BUFFER), change: still(), items };
            let (_, pending) = engine.buffers().fill(&write, &ada()).unwrap();
            assert!(pending.is_none(), "it is counted in the same transaction");
        }
    };
    let before = engine.workspace.read(|q| Ok(q.last_seq()?)).unwrap();
    let mut gather = Gather::default();
    for ms in 0..10_000 {
        fill(gather.due(ms).unwrap_or_default());
        fill(gather.push(item(ms), ms).unwrap_or_default());
    }
    fill(gather.rest());
    assert!(transactions.get() <= 210, "{}", transactions.get());
    let status = engine.buffers().status(&id(USAGE_BUFFER)).unwrap().status;
    assert_eq!((status.buffered_count, status.total_flushed, status.total_written), (0, 10_000, 10_000));
    let reported = engine.workspace.read(|q| Ok(q.reported_uses(0)?)).unwrap().remove(0);
    assert_eq!((reported.who.as_str(), reported.counts.uses, reported.counts.succeeded), ("human", 10_000, 9_000));
    assert!(engine.library().scores().unwrap().is_empty(), "nothing ran here");
    let told = engine.workspace.read(|q| Ok(q.events_since(EventSeq(before.0), 100_000)?)).unwrap().len();
    assert!(told <= 210, "{told} events");
}

#[test]
fn a_use_of_a_tool_that_nobody_has_seen_is_counted_and_said() {
    let (_dir, engine) = open();
    let use_of = |tool: &str| json!({"tool_id": tool, "increment": 2}).to_string();
    let immediate = BufferChange { strategy: Some(Strategy::Immediate), ..still() };
    let write = BufferWrite { buffer: id(USAGE_BUFFER), change: immediate, items: vec![use_of("ghost")] };
    let answer = engine.buffers().write(&write, &bot()).unwrap();
    assert_eq!(answer.unknown_tools, [ToolName::new("ghost").unwrap()]);
    assert!(answer.message.ends_with("ghost is not known here"), "{}", answer.message);
    let uses = engine.workspace.read(|q| Ok(q.reported_uses(0)?)).unwrap();
    assert_eq!((uses[0].tool.as_str(), uses[0].who.as_str(), uses[0].counts.uses), ("ghost", "agent:bot", 2));
    let wrong = BufferWrite { items: vec!["7".to_owned()], ..write };
    assert_eq!(engine.buffers().write(&wrong, &bot()).unwrap_err().code, ErrorCode::Usage);
}

#[test]
fn an_agent_cannot_report_the_success_of_what_never_ran() {
    let (_dir, engine) = open();
    let write = |item: Value| BufferWrite { buffer: id(USAGE_BUFFER), change: still(), items: vec![item.to_string()] };
    let error = engine.buffers().write(&write(json!({"tool": "junk", "success": true})), &bot()).unwrap_err();
    assert_eq!(
        (error.code, error.message.contains("no run of junk was observed")),
        (ErrorCode::Usage, true),
        "{error}"
    );
    engine.buffers().write(&write(json!({"tool": "junk", "success": false})), &bot()).unwrap();
    engine.buffers().write(&write(json!({"tool": "junk", "success": true})), &ada()).unwrap();
    assert!(engine.library().scores().unwrap().is_empty(), "what is reported makes no score");
}

#[test]
fn a_batch_of_a_process_that_died_is_handed_over_again() {
    let (_dir, engine) = open();
    engine.buffers().write(&write("a", still(), 5), &ada()).unwrap();
    engine
        .workspace
        .transact(|tx| {
            let mut buffer = tx.buffer(&id("a"))?.unwrap();
            (buffer.level.in_flight, buffer.flusher) = (3, Some("1:1:gone".to_owned()));
            Ok(tx.put_buffer(&buffer, crate::store::Tell::Now)?)
        })
        .unwrap();
    let answer = engine.buffers().flush(&id("a"), &ada()).unwrap();
    assert_eq!((answer.flushed_count, answer.status.buffered_count, answer.status.in_flight_count), (5, 0, 0));
}

#[test]
fn items_that_nobody_took_go_to_the_tool_that_is_chosen_later() {
    let (dir, engine) = open();
    engine.buffers().write(&write("a", BufferChange { max_size: Some(2), ..still() }, 3), &ada()).unwrap();
    std::fs::write(dir.path().join("work/tools/experimental/here.py"), "\"\"\"Takes.\"\"\"\n").unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    let sink = BufferSink::Tool { tool: "here".to_owned(), input: serde_json::Map::new() };
    let change = BufferChange { sink: Some(sink), strategy: Some(Strategy::Manual), ..BufferChange::default() };
    let status = engine.buffers().write(&write("a", change, 0), &ada()).unwrap().status;
    assert_eq!((status.buffered_count, status.kept_count, status.total_flushed), (3, 0, 0));
}

#[test]
fn an_item_with_which_the_tool_fails_is_set_aside_with_what_it_said_and_can_be_tried_again() {
    let (dir, engine) = open();
    let folder = dir.path().join("work/tools/experimental/here");
    std::fs::create_dir(&folder).unwrap();
    let takes = |script: &str| {
        std::fs::write(folder.join("here.sh"), script).unwrap();
        let manifest = "name = \"here\"\nversion = \"1.0.0\"\ncost_tier = \"low\"\n\
                        [run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"here.sh\"\ninput = \"stdin-json\"\n";
        std::fs::write(folder.join("tool.toml"), manifest).unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
    };
    takes("if grep -q poison; then echo 'cannot take poison' >&2; exit 3; fi\n");
    let sink = BufferSink::Tool { tool: "here".to_owned(), input: serde_json::Map::new() };
    let change = BufferChange { sink: Some(sink), strategy: Some(Strategy::Manual), ..still() };
    let items = ["\"one\"", "\"poison\"", "\"three\""].map(str::to_owned).to_vec();
    engine.buffers().write(&BufferWrite { buffer: id("a"), change, items }, &ada()).unwrap();
    for tried in 1..6 {
        let answer = engine.buffers().flush(&id("a"), &ada()).unwrap();
        assert_eq!((answer.flushed_count, answer.status.failed_flushes), (0, tried), "{answer:?}");
    }
    let answer = engine.buffers().flush(&id("a"), &ada()).unwrap();
    let BufferStatus { buffered_count, aside_count, failed_flushes, .. } = answer.status;
    assert_eq!((answer.flushed_count, buffered_count, aside_count, failed_flushes), (2, 0, 1, 0), "{answer:?}");
    assert!(answer.error.is_none() && answer.message.contains("; 1 item set aside, `"), "{}", answer.message);
    let aside = engine.buffers().set_aside(&id("a"), &ada()).unwrap();
    assert!(engine.buffers().set_aside(&id("a"), &bot()).unwrap().is_empty(), "a human wrote it");
    assert_eq!((aside.len(), &aside[0].item, aside[0].author.as_str()), (1, &json!("poison"), "human"));
    assert!(aside[0].reason.contains("of here failed"), "{}", aside[0].reason);
    assert_eq!(engine.buffers().retry(&id("a"), &bot()).unwrap_err().code, ErrorCode::HumanNeeded);
    takes("cat > /dev/null\n");
    let retried = engine.buffers().retry(&id("a"), &ada()).unwrap();
    assert_eq!((retried.retried_count, retried.status.buffered_count, retried.status.aside_count), (Some(1), 1, 0));
    let flushed = engine.buffers().flush(&id("a"), &ada()).unwrap();
    assert_eq!((flushed.flushed_count, flushed.status.total_flushed), (1, 3), "{flushed:?}");
}
