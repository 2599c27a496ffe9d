//! The first lines of a review: what is asked, about what, by whom, and what an approval would do.
//!
//! Nothing is cut without a sign: facts that do not fit go on in the next line, one too long ends in `…`.

use super::ReviewScreen;
use crate::domain::{Review, ReviewKind};
use crate::engine::SIGNED_BY;
use crate::tui::ink::{Line, Span};
use crate::tui::pane::queue::{expiry, risk_style, subject};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{cut, grouped, lasted, safe, wrap};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// From so many rows on the header says who made the version; below, the evidence says that.
pub(super) const FULL_HEIGHT: u16 = 30;
/// Lines for what an approval does, where rows are few. The prompt of the approval says all of it on every screen.
const CONSEQUENCE_LINES: usize = 3;
/// From so many rows on the second line begins with the number of the review.
const SECOND_LINE: u16 = 16;
/// Columns that every line after the first is indented by.
const INDENT: usize = 3;

fn question(review: &Review) -> &'static str {
    match review.kind {
        ReviewKind::Drift if review.is_about_behaviour() => "Behaviour of",
        ReviewKind::Drift if review.changed_server().is_some() => "Changed server",
        ReviewKind::New => "New tool",
        ReviewKind::Evolved => "New version",
        ReviewKind::Drift => "Changed files",
        ReviewKind::Promotion => "Promotion",
        ReviewKind::Adoption => "Adoption",
        ReviewKind::Specification => "Specification of",
        ReviewKind::Archive => "Archive",
        ReviewKind::Deprecation => "Deprecate",
        ReviewKind::Plan => "Change of plan",
        ReviewKind::Call => "Permit one run of",
    }
}

/// What becomes of the stage.
pub(super) fn stages(review: &Review) -> String {
    let stays = review.changed_server().is_some() || review.from_stage == review.to_stage;
    match review.kind {
        ReviewKind::Drift if review.changed_server().is_none() => format!("approve again as {}", review.to_stage),
        _ if stays => format!("stays {}", review.to_stage),
        _ => format!("{} → {}", review.from_stage, review.to_stage),
    }
}

impl ReviewScreen {
    /// The lines of the header on a screen of this size. `place` is the place in the queue.
    pub(super) fn header(&self, (width, height): (u16, u16), look: Look, place: Option<(usize, usize)>) -> Vec<Line> {
        let theme = look.theme;
        let review = &self.review;
        let mut flow = Flow::new(usize::from(width));
        flow.add(&format!("⚑ {} ", question(review)), theme.accent);
        flow.join(&subject(review), theme.title);
        // A text has no stage, and the tools of an adoption have one each: they stay where they are.
        let is_one_version = !(review.kind.is_posted_text() || review.kind == ReviewKind::Adoption);
        if is_one_version {
            flow.add(&stages(review), theme.text);
        }
        flow.add(&format!("risk {}", review.risk_words()), risk_style(review.risk, theme));
        if let Some((at, of)) = place {
            flow.add(&format!("{at} of {of}"), theme.dim);
        }
        if height >= SECOND_LINE {
            flow.next_line();
        }
        flow.add(&format!("review {}", review.id), theme.dim);
        flow.add("digest ", theme.dim);
        flow.join(&review.digest.short(), theme.title);
        if let Some((words, is_read)) = self.share_words() {
            flow.add(&words, if is_read { theme.good } else { theme.warn });
        }
        if height >= SECOND_LINE {
            flow.add_whole(&format!("waiting for {}", lasted(look.now.wall, review.created_at)), theme.dim);
            if is_one_version {
                flow.add_whole(&safe(review.place()), theme.dim);
            }
            if let Some(line) = self.asked_by(look) {
                flow.next_line();
                flow.add_cut(&line, theme.dim);
            }
        }
        if height >= SECOND_LINE
            && let Some(line) = self.signed_before()
        {
            flow.next_line();
            flow.add_cut(&line, theme.dim);
        }
        if height >= FULL_HEIGHT {
            for line in self.made_by() {
                flow.next_line();
                flow.add_cut(&line, theme.dim);
            }
        }
        if height >= SECOND_LINE {
            let most = if height >= FULL_HEIGHT { usize::MAX } else { CONSEQUENCE_LINES };
            for line in self.consequence_lines(usize::from(width).saturating_sub(INDENT + 1), most) {
                flow.next_line();
                flow.join(&line, theme.text);
            }
        }
        let mut lines = flow.finish();
        if let Some(stale) = &self.stale {
            lines.push(Line::styled(cut(&format!(" ! {}", safe(stale)), usize::from(width)), theme.warn));
        }
        lines
    }

    /// What an approval does, in at most so many lines of so many columns.
    fn consequence_lines(&self, room: usize, most: usize) -> Vec<String> {
        if self.consequence.is_empty() {
            return Vec::new();
        }
        let mut lines = wrap(&safe(&format!("If approved: {}", self.consequence.join(" · "))), room);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                *last = cut(&format!("{last} …"), room);
            }
        }
        lines
    }

    /// How many lines were on screen, and whether all were. Always as wide as it can get: the text below stays where
    /// it is while it is read.
    fn share_words(&self) -> Option<(String, bool)> {
        let (seen, needed) = self.share();
        let (seen, all) = (grouped(seen), grouped(needed));
        let words = format!("{seen} of {all} lines seen");
        let width = all.len() - seen.len() + words.len();
        self.is_loaded().then(|| (format!("{words:<width$}"), self.is_read()))
    }

    /// Who asked from outside, and until when an answer is waited for, in a line, escaped. Why, the evidence says.
    fn asked_by(&self, look: Look) -> Option<String> {
        let review = &self.review;
        let mut words = Vec::new();
        words.extend(review.asker.as_ref().map(|asker| format!("requested by {asker}")));
        words.extend(expiry(review, look.now.wall));
        let votes = review.votes().map(|vote| vote.reviewer.split(" <").next().unwrap_or_default()).collect::<Vec<_>>();
        if !votes.is_empty() {
            words.push(format!("approvals so far: {}", votes.join(", ")));
        }
        (!words.is_empty()).then(|| safe(&words.join(" · ")))
    }

    /// Whose signature stands under the newest approval of the tool, in a line, escaped.
    fn signed_before(&self) -> Option<String> {
        let evidence = &self.detail.as_ref()?.evidence;
        let line = evidence.iter().rev().find(|line| line.label == SIGNED_BY)?;
        Some(safe(&format!("previous version {SIGNED_BY} {}", line.text)))
    }

    /// Who made the version, when, from what and why: a line each at most, escaped.
    fn made_by(&self) -> Vec<String> {
        let Some(manifest) = self.detail.as_ref().and_then(|detail| detail.manifest.as_ref()) else {
            return Vec::new();
        };
        let made = &manifest.provenance;
        let words = [("made by", &made.created_by), ("with", &made.generator), ("at", &made.created_at)];
        let known: Vec<String> =
            words.iter().filter_map(|(word, part)| part.as_ref().map(|part| format!("{word} {part}"))).collect();
        let made_by = if known.is_empty() { "Author and date not stated".to_owned() } else { known.join(" ") };
        let mut lines = vec![made_by];
        if let Some(parent) = &made.parent {
            lines[0] = format!("{} from {parent}", lines[0]);
        }
        lines.extend(made.reason.as_ref().map(|reason| format!("reason: {reason}")));
        lines.iter().map(|line| safe(line)).collect()
    }
}

/// Facts side by side, in as many lines as they take.
struct Flow {
    width: usize,
    lines: Vec<Vec<Span>>,
    used: usize,
}

impl Flow {
    fn new(width: usize) -> Flow {
        Flow { width, lines: vec![vec![Span::raw(" ")]], used: 1 }
    }

    fn next_line(&mut self) {
        self.lines.push(vec![Span::raw(" ".repeat(INDENT))]);
        self.used = INDENT;
    }

    /// Adds a fact: two blanks from the one before, or in the next line.
    fn add(&mut self, text: &str, style: Style) {
        let begins = self.lines.last().is_none_or(|line| line.len() == 1);
        let gap = if begins { 0 } else { 2 };
        if !begins && self.used + gap + text.width() > self.width {
            self.next_line();
        } else if gap > 0 {
            self.join("  ", style);
        }
        self.join(text, style);
    }

    /// Adds a fact where there is room for all of it.
    fn add_whole(&mut self, text: &str, style: Style) {
        if self.used + 2 + text.width() <= self.width {
            self.add(text, style);
        }
    }

    /// Adds a fact that may be cut rather than begin a line.
    fn add_cut(&mut self, text: &str, style: Style) {
        let room = self.width.saturating_sub(self.used + 2);
        if room >= 8 {
            self.add(&cut(text, room), style);
        }
    }

    /// Goes on without a gap.
    fn join(&mut self, text: &str, style: Style) {
        let text = cut(text, self.width.saturating_sub(self.used));
        self.used += text.width();
        if let Some(line) = self.lines.last_mut() {
            line.push(Span::styled(text, style));
        }
    }

    fn finish(self) -> Vec<Line> {
        self.lines.into_iter().map(Line::from).collect()
    }
}
