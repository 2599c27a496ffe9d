//! Instances of services, their exchanges, and their context.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json, Text};
use crate::domain::service::{
    Desired, Exchange, ExchangeRole, Instance, InstanceContext, InstanceId, LifeRules, Lifecycle,
};
use crate::domain::{EventKind, RunId, Tool, ToolName};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, name, stack, tool, version, digest, life, wish, heard, wants, run, keeper, keeper_due_ms, \
     ports, health, launched_by, created_at_ms, rules";

/// Maximum number of exchange lines kept for an instance.
const MOST_LINES: u64 = 10_000;

/// Maximum bytes of text kept for an instance.
const MOST_BYTES: u64 = 64 << 20;

/// Old lines are deleted whenever this many were added to the table.
const PRUNE_EVERY: i64 = 128;

/// What somebody requests of an instance, which its keeper carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Run, or stop.
    To(Desired),
    /// Kill it.
    Killed,
    /// Restart it.
    Fresh,
}

impl Wish {
    const fn word(self) -> &'static str {
        match self {
            Wish::To(desired) => desired.word(),
            Wish::Killed => "killed",
            Wish::Fresh => "fresh",
        }
    }

    fn of(word: &str) -> Wish {
        match word {
            "killed" => Wish::Killed,
            "fresh" => Wish::Fresh,
            "up" => Wish::To(Desired::Up),
            _ => Wish::To(Desired::Down),
        }
    }
}

/// An instance with the fields that only its keeper and requesters need.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceRow {
    /// The instance as everybody sees it.
    pub instance: Instance,
    /// Number of wishes so far.
    pub wish: u64,
    /// The keeper has carried out the wishes up to this one.
    pub heard: u64,
    /// The newest wish.
    pub wants: Wish,
    /// When it is restarted, as its definition says.
    pub rules: LifeRules,
}

/// A line of an exchange to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewExchange<'a> {
    /// The instance that took part.
    pub instance: InstanceId,
    /// Whether it is a message or an answer.
    pub role: ExchangeRole,
    /// Who wrote the line.
    pub who: &'a str,
    /// The text, without secrets.
    pub text: &'a str,
    /// The run that took part.
    pub run: Option<RunId>,
}

/// Reads instances of services and their exchanges.
#[derive(Clone, Copy)]
pub struct ServiceRows<'q> {
    queries: &'q Queries,
}

/// Writes instances of services and their exchanges.
#[derive(Clone, Copy)]
pub struct ServiceWriter<'t> {
    tx: &'t Tx<'t>,
}

impl Queries {
    /// Reads instances of services and their exchanges.
    pub fn services(&self) -> ServiceRows<'_> {
        ServiceRows { queries: self }
    }
}

impl<'t> Tx<'t> {
    /// Writes instances of services and their exchanges.
    pub fn keep_services(&'t self) -> ServiceWriter<'t> {
        ServiceWriter { tx: self }
    }
}

impl ServiceRows<'_> {
    /// Every instance of a stack, by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn instances(&self, stack: &str) -> StoreResult<Vec<InstanceRow>> {
        self.queries.rows(
            &format!("SELECT {COLUMNS} FROM instances WHERE stack = ?1 ORDER BY name"),
            params![stack],
            read,
        )
    }

    /// Every instance of every stack, by number.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn all_instances(&self) -> StoreResult<Vec<InstanceRow>> {
        self.queries.rows(&format!("SELECT {COLUMNS} FROM instances ORDER BY id"), [], read)
    }

    /// One instance by number.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn instance(&self, id: InstanceId) -> StoreResult<Option<InstanceRow>> {
        self.queries.row(&format!("SELECT {COLUMNS} FROM instances WHERE id = ?1"), params![id], read)
    }

    /// One instance by name.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn instance_named(&self, stack: &str, name: &ToolName) -> StoreResult<Option<InstanceRow>> {
        let sql = format!("SELECT {COLUMNS} FROM instances WHERE stack = ?1 AND name = ?2");
        self.queries.row(&sql, params![stack, name], read)
    }

    /// The next instance after this one that has a keeper; after the last one comes the first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn instance_after(&self, id: InstanceId) -> StoreResult<Option<InstanceRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM instances WHERE keeper IS NOT NULL AND id <> ?1 ORDER BY id < ?1, id LIMIT 1"
        );
        self.queries.row(&sql, params![id], read)
    }

    /// The catalog row with which an instance was launched.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn row_of_instance(&self, id: InstanceId) -> StoreResult<Option<Tool>> {
        let sql = "SELECT row FROM instances WHERE id = ?1";
        Ok(self.queries.row(sql, params![id], |row| row.get::<_, Json<Tool>>(0))?.map(|row| row.0))
    }

    /// The newest lines of the exchanges with an instance, limited in number, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn exchanges(&self, id: InstanceId, most: u64) -> StoreResult<Vec<Exchange>> {
        let sql =
            "SELECT seq, at_ms, role, who, text, run FROM exchanges WHERE instance = ?1 ORDER BY seq DESC LIMIT ?2";
        let mut lines = self.queries.rows(sql, params![id, Count(most)], |row| {
            Ok(Exchange {
                seq: row.get(0)?,
                at: row.get(1)?,
                role: row.get(2)?,
                who: row.get(3)?,
                text: row.get(4)?,
                run: row.get(5)?,
            })
        })?;
        lines.reverse();
        Ok(lines)
    }

    /// The context of an instance.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn context_of(&self, id: InstanceId) -> StoreResult<InstanceContext> {
        let sql = "SELECT last_output, staged, next FROM contexts WHERE instance = ?1";
        let found = self.queries.row(sql, params![id], |row| {
            let (staged, next): (Json<Vec<String>>, Json<Vec<String>>) = (row.get(1)?, row.get(2)?);
            Ok(InstanceContext { last_output: row.get(0)?, staged: staged.0, next: next.0 })
        })?;
        Ok(found.unwrap_or_default())
    }
}

impl ServiceWriter<'_> {
    /// Adds an instance and returns its number; ignores the number in `instance`. Emits `service-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write, including a name that is taken.
    pub fn add_instance(&self, instance: &Instance, tool: &Tool, rules: &LifeRules) -> StoreResult<InstanceId> {
        let id = self.tx.insert(
            "INSERT INTO instances (name, stack, tool, version, digest, row, life, state, wish, heard, wants, ports, \
             health, launched_by, created_at_ms, rules) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 'up', ?9, ?10, ?11, ?12, ?13)",
            params![
                instance.name,
                instance.stack,
                instance.tool,
                Text(&instance.version),
                instance.digest,
                Json(tool),
                Json(&instance.life),
                instance.life.state,
                Json(&instance.ports),
                Json(&instance.health),
                instance.launched_by,
                instance.created_at,
                Json(rules),
            ],
        )?;
        self.tx.emit(EventKind::ServiceChanged, &instance.name)?;
        Ok(InstanceId(id))
    }

    /// Switches an instance to another version of its tool, and records who launched it.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_version_of_instance(
        &self,
        id: InstanceId,
        (tool, rules): (&Tool, &LifeRules),
        launched_by: &str,
    ) -> StoreResult<()> {
        let sql = "UPDATE instances SET tool = ?2, version = ?3, digest = ?4, row = ?5, rules = ?6, launched_by = ?7 \
                   WHERE id = ?1";
        let (version, row) = (Text(&tool.version), Json(tool));
        self.tx.change(sql, params![id, tool.name, version, tool.digest, row, Json(rules), launched_by])?;
        Ok(())
    }

    /// Updates an instance: its life, run, keeper, ports, health, and handled wishes. Names its columns, so that a
    /// keeper of an older program leaves newer columns alone. Emits `service-changed`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such instance, and any other [`StoreError`] of a failed write.
    pub fn put_instance(&self, row: &InstanceRow) -> StoreResult<()> {
        let instance = &row.instance;
        let changed = self.tx.change(
            "UPDATE instances SET life = ?2, state = ?3, wish = ?4, heard = ?5, wants = ?6, run = ?7, keeper = ?8, \
             keeper_due_ms = ?9, ports = ?10, health = ?11 WHERE id = ?1",
            params![
                instance.id,
                Json(&instance.life),
                instance.life.state,
                Count(row.wish),
                Count(row.heard),
                row.wants.word(),
                instance.run,
                instance.keeper,
                instance.keeper_due,
                Json(&instance.ports),
                Json(&instance.health),
            ],
        )?;
        if changed == 0 {
            return Err(StoreError::missing(format_args!("instance {}", instance.id)));
        }
        self.tx.emit(EventKind::ServiceChanged, &instance.name)?;
        Ok(())
    }

    /// Deletes an instance, its context and its exchanges. Emits `service-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn delete_instance(&self, id: InstanceId, name: &ToolName) -> StoreResult<()> {
        for sql in [
            "DELETE FROM exchanges WHERE instance = ?1",
            "DELETE FROM contexts WHERE instance = ?1",
            "DELETE FROM instances WHERE id = ?1",
        ] {
            self.tx.change(sql, params![id])?;
        }
        self.tx.emit(EventKind::ServiceChanged, name)?;
        Ok(())
    }

    /// Stores a line of an exchange and returns its number. An answer becomes the latest output of the instance. Emits
    /// `service-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn add_exchange(&self, new: NewExchange<'_>, name: &ToolName) -> StoreResult<i64> {
        let NewExchange { instance, role, who, text, run } = new;
        let sql = "INSERT INTO exchanges (instance, at_ms, role, who, text, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let seq = self.tx.insert(sql, params![instance, self.tx.now(), role, who, text, run])?;
        if role != ExchangeRole::Message {
            let context =
                InstanceContext { last_output: Some(text.to_owned()), ..self.tx.services().context_of(instance)? };
            self.put_context(instance, &context, name)?;
        }
        if seq % PRUNE_EVERY == 0 {
            self.prune_exchanges(MOST_LINES, MOST_BYTES)?;
        }
        self.tx.emit(EventKind::ServiceChanged, name)?;
        Ok(seq)
    }

    /// Counts a message to an instance as a use of its version: answered, or not answered in time. Emits
    /// `usage-counted`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn count_message(&self, instance: &Instance, is_answered: bool, duration_ms: u64) -> StoreResult<()> {
        let Instance { tool, digest, .. } = instance;
        self.tx.count_use(tool, *digest, is_answered, duration_ms)?;
        let now = self.tx.now();
        let sql = "UPDATE tool_stats SET last_run_at_ms = ?2 WHERE tool = ?1";
        self.tx.change(sql, params![tool, now])?;
        let sql = "UPDATE version_stats SET last_run_at_ms = ?3 WHERE tool = ?1 AND digest = ?2";
        self.tx.change(sql, params![tool, digest, now])?;
        self.tx.emit(EventKind::UsageCounted, 1)?;
        Ok(())
    }

    /// Deletes the oldest lines of each instance that exceeds these limits. The newest line stays.
    fn prune_exchanges(self, lines: u64, bytes: u64) -> StoreResult<()> {
        let sql = "DELETE FROM exchanges WHERE seq IN (SELECT seq FROM (
                SELECT seq, ROW_NUMBER() OVER newest AS place, SUM(octet_length(text)) OVER newest AS total
                FROM exchanges WINDOW newest AS (PARTITION BY instance ORDER BY seq DESC)
            ) WHERE place > 1 AND (place > ?1 OR total > ?2))";
        self.tx.change(sql, params![Count(lines), Count(bytes)])?;
        Ok(())
    }

    /// Stores the context of an instance. Emits `service-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_context(&self, id: InstanceId, context: &InstanceContext, name: &ToolName) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO contexts (instance, last_output, staged, next) VALUES (?1, ?2, ?3, ?4)";
        self.tx.change(sql, params![id, context.last_output, Json(&context.staged), Json(&context.next)])?;
        self.tx.emit(EventKind::ServiceChanged, name)?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<InstanceRow> {
    let (version, life, ports): (Text<semver::Version>, Json<Lifecycle>, Json<Vec<_>>) =
        (row.get(4)?, row.get(6)?, row.get(13)?);
    let (wish, heard): (Count, Count) = (row.get(7)?, row.get(8)?);
    let (wants, health): (String, Json<_>) = (row.get(9)?, row.get(14)?);
    let instance = Instance {
        id: row.get(0)?,
        name: row.get(1)?,
        stack: row.get(2)?,
        tool: row.get(3)?,
        version: version.0,
        digest: row.get(5)?,
        life: life.0,
        run: row.get(10)?,
        keeper: row.get(11)?,
        keeper_due: row.get(12)?,
        ports: ports.0,
        health: health.0,
        launched_by: row.get(15)?,
        created_at: row.get(16)?,
    };
    let rules: Json<LifeRules> = row.get(17)?;
    Ok(InstanceRow { instance, wish: wish.0, heard: heard.0, wants: Wish::of(&wants), rules: rules.0 })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, store};
    use super::*;
    use crate::domain::Instant;
    use crate::domain::service::{HealthFact, InstancePort, InstanceState, PortPass, ServiceDefinition};

    fn rules() -> LifeRules {
        LifeRules::of(&ServiceDefinition::default())
    }

    fn instance(name: &str, tool: &Tool) -> Instance {
        Instance {
            id: InstanceId(0),
            name: ToolName::new(name).unwrap(),
            stack: "a".to_owned(),
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            life: Lifecycle::default(),
            run: None,
            keeper: None,
            keeper_due: None,
            ports: Vec::new(),
            health: HealthFact::before(true),
            launched_by: "human".to_owned(),
            created_at: NOW,
        }
    }

    #[test]
    fn an_instance_reads_back_as_it_was_kept() {
        let (_dir, mut store) = store();
        let tool = Tool::ordinary("coder");
        let id = change(&mut store, |tx| tx.keep_services().add_instance(&instance("helper", &tool), &tool, &rules()));
        let mut row = store.services().instance(id).unwrap().unwrap();
        assert_eq!(row.instance, Instance { id, ..instance("helper", &tool) });
        assert_eq!(store.services().row_of_instance(id).unwrap(), Some(tool.clone()));
        row.instance.life.state = InstanceState::Running;
        row.instance.run = Some(RunId(3));
        row.instance.keeper = Some("1:2:x".to_owned());
        row.instance.keeper_due = Some(Instant(9));
        let port = InstancePort { name: "http".into(), port: 50_001, pass: PortPass::Relay, note: None };
        row.instance.ports = vec![port];
        (row.wish, row.heard, row.wants) = (4, 3, Wish::Fresh);
        change(&mut store, |tx| tx.keep_services().put_instance(&row));
        assert_eq!(store.services().instance_named("a", &row.instance.name).unwrap(), Some(row.clone()));
        assert_eq!(store.services().instances("a").unwrap(), [row]);
        assert_eq!(store.services().instances("b").unwrap(), []);
        let newer = Tool { version: semver::Version::new(2, 0, 0), ..tool };
        change(&mut store, |tx| tx.keep_services().set_version_of_instance(id, (&newer, &rules()), "agent:x"));
        assert_eq!(store.services().instance(id).unwrap().unwrap().instance.launched_by, "agent:x");
        assert_eq!(store.services().row_of_instance(id).unwrap().unwrap().version, newer.version);
    }

    #[test]
    fn a_name_is_taken_once_in_a_stack() {
        let (_dir, mut store) = store();
        let tool = Tool::ordinary("coder");
        change(&mut store, |tx| tx.keep_services().add_instance(&instance("helper", &tool), &tool, &rules()));
        let other = Instance { stack: "b".to_owned(), ..instance("helper", &tool) };
        change(&mut store, |tx| tx.keep_services().add_instance(&other, &tool, &rules()));
        let again =
            store.transact(NOW, |tx| tx.keep_services().add_instance(&instance("helper", &tool), &tool, &rules()));
        assert!(again.is_err());
    }

    #[test]
    fn after_the_last_instance_with_a_keeper_comes_the_first() {
        let (_dir, mut store) = store();
        let tool = Tool::ordinary("coder");
        let ids = ["a", "b", "c"].map(|name| {
            let id = change(&mut store, |tx| tx.keep_services().add_instance(&instance(name, &tool), &tool, &rules()));
            let mut row = store.services().instance(id).unwrap().unwrap();
            row.instance.keeper = (name != "b").then(|| "1:2:x".to_owned());
            change(&mut store, |tx| tx.keep_services().put_instance(&row));
            id
        });
        let after = |id| store.services().instance_after(id).unwrap().map(|row| row.instance.id);
        assert_eq!(ids.map(after), [Some(ids[2]), Some(ids[2]), Some(ids[0])]);
    }

    #[test]
    fn an_answer_is_the_newest_output_and_prompts_stay() {
        let (_dir, mut store) = store();
        let tool = Tool::ordinary("coder");
        let id = change(&mut store, |tx| tx.keep_services().add_instance(&instance("helper", &tool), &tool, &rules()));
        let name = ToolName::new("helper").unwrap();
        let context = InstanceContext { last_output: None, staged: vec!["s".into()], next: vec!["n".into()] };
        change(&mut store, |tx| tx.keep_services().put_context(id, &context, &name));
        for (role, who, text) in [
            (ExchangeRole::Message, "human", "hi"),
            (ExchangeRole::Answer, "helper", "hello"),
            (ExchangeRole::Message, "human", "more"),
        ] {
            change(&mut store, |tx| {
                tx.keep_services().add_exchange(NewExchange { instance: id, role, who, text, run: None }, &name)
            });
        }
        let texts =
            |most| store.services().exchanges(id, most).unwrap().into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(
            (texts(9), texts(2)),
            (vec!["hi".into(), "hello".into(), "more".into()], vec!["hello".into(), "more".into()])
        );
        assert_eq!(
            store.services().context_of(id).unwrap(),
            InstanceContext { last_output: Some("hello".into()), ..context }
        );
        assert_eq!(store.services().context_of(InstanceId(99)).unwrap(), InstanceContext::default());
    }

    #[test]
    fn of_long_conversations_the_oldest_lines_are_deleted() {
        let (_dir, mut store) = store();
        let tool = Tool::ordinary("coder");
        let [long, short] = ["long", "short"].map(|name| {
            change(&mut store, |tx| tx.keep_services().add_instance(&instance(name, &tool), &tool, &rules()))
        });
        let name = ToolName::new("helper").unwrap();
        let says = |store: &mut _, instance, text: &str| {
            let new = NewExchange { instance, role: ExchangeRole::Message, who: "human", text, run: None };
            change(store, |tx| tx.keep_services().add_exchange(new, &name))
        };
        for line in 0..5 {
            says(&mut store, long, &format!("line {line}"));
        }
        says(&mut store, short, "an old line that is longer than all that may be kept");
        let texts = |store: &super::super::Store, id| {
            let lines = store.services().exchanges(id, 99).unwrap();
            lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
        };
        change(&mut store, |tx| tx.keep_services().prune_exchanges(3, 18));
        assert_eq!(texts(&store, long), ["line 2", "line 3", "line 4"]);
        assert_eq!(texts(&store, short).len(), 1, "the newest line stays");
        change(&mut store, |tx| tx.keep_services().prune_exchanges(3, 17));
        assert_eq!(texts(&store, long), ["line 3", "line 4"]);
    }
}
