//! Attempts, counted by what and target, in bounded memory.

use crate::domain::{Answer, Attempt, Touch};
use std::collections::{HashMap, VecDeque};

/// Bytes of a target; the rest is cut with a mark.
const MAX_TARGET: usize = 512;

/// How many distinct attempts of a kind are kept: the first this many, and the last this many after them. Together
/// 1,000. Each kind has its own, so that a flood of one hides none of another.
#[derive(Debug, Clone, Copy)]
struct Quota {
    first: usize,
    last: usize,
}

const FILES: Quota = Quota { first: 560, last: 40 };
const PROGRAMS: Quota = Quota { first: 140, last: 20 };
const ADDRESSES: Quota = Quota { first: 180, last: 20 };
const FORBIDDEN: Quota = Quota { first: 35, last: 5 };

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ObservedAttempt {
    pub(super) touch: Touch,
    pub(super) target: String,
    /// The result of it.
    pub(super) answer: Answer,
}

/// Everything seen of a run.
#[derive(Debug)]
pub(super) struct AttemptLog {
    files: AttemptSeries,
    programs: AttemptSeries,
    addresses: AttemptSeries,
    forbidden: AttemptSeries,
    /// Counts distinct attempts, to put the kinds back into one order.
    turn: u64,
}

/// Attempts of one kind.
#[derive(Debug)]
struct AttemptSeries {
    quota: Quota,
    /// When it was first seen, and how often.
    seen: HashMap<ObservedAttempt, (u64, u64)>,
    /// Those after the first, oldest in front.
    recent: VecDeque<ObservedAttempt>,
    cut: u64,
}

impl AttemptLog {
    pub(super) fn new() -> AttemptLog {
        let kind = |quota| AttemptSeries { quota, seen: HashMap::new(), recent: VecDeque::new(), cut: 0 };
        let (files, programs) = (kind(FILES), kind(PROGRAMS));
        AttemptLog { files, programs, addresses: kind(ADDRESSES), forbidden: kind(FORBIDDEN), turn: 0 }
    }

    /// Counts one more, when it was seen before. Else nothing happens, and it is for the caller to say
    /// whether it is news.
    pub(super) fn repeat(&mut self, found: &ObservedAttempt, times: u64) -> bool {
        let seen = self.kind(found.touch).seen.get_mut(found);
        seen.is_some_and(|(_, count)| {
            *count += times;
            true
        })
    }

    /// Takes in what was not seen before.
    pub(super) fn add(&mut self, found: ObservedAttempt, times: u64) {
        self.turn += 1;
        let turn = self.turn;
        let kind = self.kind(found.touch);
        if kind.seen.len() >= kind.quota.first {
            if kind.recent.len() >= kind.quota.last
                && let Some(oldest) = kind.recent.pop_front()
            {
                kind.seen.remove(&oldest);
                kind.cut += 1;
            }
            kind.recent.push_back(found.clone());
        }
        kind.seen.insert(found, (turn, times));
    }

    /// The attempts in the order in which they were first seen, and how many distinct ones are not among
    /// them (at least: one that comes back after it was dropped counts again).
    pub(super) fn finish(self) -> (Vec<Attempt>, u64) {
        let kinds = [self.files, self.programs, self.addresses, self.forbidden];
        let cut = kinds.iter().map(|kind| kind.cut).sum();
        let mut all: Vec<(u64, Attempt)> = kinds
            .into_iter()
            .flat_map(|kind| kind.seen)
            .map(|(ObservedAttempt { touch, target, answer }, (turn, count))| {
                (turn, Attempt { touch, target, answer, count })
            })
            .collect();
        all.sort_by_key(|(turn, _)| *turn);
        (all.into_iter().map(|(_, attempt)| attempt).collect(), cut)
    }

    fn kind(&mut self, touch: Touch) -> &mut AttemptSeries {
        match touch {
            Touch::Read | Touch::Write | Touch::Delete | Touch::Rename => &mut self.files,
            Touch::Exec => &mut self.programs,
            Touch::Connect | Touch::Listen | Touch::Resolve => &mut self.addresses,
            Touch::Forbidden => &mut self.forbidden,
        }
    }
}

/// Cuts a target to what is kept of it.
pub(super) fn cut(target: String) -> String {
    if target.len() <= MAX_TARGET {
        return target;
    }
    let end = target.floor_char_boundary(MAX_TARGET - '…'.len_utf8());
    format!("{}…", &target[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(touch: Touch, target: &str) -> ObservedAttempt {
        ObservedAttempt { touch, target: target.to_owned(), answer: Answer::Denied }
    }

    fn count(log: &mut AttemptLog, found: &ObservedAttempt) {
        if !log.repeat(found, 1) {
            log.add(found.clone(), 1);
        }
    }

    #[test]
    fn repeats_are_counted_and_the_order_is_that_of_the_first_time() {
        let mut log = AttemptLog::new();
        let (a, b) = (found(Touch::Connect, "a"), found(Touch::Read, "b"));
        for each in [&a, &b, &a, &a] {
            count(&mut log, each);
        }
        let (attempts, cut) = log.finish();
        let short: Vec<_> = attempts.iter().map(|attempt| (attempt.target.as_str(), attempt.count)).collect();
        assert_eq!((short, cut), (vec![("a", 3), ("b", 1)], 0));
    }

    #[test]
    fn a_flood_keeps_its_beginning_and_its_end_and_hides_no_other_kind() {
        let mut log = AttemptLog::new();
        count(&mut log, &found(Touch::Forbidden, "ptrace"));
        for i in 0..100_000 {
            count(&mut log, &found(Touch::Read, &format!("/f/{i}")));
        }
        count(&mut log, &found(Touch::Connect, "192.0.2.1:80"));
        let (attempts, cut) = log.finish();
        let targets: Vec<&str> = attempts.iter().map(|attempt| attempt.target.as_str()).collect();
        assert_eq!((targets.len(), cut), (602, 100_000 - 600));
        assert_eq!((targets[0], targets[1], targets[560]), ("ptrace", "/f/0", "/f/559"));
        assert_eq!((targets[561], targets[600], targets[601]), ("/f/99960", "/f/99999", "192.0.2.1:80"));
    }

    #[test]
    fn a_long_target_is_cut_between_characters() {
        let long = cut("ä".repeat(600));
        assert!(long.len() <= MAX_TARGET && long.ends_with('…'), "{}", long.len());
        assert_eq!(cut("short".to_owned()), "short");
    }
}
