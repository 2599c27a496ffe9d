//! The files of a commit, read folder by folder. `git ls-tree -r` has no limits: a few small trees that name each other
//! expand to billions of paths, and thousands of nested folders to very long paths.

use super::{Exchange, OBJECTS_PER_CALL, TreeFile, call, next_object};
use crate::domain::{FileMode, SafeText};
use crate::vcs::error::GitError;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Maximum nesting of folders. A deeper folder is returned as one entry without a mode.
pub(crate) const MAX_DEPTH: usize = 100;

/// Maximum size of the paths of a commit in bytes: a million of usual length.
const MAX_BYTES: usize = 256 << 20;

/// The size of an entry without its path, in bytes.
const ENTRY_BYTES: usize = 128;

/// The action in error messages.
const LIST: &str = "list the files of the team's repository";

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    mode: String,
    name: String,
    object: String,
}

impl Entry {
    fn is_folder(&self) -> bool {
        self.mode == "40000"
    }
}

/// A folder whose entries are not read yet.
struct Folder {
    path: String,
    object: String,
}

/// The files below these folders of a commit, by path.
///
/// # Errors
/// [`GitError`] if git fails, or if the commit contains too much.
pub(super) fn files(exchange: &Exchange, commit: &str, folders: &[&str]) -> Result<Vec<TreeFile>, GitError> {
    files_up_to(exchange, commit, folders, MAX_BYTES)
}

fn files_up_to(exchange: &Exchange, commit: &str, folders: &[&str], most: usize) -> Result<Vec<TreeFile>, GitError> {
    let root = Folder { path: String::new(), object: format!("{commit}^{{tree}}") };
    let (mut files, mut bytes) = (Vec::new(), 0);
    let mut level = vec![root];
    for depth in 0..=MAX_DEPTH {
        let mut next = Vec::new();
        let mut of_trees = read(exchange, &level)?;
        for folder in &level {
            // Trees shared by several folders are read once.
            let entries = of_trees.get_mut(&folder.object).map_or(&[] as &[Entry], |entries| entries.as_slice());
            for entry in entries.iter().filter(|entry| depth > 0 || folders.contains(&entry.name.as_str())) {
                let path = if depth == 0 { entry.name.clone() } else { format!("{}/{}", folder.path, entry.name) };
                bytes += path.len() + ENTRY_BYTES;
                if bytes > most {
                    return Err(too_many(&files, &next));
                }
                if entry.is_folder() {
                    next.push(Folder { path, object: entry.object.clone() });
                } else {
                    files.push(file(path, entry));
                }
            }
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    let too_deep = |folder: Folder| TreeFile { path: folder.path + "/", object: folder.object, mode: None, size: 0 };
    files.extend(level.into_iter().map(too_deep));
    set_sizes(exchange, &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn file(path: String, entry: &Entry) -> TreeFile {
    let mode = match entry.mode.as_str() {
        "100644" | "100664" => Some(FileMode::Plain),
        "100755" => Some(FileMode::Executable),
        _ => None,
    };
    TreeFile { path, object: entry.object.clone(), mode, size: 0 }
}

/// The entries of folders, by the name of their tree.
fn read(exchange: &Exchange, folders: &[Folder]) -> Result<BTreeMap<String, Vec<Entry>>, GitError> {
    let objects: BTreeSet<&str> = folders.iter().map(|folder| folder.object.as_str()).collect();
    let objects: Vec<&str> = objects.into_iter().collect();
    let mut trees = BTreeMap::new();
    for part in objects.chunks(OBJECTS_PER_CALL) {
        let answer = exchange.start(&call(&["cat-file", "--batch"]).input(lines(part)))?.demand(LIST)?;
        let mut rest = answer.stdout.as_slice();
        for object in part {
            let missing = || failed(format!("the folder {object} is missing"));
            let (name, content, after) = next_object(rest, "tree").ok_or_else(missing)?;
            trees.insert((*object).to_owned(), entries(content, name.len() / 2).ok_or_else(missing)?);
            rest = after;
        }
    }
    Ok(trees)
}

/// The entries of a tree as git stores it: mode, space, name, zero, hash.
fn entries(mut tree: &[u8], hash_bytes: usize) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !tree.is_empty() {
        let space = tree.iter().position(|byte| *byte == b' ')?;
        let zero = tree.iter().position(|byte| *byte == 0)?;
        let mode = String::from_utf8_lossy(&tree[..space]).into_owned();
        let name = String::from_utf8_lossy(tree.get(space + 1..zero)?).into_owned();
        let (hash, rest) = tree.get(zero + 1..)?.split_at_checked(hash_bytes)?;
        let object = hash.iter().fold(String::new(), |mut text, byte| {
            // Writing to memory cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        entries.push(Entry { mode, name, object });
        tree = rest;
    }
    Some(entries)
}

/// Sets the sizes of files.
fn set_sizes(exchange: &Exchange, files: &mut [TreeFile]) -> Result<(), GitError> {
    let objects: BTreeSet<&str> =
        files.iter().filter(|file| file.mode.is_some()).map(|file| file.object.as_str()).collect();
    let objects: Vec<&str> = objects.into_iter().collect();
    let ask = call(&["cat-file", "--batch-check=%(objectname) %(objectsize)"]).input(lines(&objects));
    let answer = exchange.start(&ask)?.demand(LIST)?;
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    let sizes: BTreeMap<&str, u64> = answer
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(object, size)| Some((object, size.parse().ok()?)))
        .collect();
    for file in files.iter_mut().filter(|file| file.mode.is_some()) {
        let missing = || failed(format!("the object {} is missing", file.object));
        file.size = *sizes.get(file.object.as_str()).ok_or_else(missing)?;
    }
    Ok(())
}

fn lines(objects: &[&str]) -> Vec<u8> {
    objects.iter().flat_map(|object| [object.as_bytes(), b"\n"].concat()).collect()
}

/// An error that names the largest folder.
fn too_many(files: &[TreeFile], folders: &[Folder]) -> GitError {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files.iter().map(|file| &file.path).chain(folders.iter().map(|folder| &folder.path)) {
        let second = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
        *counts.entry(&path[..second]).or_default() += 1;
    }
    let folder = counts.into_iter().max_by_key(|(_, count)| *count).map_or("", |(folder, _)| folder);
    let folder = SafeText::new(folder).as_str().to_owned();
    let count = files.len() + folders.len();
    failed(format!("more than {count} files and folders lie there, most of them below {folder}; remove them there"))
}

fn failed(message: String) -> GitError {
    GitError::Failed { action: LIST, message }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Team, WHO, file};
    use super::*;

    #[test]
    fn other_folders_are_passed_over_and_what_lies_too_deep_is_one_entry() {
        let team = Team::new();
        let ada = team.clone("ada");
        let deep = |levels: usize| format!("versions{}/f", "/d".repeat(levels));
        let (in_time, too_deep) = (deep(MAX_DEPTH - 1), deep(2_000));
        let new = [file("README", "x"), file("other/f", "x"), file(&in_time, "12"), file(&too_deep, "123")];
        let commit = ada.commit(None, (&[], &new), WHO, "One").unwrap();
        let found = ada.files(&commit, &["decisions", "versions"]).unwrap();
        let told: Vec<_> = found.iter().map(|file| (file.path.as_str(), file.mode, file.size)).collect();
        let folder = format!("versions{}/", "/d".repeat(MAX_DEPTH));
        assert_eq!(told, [(folder.as_str(), None, 0), (in_time.as_str(), Some(FileMode::Plain), 2)]);
        assert!(ada.files("0000000000000000000000000000000000000000", &["versions"]).is_err());
        assert!(ada.files(&commit, &["README"]).is_ok_and(|files| files.len() == 1));
    }

    #[test]
    fn few_trees_that_come_to_billions_of_files_are_refused_with_their_folder() {
        let team = Team::new();
        let ada = team.clone("ada");
        let git = |args: &[&str], input: &str| {
            let answer = ada.start(&call(args).input(input.as_bytes().to_vec())).unwrap();
            assert!(answer.success(), "{}", answer.stderr);
            answer.word()
        };
        let of_ten = |kind: &str, object: &str| {
            let lines: Vec<String> = (0..10).map(|at| format!("{kind} {object}\t{at}\n")).collect();
            git(&["mktree"], &lines.concat())
        };
        let blob = git(&["hash-object", "-w", "--stdin"], "x");
        let leaf = of_ten("100644 blob", &blob);
        let bomb = (0..9).fold(leaf.clone(), |tree, _| of_ten("040000 tree", &tree));
        let versions = git(&["mktree"], &format!("040000 tree {leaf}\tsmall\n040000 tree {bomb}\tbomb\n"));
        let root = git(&["mktree"], &format!("040000 tree {versions}\tversions\n"));
        let error = ada.files(&root, &["versions"]).unwrap_err().to_string();
        assert!(error.ends_with("most of them below versions/bomb; remove them there"), "{error}");
        let small = git(&["mktree"], &format!("040000 tree {leaf}\tversions\n"));
        let needed = ENTRY_BYTES + "versions".len() + 10 * (ENTRY_BYTES + "versions/0".len());
        assert_eq!(files_up_to(&ada, &small, &["versions"], needed).unwrap().len(), 10);
        assert!(files_up_to(&ada, &small, &["versions"], needed - 1).is_err());
    }
}
