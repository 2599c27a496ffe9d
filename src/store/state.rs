//! The state that commands change, as text lines, to compare two moments.

use super::error::StoreResult;
use super::queries::Queries;
use crate::domain::Digest;
use rusqlite::types::Value;
use std::fmt::Write;

/// The compared columns, table by table, without counters. Excludes the log and the feed; includes the state of each
/// review, and the decisions and comments that hold.
const STATE: &[(&str, &str)] = &[
    ("approvals", "SELECT tool, digest, stage, operation, at_ms, base, signature FROM approvals"),
    (
        "reviews",
        "SELECT kind, tool, version, digest, from_stage, to_stage, state FROM reviews WHERE state <> 'superseded'",
    ),
    ("decisions", "SELECT review, kind, reviewer, reason, digest, at_ms, operation FROM decisions WHERE undone = 0"),
    ("present", "SELECT path, tool, digest, stage, base, exclusive FROM present"),
    ("grants", "SELECT tool, digest, permissions FROM grants"),
    ("agent_grants", "SELECT tool, digest, agent, session FROM agent_grants WHERE revoked = 0"),
    ("comments", "SELECT tool, digest, path, first_line, kind, body FROM comments WHERE withdrawn = 0"),
    ("deprecations", "SELECT tool, successor, reason FROM deprecations"),
    ("intents", "SELECT operation, body FROM intents WHERE finished_at_ms IS NULL"),
];

impl Queries {
    /// The rows that commands change, one per line, sorted: equal lines mean equal states, and a person can read a
    /// difference. Leaves out the log, which only grows.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn state_lines(&self) -> StoreResult<Vec<String>> {
        self.snapshot(|queries| {
            let mut lines = Vec::new();
            for (table, sql) in STATE {
                lines.extend(queries.rows(sql, [], |row| {
                    let columns = row.as_ref().column_count();
                    let values = (0..columns).map(|at| row.get::<_, Value>(at)).collect::<Result<Vec<_>, _>>()?;
                    Ok(values.iter().fold((*table).to_owned(), written))
                })?);
            }
            lines.sort();
            Ok(lines)
        })
    }
}

/// The line with one more value.
fn written(mut line: String, value: &Value) -> String {
    // Writing into memory cannot fail.
    let _ = match value {
        Value::Blob(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(digest) => write!(line, " {}", Digest(digest).hex()),
            Err(_) => write!(line, " {bytes:?}"),
        },
        Value::Null => write!(line, " -"),
        Value::Integer(number) => write!(line, " {number}"),
        Value::Real(number) => write!(line, " {number}"),
        Value::Text(text) => write!(line, " {text:?}"),
    };
    line
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, digest, name, review, store};
    use crate::domain::{Allowed, Permissions, ReviewState, WriteMode};

    #[test]
    fn the_state_is_the_same_after_there_and_back_and_differs_in_between() {
        let (_dir, mut store) = store();
        let before = store.state_lines().unwrap();
        let id = change(&mut store, |tx| {
            tx.grant(&name("x"), digest("1"), &Allowed::new(&Permissions::default(), WriteMode::Staged), "Ada")?;
            tx.open_review(&review("x", "1"))
        });
        let between = store.state_lines().unwrap();
        assert_eq!(between.len(), before.len() + 2, "{between:#?}");
        let told = |line: &&String| line.starts_with("reviews \"new\" \"x\" ") && line.ends_with("\"waiting\"");
        assert_eq!(between.iter().filter(told).count(), 1, "{between:#?}");
        change(&mut store, |tx| {
            tx.withdraw_grant(&name("x"), digest("1"))?;
            tx.set_review_state(id, ReviewState::Superseded)
        });
        assert_eq!(store.state_lines().unwrap(), before);
    }
}
