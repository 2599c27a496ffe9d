//! Signatures in `doctor`: whether decisions can be signed, whose signatures count, and which entries are unsigned.

use super::{Health, line};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::review::log_trust::UnsignedLog;
use crate::engine::settings::Signing;
use crate::engine::view::DoctorLine;
use crate::runner;
use std::ffi::OsStr;

/// The name of the line.
const NAME: &str = "signing";

/// The fix for an invalid setting.
const FIX: &str = "fix [signing] in config.toml, or set required = false to decide without signatures";

impl Engine {
    /// Examines key, allowed signers and log; signs nothing, because a key may require a touch. No line without
    /// settings for signatures.
    pub(in crate::engine) fn doctor_of_signing(&self) -> Vec<DoctorLine> {
        let signing = &self.workspace.settings.signing;
        if *signing == Signing::default() {
            return Vec::new();
        }
        let judged = if signing.protects {
            self.integrity().judge().map(drop)
        } else {
            signing.allowed_signers.as_deref().map_or(Ok(()), |signers| self.integrity().judge_of(signers).map(drop))
        };
        let faults = [signing.fault.clone(), judged.err(), self.fault_of_key()];
        let mut faults: Vec<String> = faults.into_iter().flatten().collect();
        faults.dedup();
        if !faults.is_empty() {
            let health = if signing.required { Health::Bad } else { Health::Warn };
            return faults.into_iter().map(|fault| line(NAME, health, told(signing, &fault), FIX)).collect();
        }
        vec![of_log(signing, self.integrity().unsigned())]
    }

    /// Why nothing can be signed with the key; `None` without a key, or if signing seems possible.
    fn fault_of_key(&self) -> Option<String> {
        let (key, programs) = (self.workspace.settings.signing.key.as_deref()?, &self.workspace.programs);
        // Tested without opening: opening a pipe would block.
        match key.metadata() {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Some(format!("the key {} is not a file", key.display())),
            Err(error) => return Some(format!("the key {} cannot be read: {error}", key.display())),
        }
        if let Err(why) = runner::can_sign(programs) {
            return Some(why);
        }
        let is_public = key.extension() == Some(OsStr::new("pub"));
        let has_agent = programs.variable("SSH_AUTH_SOCK").is_some_and(|socket| !socket.is_empty());
        (is_public && !has_agent).then(|| format!("{} is a public key, and no ssh-agent is running", key.display()))
    }
}

/// A fault with its consequence for decisions.
fn told(signing: &Signing, fault: &str) -> String {
    if signing.required || signing.fault.is_some() {
        format!("{fault}; approvals are refused until this is fixed")
    } else {
        format!("{fault}; decisions stay unsigned")
    }
}

fn of_log(signing: &Signing, found: Result<UnsignedLog, EngineError>) -> DoctorLine {
    let by = match (&signing.key, &signing.required) {
        (Some(key), _) => format!("decisions are signed with {}", key.display()),
        (None, true) => "decisions cannot be signed here: no key is set".to_owned(),
        (None, false) => "decisions are not signed".to_owned(),
    };
    let whose = match &signing.allowed_signers {
        Some(signers) => format!("trusted keys: {}", signers.display()),
        None if signing.key.is_some() => "only your own key is trusted".to_owned(),
        None => "no key is trusted".to_owned(),
    };
    match found {
        Err(error) => line(NAME, Health::Bad, error.message, error.hint),
        Ok(UnsignedLog { fault: Some(fault), .. }) => line(
            NAME,
            Health::Bad,
            format!("no approval is in force: {fault}"),
            "`toolsmith sign` shows what is not signed",
        ),
        Ok(UnsignedLog { entries, .. }) if !entries.is_empty() => {
            let (count, verb) = (entries.len(), if entries.len() == 1 { "entry counts" } else { "entries count" });
            let message = format!("{count} {verb} only when signed; {by}");
            line(NAME, Health::Warn, message, "`toolsmith sign` shows what is not signed")
        }
        Ok(_) => line(NAME, Health::Ok, format!("{by}; {whose}"), ""),
    }
}
