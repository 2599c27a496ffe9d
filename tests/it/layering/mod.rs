//! Who may import whom, who may touch what, and how long things may be: checked over the real source.

mod cycles;
mod mask;
mod methods;
mod paths;
mod raw_text;
mod rules;
mod source;
pub mod words;

use source::Source;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below a folder, as paths relative to it, sorted.
fn rust_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The source files that are not tests.
fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let read = |path: String| Source::new(&path, &fs::read_to_string(folder.join(&path)).unwrap());
    let all: Vec<Source> = rust_files(&folder).into_iter().map(read).collect();
    let tests: Vec<Vec<String>> = all.iter().flat_map(|source| source.test_modules.clone()).collect();
    all.into_iter().filter(|source| !tests.iter().any(|test| source.module.starts_with(test))).collect()
}

#[test]
fn the_source_keeps_to_the_layers_and_sizes() {
    let found: Vec<String> = sources().iter().flat_map(rules::violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_modules_import_each_other() {
    let found = cycles::cycles(&sources());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_type_has_too_many_public_methods() {
    let found = methods::crowded(&sources());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_test_file_is_forgotten() {
    let folder = root().join("tests/it");
    for path in rust_files(&folder) {
        if path == "main.rs" || path.contains("fixtures/") {
            continue;
        }
        let stem = path.strip_suffix(".rs").unwrap();
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let (parent, name) = stem.rsplit_once('/').map_or(("main.rs".to_owned(), stem), |(parent, name)| {
            let file = format!("{parent}/mod.rs");
            (if folder.join(&file).exists() { file } else { format!("{parent}.rs") }, name)
        });
        let text = fs::read_to_string(folder.join(&parent)).unwrap_or_default();
        let declared = text.lines().any(|line| line.trim().trim_start_matches("pub ") == format!("mod {name};"));
        assert!(declared, "tests/it/{path} is not declared in tests/it/{parent}");
    }
}
