//! The starter tools of this program in a workspace: their state, their declared permissions, and adopting all of them
//! with one decision.
//!
//! The user sees their permissions, not their lines, and the record states that. A tool counts as one of the set only
//! while its files have the digest that is compiled into the program.

use crate::domain::{Allowed, CostTier, Digest, Outcome, Permissions, Stage, Tool, VerbCall, count, plural};
use crate::engine::Reviews;
use crate::engine::core::{self, StarterSet};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb};
use crate::engine::settings::{InitReport, StarterTool, write_starter};
use crate::engine::view::{CatalogView, Preview};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adopts the starter tools.
pub(in crate::engine) const STARTER: PlainVerb = PlainVerb {
    name: "starter",
    needs_catalog: true,
    preview: |engine, _: &VerbCall| engine.reviews().preview_starter(),
    perform: Perform::Human(|engine, who, _| engine.reviews().adopt_starter(who)),
};

/// The state of a starter tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StarterState {
    /// It is not in the workspace; adopting the set writes it.
    Missing,
    /// It is present unchanged, and not approved.
    NotAdopted,
    /// It is present unchanged, and approved.
    Adopted,
    /// It is present with changed files: it is not part of the set.
    Changed,
    /// Another tool has its name.
    NameTaken,
}

impl StarterState {
    /// The words for a human.
    pub fn words(self) -> &'static str {
        match self {
            StarterState::Missing => "not installed",
            StarterState::NotAdopted => "not adopted",
            StarterState::Adopted => "adopted",
            StarterState::Changed => "changed: not part of the set",
            StarterState::NameTaken => "another tool has this name",
        }
    }

    /// Whether adopting the set approves it.
    pub fn is_open(self) -> bool {
        matches!(self, StarterState::Missing | StarterState::NotAdopted)
    }
}

/// A starter tool, its permissions and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StarterRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its description, one sentence.
    pub description: String,
    /// The cost tier of a call.
    pub cost_tier: Option<CostTier>,
    /// The permissions that it gets by the adoption.
    pub permissions: Permissions,
    /// The compiled-in digest.
    pub digest: Digest,
    /// Its state.
    pub state: StarterState,
    /// Lines of its files.
    pub lines: u64,
}

impl Reviews<'_> {
    /// The starter tools of this program, compared with the newest scan.
    ///
    /// # Errors
    /// `Internal` if a definition cannot be read.
    pub fn starter(&self) -> Result<Vec<StarterRow>, EngineError> {
        let view = self.engine.library().catalog();
        let row = |tool: &StarterTool| {
            let manifest = tool.manifest().map_err(|problem| EngineError::internal(problem.message))?;
            let digest = tool.digest();
            Ok(StarterRow {
                name: tool.name().to_owned(),
                version: manifest.version.to_string(),
                description: manifest.description,
                cost_tier: manifest.cost_tier,
                permissions: manifest.permissions,
                digest,
                state: state_of(tool, digest, &view),
                lines: tool.lines(),
            })
        };
        StarterTool::all().iter().map(row).collect()
    }

    fn preview_starter(&self) -> Result<Preview, EngineError> {
        let rows = self.starter()?;
        let open: Vec<&StarterRow> = rows.iter().filter(|row| row.state.is_open()).collect();
        refuse_empty(&open)?;
        let mut by_permission: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for row in &open {
            let declared = if row.permissions.is_nothing() { String::new() } else { row.permissions.summary() };
            by_permission.entry(declared).or_default().push(&row.name);
        }
        let mut lines: Vec<String> = by_permission
            .iter()
            .map(|(declared, names)| {
                if declared.is_empty() {
                    return format!("no permissions: {}", count(names.len(), "tool"));
                }
                format!("{declared}: {}", names.join(", "))
            })
            .collect();
        let missing = open.iter().filter(|row| row.state == StarterState::Missing).count();
        if missing > 0 {
            lines
                .push(format!("{} written into tools/; commit them yourself", plural(missing, "tool is", "tools are")));
        }
        let of_all = open.iter().map(|row| row.lines).sum::<u64>();
        lines.push(format!("recorded as not read: {of_all} lines, identical to those in this program"));
        let changed = rows.iter().filter(|row| matches!(row.state, StarterState::Changed | StarterState::NameTaken));
        lines.extend(changed.map(|row| format!("{}: {}", row.name, row.state.words())));
        Ok(Preview {
            title: format!("Adopt {} with these permissions?", count(open.len(), "starter tool")),
            lines,
            undo: "u (undo) reverts it, permissions included; the files stay".to_owned(),
        })
    }

    fn adopt_starter(&self, who: &str) -> Result<Outcome, EngineError> {
        write_starter(self.workspace.folder(), &mut InitReport::default())?;
        crate::engine::note_identity(self.engine);
        let view = self.engine.library().scan(&mut |_| {})?;
        let open: Vec<StarterRow> = self.starter()?.into_iter().filter(|row| row.state.is_open()).collect();
        refuse_empty(&open)?;
        let mut set = StarterSet {
            tools: Vec::new(),
            lines: open.iter().map(|row| row.lines).sum(),
            reason: format!(
                "starter tools of Toolsmith {}: files equal those compiled in; their lines were not read",
                env!("CARGO_PKG_VERSION")
            ),
        };
        for row in &open {
            let here = view.tools.iter().find(|tool| is_at_home(tool, &row.name) && tool.digest == row.digest);
            let Some(tool) = here else { continue };
            let files = self.engine.library().files_on_disk(tool)?;
            if Digest::of_files(&files) != row.digest {
                let message = format!("{} changed while the set was adopted", row.name);
                return Err(EngineError::new(ErrorCode::Conflict, message, "run the command again"));
            }
            self.workspace.copies.put(row.digest, &files)?;
            set.tools.push((Arc::clone(tool), self.missing_grant(tool, &row.permissions)?));
        }
        let granted = set.tools.iter().filter(|(_, allowed)| allowed.is_some()).count();
        let gates = &self.workspace.settings.gates;
        let step = self.engine.step(who, |tx, actor| core::adopt_starter(tx, actor, &set, gates))?;
        let mut outcome = self.engine.finish(step)?;
        // The adoption opened by the scan above has ended, and the rest gets a new one.
        self.engine.library().scan(&mut |_| {})?;
        if granted > 0 {
            let message =
                plural(granted, "has the permissions that it declares", "have the permissions that they declare");
            outcome.message = format!("{}; {message}", outcome.message);
        }
        Ok(outcome)
    }

    /// The permissions that the adoption grants a tool; `None` if it declares none, or already has them.
    fn missing_grant(&self, tool: &Tool, permissions: &Permissions) -> Result<Option<Allowed>, EngineError> {
        if permissions.is_nothing() {
            return Ok(None);
        }
        let allowed = Allowed::new(permissions, self.engine.runs().write_mode(tool.stage));
        Ok((self.engine.grants().allowed_to(tool)?.as_ref() != Some(&allowed)).then_some(allowed))
    }
}

/// Whether a row is a tool of this name in its own folder among the approved or core tools.
fn is_at_home(tool: &Tool, name: &str) -> bool {
    let is_home = |stage: Stage| tool.placement.base == format!("tools/{stage}/{name}");
    tool.placement.exclusive && [Stage::Core, Stage::Approved].into_iter().any(is_home)
}

fn state_of(tool: &StarterTool, digest: Digest, view: &CatalogView) -> StarterState {
    let named = || view.tools.iter().filter(|row| row.name.as_str() == tool.name());
    if let Some(same) = named().find(|row| row.digest == digest && is_at_home(row, tool.name())) {
        return if same.facts.approved { StarterState::Adopted } else { StarterState::NotAdopted };
    }
    let folder = tool.folder();
    if view.tools.iter().any(|row| row.placement.base == folder)
        || view.problems.iter().any(|problem| problem.path.starts_with(&format!("{folder}/")))
    {
        return StarterState::Changed;
    }
    if named().next().is_some() { StarterState::NameTaken } else { StarterState::Missing }
}

fn refuse_empty<T>(open: &[T]) -> Result<(), EngineError> {
    if open.is_empty() {
        let message = "every starter tool is adopted, changed or has a name that another tool has";
        return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith list` shows the tools"));
    }
    Ok(())
}
