//! The formats of the database, and the migrations between them.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks a database as ours (`TOOL` in ASCII), so that a foreign one is never migrated.
const APPLICATION_ID: i64 = 0x544f_4f4c;

/// Step `n` migrates from format `n` to format `n + 1`. A released step is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../../assets/migrations/0001_initial.sql"),
    include_str!("../../assets/migrations/0002_behaviour.sql"),
    include_str!("../../assets/migrations/0003_reviews.sql"),
    include_str!("../../assets/migrations/0004_evolving.sql"),
    include_str!("../../assets/migrations/0005_learning.sql"),
    include_str!("../../assets/migrations/0006_tiers.sql"),
    include_str!("../../assets/migrations/0007_trust.sql"),
    include_str!("../../assets/migrations/0008_services.sql"),
    include_str!("../../assets/migrations/0009_steps.sql"),
    include_str!("../../assets/migrations/0010_catalog.sql"),
    include_str!("../../assets/migrations/0011_agents.sql"),
    include_str!("../../assets/migrations/0012_tokens.sql"),
    include_str!("../../assets/migrations/0013_workers.sql"),
    include_str!("../../assets/migrations/0014_team.sql"),
    include_str!("../../assets/migrations/0015_set_aside.sql"),
    include_str!("../../assets/migrations/0016_version_scores.sql"),
    include_str!("../../assets/migrations/0017_reporters.sql"),
];

/// The newest format that this program knows.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Refuses a database that must not be touched. Called first, before any setting of the connection.
///
/// # Errors
/// [`StoreError::NotADatabase`] for the database of another program, [`StoreError::Newer`] for a format of a newer
/// program.
pub(super) fn recognise(connection: &Connection) -> StoreResult<()> {
    if !is_ours(connection)? && !is_empty(connection)? {
        return Err(StoreError::NotADatabase);
    }
    let found = format(connection)?;
    if found > KNOWN { Err(StoreError::Newer { found, known: KNOWN }) } else { Ok(()) }
}

/// Migrates a recognised database to the newest format, each step in its own transaction, so that a killed process
/// leaves a valid format.
///
/// # Errors
/// Any [`StoreError`] of a failed write.
pub(super) fn migrate(connection: &Connection) -> StoreResult<()> {
    let found = format(connection)?;
    for (step, sql) in (0_i64..).zip(MIGRATIONS).filter(|(step, _)| *step >= found) {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", step + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Whether a newer program has migrated the database since this connection was opened. This program then no longer
/// understands all tables.
///
/// # Errors
/// Any [`StoreError`] of a failed read.
pub fn has_newer_format(queries: &Queries) -> StoreResult<bool> {
    Ok(format(&queries.connection)? > KNOWN)
}

fn format(connection: &Connection) -> StoreResult<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn is_ours(connection: &Connection) -> StoreResult<bool> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(id == APPLICATION_ID)
}

/// Whether the database has an older format.
pub(super) fn is_old(connection: &Connection) -> StoreResult<bool> {
    Ok(format(connection)? < KNOWN && !is_empty(connection)?)
}

/// Whether the database has no tables.
pub(super) fn is_empty(connection: &Connection) -> StoreResult<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use crate::domain::{RunId, RunOutcome, RunUsage};

    /// The state of a workspace as the first release wrote it, with one run.
    fn first_format(dir: &std::path::Path) {
        let connection = Connection::open(dir.join("store.db")).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let run = "INSERT INTO runs (id, tool, version, digest, stage, caller, outcome, exit_code, started_at_ms, \
                   duration_ms, cpu_ms, max_rss_bytes, isolation_level, isolation_profile, isolation_layers, \
                   isolation_missing, denied, notes, input) VALUES (7, 'x', '1.0.0', zeroblob(32), 'approved', 'human', \
                   'succeeded', 0, 5, 12, 3, 4096, 'limits-only', 'strict', '[\"rlimits\"]', '[]', '[]', '[\"old\"]', '')";
        connection.execute(run, []).unwrap();
    }

    #[test]
    fn the_first_format_becomes_the_newest_and_keeps_what_it_held() {
        let dir = tempfile::tempdir().unwrap();
        first_format(dir.path());
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(format(&store.connection).unwrap(), KNOWN);
        let run = store.run(RunId(7)).unwrap().unwrap();
        let usage = RunUsage { duration_ms: 12, cpu_ms: 3, max_rss_bytes: 4096, ..RunUsage::default() };
        assert_eq!((run.outcome, run.usage, run.notes), (RunOutcome::Succeeded, usage, vec!["old".to_owned()]));
        assert_eq!(run.departed, Vec::<String>::new());
        assert_eq!(store.observation(RunId(7)).unwrap(), None);
        assert_eq!(store.envelope(&run.tool, run.digest).unwrap(), crate::domain::Envelope::default());
    }
}
