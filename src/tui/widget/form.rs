//! A form on the screen: move between fields, type, and see errors at once.
//!
//! Every character is text here; no letter is a command. The whole input can also be edited as JSON, for values that
//! fields cannot express. The view keeps typed values until it is dropped: a cancelled form is a draft.

mod recall;

use super::fields::submits;
use super::form_rows::{Block, Layout};
use crate::domain::{
    ArgCondition, ArgRule, Field, FieldKind, FieldViolation, Form, Manifest, SafeText, is_secret_input,
};
use crate::tui::ink::Ink;
use crate::tui::ink::draw_editor;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// How many conditions that depend on each other are followed.
const MAX_CONDITIONS: usize = 8;

/// The result of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum FormEvent {
    /// Nothing for the owner of the form.
    None,
    /// The input is complete and valid.
    Submit(Value),
    /// The form is closed; the view still contains the typed values.
    Cancel,
}

/// The whole input as JSON.
struct Whole {
    area: TextArea<'static>,
    error: Option<String>,
}

/// A form and the current position in it.
pub struct FormView {
    pub(super) form: Form,
    pub(super) focus: usize,
    /// The text of the focused field, if it is typed.
    pub(super) editor: Option<TextArea<'static>>,
    whole: Option<Whole>,
    violations: Vec<FieldViolation>,
    /// Paths of edited fields: their errors are shown at once.
    touched: HashSet<Vec<String>>,
    tried: bool,
    edited: bool,
    /// The source of values that were not typed here; shown until one is changed.
    source: Option<String>,
    /// Whether valid values were refused by their receiver.
    refused: bool,
    /// Earlier inputs with their source, newest first.
    earlier: Vec<(String, Value)>,
    /// The index of the shown one, and the values entered before.
    recalled: Option<(usize, Value)>,
    /// The letters that selected the last option.
    letters: String,
    next_example: usize,
    /// How each input is passed, by its name.
    pub(super) ways: HashMap<String, String>,
    /// Inputs that are passed only if another one has a certain value, such as one of several sub-commands.
    conditions: HashMap<String, Vec<ArgCondition>>,
    /// The schema of the input, which marks secrets.
    schema: Option<Value>,
    /// First row on screen.
    top: usize,
    /// The field of each row on screen.
    drawn: Vec<Option<usize>>,
}

impl FormView {
    /// Opens a form at its first field.
    pub fn new(form: Form) -> FormView {
        let mut view = FormView {
            form,
            focus: 0,
            editor: None,
            whole: None,
            violations: Vec::new(),
            touched: HashSet::new(),
            tried: false,
            edited: false,
            source: None,
            refused: false,
            earlier: Vec::new(),
            recalled: None,
            letters: String::new(),
            next_example: 0,
            ways: HashMap::new(),
            conditions: HashMap::new(),
            schema: None,
            top: 0,
            drawn: Vec::new(),
        };
        view.violations = view.form.violations();
        let first = (0..view.form.fields().len()).find(|index| view.can_focus(*index)).unwrap_or(0);
        view.set_focus(first);
        view
    }

    /// A form for a tool: each field shows how it is passed, and the text of secrets is hidden.
    pub fn of_tool(form: Form, manifest: &Manifest) -> FormView {
        let mut view = FormView::new(form);
        view.schema.clone_from(&manifest.input);
        if let Some(recipe) = &manifest.recipe {
            let names = view.form.fields().iter().filter_map(|field| field.path.first());
            view.ways = names.map(|name| (name.clone(), recipe.way_of(name))).collect();
            view.conditions = conditions(&recipe.args);
        }
        view.set_focus(view.focus);
        view
    }

    /// Sets the source of the values.
    pub fn filled_from(self, source: &str) -> FormView {
        FormView { source: Some(source.to_owned()), ..self }
    }

    /// Whether a field is a secret.
    pub(super) fn is_secret(&self, field: &Field) -> bool {
        let Some((schema, (name, above))) = self.schema.as_ref().zip(field.path.split_last()) else { return false };
        let holder = above.iter().fold(schema, |schema, key| &schema["properties"][key.as_str()]);
        field.kind == (FieldKind::Text { multiline: false }) && is_secret_input(name, Some(holder))
    }

    /// The form with its values.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Whether any value was changed since the form was opened.
    pub fn is_edited(&self) -> bool {
        self.edited
    }

    /// Whether the whole input is edited as JSON.
    pub fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// Edits the focused field, or moves to another one.
    pub fn handle_key(&mut self, key: KeyEvent) -> FormEvent {
        if key.kind == KeyEventKind::Release {
            return FormEvent::None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return FormEvent::Cancel,
            _ if submits(&key) => return self.submit(),
            KeyCode::Char('r') if control => self.toggle_whole(),
            KeyCode::Char('x') if control && self.whole.is_none() => self.fill_example(),
            KeyCode::Char('u') if control && self.whole.is_none() => self.clear_field(),
            _ if self.whole.is_some() => self.type_whole(key),
            KeyCode::Tab => self.step_focus(1),
            KeyCode::BackTab => self.step_focus(-1),
            KeyCode::Up if self.is_at_first_row() && !self.earlier.is_empty() => self.recall(),
            _ if self.editor.is_some() => return self.type_field(key),
            _ => return self.choose(key),
        }
        FormEvent::None
    }

    /// Inserts pasted text; it never triggers an action.
    pub fn handle_paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if let Some(whole) = &mut self.whole {
            whole.area.insert_str(&text);
            self.edited = true;
            return;
        }
        let is_multiline = self.form.fields().get(self.focus).is_some_and(Field::is_multiline);
        if let Some(editor) = &mut self.editor {
            editor.insert_str(if is_multiline { text } else { text.replace('\n', " ") });
            self.take_editor();
        }
    }

    /// Focuses the field in a row of the screen, counted from the top of the view.
    pub fn click(&mut self, row: u16) {
        if let Some(Some(index)) = self.drawn.get(usize::from(row)).copied()
            && self.can_focus(index)
            && index != self.focus
        {
            self.set_focus(index);
        }
    }

    /// Draws the fields, with the focused one in view. Returns where the cursor is while a text is typed.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        self.drawn.clear();
        if area.is_empty() {
            return None;
        }
        let body = Rect { height: area.height.saturating_sub(1).max(1), ..area };
        let cursor =
            if self.whole.is_some() { self.draw_whole(body, buf, theme) } else { self.draw_fields(body, buf, theme) };
        if area.height > 1 {
            let strip = Rect { y: area.bottom() - 1, height: 1, ..area };
            self.draw_state(strip, buf, theme);
        }
        cursor
    }

    /// The error below a field, once it is time to show it.
    pub(super) fn message(&self, index: usize) -> Option<&str> {
        let field = self.form.fields().get(index)?;
        let is_due = self.tried || self.touched.contains(&field.path);
        let violation = self.violations.iter().find(|violation| violation.field == Some(index))?;
        is_due.then_some(violation.message.as_str())
    }

    fn can_focus(&self, index: usize) -> bool {
        self.form.fields().get(index).is_some_and(|field| field.kind != FieldKind::Group) && self.is_shown(index)
    }

    /// Whether a field is shown: a field of another sub-command is hidden unless its value is an error.
    pub(super) fn is_shown(&self, index: usize) -> bool {
        let Some(field) = self.form.fields().get(index) else { return false };
        let is_wrong = || self.violations.iter().any(|violation| violation.field == Some(index));
        field.path.first().is_none_or(|name| self.counts(name, MAX_CONDITIONS)) || field.is_filled() && is_wrong()
    }

    fn counts(&self, input: &str, steps: usize) -> bool {
        let holds = |condition: &ArgCondition| {
            steps > 0
                && self.form.text_of(&condition.input) == condition.value
                && self.counts(&condition.input, steps - 1)
        };
        self.conditions.get(input).is_none_or(|conditions| conditions.iter().any(holds))
    }

    fn set_focus(&mut self, index: usize) {
        self.focus = index;
        self.letters.clear();
        let Some(field) = self.form.fields().get(index) else { return };
        let is_typed = field.options().is_empty() && field.kind != FieldKind::Group;
        let is_secret = self.is_secret(field);
        self.editor = is_typed.then(|| editor(&field.text(), field.is_multiline()));
        // Typing replaces a value that was not typed here.
        let is_filled_in = !self.touched.contains(&field.path) && !field.is_multiline() && !field.text().contains('\n');
        if let Some(editor) = self.editor.as_mut().filter(|_| is_filled_in) {
            editor.select_all();
        }
        if let Some(editor) = self.editor.as_mut().filter(|_| is_secret) {
            editor.set_mask_char('•');
        }
    }

    fn step_focus(&mut self, by: isize) {
        let count = self.form.fields().len() as isize;
        for step in 1..=count {
            let index = (self.focus as isize + by * step).rem_euclid(count) as usize;
            if self.can_focus(index) {
                return self.set_focus(index);
            }
        }
    }

    fn is_last(&self) -> bool {
        !(self.focus + 1..self.form.fields().len()).any(|index| self.can_focus(index))
    }

    fn advance(&mut self) -> FormEvent {
        if self.is_last() {
            return self.submit();
        }
        self.step_focus(1);
        FormEvent::None
    }

    fn submit(&mut self) -> FormEvent {
        if self.whole.is_some() && !self.take_whole() {
            return FormEvent::None;
        }
        self.tried = true;
        self.violations = self.form.violations();
        let Some(first) = self.violations.first() else { return FormEvent::Submit(self.form.value()) };
        let (field, message) = (first.field, first.message.clone());
        if let Some(whole) = &mut self.whole {
            let place = field.and_then(|index| self.form.fields().get(index)).map(Field::dotted);
            whole.error = Some(place.map_or(message.clone(), |place| format!("{place} {message}")));
        } else if let Some(index) = field.filter(|index| self.can_focus(*index)) {
            self.set_focus(index);
        }
        FormEvent::None
    }

    /// Whether Enter is text in the focused field.
    fn takes_enter(&self) -> bool {
        let (Some(field), Some(editor)) = (self.form.fields().get(self.focus), &self.editor) else { return false };
        match field.kind {
            // Usually one word; several lines only for JSON.
            FieldKind::Any => editor.lines().len() > 1 || editor.lines()[0].trim_start().starts_with(['{', '[']),
            _ => field.is_multiline(),
        }
    }

    fn clear_field(&mut self) {
        self.enter("");
        self.set_focus(self.focus);
    }

    /// Handles a key for a field that is typed.
    fn type_field(&mut self, key: KeyEvent) -> FormEvent {
        let takes_enter = self.takes_enter();
        let Some(editor) = &mut self.editor else { return FormEvent::None };
        let row = editor.cursor().0;
        let last_row = editor.lines().len().saturating_sub(1);
        match key.code {
            KeyCode::Enter if !takes_enter => return self.advance(),
            KeyCode::Up if row == 0 => self.step_focus(-1),
            KeyCode::Down if row == last_row => self.step_focus(1),
            _ => {
                if editor.input(key) {
                    self.take_editor();
                }
            }
        }
        FormEvent::None
    }

    /// Handles a key for a field with options.
    fn choose(&mut self, key: KeyEvent) -> FormEvent {
        match key.code {
            KeyCode::Enter => return self.advance(),
            KeyCode::Up => self.step_focus(-1),
            KeyCode::Down => self.step_focus(1),
            KeyCode::Right | KeyCode::Char(' ') => self.step_option(1),
            KeyCode::Left => self.step_option(-1),
            KeyCode::Backspace | KeyCode::Delete => self.enter(""),
            KeyCode::Char(letter) if !key.modifiers.contains(KeyModifiers::CONTROL) => self.choose_by_letter(letter),
            _ => {}
        }
        FormEvent::None
    }

    /// Selects the option that begins with the typed letters, otherwise the next one that begins with this letter. If
    /// no option begins with a digit, the digit is the number of an option.
    fn choose_by_letter(&mut self, letter: char) {
        let Some(field) = self.form.fields().get(self.focus) else { return };
        let options = field.options();
        let now = options.iter().position(|option| *option == field.text()).map_or(0, |at| at + 1);
        let word = format!("{}{}", self.letters, letter.to_lowercase());
        let letter = letter.to_lowercase().to_string();
        let begins = |option: &&String, text: &str| option.to_lowercase().starts_with(text);
        let whole = options.iter().find(|option| word != letter && begins(option, &word));
        let other = || options[now..].iter().chain(&options[..now]).find(|option| begins(option, &letter));
        let (option, letters) = match whole {
            Some(option) => (Some(option.clone()), word),
            None => (other().or_else(|| numbered_option(&options, &letter)).cloned(), letter.clone()),
        };
        if let Some(option) = option {
            self.letters = letters;
            self.enter(&option);
        }
    }

    fn step_option(&mut self, by: isize) {
        self.form.step_option(self.focus, by);
        self.changed();
    }

    fn enter(&mut self, text: &str) {
        // An invalid text is kept and shown as an error.
        let _ = self.form.set_text_at(self.focus, text);
        self.changed();
    }

    fn take_editor(&mut self) {
        if let Some(editor) = &self.editor {
            let text = editor.lines().join("\n");
            self.enter(&text);
        }
    }

    fn changed(&mut self) {
        self.edited = true;
        self.recalled = None;
        if let Some(field) = self.form.fields().get(self.focus) {
            self.touched.insert(field.path.clone());
        }
        self.violations = self.form.violations();
    }

    fn fill_example(&mut self) {
        if self.form.fill_example(self.next_example) {
            self.next_example = (self.next_example + 1) % self.form.example_count();
            self.edited = true;
            self.violations = self.form.violations();
            self.set_focus(self.focus.min(self.form.fields().len().saturating_sub(1)));
        }
    }

    fn toggle_whole(&mut self) {
        if self.whole.is_none() {
            let text = serde_json::to_string_pretty(&self.form.value()).unwrap_or_default();
            self.whole = Some(Whole { area: editor(&text, true), error: None });
        } else if self.take_whole() {
            self.whole = None;
            self.violations = self.form.violations();
            self.set_focus(self.focus.min(self.form.fields().len().saturating_sub(1)));
            if !self.can_focus(self.focus) {
                self.step_focus(1);
            }
        }
    }

    /// Sets the form from the JSON; returns `false` and shows the error if it is invalid.
    fn take_whole(&mut self) -> bool {
        let Some(whole) = &mut self.whole else { return true };
        match serde_json::from_str::<Value>(&whole.area.lines().join("\n")) {
            Ok(value) => {
                whole.error = None;
                self.form.set_value(&value);
                true
            }
            Err(error) => {
                whole.error = Some(format!("not JSON: {error}"));
                false
            }
        }
    }

    fn type_whole(&mut self, key: KeyEvent) {
        if let Some(whole) = &mut self.whole
            && whole.area.input(key)
        {
            self.edited = true;
            // A syntax error is updated while typing only once it was shown.
            if whole.error.is_some() {
                self.take_whole();
            }
        }
    }

    fn draw_whole(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let whole = self.whole.as_ref()?;
        let message = u16::from(whole.error.is_some()).min(area.height - 1);
        let cursor = draw_editor(&whole.area, Rect { height: area.height - message, ..area }, buf);
        if let Some(error) = &whole.error {
            let text = format!("✗ {}", SafeText::new(error));
            buf.put(area.x, area.bottom() - 1, text, area.width.into(), theme.bad);
        }
        cursor
    }

    fn draw_fields(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let mut cursor = None;
        let layout = Layout::new(self, area.width.into(), theme);
        self.top = layout.top(self.top, area.height.into());
        self.drawn = vec![None; area.height.into()];
        for (row, block) in layout.visible(self.top, area.height.into()) {
            let y = area.y + row as u16;
            self.drawn[row] = Some(block.field);
            let strip = Rect { y, height: 1, ..area };
            match &block.part {
                Block::Editor { row: 0, rows } => {
                    layout.draw_label(self, block.field, strip, buf, theme);
                    let height = (*rows as u16).min(area.bottom() - y);
                    if let Some(editor) = &self.editor {
                        cursor = draw_editor(editor, Rect { height, ..layout.value_area(strip) }, buf);
                    }
                }
                Block::Editor { .. } => {}
                Block::Value => layout.draw_value(self, block.field, strip, buf, theme),
                Block::Text(text, kind) => layout.draw_text(text, *kind, strip, buf, theme),
            }
        }
        cursor
    }

    /// The last line: remaining errors, and rows out of sight.
    fn draw_state(&self, strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let mut parts: Vec<(String, Style)> = Vec::new();
        let wrong = self.violations.len();
        match (self.form.unchecked(), wrong) {
            (Some(why), _) => {
                parts.push((format!("the input is not validated: {}", SafeText::new(why)), theme.warn));
            }
            // The receiver that refused the values shows the reason.
            (None, 0) if self.refused => {}
            (None, 0) => parts.push(("✓ valid".to_owned(), theme.good)),
            // The user has not made any error yet.
            (None, _) if !self.tried && self.touched.is_empty() => {
                parts.push((format!("{wrong} to fill in"), theme.dim));
            }
            (None, 1) => parts.push(("✗ 1 to fix".to_owned(), theme.warn)),
            (None, _) => parts.push((format!("✗ {wrong} to fix"), theme.warn)),
        }
        let whole = self.violations.iter().find(|violation| violation.field.is_none()).filter(|_| self.tried);
        if let Some(violation) = whole {
            parts.push((SafeText::new(&violation.message).to_string(), theme.bad));
        }
        if self.form.fields().iter().any(|field| field.required && !field.is_filled()) && self.whole.is_none() {
            parts.push(("* required".to_owned(), theme.dim));
        }
        if let Some(source) = self.source.as_ref().filter(|_| !self.edited) {
            parts.push((source.clone(), theme.accent));
        }
        let last = self.drawn.iter().rev().flatten().next().copied();
        let below = last.map_or(0, |last| self.form.fields().len().saturating_sub(last + 1));
        if below > 0 {
            parts.push((format!("▼ {below} more"), theme.dim));
        }
        let mut x = strip.x;
        for (text, style) in parts {
            let room = usize::from(strip.right().saturating_sub(x));
            (x, _) = buf.put(x, strip.y, text, room, style);
            x = x.saturating_add(2);
        }
    }
}

/// The conditions of each input that is passed only under a condition.
fn conditions(rules: &[ArgRule]) -> HashMap<String, Vec<ArgCondition>> {
    let mut found: HashMap<String, Vec<ArgCondition>> = HashMap::new();
    for rule in rules {
        found.entry(rule.input.clone()).or_default().extend(rule.only_if.clone());
    }
    for rule in rules.iter().filter(|rule| rule.only_if.is_none()) {
        found.remove(&rule.input);
    }
    found
}

/// A text area with the cursor at the end of `text`.
fn editor(text: &str, is_multiline: bool) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_cursor_line_style(Style::new());
    area.set_selection_style(Style::new().add_modifier(Modifier::REVERSED));
    if is_multiline {
        area.set_wrap_mode(WrapMode::Glyph);
    }
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

/// The option with this number, from 1.
fn numbered_option<'o>(options: &'o [String], number: &str) -> Option<&'o String> {
    options.get(number.parse::<usize>().ok()?.checked_sub(1)?)
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
