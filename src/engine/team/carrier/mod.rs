//! The carrier of a team's files: a git repository, or object storage. A carrier is not trusted; it can only withhold
//! files. Readers verify name, signature and digest of everything that comes from it.

mod packs;
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

/// The maximum size of a version that is published or received, in bytes.
pub(in crate::engine::team) const MAX_VERSION_BYTES: u64 = 32 << 20;

/// A file at the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::team) struct Carried {
    /// Its path at the carrier.
    pub(in crate::engine::team) path: String,
    /// The team file that its name refers to; `None` for any other name.
    pub(in crate::engine::team) name: Option<FileName>,
    /// Whether it is in the folder of policies.
    pub(in crate::engine::team) is_policy: bool,
    /// An identifier that changes with its content.
    pub(in crate::engine::team) object: String,
    /// Whether it is a regular file without execute permission.
    pub(in crate::engine::team) is_plain: bool,
    /// Its size, in bytes.
    pub(in crate::engine::team) size: u64,
}

/// A listing of the carrier.
#[derive(Debug, Default)]
pub(in crate::engine::team) struct Look {
    /// The mark from which the next listing continues; `None` if the carrier is empty.
    pub(in crate::engine::team) mark: Option<String>,
    /// Decisions and policies.
    pub(in crate::engine::team) files: Vec<Carried>,
    /// Whether these are all files, not only those since the last listing.
    pub(in crate::engine::team) is_complete: bool,
}

/// A decision or policy to publish.
#[derive(Debug, Clone)]
pub(in crate::engine::team) struct Handed {
    pub(in crate::engine::team) name: String,
    pub(in crate::engine::team) is_policy: bool,
    pub(in crate::engine::team) bytes: Vec<u8>,
}

/// Files that are published together.
#[derive(Debug, Default)]
pub(in crate::engine::team) struct Batch {
    pub(in crate::engine::team) files: Vec<Handed>,
    /// Versions whose files are published as well.
    pub(in crate::engine::team) versions: Vec<(Digest, Vec<VersionFile>)>,
    /// Who publishes them, and when, in seconds.
    pub(in crate::engine::team) by: (String, i64),
}

/// The result of publishing.
#[derive(Debug)]
pub(in crate::engine::team) enum Put {
    /// Everything was published: the mark, and name and object of each file.
    Done(Option<String>, Vec<(String, String)>),
    /// Another member published in the meantime: list again.
    Outdated,
}

/// The files of a version, or one line that says why they are refused.
pub(in crate::engine::team) type VersionAnswer = Result<Vec<VersionFile>, String>;

/// Returns the versions whose files should be at the carrier.
pub(in crate::engine::team) type Expected<'a> = dyn Fn() -> Result<Vec<Digest>, EngineError> + 'a;

/// Returns the contents of decisions by their names; `None` for those that are not known here.
pub(in crate::engine::team) type Known<'a> = dyn Fn(&[FileName]) -> Result<Vec<Option<Vec<u8>>>, EngineError> + 'a;

/// The storage of a team's files.
pub(in crate::engine::team) trait Carrier {
    /// Lists the files: all of them, or those that arrived since an earlier listing.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn names_since(&mut self, mark: Option<&str>) -> Result<Look, EngineError>;

    /// The contents of files of the last listing, in their order. `None` if the carrier does not return a file.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn get(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError>;

    /// Versions whose files may have been damaged, removed or repaired. `expected` returns the versions whose files
    /// should be there, for carriers that need to know.
    ///
    /// # Errors
    /// Those of `expected`.
    fn changed_versions(&self, expected: &Expected<'_>) -> Result<Vec<Digest>, EngineError>;

    /// Whether the files of a version are there, complete and without extra files.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn has_version(&self, digest: Digest) -> Result<bool, EngineError>;

    /// The files of a version, not verified yet; `None` if there are none.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn bytes(&self, digest: Digest) -> Result<Option<VersionAnswer>, EngineError>;

    /// The files of the first of these versions: at least one version, and as many as are read at once.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached.
    fn bytes_of(&self, digests: &[Digest]) -> Result<Vec<Option<VersionAnswer>>, EngineError> {
        digests.iter().take(1).map(|digest| self.bytes(*digest)).collect()
    }

    /// Adds files to those of the last listing.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached, or refuses.
    fn put_new(&mut self, batch: &Batch) -> Result<Put, EngineError>;

    /// Puts copies of old decisions together, on carriers that return files one by one, so that a new machine reads
    /// them faster. Returns the number of new packs.
    ///
    /// # Errors
    /// Those of `known`; `Failed` when the carrier cannot be reached, or refuses.
    fn pack_old(&mut self, _known: &Known<'_>) -> Result<usize, EngineError> {
        Ok(0)
    }

    /// Checks that the carrier can be reached.
    ///
    /// # Errors
    /// `Failed` when it does not.
    fn reach(&self) -> Result<(), EngineError>;

    /// The path of a team file at the carrier.
    fn path_of(&self, name: &str, is_policy: bool) -> String;
}

/// Opens the carrier at an address; `folder` is for its local data.
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

/// The path of a team file in a repository; also used in messages.
pub(in crate::engine::team) fn path_of(name: &str, is_policy: bool) -> String {
    if is_policy { format!("{POLICIES}/{name}.toml") } else { format!("{DECISIONS}/{}/{name}.toml", &name[..2]) }
}

/// The name in the file name `NAME.toml`.
fn named(file: &str) -> Option<FileName> {
    file.strip_suffix(".toml").and_then(|name| name.parse::<FileName>().ok().filter(|found| found.hex() == name))
}

fn failed(why: &dyn std::fmt::Display) -> EngineError {
    let hint = "check the address under [team] in config.toml, then run `toolsmith sync` again: it goes on from here";
    EngineError::new(ErrorCode::Failed, why.to_string(), hint)
}
