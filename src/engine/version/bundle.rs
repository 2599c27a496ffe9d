//! A bundle: the tools of a workspace in a folder that any object storage can hold. Each tool is a key,
//! `tools/NAME`, that names a digest; the bytes lie by digest in `versions/`. What comes out of a bundle is checked by
//! its digest, lands among the experimental tools and waits for a human like everything that is new.

use crate::domain::{Caller, Digest, Placement, Stage, Tool, ToolName, VersionFile, plural};
use crate::engine::Versions;
use crate::engine::core::{self, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::relocate;
use crate::store::{Copies, CopyError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest key, in bytes; one is a few hundred.
const MAX_KEY_BYTES: u64 = 256 * 1024;

/// What a key says of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    version: semver::Version,
    digest: Digest,
    /// Whether its files lie in a folder with others.
    shared: bool,
    /// What the key named before, newest first.
    #[serde(default)]
    earlier: Vec<Digest>,
}

/// What became of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    /// It was written to the target.
    Written,
    /// It was there already.
    Same,
    /// Something else has its name there; nothing was changed.
    Conflict,
    /// It cannot be read; nothing was changed.
    Unreadable,
}

/// A tool of a bundle and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarriedTool {
    /// Name inside the bundle.
    pub name: String,
    /// Its version; `None` when it cannot be read.
    pub version: Option<semver::Version>,
    /// Its digest; `None` when it cannot be read.
    pub digest: Option<Digest>,
    /// What became of it.
    pub state: Carried,
    /// Why it was not written; empty when it was, or was there.
    pub why: String,
}

/// What `push` or `pull` did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarryReport {
    /// The folder of the bundle.
    pub bundle: PathBuf,
    /// Each tool, by name.
    pub tools: Vec<CarriedTool>,
}

impl CarryReport {
    /// How many tools it came to so with.
    pub fn count(&self, state: Carried) -> usize {
        self.tools.iter().filter(|tool| tool.state == state).count()
    }

    /// One line for a human.
    pub fn sentence(&self) -> String {
        let [written, same, conflicts, unreadable] =
            [Carried::Written, Carried::Same, Carried::Conflict, Carried::Unreadable].map(|state| self.count(state));
        let mut text = format!("{} written, {same} already present", plural(written, "tool", "tools"));
        if conflicts > 0 {
            text = format!("{text}, {}", plural(conflicts, "conflict", "conflicts"));
        }
        if unreadable > 0 {
            text = format!("{text}, {unreadable} unreadable");
        }
        text
    }
}

impl Versions<'_> {
    /// Writes tools into a bundle: the one named, else all that are not archived. A key that names a version which is
    /// not known here is somebody else's work and stays.
    ///
    /// # Errors
    /// Those of [`Library::resolve`](crate::engine::Library::resolve); `Failed` when the folder cannot be written.
    pub fn push(&self, bundle: &Path, tool: Option<&str>) -> Result<CarryReport, EngineError> {
        let tools = match tool {
            Some(text) => vec![self.engine.library().resolve(text)?],
            None => self.engine.library().catalog().tools.iter().filter(|tool| is_carried(tool)).cloned().collect(),
        };
        self.refuse_no_bundle(bundle)?;
        let copies = Copies::new(bundle);
        if self.workspace.rehearsal.is_on() {
            copies.freeze(true);
        } else {
            for folder in [keys(bundle), bundle.join("versions")] {
                fs::create_dir_all(folder).map_err(|error| unwritable(bundle, &error))?;
            }
        }
        let mut carried = Vec::with_capacity(tools.len());
        for tool in tools {
            let (state, why) = self.push_one(bundle, &copies, &tool)?;
            let (name, version) = (tool.name.to_string(), Some(tool.version.clone()));
            carried.push(CarriedTool { name, version, digest: Some(tool.digest), state, why });
        }
        Ok(CarryReport { bundle: bundle.to_owned(), tools: carried })
    }

    /// Refuses a folder that holds something else, and the workspace itself.
    fn refuse_no_bundle(&self, bundle: &Path) -> Result<(), EngineError> {
        let refused = |why: &str| {
            let message = format!("{} is not a bundle: {why}", bundle.display());
            Err(EngineError::new(ErrorCode::Refused, message, "name a new or empty folder, or a bundle"))
        };
        let within = |folder: &Path| folder.canonicalize().is_ok_and(|real| real.starts_with(self.workspace.folder()));
        let near = bundle.ancestors().find(|folder| !folder.as_os_str().is_empty() && folder.exists());
        if near.map_or_else(|| within(Path::new(".")), within) {
            return refused("it is in the workspace");
        }
        match fs::read_dir(bundle) {
            Ok(mut entries) => {
                let known = bundle.join("versions").is_dir() && keys(bundle).is_dir();
                if known || entries.next().is_none() { Ok(()) } else { refused("it contains something else") }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => refused(&error.to_string()),
        }
    }

    fn push_one(&self, bundle: &Path, copies: &Copies, tool: &Tool) -> Result<(Carried, String), EngineError> {
        let clashing = || (Carried::Conflict, format!("the name is also used by {}", tool.clashes.join(", ")));
        if !tool.clashes.is_empty() {
            return Ok(clashing());
        }
        let mut earlier = match read_key(bundle, &tool.name) {
            Ok(None) => Vec::new(),
            Ok(Some(key)) if key.digest == tool.digest => return Ok((Carried::Same, String::new())),
            Ok(Some(key)) => {
                if self.workspace.read(|q| Ok(q.version(&tool.name, key.digest)?))?.is_none() {
                    let why = format!("the bundle contains the unknown {} {}", key.version, key.digest.short());
                    return Ok((Carried::Conflict, why));
                }
                [vec![key.digest], key.earlier].concat()
            }
            Err(why) => return Ok((Carried::Unreadable, why)),
        };
        earlier.retain(|digest| *digest != tool.digest);
        let files = match self.engine.library().files_of(tool) {
            Ok(files) => files,
            Err(error) => return Ok((Carried::Unreadable, error.message)),
        };
        copies.put(tool.digest, &files).map_err(|error| match error {
            CopyError::Io { path, source } => unwritable(&path, &source),
            other => EngineError::internal(other),
        })?;
        let shared = !tool.placement.exclusive;
        let key = Key { version: tool.version.clone(), digest: tool.digest, shared, earlier };
        if !self.workspace.rehearsal.is_on() {
            write_key(bundle, &tool.name, &key).map_err(|error| unwritable(bundle, &error))?;
        }
        Ok((Carried::Written, String::new()))
    }

    /// Brings tools of a bundle here: the one named, else all. Each is an operation that `undo` takes back. What
    /// has another version or file here is told, never written over.
    ///
    /// # Errors
    /// `NotFound` when there is no bundle, or no such tool in it; `HumanNeeded` for an agent; `Internal` for trouble
    /// with the store.
    pub fn pull(&self, bundle: &Path, tool: Option<&str>, caller: &Caller) -> Result<CarryReport, EngineError> {
        if let Caller::Agent(name) = caller {
            let message = format!("agent {name} cannot do this: only humans import tools");
            return Err(EngineError::new(ErrorCode::HumanNeeded, message, "agents use `toolsmith request`"));
        }
        let names = match tool {
            Some(name) => vec![name.to_owned()],
            None => names_in(bundle)?,
        };
        let is_dry = self.workspace.rehearsal.is_on();
        let _turn = if is_dry { None } else { Some(self.engine.take_turn()?) };
        let copies = Copies::new(bundle);
        let who = caller.identity();
        let mut carried = Vec::with_capacity(names.len());
        for name in names {
            let key = ToolName::new(&name)
                .map_err(|error| error.to_string())
                .and_then(|name| read_key(bundle, &name).map(|key| key.map(|key| (name, key))));
            let (name, key) = match key {
                Ok(Some(found)) => found,
                Ok(None) => {
                    let message = format!("{} has no tool {name}", bundle.display());
                    return Err(EngineError::new(ErrorCode::NotFound, message, "omit the name to pull all tools"));
                }
                Err(why) => {
                    carried.push(CarriedTool { name, version: None, digest: None, state: Carried::Unreadable, why });
                    continue;
                }
            };
            let (state, why) = self.pull_one(&copies, &name, &key, &who)?;
            let (version, digest) = (Some(key.version), Some(key.digest));
            carried.push(CarriedTool { name: name.to_string(), version, digest, state, why });
        }
        if !is_dry {
            self.engine.library().scan(&mut |_| {})?;
        }
        Ok(CarryReport { bundle: bundle.to_owned(), tools: carried })
    }

    /// Why files are not what their key says; `None` when they are that tool in that version.
    fn is_another(&self, name: &ToolName, key: &Key, files: &[VersionFile]) -> Option<String> {
        let placement = if key.shared { shared_place() } else { core::stage_placement(Stage::Experimental, name) };
        match self.read_placed(&placement, files) {
            Err(error) => Some(error.message),
            Ok(tool) if tool.name != *name => Some(format!("its files are the tool {}", tool.name)),
            Ok(tool) if tool.version != key.version => Some(format!("its files are version {}", tool.version)),
            Ok(_) => None,
        }
    }

    fn pull_one(
        &self,
        copies: &Copies,
        name: &ToolName,
        key: &Key,
        who: &str,
    ) -> Result<(Carried, String), EngineError> {
        let view = self.engine.library().catalog();
        let named = view.tools.iter().filter(|tool| tool.name == *name);
        let (away, here): (Vec<&Arc<Tool>>, Vec<&Arc<Tool>>) = named.partition(|tool| tool.stage == Stage::Archived);
        if here.iter().any(|tool| tool.digest == key.digest) {
            return Ok((Carried::Same, String::new()));
        }
        if away.iter().any(|tool| tool.digest == key.digest) {
            return Ok((Carried::Same, format!("it is archived here: restore it with `toolsmith restore {name}`")));
        }
        if let Some(other) = here.first() {
            let newer = if here.iter().any(|tool| key.earlier.contains(&tool.digest)) {
                "; the bundle contains a newer version: archive this one, then pull again"
            } else {
                ""
            };
            let why = format!("{} {} is in {}{newer}", other.version, other.digest.short(), other.place());
            return Ok((Carried::Conflict, why));
        }
        let files = match copies.get(key.digest) {
            Ok(files) => files,
            Err(error) => return Ok((Carried::Unreadable, error.to_string())),
        };
        if let Some(why) = self.is_another(name, key, &files) {
            return Ok((Carried::Unreadable, why));
        }
        let placement = if key.shared { shared_place() } else { core::stage_placement(Stage::Experimental, name) };
        let taken = relocate::conflicts(self.workspace.folder(), &files, &placement);
        if !taken.is_empty() {
            return Ok((Carried::Conflict, format!("{} already exists with different content", taken.join(", "))));
        }
        self.workspace.copies.put(key.digest, &files)?;
        let placed = Placed {
            tool: name.clone(),
            version: key.version.clone(),
            digest: key.digest,
            stage: Stage::Experimental,
            placement,
            files: files.iter().map(|file| file.path.clone()).collect(),
            approval: core::Beside::default(),
        };
        let brought = self.workspace.transact(|tx| core::bring(tx, self.workspace.actor(who), &placed));
        if self.workspace.rehearsal.is_agreed(&brought) {
            return Ok((Carried::Written, String::new()));
        }
        self.engine.finish(brought?)?;
        Ok((Carried::Written, String::new()))
    }
}

/// Whether a row goes into a bundle when none is named: what its name means, and is not put away.
fn is_carried(tool: &Tool) -> bool {
    tool.stage != Stage::Archived && tool.shadowed_by.is_none()
}

/// Where tools lie that share a folder.
fn shared_place() -> Placement {
    Placement { base: format!("tools/{}", Stage::Experimental), exclusive: false }
}

fn keys(bundle: &Path) -> PathBuf {
    bundle.join("tools")
}

/// The names of the keys of a bundle, ascending.
fn names_in(bundle: &Path) -> Result<Vec<String>, EngineError> {
    let no_bundle = |error: std::io::Error| {
        let message = format!("{} is not a bundle: {error}", bundle.display());
        EngineError::new(ErrorCode::NotFound, message, "`toolsmith push DIR` creates one")
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(keys(bundle)).map_err(no_bundle)? {
        let name = entry.map_err(no_bundle)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What the key of a tool says; `None` when there is none.
fn read_key(bundle: &Path, name: &ToolName) -> Result<Option<Key>, String> {
    let path = keys(bundle).join(name.as_str());
    let in_words = |error: &dyn std::fmt::Display| format!("the signing key cannot be read: {error}");
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(in_words(&error)),
        Ok(meta) if !meta.is_file() || meta.len() > MAX_KEY_BYTES => {
            return Err("the signing key is not a regular file".to_owned());
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(&path).map_err(|error| in_words(&error))?;
    serde_json::from_str(&text).map(Some).map_err(|error| in_words(&error))
}

/// Writes a key in one step: a reader finds the old one or the new one.
fn write_key(bundle: &Path, name: &ToolName, key: &Key) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(key)?;
    let mut file = tempfile_in(&keys(bundle), name)?;
    file.1.write_all(text.as_bytes())?;
    file.1.sync_all()?;
    fs::rename(&file.0, keys(bundle).join(name.as_str()))
}

/// A new file beside the keys, whose name no key has.
fn tempfile_in(folder: &Path, name: &ToolName) -> std::io::Result<(PathBuf, fs::File)> {
    let path = folder.join(format!(".{name}.{}", std::process::id()));
    let file = fs::File::create(&path)?;
    Ok((path, file))
}

fn unwritable(path: &Path, error: &std::io::Error) -> EngineError {
    let message = format!("cannot write {}: {error}", path.display());
    EngineError::new(ErrorCode::Failed, message, "choose a writable folder")
}
