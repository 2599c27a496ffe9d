//! What is measured.

use super::terminal::Terminal;
use super::worlds::{MOST, World};
use super::{Limit, Samples};
use std::fs;
use std::time::{Duration, Instant};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
/// Removes what is typed.
const CTRL_U: &str = "\x15";

/// Silence after which nothing more is drawn because of the last key.
const SILENCE: Duration = Duration::from_millis(25);

/// How long processor time is counted for the figure of an idle workbench.
const IDLE: Duration = Duration::from_secs(10);

/// One thing that is measured.
pub struct Case {
    /// Shown, and chosen by its words.
    pub name: &'static str,
    /// What the workbench must keep to.
    pub limit: Limit,
    /// Measures the workbench, then what is put beside it.
    pub measure: fn() -> Vec<Samples>,
}

const KEY: Limit = Limit::Time(Duration::from_millis(2), Duration::from_millis(8));
const KEY_UNDER_LOAD: Limit = Limit::Time(Duration::from_millis(16), Duration::from_millis(16));
const QUARTER_OF_A_SECOND: Duration = Duration::from_millis(250);
const FIRST_ROWS: Limit = Limit::Time(Duration::from_millis(20), Duration::from_millis(40));
const COMPLETE: Limit = Limit::Time(Duration::from_millis(1_500), Duration::from_secs(3));
const KEY_OF_MOST: Limit = Limit::Time(Duration::from_millis(2), Duration::from_millis(4));
const WORK_OF_A_KEY: Limit = Limit::Time(Duration::from_millis(1), Duration::from_millis(1));

/// All of them.
pub const CASES: [Case; 16] = [
    Case { name: "first rows of 10,000 tools", limit: FIRST_ROWS, measure: first_rows },
    Case { name: "complete catalog of 10,000 tools", limit: Limit::None, measure: complete },
    Case { name: "complete, never opened before", limit: Limit::None, measure: fresh },
    Case { name: "cursor down in 10,000 tools", limit: KEY, measure: cursor },
    Case { name: "filter of 10,000 tools", limit: Limit::Peer, measure: filter },
    Case {
        name: "new file among 10,000 tools",
        limit: Limit::Time(QUARTER_OF_A_SECOND, QUARTER_OF_A_SECOND),
        measure: file,
    },
    Case { name: "key during a flood of 50 MB", limit: KEY_UNDER_LOAD, measure: flood },
    Case { name: "key while four hostile tools run", limit: KEY_UNDER_LOAD, measure: hostile },
    Case { name: "key while 200 tools are checked", limit: KEY_UNDER_LOAD, measure: checks },
    Case { name: "key during a sync of 10,000 decisions", limit: KEY_UNDER_LOAD, measure: exchange },
    Case { name: "idle with 10,000 tools", limit: Limit::Share(0.001), measure: idle },
    Case { name: "first rows of 100,000 tools", limit: Limit::Peer, measure: first_rows_of_most },
    Case { name: "complete catalog of 100,000 tools", limit: COMPLETE, measure: complete_most },
    Case { name: "cursor down in 100,000 tools", limit: KEY_OF_MOST, measure: cursor_of_most },
    Case { name: "work of a cursor key, 100,000 tools", limit: WORK_OF_A_KEY, measure: work_of_a_key },
    Case { name: "memory with 100,000 tools", limit: Limit::Memory(250), measure: memory_of_most },
];

fn ours(values: Vec<Duration>) -> Samples {
    Samples { subject: "toolsmith", values }
}

fn with_peer(own: Vec<Duration>, peer: Vec<Duration>) -> Vec<Samples> {
    let peer = Some(Samples { subject: "fzf", values: peer }).filter(|peer| !peer.values.is_empty());
    std::iter::once(ours(own)).chain(peer).collect()
}

fn is_complete(screen: &str) -> bool {
    screen.contains("Ready · 10,000 tools") || screen.contains("Ready · 100,000 tools")
}

fn has_rows(screen: &str) -> bool {
    let is_row = |line: &str| {
        let mut signs = line.chars();
        signs.next() == Some('│') && signs.nth(1).is_some_and(|sign| "○●◆".contains(sign))
    };
    screen.lines().any(is_row)
}

fn has_list(screen: &str) -> bool {
    screen.contains(" 10000/10000") || screen.contains(" 100000/100000")
}

/// From the start of the program to the first frame that is as wanted.
fn starts(times: usize, start: impl Fn() -> Terminal, wanted: fn(&str) -> bool) -> Vec<Duration> {
    let one = |_| {
        let mut terminal = start();
        terminal.until("the first frame", wanted) - terminal.started()
    };
    (0..times).map(one).collect()
}

fn first_rows() -> Vec<Samples> {
    first_rows_in(&World::many())
}

fn first_rows_of_most() -> Vec<Samples> {
    first_rows_in(&World::with(MOST))
}

fn first_rows_in(world: &World) -> Vec<Samples> {
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    // In turns, so that both meet the same machine.
    for _ in 0..15 {
        own.extend(starts(1, || world.open(&[]), has_rows));
        if let Some(mut fzf) = world.fzf() {
            peer.push(fzf.until("the list", has_list) - fzf.started());
        }
    }
    with_peer(own, peer)
}

fn complete() -> Vec<Samples> {
    let world = World::many();
    vec![ours(starts(7, || world.open(&[]), is_complete))]
}

fn complete_most() -> Vec<Samples> {
    let world = World::with(MOST);
    vec![ours(starts(5, || world.open(&[]), is_complete))]
}

fn fresh() -> Vec<Samples> {
    let mut world = World::many();
    let mut one = || {
        world.forget();
        starts(1, || world.open(&[]), is_complete)
    };
    vec![ours((0..5).flat_map(|_| one()).collect())]
}

/// Random pauses of 5 to 30 ms, so that no clock of the program is met in step.
struct Pauses(u64);

impl Pauses {
    fn wait(&mut self, terminal: &mut Terminal) {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        terminal.watch(Duration::from_millis(5 + self.0 % 26));
    }
}

/// From each key to the first frame that differs from the one before.
fn keys(terminal: &mut Terminal, keys: &[&str], times: usize) -> Vec<Duration> {
    let mut pauses = Pauses(0x9e37_79b9_7f4a_7c15);
    let one = |key: &&str| {
        pauses.wait(terminal);
        let before = cursor_lines(&terminal.text());
        let pressed = terminal.press(key);
        terminal.until("the cursor moved", |screen| cursor_lines(screen) != before) - pressed
    };
    keys.iter().cycle().take(times).map(one).collect()
}

/// The lines with a cursor: what else changes on the screen meanwhile does not count.
fn cursor_lines(screen: &str) -> Vec<String> {
    let is_cursor = |line: &&str| line.starts_with("│›") || line.starts_with("> ");
    screen.lines().filter(is_cursor).map(|line| line.chars().take(30).collect()).collect()
}

fn ready(mut terminal: Terminal, wanted: impl Fn(&str) -> bool) -> Terminal {
    terminal.until("ready", wanted);
    terminal.quiet(SILENCE);
    terminal
}

fn cursor() -> Vec<Samples> {
    cursor_in(&World::many())
}

fn cursor_of_most() -> Vec<Samples> {
    cursor_in(&World::with(MOST))
}

/// Processor time of one key, on average over many.
fn work_of_a_key() -> Vec<Samples> {
    const KEYS: u32 = 200;
    let world = World::with(MOST);
    let work = |mut terminal: Terminal, key: &str| {
        terminal.quiet(Duration::from_secs(2));
        let before = terminal.processor_time();
        keys(&mut terminal, &[key], KEYS as usize);
        vec![terminal.processor_time().saturating_sub(before) / KEYS]
    };
    let own = work(ready(world.open(&[]), is_complete), DOWN);
    with_peer(own, world.fzf().map(|fzf| work(ready(fzf, has_list), UP)).unwrap_or_default())
}

/// Memory after the catalog is complete, a second of which stands for a MiB.
fn memory_of_most() -> Vec<Samples> {
    let world = World::with(MOST);
    let memory = |mut terminal: Terminal| {
        terminal.quiet(Duration::from_secs(2));
        vec![Duration::from_secs(terminal.memory())]
    };
    let own = memory(ready(world.open(&[]), is_complete));
    with_peer(own, world.fzf().map(|fzf| memory(ready(fzf, has_list))).unwrap_or_default())
}

fn cursor_in(world: &World) -> Vec<Samples> {
    let own = keys(&mut ready(world.open(&[]), is_complete), &[DOWN], 300);
    let peer = world.fzf().map(|fzf| keys(&mut ready(fzf, has_list), &[UP], 300));
    with_peer(own, peer.unwrap_or_default())
}

/// From the last letter of a word that one tool has to the list of this one tool.
fn filtered(terminal: &mut Terminal, wanted: fn(&str) -> bool, all: fn(&str) -> bool) -> Vec<Duration> {
    let mut pauses = Pauses(7);
    let one = |_| {
        pauses.wait(terminal);
        for letter in "zebraxyl".chars() {
            terminal.press(&letter.to_string());
        }
        terminal.quiet(SILENCE);
        terminal.press(CTRL_U);
        terminal.until("no filter", all);
        terminal.quiet(SILENCE);
        let pressed = terminal.press("zebraxylo");
        let found = terminal.until("one tool", wanted) - pressed;
        terminal.press(CTRL_U);
        terminal.until("no filter", all);
        terminal.quiet(SILENCE);
        found
    };
    (0..20).map(one).collect()
}

fn filter() -> Vec<Samples> {
    let world = World::many();
    let mut terminal = ready(world.open(&[]), is_complete);
    terminal.press("/");
    terminal.quiet(SILENCE);
    let own =
        filtered(&mut terminal, |screen| screen.contains(" 1 of 10,000"), |screen| !screen.contains(" of 10,000"));
    let peer = world.fzf().map(|fzf| {
        let mut fzf = ready(fzf, has_list);
        filtered(&mut fzf, |screen| screen.contains(" 0/10000"), has_list)
    });
    with_peer(own, peer.unwrap_or_default())
}

fn file() -> Vec<Samples> {
    let world = World::many();
    let mut terminal = ready(world.open(&[]), is_complete);
    let mut pauses = Pauses(11);
    let mut one = |number: usize| {
        let (name, path) = (format!("aaa-{number:03}"), format!("tools/aaa-{number:03}.py"));
        pauses.wait(&mut terminal);
        let written = Instant::now();
        world.write(&path, "print(1)\n");
        let shown = terminal.until("the new tool", |screen| screen.contains(&name)) - written;
        fs::remove_file(world.path(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        terminal.until("the tool is gone", |screen| !screen.contains(&name));
        terminal.quiet(SILENCE);
        shown
    };
    vec![ours((0..16).map(&mut one).collect())]
}

fn flood() -> Vec<Samples> {
    let world = World::flood();
    let mut values = Vec::new();
    let is_at = |name: &'static str| {
        move |screen: &str| screen.lines().any(|line| line.starts_with("│›") && line.contains(&format!(" {name} ")))
    };
    let is_running = |screen: &str| screen.contains("running");
    let mut terminal = ready(world.open(&[]), |screen| screen.contains("Ready · 2 tools"));
    terminal.press("1g");
    let mut pauses = Pauses(13);
    // A flood is over in a fraction of a second: its output is limited.
    for _ in 0..40 {
        terminal.press("r1");
        terminal.until("the flood", |screen| is_running(screen) && screen.contains("a line of a flood"));
        for (key, name) in [("j", "other"), ("k", "flood")].repeat(4) {
            let was_running = is_running(&terminal.text());
            let pressed = terminal.press(key);
            let took = terminal.until("the cursor moved", is_at(name)) - pressed;
            // A key after the end of the flood does not count.
            if was_running && is_running(&terminal.text()) {
                values.push(took);
            }
        }
        terminal.until("the end of the flood", |screen| !is_running(screen));
        pauses.wait(&mut terminal);
    }
    vec![ours(values)]
}

fn hostile() -> Vec<Samples> {
    let world = World::hostile();
    let mut terminal = ready(world.open(&[]), |screen| screen.contains("Ready · 55 tools"));
    for _ in 0..4 {
        terminal.press("r1");
        terminal.watch(Duration::from_millis(500));
        terminal.press("j");
    }
    vec![ours(keys(&mut terminal, &[DOWN, UP], 150))]
}

fn checks() -> Vec<Samples> {
    let world = World::unchecked();
    let mut terminal = world.open(&[]);
    terminal.until("ready", |screen| screen.contains("Ready · 200 tools"));
    vec![ours(keys(&mut terminal, &[DOWN], 150))]
}

/// From each key to its frame while decisions are fetched, verified and taken in; the slowest key is the longest pause
/// between two frames.
fn exchange() -> Vec<Samples> {
    let world = World::of_team(10_000);
    let mut terminal = ready(world.open(&[]), |screen| screen.contains("Ready · 200 tools"));
    terminal.press("4\x13");
    terminal.until("the question", |screen| screen.contains("Exchange decisions with"));
    terminal.press("y");
    terminal.until("the work", |screen| screen.contains("sync"));
    terminal.press("1g");
    terminal.quiet(SILENCE);
    let mut values = Vec::new();
    while !terminal.text().contains(" approvals") {
        values.extend(keys(&mut terminal, &[DOWN, UP], 2));
    }
    vec![ours(values)]
}

/// The share of a core that is used while nothing happens.
fn idle() -> Vec<Samples> {
    let share = |mut terminal: Terminal| {
        terminal.quiet(Duration::from_secs(2));
        let (before, begun) = (terminal.processor_time(), Instant::now());
        terminal.watch(IDLE);
        let used = terminal.processor_time().saturating_sub(before);
        vec![Duration::from_secs_f64(used.as_secs_f64() / begun.elapsed().as_secs_f64())]
    };
    let world = World::many();
    let own = share(ready(world.open(&[]), is_complete));
    with_peer(own, world.fzf().map(|fzf| share(ready(fzf, has_list))).unwrap_or_default())
}
