//! The last step of an approval: typing the first four characters of the displayed digest.
//!
//! Keys count only after the prompt was drawn and the keyboard was silent (see [`Guard`]); pasted text never counts. A
//! wrong character empties the field and restarts the silence.

use super::approval_options::ApprovalOptions;
use super::guard::Guard;
use super::{Reply, open_box};
use crate::action::forms::GENERATE;
use crate::domain::{DecisionKind, DecisionRequest, Digest, ReviewId, Unread, visible_words};
use crate::engine::ApprovalChoice;
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::now::Now;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, plural, safe, wrap};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Whether a key approves a specification and has its tool created at once.
fn generates(key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('g')
}

/// The word that confirms an approval of something unread.
const WORD: &str = "unread";
/// How many characters of the digest must be typed.
pub const DIGITS: usize = 4;

/// The width of the box.
const WIDTH: u16 = 72;
/// The height of a box with a plan of at most [`PLAN_LINES`], including its frame.
const LEAST_HEIGHT: u16 = 11;
/// The lines reserved for the scope and the effect of an approval.
const PLAN_LINES: usize = 3;
/// Lines from the digest to the note below the field.
const FIELD_LINES: u16 = 5;
/// The maximum number of comments shown; the others are counted.
const MOST_COMMENTS: usize = 3;
/// The maximum number of lines of each comment.
const COMMENT_LINES: usize = 3;

/// The current step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The word is typed that confirms that not every line was read.
    Word(String),
    /// The digest is being typed.
    Digits(String),
    /// The digest is correct; a reason may be added.
    Reason(TextInput),
}

/// The approval to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Number of the review to approve.
    pub review: ReviewId,
    /// The displayed digest.
    pub digest: Digest,
    /// The scope of the approval.
    pub covers: String,
    /// The effect of the approval.
    pub does: String,
    /// Must-fix comments, one line each.
    pub must_fix: Vec<String>,
    /// Checks that block the approval; if there are any, a reason is required.
    pub over: Vec<String>,
    /// Roles in which the approval can be given; usually none.
    pub roles: Vec<String>,
    /// The possible scopes if the approval is shared with a team; usually none.
    pub choice: Option<ApprovalChoice>,
    /// How much was never on the screen; then a word and a reason are required.
    pub unread: Option<Unread>,
    /// The digest of the evidence that was on screen.
    pub evidence: Option<Digest>,
    /// The tools that a partial approval of an adoption covers; empty for all.
    pub only: Vec<String>,
    /// Whether the object is a specification, from which a tool can be created.
    pub is_specification: bool,
}

/// The state of the prompt.
pub struct DigestPrompt {
    question: Question,
    step: Step,
    note: Option<&'static str>,
    /// A reason typed earlier but not sent.
    draft: String,
    options: ApprovalOptions,
    pub(super) guard: Guard,
}

impl DigestPrompt {
    /// A prompt for this question.
    pub fn new(question: Question, draft: &str) -> DigestPrompt {
        let step = if question.unread.is_some() { Step::Word(String::new()) } else { Step::Digits(String::new()) };
        let options = ApprovalOptions::new(&question.roles, question.choice.as_ref());
        DigestPrompt { question, step, note: None, draft: draft.to_owned(), options, guard: Guard::default() }
    }

    /// Sets the effect of an approval of this review if it arrives after the prompt was opened.
    pub fn set_does(&mut self, review: ReviewId, does: String, now: Now) {
        if self.question.review == review && self.question.does != does {
            self.question.does = does;
            self.guard.disturb(now);
        }
    }

    /// Handles the typed digits, then the reason; Esc closes.
    pub fn key(&mut self, key: &KeyEvent, now: Now) -> Reply {
        if key.code == KeyCode::Esc {
            return match &self.step {
                Step::Reason(reason) => {
                    Reply::KeepDraft(self.question.review, DecisionKind::Approve, reason.text().trim().to_owned())
                }
                Step::Word(_) | Step::Digits(_) => Reply::Close,
            };
        }
        if !self.guard.admits(now) {
            self.note = Some("key ignored: wait half a second, then type");
            return Reply::Stay;
        }
        self.note = None;
        match &mut self.step {
            Step::Word(_) | Step::Digits(_) => self.character(key, now),
            Step::Reason(reason) if key.code == KeyCode::Enter || submits(key) => {
                let reason = visible_words(&reason.text()).map(str::to_owned);
                return self.decide(reason);
            }
            Step::Reason(reason) if self.question.is_specification && generates(key) => {
                let reason = visible_words(&reason.text()).map(str::to_owned);
                return match self.decide(reason) {
                    Reply::Decide(request) => Reply::DecideAndGenerate(request),
                    refused => refused,
                };
            }
            Step::Reason(_) if self.options.key(key) => {}
            Step::Reason(reason) => {
                reason.key(key);
            }
        }
        Reply::Stay
    }

    fn decide(&mut self, typed: Option<String>) -> Reply {
        let Question { review, digest, evidence, .. } = self.question;
        let (over, unread) = (!self.question.over.is_empty(), self.question.unread.is_some());
        if typed.is_none() && (over || unread) {
            self.note = Some("a reason is needed; it is recorded permanently");
            return Reply::Stay;
        }
        let request = DecisionRequest::new(review, digest, DecisionKind::Approve);
        let override_reason = typed.clone().filter(|_| over);
        // One reason can cover both: why failed checks do not matter, and why it was not read.
        let reason = typed.filter(|_| !over || unread);
        let only = self.question.only.clone();
        let request = self.options.choose(request);
        Reply::Decide(Box::new(DecisionRequest { reason, override_reason, unread, evidence, only, ..request }))
    }

    /// Handles a character of the word or of the digest. A wrong character empties the field.
    fn character(&mut self, key: &KeyEvent, now: Now) {
        let hex = self.question.digest.hex();
        let (typed, wanted, wrong) = match &mut self.step {
            Step::Word(typed) => (typed, WORD, "wrong word"),
            Step::Digits(typed) => (typed, &hex[..DIGITS], "the digest does not match"),
            Step::Reason(_) => return,
        };
        match key.code {
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                typed.push(c.to_ascii_lowercase());
                if !wanted.starts_with(typed.as_str()) {
                    typed.clear();
                    self.note = Some(wrong);
                    self.guard.disturb(now);
                } else if typed.len() == wanted.len() {
                    self.step = match self.step {
                        Step::Word(_) => Step::Digits(String::new()),
                        Step::Digits(_) | Step::Reason(_) => Step::Reason(TextInput::new(&self.draft)),
                    };
                }
            }
            _ => self.note = Some("type only the requested characters"),
        }
    }

    /// Rejects pasted text with a note.
    pub fn paste(&mut self, now: Now) {
        self.note = Some("pasted text is not accepted: type it");
        self.guard.disturb(now);
    }

    /// Reasons against an approval, as lines of at most `width` columns, safe to draw.
    fn warnings(&self, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.question.over.is_empty() {
            lines.extend(wrap(&safe(&format!("! despite failed checks: {}", self.question.over.join(", "))), width));
        }
        if let Some(unread) = self.question.unread {
            let text = format!("! {unread}: this is recorded permanently and needs a reason");
            lines.extend(wrap(&text, width));
        }
        for comment in self.question.must_fix.iter().take(MOST_COMMENTS) {
            let whole = wrap(&safe(&format!("! must-fix {comment}")), width);
            let is_cut = whole.len() > COMMENT_LINES;
            lines.extend(whole.into_iter().take(COMMENT_LINES));
            if let Some(last) = lines.last_mut().filter(|_| is_cut) {
                *last = cut(&format!("{last} …"), width);
            }
        }
        if self.question.must_fix.len() > MOST_COMMENTS {
            let more = self.question.must_fix.len() - MOST_COMMENTS;
            lines.push(format!("! and {}", plural(more, "more must-fix comment", "more must-fix comments")));
        }
        lines
    }

    /// The scope and the effect of an approval, as lines of at most `width` columns, safe to draw; and the number of
    /// lines about the scope.
    fn plan(&self, width: usize) -> (Vec<String>, usize) {
        let mut lines = wrap(&safe(&self.question.covers), width);
        let covers = lines.len();
        lines.extend(wrap(&safe(&self.question.does), width));
        (lines, covers)
    }

    /// The keys that work now.
    fn keys(&self) -> Vec<(String, &'static str)> {
        if !matches!(self.step, Step::Reason(_)) {
            return Title::keys(&[("esc", "close")]);
        }
        let mut keys = Title::keys(&[("enter", "approve"), ("esc", "close (draft kept)")]);
        if self.question.is_specification {
            keys.insert(1, (GENERATE.key.to_owned(), GENERATE.word));
        }
        // If not all keys fit, the selecting keys come first: esc is well known.
        keys.splice(1..1, self.options.keys());
        keys
    }

    /// Draws the prompt and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let name = match (self.question.over.is_empty(), self.question.unread.is_some()) {
            (true, false) => "Approve",
            (true, true) => "Approve unread",
            (false, false) => "Approve despite failed checks",
            (false, true) => "Approve unread despite failed checks",
        };
        let title = Title { name, keys: self.keys(), ..Title::default() };
        let columns = usize::from(WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4));
        let (mut plan, covers) = self.plan(columns);
        let warnings = self.warnings(columns);
        let extra = |gap| if warnings.is_empty() { 0 } else { warnings.len() + gap };
        let height = LEAST_HEIGHT + (plan.len().max(PLAN_LINES) - PLAN_LINES + extra(1)) as u16;
        let inner = open_box(screen, (WIDTH, height), &title, buf, look);
        // If there is not enough room, empty lines are omitted first.
        let (gap, least, below) =
            if inner.height + 2 < height { (0, 0, FIELD_LINES - 2) } else { (1, PLAN_LINES, FIELD_LINES) };
        let extra = extra(gap);
        let width = usize::from(inner.width);
        let put = |buf: &mut Buffer, row: u16, line: Line| {
            if row < inner.height {
                buf.put_line(inner.x, inner.y + row, &line, inner.width);
            }
        };
        // On a screen that is still too small, the digest, the field and the warnings are kept.
        let row = (plan.len().max(least) + gap + extra).min(usize::from(inner.height.saturating_sub(below)));
        let room = row.saturating_sub(gap + extra).max(1);
        if plan.len() > room {
            plan.truncate(room);
            if let Some(last) = plan.last_mut() {
                *last = cut(&format!("{last} …"), width);
            }
        }
        for (at, line) in plan.iter().enumerate().take(row) {
            put(buf, at as u16, Line::styled(line, if at < covers { theme.title } else { theme.text }));
        }
        let above = plan.len().max(least.min(room)) + gap;
        let shown = row.saturating_sub(above).min(warnings.len());
        for (at, line) in (above..row).zip(&warnings) {
            let is_cut = at + 1 == above + shown && shown < warnings.len();
            let text = if is_cut {
                cut(&format!("… {} more: enlarge the window", warnings.len() - shown + 1), width)
            } else {
                line.clone()
            };
            put(buf, at as u16, Line::styled(text, theme.warn));
        }
        let row = row as u16;
        let short = self.question.digest.short();
        let (head, tail) = short.split_at(DIGITS);
        put(buf, row, Line::from(vec![Span::raw("digest  "), Span::styled(head, theme.title), Span::raw(tail)]));
        let listening = self.guard.is_listening(look.now);
        let field = row + 1 + gap as u16;
        let cursor = self.draw_field(Rect { y: inner.y + field, height: 1, ..inner }, buf, look);
        let needs_reason = !self.question.over.is_empty() || self.question.unread.is_some();
        let (note, style) = match (&self.note, &self.step, listening) {
            (Some(note), ..) => (*note, theme.warn),
            (None, _, false) => ("wait …", theme.dim),
            (None, Step::Word(_), true) => ("then: the digest, and a reason", theme.dim),
            (None, Step::Digits(_), true) if needs_reason => ("then: a reason, and enter approves", theme.dim),
            (None, Step::Digits(_), true) => ("then: enter approves; a reason may be added", theme.dim),
            (None, Step::Reason(_), true) => ("not approved yet: press enter", theme.accent),
        };
        if let (Step::Reason(_), Some(words)) = (&self.step, self.options.words()) {
            put(buf, field + 1, Line::styled(cut(&safe(&words), width), theme.accent));
        }
        if !note.is_empty() {
            put(buf, field + 1 + gap as u16, Line::styled(cut(note, width), style));
        }
        cursor
    }

    fn draw_field(&self, line: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let is_free = self.question.over.is_empty() && self.question.unread.is_none();
        let label = match (&self.step, is_free) {
            (Step::Word(_), _) if line.width < 60 => "Not all read. Type \"unread\": ",
            (Step::Word(_), _) => "Not everything was read. Type \"unread\" to continue: ",
            (Step::Digits(_), _) => "type its first four characters: ",
            (Step::Reason(_), true) => "reason (optional): ",
            (Step::Reason(_), false) => "reason (visible to all): ",
        };
        buf.put(line.x, line.y, label, usize::from(line.width), theme.text);
        let x = (line.x + label.len() as u16).min(line.right());
        let field = Rect { x, width: line.right() - x, ..line };
        match &self.step {
            Step::Word(typed) | Step::Digits(typed) => {
                let most = if matches!(self.step, Step::Word(_)) { WORD.len() } else { DIGITS };
                let text = format!("{typed}{}", "_".repeat(most - typed.len()));
                let style = if self.guard.is_listening(look.now) { theme.accent } else { theme.dim };
                buf.put(field.x, field.y, text, usize::from(field.width), style);
                Position::new(field.x + typed.len() as u16, field.y)
            }
            Step::Reason(reason) => reason.draw(field, buf, theme.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady_ms: u64) -> Now {
        Now { steady_ms, ..Now::default() }
    }

    fn question(digest: Digest, over: &[&str]) -> Question {
        let over = over.iter().map(|check| (*check).to_owned()).collect();
        let (covers, does) = ("x 1.0.0".to_owned(), String::new());
        let (must_fix, roles, unread, evidence) = (Vec::new(), Vec::new(), None, Some(Digest::of_bytes(b"evidence")));
        let (review, only, is_specification, choice) = (ReviewId(1), Vec::new(), false, None);
        Question {
            review,
            digest,
            covers,
            does,
            must_fix,
            over,
            roles,
            choice,
            unread,
            evidence,
            only,
            is_specification,
        }
    }

    fn prompt() -> (DigestPrompt, String) {
        let digest = Digest::of_bytes(b"x");
        let mut prompt = DigestPrompt::new(question(digest, &[]), "");
        prompt.guard.drawn(at(0));
        (prompt, digest.hex())
    }

    fn press(prompt: &mut DigestPrompt, c: char, ms: u64) -> Reply {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        prompt.key(&KeyEvent::new(code, KeyModifiers::NONE), at(ms))
    }

    #[test]
    fn four_right_characters_and_enter_approve() {
        let (mut prompt, hex) = prompt();
        for (at, c) in hex.chars().take(4).enumerate() {
            assert_eq!(press(&mut prompt, c, 600 + 50 * at as u64), Reply::Stay);
        }
        for c in "ok".chars() {
            press(&mut prompt, c, 900);
        }
        let reply = press(&mut prompt, '\n', 1000);
        let digest = Digest::of_bytes(b"x");
        let reason = Some("ok".to_owned());
        let (kind, override_reason) = (DecisionKind::Approve, None);
        let Reply::Decide(decided) = reply else { panic!("{reply:?}") };
        assert_eq!((decided.digest, decided.kind, decided.reason), (digest, kind, reason));
        assert_eq!((decided.override_reason, decided.unread), (override_reason, false));
        assert_eq!(decided.evidence, Some(Digest::of_bytes(b"evidence")));
    }

    #[test]
    fn a_specification_is_approved_and_generated_with_one_key() {
        let digest = Digest::of_bytes(b"x");
        for is_specification in [true, false] {
            let asked = Question { is_specification, ..question(digest, &[]) };
            let mut prompt = DigestPrompt::new(asked, "");
            prompt.guard.drawn(at(0));
            for c in digest.hex().chars().take(4) {
                press(&mut prompt, c, 600);
            }
            let reply = prompt.key(&KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL), at(900));
            assert_eq!(matches!(reply, Reply::DecideAndGenerate(_)), is_specification, "{reply:?}");
        }
    }

    #[test]
    fn failed_checks_are_gone_over_only_with_a_reason() {
        let digest = Digest::of_bytes(b"x");
        let mut prompt = DigestPrompt::new(question(digest, &["tests"]), "");
        prompt.guard.drawn(at(0));
        for c in digest.hex().chars().take(4) {
            press(&mut prompt, c, 600);
        }
        assert_eq!(press(&mut prompt, '\n', 700), Reply::Stay);
        for c in "known".chars() {
            press(&mut prompt, c, 800);
        }
        let reply = press(&mut prompt, '\n', 900);
        let (kind, override_reason) = (DecisionKind::Approve, Some("known".to_owned()));
        let Reply::Decide(decided) = reply else { panic!("{reply:?}") };
        assert_eq!((decided.digest, decided.kind, decided.reason), (digest, kind, None));
        assert_eq!(decided.override_reason, override_reason);
    }

    #[test]
    fn what_was_not_read_is_approved_only_with_the_word_the_digest_and_a_reason() {
        let digest = Digest::of_bytes(b"x");
        let unread = Some(Unread { lines_total: 10_001, lines_unread: 9_935 });
        for over in [&[][..], &["tests"]] {
            let mut prompt = DigestPrompt::new(Question { unread, ..question(digest, over) }, "");
            prompt.guard.drawn(at(0));
            let start = prompt.step.clone();
            press(&mut prompt, digest.hex().chars().next().unwrap(), 600);
            assert_eq!(prompt.step, start, "the word goes first");
            for c in WORD.chars().chain(digest.hex().chars().take(4)) {
                assert_eq!(press(&mut prompt, c, 2_000), Reply::Stay);
            }
            assert_eq!(press(&mut prompt, '\n', 2_100), Reply::Stay, "no reason");
            press(&mut prompt, 'k', 2_200);
            let Reply::Decide(decided) = press(&mut prompt, '\n', 2_300) else { panic!("no decision") };
            assert!(decided.unread);
            assert_eq!(decided.reason.as_deref(), Some("k"));
            assert_eq!(decided.override_reason.is_some(), !over.is_empty());
        }
    }

    #[test]
    fn a_role_is_chosen_by_key_and_an_ordinary_yes_has_none() {
        let digest = Digest::of_bytes(b"x");
        let roles: Vec<String> = ["security", "data"].map(str::to_owned).into();
        for (tabs, expected) in [(0, None), (1, Some("security")), (2, Some("data")), (3, None)] {
            let mut prompt = DigestPrompt::new(Question { roles: roles.clone(), ..question(digest, &[]) }, "");
            prompt.guard.drawn(at(0));
            digest.hex().chars().take(4).for_each(|c| drop(press(&mut prompt, c, 600)));
            for _ in 0..tabs {
                prompt.key(&KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE), at(700));
            }
            let Reply::Decide(decided) = press(&mut prompt, '\n', 800) else { panic!("no decision") };
            assert_eq!(decided.role.as_deref(), expected, "{tabs}");
        }
    }

    #[test]
    fn typed_ahead_and_pasted_characters_do_not_count() {
        let (mut prompt, hex) = prompt();
        for round in 0..50 {
            for c in hex.chars().take(4).chain(['\n']) {
                assert_eq!(press(&mut prompt, c, 100 + round), Reply::Stay);
            }
        }
        prompt.paste(at(5_000));
        for c in hex.chars().take(4).chain(['\n']) {
            assert_eq!(press(&mut prompt, c, 5_100), Reply::Stay);
        }
        assert_eq!(prompt.step, Step::Digits(String::new()));
    }

    #[test]
    fn a_wrong_character_starts_anew() {
        let (mut prompt, hex) = prompt();
        let wrong = if hex.starts_with('0') { '1' } else { '0' };
        press(&mut prompt, wrong, 600);
        for c in hex.chars().take(4) {
            press(&mut prompt, c, 700);
        }
        assert_eq!(prompt.step, Step::Digits(String::new()));
    }
}
