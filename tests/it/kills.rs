//! Kill -9 at any point of a decision: after the next start either nothing or everything happened.
//!
//! The program is killed at a random time of a call, as long as an undisturbed call takes. Then it is
//! asked for the catalog, which finishes what was begun, and everything a human could look at is
//! compared with what the log says. The seed is part of every message; the same one may be given in
//! `TOOLSMITH_TEST_SEED` to make the same decisions at the same times.

use crate::support::{Terminal, Workspace};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a call may take that is not killed, because nobody knows yet how long it takes.
const FIRST_CALL: Duration = Duration::from_mins(1);

/// Where each version lies: digest to folder.
type Places = BTreeMap<String, String>;

/// The files of one version, by path.
type Files = BTreeMap<String, String>;

/// Whether moves are committed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Git {
    Committed,
    NotInstalled,
    NoWorkTree,
}

/// A workspace in which decisions are killed.
struct World {
    workspace: Workspace,
    git: Git,
    seed: u64,
    random: u64,
    /// The files of every version, by digest.
    versions: BTreeMap<String, Files>,
    /// How long an undisturbed call of a verb took.
    lasts: BTreeMap<&'static str, Duration>,
    /// Where everything lay at the last look.
    places: Places,
    /// The log at the last look, oldest entries first.
    log: Vec<Value>,
    /// How many calls were killed.
    kills: usize,
    /// How many of them had not happened.
    undone: usize,
}

/// One call.
#[derive(Clone)]
struct Step {
    verb: &'static str,
    args: Vec<String>,
}

fn version(number: u32) -> Files {
    let manifest = format!(
        "name = \"alpha\"\nversion = \"{number}.0.0\"\ndescription = \"Counts\"\n[run]\ncommand = [\"sh\", \"{{file}}\"]\n"
    );
    let script = format!("echo {number}\n").repeat(500);
    [("tool.toml", manifest), ("alpha.sh", script), ("lib/same.txt", "the same in both\n".to_owned())]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text))
        .collect()
}

impl World {
    /// Two versions of one tool: the first approved, the second waiting.
    fn new(git: Git, seed: u64) -> World {
        let mut workspace = Workspace::new();
        for stage in ["core", "approved", "experimental", "archived"] {
            workspace.write(&format!("tools/{stage}/.gitkeep"), "");
        }
        workspace = match git {
            Git::Committed => workspace.with_git(),
            Git::NotInstalled => workspace.with_git().with_programs(&["sh"]),
            Git::NoWorkTree => workspace,
        };
        let mut world = World {
            workspace,
            git,
            seed,
            random: seed,
            versions: BTreeMap::new(),
            lasts: BTreeMap::new(),
            places: Places::new(),
            log: Vec::new(),
            kills: 0,
            undone: 0,
        };
        world.drop_version(1);
        let approve = world.approve().unwrap();
        world.call(&approve);
        world.drop_version(2);
        (world.places, world.log) = (world.read_places(), world.read_log());
        world
    }

    /// Drops a version as an agent would, and commits it as its author would.
    fn drop_version(&mut self, number: u32) {
        let files = version(number);
        for (path, text) in &files {
            self.workspace.write(&format!("tools/experimental/alpha/{path}"), text);
        }
        if self.git == Git::Committed {
            self.workspace.git(&["add", "-A"]);
            self.workspace.git(&["commit", "-q", "-m", "a new version"]);
        }
        let found = self.read_places().into_keys().find(|digest| !self.versions.contains_key(digest)).unwrap();
        self.versions.insert(found, files);
    }

    /// A number below `end`: splitmix64.
    fn draw(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn ask(&self, args: &[&str]) -> Value {
        let (answer, code) = self.workspace.json(args);
        assert_eq!(code, 0, "seed {}: {args:?}: {answer:#}", self.seed);
        answer
    }

    fn read_places(&self) -> Places {
        let (seen, archived) = (self.ask(&["list"]), self.ask(&["list", "--stage", "archived"]));
        let rows = [seen, archived].into_iter().flat_map(|list| list["tools"].as_array().unwrap().clone());
        let mut places = Places::new();
        for row in rows {
            let before = places.insert(text(&row["digest"]), text(&row["placement"]["base"]));
            assert_eq!(before, None, "seed {}: a version lies in two places: {row:#}", self.seed);
        }
        places
    }

    fn read_log(&self) -> Vec<Value> {
        let mut entries = self.ask(&["log", "--limit", "1000"])["operations"].as_array().unwrap().clone();
        entries.reverse();
        entries
    }

    /// How to approve what waits.
    fn approve(&self) -> Option<Step> {
        let waiting = self.ask(&["reviews"]);
        let review = waiting["reviews"].as_array().unwrap().first()?;
        Some(step(
            "approve",
            &[&review["id"].to_string(), "--digest", &text(&review["digest"])[..12], "--unread", "--reason", "a test"],
        ))
    }

    /// What can be done now, one of it.
    fn choose(&mut self) -> Step {
        let mut can = Vec::new();
        let archived: Vec<&String> = self.places.values().filter(|base| base.contains("/archived/")).collect();
        if let Some(approve) = self.approve() {
            // Weighed more: it is the one that moves two versions.
            can.extend([approve.clone(), approve]);
        }
        if archived.len() < self.places.len() {
            can.push(step("archive", &["alpha"]));
        }
        if let Some(approve) = self.approve() {
            let id = approve.args[1].clone();
            can.push(step("reject", &[&id, "--reason", "not yet good"]));
            can.push(step("request-changes", &[&id, "--reason", "name it better"]));
            can.push(step("comment", &[&id, "what is this for?"]));
        } else if self.places.values().any(|base| base.contains("/approved/")) {
            can.push(step("promote", &["alpha", "--to", "core"]));
        }
        if self.places.values().any(|base| base.contains("/experimental/")) {
            can.push(step("grant", &["tools/experimental/alpha/tool.toml", "--agent", "bot"]));
        }
        can.extend(archived.iter().map(|base| step("restore", &[&format!("{base}/tool.toml")])));
        if self.log.iter().any(|entry| entry["reversible"] == true && entry["undone_by"].is_null()) {
            can.extend([step("undo", &[]), step("undo", &[])]);
        }
        let chosen = self.draw(can.len() as u64);
        can.swap_remove(usize::try_from(chosen).unwrap())
    }

    /// Makes a call to its end.
    fn call(&mut self, step: &Step) {
        let begin = Instant::now();
        let mut terminal = self.start(step);
        let end = terminal.wait_end();
        assert!(end.success(), "seed {}: {:?}: {}", self.seed, step.args, terminal.text());
        self.lasts.insert(step.verb, begin.elapsed());
    }

    fn start(&self, step: &Step) -> Terminal {
        let args: Vec<&str> = step.args.iter().map(String::as_str).collect();
        Terminal::toolsmith(&self.workspace, &args, (120, 40))
    }

    /// One decision, killed at a random point of it, and what came of it.
    fn kill_once(&mut self) {
        let step = self.choose();
        let lasts = self.lasts.get(step.verb).copied();
        let after = lasts.map_or(FIRST_CALL, |lasts| {
            let micros = u64::try_from(lasts.as_micros()).unwrap();
            Duration::from_micros(self.draw(micros + micros / 10))
        });
        let begin = Instant::now();
        let mut terminal = self.start(&step);
        let killed = !terminal.ends_within(after);
        if killed {
            terminal.signal(Signal::KILL);
        }
        let success = terminal.wait_end().success();
        if success && lasts.is_none() {
            self.lasts.insert(step.verb, begin.elapsed());
        }
        self.kills += usize::from(killed);
        // A version may be in the way of another one; then the call fails and nothing may have happened.
        self.check(&step, (!killed).then_some(usize::from(success)));
    }

    /// Compares everything with the log. `added` is how many entries it must have got.
    fn check(&mut self, step: &Step, added: Option<usize>) {
        let (places, entries) = (self.read_places(), self.read_log());
        let context = format!("seed {}, kill {}, {:?}", self.seed, self.kills, step.args);
        let new = &entries[self.log.len()..];
        assert!(new.len() <= 1 && added.is_none_or(|added| added == new.len()), "{context}: {new:#?}");
        let mut expected = self.places.clone();
        match new.first() {
            None => self.undone += usize::from(added.is_none()),
            Some(entry) => apply(&mut expected, entry, &entries),
        }
        assert_eq!(places, expected, "{context}: {new:#?}");
        self.check_disk(&places, &context);
        // No decision is lost, and none is counted twice.
        let decides = |entry: &&Value| {
            entry["verb"].as_str().is_some_and(|verb| ["approve", "reject", "request-changes"].contains(&verb))
        };
        assert_eq!(self.ask(&["feedback"])["count"], entries.iter().filter(decides).count(), "{context}");
        self.check_comments(&entries, &context);
        let verified = self.ask(&["verify"]);
        assert_eq!(verified["faults"], Value::Array(Vec::new()), "{context}");
        if self.git == Git::Committed {
            self.check_git(&entries, &context);
        }
        (self.places, self.log) = (places, entries);
    }

    /// Beside what waits stands each comment of the log that was not taken back, once.
    fn check_comments(&self, entries: &[Value], context: &str) {
        for review in self.ask(&["reviews"])["reviews"].as_array().unwrap() {
            let stands = |entry: &&Value| entry["verb"] == "comment" && entry["undone_by"].is_null();
            let of_it = |entry: &&Value| entry["detail"]["review"] == review["id"];
            let logged: Vec<&Value> =
                entries.iter().filter(stands).filter(of_it).map(|entry| &entry["detail"]["undo"]["comment"]).collect();
            let answer = self.ask(&["review", &review["id"].to_string()]);
            let comments = answer["comments"].as_array().unwrap().iter();
            let here = comments.filter(|comment| comment["review"] == review["id"]);
            let shown: Vec<&Value> = here.map(|comment| &comment["id"]).collect();
            assert_eq!(shown, logged, "{context}");
        }
    }

    /// Every folder holds exactly one whole version, and nothing is left anywhere.
    fn check_disk(&self, places: &Places, context: &str) {
        let mut expected = BTreeMap::new();
        for (digest, base) in places {
            for (path, content) in &self.versions[digest] {
                expected.insert(format!("{base}/{path}"), Some(content.clone()));
            }
            if base.contains("/approved/") || base.contains("/core/") {
                expected.insert(format!("{base}/approval.toml"), None);
            }
        }
        let mut found = BTreeMap::new();
        for path in below(&self.workspace.path("tools")) {
            let inside = format!("tools/{path}");
            assert!(!path.contains(".toolsmith-"), "{context}: left behind: {inside}");
            if path.ends_with('/') || path.ends_with(".gitkeep") {
                continue;
            }
            let content = fs::read_to_string(self.workspace.path(&inside)).unwrap();
            found.insert(inside.clone(), (!inside.ends_with("approval.toml")).then_some(content));
        }
        assert_eq!(found, expected, "{context}");
        let folders = below(&self.workspace.path("tools")).into_iter().filter(|path| path.ends_with('/'));
        for folder in folders {
            let whole = format!("tools/{folder}");
            let is_used = expected.keys().any(|path| path.starts_with(&whole)) || folder.matches('/').count() == 1;
            assert!(is_used, "{context}: an empty folder is left: {whole}");
        }
        for state in below(&self.workspace.home()) {
            let half = state.contains("/.incoming/") || state.contains("/scratch/");
            assert!(!half || state.ends_with(".incoming/") || state.ends_with("scratch/"), "{context}: left: {state}");
        }
    }

    /// One commit for each operation, and nothing that is not committed.
    fn check_git(&self, entries: &[Value], context: &str) {
        // Git goes on for a moment after we were killed; its lock shows it.
        let give_up = Instant::now() + Duration::from_secs(10);
        while self.workspace.path(".git/index.lock").exists() {
            assert!(Instant::now() < give_up, "{context}: git's lock stays");
            std::thread::yield_now();
        }
        let format = "--format=%(trailers:key=Toolsmith-Operation,valueonly,separator=%x2C)";
        let log = self.workspace.git(&["log", "--reverse", format]);
        let committed: Vec<&str> = log.split_whitespace().collect();
        let logged: Vec<String> = entries.iter().filter(|e| moves(e, entries)).map(|e| e["id"].to_string()).collect();
        assert_eq!(committed, logged, "{context}");
        assert_eq!(self.workspace.git(&["status", "--porcelain"]), "", "{context}");
    }
}

fn step(verb: &'static str, args: &[&str]) -> Step {
    Step { verb, args: [verb].iter().chain(args).map(|arg| (*arg).to_owned()).collect() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The note for undo of an entry, or of the entry that it took back.
fn note<'a>(entry: &'a Value, entries: &'a [Value]) -> &'a Value {
    let target = entries.iter().find(|other| other["id"] == entry["detail"]["operation"]);
    &target.filter(|_| entry["verb"] == "undo").unwrap_or(entry)["detail"]["undo"]
}

/// Whether an entry of the log moved files.
fn moves(entry: &Value, entries: &[Value]) -> bool {
    note(entry, entries)["after"].is_object()
}

/// What an entry of the log did to the places.
fn apply(places: &mut Places, entry: &Value, entries: &[Value]) {
    let place = |placed: &Value| (text(&placed["digest"]), text(&placed["placement"]["base"]));
    let insert = |places: &mut Places, placed: &Value| {
        let (digest, base) = place(placed);
        places.insert(digest, base);
    };
    if !moves(entry, entries) {
        return;
    }
    let note = note(entry, entries);
    if entry["verb"] == "undo" {
        insert(places, &note["before"]);
        if note["replaced"].is_object() {
            insert(places, &note["replaced"]);
        }
        return;
    }
    if note["replaced"].is_object() {
        places.remove(&place(&note["replaced"]).0);
    }
    insert(places, &note["after"]);
}

/// Every path below a folder, folders with a `/` at their end, ascending.
fn below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                open.push((entry.path(), format!("{path}/")));
                found.insert(format!("{path}/"));
            } else {
                found.insert(path);
            }
        }
    }
    found
}

fn seed() -> u64 {
    let given = std::env::var("TOOLSMITH_TEST_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        since.as_secs() ^ u64::from(std::process::id()) << 32
    })
}

fn survive(git: Git, seed: u64, kills: usize) -> (usize, usize) {
    let mut world = World::new(git, seed);
    while world.kills < kills {
        world.kill_once();
    }
    (world.kills, world.undone)
}

#[test]
fn two_hundred_kills_leave_nothing_half_done() {
    let seed = seed();
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(move || survive(Git::Committed, seed.wrapping_add(1), 100));
        (survive(Git::Committed, seed, 100), other.join().unwrap())
    });
    let (kills, undone) = (one.0 + two.0, one.1 + two.1);
    eprintln!("seed {seed}: {kills} kills, {undone} calls had not happened and {} had", kills - undone);
    assert!(undone > 0 && undone < kills, "the kills did not hit the decisions: {undone} of {kills}");
}

#[test]
fn kills_leave_nothing_half_done_where_git_is_not_installed() {
    survive(Git::NotInstalled, seed(), 20);
}

#[test]
fn kills_leave_nothing_half_done_where_there_is_no_work_tree() {
    survive(Git::NoWorkTree, seed(), 20);
}
