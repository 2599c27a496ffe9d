//! Files in tools folders that are not tools.

use serde::Serialize;

/// A file that was skipped in the search for tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// Its path, in the form used in rows.
    pub path: String,
    /// What it is, in one or two words: an unsupported language, `test`, `config`.
    pub kind: &'static str,
}

impl SkippedFile {
    /// The kind of an OpenAPI document.
    pub const API: &str = "OpenAPI document";

    /// Kinds of files that nobody expects to be tools: possible values of [`SkippedFile::kind`].
    pub const PLAIN: [&str; 8] = ["text", "markup", "image", "media", "archive", "hidden", "temporary", "other"];

    /// The kind of a folder that is not searched for tools; its path ends in `/`.
    pub const FOLDER: &str = "folder";

    /// Whether it looks like a tool: it contains code or is a document.
    pub fn looks_like_tool(&self) -> bool {
        self.kind != SkippedFile::FOLDER && !SkippedFile::PLAIN.contains(&self.kind)
    }

    /// How it can become a tool; `None` if it cannot.
    pub fn next_step(&self) -> Option<&'static str> {
        let step = "write a definition with `type: openapi` and base_url beside it; docs/manifest.md, \"Documents of other programs\"";
        (self.kind == SkippedFile::API).then_some(step)
    }
}

/// Why a file of a kind is not a tool, in words.
pub fn skipped_because(kind: &str) -> String {
    match kind {
        "test" | "config" | "data" => format!("it is taken for {kind}{}, not for a tool", example(kind)),
        "module" => "it only defines what other files of its package use".to_owned(),
        "minified" => "it is code that was made small for browsers".to_owned(),
        "built" => "a bundler made it of other files".to_owned(),
        "GitHub action" => "only GitHub starts it".to_owned(),
        "index" => "it only exports what other files define".to_owned(),
        "type declarations" => "it only declares types".to_owned(),
        "text" | "markup" | "image" | "media" => format!("it is {kind}{}, not code", example(kind)),
        "archive" => format!("archives{} are not opened", example(kind)),
        "hidden" => format!("files with hidden names{} are not searched for tools", example(kind)),
        "temporary" => format!("it is left over from an editor or an interpreter{}", example(kind)),
        "other" => "its name does not say that it is code or a document, as tool.py and tool.toml do".to_owned(),
        SkippedFile::FOLDER => "folders with this name are not searched for tools".to_owned(),
        SkippedFile::API => "an OpenAPI document only describes an interface".to_owned(),
        language => format!("nothing here runs {language}"),
    }
}

/// An example of the files of a kind: `, such as notes.md`.
fn example(kind: &str) -> &'static str {
    match kind {
        "test" => ", such as test_parse.py",
        "config" => ", such as setup.cfg",
        "data" => ", such as cities.csv",
        "text" => ", such as notes.md",
        "markup" => ", such as page.html",
        "image" => ", such as logo.png",
        "media" => ", such as talk.mp4",
        "archive" => " such as old.zip",
        "hidden" => " such as .env",
        "temporary" => ", such as tool.py~",
        _ => "",
    }
}

/// The number of files of each kind, the most frequent first: `195 AppleScript, 3 test`.
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
