//! The palette: every verb by name, with its key and its command line; arguments are asked one by one.

use super::{Args, Reply, open_box};
use crate::action::{Arg, ArgKind, Form, Spec, Verb};
use crate::domain::DecisionKind;
use crate::engine::CatalogView;
use crate::tui::ink::{Ink, Span};
use crate::tui::list::{ListState, Motion};
use crate::tui::pane::rows::{Focus, Look, Rows, Title};
use crate::tui::phrase::{cut, pad, safe};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

/// Choices drawn for an argument at most; typing narrows them.
const MAX_CHOICES: usize = 200;

/// A verb as the palette shows it.
#[derive(Debug, Clone)]
pub struct PaletteRow {
    /// Its row in the table.
    pub spec: &'static Spec,
    /// Its first key; empty when it has none.
    pub key: String,
    /// Why it does not work right now, without arguments.
    pub reason: Option<String>,
    /// Its place among the verbs that were chosen last, 0 for the newest.
    pub recent: Option<usize>,
    /// Its place among what is most likely to be done here.
    pub likely: Option<usize>,
    /// Whether its key works where the focus is.
    pub is_here: bool,
}

impl PaletteRow {
    /// Whether it cannot be done now: it does not work on what is selected, and asks for nothing else.
    fn is_blocked(&self) -> bool {
        self.reason.is_some() && (asked_of(self.spec).is_empty() || !self.spec.tui)
    }
}

/// What arguments begin with: what is selected on the screen.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Name of the selected tool.
    pub tool: Option<String>,
    /// Number of the selected run.
    pub run: Option<String>,
    /// Number of the selected review.
    pub review: Option<String>,
    /// First digits of the digest of the selected review: a command line names both.
    pub digest: Option<String>,
    /// Name of the selected instance of a service.
    pub instance: Option<String>,
    /// The selected group of failures.
    pub failure: Option<String>,
}

#[derive(Debug)]
enum Step {
    Verb,
    /// Asking for an argument of the chosen verb.
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
    /// Rows or choices that match, best first, with the matched characters.
    shown: Vec<(usize, Vec<usize>)>,
    choices: Vec<String>,
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
            choices: Vec::new(),
            list: ListState::default(),
            note: None,
        };
        palette.narrow();
        palette
    }

    /// Takes a key. Esc goes one step back.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return self.back(),
            KeyCode::Char('c') if control => return Reply::Close,
            KeyCode::Char('y') if control => {
                return self.command_line().map_or(Reply::Stay, Reply::Copy);
            }
            _ if submits(key) => return self.accept_all(),
            KeyCode::Enter => return self.accept(),
            KeyCode::Tab => self.complete(),
            KeyCode::Down => self.list.step(Motion::Down, self.shown.len()),
            KeyCode::Up => self.list.step(Motion::Up, self.shown.len()),
            KeyCode::PageDown => self.list.step(Motion::PageDown, self.shown.len()),
            KeyCode::PageUp => self.list.step(Motion::PageUp, self.shown.len()),
            _ => {
                if self.input.key(key) {
                    self.narrow();
                }
            }
        }
        Reply::Stay
    }

    /// Takes pasted text into the field.
    pub fn paste(&mut self, text: &str) {
        self.input.insert(text);
        self.narrow();
    }

    fn back(&mut self) -> Reply {
        match &mut self.step {
            // As everywhere, the first esc takes back what was typed.
            Step::Verb if !self.input.is_empty() => self.input.clear(),
            Step::Verb => return Reply::Close,
            Step::Arg { at: 0, .. } => {
                self.step = Step::Verb;
                self.input.clear();
            }
            Step::Arg { asked, at, given, .. } => {
                *at -= 1;
                let name = asked[*at].name;
                self.input = TextInput::new(given.get(name).unwrap_or_default());
                given.forget(name);
            }
        }
        self.narrow();
        Reply::Stay
    }

    /// Takes what is entered and, for the arguments after it, what is filled in.
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

    /// Takes the value of the argument asked for, then asks for the next or invokes the verb.
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
        let chosen = self.shown.get(self.list.selected).and_then(|(at, _)| self.choices.get(*at));
        match (chosen, self.input.is_empty(), self.argument()) {
            (Some(choice), false, _) => choice.clone(),
            (Some(choice), true, Some(arg)) if arg.required => choice.clone(),
            _ => self.input.text(),
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

    /// Prepares the field and the choices for the argument asked for.
    fn ask(&mut self) {
        let Some(arg) = self.argument() else { return };
        let Step::Arg { spec, .. } = &self.step else { return };
        let preset = self.preset(spec, arg);
        self.choices = match arg.kind {
            ArgKind::Tool => self.tool_names(),
            ArgKind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            _ => Vec::new(),
        };
        self.input = TextInput::preset(&preset.unwrap_or_default());
        self.narrow();
    }

    /// What an argument begins with: what is selected on the screen.
    fn preset(&self, spec: &Spec, arg: &Arg) -> Option<String> {
        match arg.kind {
            ArgKind::Tool if arg.required || spec.verb == Verb::Similar => self.defaults.tool.clone(),
            ArgKind::Run | ArgKind::RunOrInstance => self.defaults.run.clone(),
            ArgKind::Review | ArgKind::ReviewDigest => self.defaults.review.clone(),
            ArgKind::Instance if arg.required => self.defaults.instance.clone(),
            ArgKind::Failure => self.defaults.failure.clone(),
            _ => None,
        }
    }

    fn tool_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.catalog.tools.iter().map(|tool| tool.name.to_string()).collect();
        names.dedup();
        names
    }

    fn narrow(&mut self) {
        let text = self.input.text();
        let matcher = SkimMatcherV2::default();
        let found: Vec<Found> = match self.step {
            Step::Verb => {
                let rows = self.rows.iter().enumerate();
                rows.filter_map(|(at, row)| verb_match(&matcher, row.spec, &text).map(|(s, m)| (s, at, m))).collect()
            }
            Step::Arg { .. } => {
                let choices = self.choices.iter().enumerate();
                choices.filter_map(|(at, c)| matcher.fuzzy_indices(c, &text).map(|(s, m)| (s, at, m))).collect()
            }
        };
        let mut found = found;
        let is_verb = matches!(self.step, Step::Verb);
        found.sort_by_key(|(score, at, _)| {
            let row = self.rows.get(*at).filter(|_| is_verb);
            // Who typed the whole name means this verb, and wants to read why it does not work.
            let is_other = row.is_none_or(|row| row.spec.name != text);
            let blocked = is_other && row.is_some_and(PaletteRow::is_blocked);
            let order = row.map(|row| self.order(row));
            // What was typed says what is wanted; without it the place does.
            let order = order.filter(|_| text.is_empty());
            (blocked, is_other, order, -score, *at)
        });
        found.truncate(MAX_CHOICES);
        self.shown = found.into_iter().map(|(_, at, matches)| (at, matches)).collect();
        self.list = ListState { height: self.list.height, ..ListState::default() };
    }

    /// Where a verb stands among those that work: what was chosen last, then what needs nothing more to be typed, and of
    /// that what one is here for.
    fn order(&self, row: &PaletteRow) -> (usize, bool, usize, bool) {
        let last = usize::MAX;
        let asks = |arg: &&Arg| arg.required && self.preset(row.spec, arg).is_none();
        let needs_words = asked_of(row.spec).iter().any(asks);
        (row.recent.unwrap_or(last), needs_words, row.likely.unwrap_or(last), !row.is_here)
    }

    /// The command line that does the same; `None` for verbs of the screen only.
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
            // On the command line an approval names the digest that was on screen.
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
                Title::keys(&[("enter", "run"), ("esc", back), ("↑↓", "choose"), ("ctrl-y", "copy command")])
            }
            Step::Arg { asked, at, .. } if *at + 1 == asked.len() => {
                Title::keys(&[("enter", "run"), ("esc", "back"), ("tab", "complete"), ("ctrl-y", "copy command")])
            }
            Step::Arg { .. } => Title::keys(&[
                ("enter", "next"),
                ("esc", "back"),
                ("ctrl-s", "run"),
                ("tab", "complete"),
                ("ctrl-y", "copy command"),
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
        let list_area = Rect { y: inner.y + 1, height: inner.height.saturating_sub(2), ..inner };
        let (shown, rows, choices) = (&self.shown, &self.rows, &self.choices);
        let is_verb = matches!(self.step, Step::Verb);
        Rows { list: &mut self.list, len: shown.len(), focus: Focus::Here, theme }.draw(
            list_area,
            buf,
            &|at, width| {
                let (index, matches) = &shown[at];
                if is_verb {
                    verb_row(&rows[*index], matches, width, look)
                } else {
                    choice_row(&choices[*index], width, look)
                }
            },
        );
        let last = inner.bottom().saturating_sub(1);
        let doc = self.argument().map(|arg| arg.doc.to_owned());
        let (text, style) = match (&self.note, doc, self.command_line()) {
            (Some(note), ..) => (safe(note), theme.warn),
            (None, Some(doc), _) if self.shown.is_empty() => (doc, theme.dim),
            (None, _, Some(line)) => (format!("$ {line}"), theme.dim),
            (None, _, None) if self.shown.is_empty() => ("no verb matches".to_owned(), theme.warn),
            (None, _, None) => ("works in the workbench only".to_owned(), theme.dim),
        };
        buf.put(inner.x, last, cut(&text, width), width, style);
        cursor
    }
}

/// Columns of the names of verbs; a longer one pushes its sentence to the right.
const NAME_WIDTH: usize = 16;

/// From so many columns on names have a column of their own.
const ALIGNED_FROM: usize = 64;

/// Score, position, matched characters.
type Found = (i64, usize, Vec<usize>);

/// A verb matches by its name, fuzzily, or by whole pieces of the sentence about it; names go first.
fn verb_match(matcher: &SkimMatcherV2, spec: &Spec, text: &str) -> Option<(i64, Vec<usize>)> {
    if let Some((score, matches)) = matcher.fuzzy_indices(spec.name, text) {
        let head = if spec.name.starts_with(text) { 1_000 } else { 0 };
        return Some((1_000 + head + score, matches));
    }
    let words = text.to_lowercase();
    let at = spec.doc.to_lowercase().find(&words)?;
    // Documentation is ASCII (a table test says so), so bytes are characters.
    let start = spec.name.len() + 2 + at;
    Some((0, (start..start + words.len()).collect()))
}

/// The arguments that the palette asks for: those by position and those that must be given. What a
/// decision needs beyond its review is asked where the evidence is.
fn asked_of(spec: &'static Spec) -> Vec<&'static Arg> {
    let decides = DecisionKind::ALL.iter().any(|kind| super::decision_verb(*kind) == spec.verb);
    // These show or make what their arguments would name; those of `doctor` work only while no workbench is open.
    let init = matches!(spec.verb, Verb::Init | Verb::Buffer | Verb::Doctor | Verb::Define);
    // What these take beside the tool is what makes them worth a palette.
    let all = matches!(spec.verb, Verb::Deprecate | Verb::Rollback);
    let asks = |arg: &&Arg| !init && (all || arg.form.is_positional() || (arg.required && !decides));
    spec.args.iter().filter(asks).collect()
}

fn quoted(value: &str) -> String {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_-.@/:=".contains(c));
    if plain { value.to_owned() } else { format!("'{}'", safe(value).replace('\'', "'\\''")) }
}

fn verb_row(row: &PaletteRow, matches: &[usize], width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let key_width = 10;
    // Why it does not work stands where its sentence would.
    let blocked = row.is_blocked();
    let about = match &row.reason {
        Some(reason) if blocked => safe(reason),
        _ => row.spec.doc.to_owned(),
    };
    let name = row.spec.name.len();
    let begins = if width < ALIGNED_FROM { name + 2 } else { NAME_WIDTH.max(name + 1) + 1 };
    let text = format!("{}{}{about}", row.spec.name, " ".repeat(begins - name));
    let shown = pad(&text, width.saturating_sub(key_width));
    // Those behind the name are places in the sentence, two columns from the name.
    let found = |at: usize| match at.checked_sub(begins) {
        None => at < name && matches.contains(&at),
        Some(at) => !blocked && matches.contains(&(name + 2 + at)),
    };
    let style = |at: usize| {
        let base = if at < name && !blocked { theme.title } else { theme.dim };
        if found(at) { base.patch(theme.match_) } else { base }
    };
    let mut spans: Vec<Span> =
        shown.chars().enumerate().map(|(at, c)| Span::styled(c.to_string(), style(at))).collect();
    spans.push(Span::styled(format!(" {:<9}", row.key), theme.accent));
    spans
}

fn choice_row(choice: &str, width: usize, look: Look) -> Vec<Span> {
    vec![Span::styled(pad(&safe(choice), width), look.theme.text)]
}

#[cfg(test)]
mod tests {
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
        let shown = |palette: &Palette| -> Vec<&str> {
            palette.shown.iter().map(|(at, _)| palette.rows[*at].spec.name).collect()
        };
        let all = shown(&palette);
        assert_eq!((all[0], all[1], *all.last().unwrap()), ("zoom", "run", "redraw"));
        // What works on the selected tool goes before what has to be told more.
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

    #[test]
    fn a_needed_argument_cannot_be_left_out() {
        let mut palette = palette();
        palette.defaults = Defaults::default();
        assert_eq!(press(&mut palette, "show\n\n"), Reply::Stay);
        assert!(palette.note.is_some());
        assert_eq!(press(&mut palette, "\u{1b}\u{1b}"), Reply::Close);
    }
}
