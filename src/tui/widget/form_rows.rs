//! The rows of a form's fields.

use super::form::FormView;
use super::rows::{Break, columns, cut};
use crate::domain::{Field, FieldKind, MASK, SafeText};
use crate::tui::ink::Ink;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// The minimum and maximum height of a text of several lines while it is edited.
const EDITOR_ROWS: std::ops::RangeInclusive<usize> = 3..=8;
/// The maximum height of a description.
const DESCRIPTION_ROWS: usize = 3;

/// The kind of a line below a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// An error.
    Wrong,
    /// Something to know before submitting.
    Warn,
    /// The purpose of the field.
    Help,
}

/// The content of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Label and value, in one row.
    Value,
    /// One of the rows of the focused field's editor.
    Editor { row: usize, rows: usize },
    /// A line below a field.
    Text(String, TextKind),
}

/// A row and the field it belongs to.
pub(super) struct FormRow {
    pub(super) field: usize,
    pub(super) part: Block,
}

/// All rows of a form at a width.
pub(super) struct Layout {
    rows: Vec<FormRow>,
    focus: usize,
    label_width: usize,
    /// Whether options have numbers.
    numbered: bool,
}

impl Layout {
    pub(super) fn new(view: &FormView, width: usize, theme: &Theme) -> Layout {
        let fields = view.form.fields();
        // The mark of a required field disappears once it is filled in; the columns stay.
        let labelled = |field: &Field| columns(&label(field, field.required));
        let widest = fields.iter().map(labelled).max().unwrap_or(0);
        let label_width = widest.min((width / 3).clamp(8, 28));
        let mut layout = Layout { rows: Vec::new(), focus: view.focus, label_width, numbered: theme.numbered };
        for (index, field) in fields.iter().enumerate().filter(|(index, _)| view.is_shown(*index)) {
            layout.add(view, index, field, width.saturating_sub(label_width + 2).max(8));
        }
        layout
    }

    /// The first row on screen so that the focused field is visible, moved as little as possible.
    pub(super) fn top(&self, top: usize, height: usize) -> usize {
        let start = self.rows.iter().position(|row| row.field == self.focus).unwrap_or(0);
        let end = self.rows.iter().rposition(|row| row.field == self.focus).map_or(0, |row| row + 1);
        // A heading directly above becomes visible too.
        let start = start.saturating_sub(1);
        top.max(end.saturating_sub(height)).min(start).min(self.rows.len().saturating_sub(height))
    }

    /// The rows on screen.
    pub(super) fn visible(&self, top: usize, height: usize) -> impl Iterator<Item = (usize, &FormRow)> {
        self.rows.iter().skip(top).take(height).enumerate()
    }

    /// The columns of values.
    pub(super) fn value_area(&self, strip: Rect) -> Rect {
        let left = (self.label_width as u16 + 2).min(strip.width);
        Rect { x: strip.x + left, width: strip.width - left, ..strip }
    }

    pub(super) fn draw_label(&self, view: &FormView, index: usize, strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(field) = view.form.fields().get(index) else { return };
        let style = match (&field.kind, index == view.focus) {
            (_, true) => theme.accent.add_modifier(Modifier::BOLD),
            (FieldKind::Group, false) => theme.title,
            (_, false) => theme.text,
        };
        let text = label(field, field.required && !field.is_filled());
        let sign = if index == view.focus { "›" } else { " " };
        buf.put(strip.x, strip.y, sign, 1, theme.accent);
        let width = self.label_width.min(usize::from(strip.width.saturating_sub(1)));
        if columns(&text) > width {
            let range = super::rows::window(&text, 0, width.saturating_sub(1));
            let (x, y) = buf.put(strip.x + 1, strip.y, &text[range], width, style);
            buf.put(x, y, "…", 1, style);
        } else {
            buf.put(strip.x + 1, strip.y, text, width, style);
        }
    }

    pub(super) fn draw_value(&self, view: &FormView, index: usize, strip: Rect, buf: &mut Buffer, theme: &Theme) {
        self.draw_label(view, index, strip, buf, theme);
        let Some(field) = view.form.fields().get(index) else { return };
        let (text, style) = if view.is_secret(field) && !field.text().is_empty() {
            (MASK.to_owned(), theme.text)
        } else {
            value_text(field, index == view.focus, theme)
        };
        let place = self.value_area(strip);
        let used = columns(&text) as u16;
        buf.put(place.x, place.y, text, place.width.into(), style);
        let Some(way) = way(view, field) else { return };
        let width = columns(&way) as u16;
        if used + width + 2 <= place.width {
            buf.put(place.right() - width, place.y, &way, width.into(), theme.dim);
        }
    }

    pub(super) fn draw_text(&self, text: &str, kind: TextKind, strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let style = match kind {
            TextKind::Wrong => theme.bad,
            TextKind::Warn => theme.warn,
            TextKind::Help => theme.dim,
        };
        let place = self.value_area(strip);
        buf.put(place.x, place.y, text, place.width.into(), style);
    }

    fn add(&mut self, view: &FormView, index: usize, field: &Field, width: usize) {
        let is_focused = index == view.focus;
        match view.editor.as_ref().filter(|_| is_focused) {
            Some(editor) => {
                let lines: usize = editor.lines().iter().map(|line| cut(line, width, Break::Anywhere).len()).sum();
                let is_tall = editor.lines().len() > 1 || (field.is_multiline() && field.kind != FieldKind::Any);
                let rows = if is_tall { lines.clamp(*EDITOR_ROWS.start(), *EDITOR_ROWS.end()) } else { 1 };
                for row in 0..rows {
                    self.rows.push(FormRow { field: index, part: Block::Editor { row, rows } });
                }
            }
            None => self.rows.push(FormRow { field: index, part: Block::Value }),
        }
        if let Some(message) = view.message(index) {
            self.text(index, &format!("✗ {message}"), TextKind::Wrong, width);
        }
        let hidden = SafeText::count_hidden(&field.text());
        if hidden > 0 && !view.is_secret(field) {
            let one_line = SafeText::new(&field.text()).to_string();
            self.text(index, &format!("! hidden characters: {hidden}, in full: {one_line}"), TextKind::Warn, width);
        }
        if is_focused {
            self.text(index, &field.description, TextKind::Help, width);
            let way = way(view, field).map(|way| format!("passed as {way}"));
            let help = Some(help(field, self.numbered)).filter(|help| !help.is_empty());
            let words: Vec<String> = help.into_iter().chain(way).collect();
            self.text(index, &words.join(" · "), TextKind::Help, width);
        }
    }

    fn text(&mut self, field: usize, raw: &str, kind: TextKind, width: usize) {
        let text = SafeText::new(&raw.split_whitespace().collect::<Vec<_>>().join(" ")).to_string();
        if text.is_empty() {
            return;
        }
        let rows = cut(&text, width, Break::Words);
        let is_cut = rows.len() > DESCRIPTION_ROWS;
        for (at, range) in rows.into_iter().take(DESCRIPTION_ROWS).enumerate() {
            let mut line = text[range].trim_end().to_owned();
            if is_cut && at + 1 == DESCRIPTION_ROWS {
                let kept = super::rows::window(&line, 0, width - 2);
                line = format!("{} …", &line[kept]);
            }
            self.rows.push(FormRow { field, part: Block::Text(line, kind) });
        }
    }
}

/// How a field is passed; fields of a group have the way of the group.
fn way(view: &FormView, field: &Field) -> Option<String> {
    let name = field.path.first().filter(|_| field.depth == 0)?;
    Some(SafeText::new(view.ways.get(name)?).to_string())
}

fn label(field: &Field, is_needed: bool) -> String {
    let needed = if is_needed { " *" } else { "" };
    format!("{}{}{needed}", "  ".repeat(field.depth), SafeText::new(&field.label))
}

/// The accepted values of a field, with its options and its example.
fn help(field: &Field, numbered: bool) -> String {
    let options = field.options();
    let mut text = match (options.is_empty(), numbered) {
        (true, _) => field.hint.clone(),
        (false, false) => format!("←→ {}", options.join(" | ")),
        // A digit that an option begins with selects that option.
        (false, true) if options.iter().any(|option| option.starts_with(|c: char| c.is_ascii_digit())) => {
            format!("choices: {}", options.join(", "))
        }
        (false, true) => {
            let all: Vec<String> =
                options.iter().enumerate().map(|(at, option)| format!("{} {option}", at + 1)).collect();
            format!("choices: {}", all.join(", "))
        }
    };
    if let (false, Some(default)) = (options.is_empty(), &field.default) {
        text = format!("{text} · default {default}");
    }
    if let Some(example) = &field.example {
        text = format!("{text} · e.g. {example}");
    }
    text
}

/// The position of the choice, and the number of choices.
fn place_among(field: &Field, chosen: &str) -> String {
    let options = field.options();
    match options.iter().position(|option| *option == chosen) {
        Some(at) => format!("  {} of {}", at + 1, options.len()),
        None => format!("  {} choices", options.len()),
    }
}

/// A value that left and right change; for screen readers, the line below explains how.
fn between_arrows(chosen: &str, theme: &Theme) -> String {
    if theme.numbered { chosen.to_owned() } else { format!("‹ {chosen} ›") }
}

/// The value of a field that is not being typed, in one line.
fn value_text(field: &Field, is_focused: bool, theme: &Theme) -> (String, Style) {
    let text = field.text();
    let mut lines = text.lines();
    let first = SafeText::source_line(lines.next().unwrap_or_default());
    let more = lines.count();
    let chosen = if text.is_empty() { "not set".to_owned() } else { first.to_string() };
    match &field.kind {
        FieldKind::Group => (String::new(), theme.dim),
        FieldKind::Switch if !is_focused && text == "true" => ("[x] yes".to_owned(), theme.text),
        FieldKind::Switch if !is_focused && text == "false" => ("[ ] no".to_owned(), theme.text),
        FieldKind::Switch if is_focused => {
            let chosen = match text.as_str() {
                "true" => "yes",
                "false" => "no",
                _ => chosen.as_str(),
            };
            (between_arrows(chosen, theme), theme.accent)
        }
        FieldKind::Choice(_) | FieldKind::Variant(_) if is_focused => {
            (format!("{}{}", between_arrows(&chosen, theme), place_among(field, &text)), theme.accent)
        }
        _ if text.is_empty() => match (&field.default, field.is_filled()) {
            (_, true) => ("\"\"".to_owned(), theme.text),
            (Some(default), false) => (SafeText::new(&format!("default {default}")).to_string(), theme.dim),
            (None, false) => ("not set".to_owned(), theme.dim),
        },
        // An empty list is written like this in JSON; a reader sees `none`.
        _ if text == "[]" && !is_focused => ("none".to_owned(), theme.dim),
        _ if more > 0 => (format!("{first} … {} lines", more + 1), theme.text),
        _ => (first.to_string(), theme.text),
    }
}
