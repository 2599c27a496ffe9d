mod hostile;

use super::fixture::{Repo, isolation, script};
use super::*;
use crate::outside;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn paths(list: &[&str]) -> Vec<String> {
    list.iter().map(|path| (*path).to_owned()).collect()
}

fn commit(git: &Git, list: &[&str], message: &str) -> Result<Option<Committed>, GitError> {
    let trailers = [("Toolsmith-Operation".to_owned(), "7".to_owned())];
    git.commit(&Commit { paths: &paths(list), message, trailers: &trailers })
}

#[test]
fn a_commit_holds_exactly_its_paths_and_leaves_other_work_alone() {
    let repo = Repo::new();
    repo.write("gone", "1\n");
    repo.write("edited", "1\n");
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "-m", "Second"]);
    // The user's own changes: staged new, staged change, unstaged change, staged removal, untracked.
    repo.write("mine", "staged\n");
    repo.git(&["add", "mine"]);
    repo.write("README", "staged\n");
    repo.git(&["add", "README"]);
    repo.write("README", "and more\n");
    repo.write("loose", "untracked\n");
    // The changes to commit.
    fs::remove_file(repo.path().join("gone")).unwrap();
    repo.write("edited", "2\n");
    repo.write("tools/approved/x/x.py", "print()\n");
    let before = repo.git(&["status", "--porcelain", "README", "mine", "loose"]);

    let done = commit(&repo.open(), &["gone", "edited", "tools/approved/x/x.py"], "Approve x").unwrap().unwrap();

    assert_eq!(done, Committed { hash: repo.git(&["rev-parse", "--short", "HEAD"]).trim().to_owned(), notes: vec![] });
    let changed = repo.git(&["show", "--name-status", "--format=", "HEAD"]);
    assert_eq!(changed, "M\tedited\nD\tgone\nA\ttools/approved/x/x.py\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
    assert_eq!(repo.git(&["show", ":README"]), "staged\n");
    assert_eq!(repo.git(&["log", "-1", "--format=%an %B"]), "Ada Approve x\n\nToolsmith-Operation: 7\n\n");
}

#[test]
fn the_first_commit_of_a_repository_can_be_ours_and_a_second_call_makes_none() {
    let repo = Repo::empty();
    repo.write("tools/x.py", "1\n");
    let git = repo.open();
    assert_eq!(git.find_trailers(&[("Toolsmith-Operation".into(), "7".into())]), Ok(None));
    assert!(commit(&git, &["tools/x.py"], "Approve x").unwrap().is_some());
    assert_eq!(commit(&git, &["tools/x.py"], "Approve x"), Ok(None));
    assert_eq!(repo.subjects(), vec!["Approve x"]);
}

#[test]
fn the_workspace_may_be_a_folder_of_the_repository() {
    let repo = Repo::new();
    repo.write("sub/tools/ä b.py", "1\n");
    repo.write("sub/old.py", "1\n");
    repo.git(&["add", "sub/old.py"]);
    repo.git(&["commit", "-q", "-m", "Second"]);
    fs::remove_file(repo.path().join("sub/old.py")).unwrap();
    let git = repo.open_at("sub");
    assert_eq!(git.toplevel(), repo.path());
    assert_eq!(git.committed_under("tools"), Ok(vec![]));
    commit(&git, &["tools/ä b.py", "old.py", "never-was"], "Move").unwrap().unwrap();
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(git.committed_under("tools"), Ok(paths(&["tools/ä b.py"])));
}

#[test]
fn ignored_files_are_left_out_but_tracked_ones_are_not() {
    let repo = Repo::new();
    repo.write(".gitignore", "lab/\n");
    repo.write("lab/tracked", "1\n");
    repo.git(&["add", ".gitignore"]);
    repo.git(&["add", "-f", "lab/tracked"]);
    repo.git(&["commit", "-q", "-m", "Second"]);
    repo.write("lab/new", "1\n");
    fs::remove_file(repo.path().join("lab/tracked")).unwrap();
    let git = repo.open();
    assert_eq!(git.check_ignored("lab/new"), Ok(true));
    assert_eq!(git.check_ignored("lab/tracked"), Ok(false));
    assert_eq!(git.check_ignored("README"), Ok(false));
    commit(&git, &["lab/new", "lab/tracked"], "Move").unwrap().unwrap();
    assert_eq!(repo.git(&["show", "--name-status", "--format=", "HEAD"]), "D\tlab/tracked\n");
    assert_eq!(commit(&git, &["lab/new"], "Move"), Ok(None));
}

#[test]
fn a_file_that_became_a_folder_goes_and_the_files_in_it_come() {
    let repo = Repo::new();
    repo.write("x", "1\n");
    assert!(commit(&repo.open(), &["x"], "Add").unwrap().is_some());
    fs::remove_file(repo.path().join("x")).unwrap();
    repo.write("x/y", "1\n");
    assert!(commit(&repo.open(), &["x", "x/y"], "Move").unwrap().is_some());
    assert_eq!(repo.git(&["show", "--no-renames", "--name-status", "--format=", "HEAD"]), "D\tx\nA\tx/y\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    fs::remove_dir_all(repo.path().join("x")).unwrap();
    repo.write("x", "2\n");
    assert!(commit(&repo.open(), &["x/y", "x"], "Move back").unwrap().is_some());
    assert_eq!(repo.git(&["show", "--no-renames", "--name-status", "--format=", "HEAD"]), "A\tx\nD\tx/y\n");
}

#[test]
fn paths_that_leave_the_work_tree_are_left_out() {
    let repo = Repo::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x"), "1").unwrap();
    std::os::unix::fs::symlink(outside.path(), repo.path().join("tools")).unwrap();
    assert_eq!(commit(&repo.open(), &["tools/x", "../x", "/etc/hostname", ""], "Move"), Ok(None));
}

#[test]
fn a_path_with_wildcards_means_itself() {
    let repo = Repo::new();
    repo.write("a*", "1\n");
    repo.write("ab", "1\n");
    repo.write(":(top)c", "1\n");
    commit(&repo.open(), &["a*", ":(top)c"], "Move").unwrap().unwrap();
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), ":(top)c\na*\n");
}

#[test]
fn trailers_are_found_whole_and_all_together() {
    let repo = Repo::new();
    let git = repo.open();
    let trailers = |operation: &str, tool: &str| {
        vec![("Operation".to_owned(), operation.to_owned()), ("Tool".to_owned(), tool.to_owned())]
    };
    for (operation, tool) in [("1", "one"), ("12", "two")] {
        repo.write("file", operation);
        let commit = Commit { paths: &paths(&["file"]), message: "Move", trailers: &trailers(operation, tool) };
        git.commit(&commit).unwrap().unwrap();
    }
    let hash = |revision| Some(repo.git(&["rev-parse", "--short", revision]).trim().to_owned());
    assert_eq!(git.find_trailers(&trailers("12", "two")), Ok(hash("HEAD")));
    assert_eq!(git.find_trailers(&trailers("1", "one")), Ok(hash("HEAD~")));
    assert_eq!(git.find_trailers(&trailers("1", "two")), Ok(None));
    assert_eq!(git.find_trailers(&trailers("2", "two")), Ok(None));
}

#[test]
fn a_line_break_in_a_value_makes_no_second_trailer() {
    let repo = Repo::new();
    repo.write("file", "1");
    let trailers = [("Tool".to_owned(), "a\nSigned-off-by: Mallory".to_owned())];
    let commit = Commit { paths: &paths(&["file"]), message: "# Move\n\n  \n", trailers: &trailers };
    repo.open().commit(&commit).unwrap().unwrap();
    assert_eq!(repo.git(&["log", "-1", "--format=%B"]), "# Move\n\nTool: a Signed-off-by: Mallory\n\n");
}

#[test]
fn a_hook_of_the_user_that_refuses_is_named_and_the_commit_can_be_made_later() {
    let repo = Repo::new();
    let hooks = outside::fixture::folder();
    let hook = hooks.path().join("pre-commit");
    script(&hook, "#!/bin/sh\necho no \u{1b}[2Jtabs >&2\nexit 1\n");
    repo.write("tools/x.py", "1\n");
    let git = repo.open_with(&[("core.hooksPath", hooks.path())]);
    assert_eq!(commit(&git, &["tools/x.py"], "Move"), Err(GitError::Hook("no \\x1b[2Jtabs".to_owned())));
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "");
    // A hook can use wildcards.
    script(&hook, "#!/bin/sh\ntest \"$(git diff --cached --name-only -- '*.py')\" = tools/x.py\n");
    assert!(commit(&git, &["tools/x.py"], "Move").unwrap().is_some());
    script(&hook, "#!/bin/sh\nexit 1\n");
    assert_eq!(commit(&git, &["tools/x.py"], "Move"), Ok(None));
}

#[test]
fn a_hook_of_the_repository_does_not_run_and_one_of_a_relative_folder_neither() {
    let repo = Repo::new();
    for folder in [".git/hooks", ".githooks"] {
        repo.script(&format!("{folder}/pre-commit"), "#!/bin/sh\nexit 1\n");
    }
    repo.write("x", "1\n");
    assert!(commit(&repo.open(), &["x"], "Move").unwrap().is_some());
    repo.write("x", "2\n");
    let git = repo.open_with(&[("core.hooksPath", Path::new(".githooks"))]);
    let notes = commit(&git, &["x"], "Move").unwrap().unwrap().notes;
    let why = "hooks in .githooks do not run: its path is relative to the workspace";
    assert_eq!((notes, git.notes()), (vec![why.to_owned()], vec![why.to_owned()]));
}

#[test]
fn a_required_filter_of_the_repository_keeps_a_file_from_being_committed_as_it_is() {
    let repo = Repo::new();
    repo.git(&["config", "filter.cipher.clean", "tr a-z A-Z"]);
    repo.git(&["config", "filter.cipher.required", "true"]);
    repo.write(".git/info/attributes", "x filter=cipher\n");
    repo.write("x", "secret\n");
    let refused = commit(&repo.open(), &["x"], "Move").unwrap_err();
    assert!(matches!(refused, GitError::Filter(_)), "{refused:?}");
    assert!(refused.hint().contains("--global"));
    let git = repo.open_with(&[("filter.cipher.clean", Path::new("tr a-z A-Z"))]);
    assert!(commit(&git, &["x"], "Move").unwrap().is_some());
    assert_eq!(repo.git(&["cat-file", "blob", "HEAD:x"]), "SECRET\n");
}

#[test]
fn a_lock_is_waited_for_and_then_named() {
    let repo = Repo::new();
    repo.write("x", "1\n");
    let lock = repo.path().join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    let git = repo.open();
    assert_eq!(commit(&git, &["x"], "Move"), Err(GitError::Locked(lock.clone())));
    let other = std::thread::spawn(move || fs::remove_file(lock).unwrap());
    assert!(commit(&git, &["x"], "Move").unwrap().is_some());
    other.join().unwrap();
}

#[test]
fn an_unfinished_merge_is_not_disturbed() {
    let repo = Repo::new();
    repo.write(".git/MERGE_HEAD", &repo.git(&["rev-parse", "HEAD"]));
    repo.write("x", "1\n");
    assert_eq!(commit(&repo.open(), &["x"], "Move"), Err(GitError::Unfinished("merge")));
}

#[test]
fn without_an_identity_the_commit_is_made_and_says_so() {
    let repo = Repo::new();
    repo.git(&["config", "--unset", "user.name"]);
    repo.git(&["config", "--unset", "user.email"]);
    repo.write("x", "1\n");
    let git = repo.open();
    assert_eq!(git.identity(), None);
    let done = commit(&git, &["x"], "Move").unwrap().unwrap();
    let user = system_user();
    assert_eq!(done.notes, vec![format!("git has no identity configured; committed as {user} <{user}@localhost>")]);
    assert_eq!(repo.git(&["log", "-1", "--format=%ce"]).trim(), format!("{user}@localhost"));
}

#[test]
fn a_signature_that_does_not_work_is_left_out_and_told() {
    for program in ["#!/bin/sh\nexit 1\n", "#!/bin/sh\n[ \"$1\" = --batch ]\n"] {
        let repo = Repo::new();
        let folder = outside::fixture::folder();
        let gpg = script(&folder.path().join("gpg"), program);
        repo.git(&["config", "commit.gpgSign", "true"]);
        repo.write("x", "1\n");
        let done = commit(&repo.open_with(&[("gpg.program", &gpg)]), &["x"], "Move").unwrap().unwrap();
        assert_eq!(done.notes.len(), 1, "{:?}", done.notes);
        assert!(done.notes[0].contains("not signed"), "{:?}", done.notes);
        assert_eq!(repo.subjects(), vec!["Move", "First"]);
    }
}

#[test]
fn places_without_a_work_tree_say_why() {
    let temp = tempfile::tempdir().unwrap();
    let mut env = isolation();
    env.push(("GIT_CEILING_DIRECTORIES".into(), temp.path().parent().unwrap().into()));
    assert_eq!(Git::locate_with(temp.path(), &Arc::default(), env.clone()).err(), Some(NoGit::NotAWorkTree));
    let repo = Repo::new();
    assert_eq!(
        Git::locate_with(&repo.path().join(".git"), &Arc::default(), isolation()).err(),
        Some(NoGit::NotAWorkTree)
    );
    repo.git(&["clone", "-q", "--bare", ".", "bare.git"]);
    assert_eq!(Git::locate_with(&repo.path().join("bare.git"), &Arc::default(), isolation()).err(), Some(NoGit::Bare));
    env.push(("PATH".into(), "/nonexistent".into()));
    assert_eq!(Git::locate_with(temp.path(), &Arc::default(), env).err(), Some(NoGit::NotInstalled));
}

#[test]
fn a_repository_that_is_that_of_another_folder_is_not_used() {
    let (mine, stranger) = (Repo::new(), tempfile::tempdir().unwrap());
    let stranger = stranger.path().canonicalize().unwrap();
    let of_mine = mine.path().join(".git");
    let locate =
        |folder: &Path| Git::locate_with(folder, &Arc::default(), isolation()).map(|git| git.toplevel().to_owned());
    std::fs::write(stranger.join(".git"), format!("gitdir: {}\n", of_mine.display())).unwrap();
    assert_eq!(locate(&stranger), Err(NoGit::Elsewhere(of_mine.clone())));
    std::fs::remove_file(stranger.join(".git")).unwrap();
    std::os::unix::fs::symlink(&of_mine, stranger.join(".git")).unwrap();
    assert_eq!(locate(&stranger), Err(NoGit::Elsewhere(of_mine.clone())));
    // A repository that names its work tree belongs to it: a linked work tree, and a separate repository like that of a
    // submodule.
    mine.git(&["worktree", "add", "-q", "linked"]);
    let linked = mine.path().join("linked");
    assert_eq!(locate(&linked), Ok(linked));
    std::fs::create_dir_all(of_mine.join("modules")).unwrap();
    mine.git(&["init", "-q", "--separate-git-dir=.git/modules/part", "part"]);
    let part = mine.path().join("part");
    assert!(matches!(locate(&part), Err(NoGit::Elsewhere(_))));
    mine.git(&["config", "--file", ".git/modules/part/config", "core.worktree", "../../../part"]);
    assert_eq!(locate(&part), Ok(part));
}

#[test]
fn a_repository_that_would_write_elsewhere_or_wait_is_not_used() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    use std::os::unix::fs::symlink;
    let mine = Repo::new();
    let (of_mine, file) = (mine.path().join(".git"), mine.path().join("profile"));
    let refused = |prepare: &dyn Fn(&Path)| {
        let stranger = Repo::new();
        let git = stranger.path().join(".git");
        prepare(&git);
        let found = Git::locate_with(&stranger.path(), &Arc::default(), isolation());
        found.err().map(|why| match why {
            NoGit::Elsewhere(path) | NoGit::Unplain(path) => path.strip_prefix(&git).unwrap_or(&path).to_owned(),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(refused(&|_| {}), None);
    let named = |git: &Path| std::fs::write(git.join("commondir"), of_mine.display().to_string()).unwrap();
    assert_eq!(refused(&named), Some(of_mine.clone()));
    for part in ["objects", "objects/00", "refs", "refs/heads", "refs/heads/x/y", "logs", "objects/pack", "reftable"] {
        let linked = |git: &Path| {
            let part = git.join(part);
            let _ = std::fs::remove_dir_all(&part);
            std::fs::create_dir_all(part.parent().unwrap()).unwrap();
            symlink(of_mine.join("refs"), part).unwrap();
        };
        assert_eq!(refused(&linked), Some(part.into()));
    }
    // Git creates the target of a link, even if it does not exist.
    for part in ["logs/HEAD", "logs/refs/heads/main", "COMMIT_EDITMSG", "index", "packed-refs", "info/exclude"] {
        for wait in [false, true] {
            let replaced = |git: &Path| {
                let part = git.join(part);
                std::fs::create_dir_all(part.parent().unwrap()).unwrap();
                let _ = std::fs::remove_file(&part);
                if wait {
                    mkfifoat(CWD, &part, Mode::RUSR | Mode::WUSR).unwrap();
                } else {
                    symlink(&file, part).unwrap();
                }
            };
            assert_eq!(refused(&replaced), Some(part.into()), "{wait}");
        }
    }
    let unused = |git: &Path| {
        std::fs::create_dir_all(git.join("hooks")).unwrap();
        symlink("/bin/true", git.join("hooks/pre-commit")).unwrap();
        std::os::unix::net::UnixListener::bind(git.join("fsmonitor--daemon.ipc")).unwrap();
    };
    assert_eq!(refused(&unused), None);
    // A sparse file that names the work tree is read only up to a limit.
    let sparse = |git: &Path| {
        let moved = git.with_file_name("moved");
        std::fs::rename(git, &moved).unwrap();
        std::fs::File::create(moved.join("gitdir")).unwrap().set_len(1 << 40).unwrap();
        std::fs::write(git, format!("gitdir: {}", moved.display())).unwrap();
    };
    assert!(refused(&sparse).is_some());
}

#[test]
fn a_fifo_among_the_rules_of_a_work_tree_is_not_waited_for() {
    let repo = Repo::new();
    repo.write("tools/approved/x.py", "1\n");
    let fifo = repo.path().join("tools/.gitattributes");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let commit = Commit { paths: &["tools/approved/x.py".to_owned()], message: "Add x", trailers: &[] };
    let refused = repo.open().commit(&commit).unwrap_err();
    assert!(refused.to_string().contains("tools/.gitattributes is not a regular file"), "{refused}");
    std::fs::remove_file(&fifo).unwrap();
    assert!(repo.open().commit(&commit).unwrap().is_some());
}

#[test]
fn a_fifo_that_a_repository_names_as_its_rules_is_not_opened() {
    let repo = Repo::new();
    repo.write("tools/approved/x.py", "1\n");
    let fifo = repo.path().join("never");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    for key in ["core.excludesFile", "core.attributesFile", "commit.template", "mailmap.file"] {
        repo.git(&["config", key, &fifo.to_string_lossy()]);
    }
    let commit = Commit { paths: &["tools/approved/x.py".to_owned()], message: "Add x", trailers: &[] };
    assert!(repo.open().commit(&commit).unwrap().is_some());
}

#[test]
fn a_configuration_that_never_ends_is_given_up() {
    let repo = Repo::new();
    let fifo = repo.path().join("never");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    repo.git(&["config", "include.path", "../never"]);
    let found = Git::locate_with(&repo.path(), &Arc::default(), isolation());
    let Err(why) = found else { panic!("it is used") };
    assert!(matches!(&why, NoGit::Failed(text) if text.contains("config")), "{why:?}");
}

#[test]
fn a_repository_of_another_user_is_not_used() {
    let repo = Repo::new();
    let mut env = isolation();
    // Git's own switch for testing this case.
    env.push(("GIT_TEST_ASSUME_DIFFERENT_OWNER".into(), "1".into()));
    assert_eq!(Git::locate_with(&repo.path(), &Arc::default(), env).err(), Some(NoGit::Untrusted));
}

#[test]
fn the_identity_is_the_configured_one() {
    let repo = Repo::new();
    assert_eq!(repo.open().identity().as_deref(), Some("Ada <ada@example.org>"));
    assert!(repo.open().names_you(), "the fixture says it in the repository");
    for key in ["user.name", "user.email"] {
        repo.git(&["config", "--unset", key]);
    }
    assert!(!repo.open().names_you());
}
