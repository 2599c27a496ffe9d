//! Comments on the files of a version.

use crate::domain::{Comment, CommentAnchor, CommentKind, Outcome, Review, ReviewId, VersionFile, lines_of};
use crate::engine::Reviews;
use crate::engine::core::{self, NewComment};
use crate::engine::error::{EngineError, ErrorCode};

impl Reviews<'_> {
    /// Comments that reviewers wrote in a review, oldest first. Whether their lines moved since is not looked at.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn comments_of(&self, review: &Review) -> Result<Vec<Comment>, EngineError> {
        let mut comments = self.workspace.read(|q| Ok(q.comments_on(&review.tool)?))?;
        comments.retain(|comment| comment.review == review.id);
        Ok(comments)
    }

    /// Comments on the tool, as they stand to the files of this version.
    pub(super) fn comments_in(&self, review: &Review, files: &[VersionFile]) -> Result<Vec<Comment>, EngineError> {
        let mut comments = self.workspace.read(|q| Ok(q.comments_on(&review.tool)?))?;
        for comment in &mut comments {
            let path = comment.spot.path.as_deref();
            let file = path.and_then(|path| files.iter().find(|file| file.path == path));
            let text = file.map(|file| String::from_utf8_lossy(&file.bytes));
            comment.outdated = comment.is_outdated_in(text.as_deref());
        }
        Ok(comments)
    }

    /// Keeps a comment beside the version under review.
    pub(in crate::engine) fn comment(
        &self,
        who: &str,
        review: ReviewId,
        spot: &CommentAnchor,
        kind: CommentKind,
        body: &str,
    ) -> Result<Outcome, EngineError> {
        let detail = self.detail(review)?;
        let file = spot.path.as_ref().map(|path| detail.files.iter().find(|file| file.path == *path));
        let line_text = match (file, spot.lines) {
            (None | Some(Some(_)), None) => None,
            (None, Some(_)) => return Err(no_place("line numbers need a file")),
            (Some(None), _) => return Err(no_place("the version has no such file")),
            (Some(Some(file)), Some(lines)) => {
                let text = String::from_utf8_lossy(&file.bytes);
                Some(lines_of(&text, lines).ok_or_else(|| no_place("the file has no such lines"))?)
            }
        };
        let new = NewComment { spot, line_text: line_text.as_deref(), kind, body };
        let shared = self.engine.teams().of_comment(&detail.review, &in_words(spot, kind, body));
        let step = self
            .engine
            .step(who, |tx, actor| shared.write(tx, actor, core::comment(tx, actor, &detail.review, new)?))?;
        Ok(step.outcome)
    }
}

/// A comment as colleagues read it: `must-fix, src/a.py:3-4: …`.
fn in_words(spot: &CommentAnchor, kind: CommentKind, body: &str) -> String {
    let place = match (&spot.path, spot.lines) {
        (Some(path), Some((from, to))) if from == to => format!(", {path}:{from}"),
        (Some(path), Some((from, to))) => format!(", {path}:{from}-{to}"),
        (Some(path), None) => format!(", {path}"),
        (None, _) => String::new(),
    };
    format!("{kind}{place}: {body}")
}

fn no_place(why: &str) -> EngineError {
    EngineError::new(ErrorCode::Usage, why, "`toolsmith review ID` shows the files and their lines")
}
