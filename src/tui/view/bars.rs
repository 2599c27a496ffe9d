//! The first and the last line: the current place, and the available actions.

use crate::action::{Context, Verb, spec};
use crate::domain::Instant;
use crate::engine::{CatalogState, ConnectedAgent};
use crate::tui::app::{App, Mood, Opening, Spot, Target};
use crate::tui::ink::{Ink, Line, Span, blank};
use crate::tui::overlay::TYPING_KEYS;
use crate::tui::pane::Pane;
use crate::tui::pane::rows::Title;
use crate::tui::phrase::{age, cut, grouped, plural, safe, wrap};
use crate::tui::screen::Screen;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// The maximum number of lines of a message.
const MOST_MESSAGE_LINES: usize = 3;

/// The maximum width of the name of an agent's client program.
const MOST_CLIENT: usize = 22;

/// The width of this program's name in the first line.
const NAME: usize = 14;

/// The minimum width of the workspace, however much is shown about agents.
const LEAST_PLACE: usize = 14;

/// The separator of two states.
const BETWEEN: &str = " · ";

/// The space between two hints.
const GAP: u16 = 2;

/// Words for the footer: shorter than the names of the table, which are commands.
fn hint_word(verb: Verb, app: &App) -> &'static str {
    let (context, is_service) = (app.context(), app.selected_instance().is_some());
    match verb {
        // The effect of these verbs on the run of an instance.
        Verb::Cancel if is_service => spec(Verb::Terminate).name,
        Verb::Rerun if is_service => spec(Verb::Relaunch).name,
        Verb::Output if context == Context::Services => "log",
        Verb::Output => "open output",
        Verb::Review | Verb::GoTo => "open",
        Verb::RequestChanges => "request changes",
        Verb::NextTab => "next",
        Verb::NextPane => "next text",
        Verb::ToggleDiff => "diff/source",
        Verb::Bottom => "end",
        Verb::ApproveOver => "approve anyway",
        Verb::NextRisk => "risk",
        Verb::NextHunk => "change",
        Verb::MarkRead => "mark as read",
        Verb::EditRun => "edit input",
        Verb::MarkLine => "mark",
        Verb::ClearLines => "clear",
        Verb::Unfold => "all facts",
        Verb::LeaveOut => "adopt/leave",
        Verb::ReadOn if app.leads_on() => "next review",
        Verb::ReadOn => "next page",
        Verb::Skip if !app.is_unread() => "next review",
        Verb::CycleStage => "stages",
        Verb::Init => "sample tool",
        Verb::Starter => "starter tools",
        other => spec(other).name,
    }
}

/// Draws name, workspace, progress of opening and reading, and problems.
pub fn draw_header(app: &mut App, area: Rect, buf: &mut Buffer) {
    let hidden: Vec<&str> = app.panes().into_iter().filter(|pane| app.hidden.has(*pane)).map(Pane::title).collect();
    let hidden = if hidden.is_empty() { String::new() } else { format!("hidden: {} · ", hidden.join(", ")) };
    let mut state = state_spans(app, usize::from(area.width).saturating_sub(NAME + LEAST_PLACE + hidden.width()));
    if !hidden.is_empty() {
        state.insert(0, Span::styled(hidden, app.theme.dim));
    }
    let state_width: usize = state.iter().map(Span::width).sum();
    let theme = &app.theme;
    let room = usize::from(area.width).saturating_sub(state_width + NAME);
    let line = Line::from(vec![
        Span::styled(" toolsmith  ", theme.title),
        Span::styled(cut(&safe(place(app)), room), theme.dim),
    ]);
    buf.put_line(area.x, area.y, &line, area.width);
    draw_right(&state, area, buf);
}

/// Draws the panes as tabs, for screens that show one pane at a time.
pub fn draw_tabs(app: &mut App, area: Rect, buf: &mut Buffer) {
    let panes = app.panes();
    let width_of = |spans: &[Span]| spans.iter().map(Span::width).sum::<usize>();
    // Every screen must show that there are problems. Words of tabs can be short.
    let least = problem_words(app, true);
    // The shortest words about agents: names of tabs matter more than longer words.
    let with_agents_least = with_agents(app, least.clone().into_iter().collect(), 0);
    let [least, with_agents_least] =
        [least.into_iter().collect(), with_agents_least].map(|parts| width_of(&joined(parts, app)));
    let tabs = [TabWords::Steps, TabWords::Whole, TabWords::Short, TabWords::Digits]
        .map(|words| panes.iter().map(|pane| (*pane, tab_text(app, *pane, words))).collect::<Vec<_>>());
    let all = |tabs: &[(Pane, String)]| tabs.iter().map(|(_, text)| text.width() + 1).sum::<usize>();
    let fits = |least: usize| tabs[..3].iter().find(|tabs| all(tabs) + least <= usize::from(area.width));
    let tabs = fits(with_agents_least).or_else(|| fits(least)).unwrap_or(&tabs[3]).clone();
    let mut x = area.x;
    for (pane, text) in tabs {
        let style = if app.focus == pane { app.theme.title.patch(app.theme.selection) } else { app.theme.dim };
        let room = area.right().saturating_sub(x);
        let (end, _) = buf.put(x, area.y, &text, usize::from(room), style);
        app.spots.push(Spot { area: Rect { x, width: end - x, ..area }, target: Target::Pane(pane) });
        x = (end + 1).min(area.right());
    }
    let room = usize::from(area.right().saturating_sub(x));
    let [problems, short] = [false, true].map(|short| problem_words(app, short).into_iter().collect::<Vec<_>>());
    let mut states = vec![state_spans(app, room)];
    if !app.agents.is_empty() {
        // Connected agents matter more than the number of tools.
        states.extend([&problems, &short].map(|parts| joined(with_agents(app, parts.clone(), room), app)));
    }
    states.extend([problems, short].map(|parts| joined(parts, app)));
    if let Some(state) = states.iter().find(|state| width_of(state) <= room) {
        draw_right(state, area, buf);
    }
}

/// How much of the tabs is written.
#[derive(Clone, Copy)]
enum TabWords {
    /// The pane of a new user shows the first steps.
    Steps,
    Whole,
    Short,
    /// Only digits for hidden panes: all panes and the current one stay visible.
    Digits,
}

fn tab_text(app: &App, pane: Pane, words: TabWords) -> String {
    let count = match pane {
        Pane::Catalog => app.catalog.shown(),
        Pane::Output => app.output.live_count(),
        Pane::Failures => app.failures.open_count(),
        Pane::Queue => app.queue.len(),
        Pane::Services => app.services.len(),
    };
    let count = if count > 0 { format!(" {}", grouped(count)) } else { String::new() };
    if app.hidden.has(pane) {
        return format!(" ({}) ", pane.digit());
    }
    if app.theme.numbered && app.focus == pane {
        return format!(" selected: {}{count} ", pane.title());
    }
    match words {
        TabWords::Short => format!(" {}{count} ", cut(pane.title(), 6).replace('…', ".")),
        TabWords::Digits if app.focus != pane => format!(" {} ", cut(pane.title(), 2).replace('…', "")),
        TabWords::Steps if pane == Pane::Output && app.output.shows_first_steps() => " 2 First steps ".to_owned(),
        TabWords::Steps | TabWords::Whole | TabWords::Digits => format!(" {}{count} ", pane.title()),
    }
}

/// How many problems there are; `None` for none.
fn problem_words(app: &App, short: bool) -> Option<(String, Style)> {
    let key = app.keymap.key(Verb::Messages);
    let text = match app.catalog.problems().count() {
        0 => return None,
        // The key that shows them, as in the long form.
        problems if short => format!("{key} {}", grouped(problems)),
        problems => format!("{} ({key})", plural(problems, "problem", "problems")),
    };
    Some((text, app.theme.warn))
}

/// These states and then the connected agents, in as many words as fit.
fn with_agents(app: &App, mut parts: Vec<(String, Style)>, room: usize) -> Vec<(String, Style)> {
    let taken: usize = parts.iter().map(|(text, _)| text.width() + BETWEEN.width()).sum();
    let mut forms = agent_words(&app.agents, app.now.wall);
    let fits = |text: &String| taken + text.width() < room;
    let at = forms.iter().position(fits).unwrap_or(forms.len().saturating_sub(1));
    if at < forms.len() {
        parts.push((forms.swap_remove(at), app.theme.accent));
    }
    parts
}

/// The connected agents, in increasingly short forms. `agents` shows all details.
fn agent_words(agents: &[ConnectedAgent], now: Instant) -> Vec<String> {
    // Runs and requests belong to an agent, over all its connections.
    let each: BTreeMap<&str, &ConnectedAgent> = agents.iter().map(|agent| (agent.agent.as_str(), agent)).collect();
    let runs: usize = each.values().map(|agent| agent.runs).sum();
    let waiting: usize = each.values().map(|agent| agent.waiting).sum();
    let runs = if runs == 0 { String::new() } else { format!(", {}", plural(runs, "run", "runs")) };
    let waiting = if waiting == 0 { String::new() } else { format!(", {} waiting", grouped(waiting)) };
    let (who, whole) = match agents {
        [] => return Vec::new(),
        [one] => {
            let (who, client) = (format!("agent {}", safe(&one.agent)), cut(&safe(&one.client), MOST_CLIENT));
            let client = if client.is_empty() { client } else { format!(" ({client})") };
            let rest = format!(", {}{runs}{waiting}", age(now, one.since));
            let whole = vec![format!("{who}{client}{rest}"), format!("{who}{rest}")];
            (who, whole)
        }
        [first, ..] if each.len() == 1 => {
            let who = format!("agent {}", safe(&first.agent));
            let whole = format!("{who}, {} connections{runs}{waiting}", agents.len());
            (who, vec![whole])
        }
        _ => (plural(each.len(), "agent", "agents"), Vec::new()),
    };
    whole.into_iter().chain([format!("{who}{runs}{waiting}"), format!("{who}{waiting}")]).collect()
}

/// Joins states side by side, with a blank after them.
fn joined(parts: Vec<(String, Style)>, app: &App) -> Vec<Span> {
    if parts.is_empty() {
        return Vec::new();
    }
    let mut spans = Vec::new();
    for (at, (text, style)) in parts.into_iter().enumerate() {
        if at > 0 {
            spans.push(Span::styled(BETWEEN, app.theme.dim));
        }
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::raw(" "));
    spans
}

/// Draws the keys that work now, or a message; pending reviews and help are always there.
pub fn draw_footer(app: &mut App, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    // While an overlay is open, only its own keys work, and it names them itself. The same applies while text is typed.
    let covered = !app.overlays.is_empty() || app.is_typing();
    let has_help = app.overlays.last().map_or(!app.is_typing(), |overlay| overlay.has_help(&app.keymap));
    let help = if has_help { format!("{} help ", app.keymap.key(Verb::Help)) } else { String::new() };
    let key = if covered { String::new() } else { format!("{}: ", app.keymap.key(Verb::FocusReviews)) };
    let waiting = match app.queue.len() {
        // A review shows its position in the queue; its keys need the space.
        _ if !matches!(app.screen, Screen::Workbench) => String::new(),
        0 => String::new(),
        1 => format!("{key}⚑ 1 pending review"),
        more => format!("{key}⚑ {} pending reviews", grouped(more)),
    };
    let waiting = if area.width < 50 && !waiting.is_empty() { format!("⚑ {}", app.queue.len()) } else { waiting };
    let waiting = if covered && !has_help && !waiting.is_empty() { format!("{waiting} ") } else { waiting };
    let key = if covered { String::new() } else { format!("{}: ", app.keymap.key(Verb::Evolutions)) };
    let evolving = match app.evolutions.going() {
        0 => String::new(),
        going if area.width < 80 => format!("… {going} evolving"),
        going => format!("{key}… {} evolving", grouped(going)),
    };
    let key = if covered { String::new() } else { format!("{}: ", app.keymap.key(Verb::Services)) };
    let failing = match app.services.failing_count() {
        0 => String::new(),
        failing if area.width < 100 => format!("{key}✗ {failing} failing"),
        failing => format!("{key}✗ {} failing", plural(failing, "service", "services")),
    };
    let checking = match app.checking() {
        None => String::new(),
        // The keys matter more; the queue shows the same for each review.
        Some(_) if area.width < 80 || !matches!(app.screen, Screen::Workbench) => String::new(),
        Some((done, all)) if area.width < 100 => format!("… {done}/{all} checked"),
        Some((done, all)) => format!("… {done} of {all} checked"),
    };
    let mut right = area.right();
    let states = [
        (help, Verb::Help, theme.accent),
        (failing, Verb::Services, theme.bad),
        (waiting, Verb::FocusReviews, theme.warn),
        (checking, Verb::FocusReviews, theme.dim),
        (evolving, Verb::Evolutions, theme.accent),
    ];
    for (text, verb, style) in states {
        let width = text.width() as u16;
        if width == 0 || right < area.x + width {
            continue;
        }
        let x = right - width;
        buf.put(x, area.y, &text, usize::from(width), style);
        app.spots.push(Spot { area: Rect { x, width, ..area }, target: Target::Verb(verb) });
        right = x.saturating_sub(GAP);
    }
    let left = Rect { x: area.x + 1, width: right.saturating_sub(area.x + 1), ..area };
    if !app.overlays.is_empty() {
        return;
    }
    if covered {
        let hints = Title::keys(&TYPING_KEYS);
        put_hints(hints.iter().map(|(key, word)| (key.as_str(), *word)), left, buf, &theme);
    } else {
        draw_hints(app, left, buf);
    }
}

/// The lines of the displayed message, otherwise of the work in progress, with their style.
pub fn message_lines(app: &App, width: u16) -> (Vec<String>, Style) {
    let room = usize::from(width).saturating_sub(2).max(1);
    let (text, style) = match (app.messages.shown(), app.working()) {
        (Some(toast), _) if toast.mood == Mood::Trouble => (format!("! {}", toast.text), app.theme.bad),
        (Some(toast), _) => (toast.text.clone(), app.theme.good),
        (None, Some(work)) => (work, app.theme.accent),
        (None, None) => return (Vec::new(), app.theme.text),
    };
    let mut lines = wrap(&text, room);
    if lines.len() > MOST_MESSAGE_LINES {
        lines.truncate(MOST_MESSAGE_LINES);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), room);
        }
    }
    (lines, style)
}

/// Draws the message above the last line, over what is there.
pub fn draw_message(app: &App, screen: Rect, buf: &mut Buffer) {
    let (lines, style) = message_lines(app, screen.width);
    let height = (lines.len() as u16).min(screen.height.saturating_sub(1));
    let area = Rect { y: screen.bottom() - 1 - height, height, ..screen };
    blank(area, buf);
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buf.put(area.x + 1, y, line, usize::from(area.width.saturating_sub(1)), style);
    }
}

/// Draws complete hints from the left, as many as fit.
fn draw_hints(app: &mut App, area: Rect, buf: &mut Buffer) {
    let shown: &App = app;
    let hints: Vec<(Verb, String)> = shown.hints().into_iter().map(|verb| (verb, shown.keymap.key(verb))).collect();
    let words = hints.iter().map(|(verb, key)| (key.as_str(), hint_word(*verb, shown)));
    let spots = put_hints(words, area, buf, &shown.theme);
    let spots = spots.into_iter().map(|(at, area)| Spot { area, target: Target::Verb(hints[at].0) });
    app.spots.extend(spots);
}

/// Writes as many complete hints as fit, from the left; returns the written hints and their positions.
fn put_hints<'h>(
    hints: impl Iterator<Item = (&'h str, &'static str)>,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) -> Vec<(usize, Rect)> {
    let (mut x, mut spots) = (area.x, Vec::new());
    for (at, (key, word)) in hints.enumerate() {
        let width = (key.width() + 1 + word.width()) as u16;
        if x + width > area.right() {
            continue;
        }
        buf.put(x, area.y, key, key.width(), theme.accent);
        buf.put(x + key.width() as u16 + 1, area.y, word, word.width(), theme.text);
        spots.push((at, Rect { x, width, height: 1, y: area.y }));
        x += width + GAP;
    }
    spots
}

fn place(app: &App) -> &str {
    match &app.opening {
        Opening::Done(opened) => &opened.workspace,
        Opening::Pending | Opening::Failed(_) => &app.call.workspace,
    }
}

fn state_spans(app: &App, room: usize) -> Vec<Span> {
    let theme = &app.theme;
    let view = app.catalog.view();
    let mut parts: Vec<(String, Style)> = Vec::new();
    match (&app.opening, view.state) {
        (Opening::Failed(error), _) => parts.push((format!("not open: {}", safe(&error.message)), theme.bad)),
        (Opening::Pending, _) => parts.push(("opening…".to_owned(), theme.warn)),
        (Opening::Done(_), CatalogState::Loading { done, total }) => {
            let counts = if total > 0 { format!(" {}/{}", grouped(done), grouped(total)) } else { "…".to_owned() };
            parts.push((format!("Loading{counts}"), theme.warn));
        }
        (Opening::Done(_), CatalogState::Ready) => {
            parts.push(match app.catalog.state_problem() {
                Some(_) => ("state lost or read-only".to_owned(), theme.bad),
                None => ("Ready".to_owned(), theme.good),
            });
            parts.push((plural(app.catalog.current_count(), "tool", "tools"), theme.dim));
        }
    }
    parts.extend(problem_words(app, false));
    if let Some(agent) = &app.call.agent {
        parts.push((format!("as agent {}", safe(agent)), theme.warn));
    }
    joined(with_agents(app, parts, room), app)
}

fn draw_right(spans: &[Span], area: Rect, buf: &mut Buffer) {
    let width: usize = spans.iter().map(Span::width).sum();
    let width = (width as u16).min(area.width);
    let line = Line::from(spans.to_vec());
    buf.put_line(area.right() - width, area.y, &line, width);
}
