//! The services pane: the instances of services, each below the one that it needs.

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::service::{HealthState, InstanceId, InstanceState};
use crate::domain::{RunId, ToolName};
use crate::engine::InstanceView;
use crate::tui::ink::{Ink, Span};
use crate::tui::msg::ServiceRow;
use crate::tui::phrase::{age, cut, pad, safe, wrap};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::collections::BTreeSet;

/// Columns of the sign and the word of a state, `backing-off` being the longest.
const STATE: usize = 14;
/// Columns of the up-time.
const UP: usize = 5;
/// Columns of the ports where there is room for one, and for several.
const PORTS: (usize, usize) = (7, 18);
/// Columns of the health.
const HEALTH: usize = 12;
/// Columns of the restarts.
const RESTARTS: usize = 5;
/// Columns of processor and memory.
const LOAD: usize = 11;
/// Columns of a name that must be readable.
const MIN_NAME: usize = 10;
/// Rows below the list that say more of the selected instance.
const ABOUT: u16 = 2;
/// Columns of an indentation, and how many there are at most.
const INDENT: (usize, usize) = (2, 4);

/// A row with its place among those that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The instance.
    pub row: ServiceRow,
    /// How many instances it is below.
    pub depth: usize,
}

/// The state of the pane.
pub type ServicesPane = Listing<Placed>;

impl Listed for Placed {
    type Key = InstanceId;

    fn key(&self) -> InstanceId {
        self.row.view.instance.id
    }

    fn texts(&self) -> Vec<&str> {
        let instance = &self.row.view.instance;
        let error = instance.life.last_error.as_deref().unwrap_or_default();
        vec![instance.name.as_str(), instance.tool.as_str(), self.row.view.now.word(), error]
    }
}

impl ServicesPane {
    /// Takes the instances.
    pub fn set_rows(&mut self, rows: Vec<ServiceRow>) {
        self.set(placed(rows));
    }

    /// Whether it is known which instances there are.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no instance.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Every instance.
    pub fn views(&self) -> impl Iterator<Item = &InstanceView> + Clone {
        self.items.iter().map(|item| &item.row.view)
    }

    /// How many do not work, or not as they should.
    pub fn failing_count(&self) -> usize {
        self.views().filter(|view| is_failing(view.now)).count()
    }

    /// How many go on when the workbench is left.
    pub fn going_count(&self) -> usize {
        self.views().filter(|view| view.now.needs_keeper()).count()
    }

    /// The instance of this name.
    pub fn named(&self, name: &str) -> Option<&InstanceView> {
        self.views().find(|view| view.instance.name.as_str() == name)
    }

    /// The instance whose newest run this is.
    pub fn of_run(&self, run: RunId) -> Option<&InstanceView> {
        self.views().find(|view| view.instance.run == Some(run))
    }

    /// The selected instance.
    pub fn selected_view(&self) -> Option<&InstanceView> {
        self.selected().map(|item| &item.row.view)
    }

    /// Selects the instance of this name, when it is listed.
    pub fn select(&mut self, name: &str) {
        let is_it = |row: &usize| self.items[*row].row.view.instance.name.as_str() == name;
        if let Some(at) = self.rows.iter().position(is_it) {
            self.list.selected = at;
        }
    }

    /// Whether a row counts down to its next start.
    pub fn counts_down(&self) -> bool {
        self.views().any(|view| view.now == InstanceState::BackingOff && view.instance.life.next_start_at.is_some())
    }

    /// Draws the pane. Returns where the list lies and, while the filter is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let theme = look.theme;
        let up = self.views().filter(|view| view.now.is_up()).count();
        let detail = format!("{up} of {} up", self.items.len());
        let (filter, typing) = (self.filter.text(), self.typing);
        let (remark, remark_style) = match (filter.is_empty() || typing, self.failing_count()) {
            (false, _) => (format!("/{}", safe(&filter)), theme.accent),
            (true, 0) => (String::new(), theme.dim),
            (true, failing) => (format!("{failing} failing"), theme.bad),
        };
        let title = Title { name: "5 Services", detail, remark, remark_style };
        let mut inner = frame(area, buf, &title, focus, theme);
        let cursor = self.draw_filter(&mut inner, buf, theme);
        if self.rows.is_empty() && self.loaded {
            let sentence = format!("No match. {} clears the filter.", look.keymap.key(Verb::Back));
            draw_empty(inner, buf, &[sentence], theme);
        }
        let about = if inner.height > ABOUT + 1 && !self.rows.is_empty() { ABOUT } else { 0 };
        let above = Rect { height: inner.height - about, ..inner };
        let (items, rows) = (&self.items, &self.rows);
        Rows { list: &mut self.list, len: rows.len(), focus, theme }
            .draw(above, buf, &|index, width| service_row(&items[rows[index]], width, look));
        if about > 0 {
            self.draw_about(Rect { y: above.bottom(), height: about, ..inner }, buf, look);
        }
        (above, cursor)
    }

    /// What the row of the selected instance has no room for.
    fn draw_about(&self, area: Rect, buf: &mut Buffer, look: Look) {
        let Some(row) = self.selected().map(|item| &item.row) else { return };
        let width = usize::from(area.width.saturating_sub(2));
        for (y, (text, style)) in (area.y..area.bottom()).zip(about(row, width, look)) {
            buf.put(area.x + 1, y, text, width, style);
        }
    }
}

/// Whether an instance does not work, or not as it should.
pub fn is_failing(state: InstanceState) -> bool {
    matches!(state, InstanceState::Unhealthy | InstanceState::Failed | InstanceState::Lost)
}

/// Puts each instance below the first of those that it needs; by name otherwise. What needs itself in a ring is not
/// indented.
fn placed(mut rows: Vec<ServiceRow>) -> Vec<Placed> {
    rows.sort_by(|a, b| a.view.instance.name.cmp(&b.view.instance.name));
    let name = |row: &ServiceRow| row.view.instance.name.clone();
    let known: BTreeSet<ToolName> = rows.iter().map(name).collect();
    let above = |row: &ServiceRow| row.needs.iter().find(|need| known.contains(*need) && **need != name(row)).cloned();
    // Last in, first out: what comes first by name is put in last.
    let roots = (0..rows.len()).rev().filter(|at| above(&rows[*at]).is_none());
    let mut next: Vec<(usize, usize)> = roots.map(|at| (at, 0)).collect();
    let mut order = Vec::with_capacity(rows.len());
    while let Some((at, depth)) = next.pop() {
        order.push((at, depth));
        let below = (0..rows.len()).rev().filter(|other| above(&rows[*other]).as_ref() == Some(&name(&rows[at])));
        next.extend(below.map(|other| (other, depth + 1)));
    }
    let ring = (0..rows.len()).filter(|at| !order.iter().any(|(placed, _)| placed == at)).collect::<Vec<_>>();
    order.extend(ring.into_iter().map(|at| (at, 0)));
    order.into_iter().map(|(at, depth)| Placed { row: rows[at].clone(), depth }).collect()
}

/// The sign and the style of a state; its word always stands beside them.
fn state_sign(state: InstanceState, theme: &Theme) -> (&'static str, Style) {
    match state {
        InstanceState::Running => ("●", theme.good),
        InstanceState::Unhealthy => ("!", theme.bad),
        InstanceState::Failed => ("✗", theme.bad),
        InstanceState::Lost => ("?", theme.bad),
        InstanceState::Starting => ("▸", theme.warn),
        InstanceState::Waiting => ("…", theme.warn),
        InstanceState::Stopping => ("▾", theme.warn),
        InstanceState::BackingOff => ("↻", theme.warn),
        InstanceState::Stopped => ("○", theme.dim),
    }
}

/// Widths of the columns for a row of this width; 0 leaves a column out.
struct Columns {
    name: usize,
    tool: usize,
    ports: usize,
    up: usize,
    restarts: usize,
    health: usize,
    load: usize,
}

impl Columns {
    fn of(width: usize) -> Columns {
        let from = |least: usize, columns: usize| if width >= least { columns } else { 0 };
        let up = from(30, UP);
        let ports = if width >= 90 { PORTS.1 } else { from(38, PORTS.0) };
        let health = from(50, HEALTH);
        let restarts = from(56, RESTARTS);
        let load = from(100, LOAD);
        let rest = width.saturating_sub(STATE + up + ports + health + restarts + load);
        let tool = if rest >= 2 * MIN_NAME + 8 { rest * 11 / 20 } else { 0 };
        Columns { name: rest - tool, tool, ports, up, restarts, health, load }
    }
}

fn service_row(item: &Placed, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let view = &item.row.view;
    let instance = &view.instance;
    let (sign, style) = state_sign(view.now, theme);
    let columns = Columns::of(width);
    let indent = " ".repeat(item.depth.min(INDENT.1) * INDENT.0);
    let name = format!("{indent}{}{}", if item.depth > 0 { "└ " } else { "" }, instance.name);
    let outdated = view.is_outdated == Some(true);
    if columns.name < MIN_NAME {
        return vec![Span::styled(cut(&format!("{sign} {} {}", view.now, instance.name), width), style)];
    }
    let since = instance.life.ready_at.filter(|_| view.now.is_up());
    let up = since.map(|at| age(look.now.wall, at)).unwrap_or_default();
    let ports = if columns.ports == PORTS.0 {
        let more = if instance.ports.len() > 1 { "…" } else { "" };
        instance.ports.first().map(|port| format!("{}{more}", port.port)).unwrap_or_default()
    } else {
        safe(&view.ports_words())
    };
    let restarts = match instance.life.restarts.len() {
        0 => String::new(),
        many => format!("{many}×"),
    };
    let tool = format!(" {}@{}{}", instance.tool, instance.version, if outdated { " (old)" } else { "" });
    let load = item.row.load.map(|load| format!("{:>4}% {:>4}M", load.cpu_percent, load.memory_mib));
    let cell = |text: &str, columns: usize, style| Span::styled(pad(&format!(" {text}"), columns), style);
    vec![
        Span::styled(pad(&format!("{sign} {}", view.now), STATE), style),
        Span::styled(pad(&name, columns.name), theme.text),
        Span::styled(pad(&tool, columns.tool), if outdated { theme.warn } else { theme.dim }),
        cell(&ports, columns.ports, theme.text),
        cell(&up, columns.up, theme.dim),
        cell(&restarts, columns.restarts, theme.warn),
        cell(&view.health_words(), columns.health, health_style(view, theme)),
        Span::styled(pad(&load.unwrap_or_default(), columns.load), theme.dim),
    ]
}

fn health_style(view: &InstanceView, theme: &Theme) -> Style {
    match view.instance.health.state {
        HealthState::Good => theme.good,
        HealthState::Bad => theme.bad,
        HealthState::NotChecked | HealthState::Unknown => theme.dim,
    }
}

/// The lines about an instance: what went wrong or comes next, what changed, else where it can be reached.
fn about(row: &ServiceRow, width: usize, look: Look) -> Vec<(String, Style)> {
    let (theme, view) = (look.theme, &row.view);
    let instance = &view.instance;
    let mut lines = Vec::new();
    if view.now == InstanceState::BackingOff {
        lines.push((cut(&view.state_words(look.now.wall), width), theme.warn));
    }
    if let Some(why) = instance.life.last_error.as_deref().filter(|_| view.now != InstanceState::Running) {
        let style = if is_failing(view.now) { theme.bad } else { theme.warn };
        lines.extend(wrap(&safe(why), width).into_iter().map(|line| (line, style)));
    }
    if view.is_outdated == Some(true) {
        let key = look.keymap.key(Verb::Relaunch);
        lines.push((cut(&format!("the tool changed on disk: {key} starts the new version"), width), theme.warn));
    }
    if lines.is_empty() {
        let ports = instance.ports.iter().map(|port| format!("{} 127.0.0.1:{}", safe(&port.name), port.port));
        let ports: Vec<String> = ports.collect();
        let run = instance.run.map(|run| format!("run #{run}")).unwrap_or_default();
        let load = row.load.map(|load| format!("cpu {}% · {} MiB", load.cpu_percent, load.memory_mib));
        let parts =
            [ports.join(", "), run, load.unwrap_or_default(), format!("{}@{}", instance.tool, instance.version)];
        let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        lines.push((cut(&said.join(" · "), width), theme.dim));
    }
    lines.truncate(usize::from(ABOUT));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::service;

    fn order(needs: &[(&str, &[&str])]) -> Vec<(String, usize)> {
        let row = |(name, needs): &(&str, &[&str])| ServiceRow {
            needs: needs.iter().map(|need| ToolName::new(need).unwrap()).collect(),
            ..service(name, InstanceState::Running)
        };
        let placed = placed(needs.iter().map(row).collect());
        placed.into_iter().map(|item| (item.row.view.instance.name.to_string(), item.depth)).collect()
    }

    #[test]
    fn each_instance_is_below_what_it_needs_and_none_is_lost_in_a_ring() {
        let rows = order(&[("web", &["api", "db"]), ("api", &["db"]), ("db", &[]), ("a", &["gone"])]);
        assert_eq!(rows, [("a".into(), 0), ("db".into(), 0), ("api".into(), 1), ("web".into(), 2)]);
        let ring = order(&[("x", &["y"]), ("y", &["x"]), ("self", &["self"]), ("z", &["x"])]);
        let names: BTreeSet<String> = ring.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!((ring.len(), names.len()), (4, 4), "{ring:?}");
    }

    #[test]
    fn the_columns_of_a_row_fill_it_at_every_width() {
        for width in STATE + MIN_NAME..200 {
            let Columns { name, tool, ports, up, restarts, health, load } = Columns::of(width);
            assert_eq!(STATE + name + tool + ports + up + restarts + health + load, width);
            assert!(name >= MIN_NAME, "{width}: {name}");
        }
    }
}
