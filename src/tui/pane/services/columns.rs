//! Rows of instances in columns that are as wide as their content.

use super::Placed;
use crate::domain::service::{HealthState, InstanceState};
use crate::engine::InstanceView;
use crate::tui::ink::Span;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{cut, lasted, pad, safe};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// The width of the symbol and the word of a state, `backing-off` being the longest.
const STATE: usize = 14;
/// The width of the up-time.
const UP: usize = 5;
/// The width of processor and memory use.
const LOAD: usize = 12;
/// The width of the ports: all of them, several of them, only the first one.
const PORTS: [usize; 3] = [40, 19, 8];
/// The width of the health as a word of at most four letters or a dash, and of its heading.
const SHORT_HEALTH: usize = 7;
/// The minimum width of names, because of their heading.
const LEAST_NAME: usize = 4;
/// The minimum width of a readable name.
pub const MIN_NAME: usize = 10;
/// The width of an indent, and the maximum number of indents.
const INDENT: (usize, usize) = (2, 4);

/// Column widths, including a blank before each; 0 omits a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns {
    name: usize,
    tool: usize,
    ports: usize,
    up: usize,
    restarts: usize,
    health: usize,
    load: usize,
}

impl Columns {
    /// Columns for these rows at this width. The least important ones are shortened or omitted first, until names are
    /// readable.
    pub fn of<'r>(items: impl Iterator<Item = &'r Placed>, width: usize) -> Columns {
        let mut all = Columns::default();
        for item in items {
            all.widen(item);
        }
        all.fit(width)
    }

    /// Widens the columns for the content of a row.
    fn widen(&mut self, item: &Placed) {
        let view = &item.row.view;
        let beside = |text: &str| if text.is_empty() { 0 } else { text.width() + 1 };
        let is_up = view.now.is_up();
        self.name = self.name.max(name(item).width()).max(LEAST_NAME);
        self.tool = self.tool.max(beside(&tool(view)));
        self.ports = self.ports.max(beside(&safe(&view.ports_words())));
        self.up = self.up.max(if is_up { UP } else { 0 });
        self.restarts = self.restarts.max(beside(&restarts(view)));
        self.health = self.health.max(if is_up { beside(&view.health_words()).max(SHORT_HEALTH) } else { 0 });
        self.load = self.load.max(if is_up { LOAD } else { 0 });
    }

    fn fit(self, width: usize) -> Columns {
        let mut columns = Columns { ports: self.ports.min(PORTS[0]), ..self };
        let goal = self.name.min(width / 4).max(MIN_NAME);
        let shorten: [fn(&mut Columns); 9] = [
            |columns| columns.ports = columns.ports.min(PORTS[1]),
            |columns| columns.ports = columns.ports.min(PORTS[2]),
            |columns| columns.health = columns.health.min(SHORT_HEALTH),
            |columns| columns.tool = 0,
            |columns| columns.load = 0,
            |columns| columns.restarts = 0,
            |columns| columns.health = 0,
            |columns| columns.ports = 0,
            |columns| columns.up = 0,
        ];
        for shorten in shorten {
            if STATE + goal + columns.beside_the_name() <= width {
                break;
            }
            shorten(&mut columns);
        }
        columns.name = self.name.min(width.saturating_sub(STATE + columns.beside_the_name()));
        columns
    }

    fn beside_the_name(&self) -> usize {
        self.tool + self.ports + self.up + self.restarts + self.health + self.load
    }

    /// The column headings.
    pub fn header(&self, theme: &Theme) -> Vec<Span> {
        let cells = [
            (STATE, "  state"),
            (self.name, "name"),
            (self.tool, " tool"),
            (self.ports, " ports"),
            (self.up, " up"),
            (self.restarts, " ×"),
            (self.health, " health"),
            (self.load, "   cpu   mem"),
        ];
        cells.map(|(columns, text)| Span::styled(pad(text, columns), theme.dim)).into()
    }

    /// An instance as a row of this width.
    pub fn row(&self, item: &Placed, width: usize, look: Look) -> Vec<Span> {
        let (theme, view) = (look.theme, &item.row.view);
        let (sign, style) = state_sign(view.now, theme);
        if width < STATE + MIN_NAME {
            let text = format!("{sign} {} {}", view.now, view.instance.name);
            return vec![Span::styled(cut(&text, width), style)];
        }
        let since = view.instance.life.ready_at.filter(|_| view.now.is_up());
        let up = since.map(|at| lasted(look.now.wall, at)).unwrap_or_default();
        let load = item.row.load.filter(|_| view.now.is_up());
        let load = load.map(|load| format!("{:>4}% {:>4}M", load.cpu_percent, load.memory_mib)).unwrap_or_default();
        let cell = |text: &str, columns: usize, style| {
            let text = if columns > 0 { pad(&format!(" {text}"), columns) } else { String::new() };
            Span::styled(text, style)
        };
        let outdated = if view.is_outdated == Some(true) { theme.warn } else { theme.dim };
        vec![
            Span::styled(pad(&format!("{sign} {}", view.now), STATE), style),
            Span::styled(pad(&name(item), self.name), theme.text),
            cell(&tool(view), self.tool, outdated),
            cell(&self.ports(view), self.ports, theme.text),
            cell(&up, self.up, theme.dim),
            cell(&restarts(view), self.restarts, theme.warn),
            cell(&self.health(view), self.health, health_style(view, theme)),
            cell(&load, self.load, theme.dim),
        ]
    }

    /// The ports; if there is only space for one number, the first one.
    fn ports(&self, view: &InstanceView) -> String {
        let ports = &view.instance.ports;
        let words = safe(&view.ports_words());
        match ports.first() {
            Some(first) if self.ports <= PORTS[2] && words.width() >= self.ports => {
                format!("{}{}", first.port, if ports.len() > 1 { "…" } else { "" })
            }
            _ => words,
        }
    }

    /// The health; if there is only space for a short word, a dash for an unknown health.
    fn health(&self, view: &InstanceView) -> String {
        let words = view.health_words();
        if words.width() >= self.health { "–".to_owned() } else { words }
    }
}

/// The symbol and the style of a state; its word is always next to it.
fn state_sign(state: InstanceState, theme: &Theme) -> (&'static str, Style) {
    match state {
        InstanceState::Running => ("▶", theme.good),
        InstanceState::Unhealthy => ("!", theme.bad),
        InstanceState::Failed => ("✗", theme.bad),
        InstanceState::Lost => ("?", theme.bad),
        InstanceState::Starting => ("▹", theme.warn),
        InstanceState::Waiting => ("…", theme.warn),
        InstanceState::Stopping => ("▿", theme.warn),
        InstanceState::BackingOff => ("◷", theme.warn),
        InstanceState::Stopped => ("–", theme.dim),
    }
}

fn health_style(view: &InstanceView, theme: &Theme) -> Style {
    match view.instance.health.state {
        HealthState::Good => theme.good,
        HealthState::Bad => theme.bad,
        HealthState::NotChecked | HealthState::Unknown => theme.dim,
    }
}

/// The name, indented below the instance that it needs.
fn name(item: &Placed) -> String {
    let indent = " ".repeat(item.depth.min(INDENT.1) * INDENT.0);
    format!("{indent}{}{}", if item.depth > 0 { "└ " } else { "" }, item.row.view.instance.name)
}

/// Tool and version; only the version if the instance has the name of its tool.
fn tool(view: &InstanceView) -> String {
    let instance = &view.instance;
    let old = if view.is_outdated == Some(true) { " (old)" } else { "" };
    if instance.name == instance.tool {
        return format!("{}{old}", instance.version);
    }
    format!("{}@{}{old}", instance.tool, instance.version)
}

fn restarts(view: &InstanceView) -> String {
    match view.instance.life.restarts.len() {
        0 => String::new(),
        many => format!("{many}×"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::pane::rows::NamedKeys;
    use crate::tui::testing::{Bench, service, services};

    fn items() -> Vec<Placed> {
        let mut rows = services();
        rows.push(service("payments-gateway-with-a-really-long-name", InstanceState::Running));
        rows.into_iter().map(|row| Placed { row, depth: 1 }).collect()
    }

    #[test]
    fn names_are_readable_and_no_row_is_wider_than_its_place() {
        for width in STATE + MIN_NAME..200 {
            let columns = Columns::of(items().iter(), width);
            assert!(columns.name >= MIN_NAME, "{width}: {columns:?}");
            assert!(STATE + columns.name + columns.beside_the_name() <= width, "{width}: {columns:?}");
        }
    }

    #[test]
    fn every_cell_begins_below_the_name_of_its_column() {
        let bench = Bench::ready(100, 30);
        let look =
            Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &NamedKeys::default() };
        for width in [40, 58, 78, 118, 200] {
            let (items, mut starts) = (items(), Vec::new());
            let columns = Columns::of(items.iter(), width);
            let ends = |spans: Vec<Span>| {
                spans.iter().scan(0, |end, span| Some(std::mem::replace(end, *end + span.width()))).collect::<Vec<_>>()
            };
            starts.push(ends(columns.header(look.theme)));
            starts.extend(items.iter().map(|item| ends(columns.row(item, width, look))));
            assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{width}: {starts:?}");
        }
    }

    #[test]
    fn a_column_that_would_be_empty_is_left_out() {
        let stopped = service("db", InstanceState::Stopped);
        let columns = Columns::of([Placed { row: stopped, depth: 0 }].iter(), 100);
        assert_eq!(columns, Columns { name: LEAST_NAME, tool: 6, ..Columns::default() });
    }
}
