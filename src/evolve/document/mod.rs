//! Documents that describe what a tool must do: decodes them, splits them into sections, and summarises them within a
//! budget.
//!
//! Nothing here stores or opens a file. Documents come from strangers: displayed parts pass through
//! [`SafeText`](crate::domain::SafeText).

mod class;
mod draft;
mod encoding;
mod field;
mod heading;
mod prose;
mod summary;
#[cfg(test)]
mod tests;

pub use class::Class;
pub use draft::{Draft, FieldSource, QUESTIONS, Question, draft, draft_of_words, unanswered};
pub use encoding::{ReadAs, decode, no_text};
pub use heading::CodeRange;
pub use summary::{Cut, DEFAULT_BUDGET, LEAST_BUDGET, Summary, SummaryLine};

use crate::domain::Digest;
use heading::Heading;
use serde::Serialize;
use std::ops::Range;

/// A part of a document: a heading with the text below it, up to the next heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The words of its heading, made safe; empty for the part before the first heading.
    pub title: String,
    /// 1 is the highest; 0 is the part before the first heading.
    pub level: usize,
    /// The line of its heading, counted from 1.
    pub line: usize,
    /// Its last line, counted from 1.
    pub end_line: usize,
    /// Its subject: from its own heading, otherwise from the heading above it.
    pub class: Class,
    /// The code in it.
    pub code: Vec<CodeRange>,
}

/// A document, split into sections.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    lines: Vec<Range<usize>>,
    drawn: Vec<bool>,
    sections: Vec<Section>,
    read_as: ReadAs,
    digest: Digest,
    bytes: usize,
}

impl Document {
    /// Reads a document. Any bytes are accepted; [`no_text`] tells beforehand whether they are text.
    pub fn read(bytes: &[u8]) -> Document {
        let (mut text, read_as) = decode(bytes);
        if text.contains('\r') {
            text = text.replace("\r\n", "\n").replace('\r', "\n");
        }
        let lines = line_ranges(&text);
        let found = heading::find(&lines.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>());
        let says = |at: usize| !found.drawn[at] && !text[lines[at].clone()].trim().is_empty();
        let before = found.headings.first().map_or(lines.len(), |heading| heading.line);
        let has_preamble = (0..before).any(says);
        let sections = sections(&found.headings, &found.code, lines.len(), has_preamble);
        Document {
            drawn: found.drawn,
            sections,
            read_as,
            digest: Digest::of_bytes(bytes),
            bytes: bytes.len(),
            lines,
            text,
        }
    }

    /// The whole text, with `\n` at the ends of lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of lines.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// A line, counted from 1; empty after the last one.
    pub fn line(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|at| self.lines.get(at)).map_or("", |range| &self.text[range.clone()])
    }

    /// The sections, in order. A repeated heading gives two sections.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The detected encoding.
    pub fn read_as(&self) -> ReadAs {
        self.read_as
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Size of the document in bytes.
    pub fn byte_count(&self) -> usize {
        self.bytes
    }

    /// Its title: the first heading of the highest level.
    pub fn title(&self) -> Option<&str> {
        let highest = self.sections.iter().filter(|section| section.level > 0).map(|section| section.level).min()?;
        self.sections.iter().find(|section| section.level == highest).map(|section| section.title.as_str())
    }

    /// The lines of code of a block, without its fences.
    pub fn code(&self, block: &CodeRange) -> String {
        let last = block.end_line.max(block.line);
        let closed = last > block.line && self.line(last).trim_start().starts_with(['`', '~']);
        let end = if closed { last - 1 } else { last };
        (block.line + 1..=end).flat_map(|number| [self.line(number), "\n"]).collect()
    }

    /// Summarises the document in at most `budget` characters, including the footer.
    pub fn summary(&self, budget: usize) -> Summary {
        summary::of(self, budget)
    }
}

fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        ranges.push(from..from + line.trim_end_matches('\n').len());
        from += line.len();
    }
    ranges
}

fn sections(headings: &[Heading], code: &[CodeRange], lines: usize, has_preamble: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::with_capacity(headings.len() + 1);
    if has_preamble {
        let end_line = headings.first().map_or(lines, |heading| heading.line);
        sections.push(Section {
            title: String::new(),
            level: 0,
            line: 1,
            end_line,
            class: Class::Other,
            code: Vec::new(),
        });
    }
    let lone_title = headings.first().filter(|first| {
        headings[1..].iter().all(|other| other.level > first.level) && first.title.split_whitespace().count() > 2
    });
    let mut above: Vec<(usize, Class)> = Vec::new();
    for (number, heading) in headings.iter().enumerate() {
        above.retain(|(level, _)| *level < heading.level);
        let own = class::of_heading(&heading.title);
        let inherited = above.last().map_or(Class::Other, |(_, class)| *class);
        let class = if own == Class::Other { inherited } else { own };
        // The title of the document describes the whole, not each of its sections.
        let is_title = lone_title.is_some_and(|title| title.line == heading.line);
        above.push((heading.level, if is_title { Class::Other } else { class }));
        sections.push(Section {
            title: class::shown(&heading.title),
            level: heading.level,
            line: heading.line + 1,
            end_line: headings.get(number + 1).map_or(lines, |next| next.line),
            class,
            code: Vec::new(),
        });
    }
    let mut at = 0;
    for block in code {
        while sections.get(at + 1).is_some_and(|next| next.line <= block.line) {
            at += 1;
        }
        if let Some(section) = sections.get_mut(at) {
            section.code.push(block.clone());
        }
    }
    sections
}
