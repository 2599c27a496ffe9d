//! The form of a run for each way to pass input, and the resulting command line.

use crate::domain::{InputMode, Recipe, Stage};
use crate::tui::effect::{DetailFor, Effect};
use crate::tui::msg::Answer;
use crate::tui::testing::{Bench, dossier, tool};
use serde_json::{Value, json};

/// The form of a tool that is started like this.
fn form(recipe: Recipe, properties: &Value) -> Bench {
    let mut bench = Bench::ready(100, 40);
    bench.press("r");
    let tool = tool("csv-stats", Stage::Approved);
    let mut dossier = dossier(&tool, Some(json!({"type": "object", "properties": properties})));
    let command = if recipe.command.is_empty() { vec!["python3".into(), "{file}".into()] } else { recipe.command };
    dossier.detail.manifest.recipe = Some(Recipe { command, entry: Some("main.py".into()), ..recipe });
    bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail: Ok(dossier) });
    bench
}

fn args(input: InputMode, rules: &[&str]) -> Recipe {
    Recipe { args: rules.iter().map(|rule| rule.parse().unwrap()).collect(), ..Recipe::blank(input) }
}

/// The input sent when the form is submitted.
fn sent(bench: &mut Bench) -> Value {
    bench.press("ctrl-s");
    let started = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::StartRun { request, .. } => request.input,
        _ => None,
    });
    started.expect("a run starts")
}

#[track_caller]
fn shows(bench: &mut Bench, texts: &[&str]) {
    let screen = bench.screen();
    for text in texts {
        assert!(screen.contains(text), "{text:?} is missing in:\n{screen}");
    }
}

#[test]
fn words_and_lists_are_shown_as_they_will_be_passed() {
    let rules = args(InputMode::Args, &["-n count", "path", "more"]);
    let mut bench = form(
        rules,
        &json!({"path": {"type": "string"}, "more": {"type": "array", "items": {"type": "string"}},
            "count": {"type": "integer"}}),
    );
    bench.type_text("a b");
    shows(&mut bench, &["passed as argument 1", "argument 2", "-n", "starts  python3 /tool/main.py 'a b'"]);
    bench.press("tab").type_text("x").press("enter").type_text("it's").press("tab").type_text("3");
    shows(&mut bench, &[r"python3 /tool/main.py -n 3 'a b' x 'it'\''s'", "passed as -n"]);
    assert_eq!(sent(&mut bench), json!({"path": "a b", "more": ["x", "it's"], "count": 3}));
}

#[test]
fn a_text_reaches_standard_input() {
    let rules = args(InputMode::StdinText, &["--upper", "< text"]);
    let mut bench = form(rules, &json!({"text": {"type": "string"}, "upper": {"type": "boolean"}}));
    bench.type_text("one").press("enter").type_text("two");
    shows(&mut bench, &["passed as standard input", "--upper", "stdin   one"]);
    assert_eq!(sent(&mut bench), json!({"text": "one\ntwo"}));
}

#[test]
fn json_variables_and_functions_are_named() {
    let name = json!({"my-name": {"type": "string"}});
    let mut bench = form(Recipe::blank(InputMode::StdinJson), &name);
    bench.type_text("Ada");
    shows(
        &mut bench,
        &["passed as JSON on standard input", "starts  python3 /tool/main.py", r#"stdin   {"my-name":"Ada"}"#],
    );
    let mut bench = form(Recipe::blank(InputMode::Env), &name);
    bench.type_text("Ada");
    shows(&mut bench, &["passed as $INPUT_MY_NAME", "starts  INPUT_MY_NAME=Ada python3 /tool/main.py"]);
    let called = Recipe { function: Some("greet".into()), ..Recipe::blank(InputMode::StdinJson) };
    let mut bench = form(called, &name);
    bench.type_text("Ada");
    shows(&mut bench, &["passed as parameter of greet", "python3 -c … /tool/main.py greet"]);
    assert_eq!(sent(&mut bench), json!({"my-name": "Ada"}));
}

#[test]
fn a_secret_is_nowhere_on_the_screen_and_is_sent_all_the_same() {
    let rules = args(InputMode::Args, &["--pin", "$API_KEY api_key"]);
    let mut bench =
        form(rules, &json!({"pin": {"type": "string", "format": "password"}, "api_key": {"type": "string"}}));
    bench.type_text("hunter2").press("tab").type_text("sk-777");
    let screen = bench.screen();
    assert!(!screen.contains("hunter2") && !screen.contains("sk-777"), "{screen}");
    assert!(screen.contains("API_KEY=••• python3 /tool/main.py --pin •••"), "{screen}");
    assert_eq!(sent(&mut bench), json!({"pin": "hunter2", "api_key": "sk-777"}));
}

#[test]
fn hidden_characters_of_an_input_are_shown_in_the_command_line() {
    let mut bench = form(args(InputMode::Args, &["path"]), &json!({"path": {"type": "string"}}));
    bench.send(crate::tui::msg::Msg::Paste("a\u{202e}b".into()));
    let screen = bench.screen();
    assert!(screen.contains("python3 /tool/main.py") && screen.contains("u{202e}"), "{screen}");
    assert!(!screen.chars().any(|c| c != '\n' && crate::domain::is_hidden(c)));
}

/// The form of a tool with these configured workers, and the worker in the effects of its submission.
fn chosen(keys: &[&str], workers: &[&str]) -> (Option<String>, String) {
    let mut bench = Bench::ready(100, 40);
    bench.press("r");
    let tool = tool("csv-stats", Stage::Approved);
    let properties = json!({"path": {"type": "string"}});
    let mut dossier = dossier(&tool, Some(json!({"type": "object", "properties": properties})));
    dossier.workers = workers.iter().map(|&name| name.to_owned()).collect();
    bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail: Ok(dossier) });
    for key in keys {
        bench.press(key);
    }
    let screen = bench.screen();
    bench.press("ctrl-s");
    let worker = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::StartRun { request, .. } => Some(request.worker),
        _ => None,
    });
    (worker.expect("a run starts"), screen)
}

#[test]
fn the_machine_of_a_run_is_chosen_in_its_form() {
    let workers = ["big", "small"];
    let (worker, screen) = chosen(&[], &workers);
    assert!(worker.is_none() && screen.contains("runs on this machine  ctrl-o another machine"), "{screen}");
    let (worker, screen) = chosen(&["ctrl-o"], &workers);
    assert!(worker.as_deref() == Some("big") && screen.contains("runs on worker big"), "{screen}");
    assert_eq!(chosen(&["ctrl-o", "ctrl-o"], &workers).0.as_deref(), Some("small"));
    assert_eq!(chosen(&["ctrl-o", "ctrl-o", "ctrl-o"], &workers).0, None);
    // A tool without input has a form only if there is a choice of machines.
    let mut bench = Bench::ready(100, 40);
    bench.press("r");
    let tool = tool("csv-stats", Stage::Approved);
    let mut dossier = dossier(&tool, None);
    dossier.detail.manifest.recipe = Some(super::recipe_without_input());
    dossier.workers = vec!["big".to_owned()];
    bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail: Ok(dossier) });
    assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    shows(&mut bench, &["it takes no input", "runs on this machine"]);
    bench.press("ctrl-o");
    shows(&mut bench, &["runs on worker big"]);
    bench.press("enter");
    let requests: Vec<_> = bench.taken().into_iter().collect();
    let started = requests.iter().find_map(|effect| match effect {
        Effect::StartRun { request, .. } => Some((request.worker.as_deref(), request.input.is_none())),
        _ => None,
    });
    assert_eq!(started, Some((Some("big"), true)));
    let (worker, screen) = chosen(&["ctrl-o"], &[]);
    assert!(worker.is_none() && !screen.contains("runs on"), "{screen}");
}

#[test]
fn the_form_says_what_a_run_goes_without_and_which_key_ends_that() {
    let mut bench = Bench::ready(100, 40);
    bench.press("r");
    let tool = tool("csv-stats", Stage::Approved);
    let mut dossier = dossier(&tool, Some(json!({"type": "object", "properties": {"path": {"type": "string"}}})));
    dossier.withheld = Some("reads {workspace}".into());
    bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail: Ok(dossier) });
    shows(
        &mut bench,
        &["! not approved: it runs without what it declares (reads {workspace}); p in the catalog", "opens its review"],
    );
}
