//! The allowed paths of files in an answer.

use super::{Fault, Objection};
use crate::domain::{SafeText, is_hidden};

/// The maximum length of a path, in bytes.
const MAX_PATH: usize = 200;

/// The maximum number of folders above a file.
const MAX_DEPTH: usize = 8;

/// A path inside the folder of the tool, without a leading `./`.
pub(super) fn checked(written: &str) -> Result<String, Objection> {
    let bad = |why: &str| {
        let shown: String = written.chars().take(80).collect();
        Err(Objection::new(Fault::BadPath, format!("the path {} {why}", SafeText::visible(&shown))))
    };
    let mut path = written.trim();
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    if path.is_empty() || path.len() > MAX_PATH {
        return bad("is empty or longer than 200 bytes");
    }
    if path.chars().any(|c| c.is_control() || is_hidden(c)) {
        return bad("contains a control character or an invisible character");
    }
    if path.starts_with(['/', '~']) || path.contains(['\\', ':']) {
        return bad("is not relative to the folder of the tool, with / as separator");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.len() > MAX_DEPTH + 1 {
        return bad("has too many folders");
    }
    for part in &parts {
        match *part {
            "" => return bad("has an empty part"),
            "." | ".." => return bad("is outside the folder of the tool"),
            _ if part.starts_with('.') => return bad("is hidden"),
            _ if part.trim() != *part => return bad("has a space at the start or end of a name"),
            _ => {}
        }
    }
    if parts.last().is_some_and(|name| name.eq_ignore_ascii_case("approval.toml")) {
        return bad("is an approval file; only humans write those");
    }
    if parts.first().is_some_and(|name| name.eq_ignore_ascii_case("versions")) {
        return bad("is reserved for versions");
    }
    Ok(path.to_owned())
}

/// Checks that no path needs a folder where another path is a file.
pub(super) fn check_folders<'a>(paths: &(impl Iterator<Item = &'a str> + Clone)) -> Result<(), Objection> {
    for path in paths.clone() {
        let inside =
            |other: &str| other.len() > path.len() && other.starts_with(path) && other[path.len()..].starts_with('/');
        if let Some(other) = paths.clone().find(|other| inside(other)) {
            return Err(Objection::new(Fault::BadPath, format!("{path} is a file, so {other} cannot exist")));
        }
    }
    Ok(())
}
