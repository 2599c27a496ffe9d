//! The decisions table and the log entries that created its rows, read as stored: damaged data is returned as damaged.

use super::error::StoreResult;
use super::operations;
use super::queries::Queries;
use super::reviews;
use crate::domain::{Decision, Operation, OperationId, ReviewId};

/// A row of the decisions table.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDecision {
    /// Row number.
    pub number: i64,
    /// The decided review.
    pub review: ReviewId,
    /// The tool of that review; `None` when the review does not exist.
    pub tool: Option<String>,
    /// The log entry that the row names.
    pub operation: OperationId,
    /// The decision; `None` when it cannot be read.
    pub decision: Option<Decision>,
}

/// The rows and the log entries of all decisions, read at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeptDecisions {
    /// Rows, oldest first.
    pub rows: Vec<KeptDecision>,
    /// Log entries that decided a review, oldest first. An unreadable entry has only its number.
    pub entries: Vec<(OperationId, Option<Operation>)>,
}

impl Queries {
    /// Every row of the decisions table, and every log entry that decided a review, oldest first. An unreadable entry
    /// has only its number.
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
