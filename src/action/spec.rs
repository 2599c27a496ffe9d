//! The shape of a row in the table of actions.

use super::Verb;

/// Where a key works. `Global` works everywhere except while text is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere but in text fields.
    Global,
    /// Any list or scrolling text.
    Motion,
    /// While the catalog pane has the focus.
    Catalog,
    /// While the output pane has the focus.
    Output,
    /// While the failures pane has the focus.
    Failures,
    /// While the review queue has the focus.
    Queue,
    /// While the services pane has the focus.
    Services,
    /// While the full-screen review is open.
    Review,
    /// The full-screen source view.
    Source,
    /// The full-screen rounds of an evolution.
    Evolution,
}

/// Heading under which help and the reference list a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Find and read tools.
    Catalog,
    /// Start, watch and stop runs.
    Run,
    /// Create and evolve tools.
    Make,
    /// Launch services and talk to them.
    Services,
    /// Review versions and decide.
    Review,
    /// Moving them through stages.
    Lifecycle,
    /// The record of what was done.
    History,
    /// Panes, settings, help and leaving the program.
    Workbench,
    /// Moving about on the screen.
    Motion,
}

/// What a verb may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Risk {
    /// Changes nothing but what is on the screen.
    View,
    /// Changes something, can be taken back or repeated.
    Change,
    /// A human must do it, at a terminal.
    HumanOnly,
}

/// What an argument is.
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
    /// Any text, taken as it is written.
    Text,
    /// Arguments of a program in one text; may begin with a dash.
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

/// How an argument is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By position, at most one value.
    Positional,
    /// By position, as often as wanted; the last one there is.
    Several,
    /// `--name VALUE`, at most once.
    Option,
    /// `--name VALUE`, as often as wanted.
    Repeated,
}

/// An argument of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg {
    /// Kebab-case name; the option is `--NAME`.
    pub name: &'static str,
    /// Decides how the text is checked and completed.
    pub kind: ArgKind,
    /// How it is written.
    pub form: Form,
    /// Whether it must be given.
    pub required: bool,
    /// Whether only a human at a terminal may give it; the other arguments need what the verb needs.
    pub human_only: bool,
    /// One line for `--help` and for the palette's form.
    pub doc: &'static str,
}

/// A row: everything every front end needs to know of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Unique in the table.
    pub verb: Verb,
    /// Kebab-case name: in help, palette, command line, log and code.
    pub name: &'static str,
    /// One line: what it does.
    pub doc: &'static str,
    /// Section of the help screen and of the reference.
    pub group: Group,
    /// Where its keys work; empty for verbs without a key of their own (reached by the palette).
    pub contexts: &'static [Context],
    /// Default keys, for example `r`, `ctrl-k`, `shift-tab`, `space`.
    pub keys: &'static [&'static str],
    /// In the order in which help lists them; positional ones are read in this order.
    pub args: &'static [Arg],
    /// What it may do.
    pub risk: Risk,
    /// Whether it is a sub-command.
    pub cli: bool,
    /// Whether it can be reached on the screen (by key or palette).
    pub tui: bool,
    /// How agents reach it over MCP; `None` for verbs that they do not get.
    pub agents: Option<&'static Agents>,
}

/// What a call changes, as MCP tells it to clients. Hints to them, but true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    /// It changes nothing that anybody would miss; its record is kept all the same.
    pub read_only: bool,
    /// It may change or delete what is there already.
    pub destructive: bool,
    /// The same call once more changes nothing further.
    pub idempotent: bool,
    /// It may reach what lies outside of this workspace, such as the network.
    pub open_world: bool,
}

/// The agents' side of a verb: a tool of the same name over MCP.
#[derive(Debug, PartialEq, Eq)]
pub struct Agents {
    /// What a call changes.
    pub effects: Effects,
    /// What a model must know beside the line that says what the verb does.
    pub doc: &'static str,
    /// Arguments of the row that agents give as well.
    pub shared: &'static [&'static str],
    /// Arguments that only agents give.
    pub own: &'static [Arg],
}

impl Agents {
    /// The arguments that agents give to the verb of this row, in the order in which they are listed.
    pub fn args(&self, row: &'static Spec) -> impl Iterator<Item = &'static Arg> + use<> {
        let shared = self.shared.iter().filter_map(|name| row.args.iter().find(|arg| arg.name == *name));
        shared.chain(self.own)
    }
}

impl Spec {
    /// What of a call is for a human at a terminal only, as it is written: the verb, or the first such argument that
    /// `given` says was given. The one place that answers this.
    pub fn human_only(&self, given: impl Fn(&Arg) -> bool) -> Option<String> {
        if self.risk == Risk::HumanOnly {
            return Some(self.name.to_owned());
        }
        let arg = self.args.iter().find(|arg| arg.human_only && given(arg))?;
        Some(match arg.form {
            Form::Positional | Form::Several => format!("{} {}", self.name, arg.name.to_uppercase()),
            Form::Option | Form::Repeated => format!("{} --{}", self.name, arg.name),
        })
    }
}

impl Form {
    /// Whether it is written by position.
    pub const fn is_positional(self) -> bool {
        matches!(self, Form::Positional | Form::Several)
    }
}

impl Arg {
    /// A positional argument that is given once or more.
    pub const fn several(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
        Arg { name, kind, form: Form::Several, required: true, human_only: false, doc }
    }

    /// A positional argument that is given any number of times.
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
