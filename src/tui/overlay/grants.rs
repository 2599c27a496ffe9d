//! The grants; a key revokes one.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::ListBox;
use super::{Args, Reply};
use crate::action::Verb;
use crate::action::boxes::REVOKE;
use crate::domain::{GrantKey, GrantScope, Instant, Unlock, span};
use crate::engine::{EngineError, GrantList};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, ago, cut, pad, safe, wrap};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// Lines about the selected grant, including the separator.
const ABOUT: u16 = 4;

/// One grant as a row.
pub(super) struct Row {
    /// Its name for revoking.
    key: String,
    tool: String,
    may: String,
    holds: String,
    who: String,
    since: Instant,
    /// When it expires, while it is valid.
    until: Option<Instant>,
}

impl Listed for Row {
    type Key = String;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        [&self.tool, &self.may, &self.holds, &self.who].map(|text| Cow::Borrowed(text.as_str())).into()
    }
}

/// The state of the list.
#[derive(Default)]
pub struct Grants {
    pub(super) list: Listing<Row>,
    /// The message if there are no rows.
    empty: String,
}

/// How long a grant lasts, or why it is void.
fn holds(void: Option<&str>, scope: String) -> String {
    void.map_or(scope, |why| format!("void: {why}"))
}

/// The scope of an unlock; an expiring one does not mention revocation.
fn scope_of(unlock: &Unlock) -> String {
    match (&unlock.scope, unlock.until) {
        (GrantScope::Version, Some(_)) => String::new(),
        (scope, _) => scope.to_string(),
    }
}

impl Grants {
    /// A list whose data has not arrived yet.
    pub fn awaited() -> Grants {
        Grants { empty: "Loading grants …".to_owned(), ..Grants::default() }
    }

    /// Sets the newest grants, or the error of reading them.
    pub fn set(&mut self, grants: &Result<GrantList, EngineError>) {
        let list = match grants {
            Ok(list) => list,
            Err(error) => {
                self.list.set(Vec::new());
                self.empty = safe(&error.message);
                return;
            }
        };
        "No grants yet. The verb grant lets an agent run a tool that is not approved.".clone_into(&mut self.empty);
        let agents = list.agents.iter().map(|grant| Row {
            key: grant.id.to_string(),
            tool: format!("{} {}", grant.tool, grant.digest.short()),
            may: if grant.is_use() {
                "used instead of the usual version; agents run it sandboxed".to_owned()
            } else {
                format!("agent {} may run it sandboxed", grant.agent)
            },
            holds: holds(grant.void.as_deref(), grant.scope.to_string()),
            who: grant.who.clone(),
            since: grant.at,
            until: None,
        });
        let allowed = list.allowed.iter().map(|grant| Row {
            key: format!("{}@{}", grant.tool, grant.digest.short()),
            tool: format!("{} {}", grant.tool, grant.digest.short()),
            may: grant.allowed.permissions.summary(),
            holds: holds(grant.void.as_deref(), "this version".to_owned()),
            who: grant.who.clone(),
            since: grant.at,
            until: None,
        });
        let unlocks = list.unlocks.iter().map(|unlock| Row {
            key: GrantKey::Unlock(unlock.id).to_string(),
            tool: unlock.subject(),
            may: match unlock.tool {
                Some(_) => format!("may run at cost tier {}", unlock.tier),
                None => format!("every tool up to {} may run", unlock.tier),
            },
            holds: holds(unlock.void.as_deref(), scope_of(unlock)),
            who: unlock.who.clone(),
            since: unlock.at,
            until: unlock.until.filter(|_| unlock.void.is_none()),
        });
        self.list.set(agents.chain(allowed).chain(unlocks).collect());
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        vec![BoxKey::row(REVOKE).only_if(self.list.selected().is_some(), "no grant is selected")]
    }

    /// Moves the selection, revokes one, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if is_row(REVOKE, key) {
            return self.list.selected().map_or(Reply::Stay, |row| {
                let mut args = Args::default();
                args.push("grant", row.key.clone());
                Reply::Invoke(Verb::Revoke, args)
            });
        }
        browse(&mut self.list, key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title { name: "Grants", detail: "newest first".to_owned(), ..Title::default() };
        let empty = std::slice::from_ref(&self.empty);
        let keys = self.keys();
        ListBox { title, keys, size: (104, 24), list: &mut self.list, empty, head: "" }.draw_with(
            screen,
            buf,
            look,
            grant_row,
            (ABOUT, |row: &Row, area: Rect| {
                wrap(&row.whole(look), usize::from(area.width))
                    .into_iter()
                    .map(|line| (line, look.theme.text))
                    .collect()
            }),
        )
    }
}

impl Row {
    /// Its remaining time, and its scope.
    fn lasts(&self, look: Look) -> String {
        let left = |until: Instant| span(u64::try_from(until.0 - look.now.wall.0).unwrap_or_default());
        self.until.map_or_else(|| self.holds.clone(), |until| format!("{} left {}", left(until), self.holds))
    }

    /// Its full text, safe to draw.
    fn whole(&self, look: Look) -> String {
        let (lasts, since) = (self.lasts(look), ago(look.now.wall, self.since));
        safe(&format!("{}: {} · {lasts} · {} · {since}", self.tool, self.may, self.who))
    }
}

fn grant_row(row: &Row, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let since = format!(" {:>4}", age(look.now.wall, row.since));
    let tool = (width / 3).clamp(14, 34);
    let lasts = row.lasts(look);
    let holds = if width >= 70 { 18 } else { 0 };
    let who = if width >= 90 { 20 } else { 0 };
    let may = width.saturating_sub(tool + holds + who + since.len() + 3);
    let cell = |text: &str, room: usize| cut(&pad(&safe(text), room), room);
    vec![
        Span::styled(cell(&row.tool, tool), theme.text),
        Span::styled(format!(" {}", cell(&row.may, may)), theme.text),
        Span::styled(format!(" {}", cell(&lasts, holds)), theme.dim),
        Span::styled(format!(" {}", cell(&row.who, who)), theme.dim),
        Span::styled(since, theme.dim),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AgentGrant, AllowGrant, Allowed, CostTier, GrantId, OperationId, ToolName, UnlockId, WriteMode,
    };
    use crate::domain::{Digest, Permissions};
    use crate::tui::testing::Bench;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn list() -> GrantList {
        let tool = || ToolName::new("adder").unwrap();
        let digest = Digest([0xab; 32]);
        let who = "Ada".to_owned();
        let agent = AgentGrant {
            id: GrantId(4),
            tool: tool(),
            digest,
            agent: "bot\u{202e}".to_owned(),
            scope: GrantScope::Version,
            who: who.clone(),
            at: Instant(0),
            operation: OperationId(9),
            void: None,
        };
        let allowed = Allowed::new(&Permissions::default(), WriteMode::Staged);
        GrantList {
            agents: vec![agent],
            allowed: vec![AllowGrant { tool: tool(), digest, allowed, who, at: Instant(0), void: None }],
            unlocks: vec![],
        }
    }

    fn press(grants: &mut Grants, code: KeyCode) -> Reply {
        grants.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default())
    }

    fn revoked(reply: Reply) -> Option<String> {
        match reply {
            Reply::Invoke(Verb::Revoke, args) => args.get("grant").map(str::to_owned),
            _ => None,
        }
    }

    #[test]
    fn the_revoke_key_names_the_grant_that_is_selected() {
        let mut grants = Grants::awaited();
        assert_eq!(press(&mut grants, KeyCode::Char('X')), Reply::Stay, "there is nothing to revoke yet");
        grants.set(&Ok(list()));
        assert_eq!(revoked(press(&mut grants, KeyCode::Char('X'))).as_deref(), Some("4"));
        press(&mut grants, KeyCode::Down);
        assert_eq!(revoked(press(&mut grants, KeyCode::Char('X'))).as_deref(), Some("adder@abababababab"));
        assert_eq!(press(&mut grants, KeyCode::Esc), Reply::Close);
    }

    #[test]
    fn the_selection_stays_on_a_row_when_grants_go() {
        let mut grants = Grants::awaited();
        grants.set(&Ok(list()));
        press(&mut grants, KeyCode::Down);
        grants.set(&Ok(GrantList { allowed: Vec::new(), ..list() }));
        assert_eq!(revoked(press(&mut grants, KeyCode::Char('X'))).as_deref(), Some("4"));
        grants.set(&Ok(GrantList::default()));
        assert_eq!(press(&mut grants, KeyCode::Char('X')), Reply::Stay);
    }

    #[test]
    fn what_ends_by_itself_says_how_long_it_still_holds() {
        let mut bench = Bench::ready(120, 40);
        let wall = bench.now.wall;
        let unlock = Unlock {
            id: UnlockId(3),
            tool: Some(ToolName::new("adder").unwrap()),
            tier: CostTier::High,
            scope: GrantScope::Version,
            until: Some(Instant(wall.0 + 7_200_000)),
            who: "Ada".to_owned(),
            at: wall,
            operation: OperationId(9),
            void: None,
        };
        bench.press("ctrl-g");
        let list = GrantList { unlocks: vec![unlock], ..GrantList::default() };
        bench.answer(crate::tui::msg::Answer::Grants(Ok(list)));
        let screen = bench.screen();
        assert!(screen.contains(" left") && !screen.contains("until revoked"), "{screen}");
    }
}
