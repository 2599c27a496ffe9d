//! The answer of a query, as lines to scroll.

use super::keys::{BoxKey, Finder, border_keys};
use super::list_box::TYPING_KEYS;
use super::{Reply, centred, open_box};
use crate::action::boxes::GO_TO_TOOL;
use crate::action::{Context, Verb, spec};
use crate::domain::Instant;
use crate::domain::description::{Description, DescriptionView, Ink, Plot, StyledLine};
use crate::engine::{Dashboard, EngineError};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::Motion;
use crate::tui::pane::output::text_move;
use crate::tui::pane::rows::{Look, Title, draw_scrollbar};
use crate::tui::phrase::cut;
use crate::tui::plot::PlacedPlot;
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{
    Jump, Mark, Piece, Place, Relaid, SearchLine, TextLine, TextView, Tone, cursor_link, part_shown, step_link,
};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

/// The width of the box if the terminal is wide enough.
const BOX_WIDTH: u16 = 96;

/// The screen height from which pictures are higher.
const TALL: u16 = 36;

/// The width of the text in the box.
const WIDTH: usize = BOX_WIDTH as usize - 4;

/// The state of the report.
pub struct Report {
    name: &'static str,
    /// The verb of the query.
    pub verb: Verb,
    view: TextView,
    /// The content, and its layout.
    shown: Option<(Shown, Layout)>,
    /// The tools that its lines link to, by path.
    links: Vec<String>,
    search: SearchLine,
    charts: Box<Charts>,
}

/// Charts that may be drawn as pictures.
#[derive(Default)]
struct Charts {
    /// Whether charts are drawn as pictures; pictures are higher than a line.
    are_pictures: bool,
    /// All charts, with the index of their line.
    all: Vec<(usize, Plot)>,
    /// The charts on the screen.
    placed: Vec<PlacedPlot>,
}

impl Finder for Report {
    fn is_typing(&self) -> bool {
        self.search.typing
    }

    fn set_typing(&mut self, typing: bool) {
        self.search.typing = typing;
    }

    fn sought(&self) -> String {
        self.search.input.text()
    }

    fn edit(&mut self, edit: &mut dyn FnMut(&mut TextInput)) {
        edit(&mut self.search.input);
        self.view.search(&self.search.input.text());
    }

    fn step(&mut self, motion: Motion) {
        self.walk(motion);
    }

    fn step_match(&mut self, to: Jump) {
        self.view.step_match(to);
    }
}

/// The parameters of the layout.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout {
    columns: usize,
    /// Whether a screen reader reads the text aloud.
    accessible: bool,
    /// Rows of a chart: one for characters, more for a picture.
    chart_rows: u16,
}

impl Layout {
    /// The layout before the screen is known.
    const FIRST: Layout = Layout { columns: WIDTH, accessible: false, chart_rows: 1 };

    fn view(self, now: Instant) -> DescriptionView {
        DescriptionView { width: Some(self.columns), now, accessible: self.accessible }
    }
}

/// The content, independent of the layout.
enum Shown {
    Described(Description, Instant),
    Figures(Box<Dashboard>),
}

impl Shown {
    /// The lines, and the charts among them.
    fn view(&self, layout: Layout) -> (TextView, Vec<(usize, Plot)>) {
        let laid = match self {
            Shown::Described(told, now) => described(told, layout.view(*now)),
            Shown::Figures(figures) => laid_out(figures, layout),
        };
        let (mut lines, mut plots) = (Vec::new(), Vec::new());
        for (line, plot) in laid {
            if let Some(plot) = plot.filter(|_| layout.chart_rows > 1) {
                plots.push((lines.len(), plot));
                lines.push(line);
                lines.extend((1..layout.chart_rows).map(|_| TextLine::new("", Tone::Plain)));
            } else {
                lines.push(line);
            }
        }
        let is_link = |line: &TextLine| line.place().is_some();
        let Some(first) = lines.iter().position(is_link) else { return (TextView::new(lines), plots) };
        let mut view = TextView::new(lines).with_cursor();
        if first > 0 {
            step_link(&mut view, Jump::Next);
        }
        (view, plots)
    }

    /// The tools that its lines link to, by path; lines refer to them by index.
    fn links(&self) -> Vec<String> {
        let Shown::Described(told, now) = self else { return Vec::new() };
        let lines = told.body(Layout::FIRST.view(*now));
        lines.iter().filter_map(|line| line.leads_to().map(str::to_owned)).collect()
    }
}

impl Report {
    /// A report whose content has not arrived yet.
    pub fn awaited(verb: Verb) -> Report {
        let name = match verb {
            Verb::Doctor => "Doctor",
            Verb::Similar => "Similar",
            Verb::Search => "Search",
            Verb::Lineage => "Versions",
            Verb::Compare => "Compare runs",
            Verb::Dashboard => "Dashboard",
            Verb::Scores => "Scores",
            Verb::Stats => "Library",
            Verb::Verify => "Verify",
            Verb::Services => "Services",
            Verb::Messages => "Messages",
            Verb::Agents => "Agents",
            Verb::Figures => "Figures",
            Verb::Tokens => "Tokens",
            Verb::Team => "Team",
            Verb::Workers => "Workers",
            Verb::State => "Kept files",
            Verb::Grants => "Grants",
            other => spec(other).name,
        };
        Report {
            name,
            verb,
            view: TextView::new(vec![TextLine::new("loading …", Tone::Fold)]),
            shown: None,
            links: Vec::new(),
            search: SearchLine::default(),
            charts: Box::default(),
        }
    }

    /// A report of known lines.
    pub fn listing(verb: Verb, lines: Vec<TextLine>) -> Report {
        let mut view = TextView::new(lines);
        if !view.wraps() {
            view.toggle_wrap();
        }
        Report { view, ..Report::awaited(verb) }
    }

    /// The report about one instance, whose content has not arrived yet.
    pub fn of_instance() -> Report {
        Report { name: "Instance", ..Report::awaited(Verb::Services) }
    }

    /// Sets the answer of the query, at this time.
    pub fn set(&mut self, found: Result<Description, EngineError>, now: Instant) {
        match found {
            Ok(told) => {
                let renewed = self.shown.take();
                let layout = renewed.as_ref().map_or(Layout::FIRST, |(_, layout)| *layout);
                let shown = Shown::Described(told, now);
                self.links = shown.links();
                let (view, plots) = shown.view(layout);
                self.charts.all = plots;
                match renewed {
                    // An update keeps the scroll position.
                    Some(_) => self.view.replace(view, Relaid::Look),
                    None => self.view = view,
                }
                self.shown = Some((shown, layout));
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Sets the statistics of the dashboard; updates keep the scroll position.
    pub fn set_dashboard(&mut self, found: Result<Box<Dashboard>, EngineError>) {
        match found {
            Ok(figures) => {
                let layout = self.shown.take().map_or(Layout::FIRST, |(_, layout)| layout);
                let shown = Shown::Figures(figures);
                let (view, plots) = shown.view(layout);
                self.view.replace(view, Relaid::Look);
                self.charts.all = plots;
                self.shown = Some((shown, layout));
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Shows an error instead of the content.
    fn fail(&mut self, error: &EngineError) {
        let message = TextLine::new(&format!("✗ {}", error.message), Tone::Bad);
        self.view = TextView::new(vec![message, TextLine::new(&error.hint, Tone::Plain)]);
        self.shown = None;
        self.links.clear();
        self.charts.all.clear();
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let go = BoxKey::row(GO_TO_TOOL);
        if self.links.is_empty() { Vec::new() } else { vec![go] }
    }

    /// Goes to the next or previous link, if any; otherwise scrolls.
    fn walk(&mut self, motion: Motion) {
        let to = match motion {
            Motion::Down => Jump::Next,
            Motion::Up => Jump::Previous,
            _ => return self.view.scroll(text_move(motion)),
        };
        if self.links.is_empty() || !step_link(&mut self.view, to) {
            self.view.scroll(text_move(motion));
        }
    }

    /// Scrolls, goes to a tool, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        match keymap.lookup(Context::Motion, Chord::of(key)) {
            Some(Verb::Back | Verb::Quit) => return Reply::Close,
            _ if key.code == KeyCode::Enter => {
                let path = cursor_link(&self.view).and_then(|at| self.links.get(at)).cloned();
                return path.map_or(Reply::Close, Reply::GoToTool);
            }
            Some(verb) => {
                if let Some(motion) = Motion::of(verb) {
                    self.walk(motion);
                }
            }
            None => {}
        }
        Reply::Stay
    }

    /// The object of the report.
    fn detail(&self) -> String {
        let Some((Shown::Described(told, now), _)) = &self.shown else { return String::new() };
        let view = Layout::FIRST.view(*now);
        let pieces = told.title().into_iter().flat_map(|line| line.pieces(view));
        pieces.map(|(_, text)| text).collect()
    }

    /// Sets whether charts are drawn as pictures.
    pub fn set_pictures(&mut self, on: bool) {
        self.charts.are_pictures = on;
    }

    /// The charts on the screen that may be drawn as pictures.
    pub fn placed(&self) -> &[PlacedPlot] {
        &self.charts.placed
    }

    fn place(&self, text: Rect, rows: u16) -> Vec<PlacedPlot> {
        let place = |(line, plot): &(usize, Plot)| {
            let x = text.x + u16::try_from(self.view.text_column() + plot.left).ok()?;
            let width = u16::try_from(plot.columns.len()).ok()?;
            let whole = x.checked_add(width)? <= text.right() && self.view.is_on_one_row(*line);
            let row = i32::try_from(self.view.row_on_screen(*line)).ok().filter(|_| whole)?;
            let (top, end) = (row.max(0), (row + i32::from(rows)).min(i32::from(text.height)));
            let height = u16::try_from(end - top).ok().filter(|height| *height > 0)?;
            let above = u16::try_from(top - row).ok()?;
            let area = Rect { x, y: text.y + u16::try_from(top).ok()?, width, height };
            Some(PlacedPlot { plot: plot.clone(), area, above, rows })
        };
        self.charts.all.iter().filter_map(place).collect()
    }

    /// The number of rows of the text at this width; a box shows fewer.
    fn rows_in(&mut self, columns: usize) -> usize {
        let most = usize::from(u16::MAX);
        self.view.rows_on_top(columns, most).unwrap_or(most)
    }

    /// Draws the report over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        self.draw_with(border_keys(&self.keys()), screen, buf, look)
    }

    /// Draws the report over the screen, with these keys. Returns the cursor while a search is typed.
    pub fn draw_with(
        &mut self,
        mut keys: Vec<(String, &'static str)>,
        screen: Rect,
        buf: &mut Buffer,
        look: Look,
    ) -> Option<Position> {
        // The inner width of the box from `open_box`: without a border and a margin on each side.
        let columns = usize::from(screen.width.min(BOX_WIDTH)).saturating_sub(4);
        let chart_rows = match screen.height {
            _ if !self.charts.are_pictures => 1,
            ..TALL => 2,
            TALL.. => 3,
        };
        let layout = Layout { columns, accessible: look.theme.numbered, chart_rows };
        if let Some((shown, laid)) = &mut self.shown
            && *laid != layout
        {
            *laid = layout;
            let (view, plots) = shown.view(layout);
            self.view.replace(view, Relaid::Look);
            self.charts.all = plots;
        }
        let above = u16::from(self.search.typing || !self.search.input.is_empty());
        // Plus its frame and an empty line.
        let height = (self.rows_in(columns) as u16).saturating_add(3 + above).clamp(6 + above, 30);
        // Without its frame and the line of the search.
        let room = usize::from(centred(screen, BOX_WIDTH, height).height.saturating_sub(2 + above));
        let rows = self.rows_in(columns);
        if self.search.typing {
            keys = Title::keys(&TYPING_KEYS);
        } else {
            match self.links.len() {
                0 | 1 if rows > room => keys.push(("↑↓".to_owned(), "scroll")),
                0 | 1 => {}
                _ => keys.push(("↑↓".to_owned(), "select")),
            }
            if rows > room {
                keys.push((look.keymap.key(Verb::Filter), "search"));
            }
        }
        let remark = if rows > room { format!("{rows} lines") } else { String::new() };
        let title = Title { name: self.name, detail: self.detail(), remark, remark_style: look.theme.dim, keys };
        let mut inner = open_box(screen, (BOX_WIDTH, height), &title, buf, look);
        let cursor = self.search.draw(&mut inner, buf, look.theme, self.view.search_status());
        self.view.render(inner, buf, look.theme);
        self.charts.placed = self.place(inner, chart_rows);
        draw_scrollbar(inner, buf, part_shown(&self.view), look.theme);
        cursor
    }
}

/// The columns reserved for signs beside a text.
const GUTTER: usize = 3;

/// A line, and the chart in it.
type LaidLine = (TextLine, Option<Plot>);

/// A description as lines.
fn described(told: &Description, view: DescriptionView) -> Vec<LaidLine> {
    let mut links = 0..;
    let mut laid = |line: &StyledLine| {
        let number = line.leads_to().and_then(|_| links.next());
        let laid = match (text_line(line, view), number) {
            (TextLine::One(piece), Some(number)) => TextLine::One(piece.stands_for(Place::Link(number))),
            (line, _) => line,
        };
        (laid, line.plot().cloned())
    };
    told.body(view).iter().map(&mut laid).collect()
}

fn text_line(line: &StyledLine, view: DescriptionView) -> TextLine {
    let (mut text, mut marks) = (String::new(), Vec::new());
    for (ink, piece) in line.pieces(view) {
        let start = text.len();
        text.push_str(&piece);
        marks.extend(mark(ink).map(|mark| (start..text.len(), mark)));
    }
    let piece = Piece::new(&text, Tone::Plain).hanging(line.hang());
    TextLine::One(marks.iter().fold(piece, |piece, (range, mark)| piece.mark(range, *mark)))
}

fn mark(ink: Ink) -> Option<Mark> {
    Some(match ink {
        Ink::Plain => return None,
        Ink::Strong => Mark::Strong,
        Ink::Dim => Mark::Dim,
        Ink::Good => Mark::Good,
        Ink::Warn => Mark::Warn,
        Ink::Bad => Mark::Bad,
        Ink::Accent => Mark::Accent,
    })
}

/// The dashboard at this width: charts fill it, rows of tables are cut.
fn laid_out(figures: &Dashboard, layout: Layout) -> Vec<LaidLine> {
    let columns = layout.columns.saturating_sub(GUTTER);
    let view = Layout { columns, ..layout }.view(figures.at);
    let laid = |line: &StyledLine| {
        let text: String = line.pieces(view).map(|(_, text)| text).collect();
        let laid = match text.get(..2) {
            Some("  ") if text.starts_with("  !") => TextLine::new(&text, Tone::Warn),
            Some("  ") if text.chars().count() > columns => TextLine::new(&shortened(&text, columns), Tone::Plain),
            _ => text_line(line, view),
        };
        (laid, line.plot().cloned())
    };
    figures.lines(columns).iter().map(laid).collect()
}

/// The facts of a row that fit completely; a row without such facts is cut.
fn shortened(row: &str, columns: usize) -> String {
    let whole = row.match_indices(" · ").map(|(at, _)| &row[..at]);
    let fits = |part: &&str| part.width() <= columns;
    whole.filter(fits).last().map_or_else(|| cut(row, columns), str::to_owned)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
