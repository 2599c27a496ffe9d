//! What undoing an operation changes, in words, for the question before the undo.

use super::placed::Placed;
use super::undo_note::UndoNote;
use crate::domain::{ReviewId, count};

impl UndoNote {
    /// The effects of undo on files and approvals, one sentence each; empty if the change has no own text.
    pub fn effects(&self) -> Vec<String> {
        match self {
            UndoNote::Approve { before, after, replaced, .. } => {
                let mut lines = vec![back(after, before)];
                lines.extend(replaced.as_deref().map(|old| format!("put back {}", named(old))));
                lines.push(format!("the approval of {} ends", version(after)));
                lines
            }
            UndoNote::PutAway { before, after, .. } | UndoNote::Move { before, after, .. } => vec![back(after, before)],
            UndoNote::Adopt { members, .. } => {
                let names: Vec<&str> = members.iter().map(|(tool, _)| tool.as_str()).collect();
                vec![format!("the approvals of {} end: {}", count(names.len(), "tool"), names.join(", "))]
            }
            UndoNote::Vouch { tool, digest } => vec![format!("the approval of {tool} {} ends", digest.short())],
            UndoNote::Rollback { before, after, approved, taken, .. } => {
                let mut lines = vec![instead(before, after)];
                lines.extend(taken.iter().map(|old| format!("put back {}", named(old))));
                lines.extend(approved.then(|| format!("the approval of {} ends", version(after))));
                lines
            }
            UndoNote::RestoreFiles { before: Some(before), after } => vec![instead(before, after)],
            UndoNote::RestoreFiles { before: None, after } => {
                vec![format!("set aside the files of {} again", named(after))]
            }
            UndoNote::Fork { before, after, fork } => vec![instead(before, after), removed(fork)],
            UndoNote::Post { wrote, .. } => wrote.iter().map(removed).collect(),
            UndoNote::Trim { taken, .. } => taken.iter().map(|old| format!("put back {}", named(old))).collect(),
            UndoNote::Apply { step } => {
                let paths: Vec<String> = step.edits.iter().map(|edit| edit.path.display().to_string()).collect();
                vec![format!("restored as before run {}: {}", step.run, paths.join(", "))]
            }
            _ => Vec::new(),
        }
    }

    /// The reviews that undo makes pending again.
    pub fn reopens(&self) -> Vec<ReviewId> {
        match self {
            UndoNote::Approve { review, closed, .. } | UndoNote::PutAway { review, closed, .. } => {
                std::iter::once(review).chain(closed).copied().collect()
            }
            UndoNote::Adopt { review, .. }
            | UndoNote::Decline { review }
            | UndoNote::Vote { review }
            | UndoNote::Agree { review } => vec![*review],
            UndoNote::Deprecate { review, .. } => review.iter().copied().collect(),
            UndoNote::Post { replaced, .. } => replaced.iter().copied().collect(),
            UndoNote::Move { closed, .. } | UndoNote::Rollback { closed, .. } | UndoNote::Trim { closed, .. } => {
                closed.clone()
            }
            _ => Vec::new(),
        }
    }

    /// The review that undo closes, because the operation opened it.
    pub fn closes(&self) -> Option<ReviewId> {
        match self {
            UndoNote::Post { review, .. } | UndoNote::Propose { review } => Some(*review),
            _ => None,
        }
    }
}

/// The move of a version back to its previous place.
fn back(from: &Placed, to: &Placed) -> String {
    match to.placement.entry() {
        _ if from.placement == to.placement => format!("{} does not move", place(to)),
        Some((file, _)) => format!("remove {}; {file} stays as it is", place(from)),
        None => format!("move {} → {}", place(from), to.placement.base),
    }
}

/// The replacement of the content of a place. Digests distinguish versions with the same number.
fn instead(back: &Placed, now: &Placed) -> String {
    let of = |placed: &Placed| format!("{} {}", version(placed), placed.digest.short());
    if back.digest == now.digest {
        return format!("put back approval.toml in {}", place(back));
    }
    format!("put back {} in {}; it replaces {}", of(back), place(back), of(now))
}

/// The bytes of each version are kept, so that a removed one can be restored.
fn removed(placed: &Placed) -> String {
    format!("remove {}; `toolsmith source {}@{}` still shows it", place(placed), placed.tool, placed.digest.short())
}

fn version(placed: &Placed) -> String {
    format!("{} {}", placed.tool, placed.version)
}

fn named(placed: &Placed) -> String {
    format!("{} in {}", version(placed), place(placed))
}

/// The folder of a version, or its files if the folder is shared.
fn place(placed: &Placed) -> String {
    let base = &placed.placement.base;
    match (placed.placement.exclusive, placed.files.as_slice()) {
        (true, _) | (false, []) => base.clone(),
        (false, [file]) => format!("{base}/{file}"),
        (false, [file, others @ ..]) => {
            format!("{base}/{file} and {}", count(others.len(), "other file"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, Placement, Stage};

    fn placed(base: &str, exclusive: bool, files: &[&str], letter: char) -> Placed {
        Placed {
            tool: "a".parse().unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: letter.to_string().repeat(64).parse::<Digest>().unwrap(),
            stage: Stage::Experimental,
            placement: Placement { base: base.to_owned(), exclusive },
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            approval: super::super::placed::Beside::Unknown,
        }
    }

    #[test]
    fn files_that_undo_removes_or_puts_back_are_named() {
        let script = placed("tools/experimental", false, &["a.py", "a.toml"], 'a');
        let approved = placed("tools/approved/a", true, &["a.py", "a.toml"], 'a');
        let changed = placed("tools/approved/a", true, &["a.py", "a.toml"], 'b');
        let post = UndoNote::Post { review: ReviewId(4), wrote: Some(script.clone()), replaced: Some(ReviewId(3)) };
        let removed =
            "remove tools/experimental/a.py and 1 other file; `toolsmith source a@aaaaaaaaaaaa` still shows it";
        assert_eq!(post.effects(), [removed]);
        assert_eq!((post.closes(), post.reopens()), (Some(ReviewId(4)), vec![ReviewId(3)]));
        let restored = UndoNote::RestoreFiles { before: Some(changed.clone()), after: approved.clone() };
        let exchange = "put back a 1.0.0 bbbbbbbbbbbb in tools/approved/a; it replaces a 1.0.0 aaaaaaaaaaaa";
        assert_eq!(restored.effects(), [exchange]);
        let fork = UndoNote::Fork { before: changed, after: approved.clone(), fork: script.clone() };
        assert_eq!(fork.effects(), [exchange, removed]);
        let trim = UndoNote::Trim { taken: vec![script.clone()], closed: vec![] };
        assert_eq!(trim.effects(), ["put back a 1.0.0 in tools/experimental/a.py and 1 other file"]);
        let moved = UndoNote::Move { before: script, after: approved, closed: vec![ReviewId(2)] };
        assert_eq!(moved.effects(), ["move tools/approved/a → tools/experimental"]);
        assert_eq!(moved.reopens(), [ReviewId(2)]);
    }
}
