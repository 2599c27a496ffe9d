//! The questions that a scan asks a human, as tables: the files on disk, earlier approvals and reviews, and the
//! resulting reviews.

use super::approvals::Approvals;
use super::fixture::{self, NOW, in_store};
use super::scan::{Unsettled, members_digest, open_for};
use crate::domain::{
    Digest, EventKind, EvolveAsked, FailureKind, Instant, OperationId, Placement, Request, RequestKind, Review,
    ReviewId, ReviewKind, ReviewState, Risk, Stage, Tool, ToolName,
};
use crate::engine::EngineError;
use crate::store::{Approval, NewEvolution, NewOperation, Store, Tx};
use serde_json::json;

/// A tool in its own folder of a stage; `byte` represents the content of its files.
fn tool(name: &str, stage: Stage, byte: u8) -> Tool {
    Tool { description: "\n  Adds.\nTwo numbers.".to_owned(), ..fixture::tool(name, stage, byte) }
}

/// Approves a tool in its present place.
fn approve(tx: &Tx<'_>, tool: &Tool) -> Result<OperationId, EngineError> {
    let (who, verb, subject) = ("Ada".to_owned(), "approve".to_owned(), tool.name.to_string());
    let operation = tx.log(&NewOperation { who, verb, subject, detail: json!({}), reversible: true })?;
    let (name, base) = (tool.name.clone(), Some(tool.placement.base.clone()));
    let (digest, stage, at) = (tool.digest, tool.stage, tx.now());
    tx.approve_version(&Approval { tool: name, digest, stage, operation, at, base, signature: None })?;
    Ok(operation)
}

fn scan(tx: &Tx<'_>, tools: &[Tool]) -> Result<(), EngineError> {
    fixture::scanned(tx, tools, &Unsettled::default())
}

fn waiting(tx: &Tx<'_>) -> Result<Vec<Review>, EngineError> {
    Ok(tx.reviews(&[ReviewState::Waiting])?)
}

fn asked(tx: &Tx<'_>) -> Result<Vec<ReviewKind>, EngineError> {
    Ok(waiting(tx)?.iter().map(|review| review.kind).collect())
}

#[test]
fn what_lies_there_and_what_was_approved_decide_which_question_is_asked_and_it_is_asked_once() {
    use Stage::{Approved, Archived, Core, Experimental};
    for (stage, byte, approved, question) in [
        (Experimental, 1, None, Some(ReviewKind::New)),
        (Experimental, 2, Some((Approved, 1)), Some(ReviewKind::Evolved)),
        // A copy of an approved version needs no review.
        (Experimental, 1, Some((Approved, 1)), None),
        (Approved, 1, None, Some(ReviewKind::Adoption)),
        (Core, 1, None, Some(ReviewKind::Adoption)),
        (Approved, 1, Some((Approved, 1)), None),
        (Approved, 2, Some((Approved, 1)), Some(ReviewKind::Drift)),
        (Core, 1, Some((Approved, 1)), Some(ReviewKind::Drift)),
        (Core, 1, Some((Core, 1)), None),
        (Archived, 1, None, None),
        (Archived, 2, Some((Approved, 1)), None),
    ] {
        in_store(|tx| {
            if let Some((stage, byte)) = approved {
                approve(tx, &tool("t", stage, byte))?;
            }
            for again in [false, true] {
                scan(tx, &[tool("t", stage, byte)])?;
                let wanted: Vec<ReviewKind> = question.into_iter().collect();
                assert_eq!(asked(tx)?, wanted, "{stage} {byte} {approved:?} {again}");
            }
            Ok(())
        });
    }
}

/// Two tools of one name wait as new tools. When one is approved, the other gets a new review as its replacement.
#[test]
fn a_second_tool_of_a_name_is_asked_about_again_when_the_first_is_approved() {
    in_store(|tx| {
        let first = tool("t", Stage::Experimental, 1);
        let mut second = tool("t", Stage::Experimental, 2);
        second.path = "tools/experimental/other/t.sh".to_owned();
        second.placement.base = "tools/experimental/other".to_owned();
        scan(tx, &[first, second.clone()])?;
        assert_eq!(asked(tx)?, [ReviewKind::New, ReviewKind::New]);
        let approved = tool("t", Stage::Approved, 1);
        let operation = approve(tx, &approved)?;
        for again in [false, true] {
            scan(tx, &[approved.clone(), second.clone()])?;
            let left = waiting(tx)?;
            let told: Vec<_> = left.iter().map(|review| (review.kind, review.digest, review.base_digest)).collect();
            let wanted = [(ReviewKind::Evolved, second.digest, Some(approved.digest))];
            assert_eq!(told, wanted, "{again} {operation:?}");
        }
        Ok(())
    });
}

#[test]
fn a_question_says_where_a_version_comes_from_and_what_a_yes_makes_of_it() {
    use Stage::{Approved, Archived, Core, Experimental};
    for (kind, at, approved, from, to, summary) in [
        (ReviewKind::New, Experimental, None, Experimental, Approved, "Adds."),
        (ReviewKind::Evolved, Experimental, Some((Approved, 2)), Experimental, Approved, "Adds."),
        (ReviewKind::Promotion, Approved, Some((Approved, 1)), Approved, Core, "proposed for core"),
        (ReviewKind::Archive, Approved, Some((Approved, 1)), Approved, Archived, "proposed for archiving"),
        (ReviewKind::Deprecation, Core, Some((Core, 1)), Core, Core, "proposed for deprecation"),
        (
            ReviewKind::Drift,
            Approved,
            Some((Approved, 2)),
            Approved,
            Approved,
            "files changed on disk since the approval",
        ),
        (
            ReviewKind::Drift,
            Core,
            Some((Approved, 1)),
            Approved,
            Core,
            "moved from tools/approved/t, where it was approved as approved",
        ),
    ] {
        in_store(|tx| {
            if let Some((stage, byte)) = approved {
                approve(tx, &tool("t", stage, byte))?;
            }
            let base = approved.map(|(_, byte)| Digest([byte; 32]));
            let id = open_for(tx, &tool("t", at, 1), kind, base)?;
            let review = tx.review(id)?.unwrap();
            assert_eq!((review.from_stage, review.to_stage, review.summary.as_str()), (from, to, summary), "{kind}");
            assert_eq!((review.digest, review.base_digest), (Digest([1; 32]), base), "{kind}");
            Ok(())
        });
    }
    in_store(|tx| {
        let nameless = Tool { description: " \n ".to_owned(), ..tool("t", Stage::Experimental, 1) };
        let id = open_for(tx, &nameless, ReviewKind::New, None)?;
        assert_eq!(tx.review(id)?.unwrap().summary, "no description");
        Ok(())
    });
}

#[test]
fn an_answer_holds_for_the_same_bytes_unless_they_are_approved_and_lie_where_they_were_not() {
    use ReviewState::{Approved, ChangesRequested, Expired, Rejected, Superseded, Waiting};
    for (stage, first, states, again) in [
        (Stage::Experimental, ReviewKind::New, &[Waiting, Approved, Rejected, ChangesRequested, Expired][..], false),
        (Stage::Experimental, ReviewKind::New, &[Superseded], true),
        (Stage::Experimental, ReviewKind::Evolved, &[Rejected], false),
        // A review about archiving does not judge the bytes.
        (Stage::Experimental, ReviewKind::Archive, &[Waiting, Rejected], true),
        (Stage::Approved, ReviewKind::Drift, &[Waiting, Rejected, ChangesRequested, Expired], false),
        (Stage::Approved, ReviewKind::Drift, &[Approved, Superseded], true),
    ] {
        for state in states {
            in_store(|tx| {
                let here = tool("t", stage, 1);
                if stage == Stage::Approved {
                    approve(tx, &tool("t", stage, 2))?;
                }
                let old = open_for(tx, &here, first, None)?;
                tx.set_review_state(old, *state)?;
                scan(tx, &[here])?;
                let opened = waiting(tx)?.into_iter().any(|review| review.id != old);
                assert_eq!(opened, again, "{first} {state}");
                Ok(())
            });
        }
    }
    in_store(|tx| {
        let here = tool("t", Stage::Experimental, 1);
        let (other, bytes) = (tool("other", Stage::Experimental, 1), tool("t", Stage::Experimental, 2));
        for one in [&other, &bytes] {
            let id = open_for(tx, one, ReviewKind::New, None)?;
            tx.set_review_state(id, Rejected)?;
        }
        scan(tx, &[here])?;
        assert_eq!(asked(tx)?, [ReviewKind::New], "an answer about another tool or other bytes is none");
        Ok(())
    });
}

#[test]
fn a_question_ends_when_what_it_is_about_is_gone_or_lies_where_it_is_another_question() {
    use Stage::{Approved, Archived, Experimental};
    for (kind, there, state) in [
        (ReviewKind::New, Some((Experimental, 1)), ReviewState::Waiting),
        (ReviewKind::New, Some((Experimental, 2)), ReviewState::Superseded),
        (ReviewKind::New, Some((Approved, 1)), ReviewState::Superseded),
        (ReviewKind::Evolved, Some((Approved, 1)), ReviewState::Superseded),
        (ReviewKind::New, Some((Archived, 1)), ReviewState::Superseded),
        (ReviewKind::New, None, ReviewState::Superseded),
        (ReviewKind::Promotion, Some((Approved, 1)), ReviewState::Waiting),
        (ReviewKind::Promotion, None, ReviewState::Superseded),
        (ReviewKind::Archive, Some((Archived, 1)), ReviewState::Superseded),
        // It belongs to no files on disk.
        (ReviewKind::Plan, None, ReviewState::Waiting),
        (ReviewKind::Specification, None, ReviewState::Waiting),
    ] {
        in_store(|tx| {
            let id = open_for(tx, &tool("t", Experimental, 1), kind, None)?;
            let here: Vec<Tool> = there.iter().map(|(stage, byte)| tool("t", *stage, *byte)).collect();
            scan(tx, &here)?;
            assert_eq!(tx.review(id)?.unwrap().state, state, "{kind} {there:?}");
            Ok(())
        });
    }
    in_store(|tx| {
        let id = open_for(tx, &tool("t", Experimental, 1), ReviewKind::New, None)?;
        tx.set_review_state(id, ReviewState::Rejected)?;
        scan(tx, &[])?;
        assert_eq!(tx.review(id)?.unwrap().state, ReviewState::Rejected, "what was decided stays so");
        Ok(())
    });
}

#[test]
fn nothing_is_said_about_a_tool_that_is_being_moved() {
    for (owed, silent) in [("t", true), ("other", false)] {
        in_store(|tx| {
            let lost = open_for(tx, &tool("t", Stage::Experimental, 1), ReviewKind::New, None)?;
            let (who, verb, subject) = ("Ada".to_owned(), "approve".to_owned(), owed.to_owned());
            let moved = tx.log(&NewOperation { who, verb, subject, detail: json!({}), reversible: true })?;
            tx.add_intent(moved, &json!({"owner": "nobody", "relocation": {"tool": owed}}))?;
            let unsettled = Unsettled::read(tx, tx.last_seq()?)?;
            fixture::scanned(tx, &[tool("t", Stage::Experimental, 2), tool("came", Stage::Approved, 3)], &unsettled)?;
            let (state, kinds) = (tx.review(lost)?.unwrap().state, asked(tx)?);
            if silent {
                assert_eq!((state, &kinds[..]), (ReviewState::Waiting, &[ReviewKind::New][..]));
            } else {
                assert_eq!((state, &kinds[..]), (ReviewState::Superseded, &[ReviewKind::New][..]));
                assert_eq!(waiting(tx)?[0].digest, Digest([2; 32]));
            }
            Ok(())
        });
    }
    in_store(|tx| {
        // The event shows that the tool was moved after the folders were read.
        let before = tx.last_seq()?;
        tx.emit(EventKind::ToolMoved, "t")?;
        tx.emit(EventKind::ToolLost, "other")?;
        for (begun, asked_about) in [(before, vec!["other"]), (tx.last_seq()?, vec!["other", "t"])] {
            let here = ["t", "other"].map(|name| tool(name, Stage::Experimental, 1));
            fixture::scanned(tx, &here, &Unsettled::read(tx, begun)?)?;
            let mut names: Vec<String> = waiting(tx)?.iter().map(|review| review.tool.to_string()).collect();
            names.sort();
            assert_eq!(names, asked_about, "{begun:?}");
        }
        Ok(())
    });
}

#[test]
fn what_came_with_the_workspace_waits_in_one_review_that_follows_the_folder() {
    in_store(|tx| {
        let [a, b] = ["a", "b"].map(|name| tool(name, Stage::Approved, 1));
        let found = [b.clone(), a.clone(), tool("new", Stage::Experimental, 1), tool("old", Stage::Archived, 1)];
        scan(tx, &found)?;
        let adoption = |tx: &Tx<'_>| -> Result<Review, EngineError> {
            let found = waiting(tx)?.into_iter().filter(|review| review.kind == ReviewKind::Adoption);
            let [one] = &found.collect::<Vec<_>>()[..] else { panic!("one adoption") };
            Ok(one.clone())
        };
        let members = vec![(a.name.clone(), a.digest), (b.name.clone(), b.digest)];
        let first = adoption(tx)?;
        assert_eq!((&first.members, first.digest, first.risk), (&members, members_digest(&members), Risk::High));
        assert_eq!(first.path, a.path);
        scan(tx, &found)?;
        assert_eq!(adoption(tx)?.id, first.id, "the same members are asked about once");
        // The decision about these members is valid; other members need another decision.
        tx.set_review_state(first.id, ReviewState::Rejected)?;
        scan(tx, &found)?;
        assert!(!asked(tx)?.contains(&ReviewKind::Adoption));
        scan(tx, std::slice::from_ref(&a))?;
        let second = adoption(tx)?;
        assert_eq!((second.members.len(), tx.review(first.id)?.unwrap().state), (1, ReviewState::Rejected));
        scan(tx, &[a.clone(), tool("b", Stage::Core, 2)])?;
        let third = adoption(tx)?;
        assert_eq!((third.members.len(), tx.review(second.id)?.unwrap().state), (2, ReviewState::Superseded));
        approve(tx, &a)?;
        scan(tx, std::slice::from_ref(&a))?;
        assert_eq!(asked(tx)?, [], "nothing is left to adopt");
        Ok(())
    });
}

#[test]
fn approvals_tell_a_version_a_name_and_a_place_apart() {
    in_store(|tx| {
        let approved = tool("t", Stage::Approved, 1);
        approve(tx, &approved)?;
        approve(&tx.at(Instant(NOW.0 + 5)), &tool("t", Stage::Core, 2))?;
        approve(&tx.at(Instant(NOW.0 + 3)), &tool("u", Stage::Approved, 1))?;
        let approvals = Approvals::read(tx)?;
        let [t, u, v] = ["t", "u", "v"].map(|name| ToolName::new(name).unwrap());
        for (name, byte, has) in [(&t, 1, true), (&t, 2, true), (&t, 3, false), (&u, 2, false), (&v, 1, false)] {
            assert_eq!(approvals.has(name, Digest([byte; 32])), has, "{name} {byte}");
        }
        assert_eq!([&t, &u, &v].map(|name| approvals.knows(name)), [true, true, false]);
        let times = [&t, &u, &v].map(|name| approvals.newest_at(name).map(|at| at.0 - NOW.0));
        assert_eq!(times, [Some(5), Some(3), None]);
        let newest = [&t, &u, &v].map(|name| approvals.newest(name));
        assert_eq!(newest, [Some(Digest([2; 32])), Some(Digest([1; 32])), None]);
        let at = |name: &str, base: &str, exclusive| {
            let placement = Placement { base: base.to_owned(), exclusive };
            let row = Tool { placement, ..tool(name, Stage::Approved, 9) };
            (approvals.lies_at_home(&row), approvals.knows_place(&row))
        };
        assert_eq!(at("t", "tools/approved/t", true), (true, true));
        assert_eq!(at("v", "tools/approved/t", true), (false, true), "another name took the place");
        assert_eq!(at("t", "tools/approved/v", true), (false, false));
        assert_eq!(at("t", "tools/approved/t", false), (true, false), "a folder that others share is no place");
        Ok(())
    });
}

#[test]
fn a_request_that_lost_its_files_waits_again_when_they_are_back_unless_it_was_given_up_or_asked_anew() {
    struct Case {
        asker: Option<&'static str>,
        state: ReviewState,
        later: Option<(ReviewKind, u8)>,
        given_up: Option<(&'static str, i64)>,
        byte_there: u8,
        waits: bool,
    }
    let case = || Case {
        asker: Some("bot"),
        state: ReviewState::Superseded,
        later: None,
        given_up: None,
        byte_there: 1,
        waits: true,
    };
    for (number, case) in [
        case(),
        Case { asker: None, waits: false, ..case() },
        Case { state: ReviewState::Rejected, waits: false, ..case() },
        Case { state: ReviewState::Expired, waits: false, ..case() },
        Case { byte_there: 2, waits: false, ..case() },
        Case { later: Some((ReviewKind::Archive, 1)), waits: false, ..case() },
        Case { later: Some((ReviewKind::Archive, 2)), ..case() },
        Case { later: Some((ReviewKind::Deprecation, 1)), ..case() },
        Case { given_up: Some(("request", 1)), waits: false, ..case() },
        Case { given_up: Some(("new", 1)), waits: false, ..case() },
        Case { given_up: Some(("request", 2)), ..case() },
        Case { given_up: Some(("archive", 1)), ..case() },
    ]
    .into_iter()
    .enumerate()
    {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let here = tool("t", Stage::Approved, case.byte_there);
        let id = store
            .transact(NOW, |tx| {
                approve(tx, &here)?;
                let id = open_for(tx, &tool("t", Stage::Approved, 1), ReviewKind::Archive, None)?;
                tx.set_review_state(id, case.state)?;
                if let Some((kind, byte)) = case.later {
                    let later = open_for(tx, &tool("t", Stage::Approved, byte), kind, None)?;
                    tx.set_review_state(later, ReviewState::Rejected)?;
                }
                if let Some((verb, review)) = case.given_up {
                    let entry = |verb: &str, detail| NewOperation {
                        who: "Ada".to_owned(),
                        verb: verb.to_owned(),
                        subject: "t".to_owned(),
                        detail,
                        reversible: true,
                    };
                    let asked = tx.log(&entry(verb, json!({"review": review})))?;
                    let back = tx.log(&entry("undo", json!({"operation": asked})))?;
                    tx.mark_undone(asked, back)?;
                }
                Ok::<ReviewId, EngineError>(id)
            })
            .unwrap();
        let sql = "UPDATE reviews SET asker = ?1 WHERE id = ?2";
        let database = rusqlite::Connection::open(dir.path().join("store.db")).unwrap();
        assert_eq!(database.execute(sql, rusqlite::params![case.asker, id.0]).unwrap(), 1);
        store
            .transact(NOW, |tx| {
                let entries = tx.whole_log()?.len();
                scan(tx, &[here])?;
                let state = tx.review(id)?.unwrap().state;
                assert_eq!(state == ReviewState::Waiting, case.waits, "case {number}: {state}");
                let told: Vec<String> =
                    tx.whole_log()?.split_off(entries).into_iter().map(|entry| entry.verb).collect();
                assert_eq!(told, if case.waits { vec!["reopen"] } else { vec![] });
                Ok::<(), EngineError>(())
            })
            .unwrap();
    }
}

fn request(review: &Review) -> Request {
    Request {
        kind: RequestKind::Tool,
        tool: Some(review.tool.clone()),
        plan: None,
        description: String::new(),
        rationale: String::new(),
        test_results: Vec::new(),
        changes: Vec::new(),
        specification: None,
        successor: None,
        metadata: serde_json::Map::new(),
    }
}

/// An evolution that wrote `made` from `original`.
fn evolved(tx: &Tx<'_>, original: &Tool, made: &Tool) -> Result<(), EngineError> {
    let id = tx.begin_evolution(&NewEvolution {
        tool: original.name.clone(),
        version: original.version.clone(),
        digest: original.digest,
        path: original.path.clone(),
        asked: EvolveAsked::default(),
        bundle: original.digest,
        who: "Ada".to_owned(),
        course: json!({}),
        owner: "one".to_owned(),
        failure_kind: FailureKind::Other,
    })?;
    Ok(tx.put_made(id, made.digest, None)?)
}

#[test]
fn a_version_that_the_approved_one_was_made_from_is_not_asked_about_again() {
    for is_requested in [false, true] {
        in_store(|tx| {
            let [first, second] = [1, 2].map(|byte| tool("t", Stage::Experimental, byte));
            let approved = tool("t", Stage::Approved, 3);
            scan(tx, &[first.clone(), second.clone()])?;
            assert_eq!(asked(tx)?, [ReviewKind::New, ReviewKind::New]);
            if is_requested {
                for review in waiting(tx)? {
                    tx.put_request(review.id, "agent", None, &request(&review))?;
                }
            }
            evolved(tx, &first, &second)?;
            evolved(tx, &second, &approved)?;
            let operation = approve(tx, &approved)?;
            for again in [false, true] {
                scan(tx, &[first.clone(), second.clone(), approved.clone()])?;
                assert_eq!(asked(tx)?, [], "{again} {operation:?}");
            }
            // A file that really changed is a question.
            let changed = tool("t", Stage::Experimental, 9);
            scan(tx, &[changed.clone(), second.clone(), approved.clone()])?;
            assert_eq!(
                waiting(tx)?.iter().map(|one| (one.kind, one.digest)).collect::<Vec<_>>(),
                [(ReviewKind::Evolved, changed.digest)]
            );
            // Without the approval, the older versions are questions again.
            tx.withdraw_approval(&approved.name, approved.digest)?;
            scan(tx, &[first.clone(), second.clone()])?;
            let digests: Vec<Digest> = waiting(tx)?.iter().map(|one| one.digest).collect();
            assert!(digests.contains(&first.digest) && digests.contains(&second.digest), "{digests:?}");
            Ok(())
        });
    }
}
