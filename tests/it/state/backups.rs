//! Backups: made each day and before a change of format, a few of them kept; put back with what is newer named; and rows
//! made anew from the log.

use super::{at_terminal, decide, remove_database, state_of, used, verbs};
use crate::support::Workspace;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn backups(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("backups")).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "db"));
    found.sort();
    found
}

/// Makes the newest backup look a day older.
fn a_day_later(state: &Path) {
    for path in backups(state) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (at, operations) = name.split_once('-').unwrap();
        let at = at.parse::<i64>().unwrap() - 86_400_000;
        fs::rename(&path, path.with_file_name(format!("{at:013}-{operations}.db"))).unwrap();
    }
}

#[test]
fn a_verb_that_changes_something_makes_the_backup_of_the_day_and_seven_are_kept() {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/hello.sh", "#!/bin/sh\n# Says hello.\necho hello\n");
    assert_eq!(workspace.json(&["list"]).1, 0);
    let state = state_of(&workspace);
    assert_eq!(backups(&state), Vec::<PathBuf>::new(), "looking makes none");
    decide(&workspace, "approve");
    assert_eq!(backups(&state).len(), 1);
    let mode = fs::metadata(&backups(&state)[0]).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(fs::metadata(state.join("backups")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    assert_eq!(backups(&state).len(), 1, "one a day");
    for _ in 0..9 {
        a_day_later(&state);
        // What a killed process left.
        fs::write(state.join("backups/.making-x.tmp"), "half").unwrap();
        assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    }
    assert_eq!(backups(&state).len(), 7);
    assert!(!state.join("backups/.making-x.tmp").exists());
    let newest = Connection::open(backups(&state).pop().unwrap()).unwrap();
    let runs: i64 = newest.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).unwrap();
    assert_eq!(runs, 10);
}

#[test]
fn while_the_log_is_short_a_backup_is_made_whenever_it_has_doubled() {
    let workspace = Workspace::new();
    for name in ["one", "two", "three", "four", "five"] {
        workspace.write(&format!("tools/experimental/{name}.sh"), &format!("#!/bin/sh\necho {name}\n"));
    }
    assert_eq!(workspace.json(&["list"]).1, 0);
    let state = state_of(&workspace);
    let kept = || {
        let all = backups(&state);
        let last = all.last().unwrap().file_stem().unwrap().to_str().unwrap().split_once('-').unwrap().1.to_owned();
        (all.len(), last.parse::<i64>().unwrap())
    };
    let mut seen = Vec::new();
    for _ in 0..5 {
        decide(&workspace, "approve");
        seen.push(kept());
    }
    assert_eq!(seen, [(1, 1), (2, 2), (2, 2), (3, 4), (3, 4)]);
}

#[test]
fn a_lost_database_is_put_back_and_what_is_newer_is_named() {
    let workspace = used();
    let state = state_of(&workspace);
    decide(&workspace, "approve");
    assert_eq!(backups(&state).len(), 2);
    workspace.write("tools/experimental/third.sh", "#!/bin/sh\n# Says most.\necho most\n");
    assert_eq!(at_terminal(&workspace, &["archive", "third"], "").0, 0);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    remove_database(&state);
    let (code, said) = at_terminal(&workspace, &["doctor", "--restore"], "y");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("its log ends with entry 2"), "{said}");
    assert!(said.contains("the log had 3 entries; 1 of them is lost"), "{said}");
    assert!(said.contains("1 run is newer"), "{said}");
    assert_eq!(verbs(&workspace.json(&["log"]).0), ["approve", "approve", "restore-state"]);
    let (verified, code) = workspace.json(&["verify"]);
    assert_eq!(code, 0, "{verified:#}");
    assert_eq!(workspace.json(&["run", "hello", "--as-agent", "bot"]).1, 0, "the approval is in force again");
}

#[test]
fn what_a_backup_does_not_know_is_named_entry_by_entry_where_the_database_can_be_read() {
    let workspace = used();
    let state = state_of(&workspace);
    decide(&workspace, "approve");
    let backup = backups(&state).pop().unwrap();
    assert_eq!(at_terminal(&workspace, &["archive", "second"], "").0, 0);
    let (code, said) = at_terminal(&workspace, &["doctor", "--restore", backup.to_str().unwrap()], "y");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("newer and lost: entry 3, archive second by "), "{said}");
    // What was replaced is there, whole.
    let replaced = fs::read_dir(state.join("replaced")).unwrap().next().unwrap().unwrap().path();
    let old = Connection::open(replaced.join("store.db")).unwrap();
    let entries: i64 = old.query_row("SELECT count(*) FROM operations", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 3);
}

#[test]
fn a_damaged_backup_is_passed_over_and_a_foreign_file_is_refused() {
    let workspace = used();
    let state = state_of(&workspace);
    a_day_later(&state);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    let [_, newest] = backups(&state).try_into().unwrap();
    let half = fs::read(&newest).unwrap();
    fs::write(&newest, &half[..half.len() / 2]).unwrap();
    remove_database(&state);
    let (code, said) = at_terminal(&workspace, &["doctor", "--restore"], "y");
    assert!(code == 0 && said.contains("is skipped"), "{said}");
    let foreign = workspace.path("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let (code, said) = at_terminal(&workspace, &["doctor", "--restore", foreign.to_str().unwrap()], "");
    assert!(code == 70 && said.contains("not a toolsmith database"), "{said}");
}

#[test]
fn an_older_format_is_backed_up_before_it_is_changed() {
    let workspace = Workspace::new();
    assert_eq!(workspace.json(&["list"]).1, 0);
    let state = state_of(&workspace);
    remove_database(&state);
    fs::remove_file(state.join("seen.json")).unwrap();
    let sql = include_str!("../../../assets/migrations/0001_initial.sql");
    let old = Connection::open(state.join("store.db")).unwrap();
    old.execute_batch(sql).unwrap();
    old.execute_batch("PRAGMA application_id = 1414483788; PRAGMA user_version = 1").unwrap();
    drop(old);
    assert_eq!(workspace.json(&["list"]).1, 0);
    let kept = Connection::open(&backups(&state)[0]).unwrap();
    let format: i64 = kept.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(format, 1);
}

/// A history with something in every table that the log tells.
fn eventful() -> Workspace {
    let workspace = Workspace::new();
    let done = |args: &[&str]| {
        let (code, said) = at_terminal(&workspace, args, "");
        assert_eq!(code, 0, "{args:?}: {said}");
    };
    for name in ["alpha", "beta", "gamma", "delta"] {
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\ncost_tier = \"medium\"\n[run]\n\
             command = [\"sh\", \"{{file}}\"]\nentry = \"x.sh\"\n[permissions]\nread = [\"in\"]\n"
        );
        workspace.write(&format!("tools/experimental/{name}/tool.toml"), &manifest);
        workspace.write(&format!("tools/experimental/{name}/x.sh"), "echo 1\n");
    }
    let review_of = |name: &str| {
        let reviews = workspace.json(&["reviews"]).0;
        let all = reviews["reviews"].as_array().unwrap().clone();
        let review = all.iter().find(|review| review["tool"] == name).unwrap();
        (review["id"].to_string(), review["digest"].as_str().unwrap()[..12].to_owned())
    };
    for name in ["alpha", "beta"] {
        let (id, digest) = review_of(name);
        done(&["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"]);
    }
    let (id, _) = review_of("gamma");
    done(&["comment", &id, "what is this for?"]);
    done(&["reject", &id, "--reason", "no"]);
    done(&["undo"]);
    done(&["grant", "delta", "--agent", "bot"]);
    done(&["grant", "delta", "--agent", "other"]);
    done(&["revoke", "1"]);
    done(&["unlock", "alpha"]);
    done(&["set", "mine", "alpha,beta"]);
    done(&["set", "gone", "alpha"]);
    done(&["undo"]);
    done(&["pin", "alpha"]);
    done(&["deprecate", "beta", "--by", "alpha", "--reason", "slow"]);
    workspace
}

/// The rows of what the log tells, without times of writing.
fn rows(state: &Path) -> Vec<String> {
    let connection = Connection::open(state.join("store.db")).unwrap();
    let queries = [
        "SELECT tool, hex(digest), stage, operation, at_ms, base FROM approvals ORDER BY 1, 2",
        "SELECT review, kind, reviewer, reason, hex(digest), at_ms, lines, lines_shown, tail_shown, operation, undone, \
         override_reason, role, seen FROM decisions ORDER BY operation",
        "SELECT id, tool, hex(digest), agent, session, who, at_ms, operation, revoked FROM agent_grants ORDER BY id",
        "SELECT id, tool, tier, session, until_ms, who, at_ms, operation, revoked FROM tier_unlocks ORDER BY id",
        "SELECT name, tools, who, at_ms FROM tool_sets ORDER BY name",
        "SELECT tool, hex(digest), who, at_ms, operation FROM pins ORDER BY 1, 2",
        "SELECT tool, successor, reason, who, operation FROM deprecations ORDER BY 1",
        "SELECT id, review, tool, hex(digest), path, kind, body, who, at_ms, operation, withdrawn FROM comments ORDER BY id",
        "SELECT tool, hex(digest), permissions, who FROM grants ORDER BY 1, 2",
    ];
    let mut lines = Vec::new();
    for sql in queries {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            lines.push(format!("{}: {}", &sql[..20], values.collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

#[test]
fn rows_that_the_log_tells_are_made_anew_as_they_were() {
    let workspace = eventful();
    let state = state_of(&workspace);
    let before = rows(&state);
    for table in
        ["approvals", "decisions", "agent_grants", "tier_unlocks", "tool_sets", "pins", "deprecations", "comments"]
    {
        let number: i64 = Connection::open(state.join("store.db"))
            .unwrap()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert!(number > 0, "{table} to be made anew is not a container");
        let drop = format!("DROP TABLE {table}");
        Connection::open(state.join("store.db")).unwrap().execute_batch(&drop).unwrap();
    }
    assert_ne!(workspace.json(&["verify"]).1, 0);
    let (code, said) = at_terminal(&workspace, &["doctor", "--rebuild"], "y");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("rebuilt from the log: agent_grants, approvals"), "{said}");
    assert_eq!(rows(&state), before);
    let (verified, code) = workspace.json(&["verify"]);
    assert_eq!(code, 0, "{verified:#}");
    assert_eq!(verbs(&workspace.json(&["log"]).0).pop().unwrap(), "rebuild-state");
}

#[test]
fn rows_on_a_damaged_page_are_made_anew_and_the_others_are_kept() {
    let workspace = eventful();
    let state = state_of(&workspace);
    let before = rows(&state);
    let connection = Connection::open(state.join("store.db")).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let root = number("SELECT rootpage FROM sqlite_schema WHERE name = 'approvals'");
    let size = number("PRAGMA page_size");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    let file = fs::OpenOptions::new().write(true).open(state.join("store.db")).unwrap();
    let (size, at) = (usize::try_from(size).unwrap(), u64::try_from((root - 1) * size).unwrap());
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xee; size], at).unwrap();
    let (code, said) = at_terminal(&workspace, &["doctor", "--rebuild"], "y");
    assert!(code == 0 && said.contains("could not be fully read: approvals"), "{said}");
    assert_eq!(rows(&state), before);
    assert_eq!(workspace.json(&["verify"]).1, 0);
}

#[test]
fn a_state_that_somebody_has_open_is_not_replaced() {
    let workspace = used();
    let home = workspace.home().join("toolsmith");
    let home = toolsmith::engine::Home { config: home.join("config"), data: home.join("data") };
    let program = Some(crate::support::program().into());
    let options = toolsmith::engine::OpenOptions {
        workspace: workspace.root(),
        home,
        program,
        asker: toolsmith::engine::Asker::Human,
    };
    let engine = toolsmith::engine::Engine::open(options).unwrap();
    let (code, said) = at_terminal(&workspace, &["doctor", "--restore"], "y");
    assert!(code == 70 && said.contains("in use by another toolsmith"), "{said}");
    drop(engine);
    assert_eq!(at_terminal(&workspace, &["doctor", "--restore"], "y").0, 0);
}
