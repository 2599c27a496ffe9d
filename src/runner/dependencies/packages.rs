//! Packages that are installed in a folder, and their names.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders in which an environment keeps its packages.
pub(in crate::runner) fn site_packages(environment: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten();
    versions.filter_map(|entry| Some(entry.ok()?.path().join("site-packages"))).collect()
}

/// The installed distributions of a folder: name and version.
pub(in crate::runner) fn distributions(dir: &Path) -> Vec<(String, String)> {
    let named = names_in(dir).filter_map(|entry| {
        let name = entry.strip_suffix(".dist-info").or_else(|| entry.strip_suffix(".egg-info"))?;
        let (name, version) = name.split_once('-').unwrap_or((name, ""));
        Some((name.to_owned(), version.to_owned()))
    });
    named.collect()
}

/// The names in a folder that are valid UTF-8.
pub(in crate::runner) fn names_in(dir: &Path) -> impl Iterator<Item = String> {
    fs::read_dir(dir).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

/// The normalised form in which package names are compared.
pub(in crate::runner) fn normal(name: &str) -> String {
    name.to_ascii_lowercase().split(['-', '_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
