//! The name of a file of a team: the SHA-256 of its bytes.

use crate::domain::digest::{Digest, DigestParseError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// The number of digits of a name that are shown.
const SHORT: usize = 12;

/// The SHA-256 of the bytes of a file, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileName(Digest);

impl FileName {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> FileName {
        FileName(Digest(Sha256::digest(bytes).into()))
    }

    /// All 64 hex digits.
    pub fn hex(&self) -> String {
        self.0.hex()
    }

    /// The first 12 hex digits, as shown on screens.
    pub fn short(&self) -> String {
        self.hex()[..SHORT].to_owned()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl FromStr for FileName {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<FileName, DigestParseError> {
        text.parse().map(FileName)
    }
}
