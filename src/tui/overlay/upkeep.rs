//! Findings about the library: unused tools, or duplicates. Keys propose an action.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::ListBox;
use super::{Args, Reply};
use crate::action::Verb;
use crate::action::boxes::{OPEN_TOOL, PROPOSE, PROPOSE_ALL};
use crate::domain::{Command, GroupKind, Retirement};
use crate::engine::{EngineError, StaleReport, StaleTool, Twin, TwinGroup};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, pad, percent, plural, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// Lines about the selected tool, below the list.
const ABOUT: u16 = 6;

/// A tool in the list.
pub(super) struct Row {
    /// The finding in short: `31 d`, `92 %`, `keep`.
    mark: String,
    /// Whether this tool is to be kept.
    stays: bool,
    tool: String,
    path: String,
    facts: String,
    about: Vec<String>,
    proposal: Option<Retirement>,
}

impl Listed for Row {
    type Key = String;

    fn key(&self) -> String {
        self.path.clone()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        [&self.tool, &self.path, &self.mark, &self.facts].map(|text| Cow::Borrowed(text.as_str())).into()
    }
}

/// The state of the list.
pub struct UpkeepList {
    /// The verb of the query.
    pub verb: Verb,
    pub(super) list: Listing<Row>,
    detail: String,
    /// The message if there are no rows.
    empty: Vec<String>,
}

impl UpkeepList {
    /// A list whose data has not arrived yet.
    pub fn awaited(verb: Verb) -> UpkeepList {
        let empty = vec!["Checking the library …".to_owned()];
        UpkeepList { verb, list: Listing::default(), detail: String::new(), empty }
    }

    /// Sets the unused tools.
    pub fn set_stale(&mut self, found: &Result<StaleReport, EngineError>) {
        let report = match found {
            Ok(report) => report,
            Err(error) => return self.fail(error),
        };
        let row = |tool: &StaleTool| Row {
            mark: format!("{}d", tool.days),
            stays: false,
            tool: tool.tool.to_string(),
            path: tool.path.clone(),
            facts: format!("{} · {}", tool.stage, plural(number(tool.runs), "run", "runs")),
            about: vec![tool.why.clone(), tool.path.clone(), "p propose to archive it".to_owned()],
            proposal: Some(tool.proposal()),
        };
        self.list.set(report.stale.iter().map(row).collect());
        self.detail = format!("{} of {}, {} days", report.stale.len(), report.tools, report.days);
        self.empty = vec![format!("All tools were used or changed in the last {} days.", report.days)];
        let spared = report.spared_line();
        if !spared.is_empty() {
            self.empty.push(spared);
        }
    }

    /// Sets the duplicates.
    pub fn set_twins(&mut self, found: &Result<Vec<TwinGroup>, EngineError>) {
        let groups = match found {
            Ok(groups) => groups,
            Err(error) => return self.fail(error),
        };
        self.list.set(groups.iter().flat_map(rows_of).collect());
        let others: usize = groups.iter().map(|group| group.others.len()).sum();
        self.detail = format!("{} to check", plural(others, "tool", "tools"));
        self.empty = vec!["No duplicates.".to_owned()];
    }

    fn fail(&mut self, error: &EngineError) {
        self.list.set(Vec::new());
        self.empty = vec![safe(&error.message), safe(&error.hint)];
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let selected = self.list.selected();
        let none = selected.is_none().then_some("no tool is selected");
        let stays = selected.filter(|row| row.proposal.is_none()).map(|_| "this tool is the one to keep");
        let any = self.list.items.iter().any(|row| row.proposal.is_some());
        vec![
            BoxKey::row(PROPOSE).unless(none.or(stays)),
            BoxKey::row(PROPOSE_ALL).only_if(any, "no tool to propose"),
            BoxKey::row(OPEN_TOOL).unless(none),
        ]
    }

    /// Moves the selection, proposes a retirement, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let selected = self.list.selected();
        let proposals: Vec<Retirement> = match key.code {
            _ if is_row(PROPOSE, key) => selected.and_then(|row| row.proposal.clone()).into_iter().collect(),
            _ if is_row(PROPOSE_ALL, key) => self.list.items.iter().filter_map(|row| row.proposal.clone()).collect(),
            KeyCode::Enter => {
                let Some(row) = selected else { return Reply::Stay };
                let mut args = Args::default();
                args.push("tool", row.path.clone());
                return Reply::Invoke(Verb::Show, args);
            }
            _ => return browse(&mut self.list, key, keymap),
        };
        if proposals.is_empty() { Reply::Stay } else { Reply::Ask(Box::new(Command::Propose { proposals })) }
    }

    /// Draws the list, and details about the selected tool below it.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let title = Title {
            name: if self.verb == Verb::Stale { "Unused tools" } else { "Similar tools" },
            detail: self.detail.clone(),
            ..Title::default()
        };
        let about = |row: &Row, below: Rect| {
            let lines = row.about.iter().flat_map(|line| wrap(&safe(line), usize::from(below.width)));
            lines.map(|line| (line, theme.text)).collect()
        };
        let keys = self.keys();
        ListBox { title, keys, size: (110, 30), list: &mut self.list, empty: &self.empty, head: "" }.draw_with(
            screen,
            buf,
            look,
            spans,
            (ABOUT, about),
        )
    }
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The tool to keep, then the others.
fn rows_of(group: &TwinGroup) -> Vec<Row> {
    let row = |twin: &Twin, mark: String, stays: bool| Row {
        mark,
        stays,
        tool: twin.tool.to_string(),
        path: twin.path.clone(),
        facts: format!("{} · {}", twin.stage, plural(number(twin.runs), "run", "runs")),
        about: [&twin.why, &twin.advice, &twin.path].into_iter().filter(|line| !line.is_empty()).cloned().collect(),
        proposal: twin.proposal.clone(),
    };
    let others = group.others.iter().map(|twin| {
        let mark = match group.kind {
            GroupKind::Copies => "copy".to_owned(),
            GroupKind::Near => percent(twin.likeness),
            GroupKind::Clash => "clash".to_owned(),
        };
        row(twin, mark, false)
    });
    std::iter::once(row(&group.keep, "keep".to_owned(), true)).chain(others).collect()
}

fn spans(row: &Row, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let facts = if width >= 70 { 26 } else { 0 };
    let room = width.saturating_sub(9 + facts);
    let style = if row.stays { theme.good } else { theme.warn };
    vec![
        Span::styled(pad(&format!("{:>7}  ", row.mark), 9), style),
        Span::styled(pad(&cut(&safe(&row.tool), room), room), theme.text),
        Span::styled(pad(&cut(&row.facts, facts), facts), theme.dim),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Instant, ProposedEnd, Stage, ToolName};
    use crossterm::event::KeyModifiers;
    use std::collections::BTreeMap;

    fn stale(name: &str) -> StaleTool {
        StaleTool {
            tool: ToolName::new(name).unwrap(),
            path: format!("tools/experimental/{name}.py"),
            stage: Stage::Experimental,
            days: 40,
            last_used_at: None,
            first_seen_at: Instant(0),
            runs: 0,
            bytes: 5,
            why: "never used, unchanged for 40 days".to_owned(),
        }
    }

    fn report(names: &[&str]) -> StaleReport {
        let stale: Vec<StaleTool> = names.iter().map(|name| stale(name)).collect();
        StaleReport { days: 30, tools: 9, stale, spared: BTreeMap::new() }
    }

    fn press(list: &mut UpkeepList, code: KeyCode) -> Reply {
        list.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default())
    }

    fn proposed(reply: Reply) -> Vec<String> {
        match reply {
            Reply::Ask(command) => match *command {
                Command::Propose { proposals } => proposals.iter().map(|one| one.tool.to_string()).collect(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_key_proposes_the_selected_another_all_and_enter_only_looks() {
        let mut list = UpkeepList::awaited(Verb::Stale);
        assert_eq!(press(&mut list, KeyCode::Char('$')), Reply::Stay, "there is nothing yet");
        list.set_stale(&Ok(report(&["one", "two"])));
        press(&mut list, KeyCode::Down);
        assert_eq!(proposed(press(&mut list, KeyCode::Char('X'))), ["two"]);
        assert_eq!(proposed(press(&mut list, KeyCode::Char('$'))), ["one", "two"]);
        let Reply::Invoke(Verb::Show, args) = press(&mut list, KeyCode::Enter) else { panic!("enter show the tool") };
        assert_eq!(args.get("tool"), Some("tools/experimental/two.py"));
        assert_eq!(press(&mut list, KeyCode::Esc), Reply::Close);
    }

    #[test]
    fn the_one_to_keep_is_never_proposed() {
        let twin = |name: &str, proposal: Option<Retirement>| Twin {
            tool: ToolName::new(name).unwrap(),
            path: format!("tools/experimental/{name}.py"),
            stage: Stage::Approved,
            runs: 3,
            score: None,
            likeness: 0.9,
            why: "both say csv".to_owned(),
            advice: "deprecate it in favour of one".to_owned(),
            command: String::new(),
            proposal,
        };
        let end = ProposedEnd::Deprecate { by: ToolName::new("one").unwrap() };
        let (tool, path) = (ToolName::new("two").unwrap(), "tools/experimental/two.py".to_owned());
        let proposal = Retirement { tool, path, end, reason: "unchanged".to_owned() };
        let group =
            TwinGroup { kind: GroupKind::Near, keep: twin("one", None), others: vec![twin("two", Some(proposal))] };
        let mut list = UpkeepList::awaited(Verb::Similar);
        list.set_twins(&Ok(vec![group]));
        assert_eq!(press(&mut list, KeyCode::Char('X')), Reply::Stay, "the one to keep is selected");
        assert_eq!(proposed(press(&mut list, KeyCode::Char('$'))), ["two"]);
    }
}
