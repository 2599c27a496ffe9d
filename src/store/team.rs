//! Files of the team, the state that they imply for each version, and the last exchange.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Digest, EventKind, Instant};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// A file of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamFile {
    /// The SHA-256 of its bytes, in hex.
    pub name: String,
    /// `rules` for a policy and for a list of decisions of another team, else the kind of the decision.
    pub kind: String,
    /// The version that the file is about.
    pub digest: Option<Digest>,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The key that signed it; `None` for `rules`.
    pub key: Option<String>,
    /// Identifies the content at the remote: its git object; `None` until the file was sent.
    pub object: Option<String>,
}

/// The last exchange with the team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamSync {
    /// Address of the remote.
    pub remote: String,
    /// Where the next fetch continues: for git, a commit.
    pub mark: Option<String>,
    /// When the exchange took place.
    pub at: Option<Instant>,
    /// The policy and its imports, with which the states of versions were computed.
    pub policy: Option<String>,
}

const COLUMNS: &str = "name, kind, digest, bytes, key, object";

fn file(row: &Row<'_>) -> rusqlite::Result<TeamFile> {
    Ok(TeamFile {
        name: row.get(0)?,
        kind: row.get(1)?,
        digest: row.get(2)?,
        bytes: row.get(3)?,
        key: row.get(4)?,
        object: row.get(5)?,
    })
}

/// Queries about the files of the team.
#[derive(Clone, Copy)]
pub struct TeamFiles<'q>(pub &'q Queries);

impl TeamFiles<'_> {
    /// Policies, and agreements to them, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn without_version(self) -> StoreResult<Vec<TeamFile>> {
        let sql = format!("SELECT {COLUMNS} FROM team_files WHERE kind IN ('rules', 'policy') ORDER BY name");
        self.0.rows(&sql, [], file)
    }

    /// The decisions about a version, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn about(self, digest: Digest) -> StoreResult<Vec<TeamFile>> {
        let sql = format!("SELECT {COLUMNS} FROM team_files WHERE digest = ?1 ORDER BY name");
        self.0.rows(&sql, params![digest], file)
    }

    /// The digests of all versions with files.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn digests(self) -> StoreResult<Vec<Digest>> {
        let sql = "SELECT DISTINCT digest FROM team_files WHERE digest IS NOT NULL ORDER BY digest";
        self.0.rows(sql, [], |row| row.get(0))
    }

    /// Files that were not sent yet, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn waiting(self) -> StoreResult<Vec<TeamFile>> {
        self.0.rows(&format!("SELECT {COLUMNS} FROM team_files WHERE object IS NULL ORDER BY name"), [], file)
    }

    /// One file.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn named(self, name: &str) -> StoreResult<Option<TeamFile>> {
        self.0.row(&format!("SELECT {COLUMNS} FROM team_files WHERE name = ?1"), params![name], file)
    }

    /// When a file was added; `None` when it is missing.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn added(self, name: &str) -> StoreResult<Option<Instant>> {
        self.0.row("SELECT added_ms FROM team_files WHERE name = ?1", params![name], |row| row.get(0))
    }

    /// Name and git object of each file.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn objects(self) -> StoreResult<HashMap<String, Option<String>>> {
        let rows = self.0.rows("SELECT name, object FROM team_files", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// Calls back with each file, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn each(self, mut call: impl FnMut(TeamFile)) -> StoreResult<()> {
        let mut statement =
            self.0.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM team_files ORDER BY name"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            call(file(row)?);
        }
        Ok(())
    }

    /// The computed state of a version, as JSON.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn state(self, digest: Digest) -> StoreResult<Option<String>> {
        self.0.row("SELECT state FROM team_versions WHERE digest = ?1", params![digest], |row| row.get(0))
    }

    /// The computed states of all versions, as JSON, by digest. With `of_status`, only those with one of these
    /// statuses.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn states(self, of_status: &[&str]) -> StoreResult<Vec<(Digest, String)>> {
        let rows = self.0.rows("SELECT digest, state, status FROM team_versions ORDER BY digest", [], |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?))
        })?;
        let is_asked = |status: &str| of_status.is_empty() || of_status.contains(&status);
        Ok(rows.into_iter().filter(|(_, status)| is_asked(status)).map(|(row, _)| row).collect())
    }

    /// The computed states, as JSON, that contain a text, by digest.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn states_with(self, text: &str) -> StoreResult<Vec<(Digest, String)>> {
        let sql = "SELECT digest, state FROM team_versions WHERE instr(state, ?1) > 0 ORDER BY digest";
        self.0.rows(sql, params![text], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The digests of versions that are revoked or rejected, and of those on which machines may disagree because a key
    /// that decided about them expires.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn perhaps_stopped(self) -> StoreResult<Vec<Digest>> {
        let sql = "SELECT digest FROM team_versions \
                   WHERE status IN ('revoked', 'rejected') OR instr(state, '\"until\":') > 0 ORDER BY digest";
        self.0.rows(sql, [], |row| row.get(0))
    }

    /// The most recently added files, newest first, each with its time.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn newest(self, most: usize) -> StoreResult<Vec<(TeamFile, Instant)>> {
        let sql = format!("SELECT {COLUMNS}, added_ms FROM team_files ORDER BY added_ms DESC, name LIMIT ?1");
        self.0.rows(&sql, params![i64::try_from(most).unwrap_or(i64::MAX)], |row| Ok((file(row)?, row.get(6)?)))
    }

    /// How many files there are.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn count(self) -> StoreResult<usize> {
        let count = self.0.row("SELECT count(*) FROM team_files", [], |row| row.get::<_, i64>(0))?;
        Ok(usize::try_from(count.unwrap_or(0)).unwrap_or(0))
    }

    /// Files that do not count, by path: path, object and reason.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn refused(self) -> StoreResult<Vec<(String, String, String)>> {
        let sql = "SELECT path, object, why FROM team_refused ORDER BY path";
        self.0.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// Whether `sync` or `pull` put a version into this workspace.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn has_landed(self, digest: Digest) -> StoreResult<bool> {
        let sql = "SELECT 1 FROM team_landed WHERE digest = ?1";
        Ok(self.0.row(sql, params![digest], |_| Ok(()))?.is_some())
    }

    /// The last exchange; `None` when there was none.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn last_sync(self) -> StoreResult<Option<TeamSync>> {
        self.0.row("SELECT remote, commit_id, at_ms, policy FROM team_syncs", [], |row| {
            Ok(TeamSync { remote: row.get(0)?, mark: row.get(1)?, at: row.get(2)?, policy: row.get(3)? })
        })
    }
}

/// Writes the files of the team.
#[derive(Clone, Copy)]
pub struct TeamWriter<'t, 'a>(pub &'t Tx<'a>);

impl TeamWriter<'_, '_> {
    /// Adds a file. An existing one stays as it is, but gets its object if that was unknown.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put(self, file: &TeamFile) -> StoreResult<()> {
        let sql = "INSERT INTO team_files (name, kind, digest, bytes, key, object, added_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET object = coalesce(object, ?6)";
        let TeamFile { name, kind, digest, bytes, key, object } = file;
        self.0.change(sql, params![name, kind, digest, bytes, key, object, self.0.now()]).map(drop)
    }

    /// Sets the object of a file; `None` when the file must be sent again.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_object(self, name: &str, object: Option<&str>) -> StoreResult<()> {
        self.0.change("UPDATE team_files SET object = ?2 WHERE name = ?1", params![name, object]).map(drop)
    }

    /// Stores the computed state of a version. Emits `team-changed` when it differs from before.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_state(self, digest: Digest, status: &str, state: &str) -> StoreResult<bool> {
        let sql = "INSERT INTO team_versions (digest, status, state) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (digest) DO UPDATE SET status = ?2, state = ?3 WHERE state <> ?3";
        let changed = self.0.change(sql, params![digest, status, state])? > 0;
        if changed {
            self.0.emit(EventKind::TeamChanged, digest)?;
        }
        Ok(changed)
    }

    /// Deletes the computed states of all versions.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn clear_states(self) -> StoreResult<()> {
        self.0.change("DELETE FROM team_versions", []).map(drop)
    }

    /// Stores the files that do not count, in place of what was stored before.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_refused(self, refused: &[(String, String, String)]) -> StoreResult<()> {
        self.0.change("DELETE FROM team_refused", [])?;
        for (path, object, why) in refused {
            let sql = "INSERT OR REPLACE INTO team_refused (path, object, why) VALUES (?1, ?2, ?3)";
            self.0.change(sql, params![path, object, why])?;
        }
        Ok(())
    }

    /// Records that `sync` or `pull` put a version into this workspace.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn note_landed(self, digest: Digest) -> StoreResult<()> {
        self.0.change("INSERT OR IGNORE INTO team_landed (digest) VALUES (?1)", params![digest]).map(drop)
    }

    /// Records an exchange.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_sync(self, sync: &TeamSync) -> StoreResult<()> {
        let sql = "INSERT INTO team_syncs (id, remote, commit_id, at_ms, policy) VALUES (1, ?1, ?2, ?3, ?4) \
                   ON CONFLICT (id) DO UPDATE SET remote = ?1, commit_id = ?2, at_ms = ?3, policy = ?4";
        self.0.change(sql, params![sync.remote, sync.mark, sync.at, sync.policy]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, digest, store};
    use super::*;

    fn decision(name: &str) -> TeamFile {
        TeamFile {
            name: name.to_owned(),
            kind: "approve".to_owned(),
            digest: Some(digest("1")),
            bytes: vec![1, 0, 2],
            key: Some("ssh-ed25519 AAAA".to_owned()),
            object: None,
        }
    }

    #[test]
    fn a_file_is_kept_once_waits_to_be_handed_out_and_never_goes() {
        let (_dir, mut store) = store();
        let shared = TeamFile { object: Some("0a".to_owned()), ..decision("b") };
        let rules = TeamFile { kind: "rules".to_owned(), digest: None, key: None, ..decision("c") };
        change(&mut store, |tx| {
            let writer = TeamWriter(tx);
            writer.put(&decision("a"))?;
            writer.put(&shared)?;
            writer.put(&TeamFile { bytes: Vec::new(), ..shared.clone() })?;
            writer.put(&TeamFile { object: Some("0c".to_owned()), ..rules.clone() })
        });
        let files = TeamFiles(&store);
        assert_eq!(files.waiting().unwrap(), [decision("a")]);
        assert_eq!(files.about(digest("1")).unwrap(), [decision("a"), shared]);
        assert_eq!(files.without_version().unwrap(), [TeamFile { object: Some("0c".to_owned()), ..rules }]);
        assert_eq!((files.count().unwrap(), files.digests().unwrap()), (3, vec![digest("1")]));
        assert_eq!(files.newest(2).unwrap().len(), 2);
        change(&mut store, |tx| TeamWriter(tx).set_object("a", Some("0d")));
        assert_eq!(TeamFiles(&store).waiting().unwrap(), []);
        assert_eq!(TeamFiles(&store).objects().unwrap()["a"].as_deref(), Some("0d"));
    }

    #[test]
    fn what_was_computed_is_told_when_it_changed() {
        let (_dir, mut store) = store();
        let set = |store: &mut _, state: &str| change(store, |tx| TeamWriter(tx).set_state(digest("1"), "open", state));
        assert!(set(&mut store, "{}"));
        assert!(!set(&mut store, "{}"));
        assert!(set(&mut store, "[]"));
        let files = TeamFiles(&store);
        assert_eq!(files.state(digest("1")).unwrap().as_deref(), Some("[]"));
        assert_eq!(files.states(&["open"]).unwrap().len(), 1);
        assert_eq!((files.states_with("[").unwrap().len(), files.states_with("base").unwrap().len()), (1, 0));
        assert_eq!(files.states(&["approved"]).unwrap().len(), 0);
        let sync = TeamSync { remote: "r".to_owned(), at: Some(Instant(5)), ..TeamSync::default() };
        change(&mut store, |tx| {
            TeamWriter(tx).set_refused(&[("p".into(), "0".into(), "why".into())])?;
            TeamWriter(tx).note_landed(digest("1"))?;
            TeamWriter(tx).set_sync(&sync)
        });
        let files = TeamFiles(&store);
        assert_eq!(files.refused().unwrap().len(), 1);
        assert!(files.has_landed(digest("1")).unwrap() && !files.has_landed(digest("2")).unwrap());
        assert_eq!(files.last_sync().unwrap(), Some(sync));
    }
}
