//! The operation log: who did what, hash-chained.

use super::digest::Digest;
use super::ids::OperationId;
use super::review::DecisionKind;
use super::shown::{DisplayRecord, Unread};
use super::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An entry of the operation log.
///
/// `hash` is BLAKE3 over `prev_hash` (32 bytes; zeros for the first) and the canonical JSON of the
/// other fields except `undone_by` (object keys in the order of this struct, no blanks).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Counts up; a missing number is reported as tampering.
    pub id: OperationId,
    /// When it was written, by the clock of the writer.
    pub at: Instant,
    /// Reviewer identity for humans, `agent:NAME` for agents, `signer:NAME` for a decision by signature.
    pub who: String,
    /// The verb, as in the table of actions.
    pub verb: String,
    /// The subject: tool, review or run, as text.
    pub subject: String,
    /// Arguments, and what is needed to undo it.
    pub detail: Value,
    /// Hash of the previous entry.
    pub prev_hash: Digest,
    /// Hash of this entry.
    pub hash: Digest,
    /// Whether `undo` can undo it.
    pub reversible: bool,
    /// The operation that undid it.
    pub undone_by: Option<OperationId>,
}

/// The fields that the hash covers, in order.
#[derive(Serialize)]
struct Hashed<'a> {
    id: OperationId,
    at: Instant,
    who: &'a str,
    verb: &'a str,
    subject: &'a str,
    detail: &'a Value,
    reversible: bool,
}

impl Operation {
    /// Which failed checks an approval overrode and why, in a line; `None` if none blocked it.
    pub fn passed_over(&self) -> Option<String> {
        let over = self.detail.get("override").filter(|over| over.is_object())?;
        let checks = over.get("checks").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let reason = over.get("reason").and_then(Value::as_str).unwrap_or("no reason recorded");
        Some(format!("overrode {}: {reason}", checks.collect::<Vec<_>>().join(", ")))
    }

    /// How much was not on screen when an approval was given; `None` if everything was, and for other operations.
    pub fn approved_unread(&self) -> Option<Unread> {
        let shown = self.detail.get("shown").filter(|_| self.verb == DecisionKind::Approve.word())?;
        Unread::of(&serde_json::from_value::<DisplayRecord>(shown.clone()).ok()?)
    }

    /// The same in a line.
    pub fn unread(&self) -> Option<String> {
        self.approved_unread().map(|unread| unread.to_string())
    }

    /// The text of its author: a comment with its place, or a reason.
    pub fn said(&self) -> Option<String> {
        let text = |name: &str| self.detail.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(body) = text("body") else { return text("reason").map(str::to_owned) };
        let line = |at: usize| self.detail.get("lines").and_then(|lines| lines.get(at)).and_then(Value::as_u64);
        let place = match (text("path"), line(0), line(1)) {
            (None, ..) => String::new(),
            (Some(path), Some(first), Some(last)) if first < last => format!("{path}:{first}-{last}: "),
            (Some(path), Some(line), _) => format!("{path}:{line}: "),
            (Some(path), ..) => format!("{path}: "),
        };
        Some(format!("{place}{body}"))
    }

    /// What `hash` must be, given the other fields.
    pub fn expected_hash(&self) -> Digest {
        let hashed = Hashed {
            id: self.id,
            at: self.at,
            who: &self.who,
            verb: &self.verb,
            subject: &self.subject,
            detail: &self.detail,
            reversible: self.reversible,
        };
        let mut bytes = self.prev_hash.0.to_vec();
        // Serialising strings, numbers and JSON values into memory cannot fail; an empty text would make verification
        // fail, never pass.
        bytes.extend(serde_json::to_vec(&hashed).unwrap_or_default());
        Digest::of_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(verb: &str, detail: Value) -> Operation {
        Operation {
            id: OperationId(7),
            at: Instant(1_000),
            who: "Ada".to_owned(),
            verb: verb.to_owned(),
            subject: "adder".to_owned(),
            detail,
            prev_hash: Digest([1; 32]),
            hash: Digest([2; 32]),
            reversible: true,
            undone_by: None,
        }
    }

    #[test]
    fn an_entry_tells_which_checks_it_passed_over_and_why() {
        for (over, told) in [
            (json!(null), None),
            (json!({"reason": "a false alarm", "checks": ["syntax", "types"]}), Some("syntax, types: a false alarm")),
            (json!({"checks": ["syntax"]}), Some("syntax: no reason recorded")),
        ] {
            let told = told.map(|told| format!("overrode {told}"));
            assert_eq!(entry("approve", json!({"override": over})).passed_over(), told);
        }
    }

    #[test]
    fn an_entry_tells_what_its_author_wrote_and_where() {
        for (detail, said) in [
            (json!({"reason": "not used"}), Some("not used")),
            (json!({"body": "why?", "path": null, "lines": null}), Some("why?")),
            (json!({"body": "why?", "path": "adder.py", "lines": null}), Some("adder.py: why?")),
            (json!({"body": "why?", "path": "adder.py", "lines": [3, 3]}), Some("adder.py:3: why?")),
            (json!({"body": "why?", "path": "adder.py", "lines": [3, 5]}), Some("adder.py:3-5: why?")),
            (json!({}), None),
        ] {
            assert_eq!(entry("comment", detail).said().as_deref(), said);
        }
    }

    #[test]
    fn only_an_approval_tells_how_much_was_not_read() {
        let shown = |lines_shown| DisplayRecord { lines: 3, lines_shown, ..DisplayRecord::default() };
        for (verb, shown, told) in [
            ("approve", shown(1), Some("2 of 3 lines not seen")),
            ("approve", shown(3), None),
            ("reject", shown(1), None),
        ] {
            assert_eq!(entry(verb, json!({"shown": shown})).unread().as_deref(), told, "{verb}");
        }
        assert_eq!(entry("approve", json!({})).unread(), None);
    }

    #[test]
    fn the_hash_covers_every_field_but_itself_and_who_took_the_entry_back() {
        let whole = entry("approve", json!({"a": 1}));
        let expected = whole.expected_hash();
        let same = [
            Operation { hash: Digest([3; 32]), ..whole.clone() },
            Operation { undone_by: Some(OperationId(8)), ..whole.clone() },
        ];
        assert!(same.iter().all(|entry| entry.expected_hash() == expected));
        let others = [
            Operation { id: OperationId(8), ..whole.clone() },
            Operation { at: Instant(1_001), ..whole.clone() },
            Operation { who: "Eve".to_owned(), ..whole.clone() },
            Operation { verb: "reject".to_owned(), ..whole.clone() },
            Operation { subject: "other".to_owned(), ..whole.clone() },
            Operation { detail: json!({"a": 2}), ..whole.clone() },
            Operation { prev_hash: Digest([3; 32]), ..whole.clone() },
            Operation { reversible: false, ..whole },
        ];
        for other in others {
            assert_ne!(other.expected_hash(), expected, "{other:?}");
        }
    }
}
