//! Opportunities: suggestions from use for tools to create or improve.

use super::digest::Digest;
use super::ids::RunId;
use super::implementation::Implementation;
use super::name::ToolName;
use super::parameter::InputParameter;
use super::quantity::plural;
use super::run::RunOutcome;
use super::specification::ToolSpecification;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;

/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 12;

words!(
    /// The kind of an opportunity.
    OpportunityKind {
        /// The same steps in sequence, often: one tool could do them.
        Sequence = "sequence",
        /// The same command line with different values, often.
        CommandPattern = "command-pattern",
        /// A tool that uses a large share of time, memory or tokens.
        BetterAlgorithm = "better-algorithm",
        /// A tool in an interpreted language that uses a large share of processor time.
        CompiledBinary = "compiled-binary",
        /// The same other tool often helped after the same failure.
        Recovery = "recovery",
        /// A task that was tried and never worked.
        Unresolved = "unresolved",
        /// A request that no tool answered.
        Unanswered = "unanswered",
        /// Tasks that resemble each other.
        SimilarTasks = "similar-tasks",
        /// An operation of an API that no tool wraps.
        MissingWrapper = "missing-wrapper",
        /// A tool that became worse.
        Regression = "regression",
    }
);

/// A place where an opportunity was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// `run`, `call`, `mark`, or the name of an imported file.
    pub source: String,
    /// Numbers of runs, or lines of the file, in the order of the steps.
    pub numbers: Vec<u64>,
    /// The content there. Raw: made safe when it is shown.
    pub text: String,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(u64::to_string).collect();
        write!(f, "{} {}", self.source, numbers.join(", "))
    }
}

/// The score of an opportunity, in four parts of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Worth {
    /// Frequency: `n / (n + 10)`, so 0.5 at ten occurrences.
    pub frequency: f64,
    /// How much it would save; each kind measures it differently.
    pub impact: f64,
    /// How hard it is to create; 1 is hardest.
    pub complexity: f64,
    /// How certain it is; for counted facts, the lower bound of the proportion (Wilson, 95 %).
    pub confidence: f64,
}

impl Worth {
    /// The priority for ordering, 0 to 1:
    /// `confidence × (0.4 frequency + 0.4 impact + 0.2 (1 − complexity))`.
    pub fn priority(self) -> f64 {
        self.confidence * (0.4 * self.frequency + 0.4 * self.impact + 0.2 * (1.0 - self.complexity))
    }

    /// The same, each part limited to 0 to 1 and rounded to three digits.
    #[must_use]
    pub fn rounded(self) -> Worth {
        let round = |part: f64| (part.clamp(0.0, 1.0) * 1_000.0).round() / 1_000.0;
        Worth {
            frequency: round(self.frequency),
            impact: round(self.impact),
            complexity: round(self.complexity),
            confidence: round(self.confidence),
        }
    }
}

/// A suggestion from use for a tool to create or improve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opportunity {
    /// Its identity, which is stable as long as it has the same subject.
    pub key: String,
    /// Its kind.
    pub kind: OpportunityKind,
    /// The name of the tool to create or improve.
    pub name: ToolName,
    /// One line. Raw, like all texts here: made safe when it is shown.
    pub title: String,
    /// What to do, in words.
    pub description: String,
    /// How often it was seen.
    pub count: u64,
    /// Its priority for ordering.
    pub priority: f64,
    /// The parts of the priority.
    #[serde(flatten)]
    pub worth: Worth,
    /// The inputs of the tool.
    pub parameters: Vec<InputParameter>,
    /// Its expected output; `None` if unknown.
    pub expected_output: Option<Value>,
    /// The tools or commands involved.
    pub tools: Vec<String>,
    /// Some of the places where it was seen.
    pub evidence: Vec<Witness>,
    /// An implementation without writing code; `None` if code must be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<Implementation>,
}

/// The data from which an opportunity is built.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggested {
    /// Its kind.
    pub kind: OpportunityKind,
    /// Its subject, in words that stay the same when there is more evidence: the key is derived from them.
    pub about: String,
    /// A name, or words to derive one from.
    pub name: String,
    /// One line.
    pub title: String,
    /// What to do.
    pub description: String,
    /// How often it was seen.
    pub count: u64,
    /// Its score.
    pub worth: Worth,
    /// The inputs of the tool.
    pub parameters: Vec<InputParameter>,
    /// Its expected output.
    pub expected_output: Option<Value>,
    /// The tools or commands involved.
    pub tools: Vec<String>,
    /// Where it was seen.
    pub evidence: Vec<Witness>,
    /// An implementation without writing code.
    pub implementation: Option<Implementation>,
}

impl Opportunity {
    /// The opportunity built from these data.
    pub fn of(suggested: Suggested) -> Opportunity {
        let worth = suggested.worth.rounded();
        let about = format!("{}\n{}", suggested.kind, suggested.about);
        Opportunity {
            key: Digest::of_bytes(about.as_bytes()).hex().chars().take(KEY_DIGITS).collect(),
            kind: suggested.kind,
            name: ToolName::new(&suggested.name).unwrap_or_else(|_| ToolName::of_words(&suggested.name)),
            title: suggested.title,
            description: suggested.description,
            count: suggested.count,
            priority: (worth.priority() * 1_000.0).round() / 1_000.0,
            worth,
            parameters: suggested.parameters,
            expected_output: suggested.expected_output,
            tools: suggested.tools,
            evidence: suggested.evidence,
            implementation: suggested.implementation,
        }
    }

    /// The specification that results from accepting it.
    pub fn specification(&self) -> ToolSpecification {
        let mut specification = ToolSpecification::of(self.name.clone(), &self.description);
        specification.input_parameters.clone_from(&self.parameters);
        specification.expected_output.clone_from(&self.expected_output);
        specification.implementation.clone_from(&self.implementation);
        specification
    }

    /// Where it was seen, in one line.
    pub fn seen(&self) -> String {
        let first = self.evidence.first().map(|witness| format!(", for example {witness}")).unwrap_or_default();
        format!("seen {}{first}", plural(usize::try_from(self.count).unwrap_or(usize::MAX), "time", "times"))
    }
}

/// Files from which opportunities are mined in addition to local records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpportunitySources {
    /// Histories of shells, or folders of them.
    pub history: Vec<PathBuf>,
    /// JSON lines of agents, or folders of them.
    pub log: Vec<PathBuf>,
    /// OpenAPI documents, or definitions that show functions, or folders of them.
    pub openapi: Vec<PathBuf>,
}

/// An opportunity that was dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DismissedOpportunity {
    /// Stays the same when the opportunity is found again.
    pub key: String,
    /// Its kind.
    pub kind: OpportunityKind,
    /// Title as shown; raw, not escaped.
    pub title: String,
    /// `None` if the user gave none.
    pub reason: Option<String>,
    /// The human who dismissed it.
    pub who: String,
    /// When it was dismissed.
    pub at: Instant,
}

/// A recorded run, with the facts used for learning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFact {
    /// Number of the recorded run.
    pub id: RunId,
    /// Name of the tool that ran.
    pub tool: ToolName,
    /// `human` or the agent's name.
    pub caller: String,
    /// How the run ended.
    pub outcome: RunOutcome,
    /// Start of the run, not its end.
    pub started_at: Instant,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// Processor time in milliseconds.
    pub cpu_ms: u64,
    /// Peak memory in bytes.
    pub memory_bytes: u64,
    /// Cause of a failure.
    pub error: Option<String>,
    /// The input, as JSON text.
    pub input: String,
    /// Whether an interpreter ran it.
    pub is_interpreted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(about: &str, count: u64) -> Suggested {
        Suggested {
            kind: OpportunityKind::Sequence,
            about: about.to_owned(),
            name: "Fetch & join".to_owned(),
            title: format!("{count} times"),
            description: "does both".to_owned(),
            count,
            worth: Worth { frequency: 0.123_456, impact: 7.0, complexity: -1.0, confidence: 0.5 },
            parameters: Vec::new(),
            expected_output: None,
            tools: Vec::new(),
            evidence: Vec::new(),
            implementation: None,
        }
    }

    #[test]
    fn a_key_stays_when_there_is_more_of_the_same_and_differs_between_kinds() {
        let first = Opportunity::of(suggested("fetch → join", 5));
        assert_eq!(first.key, Opportunity::of(suggested("fetch → join", 50)).key);
        assert_ne!(first.key, Opportunity::of(suggested("fetch → sort", 5)).key);
        let other = Suggested { kind: OpportunityKind::Recovery, ..suggested("fetch → join", 5) };
        assert_ne!(first.key, Opportunity::of(other).key);
        assert_eq!((first.key.len(), first.name.as_str()), (KEY_DIGITS, "fetch-join"));
    }

    #[test]
    fn the_order_is_made_of_the_four_parts_by_the_formula_that_is_told() {
        let one = Opportunity::of(suggested("x", 1));
        let parts = Worth { frequency: 0.123, impact: 1.0, complexity: 0.0, confidence: 0.5 };
        assert_eq!(one.worth, parts);
        assert!((one.priority - 0.325).abs() < 1e-9, "{}", one.priority);
        assert!(Worth { confidence: 0.0, ..parts }.priority() < f64::EPSILON, "what is not sure is worth nothing");
    }

    #[test]
    fn a_specification_says_what_the_opportunity_says() {
        let specification = Opportunity::of(suggested("x", 1)).specification();
        assert_eq!((specification.tool_name.as_str(), specification.description.as_str()), ("fetch-join", "does both"));
    }
}
