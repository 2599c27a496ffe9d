//! The single declaration of every verb.
//!
//! Keymap, footer hints, `?` help, palette, command-line sub-commands and the reference in `docs/` are derived from
//! [`ACTIONS`]. A new verb needs one row here and its handler.

mod agents;
mod arg;
pub mod boxes;
mod choices;
mod common;
mod dry;
pub mod forms;
mod keys;
mod meaning;
mod reach;
mod spec;
mod table;

pub use agents::{Agents, Effects, MOST_WAIT_S};
pub use arg::{Arg, ArgKind, Form};
pub use boxes::{BOX_ROWS, BoxRow};
pub use dry::NO_DRY_RUN;
pub use keys::{FOCUSABLE, KeyFault, KeyText, KeyWish, settled_keys, works_in};
pub use meaning::{MEANINGS, Meaning};
pub use spec::{Context, Group, Risk, Spec};
pub use table::{ACTIONS, Verb};

/// The row of a verb.
pub fn spec(verb: Verb) -> &'static Spec {
    // INVARIANT: the table has one row for each verb, in declaration order (see the table tests).
    &ACTIONS[verb as usize]
}

/// The row with this name.
pub fn by_name(name: &str) -> Option<&'static Spec> {
    ACTIONS.iter().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests;
