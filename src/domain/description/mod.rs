//! A result described for a reader: lines, fields, tables, next steps. The subject that made the result describes it once;
//! the command line prints the description and the screen shows it in an overlay.
//!
//! Every piece of text becomes [`SafeText`] on its way in, so no description can carry the text of a tool raw. Ink only
//! repeats what a word already says.

mod table;

pub use table::{Align, Piece, Table, cut, cut_middle};

use super::{Instant, SafeText, ago, rfc3339};
use std::borrow::Cow;

/// Columns of the label of a field.
const LABEL_COLUMNS: usize = 12;

/// Columns by which details of a row are indented.
const DETAIL_COLUMNS: usize = 8;

/// How a piece of text looks where colours are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    /// The terminal's own foreground.
    Plain,
    /// Bold.
    Strong,
    /// Faint.
    Dim,
    /// Green.
    Good,
    /// Yellow.
    Warn,
    /// Red.
    Bad,
    /// Cyan.
    Accent,
}

/// Where a description is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptionView {
    /// Columns; `None` for a file or a pipe, where nothing is cut and points in time are written in full.
    pub width: Option<usize>,
    /// The present, for ages.
    pub now: Instant,
    /// Whether it is read aloud: words and numbers in the place of charts.
    pub accessible: bool,
}

impl DescriptionView {
    /// An age for a reader (`12s ago`), a point in time for a file.
    pub fn when(self, at: Instant) -> String {
        if self.width.is_none() {
            return rfc3339(at);
        }
        ago(self.now, at)
    }
}

/// What a piece of a line, or a cell of a table, holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Made safe to print when it was put in.
    Text(SafeText),
    /// A point in time; how it is written depends on the [`DescriptionView`].
    At(Instant),
    /// So many blanks.
    Blanks(usize),
    /// A part of a chart, and the words that say the same to whoever has it read aloud.
    Drawn(SafeText, SafeText),
}

/// A chart of columns in a line, for a screen that shows pictures. Its characters are in the line, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plot {
    /// Columns of the line left of it.
    pub left: usize,
    /// The colour of its columns.
    pub ink: Ink,
    /// The height of each column, in thousandths of the whole height; `None` where there is no value.
    pub columns: Vec<Option<u16>>,
}

/// Blanks to borrow from: as many as between two columns of nearly every table.
const BLANKS: &str = "                                                                ";

impl Content {
    /// Its text, which is safe to print.
    fn text(&self, view: DescriptionView) -> Cow<'_, str> {
        match self {
            Content::Text(text) => Cow::Borrowed(text.as_str()),
            Content::At(at) => Cow::Owned(SafeText::new(&view.when(*at)).into()),
            Content::Drawn(_, words) if view.accessible => Cow::Borrowed(words.as_str()),
            Content::Drawn(signs, _) => Cow::Borrowed(signs.as_str()),
            Content::Blanks(count) => match BLANKS.get(..*count) {
                Some(blanks) => Cow::Borrowed(blanks),
                None => Cow::Owned(" ".repeat(*count)),
            },
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::Text(SafeText::new(&text))
    }
}

impl From<Instant> for Content {
    fn from(at: Instant) -> Content {
        Content::At(at)
    }
}

/// Pieces of text in one line, each with its ink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StyledLine {
    pieces: Vec<(Ink, Content)>,
    hang: usize,
    leads_to: Option<String>,
    plot: Option<Plot>,
}

impl StyledLine {
    /// A line without text; printed, it is a blank line.
    pub fn new() -> StyledLine {
        StyledLine::default()
    }

    /// A line of plain text.
    pub fn of(text: impl AsRef<str>) -> StyledLine {
        StyledLine::new().put(Ink::Plain, text)
    }

    /// `label  value`; the values of several such lines are in one column.
    pub fn field(label: &str, ink: Ink, value: impl AsRef<str>) -> StyledLine {
        StyledLine::new().put(Ink::Dim, format!("{label:<LABEL_COLUMNS$} ")).put(ink, value).hanging(LABEL_COLUMNS + 1)
    }

    /// Appends text; control characters are escaped here.
    pub fn put(self, ink: Ink, text: impl AsRef<str>) -> StyledLine {
        self.safe(ink, SafeText::new(text.as_ref()))
    }

    /// Appends text that is safe already.
    pub fn safe(mut self, ink: Ink, text: SafeText) -> StyledLine {
        self.pieces.push((ink, Content::Text(text)));
        self
    }

    /// Appends a point in time.
    pub fn at(mut self, ink: Ink, at: Instant) -> StyledLine {
        self.pieces.push((ink, Content::At(at)));
        self
    }

    /// Appends a part of a chart, and the words that stand for it where the chart is read aloud.
    pub fn drawn(mut self, ink: Ink, signs: &str, words: &str) -> StyledLine {
        self.pieces.push((ink, Content::Drawn(SafeText::new(signs), SafeText::new(words))));
        self
    }

    /// Says by how many columns its rows after the first are indented where it is wrapped.
    pub fn hanging(mut self, columns: usize) -> StyledLine {
        self.hang = columns;
        self
    }

    /// By how many columns its rows after the first are indented where it is wrapped.
    pub fn hang(&self) -> usize {
        self.hang
    }

    /// Says which tool it is about, by the path of its definition: on the screen Enter goes there.
    pub fn leading_to(mut self, path: &str) -> StyledLine {
        self.leads_to = Some(path.to_owned());
        self
    }

    /// The path of the tool that it leads to.
    pub fn leads_to(&self) -> Option<&str> {
        self.leads_to.as_deref()
    }

    /// Says that part of it is a chart that can be shown as a picture.
    pub fn plotted(mut self, plot: Plot) -> StyledLine {
        self.plot = Some(plot);
        self
    }

    /// The chart in it, for a screen that shows pictures.
    pub fn plot(&self) -> Option<&Plot> {
        self.plot.as_ref()
    }

    /// Its text in pieces, each safe to print.
    pub fn pieces(&self, view: DescriptionView) -> impl Iterator<Item = (Ink, Cow<'_, str>)> {
        self.pieces.iter().map(move |(ink, content)| (*ink, content.text(view)))
    }
}

/// A part of a description.
#[derive(Debug, Clone, PartialEq)]
enum DescriptionPart {
    Line(StyledLine),
    Table(Table),
}

/// A result described for a reader.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    title: Option<StyledLine>,
    parts: Vec<DescriptionPart>,
}

impl Description {
    /// A description without title and lines.
    pub fn new() -> Description {
        Description::default()
    }

    /// Names what it is about, with a remark. The command line prints it first, an overlay puts it into its frame.
    pub fn titled(mut self, name: &str, remark: &str) -> Description {
        self.title = Some(StyledLine::new().put(Ink::Strong, name).put(Ink::Dim, format!("  {remark}")));
        self
    }

    /// Appends a line below the others.
    pub fn line(&mut self, line: StyledLine) {
        self.parts.push(DescriptionPart::Line(line));
    }

    /// Appends `label  value`, with the value in the common column.
    pub fn field(&mut self, label: &str, ink: Ink, value: impl AsRef<str>) {
        self.line(StyledLine::field(label, ink, value));
    }

    /// Appends a detail of the row above it.
    pub fn detail(&mut self, ink: Ink, text: impl AsRef<str>) {
        let indent = " ".repeat(DETAIL_COLUMNS);
        self.line(StyledLine::new().put(Ink::Plain, indent).put(ink, text).hanging(DETAIL_COLUMNS));
    }

    /// Appends a table; its columns are aligned when it is printed.
    pub fn table(&mut self, table: Table) {
        self.parts.push(DescriptionPart::Table(table));
    }

    /// Appends `label: text`, for example a fault, a warning or a note.
    pub fn note(&mut self, ink: Ink, label: &str, text: impl AsRef<str>) {
        let label = format!("{label}: ");
        let hang = label.len();
        self.line(StyledLine::new().put(ink, label).put(Ink::Plain, text).hanging(hang));
    }

    /// Appends what to do next.
    pub fn next(&mut self, text: impl AsRef<str>) {
        self.note(Ink::Accent, "  hint", text);
    }

    /// Appends a closing line: how much there is, or that there is nothing.
    pub fn summary(&mut self, text: impl AsRef<str>) {
        self.line(StyledLine::new().put(Ink::Dim, text));
    }

    /// What it is about.
    pub fn title(&self) -> Option<&StyledLine> {
        self.title.as_ref()
    }

    /// All below the title, in lines.
    pub fn body(&self, view: DescriptionView) -> Vec<StyledLine> {
        let lines = |part: &DescriptionPart| match part {
            DescriptionPart::Line(line) => vec![line.clone()],
            DescriptionPart::Table(table) => table.lines(view).collect(),
        };
        self.parts.iter().flat_map(lines).collect()
    }

    /// All of it as it is written into a file.
    pub fn text(&self) -> String {
        let view = DescriptionView { width: None, now: Instant(0), accessible: false };
        let mut text = String::new();
        for line in self.title.iter().chain(&self.body(view)) {
            let pieces: String = line.pieces(view).map(|(_, piece)| piece).collect();
            text.push_str(pieces.trim_end_matches(' '));
            text.push('\n');
        }
        text
    }
}

/// A result that can be described.
pub trait Describe {
    /// The result as titled lines and tables, the same for command line and screen.
    fn describe(&self) -> Description;

    /// Whether it is bad news: the command line exits with 1 then.
    fn is_bad(&self) -> bool {
        false
    }
}
