//! The fixed word lists of the product. Each word has one spelling everywhere: UI, CLI, SQL, JSON, logs.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares an enum whose variants have exactly one spelling.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The spelling of this value.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The value of a spelling; `None` for any other text. This is cheaper than parsing if most texts are not
            /// in the list.
            pub fn of_word(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::of_word(text).ok_or_else(|| {
                    $crate::domain::words::UnknownWord {
                        got: text.to_owned(),
                        known: Self::ALL.iter().map(|v| v.word()).collect::<Vec<_>>().join(", "),
                    }
                })
            }
        }
    };
}
pub(crate) use words;

/// A word that is not in the list it was looked up in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word {got:?}, known are: {known}")]
pub struct UnknownWord {
    /// The word, as given.
    pub got: String,
    /// The list, joined by commas.
    pub known: String,
}

words!(
    /// The level of trust of a tool; the folder of the same name under `tools/`.
    Stage {
        /// Not approved.
        Experimental = "experimental",
        /// A human approved this digest.
        Approved = "approved",
        /// Approved, proven and kept stable.
        Core = "core",
        /// Archived: hidden, not runnable, bytes and history kept.
        Archived = "archived",
    }
);

words!(
    /// The kind of a tool.
    Kind {
        /// Runs a process and ends.
        Command = "command",
        /// A process that keeps running.
        Service = "service",
        /// Text for a model.
        Prompt = "prompt",
        /// A request to an HTTP API.
        Http = "http",
        /// A server that speaks the Model Context Protocol.
        Mcp = "mcp",
        /// Other tools in sequence.
        Composite = "composite",
    }
);

impl Kind {
    /// Whether it is a process on this machine, which ends or keeps running.
    pub const fn starts_process(self) -> bool {
        matches!(self, Kind::Command | Kind::Service)
    }
}

words!(
    /// The cost or risk of a call, in ascending order.
    CostTier {
        /// Safe, fast and free of charge.
        Low = "low",
        /// Moderate cost, some restrictions. An unclassified tool counts as medium.
        Medium = "medium",
        /// Expensive or dangerous: a call by an agent needs a human.
        High = "high",
        /// Never runs, by any path.
        Prohibited = "prohibited",
    }
);

words!(
    /// The form of a tool on disk.
    Format {
        /// A folder with `tool.toml`.
        Native = "native",
        /// Script and sidecar of the same stem.
        Pair = "pair",
        /// Only a manifest, which states what it runs.
        Manifest = "manifest",
        /// A bare script; metadata from its header.
        Header = "header",
        /// One of several tools in a file, such as a target of a Makefile.
        Entry = "entry",
        /// A folder with `SKILL.md`.
        Skill = "skill",
    }
);

words!(
    /// Whether the files on disk are those that were last accepted.
    ToolState {
        /// Read, and unchanged since it was approved (or never approved).
        Ok = "ok",
        /// Approved or core, but the files changed since.
        Changed = "changed",
        /// Cannot be read as a tool; a problem states the reason.
        Invalid = "invalid",
        /// Read, but of a kind or dialect that cannot run here.
        Unsupported = "unsupported",
    }
);

words!(
    /// The creator of a tool, as marked in its definition.
    Origin {
        /// Marked as made by an AI agent.
        Ai = "ai",
        /// Marked as made by a human.
        Admin = "admin",
        /// Not marked.
        Unknown = "unknown",
    }
);

impl Stage {
    /// Whether tools of this stage were approved.
    pub const fn is_vouched(self) -> bool {
        matches!(self, Stage::Approved | Stage::Core)
    }

    /// Which of two definitions of one name is used: higher wins (core, approved, experimental, archived).
    pub const fn precedence(self) -> u8 {
        match self {
            Stage::Core => 3,
            Stage::Approved => 2,
            Stage::Experimental => 1,
            Stage::Archived => 0,
        }
    }
}

/// A category: an open set, lower case; unknown ones are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Category(pub String);

impl Category {
    /// The built-in categories, in their usual order.
    pub const KNOWN: &'static [&'static str] = &[
        "core",
        "filesystem",
        "git",
        "search",
        "web",
        "database",
        "docker",
        "testing",
        "refactoring",
        "data",
        "custom",
    ];

    /// The category of a tool whose manifest and folder state none.
    pub const UNSTATED: &'static str = "custom";

    /// Lower-cases and trims; empty text becomes [`Self::UNSTATED`].
    pub fn new(text: &str) -> Category {
        let word = text.trim().to_lowercase();
        Category(if word.is_empty() { Category::UNSTATED.to_owned() } else { word })
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl CostTier {
    /// The words for each tier in definitions, in lower case and with dashes.
    pub const WORDS: &'static [(CostTier, &'static [&'static str])] = &[
        (
            CostTier::Low,
            &[
                "low",
                "very-low",
                "lowest",
                "free",
                "no-cost",
                "none",
                "zero",
                "cheap",
                "inexpensive",
                "minimal",
                "negligible",
                "trivial",
            ],
        ),
        (
            CostTier::Medium,
            &["medium", "med", "mid", "moderate", "standard", "normal", "average", "variable", "varies", "mixed"],
        ),
        (
            CostTier::High,
            &[
                "high",
                "very-high",
                "highest",
                "expensive",
                "very-expensive",
                "costly",
                "premium",
                "extreme",
                "dangerous",
            ],
        ),
        (CostTier::Prohibited, &["prohibited", "blocked", "forbidden", "banned"]),
    ];

    /// The tier for a word in a definition, by [`CostTier::WORDS`]; blanks and underscores count as dashes. `None` for
    /// an unknown word.
    pub fn from_loose(word: &str) -> Option<CostTier> {
        let folded = word.trim().to_lowercase().replace([' ', '_'], "-");
        let means = |known: &str| known == folded || known.replace('-', "") == folded;
        CostTier::WORDS.iter().find(|(_, words)| words.iter().any(|word| means(word))).map(|(tier, _)| *tier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.word().parse::<Stage>().as_ref(), Ok(stage));
        }
        for tier in CostTier::ALL {
            assert_eq!(CostTier::from_loose(tier.word()), Some(*tier));
        }
        assert!("Approved".parse::<Stage>().is_err());
    }

    #[test]
    fn a_tier_is_read_in_the_words_of_others() {
        for (word, tier) in [
            ("free", CostTier::Low),
            ("Very Low", CostTier::Low),
            ("verylow", CostTier::Low),
            ("cheap", CostTier::Low),
            ("moderate", CostTier::Medium),
            ("variable", CostTier::Medium),
            ("EXPENSIVE", CostTier::High),
            ("very_high", CostTier::High),
            ("highest", CostTier::High),
            ("forbidden", CostTier::Prohibited),
        ] {
            assert_eq!(CostTier::from_loose(word), Some(tier), "{word}");
        }
        assert_eq!(["", "15", "lowish"].map(CostTier::from_loose), [None; 3]);
        let mut words: Vec<&str> = CostTier::WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "a word means one tier");
    }

    #[test]
    fn tiers_are_ordered() {
        assert!(CostTier::Low < CostTier::Medium && CostTier::High < CostTier::Prohibited);
    }
}
