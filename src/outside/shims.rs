//! The real programs behind the shims of version managers.
//!
//! pyenv, rbenv, nodenv, goenv, asdf, mise and volta put small programs, named like the interpreter, on `PATH`. A shim
//! looks up the version in the user's home, which a run does not see, and takes 100 ms. This module reads the same
//! files instead: only the user's global choice (next to the versions, or in the home), never a file of a workspace. It
//! never starts a shim. nvm needs no support, because it puts the folder of the real program on `PATH`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Maximum bytes that are read of a version manager's file.
const MAX_FILE: u64 = 64 * 1024;

/// Managers with `shims/`, `version` and `versions/`: the folder's name without its dot, and the file in the home that
/// takes precedence over `version`.
const CHOICES: &[(&str, &str)] =
    &[("pyenv", ".python-version"), ("rbenv", ".ruby-version"), ("nodenv", ".node-version"), ("goenv", ".go-version")];

/// The real folders behind a version manager's folder on `PATH`, best first; `None` for any other folder. `home` is the
/// user's home, `config` the folder of the user's settings.
pub fn behind(dir: &Path, home: Option<&Path>, config: Option<&Path>) -> Option<Vec<PathBuf>> {
    let root = dir.parent()?;
    match dir.file_name()?.to_str()? {
        "shims" if root.join("versions").is_dir() => Some(chosen_versions(root, home)),
        "shims" if root.join("installs").is_dir() => Some(chosen_installs(root, home, config)),
        "bin" if root.join("tools/image").is_dir() => Some(volta(root)),
        _ => None,
    }
}

/// The chosen versions of pyenv and similar managers.
fn chosen_versions(root: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let manager = root.file_name().and_then(|name| name.to_str()).unwrap_or_default().trim_start_matches('.');
    let in_home = CHOICES.iter().find(|(name, _)| *name == manager).zip(home);
    let text = in_home.and_then(|((_, file), home)| read(&home.join(file))).or_else(|| read(&root.join("version")));
    let text = text.unwrap_or_default();
    text.split_whitespace().filter_map(|version| bin(&root.join("versions"), version)).collect()
}

fn chosen_installs(root: &Path, home: Option<&Path>, config: Option<&Path>) -> Vec<PathBuf> {
    let mut chosen = Vec::new();
    let is_mise = root.file_name().is_some_and(|name| name == "mise" || name == "rtx");
    if is_mise && let Some(text) = config.and_then(|config| read(&config.join("mise/config.toml"))) {
        chosen.extend(mise_tools(&text));
    }
    if let Some(text) = home.and_then(|home| read(&home.join(".tool-versions"))) {
        chosen.extend(tool_versions(&text));
    }
    let folders = chosen.iter().filter_map(|(tool, version)| bin(&root.join("installs").join(tool), version));
    folders.collect()
}

/// Parses `.tool-versions`: a tool and its versions per line, best first.
fn tool_versions(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let pairs = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let tool = words.next().filter(|tool| is_plain(tool))?.to_owned();
        Some(words.map(move |version| (tool.clone(), version.to_owned())))
    });
    pairs.flatten().collect()
}

/// Parses `[tools]` of mise: a version, a list of versions, or a table with a version.
fn mise_tools(text: &str) -> Vec<(String, String)> {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let tools = table.get("tools").and_then(toml::Value::as_table);
    let mut pairs = Vec::new();
    for (tool, value) in tools.into_iter().flatten().filter(|(tool, _)| is_plain(tool)) {
        let listed = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for item in listed {
            let version = item.as_str().or_else(|| item.get("version")?.as_str());
            pairs.extend(version.map(|version| (tool.clone(), version.to_owned())));
        }
    }
    pairs
}

/// The versions of node and its package managers that the user pinned.
fn volta(root: &Path) -> Vec<PathBuf> {
    let text = read(&root.join("tools/user/platform.json")).unwrap_or_default();
    let platform: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let node = platform.pointer("/node/runtime").map(|version| ("node", version));
    let npm = platform.pointer("/node/npm").map(|version| ("npm", version));
    let others = ["yarn", "pnpm"].map(|name| platform.get(name).map(|version| (name, version)));
    let chosen = [node, npm].into_iter().chain(others).flatten();
    let folders = chosen.filter_map(|(name, version)| bin(&root.join("tools/image").join(name), version.as_str()?));
    folders.collect()
}

/// The folder with the programs of an installed version. Managers treat `3.11` as the newest 3.11.
fn bin(versions: &Path, wanted: &str) -> Option<PathBuf> {
    let wanted = wanted.strip_prefix("prefix:").unwrap_or(wanted).replace("ref:", "ref-");
    if !is_plain(&wanted) || wanted == "system" {
        return None;
    }
    let exact = versions.join(&wanted);
    let version = if exact.is_dir() { exact } else { newest(versions, &wanted)? };
    ["bin", "go/bin"].map(|folder| version.join(folder)).into_iter().find(|folder| folder.is_dir())
}

/// The newest installed version that starts with `wanted`; for `latest`, the newest of all.
fn newest(versions: &Path, wanted: &str) -> Option<PathBuf> {
    let beginning = format!("{wanted}.");
    let fits = |name: &str| is_plain(name) && (name.starts_with(&beginning) || wanted == "latest");
    let names = fs::read_dir(versions).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let newest = names.filter(|name| fits(name)).max_by_key(|name| numbers(name))?;
    Some(versions.join(newest))
}

/// The numbers in a version, for comparing.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// Whether a word is the name of a single folder.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('.') && !word.contains('/')
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(MAX_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new(files: &[(&str, &str)]) -> Home {
            let dir = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Home(dir)
        }

        /// The real folders behind a folder in the home, relative to the home.
        fn behind(&self, dir: &str) -> Option<Vec<String>> {
            let home = self.0.path();
            let folders = behind(&home.join(dir), Some(home), Some(&home.join(".config")))?;
            Some(folders.iter().map(|dir| dir.strip_prefix(home).unwrap().to_string_lossy().into_owned()).collect())
        }
    }

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn pyenv_takes_the_choice_in_the_home_before_its_own_and_completes_a_short_version() {
        let versions = [
            (".pyenv/version", "3.11.7\nsystem\n3.10.1\n../../x"),
            (".pyenv/shims/python3", ""),
            (".pyenv/versions/3.11.7/bin/python3", ""),
            (".pyenv/versions/3.12.9/bin/python3", ""),
            (".pyenv/versions/3.12.10/bin/python3", ""),
        ];
        let home = Home::new(&versions);
        assert_eq!(home.behind(".pyenv/shims"), Some(strings(&[".pyenv/versions/3.11.7/bin"])));
        fs::write(home.0.path().join(".python-version"), "3.12\n").unwrap();
        assert_eq!(home.behind(".pyenv/shims"), Some(strings(&[".pyenv/versions/3.12.10/bin"])));
        assert_eq!(home.behind(".pyenv/bin"), None);
    }

    #[test]
    fn rbenv_is_laid_out_like_pyenv() {
        let home = Home::new(&[
            (".rbenv/shims/ruby", ""),
            (".rbenv/version", "3.3.0"),
            (".rbenv/versions/3.3.0/bin/ruby", ""),
            (".python-version", "3.12"),
        ]);
        assert_eq!(home.behind(".rbenv/shims"), Some(strings(&[".rbenv/versions/3.3.0/bin"])));
    }

    #[test]
    fn asdf_follows_the_tool_versions_of_the_home() {
        let home = Home::new(&[
            (".asdf/shims/node", ""),
            (".asdf/installs/nodejs/20.1.0/bin/node", ""),
            (".asdf/installs/golang/1.22.0/go/bin/go", ""),
            (".asdf/installs/python/ref-main/bin/python3", ""),
            (".tool-versions", "nodejs 20.1.0 18.0.0 # both\ngolang 1.22.0\npython ref:main\n../x 1\nruby system\n"),
        ]);
        let installs = [
            ".asdf/installs/nodejs/20.1.0/bin",
            ".asdf/installs/golang/1.22.0/go/bin",
            ".asdf/installs/python/ref-main/bin",
        ];
        assert_eq!(home.behind(".asdf/shims"), Some(strings(&installs)));
    }

    #[test]
    fn mise_follows_its_global_settings_in_every_form() {
        let settings = "[tools]\nnode = 'latest'\npython = ['3.12', '3.11.1']\nruby = {version = '3.3.0'}\n";
        let home = Home::new(&[
            (".local/share/mise/shims/node", ""),
            (".local/share/mise/installs/node/9.11.0/bin/node", ""),
            (".local/share/mise/installs/node/22.3.0/bin/node", ""),
            (".local/share/mise/installs/python/3.12.4/bin/python3", ""),
            (".local/share/mise/installs/python/3.11.1/bin/python3", ""),
            (".local/share/mise/installs/ruby/3.3.0/bin/ruby", ""),
            (".config/mise/config.toml", settings),
        ]);
        let installs = ["node/22.3.0", "python/3.12.4", "python/3.11.1", "ruby/3.3.0"]
            .map(|version| format!(".local/share/mise/installs/{version}/bin"));
        assert_eq!(home.behind(".local/share/mise/shims"), Some(installs.to_vec()));
    }

    #[test]
    fn volta_follows_what_the_user_pinned() {
        let platform = r#"{"node": {"runtime": "20.11.0", "npm": null}, "yarn": "1.22.0", "pnpm": null}"#;
        let home = Home::new(&[
            (".volta/bin/node", ""),
            (".volta/tools/image/node/20.11.0/bin/node", ""),
            (".volta/tools/image/yarn/1.22.0/bin/yarn", ""),
            (".volta/tools/user/platform.json", platform),
        ]);
        let image = [".volta/tools/image/node/20.11.0/bin", ".volta/tools/image/yarn/1.22.0/bin"];
        assert_eq!(home.behind(".volta/bin"), Some(strings(&image)));
        assert_eq!(home.behind(".cargo/bin"), None);
    }
}
