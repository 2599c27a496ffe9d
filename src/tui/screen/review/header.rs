//! The first lines of a review: the request, its object, requester and age, and how much of it was seen; two lines at
//! 80 columns. The rest is at the beginning of the evidence.
//!
//! Nothing is cut: facts that do not fit continue in the next line.

use super::ReviewScreen;
use crate::domain::{Review, ReviewKind};
use crate::engine::SIGNED_BY;
use crate::tui::ink::{Line, Span};
use crate::tui::pane::queue::{expiry, risk_style, subject};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{ago, grouped, lasted, safe, wrap};
use crate::tui::widget::{Piece, TextLine, Tone};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Columns that every line after the first is indented by.
const INDENT: usize = 3;
/// Columns between two facts.
const GAP: usize = 2;

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

/// The change of the stage.
pub(super) fn stages(review: &Review) -> String {
    let stays = review.changed_server().is_some() || review.from_stage == review.to_stage;
    match review.kind {
        ReviewKind::Drift if review.changed_server().is_none() => format!("approve again as {}", review.to_stage),
        _ if stays => format!("stays {}", review.to_stage),
        _ => format!("{} → {}", review.from_stage, review.to_stage),
    }
}

impl ReviewScreen {
    /// The lines of the header on a screen of this width. `place` is the place in the queue.
    pub(super) fn header(&self, width: u16, look: Look, place: Option<(usize, usize)>) -> Vec<Line> {
        let theme = look.theme;
        let review = &self.review;
        let mut flow = Flow::new(usize::from(width));
        flow.add(&format!("⚑ {} ", question(review)), theme.accent);
        flow.join(&subject(review), theme.title);
        // A text has no stage, and the tools of an adoption have a stage each, which does not change.
        let is_one_version = !(review.kind.is_posted_text() || review.kind == ReviewKind::Adoption);
        if is_one_version {
            flow.add(&stages(review), theme.text);
        }
        flow.add(&format!("risk {}", review.risk_words()), risk_style(review.risk, theme));
        if let Some((at, of)) = place.filter(|_| flow.is_first_line()) {
            flow.add_whole(&format!("{at} of {of}"), theme.dim);
        }
        flow.second_line();
        for (text, style) in self.second_line(flow.room(), look) {
            flow.add(&text, style);
        }
        let mut lines = flow.finish();
        if let Some(stale) = &self.stale {
            let room = usize::from(width).saturating_sub(INDENT);
            let told = wrap(&safe(stale), room).into_iter().enumerate();
            lines.extend(
                told.map(|(at, line)| Line::styled(format!(" {} {line}", if at == 0 { "!" } else { " " }), theme.warn)),
            );
        }
        lines
    }

    /// How much was seen, who requested it and when, and further facts if there is space. The evidence contains all of
    /// them.
    fn second_line(&self, room: usize, look: Look) -> Vec<(String, Style)> {
        let (review, theme, now) = (&self.review, look.theme, look.now.wall);
        let mut facts = vec![
            (Rank::May(1), format!("review {}", review.id), theme.dim),
            (Rank::May(0), format!("digest {}", review.digest.short()), theme.title),
        ];
        if let Some((words, is_read)) = self.share_words() {
            facts.push((Rank::Must, words, if is_read { theme.good } else { theme.warn }));
        }
        let since = match &review.asker {
            Some(asker) => {
                let asker = asker.strip_prefix("agent:").unwrap_or(asker);
                safe(&format!("by {asker} {}", ago(now, review.created_at)))
            }
            None => format!("waiting for {}", lasted(now, review.created_at)),
        };
        facts.push((Rank::Must, since, theme.dim));
        facts.extend(expiry(review, now).map(|words| (Rank::Must, words, theme.dim)));
        let width = |text: &str| text.width() + GAP;
        let mut used: usize =
            facts.iter().filter(|(rank, ..)| *rank == Rank::Must).map(|(_, text, _)| width(text)).sum();
        let mut taken = vec![Rank::Must];
        for rank in (0..2).map(Rank::May) {
            let more: usize = facts.iter().filter(|fact| fact.0 == rank).map(|(_, text, _)| width(text)).sum();
            if used + more > room + GAP {
                break;
            }
            used += more;
            taken.push(rank);
        }
        facts.into_iter().filter(|(rank, ..)| taken.contains(rank)).map(|(_, text, style)| (text, style)).collect()
    }

    /// The beginning of the evidence: the effect of an approval, and the identity of the version. It need not be read
    /// completely here, because the approval prompt shows it again.
    pub(super) fn first_facts(&self) -> Vec<TextLine> {
        let review = &self.review;
        let line = |text: &str, tone| TextLine::One(Piece::new(text, tone).hanging(2));
        let mut lines = Vec::new();
        // Always first, even before it is known: lines that arrive later must not move above the screen.
        lines.push(TextLine::new("If approved", Tone::Header));
        if self.consequence.is_empty() {
            lines.push(line("· …", Tone::Fact));
        }
        lines.extend(self.consequence.iter().map(|does| line(&format!("· {does}"), Tone::Fact)));
        let mut named = vec![format!("review {}", review.id), format!("digest {}", review.digest.short())];
        if !(review.kind.is_posted_text() || review.kind == ReviewKind::Adoption) {
            named.push(review.place().to_owned());
        }
        let votes: Vec<&str> =
            review.votes().map(|vote| vote.reviewer.split(" <").next().unwrap_or_default()).collect();
        if !votes.is_empty() {
            named.push(format!("approvals so far: {}", votes.join(", ")));
        }
        lines.push(line(&format!("· {}", named.join(" · ")), Tone::Fact));
        lines.extend(self.signed_before().map(|words| line(&format!("· {words}"), Tone::Fact)));
        lines.iter_mut().for_each(TextLine::make_extra);
        lines
    }

    /// How many lines were on screen, and whether all were. Always has its maximum width, so that the text below does
    /// not move while it is read.
    fn share_words(&self) -> Option<(String, bool)> {
        let (seen, needed) = self.share();
        let (seen, all) = (grouped(seen), grouped(needed));
        let words = format!("{seen} of {all} lines seen");
        let width = all.len() - seen.len() + words.len();
        self.is_loaded().then(|| (format!("{words:<width$}"), self.is_read()))
    }

    /// Who signed the newest approval of the tool, in a line.
    fn signed_before(&self) -> Option<String> {
        let evidence = &self.detail.as_ref()?.evidence;
        let line = evidence.iter().rev().find(|line| line.label == SIGNED_BY)?;
        Some(format!("previous version {SIGNED_BY} {}", line.text))
    }
}

/// The priority of a fact in the second line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Must,
    /// If there is space, lowest first.
    May(u8),
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

    fn is_first_line(&self) -> bool {
        self.lines.len() == 1
    }

    /// Begins the second line, unless facts of the first line continue in it.
    fn second_line(&mut self) {
        if self.is_first_line() {
            self.next_line();
        }
    }

    /// The free columns of this line.
    fn room(&self) -> usize {
        self.width.saturating_sub(self.used)
    }

    /// Adds a fact after two blanks, or in the next line; wraps a fact that is longer than a line.
    fn add(&mut self, text: &str, style: Style) {
        let begins = self.lines.last().is_none_or(|line| line.len() == 1);
        if !begins && self.used + GAP + text.trim_end().width() > self.width {
            self.next_line();
        } else if !begins {
            self.push(" ".repeat(GAP), style);
        }
        self.join(text, style);
    }

    /// Adds a fact if it fits completely in this line.
    fn add_whole(&mut self, text: &str, style: Style) {
        if self.used + GAP + text.width() <= self.width {
            self.add(text, style);
        }
    }

    /// Continues without a gap.
    fn join(&mut self, text: &str, style: Style) {
        if text.trim_end().width() <= self.room() {
            return self.push(text.to_owned(), style);
        }
        let room = self.width.saturating_sub(INDENT);
        for line in wrap(text, room) {
            self.next_line();
            self.push(line, style);
        }
    }

    fn push(&mut self, text: String, style: Style) {
        self.used += text.width();
        if let Some(line) = self.lines.last_mut() {
            line.push(Span::styled(text, style));
        }
    }

    fn finish(self) -> Vec<Line> {
        self.lines.into_iter().map(Line::from).collect()
    }
}
