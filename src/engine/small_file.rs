//! Reads a small file from a path that may be anything: a link, a pipe, a huge file.

use super::core::Beside;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The maximum size in bytes: a longer file was not written by Toolsmith.
const MAX_BYTES: u64 = 64 * 1024;

/// The text of a small file; `None` if it is missing, too large, a link, or not a regular file.
pub(super) fn read_small(path: &Path) -> Option<String> {
    match read_beside(path) {
        Beside::Text(text) => Some(text),
        Beside::Nothing | Beside::Unknown => None,
    }
}

/// The content of a path, if it is a small text file.
pub(super) fn read_beside(path: &Path) -> Beside {
    // Opening a FIFO must not wait for a writer, and a link may lead to another user's file.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = match opened {
        Ok(file) if file.metadata().is_ok_and(|facts| facts.is_file()) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Beside::Nothing,
        Ok(_) | Err(_) => return Beside::Unknown,
    };
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(read) if (read as u64) < MAX_BYTES => Beside::Text(text),
        _ => Beside::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_small_text_that_is_a_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let text = |bytes: usize| "x".repeat(bytes);
        std::fs::write(at("largest"), text(65_535)).unwrap();
        std::fs::write(at("larger"), text(65_536)).unwrap();
        std::fs::write(at("binary"), [0xff, 0xfe]).unwrap();
        symlink(at("largest"), at("link")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(read_beside(&at("largest")), Beside::Text(text(65_535)));
        assert_eq!(read_small(&at("largest")), Some(text(65_535)));
        assert_eq!(read_beside(&at("nothing")), Beside::Nothing);
        assert_eq!(read_small(&at("nothing")), None);
        for unknown in ["larger", "binary", "link", "folder", "pipe"] {
            assert_eq!(read_beside(&at(unknown)), Beside::Unknown, "{unknown}");
        }
    }
}
