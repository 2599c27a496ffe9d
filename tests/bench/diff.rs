//! A difference of five thousand lines. To hold: open within 100 ms, a page further within a frame (16 ms), in release.

use divan::Bencher;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::HashSet;
use toolsmith::domain::{FileMode, VersionFile};
use toolsmith::tui::theme::Theme;
use toolsmith::tui::widget::{Blanks, DiffLayout, DiffLook, DiffText, Language, Move, TextView, Unfolded, highlight};

const LINES: usize = 5_000;
const SCREEN: Rect = Rect::new(0, 0, 160, 48);

fn file(salt: usize) -> Vec<VersionFile> {
    let line = |at: usize| {
        let number = if at.is_multiple_of(2) { at * salt % 977 } else { at };
        format!("    value_{at} = compute(\"name {number}\", limit={number}, retries=3)  # step {at}\n")
    };
    let text: String = (0..LINES).map(line).collect();
    vec![VersionFile { path: "main.py".into(), mode: FileMode::Plain, bytes: text.into_bytes() }]
}

fn view(text: &DiffText) -> TextView {
    let (unfolded, read) = (Unfolded::default(), HashSet::new());
    let look = DiffLook { layout: DiffLayout::for_width(SCREEN.width), unfolded: &unfolded, read: &read };
    TextView::new(text.lines(&look)).with_cursor()
}

/// Off the loop's thread: which lines differ.
#[divan::bench]
fn compare(bencher: Bencher) {
    let (before, after) = (file(31), file(57));
    bencher.bench(|| DiffText::between(&before, &after, Blanks::Count));
}

/// On the loop's thread: the lines, and the first frame of them.
#[divan::bench]
fn open(bencher: Bencher) {
    let text = DiffText::between(&file(31), &file(57), Blanks::Count);
    let mut buffer = Buffer::empty(SCREEN);
    bencher.bench_local(|| {
        let mut view = view(&text);
        view.render(SCREEN, &mut buffer, &Theme::dark());
        view
    });
}

/// A page further, and its frame; words that differ are found as lines come on screen.
#[divan::bench]
fn page(bencher: Bencher) {
    let text = DiffText::between(&file(31), &file(57), Blanks::Count);
    let mut view = view(&text);
    let after = file(57);
    if let Some(tokens) = highlight(Language::Python, &String::from_utf8_lossy(&after[0].bytes)) {
        view.set_syntax(toolsmith::tui::widget::Side::New, 0, tokens);
    }
    let mut buffer = Buffer::empty(SCREEN);
    view.render(SCREEN, &mut buffer, &Theme::dark());
    bencher.bench_local(|| {
        view.scroll(Move::Pages(1));
        view.render(SCREEN, &mut buffer, &Theme::dark());
        view.seen().seen()
    });
}
