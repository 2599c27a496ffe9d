//! Highlighted parts of a text, independent of how they are drawn.

/// The kind of a source token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A keyword.
    Keyword,
    /// The name of a function that is called or defined.
    Function,
    /// A string literal with its quotes.
    String,
    /// A number literal.
    Number,
    /// `true`, `None`, a constant.
    Constant,
    /// Name of a type or class.
    Type,
    /// A comment with its delimiters.
    Comment,
    /// A bracket, an operator.
    Punctuation,
    /// Any other name.
    Variable,
}

/// Why a part of a line is highlighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Part of the syntax, as the highlighter found it.
    Token(TokenKind),
    /// The part of a changed line that differs.
    Changed,
    /// The escape of a hidden character.
    Hidden,
    /// Bold: a name or a label.
    Strong,
    /// Faint: a remark or something less important.
    Dim,
    /// Supports approval, or succeeded.
    Good,
    /// Should be looked at.
    Warn,
    /// Argues against approval, or failed.
    Bad,
    /// Something to choose or to type.
    Accent,
}

/// The meaning of a whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Ordinary text without a sign.
    #[default]
    Plain,
    /// A new line.
    Added,
    /// A removed line.
    Removed,
    /// A heading: a file, a hunk. `TextView::jump` stops here.
    Header,
    /// Represents hidden lines.
    Fold,
    /// Neither for nor against approval.
    Fact,
    /// Supports approval.
    Good,
    /// Should be looked at before a decision.
    Warn,
    /// Argues against approval.
    Bad,
}

/// The old or the new state of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Files of the older version.
    Old,
    /// Files of the newer version.
    New,
}
