//! Rules that hold for the whole command line.

use super::*;
use crate::action::{ACTIONS, ArgKind};
use crate::engine::plain_verbs;

fn built() -> clap::Command {
    let mut command = command();
    command.build();
    command
}

#[test]
fn clap_finds_nothing_to_complain_about() {
    command().debug_assert();
}

#[test]
fn every_row_with_a_command_line_is_a_sub_command_that_says_the_same() {
    let command = built();
    let verbs: Vec<&str> =
        command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    let rows: Vec<&str> = ACTIONS.iter().filter(|row| row.cli).map(|row| row.name).collect();
    assert_eq!(verbs, rows);
    for row in ACTIONS.iter().filter(|row| row.cli) {
        let verb = command.find_subcommand(row.name).unwrap();
        assert_eq!(verb.get_about().map(ToString::to_string).as_deref(), Some(row.doc), "{}", row.name);
        let own: Vec<&str> = verb
            .get_arguments()
            .filter(|arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
            .map(|arg| arg.get_id().as_str())
            .collect();
        assert_eq!(own, row.args.iter().map(|arg| arg.name).collect::<Vec<_>>(), "{}", row.name);
    }
}

#[test]
fn every_argument_of_the_table_is_the_argument_of_the_sub_command() {
    let command = built();
    for row in ACTIONS.iter().filter(|row| row.cli) {
        let verb = command.find_subcommand(row.name).unwrap();
        for arg in row.args {
            let place = format!("{} {}", row.name, arg.name);
            let clap_arg = verb.get_arguments().find(|known| known.get_id() == arg.name).unwrap();
            assert_eq!(clap_arg.get_help().map(ToString::to_string).as_deref(), Some(arg.doc), "{place}");
            assert_eq!(clap_arg.is_required_set(), arg.required, "{place}");
            assert_eq!(clap_arg.is_positional(), arg.form.is_positional(), "{place}");
            assert_eq!(clap_arg.get_action().takes_values(), arg.kind != ArgKind::Switch, "{place}");
            if let ArgKind::Word(words) = arg.kind {
                let known: Vec<String> =
                    clap_arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
                assert_eq!(known, words, "{place}");
            }
        }
    }
}

#[test]
fn no_argument_of_a_verb_shadows_one_of_all_verbs() {
    let command = built();
    let globals: Vec<&str> =
        command.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().as_str()).collect();
    assert_eq!(globals, ["workspace", "json", "no-color", "accessible", "as-agent", "max-tier", "tools-in-use"]);
    for arg in ACTIONS.iter().flat_map(|row| row.args) {
        assert!(!globals.contains(&arg.name), "{}", arg.name);
    }
}

#[test]
fn the_help_is_as_it_was() {
    insta::assert_snapshot!("help", command().term_width(100).render_long_help().to_string());
    let mut command = built();
    for verb in ["run", "approve", "list"] {
        let verb_command = command.find_subcommand_mut(verb).unwrap().clone().term_width(100);
        insta::assert_snapshot!(format!("help-{verb}"), verb_command.clone().render_help().to_string());
    }
}

#[test]
fn the_short_help_fits_a_small_terminal_and_names_a_verb_of_each_group() {
    let text = command().render_help().to_string();
    assert!(text.trim_end().lines().count() <= 30, "{}\n{text}", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("help-short", text);
    for (_, rows) in build::groups() {
        assert!(text.contains(rows[0].name), "{}", rows[0].name);
    }
    assert!(text.contains("toolsmith help all"));
}

#[test]
fn help_all_is_the_long_help() {
    let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
    assert_eq!(whole_help(words("toolsmith help all")), words("toolsmith --help"));
    assert_eq!(whole_help(words("toolsmith --no-color help all")), words("toolsmith --no-color --help"));
    for other in ["toolsmith help", "toolsmith help run", "toolsmith run help all", "toolsmith all"] {
        assert_eq!(whole_help(words(other)), words(other));
    }
}

#[test]
fn global_arguments_work_before_and_after_the_verb() {
    for line in
        ["toolsmith --json --workspace /w --as-agent bot list", "toolsmith list --json --workspace /w --as-agent bot"]
    {
        let matches = command().try_get_matches_from(line.split(' ')).unwrap();
        let globals = Globals::new(&matches).unwrap();
        assert_eq!(
            (globals.json, globals.workspace, globals.agent),
            (true, Some("/w".into()), Some("bot".into())),
            "{line}"
        );
    }
}

#[test]
fn wrong_calls_are_usage_errors() {
    for line in [
        "frobnicate",
        "run",
        "run x --timeout soon",
        "run x --set key",
        "list --stage nowhere",
        "approve",
        "approve 1=abc",
        "approve 1=0123456789 x",
        "approve 1 --digest abc",
        "approve x --digest 0123456789",
        "reject 1",
        "promote x --to archived",
        "runs --limit 0",
        "completions tcsh",
        "list --as-agent human",
        "help-me",
        "zoom",
    ] {
        let args = std::iter::once("toolsmith").chain(line.split(' '));
        let error = command().try_get_matches_from(args).expect_err(line);
        assert!(error.use_stderr(), "{line}");
    }
}

#[test]
fn how_to_answer_is_known_before_the_arguments_are_understood() {
    let asked = |line: &str| {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let asked = Asked::of(&args);
        (asked.json, asked.color)
    };
    assert_eq!(asked("toolsmith nonsense --json"), (true, true));
    assert_eq!(asked("toolsmith run x --jsonl --no-color"), (true, false));
    assert_eq!(asked("toolsmith run x -- --json"), (false, true));
}

#[test]
fn a_verb_of_the_engine_that_needs_nothing_but_its_arguments_has_a_row_of_its_risk() {
    let verbs: Vec<&str> = plain_verbs().map(|(name, _)| name).collect();
    for (name, is_for_humans) in plain_verbs() {
        let row = action::by_name(name).unwrap();
        let risk = if is_for_humans { action::Risk::HumanOnly } else { action::Risk::Change };
        assert!(row.cli && row.tui && row.risk == risk, "{name}");
    }
    let distinct: std::collections::BTreeSet<&str> = verbs.iter().copied().collect();
    assert_eq!(distinct.len(), verbs.len());
}

#[test]
fn every_verb_of_the_command_line_is_answered() {
    let source = include_str!("mod.rs");
    let arms = &source[source.find("fn dispatch").unwrap()..];
    let is_answered = |row: &action::Spec| {
        arms.contains(&format!("Verb::{:?} =>", row.verb))
            || plain_query(row.name).is_some()
            || plain_verb(row.name).is_some()
    };
    let unanswered: Vec<&str> = ACTIONS.iter().filter(|row| row.cli && !is_answered(row)).map(|row| row.name).collect();
    assert_eq!(unanswered, [""; 0]);
}
