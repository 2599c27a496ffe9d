//! Test helpers: real trials of small scripts, without an engine.

use super::super::{Batch, CHECKS, CheckContext, Library, Recorded, RecordedEnd, Trials};
use crate::domain::{
    Category, CheckReport, CostTier, Dialect, Digest, FileMode, InputMode, IsolationLevel, Manifest, Origin, Profile,
    Recipe, RunId, Severity, Tool, ToolDetail, ToolName, VersionFile, WriteMode,
};
use crate::runner::{Bubblewrap, Interpreters, Machine, RunEnvironment, Sources, StartRequest, Tried, prepare_batch};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A Python tool with JSON input and output.
pub(super) fn python(script: &str) -> ToolDetail {
    let recipe = Recipe {
        command: vec!["python3".into(), "{file}".into()],
        entry: Some("tool.py".into()),
        ..Recipe::blank(InputMode::StdinJson)
    };
    let manifest = Manifest { recipe: Some(recipe), ..Manifest::blank("bench".parse().unwrap(), Dialect::Native) };
    let tool = Tool {
        digest: Digest::of_bytes(script.as_bytes()),
        category: Category::new("data"),
        cost_tier: CostTier::Low,
        classified: true,
        description: "a tool on the bench".into(),
        origin: Origin::Ai,
        bytes: script.len() as u64,
        ..Tool::ordinary("bench")
    };
    let files = vec![VersionFile { path: "tool.py".into(), mode: FileMode::Plain, bytes: script.into() }];
    ToolDetail { tool, manifest, files }
}

/// The same version with tests: inputs and expectations.
pub(super) fn with_tests(mut version: ToolDetail, tests: &[(Value, Value)]) -> ToolDetail {
    version.manifest.tests = tests
        .iter()
        .enumerate()
        .map(|(at, (input, expect))| crate::domain::TestCase {
            name: format!("test {at}"),
            input: input.clone(),
            expect: expect.clone(),
        })
        .collect();
    version
}

/// The same version with an input schema in which every property is required.
pub(super) fn taking(mut version: ToolDetail, properties: &Value) -> ToolDetail {
    let required: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
    version.manifest.input = Some(json!({"type": "object", "required": required, "properties": properties}));
    version
}

struct Nobody;

impl Library for Nobody {
    fn rows(&self) -> &[Arc<Tool>] {
        &[]
    }

    fn read(&self, _tool: &Tool) -> Option<ToolDetail> {
        None
    }

    /// One division that works, and one by zero.
    fn recorded(&self, _tool: &ToolName) -> Vec<Recorded> {
        let ended =
            |b| RecordedEnd { digest: Digest([0; 32]), succeeded: b != 0, error: None, with_permissions: false };
        let recorded =
            |(run, b)| Recorded { run: RunId(run), input: json!({"a": 1, "b": b}), chosen: false, ended: ended(b) };
        [(1, 1), (2, 0)].map(recorded).into()
    }
}

struct TrialFixture {
    dir: tempfile::TempDir,
    machine: Machine,
    least: IsolationLevel,
}

impl Trials for TrialFixture {
    fn start(&self, batch: &Batch<'_>) -> Result<Vec<Tried>, String> {
        let version = self.dir.path().join(batch.version.tool.digest.hex());
        fs::create_dir_all(&version).unwrap();
        for file in &batch.version.files {
            let path = version.join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file.bytes).unwrap();
        }
        let folder = |name: &str| -> PathBuf {
            let path = self.dir.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let request = StartRequest {
            manifest: &batch.version.manifest,
            version_dir: &version,
            files: &batch.version.files,
            workspace: &folder("workspace"),
            scratch: &folder("scratch"),
            input: None,
            timeout: Some(Duration::from_secs(5)),
            usual_timeout: None,
            profile: Profile::Strict,
            writes: WriteMode::Staged,
            ours: &[],
            spool: &self.dir.path().join("spool"),
            origin: &version,
            given: &RunEnvironment::default(),
            interpreters: &Interpreters::default(),
            sources: Sources::System,
            machine: &self.machine,
            least: self.least,
            observe: true,
            state: &folder("state"),
            staged: &self.dir.path().join("staged"),
            kept: None,
            environments: &self.dir.path().join("environments"),
        };
        let trials = prepare_batch(&request, batch.inputs, batch.pace)
            .map_err(|end| end.message().unwrap_or_default())?
            .with_samples(batch.samples);
        trials.make(std::time::Instant::now() + Duration::from_mins(2), &AtomicBool::new(false))
    }
}

/// Runs one check of a version.
pub(super) fn check(name: &str, version: &ToolDetail, base: Option<&ToolDetail>) -> CheckReport {
    check_at(IsolationLevel::Confined, name, version, base)
}

/// Runs one check with this required isolation, without bubblewrap.
pub(super) fn check_at(
    least: IsolationLevel,
    name: &str,
    version: &ToolDetail,
    base: Option<&ToolDetail>,
) -> CheckReport {
    let wish = if least == IsolationLevel::Isolated { Bubblewrap::Off } else { Bubblewrap::Auto };
    let bench = TrialFixture { dir: tempfile::tempdir().unwrap(), machine: Machine::new(wish, None), least };
    let context = CheckContext { version, base, missing: &[], library: &Nobody, trials: &bench };
    let row = CHECKS.iter().find(|row| row.name == name).unwrap();
    super::super::examine(row, &context)
}

/// Calls a function with the context of a check of this version.
pub(super) fn context<T>(version: &ToolDetail, call: impl FnOnce(&CheckContext<'_>) -> T) -> T {
    let machine = Machine::new(Bubblewrap::Auto, None);
    let bench = TrialFixture { dir: tempfile::tempdir().unwrap(), machine, least: IsolationLevel::Confined };
    call(&CheckContext { version, base: None, missing: &[], library: &Nobody, trials: &bench })
}

/// Starts a version once for each input.
pub(super) fn start(version: &ToolDetail, inputs: &[Value]) -> Vec<Tried> {
    let machine = Machine::new(Bubblewrap::Auto, None);
    let bench = TrialFixture { dir: tempfile::tempdir().unwrap(), machine, least: IsolationLevel::Confined };
    let one = std::num::NonZeroUsize::MIN;
    bench.start(&Batch::new(version, inputs, crate::runner::Pace::Plain).abreast(one)).unwrap()
}

/// Findings as code, severity and message.
pub(super) fn told(report: &CheckReport) -> Vec<(&str, Severity, &str)> {
    report.findings.iter().map(|found| (found.code.as_str(), found.severity, found.message.as_str())).collect()
}
