//! The policy of a team: whose decisions count, in which period, in which roles, and how many are needed for what.

use super::file_name::FileName;
use super::signature::SigningKey;
use crate::domain::hidden::is_hidden;
use crate::domain::time::{Instant, rfc3339};
use crate::domain::words::{CostTier, Stage};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The largest policy or lock that is read, in bytes.
pub const MAX_POLICY_BYTES: u64 = MAX_BYTES as u64;

/// The role whose signers agree to the next policy.
pub const ADMIN: &str = "admin";

/// The largest policy, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The maximum number of approvals that a policy can require.
const MAX_APPROVALS: usize = 20;

/// The maximum number of roles in a threshold.
const MAX_ROLES: usize = 8;

/// A person whose decisions count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Name and mail address, as in decisions.
    pub name: String,
    /// The key that signs the decisions.
    pub key: SigningKey,
    /// The roles in which this signer may decide.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Decisions before this time do not count.
    pub from: Option<Instant>,
    /// Decisions at or after this time do not count. The time in a decision is claimed by its signer. So a key with an
    /// end cannot agree to policies, and its approvals count only if they arrived before this time.
    pub until: Option<Instant>,
}

/// The requirements for approvals of some versions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Only for this stage; `None` means every stage.
    pub stage: Option<Stage>,
    /// Only for this cost tier; `None` means every tier.
    pub tier: Option<CostTier>,
    /// The criteria, which these versions then need. If empty, the requirements apply to all criteria that they need
    /// anyway.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// The required number of different signers.
    #[serde(default = "one")]
    pub approvals: usize,
    /// The roles that must be filled by different signers.
    #[serde(default)]
    pub roles: Vec<String>,
}

fn one() -> usize {
    1
}

/// A custom criterion of a team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its name in decisions.
    pub name: String,
    /// Criteria that an approval for this one also covers.
    #[serde(default)]
    pub implies: Vec<String>,
}

/// Another team whose decisions a policy counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The local name of the other team.
    pub name: String,
    /// The lock of its decisions.
    pub lock: FileName,
    /// The criteria of our team for which each of theirs counts. Others have no effect.
    #[serde(default)]
    pub criteria: BTreeMap<String, Vec<String>>,
}

/// The policy of a team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamPolicy {
    /// The policy that this one replaces; `None` for the first one.
    pub previous: Option<FileName>,
    /// The required number of administrators for the next policy.
    #[serde(default = "one")]
    pub administrators: usize,
    /// People whose decisions count.
    pub signers: Vec<Signer>,
    /// Requirements for approvals; the default is one approval.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Criteria in addition to `run` and `deploy`.
    #[serde(default)]
    pub criteria: Vec<Criterion>,
    /// Other teams whose decisions count.
    #[serde(default)]
    pub imports: Vec<Import>,
}

impl TeamPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// One line with the reason for the refusal.
    pub fn read(bytes: &[u8]) -> Result<TeamPolicy, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("it is larger than {} KiB", MAX_BYTES / 1024));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        if let Some(c) = text.chars().find(|c| is_hidden(*c) && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(format!("it has the hidden character U+{:04X}", u32::from(c)));
        }
        let policy: TeamPolicy = toml::from_str(text)
            .map_err(|error| format!("it cannot be read: {}", error.message().replace('\n', ", ")))?;
        policy.fault().map_or(Ok(policy), Err)
    }

    fn fault(&self) -> Option<String> {
        let mut keys = BTreeSet::new();
        for signer in &self.signers {
            let words = std::iter::once(&signer.name).chain(&signer.roles);
            if words.clone().any(|word| word.trim().is_empty() || word.chars().any(is_hidden)) {
                return Some("a name or a role is empty or has hidden characters".to_owned());
            }
            if !keys.insert(&signer.key) {
                return Some(format!("the key of {} is also the key of another signer", signer.name));
            }
            if signer.from.zip(signer.until).is_some_and(|(from, until)| from >= until) {
                return Some(format!("{} is valid until a time before `from`", signer.name));
            }
        }
        for threshold in &self.thresholds {
            let once: BTreeSet<&String> = threshold.roles.iter().collect();
            if !(1..=MAX_APPROVALS).contains(&threshold.approvals) {
                return Some(format!("a threshold needs 1 to {MAX_APPROVALS} approvals"));
            }
            if once.len() != threshold.roles.len() || once.len() > MAX_ROLES {
                return Some(format!("a threshold names a role twice, or more than {MAX_ROLES} roles"));
            }
        }
        if let Some(fault) = self.fault_of_criteria().or_else(|| self.fault_of_imports()) {
            return Some(fault);
        }
        let administrators: BTreeSet<&str> = self.administrators_named().collect();
        let needed = self.administrators;
        if needed == 0 || administrators.len() < needed {
            let known = administrators.len();
            return Some(format!("administrators = {needed}, but {known} signers have the role {ADMIN}"));
        }
        None
    }

    fn administrators_named(&self) -> impl Iterator<Item = &str> {
        self.signers.iter().filter(|signer| signer.has_role(ADMIN)).map(|signer| mail_or_name(&signer.name))
    }

    /// The signer with this key.
    pub fn signer(&self, key: &SigningKey) -> Option<&Signer> {
        self.signers.iter().find(|signer| signer.key == *key)
    }

    /// Whether a person of this name has a key here.
    pub fn knows(&self, name: &str) -> bool {
        self.signers.iter().any(|signer| mail_or_name(&signer.name) == mail_or_name(name))
    }

    /// Whether some signer has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.signers.iter().any(|signer| signer.has_role(role))
    }

    /// Why a next policy is impossible; `None` if enough administrators can agree. A key with an end cannot agree to
    /// policies.
    pub fn fault_of_succession(&self) -> Option<String> {
        let lasting = self.signers.iter().filter(|signer| signer.may_agree());
        let lasting = lasting.map(|signer| mail_or_name(&signer.name)).collect::<BTreeSet<_>>().len();
        let needed = self.administrators;
        (lasting < needed).then(|| {
            format!(
                "administrators = {needed}, but {lasting} signers have the role {ADMIN} and a key without `until`, which \
                 alone can agree to the next policy"
            )
        })
    }

    /// Whether a key may agree to the next policy.
    pub(super) fn may_agree(&self, key: &SigningKey) -> bool {
        self.signer(key).is_some_and(Signer::may_agree)
    }

    /// The signer of a decision, if the decision counts.
    ///
    /// # Errors
    /// One line with the reason why it does not count.
    pub fn counts(&self, key: &SigningKey, name: &str, role: Option<&str>, at: Instant) -> Result<&Signer, String> {
        let Some(signer) = self.signer(key) else {
            return Err(format!("the key {} is not a key of the policy", key.fingerprint()));
        };
        if mail_or_name(&signer.name) != mail_or_name(name) {
            return Err(format!("it names {name}, but is signed with the key of {}", signer.name));
        }
        if let Some(from) = signer.from.filter(|from| at < *from) {
            return Err(format!(
                "it is of {}, before the key of {} is valid ({})",
                rfc3339(at),
                signer.name,
                rfc3339(from)
            ));
        }
        if let Some(until) = signer.until.filter(|until| at >= *until) {
            return Err(format!("it is of {}, but the key of {} expired {}", rfc3339(at), signer.name, rfc3339(until)));
        }
        match role.filter(|role| !signer.has_role(role)) {
            Some(role) => Err(format!("{} does not have the role {role}", signer.name)),
            None => Ok(signer),
        }
    }
}

impl Signer {
    /// Whether this signer may agree to the next policy.
    fn may_agree(&self) -> bool {
        self.has_role(ADMIN) && self.until.is_none()
    }

    /// Whether this signer may decide in a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|known| known == role)
    }
}

/// The identity of a person: the mail address, otherwise the whole name.
pub fn mail_or_name(name: &str) -> &str {
    name.rsplit_once('<').and_then(|(_, mail)| mail.strip_suffix('>')).unwrap_or(name)
}
