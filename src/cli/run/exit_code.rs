//! The exit code of a run.

use crate::domain::{Run, RunOutcome};
use crate::engine::ErrorCode;

/// The exit code for a run that has ended.
pub(super) fn of(run: &Run) -> u8 {
    if run.lacked_isolation() { ErrorCode::IsolationMissing.exit_code() } else { of_outcome(run.outcome) }
}

/// The exit code for the outcome of a run.
fn of_outcome(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Succeeded => 0,
        RunOutcome::Refused => ErrorCode::Refused.exit_code(),
        RunOutcome::Running
        | RunOutcome::Failed
        | RunOutcome::TimedOut
        | RunOutcome::Cancelled
        | RunOutcome::Killed
        | RunOutcome::LimitExceeded
        | RunOutcome::InvalidInput
        | RunOutcome::InvalidOutput
        | RunOutcome::SpawnFailed
        | RunOutcome::Interrupted => ErrorCode::Failed.exit_code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_zero_and_a_refusal_is_told_apart() {
        let codes = RunOutcome::ALL.iter().map(|outcome| (outcome.word(), of_outcome(*outcome)));
        let not_one: Vec<_> = codes.filter(|(_, code)| *code != 1).collect();
        assert_eq!(not_one, [("succeeded", 0), ("refused", 4)]);
    }
}
