//! How much of a folder of foreign definitions is understood: `cargo bench -- formats DIR [DIR …]`.
//!
//! Reads each folder in place and writes nothing. `--names` also prints what is missing: each problem, each row without a
//! description, each row that takes something and has no form, each row that cannot run, with its reason, and each file that is
//! absent: no row, no part of one, no problem, and not skipped. `--run` also
//! runs each tool that can run once, in a copy of the folder, in the sandbox of a new tool, with the simplest input that its
//! form accepts.
//!
//! "takes" are rows with a form, and rows whose code looks at words, options or standard input. Of the rows that cannot run,
//! "lack" are those for which this machine has no program, package or runtime, or the folder no script or built file, "not started" those
//! that nothing here ever starts (MCP servers, skills, modules of other programs), "project" the tasks that work on files of their project,
//! to which a human gives them access, "refused" the rest: what can run here are "runnable" and "refused".

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use toolsmith::catalog::{Cache, RunPython, Scan, ScanPlan, ToolRoot, read, scan};
use toolsmith::check::simplest;
use toolsmith::domain::{SafeText, ToolDetail};
use toolsmith::outside::Programs;
use toolsmith::runner::{Interpreters, Sources, python_of_runs};

/// Scans of each folder; their median is printed. With `--once` it is one.
const SCANS: usize = 5;

/// Counts of one folder.
#[derive(Default)]
struct Counts {
    files: usize,
    rows: usize,
    problems: usize,
    skipped: usize,
    described: usize,
    /// Rows that take something, and those of them that have a form.
    takes: usize,
    with_form: usize,
    runnable: usize,
    /// Rows that cannot run, by why.
    lacking: usize,
    not_started: usize,
    project: usize,
    refused: usize,
    /// Runs that started, and those of them that succeeded.
    ran: Option<(usize, usize)>,
    /// Files in no row, no problem and no list of skipped files and folders.
    absent: usize,
}

/// Prints a row of counts for each folder. Words that begin with `--` are options.
pub fn run(words: &[String]) {
    let (options, folders): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with("--"));
    let has = |option: &str| options.iter().any(|word| *word == option);
    if folders.is_empty() {
        println!("usage: cargo bench -- formats [--names] [--run] [--once] DIR [DIR ...]");
        return;
    }
    println!("{HEAD}  folder");
    for folder in folders {
        let path = std::fs::canonicalize(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let (plan, scan, cold) = measure(&path, if has("--once") { 1 } else { SCANS });
        let mut counts = count(&plan, &path, &scan);
        if has("--run") {
            counts.ran = Some(run_all(&path, &plan, &scan));
        }
        println!("{}  {folder}", line(&counts, cold));
        if has("--names") {
            names(&path, &plan, &scan);
        }
    }
}

/// The columns of [`line`].
const HEAD: &str = "  files   rows problems skipped described  takes  form runnable  lack not started project refused    ran (ok) absent      cold";

fn line(counts: &Counts, cold: Duration) -> String {
    let Counts { files, rows, problems, skipped, described, takes, with_form, .. } = counts;
    let Counts { runnable, lacking, not_started, project, refused, absent, .. } = counts;
    let ran = counts.ran.map_or_else(String::new, |(ran, succeeded)| format!("{ran} ({succeeded})"));
    let cold = cold.as_millis();
    format!(
        "{files:>7} {rows:>6} {problems:>8} {skipped:>7} {described:>9} {takes:>6} {with_form:>5} {runnable:>8} {lacking:>5} \
         {not_started:>11} {project:>7} {refused:>7} {ran:>11} {absent:>6} {cold:>6} ms"
    )
}

/// Why a row cannot run.
enum Why {
    Lacks,
    NotStarted,
    Project,
    Refused,
}

/// Reads it from the reason.
fn why(reason: &str) -> Why {
    let holds = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if holds(&[
        "is not on the PATH",
        "needs package",
        "needs node package",
        "needs program",
        "is missing; restore",
        "TypeScript needs node",
        "is Python 2",
        "which its package makes when it is built",
    ]) {
        Why::Lacks
    } else if holds(&["access to the project"]) {
        Why::Project
    } else if holds(&[
        "MCP server",
        "mcp tools",
        "a skill is text",
        "is part of another program",
        "a part of a package",
        "but calls none",
        "but starts nothing",
        "are methods of a class",
        "holds no code",
        "is unknown; add a command",
        "it is not started here",
        "is filled by ",
        "only defines values",
        "only sets variables",
        "runs in a browser",
        "has no start command",
    ]) {
        Why::NotStarted
    } else {
        Why::Refused
    }
}

/// Whether the code of a tool looks at something that it is given.
fn takes_something(detail: &ToolDetail) -> bool {
    if detail.tool.placement.entry().is_some() {
        // Its file is no code of its own.
        return false;
    }
    let entry = detail.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_deref());
    let Some(file) = detail.files.iter().find(|file| Some(file.path.as_str()) == entry) else { return false };
    let text = String::from_utf8_lossy(&file.bytes);
    let extension = file.path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let marks: &[&str] = match extension {
        "py" => &[
            "sys.argv[1",
            "sys.argv[2",
            "add_argument(",
            "click.option",
            "click.argument",
            "typer.",
            "fire.Fire(",
            "sys.stdin",
        ],
        "js" | "mjs" | "cjs" | "ts" | "mts" => &["process.argv", "commander", "yargs", "parseArgs(", "process.stdin"],
        "rb" => &["ARGV", "STDIN", "$stdin"],
        "pl" => &["@ARGV", "$ARGV", "<STDIN>"],
        "php" => &["$argv", "STDIN"],
        "lua" => &["arg["],
        "sh" | "bash" | "" => return shell_takes(&text),
        _ => return false,
    };
    marks.iter().any(|mark| text.contains(mark))
}

/// Whether a shell script uses its words outside of its functions, whose words are their own.
fn shell_takes(text: &str) -> bool {
    let mut is_inside = false;
    text.lines().filter(|line| !line.trim_start().starts_with('#')).any(|line| {
        is_inside |= line.contains("() {") || line.contains("(){") || line.starts_with("function ");
        let was_inside = is_inside;
        is_inside &= !line.starts_with('}');
        let takes = ["$1", "${1", "$@", "$*", "${@", "getopts "].iter().any(|mark| line.contains(mark));
        takes && !was_inside && !line.contains("awk") && !line.contains("'{")
    })
}

/// Prints what is missing in a folder.
fn names(folder: &Path, plan: &ScanPlan, scan: &Scan) {
    let short = |path: &str| {
        let inside = Path::new(path).strip_prefix(folder).map(|path| path.to_string_lossy().into_owned());
        SafeText::new(&inside.unwrap_or_else(|_| path.to_owned())).to_string()
    };
    for problem in &scan.problems {
        println!("  problem      {}: {}", short(&problem.path), problem.message);
    }
    for tool in scan.tools.iter().filter(|tool| tool.description.is_empty()) {
        println!("  undescribed  {}", short(&tool.path));
    }
    for tool in &scan.tools {
        if read(plan, tool).is_ok_and(|detail| !has_form(&detail) && takes_something(&detail)) {
            println!("  no form      {}", short(&tool.path));
        }
    }
    for tool in scan.tools.iter().filter(|tool| !tool.runnable) {
        println!("  cannot run   {}: {}", short(&tool.path), tool.reason.as_deref().unwrap_or_default());
    }
    let mut files = BTreeSet::new();
    list(folder, &mut files);
    let told = told(plan, scan);
    for path in absent(&files, &told, scan) {
        println!("  absent       {}", short(&path.to_string_lossy()));
    }
}

/// Seconds that one tool may run.
const SECONDS: u64 = 10;

/// Runs each tool that can run once; how many started, and how many of them succeeded.
fn run_all(folder: &Path, plan: &ScanPlan, scan: &Scan) -> (usize, usize) {
    let home = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for the workspace: {error}"));
    let tools = home.path().join("workspace/tools");
    std::fs::create_dir_all(&tools).unwrap_or_else(|error| panic!("{}: {error}", tools.display()));
    let copy = Command::new("cp").arg("-r").arg(folder).arg(tools.join("experimental")).status();
    assert!(copy.is_ok_and(|status| status.success()), "{} cannot be copied", folder.display());
    let (mut started, mut succeeded) = (0, 0);
    for tool in scan.tools.iter().filter(|tool| tool.runnable) {
        let Ok(detail) = read(plan, tool) else { continue };
        let outcome = outcome(home.path(), folder, &detail);
        started += usize::from(matches!(outcome.as_str(), "succeeded" | "failed" | "timed-out" | "invalid-output"));
        succeeded += usize::from(outcome == "succeeded");
    }
    (started, succeeded)
}

/// How a run ended, in the word that the program prints in JSON.
fn outcome(home: &Path, folder: &Path, detail: &ToolDetail) -> String {
    let inside = Path::new(&detail.tool.path).strip_prefix(folder).unwrap_or(Path::new(&detail.tool.path));
    let input = detail.manifest.input.as_ref().map_or_else(|| "{}".to_owned(), |schema| simplest(schema).to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolsmith"));
    command.arg("run").arg(Path::new("tools/experimental").join(inside)).args(["--json", "--input", &input]);
    command.args(["--timeout", &format!("{SECONDS}s")]).arg("--workspace").arg(home.join("workspace"));
    command.env("TOOLSMITH_HOME", home.join("home")).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("toolsmith: {error}"));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    answer["run"]["outcome"].as_str().unwrap_or_default().to_owned()
}

fn measure(folder: &Path, scans: usize) -> (ScanPlan, Scan, Duration) {
    let workspace = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for the workspace: {error}"));
    let interpreters = Interpreters::new(Arc::new(Programs::new(Vec::new())));
    let python = |sources| python_of_runs(workspace.path(), &interpreters, sources);
    let plan = ScanPlan {
        workspace: workspace.path().to_owned(),
        roots: vec![ToolRoot { path: folder.to_owned(), stage: None }],
        python: RunPython {
            experimental: python(Sources::Caller),
            vouched: python(Sources::System),
            has_environments: false,
            closed: Vec::new(),
        },
    };
    let mut times = Vec::new();
    let mut result = None;
    for _ in 0..scans {
        let begun = Instant::now();
        result = Some(scan(&plan, &Cache::default(), &mut |_| {}));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    (plan, result.unwrap_or_default(), times[scans / 2])
}

fn count(plan: &ScanPlan, folder: &Path, scan: &Scan) -> Counts {
    let mut files = BTreeSet::new();
    list(folder, &mut files);
    let mut counts = Counts {
        files: files.len(),
        rows: scan.tools.len(),
        problems: scan.problems.len(),
        skipped: scan.skipped.len(),
        described: scan.tools.iter().filter(|tool| !tool.description.is_empty()).count(),
        runnable: scan.tools.iter().filter(|tool| tool.runnable).count(),
        ..Counts::default()
    };
    let told = told(plan, scan);
    for tool in &scan.tools {
        let Ok(detail) = read(plan, tool) else { continue };
        let has_form = has_form(&detail);
        counts.with_form += usize::from(has_form);
        counts.takes += usize::from(has_form || takes_something(&detail));
    }
    for tool in scan.tools.iter().filter(|tool| !tool.runnable) {
        match why(tool.reason.as_deref().unwrap_or_default()) {
            Why::Lacks => counts.lacking += 1,
            Why::NotStarted => counts.not_started += 1,
            Why::Project => counts.project += 1,
            Why::Refused => counts.refused += 1,
        }
    }
    counts.absent = absent(&files, &told, scan).len();
    counts
}

/// The files that are a row, a part of one, a problem, or skipped.
fn told(plan: &ScanPlan, scan: &Scan) -> BTreeSet<PathBuf> {
    let mut told: BTreeSet<PathBuf> = scan.problems.iter().map(|problem| PathBuf::from(&problem.path)).collect();
    // A problem tells of the whole tool: its definition, the script of the same name, a folder that is called like it.
    let mut parts = Vec::new();
    for path in &told {
        parts.extend(["SKILL.md", "tool.toml"].map(|name| path.with_file_name(name)));
        parts.extend(["py", "sh", "js", "ts"].map(|extension| path.with_extension(extension)));
        let is_whole = path.file_name().is_some_and(|name| name == "SKILL.md" || name == "tool.toml")
            || path.parent().and_then(Path::file_name) == path.file_stem();
        let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent().filter(|_| is_whole) };
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
            let mut inside = BTreeSet::new();
            list(folder, &mut inside);
            parts.extend(inside);
        }
    }
    told.extend(parts);
    told.extend(scan.skipped.iter().map(|file| PathBuf::from(&file.path)));
    for tool in &scan.tools {
        let file = tool.placement.entry().map_or(tool.path.as_str(), |(file, _)| file);
        told.insert(PathBuf::from(file));
        let Ok(detail) = read(plan, tool) else { continue };
        let base = Path::new(&tool.placement.base);
        told.extend(detail.files.iter().map(|file| base.join(&file.path)));
    }
    told
}

/// The files that nothing tells of.
fn absent<'f>(files: &'f BTreeSet<PathBuf>, told: &'f BTreeSet<PathBuf>, scan: &Scan) -> Vec<&'f PathBuf> {
    let folders: Vec<&str> = scan.skipped.iter().map(|file| &*file.path).filter(|path| path.ends_with('/')).collect();
    let is_inside = |path: &&PathBuf| folders.iter().any(|folder| path.starts_with(folder));
    files.difference(told).filter(|path| !is_inside(path)).collect()
}

fn has_form(detail: &ToolDetail) -> bool {
    let properties = detail.manifest.input.as_ref().and_then(|input| input.get("properties")?.as_object());
    properties.is_some_and(|properties| !properties.is_empty())
}

/// Regular files below a folder, without what git keeps for itself.
fn list(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => list(&entry.path(), files),
            Ok(kind) if kind.is_file() => drop(files.insert(entry.path())),
            _ => {}
        }
    }
}
