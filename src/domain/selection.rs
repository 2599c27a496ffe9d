//! Which tools are in use: all of them, a preset, or some by name. Other tools are not offered and do not run.

use super::name::{NameError, ToolName};
use super::need::Need;
use super::tool::Tool;
use super::words::{Category, CostTier, Kind, words};
use serde::{Deserialize, Serialize};
use std::fmt;

words!(
    /// A selection without names.
    Preset {
        /// Safe tools: low cost tier, and no declared permissions.
        Minimal = "minimal",
        /// Those, and tools that read and write declared paths; none that use the network or start programs.
        Default = "default",
        /// Every tool of the workspace.
        Full = "full",
    }
);

/// Categories and capabilities that indicate network access or starting of programs.
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

    /// What it contains, in words.
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

/// The prefix of a category in a selection: `category:git`.
const CATEGORY: &str = "category:";

/// A part of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// The tools of a preset.
    Preset(Preset),
    /// A member of a saved set.
    Member(SetMember),
}

/// A member of a saved set, written as `git-log` or as `category:git`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SetMember {
    /// A single tool by its name.
    Tool(ToolName),
    /// Every tool of a category, including later ones.
    Category(Category),
}

impl SetMember {
    /// The category in a word of a selection; `None` for any other word.
    pub fn category(word: &str) -> Option<Category> {
        word.strip_prefix(CATEGORY).filter(|name| !name.trim().is_empty()).map(Category::new)
    }

    /// Whether it matches this tool.
    pub fn holds(&self, tool: &Tool) -> bool {
        match self {
            SetMember::Tool(name) => *name == tool.name,
            SetMember::Category(category) => *category == tool.category,
        }
    }
}

impl fmt::Display for SetMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetMember::Tool(name) => write!(f, "{name}"),
            SetMember::Category(category) => write!(f, "{CATEGORY}{category}"),
        }
    }
}

impl TryFrom<String> for SetMember {
    type Error = NameError;

    fn try_from(text: String) -> Result<SetMember, NameError> {
        match SetMember::category(&text) {
            Some(category) => Ok(SetMember::Category(category)),
            None => ToolName::new(&text).map(SetMember::Tool),
        }
    }
}

impl From<SetMember> for String {
    fn from(member: SetMember) -> String {
        member.to_string()
    }
}

/// The tools in use: those of any of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// As it was written: `default`, `read,write`.
    pub name: String,
    /// The selection is the union of all its parts.
    pub parts: Vec<Chosen>,
}

impl Selection {
    /// A preset as a selection.
    pub fn preset(preset: Preset) -> Selection {
        Selection { name: preset.word().to_owned(), parts: vec![Chosen::Preset(preset)] }
    }

    /// Whether a tool is in use.
    pub fn holds(&self, tool: &Tool) -> bool {
        self.parts.iter().any(|part| match part {
            Chosen::Preset(preset) => preset.holds(tool),
            Chosen::Member(member) => member.holds(tool),
        })
    }

    /// The tools and categories in it.
    pub fn members(&self) -> impl Iterator<Item = &SetMember> {
        self.parts.iter().filter_map(|part| match part {
            Chosen::Member(member) => Some(member),
            Chosen::Preset(_) => None,
        })
    }
}

/// A selection that a human saved under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSet {
    /// Its name, used like that of a preset.
    pub name: ToolName,
    /// The tools, by name, and categories.
    pub tools: Vec<SetMember>,
    /// The human who saved it.
    pub who: String,
    /// When it was saved.
    pub at: super::time::Instant,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ToolExtras;
    use crate::domain::manifest::Permissions;

    fn low(needs: &[Need]) -> Tool {
        Tool {
            cost_tier: CostTier::Low,
            classified: true,
            extras: ToolExtras { needs: needs.to_vec(), ..ToolExtras::default() }.into(),
            ..Tool::ordinary("t")
        }
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
        let mut shell = low(&[]);
        shell.capabilities = vec!["shell".to_owned()];
        assert_eq!(words(&shell), 1);
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
        let named = Chosen::Member("t".to_owned().try_into().unwrap());
        let choice = Selection { name: "minimal,t".to_owned(), parts: vec![Chosen::Preset(Preset::Minimal), named] };
        assert!(choice.holds(&low(&[Need::Network])), "by its name");
        assert!(choice.holds(&Tool { name: ToolName::new("other").unwrap(), ..low(&[]) }), "by the preset");
        assert!(!choice.holds(&Tool { name: ToolName::new("other").unwrap(), ..low(&[Need::Network]) }));
    }

    #[test]
    fn a_member_of_a_set_reads_back_as_it_is_written_and_a_category_holds_what_is_in_it() {
        for text in ["git-log", "category:git"] {
            let member: SetMember = serde_json::from_value(text.into()).unwrap();
            assert_eq!((member.to_string(), serde_json::to_value(&member).unwrap()), (text.to_owned(), text.into()));
        }
        for text in ["category:", "Git log", ""] {
            assert!(SetMember::try_from(text.to_owned()).is_err(), "{text}");
        }
        let git = SetMember::try_from("category:GIT".to_owned()).unwrap();
        assert!(git.holds(&Tool { category: Category::new("git"), ..low(&[]) }));
        assert!(!git.holds(&Tool { category: Category::new("git-more"), ..low(&[]) }));
    }
}
