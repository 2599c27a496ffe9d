//! The digest of a version, which an approval names.
//!
//! BLAKE3 over, for each file in byte order of its path: the length and bytes of the path, one byte
//! for the mode, the length and bytes of the content. Lengths are 64-bit little endian, so that no
//! two different file lists have the same input.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The identity of everything that is executed: 32 bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: 64 hexadecimal digits are needed")]
pub struct DigestParseError(pub String);

/// Whether the file is executable. Other mode bits are not part of a version: they depend on the umask under which the
/// file was copied, have no meaning for a run, and are not kept by git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileMode {
    /// It is not executable.
    Plain,
    /// It is executable for somebody.
    Executable,
}

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionFile {
    /// Relative path inside the version, `/` between parts, no `..`.
    pub path: String,
    /// Whether it is executable.
    pub mode: FileMode,
    /// Content as it is on disk.
    pub bytes: Vec<u8>,
}

/// Computes a [`Digest`] file by file; files must be added in ascending byte order of their paths.
#[derive(Debug, Default)]
pub struct DigestBuilder {
    hasher: blake3::Hasher,
    last: Option<String>,
}

impl DigestBuilder {
    /// Adds one file.
    ///
    /// # Panics
    /// In debug builds, if paths are not strictly ascending.
    pub fn file(&mut self, path: &str, mode: FileMode, bytes: &[u8]) {
        debug_assert!(self.last.as_deref().is_none_or(|last| last < path), "files out of order at {path}");
        self.last = Some(path.to_owned());
        self.hasher.update(&(path.len() as u64).to_le_bytes());
        self.hasher.update(path.as_bytes());
        self.hasher.update(&[u8::from(mode == FileMode::Executable)]);
        self.hasher.update(&(bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    /// The digest of the files added so far.
    pub fn finish(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}

impl Digest {
    /// The digest of plain bytes (not of a version): for inputs, log entries and similar data.
    pub fn of_bytes(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// Its first eight bytes as a number, for lookup keys that may collide.
    pub fn first_bytes(self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(bytes)
    }

    /// The digest of a version's files, in any order.
    pub fn of_files(files: &[VersionFile]) -> Digest {
        let mut order: Vec<&VersionFile> = files.iter().collect();
        order.sort_by(|a, b| a.path.cmp(&b.path));
        let mut builder = DigestBuilder::default();
        for file in order {
            builder.file(&file.path, file.mode, &file.bytes);
        }
        builder.finish()
    }

    /// All 64 hex digits.
    pub fn hex(&self) -> String {
        use std::fmt::Write;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The first 12 hex digits, as shown on screens.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }

    /// Whether the digest begins with these hex digits (case-insensitive; empty never matches).
    pub fn starts_with(&self, prefix: &str) -> bool {
        !prefix.is_empty() && self.hex().starts_with(&prefix.to_ascii_lowercase())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl FromStr for Digest {
    type Err = DigestParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || DigestParseError(text.to_owned());
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Digest(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mode: FileMode, bytes: &[u8]) -> VersionFile {
        VersionFile { path: path.into(), mode, bytes: bytes.into() }
    }

    #[test]
    fn the_digest_covers_path_mode_and_bytes_and_nothing_else() {
        let base = vec![file("a", FileMode::Plain, b"1"), file("b", FileMode::Plain, b"2")];
        let digest = Digest::of_files(&base);
        let reversed: Vec<_> = base.iter().rev().cloned().collect();
        assert_eq!(Digest::of_files(&reversed), digest);
        for changed in [
            vec![file("a", FileMode::Executable, b"1"), file("b", FileMode::Plain, b"2")],
            vec![file("a", FileMode::Plain, b"1"), file("c", FileMode::Plain, b"2")],
            vec![file("a", FileMode::Plain, b"1b"), file("", FileMode::Plain, b"2")],
            vec![file("a", FileMode::Plain, b"1")],
        ] {
            assert_ne!(Digest::of_files(&changed), digest);
        }
    }

    #[test]
    fn a_digest_reads_back_and_matches_its_prefixes() {
        let digest = Digest::of_bytes(b"x");
        assert_eq!(digest.hex().parse::<Digest>().unwrap(), digest);
        assert!(digest.starts_with(&digest.hex()[..8].to_uppercase()));
        assert!(!digest.starts_with(""));
        assert!("zz".parse::<Digest>().is_err());
    }
}
