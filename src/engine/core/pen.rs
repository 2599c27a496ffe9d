//! Signed entries of the log: which entries are signed, the text that is signed for each, and how a signature gets into
//! the transaction of its entry.
//!
//! The text is derived from the entry and the name space alone, so it is not stored. It contains the hash of the entry,
//! which covers the whole entry and the hash of the previous one: signing an entry signs the log up to it.

use super::statement::{Statement, quoted};
use super::undo_note::UndoNote;
use crate::domain::{Digest, Operation, OperationId, Stage, ToolName, rfc3339};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{LogSignature, Queries, StoreError, Tx};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::fmt::Write;

/// The verb by which a human signs the log at its present state.
pub const SIGN: &str = "sign";

/// Verbs whose entries grant something: if signatures are required, these entries count only if they are signed.
const DEMANDED: [&str; 8] = ["approve", "allow", "grant", "promote", "unlock", "rollback", "undo", SIGN];

/// Verbs whose entries only end or refuse something: they are signed if possible, and count even unsigned.
const OTHERS: [&str; 3] = ["reject", "request-changes", "revoke"];

/// The first line of the signed text of an entry that writes no `approval.toml`.
const HEAD: &str = "# An entry of the operation log, signed by whoever made it.\n";

/// Whether an entry with this verb counts only if it is signed, if signatures are required.
pub fn demands_signature(verb: &str) -> bool {
    DEMANDED.contains(&verb)
}

/// The signed text of an entry: for an approval of a version the head of its `approval.toml`, otherwise its fields;
/// always with the position of the entry in the log of this name space.
pub fn signed_text(space: &str, entry: &Operation) -> String {
    let said = |field: &str| entry.detail.get(field).and_then(Value::as_str);
    let mut text = statement(entry).unwrap_or_else(|| {
        let mut text = HEAD.to_owned();
        let at = rfc3339(entry.at);
        let lines = [
            ("verb", Some(entry.verb.as_str())),
            ("subject", Some(entry.subject.as_str())),
            ("digest", said("digest")),
            ("stage", said("to_stage")),
            ("reviewer", Some(entry.who.as_str())),
            ("at", Some(at.as_str())),
        ];
        lines.into_iter().filter_map(|(key, value)| Some((key, value?))).for_each(|(key, value)| {
            put(&mut text, key, &quoted(value));
        });
        text
    });
    if let Some(evidence) = said("evidence") {
        put(&mut text, "evidence", &quoted(evidence));
    }
    put(&mut text, "workspace", &quoted(space));
    put(&mut text, "entry", &entry.id.to_string());
    put(&mut text, "previous", &quoted(&entry.prev_hash.hex()));
    put(&mut text, "hash", &quoted(&entry.hash.hex()));
    text
}

fn put(text: &mut String, key: &str, value: &str) {
    // Writing to memory cannot fail.
    let _ = writeln!(text, "{key} = {value}");
}

/// The head of the `approval.toml` that an entry writes; `None` if it writes none.
fn statement(entry: &Operation) -> Option<String> {
    let Some(UndoNote::Approve { after, .. }) = UndoNote::of(entry) else { return None };
    let said = |path: &str| entry.detail.pointer(path).and_then(Value::as_str);
    let tool = ToolName::new(&entry.subject).ok()?;
    let version = said("/version")?.parse().ok()?;
    let digest: Digest = said("/digest")?.parse().ok()?;
    let stage: Stage = after.stage;
    let statement = Statement {
        tool: &tool,
        version: &version,
        digest,
        stage,
        reviewer: &entry.who,
        at: entry.at,
        reason: said("/reason"),
        over: said("/override/reason"),
        unread: entry.approved_unread(),
    };
    Some(statement.text())
}

/// A signed text of an entry that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub text: String,
    pub signature: String,
}

/// How entries of a transaction get their signatures.
#[derive(Debug)]
pub enum Pen<'a> {
    /// Collects the texts to sign; the transaction is rolled back.
    Rehearsal {
        space: &'a str,
        /// The texts to sign, and whether the entry counts only with a signature.
        texts: RefCell<Vec<(String, bool)>>,
    },
    /// Writes the signatures.
    Signed {
        space: &'a str,
        signed: &'a [Signed],
        /// Whether an entry differs from the one that was signed.
        missed: Cell<bool>,
        /// The newest signed entry.
        head: Cell<Option<(OperationId, Digest)>>,
    },
}

impl Pen<'_> {
    /// Signs a text of this transaction that is not an entry of the log. `None` in a rehearsal.
    ///
    /// # Errors
    /// `Conflict` if the written text differs from the signed text.
    pub(super) fn sign_text(&self, text: &str, subject: &str) -> Result<Option<String>, EngineError> {
        match self {
            Pen::Rehearsal { texts, .. } => {
                texts.borrow_mut().push((text.to_owned(), false));
                Ok(None)
            }
            Pen::Signed { signed, missed, .. } => {
                if let Some(found) = signed.iter().find(|signed| signed.text == text) {
                    return Ok(Some(found.signature.clone()));
                }
                missed.set(true);
                let message = format!("{subject} changed during signing");
                Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"))
            }
        }
    }

    /// Signs an entry of this transaction, if its verb is signed.
    ///
    /// # Errors
    /// `Conflict` if the written text differs from the signed text.
    pub(super) fn sign(&self, tx: &Tx<'_>, operation: OperationId) -> Result<(), EngineError> {
        let entry = tx.operation(operation)?.ok_or_else(|| EngineError::internal("an entry that was just written"))?;
        let demanded = demands_signature(&entry.verb);
        if !demanded && !OTHERS.contains(&entry.verb.as_str()) {
            return Ok(());
        }
        match self {
            Pen::Rehearsal { space, texts } => {
                texts.borrow_mut().push((signed_text(space, &entry), demanded));
                let (space, signature) = ((*space).to_owned(), String::new());
                Ok(tx.keep_log_signature(operation, &LogSignature { space, signature })?)
            }
            Pen::Signed { space, signed, missed, head } => {
                let text = signed_text(space, &entry);
                let Some(found) = signed.iter().find(|signed| signed.text == text) else {
                    missed.set(true);
                    let message = format!("{} changed during signing", entry.subject);
                    return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
                };
                head.set(Some((operation, entry.hash)));
                let (space, signature) = ((*space).to_owned(), found.signature.clone());
                Ok(tx.keep_log_signature(operation, &LogSignature { space, signature })?)
            }
        }
    }
}

/// The signature of an approval of a version, and the signed text; `None` if there is none, or if it was made for
/// another kind of entry.
///
/// # Errors
/// Any failed read of the store.
pub(super) fn signature_beside(q: &Queries, entry: Option<&Operation>) -> Result<Option<(String, String)>, StoreError> {
    let Some(entry) = entry.filter(|entry| statement(entry).is_some()) else { return Ok(None) };
    Ok(q.log_signature(entry.id)?.map(|kept| (signed_text(&kept.space, entry), kept.signature)))
}
