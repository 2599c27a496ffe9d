//! Rows that are rebuilt from the log equal the rows that the commands wrote.

use super::super::annotate::{NewComment, comment, withdraw};
use super::super::scan::open_for;
use super::super::{Mark, allow, deprecate, fixture, grant, pin, revoke, save_set, undo, unlock};
use super::*;
use crate::domain::{
    Allowed, CommentAnchor, CommentId, CommentKind, CostTier, GrantKey, GrantScope, Permissions, ReviewKind, SetMember,
    Tool, ToolName, UnlockId, WriteMode,
};
use crate::engine::core::Step;
use crate::store::{NewOperation, Store, StoreError};
use serde_json::json;

#[test]
fn an_unlock_that_names_neither_a_tool_nor_its_tier_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let opened = store.transact(Instant(1), |tx| {
        for (subject, tier) in [
            ("alpha", "medium"),
            ("tier medium", "medium"),
            ("tier high", "medium"),
            ("not a name", "high"),
            ("", "low"),
        ] {
            let note = UndoNote::Unlock(crate::engine::core::row_changes::Unlocked { unlock: UnlockId(1) });
            tx.log(&NewOperation {
                who: "ada".to_owned(),
                verb: "unlock".to_owned(),
                subject: subject.to_owned(),
                detail: json!({"tier": tier, "undo": note}),
                reversible: true,
            })?;
        }
        rebuild(tx, &["tier_unlocks".to_owned()]).unwrap();
        let unlocks = tx.unlocks()?.into_iter();
        Ok::<_, StoreError>(unlocks.map(|unlock| unlock.subject()).collect::<Vec<_>>())
    });
    assert_eq!(opened.unwrap(), ["tier medium", "alpha"]);
}

/// The content of each table that the log can rebuild, without the parts that the log does not contain.
fn rows(state: &std::path::Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(state.join("store.db")).unwrap();
    let queries = [
        "SELECT id, tool, hex(digest), agent, session, who, operation, revoked FROM agent_grants ORDER BY id",
        "SELECT id, tool, tier, session, until_ms, who, operation, revoked FROM tier_unlocks ORDER BY id",
        "SELECT name, tools, who FROM tool_sets ORDER BY name",
        "SELECT tool, hex(digest), who FROM pins ORDER BY 1, 2",
        "SELECT tool, successor, reason, who FROM deprecations ORDER BY 1",
        "SELECT id, review, path, kind, body, who, operation, withdrawn FROM comments ORDER BY id",
        "SELECT tool, hex(digest), permissions, who FROM grants ORDER BY 1, 2",
    ];
    let mut lines = Vec::new();
    for sql in queries {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            lines.push(format!("{sql:.50}: {}", values.collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

/// Gives and undoes things. Of each kind, one thing exists at the end and one does not; each was given and ended, and
/// both steps were undone once. So replaying only a part of the entries gives a different result.
struct Doing<'a> {
    tx: &'a Tx<'a>,
}

impl Doing<'_> {
    fn back(&self, step: Result<Step, EngineError>) {
        let operation = step.unwrap().outcome.operation;
        undo(self.tx, fixture::actor(), operation).unwrap();
    }

    /// Gives and ends something; `is_there` says whether it exists at the end.
    fn both(
        &self,
        is_there: bool,
        give: impl Fn() -> Result<Step, EngineError>,
        end: impl Fn() -> Result<Step, EngineError>,
    ) {
        if is_there {
            self.back(give());
        }
        give().unwrap();
        self.back(end());
        if !is_there {
            end().unwrap();
        }
    }

    fn all(&self) {
        let (tx, actor) = (self.tx, fixture::actor());
        let experimental = |name: &str| fixture::tool(name, Stage::Experimental, 1);
        for (name, is_there) in [("there", true), ("gone", false)] {
            let tool = experimental(name);
            let last_grant = || GrantKey::Agent(tx.agent_grants().unwrap().last().unwrap().id);
            self.both(
                is_there,
                || grant(tx, actor, &tool, "bot", GrantScope::Version),
                || revoke(tx, actor, &last_grant()),
            );
            let tool = Tool { cost_tier: CostTier::Medium, ..fixture::tool(name, Stage::Approved, 1) };
            let open = || unlock(tx, actor, Some(&tool), CostTier::Medium, (GrantScope::Version, None));
            let last_unlock = || GrantKey::Unlock(tx.unlocks().unwrap().last().unwrap().id);
            self.both(is_there, open, || revoke(tx, actor, &last_unlock()));
            self.both(is_there, || pin(tx, actor, &tool, true), || pin(tx, actor, &tool, false));
            let set = ToolName::new(&format!("set-{name}")).unwrap();
            let save = |tools: &[SetMember]| save_set(tx, actor, &set, tools);
            self.both(is_there, || save(&[SetMember::Tool(tool.name.clone())]), || save(&[]));
            self.approve(&tool);
            let permissions = Permissions { write: vec!["out".to_owned()], ..Permissions::default() };
            let allowed = Allowed::new(&permissions, WriteMode::Staged);
            let key = GrantKey::Allow(tool.name.clone(), tool.digest);
            self.both(is_there, || allow(tx, actor, &tool, &allowed), || revoke(tx, actor, &key));
            let mark = |reason| Mark { tool: &tool.name, by: None, reason };
            if is_there {
                self.back(deprecate(tx, actor, &mark(Some("old"))));
                deprecate(tx, actor, &mark(Some("older"))).unwrap();
            } else {
                self.back(deprecate(tx, actor, &mark(Some("a mistake"))));
            }
            self.comments(&tool, is_there);
        }
    }

    fn approve(&self, tool: &Tool) {
        let (who, verb, subject) = ("Ada".to_owned(), "approve".to_owned(), tool.name.to_string());
        let entry = NewOperation { who, verb, subject, detail: json!({}), reversible: true };
        let (tx, base) = (self.tx, Some(tool.placement.base.clone()));
        let operation = tx.log(&entry).unwrap();
        let (name, digest, stage, at) = (tool.name.clone(), tool.digest, tool.stage, tx.now());
        tx.approve_version(&Approval { tool: name, digest, stage, operation, at, base, signature: None }).unwrap();
    }

    fn comments(&self, tool: &Tool, is_there: bool) {
        let (tx, actor) = (self.tx, fixture::actor());
        let waiting = fixture::tool(tool.name.as_str(), Stage::Experimental, 3);
        let review = open_for(tx, &waiting, ReviewKind::New, None).unwrap();
        let review = tx.review(review).unwrap().unwrap();
        let spot = CommentAnchor { path: Some("a.py".to_owned()), lines: None };
        let say = || {
            let new = NewComment { spot: &spot, line_text: Some("x"), kind: CommentKind::Note, body: "why?" };
            comment(tx, actor, &review, new)
        };
        let last = || tx.next_comment().map(|next| CommentId(next.0 - 1)).unwrap();
        self.both(is_there, say, || withdraw(tx, actor, last()));
    }
}

#[test]
fn each_table_is_made_anew_alone_and_no_other_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store
        .transact(fixture::NOW, |tx| {
            Doing { tx }.all();
            Ok::<_, EngineError>(())
        })
        .unwrap();
    let before = rows(dir.path());
    for table in FROM_LOG.iter().filter(|table| **table != "approvals" && **table != "decisions") {
        let lost = store.transact(Instant(fixture::NOW.0 + 1), |tx| rebuild(tx, &[(*table).to_owned()])).unwrap();
        assert_eq!((lost, rows(dir.path())), (Vec::new(), before.clone()), "{table}");
    }
    let damaged = ["pins", "runs", "versions"].map(str::to_owned);
    let lost = store.transact(fixture::NOW, |tx| rebuild(tx, &damaged)).unwrap();
    assert_eq!((lost, rows(dir.path())), (vec!["runs".to_owned()], before));
}
