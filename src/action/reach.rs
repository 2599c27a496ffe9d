//! Where a verb is available, according to its row in the table.

use super::agents::Agents;

/// The agents' side of a row; most have none.
pub(super) const fn side(column: &'static [&'static Agents]) -> Option<&'static Agents> {
    match column {
        [side, ..] => Some(side),
        [] => None,
    }
}

/// The front ends of a verb.
#[derive(Clone, Copy)]
pub(super) enum Face {
    /// Command line and screen.
    Both,
    /// Command line only: its effect has no meaning on the screen.
    Shell,
    /// Screen only: it moves the focus or the selection.
    Screen,
}

impl Face {
    pub(super) const fn cli(self) -> bool {
        matches!(self, Face::Both | Face::Shell)
    }
    pub(super) const fn tui(self) -> bool {
        matches!(self, Face::Both | Face::Screen)
    }
}
