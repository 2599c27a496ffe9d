//! A few numbers that say which files may hold the same code, so that of a large catalog only those are read.

use serde::{Deserialize, Serialize};

/// Numbers of a sketch.
const SLOTS: usize = 16;

/// What a slot holds in which no word fell.
const EMPTY: u16 = u16::MAX;

/// Shortest word that counts, in bytes.
const SHORTEST: usize = 2;

/// A sketch of the words of some files. Of two files it shares as many of its numbers as the files share of their
/// words: a copy in which names were changed keeps the words of the language, of the libraries and of its texts.
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
            let is_sign = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_' && byte.is_ascii();
            for word in content.split(is_sign).filter(|word| word.len() >= SHORTEST) {
                let hash = hash(word);
                let slot = &mut sketch.0[hash as usize % SLOTS];
                *slot = (*slot).min((hash >> 16) as u16);
            }
        }
        sketch
    }

    /// How many numbers two sketches share, up to [`CodeSketch::MOST`].
    pub fn shared(&self, other: &CodeSketch) -> usize {
        self.0.iter().zip(&other.0).filter(|(one, other)| one == other && **one != EMPTY).count()
    }

    /// The numbers with their places, those of empty slots left out.
    pub fn numbers(&self) -> impl Iterator<Item = (usize, u16)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, number)| *number != EMPTY)
    }

    /// The most that two sketches can share.
    pub const MOST: usize = SLOTS;
}

/// FNV-1a with its bits mixed: the same on every machine, since sketches are kept.
fn hash(word: &[u8]) -> u32 {
    let mut hash = word.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
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
        assert!(one.shared(&CodeSketch::of([renamed.as_bytes()])) >= CodeSketch::MOST / 2);
        let other = b"#!/usr/bin/env bash\nset -euo pipefail\ncurl --silent --fail https://wttr.in/London | head -n 7 | tail -n 5\necho done\n";
        assert!(one.shared(&CodeSketch::of([other.as_slice()])) <= 2);
    }

    #[test]
    fn nothing_shares_nothing() {
        assert_eq!(CodeSketch::default().shared(&CodeSketch::default()), 0);
        assert_eq!(CodeSketch::of([b"a + b".as_slice()]), CodeSketch::default());
    }
}
