//! Versions of a name: `lineage`, `promote --to session`, `trim`.

use super::call::{Answer, Call};
use super::done::{Done, announce_and_execute};
use super::print_text::{Ink, Line, Page, when};
use crate::domain::{Command, GrantScope};
use crate::engine::{EngineError, ErrorCode, Lineage, LineageVersion};
use serde::Serialize;
use std::io;

/// All versions of a name.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    lineage: Lineage,
}

/// `lineage NAME`.
pub(super) fn lineage(call: &Call<'_>) -> Result<Shown, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    Ok(Shown { lineage: engine.versions().lineage(&tool)? })
}

/// `promote NAME@VERSION --to session`.
pub(super) fn use_in_session(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let name = call.required("tool")?;
    let tool = engine.library().resolve(name)?;
    let Some(session) = engine.grants().session() else {
        let message = "this command does not belong to a session";
        let hint = "set TOOLSMITH_SESSION to a name shared by the calls of the session, or promote it in the workbench";
        return Err(EngineError::new(ErrorCode::Usage, message, hint));
    };
    let scope = GrantScope::Session(session.to_owned());
    announce_and_execute(call, &engine, Command::UseInSession { tool: name.to_owned(), digest: tool.digest, scope })
}

/// `trim NAME`.
pub(super) fn trim(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = call.required("tool")?.to_owned();
    let versions = engine.versions().trimmed(&tool)?;
    announce_and_execute(call, &engine, Command::Trim { tool, versions })
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let tool = &self.lineage.tool;
        page.line(
            &Line::new()
                .put(Ink::Strong, tool.as_str())
                .put(Ink::Dim, format!("  {}", crate::domain::count(self.lineage.versions.len(), "version"))),
        )?;
        for (at, version) in self.lineage.versions.iter().enumerate() {
            let branch = if at + 1 == self.lineage.versions.len() { "└ " } else { "├ " };
            page.line(&head(branch, version, page))?;
            let stem = if at + 1 == self.lineage.versions.len() { "    " } else { "│   " };
            for (name, text) in version.provenance.recorded() {
                page.line(&Line::new().put(Ink::Dim, stem).put(Ink::Dim, format!("{name}: ")).put(Ink::Plain, text))?;
            }
        }
        Ok(())
    }
}

fn head(branch: &str, version: &LineageVersion, page: &Page<'_>) -> Line {
    let marks = version.marks();
    let ink = if version.active { Ink::Accent } else { Ink::Plain };
    let line = Line::new().put(Ink::Dim, branch).put(Ink::Strong, version.version.to_string());
    let line =
        line.put(Ink::Dim, format!("  {}  {}  ", version.digest.short(), version.stage)).put(Ink::Plain, &version.path);
    let line =
        line.put(Ink::Dim, format!("  {}  seen {}", version.told_runs(), when(version.first_seen_at, page.look())));
    if marks.is_empty() { line } else { line.put(ink, format!("  [{}]", marks.join(", "))) }
}
