//! The question before a change: shows exactly what would happen. `y` confirms; esc and `n` cancel.

use super::guard::Guard;
use super::keys::{BoxKey, is_row};
use super::{Args, Reply, arguments, open_box, verb_title};
use crate::action::boxes::{EDIT_ARGUMENTS, EDIT_INPUT, EXPLAIN};
use crate::action::{self, Verb};
use crate::domain::{Command, EvolutionId};
use crate::engine::{EngineError, LaneId, Preview};
use crate::tui::ink::Ink;
use crate::tui::layout::centred;
use crate::tui::now::Now;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{keep_running, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

#[derive(Debug, Clone, PartialEq)]
enum Question {
    /// Execute a command whose preview has not arrived yet.
    Looking(Command),
    /// Execute a command.
    Command(Command, Preview),
    /// The command cannot be executed.
    Refused(EngineError),
    /// Quit while runs or evolutions are in progress.
    Quit {
        live: usize,
        /// Evolutions that are still running.
        evolving: usize,
        /// Services that continue to run.
        services: usize,
    },
    /// Write an answer of a generator as a version.
    Keep(EvolutionId, LaneId, Preview),
}

/// Lines of the box that are not the question: its frame, an empty line and the keys.
const BORDERS: usize = 4;

fn box_width(screen: u16) -> u16 {
    76.min(screen.saturating_sub(2))
}

/// The state of the question.
pub struct Confirm {
    question: Question,
    guard: Guard,
    note: Option<&'static str>,
    /// Whether a run waits for the answer: its input can be changed.
    is_of_run: bool,
    /// The typed part of the name of an object to be deleted permanently.
    typed: String,
    page: Page,
}

/// Which lines of the question were shown, starting at the first.
#[derive(Default)]
struct Page {
    top: usize,
    /// The number of rows for lines.
    height: usize,
    /// The number of lines, for a width.
    lines: usize,
    width: usize,
    seen: usize,
}

impl Page {
    /// The lines to draw now. A new width resets what was shown.
    fn draw(&mut self, lines: usize, width: usize, height: usize) -> std::ops::Range<usize> {
        if (self.lines, self.width) != (lines, width) {
            *self = Page { lines, width, ..Page::default() };
        }
        self.height = height;
        self.top = self.top.min(lines.saturating_sub(height));
        let shown = self.top..(self.top + height).min(lines);
        if shown.start <= self.seen {
            self.seen = self.seen.max(shown.end);
        }
        shown
    }

    /// Handles a key that turns pages; `false` if it has another meaning.
    fn key(&mut self, key: &KeyEvent) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        self.top = match key.code {
            KeyCode::Down => self.top + 1,
            KeyCode::Up => self.top.saturating_sub(1),
            KeyCode::PageDown => self.top + page,
            KeyCode::PageUp => self.top.saturating_sub(page),
            _ => return false,
        };
        true
    }
}

/// The text that must be typed first: the name of an object that cannot be restored.
fn deleted_name(command: &Command) -> Option<&str> {
    let Command::Verb(call) = command else { return None };
    match call.verb() {
        "clear-state" => call.get("tool"),
        "prune" => Some("prune"),
        "terminate" if call.get("forget").is_some() => call.get("instance"),
        _ => None,
    }
}

impl Confirm {
    /// Asks about a command; its preview arrives later.
    pub fn about(command: Command) -> Confirm {
        Confirm::new(Question::Looking(command))
    }

    /// Asks whether to quit while this many runs and evolutions are in progress, and this many services continue to
    /// run.
    pub fn quit(live: usize, evolving: usize, services: usize) -> Confirm {
        Confirm::new(Question::Quit { live, evolving, services })
    }

    /// Asks whether to write an answer of a generator as a version; `lines` describe it.
    pub fn keep(id: EvolutionId, at: LaneId, lines: Vec<String>) -> Confirm {
        let title = format!("Save the answer of round {} as a version", at.round);
        let undo = "the version is a separate folder: archive it to remove it".to_owned();
        let preview = Preview { title, lines, undo };
        Confirm::new(Question::Keep(id, at, preview))
    }

    fn new(question: Question) -> Confirm {
        Confirm {
            question,
            guard: Guard::default(),
            note: None,
            is_of_run: false,
            typed: String::new(),
            page: Page::default(),
        }
    }

    /// The name that must be typed before a permanent deletion.
    fn asked_name(&self) -> Option<&str> {
        match &self.question {
            Question::Command(command, _) => deleted_name(command),
            _ => None,
        }
    }

    /// Handles a key while the name of the object to delete is typed.
    fn type_name(&mut self, key: &KeyEvent, name: &str, counts: bool) -> Reply {
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        match (&self.question, key.code) {
            (_, KeyCode::Esc) => return Reply::Close,
            (Question::Command(command, _), KeyCode::Enter) if counts && self.typed == name => {
                return Reply::Execute(command.clone());
            }
            (_, KeyCode::Backspace) => drop(self.typed.pop()),
            (_, KeyCode::Char(c)) if plain && counts => self.typed.push(c),
            _ => self.note = Some("type the name, then press enter"),
        }
        Reply::Stay
    }

    /// The same question, asked because a run waits for the answer.
    pub fn of_run(self) -> Confirm {
        Confirm { is_of_run: true, ..self }
    }

    /// The tool that the question grants a permission to, if any.
    fn allowed_tool(&self) -> Option<&str> {
        match &self.question {
            Question::Command(Command::Allow { tool, .. }, _) => Some(tool),
            Question::Command(Command::Unlock { tool, .. }, _) => tool.as_deref(),
            _ => None,
        }
    }

    /// The verb that the question is about and its arguments, if the verb has optional arguments.
    fn editable(&self) -> Option<(Verb, Args)> {
        let Question::Command(Command::Verb(call), _) = &self.question else { return None };
        let row = action::by_name(call.verb()).filter(|row| arguments::has_optional_text(row))?;
        let mut args = Args::default();
        for arg in row.args {
            if let Some(value) = call.get(arg.name) {
                args.push(arg.name, value.to_owned());
            }
        }
        Some((row.verb, args))
    }

    /// Sets the preview if it is the awaited one. The guard starts with the next drawing.
    pub fn set_preview(&mut self, about: &Command, preview: Result<Preview, EngineError>) {
        if let Question::Looking(command) = &self.question
            && command == about
        {
            self.question = match preview {
                Ok(preview) => Question::Command(command.clone(), preview),
                Err(error) => Question::Refused(error),
            };
            self.guard = Guard::default();
            self.page = Page::default();
        }
    }

    /// Handles a key: `y` confirms, esc and `n` cancel, all others are ignored.
    pub fn key(&mut self, key: &KeyEvent, now: Now) -> Reply {
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        let counts = self.guard.admits(now);
        self.note = None;
        if self.page.lines > self.page.height && self.page.key(key) {
            return Reply::Stay;
        }
        if let Some(name) = self.asked_name().map(str::to_owned) {
            return self.type_name(key, &name, counts);
        }
        if let Some(tool) = self.allowed_tool().filter(|_| is_row(EXPLAIN, key)) {
            let mut args = Args::default();
            args.push("tool", tool.to_owned());
            return Reply::Invoke(Verb::Show, args);
        }
        if let Some((verb, args)) = self.editable().filter(|_| is_row(EDIT_ARGUMENTS, key)) {
            return Reply::Fill(verb, args);
        }
        match (&self.question, key.code) {
            (Question::Command(..), _) if self.is_of_run && is_row(EDIT_INPUT, key) => Reply::EditHeld,
            (_, KeyCode::Esc | KeyCode::Char('n' | 'q')) if plain => Reply::Close,
            (Question::Refused(_), KeyCode::Enter) => Reply::Close,
            (Question::Command(command, _), KeyCode::Char('y')) if plain && counts => Reply::Execute(command.clone()),
            (Question::Quit { .. }, KeyCode::Char('y')) if plain && counts => Reply::Quit,
            (Question::Keep(id, at, _), KeyCode::Char('y')) if plain && counts => Reply::Keep(*id, *at),
            (Question::Command(..) | Question::Quit { .. } | Question::Keep(..), _) => {
                self.note = Some(if counts { "press y to confirm, esc to cancel" } else { "read first, then press y" });
                Reply::Stay
            }
            _ => Reply::Stay,
        }
    }

    /// Its keys; `None` while a name is typed. Confirmation is possible only in the box, where the question is visible.
    pub(super) fn keys(&self) -> Option<Vec<BoxKey>> {
        if self.asked_name().is_some() {
            return None;
        }
        let yes = "close this help and press it in the box, where the question is";
        let is_asked = !matches!(self.question, Question::Looking(_) | Question::Refused(_));
        let mut keys = vec![BoxKey::answer('n', "no", "Change nothing, and close")];
        if is_asked {
            keys.insert(0, BoxKey::answer('y', "yes", "Do what the box says").unless(Some(yes)));
        }
        if self.is_of_run {
            keys.push(BoxKey::row(EDIT_INPUT));
        }
        if self.editable().is_some() {
            keys.push(BoxKey::row(EDIT_ARGUMENTS));
        }
        if self.allowed_tool().is_some() {
            keys.push(BoxKey::row(EXPLAIN));
        }
        Some(keys)
    }

    /// The next keys may have been meant for something else.
    pub fn disturb(&mut self, now: Now) {
        self.guard.disturb(now);
    }

    /// The guard, once there is a question to answer.
    pub fn guard_mut(&mut self) -> Option<&mut Guard> {
        match self.question {
            Question::Command(..) | Question::Quit { .. } | Question::Keep(..) => Some(&mut self.guard),
            Question::Looking(_) | Question::Refused(_) => None,
        }
    }

    /// Whether the complete question was shown; before that, it cannot be confirmed.
    pub fn is_read(&self) -> bool {
        self.page.seen >= self.page.lines
    }

    /// When it begins to accept answers.
    pub fn wakes_at(&self, now: Now) -> Option<u64> {
        self.guard.wakes_at(now)
    }

    /// Draws the question with its preview, over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let width = box_width(screen.width);
        let room = usize::from(width.saturating_sub(4));
        let lines = self.lines(room, look);
        let height = (lines.len() + BORDERS) as u16;
        let rows = usize::from(centred(screen, width, height).height).saturating_sub(BORDERS);
        let shown = self.page.draw(lines.len(), room, rows);
        let name = self.name();
        let (prompt, style, keys) = self.footer(look);
        let title = Title { name: &name, keys, ..Title::default() };
        let inner = open_box(screen, (width, height), &title, buf, look);
        for (y, (text, style)) in (inner.y..inner.bottom()).zip(&lines[shown]) {
            buf.put(inner.x, y, text, room, *style);
        }
        let y = inner.bottom().saturating_sub(1);
        match self.asked_name().filter(|_| self.is_read()) {
            Some(name) => {
                let again = self.note.filter(|_| !name.starts_with(&self.typed));
                let asked = match again {
                    Some(_) => safe(&format!("this is not the name; type {name}: ")),
                    None => safe(&format!("type {name} to confirm: ")),
                };
                let (after, _) = buf.put(inner.x, y, &asked, room, look.theme.text);
                buf.put(after, y, safe(&self.typed), room.saturating_sub(asked.len()), look.theme.accent);
            }
            None => drop(buf.put(inner.x, y, prompt, room, style)),
        }
    }

    /// The text below the question, and the keys that answer it.
    fn footer(&self, look: Look) -> (&'static str, Style, Vec<(String, &'static str)>) {
        let theme = look.theme;
        let (yes, no) = match &self.question {
            Question::Looking(_) => return ("", theme.dim, Title::keys(&[("esc", "cancel")])),
            Question::Refused(_) => return ("", theme.dim, Title::keys(&[("esc", "close")])),
            Question::Command(..) | Question::Keep(..) => ("confirm", "cancel"),
            Question::Quit { .. } => ("stop them and quit", "stay"),
        };
        if !self.is_read() {
            return ("more to read below", theme.warn, Title::keys(&[("down", "scroll"), ("esc", no)]));
        }
        if let Some(name) = self.asked_name() {
            let is_typed = self.typed == name;
            let keys =
                if is_typed { Title::keys(&[("enter", "delete"), ("esc", no)]) } else { Title::keys(&[("esc", no)]) };
            return ("", theme.dim, keys);
        }
        // A key is shown once it is accepted.
        let counts = self.guard.is_listening(look.now);
        let mut keys = if counts { Title::keys(&[("y", yes), ("esc", no)]) } else { Title::keys(&[("esc", no)]) };
        if self.is_of_run {
            keys.push((EDIT_INPUT.key.to_owned(), EDIT_INPUT.word));
        }
        if self.editable().is_some() {
            keys.push((EDIT_ARGUMENTS.key.to_owned(), EDIT_ARGUMENTS.word));
        }
        if self.allowed_tool().is_some() {
            keys.push(("i".to_owned(), "explain"));
        }
        match self.note {
            Some(note) => (note, theme.warn, keys),
            None if counts => ("", theme.dim, keys),
            None => ("read first …", theme.dim, keys),
        }
    }

    fn name(&self) -> String {
        let name = match &self.question {
            Question::Looking(command) | Question::Command(command, _) => match command {
                Command::Verb(call) => return format!("{}?", verb_title(call.get("operation").unwrap_or(call.verb()))),
                Command::Promote { .. } => "Promote?",
                Command::UseInSession { .. } => "Use it?",
                Command::Trim { .. } => "Trim?",
                Command::Propose { .. } => "Propose?",
                Command::New { .. } | Command::AcceptOpportunity { .. } => "Create it?",
                Command::DismissOpportunity { .. } => "Dismiss?",
                Command::Allow { .. } => "Allow?",
                Command::FetchPackages { .. } => "Fetch?",
                Command::Grant { .. } => "Grant?",
                Command::Unlock { .. } => "Unlock?",
                Command::Revoke { .. } => "Revoke?",
                Command::Undo { .. } => "Undo?",
                Command::Cancel { .. } => "Stop?",
                Command::Decide(_) => "Decide?",
                Command::Comment { .. } | Command::Withdraw { .. } | Command::Mark { .. } | Command::Recheck { .. } => {
                    "Continue?"
                }
            },
            Question::Refused(_) => "Not possible",
            Question::Quit { .. } => "Quit?",
            Question::Keep(..) => "Keep it?",
        };
        name.to_owned()
    }

    fn lines(&self, room: usize, look: Look) -> Vec<(String, Style)> {
        let theme = look.theme;
        let styled = |text: &str, style: Style| wrap(&safe(text), room).into_iter().map(move |line| (line, style));
        match &self.question {
            Question::Looking(_) => vec![("checking what would change …".to_owned(), theme.dim)],
            Question::Command(_, preview) | Question::Keep(_, _, preview) => {
                let mut lines: Vec<_> = styled(&preview.title, theme.title).collect();
                for line in &preview.lines {
                    lines.extend(
                        wrap(&safe(line), room.saturating_sub(2))
                            .into_iter()
                            .enumerate()
                            .map(|(at, text)| (format!("{} {text}", if at == 0 { "·" } else { " " }), theme.text)),
                    );
                }
                lines.extend(styled(&preview.undo, theme.dim));
                lines
            }
            Question::Refused(error) => {
                styled(&error.message, theme.bad).chain(styled(&error.hint, theme.text)).collect()
            }
            Question::Quit { live, evolving, services } => {
                let noun = if *live == 1 { "run is" } else { "runs are" };
                let runs = format!("{live} {noun} still active. Quitting cancels what runs.");
                let noun = if *evolving == 1 { "evolution is" } else { "evolutions are" };
                let asked =
                    format!("{evolving} {noun} still active. Quitting stops this work; its answers can be kept.");
                let lasting = format!("{}.", keep_running(*services));
                let said = [(*live, runs), (*evolving, asked), (*services, lasting)];
                let said = said.into_iter().filter(|(many, _)| *many > 0);
                said.flat_map(|(_, text)| styled(&text, theme.text).collect::<Vec<_>>()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_a_verb_are_changed_from_its_question() {
        let asked = |command: Command| {
            let mut confirm = Confirm::about(command.clone());
            let preview = Preview { title: String::new(), lines: Vec::new(), undo: String::new() };
            confirm.set_preview(&command, Ok(preview));
            confirm.key(&KeyEvent::new(KeyCode::Char(';'), KeyModifiers::NONE), Now::default())
        };
        let mut args = Args::default();
        args.push("review", "7".to_owned());
        assert_eq!(asked(Command::verb("ask-team", &[("review", "7")])), Reply::Fill(Verb::AskTeam, args));
        // `claim` has no optional argument.
        assert_eq!(asked(Command::verb("claim", &[("review", "7")])), Reply::Stay);
    }

    #[test]
    fn what_is_deleted_for_good_is_named_by_whoever_deletes_it() {
        let command = Command::verb("clear-state", &[("tool", "notes")]);
        let mut confirm = Confirm::about(command.clone());
        let preview = Preview { title: String::new(), lines: Vec::new(), undo: String::new() };
        confirm.set_preview(&command, Ok(preview));
        let at = |steady_ms| Now { steady_ms, ..Now::default() };
        confirm.guard.drawn(at(0));
        let mut press = |code, ms| confirm.key(&KeyEvent::new(code, KeyModifiers::NONE), at(ms));
        assert_eq!(press(KeyCode::Char('y'), 600), Reply::Stay);
        assert_eq!(press(KeyCode::Enter, 700), Reply::Stay);
        press(KeyCode::Backspace, 800);
        for (step, c) in "notes".chars().enumerate() {
            assert_eq!(press(KeyCode::Char(c), 900 + step as u64), Reply::Stay);
        }
        assert_eq!(press(KeyCode::Enter, 1_000), Reply::Execute(command));
        assert_eq!(deleted_name(&Command::verb("archive", &[("tool", "notes")])), None);
        assert_eq!(deleted_name(&Command::verb("terminate", &[("instance", "a")])), None);
    }
}
