//! The structure of a row in the table of actions.

use super::Verb;
use super::agents::Agents;
use super::arg::{Arg, Form};

/// Where a key works. `Global` works everywhere except while text is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere except in text fields.
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
    /// Finding and reading tools.
    Catalog,
    /// Starting, watching and stopping runs.
    Run,
    /// Creating and evolving tools.
    Make,
    /// Launching services and exchanging messages with them.
    Services,
    /// Reviewing versions and deciding.
    Review,
    /// Moving tools through the stages.
    Lifecycle,
    /// The record of past operations.
    History,
    /// Panes, settings, help and quitting.
    Workbench,
    /// Moving around on the screen.
    Motion,
}

/// The effects that a verb can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Risk {
    /// Changes only the screen.
    View,
    /// Changes something that can be undone or repeated.
    Change,
    /// Needs a human at a terminal.
    HumanOnly,
}

/// A row: everything the front ends need to know about a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Unique in the table.
    pub verb: Verb,
    /// Kebab-case name: in help, palette, command line, log and code.
    pub name: &'static str,
    /// Its effect, in one line.
    pub doc: &'static str,
    /// Section of the help screen and of the reference.
    pub group: Group,
    /// The contexts of its keys; empty for verbs without a key (available in the palette).
    pub contexts: &'static [Context],
    /// Default keys, for example `r`, `ctrl-k`, `shift-tab`, `space`.
    pub keys: &'static [&'static str],
    /// In the order of the help; positional arguments are parsed in this order.
    pub args: &'static [Arg],
    /// Its possible effects.
    pub risk: Risk,
    /// Whether it is a sub-command.
    pub cli: bool,
    /// Whether it can be reached on the screen (by key or palette).
    pub tui: bool,
    /// The agents' use over MCP; `None` for verbs that agents cannot use.
    pub agents: Option<&'static Agents>,
}

impl Spec {
    /// The part of a call that is reserved for a human at a terminal, as written: the verb, or the first such argument
    /// for which `given` is true. Only this function decides it.
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
