//! A tool on the whole screen: its description, its files, or the difference between two versions.

use super::evidence;
use super::reader::{Exposure, Reader, Tab, TabKind};
use crate::domain::{Tool, ToolState, VersionFile};
use crate::engine::EngineError;
use crate::tui::effect::DetailFor;
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::msg::ToolDossier;
use crate::tui::now::Now;
use crate::tui::pane::catalog::{stage_sign, stage_style};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{cut, cut_middle, safe};
use crate::tui::widget::{Blanks, DiffLayout, DiffLook, DiffText, TextLine, TextView, Tone, Unfolded, source_lines};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::HashSet;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// The state of the screen.
pub struct SourceScreen {
    /// The row that the screen was opened for.
    pub tool: Arc<Tool>,
    /// The purpose of the screen.
    pub purpose: DetailFor,
    /// Identifies the request for syntax highlighting.
    pub ticket: u64,
    /// The texts; one line about loading until they arrive.
    pub reader: Reader,
}

impl SourceScreen {
    /// A screen whose texts have not arrived yet.
    pub fn loading(tool: Arc<Tool>, purpose: DetailFor, ticket: u64) -> SourceScreen {
        let view = TextView::new(vec![TextLine::new("loading …", Tone::Fold)]);
        SourceScreen { tool, purpose, ticket, reader: Reader::new(vec![Tab::new("…", view)]) }
    }

    /// Sets the texts; a difference is laid out for `width` columns. Returns the files whose syntax is to be
    /// highlighted.
    pub fn set(&mut self, dossier: Result<Box<ToolDossier>, EngineError>, now: Now, width: u16) -> Vec<VersionFile> {
        let dossier = match dossier {
            Ok(dossier) => dossier,
            Err(error) => {
                let lines = [TextLine::new(&error.message, Tone::Bad), TextLine::new(&error.hint, Tone::Plain)];
                self.reader = Reader::new(vec![Tab::new("not readable", TextView::new(lines.into()))]);
                return Vec::new();
            }
        };
        let mut tabs = vec![Tab::new("about", evidence::of_tool(&dossier.detail, &dossier.runs, now))];
        let files = &dossier.detail.files;
        tabs.extend(files.iter().enumerate().map(|(number, file)| file_tab(number, file)));
        let main = dossier.detail.main_file().and_then(|main| files.iter().position(|file| file.path == main.path));
        let mut show = match self.purpose {
            DetailFor::Source => main.map_or(0, |at| at + 1),
            DetailFor::Show | DetailFor::Diff | DetailFor::Run | DetailFor::Preview => 0,
        };
        if self.purpose == DetailFor::Diff {
            show = tabs.len();
            tabs.push(difference(&dossier, width));
        }
        self.reader = Reader::new(tabs);
        self.reader.show(show);
        files.clone()
    }

    /// Draws the screen and returns the cursor while a search is typed.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, look: Look, exposure: Exposure) -> Option<Position> {
        let theme = look.theme;
        let tool = &self.tool;
        let changed = if tool.state == ToolState::Changed { "  changed on disk since approval" } else { "" };
        let name = format!("{} {}", tool.name, tool.version);
        let room = usize::from(area.width).saturating_sub(3 + name.width() + changed.len());
        // The path tells apart tools of the same name: the stage gives way to it, which the sign shows, too.
        let path = safe(&tool.path);
        let stage = format!("{} · ", tool.stage);
        let stage = if 2 + stage.width() + path.width() <= room { stage } else { String::new() };
        let place = cut(&format!("  {stage}{}", cut_middle(&path, room.saturating_sub(2 + stage.width()))), room);
        let line = Line::from(vec![
            Span::styled(format!(" {} ", stage_sign(tool.stage)), stage_style(tool.stage, theme)),
            Span::styled(name, theme.title),
            Span::styled(place, theme.dim),
            Span::styled(changed, theme.warn),
        ]);
        buf.put_line(area.x, area.y, &line, area.width);
        let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.reader.draw(rest, buf, look, exposure, &|_, _| Some(""))
    }
}

/// A file as a tab; a file that is not UTF-8 is shown as bytes.
pub fn file_tab(number: usize, file: &VersionFile) -> Tab {
    let tab = Tab::new(file.path.clone(), TextView::new(file_lines(file)));
    tab.of(TabKind::File(number), vec![file.path.clone()])
}

/// A file as lines.
pub fn file_lines(file: &VersionFile) -> Vec<TextLine> {
    if let Ok(text) = std::str::from_utf8(&file.bytes) {
        return source_lines(text, 0);
    }
    let size = crate::tui::phrase::size(file.bytes.len() as u64);
    let mut lines = vec![TextLine::new(&format!("not UTF-8 text: {size}, shown as bytes"), Tone::Warn)];
    lines.extend(file.bytes.chunks(16).enumerate().map(|(at, chunk)| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        TextLine::new(&format!("{:08x}  {}", at * 16, hex.join(" ")), Tone::Plain)
    }));
    lines
}

fn difference(dossier: &ToolDossier, width: u16) -> Tab {
    let Some((name, files)) = &dossier.other else {
        let text = if dossier.detail.tool.facts.approved {
            "This is the approved version."
        } else {
            "No version to compare with: none was approved and none was named."
        };
        return Tab::new("diff", TextView::new(vec![TextLine::new(text, Tone::Plain)]));
    };
    difference_tab(format!("diff to {name}"), files, &dossier.detail.files, width)
}

/// The difference between two sets of files as a tab, side by side on a wide screen.
pub fn difference_tab(name: String, before: &[VersionFile], after: &[VersionFile], width: u16) -> Tab {
    let text = DiffText::between(before, after, Blanks::Count);
    let (unfolded, read) = (Unfolded::default(), HashSet::new());
    let look = DiffLook { layout: DiffLayout::for_width(width), unfolded: &unfolded, read: &read };
    let paths = text.files.iter().map(|file| file.path.clone()).collect();
    Tab::new(name, TextView::new(diff_lines(&text, &look))).of(TabKind::Difference, paths)
}

/// The difference between two sets of files: a summary, then the lines.
pub fn diff_lines(text: &DiffText, look: &DiffLook<'_>) -> Vec<TextLine> {
    let mut lines = vec![TextLine::new(&text.summary(), Tone::Fact)];
    lines.extend(text.lines(look));
    lines
}
