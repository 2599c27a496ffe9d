//! Overlays over the workbench: each handles keys first, answers with a [`Reply`], and closes with esc.
//!
//! Overlays form a stack; only the topmost gets keys. None opens by itself. Overlays that change something accept keys
//! only after a [`guard::Guard`] allows it.

mod approval_options;
pub mod arguments;
pub mod buffers;
pub mod bulk;
pub mod call_form;
pub mod comment;
pub mod confirm;
pub mod context;
pub mod digest_prompt;
pub mod evolutions;
pub mod evolve;
pub mod failure;
pub mod form;
pub mod grants;
pub mod guard;
pub mod help;
mod keys;
pub mod launch;
mod list_box;
pub mod log;
pub mod mark;
pub mod new_tool;
pub mod opportunities;
pub mod palette;
pub mod reason;
pub mod report;
pub mod runs;
pub mod say;
pub mod sets;
pub mod upkeep;

pub(in crate::tui) use self::list_box::TYPING_KEYS;
use super::effect::{CallStep, Sending};
use super::keymap::Keymap;
use super::layout::centred;
use super::now::Now;
use super::pane::rows::{Focus, Look, Title, frame};
use crate::action::Verb;
use crate::domain::{
    Command, CommentKind, Decision, DecisionKind, DecisionRequest, EvolutionId, OperationId, ReviewId, RunId, VerbCall,
};
use crate::engine::{CallRequest, EvolveRequest, LaneId, MarkRequest};
use crate::tui::ink::blank;
use crate::tui::widget::fields::Fields;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use serde_json::Value;

/// Values for the arguments of a verb, by the names of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Args(Vec<(&'static str, String)>);

impl Args {
    /// The value of an argument; `None` if it was not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The values of an argument that may be given several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Adds a value; an empty one is ignored.
    pub fn push(&mut self, name: &'static str, value: String) {
        if !value.trim().is_empty() {
            self.0.push((name, value));
        }
    }

    /// Removes the last value.
    pub fn forget(&mut self, name: &str) {
        self.0.retain(|(known, _)| *known != name);
    }

    /// Name and value in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.0.iter()
    }
}

/// Form input that is kept when the form is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The form and its object.
    pub form: String,
    /// The values of its fields.
    pub values: Vec<String>,
    /// Whether any of it was typed.
    pub edited: bool,
}

impl Typed {
    /// The values typed into these fields.
    fn of(form: &str, fields: &Fields) -> Typed {
        Typed { form: form.to_owned(), values: fields.values(), edited: fields.is_edited() }
    }
}

/// The request of an overlay after a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Stay open; the key was used or ignored.
    Stay,
    /// Close, with nothing else to do.
    Close,
    /// Close and perform a verb.
    Invoke(Verb, Args),
    /// Close and ask for the arguments of a verb.
    Fill(Verb, Args),
    /// Close and execute a command.
    Execute(Command),
    /// Close and send a decision on a review.
    Decide(Box<DecisionRequest>),
    /// Close and approve a specification; once the approval is complete, its tool is created.
    DecideAndGenerate(Box<DecisionRequest>),
    /// Close and open a review for reading, then return to this decision.
    ReadFirst(Vec<ReviewId>, DecisionKind),
    /// Close, but keep the reason typed so far for the next time.
    KeepDraft(ReviewId, DecisionKind, String),
    /// Close, but keep the comment typed so far for the next time.
    KeepComment(ReviewId, CommentKind, String),
    /// Close and run with this input.
    Start(Value),
    /// Close, but keep the input typed so far for the next time.
    KeepInput(Value),
    /// Close and show this run.
    OpenRun(RunId),
    /// Decide several reviews; the overlay stays open for the results.
    DecideAll(Vec<DecisionRequest>),
    /// Close and ask about a command.
    Ask(Box<Command>),
    /// Ask whether to undo this operation.
    AskUndo(OperationId),
    /// Load the log again with another filter.
    Search(String),
    /// Prepare the request for a generator; the overlay stays open for the answer.
    Prepare(Box<EvolveRequest>, Sending),
    /// Determine the candidates, with the overlay open; or close and try them.
    Call(Box<CallRequest>, CallStep),
    /// Close, but keep the hint typed so far for the next time this tool is evolved.
    KeepHint(String, String),
    /// Close and show this evolution.
    OpenEvolution(EvolutionId),
    /// Close and mark a failure.
    MarkFailure(Box<MarkRequest>),
    /// Close and write this answer as a version.
    Keep(EvolutionId, LaneId),
    /// Close and use this set of tools.
    Choose(String),
    /// Send a message to an instance; the overlay stays open for the answer.
    Say(String, String),
    /// Change the prompts of an instance; the overlay stays open and shows them.
    EditContext(Box<VerbCall>),
    /// Show the keys of this place; the overlay stays open below.
    Help(&'static str, Vec<help::HelpRow>),
    /// Say why a key is unavailable; the overlay stays open.
    Refuse(String),
    /// Copy this text; the overlay stays open.
    Copy(String),
    /// Load the possible values of an argument, listed under this word of `candidates`; the overlay stays open for the
    /// answer.
    LoadChoices(&'static str, Option<String>),
    /// Close, and select the tool of this path in the catalog.
    GoToTool(String),
    /// Close, and reopen the form whose run waits for an answer.
    EditHeld,
    /// Close, and press this key below.
    Press(KeyEvent),
    /// Stop the runs and leave.
    Quit,
}

/// An overlay.
pub enum Overlay {
    /// Keys that work here.
    Help(help::Help),
    /// Search over all verbs, with their arguments.
    Palette(Box<palette::Palette>),
    /// The effects of a command, before it is executed.
    Confirm(confirm::Confirm),
    /// The input of a run.
    Form(Box<form::RunForm>),
    /// Entries of the operation log.
    Log(log::Log),
    /// List of recorded runs.
    Runs(runs::RunList),
    /// The grants.
    Grants(grants::Grants),
    /// Saved sets of tools.
    Sets(sets::Sets),
    /// Buffers and how full they are.
    Buffers(buffers::BufferList),
    /// Findings of `doctor` and `verify`.
    Report(report::Report),
    /// The first digits of the digest to approve.
    Digest(Box<digest_prompt::DigestPrompt>),
    /// The reason of a rejection or a request for changes.
    Reason(Box<reason::ReasonPrompt>),
    /// Several reviews being decided.
    Bulk(Box<bulk::Bulk>),
    /// A comment being written.
    Comment(Box<comment::CommentPrompt>),
    /// The properties of a new tool.
    NewTool(Box<new_tool::NewToolForm>),
    /// The arguments of a verb.
    Arguments(Box<arguments::ArgumentForm>),
    /// A call by scenario.
    Call(Box<call_form::CallForm>),
    /// The request for a better version of a tool.
    Evolve(Box<evolve::EvolveForm>),
    /// A failure being marked.
    MarkFailure(Box<mark::MarkForm>),
    /// Details of one failure group.
    Failure(Box<failure::FailureBox>),
    /// List of evolutions.
    Evolutions(evolutions::EvolutionList),
    /// The findings of upkeep of the library.
    Upkeep(upkeep::UpkeepList),
    /// Opportunities.
    Opportunities(opportunities::Opportunities),
    /// One instance with its prompts.
    Context(Box<context::ContextBox>),
    /// Talking to an instance.
    Say(Box<say::SayBox>),
    /// The name of an instance to launch.
    Launch(launch::LaunchPrompt),
}

impl Overlay {
    /// Passes a key to the overlay; the reply says what the workbench does next.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap, now: Now) -> Reply {
        if let Some(reply) = self.shared_key(key, keymap) {
            return reply;
        }
        match self {
            Overlay::Help(help) => help.key(key),
            Overlay::Palette(palette) => palette.key(key),
            Overlay::Confirm(confirm) => confirm.key(key, now),
            Overlay::Form(form) => form.key(key),
            Overlay::Log(log) => log.key(key, keymap),
            Overlay::Runs(runs) => runs.key(key, keymap),
            Overlay::Grants(grants) => grants.key(key, keymap),
            Overlay::Sets(sets) => sets.key(key, keymap),
            Overlay::Buffers(list) => list.key(key, keymap),
            Overlay::Report(report) => report.key(key, keymap),
            Overlay::Digest(prompt) => prompt.key(key, now),
            Overlay::Reason(prompt) => prompt.key(key, now),
            Overlay::Comment(prompt) => prompt.key(key),
            Overlay::NewTool(form) => form.key(key),
            Overlay::Arguments(form) => form.key(key),
            Overlay::Call(form) => form.key(key),
            Overlay::Evolve(form) => form.key(key, keymap),
            Overlay::Evolutions(list) => list.key(key, keymap),
            Overlay::Failure(open) => open.key(key, keymap),
            Overlay::MarkFailure(form) => form.key(key),
            Overlay::Upkeep(list) => list.key(key, keymap),
            Overlay::Opportunities(list) => list.key(key, keymap),
            Overlay::Context(open) => open.key(key, keymap),
            Overlay::Say(talk) => talk.key(key),
            Overlay::Launch(prompt) => prompt.key(key),
            Overlay::Bulk(bulk) => bulk.key(key, now),
        }
    }

    /// Inserts pasted text. It never decides anything.
    pub fn paste(&mut self, text: &str, now: Now) {
        match self {
            Overlay::Help(help) => help.paste(text),
            Overlay::Palette(palette) => palette.paste(text),
            Overlay::Form(form) => form.paste(text),
            Overlay::Log(log) => log.paste(text),
            Overlay::Reason(prompt) => prompt.paste(text, now),
            Overlay::Comment(prompt) => prompt.paste(text),
            Overlay::NewTool(form) => form.paste(text),
            Overlay::Arguments(form) => form.paste(text),
            Overlay::MarkFailure(form) => form.paste(text),
            Overlay::Call(form) => form.paste(text),
            Overlay::Evolve(form) => form.paste(text),
            Overlay::Bulk(bulk) => bulk.paste(text, now),
            Overlay::Context(open) if open.is_typing() => open.paste(text),
            Overlay::Say(talk) => talk.paste(text),
            Overlay::Launch(prompt) => prompt.paste(text),
            Overlay::Confirm(confirm) => confirm.disturb(now),
            Overlay::Digest(prompt) => prompt.paste(now),
            Overlay::Runs(_)
            | Overlay::Grants(_)
            | Overlay::Sets(_)
            | Overlay::Buffers(_)
            | Overlay::Report(_)
            | Overlay::Evolutions(_)
            | Overlay::Opportunities(_)
            | Overlay::Upkeep(_)
            | Overlay::Failure(_)
            | Overlay::Context(_) => self.paste_sought(text),
        }
    }

    /// Whether letters are text in it; otherwise they are keys.
    pub fn takes_text(&self) -> bool {
        match self {
            Overlay::Log(log) => log.is_typing(),
            Overlay::Context(open) if open.is_typing() => true,
            Overlay::Help(_)
            | Overlay::Palette(_)
            | Overlay::Form(_)
            | Overlay::Digest(_)
            | Overlay::Reason(_)
            | Overlay::Bulk(_)
            | Overlay::Comment(_)
            | Overlay::NewTool(_)
            | Overlay::Arguments(_)
            | Overlay::Call(_)
            | Overlay::Evolve(_)
            | Overlay::MarkFailure(_)
            | Overlay::Say(_)
            | Overlay::Launch(_) => true,
            Overlay::Confirm(_) => false,
            Overlay::Runs(_)
            | Overlay::Grants(_)
            | Overlay::Sets(_)
            | Overlay::Buffers(_)
            | Overlay::Report(_)
            | Overlay::Failure(_)
            | Overlay::Evolutions(_)
            | Overlay::Upkeep(_)
            | Overlay::Opportunities(_)
            | Overlay::Context(_) => self.is_finding(),
        }
    }

    /// Whether Enter may submit or choose something; in the form of a run, it goes to the next field or line.
    pub fn is_sent_by_enter(&self) -> bool {
        match self {
            Overlay::Form(form) => form.is_silent(),
            Overlay::Log(log) => !log.is_typing(),
            _ => !self.is_finding(),
        }
    }

    /// Its input, if it is a form whose values are kept.
    pub fn typed(&self) -> Option<Typed> {
        match self {
            Overlay::NewTool(form) => Some(form.typed()),
            Overlay::Arguments(form) => Some(form.typed()),
            Overlay::Call(form) => Some(form.typed()),
            Overlay::MarkFailure(form) => Some(form.typed()),
            Overlay::Launch(prompt) => Some(prompt.typed()),
            Overlay::Say(talk) => Some(talk.typed()),
            Overlay::Bulk(bulk) => bulk.typed(),
            _ => None,
        }
    }

    /// Restores the draft and the history of a form.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        match self {
            Overlay::NewTool(form) => form.remember(draft, earlier),
            Overlay::Arguments(form) => form.remember(draft, earlier),
            Overlay::Call(form) => form.remember(draft, earlier),
            Overlay::MarkFailure(form) => form.remember(draft, earlier),
            _ => {}
        }
    }

    /// The overlay was drawn on a screen of this size.
    pub fn drawn(&mut self, now: Now) {
        if matches!(self, Overlay::Confirm(confirm) if !confirm.is_read()) {
            return;
        }
        if let Some(guard) = self.guard_mut() {
            guard.drawn(now);
        }
    }

    /// The next keys may have been meant for something else.
    pub fn disturb(&mut self, now: Now) {
        if let Some(guard) = self.guard_mut() {
            guard.disturb(now);
        }
    }

    /// When it begins to accept keys, as steady milliseconds.
    pub fn wakes_at(&self, now: Now) -> Option<u64> {
        match self {
            Overlay::Confirm(confirm) => confirm.wakes_at(now),
            Overlay::Digest(prompt) => prompt.guard.wakes_at(now),
            Overlay::Reason(prompt) => prompt.guard.wakes_at(now),
            Overlay::Bulk(bulk) => bulk.guard.wakes_at(now),
            _ => None,
        }
    }

    /// Whether it asks for a decision: it accepts keys, never clicks.
    pub fn is_question(&mut self) -> bool {
        self.guard_mut().is_some()
    }

    fn guard_mut(&mut self) -> Option<&mut guard::Guard> {
        match self {
            Overlay::Confirm(confirm) => confirm.guard_mut(),
            Overlay::Digest(prompt) => Some(&mut prompt.guard),
            Overlay::Reason(prompt) => Some(&mut prompt.guard),
            Overlay::Bulk(bulk) => Some(&mut bulk.guard),
            _ => None,
        }
    }

    /// Draws it over the screen and returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        match self {
            Overlay::Help(help) => Some(help.draw(screen, buf, look)),
            Overlay::Palette(palette) => Some(palette.draw(screen, buf, look)),
            Overlay::Confirm(confirm) => {
                confirm.draw(screen, buf, look);
                None
            }
            Overlay::Form(form) => form.draw(screen, buf, look),
            Overlay::Log(log) => log.draw(screen, buf, look),
            Overlay::Runs(runs) => runs.draw(screen, buf, look),
            Overlay::Grants(grants) => grants.draw(screen, buf, look),
            Overlay::Sets(sets) => sets.draw(screen, buf, look),
            Overlay::Buffers(list) => list.draw(screen, buf, look),
            Overlay::Report(report) => report.draw(screen, buf, look),
            Overlay::Digest(prompt) => Some(prompt.draw(screen, buf, look)),
            Overlay::Reason(prompt) => prompt.draw(screen, buf, look),
            Overlay::Bulk(bulk) => bulk.draw(screen, buf, look),
            Overlay::Comment(prompt) => prompt.draw(screen, buf, look),
            Overlay::NewTool(form) => form.draw(screen, buf, look),
            Overlay::Arguments(form) => form.draw(screen, buf, look),
            Overlay::MarkFailure(form) => form.draw(screen, buf, look),
            Overlay::Context(open) => open.draw(screen, buf, look),
            Overlay::Say(talk) => talk.draw(screen, buf, look),
            Overlay::Launch(prompt) => prompt.draw(screen, buf, look),
            Overlay::Call(form) => form.draw(screen, buf, look),
            Overlay::Evolve(form) => form.draw(screen, buf, look),
            Overlay::Evolutions(list) => list.draw(screen, buf, look),
            Overlay::Failure(open) => open.draw(screen, buf, look),
            Overlay::Upkeep(list) => list.draw(screen, buf, look),
            Overlay::Opportunities(list) => list.draw(screen, buf, look),
        }
    }
}

/// Space beside a box that is too narrow to show anything behind it.
const SLIVER: u16 = 2;

/// Clears a box in the middle of the screen, draws its frame and returns its inner area.
pub(super) fn open_box(screen: Rect, size: (u16, u16), title: &Title, buf: &mut Buffer, look: Look) -> Rect {
    let area = centred(screen, size.0, size.1);
    // One or two columns or rows beside the box would show stray letters and borders. The first and last line stay.
    let narrow = screen.width.saturating_sub(area.width) <= 2 * SLIVER;
    let tall = screen.height.saturating_sub(area.height) <= 2 * SLIVER;
    let (x, width) = if narrow { (screen.x, screen.width) } else { (area.x, area.width) };
    let (y, end) = if tall { (area.y.min(screen.y + 1), screen.bottom() - 1) } else { (area.y, area.bottom()) };
    blank(Rect { x, y, width, height: end.max(area.bottom()) - y }, buf);
    let inner = frame(area, buf, title, Focus::Here, look.theme);
    look.named.note(area, &title.keys);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// The name of a verb as a title: `Clear state`.
fn verb_title(verb: &str) -> String {
    let mut letters = verb.replace('-', " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}

/// The verb that carries a kind of decision.
pub fn decision_verb(kind: DecisionKind) -> Verb {
    match kind {
        DecisionKind::Approve => Verb::Approve,
        DecisionKind::Reject => Verb::Reject,
        DecisionKind::RequestChanges => Verb::RequestChanges,
    }
}

/// One line about a past decision, safe to draw.
pub fn decision_line(decision: &Decision) -> String {
    let reason = decision.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let undone = if decision.undone { " (withdrawn)" } else { "" };
    let unread = decision.shown.unread_words().filter(|_| decision.kind == DecisionKind::Approve);
    let unread = unread.map(|words| format!(" with {words}")).unwrap_or_default();
    super::phrase::safe(&format!("{} by {}{unread}{reason}{undone}", decision.kind, decision.reviewer))
}
