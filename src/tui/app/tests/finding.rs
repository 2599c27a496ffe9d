//! Searching for a verb: the best match is first, movement keys work while typing, and availability is current.

use crate::action::Verb;
use crate::tui::ascii::Letters;
use crate::tui::msg::Msg;
use crate::tui::overlay::Overlay;
use crate::tui::testing::Bench;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The selected row, without its sign.
fn selected(bench: &mut Bench) -> String {
    let screen = bench.screen();
    let row = screen.lines().find_map(|line| line.split_once("│ ›")).unwrap_or_else(|| panic!("{screen}"));
    row.1.to_owned()
}

#[test]
fn help_shows_the_best_match_first_and_each_verb_once() {
    for keys in ["1 ?", "4 ?"] {
        let mut bench = Bench::ready(80, 24);
        bench.press(keys).type_text("approve");
        let row = selected(&mut bench);
        assert!(row.contains("approve") && row.starts_with("a "), "{keys}: {row}");
        bench.press("esc").type_text("evolve");
        let screen = bench.screen();
        let rows = screen.lines().filter(|line| line.contains(" evolve  ") && !line.contains("/ evolve")).count();
        assert_eq!(rows, 1, "{keys}\n{screen}");
    }
}

#[test]
fn help_selects_its_first_row_and_follows_what_becomes_possible() {
    let mut bench = Bench::ready(80, 24);
    bench.press("4 ?");
    let (screen, before) = (bench.screen(), selected(&mut bench));
    let first = screen.lines().skip_while(|line| !line.contains("Keys in the")).nth(3).unwrap();
    assert!(first.contains(before.trim_end()), "{screen}");
    bench.type_text("log");
    let row = selected(&mut bench);
    let Some(Overlay::Help(help)) = bench.app.overlays.last_mut() else { panic!("help is open") };
    let mut rows = help.rows().to_vec();
    for row in &mut rows {
        row.reason = Some("not now".to_owned());
    }
    help.renew(rows);
    assert!(bench.screen().contains("unavailable: not now"));
    // Any later message updates the rows, and keeps the filter and the selection.
    bench.app.update(bench.now, Msg::FocusGained);
    assert_eq!(selected(&mut bench), row);
}

#[test]
fn home_and_end_go_to_the_ends_of_a_list_while_text_is_typed() {
    for (open, typed) in [(":", ""), (":", "re"), ("?", ""), ("2 enter /", "")] {
        let mut bench = Bench::ready(80, 24);
        if open.starts_with('2') {
            let runs = (1..9).map(|id| {
                let tool = &crate::tui::testing::tools()[1];
                crate::tui::testing::run(id, tool, crate::domain::RunOutcome::Failed)
            });
            bench.answer(crate::tui::msg::Answer::Runs(Ok(runs.collect())));
        }
        bench.press(open).type_text(typed);
        let first = selected(&mut bench);
        bench.press("down down end");
        let last = selected(&mut bench);
        bench.press("down");
        assert_eq!(selected(&mut bench), last, "{open} {typed}");
        assert_ne!(first, last, "{open} {typed}");
        bench.press("home");
        assert_eq!(selected(&mut bench), first, "{open} {typed}");
    }
}

#[test]
fn the_palette_offers_to_restore_only_what_is_archived() {
    let mut bench = Bench::ready(80, 24);
    bench.press(":").type_text("restore").press("enter");
    let screen = bench.screen();
    assert!(selected(&mut bench).contains("old-tool"), "{screen}");
    assert!(!screen.contains("│  divide") && !screen.contains("csv-stats "), "{screen}");
    bench.press("esc").type_text("withdraw").press("enter");
    assert!(bench.app.overlays.iter().any(|open| matches!(open, Overlay::Palette(_))));
    assert!(bench.screen().contains("loading …"), "comments are listed: {}", bench.screen());
}

fn linear(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    bench.app.letters = Letters::Linear;
    bench.app.theme = Theme::plain().numbered();
    bench
}

fn cursor(bench: &mut Bench) -> (Option<Position>, Buffer) {
    let area = Rect::new(0, 0, 80, 24);
    let mut buf = Buffer::empty(area);
    (crate::tui::view::draw_into(&mut bench.app, area, &mut buf), buf)
}

#[test]
fn readers_of_screens_find_the_cursor_where_text_is_typed_and_else_where_reading_begins() {
    let mut bench = linear(80, 24);
    bench.press("4 x").draw();
    bench.wait(1_000).type_text("abc def");
    let (at, buf) = cursor(&mut bench);
    let at = at.unwrap();
    let before: String = (0..at.x).map(|x| buf[(x, at.y)].symbol()).collect();
    assert!(before.ends_with("abc def"), "{before:?}");
    let mut bench = linear(80, 24);
    bench.press("1 down X");
    assert!(cursor(&mut bench).0.is_some(), "a question has a cursor, too");
}

#[test]
fn readers_of_screens_hear_which_pane_is_shown() {
    let mut bench = linear(80, 24);
    let first = |bench: &mut Bench| bench.screen().lines().next().unwrap_or_default().to_owned();
    assert!(first(&mut bench).contains("selected: 1 Catalog"), "{}", first(&mut bench));
    bench.press("2");
    let line = first(&mut bench);
    assert!(line.contains("selected: 2 Output") && line.matches("selected:").count() == 1, "{line}");
    assert_eq!(bench.app.keymap.key(Verb::Help), "?");
}
