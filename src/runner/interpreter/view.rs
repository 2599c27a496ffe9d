//! What must be visible for a program to run, beside the system's own folders.
//!
//! A run sees `/usr` and what is linked there. An interpreter elsewhere needs the folder it was
//! installed into: `~/.pyenv/versions/3.11.7`, not only its binary. Folders that hold much else (the
//! home, `~/.local`) are never given: then only the file itself is visible, which is enough for a
//! program in one file.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that every run sees.
const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"];

/// What an installation is made of, where its folder holds data of programs as well.
const PARTS: &[&str] = &["bin", "Cellar", "include", "lib", "lib64", "libexec", "opt", "share"];

/// What is in a folder into which many programs were installed, with their data: that of Homebrew, or the root of
/// another system.
const MANY: &[&str] = &["Cellar", "var", "run"];

/// What is next to `bin` in the folder of an installation.
const SIGNS: &[&str] = &["lib", "lib64", "include", "conda-meta"];

/// How a program is started, and what must be visible for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runner) struct InterpreterView {
    /// The path to start.
    pub(in crate::runner) path: PathBuf,
    pub(in crate::runner) real: PathBuf,
    /// Files and folders that must be visible at their own path.
    pub(in crate::runner) visible: Vec<PathBuf>,
}

impl InterpreterView {
    /// Works out the view for a program found at `found`. `home` is the user's home.
    pub(super) fn of(found: &Path, home: Option<&Path>) -> Option<InterpreterView> {
        let real = fs::canonicalize(found).ok()?;
        if is_system(found) && is_system(&real) {
            return Some(InterpreterView { path: found.to_owned(), real, visible: Vec::new() });
        }
        let folder = fs::canonicalize(found.parent()?).ok()?;
        let direct = folder.join(found.file_name()?);
        if let Some((environment, base)) = environment(&folder) {
            // Python finds its packages by the path it was started with.
            let mut visible = vec![environment];
            visible.extend(base.and_then(|base| installation(&base, home)).into_iter().flat_map(shown));
            visible.extend(of_file(&real, home));
            return Some(InterpreterView { path: direct, real, visible: unique(visible) });
        }
        let (path, visible) = match installation(&folder, home) {
            Some(prefix) => (direct, shown(prefix).into_iter().chain(of_file(&real, home)).collect()),
            None => (real.clone(), of_file(&real, home)),
        };
        Some(InterpreterView { path, real, visible: unique(visible) })
    }

    /// The folder among what must be visible that the program was installed into.
    pub(super) fn prefix(&self) -> Option<&Path> {
        self.visible.iter().map(PathBuf::as_path).find(|path| path.is_dir())
    }
}

/// Whether every run sees this path anyway.
pub(in crate::runner) fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// What must be visible for one real file: its installation, else the file.
fn of_file(real: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    if is_system(real) {
        return Vec::new();
    }
    if let Some(packages) = packages(real) {
        return vec![packages];
    }
    let installed = real.parent().and_then(|folder| installation(folder, home));
    installed.map_or_else(|| vec![real.to_owned()], shown)
}

/// The folder of packages that a program of node is in: it takes others from there.
fn packages(real: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = real.components().collect();
    let at = parts.iter().position(|part| part.as_os_str() == "node_modules")?;
    Some(parts[..=at].iter().collect())
}

/// What a run sees of an installation: all of it, or its parts where data of programs is next to them.
fn shown(prefix: PathBuf) -> Vec<PathBuf> {
    if !MANY.iter().any(|sign| prefix.join(sign).is_dir()) {
        return vec![prefix];
    }
    PARTS.iter().map(|part| prefix.join(part)).filter(|part| part.is_dir()).collect()
}

/// The folder that a `bin` folder's programs were installed into.
fn installation(bin: &Path, home: Option<&Path>) -> Option<PathBuf> {
    if is_system(bin) || bin.file_name()? != "bin" {
        return None;
    }
    let prefix = bin.parent()?;
    let is_shared = prefix.components().count() < 3
        || prefix.ends_with(".local")
        || home.is_some_and(|home| home.starts_with(prefix))
        || home.and_then(|home| fs::canonicalize(home).ok()).is_some_and(|home| home.starts_with(prefix));
    let is_installation = SIGNS.iter().any(|sign| prefix.join(sign).is_dir());
    (!is_shared && is_installation).then(|| prefix.to_owned())
}

/// The virtual environment of Python that a `bin` folder belongs to, and the `bin` folder of the
/// Python it was made from.
fn environment(bin: &Path) -> Option<(PathBuf, Option<PathBuf>)> {
    let prefix = bin.parent()?;
    let text = fs::read_to_string(prefix.join("pyvenv.cfg")).ok()?;
    let home = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "home").then(|| PathBuf::from(value.trim()))
    });
    Some((prefix.to_owned(), home.and_then(|home| fs::canonicalize(home).ok())))
}

fn unique(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths {
        if !kept.iter().any(|other| path.starts_with(other)) {
            kept.push(path);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn root() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap().join("home");
        fs::create_dir(&root).unwrap();
        (dir, root)
    }

    #[test]
    fn a_program_of_the_system_needs_nothing_more() {
        let view = InterpreterView::of(Path::new("/bin/sh"), None).unwrap();
        assert_eq!((view.path, view.visible), (PathBuf::from("/bin/sh"), vec![]));
    }

    #[test]
    fn an_installed_version_needs_its_own_folder_and_is_started_by_its_real_folder() {
        let (_dir, home) = root();
        let version = home.join(".pyenv/versions/3.11.7");
        put(&version.join("bin/python3.11"), "");
        fs::create_dir(version.join("lib")).unwrap();
        symlink("python3.11", version.join("bin/python3")).unwrap();
        symlink(&version, home.join(".pyenv/versions/3.11")).unwrap();
        let view = InterpreterView::of(&home.join(".pyenv/versions/3.11/bin/python3"), Some(&home)).unwrap();
        assert_eq!(view.path, version.join("bin/python3"));
        assert_eq!(view.real, version.join("bin/python3.11"));
        assert_eq!((view.prefix(), view.visible.len()), (Some(version.as_path()), 1));
    }

    #[test]
    fn a_folder_that_holds_much_else_is_never_given() {
        let (_dir, home) = root();
        for folder in ["bin", "lib", ".local/lib", ".cargo/bin"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for program in ["bin/deno", ".local/bin/deno", ".cargo/bin/deno"] {
            put(&home.join(program), "");
            let view = InterpreterView::of(&home.join(program), Some(&home)).unwrap();
            assert_eq!((view.prefix(), &view.visible), (None, &vec![home.join(program)]));
        }
    }

    #[test]
    fn a_link_in_such_a_folder_is_followed_to_the_installation() {
        let (_dir, home) = root();
        let version = home.join(".local/share/uv/python/cpython-3.12");
        put(&version.join("bin/python3.12"), "");
        fs::create_dir(version.join("lib")).unwrap();
        fs::create_dir_all(home.join(".local/bin")).unwrap();
        symlink(version.join("bin/python3.12"), home.join(".local/bin/python3")).unwrap();
        let view = InterpreterView::of(&home.join(".local/bin/python3"), Some(&home)).unwrap();
        assert_eq!((view.path, view.visible), (version.join("bin/python3.12"), vec![version]));
    }

    #[test]
    fn a_program_of_a_project_needs_the_packages_beside_it() {
        let (_dir, home) = root();
        let packages = home.join("project/node_modules");
        put(&packages.join("tsx/dist/cli.mjs"), "#!/usr/bin/env node\n");
        put(&packages.join("esbuild/index.js"), "");
        fs::create_dir(packages.join(".bin")).unwrap();
        symlink("../tsx/dist/cli.mjs", packages.join(".bin/tsx")).unwrap();
        let view = InterpreterView::of(&packages.join(".bin/tsx"), Some(&home)).unwrap();
        assert_eq!((view.path, view.visible), (packages.join("tsx/dist/cli.mjs"), vec![packages]));
    }

    #[test]
    fn of_a_folder_that_many_programs_share_with_their_data_the_programs_are_shown() {
        let (_dir, home) = root();
        let brew = home.join("linuxbrew/.linuxbrew");
        for folder in ["lib", "var/postgres", "etc", "opt"] {
            fs::create_dir_all(brew.join(folder)).unwrap();
        }
        let version = brew.join("Cellar/python@3.12/3.12.1");
        put(&version.join("bin/python3.12"), "");
        fs::create_dir(version.join("lib")).unwrap();
        fs::create_dir(brew.join("bin")).unwrap();
        symlink("../Cellar/python@3.12/3.12.1/bin/python3.12", brew.join("bin/python3")).unwrap();
        let view = InterpreterView::of(&brew.join("bin/python3"), Some(&home)).unwrap();
        assert_eq!(view.path, brew.join("bin/python3"));
        assert_eq!(view.visible, ["bin", "Cellar", "lib", "opt"].map(|part| brew.join(part)));
        let other = home.join("system/usr");
        put(&other.join("bin/python3"), "");
        fs::create_dir_all(other.join("lib")).unwrap();
        fs::create_dir_all(other.join("run/agent")).unwrap();
        let view = InterpreterView::of(&other.join("bin/python3"), Some(&home)).unwrap();
        assert_eq!(view.visible, ["bin", "lib"].map(|part| other.join(part)));
    }

    #[test]
    fn a_program_outside_of_the_system_needs_its_own_folder_and_not_what_lies_beside_it() {
        for path in ["/opt/atk/agent.sock", "/opt/python3.12/bin/python3", "/srv/x", "/snap/bin/node", "/var/lib/x"] {
            assert!(!is_system(Path::new(path)), "{path}");
            let shown = crate::runner::sandbox::SYSTEM.iter().any(|folder| Path::new(path).starts_with(folder));
            assert!(!shown, "{path}");
        }
        let (_dir, opt) = root();
        let version = opt.join("python3.12");
        put(&version.join("bin/python3"), "");
        fs::create_dir(version.join("lib")).unwrap();
        put(&opt.join("other/secret"), "");
        let view = InterpreterView::of(&version.join("bin/python3"), None).unwrap();
        assert_eq!(view.visible, vec![version]);
    }

    #[test]
    fn a_virtual_environment_needs_itself_and_the_python_it_was_made_from() {
        let (_dir, home) = root();
        let (version, environment) = (home.join(".pyenv/versions/3.11.7"), home.join("venv"));
        put(&version.join("bin/python3"), "");
        fs::create_dir(version.join("lib")).unwrap();
        put(&environment.join("pyvenv.cfg"), &format!("home = {}\nversion = 3.11.7\n", version.join("bin").display()));
        fs::create_dir(environment.join("bin")).unwrap();
        symlink(version.join("bin/python3"), environment.join("bin/python3")).unwrap();
        let view = InterpreterView::of(&environment.join("bin/python3"), Some(&home)).unwrap();
        assert_eq!(view.path, environment.join("bin/python3"));
        assert_eq!(view.visible, vec![environment, version]);
    }
}
