//! SSH signatures, as far as needed to find the key. `ssh-keygen` verifies them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The namespace of signatures of decisions; signatures made for another purpose do not count.
pub const SIGNATURE_NAMESPACE: &str = "toolsmith";

/// The longest key and signature, in characters of base64.
const MAX_CHARS: usize = 16 * 1024;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A public SSH key: its type and its base64, without a comment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningKey(String);

impl SigningKey {
    /// Reads the line of a public key file; a comment after the key is left out.
    ///
    /// # Errors
    /// One line with the reason why it is not a key.
    pub fn new(text: &str) -> Result<SigningKey, String> {
        let mut words = text.split_whitespace();
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else {
            return Err("it is not a public SSH key: write its type and its base64".to_owned());
        };
        let blob = decode(base64).ok_or("the base64 of the key is not valid")?;
        let mut reader = Reader(&blob);
        if reader.text() != Some(kind.as_bytes()) {
            return Err(format!("the key is not of the type {kind}"));
        }
        Ok(SigningKey(format!("{kind} {}", encode(&blob, true))))
    }

    /// The key that made an armored signature for this program.
    ///
    /// # Errors
    /// One line with the reason why it is not such a signature.
    pub fn of_signature(armored: &str) -> Result<SigningKey, String> {
        const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
        const END: &str = "-----END SSH SIGNATURE-----";
        let body = armored.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let body = body.ok_or("the signature is not an SSH signature")?;
        let base64: String = body.split_whitespace().collect();
        let blob = decode(&base64).ok_or("the base64 of the signature is not valid")?;
        let unreadable = "the signature cannot be read";
        let mut reader = Reader(blob.strip_prefix(b"SSHSIG").ok_or(unreadable)?);
        if reader.bytes(4) != Some(&[0, 0, 0, 1]) {
            return Err("the signature has an unknown version".to_owned());
        }
        let key = reader.text().ok_or(unreadable)?;
        let purpose = reader.text().ok_or(unreadable)?;
        if purpose != SIGNATURE_NAMESPACE.as_bytes() {
            return Err(format!("the signature was not made for the namespace {SIGNATURE_NAMESPACE}"));
        }
        let kind = Reader(key).text().and_then(|kind| std::str::from_utf8(kind).ok()).ok_or(unreadable)?;
        SigningKey::new(&format!("{kind} {}", encode(key, true)))
    }

    /// Its fingerprint as `ssh-keygen` prints it.
    pub fn fingerprint(&self) -> String {
        let blob = self.0.split(' ').nth(1).and_then(decode).unwrap_or_default();
        format!("SHA256:{}", encode(&Sha256::digest(&blob), false))
    }

    /// Type and base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SigningKey {
    type Error = String;

    fn try_from(text: String) -> Result<SigningKey, String> {
        SigningKey::new(&text)
    }
}

impl From<SigningKey> for String {
    fn from(key: SigningKey) -> String {
        key.0
    }
}

/// Reads the fields of a signature, each with its length in front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length: [u8; 4] = self.bytes(4)?.try_into().ok()?;
        self.bytes(usize::try_from(u32::from_be_bytes(length)).ok()?)
    }
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    let digits = base64.trim_end_matches('=');
    if base64.len() > MAX_CHARS || base64.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        buffer = (buffer << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    // Unused trailing bits must be zero: otherwise, different texts would be the same key.
    (buffer == 0 && bits < 6).then_some(bytes)
}

fn encode(bytes: &[u8], padded: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let word =
            part.iter().chain([0, 0].iter()).take(3).fold(0_usize, |word, byte| (word << 8) | usize::from(*byte));
        for place in 0..4 {
            if place <= part.len() {
                text.push(char::from(ALPHABET[(word >> (18 - 6 * place)) & 63]));
            } else if padded {
                text.push('=');
            }
        }
    }
    text
}

/// A fake key for tests.
#[cfg(test)]
pub(crate) fn test_key(seed: u8) -> SigningKey {
    let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[seed; 32]].concat();
    SigningKey(format!("ssh-ed25519 {}", encode(&blob, true)))
}

/// A fake signature with a key, for tests that do not verify it.
#[cfg(test)]
pub(crate) fn test_signature(key: &SigningKey) -> String {
    let blob = decode(key.0.split(' ').nth(1).unwrap()).unwrap();
    let field = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let body = [&b"SSHSIG\0\0\0\x01"[..], &field(&blob), &field(SIGNATURE_NAMESPACE.as_bytes())].concat();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----", encode(&body, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    fn armored(purpose: &[u8], key: &[u8]) -> String {
        let body = [&b"SSHSIG\0\0\0\x01"[..], &field(key), &field(purpose), &field(b""), &field(b"sha512")].concat();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", encode(&body, true))
    }

    #[test]
    fn base64_survives_both_ways_and_has_one_form_only() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"\xff\x00\xfe\x01"] {
            assert_eq!(decode(&encode(bytes, true)).as_deref(), Some(bytes));
            assert_eq!(decode(&encode(bytes, false)).as_deref(), Some(bytes));
        }
        for wrong in ["a", "ab=c", "ab!=", "ab===", "YR=="] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_key_of_a_signature_is_the_one_of_the_public_key_file() {
        let blob = [field(b"ssh-ed25519"), field(&[7; 32])].concat();
        let line = format!("ssh-ed25519 {} ada@example.org", encode(&blob, true));
        let key = SigningKey::new(&line).unwrap();
        assert_eq!(SigningKey::of_signature(&armored(b"toolsmith", &blob)).unwrap(), key);
        assert!(key.fingerprint().starts_with("SHA256:") && key.fingerprint().len() == 50);
        assert!(SigningKey::of_signature(&armored(b"git", &blob)).unwrap_err().contains("namespace toolsmith"));
        assert!(SigningKey::new(&line.replace("ssh-ed25519", "ssh-rsa")).is_err());
        for wrong in ["", "ssh-ed25519", "ssh-ed25519 !!!"] {
            assert!(SigningKey::new(wrong).is_err(), "{wrong}");
        }
        assert!(SigningKey::of_signature("armored").is_err());
    }
}
