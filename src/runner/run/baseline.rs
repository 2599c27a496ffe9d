//! What an interpreter does by itself: the noise that is removed from the observed behaviour of a run.
//!
//! Determined by running the same interpreter, sandbox layers and user with an empty script, once for each build of the
//! interpreter and level. Nothing of the tool is involved in that run (no file, no argument, no variable), so tools
//! cannot influence it.

use super::job::Hooks;
use super::running::start;
use crate::domain::{Digest, Network, Observer, Touch};
use crate::runner::observer::baseline_from;
use crate::runner::prepare::spec::{Handed, RunTerms, Spec};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A script that every interpreter reads as empty.
const EMPTY: &str = "/dev/null";

/// An interpreter that takes longer for an empty script has no baseline.
const PATIENCE: Duration = Duration::from_secs(5);

/// The variables of every run.
pub(in crate::runner) const COMMON: [&str; 7] =
    ["HOME", "TMPDIR", "PATH", "LANG", "TERM", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"];

type Noise = Vec<(Touch, String)>;

/// The known baselines of interpreters on this machine; stored in a folder of Toolsmith.
#[derive(Debug)]
pub struct Baselines {
    dir: PathBuf,
    known: Mutex<BTreeMap<Digest, Noise>>,
}

impl Baselines {
    /// Stores them in `dir`, which need not exist yet.
    pub fn new(dir: PathBuf) -> Baselines {
        Baselines { dir, known: Mutex::default() }
    }

    /// Gives the observer of a run the baseline of its interpreter. For a new interpreter, this takes as long as its
    /// start and end; later, no time.
    ///
    /// # Errors
    /// If the new baseline cannot be stored. It is used anyway.
    pub fn tell(&self, spec: &mut Spec) -> io::Result<()> {
        let Some(key) = key(spec).filter(|_| spec.plan.walls.observe) else { return Ok(()) };
        if let Some(noise) = self.known().get(&key) {
            spec.plan.policy.baseline.extend_from_slice(noise);
            return Ok(());
        }
        let path = self.dir.join(format!("{}.json", key.hex()));
        let kept = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Noise>(&text).ok());
        let (noise, written) = match kept {
            Some(noise) => (noise, Ok(())),
            None => self.learn(spec, &path),
        };
        self.known().insert(key, noise.clone());
        spec.plan.policy.baseline.extend(noise);
        written
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Noise>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, spec: &Spec, path: &Path) -> (Noise, io::Result<()>) {
        if let Err(error) = fs::create_dir_all(&self.dir) {
            return (Vec::new(), Err(error));
        }
        let spool = path.with_extension(format!("{}.spool", std::process::id()));
        let report = start(bare(spec, spool.clone()), Hooks::default()).wait();
        // The output of an empty script is not needed; it may not even exist.
        let _ = fs::remove_file(&spool);
        if report.observation.observer != Observer::On {
            // Nothing was learnt; the next process may try again.
            return (Vec::new(), Ok(()));
        }
        let noise = baseline_from(&report.observation.attempts);
        let written = keep(path, &noise);
        (noise, written)
    }
}

/// Stores a baseline; two processes may do this at the same time.
fn keep(path: &Path, noise: &Noise) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&serde_json::to_vec(noise)?)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The inputs that determine the noise; `None` for a version that is its own program.
fn key(spec: &Spec) -> Option<Digest> {
    let facts = spec.interpreter.as_ref()?;
    let plan = &spec.plan;
    let level = plan.level.to_string();
    let lead = plan.args.get(..spec.lead)?;
    let mut key = format!("{}\n{}\n{level}\n{:?}\n", facts.digest.hex(), facts.path, plan.user.is_some());
    for word in lead {
        key.push_str(&word.to_string_lossy());
        key.push('\n');
    }
    // So that the baseline of another Toolsmith release is not used.
    key.push_str(env!("CARGO_PKG_VERSION"));
    Some(Digest::of_bytes(key.as_bytes()))
}

/// The same run without the tool.
fn bare(spec: &Spec, spool: PathBuf) -> Spec {
    let mut plan = spec.plan.clone();
    let is_other = plan.policy.has_launcher || plan.program.starts_with(&plan.view.tool);
    if let Some(facts) = spec.interpreter.as_ref().filter(|_| is_other) {
        plan.program = PathBuf::from(&facts.path);
    }
    plan.policy.has_launcher = false;
    plan.args.truncate(spec.lead);
    plan.args.push(OsString::from(EMPTY));
    plan.env.0.retain(|(name, _)| COMMON.iter().any(|common| name == common));
    plan.network = Network::None;
    plan.walls.network = Network::None;
    plan.policy.network = Network::None;
    plan.view.write.clear();
    plan.view.stages.clear();
    plan.view.files.clear();
    plan.view.state = None;
    plan.trials = None;
    plan.is_service = false;
    plan.listeners.clear();
    plan.connector = None;
    plan.walls.inherited = 0;
    plan.walls.channel = 0;
    plan.walls.write.retain(|path| *path == plan.view.scratch);
    let mut terms = RunTerms { pty: false, grace: Duration::ZERO, spool, log: None, ..spec.terms.clone() };
    terms.limits.wall = PATIENCE;
    plan.limits = terms.limits;
    Spec {
        plan,
        starter: spec.starter.clone(),
        program: spec.program.clone(),
        interpreter: None,
        lead: spec.lead,
        files: Vec::new(),
        stdin: None,
        terms,
        grants: spec.grants.clone(),
        staged: spec.staged.clone(),
        state: None,
        handed: Handed::default(),
    }
}
