//! No log, no change: when the entry cannot be written, nothing has happened, in rows, in files or in git.

use super::world::{State, World, decide};
use rusqlite::Connection;
use toolsmith::domain::{
    BufferId, Caller, Command, CommentAnchor, CommentId, CommentKind, CostTier, DecisionKind, GrantScope,
    OpportunitySources, ProposedEnd, Retirement, RunId, ScaffoldTemplate, Severity, Stage, Strategy, VerbCall,
};
use toolsmith::engine::{BufferChange, BufferWrite, ErrorCode, MarkRequest};

/// Makes every entry of the log fail, as a full disk at that very moment would, or lets them pass again.
fn break_log(world: &World, broken: bool) {
    let sql = if broken {
        "CREATE TRIGGER no_log BEFORE INSERT ON operations BEGIN SELECT RAISE(ABORT, 'the log cannot be written'); END"
    } else {
        "DROP TRIGGER no_log"
    };
    Connection::open(world.engine.state_dir().join("store.db")).unwrap().execute_batch(sql).unwrap();
}

/// A tool with four versions beside it, of which nobody waits for the first.
fn family(world: &World) {
    for version in ["", "_v1_1_0", "_v1_2_0", "_v1_3_0", "_v1_4_0"] {
        let script = format!("#!/bin/sh\n# A tool of several versions.\necho trio{version}\n");
        world.workspace.write(&format!("tools/experimental/trio{version}.sh"), &script);
    }
    world.engine.library().scan(&mut |_| {}).unwrap();
    let is_first = |version: &semver::Version| *version == semver::Version::new(1, 1, 0);
    let mut waiting = world.waiting().into_iter();
    let first = waiting.find(|review| review.tool.as_str() == "trio" && is_first(&review.version)).unwrap();
    world.execute(decide(&first, DecisionKind::Reject)).unwrap();
}

/// The commands that there are, each with what makes it possible.
fn commands(world: &World) -> Vec<Command> {
    let waiting = world.waiting();
    let review = |name: &str| waiting.iter().find(|review| review.tool.as_str() == name).unwrap();
    let yes = |name: &str| decide(review(name), DecisionKind::Approve);
    let writer = world.engine.library().resolve("writer").unwrap();
    let named = |name: &str| name.to_owned();
    world.workspace.write("shop.json", r#"{"paths": {"/orders": {"get": {}}}}"#);
    let from = OpportunitySources { openapi: vec![world.workspace.path("shop.json")], ..OpportunitySources::default() };
    let found = world.engine.opportunities().list(&from, 100).unwrap().opportunities;
    let key = found.into_iter().find(|one| one.name.as_str() == "get-orders").unwrap().key;
    vec![
        Command::AcceptOpportunity { key: key.clone(), from: from.clone() },
        Command::DismissOpportunity { key, from, reason: None },
        yes("fresh"),
        yes("known"),
        yes("drifted"),
        yes("adoption"),
        decide(review("fresh"), DecisionKind::Reject),
        decide(review("fresh"), DecisionKind::RequestChanges),
        Command::Promote { tool: named("writer"), to: Stage::Core },
        Command::verb("archive", &[("tool", "fresh")]),
        Command::verb("restore", &[("tool", "loose")]),
        Command::Allow { tool: named("writer"), digest: writer.digest },
        Command::verb("deprecate", &[("tool", "writer"), ("reason", "old")]),
        Command::Propose {
            proposals: vec![Retirement {
                tool: "writer".parse().unwrap(),
                path: writer.path.clone(),
                end: ProposedEnd::Archive,
                reason: named("not used for 31 days"),
            }],
        },
        Command::verb("rollback", &[("tool", "known")]),
        Command::verb("restore-files", &[("tool", "drifted")]),
        Command::verb("fork", &[("tool", "drifted"), ("name", "forked")]),
        Command::Grant {
            tool: named("fresh"),
            digest: review("fresh").digest,
            agent: named("bot"),
            scope: GrantScope::Version,
        },
        Command::Unlock { tool: None, tier: Some(CostTier::Medium), scope: GrantScope::Version, lasting: None },
        Command::verb("set", &[("name", "mine"), ("tools", "writer")]),
        Command::Revoke { grant: world.engine.grants().named("1").unwrap() },
        Command::UseInSession {
            tool: named("trio@1.2.0"),
            digest: world.engine.library().resolve("trio@1.2.0").unwrap().digest,
            scope: GrantScope::Session(named("night")),
        },
        Command::Verb(VerbCall::new("pin", &[("tool", "trio@1.2.0")])),
        Command::Trim { tool: named("trio"), versions: world.engine.versions().trimmed("trio").unwrap() },
        Command::Verb(VerbCall::new("untag", &[("tool", "writer"), ("tag", "not-for-json")])),
        Command::Verb(VerbCall::new(
            "resolve",
            &[("failure", &world.engine.failures().list(None).unwrap().remove(0).signature)],
        )),
        Command::Comment {
            review: review("fresh").id,
            spot: CommentAnchor::default(),
            kind: CommentKind::MustFix,
            body: named("too wide"),
        },
        Command::Withdraw { comment: CommentId(1) },
        Command::New {
            name: Some("made".to_owned()),
            template: Some(ScaffoldTemplate::CliWrapper),
            language: None,
            words: String::new(),
        },
        Command::New { name: None, template: None, language: None, words: "Sorts lines".to_owned() },
        Command::verb("buffer", &[("operation", "clear"), ("buffer", "waiting")]),
        Command::Undo { operation: None },
    ]
}

/// A new command is not forgotten here: this stops compiling.
fn is_tried(command: &Command) -> bool {
    match command {
        Command::Decide(_)
        | Command::Promote { .. }
        | Command::Allow { .. }
        | Command::Grant { .. }
        | Command::Unlock { .. }
        | Command::UseInSession { .. }
        | Command::Trim { .. }
        | Command::Verb(_)
        | Command::Revoke { .. }
        | Command::Comment { .. }
        | Command::Withdraw { .. }
        | Command::Propose { .. }
        | Command::New { .. }
        | Command::AcceptOpportunity { .. }
        | Command::DismissOpportunity { .. }
        | Command::Undo { .. } => true,
        // To stop a tool must be possible when nothing else is; the run's own record says that it was.
        // What one reviewer has read, and checks that are made again, are no steps of a tool's life.
        // Packages are fetched from a registry, which is not
        // here; the entry is written before.
        Command::Cancel { .. } | Command::Mark { .. } | Command::Recheck { .. } | Command::FetchPackages { .. } => {
            false
        }
    }
}

#[test]
fn a_command_whose_log_entry_cannot_be_written_changes_nothing() {
    let world = World::new();
    family(&world);
    world.execute(Command::verb("archive", &[("tool", "loose")])).unwrap();
    let fresh = world.waiting().into_iter().find(|review| review.tool.as_str() == "fresh").unwrap();
    let (tool, agent) = ("known".to_owned(), "bot".to_owned());
    let known = world.engine.library().resolve("tools/experimental/known/tool.toml").unwrap();
    let tool_path = known.path.clone();
    world.execute(Command::Grant { tool: tool_path, digest: known.digest, agent, scope: GrantScope::Version }).unwrap();
    let (spot, kind) = (CommentAnchor::default(), CommentKind::Note);
    world.execute(Command::Comment { review: fresh.id, spot, kind, body: tool }).unwrap();
    let mark = MarkRequest {
        tool: "writer".to_owned(),
        run: None,
        scenario: "parse JSON data".to_owned(),
        error: "boom".to_owned(),
        severity: Severity::Low,
    };
    world.engine.failures().mark(&mark, &Caller::Agent("bot".to_owned())).unwrap();
    let change = BufferChange { strategy: Some(Strategy::Manual), ..BufferChange::default() };
    let write = BufferWrite { buffer: BufferId::new("waiting").unwrap(), change, items: vec!["1".to_owned()] };
    world.engine.buffers().write(&write, &Caller::Human("Ada".to_owned())).unwrap();
    let commands = commands(&world);
    assert!(!is_tried(&Command::Cancel { run: RunId(1) }));
    let git = || [world.workspace.git(&["rev-parse", "HEAD"]), world.workspace.git(&["status", "--porcelain"])];
    let (state, before): (State, _) = (world.state(), git());
    break_log(&world, true);
    for command in &commands {
        assert!(is_tried(command));
        let error = world.execute(command.clone()).expect_err(&format!("{command:?} was done without a log"));
        assert!(error.code == ErrorCode::Internal && error.message.contains("the log cannot be written"), "{error:?}");
        let now = world.state();
        assert!(now == state, "{command:?}: {}", state.difference(&now));
        assert_eq!(git(), before, "{command:?}");
    }
    break_log(&world, false);
    // Each of them would have worked: it was the log that stood in the way.
    for command in commands {
        world.execute(command.clone()).unwrap_or_else(|error| panic!("{command:?}: {error:?}"));
        if !matches!(command, Command::Undo { .. }) {
            world.execute(Command::Undo { operation: None }).unwrap();
        }
    }
}
