//! A decision file: its content and its canonical form.

use super::file_name::FileName;
use super::signature::SigningKey;
use crate::domain::digest::Digest;
use crate::domain::hidden::is_hidden;
use crate::domain::name::ToolName;
use crate::domain::time::{Instant, rfc3339};
use crate::domain::words::{CostTier, Stage};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// The largest file of a team, in bytes: a decision has about a thousand.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// The maximum number of decisions that one decision answers.
const MAX_ANSWERS: usize = 500;

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 4_000;

/// The longest name of a person, role or criterion, in characters.
const MAX_WORD_CHARS: usize = 200;

/// The beginning of the line after the signed text.
const SIGNATURE: &str = "signature = ";

/// The kind of a decision file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamKind {
    /// Approves a version.
    Approve,
    /// Rejects a version.
    Reject,
    /// Requests changes to a version.
    RequestChanges,
    /// Cancels the decisions that it answers; the version stops running.
    Revoke,
    /// Comments on a version.
    Comment,
    /// The signer is looking at a version.
    Claim,
    /// Requests a review of a version.
    Request,
    /// Agrees to a policy.
    Policy,
}

impl TeamKind {
    /// Its written form.
    pub fn word(self) -> &'static str {
        match self {
            TeamKind::Approve => "approve",
            TeamKind::Reject => "reject",
            TeamKind::RequestChanges => "request-changes",
            TeamKind::Revoke => "revoke",
            TeamKind::Comment => "comment",
            TeamKind::Claim => "claim",
            TeamKind::Request => "request",
            TeamKind::Policy => "policy",
        }
    }
}

impl fmt::Display for TeamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The subject of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A version of a tool.
    Version {
        /// Its name.
        tool: ToolName,
        /// The version that its manifest states.
        version: Version,
        /// The digest of everything that is executed.
        digest: Digest,
        /// The stage of the decision.
        stage: Stage,
        /// The cost tier that its manifest states.
        tier: CostTier,
    },
    /// A policy, by the name of its file.
    Policy(FileName),
}

/// The content of a decision file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamDecision {
    /// Its kind.
    pub kind: TeamKind,
    /// Its subject.
    pub subject: Subject,
    /// The criteria of an approval; empty for other kinds.
    pub criteria: Vec<String>,
    /// The version that the signer compared with; `None` if they reviewed the whole version.
    pub base: Option<Digest>,
    /// Digest of the verdict of the checks that the reviewer saw.
    pub evidence: Option<Digest>,
    /// The decisions that it answers: those about the version that its signer had seen.
    pub answers: Vec<FileName>,
    /// Name and mail address of the signer.
    pub reviewer: String,
    /// The role in which it is given.
    pub role: Option<String>,
    /// The agent that asked for it.
    pub agent: Option<String>,
    /// When it was made, by the clock of its signer. Only the validity of the signer depends on it.
    pub at: Instant,
    /// The reason.
    pub reason: Option<String>,
}

/// A decision with a valid signature, and the key that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDecision {
    /// Its content.
    pub decision: TeamDecision,
    /// The key that signed it.
    pub key: SigningKey,
}

/// A decision as stored in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionText {
    /// Its content.
    pub decision: TeamDecision,
    /// The text that was signed.
    pub signed: String,
    /// The armored signature.
    pub signature: String,
    /// The key that made the signature, according to the signature.
    pub key: SigningKey,
}

/// The fields of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: TeamKind,
    tool: Option<ToolName>,
    version: Option<Version>,
    digest: Option<Digest>,
    stage: Option<Stage>,
    tier: Option<CostTier>,
    policy: Option<FileName>,
    #[serde(default)]
    criteria: Vec<String>,
    base: Option<Digest>,
    evidence: Option<Digest>,
    #[serde(default)]
    answers: Vec<FileName>,
    reviewer: String,
    role: Option<String>,
    agent: Option<String>,
    at: Instant,
    reason: Option<String>,
    signature: String,
}

impl TeamDecision {
    /// The digest of its version; `None` for a policy.
    pub fn digest(&self) -> Option<Digest> {
        match &self.subject {
            Subject::Version { digest, .. } => Some(*digest),
            Subject::Policy(_) => None,
        }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut put = |key: &str, value: &str| {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "{key} = {}", quoted(value));
        };
        put("kind", self.kind.word());
        match &self.subject {
            Subject::Version { tool, version, digest, stage, tier } => {
                put("tool", tool.as_str());
                put("version", &version.to_string());
                put("digest", &digest.hex());
                put("stage", &stage.to_string());
                put("tier", &tier.to_string());
            }
            Subject::Policy(name) => put("policy", &name.hex()),
        }
        if !self.criteria.is_empty() {
            let _ = writeln!(text, "criteria = [{}]", list(self.criteria.iter().map(String::as_str)));
        }
        let base = self.base.map(|digest| digest.hex());
        put_some(&mut text, "base", base.as_deref());
        let evidence = self.evidence.map(|digest| digest.hex());
        put_some(&mut text, "evidence", evidence.as_deref());
        if !self.answers.is_empty() {
            let names: Vec<String> = self.answers.iter().map(FileName::hex).collect();
            let _ = writeln!(text, "answers = [{}]", list(names.iter().map(String::as_str)));
        }
        put_some(&mut text, "reviewer", Some(&self.reviewer));
        put_some(&mut text, "role", self.role.as_deref());
        put_some(&mut text, "agent", self.agent.as_deref());
        put_some(&mut text, "at", Some(&rfc3339(self.at)));
        put_some(&mut text, "reason", self.reason.as_deref());
        text
    }

    /// Content that cannot be written into a file; one line.
    fn fault(&self) -> Option<String> {
        let words = [Some(&self.reviewer), self.role.as_ref(), self.agent.as_ref()];
        let mut words = words.into_iter().flatten().chain(&self.criteria);
        let is_bad = |word: &&String| {
            word.trim().is_empty() || word.chars().count() > MAX_WORD_CHARS || word.chars().any(is_hidden)
        };
        if let Some(word) = words.find(is_bad) {
            return Some(format!("{:?} is empty, too long or has hidden characters", cut(word)));
        }
        if let Some(reason) = &self.reason {
            let is_bad = |c: char| is_hidden(c) && c != '\n';
            if reason.chars().any(is_bad) {
                return Some("its reason has hidden characters".to_owned());
            }
            if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS {
                return Some(format!("its reason is empty or longer than {MAX_REASON_CHARS} characters"));
            }
        }
        if self.answers.len() > MAX_ANSWERS {
            return Some(format!("it answers more than {MAX_ANSWERS} decisions"));
        }
        if !self.answers.is_sorted_by(|one, other| one < other) {
            return Some("its answers are not in ascending order".to_owned());
        }
        if (self.kind == TeamKind::Approve) == self.criteria.is_empty() {
            return Some("an approval, and nothing else, has criteria".to_owned());
        }
        if self.base.is_some() && (self.kind != TeamKind::Approve || self.base == self.digest()) {
            return Some("only an approval names a base, which is another version".to_owned());
        }
        match &self.subject {
            Subject::Policy(_) if self.kind != TeamKind::Policy => Some("it names a policy".to_owned()),
            Subject::Version { .. } if self.kind == TeamKind::Policy => Some("it names no policy".to_owned()),
            _ => None,
        }
    }
}

impl DecisionText {
    /// A decision with its signature, ready to be written.
    ///
    /// # Errors
    /// One line with the reason why it cannot be written or read.
    pub fn sign(decision: TeamDecision, signature: &str) -> Result<DecisionText, String> {
        if let Some(fault) = decision.fault() {
            return Err(fault);
        }
        let key = SigningKey::of_signature(signature)?;
        Ok(DecisionText { signed: decision.text(), decision, signature: signature.trim().to_owned(), key })
    }

    /// Reads a decision file. Only the canonical form is valid: reading and writing a file gives the same bytes.
    ///
    /// # Errors
    /// One line with the reason for the refusal.
    pub fn read(bytes: &[u8]) -> Result<DecisionText, String> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(format!("it is larger than {} KiB", MAX_FILE_BYTES / 1024));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        let fields: Fields = toml::from_str(text)
            .map_err(|error| format!("it cannot be read: {}", error.message().replace('\n', ", ")))?;
        let signature = fields.signature.trim().to_owned();
        let read = DecisionText::sign(fields.decision()?, &signature)?;
        if read.bytes() != bytes {
            return Err("it is not written in the form of decision files".to_owned());
        }
        Ok(read)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        format!("{}{SIGNATURE}'''\n{}\n'''\n", self.signed, self.signature).into_bytes()
    }
}

impl Fields {
    fn decision(self) -> Result<TeamDecision, String> {
        let subject = match (self.policy, self.tool, self.version, self.digest, self.stage, self.tier) {
            (Some(policy), None, None, None, None, None) => Subject::Policy(policy),
            (None, Some(tool), Some(version), Some(digest), Some(stage), Some(tier)) => {
                Subject::Version { tool, version, digest, stage, tier }
            }
            _ => {
                return Err("it names neither a policy nor a version with tool, version, digest, stage and tier".into());
            }
        };
        Ok(TeamDecision {
            kind: self.kind,
            subject,
            criteria: self.criteria,
            base: self.base,
            evidence: self.evidence,
            answers: self.answers,
            reviewer: self.reviewer,
            role: self.role,
            agent: self.agent,
            at: self.at,
            reason: self.reason,
        })
    }
}

fn put_some(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "{key} = {}", quoted(value));
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(quoted).collect::<Vec<_>>().join(", ")
}

/// The first characters of a word that is too long to be shown.
fn cut(word: &str) -> String {
    word.chars().take(40).collect()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
