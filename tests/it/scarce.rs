//! What the program needs and does not get: rights, room on the disk, git, an interpreter. Each time it
//! says what is missing and what to do, and what was there before is there afterwards.

use crate::needs;
use crate::support::{Terminal, Workspace};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

const NOBODY: u32 = 65_534;

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn hello() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/hello.sh", "#!/bin/sh\n# Says hello.\necho hello\n");
    workspace
}

/// The program and its arguments, started as somebody whom file modes stop. `None` when this test must
/// be skipped because that cannot be done here.
pub fn without_privilege(args: &[&str]) -> Option<Vec<String>> {
    let program = env!("CARGO_BIN_EXE_toolsmith").to_owned();
    let mut argv = Vec::new();
    if rustix::process::geteuid().is_root() {
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"].map(str::to_owned).to_vec();
        let works = Command::new(&argv[0]).args(&argv[1..]).arg(&program).arg("--version").output();
        if !works.is_ok_and(|output| output.status.success()) {
            needs::not_run("the program cannot be started as another user");
            return None;
        }
    }
    argv.push(program);
    argv.extend(args.iter().map(|arg| (*arg).to_owned()));
    Some(argv)
}

/// Gives everything below a folder to the user of [`without_privilege`].
pub fn give_away(folder: &Path) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    if folder.is_dir() && !folder.is_symlink() {
        for entry in fs::read_dir(folder).unwrap() {
            give_away(&entry.unwrap().path());
        }
    }
}

pub fn call(workspace: &Workspace, argv: &[String]) -> (u32, String) {
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let mut terminal = Terminal::program(workspace, &argv, (200, 50));
    let code = terminal.wait_end().exit_code();
    (code, terminal.text())
}

fn approve_args(workspace: &Workspace) -> Vec<String> {
    let (reviews, _) = workspace.json(&["reviews"]);
    let review = &reviews["reviews"][0];
    let digest = review["digest"].as_str().unwrap()[..12].to_owned();
    ["approve", &review["id"].to_string(), "--digest", &digest, "--unread", "--reason", "a test"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn a_state_folder_that_may_not_be_written_is_named_and_nothing_is_lost() {
    let workspace = hello();
    let (before, _) = workspace.json(&["list"]);
    let state = workspace.home().join("toolsmith");
    set_mode(workspace.home().parent().unwrap(), 0o755);
    let folders = ["data", "data/workspaces"].map(|path| state.join(path));
    let inner: PathBuf = fs::read_dir(&folders[1]).unwrap().next().unwrap().unwrap().path();
    for folder in [&state, &folders[0], &folders[1], &inner] {
        set_mode(folder, 0o555);
    }
    let Some(argv) = without_privilege(&["list"]) else { return };
    let (code, said) = call(&workspace, &argv);
    for folder in [&inner, &folders[1], &folders[0], &state] {
        set_mode(folder, 0o755);
    }
    assert_eq!(code, 0, "{said}");
    let said = said.replace('\n', "");
    assert!(said.contains("state folder") && said.contains("hello"), "{said}");
    assert!(said.contains(inner.file_name().unwrap().to_str().unwrap()) && said.contains("TOOLSMITH_HOME"), "{said}");
    assert_eq!(workspace.json(&["list"]).0, before);
}

#[test]
fn a_tools_folder_that_may_not_be_written_leaves_the_move_for_later() {
    let workspace = hello();
    let approve = approve_args(&workspace);
    let approve: Vec<&str> = approve.iter().map(String::as_str).collect();
    set_mode(workspace.home().parent().unwrap(), 0o755);
    give_away(&workspace.home());
    let Some(argv) = without_privilege(&approve) else { return };
    let folders = ["tools/approved", "tools/experimental"].map(|path| workspace.path(path));
    for folder in &folders {
        set_mode(folder, 0o555);
    }
    let (code, said) = call(&workspace, &argv);
    assert_eq!(code, 1, "{said}");
    let said = said.replace('\n', "");
    assert!(said.contains("tools/approved") && said.contains("make the folder writable"), "{said}");
    assert!(workspace.path("tools/experimental/hello.sh").exists());

    let list = without_privilege(&["list"]).unwrap();
    let (code, said) = call(&workspace, &list);
    let said = said.replace('\n', "");
    assert!(code == 0 && said.contains("operation 1 is not finished") && said.contains("tools/approved"), "{said}");
    for folder in &folders {
        set_mode(folder, 0o777);
    }
    assert_eq!(call(&workspace, &list).0, 0);
    assert!(workspace.path("tools/approved/hello/hello.sh").exists());
    assert!(!workspace.path("tools/experimental/hello.sh").exists());
}

/// A small file system in memory, gone when this is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it at this folder; `None` when that is not allowed here.
    pub fn new(at: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "toolsmith-test"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(at.to_owned()));
        }
        needs::not_run("no file system can be mounted here");
        None
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let written = fs::write(self.0.join("filler"), vec![b'x'; 8 << 20]);
        assert!(written.is_err());
        // What was left over below the size of that one write.
        let mut rest = 0;
        while fs::write(self.0.join(format!("filler-{rest}")), vec![b'x'; 4096]).is_ok() {
            rest += 1;
        }
    }

    pub fn make_room(&self) {
        for entry in fs::read_dir(&self.0).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with("filler") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

#[test]
fn a_full_disk_below_the_state_is_named_and_nothing_is_lost() {
    let workspace = hello();
    let Some(disk) = SmallDisk::new(&workspace.home()) else { return };
    let (before, _) = workspace.json(&["list"]);
    disk.fill();
    workspace.write("tools/experimental/second.sh", "#!/bin/sh\n# Comes when there is no room.\necho 2\n");
    let (list, code) = workspace.json(&["list"]);
    assert_eq!((code, &list["total"]), (0, &json!(2)), "{list:#}");
    let (failed, code) = workspace.json(&["run", "hello"]);
    assert_eq!((code, &failed["error"]["code"]), (70, &json!("not-writable")), "{failed}");
    let words = format!("{}; {}", failed["error"]["message"], failed["error"]["hint"]);
    assert!(words.contains("the disk is full") && words.contains("free some space"), "{words}");
    disk.make_room();
    let (after, _) = workspace.json(&["list"]);
    assert_eq!(after["tools"][0], before["tools"][0]);
    assert_eq!(after["total"], 2);
    assert_eq!(workspace.json(&["verify"]).1, 0);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
}

#[test]
fn a_full_disk_below_the_tools_leaves_the_move_for_later() {
    let workspace = Workspace::new();
    let Some(disk) = SmallDisk::new(&workspace.path("tools")) else { return };
    let script = format!("#!/bin/sh\n# Says hello.\n{}", "echo hello\n".repeat(3_000));
    workspace.write("tools/experimental/hello.sh", &script);
    let approve = approve_args(&workspace);
    let approve: Vec<&str> = approve.iter().map(String::as_str).collect();
    disk.fill();
    let mut terminal = Terminal::toolsmith(&workspace, &approve, (200, 50));
    assert_eq!(terminal.wait_end().exit_code(), 1, "{}", terminal.text());
    assert!(terminal.text().replace('\n', "").contains("free some disk space"), "{}", terminal.text());
    assert_eq!(fs::read_to_string(workspace.path("tools/experimental/hello.sh")).unwrap(), script);
    disk.make_room();
    let (list, _) = workspace.json(&["list"]);
    assert_eq!(list["tools"][0]["path"], "tools/approved/hello/hello.sh", "{list:#}");
    assert_eq!(list["total"], 1);
}

#[test]
fn without_git_approving_works_and_the_doctor_says_what_is_missing() {
    let workspace = hello().with_git();
    let commits = workspace.commits();
    let git = workspace.git(&["rev-parse", "HEAD"]);
    let workspace = workspace.with_programs(&["sh"]);
    let approve = approve_args(&workspace);
    let approve: Vec<&str> = approve.iter().map(String::as_str).collect();
    assert_eq!(Terminal::toolsmith(&workspace, &approve, (120, 40)).wait_end().exit_code(), 0);
    assert!(workspace.path("tools/approved/hello/approval.toml").exists());
    let head = fs::read_to_string(workspace.path(".git/refs/heads/main")).unwrap();
    assert_eq!((head.trim(), commits), (git.as_str(), 1));
    let (report, _) = workspace.json(&["doctor"]);
    let said = report.to_string();
    assert!(said.contains("git") && said.contains("not installed"), "{report:#}");
}

#[test]
fn without_python_its_tools_say_so_and_the_others_run() {
    let workspace = hello().with_script("snake", "print('{}')").with_programs(&["sh"]);
    let (list, _) = workspace.json(&["list"]);
    let tools = list["tools"].as_array().unwrap();
    let row = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    assert_eq!((&row("hello")["runnable"], &row("snake")["runnable"]), (&json!(true), &json!(false)));
    assert!(row("snake")["reason"].as_str().unwrap().contains("python"), "{}", row("snake")["reason"]);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    let (refused, code) = workspace.json(&["run", "snake"]);
    assert!((code == 4 || code == 1) && refused.to_string().contains("python"), "{code}: {refused}");
}
