//! How much two tools have in common: what they say, what they take, how they are written.

use super::words::Bag;
use crate::check::source::{nodes, text as text_at};
use crate::check::started::sources;
use crate::domain::ToolDetail;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Tokens of code in a row that are compared as one.
const SHINGLE: usize = 5;

/// Shingles of one tool that are looked at.
const MAX_SHINGLES: usize = 4_000;

/// Fewer shingles are no program: two that read and print have those in common.
const MIN_SHINGLES: usize = 40;

/// What is left of the likeness when each name says something that the other tool does not.
const CONTRADICTED: f64 = 0.72;

/// Names of parameters of one meaning, each line by its first.
const SAME: &[&[&str]] = &[
    &["text", "content", "string", "input", "body", "prompt", "message", "str", "document", "source", "code", "data"],
    &["path", "file", "filename", "filepath", "file_path", "input_file", "input_path", "src"],
    &["url", "uri", "link", "address", "endpoint"],
    &["output", "output_path", "output_file", "destination", "dest", "out", "target"],
    &["folder", "directory", "dir", "root"],
    &["limit", "max", "count", "max_results", "top", "n", "number"],
    &["query", "search", "term", "keyword", "q"],
];

/// The code of a tool as far as it is compared with that of another: names and numbers do not count in it.
pub struct Written(BTreeSet<u64>);

impl Written {
    /// Reads the code of a version; `None` when it is too little to be compared.
    pub fn of(version: &ToolDetail) -> Option<Written> {
        let shingles = shingles(version);
        (shingles.len() >= MIN_SHINGLES).then_some(Written(shingles))
    }

    /// How much two codes have in common, 0 to 1.
    pub fn likeness(&self, other: &Written) -> f64 {
        jaccard(&self.0, &other.0)
    }
}

/// What is compared of a tool.
pub(super) struct Sketch {
    all: Bag,
    words: Bag,
    name: Bag,
    parameters: BTreeSet<String>,
    shingles: BTreeSet<u64>,
}

impl Sketch {
    pub(super) fn of(version: &ToolDetail) -> Sketch {
        let manifest = &version.manifest;
        let properties = manifest.input.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        let names = properties.into_iter().flatten().map(|(name, _)| parameter(name));
        Sketch {
            all: Bag::of(&manifest.name, &manifest.description),
            words: Bag::of_text(&manifest.description),
            name: Bag::of_text(manifest.name.as_str()),
            parameters: names.collect(),
            shingles: shingles(version),
        }
    }

    /// How much, 0 to 1, and what it is.
    pub(super) fn likeness(&self, other: &Sketch) -> (f64, String) {
        let said = self.words.likeness(&other.words);
        let named = self.name.likeness(&other.name);
        let mut why = vec![format!("descriptions {} % similar", (said * 100.0).round())];
        let (mut sum, mut weights) = (said * 0.62 + named * 0.16, 0.78);
        if !self.parameters.is_empty() && !other.parameters.is_empty() {
            let taken = jaccard(&self.parameters, &other.parameters);
            let shared = self.parameters.intersection(&other.parameters).count();
            why.push(format!("{shared} of {} parameters", self.parameters.union(&other.parameters).count()));
            (sum, weights) = (sum + taken * 0.22, weights + 0.22);
        }
        let mut likeness = sum / weights;
        if Bag::contradicts([&self.name, &other.name], [&self.all, &other.all]) {
            likeness *= CONTRADICTED;
        }
        if self.shingles.len() >= MIN_SHINGLES && other.shingles.len() >= MIN_SHINGLES {
            let written = jaccard(&self.shingles, &other.shingles);
            why.push(format!("code {} % similar", (written * 100.0).round()));
            // The same code under another description is the same tool; other code says little: agents write
            // the same thing in many ways.
            likeness = likeness.max(written.sqrt().mul_add(0.85, likeness * 0.15));
        }
        (likeness.min(0.99), why.join(", "))
    }
}

fn parameter(name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace('-', "_");
    SAME.iter().find(|list| list.contains(&plain.as_str())).map_or(plain.clone(), |list| list[0].to_owned())
}

fn jaccard<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> f64 {
    let shared = one.intersection(other).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

/// Pieces of the code in which names and numbers do not count: renaming everything changes none of them.
fn shingles(version: &ToolDetail) -> BTreeSet<u64> {
    let mut all = BTreeSet::new();
    for (_, language, text) in sources(version) {
        let Some(tree) = language.parse(text) else { continue };
        let leaves = nodes(tree.root_node()).filter(|node| node.child_count() == 0 && node.kind() != "comment");
        let tokens: Vec<&str> = leaves
            .map(|node| match node.kind() {
                // What is called says what is done.
                "identifier"
                    if node.parent().is_some_and(|parent| {
                        matches!(parent.kind(), "call" | "call_expression" | "attribute" | "dotted_name")
                    }) =>
                {
                    text_at(node, text)
                }
                "property_identifier" => text_at(node, text),
                kind => kind,
            })
            .collect();
        for piece in tokens.windows(SHINGLE).take(MAX_SHINGLES) {
            let mut hasher = DefaultHasher::new();
            piece.hash(&mut hasher);
            all.insert(hasher.finish());
        }
    }
    all
}
