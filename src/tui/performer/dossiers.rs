//! Data that is read about a tool before it is shown or run.

use crate::domain::{Tool, ToolDetail};
use crate::engine::{Engine, EngineError, ErrorCode, RunFilter};
use crate::tui::msg::ToolDossier;

pub(super) fn dossier(engine: &Engine, tool: &Tool, other: Option<&str>) -> Result<ToolDossier, EngineError> {
    let detail = engine.library().detail(tool)?;
    let last_input = engine.runs().last_input(&tool.name)?;
    let runs = engine.runs().list(&RunFilter::of_tool(tool, 20))?;
    let versions = engine.versions().list(&tool.name)?;
    let against = match other {
        Some(text) => versions.iter().find(|v| v.version.to_string() == text || v.digest.starts_with(text)),
        None => versions.iter().find(|version| version.approved && version.digest != tool.digest),
    };
    let other = match (against, other) {
        (Some(version), _) => {
            let name = format!("{} ({})", version.version, version.digest.short());
            Some((name, engine.versions().files(version.digest)?))
        }
        (None, Some(text)) => {
            let message = format!("{} has no kept version {text}", tool.name);
            return Err(EngineError::new(
                ErrorCode::NotFound,
                message,
                "name a version or the first digits of a digest",
            ));
        }
        (None, None) => None,
    };
    let command = engine.dependencies().command_view(&detail);
    let workers = engine.settings().workers.keys().cloned().collect();
    let withheld = withheld(engine, &detail);
    Ok(ToolDossier { detail, last_input, other, runs, command, workers, withheld })
}

/// Permissions that the version declares but a run does not get, because they were not approved here.
fn withheld(engine: &Engine, detail: &ToolDetail) -> Option<String> {
    let declared = &detail.manifest.permissions;
    // Read errors are reported when the run starts.
    let is_approved = engine.integrity().approved(&detail.tool).unwrap_or(true);
    (!is_approved && !declared.is_nothing()).then(|| declared.summary())
}
