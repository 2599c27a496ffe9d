use super::super::piece::{Piece, Place};
use super::*;
use crate::tui::mark::{Side, Tone};
use proptest::prelude::*;

fn lines(texts: &[&str]) -> Vec<TextLine> {
    texts.iter().map(|text| TextLine::new(text, Tone::Plain)).collect()
}

fn place(side: Side, line: usize) -> Place {
    Place::Line { side, file: 0, line }
}

fn draw_whole(seen: &mut SeenLines, lines: &[TextLine], at: usize) {
    let lens = lens(&lines[at]);
    (0..2).for_each(|half| seen.draw(at, half, 0..lens[half], lens));
}

#[test]
fn a_line_counts_once_every_byte_of_it_was_drawn_in_whatever_order() {
    let text = lines(&["abcdefgh", ""]);
    let mut seen = SeenLines::new(&text);
    seen.draw(0, 0, 5..8, [8, 0]);
    seen.draw(0, 0, 0..4, [8, 0]);
    assert!(seen.is_cut(0) && !seen.is_seen(0), "a byte is missing");
    assert_eq!((seen.gap(0, 0, 8), seen.next_unseen(0)), (Some(4), Some(0)));
    seen.draw(0, 0, 4..5, [8, 0]);
    assert!(seen.is_seen(0));
    assert_eq!((seen.seen(), seen.needed(), seen.next_unseen(0)), (1, 2, Some(1)));
    draw_whole(&mut seen, &text, 1);
    assert_eq!((seen.seen(), seen.next_unseen(0)), (2, None), "an empty line has to be drawn too");
}

#[test]
fn both_halves_are_drawn_and_a_half_that_is_not_there_is_not_asked_for() {
    let left = Piece::new("old", Tone::Removed).stands_for(place(Side::Old, 0));
    let right = Piece::new("new", Tone::Added).stands_for(place(Side::New, 0));
    let text = [TextLine::Two(left.clone(), right), TextLine::Two(left, Piece::default())];
    let mut seen = SeenLines::new(&text);
    seen.draw(0, 0, 0..3, [3, 3]);
    assert!(!seen.is_seen(0));
    seen.draw(0, 1, 0..3, [3, 3]);
    seen.draw(1, 0, 0..3, [3, 0]);
    assert!(seen.is_seen(0) && seen.is_seen(1));
}

#[test]
fn what_need_not_be_read_is_not_counted() {
    let text = [TextLine::One(Piece::new("a", Tone::Plain)), TextLine::One(Piece::new("b", Tone::Fold).extra())];
    let mut seen = SeenLines::new(&text);
    assert_eq!((seen.needed(), seen.seen()), (1, 0));
    draw_whole(&mut seen, &text, 1);
    assert_eq!((seen.needed(), seen.seen(), seen.next_unseen(0)), (1, 0, Some(0)));
}

#[test]
fn news_is_late_until_it_was_drawn_and_another_look_is_no_news() {
    let before = lines(&["one", "two"]);
    let mut seen = SeenLines::new(&before);
    (0..2).for_each(|at| draw_whole(&mut seen, &before, at));
    let after = lines(&["worst", "one", "two", "two"]);
    for (why, late) in [(Relaid::News, vec![0, 3]), (Relaid::Look, vec![])] {
        let mut now = SeenLines::new(&after);
        now.take_up(&seen.recall(&before), &after, why);
        assert_eq!(now.late().collect::<Vec<_>>(), late);
        assert_eq!((now.seen(), now.next_unseen(0), now.next_unseen(1)), (2, Some(0), Some(3)));
        draw_whole(&mut now, &after, 0);
        assert!(!now.is_late(0));
    }
}

#[test]
fn another_finding_under_the_number_of_a_link_is_another_line() {
    let link = |text: &str| vec![TextLine::One(Piece::new(text, Tone::Bad).stands_for(Place::Link(0)))];
    let (before, after) = (link("reads files"), link("sends what it reads"));
    let mut seen = SeenLines::new(&before);
    draw_whole(&mut seen, &before, 0);
    let mut now = SeenLines::new(&after);
    now.take_up(&seen.recall(&before), &after, Relaid::News);
    assert!(!now.is_seen(0) && now.is_late(0));
}

#[test]
fn another_age_is_the_same_line() {
    let aged = |text: &str| vec![TextLine::One(Piece::new(text, Tone::Fact).saying("run 4".to_owned()))];
    let (before, after) = (aged("run 4, 1m ago"), aged("run 4, 12m ago"));
    let mut seen = SeenLines::new(&before);
    draw_whole(&mut seen, &before, 0);
    let mut now = SeenLines::new(&after);
    now.take_up(&seen.recall(&before), &after, Relaid::News);
    assert!(now.is_seen(0) && !now.is_late(0));
}

#[test]
fn a_difference_stays_read_when_it_is_laid_out_side_by_side_and_back() {
    let one = |side, line, tone| TextLine::One(Piece::new("text", tone).stands_for(place(side, line)));
    let half = |side, line, tone| Piece::new("text", tone).stands_for(place(side, line));
    let unified = [one(Side::New, 0, Tone::Plain), one(Side::Old, 1, Tone::Removed), one(Side::New, 1, Tone::Added)];
    let split = [
        TextLine::Two(half(Side::Old, 0, Tone::Plain), half(Side::New, 0, Tone::Plain)),
        TextLine::Two(half(Side::Old, 1, Tone::Removed), half(Side::New, 1, Tone::Added)),
    ];
    let mut seen = SeenLines::new(&unified);
    (0..3).for_each(|at| draw_whole(&mut seen, &unified, at));
    let mut beside = SeenLines::new(&split);
    beside.take_up(&seen.recall(&unified), &split, Relaid::Look);
    assert_eq!((beside.seen(), beside.needed()), (2, 2));
    let mut back = SeenLines::new(&unified);
    back.take_up(&beside.recall(&split), &unified, Relaid::Look);
    assert_eq!((back.seen(), back.needed()), (3, 3));
}

proptest! {
    /// Compares with the plain definition: a line is seen when each of its bytes was drawn.
    #[test]
    fn a_line_is_seen_exactly_when_each_of_its_bytes_was_drawn(
        lens in proptest::collection::vec(0usize..12, 1..6),
        draws in proptest::collection::vec((0usize..6, 0usize..12, 0usize..12), 0..40),
    ) {
        let texts: Vec<String> = lens.iter().map(|len| "x".repeat(*len)).collect();
        let text: Vec<TextLine> = texts.iter().map(|text| TextLine::new(text, Tone::Plain)).collect();
        let mut seen = SeenLines::new(&text);
        let mut bytes: Vec<Vec<bool>> = lens.iter().map(|len| vec![false; *len]).collect();
        let mut touched = vec![false; lens.len()];
        for (line, start, end) in draws {
            let Some(len) = lens.get(line).copied() else { continue };
            let range = start.min(len)..end.min(len).max(start.min(len));
            seen.draw(line, 0, range.clone(), [len, 0]);
            range.for_each(|at| bytes[line][at] = true);
            touched[line] = true;
        }
        let whole = |line: usize| touched[line] && bytes[line].iter().all(|drawn| *drawn);
        for line in 0..lens.len() {
            prop_assert_eq!(seen.is_seen(line), whole(line));
            let gap = bytes[line].iter().position(|drawn| !drawn);
            prop_assert_eq!(seen.gap(line, 0, lens[line]), if whole(line) { None } else { gap.or((!touched[line]).then_some(0)) });
        }
        prop_assert_eq!(seen.seen(), (0..lens.len()).filter(|line| whole(*line)).count());
        prop_assert_eq!(seen.next_unseen(0), (0..lens.len()).find(|line| !whole(*line)));
        // Restored to the same text, the number of seen lines stays the same: only empty pieces of partly seen lines
        // are lost.
        let mut again = SeenLines::new(&text);
        again.take_up(&seen.recall(&text), &text, Relaid::News);
        prop_assert_eq!(again.seen(), seen.seen());
        prop_assert_eq!(again.late().count(), 0);
    }

    /// Whatever lines are added or removed, a line is seen afterwards only if one with the same meaning was seen
    /// before.
    #[test]
    fn news_never_makes_a_line_seen(
        before in proptest::collection::vec("[ab]{0,2}", 0..8),
        after in proptest::collection::vec("[abc]{0,2}", 0..8),
        drawn in proptest::collection::vec(any::<bool>(), 8),
    ) {
        let of = |texts: &[String]| -> Vec<TextLine> {
            texts.iter().map(|text| TextLine::new(text, Tone::Plain)).collect()
        };
        let (old, new) = (of(&before), of(&after));
        let mut seen = SeenLines::new(&old);
        (0..old.len()).filter(|at| drawn[*at]).for_each(|at| draw_whole(&mut seen, &old, at));
        let mut now = SeenLines::new(&new);
        now.take_up(&seen.recall(&old), &new, Relaid::News);
        for text in &after {
            let count = |texts: &[String], seen: &SeenLines| {
                texts.iter().enumerate().filter(|(at, one)| *one == text && seen.is_seen(*at)).count()
            };
            prop_assert!(count(&after, &now) <= count(&before, &seen));
        }
    }
}
