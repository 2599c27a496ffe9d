use super::*;
use crate::action::ACTIONS;
use crate::engine::CatalogState;

fn palette() -> Palette {
    let rows = ACTIONS
        .iter()
        .filter(|row| row.tui)
        .map(|spec| PaletteRow {
            spec,
            key: spec.keys.first().copied().unwrap_or_default().into(),
            reason: (spec.verb == Verb::Redraw).then(|| "not now".to_owned()),
            recent: (spec.verb == Verb::Zoom).then_some(0),
            likely: (spec.verb == Verb::Run).then_some(0),
            is_here: spec.contexts.contains(&crate::action::Context::Catalog),
        })
        .collect();
    let view = CatalogView {
        state: CatalogState::Ready,
        tools: vec![],
        problems: vec![],
        in_use: None,
        skipped: Arc::default(),
        generation: 1,
    };
    let defaults = Defaults { tool: Some("csv-stats".into()), ..Defaults::default() };
    Palette::new(rows, Arc::new(view), defaults)
}

fn press(palette: &mut Palette, text: &str) -> Reply {
    let mut reply = Reply::Stay;
    for c in text.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        reply = palette.key(&KeyEvent::new(code, KeyModifiers::NONE));
    }
    reply
}

#[test]
fn a_verb_without_arguments_is_invoked_at_once() {
    assert_eq!(press(&mut palette(), "doctor\n"), Reply::Invoke(Verb::Doctor, Args::default()));
}

#[test]
fn arguments_are_asked_one_by_one_and_esc_goes_one_step_back() {
    let mut palette = palette();
    assert_eq!(press(&mut palette, "promote\n\n"), Reply::Stay);
    assert_eq!(palette.command_line().unwrap(), "toolsmith promote csv-stats --to approved");
    assert_eq!(press(&mut palette, "\u{1b}"), Reply::Stay);
    assert_eq!(palette.input.text(), "csv-stats");
    press(&mut palette, "\n");
    let mut args = Args::default();
    args.push("tool", "csv-stats".into());
    args.push("to", "core".into());
    assert_eq!(press(&mut palette, "core\n"), Reply::Invoke(Verb::Promote, args));
}

#[test]
fn what_was_chosen_last_is_first_and_what_does_not_work_here_is_last_with_its_reason() {
    let mut palette = palette();
    let shown =
        |palette: &Palette| -> Vec<&str> { palette.shown.iter().map(|(at, _)| palette.rows[*at].spec.name).collect() };
    let all = shown(&palette);
    assert_eq!((all[0], all[1], *all.last().unwrap()), ("zoom", "run", "redraw"));
    // Verbs that apply to the selected tool come before those that need more arguments.
    let place = |name: &str| all.iter().position(|shown| *shown == name).unwrap();
    assert!(place("source") < place("undo") && place("undo") < place("search"), "{all:?}");
    assert!(place("archive") < place("rerun") && place("search") < place("redraw"), "{all:?}");
    press(&mut palette, "redraw");
    assert_eq!(press(&mut palette, "\n"), Reply::Stay);
    assert_eq!(palette.note.as_deref(), Some("redraw: not now"));
}

#[test]
fn the_command_line_holds_what_is_selected_and_typed_and_can_be_copied() {
    let mut palette = palette();
    press(&mut palette, "promote");
    assert_eq!(palette.command_line().unwrap(), "toolsmith promote csv-stats --to TO");
    press(&mut palette, "\nother");
    assert_eq!(palette.command_line().unwrap(), "toolsmith promote other --to TO");
    let copied = palette.key(&KeyEvent::new(KeyCode::Char('y'), KeyModifiers::CONTROL));
    assert_eq!(copied, Reply::Copy("toolsmith promote other --to TO".to_owned()));
}

#[test]
fn the_command_line_of_an_approval_names_the_review_and_its_digest() {
    let mut palette = palette();
    palette.defaults.review = Some("4".into());
    palette.defaults.digest = Some("0123456789ab".into());
    palette.defaults.run = Some("17".into());
    press(&mut palette, "approve");
    assert_eq!(palette.command_line().unwrap(), "toolsmith approve 4=0123456789ab");
    palette.input.clear();
    press(&mut palette, "rerun");
    assert_eq!(palette.command_line().unwrap(), "toolsmith rerun 17");
}

#[test]
fn a_verb_of_the_command_line_is_found_and_says_that_it_works_there() {
    let spec = ACTIONS.iter().find(|row| !row.tui && row.cli).unwrap();
    let mut palette = palette();
    let reason = Some("only on the command line".to_owned());
    let row = PaletteRow { spec, key: String::new(), reason, recent: None, likely: None, is_here: false };
    palette.rows.push(row);
    assert_eq!(press(&mut palette, &format!("{}\n", spec.name)), Reply::Stay);
    assert!(palette.note.as_deref().is_some_and(|note| note.contains("ctrl-y copies the command")));
    assert!(palette.command_line().is_some_and(|line| line.starts_with(&format!("toolsmith {}", spec.name))));
}

fn listed() -> Vec<Choice> {
    let choice = |value: &str, about: &str| Choice { value: value.into(), about: about.into(), at: None };
    vec![choice("12", "archive old-tool 1.0.0"), choice("11", "grant flaky to rosa")]
}

#[test]
fn what_can_be_undone_is_listed_and_chosen_by_moving_or_by_words_about_it() {
    let mut palette = palette();
    assert_eq!(press(&mut palette, "undo\n"), Reply::LoadChoices("operations", None));
    palette.set_choices("grants", Ok(Vec::new()));
    assert!(palette.choices.awaited.is_some(), "that was asked for by another argument");
    palette.set_choices("operations", Ok(listed()));
    assert_eq!(palette.command_line().unwrap(), "toolsmith undo", "it may be left out");
    for (down, line) in [(1, "toolsmith undo 12"), (2, "toolsmith undo 11")] {
        palette.key(&KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
        assert_eq!(palette.command_line().unwrap(), line, "{down}");
    }
    press(&mut palette, "old-tool");
    let mut args = Args::default();
    args.push("operation", "12".into());
    assert_eq!(press(&mut palette, "\n"), Reply::Invoke(Verb::Undo, args));
}

#[test]
fn what_must_be_named_is_the_selected_row_and_a_number_that_is_not_listed_is_taken_as_typed() {
    let mut args = Args::default();
    for (typed, grant) in [("\n", "12"), ("99\n", "99")] {
        let mut palette = palette();
        assert_eq!(press(&mut palette, "revoke\n"), Reply::LoadChoices("grants", None));
        palette.set_choices("grants", Ok(listed()));
        args.forget("grant");
        args.push("grant", grant.into());
        assert_eq!(press(&mut palette, typed), Reply::Invoke(Verb::Revoke, args.clone()));
    }
}

#[test]
fn a_value_that_was_filled_in_is_selected_among_all_others() {
    let mut palette = palette();
    press(&mut palette, "promote\n\n");
    assert_eq!(palette.shown.len(), 3, "the stages");
    palette.key(&KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
    assert_eq!(palette.command_line().unwrap(), "toolsmith promote csv-stats --to core");
    press(&mut palette, "\u{1b}");
    assert_eq!((palette.input.text().as_str(), palette.input.is_filled_in()), ("csv-stats", true));
}

#[test]
fn a_needed_argument_cannot_be_left_out() {
    let mut palette = palette();
    palette.defaults = Defaults::default();
    assert_eq!(press(&mut palette, "show\n\n"), Reply::Stay);
    assert!(palette.note.is_some());
    assert_eq!(press(&mut palette, "\u{1b}\u{1b}"), Reply::Close);
}

#[test]
fn a_verb_is_found_by_the_words_of_its_sentence() {
    for (typed, wanted) in [
        ("find duplicate tools", "similar"),
        ("permission", "grants"),
        ("undo operation", "undo"),
        ("restore archived tool", "restore"),
    ] {
        let mut palette = palette();
        press(&mut palette, typed);
        let found: Vec<&str> = palette.shown.iter().map(|(at, _)| palette.rows[*at].spec.name).collect();
        assert!(found.contains(&wanted), "{typed}: {found:?}");
    }
    let mut palette = palette();
    press(&mut palette, "paint the fence");
    assert!(palette.shown.is_empty());
}
