//! Folders with files of the names in the code: a tool that takes a folder looks for them there.

use super::documents::{self, Document};
use crate::check::change::Literals;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The most files of one folder, and folders in total.
const MAX_FILES: usize = 4;
const MAX_FOLDERS: usize = 24;

/// A quoted file name.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"["'`/]((?:[A-Za-z0-9_-]+/){0,3}[A-Za-z0-9_-]+\.(?:md|json|jsonl|ya?ml|toml|txt|csv|html|ini|log|py|js))["'`]"#,
    )
    .ok()
});

/// The file names in the code, in order.
pub(super) fn names(code: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in code.iter().flat_map(|text| NAME.iter().flat_map(|name| name.captures_iter(text))) {
        let Some(name) = name.get(1).map(|name| name.as_str().to_owned()) else { continue };
        if !found.contains(&name) && found.len() < MAX_FILES {
            found.push(name);
        }
    }
    found
}

/// Folders, each as names and texts of files: first one with the usual text in each file, then those with one file
/// varied.
pub(super) fn folders(usual: &[Document], code: &[&str], literals: &Literals) -> Vec<Vec<(String, String)>> {
    let usual_of = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        let ending = if ending == "yml" { "yaml" } else { ending };
        usual.iter().find(|document| document.ending == ending)
    };
    let files: BTreeMap<String, &Document> =
        names(code).into_iter().filter_map(|name| usual_of(&name).map(|document| (name, document))).collect();
    let plain = || files.iter().map(|(name, document)| (name.clone(), document.text.clone()));
    if files.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<Vec<(String, String)>> = vec![plain().collect()];
    let mut changed: Vec<_> = files
        .iter()
        .map(|(name, document)| {
            let long = documents::lengthened(document, literals);
            let texts = long
                .into_iter()
                .chain(documents::near(document, literals, MAX_FOLDERS).into_iter().map(|one| one.text));
            (name, texts.collect::<Vec<String>>().into_iter())
        })
        .collect();
    while all.len() < MAX_FOLDERS {
        let before = all.len();
        for (name, texts) in &mut changed {
            let Some(text) = texts.next() else { continue };
            let with = |(other, usual): (String, String)| {
                let text = if other == **name { text.clone() } else { usual };
                (other, text)
            };
            all.push(plain().map(with).collect());
        }
        if all.len() == before {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_files_that_the_code_names() {
        let usual = documents::usual("", false, &Literals::default());
        let code = "path = folder / 'SKILL.md'\nconst other = join(dir, \"sub/config.json\");\nprint('e.g. this')\n";
        let made = folders(&usual, &[code], &Literals { numbers: vec![64.0], texts: Vec::new() });
        let names: Vec<&str> = made[0].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["SKILL.md", "sub/config.json"]);
        assert!(made.len() == MAX_FOLDERS && made[0] != made[1], "{}", made.len());
        assert!(
            made.iter()
                .flatten()
                .any(|(_, text)| text.lines().any(|line| line.len() > 64 && line.starts_with("name: ")))
        );
    }
}
