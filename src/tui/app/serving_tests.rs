//! Effects of keys, answers and crashes on services, and their display.

use super::tests::{running, snapshot_sizes};
use crate::domain::service::InstanceState;
use crate::domain::{Command, Kind, Outcome, Run, RunId, RunOutcome, Stage, VerbCall};
use crate::engine::{CatalogState, CatalogView, Change, EngineError, ErrorCode, Preview};
use crate::tui::effect::{DetailFor, Effect, Ending, Serving};
use crate::tui::msg::{Answer, Held, Kept, Msg, Served, ServiceRow};
use crate::tui::pane::Pane;
use crate::tui::pane::services::ServicesPane;
use crate::tui::testing::{Bench, outcome, run, service, services, tool};
use serde_json::json;
use std::sync::Arc;

fn list(bench: &mut Bench, rows: Vec<ServiceRow>) {
    bench.answer(Answer::Serving(Box::new(Served::List(Ok(rows)))));
}

/// The ticket and call of the last message sent.
fn sent(bench: &mut Bench) -> (u64, VerbCall) {
    match bench.taken().pop() {
        Some(Effect::Serve(Serving::Say { ticket, call })) => (ticket, call),
        other => panic!("{other:?}"),
    }
}

fn said(bench: &mut Bench, ticket: u64, said: Result<Outcome, EngineError>) {
    let instance = "api".to_owned();
    bench.answer(Answer::Serving(Box::new(Served::Said { ticket, instance, said })));
}

fn with_service_tool(bench: &mut Bench, name: &str) {
    let mut tool = tool(name, Stage::Approved);
    tool.kind = Kind::Service;
    let (state, tools) = (CatalogState::Ready, vec![Arc::new(tool)]);
    let view = CatalogView { state, tools, problems: vec![], in_use: None, skipped: Arc::default(), generation: 7 };
    bench.send(Msg::Catalog(Arc::new(view)));
}

#[test]
fn instances_are_a_fifth_pane() {
    snapshot_sizes("services", |width, height| {
        let mut bench = Bench::serving(width, height);
        bench.press("5");
        bench
    });
    insta::assert_snapshot!("services_200x50", {
        let mut bench = Bench::serving(200, 50);
        bench.press("5 down");
        bench.screen()
    });
    insta::assert_snapshot!("services_44x12", {
        let mut bench = Bench::serving(44, 12);
        bench.press("5");
        bench.screen()
    });
}

#[test]
fn the_pane_gets_the_focus_when_instances_are_read_after_its_key_was_pressed() {
    let unread = || {
        let mut bench = Bench::ready(120, 40);
        bench.app.services = ServicesPane::default();
        bench
    };
    let mut bench = unread();
    bench.press("5");
    assert!(bench.screen().contains("the instances are still being read"));
    list(&mut bench, services());
    assert_eq!(bench.app.focus, Pane::Services);
    // Another key cancels the wait.
    let mut bench = unread();
    bench.press("5 3");
    list(&mut bench, services());
    assert_eq!(bench.app.focus, Pane::Failures);
}

#[test]
fn without_instances_there_are_four_panes_and_the_key_says_how_to_launch_one() {
    let mut bench = Bench::ready(120, 40);
    bench.press("tab tab tab tab");
    assert_eq!(bench.app.focus, Pane::Catalog);
    bench.press("5");
    assert!(matches!(bench.taken().pop(), Some(Effect::Query(call)) if call.verb() == "services"));
    let mut bench = Bench::serving(120, 40);
    bench.press("tab tab tab tab");
    assert_eq!(bench.app.focus, Pane::Services);
    bench.press("tab");
    assert_eq!(bench.app.focus, Pane::Catalog);
    bench.press("5");
    list(&mut bench, vec![]);
    assert_eq!(bench.app.focus, Pane::Catalog, "there is no such pane any more");
    assert!(!bench.screen().contains("5 Services"));
}

#[test]
fn a_change_is_loaded_once_and_what_died_is_shown_as_soon_as_it_is_told() {
    let mut bench = Bench::serving(100, 30);
    for _ in 0..9 {
        bench.send(Msg::Changed(Change::Services));
    }
    assert!(matches!(bench.taken().as_slice(), [Effect::Serve(Serving::Load)]));
    list(&mut bench, services());
    assert!(matches!(bench.taken().as_slice(), [Effect::Serve(Serving::Load)]), "something changed meanwhile");
    list(&mut bench, services());
    assert!(bench.taken().is_empty());
    bench.send(Msg::Services(vec![service("db", InstanceState::Lost)]));
    let screen = bench.screen();
    assert!(screen.contains("? lost") && screen.contains("✗ 1 service failing"), "{screen}");
}

#[test]
fn the_selection_stays_on_its_instance_when_others_come() {
    let mut bench = Bench::serving(100, 30);
    bench.press("5 down");
    let name = |bench: &Bench| bench.app.services.selected_view().map(|view| view.instance.name.to_string());
    let before = name(&bench);
    let mut more = services();
    more.push(service("aaa", InstanceState::Starting));
    list(&mut bench, more);
    assert_eq!(name(&bench), before);
}

#[test]
fn enter_opens_the_log_of_the_newest_run_which_is_followed_and_grows() {
    let mut bench = Bench::serving(100, 30);
    bench.press("5 enter");
    let effects = bench.taken();
    let [Effect::LoadSpool { tab, run: id, before: None }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((*id, bench.app.focus), (RunId(21), Pane::Output));
    let record = Run { id: *id, ..run(21, &tool("db", Stage::Approved), RunOutcome::Running) };
    bench.answer(Answer::Spool { tab: *tab, kept: Ok(Box::new(Kept { run: record, frames: vec![] })) });
    let frame = |text: &str, offset| crate::engine::Frame {
        stream: crate::domain::Stream::Stdout,
        at_ms: 1,
        bytes: text.as_bytes().to_vec(),
        offset,
    };
    bench.send(Msg::Output { run: *id, frames: vec![frame("listening\n", 4)], skipped: 0 });
    let screen = bench.screen();
    assert!(screen.contains("listening") && screen.contains("▶ running  2m"), "{screen}");
    // The instance belongs to a keeper: quitting does not stop it.
    bench.press("q");
    assert!(matches!(bench.taken().as_slice(), [Effect::Leave(Ending::Quit)]));
    // The keys that stop or repeat a run apply to the instance.
    bench.press("S");
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(Command::Verb(call))] if call.verb() == "terminate"));
    bench.press("esc r");
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(Command::Verb(call))] if call.verb() == "relaunch"));
}

#[test]
fn terminate_asks_and_relaunch_asks_and_launch_starts_what_is_stopped() {
    let mut bench = Bench::serving(120, 40);
    bench.press("5 S");
    let command = match bench.taken().pop() {
        Some(Effect::Preview(command)) => command,
        other => panic!("{other:?}"),
    };
    assert_eq!(command, Command::Verb(VerbCall::new("terminate", &[("instance", "db")])));
    let preview = Preview { title: "Terminate db?".into(), lines: vec![], undo: String::new() };
    bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview) });
    bench.draw();
    bench.wait(600).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
    bench.press("R");
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(Command::Verb(call))] if call.verb() == "relaunch"));
    bench.press("esc r");
    assert!(bench.taken().is_empty(), "it runs");
    assert!(bench.screen().contains("db is running already"));
    bench.wait(600).press("G r");
    let launch = Command::Verb(VerbCall::new("launch", &[("tool", "old"), ("instance", "old-helper")]));
    let effects = bench.taken();
    assert!(matches!(effects.as_slice(), [Effect::Execute(done)] if *done == launch), "{effects:?}");
    bench.press("S");
    assert!(bench.screen().contains("old-helper does not run (stopped)"));
}

#[test]
fn a_service_of_the_catalog_is_launched_under_its_name_or_under_another() {
    let mut bench = Bench::serving(120, 40);
    with_service_tool(&mut bench, "editor");
    bench.press("1 r");
    let launch = Command::Verb(VerbCall::new("launch", &[("tool", "editor")]));
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == launch));
    assert!(bench.app.overlays.is_empty());
    let mut done = outcome("editor is starting");
    done.detail = json!({ "instance": "editor" });
    bench.answer(Answer::Done { command: launch, outcome: Ok(done) });
    assert_eq!(bench.app.focus, Pane::Catalog);
    let mut rows = services();
    rows.push(service("editor", InstanceState::Starting));
    list(&mut bench, rows);
    assert_eq!(bench.app.focus, Pane::Services);
    assert_eq!(bench.app.services.selected_view().unwrap().instance.name.as_str(), "editor");
    bench.taken();
    bench.press("1 r");
    assert!(bench.taken().is_empty(), "the name is asked for");
    assert!(bench.screen().contains("editor exists already and is starting"));
    bench.type_text(" ?").press("enter");
    assert!(bench.taken().is_empty(), "no name");
    bench.press("esc 1 r enter");
    assert_eq!(launched(&mut bench), "editor-2", "a name that is free is proposed");
    let free = service("editor", InstanceState::Stopped);
    list(&mut bench, vec![free]);
    bench.press("1 r");
    assert!(bench.screen().contains("editor is stopped: this name launches it again"));
    bench.press("enter");
    assert_eq!(launched(&mut bench), "editor");
}

/// The name with which `editor` is launched.
fn launched(bench: &mut Bench) -> String {
    let Some(Effect::Execute(Command::Verb(call))) = bench.taken().pop() else { panic!("nothing is launched") };
    assert_eq!((call.verb(), call.get("tool")), ("launch", Some("editor")));
    call.get("instance").unwrap().to_owned()
}

#[test]
fn a_key_sorts_the_instances_and_the_selection_stays_on_its_instance() {
    let mut bench = Bench::serving(120, 40);
    bench.press("5 G");
    let selected = |bench: &Bench| bench.app.services.selected_view().unwrap().instance.name.to_string();
    let before = selected(&bench);
    for title in ["failing first", "most cpu first", "most memory first", "failing"] {
        bench.press("o");
        assert!(bench.screen().contains(title), "{title}\n{}", bench.screen());
        assert_eq!(selected(&bench), before);
    }
    bench.press("o").draw();
    let screen = bench.screen();
    assert!(screen.find("✗ failed") < screen.find("! unhealthy"), "{screen}");
}

#[test]
fn the_footer_of_a_log_says_what_its_keys_do_with_the_instance() {
    let mut bench = Bench::serving(120, 40);
    bench.press("5 enter");
    bench.taken();
    bench.press("2");
    let screen = bench.screen();
    let footer = screen.lines().last().unwrap();
    assert!(footer.contains("terminate") || footer.contains("relaunch"), "{footer}");
    assert!(!footer.contains("rerun") && !footer.contains("cancel"), "{footer}");
}

#[test]
fn a_key_gives_up_the_jump_to_what_was_launched() {
    let mut bench = Bench::serving(120, 40);
    let launch = Command::Verb(VerbCall::new("launch", &[("tool", "editor")]));
    let mut done = outcome("editor is starting");
    done.detail = json!({ "instance": "editor" });
    bench.answer(Answer::Done { command: launch, outcome: Ok(done) });
    bench.press("2");
    list(&mut bench, vec![service("editor", InstanceState::Starting)]);
    assert_eq!(bench.app.focus, Pane::Output);
}

#[test]
fn an_answer_is_shown_below_the_message_and_waiting_stops_nothing() {
    let with_answer = |width, height| {
        let mut bench = Bench::serving(width, height);
        bench.press("5 down \"").type_text("how are you?").press("enter");
        let (ticket, call) = sent(&mut bench);
        assert_eq!(call, VerbCall::new("say", &[("instance", "api"), ("message", "how are you?")]));
        assert!(bench.screen().contains("waiting for the answer"));
        bench.press("x enter");
        assert!(bench.taken().is_empty(), "one message at a time");
        said(&mut bench, ticket, Ok(outcome("fine\nall tests pass")));
        bench
    };
    snapshot_sizes("say", with_answer);
    let mut bench = with_answer(100, 30);
    bench.press("enter");
    let (ticket, call) = sent(&mut bench);
    assert_eq!(call.get("message"), Some("x"), "what was typed meanwhile is the next message");
    let error = EngineError::new(ErrorCode::Failed, "api did not answer within 60 s", "try again");
    said(&mut bench, ticket, Err(error));
    let screen = bench.screen();
    assert!(screen.contains("api did not answer within 60 s") && screen.contains("try again"), "{screen}");
}

#[test]
fn an_answer_that_comes_after_the_box_was_closed_is_said_in_the_last_line() {
    let mut bench = Bench::serving(100, 30);
    bench.press("5 down \"").type_text("hello").press("enter");
    let (ticket, _) = sent(&mut bench);
    bench.press("esc j k");
    assert!(bench.app.overlays.is_empty());
    // Another box does not accept the answer.
    bench.press("\"");
    bench.press("esc");
    said(&mut bench, ticket, Ok(outcome("good\u{1b}[2J day")));
    let screen = bench.screen();
    assert!(screen.contains("api: good") && !screen.contains('\u{1b}'), "{screen}");
}

#[test]
fn what_is_not_allowed_yet_is_asked_for_before_a_launch_and_before_a_message() {
    let mut bench = Bench::serving(100, 30);
    let allow = Command::Allow { tool: "api".into(), digest: crate::domain::Digest::of_bytes(b"api") };
    let launch = Command::Verb(VerbCall::new("launch", &[("tool", "api")]));
    let agree = |bench: &mut Bench| {
        assert!(matches!(bench.taken().as_slice(), [Effect::Preview(command)] if *command == allow));
        let preview = Preview { title: "Allow api?".into(), lines: vec![], undo: String::new() };
        bench.answer(Answer::Preview { command: allow.clone(), preview: Ok(preview) });
        bench.draw();
        bench.wait(600).press("y");
        assert!(matches!(bench.taken().as_slice(), [Effect::Execute(command)] if *command == allow));
        bench.answer(Answer::Done { command: allow.clone(), outcome: Ok(outcome("allowed")) });
    };
    let held = Box::new(Held::Command(launch.clone()));
    bench.answer(Answer::Serving(Box::new(Served::Asks { command: allow.clone(), held })));
    agree(&mut bench);
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(command)] if *command == launch));

    bench.press("5 down \"").type_text("hello").press("enter");
    let (ticket, call) = sent(&mut bench);
    let held = Box::new(Held::Serving(Serving::Say { ticket, call }));
    bench.answer(Answer::Serving(Box::new(Served::Asks { command: allow.clone(), held })));
    agree(&mut bench);
    let (ticket, call) = sent(&mut bench);
    assert_eq!(call.get("message"), Some("hello"));
    said(&mut bench, ticket, Ok(outcome("hello, human")));
    assert!(bench.screen().contains("hello, human"));

    // After a refusal the user can continue to type: no answer is awaited.
    bench.type_text("again").press("enter");
    let (ticket, call) = sent(&mut bench);
    let held = Box::new(Held::Serving(Serving::Say { ticket, call }));
    bench.answer(Answer::Serving(Box::new(Served::Asks { command: allow, held })));
    bench.taken();
    bench.press("esc enter");
    let (_, call) = sent(&mut bench);
    assert_eq!(call.get("message"), Some("again"));
}

#[test]
fn a_change_of_prompts_that_the_palette_asks_for_is_a_question() {
    let mut bench = Bench::serving(100, 30);
    bench.press("5");
    let mut args = crate::tui::overlay::Args::default();
    args.push("instance", "db".to_owned());
    args.push("stage", "be brief".to_owned());
    bench.app.perform(crate::action::Verb::Context, &args);
    assert_eq!(bench.app.overlays.len(), 1, "a question");
}

#[test]
fn leaving_says_what_goes_on_and_asks_only_about_runs() {
    let mut bench = Bench::serving(80, 24);
    bench.press("q");
    assert!(matches!(bench.taken().as_slice(), [Effect::Leave(Ending::Quit)]));
    assert_eq!(bench.app.farewell().as_deref(), Some("3 services keep running"));
    assert_eq!(Bench::ready(80, 24).app.farewell(), None);
    let mut bench = running(80, 24);
    list(&mut bench, vec![service("db", InstanceState::Running)]);
    bench.press("q");
    let screen = bench.screen();
    assert!(screen.contains("1 run is still active") && screen.contains("1 service keeps running."), "{screen}");
}

#[test]
fn nothing_wakes_the_screen_every_second_but_a_start_that_is_counted_down_to() {
    let mut bench = Bench::empty(80, 24);
    list(&mut bench, vec![service("db", InstanceState::Stopped)]);
    bench.draw();
    assert_eq!(bench.app.next_wake(), None);
    list(&mut bench, vec![service("db", InstanceState::Running)]);
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 60_000), "its age");
    list(&mut bench, services());
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 1_000));
}

#[test]
fn use_is_looked_at_only_while_the_pane_is_on_the_screen() {
    let mut bench = Bench::ready(80, 24);
    list(&mut bench, services());
    let watches = |bench: &mut Bench| {
        let effects = bench.taken();
        effects.into_iter().find_map(|effect| match effect {
            Effect::Serve(Serving::Watch(on)) => Some(on),
            _ => None,
        })
    };
    assert_eq!(watches(&mut bench), None);
    bench.press("5");
    assert_eq!(watches(&mut bench), Some(true));
    bench.press("down");
    assert_eq!(watches(&mut bench), None);
    bench.press("1");
    assert_eq!(watches(&mut bench), Some(false));
    bench.resize(120, 40);
    assert_eq!(watches(&mut bench), Some(true));
}

#[test]
fn a_run_of_an_ordinary_tool_has_its_form_as_before() {
    let mut bench = Bench::serving(100, 30);
    bench.press("1 r");
    let effects = bench.taken();
    assert!(matches!(effects.as_slice(), [Effect::LoadDetail { purpose: DetailFor::Run, .. }]), "{effects:?}");
}

#[test]
fn a_service_is_defined_from_the_palette_and_a_refused_definition_can_be_corrected() {
    let mut bench = Bench::ready(100, 30);
    bench.press(":").type_text("define").press("enter");
    let screen = bench.screen();
    assert!(screen.contains("name of the service") && screen.contains("executable"), "{screen}");
    bench.taken();
    bench.press("ctrl-s");
    assert!(bench.taken().is_empty() && bench.screen().contains("✗ required"), "a name is needed");
    bench.type_text("helper").press("tab tab").type_text(" /usr/bin/x").press("tab tab").type_text("99999");
    bench.press("up").type_text("Helps").press("ctrl-s");
    let Some(Effect::Execute(Command::Verb(call))) = bench.taken().pop() else { panic!("nothing is defined") };
    let wanted = [("name", "helper"), ("executable", "/usr/bin/x"), ("description", "Helps"), ("port", "99999")];
    assert_eq!(call, VerbCall::new("define", &wanted));
    assert!(bench.app.overlays.is_empty());

    let refuse = |bench: &mut Bench| {
        let outcome = Err(EngineError::new(ErrorCode::Usage, "99999 is not a port", "use a number"));
        bench.answer(Answer::Done { command: Command::Verb(call.clone()), outcome });
    };
    refuse(&mut bench);
    let screen = bench.screen();
    assert!(screen.contains("99999 is not a port: use a number") && screen.contains("/usr/bin/x"), "{screen}");
    bench.press("tab tab tab tab backspace ctrl-s");
    let Some(Effect::Execute(Command::Verb(again))) = bench.taken().pop() else { panic!("nothing is defined") };
    assert_eq!(again.get("port"), Some("9999"));

    // A box opened meanwhile stays on top.
    bench.press("?");
    refuse(&mut bench);
    assert_eq!(bench.app.overlays.len(), 1);
}

#[test]
fn a_switch_of_a_form_is_turned_with_a_blank_and_takes_no_text() {
    let mut bench = Bench::ready(44, 12);
    bench.press(":").type_text("define").press("enter").type_text("helper").press("up");
    assert!(bench.screen().contains("probe"), "the last field is in view on a small screen too");
    bench.taken();
    bench.type_text("x ").press("enter");
    let Some(Effect::Execute(Command::Verb(call))) = bench.taken().pop() else { panic!("nothing is asked") };
    assert_eq!(call, VerbCall::new("define", &[("name", "helper"), ("probe", "yes")]));
}
