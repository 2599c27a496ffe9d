//! Checks: each examines one version and reports its findings; together they form the verdict of a review.
//!
//! Each check has its own file and a row in [`CHECKS`]. A check reports facts and their places; the gates of the engine
//! determine whether they block an approval. A check that could not examine something reports that
//! ([`CheckState::Skipped`](crate::domain::CheckState), `Unavailable`) and never counts as passed. Checks read only
//! their context, start the version only through [`Trials`], and store nothing.

mod before;
mod capabilities;
pub mod change;
mod complexity;
mod dependencies;
mod duplicates;
mod external;
#[cfg(test)]
mod fixture;
mod hidden;
pub mod injection;
mod manifest;
mod names;
mod skill;
mod started;
#[cfg(test)]
mod survey;
mod syntax;
mod trials;
mod unread;

pub use crate::domain::source::Language;
pub use before::failed_before;
pub use capabilities::{of_version as capabilities_of, scan};
pub use duplicates::{Similar, code_of, similar};
pub use trials::Condition;
pub use trials::benchmark::p95_of;
pub use trials::consistency::further;
pub use trials::crash::is_refusal;
pub use trials::generate::simplest;
pub use trials::replay::{Recorded, RecordedEnd, replayed};

use crate::domain::budget::{self, ReadLimits};
use crate::domain::source;
use crate::domain::{CheckReport, Digest, Finding, Gate, Missing, Severity, Tool, ToolDetail, ToolName};
use crate::insight::SimilarityIndex;
use crate::outside::Programs;
use crate::runner::{Pace, SampleFile, Tried, release_memory};
use serde_json::Value;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The input of a check.
#[derive(Clone, Copy)]
pub struct CheckContext<'a> {
    /// The version under examination.
    pub version: &'a ToolDetail,
    /// The previously approved version, if there is one.
    pub base: Option<&'a ToolDetail>,
    /// Requirements of the version that are missing on this machine.
    pub missing: &'a [Missing],
    /// Finds other tools, to detect duplicates.
    pub library: &'a dyn Library,
    /// Starts the version.
    pub trials: &'a dyn Trials,
}

/// The other tools in the catalog.
pub trait Library: Sync {
    /// All rows of the catalog, including the tool under examination.
    fn rows(&self) -> &[Arc<Tool>];
    /// The similarity index of all rows. Implementations that keep a catalog build it only once.
    fn index(&self) -> Arc<SimilarityIndex> {
        Arc::new(SimilarityIndex::new(self.rows()))
    }
    /// The details of one tool; `None` if it cannot be read.
    fn read(&self, tool: &Tool) -> Option<ToolDetail>;
    /// Inputs of recorded runs of a tool, of any version.
    fn recorded(&self, _tool: &ToolName) -> Vec<Recorded> {
        Vec::new()
    }
    /// The original of an evolved version that is stored next to it; `None` if there is none.
    fn original(&self, _version: &Tool) -> Option<ToolDetail> {
        None
    }
    /// Where linters come from; `None` if none is asked.
    fn programs(&self) -> Option<&Programs> {
        None
    }
}

/// Starts versions with the sandbox of an experimental tool. Starts are not recorded as runs.
pub trait Trials: Sync {
    /// Starts a version once for each input, and returns the results in the same order.
    ///
    /// # Errors
    /// One line that says why the version cannot be started here: no command, a missing program, too weak isolation.
    fn start(&self, batch: &Batch<'_>) -> Result<Vec<Tried>, String>;
}

/// Starts of one version.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The version: the version under examination, its base, or one of them with another command.
    pub version: &'a ToolDetail,
    /// The input of each start.
    pub inputs: &'a [Value],
    /// How the starts are made.
    pub pace: Pace,
    /// How many run at the same time.
    pub abreast: NonZeroUsize,
    /// Files that are put into the working folder of a start if its input names them.
    pub samples: &'a [SampleFile],
    /// Whether the version exists only for these starts, so that no copy of it is kept.
    pub is_temporary: bool,
}

impl<'a> Batch<'a> {
    /// A batch without sample files. The parallelism is the share of the cores for one of two checks that run at the
    /// same time.
    pub fn new(version: &'a ToolDetail, inputs: &'a [Value], pace: Pace) -> Batch<'a> {
        Batch { version, inputs, pace, abreast: trials::side_by_side(), samples: &[], is_temporary: false }
    }

    /// Sets the parallelism.
    pub fn abreast(self, abreast: NonZeroUsize) -> Batch<'a> {
        Batch { abreast, ..self }
    }

    /// Sets the sample files.
    pub fn with_samples(self, samples: &'a [SampleFile]) -> Batch<'a> {
        Batch { samples, ..self }
    }

    /// Marks the version as temporary.
    pub fn temporary(self) -> Batch<'a> {
        Batch { is_temporary: true, ..self }
    }
}

/// The cost of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Reads the files: milliseconds.
    Reading,
    /// Compares the files with those of the previously approved version. A difference is not a fault: a human has to
    /// judge what such a check finds, so it does not block by default.
    Comparing,
    /// Starts the version, possibly hundreds of times: seconds.
    Running,
    /// Asks a program of the user that may not be installed.
    Program,
}

/// A row of the table of checks.
#[derive(Clone, Copy)]
pub struct Check {
    /// Kebab-case name, used in settings, JSON, workbench and log.
    pub name: &'static str,
    /// What it examines, in one line.
    pub doc: &'static str,
    /// Reading, comparing, starting the tool, or asking another program.
    pub cost: Cost,
    /// Examines a version. If the check cannot run, the report says so.
    pub examine: fn(&CheckContext<'_>) -> CheckReport,
}

impl Check {
    /// Its default gate.
    pub fn gate(&self) -> Gate {
        match self.cost {
            Cost::Comparing => Gate::Show,
            Cost::Reading | Cost::Running | Cost::Program => Gate::Block,
        }
    }
}

/// All checks, in display order. They run from both ends of the list at the same time, so the slowest check is last.
pub const CHECKS: &[Check] = &[
    Check {
        name: "manifest",
        doc: "whether the manifest is complete and consistent",
        cost: Cost::Reading,
        examine: manifest::examine,
    },
    Check {
        name: "syntax",
        doc: "whether every file can be parsed in its language",
        cost: Cost::Reading,
        examine: syntax::examine,
    },
    Check {
        name: "capabilities",
        doc: "what the source can do, compared with the declared permissions",
        cost: Cost::Reading,
        examine: capabilities::examine,
    },
    Check {
        name: "hidden-text",
        doc: "characters that hide or reorder text, look-alike letters, code outside the visible area",
        cost: Cost::Reading,
        examine: hidden::examine,
    },
    Check {
        name: "injection",
        doc: "text that gives instructions to a model instead of describing the tool",
        cost: Cost::Reading,
        examine: injection::examine,
    },
    Check {
        name: "skill",
        doc: "what a client does by itself with a skill, what it is asked to allow, and files that are missing",
        cost: Cost::Reading,
        examine: skill::examine,
    },
    Check {
        name: "complexity",
        doc: "the cyclomatic complexity of each function",
        cost: Cost::Reading,
        examine: complexity::examine,
    },
    Check {
        name: "dependencies",
        doc: "the packages that the code uses, compared with those declared and installed",
        cost: Cost::Reading,
        examine: dependencies::examine,
    },
    Check {
        name: "names",
        doc: "names that could be mistaken for the name of another tool",
        cost: Cost::Reading,
        examine: names::examine,
    },
    Check {
        name: "duplicates",
        doc: "copies and near duplicates of other tools",
        cost: Cost::Reading,
        examine: duplicates::examine,
    },
    Check {
        name: "permissions",
        doc: "its permissions and command, compared with the previously approved version",
        cost: Cost::Comparing,
        examine: change::permissions::examine,
    },
    Check {
        name: "version",
        doc: "whether the version number matches the size of the interface change",
        cost: Cost::Comparing,
        examine: change::version::examine,
    },
    Check {
        name: "change",
        doc: "changes in code, schemas and data since the previously approved version",
        cost: Cost::Comparing,
        examine: change::code::examine,
    },
    Check {
        name: "ruff",
        doc: "ruff findings in Python, if it is installed",
        cost: Cost::Program,
        examine: external::ruff,
    },
    Check {
        name: "mypy",
        doc: "mypy findings in Python, if it is installed",
        cost: Cost::Program,
        examine: external::mypy,
    },
    Check {
        name: "bandit",
        doc: "bandit findings in Python, if it is installed",
        cost: Cost::Program,
        examine: external::bandit,
    },
    Check {
        name: "semgrep",
        doc: "semgrep findings with the bundled rules, if it is installed",
        cost: Cost::Program,
        examine: external::semgrep,
    },
    Check {
        name: "shellcheck",
        doc: "shellcheck findings in shell, if it is installed",
        cost: Cost::Program,
        examine: external::shellcheck,
    },
    Check {
        name: "tsc",
        doc: "tsc findings in TypeScript, if it is installed",
        cost: Cost::Program,
        examine: external::tsc,
    },
    Check {
        name: "eslint",
        doc: "eslint findings in JavaScript, if it is installed",
        cost: Cost::Program,
        examine: external::eslint,
    },
    Check {
        name: "start",
        doc: "whether it starts with its simplest input",
        cost: Cost::Running,
        examine: trials::start::examine,
    },
    Check {
        name: "examples",
        doc: "runs its examples and compares their output",
        cost: Cost::Running,
        examine: trials::examples::examine,
    },
    Check {
        name: "tests",
        doc: "runs its tests and compares their output",
        cost: Cost::Running,
        examine: trials::examples::examine_tests,
    },
    Check {
        name: "output",
        doc: "compares its output with its output schema",
        cost: Cost::Running,
        examine: trials::output::examine,
    },
    Check {
        name: "sanity",
        doc: "checks every output against the tool's own sanity rules",
        cost: Cost::Running,
        examine: trials::sanity::examine,
    },
    Check {
        name: "behaviour",
        doc: "observed behaviour, compared with the declared permissions",
        cost: Cost::Running,
        examine: trials::behaviour::examine,
    },
    Check {
        name: "consistency",
        doc: "gives it and the previously approved version the same inputs, and compares their outputs",
        cost: Cost::Running,
        examine: trials::consistency::examine,
    },
    Check {
        name: "replay",
        doc: "replays recorded inputs and compares with the previously approved version, or the version it was made from",
        cost: Cost::Running,
        examine: trials::replay::examine,
    },
    Check {
        name: "benchmark",
        doc: "time and resources per run, compared with the previously approved version",
        cost: Cost::Running,
        examine: trials::benchmark::examine,
    },
    Check {
        name: "load",
        doc: "how it handles 1, 4 and 16 concurrent runs, for tools tagged high-throughput",
        cost: Cost::Running,
        examine: trials::load::examine,
    },
    Check {
        name: "coverage",
        doc: "its own pytest and node tests, and how much of the code they run",
        cost: Cost::Running,
        examine: trials::coverage::examine,
    },
    Check {
        name: "property",
        doc: "how it handles 200 inputs generated from its schema",
        cost: Cost::Running,
        examine: trials::property::examine,
    },
];

/// Adjusts the findings of one check by those of another: a change that runs executed with the same output as before is
/// a fact, not a warning.
pub fn settle(reports: &mut [CheckReport]) {
    let same: Vec<Finding> = reports
        .iter()
        .filter(|report| report.name == "consistency")
        .flat_map(|report| report.findings.iter().cloned())
        .collect();
    if same.is_empty() {
        return;
    }
    for report in reports.iter_mut().filter(|report| report.name == "change" && !report.findings.is_empty()) {
        for finding in &mut report.findings {
            if same.iter().any(|same| trials::settled::settles(same, finding)) {
                finding.severity = Severity::Low;
            }
        }
        let (note, duration_ms) = (std::mem::take(&mut report.note), report.duration_ms);
        let findings = std::mem::take(&mut report.findings);
        *report = CheckReport { duration_ms, ..CheckReport::of("change", findings).noted(note) };
    }
}

/// The processor time for all reading checks of one version together; after that, each check gets [`LEAST_READING`].
const MAX_READING: Duration = Duration::from_secs(15);

/// The time for a reading check if the others used up the total: enough for a tool of ordinary size.
const LEAST_READING: Duration = Duration::from_millis(200);

/// If one check uses more additional memory than this, it is returned to the system immediately, in bytes.
const MUCH_MEMORY: u64 = 16 << 20;

/// The version that was last read, and the time that was used for it.
static READING: Mutex<(Option<Digest>, Duration)> = Mutex::new((None, Duration::ZERO));

/// Runs one check and measures how long it takes. Reading checks are limited by [`ReadLimits::CHECK`]; anything that
/// could not be read within the limits is a finding, so the check does not pass.
pub fn examine(check: &Check, context: &CheckContext<'_>) -> CheckReport {
    let mut begun = Instant::now();
    let report = match check.cost {
        Cost::Reading | Cost::Comparing => {
            // One at a time in the program: what memory grows by is then what this check takes.
            let mut reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
            // The time of waiting for another check does not count.
            begun = Instant::now();
            let version = context.version.tool.digest;
            if reading.0 != Some(version) || check.name == CHECKS[0].name {
                *reading = (Some(version), Duration::ZERO);
            }
            let left = MAX_READING.saturating_sub(reading.1).max(LEAST_READING);
            let limits = ReadLimits { time: left.min(ReadLimits::CHECK.time), ..ReadLimits::CHECK };
            let before = budget::usage().unwrap_or_default();
            let (report, shortfall) = budget::within(limits, || (check.examine)(context));
            let now = budget::usage().unwrap_or_default();
            reading.1 += now.processor.saturating_sub(before.processor);
            if now.resident > before.resident + MUCH_MEMORY {
                // Each thread retains freed memory; the next check may run in another thread.
                release_memory();
            }
            unread::told(report, &shortfall, context)
        }
        // Bounded by what their processes may take.
        Cost::Running | Cost::Program => (check.examine)(context),
    };
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    CheckReport { name: check.name.to_owned(), duration_ms, ..report }
}
