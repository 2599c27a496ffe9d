//! The context of an instance on the screen: display, refresh, and changing its prompts with keys.

use super::tests::snapshot_sizes;
use crate::domain::service::{Exchange, ExchangeRole, InstanceContext};
use crate::domain::{Command, VerbCall};
use crate::engine::{Change, EngineError, ErrorCode, InstanceDetail, Preview};
use crate::tui::effect::{Effect, Serving};
use crate::tui::msg::{Answer, Msg, Served};
use crate::tui::overlay::Overlay;
use crate::tui::testing::{Bench, ago, outcome, services};

fn detail(staged: &[&str], next: &[&str], last_output: Option<&str>) -> InstanceDetail {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let line = |seq, role, who: &str, text: &str| Exchange {
        seq,
        at: ago(1),
        role,
        who: who.to_owned(),
        text: text.to_owned(),
        run: None,
    };
    let exchanges = vec![
        line(1, ExchangeRole::Message, "human", "how are you?"),
        line(2, ExchangeRole::Answer, "db", "fine, all tests pass"),
    ];
    let context =
        InstanceContext { last_output: last_output.map(str::to_owned), staged: texts(staged), next: texts(next) };
    let view = services().into_iter().find(|row| row.view.instance.name.as_str() == "db").unwrap().view;
    InstanceDetail { view, keeper_pid: None, sandbox_pid: None, definition: None, context, exchanges }
}

fn shown(bench: &mut Bench, found: Result<InstanceDetail, EngineError>) {
    let served = Served::Detail { instance: "db".to_owned(), found: found.map(Box::new) };
    bench.answer(Answer::Serving(Box::new(served)));
}

/// A workbench that shows the context of `db`.
fn open(width: u16, height: u16, found: InstanceDetail) -> Bench {
    let mut bench = Bench::serving(width, height);
    bench.press("5 i");
    let effects = bench.taken();
    let asks = |effect: &Effect| matches!(effect, Effect::Serve(Serving::Detail(name)) if name == "db");
    assert!(effects.iter().any(asks), "{effects:?}");
    shown(&mut bench, Ok(found));
    bench
}

fn change(bench: &mut Bench) -> VerbCall {
    match bench.taken().pop() {
        Some(Effect::Execute(Command::Verb(call))) => call,
        other => panic!("{other:?}"),
    }
}

fn call(argument: &'static str, value: &str) -> VerbCall {
    VerbCall::new("context", &[("instance", "db"), (argument, value)])
}

#[test]
fn the_footer_of_the_context_names_its_keys_at_every_size() {
    snapshot_sizes("context", |width, height| {
        open(width, height, detail(&["answer briefly", "name the file"], &["use British English"], Some("fine")))
    });
    snapshot_sizes("stage", |width, height| {
        let mut bench = open(width, height, detail(&[], &[], None));
        bench.press("+").type_text("answer briefly");
        bench
    });
}

#[test]
fn prompts_are_staged_injected_and_promoted_with_keys() {
    let mut bench = open(100, 30, detail(&["before"], &[], None));
    bench.press("+").type_text("answer briefly q").press("enter");
    assert_eq!(change(&mut bench), call("stage", "answer briefly q"));
    bench.press("& enter");
    assert!(bench.taken().is_empty() && bench.screen().contains("type a prompt"));
    bench.send(Msg::Paste("two\nlines".to_owned()));
    bench.press("enter");
    assert_eq!(change(&mut bench), call("inject", "two lines"));
    bench.press("p");
    assert_eq!(change(&mut bench), call("promote", "true"));
    assert!(matches!(bench.app.overlays.as_slice(), [Overlay::Context(_)]), "it stays open");
}

#[test]
fn what_was_typed_is_kept_when_the_box_is_left_and_comes_back_when_the_prompt_is_refused() {
    let mut bench = open(100, 30, detail(&[], &[], None));
    bench.press("+").type_text("half").press("esc");
    assert!(!bench.screen().contains("half"));
    bench.press("+").type_text(" done").press("enter");
    let sent = change(&mut bench);
    assert_eq!(sent, call("stage", "half done"));
    let error = EngineError::new(ErrorCode::Usage, "64 prompts wait already", "send a message");
    bench.answer(Answer::Done { command: Command::Verb(sent), outcome: Err(error) });
    let screen = bench.screen();
    assert!(screen.contains("half done") && screen.contains("64 prompts wait already"), "{screen}");
    bench.press("enter");
    let sent = change(&mut bench);
    bench.answer(Answer::Done { command: Command::Verb(sent), outcome: Ok(outcome("db: 1 staged")) });
    assert!(!bench.screen().contains("half done"));
}

#[test]
fn a_key_that_can_do_nothing_says_why() {
    let mut bench = Bench::serving(100, 30);
    bench.press("5 i +");
    assert!(bench.screen().contains("the instance is still being read"));
    shown(&mut bench, Ok(detail(&[], &[], None)));
    bench.taken();
    bench.press("p");
    assert!(bench.screen().contains("no prompt is staged: + stages one"));
    bench.press("X");
    assert!(bench.screen().contains("there is nothing to clear"));
    assert!(bench.taken().is_empty());
}

#[test]
fn clearing_asks_first_and_leaves_the_context_open() {
    let mut bench = open(100, 30, detail(&["a"], &[], Some("fine")));
    bench.press("X");
    let command = Command::Verb(call("clear", "true"));
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(asked)] if *asked == command));
    let preview = Preview { title: "Clear the context of db?".into(), lines: vec![], undo: String::new() };
    bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview) });
    bench.draw();
    bench.wait(600).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
    assert!(matches!(bench.app.overlays.as_slice(), [Overlay::Context(_)]));
}

#[test]
fn the_context_is_renewed_when_services_change_once_for_however_many_changes() {
    let mut bench = open(100, 30, detail(&["first prompt"], &[], None));
    let reads = |bench: &mut Bench| {
        let effects = bench.taken();
        effects.iter().filter(|effect| matches!(effect, Effect::Serve(Serving::Detail(_)))).count()
    };
    for _ in 0..5 {
        bench.send(Msg::Changed(Change::Services));
    }
    assert_eq!(reads(&mut bench), 1);
    shown(&mut bench, Ok(detail(&[], &["first prompt"], None)));
    assert_eq!(reads(&mut bench), 1, "something changed meanwhile");
    shown(&mut bench, Ok(detail(&[], &["first prompt"], None)));
    assert_eq!(reads(&mut bench), 0);
    let screen = bench.screen();
    assert!(screen.contains("next message first prompt") && !screen.contains("staged "), "{screen}");
    bench.press("esc");
    bench.send(Msg::Changed(Change::Services));
    assert_eq!(reads(&mut bench), 0, "nobody looks");
    bench.press("i");
    assert_eq!(reads(&mut bench), 1);
}

#[test]
fn help_lists_the_keys_of_the_context_and_enter_presses_the_selected_one() {
    let mut bench = open(100, 30, detail(&[], &[], None));
    bench.press("?");
    let screen = bench.screen();
    for text in ["in the context", "stage", "promote", "inject", "clear", "say", "unavailable: no prompt is staged"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    bench.type_text("stage").press("enter");
    assert!(bench.screen().contains("Stage a prompt"));
    bench.press("esc \"");
    assert!(matches!(bench.app.overlays.as_slice(), [Overlay::Say(talk)] if talk.instance == "db"));
}
