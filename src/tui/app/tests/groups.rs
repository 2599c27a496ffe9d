//! The catalog in groups, and terms of its filter.

use crate::action::Verb;
use crate::domain::{Category, SkippedFile, Stage, Tool, ToolState};
use crate::engine::{CatalogState, CatalogView, Index};
use crate::tui::msg::Msg;
use crate::tui::pane::catalog::{Grouping, Selected};
use crate::tui::testing::{Bench, problems, tool};
use std::sync::Arc;

/// A catalog of these tools, with their categories.
fn bench(width: u16, height: u16, tools: &[(&str, &str)]) -> Bench {
    let make = |(name, category): &(&str, &str)| {
        let stage = if name.starts_with("a-") { Stage::Approved } else { Stage::Experimental };
        Arc::new(Tool { category: Category::new(category), ..tool(name, stage) })
    };
    let tools = tools.iter().map(make).collect();
    let view = CatalogView {
        state: CatalogState::Ready,
        tools,
        problems: problems(),
        in_use: None,
        skipped: Arc::default(),
        generation: 2,
    };
    let view = Arc::new(view);
    let mut bench = Bench::empty(width, height);
    bench.send(Msg::Catalog(Arc::clone(&view)));
    bench.send(Msg::Indexed { generation: 2, index: Arc::new(Index::new(&view.tools)) });
    bench
}

const TOOLS: [(&str, &str); 5] = [("a-log", "git"), ("blame", "git"), ("ask", "llm"), ("sum", "llm"), ("fetch", "web")];

fn selected(bench: &Bench) -> String {
    match bench.app.catalog.selected() {
        Selected::Tool(tool) => tool.name.to_string(),
        Selected::Group(group) => format!("[{}]", group.name.trim_end()),
        Selected::Problem(problem) => problem.path.clone(),
        Selected::Skipped(file) => file.path.clone(),
        Selected::Nothing => String::new(),
    }
}

#[test]
fn a_catalog_in_groups_looks_like_this() {
    super::snapshot_sizes("groups", |width, height| {
        let mut bench = bench(width, height, &TOOLS);
        bench.press("# j j space");
        bench
    });
}

#[test]
fn a_key_groups_by_category_by_stage_and_not_at_all() {
    let mut bench = bench(100, 30, &TOOLS);
    bench.press("#");
    let screen = bench.screen();
    assert!(screen.contains("▾ git  2") && screen.contains("▾ llm  2") && screen.contains("by category"), "{screen}");
    assert_eq!(selected(&bench), "a-log", "what was selected stays selected");
    bench.press("#");
    let screen = bench.screen();
    assert!(screen.contains("▾ approved  1") && screen.contains("▾ experimental  4"), "{screen}");
    bench.press("#");
    assert!(!bench.screen().contains('▾'));
}

#[test]
fn groups_are_folded_by_keys_and_the_selection_stays_on_the_group() {
    let mut bench = bench(100, 30, &TOOLS);
    bench.press("# j space");
    assert_eq!(selected(&bench), "[git]");
    let screen = bench.screen();
    assert!(screen.contains("▸ git  2") && !screen.contains("blame"), "{screen}");
    bench.press("h");
    let screen = bench.screen();
    assert!(screen.contains("▸ web  1") && screen.contains("▸ problems  1") && !screen.contains("fetch"), "{screen}");
    assert!(screen.contains(" 5 "), "folded tools count: {screen}");
    bench.press("enter");
    assert!(bench.screen().contains("blame"), "Enter on the name of a group unfolds it");
    bench.press("l");
    assert!(bench.screen().contains("fetch"), "once more, all groups");
    // A verb that needs a tool reports that none is selected.
    bench.press("r");
    assert!(bench.screen().contains("no tool is selected"));
    // Keys directly after a refusal are ignored.
    bench.wait(5_000).press("# # space");
    assert_eq!(bench.app.catalog.regroup(), Grouping::Category, "without groups the key turns the page");
}

#[test]
fn a_filter_counts_what_it_found_and_shows_it_also_in_folded_groups() {
    let mut bench = bench(100, 30, &TOOLS);
    bench.press("# h h");
    bench.press("/").type_text("blame");
    let screen = bench.screen();
    assert!(screen.contains("▾ git  1/2") && screen.contains("blame") && !screen.contains("llm"), "{screen}");
    assert_eq!(selected(&bench), "blame", "the best find is selected");
    bench.press("esc");
    let screen = bench.screen();
    assert!(screen.contains("▸ git  2") && screen.contains("▸ llm  2"), "folds come back: {screen}");
}

#[test]
fn terms_of_the_filter_choose_by_category_stage_and_more() {
    let mut bench = bench(100, 30, &TOOLS);
    bench.press("/").type_text("category:llm");
    assert_eq!(bench.app.catalog.shown(), 2);
    bench.type_text(" sum");
    assert_eq!((bench.app.catalog.shown(), selected(&bench).as_str()), (1, "sum"));
    bench.app.catalog.set_filter("stage:approved");
    assert_eq!(selected(&bench), "a-log");
    bench.app.catalog.set_filter("category:nowhere");
    let screen = bench.screen();
    assert!(screen.contains("no category is called nowhere") && screen.contains("llm"), "{screen}");
    bench.app.catalog.set_filter("category:");
    assert_eq!(bench.app.catalog.shown(), 5, "nothing is asked for yet");
}

#[test]
fn tools_of_one_name_tell_their_folders() {
    let mut bench = Bench::empty(100, 30);
    let tools = ["git", "web"].map(|folder| {
        let path = format!("tools/experimental/{folder}/same.py");
        Arc::new(Tool { path, category: Category::new(folder), ..tool("same", Stage::Experimental) })
    });
    let view = CatalogView {
        state: CatalogState::Ready,
        tools: tools.into(),
        problems: vec![],
        in_use: None,
        skipped: Arc::default(),
        generation: 2,
    };
    bench.send(Msg::Catalog(Arc::new(view)));
    let screen = bench.screen();
    assert!(screen.contains("same in git") && screen.contains("same in web"), "{screen}");
}

#[test]
fn skipped_files_are_counted_and_listed_with_the_problems() {
    let mut bench = bench(120, 40, &TOOLS);
    let view = bench.app.catalog.view();
    let file = |path: &str| SkippedFile { path: path.to_owned(), kind: "Swift" };
    let skipped = Arc::new(vec![file("tools/experimental/a.swift"), file("tools/experimental/b.swift")]);
    let view = CatalogView { skipped, generation: 3, ..CatalogView::clone(view) };
    bench.send(Msg::Catalog(Arc::new(view)));
    let screen = bench.screen();
    assert!(screen.contains("2 skipped (filter: !)") && !screen.contains("a.swift"), "{screen}");
    bench.press("/ ! enter G");
    let screen = bench.screen();
    assert!(screen.contains("- tools/experimental/a.swift  nothing here runs Swift"), "{screen}");
    assert!(screen.contains("nothing here runs Swift"), "{screen}");
    assert_eq!(selected(&bench), "tools/experimental/b.swift");
}

#[test]
fn the_number_of_problems_is_on_every_screen() {
    for (width, height) in [(120, 40), (80, 24), (60, 20), (40, 10)] {
        let screen = bench(width, height, &TOOLS).screen();
        let first = screen.lines().find(|line| line.contains("Catalog")).unwrap_or_default();
        let told = first.contains("1 problem (!)") || first.contains("! 1") || screen.contains("1 problem (!)");
        assert!(told, "{width}x{height}: {screen}");
    }
}

#[test]
fn the_footer_begins_with_what_the_selected_row_calls_for() {
    let first = |stage, state| {
        let mut bench = Bench::empty(80, 24);
        let made = Arc::new(Tool { state, ..tool("made", stage) });
        let view = CatalogView {
            state: CatalogState::Ready,
            tools: vec![made],
            problems: vec![],
            in_use: None,
            skipped: Arc::default(),
            generation: 2,
        };
        bench.send(Msg::Catalog(Arc::new(view)));
        while stage == Stage::Archived && bench.app.catalog.shown() == 0 {
            bench.press("t");
        }
        bench.app.hints().first().copied()
    };
    assert_eq!(first(Stage::Approved, ToolState::Changed), Some(Verb::RestoreFiles));
    assert_eq!(first(Stage::Archived, ToolState::Ok), Some(Verb::Restore));
    assert_eq!(first(Stage::Experimental, ToolState::Ok), Some(Verb::Run));
    let mut bench = bench(80, 24, &TOOLS);
    bench.press("# g");
    assert_eq!((selected(&bench).as_str(), bench.app.hints().first()), ("[git]", Some(&Verb::Fold)));
}

#[test]
fn the_heading_of_a_group_stays_in_sight_when_the_groups_change() {
    let names: Vec<String> = (0..40).map(|at| format!("tool-{at:02}")).collect();
    let tools: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "git")).collect();
    let mut bench = bench(60, 20, &tools);
    bench.screen();
    bench.press("j j #");
    bench.screen();
    bench.press("#");
    let screen = bench.screen();
    assert!(screen.contains("experimental  40"), "{screen}");
}

#[test]
fn a_word_like_a_term_is_explained_where_nothing_matches() {
    let mut bench = bench(80, 24, &TOOLS);
    bench.press("/").type_text("state:clash").press("enter");
    let screen = bench.screen();
    assert!(screen.contains("No term is called state:") && screen.contains("category: stage: tier:"), "{screen}");
}
