//! What was on screen when a decision was made.

use super::quantity::grouped;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was on screen when a decision was made.
///
/// Its JSON form also has `lines_total`, the same as `lines`, and `lines_unread`, the difference to `lines_shown`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct DisplayRecord {
    /// Lines of source or diff and evidence that had to be read.
    pub lines: u64,
    /// How many of them were on screen.
    pub lines_shown: u64,
    /// Whether all of them were.
    pub tail_shown: bool,
    /// How long the review was open, milliseconds.
    pub open_ms: u64,
    /// The same for each part: the evidence, a file, the difference.
    #[serde(default)]
    pub parts: Vec<SeenPart>,
}

impl Serialize for DisplayRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Shown", 7)?;
        fields.serialize_field("lines", &self.lines)?;
        fields.serialize_field("lines_shown", &self.lines_shown)?;
        fields.serialize_field("lines_total", &self.lines)?;
        fields.serialize_field("lines_unread", &self.unread())?;
        fields.serialize_field("tail_shown", &self.tail_shown)?;
        fields.serialize_field("open_ms", &self.open_ms)?;
        fields.serialize_field("parts", &self.parts)?;
        fields.end()
    }
}

impl DisplayRecord {
    /// How many of the lines were not on screen.
    pub fn unread(&self) -> u64 {
        self.lines.saturating_sub(self.lines_shown)
    }

    /// A description of lines that were not on screen: `9,935 of 10,001 lines not seen`; `None` if there are none.
    pub fn unread_words(&self) -> Option<String> {
        Unread::of(self).map(|unread| unread.to_string())
    }
}

/// A record that a version was approved although not every line was on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Lines that had to be read.
    pub lines_total: u64,
    /// How many of them were not on screen.
    pub lines_unread: u64,
}

impl Unread {
    /// What was not on screen; `None` if everything was, or if nothing is known.
    pub fn of(shown: &DisplayRecord) -> Option<Unread> {
        let (lines_total, lines_unread) = (shown.lines, shown.unread());
        (lines_unread > 0).then_some(Unread { lines_total, lines_unread })
    }
}

impl Unread {
    /// The text in a signed statement, which never changes.
    pub fn stated(&self) -> String {
        format!("{} unread", self.lines())
    }

    /// `9,935 of 10,001 lines`.
    fn lines(&self) -> String {
        let count = |lines: u64| grouped(usize::try_from(lines).unwrap_or(usize::MAX));
        let word = if self.lines_total == 1 { "line" } else { "lines" };
        format!("{} of {} {word}", count(self.lines_unread), count(self.lines_total))
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} not seen", self.lines())
    }
}

/// A part of what was on screen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenPart {
    /// Its name: `evidence`, `difference`, or the path of a file.
    pub part: String,
    /// Lines of the part, seen or not.
    pub lines: u64,
    /// How many of them were completely on screen.
    pub lines_shown: u64,
    /// How long it was visible, milliseconds.
    pub ms: u64,
}
