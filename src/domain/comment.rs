//! Comments of reviewers on a version, and what they marked as read.

use super::digest::Digest;
use super::ids::{CommentId, ReviewId};
use super::name::ToolName;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The kind of a comment.
    CommentKind {
        /// The version must not be approved like this.
        MustFix = "must-fix",
        /// Needs an answer; does not block approval.
        Question = "question",
        /// A remark; does not block approval.
        Note = "note",
    }
);

/// The place that a comment refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommentAnchor {
    /// The file inside the version; `None` for the tool as a whole.
    pub path: Option<String>,
    /// First and last line in it, counted from 1; `None` for the whole file.
    pub lines: Option<(u64, u64)>,
}

/// A comment of a reviewer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Counts up within the workspace.
    pub id: CommentId,
    /// The review in which it was written.
    pub review: ReviewId,
    /// Name of the tool under review.
    pub tool: ToolName,
    /// The version that was on screen.
    pub digest: Digest,
    /// The place that it refers to, at that time.
    #[serde(flatten)]
    pub spot: CommentAnchor,
    /// The text of its lines at that time, to find them again in another version.
    pub line_text: Option<String>,
    /// Only [`CommentKind::MustFix`] blocks approval.
    pub kind: CommentKind,
    /// Its text, not escaped.
    pub body: String,
    /// The human who wrote it; only they can delete it.
    pub who: String,
    /// When it was written.
    pub at: Instant,
    /// Whether its lines have moved or are gone.
    pub outdated: bool,
}

/// A file, or a part of one, that a reviewer has marked as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    /// The file inside the version.
    pub path: String,
    /// Digest of the read content; other content has no mark.
    pub content: Digest,
}

impl Comment {
    /// Whether its lines are no longer at the same place in `text`, the present content of its file; `None` if the file
    /// is gone.
    pub fn is_outdated_in(&self, text: Option<&str>) -> bool {
        let (Some(_), Some(text)) = (&self.spot.path, text) else { return self.spot.path.is_some() };
        let (Some(lines), Some(then)) = (self.spot.lines, &self.line_text) else { return false };
        lines_of(text, lines).as_deref() != Some(then)
    }
}

/// The text of these lines (first and last, counted from 1); `None` if there are fewer.
pub fn lines_of(text: &str, (first, last): (u64, u64)) -> Option<String> {
    let (skip, count) = (first.checked_sub(1)?, last.checked_add(1)?.checked_sub(first)?);
    let lines: Vec<&str> = text.lines().skip(skip as usize).take(count as usize).collect();
    (count > 0 && lines.len() as u64 == count).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_outdated_when_its_lines_moved_or_went() {
        let comment = |path: Option<&str>, lines, line_text: Option<&str>| Comment {
            id: CommentId(1),
            review: ReviewId(1),
            tool: "t".parse().unwrap(),
            digest: Digest::of_bytes(b""),
            spot: CommentAnchor { path: path.map(str::to_owned), lines },
            line_text: line_text.map(str::to_owned),
            kind: CommentKind::Note,
            body: String::new(),
            who: String::new(),
            at: Instant(0),
            outdated: false,
        };
        let on_lines = comment(Some("a.py"), Some((2, 3)), Some("b\nc"));
        assert!(!on_lines.is_outdated_in(Some("a\nb\nc\nd")));
        assert!(on_lines.is_outdated_in(Some("b\nc\nd")), "they moved");
        assert!(on_lines.is_outdated_in(Some("a\nb")), "there are fewer");
        assert!(on_lines.is_outdated_in(None), "the file is gone");
        assert!(!comment(Some("a.py"), None, None).is_outdated_in(Some("anything")));
        assert!(!comment(None, None, None).is_outdated_in(None));
    }
}
