//! Decodes text that arrives as bytes in pieces.

/// Assembles characters from bytes that are split anywhere; invalid UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(super) struct Characters {
    held: Vec<u8>,
}

impl Characters {
    /// Takes a piece, and returns the characters that are now complete.
    pub(super) fn push(&mut self, piece: &[u8]) -> String {
        self.held.extend_from_slice(piece);
        let mut text = String::with_capacity(self.held.len());
        let mut rest: &[u8] = &self.held;
        loop {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (whole, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    rest = after;
                    // An error without a length may be an incomplete character.
                    let Some(bad) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[bad..];
                }
            }
        }
        self.held = rest.to_vec();
        text
    }

    /// The rest at the end: U+FFFD for an incomplete character.
    pub(super) fn finish(self) -> &'static str {
        if self.held.is_empty() { "" } else { "\u{fffd}" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_same_text_wherever_they_are_cut() {
        let bytes = "aé€😀".as_bytes().iter().chain(b"\xff\xe2\x82z\xf0\x9f").copied().collect::<Vec<u8>>();
        let expected = String::from_utf8_lossy(&bytes).into_owned();
        for at in 0..=bytes.len() {
            let mut characters = Characters::default();
            let mut text = characters.push(&bytes[..at]);
            text.push_str(&characters.push(&bytes[at..]));
            text.push_str(characters.finish());
            assert_eq!(text, expected, "cut at {at}");
        }
        let mut characters = Characters::default();
        let mut text: String = bytes.iter().map(|byte| characters.push(&[*byte])).collect();
        text.push_str(characters.finish());
        assert_eq!(text, expected);
    }
}
