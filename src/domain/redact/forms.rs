//! The forms of a known value: unchanged, escaped, encoded.

use std::fmt::Write;

/// The number of base64 characters that must match before a form is compared.
const BASE64_ANCHOR: usize = 4;

/// The same for bytes of any other form.
const PLAIN_ANCHOR: usize = 6;

/// The same for characters of a JSON string, each plain or escaped.
const JSON_ANCHOR: usize = 2;

/// The maximum length of consecutive line breaks between two characters of an encoded form, in bytes.
const MAX_BREAK: usize = 4;

/// Lines of a multi-line value are searched separately from this length on, in bytes.
const MIN_LINE: usize = 16;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// One form of a known value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SecretForm {
    bytes: Vec<u8>,
    shape: Shape,
    /// The prefix by which it is found.
    anchor: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Plain,
    /// May be broken into lines.
    Hex,
    /// May be broken into lines; the last bits of the value may be in one more character.
    Base64 {
        has_rest: bool,
    },
    /// Within a string of JSON, where each character may be escaped.
    Json,
}

/// Whether a text begins with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormMatch {
    No,
    /// It may, depending on the text that follows.
    More,
    /// It does, with this length in bytes.
    Yes(usize),
}

/// Every form of a value, without repetitions.
pub(super) fn forms(value: &[u8]) -> Vec<SecretForm> {
    let mut all = Vec::new();
    let mut add = |bytes: Vec<u8>, shape| {
        let anchors = match shape {
            Shape::Json => json_anchors(&bytes),
            Shape::Base64 { .. } => vec![bytes[..bytes.len().min(BASE64_ANCHOR)].to_vec()],
            Shape::Plain | Shape::Hex => vec![bytes[..bytes.len().min(PLAIN_ANCHOR)].to_vec()],
        };
        all.extend(anchors.into_iter().map(|anchor| SecretForm { bytes: bytes.clone(), shape, anchor }));
    };
    add(value.to_vec(), Shape::Plain);
    add(value.to_vec(), Shape::Json);
    for (kept, space) in [("-_.~", "%20"), ("-_.~/", "%20"), ("-_.~!'()*", "%20"), ("-_.~", "+"), ("-_.*", "+")] {
        add(url_encoded(value, kept, space, LetterCase::Upper), Shape::Plain);
        add(url_encoded(value, kept, space, LetterCase::Lower), Shape::Plain);
    }
    add(hex(value, LetterCase::Lower).into_bytes(), Shape::Hex);
    add(hex(value, LetterCase::Upper).into_bytes(), Shape::Hex);
    for alphabet in [STANDARD, FOR_URLS] {
        for before in 0..3 {
            let has_rest = !((before + value.len()) * 8).is_multiple_of(6);
            add(base64(value, before, alphabet), Shape::Base64 { has_rest });
        }
    }
    let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    if lines.len() > 1 {
        // The frame of a key block is not a secret, and its lines are common.
        let long = lines.into_iter().filter(|line| line.len() >= MIN_LINE && !line.starts_with(b"-----"));
        long.for_each(|line| {
            add(line.to_vec(), Shape::Plain);
            add(line.to_vec(), Shape::Json);
        });
    }
    all.sort();
    all.dedup();
    all
}

impl SecretForm {
    /// The prefix by which the form is found.
    pub(super) fn anchor(&self) -> &[u8] {
        &self.anchor
    }

    /// Compares with the beginning of `text`. `is_all`: the text is complete.
    pub(super) fn compare(&self, text: &[u8], is_all: bool) -> FormMatch {
        let more = if is_all { FormMatch::No } else { FormMatch::More };
        if self.shape == Shape::Json {
            return match compare_json(&self.bytes, text) {
                FormMatch::More => more,
                found => found,
            };
        }
        let (mut at, mut broken) = (0, 0);
        for (place, byte) in self.bytes.iter().enumerate() {
            loop {
                match text.get(at) {
                    None => return more,
                    Some(found) if found == byte => break,
                    Some(_) => {}
                }
                let skipped = if self.shape == Shape::Plain || place == 0 { Some(0) } else { line_break(&text[at..]) };
                match skipped {
                    None => return more,
                    Some(0) => return FormMatch::No,
                    Some(len) => (at, broken) = (at + len, broken + len),
                }
                if broken > MAX_BREAK {
                    return FormMatch::No;
                }
            }
            (at, broken) = (at + 1, 0);
        }
        let Shape::Base64 { has_rest: true } = self.shape else { return FormMatch::Yes(at) };
        let rest = &text[at..];
        let last = usize::from(rest.first().is_some_and(|byte| STANDARD.contains(byte) || matches!(byte, b'-' | b'_')));
        let padding = rest[last..].iter().take(2).take_while(|byte| **byte == b'=').count();
        let open = rest.len() == last + padding && last + padding < 3;
        if open && !is_all { FormMatch::More } else { FormMatch::Yes(at + last + padding) }
    }
}

/// The length of a line break at the beginning, plain or escaped; `None` if that is not known yet.
pub(super) fn line_break(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n' | b'\r', ..] => Some(1),
        [b'\\'] => None,
        [b'\\', b'n' | b'r', ..] => Some(2),
        _ => Some(0),
    }
}

#[derive(Clone, Copy)]
enum LetterCase {
    Lower,
    Upper,
}

fn hex(value: &[u8], case: LetterCase) -> String {
    value.iter().fold(String::with_capacity(value.len() * 2), |mut text, byte| {
        let written = match case {
            LetterCase::Lower => write!(text, "{byte:02x}"),
            LetterCase::Upper => write!(text, "{byte:02X}"),
        };
        debug_assert!(written.is_ok(), "a string takes everything");
        text
    })
}

fn url_encoded(value: &[u8], kept: &str, space: &str, case: LetterCase) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    for byte in value {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) {
            text.push(*byte);
        } else if *byte == b' ' {
            text.extend_from_slice(space.as_bytes());
        } else {
            text.push(b'%');
            text.extend_from_slice(hex(&[*byte], case).as_bytes());
        }
    }
    text
}

/// The short escape of this character in a JSON string.
fn short_escape(character: char) -> Option<u8> {
    Some(match character {
        '"' => b'"',
        '\\' => b'\\',
        '/' => b'/',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => return None,
    })
}

/// The possible beginnings of a value in a JSON string. A value that is not text has none.
fn json_anchors(value: &[u8]) -> Vec<Vec<u8>> {
    let Ok(value) = std::str::from_utf8(value) else { return Vec::new() };
    value.chars().take(JSON_ANCHOR).fold(vec![Vec::new()], |begun: Vec<Vec<u8>>, character| {
        let ways = json_spellings(character);
        begun.iter().flat_map(|begun| ways.iter().map(|way| [&begun[..], &way[..]].concat())).collect()
    })
}

/// The spellings of a character in a JSON string, without digits of mixed case.
fn json_spellings(character: char) -> Vec<Vec<u8>> {
    let mut units = [0; 2];
    let units = character.encode_utf16(&mut units);
    let escaped = |case: LetterCase| -> Vec<u8> {
        units.iter().flat_map(|unit| [&b"\\u"[..], hex(&unit.to_be_bytes(), case).as_bytes()].concat()).collect()
    };
    let short = short_escape(character).map(|short| vec![b'\\', short]);
    let plain = (character != '\\').then(|| character.to_string().into_bytes());
    let ways = [plain, short, Some(escaped(LetterCase::Lower)), Some(escaped(LetterCase::Upper))];
    let mut all: Vec<Vec<u8>> = ways.into_iter().flatten().collect();
    all.dedup();
    all
}

/// Compares a value with the beginning of a text in which each of its characters may be escaped.
fn compare_json(value: &[u8], text: &[u8]) -> FormMatch {
    let Ok(value) = std::str::from_utf8(value) else { return FormMatch::No };
    let mut at = 0;
    for character in value.chars() {
        let rest = &text[at..];
        let is_begun = |way: &Vec<u8>| way.len() > rest.len() && way[..rest.len()].eq_ignore_ascii_case(rest);
        let ways = json_spellings(character);
        match ways.iter().find(|way| is_spelled(rest, way)) {
            Some(way) => at += way.len(),
            None if ways.iter().any(is_begun) => return FormMatch::More,
            None => return FormMatch::No,
        }
    }
    FormMatch::Yes(at)
}

/// Whether a text begins with this spelling; hexadecimal digits may be of either case.
fn is_spelled(text: &[u8], way: &[u8]) -> bool {
    let Some(text) = text.get(..way.len()) else { return false };
    text == way || way.starts_with(b"\\u") && text.starts_with(b"\\u") && text.eq_ignore_ascii_case(way)
}

/// The same of the standard alphabet.
pub(super) fn base64_standard(value: &[u8], before: usize) -> Vec<u8> {
    base64(value, before, STANDARD)
}

/// The characters that contain only bits of `value` if `before` bytes modulo 3 precede it.
fn base64(value: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bit = |at: usize| at.checked_sub(before * 8).map_or(0, |at| value[at / 8] >> (7 - at % 8) & 1);
    let first = (before * 8).div_ceil(6);
    let end = (before + value.len()) * 8 / 6;
    let digit = |place: usize| (0..6).fold(0, |digit, at| digit << 1 | bit(place * 6 + at));
    (first..end).map(|place| alphabet[usize::from(digit(place))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &str, text: &str) -> bool {
        let all = forms(value.as_bytes());
        (0..text.len())
            .any(|at| all.iter().any(|form| matches!(form.compare(&text.as_bytes()[at..], true), FormMatch::Yes(_))))
    }

    #[test]
    fn each_encoding_is_a_form() {
        let value = "p&ss w\"rd/1~";
        for text in [
            "p&ss w\"rd/1~",
            "{\"a\":\"p&ss w\\\"rd/1~\"}",
            "p%26ss%20w%22rd%2F1~",
            "p%26ss%20w%22rd/1~",
            "p%26ss+w%22rd%2f1~",
            "p%26ss+w%22rd%2F1%7E",
            "70267373207722726 42f317e".replace(' ', "").as_str(),
            "702673732077227264\n2F317E",
            "cCZzcyB3InJkLzF+",
            "eHAmc3MgdyJyZC8xfg==",
            "eHhwJnNzIHcicmQvMX4=",
            "cCZzcyB3InJkLzF-",
        ] {
            assert!(has(value, text), "{text}");
        }
        assert!(!has(value, "p&ss w\"rd/2~"));
    }

    #[test]
    fn base64_takes_the_last_bits_and_the_padding_along() {
        let form = forms(b"secret!").into_iter().find(|form| form.bytes == b"c2VjcmV0I").unwrap();
        assert_eq!(form.compare(b"c2VjcmV0IQ== rest", false), FormMatch::Yes(12));
        assert_eq!(form.compare(b"c2VjcmV0IQ=", false), FormMatch::More);
        assert_eq!(form.compare(b"c2VjcmV0IQ=", true), FormMatch::Yes(11));
        assert_eq!(form.compare(b"c2Vj\r\ncmV0IQ==\n", false), FormMatch::Yes(14));
        assert_eq!(form.compare(b"c2Vj\\ncmV0IQ==\n", false), FormMatch::Yes(14));
        assert_eq!(form.compare(b"c2Vj cmV0IQ==\n", false), FormMatch::No);
    }

    fn form(value: &[u8], bytes: &[u8]) -> SecretForm {
        forms(value).into_iter().find(|form| form.bytes == bytes).unwrap()
    }

    #[test]
    fn within_json_each_character_may_be_escaped() {
        let value = "pa\"ss\\w/\u{f6}\u{1f511}\n";
        for text in [
            "pa\\\"ss\\\\w/\u{f6}\u{1f511}\\n",
            "pa\\\"ss\\\\w\\/\\u00f6\\ud83d\\udd11\\n",
            "\\u0070a\\u0022ss\\u005cw\\u002f\\u00F6\\uD83D\\uDD11\\u000a",
            "\\u0070\\u0061\\\"ss\\u005Cw\\u002F\u{f6}\\uD83d\\uDd11\\u000A",
        ] {
            assert_eq!(serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap(), value, "the control");
            assert!(has(value, text), "{text}");
            assert!(!has(value, &text.replace("ss", "sz")), "{text}");
            let form = SecretForm { bytes: value.as_bytes().to_vec(), shape: Shape::Json, anchor: Vec::new() };
            for end in 0..text.len() {
                assert_eq!(form.compare(&text.as_bytes()[..end], false), FormMatch::More, "{text} {end}");
                assert_eq!(form.compare(&text.as_bytes()[..end], true), FormMatch::No, "{text} {end}");
            }
        }
        assert_eq!(compare_json(b"\xff\xff\xff", b"\xff\xff\xff"), FormMatch::No, "no text");
    }

    #[test]
    fn a_line_break_is_one_as_such_or_escaped() {
        for (text, len) in [
            ("\nx", Some(1)),
            ("\rx", Some(1)),
            ("\\nx", Some(2)),
            ("\\rx", Some(2)),
            ("\\", None),
            ("\\x", Some(0)),
            ("x\n", Some(0)),
        ] {
            assert_eq!(line_break(text.as_bytes()), len, "{text:?}");
        }
    }

    #[test]
    fn an_encoded_form_may_be_broken_by_at_most_four_bytes_between_two_characters() {
        use FormMatch::{More, No, Yes};
        let hex = form(b"Zx9", b"5a7839");
        for (text, is_all, found) in [
            ("5a7839", false, Yes(6)),
            ("5a\n7839", false, Yes(7)),
            ("5a\r\n\r\n7839", false, Yes(10)),
            ("5a\\n\\n7839", false, Yes(10)),
            ("5\n\n\n\na\n\n\n\n7839", false, Yes(14)),
            ("5a\n\n\n\n\n7839", false, No),
            ("5a\\n\\n\\n7839", false, No),
            ("\n5a7839", false, No),
            ("5a 7839", false, No),
            ("5a78", false, More),
            ("5a78", true, No),
            ("5a\\", false, More),
            ("5a\\", true, No),
        ] {
            assert_eq!(hex.compare(text.as_bytes(), is_all), found, "{text:?} {is_all}");
        }
        assert_eq!(form(b"Zx9", b"Zx9").compare(b"Z\nx9", false), No, "what is not encoded is not broken");
    }

    #[test]
    fn base64_has_one_more_character_exactly_when_bits_of_the_value_are_left() {
        use FormMatch::{More, Yes};
        assert_eq!(form(b"secret", b"c2VjcmV0").compare(b"c2VjcmV0SQ==", false), Yes(8));
        let rest = form(b"secret!", b"c2VjcmV0I");
        for (behind, open, all) in
            [("", true, 9), ("Q", true, 10), ("Q=", true, 11), ("Q==", false, 12), ("Q=x", false, 11)]
        {
            let text = format!("c2VjcmV0I{behind}");
            assert_eq!(rest.compare(text.as_bytes(), false), if open { More } else { Yes(all) }, "{text}");
            assert_eq!(rest.compare(text.as_bytes(), true), Yes(all), "{text}");
        }
    }

    #[test]
    fn a_long_line_of_a_value_is_looked_for_alone_when_the_value_has_others() {
        let value = "-----BEGIN SOME LONG KEY-----\n  sixteen-bytes-ab \nfifteen-bytes-a\n";
        assert!(has(value, "sixteen-bytes-ab"));
        assert!(!has(value, "fifteen-bytes-a"));
        assert!(!has(value, "-----BEGIN SOME LONG KEY-----"));
        assert!(!has("  sixteen-bytes-ab ", "sixteen-bytes-ab"), "that is all of the value, and not as it is");
    }
}
