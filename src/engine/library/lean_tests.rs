//! Answers from a part of the rows equal answers from all rows, and are given only while nothing has changed.

use super::look_up_tests::{closed, paths, remember, world};
use crate::domain::{Caller, Kind};
use crate::engine::tests::World;
use crate::engine::{Engine, SearchFor, SearchHit};

fn agent() -> Caller {
    Caller::Agent("a".to_owned())
}

/// A workspace with 80 more tools, some of them archived, copied or ruled out by a tag, and with their search index.
fn large() -> World {
    let world = world();
    for number in 0..80 {
        let text = format!("\"\"\"Reads invoice {number} of a customer.\"\"\"\nprint({number})\n");
        world.write(&format!("tools/books/invoice_{number}.py"), &text);
        if number % 10 == 0 {
            world.write(&format!("tools/other/invoice_{number}.py"), &text);
            world.write(&format!("tools/archived/old_invoice_{number}.py"), &text.replace("customer", "client"));
        }
        if number % 7 == 0 {
            let manifest = format!(
                "name = \"invoice_{number}\"\ndescription = \"Reads invoice {number}\"\ntags = [\"not-for-customer\"]\n\
                 [run]\ncommand = [\"python3\", \"{{file}}\"]\n"
            );
            world.write(&format!("tools/books/invoice_{number}.toml"), &manifest);
        }
    }
    remember(&world);
    all(&closed(&world), &SearchFor::words("invoice", 5));
    world
}

fn all(engine: &Engine, wanted: &SearchFor) -> Vec<SearchHit> {
    engine.library().up_to_date().unwrap();
    engine.library().search(wanted, &agent()).unwrap()
}

/// The search results from a part of the rows; `None` if all rows must be read.
fn lean(engine: &Engine, wanted: &SearchFor) -> Option<Vec<SearchHit>> {
    let found = engine.library().search_kept(wanted, &agent()).unwrap();
    assert!(!engine.library().is_scanned());
    found.map(|(view, hits)| {
        assert!(hits.iter().all(|hit| view.tools.iter().any(|tool| tool.path == hit.path)));
        hits
    })
}

#[test]
fn a_search_finds_the_same_without_reading_all_rows() {
    let world = large();
    let full = closed(&world);
    let count = full.library().up_to_date().unwrap().tools.len();
    let asked = |words: &str, limit: usize| SearchFor::words(words, limit);
    let mut questions = Vec::new();
    for words in ["invoice 7", "invoice 77 of a customer", "name of the branch", "invoise", "old client", "zzzz"] {
        questions.extend([1, 3, 20].map(|limit| asked(words, limit)));
    }
    let one = closed(&world);
    for wanted in &questions {
        let expected = all(&full, wanted);
        assert_eq!(lean(&closed(&world), wanted).as_ref(), Some(&expected), "{wanted:?}");
        assert_eq!(lean(&one, wanted), Some(expected), "{wanted:?}: one after the other");
        assert!(paths(&one).len() <= count);
    }
    let engine = closed(&world);
    lean(&engine, &asked("name of the branch", 3)).unwrap();
    assert!(paths(&engine).len() < 10, "{:?}", paths(&engine));
    // There is no tool of this kind, and all matching rows were examined.
    let service = SearchFor { kind: Some(Kind::Service), ..asked("branch", 5) };
    assert_eq!(lean(&closed(&world), &service), Some(Vec::new()));
}

#[test]
fn every_change_is_seen_by_the_next_question() {
    let world = large();
    let engine = closed(&world);
    let wanted = SearchFor::words("invoice 33", 5);
    assert!(lean(&engine, &wanted).is_some());
    // Overwritten in place: no folder changes.
    world.write("tools/books/invoice_34.py", "\"\"\"Reads invoice 33 twice.\"\"\"\nprint(1)\n");
    assert!(lean(&engine, &wanted).is_none());
    assert!(all(&engine, &wanted).iter().any(|hit| hit.description.contains("33 twice")));
    remember(&world);
    all(&closed(&world), &wanted);
    let engine = closed(&world);
    assert!(lean(&engine, &wanted).is_some());
    world.write("tools/books/invoice_new.py", "\"\"\"Reads invoice 33 again.\"\"\"\nprint(1)\n");
    assert!(lean(&engine, &wanted).is_none());
    // Another process has scanned since, so the cached rows of this engine no longer match the store.
    all(&closed(&world), &wanted);
    let hits = lean(&engine, &wanted).unwrap_or_else(|| all(&engine, &wanted));
    assert!(hits.iter().any(|hit| hit.description.contains("33 again")), "{hits:?}");
}

#[test]
fn what_was_read_ahead_is_good_for_one_question() {
    let world = large();
    let engine = closed(&world);
    engine.library().read_ahead().unwrap();
    assert!(!engine.library().is_scanned(), "the rows are not read");
    let wanted = SearchFor::words("invoice 33", 5);
    assert!(lean(&engine, &wanted).is_some());
    world.write("tools/books/invoice_34.py", "\"\"\"Reads invoice 33 twice.\"\"\"\nprint(1)\n");
    assert!(lean(&engine, &wanted).is_none());
}

#[test]
fn names_are_looked_up_one_after_the_other_and_a_call_about_the_first_still_finds_it() {
    let world = large();
    let engine = closed(&world);
    engine.library().up_to_date_around("adder").unwrap();
    assert_eq!(paths(&engine), ["tools/core/adder/adder.py", "tools/experimental/adder.toml"]);
    engine.library().up_to_date_around("branch").unwrap();
    assert_eq!(paths(&engine).len(), 3);
    assert_eq!(engine.library().resolve("adder").unwrap().path, "tools/core/adder/adder.py");
    assert!(!engine.library().is_scanned());
    world.write("tools/git/branch.py", "\"\"\"Names the branch.\"\"\"\nprint(2)\n");
    engine.library().up_to_date_around("branch").unwrap();
    assert!(engine.library().is_scanned(), "it changed");
}
