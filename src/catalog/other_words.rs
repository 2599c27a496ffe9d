//! What else a definition says, for search: the folders that it lies in, its inputs with what is said of them, and the
//! whole header of its script, of which the description is a line. And a sketch of its code, for the comparison of tools.

use super::description::is_license;
use super::header::header_lines;
use super::scripts::ScriptText;
use crate::domain::source::Language;
use crate::domain::{CodeSketch, Manifest, VersionFile};
use serde_json::Value;
use std::collections::HashSet;

/// Words that are kept of a definition, and characters of a word: a row stays small.
const MOST_WORDS: usize = 120;
const LONGEST_WORD: usize = 32;

/// How deep inputs of inputs are read.
const DEPTH: usize = 4;

/// The other words of a version, each once, in the order in which they stand there.
pub(super) fn of(manifest: &Manifest, files: &[VersionFile], folders: &[&str]) -> String {
    let mut words = Words::default();
    for folder in folders {
        words.add(folder);
    }
    if let Some(input) = &manifest.input {
        words.add_schema(input, DEPTH);
    }
    let script = script(manifest, files);
    if let Some((path, text)) = script.and_then(|file| Some((&file.path, std::str::from_utf8(&file.bytes).ok()?))) {
        let header = header_lines(text);
        let paragraphs = header.split(|line| line.is_empty()).filter(|paragraph| !is_license(paragraph));
        for line in paragraphs.flatten() {
            words.add(line);
        }
        for text in own_words(path, text) {
            words.add(&text);
        }
    }
    words.text
}

/// The texts in which a script describes itself below its header.
fn own_words<'t>(path: &'t str, text: &'t str) -> Vec<std::borrow::Cow<'t, str>> {
    super::scripts::own_words::texts(&ScriptText::new(path, text, Language::of(path, text)))
}

/// A sketch of the script of a version; of all its files where no script is named.
pub(super) fn sketch(manifest: &Manifest, files: &[VersionFile]) -> CodeSketch {
    match script(manifest, files) {
        Some(file) => CodeSketch::of([file.bytes.as_slice()]),
        None => CodeSketch::of(files.iter().map(|file| file.bytes.as_slice())),
    }
}

fn script<'f>(manifest: &Manifest, files: &'f [VersionFile]) -> Option<&'f VersionFile> {
    let entry = manifest.recipe.as_ref()?.entry.as_deref()?;
    files.iter().find(|file| file.path == entry)
}

/// The words of the inputs that a schema names.
pub(super) fn of_schema(schema: Option<&Value>) -> String {
    let mut words = Words::default();
    if let Some(schema) = schema {
        words.add_schema(schema, DEPTH);
    }
    words.text
}

#[derive(Default)]
struct Words {
    text: String,
    seen: HashSet<String>,
}

impl Words {
    /// Adds the words of a text that are not there yet. Their case stays: it says where a name has its humps.
    fn add(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let fits = !word.is_empty() && word.chars().nth(LONGEST_WORD).is_none() && self.seen.len() < MOST_WORDS;
            if fits && self.seen.insert(word.to_lowercase()) {
                if !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.text.push_str(word);
            }
        }
    }

    /// Adds names, titles and descriptions of properties, and the values that they may have.
    fn add_schema(&mut self, schema: &Value, depth: usize) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| depth > 0) else {
            return;
        };
        for (name, property) in properties {
            self.add(name);
            for key in ["title", "description"] {
                self.add(property.get(key).and_then(Value::as_str).unwrap_or_default());
            }
            for value in property.get("enum").and_then(Value::as_array).into_iter().flatten() {
                self.add(value.as_str().unwrap_or_default());
            }
            self.add_schema(property, depth - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, FileMode, InputMode, Recipe, ToolName};
    use serde_json::json;

    fn manifest(input: Value) -> Manifest {
        let entry = Some("main.py".to_owned());
        Manifest {
            input: Some(input),
            recipe: Some(Recipe { entry, ..Recipe::blank(InputMode::Args) }),
            ..Manifest::blank(ToolName::new("x").unwrap(), Dialect::Header)
        }
    }

    #[test]
    fn folders_inputs_and_the_header_are_read_and_each_word_is_kept_once() {
        let input = json!({"properties": {
            "imageFile": {"description": "The picture to shrink", "type": "string"},
            "mode": {"enum": ["fast", "best"]},
        }});
        let script = "#!/usr/bin/env python3\n# Copyright 2020 Somebody\n\n\"\"\"Shrinks it.\n\nKeeps the EXIF data of a picture.\n\"\"\"\nimport os  # unseen\nHELP = 'Takes albums'\n";
        let file = VersionFile { path: "main.py".to_owned(), mode: FileMode::Plain, bytes: script.as_bytes().to_vec() };
        assert_eq!(
            of(&manifest(input), &[file], &["Image_Compressor"]),
            "Image Compressor imageFile The picture to shrink mode fast best Shrinks it Keeps EXIF data of a Takes albums"
        );
    }

    #[test]
    fn a_long_header_is_cut() {
        let words: Vec<String> = (0..500).map(|number| format!("w{number}")).collect();
        let folders: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(of(&manifest(Value::Null), &[], &folders).split(' ').count(), MOST_WORDS);
    }
}
