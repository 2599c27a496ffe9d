//! A review on the whole screen: the requester and the request, the evidence, then every file or the difference.
//!
//! Approving is locked until the checks have ended and every line of the evidence and of every file (or of the
//! difference) was on screen; the header shows how many were, the last line what is missing. Lines that arrive while
//! the review is open lock it again. The decision records what was shown, and for how long.

mod going;
mod header;
mod kept;
mod lock;
mod outline;
mod page;
mod parts;
mod remarks;
#[cfg(test)]
mod tests;
mod verdict;
mod watch;

pub use kept::Kept;
pub use lock::{Lock, LockKeys};
pub use outline::Listed;

use super::reader::{Exposure, Reader, Tab, TabKind};
use super::source::{diff_lines, file_lines};
use crate::action::Verb;
use crate::domain::{CommentAnchor, CommentId, DecisionKind, DecisionRequest, Digest, Review, ReviewKind, VersionFile};
use crate::engine::{ApprovalChoice, EngineError, Preview, ReviewDetail};
use crate::tui::ink::Ink;
use crate::tui::now::Now;
use crate::tui::pane::queue::subject;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::cut;
use crate::tui::widget::{
    Blanks, DiffLayout, DiffLook, DiffText, Relaid, Side, TextLine, TextView, Tone, Unfolded, part_shown,
};
use lock::News;
use parts::Parts;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use remarks::Remark;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;
use verdict::{Link, Room};
use watch::Watch;

/// The width from which the number of marks is shown next to the tabs.
const ROOM_FOR_MARKS: u16 = 60;
/// Below this width the labels of the evidence are narrower.
const ROOM_FOR_LABELS: u16 = 70;
/// Below this width the sentence of the lock is shorter.
const ROOM_FOR_LOCK: u16 = 80;

/// How a version is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Source,
    /// The difference to the previously approved version.
    Difference,
}

/// Files whose syntax is to be highlighted.
pub type Uncoloured = Vec<(Side, Vec<VersionFile>)>;

/// The state of the screen.
pub struct ReviewScreen {
    /// The review; the version of the queue until its detail arrives.
    pub review: Review,
    /// Identifies the request for syntax highlighting.
    pub ticket: u64,
    reader: Reader,
    reading: Reading,
    /// The loaded detail; `None` until it arrives.
    detail: Option<Box<ReviewDetail>>,
    /// The difference to the previously approved version, if there is one.
    compared: Option<Box<DiffText>>,
    blanks: Blanks,
    unfolded: Unfolded,
    /// The width for which the difference is laid out.
    width: u16,
    /// The layout parameters of the evidence.
    room: Room,
    /// The targets of lines of the evidence.
    links: Vec<Link>,
    remarks: Vec<Remark>,
    parts: Parts,
    watch: Watch,
    /// The findings that arrived while it was open and were not on screen since.
    news: News,
    /// The objects of the lines in the list of files.
    entries: Vec<outline::Entry>,
    /// The tools of an adoption that the approval omits.
    left_out: BTreeSet<String>,
    /// The tab that was shown before the list of files.
    before_list: Option<usize>,
    /// Whether the text on top was opened from the list of files.
    opened_from_list: bool,
    /// The earlier reading progress, until the detail arrives.
    kept: Option<Kept>,
    /// Whether it was not drawn since it was loaded: the first text depends on the space.
    fresh: bool,
    /// The effect of an approval, from the engine.
    consequence: Vec<String>,
    opened_ms: u64,
    now: Now,
    /// Why the displayed review can no longer be decided.
    stale: Option<String>,
    /// The decision that was sent but is not answered yet.
    pub(in crate::tui) sent: Option<DecisionKind>,
}

/// The scope and effect of an approval of the review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalSummary {
    /// The tool, its version and the change of stage, in one line.
    pub covers: String,
    /// The effect; empty until the preview arrives.
    pub does: String,
    /// Roles that still have to approve.
    pub roles: Vec<String>,
    /// The possible scopes if the approval is shared with a team.
    pub choice: Option<ApprovalChoice>,
    /// The tools that a partial approval of an adoption covers; empty for all.
    pub only: Vec<String>,
}

impl ReviewScreen {
    /// A screen whose detail has not arrived yet.
    pub fn loading(review: Review, ticket: u64, now: Now) -> ReviewScreen {
        let view = TextView::new(vec![TextLine::new("loading …", Tone::Fold)]);
        ReviewScreen {
            review,
            ticket,
            reader: Reader::new(vec![Tab::new("…", view)]),
            reading: Reading::Source,
            detail: None,
            compared: None,
            blanks: Blanks::Count,
            unfolded: Unfolded::default(),
            width: 0,
            room: Room::default(),
            links: Vec::new(),
            remarks: Vec::new(),
            parts: Parts::default(),
            watch: Watch::default(),
            news: News::default(),
            entries: Vec::new(),
            left_out: BTreeSet::new(),
            before_list: None,
            opened_from_list: false,
            kept: None,
            fresh: false,
            consequence: Vec::new(),
            opened_ms: now.steady_ms,
            now,
            stale: None,
            sent: None,
        }
    }

    /// Sets the detail and the difference, which is laid out for `width` columns. For an unchanged version, read parts
    /// stay read. Returns the files whose syntax is to be highlighted.
    pub fn set(
        &mut self,
        detail: Result<Box<ReviewDetail>, EngineError>,
        compared: Option<Box<DiffText>>,
        now: Now,
        width: u16,
    ) -> Uncoloured {
        let detail = match detail {
            Ok(detail) => detail,
            Err(error) if self.is_loaded() => {
                self.stale = Some(error.message);
                return Vec::new();
            }
            Err(error) => {
                let lines = [TextLine::new(&error.message, Tone::Bad), TextLine::new(&error.hint, Tone::Plain)];
                self.reader = Reader::new(vec![Tab::new("not readable", TextView::new(lines.into()))]);
                return Vec::new();
            }
        };
        let again = self.detail.as_ref().is_some_and(|known| known.review.digest == detail.review.digest);
        self.review = detail.review.clone();
        self.now = now;
        if let Some(before) = self.detail.replace(detail).filter(|_| again) {
            self.take_news(&before);
            self.lay_out_again();
            return Vec::new();
        }
        self.compared = compared;
        self.reading = if self.compared.is_some() { Reading::Difference } else { Reading::Source };
        self.width = width;
        self.reader = Reader::new(Vec::new());
        self.opened_ms = now.steady_ms;
        self.fresh = true;
        self.lay_out();
        if self.is_adoption() && self.show_outline() {
            self.fresh = false;
        }
        self.before_list = None;
        self.opened_from_list = false;
        self.go_on(now);
        self.uncoloured()
    }

    /// Adds the findings that arrived since then; those that were seen before are no longer new.
    fn take_news(&mut self, before: &ReviewDetail) {
        let Some(detail) = &self.detail else { return };
        let known = if self.has_late() { self.news } else { News::default() };
        self.news = known.and(News::between(before, detail));
    }

    fn uncoloured(&self) -> Uncoloured {
        let Some(detail) = &self.detail else { return Vec::new() };
        let base = detail.base_files.clone().unwrap_or_default();
        [(Side::New, detail.files.clone()), (Side::Old, base)]
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
            .collect()
    }

    /// Sets the difference after it was compared in another way.
    pub fn set_compared(&mut self, compared: Box<DiffText>) {
        self.compared = Some(compared);
        self.lay_out();
    }

    /// Whether the detail has arrived.
    pub fn is_loaded(&self) -> bool {
        self.detail.is_some()
    }

    /// Rebuilds the parts that may have changed: findings and comments arrive while the user reads.
    fn lay_out_again(&mut self) {
        let Some(detail) = &self.detail else { return };
        if remarks::of(detail, self.now) == self.remarks && detail.comments.is_empty() {
            let (facts, links) = self.evidence_lines(detail);
            self.links = links;
            if let Some(tab) = self.reader.tab_of(TabKind::Facts) {
                tab.view.replace(TextView::new(facts), Relaid::News);
            }
            return;
        }
        self.lay_out_for(Relaid::News);
    }

    /// All evidence with the effect of an approval, and the targets of its lines. Above a difference only the first
    /// lines fit: there the findings come first.
    fn evidence_lines(&self, detail: &ReviewDetail) -> (Vec<TextLine>, Vec<Link>) {
        let (facts, links) = verdict::facts(detail, self.room(), self.now);
        let does = self.first_facts();
        let (first, last) = if self.reading == Reading::Difference { (facts, does) } else { (does, facts) };
        (first.into_iter().chain(last).collect(), links)
    }

    /// The layout parameters of the evidence, including whether folds are open.
    fn room(&self) -> Room {
        Room { unfolded: self.unfolded.all, ..self.room }
    }

    /// Rebuilds every text for another display of the same data.
    fn lay_out(&mut self) {
        self.lay_out_for(Relaid::Look);
    }

    /// Rebuilds every text from the known data. Read parts stay read.
    fn lay_out_for(&mut self, why: Relaid) {
        let Some(detail) = &self.detail else { return };
        let (facts, links) = self.evidence_lines(detail);
        self.links = links;
        self.remarks = remarks::of(detail, self.now);
        self.parts = Parts::of(detail, self.compared.as_deref());
        let mut tabs = vec![Tab::new("evidence", TextView::new(facts).with_cursor())];
        for (number, file) in detail.files.iter().enumerate() {
            let lines = file_lines(file);
            tabs.push(self.text_tab(file.path.clone(), TabKind::File(number), vec![file.path.clone()], lines));
        }
        if let Some(text) = &self.compared {
            let read = self.read_places();
            let layout = DiffLayout::for_width(self.width);
            let lines = diff_lines(text, &DiffLook { layout, unfolded: &self.unfolded, read: &read });
            let paths = text.files.iter().map(|file| file.path.clone()).collect();
            tabs.push(self.text_tab("diff".to_owned(), TabKind::Difference, paths, lines));
        }
        if !detail.comments.is_empty() {
            let view = TextView::new(remarks::list(detail, self.now)).with_cursor();
            let name = format!("comments {}", detail.comments.len());
            tabs.push(Tab::new(name, view).of(TabKind::Comments, Vec::new()));
        }
        tabs.extend(self.outline_tab());
        self.reader.renew(tabs, why);
    }

    fn text_tab(&self, name: String, kind: TabKind, paths: Vec<String>, lines: Vec<TextLine>) -> Tab {
        let lines = remarks::beside(lines, &paths, &self.remarks);
        let flags = remarks::flags(&lines, &paths, &self.remarks);
        let mut view = TextView::new(lines).with_cursor();
        view.set_flags(flags);
        Tab::new(name, view).of(kind, paths)
    }

    /// Adapts the layout to another size, if that makes a difference.
    fn set_size(&mut self, width: u16) {
        let diff_changes = DiffLayout::for_width(width) != DiffLayout::for_width(self.width);
        self.width = width;
        let room = Room { narrow: width < ROOM_FOR_LABELS, unfolded: false };
        let room_changes = std::mem::replace(&mut self.room, room) != room;
        if diff_changes && self.compared.is_some() || room_changes {
            self.lay_out();
        }
    }

    /// Sets the effect of an approval, and returns it as a sentence.
    pub fn set_consequence(&mut self, preview: &Result<Preview, EngineError>) -> String {
        let current = self.reader.current();
        let is_begun = current.kind == TabKind::File(0) && part_shown(&current.view).0 == 0;
        let is_first = self.consequence.is_empty() && self.reading != Reading::Difference;
        self.consequence = match preview {
            Ok(preview) => preview.lines.clone(),
            Err(error) => vec![error.message.clone()],
        };
        self.lay_out();
        if is_first && is_begun {
            // The evidence is longer now: if it no longer fits above the first file, it must be read first.
            self.reader.show(0);
            self.fresh = true;
        }
        self.consequence.join(" · ")
    }

    /// The approval that this screen would send; its preview shows the effect.
    pub fn approval_request(&self) -> DecisionRequest {
        DecisionRequest { only: self.only(), ..DecisionRequest::of(&self.review, DecisionKind::Approve) }
    }

    /// The digest of the displayed evidence; `None` until it arrives.
    pub fn evidence(&self) -> Option<Digest> {
        self.detail.as_ref().map(|detail| detail.evidence_digest())
    }

    /// Records that the displayed review is outdated.
    pub fn set_stale(&mut self, why: String) {
        self.stale = Some(why);
    }

    /// The reader below the header, to scroll it.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// The reader below the header.
    pub fn body(&self) -> &Reader {
        &self.reader
    }

    /// Whether there is a previously approved version to compare with.
    pub fn has_difference(&self) -> bool {
        self.compared.is_some()
    }

    /// Switches the comparison of blanks. Returns the files before and now; `None` if there is nothing to compare.
    pub fn toggle_blanks(&mut self) -> Option<(Vec<VersionFile>, Vec<VersionFile>, Blanks)> {
        let detail = self.detail.as_ref()?;
        let before = detail.base_files.clone()?;
        self.blanks = if self.blanks == Blanks::Count { Blanks::Ignored } else { Blanks::Count };
        Some((before, detail.files.clone(), self.blanks))
    }

    /// Opens all folds of the evidence and of unchanged lines, or closes them again.
    pub fn toggle_folds(&mut self) {
        self.unfolded = Unfolded { all: !self.unfolded.all, ..Unfolded::default() };
        self.lay_out();
    }

    /// Whether the text on the screen is the evidence, with facts that are summed up in a line.
    pub(in crate::tui) fn has_folded_facts(&self) -> bool {
        let is_evidence = self.reader.current_kind() == Some(TabKind::Facts);
        is_evidence && !self.unfolded.all && self.detail.as_deref().is_some_and(verdict::has_folded)
    }

    /// The object of a comment written now.
    pub fn spot(&self) -> CommentAnchor {
        self.spot_at_cursor().unwrap_or_default()
    }

    /// The comment at the cursor, if any.
    pub fn comment_at_cursor(&self) -> Option<CommentId> {
        let number = self.comment_number()?;
        self.detail.as_ref()?.comments.get(number).map(|comment| comment.id)
    }

    /// The must-fix comments, one line each.
    pub fn must_fix(&self) -> Vec<String> {
        self.detail.as_ref().map(|detail| remarks::must_fix(detail)).unwrap_or_default()
    }

    /// The content of the approval prompt.
    pub fn approval(&self) -> ApprovalSummary {
        let (review, only) = (&self.review, self.only());
        let some = only.join(", ");
        let subject = match only.len() {
            0 => subject(review),
            count => format!("{count} of {}: {some}", subject(review)),
        };
        ApprovalSummary {
            covers: match review.kind {
                kind if kind.is_posted_text() => format!("{kind} of {subject}"),
                ReviewKind::Adoption => format!("{subject}: adopted where they are"),
                _ => format!("{subject} · {}", header::stages(review)),
            },
            does: self.consequence.join(" · "),
            roles: self.detail.as_ref().map(|detail| detail.roles.clone()).unwrap_or_default(),
            choice: self.detail.as_ref().and_then(|detail| detail.choice.clone()),
            only,
        }
    }

    fn belongs(&self, kind: TabKind) -> bool {
        match kind {
            TabKind::Facts | TabKind::Comments | TabKind::Outline | TabKind::Named(_) => true,
            TabKind::File(_) => self.reading == Reading::Source,
            TabKind::Difference => self.reading == Reading::Difference,
        }
    }
}

impl ReviewScreen {
    /// Draws the screen and returns the cursor while a search is typed. `place` is the position in the queue.
    pub fn draw(
        &mut self,
        area: Rect,
        buf: &mut Buffer,
        look: Look,
        exposure: Exposure,
        place: Option<(usize, usize)>,
    ) -> Option<Position> {
        self.now = look.now;
        self.set_size(area.width);
        let head_height = (self.header(area.width, look, place).len() as u16).min(area.height);
        let below = Rect { y: area.y + head_height, height: area.height - head_height, ..area };
        let last = u16::from(below.height > 3);
        let mut body = Rect { height: below.height - last, ..below };
        self.draw_pinned(&mut body, buf, look, exposure);
        self.renew_outline();
        let signs: Vec<Option<&'static str>> =
            self.reader.tabs().iter().map(|tab| self.belongs(tab.kind).then(|| self.sign_of(tab))).collect();
        let (read, parts) = self.read_count();
        // A reader who marks nothing would take "0 of 2" for something left to do.
        let remark = if read > 0 && area.width >= ROOM_FOR_MARKS {
            format!("marked as read {read}/{parts} ")
        } else {
            String::new()
        };
        let following = self.following(&mut body);
        let cursor = self.reader.draw_with(body, buf, look, exposure, &remark, &|at, _| signs[at]);
        self.draw_following(&following, Rect { y: body.bottom(), ..below }, buf, look, exposure);
        match exposure {
            Exposure::Open if self.is_loaded() => self.watch.drawn(self.reader.current().kind, look.now),
            Exposure::Open | Exposure::Covered => self.watch.stop(look.now),
        }
        // Drawn after the text, because the text may just have shown missing lines.
        let header = self.header(area.width, look, place);
        for (y, line) in (area.y..area.y + head_height).zip(&header) {
            buf.put_line(area.x, y, line, area.width);
        }
        if last > 0 {
            let (text, style) = self.lock_line(look);
            let width = usize::from(below.width);
            let said = if below.width < ROOM_FOR_LOCK { text.strip_prefix("approve is ") } else { None };
            let mut text = said.unwrap_or(&text);
            // Keys that do not fit are omitted, the last one first.
            while text.width() >= width
                && let Some((head, _)) = text.rsplit_once(" · ")
            {
                text = head;
            }
            buf.put(below.x, below.bottom() - 1, cut(&format!(" {text}"), width), width, style);
        }
        cursor
    }

    fn sign_of(&self, tab: &Tab) -> &'static str {
        match tab.kind {
            TabKind::Comments | TabKind::Outline | TabKind::Named(_) => "",
            _ if self.is_left_out(tab) => "– ",
            // More lines will arrive than are shown now.
            TabKind::Facts if self.awaits_checks() => "· ",
            TabKind::Facts | TabKind::File(_) | TabKind::Difference => {
                if !self.is_loaded() || self.is_seen(tab) {
                    "✓ "
                } else {
                    "· "
                }
            }
        }
    }

    fn lock_line(&self, look: Look) -> (String, Style) {
        match self.lock(&lock_keys(look.keymap)) {
            // The line below contains the keys of decisions.
            Lock::Open => ("everything that must be read was shown".to_owned(), look.theme.good),
            Lock::Unread(why) => (why, look.theme.warn),
            Lock::Locked(why) if self.decidable().is_ok() => (why, look.theme.warn),
            Lock::Locked(why) => (why, look.theme.dim),
        }
    }
}

/// The keys named in sentences about the lock.
pub fn lock_keys(keymap: &crate::tui::keymap::Keymap) -> LockKeys {
    LockKeys {
        approve: keymap.key(Verb::Approve),
        on: keymap.key(Verb::ReadOn),
        late: keymap.key(Verb::NextNew),
        over: keymap.key(Verb::ApproveOver),
        blanks: keymap.key(Verb::IgnoreBlanks),
        check: keymap.key(Verb::Check),
        leave: keymap.key(Verb::LeaveOut),
    }
}
