//! Recorded inputs, run on a version and on its successor, with both results.

use super::ids::RunId;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The comparison for a recorded input. The order is from worst to best.
    ReplayOutcome {
        /// It succeeded before and fails now.
        Broken = "broken",
        /// It failed before and succeeds now, but without the wanted result: the failure is only hidden.
        Hidden = "hidden",
        /// It succeeds as before with a different result, or fails as before in a different way.
        Changed = "changed",
        /// Same outcome and same result as before.
        Same = "same",
        /// The recorded run cannot be repeated here, so it counts neither for nor against the new version.
        NotRepeated = "not-repeated",
        /// It was accepted before and does not fit the input schema of the new version, as requested.
        LeftOut = "left-out",
        /// It failed before and is now refused with a message, as the request or the failure permits.
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
    /// The result of the comparison.
    pub outcome: ReplayOutcome,
    /// Whether the user chose this failure to be fixed.
    #[serde(default)]
    pub chosen: bool,
    /// The input, as JSON or as command-line words.
    pub input: String,
    /// How it ended on the old version, and the end of its output. If the run cannot be repeated here, why.
    pub before: String,
    /// The same for the new version.
    pub after: String,
    /// The difference of the outputs, in lines; empty if there is none.
    #[serde(default)]
    pub difference: String,
}

/// Maximum length of a quoted line, in characters.
const MAX_QUOTED: usize = 100;

impl Replayed {
    /// Both results in one line; for a run that cannot be repeated here, only why.
    pub fn summary(&self) -> String {
        match self.outcome {
            ReplayOutcome::NotRepeated => self.before.lines().next().unwrap_or_default().to_owned(),
            _ => format!("{} → {}", self.was(), self.is_now()),
        }
    }

    /// How it ended on the old version, in one line.
    pub fn was(&self) -> String {
        line(&self.before)
    }

    /// How it ended on the new version, in one line, with the output if it succeeded.
    pub fn is_now(&self) -> String {
        line(&self.after)
    }
}

/// How a run ended, and the first line of its output if it succeeded.
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
