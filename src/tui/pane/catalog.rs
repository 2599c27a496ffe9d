//! The catalog pane: every tool as a row, filtered while the user types, with a strip about the selected one.
//!
//! Problems are rows too: after the tools, and alone with a filter that begins with `!`. Rows can be grouped by
//! category or stage.

mod columns;
mod drawn;
mod order;
mod preview;
mod showing;
mod stages;
mod title;
mod tree;

use super::rows::{Focus, Look, Rows, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{Problem, ProblemCode, Query, QueryField, SkippedFile, Tool, skipped_because, unknown_term_words};
use crate::engine::{CatalogState, CatalogView, EngineError, Hit, Index};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::keymap::Keymap;
use crate::tui::list::{ListState, Motion};
use crate::tui::phrase::{cut, named, safe};
use crate::tui::theme::Theme;
use crate::tui::widget::text_input::TextInput;
use columns::{Columns, Drawing, INDENT};
use drawn::{group_row, group_strip, place_words, problem_row, problem_strip, skipped_row, skipped_strip, tool_strip};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::HashSet;
use std::sync::Arc;
use tree::{Listed, Row, Tree};

pub use drawn::{stage_sign, stage_style};
pub use order::CatalogOrder;
pub use preview::Preview;
pub use stages::StageFilter;
pub use tree::{Group, Grouping};

/// Lines of the strip about the selected tool, without its rule.
const STRIP_LINES: u16 = 5;
/// The inner height from which these lines are shown.
const STRIP_FROM: u16 = 14;
/// The screen height from which these lines are shown: including the border, the first line and the last.
pub const PREVIEW_HEIGHT: u16 = STRIP_FROM + 4;

/// The height and width from which column headings are shown.
const HEADER_FROM: (u16, u16) = (7, 30);

/// The selected item.
#[derive(Debug, Clone, Copy)]
pub enum Selected<'a> {
    /// A row of the catalog.
    Tool(&'a Arc<Tool>),
    /// A definition that could not be read.
    Problem(&'a Problem),
    /// A file that looks like a tool but is not one.
    Skipped(&'a SkippedFile),
    /// The name of a group of rows.
    Group(&'a Group),
    /// Nothing: the list is empty.
    Nothing,
}

/// The identity of a row, for finding it again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Anchor {
    Path(String),
    Group(String),
}

/// The state of the pane.
pub struct CatalogPane {
    view: Arc<CatalogView>,
    index: Option<(u64, Arc<Index>)>,
    /// The last query and its result, so that a longer query searches less.
    found: (String, Vec<Hit>),
    /// Why there is no catalog, in sentences.
    failure: Vec<String>,
    /// Problems of the settings, shown with those of the tools.
    setting_problems: Vec<Problem>,
    filter: TextInput,
    typing: bool,
    stages: StageFilter,
    grouping: Grouping,
    order: CatalogOrder,
    /// Groups with hidden rows: without a filter, and with the present filter.
    folded: [HashSet<String>; 2],
    /// The parsed filter, for the present catalog.
    query: Query,
    tree: Tree,
    drawing: Drawing,
    list: ListState,
    preview: Option<Preview>,
}

impl Default for CatalogPane {
    fn default() -> Self {
        let state = CatalogState::Loading { done: 0, total: 0 };
        let view = CatalogView {
            state,
            tools: Vec::new(),
            problems: Vec::new(),
            in_use: None,
            skipped: Arc::default(),
            generation: 0,
        };
        CatalogPane {
            view: Arc::new(view),
            index: None,
            found: (String::new(), Vec::new()),
            failure: Vec::new(),
            setting_problems: Vec::new(),
            filter: TextInput::default(),
            typing: false,
            stages: StageFilter::default(),
            grouping: Grouping::default(),
            order: CatalogOrder::default(),
            folded: [HashSet::new(), HashSet::new()],
            query: Query::default(),
            tree: Tree::default(),
            drawing: Drawing::default(),
            list: ListState::default(),
            preview: None,
        }
    }
}

impl CatalogPane {
    /// The snapshot behind the rows.
    pub fn view(&self) -> &Arc<CatalogView> {
        &self.view
    }

    /// Records why there is no catalog.
    pub fn set_failure(&mut self, error: &EngineError) {
        self.failure = vec!["The workspace could not be opened.".to_owned(), safe(&error.message), safe(&error.hint)];
    }

    /// How many tools are not archived.
    pub fn current_count(&self) -> usize {
        self.drawing.current
    }

    /// Sets a new catalog; the selection stays on the same row if it still exists.
    pub fn set_view(&mut self, view: Arc<CatalogView>) {
        if view.generation < self.view.generation {
            return;
        }
        let selected = self.anchor();
        self.view = view;
        self.drawing = Drawing::of(&self.view.tools);
        self.refresh(selected);
    }

    /// Sets the search index of a catalog; one of another generation is ignored.
    pub fn set_index(&mut self, generation: u64, index: Arc<Index>) {
        let selected = self.anchor();
        self.index = Some((generation, index));
        self.found = (String::new(), Vec::new());
        if !self.filter.is_empty() {
            self.refresh(selected);
        }
    }

    /// Sets the problems of the settings.
    pub fn set_setting_problems(&mut self, problems: Vec<Problem>) {
        let selected = self.anchor();
        self.setting_problems = problems;
        self.refresh(selected);
    }

    /// All problems, those of the settings first.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.setting_problems.iter().chain(&self.view.problems)
    }

    /// Why nothing can be decided or run: the state of the workspace is lost or read-only.
    pub fn state_problem(&self) -> Option<&Problem> {
        self.problems().find(|problem| problem.code == ProblemCode::State && problem.path.ends_with("store.db"))
    }

    /// The selected item.
    pub fn selected(&self) -> Selected<'_> {
        match self.tree.rows.get(self.list.selected) {
            Some(Row::Tool(position)) => self.view.tools.get(*position).map_or(Selected::Nothing, Selected::Tool),
            Some(Row::Problem(index)) => self.problems().nth(*index).map_or(Selected::Nothing, Selected::Problem),
            Some(Row::Skipped(index)) => self.view.skipped.get(*index).map_or(Selected::Nothing, Selected::Skipped),
            Some(Row::Group(index)) => self.tree.groups.get(*index).map_or(Selected::Nothing, Selected::Group),
            None => Selected::Nothing,
        }
    }

    /// Moves the selection and keeps it visible. Left folds the group, then all groups; right unfolds.
    pub fn step(&mut self, motion: Motion) {
        match motion {
            Motion::Left => self.fold(true),
            Motion::Right => self.fold(false),
            _ => self.list.step(motion, self.tree.rows.len()),
        }
    }

    /// Folds or unfolds the group of the selection; without groups, one page down.
    pub fn toggle_fold(&mut self) {
        match self.tree.group_at(self.list.selected).map(|group| group.is_folded) {
            Some(is_folded) => self.fold(!is_folded),
            None => self.list.step(Motion::PageDown, self.tree.rows.len()),
        }
    }

    /// Folds or unfolds the group of the selection; if that is already done, all groups.
    fn fold(&mut self, folds: bool) {
        let Some(group) = self.tree.group_at(self.list.selected) else { return };
        let names: Vec<String> = if group.is_folded == folds {
            self.tree.groups.iter().map(|group| group.name.clone()).collect()
        } else {
            vec![group.name.clone()]
        };
        let selected = match self.anchor() {
            Some(Anchor::Path(_)) if folds => Some(Anchor::Group(group.name.clone())),
            anchor => anchor,
        };
        let folded = &mut self.folded[usize::from(!self.filter.is_empty())];
        for name in names {
            if folds {
                folded.insert(name);
            } else {
                folded.remove(&name);
            }
        }
        self.refresh(selected);
    }

    /// Groups the rows in another way.
    pub fn regroup(&mut self) -> Grouping {
        self.grouping = self.grouping.next();
        self.refresh(self.anchor());
        // The heading of the new group says what it is: it stays in sight, if the selection does.
        let heading = self.tree.group_at(self.list.selected).and_then(|group| self.tree.row_of_group(&group.name));
        let first = (self.list.selected + 1).saturating_sub(self.list.height.max(1));
        self.list.offset = heading.map_or(self.list.offset, |row| self.list.offset.min(row.max(first)));
        self.grouping
    }

    /// Sorts the rows by the next column.
    pub fn step_order(&mut self) -> CatalogOrder {
        self.order = self.order.next();
        self.refresh(self.anchor());
        self.order
    }

    /// Scrolls, as the wheel does.
    pub fn scroll(&mut self, lines: isize) {
        self.list.scroll(lines, self.tree.rows.len());
    }

    /// Selects the row at this line of the list, for a click.
    pub fn click(&mut self, line: usize) {
        let row = self.list.offset + line;
        if row < self.tree.rows.len() {
            self.list.selected = row;
        }
    }

    /// Shows the next set of stages.
    pub fn cycle_stages(&mut self) -> StageFilter {
        self.stages = self.stages.next();
        self.refresh(self.anchor());
        self.stages
    }

    /// The text of the filter.
    pub fn filter(&self) -> String {
        self.filter.text()
    }

    /// Whether the filter is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Starts or ends typing the filter.
    pub fn set_typing(&mut self, typing: bool) {
        self.typing = typing;
    }

    /// Replaces the filter and narrows the rows.
    pub fn set_filter(&mut self, text: &str) {
        self.edit_filter(|filter| *filter = TextInput::new(text));
    }

    /// Changes the filter; a changed text selects the best row.
    pub fn edit_filter(&mut self, edit: impl FnOnce(&mut TextInput)) {
        let before = self.filter.text();
        edit(&mut self.filter);
        if self.filter.text() != before {
            self.folded[1].clear();
            let selected = if self.filter.is_empty() { self.anchor() } else { None };
            self.refresh(selected);
        }
    }

    fn anchor(&self) -> Option<Anchor> {
        match self.selected() {
            Selected::Tool(tool) => Some(Anchor::Path(tool.path.clone())),
            Selected::Problem(problem) => Some(Anchor::Path(problem.path.clone())),
            Selected::Skipped(file) => Some(Anchor::Path(file.path.clone())),
            Selected::Group(group) => Some(Anchor::Group(group.name.clone())),
            Selected::Nothing => None,
        }
    }

    /// The row of an item; if it is folded, that of its group.
    fn row_of(&self, anchor: &Anchor) -> Option<usize> {
        let path = match anchor {
            Anchor::Group(name) => return self.tree.row_of_group(name),
            Anchor::Path(path) => path,
        };
        let found = self.tree.rows.iter().position(|row| match row {
            Row::Tool(position) => self.view.tools.get(*position).is_some_and(|tool| tool.path == *path),
            Row::Problem(index) => self.problems().nth(*index).is_some_and(|problem| problem.path == *path),
            Row::Skipped(index) => self.view.skipped.get(*index).is_some_and(|file| file.path == *path),
            Row::Group(_) => false,
        });
        found.or_else(|| {
            let tool = self.view.tools.iter().find(|tool| tool.path == *path)?;
            self.tree.row_of_group(self.grouping.group_of(tool))
        })
    }

    /// Rebuilds the rows and restores the selection; without one, selects the best row.
    fn refresh(&mut self, selected: Option<Anchor>) {
        let text = self.filter.text();
        self.query = if text.starts_with('!') { Query::default() } else { Query::new(&text, &self.view.tools) };
        let (mut shown, problems) = self.matching();
        // A text search ranks the rows itself.
        if self.query.words().is_empty() || self.order != CatalogOrder::Name {
            self.order.sort(&mut shown, &self.view.tools);
        }
        let skipped = text.strip_prefix('!').map_or(Vec::new(), |words| self.matching_skipped(words.trim()));
        let listed = Listed { tools: &self.view.tools, shown, problems, skipped };
        let folded = &self.folded[usize::from(!self.filter.is_empty())];
        self.tree = Tree::new(self.grouping, listed, folded, |tool| self.accepts(tool));
        let Some(anchor) = selected else {
            self.list.step(Motion::Top, self.tree.rows.len());
            self.list.selected = self.tree.best;
            return;
        };
        let found = self.row_of(&anchor);
        self.list.selected = found.unwrap_or(self.list.selected).min(self.tree.rows.len().saturating_sub(1));
    }

    /// Positions of the tools and numbers of the problems that match the filter.
    fn matching(&mut self) -> (Vec<usize>, Vec<usize>) {
        let text = self.filter.text();
        if let Some(words) = text.strip_prefix('!') {
            return (Vec::new(), self.matching_problems(words.trim()));
        }
        let all = 0..self.view.tools.len();
        if text.trim().is_empty() {
            let usual = matches!(self.stages, StageFilter::Current | StageFilter::All);
            let problems = if usual { self.matching_problems("") } else { Vec::new() };
            return (all.filter(|position| self.is_shown(*position)).collect(), problems);
        }
        let words = self.query.words().to_owned();
        let hits = match &self.index {
            _ if words.is_empty() => all.map(|position| Hit { position, score: 0 }).collect(),
            Some((generation, index)) if *generation == self.view.generation => {
                let (earlier, hits) = &self.found;
                let hits = if earlier.is_empty() { index.query(&words) } else { index.refine(earlier, hits, &words) };
                self.found = (words, hits.clone());
                hits
            }
            Some(_) | None => return (self.named(&words.to_lowercase()), Vec::new()),
        };
        let positions = hits.into_iter().map(|hit| hit.position);
        (positions.filter(|position| self.is_shown(*position)).collect(), Vec::new())
    }

    fn is_shown(&self, position: usize) -> bool {
        self.view.tools.get(position).is_some_and(|tool| self.accepts(tool) && self.query.accepts(tool))
    }

    /// Whether a tool is listed without a filter: its stage is shown, and it is in use. A filter that names stages
    /// searches all.
    fn accepts(&self, tool: &Tool) -> bool {
        let is_asked = self.stages == StageFilter::Current && self.query.names(QueryField::Stage);
        (is_asked || self.stages.accepts(tool.stage)) && !tool.facts.unused
    }

    /// Used between a new catalog and its index.
    fn named(&self, text: &str) -> Vec<usize> {
        let tools = self.view.tools.iter().enumerate();
        let fits = tools.filter(|(position, tool)| self.is_shown(*position) && tool.name.as_str().contains(text));
        fits.map(|(position, _)| position).collect()
    }

    fn matching_problems(&self, words: &str) -> Vec<usize> {
        let words = words.to_lowercase();
        let holds = |p: &Problem| [&p.path, &p.message].iter().any(|text| text.to_lowercase().contains(&words));
        let all = self.problems().enumerate();
        all.filter(|(_, problem)| holds(problem)).map(|(index, _)| index).collect()
    }

    /// Numbers of the skipped files that match the words.
    fn matching_skipped(&self, words: &str) -> Vec<usize> {
        let words = words.to_lowercase();
        let holds = |file: &SkippedFile| {
            [&*file.path, file.kind, &skipped_because(file.kind)]
                .iter()
                .any(|text| text.to_lowercase().contains(&words))
        };
        let all = self.view.skipped.iter().enumerate();
        all.filter(|(_, file)| holds(file)).map(|(index, _)| index).collect()
    }
}

impl CatalogPane {
    /// Draws the pane. Returns the area of the list and, while the filter is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let theme = look.theme;
        let inner = frame(area, buf, &self.title(theme), focus, theme);
        let (list_area, strip) = self.cut_up(inner);
        let mut list_area = list_area;
        let mut cursor = None;
        if self.typing || !self.filter.is_empty() {
            let line = Rect { height: list_area.height.min(1), ..list_area };
            cursor = self.draw_filter(line, buf, theme).filter(|_| self.typing && focus == Focus::Here);
            list_area = Rect { y: list_area.y + line.height, height: list_area.height - line.height, ..list_area };
        }
        if self.tree.rows.is_empty() {
            draw_empty(list_area, buf, &self.why_nothing(look.keymap), theme);
        }
        let width = list_area.width.saturating_sub(1);
        let columns = Columns::of(usize::from(width), &self.drawing.widest, self.indent());
        if self.tree.shown > 0 && list_area.height >= HEADER_FROM.0 && width >= HEADER_FROM.1 {
            buf.put_line(list_area.x + 1, list_area.y, &Line::from(columns.header(theme)), width);
            list_area = Rect { y: list_area.y + 1, height: list_area.height - 1, ..list_area };
        }
        let mut list = self.list;
        Rows { list: &mut list, len: self.tree.rows.len(), focus, theme }
            .draw(list_area, buf, &|index, width| self.row(index, &columns, width, theme));
        self.list = list;
        if let Some(strip) = strip {
            self.draw_strip(strip, buf, look);
        }
        (list_area, cursor)
    }

    /// How many cells the names lack if the pane has this width.
    pub fn lacks(&self, width: u16) -> u16 {
        // Without its border and the selection mark.
        let width = usize::from(width.saturating_sub(3));
        Columns::lack(width, &self.drawing.widest, self.indent())
    }

    fn indent(&self) -> usize {
        if self.grouping == Grouping::Flat { 0 } else { INDENT }
    }

    /// How many rows the list has: tools, problems, skipped files and names of groups.
    pub fn rows(&self) -> usize {
        self.tree.rows.len()
    }

    /// How many tools are listed: those that match the filter and the stages.
    pub fn shown(&self) -> usize {
        self.tree.shown
    }

    fn tool_of(&self, row: Row) -> Option<&Arc<Tool>> {
        match row {
            Row::Tool(position) => self.view.tools.get(position),
            Row::Problem(_) | Row::Skipped(_) | Row::Group(_) => None,
        }
    }

    fn cut_up(&self, inner: Rect) -> (Rect, Option<Rect>) {
        if inner.height < STRIP_FROM || self.tree.rows.is_empty() {
            return (inner, None);
        }
        let height = STRIP_LINES + 1 + Self::preview_lines(inner.height);
        let strip = Rect { y: inner.bottom() - height, height, ..inner };
        (Rect { height: inner.height - height, ..inner }, Some(strip))
    }

    fn draw_filter(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        buf.put(area.x, area.y, " /", 2, theme.accent);
        let text = Rect { x: area.x + 3, width: area.width.saturating_sub(3), ..area };
        let style = if self.typing { theme.text } else { theme.accent };
        Some(self.filter.draw(text, buf, style))
    }

    fn why_nothing(&self, keymap: &Keymap) -> Vec<String> {
        let key = |verb| keymap.key(verb);
        if let Some(unknown) = self.query.unknown() {
            let message = safe(&format!("{}.", unknown.message()));
            return vec![message, safe(&format!("There are: {}.", unknown.known.join(", ")))];
        }
        if let Some(term) = self.query.unknown_term() {
            return vec![safe(&unknown_term_words(term)), format!("{} clears the filter.", key(Verb::Back))];
        }
        if !self.filter.is_empty() {
            return vec![format!(
                "No match. {} clears the filter. Type ! as the filter to list skipped files; outside the filter, the key {} lists problems.",
                key(Verb::Back),
                key(Verb::Messages)
            )];
        }
        if !self.failure.is_empty() {
            return self.failure.clone();
        }
        if matches!(self.view.state, CatalogState::Loading { .. }) {
            return vec!["Loading the tools folder …".to_owned()];
        }
        if self.stages != StageFilter::Current {
            return vec![format!("No tools in this stage. {} shows other stages.", key(Verb::CycleStage))];
        }
        if !self.view.tools.is_empty() {
            return vec![format!("Only archived tools. {} shows them.", key(Verb::CycleStage))];
        }
        vec![
            "No tools yet.".to_owned(),
            String::new(),
            "Agents write tools into tools/experimental/ of this folder: a script, a script with a manifest, or a folder with a tool.toml. Each tool appears here as soon as it is written. You can run and review it; when you approve it, it moves to tools/approved/."
                .to_owned(),
            String::new(),
            format!("{}: create the folders and a sample tool", key(Verb::Init)),
            format!("{}: add the starter tools, after a look at what they declare", key(Verb::Starter)),
            format!("{}: show all keys", key(Verb::Help)),
            format!("{}: quit", key(Verb::Quit)),
        ]
    }

    fn row(&self, index: usize, columns: &Columns, width: usize, theme: &Theme) -> Vec<Span> {
        let Some(row) = self.tree.rows.get(index).copied() else { return Vec::new() };
        match row {
            Row::Tool(position) => {
                let place = self.drawing.places.get(&position).map(String::as_str);
                let tool = self.view.tools.get(position);
                tool.map(|tool| columns.row(tool, place, &self.matches(tool), theme)).unwrap_or_default()
            }
            Row::Problem(index) => {
                let problem = self.problems().nth(index);
                problem.map(|problem| problem_row(problem, self.indent(), width, theme)).unwrap_or_default()
            }
            Row::Skipped(index) => {
                self.view.skipped.get(index).map(|file| skipped_row(file, width, theme)).unwrap_or_default()
            }
            Row::Group(index) => {
                let group = self.tree.groups.get(index);
                group.map(|group| group_row(group, self.grouping, width, theme)).unwrap_or_default()
            }
        }
    }

    /// Which characters of a tool's name the filter found.
    fn matches(&self, tool: &Tool) -> Vec<usize> {
        match &self.index {
            Some((_, index)) if !self.query.words().is_empty() => index.matches(self.query.words(), tool).name,
            Some(_) | None => Vec::new(),
        }
    }

    fn draw_strip(&self, area: Rect, buf: &mut Buffer, look: Look) {
        let theme = look.theme;
        let text = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let (name, lines) = match self.selected() {
            Selected::Tool(tool) => {
                let below = usize::from(area.height.saturating_sub(STRIP_LINES + 1));
                let name =
                    named(tool.name.as_str(), "", self.place_of(tool), usize::from(area.width).saturating_sub(6));
                (name, tool_strip(tool, self.preview_of(tool), (text.width.into(), below), look))
            }
            Selected::Problem(problem) => {
                (place_words(problem), problem_strip(problem, usize::from(text.width), theme))
            }
            Selected::Skipped(file) => (safe(&file.path), skipped_strip(file, usize::from(text.width), theme)),
            Selected::Group(group) => {
                let (fold, regroup) = (look.keymap.key(Verb::Fold), look.keymap.key(Verb::Group));
                let lines = group_strip(group, usize::from(text.width), (&fold, &regroup), theme);
                (safe(group.name.trim_end()), lines)
            }
            Selected::Nothing => return,
        };
        let width = usize::from(area.width);
        let head = format!("── {} ", cut(&name, width.saturating_sub(6)));
        let rule = format!("{head}{}", "─".repeat(width.saturating_sub(unicode_width::UnicodeWidthStr::width(&*head))));
        buf.put(area.x, area.y, rule, width, theme.border);
        for (y, line) in (area.y + 1..area.bottom()).zip(lines) {
            buf.put_line(text.x, y, &line, text.width);
        }
    }
}
