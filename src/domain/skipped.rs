//! Files in tools folders that are no tools.

use serde::Serialize;

/// A file that was passed over when tools were looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// Its path as rows write it.
    pub path: String,
    /// What it is, in one or two words: a language that nothing here runs, `test`, `config`.
    pub kind: &'static str,
}

/// How many files of each kind there are, the most frequent first: `195 AppleScript, 3 test`.
pub fn skipped_kinds(files: &[SkippedFile]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for file in files {
        match kinds.iter_mut().find(|(kind, _)| *kind == file.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((file.kind, 1)),
        }
    }
    kinds.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let words: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_with_the_most_frequent_first() {
        let file = |kind| SkippedFile { path: "x".to_owned(), kind };
        let files = [file("test"), file("Swift"), file("Swift"), file("config")];
        assert_eq!(skipped_kinds(&files), "2 Swift, 1 config, 1 test");
        assert_eq!(skipped_kinds(&[]), "");
    }
}
