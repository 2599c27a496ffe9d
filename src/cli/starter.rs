//! `starter`: shows what the starter tools declare, asks, and adopts all of them.

use super::call::{Call, Stop};
use super::done::{agreed, execute};
use super::print_text::{Align, Ink, Table};
use crate::domain::{Command, count};
use crate::engine::{EngineError, ErrorCode, StarterRow, StarterState};

/// Shows the table, asks, and adopts.
pub(super) fn starter(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let command = Command::Verb(call.as_typed());
    // Refused before the question: nothing is left to adopt.
    engine.preview(&command)?;
    let rows = engine.reviews().starter()?;
    show(call, &rows);
    let open = rows.iter().filter(|row| row.state.is_open()).count();
    let question = format!("adopt {} with these permissions, without reading their lines?", count(open, "tool"));
    if !call.switch("yes") && !agreed(call, &question)? {
        let message = "nothing was adopted";
        return Err(EngineError::new(ErrorCode::Failed, message, "answer y, or add --yes").into());
    }
    call.print(&execute(call, &engine, command)?)
}

/// Prints what each tool declares, one row for each.
fn show(call: &Call<'_>, rows: &[StarterRow]) {
    let heads = ["tool", "tier", "declares", "state"];
    let mut table = Table::new(&heads.map(|head| (head, Align::Left))).sparing(&["tier"]);
    for row in rows {
        let declares = if row.permissions.is_nothing() { "none".to_owned() } else { row.permissions.summary() };
        let ink = match row.state {
            StarterState::Missing | StarterState::NotAdopted => Ink::Plain,
            StarterState::Adopted => Ink::Good,
            StarterState::Changed | StarterState::NameTaken => Ink::Warn,
        };
        let tier = row.cost_tier.map_or_else(|| "-".to_owned(), |tier| tier.to_string());
        let (name, state) = ((Ink::Strong, row.name.clone()), (ink, row.state.words().to_owned()));
        table.row([name, (Ink::Plain, tier), (Ink::Plain, declares), state]);
    }
    call.note_page(|page| page.table(&table));
}
