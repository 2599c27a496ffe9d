//! `similar` without a name: duplicates in the whole library.

use super::call::{Answer, Call, Stop};
use super::print_text::{Ink, Page, StyledLine, counted, percent};
use super::upkeep::propose;
use crate::domain::{GroupKind, Retirement};
use crate::engine::{Twin, TwinGroup};
use serde::Serialize;
use std::io;

/// Duplicates in the whole library.
#[derive(Serialize)]
struct Twins {
    groups: Vec<TwinGroup>,
}

pub(super) fn duplicates(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let groups = engine.upkeep().twins()?;
    if call.switch("propose") {
        let others = groups.iter().flat_map(|group| &group.others);
        let proposals: Vec<Retirement> = others.filter_map(|twin| twin.proposal.clone()).collect();
        return propose(call, &engine, proposals);
    }
    call.print(&Twins { groups })
}

impl Answer for Twins {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for kind in GroupKind::ALL {
            let of_kind: Vec<&TwinGroup> = self.groups.iter().filter(|group| group.kind == *kind).collect();
            let (title, others) = (heading(*kind), of_kind.iter().map(|group| group.others.len()).sum::<usize>());
            if of_kind.is_empty() {
                continue;
            }
            let count = counted(others, "tool", "tools");
            page.line(&StyledLine::new().put(Ink::Strong, format!("{title}: {count}")))?;
            of_kind.into_iter().try_for_each(|group| write_group(page, group))?;
        }
        let proposals =
            self.groups.iter().flat_map(|group| &group.others).filter(|twin| twin.proposal.is_some()).count();
        let end = match (self.groups.len(), proposals) {
            (0, _) => "no duplicates".to_owned(),
            (_, 0) => "nothing can be proposed; see the next step of each line".to_owned(),
            (_, count) => {
                format!("`toolsmith similar --propose` opens {}", counted(count, "review", "reviews"))
            }
        };
        page.line(&StyledLine::new().put(Ink::Dim, end))
    }
}

fn heading(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Copies => "Exact copies",
        GroupKind::Near => "Near duplicates",
        GroupKind::Clash => "Name clashes",
    }
}

fn write_group(page: &mut Page<'_>, group: &TwinGroup) -> io::Result<()> {
    let facts = |twin: &Twin| format!("  {}  {}  {}", twin.stage, counted_runs(twin), twin.path);
    let head = StyledLine::new().put(Ink::Good, "  keep   ").put(Ink::Strong, group.keep.tool.as_str());
    page.line(&head.put(Ink::Dim, facts(&group.keep)))?;
    for twin in &group.others {
        let sign = match group.kind {
            GroupKind::Copies => "copy  ".to_owned(),
            GroupKind::Near => format!("{:>5} ", percent(twin.likeness)),
            GroupKind::Clash => "clash ".to_owned(),
        };
        let head = StyledLine::new().put(Ink::Warn, format!("  {sign}")).put(Ink::Strong, twin.tool.as_str());
        page.line(&head.put(Ink::Dim, facts(twin)))?;
        page.line(&StyledLine::new().put(Ink::Dim, format!("           {}", twin.why)))?;
        let advice = format!("           {}: ", twin.advice);
        page.line(&StyledLine::new().put(Ink::Plain, advice).put(Ink::Accent, &twin.command))?;
    }
    Ok(())
}

fn counted_runs(twin: &Twin) -> String {
    counted(usize::try_from(twin.runs).unwrap_or(usize::MAX), "run", "runs")
}
