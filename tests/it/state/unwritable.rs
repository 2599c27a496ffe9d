//! A state that cannot be written, or in whose place something else lies: looking works and says so.

use super::{LOOKING, at_terminal, state_of, used};
use crate::scarce::{SmallDisk, call, give_away, set_mode, without_privilege};
use crate::support::Workspace;
use rusqlite::Connection;
use rustix::fs::{CWD, FileType, Mode};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use toolsmith::domain::Instant;
use toolsmith::store::{NewOperation, Store, StoreError};

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_dir() {
            all.extend(below(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all
}

#[test]
fn a_state_that_may_not_be_written_can_be_looked_at_with_what_is_not_yet_in_its_main_file() {
    let workspace = used();
    let state = state_of(&workspace);
    // Somebody has it open: what is written now stays in the log of the database.
    let open = Connection::open(state.join("store.db")).unwrap();
    let _: i64 = open.query_row("SELECT count(*) FROM operations", [], |row| row.get(0)).unwrap();
    assert_eq!(at_terminal(&workspace, &["archive", "second"], "").0, 0);
    assert!(fs::metadata(state.join("store.db-wal")).unwrap().len() > 0);
    for without_index in [false, true] {
        if without_index {
            fs::remove_file(state.join("store.db-shm")).unwrap();
        }
        give_away(&workspace.home());
        set_mode(workspace.home().parent().unwrap(), 0o755);
        let all = below(&workspace.home());
        let modes: Vec<u32> = all.iter().map(|path| mode_of(path)).collect();
        for (path, mode) in all.iter().zip(&modes) {
            set_mode(path, mode & !0o222);
        }
        let Some(list) = without_privilege(&["log"]) else { return };
        let (code, said) = call(&workspace, &list);
        assert!(code == 0 && said.contains("archive"), "{said}");
        for args in LOOKING {
            let argv = without_privilege(args).unwrap();
            let (code, said) = call(&workspace, &argv);
            let said = said.replace('\n', "");
            assert!(code < 2 && said.contains("deciding and running are disabled"), "{args:?}: {code} {said}");
        }
        let argv = without_privilege(&["verify"]).unwrap();
        let (code, said) = call(&workspace, &argv);
        assert!(code == 0 && said.contains("2 log entries"), "{said}");
        let argv = without_privilege(&["run", "hello"]).unwrap();
        let (code, said) = call(&workspace, &argv);
        assert!(code == 70 && said.replace('\n', "").contains("cannot use the state folder"), "{said}");
        for (path, mode) in all.iter().zip(&modes) {
            set_mode(path, *mode);
        }
    }
    drop(open);
}

fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn on_a_full_disk_everything_can_be_looked_at_and_nothing_is_acknowledged() {
    let workspace = used();
    let kept = workspace.home().with_file_name("kept");
    fs::rename(workspace.home(), &kept).unwrap();
    let Some(disk) = SmallDisk::new(&workspace.home()) else { return };
    crate::support::copy_folder(&kept, &workspace.home());
    disk.fill();
    workspace.write("tools/experimental/third.sh", "#!/bin/sh\n# Comes when there is no room.\necho 3\n");
    for args in LOOKING {
        let output = workspace.toolsmith(args).output().unwrap();
        assert!(output.status.code().unwrap() < 2, "{args:?}: {output:?}");
    }
    let (list, code) = workspace.json(&["list"]);
    assert_eq!((code, &list["total"]), (0, &json!(3)), "{list:#}");
    assert!(list["problems"].to_string().contains("the disk is full") || !list.to_string().contains("problems"));
    assert_eq!(workspace.json(&["verify"]).1, 0);
    assert_eq!(workspace.json(&["run", "hello"]).1, 70);
    disk.make_room();
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    assert_eq!(workspace.json(&["verify"]).1, 0);
}

/// Puts something in the place of a file.
type Plant = fn(&Path);

#[test]
fn what_is_no_file_in_the_place_of_the_database_is_named() {
    let workspace = used();
    let state = state_of(&workspace);
    let database = state.join("store.db");
    super::remove_database(&state);
    let cases: [(&str, Plant); 4] = [
        ("is a folder, not a file", |path| fs::create_dir(path).unwrap()),
        ("is a named pipe, not a file", |path| {
            rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        }),
        ("is a dangling symbolic link, not a file", |path| {
            std::os::unix::fs::symlink("gone", path).unwrap();
        }),
        ("is a device, not a file", |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
    ];
    for (words, plant) in cases {
        for path in [&database, &state.join("store.db-wal"), &state.join("open.lock")] {
            drop(fs::remove_file(path));
            plant(path);
            let (refused, code) = workspace.json(&["list"]);
            let said = refused.to_string();
            assert!(code == 70 && said.contains(words) && said.contains("move it away"), "{path:?}: {said}");
            if path.is_dir() { fs::remove_dir(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
    }
}

#[test]
fn where_no_state_can_be_made_tools_can_be_looked_at() {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/hello.sh", "#!/bin/sh\n# Says hello.\necho hello\n");
    fs::write(workspace.home().join("toolsmith"), "a file").unwrap();
    let output = workspace.toolsmith(&["list"]).output().unwrap();
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("hello"), "{out} {said}");
    assert!(said.contains("cannot use the state folder") && said.contains("TOOLSMITH_HOME"), "{said}");
    assert_eq!(workspace.json(&["run", "hello"]).1, 70);
}

#[test]
fn a_clock_that_went_back_is_seen_in_the_log_and_by_verify() {
    let workspace = used();
    let mut store = Store::open(&state_of(&workspace)).unwrap();
    let entry = NewOperation {
        who: "Ada".to_owned(),
        verb: "resolve".to_owned(),
        subject: "x".to_owned(),
        detail: json!({}),
        reversible: false,
    };
    let earlier = Instant(store.operations(1, None).unwrap()[0].at.0 - 7_200_000);
    store.transact(earlier, |tx| tx.log(&entry)).map(drop).map_err(|error: StoreError| error).unwrap();
    drop(store);
    let (log, _) = workspace.json(&["log", "--limit", "1"]);
    assert_eq!(log["clock_went_back"], json!([[2, 7_200_000]]), "{log:#}");
    let text = workspace.toolsmith(&["log"]).output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&text).contains("the system clock was set back by 2h"), "{text:?}");
    let (verified, code) = workspace.json(&["verify"]);
    assert!(code == 0 && verified["notes"].to_string().contains("the system clock was set back by 2h"), "{verified:#}");
}
