//! Every screen at every size and in every theme.

use super::{SCENES, bench, services};
use crate::tui::theme::{Ground, Theme};

#[test]
fn every_screen_is_drawn_at_every_size_and_says_the_same_in_every_theme() {
    for size in [(120, 40), (80, 24), (60, 20), (40, 10)] {
        for (name, scene) in SCENES.iter().chain(services::SCENES) {
            let mut bench = bench(size.0, size.1);
            bench.draw();
            scene(&mut bench);
            let dark = bench.screen();
            assert!(!dark.contains("needs 40x10"), "{name} {size:?}");
            let lines: Vec<&str> = dark.lines().filter(|line| !line.trim().is_empty()).collect();
            assert!(lines.len() >= 4, "{name} {size:?} is blank: {dark}");
            // If a box is open, its corners are visible: no part of it lies outside the screen.
            if !bench.app.overlays.is_empty() {
                let has = |sign: char| dark.contains(sign);
                assert!(has('╭') && has('╮') && has('╰') && has('╯'), "{name} {size:?}: {dark}");
            }
            for theme in
                [Theme::light(), Theme::high_contrast(Ground::Dark), Theme::ansi(Ground::Light), Theme::plain()]
            {
                bench.app.theme = theme;
                assert_eq!(bench.screen(), dark, "{name} {size:?}");
            }
        }
    }
}
