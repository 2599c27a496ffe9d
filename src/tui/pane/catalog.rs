//! The catalog pane: every tool as a row, filtered as one types, with a strip about the selected one.
//!
//! Problems are rows too: after the tools, and alone with a filter that begins with `!`.

mod drawn;

use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{Problem, ProblemCode, Stage, Tool};
use crate::engine::{CatalogState, CatalogView, EngineError, Hit, Index};
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::Keymap;
use crate::tui::list::{ListState, Motion};
use crate::tui::phrase::{cut, grouped, safe};
use crate::tui::theme::Theme;
use crate::tui::widget::text_input::TextInput;
use drawn::{place_words, problem_row, problem_strip, tool_row, tool_strip};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

pub use drawn::{stage_sign, stage_style};

/// Lines of the strip about the selected tool, without its rule.
const STRIP_LINES: u16 = 5;

/// Which stages are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StageFilter {
    /// All but archived tools.
    #[default]
    Current,
    /// Only tools of this stage.
    Only(Stage),
    /// All tools, archived ones included.
    All,
}

impl StageFilter {
    fn next(self) -> StageFilter {
        match self {
            StageFilter::Current => StageFilter::Only(Stage::Experimental),
            StageFilter::Only(Stage::Experimental) => StageFilter::Only(Stage::Approved),
            StageFilter::Only(Stage::Approved) => StageFilter::Only(Stage::Core),
            StageFilter::Only(Stage::Core) => StageFilter::Only(Stage::Archived),
            StageFilter::Only(Stage::Archived) => StageFilter::All,
            StageFilter::All => StageFilter::Current,
        }
    }

    fn accepts(self, stage: Stage) -> bool {
        match self {
            StageFilter::Current => stage != Stage::Archived,
            StageFilter::Only(only) => stage == only,
            StageFilter::All => true,
        }
    }

    /// What is shown, in words; empty for the usual.
    pub fn word(self) -> &'static str {
        match self {
            StageFilter::Current => "",
            StageFilter::Only(stage) => stage.word(),
            StageFilter::All => "all stages",
        }
    }
}

/// A row of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Tool(usize),
    Problem(usize),
}

/// What the selection is on.
#[derive(Debug, Clone, Copy)]
pub enum Selected<'a> {
    /// A row of the catalog.
    Tool(&'a Arc<Tool>),
    /// A definition that could not be read.
    Problem(&'a Problem),
    /// Nothing: the list is empty.
    Nothing,
}

/// The state of the pane.
pub struct CatalogPane {
    view: Arc<CatalogView>,
    index: Option<(u64, Arc<Index>)>,
    /// The query last asked and what it found, so that a longer one looks through less.
    found: (String, Vec<Hit>),
    /// Why there is no catalog, in sentences.
    failure: Vec<String>,
    /// Problems of the settings, shown with those of the tools.
    setting_problems: Vec<Problem>,
    filter: TextInput,
    typing: bool,
    stages: StageFilter,
    rows: Vec<Row>,
    list: ListState,
}

impl Default for CatalogPane {
    fn default() -> Self {
        let state = CatalogState::Loading { done: 0, total: 0 };
        let view = CatalogView { state, tools: Vec::new(), problems: Vec::new(), in_use: None, generation: 0 };
        CatalogPane {
            view: Arc::new(view),
            index: None,
            found: (String::new(), Vec::new()),
            failure: Vec::new(),
            setting_problems: Vec::new(),
            filter: TextInput::default(),
            typing: false,
            stages: StageFilter::default(),
            rows: Vec::new(),
            list: ListState::default(),
        }
    }
}

impl CatalogPane {
    /// The snapshot that the rows were made from.
    pub fn view(&self) -> &Arc<CatalogView> {
        &self.view
    }

    /// Says why there will be no catalog.
    pub fn set_failure(&mut self, error: &EngineError) {
        self.failure = vec!["The workspace could not be opened.".to_owned(), safe(&error.message), safe(&error.hint)];
    }

    /// How many tools are not archived.
    pub fn current_count(&self) -> usize {
        self.view.tools.iter().filter(|tool| tool.stage != Stage::Archived).count()
    }

    /// Takes a new catalog; the selection stays on the same row as long as there is one.
    pub fn set_view(&mut self, view: Arc<CatalogView>) {
        if view.generation < self.view.generation {
            return;
        }
        let selected = self.selected_path();
        self.view = view;
        self.refresh(selected);
    }

    /// Takes the search index of a catalog; one of another generation is of no use.
    pub fn set_index(&mut self, generation: u64, index: Arc<Index>) {
        let selected = self.selected_path();
        self.index = Some((generation, index));
        self.found = (String::new(), Vec::new());
        if !self.filter.is_empty() {
            self.refresh(selected);
        }
    }

    /// Takes the problems of the settings.
    pub fn set_setting_problems(&mut self, problems: Vec<Problem>) {
        let selected = self.selected_path();
        self.setting_problems = problems;
        self.refresh(selected);
    }

    /// All problems, those of the settings first.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.setting_problems.iter().chain(&self.view.problems)
    }

    /// Why nothing can be decided or run: the state of the workspace is lost or cannot be written.
    pub fn state_problem(&self) -> Option<&Problem> {
        self.problems().find(|problem| problem.code == ProblemCode::State && problem.path.ends_with("store.db"))
    }

    /// What the selection is on.
    pub fn selected(&self) -> Selected<'_> {
        match self.rows.get(self.list.selected) {
            Some(Row::Tool(position)) => self.view.tools.get(*position).map_or(Selected::Nothing, Selected::Tool),
            Some(Row::Problem(index)) => self.problems().nth(*index).map_or(Selected::Nothing, Selected::Problem),
            None => Selected::Nothing,
        }
    }

    /// Moves the selection and keeps it visible.
    pub fn step(&mut self, motion: Motion) {
        self.list.step(motion, self.rows.len());
    }

    /// Scrolls, as the wheel does.
    pub fn scroll(&mut self, lines: isize) {
        self.list.scroll(lines, self.rows.len());
    }

    /// Selects the row that a click on this line of the list means.
    pub fn click(&mut self, line: usize) {
        let row = self.list.offset + line;
        if row < self.rows.len() {
            self.list.selected = row;
        }
    }

    /// Selects the row of this path; `false` when it is not shown.
    pub fn select_path(&mut self, path: &str) -> bool {
        let found = self.rows.iter().position(|row| match row {
            Row::Tool(position) => self.view.tools.get(*position).is_some_and(|tool| tool.path == path),
            Row::Problem(_) => false,
        });
        if let Some(row) = found {
            self.list.selected = row;
        }
        found.is_some()
    }

    /// Shows the next set of stages.
    pub fn cycle_stages(&mut self) -> StageFilter {
        self.stages = self.stages.next();
        self.refresh(self.selected_path());
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
            let selected = if self.filter.is_empty() { self.selected_path() } else { None };
            self.refresh(selected);
        }
    }

    fn selected_path(&self) -> Option<String> {
        match self.selected() {
            Selected::Tool(tool) => Some(tool.path.clone()),
            Selected::Problem(problem) => Some(problem.path.clone()),
            Selected::Nothing => None,
        }
    }

    /// Makes the rows anew and puts the selection back on `selected`; without it, on the first row.
    fn refresh(&mut self, selected: Option<String>) {
        self.rows = self.matching_rows();
        let Some(path) = selected else {
            self.list.step(Motion::Top, self.rows.len());
            return;
        };
        let found = self.rows.iter().position(|row| match row {
            Row::Tool(position) => self.view.tools.get(*position).is_some_and(|tool| tool.path == path),
            Row::Problem(index) => self.problems().nth(*index).is_some_and(|problem| problem.path == path),
        });
        self.list.selected = found.unwrap_or(self.list.selected).min(self.rows.len().saturating_sub(1));
    }

    fn matching_rows(&mut self) -> Vec<Row> {
        let text = self.filter.text();
        if let Some(words) = text.strip_prefix('!') {
            return self.problem_rows(words.trim());
        }
        let text = text.trim();
        let shown = |position: usize| self.view.tools.get(position).is_some_and(|tool| self.accepts(tool));
        if text.is_empty() {
            let all = 0..self.view.tools.len();
            let tools = all.filter(|p| shown(*p)).map(Row::Tool);
            let usual = matches!(self.stages, StageFilter::Current | StageFilter::All);
            return tools.chain(if usual { self.problem_rows("") } else { Vec::new() }).collect();
        }
        let Some((generation, index)) = &self.index else { return self.rows_by_name(&text.to_lowercase()) };
        if *generation != self.view.generation {
            return self.rows_by_name(&text.to_lowercase());
        }
        let (earlier, hits) = &self.found;
        let hits = if earlier.is_empty() { index.query(text) } else { index.refine(earlier, hits, text) };
        let rows = hits.iter().map(|hit| hit.position).filter(|position| shown(*position)).map(Row::Tool).collect();
        self.found = (text.to_owned(), hits);
        rows
    }

    /// Whether a tool is shown: of its stage, and in use.
    fn accepts(&self, tool: &Tool) -> bool {
        self.stages.accepts(tool.stage) && !tool.facts.unused
    }

    /// Used for the moment between a new catalog and its index.
    fn rows_by_name(&self, text: &str) -> Vec<Row> {
        let tools = self.view.tools.iter().enumerate();
        tools
            .filter(|(_, tool)| self.accepts(tool) && tool.name.as_str().contains(text))
            .map(|(position, _)| Row::Tool(position))
            .collect()
    }

    fn problem_rows(&self, words: &str) -> Vec<Row> {
        let words = words.to_lowercase();
        let holds = |p: &Problem| [&p.path, &p.message].iter().any(|text| text.to_lowercase().contains(&words));
        let all = self.problems().enumerate();
        all.filter(|(_, problem)| holds(problem)).map(|(index, _)| Row::Problem(index)).collect()
    }
}

impl CatalogPane {
    /// Draws the pane. Returns where the list lies and, while the filter is typed, the cursor.
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
        if self.rows.is_empty() {
            draw_empty(list_area, buf, &self.why_nothing(look.keymap), theme);
        }
        let mut list = self.list;
        Rows { list: &mut list, len: self.rows.len(), focus, theme }
            .draw(list_area, buf, &|index, width| self.row(index, width, theme));
        self.list = list;
        if let Some(strip) = strip {
            self.draw_strip(strip, buf, theme);
        }
        (list_area, cursor)
    }

    /// How many tools are listed: those that the filter and the choice of stages let through.
    pub fn shown(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row, Row::Tool(_))).count()
    }

    fn title(&self, theme: &Theme) -> Title<'static> {
        let shown = self.shown();
        let total = self.view.tools.len();
        let filtered = !self.filter.is_empty() || self.stages != StageFilter::Current || self.view.in_use.is_some();
        let mut detail = if filtered { format!("{} of {}", grouped(shown), grouped(total)) } else { grouped(shown) };
        if !self.stages.word().is_empty() {
            detail = format!("{detail} · {}", self.stages.word());
        }
        if let Some(name) = &self.view.in_use {
            detail = format!("{detail} · {}", cut(&safe(name), 16));
        }
        let locked = self.rows.iter().filter(|row| self.tool_of(**row).is_some_and(|tool| tool.facts.locked)).count();
        if locked > 0 {
            detail = format!("{detail} · {} locked", grouped(locked));
        }
        let (remark, remark_style) = match self.view.state {
            _ if !self.failure.is_empty() => ("not open".to_owned(), theme.bad),
            CatalogState::Loading { total: 0, .. } => ("Loading…".to_owned(), theme.warn),
            CatalogState::Loading { done, total } => {
                (format!("Loading {}/{}", grouped(done), grouped(total)), theme.warn)
            }
            // The first line says it already.
            CatalogState::Ready => (String::new(), theme.good),
        };
        Title { name: "1 Catalog", detail, remark, remark_style }
    }

    fn tool_of(&self, row: Row) -> Option<&Arc<Tool>> {
        match row {
            Row::Tool(position) => self.view.tools.get(position),
            Row::Problem(_) => None,
        }
    }

    fn cut_up(&self, inner: Rect) -> (Rect, Option<Rect>) {
        if inner.height < 14 || self.rows.is_empty() {
            return (inner, None);
        }
        let height = STRIP_LINES + 1;
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
        if !self.filter.is_empty() {
            return vec![format!("No match. {} clears the filter, ! shows problems.", key(Verb::Back))];
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
            format!("{}: show all keys", key(Verb::Help)),
            format!("{}: quit", key(Verb::Quit)),
        ]
    }

    fn row(&self, index: usize, width: usize, theme: &Theme) -> Vec<Span> {
        match self.rows.get(index) {
            Some(Row::Tool(position)) => match self.view.tools.get(*position) {
                Some(tool) => tool_row(tool, &self.matches(tool), width, theme),
                None => Vec::new(),
            },
            Some(Row::Problem(index)) => {
                self.problems().nth(*index).map(|problem| problem_row(problem, width, theme)).unwrap_or_default()
            }
            None => Vec::new(),
        }
    }

    /// Which characters of a tool's name the filter found.
    fn matches(&self, tool: &Tool) -> Vec<usize> {
        match &self.index {
            Some((_, index)) if !self.filter.is_empty() => index.matches(self.filter.text().trim(), tool).name,
            Some(_) | None => Vec::new(),
        }
    }

    fn draw_strip(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let text = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let (name, lines) = match self.selected() {
            Selected::Tool(tool) => (tool.name.to_string(), tool_strip(tool, usize::from(text.width), theme)),
            Selected::Problem(problem) => {
                (place_words(problem), problem_strip(problem, usize::from(text.width), theme))
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
