//! Kill -9 at any point of whatever writes: runs, approvals, askings for better versions, buffers, backups, and the
//! workbench. What was acknowledged is there afterwards, once; what was not is there once or not at all.
//!
//! A few dozen kills in every test run; `tests/kills/run` (`TOOLSMITH_KILLS=500`) makes as many as it says. The seed is part of
//! every message and may be given in `TOOLSMITH_TEST_SEED`.

use crate::support::{Terminal, Workspace};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Kills in an ordinary test run.
const QUICK: usize = 30;

/// What is killed.
const ACTS: [Act; 6] = [Act::Run, Act::Approve, Act::Evolve, Act::Buffer, Act::Backup, Act::Workbench];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Run,
    Approve,
    Evolve,
    Buffer,
    Backup,
    Workbench,
}

struct World {
    workspace: Workspace,
    seed: u64,
    random: u64,
    /// How long an undisturbed call took.
    lasts: BTreeMap<Act, Duration>,
    kills: BTreeMap<Act, usize>,
    /// Runs of `hello` that were acknowledged.
    runs: Vec<i64>,
    /// Runs that were begun, acknowledged or not.
    begun: usize,
    /// Workbenches that were opened.
    opened: usize,
    /// Items that were acknowledged.
    items: Vec<String>,
    /// Items that were begun.
    written: usize,
    /// Approvals that were acknowledged, by tool.
    approved: Vec<String>,
    /// Tools that wait for an approval.
    waiting: Vec<String>,
    tools: usize,
}

impl World {
    fn new(seed: u64) -> World {
        let workspace = Workspace::new();
        workspace.write("tools/experimental/hello.sh", "#!/bin/sh\n# Says hello.\necho hello\n");
        workspace.write(
            "tools/experimental/counter/tool.toml",
            "name = \"counter\"\nversion = \"1.0.0\"\ndescription = \"Counts\"\n[run]\ncommand = [\"sh\", \"{file}\"]\n\
             entry = \"counter.sh\"\n",
        );
        workspace.write("tools/experimental/counter/counter.sh", "#!/bin/sh\necho 1\n");
        let config = workspace.home().join("toolsmith/config");
        fs::create_dir_all(&config).unwrap();
        let answer = "echo '```sh counter.sh'; echo '#!/bin/sh'; echo 'echo 2'; echo '```'";
        let text = format!(
            "[generators.scripted]\ncommand = [\"sh\", \"-c\", {}]\n[evolve]\ngenerators = [\"scripted\"]\n",
            json!(answer)
        );
        fs::write(config.join("config.toml"), text).unwrap();
        let world = World {
            workspace,
            seed,
            random: seed,
            lasts: BTreeMap::new(),
            kills: BTreeMap::new(),
            runs: Vec::new(),
            begun: 0,
            opened: 0,
            items: Vec::new(),
            written: 0,
            approved: Vec::new(),
            waiting: Vec::new(),
            tools: 0,
        };
        world.workspace.json(&["list"]);
        world
    }

    /// A number below `end`: splitmix64.
    fn draw(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    fn state(&self) -> PathBuf {
        let all = self.workspace.home().join("toolsmith/data/workspaces");
        fs::read_dir(all).unwrap().next().unwrap().unwrap().path()
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.state().join("store.db")).unwrap();
        database.busy_timeout(Duration::from_secs(30)).unwrap();
        database
    }

    fn backups(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state().join("backups")).into_iter().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        found.retain(|path| path.extension().is_some_and(|end| end == "db"));
        found
    }

    /// What is to be called now.
    fn args(&mut self, act: Act) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match act {
            Act::Run | Act::Backup => {
                if act == Act::Backup {
                    // So that one is due when the run is over.
                    self.backups().iter().for_each(|path| fs::remove_file(path).unwrap());
                }
                self.begun += 1;
                words(&["run", "hello", "--json"])
            }
            Act::Evolve => words(&["evolve", "counter", "Say two", "--rounds", "1"]),
            Act::Buffer => {
                self.written += 1;
                let item = format!("{{\"n\":{}}}", self.written);
                words(&["buffer", "write", &item, "--buffer", "kept", "--strategy", "manual", "--json"])
            }
            Act::Workbench => {
                self.opened += 1;
                Vec::new()
            }
            Act::Approve => {
                self.tools += 1;
                let name = format!("tool-{}", self.tools);
                let text = format!("#!/bin/sh\n# The tool {name}.\necho {name}\n");
                self.workspace.write(&format!("tools/experimental/{name}.sh"), &text);
                let (reviews, _) = self.workspace.json(&["reviews"]);
                let all = reviews["reviews"].as_array().unwrap();
                let review = all.iter().find(|review| review["tool"] == name).unwrap();
                self.waiting.push(name);
                let digest = &review["digest"].as_str().unwrap()[..12];
                words(&["approve", &review["id"].to_string(), "--digest", digest, "--unread", "--reason", "a test"])
            }
        }
    }

    /// One call, killed at a random point of it. One that was not killed was acknowledged.
    fn act(&mut self, act: Act) {
        let args = self.args(act);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let usual = if act == Act::Workbench { Some(Duration::from_millis(1_500)) } else { None };
        let lasts = self.lasts.get(&act).copied().or(usual);
        let begin = Instant::now();
        let mut terminal = Terminal::toolsmith(&self.workspace, &args, (200, 50));
        if act == Act::Workbench {
            // Notices the tools, opens what waits, leaves marks: whatever these keys do, it is at a random point of it.
            terminal.send("jjrR\r m\x1b");
        }
        let after = lasts.map_or(Duration::from_mins(1), |lasts| {
            let micros = u64::try_from(lasts.as_micros()).unwrap();
            Duration::from_micros(self.draw(micros + micros / 5))
        });
        let killed = !terminal.ends_within(after);
        if killed {
            terminal.signal(Signal::KILL);
            *self.kills.entry(act).or_default() += 1;
        }
        let success = terminal.wait_end().success();
        if !killed && act != Act::Workbench {
            // An asking that goes on where another one was cut off may find nothing better; it is refused in words.
            assert!(success || act == Act::Evolve, "seed {}: {args:?}: {}", self.seed, terminal.text());
            self.lasts.entry(act).or_insert(begin.elapsed());
            self.acknowledge(act, &terminal.text());
        }
        self.check(act);
    }

    fn acknowledge(&mut self, act: Act, said: &str) {
        match act {
            Act::Run | Act::Backup => {
                let answer: Value = serde_json::from_str(&said.replace('\n', "")).unwrap_or(Value::Null);
                self.runs.extend(answer["run"]["id"].as_i64());
            }
            Act::Buffer => self.items.push(format!("{{\"n\":{}}}", self.written)),
            Act::Approve => self.approved.extend(self.waiting.last().cloned()),
            Act::Evolve | Act::Workbench => {}
        }
    }

    fn check(&mut self, act: Act) {
        let context = format!("seed {}, kills {:?}, last {act:?}", self.seed, self.kills);
        let (verified, code) = self.workspace.json(&["verify"]);
        assert_eq!((code, &verified["faults"]), (0, &json!([])), "{context}: {verified:#}");
        let (list, _) = self.workspace.json(&["list"]);
        assert!(!list["problems"].to_string().contains("\"state\""), "{context}: {list:#}");
        let database = self.database();
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = database.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        // Runs: each acknowledged one once, as it was told, and no more than were begun.
        for run in &self.runs {
            let sql = format!("SELECT count(*) FROM runs WHERE id = {run} AND outcome = 'succeeded'");
            assert_eq!(number(&sql), 1, "{context}: run {run}");
            assert!(self.state().join(format!("runs/{run}.spool")).exists(), "{context}: output of run {run}");
        }
        let of_hello = number("SELECT count(*) FROM runs WHERE tool = 'hello' AND caller NOT LIKE 'agent%'");
        // The keys that a workbench gets may start one more each time.
        assert!(of_hello <= i64::try_from(self.begun + self.opened).unwrap(), "{context}: {of_hello} runs");
        let alone = "SELECT count(*) FROM runs WHERE outcome = 'running' AND id NOT IN (SELECT run FROM leases)";
        assert_eq!(number(alone), 0, "{context}: a run without anybody who looks after it");
        // Items: each acknowledged one once, none twice.
        let items = texts("SELECT item FROM buffer_items ORDER BY seq");
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for item in &items {
            *counted.entry(item.replace(' ', "")).or_default() += 1;
        }
        for item in &self.items {
            assert_eq!(counted.get(item), Some(&1), "{context}: item {item}");
        }
        assert!(counted.values().all(|times| *times == 1), "{context}: {counted:?}");
        // Approvals: each acknowledged one in force, once; each decision once.
        for tool in &self.approved {
            let sql = format!("SELECT count(*) FROM approvals WHERE tool = '{tool}'");
            assert_eq!(number(&sql), 1, "{context}: approval of {tool}");
            let place = self.workspace.path(&format!("tools/approved/{tool}"));
            assert!(place.exists(), "{context}: {tool} was not moved");
        }
        let twice = texts("SELECT tool FROM approvals GROUP BY tool HAVING count(*) > 1");
        assert_eq!(twice, Vec::<String>::new(), "{context}: approved twice");
        let twice = texts("SELECT subject FROM operations WHERE verb = 'approve' GROUP BY subject HAVING count(*) > 1");
        assert_eq!(twice, Vec::<String>::new(), "{context}: decided twice");
        drop(database);
        // Backups: each whole.
        for path in self.backups() {
            let backup = Connection::open(&path).unwrap();
            let sound: String = backup.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok", "{context}: {}", path.display());
        }
    }
}

fn seed() -> u64 {
    let given = std::env::var("TOOLSMITH_TEST_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()) << 16)
}

#[test]
fn whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let kills = std::env::var("TOOLSMITH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(QUICK);
    let begin = Instant::now();
    let mut world = World::new(seed());
    let mut next = 0;
    while world.kills.values().sum::<usize>() < kills {
        world.act(ACTS[next % ACTS.len()]);
        next += 1;
    }
    let (runs, items, approved) = (world.runs.len(), world.items.len(), world.approved.len());
    eprintln!(
        "seed {}: {kills} kills {:?} in {next} calls and {:.0} s; acknowledged: {runs} runs, {items} items, {approved} approvals",
        world.seed,
        world.kills,
        begin.elapsed().as_secs_f64()
    );
    assert!(kills < 100 || (runs > 0 && items > 0 && approved > 0), "nothing was ever acknowledged");
}
