//! Fields that most rows of a catalog do not have: without them, a row needs only a pointer.

use super::name::ToolName;
use super::need::Need;
use super::words::CostTier;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Deref, DerefMut};

/// The calls of a composite, as far as the catalog needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTools {
    /// The stated tier of its definition, if any; that of the row is the maximum of this one and those of the steps.
    pub tier: Option<CostTier>,
    /// In the order in which they are written.
    pub steps: Vec<StepTool>,
}

/// A step and the tool that it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTool {
    /// Name of the step.
    pub id: String,
    /// The tool as the definition names it: `NAME` or `NAME@VERSION`.
    pub tool: String,
    /// Why that tool cannot be called; `None` if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The fields of a row that most rows leave empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ToolExtras {
    /// Display name, if different.
    pub title: Option<String>,
    /// What the author says it can do; not enforced.
    pub capabilities: Vec<String>,
    /// Other names that search matches.
    pub aliases: Vec<String>,
    /// The generator that a prompt names; `None` for the default one, and for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// What it declares to need outside its own folder.
    pub needs: Vec<Need>,
    /// Path of the row that this one is a version of; it is next to that one, or in its `versions/`.
    #[serde(default)]
    pub evolved_from: Option<String>,
    /// Path of the row this one is an exact copy of (same digest), the first by path being the original.
    pub copy_of: Option<String>,
    /// Path of the row of the same name that is used instead of this one (higher stage, or the selected version).
    pub shadowed_by: Option<String>,
    /// Paths of the rows of lower stage that this one replaces.
    pub shadows: Vec<String>,
    /// Paths of other rows with the same name (or display name) but other content, at the same stage.
    pub clashes: Vec<String>,
    /// The tools that its steps call; `None` for every kind except a composite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<StepTools>,
    /// The row of the server, for a tool of an MCP server; `None` for every other row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ToolName>,
}

impl ToolExtras {
    /// Whether the row is related to others: a copy, shadowed, or clashing.
    pub fn is_related(&self) -> bool {
        self.copy_of.is_some() || self.shadowed_by.is_some() || !self.shadows.is_empty() || !self.clashes.is_empty()
    }
}

static NOTHING: ToolExtras = ToolExtras {
    title: None,
    capabilities: Vec::new(),
    aliases: Vec::new(),
    generator: None,
    needs: Vec::new(),
    evolved_from: None,
    copy_of: None,
    shadowed_by: None,
    shadows: Vec::new(),
    clashes: Vec::new(),
    steps: None,
    server: None,
};

/// The [`ToolExtras`] of a row; allocates only if there are any.
#[derive(Debug, Clone, Default)]
pub struct Extras(Option<Box<ToolExtras>>);

impl From<ToolExtras> for Extras {
    fn from(extras: ToolExtras) -> Extras {
        Extras((extras != NOTHING).then(|| Box::new(extras)))
    }
}

impl Deref for Extras {
    type Target = ToolExtras;

    fn deref(&self) -> &ToolExtras {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl PartialEq for Extras {
    fn eq(&self, other: &Extras) -> bool {
        **self == **other
    }
}

impl Serialize for Extras {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ToolExtras::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Extras, D::Error> {
        ToolExtras::deserialize(deserializer).map(Extras::from)
    }
}

/// Mutable access allocates memory even if nothing is written: read first.
impl DerefMut for Extras {
    fn deref_mut(&mut self) -> &mut ToolExtras {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tool;

    #[test]
    fn a_row_keeps_extras_only_where_it_has_any() {
        let mut tool = Tool::ordinary("t");
        assert!(tool.title.is_none() && tool.shadows.is_empty() && tool.extras.0.is_none());
        tool.title = Some("T".to_owned());
        assert_eq!(tool.extras, ToolExtras { title: Some("T".to_owned()), ..ToolExtras::default() }.into());
        tool.title = None;
        assert_eq!(tool, Tool::ordinary("t"), "what was taken away again counts for nothing");
        assert!(Extras::from(ToolExtras::default()).0.is_none());
    }

    #[test]
    fn a_row_is_written_and_read_as_if_the_fields_were_its_own() {
        let mut tool = Tool::ordinary("t");
        tool.aliases = vec!["other".to_owned()];
        let json = serde_json::to_value(&tool).unwrap();
        assert_eq!((&json["aliases"][0], &json["title"]), (&"other".into(), &serde_json::Value::Null));
        assert_eq!(serde_json::from_value::<Tool>(json).unwrap(), tool);
    }
}
