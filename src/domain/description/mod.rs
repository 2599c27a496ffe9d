//! Describes a result for a reader: lines, fields, tables, next steps. The module that creates the result describes it
//! once; the command line prints the description and the screen shows it in an overlay.
//!
//! Every text becomes [`SafeText`] when it is added, so a description never contains raw text of a tool. Ink only
//! repeats what a word already says.

mod table;

pub use table::{Align, Piece, Table, cut, cut_middle};

use super::{Instant, SafeText, ago, rfc3339};
use std::borrow::Cow;

/// Width of the label of a field, in columns.
const LABEL_COLUMNS: usize = 12;

/// Indentation of the details of a row, in columns.
const DETAIL_COLUMNS: usize = 8;

/// The style of a piece of text if colours are on.
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

/// The target of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptionView {
    /// The width in columns; `None` for a file or a pipe, where nothing is cut and times are written in full.
    pub width: Option<usize>,
    /// The current time, for ages.
    pub now: Instant,
    /// Whether it is read aloud: words and numbers replace charts.
    pub accessible: bool,
}

impl DescriptionView {
    /// An age for a screen (`12s ago`), or a point in time for a file.
    pub fn when(self, at: Instant) -> String {
        if self.width.is_none() {
            return rfc3339(at);
        }
        ago(self.now, at)
    }
}

/// The content of a piece of a line, or of a cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text that was made safe to print when it was added.
    Text(SafeText),
    /// A point in time; how it is written depends on the [`DescriptionView`].
    At(Instant),
    /// This many blanks.
    Blanks(usize),
    /// A part of a chart, and words with the same content for reading aloud.
    Drawn(SafeText, SafeText),
}

/// A column chart in a line, for a screen that shows pictures. The line also contains its characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plot {
    /// The number of columns left of it in the line.
    pub left: usize,
    /// The colour of its columns.
    pub ink: Ink,
    /// The height of each column, in thousandths of the whole height; `None` for a missing value.
    pub columns: Vec<Option<u16>>,
}

/// A source of blanks, enough for the space between two columns of nearly every table.
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

    /// Appends text that is already safe.
    pub fn safe(mut self, ink: Ink, text: SafeText) -> StyledLine {
        self.pieces.push((ink, Content::Text(text)));
        self
    }

    /// Appends a point in time.
    pub fn at(mut self, ink: Ink, at: Instant) -> StyledLine {
        self.pieces.push((ink, Content::At(at)));
        self
    }

    /// Appends a part of a chart, and the words that replace it when the chart is read aloud.
    pub fn drawn(mut self, ink: Ink, signs: &str, words: &str) -> StyledLine {
        self.pieces.push((ink, Content::Drawn(SafeText::new(signs), SafeText::new(words))));
        self
    }

    /// Sets the indentation of continuation rows if the line is wrapped, in columns.
    pub fn hanging(mut self, columns: usize) -> StyledLine {
        self.hang = columns;
        self
    }

    /// The indentation of continuation rows if the line is wrapped, in columns.
    pub fn hang(&self) -> usize {
        self.hang
    }

    /// Sets the tool that the line is about, by the path of its definition: on the screen, Enter opens it.
    pub fn leading_to(mut self, path: &str) -> StyledLine {
        self.leads_to = Some(path.to_owned());
        self
    }

    /// The path of the tool that the line is about.
    pub fn leads_to(&self) -> Option<&str> {
        self.leads_to.as_deref()
    }

    /// Adds a chart that can be shown as a picture.
    pub fn plotted(mut self, plot: Plot) -> StyledLine {
        self.plot = Some(plot);
        self
    }

    /// The chart in it, for a screen that shows pictures.
    pub fn plot(&self) -> Option<&Plot> {
        self.plot.as_ref()
    }

    /// The text in pieces, each safe to print.
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

    /// Sets the title, with a remark. The command line prints it first; an overlay shows it in its frame.
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

    /// Appends the next step.
    pub fn next(&mut self, text: impl AsRef<str>) {
        self.note(Ink::Accent, "  hint", text);
    }

    /// Appends a closing line: the number of entries, or that there are none.
    pub fn summary(&mut self, text: impl AsRef<str>) {
        self.line(StyledLine::new().put(Ink::Dim, text));
    }

    /// The title.
    pub fn title(&self) -> Option<&StyledLine> {
        self.title.as_ref()
    }

    /// Everything below the title, as lines.
    pub fn body(&self, view: DescriptionView) -> Vec<StyledLine> {
        let lines = |part: &DescriptionPart| match part {
            DescriptionPart::Line(line) => vec![line.clone()],
            DescriptionPart::Table(table) => table.lines(view).collect(),
        };
        self.parts.iter().flat_map(lines).collect()
    }

    /// The whole description, as it is written to a file.
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

    /// Whether the result is negative: the command line then exits with 1.
    fn is_bad(&self) -> bool {
        false
    }
}
