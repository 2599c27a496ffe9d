//! Draws the state. Nothing here changes the program's data; drawing only records positions and what was visible.

mod bars;

use super::app::{App, Spot, Target};
use super::keymap::Chord;
use super::layout::{Arrangement, MIN_HEIGHT, MIN_WIDTH, Needs, arrange};
use super::overlay::Overlay;
use super::pane::Pane;
use super::pane::rows::{Focus, Look, NamedKeys, draw_empty};
use super::phrase::wrap;
use super::screen::Screen;
use super::screen::reader::Exposure;
use crate::domain::FailureGroup;
use crate::tui::ascii::Letters;
use crate::tui::ink::{Ink, blank, fade};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Draws the whole screen.
pub fn draw(app: &mut App, frame: &mut Frame) {
    let area = frame.area();
    let room = app.letters.room(area);
    app.size = (room.width, room.height);
    if let Some(cursor) = draw_into(app, area, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the whole screen into a buffer and returns the cursor position.
pub fn draw_into(app: &mut App, area: Rect, buf: &mut Buffer) -> Option<Position> {
    app.spots.clear();
    app.plots.want(Vec::new(), &app.theme);
    let whole = area;
    let area = app.letters.room(whole);
    let said = said_lines(app, area);
    let arrangement = arrange(area, Needs { said, ..app.needs() });
    if arrangement == Arrangement::TooSmall {
        draw_too_small(app, area, buf);
        return None;
    }
    let mut cursor = match app.screen {
        Screen::Workbench => draw_workbench(app, arrangement, buf),
        Screen::Review(_) | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => {
            draw_screen(app, area, said, buf)
        }
    };
    let named = NamedKeys::default();
    let look = Look { theme: &app.theme, keymap: &app.keymap, now: app.now, named: &named };
    // A screen reader presents one thing at a time.
    let first = if app.letters == Letters::Linear { app.overlays.len().saturating_sub(1) } else { 0 };
    if !app.overlays.is_empty() {
        fade(Rect { height: area.height - 1, ..area }, buf, app.theme.dim);
    }
    // A box leaves a row above the keys free, and more for a message of several lines.
    let above = Rect { height: area.height - said.saturating_sub(1), ..area };
    let shows_pictures = app.letters == Letters::All && app.plots.protocol(&app.theme).is_some();
    for overlay in app.overlays.iter_mut().skip(first) {
        if let Overlay::Report(report) = overlay {
            report.set_pictures(shows_pictures);
        }
        if app.letters == Letters::Linear {
            blank(whole, buf);
        }
        cursor = overlay.draw(above, buf, look);
    }
    app.spots.extend(named.into_inner().into_iter().filter_map(|(area, key)| {
        let target = Target::Key(Chord::parse(&key).ok()?);
        Some(Spot { area, target })
    }));
    bars::draw_message(app, area, buf);
    draw_plots(app, area, buf);
    app.letters.apply(buf, area, cursor)
}

/// Lines of the displayed message, of which a screen of this size has room. It covers nothing: what lies above is
/// shorter as long as it is shown.
fn said_lines(app: &App, area: Rect) -> u16 {
    (bars::message_lines(app, area.width).0.len() as u16).min(area.height.saturating_sub(2))
}

/// Draws charts as pictures, where nothing lies over them.
fn draw_plots(app: &mut App, area: Rect, #[cfg_attr(not(feature = "plots"), expect(unused))] buf: &mut Buffer) {
    let said = said_lines(app, area);
    let bottom = area.bottom().saturating_sub(1 + said);
    let placed = match app.overlays.last() {
        Some(Overlay::Report(report)) => report.placed(),
        _ => &[],
    };
    let free = placed.iter().filter_map(|plot| plot.clone().within(area.y, bottom)).collect();
    app.plots.want(free, &app.theme);
    #[cfg(feature = "plots")]
    app.plots.draw(buf);
}

fn draw_too_small(app: &App, area: Rect, buf: &mut Buffer) {
    let quit = app.keymap.key(crate::action::Verb::Quit);
    let text = format!("{}x{}: needs {MIN_WIDTH}x{MIN_HEIGHT} · {quit} quit", area.width, area.height);
    if !area.is_empty() {
        buf.put(area.x, area.y, text, usize::from(area.width), app.theme.text);
    }
}

fn draw_workbench(app: &mut App, arrangement: Arrangement, buf: &mut Buffer) -> Option<Position> {
    app.output.first_steps = app.first_steps();
    match arrangement {
        Arrangement::TooSmall => None,
        Arrangement::All { header, catalog, services, output, failures, queue, footer } => {
            bars::draw_header(app, header, buf);
            let areas =
                [(Pane::Catalog, catalog), (Pane::Output, output), (Pane::Failures, failures), (Pane::Queue, queue)];
            let areas = areas.into_iter().chain(services.map(|area| (Pane::Services, area)));
            let areas = areas.filter(|(_, area)| !area.is_empty());
            let cursors: Vec<_> = areas.map(|(pane, area)| draw_pane(app, pane, area, buf)).collect();
            bars::draw_footer(app, footer, buf);
            cursors.into_iter().flatten().next()
        }
        Arrangement::One { tabs, pane, footer } => {
            bars::draw_tabs(app, tabs, buf);
            let cursor = draw_pane(app, app.focus, pane, buf);
            draw_first_steps(app, buf);
            bars::draw_footer(app, footer, buf);
            cursor
        }
    }
}

fn draw_pane(app: &mut App, pane: Pane, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let focus = Focus::when(app.focus == pane);
    let look = Look { theme: &app.theme, keymap: &app.keymap, now: app.now, named: &NamedKeys::default() };
    let (list, cursor) = match pane {
        Pane::Catalog => app.catalog.draw(area, buf, focus, look),
        Pane::Output => app.output.draw(area, buf, focus, look),
        Pane::Failures => {
            let (catalog, runs) = (&app.catalog, &app.runs);
            let place = |group: &FailureGroup| {
                let run = runs.iter().find(|run| Some(run.id) == group.sample_run)?;
                catalog.place_of_version(&run.tool, run.digest).map(str::to_owned)
            };
            app.failures.draw(area, buf, (focus, look), &place)
        }
        Pane::Queue => app.queue.draw(area, buf, focus, look),
        Pane::Services => app.services.draw(area, buf, focus, look),
    };
    app.spots.push(Spot { area, target: Target::Pane(pane) });
    app.spots.push(Spot { area: list, target: Target::List(pane) });
    cursor.filter(|_| app.focus == pane)
}

/// On a screen with only one pane, draws the first steps for new users below the few tools, if all of them fit.
fn draw_first_steps(app: &App, buf: &mut Buffer) {
    let list = app.spots.iter().find(|spot| matches!(spot.target, Target::List(Pane::Catalog)));
    let (Some(steps), Some(list)) = (app.output.first_steps, list) else { return };
    let used = u16::try_from(app.catalog.rows()).unwrap_or(u16::MAX).saturating_add(1);
    let rest = Rect { y: list.area.y.saturating_add(used), height: list.area.height.saturating_sub(used), ..list.area };
    let sentences = steps.sentences(&app.keymap);
    let width = usize::from(rest.width.saturating_sub(2));
    let lines: usize = sentences.iter().map(|sentence| wrap(sentence, width).len().max(1)).sum();
    if app.catalog.rows() > 0 && lines < usize::from(rest.height) {
        draw_empty(rest, buf, &sentences, &app.theme);
    }
}

fn draw_screen(app: &mut App, area: Rect, said: u16, buf: &mut Buffer) -> Option<Position> {
    let exposure = if app.overlays.is_empty() { Exposure::Open } else { Exposure::Covered };
    let look = Look { theme: &app.theme, keymap: &app.keymap, now: app.now, named: &NamedKeys::default() };
    let body = Rect { height: area.height - 1 - said, ..area };
    let cursor = match &mut app.screen {
        Screen::Workbench => None,
        Screen::Review(screen) => {
            let place = app.queue.place(screen.review.id);
            screen.draw(body, buf, look, exposure, place)
        }
        Screen::Source(screen) => screen.draw(body, buf, look, exposure),
        Screen::Behaviour(screen) => screen.draw(body, buf, look, exposure),
        Screen::Evolution(screen) => screen.draw(body, buf, look, exposure),
    };
    bars::draw_footer(app, Rect { y: area.bottom() - 1, height: 1, ..area }, buf);
    cursor
}
