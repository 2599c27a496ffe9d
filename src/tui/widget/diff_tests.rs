use super::super::TextView;
use super::*;
use crate::tui::theme::Theme;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn file(path: &str, text: &str) -> VersionFile {
    VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() }
}

fn screen(diff: &DiffText, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    TextView::new(diff.lines(DiffLayout::for_width(width))).render(buffer.area, &mut buffer, &Theme::dark());
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

/// Lines from parts, each with a line break.
fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn sample() -> DiffText {
    let numbered = |range: Range<usize>| joined(range.map(|line| format!("line {line}")));
    let before = format!("import os\n{}limit = 10\n{}", numbered(1..9), numbered(9..20));
    let after = format!("import os\nimport sys\n{}limit = 20\n{}", numbered(1..9), numbered(9..20));
    DiffText::between(
        &[file("gone.txt", "old\n"), file("main.py", &before), file("same.txt", "x")],
        &[file("main.py", &after), file("new.sh", "echo hi"), file("same.txt", "x")],
    )
}

#[test]
fn a_unified_diff() {
    assert_eq!(sample().summary(), "1 changed · 1 added · 1 removed · 1 unchanged · +3 -2 lines");
    insta::assert_snapshot!(screen(&sample(), 60, 32));
}

#[test]
fn a_diff_side_by_side() {
    insta::assert_snapshot!(screen(&sample(), 120, 32));
}

#[test]
fn what_is_easily_missed_is_said() {
    let before = [file("a.sh", "one\ntwo\n")];
    let executable = [VersionFile { mode: FileMode::Executable, ..file("a.sh", "one\ntwo\n") }];
    assert!(screen(&DiffText::between(&before, &executable), 60, 3).contains("mode: plain before, executable now"));
    let crlf = DiffText::between(&before, &[file("a.sh", "one\r\ntwo\n")]);
    assert!(screen(&crlf, 60, 8).contains("+ one\\r"));
    let unbroken = DiffText::between(&before, &[file("a.sh", "one\ntwo")]);
    assert!(screen(&unbroken, 60, 3).contains("ended with a line break, now ends without one"));
    let bytes = VersionFile { bytes: vec![b'a', 0xff], ..file("a.sh", "") };
    assert!(screen(&DiffText::between(&before, &[bytes]), 60, 3).contains("not UTF-8 now: 2 bytes"));
    let hidden = DiffText::between(&before, &[file("a.sh", "one\ntwo\u{202e}\n")]);
    assert!(screen(&hidden, 60, 8).contains("+ two\\u{202e}"));
}

#[test]
fn words_that_differ_are_marked() {
    let marked = |old: &'static str, new: &'static str| {
        let (olds, news) = changed_words(old, new);
        let texts = |line: &'static str, ranges: Vec<Range<usize>>| -> Vec<&str> {
            ranges.into_iter().map(|range| &line[range]).collect()
        };
        (texts(old, olds), texts(new, news))
    };
    assert_eq!(marked("limit = 10", "limit = 20"), (vec!["10"], vec!["20"]));
    assert_eq!(marked("call(a, b)", "call(a, c, b)"), (vec![], vec!["c, "]));
    assert_eq!(marked("alpha", "omega"), (vec![], vec![]));
}

#[test]
fn five_thousand_unlike_lines_are_compared() {
    let text = |salt: usize| joined((0..5000).map(|line| format!("{} {}", line * salt % 977, line % 7)));
    let diff = DiffText::between(&[file("a", &text(31))], &[file("a", &text(57))]);
    assert!(diff.lines(DiffLayout::Unified).len() >= 5000);
}

proptest! {
    #[test]
    fn the_lines_hold_every_change(
        old in proptest::collection::vec(0u8..6, 0..40), new in proptest::collection::vec(0u8..6, 0..40),
    ) {
        let text = |lines: &[u8]| joined(lines.iter().map(|line| format!("l{line}")));
        let diff = DiffText::between(&[file("f", &text(&old))], &[file("f", &text(&new))]);
        let count = |tone| {
            let lines = diff.lines(DiffLayout::Unified);
            lines.iter().filter(|line| matches!(line, TextLine::One(piece) if piece.tone() == tone)).count()
        };
        prop_assert_eq!((count(Tone::Removed), count(Tone::Added)), (diff.files[0].removed, diff.files[0].added));
        prop_assert_eq!(old.len() + diff.files[0].added, new.len() + diff.files[0].removed);
        prop_assert_eq!(diff.is_empty(), old == new);
    }
}
