//! The table of decisions and the entries of the log that made its rows, as they are kept: what is damaged is given
//! as damaged.

use super::error::StoreResult;
use super::operations;
use super::queries::Queries;
use super::reviews;
use crate::domain::{Decision, Operation, OperationId, ReviewId};

/// A row of the table of decisions.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDecision {
    /// Row number in the table.
    pub number: i64,
    /// The review that it is about.
    pub review: ReviewId,
    /// The tool of that review; `None` when there is no such review.
    pub tool: Option<String>,
    /// The entry of the log that it names.
    pub operation: OperationId,
    /// What it says; `None` when it cannot be read.
    pub decision: Option<Decision>,
}

/// Both sides of every decision, read at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeptDecisions {
    /// Rows of the table, oldest first.
    pub rows: Vec<KeptDecision>,
    /// Entries of the log that decided a review, oldest first; one that cannot be read has only its number.
    pub entries: Vec<(OperationId, Option<Operation>)>,
}

impl Queries {
    /// Every row of the table of decisions, and every entry of the log that decided a review, oldest first; an entry
    /// that cannot be read is `None`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn kept_decisions(&self) -> StoreResult<KeptDecisions> {
        self.snapshot(|queries| {
            let sql = format!(
                "SELECT {}, d.id, (SELECT CAST(r.tool AS TEXT) FROM reviews r WHERE r.id = d.review) \
                 FROM decisions d ORDER BY d.id",
                reviews::DECISION
            );
            let rows = queries.rows(&sql, [], |row| {
                // A damaged row must not hide the others; the caller names it.
                let decision = reviews::read_decision(row).ok();
                let (number, tool, operation) = (row.get(15)?, row.get(16)?, row.get(10)?);
                Ok(KeptDecision { number, review: row.get(0)?, tool, operation, decision })
            })?;
            let sql = format!(
                "SELECT {} FROM operations WHERE verb IN ('approve', 'reject', 'request-changes') ORDER BY id",
                operations::COLUMNS
            );
            let entries = queries.rows(&sql, [], |row| Ok((row.get(0)?, operations::read(row).ok())))?;
            Ok(KeptDecisions { rows, entries })
        })
    }
}
