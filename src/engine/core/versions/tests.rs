//! Versions of a name, tested with only a store: which one a session uses, and which may be removed.

use super::super::fixture::{self, actor, in_store};
use super::super::pins::pin;
use super::super::step::Work;
use super::*;
use crate::store::Approval;

fn version(name: &str, byte: u8) -> Tool {
    fixture::tool(name, Stage::Experimental, byte)
}

fn approve(tx: &Tx<'_>, tool: &Tool) {
    let operation = tx.log(&logged(actor(), "approve", tool.name.as_str(), json!({}))).unwrap();
    let (name, digest, stage, at) = (tool.name.clone(), tool.digest, tool.stage, tx.now());
    let base = Some(tool.placement.base.clone());
    tx.approve_version(&Approval { tool: name, digest, stage, operation, at, base, signature: None }).unwrap();
}

#[test]
fn a_session_uses_one_version_of_a_name_until_it_is_told_of_another() {
    let uses = |tx: &Tx<'_>, tool: &Tool, session: &str| {
        let before = semver::Version::new(1, 0, 0);
        let used = use_in_session(tx, actor(), tool, GrantScope::Session(session.to_owned()), &before);
        used.map(drop).map_err(|error| error.code)
    };
    in_store(|tx| {
        assert_eq!(uses(tx, &version("other", 1), "s"), Ok(()));
        assert_eq!(uses(tx, &version("t", 1), "s"), Ok(()), "the same bytes under another name");
        assert_eq!(uses(tx, &version("t", 1), "s"), Err(ErrorCode::Conflict));
        assert_eq!(uses(tx, &version("t", 1), "another"), Ok(()));
        assert_eq!(uses(tx, &version("t", 2), "s"), Ok(()));
        assert_eq!(uses(tx, &version("t", 1), "s"), Ok(()), "the newest one counts");
        let archived = Tool { stage: Stage::Archived, ..version("t", 3) };
        assert_eq!(uses(tx, &archived, "s"), Err(ErrorCode::Refused));
        Ok(())
    });
}

#[test]
fn a_version_that_is_approved_or_pinned_is_not_trimmed_and_others_go_in_one_commit() {
    in_store(|tx| {
        let [approved, pinned, old, older] = [1, 2, 3, 4].map(|byte| version("t", byte));
        approve(tx, &approved);
        pin(tx, actor(), &pinned, true)?;
        let placed = |tool: &Tool| Placed::of(tool, &[]);
        let trimmed = |tools: &[&Tool]| {
            let taken: Vec<Placed> = tools.iter().map(|tool| placed(tool)).collect();
            trim(tx, Actor { commit: true, ..actor() }, &taken).map_err(|error| error.code)
        };
        for tools in [&[][..], &[&approved], &[&pinned], &[&old, &pinned]] {
            assert_eq!(trimmed(tools).unwrap_err(), ErrorCode::Conflict);
        }
        let step = trimmed(&[&old, &older]).unwrap();
        let commits = step.intents.iter().map(|(_, work)| match work {
            Work::Relocation(relocation) => (relocation.commit.is_some(), relocation.joined.len()),
            Work::Beside(_) | Work::Applying(_) => panic!("something else than a move"),
        });
        assert_eq!(commits.collect::<Vec<_>>(), [(false, 0), (true, 1)]);
        Ok(())
    });
}
