//! New access of a version compared with the previous one.

use super::asked::Asked;
use crate::domain::{Capability, CapabilityKind as Kind, Finding, Permissions, Severity};
use std::collections::BTreeSet;

/// The kind of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Network,
    Programs,
    Environment,
    Files,
    Outside,
    /// Code that cannot be analysed; a request never covers it.
    Hidden,
}

impl Reach {
    fn of(kind: Kind) -> Option<Reach> {
        match kind {
            Kind::Network | Kind::Address => Some(Reach::Network),
            Kind::StartsPrograms | Kind::Shell | Kind::ShellText | Kind::Signals => Some(Reach::Programs),
            Kind::ReadsEnvironment => Some(Reach::Environment),
            Kind::WritesFiles | Kind::DeletesFiles => Some(Reach::Files),
            Kind::ReadsOutside => Some(Reach::Outside),
            Kind::Eval | Kind::Unpickles | Kind::Obfuscation | Kind::NativeCode | Kind::UnverifiedTls => {
                Some(Reach::Hidden)
            }
            Kind::ReadsFiles | Kind::HardCodedSecret | Kind::OpaqueLiteral => None,
        }
    }

    /// Whether the request covers it; if it names hosts, other hosts are not covered.
    pub(super) fn is_asked(self, asked: &Asked, target: Option<&str>) -> bool {
        if target.is_some_and(|target| target.len() > 2 && asked.names(target)) {
            return true;
        }
        if self == Reach::Network && target.is_some() && asked.names_hosts() {
            return false;
        }
        asked.says(self.words())
    }

    /// Words that ask for it.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Reach::Network => &[
                "http", "url", "api", "fetch", "download", "upload", "network", "online", "server", "host", "web",
                "request", "remote",
            ],
            Reach::Programs => {
                &["program", "command", "subprocess", "shell", "execute", "invoke", "call out", "binary", "cli"]
            }
            Reach::Environment => {
                &["environment", " env ", "env var", "variable", "token", "api key", "setting", "config"]
            }
            Reach::Files => {
                &["write", "save", "store", "file", "export", "cache", "log ", "persist", "delete", "clean up"]
            }
            Reach::Outside => &["read", "file", "folder", "home", "path", "config", "open"],
            Reach::Hidden => &[],
        }
    }
}

/// New access that was not requested.
pub(super) fn further(before: &[Capability], after: &[Capability], asked: &Asked) -> Vec<Finding> {
    let acts = after
        .iter()
        .any(|one| one.kind != Kind::Address && matches!(Reach::of(one.kind), Some(Reach::Network | Reach::Programs)));
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for one in after {
        let Some(reach) = Reach::of(one.kind) else { continue };
        // An address alone does nothing.
        if one.kind == Kind::Address && !acts || is_known(one, before) {
            continue;
        }
        let target = one.argument.as_deref();
        if reach.is_asked(asked, target) || !told.insert((reach.words(), target)) {
            continue;
        }
        let what = target.map_or_else(|| one.words.clone(), |target| format!("{}: {target}", one.kind.phrase()));
        findings.push(reaches(&format!("line {}: {what}", one.line)));
    }
    findings
}

/// Whether the old version did the same with the same target, or with any target if the target is not fixed in the
/// code.
fn is_known(one: &Capability, before: &[Capability]) -> bool {
    before.iter().any(|other| {
        let is_same_target = one.argument == other.argument || one.argument.is_none();
        let is_same_kind = one.kind == other.kind
            || matches!((one.kind, other.kind), (Kind::Address, Kind::Network) | (Kind::Network, Kind::Address));
        is_same_kind && is_same_target
    })
}

/// New permissions in the manifest that were not requested.
pub(super) fn permissions(before: &Permissions, after: &Permissions, asked: &Asked) -> Vec<Finding> {
    let lists = [
        (Reach::Network, "network", &before.network, &after.network),
        (Reach::Outside, "read", &before.read, &after.read),
        (Reach::Files, "write", &before.write, &after.write),
        (Reach::Environment, "env", &before.env, &after.env),
        (Reach::Programs, "run", &before.run, &after.run),
    ];
    let mut findings = Vec::new();
    for (reach, word, old, now) in lists {
        let fresh = now.iter().filter(|entry| !old.contains(entry) && !reach.is_asked(asked, Some(entry)));
        findings.extend(fresh.map(|entry| reaches(&format!("it declares the permission {word} {entry}"))));
    }
    findings
}

pub(super) fn reaches(what: &str) -> Finding {
    let message = format!("reaches further than before, and the request does not ask for it: {what}");
    Finding::new("reaches-further", Severity::High, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolve::Bundle;

    fn asked(hint: &str) -> Asked {
        let bundle = Bundle { hint: hint.to_owned(), ..Bundle::blank("a", semver::Version::new(1, 0, 0)) };
        Asked::of(&bundle, false)
    }

    fn can(kind: Kind, argument: Option<&str>) -> Capability {
        Capability { kind, line: 3, columns: 0..1, words: "x".to_owned(), argument: argument.map(str::to_owned) }
    }

    #[test]
    fn another_host_is_further_and_the_same_one_is_not() {
        let before = [can(Kind::Network, None), can(Kind::Address, Some("a.example"))];
        let same = further(&before, &before, &asked(""));
        assert!(same.is_empty(), "{same:?}");
        let after = [can(Kind::Network, None), can(Kind::Address, Some("b.example"))];
        assert_eq!(further(&before, &after, &asked("")).len(), 1);
        assert_eq!(further(&before, &after, &asked("ask b.example too")).len(), 0);
        assert_eq!(further(&[], &[can(Kind::Address, Some("b.example"))], &asked("")).len(), 0, "it does nothing");
    }

    #[test]
    fn hidden_code_is_never_asked_for() {
        assert_eq!(further(&[], &[can(Kind::Eval, None)], &asked("execute the command of the file")).len(), 1);
        assert_eq!(further(&[], &[can(Kind::Shell, Some("git"))], &asked("call the program git")).len(), 0);
    }

    #[test]
    fn a_host_is_asked_for_by_name_or_by_words_that_name_none() {
        assert!(Reach::Network.is_asked(&asked("Fetch the rates from an API"), Some("rates.example")));
        assert!(Reach::Network.is_asked(&asked("use https://a.example/x"), Some("a.example")));
        assert!(!Reach::Network.is_asked(&asked("use https://a.example/x"), Some("b.example")));
        assert!(!Reach::Network.is_asked(&asked(""), Some("b.example")));
        assert!(!Reach::Files.is_asked(&asked("sort the rows"), Some("/tmp/x")));
        assert!(Reach::Files.is_asked(&asked("Save the rows to a file"), None));
    }
}
