//! Old decisions in object storage, many in one object: `packs/FIRST-LAST-NAME` contains files with keys from one time
//! to another. A new machine reads a few of these objects instead of tens of thousands of files.
//!
//! A pack is a copy that anybody may have written. A file in it counts only if it is listed at the carrier, has the
//! listed size, and its content is what its name says. Whatever is not found in a pack is read separately.

use super::{Carried, DECISIONS};
use crate::domain::team::FileName;
use crate::domain::{FileMode, VersionFile};
use crate::objects::{Object, Objects, pack, unpack};
use std::collections::HashMap;

/// The folder of packs.
pub(super) const PACKS: &str = "packs";

/// Minimum number of files for a new pack.
const LEAST: usize = 1_000;

/// The largest number of files in a pack.
const MOST: usize = 5_000;

/// The largest size of a pack, in bytes.
const MOST_BYTES: u64 = 32 << 20;

/// The largest total size of the files in a pack that is written here, in bytes.
const MOST_CONTENT: usize = 16 << 20;

/// A pack is read only if at least this many files in its range are wanted.
const WORTH: usize = 32;

/// Number of useless packs after which no further pack is read.
const USELESS: usize = 3;

/// A decision at the carrier: the time in its key, and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timed {
    pub(super) time: i64,
    pub(super) name: FileName,
}

/// A pack in the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pack {
    key: String,
    first: i64,
    last: i64,
}

impl Pack {
    /// The pack in a listed object; `None` for any other object.
    pub(super) fn of(object: &Object) -> Option<Pack> {
        let mut parts = object.key.rsplit('/').next()?.split('-');
        let (first, last) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (object.size <= MOST_BYTES).then(|| Pack { key: object.key.clone(), first, last })
    }

    fn covers(&self, time: i64) -> bool {
        (self.first..=self.last).contains(&time)
    }
}

/// The contents of wanted files that are found in packs, by path. Unreadable packs are skipped.
pub(super) fn found_in(objects: &dyn Objects, packs: &[Pack], wanted: &[(&Carried, i64)]) -> HashMap<String, Vec<u8>> {
    let mut found = HashMap::new();
    let mut useless = 0;
    for one in packs {
        let here = wanted.iter().filter(|(file, time)| one.covers(*time) && !found.contains_key(&file.path));
        let here: HashMap<&str, &Carried> = here.map(|(file, _)| (file.path.as_str(), *file)).collect();
        if here.len() < WORTH {
            continue;
        }
        let before = found.len();
        let bytes = objects.get(&one.key, MOST_BYTES).ok().flatten();
        for file in bytes.and_then(|(bytes, _)| unpack(&bytes).ok()).unwrap_or_default() {
            let path = format!("{DECISIONS}/{}", file.path);
            let is_it = |listed: &&Carried| {
                file.bytes.len() as u64 == listed.size && listed.name == Some(FileName::of(&file.bytes))
            };
            if here.get(path.as_str()).is_some_and(is_it) {
                found.insert(path, file.bytes);
            }
        }
        useless += usize::from(found.len() - before < WORTH);
        if useless == USELESS {
            break;
        }
    }
    found
}

/// The oldest decisions before a time that are not in the range of a pack: at most one pack, or none if there are too
/// few.
pub(super) fn loose(listed: &[Timed], packs: &[Pack], before: i64) -> Vec<Timed> {
    let is_loose = |file: &&Timed| file.time < before && !packs.iter().any(|pack| pack.covers(file.time));
    let mut loose: Vec<Timed> = listed.iter().filter(is_loose).copied().collect();
    loose.sort_unstable();
    loose.truncate(MOST);
    if loose.len() < LEAST { Vec::new() } else { loose }
}

/// A new pack of decisions, oldest first: its key, range and bytes. Contains the decisions whose contents are known and
/// fit; `None` if there are too few.
pub(super) fn packed(
    files: &[Timed],
    contents: Vec<Option<Vec<u8>>>,
    key_of: &dyn Fn(Timed) -> String,
) -> Option<(Pack, Vec<u8>)> {
    let (mut taken, mut size) = (Vec::new(), 0);
    for (file, bytes) in files.iter().zip(contents) {
        let Some(bytes) = bytes else { continue };
        size += bytes.len();
        if size > MOST_CONTENT {
            break;
        }
        taken.push((*file, VersionFile { path: key_of(*file), mode: FileMode::Plain, bytes }));
    }
    let (first, last) = (taken.first()?.0.time, taken.last()?.0.time);
    if taken.len() < LEAST {
        return None;
    }
    let files: Vec<VersionFile> = taken.into_iter().map(|(_, file)| file).collect();
    let bytes = pack(&files).ok()?;
    let key = format!("{PACKS}/{first:013}-{last:013}-{}", FileName::of(&bytes).hex());
    Some((Pack { key, first, last }, bytes))
}

impl Pack {
    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::super::storage::Storage;
    use super::super::{Batch, Carrier, Handed, Look, Put};
    use super::*;
    use crate::objects::{Folder, ObjectsError};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Storage that counts the objects that are read.
    #[derive(Debug, Clone)]
    struct Counted(Folder, Arc<AtomicUsize>);

    impl Objects for Counted {
        fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<Object>, ObjectsError> {
            self.0.list(folder, after)
        }

        fn head(&self, key: &str) -> Result<Option<Object>, ObjectsError> {
            self.0.head(key)
        }

        fn get(&self, key: &str, most: u64) -> Result<Option<(Vec<u8>, String)>, ObjectsError> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.get(key, most)
        }

        fn put_new(&self, key: &str, bytes: &[u8]) -> Result<Option<String>, ObjectsError> {
            self.0.put_new(key, bytes)
        }

        fn replace(&self, key: &str, tag: &str, bytes: &[u8]) -> Result<bool, ObjectsError> {
            self.0.replace(key, tag, bytes)
        }
    }

    const FILES: usize = 1_200;

    fn content(number: usize) -> Vec<u8> {
        format!("decision {number}\n").into_bytes()
    }

    /// Writes old decisions as if by many machines; every third one has the same time as the previous one.
    fn fill(root: &Path) {
        std::fs::create_dir_all(root.join(DECISIONS)).unwrap();
        for number in 0..FILES {
            let time = 1_767_323_045_000_i64 + (number - usize::from(number % 3 == 2)) as i64;
            let name = FileName::of(&content(number)).hex();
            std::fs::write(root.join(format!("{DECISIONS}/{time:013}-{name}.toml")), content(number)).unwrap();
        }
    }

    /// A new machine without memory, and its counter of objects read.
    fn machine(root: &Path) -> (Storage, Look, Arc<AtomicUsize>) {
        let (memory, count) = (tempfile::tempdir().unwrap(), Arc::new(AtomicUsize::new(0)));
        let objects = Counted(Folder::new(root), Arc::clone(&count));
        let mut storage = Storage::open(memory.path(), "file:///x", Box::new(objects));
        let look = storage.names_since(None).unwrap();
        (storage, look, count)
    }

    fn contents(names: &[FileName]) -> Vec<Option<Vec<u8>>> {
        let all: HashMap<FileName, Vec<u8>> = (0..FILES).map(|n| (FileName::of(&content(n)), content(n))).collect();
        names.iter().map(|name| all.get(name).cloned()).collect()
    }

    /// Packs everything that the machine knows, which is every decision.
    fn pack_all(storage: &mut Storage) -> usize {
        storage.pack_old(&|names: &[FileName]| Ok(contents(names))).unwrap()
    }

    fn packs(root: &Path) -> Vec<String> {
        Folder::new(root).list(PACKS, None).unwrap().into_iter().map(|object| object.key).collect()
    }

    /// The number of objects that a new machine reads. Checks that the contents are complete.
    fn read_all(root: &Path) -> usize {
        let (storage, look, count) = machine(root);
        let files: Vec<&Carried> = look.files.iter().collect();
        let contents = storage.get(&files).unwrap();
        assert_eq!((files.len(), contents.len()), (FILES, FILES));
        for (file, bytes) in files.iter().zip(contents) {
            assert_eq!(Some(FileName::of(&bytes.unwrap())), file.name);
        }
        count.load(Ordering::SeqCst)
    }

    #[test]
    fn old_decisions_are_packed_once_and_a_new_machine_reads_the_pack() {
        let root = tempfile::tempdir().unwrap();
        fill(root.path());
        assert_eq!(read_all(root.path()), FILES, "a control");
        let (mut storage, ..) = machine(root.path());
        assert_eq!(pack_all(&mut storage), 1);
        assert_eq!(packs(root.path()).len(), 1);
        assert_eq!(pack_all(&mut storage), 0, "it knows what it packed");
        assert_eq!(pack_all(&mut machine(root.path()).0), 0, "so do others");
        assert_eq!(read_all(root.path()), 1);
        // An incremental listing contains no packs, and new files are read separately.
        let (mut storage, _, count) = machine(root.path());
        let new = b"a new decision".to_vec();
        let file = Handed { name: FileName::of(&new).hex(), is_policy: false, bytes: new };
        let put = storage.put_new(&Batch { files: vec![file], ..Batch::default() }).unwrap();
        let Put::Done(mark, _) = put else { panic!("nobody else writes") };
        let look = storage.names_since(mark.as_deref()).unwrap();
        let before = count.load(Ordering::SeqCst);
        let contents = storage.get(&look.files.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((contents.len(), count.load(Ordering::SeqCst) - before), (1, 1));
        assert_eq!(pack_all(&mut storage), 0, "a short look does not know what is old");
    }

    #[test]
    fn decisions_that_are_new_few_or_unknown_here_are_not_packed() {
        let root = tempfile::tempdir().unwrap();
        fill(root.path());
        let (mut storage, ..) = machine(root.path());
        let none = |names: &[FileName]| Ok(names.iter().map(|_| None).collect());
        assert_eq!(storage.pack_old(&none).unwrap(), 0);
        let few = |names: &[FileName]| Ok(contents(&names[..LEAST - 1]).into_iter().chain([None]).collect());
        assert_eq!(storage.pack_old(&few).unwrap(), 0);
        let at = |time| Timed { time, name: FileName::of(b"x") };
        let listed: Vec<Timed> = (0..2_000).map(at).collect();
        assert_eq!(loose(&listed, &[], 999).len(), 0);
        assert_eq!(loose(&listed, &[], 1_500).len(), 1_500);
        let pack = Pack { key: String::new(), first: 400, last: 700 };
        assert_eq!(loose(&listed, &[pack], 1_500).len(), 1_199);
        assert_eq!(packs(root.path()), [""; 0]);
    }

    #[test]
    fn nothing_in_a_pack_counts_that_is_not_what_its_name_says_or_is_not_listed() {
        let root = tempfile::tempdir().unwrap();
        fill(root.path());
        pack_all(&mut machine(root.path()).0);
        let place = root.path().join(&packs(root.path())[0]);
        let genuine = std::fs::read(&place).unwrap();
        // Other bytes of the same length.
        let forged = String::from_utf8(genuine.clone()).unwrap().replace("decision 7\n", "decision x\n");
        std::fs::write(&place, forged).unwrap();
        assert_eq!(read_all(root.path()), 2, "one file is read separately");
        // A removed decision does not come back from a pack.
        std::fs::write(&place, &genuine).unwrap();
        let gone = Folder::new(root.path()).list(DECISIONS, None).unwrap().remove(0).key;
        std::fs::remove_file(root.path().join(gone)).unwrap();
        let (storage, look, _) = machine(root.path());
        assert_eq!(storage.get(&look.files.iter().collect::<Vec<_>>()).unwrap().len(), FILES - 1);
    }

    #[test]
    fn packs_of_strangers_cost_little_and_are_read_no_further() {
        let root = tempfile::tempdir().unwrap();
        fill(root.path());
        for (number, junk) in ["", "[]\n", "junk", "[[\"../x\",\"plain\",1]]\nx", "a", "b"].iter().enumerate() {
            Folder::new(root.path()).put_new(&format!("{PACKS}/0-9999999999999-{number}"), junk.as_bytes()).unwrap();
        }
        std::fs::write(root.path().join(PACKS).join("huge-1-x"), "").unwrap();
        std::fs::File::create(root.path().join(PACKS).join("0-9999999999999-a"))
            .unwrap()
            .set_len(MOST_BYTES + 1)
            .unwrap();
        assert_eq!(read_all(root.path()), FILES + USELESS);
    }
}
