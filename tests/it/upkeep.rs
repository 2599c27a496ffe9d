//! Upkeep of a library, on the corpora and through the real program.

use crate::history::world::open;
use crate::needs;
use crate::support::{Workspace, copy_folder, repository, shared};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use toolsmith::domain::{Caller, Command, GroupKind};
use toolsmith::engine::{Engine, StaleTool};
use toolsmith::insight::SimilarityIndex;
use toolsmith::insight::alike::NEAR;

/// A labelled pair.
#[derive(Deserialize)]
struct Pair {
    one: String,
    other: String,
    same: bool,
}

#[derive(Deserialize)]
struct Labelled {
    pairs: Vec<Pair>,
}

/// The definitions of the corpora as a workspace; `None` where they are not.
fn corpus() -> Option<Workspace> {
    let tools = shared()?.join("corpora/code_evolver/tools");
    if !tools.is_dir() {
        needs::not_run(&format!("there is no {}", tools.display()));
        return None;
    }
    let workspace = Workspace::new();
    copy_folder(&tools, &workspace.path("tools/experimental"));
    Some(workspace)
}

/// The likeness of each labelled pair with its label, among all tools of the corpora.
fn measured(engine: &Engine) -> Vec<(f64, bool, String)> {
    let text = fs::read_to_string(repository().join("tests/labelled/likeness.toml")).unwrap();
    let Labelled { pairs } = toml::from_str(&text).unwrap();
    let view = engine.library().catalog();
    let index = SimilarityIndex::new(&view.tools);
    let originals: BTreeMap<&str, &str> =
        view.tools.iter().filter_map(|tool| Some((tool.path.as_str(), tool.copy_of.as_deref()?))).collect();
    let place = |path: &str| {
        let path = format!("tools/experimental/{path}");
        let path = originals.get(path.as_str()).copied().unwrap_or(&path);
        view.tools.iter().position(|row| row.path == path).unwrap_or_else(|| panic!("no row {path}"))
    };
    let likeness = |pair: Pair| {
        let found = index.resemblance().likeness(place(&pair.one), place(&pair.other), &mut |_| None);
        (found.likeness, pair.same, format!("{} {}: {}", pair.one, pair.other, found.why))
    };
    pairs.into_iter().map(likeness).collect()
}

#[test]
fn precision_and_recall_on_forty_labelled_pairs_are_at_least_nine_tenths() {
    let Some(workspace) = corpus() else {
        return;
    };
    let mut pairs = measured(&open(&workspace));
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (likeness, same, about) in &pairs {
        eprintln!("{likeness:.2} {} {about}", if *same { "same " } else { "other" });
    }
    assert_eq!((pairs.len(), pairs.iter().filter(|(_, same, _)| *same).count()), (40, 20));
    let count = |said: bool, is: bool| {
        pairs.iter().filter(|(likeness, same, _)| (*likeness >= NEAR) == said && *same == is).count()
    };
    let (hits, false_hits, misses) = (count(true, true), count(true, false), count(false, true));
    let (precision, recall) = (hits as f64 / (hits + false_hits) as f64, hits as f64 / (hits + misses) as f64);
    eprintln!("precision {precision:.3}, recall {recall:.3}");
    assert!(precision >= 0.9 && recall >= 0.9, "precision {precision:.3}, recall {recall:.3}");
}

#[test]
fn the_corpus_has_27_copies_three_clashes_and_near_duplicates_without_a_ready_command() {
    let Some(workspace) = corpus() else { return };
    let (answer, code) = workspace.json(&["similar"]);
    assert_eq!(code, 0, "{answer:#}");
    let groups = answer["groups"].as_array().unwrap();
    let of = |kind: GroupKind| -> Vec<&Value> { groups.iter().filter(|group| group["kind"] == kind.word()).collect() };
    let others = |group: &Value| group["others"].as_array().unwrap().clone();
    let copies: Vec<Value> = of(GroupKind::Copies).into_iter().flat_map(others).collect();
    assert_eq!(copies.len(), 27);
    assert!(
        copies
            .iter()
            .all(|copy| copy["command"] == json!(format!("toolsmith archive {}", copy["path"].as_str().unwrap())))
    );
    let clashes: BTreeSet<BTreeSet<String>> = of(GroupKind::Clash)
        .into_iter()
        .map(|group| {
            let paths =
                others(group).into_iter().map(|twin| twin["path"].clone()).chain([group["keep"]["path"].clone()]);
            paths.map(|path| path.as_str().unwrap().trim_start_matches("tools/experimental/").to_owned()).collect()
        })
        .collect();
    let pair = |one: &str, other: &str| BTreeSet::from([format!("{one}.yaml"), format!("{other}.yaml")]);
    let expected = BTreeSet::from([
        pair("llm/summarizer", "llm/content_summarizer"),
        pair("llm/signalr_llmapi_management", "executable/signalr_llmapi_skill"),
        pair("executable/pynguin_config", "executable/pynguin_test_generator"),
    ]);
    assert_eq!(clashes, expected);
    for group in of(GroupKind::Near) {
        for twin in others(group) {
            assert!(twin["likeness"].as_f64().unwrap() >= NEAR, "{twin:#}");
            // The scripts are not there, so only words say it.
            assert_eq!((&twin["command"], &twin["proposal"]), (&json!(""), &Value::Null));
        }
    }
    assert!(!of(GroupKind::Near).is_empty());
}

/// Code of 40 pieces and more, written once more with other names.
const CODE: &str = "import json, sys\n\ndef work(rows):\n    total = 0\n    for row in rows:\n        if row.get('price') and row['price'] > 10:\n            total += row['price'] * 2\n        else:\n            total -= 1\n    return {'total': total, 'count': len(rows)}\n\nrequest = json.load(sys.stdin)\nprint(json.dumps(work(request['rows'])))\n";

/// The likeness in the words of a finding: `… (85% similar): …`.
fn percent_of(message: &str) -> Option<f64> {
    let (before, _) = message.split_once("% similar)")?;
    before.rsplit_once('(')?.1.parse().ok()
}

#[test]
fn one_pair_has_one_figure_and_one_verdict_wherever_it_is_asked_for() {
    // Other names of variables and functions; the fields of the input and the output stay.
    let renamed = CODE.replace("work", "handle").replace("total", "amount").replace("'amount'", "'total'");
    let renamed = renamed.replace("row", "line").replace("'lines'", "'rows'");
    let tools = [
        ("csv_to_json", "Convert a CSV file to JSON", "print(1)"),
        ("convert_csv_json", "Transforms CSV files into JSON format, with headers as keys.", "print(2)"),
        ("order_sum", "Adds up the prices of the orders of a day", CODE),
        ("day_of_orders", "Prices of all orders on one day, added up for bookkeeping", &renamed),
        ("port_scanner", "Scans the TCP ports of a host", "print(3)"),
        ("encrypt_file", "Encrypts a file with a passphrase", "print(4)"),
        ("decrypt_file", "Decrypts a file with a passphrase", "print(5)"),
    ];
    let workspace = Workspace::new();
    for (name, description, code) in tools {
        let text = format!("\"\"\"{description}\"\"\"\n{code}\n");
        workspace.write(&format!("tools/experimental/{name}.py"), &text);
    }
    let figure = |value: &Value| (value["likeness"].as_f64().unwrap() * 100.0).round();
    let (library, _) = workspace.json(&["similar"]);
    let mut groups = BTreeMap::new();
    for group in library["groups"].as_array().unwrap().iter().filter(|group| group["kind"] == "near") {
        for other in group["others"].as_array().unwrap() {
            let mut pair = [&group["keep"], other].map(|tool| tool["tool"].as_str().unwrap().to_owned());
            pair.sort();
            groups.insert(pair, figure(other));
        }
    }
    let pair = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
    let expected = BTreeSet::from([pair("convert_csv_json", "csv_to_json"), pair("day_of_orders", "order_sum")]);
    assert_eq!(groups.keys().cloned().collect::<BTreeSet<_>>(), expected, "{library:#}");
    for (name, ..) in tools {
        let (of_one, _) = workspace.json(&["similar", name]);
        let (verdict, _) = workspace.json(&["check", name]);
        let duplicates =
            verdict["verdict"]["checks"].as_array().unwrap().iter().find(|one| one["name"] == "duplicates");
        let findings = duplicates.unwrap()["findings"].as_array().unwrap();
        let wanted: Vec<(&String, f64)> = groups
            .iter()
            .filter_map(|(pair, figure)| Some((pair.iter().find(|other| *other != name)?, *figure, pair)))
            .filter(|(.., pair)| pair.iter().any(|one| one == name))
            .map(|(other, figure, _)| (other, figure))
            .collect();
        let similar: Vec<(String, f64)> = of_one["similar"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|other| other["near"] == true)
            .map(|other| (other["name"].as_str().unwrap().to_owned(), figure(other)))
            .collect();
        let told: Vec<(String, f64)> = findings
            .iter()
            .filter_map(|one| one["message"].as_str())
            .filter_map(|message| Some((message.split(' ').next()?.to_owned(), percent_of(message)?)))
            .collect();
        let wanted: Vec<(String, f64)> = wanted.into_iter().map(|(other, figure)| (other.clone(), figure)).collect();
        assert_eq!(similar, wanted, "similar {name}: {of_one:#}");
        assert_eq!(told, wanted, "check {name}: {findings:#?}");
    }
}

/// A library of so many tools of 1 to 5 KB each, all of them different.
fn generated(count: usize) -> (Workspace, u64) {
    const THINGS: [&str; 12] = [
        "invoice",
        "calendar",
        "subtitle",
        "recipe",
        "sensor",
        "playlist",
        "contract",
        "timetable",
        "voucher",
        "ledger",
        "glossary",
        "atlas",
    ];
    const DEEDS: [&str; 8] = ["merge", "validate", "export", "rename", "count", "sort", "translate", "archive"];
    let workspace = Workspace::new();
    let mut bytes = 0;
    for number in 0..count {
        let (thing, deed) = (THINGS[number % 12], DEEDS[number / 12 % 8]);
        let body = format!("    total += {number} * len(row)  # {deed} the {thing}\n").repeat(20 + number % 60);
        let text = format!("\"\"\"Tool of plant{number}: {deed} each {thing} of plant{number}.\"\"\"\n{body}");
        bytes += text.len() as u64;
        workspace.write(&format!("tools/experimental/{deed}_{thing}_{number}.py"), &text);
    }
    (workspace, bytes)
}

#[test]
fn the_figures_of_a_thousand_generated_tools_are_right_and_doctor_recommends_the_next_policy() {
    let (workspace, bytes) = generated(1_000);
    let workspace = workspace.with_git();
    let (doctor, _) = workspace.json(&["doctor"]);
    let line = doctor["lines"].as_array().unwrap().iter().find(|line| line["name"] == "library").unwrap().clone();
    assert_eq!(line["message"], "1,000 tools: hybrid, the next threshold is 10,000");
    assert!(line["hint"].as_str().unwrap().contains("experimental"), "{line}");
    let (answer, code) = workspace.json(&["stats"]);
    assert_eq!(code, 0, "{answer:#}");
    let stats = &answer["stats"];
    assert_eq!((&stats["tools"], &stats["stages"]["experimental"]), (&json!(1_000), &json!(1_000)));
    let told = stats["tool_bytes"].as_u64().unwrap();
    assert!(told.abs_diff(bytes) * 5 <= bytes, "{told} told, {bytes} written");
    let mean = stats["mean_tool_bytes"].as_u64().unwrap();
    assert!((1_000..=5_000).contains(&mean), "{mean}");
    assert!(stats["repository_bytes"].as_u64().unwrap() > 0);
    assert_eq!(stats["weeks"][7]["tools"], json!(1_000));
    assert_eq!((&stats["policy"]["crossed"], &stats["policy"]["next"]), (&json!(1_000), &json!(10_000)));
}

#[test]
fn stale_proposes_and_moves_nothing_and_an_agent_may_propose_too() {
    let workspace = Workspace::new().with_script("old", "print(1)").with_script("older", "print(2)");
    let (answer, code) = workspace.json(&["stale"]);
    assert_eq!((code, &answer["stale"], &answer["days"]), (0, &json!([]), &json!(30)), "{answer:#}");
    assert_eq!(workspace.json(&["stale", "--days", "7"]).0["days"], json!(7));
    let (done, code) = workspace.json(&["stale", "--propose"]);
    assert_eq!((code, &done["message"]), (0, &json!("nothing to propose")));
    let engine = open(&workspace);
    let later = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(31 * 24);
    let later = toolsmith::domain::Instant(i64::try_from(later.as_millis()).unwrap());
    let report = engine.upkeep().stale_at(None, later).unwrap();
    let proposals: Vec<_> = report.stale.iter().map(StaleTool::proposal).collect();
    assert_eq!(proposals.iter().map(|one| one.tool.as_str()).collect::<Vec<_>>(), ["old", "older"]);
    engine.execute(Command::Propose { proposals }, &Caller::Agent("bot".to_owned())).unwrap();
    for name in ["old", "older"] {
        assert!(workspace.path(&format!("tools/experimental/{name}.py")).exists());
    }
    let (reviews, _) = workspace.json(&["reviews"]);
    let asked = reviews["reviews"].as_array().unwrap().iter().filter(|review| review["kind"] == "archive");
    assert_eq!(asked.map(|review| &review["asker"]).collect::<Vec<_>>(), [&json!("agent:bot"), &json!("agent:bot")]);
    let report = engine.upkeep().stale_at(None, later).unwrap();
    assert_eq!((report.stale.len(), report.spared), (0, BTreeMap::from([("waiting".to_owned(), 2)])));
}

#[test]
fn a_deleted_tool_is_gone_by_itself_and_back_by_itself() {
    let workspace = Workspace::new().with_script("comes", "print(1)").with_script("stays", "print(2)");
    let engine = open(&workspace);
    let text = fs::read(workspace.path("tools/experimental/comes.py")).unwrap();
    let known = |engine: &Engine| engine.library().catalog().tools.iter().any(|tool| tool.name.as_str() == "comes");
    let (sender, changes) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let told: toolsmith::engine::OnChange = Arc::new(move |_| {
        let _ = sender.lock().unwrap().send(());
    });
    let _watch = engine.library().watch(&told).unwrap();
    let wait = |wanted: bool| {
        let begun = Instant::now();
        while known(&engine) != wanted {
            let left = Duration::from_secs(20).saturating_sub(begun.elapsed());
            changes.recv_timeout(left).expect("the change was never seen");
        }
    };
    fs::remove_file(workspace.path("tools/experimental/comes.py")).unwrap();
    wait(false);
    fs::write(workspace.path("tools/experimental/comes.py"), text).unwrap();
    wait(true);
}
