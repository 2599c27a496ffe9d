//! The changes of a policy, in words for those who propose it or agree to it.

use super::policy::{Criterion, Import, Signer, TeamPolicy, Threshold};
use crate::domain::count;
use crate::domain::time::{Instant, rfc3339};

impl TeamPolicy {
    /// The changes when this policy replaces another one, one line each; everything in it if there is no other one.
    pub fn changes_from(&self, before: Option<&TeamPolicy>) -> Vec<String> {
        let (signers, thresholds) = before.map_or((&[][..], &[][..]), |policy| (&policy.signers, &policy.thresholds));
        let mut lines = Vec::new();
        for signer in &self.signers {
            match signers.iter().find(|known| known.key == signer.key) {
                None => {
                    lines.push(format!("add {}: {}, key {}", signer.name, signer.facts(), signer.key.fingerprint()));
                }
                Some(known) => lines.extend(signer.change_from(known)),
            }
        }
        let gone = signers.iter().filter(|known| self.signer(&known.key).is_none());
        lines.extend(gone.map(|known| {
            let key = known.key.fingerprint();
            format!("remove {}, key {key}: its decisions stop counting", known.name)
        }));
        let needs = |known: &[Threshold], other: &[Threshold], sign: &str| {
            let own = known.iter().filter(|threshold| !other.contains(threshold));
            own.map(|threshold| format!("{sign} {}", threshold.words())).collect::<Vec<_>>()
        };
        let criteria = before.map_or(&[][..], |policy| &policy.criteria);
        let imports = before.map_or(&[][..], |policy| &policy.imports);
        lines.extend(added(&self.criteria, criteria).map(|criterion| format!("add {}", criterion.words())));
        lines.extend(added(criteria, &self.criteria).map(|criterion| format!("remove {}", criterion.words())));
        lines.extend(added(&self.imports, imports).map(|import| format!("import {}", import.words())));
        lines.extend(added(imports, &self.imports).map(|import| format!("import no longer {}", import.words())));
        lines.extend(needs(&self.thresholds, thresholds, "need"));
        lines.extend(needs(thresholds, &self.thresholds, "need no longer"));
        match before.map(|policy| policy.administrators) {
            Some(known) if known == self.administrators => {}
            Some(known) => lines
                .push(format!("the next policy needs {}, now {known}", count(self.administrators, "administrator"))),
            None => lines.push(format!("the next policy needs {}", count(self.administrators, "administrator"))),
        }
        lines
    }
}

/// The entries that the others do not contain.
fn added<'a, T: PartialEq>(entries: &'a [T], others: &'a [T]) -> impl Iterator<Item = &'a T> {
    entries.iter().filter(|entry| !others.contains(entry))
}

impl Criterion {
    fn words(&self) -> String {
        match self.implies.as_slice() {
            [] => format!("the criterion {}", self.name),
            implied => format!("the criterion {}, which implies {}", self.name, implied.join(" and ")),
        }
    }
}

impl Import {
    /// The effect of its decisions.
    pub fn counted_for(&self) -> String {
        let one = |(theirs, ours): (&String, &Vec<String>)| format!("their {theirs} counts for {}", ours.join(" and "));
        let all: Vec<String> = self.criteria.iter().map(one).collect();
        if all.is_empty() { "counts for nothing".to_owned() } else { all.join(", ") }
    }

    fn words(&self) -> String {
        format!("the team {} with the list {}: {}", self.name, self.lock.short(), self.counted_for())
    }
}

impl Signer {
    /// Roles and times.
    fn facts(&self) -> String {
        let roles = match self.roles.as_slice() {
            [] => "no role".to_owned(),
            roles => roles.join(", "),
        };
        format!("{roles}{}", self.validity())
    }

    fn validity(&self) -> String {
        let time =
            |word: &str, at: Option<Instant>| at.map_or_else(String::new, |at| format!(", {word} {}", rfc3339(at)));
        time("from", self.from) + &time("until", self.until)
    }

    /// The change of a signer's entry with the same key.
    fn change_from(&self, known: &Signer) -> Option<String> {
        let name =
            if known.name == self.name { self.name.clone() } else { format!("{} (now {})", self.name, known.name) };
        let (facts, before) = (self.facts(), known.facts());
        match (facts == before, known.name == self.name) {
            (true, true) => None,
            (true, false) => Some(format!("rename {name}")),
            (false, _) => Some(format!("change {name}: {facts}; now {before}")),
        }
    }
}

impl Threshold {
    /// Its requirements, and the versions that they apply to.
    fn words(&self) -> String {
        let mut approvals = count(self.approvals, "approval");
        if !self.criteria.is_empty() {
            approvals = format!("{approvals} for {}", self.criteria.join(" and for "));
        }
        let roles = match self.roles.as_slice() {
            [] => String::new(),
            [role] => format!(", one in the role {role}"),
            roles => format!(", each of these roles by another person: {}", roles.join(", ")),
        };
        let stage = self.stage.map(|stage| format!(" in stage {stage}"));
        let tier = self.tier.map(|tier| format!(" of tier {tier}"));
        let of = match (tier, stage) {
            (None, None) => "every version".to_owned(),
            (tier, stage) => format!("versions{}{}", tier.unwrap_or_default(), stage.unwrap_or_default()),
        };
        format!("{approvals}{roles}, for {of}")
    }
}
