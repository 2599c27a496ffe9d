//! One catalog in four views: by category, by name, in use, and allowed to run.

use super::tiers::tools_of;
use crate::domain::{Category, Command, Preset, ToolName, VerbCall};
use crate::engine::tests::{World, ada};
use crate::engine::{Engine, ErrorCode};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const TIERS: [&str; 3] = ["low", "medium", "high"];
const CATEGORIES: [&str; 3] = ["data", "git", "web"];

/// Nine tools: each tier in each category.
fn nine() -> (World, Engine) {
    let world = World::new();
    for (at, tier) in TIERS.iter().enumerate() {
        for category in CATEGORIES {
            let text = format!(
                "name = \"{category}-{at}\"\nversion = \"1.0.0\"\ncategory = \"{category}\"\ncost_tier = \"{tier}\"\n\
                 [run]\ncommand = [\"true\"]\n"
            );
            world.write(&format!("tools/experimental/{category}-{at}/tool.toml"), &text);
        }
    }
    let engine = world.open();
    (world, engine)
}

#[test]
fn every_look_up_finds_the_same_row_whatever_is_in_use() {
    let (_world, engine) = nine();
    let names: Vec<ToolName> = engine.library().catalog().tools.iter().map(|tool| tool.name.clone()).collect();
    assert_eq!(names.len(), 9);
    let choice = prop_oneof![
        prop::sample::select(Preset::ALL).prop_map(|preset| preset.word().to_owned()),
        prop::sample::subsequence(names, 1..9).prop_map(|names| names
            .iter()
            .map(ToolName::as_str)
            .collect::<Vec<_>>()
            .join(",")),
    ];
    proptest!(ProptestConfig::with_cases(24), |(choice in choice)| {
        engine.tool_sets().choose(Some(&choice)).unwrap();
        let view = engine.library().refresh().unwrap();
        let in_use: BTreeSet<&str> =
            view.tools.iter().filter(|tool| !tool.facts.unused).map(|tool| tool.name.as_str()).collect();
        for row in &view.tools {
            // By name: the same row, not a copy.
            prop_assert!(Arc::ptr_eq(&engine.library().resolve(row.name.as_str()).unwrap(), row));
            prop_assert_eq!(row.facts.locked, row.cost_tier.word() != "low");
        }
        // By category: every tool exactly once.
        let by_category = CATEGORIES.iter().flat_map(|word| {
            let category = Category::new(word);
            view.tools.iter().filter(move |tool| tool.category == category)
        });
        prop_assert_eq!(by_category.count(), view.tools.len());
        let sets = engine.tool_sets().list().unwrap();
        let used = sets.iter().find(|set| set.in_use).unwrap();
        prop_assert_eq!(used.tools, in_use.len());
        let locked = view.tools.iter().filter(|tool| !tool.facts.unused && tool.facts.locked).count();
        prop_assert_eq!(used.locked, locked);
    });
}

#[test]
fn a_category_is_taken_in_use_as_a_choice_and_in_a_saved_set() {
    let (_world, engine) = nine();
    let in_use = |choice: &str| {
        engine.tool_sets().choose(Some(choice)).unwrap();
        let view = engine.library().refresh().unwrap();
        assert_eq!(engine.tool_sets().unknown_choice().map(|error| error.message), None);
        let used = view.tools.iter().filter(|tool| !tool.facts.unused);
        used.map(|tool| tool.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(in_use("category:git,web-1"), ["git-0", "git-1", "git-2", "web-1"]);
    let save = |tools: &str| {
        let call = Command::verb("set", &[("name", "mine"), ("tools", tools)]);
        engine.execute(call, &ada()).map(|outcome| outcome.message)
    };
    assert_eq!(save("data-0,category:Git").unwrap(), "the set mine contains 1 tool, category:git");
    assert_eq!(in_use("mine"), ["data-0", "git-0", "git-1", "git-2"]);
    let refused = save("category:gi").unwrap_err();
    assert_eq!((refused.code, &*refused.message), (ErrorCode::NotFound, "there is no category gi"));
    engine.tool_sets().choose(Some("category:nowhere")).unwrap();
    let unknown = engine.tool_sets().unknown_choice().map(|error| error.message);
    assert_eq!(unknown.as_deref(), Some("there is no category nowhere"));
}

#[test]
fn the_tools_of_a_set_are_joined_by_commas_and_a_list_without_a_name_is_refused() {
    let of = |tools: &str| tools_of(&VerbCall::new("set", &[("name", "mine"), ("tools", tools)]));
    assert_eq!(of(" read, write,,grep ").unwrap(), ["read", "write", "grep"]);
    let refused = of(", ").unwrap_err();
    assert_eq!((refused.code, refused.hint.contains("unset")), (ErrorCode::Usage, true));
    let missing = tools_of(&VerbCall::new("set", &[("name", "mine")])).unwrap_err();
    assert_eq!(missing.message, "set needs TOOLS");
}
