//! What a run that ended wrote, as a value for another one.

use crate::domain::{Run, Stream};
use crate::engine::Runs;
use crate::runner::Spool;
use serde_json::Value;
use std::io::Read;

/// The most bytes of one output that another run is given.
pub(super) const MOST_PASSED_ON: u64 = 8 << 20;

impl Runs<'_> {
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
