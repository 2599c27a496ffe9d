//! A log that lost entries, or that came from elsewhere: it is noticed, and one word of a human settles it.

use super::*;

#[test]
fn a_log_without_its_newest_entries_is_noticed() {
    let attack = |_: &Workspace, engine: &Engine| {
        grant(engine, "bot");
        let revoked = revoke(engine);
        sql(
            engine,
            &format!(
                "DELETE FROM operations WHERE id = {revoked}; DELETE FROM log_signatures WHERE operation = {revoked};
                 UPDATE agent_grants SET revoked = 0"
            ),
        );
        chain(engine);
    };
    attacked(attack, |engine| bot(engine, "fresh"), "it was truncated or replaced with an older copy");
}

#[test]
fn a_state_folder_put_back_to_an_older_copy_is_noticed_until_a_human_signs_it() {
    for required in [false, true] {
        let (workspace, engine) = sound(required);
        grant(&engine, "bot");
        assert_eq!(bot(&engine, "fresh"), Ok(()));
        let (state, kept) = (engine.state_dir().to_owned(), workspace.home().join("kept"));
        drop(engine);
        copy_folder(&state, &kept);
        let engine = open(&workspace);
        revoke(&engine);
        assert!(bot(&engine, "fresh").is_err());
        drop(engine);
        fs::remove_dir_all(&state).unwrap();
        copy_folder(&kept, &state);
        let engine = open(&workspace);
        assert_eq!(bot(&engine, "fresh").is_ok(), !required, "required = {required}");
        let says = "was signed up to entry";
        let problems = workspace.json(&["list", "--problems"]).0["problems"].to_string();
        assert_eq!(problems.contains(says), required, "{problems}");
        if required {
            assert!(engine.integrity().verify().unwrap().faults.iter().any(|fault| fault.contains(says)));
            assert!(bot(&engine, "alpha").unwrap_err().contains(says), "nothing of such a log counts");
            let found = engine.integrity().unsigned().unwrap();
            assert!(found.fault.as_ref().unwrap().contains(says) && found.entries.is_empty(), "{found:?}");
            // A decision does not heal it: whoever signs what follows has not looked at what is missing.
            let approve = || {
                let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
                engine.execute(decide(&waiting[0], DecisionKind::Approve), &ada())
            };
            let refused = approve().unwrap_err();
            assert!(refused.message.contains(says) && refused.hint.contains("toolsmith sign"), "{refused:?}");
            assert!(bot(&engine, "alpha").unwrap_err().contains(says));
            engine.integrity().sign_log(&found, &ada()).unwrap();
            assert_eq!((bot(&engine, "alpha"), bot(&engine, "fresh")), (Ok(()), Ok(())), "a human signed just that");
            approve().unwrap();
            assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
        }
    }
}

#[test]
fn a_loss_while_signatures_are_not_required_is_noticed_once_they_are() {
    let (workspace, engine) = sound(false);
    let (state, kept) = (engine.state_dir().to_owned(), workspace.home().join("kept"));
    grant(&engine, "bot");
    drop(engine);
    copy_folder(&state, &kept);
    let engine = open(&workspace);
    revoke(&engine);
    drop(engine);
    fs::remove_dir_all(&state).unwrap();
    copy_folder(&kept, &state);
    // As many entries as before, and others.
    let engine = open(&workspace);
    approve_all(&engine);
    let config = workspace.home().join("toolsmith/config/config.toml");
    let text = fs::read_to_string(&config).unwrap().replace("required = false", "required = true");
    fs::write(&config, text).unwrap();
    let faults = open(&workspace).integrity().verify().unwrap().faults;
    assert!(faults.iter().any(|fault| fault.contains("the log was rewritten")), "{faults:#?}");
}

#[test]
fn a_tool_that_was_approved_here_later_than_the_log_goes_is_not_taken_over_by_its_signature() {
    let workspace = Workspace::new();
    settings(&workspace, &key(&workspace, "ada", ""), true);
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    let (state, kept) = (engine.state_dir().to_owned(), workspace.home().join("kept"));
    copy_folder(&state, &kept);
    approve_all(&engine);
    assert_eq!(bot(&engine, "alpha"), Ok(()));
    drop(engine);
    fs::remove_dir_all(&state).unwrap();
    copy_folder(&kept, &state);
    // Also without what the settings folder knows of it.
    fs::remove_dir_all(workspace.home().join("toolsmith/config/signing")).unwrap();
    let engine = open(&workspace);
    assert!(bot(&engine, "alpha").is_err());
    let faults = engine.integrity().verify().unwrap().faults;
    let says = "it was granted by log entry 1, but the log no longer has that entry";
    assert!(faults.iter().any(|fault| fault.contains(says)), "{faults:#?}");
}

#[test]
fn a_log_carried_into_another_workspace_counts_for_nothing_there() {
    for required in [false, true] {
        let (workspace, engine) = sound(required);
        grant(&engine, "bot");
        let other = Workspace::new();
        copy_folder(&workspace.root(), &other.root());
        let key = workspace.home().join("ada");
        settings(&other, &key, required);
        let there = open(&other).state_dir().to_owned();
        let record = fs::read(there.join("workspace.json")).unwrap();
        fs::remove_dir_all(&there).unwrap();
        copy_folder(engine.state_dir(), &there);
        fs::write(there.join("workspace.json"), record).unwrap();
        let engine = open(&other);
        assert_eq!(bot(&engine, "fresh").is_ok(), !required, "required = {required}");
        let faults = engine.integrity().verify().unwrap().faults;
        assert_eq!(faults.iter().any(|fault| fault.contains("belongs to another workspace")), required, "{faults:#?}");
    }
}
