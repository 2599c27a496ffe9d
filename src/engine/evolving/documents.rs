//! Documents that specifications are read from: kept by digest, opened again by its first digits.

use crate::domain::Digest;
use crate::engine::NewTools;
use crate::engine::error::{EngineError, ErrorCode};
use crate::evolve::document::{Document, no_text};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// The fewest digits that open a document.
const LEAST_DIGITS: usize = 6;

impl NewTools<'_> {
    /// Reads the bytes of a document and keeps them under their digest.
    ///
    /// # Errors
    /// `Failed` for what is not text, with what it is, and for a document that is too large; `Internal` when it cannot
    /// be kept.
    pub fn keep_document(&self, bytes: &[u8]) -> Result<Document, EngineError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            let message = format!("the document has more than {MAX_DOCUMENT_BYTES} bytes");
            return Err(EngineError::new(ErrorCode::Failed, message, "split it"));
        }
        if let Some(what) = no_text(bytes) {
            let message = format!("the document is {what}, and only text can be read");
            return Err(EngineError::new(ErrorCode::Failed, message, "save it as plain text or Markdown first"));
        }
        self.workspace.documents().put(bytes)?;
        Ok(Document::read(bytes))
    }

    /// Opens a kept document by the first digits of its digest.
    ///
    /// # Errors
    /// `NotFound` when none is kept under them; `Ambiguous` when several are; `Internal` when it is damaged.
    pub fn document(&self, digits: &str) -> Result<Document, EngineError> {
        let is_prefix = digits.len() >= LEAST_DIGITS && digits.chars().all(|c| c.is_ascii_hexdigit());
        let digits = digits.to_ascii_lowercase();
        let all = if is_prefix { self.workspace.documents().all()? } else { Vec::new() };
        let fitting: Vec<Digest> = all.into_iter().filter(|digest| digest.starts_with(&digits)).collect();
        match fitting[..] {
            [digest] => Ok(Document::read(&self.workspace.documents().get(digest)?)),
            [] => {
                let message = format!("there is no file and no kept document {digits:?}");
                Err(EngineError::new(ErrorCode::NotFound, message, "name a file, or at least six digits of a digest"))
            }
            _ => {
                let message = format!("{} kept documents begin with {digits}", fitting.len());
                Err(EngineError::new(ErrorCode::Ambiguous, message, "use more digits"))
            }
        }
    }
}
