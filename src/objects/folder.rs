//! A folder used like a bucket: each key is a file. A file appears completely or not at all.

use super::{Object, Objects, ObjectsError};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Prefix of files that are being written; no key starts with it.
const INCOMING: &str = ".incoming-";

/// Age after which the writer of such a file must have been killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// A folder of objects.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Objects in this folder. Does not access the file system.
    pub fn new(root: &Path) -> Folder {
        Folder { root: root.to_owned() }
    }

    fn failed(&self, what: &str) -> impl Fn(std::io::Error) -> ObjectsError {
        let place = format!("{what} {}", self.root.display());
        move |error| ObjectsError(format!("cannot {place}: {error}"))
    }

    /// Writes a temporary file next to the others.
    fn written(&self, key: &str, bytes: &[u8]) -> Result<tempfile::NamedTempFile, ObjectsError> {
        let failed = self.failed("write to");
        let path = self.root.join(key);
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(&failed)?;
        if parent != self.root && !fs::symlink_metadata(parent).map_err(&failed)?.is_dir() {
            return Err(ObjectsError(format!("{} is a link", parent.display())));
        }
        // Suitable for a shared folder; the umask reduces it.
        let mode = Permissions::from_mode(0o666);
        let mut file =
            tempfile::Builder::new().prefix(INCOMING).permissions(mode).tempfile_in(parent).map_err(&failed)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(&failed)?;
        Ok(file)
    }

    /// The lock file of writers. It stays empty; a symbolic link or a pipe in its place is refused.
    fn lock_file(&self) -> Result<File, ObjectsError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let lock = options.open(self.root.join(".lock")).map_err(self.failed("lock"))?;
        let is_file = lock.metadata().map_err(self.failed("lock"))?.is_file();
        if is_file { Ok(lock) } else { Err(ObjectsError(".lock is not a regular file".to_owned())) }
    }

    /// The file of a key; `None` if it does not exist. A symbolic link, or a pipe that could block, is an error.
    fn opened(&self, key: &str) -> Result<Option<File>, ObjectsError> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        match options.open(self.root.join(key)) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.failed(&format!("read {key} in"))(error)),
            Ok(file) => {
                let is_file = file.metadata().map_err(self.failed("read"))?.is_file();
                if is_file { Ok(Some(file)) } else { Err(ObjectsError(format!("{key} is not a regular file"))) }
            }
        }
    }
}

impl Objects for Folder {
    fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<Object>, ObjectsError> {
        let failed = self.failed("read");
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(&failed)?,
        };
        let mut objects = Vec::new();
        for entry in entries {
            let entry = entry.map_err(&failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(INCOMING) {
                remove_abandoned(&entry);
            }
            if name.starts_with('.') || after.is_some_and(|after| name.as_str() <= after) {
                continue;
            }
            let facts = match fs::symlink_metadata(entry.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                facts => facts.map_err(&failed)?,
            };
            if facts.is_file() {
                objects.push(Object { key: format!("{folder}/{name}"), tag: tag(&facts), size: facts.len() });
            }
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    fn head(&self, key: &str) -> Result<Option<Object>, ObjectsError> {
        match fs::symlink_metadata(self.root.join(key)) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.failed(&format!("read {key} in"))(error)),
            Ok(facts) if facts.is_file() => {
                Ok(Some(Object { key: key.to_owned(), tag: tag(&facts), size: facts.len() }))
            }
            Ok(_) => Ok(None),
        }
    }

    fn get(&self, key: &str, most: u64) -> Result<Option<(Vec<u8>, String)>, ObjectsError> {
        let Some(file) = self.opened(key)? else { return Ok(None) };
        let tag = tag(&file.metadata().map_err(self.failed("read"))?);
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(self.failed("read"))?;
        if bytes.len() as u64 > most {
            return Err(ObjectsError(format!("{key} has more than {most} bytes")));
        }
        Ok(Some((bytes, tag)))
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<Option<String>, ObjectsError> {
        let file = self.written(key, bytes)?;
        match file.persist_noclobber(self.root.join(key)) {
            Ok(file) => Ok(Some(tag(&file.metadata().map_err(self.failed("read"))?))),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(self.failed("write to")(error.error)),
        }
    }

    fn replace(&self, key: &str, known: &str, bytes: &[u8]) -> Result<bool, ObjectsError> {
        let failed = self.failed("write to");
        let file = self.written(key, bytes)?;
        // A file system has no conditional write, so writers hold this lock.
        let lock = self.lock_file()?;
        lock.lock().map_err(&failed)?;
        let path = self.root.join(key);
        if fs::symlink_metadata(&path).map_or(true, |facts| tag(&facts) != known) {
            return Ok(false);
        }
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(true)
    }
}

/// Removes an incomplete file whose writer was killed.
fn remove_abandoned(entry: &fs::DirEntry) {
    let modified = entry.metadata().and_then(|facts| facts.modified());
    let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED));
    if is_old {
        // A reader without write permission leaves it to a writer.
        let _ = fs::remove_file(entry.path());
    }
}

/// A text that changes when a file changes.
fn tag(facts: &fs::Metadata) -> String {
    format!("{:x}-{:x}-{:x}.{:x}", facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_the_folder_lead_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let precious = root.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        let objects = Folder::new(&root.path().join("team"));
        let tag = objects.put_new("a/1", b"one").unwrap().unwrap();
        assert_eq!(objects.replace("a/1", &tag, b"two"), Ok(true));
        let lock = root.path().join("team/.lock");
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink(&precious, &lock).unwrap();
        let tag = objects.get("a/1", 9).unwrap().unwrap().1;
        assert!(objects.replace("a/1", &tag, b"three").is_err());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
        std::os::unix::fs::symlink(root.path(), root.path().join("team/b")).unwrap();
        assert!(objects.put_new("b/1", b"one").is_err());
    }

    #[test]
    fn an_object_is_new_once_replaced_by_its_tag_and_listed_after_a_name() {
        let root = tempfile::tempdir().unwrap();
        let objects = Folder::new(&root.path().join("team"));
        assert_eq!((objects.list("a", None), objects.get("a/1", 9)), (Ok(Vec::new()), Ok(None)));
        let tag = objects.put_new("a/1", b"one").unwrap().unwrap();
        assert_eq!(objects.put_new("a/1", b"other"), Ok(None));
        assert_eq!(objects.get("a/1", 3), Ok(Some((b"one".to_vec(), tag.clone()))));
        assert!(objects.get("a/1", 2).unwrap_err().0.contains("a/1 has more than 2 bytes"));
        objects.put_new("a/2", b"").unwrap();
        let names =
            |after| -> Vec<String> { objects.list("a", after).unwrap().into_iter().map(|object| object.key).collect() };
        assert_eq!((names(None), names(Some("1"))), (vec!["a/1".to_owned(), "a/2".to_owned()], vec!["a/2".to_owned()]));
        assert_eq!(objects.replace("a/1", "other", b"three"), Ok(false));
        assert_eq!(objects.replace("a/1", &tag, b"three"), Ok(true));
        assert_eq!(objects.get("a/1", 9).unwrap().unwrap().0, b"three");
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_a_day_later() {
        let root = tempfile::tempdir().unwrap();
        let objects = Folder::new(root.path());
        objects.put_new("a/1", b"one").unwrap();
        for (name, hours) in [("a/.incoming-new", 1), ("a/.incoming-old", 30)] {
            let file = File::create(root.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_hours(hours)).unwrap();
        }
        assert_eq!(objects.list("a", None).unwrap().len(), 1);
        assert!(root.path().join("a/.incoming-new").exists());
        assert!(!root.path().join("a/.incoming-old").exists());
    }

    #[test]
    fn links_pipes_and_half_written_files_are_no_objects() {
        let root = tempfile::tempdir().unwrap();
        let objects = Folder::new(root.path());
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        fs::write(root.path().join("a/.incoming-1"), "half").unwrap();
        std::os::unix::fs::symlink("../secret", root.path().join("a/link")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.path().join("a/pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert_eq!(objects.list("a", None), Ok(Vec::new()));
        assert!(objects.get("a/link", 9).is_err() && objects.get("a/pipe", 9).is_err());
    }
}
