//! What stands out in a text, apart from how it is drawn.

/// What a piece of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A word of the language.
    Keyword,
    /// The name of a function that is called or defined.
    Function,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true`, `None`, a constant.
    Constant,
    /// A type.
    Type,
    /// A comment.
    Comment,
    /// A bracket, an operator.
    Punctuation,
    /// Any other name.
    Variable,
}

/// Why a part of a line stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A syntax token.
    Token(TokenKind),
    /// The part of a changed line that differs.
    Changed,
    /// The escape of a hidden character.
    Hidden,
    /// A label.
    Strong,
    /// Less important.
    Dim,
    /// Good news.
    Good,
    /// Worth a look.
    Warn,
    /// Bad news.
    Bad,
    /// Something to choose or to type.
    Accent,
}

/// What a whole line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Text.
    #[default]
    Plain,
    /// A line that is new.
    Added,
    /// A line that is gone.
    Removed,
    /// A heading: a file, a hunk. `TextView::jump` stops here.
    Header,
    /// Stands for lines that are not drawn.
    Fold,
    /// A plain fact.
    Fact,
    /// Speaks for it.
    Good,
    /// Wants a look.
    Warn,
    /// Speaks against it.
    Bad,
}

/// Which state of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The one before.
    Old,
    /// The one now.
    New,
}
