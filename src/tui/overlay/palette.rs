//! The palette: every verb by name, with its key and its command line; it asks for arguments one by one.

mod choosing;
mod verbs;

use self::choosing::{ABOUT_LINES, Choices};
use self::verbs::{VERB_LINES, told_whole, verb_match, verb_row};
use super::{Args, Reply, open_box};
use crate::action::forms::COPY;
use crate::action::{Arg, ArgKind, Form, Spec, Verb};
use crate::domain::shell::shell_word;
use crate::domain::{DecisionKind, Kind, Stage, Tool};
use crate::engine::{CatalogView, Choice, EngineError};
use crate::tui::ink::Ink;
use crate::tui::list::{ListState, Motion};
use crate::tui::pane::rows::{Focus, Look, Rows, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::sync::Arc;

/// The maximum number of choices listed for an argument; typing narrows them.
const MAX_CHOICES: usize = 200;

/// A verb as the palette displays it.
#[derive(Debug, Clone)]
pub struct PaletteRow {
    /// The row of the verb in the table.
    pub spec: &'static Spec,
    /// The first key of the verb; empty if there is none.
    pub key: String,
    /// Why the verb is unavailable without arguments.
    pub reason: Option<String>,
    /// The position of the verb among the last chosen ones, 0 for the newest.
    pub recent: Option<usize>,
    /// The position of the verb among the most likely actions here.
    pub likely: Option<usize>,
    /// Whether the key of the verb works in the focused place.
    pub is_here: bool,
}

impl PaletteRow {
    /// Whether the verb cannot be performed now: it is unavailable for the selection and asks for no other object.
    fn is_blocked(&self) -> bool {
        self.reason.is_some() && (asked_of(self.spec).is_empty() || !self.spec.tui)
    }
}

/// The initial values of arguments: the selection on the screen.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Name of the selected tool.
    pub tool: Option<String>,
    /// Number of the selected run.
    pub run: Option<String>,
    /// Number of the selected review.
    pub review: Option<String>,
    /// First digits of the digest of the selected review: a command line contains both.
    pub digest: Option<String>,
    /// Name of the selected instance of a service.
    pub instance: Option<String>,
    /// The selected group of failures.
    pub failure: Option<String>,
}

#[derive(Debug)]
enum Step {
    Verb,
    /// An argument of the chosen verb is being asked for.
    Arg {
        spec: &'static Spec,
        asked: Vec<&'static Arg>,
        at: usize,
        given: Args,
    },
}

/// The state of the palette.
pub struct Palette {
    rows: Vec<PaletteRow>,
    catalog: Arc<CatalogView>,
    defaults: Defaults,
    step: Step,
    input: TextInput,
    /// Matching rows or choices, best first, with the matched characters.
    shown: Vec<(usize, Vec<usize>)>,
    choices: Choices,
    /// The word under which choices must be loaded.
    to_load: Option<&'static str>,
    list: ListState,
    note: Option<String>,
}

impl Palette {
    /// A palette over these verbs.
    pub fn new(rows: Vec<PaletteRow>, catalog: Arc<CatalogView>, defaults: Defaults) -> Palette {
        let mut palette = Palette {
            rows,
            catalog,
            defaults,
            step: Step::Verb,
            input: TextInput::default(),
            shown: Vec::new(),
            choices: Choices::default(),
            to_load: None,
            list: ListState::default(),
            note: None,
        };
        palette.narrow();
        palette
    }

    /// Handles a key. Esc goes one step back.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        match (self.take(key), self.to_load.take()) {
            (Reply::Stay, Some(what)) => Reply::LoadChoices(what, self.given("tool")),
            (reply, _) => reply,
        }
    }

    /// Sets the choices of an argument if it is still being asked for.
    pub fn set_choices(&mut self, what: &str, found: Result<Vec<Choice>, EngineError>) {
        if self.choices.take(what, found) {
            self.narrow();
        }
    }

    fn take(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return self.back(),
            KeyCode::Char('c') if control => return Reply::Close,
            KeyCode::Char('y') if control => return self.command_line().map_or(Reply::Stay, Reply::Copy),
            _ if submits(key) => return self.accept_all(),
            KeyCode::Enter => return self.accept(),
            KeyCode::Tab => self.complete(),
            _ => {
                if let Some(motion) = Motion::while_typing(key).filter(|_| !self.shown.is_empty()) {
                    self.step(motion);
                } else {
                    let before = self.input.clone();
                    // Moving the cursor within the text keeps the selection.
                    let changes = self.input.key(key);
                    if changes
                        && (before.text(), before.is_filled_in()) != (self.input.text(), self.input.is_filled_in())
                    {
                        self.narrow();
                    }
                }
            }
        }
        Reply::Stay
    }

    /// Inserts pasted text into the field.
    pub fn paste(&mut self, text: &str) {
        self.input.insert(text);
        self.narrow();
    }

    /// Moves the selection. A value that was filled in, not typed, follows the selection.
    fn step(&mut self, motion: Motion) {
        self.list.step(motion, self.shown.len());
        let untyped = self.input.is_empty() || self.input.is_filled_in();
        if let (true, true, Some(choice)) = (self.argument().is_some(), untyped, self.chosen()) {
            self.input = TextInput::preset(&choice.value);
        }
    }

    /// The selected choice.
    fn chosen(&self) -> Option<&Choice> {
        self.shown.get(self.list.selected).and_then(|(at, _)| self.choices.all.get(*at))
    }

    fn back(&mut self) -> Reply {
        match &mut self.step {
            // As everywhere, the first esc clears the typed text.
            Step::Verb if !self.input.is_empty() => self.input.clear(),
            Step::Verb => return Reply::Close,
            Step::Arg { at: 0, .. } => {
                self.step = Step::Verb;
                self.input.clear();
            }
            Step::Arg { asked, at, given, .. } => {
                *at -= 1;
                let name = asked[*at].name;
                let given_before = given.get(name).unwrap_or_default().to_owned();
                given.forget(name);
                self.ask();
                self.input = TextInput::preset(&given_before);
            }
        }
        self.narrow();
        Reply::Stay
    }

    /// Accepts the entered value and the filled-in values of the arguments after it.
    fn accept_all(&mut self) -> Reply {
        let mut reply = self.accept();
        while matches!(reply, Reply::Stay) && self.note.is_none() && self.argument().is_some() {
            reply = self.accept();
        }
        reply
    }

    fn accept(&mut self) -> Reply {
        match &mut self.step {
            Step::Verb => {
                let Some(row) = self.shown.get(self.list.selected).map(|(at, _)| &self.rows[*at]) else {
                    return Reply::Stay;
                };
                let spec = row.spec;
                if row.is_blocked() {
                    let copy = if spec.tui { "" } else { " · ctrl-y copies the command" };
                    let reason = row.reason.as_deref().unwrap_or_default();
                    self.note = Some(format!("{}: {reason}{copy}", spec.name));
                    return Reply::Stay;
                }
                let asked = asked_of(spec);
                if asked.is_empty() {
                    return Reply::Invoke(spec.verb, Args::default());
                }
                self.step = Step::Arg { spec, asked, at: 0, given: Args::default() };
                self.ask();
                Reply::Stay
            }
            Step::Arg { .. } => self.give(),
        }
    }

    /// Accepts the value of the current argument, then asks for the next one or invokes the verb.
    fn give(&mut self) -> Reply {
        let value = self.value();
        let Step::Arg { spec, asked, at, given } = &mut self.step else { return Reply::Stay };
        let arg = asked[*at];
        if arg.required && value.trim().is_empty() {
            self.note = Some(format!("missing {}: {}", arg.name, arg.doc));
            return Reply::Stay;
        }
        given.push(arg.name, value);
        *at += 1;
        if *at == asked.len() {
            return Reply::Invoke(spec.verb, std::mem::take(given));
        }
        self.ask();
        Reply::Stay
    }

    fn value(&self) -> String {
        match (self.chosen(), self.argument()) {
            // A filled-in value is the selected one, or one that is not in the list.
            _ if self.input.is_filled_in() => self.input.text(),
            (Some(choice), _) if !self.input.is_empty() => choice.value.clone(),
            (Some(choice), Some(arg)) if arg.required => choice.value.clone(),
            _ => self.input.text(),
        }
    }

    /// The value of an argument that was entered before.
    fn given(&self, name: &str) -> Option<String> {
        match &self.step {
            Step::Verb => None,
            Step::Arg { given, .. } => given.get(name).map(str::to_owned),
        }
    }

    fn argument(&self) -> Option<&'static Arg> {
        match &self.step {
            Step::Verb => None,
            Step::Arg { asked, at, .. } => asked.get(*at).copied(),
        }
    }

    fn complete(&mut self) {
        if self.argument().is_some() {
            let value = self.value();
            self.input = TextInput::new(&value);
            self.narrow();
        }
    }

    /// Prepares the field and the choices for the current argument.
    fn ask(&mut self) {
        let Some(arg) = self.argument() else { return };
        let Step::Arg { spec, .. } = &self.step else { return };
        let mut preset = self.preset(spec, arg);
        self.to_load = None;
        self.choices = match (arg.kind, arg.kind.listed()) {
            (ArgKind::Tool, _) => {
                let tools = self.tools(spec.verb);
                // The verb may not be applicable to the selection on the screen.
                let is_known = |name: &str| self.catalog.tools.iter().any(|tool| tool.name.as_str() == name);
                preset = preset.filter(|name| !is_known(name) || tools.iter().any(|tool| tool.value == *name));
                Choices::of(tools)
            }
            (ArgKind::Word(words), _) => Choices::words(words.iter().copied()),
            (_, Some(what)) => {
                self.to_load = Some(what);
                Choices::listed(what)
            }
            _ => Choices::default(),
        };
        if !arg.required && (self.to_load.is_some() || !self.choices.all.is_empty()) {
            self.choices.can_be_left_out = true;
            self.choices.without = arg.doc;
        }
        self.choices.offer_none();
        self.input = TextInput::preset(&preset.unwrap_or_default());
        self.narrow();
    }

    /// The initial value of an argument: the selection on the screen.
    fn preset(&self, spec: &Spec, arg: &Arg) -> Option<String> {
        match arg.kind {
            // The selected tool is usually in use: the user chooses the tool to restore.
            ArgKind::Tool if spec.verb == Verb::Restore => None,
            ArgKind::Tool if arg.required || spec.verb == Verb::Similar => self.defaults.tool.clone(),
            ArgKind::Run | ArgKind::RunOrInstance => self.defaults.run.clone(),
            ArgKind::Review | ArgKind::ReviewDigest => self.defaults.review.clone(),
            ArgKind::Instance if arg.required => self.defaults.instance.clone(),
            ArgKind::Failure => self.defaults.failure.clone(),
            _ => None,
        }
    }

    /// The tools that a verb is applicable to.
    fn tools(&self, verb: Verb) -> Vec<Choice> {
        let choice =
            |tool: &Arc<Tool>| Choice { value: tool.name.to_string(), about: tool.description.clone(), at: None };
        let mut tools: Vec<Choice> = self.catalog.tools.iter().filter(|tool| fits(verb, tool)).map(choice).collect();
        tools.dedup_by(|one, other| one.value == other.value);
        tools
    }

    fn narrow(&mut self) {
        // A filled-in value is selected in the full list; a typed text narrows the list.
        let text = if self.input.is_filled_in() { String::new() } else { self.input.text() };
        let matcher = SkimMatcherV2::default();
        let mut found: Vec<Found> = match self.step {
            Step::Verb => {
                let rows = self.rows.iter().enumerate();
                rows.filter_map(|(at, row)| verb_match(&matcher, row.spec, &text).map(|(s, m)| (s, at, m))).collect()
            }
            Step::Arg { .. } => self.choices.found(&text),
        };
        let is_verb = matches!(self.step, Step::Verb);
        found.sort_by_key(|(score, at, _)| {
            let row = self.rows.get(*at).filter(|_| is_verb);
            // A user who typed the complete name means this verb, and needs to read why it is unavailable.
            let is_other = row.is_none_or(|row| row.spec.name != text);
            let blocked = is_other && row.is_some_and(PaletteRow::is_blocked);
            let order = row.map(|row| self.order(row));
            // Typed text determines the order; without it, the place does.
            let order = order.filter(|_| text.is_empty());
            (blocked, is_other, order, -score, *at)
        });
        found.truncate(MAX_CHOICES);
        self.shown = found.into_iter().map(|(_, at, matches)| (at, matches)).collect();
        self.list = ListState { height: self.list.height, ..ListState::default() };
        if let (false, true) = (is_verb, self.input.is_filled_in()) {
            let filled = self.input.text();
            let found = self.shown.iter().position(|(at, _)| self.choices.all[*at].value == filled);
            self.list.selected = found.unwrap_or_default();
        }
    }

    /// The sort key of an available verb: last chosen ones, then those that need no more typing, then the most likely
    /// ones.
    fn order(&self, row: &PaletteRow) -> (usize, bool, usize, bool) {
        let last = usize::MAX;
        let asks = |arg: &&Arg| arg.required && self.preset(row.spec, arg).is_none();
        let needs_words = asked_of(row.spec).iter().any(asks);
        (row.recent.unwrap_or(last), needs_words, row.likely.unwrap_or(last), !row.is_here)
    }

    /// The equivalent command line; `None` for verbs that exist only on the screen.
    fn command_line(&self) -> Option<String> {
        let (spec, given) = match &self.step {
            Step::Verb => (self.shown.get(self.list.selected).map(|(at, _)| self.rows[*at].spec)?, None),
            Step::Arg { spec, given, .. } => (*spec, Some(given)),
        };
        if !spec.cli {
            return None;
        }
        let asked = self.argument().map(|arg| arg.name);
        let value_of = |arg: &Arg| {
            let typed = (asked == Some(arg.name)).then(|| self.value()).filter(|value| !value.trim().is_empty());
            let given = given.and_then(|given| given.get(arg.name)).map(str::to_owned);
            let selected = || self.preset(spec, arg).filter(|_| asked != Some(arg.name));
            let value = typed.or(given).or_else(selected);
            // On the command line an approval includes the digest that was on the screen.
            let digest = self.defaults.digest.as_ref().filter(|_| arg.kind == ArgKind::ReviewDigest);
            match (value, digest) {
                (Some(review), Some(digest)) if self.defaults.review.as_ref() == Some(&review) => {
                    Some(format!("{review}={digest}"))
                }
                (value, _) => value,
            }
        };
        let mut line = format!("toolsmith {}", spec.name);
        for arg in spec.args.iter().filter(|arg| arg.required || arg.form.is_positional()) {
            let value = value_of(arg);
            if value.is_none() && !arg.required {
                continue;
            }
            let shown = value.as_deref().map_or_else(|| arg.name.to_uppercase(), quoted);
            line.push_str(&match arg.form {
                Form::Positional | Form::Several => [" ", &shown].concat(),
                Form::Option | Form::Repeated => [" --", arg.name, " ", &shown].concat(),
            });
        }
        Some(line)
    }

    /// Draws the palette and returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let (detail, prompt) = match &self.step {
            Step::Verb => ("all verbs".to_owned(), String::new()),
            Step::Arg { spec, asked, at, .. } => {
                (format!("{} · {} of {}", spec.name, at + 1, asked.len()), format!("{}: ", asked[*at].name))
            }
        };
        let keys = match &self.step {
            Step::Verb => {
                let back = if self.input.is_empty() { "close" } else { "clear" };
                Title::keys(&[("enter", "run"), ("esc", back), ("↑↓", "choose"), (COPY.key, COPY.word)])
            }
            Step::Arg { asked, at, .. } if *at + 1 == asked.len() => {
                Title::keys(&[("enter", "run"), ("esc", "back"), ("tab", "complete"), (COPY.key, COPY.word)])
            }
            Step::Arg { .. } => Title::keys(&[
                ("enter", "next"),
                ("esc", "back"),
                ("ctrl-s", "run"),
                ("tab", "complete"),
                (COPY.key, COPY.word),
            ]),
        };
        let title = Title { name: "Palette", detail, keys, ..Title::default() };
        let inner = open_box(screen, (96, 24), &title, buf, look);
        let width = usize::from(inner.width);
        let label = if prompt.is_empty() { ": ".to_owned() } else { prompt };
        buf.put(inner.x, inner.y, &label, width, theme.accent);
        let used = label.len() as u16;
        let field = Rect { x: inner.x + used, width: inner.width.saturating_sub(used), height: 1, ..inner };
        let cursor = self.input.draw(field, buf, theme.text);
        let is_verb = matches!(self.step, Step::Verb);
        // The details of the selected choice are between the rows and the command line.
        let tells = self.choices.all.iter().any(|one| !one.about.is_empty());
        let about_rows = if is_verb { VERB_LINES } else { usize::from(tells) * ABOUT_LINES };
        let about_rows = u16::try_from(about_rows).unwrap_or(0).min(inner.height / 4);
        let list_area = Rect { y: inner.y + 1, height: inner.height.saturating_sub(2 + about_rows), ..inner };
        let is_listed = |arg: &Arg| arg.kind.listed().is_some() || matches!(arg.kind, ArgKind::Tool);
        if !is_verb && self.shown.is_empty() && self.argument().is_some_and(is_listed) {
            buf.put(inner.x + 1, list_area.y, self.choices.empty(!self.input.is_empty()), width, theme.dim);
        }
        let (shown, rows, choices) = (&self.shown, &self.rows, &self.choices);
        Rows { list: &mut self.list, len: shown.len(), focus: Focus::Here, theme }.draw(
            list_area,
            buf,
            &|at, width| {
                let (index, matches) = &shown[at];
                if is_verb { verb_row(&rows[*index], matches, width, look) } else { choices.row(*index, width, look) }
            },
        );
        let about = shown
            .get(self.list.selected)
            .map(|(at, _)| if is_verb { told_whole(&rows[*at], width) } else { choices.about(*at, width) });
        let about = about.unwrap_or_default();
        let is_told = !about.is_empty();
        for (y, line) in (list_area.bottom()..list_area.bottom() + about_rows).zip(about) {
            buf.put(inner.x, y, line, width, theme.text);
        }
        let doc = self.argument().map(|arg| arg.doc.to_owned());
        let (text, style) = match (&self.note, doc, self.command_line()) {
            (Some(note), ..) => (safe(note), theme.warn),
            (None, Some(doc), _) if self.shown.is_empty() => (doc, theme.dim),
            (None, _, Some(line)) => (format!("$ {line}"), theme.dim),
            (None, _, None) if self.shown.is_empty() => ("no verb matches".to_owned(), theme.warn),
            (None, _, None) => ("works in the workbench only".to_owned(), theme.dim),
        };
        // The number of unused lines; one stays blank above the text.
        let free = usize::from(list_area.height).saturating_sub(self.shown.len() + 1);
        put_below(&text, if is_told { 0 } else { free }, style, inner, buf);
        cursor
    }
}

/// Draws a text on the last line of an area, or on several last lines if `free` lines above are unused.
fn put_below(text: &str, free: usize, style: Style, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let mut lines = wrap(text, width);
    if lines.len() > 1 + free {
        lines = vec![cut(text, width)];
    }
    let first = area.bottom().saturating_sub(lines.len() as u16);
    for (y, line) in (first..area.bottom()).zip(lines) {
        buf.put(area.x, y, line, width, style);
    }
}

/// Whether a verb is applicable to a tool, as far as its row shows.
fn fits(verb: Verb, tool: &Tool) -> bool {
    match verb {
        Verb::Restore => tool.stage == Stage::Archived,
        Verb::Archive => tool.stage != Stage::Archived,
        Verb::ListTools => tool.kind == Kind::Mcp && tool.server.is_none(),
        _ => true,
    }
}

/// Score, position, matched characters.
type Found = (i64, usize, Vec<usize>);

/// The arguments that the palette asks for: positional and required ones. The additional arguments of a decision are
/// asked for in the review.
fn asked_of(spec: &'static Spec) -> Vec<&'static Arg> {
    let decides = DecisionKind::ALL.iter().any(|kind| super::decision_verb(*kind) == spec.verb);
    // These verbs display or create the objects of their arguments; the arguments of `doctor` work only without an open
    // workbench.
    let init = matches!(spec.verb, Verb::Init | Verb::Buffer | Verb::Doctor | Verb::Define);
    // For these verbs, the optional arguments matter as well.
    let all = matches!(spec.verb, Verb::Deprecate | Verb::Rollback);
    let asks = |arg: &&Arg| !init && (all || arg.form.is_positional() || (arg.required && !decides));
    spec.args.iter().filter(asks).collect()
}

fn quoted(value: &str) -> String {
    safe(&shell_word(value))
}

#[cfg(test)]
#[path = "palette_tests.rs"]
mod tests;
