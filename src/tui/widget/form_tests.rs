use super::*;
use crate::domain::is_hidden;
use proptest::prelude::*;
use serde_json::json;

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn control(letter: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
}

fn typed(view: &mut FormView, text: &str) {
    for c in text.chars() {
        view.handle_key(key(KeyCode::Char(c)));
    }
}

fn view(schema: &Value, last: Option<&Value>) -> FormView {
    FormView::new(Form::from_schema(Some(schema), last, &[]))
}

fn schema() -> Value {
    json!({"type": "object", "required": ["path", "limit"], "properties": {
        "path": {"type": "string", "description": "Folder to look in, relative to the workspace."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 10},
        "mode": {"enum": ["fast", "slow"], "default": "fast"},
        "deep": {"type": "boolean"},
        "options": {"type": "object", "title": "Options", "properties": {
            "tags": {"type": "array", "items": {"type": "string"}}}},
        "text": {"type": "string"}}})
}

fn screen(view: &mut FormView, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view.render(buffer.area, &mut buffer, &Theme::dark());
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn letters_choose_the_option_that_begins_with_them() {
    let schema = json!({"type": "object", "properties": {"to": {"enum": ["en", "de", "es", "Deep"], "default": "en"}}});
    let mut view = view(&schema, None);
    let chosen = |view: &mut FormView, text: &str| {
        typed(view, text);
        view.form().value()["to"].clone()
    };
    assert_eq!(chosen(&mut view, "d"), "de");
    assert_eq!(chosen(&mut view, "e"), "de", "the second letter belongs to the word");
    assert_eq!(chosen(&mut view, "e"), "Deep", "and so does the third");
    assert_eq!(chosen(&mut view, "z"), "Deep", "nothing begins with it");
    view.handle_key(control('u'));
    assert_eq!(view.form().value(), json!({}), "cleared");
    assert_eq!(chosen(&mut view, "e"), "en");
    view.handle_key(key(KeyCode::Tab));
    assert_eq!(chosen(&mut view, "e"), "es", "one letter goes through those that begin with it");
}

#[test]
fn what_was_given_last_is_named_until_it_is_changed_and_a_key_clears_it() {
    let last = json!({"path": "Ada"});
    let mut view = view(&schema(), Some(&last)).filled_from("input of the last run");
    assert!(screen(&mut view, 80, 12).contains("input of the last run"));
    assert_eq!(view.keys("submit")[0], ("ctrl-s".to_owned(), "submit"));
    view.handle_key(control('u'));
    typed(&mut view, "Bob");
    assert_eq!(view.form().value()["path"], "Bob");
    assert!(!screen(&mut view, 80, 12).contains("input of the last run"));
    let mut single = FormView::new(Form::from_schema(
        Some(&json!({"type": "object", "properties": {"name": {"type": "string"}}})),
        None,
        &[],
    ));
    assert_eq!(single.keys("submit")[0], ("enter".to_owned(), "submit"));
    typed(&mut single, "x");
    assert_eq!(single.handle_key(key(KeyCode::Enter)), FormEvent::Submit(json!({"name": "x"})));
}

#[test]
fn a_form_is_filled_in_with_the_keyboard() {
    let mut view = view(&schema(), None);
    typed(&mut view, "q?");
    assert_eq!(view.handle_key(key(KeyCode::Enter)), FormEvent::None);
    typed(&mut view, "3");
    view.handle_key(key(KeyCode::Down));
    view.handle_key(key(KeyCode::Right));
    view.handle_key(key(KeyCode::Tab));
    view.handle_key(key(KeyCode::Char('t')));
    view.handle_key(key(KeyCode::Tab));
    typed(&mut view, "one");
    view.handle_key(key(KeyCode::Enter));
    typed(&mut view, "two");
    let expected = json!({"path": "q?", "limit": 3, "mode": "slow", "deep": true, "options": {"tags": ["one", "two"]}});
    assert_eq!(view.handle_key(control('s')), FormEvent::Submit(expected));
}

#[test]
fn an_input_that_does_not_fit_is_not_submitted_and_says_why() {
    let mut view = view(&schema(), None);
    assert_eq!(view.handle_key(control('s')), FormEvent::None);
    assert!(screen(&mut view, 60, 20).contains("✗ is required"));
    typed(&mut view, "x");
    view.handle_key(key(KeyCode::Enter));
    typed(&mut view, "99");
    assert!(screen(&mut view, 60, 20).contains("99 is greater than the maximum of 10"));
    view.handle_key(key(KeyCode::Backspace));
    assert_eq!(view.handle_key(control('s')), FormEvent::Submit(json!({"path": "x", "limit": 9, "mode": "fast"})));
}

#[test]
fn leaving_keeps_what_was_typed() {
    let mut view = view(&schema(), None);
    assert!(!view.is_edited());
    typed(&mut view, "kept");
    assert_eq!(view.handle_key(key(KeyCode::Esc)), FormEvent::Cancel);
    assert!(view.is_edited());
    assert_eq!(view.form().text_of("path"), "kept");
}

#[test]
fn the_whole_input_can_be_edited_as_json() {
    let mut view = view(&schema(), Some(&json!({"path": "a", "limit": 1})));
    view.handle_key(control('r'));
    assert!(view.is_whole());
    view.handle_key(key(KeyCode::Backspace));
    view.handle_key(control('r'));
    assert!(view.is_whole(), "broken JSON is not thrown away");
    assert!(screen(&mut view, 60, 20).contains("✗ not JSON: EOF while parsing an object at line"));
    typed(&mut view, ", \"more\": [1]}");
    view.handle_key(control('r'));
    assert!(!view.is_whole());
    assert_eq!(view.handle_key(control('s')), FormEvent::Submit(json!({"path": "a", "limit": 1, "more": [1]})));
}

#[test]
fn pasted_text_is_typed_and_never_submits() {
    let mut view = view(&schema(), None);
    view.handle_paste("a\r\nb");
    assert_eq!(view.form().text_of("path"), "a b");
}

#[test]
fn hidden_characters_of_a_prefilled_text_are_told() {
    let mut view = view(&schema(), Some(&json!({"path": "a\u{202e}b"})));
    let drawn = screen(&mut view, 60, 20);
    assert!(drawn.contains("hidden characters: 1, in full: a\\u{202e}b"), "{drawn}");
}

#[test]
fn the_form_at_60_by_20() {
    let mut view = view(&schema(), Some(&json!({"path": "src", "limit": 12, "text": "one\ntwo\nthree"})));
    view.handle_key(control('s'));
    insta::assert_snapshot!(screen(&mut view, 60, 20));
}

#[test]
fn a_small_form_scrolls_to_the_focused_field() {
    let mut view = view(&schema(), None);
    for _ in 0..5 {
        view.handle_key(key(KeyCode::Tab));
    }
    insta::assert_snapshot!(screen(&mut view, 40, 8));
}

proptest! {
    #[test]
    fn no_key_breaks_a_form_and_nothing_hidden_is_drawn(
        keys in proptest::collection::vec((0usize..14, any::<char>()), 0..60), width in 0u16..70, height in 0u16..22,
    ) {
        let mut view = view(&schema(), Some(&json!({"path": "a\u{202e}\u{200b}\u{1b}[2J"})));
        for (which, c) in keys {
            let event = match which {
                0 => key(KeyCode::Tab),
                1 => key(KeyCode::BackTab),
                2 => key(KeyCode::Enter),
                3 => key(KeyCode::Up),
                4 => key(KeyCode::Down),
                5 => key(KeyCode::Left),
                6 => control('r'),
                7 => control('s'),
                8 => key(KeyCode::Backspace),
                9 => control('x'),
                _ => key(KeyCode::Char(c)),
            };
            view.handle_key(event);
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            view.render(buffer.area, &mut buffer, &Theme::dark());
            for cell in &buffer.content {
                prop_assert!(!cell.symbol().chars().any(is_hidden));
            }
        }
    }
}

#[test]
fn only_the_fields_of_the_chosen_command_are_shown() {
    let rules = ["--db", "command", "name if command=add", "name if command=rm", "--age if command=add"];
    let mut manifest = Manifest::blank(crate::domain::ToolName::new("t").unwrap(), crate::domain::Dialect::Header);
    manifest.input = Some(json!({"type": "object", "properties": {
        "command": {"enum": ["add", "rm", "ls"]}, "db": {"type": "string"}, "name": {"type": "string"},
        "age": {"type": "integer"}}}));
    manifest.recipe = Some(crate::domain::Recipe {
        args: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
        ..crate::domain::Recipe::blank(crate::domain::InputMode::Args)
    });
    let form = Form::from_schema(manifest.input.as_ref(), None, &[]);
    let mut view = FormView::of_tool(form, &manifest);
    let shown = |view: &FormView| {
        let fields = view.form().fields().iter().enumerate();
        let names = fields.filter(|(index, _)| view.is_shown(*index)).map(|(_, field)| field.dotted());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&view), "command db");
    typed(&mut view, "a");
    assert_eq!(shown(&view), "command db name age");
    assert!(screen(&mut view, 60, 20).contains("age"));
    view.handle_key(key(KeyCode::BackTab));
    assert_eq!(view.form().fields()[view.focus].dotted(), "age", "fields that are shown are reached");
    view.handle_key(key(KeyCode::Tab));
    typed(&mut view, "l");
    assert_eq!(shown(&view), "command db");
    assert!(!screen(&mut view, 60, 20).contains("age"));
    view.handle_key(key(KeyCode::BackTab));
    assert_eq!(view.form().fields()[view.focus].dotted(), "db");
}

#[test]
fn typing_over_a_default_or_a_last_input_replaces_it_and_moving_the_cursor_keeps_it() {
    let schema = json!({"type": "object", "properties": {"op": {"type": "string", "default": "b * 00"}}});
    let mut filled = view(&schema, Some(&json!({"op": "old"})));
    typed(&mut filled, "new");
    assert_eq!(filled.form().value(), json!({"op": "new"}));
    let mut moved = view(&schema, Some(&json!({"op": "old"})));
    moved.handle_key(key(KeyCode::End));
    typed(&mut moved, "er");
    assert_eq!(moved.form().value(), json!({"op": "older"}));
    let mut default = view(&schema, None);
    typed(&mut default, "x");
    assert_eq!(default.form().value(), json!({"op": "x"}));
}

#[test]
fn up_on_the_first_field_brings_back_earlier_inputs_and_then_what_was_typed() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
    let earlier = vec![
        ("input of run #9".to_owned(), json!({"a": "nine", "b": "x"})),
        ("input of run #4".to_owned(), json!({"a": "four"})),
    ];
    let mut view = view(&schema, None).with_earlier(earlier);
    typed(&mut view, "typed");
    assert!(view.keys("run").iter().any(|(key, word)| key == "up" && *word == "last inputs"));
    view.handle_key(key(KeyCode::Up));
    assert_eq!(view.form().value(), json!({"a": "nine", "b": "x"}));
    assert!(screen(&mut view, 80, 12).contains("input of run #9"));
    view.handle_key(key(KeyCode::Up));
    assert_eq!(view.form().value(), json!({"a": "four"}));
    view.handle_key(key(KeyCode::Up));
    assert_eq!(view.form().value(), json!({"a": "typed"}));
}
