//! A few numbers that indicate which files may contain the same code, so that only those files of a large catalog are
//! read.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The number of slots of a sketch.
const SLOTS: usize = 16;

/// The value of a slot without a word.
const EMPTY: u16 = u16::MAX;

/// The minimum length of a word, in bytes.
const SHORTEST: usize = 2;

/// A sketch of the words of some files, without comment lines and without names that the files define themselves. Two
/// sketches share about the same proportion of numbers as the files share words. A copy with changed names keeps the
/// words of the language, of the libraries and of its texts.
///
/// After Li, Owen and Zhang, "One Permutation Hashing" (NIPS 2012).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSketch([u16; SLOTS]);

impl Default for CodeSketch {
    fn default() -> CodeSketch {
        CodeSketch([EMPTY; SLOTS])
    }
}

impl CodeSketch {
    /// Makes the sketch of these bytes.
    pub fn of<'b>(contents: impl IntoIterator<Item = &'b [u8]>) -> CodeSketch {
        let mut sketch = CodeSketch::default();
        for content in contents {
            let own = own_words(content);
            for word in code_words(content).map(|(word, _)| word) {
                if word.len() >= SHORTEST && !own.contains(word) {
                    sketch.add(mixed(hash_of(word)));
                }
            }
        }
        sketch
    }

    fn add(&mut self, hash: u32) {
        let slot = &mut self.0[hash as usize % SLOTS];
        *slot = (*slot).min((hash >> 16) as u16);
    }

    /// Its numbers in sequence, as stored.
    pub(crate) fn kept(&self) -> [u8; 2 * SLOTS] {
        let mut bytes = [0; 2 * SLOTS];
        for (pair, number) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(&self.0) {
            *pair = number.to_le_bytes();
        }
        bytes
    }

    /// Reads the result of [`CodeSketch::kept`]; `None` for other bytes.
    pub(crate) fn of_kept(bytes: &[u8]) -> Option<CodeSketch> {
        let (pairs, []) = bytes.as_chunks::<2>() else { return None };
        let pairs: &[[u8; 2]; SLOTS] = pairs.try_into().ok()?;
        Some(CodeSketch(pairs.map(u16::from_le_bytes)))
    }

    /// The number of shared numbers of two sketches, up to [`CodeSketch::MOST`].
    pub fn shared(&self, other: &CodeSketch) -> usize {
        self.0.iter().zip(&other.0).filter(|(one, other)| one == other && **one != EMPTY).count()
    }

    /// The numbers with their slots, without empty slots.
    pub fn numbers(&self) -> impl Iterator<Item = (usize, u16)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, number)| *number != EMPTY)
    }

    /// The maximum number of shared numbers.
    pub const MOST: usize = SLOTS;
}

/// The words of the lines that are not comments, each with the rest of its line.
fn code_words(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    content.split(|byte| *byte == b'\n').filter(|line| !is_comment(line)).flat_map(|line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let start = rest.iter().position(|byte| IS_OF_WORD[usize::from(*byte)])?;
            let word = &rest[start..];
            let end = word.iter().position(|byte| !IS_OF_WORD[usize::from(*byte)]).unwrap_or(word.len());
            rest = &word[end..];
            Some((&word[..end], rest))
        })
    })
}

/// Names that the file itself defines, by simple rules for all languages: names that are assigned, defined or
/// parameters. A copy may have other names.
fn own_words(content: &[u8]) -> HashSet<&[u8]> {
    let (mut own, mut before, mut until): (HashSet<&[u8]>, &[u8], Option<u8>) = (HashSet::new(), b"", None);
    for (word, rest) in code_words(content) {
        let next = rest.trim_ascii_start();
        let is_assigned = match next {
            [b'=', b'=', ..] => false,
            [b'=', ..] | [b':' | b'+' | b'-' | b'*' | b'/' | b'.', b'=', ..] => true,
            _ => false,
        };
        let is_defined =
            BEFORE_NAMES.contains(&before) || rest.starts_with(b"()") && next[2..].trim_ascii_start().starts_with(b"{");
        // Parameters end at the closing bracket, targets of a loop at `in` or `of`.
        if is_assigned || is_defined || until.is_some() && !BEFORE_NAMES.contains(&word) {
            own.insert(word);
        }
        let opens_parameters =
            matches!(before, b"def" | b"function") && rest.starts_with(b"(") && !rest.starts_with(b"()");
        until = match until {
            _ if opens_parameters => Some(b')'),
            _ if word == b"for" || word == b"lambda" => Some(b':'),
            Some(b')') if rest.starts_with(b")") => None,
            Some(b':') if matches!(word, b"in" | b"of") || next.starts_with(b":") || next.starts_with(b";") => None,
            other => other,
        };
        before = word;
    }
    own.remove(b"in".as_slice());
    own.remove(b"of".as_slice());
    own
}

/// Words before a name that the file defines.
const BEFORE_NAMES: &[&[u8]] = &[
    b"def",
    b"class",
    b"function",
    b"let",
    b"const",
    b"var",
    b"local",
    b"as",
    b"global",
    b"nonlocal",
    b"read",
    b"declare",
];

/// The hash of a word, FNV-1a.
fn hash_of(word: &[u8]) -> u32 {
    word.iter().fold(BEGIN, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Whether a line is a comment in any of the usual languages: copies often differ only in comments.
fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    [b"#".as_slice(), b"//", b"/*", b"* ", b"*/", b"--"].iter().any(|mark| line.starts_with(mark)) || line == b"*"
}

/// The offset basis of the FNV-1a hash: the same on every machine, because sketches are stored.
const BEGIN: u32 = 0x811c_9dc5;

/// Whether a byte belongs to a word. A table is fast: every byte of a source is tested.
const IS_OF_WORD: [bool; 256] = {
    let (mut table, mut byte) = ([true; 256], 0);
    while byte < 0x80 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// The hash of a word with its bits mixed.
fn mixed(mut hash: u32) -> u32 {
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^ (hash >> 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = b"import json, sys, argparse\nfrom pathlib import Path\n\ndef work(rows):\n    total = 0\n    for row in rows:\n        if row.startswith('price'):\n            total += float(row.split(':')[1])\n    return json.dumps({'total': total, 'count': len(rows)})\n\nprint(work(Path(sys.argv[1]).read_text().splitlines()))\n";

    #[test]
    fn a_copy_with_other_names_shares_most_and_other_code_little() {
        let renamed =
            String::from_utf8_lossy(CODE).replace("rows", "lines").replace("row", "line").replace("work", "sum_up");
        let one = CodeSketch::of([CODE]);
        assert_eq!(one.shared(&one), one.numbers().count());
        assert!(one.shared(&CodeSketch::of([renamed.as_bytes()])) >= one.numbers().count() - 2);
        let other = b"#!/usr/bin/env bash\nset -euo pipefail\ncurl --silent --fail https://wttr.in/London | head -n 7 | tail -n 5\necho done\n";
        assert!(one.shared(&CodeSketch::of([other.as_slice()])) <= 2);
    }

    #[test]
    fn kept_sketches_stay_good() {
        let numbers = CodeSketch::of([b"a_word Other2 \xc3\xa9t\xc3\xa9 x".as_slice(), b"last".as_slice()]).0;
        let known: Vec<(usize, u16)> = numbers.into_iter().enumerate().filter(|(_, number)| *number != EMPTY).collect();
        assert_eq!(known, [(0, 14_556), (2, 5_610), (8, 7_758), (11, 53_147)]);
    }

    #[test]
    fn what_was_kept_is_the_sketch_and_other_bytes_are_none() {
        let sketch = CodeSketch::of([CODE]);
        assert_eq!(CodeSketch::of_kept(&sketch.kept()), Some(sketch));
        assert_eq!([0, 31, 34].map(|length| CodeSketch::of_kept(&vec![0; length])), [None; 3]);
    }

    #[test]
    fn comments_count_for_nothing() {
        let commented = [b"#!/usr/bin/python3\n# Adds up prices of everything\n".as_slice(), CODE].concat();
        assert_eq!(CodeSketch::of([commented.as_slice()]), CodeSketch::of([CODE]));
    }

    #[test]
    fn nothing_shares_nothing() {
        assert_eq!(CodeSketch::default().shared(&CodeSketch::default()), 0);
        assert_eq!(CodeSketch::of([b"a + b".as_slice()]), CodeSketch::default());
    }
}
