//! Which tools may run: `unlock`, and sets of tools: `sets`.

use super::call::{Answer, Call};
use super::done::{Done, announce_and_execute};
use super::grants::scope_asked;
use super::print_text::{Align, Ink, Page, Table};
use crate::domain::{Command, grouped};
use crate::engine::{EngineError, SetRow};
use serde::Serialize;
use std::io;
use std::time::Duration;

/// Presets and saved sets.
#[derive(Serialize)]
pub(super) struct Sets {
    sets: Vec<SetRow>,
}

/// `unlock [NAME] [--tier TIER] [--session NAME] [--for DURATION]`.
pub(super) fn unlock(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let scope = scope_asked(call, engine.grants().session())?;
    let (tool, tier) = (call.text("tool").map(str::to_owned), call.word("tier")?);
    let lasting = call.get::<Duration>("for");
    announce_and_execute(call, &engine, Command::Unlock { tool, tier, scope, lasting })
}

pub(super) fn sets(call: &Call<'_>) -> Result<Sets, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    Ok(Sets { sets: engine.tool_sets().list()? })
}

impl Answer for Sets {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("set", Align::Left),
            ("tools", Align::Right),
            ("locked", Align::Right),
            ("by", Align::Left),
            ("names", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["by"]);
        for set in &self.sets {
            let unknown: Vec<String> = set.unknown.iter().map(ToString::to_string).collect();
            let lost = if unknown.is_empty() { String::new() } else { format!(" (not here: {})", unknown.join(", ")) };
            let used = if set.in_use { " · in use" } else { "" };
            table.row([
                (if set.in_use { Ink::Good } else { Ink::Strong }, set.name.clone()),
                (Ink::Plain, grouped(set.tools)),
                (Ink::Plain, grouped(set.locked)),
                (Ink::Plain, set.saved_by.clone().unwrap_or_default()),
                (Ink::Dim, format!("{}{lost}{used}", set.holds)),
            ]);
        }
        page.table(&table)
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_text::tests::plain;
    use super::*;

    #[test]
    fn a_set_says_how_much_it_holds_and_what_is_not_here_any_more() {
        let set = SetRow {
            name: "mine".to_owned(),
            holds: "read, lost".to_owned(),
            tools: 1,
            locked: 1,
            unknown: vec!["lost".to_owned().try_into().unwrap()],
            saved_by: Some("Ada".to_owned()),
            in_use: true,
        };
        let text = plain(|page| Sets { sets: vec![set.clone()] }.text(page));
        assert_eq!(text.lines().last(), Some("mine      1       1  Ada  read, lost (not here: lost) · in use"));
    }
}
