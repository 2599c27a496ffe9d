//! How far the checks can be trusted: `cargo bench -- evidence [--corpus DIR]… [--cases DIR] [--sample N] [--linters] [--names]`.
//!
//! `--corpus DIR` is a folder of tools that are taken for clean. Each tool of a sample (all, unless `--sample`
//! says how many) is checked as a new tool, and the share with a failed check and the share with a warning are printed.
//!
//! `--cases DIR` is a folder of cases. Each case is a folder with `base/`, `sabotaged/` and `twin/`: a tool as approved,
//! the same tool with one bad change, and with one harmless change. A `case.toml` may state `kind`, `reach` and `language`
//! for the tables. The tool in `base/` is approved; then each of the other two replaces it. A change is "reported" when the
//! checks of the changed version have a warning or a failure that the checks of the approved version did not have, and
//! "listed" when a line of the reading list points into it.
//!
//! Checks that need programs of the user's are off unless `--linters` is given. `--names` prints what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;
use toolsmith::check::{CHECKS, Cost};
use toolsmith::domain::{
    Caller, CheckState, Command, DecisionKind, DecisionRequest, DisplayRecord, Finding, SafeText, Severity, Tool,
    Verdict,
};
use toolsmith::engine::{Asker, Engine, Home, OpenOptions, ReviewFilter};

/// What was asked for.
#[derive(Default)]
struct Options {
    corpora: Vec<PathBuf>,
    cases: Vec<PathBuf>,
    sample: usize,
    linters: bool,
    names: bool,
}

/// Reads the options and prints the tables.
pub fn run(words: &[String]) {
    let Some(options) = read(words) else {
        println!("usage: cargo bench -- evidence [--corpus DIR] [--cases DIR] [--sample N] [--linters] [--names]");
        return;
    };
    if !options.corpora.is_empty() {
        println!("   tools failed warned  clean lines median    p90    max  corpus");
    }
    for corpus in &options.corpora {
        corpus_shares(corpus, &options);
    }
    for cases in &options.cases {
        case_shares(cases, &options);
    }
}

fn read(words: &[String]) -> Option<Options> {
    let mut options = Options { sample: usize::MAX, ..Options::default() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--corpus" => options.corpora.push(words.next()?.into()),
            "--cases" => options.cases.push(words.next()?.into()),
            "--sample" => options.sample = words.next()?.parse().ok()?,
            "--linters" => options.linters = true,
            "--names" => options.names = true,
            _ => return None,
        }
    }
    (!options.corpora.is_empty() || !options.cases.is_empty()).then_some(options)
}

/// A workspace of its own in a temporary folder.
struct World {
    dir: tempfile::TempDir,
    engine: Engine,
}

impl World {
    /// Opens a workspace whose new tools are a copy of this folder.
    fn new(folder: &Path, options: &Options) -> World {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        copy(folder, &dir.path().join("workspace/tools/experimental").join(name_of(folder)));
        let off = CHECKS.iter().filter(|check| check.cost == Cost::Program && !options.linters);
        let lines: Vec<String> = off.map(|check| format!("{} = \"off\"\n", check.name)).collect();
        let config = dir.path().join("home/config");
        let written = std::fs::create_dir_all(&config)
            .and_then(|()| std::fs::write(config.join("config.toml"), format!("[checks]\n{}", lines.concat())));
        written.unwrap_or_else(|error| panic!("{}: {error}", config.display()));
        let home = Home { config, data: dir.path().join("home/data") };
        let open = OpenOptions { workspace: dir.path().join("workspace"), home, program: None, asker: Asker::Human };
        let engine = Engine::open(open).unwrap_or_else(|error| panic!("cannot open: {error}"));
        World { dir, engine }
    }

    fn tools(&self) -> Vec<std::sync::Arc<Tool>> {
        let view = self.engine.library().scan(&mut |_| {}).unwrap_or_else(|error| panic!("cannot scan: {error}"));
        view.tools.clone()
    }

    fn check(&self, tool: &Tool) -> Verdict {
        self.engine.checks().run(tool, None, &mut |_| {}).unwrap_or_else(|error| panic!("{}: {error}", tool.path))
    }

    /// Approves the version that waits, whatever its checks say.
    fn approve(&self, tool: &Tool) -> Result<(), String> {
        let waiting = self.engine.reviews().list(ReviewFilter::Waiting).map_err(|error| error.to_string())?;
        let review = waiting.iter().find(|review| review.tool == tool.name).ok_or("no review waits")?;
        let shown = DisplayRecord { lines: 1, lines_shown: 1, tail_shown: true, open_ms: 1_000, parts: Vec::new() };
        let request = DecisionRequest {
            shown,
            override_reason: Some("base of a case".to_owned()),
            ..DecisionRequest::of(review, DecisionKind::Approve)
        };
        let caller = Caller::Human("bench".to_owned());
        self.engine.execute(Command::Decide(request), &caller).map(drop).map_err(|error| error.to_string())
    }
}

fn name_of(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "tool".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn copy(from: &Path, to: &Path) {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    }
    let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

/// Tools in an order that has nothing to do with their names, always the same.
fn sample(mut tools: Vec<std::sync::Arc<Tool>>, count: usize) -> Vec<std::sync::Arc<Tool>> {
    tools.retain(|tool| tool.copy_of.is_none());
    tools.sort_by_key(|tool| tool.digest);
    tools.truncate(count);
    tools
}

/// Findings that warn or fail, as lines that can be compared.
fn alarms(verdict: &Verdict) -> BTreeSet<(String, String)> {
    let told = |check: &str, finding: &Finding| (format!("{check}/{}", finding.code), finding.message.clone());
    let checks = verdict.checks.iter();
    checks
        .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
        .filter(|(_, finding)| finding.severity >= Severity::Medium)
        .map(|(check, finding)| told(&check.name, finding))
        .collect()
}

fn shown(text: &str) -> String {
    SafeText::new(&text.chars().take(160).collect::<String>()).to_string()
}

fn corpus_shares(corpus: &Path, options: &Options) {
    let world = World::new(corpus, options);
    let tools = sample(world.tools(), options.sample);
    let (mut failed, mut warned, mut clean, mut lines, mut times) = (0, 0, 0, Vec::new(), Vec::new());
    let mut by_check: BTreeMap<(String, CheckState), usize> = BTreeMap::new();
    for tool in &tools {
        let begun = Instant::now();
        let verdict = world.check(tool);
        times.push(begun.elapsed().as_secs_f64());
        let tally = verdict.tally();
        failed += usize::from(tally.failed > 0);
        warned += usize::from(tally.failed == 0 && tally.warned > 0);
        clean += usize::from(tally.failed == 0 && tally.warned == 0);
        lines.push(alarms(&verdict).len());
        for check in &verdict.checks {
            if matches!(check.state, CheckState::Failed | CheckState::Warned) {
                *by_check.entry((check.name.clone(), check.state)).or_default() += 1;
            }
        }
        if options.names {
            for (code, message) in alarms(&verdict) {
                println!("  {}  {code}: {}", tool.path, shown(&message));
            }
        }
    }
    times.sort_by(f64::total_cmp);
    lines.sort_unstable();
    let at = |share: usize| times.get((times.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default();
    println!(
        "{:>8} {failed:>6} {warned:>6} {clean:>6} {:>5} {:>5.1}s {:>5.1}s {:>5.1}s  {}",
        tools.len(),
        lines.get(lines.len() / 2).copied().unwrap_or_default(),
        at(50),
        at(90),
        at(100),
        corpus.display()
    );
    for ((check, state), count) in by_check {
        println!("    {count:>4} {state} {check}");
    }
    drop(world.dir);
}

/// What `case.toml` says.
fn stated(case: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(case.join("case.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    table.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
}

/// What the checks say of a changed version and did not say of the approved one.
struct Change {
    alarms: Vec<(String, String)>,
    listed: usize,
    /// What the comparison by runs came to.
    runs: String,
}

fn changes(case: &Path, options: &Options) -> Result<[Change; 2], String> {
    // The folder of the tool is named after the case.
    let staging = tempfile::tempdir().map_err(|error| error.to_string())?;
    let named = staging.path().join(name_of(case));
    copy(&case.join("base"), &named);
    let world = World::new(&named, options);
    let tools = world.tools();
    let [tool] = tools.as_slice() else { return Err(format!("{} tools in base/", tools.len())) };
    let base = alarms(&world.check(tool));
    world.approve(tool)?;
    let name = tool.name.clone();
    let changed = |which: &str| -> Result<Change, String> {
        let tools = world.tools();
        let tool = tools.iter().find(|tool| tool.name == name).ok_or("the tool is gone")?;
        let folder = world.engine.workspace().join(&tool.placement.base);
        let copied = std::process::Command::new("cp").arg("-r").arg(case.join(which).join(".")).arg(&folder).status();
        if !copied.is_ok_and(|status| status.success()) {
            return Err(format!("{which}/ cannot be copied"));
        }
        let tools = world.tools();
        let tool = tools.iter().find(|tool| tool.name == name).ok_or("the tool is gone")?;
        let verdict = world.check(tool);
        if verdict.base.is_none() {
            return Err(format!("{which}/ was not compared with base/"));
        }
        let listed =
            verdict.checks.iter().filter(|check| check.name == "change").map(|check| check.findings.len()).sum();
        let runs = verdict.checks.iter().find(|check| check.name == "consistency");
        let runs = runs.map_or_else(String::new, |check| format!("{} ({})", check.note, check.findings.len()));
        Ok(Change { alarms: alarms(&verdict).difference(&base).cloned().collect(), listed, runs })
    };
    Ok([changed("sabotaged")?, changed("twin")?])
}

fn case_shares(cases: &Path, options: &Options) {
    let entries = std::fs::read_dir(cases).unwrap_or_else(|error| panic!("{}: {error}", cases.display()));
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    // Reported sabotages, flagged twins, cases: for each reach and language.
    let mut table: BTreeMap<String, (usize, usize, usize, usize)> = BTreeMap::new();
    for case in &folders {
        let stated = stated(case);
        let of = |key: &str| stated.get(key).cloned().unwrap_or_else(|| "not stated".to_owned());
        let (sabotage, twin) = match changes(case, options) {
            Ok([sabotage, twin]) => (sabotage, twin),
            Err(why) => {
                println!("  {}: not tried: {why}", name_of(case));
                continue;
            }
        };
        for group in ["all".to_owned(), format!("reach {}", of("reach")), format!("language {}", of("language"))] {
            let row = table.entry(group).or_default();
            row.0 += usize::from(!sabotage.alarms.is_empty());
            row.1 += usize::from(sabotage.listed > 0);
            row.2 += usize::from(!twin.alarms.is_empty());
            row.3 += 1;
        }
        if options.names {
            let word = |change: &Change| match (change.alarms.is_empty(), change.listed) {
                (false, _) => "reported",
                (true, 0) => "silent",
                (true, _) => "listed",
            };
            println!("  {} ({}): sabotage {}, twin {}", name_of(case), of("kind"), word(&sabotage), word(&twin));
            for (which, change) in [("sabotage", &sabotage), ("twin", &twin)] {
                if !change.alarms.is_empty() {
                    println!("      {which}: {}", shown(&change.runs));
                }
                for (code, message) in &change.alarms {
                    println!("      {which}: {code}: {}", shown(message));
                }
            }
        }
    }
    println!("reported listed  twins flagged  cases  {}", cases.display());
    for (group, (reported, listed, flagged, count)) in table {
        println!("{reported:>8} {listed:>6} {flagged:>14} {count:>6}  {group}");
    }
}
