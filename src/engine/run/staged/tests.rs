//! Staged writes with real files: applied once, completely, at the right path, and undone.

use super::apply::{ApplyError, Step, below, in_the_way, look, perform};
use super::*;
use crate::domain::{Caller, Command, Digest, FileChange, Isolation, IsolationLevel, Observation, Profile, RunUsage};
use crate::engine::core::Actor;
use crate::engine::{Asker, Home, OpenOptions};
use crate::runner::StagedChange;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

/// A folder with files, and staged contents for it.
struct Place {
    _dir: TempDir,
    /// The folder to change.
    root: PathBuf,
    new: PathBuf,
    /// The replaced contents.
    old: PathBuf,
}

const RUN: RunId = RunId(7);

fn file(text: &str) -> Content {
    Content::File { digest: Digest::of_bytes(text.as_bytes()), mode: 0o644 }
}

impl Place {
    fn new() -> Place {
        let dir = TempDir::new().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let at = |name: &str| base.join(name);
        for folder in ["root", "new", "old"] {
            fs::create_dir(at(folder)).unwrap();
        }
        Place { root: at("root"), new: at("new"), old: at("old"), _dir: dir }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn stage(&self, path: &str, text: &str) {
        let path = below(&self.new, &self.root.join(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, path: &str, from: Content, to: Content) -> Edit {
        Edit { path: self.root.join(path), from, to }
    }

    /// A changed file, a new file in a new folder, and a deleted file with its folder.
    fn edits(&self) -> Vec<Edit> {
        self.write("a.txt", "old");
        self.write("gone/b.txt", "bye");
        self.stage("a.txt", "new");
        self.stage("made/c.txt", "hello");
        vec![
            self.edit("a.txt", file("old"), file("new")),
            self.edit("gone", Content::Folder, Content::Nothing),
            self.edit("gone/b.txt", file("bye"), Content::Nothing),
            self.edit("made", Content::Nothing, Content::Folder),
            self.edit("made/c.txt", Content::Nothing, file("hello")),
        ]
    }

    fn perform(&self, edits: &[Edit]) -> Result<Vec<String>, ApplyError> {
        perform(Step { run: RUN, source: &self.new, edits, check: &mut |_| Ok(()) })
    }

    /// Every file with its content, and every folder without content.
    fn tree(&self) -> BTreeMap<String, Option<String>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&self.root).unwrap().display().to_string();
                if path.is_dir() {
                    found.insert(name, None);
                    open.push(path);
                } else {
                    found.insert(name, Some(fs::read_to_string(path).unwrap()));
                }
            }
        }
        found
    }
}

fn tree(list: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<String>> {
    list.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))).collect()
}

const AFTER: &[(&str, Option<&str>)] = &[("a.txt", Some("new")), ("made", None), ("made/c.txt", Some("hello"))];

#[test]
fn a_step_that_was_cut_off_anywhere_is_finished_by_performing_it_again() {
    let mut cuts = 0;
    loop {
        let place = Place::new();
        let edits = place.edits();
        let mut left = cuts;
        let mut cut = |_: &'static str| {
            left -= 1;
            if left < 0 { Err(io::Error::other("cut off")) } else { Ok(()) }
        };
        let whole = perform(Step { run: RUN, source: &place.new, edits: &edits, check: &mut cut }).is_ok();
        assert_eq!(place.perform(&edits).unwrap(), Vec::<String>::new(), "after {cuts} changes");
        assert_eq!(place.tree(), tree(AFTER), "after {cuts} changes");
        if whole {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 7, "only {cuts} places to cut at");
}

#[test]
fn a_step_taken_back_leaves_what_was_there_before() {
    let place = Place::new();
    let edits = place.edits();
    let before = place.tree();
    super::apply::keep(&edits, &place.old).unwrap();
    place.perform(&edits).unwrap();
    let back: Vec<Edit> = edits.iter().map(Edit::reversed).collect();
    assert_eq!(in_the_way(&back).unwrap(), Vec::<PathBuf>::new());
    perform(Step { run: RUN, source: &place.old, edits: &back, check: &mut |_| Ok(()) }).unwrap();
    assert_eq!(place.tree(), before);
}

#[test]
fn content_that_cannot_be_written_changes_nothing_and_leaves_nothing() {
    let place = Place::new();
    let edits = place.edits();
    let made = place.new.join(place.root.join("made/c.txt").strip_prefix("/").unwrap());
    fs::write(made, "not what was recorded").unwrap();
    assert!(place.perform(&edits).is_err());
    let mut expected = tree(&[("a.txt", Some("old")), ("gone", None), ("gone/b.txt", Some("bye"))]);
    // The folder already exists; it is empty.
    expected.insert("made".to_owned(), None);
    assert_eq!(place.tree(), expected);
}

#[test]
fn what_somebody_changed_meanwhile_is_in_the_way_and_never_overwritten() {
    let place = Place::new();
    let edits = place.edits();
    assert_eq!(in_the_way(&edits).unwrap(), Vec::<PathBuf>::new());
    place.write("a.txt", "theirs");
    place.write("made/c.txt", "theirs too");
    assert_eq!(in_the_way(&edits).unwrap(), ["a.txt", "made", "made/c.txt"].map(|path| place.root.join(path)).to_vec());
    let notes = place.perform(&edits).unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(fs::read_to_string(place.root.join("a.txt")).unwrap(), "theirs");
}

#[test]
fn a_link_on_the_way_or_at_the_end_is_never_followed() {
    let place = Place::new();
    let outside = TempDir::new().unwrap();
    place.write("sub/x.txt", "in");
    place.stage("sub/x.txt", "new");
    place.stage("y.txt", "new");
    fs::write(outside.path().join("x.txt"), "in").unwrap();
    fs::rename(place.root.join("sub"), place.root.join("was")).unwrap();
    symlink(outside.path(), place.root.join("sub")).unwrap();
    symlink(outside.path().join("y.txt"), place.root.join("y.txt")).unwrap();
    let edits = [place.edit("sub/x.txt", file("in"), file("new")), place.edit("y.txt", Content::Nothing, file("new"))];
    assert_eq!(look(&edits[0].path).unwrap(), None);
    assert_eq!(in_the_way(&edits).unwrap().len(), 2);
    assert_eq!(place.perform(&edits).unwrap().len(), 2);
    assert_eq!(fs::read_to_string(outside.path().join("x.txt")).unwrap(), "in");
    assert!(!outside.path().join("y.txt").exists());
}

#[test]
fn a_file_keeps_what_it_may_do_and_never_gains_the_rights_of_others() {
    let place = Place::new();
    place.write("run.sh", "a");
    fs::set_permissions(place.root.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    place.stage("run.sh", "b");
    let staged = below(&place.new, &place.root.join("run.sh"));
    fs::set_permissions(&staged, fs::Permissions::from_mode(0o4750)).unwrap();
    let to = look(&staged).unwrap().unwrap();
    place.perform(&[place.edit("run.sh", file("a"), to)]).unwrap();
    assert_eq!(fs::metadata(place.root.join("run.sh")).unwrap().permissions().mode() & 0o7777, 0o750);
}

/// An engine with a workspace, and a run in it with staged writes.
struct World {
    dir: TempDir,
    engine: Engine,
}

impl World {
    fn new() -> World {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap().join("work");
        fs::create_dir_all(root.join("tools/experimental")).unwrap();
        fs::create_dir(root.join("out")).unwrap();
        fs::write(root.join("out/kept.txt"), "one\ntwo\n").unwrap();
        fs::write(root.join("tools/experimental/t.sh"), "true\n").unwrap();
        World { engine: World::open(&dir), dir }
    }

    fn open(dir: &TempDir) -> Engine {
        let home = Home { config: dir.path().join("config"), data: dir.path().join("data") };
        let workspace = dir.path().canonicalize().unwrap().join("work");
        let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human }).unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
        engine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.engine.workspace().join(path)
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.at(path)).ok()
    }

    /// Runs a tool that changes `out/kept.txt` and creates `out/new.txt`, up to its end.
    fn staged(&self) -> (RunId, Staged) {
        let tool = self.engine.library().resolve("t").unwrap();
        let run = self.engine.runs().open(&tool, Profile::Declared, &ada(), "").unwrap();
        let dir = self.engine.staged_writes().path(run).join("new");
        let stage = |path: &str, text: &str| {
            let path = below(&dir, &self.at(path));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        stage("out/kept.txt", "one\n2\n");
        stage("out/new.txt", "new\n");
        let before = Some(Digest::of_bytes(b"one\ntwo\n"));
        let changes = vec![
            StagedChange { path: self.at("out/new.txt"), difference: Difference::Created, before: None },
            StagedChange { path: self.at("out/kept.txt"), difference: Difference::Changed, before },
        ];
        (run, Staged { dir, changes, fault: None })
    }

    fn settle(&self, run: RunId, staged: &Staged, end: RunEnd) {
        let tool = self.engine.library().resolve("t").unwrap();
        let out = WritePath {
            path: self.at("out"),
            mode: WriteMode::Staged,
            folder: true,
            exists: true,
            protected: vec![self.at("out/kept-out")],
        };
        let ending = Ending { run, tool: &tool.name, who: "Ada", write: &[out], staged };
        let mut finished = finished(end);
        let change = |path: String| FileChange { path, difference: Difference::Created, bytes: 1, digest: None };
        let paths = staged.changes.iter().map(|staged| staged.path.display().to_string());
        let changes = std::iter::once("{scratch}/log".to_owned()).chain(paths).map(change).collect();
        finished.observation = Some(Observation { changes, ..Observation::off("not in this test") });
        self.engine.staged_writes().settle(&ending, finished).unwrap();
    }

    /// The paths that differ after the run, according to its record.
    fn result(&self, run: RunId) -> Vec<String> {
        let changes = self.engine.observations().observation(run).unwrap().unwrap().changes;
        changes.into_iter().map(|change| change.path).collect()
    }

    fn notes(&self, run: RunId) -> String {
        self.engine.runs().record(run).unwrap().notes.join("\n")
    }

    fn state(&self, run: RunId) -> StagedState {
        self.engine.staged_writes().of_run(run).unwrap().unwrap().state
    }

    fn undo(&self) -> Result<crate::domain::Outcome, EngineError> {
        self.engine.execute(Command::Undo { operation: None }, &ada())
    }
}

fn ada() -> Caller {
    Caller::Human("Ada".to_owned())
}

fn finished(end: RunEnd) -> FinishedRun {
    let level = IsolationLevel::Isolated;
    let changes: Vec<FileChange> = Vec::new();
    FinishedRun {
        end,
        usage: RunUsage::default(),
        isolation: Isolation { level, profile: Profile::Declared, layers: vec![], missing: vec![] },
        truncated: false,
        notes: vec![],
        observation: Some(Observation { changes, ..Observation::off("not in this test") }),
        departed: vec![],
        declared: crate::domain::Permissions::default(),
    }
}

const GOOD: RunEnd = RunEnd::Succeeded { exit_code: 0 };

#[test]
fn writes_of_a_run_that_succeeded_are_applied_logged_and_taken_back() {
    let world = World::new();
    let (run, staged) = world.staged();
    world.settle(run, &staged, GOOD);
    assert_eq!(
        (world.read("out/kept.txt"), world.read("out/new.txt")),
        (Some("one\n2\n".into()), Some("new\n".into()))
    );
    assert_eq!(world.state(run), StagedState::Applied);
    let [log, new, kept] = &world.result(run)[..] else { panic!("{:?}", world.result(run)) };
    assert!(log == "{scratch}/log" && new.ends_with("out/new.txt") && kept.ends_with("out/kept.txt"));
    assert!(world.notes(run).contains("2 staged writes are applied"), "{}", world.notes(run));
    let diff = world.engine.staged_writes().of_run(run).unwrap().unwrap().diff;
    assert!(diff.contains("-two\n+2\n") && diff.contains("--- /dev/null") && diff.contains("+new\n"), "{diff}");
    let logged = &world.engine.history().operations(1, None).unwrap()[0];
    assert_eq!((logged.verb.as_str(), logged.subject.as_str(), logged.reversible), ("apply", "run 1", true));
    world.undo().unwrap();
    assert_eq!((world.read("out/kept.txt"), world.read("out/new.txt")), (Some("one\ntwo\n".into()), None));
    assert_eq!(world.state(run), StagedState::TakenBack);
}

#[test]
fn an_applied_step_is_not_taken_back_over_later_work() {
    let world = World::new();
    let (run, staged) = world.staged();
    world.settle(run, &staged, GOOD);
    fs::write(world.at("out/kept.txt"), "mine").unwrap();
    let error = world.undo().unwrap_err();
    assert_eq!((error.code, error.message.contains("kept.txt")), (ErrorCode::Conflict, true), "{error}");
    assert_eq!((world.read("out/kept.txt"), world.state(run)), (Some("mine".into()), StagedState::Applied));
}

#[test]
fn writes_are_kept_and_not_applied_when_the_run_failed_or_somebody_changed_a_file_or_they_go_elsewhere() {
    type Case = (RunEnd, fn(&World, &mut Staged), &'static str);
    let failed = RunEnd::Failed { exit_code: 1, reason: "x".to_owned() };
    let cases: [Case; 5] = [
        (failed, |_, _| {}, "did not succeed"),
        (GOOD, |world, _| fs::write(world.at("out/kept.txt"), "theirs").unwrap(), "kept.txt changed while it ran"),
        (GOOD, |world, _| fs::write(world.at("out/new.txt"), "theirs").unwrap(), "new.txt changed while it ran"),
        (GOOD, |world, staged| add(world, staged, "elsewhere.txt"), "not one of the declared"),
        (GOOD, |world, staged| add(world, staged, "out/.git/config"), "not one of the declared"),
    ];
    for (end, spoil, says) in cases {
        let world = World::new();
        let (run, mut staged) = world.staged();
        spoil(&world, &mut staged);
        let before = (world.read("out/kept.txt"), world.read("out/new.txt"));
        world.settle(run, &staged, end);
        assert_eq!((world.read("out/kept.txt"), world.read("out/new.txt")), before, "{says}");
        assert!(world.notes(run).contains(says), "{says}: {}", world.notes(run));
        // A run whose writes were not applied did not succeed, whatever its exit code.
        let record = world.engine.runs().record(run).unwrap();
        let reason = record.error.unwrap_or_default();
        assert_eq!(record.outcome, crate::domain::RunOutcome::Failed, "{says}");
        match record.exit_code {
            Some(0) => {
                assert!(reason.starts_with("its writes were not applied: ") && reason.contains(says), "{reason}");
            }
            _ => assert_eq!(reason, "x"),
        }
        assert_eq!(world.state(run), StagedState::Kept, "{says}");
        assert!(!world.engine.staged_writes().of_run(run).unwrap().unwrap().diff.is_empty());
        assert_eq!(world.result(run), ["{scratch}/log"], "{says}: nothing of it is on disk");
        assert!(world.engine.history().operations(9, None).unwrap().iter().all(|operation| operation.verb != "apply"));
    }
}

fn add(world: &World, staged: &mut Staged, path: &str) {
    let kept = below(&staged.dir, &world.at(path));
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(kept, "x").unwrap();
    staged.changes.push(StagedChange { path: world.at(path), difference: Difference::Created, before: None });
}

#[test]
fn a_step_whose_process_died_is_finished_once_at_the_next_start() {
    let World { dir, engine } = World::new();
    let world = World { dir, engine };
    let (run, staged) = world.staged();
    let tool = world.engine.library().resolve("t").unwrap();
    let ending = Ending { run, tool: &tool.name, who: "Ada", write: &[], staged: &staged };
    let edits = world.engine.staged_writes().keep_edits(&ending).unwrap();
    let step = Applying { run, tool: tool.name.clone(), edits, back: false };
    let dead = Actor { who: "Ada", owner: "1:1:dead", commit: false, pen: None };
    world.engine.runs().close_with(run, &finished(GOOD), |tx| core::apply(tx, dead, step)).unwrap();
    assert_eq!((world.read("out/new.txt"), world.state(run)), (None, StagedState::Pending));
    let world = World { engine: World::open(&world.dir), dir: world.dir };
    assert_eq!((world.read("out/new.txt"), world.state(run)), (Some("new\n".into()), StagedState::Applied));
    // The writes are not applied again over later changes.
    fs::write(world.at("out/new.txt"), "mine").unwrap();
    let world = World { engine: World::open(&world.dir), dir: world.dir };
    assert_eq!(world.read("out/new.txt"), Some("mine".into()));
    assert!(world.engine.take_trouble().is_empty());
}
