use super::*;
use crate::domain::is_hidden;
use crate::tui::mark::TokenKind;
use crate::tui::theme::Theme;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

fn drawn(view: &mut TextView, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view.render(buffer.area, &mut buffer, &Theme::dark());
    buffer
}

fn rows(view: &mut TextView, width: u16, height: u16) -> Vec<String> {
    let buffer = drawn(view, width, height);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

fn numbered(lines: usize) -> TextView {
    TextView::source(&(0..lines).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n"))
}

#[test]
fn only_what_was_completely_on_screen_counts_as_shown() {
    let mut view = numbered(10);
    assert_eq!((view.seen().seen(), view.is_read()), (0, false));
    rows(&mut view, 20, 4);
    assert_eq!((view.seen().seen(), view.is_read()), (4, false));
    view.scroll(Move::Bottom);
    assert_eq!(rows(&mut view, 20, 4)[3], "10 line 9");
    assert_eq!((view.seen().seen(), view.is_read()), (8, false), "jumping to the end is not reading");
    view.scroll(Move::Top);
    view.scroll(Move::Pages(1));
    rows(&mut view, 20, 4);
    assert_eq!(view.seen().seen(), 10);
}

#[test]
fn a_line_cut_at_the_right_edge_was_not_shown() {
    let mut view = TextView::source("short\nharmless                 ; rm -rf\nend");
    view.toggle_wrap();
    assert_eq!(rows(&mut view, 14, 3), ["1 short", "2 harmless   ›", "3 end"]);
    assert_eq!((view.seen().seen(), view.seen().is_cut(1), view.is_read()), (2, true, false));
    view.scroll(Move::Columns(30));
    drawn(&mut view, 14, 3);
    assert!(!view.is_read(), "a gap in the middle is not skipped");
    view.scroll(Move::FirstColumn);
    for _ in 0..4 {
        drawn(&mut view, 14, 3);
        view.scroll(Move::Columns(10));
    }
    assert_eq!((view.seen().seen(), view.is_read()), (3, true));
}

#[test]
fn a_wrapped_line_is_shown_when_its_last_row_was() {
    let mut view = TextView::source("abcdefghijklmnopqrstuvwxyz");
    assert_eq!(rows(&mut view, 12, 2), ["1 abcdefghij", "  klmnopqrst"]);
    assert!(!view.is_read());
    view.scroll(Move::Rows(1));
    assert_eq!(rows(&mut view, 12, 2), ["  klmnopqrst", "  uvwxyz"]);
    assert!(view.is_read());
}

#[test]
fn a_view_without_room_shows_nothing_and_an_empty_text_counts_once_drawn() {
    let mut view = numbered(3);
    for (width, height) in [(0, 5), (5, 0), (1, 1), (2, 2), (3, 3)] {
        drawn(&mut view, width, height);
    }
    assert!(!view.is_read());
    let mut empty = TextView::source("");
    assert!(!empty.is_read());
    drawn(&mut empty, 10, 2);
    assert!(empty.is_read());
}

#[test]
fn hidden_characters_are_drawn_and_counted() {
    let mut view = TextView::source("\tif a\u{202e}b:\n");
    assert_eq!(rows(&mut view, 30, 1), ["1     if a\\u{202e}b:"]);
    assert_eq!(view.hidden_count(), 1);
    let buffer = drawn(&mut view, 30, 1);
    assert!(buffer[(10, 0)].modifier.contains(Modifier::REVERSED));
    assert!(!buffer[(9, 0)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn tokens_of_the_raw_line_colour_the_escaped_one() {
    let theme = Theme::dark();
    let mut view = TextView::source("\tif x");
    view.set_syntax(Side::New, 0, vec![vec![(1..3, TokenKind::Keyword)]]);
    let buffer = drawn(&mut view, 20, 1);
    let style = theme.token(TokenKind::Keyword);
    assert_eq!(
        [buffer[(5, 0)].fg, buffer[(6, 0)].fg, buffer[(7, 0)].fg].map(Some),
        [Some(ratatui::style::Color::Reset), style.fg, style.fg,]
    );
}

#[test]
fn search_goes_round_and_brings_the_match_on_screen() {
    let mut view = numbered(100);
    drawn(&mut view, 20, 5);
    assert_eq!(view.search("LINE 42"), 0);
    assert_eq!(view.search("line 4"), 11);
    view.step_match(Jump::Next);
    assert_eq!(view.search_status(), Some(SearchStatus { current: 2, total: 11 }));
    assert!(rows(&mut view, 20, 5).contains(&" 41 line 40".trim().to_owned()) || view.on_screen().contains(&40));
    view.step_match(Jump::Previous);
    view.step_match(Jump::Previous);
    drawn(&mut view, 20, 5);
    assert!(view.on_screen().contains(&49));
}

#[test]
fn jumps_stop_at_headings() {
    let line = |at: usize| TextLine::new(&format!("l{at}"), if at % 10 == 5 { Tone::Header } else { Tone::Plain });
    let mut view = TextView::new((0..40).map(line).collect());
    drawn(&mut view, 20, 5);
    assert!(view.jump(Jump::Next) && view.jump(Jump::Next));
    assert_eq!(rows(&mut view, 20, 5)[0], "l15");
    assert!(view.jump(Jump::Previous));
    assert_eq!(rows(&mut view, 20, 5)[0], "l5");
    assert!(!view.jump(Jump::Previous));
}

#[test]
fn halves_stand_side_by_side_and_both_must_be_seen() {
    let left = Piece::new("old text that is long", Tone::Removed).gutter("1 -");
    let right = Piece::new("new", Tone::Added).gutter("1 +");
    let mut view = TextView::new(vec![TextLine::Two(left, right)]);
    assert_eq!(rows(&mut view, 31, 2), ["1 - old text   │1 + new", "    that is    │"]);
    assert!(!view.is_read());
    drawn(&mut view, 31, 3);
    assert!(view.is_read());
}

#[test]
fn a_megabyte_in_one_line_is_drawn_and_scrolled() {
    let mut view = TextView::source(&"x".repeat(1 << 20));
    drawn(&mut view, 80, 24);
    view.scroll(Move::Bottom);
    drawn(&mut view, 80, 24);
    assert!(!view.is_read(), "its middle was never on screen");
}

#[test]
fn the_cursor_stays_in_sight_and_pages_take_it_along() {
    let mut view = numbered(100).with_cursor();
    drawn(&mut view, 20, 10);
    view.scroll(Move::Rows(8));
    assert_eq!((view.cursor_line(), rows(&mut view, 20, 10)[7].as_str()), (8, "›    9 line 8"));
    view.scroll(Move::Pages(1));
    assert_eq!((view.cursor_line(), view.on_screen().start), (17, 10));
    view.scroll(Move::Bottom);
    drawn(&mut view, 20, 10);
    assert_eq!((view.cursor_line(), view.seen().is_seen(99), view.is_read()), (99, true, false));
    view.scroll(Move::Pages(-20));
    view.scroll(Move::Pages(-1));
    assert_eq!(view.cursor_line(), 0);
}

#[test]
fn a_line_taller_than_the_screen_is_scrolled_through_before_the_next() {
    let mut view = TextView::source(&format!("{}\nend", "x".repeat(100))).with_cursor();
    drawn(&mut view, 14, 4);
    for _ in 0..8 {
        view.scroll(Move::Rows(1));
        drawn(&mut view, 14, 4);
    }
    assert_eq!(view.cursor_line(), 0);
    assert_eq!(view.seen().seen(), 1, "its last row was on screen");
    view.scroll(Move::Rows(1));
    assert_eq!(view.cursor_line(), 1);
}

#[test]
fn flags_stand_left_of_their_lines_and_can_be_gone_to() {
    let mut view = numbered(50).with_cursor();
    let place = |line| Place::Line { side: Side::New, file: 0, line };
    view.set_flags(HashMap::from([(place(3), Flag::Fact), (place(20), Flag::Warn), (place(40), Flag::Bad)]));
    assert_eq!(rows(&mut view, 20, 6)[3], " ·  4 line 3");
    assert!(view.jump_flag(Jump::Next, Flag::Warn));
    assert_eq!(view.cursor_line(), 20);
    assert!(view.jump_flag(Jump::Next, Flag::Warn) && !view.jump_flag(Jump::Next, Flag::Warn));
    assert_eq!(view.cursor_line(), 40);
    assert!(rows(&mut view, 20, 6).contains(&"›✗ 41 line 40".to_owned()));
    assert!(view.jump_flag(Jump::Previous, Flag::Warn) && view.jump_flag(Jump::Previous, Flag::Fact));
    assert_eq!(view.cursor_line(), 3);
}

#[test]
fn what_was_shown_stays_shown_when_lines_come_between() {
    let mut view = numbered(30).with_cursor();
    drawn(&mut view, 20, 10);
    view.scroll(Move::Rows(5));
    let mut lines = view.lines().to_vec();
    lines.insert(4, TextLine::new("a remark", Tone::Fact));
    view.replace(TextView::new(lines), Relaid::News);
    assert_eq!((view.len(), view.seen().seen(), view.cursor_line()), (31, 10, 6));
    assert_eq!(view.seen().late().collect::<Vec<_>>(), [4]);
    let now = rows(&mut view, 20, 10);
    assert_eq!((now[3].as_str(), now[5].as_str()), ("   a remark", "›   6 line 5"), "the cursor stays in its row");
    assert_eq!((view.seen().seen(), view.seen().late().count()), (11, 0), "and the remark");
}

#[test]
fn what_comes_above_does_not_move_what_is_looked_at() {
    let mut view = numbered(60).with_cursor();
    drawn(&mut view, 20, 10);
    view.scroll(Move::Rows(30));
    let before = rows(&mut view, 20, 10);
    let long = TextLine::new(&"a remark that takes many rows ".repeat(9), Tone::Bad);
    let lines: Vec<TextLine> = vec![long; 7].into_iter().chain(view.lines().iter().cloned()).collect();
    view.replace(TextView::new(lines), Relaid::News);
    assert_eq!(rows(&mut view, 20, 10), before);
    assert_eq!(view.seen().late().count(), 7);
    assert!(view.show_unseen(Unseen::Late));
    drawn(&mut view, 20, 20);
    assert!(view.seen().is_seen(0) && !view.is_read());
}

#[test]
fn reading_on_shows_every_line_and_every_row_of_it_in_any_size() {
    let text = format!("{}\n{}\nshort\n\nend", "wide ".repeat(60), "x".repeat(500));
    for (width, height) in [(12, 2), (14, 3), (30, 5), (80, 24)] {
        for wraps in [true, false] {
            let mut view = TextView::source(&text).with_cursor();
            drawn(&mut view, width, height);
            view.scroll(Move::Bottom);
            drawn(&mut view, width, height);
            if !wraps {
                view.toggle_wrap();
            }
            while view.show_unseen(Unseen::Further) {
                let before = view.seen().clone();
                drawn(&mut view, width, height);
                assert_ne!(view.seen(), &before, "each page shows something new at {width}x{height}");
            }
            assert!(view.is_read(), "{width}x{height}");
            assert_eq!(view.seen().seen(), 5);
        }
    }
}

#[test]
fn what_is_drawn_under_an_overlay_does_not_count_and_news_beside_a_text_does_not_either() {
    let mut view = numbered(3);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 5));
    let area = buffer.area;
    view.covered(|view| view.render(area, &mut buffer, &Theme::dark()));
    assert_eq!(view.seen().seen(), 0);
    view.render_beside(area, &mut buffer, &Theme::dark());
    assert_eq!(view.seen().seen(), 3);
    let mut lines = view.lines().to_vec();
    lines.insert(0, TextLine::new("late", Tone::Bad));
    view.replace(TextView::new(lines), Relaid::News);
    view.render_beside(area, &mut buffer, &Theme::dark());
    assert_eq!((view.seen().seen(), view.seen().is_late(0)), (3, true), "nobody may have looked there");
    view.render(area, &mut buffer, &Theme::dark());
    assert!(view.is_read());
}

#[test]
fn the_rows_of_a_long_fact_are_indented_and_all_of_it_is_there() {
    let piece = Piece::new("✗ label  one two three four five six", Tone::Bad).hanging(9);
    let mut view = TextView::new(vec![TextLine::One(piece)]);
    assert_eq!(rows(&mut view, 30, 2), ["✗ label  one two three four", "         five six"]);
    assert!(view.is_read());
}

proptest! {
    #[test]
    fn no_cell_ever_holds_a_control_or_hidden_character(
        raw in "\\PC{0,30}[\\x00-\\x1f\u{202e}\u{200b}\u{301}日\u{1f44d}\u{1f3fd}]{0,40}.{0,30}",
        width in 0u16..40, height in 0u16..6, steps in proptest::collection::vec(-4isize..4, 0..4),
    ) {
        let mut view = TextView::source(&raw);
        view.search("a");
        for step in steps {
            view.scroll(Move::Rows(step));
            view.scroll(Move::Columns(step));
            for cell in &drawn(&mut view, width, height).content {
                prop_assert!(!cell.symbol().chars().any(is_hidden));
            }
            view.toggle_wrap();
        }
        prop_assert!(view.seen().seen() <= view.len());
    }
}
