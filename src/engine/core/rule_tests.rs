//! The rules of single commands, tested with only a store, as tables of cases.

use super::allow::allow;
use super::fixture::{self, NOW, actor, in_store};
use super::grant::{grant, revoke};
use super::lifecycle::promote;
use super::placed::{Beside, Placed};
use super::relocation::Relocation;
use super::scan::members_digest;
use super::step::{close_reviews, intend};
use super::tiers::{save_set, unlock};
use super::undo_note::UndoNote;
use super::vouch::{Vouched, adopt_signed, beside};
use crate::domain::{
    Allowed, CostTier, Digest, GrantId, GrantKey, GrantScope, Instant, OperationId, Permissions, ReviewKind,
    ReviewState, SetMember, Stage, Tool, ToolName, UnlockId, WriteMode,
};
use crate::engine::{EngineError, ErrorCode};
use crate::store::{Approval, NewOperation, Tx};
use serde_json::{Value, json};

fn tool(stage: Stage, byte: u8) -> Tool {
    fixture::tool("t", stage, byte)
}

fn log(tx: &Tx<'_>, verb: &str, subject: &str, detail: Value) -> Result<OperationId, EngineError> {
    let (who, verb, subject) = ("Ada".to_owned(), verb.to_owned(), subject.to_owned());
    Ok(tx.log(&NewOperation { who, verb, subject, detail, reversible: true })?)
}

fn approve(tx: &Tx<'_>, tool: &Tool) -> Result<OperationId, EngineError> {
    let operation = log(tx, "approve", tool.name.as_str(), json!({"reason": "read it"}))?;
    let (name, base) = (tool.name.clone(), Some(tool.placement.base.clone()));
    let (digest, stage, at) = (tool.digest, tool.stage, tx.now());
    tx.approve_version(&Approval { tool: name, digest, stage, operation, at, base, signature: None })?;
    Ok(operation)
}

#[test]
fn a_tool_climbs_one_stage_at_a_time_and_only_what_is_approved_becomes_core() {
    use Stage::{Approved, Archived, Core, Experimental};
    for (stage, to, approved, answer) in [
        (Experimental, Approved, None, Ok(ReviewKind::New)),
        (Experimental, Approved, Some((Approved, 2)), Ok(ReviewKind::Evolved)),
        (Experimental, Core, None, Err("it is experimental and must be approved first")),
        (Approved, Core, Some((Approved, 1)), Ok(ReviewKind::Promotion)),
        (Approved, Core, None, Err("this version is not approved here")),
        (Approved, Core, Some((Approved, 2)), Err("this version is not approved here")),
        (Approved, Core, Some((Core, 1)), Err("this version is not approved here")),
        (Approved, Approved, Some((Approved, 1)), Err("it is already approved")),
        (Approved, Experimental, Some((Approved, 1)), Err("it is already approved")),
        (Core, Approved, Some((Core, 1)), Err("it is already core")),
        (Core, Core, Some((Core, 1)), Err("it is already core")),
        (Archived, Approved, Some((Approved, 1)), Err("it is archived")),
        (Archived, Core, None, Err("it is archived")),
    ] {
        in_store(|tx| {
            if let Some((stage, byte)) = approved {
                approve(tx, &tool(stage, byte))?;
            }
            match (promote(tx, actor(), &tool(stage, 1), to), answer) {
                (Ok(step), Ok(kind)) => {
                    let review = tx.review(step.outcome.review.unwrap())?.unwrap();
                    assert_eq!((review.kind, review.to_stage), (kind, to), "{stage} {to}");
                    assert_eq!(review.base_digest, approved.map(|(_, byte)| Digest([byte; 32])));
                }
                (Err(error), Err(why)) => {
                    assert_eq!(error.code, ErrorCode::Refused);
                    assert!(error.message.contains(why), "{stage} {to}: {error}");
                    assert!(tx.review_heads(None)?.is_empty());
                }
                (given, wanted) => panic!("{stage} {to}: {given:?}, not {wanted:?}"),
            }
            Ok(())
        });
    }
}

#[test]
fn a_promotion_names_the_review_that_waits_for_this_version_and_opens_none_beside_it() {
    for (kind, byte, state, is_same) in [
        (ReviewKind::New, 1, ReviewState::Waiting, true),
        (ReviewKind::Evolved, 1, ReviewState::Waiting, true),
        (ReviewKind::New, 2, ReviewState::Waiting, false),
        (ReviewKind::New, 1, ReviewState::Rejected, false),
        (ReviewKind::Archive, 1, ReviewState::Waiting, false),
    ] {
        in_store(|tx| {
            let before = super::scan::open_for(tx, &tool(Stage::Experimental, byte), kind, None)?;
            tx.set_review_state(before, state)?;
            let step = promote(tx, actor(), &tool(Stage::Experimental, 1), Stage::Approved)?;
            assert_eq!(step.outcome.review == Some(before), is_same, "{kind} {byte} {state}");
            assert_eq!(step.outcome.operation.is_none(), is_same);
            assert_eq!(tx.review_heads(None)?.len(), if is_same { 1 } else { 2 });
            Ok(())
        });
    }
}

#[test]
fn an_agent_is_let_run_only_what_is_experimental_and_costs_less_than_high() {
    for stage in [Stage::Experimental, Stage::Approved, Stage::Core, Stage::Archived] {
        for tier in [CostTier::Low, CostTier::Medium, CostTier::High, CostTier::Prohibited] {
            in_store(|tx| {
                let tool = Tool { cost_tier: tier, ..tool(stage, 1) };
                let given = grant(tx, actor(), &tool, "bot", GrantScope::Version);
                let is_let = stage == Stage::Experimental && tier < CostTier::High;
                assert_eq!(given.is_ok(), is_let, "{stage} {tier}: {given:?}");
                assert_eq!(tx.agent_grants()?.len(), usize::from(is_let));
                if let Err(error) = given {
                    assert_eq!(error.code, ErrorCode::Refused);
                }
                Ok(())
            });
        }
    }
}

#[test]
fn the_same_is_given_once_and_a_row_that_the_log_did_not_give_is_nothing() {
    let session = || GrantScope::Session("s".to_owned());
    in_store(|tx| {
        let here = tool(Stage::Experimental, 1);
        grant(tx, actor(), &here, "bot", GrantScope::Version)?;
        let again = grant(tx, actor(), &here, "bot", GrantScope::Version).unwrap_err();
        assert_eq!((again.code, again.message.as_str()), (ErrorCode::Conflict, "grant 1 already allows this"));
        grant(tx, actor(), &here, "bot", session())?;
        grant(tx, actor(), &here, "other", GrantScope::Version)?;
        grant(tx, actor(), &tool(Stage::Experimental, 2), "bot", GrantScope::Version)?;
        revoke(tx, actor(), &GrantKey::Agent(GrantId(1)))?;
        grant(tx, actor(), &here, "bot", GrantScope::Version)?;
        let mut forged = tx.agent_grants_of(&here.name, here.digest)?.remove(0);
        (forged.id, forged.agent) = (tx.next_grant()?, "eve".to_owned());
        tx.grant_agent(&forged)?;
        grant(tx, actor(), &here, "eve", GrantScope::Version)?;
        Ok(())
    });
    in_store(|tx| {
        let here = Tool { cost_tier: CostTier::High, ..tool(Stage::Approved, 1) };
        let until = |plus: i64| Some(Instant(NOW.0 + plus));
        let open = |tool: Option<&Tool>, tier, scope, until| unlock(tx, actor(), tool, tier, (scope, until));
        open(Some(&here), CostTier::High, GrantScope::Version, until(9))?;
        let again = open(Some(&here), CostTier::High, GrantScope::Version, until(9)).unwrap_err();
        assert_eq!((again.code, again.message.as_str()), (ErrorCode::Conflict, "t is already unlocked (unlock-1)"));
        open(None, CostTier::High, GrantScope::Version, until(9))?;
        open(None, CostTier::Medium, GrantScope::Version, until(9))?;
        open(Some(&here), CostTier::High, session(), until(9))?;
        open(Some(&here), CostTier::High, GrantScope::Version, until(8))?;
        open(Some(&here), CostTier::High, GrantScope::Version, None)?;
        revoke(tx, actor(), &GrantKey::Unlock(UnlockId(1)))?;
        open(Some(&here), CostTier::High, GrantScope::Version, until(9))?;
        let mut forged = tx.unlocks()?.remove(0);
        (forged.id, forged.scope) = (tx.next_unlock()?, GrantScope::Session("forged".to_owned()));
        tx.keep_unlock(&forged)?;
        open(Some(&here), forged.tier, forged.scope, forged.until)?;
        let over = tx.at(Instant(NOW.0 + 9));
        unlock(&over, actor(), Some(&here), CostTier::High, (GrantScope::Version, until(9)))?;
        Ok(())
    });
}

#[test]
fn what_is_revoked_is_what_was_named_and_nothing_that_is_not_there() {
    in_store(|tx| {
        let here = tool(Stage::Experimental, 1);
        for agent in ["one", "two"] {
            grant(tx, actor(), &here, agent, GrantScope::Version)?;
        }
        for tier in [CostTier::Medium, CostTier::High] {
            unlock(tx, actor(), None, tier, (GrantScope::Version, None))?;
        }
        for key in [
            GrantKey::Agent(GrantId(9)),
            GrantKey::Unlock(UnlockId(9)),
            GrantKey::Allow(here.name.clone(), here.digest),
        ] {
            assert_eq!(revoke(tx, actor(), &key).unwrap_err().code, ErrorCode::NotFound, "{key}");
        }
        revoke(tx, actor(), &GrantKey::Agent(GrantId(2)))?;
        revoke(tx, actor(), &GrantKey::Unlock(UnlockId(2)))?;
        assert_eq!(tx.agent_grants()?.iter().map(|grant| grant.id.0).collect::<Vec<_>>(), [1]);
        assert_eq!(tx.unlocks()?.iter().map(|unlock| unlock.id.0).collect::<Vec<_>>(), [1]);
        let entries = tx.whole_log()?;
        let said: Vec<_> = entries[4..].iter().map(|entry| (entry.verb.as_str(), entry.subject.as_str())).collect();
        assert_eq!(said, [("revoke", "t"), ("revoke", "tier high")]);
        Ok(())
    });
}

#[test]
fn nobody_opens_what_is_prohibited_or_open_anyway() {
    for (tool_tier, tier, is_opened) in [
        (None, CostTier::Low, false),
        (None, CostTier::Medium, true),
        (None, CostTier::High, true),
        (None, CostTier::Prohibited, false),
        (Some(CostTier::Low), CostTier::Medium, false),
        (Some(CostTier::Medium), CostTier::Medium, true),
        (Some(CostTier::Prohibited), CostTier::High, false),
    ] {
        in_store(|tx| {
            let tool = tool_tier.map(|cost_tier| Tool { cost_tier, ..tool(Stage::Approved, 1) });
            let opened = unlock(tx, actor(), tool.as_ref(), tier, (GrantScope::Version, None));
            assert_eq!(opened.is_ok(), is_opened, "{tool_tier:?} {tier}: {opened:?}");
            Ok(())
        });
    }
}

#[test]
fn a_version_is_allowed_only_what_it_declares_where_it_is_approved() {
    let writes = Permissions { write: vec!["out".to_owned()], ..Permissions::default() };
    let faulty = Permissions { read: vec!["../..".to_owned()], ..Permissions::default() };
    assert!(!faulty.faults().is_empty() && writes.faults().is_empty());
    for (stage, approved, permissions, says) in [
        (Stage::Approved, Some((Stage::Approved, 1)), &writes, None),
        (Stage::Core, Some((Stage::Core, 1)), &writes, None),
        (Stage::Approved, None, &writes, Some("is not approved here")),
        (Stage::Approved, Some((Stage::Approved, 2)), &writes, Some("is not approved here")),
        (Stage::Core, Some((Stage::Approved, 1)), &writes, Some("is not approved here")),
        (Stage::Experimental, Some((Stage::Approved, 1)), &writes, Some("is not approved here")),
        (Stage::Approved, Some((Stage::Approved, 1)), &Permissions::default(), Some("declares no permissions")),
        (Stage::Approved, Some((Stage::Approved, 1)), &faulty, Some("declares a permission that no tool can get")),
    ] {
        in_store(|tx| {
            if let Some((stage, byte)) = approved {
                approve(tx, &tool(stage, byte))?;
            }
            let (tool, allowed) = (tool(stage, 1), Allowed::new(permissions, WriteMode::Staged));
            let given = allow(tx, actor(), &tool, &allowed);
            assert_eq!(tx.granted(&tool.name, tool.digest)?.is_some(), says.is_none());
            let Some(says) = says else { return given.map(drop) };
            let error = given.unwrap_err();
            assert!(error.code == ErrorCode::Refused && error.message.contains(says), "{stage}: {error}");
            Ok(())
        });
    }
    in_store(|tx| {
        let here = tool(Stage::Approved, 1);
        approve(tx, &here)?;
        let staged = Allowed::new(&writes, WriteMode::Staged);
        // A row without a log entry is no grant; a granted row applies to exactly this version.
        tx.grant(&here.name, here.digest, &staged, "Eve")?;
        allow(tx, actor(), &here, &staged)?;
        assert_eq!(allow(tx, actor(), &here, &staged).unwrap_err().code, ErrorCode::Conflict);
        let direct = Allowed::new(&writes, WriteMode::Direct);
        allow(tx, actor(), &here, &direct)?;
        assert_eq!(tx.granted(&here.name, here.digest)?, Some(direct));
        Ok(())
    });
}

#[test]
fn a_set_is_saved_under_a_name_of_its_own_when_that_changes_it() {
    in_store(|tx| {
        let [mine, preset] = ["mine", "minimal"].map(|name| ToolName::new(name).unwrap());
        let [a, b] = ["a", "b"].map(|name| ToolName::new(name).unwrap());
        let save = |name: &ToolName, tools: &[&ToolName]| {
            let tools: Vec<SetMember> = tools.iter().map(|tool| SetMember::Tool((*tool).clone())).collect();
            save_set(tx, actor(), name, &tools).map_err(|error| error.code)
        };
        assert_eq!(save(&preset, &[&a]).unwrap_err(), ErrorCode::Refused);
        assert_eq!(save(&mine, &[]).unwrap_err(), ErrorCode::NotFound);
        save(&mine, &[&a]).unwrap();
        assert_eq!(save(&mine, &[&a]).unwrap_err(), ErrorCode::Conflict);
        save(&a, &[&b]).unwrap();
        save(&mine, &[&a, &b]).unwrap();
        let sets = tx.tool_sets()?;
        assert_eq!(sets.iter().map(|set| set.tools.len()).collect::<Vec<_>>(), [1, 2]);
        save(&mine, &[]).unwrap();
        assert_eq!(tx.tool_sets()?.len(), 1);
        Ok(())
    });
}

fn vouched(tool: Tool) -> Vouched {
    let (reviewer, principal) = ("Bo <bo@example.org>".to_owned(), "bo@example.org".to_owned());
    Vouched { tool, reviewer, principal, at: Instant(NOW.0 - 5), by_team: false }
}

#[test]
fn a_signed_version_is_taken_over_once_and_not_when_its_approval_was_taken_back_here() {
    let here = || tool(Stage::Approved, 1);
    let placed = |byte| Placed::of(&tool(Stage::Approved, byte), &[]);
    let approval = |byte| UndoNote::Approve {
        review: crate::domain::ReviewId(1),
        before: placed(byte),
        after: placed(byte),
        replaced: None,
        replaced_approved: false,
        ended: None,
        closed: Vec::new(),
    };
    let members = |byte| vec![(here().name, Digest([byte; 32]))];
    let adopted =
        |byte| UndoNote::Adopt { review: crate::domain::ReviewId(1), members: members(byte), granted: Vec::new() };
    let vouch = |byte| UndoNote::Vouch { tool: here().name, digest: Digest([byte; 32]) };
    let rollback = |byte| UndoNote::Rollback {
        before: placed(9),
        after: placed(byte),
        ended: Vec::new(),
        approved: true,
        closed: Vec::new(),
        taken: Vec::new(),
    };
    for (verb, subject, note, is_taken) in [
        ("approve", "t", Some(approval(1)), false),
        ("approve", "t", Some(approval(2)), true),
        ("approve", "adoption", Some(adopted(1)), false),
        ("approve", "adoption", Some(adopted(2)), true),
        ("adopt", "t", Some(vouch(1)), false),
        ("adopt", "t", Some(vouch(2)), true),
        ("rollback", "t", Some(rollback(1)), false),
        ("rollback", "t", Some(rollback(2)), true),
        ("approve", "t", None, true),
    ] {
        in_store(|tx| {
            if let Some(note) = &note {
                let given = log(tx, verb, subject, json!({"undo": note}))?;
                let back = log(tx, "undo", subject, json!({"operation": given}))?;
                tx.mark_undone(given, back)?;
            }
            for _ in 0..2 {
                adopt_signed(tx, &[vouched(here())])?;
            }
            let wanted = is_taken.then(|| ("signer:bo@example.org".to_owned(), Instant(NOW.0 - 5)));
            let found = tx.approvals_of(&here().name)?.first().map(|approval| (approval.operation, approval.at));
            let found = found.map(|(operation, at)| (tx.operation(operation).unwrap().unwrap().who, at));
            assert_eq!(found, wanted, "{verb} {note:?}");
            let taken = tx.whole_log()?.iter().filter(|entry| entry.who.starts_with("signer:")).count();
            assert_eq!(taken, usize::from(is_taken), "it is written once");
            Ok(())
        });
    }
    in_store(|tx| {
        approve(tx, &here())?;
        adopt_signed(tx, &[vouched(here()), vouched(tool(Stage::Core, 1))])?;
        let stages: Vec<Stage> = tx.approvals_of(&here().name)?.iter().map(|approval| approval.stage).collect();
        assert_eq!(stages, [Stage::Core], "what is approved there already is not taken over");
        Ok(())
    });
}

#[test]
fn a_version_that_comes_back_has_beside_it_what_lay_there_or_what_its_approval_says() {
    let kept = || Beside::Text("kept".to_owned());
    for (stage, approval, is_approved, has) in [
        (Stage::Approved, kept(), true, Some("kept")),
        (Stage::Core, kept(), false, Some("kept")),
        (Stage::Experimental, kept(), true, None),
        (Stage::Approved, Beside::Nothing, true, None),
        (Stage::Approved, Beside::Unknown, true, Some("reason = \"read it\"")),
        (Stage::Approved, Beside::Unknown, false, None),
        (Stage::Experimental, Beside::Unknown, true, None),
    ] {
        in_store(|tx| {
            if is_approved {
                approve(tx, &tool(Stage::Approved, 1))?;
            }
            approve(tx, &tool(Stage::Core, 7))?;
            let placed = Placed { approval: approval.clone(), ..Placed::of(&tool(stage, 1), &[]) };
            let files = beside(tx, &placed)?;
            let text = files.first().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
            assert_eq!(text.is_some(), has.is_some(), "{stage} {approval:?}");
            assert!(text.unwrap_or_default().contains(has.unwrap_or_default()), "{stage} {approval:?}");
            Ok(())
        });
    }
}

#[test]
fn the_text_of_an_approval_reads_back_and_shows_every_hidden_character() {
    for (text, written) in [
        ("plain", "\"plain\""),
        ("a \"b\" \\ c", r#""a \"b\" \\ c""#),
        ("two\nlines", r#""two\nlines""#),
        ("\u{202e}x\t\u{1b}", r#""\U0000202ex\U00000009\U0000001b""#),
        ("ä \u{1f512}", "\"ä \u{1f512}\""),
    ] {
        let quoted = super::statement::quoted(text);
        assert_eq!(quoted, written);
        let read: toml::Table = toml::from_str(&format!("x = {quoted}")).unwrap();
        assert_eq!(read["x"].as_str(), Some(text));
    }
}

#[test]
fn only_the_waiting_reviews_of_a_version_end_when_it_goes() {
    in_store(|tx| {
        let open = |name: &str, byte, state| {
            let row = Tool { name: ToolName::new(name).unwrap(), ..tool(Stage::Experimental, byte) };
            let id = super::scan::open_for(tx, &row, ReviewKind::New, None)?;
            tx.set_review_state(id, state).map(|()| id)
        };
        let gone = [open("t", 1, ReviewState::Waiting)?, open("t", 1, ReviewState::Waiting)?];
        let stay = [
            (open("t", 1, ReviewState::Rejected)?, ReviewState::Rejected),
            (open("t", 2, ReviewState::Waiting)?, ReviewState::Waiting),
            (open("other", 1, ReviewState::Waiting)?, ReviewState::Waiting),
        ];
        assert_eq!(close_reviews(tx, &ToolName::new("t").unwrap(), Digest([1; 32]))?, gone);
        for id in gone {
            assert_eq!(tx.review(id)?.unwrap().state, ReviewState::Superseded);
        }
        for (id, state) in stay {
            assert_eq!(tx.review(id)?.unwrap().state, state);
        }
        Ok(())
    });
}

#[test]
fn a_tool_of_which_an_earlier_move_is_owed_is_not_moved_again() {
    let relocation = |name: &str, operation| {
        let placed = Placed::of(&tool(Stage::Approved, 1), &[]);
        Relocation {
            operation,
            tool: ToolName::new(name).unwrap(),
            version: placed.version,
            digest: placed.digest,
            from: None,
            from_files: Vec::new(),
            to: placed.placement,
            replaces: None,
            extra: Vec::new(),
            commit: None,
            joined: Vec::new(),
            gone: false,
            returns: None,
        }
    };
    in_store(|tx| {
        let [first, second] = [log(tx, "archive", "t", json!({}))?, log(tx, "restore", "t", json!({}))?];
        intend(tx, actor(), relocation("t", first))?;
        intend(tx, actor(), relocation("t", first))?;
        intend(tx, actor(), relocation("other", second))?;
        let owed = intend(tx, actor(), relocation("t", second)).unwrap_err();
        assert_eq!((owed.code, owed.message.as_str()), (ErrorCode::Conflict, "operation 1 has not yet moved t"));
        for intent in tx.intents()? {
            tx.finish_intent(intent.id, &json!({}))?;
        }
        intend(tx, actor(), relocation("t", second))?;
        Ok(())
    });
}

#[test]
fn the_digest_of_an_adoption_covers_every_member_in_order() {
    let member = |name: &str, byte| (ToolName::new(name).unwrap(), Digest([byte; 32]));
    let one = members_digest(&[member("a", 1), member("b", 2)]);
    for other in [
        &[][..],
        &[member("a", 1)],
        &[member("a", 1), member("b", 3)],
        &[member("a", 2), member("b", 1)],
        &[member("a", 1), member("b", 2), member("c", 3)],
        &[member("b", 2), member("a", 1)],
    ] {
        assert_ne!(members_digest(other), one, "{other:?}");
    }
    assert_eq!(members_digest(&[member("a", 1), member("b", 2)]), one);
}
