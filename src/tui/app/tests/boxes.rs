//! Common behaviour of all boxes: help, a filter or search, and the response to a key that is unavailable.

use crate::action::Verb;
use crate::domain::RunOutcome;
use crate::tui::app::Mood;
use crate::tui::msg::Answer;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::testing::{Bench, run, tools};

/// The verbs that open a box in which letters are keys.
const BOXES: [Verb; 13] = [
    Verb::Runs,
    Verb::Grants,
    Verb::Sets,
    Verb::Buffer,
    Verb::Log,
    Verb::Evolutions,
    Verb::Opportunities,
    Verb::Stale,
    Verb::Dashboard,
    Verb::Messages,
    Verb::Agents,
    Verb::Team,
    Verb::Undo,
];

fn open(verb: Verb) -> Bench {
    let mut bench = Bench::ready(100, 30);
    bench.app.perform(verb, &Args::default());
    assert_eq!(bench.app.overlays.len(), 1, "{verb:?}");
    bench
}

#[test]
fn every_box_shows_its_keys_and_comes_back() {
    for verb in BOXES {
        let mut bench = open(verb);
        assert!(bench.screen().lines().last().unwrap().contains("? help"), "{verb:?}\n{}", bench.screen());
        bench.press("?");
        assert!(matches!(bench.app.overlays.last(), Some(Overlay::Help(_))), "{verb:?}");
        bench.press("esc");
        assert_eq!(bench.app.overlays.len(), 1, "{verb:?}");
    }
}

#[test]
fn a_list_is_filtered_and_the_first_esc_clears_the_filter() {
    let mut bench = Bench::ready(100, 30);
    let runs = tools().iter().zip(1..).map(|(tool, id)| run(id, tool, RunOutcome::Succeeded)).collect::<Vec<_>>();
    let (first, other) = (runs[0].tool.to_string(), runs[1].tool.to_string());
    bench.answer(Answer::Runs(Ok(runs)));
    bench.app.perform(Verb::Runs, &Args::default());
    assert!(bench.screen().contains("filter"), "{}", bench.screen());
    bench.press("/").type_text(&first);
    let Some(Overlay::Runs(list)) = bench.app.overlays.last() else { panic!("the list is open") };
    assert_eq!(list.shown(), [first.as_str()]);
    bench.press("enter esc");
    let Some(Overlay::Runs(list)) = bench.app.overlays.last() else { panic!("esc clears the filter first") };
    assert!(list.shown().contains(&other.as_str()));
    bench.press("/").type_text("no such run").press("enter");
    assert!(bench.screen().contains("No match."), "{}", bench.screen());
    bench.press("esc esc");
    assert!(bench.app.overlays.is_empty());
}

#[test]
fn a_report_is_searched() {
    let mut bench = open(Verb::Messages);
    bench.press("/").type_text("messages").press("enter");
    assert!(bench.screen().contains("1 of 1"), "{}", bench.screen());
    bench.press("esc esc");
    assert!(bench.app.overlays.is_empty());
}

#[test]
fn a_key_without_a_row_is_not_promised_and_says_why() {
    let mut bench = open(Verb::Buffer);
    assert!(!bench.screen().contains("flush"), "{}", bench.screen());
    bench.press("\"");
    assert!(bench.screen().contains("flush: no buffer is selected"), "{}", bench.screen());
}

#[test]
fn a_message_has_lines_of_its_own_and_leaves_every_box_closed() {
    let long = "a message that is longer than one line of any screen here, ".repeat(4);
    for (width, height) in [(40, 10), (60, 20), (80, 24), (100, 30), (120, 40), (200, 50)] {
        for (text, verb) in
            [("done", None), (long.as_str(), None), ("done", Some(Verb::Dashboard)), (&long, Some(Verb::Log))]
        {
            let mut bench = Bench::ready(width, height);
            // Among several panes a box covers corners.
            if let Some(verb) = verb.filter(|_| width < 100) {
                bench.app.perform(verb, &Args::default());
            }
            bench.app.say(Mood::Calm, text);
            let screen = bench.screen();
            let count = |sign: char| screen.chars().filter(|c| *c == sign).count();
            assert!(screen.contains(&text[..4]), "{width}x{height}\n{screen}");
            assert_eq!((count('╭'), count('╮')), (count('╰'), count('╯')), "{width}x{height}\n{screen}");
        }
    }
}
