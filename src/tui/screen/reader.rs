//! Several texts as tabs, with one search: the body of the review and of the source screen.

use crate::tui::ink::{Ink, Line};
use crate::tui::list::Motion;
use crate::tui::pane::output::text_move;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{cut, grouped, safe};
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{CURRENT, LineTokens, Relaid, SearchLine, Side, TextView, part_shown, tab_strip};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Whether the drawn text is visible, or covered by something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// On top: drawn lines count as shown.
    Open,
    /// Under an overlay: nothing counts as shown.
    Covered,
}

/// A text with its name.
pub struct Tab {
    /// A word or a path; not escaped.
    pub name: String,
    /// Text with its scroll position and search matches.
    pub view: TextView,
    /// Which part of a review or tool it shows.
    pub kind: TabKind,
    /// The files that places of the text refer to, by number.
    pub paths: Vec<String>,
}

/// The content of a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TabKind {
    /// Evidence about the version.
    Facts,
    /// One file: its number in the list of files.
    File(usize),
    /// The difference to another version.
    Difference,
    /// Comments of reviewers.
    Comments,
    /// The list of the files.
    Outline,
    /// A text of another screen, which knows it by this name.
    Named(&'static str),
}

impl Tab {
    /// A tab of facts.
    pub fn new(name: impl Into<String>, view: TextView) -> Tab {
        Tab { name: name.into(), view, kind: TabKind::Facts, paths: Vec::new() }
    }

    /// The same text as a tab of another kind, about these files.
    pub fn of(self, kind: TabKind, paths: Vec<String>) -> Tab {
        Tab { kind, paths, ..self }
    }
}

/// Texts as tabs. There is always at least one.
pub struct Reader {
    tabs: Vec<Tab>,
    current: usize,
    search: SearchLine,
}

impl Reader {
    /// A reader of these texts; an empty list becomes one empty text.
    pub fn new(mut tabs: Vec<Tab>) -> Reader {
        if tabs.is_empty() {
            tabs.push(Tab::new("empty", TextView::new(Vec::new())));
        }
        Reader { tabs, current: 0, search: SearchLine::default() }
    }

    /// All tabs, from left to right.
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The tab on top.
    pub fn current(&self) -> &Tab {
        &self.tabs[self.current]
    }

    /// The tab on top.
    pub fn current_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.current]
    }

    /// Which tab is on top.
    pub fn position(&self) -> usize {
        self.current
    }

    /// A tab by position.
    pub fn tab_mut(&mut self, at: usize) -> Option<&mut Tab> {
        self.tabs.get_mut(at)
    }

    /// The kind of the tab on the screen.
    pub fn current_kind(&self) -> Option<TabKind> {
        self.tabs.get(self.current).map(|tab| tab.kind)
    }

    /// The first tab of a kind.
    pub fn tab_of(&mut self, kind: TabKind) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.kind == kind)
    }

    /// Shows the first tab of a kind, if any.
    pub fn show_kind(&mut self, kind: TabKind) {
        if let Some(at) = self.tabs.iter().position(|tab| tab.kind == kind) {
            self.show(at);
        }
    }

    /// Replaces the tabs: shown parts of existing tabs stay shown, and the tab on top stays on top.
    pub fn renew(&mut self, tabs: Vec<Tab>, why: Relaid) {
        let current = self.tabs.get(self.current).map(|tab| tab.kind);
        let mut before = std::mem::take(&mut self.tabs);
        let renewed = tabs.into_iter().map(|tab| match before.iter().position(|old| old.kind == tab.kind) {
            Some(at) => {
                let mut old = before.swap_remove(at);
                old.view.replace(tab.view, why);
                Tab { view: old.view, ..tab }
            }
            None => tab,
        });
        self.tabs = renewed.collect();
        self.current = self.tabs.iter().position(|tab| Some(tab.kind) == current).unwrap_or(0);
    }

    /// Shows a tab, if it exists.
    pub fn show(&mut self, at: usize) {
        if at < self.tabs.len() {
            let size = self.current().view.size();
            self.tabs[at].view.set_size(size);
            self.current = at;
            self.repeat_search();
        }
    }

    /// Shows the tab this many places further among those that `shown` accepts, wrapping around.
    pub fn step(&mut self, by: isize, shown: &dyn Fn(usize) -> bool) {
        let len = self.tabs.len() as isize;
        let mut at = self.current as isize;
        for _ in 0..len {
            at = (at + by).rem_euclid(len);
            if shown(at as usize) {
                break;
            }
        }
        self.show(at as usize);
    }

    /// Scrolls the current tab.
    pub fn scroll(&mut self, motion: Motion) {
        self.current_mut().view.scroll(text_move(motion));
    }

    /// Wraps long lines in all texts, or stops.
    pub fn toggle_wrap(&mut self) {
        for tab in &mut self.tabs {
            tab.view.toggle_wrap();
        }
    }

    /// Whether the search is being typed.
    pub fn is_typing(&self) -> bool {
        self.search.typing
    }

    /// Starts or ends typing the search.
    pub fn set_typing(&mut self, typing: bool) {
        self.search.typing = typing;
    }

    /// Whether there is a search.
    pub fn is_searching(&self) -> bool {
        !self.search.input.is_empty()
    }

    /// Edits the search text and jumps to the next match.
    pub fn edit_search(&mut self, edit: impl FnOnce(&mut TextInput)) {
        edit(&mut self.search.input);
        self.repeat_search();
    }

    fn repeat_search(&mut self) {
        let text = self.search.input.text();
        if self.current().view.search_status().is_some() || !text.is_empty() {
            self.current_mut().view.search(&text);
        }
    }

    /// Colours a file in every tab that shows it.
    pub fn set_syntax(&mut self, side: Side, path: &str, tokens: &[LineTokens]) {
        for tab in &mut self.tabs {
            if let Some(file) = tab.paths.iter().position(|shown| shown == path) {
                tab.view.set_syntax(side, file, tokens.to_vec());
            }
        }
    }

    /// Draws the tab line, the search line while there is a search, and the text. `sign` is the mark before a tab's
    /// name, `None` hides the tab. Returns the cursor while the search is typed.
    pub fn draw(
        &mut self,
        area: Rect,
        buf: &mut Buffer,
        look: Look,
        exposure: Exposure,
        sign: &dyn Fn(usize, &Tab) -> Option<&'static str>,
    ) -> Option<Position> {
        self.draw_with(area, buf, look, exposure, "", sign)
    }

    /// Like [`Reader::draw`], with a remark at the right end of the tab line, safe to draw.
    pub fn draw_with(
        &mut self,
        area: Rect,
        buf: &mut Buffer,
        look: Look,
        exposure: Exposure,
        remark: &str,
        sign: &dyn Fn(usize, &Tab) -> Option<&'static str>,
    ) -> Option<Position> {
        let mut rest = area;
        let tabs = Rect { height: 1, ..area };
        if rest.height > 1 {
            rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
        }
        let cursor = self.search.draw(&mut rest, buf, look.theme, self.current().view.search_status());
        let view = &mut self.tabs[self.current].view;
        match exposure {
            Exposure::Open => view.render(rest, buf, look.theme),
            Exposure::Covered => view.covered(|view| view.render(rest, buf, look.theme)),
        }
        if area.height > 1 {
            // If nothing else is counted, shows the position in the text, if the tabs leave space.
            let position = position(view, usize::from(area.width));
            let remark = if remark.is_empty() { (position.as_str(), 0) } else { (remark, remark.len()) };
            self.draw_tabs(tabs, buf, look, remark, sign);
        }
        cursor
    }

    fn draw_tabs(
        &self,
        area: Rect,
        buf: &mut Buffer,
        look: Look,
        (remark, kept_free): (&str, usize),
        sign: &dyn Fn(usize, &Tab) -> Option<&'static str>,
    ) {
        let line = self.tab_line(usize::from(area.width).saturating_sub(kept_free), look, sign);
        let used = line.width();
        buf.put_line(area.x, area.y, &line, area.width);
        if used + remark.len() <= usize::from(area.width) {
            buf.put(area.right() - remark.len() as u16, area.y, remark, remark.len(), look.theme.dim);
        }
    }

    fn tab_line(&self, width: usize, look: Look, sign: &dyn Fn(usize, &Tab) -> Option<&'static str>) -> Line {
        let theme = look.theme;
        let shown: Vec<(usize, String)> = self
            .tabs
            .iter()
            .enumerate()
            .filter_map(|(at, tab)| {
                let hidden = tab.view.hidden_count();
                let warning = if hidden > 0 { format!(" ⚠{hidden} hidden") } else { String::new() };
                Some((at, format!(" {}{}{warning} ", sign(at, tab)?, cut(&safe(&tab.name), 32))))
            })
            .collect();
        let place = shown.iter().position(|(at, _)| *at == self.current).unwrap_or(0);
        let labels = shown.into_iter().map(|(at, text)| {
            let style = match (at == self.current, text.contains('⚠')) {
                (true, _) => theme.title.patch(theme.selection),
                (false, true) => theme.warn,
                (false, false) => theme.dim,
            };
            let mark = if theme.numbered && at == self.current { CURRENT } else { "" };
            (format!("{mark}{text}"), style)
        });
        tab_strip(labels.collect(), place, width, theme)
    }
}

/// Which lines of a text are on screen; empty if all of them are.
fn position(view: &TextView, width: usize) -> String {
    let (start, shown, all) = part_shown(view);
    if all <= shown {
        return String::new();
    }
    let word = if width < 80 { "" } else { "lines " };
    format!("  {word}{}-{} of {} ", grouped(start + 1), grouped(start + shown), grouped(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::Bench;
    use crate::tui::widget::{TextLine, Tone};

    #[test]
    fn a_text_that_is_longer_than_the_screen_says_where_one_is() {
        let (bench, named) = (Bench::ready(100, 30), crate::tui::pane::rows::NamedKeys::default());
        let lines = |count: usize| (0..count).map(|line| TextLine::new(&format!("line {line}"), Tone::Plain)).collect();
        let look = Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &named };
        let first = |reader: &mut Reader, width: u16| {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, 11));
            reader.draw(buf.area, &mut buf, look, Exposure::Open, &|_, _| Some(""));
            (0..width).map(|x| buf[(x, 0)].symbol()).collect::<String>()
        };
        let mut reader = Reader::new(vec![Tab::new("about", TextView::new(lines(1_234)))]);
        assert!(first(&mut reader, 80).ends_with("  lines 1-10 of 1,234 "), "{}", first(&mut reader, 80));
        assert!(first(&mut reader, 60).ends_with("  1-10 of 1,234 "));
        reader.scroll(Motion::Bottom);
        assert!(first(&mut reader, 80).ends_with("  lines 1,225-1,234 of 1,234 "), "{}", first(&mut reader, 80));
        let mut short = Reader::new(vec![Tab::new("about", TextView::new(lines(10)))]);
        assert_eq!(first(&mut short, 80).trim(), "about");
    }
}
