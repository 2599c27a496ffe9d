//! A version at a place.

use crate::domain::{Digest, Placement, Stage, Tool, ToolName, VersionFile};
use serde::{Deserialize, Serialize};

/// What is next to a version at a place under the name `approval.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beside {
    /// Nobody looked: what the approval in force says belongs there.
    #[default]
    Unknown,
    /// There is no such file.
    Nothing,
    /// The text of the file.
    Text(String),
}

/// A version at a place, as kept in operation details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Name that the manifest states.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    pub digest: Digest,
    /// Stage of the folder that it is in.
    pub stage: Stage,
    /// Folder, and whether it belongs to the tool alone.
    pub placement: Placement,
    /// Its files relative to the place.
    pub files: Vec<String>,
    /// What lay next to it there.
    #[serde(default)]
    pub approval: Beside,
}

impl Placed {
    /// A tool where the catalog found it.
    pub fn of(tool: &Tool, files: &[VersionFile]) -> Placed {
        Placed {
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            stage: tool.stage,
            placement: tool.placement.clone(),
            files: files.iter().map(|f| f.path.clone()).collect(),
            approval: Beside::Unknown,
        }
    }

    /// The same version at another place.
    pub fn moved_to(&self, stage: Stage, placement: Placement) -> Placed {
        Placed { stage, placement, approval: Beside::Unknown, ..self.clone() }
    }
}

/// The place of a promoted tool: a folder of its own, named after it.
pub fn stage_placement(stage: Stage, name: &ToolName) -> Placement {
    Placement { base: format!("tools/{stage}/{name}"), exclusive: true }
}
