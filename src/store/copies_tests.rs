use super::*;
use std::os::unix::fs::symlink;
use std::sync::Barrier;
use std::thread;
use tempfile::TempDir;

fn file(path: &str, mode: FileMode, bytes: &[u8]) -> VersionFile {
    VersionFile { path: path.to_owned(), mode, bytes: bytes.to_owned() }
}

fn files() -> Vec<VersionFile> {
    vec![
        file("lib/deep/x.py", FileMode::Plain, b"x = 1\n"),
        file("run.sh", FileMode::Executable, b"#!/bin/sh\n"),
        file("tool.toml", FileMode::Plain, b""),
    ]
}

/// A folder that is removed although it contains read-only folders.
struct Scratch(TempDir);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove_tree(self.0.path());
    }
}

fn copies() -> (Scratch, Copies) {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path());
    (Scratch(dir), copies)
}

/// An intact copy with writable folders, for a test to damage.
fn writable() -> (Scratch, Copies, Digest, PathBuf) {
    let (dir, copies) = copies();
    let digest = Digest::of_files(&files());
    let path = copies.put(digest, &files()).unwrap();
    for folder in [path.join("lib/deep"), path.join("lib"), path.clone()] {
        set_mode(&folder, 0o755).unwrap();
    }
    assert_eq!(copies.check(digest), Ok(()));
    (dir, copies, digest, path)
}

#[test]
fn a_copy_reads_back_and_nobody_may_write_it() {
    let (_dir, copies) = copies();
    let digest = Digest::of_files(&files());
    assert!(!copies.has(digest) && matches!(copies.get(digest), Err(CopyError::Missing(_))));
    assert_eq!(copies.all().unwrap(), vec![]);
    let mut shuffled = files();
    shuffled.reverse();
    let path = copies.put(digest, &shuffled).unwrap();
    assert_eq!(path, copies.path(digest));
    assert_eq!(copies.get(digest).unwrap(), files());
    assert_eq!((copies.has(digest), copies.check(digest), copies.all().unwrap()), (true, Ok(()), vec![digest]));
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o7777;
    let modes = ["", "lib", "lib/deep", "lib/deep/x.py", "run.sh", "tool.toml"].map(mode);
    assert_eq!(modes, [0o555, 0o555, 0o555, 0o444, 0o555, 0o444]);
    assert_eq!(copies.put(digest, &files()).unwrap(), path);
    assert_eq!(fs::read_dir(copies.incoming()).unwrap().count(), 0);
}

#[test]
fn several_versions_are_kept_together_as_each_by_itself() {
    let (_dir, copies) = copies();
    let other: Vec<VersionFile> = files().into_iter().take(1).collect();
    let (one, two) = (Digest::of_files(&files()), Digest::of_files(&other));
    copies.put(two, &other).unwrap();
    copies.put_all(&[(one, &files()), (two, &other), (one, &files())]).unwrap();
    assert_eq!((copies.get(one).unwrap(), copies.get(two).unwrap()), (files(), other.clone()));
    let mode = |name: &str| fs::metadata(copies.path(one).join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(["", "lib", "run.sh", "tool.toml"].map(mode), [0o555, 0o555, 0o555, 0o444]);
    assert_eq!(fs::read_dir(copies.incoming()).unwrap().count(), 0);
    let wrong = copies.put_all(&[(Digest([7; 32]), &other)]);
    assert!(matches!(wrong, Err(CopyError::WrongDigest { .. })) && !copies.has(Digest([7; 32])));
    copies.freeze(true);
    copies.put_all(&[(Digest::of_files(&files()[1..]), &files()[1..])]).unwrap();
    assert_eq!(copies.all().unwrap().len(), 2);
}

#[test]
fn files_that_are_not_the_version_are_not_kept() {
    let (_dir, copies) = copies();
    let digest = Digest::of_bytes(b"another");
    let refused = copies.put(digest, &files());
    assert!(matches!(refused, Err(CopyError::WrongDigest { expected, .. }) if expected == digest));
    assert!(!copies.has(digest));
}

#[test]
fn paths_that_leave_the_folder_or_occur_twice_are_refused() {
    let (dir, copies) = copies();
    for path in ["../x", "/x", "a/../../x", "a//b", "", "./a", "a/", "a\0b"] {
        let files = [file(path, FileMode::Plain, b"")];
        let refused = copies.put(Digest::of_files(&files), &files);
        assert!(matches!(refused, Err(CopyError::BadPath { .. })), "{path:?}");
    }
    let twice = [file("a", FileMode::Plain, b"1"), file("a", FileMode::Plain, b"2")];
    assert!(matches!(
        copies.put(Digest::of_bytes(b""), &twice),
        Err(CopyError::BadPath { why: "it occurs twice", .. })
    ));
    let inside = [file("a", FileMode::Plain, b"1"), file("a/b", FileMode::Plain, b"2")];
    assert!(matches!(copies.put(Digest::of_files(&inside), &inside), Err(CopyError::Io { .. })));
    assert_eq!(copies.all().unwrap(), vec![]);
    assert_eq!(fs::read_dir(dir.0.path().join("versions/.incoming")).unwrap().count(), 0);
}

#[test]
fn each_kind_of_damage_is_found_and_mended_when_the_version_is_kept_again() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 7] = [
        ("has the digest", |p| fs::remove_file(p.join("tool.toml")).unwrap()),
        ("has the digest", |p| fs::write(p.join("extra"), "").unwrap()),
        ("has the digest", |p| fs::rename(p.join("tool.toml"), p.join("tool2.toml")).unwrap()),
        ("has the digest", |p| set_mode(&p.join("run.sh"), 0o644).unwrap()),
        ("has the digest", |p| {
            set_mode(&p.join("run.sh"), 0o755).unwrap();
            fs::write(p.join("run.sh"), "#!/bin/zsh").unwrap();
        }),
        ("tool.toml is neither a file nor a folder", |p| {
            fs::rename(p.join("tool.toml"), p.join("../moved")).unwrap();
            symlink("../moved", p.join("tool.toml")).unwrap();
        }),
        ("lib/empty is an empty folder", |p| fs::create_dir(p.join("lib/empty")).unwrap()),
    ];
    for (number, (fault, damage)) in cases.into_iter().enumerate() {
        let (_dir, copies, digest, path) = writable();
        damage(&path);
        let found = copies.check(digest).unwrap_err();
        assert!(found.contains(fault) && found.contains(&digest.short()), "case {number}: {found}");
        assert_eq!(copies.put(digest, &files()).unwrap(), path, "case {number}");
        assert_eq!(copies.check(digest), Ok(()), "case {number}");
        assert_eq!(copies.all().unwrap(), vec![digest], "case {number}: what is put aside is no copy");
    }
}

#[test]
fn trouble_with_a_folder_is_told_and_not_taken_for_nothing_in_it() {
    let (dir, copies, digest, path) = writable();
    remove_tree(&path).unwrap();
    assert!(copies.put_aside(&path).is_ok(), "somebody else was faster");
    fs::write(&path, "").unwrap();
    assert!(!copies.has(digest), "a file is no copy");
    let damaged = copies.dir.join(".damaged");
    remove_tree(&damaged).unwrap();
    fs::write(&damaged, "").unwrap();
    assert!(matches!(copies.put_aside(&path), Err(CopyError::Io { .. })));
    remove_tree(&copies.dir).unwrap();
    fs::write(dir.0.path().join("versions"), "").unwrap();
    assert!(matches!(copies.all(), Err(CopyError::Io { .. })));
}

#[test]
fn only_a_copy_that_is_there_keeps_another_one_from_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let [ours, theirs, nowhere] = ["ours", "theirs", "no/where"].map(|name| dir.path().join(name));
    for folder in [&ours, &theirs] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(folder.file_name().unwrap()), "").unwrap();
    }
    assert!(rename_unless_there(&ours, &nowhere).is_err());
    rename_unless_there(&ours, &theirs).unwrap();
    assert!(ours.join("ours").exists() && theirs.join("theirs").exists(), "theirs stays");
    remove_tree(&theirs).unwrap();
    rename_unless_there(&ours, &theirs).unwrap();
    assert!(theirs.join("ours").exists());
}

#[test]
fn leftovers_of_a_killed_process_are_ignored_and_swept() {
    let (dir, copies) = copies();
    let digest = Digest::of_files(&files());
    drop(super::super::Store::open(dir.0.path()).unwrap());
    copies.put(digest, &files()).unwrap();
    let leftover = copies.incoming().join("killed");
    write_files_in(&leftover);
    assert_eq!(copies.all().unwrap(), vec![digest]);
    let store = super::super::Store::open(dir.0.path()).unwrap();
    assert!(!leftover.exists());
    assert_eq!((store.dir(), copies.check(digest)), (dir.0.path(), Ok(())));
}

#[test]
fn a_copy_that_is_being_made_is_not_swept() {
    let (_dir, copies, ..) = writable();
    let growing = copies.incoming().join("growing");
    write_files_in(&growing);
    let lock = copies.lock_file().unwrap();
    lock.lock_shared().unwrap();
    assert_eq!(copies.sweep().unwrap(), 0);
    assert!(growing.exists());
    drop(lock);
    assert_eq!(copies.sweep().unwrap(), 1);
    assert!(!growing.exists());
}

fn write_files_in(folder: &Path) {
    fs::create_dir(folder).unwrap();
    write_files(folder, &files(), true).unwrap();
}

#[test]
fn several_at_once_keep_one_sound_copy() {
    let (_dir, copies) = copies();
    let digest = Digest::of_files(&files());
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                copies.put(digest, &files()).unwrap();
            });
        }
    });
    assert_eq!((copies.all().unwrap(), copies.check(digest)), (vec![digest], Ok(())));
    assert_eq!(fs::read_dir(copies.incoming()).unwrap().count(), 0);
}
