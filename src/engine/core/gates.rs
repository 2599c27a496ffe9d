//! Gates: which failed checks block approval.
//!
//! A check without a configured gate has the one from the table of checks. A workspace can make a gate stricter than
//! the user's, never looser.

use crate::domain::{CheckReport, CheckState, Gate, Stage, Verdict};
use std::collections::BTreeMap;

/// The gates of all checks, for each stage that an approval leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gates {
    usual: BTreeMap<&'static str, Gate>,
    user: BTreeMap<(String, Stage), Gate>,
    workspace: BTreeMap<(String, Stage), Gate>,
}

impl Gates {
    /// The default gates of checks; a check that is not listed blocks.
    pub fn usual(checks: impl IntoIterator<Item = (&'static str, Gate)>) -> Gates {
        Gates { usual: checks.into_iter().collect(), ..Gates::default() }
    }

    /// The gate of a check for a target stage.
    pub fn of(&self, check: &str, to: Stage) -> Gate {
        let key = (check.to_owned(), to);
        let usual = || self.usual.get(check).copied().unwrap_or(Gate::Block);
        let user = self.user.get(&key).copied().unwrap_or_else(usual);
        self.workspace.get(&key).map_or(user, |workspace| user.min(*workspace))
    }

    /// Sets a gate by a user setting.
    pub fn set(&mut self, check: &str, to: Stage, gate: Gate) {
        self.user.insert((check.to_owned(), to), gate);
    }

    /// Sets a gate by a workspace setting: the stricter of the two applies.
    pub fn tighten(&mut self, check: &str, to: Stage, gate: Gate) {
        self.workspace.insert((check.to_owned(), to), gate);
    }

    /// Whether a check is run at all, that is, its gate is not off for every stage.
    pub fn makes(&self, check: &str) -> bool {
        [Stage::Approved, Stage::Core].into_iter().any(|to| self.of(check, to) != Gate::Off)
    }

    /// The checks of a complete verdict that block approval for a stage.
    pub fn blocking<'a>(&self, verdict: &'a Verdict, to: Stage) -> Vec<&'a CheckReport> {
        let blocks = |check: &CheckReport| match (self.of(&check.name, to), check.state) {
            (Gate::Require, CheckState::Passed | CheckState::Warned) => false,
            (Gate::Require, _) | (Gate::Block, CheckState::Failed | CheckState::Running) => true,
            (Gate::Block | Gate::Show | Gate::Off, _) => false,
        };
        verdict.checks.iter().filter(|check| blocks(check)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Instant;

    #[test]
    fn each_gate_lets_through_what_its_word_says() {
        use CheckState::{Failed, Passed, Running, Skipped, Unavailable, Warned};
        for (gate, stopped) in [
            (Gate::Require, &[Running, Failed, Skipped, Unavailable][..]),
            (Gate::Block, &[Running, Failed]),
            (Gate::Show, &[]),
            (Gate::Off, &[]),
        ] {
            let mut gates = Gates::default();
            gates.set("syntax", Stage::Approved, gate);
            for state in [Running, Passed, Warned, Failed, Skipped, Unavailable] {
                let report = CheckReport { state, ..CheckReport::of("syntax", vec![]) };
                let verdict = Verdict::of(vec![report], None, Instant(0));
                let blocked = !gates.blocking(&verdict, Stage::Approved).is_empty();
                assert_eq!(blocked, stopped.contains(&state), "{gate} {state}");
                let others = gates.blocking(&verdict, Stage::Core).len();
                assert_eq!(others, usize::from([Failed, Running].contains(&state)), "another stage has its own gate");
            }
        }
    }

    #[test]
    fn a_workspace_makes_a_gate_stricter_and_never_looser() {
        for user in Gate::ALL {
            for workspace in Gate::ALL {
                let mut gates = Gates::default();
                gates.set("x", Stage::Core, *user);
                gates.tighten("x", Stage::Core, *workspace);
                assert_eq!(gates.of("x", Stage::Core), *user.min(workspace));
            }
        }
        let mut gates = Gates::default();
        gates.tighten("x", Stage::Core, Gate::Off);
        assert_eq!(gates.of("x", Stage::Core), Gate::Block, "what the user did not set blocks");
        assert!(gates.makes("x"));
    }

    #[test]
    fn a_check_is_made_while_it_is_on_for_any_stage() {
        for (approved, core, made) in
            [(Gate::Off, Gate::Off, false), (Gate::Off, Gate::Show, true), (Gate::Show, Gate::Off, true)]
        {
            let mut gates = Gates::default();
            gates.set("x", Stage::Approved, approved);
            gates.set("x", Stage::Core, core);
            assert_eq!(gates.makes("x"), made, "{approved} {core}");
        }
    }

    #[test]
    fn a_check_that_nobody_set_a_gate_for_has_its_own() {
        let gates = Gates::usual([("manifest", Gate::Block), ("duplicates", Gate::Show)]);
        for (check, usual) in [("manifest", Gate::Block), ("duplicates", Gate::Show), ("unheard-of", Gate::Block)] {
            assert_eq!(gates.of(check, Stage::Approved), usual, "{check}");
        }
    }
}
