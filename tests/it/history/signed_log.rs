//! With signatures required nothing counts that a human did not sign: each kind of row is forged in the database, with
//! a chain of hashes that fits, and the log is cut off, put back and carried elsewhere. Each case runs twice: without
//! `required` the same attack works, which is what the book says of a workspace without a key.

mod losses;

use super::signatures::{configure, key};
use super::world::{ada, decide, native, open};
use crate::needs;
use crate::support::{Workspace, copy_folder};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use toolsmith::domain::{
    Allowed, Caller, Command, CostTier, DecisionKind, Digest, GrantKey, GrantScope, Instant, Operation, OperationId,
    Permissions, ReviewKind, RunOutcome, WriteMode,
};
use toolsmith::engine::{Engine, ErrorCode, ReviewFilter, RunRequest};

/// Settings with this key, of which the signatures count.
fn settings(workspace: &Workspace, key: &Path, required: bool) {
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let signers = workspace.home().join("allowed_signers");
    fs::write(&signers, format!("ada@example.org namespaces=\"toolsmith\" {public}")).unwrap();
    let (key, signers) = (key.display(), signers.display());
    let text = format!("[signing]\nkey = \"{key}\"\nallowed_signers = \"{signers}\"\nrequired = {required}\n");
    configure(workspace, &text);
}

/// A workspace with the approved tools `alpha` and `writer` (which declares that it writes), and the experimental ones
/// `fresh` and `dear` (of which the tier costs); all of it signed.
fn sound(required: bool) -> (Workspace, Engine) {
    let workspace = Workspace::new();
    settings(&workspace, &key(&workspace, "ada", ""), required);
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    native(&workspace, "tools/experimental/writer", "writer", "echo 1\n", "[permissions]\nwrite = [\"out\"]\n");
    let engine = open(&workspace);
    approve_all(&engine);
    native(&workspace, "tools/experimental/fresh", "fresh", "echo 1\n", "");
    native(&workspace, "tools/experimental/dear", "dear", "echo 1\n", "");
    let manifest = workspace.path("tools/experimental/dear/tool.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("cost_tier = \"low\"", "cost_tier = \"medium\"")).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
    (workspace, engine)
}

fn approve_all(engine: &Engine) {
    for review in engine.reviews().list(ReviewFilter::Waiting).unwrap() {
        engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    }
}

fn database(engine: &Engine) -> Connection {
    let connection = Connection::open(engine.state_dir().join("store.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection
}

fn sql(engine: &Engine, text: &str) {
    database(engine).execute_batch(text).unwrap();
}

/// Appends an entry to the log as the program would, but for the signature. Gives its number.
fn forge(engine: &Engine, (verb, subject): (&str, &str), detail: Value, at: Instant) -> i64 {
    let last = engine.history().operations(1, None).unwrap().remove(0);
    let mut entry = Operation {
        id: OperationId(last.id.0 + 1),
        at,
        who: "Ada <ada@example.org>".to_owned(),
        verb: verb.to_owned(),
        subject: subject.to_owned(),
        detail,
        prev_hash: last.hash,
        hash: last.hash,
        reversible: verb != "undo",
        undone_by: None,
    };
    entry.hash = entry.expected_hash();
    let sql = "INSERT INTO operations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)";
    let (prev, hash) = (&entry.prev_hash.0[..], &entry.hash.0[..]);
    let text = entry.detail.to_string();
    let row = params![entry.id.0, at.0, entry.who, verb, subject, text, prev, hash, entry.reversible];
    database(engine).execute(sql, row).unwrap();
    chain(engine);
    entry.id.0
}

/// Computes the chain of hashes anew, and notes where the log ends. Whoever writes the state folder also forgets how far
/// the log went.
fn chain(engine: &Engine) {
    fs::remove_file(engine.state_dir().join("seen.json")).ok();
    let database = database(engine);
    let (mut head, mut count) = (Digest([0; 32]), 0);
    for mut entry in engine.history().operations(999, None).unwrap().into_iter().rev() {
        entry.prev_hash = head;
        (head, count) = (entry.expected_hash(), entry.id.0);
        let row = params![&entry.prev_hash.0[..], &head.0[..], count];
        database.execute("UPDATE operations SET prev_hash = ?1, hash = ?2 WHERE id = ?3", row).unwrap();
    }
    let note = "UPDATE meta SET value = ?1 WHERE key = ?2";
    database.execute(note, params![count.to_string(), "log_count"]).unwrap();
    database.execute(note, params![head.hex(), "log_head"]).unwrap();
}

/// Whether an agent gets a tool run; else what it is told.
fn bot(engine: &Engine, name: &str) -> Result<(), String> {
    let tool = engine.library().resolve(name).unwrap();
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    let run = engine.runs().start(&request, &Caller::Agent("bot".to_owned())).unwrap().wait().unwrap();
    match run.outcome {
        RunOutcome::Succeeded => Ok(()),
        outcome => Err(format!("{outcome}: {}", run.error.unwrap_or_default())),
    }
}

/// Whether a human gets a tool run without a question; else which one.
fn asked(engine: &Engine, name: &str) -> Result<(), String> {
    let question = engine.runs().unallowed(&engine.library().resolve(name).unwrap(), &ada()).unwrap();
    question.map_or(Ok(()), |question| Err(format!("{question:?}")))
}

fn digest(engine: &Engine, name: &str) -> String {
    engine.library().resolve(name).unwrap().digest.hex()
}

fn grant(engine: &Engine, agent: &str) -> OperationId {
    let tool = engine.library().resolve("fresh").unwrap();
    let (agent, scope) = (agent.to_owned(), GrantScope::Version);
    let command = Command::Grant { tool: "fresh".to_owned(), digest: tool.digest, agent, scope };
    engine.execute(command, &ada()).unwrap().operation.unwrap()
}

fn revoke(engine: &Engine) -> OperationId {
    let key = GrantKey::Agent(engine.grants().list().unwrap().agents[0].id);
    engine.execute(Command::Revoke { grant: key }, &ada()).unwrap().operation.unwrap()
}

/// Attacks a workspace without and with `required`: what the attack makes possible to the first is refused to the
/// second, and `verify` and the list of problems say why.
fn attacked(attack: impl Fn(&Workspace, &Engine), works: impl Fn(&Engine) -> Result<(), String>, says: &str) {
    for required in [false, true] {
        let (workspace, engine) = sound(required);
        assert!(works(&engine).is_err(), "{says}: nothing is possible before");
        attack(&workspace, &engine);
        // One that has it open, and one that opens it afterwards.
        for engine in [&engine, &open(&workspace)] {
            engine.library().scan(&mut |_| {}).unwrap();
            let done = works(engine);
            assert_eq!(done.is_ok(), !required, "{says}, required = {required}: {done:?}");
            let faults = engine.integrity().verify().unwrap().faults;
            assert_eq!(faults.iter().any(|fault| fault.contains(says)), required, "{says}: {faults:#?}");
        }
        let problems = workspace.json(&["list", "--problems"]).0["problems"].to_string();
        assert_eq!(problems.contains(says), required, "{says}: {problems}");
    }
}

/// An approval of `evil`, in all its tables and beside it, made from that of `alpha`.
fn forge_approval(workspace: &Workspace, engine: &Engine) {
    let real =
        engine.history().operations(9, None).unwrap().into_iter().find(|entry| entry.subject == "alpha").unwrap();
    copy_folder(&workspace.path("tools/approved/alpha"), &workspace.path("tools/approved/evil"));
    fs::remove_file(workspace.path("tools/approved/evil/alpha.sh")).unwrap();
    native(workspace, "tools/approved/evil", "evil", "echo evil\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    let (old, new) = (digest(engine, "alpha"), digest(engine, "evil"));
    let text = real.detail.to_string().replace("alpha", "evil").replace(&old, &new);
    let id = forge(engine, ("approve", "evil"), serde_json::from_str(&text).unwrap(), real.at);
    sql(
        engine,
        &format!(
            "INSERT INTO approvals (tool, digest, stage, operation, at_ms, base)
             SELECT 'evil', x'{new}', stage, {id}, at_ms, 'tools/approved/evil' FROM approvals WHERE tool = 'alpha'"
        ),
    );
    let note = fs::read_to_string(workspace.path("tools/approved/alpha/approval.toml")).unwrap();
    let lines = note.lines().take_while(|line| !line.starts_with("evidence =") && !line.starts_with("workspace ="));
    let text = lines.collect::<Vec<_>>().join("\n").replace("alpha", "evil").replace(&old, &new);
    fs::write(workspace.path("tools/approved/evil/approval.toml"), format!("{text}\noperation = {id}\n")).unwrap();
}

#[test]
fn an_approval_that_nobody_signed_lets_no_agent_run_the_tool() {
    let runs = |engine: &Engine| match engine.library().resolve("evil") {
        Ok(_) => bot(engine, "evil"),
        Err(error) => Err(error.message),
    };
    attacked(forge_approval, runs, "(approve evil) is not signed: it has no signature");
}

#[test]
fn a_grant_that_nobody_signed_lets_no_agent_run_the_tool() {
    let attack = |_: &Workspace, engine: &Engine| {
        let digest = digest(engine, "fresh");
        let undo = json!({"kind": "grant", "grant": 1});
        let scope = serde_json::to_value(GrantScope::Version).unwrap();
        let detail = json!({"grant": 1, "agent": "bot", "scope": scope, "digest": digest, "undo": undo});
        let id = forge(engine, ("grant", "fresh"), detail, Instant(1));
        sql(
            engine,
            &format!(
                "INSERT INTO agent_grants (tool, digest, agent, who, at_ms, operation)
                 VALUES ('fresh', x'{digest}', 'bot', 'Ada <ada@example.org>', 1, {id})"
            ),
        );
    };
    attacked(attack, |engine| bot(engine, "fresh"), "(grant fresh) is not signed: it has no signature");
}

#[test]
fn an_unlock_that_nobody_signed_opens_nothing() {
    let attack = |_: &Workspace, engine: &Engine| {
        let scope = serde_json::to_value(GrantScope::Version).unwrap();
        let undo = json!({"kind": "unlock", "unlock": 1});
        let detail = json!({"unlock": 1, "tier": "medium", "scope": scope, "until": null, "undo": undo});
        let id = forge(engine, ("unlock", "dear"), detail, Instant(1));
        sql(
            engine,
            &format!(
                "INSERT INTO tier_unlocks (tool, tier, who, at_ms, operation)
                 VALUES ('dear', 'medium', 'Ada <ada@example.org>', 1, {id})"
            ),
        );
    };
    attacked(attack, |engine| asked(engine, "dear"), "(unlock dear) is not signed: it has no signature");
}

#[test]
fn permissions_that_nobody_signed_are_asked_for_again() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let attack = |_: &Workspace, engine: &Engine| {
        let tool = engine.library().resolve("writer").unwrap();
        let declared = Permissions { write: vec!["out".to_owned()], ..Permissions::default() };
        let allowed = serde_json::to_value(Allowed::new(&declared, WriteMode::Staged)).unwrap();
        let undo = json!({"kind": "allow", "tool": "writer", "digest": tool.digest});
        let permissions = serde_json::to_value(&declared).unwrap();
        let detail = json!({"digest": tool.digest, "permissions": permissions, "writes": "staged", "undo": undo});
        forge(engine, ("allow", "writer"), detail, Instant(1));
        sql(
            engine,
            &format!(
                "INSERT INTO grants (tool, digest, permissions, who, at_ms)
                 VALUES ('writer', x'{}', '{allowed}', 'Ada <ada@example.org>', 1)",
                tool.digest.hex()
            ),
        );
    };
    attacked(attack, |engine| bot(engine, "writer"), "(allow writer) is not signed: it has no signature");
}

#[test]
fn a_version_that_nobody_chose_with_a_signature_is_not_used_in_a_session() {
    let attack = |workspace: &Workspace, engine: &Engine| {
        native(workspace, "tools/experimental/alpha", "alpha", "echo newer\n", "");
        engine.library().scan(&mut |_| {}).unwrap();
        let view = engine.library().catalog();
        let newer = view.tools.iter().find(|tool| tool.path.starts_with("tools/experimental/alpha")).unwrap();
        let digest = newer.digest.hex();
        let scope = serde_json::to_value(GrantScope::Session("night".to_owned())).unwrap();
        let undo = json!({"kind": "grant", "grant": 1});
        let detail = json!({
            "grant": 1, "agent": "", "to": "session", "scope": scope, "digest": digest, "version": "1.0.0", "undo": undo,
        });
        let id = forge(engine, ("promote", "alpha"), detail, Instant(1));
        sql(
            engine,
            &format!(
                "INSERT INTO agent_grants (tool, digest, agent, session, who, at_ms, operation)
                 VALUES ('alpha', x'{digest}', '', 'session:night', 'Ada <ada@example.org>', 1, {id})"
            ),
        );
    };
    let is_used = |engine: &Engine| {
        engine.grants().enter_session(Some("night".to_owned()));
        engine.library().scan(&mut |_| {}).unwrap();
        let found = engine.library().resolve("alpha").map_err(|error| error.message)?;
        if found.path.starts_with("tools/experimental") { Ok(()) } else { Err(found.path.clone()) }
    };
    attacked(attack, is_used, "(promote alpha) is not signed: it has no signature");
}

#[test]
fn what_was_revoked_does_not_come_back_by_an_undo_that_nobody_signed() {
    for subject in ["fresh", "nothing at all"] {
        let attack = |_: &Workspace, engine: &Engine| {
            grant(engine, "bot");
            let revoked = revoke(engine);
            let id = forge(engine, ("undo", subject), json!({"operation": revoked, "verb": "revoke"}), Instant(1));
            let undone = format!("UPDATE operations SET undone_by = {id} WHERE id = {revoked}");
            sql(engine, &format!("{undone}; UPDATE agent_grants SET revoked = 0"));
        };
        attacked(
            attack,
            |engine| bot(engine, "fresh"),
            &format!("(undo {subject}) is not signed: it has no signature"),
        );
    }
}

#[test]
fn a_mark_that_no_entry_made_takes_nothing_back() {
    let attack = |_: &Workspace, engine: &Engine| {
        let gave = grant(engine, "bot");
        let revoked = revoke(engine);
        let mark = format!("UPDATE operations SET undone_by = {gave} WHERE id = {revoked}");
        sql(engine, &format!("{mark}; UPDATE agent_grants SET revoked = 0"));
    };
    attacked(attack, |engine| bot(engine, "fresh"), "but the log does not say so");
}

#[test]
fn an_entry_of_which_the_words_were_changed_has_no_signature_any_more() {
    let attack = |_: &Workspace, engine: &Engine| {
        grant(engine, "other");
        sql(
            engine,
            "UPDATE operations SET detail = replace(detail, '\"other\"', '\"bot\"') WHERE verb = 'grant';
             UPDATE agent_grants SET agent = 'bot'",
        );
        chain(engine);
    };
    attacked(attack, |engine| bot(engine, "fresh"), "is not the signed one");
}

#[test]
fn a_signature_of_another_entry_counts_for_nothing() {
    let attack = |_: &Workspace, engine: &Engine| {
        let gave = grant(engine, "other");
        let digest = digest(engine, "fresh");
        let undo = json!({"kind": "grant", "grant": 2});
        let scope = serde_json::to_value(GrantScope::Version).unwrap();
        let detail = json!({"grant": 2, "agent": "bot", "scope": scope, "digest": digest, "undo": undo});
        let id = forge(engine, ("grant", "fresh"), detail, Instant(1));
        sql(
            engine,
            &format!(
                "INSERT INTO agent_grants (tool, digest, agent, who, at_ms, operation)
                 VALUES ('fresh', x'{digest}', 'bot', 'Ada <ada@example.org>', 1, {id});
                 INSERT INTO log_signatures SELECT {id}, space, signature FROM log_signatures WHERE operation = {gave}"
            ),
        );
    };
    attacked(attack, |engine| bot(engine, "fresh"), "is not signed: the signature does not match the content");
}

#[test]
fn what_was_decided_before_signatures_were_required_counts_after_one_word_of_a_human() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    approve_all(&open(&workspace));
    assert_eq!(bot(&open(&workspace), "alpha"), Ok(()));
    settings(&workspace, &key(&workspace, "ada", ""), true);
    let engine = open(&workspace);
    assert!(bot(&engine, "alpha").unwrap_err().contains("entry 1 (approve alpha) is not signed"));
    let seen = engine.integrity().unsigned().unwrap();
    assert_eq!((seen.entries.len(), seen.entries[0].subject.as_str(), &seen.fault), (1, "alpha", &None));
    assert!(bot(&engine, "alpha").is_err(), "looking signs nothing");
    let agent = engine.integrity().sign_log(&seen, &Caller::Agent("bot".to_owned()));
    assert_eq!(agent.unwrap_err().code, ErrorCode::HumanNeeded);
    // What came in between was not looked at.
    native(&workspace, "tools/experimental/late", "late", "echo 1\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    approve_all(&engine);
    assert_eq!(engine.integrity().sign_log(&seen, &ada()).unwrap_err().code, ErrorCode::Conflict);
    engine.integrity().sign_log(&engine.integrity().unsigned().unwrap(), &ada()).unwrap();
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
    assert_eq!(engine.integrity().unsigned().unwrap().entries, []);
}

#[test]
fn an_old_key_counts_while_it_is_allowed_and_a_new_one_signs_over_what_it_signed() {
    let (workspace, engine) = sound(true);
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    let signers = workspace.home().join("allowed_signers");
    let old = fs::read_to_string(&signers).unwrap();
    settings(&workspace, &key(&workspace, "new", ""), true);
    let both = old.clone() + &fs::read_to_string(&signers).unwrap();
    let new = fs::read_to_string(&signers).unwrap();
    fs::write(&signers, &both).unwrap();
    assert_eq!(bot(&open(&workspace), "alpha"), Ok(()), "both are allowed");
    let expired = old.replace("namespaces", "valid-before=\"20200101\",namespaces");
    for left in [new.clone(), expired + &new] {
        fs::write(&signers, left).unwrap();
        let told = bot(&open(&workspace), "alpha").unwrap_err();
        assert!(told.contains("is not signed: the key"), "{told}");
    }
    let engine = open(&workspace);
    engine.integrity().sign_log(&engine.integrity().unsigned().unwrap(), &ada()).unwrap();
    assert_eq!(bot(&engine, "alpha"), Ok(()));
}

#[test]
fn a_decision_by_a_key_that_is_not_allowed_is_refused_when_it_is_made() {
    let workspace = Workspace::new();
    settings(&workspace, &key(&workspace, "ada", ""), true);
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    let eve = Caller::Human("Eve <eve@example.org>".to_owned());
    let refused = engine.execute(decide(&review, DecisionKind::Approve), &eve).unwrap_err();
    assert!(refused.code == ErrorCode::Refused && refused.message.contains("eve@example.org"), "{refused:?}");
    // What only refuses needs no signature.
    engine.execute(decide(&review, DecisionKind::Reject), &eve).unwrap();
    for (text, says) in [
        ("[signing]\nrequired = true\nkey = \"/nowhere/key\"\n", "/nowhere/key.pub cannot be read"),
        ("[signing]\nrequired = true\nallowed_signers = \"/nowhere/signers\"\n", "/nowhere/signers cannot be read"),
        ("[signing]\nrequired = true\n", "names neither key nor allowed_signers"),
        ("[signing]\nrequired = treu\n", "config.toml"),
    ] {
        let (workspace, _) = sound(true);
        configure(&workspace, text);
        let engine = open(&workspace);
        let told = bot(&engine, "alpha").unwrap_err();
        assert!(told.contains(says), "{text}: {told}");
        let fresh = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
        let refused = engine.execute(decide(&fresh, DecisionKind::Approve), &ada()).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Refused, "{text}: {refused:?}");
    }
}

#[test]
fn a_signature_is_checked_once_and_known_to_every_later_process() {
    let (workspace, engine) = sound(true);
    let verified = workspace.home().join("toolsmith/config/signing/verified");
    let lines = || fs::read_to_string(&verified).unwrap().lines().count();
    let before = lines();
    assert_eq!(before, engine.history().operations(99, None).unwrap().len(), "one for each decision, when it was made");
    for _ in 0..3 {
        assert_eq!(bot(&open(&workspace), "alpha"), Ok(()));
    }
    assert_eq!(lines(), before);
    grant(&engine, "bot");
    assert_eq!(bot(&open(&workspace), "fresh"), Ok(()));
    assert_eq!(lines(), before + 1);
    // What is known is known of these allowed signers.
    let signers = workspace.home().join("allowed_signers");
    fs::write(&signers, "").unwrap();
    assert!(bot(&open(&workspace), "alpha").is_err());
}

#[test]
fn a_yes_that_nobody_gave_is_not_counted_with_that_of_another() {
    let workspace = Workspace::new();
    configure(&workspace, "[review]\nhigh_roles = [\"security\"]\n");
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let manifest = workspace.path("tools/experimental/alpha/tool.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("cost_tier = \"low\"", "cost_tier = \"high\"")).unwrap();
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    sql(
        &engine,
        &format!(
            "INSERT INTO decisions (review, kind, reviewer, digest, at_ms, lines, lines_shown, tail_shown, open_ms,
             operation, role) VALUES ({}, 'approve', 'Grace', x'{}', 1, 1, 1, 1, 1, 1, 'security')",
            review.id,
            review.digest.hex()
        ),
    );
    let refused = engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap_err();
    assert!(refused.message.contains("by Grace"), "{refused:?}");
    assert!(refused.message.contains("did not grant it"), "{refused:?}");
}

#[test]
fn everything_else_goes_on_where_signatures_are_required() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let (workspace, engine) = sound(true);
    let does = |command| engine.execute(command, &ada()).unwrap();
    grant(&engine, "bot");
    does(Command::Unlock { tool: Some("dear".to_owned()), tier: None, scope: GrantScope::Version, lasting: None });
    let writer = engine.library().resolve("writer").unwrap();
    does(Command::Allow { tool: "writer".to_owned(), digest: writer.digest });
    for name in ["alpha", "fresh", "writer"] {
        assert_eq!(bot(&engine, name), Ok(()), "{name}");
    }
    assert_eq!((asked(&engine, "writer"), asked(&engine, "dear")), (Ok(()), Ok(())));
    assert_eq!(engine.library().resolve("dear").unwrap().cost_tier, CostTier::Medium);
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 2\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    approve_all(&engine);
    does(Command::verb("rollback", &[("tool", "alpha")]));
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    does(Command::Undo { operation: None });
    does(Command::Undo { operation: None });
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    native(&workspace, "tools/approved/cloned", "cloned", "echo cloned\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    let adoption = |review: &toolsmith::domain::Review| review.kind == ReviewKind::Adoption;
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().into_iter().find(adoption).unwrap();
    does(decide(&review, DecisionKind::Approve));
    assert_eq!(bot(&engine, "cloned"), Ok(()));
    let report = engine.integrity().verify().unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(open(&workspace).integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_machine_without_the_key_verifies_and_decides_nothing() {
    let (workspace, _) = sound(true);
    let signers = workspace.home().join("allowed_signers");
    configure(&workspace, &format!("[signing]\nrequired = true\nallowed_signers = \"{}\"\n", signers.display()));
    let engine = open(&workspace);
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    let fresh = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    let refused = engine.execute(decide(&fresh, DecisionKind::Approve), &ada()).unwrap_err();
    assert!(refused.code == ErrorCode::Refused && refused.message.contains("no key is set"), "{refused:?}");
    fs::write(&signers, "").unwrap();
    assert!(bot(&open(&workspace), "alpha").unwrap_err().contains("is not signed"));
}
