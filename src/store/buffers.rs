//! Buffers, their items, and uses of tools that others reported.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Buffer, BufferId, BufferLevel, BufferRule, EventKind, Instant, ToolName, ToolUse};
use rusqlite::{Row, params};
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: &str = "id, strategy, max_size, interval_ms, sink, sink_by, waiting, oldest_at_ms, in_flight, owed, \
     failures, retry_at_ms, bytes, kept, total_written, total_flushed, created_at_ms, flushed_at_ms, last_error, flusher, \
     aside, suspects, probe, aside_in_a_row";

/// Minimum time between two events of one buffer, milliseconds: not every item deserves an event of its own.
const TELL_EVERY_MS: i64 = 1_000;

/// Upper limit of a sum of milliseconds; the sum saturates here.
const MAX_SUM_MS: u64 = (1 << 53) - 1;

/// Milliseconds of a UTC day.
const DAY_MS: i64 = 86_400_000;

/// An item of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferItem {
    /// Position among all items.
    pub seq: i64,
    /// The item as JSON text.
    pub item: String,
    /// Who wrote it: `human`, or `agent:NAME`.
    pub author: String,
    /// Why the item was set aside.
    pub reason: Option<String>,
}

/// State of the items to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// Items that were not handed over.
    Waiting,
    /// Flushed items that nobody has taken.
    Kept,
    /// Items that were set aside because the tool failed with each of them alone.
    Aside,
}

/// How items move from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemMove<'a> {
    /// Waiting items up to this one were flushed, but nobody took them.
    Keep {
        /// Position of the last one.
        through: i64,
    },
    /// Flushed items that nobody took wait again, because somebody takes them from now on.
    Unkeep,
    /// The oldest waiting item is set aside.
    SetAside {
        /// Why it is set aside.
        reason: &'a str,
    },
    /// The newest of the items that were set aside wait again.
    PutBack {
        /// Maximum number of items.
        most: u64,
    },
}

/// Whether a change emits an event at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// At once, because a human may be waiting.
    Now,
    /// Only when the last event is old enough.
    Sometimes,
}

/// The process that flushes buffers when they are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferClock {
    /// That process, or the process that starts it.
    pub owner: String,
    /// Whether the process is still being started.
    pub starting: bool,
    /// Deadline of the start.
    pub until: Instant,
}

/// Uses of a tool that somebody reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedUses {
    /// The tool, as it was named.
    pub tool: ToolName,
    /// Who reported them: `human`, `agent:NAME`, or `unknown` for counts of an older version of Toolsmith.
    pub who: String,
    /// Number of uses and their results.
    pub counts: UseCounts,
    /// When the newest use was reported.
    pub last_at: Instant,
}

/// Numbers of reported uses, by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UseCounts {
    /// All reported uses.
    pub uses: u64,
    /// How many of `uses` succeeded.
    pub succeeded: u64,
    /// How many of `uses` failed.
    pub failed: u64,
    /// How many of `uses` have a duration.
    pub timed: u64,
    /// Sum of their durations, milliseconds.
    pub duration_ms: u64,
}

impl ItemState {
    /// The value of the column `kept`.
    const fn number(self) -> u8 {
        match self {
            ItemState::Waiting => 0,
            ItemState::Kept => 1,
            ItemState::Aside => 2,
        }
    }
}

impl Queries {
    /// One buffer.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn buffer(&self, id: &BufferId) -> StoreResult<Option<Buffer>> {
        self.row(&format!("SELECT {COLUMNS} FROM buffers WHERE id = ?1"), params![id], read_buffer)
    }

    /// Every buffer, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn buffers(&self) -> StoreResult<Vec<Buffer>> {
        self.rows(&format!("SELECT {COLUMNS} FROM buffers ORDER BY id"), [], read_buffer)
    }

    /// The oldest items of a buffer, limited in number and bytes, but at least one if there is any.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn buffer_items(
        &self,
        id: &BufferId,
        shelf: ItemState,
        most: u64,
        bytes: usize,
    ) -> StoreResult<Vec<BufferItem>> {
        let sql = "SELECT seq, item, author, reason FROM buffer_items WHERE buffer = ?1 AND kept = ?2 \
                   ORDER BY seq LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![id, shelf.number(), Count(most)])?;
        let (mut items, mut size): (Vec<BufferItem>, usize) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let item = BufferItem { seq: row.get(0)?, item: row.get(1)?, author: row.get(2)?, reason: row.get(3)? };
            size += item.item.len();
            if size > bytes && !items.is_empty() {
                break;
            }
            items.push(item);
        }
        Ok(items)
    }

    /// When the oldest waiting item of a buffer was written.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn oldest_waiting(&self, id: &BufferId) -> StoreResult<Option<Instant>> {
        let sql = "SELECT at_ms FROM buffer_items WHERE buffer = ?1 AND kept = 0 ORDER BY seq LIMIT 1";
        self.row(sql, params![id], |row| row.get(0))
    }

    /// Who wrote the items of a buffer.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn buffer_authors(&self, id: &BufferId) -> StoreResult<BTreeSet<String>> {
        let sql = "SELECT DISTINCT author FROM buffer_items WHERE buffer = ?1";
        Ok(self.rows(sql, params![id], |row| row.get(0))?.into_iter().collect())
    }

    /// The process that flushes buffers when they are due; `None` when there is none.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn buffer_clock(&self) -> StoreResult<Option<BufferClock>> {
        self.row("SELECT owner, starting, until_at_ms FROM buffer_clock", [], |row| {
            Ok(BufferClock { owner: row.get(0)?, starting: row.get(1)?, until: row.get(2)? })
        })
    }

    /// Uses that others reported since a day, in days since the epoch, by tool and reporter.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn reported_uses(&self, since_day: i64) -> StoreResult<Vec<ReportedUses>> {
        let sql = "SELECT tool, who, sum(uses), sum(succeeded), sum(failed), sum(timed), sum(duration_ms), \
                   max(last_at_ms) FROM reported_uses WHERE day >= ?1 GROUP BY tool, who ORDER BY tool, who";
        self.rows(sql, params![since_day], |row| {
            let count = |column: usize| row.get::<_, Count>(column).map(|count| count.0);
            let (uses, succeeded, failed) = (count(2)?, count(3)?, count(4)?);
            let counts = UseCounts { uses, succeeded, failed, timed: count(5)?, duration_ms: count(6)? };
            Ok(ReportedUses { tool: row.get(0)?, who: row.get(1)?, counts, last_at: row.get(7)? })
        })
    }
}

impl Tx<'_> {
    /// Stores the current state of a buffer. Emits `buffer-changed`, unless `tell` allows to skip it and the last event
    /// is recent.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_buffer(&self, buffer: &Buffer, tell: Tell) -> StoreResult<()> {
        let told = self.row("SELECT told_at_ms FROM buffers WHERE id = ?1", params![buffer.id], |row| row.get(0))?;
        let told: i64 = told.unwrap_or(i64::MIN / 2);
        let tells = tell == Tell::Now || self.now().0 - told >= TELL_EVERY_MS;
        let sql = format!(
            "INSERT OR REPLACE INTO buffers ({COLUMNS}, told_at_ms) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
             ?22, ?23, ?24, ?25)"
        );
        let BufferLevel { waiting, oldest_at, in_flight, owed, failures, retry_at, suspects, probe, aside_in_a_row } =
            buffer.level;
        let row = params![
            buffer.id,
            buffer.rule.strategy,
            Count(buffer.rule.max_size),
            Count(buffer.rule.interval_ms),
            Json(&buffer.sink),
            buffer.sink_by,
            Count(waiting),
            oldest_at,
            Count(in_flight),
            Count(owed),
            failures,
            retry_at,
            Count(buffer.bytes),
            Count(buffer.kept),
            Count(buffer.total_written),
            Count(buffer.total_flushed),
            buffer.created_at,
            buffer.flushed_at,
            buffer.last_error,
            buffer.flusher,
            Count(buffer.aside),
            Count(suspects),
            Count(probe),
            aside_in_a_row,
            if tells { self.now().0 } else { told },
        ];
        self.change(&sql, row)?;
        if tells {
            self.emit(EventKind::BufferChanged, &buffer.id)?;
        }
        Ok(())
    }

    /// Appends items.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn add_buffer_items(&self, id: &BufferId, author: &str, items: &[String]) -> StoreResult<()> {
        let sql = "INSERT INTO buffer_items (buffer, item, author, at_ms, kept) VALUES (?1, ?2, ?3, ?4, 0)";
        for item in items {
            self.insert(sql, params![id, item, author, self.now()])?;
        }
        Ok(())
    }

    /// Removes the items in one state up to this position; returns how many.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_buffer_items(&self, id: &BufferId, shelf: ItemState, through: i64) -> StoreResult<usize> {
        let sql = "DELETE FROM buffer_items WHERE buffer = ?1 AND kept = ?2 AND seq <= ?3";
        self.change(sql, params![id, shelf.number(), through])
    }

    /// Removes every item of a buffer; returns how many.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn clear_buffer_items(&self, id: &BufferId) -> StoreResult<usize> {
        self.change("DELETE FROM buffer_items WHERE buffer = ?1", params![id])
    }

    /// Moves items of a buffer to another state; returns how many.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn move_buffer_items(&self, id: &BufferId, step: ItemMove<'_>) -> StoreResult<usize> {
        match step {
            ItemMove::Keep { through } => {
                let sql = "UPDATE buffer_items SET kept = 1 WHERE buffer = ?1 AND kept = 0 AND seq <= ?2";
                self.change(sql, params![id, through])
            }
            ItemMove::Unkeep => {
                self.change("UPDATE buffer_items SET kept = 0 WHERE buffer = ?1 AND kept = 1", params![id])
            }
            ItemMove::SetAside { reason } => {
                let sql = "UPDATE buffer_items SET kept = 2, reason = ?2 WHERE seq = \
                           (SELECT min(seq) FROM buffer_items WHERE buffer = ?1 AND kept = 0)";
                self.change(sql, params![id, reason])
            }
            ItemMove::PutBack { most } => {
                let sql = "UPDATE buffer_items SET kept = 0, reason = NULL WHERE seq IN \
                           (SELECT seq FROM buffer_items WHERE buffer = ?1 AND kept = 2 ORDER BY seq DESC LIMIT ?2)";
                self.change(sql, params![id, Count(most)])
            }
        }
    }

    /// Records which process flushes buffers when they are due.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_buffer_clock(&self, clock: &BufferClock) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO buffer_clock (only, owner, starting, until_at_ms) VALUES (1, ?1, ?2, ?3)";
        self.change(sql, params![clock.owner, clock.starting, clock.until])?;
        Ok(())
    }

    /// Removes the record of the process that flushes buffers, if it is this one.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_buffer_clock(&self, owner: &str) -> StoreResult<()> {
        self.change("DELETE FROM buffer_clock WHERE owner = ?1", params![owner])?;
        Ok(())
    }

    /// Counts uses of tools that others reported, by reporter, separately from observed runs. Emits `usage-counted`.
    /// Returns the names of tools that were never seen in this workspace.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn count_uses<'u>(
        &self,
        uses: impl IntoIterator<Item = (&'u str, &'u ToolUse)>,
    ) -> StoreResult<BTreeSet<ToolName>> {
        let mut sums: BTreeMap<(&ToolName, &str), UseCounts> = BTreeMap::new();
        let mut number = 0_usize;
        for (who, one) in uses {
            number += 1;
            let sum = sums.entry((&one.tool, who)).or_default();
            sum.uses += one.times;
            match one.success {
                Some(true) => sum.succeeded += one.times,
                Some(false) => sum.failed += one.times,
                None => {}
            }
            if let Some(ms) = one.duration_ms {
                sum.timed += one.times;
                sum.duration_ms = sum.duration_ms.saturating_add(ms.saturating_mul(one.times));
            }
        }
        let mut unknown = BTreeSet::new();
        for ((tool, who), sum) in sums {
            self.count_reported(tool, who, &sum)?;
            let seen = self.row("SELECT 1 FROM versions WHERE tool = ?1 LIMIT 1", params![tool], |_| Ok(()))?;
            if seen.is_none() {
                unknown.insert(tool.clone());
            }
        }
        if number > 0 {
            self.emit(EventKind::UsageCounted, number)?;
        }
        Ok(unknown)
    }

    fn count_reported(&self, tool: &ToolName, who: &str, sum: &UseCounts) -> StoreResult<()> {
        let sql = "INSERT INTO reported_uses (tool, who, day, uses, succeeded, failed, timed, duration_ms, last_at_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (tool, who, day) DO UPDATE SET \
                   uses = uses + ?4, succeeded = succeeded + ?5, failed = failed + ?6, timed = timed + ?7, \
                   duration_ms = min(duration_ms + ?8, 9007199254740991), last_at_ms = ?9";
        let day = self.now().0.div_euclid(DAY_MS);
        let UseCounts { uses, succeeded, failed, timed, duration_ms } = *sum;
        // The sum must not overflow an integer column.
        let duration_ms = duration_ms.min(MAX_SUM_MS);
        let [uses, succeeded, failed, timed, duration_ms] = [uses, succeeded, failed, timed, duration_ms].map(Count);
        self.change(sql, params![tool, who, day, uses, succeeded, failed, timed, duration_ms, self.now()])?;
        Ok(())
    }
}

fn read_buffer(row: &Row<'_>) -> rusqlite::Result<Buffer> {
    let count = |column: usize| row.get::<_, Count>(column).map(|count| count.0);
    Ok(Buffer {
        id: row.get(0)?,
        rule: BufferRule { strategy: row.get(1)?, max_size: count(2)?, interval_ms: count(3)? },
        sink: row.get::<_, Json<_>>(4)?.0,
        sink_by: row.get(5)?,
        level: BufferLevel {
            waiting: count(6)?,
            oldest_at: row.get(7)?,
            in_flight: count(8)?,
            owed: count(9)?,
            failures: row.get(10)?,
            retry_at: row.get(11)?,
            suspects: count(21)?,
            probe: count(22)?,
            aside_in_a_row: row.get(23)?,
        },
        bytes: count(12)?,
        kept: count(13)?,
        total_written: count(14)?,
        total_flushed: count(15)?,
        created_at: row.get(16)?,
        flushed_at: row.get(17)?,
        last_error: row.get(18)?,
        flusher: row.get(19)?,
        aside: count(20)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, name, store, version};
    use super::*;
    use crate::domain::{BufferSink, EventSeq};
    use serde_json::Map;

    fn id(text: &str) -> BufferId {
        BufferId::new(text).unwrap()
    }

    #[test]
    fn a_buffer_is_kept_whole_and_told_of_at_most_once_a_second() {
        let (_dir, mut store) = store();
        let sink = BufferSink::Tool { tool: "writer".to_owned(), input: Map::new() };
        let level = BufferLevel {
            waiting: 3,
            oldest_at: Some(NOW),
            in_flight: 2,
            owed: 1,
            failures: 4,
            retry_at: Some(Instant(NOW.0 + 1)),
            suspects: 2,
            probe: 1,
            aside_in_a_row: 3,
        };
        let buffer = Buffer {
            sink,
            level,
            bytes: 9,
            kept: 7,
            aside: 5,
            total_written: 12,
            total_flushed: 9,
            flushed_at: Some(NOW),
            last_error: Some("it failed".to_owned()),
            flusher: Some("1:2:x".to_owned()),
            ..Buffer::new(id("a"), "human", NOW)
        };
        for (later, tell) in [(0, Tell::Sometimes), (500, Tell::Sometimes), (600, Tell::Now), (1_700, Tell::Sometimes)]
        {
            change_at(&mut store, Instant(NOW.0 + later), |tx| tx.put_buffer(&buffer, tell));
        }
        assert_eq!(store.buffer(&id("a")).unwrap(), Some(buffer.clone()));
        assert_eq!(store.buffers().unwrap(), vec![buffer]);
        assert_eq!(store.events_since(EventSeq(0), 9).unwrap().len(), 3);
    }

    #[test]
    fn items_go_in_the_order_they_came_and_a_batch_ends_at_its_size_and_bytes() {
        let (_dir, mut store) = store();
        let items: Vec<String> = (0..5).map(|n| format!("\"{n}\"")).collect();
        change(&mut store, |tx| {
            tx.add_buffer_items(&id("a"), "human", &items)?;
            tx.add_buffer_items(&id("b"), "agent:x", &items[..1])
        });
        let texts = |most, bytes| -> Vec<String> {
            let found = store.buffer_items(&id("a"), ItemState::Waiting, most, bytes).unwrap();
            found.into_iter().map(|item| item.item).collect()
        };
        assert_eq!(texts(2, 1_000), items[..2]);
        assert_eq!(texts(9, 7), items[..2]);
        assert_eq!(texts(9, 1), items[..1], "one that is too large goes alone");
        assert_eq!(store.buffer_authors(&id("a")).unwrap(), BTreeSet::from(["human".to_owned()]));
        let second = store.buffer_items(&id("a"), ItemState::Waiting, 2, 99).unwrap()[1].seq;
        change(&mut store, |tx| {
            assert_eq!(tx.move_buffer_items(&id("a"), ItemMove::Keep { through: second })?, 2);
            assert_eq!(tx.drop_buffer_items(&id("a"), ItemState::Waiting, second)?, 0);
            assert_eq!(tx.drop_buffer_items(&id("a"), ItemState::Kept, second - 1)?, 1);
            assert_eq!(tx.move_buffer_items(&id("a"), ItemMove::Unkeep)?, 1);
            assert_eq!(tx.clear_buffer_items(&id("a"))?, 4);
            Ok(())
        });
        assert_eq!(store.oldest_waiting(&id("a")).unwrap(), None);
        assert_eq!(store.oldest_waiting(&id("b")).unwrap(), Some(NOW));
    }

    #[test]
    fn an_item_that_was_set_aside_has_its_reason_and_waits_again_in_its_old_place() {
        let (_dir, mut store) = store();
        let items: Vec<String> = (0..4).map(|n| n.to_string()).collect();
        change(&mut store, |tx| {
            tx.add_buffer_items(&id("a"), "human", &items)?;
            tx.add_buffer_items(&id("b"), "human", &items)?;
            assert_eq!(tx.move_buffer_items(&id("a"), ItemMove::SetAside { reason: "first" })?, 1);
            assert_eq!(tx.move_buffer_items(&id("a"), ItemMove::SetAside { reason: "second" })?, 1);
            assert_eq!(tx.move_buffer_items(&id("none"), ItemMove::SetAside { reason: "" })?, 0);
            Ok(())
        });
        let texts = |state| -> Vec<(String, Option<String>)> {
            let found = store.buffer_items(&id("a"), state, 9, 99).unwrap();
            found.into_iter().map(|item| (item.item, item.reason)).collect()
        };
        let because = |item: &str, why: &str| (item.to_owned(), Some(why.to_owned()));
        assert_eq!(texts(ItemState::Aside), [because("0", "first"), because("1", "second")]);
        assert_eq!(texts(ItemState::Waiting), [("2".to_owned(), None), ("3".to_owned(), None)]);
        change(&mut store, |tx| {
            assert_eq!(tx.move_buffer_items(&id("a"), ItemMove::PutBack { most: 1 })?, 1);
            assert_eq!(tx.move_buffer_items(&id("b"), ItemMove::PutBack { most: 9 })?, 0);
            Ok(())
        });
        let texts = |state| -> Vec<String> {
            let found = store.buffer_items(&id("a"), state, 9, 99).unwrap();
            found.into_iter().map(|item| item.item).collect()
        };
        assert_eq!((texts(ItemState::Aside), texts(ItemState::Waiting)), (vec!["0".into()], items[1..].to_vec()));
    }

    #[test]
    fn reported_uses_are_counted_apart_from_runs_and_by_who_said_so() {
        let (_dir, mut store) = store();
        let one = |tool: &str, success, times| ToolUse { tool: name(tool), success, duration_ms: Some(10), times };
        let uses = [one("x", Some(true), 3), one("x", Some(false), 1), one("x", None, 2), one("y", None, 1)];
        let who = ["human", "agent:bot", "human", "human"];
        let unknown = change(&mut store, |tx| {
            tx.record_version(&version("x", "1"))?;
            tx.count_uses(who.into_iter().zip(&uses))
        });
        assert_eq!(unknown, BTreeSet::from([name("y")]));
        assert!(store.stats().unwrap().is_empty(), "nobody here saw them run");
        let reported = |tool: &str, who: &str, counts| ReportedUses {
            tool: name(tool),
            who: who.to_owned(),
            counts,
            last_at: NOW,
        };
        let counts =
            |uses, succeeded, failed| UseCounts { uses, succeeded, failed, timed: uses, duration_ms: uses * 10 };
        let expected = [
            reported("x", "agent:bot", counts(1, 0, 1)),
            reported("x", "human", counts(5, 3, 0)),
            reported("y", "human", counts(1, 0, 0)),
        ];
        assert_eq!(store.reported_uses(0).unwrap(), expected);
        assert!(store.reported_uses(NOW.0 / DAY_MS + 1).unwrap().is_empty());
    }

    #[test]
    fn there_is_one_clock() {
        let (_dir, mut store) = store();
        let clock = |owner: &str, starting| BufferClock { owner: owner.to_owned(), starting, until: NOW };
        change(&mut store, |tx| {
            tx.set_buffer_clock(&clock("a", true))?;
            tx.set_buffer_clock(&clock("b", false))?;
            tx.drop_buffer_clock("a")
        });
        assert_eq!(store.buffer_clock().unwrap(), Some(clock("b", false)));
        change(&mut store, |tx| tx.drop_buffer_clock("b"));
        assert_eq!(store.buffer_clock().unwrap(), None);
    }
}
