//! Finds headings and code blocks in one pass over the lines.
//!
//! Supports Markdown (`#`, underlines), reStructuredText (underlines of any character, overlines), numbered headings of
//! plain text, and lines such as `Requirements:` that serve as headings. Code blocks contain no headings.

use super::class::{self, Class};
use serde::Serialize;

/// The maximum length of a heading line, in characters.
const MAX_TITLE: usize = 120;

/// The labels of the two parts of an example.
const HALVES: &[&str] = &["input", "inputs", "output", "outputs", "expected", "expected output", "result"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its words, without punctuation and numbering.
    pub(super) title: String,
    /// 1 is the highest.
    pub(super) level: usize,
    /// Index of its line.
    pub(super) line: usize,
}

/// Lines of code: a fenced block, fences included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeRange {
    /// First line, counted from 1.
    pub line: usize,
    /// Last line, counted from 1.
    pub end_line: usize,
    /// The text after the opening fence: usually a language; may be empty.
    pub info: String,
}

/// The results of a pass over the lines.
#[derive(Debug, Default)]
pub(super) struct LineScan {
    /// In order of line.
    pub(super) headings: Vec<Heading>,
    /// In order of line.
    pub(super) code: Vec<CodeRange>,
    /// For each line, whether it is only layout: an underline, a rule, front matter.
    pub(super) drawn: Vec<bool>,
}

/// Finds the headings and code blocks of these lines.
pub(super) fn find(lines: &[&str]) -> LineScan {
    let code = code_blocks(lines);
    let mut is_code = vec![false; lines.len()];
    for block in &code {
        is_code[block.line - 1..block.end_line].fill(true);
    }
    let has_atx = lines.iter().zip(&is_code).any(|(line, code)| !code && atx(line).is_some());
    let mut pass = Pass {
        lines,
        is_code,
        has_atx,
        adornments: Vec::new(),
        above: 0,
        found: LineScan { code, ..LineScan::default() },
    };
    pass.found.drawn = vec![false; lines.len()];
    let mut at = pass.front_matter();
    while at < lines.len() {
        at += pass.step(at);
    }
    pass.found
}

/// The fenced blocks; an unclosed block ends with the text.
fn code_blocks(lines: &[&str]) -> Vec<CodeRange> {
    let mut blocks = Vec::new();
    let mut open: Option<(char, usize, usize, String)> = None;
    for (at, line) in lines.iter().enumerate() {
        let Some((sign, length, info)) = fence(line) else { continue };
        match &open {
            None if sign == '`' && info.contains('`') => {}
            // A title with a line of tildes below it, as in reStructuredText.
            None if sign == '~' && info.is_empty() && is_title_over(lines, at, length) => {}
            None => open = Some((sign, length, at, info.to_owned())),
            Some((opened, least, from, _)) if sign == *opened && length >= *least && info.is_empty() => {
                let info = open.as_ref().map(|(_, _, _, info)| info.clone()).unwrap_or_default();
                blocks.push(CodeRange { line: from + 1, end_line: at + 1, info });
                open = None;
            }
            Some(_) => {}
        }
    }
    if let Some((_, _, from, info)) = open {
        blocks.push(CodeRange { line: from + 1, end_line: lines.len(), info });
    }
    blocks
}

/// Whether the previous line may be a title that this line underlines.
fn is_title_over(lines: &[&str], at: usize, length: usize) -> bool {
    let title = at.checked_sub(1).map_or("", |before| lines[before].trim_end());
    let above = at.checked_sub(2).map_or("", |before| lines[before].trim());
    !title.is_empty() && above.is_empty() && title.chars().count() <= length
}

/// The sign, length and info string of a fence.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim();
    let sign = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.chars().take_while(|c| *c == sign).count();
    (length >= 3).then(|| (sign, length, text[length..].trim()))
}

/// The level and words of a `#` heading.
fn atx(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return None;
    }
    let level = text.bytes().take_while(|b| *b == b'#').count();
    let rest = &text[level..];
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let title = rest.trim();
    let bare = title.trim_end_matches('#');
    let closed = bare.is_empty() || bare.ends_with([' ', '\t']);
    Some((level, if closed { bare.trim_end() } else { title }))
}

/// The character of a line that consists of only one character, at least three times.
fn adornment(line: &str) -> Option<(char, usize)> {
    let text = line.trim_end();
    let sign = text.chars().next().filter(|c| c.is_ascii_punctuation() && *c != '|')?;
    let length = text.chars().count();
    (length >= 3 && text.chars().all(|c| c == sign)).then_some((sign, length))
}

struct Pass<'a> {
    lines: &'a [&'a str],
    is_code: Vec<bool>,
    has_atx: bool,
    /// The underlines so far, each with whether there is an overline; their order defines their level.
    adornments: Vec<(char, bool)>,
    /// The level of the latest heading that is not a label, 0 before the first: labels are one level below it. Stored
    /// instead of searched, so that a document with only labels takes no longer than others.
    above: usize,
    found: LineScan,
}

impl Pass<'_> {
    fn is_blank(&self, at: usize) -> bool {
        self.lines.get(at).is_none_or(|line| line.trim().is_empty())
    }

    fn is_free_before(&self, at: usize) -> bool {
        at == 0 || self.is_blank(at - 1) || self.found.drawn[at - 1] || self.heading_at(at - 1) || self.is_code[at - 1]
    }

    fn heading_at(&self, at: usize) -> bool {
        self.found.headings.last().is_some_and(|heading| heading.line == at)
    }

    fn push(&mut self, at: usize, level: usize, title: &str) {
        let title = title.trim().trim_matches(['*', '_']).trim().to_owned();
        if !is_label(self.lines[at]) {
            self.above = level;
        }
        self.found.headings.push(Heading { title, level, line: at });
    }

    /// Skips YAML front matter.
    fn front_matter(&mut self) -> usize {
        if self.lines.first().is_none_or(|line| line.trim_end() != "---") {
            return 0;
        }
        let end = self.lines.iter().take(200).skip(1).position(|line| matches!(line.trim_end(), "---" | "..."));
        let has_keys = self.lines.get(1).is_some_and(|line| line.contains(':'));
        match end.filter(|_| has_keys) {
            Some(end) => {
                self.found.drawn[0] = true;
                self.found.drawn[end + 1] = true;
                end + 2
            }
            None => 0,
        }
    }

    /// Examines one line, and returns how many lines were used.
    fn step(&mut self, at: usize) -> usize {
        let line = self.lines[at];
        if self.is_code[at] || line.trim().is_empty() {
            return 1;
        }
        if let Some((level, title)) = atx(line) {
            self.push(at, level, title);
            return 1;
        }
        if let Some(taken) = self.underlined(at) {
            return taken;
        }
        if adornment(line).is_some() {
            self.found.drawn[at] = true;
            return 1;
        }
        if self.is_free_before(at) && line.chars().count() <= MAX_TITLE {
            if let Some((level, title)) = self.numbered(at) {
                self.push(at, level, &title);
            } else if let Some(title) = self.label(at) {
                self.push(at, self.above + 1, &title);
            }
        }
        1
    }

    /// A title with a line of one character below it, and possibly one above.
    fn underlined(&mut self, at: usize) -> Option<usize> {
        let over = adornment(self.lines[at]);
        let title_at = if over.is_some() { at + 1 } else { at };
        if !self.is_free_before(at) || self.is_blank(title_at) || self.is_code.get(title_at).copied().unwrap_or(true) {
            return None;
        }
        let title = self.lines[title_at];
        let (sign, length) = adornment(self.lines.get(title_at + 1)?)?;
        if over.is_some_and(|(above, _)| above != sign) || self.is_code[title_at + 1] || adornment(title).is_some() {
            return None;
        }
        let wide = title.trim_end().chars().count();
        let starts_otherwise = ["- ", "* ", "+ ", "> ", "|"].iter().any(|sign| title.trim_start().starts_with(sign));
        // Markdown allows underlines of any length with its two characters; others must span the title, as in
        // reStructuredText.
        let spans = matches!(sign, '=' | '-') || length >= wide;
        if wide > MAX_TITLE || starts_otherwise || !spans || atx(title).is_some() {
            return None;
        }
        let level = self.level_of(sign, over.is_some());
        self.push(title_at, level, title);
        if over.is_some() {
            self.found.drawn[at] = true;
        }
        self.found.drawn[title_at + 1] = true;
        Some(title_at + 2 - at)
    }

    /// In Markdown, `=` is level 1 and `-` is level 2; in reStructuredText, the levels follow the order of first
    /// occurrence.
    fn level_of(&mut self, sign: char, over: bool) -> usize {
        if self.has_atx && matches!(sign, '=' | '-') {
            return if sign == '=' { 1 } else { 2 };
        }
        let seen = self.adornments.iter().position(|known| *known == (sign, over));
        seen.unwrap_or_else(|| {
            self.adornments.push((sign, over));
            self.adornments.len() - 1
        }) + 1
    }

    /// `2.1 Title` or `Appendix A: Title` in plain text, with text below it. Documents with `#` headings have no
    /// others: their numbers are lists.
    fn numbered(&self, at: usize) -> Option<(usize, String)> {
        if self.has_atx {
            return None;
        }
        if let Some(title) = appendix(self.lines[at]) {
            return Some((1, title.to_owned()));
        }
        let (depth, title) = number(self.lines[at])?;
        let below = self.lines.get(at + 1).copied().unwrap_or_default();
        // Text directly below it belongs to a section; a list would continue with an indented line or a number.
        let is_over_text = title.starts_with(char::is_uppercase)
            && below.starts_with(char::is_alphanumeric)
            && number(below).is_none()
            && (depth > 1 || self.is_blank(at.wrapping_sub(1)));
        if !self.is_blank(at + 1) && !is_over_text {
            return None;
        }
        if title.ends_with(['.', ';', ',', '?', '!']) || title.split_whitespace().count() > 9 {
            return None;
        }
        let body = self.lines[at + 1..].iter().find(|line| !line.trim().is_empty())?;
        // Two numbers in a row are a list with blank lines.
        let is_list = number(body).is_some_and(|(next, _)| next == depth);
        (!is_list).then(|| (depth, title.trim_end_matches(':').to_owned()))
    }

    /// `Requirements:`, `**Constraints**` or `EXAMPLES` alone on a line; only words that classify a section.
    fn label(&self, at: usize) -> Option<String> {
        let line = self.lines[at].trim();
        let bare = line.trim_matches(['*', '_']).trim_end_matches(':').trim_matches(['*', '_']).trim();
        // Within an example, these are the labels of its two parts.
        let in_example =
            self.found.headings.last().is_some_and(|last| class::of_heading(&last.title) == Class::Examples);
        if in_example && HALVES.contains(&bare.to_ascii_lowercase().as_str()) {
            return None;
        }
        let is_caps = bare.chars().any(char::is_alphabetic) && !bare.chars().any(char::is_lowercase);
        let is_bold = line.starts_with("**") && line.trim_end_matches(':').ends_with("**");
        let alone = self.is_blank(at + 1);
        let is_meant = is_label(line) || (alone && (is_caps || is_bold || class_words_only(bare)));
        let starts_with_word = bare.chars().next().is_some_and(char::is_alphabetic);
        (is_meant
            && starts_with_word
            && bare.split_whitespace().count() <= 6
            && class::of_heading(bare) != Class::Other)
            .then(|| bare.to_owned())
    }
}

/// Whether a line ends like a label, possibly with its colon inside the asterisks.
fn is_label(line: &str) -> bool {
    line.trim().trim_end_matches(['*', '_']).ends_with(':')
}

/// One or two words that are a heading even without punctuation.
fn class_words_only(text: &str) -> bool {
    text.split_whitespace().count() <= 2 && text.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-')
}

/// The title of a line that begins an appendix.
fn appendix(line: &str) -> Option<&str> {
    let text = line.trim();
    let rest = text.strip_prefix("Appendix ").or_else(|| text.strip_prefix("APPENDIX "))?;
    let mark = rest.chars().next().filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit())?;
    let behind = rest[mark.len_utf8()..].chars().next();
    (behind.is_none_or(|c| matches!(c, '.' | ':' | ' ' | '-')) && !text.ends_with('.')).then_some(text)
}

/// The depth of a section number, and the title after it.
fn number(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_end();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(digits);
    let rest = rest.strip_prefix(')').unwrap_or(rest);
    let parts: Vec<&str> = number.trim_end_matches('.').split('.').collect();
    let is_number = parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let title = rest.trim();
    (is_number && rest.starts_with([' ', '\t']) && title.chars().next().is_some_and(char::is_alphabetic))
        .then_some((parts.len(), title))
}
