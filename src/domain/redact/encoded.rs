//! Tokens of services within base64: headers, settings of clusters, tokens in tokens.
//!
//! The anchor of a token is searched in its three possible alignments in base64. What follows is decoded and judged by
//! the rule of the token. As elsewhere, the anchor stays and the rest is replaced.

use super::forms::line_break;
use std::sync::LazyLock;

/// The maximum length of consecutive line breaks between two characters, in bytes.
const MAX_BREAK: usize = 4;

/// A token to look for, decoded.
pub(super) struct Inner {
    pub(super) anchor: &'static str,
    pub(super) label: &'static str,
    /// Its character class.
    pub(super) class: fn(u8) -> bool,
    /// Its minimum length after the anchor, in bytes.
    pub(super) min: usize,
    /// The maximum length that is replaced, in bytes.
    pub(super) max: usize,
}

/// An anchor, encoded in base64.
pub(super) struct Encoded {
    pub(super) anchor: String,
    /// The number of bits of the plain anchor in earlier characters.
    lead: usize,
    pub(super) inner: Inner,
}

/// The result for a place in base64.
pub(super) enum Decoded {
    No,
    More,
    /// A token that ends before this place.
    Until(usize),
}

/// The three anchors of a token.
pub(super) fn of(inner: impl Fn() -> Inner) -> impl Iterator<Item = Encoded> {
    (0..3_usize).map(move |before| {
        let inner = inner();
        let first = (before * 8).div_ceil(6);
        let anchor =
            String::from_utf8_lossy(&super::forms::base64_standard(inner.anchor.as_bytes(), before)).into_owned();
        Encoded { anchor, lead: first * 6 - before * 8, inner }
    })
}

/// The value of each byte as a character of base64, of both alphabets.
static VALUES: LazyLock<[Option<u8>; 256]> = LazyLock::new(|| {
    let mut values = [None; 256];
    let all = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain([b'+', b'/']);
    for (byte, value) in all.zip(0_u8..) {
        values[usize::from(byte)] = Some(value);
    }
    values[usize::from(b'-')] = Some(62);
    values[usize::from(b'_')] = Some(63);
    values
});

impl Encoded {
    /// Judges the text at a place with the anchor. `is_all`: the text is complete.
    pub(super) fn judge(&self, text: &[u8], at: usize, is_all: bool) -> Decoded {
        let plain = self.inner.anchor.as_bytes();
        // The bits of the anchor in earlier characters are known.
        let mut bits = u32::from(plain[0]) >> (8 - self.lead);
        let (mut held, mut seen, mut place, mut broken) = (self.lead, 0_usize, at, 0_usize);
        let mut end = at;
        let is_ended = loop {
            let Some(byte) = text.get(place).copied() else { break false };
            let Some(value) = VALUES[usize::from(byte)] else {
                match line_break(&text[place..]) {
                    Some(len) if len > 0 && broken + len <= MAX_BREAK => (place, broken) = (place + len, broken + len),
                    Some(_) => break true,
                    None => break false,
                }
                continue;
            };
            (place, broken) = (place + 1, 0);
            bits = bits << 6 | u32::from(value);
            held += 6;
            if held < 8 {
                continue;
            }
            held -= 8;
            let decoded = (bits >> held & 0xff) as u8;
            bits &= (1 << held) - 1;
            match plain.get(seen) {
                Some(expected) if *expected != decoded => return Decoded::No,
                None if !(self.inner.class)(decoded) => break true,
                Some(_) | None => {}
            }
            (seen, end) = (seen + 1, place);
            if seen == plain.len() + self.inner.max {
                break true;
            }
        };
        if !is_ended && !is_all {
            return Decoded::More;
        }
        let is_long = seen >= plain.len() + self.inner.min;
        // The last bits may be in one more character.
        let rest = usize::from(is_long && text.get(end).is_some_and(|byte| VALUES[usize::from(*byte)].is_some()));
        if is_long { Decoded::Until(end + rest) } else { Decoded::No }
    }
}
