//! One tool is found without reading all rows, but only while the result is the same.

use crate::catalog::CacheRow;
use crate::domain::Caller;
use crate::engine::tests::{SCRIPT, World};
use crate::engine::{Asker, Engine, ErrorCode, OpenOptions, SearchFor};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A workspace with three tools, two of which share a name. It was scanned once, and its files are old enough to be
/// cached.
pub(super) fn world() -> World {
    let world = World::new();
    world.drop_pair();
    world.write("tools/git/branch.py", "\"\"\"Names the branch.\"\"\"\nprint(1)\n");
    world.write("tools/core/adder/adder.py", SCRIPT);
    remember(&world);
    world
}

pub(super) fn remember(world: &World) {
    age(&world.root().join("tools"));
    world.open();
}

fn age(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path());
        }
    }
    fs::File::open(path).unwrap().set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
}

/// An engine that has not read anything yet.
pub(super) fn closed(world: &World) -> Engine {
    let (workspace, home) = (world.root(), world.home());
    Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human }).unwrap()
}

pub(super) fn paths(engine: &Engine) -> Vec<String> {
    engine.library().looked_up().tools.iter().map(|tool| tool.path.clone()).collect()
}

#[test]
fn only_the_rows_around_a_name_are_read_and_they_are_those_of_a_scan() {
    let world = world();
    let all = world.open().library().catalog();
    for text in ["adder", "Adder", "tools/experimental/adder.toml", "adder@1.0.0"] {
        let engine = closed(&world);
        engine.library().look_up(text).unwrap();
        assert_eq!(paths(&engine), ["tools/core/adder/adder.py", "tools/experimental/adder.toml"], "{text}");
        for row in &engine.library().looked_up().tools {
            let same = all.tools.iter().find(|tool| tool.path == row.path);
            assert_eq!(Some(row), same, "{text}");
        }
        let found = engine.library().resolve("adder");
        let expected = world.open().library().resolve("adder");
        assert_eq!(found.unwrap().path, expected.unwrap().path);
    }
}

#[test]
fn names_that_another_version_of_the_program_kept_are_kept_anew() {
    let world = world();
    let engine = closed(&world);
    engine.workspace.transact(|tx| Ok(tx.set_scanned_names(&[1, 0, 0])?)).unwrap();
    assert!(engine.library().recalled().unwrap().is_none());
    engine.library().scan(&mut |_| {}).unwrap();
    assert!(closed(&world).library().recalled().unwrap().is_some());
}

#[test]
fn whoever_asks_for_the_catalog_after_a_look_up_gets_all_of_it() {
    let world = world();
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    assert_eq!(paths(&engine), ["tools/git/branch.py"]);
    assert_eq!(engine.library().catalog().tools.len(), 3);
    assert_eq!(paths(&engine).len(), 3);
}

#[test]
fn a_change_of_the_tool_or_of_any_folder_is_noticed() {
    let world = world();
    let digest = closed(&world).library().catalog();
    assert!(digest.tools.is_empty());
    // Overwritten in place.
    let before = world.open().library().resolve("branch").unwrap().digest;
    remember(&world);
    world.write("tools/git/branch.py", "\"\"\"Names the branch.\"\"\"\nprint(2)\n");
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    assert_ne!(engine.library().resolve("branch").unwrap().digest, before);
    // Another file claims the name.
    remember(&world);
    world.write("tools/web/branch.py", "\"\"\"Another one.\"\"\"\nprint(3)\n");
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    assert_eq!(engine.library().resolve("branch").unwrap_err().code, ErrorCode::Ambiguous);
    // That file is removed.
    remember(&world);
    fs::remove_file(world.root().join("tools/web/branch.py")).unwrap();
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    assert_eq!(engine.library().resolve("branch").unwrap().path, "tools/git/branch.py");
    // The whole tool is removed.
    remember(&world);
    fs::remove_dir_all(world.root().join("tools/git")).unwrap();
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    assert_eq!(engine.library().resolve("branch").unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn a_name_that_nobody_has_is_looked_for_everywhere() {
    let world = world();
    let engine = closed(&world);
    engine.library().look_up("nobody").unwrap();
    assert_eq!(paths(&engine).len(), 3);
    let error = engine.library().resolve("nobody").unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[test]
fn what_show_asks_of_one_tool_reads_no_other_rows() {
    let world = world();
    let engine = closed(&world);
    engine.library().look_up("branch").unwrap();
    let tool = engine.library().resolve("branch").unwrap();
    let detail = engine.library().detail(&tool).unwrap();
    engine.integrity().doubted(&tool).unwrap();
    engine.reviews().waiting_for(&tool.name).unwrap();
    engine.observations().behaviour(&tool).unwrap();
    engine.dependencies().missing(&detail);
    engine.dependencies().interpreter_changed(&detail).unwrap();
    engine.versions().list(&tool.name).unwrap();
    engine.versions().rollback_offer(&tool).unwrap();
    engine.runs().state_of(&detail).unwrap();
    assert_eq!(paths(&engine), ["tools/git/branch.py"]);
}

#[test]
fn a_catalog_of_which_nothing_changed_is_had_again_without_a_scan() {
    let world = world();
    let all = world.open().library().catalog();
    let engine = closed(&world);
    assert!(engine.library().recalled().unwrap().is_some());
    let again = engine.library().scan_for_one_answer().unwrap();
    assert_eq!((&again.tools, &again.problems), (&all.tools, &all.problems));
    // Overwriting a file in place changes no folder.
    world.write("tools/git/branch.py", "\"\"\"Names the branch.\"\"\"\nprint(2)\n");
    let engine = closed(&world);
    assert!(engine.library().recalled().unwrap().is_none());
    let again = engine.library().scan_for_one_answer().unwrap();
    let digests = |view: &crate::engine::CatalogView| view.tools.iter().map(|tool| tool.digest).collect::<Vec<_>>();
    assert_ne!(digests(&again), digests(&all));
}

#[test]
fn another_stage_of_a_folder_in_the_settings_is_noticed() {
    let world = world();
    assert!(closed(&world).library().recalled().unwrap().is_some());
    world.write("toolsmith.toml", "[[roots]]\npath = \"tools/git\"\nstage = \"archived\"\n");
    assert!(closed(&world).library().recalled().unwrap().is_none());
}

#[test]
fn what_was_read_ahead_answers_one_question_and_the_next_one_sees_every_change() {
    let world = world();
    let engine = closed(&world);
    engine.library().read_ahead().unwrap();
    assert_eq!(engine.library().up_to_date().unwrap().tools.len(), 3);
    world.write("tools/git/tag.py", "\"\"\"Names the tag.\"\"\"\nprint(1)\n");
    assert_eq!(engine.library().up_to_date().unwrap().tools.len(), 4);
}

#[test]
fn rows_are_written_while_a_scan_goes_on_and_nobody_takes_them_for_a_whole_scan() {
    let world = world();
    let engine = closed(&world);
    let rows = engine.workspace.read(|q| Ok(q.last_scan().cache()?)).unwrap();
    assert_eq!(rows.len(), 3, "two of them are written before the end");
    assert!(engine.library().recalled().unwrap().is_some());
    let fresh: Vec<(String, CacheRow)> = super::scan::cache_of(rows).0.into_iter().collect();
    engine.library().keep_ahead(&fresh).unwrap();
    assert!(closed(&world).library().recalled().unwrap().is_none(), "the scan may have been broken off");
    engine.library().scan(&mut |_| {}).unwrap();
    assert!(closed(&world).library().recalled().unwrap().is_some());
}

#[test]
fn a_search_keeps_its_index_and_another_process_finds_the_same_by_it() {
    let world = world();
    let asked = SearchFor::words("names of branches", 5);
    let found = |engine: &Engine| {
        engine.library().up_to_date().unwrap();
        engine.library().search(&asked, &Caller::Agent("a".to_owned())).unwrap()
    };
    let engine = closed(&world);
    let first = found(&engine);
    assert_eq!(first[0].name.as_str(), "branch");
    let kept = engine.workspace.state_dir.join("search-index");
    let written = fs::read(&kept).unwrap();
    assert_eq!(found(&closed(&world)), first);
    world.write("tools/git/tag.py", "\"\"\"Names the tag of branches.\"\"\"\nprint(1)\n");
    assert_eq!(found(&closed(&world)).len(), first.len() + 1);
    assert_ne!(fs::read(&kept).unwrap(), written);
}
