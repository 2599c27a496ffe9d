//! A summary of a document within a budget of characters: requirements first, every line with its line number, and a
//! count of the omitted parts.

use super::class::{self, Class};
use super::{Document, ReadAs};
use crate::domain::{Digest, SafeText, grouped};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The default budget, in characters.
pub const DEFAULT_BUDGET: usize = 10_000;
/// The minimum budget, which fits a footer and a few lines, in characters.
pub const LEAST_BUDGET: usize = 500;
/// Longer lines are cut if the whole document does not fit, in characters.
const LONGEST_LINE: usize = 400;
/// The shares of the budget, in percent; unused space is then distributed in the order of `ORDER`.
const SHARES: [(SummaryLineKind, usize); 4] = [
    (SummaryLineKind::Heading, 85),
    (SummaryLineKind::Requirement, 35),
    (SummaryLineKind::Constraint, 10),
    (SummaryLineKind::Example, 10),
];
/// The order in which kinds of lines use the remaining space.
const ORDER: [SummaryLineKind; 6] = [
    SummaryLineKind::Requirement,
    SummaryLineKind::Constraint,
    SummaryLineKind::Heading,
    SummaryLineKind::Example,
    SummaryLineKind::Lead,
    SummaryLineKind::Text,
];

/// The role of a line in a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SummaryLineKind {
    Heading,
    Requirement,
    Constraint,
    Example,
    /// The first line below a heading.
    Lead,
    Text,
}

/// A line of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryLine {
    /// Its line number in the source, counted from 1; `None` for marks of omissions.
    pub line: Option<usize>,
    /// Its text, made safe.
    pub text: String,
}

/// The omissions of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Characters of the document.
    pub characters: usize,
    /// Characters of the document that are in the summary.
    pub characters_shown: usize,
    /// Non-blank lines of the document.
    pub lines: usize,
    /// Non-blank lines that are shown completely.
    pub lines_shown: usize,
    /// Lines with requirements.
    pub requirements: usize,
    /// Requirements that are shown completely.
    pub requirements_shown: usize,
    /// Its headings.
    pub headings: usize,
    /// Headings that are shown completely.
    pub headings_shown: usize,
}

/// The summary of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its maximum length, in characters.
    pub budget: usize,
    /// The complete text: each line after its line number, then the footer.
    pub text: String,
    /// The same, line by line, without the footer.
    pub lines: Vec<SummaryLine>,
    /// The omissions.
    pub cut: Cut,
}

impl Summary {
    /// Whether nothing was omitted.
    pub fn is_complete(&self) -> bool {
        self.cut.lines == self.cut.lines_shown
    }
}

/// A line that may be selected.
struct SummaryCandidate {
    number: usize,
    kind: SummaryLineKind,
    /// Its turn. For a heading: its level, and the number of earlier headings of that level below the same heading. For
    /// other lines: the number of earlier lines of their kind in their section.
    turn: (usize, usize),
    chars: usize,
    is_taken: bool,
}

/// Summarises a document.
pub(super) fn of(document: &Document, budget: usize) -> Summary {
    let gutter = document.line_count().to_string().len() + 2;
    let mut candidates = candidates(document);
    let total = Cut {
        characters: document.text().chars().count(),
        characters_shown: 0,
        lines: candidates.len(),
        lines_shown: 0,
        requirements: count(&candidates, SummaryLineKind::Requirement),
        requirements_shown: 0,
        headings: count(&candidates, SummaryLineKind::Heading),
        headings_shown: 0,
    };
    // The longest possible footer: shown numbers never have more digits than the totals.
    let most = Cut { characters_shown: total.characters, lines_shown: total.lines, ..total };
    let most = Cut { requirements_shown: total.requirements, headings_shown: total.headings, ..most };
    let reserve = footer(most, document.digest(), document.read_as(), true).chars().count() + 16;
    let room = budget.saturating_sub(reserve);
    // No gap is larger than the whole document.
    let widest = Gap { lines: total.lines.max(2), requirements: total.requirements };
    let mark = gutter + widest.words().chars().count() + 1;
    let whole: usize = candidates
        .iter()
        .map(|line| gutter + line.chars + 1 + usize::from(line.kind == SummaryLineKind::Heading))
        .sum();
    let is_whole = whole <= room;
    if is_whole {
        for line in &mut candidates {
            line.is_taken = true;
        }
    } else {
        Choice::of(&mut candidates, gutter, room).choose();
    }
    render(document, &candidates, Drawing { budget, gutter, total, is_whole, has_room: room >= mark })
}

fn count(candidates: &[SummaryCandidate], kind: SummaryLineKind) -> usize {
    candidates.iter().filter(|line| line.kind == kind).count()
}

fn candidates(document: &Document) -> Vec<SummaryCandidate> {
    let mut found = Vec::new();
    // The number of headings of each level since the last one of a higher level.
    let mut siblings: Vec<usize> = Vec::new();
    for section in document.sections() {
        let mut code = section.code.iter().peekable();
        let mut is_first = true;
        let mut turns = [0; ORDER.len()];
        for number in section.line..=section.end_line {
            let line = document.line(number);
            if line.trim().is_empty() || document.drawn[number - 1] {
                continue;
            }
            while code.peek().is_some_and(|block| block.end_line < number) {
                code.next();
            }
            let is_code = code.peek().is_some_and(|block| block.line <= number);
            let is_heading = section.level > 0 && number == section.line;
            let kind = match section.class {
                _ if is_heading => SummaryLineKind::Heading,
                Class::Requirements => SummaryLineKind::Requirement,
                _ if !is_code && class::demands(line) => SummaryLineKind::Requirement,
                Class::Constraints => SummaryLineKind::Constraint,
                Class::Examples => SummaryLineKind::Example,
                Class::Other if is_first => SummaryLineKind::Lead,
                Class::Other => SummaryLineKind::Text,
            };
            is_first = is_heading;
            let chars = SafeText::source_line(line.trim_end()).as_str().chars().count();
            let turn = if is_heading {
                siblings.resize(section.level + 1, 0);
                siblings[section.level] += 1;
                (section.level, siblings[section.level])
            } else {
                (turns[kind as usize], 0)
            };
            turns[kind as usize] += 1;
            found.push(SummaryCandidate { number, kind, turn, chars, is_taken: false });
        }
    }
    found
}

/// Selects lines while there is space for them and for the marks of the gaps between them.
struct Choice<'a> {
    candidates: &'a mut [SummaryCandidate],
    gutter: usize,
    room: usize,
    used: usize,
    /// Indexes of the selected lines, ascending.
    taken: BTreeSet<usize>,
    /// The number of requirements before each index.
    required: Vec<usize>,
}

impl Choice<'_> {
    fn of(candidates: &mut [SummaryCandidate], gutter: usize, room: usize) -> Choice<'_> {
        let mut required = vec![0];
        for line in candidates.iter() {
            let before = required.last().copied().unwrap_or_default();
            required.push(before + usize::from(line.kind == SummaryLineKind::Requirement));
        }
        let mut choice = Choice { candidates, gutter, room, used: 0, taken: BTreeSet::new(), required };
        choice.used = choice.mark(0, choice.candidates.len());
        choice
    }

    fn choose(mut self) {
        for (kind, percent) in SHARES {
            self.take(kind, self.used + self.room * percent / 100);
        }
        for kind in ORDER {
            self.take(kind, self.room);
        }
    }

    /// The length of the mark for a gap between two indexes, in characters.
    fn mark(&self, from: usize, to: usize) -> usize {
        if from >= to {
            return 0;
        }
        let gap = Gap { lines: to - from, requirements: self.required[to] - self.required[from] };
        self.gutter + gap.words().chars().count() + 1
    }

    /// Selects fitting lines of one kind, a line of each section in turn, so that the end of a document counts as much
    /// as its beginning.
    fn take(&mut self, kind: SummaryLineKind, limit: usize) {
        let limit = limit.min(self.room);
        let is_open = |line: &SummaryCandidate| line.kind == kind && !line.is_taken;
        let mut places: Vec<usize> = (0..self.candidates.len()).filter(|at| is_open(&self.candidates[*at])).collect();
        places.sort_by_key(|at| self.candidates[*at].turn);
        for at in places {
            let from = self.taken.range(..at).next_back().map_or(0, |before| before + 1);
            let to = self.taken.range(at..).next().copied().unwrap_or(self.candidates.len());
            let chars = clipped(self.candidates[at].chars);
            // The blank line before a heading counts, too.
            let line = self.gutter + chars + 1 + usize::from(kind == SummaryLineKind::Heading);
            let marks = self.mark(from, at) + self.mark(at + 1, to);
            let used = self.used + line + marks - self.mark(from, to);
            if used > limit {
                continue;
            }
            self.candidates[at].is_taken = true;
            self.taken.insert(at);
            self.used = used;
        }
    }
}

/// The length of a line after cutting, including its mark.
fn clipped(chars: usize) -> usize {
    if chars <= LONGEST_LINE { chars } else { LONGEST_LINE + clip_mark(chars - LONGEST_LINE).chars().count() }
}

fn clip_mark(chars: usize) -> String {
    format!("… [{} more characters]", number(chars))
}

/// The omitted lines between two shown ones.
#[derive(Default)]
struct Gap {
    lines: usize,
    requirements: usize,
}

impl Gap {
    fn words(&self) -> String {
        let lines = if self.lines == 1 { "1 line".to_owned() } else { format!("{} lines", number(self.lines)) };
        match self.requirements {
            0 => format!("… {lines} cut"),
            some => format!("… {lines} cut, {} required", number(some)),
        }
    }
}

#[derive(Clone, Copy)]
struct Drawing {
    budget: usize,
    gutter: usize,
    total: Cut,
    is_whole: bool,
    has_room: bool,
}

fn render(document: &Document, candidates: &[SummaryCandidate], drawing: Drawing) -> Summary {
    let Drawing { budget, gutter, mut total, is_whole, .. } = drawing;
    let (mut text, mut lines, mut gap) = (String::new(), Vec::new(), Gap::default());
    let mark = |gap: &mut Gap, text: &mut String, lines: &mut Vec<SummaryLine>| {
        let gap = std::mem::take(gap);
        if gap.lines > 0 {
            let words = gap.words();
            let _ = writeln!(text, "{:gutter$}{words}", "");
            lines.push(SummaryLine { line: None, text: words });
        }
    };
    for line in candidates {
        if !line.is_taken {
            gap.lines += 1;
            gap.requirements += usize::from(line.kind == SummaryLineKind::Requirement);
            continue;
        }
        mark(&mut gap, &mut text, &mut lines);
        let source = document.line(line.number).trim_end();
        let safe = SafeText::source_line(source);
        let is_clipped = !is_whole && line.chars > LONGEST_LINE;
        let shown = if is_clipped {
            let head: String = safe.as_str().chars().take(LONGEST_LINE).collect();
            format!("{head}{}", clip_mark(line.chars - LONGEST_LINE))
        } else {
            String::from(safe)
        };
        if line.kind == SummaryLineKind::Heading && !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{:>width$}  {shown}", line.number, width = gutter - 2);
        total.characters_shown += if is_clipped { LONGEST_LINE } else { source.chars().count() };
        total.lines_shown += usize::from(!is_clipped);
        total.requirements_shown += usize::from(!is_clipped && line.kind == SummaryLineKind::Requirement);
        total.headings_shown += usize::from(!is_clipped && line.kind == SummaryLineKind::Heading);
        lines.push(SummaryLine { line: Some(line.number), text: shown });
    }
    // A budget that fits no mark fits only the footer.
    if !lines.is_empty() || drawing.has_room {
        mark(&mut gap, &mut text, &mut lines);
    }
    let is_cut = total.lines_shown < total.lines;
    let footer = footer(total, document.digest(), document.read_as(), is_cut);
    let left = budget.saturating_sub(text.chars().count());
    // Only a budget below the minimum is too small for the footer.
    text.extend(footer.chars().take(left));
    Summary { budget, text, lines, cut: total }
}

fn footer(cut: Cut, digest: Digest, read_as: ReadAs, is_cut: bool) -> String {
    let mut text = String::from("\n--\n");
    if is_cut {
        let _ = writeln!(
            text,
            "Summary: {} of {} characters, {} of {} lines, {} of {} headings. Requirement lines: {} of {}, {} cut.",
            number(cut.characters_shown),
            number(cut.characters),
            number(cut.lines_shown),
            number(cut.lines),
            number(cut.headings_shown),
            number(cut.headings),
            number(cut.requirements_shown),
            number(cut.requirements),
            number(cut.requirements - cut.requirements_shown),
        );
    } else {
        let _ = writeln!(
            text,
            "Complete: {} characters, {} lines, {} of them requirements; blank lines are omitted.",
            number(cut.characters),
            number(cut.lines),
            number(cut.requirements),
        );
    }
    let short = digest.short();
    let _ = writeln!(text, "Full text: {} (BLAKE3). Read as {read_as}.", digest.hex());
    let _ = writeln!(text, "Show it with `toolsmith spec {short} --full`, or a part with `--lines 12-34`.");
    text
}

fn number(value: usize) -> String {
    grouped(value)
}
