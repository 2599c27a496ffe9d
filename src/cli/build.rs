//! The command line for clap, built only from the table of actions.
//!
//! No verb, argument or help text is written here a second time: a row of [`ACTIONS`] becomes a sub-command, and its
//! arguments become clap arguments.

use super::parse;
use crate::action::{self, ACTIONS, Arg, ArgKind, Form, Group, Spec, Verb};
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg as ClapArg, ArgAction, Command, ValueHint};
use std::fmt::Write;

/// Width of the column of verb names in the help.
const NAME_COLUMN: usize = 17;
/// Width of the list of verbs: that of the narrowest common terminal.
const HELP_WIDTH: usize = 80;

/// Width of the column of headings in the short help.
const GROUP_COLUMN: usize = 19;

/// Ids of the arguments of every verb.
pub(super) mod global {
    pub(crate) const WORKSPACE: &str = "workspace";
    pub(crate) const JSON: &str = "json";
    pub(crate) const NO_COLOR: &str = "no-color";
    /// Whether the screen is for a screen reader.
    pub(crate) const ACCESSIBLE: &str = "accessible";
    pub(crate) const AS_AGENT: &str = "as-agent";
    pub(crate) const MAX_TIER: &str = "max-tier";
    pub(crate) const TOOLS: &str = "tools-in-use";
}

/// The whole command line: global arguments and one sub-command for each row with a command-line front end.
pub fn command() -> Command {
    Command::new("toolsmith")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A terminal workbench for the tools that AI agents write")
        .long_about(env!("CARGO_PKG_DESCRIPTION"))
        .override_usage("toolsmith [OPTIONS] [VERB]")
        .subcommand_value_name("VERB")
        .help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}")
        .after_help(short_overview())
        .after_long_help(format!("{}\n\n{}", overview(), notes()))
        .max_term_width(120)
        .args(globals())
        .subcommands(ACTIONS.iter().filter(|row| row.cli).map(subcommand))
}

/// Every exit code and its meaning.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (1, "the operation failed: for example a run did not succeed, or a check failed"),
    (2, "wrong usage, or an ambiguous name"),
    (3, "conflict: the digest changed, or the review was already decided"),
    (4, "refused by policy, or needs a human at a terminal"),
    (5, "not found"),
    (6, "the required isolation is not available"),
    (70, "internal error, or the state folder cannot be used"),
];

/// Every environment variable that affects a call, and its effect.
pub const VARIABLES: &[(&str, &str)] = &[
    ("TOOLSMITH_HOME", "one folder for settings and state, instead of the user's standard folders"),
    ("TOOLSMITH_AGENT", "name of the calling agent, as --as-agent"),
    ("TOOLSMITH_SESSION", "session name, to which a grant may be limited"),
    ("TOOLSMITH_MAX_TIER", "as --max-tier; the lower of the two applies"),
    ("TOOLSMITH_TOOLS", "only these tools, regardless of --tools"),
    ("TOOLSMITH_STACK", "stack of services; instances of other stacks are not seen"),
    ("TOOLSMITH_LOG", "file to which the workbench appends what happens, without inputs and outputs"),
    ("NO_COLOR", "as --no-color"),
    ("ACCESSIBLE", "as --accessible"),
];

/// The notes of the long help and the manual page, in addition to the verbs.
pub(super) fn notes() -> String {
    let mut text = "Exit codes:".to_owned();
    for (code, meaning) in EXIT_CODES {
        let _ = write!(text, "\n  {code:<4}{meaning}");
    }
    text.push_str("\n\nEnvironment:");
    for (name, meaning) in VARIABLES {
        let _ = write!(text, "\n  {name:20}{meaning}");
    }
    text
}

/// The verbs that a new user needs first, in this order.
const MOST_USED: [Verb; 9] = [
    Verb::Init,
    Verb::List,
    Verb::Show,
    Verb::Run,
    Verb::Reviews,
    Verb::Review,
    Verb::Approve,
    Verb::Undo,
    Verb::Doctor,
];

/// The verbs in `-h`: the most used verbs, and the names of all others. The text fits a small terminal.
fn short_overview() -> String {
    let mut text = String::from("Without a verb, the workbench opens. Most used verbs:");
    for verb in MOST_USED {
        let row = action::spec(verb);
        let _ = write!(text, "\n  {:NAME_COLUMN$}{}", row.name, shortened(row.doc));
    }
    text.push_str("\n\nAll verbs; `toolsmith help all` explains them, `toolsmith help VERB` one:");
    for (group, rows) in groups() {
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let heading = heading(group);
        let room = HELP_WIDTH - 2 - GROUP_COLUMN;
        let _ = write!(text, "\n  {heading:GROUP_COLUMN$}{}", first_words(&names.join(", "), room));
    }
    text
}

/// The first part of a doc, without its details.
fn shortened(doc: &str) -> &str {
    doc.split([':', ';']).next().unwrap_or(doc)
}

/// As many words as fit; `…` replaces the others.
fn first_words(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for word in text.split_inclusive(' ') {
        if short.chars().count() + word.trim_end().chars().count() + 2 > room {
            break;
        }
        short.push_str(word);
    }
    short + "…"
}

/// The groups with command-line verbs, and these verbs.
pub(super) fn groups() -> impl Iterator<Item = (Group, Vec<&'static Spec>)> {
    GROUPS.iter().filter_map(|group| {
        let rows: Vec<&Spec> = ACTIONS.iter().filter(|row| row.cli && row.group == *group).collect();
        (!rows.is_empty()).then_some((*group, rows))
    })
}

/// The verbs under their headings.
pub(super) fn overview() -> String {
    let mut text = String::from("Without a verb, the workbench opens.");
    for (group, rows) in groups() {
        let _ = write!(text, "\n\n{}:", heading(group));
        for row in rows {
            let _ = write!(text, "\n  {:NAME_COLUMN$}{}", row.name, hang(row.doc));
        }
    }
    text
}

/// Breaks a doc into help lines, aligned below the first line.
fn hang(doc: &str) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for word in doc.split(' ') {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > HELP_WIDTH - 2 - NAME_COLUMN {
            let _ = write!(text, "\n{:1$}", "", 2 + NAME_COLUMN);
            used = 0;
        }
        let gap = if used > 0 { " " } else { "" };
        let _ = write!(text, "{gap}{word}");
        used += gap.len() + long;
    }
    text
}

/// The groups in the order of the help.
const GROUPS: &[Group] = &[
    Group::Catalog,
    Group::Run,
    Group::Make,
    Group::Services,
    Group::Review,
    Group::Lifecycle,
    Group::History,
    Group::Workbench,
    Group::Motion,
];

/// The heading of a group.
pub(super) fn heading(group: Group) -> &'static str {
    match group {
        Group::Catalog => "Inspect tools",
        Group::Run => "Run tools",
        Group::Services => "Services",
        Group::Review => "Decide",
        Group::Make => "Make tools",
        Group::Lifecycle => "Stages and access",
        Group::History => "History",
        Group::Workbench => "The program",
        Group::Motion => "Navigation",
    }
}

/// The command-line form of a verb, for example `run TOOL [--input JSON] [--set KEY=VALUE]…`.
pub(super) fn usage(row: &Spec) -> String {
    row.args.iter().fold(row.name.to_owned(), |mut text, arg| {
        let written = if arg.required { written(arg) } else { format!("[{}]", written(arg)) };
        let more = if matches!(arg.form, Form::Repeated | Form::Several) { "…" } else { "" };
        let _ = write!(text, " {written}{more}");
        text
    })
}

/// The form of a single argument.
pub(super) fn written(arg: &Arg) -> String {
    match (arg.form, arg.kind) {
        (Form::Positional | Form::Several, _) => value_name(arg),
        (_, ArgKind::Switch) => format!("--{}", arg.name),
        (Form::Option | Form::Repeated, _) => format!("--{} {}", arg.name, value_name(arg)),
    }
}

fn globals() -> [ClapArg; 7] {
    [
        ClapArg::new(global::WORKSPACE)
            .long("workspace")
            .value_name("DIR")
            .value_parser(ValueParser::path_buf())
            .value_hint(ValueHint::DirPath)
            .help("Workspace folder; default is the nearest one upwards"),
        ClapArg::new(global::JSON).long("json").action(ArgAction::SetTrue).help("Print exactly one JSON object"),
        ClapArg::new(global::NO_COLOR)
            .hide_short_help(true)
            .long("no-color")
            .action(ArgAction::SetTrue)
            .help("No colours, even on a terminal"),
        ClapArg::new(global::ACCESSIBLE)
            .hide_short_help(true)
            .long("accessible")
            .action(ArgAction::SetTrue)
            .help("For screen readers: words instead of symbols, no boxes, no colours, no animation"),
        ClapArg::new(global::AS_AGENT)
            .hide_short_help(true)
            .long("as-agent")
            .value_name("NAME")
            .value_parser(crate::domain::agent_name)
            .help("Act as this agent, with the permissions of an agent"),
        ClapArg::new(global::MAX_TIER)
            .hide_short_help(true)
            .long("max-tier")
            .value_name("TIER")
            .value_parser(PossibleValuesParser::new(["low", "medium", "high"]))
            .help("Highest cost tier that may run"),
        ClapArg::new(global::TOOLS)
            .hide_short_help(true)
            .long("tools")
            .value_name("NAME,NAME…")
            .help("Offer and run only these tools: names, sets, or minimal, default, full"),
    ]
    .map(|arg| arg.global(true).help_heading("Global options"))
}

fn subcommand(row: &Spec) -> Command {
    Command::new(row.name).about(row.doc).args(row.args.iter().map(argument))
}

fn argument(arg: &Arg) -> ClapArg {
    let clap_arg = ClapArg::new(arg.name).help(arg.doc);
    if arg.kind == ArgKind::Switch {
        return clap_arg.long(arg.name).action(ArgAction::SetTrue);
    }
    let clap_arg = typed(clap_arg, arg.kind).value_name(value_name(arg)).required(arg.required);
    match arg.form {
        Form::Positional => clap_arg,
        Form::Several => clap_arg.num_args(1..).action(ArgAction::Append),
        Form::Option => clap_arg.long(arg.name),
        Form::Repeated => clap_arg.long(arg.name).action(ArgAction::Append),
    }
}

fn typed(clap_arg: ClapArg, kind: ArgKind) -> ClapArg {
    match kind {
        ArgKind::Tool
        | ArgKind::Instance
        | ArgKind::RunOrInstance
        | ArgKind::Failure
        | ArgKind::Named(_)
        | ArgKind::Text
        | ArgKind::Json
        | ArgKind::Switch => clap_arg,
        ArgKind::Arguments => clap_arg.allow_hyphen_values(true),
        ArgKind::Run => clap_arg.value_parser(|text: &str| parse::id_of(text, "a run", "runs")),
        ArgKind::Review => clap_arg.value_parser(|text: &str| parse::id_of(text, "a review", "reviews")),
        ArgKind::Operation => clap_arg.value_parser(|text: &str| parse::id_of(text, "an operation", "log")),
        ArgKind::Numbered(_) => clap_arg.value_parser(parse::id),
        ArgKind::KeyValue => clap_arg.value_parser(parse::key_value),
        ArgKind::Path => clap_arg.value_parser(ValueParser::path_buf()).value_hint(ValueHint::AnyPath),
        ArgKind::Word(words) => clap_arg.value_parser(PossibleValuesParser::new(words.iter().copied())),
        ArgKind::Duration => clap_arg.value_parser(parse::duration),
        ArgKind::Number => clap_arg.value_parser(parse::count),
        ArgKind::Count => clap_arg.value_parser(clap::value_parser!(u64)),
        ArgKind::Digest => clap_arg.value_parser(parse::digest_prefix),
        ArgKind::ReviewDigest => clap_arg.value_parser(parse::review_digest),
    }
}

/// The placeholder of the value in the help.
fn value_name(arg: &Arg) -> String {
    match (arg.form, arg.kind) {
        (_, ArgKind::KeyValue) => "KEY=VALUE".to_owned(),
        (_, ArgKind::ReviewDigest) => format!("{}[=PREFIX]", arg.name.to_uppercase()),
        (Form::Positional | Form::Several, _)
        | (
            _,
            ArgKind::Text
            | ArgKind::Word(_)
            | ArgKind::Tool
            | ArgKind::Instance
            | ArgKind::RunOrInstance
            | ArgKind::Failure
            | ArgKind::Named(_)
            | ArgKind::Arguments,
        ) => arg.name.to_uppercase(),
        (_, ArgKind::Json) => "JSON".to_owned(),
        (_, ArgKind::Duration) => "DURATION".to_owned(),
        (_, ArgKind::Number | ArgKind::Numbered(_) | ArgKind::Count) => "N".to_owned(),
        (_, ArgKind::Digest) => "PREFIX".to_owned(),
        (_, ArgKind::Path) => "PATH".to_owned(),
        (_, ArgKind::Run | ArgKind::Review | ArgKind::Operation) => "ID".to_owned(),
        (_, ArgKind::Switch) => String::new(),
    }
}
