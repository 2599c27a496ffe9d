//! What a text view is made of: lines, their halves, and what stands out in them.

use super::words::Pairing;
use crate::domain::MappedLine;
use crate::tui::mark::{Mark, Side, TokenKind, Tone};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use std::ops::Range;
use std::sync::Arc;

/// The tokens of a line: bytes of the raw line, and what they are.
pub type LineTokens = Vec<(Range<usize>, TokenKind)>;

/// What a line of a view stands for.
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
    /// Stands for unchanged lines: number of the file, and of the first line that is not drawn.
    Fold(usize, usize),
    /// Something that the owner of the view knows by this number.
    Link(usize),
}

/// How bad what was found in a line is; drawn left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// Somebody wrote something about it.
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
    /// What it is compared with, and which side it is. Looked at when it is drawn: only few lines ever are.
    pair: Option<(Arc<Pairing>, Side)>,
    /// What it says, where its text also says something that changes with time or layout.
    says: Option<String>,
    /// It need not be read.
    is_extra: bool,
}

/// What makes a piece the same in another layout of the same text.
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

    /// Puts a line number or a sign left of the text; our own words only.
    pub fn gutter(mut self, gutter: impl Into<String>) -> Piece {
        self.gutter = gutter.into();
        self
    }

    /// Indents its rows after the first, when it is wrapped.
    pub fn hanging(mut self, columns: usize) -> Piece {
        self.hang = columns;
        self
    }

    /// Columns by which the rows after the first are indented where there are `width`: at most half of them.
    pub(super) fn hang(&self, width: usize) -> usize {
        self.hang.min(width / 2)
    }

    /// Says what it stands for.
    pub fn stands_for(mut self, place: Place) -> Piece {
        self.place = Some(place);
        self
    }

    /// Marks the bytes `raw` of the raw line.
    pub fn mark(mut self, raw: &Range<usize>, mark: Mark) -> Piece {
        self.marks.push((self.line.range(raw), mark));
        self
    }

    /// Says what it says, where its text also has an age in it or is laid out for a width: another age is nothing new.
    pub fn saying(mut self, what: String) -> Piece {
        self.says = Some(what);
        self
    }

    /// Says that nobody has to read it.
    pub fn extra(mut self) -> Piece {
        self.is_extra = true;
        self
    }

    /// What makes it the same piece in another layout.
    pub(super) fn known(&self) -> Known {
        match (&self.says, self.place) {
            (Some(what), _) => Known::Text(what.clone()),
            (None, Some(place @ (Place::Line { .. } | Place::File(_) | Place::Hunk(..) | Place::Fold(..)))) => {
                Known::Place(place)
            }
            // Whoever gave the link a number may give it to something else.
            (None, Some(Place::Link(_)) | None) => Known::Text(self.text().to_owned()),
        }
    }

    /// Marks, when it is drawn, what differs from the other side of a pair.
    pub fn paired(mut self, pair: Arc<Pairing>, side: Side) -> Piece {
        self.pair = Some((pair, side));
        self
    }

    /// Text with control characters escaped, as it is drawn.
    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// What the line says.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    /// What it stands for.
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

    /// What it stands for: of two halves the new one goes first.
    pub fn place(&self) -> Option<Place> {
        match self {
            TextLine::One(piece) => piece.place,
            TextLine::Two(left, right) => right.place.or(left.place),
        }
    }

    pub(super) fn is_header(&self) -> bool {
        self.pieces().any(|piece| piece.tone == Tone::Header)
    }

    /// Whether nobody has to read it.
    pub fn is_extra(&self) -> bool {
        self.pieces().all(|piece| piece.is_extra)
    }

    /// Says that nobody has to read it.
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

    /// Of a line that is the same on both sides, the new one.
    pub(super) fn unchanged(&self) -> Option<&Piece> {
        match self {
            TextLine::Two(left, right) if left.tone == Tone::Plain && right.tone == Tone::Plain => Some(right),
            TextLine::One(_) | TextLine::Two(..) => None,
        }
    }
}
