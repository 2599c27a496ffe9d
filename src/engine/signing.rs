//! Signed approvals: making one, and whether one that came with the workspace counts.
//!
//! `approval.toml` is signed from its first byte to the line of the signature. A signature says that a reviewer
//! whom the user allowed said yes to exactly this tool, version, digest and stage at that time. It does not say
//! that he would say it again: a version that was approved once can be put back by whoever may write the
//! workspace, so one that is older than an approval in force is not taken over by itself.

use super::core::{self, Beside, Statement};
use super::error::{EngineError, ErrorCode};
use super::settings::File;
use super::{Engine, lock};
use crate::catalog;
use crate::domain::{Digest, Instant, Review, Tool};
use crate::runner;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::DeValue;

/// The line that ends what is signed.
const SIGNATURE: &str = "\nsignature = ";

/// What the user says of signatures; nothing is signed and none counts by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The key that approvals are signed with: the private one, or the public one of a key in the agent.
    pub key: Option<PathBuf>,
    /// Whether an approval that cannot be signed is refused.
    pub required: bool,
    /// Whose signatures count, in the format of `ssh-keygen`.
    pub allowed_signers: Option<PathBuf>,
    /// Why no approval may be given: what the user demands of signatures cannot be read. One line with its place.
    pub fault: Option<String>,
}

impl Default for Signing {
    fn default() -> Self {
        Signing { key: None, required: true, allowed_signers: None, fault: None }
    }
}

/// An approval that was signed, before it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// When.
    pub at: Instant,
    /// What was signed.
    pub text: String,
    /// The armored signature.
    pub signature: String,
}

/// What an `approval.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its fields.
    pub fields: Fields,
    /// The armored signature.
    pub signature: Option<String>,
    /// What is signed.
    pub signed: String,
}

/// The fields that were signed, where there is a signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fields {
    /// The tool.
    pub tool: String,
    /// Stated version.
    pub version: String,
    /// What was approved.
    pub digest: String,
    /// The stage it was approved for.
    pub stage: String,
    /// Who approved it.
    pub reviewer: String,
    /// When, RFC 3339.
    pub approved_at: Instant,
}

/// A version that a signature speaks for.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// Its row.
    pub tool: Tool,
    /// The reviewer who signed.
    pub reviewer: String,
    /// The name that the file of allowed signers has for him.
    pub principal: String,
    /// When he approved it.
    pub at: Instant,
}

impl Claim {
    /// Reads an `approval.toml`.
    ///
    /// # Errors
    /// One line that says why it cannot be read.
    pub fn read(text: &str) -> Result<Claim, String> {
        #[derive(Deserialize)]
        struct Whole {
            signature: Option<String>,
        }
        let unreadable = |error: toml::de::Error| error.message().replace('\n', ", ");
        let whole: Whole = toml::from_str(text).map_err(unreadable)?;
        // Fields behind the signature were signed by nobody: only what stands in front of it is read.
        let signed = match (&whole.signature, text.find(SIGNATURE)) {
            (Some(_), Some(end)) => &text[..=end],
            (Some(_), None) => return Err("its signature does not begin a line".to_owned()),
            (None, _) => text,
        };
        let fields = toml::from_str(signed).map_err(unreadable)?;
        Ok(Claim { fields, signature: whole.signature, signed: signed.to_owned() })
    }

    /// What it says that is not so of this row; `None` when all fits.
    pub fn contradicts(&self, tool: &Tool) -> Option<String> {
        let Fields { tool: name, version, digest, stage, .. } = &self.fields;
        let pairs = [
            ("tool", name, tool.name.to_string()),
            ("version", version, tool.version.to_string()),
            ("stage", stage, tool.stage.to_string()),
            ("digest", digest, tool.digest.hex()),
        ];
        let wrong = pairs.into_iter().find(|(_, said, is)| *said != is)?;
        Some(format!("it says {} {}, here is {}", wrong.0, wrong.1, wrong.2))
    }

    /// The name that the file of allowed signers has for its reviewer: his mail address, else all of it.
    pub fn principal(&self) -> &str {
        let reviewer = self.fields.reviewer.as_str();
        reviewer.rsplit_once('<').and_then(|(_, mail)| mail.strip_suffix('>')).unwrap_or(reviewer)
    }
}

impl Engine {
    /// Signs an approval when the user wants that. `None`, and a note, when it stays unsigned.
    ///
    /// # Errors
    /// `Refused` when it cannot be signed and has to be.
    pub(super) fn sign_approval(
        &self,
        review: &Review,
        who: &str,
        reason: Option<&str>,
        over: Option<&str>,
    ) -> Result<(Option<Signed>, Option<String>), EngineError> {
        let signing = &self.inner.settings.signing;
        if let Some(fault) = &signing.fault {
            let hint = "approvals are refused until it is mended";
            return Err(EngineError::new(ErrorCode::Refused, fault.clone(), hint));
        }
        let Some(key) = &signing.key else { return Ok((None, None)) };
        let at = super::now();
        let (tool, version, digest, stage) = (&review.tool, &review.version, review.digest, review.to_stage);
        let text = Statement { tool, version, digest, stage, reviewer: who, at, reason, over }.text();
        match runner::sign(key, &text) {
            Ok(signature) => Ok((Some(Signed { at, text, signature }), None)),
            Err(why) if signing.required => {
                let hint = "mend that, or set required = false below [signing] in config.toml to approve unsigned";
                Err(EngineError::new(ErrorCode::Refused, format!("the approval is not signed: {why}"), hint))
            }
            Err(why) => Ok((None, Some(format!("not signed: {why}")))),
        }
    }

    /// The reason that will stand beside an approval: the one given, when a check stands in the way.
    pub(super) fn override_of(&self, review: &Review, given: Option<&str>) -> Result<Option<String>, EngineError> {
        let given = given.map(str::trim).filter(|reason| !reason.is_empty());
        let (Some(reason), true) = (given, review.is_checked()) else { return Ok(None) };
        let verdict = self.read(|q| Ok(q.verdict(&review.tool, review.digest)?))?;
        let stands = verdict.is_some_and(|verdict| !self.blocking(&verdict, review.to_stage).is_empty());
        Ok(stands.then(|| reason.to_owned()))
    }

    /// Who signed the `approval.toml` of a row; `None` when nobody did.
    ///
    /// # Errors
    /// One line that says why the signature does not count.
    pub(super) fn signer(&self, tool: &Tool) -> Result<Option<Vouched>, String> {
        let Beside::Text(text) = self.beside(&tool.placement) else { return Ok(None) };
        let claim = Claim::read(&text).map_err(|why| format!("approval.toml cannot be read: {why}"))?;
        let Some(signature) = &claim.signature else { return Ok(None) };
        if let Some(wrong) = claim.contradicts(tool) {
            return Err(format!("the signed approval is of something else: {wrong}"));
        }
        let Some(signers) = &self.inner.settings.signing.allowed_signers else {
            return Err("no allowed signers are set ([signing] allowed_signers in config.toml)".to_owned());
        };
        let workspace = self.workspace().canonicalize().unwrap_or_else(|_| self.workspace().to_owned());
        if signers.canonicalize().is_ok_and(|file| file.starts_with(&workspace)) {
            return Err("the file of allowed signers lies in the workspace: whoever writes there could allow himself"
                .to_owned());
        }
        let key = cache_key(signers, &claim);
        let known = lock(&self.inner.signatures).get(&key).cloned();
        let answer = known.unwrap_or_else(|| {
            let answer = runner::verify_signature(signers, claim.principal(), signature, &claim.signed);
            lock(&self.inner.signatures).insert(key, answer.clone());
            answer
        });
        answer.map(|()| {
            let (reviewer, principal) = (claim.fields.reviewer.clone(), claim.principal().to_owned());
            Some(Vouched { tool: tool.clone(), reviewer, principal, at: claim.fields.approved_at })
        })
    }

    /// Versions that nobody approved here, but that a signer whom the user allowed speaks for. Their copies are
    /// kept from here on.
    pub(super) fn signed_versions(&self, tools: &[Tool]) -> Result<Vec<Vouched>, EngineError> {
        if self.inner.settings.signing.allowed_signers.is_none() {
            return Ok(Vec::new());
        }
        let approvals = self.read(|q| Ok(core::Approvals::read(q)?))?;
        let mut found = Vec::new();
        for tool in tools.iter().filter(|tool| tool.stage.is_vouched() && !approvals.covers(tool)) {
            let Ok(Some(vouched)) = self.signer(tool) else { continue };
            let newer = approvals.newest_at(&tool.name).is_none_or(|at| at < vouched.at);
            let files = catalog::read(&self.inner.plan, tool).map(|detail| detail.files);
            // What moved since it was read is looked at again by the next scan.
            let Ok(files) = files else { continue };
            if newer && Digest::of_files(&files) == tool.digest {
                self.inner.copies.put(tool.digest, &files)?;
                found.push(vouched);
            }
        }
        Ok(found)
    }
}

/// A signature is verified again only when it, what it is about, or the allowed signers changed; and every hour,
/// because keys expire.
fn cache_key(signers: &Path, claim: &Claim) -> Digest {
    // A file that cannot be read fails the verification, whatever stands here.
    let allowed = std::fs::read(signers).unwrap_or_default();
    let hour = super::now().0 / 3_600_000;
    let parts = [claim.signed.as_bytes(), claim.signature.as_deref().unwrap_or_default().as_bytes(), &allowed];
    let mut bytes = hour.to_le_bytes().to_vec();
    for part in parts {
        bytes.extend(Digest::of_bytes(part).0);
    }
    Digest::of_bytes(&bytes)
}

impl File<'_> {
    /// The table `[signing]`.
    pub(super) fn signing(&mut self, value: &Spanned<DeValue<'_>>, user_home: Option<&Path>) -> Signing {
        let (mut signing, before) = (Signing::default(), self.problem_count());
        for (key, value) in self.table(value, "signing") {
            let at = value.span().start;
            let name = key.get_ref().as_ref();
            match name {
                "required" => signing.required = self.boolean(value, "signing.required").unwrap_or(true),
                "key" | "allowed_signers" => {
                    let path = value.get_ref().as_str().and_then(|text| expanded(text, user_home));
                    if path.is_none() {
                        let hint = "write an absolute path, or one that begins with ~/".to_owned();
                        self.bad(at, format!("signing.{name} is no path"), hint);
                    }
                    let place = if name == "key" { &mut signing.key } else { &mut signing.allowed_signers };
                    *place = path;
                }
                other => self.unknown(
                    key.span().start,
                    &format!("signing.{other}"),
                    "signing has the settings key, required and allowed_signers",
                ),
            }
        }
        signing.fault = self.fault_since(before);
        signing
    }
}

fn expanded(text: &str, user_home: Option<&Path>) -> Option<PathBuf> {
    match text.strip_prefix("~/") {
        Some(rest) => Some(user_home?.join(rest)),
        None => Some(PathBuf::from(text)).filter(|path| path.is_absolute()),
    }
}
