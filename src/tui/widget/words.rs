//! The words of a changed line that differ from the replaced line.

use crate::tui::mark::Side;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};
use std::ops::Range;
use std::sync::OnceLock;

/// The maximum length of a line with marked words, bytes.
const MAX_MARKED: usize = 2000;

/// An old and a new line; the difference is computed on demand, and cached.
#[derive(Debug, Default)]
pub struct Pairing {
    old: String,
    new: String,
    found: OnceLock<[Vec<Range<usize>>; 2]>,
}

impl PartialEq for Pairing {
    fn eq(&self, other: &Pairing) -> bool {
        (&self.old, &self.new) == (&other.old, &other.new)
    }
}

impl Eq for Pairing {}

impl Pairing {
    /// Pairs two raw lines without their line breaks.
    pub fn new(old: &str, new: &str) -> Pairing {
        Pairing { old: old.to_owned(), new: new.to_owned(), found: OnceLock::new() }
    }

    /// The differing parts of one side; none if hardly anything is common, because then everything differs.
    pub fn changed(&self, side: Side) -> &[Range<usize>] {
        let found = self.found.get_or_init(|| changed_words(&self.old, &self.new));
        match side {
            Side::Old => &found[0],
            Side::New => &found[1],
        }
    }
}

fn changed_words(old: &str, new: &str) -> [Vec<Range<usize>>; 2] {
    if old.len() > MAX_MARKED || new.len() > MAX_MARKED {
        return [Vec::new(), Vec::new()];
    }
    let (old_words, new_words) = (words(old), words(new));
    let texts =
        |line: &'_ str, words: &[Range<usize>]| words.iter().map(|range| line[range.clone()].to_owned()).collect();
    let (olds, news): (Vec<String>, Vec<String>) = (texts(old, &old_words), texts(new, &new_words));
    let ops = capture_diff_slices(Algorithm::Myers, &olds, &news);
    let span = |words: &[Range<usize>], range: Range<usize>| {
        words.get(range).filter(|words| !words.is_empty()).map(|words| words[0].start..words[words.len() - 1].end)
    };
    let changed = |op: &&DiffOp| op.tag() != DiffTag::Equal;
    let olds: Vec<_> = ops.iter().filter(changed).filter_map(|op| span(&old_words, op.old_range())).collect();
    let news: Vec<_> = ops.iter().filter(changed).filter_map(|op| span(&new_words, op.new_range())).collect();
    let differs: usize = olds.iter().chain(&news).map(ExactSizeIterator::len).sum();
    if differs * 10 > (old.len() + new.len()) * 7 { [Vec::new(), Vec::new()] } else { [olds, news] }
}

/// Words, runs of blanks, and single other characters.
fn words(line: &str) -> Vec<Range<usize>> {
    let kind = |c: char| if c.is_alphanumeric() || c == '_' { 1 } else { usize::from(c.is_whitespace()) * 2 };
    let mut words: Vec<(Range<usize>, usize)> = Vec::new();
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        match words.last_mut() {
            Some((range, last)) if *last == kind(c) && *last != 0 => range.end = end,
            _ => words.push((at..end, kind(c))),
        }
    }
    words.into_iter().map(|(range, _)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_are_marked() {
        let marked = |old: &'static str, new: &'static str| {
            let pair = Pairing::new(old, new);
            let texts = |line: &'static str, side| -> Vec<&str> {
                pair.changed(side).iter().map(|range| &line[range.clone()]).collect()
            };
            (texts(old, Side::Old), texts(new, Side::New))
        };
        assert_eq!(marked("limit = 10", "limit = 20"), (vec!["10"], vec!["20"]));
        assert_eq!(marked("call(a, b)", "call(a, c, b)"), (vec![], vec!["c, "]));
        assert_eq!(marked("alpha", "omega"), (vec![], vec![]));
    }
}
