//! Kept documents, by the digest of their bytes, so that the source of a specification can be read again.
//!
//! A document appears completely or not at all, is read-only, and is hashed again whenever it is read. This module
//! never deletes a document and does not use SQL.

use super::copies::CopyError;
use crate::domain::Digest;
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The documents kept for one workspace.
#[derive(Debug, Clone)]
pub struct Documents {
    dir: PathBuf,
}

impl Documents {
    /// The documents in the state folder of a workspace. Does not access the file system.
    pub fn new(state_dir: &Path) -> Documents {
        Documents { dir: state_dir.join("documents") }
    }

    /// Keeps a document and returns its digest. Writes a damaged one again. Several processes may keep the same
    /// document at once.
    ///
    /// # Errors
    /// [`CopyError::Io`] when the file system reports an error; then no document appears.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, CopyError> {
        let digest = Digest::of_bytes(bytes);
        if self.get(digest).is_err() {
            let target = self.path(digest);
            self.make(&target, bytes).map_err(|source| CopyError::Io { path: target, source })?;
        }
        Ok(digest)
    }

    fn make(&self, target: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut file = tempfile::Builder::new().prefix(".incoming-").tempfile_in(&self.dir)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(Permissions::from_mode(0o444))?;
        file.as_file().sync_all()?;
        file.persist(target).map_err(|error| error.error)?;
        fs::File::open(&self.dir)?.sync_all()
    }

    /// Reads a document and verifies it.
    ///
    /// # Errors
    /// [`CopyError::Missing`] when there is none, [`CopyError::Damaged`] when its bytes do not match the digest.
    pub fn get(&self, digest: Digest) -> Result<Vec<u8>, CopyError> {
        let path = self.path(digest);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(CopyError::Missing(digest)),
            Err(source) => return Err(CopyError::Io { path, source }),
        };
        let found = Digest::of_bytes(&bytes);
        if found == digest {
            return Ok(bytes);
        }
        Err(CopyError::Damaged { digest, fault: format!("its bytes have the digest {}", found.short()) })
    }

    /// The digests of all documents, in ascending order.
    ///
    /// # Errors
    /// [`CopyError::Io`] when the folder cannot be read.
    pub fn all(&self) -> Result<Vec<Digest>, CopyError> {
        let failed = |source| CopyError::Io { path: self.dir.clone(), source };
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut digests = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            // Incomplete files of killed processes do not have a digest as their name.
            digests.extend(name.to_str().and_then(|name| name.parse::<Digest>().ok()));
        }
        digests.sort_unstable();
        Ok(digests)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_kept_once_under_the_digest_of_its_bytes_and_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::new(folder.path());
        let digest = documents.put(b"# A tool\n").unwrap();
        assert_eq!(documents.put(b"# A tool\n").unwrap(), digest);
        assert_eq!(digest, Digest::of_bytes(b"# A tool\n"));
        assert_eq!((documents.get(digest).unwrap(), documents.all().unwrap()), (b"# A tool\n".to_vec(), vec![digest]));
        let path = folder.path().join("documents").join(digest.hex());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(fs::read_dir(folder.path().join("documents")).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        assert!(matches!(documents.get(digest), Err(CopyError::Missing(_))));
        fs::write(&path, "bent").unwrap();
        assert!(matches!(documents.get(digest), Err(CopyError::Damaged { .. })));
        assert_eq!(documents.put(b"# A tool\n").unwrap(), digest);
        assert_eq!(documents.get(digest).unwrap(), b"# A tool\n", "made anew");
    }
}
