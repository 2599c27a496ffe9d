//! `sign`: lists the log entries that need a signature and have none, and signs them.

use super::call::{Answer, Call};
use super::done::Done;
use super::print_text::{Ink, Page, StyledLine, counted};
use crate::engine::{EngineError, UnsignedLog};
use serde::Serialize;
use std::io;

/// The unsigned log entries, and the result of signing.
#[derive(Serialize)]
pub(super) struct Signing {
    #[serde(flatten)]
    found: UnsignedLog,
    signed: Option<Done>,
}

pub(super) fn sign(call: &Call<'_>) -> Result<Signing, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let found = engine.integrity().unsigned()?;
    if call.switch("yes") {
        super::done::ask_for_touch(call, &engine);
    }
    let signed = call.switch("yes").then(|| engine.integrity().sign_log(&found, &call.caller(&engine)));
    call.tell_trouble(&engine);
    Ok(Signing { found, signed: signed.transpose()?.map(Done::new) })
}

impl Answer for Signing {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if let Some(fault) = &self.found.fault {
            page.line(&StyledLine::new().put(Ink::Bad, "no decision is in force: ").put(Ink::Plain, fault))?;
        }
        for entry in &self.found.entries {
            let what = format!("entry {} by {}: {} {}", entry.operation, entry.who, entry.verb, entry.subject);
            page.line(&StyledLine::new().put(Ink::Warn, "not signed: ").put(Ink::Plain, what))?;
            page.field("reason", Ink::Plain, &entry.why)?;
        }
        if let Some(signed) = &self.signed {
            return signed.text(page);
        }
        match (self.found.entries.len(), &self.found.fault) {
            (0, None) => page.say("everything that needs a signature is signed"),
            (0, Some(_)) => page.say("if the log above is as expected, sign it with `toolsmith sign --yes`"),
            (entries, _) => {
                let what = counted(entries, "entry", "entries");
                let next = "check each entry, undo or revoke unwanted ones, then run `toolsmith sign --yes`";
                page.say(format!("{what} not signed; {next}"))
            }
        }
    }

    fn exit_code(&self) -> u8 {
        u8::from(self.signed.is_none() && (self.found.fault.is_some() || !self.found.entries.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, OperationId};
    use crate::engine::Unsigned;

    #[test]
    fn what_is_not_signed_is_named_with_what_to_do() {
        let entry = Unsigned {
            operation: OperationId(3),
            verb: "grant".to_owned(),
            subject: "fresh".to_owned(),
            who: "Ada".to_owned(),
            why: "it has no signature".to_owned(),
            target: None,
        };
        let log = Digest([0; 32]);
        let found =
            UnsignedLog { fault: Some("entry 2 is missing from the log".to_owned()), entries: vec![entry], log };
        let told = Signing { found, signed: None };
        assert_eq!(told.exit_code(), 1);
        assert_eq!(
            plain(|page| told.text(page)),
            "no decision is in force: entry 2 is missing from the log\nnot signed: entry 3 by Ada: grant fresh\nreason       it has no signature\n1 entry not signed; check each entry, undo or revoke unwanted ones, then run `toolsmith sign --yes`\n"
        );
        let none = Signing { found: UnsignedLog { fault: None, entries: Vec::new(), log }, signed: None };
        assert_eq!(
            (none.exit_code(), plain(|page| none.text(page)).contains("everything that needs a signature")),
            (0, true)
        );
    }
}
