//! Derives the expectations for an answer from its bundle.

use super::answer::{AnswerLimits, Want};
use super::bundle::Bundle;

impl Want {
    /// The expectations for an answer to this bundle.
    pub fn of(bundle: &Bundle) -> Want {
        let all = || bundle.files.iter().chain(&bundle.manifest);
        Want {
            entry: bundle.entry.clone(),
            files: bundle.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
            manifest: bundle.manifest.as_ref().map(|file| (file.path.clone(), file.text.clone())),
            cut: all().filter(|file| file.left_out_bytes > 0).map(|file| file.path.clone()).collect(),
            bounds: AnswerLimits::default(),
        }
    }
}
