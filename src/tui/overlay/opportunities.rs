//! Opportunities, most promising first; keys accept or dismiss one.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::ListBox;
use super::{Args, Reply};
use crate::action::Verb;
use crate::action::boxes::{ACCEPT, ADD_FILES, DISMISS};
use crate::domain::{Opportunity, OpportunitySources, count};
use crate::engine::{EngineError, OpportunityList};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, pad, safe, wrap};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;

/// Lines about the selected one, below the list.
const ABOUT: u16 = 12;

/// The width from which column headings are shown.
const ROOM_FOR_HEADS: u16 = 80;

/// How much evidence of it is shown.
const WITNESSES: usize = 3;

impl Listed for Opportunity {
    type Key = String;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        [self.title.as_str(), self.kind.word(), &self.description].map(Cow::Borrowed).into()
    }
}

/// The state of the list.
pub struct Opportunities {
    pub(super) list: Listing<Opportunity>,
    /// The files used to compute it.
    from: OpportunitySources,
    detail: String,
    /// The message if there are no rows.
    empty: Vec<String>,
}

impl Opportunities {
    /// A list whose data has not arrived yet.
    pub fn awaited(from: OpportunitySources) -> Opportunities {
        let empty = vec!["Loading opportunities …".to_owned()];
        Opportunities { list: Listing::default(), from, detail: String::new(), empty }
    }

    /// Sets the data; the selection stays on the same one.
    pub fn set(&mut self, found: &Result<OpportunityList, EngineError>) {
        match found {
            Ok(found) => {
                self.list.set(found.opportunities.clone());
                self.detail = format!("{} from {}", found.total, count(found.runs, "run"));
                self.empty = vec![
                    format!("Nothing in {} suggests a new tool.", count(found.runs, "run")),
                    "Press + to read a shell history, an agent's log or an OpenAPI document.".to_owned(),
                ];
            }
            Err(error) => {
                self.list.set(Vec::new());
                self.empty = vec![safe(&error.message), safe(&error.hint)];
            }
        }
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let none = self.list.selected().is_none().then_some("no opportunity is selected");
        vec![BoxKey::row(ACCEPT).unless(none), BoxKey::row(ADD_FILES), BoxKey::row(DISMISS).unless(none)]
    }

    /// Moves the selection, accepts or dismisses, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if is_row(ADD_FILES, key) {
            return Reply::Fill(Verb::Opportunities, Args::default());
        }
        let Some(verb) = [ACCEPT, DISMISS].into_iter().find(|row| is_row(*row, key)).map(|row| row.verb) else {
            return browse(&mut self.list, key, keymap);
        };
        let Some(row) = self.list.selected() else { return Reply::Stay };
        let mut args = Args::default();
        args.push("opportunity", row.key.clone());
        let OpportunitySources { history, log, openapi } = &self.from;
        for (name, files) in [("history", history), ("log", log), ("openapi", openapi)] {
            for path in files {
                args.push(name, path.display().to_string());
            }
        }
        Reply::Invoke(verb, args)
    }

    /// Draws the list, and below it the one that is selected.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let is_roomy = screen.width >= ROOM_FOR_HEADS && !self.list.items.is_empty();
        let remark = if is_roomy { "priority · seen · kind · what" } else { "" };
        let title = Title {
            name: "Opportunities",
            detail: self.detail.clone(),
            remark: remark.to_owned(),
            remark_style: look.theme.dim,
            ..Title::default()
        };
        let keys = self.keys();
        ListBox { title, keys, size: (110, 30), list: &mut self.list, empty: &self.empty, head: "" }.draw_with(
            screen,
            buf,
            look,
            row,
            (ABOUT, |one: &Opportunity, below| about(one, below, look)),
        )
    }
}

fn row(one: &Opportunity, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let kind = if width >= 60 { 17 } else { 0 };
    let room = width.saturating_sub(kind + 12);
    vec![
        Span::styled(format!("{:.2} ", one.priority), theme.accent),
        Span::styled(pad(&format!("{:>5}× ", one.count.min(99_999)), 7), theme.dim),
        Span::styled(pad(one.kind.word(), kind), theme.text),
        Span::styled(cut(&safe(&one.title), room), theme.text),
    ]
}

/// Its parts, the suggested action, and where it was observed.
fn about(one: &Opportunity, area: Rect, look: Look) -> Vec<(String, Style)> {
    let theme = look.theme;
    let width = usize::from(area.width);
    let worth = &one.worth;
    let parts = format!(
        "priority {:.2} · frequency {:.2} · impact {:.2} · complexity {:.2} · confidence {:.2}",
        one.priority, worth.frequency, worth.impact, worth.complexity, worth.confidence
    );
    let mut lines: Vec<_> = wrap(&parts, width).into_iter().map(|line| (line, theme.accent)).collect();
    let said = one.description.lines().flat_map(|line| wrap(&safe(line), width));
    let seen = one.evidence.iter().take(WITNESSES).map(|witness| safe(&format!("{witness}: {}", witness.text)));
    let seen: Vec<String> = seen.collect();
    let room = usize::from(area.height).saturating_sub(1 + lines.len() + seen.len());
    lines.extend(said.take(room).map(|line| (line, theme.text)));
    lines.extend(seen.into_iter().map(|line| (line, theme.dim)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OpportunityKind, Suggested, Witness, Worth};
    use crossterm::event::{KeyCode, KeyModifiers};
    use std::path::PathBuf;

    fn opportunity(title: &str) -> Opportunity {
        Opportunity::of(Suggested {
            kind: OpportunityKind::Sequence,
            about: title.to_owned(),
            name: title.to_owned(),
            title: title.to_owned(),
            description: "Both\u{202e} steps".to_owned(),
            count: 12,
            worth: Worth { frequency: 0.5, impact: 0.25, complexity: 0.1, confidence: 0.9 },
            parameters: Vec::new(),
            expected_output: None,
            tools: Vec::new(),
            evidence: vec![Witness { source: "run".to_owned(), numbers: vec![3, 4], text: "a\u{1b}[2J".to_owned() }],
            implementation: None,
        })
    }

    fn found(titles: &[&str]) -> OpportunityList {
        OpportunityList {
            opportunities: titles.iter().map(|title| opportunity(title)).collect(),
            total: titles.len(),
            answered: 0,
            runs: 7,
            imported: Vec::new(),
            consumption: Vec::new(),
        }
    }

    fn press(list: &mut Opportunities, code: KeyCode) -> Reply {
        list.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default())
    }

    #[test]
    fn keys_answer_the_one_that_is_selected_with_the_files_it_was_found_with() {
        let history = vec![PathBuf::from("/h"), PathBuf::from("/i")];
        let mut list = Opportunities::awaited(OpportunitySources { history, ..OpportunitySources::default() });
        assert_eq!(press(&mut list, KeyCode::Char('a')), Reply::Stay, "there is nothing yet");
        list.set(&Ok(found(&["one", "two"])));
        press(&mut list, KeyCode::Down);
        for (key, verb) in [('a', Verb::Accept), ('X', Verb::Dismiss)] {
            let Reply::Invoke(asked, args) = press(&mut list, KeyCode::Char(key)) else { panic!("{key}") };
            assert_eq!(
                (asked, args.get("opportunity"), args.all("history").collect::<Vec<_>>()),
                (verb, Some(&*opportunity("two").key), vec!["/h", "/i"])
            );
        }
        list.set(&Ok(found(&["two"])));
        assert_eq!(list.list.list.selected, 0, "the same one at another place");
        assert_eq!(press(&mut list, KeyCode::Enter), Reply::Stay, "nothing is accepted by accident");
        assert_eq!(press(&mut list, KeyCode::Esc), Reply::Close);
    }
}
