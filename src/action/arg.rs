//! Arguments of verbs.

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// A tool: NAME, NAME@VERSION, NAME@DIGESTPREFIX or a path.
    Tool,
    /// Number of a recorded run.
    Run,
    /// Name of an instance of a service.
    Instance,
    /// Number of a recorded run, or name of an instance of a service.
    RunOrInstance,
    /// Number of a review in the queue.
    Review,
    /// Number of an entry of the operation log.
    Operation,
    /// A failure group, by the first digits of its signature.
    Failure,
    /// One of the records that `candidates` lists under this word.
    Named(&'static str),
    /// The number of one of the records that `candidates` lists under this word.
    Numbered(&'static str),
    /// Any text, taken literally.
    Text,
    /// The arguments of a program in one text; it may begin with a dash.
    Arguments,
    /// JSON, `@FILE` or `-`.
    Json,
    /// An input value as `KEY=VALUE`; the schema decides its type.
    KeyValue,
    /// A file or folder.
    Path,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A duration such as `30s`, `500ms`, `2m`.
    Duration,
    /// A whole number from 1.
    Number,
    /// A whole number from 0.
    Count,
    /// At least 8 hexadecimal digits.
    Digest,
    /// A review number, alone or as `NUMBER=DIGEST` with at least 8 digits of the digest shown.
    ReviewDigest,
    /// A switch without value.
    Switch,
}

/// The command-line form of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By position, at most one value.
    Positional,
    /// By position, any number of times; always the last positional argument.
    Several,
    /// `--name VALUE`, at most once.
    Option,
    /// `--name VALUE`, any number of times.
    Repeated,
}

/// An argument of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg {
    /// Kebab-case name; the option is `--NAME`.
    pub name: &'static str,
    /// Determines how the text is checked and completed.
    pub kind: ArgKind,
    /// Its command-line form.
    pub form: Form,
    /// Whether it is required.
    pub required: bool,
    /// Whether only a human at a terminal may use it; other arguments are as restricted as the verb.
    pub human_only: bool,
    /// One line for `--help` and for the palette's form.
    pub doc: &'static str,
}

impl ArgKind {
    /// The word under which `candidates` lists its possible values; `None` if they are not listed.
    pub const fn listed(self) -> Option<&'static str> {
        match self {
            ArgKind::Tool => Some("tools"),
            ArgKind::Run => Some("runs"),
            ArgKind::Instance => Some("instances"),
            ArgKind::RunOrInstance => Some("outputs"),
            ArgKind::Review | ArgKind::ReviewDigest => Some("reviews"),
            ArgKind::Operation => Some("operations"),
            ArgKind::Failure => Some("failures"),
            ArgKind::Named(what) | ArgKind::Numbered(what) => Some(what),
            ArgKind::Text
            | ArgKind::Arguments
            | ArgKind::Json
            | ArgKind::KeyValue
            | ArgKind::Path
            | ArgKind::Word(_)
            | ArgKind::Duration
            | ArgKind::Number
            | ArgKind::Count
            | ArgKind::Digest
            | ArgKind::Switch => None,
        }
    }
}

impl Form {
    /// Whether it is written by position.
    pub const fn is_positional(self) -> bool {
        matches!(self, Form::Positional | Form::Several)
    }
}

impl Arg {
    /// A positional argument that occurs at least once.
    pub const fn several(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Several, required: true, human_only: false, doc }
    }

    /// A positional argument that occurs any number of times.
    pub const fn words(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { required: false, ..Arg::several(name, kind, doc) }
    }

    /// A required positional argument.
    pub const fn required(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Positional, required: true, human_only: false, doc }
    }

    /// An optional positional argument.
    pub const fn optional(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Positional, required: false, human_only: false, doc }
    }

    /// An optional `--name VALUE`.
    pub const fn option(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Option, required: false, human_only: false, doc }
    }

    /// An option that must be given.
    pub const fn needed(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Option, required: true, human_only: false, doc }
    }

    /// The same argument, for a human at a terminal only.
    pub const fn for_humans(self) -> Arg {
        Arg { human_only: true, ..self }
    }

    /// An option that may be repeated.
    pub const fn repeated(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Repeated, required: false, human_only: false, doc }
    }
}
