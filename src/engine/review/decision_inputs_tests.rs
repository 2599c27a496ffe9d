//! The inputs of a decision, on real files: whose approvals count and are needed, which files are decided on, and what
//! is replaced.

use crate::domain::{
    Caller, Command, Decision, DecisionKind, DecisionRequest, Digest, Review, ReviewId, ReviewKind, Tool, ToolName,
};
use crate::engine::Engine;
use crate::engine::core::DecisionContext;
use crate::engine::tests::{MANIFEST, SCRIPT, World, decide, seen};
use crate::engine::*;

fn waiting(engine: &Engine) -> Review {
    engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0)
}

/// A workspace in which the high cost tier needs an approval under a role.
fn with_role() -> World {
    let world = World::new();
    std::fs::create_dir_all(world.home().config).unwrap();
    std::fs::write(world.home().config_file(), "[review]\nhigh_roles = [\"security\"]\n").unwrap();
    world.write("tools/experimental/adder.py", SCRIPT);
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("\"low\"", "\"high\""));
    world
}

fn context_of<'e>(engine: &'e Engine, review: &Review, kind: DecisionKind) -> Result<DecisionContext<'e>, EngineError> {
    engine.reviews().context_of(review, &DecisionRequest::of(review, kind))
}

#[test]
fn a_yes_that_another_one_rests_on_counts_only_as_its_entry_gave_it() {
    let world = with_role();
    let engine = world.open();
    let review = waiting(&engine);
    let vote = Command::Decide(DecisionRequest {
        shown: seen(),
        role: Some("security".to_owned()),
        ..DecisionRequest::of(&review, DecisionKind::Approve)
    });
    engine.execute(vote, &Caller::Human("Grace".to_owned())).unwrap();
    let voted = engine.reviews().detail(review.id).unwrap().review;
    engine.integrity().refuse_doubtful_votes(&voted).unwrap();
    let with = |change: &dyn Fn(&mut Decision)| {
        let mut forged = voted.clone();
        change(&mut forged.decisions[0]);
        forged
    };
    for (what, forged) in [
        ("another review", Review { id: ReviewId(voted.id.0 + 1), ..voted.clone() }),
        ("another version", Review { digest: Digest([9; 32]), ..voted.clone() }),
        ("another person", with(&|vote| "Eve".clone_into(&mut vote.reviewer))),
        ("another role", with(&|vote| vote.role = Some("legal".to_owned()))),
        ("no role", with(&|vote| vote.role = None)),
        ("no entry", with(&|vote| vote.operation.0 += 1)),
    ] {
        let refused = engine.integrity().refuse_doubtful_votes(&forged).unwrap_err();
        assert!(
            refused.code == ErrorCode::Refused && refused.message.contains("did not grant it"),
            "{what}: {refused}"
        );
    }
    // The log marks the approval as undone; the table of decisions still contains it.
    let given = voted.decisions[0].operation;
    lock(&engine.workspace.store).transact(now(), |tx| tx.mark_undone(given, given)).unwrap();
    assert!(engine.integrity().refuse_doubtful_votes(&voted).is_err());
}

#[test]
fn a_role_is_needed_where_the_review_covers_a_version_of_the_high_tier() {
    let world = with_role();
    world.write("tools/experimental/cheap.py", SCRIPT);
    world.write("tools/experimental/cheap.toml", &MANIFEST.replace("adder", "cheap"));
    let engine = world.open();
    let [dear, cheap] = ["adder", "cheap"].map(|name| {
        let tool = engine.library().resolve(name).unwrap();
        (tool.name.clone(), tool.digest)
    });
    let asked = |kind, (tool, digest): &(ToolName, Digest), members: &[&(ToolName, Digest)]| Review {
        kind,
        tool: tool.clone(),
        digest: *digest,
        members: members.iter().map(|member| (*member).clone()).collect(),
        ..Review::ordinary("adoption")
    };
    let none = (ToolName::new("adoption").unwrap(), Digest([7; 32]));
    for (review, needed) in [
        (asked(ReviewKind::New, &dear, &[]), true),
        (asked(ReviewKind::Evolved, &dear, &[]), true),
        (asked(ReviewKind::Drift, &dear, &[]), true),
        (asked(ReviewKind::Promotion, &dear, &[]), true),
        (asked(ReviewKind::New, &cheap, &[]), false),
        (asked(ReviewKind::New, &(dear.0.clone(), cheap.1), &[]), false),
        (asked(ReviewKind::New, &(none.0.clone(), dear.1), &[]), false),
        (asked(ReviewKind::Adoption, &none, &[&cheap, &dear]), true),
        (asked(ReviewKind::Adoption, &none, &[&cheap]), false),
        (asked(ReviewKind::Archive, &dear, &[]), false),
        (asked(ReviewKind::Deprecation, &dear, &[]), false),
        (asked(ReviewKind::Plan, &dear, &[]), false),
    ] {
        let roles = engine.reviews().roles_for(&review);
        assert_eq!(roles, if needed { vec!["security"] } else { vec![] }, "{} of {}", review.kind, review.tool);
    }
    let context = context_of(&engine, &waiting(&engine), DecisionKind::Approve).unwrap();
    assert_eq!(context.roles, ["security"]);
    let free = World::new();
    free.write("tools/experimental/adder.py", SCRIPT);
    free.write("tools/experimental/adder.toml", &MANIFEST.replace("\"low\"", "\"high\""));
    let engine = free.open();
    assert_eq!(engine.reviews().roles_for(&waiting(&engine)), Vec::<String>::new(), "nobody asked for one");
}

#[test]
fn an_adoption_keeps_each_member_and_is_refused_when_one_is_not_as_it_was_shown() {
    let world = World::new();
    for (stage, script) in [("approved", SCRIPT.to_owned()), ("core", format!("# another\n{SCRIPT}"))] {
        world.write(&format!("tools/{stage}/adder/adder.py"), &script);
        world.write(&format!("tools/{stage}/adder/adder.toml"), MANIFEST);
    }
    let engine = world.open();
    let review = waiting(&engine);
    assert_eq!((review.kind, review.members.len()), (ReviewKind::Adoption, 2));
    engine.reviews().still_as_shown(&review).unwrap();
    let refused = |review: &Review| context_of(&engine, review, DecisionKind::Approve).unwrap_err().code;
    for member in
        [(review.members[0].0.clone(), Digest([9; 32])), (ToolName::new("other").unwrap(), review.members[0].1)]
    {
        assert_eq!(refused(&Review { members: vec![member], ..review.clone() }), ErrorCode::Conflict);
    }
    let core = "tools/core/adder/adder.py";
    let shown = std::fs::read_to_string(world.root().join(core)).unwrap();
    world.write(core, "# changed since\n");
    assert_eq!(refused(&review), ErrorCode::Conflict);
    world.write(core, &shown);
    context_of(&engine, &review, DecisionKind::Approve).unwrap();
    for (_, digest) in &review.members {
        assert_eq!(engine.workspace.copies.check(*digest), Ok(()), "undo and runs need its bytes");
    }
    let no = context_of(&engine, &review, DecisionKind::Reject).unwrap();
    assert!(no.placed.is_none(), "a no needs nothing");
}

/// An approved version, and the review of another version of the same name.
fn evolved() -> (World, Engine, Tool, Review) {
    let world = World::new();
    world.drop_pair();
    for (file, text) in [("other.py", SCRIPT.to_owned()), ("other.toml", MANIFEST.replace("adder", "other"))] {
        world.write(&format!("tools/experimental/{file}"), &text);
    }
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    let old = Tool::clone(&engine.library().resolve("adder").unwrap());
    assert!(old.stage.is_vouched() && engine.library().resolve("other").unwrap().stage.is_vouched());
    world.write("tools/experimental/adder.py", &format!("# newer\n{SCRIPT}"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let review = waiting(&engine);
    assert_eq!(review.kind, ReviewKind::Evolved);
    (world, engine, old, review)
}

#[test]
fn a_promotion_replaces_the_version_of_the_same_name_in_the_folder_it_goes_to() {
    let (_world, engine, old, review) = evolved();
    let context = context_of(&engine, &review, DecisionKind::Approve).unwrap();
    assert_eq!(context.replaced.map(|placed| (placed.tool, placed.digest)), Some((old.name.clone(), old.digest)));
    assert_eq!(context.placed.map(|placed| placed.digest), Some(review.digest));
    assert_eq!(engine.workspace.copies.check(old.digest), Ok(()), "undo brings it back");
    let same = Review { digest: old.digest, path: old.path.clone(), ..review };
    assert!(context_of(&engine, &same, DecisionKind::Approve).unwrap().replaced.is_none(), "nothing replaces itself");
}

#[test]
fn a_review_is_about_its_version_wherever_it_lies_and_tells_what_lies_there_instead() {
    let (world, engine, old, review) = evolved();
    engine.reviews().still_as_shown(&review).unwrap();
    // The same files in another folder.
    for end in ["py", "toml"] {
        let (from, to) = (format!("tools/experimental/adder.{end}"), format!("tools/experimental/x/adder.{end}"));
        std::fs::create_dir_all(world.root().join("tools/experimental/x")).unwrap();
        std::fs::rename(world.root().join(from), world.root().join(to)).unwrap();
    }
    engine.library().scan(&mut |_| {}).unwrap();
    let moved =
        engine.library().catalog().tools.iter().any(|tool| tool.digest == review.digest && tool.path != review.path);
    assert!(moved);
    engine.reviews().still_as_shown(&review).unwrap();
    // Other files in the place.
    std::fs::remove_dir_all(world.root().join("tools/experimental/x")).unwrap();
    world.write("tools/experimental/adder.py", &format!("# third\n{SCRIPT}"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.2.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let third = engine.library().catalog().tools.iter().find(|tool| tool.path == review.path).unwrap().digest;
    assert!(third != review.digest && third != old.digest);
    let changed = engine.reviews().still_as_shown(&review).unwrap_err();
    assert_eq!(changed.code, ErrorCode::Conflict);
    assert!(changed.message.contains(&format!("{} is on disk", third.short())), "{changed}");
    // No files at all.
    for end in ["py", "toml"] {
        std::fs::remove_file(world.root().join(format!("tools/experimental/adder.{end}"))).unwrap();
    }
    engine.library().scan(&mut |_| {}).unwrap();
    let gone = engine.reviews().still_as_shown(&review).unwrap_err();
    assert_eq!((gone.code, gone.message.as_str()), (ErrorCode::Conflict, "the files of adder no longer exist"));
    let text = Review { kind: ReviewKind::Plan, ..review };
    engine.reviews().still_as_shown(&text).unwrap();
}

#[test]
fn what_a_yes_does_is_said_with_the_commit_and_the_further_persons_it_needs() {
    let world = with_role();
    let engine = world.open();
    let lines = engine.reviews().consequences(&waiting(&engine)).unwrap();
    assert_eq!(lines[0], "move tools/experimental/adder.toml and 1 other file → tools/approved/adder");
    assert_eq!(
        lines[1..],
        ["only after approvals by the role security and any other reviewer, each a different person"]
    );
    drop(engine);
    std::fs::write(world.home().config_file(), "").unwrap();
    let said = || {
        let engine = world.open();
        engine.reviews().consequences(&waiting(&engine)).unwrap().split_off(1)
    };
    assert_eq!(said(), Vec::<String>::new(), "without git nothing is committed");
    world.git_init();
    assert_eq!(said(), ["one git commit that names the digest"]);
    world.write("toolsmith.toml", "[git]\ncommit = false\n");
    assert_eq!(said(), Vec::<String>::new());
}

#[test]
fn a_version_that_came_from_another_folder_is_named_before_it_is_replaced() {
    let world = World::new();
    let put = |folder: &str, more: &str| {
        world.write(&format!("tools/experimental/{folder}/adder.py"), &format!("{SCRIPT}{more}"));
        world.write(&format!("tools/experimental/{folder}/adder.toml"), MANIFEST);
    };
    put("one", "");
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let said = |folder: &str| {
        put(folder, "# other\n");
        engine.library().scan(&mut |_| {}).unwrap();
        engine.reviews().consequences(&waiting(&engine)).unwrap()
    };
    let told =
        "the version in use came from tools/experimental/one; if this is a different tool, rename its file first";
    assert!(!said("one").iter().any(|line| line.contains("came from")));
    std::fs::remove_dir_all(world.root().join("tools/experimental/one")).unwrap();
    assert!(said("two").contains(&told.to_owned()));
}

#[test]
fn what_ends_with_an_approval_or_an_archive_is_said_before() {
    let world = World::new();
    world.write("tools/experimental/adder.py", SCRIPT);
    world.write("tools/experimental/adder.toml", MANIFEST);
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let promote = Command::Promote { tool: "adder".to_owned(), to: crate::domain::Stage::Core };
    let promotion = engine.execute(promote, &crate::engine::tests::ada()).unwrap().review.unwrap();
    let ends = format!("ends review {promotion}: adder 1.0.0 (promotion to core)");
    let archive = Command::verb("archive", &[("tool", "adder")]);
    assert!(engine.preview(&archive).unwrap().lines.contains(&ends), "{:?}", engine.preview(&archive).unwrap());
    world.write("tools/experimental/adder.py", &format!("{SCRIPT}# newer\n"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let newer = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let newer = newer.iter().find(|review| review.kind == ReviewKind::Evolved).unwrap();
    let lines = engine.reviews().consequences(newer).unwrap();
    assert!(lines[1].starts_with("replaces adder 1.0.0 (") && lines[2] == ends, "{lines:?}");
    // Archiving and restoring opens no new review; undo does.
    engine.execute(archive, &crate::engine::tests::ada()).unwrap();
    let restore = Command::verb("restore", &[("tool", "adder")]);
    let said = engine.preview(&restore).unwrap().lines;
    assert!(said.iter().any(|line| line.starts_with(&format!("review {promotion} stays closed"))), "{said:?}");
    let undo = engine.preview(&Command::Undo { operation: None }).unwrap().lines;
    assert!(
        undo.iter()
            .any(|line| line
                .starts_with(&format!("review {promotion} is pending again: adder 1.0.0 (promotion to core)"))),
        "{undo:?}"
    );
}
