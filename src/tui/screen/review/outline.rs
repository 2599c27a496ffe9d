//! The files of a version as a list: the change of each, how much of it was on screen, and its findings. For an
//! adoption the list contains the tools, and each can be omitted from the approval.

use super::{Reading, ReviewScreen};
use crate::domain::{ReviewKind, Severity, plural};
use crate::tui::phrase::grouped;
use crate::tui::screen::reader::{Tab, TabKind};
use crate::tui::widget::{FileChange, Mark, Piece, Place, Relaid, TextLine, TextView, Tone};
use std::collections::BTreeSet;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// With fewer files, a list is not more useful than the tabs.
const LEAST_FILES: usize = 2;
/// The width of the symbols of a line and of the gaps between its columns.
const SIGNS_AND_GAPS: usize = 9;
/// The minimum width of a name; a name that does not fit moves the other columns to the right.
const LEAST_NAME: usize = 16;
/// The words before a tool of an adoption.
const ADOPT: &str = "adopt ";
const LEAVE: &str = "leave ";
const BLANK: &str = "      ";

/// The content of a review's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// There is no list.
    Nothing,
    /// The files of a version.
    Files,
    /// The tools of an adoption, which need not be approved together.
    Tools,
}

/// The object of a line in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Paths of its files: one for a file, several for a folder or a tool.
    paths: Vec<String>,
    /// The tool of an adoption that it belongs to.
    tool: Option<String>,
}

/// A file as the list knows it.
struct Row {
    path: String,
    change: String,
    seen: usize,
    needed: usize,
    found: String,
}

impl ReviewScreen {
    /// The content of the list.
    pub fn listed(&self) -> Listed {
        match (self.has_outline(), self.is_adoption()) {
            (false, _) => Listed::Nothing,
            (true, false) => Listed::Files,
            (true, true) => Listed::Tools,
        }
    }

    /// Whether there is a list: a version with a single file has none.
    fn has_outline(&self) -> bool {
        self.reader.tabs().iter().any(|tab| tab.kind == TabKind::Outline)
    }

    /// Shows the list of files. `false` if there is none.
    pub fn show_outline(&mut self) -> bool {
        let from = self.reader.position();
        if self.reader.current().kind != TabKind::Outline {
            self.before_list = Some(from);
        }
        self.opened_from_list = false;
        self.reader.show_kind(TabKind::Outline);
        self.renew_outline();
        self.has_outline()
    }

    /// Whether the list is shown.
    pub(in crate::tui) fn is_listing(&self) -> bool {
        self.reader.current().kind == TabKind::Outline
    }

    /// Goes back from a file to the list from which it was opened, and from the list to the previous text. `false` if
    /// there is nothing to go back to.
    pub(in crate::tui) fn leave_outline(&mut self) -> bool {
        if std::mem::take(&mut self.opened_from_list) && !self.is_listing() {
            self.reader.show_kind(TabKind::Outline);
            self.renew_outline();
            return true;
        }
        let before = self.before_list.take().filter(|_| self.is_listing());
        before.map(|at| self.reader.show(at)).is_some()
    }

    /// The list as a tab, if there are enough files.
    pub(super) fn outline_tab(&self) -> Option<Tab> {
        let detail = self.detail.as_ref()?;
        let changed = self.compared.iter().flat_map(|text| &text.files);
        let changed = changed.filter(|file| file.change != FileChange::Unchanged).count();
        let files = if self.compared.is_some() { changed } else { detail.files.len() };
        let (word, count) = if self.is_adoption() { ("tools", self.review.members.len()) } else { ("files", files) };
        let tab = Tab::new(format!("{word} {count}"), TextView::new(Vec::new()).with_cursor());
        (count >= LEAST_FILES).then(|| tab.of(TabKind::Outline, Vec::new()))
    }

    /// Rebuilds the list while it is on screen, because the seen parts change while the user reads.
    pub(super) fn renew_outline(&mut self) {
        if self.reader.current().kind != TabKind::Outline {
            return;
        }
        let (lines, entries) = self.outline();
        self.entries = entries;
        let shown = &mut self.reader.current_mut().view;
        // A replaced text ends the range that is being selected.
        if shown.lines() != lines {
            shown.replace(TextView::new(lines).with_cursor(), Relaid::Look);
        }
    }

    pub(super) fn is_adoption(&self) -> bool {
        self.review.kind == ReviewKind::Adoption
    }

    /// The tool of an adoption that a file belongs to.
    fn tool_of(&self, path: &str) -> Option<String> {
        let (key, _) = path.split_once('/').filter(|_| self.is_adoption())?;
        self.member_keys().find(|known| known == key)
    }

    /// The names of the tools of an adoption, with a digest if several tools share the name.
    fn member_keys(&self) -> impl Iterator<Item = String> {
        self.review.members.iter().map(|member| self.review.member_key(member))
    }

    /// Whether a text belongs to a tool that the approval omits.
    pub(super) fn is_left_out(&self, tab: &Tab) -> bool {
        let tool = tab.paths.first().filter(|_| !self.left_out.is_empty()).and_then(|path| self.tool_of(path));
        tool.is_some_and(|tool| self.left_out.contains(&tool))
    }

    /// The tools that an approval covers if it omits some; otherwise none.
    pub(super) fn only(&self) -> Vec<String> {
        if self.left_out.is_empty() {
            return Vec::new();
        }
        self.member_keys().filter(|key| !self.left_out.contains(key)).collect()
    }

    /// Whether the approval omits every tool.
    pub(super) fn leaves_all_out(&self) -> bool {
        !self.left_out.is_empty() && self.only().is_empty()
    }

    /// Omits the selected tools of an adoption from the approval, or includes them again if all of them are omitted.
    /// Returns the result in words; `None` if no tool is selected.
    pub fn toggle_left_out(&mut self) -> Option<String> {
        let tools = self.chosen_tools();
        let first = tools.first()?.clone();
        let takes = tools.iter().all(|tool| self.left_out.contains(tool));
        for tool in &tools {
            if takes {
                self.left_out.remove(tool)
            } else {
                self.left_out.insert(tool.clone())
            };
        }
        let named = if tools.len() == 1 { first } else { plural(tools.len(), "tool", "tools") };
        Some(if takes { format!("{named}: part of the approval") } else { format!("{named}: left out, stays pending") })
    }

    fn chosen_tools(&self) -> BTreeSet<String> {
        let tab = self.reader.current();
        match tab.kind {
            TabKind::Outline => {
                let entries = tab.view.chosen_places().into_iter().filter_map(|place| self.entry(place));
                entries.filter_map(|entry| entry.tool.clone()).collect()
            }
            TabKind::File(_) => tab.paths.first().and_then(|path| self.tool_of(path)).into_iter().collect(),
            TabKind::Facts | TabKind::Difference | TabKind::Comments | TabKind::Named(_) => BTreeSet::new(),
        }
    }

    fn entry(&self, place: Place) -> Option<&Entry> {
        let Place::Link(number) = place else { return None };
        self.entries.get(number)
    }

    /// The files of the line at the cursor.
    pub(super) fn outline_paths(&self) -> &[String] {
        let place = self.reader.current().view.cursor_place();
        place.and_then(|place| self.entry(place)).map_or(&[], |entry| &entry.paths)
    }

    /// The lines of the list, and their objects.
    fn outline(&self) -> (Vec<TextLine>, Vec<Entry>) {
        let rows = self.outline_rows();
        let names = rows.iter().map(|row| row.path.width() + 2);
        let names = names.max().unwrap_or(0);
        let change = rows.iter().map(|row| row.change.width()).max().unwrap_or(0);
        let change =
            if self.is_adoption() || rows.iter().any(|row| row.path.contains('/')) { change.max(8) } else { change };
        // `1,200 of 6,426 seen`, for folders and files.
        let needed: usize = rows.iter().map(|row| row.needed).sum();
        let seen = format!("{0} of {0} seen", grouped(needed)).width();
        let found = rows.iter().map(|row| row.found.width()).max().unwrap_or(0);
        let before = if self.is_adoption() { BLANK.len() } else { 0 };
        let beside = SIGNS_AND_GAPS + before + change + seen + found;
        let width = names.min(usize::from(self.width).saturating_sub(beside).max(LEAST_NAME));
        let mut page = List { lines: Vec::new(), entries: Vec::new(), width, change };
        let mut folder: Option<&str> = None;
        for row in &rows {
            let (parent, name) = row.path.rsplit_once('/').map_or(("", row.path.as_str()), |(dir, name)| (dir, name));
            let parent = if self.is_adoption() { row.path.split('/').next().unwrap_or_default() } else { parent };
            let name = if self.is_adoption() {
                row.path.strip_prefix(parent).unwrap_or(name).trim_start_matches('/')
            } else {
                name
            };
            if folder != Some(parent) {
                folder = Some(parent);
                let below: Vec<&Row> = rows.iter().filter(|row| is_in(&row.path, parent, self.is_adoption())).collect();
                self.put_folder(&mut page, parent, &below);
            }
            let indent = if parent.is_empty() { "" } else { "  " };
            let tool = self.tool_of(&row.path);
            let taken = tool.as_ref().is_none_or(|tool| !self.left_out.contains(tool));
            let before = if self.is_adoption() { BLANK } else { "" };
            let head = Head { before, name: format!("{indent}{name}"), taken, is_heading: false };
            page.put(&head, row, Entry { paths: vec![row.path.clone()], tool });
        }
        if let Some(text) = self.compared.as_ref().filter(|_| self.reading == Reading::Difference) {
            let same = text.files.iter().filter(|file| file.change == FileChange::Unchanged).count();
            if same > 0 {
                page.lines.push(TextLine::new(&format!("  {} unchanged", plural(same, "file", "files")), Tone::Fold));
            }
        }
        (page.lines, page.entries)
    }

    /// The line of a folder, or of a tool of an adoption with the decision about it.
    fn put_folder(&self, page: &mut List, name: &str, rows: &[&Row]) {
        if name.is_empty() {
            return;
        }
        let paths = rows.iter().map(|row| row.path.clone()).collect();
        let tool = rows.first().and_then(|row| self.tool_of(&row.path));
        let sum = Row {
            path: name.to_owned(),
            change: plural(rows.len(), "file", "files"),
            seen: rows.iter().map(|row| row.seen).sum(),
            needed: rows.iter().map(|row| row.needed).sum(),
            found: String::new(),
        };
        let taken = tool.as_ref().is_none_or(|tool| !self.left_out.contains(tool));
        let (before, name) = match (&tool, taken) {
            (None, _) => ("", format!("{name}/")),
            (Some(_), true) => (ADOPT, name.to_owned()),
            (Some(_), false) => (LEAVE, name.to_owned()),
        };
        page.put(&Head { before, name, taken, is_heading: true }, &sum, Entry { paths, tool });
    }

    fn outline_rows(&self) -> Vec<Row> {
        let Some(detail) = &self.detail else { return Vec::new() };
        if let (Some(text), Reading::Difference) = (&self.compared, self.reading) {
            let shares = self.difference_shares(text.files.len());
            let changed = text.files.iter().zip(shares).filter(|(file, _)| file.change != FileChange::Unchanged);
            let row = changed.map(|(file, (seen, needed))| Row {
                path: file.path.clone(),
                change: format!("{} +{} -{}", file.change.word(), file.added, file.removed),
                seen,
                needed,
                found: self.found_in(&file.path),
            });
            return row.collect();
        }
        let files = detail.files.iter().enumerate().map(|(number, file)| {
            let tab = self.reader.tabs().iter().find(|tab| tab.kind == TabKind::File(number));
            let (seen, needed) = tab.map_or((0, 0), |tab| (tab.view.seen().seen(), tab.view.seen().needed()));
            let (path, found) = (file.path.clone(), self.found_in(&file.path));
            Row { path, change: String::new(), seen, needed, found }
        });
        files.collect()
    }

    /// How many lines of each file in the difference were on screen, and how many there are.
    fn difference_shares(&self, files: usize) -> Vec<(usize, usize)> {
        let mut shares = vec![(0, 0); files];
        let tab = self.reader.tabs().iter().find(|tab| tab.kind == TabKind::Difference);
        let Some(view) = tab.map(|tab| &tab.view) else { return shares };
        let mut current = None;
        for (at, line) in view.lines().iter().enumerate() {
            current = line.place().and_then(file_of).or(current);
            if let Some(share) = current.and_then(|file| shares.get_mut(file))
                && !line.is_extra()
            {
                share.0 += usize::from(view.seen().is_seen(at));
                share.1 += 1;
            }
        }
        shares
    }

    /// The numbers of findings and comments on a file.
    fn found_in(&self, path: &str) -> String {
        let Some(detail) = &self.detail else { return String::new() };
        let checks = detail.verdict.iter().flat_map(|verdict| &verdict.checks).flat_map(|check| &check.findings);
        let warned = checks.filter(|one| one.severity != Severity::Low && one.path.as_deref() == Some(path)).count();
        let comments = detail.comments.iter().filter(|one| one.spot.path.as_deref() == Some(path)).count();
        let words = [(warned, "warning", "warnings"), (comments, "comment", "comments")];
        let words: Vec<String> =
            words.iter().filter(|word| word.0 > 0).map(|(count, one, more)| plural(*count, one, more)).collect();
        words.join(", ")
    }
}

/// Shortens a long name in the middle: its beginning and end are more specific.
fn shortened(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let within = |c: &char, used: &mut usize, most: usize| {
        *used += c.width().unwrap_or(0);
        *used <= most
    };
    let (room, mut used) = (columns.saturating_sub(1) / 2, 0);
    let end: Vec<char> = name.chars().rev().take_while(|c| within(c, &mut used, room)).collect();
    let (room, mut used) = (columns.saturating_sub(1 + room), 0);
    let begin = name.chars().take_while(|c| within(c, &mut used, room));
    begin.chain(['…']).chain(end.into_iter().rev()).collect()
}

/// Whether a file is in a folder, or belongs to a tool.
fn is_in(path: &str, parent: &str, is_tool: bool) -> bool {
    match path.rsplit_once('/') {
        Some((folder, _)) if !is_tool => folder == parent,
        _ => path.split('/').next() == Some(parent),
    }
}

/// The file that a line of the difference belongs to.
fn file_of(place: Place) -> Option<usize> {
    match place {
        Place::Line { file, .. } | Place::File(file) | Place::Hunk(file, _) | Place::Fold(file, _) => Some(file),
        Place::Link(_) => None,
    }
}

/// The list while it is built.
struct List {
    lines: Vec<TextLine>,
    entries: Vec<Entry>,
    /// The width of the names.
    width: usize,
    /// The width of the changes of files.
    change: usize,
}

/// The beginning of a line in the list.
struct Head {
    /// The decision about a tool.
    before: &'static str,
    name: String,
    /// Whether the approval includes it.
    taken: bool,
    /// Whether it is a folder or a tool, with its files below.
    is_heading: bool,
}

impl List {
    fn put(&mut self, head: &Head, row: &Row, entry: Entry) {
        let Head { before, name, taken, is_heading } = head;
        let (sign, tone, seen) = match (taken, row.seen == row.needed) {
            (false, _) => ("–", Tone::Fold, "left out".to_owned()),
            (true, true) => ("✓", Tone::Plain, format!("all {} seen", grouped(row.needed))),
            (true, false) => ("·", Tone::Plain, format!("{} of {} seen", grouped(row.seen), grouped(row.needed))),
        };
        let fill = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        let begin = format!("{before}{sign} ");
        // A file of an adoption has no change, so its name may use these columns.
        let (columns, change) = match self.change {
            0 => (self.width, String::new()),
            width if row.change.is_empty() => (self.width + 2 + width, String::new()),
            width => (self.width, format!("{}{}  ", row.change, fill(&row.change, width))),
        };
        let name = &shortened(name, columns);
        let text = format!("{begin}{name}{}  {change}{seen}  {}", fill(name, columns), row.found);
        let piece = Piece::new(text.trim_end(), tone).hanging(begin.len()).saying(format!("{is_heading} {}", row.path));
        let piece =
            if *is_heading { piece.mark(&(begin.len()..begin.len() + name.len()), Mark::Strong) } else { piece };
        self.lines.push(TextLine::One(piece.stands_for(Place::Link(self.entries.len()))));
        self.entries.push(entry);
    }
}
