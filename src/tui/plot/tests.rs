use super::*;
use crate::domain::Instant;
use crate::engine::{Dashboard, Foresight, HourOfRuns, PlotSetting};
use crate::tui::msg::Answer;
use crate::tui::testing::Bench;
use ratatui::buffer::Buffer;
use std::collections::BTreeMap;

fn placed(columns: Vec<Option<u16>>, rows: u16) -> PlacedPlot {
    let width = columns.len() as u16;
    let area = Rect { x: 0, y: 0, width, height: rows };
    PlacedPlot { plot: Plot { left: 0, ink: Ink::Good, columns }, area, above: 0, rows }
}

const LOOK: PlotLook =
    PlotLook { protocol: Protocol::Kitty, cell: (10, 20), bar: [1, 2, 3], faint: [4, 5, 6], within_tmux: false };

/// How many pixels of the column with this number have the bar's colour, counted from the bottom.
fn height_of(raster: &raster::Raster, column: usize) -> usize {
    let pixel = |y: usize| &raster.pixels[(y * raster.width + column * 10) * 4..][..4];
    (0..raster.height).rev().take_while(|y| pixel(*y) == [1, 2, 3, 0xff]).count()
}

#[test]
fn columns_are_as_high_as_their_values_and_no_value_is_a_dot() {
    let raster = raster::draw(&placed(vec![Some(0), Some(500), Some(1_000), None], 2), &LOOK);
    assert_eq!((raster.width, raster.height), (40, 40));
    assert_eq!([0, 1, 2, 3].map(|at| height_of(&raster, at)), [1, 19, 38, 0]);
    assert!(raster.pixels.chunks_exact(4).any(|pixel| pixel == [4, 5, 6, 0xff]), "the dot");
    assert_eq!(&raster.pixels[..4], [0; 4], "the ground is the terminal's");
}

#[test]
fn of_a_chart_that_is_scrolled_out_its_lower_rows_are_drawn() {
    let whole = placed(vec![Some(1_000)], 3);
    let cut = whole.clone().within(1, 3).unwrap();
    assert_eq!((cut.area, cut.above), (Rect { x: 0, y: 1, width: 1, height: 2 }, 1));
    assert_eq!(height_of(&raster::draw(&cut, &LOOK), 0), 40, "it is higher than what is seen of it");
    assert_eq!(whole.within(3, 9), None);
}

#[test]
fn pictures_have_the_colours_of_the_theme_where_these_are_known() {
    assert_eq!(colour(Ink::Accent, &Theme::dark()), Some([95, 215, 215]));
    assert_eq!(colour(Ink::Dim, &Theme::dark()), Some([168; 3]));
    assert_eq!(colour(Ink::Good, &Theme::ansi(Ground::Dark)), None, "only the terminal knows");
}

/// An open dashboard on a terminal with this name.
fn dashboard(program: &str, change: impl FnOnce(&mut Bench)) -> Bench {
    let mut bench = Bench::ready(120, 40);
    bench.app.plots.name = TerminalName { program: program.to_owned(), ..TerminalName::default() };
    bench.app.plots.cell = Some((10, 20));
    change(&mut bench);
    let hour = |ago: i64| HourOfRuns { hour: 490_000 - ago * 20, runs: 1 + ago as u64, succeeded: 1, mean_ms: 5.0 };
    let figures = Dashboard {
        at: Instant(490_000 * 3_600_000),
        stages: BTreeMap::from([("core".to_owned(), 1)]),
        hours: (0..9).rev().map(hour).collect(),
        tiers: BTreeMap::new(),
        open_failures: 0,
        failures: Vec::new(),
        waiting_reviews: 0,
        median_recovery_ms: None,
        warnings: Foresight { runs: 0, failed: 0, warned: 0, hits: 0 },
        top: Vec::new(),
        low: Vec::new(),
        alerts: Vec::new(),
    };
    bench.press("0").answer(Answer::Dashboard(Ok(Box::new(figures))));
    bench
}

/// Draws as the loop does: twice if the pictures changed. Returns the cells, and how often it drew.
fn drawn(bench: &mut Bench) -> (Buffer, u8) {
    let buf = bench.draw();
    if bench.app.plots.take_changed() { (bench.draw(), 2) } else { (buf, 1) }
}

fn text(buf: &Buffer) -> String {
    buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}

#[cfg(feature = "plots")]
#[test]
fn charts_are_pictures_in_the_way_of_each_terminal() {
    for (program, begins) in [("kitty", "\u{1b}_Gq=2,i="), ("iTerm.app", "\u{1b}]1337;File="), ("foot", "\u{1b}P")] {
        let mut bench = dashboard(program, |_| {});
        let (buf, times) = drawn(&mut bench);
        assert_eq!(times, 2, "{program}: the first time it is drawn, the screen is drawn anew");
        let pictures: Vec<&str> =
            buf.content.iter().map(ratatui::buffer::Cell::symbol).filter(|symbol| symbol.contains(begins)).collect();
        assert_eq!(pictures.len(), 4, "{program}: one for each chart");
        for picture in pictures {
            let words = ["core", "runs", "log-digest", "peak"];
            assert!(words.iter().all(|word| !picture.contains(word)), "{program}: no text is in it: {picture:?}");
        }
        for label in ["runs       ", "failures   ", "success    ", "time       ", "45 in 14 days · peak 9", "each bar"]
        {
            assert!(text(&buf).contains(label), "{program}: {label} stays text");
        }
    }
}

#[cfg(feature = "plots")]
#[test]
fn a_picture_is_sent_when_it_appears_and_goes_when_something_lies_over_it() {
    let mut bench = dashboard("kitty", |_| {});
    drawn(&mut bench);
    let (again, times) = drawn(&mut bench);
    assert_eq!(times, 1, "nothing changed");
    assert!(!text(&again).contains("\u{1b}_G") && text(&again).contains('\u{10eeee}'), "it is there already");
    bench.press("?");
    let (covered, times) = drawn(&mut bench);
    assert_eq!(times, 2, "the screen is drawn anew");
    assert!(!text(&covered).contains('\u{10eeee}'));
    bench.press("esc");
    let (back, times) = drawn(&mut bench);
    assert_eq!(times, 2);
    assert!(text(&back).contains('\u{10eeee}'));
    bench.app.plots.forget();
    assert!(text(&drawn(&mut bench).0).contains("\u{1b}_G"), "the terminal lost it: it is sent again");
}

#[test]
fn without_pictures_charts_are_characters_as_before() {
    let plain = dashboard("", |_| {}).draw();
    let reader = |bench: &mut Bench| bench.app.letters = crate::tui::ascii::Letters::Ascii;
    for (why, program, change) in [
        ("the terminal shows none", "vscode", Box::new(|_: &mut Bench| {}) as Box<dyn FnOnce(&mut Bench)>),
        ("the setting", "kitty", Box::new(|bench| bench.app.plots.setting = PlotSetting::Characters)),
        ("nobody knows how large a cell is", "kitty", Box::new(|bench| bench.app.plots.cell = None)),
    ] {
        let mut bench = dashboard(program, change);
        let (buf, times) = drawn(&mut bench);
        assert_eq!((text(&buf), times), (text(&plain), 1), "{why}");
    }
    for change in [Box::new(reader) as Box<dyn FnOnce(&mut Bench)>, Box::new(|bench| bench.app.theme = Theme::plain())]
    {
        let (buf, _) = drawn(&mut dashboard("kitty", change));
        assert!(!text(&buf).contains('\u{1b}') && !text(&buf).contains('\u{10eeee}'));
    }
}
