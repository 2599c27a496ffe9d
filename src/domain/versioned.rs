//! File names with a version: `csv_parser_v1_1_0.py` is version 1.1.0 of `csv_parser.py`.

use super::digest::VersionFile;
use std::collections::BTreeMap;

/// `NAME_v1_1_0` is version 1.1.0 of `NAME`; `None` for a stem without a version.
pub fn versioned(stem: &str) -> Option<(&str, semver::Version)> {
    let (name, version) = stem.rsplit_once("_v")?;
    let parts: Vec<u64> = version.split('_').map(whole).collect::<Option<_>>()?;
    let [major, minor, patch] = parts[..] else { return None };
    (!name.is_empty()).then(|| (name, semver::Version::new(major, minor, patch)))
}

/// A number in a version: digits without leading zeros.
fn whole(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// The path without the version in its file name; unchanged if there is none.
pub fn unversioned(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let (stem, rest) = file.find('.').map_or((file, ""), |at| file.split_at(at));
    let Some((stem, _)) = versioned(stem) else { return path.to_owned() };
    if folder.is_empty() { format!("{stem}{rest}") } else { format!("{folder}/{stem}{rest}") }
}

/// The files of two versions, each paired with its predecessor: by path, otherwise by its name without the version. In
/// ascending order of the newer path.
pub fn paired<'f>(
    before: &'f [VersionFile],
    after: &'f [VersionFile],
) -> Vec<(Option<&'f VersionFile>, Option<&'f VersionFile>)> {
    let mut left: BTreeMap<&str, &VersionFile> = before.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut pairs: Vec<(Option<&VersionFile>, Option<&VersionFile>)> =
        after.iter().map(|file| (left.remove(file.path.as_str()), Some(file))).collect();
    for (old, new) in &mut pairs {
        let (None, Some(new)) = (&old, &new) else { continue };
        let name = unversioned(&new.path);
        let kin: Vec<&str> = left.keys().copied().filter(|path| unversioned(path) == name).collect();
        // If there are several, the predecessor is ambiguous.
        if let [path] = kin[..] {
            *old = left.remove(path);
        }
    }
    pairs.extend(left.into_values().map(|file| (Some(file), None)));
    pairs.sort_by_key(|(old, new)| new.or(*old).map(|file| file.path.as_str()));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn a_version_in_a_name_is_told_from_a_name() {
        for (path, expected) in [
            ("csv.py", "csv.py"),
            ("csv_v1_1_0.py", "csv.py"),
            ("csv_v2.py", "csv_v2.py"),
            ("a_v1_2_3_v10_0_1.py", "a_v1_2_3.py"),
            ("a_v1_2_x", "a_v1_2_x"),
            ("lib/a_v0_1_0.test.py", "lib/a.test.py"),
            ("a_v01_2_3.py", "a_v01_2_3.py"),
        ] {
            assert_eq!(unversioned(path), expected);
        }
    }

    #[test]
    fn a_file_is_held_against_the_one_that_it_is_a_version_of() {
        let file = |path: &str| VersionFile { path: path.into(), mode: FileMode::Plain, bytes: Vec::new() };
        let names = |before: &[&str], after: &[&str]| -> Vec<(Option<String>, Option<String>)> {
            let files = |paths: &[&str]| paths.iter().map(|path| file(path)).collect::<Vec<_>>();
            let (before, after) = (files(before), files(after));
            let pairs = paired(&before, &after);
            let name = |file: Option<&VersionFile>| file.map(|file| file.path.clone());
            pairs.into_iter().map(|(old, new)| (name(old), name(new))).collect()
        };
        let pair = |old: &str, new: &str| {
            let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            (name(old), name(new))
        };
        assert_eq!(
            names(&["avg.py", "avg.yaml", "b.txt"], &["avg_v1_8_0.py", "avg_v1_8_0.yaml", "c.txt"]),
            [
                pair("avg.py", "avg_v1_8_0.py"),
                pair("avg.yaml", "avg_v1_8_0.yaml"),
                pair("b.txt", ""),
                pair("", "c.txt"),
            ]
        );
        assert_eq!(names(&["a.py", "a_v1_0_0.py"], &["a.py"]), [pair("a.py", "a.py"), pair("a_v1_0_0.py", "")]);
        assert_eq!(names(&["a_v1_0_0.py"], &["a_v1_1_0.py"]), [pair("a_v1_0_0.py", "a_v1_1_0.py")]);
    }
}
