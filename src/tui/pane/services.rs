//! The services pane: instances, each below the one that it needs, or in another order.

mod columns;

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::service::{InstanceId, InstanceState};
use crate::domain::{RunId, ToolName};
use crate::engine::InstanceView;
use crate::tui::ink::{Ink, Line};
use crate::tui::msg::ServiceRow;
use crate::tui::phrase::{cut, safe, wrap};
use columns::Columns;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

/// Rows below the list with details about the selected instance.
const ABOUT: u16 = 2;
/// The height from which column headings are shown, even if not every instance has a row then.
const HEADED: u16 = 12;

/// A row with its depth below the instances that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The instance.
    pub row: ServiceRow,
    /// The number of instances above it.
    pub depth: usize,
}

/// The order of the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceOrder {
    /// By name, each below the one that it needs.
    #[default]
    Needs,
    /// Failing instances first, stopped ones last.
    State,
    /// Highest processor use first.
    Cpu,
    /// Highest memory use first.
    Memory,
}

impl ServiceOrder {
    /// The title text for the order.
    fn words(self) -> &'static str {
        match self {
            ServiceOrder::Needs => "",
            ServiceOrder::State => "failing first",
            ServiceOrder::Cpu => "most cpu first",
            ServiceOrder::Memory => "most memory first",
        }
    }

    fn next(self) -> ServiceOrder {
        match self {
            ServiceOrder::Needs => ServiceOrder::State,
            ServiceOrder::State => ServiceOrder::Cpu,
            ServiceOrder::Cpu => ServiceOrder::Memory,
            ServiceOrder::Memory => ServiceOrder::Needs,
        }
    }
}

/// The state of the pane.
#[derive(Default)]
pub struct ServicesPane {
    listing: Listing<Placed>,
    order: ServiceOrder,
}

impl Deref for ServicesPane {
    type Target = Listing<Placed>;

    fn deref(&self) -> &Listing<Placed> {
        &self.listing
    }
}

impl DerefMut for ServicesPane {
    fn deref_mut(&mut self) -> &mut Listing<Placed> {
        &mut self.listing
    }
}

impl Listed for Placed {
    type Key = InstanceId;

    fn key(&self) -> InstanceId {
        self.row.view.instance.id
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        let instance = &self.row.view.instance;
        let error = instance.life.last_error.as_deref().unwrap_or_default();
        [instance.name.as_str(), instance.tool.as_str(), self.row.view.now.word(), error].map(Cow::Borrowed).into()
    }
}

impl ServicesPane {
    /// Sets the instances.
    pub fn set_rows(&mut self, rows: Vec<ServiceRow>) {
        self.listing.set(ordered(rows, self.order));
    }

    /// Shows the instances in the next order; the selection stays on its instance.
    pub fn step_order(&mut self) {
        self.order = self.order.next();
        let rows = self.items.iter().map(|item| item.row.clone()).collect();
        self.set_rows(rows);
    }

    /// Whether the instances are known yet.
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

    /// How many fail or are impaired.
    pub fn failing_count(&self) -> usize {
        self.views().filter(|view| is_failing(view.now)).count()
    }

    /// How many continue when the workbench is closed.
    pub fn going_count(&self) -> usize {
        self.views().filter(|view| view.now.needs_keeper()).count()
    }

    /// The instance of this name.
    pub fn named(&self, name: &str) -> Option<&InstanceView> {
        self.views().find(|view| view.instance.name.as_str() == name)
    }

    /// A name for a further instance of a tool: `db-2`, `db-3`, …
    pub fn free_name(&self, tool: &ToolName) -> String {
        let mut names = (2..).map(|number: u32| format!("{tool}-{number}"));
        names.find(|name| self.named(name).is_none()).unwrap_or_default()
    }

    /// The instance whose newest run this is.
    pub fn of_run(&self, run: RunId) -> Option<&InstanceView> {
        self.views().find(|view| view.instance.run == Some(run))
    }

    /// The selected instance.
    pub fn selected_view(&self) -> Option<&InstanceView> {
        self.selected().map(|item| &item.row.view)
    }

    /// Selects the instance of this name, if it is listed.
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

    /// Draws the pane. Returns the area of the list and, while the filter is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let theme = look.theme;
        let up = self.views().filter(|view| view.now.is_up()).count();
        let detail = format!("{up} of {} up", self.items.len());
        let (filter, typing) = (self.filter.text(), self.typing);
        let failing = match self.failing_count() {
            0 => String::new(),
            failing => format!("{failing} failing"),
        };
        let (remark, remark_style) = match (filter.is_empty() || typing, self.order.words()) {
            (false, _) => (format!("/{}", safe(&filter)), theme.accent),
            (true, "") => (failing, theme.bad),
            (true, order) => (order.to_owned(), theme.dim),
        };
        let title = Title { name: "5 Services", detail, remark, remark_style, ..Title::default() };
        let mut inner = frame(area, buf, &title, focus, theme);
        let cursor = self.draw_filter(&mut inner, buf, theme);
        if self.rows.is_empty() && self.loaded {
            let sentence = format!("No match. {} clears the filter.", look.keymap.key(Verb::Back));
            draw_empty(inner, buf, &[sentence], theme);
        }
        let about = if inner.height > ABOUT + 1 && !self.rows.is_empty() { ABOUT } else { 0 };
        let mut above = Rect { height: inner.height - about, ..inner };
        let width = usize::from(above.width.saturating_sub(1));
        let ServicesPane { listing, .. } = self;
        let (items, rows) = (&listing.items, &listing.rows);
        let columns = Columns::of(rows.iter().map(|row| &items[*row]), width);
        if !rows.is_empty() && (usize::from(above.height) > rows.len() || above.height >= HEADED) {
            buf.put_line(above.x + 1, above.y, &Line::from(columns.header(theme)), above.width.saturating_sub(1));
            above = Rect { y: above.y + 1, height: above.height - 1, ..above };
        }
        Rows { list: &mut listing.list, len: rows.len(), focus, theme }
            .draw(above, buf, &|index, width| columns.row(&items[rows[index]], width, look));
        if about > 0 {
            self.draw_about(Rect { y: above.bottom(), height: about, ..inner }, buf, look);
        }
        (above, cursor)
    }

    /// Details that do not fit in the row of the selected instance.
    fn draw_about(&self, area: Rect, buf: &mut Buffer, look: Look) {
        let Some(row) = self.selected().map(|item| &item.row) else { return };
        let width = usize::from(area.width.saturating_sub(2));
        for (y, (text, style)) in (area.y..area.bottom()).zip(about(row, width, look)) {
            buf.put(area.x + 1, y, text, width, style);
        }
    }
}

/// Whether an instance fails or is impaired.
pub fn is_failing(state: InstanceState) -> bool {
    matches!(state, InstanceState::Unhealthy | InstanceState::Failed | InstanceState::Lost)
}

/// The rows in this order; equal ones by name.
fn ordered(mut rows: Vec<ServiceRow>, order: ServiceOrder) -> Vec<Placed> {
    let load = |row: &ServiceRow| row.load.unwrap_or_default();
    rows.sort_by(|a, b| a.view.instance.name.cmp(&b.view.instance.name));
    match order {
        ServiceOrder::Needs => return placed(rows),
        ServiceOrder::State => rows.sort_by_key(|row| urgency(row.view.now)),
        ServiceOrder::Cpu => rows.sort_by_key(|row| Reverse(load(row).cpu_percent)),
        ServiceOrder::Memory => rows.sort_by_key(|row| Reverse(load(row).memory_mib)),
    }
    rows.into_iter().map(|row| Placed { row, depth: 0 }).collect()
}

/// Lower values need attention sooner.
fn urgency(state: InstanceState) -> u8 {
    match state {
        InstanceState::Failed | InstanceState::Lost => 0,
        InstanceState::Unhealthy => 1,
        InstanceState::BackingOff => 2,
        InstanceState::Waiting | InstanceState::Starting | InstanceState::Stopping => 3,
        InstanceState::Running => 4,
        InstanceState::Stopped => 5,
    }
}

/// Puts each instance below the first one that it needs, otherwise keeping the order. Cyclic dependencies are not
/// indented.
fn placed(rows: Vec<ServiceRow>) -> Vec<Placed> {
    let name = |at: usize| &rows[at].view.instance.name;
    let known: HashMap<&ToolName, usize> = (0..rows.len()).map(|at| (name(at), at)).collect();
    let above = |at: usize| rows[at].needs.iter().filter_map(|need| known.get(need)).find(|found| **found != at);
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut next = Vec::new();
    // A stack: the first one is pushed last.
    for at in (0..rows.len()).rev() {
        match above(at) {
            Some(needed) => below[*needed].push(at),
            None => next.push((at, 0)),
        }
    }
    let (mut order, mut is_placed) = (Vec::with_capacity(rows.len()), vec![false; rows.len()]);
    while let Some((at, depth)) = next.pop() {
        order.push((at, depth));
        is_placed[at] = true;
        next.extend(below[at].iter().map(|other| (*other, depth + 1)));
    }
    order.extend((0..rows.len()).filter(|at| !is_placed[*at]).map(|at| (at, 0)));
    let mut rows: Vec<Option<ServiceRow>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(at, depth)| Some(Placed { row: rows[at].take()?, depth })).collect()
}

/// The lines about an instance: the error or next event, changes, otherwise its address.
fn about(row: &ServiceRow, width: usize, look: Look) -> Vec<(String, Style)> {
    let (theme, view) = (look.theme, &row.view);
    let instance = &view.instance;
    let mut lines = Vec::new();
    if view.now == InstanceState::BackingOff {
        lines.push((cut(&view.state_words(look.now.wall), width), theme.warn));
    }
    if let Some(why) = instance.life.last_error.as_deref().filter(|_| view.now != InstanceState::Running) {
        let style = if is_failing(view.now) { theme.bad } else { theme.warn };
        let line = instance.life.last_stderr.as_deref().map(|line| format!(": {line}")).unwrap_or_default();
        lines.extend(wrap(&safe(&format!("{why}{line}")), width).into_iter().map(|line| (line, style)));
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
    use crate::tui::msg::Load;
    use crate::tui::testing::service;
    use std::collections::BTreeSet;

    fn order(needs: &[(&str, &[&str])]) -> Vec<(String, usize)> {
        let row = |(name, needs): &(&str, &[&str])| ServiceRow {
            needs: needs.iter().map(|need| ToolName::new(need).unwrap()).collect(),
            ..service(name, InstanceState::Running)
        };
        let placed = ordered(needs.iter().map(row).collect(), ServiceOrder::Needs);
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
    fn orders_show_first_what_wants_to_be_looked_at() {
        let states = [("d", InstanceState::Running), ("c", InstanceState::Stopped), ("b", InstanceState::BackingOff)];
        let states = [("a", InstanceState::Running), ("e", InstanceState::Unhealthy), ("f", InstanceState::Failed)]
            .into_iter()
            .chain(states);
        let rows: Vec<ServiceRow> = states
            .enumerate()
            .map(|(at, (name, state))| {
                let at = at as u64;
                ServiceRow { load: Some(Load { cpu_percent: at % 2, memory_mib: at }), ..service(name, state) }
            })
            .collect();
        let names = |order| -> String {
            let rows = ordered(rows.clone(), order);
            rows.iter().map(|item| item.row.view.instance.name.as_str()).collect()
        };
        assert_eq!(names(ServiceOrder::Needs), "abcdef");
        assert_eq!(names(ServiceOrder::State), "febadc");
        assert_eq!(names(ServiceOrder::Cpu), "bdeacf");
        assert_eq!(names(ServiceOrder::Memory), "bcdfea");
    }
}
