//! Signed approvals: creating them, and verifying those that came with the workspace.
//!
//! `approval.toml` is signed from its first byte to the line of the signature. A signature states that an allowed
//! reviewer approved exactly this tool, version, digest and stage at that time. It does not state that the approval is
//! still wanted: anybody who can write to the workspace can restore a formerly approved version. So a version older
//! than an approval in force is not adopted automatically.

use crate::catalog;
use crate::domain::{Digest, Instant, OperationId, Tool};
use crate::engine::Integrity;
use crate::engine::clock::now;
use crate::engine::core::{self, Actor, Beside, Pen, Signed, Step, Vouched};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::runner;
use crate::store::{StoreError, Tx};
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// How to resolve missing signatures.
pub(in crate::engine) const REMEDY: &str = "`toolsmith sign` shows what is not signed; `toolsmith sign --yes` signs it";

/// The beginning of the line after the signed text.
const SIGNATURE: &str = "\nsignature = ";

/// The content of an `approval.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub fields: Fields,
    pub signature: Option<String>,
    pub signed: String,
}

/// The signed fields, if there is a signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fields {
    pub tool: String,
    pub version: String,
    pub digest: String,
    /// The stage it was approved for.
    pub stage: String,
    pub reviewer: String,
    pub approved_at: Instant,
    /// The name space of the log in which it was approved; `None` in an older format, and without a signature.
    pub workspace: Option<String>,
    /// The entry of that log.
    pub entry: Option<OperationId>,
    /// The hash of that entry.
    pub hash: Option<String>,
}

impl Claim {
    /// Reads an `approval.toml`.
    ///
    /// # Errors
    /// One line with the reason why it cannot be read.
    pub fn read(text: &str) -> Result<Claim, String> {
        #[derive(Deserialize)]
        struct Whole {
            signature: Option<String>,
        }
        let unreadable = |error: toml::de::Error| error.message().replace('\n', ", ");
        let whole: Whole = toml::from_str(text).map_err(unreadable)?;
        // Fields after the signature are not signed, so only those before it are read.
        let signed = match (&whole.signature, text.find(SIGNATURE)) {
            (Some(_), Some(end)) => &text[..=end],
            (Some(_), None) => return Err("its signature is not at the start of a line".to_owned()),
            (None, _) => text,
        };
        let fields = toml::from_str(signed).map_err(unreadable)?;
        Ok(Claim { fields, signature: whole.signature, signed: signed.to_owned() })
    }

    /// The statement that does not apply to this row; `None` if all do.
    pub fn contradicts(&self, tool: &Tool) -> Option<String> {
        let Fields { tool: name, version, digest, stage, .. } = &self.fields;
        let pairs = [
            ("tool", name, tool.name.to_string()),
            ("version", version, tool.version.to_string()),
            ("stage", stage, tool.stage.to_string()),
            ("digest", digest, tool.digest.hex()),
        ];
        let wrong = pairs.into_iter().find(|(_, said, is)| *said != is)?;
        Some(format!("it contains {} {}, but here it is {}", wrong.0, wrong.1, wrong.2))
    }

    /// The reviewer's name in the file of allowed signers: the mail address, otherwise the whole name.
    pub fn principal(&self) -> &str {
        principal(&self.fields.reviewer)
    }
}

/// A reviewer's name in the file of allowed signers: the mail address, otherwise the whole name.
pub(in crate::engine) fn principal(reviewer: &str) -> &str {
    reviewer.rsplit_once('<').and_then(|(_, mail)| mail.strip_suffix('>')).unwrap_or(reviewer)
}

/// The number of digits of the path digest that identify a workspace in signed texts.
const SPACE_DIGITS: usize = 32;

/// How many times a decision is signed again because the log changed meanwhile.
const ATTEMPTS: usize = 3;

/// Why a rehearsal was rolled back.
enum Rehearsed {
    Done,
    Failed(EngineError),
}

impl From<StoreError> for Rehearsed {
    fn from(error: StoreError) -> Rehearsed {
        Rehearsed::Failed(error.into())
    }
}

impl Integrity<'_> {
    /// As [`Engine::step`](crate::engine::Engine::step), without requiring a valid log.
    ///
    /// # Errors
    /// Those of the work; `Refused` if a required signature cannot be made.
    pub(in crate::engine) fn signed_step(
        &self,
        who: &str,
        work: impl Fn(&Tx<'_>, Actor<'_>) -> Result<Step, EngineError>,
    ) -> Result<Step, EngineError> {
        let signing = &self.workspace.settings.signing;
        let is_unsigned = signing.key.is_none() && !signing.protects && signing.fault.is_none();
        if is_unsigned || self.workspace.rehearsal.is_on() {
            return self.workspace.transact(|tx| work(tx, self.workspace.actor(who)));
        }
        let space = self.signing_space();
        for attempt in 1..=ATTEMPTS {
            let at = now();
            let texts = self.rehearse(at, &space, |tx, actor| work(tx, actor), who)?;
            let (signed, note) = self.sign(who, &texts)?;
            let Some(signed) = signed else {
                let mut step = self.workspace.transact(|tx| work(tx, self.workspace.actor(who)))?;
                step.outcome.message = format!("{}{}", step.outcome.message, note.unwrap_or_default());
                return Ok(step);
            };
            let (missed, head) = (Cell::new(false), Cell::new(None));
            let pen = Pen::Signed { space: &space, signed: &signed, missed, head };
            let actor = Actor { pen: Some(&pen), ..self.workspace.actor(who) };
            let done = lock(&self.workspace.store).transact(at, |tx| work(tx, actor));
            let Pen::Signed { missed, head, .. } = &pen else { return done };
            if done.is_err() && missed.get() && attempt < ATTEMPTS {
                continue;
            }
            let step = done?;
            if let Some(head) = head.get() {
                self.workspace.report_trouble(self.keep_head(&space, head));
            }
            return Ok(step);
        }
        Err(EngineError::internal("signing the decision failed repeatedly because the log kept changing"))
    }

    /// The texts that the work needs signed, each with whether its signature is required.
    pub(in crate::engine) fn rehearse(
        &self,
        at: Instant,
        space: &str,
        work: impl Fn(&Tx<'_>, Actor<'_>) -> Result<Step, EngineError>,
        who: &str,
    ) -> Result<Vec<(String, bool)>, EngineError> {
        let pen = Pen::Rehearsal { space, texts: RefCell::default() };
        let actor = Actor { pen: Some(&pen), ..self.workspace.actor(who) };
        let tried: Result<(), Rehearsed> = lock(&self.workspace.store).transact(at, |tx| {
            work(tx, actor).map_err(Rehearsed::Failed)?;
            Err(Rehearsed::Done)
        });
        if let Err(Rehearsed::Failed(error)) = tried {
            return Err(error);
        }
        Ok(match pen {
            Pen::Rehearsal { texts, .. } => texts.into_inner(),
            Pen::Signed { .. } => Vec::new(),
        })
    }

    /// Signs texts. `None`, with a note for the user, if they stay unsigned.
    fn sign(&self, who: &str, texts: &[(String, bool)]) -> Result<(Option<Vec<Signed>>, Option<String>), EngineError> {
        let signing = &self.workspace.settings.signing;
        let made = match (&signing.fault, &signing.key) {
            (Some(fault), _) => Err(fault.clone()),
            (None, None) => Err("signatures are required, but no key is set (`key` in [signing])".to_owned()),
            (None, Some(key)) => texts.iter().map(|(text, _)| self.sign_one(key, who, text)).collect(),
        };
        let why = match made {
            Ok(signed) => return Ok((Some(signed), None)),
            Err(why) => why,
        };
        let is_demanded = texts.iter().any(|(_, demanded)| *demanded);
        if is_demanded && (signing.required || signing.fault.is_some()) {
            let hint = "fix that, or set required = false in [signing] in config.toml to decide without signatures";
            return Err(EngineError::new(ErrorCode::Refused, format!("the decision is not signed: {why}"), hint));
        }
        let note = (!texts.is_empty()).then(|| format!(" (not signed: {why})"));
        Ok((None, note))
    }

    /// The notice for a user before the decision waits for a touch of a security key.
    pub fn touch_notice(&self) -> Option<&'static str> {
        let key = self.workspace.settings.signing.key.as_deref()?;
        runner::needs_touch(key).then_some("touch your security key when it blinks, to sign this")
    }

    /// Signs a text, and verifies that the signature counts if it is required.
    fn sign_one(&self, key: &Path, who: &str, text: &str) -> Result<Signed, String> {
        let signature = runner::sign(&self.workspace.programs, key, text)?;
        if self.workspace.settings.signing.protects {
            self.judge()?.verify(self.engine, principal(who), &signature, text)?;
        }
        Ok(Signed { text: text.to_owned(), signature })
    }

    /// The name space in which entries of this workspace are signed: signatures of others do not count. It is derived
    /// from the path of the workspace, which cannot be changed by writing to the state folder.
    pub(super) fn signing_space(&self) -> String {
        let path = self.workspace.folder().canonicalize().unwrap_or_else(|_| self.workspace.folder().to_owned());
        Digest::of_bytes(path.as_os_str().as_bytes()).hex()[..SPACE_DIGITS].to_owned()
    }

    /// The signer of a row's `approval.toml`; `None` if it is unsigned.
    ///
    /// # Errors
    /// One line with the reason why the signature does not count.
    pub(super) fn signer(&self, tool: &Tool) -> Result<Option<Vouched>, String> {
        let Beside::Text(text) = self.beside(&tool.placement) else { return Ok(None) };
        let claim = Claim::read(&text).map_err(|why| format!("approval.toml cannot be read: {why}"))?;
        let Some(signature) = &claim.signature else { return Ok(None) };
        if let Some(wrong) = claim.contradicts(tool) {
            return Err(format!("the signed approval does not match: {wrong}"));
        }
        let signing = &self.workspace.settings.signing;
        let judge = match (&signing.allowed_signers, &signing.key) {
            (Some(signers), _) => self.judge_of(signers)?,
            // Without a list, only the user's own key counts.
            (None, Some(_)) => self.judge()?,
            (None, None) => {
                return Err("no allowed signers are set ([signing] allowed_signers in config.toml)".to_owned());
            }
        };
        self.fault_of_place(&claim)?;
        let answer = judge.verify(self.engine, claim.principal(), signature, &claim.signed);
        answer.map(|()| {
            let (reviewer, principal) = (claim.fields.reviewer.clone(), claim.principal().to_owned());
            Some(Vouched { tool: tool.clone(), reviewer, principal, at: claim.fields.approved_at, by_team: false })
        })
    }

    /// Versions that are not approved here, but by an allowed signer. Their copies are kept from now on.
    pub(in crate::engine) fn signed_versions(&self, tools: &[Arc<Tool>]) -> Result<Vec<Vouched>, EngineError> {
        if self.workspace.settings.signing.allowed_signers.is_none() {
            return Ok(Vec::new());
        }
        let approvals = self.workspace.read(|q| Ok(core::Approvals::read(q)?))?;
        let mut found = Vec::new();
        let own = tools.iter().filter(|tool| tool.server.is_none());
        for tool in own.filter(|tool| tool.stage.is_vouched() && !approvals.covers(tool)) {
            let Ok(Some(vouched)) = self.signer(tool) else { continue };
            let newer = approvals.newest_at(&tool.name).is_none_or(|at| at < vouched.at);
            let files = catalog::read(&self.workspace.plan, tool).map(|detail| detail.files);
            // A version that has moved since is examined again by the next scan.
            let Ok(files) = files else { continue };
            if newer && Digest::of_files(&files) == tool.digest {
                self.workspace.copies.put(tool.digest, &files)?;
                found.push(vouched);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Placement, Stage};

    #[test]
    fn a_reviewer_is_known_by_the_mail_address_or_by_all_of_the_name() {
        for (reviewer, name) in [
            ("Ada <ada@example.org>", "ada@example.org"),
            ("Ada <x> <ada@example.org>", "ada@example.org"),
            ("Ada", "Ada"),
            ("Ada <ada@example.org> and others", "Ada <ada@example.org> and others"),
            ("Ada ada@example.org>", "Ada ada@example.org>"),
        ] {
            assert_eq!(principal(reviewer), name);
        }
    }

    fn claim(fields: &str) -> String {
        let digest = Digest([1; 32]);
        let head = format!("tool = \"t\"\nversion = \"1.0.0\"\ndigest = \"{digest}\"\nstage = \"approved\"\n");
        format!("{head}reviewer = \"Ada <a@b>\"\napproved_at = \"2026-01-02T03:04:05Z\"\n{fields}")
    }

    #[test]
    fn only_what_stands_in_front_of_the_signature_is_believed() {
        let plain = Claim::read(&claim("")).unwrap();
        assert_eq!((plain.signature, plain.signed), (None, claim("")));
        let signed = Claim::read(&claim("signature = '''\narmored\n'''\nworkspace = \"here\"\nentry = 7\n")).unwrap();
        assert_eq!(signed.signature.as_deref(), Some("armored\n"));
        assert_eq!((signed.signed.as_str(), signed.principal()), (claim("").as_str(), "a@b"));
        assert_eq!((signed.fields.workspace, signed.fields.entry), (None, None), "nobody signed those");
        let hidden = format!("\"signature\" = \"x\"\n{}", claim(""));
        assert!(Claim::read(&hidden).unwrap_err().contains("is not at the start of a line"));
        assert!(Claim::read("tool = 1").is_err());
    }

    #[test]
    fn an_approval_speaks_only_for_the_row_that_it_names_in_every_field() {
        let (stage, base) = (Stage::Approved, "tools/approved/t".to_owned());
        let (digest, placement) = (Digest([1; 32]), Placement { base, exclusive: true });
        let row = Tool { digest, stage, placement, ..Tool::ordinary("t") };
        assert_eq!(Claim::read(&claim("")).unwrap().contradicts(&row), None);
        for (from, to, says) in [
            ("\"t\"", "\"u\"", "it contains tool u, but here it is t"),
            ("1.0.0", "1.0.1", "it contains version 1.0.1, but here it is 1.0.0"),
            ("approved\"", "core\"", "it contains stage core, but here it is approved"),
            ("0101", "0201", "it contains digest "),
        ] {
            let claim = Claim::read(&claim("").replacen(from, to, 1)).unwrap();
            let fault = claim.contradicts(&row).unwrap_or_default();
            assert!(fault.starts_with(says), "{from}: {fault}");
        }
    }
}
