//! A bundle: the tools of a workspace in object storage or in a folder. Each tool has a key, `tools/NAME`, that names a
//! digest; the files are by digest in `versions/`. Tools from a bundle are verified by their digest, become
//! experimental, and wait for a human like any new tool. A signature says who pushed a tool, and nothing more.

use super::bundle_signature::{PUSHES, Signatures, SignedPush};
use crate::domain::{Caller, Digest, Placement, Stage, Tool, ToolName, VersionFile, plural};
use crate::engine::Versions;
use crate::engine::core::{self, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::relocate;
use crate::objects::{self, Folder, Objects, ObjectsError, pack, unpack};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Maximum size of a key, in bytes; a usual key has a few hundred.
const MAX_KEY_BYTES: u64 = 256 * 1024;

/// The largest packed version, in bytes.
const MAX_VERSION_BYTES: u64 = 64 << 20;

/// The folder of keys.
const KEYS: &str = "tools";

/// The folder of versions.
const VERSIONS: &str = "versions";

/// The content of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    version: semver::Version,
    digest: Digest,
    /// Whether the files share a folder with other tools.
    shared: bool,
    /// The earlier digests of the key, newest first.
    #[serde(default)]
    earlier: Vec<Digest>,
    /// The signed list that contains it; `None` if it is unsigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
}

/// An open bundle.
struct Bundle {
    /// A folder, or the address of object storage.
    place: String,
    objects: Box<dyn Objects + Send>,
}

/// The result for a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    /// It was written to the target.
    Written,
    /// The same version was already there.
    Same,
    /// Another version has this name; nothing was changed.
    Conflict,
    /// It cannot be read; nothing was changed.
    Unreadable,
}

/// A tool of a bundle, with the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarriedTool {
    /// Name inside the bundle.
    pub name: String,
    /// Its version; `None` if it cannot be read.
    pub version: Option<semver::Version>,
    /// Its digest; `None` if it cannot be read.
    pub digest: Option<Digest>,
    /// The result.
    pub state: Carried,
    /// Why it was not written; empty if it was written or already there.
    pub why: String,
    /// Who signed it in the bundle; `None` if it is unsigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// What `push` or `pull` did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarryReport {
    /// The folder or address of the bundle.
    pub bundle: String,
    /// Each tool, by name.
    pub tools: Vec<CarriedTool>,
}

impl CarryReport {
    /// The number of tools with this result.
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
    /// Writes tools into a bundle: the named one, otherwise all that are not archived. A key with a version that is
    /// unknown here belongs to somebody else and stays. What a human pushes is signed if a key is set.
    ///
    /// # Errors
    /// Those of [`Library::resolve`](crate::engine::Library::resolve); `HumanNeeded` for an agent that names an
    /// address; `Failed` when the bundle cannot be written, or not signed.
    pub fn push(&self, place: &str, tool: Option<&str>, caller: &Caller) -> Result<CarryReport, EngineError> {
        if let (Caller::Agent(name), true) = (caller, objects::is_address(place)) {
            let message = format!("agent {name} cannot do this: only humans send tools to other machines");
            return Err(EngineError::new(ErrorCode::HumanNeeded, message, "agents name a folder"));
        }
        let tools = match tool {
            Some(text) => vec![self.engine.library().resolve(text)?],
            None => self.engine.library().catalog().tools.iter().filter(|tool| is_carried(tool)).cloned().collect(),
        };
        let bundle = self.open_bundle(place, true)?;
        let mut push = SignedPush::default();
        let mut planned = Vec::with_capacity(tools.len());
        for tool in tools {
            let plan = self.plan_push(&bundle, &tool)?;
            if matches!(plan, Plan::Write { .. }) {
                push.add(&tool.name, &tool.version, tool.digest);
            }
            planned.push((tool, plan));
        }
        let is_dry = self.workspace.rehearsal.is_on();
        let signed = if is_dry || matches!(caller, Caller::Agent(_)) { None } else { self.sign_push(&push)? };
        if let Some(signed) = &signed {
            signed.write(bundle.objects.as_ref()).map_err(|error| unwritable(place, &error))?;
        }
        let mut carried = Vec::with_capacity(planned.len());
        for (tool, plan) in planned {
            let (state, why) = match plan {
                Plan::Leave(state, why) => (state, why),
                Plan::Write { .. } if is_dry => (Carried::Written, String::new()),
                Plan::Write { tag, mut key } => {
                    key.signed = signed.as_ref().map(|signed| signed.name.clone());
                    match self.engine.library().files_of(&tool) {
                        Ok(files) if Digest::of_files(&files) == tool.digest => bundle
                            .write(&tool, tag.as_deref(), &files, &key)
                            .map_err(|error| unwritable(place, &error))?,
                        Ok(_) => (Carried::Unreadable, "its files changed during reading".to_owned()),
                        Err(error) => (Carried::Unreadable, error.message),
                    }
                }
            };
            let (name, version) = (tool.name.to_string(), Some(tool.version.clone()));
            carried.push(CarriedTool { name, version, digest: Some(tool.digest), state, why, signed_by: None });
        }
        Ok(CarryReport { bundle: bundle.place, tools: carried })
    }

    /// Opens a bundle. Refuses a folder with other content, and a folder in the workspace.
    fn open_bundle(&self, place: &str, is_written: bool) -> Result<Bundle, EngineError> {
        let objects = if objects::is_address(place) {
            objects::open(place).map_err(|error| {
                EngineError::new(ErrorCode::Usage, error.to_string(), "name a folder or an address of object storage")
            })?
        } else {
            if is_written {
                self.refuse_no_bundle(Path::new(place))?;
            }
            Box::new(Folder::new(Path::new(place)))
        };
        Ok(Bundle { place: place.to_owned(), objects })
    }

    /// Refuses a folder with other content, and the workspace itself.
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
            Ok(entries) => {
                // Also accepts an incomplete bundle.
                let is_ours = |entry: &fs::DirEntry| {
                    let name = entry.file_name();
                    let is_hidden = name.to_string_lossy().starts_with('.');
                    is_hidden || [VERSIONS, KEYS, PUSHES].iter().any(|ours| name == *ours)
                };
                let is_bundle = bundle.join(VERSIONS).is_dir();
                let mut others = entries.filter_map(Result::ok).filter(|entry| !is_bundle || !is_ours(entry));
                if others.next().is_none() { Ok(()) } else { refused("it contains something else") }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => refused(&error.to_string()),
        }
    }

    /// The planned action for a tool.
    fn plan_push(&self, bundle: &Bundle, tool: &Tool) -> Result<Plan, EngineError> {
        if !tool.clashes.is_empty() {
            let why = format!("the name is also used by {}", tool.clashes.join(", "));
            return Ok(Plan::Leave(Carried::Conflict, why));
        }
        let (mut earlier, tag) = match bundle.key(&tool.name) {
            Ok(None) => (Vec::new(), None),
            Ok(Some((key, _))) if key.digest == tool.digest => return Ok(Plan::Leave(Carried::Same, String::new())),
            Ok(Some((key, tag))) => {
                if self.workspace.read(|q| Ok(q.version(&tool.name, key.digest)?))?.is_none() {
                    let why = format!("the bundle contains the unknown {} {}", key.version, key.digest.short());
                    return Ok(Plan::Leave(Carried::Conflict, why));
                }
                ([vec![key.digest], key.earlier].concat(), Some(tag))
            }
            Err(why) => return Ok(Plan::Leave(Carried::Unreadable, why)),
        };
        earlier.retain(|digest| *digest != tool.digest);
        let shared = !tool.placement.exclusive;
        let key = Key { version: tool.version.clone(), digest: tool.digest, shared, earlier, signed: None };
        Ok(Plan::Write { tag, key })
    }

    /// Imports tools of a bundle: the named one, otherwise all. Each import is an operation that `undo` reverses. If
    /// there is another version or file here, this is reported, and nothing is overwritten.
    ///
    /// # Errors
    /// `NotFound` when there is no bundle, or no such tool in it; `HumanNeeded` for an agent; `Internal` for errors of
    /// the store.
    pub fn pull(&self, place: &str, tool: Option<&str>, caller: &Caller) -> Result<CarryReport, EngineError> {
        if let Caller::Agent(name) = caller {
            let message = format!("agent {name} cannot do this: only humans import tools");
            return Err(EngineError::new(ErrorCode::HumanNeeded, message, "agents use `toolsmith request`"));
        }
        let bundle = self.open_bundle(place, false)?;
        let names = match tool {
            Some(name) => vec![name.to_owned()],
            None => bundle.names()?,
        };
        let is_dry = self.workspace.rehearsal.is_on();
        let _turn = if is_dry { None } else { Some(self.engine.take_turn()?) };
        let who = caller.identity();
        let mut signatures = Signatures::new(self, bundle.objects.as_ref());
        let mut carried = Vec::with_capacity(names.len());
        for name in names {
            let key = ToolName::new(&name)
                .map_err(|error| error.to_string())
                .and_then(|name| bundle.key(&name).map(|key| key.map(|(key, _)| (name, key))));
            let (name, key) = match key {
                Ok(Some(found)) => found,
                Ok(None) => {
                    let message = format!("{place} has no tool {name}");
                    return Err(EngineError::new(ErrorCode::NotFound, message, "omit the name to pull all tools"));
                }
                Err(why) => {
                    let (version, digest, state) = (None, None, Carried::Unreadable);
                    carried.push(CarriedTool { name, version, digest, state, why, signed_by: None });
                    continue;
                }
            };
            let signed = match &key.signed {
                Some(list) => signatures.signer(list, &name, &key.version, key.digest).map(Some),
                None => Ok(None),
            };
            let (state, why, signed_by) = match signed {
                Ok(signed_by) => {
                    let (state, why) = self.pull_one(&bundle, &name, &key, &who)?;
                    (state, why, signed_by)
                }
                Err(why) => (Carried::Unreadable, why, None),
            };
            let (name, version, digest) = (name.to_string(), Some(key.version), Some(key.digest));
            carried.push(CarriedTool { name, version, digest, state, why, signed_by });
        }
        if !is_dry {
            self.engine.library().scan(&mut |_| {})?;
        }
        Ok(CarryReport { bundle: bundle.place, tools: carried })
    }

    /// Why files do not match their key; `None` if they are that tool in that version.
    fn is_another(&self, name: &ToolName, key: &Key, files: &[VersionFile]) -> Option<String> {
        let placement = if key.shared { shared_place() } else { core::stage_placement(Stage::Experimental, name) };
        match self.read_placed(&placement, files) {
            Err(error) => Some(error.message),
            Ok(tool) if tool.name != *name => Some(format!("its files are the tool {}", tool.name)),
            Ok(tool) if tool.version != key.version => Some(format!("its files are version {}", tool.version)),
            // A file that is not part of the tool would be imported without a review.
            Ok(tool) if tool.digest != key.digest => Some("some of its files are not part of the tool".to_owned()),
            Ok(_) => None,
        }
    }

    fn pull_one(
        &self,
        bundle: &Bundle,
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
        let files = match bundle.version(key.digest) {
            Ok(files) => files,
            Err(why) => return Ok((Carried::Unreadable, why)),
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
        let brought = self.workspace.transact(|tx| core::bring(tx, self.workspace.actor(who), &placed, None));
        if self.workspace.rehearsal.is_agreed(&brought) {
            return Ok((Carried::Written, String::new()));
        }
        self.engine.finish(brought?)?;
        Ok((Carried::Written, String::new()))
    }
}

/// Whether a row goes into a bundle without a named tool: its name refers to it, and it is not archived.
fn is_carried(tool: &Tool) -> bool {
    tool.stage != Stage::Archived && tool.shadowed_by.is_none()
}

/// The place of tools that share a folder.
fn shared_place() -> Placement {
    Placement { base: format!("tools/{}", Stage::Experimental), exclusive: false }
}

/// The planned action for a tool.
enum Plan {
    /// Do nothing: the result, and the reason.
    Leave(Carried, String),
    /// Write it, in place of the key with this tag.
    Write { tag: Option<String>, key: Key },
}

impl Bundle {
    /// The names of the keys, ascending.
    fn names(&self) -> Result<Vec<String>, EngineError> {
        let no_bundle = |why: &str| {
            let message = format!("{} is not a bundle: {why}", self.place);
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith push DIR` creates one")
        };
        let keys = self.objects.list(KEYS, None).map_err(|error| no_bundle(&error.to_string()))?;
        if keys.is_empty() {
            return Err(no_bundle("it contains no tools"));
        }
        Ok(keys.into_iter().filter_map(|object| Some(object.key.split_once('/')?.1.to_owned())).collect())
    }

    /// The key of a tool, and its tag; `None` if it does not exist.
    fn key(&self, name: &ToolName) -> Result<Option<(Key, String)>, String> {
        let in_words = |error: &dyn std::fmt::Display| format!("its key cannot be read: {error}");
        let found = self.objects.get(&format!("{KEYS}/{name}"), MAX_KEY_BYTES).map_err(|error| in_words(&error))?;
        let Some((bytes, tag)) = found else { return Ok(None) };
        serde_json::from_slice(&bytes).map(|key| Some((key, tag))).map_err(|error| in_words(&error))
    }

    /// The files of a version, verified against its digest.
    fn version(&self, digest: Digest) -> Result<Vec<VersionFile>, String> {
        let found = self.objects.get(&version_key(digest), MAX_VERSION_BYTES).map_err(|error| error.to_string())?;
        let (bytes, _) = found.ok_or_else(|| format!("no copy of {} is kept", digest.short()))?;
        let files = unpack(&bytes).map_err(|why| format!("the copy of {} is damaged: {why}", digest.short()))?;
        let is = Digest::of_files(&files);
        if is == digest {
            Ok(files)
        } else {
            Err(format!("the copy of {} has the digest {}", digest.short(), is.short()))
        }
    }

    /// Writes the files of a version, then the key that names them, so that a reader finds the old or the new version.
    fn write(
        &self,
        tool: &Tool,
        tag: Option<&str>,
        files: &[VersionFile],
        key: &Key,
    ) -> Result<(Carried, String), ObjectsError> {
        let packed = pack(files).map_err(|error| ObjectsError(error.to_string()))?;
        let place = version_key(tool.digest);
        if self.objects.put_new(&place, &packed)?.is_none() && self.version(tool.digest).is_err() {
            // Other content under this name is damaged.
            if let Some((_, damaged)) = self.objects.get(&place, MAX_VERSION_BYTES)? {
                self.objects.replace(&place, &damaged, &packed)?;
            }
        }
        let text = serde_json::to_vec_pretty(key).map_err(|error| ObjectsError(error.to_string()))?;
        let place = format!("{KEYS}/{}", tool.name);
        let is_written = match tag {
            None => self.objects.put_new(&place, &text)?.is_some(),
            Some(tag) => self.objects.replace(&place, tag, &text)?,
        };
        let late = "somebody wrote it at the same time: push again";
        Ok(if is_written { (Carried::Written, String::new()) } else { (Carried::Conflict, late.to_owned()) })
    }
}

fn version_key(digest: Digest) -> String {
    format!("{VERSIONS}/{}", digest.hex())
}

fn unwritable(place: &str, error: &ObjectsError) -> EngineError {
    EngineError::new(ErrorCode::Failed, format!("cannot write {place}: {error}"), "choose a writable folder")
}
