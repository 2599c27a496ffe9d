//! Text on a screen: run output, source and evidence, diffs, input forms.
//!
//! A widget holds the state of one view (position, search, what was shown) and draws it. It does not use the engine or
//! a clock; raw text goes in, and only escaped text comes out.

mod diff;
mod diff_lines;
pub mod fields;
mod form;
mod form_rows;
mod highlight;
mod output;
mod piece;
mod rows;
mod search;
mod search_line;
mod seen;
mod sgr;
mod tab_strip;
mod terminal;
mod text;
mod text_cursor;
pub mod text_input;
mod words;

pub use crate::tui::mark::{Mark, Side, TokenKind, Tone};
pub use diff::{Blanks, DiffFile, DiffText, FileChange, Hunk, diff_files};
pub use diff_lines::{DiffLayout, DiffLook, Unfolded};
pub use form::{FormEvent, FormView};
pub use highlight::{Language, highlight};
pub use output::{Hit, OutputView, SpoolSearch};
pub use piece::{Flag, LineTokens, Piece, Place, TextLine};
pub use search_line::SearchLine;
pub use seen::{Recall, Relaid};
pub use tab_strip::{CURRENT, tab_strip};
pub use terminal::{Chunk, LineKind, Origin};
pub use text::{Jump, TextView, Unseen, part_shown, source_lines};
pub use text_cursor::{cursor_link, step_link};
pub use words::Pairing;

/// The status of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchStatus {
    /// The match at the cursor, counted from 1; 0 if there is none.
    pub current: usize,
    /// The number of matches.
    pub total: usize,
}

/// A step of the view over its text. Counts are positive towards the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// By this many rows of the screen.
    Rows(isize),
    /// By this many half screens.
    HalfPages(isize),
    /// By this many screens, minus one row that stays visible.
    Pages(isize),
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// By this many columns, if lines are not wrapped.
    Columns(isize),
    /// To the first column.
    FirstColumn,
}
