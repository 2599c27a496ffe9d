//! The open log of an instance continues with its next start.

use super::tests::snapshot_sizes;
use crate::domain::service::InstanceState;
use crate::domain::{Run, RunId, RunOutcome, Stage, Stream};
use crate::engine::Frame;
use crate::tui::effect::{Effect, TabId};
use crate::tui::msg::{Answer, Kept, Msg, ServiceRow};
use crate::tui::testing::{Bench, run, service, tool};

fn db(run: i64, start: u64) -> Vec<ServiceRow> {
    let mut row = service("db", InstanceState::Running);
    row.view.instance.run = Some(RunId(run));
    row.view.instance.life.incarnation = start;
    vec![row]
}

fn record(id: i64, outcome: RunOutcome) -> Run {
    let mut record = run(id, &tool("db", Stage::Approved), outcome);
    (record.truncated, record.notes) = (false, Vec::new());
    record
}

fn frame(text: &str, offset: u64) -> Frame {
    Frame { stream: Stream::Stdout, at_ms: 1, bytes: text.as_bytes().to_vec(), offset }
}

fn wrote(bench: &mut Bench, run: i64, text: &str, offset: u64) {
    bench.send(Msg::Output { run: RunId(run), frames: vec![frame(text, offset)], skipped: 0 });
}

/// The requested reads.
fn reads(bench: &mut Bench) -> Vec<(TabId, RunId, Option<u64>)> {
    let effects = bench.taken().into_iter().filter_map(|effect| match effect {
        Effect::LoadSpool { tab, run, before } => Some((tab, run, before)),
        _ => None,
    });
    effects.collect()
}

fn kept(bench: &mut Bench, tab: TabId, run: i64, outcome: RunOutcome, frames: Vec<Frame>) {
    let kept = Kept { run: record(run, outcome), frames };
    bench.answer(Answer::Spool { tab, kept: Ok(Box::new(kept)) });
}

fn ended(bench: &mut Bench, run: i64, outcome: RunOutcome) {
    bench.answer(Answer::RunEnded { run: RunId(run), record: Ok(Box::new(record(run, outcome))) });
}

/// A workbench with the log of `db` open, of which the first start wrote one line.
fn first(width: u16, height: u16) -> (Bench, TabId) {
    let mut bench = Bench::ready(width, height);
    bench.send(Msg::Services(db(21, 1)));
    bench.press("5 enter");
    let read = reads(&mut bench);
    let [(tab, RunId(21), None)] = read.as_slice() else { panic!("{read:?}") };
    kept(&mut bench, *tab, 21, RunOutcome::Running, vec![frame("listening\n", 4)]);
    (bench, *tab)
}

/// The same after a crash, with the second start open.
fn second(width: u16, height: u16) -> (Bench, TabId) {
    let (mut bench, tab) = first(width, height);
    bench.send(Msg::Services(db(22, 2)));
    assert_eq!(reads(&mut bench), [], "the last lines of the first start are still to come");
    wrote(&mut bench, 21, "out of memory\n", 30);
    ended(&mut bench, 21, RunOutcome::Failed);
    assert_eq!(reads(&mut bench), [(tab, RunId(22), None)]);
    kept(&mut bench, tab, 22, RunOutcome::Running, vec![frame("listening again\n", 4)]);
    (bench, tab)
}

#[test]
fn an_open_log_goes_on_with_the_next_start_behind_a_mark() {
    snapshot_sizes("restarted", |width, height| second(width, height).0);
    let (mut bench, tab) = second(100, 30);
    wrote(&mut bench, 22, "more\n", 30);
    let screen = bench.screen();
    let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}\n{screen}"));
    let order = ["listening", "out of memory", "run #21 ended: failed", "start 2 · run #22", "listening again", "more"];
    assert!(order.map(place).is_sorted(), "{screen}");
    assert!(screen.contains("#22"), "the title names the run that writes now");
    // Once more, with the instance ended in between: a stopped one is launched again.
    bench.send(Msg::Services(vec![service("db", InstanceState::Stopped)]));
    ended(&mut bench, 22, RunOutcome::Cancelled);
    assert_eq!(reads(&mut bench), []);
    bench.send(Msg::Services(db(25, 3)));
    assert_eq!(reads(&mut bench), [(tab, RunId(25), None)]);
}

#[test]
fn enter_on_the_instance_shows_the_log_that_follows_it() {
    let (mut bench, _) = first(100, 30);
    bench.send(Msg::Services(db(22, 2)));
    bench.press("5 enter");
    assert_eq!(reads(&mut bench), [], "no second tab, also while the first run is still being read");
    assert!(bench.screen().contains("listening"));
}

#[test]
fn older_output_is_fetched_from_the_run_that_wrote_the_first_line() {
    let mut bench = Bench::ready(100, 12);
    bench.send(Msg::Services(db(21, 1)));
    bench.press("5 enter");
    let (tab, ..) = reads(&mut bench)[0];
    // Only the end of the first start is available here.
    kept(&mut bench, tab, 21, RunOutcome::Failed, vec![frame("late\n", 5_000)]);
    bench.send(Msg::Services(db(22, 2)));
    assert_eq!(reads(&mut bench), [(tab, RunId(22), None)]);
    kept(&mut bench, tab, 22, RunOutcome::Running, vec![frame("again\n", 4)]);
    bench.draw();
    bench.press("k");
    assert_eq!(reads(&mut bench), [(tab, RunId(21), Some(5_000))]);
    kept(&mut bench, tab, 21, RunOutcome::Failed, vec![frame("early\n", 4)]);
    let screen = bench.screen();
    assert!(screen.find("early") < screen.find("late") && screen.contains("early"), "{screen}");
    assert_eq!(screen.matches("again").count(), 1, "{screen}");
}

#[test]
fn a_program_cannot_draw_the_mark_of_a_start() {
    let (mut bench, _) = second(100, 30);
    wrote(&mut bench, 22, "■ start 3 · run #23 ─────\n", 30);
    let screen = bench.screen();
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains("start ")).collect();
    assert!(lines.len() == 2 && lines[0].contains("│■ start 2") && lines[1].contains("│  ■ start 3"), "{screen}");
}

#[test]
fn an_older_run_that_is_opened_from_the_list_stays_what_it_is() {
    let mut bench = Bench::ready(100, 30);
    bench.send(Msg::Services(db(22, 2)));
    let mut args = crate::tui::overlay::Args::default();
    args.push("run", "21".to_owned());
    bench.app.perform(crate::action::Verb::Output, &args);
    let read = bench.app.output.current().map(|tab| (tab.id, tab.run()));
    let Some((tab, Some(RunId(21)))) = read else { panic!("{read:?}") };
    kept(&mut bench, tab, 21, RunOutcome::Failed, vec![frame("old\n", 4)]);
    bench.send(Msg::Services(db(23, 3)));
    assert_eq!(reads(&mut bench), []);
}
