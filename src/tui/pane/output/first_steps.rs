//! The content of the pane for a new user, while there is no run.

use crate::action::Verb;
use crate::tui::keymap::Keymap;
use crate::tui::phrase;

/// The first steps of a new user; each is checked off when done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSteps {
    /// There is a tool.
    pub landed: bool,
    /// A tool was run.
    pub has_run: bool,
    /// A review was read to its end.
    pub has_read: bool,
    /// A tool was approved.
    pub approved: bool,
    /// Tools that came with the folder and have a pending adoption.
    pub to_adopt: usize,
    /// How many of them are starter tools.
    pub starters: usize,
}

impl FirstSteps {
    /// Whether no step is left.
    pub fn are_done(&self) -> bool {
        self.landed && self.has_run && self.has_read && self.approved
    }

    /// The steps as sentences, with the active keys.
    pub fn sentences(&self, keymap: &Keymap) -> Vec<String> {
        let key = |verb| keymap.key(verb);
        // The sample is for a workspace without tools.
        let sample = if self.landed { String::new() } else { format!(" (press {} for a sample)", key(Verb::Init)) };
        let steps = [
            (self.landed, format!("let a script land in tools/experimental/{sample}")),
            (self.has_run, format!("run it: select it and press {}", key(Verb::Run))),
            (
                self.has_read,
                format!(
                    "read its review: {}, then {}; {} turns the pages",
                    key(Verb::FocusReviews),
                    key(Verb::Review),
                    key(Verb::ReadOn)
                ),
            ),
            (self.approved, format!("approve it: {} in the review", key(Verb::Approve))),
        ];
        let mut lines = vec!["First steps".to_owned(), String::new()];
        for (number, (is_done, text)) in (1..).zip(steps) {
            lines.push(format!("{} {number}. {text}", if is_done { "✓" } else { "□" }));
        }
        if self.to_adopt > 0 {
            let came = phrase::plural(self.to_adopt, "tool came", "tools came");
            let (set, other) = (key(Verb::Starter), key(Verb::Promote));
            let how = match self.starters {
                0 => format!("{other} on one opens the review that adopts them"),
                all if all == self.to_adopt => format!("{set} adopts them all"),
                some => {
                    let set_of = phrase::plural(some, "starter tool", "starter tools");
                    format!("{set} adopts the {set_of}, {other} on one opens the review of the others")
                }
            };
            lines.push(String::new());
            lines.push(format!("{came} with this folder and run without permissions: {how}"));
        }
        lines
    }
}
