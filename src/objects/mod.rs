//! Object storage: bytes by key, in a folder or in a bucket. Anyone who can write there can store anything under any
//! key, so readers must verify what they read.

#[cfg(feature = "team-s3")]
mod cloud;
mod folder;
mod packed;

pub use folder::Folder;
pub use packed::{is_carried, pack, unpack};

use std::path::Path;

/// Schemes of bucket addresses.
const BUCKETS: [&str; 3] = ["s3://", "az://", "gs://"];

/// Scheme of the address of a folder that is used like a bucket.
const FOLDER: &str = "file://";

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key: `FOLDER/NAME`.
    pub key: String,
    /// Changes with its content.
    pub tag: String,
    /// Its size, in bytes.
    pub size: u64,
}

/// Why an operation of object storage failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ObjectsError(pub String);

/// Bytes by key. A key is `FOLDER/NAME`.
pub trait Objects: Sync + std::fmt::Debug {
    /// The objects of a folder, ascending by key. With `after`, only objects whose name comes after it.
    ///
    /// # Errors
    /// When the storage cannot be reached, or refuses.
    fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<Object>, ObjectsError>;

    /// An object by key, as in a listing; `None` if it does not exist.
    ///
    /// # Errors
    /// As for [`Objects::list`].
    fn head(&self, key: &str) -> Result<Option<Object>, ObjectsError>;

    /// Content and tag of an object; `None` if it does not exist.
    ///
    /// # Errors
    /// When it has more than `most` bytes; as for [`Objects::list`].
    fn get(&self, key: &str, most: u64) -> Result<Option<(Vec<u8>, String)>, ObjectsError>;

    /// Writes a new object and returns its tag; `None` if the object exists, which is left unchanged.
    ///
    /// # Errors
    /// As for [`Objects::list`].
    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<Option<String>, ObjectsError>;

    /// Replaces the object with this tag; `false` if its tag has changed or it does not exist.
    ///
    /// # Errors
    /// As for [`Objects::list`].
    fn replace(&self, key: &str, tag: &str, bytes: &[u8]) -> Result<bool, ObjectsError>;
}

/// Whether a text is the address of object storage.
pub fn is_address(text: &str) -> bool {
    text.starts_with(FOLDER) || BUCKETS.iter().any(|scheme| text.starts_with(scheme))
}

/// Opens the object storage at an address. Makes no request.
///
/// # Errors
/// When the address is invalid, or this build does not support it.
pub fn open(address: &str) -> Result<Box<dyn Objects + Send>, ObjectsError> {
    if let Some(path) = address.strip_prefix(FOLDER) {
        let path = Path::new(path);
        if !path.is_absolute() {
            return Err(ObjectsError(format!("{address} names no folder: write file:///PATH")));
        }
        return Ok(Box::new(Folder::new(path)));
    }
    bucket(address)
}

#[cfg(feature = "team-s3")]
fn bucket(address: &str) -> Result<Box<dyn Objects + Send>, ObjectsError> {
    Ok(Box::new(cloud::Bucket::open(address)?))
}

#[cfg(not(feature = "team-s3"))]
fn bucket(address: &str) -> Result<Box<dyn Objects + Send>, ObjectsError> {
    let message = "this build of Toolsmith has no object storage in the cloud: install it with `cargo install --path . \
                   --features team-s3`, or use a folder (file:///PATH) or a git repository";
    Err(ObjectsError(format!("{address} cannot be used: {message}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_known_scheme_and_a_folder_is_absolute() {
        for good in ["s3://b/p", "az://b", "gs://b/p/q", "file:///srv/t"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["/srv/t", "https://h/t", "git@h:t", "s3:b"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(open("file://srv/t").unwrap_err().to_string().contains("write file:///PATH"));
    }

    #[cfg(not(feature = "team-s3"))]
    #[test]
    fn a_build_without_buckets_says_how_to_get_one() {
        assert!(open("s3://b/p").unwrap_err().to_string().contains("--features team-s3"));
    }
}
