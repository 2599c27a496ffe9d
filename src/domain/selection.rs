//! Which tools are in use: all of them, a preset, or some by name. What is not in use is not offered and does not run.

use super::name::ToolName;
use super::need::Need;
use super::tool::Tool;
use super::words::{CostTier, Kind, words};
use serde::{Deserialize, Serialize};

words!(
    /// A choice of tools that needs no names.
    Preset {
        /// The safe ones: stated as low in cost, and declaring no need at all.
        Minimal = "minimal",
        /// Those and the ones that read and write declared paths; none that reaches the network or starts programs.
        Default = "default",
        /// Every tool of the workspace.
        Full = "full",
    }
);

/// Categories and capabilities that say of a tool that it reaches out or starts programs.
const REACHING: &[&str] =
    &["network", "web", "http", "docker", "execute", "execution", "shell", "subprocess", "command-execution"];

impl Preset {
    /// Whether a tool belongs to it.
    pub fn holds(self, tool: &Tool) -> bool {
        let needs: &[Need] = match self {
            Preset::Full => return true,
            Preset::Default => &[Need::Read, Need::Write],
            Preset::Minimal => &[],
        };
        tool.kind == Kind::Command
            && tool.cost_tier == CostTier::Low
            && tool.needs.iter().all(|need| needs.contains(need))
            && !reaches(tool)
    }

    /// What it holds, in words.
    pub fn doc(self) -> &'static str {
        match self {
            Preset::Minimal => "low-cost tools that need no permissions",
            Preset::Default => "also tools that read and write declared paths; no network, no programs",
            Preset::Full => "all tools",
        }
    }
}

fn reaches(tool: &Tool) -> bool {
    let own = tool.capabilities.iter().chain(&tool.tags).map(String::as_str).chain([tool.category.0.as_str()]);
    own.into_iter().any(|word| REACHING.iter().any(|reaching| word.eq_ignore_ascii_case(reaching)))
}

/// A part of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// What a preset holds.
    Preset(Preset),
    /// A single tool by its name.
    Tool(ToolName),
}

/// Which tools are in use: those of any of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// As it was written: `default`, `read,write`.
    pub name: String,
    /// The choice holds the tools of all its parts.
    pub parts: Vec<Chosen>,
}

impl Selection {
    /// All that a preset holds.
    pub fn preset(preset: Preset) -> Selection {
        Selection { name: preset.word().to_owned(), parts: vec![Chosen::Preset(preset)] }
    }

    /// Whether a tool is in use.
    pub fn holds(&self, tool: &Tool) -> bool {
        self.parts.iter().any(|part| match part {
            Chosen::Preset(preset) => preset.holds(tool),
            Chosen::Tool(name) => *name == tool.name,
        })
    }

    /// The names that it is made of.
    pub fn names(&self) -> impl Iterator<Item = &ToolName> {
        self.parts.iter().filter_map(|part| match part {
            Chosen::Tool(name) => Some(name),
            Chosen::Preset(_) => None,
        })
    }
}

/// A choice that a human saved under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSet {
    /// Name to choose it by, like a preset.
    pub name: ToolName,
    /// The tools, by name.
    pub tools: Vec<ToolName>,
    /// The human who saved it.
    pub who: String,
    /// When it was saved.
    pub at: super::time::Instant,
}

#[cfg(test)]
mod tests {
    use super::super::words::Category;
    use super::*;
    use crate::domain::manifest::Permissions;

    fn low(needs: &[Need]) -> Tool {
        Tool { cost_tier: CostTier::Low, classified: true, needs: needs.to_vec(), ..Tool::ordinary("t") }
    }

    #[test]
    fn presets_grow_from_what_needs_nothing_to_everything() {
        use Need::{Env, Execute, Network, Read, Write};
        let words = |tool: &Tool| Preset::ALL.iter().filter(|preset| preset.holds(tool)).count();
        assert_eq!(words(&low(&[])), 3);
        assert_eq!(words(&low(&[Read])), 2);
        assert_eq!(words(&low(&[Read, Write])), 2);
        for need in [Network, Env, Execute] {
            assert_eq!(words(&low(&[Read, need])), 1, "{need}");
        }
        assert_eq!(words(&Tool { cost_tier: CostTier::Medium, ..low(&[]) }), 1);
        assert_eq!(words(&Tool { kind: Kind::Http, ..low(&[]) }), 1);
        assert_eq!(words(&Tool { category: Category::new("Web"), ..low(&[]) }), 1);
        assert_eq!(words(&Tool { capabilities: vec!["shell".to_owned()], ..low(&[]) }), 1);
    }

    #[test]
    fn a_need_is_told_once_and_no_network_is_none() {
        let permissions = Permissions {
            network: vec!["none".to_owned()],
            read: vec!["a".to_owned(), "b".to_owned()],
            run: vec!["git".to_owned()],
            ..Permissions::default()
        };
        assert_eq!(Need::of(&permissions), vec![Need::Read, Need::Execute]);
        let loopback = Permissions { network: vec!["loopback".to_owned()], ..Permissions::default() };
        assert_eq!(Need::of(&loopback), vec![Need::Network]);
    }

    #[test]
    fn a_choice_holds_what_any_of_its_parts_holds() {
        let named = Chosen::Tool(ToolName::new("t").unwrap());
        let choice = Selection { name: "minimal,t".to_owned(), parts: vec![Chosen::Preset(Preset::Minimal), named] };
        assert!(choice.holds(&low(&[Need::Network])), "by its name");
        assert!(choice.holds(&Tool { name: ToolName::new("other").unwrap(), ..low(&[]) }), "by the preset");
        assert!(!choice.holds(&Tool { name: ToolName::new("other").unwrap(), ..low(&[Need::Network]) }));
    }
}
