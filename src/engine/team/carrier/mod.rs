//! What carries the files of a team: a git repository, or object storage. A carrier is trusted with nothing; it can only
//! withhold. Whoever reads from it checks what it gave by name, signature and digest.

mod repository;
mod sound;
mod storage;

use crate::domain::team::FileName;
use crate::domain::{Digest, VersionFile};
use crate::engine::error::{EngineError, ErrorCode};
use crate::objects;
use crate::outside::Programs;
use repository::Repository;
pub(in crate::engine::team) use repository::fetched_paths;
use std::path::Path;
use std::sync::Arc;
use storage::Storage;

/// The folder of decisions.
const DECISIONS: &str = "decisions";

/// The folder of policies.
const POLICIES: &str = "policies";

/// The folder of the files of versions.
pub(in crate::engine::team) const VERSIONS: &str = "versions";

/// The most bytes of one version that are handed out and taken in.
pub(in crate::engine::team) const MAX_VERSION_BYTES: u64 = 32 << 20;

/// A file that is at the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::team) struct Carried {
    /// What it is called there.
    pub(in crate::engine::team) path: String,
    /// Which file of the team it says it is; `None` for a name that none has.
    pub(in crate::engine::team) name: Option<FileName>,
    /// Whether it is where policies are.
    pub(in crate::engine::team) is_policy: bool,
    /// Changes with its content.
    pub(in crate::engine::team) object: String,
    /// Whether it is a regular file without execute permission.
    pub(in crate::engine::team) is_plain: bool,
    /// Its size, in bytes.
    pub(in crate::engine::team) size: u64,
}

/// What is at the carrier.
#[derive(Debug, Default)]
pub(in crate::engine::team) struct Look {
    /// From where the next look continues; `None` if nothing is there.
    pub(in crate::engine::team) mark: Option<String>,
    /// Decisions and policies.
    pub(in crate::engine::team) files: Vec<Carried>,
    /// Whether these are all, and not only those that came since.
    pub(in crate::engine::team) is_complete: bool,
}

/// A decision or policy to hand out.
#[derive(Debug, Clone)]
pub(in crate::engine::team) struct Handed {
    pub(in crate::engine::team) name: String,
    pub(in crate::engine::team) is_policy: bool,
    pub(in crate::engine::team) bytes: Vec<u8>,
}

/// What is handed out at once.
#[derive(Debug, Default)]
pub(in crate::engine::team) struct Batch {
    pub(in crate::engine::team) files: Vec<Handed>,
    /// Versions whose files go with them.
    pub(in crate::engine::team) versions: Vec<(Digest, Vec<VersionFile>)>,
    /// Who hands out, and when, in seconds.
    pub(in crate::engine::team) by: (String, i64),
}

/// The result of handing out.
#[derive(Debug)]
pub(in crate::engine::team) enum Put {
    /// All of it is there: the mark, and name and object of each file.
    Done(Option<String>, Vec<(String, String)>),
    /// Somebody else was faster: look again.
    Outdated,
}

/// The files of a version, or one line that says why they are refused.
pub(in crate::engine::team) type VersionAnswer = Result<Vec<VersionFile>, String>;

/// Gives the versions whose files should be at the carrier.
pub(in crate::engine::team) type Expected<'a> = dyn Fn() -> Result<Vec<Digest>, EngineError> + 'a;

/// Where the files of a team are.
pub(in crate::engine::team) trait Carrier {
    /// What is there: all of it, or what came since an earlier look.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn names_since(&mut self, mark: Option<&str>) -> Result<Look, EngineError>;

    /// The contents of files of the last look, in their order. `None` if it gives none.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn get(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError>;

    /// Versions whose files are perhaps not what they should be: somebody damaged or removed them, or repaired them.
    /// `expected` gives those whose files should be there, where the carrier has to be told.
    ///
    /// # Errors
    /// Those of `expected`.
    fn changed_versions(&self, expected: &Expected<'_>) -> Result<Vec<Digest>, EngineError>;

    /// Whether the files of a version are there, whole and nothing beside them.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn has_version(&self, digest: Digest) -> Result<bool, EngineError>;

    /// The files of a version, which nobody checked yet; `None` if none are there.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn bytes(&self, digest: Digest) -> Result<Option<VersionAnswer>, EngineError>;

    /// The files of the first of these versions, at least one of them: as many as are read at once.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn bytes_of(&self, digests: &[Digest]) -> Result<Vec<Option<VersionAnswer>>, EngineError> {
        digests.iter().take(1).map(|digest| self.bytes(*digest)).collect()
    }

    /// Adds files to those of the last look.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached, or refuses.
    fn put_new(&mut self, batch: &Batch) -> Result<Put, EngineError>;

    /// Whether it answers.
    ///
    /// # Errors
    /// `Failed` when it does not.
    fn reach(&self) -> Result<(), EngineError>;

    /// Where a file of the team is there.
    fn path_of(&self, name: &str, is_policy: bool) -> String;
}

/// Opens the carrier at an address; `folder` is for what it keeps on this machine.
///
/// # Errors
/// `Usage` for an address that this build cannot use; `Failed` when git cannot make its clone.
pub(in crate::engine::team) fn open(
    folder: &Path,
    address: &str,
    programs: &Arc<Programs>,
) -> Result<Box<dyn Carrier>, EngineError> {
    if !is_storage(address) {
        return Ok(Box::new(Repository::open(folder, address, programs)?));
    }
    let objects = objects::open(address).map_err(|why| {
        let hint = "`remote` under [team] in config.toml is the address";
        EngineError::new(ErrorCode::Usage, why.to_string(), hint)
    })?;
    Ok(Box::new(Storage::open(folder, address, objects)))
}

/// Whether an address is one of object storage. A folder with a git repository is used by git.
pub(in crate::engine::team) fn is_storage(address: &str) -> bool {
    let is_repository = |path: &str| [path.to_owned(), format!("{path}/.git")].iter().any(|path| is_git(path.as_ref()));
    objects::is_address(address) && !address.strip_prefix("file://").is_some_and(is_repository)
}

fn is_git(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir()
}

/// Where a file of the team is in a repository, and what messages call it.
pub(in crate::engine::team) fn path_of(name: &str, is_policy: bool) -> String {
    if is_policy { format!("{POLICIES}/{name}.toml") } else { format!("{DECISIONS}/{}/{name}.toml", &name[..2]) }
}

/// The name that a file called `NAME.toml` says it has.
fn named(file: &str) -> Option<FileName> {
    file.strip_suffix(".toml").and_then(|name| name.parse::<FileName>().ok().filter(|found| found.hex() == name))
}

fn failed(why: &dyn std::fmt::Display) -> EngineError {
    let hint = "check the address under [team] in config.toml, then run `toolsmith sync` again: it goes on from here";
    EngineError::new(ErrorCode::Failed, why.to_string(), hint)
}
