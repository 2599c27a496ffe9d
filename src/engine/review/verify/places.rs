//! Whether what is approved is where it was approved.

use crate::domain::{OperationId, Placement, ToolName};
use crate::engine::Integrity;
use crate::engine::core::UndoNote;
use crate::engine::error::EngineError;
use crate::engine::view::{CatalogView, VerifyReport};
use crate::store::Approval;
use std::collections::{BTreeMap, HashSet};

impl Integrity<'_> {
    /// Looks for every tool for which an approval stands in the place that it was approved for.
    pub(super) fn check_places<'a>(
        &self,
        view: &CatalogView,
        approvals: impl Iterator<Item = &'a Approval>,
        report: &mut VerifyReport,
    ) -> Result<(), EngineError> {
        let mut places: BTreeMap<(&ToolName, String), (&Approval, String)> = BTreeMap::new();
        for approval in approvals.filter(|approval| approval.stage.is_vouched()) {
            let row = self.workspace.read(|q| Ok(q.version(&approval.tool, approval.digest)?))?;
            let (path, seen) = row.map(|row| (row.path, row.placement.base)).unzip();
            let Some(base) = approval.base.clone().or(seen) else { continue };
            let known = places.entry((&approval.tool, base)).or_insert((approval, path.clone().unwrap_or_default()));
            if known.0.at <= approval.at {
                *known = (approval, path.unwrap_or_default());
            }
        }
        let lying: HashSet<(&ToolName, &str)> =
            view.tools.iter().map(|row| (&row.name, row.placement.base.as_str())).collect();
        for ((tool, base), (approval, path)) in places {
            if !lying.contains(&(tool, base.as_str())) && self.is_in_use(tool, &base)? {
                let version = format!("the approved tool {tool} ({})", approval.digest.short());
                report.faults.push(format!("{version} {}", self.what_became(view, approval, &base, &path)));
            }
        }
        Ok(())
    }

    /// Whether the newest entry of the log that put the tool into this place, or took it away, left it there.
    fn is_in_use(&self, tool: &ToolName, base: &str) -> Result<bool, EngineError> {
        let operations = self.workspace.read(|q| Ok(q.reversible_after(OperationId(0), tool.as_str())?))?;
        let mut left = operations.iter().filter_map(UndoNote::of).filter_map(|note| {
            let here = |placed: &&crate::engine::core::Placed| placed.tool == *tool && placed.placement.base == base;
            let arrived = note.arrived().iter().any(here);
            (arrived || note.took().iter().any(here)).then_some(arrived)
        });
        Ok(left.next().unwrap_or(true))
    }

    /// What is in the place of an approved tool that was not found there.
    fn what_became(&self, view: &CatalogView, approval: &Approval, base: &str, path: &str) -> String {
        if self.workspace.folder().join(base).is_symlink() {
            return format!(
                "cannot be found: {base} is a symbolic link, but the approved version has regular files only"
            );
        }
        let inside = |of: &str| of == base || of.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        // Other tools may lie in a folder that is not its own.
        let own = Placement { base: base.to_owned(), exclusive: view.tools.iter().all(|row| !inside(&row.path)) };
        let problem = view.problems.iter().find(|problem| problem.path == path);
        let problem = problem.or_else(|| view.problems.iter().find(|problem| own.exclusive && inside(&problem.path)));
        if let Some(problem) = problem {
            return format!(
                "cannot be read: {}; `toolsmith restore-files` restores the approved files",
                problem.placed()
            );
        }
        let same = |row: &&std::sync::Arc<crate::domain::Tool>| row.digest == approval.digest;
        if let Some(row) = view.tools.iter().filter(same).find(|row| row.name == approval.tool) {
            return format!("is no longer in {base}: it is in {}", row.placement.base);
        }
        match view.tools.iter().find(|row| row.path == path) {
            Some(row) => format!("is no longer in {base}: {} is there", row.name),
            None => format!("is missing from {base}; `toolsmith restore-files` restores it"),
        }
    }
}
