//! The parts of a text view: lines, their halves, and highlights.

use super::words::Pairing;
use crate::domain::MappedLine;
use crate::tui::mark::{Mark, Side, TokenKind, Tone};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use std::ops::Range;
use std::sync::Arc;

/// The tokens of a line: byte ranges of the raw line, and kinds.
pub type LineTokens = Vec<(Range<usize>, TokenKind)>;

/// The object of a line in a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A line of a file.
    Line {
        /// Older or newer version.
        side: Side,
        /// Number of the file in the list that the view was made from.
        file: usize,
        /// Counted from 0 within the file.
        line: usize,
    },
    /// The heading of a file.
    File(usize),
    /// The heading of a hunk: number of the file, and of the hunk in it.
    Hunk(usize, usize),
    /// Stands for unchanged lines: number of the file, and of the first hidden line.
    Fold(usize, usize),
    /// An object that the owner of the view knows by this number.
    Link(usize),
}

/// The severity of findings in a line; drawn to its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// There is a remark about it.
    Remark,
    /// Neither for nor against approval.
    Fact,
    /// Should be looked at before a decision.
    Warn,
    /// Argues against approval.
    Bad,
}

impl Flag {
    /// Its sign, one cell wide.
    pub fn sign(self) -> &'static str {
        match self {
            Flag::Remark => "\"",
            Flag::Fact => "·",
            Flag::Warn => "!",
            Flag::Bad => "✗",
        }
    }

    /// Colour of the sign in this theme.
    pub fn style(self, theme: &Theme) -> Style {
        match self {
            Flag::Remark => theme.accent,
            Flag::Fact => theme.dim,
            Flag::Warn => theme.warn,
            Flag::Bad => theme.bad,
        }
    }
}

/// One line, or one half of a line of two halves: gutter and escaped text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    pub(super) gutter: String,
    pub(super) line: MappedLine,
    marks: Vec<(Range<usize>, Mark)>,
    tone: Tone,
    /// Columns by which its rows after the first are indented.
    hang: usize,
    place: Option<Place>,
    /// The paired line, and its side. Evaluated when it is drawn, because only few lines are.
    pair: Option<(Arc<Pairing>, Side)>,
    /// Its meaning, if its text also contains something that changes with time or layout.
    says: Option<String>,
    /// It need not be read.
    is_extra: bool,
}

/// The identity of a piece across layouts of the same text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Known {
    /// It stands for this place, whose text does not change.
    Place(Place),
    Text(String),
}

impl Piece {
    /// Escapes `raw`, one line without its line break.
    pub fn new(raw: &str, tone: Tone) -> Piece {
        Piece { line: MappedLine::new(raw), tone, ..Piece::default() }
    }

    /// Puts a line number or a sign to the left of the text; only text of the workbench.
    pub fn gutter(mut self, gutter: impl Into<String>) -> Piece {
        self.gutter = gutter.into();
        self
    }

    /// Indents the rows after the first if the piece is wrapped.
    pub fn hanging(mut self, columns: usize) -> Piece {
        self.hang = columns;
        self
    }

    /// The indent of rows after the first at this width: at most half of it.
    pub(super) fn hang(&self, width: usize) -> usize {
        self.hang.min(width / 2)
    }

    /// Sets the place.
    pub fn stands_for(mut self, place: Place) -> Piece {
        self.place = Some(place);
        self
    }

    /// Marks the bytes `raw` of the raw line.
    pub fn mark(mut self, raw: &Range<usize>, mark: Mark) -> Piece {
        self.marks.push((self.line.range(raw), mark));
        self
    }

    /// Sets the meaning, if the text also contains an age or depends on the width: another age is not new content.
    pub fn saying(mut self, what: String) -> Piece {
        self.says = Some(what);
        self
    }

    /// Marks the piece as not required to be read.
    pub fn extra(mut self) -> Piece {
        self.is_extra = true;
        self
    }

    /// The identity across layouts.
    pub(super) fn known(&self) -> Known {
        match (&self.says, self.place) {
            (Some(what), _) => Known::Text(what.clone()),
            (None, Some(place @ (Place::Line { .. } | Place::File(_) | Place::Hunk(..) | Place::Fold(..)))) => {
                Known::Place(place)
            }
            // The number of a link may be reused for something else.
            (None, Some(Place::Link(_)) | None) => Known::Text(self.text().to_owned()),
        }
    }

    /// Sets the pair whose differences are marked when the piece is drawn.
    pub fn paired(mut self, pair: Arc<Pairing>, side: Side) -> Piece {
        self.pair = Some((pair, side));
        self
    }

    /// Text with control characters escaped, as it is drawn.
    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// The tone of the line.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    /// The place of the line.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Ranges of the escaped text with their styles, later ones over earlier ones.
    pub(super) fn styles(&self, theme: &Theme, tokens: Option<&LineTokens>) -> Vec<(Range<usize>, Style)> {
        let tokens = tokens.into_iter().flatten();
        let tokens = tokens.map(|(raw, kind)| (self.line.range(raw), theme.token_in(*kind, self.tone)));
        let words = self.pair.iter().flat_map(|(pair, side)| pair.changed(*side));
        let words = words.map(|raw| (self.line.range(raw), theme.changed(self.tone)));
        let marks = self.marks.iter().map(|(range, mark)| (range.clone(), theme.mark(*mark)));
        let hidden = self.line.hidden().iter().map(|range| (range.clone(), theme.mark(Mark::Hidden)));
        tokens.chain(words).chain(marks).chain(hidden).collect()
    }
}

/// A line of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextLine {
    /// Over the whole width.
    One(Piece),
    /// Two halves side by side: before and after.
    Two(Piece, Piece),
}

impl TextLine {
    /// Escapes one raw line.
    pub fn new(raw: &str, tone: Tone) -> TextLine {
        TextLine::One(Piece::new(raw, tone))
    }

    /// Its halves, the old one first.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let (first, second) = match self {
            TextLine::One(piece) => (piece, None),
            TextLine::Two(left, right) => (left, Some(right)),
        };
        std::iter::once(first).chain(second)
    }

    /// The place; of two halves, the new one takes precedence.
    pub fn place(&self) -> Option<Place> {
        match self {
            TextLine::One(piece) => piece.place,
            TextLine::Two(left, right) => right.place.or(left.place),
        }
    }

    pub(super) fn is_header(&self) -> bool {
        self.pieces().any(|piece| piece.tone == Tone::Header)
    }

    /// Whether it need not be read.
    pub fn is_extra(&self) -> bool {
        self.pieces().all(|piece| piece.is_extra)
    }

    /// Marks it as not required to be read.
    pub(in crate::tui) fn make_extra(&mut self) {
        match self {
            TextLine::One(piece) => piece.is_extra = true,
            TextLine::Two(left, right) => (left.is_extra, right.is_extra) = (true, true),
        }
    }

    /// Whether it has two halves.
    pub(super) fn is_split(&self) -> bool {
        matches!(self, TextLine::Two(..))
    }

    /// The new side of a line that is the same on both sides.
    pub(super) fn unchanged(&self) -> Option<&Piece> {
        match self {
            TextLine::Two(left, right) if left.tone == Tone::Plain && right.tone == Tone::Plain => Some(right),
            TextLine::One(_) | TextLine::Two(..) => None,
        }
    }
}
