//! The files of a version as one object: a line of JSON that lists them, then their bytes. It is one object, so that a
//! version exists completely or not at all.

use crate::domain::{FileMode, VersionFile};

/// Maximum length of the first line, in bytes.
const MAX_HEAD: usize = 4 << 20;

/// Packs files into one object.
///
/// # Errors
/// When their list cannot be written as JSON.
pub fn pack(files: &[VersionFile]) -> Result<Vec<u8>, serde_json::Error> {
    let listed: Vec<(&str, FileMode, usize)> =
        files.iter().map(|file| (file.path.as_str(), file.mode, file.bytes.len())).collect();
    let mut packed = serde_json::to_vec(&listed)?;
    packed.push(b'\n');
    for file in files {
        packed.extend_from_slice(&file.bytes);
    }
    Ok(packed)
}

/// Whether a path stays inside the folder of a version, does not name a repository, and has the same meaning
/// everywhere.
pub fn is_carried(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git");
    path.split('/').all(is_plain) && !path.contains(['\\', '\n', '\0'])
}

/// Reverses [`pack`]. The reader must verify the files; their paths are safe to write below a folder.
///
/// # Errors
/// One line when this is not such an object, or lists a path that is unsafe, repeated, or out of order.
pub fn unpack(bytes: &[u8]) -> Result<Vec<VersionFile>, String> {
    let odd = || "it is not the packed files of a version".to_owned();
    let line = bytes.iter().take(MAX_HEAD).position(|byte| *byte == b'\n').ok_or_else(odd)?;
    let listed: Vec<(String, FileMode, usize)> = serde_json::from_slice(&bytes[..line]).map_err(|_| odd())?;
    let mut rest = &bytes[line + 1..];
    let mut files = Vec::with_capacity(listed.len());
    for (path, mode, size) in listed {
        if !is_carried(&path) {
            return Err(format!("{path:?} is not a path of a version"));
        }
        if files.last().is_some_and(|last: &VersionFile| last.path >= path) {
            return Err(format!("{path:?} is listed twice or out of order"));
        }
        let (content, after) = rest.split_at_checked(size).ok_or_else(odd)?;
        files.push(VersionFile { path, mode, bytes: content.to_vec() });
        rest = after;
    }
    if rest.is_empty() { Ok(files) } else { Err(odd()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else_is() {
        let file = |path: &str, mode, bytes: &[u8]| VersionFile { path: path.into(), mode, bytes: bytes.to_vec() };
        let files = [file("a/b", FileMode::Executable, b"x\ny"), file("c", FileMode::Plain, b"")];
        let packed = pack(&files).unwrap();
        assert_eq!(unpack(&packed).unwrap(), files);
        assert_eq!(unpack(&pack(&[]).unwrap()), Ok(Vec::new()));
        for bad in [&packed[..packed.len() - 1], b"", b"[]", b"{}\n", b"[]\nx", b"[[\"a\",\"plain\",9]]\nx"] {
            assert!(unpack(bad).is_err(), "{bad:?}");
        }
        for paths in [
            &["/tmp/a"][..],
            &["../a"],
            &["a/../b"],
            &[".git/config"],
            &["a/.GIT/config"],
            &[""],
            &["a", "a"],
            &["b", "a"],
        ] {
            let files: Vec<VersionFile> = paths.iter().map(|path| file(path, FileMode::Plain, b"x")).collect();
            assert!(unpack(&pack(&files).unwrap()).is_err(), "{paths:?}");
        }
    }
}
