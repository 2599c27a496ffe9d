//! A permission as evidence: declared or not, used or not, and the response of the sandbox.

use crate::domain::{Answer, PermissionLine, PermissionUse};
use crate::engine::view::{EvidenceLine, Weight};

/// One permission, compared with `observed` runs that had it.
pub(super) fn permission(found: &PermissionLine, observed: u64) -> EvidenceLine {
    let PermissionLine { permission, verdict, seen, answer } = found;
    let seen = seen.join(", ");
    let (weight, text) = match verdict {
        PermissionUse::Used => (Weight::Good, format!("{permission}: {seen}")),
        PermissionUse::Unused => {
            let runs = if observed == 1 {
                "the one observed run did not use it".to_owned()
            } else {
                format!("none of {observed} observed runs used it")
            };
            (Weight::Warn, format!("{permission} is declared, but {runs}; consider removing it"))
        }
        PermissionUse::Undeclared => undeclared(permission, &seen, *answer),
        PermissionUse::NotObservable if observed == 0 => {
            (Weight::Fact, format!("{permission} is declared; no run was observed"))
        }
        PermissionUse::NotObservable => (Weight::Fact, format!("{permission} is declared; its use cannot be observed")),
        PermissionUse::NotGranted => (
            Weight::Fact,
            format!("{permission} is declared; no observed run had it, all ran under the strict profile"),
        ),
    };
    EvidenceLine { weight, label: verdict.word().to_owned(), text }
}

/// Undeclared behaviour. An attempt that the sandbox allows every tool, or whose target was missing, has less weight
/// than a denied one.
fn undeclared(permission: &str, seen: &str, answer: Option<Answer>) -> (Weight, String) {
    let (weight, ending) = match answer {
        Some(Answer::Allowed) => (Weight::Warn, "the sandbox allowed it"),
        Some(Answer::Missing) => (Weight::Warn, "not there, or hidden from it"),
        Some(Answer::Denied) | None => (Weight::Bad, "denied"),
    };
    let was_done = answer == Some(Answer::Allowed);
    let did = match (permission.split_once(' '), was_done) {
        _ if seen.is_empty() => return (weight, permission.to_owned()),
        (Some(("run", program)), true) => format!("ran {program}"),
        (Some(("write", place)), true) => format!("wrote to {place}"),
        (Some(("write", place)), false) => format!("tried to write to {place}"),
        (Some(("network", extent)), true) => format!("used the network ({extent})"),
        (Some(("network", extent)), false) => format!("tried to use the network ({extent})"),
        (Some(("read", _)), true) => permission.to_owned(),
        (Some(("read" | "run", _)), false) => format!("tried to {permission}"),
        _ => return (weight, format!("{permission}: tried {seen}")),
    };
    // The observation may only repeat the permission in other words.
    let place = permission.split_once(' ').map_or("", |(_, place)| place);
    let says_it = ["exec", "read", "write"].iter().any(|touch| {
        let same = format!("{touch} {place} (");
        seen.strip_prefix(same.as_str()).is_some_and(|rest| rest.ends_with(')') && !rest.contains("), "))
    });
    let seen = if says_it { String::new() } else { format!(": {seen}") };
    (weight, format!("{did} without declaring it ({ending}){seen}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sandbox_allowed_is_no_failure_and_is_said_as_it_was() {
        let said = |permission: &str, answer, seen: &[&str]| {
            let seen = seen.iter().map(|&text| text.to_owned()).collect();
            let verdict = PermissionUse::Undeclared;
            let found = PermissionLine { permission: permission.to_owned(), verdict, seen, answer: Some(answer) };
            let line = super::permission(&found, 1);
            (line.weight, line.text)
        };
        assert_eq!(
            said("run /usr/bin/tar", Answer::Allowed, &["exec /usr/bin/tar (allowed)"]),
            (Weight::Warn, "ran /usr/bin/tar without declaring it (the sandbox allowed it)".to_owned())
        );
        assert_eq!(
            said("read /etc/netsvc.conf", Answer::Missing, &["read /etc/netsvc.conf (missing)"]),
            (
                Weight::Warn,
                "tried to read /etc/netsvc.conf without declaring it (not there, or hidden from it)".to_owned()
            )
        );
        assert_eq!(
            said("network full", Answer::Denied, &["connect 10.0.0.1:80 (denied)"]),
            (
                Weight::Bad,
                "tried to use the network (full) without declaring it (denied): connect 10.0.0.1:80 (denied)"
                    .to_owned()
            )
        );
        let several = ["exec /usr/bin/tar (allowed)", "exec /usr/bin/tar (denied)"];
        let (weight, text) = said("run /usr/bin/tar", Answer::Denied, &several);
        assert!(
            weight == Weight::Bad
                && text.ends_with("(denied): exec /usr/bin/tar (allowed), exec /usr/bin/tar (denied)")
        );
    }
}
