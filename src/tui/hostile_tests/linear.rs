//! The screen for screen readers shows words instead of signs on every scene.

use super::{SCENES, bench, services};
use crate::tui::ascii::Letters;
use crate::tui::linear::{BARE, WORDS};
use std::path::Path;
use unicode_width::UnicodeWidthChar;

/// Allows ASCII, letters of any language and combining characters.
fn is_allowed(c: char) -> bool {
    c.is_ascii() || c.is_alphanumeric() || c.width() == Some(0)
}

#[test]
fn no_sign_is_on_any_screen_for_readers_of_screens() {
    for size in [(120, 40), (80, 24), (60, 20), (44, 12)] {
        for (name, scene) in SCENES.iter().chain(services::SCENES) {
            let mut bench = bench(size.0, size.1);
            bench.app.letters = Letters::Linear;
            bench.draw();
            scene(&mut bench);
            for keys in ["", "G", "l", "]", "]"] {
                bench.press(keys);
                let screen = bench.screen();
                let signs: String = screen.chars().filter(|c| !is_allowed(*c)).collect();
                assert_eq!(signs, "", "{name} {size:?} after {keys:?}\n{screen}");
            }
        }
    }
}

/// The characters of the program's texts that are neither ASCII nor letters.
fn signs_in(folder: &Path, signs: &mut Vec<(char, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            signs_in(&path, signs);
        } else if path.extension().is_some_and(|end| end == "rs") && !name.contains("tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let found = lines.flat_map(str::chars).filter(|c| !c.is_ascii() && !c.is_alphanumeric());
            signs.extend(found.map(|c| (c, name.clone())));
        }
    }
}

#[test]
fn every_sign_of_the_program_has_a_word() {
    let mut signs = Vec::new();
    signs_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui"), &mut signs);
    // Quotes, brackets and dashes have an ASCII character with the same reading.
    let has_twin = |c: char| "«»‹’‘“”¿⟨⟩—−".contains(c) || ('\u{2500}'..='\u{257f}').contains(&c);
    let has_word = |c: char| WORDS.iter().map(|(sign, _)| sign).chain(BARE).any(|sign| sign.starts_with(c));
    // The characters that the list of replacements names.
    signs.retain(|(c, file)| !["signs.rs", "linear.rs", "testing.rs"].contains(&file.as_str()) && !has_twin(*c));
    let without: Vec<&(char, String)> = signs.iter().filter(|(c, _)| !has_word(*c)).collect();
    assert_eq!(without, Vec::<&(char, String)>::new(), "give each a word in src/tui/linear.rs");
    assert!(WORDS.iter().all(|(_, word)| word.is_ascii()));
}

#[test]
fn a_linear_screen_shows_one_thing_with_labels_and_puts_the_cursor_on_what_is_selected() {
    let mut bench = crate::tui::testing::Bench::ready(120, 40);
    bench.app.letters = Letters::Linear;
    let screen = bench.screen();
    let first = screen.lines().find(|line| line.contains("selected:")).unwrap_or_else(|| panic!("{screen}"));
    assert!(first.starts_with(" selected:") && first.contains("csv-stats"), "{screen}");
    assert!(!screen.contains("Failures\n") && !screen.contains("+-"), "one pane: {screen}");
    bench.press(":");
    let screen = bench.screen();
    assert!(screen.contains("Palette") && !screen.contains("json-query"), "nothing behind it: {screen}");
    bench.press("esc down");
    let area = ratatui::layout::Rect::new(0, 0, 120, 40);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    let cursor = crate::tui::view::draw_into(&mut bench.app, area, &mut buf).unwrap();
    let row: String = (0..60).map(|x| buf[(x, cursor.y)].symbol()).collect();
    assert!(row.contains("selected:") && row.contains("divide"), "{row}");
}

#[test]
fn a_row_whose_words_do_not_fit_gets_one_character_for_each_sign() {
    let mut bench = crate::tui::testing::Bench::ready(60, 20);
    bench.app.letters = Letters::Linear;
    let text = "⚑".repeat(40);
    bench.app.say(crate::tui::app::Mood::Calm, &format!("{text} tail"));
    let screen = bench.screen();
    assert!(screen.contains("????") && screen.contains("tail"), "{screen}");
}
