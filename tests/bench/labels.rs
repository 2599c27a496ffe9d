//! Search and duplicates against labels: `cargo bench -- labels --corpus DIR [--search FILE] [--pairs FILE] [--names]`.
//!
//! Reads the tools of a folder in place and writes nothing. Paths in label files are relative to this folder; a tool that
//! is one of several in a file is `FILE#NAME`.
//!
//! The file of `--search` has questions, each with the tools that answer it:
//!
//! ```toml
//! [[questions]]
//! question = "mute the television"
//! answers = ["commands/lg-tv/mute.sh"]
//! ```
//!
//! Printed is for how many questions the first tool, and one of the first five, is an answer, and the mean reciprocal rank
//! (MRR); beside it the same for plain BM25 over name, description, and the comment or docstring at the top of the file.
//!
//! The file of `--pairs` has pairs of tools, each with whether one would do for the other:
//!
//! ```toml
//! [[pairs]]
//! one = "commands/weather.sh"
//! other = "scripts/show_weather.py"
//! same = true
//! ```
//!
//! Printed is the precision and the recall of what `similar` and the check of duplicates call near, and how many pairs
//! of the whole folder they call so. `--names` also prints the questions without a right first tool, the pairs that are
//! judged wrongly, and every pair that is near.

use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toolsmith::catalog::{Cache, RunPython, Scan, ScanPlan, ToolRoot, read, scan};
use toolsmith::check::code_of;
use toolsmith::domain::{GroupKind, Tool};
use toolsmith::insight::alike::{CodeFingerprint, groups};
use toolsmith::insight::{Relevance, SimilarityIndex};
use toolsmith::outside::Programs;
use toolsmith::runner::{Interpreters, Sources, python_of_runs};

/// Tools of an answer that are looked at.
const LOOKED_AT: usize = 100;

#[derive(Deserialize)]
struct Questions {
    questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    answers: Vec<String>,
}

#[derive(Deserialize)]
struct Pairs {
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    one: String,
    other: String,
    same: bool,
}

/// Measures what the arguments name.
pub fn run(words: &[String]) {
    let value = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(PathBuf::from)
    };
    let Some(folder) = value("--corpus") else {
        println!("usage: cargo bench -- labels --corpus DIR [--search FILE] [--pairs FILE] [--names]");
        return;
    };
    let folder = std::fs::canonicalize(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let has_names = words.iter().any(|word| word == "--names");
    let (plan, scan) = scanned(&folder);
    let corpus = Corpus { folder, plan, scan, has_names };
    println!("{} tools", corpus.scan.tools.len());
    if let Some(file) = value("--search") {
        corpus.search(&parsed::<Questions>(&file).questions);
    }
    if let Some(file) = value("--pairs") {
        corpus.pairs(&parsed::<Pairs>(&file).pairs);
    }
}

fn parsed<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn scanned(folder: &Path) -> (ScanPlan, Scan) {
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
    let scan = scan(&plan, &Cache::default(), &mut |_| {});
    (plan, scan)
}

struct Corpus {
    folder: PathBuf,
    plan: ScanPlan,
    scan: Scan,
    has_names: bool,
}

impl Corpus {
    /// The path of a tool as labels name it.
    fn label<'t>(&self, tool: &'t Tool) -> &'t str {
        let path = tool.path.strip_prefix(&*self.folder.to_string_lossy()).unwrap_or(&tool.path);
        path.trim_start_matches('/')
    }

    fn search(&self, questions: &[Question]) {
        // As `search` offers them.
        let is_offered = |tool: &&Arc<Tool>| tool.copy_of.is_none() && tool.shadowed_by.is_none();
        let tools: Vec<Arc<Tool>> = self.scan.tools.iter().filter(is_offered).cloned().collect();
        let known: HashSet<&str> = tools.iter().map(|tool| self.label(tool)).collect();
        for question in questions {
            let missing = question.answers.iter().all(|answer| !known.contains(answer.as_str()));
            assert!(!missing, "no tool answers {:?}", question.question);
        }
        let relevance = Relevance::new(&tools);
        self.rank(&tools, questions, "search", |question| {
            relevance.query(question, LOOKED_AT).into_iter().map(|hit| hit.position).collect()
        });
        let plain =
            Bm25::of(tools.iter().map(|tool| {
                format!("{} {} {}", tool.name, tool.description, header(&self.folder.join(self.label(tool))))
            }));
        self.rank(&tools, questions, "plain BM25", |question| plain.query(question));
    }

    fn rank(&self, tools: &[Arc<Tool>], questions: &[Question], method: &str, query: impl Fn(&str) -> Vec<usize>) {
        let (mut first, mut five, mut reciprocal) = (0, 0, 0.0);
        for Question { question, answers } in questions {
            let found = query(question);
            let is_answer = |tool: &usize| answers.iter().any(|answer| answer == self.label(&tools[*tool]));
            let rank = found.iter().position(is_answer).map(|at| at + 1);
            first += usize::from(rank == Some(1));
            five += usize::from(rank.is_some_and(|rank| rank <= 5));
            reciprocal += rank.map_or(0.0, |rank| 1.0 / rank as f64);
            if self.has_names && rank != Some(1) {
                let rank = rank.map_or("none".to_owned(), |rank| rank.to_string());
                let best = found.first().map_or("nothing", |tool| self.label(&tools[*tool]));
                println!("  {method}: {question:?}: {rank}, first {best}");
            }
        }
        let count = questions.len();
        println!("{method}: top 1 {first} of {count}, top 5 {five}, MRR {:.2}", reciprocal / count.max(1) as f64);
    }

    fn pairs(&self, pairs: &[Pair]) {
        let tools = &self.scan.tools;
        let place: HashMap<&str, usize> = tools.iter().enumerate().map(|(at, tool)| (self.label(tool), at)).collect();
        let at = |path: &str| *place.get(path).unwrap_or_else(|| panic!("no tool {path}"));
        let index = SimilarityIndex::new(tools);
        let mut read_code: HashMap<usize, Option<Arc<CodeFingerprint>>> = HashMap::new();
        let mut code = |tool: usize| {
            let fresh = || read(&self.plan, &tools[tool]).ok().as_ref().and_then(code_of).map(Arc::new);
            read_code.entry(tool).or_insert_with(fresh).clone()
        };
        let (mut hits, mut wrong, mut missed) = (0, 0, 0);
        for Pair { one, other, same } in pairs {
            let found = index.resemblance().likeness(at(one), at(other), &mut code);
            match (found.is_near(), same) {
                (true, true) => hits += 1,
                (true, false) => wrong += 1,
                (false, true) => missed += 1,
                (false, false) => {}
            }
            if self.has_names && found.is_near() != *same {
                println!(
                    "  {} {one} {other}: {:.2} {}",
                    if *same { "same" } else { "other" },
                    found.likeness,
                    found.why
                );
            }
        }
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        println!(
            "{} pairs, {} the same: precision {:.2}, recall {:.2}",
            pairs.len(),
            hits + missed,
            share(hits, hits + wrong),
            share(hits, hits + missed)
        );
        let all = groups(index.resemblance(), &[], &mut code);
        let mut reported = (0, 0);
        for group in all.iter().filter(|group| group.kind == GroupKind::Near) {
            for member in &group.rest {
                reported.0 += 1;
                reported.1 += usize::from(member.likeness.same_code);
                if self.has_names {
                    let (keep, other) = (self.label(&tools[group.keep]), self.label(&tools[member.tool]));
                    println!("  near {:.2} {keep} {other}: {}", member.likeness.likeness, member.likeness.why);
                }
            }
        }
        println!("near in the whole folder: {} pairs, {} by their code", reported.0, reported.1);
    }
}

/// The comment or docstring at the top of a file; nothing for a file that is no script.
fn header(path: &Path) -> String {
    let is_document =
        path.extension().is_some_and(|end| ["yaml", "yml", "json", "toml", "md"].iter().any(|known| end == *known));
    let text = if is_document { String::new() } else { std::fs::read_to_string(path).unwrap_or_default() };
    let (mut lines, mut inside) = (String::new(), None);
    for line in text.lines().take(120).map(str::trim) {
        let quote = ["\"\"\"", "'''", "/*"].into_iter().find(|quote| line.starts_with(quote));
        let is_end = inside.is_some_and(|end: &str| line.contains(end));
        let is_comment = ["#", "//", "--"].iter().any(|sign| line.starts_with(sign));
        let is_passed = line.is_empty() || line.starts_with("import ") || line.starts_with("from ");
        if inside.is_none() && quote.is_none() && !is_comment && !is_passed {
            break;
        }
        if inside.is_some() || quote.is_some() || is_comment {
            lines.push_str(line);
            lines.push(' ');
        }
        inside = match (inside, quote) {
            (None, Some(quote)) => {
                let end = if quote == "/*" { "*/" } else { quote };
                Some(end).filter(|end| !line[quote.len()..].contains(end))
            }
            (inside, _) => inside.filter(|_| !is_end),
        };
    }
    lines
}

/// Plain BM25 over one text for each tool, after Robertson and Zaragoza (2009), without stemming.
struct Bm25 {
    /// Of each word, the texts that have it and how often.
    having: HashMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
}

impl Bm25 {
    fn of(texts: impl Iterator<Item = String>) -> Bm25 {
        let mut bm25 = Bm25 { having: HashMap::new(), lengths: Vec::new() };
        for (at, text) in texts.enumerate() {
            let mut counts: HashMap<String, f64> = HashMap::new();
            for word in words(&text) {
                *counts.entry(word).or_default() += 1.0;
            }
            bm25.lengths.push(counts.values().sum());
            for (word, count) in counts {
                bm25.having.entry(word).or_default().push((at, count));
            }
        }
        bm25
    }

    fn query(&self, question: &str) -> Vec<usize> {
        let count = self.lengths.len() as f64;
        let average = self.lengths.iter().sum::<f64>() / count.max(1.0);
        let mut scores = vec![0.0; self.lengths.len()];
        for word in words(question).into_iter().collect::<HashSet<_>>() {
            let Some(having) = self.having.get(&word) else { continue };
            let rarity = (1.0 + (count - having.len() as f64 + 0.5) / (having.len() as f64 + 0.5)).ln();
            for (at, times) in having {
                scores[*at] += rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * self.lengths[*at] / average));
            }
        }
        let mut order: Vec<usize> = (0..scores.len()).filter(|at| scores[*at] > 0.0).collect();
        order.sort_by(|one, other| scores[*other].total_cmp(&scores[*one]).then(one.cmp(other)));
        order.truncate(LOOKED_AT);
        order
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
