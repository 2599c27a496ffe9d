use super::super::{DiffLayout, DiffLook, TextLine, TextView, Tone, Unfolded};

use super::*;
use crate::tui::theme::Theme;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::HashSet;

fn file(path: &str, text: &str) -> VersionFile {
    VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() }
}

fn compare(before: &[VersionFile], after: &[VersionFile]) -> DiffText {
    DiffText::between(before, after, Blanks::Count)
}

fn lines(diff: &DiffText, width: u16) -> Vec<TextLine> {
    let (unfolded, read) = (Unfolded::default(), HashSet::new());
    diff.lines(&DiffLook { layout: DiffLayout::for_width(width), unfolded: &unfolded, read: &read })
}

fn screen(diff: &DiffText, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    TextView::new(lines(diff, width)).render(buffer.area, &mut buffer, &Theme::dark());
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
    compare(
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
    assert!(screen(&compare(&before, &executable), 60, 3).contains("mode: plain before, executable now"));
    let crlf = compare(&before, &[file("a.sh", "one\r\ntwo\n")]);
    assert!(screen(&crlf, 60, 8).contains("+ one\\r"));
    let unbroken = compare(&before, &[file("a.sh", "one\ntwo")]);
    assert!(screen(&unbroken, 60, 3).contains("ended with a line break, now ends without one"));
    let bytes = VersionFile { bytes: vec![b'a', 0xff], ..file("a.sh", "") };
    assert!(screen(&compare(&before, &[bytes]), 60, 3).contains("not UTF-8 now: 2 bytes"));
    let hidden = compare(&before, &[file("a.sh", "one\ntwo\u{202e}\n")]);
    assert!(screen(&hidden, 60, 8).contains("+ two\\u{202e}"));
}

#[test]
fn five_thousand_unlike_lines_are_compared() {
    let text = |salt: usize| joined((0..5000).map(|line| format!("{} {}", line * salt % 977, line % 7)));
    let diff = compare(&[file("a", &text(31))], &[file("a", &text(57))]);
    assert!(lines(&diff, 80).len() >= 5000);
}

#[test]
fn lines_that_differ_in_blanks_only_can_be_left_out_and_are_counted() {
    let before = [file("a.py", "if x:\n    a = 1\n    b = 2\n")];
    let after = [file("a.py", "if x:\n        a = 1\n    b = 3\n")];
    let whole = compare(&before, &after);
    assert_eq!((whole.files[0].removed, whole.files[0].added, whole.blanks()), (2, 2, 0));
    let bare = DiffText::between(&before, &after, Blanks::Ignored);
    assert_eq!((bare.files[0].removed, bare.files[0].added, bare.blanks()), (1, 1, 1));
    assert!(screen(&bare, 80, 4).contains("1 line differs in whitespace only, not shown"));
    assert!(screen(&bare, 80, 6).contains("        a = 1"), "the line itself is what it is now");
}

#[test]
fn a_fold_opens_where_it_is_asked_to() {
    let diff = sample();
    let fold = lines(&diff, 80).iter().find_map(|line| line.place().filter(|p| matches!(p, Place::Fold(..)))).unwrap();
    let (read, mut unfolded) = (HashSet::new(), Unfolded::default());
    let shown =
        |unfolded: &Unfolded| diff.lines(&DiffLook { layout: DiffLayout::Unified, unfolded, read: &read }).len();
    let folded = shown(&unfolded);
    unfolded.folds.insert(fold);
    let opened = shown(&unfolded);
    unfolded.all = true;
    assert!(folded < opened && opened < shown(&unfolded));
}

#[test]
fn a_hunk_has_the_digest_of_its_lines_wherever_it_stands() {
    let diff = |head: &str, line: &str| {
        let text = |line: &str| format!("{head}1\n2\n3\n{line}\n5\n6\n7\n8\n");
        compare(&[file("f", &text("old"))], &[file("f", &text(line))])
    };
    let digest = |diff: &DiffText| diff.files[0].digest_of(&diff.files[0].hunks()[0]);
    assert_eq!(digest(&diff("", "new")), digest(&diff("a\nb\nc\n", "new")));
    assert_ne!(digest(&diff("", "new")), digest(&diff("", "newer")));
}

proptest! {
    #[test]
    fn the_lines_hold_every_change(
        old in proptest::collection::vec(0u8..6, 0..40), new in proptest::collection::vec(0u8..6, 0..40),
    ) {
        let text = |lines: &[u8]| joined(lines.iter().map(|line| format!("l{line}")));
        let diff = compare(&[file("f", &text(&old))], &[file("f", &text(&new))]);
        let count = |tone| {
            let lines = lines(&diff, 80);
            lines.iter().filter(|line| matches!(line, TextLine::One(piece) if piece.tone() == tone)).count()
        };
        prop_assert_eq!((count(Tone::Removed), count(Tone::Added)), (diff.files[0].removed, diff.files[0].added));
        prop_assert_eq!(old.len() + diff.files[0].added, new.len() + diff.files[0].removed);
        prop_assert_eq!(diff.is_empty(), old == new);
    }
}

proptest! {
    #[test]
    fn bytes_that_differ_are_lines_that_differ(before in bytes(), after in bytes()) {
        let file = |bytes: &[u8]| VersionFile { path: "a".to_owned(), mode: FileMode::Plain, bytes: bytes.to_vec() };
        let diff = compare(&[file(&before)], &[file(&after)]);
        prop_assert_eq!(diff.files[0].hunks().is_empty(), before == after);
    }
}

/// Bytes that are hard to distinguish when drawn.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let parts =
        prop::sample::select(vec![&b"\xfe"[..], b"\xff", b"a", b"\n", b"\xe2", "⟨fe⟩".as_bytes(), "⟨".as_bytes()]);
    prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

#[test]
fn a_diff_that_takes_long_is_cut_short_and_still_right() {
    // Lines that occur on both sides, each many times, in another order: the worst case of a shortest diff.
    let text = |factor: u64| joined((0..150_000_u64).map(|line| (line * line % 8_191 * factor % 331).to_string()));
    let (before, after) = (text(1), text(17));
    let diff = compare(&[file("a", &before)], &[file("a", &after)]);
    let file = &diff.files[0];
    assert_eq!(file.old.lines.len() - file.removed, file.new.lines.len() - file.added);
    let (mut rebuilt, mut from) = (Vec::new(), 0);
    for op in file.hunks.iter().flat_map(|hunk| &hunk.ops).filter(|op| op.tag() != DiffTag::Equal) {
        rebuilt.extend_from_slice(&file.old.lines[from..op.old_range().start]);
        rebuilt.extend_from_slice(&file.new.lines[op.new_range()]);
        from = op.old_range().end;
    }
    rebuilt.extend_from_slice(&file.old.lines[from..]);
    assert!(rebuilt == file.new.lines);
}
