//! Rules that hold for every row of the table.

use super::keys::FOCUSABLE;
use super::*;
use std::collections::{HashMap, HashSet};

#[test]
fn names_are_kebab_case_and_unique() {
    let mut seen = HashSet::new();
    for row in ACTIONS {
        assert!(seen.insert(row.name), "{} twice", row.name);
        assert!(row.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.name);
        assert_eq!(by_name(row.name), Some(row));
        assert_eq!(spec(row.verb), row, "{} is not at the place of its verb", row.name);
    }
}

#[test]
fn docs_are_one_line_without_trailing_stop() {
    for row in ACTIONS {
        assert!(!row.doc.is_empty() && !row.doc.ends_with('.') && !row.doc.contains('\n'), "{}", row.name);
        for arg in row.args {
            assert!(!arg.doc.is_empty() && !arg.doc.ends_with('.'), "{} {}", row.name, arg.name);
        }
    }
}

/// Contexts whose keys are active at the same time as those of `context`.
fn live_with(context: Context) -> Vec<Context> {
    match context {
        Context::Global | Context::Motion => vec![context],
        pane => vec![pane, Context::Global, Context::Motion],
    }
}

#[test]
fn no_key_means_two_things_at_once() {
    for context in FOCUSABLE {
        let mut owner: HashMap<&str, &str> = HashMap::new();
        for row in ACTIONS {
            if !row.contexts.iter().any(|c| live_with(context).contains(c)) {
                continue;
            }
            for key in row.keys {
                if let Some(other) = owner.insert(key, row.name) {
                    panic!("{key} is {other} and {} in {context:?}", row.name);
                }
            }
        }
    }
}

#[test]
fn a_key_has_one_meaning_wherever_it_works() {
    let mut owners: HashMap<&str, Vec<Verb>> = HashMap::new();
    for row in ACTIONS {
        for key in row.keys {
            owners.entry(key).or_default().push(row.verb);
        }
    }
    // In a box, a key performs one of its own verbs, or another verb that does the same to something else.
    let mut boxes: HashMap<&str, Vec<Verb>> = HashMap::new();
    for row in BOX_ROWS {
        let (panes, boxes) = (owners.entry(row.key).or_default(), boxes.entry(row.key).or_default());
        if !panes.contains(&row.verb) && !boxes.contains(&row.verb) {
            boxes.push(row.verb);
        }
    }
    for (key, verbs) in &owners {
        let boxed = boxes.get(key).map_or(&[][..], Vec::as_slice);
        let meaning = MEANINGS.iter().find(|meaning| meaning.key == *key);
        match meaning {
            Some(meaning) => {
                assert_eq!((meaning.verbs, meaning.boxes), (verbs.as_slice(), boxed), "{key}: {}", meaning.does);
            }
            None => assert_eq!(
                verbs.len() + boxed.len(),
                1,
                "{key} means {verbs:?} and in boxes {boxed:?}: say in MEANINGS what they have in common"
            ),
        }
    }
    assert!(MEANINGS.iter().all(|meaning| owners.contains_key(meaning.key)));
}

#[test]
fn a_box_has_a_key_once_and_none_that_answers_questions_or_moves() {
    let moves = ["esc", "q", "?", "/", "n", "N", "j", "k", "g", "G", "h", "l", "y"];
    for row in BOX_ROWS {
        let same = BOX_ROWS.iter().filter(|other| (other.place, other.key) == (row.place, row.key)).count();
        assert!(same == 1 && !moves.contains(&row.key), "{}: {}", row.place, row.key);
        assert!(KeyText::parse(row.key).is_ok() && !row.doc.ends_with('.'), "{}", row.word);
    }
}

#[test]
fn what_takes_something_away_needs_a_capital() {
    let verbs = [Verb::Archive, Verb::Cancel, Verb::Stop, Verb::Terminate, Verb::Deprecate, Verb::Rollback];
    for verb in verbs {
        let keys = spec(verb).keys;
        assert!(keys.iter().all(|key| key.chars().all(char::is_uppercase)), "{} has {keys:?}", spec(verb).name);
    }
    let takes_away = |row: &&BoxRow| {
        matches!(row.verb, Verb::Revoke | Verb::Unset | Verb::Dismiss)
            || ["clear", "delete"].iter().any(|word| row.word.starts_with(word))
    };
    let rows: Vec<&BoxRow> = BOX_ROWS.iter().filter(takes_away).collect();
    assert!(rows.len() >= 5 && rows.iter().all(|row| row.key == "X"), "{rows:?}");
}

#[test]
fn a_verb_is_reachable_and_a_key_has_a_context() {
    for row in ACTIONS {
        assert!(row.cli || row.tui, "{} cannot be reached", row.name);
        assert_eq!(row.keys.is_empty(), row.contexts.is_empty(), "{}", row.name);
        assert!(row.tui || row.keys.is_empty(), "{} has a key but no screen", row.name);
    }
}

#[test]
fn whatever_changes_something_can_also_be_done_from_the_shell() {
    for row in ACTIONS {
        assert!(row.risk == Risk::View || row.cli, "{} changes something and is no sub-command", row.name);
    }
}

#[test]
fn whatever_changes_something_can_be_tried_or_says_why_not() {
    let listed: HashSet<&str> = NO_DRY_RUN.iter().map(|(verb, _)| spec(*verb).name).collect();
    assert_eq!(listed.len(), NO_DRY_RUN.len(), "a verb is listed twice");
    for row in ACTIONS.iter().filter(|row| row.cli) {
        let can = row.args.iter().any(|arg| arg.name == "dry-run");
        let must_say = row.risk != Risk::View && !can;
        assert_eq!(listed.contains(row.name), must_say, "{}: --dry-run {can}", row.name);
    }
}

#[test]
fn decisions_are_never_on_enter_or_space_and_never_neighbours() {
    let decisions = [Verb::Approve, Verb::Reject, Verb::RequestChanges];
    for verb in decisions {
        let row = spec(verb);
        assert_eq!(row.risk, Risk::HumanOnly);
        assert!(row.keys.iter().all(|key| !["enter", "space"].contains(key)));
    }
    let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let place =
        |key: &str| rows.iter().enumerate().find_map(|(y, row)| row.find(key).map(|x| (x as f32 + 0.4 * y as f32, y)));
    let (a, x) = (place(spec(Verb::Approve).keys[0]).unwrap(), place(spec(Verb::Reject).keys[0]).unwrap());
    let distance = (a.0 - x.0).abs() + a.1.abs_diff(x.1) as f32;
    assert!(distance > 1.5, "approve and reject are neighbours");
}

#[test]
fn positional_arguments_are_required_first() {
    for row in ACTIONS {
        let positional: Vec<_> = row.args.iter().filter(|a| a.form.is_positional()).collect();
        assert!(positional.windows(2).all(|pair| pair[0].required || !pair[1].required), "{}", row.name);
        let before_last = positional.split_last().map_or(&[][..], |(_, before)| before);
        assert!(before_last.iter().all(|arg| arg.form != Form::Several), "{}", row.name);
        let names: HashSet<_> = row.args.iter().map(|a| a.name).collect();
        assert_eq!(names.len(), row.args.len(), "{} has an argument twice", row.name);
    }
}

#[test]
fn a_call_is_for_humans_by_its_verb_or_by_what_was_given() {
    let run = spec(Verb::Run);
    assert_eq!(run.human_only(|_| true).as_deref(), Some("run --allow"));
    assert_eq!(run.human_only(|arg| arg.name == "input"), None);
    assert_eq!(spec(Verb::Approve).human_only(|_| false).as_deref(), Some("approve"));
    assert_eq!(spec(Verb::List).human_only(|_| true), None);
}

#[test]
fn what_only_humans_may_say_is_listed_here_so_that_a_new_one_is_thought_about() {
    let verbs: Vec<&str> = ACTIONS.iter().filter(|row| row.risk == Risk::HumanOnly).map(|row| row.name).collect();
    let expected = [
        "starter",
        "pull",
        "clear-state",
        "untag",
        "edit-mark",
        "wrong-answer",
        "resolve",
        "edit",
        "list-tools",
        "dismiss",
        "comment",
        "withdraw",
        "approve",
        "reject",
        "request-changes",
        "ask-team",
        "claim",
        "team-policy",
        "team-import",
        "sync",
        "promote",
        "archive",
        "restore",
        "grant",
        "revoke",
        "unlock",
        "disconnect",
        "token",
        "revoke-token",
        "set",
        "unset",
        "pin",
        "unpin",
        "trim",
        "rollback",
        "restore-files",
        "fork",
        "deprecate",
        "undo",
        "prune",
    ];
    assert_eq!(verbs, expected);
    let flags: Vec<String> = ACTIONS
        .iter()
        .filter(|row| row.risk != Risk::HumanOnly)
        .flat_map(|row| row.args.iter().filter(|arg| arg.human_only).map(|arg| format!("{} {}", row.name, arg.name)))
        .collect();
    let expected = [
        "run allow",
        "rerun allow",
        "continue allow",
        "define allow",
        "accept generate",
        "launch allow",
        "terminate forget",
        "sign yes",
        "doctor restore",
        "doctor rebuild",
        "doctor accept-loss",
        "doctor same-workspace",
        "doctor copied",
    ];
    assert_eq!(flags, expected);
}

#[test]
fn whatever_an_argument_names_is_listed_under_a_word_of_candidates() {
    let ArgKind::Word(words) = spec(Verb::Candidates).args[0].kind else { panic!("it takes a word") };
    for arg in ACTIONS.iter().flat_map(|row| row.args) {
        assert!(arg.kind.listed().is_none_or(|what| words.contains(&what)), "{}", arg.name);
    }
}
