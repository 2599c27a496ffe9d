//! What a run wrote: as a value for another one, and piece by piece for whoever follows it.

use crate::domain::{Run, RunId, Stream};
use crate::engine::Runs;
use crate::engine::error::EngineError;
use crate::runner::Spool;
use serde_json::Value;
use std::io::Read;

/// The most bytes of one output that another run is given.
pub(super) const MOST_PASSED_ON: u64 = 8 << 20;

/// A piece of what a run wrote on one stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputPiece {
    /// The text; bytes that are no UTF-8 are U+FFFD.
    pub text: String,
    /// Where the next piece begins, in bytes.
    pub next_offset: u64,
    /// Whether there was more when this was read.
    pub has_more: bool,
}

impl Runs<'_> {
    /// At most `most` bytes of what a run wrote so far on a stream, from the byte `offset` on. Secrets were taken out.
    ///
    /// # Errors
    /// `Internal` when the kept output cannot be read.
    pub fn output_piece(
        &self,
        run: RunId,
        stream: Stream,
        offset: u64,
        most: usize,
    ) -> Result<OutputPiece, EngineError> {
        let path = self.spool_path(run);
        // No file, or one whose header is still on its way: nothing was written.
        if !path.metadata().is_ok_and(|facts| facts.len() > 0) {
            return Ok(OutputPiece { next_offset: offset, ..OutputPiece::default() });
        }
        let spool = Spool::open(&path).map_err(EngineError::internal)?;
        let mut bytes = spool.bytes(Some(stream));
        std::io::copy(&mut bytes.by_ref().take(offset), &mut std::io::sink()).map_err(EngineError::internal)?;
        let mut piece = Vec::new();
        bytes.take(most as u64 + 1).read_to_end(&mut piece).map_err(EngineError::internal)?;
        let has_more = piece.len() > most;
        piece.truncate(most);
        if has_more {
            piece.truncate(whole_characters(&piece));
        }
        let next_offset = offset + piece.len() as u64;
        Ok(OutputPiece { text: String::from_utf8_lossy(&piece).into_owned(), next_offset, has_more })
    }

    /// What a run wrote on standard output, as text. Secrets were taken out of it.
    ///
    /// # Errors
    /// In words, why it cannot be passed on: it was cut, is too large, or cannot be read.
    pub(super) fn text_of(&self, run: &Run) -> Result<String, String> {
        if run.truncated || run.usage.stdout_bytes > MOST_PASSED_ON {
            let most = MOST_PASSED_ON >> 20;
            return Err(format!("the output of run {} was cut or is larger than {most} MiB", run.id));
        }
        if run.usage.stdout_bytes == 0 {
            return Ok(String::new());
        }
        let failed = |error: &dyn std::fmt::Display| format!("the output of run {} cannot be read: {error}", run.id);
        let spool = Spool::open(&self.spool_path(run.id)).map_err(|error| failed(&error))?;
        let mut bytes = Vec::new();
        // A mark may be longer than the secret that it stands for.
        spool.bytes(Some(Stream::Stdout)).take(2 * MOST_PASSED_ON).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// [`Self::text_of`] as a value: JSON where it is JSON, else the text without its last line break.
    ///
    /// # Errors
    /// As [`Self::text_of`].
    pub(super) fn value_of(&self, run: &Run) -> Result<Value, String> {
        let text = self.text_of(run)?;
        let plain = || Value::String(text.trim_end_matches(['\n', '\r']).to_owned());
        Ok(serde_json::from_str(&text).unwrap_or_else(|_| plain()))
    }
}

/// How many bytes are left when a character that is cut at the end is left out; all of them where the end is not UTF-8.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::whole_characters;

    #[test]
    fn a_piece_never_ends_within_a_character() {
        for (bytes, whole) in [("ab".as_bytes(), 2), ("aä".as_bytes(), 3), (&"aä".as_bytes()[..2], 1), (b"a\xff", 2)]
        {
            assert_eq!(whole_characters(bytes), whole, "{bytes:?}");
        }
        // A piece that is shorter than its first character still goes on.
        assert_eq!(whole_characters(&"ä".as_bytes()[..1]), 1);
    }
}
