//! A form of short fields: a text, one of several words, or a switch. All forms of verbs use it and so have the same
//! keys.
//!
//! Enter goes to the next field and submits on the last one; ctrl-s submits anywhere. Typing replaces a value that was
//! filled in. Up on the first field recalls earlier submissions.
//!
//! Fields look like those of the form of a run: `›` before the focused field, `*` after the label of a required one,
//! the error and the purpose of a field below it, and missing fields at the end.

use super::text_input::TextInput;
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

/// The value of a switch that is on.
pub const ON: &str = "yes";

/// The width and height of a box that are not available for its fields.
const BOX_SIDES: u16 = 4;
const BOX_ENDS: u16 = 2;
/// The maximum number of lines of the help of a field.
const MOST_HELP_LINES: usize = 4;
/// The width of the sign before the focused field, and of the gap between names and values.
const SIGN: u16 = 1;
const GAP: u16 = 2;

/// Whether a key submits a form from any field.
pub fn submits(key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('s') | KeyCode::Enter)
}

/// The result of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldsEvent {
    /// The key edits, moves to another field, or has no meaning.
    None,
    /// The form is submitted.
    Submit,
    /// The form is closed.
    Cancel,
}

/// The input of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Text(TextInput),
    Choice { words: Vec<String>, chosen: usize },
    Switch(bool),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: &'static str,
    help: String,
    entry: Entry,
    required: bool,
}

impl Field {
    fn new(name: &'static str, help: String, entry: Entry) -> Field {
        Field { name, help, entry, required: false }
    }

    fn is_missing(&self) -> bool {
        self.required && self.value().trim().is_empty()
    }

    fn label(&self) -> String {
        if self.required { format!("{} *", self.name) } else { self.name.to_owned() }
    }

    fn value(&self) -> String {
        match &self.entry {
            Entry::Text(input) => input.text(),
            Entry::Choice { words, chosen } => words.get(*chosen).cloned().unwrap_or_default(),
            Entry::Switch(on) => if *on { ON } else { "" }.to_owned(),
        }
    }

    fn set(&mut self, value: &str) {
        match &mut self.entry {
            Entry::Text(input) => *input = TextInput::new(value),
            Entry::Choice { words, chosen } => {
                *chosen = words.iter().position(|word| word == value).unwrap_or(*chosen);
            }
            Entry::Switch(on) => *on = !value.is_empty(),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> bool {
        match (&mut self.entry, key.code) {
            (Entry::Text(input), _) => input.key(key),
            (Entry::Choice { words, chosen }, KeyCode::Right | KeyCode::Char(' ')) => {
                *chosen = (*chosen + 1) % words.len().max(1);
                true
            }
            (Entry::Choice { words, chosen }, KeyCode::Left) => {
                *chosen = (*chosen + words.len().saturating_sub(1)) % words.len().max(1);
                true
            }
            (Entry::Choice { words, chosen }, KeyCode::Char(letter)) => {
                let after = (1..=words.len()).map(|step| (*chosen + step) % words.len());
                let found = after.into_iter().find(|at| words[*at].starts_with(letter)).or_else(|| {
                    let number = letter.to_digit(10)? as usize;
                    number.checked_sub(1).filter(|at| *at < words.len())
                });
                *chosen = found.unwrap_or(*chosen);
                found.is_some()
            }
            (Entry::Switch(on), KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right) => {
                *on = !*on;
                true
            }
            (Entry::Choice { .. } | Entry::Switch(_), _) => false,
        }
    }
}

/// The fields with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    entries: Vec<Field>,
    at: usize,
    /// An error and its field; without a field, it concerns all of them.
    wrong: Option<(Option<usize>, String)>,
    edited: bool,
    /// Earlier submissions, newest first.
    earlier: Vec<Vec<String>>,
    /// The index of the shown submission, and the values typed before.
    recalled: Option<(usize, Vec<String>)>,
}

impl Fields {
    /// Adds a text field; typing replaces `preset`.
    pub fn text(mut self, name: &'static str, preset: &str, help: impl Into<String>) -> Fields {
        self.entries.push(Field::new(name, help.into(), Entry::Text(TextInput::preset(preset))));
        self
    }

    /// Adds a field for one of several words.
    pub fn choice(mut self, name: &'static str, words: &[&str], chosen: usize, help: impl Into<String>) -> Fields {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        self.entries.push(Field::new(name, help.into(), Entry::Choice { words, chosen }));
        self
    }

    /// Adds a switch.
    pub fn switch(mut self, name: &'static str, on: bool, help: impl Into<String>) -> Fields {
        self.entries.push(Field::new(name, help.into(), Entry::Switch(on)));
        self
    }

    /// Marks the field added last as required. The receiver of the values refuses a missing one.
    pub fn needed(mut self) -> Fields {
        if let Some(field) = self.entries.last_mut() {
            field.required = true;
        }
        self
    }

    /// Sets whether a field is required, which may depend on others.
    pub fn need(&mut self, name: &str, required: bool) {
        if let Some(field) = self.entries.iter_mut().find(|field| field.name == name) {
            field.required = required;
        }
    }

    /// Focuses the first required field that is empty, if any.
    #[must_use]
    pub fn at_missing(mut self) -> Fields {
        self.at = self.entries.iter().position(Field::is_missing).unwrap_or(self.at);
        self
    }

    /// Sets values that a user typed; typing continues after them.
    pub fn typed(mut self, values: &[String]) -> Fields {
        self.set_values(values);
        self
    }

    /// Restores a draft, if any, and the history of submissions.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        self.earlier = earlier.to_vec();
        if let Some(draft) = draft {
            self.set_values(draft);
            self.edited = true;
        }
    }

    /// The values of all fields; [`ON`] for a switch that is on.
    pub fn values(&self) -> Vec<String> {
        self.entries.iter().map(Field::value).collect()
    }

    /// The value of a field, without blanks around it.
    pub fn value(&self, name: &str) -> String {
        let field = self.entries.iter().find(|field| field.name == name);
        field.map(Field::value).unwrap_or_default().trim().to_owned()
    }

    /// The index of the chosen word of a field.
    pub fn chosen(&self, name: &str) -> usize {
        match self.entries.iter().find(|field| field.name == name).map(|field| &field.entry) {
            Some(Entry::Choice { chosen, .. }) => *chosen,
            _ => 0,
        }
    }

    fn set_values(&mut self, values: &[String]) {
        for (field, value) in self.entries.iter_mut().zip(values) {
            field.set(value);
        }
    }

    /// Whether any value was changed since the form was opened.
    pub fn is_edited(&self) -> bool {
        self.edited
    }

    /// Shows an error at a field, and focuses it.
    pub fn refuse(&mut self, name: &str, why: impl Into<String>) {
        let at = self.entries.iter().position(|field| field.name == name);
        self.at = at.unwrap_or(self.at);
        self.wrong = Some((at, why.into()));
    }

    /// Shows an error about the whole form.
    pub fn refuse_all(&mut self, why: impl Into<String>) {
        self.wrong = Some((None, why.into()));
    }

    /// Edits, moves, submits, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> FieldsEvent {
        if key.code == KeyCode::Esc {
            return FieldsEvent::Cancel;
        }
        if submits(key) {
            return FieldsEvent::Submit;
        }
        let many = self.entries.len().max(1);
        match key.code {
            KeyCode::Enter if self.at + 1 >= many => return FieldsEvent::Submit,
            KeyCode::Enter | KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % many,
            KeyCode::Up if self.at == 0 && !self.earlier.is_empty() => self.recall(),
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + many - 1) % many,
            _ => {
                let typed = self.entries.get_mut(self.at).is_some_and(|field| field.key(key));
                if typed {
                    self.changed();
                }
            }
        }
        FieldsEvent::None
    }

    /// Inserts pasted text into the focused field.
    pub fn paste(&mut self, text: &str) {
        if let Some(Entry::Text(input)) = self.entries.get_mut(self.at).map(|field| &mut field.entry) {
            input.insert(text);
            self.changed();
        }
    }

    fn changed(&mut self) {
        self.edited = true;
        self.recalled = None;
        self.wrong = None;
    }

    /// Recalls earlier submissions, an older one each time; after the oldest, the typed values.
    fn recall(&mut self) {
        let (next, typed) = match self.recalled.take() {
            Some((shown, typed)) => (shown + 1, typed),
            None => (0, self.values()),
        };
        self.wrong = None;
        match self.earlier.get(next).cloned() {
            Some(values) => {
                self.set_values(&values);
                self.recalled = Some((next, typed));
                self.edited = true;
            }
            None => self.set_values(&typed),
        }
    }

    /// The available keys, the most important first; `submit` names the effect of submitting.
    pub fn keys(&self, submit: &'static str) -> Vec<(String, &'static str)> {
        let is_last = self.at + 1 >= self.entries.len();
        let main = if is_last { ("enter", submit) } else { ("ctrl-s", submit) };
        let choice = matches!(self.entries.get(self.at).map(|field| &field.entry), Some(Entry::Choice { .. }));
        let switch = matches!(self.entries.get(self.at).map(|field| &field.entry), Some(Entry::Switch(_)));
        let mut keys = vec![main, ("esc", "close (draft kept)")];
        if !is_last {
            keys.push(("enter", "next field"));
        } else if self.entries.len() > 1 {
            keys.push(("tab", "next field"));
        }
        if choice {
            keys.push(("←→", "choose"));
        }
        if switch {
            keys.push(("space", "switch"));
        }
        if self.at == 0 && !self.earlier.is_empty() {
            keys.push(("up", "last inputs"));
        }
        keys.into_iter().map(|(key, word)| (key.to_owned(), word)).collect()
    }

    /// The height of a box of this width, including its border, for the fields and their texts, whichever field has the
    /// focus.
    pub fn box_rows(&self, screen: Rect, columns: u16) -> u16 {
        let width = columns.min(screen.width.saturating_sub(2)).saturating_sub(BOX_SIDES);
        self.rows(width).saturating_add(BOX_ENDS)
    }

    /// The height of the fields and their texts at this width, without a box.
    pub fn rows(&self, columns: u16) -> u16 {
        let width = usize::from(columns.saturating_sub(self.indent()));
        let help = self.entries.iter().map(|field| wrap(&field.help, width).len().min(MOST_HELP_LINES)).max();
        // One line for missing fields, and one for the error of a field.
        (self.entries.len() + help.unwrap_or_default().max(1) + 2).try_into().unwrap_or(u16::MAX)
    }

    /// The width of the area before the values.
    fn indent(&self) -> u16 {
        let names = self.entries.iter().map(|field| field.label().len()).max().unwrap_or_default() as u16;
        SIGN + names + GAP
    }

    /// Draws the fields, and at the end missing fields or an error of the whole form; returns where the cursor is.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let indent = self.indent();
        let below = self.told(usize::from(area.width), theme);
        let end = area.bottom().saturating_sub((below.len() as u16).min(area.height.saturating_sub(1)));
        let texts = self.texts(usize::from(area.width.saturating_sub(indent)), theme);
        let room = usize::from(end.saturating_sub(area.y)).max(1);
        let first = (self.at + 1 + texts.len()).saturating_sub(room);
        let (mut y, mut cursor) = (area.y, None);
        for (at, field) in self.entries.iter().enumerate().skip(first) {
            if y >= end {
                break;
            }
            let here = at == self.at;
            let place = Rect { x: area.x + indent, y, width: area.width.saturating_sub(indent), height: 1 };
            buf.put(area.x, y, if here { "›" } else { " " }, 1, theme.accent);
            let style = if here { theme.accent.add_modifier(Modifier::BOLD) } else { theme.text };
            buf.put(area.x + SIGN, y, field.label(), usize::from(area.width), style);
            let position = draw_entry(field, here, place, buf, theme);
            cursor = cursor.or(position.filter(|_| here));
            y += 1;
            for (line, style) in texts.iter().filter(|_| here).take(usize::from(end.saturating_sub(y))) {
                buf.put(place.x, y, line, usize::from(place.width), *style);
                y += 1;
            }
        }
        for (y, (line, style)) in (end..area.bottom()).zip(&below) {
            buf.put(area.x, y, cut(line, usize::from(area.width)), usize::from(area.width), *style);
        }
        cursor
    }

    /// The text below the focused field: its error, and its purpose.
    fn texts(&self, width: usize, theme: &Theme) -> Vec<(String, Style)> {
        let wrong = match &self.wrong {
            Some((Some(at), why)) if *at == self.at => wrap(&format!("✗ {}", safe(why)), width),
            _ => Vec::new(),
        };
        let help = self.entries.get(self.at).map(|field| wrap(&field.help, width)).unwrap_or_default();
        let wrong = wrong.into_iter().map(|line| (line, theme.bad));
        wrong.chain(help.into_iter().take(MOST_HELP_LINES).map(|line| (line, theme.dim))).collect()
    }

    /// The text at the end: an error of the whole form, otherwise the number of missing fields.
    fn told(&self, width: usize, theme: &Theme) -> Vec<(String, Style)> {
        if let Some((None, why)) = &self.wrong {
            return wrap(&safe(why), width).into_iter().take(MOST_HELP_LINES).map(|line| (line, theme.bad)).collect();
        }
        if !self.entries.iter().any(|field| field.required) {
            return Vec::new();
        }
        let missing = self.entries.iter().filter(|field| field.is_missing()).count();
        let missing = if missing > 0 { format!("{missing} to fill in  ") } else { String::new() };
        vec![(format!("{missing}* required"), theme.dim)]
    }
}

/// Draws the value of a field; returns where the cursor is in a text.
fn draw_entry(field: &Field, here: bool, place: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
    let width = usize::from(place.width);
    match &field.entry {
        Entry::Text(input) if here || !input.is_empty() => return Some(input.draw(place, buf, theme.text)),
        Entry::Text(_) => drop(buf.put(place.x, place.y, "not set", width, theme.dim)),
        Entry::Choice { words, chosen } => draw_choice(words, *chosen, place, buf, theme),
        Entry::Switch(on) => drop(buf.put(place.x, place.y, if *on { "[x] yes" } else { "[ ] no" }, width, theme.text)),
    }
    None
}

/// Draws all words with the chosen one marked; if they do not fit, only the chosen one with the number of words.
fn draw_choice(words: &[String], chosen: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let number = |at: usize| if theme.numbered { format!("{} ", at + 1) } else { String::new() };
    let whole: usize = words.iter().map(|word| word.chars().count() + number(0).len() + 4).sum();
    let fits = whole <= usize::from(area.width);
    let shown = words.iter().enumerate().filter(|(at, _)| fits || *at == chosen);
    let spans: Vec<Span> = shown
        .map(|(at, word)| {
            let (sign, style) = if at == chosen { ("◉", theme.accent) } else { (" ", theme.dim) };
            Span::styled(format!("{sign} {}{word}  ", number(at)), style)
        })
        .collect();
    let mut spans = spans;
    if !fits {
        spans.push(Span::styled(format!("{} of {}, ←→ others", chosen + 1, words.len()), theme.dim));
    }
    buf.put_line(area.x, area.y, &Line::from(spans), area.width);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Fields {
        Fields::default().text("name", "old", "").choice("kind", &["one", "two"], 0, "").text("words", "", "")
    }

    fn press(fields: &mut Fields, codes: &[KeyCode]) -> FieldsEvent {
        let mut last = FieldsEvent::None;
        for code in codes {
            last = fields.key(&KeyEvent::new(*code, KeyModifiers::NONE));
        }
        last
    }

    #[test]
    fn enter_goes_on_and_submits_on_the_last_field_and_ctrl_s_submits_anywhere() {
        let mut fields = form();
        assert_eq!(press(&mut fields, &[KeyCode::Enter, KeyCode::Enter]), FieldsEvent::None);
        assert_eq!(press(&mut fields, &[KeyCode::Enter]), FieldsEvent::Submit);
        for code in [KeyCode::Char('s'), KeyCode::Enter] {
            assert_eq!(form().key(&KeyEvent::new(code, KeyModifiers::CONTROL)), FieldsEvent::Submit);
        }
        assert_eq!(press(&mut fields, &[KeyCode::Esc]), FieldsEvent::Cancel);
    }

    #[test]
    fn a_digit_chooses_and_readers_of_screens_are_told_which() {
        let mut fields = form();
        press(&mut fields, &[KeyCode::Tab, KeyCode::Char('2')]);
        assert_eq!(fields.value("kind"), "two");
        press(&mut fields, &[KeyCode::Char('9')]);
        assert_eq!(fields.value("kind"), "two");
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 7));
        fields.draw(buf.area, &mut buf, &Theme::plain().numbered());
        let row: String = (0..40).map(|x| buf[(x, 1)].symbol()).collect();
        assert!(row.contains("1 one") && row.contains("◉ 2 two"), "{row}");
    }

    #[test]
    fn choices_that_do_not_fit_say_how_many_there_are_and_which_keys_show_them() {
        let fields = Fields::default().choice("kind", &["specification", "cli-wrapper", "api-client"], 1, "");
        let mut buf = Buffer::empty(Rect::new(0, 0, 47, 3));
        fields.draw(buf.area, &mut buf, &Theme::dark());
        let row: String = (0..47).map(|x| buf[(x, 0)].symbol()).collect();
        assert!(row.contains("◉ cli-wrapper  2 of 3, ←→ others"), "{row}");
    }

    #[test]
    fn typing_over_a_value_that_was_filled_in_replaces_it_and_a_moved_cursor_keeps_it() {
        let mut fields = form();
        press(&mut fields, &[KeyCode::Char('x'), KeyCode::Char('y')]);
        assert_eq!(fields.value("name"), "xy");
        let mut fields = form();
        press(&mut fields, &[KeyCode::End, KeyCode::Char('x')]);
        assert_eq!(fields.value("name"), "oldx");
        let mut fields = form();
        press(&mut fields, &[KeyCode::Backspace]);
        assert_eq!(fields.value("name"), "");
    }

    #[test]
    fn up_on_the_first_field_brings_back_what_was_submitted_and_then_what_was_typed() {
        let mut fields = form();
        let values = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        fields.remember(None, &[values(["b", "two", "2"]), values(["a", "one", "1"])]);
        press(&mut fields, &[KeyCode::Char('n'), KeyCode::Up]);
        assert_eq!(fields.values(), values(["b", "two", "2"]));
        press(&mut fields, &[KeyCode::Up]);
        assert_eq!(fields.values(), values(["a", "one", "1"]));
        press(&mut fields, &[KeyCode::Up]);
        assert_eq!(fields.values(), values(["n", "one", ""]));
    }

    #[test]
    fn what_is_wrong_stands_below_its_field_until_something_is_typed() {
        let mut fields = form();
        fields.refuse("words", "say what it does");
        let theme = Theme::dark();
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 7));
        fields.draw(buf.area, &mut buf, &theme);
        let row = |buf: &Buffer, y| (0..40).map(|x| buf[(x, y)].symbol()).collect::<String>();
        assert!(row(&buf, 2).starts_with("›words") && row(&buf, 3).contains("✗ say what it does"), "{}", row(&buf, 3));
        press(&mut fields, &[KeyCode::Char('x')]);
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 7));
        fields.draw(buf.area, &mut buf, &theme);
        assert!(!row(&buf, 3).contains('✗'));
    }

    #[test]
    fn a_required_field_has_a_sign_the_focus_has_another_and_the_end_says_what_is_missing() {
        let mut fields = Fields::default().text("words", "", "what it does").needed().text("tags", "", "");
        let shown = |fields: &Fields| {
            let mut buf = Buffer::empty(Rect::new(0, 0, 40, 6));
            fields.draw(buf.area, &mut buf, &Theme::dark());
            (0..6).map(|y| (0..40).map(|x| buf[(x, y)].symbol()).collect::<String>()).collect::<Vec<_>>()
        };
        let rows = shown(&fields);
        assert!(rows[0].starts_with("›words *") && rows[1].contains("what it does"), "{rows:?}");
        assert!(
            rows[2].starts_with(" tags     not set") && rows[5].starts_with("1 to fill in  * required"),
            "{rows:?}"
        );
        press(&mut fields, &[KeyCode::Char('x')]);
        assert!(shown(&fields)[5].starts_with("* required"));
    }
}
