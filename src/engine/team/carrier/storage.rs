//! Object storage as the carrier. Names of decisions are hashes, so that a listing by name says nothing of what is new;
//! their keys begin with a time therefore, `decisions/TIME-NAME.toml`, and a look lists only what comes after the last
//! one. The time orders keys and means nothing else: a machine whose clock is behind takes the newest time that it saw, and
//! a look goes on from no later time than that of the last look, whatever times somebody wrote into keys.

use super::{
    Batch, Carried, Carrier, DECISIONS, Handed, Look, MAX_VERSION_BYTES, POLICIES, Put, VERSIONS, VersionAnswer,
    failed, named,
};
use crate::domain::Digest;
use crate::domain::team::{FileName, MAX_POLICY_BYTES};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::objects::{Object, Objects, ObjectsError, pack, unpack};

/// Digits of a time in a key: milliseconds until the year 2286.
const DIGITS: usize = 13;

/// The largest time in a key.
const LAST: i64 = 9_999_999_999_999;

/// A look begins so long before the newest key of the last one, in milliseconds: a slow write may arrive behind others.
const OVERLAP_MS: i64 = 3_600_000;

/// So often everything is listed, in milliseconds: what somebody removed is seen then, and a key that came very late.
const COMPLETE_MS: i64 = 86_400_000;

/// How many objects are read at once.
const AT_ONCE: usize = 16;

/// What the list of the files of a version may add to their bytes.
const MAX_LIST_BYTES: u64 = 4 << 20;

/// From where a look goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    /// The newest time of a key, and at most the time of the look.
    newest: i64,
    /// When everything was listed.
    complete: i64,
}

impl Mark {
    fn read(text: &str) -> Option<Mark> {
        let (newest, complete) = text.split_once(' ')?;
        Some(Mark { newest: newest.parse().ok()?, complete: complete.parse().ok()? })
    }

    /// The name after which a look lists; `None` when it lists everything.
    fn after(self, at: i64) -> Option<String> {
        let is_due = !(0..COMPLETE_MS).contains(&(at - self.complete));
        (!is_due).then(|| digits(self.newest - OVERLAP_MS))
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.newest, self.complete)
    }
}

/// Object storage, with where the last look ended.
pub(super) struct Storage {
    objects: Box<dyn Objects + Send>,
    mark: Mark,
    /// The newest time of a key that was seen: the next one comes after it.
    newest: i64,
}

impl Storage {
    pub(super) fn new(objects: Box<dyn Objects + Send>) -> Storage {
        Storage { objects, mark: Mark::default(), newest: 0 }
    }

    /// Writes a file, whatever lies there: its name is that of its content, so that other content is a forgery.
    fn put(&self, file: &Handed, time: i64) -> Result<String, ObjectsError> {
        let key = if file.is_policy {
            format!("{POLICIES}/{}.toml", file.name)
        } else {
            format!("{DECISIONS}/{}-{}.toml", digits(time), file.name)
        };
        self.put_checked(&key, &file.bytes, MAX_POLICY_BYTES, |there| FileName::of(there).hex() == file.name)
    }

    fn put_version(&self, digest: Digest, packed: &[u8]) -> Result<(), ObjectsError> {
        let key = version_key(digest);
        let is_it = |there: &[u8]| unpack(there).is_ok_and(|files| Digest::of_files(&files) == digest);
        self.put_checked(&key, packed, MAX_VERSION_BYTES + MAX_LIST_BYTES, is_it).map(drop)
    }

    fn put_checked(
        &self,
        key: &str,
        bytes: &[u8],
        most: u64,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Result<String, ObjectsError> {
        if let Some(tag) = self.objects.put_new(key, bytes)? {
            return Ok(tag);
        }
        match self.objects.get(key, most)? {
            Some((there, tag)) if is_it(&there) => Ok(tag),
            Some((_, tag)) => {
                self.objects.replace(key, &tag, bytes)?;
                Ok(String::new())
            }
            None => Ok(String::new()),
        }
    }
}

impl Carrier for Storage {
    fn names_since(&mut self, mark: Option<&str>) -> Result<Look, EngineError> {
        let before = mark.and_then(Mark::read).unwrap_or_default();
        let at = now().0;
        let after = before.after(at);
        let decisions = self.objects.list(DECISIONS, after.as_deref()).map_err(|why| failed(&why))?;
        let policies = self.objects.list(POLICIES, None).map_err(|why| failed(&why))?;
        let newest = decisions.iter().filter_map(|object| time_of(&object.key)).max().unwrap_or(0);
        let (known, complete) = if after.is_some() { (before.newest, before.complete) } else { (0, at) };
        self.newest = newest.max(known);
        self.mark = Mark { newest: self.newest.min(at), complete };
        let files = decisions.into_iter().map(|object| carried(object, false));
        let files: Vec<Carried> = files.chain(policies.into_iter().map(|object| carried(object, true))).collect();
        Ok(Look { mark: Some(self.mark.to_string()), files, is_complete: after.is_none() })
    }

    fn get(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        let read = |part: &[&Carried]| -> Result<Vec<Option<Vec<u8>>>, ObjectsError> {
            part.iter().map(|file| Ok(self.objects.get(&file.path, file.size)?.map(|(bytes, _)| bytes))).collect()
        };
        let share = files.len().div_ceil(AT_ONCE).max(1);
        let parts = std::thread::scope(|scope| {
            let read = &read;
            let threads: Vec<_> = files.chunks(share).map(|part| scope.spawn(move || read(part))).collect();
            let broken = |_| Err(ObjectsError("reading ended early".to_owned()));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(broken)).collect::<Result<Vec<_>, _>>()
        });
        Ok(parts.map_err(|why| failed(&why))?.into_iter().flatten().collect())
    }

    /// A look lists no versions. Whoever hands a version out replaces what is not it.
    fn changed_versions(&self) -> Vec<Digest> {
        Vec::new()
    }

    /// Whether it is sound is seen when it is written anew.
    fn has_version(&self, _digest: Digest) -> Result<bool, EngineError> {
        Ok(false)
    }

    fn bytes(&self, digest: Digest) -> Result<Option<VersionAnswer>, EngineError> {
        // What lies there may be anything. That one version cannot be read is no reason to stop.
        Ok(match self.objects.get(&version_key(digest), MAX_VERSION_BYTES + MAX_LIST_BYTES) {
            Ok(found) => found.map(|(bytes, _)| unpack(&bytes)),
            Err(why) => Some(Err(why.0)),
        })
    }

    /// The files of versions first: whoever sees a decision finds what it is about.
    fn put_new(&mut self, batch: &Batch) -> Result<Put, EngineError> {
        for (digest, files) in &batch.versions {
            let packed = pack(files).map_err(EngineError::internal)?;
            self.put_version(*digest, &packed).map_err(|why| failed(&why))?;
        }
        let mut objects = Vec::with_capacity(batch.files.len());
        for file in &batch.files {
            self.newest = now().0.max(self.newest.saturating_add(1)).clamp(0, LAST);
            objects.push((file.name.clone(), self.put(file, self.newest).map_err(|why| failed(&why))?));
        }
        self.mark.newest = self.newest.min(now().0);
        Ok(Put::Done(Some(self.mark.to_string()), objects))
    }

    fn reach(&self) -> Result<(), EngineError> {
        self.objects.list(POLICIES, None).map(drop).map_err(|why| failed(&why))
    }

    fn path_of(&self, name: &str, is_policy: bool) -> String {
        if is_policy { format!("{POLICIES}/{name}.toml") } else { format!("{DECISIONS}/*-{name}.toml") }
    }
}

fn version_key(digest: Digest) -> String {
    format!("{VERSIONS}/{}", digest.hex())
}

fn digits(time: i64) -> String {
    format!("{:0DIGITS$}", time.clamp(0, LAST))
}

/// `TIME` and `NAME.toml` of a key.
fn parts(key: &str) -> Option<(&str, &str)> {
    let (time, name) = key.rsplit('/').next()?.split_once('-')?;
    (time.len() == DIGITS && time.bytes().all(|byte| byte.is_ascii_digit())).then_some((time, name))
}

fn time_of(key: &str) -> Option<i64> {
    parts(key)?.0.parse().ok()
}

fn carried(object: Object, is_policy: bool) -> Carried {
    let Object { key: path, tag: object, size } = object;
    let file = if is_policy { path.rsplit('/').next() } else { parts(&path).map(|(_, name)| name) };
    Carried { name: file.and_then(named), path, is_policy, object, is_plain: true, size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Folder;

    fn handed(bytes: &[u8]) -> Batch {
        let file = Handed { name: FileName::of(bytes).hex(), is_policy: false, bytes: bytes.to_vec() };
        Batch { files: vec![file], ..Batch::default() }
    }

    fn put(storage: &mut Storage, bytes: &[u8]) -> String {
        match storage.put_new(&handed(bytes)).unwrap() {
            Put::Done(mark, _) => mark.unwrap(),
            Put::Outdated => panic!("nobody else writes"),
        }
    }

    #[test]
    fn a_look_lists_what_came_since_and_everything_once_a_day() {
        let root = tempfile::tempdir().unwrap();
        let open = || Storage::new(Box::new(Folder::new(root.path())));
        let (mut one, mut other) = (open(), open());
        assert!(one.names_since(None).unwrap().is_complete);
        put(&mut one, b"first");
        let look = other.names_since(None).unwrap();
        assert_eq!((look.files.len(), look.is_complete), (1, true));
        assert_eq!(look.files[0].name, Some(FileName::of(b"first")));
        let mark = Mark::read(&look.mark.unwrap()).unwrap();
        put(&mut one, b"second");
        // Later than the overlap: the first one is not listed again.
        let later = Mark { newest: mark.newest + OVERLAP_MS + 1, ..mark };
        let look = other.names_since(Some(&later.to_string())).unwrap();
        let names: Vec<_> = look.files.iter().filter_map(|file| file.name).collect();
        assert_eq!((names, look.is_complete), (vec![FileName::of(b"second")], false));
        let old = Mark { complete: mark.complete - COMPLETE_MS, ..later };
        assert_eq!(other.names_since(Some(&old.to_string())).unwrap().files.len(), 2);
        let ahead = Mark { complete: mark.complete + COMPLETE_MS, ..later };
        assert!(other.names_since(Some(&ahead.to_string())).unwrap().is_complete, "the clock was set back");
    }

    #[test]
    fn a_clock_behind_takes_the_newest_time_and_an_absurd_time_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let objects = Folder::new(root.path());
        let future = FileName::of(b"future").hex();
        objects.put_new(&format!("decisions/{LAST}-{future}.toml"), b"future").unwrap();
        let mut storage = Storage::new(Box::new(objects));
        let mark = storage.names_since(None).unwrap().mark.unwrap();
        put(&mut storage, b"mine");
        let look = storage.names_since(Some(&mark)).unwrap();
        assert_eq!((look.files.len(), look.is_complete), (2, false));
        let before = now().0 + 10_000;
        let mut behind = Storage { newest: before, ..storage };
        put(&mut behind, b"later");
        assert_eq!(behind.newest, before + 1);
    }

    #[test]
    fn a_key_of_a_far_time_that_is_gone_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let open = || Storage::new(Box::new(Folder::new(root.path())));
        let planted = format!("decisions/{LAST}-{}.toml", FileName::of(b"future").hex());
        open().objects.put_new(&planted, b"future").unwrap();
        let (mut reader, mut writer) = (open(), open());
        let mark = reader.names_since(None).unwrap().mark.unwrap();
        std::fs::remove_file(root.path().join(&planted)).unwrap();
        writer.names_since(None).unwrap();
        put(&mut writer, b"a revocation");
        let look = reader.names_since(Some(&mark)).unwrap();
        let names: Vec<_> = look.files.iter().filter_map(|file| file.name).collect();
        assert_eq!((names, look.is_complete), (vec![FileName::of(b"a revocation")], false));
    }

    #[test]
    fn a_version_that_cannot_be_read_is_an_answer() {
        let root = tempfile::tempdir().unwrap();
        let storage = Storage::new(Box::new(Folder::new(root.path())));
        let digest = Digest::of_files(&[]);
        std::fs::create_dir_all(root.path().join(version_key(digest))).unwrap();
        assert!(storage.bytes(digest).unwrap().unwrap().is_err());
    }

    #[test]
    fn forged_bytes_of_a_version_are_replaced_and_odd_names_are_none() {
        let root = tempfile::tempdir().unwrap();
        let mut storage = Storage::new(Box::new(Folder::new(root.path())));
        let files = vec![crate::domain::VersionFile {
            path: "a".into(),
            mode: crate::domain::FileMode::Plain,
            bytes: b"1".to_vec(),
        }];
        let digest = Digest::of_files(&files);
        std::fs::create_dir(root.path().join("versions")).unwrap();
        std::fs::write(root.path().join(version_key(digest)), "forged").unwrap();
        assert!(storage.bytes(digest).unwrap().unwrap().is_err());
        let batch = Batch { versions: vec![(digest, files.clone())], ..Batch::default() };
        storage.put_new(&batch).unwrap();
        assert_eq!(storage.bytes(digest).unwrap(), Some(Ok(files)));
        for odd in ["decisions/x.toml", "decisions/12-x.toml", "decisions/1234567890123-.toml"] {
            let object = Object { key: odd.to_owned(), tag: String::new(), size: 1 };
            assert_eq!(carried(object, false).name, None, "{odd}");
        }
    }
}
