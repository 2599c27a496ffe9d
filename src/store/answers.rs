//! Which tool answered a scenario last, and which scenarios no tool answered.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Instant, RunId, Unanswered, Winner};
use rusqlite::{ToSql, params};

/// How a lesson is identified: by its scenario or by the run that taught it.
#[derive(Debug, Clone, Copy)]
pub enum Lesson<'a> {
    /// Scenario and tags, in normalized form.
    Scenario(&'a str, &'a str),
    /// The newest run that taught it.
    Run(RunId),
}

impl Queries {
    /// Requests that found no answer at or after a point in time, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn unanswered(&self, since: Instant) -> StoreResult<Vec<Unanswered>> {
        let sql = "SELECT scenario, tags, kind, runs, who, at_ms FROM unanswered WHERE at_ms >= ?1 ORDER BY at_ms, id";
        self.rows(sql, params![since], |row| {
            Ok(Unanswered {
                scenario: row.get(0)?,
                tags: row.get::<_, Json<Vec<String>>>(1)?.0,
                kind: row.get(2)?,
                runs: row.get::<_, Json<_>>(3)?.0,
                who: row.get(4)?,
                at: row.get(5)?,
            })
        })
    }

    /// The tool that answered this scenario last. Both texts are in normalized form.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn winner(&self, scenario: &str, tags: &str) -> StoreResult<Option<Winner>> {
        let sql = "SELECT tool, digest, run, wins, at_ms FROM winners WHERE scenario = ?1 AND tags = ?2";
        self.row(sql, params![scenario, tags], |row| {
            let wins = row.get::<_, Count>(3)?.0;
            Ok(Winner { tool: row.get(0)?, digest: row.get(1)?, run: row.get(2)?, wins, at: row.get(4)? })
        })
    }
}

impl Tx<'_> {
    /// Records, at the time of the transaction, that a request found no answer; ignores the time in `what`. Emits no
    /// event: readers query these rows.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn keep_unanswered(&self, what: &Unanswered) -> StoreResult<()> {
        let sql = "INSERT INTO unanswered (scenario, tags, kind, runs, who, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let Unanswered { scenario, tags, kind, runs, who, at: _ } = what;
        self.insert(sql, params![scenario, Json(tags), kind, Json(runs), who, self.now()]).map(drop)
    }

    /// Records which tool answered a scenario, in place of an earlier one. Emits no event: the end of its run does.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_winner(&self, scenario: &str, tags: &str, winner: &Winner) -> StoreResult<()> {
        let sql = "INSERT INTO winners (scenario, tags, tool, digest, run, wins, at_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (scenario, tags) DO UPDATE SET \
                   tool = ?3, digest = ?4, run = ?5, wins = ?6, at_ms = ?7";
        let Winner { tool, digest, run, wins, at: _ } = winner;
        self.change(sql, params![scenario, tags, tool, digest, run, Count(*wins), self.now()]).map(drop)
    }

    /// Deletes the record of the tool that answered. Returns its scenario and tags in normalized form; `None` when
    /// there was no record.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn forget_winner(&self, lesson: Lesson<'_>) -> StoreResult<Option<(String, String)>> {
        let (filter, values): (&str, &[&dyn ToSql]) = match &lesson {
            Lesson::Scenario(scenario, tags) => ("scenario = ?1 AND tags = ?2", &[scenario, tags]),
            Lesson::Run(run) => ("run = ?1", &[run]),
        };
        let sql = format!("SELECT scenario, tags FROM winners WHERE {filter}");
        let found = self.row(&sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.change(&format!("DELETE FROM winners WHERE {filter}"), values)?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, digest, name, run, store};
    use super::*;
    use crate::domain::{RunId, UnansweredKind};

    #[test]
    fn what_stayed_without_an_answer_reads_back_from_a_time_on() {
        let (_dir, mut store) = store();
        let asked = |scenario: &str, kind, at| Unanswered {
            scenario: scenario.to_owned(),
            tags: vec!["translation".to_owned()],
            kind,
            runs: vec![RunId(3), RunId(4)],
            who: "agent:coder".to_owned(),
            at,
        };
        let later = Instant(NOW.0 + 5);
        let first = asked("sing", UnansweredKind::NoTool, NOW);
        let second = asked("dance", UnansweredKind::AllFailed, later);
        change(&mut store, |tx| tx.keep_unanswered(&first));
        change_at(&mut store, later, |tx| tx.keep_unanswered(&second));
        assert_eq!(store.unanswered(NOW).unwrap(), [first, second.clone()]);
        assert_eq!(store.unanswered(later).unwrap(), [second]);
    }

    #[test]
    fn the_last_winner_of_a_scenario_with_its_tags_is_kept_until_it_is_forgotten() {
        let (_dir, mut store) = store();
        let run = change(&mut store, |tx| tx.start_run(&run("x")));
        let winner = |tool: &str, wins| Winner { tool: name(tool), digest: digest("1"), run, wins, at: NOW };
        change(&mut store, |tx| tx.set_winner("json pars", "", &winner("x", 1)));
        change(&mut store, |tx| tx.set_winner("json pars", "", &winner("y", 2)));
        assert_eq!(store.winner("json pars", "").unwrap(), Some(winner("y", 2)));
        assert_eq!(store.winner("json pars", "fast").unwrap(), None);
        assert!(change(&mut store, |tx| tx.forget_winner(Lesson::Scenario("json pars", ""))).is_some());
        change(&mut store, |tx| tx.set_winner("json pars", "", &winner("x", 1)));
        let lesson = Some(("json pars".to_owned(), String::new()));
        assert_eq!(change(&mut store, |tx| tx.forget_winner(Lesson::Run(run))), lesson);
        assert_eq!(change(&mut store, |tx| tx.forget_winner(Lesson::Run(run))), None);
        assert!(change(&mut store, |tx| tx.forget_winner(Lesson::Scenario("json pars", ""))).is_none());
        assert_eq!(store.winner("json pars", "").unwrap(), None);
    }
}
