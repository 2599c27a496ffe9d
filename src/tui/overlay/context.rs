//! One instance: its state, prompts and messages, with keys that change the prompts. Prompts are typed in a one-line
//! box over it.

use super::keys::{BoxKey, border_keys, is_row};
use super::report::Report;
use super::{Args, Reply, open_box};
use crate::action::BoxRow;
use crate::action::Verb;
use crate::action::boxes::{CLEAR_CONTEXT, INJECT_PROMPT, PROMOTE_PROMPTS, SAY, STAGE_PROMPT};
use crate::domain::description::Describe;
use crate::domain::{Instant, VerbCall};
use crate::engine::{EngineError, InstanceDetail};
use crate::tui::ink::Ink;
use crate::tui::keymap::Keymap;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The keys of the box.
const KEYS: [BoxRow; 5] = [STAGE_PROMPT, PROMOTE_PROMPTS, INJECT_PROMPT, CLEAR_CONTEXT, SAY];

/// The use of the typed prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    Stage,
    Inject,
}

impl Prompt {
    /// The argument of the verb `context`.
    fn argument(self) -> &'static str {
        match self {
            Prompt::Stage => "stage",
            Prompt::Inject => "inject",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Prompt::Stage => "Stage a prompt",
            Prompt::Inject => "Inject a prompt",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Prompt::Stage => "kept with the instance; p promotes it to the next message",
            Prompt::Inject => "goes with the next message",
        }
    }
}

/// The state of the overlay.
pub struct ContextBox {
    /// Name of the instance.
    pub instance: String,
    pub(super) report: Report,
    /// How many prompts are staged, and how many go with the next message; `None` if unknown.
    prompts: Option<(usize, usize)>,
    /// Whether there is a last output to delete.
    has_output: bool,
    typing: Option<Prompt>,
    /// The text being typed; kept while the overlay is open, until the prompt is accepted.
    input: TextInput,
    note: Option<String>,
}

impl ContextBox {
    /// An overlay for an instance that is not loaded yet.
    pub fn awaited(instance: &str) -> ContextBox {
        ContextBox {
            instance: instance.to_owned(),
            report: Report::of_instance(),
            prompts: None,
            has_output: false,
            typing: None,
            input: TextInput::default(),
            note: None,
        }
    }

    /// Sets the instance as of this time; updates keep the scroll position.
    pub fn set(&mut self, found: Result<&InstanceDetail, &EngineError>, now: Instant) {
        self.prompts = found.ok().map(|detail| (detail.context.staged.len(), detail.context.next.len()));
        self.has_output = found.is_ok_and(|detail| detail.context.last_output.is_some());
        self.report.set(found.map(Describe::describe).map_err(Clone::clone), now);
    }

    /// A change was executed or refused; in the second case, the text can be changed and sent again.
    pub fn edited(&mut self, call: &VerbCall, refused: bool) {
        let kind = [Prompt::Stage, Prompt::Inject].into_iter().find(|kind| call.get(kind.argument()).is_some());
        let Some(kind) = kind.filter(|_| refused && self.typing.is_none()) else { return };
        self.typing = Some(kind);
        self.input = TextInput::new(call.get(kind.argument()).unwrap_or_default());
    }

    /// Scrolls, changes the prompts, or closes; while a prompt is typed, Enter sends it and esc leaves it.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        self.note = None;
        match self.typing {
            Some(kind) => self.type_key(kind, key),
            None => self.command(key, keymap),
        }
    }

    fn type_key(&mut self, kind: Prompt, key: &KeyEvent) -> Reply {
        match key.code {
            KeyCode::Esc => self.typing = None,
            code if (code == KeyCode::Enter || submits(key)) && self.input.text().trim().is_empty() => {
                self.note = Some("type a prompt, or press esc".to_owned());
            }
            code if code == KeyCode::Enter || submits(key) => {
                self.typing = None;
                let text = self.input.text().trim().to_owned();
                self.input.clear();
                return self.edit(kind.argument(), &text);
            }
            _ => drop(self.input.key(key)),
        }
        Reply::Stay
    }

    fn command(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        match KEYS.into_iter().find(|row| is_row(*row, key)) {
            Some(STAGE_PROMPT) => self.typing = Some(Prompt::Stage),
            Some(INJECT_PROMPT) => self.typing = Some(Prompt::Inject),
            Some(PROMOTE_PROMPTS) => return self.edit("promote", "true"),
            Some(CLEAR_CONTEXT) => return self.edit("clear", "true"),
            Some(SAY) => {
                let mut args = Args::default();
                args.push("instance", self.instance.clone());
                return Reply::Invoke(Verb::Say, args);
            }
            Some(_) | None => return self.report.key(key, keymap),
        }
        Reply::Stay
    }

    fn edit(&self, argument: &'static str, value: &str) -> Reply {
        Reply::EditContext(Box::new(VerbCall::new("context", &[("instance", &self.instance), (argument, value)])))
    }

    /// Why a key is unavailable.
    fn refusal(&self, row: BoxRow) -> Option<&'static str> {
        match (row, self.prompts) {
            (STAGE_PROMPT | PROMOTE_PROMPTS | INJECT_PROMPT | CLEAR_CONTEXT, None) => {
                Some("the instance is still being read")
            }
            (PROMOTE_PROMPTS, Some((0, _))) => Some("no prompt is staged: + stages one"),
            (CLEAR_CONTEXT, Some((0, 0))) if !self.has_output => Some("there is nothing to clear"),
            _ => None,
        }
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        KEYS.into_iter().map(|row| BoxKey::row(row).unless(self.refusal(row))).collect()
    }

    /// Whether a prompt is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    /// Inserts pasted text into the prompt that is typed.
    pub fn paste(&mut self, text: &str) {
        if self.typing.is_some() {
            self.input.insert(text);
        }
    }

    /// Draws the overlay and returns the cursor while a prompt is typed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let cursor = self.report.draw_with(border_keys(&self.keys()), screen, buf, look);
        self.typing.map_or(cursor, |kind| Some(self.draw_prompt(kind, screen, buf, look)))
    }

    fn draw_prompt(&self, kind: Prompt, screen: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let detail = format!("for {}", safe(&self.instance));
        let keys = Title::keys(&[("enter", kind.argument()), ("esc", "close (draft kept)")]);
        let title = Title { name: kind.title(), detail, keys, ..Title::default() };
        let inner = open_box(screen, (76, 5), &title, buf, look);
        let width = usize::from(inner.width);
        let cursor = self.input.draw(Rect { height: 1, ..inner }, buf, theme.text);
        let note = self.note.as_deref();
        let (note, style) = note.map_or((kind.about(), theme.dim), |note| (note, theme.warn));
        buf.put(inner.x, inner.bottom().saturating_sub(1), cut(note, width), width, style);
        cursor
    }
}
