//! Recorded inputs, run on a version and on a better one: what came of each side by side.

use super::ids::RunId;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// What became of a recorded input. The order is from worst to best.
    ReplayOutcome {
        /// It succeeded before and fails now.
        Broken = "broken",
        /// It failed before and succeeds now, but without the result that is wanted: the failure is only hidden.
        Hidden = "hidden",
        /// It succeeds as before, with another result; or fails as before, in another way.
        Changed = "changed",
        /// Same outcome and same result as before.
        Same = "same",
        /// It was taken before and does not fit the input schema of the new version, as requested.
        LeftOut = "left-out",
        /// It failed before and is refused with a message now, as the request or the failure allows.
        Refused = "refused",
        /// It failed before and succeeds now.
        Fixed = "fixed",
    }
);

/// One recorded input on both versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The run that it was recorded in.
    pub run: RunId,
    /// What became of it.
    pub outcome: ReplayOutcome,
    /// Whether it is a failure that the user chose to have fixed.
    #[serde(default)]
    pub chosen: bool,
    /// The input, as JSON or as the words of the command line.
    pub input: String,
    /// How it ended on the version before, and the end of its output.
    pub before: String,
    /// The same of the new version.
    pub after: String,
    /// The difference of the outputs, in lines; empty where there is none.
    #[serde(default)]
    pub difference: String,
}

/// Longest line that is quoted, in characters.
const MAX_QUOTED: usize = 100;

impl Replayed {
    /// How it ended on the version before, in one line.
    pub fn was(&self) -> String {
        line(&self.before)
    }

    /// How it ended on the new version, in one line; with what came back where it succeeded.
    pub fn is_now(&self) -> String {
        line(&self.after)
    }
}

/// How a run ended, and the first line of its output where it succeeded.
fn line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let ended = lines.next().unwrap_or_default();
    let said = if ended == "succeeded" {
        lines.next().map_or_else(|| "succeeded, no output".to_owned(), |output| format!("{ended}: {output}"))
    } else {
        ended.to_owned()
    };
    if said.chars().count() <= MAX_QUOTED {
        return said;
    }
    said.chars().take(MAX_QUOTED).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn what_came_back_stands_beside_how_it_ended() {
        assert_eq!(line("succeeded\n{\"a\": 1}\n2"), "succeeded: {\"a\": 1}");
        assert_eq!(line("succeeded"), "succeeded, no output");
        assert_eq!(line("failed: NameError\nTraceback"), "failed: NameError");
        assert_eq!(line(&format!("succeeded\n{}", "x".repeat(200))).chars().count(), 101);
    }
}
