//! A review on the whole screen: who asks for what, the evidence, then every file or the difference.
//!
//! Approving stays locked until the end of the evidence and of every file (or of the difference) was
//! on screen; the footer line says what is missing. What was shown goes into the decision.

use super::evidence;
use super::reader::{Exposure, Reader, Tab};
use super::source::file_tab;
use crate::action::Verb;
use crate::domain::{Command, DecisionKind, Review, ReviewKind, ReviewState, Shown, VersionFile};
use crate::engine::{EngineError, Preview, ReviewDetail};
use crate::tui::ink::{Ink, Line, Span, draw_rule};
use crate::tui::msg::Now;
use crate::tui::pane::queue::{risk_style, subject, verdict_word};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{age, cut, plural, safe};
use crate::tui::widget::{TextLine, TextView, Tone};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// From so many rows on the evidence stays above the text when it fits.
const PIN_HEIGHT: u16 = 26;

/// What of a version is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Every file.
    Source,
    /// The difference to the version approved before.
    Difference,
}

/// The state of the screen.
pub struct ReviewScreen {
    /// The review; what the queue knew until its detail came.
    pub review: Review,
    /// Given with the request for syntax marks.
    pub ticket: u64,
    reader: Reader,
    reading: Reading,
    /// Position of the tab with the difference, when there is one.
    difference: Option<usize>,
    loaded: bool,
    /// Not drawn since it was loaded: which text to begin with depends on the room.
    fresh: bool,
    manifest_by: String,
    /// What a yes would do, as the engine says.
    consequence: Vec<String>,
    opened_ms: u64,
    /// Why the review can no longer be decided as it is shown.
    stale: Option<String>,
}

/// Why approve does nothing yet, or that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Everything was shown.
    Open,
    /// Something is missing; the sentence says what and how to get there.
    Locked(String),
}

impl ReviewScreen {
    /// A screen whose detail is still to come.
    pub fn loading(review: Review, ticket: u64, now: Now) -> ReviewScreen {
        let view = TextView::new(vec![TextLine::new("reading …", Tone::Fold)]);
        ReviewScreen {
            review,
            ticket,
            reader: Reader::new(vec![Tab::new("…", view)]),
            reading: Reading::Source,
            difference: None,
            loaded: false,
            fresh: false,
            manifest_by: String::new(),
            consequence: Vec::new(),
            opened_ms: now.steady_ms,
            stale: None,
        }
    }

    /// Takes the detail; a difference is laid out for `width` columns. Returns the files whose syntax should be marked.
    pub fn set(&mut self, detail: Result<Box<ReviewDetail>, EngineError>, now: Now, width: u16) -> Vec<VersionFile> {
        let detail = match detail {
            Ok(detail) => detail,
            Err(error) => {
                let lines = [TextLine::new(&error.message, Tone::Bad), TextLine::new(&error.hint, Tone::Plain)];
                self.reader = Reader::new(vec![Tab::new("not readable", TextView::new(lines.into()))]);
                self.loaded = false;
                return Vec::new();
            }
        };
        let mut tabs = vec![Tab::new("evidence", evidence::of_review(&detail, now))];
        tabs.extend(detail.files.iter().enumerate().map(|(number, file)| file_tab(number, file)));
        self.difference = detail.base_files.as_ref().map(|base| {
            tabs.push(super::source::difference_tab("difference".to_owned(), base, &detail.files, width));
            tabs.len() - 1
        });
        self.reading = if self.difference.is_some() { Reading::Difference } else { Reading::Source };
        self.reader = Reader::new(tabs);
        self.manifest_by = made_by(&detail);
        self.review = detail.review;
        self.opened_ms = now.steady_ms;
        self.loaded = true;
        self.fresh = true;
        detail.files
    }

    /// Takes what a yes would do.
    pub fn set_consequence(&mut self, preview: &Result<Preview, EngineError>) {
        self.consequence = match preview {
            Ok(preview) => preview.lines.clone(),
            Err(error) => vec![error.message.clone()],
        };
    }

    /// The command whose preview says what a yes would do.
    pub fn consequence_query(&self) -> Command {
        Command::Decide {
            review: self.review.id,
            digest: self.review.digest,
            kind: DecisionKind::Approve,
            reason: None,
            shown: Shown::default(),
            override_reason: None,
            role: None,
        }
    }

    /// Says that what is shown is no longer what waits.
    pub fn set_stale(&mut self, why: String) {
        self.stale = Some(why);
    }

    /// The body.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// The body.
    pub fn body(&self) -> &Reader {
        &self.reader
    }

    /// The next tab among those of the present reading.
    pub fn step_tab(&mut self, by: isize) {
        let (reading, difference) = (self.reading, self.difference);
        self.reader.step(by, &|at| belongs(at, reading, difference));
    }

    /// Whether there is a version approved before to compare with.
    pub fn has_difference(&self) -> bool {
        self.difference.is_some()
    }

    /// Switches between the difference and the files, when there is a difference.
    pub fn toggle_reading(&mut self) {
        let Some(difference) = self.difference else { return };
        self.reading = match self.reading {
            Reading::Source => Reading::Difference,
            Reading::Difference => Reading::Source,
        };
        match self.reading {
            Reading::Difference => self.reader.show(difference),
            Reading::Source => self.reader.show(1.min(difference - 1)),
        }
    }

    /// Whether a no or not yet can be given, else why not.
    ///
    /// # Errors
    /// The reason as a sentence.
    pub fn decidable(&self) -> Result<(), String> {
        match (&self.stale, self.loaded, self.review.state) {
            (Some(why), ..) => Err(why.clone()),
            (None, false, _) => Err("the review is not read yet".to_owned()),
            (None, true, ReviewState::Waiting) => Ok(()),
            (None, true, state) => Err(format!("already {state}")),
        }
    }

    /// Whether approve is open, and if not, what is missing.
    pub fn lock(&self, next: &str, bottom: &str) -> Lock {
        if let Err(why) = self.decidable() {
            return Lock::Locked(why);
        }
        let unseen = self.unseen();
        if unseen.is_empty() {
            return Lock::Open;
        }
        let here = unseen.contains(&self.reader.position());
        let names: Vec<String> = unseen.iter().take(2).map(|at| safe(&self.reader.tabs()[*at].name)).collect();
        let more = unseen.len().saturating_sub(2);
        let rest = if more > 0 { format!(" and {}", plural(more, "other", "others")) } else { String::new() };
        let way = if here { format!("{bottom} goes to the end") } else { format!("{next} shows the next") };
        Lock::Locked(format!("approve is locked: {way} · end not shown: {}{rest}", names.join(", ")))
    }

    /// Tabs whose end must still be shown: the evidence, and either the difference or every file.
    fn unseen(&self) -> Vec<usize> {
        let open = |at: usize| self.reader.tabs().get(at).is_some_and(|tab| !tab.view.tail_shown());
        let files: Vec<usize> =
            (1..self.reader.tabs().len()).filter(|at| Some(*at) != self.difference && open(*at)).collect();
        let difference: Vec<usize> = self.difference.into_iter().filter(|at| open(*at)).collect();
        let body = match (self.difference, self.reading) {
            (Some(_), _) if files.is_empty() || difference.is_empty() => Vec::new(),
            (Some(_), Reading::Difference) => difference,
            (Some(_), Reading::Source) | (None, _) => files,
        };
        std::iter::once(0).filter(|at| open(*at)).chain(body).collect()
    }

    /// What was shown so far, for the record.
    pub fn shown(&self, now: Now) -> Shown {
        let counted: Vec<&Tab> = self
            .reader
            .tabs()
            .iter()
            .enumerate()
            .filter(|(at, _)| belongs(*at, self.reading, self.difference))
            .map(|(_, tab)| tab)
            .collect();
        Shown {
            lines: counted.iter().map(|tab| tab.view.len() as u64).sum(),
            lines_shown: counted.iter().map(|tab| tab.view.lines_shown() as u64).sum(),
            tail_shown: self.unseen().is_empty(),
            open_ms: now.steady_ms.saturating_sub(self.opened_ms),
        }
    }

    /// What a yes covers, in a line.
    pub fn covers(&self) -> String {
        let review = &self.review;
        format!("{} · {} → {}", subject(review), review.from_stage, review.to_stage)
    }

    /// What a yes does, beside the change of stage; empty until the engine said.
    pub fn does(&self) -> String {
        self.consequence.iter().skip(1).cloned().collect::<Vec<_>>().join(" · ")
    }
}

/// Rows that a text takes at most when it is wrapped between words.
fn rows_needed(view: &TextView, width: usize) -> u16 {
    let text = view.text_of(0..view.len());
    // A row broken between words is at least two thirds full.
    let rows = |line: &str| match line.width() {
        cells if cells <= width => 1,
        cells => (cells * 3).div_ceil((width * 2).max(1)),
    };
    text.lines().map(rows).sum::<usize>().try_into().unwrap_or(u16::MAX)
}

fn belongs(at: usize, reading: Reading, difference: Option<usize>) -> bool {
    match reading {
        Reading::Source => Some(at) != difference,
        Reading::Difference => at == 0 || Some(at) == difference,
    }
}

fn made_by(detail: &ReviewDetail) -> String {
    let Some(provenance) = detail.manifest.as_ref().map(|manifest| &manifest.provenance) else { return String::new() };
    let parts = [&provenance.created_by, &provenance.generator, &provenance.created_at];
    let known: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    if known.is_empty() { "maker not stated".to_owned() } else { format!("made by {}", known.join(", ")) }
}

fn question(review: &Review) -> &'static str {
    match review.kind {
        ReviewKind::Drift if review.is_about_behaviour() => "Behaviour of",
        ReviewKind::New => "New tool",
        ReviewKind::Evolved => "New version",
        ReviewKind::Drift => "Changed files",
        ReviewKind::Promotion => "Promotion",
        ReviewKind::Adoption => "Adoption",
        ReviewKind::Specification => "Specification of",
        ReviewKind::Archive => "Put away",
        ReviewKind::Deprecation => "Deprecate",
        ReviewKind::Plan => "Change of plan",
    }
}

impl ReviewScreen {
    /// Draws the screen and returns the cursor while a search is typed. `place` is the place in the queue.
    pub fn draw(
        &mut self,
        area: Rect,
        buf: &mut Buffer,
        look: Look,
        exposure: Exposure,
        place: Option<(usize, usize)>,
    ) -> Option<Position> {
        let header = self.header(usize::from(area.width), look, place);
        let head_height = (header.len() as u16).min(area.height);
        for (y, line) in (area.y..area.y + head_height).zip(&header) {
            buf.put_line(area.x, y, line, area.width);
        }
        let below = Rect { y: area.y + head_height, height: area.height - head_height, ..area };
        let last = u16::from(below.height > 3);
        let mut body = Rect { height: below.height - last, ..below };
        self.draw_pinned(&mut body, buf, look, exposure);
        let (reading, difference, loaded) = (self.reading, self.difference, self.loaded);
        let cursor = self.reader.draw(body, buf, look, exposure, &|at, tab| {
            let sign = if !loaded || tab.view.tail_shown() { "✓ " } else { "· " };
            belongs(at, reading, difference).then_some(sign)
        });
        if last > 0 {
            // After the text: what was just shown may have been what was missing.
            let (text, style) = self.lock_line(look);
            let width = usize::from(below.width);
            buf.put(below.x, below.bottom() - 1, cut(&format!(" {text}"), width), width, style);
        }
        cursor
    }

    /// Keeps the evidence above the text where there is room for all of it.
    fn draw_pinned(&mut self, body: &mut Rect, buf: &mut Buffer, look: Look, exposure: Exposure) {
        let lines = rows_needed(&self.reader.tabs()[0].view, usize::from(body.width));
        let fits = self.loaded && body.height >= PIN_HEIGHT && lines > 0 && lines < body.height * 2 / 5;
        if std::mem::take(&mut self.fresh) && fits {
            self.reader.show(self.difference.unwrap_or(1));
        }
        if !fits || self.reader.position() == 0 {
            return;
        }
        let pinned = Rect { height: lines + 1, ..*body };
        let inner = draw_rule(pinned, buf, look.theme.border);
        if let Some(tab) = self.reader.tab_mut(0) {
            match exposure {
                Exposure::Open => tab.view.render(inner, buf, look.theme),
                Exposure::Covered => tab.view.render_covered(inner, buf, look.theme),
            }
        }
        let rule = Rect { y: pinned.bottom(), height: 1, ..*body };
        draw_rule(rule, buf, look.theme.border);
        let used = pinned.height + 1;
        *body = Rect { y: body.y + used, height: body.height - used, ..*body };
    }

    fn header(&self, width: usize, look: Look, place: Option<(usize, usize)>) -> Vec<Line> {
        let theme = look.theme;
        let review = &self.review;
        let place = place.map(|(at, of)| format!("  {at} of {of}")).unwrap_or_default();
        let stages = if review.from_stage == review.to_stage {
            format!("stays {}", review.to_stage)
        } else {
            format!("{} → {}", review.from_stage, review.to_stage)
        };
        let mut lines = vec![Line::from(vec![
            Span::styled(format!(" ⚑ {} ", question(review)), theme.accent),
            Span::styled(format!("{}  ", subject(review)), theme.title),
            Span::styled(format!("{stages}  "), theme.text),
            Span::styled(format!("risk {}", review.risk), risk_style(review.risk, theme)),
            Span::styled(place, theme.dim),
        ])];
        let digest = Line::from(vec![
            Span::styled(format!("   review {} · digest ", review.id), theme.dim),
            Span::styled(review.digest.short(), theme.title),
            Span::styled(cut(&format!(" · {}", safe(&review.path)), width.saturating_sub(36)), theme.dim),
        ]);
        lines.push(digest);
        let waiting = age(look.now.wall, review.created_at);
        let maker =
            if self.manifest_by.is_empty() { String::new() } else { format!("{} · ", safe(&self.manifest_by)) };
        let facts = format!("   {maker}waits since {waiting} · {}", verdict_word(review));
        lines.push(Line::styled(cut(&facts, width), theme.dim));
        let does = self.consequence.iter().map(|line| safe(line)).collect::<Vec<_>>().join(" · ");
        if !does.is_empty() {
            lines.push(Line::styled(cut(&format!("   a yes: {does}"), width), theme.dim));
        }
        if let Some(stale) = &self.stale {
            lines.push(Line::styled(cut(&format!(" ! {}", safe(stale)), width), theme.warn));
        }
        lines
    }

    fn lock_line(&self, look: Look) -> (String, Style) {
        let key = |verb| look.keymap.key(verb);
        let others = format!("{} rejects · {} asks for changes", key(Verb::Reject), key(Verb::RequestChanges));
        let shown = self.shown(look.now);
        match self.lock(&key(Verb::NextTab), &key(Verb::Bottom)) {
            Lock::Open => {
                let skipped = shown.lines.saturating_sub(shown.lines_shown) as usize;
                let note = if skipped > 0 {
                    format!(" · {} in between not shown in full", plural(skipped, "line", "lines"))
                } else {
                    String::new()
                };
                (format!("{} approves · {others}{note}", key(Verb::Approve)), look.theme.good)
            }
            Lock::Locked(why) if self.decidable().is_ok() => (why, look.theme.warn),
            Lock::Locked(why) => (why, look.theme.dim),
        }
    }
}
