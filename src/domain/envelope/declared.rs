//! Compares declared permissions with observed behaviour.

use super::{Envelope, SeenAttempt, is_own};
use crate::domain::manifest::Permissions;
use crate::domain::observation::{Answer, Touch};
use crate::domain::permission::Network;
use crate::domain::place::{generalise, place, program};
use crate::domain::words::words;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The maximum number of examples in one line.
const MAX_EXAMPLES: usize = 5;

/// The maximum number of undeclared attempts; the rest is one line.
pub(super) const MAX_UNDECLARED: usize = 40;

words!(
    /// The observed use of one permission.
    PermissionUse {
        /// Declared, and at least one run used it.
        Used = "used",
        /// Declared, and no observed run used it.
        Unused = "unused",
        /// Not declared, but attempted.
        Undeclared = "undeclared",
        /// Cannot be observed here.
        NotObservable = "not-observable",
        /// Declared, but no observed run had it: they ran under the strict profile.
        NotGranted = "not-granted",
    }
);

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionLine {
    /// The permission as declared (`network full`, `write {workspace}/out`), or the one that would be needed.
    pub permission: String,
    /// The observed use of it.
    pub verdict: PermissionUse,
    /// A few examples of what was observed.
    pub seen: Vec<String>,
    /// The worst answer that an undeclared attempt got; `None` for what is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

impl Envelope {
    /// Compares declared permissions with what was observed, undeclared attempts first. Programs and hosts are as the
    /// observer saw them: the list may be incomplete, and `used` does not mean `needed`.
    pub fn against(&self, declared: &Permissions) -> Vec<PermissionLine> {
        let items: Vec<Item> = items(declared).collect();
        let mut uses: Vec<Vec<String>> = vec![Vec::new(); items.len()];
        let mut undeclared: BTreeMap<String, (Vec<String>, Answer)> = BTreeMap::new();
        for seen in self.tried().iter().filter(|seen| !is_own(seen.touch, &seen.target, seen.answer)) {
            let mut covered = false;
            for (item, uses) in items.iter().zip(&mut uses) {
                if item.covers(seen.touch, &seen.target) {
                    covered = true;
                    add_example(uses, seen);
                }
            }
            if !covered {
                let (examples, answer) = undeclared.entry(needed(seen)).or_insert((Vec::new(), seen.answer));
                add_example(examples, seen);
                *answer = worse(*answer, seen.answer);
            }
        }
        let mut lines = undeclared_lines(undeclared);
        lines.extend(items.iter().zip(uses).map(|(item, seen)| {
            let verdict = match (item, seen.is_empty()) {
                (Item::Env(_), _) => PermissionUse::NotObservable,
                (_, false) => PermissionUse::Used,
                (_, true) if self.observed == 0 => PermissionUse::NotObservable,
                (_, true) => PermissionUse::Unused,
            };
            PermissionLine { permission: item.words(), verdict, seen, answer: None }
        }));
        lines
    }
}

/// The permission that an undeclared attempt would need.
fn needed(seen: &SeenAttempt) -> String {
    let place = place(seen.touch, &seen.target);
    let folder = place.strip_suffix("/*").unwrap_or(&place);
    match seen.touch {
        Touch::Read => format!("read {folder}"),
        Touch::Write | Touch::Delete | Touch::Rename => format!("write {folder}"),
        Touch::Exec => format!("run {}", program(&seen.target)),
        Touch::Connect | Touch::Listen if is_loopback(&seen.target) => "network loopback".to_owned(),
        Touch::Connect | Touch::Listen if seen.target.starts_with("unix:") => format!("read {}", &seen.target[5..]),
        Touch::Connect | Touch::Listen | Touch::Resolve => "network full".to_owned(),
        Touch::Forbidden => format!("{} (not permitted)", seen.target),
    }
}

fn add_example(examples: &mut Vec<String>, seen: &SeenAttempt) {
    if examples.len() < MAX_EXAMPLES {
        let runs = if seen.runs == 1 { String::new() } else { format!(", {} runs", seen.runs) };
        examples.push(format!("{} {} ({}{runs})", seen.touch, seen.target, seen.answer));
    }
}

/// Denied ranks above allowed, and allowed above missing.
fn worse(one: Answer, other: Answer) -> Answer {
    let weight = |answer| match answer {
        Answer::Missing => 0,
        Answer::Allowed => 1,
        Answer::Denied => 2,
    };
    if weight(one) < weight(other) { other } else { one }
}

fn undeclared_lines(undeclared: BTreeMap<String, (Vec<String>, Answer)>) -> Vec<PermissionLine> {
    let verdict = PermissionUse::Undeclared;
    let rest = undeclared.len().saturating_sub(MAX_UNDECLARED);
    let of_rest = undeclared.values().skip(MAX_UNDECLARED).map(|(_, answer)| *answer).reduce(worse);
    let lines = undeclared.into_iter().map(|(permission, (seen, answer))| PermissionLine {
        permission,
        verdict,
        seen,
        answer: Some(answer),
    });
    let mut lines: Vec<PermissionLine> = lines.take(MAX_UNDECLARED).collect();
    if rest > 0 {
        let permission = format!("{rest} more undeclared");
        lines.push(PermissionLine { permission, verdict, seen: Vec::new(), answer: of_rest });
    }
    lines
}

pub(super) enum Item<'a> {
    Network(&'a str),
    Read(&'a str),
    Write(&'a str),
    Run(&'a str),
    Env(&'a str),
}

pub(super) fn items(declared: &Permissions) -> impl Iterator<Item = Item<'_>> {
    let network = declared.network.iter().filter(|word| *word != Network::None.word());
    network
        .map(|word| Item::Network(word))
        .chain(declared.read.iter().map(|path| Item::Read(path)))
        .chain(declared.write.iter().map(|path| Item::Write(path)))
        .chain(declared.run.iter().map(|program| Item::Run(program)))
        .chain(declared.env.iter().map(|name| Item::Env(name)))
}

impl Item<'_> {
    fn words(&self) -> String {
        match self {
            Item::Network(word) => format!("network {word}"),
            Item::Read(path) => format!("read {path}"),
            Item::Write(path) => format!("write {path}"),
            Item::Run(program) => format!("run {program}"),
            Item::Env(name) => format!("env {name}"),
        }
    }

    pub(super) fn covers(&self, touch: Touch, target: &str) -> bool {
        match (self, touch) {
            (Item::Network(word), Touch::Connect | Touch::Listen | Touch::Resolve) => {
                network_covers(word, touch, target)
            }
            // A writable path may be read.
            (Item::Read(path) | Item::Write(path), Touch::Read)
            | (Item::Write(path), Touch::Write | Touch::Delete | Touch::Rename) => {
                lies_in(&generalise(touch, target), &generalise(touch, &plain(path)))
            }
            (Item::Run(declared), Touch::Exec) => {
                let program = program(target);
                program == *declared || program.rsplit('/').next() == Some(declared)
            }
            (Item::Network(_) | Item::Read(_) | Item::Write(_) | Item::Run(_) | Item::Env(_), _) => false,
        }
    }
}

fn network_covers(word: &str, touch: Touch, target: &str) -> bool {
    match word.parse() {
        Ok(Network::Full) => true,
        Ok(Network::Loopback) => is_loopback(target),
        Ok(Network::None) => false,
        Err(_) if touch == Touch::Resolve => word.rsplit_once(':').map_or(word, |(host, _)| host) == target,
        Err(_) => word == target,
    }
}

/// Whether an address is a loopback address, or the wildcard address.
fn is_loopback(target: &str) -> bool {
    let target = target.replace("{n}", "0");
    let address = target.parse::<SocketAddr>().map(|address| address.ip());
    target == "localhost" || address.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// A declared path as the observer would write it.
fn plain(declared: &str) -> String {
    let path = declared.trim_end_matches(['/', '*']);
    if path.starts_with(['/', '~', '{']) || path.is_empty() {
        return path.to_owned();
    }
    let inside = path.strip_prefix("./").unwrap_or(path);
    if inside == "." { "{workspace}".to_owned() } else { format!("{{workspace}}/{inside}") }
}

pub(super) fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
