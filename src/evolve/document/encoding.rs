//! Decodes bytes to text, and reports the encoding instead of guessing it silently.

use crate::domain::count;
use serde::Serialize;
use std::fmt;

/// How the bytes of a document were decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "encoding", rename_all = "kebab-case")]
pub enum ReadAs {
    /// UTF-8, the most common encoding.
    Utf8,
    /// UTF-8 that begins with a byte order mark.
    Utf8Bom,
    /// UTF-8 with invalid bytes; each invalid sequence is replaced by U+FFFD.
    DamagedUtf8 {
        /// The number of replacement characters in the text.
        replaced: usize,
    },
    /// UTF-16, low byte first.
    Utf16Le {
        /// The number of invalid units, each replaced by U+FFFD.
        replaced: usize,
    },
    /// UTF-16, high byte first.
    Utf16Be {
        /// The number of invalid units, each replaced by U+FFFD.
        replaced: usize,
    },
    /// Latin-1 with the additions of Windows-1252: every byte is a character, so this always succeeds and may be wrong.
    Latin1,
}

impl ReadAs {
    /// Whether a reader need not know the encoding.
    pub fn is_plain(self) -> bool {
        matches!(self, ReadAs::Utf8 | ReadAs::Utf8Bom)
    }
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replaced = |f: &mut fmt::Formatter<'_>, name: &str, number: usize| match number {
            0 => f.write_str(name),
            number => write!(f, "{name} with {} replaced", count(number, "unreadable place")),
        };
        match *self {
            ReadAs::Utf8 => f.write_str("UTF-8"),
            ReadAs::Utf8Bom => f.write_str("UTF-8 with a byte order mark"),
            ReadAs::DamagedUtf8 { replaced: number } => replaced(f, "UTF-8", number),
            ReadAs::Utf16Le { replaced: number } => replaced(f, "UTF-16, little endian", number),
            ReadAs::Utf16Be { replaced: number } => replaced(f, "UTF-16, big endian", number),
            ReadAs::Latin1 => f.write_str("Latin-1 (Windows-1252), assumed because it is not UTF-8"),
        }
    }
}

/// The first bytes of files that are not text, with their type.
const NO_TEXT: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    (b"{\\rtf", "a rich text (RTF) document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "compressed (gzip)"),
];

/// The type of a file that is not text; `None` for text.
pub fn no_text(bytes: &[u8]) -> Option<&'static str> {
    NO_TEXT.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, what)| *what)
}

/// Decodes bytes, and returns the encoding as well. Never fails: invalid parts are replaced by U+FFFD.
pub fn decode(bytes: &[u8]) -> (String, ReadAs) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        let (text, read) = utf8(rest);
        return (text, if read == ReadAs::Utf8 { ReadAs::Utf8Bom } else { read });
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes, |replaced| ReadAs::Utf16Le { replaced });
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes, |replaced| ReadAs::Utf16Be { replaced });
    }
    match zeros(bytes) {
        Zeros::Odd => utf16(bytes, u16::from_le_bytes, |replaced| ReadAs::Utf16Le { replaced }),
        Zeros::Even => utf16(bytes, u16::from_be_bytes, |replaced| ReadAs::Utf16Be { replaced }),
        Zeros::Neither => utf8(bytes),
    }
}

/// The positions of zero bytes: western text in UTF-16 has one in nearly every pair.
enum Zeros {
    Odd,
    Even,
    Neither,
}

fn zeros(bytes: &[u8]) -> Zeros {
    let sample = &bytes[..bytes.len().min(4096)];
    let (mut even, mut odd) = (0_usize, 0_usize);
    for pair in sample.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let pairs = sample.len() / 2;
    // Seven of ten pairs, because punctuation from other blocks may occur.
    let most = |zeros: usize| pairs >= 2 && zeros * 10 >= pairs * 7;
    if most(odd) && even * 10 < pairs {
        Zeros::Odd
    } else if most(even) && odd * 10 < pairs {
        Zeros::Even
    } else {
        Zeros::Neither
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, read: fn(usize) -> ReadAs) -> (String, ReadAs) {
    let pairs = bytes.chunks_exact(2);
    let half = pairs.remainder().len();
    let mut replaced = half;
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let mut text: String = char::decode_utf16(units)
        .map(|character| {
            character.unwrap_or_else(|_| {
                replaced += 1;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    if half > 0 {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    (text, read(replaced))
}

/// Decodes UTF-8. If only a few bytes are damaged, the rest is still read as UTF-8; otherwise every byte is a
/// character.
fn utf8(bytes: &[u8]) -> (String, ReadAs) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), ReadAs::Utf8);
    }
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    // Latin-1 text hardly ever contains valid sequences; a damaged document contains many.
    if good > bad * 4 {
        return (String::from_utf8_lossy(bytes).into_owned(), ReadAs::DamagedUtf8 { replaced: bad });
    }
    (bytes.iter().map(|byte| windows_1252(*byte)).collect(), ReadAs::Latin1)
}

/// The characters of Windows-1252 in place of the control characters of Latin-1, which are not used in text; gaps stay
/// control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn what_bytes_were_read_as_is_said() {
        let text = "Größe: “fünf” müssen\n";
        let with = |mark: &[u8], rest: Vec<u8>| [mark.to_vec(), rest].concat();
        for (bytes, read) in [
            (text.as_bytes().to_vec(), ReadAs::Utf8),
            (with(b"\xef\xbb\xbf", text.as_bytes().to_vec()), ReadAs::Utf8Bom),
            (with(b"\xff\xfe", wide(text, u16::to_le_bytes)), ReadAs::Utf16Le { replaced: 0 }),
            (with(b"\xfe\xff", wide(text, u16::to_be_bytes)), ReadAs::Utf16Be { replaced: 0 }),
            (wide(text, u16::to_le_bytes), ReadAs::Utf16Le { replaced: 0 }),
            (wide(text, u16::to_be_bytes), ReadAs::Utf16Be { replaced: 0 }),
            (b"Gr\xf6\xdfe: \x93f\xfcnf\x94 m\xfcssen\n".to_vec(), ReadAs::Latin1),
        ] {
            assert_eq!(decode(&bytes), (text.to_owned(), read));
        }
    }

    #[test]
    fn damaged_text_is_read_and_its_damage_counted() {
        let mut bytes = "äöüäöüäöü".as_bytes().to_vec();
        bytes.push(0xff);
        assert_eq!(decode(&bytes), ("äöüäöüäöü\u{fffd}".to_owned(), ReadAs::DamagedUtf8 { replaced: 1 }));
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b"), ("a\u{fffd}\u{fffd}".to_owned(), ReadAs::Utf16Le { replaced: 2 }));
        assert_eq!(decode(b""), (String::new(), ReadAs::Utf8));
        assert_eq!(ReadAs::DamagedUtf8 { replaced: 2 }.to_string(), "UTF-8 with 2 unreadable places replaced");
    }

    #[test]
    fn no_bytes_at_all_crash_the_reading() {
        proptest::proptest!(|(bytes: Vec<u8>)| { decode(&bytes); no_text(&bytes); });
    }

    #[test]
    fn what_is_no_text_has_a_name() {
        assert_eq!((no_text(b"%PDF-1.7"), no_text(b"# A title")), (Some("a PDF"), None));
    }
}
