//! Deciding several reviews at once: a table of the effect on each, a typed confirmation, and a result for each.
//!
//! Nothing is sent until the end of the table was on the screen. Reviews that cannot be decided here are listed with
//! the reason and left unchanged; failed ones stay in the queue. Only reviews that were read to the end are approved:
//! Enter opens the next unread one, and closing it returns here.

use super::guard::Guard;
use super::{Reply, Typed, open_box};
use crate::action::Verb;
use crate::domain::{DecisionKind, DecisionRequest, DisplayRecord, ReviewId, told_apart};
use crate::engine::{BulkResult, EngineError, PreflightRow};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::keymap::Keymap;
use crate::tui::now::Now;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, grouped, named, pad, safe, wrap};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::HashMap;

/// Lines of the box besides the rows of the table: frame, field, sentence, blank lines.
const REST: u16 = 8;

/// The result of a decision on a review, in words.
fn done_word(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Approve => "approved",
        DecisionKind::Reject => "rejected",
        DecisionKind::RequestChanges => "sent back",
    }
}

/// How so many decisions are undone; `None` if there are none.
pub fn undo_words(decided: usize, keymap: &Keymap) -> Option<String> {
    let key = keymap.key(Verb::Undo);
    match decided {
        0 => None,
        1 => Some(format!("{key} undoes it")),
        many => Some(format!("{key} undoes the last one, {} times all", grouped(many))),
    }
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// The current step.
enum Step {
    /// The table has not arrived yet.
    Looking,
    /// The table could not be created.
    Refused(EngineError),
    /// The reason is typed; a rejection and a request for changes need one.
    Reason,
    /// The confirming number is typed.
    Confirm,
    /// The decisions are being sent.
    Sent,
    /// The result of each review.
    Done(Vec<(ReviewId, Result<String, String>)>),
}

/// The state of the overlay.
pub struct Bulk {
    kind: DecisionKind,
    step: Step,
    rows: Vec<PreflightRow>,
    /// Which parts of the reviews in the table were on the screen, and whether each was read completely.
    read: HashMap<ReviewId, (bool, DisplayRecord)>,
    /// Where the tools of the same name are.
    places: HashMap<ReviewId, String>,
    top: usize,
    /// The index after the last row that was on the screen.
    seen: usize,
    height: usize,
    reason: TextInput,
    typed: TextInput,
    note: Option<String>,
    pub(super) guard: Guard,
}

impl Bulk {
    /// An overlay whose table has not arrived yet; its reason begins with the draft.
    pub fn looking(kind: DecisionKind, draft: &str) -> Bulk {
        Bulk {
            kind,
            step: Step::Looking,
            rows: Vec::new(),
            read: HashMap::new(),
            places: HashMap::new(),
            top: 0,
            seen: 0,
            height: 1,
            reason: TextInput::new(draft),
            typed: TextInput::default(),
            note: None,
            guard: Guard::default(),
        }
    }

    /// The name of the form that stores the draft of the reason.
    pub fn form(kind: DecisionKind) -> String {
        format!("{kind} of several")
    }

    /// The typed reason, to be kept.
    pub fn typed(&self) -> Option<Typed> {
        let is_open = matches!(self.step, Step::Reason | Step::Confirm | Step::Sent) && !self.reason.is_empty();
        is_open.then(|| Typed { form: Bulk::form(self.kind), values: vec![self.reason.text()], edited: true })
    }

    /// Sets the table, and which parts of its reviews were on the screen.
    pub fn set_rows(
        &mut self,
        rows: Result<Vec<PreflightRow>, EngineError>,
        read: HashMap<ReviewId, (bool, DisplayRecord)>,
    ) {
        if !matches!(self.step, Step::Looking) {
            return;
        }
        self.guard = Guard::default();
        match rows {
            Ok(rows) => {
                self.places = told_apart(rows.iter().map(|row| (row.review, row.tool.as_str(), row.path.as_str())));
                (self.rows, self.read) = (rows, read);
                self.step = if self.kind == DecisionKind::Approve { Step::Confirm } else { Step::Reason };
            }
            Err(error) => self.step = Step::Refused(error),
        }
    }

    /// Sets the results.
    pub fn set_results(&mut self, results: &[BulkResult]) {
        let results = results.iter().map(|result| {
            let became = match &result.result {
                Ok(outcome) => Ok(outcome.message.clone()),
                Err(error) => Err(error.message.clone()),
            };
            (result.review, became)
        });
        self.step = Step::Done(results.collect());
        (self.top, self.seen) = (0, 0);
    }

    /// The decisions that can be sent.
    fn able(&self) -> Vec<DecisionRequest> {
        let reason = Some(self.reason.text().trim().to_owned()).filter(|reason| !reason.is_empty());
        let able = self.rows.iter().filter(|row| row.refusal.is_none() && !self.is_unread(row));
        able.map(|row| DecisionRequest {
            reason: reason.clone(),
            shown: self.read.get(&row.review).map(|(_, shown)| shown.clone()).unwrap_or_default(),
            evidence: (self.kind == DecisionKind::Approve).then_some(row.evidence),
            ..DecisionRequest::new(row.review, row.digest, self.kind)
        })
        .collect()
    }

    /// Whether the review must be read before it is decided.
    fn is_unread(&self, row: &PreflightRow) -> bool {
        let is_read = self.read.get(&row.review).is_some_and(|(is_read, _)| *is_read);
        self.kind == DecisionKind::Approve && !is_read
    }

    /// The reviews that only need to be read.
    fn unread(&self) -> Vec<ReviewId> {
        let unread = self.rows.iter().filter(|row| row.refusal.is_none() && self.is_unread(row));
        unread.map(|row| row.review).collect()
    }

    fn verb(&self) -> &'static str {
        match self.kind {
            DecisionKind::Approve => "approve",
            DecisionKind::Reject => "reject",
            DecisionKind::RequestChanges => "send back",
        }
    }

    /// The text that confirms: the number of decisions. A user who counts them has looked at them, and a key meant for
    /// something else does not match.
    fn count_to_type(&self) -> String {
        self.able().len().to_string()
    }

    /// Handles a key: typing confirms, the arrows move the table, esc closes.
    pub fn key(&mut self, key: &KeyEvent, now: Now) -> Reply {
        self.note = None;
        let rows = self.row_count();
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Down => self.top = (self.top + 1).min(rows.saturating_sub(self.height)),
            KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::PageDown => self.top = (self.top + self.height).min(rows.saturating_sub(self.height)),
            KeyCode::PageUp => self.top = self.top.saturating_sub(self.height),
            code => match self.step {
                Step::Done(_) | Step::Refused(_) if code == KeyCode::Enter => return Reply::Close,
                Step::Looking | Step::Sent | Step::Done(_) | Step::Refused(_) => {}
                Step::Reason | Step::Confirm if !self.guard.admits(now) => {
                    self.note = Some("key ignored: wait half a second, then type".to_owned());
                }
                Step::Reason if code == KeyCode::Enter || submits(key) => self.end_reason(),
                Step::Confirm if code == KeyCode::Enter || submits(key) => return self.enter(),
                Step::Reason => drop(self.reason.key(key)),
                Step::Confirm => drop(self.typed.key(key)),
            },
        }
        Reply::Stay
    }

    fn end_reason(&mut self) {
        if self.reason.text().trim().is_empty() {
            self.note = Some("a reason is needed: the authors of the tools read it".to_owned());
        } else {
            self.step = Step::Confirm;
        }
    }

    /// Without typed text, opens the unread reviews; otherwise sends.
    fn enter(&mut self) -> Reply {
        let unread = self.unread();
        if !unread.is_empty() && self.typed.text().trim().is_empty() {
            return Reply::ReadFirst(unread, self.kind);
        }
        self.send()
    }

    fn send(&mut self) -> Reply {
        let requests = self.able();
        if requests.is_empty() {
            self.note = Some("none of them can be decided here: press esc".to_owned());
        } else if self.seen < self.rows.len() {
            self.note = Some("read the whole table first: pagedown".to_owned());
        } else if self.typed.text().trim() != self.count_to_type() {
            self.note = Some(format!("that is not how many: type {}, then press enter", self.count_to_type()));
        } else {
            self.step = Step::Sent;
            return Reply::DecideAll(requests);
        }
        Reply::Stay
    }

    /// Accepts pasted text in a reason, never as a confirmation.
    pub fn paste(&mut self, text: &str, now: Now) {
        self.guard.disturb(now);
        match self.step {
            Step::Reason => self.reason.insert(text),
            _ => self.note = Some("pasted text is not accepted: type it".to_owned()),
        }
    }

    fn row_count(&self) -> usize {
        match &self.step {
            Step::Done(results) => results.len(),
            _ => self.rows.len(),
        }
    }

    /// Draws the table of reviews, or their results.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let able = self.able().len();
        let name = match self.kind {
            DecisionKind::Approve => "Approve several",
            DecisionKind::Reject => "Reject several",
            DecisionKind::RequestChanges => "Request changes of several",
        };
        let detail = match &self.step {
            Step::Looking | Step::Refused(_) => String::new(),
            Step::Done(results) => {
                format!("{} of {} done", results.iter().filter(|(_, became)| became.is_ok()).count(), results.len())
            }
            Step::Reason | Step::Confirm | Step::Sent => {
                format!("{able} of {} can be {}", self.rows.len(), done_word(self.kind))
            }
        };
        let leave = if self.typed().is_some() { "close (draft kept)" } else { "close" };
        let mut keys = Title::keys(&[("esc", leave)]);
        match &self.step {
            Step::Reason => keys.insert(0, ("enter".to_owned(), "next")),
            Step::Confirm if !self.unread().is_empty() && self.typed.text().trim().is_empty() => {
                keys.insert(0, ("enter".to_owned(), "read the next"));
            }
            Step::Confirm if able == 0 => {}
            Step::Confirm => keys.insert(0, ("enter".to_owned(), "decide each")),
            Step::Looking | Step::Refused(_) | Step::Sent | Step::Done(_) => {}
        }
        if self.row_count() > self.height {
            keys.push(("pgdn".to_owned(), "scroll"));
        }
        let title = Title { name, detail, keys, ..Title::default() };
        let rows = u16::try_from(self.row_count()).unwrap_or(u16::MAX).max(1);
        let inner = open_box(screen, (100, rows.saturating_add(REST)), &title, buf, look);
        self.height = usize::from(inner.height.saturating_sub(REST - 2)).max(1);
        self.top = self.top.min(self.row_count().saturating_sub(self.height));
        let width = usize::from(inner.width);
        let shown = self.top..(self.top + self.height).min(self.row_count());
        for (y, at) in (inner.y..inner.bottom()).zip(shown.clone()) {
            let line = self.row(at, width, look);
            buf.put_line(inner.x, y, &line, inner.width);
        }
        self.seen = self.seen.max(shown.end);
        let more = self.row_count() - shown.end;
        let y = inner.y + shown.len() as u16;
        if more > 0 && y < inner.bottom() {
            buf.put(inner.x, y, format!("… {more} more below"), width, theme.warn);
        }
        self.draw_field(
            Rect { y: (y + 1).min(inner.bottom()), height: inner.bottom().saturating_sub(y + 1), ..inner },
            buf,
            look,
        )
    }

    fn row(&self, at: usize, width: usize, look: Look) -> Line {
        let theme = look.theme;
        if let Step::Done(results) = &self.step {
            let (review, became) = &results[at];
            let (sign, style, text) = match became {
                Ok(message) => ("✓ done     ", theme.good, message),
                Err(message) => ("✗ pending  ", theme.bad, message),
            };
            let room = width.saturating_sub(12 + 28);
            return Line::from(vec![
                Span::styled(sign, style),
                Span::styled(pad(&self.subject(*review, 28), 28), theme.text),
                Span::raw(" "),
                Span::styled(cut(&safe(text), room), theme.text),
            ]);
        }
        let row = &self.rows[at];
        let unread = self.is_unread(row).then(|| self.unread_words(row.review));
        // The hint to decide it separately is shown once, below the table.
        let refusal = row.refusal.as_deref().map(|why| safe(why.strip_suffix(": decide it separately").unwrap_or(why)));
        let obstacle = refusal.or(unread);
        let (sign, style) = if obstacle.is_none() { ("✓ yes  ", theme.good) } else { ("– no   ", theme.warn) };
        let subject = (width / 3).clamp(10, 30);
        let mut spans = vec![
            Span::styled(sign, style),
            Span::styled(pad(&self.subject(row.review, subject), subject), theme.text),
            Span::styled(format!(" {:<7}", row.risk.word()), crate::tui::pane::queue::risk_style(row.risk, theme)),
        ];
        let rest = width.saturating_sub(7 + subject + 8);
        let style = if obstacle.is_none() { theme.dim } else { theme.warn };
        let facts = obstacle.unwrap_or_else(|| {
            let verdict = row.verdict.map_or("no checks", crate::domain::CheckState::word);
            format!("{} · {verdict} · {}", row.asks, row.digest.short())
        });
        spans.push(Span::styled(cut(&facts, rest), style));
        Line::from(spans)
    }

    /// The tool of a review, with its place if several have the same name.
    fn subject(&self, review: ReviewId, width: usize) -> String {
        let row = self.rows.iter().find(|row| row.review == review);
        let Some(row) = row else { return format!("review {review}") };
        let place = self.places.get(&review).map(String::as_str);
        named(row.tool.as_str(), &safe(&row.version.to_string()), place, width)
    }

    /// What became of the selection, and how it is undone: each decision is an entry of its own.
    fn done_words(results: &[(ReviewId, Result<String, String>)], look: Look) -> String {
        let left = results.iter().filter(|(_, became)| became.is_err()).count();
        let left = match left {
            0 => "all of them are decided".to_owned(),
            left => format!("{left} of {} could not be decided; the table says why", results.len()),
        };
        let undo = undo_words(results.iter().filter(|(_, became)| became.is_ok()).count(), look.keymap);
        let undo = undo.map(|undo| format!(" · {undo}")).unwrap_or_default();
        format!("{left}{undo} · enter close")
    }

    /// How much of a review is unread.
    fn unread_words(&self, review: ReviewId) -> String {
        match self.read.get(&review).and_then(|(_, shown)| shown.unread_words()) {
            Some(words) => format!("not read: {words}"),
            None => "not read".to_owned(),
        }
    }

    /// Returns the cursor while a text is typed.
    fn draw_field(&self, area: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        let theme = look.theme;
        let width = usize::from(area.width);
        let (label, input) = match &self.step {
            Step::Looking => ("checking what can be decided …".to_owned(), None),
            Step::Refused(error) => (safe(&format!("{} · {}", error.message, error.hint)), None),
            Step::Sent => ("deciding …".to_owned(), None),
            Step::Done(results) => (Bulk::done_words(results, look), None),
            Step::Reason => ("reason, for the authors: ".to_owned(), Some(&self.reason)),
            Step::Confirm if self.able().is_empty() && !self.unread().is_empty() => {
                ("enter open the first one to read".to_owned(), None)
            }
            Step::Confirm if self.able().is_empty() => ("none of them can be decided together".to_owned(), None),
            Step::Confirm => (
                format!("type {} to {} {}: ", self.count_to_type(), self.verb(), them(self.able().len())),
                Some(&self.typed),
            ),
        };
        let (end, _) = buf.put(area.x, area.y, &label, width, theme.text);
        let cursor = input.map(|input| {
            let field = Rect { x: end, width: area.right().saturating_sub(end), height: 1, ..area };
            input.draw(field, buf, theme.accent)
        });
        let sentence = match (self.note.as_deref(), &self.step, self.guard.is_listening(look.now)) {
            (Some(note), ..) => (note, theme.warn),
            (None, Step::Reason | Step::Confirm, false) => ("read first …", theme.dim),
            (None, Step::Reason, true) => ("enter continue", theme.dim),
            (None, Step::Confirm, true) if !self.unread().is_empty() && self.able().is_empty() => {
                ("Only fully read reviews can be approved; esc returns here", theme.dim)
            }
            (None, Step::Confirm, true) if !self.unread().is_empty() => {
                ("enter without text opens the next review to read", theme.accent)
            }
            (None, Step::Confirm, true) if self.able().is_empty() => {
                ("see the reasons in the table · open a review from the queue to decide it", theme.dim)
            }
            (None, Step::Confirm, true) => {
                ("enter decides each one separately; a failure does not affect the others", theme.dim)
            }
            _ => ("", theme.dim),
        };
        for (y, line) in (area.y + 1..area.bottom()).zip(wrap(sentence.0, width)) {
            buf.put(area.x, y, line, width, sentence.1);
        }
        cursor
    }
}
