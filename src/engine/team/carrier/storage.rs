//! Object storage as the carrier. Names of decisions are hashes, so a listing by name does not show what is new.
//! Therefore their keys start with a time, `decisions/TIME-NAME.toml`, and a listing contains only keys after the
//! previous listing. The time orders keys and has no other meaning: a machine whose clock is behind uses the newest
//! time that it saw, and a listing never continues after the time of the previous listing, whatever times are in the
//! keys.

use super::packs::{self, PACKS, Pack, Timed};
use super::sound::Sound;
use super::{
    Batch, Carried, Carrier, DECISIONS, Expected, Handed, Known, Look, MAX_VERSION_BYTES, POLICIES, Put, VERSIONS,
    VersionAnswer, failed, named,
};
use crate::domain::Digest;
use crate::domain::team::{FileName, MAX_POLICY_BYTES};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::objects::{Object, Objects, ObjectsError, pack, unpack};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// Number of digits of a time in a key: milliseconds until the year 2286.
const DIGITS: usize = 13;

/// The largest time in a key.
const LAST: i64 = 9_999_999_999_999;

/// A listing starts this long before the newest key of the previous one, in milliseconds, because a slow write may
/// arrive after others.
const OVERLAP_MS: i64 = 3_600_000;

/// Interval between complete listings, in milliseconds. They show removed files and keys that arrived very late.
const COMPLETE_MS: i64 = 86_400_000;

/// Maximum number of simultaneous reads.
const AT_ONCE: usize = 16;

/// Up to this number of versions, each listing includes them, with one additional request. More versions are listed
/// once a day.
const FEW_VERSIONS: usize = 1_000;

/// Number of attempts to write a file while others change it.
const TRIES: usize = 3;

/// Maximum bytes that the list of files adds to the files of a version.
const MAX_LIST_BYTES: u64 = 4 << 20;

/// Where the next listing continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    /// The newest time of a key, but not after the time of the listing.
    newest: i64,
    /// When everything was last listed.
    complete: i64,
}

impl Mark {
    fn read(text: &str) -> Option<Mark> {
        let (newest, complete) = text.split_once(' ')?;
        Some(Mark { newest: newest.parse().ok()?, complete: complete.parse().ok()? })
    }

    /// The name after which a listing starts; `None` to list everything.
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

/// Object storage, with the result of the last listing.
pub(super) struct Storage {
    objects: Box<dyn Objects + Send>,
    mark: Mark,
    /// The newest time of any seen key; the next key gets a later time.
    newest: i64,
    /// The tags of the versions in the storage; `None` if the last listing did not include them.
    versions: Option<HashMap<String, String>>,
    /// The decisions of a complete listing; empty after an incremental one.
    listed: Vec<Timed>,
    /// The packs of a complete listing.
    packs: Vec<Pack>,
    sound: RefCell<Sound>,
}

impl Storage {
    /// Opens the storage; data about it is remembered in the folder.
    pub(super) fn open(folder: &Path, address: &str, objects: Box<dyn Objects + Send>) -> Storage {
        let sound = RefCell::new(Sound::read(folder, address));
        let (mark, listed, packs) = (Mark::default(), Vec::new(), Vec::new());
        Storage { objects, mark, newest: 0, versions: None, listed, packs, sound }
    }

    /// Writes a file, replacing other content: the name is the hash of the content, so other content is a forgery.
    fn put(&self, file: &Handed, time: i64) -> Result<String, ObjectsError> {
        let key = if file.is_policy {
            format!("{POLICIES}/{}.toml", file.name)
        } else {
            format!("{DECISIONS}/{}", key_name(time, &file.name))
        };
        self.put_checked(&key, &file.bytes, MAX_POLICY_BYTES, |there| FileName::of(there).hex() == file.name)
    }

    fn put_version(&self, digest: Digest, packed: &[u8]) -> Result<(), ObjectsError> {
        let key = version_key(digest);
        let is_it = |there: &[u8]| unpack(there).is_ok_and(|files| Digest::of_files(&files) == digest);
        let tag = self.put_checked(&key, packed, MAX_VERSION_BYTES + MAX_LIST_BYTES, is_it)?;
        self.sound.borrow_mut().note(digest, &tag);
        Ok(())
    }

    /// Reads files, each with its own request.
    fn read_alone(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
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

    /// Writes a new object. An existing object is compared first, and replaced only if it is wrong and has not changed
    /// since; if somebody changed it, it is compared again. Returns the tag, which is empty if unknown.
    fn put_checked(
        &self,
        key: &str,
        bytes: &[u8],
        most: u64,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Result<String, ObjectsError> {
        for _ in 0..TRIES {
            if let Some(tag) = self.objects.put_new(key, bytes)? {
                return Ok(tag);
            }
            let Some(there) = self.objects.head(key)? else { continue };
            let mut wrong = there.tag;
            if there.size <= most {
                match self.objects.get(key, most)? {
                    Some((there, tag)) if is_it(&there) => return Ok(tag),
                    Some((_, tag)) => wrong = tag,
                    None => continue,
                }
            }
            if self.objects.replace(key, &wrong, bytes)? {
                return Ok(String::new());
            }
        }
        Err(ObjectsError(format!("{key} cannot be written: it holds something else, or others change it now")))
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
        let lists_versions = after.is_none() || self.sound.borrow().len() <= FEW_VERSIONS;
        self.versions = if lists_versions {
            Some(self.objects.list(VERSIONS, None).map_err(|why| failed(&why))?.into_iter().map(tagged).collect())
        } else {
            None
        };
        self.mark = Mark { newest: self.newest.min(at), complete };
        (self.listed, self.packs) = (Vec::new(), Vec::new());
        if after.is_none() {
            self.listed = decisions.iter().filter_map(timed).collect();
            let packs = self.objects.list(PACKS, None).map_err(|why| failed(&why))?;
            self.packs = packs.iter().filter_map(Pack::of).collect();
        }
        let files = decisions.into_iter().map(|object| carried(object, false));
        let files: Vec<Carried> = files.chain(policies.into_iter().map(|object| carried(object, true))).collect();
        Ok(Look { mark: Some(self.mark.to_string()), files, is_complete: after.is_none() })
    }

    fn get(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        let wanted = files.iter().filter_map(|file| Some((*file, time_of(&file.path)?)));
        let mut packed = packs::found_in(&*self.objects, &self.packs, &wanted.collect::<Vec<_>>());
        let alone: Vec<&Carried> = files.iter().filter(|file| !packed.contains_key(&file.path)).copied().collect();
        let mut alone = self.read_alone(&alone)?.into_iter();
        Ok(files.iter().map(|file| packed.remove(&file.path).or_else(|| alone.next().flatten())).collect())
    }

    /// The versions that were not listed, or whose tag differs from when they were complete.
    fn changed_versions(&self, expected: &Expected<'_>) -> Result<Vec<Digest>, EngineError> {
        let Some(listed) = &self.versions else { return Ok(Vec::new()) };
        let sound = self.sound.borrow();
        let is_whole = |digest: &Digest| listed.get(&digest.hex()).is_some_and(|tag| sound.has(*digest, tag));
        Ok(expected()?.into_iter().filter(|digest| !is_whole(digest)).collect())
    }

    /// If the last listing did not include it, the answer is `false`; writing it compares the existing object.
    fn has_version(&self, digest: Digest) -> Result<bool, EngineError> {
        let Some(tag) = self.versions.as_ref().and_then(|listed| listed.get(&digest.hex())) else { return Ok(false) };
        if self.sound.borrow().has(digest, tag) {
            return Ok(true);
        }
        Ok(matches!(self.bytes(digest)?, Some(Ok(files)) if Digest::of_files(&files) == digest))
    }

    fn bytes(&self, digest: Digest) -> Result<Option<VersionAnswer>, EngineError> {
        // The content is not trusted. One unreadable version is no reason to stop.
        Ok(match self.objects.get(&version_key(digest), MAX_VERSION_BYTES + MAX_LIST_BYTES) {
            Ok(None) => None,
            Ok(Some((bytes, tag))) => {
                let files = unpack(&bytes);
                if files.as_ref().is_ok_and(|files| Digest::of_files(files) == digest) {
                    self.sound.borrow_mut().note(digest, &tag);
                }
                Some(files)
            }
            Err(why) => Some(Err(why.0)),
        })
    }

    /// Writes the files of versions first, so that a reader of a decision finds its version.
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

    fn pack_old(&mut self, known: &Known<'_>) -> Result<usize, EngineError> {
        let mut count = 0;
        loop {
            // A slow write may arrive after others, so the newest decisions are packed the next time.
            let loose = packs::loose(&self.listed, &self.packs, now().0 - OVERLAP_MS);
            let names: Vec<FileName> = loose.iter().map(|file| file.name).collect();
            let key_of = |file: Timed| key_name(file.time, &file.name.hex());
            let contents = if names.is_empty() { Vec::new() } else { known(&names)? };
            let Some((pack, bytes)) = packs::packed(&loose, contents, &key_of) else { return Ok(count) };
            self.objects.put_new(pack.key(), &bytes).map_err(|why| failed(&why))?;
            count += 1;
            self.packs.push(pack);
        }
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

/// The name of an object without its folder, and its tag.
fn tagged(object: Object) -> (String, String) {
    (object.key.rsplit('/').next().unwrap_or_default().to_owned(), object.tag)
}

fn digits(time: i64) -> String {
    format!("{:0DIGITS$}", time.clamp(0, LAST))
}

/// `TIME` and `NAME.toml` in a key.
fn parts(key: &str) -> Option<(&str, &str)> {
    let (time, name) = key.rsplit('/').next()?.split_once('-')?;
    (time.len() == DIGITS && time.bytes().all(|byte| byte.is_ascii_digit())).then_some((time, name))
}

/// The name of a decision without its folder.
fn key_name(time: i64, name: &str) -> String {
    format!("{}-{name}.toml", digits(time))
}

fn timed(object: &Object) -> Option<Timed> {
    let (time, name) = parts(&object.key)?;
    Some(Timed { time: time.parse().ok()?, name: named(name)? })
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

    /// A folder that is used like a bucket, for a machine without memory.
    fn open_at(root: &Path) -> Storage {
        let memory = tempfile::tempdir().unwrap();
        Storage::open(memory.path(), "file:///x", Box::new(Folder::new(root)))
    }

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
        let open = || open_at(root.path());
        let (mut one, mut other) = (open(), open());
        assert!(one.names_since(None).unwrap().is_complete);
        put(&mut one, b"first");
        let look = other.names_since(None).unwrap();
        assert_eq!((look.files.len(), look.is_complete), (1, true));
        assert_eq!(look.files[0].name, Some(FileName::of(b"first")));
        let mark = Mark::read(&look.mark.unwrap()).unwrap();
        put(&mut one, b"second");
        // After the overlap: the first one is not listed again.
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
        let mut storage = open_at(root.path());
        let mark = storage.names_since(None).unwrap().mark.unwrap();
        put(&mut storage, b"mine");
        let look = storage.names_since(Some(&mark)).unwrap();
        assert_eq!((look.files.len(), look.is_complete), (2, false));
        let before = now().0 + 10_000;
        storage.newest = before;
        put(&mut storage, b"later");
        assert_eq!(storage.newest, before + 1);
    }

    #[test]
    fn a_key_of_a_far_time_that_is_gone_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let open = || open_at(root.path());
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
        let storage = open_at(root.path());
        let digest = Digest::of_files(&[]);
        std::fs::create_dir_all(root.path().join(version_key(digest))).unwrap();
        assert!(storage.bytes(digest).unwrap().unwrap().is_err());
    }

    #[test]
    fn a_damaged_version_is_noticed_by_its_tag_and_a_whole_one_is_read_once() {
        let (root, memory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = || Storage::open(memory.path(), "file:///x", Box::new(Folder::new(root.path())));
        let files = vec![crate::domain::VersionFile {
            path: "a".into(),
            mode: crate::domain::FileMode::Plain,
            bytes: b"1".to_vec(),
        }];
        let digest = Digest::of_files(&files);
        let batch = Batch { versions: vec![(digest, files)], ..Batch::default() };
        let changed = |storage: &Storage| storage.changed_versions(&|| Ok(vec![digest])).unwrap();
        let place = root.path().join(version_key(digest));
        let looked = || {
            let mut storage = open();
            storage.names_since(None).unwrap();
            storage
        };
        assert_eq!(changed(&looked()), [digest], "it is not there");
        looked().put_new(&batch).unwrap();
        // A version that it wrote itself is complete, and this is remembered.
        assert!(changed(&looked()).is_empty() && looked().has_version(digest).unwrap());
        // Written again with the same bytes: read once.
        std::fs::copy(&place, root.path().join("copy")).unwrap();
        std::fs::rename(root.path().join("copy"), &place).unwrap();
        let storage = looked();
        assert_eq!(changed(&storage), [digest]);
        assert!(storage.has_version(digest).unwrap() && changed(&storage).is_empty());
        drop(storage);
        for damage in ["forged".to_owned(), "x".repeat(40 << 20)] {
            std::fs::write(&place, damage).unwrap();
            let mut storage = looked();
            assert_eq!(changed(&storage), [digest]);
            assert!(!storage.has_version(digest).unwrap());
            storage.put_new(&batch).unwrap();
            assert!(looked().has_version(digest).unwrap());
        }
        // Another address has separate memory.
        let other = Storage::open(memory.path(), "file:///y", Box::new(Folder::new(root.path())));
        assert_eq!(other.sound.borrow().len(), 0);
    }

    /// Storage in which another writer changes an object before it can be replaced.
    #[derive(Debug)]
    struct Contended(Folder, std::path::PathBuf, std::sync::Mutex<Vec<&'static [u8]>>);

    impl Objects for Contended {
        fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<Object>, ObjectsError> {
            self.0.list(folder, after)
        }

        fn head(&self, key: &str) -> Result<Option<Object>, ObjectsError> {
            self.0.head(key)
        }

        fn get(&self, key: &str, most: u64) -> Result<Option<(Vec<u8>, String)>, ObjectsError> {
            self.0.get(key, most)
        }

        fn put_new(&self, key: &str, bytes: &[u8]) -> Result<Option<String>, ObjectsError> {
            self.0.put_new(key, bytes)
        }

        fn replace(&self, key: &str, tag: &str, bytes: &[u8]) -> Result<bool, ObjectsError> {
            if let Some(others) = self.2.lock().unwrap().pop() {
                std::fs::remove_file(&self.1).unwrap();
                std::fs::write(&self.1, others).unwrap();
            }
            self.0.replace(key, tag, bytes)
        }
    }

    #[test]
    fn a_wrong_object_is_replaced_only_while_it_is_the_one_that_was_read() {
        for (others, written, remains) in [
            (vec![&b"good"[..]], Ok(()), &b"good"[..]),
            (vec![b"worse"], Ok(()), b"mine"),
            (vec![b"a", b"bb", b"ccc", b"dddd"], Err(()), b"bb"),
        ] {
            let root = tempfile::tempdir().unwrap();
            let folder = Folder::new(root.path());
            folder.put_new("versions/x", b"bad").unwrap();
            let objects = Contended(folder, root.path().join("versions/x"), std::sync::Mutex::new(others));
            let storage = Storage::open(root.path(), "file:///x", Box::new(objects));
            let put = storage.put_checked("versions/x", b"mine", 99, |there| there == b"good" || there == b"mine");
            assert_eq!(put.map(drop).map_err(drop), written);
            assert_eq!(std::fs::read(root.path().join("versions/x")).unwrap(), remains);
        }
    }

    #[test]
    fn forged_bytes_of_a_version_are_replaced_and_odd_names_are_none() {
        let root = tempfile::tempdir().unwrap();
        let mut storage = open_at(root.path());
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
