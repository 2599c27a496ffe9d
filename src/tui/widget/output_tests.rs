use super::*;
use crate::domain::is_hidden;
use crate::tui::widget::SearchStatus;
use proptest::prelude::*;
use ratatui::style::{Color, Modifier};

fn chunk(bytes: &[u8], offset: u64) -> Chunk<'_> {
    Chunk { stream: Stream::Stdout, at_ms: 0, bytes, offset }
}

/// Goes to a match of the spool. Returns whether a stored line contains it.
fn show_hit(view: &mut OutputView, hit: Hit) -> bool {
    let index = view.matches().index_of(hit);
    if let Some(index) = index {
        view.show_match(index);
    }
    index.is_some()
}

fn view_of(pieces: &[&[u8]]) -> OutputView {
    let mut view = OutputView::new();
    for (at, piece) in pieces.iter().enumerate() {
        view.push(chunk(piece, at as u64));
    }
    view
}

fn text(pieces: &[&str]) -> String {
    view_of(&pieces.iter().map(|piece| piece.as_bytes()).collect::<Vec<_>>()).all_text()
}

fn drawn(view: &mut OutputView, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view.render(buffer.area, &mut buffer, &Theme::dark());
    buffer
}

fn rows(view: &mut OutputView, width: u16, height: u16) -> Vec<String> {
    let buffer = drawn(view, width, height);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

#[test]
fn words_stay_whole_where_they_are_read_aloud() {
    let mut view = OutputView::new();
    view.push(Chunk { stream: Stream::Stdout, at_ms: 0, bytes: b"File raw_decode in loads\n", offset: 0 });
    let mut drawn = |theme: &Theme| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 22, 3));
        view.render(buf.area, &mut buf, theme);
        let row = |y| (0..22).map(|x| buf[(x, y)].symbol()).collect::<String>().trim().to_owned();
        [row(0), row(1)]
    };
    assert_eq!(drawn(&Theme::dark()), ["File raw_decode in l", "oads"]);
    assert_eq!(drawn(&Theme::plain().numbered()), ["File raw_decode in", "loads"]);
}

#[test]
fn a_carriage_return_overwrites_and_a_new_line_after_it_does_not() {
    assert_eq!(text(&["10%\r20%\r30%\n"]), "30%");
    assert_eq!(text(&["10%", "\r", "5", "\n"]), "50%");
    assert_eq!(text(&["one\r\ntwo\r\n"]), "one\ntwo");
    assert_eq!(text(&["long text\rx\u{1b}[K\n"]), "x");
    assert_eq!(text(&["日本語\rab"]), "ab本語");
    assert_eq!(text(&["日本語\ra"]), "a 本語");
    assert_eq!(text(&["abc\u{8}\u{8}X"]), "aXc");
    assert_eq!(text(&["a\tb\n\tc"]), "a       b\n        c");
}

#[test]
fn bars_of_several_lines_are_redrawn_in_place() {
    let bars = "one 10%\ntwo 20%\n\u{1b}[2Aone 30%\u{1b}[K\ntwo 40%\u{1b}[K\n\u{1b}[2A\u{1b}[Jdone\nafter\n";
    assert_eq!(text(&[bars]), "done\nafter");
    assert_eq!(text(&["a\nb\nc\n\u{1b}[1;1H\u{1b}[2Jd\n"]), "a\nb\nc\nd");
    assert_eq!(text(&["a\nb\n\u{1b}[2A", "X", "\u{1b}[2B", "\rc\n"]), "X\nb\nc");
}

#[test]
fn a_bar_on_one_stream_is_not_torn_by_lines_of_the_other() {
    let mut view = OutputView::new();
    let parts = [(Stream::Stderr, "\r10%"), (Stream::Stdout, "hello\n"), (Stream::Stderr, "\r20%")];
    for (offset, (stream, bytes)) in (0..).zip(parts) {
        view.push(Chunk { stream, at_ms: 1500, bytes: bytes.as_bytes(), offset });
    }
    assert_eq!(view.all_text(), "20%\nhello");
    assert_eq!(rows(&mut view, 20, 2), ["▎ 20%", "  hello"]);
    view.toggle_times();
    assert_eq!(rows(&mut view, 30, 2), ["   1.500s  ▎ 20%", "   1.500s    hello"]);
}

#[test]
fn sequences_that_do_not_colour_or_move_do_nothing_and_none_swallows_lines() {
    assert_eq!(text(&["\u{1b}]0;title\u{7}a\u{1b}[?25lb\u{1b}(Bc\u{1b}Pq1;2\u{1b}\\d"]), "abcd");
    assert_eq!(text(&["\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\"]), "link");
    assert_eq!(text(&["a\u{1b}]0;never", " ended\nnext\n"]), "a\\x1b]0;never ended\nnext");
    assert_eq!(text(&["a\u{1b}]0;never ended\nnext\n"]), "a\\x1b]0;never ended\nnext");
    assert_eq!(text(&["x\u{1b}[3", "1mred\u{1b}", "[0m"]), "xred");
    assert_eq!(text(&["caf", "\u{e9}"]), "café");
    assert_eq!(view_of(&[b"caf\xc3", b"\xa9 \xff\x9b"]).all_text(), "café \u{fffd}\\x9b");
}

#[test]
fn what_hides_or_moves_is_visible() {
    assert_eq!(text(&["a\u{202e}b\u{200b}c\u{0}d\u{7}e\u{7f}"]), "a\\u{202e}b\\u{200b}c\\x00d\\x07e\\x7f");
}

#[test]
fn colours_are_kept_across_chunks_and_made_legible() {
    let mut view = view_of(&[b"\x1b[1;31mred\x1b[0m plain \x1b[38;5;208m", b"orange\x1b[8;30;40mhidden"]);
    let buffer = drawn(&mut view, 60, 1);
    assert_eq!((buffer[(2, 0)].fg, buffer[(2, 0)].modifier), (Color::Red, Modifier::BOLD));
    assert_eq!(buffer[(6, 0)].fg, Color::Reset);
    assert_eq!(buffer[(12, 0)].fg, Color::Indexed(208));
    let hidden = &buffer[(20, 0)];
    assert_eq!((hidden.symbol(), hidden.fg, hidden.bg), ("d", Color::Reset, Color::Reset));
}

#[test]
fn scrolling_up_stops_following_and_counts_new_lines() {
    let mut view = OutputView::new();
    for line in 0..100 {
        view.push(chunk(format!("line {line}\n").as_bytes(), line));
    }
    assert_eq!(rows(&mut view, 30, 3), ["  line 97", "  line 98", "  line 99"]);
    view.scroll(Move::Rows(-2));
    assert!(!view.follows());
    assert_eq!(rows(&mut view, 30, 3), ["  line 95", "  line 96", "  line 97"]);
    view.push(chunk(b"more\nand more\n", 1000));
    assert_eq!(rows(&mut view, 30, 3), ["  line 95", "  line 96", "  line 97       ▼ 2 new lines"]);
    view.scroll(Move::Bottom);
    assert_eq!((view.follows(), view.new_lines()), (true, 0));
    assert_eq!(rows(&mut view, 30, 3), ["  line 99", "  more", "  and more"]);
    view.scroll(Move::Top);
    assert_eq!(rows(&mut view, 30, 2)[0], "  line 0");
    assert!(view.is_at_top());
}

#[test]
fn long_lines_are_wrapped_or_moved_sideways_and_copied_whole() {
    let mut view = view_of(&[b"abcdefghijkl\nxy\n"]);
    assert_eq!(rows(&mut view, 7, 4), ["  abcde", "  fghij", "  kl", "  xy"]);
    assert_eq!(view.visible_text(), "abcdefghijkl\nxy");
    view.toggle_wrap();
    assert_eq!(rows(&mut view, 8, 2), ["  abcde›", "  xy"]);
    view.scroll(Move::Columns(4));
    assert_eq!(rows(&mut view, 8, 2), ["  efghi›", ""]);
    view.select(&(0..1));
    assert_eq!(view.selected_text().as_deref(), Some("abcdefghijkl"));
}

#[test]
fn a_giant_line_is_cut_into_segments_and_copied_as_one() {
    let giant = vec![b'x'; 10_000];
    let mut view = view_of(&[&giant, b"\nnext\n"]);
    assert_eq!(view.len(), 4);
    assert_eq!(view.all_text(), format!("{}\nnext", "x".repeat(10_000)));
    assert_eq!(view_of(&[&vec![b'x'; 4096], b"\nnext\n"]).len(), 2);
    assert_eq!(rows(&mut view, 20, 1), ["  next"]);
}

#[test]
fn search_reaches_all_lines_and_those_to_come() {
    let mut view = OutputView::new();
    for line in 0..200 {
        let word = if line % 50 == 0 { "Error" } else { "fine" };
        view.push(chunk(format!("{word} {line}\n").as_bytes(), line));
    }
    rows(&mut view, 30, 5);
    assert_eq!(view.search("error"), 4);
    assert_eq!(view.matches().status(), Some(SearchStatus { current: 4, total: 4 }));
    assert!(rows(&mut view, 30, 5).contains(&"  Error 150".to_owned()));
    view.push(chunk(b"error at the end\n", 900));
    assert_eq!(view.matches().status(), Some(SearchStatus { current: 4, total: 5 }));
    view.step_match(Jump::Next);
    assert_eq!(rows(&mut view, 30, 5)[4], "  error at the end");
    view.step_match(Jump::Next);
    assert_eq!(rows(&mut view, 30, 5)[0], "  Error 0");
    view.step_match(Jump::Previous);
    assert_eq!(view.matches().status(), Some(SearchStatus { current: 5, total: 5 }));
    assert_eq!(view.search("Error"), 4);
    assert_eq!((view.search(""), view.matches().status()), (0, None));
}

#[test]
fn old_lines_are_dropped_and_can_be_put_back_from_the_spool() {
    let chunks: Vec<String> = (0..30).map(|n| format!("a{n}\nb{n}\n")).collect();
    let chunk_at = |at: usize| chunk(chunks[at].as_bytes(), at as u64);
    let mut view = OutputView::bounded(Bounds { lines: 21, bytes: 1 << 20 });
    for at in 0..30 {
        view.push(chunk_at(at));
    }
    assert_eq!(view.len(), 21);
    assert_eq!(view.dropped_before(), 19);
    assert!(view.all_text().starts_with("b19\na20\n"));
    view.search("a1");
    let older: Vec<Chunk<'_>> = (12..22).map(chunk_at).collect();
    assert_eq!(view.prepend(&older), 15);
    assert!(view.all_text().starts_with("a12\nb12\na13\n"));
    assert!(view.all_text().contains("b18\na19\nb19\na20\n"));
    assert_eq!(view.matches().status().map(|status| status.total), Some(8));
    assert_eq!(view.prepend(&(0..12).map(chunk_at).collect::<Vec<_>>()), 0);
    view.skip(1_234_567);
    assert!(view.all_text().ends_with("… 1,234,567 bytes skipped, kept in the output file …"));
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut view = OutputView::bounded(Bounds { lines: 1000, bytes: 1 << 20 });
    view.push(chunk(b"\x1b]52;c;", 0));
    for offset in 1..400 {
        view.push(chunk(&[b'y'; 8192], offset));
    }
    assert!(view.all_text().len() < (1 << 20) + 8192);
    assert!(view.all_text().starts_with('y'));
}

proptest! {
    #[test]
    fn no_cell_ever_holds_a_control_or_hidden_character(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..12),
        moves in proptest::collection::vec(-3isize..3, 0..4),
    ) {
        let mut view = view_of(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
        view.search("a");
        for step in moves {
            view.scroll(Move::Rows(step));
            for cell in &drawn(&mut view, 23, 4).content {
                prop_assert!(!cell.symbol().chars().any(is_hidden));
            }
            view.toggle_wrap();
        }
        prop_assert!(!view.all_text().chars().any(|c| is_hidden(c) && c != '\n'));
    }

    #[test]
    fn terminal_language_never_breaks_the_view(words in proptest::collection::vec(prop_oneof![
        Just("\r"), Just("\n"), Just("\u{8}"), Just("\t"), Just("\u{1b}[2A"), Just("\u{1b}[B"), Just("\u{1b}[K"),
        Just("\u{1b}[1K"), Just("\u{1b}[2K"), Just("\u{1b}[J"), Just("\u{1b}[9C"), Just("\u{1b}[3D"),
        Just("\u{1b}[4000G"), Just("\u{1b}[31m"), Just("日"), Just("e\u{301}"), Just("\u{301}"), Just("text"),
        Just("\u{1b}]"), Just("\u{202e}"),
    ], 0..60), split in 1usize..9) {
        let all = words.concat();
        let mut view = OutputView::bounded(Bounds { lines: 8, bytes: 30_000 });
        for (at, piece) in all.as_bytes().chunks(split).enumerate() {
            view.push(chunk(piece, at as u64));
        }
        let at_once = {
            let mut view = OutputView::bounded(Bounds { lines: 8, bytes: 30_000 });
            view.push(chunk(all.as_bytes(), 0));
            view.all_text()
        };
        prop_assert_eq!(view.all_text(), at_once);
        for cell in &drawn(&mut view, 17, 5).content {
            prop_assert!(!cell.symbol().chars().any(is_hidden));
        }
    }
}

/// The displayed text of these pieces at the end of the output.
fn shown(pieces: &[&[u8]]) -> String {
    let mut view = view_of(pieces);
    view.end();
    view.all_text()
}

#[test]
fn a_sequence_may_be_split_anywhere() {
    let streams: [&[u8]; 12] = [
        b"a\x1b[1;31mred\x1b[0m b\r\n",
        b"a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\c",
        b"a\x1bPq#0;1\x1b\\b\x1b_Ga=T\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e",
        b"a\x1b]0;never ended\nnext line\n",
        b"a\x1b]0;never ended",
        b"a\x1b[12",
        b"a\x1b",
        b"a\x1b]0;x\x1b[31mred\x1b\x1b[0mb",
        b"a\x1bP\xe6\x97\xa5\xff\x18b",
        b"\xe6\x97\x1b[mx\xe6\x1b]0;\xe6\n\xe6\x97\xa5",
        b"\xc2\x9b31m\x9b31m\xc2\x9d0;x\x07\x9d0;x\x9c",
        "e\u{301}\u{1b}[31m\u{301}\u{1f469}\u{200d}\u{1f4bb}\u{2028}".as_bytes(),
    ];
    for bytes in streams {
        let whole = shown(&[bytes]);
        for split in 0..=bytes.len() {
            assert_eq!(shown(&[&bytes[..split], &bytes[split..]]), whole, "{bytes:?} split at {split}");
        }
        assert_eq!(shown(&bytes.chunks(1).collect::<Vec<_>>()), whole, "{bytes:?} byte by byte");
    }
}

#[test]
fn a_whole_sequence_is_not_shown_and_a_broken_one_is() {
    assert_eq!(shown(&[b"a\x1b]0;t\x07b\x1bPx\x1b\\c\x1b[2Jd\x1bce"]), "abcde");
    assert_eq!(shown(&[b"a\x1b]0;t\nb"]), "a\\x1b]0;t\nb");
    assert_eq!(shown(&[b"a\x1b]0;t"]), "a\\x1b]0;t");
    assert_eq!(shown(&[b"a\x1b]0;t\x1b[31mb"]), "a\\x1b]0;tb");
    assert_eq!(shown(&[b"a\x1b[3\x071mb"]), "a\\x1b[3\\x071mb");
}

#[test]
fn a_sequence_without_an_end_is_held_up_to_a_bound_and_then_shown() {
    for opening in [b"\x1b]".as_slice(), b"\x1bP", b"\x1b_", b"\x1b["] {
        let mut view = OutputView::bounded(Bounds { lines: 50, bytes: 300_000 });
        view.push(chunk(opening, 0));
        for at in 1..64 {
            view.push(chunk(&vec![b'0'; 64 * 1024], at));
            assert!(view.all_text().len() <= 300_000 + 64 * 1024 + 8_192, "{opening:?}");
        }
        assert!(view.all_text().len() > 100_000, "{opening:?}: nothing is shown");
    }
}

proptest! {
    #[test]
    fn random_bytes_give_the_same_lines_however_they_are_cut(
        words in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..6),
            Just(b"\x1b".to_vec()), Just(b"\x1b]".to_vec()), Just(b"\x1bP".to_vec()), Just(b"\x1b[".to_vec()),
            Just(b"\x07".to_vec()), Just(b"\x1b\\".to_vec()), Just(b"\n".to_vec()), Just(b"\xe6\x97".to_vec()),
            Just(b"31m".to_vec()), Just("\u{9b}".as_bytes().to_vec()), Just("\u{301}".as_bytes().to_vec()),
        ], 0..40),
        cuts in proptest::collection::vec(0usize..200, 0..6),
    ) {
        let bytes = words.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(shown(&pieces), shown(&[&bytes]));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(shown(&single), shown(&[&bytes]));
    }
}

#[test]
fn a_key_goes_from_one_block_of_standard_error_to_the_next() {
    let mut view = OutputView::new();
    for (offset, at) in (0..40).enumerate() {
        let stream = if matches!(at, 5 | 6 | 20) { Stream::Stderr } else { Stream::Stdout };
        view.push(Chunk { stream, at_ms: 0, bytes: format!("line {at}\n").as_bytes(), offset: offset as u64 });
    }
    rows(&mut view, 20, 4);
    assert!(view.jump_to_error(Jump::Previous), "from the end, the last block");
    assert_eq!(rows(&mut view, 20, 4)[0], "▎ line 20");
    assert!(!view.jump_to_error(Jump::Next));
    assert!(view.jump_to_error(Jump::Previous));
    assert_eq!(rows(&mut view, 20, 4)[0], "▎ line 5");
    assert!(!view.jump_to_error(Jump::Previous) && !view.follows());
    assert!(view.jump_to_error(Jump::Next));
    assert_eq!(rows(&mut view, 20, 4)[0], "▎ line 20");
}

#[test]
fn notes_are_cut_between_words() {
    let mut view = OutputView::new();
    view.note("output truncated here: the output limit was reached");
    let shown = rows(&mut view, 24, 4);
    assert!(shown.iter().all(|row| !row.ends_with("trun")), "{shown:?}");
    assert!(shown[0].ends_with("here:") || shown[0].ends_with("truncated"), "{shown:?}");
}

/// The matches of a search before a position, as chunk and number within the line.
fn found_before(chunks: &[(u64, &[u8])], text: &str, before: Origin) -> Vec<Hit> {
    let mut search = SpoolSearch::new(text, before).unwrap();
    for (offset, bytes) in chunks {
        if !search.push(chunk(bytes, *offset)) {
            break;
        }
    }
    search.end();
    search.take()
}

#[test]
fn a_search_of_the_spool_sees_what_a_view_draws() {
    let chunks: [(u64, &[u8]); 4] = [
        (4, b"a ne\x1b[1med\x1b[0mle\nneedle 10%\rno"),
        (50, b"thing\x1b[K\nhid\x00den nee"),
        (90, b"dle needle\n"),
        (120, b"needle\n"),
    ];
    let hits = found_before(&chunks, "needle", Origin { chunk: 120, byte: 0 });
    // The first is drawn as one word, the second was overwritten, the third begins in the previous chunk.
    assert_eq!(hits.iter().map(|hit| hit.chunk()).collect::<Vec<_>>(), [4, 50, 50]);
    assert_eq!(found_before(&chunks, "hid\\x00den", Origin { chunk: 120, byte: 0 }).len(), 1);
    let mut view = OutputView::new();
    for (offset, bytes) in &chunks {
        view.push(chunk(bytes, *offset));
    }
    assert_eq!(view.search("needle"), 4);
    for (index, hit) in hits.into_iter().enumerate() {
        assert!(show_hit(&mut view, hit));
        assert_eq!((view.matches().index(), view.matches().hit()), (Some(index), Some(hit)));
    }
}

#[test]
fn a_match_at_the_edge_of_what_is_loaded_is_found_once() {
    let (one, two): (&[u8], &[u8]) = (b"x needle\ny needle and nee", b"dle, needle\nneedle\n");
    for cut in 0..one.len() + two.len() {
        let all = [one, two].concat();
        let (before, behind) = all.split_at(cut);
        let hits = found_before(&[(4, before), (100, behind)], "needle", Origin { chunk: 100, byte: 0 });
        let mut view = OutputView::new();
        view.push(chunk(behind, 100));
        assert_eq!(hits.len() + view.search("needle"), 5, "cut at {cut}");
    }
}

#[test]
fn matches_in_lines_that_are_dropped_are_kept_as_places_in_the_spool() {
    let mut view = OutputView::bounded(Bounds { lines: 3, bytes: 1_000 });
    assert_eq!(view.search("x"), 0);
    for line in 0..5 {
        view.push(chunk(b"x and x\n", 4 + line * 20));
    }
    assert_eq!(
        (view.matches().count(), view.matches().gone().iter().map(|hit| hit.chunk()).collect::<Vec<_>>()),
        (6, vec![4, 4, 24, 24])
    );
    let mut part = OutputView::part_of(&view);
    (0..5).for_each(|line| part.push(chunk(b"x and x\n", 4 + line * 20)));
    part.search("x");
    assert!(
        view.matches()
            .gone()
            .iter()
            .enumerate()
            .all(|(index, hit)| show_hit(&mut part, *hit) && part.matches().index() == Some(index))
    );
}
