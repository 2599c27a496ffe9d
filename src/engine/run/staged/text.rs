//! Formats a difference as text.

use super::apply::below;
use crate::domain::{DIFF_TIME, SafeText, count};
use crate::engine::core::{Content, Edit};
use similar::TextDiff;
use std::fmt::Write;
use std::path::Path;

/// For larger files, only the sizes are shown; bytes.
const MAX_TEXT: u64 = 256 * 1024;

/// Maximum length of the text, in bytes.
const MAX_DIFF: usize = 2 * 1024 * 1024;

/// The unified diff of all edits; only the sizes if a side is not text or too large.
pub(super) fn unified(edits: &[Edit], old: &Path, new: &Path) -> String {
    let mut text = String::new();
    for (at, edit) in edits.iter().enumerate() {
        if text.len() > MAX_DIFF {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "and {} more paths", edits.len() - at);
            break;
        }
        one(&mut text, edit, old, new);
    }
    text
}

fn one(text: &mut String, edit: &Edit, old: &Path, new: &Path) {
    // A name may contain a line break, which would look like a line of the diff.
    let path = SafeText::new(&edit.path.display().to_string()).to_string();
    let what = match (&edit.from, &edit.to) {
        (Content::Nothing, Content::Folder) => Some("new folder"),
        (Content::Folder, Content::Nothing) => Some("folder removed"),
        _ => None,
    };
    if let Some(what) = what {
        let _ = writeln!(text, "{what} {path}");
        return;
    }
    let (before, after) = (side(edit.from, &below(old, &edit.path)), side(edit.to, &below(new, &edit.path)));
    let name = |side: &Side, prefix: &str| match side {
        Side::Nothing => "/dev/null".to_owned(),
        Side::Text(_) | Side::Other => format!("{prefix}{path}"),
    };
    let (from, to) = (name(&before, "a"), name(&after, "b"));
    match (before, after) {
        (Side::Other, _) | (_, Side::Other) => {
            let _ = writeln!(
                text,
                "--- {from}\n+++ {to}\nnot text: {} → {}",
                size(&edit.from, old, edit),
                size(&edit.to, new, edit)
            );
        }
        (before, after) => {
            let (before, after) = (before.into_text(), after.into_text());
            let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(&before, &after);
            let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&from, &to));
        }
    }
}

/// One side of a diff.
enum Side {
    Nothing,
    Text(String),
    /// Not text, or too long.
    Other,
}

impl Side {
    fn into_text(self) -> String {
        match self {
            Side::Text(text) => text,
            Side::Nothing | Side::Other => String::new(),
        }
    }
}

fn side(content: Content, kept: &Path) -> Side {
    match content {
        Content::Nothing | Content::Folder => Side::Nothing,
        Content::File { .. } => {
            let small = kept.symlink_metadata().is_ok_and(|meta| meta.len() <= MAX_TEXT);
            let text = if small { std::fs::read_to_string(kept).ok() } else { None };
            text.filter(|text| !text.contains('\0')).map_or(Side::Other, Side::Text)
        }
    }
}

fn size(content: &Content, kept: &Path, edit: &Edit) -> String {
    match content {
        Content::Nothing => "nothing".to_owned(),
        Content::Folder => "a folder".to_owned(),
        Content::File { .. } => match below(kept, &edit.path).symlink_metadata() {
            Ok(meta) => count(meta.len() as usize, "byte"),
            Err(error) => format!("not kept: {error}"),
        },
    }
}
