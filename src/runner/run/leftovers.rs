//! The files of a run besides its output: files that are kept for the next run, and files that are dropped with its
//! scratch folder.

use crate::domain::{Answer, Difference, Observation, RunEnd, Touch};
use crate::runner::tool_state::{KeptState, StateEnd, StateView};
use std::os::fd::OwnedFd;

/// How many names of dropped files a note lists.
const MAX_NAMES: usize = 3;

/// Cache folders, and extensions of temporary files.
const CACHES: [&str; 3] = ["__pycache__", "node_modules", "site-packages"];
const PASSING: [&str; 4] = [".pyc", ".tmp", ".lock", ".pid"];

/// Keeps the state of a run for the next one. Returns the end of the run, which changes if the state is too large.
pub(super) fn keep(
    (state, from): (Option<&KeptState>, Option<&OwnedFd>),
    end: RunEnd,
    notes: &mut Vec<String>,
) -> RunEnd {
    let (Some(state), Some(from)) = (state, from) else { return end };
    match state.take_back(from) {
        StateEnd::Kept(more) => notes.extend(more),
        StateEnd::Lost(why) => notes.push(format!("its kept files stay as they were before this run: {why}")),
        StateEnd::Over(message) => match end {
            RunEnd::Succeeded { .. } | RunEnd::Failed { .. } | RunEnd::InvalidOutput { .. } => {
                return RunEnd::LimitExceeded { limit: "state".to_owned(), message };
            }
            _ => notes.push(message),
        },
    }
    end
}

/// A note that names the files that were dropped, and how to keep them; `None` if there are none.
pub(super) fn dropped(observation: &Observation, state: Option<&StateView>) -> Option<String> {
    let is_kept = |path: &str| state.is_some_and(|view| view.paths.iter().any(|kept| kept.covers(path)));
    let written = observation.changes.iter().filter(|change| change.difference == Difference::Created);
    let written = written.filter(|change| change.digest.is_some() || change.bytes > 0);
    let written = written.filter_map(|change| change.path.strip_prefix("{scratch}/"));
    // The tool's folder is read-only, so files that belong there cannot be created.
    let refused = observation
        .attempts
        .iter()
        .filter(|attempt| attempt.touch == Touch::Write && matches!(attempt.answer, Answer::Denied | Answer::Missing));
    let refused = refused.filter_map(|attempt| attempt.target.strip_prefix("{tool}/"));
    let mut found: Vec<&str> = Vec::new();
    for path in written.chain(refused) {
        if !is_kept(path) && !is_passing(path) && !found.contains(&path) {
            found.push(path);
        }
    }
    let first = found.first()?;
    let listed = found[..found.len().min(MAX_NAMES)].join(", ");
    let more = found.len().saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let path = first.rsplit_once('/').map_or(*first, |(folder, _)| folder);
    Some(format!("not kept: {listed}{more} (to keep it between runs, declare [state] path = \"{path}\")"))
}

/// Whether a file is part of a cache, or temporary.
fn is_passing(path: &str) -> bool {
    let mut names = path.split('/');
    names.any(|name| name.starts_with('.') || name.starts_with("tmp") || CACHES.contains(&name))
        || PASSING.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attempt, Digest, FileChange, StatePath};

    fn seen(created: &[&str], refused: &[&str]) -> Observation {
        let change = |path: &&str| FileChange {
            path: (*path).to_owned(),
            difference: Difference::Created,
            bytes: 1,
            digest: Some(Digest::of_bytes(b"x")),
        };
        let attempt = |target: &&str| Attempt {
            touch: Touch::Write,
            target: (*target).to_owned(),
            answer: Answer::Denied,
            count: 1,
        };
        Observation {
            changes: created.iter().map(change).collect(),
            attempts: refused.iter().map(attempt).collect(),
            ..Observation::off("")
        }
    }

    #[test]
    fn files_that_are_dropped_are_named_with_what_keeps_them() {
        let view = StateView { paths: vec![StatePath::parse("data").unwrap()], max_bytes: 1 };
        let note = dropped(&seen(&["{scratch}/temp/buffers/a.pkl", "{scratch}/data/x"], &[]), Some(&view)).unwrap();
        assert_eq!(
            note,
            "not kept: temp/buffers/a.pkl (to keep it between runs, declare [state] path = \"temp/buffers\")"
        );
        let note = dropped(&seen(&[], &["{tool}/buffer.json"]), None).unwrap();
        assert_eq!(note, "not kept: buffer.json (to keep it between runs, declare [state] path = \"buffer.json\")");
        let many = ["{scratch}/a", "{scratch}/b", "{scratch}/c", "{scratch}/d", "{scratch}/e"];
        assert!(dropped(&seen(&many, &[]), None).unwrap().starts_with("not kept: a, b, c and 2 more ("));
    }

    #[test]
    fn caches_and_files_elsewhere_are_not_missed() {
        let passing = ["{scratch}/.cache/x", "{scratch}/tmpab12", "{scratch}/a/__pycache__/x.pyc", "{workspace}/out/x"];
        assert_eq!(dropped(&seen(&passing, &["/etc/x"]), None), None);
    }
}
