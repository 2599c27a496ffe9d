//! Rows of tools in columns that are as wide as their content, with column headings above.

use super::drawn::{marks, stage_sign, stage_style};
use super::tree::places;
use crate::domain::{Digest, Stage, Tool, ToolName};
use crate::tui::ink::Span;
use crate::tui::phrase::{cut, cut_middle, pad, percent, safe};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use std::collections::HashMap;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// The width of the symbol of a stage.
const SIGN: usize = 2;
/// The width of a short stage, including a blank.
const STAGE: usize = 5;
/// The width of a success rate: a blank and `100%`.
const SUCCESS: usize = 5;
/// Names up to this width are distinguishable; longer ones only use free space.
const LONGEST_NAME: usize = 44;
/// Most names fit in this width; longer ones are cut in favour of a description.
const USUAL_NAME: usize = 26;
/// The minimum width of a readable name.
const LEAST_NAME: usize = 12;
/// The range of the maximum width of marks; the strip below shows all marks.
const MARKS: [usize; 2] = [8, 20];
/// The minimum width of a description.
const LEAST_ABOUT: usize = 24;
/// The indent of rows in a group.
pub(super) const INDENT: usize = 2;

/// The maximum widths of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Widest {
    name: usize,
    version: usize,
    tier: usize,
    marks: usize,
    /// Of the obstacles of tools.
    obstacle: usize,
    has_success: bool,
    /// Whether the rows differ in their version, and in their tier: a column that is equal in all rows tells nothing
    /// about any of them.
    differs: Differs,
}

/// Which cells differ between rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Differs {
    version: bool,
    tier: bool,
}

impl Widest {
    /// Of these tools, each with the folder that its row shows.
    pub(super) fn of<'t>(tools: impl Iterator<Item = (&'t Tool, Option<&'t str>)>) -> Widest {
        let mut widest = Widest::default();
        let mut first: Option<&Tool> = None;
        for (tool, place) in tools {
            let first = *first.get_or_insert(tool);
            widest.differs.version |= tool.version != first.version;
            widest.differs.tier |= tier_word(tool) != tier_word(first) || tool.facts.locked;
            let place = place.map_or(0, |place| place.len() + IN.len());
            widest.name = widest.name.max(tool.name.as_str().len() + place);
            widest.version = widest.version.max(version_width(tool));
            widest.tier = widest.tier.max(tier_word(tool).len() + 2);
            if widest.marks < MARKS[1] {
                let marks: usize = marks(tool).into_iter().map(|(word, _)| word.width() + 1).sum();
                widest.marks = widest.marks.max(marks);
            }
            widest.obstacle = widest.obstacle.max(tool.obstacle().map_or(0, |word| word.width() + 1));
            widest.has_success |= tool.facts.success_rate.is_some();
        }
        widest
    }
}

/// Values computed once for each catalog, so that columns stay the same while the user filters.
#[derive(Default)]
pub(super) struct Drawing {
    pub(super) widest: Widest,
    /// The folders of tools that share their name with others, by position.
    pub(super) places: HashMap<usize, String>,
    /// The same by name and digest, for runs and reviews.
    versions: HashMap<(ToolName, Digest), usize>,
    /// How many tools are not archived.
    pub(super) current: usize,
}

impl Drawing {
    pub(super) fn of(tools: &[Arc<Tool>]) -> Drawing {
        let current = || (0..tools.len()).filter(|position| tools[*position].stage != Stage::Archived);
        let places = places(tools, current());
        let rows = current().map(|position| (&*tools[position], places.get(&position).map(String::as_str)));
        let widest = Widest::of(rows);
        let version = |position: &usize| ((tools[*position].name.clone(), tools[*position].digest), *position);
        let versions = places.keys().map(version).collect();
        Drawing { widest, current: current().count(), places, versions }
    }

    /// The place of the tool with this name and these files, if others have its name.
    pub(super) fn place_of(&self, tool: &ToolName, digest: Digest) -> Option<&str> {
        let position = self.versions.get(&(tool.clone(), digest))?;
        self.places.get(position).map(String::as_str)
    }
}

/// The minimum width of a folder, including the text before it.
const LEAST_PLACE: usize = 10;

/// Separates a name from its folder.
const IN: &str = " in ";

/// The width of a version with a blank on both sides; pre-release and build labels are cut.
fn version_width(tool: &Tool) -> usize {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0) as usize + 1;
    let version = &tool.version;
    let more = if version.pre.is_empty() && version.build.is_empty() { 0 } else { 2 };
    4 + digits(version.major) + digits(version.minor) + digits(version.patch) + more
}

fn tier_word(tool: &Tool) -> &'static str {
    if tool.classified { tool.cost_tier.word() } else { "–" }
}

fn short_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Experimental => "exp",
        Stage::Approved => "appr",
        Stage::Core => "core",
        Stage::Archived => "arch",
    }
}

/// Column widths for rows of one width; 0 omits a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Columns {
    indent: usize,
    stage: usize,
    name: usize,
    version: usize,
    tier: usize,
    marks: usize,
    success: usize,
    about: usize,
}

impl Columns {
    /// Columns for rows of this width. The least important columns are omitted first, until names are readable. Free
    /// space goes to descriptions, or to names if there is too little.
    pub(super) fn of(width: usize, widest: &Widest, indent: usize) -> Columns {
        let mut columns = Columns {
            indent,
            stage: STAGE,
            version: widest.version.min(12),
            tier: widest.tier.max("tier".len() + 1),
            // An obstacle gets more space than a second mark.
            marks: widest.marks.min((width / 4).clamp(MARKS[0], MARKS[1]).max(widest.obstacle.min(width / 3))),
            success: if widest.has_success { SUCCESS } else { 0 },
            ..Columns::default()
        };
        let cuts = |columns: &Columns| columns.beside_the_name() + widest.name.min(LONGEST_NAME) + 1 > width;
        if !widest.differs.tier && cuts(&columns) {
            columns.tier = 0;
        }
        if !widest.differs.version && cuts(&columns) {
            columns.version = 0;
        }
        let goal = widest.name.min((width / 4).max(LEAST_NAME));
        let leave_out: [fn(&mut Columns); 5] = [
            |columns| columns.success = 0,
            |columns| columns.tier = 0,
            |columns| columns.version = 0,
            |columns| columns.stage = 0,
            |columns| columns.indent = 0,
        ];
        for leave_out in leave_out {
            if columns.beside_the_name() + goal <= width {
                break;
            }
            leave_out(&mut columns);
        }
        let free = width.saturating_sub(columns.beside_the_name());
        let natural = widest.name.clamp("name".len(), LONGEST_NAME) + 1;
        if free >= natural.min(USUAL_NAME) + LEAST_ABOUT {
            columns.name = natural.min(free - LEAST_ABOUT);
            columns.about = free - columns.name;
        } else {
            columns.name = free;
        }
        columns
    }

    /// By how many cells names are cut in rows of this width.
    pub(super) fn lack(width: usize, widest: &Widest, indent: usize) -> u16 {
        let natural = widest.name.min(LONGEST_NAME) + 1;
        u16::try_from(natural.saturating_sub(Columns::of(width, widest, indent).name)).unwrap_or(u16::MAX)
    }

    fn beside_the_name(&self) -> usize {
        SIGN + self.indent + self.stage + self.version + self.tier + self.marks + self.success
    }

    /// The column headings.
    pub(super) fn header(&self, theme: &Theme) -> Vec<Span> {
        let cells = [
            (SIGN + self.indent, ""),
            (self.stage, "stage"),
            (self.name, if self.stage > 0 { " name" } else { "name" }),
            (self.version, " ver"),
            (self.tier, " tier"),
            (self.marks, " state"),
            (self.success, "   ok"),
            (self.about, " description"),
        ];
        cells.map(|(columns, text)| Span::styled(pad(text, columns), theme.dim)).into()
    }

    /// The row of a tool; `matches` are the characters of its name that a filter found.
    pub(super) fn row(&self, tool: &Tool, place: Option<&str>, matches: &[usize], theme: &Theme) -> Vec<Span> {
        // Not adopted here: the stage is only the claim of the folder.
        let style = if tool.awaits_adoption() { theme.warn } else { stage_style(tool.stage, theme) };
        let sign = format!("{}{} ", " ".repeat(self.indent), stage_sign(tool.stage));
        let mut spans = vec![Span::styled(sign, style)];
        if self.stage > 0 {
            spans.push(Span::styled(pad(short_stage(tool.stage), self.stage), style));
        }
        spans.extend(self.name_spans(tool, place, matches, theme));
        if self.version > 0 {
            spans.push(Span::styled(pad(&format!(" {}", tool.version), self.version), theme.dim));
        }
        if self.tier > 0 {
            // Shown even if the marks have no space for the word, because a locked tool does not run.
            let (sign, style) = if tool.facts.locked { ("×", theme.warn) } else { (" ", theme.dim) };
            let tier = pad(&format!("{sign}{}", cut(tier_word(tool), self.tier - 1)), self.tier);
            spans.push(Span::styled(tier, style));
        }
        spans.extend(self.mark_spans(tool, theme));
        if self.success > 0 {
            let rate = tool.facts.success_rate.map(|rate| format!("{:>5}", percent(rate))).unwrap_or_default();
            spans.push(Span::styled(pad(&rate, self.success), theme.dim));
        }
        if self.about > 0 {
            spans.push(Span::styled(pad(&format!(" {}", about(tool, self.about)), self.about), theme.dim));
        }
        spans
    }

    fn mark_spans(&self, tool: &Tool, theme: &Theme) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut room = self.marks;
        for (at, (word, style)) in marks(tool).into_iter().enumerate() {
            let text = format!(" {word}");
            // The obstacle of a tool matters most, even if it must be cut.
            let is_obstacle = at == 0 && tool.obstacle().is_some() && room >= MARKS[0];
            let text = if is_obstacle { cut(&text, room) } else { text };
            let cells = text.width();
            if cells > room {
                break;
            }
            room -= cells;
            spans.push(Span::styled(text, style(theme)));
        }
        spans.push(Span::raw(" ".repeat(room)));
        spans
    }

    /// The name, followed by its folder or, if no other column shows it, its title.
    fn name_spans(&self, tool: &Tool, place: Option<&str>, matches: &[usize], theme: &Theme) -> Vec<Span> {
        let name = tool.name.as_str();
        let beside = match place {
            Some(place) => self.place(name, &safe(place)),
            None => self.title(tool),
        };
        let shown = cut(name, self.name.saturating_sub(beside.width()));
        let rest = self.name.saturating_sub(shown.width());
        let mut spans = marked(&shown, matches, theme);
        spans.push(Span::styled(pad(&beside, rest), theme.dim));
        spans
    }

    /// The folder of a tool, next to its name. It is cut in the middle, because both of its ends tell something; if it
    /// does not fit, the name is cut, too.
    fn place(&self, name: &str, place: &str) -> String {
        if self.name < LEAST_NAME {
            return String::new();
        }
        let free = self.name.saturating_sub(name.len());
        let least = (IN.len() + place.width()).min(LEAST_PLACE);
        let cells = if free >= least { free } else { (self.name * 3 / 5).min(IN.len() + place.width()) };
        format!("{IN}{}", cut_middle(place, cells - IN.len()))
    }

    /// The title of a tool, if it fits completely and no other column shows it.
    fn title(&self, tool: &Tool) -> String {
        let free = self.name.saturating_sub(tool.name.as_str().len());
        let title = tool.title.as_deref().filter(|_| self.about == 0).map(|title| safe(&start(title, self.name)));
        title.filter(|title| title.width() + 3 <= free).map(|title| format!("  {title}")).unwrap_or_default()
    }
}

/// The title of a tool, if any, and its description, in one line.
fn about(tool: &Tool, cells: usize) -> String {
    let description = start(&tool.description, cells);
    match tool.title.as_deref().filter(|title| *title != tool.description) {
        Some(title) => safe(&format!("{} · {description}", start(title, cells))),
        None => safe(&description),
    }
}

/// The beginning of an untrusted text, in one line: enough to fill this width.
fn start(text: &str, cells: usize) -> String {
    let begin: String = text.trim_start().chars().take(cells.saturating_mul(2)).collect();
    begin.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn marked(shown: &str, matches: &[usize], theme: &Theme) -> Vec<Span> {
    if matches.is_empty() {
        return vec![Span::styled(shown, theme.text)];
    }
    let style = |at: usize| -> Style { if matches.contains(&at) { theme.match_ } else { theme.text } };
    shown.chars().enumerate().map(|(at, c)| Span::styled(c.to_string(), style(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ink::{Ink, Line};
    use crate::tui::testing::tool;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn drawn(width: usize, tools: &[(Tool, Option<&str>)]) -> Vec<String> {
        let widest = Widest::of(tools.iter().map(|(tool, place)| (tool, *place)));
        let columns = Columns::of(width, &widest, 0);
        let theme = Theme::dark();
        let text = |spans: Vec<Span>| {
            assert_eq!(spans.iter().map(Span::width).sum::<usize>(), width);
            let mut buf = Buffer::empty(Rect::new(0, 0, width as u16, 1));
            buf.put_line(0, 0, &Line::from(spans), width as u16);
            (0..width as u16).map(|x| buf[(x, 0)].symbol()).collect::<String>()
        };
        let rows = tools.iter().map(|(tool, place)| text(columns.row(tool, *place, &[], &theme)));
        std::iter::once(text(columns.header(&theme))).chain(rows).collect()
    }

    #[test]
    fn every_row_is_as_wide_as_the_list_and_names_are_whole_where_there_is_room() {
        let mut titled = tool("undo_the_last_commit", Stage::Experimental);
        titled.title = Some("Undo the last commit".to_owned());
        let rows = [(tool("short", Stage::Core), None), (titled, None), (tool("same", Stage::Core), Some("git/more"))];
        for width in [20, 30, 37, 50, 57, 77, 94, 118, 200] {
            assert_eq!(drawn(width, &rows).len(), 4);
        }
        let lines = drawn(57, &rows);
        assert!(lines[2].contains(" undo_the_last_commit "), "{lines:?}");
        assert!(lines[3].contains("same in git/more"), "{lines:?}");
        assert!(!lines[0].contains("description"), "{lines:?}");
        let lines = drawn(118, &rows);
        assert!(lines[0].contains("stage name") && lines[0].contains(" description"), "{lines:?}");
        assert!(lines[2].contains("Undo the last commit · Does what"), "{lines:?}");
    }

    #[test]
    fn what_stops_a_tool_comes_first_and_is_cut_rather_than_left_out() {
        let stopped = |reason: &str| Tool {
            runnable: false,
            reason: Some(reason.to_owned()),
            ..tool("frames", Stage::Experimental)
        };
        let rows = [(stopped("needs package pandas (python3 -m pip install pandas)"), None)];
        for width in [57, 77, 118] {
            assert!(drawn(width, &rows)[1].contains(" needs pandas"), "{width}");
        }
        let lines = drawn(56, &[(stopped("needs program xsetroot, which its script calls; install it"), None)]);
        assert!(lines[1].ends_with(" needs xsetroot"), "{lines:?}");
        let lines = drawn(37, &[(stopped("a_program_of_a_long_name is not on the PATH; install it"), None)]);
        assert!(lines[1].contains(" needs …") || lines[1].contains(" needs a"), "{lines:?}");
    }

    #[test]
    fn long_names_ask_for_what_they_lack() {
        let rows = [tool("aggregate-datasets-long-name-of-40-cells", Stage::Core), tool("short", Stage::Core)];
        let widest = Widest::of(rows.iter().map(|tool| (tool, None)));
        let lack = Columns::lack(40, &widest, 0);
        assert!(lack > 0);
        assert_eq!(Columns::lack(40 + usize::from(lack), &widest, 0), 0);
        assert_eq!(Columns::lack(57, &Widest::of(rows[1..].iter().map(|tool| (tool, None))), 0), 0);
    }

    #[test]
    fn a_title_is_beside_the_name_where_descriptions_have_no_room() {
        let mut titled = tool("undo", Stage::Experimental);
        titled.title = Some("Undo it".to_owned());
        let lines = drawn(50, &[(titled, None), (tool("a_name_of_23_characters", Stage::Core), None)]);
        assert!(lines[1].contains("undo  Undo it "), "{lines:?}");
    }

    #[test]
    fn columns_that_are_equal_in_all_rows_give_their_room_to_names_first() {
        let rows = |version: &str| {
            let mut other = tool("main", Stage::Core);
            other.version = version.parse().unwrap();
            [(tool("main", Stage::Core), Some("a-folder-of-20-cells")), (other, Some("another-folder"))]
        };
        let lines = drawn(40, &rows("1.0.0"));
        assert!(lines[1].contains("main in a-folder-of-20-cells"), "{lines:?}");
        assert!(!lines[0].contains(" ver"), "{lines:?}");
        assert!(drawn(40, &rows("1.2.0"))[0].contains(" ver"));
        assert!(drawn(80, &rows("1.0.0"))[0].contains(" ver"));
    }

    #[test]
    fn a_folder_without_room_is_cut_in_its_middle() {
        let long = tool("a_rather_long_name_of_a_tool", Stage::Core);
        let lines = drawn(36, &[(long, Some("here/and/there"))]);
        assert!(lines[1].contains("… in he"), "{lines:?}");
        assert!(lines[1].contains("re "), "{lines:?}");
    }
}
