use super::*;
use crate::domain::{Deprecation, Digest, Instant, Stage};

fn tool(name: &str, description: &str) -> Tool {
    Tool { description: description.to_owned(), ..Tool::ordinary(name) }
}

fn shelf(tools: Vec<Tool>) -> Vec<Arc<Tool>> {
    tools.into_iter().map(Arc::new).collect()
}

/// Groups in words: kind, the one to keep, the others.
fn told(tools: &[Arc<Tool>], merits: &[Merit]) -> Vec<(String, String, Vec<String>)> {
    let name =
        |at: usize| tools[at].path.trim_start_matches("tools/experimental/").trim_end_matches("/tool.toml").to_owned();
    let group = |group: Group| {
        (group.kind.to_string(), name(group.keep), group.rest.iter().map(|member| name(member.tool)).collect())
    };
    groups(tools, merits, &mut |_, _| None).into_iter().map(group).collect()
}

fn row(kind: &str, keep: &str, rest: &[&str]) -> (String, String, Vec<String>) {
    (kind.to_owned(), keep.to_owned(), rest.iter().map(|name| (*name).to_owned()).collect())
}

fn merit(runs: u64, score: Option<f64>, first_seen: i64) -> Merit {
    Merit { runs, score, first_seen: Instant(first_seen) }
}

#[test]
fn counterparts_and_siblings_are_no_duplicates_and_the_same_thing_in_other_words_is() {
    let tools = shelf(vec![
        tool("tcp_client", "TCP client for binary protocols. Connects to a server and sends binary data."),
        tool("tcp_server", "TCP server for binary protocols. Handles connections and receives binary data."),
        tool("csv_to_json", "Convert a CSV file to JSON"),
        tool("convert_csv_json", "Transforms CSV files into JSON format, with headers as keys."),
        tool("bible", "Verses of the Bible by book and chapter in several translations"),
        tool("quran", "Verses of the Quran by surah and chapter in several translations"),
    ]);
    let library = Library::of(&tools);
    let likeness = |one, other| library.likeness(one, other).likeness;
    assert!(likeness(2, 3) >= NEAR, "{:?}", library.likeness(2, 3));
    assert!(likeness(0, 1) < NEAR && likeness(4, 5) < NEAR, "{} {}", likeness(0, 1), likeness(4, 5));
    assert!((likeness(2, 3) - likeness(3, 2)).abs() < 1e-9, "it is the same both ways");
    assert_eq!(library.pairs(NEAR).into_iter().map(|pair| (pair.one, pair.other)).collect::<Vec<_>>(), [(2, 3)]);
    assert!(library.likeness(2, 3).why.contains("csv") && library.likeness(2, 3).why.contains("json"));
}

#[test]
fn of_a_group_the_vouched_the_used_the_better_the_older_is_kept_in_this_order() {
    let twins = |stage: Stage| {
        let mut list = vec![
            tool("csv_to_json", "Convert a CSV file to JSON"),
            tool("convert_csv_json", "Transforms CSV files into JSON format."),
        ];
        list[1].stage = stage;
        shelf(list)
    };
    let second = vec![row("near", "convert_csv_json", &["csv_to_json"])];
    let first = vec![row("near", "csv_to_json", &["convert_csv_json"])];
    let none = merit(0, None, 0);
    let experimental = twins(Stage::Experimental);
    assert_eq!(told(&twins(Stage::Approved), &[merit(9, None, 0), none]), second, "the stage goes first");
    assert_eq!(told(&experimental, &[merit(9, Some(0.1), 9), merit(8, Some(0.9), 0)]), first, "then runs");
    assert_eq!(told(&experimental, &[merit(9, Some(0.1), 0), merit(9, Some(0.9), 9)]), second, "then the score");
    assert_eq!(told(&experimental, &[merit(0, None, 1), merit(0, None, 2)]), first, "then age");
    assert_eq!(told(&experimental, &[none, none]), second, "then the name");
}

#[test]
fn where_the_words_leave_it_open_the_code_is_asked_and_where_they_do_not_it_is_not() {
    let tools = shelf(vec![
        tool("invoice_sorter", "Sorts invoices of a folder by their date"),
        tool("date_of_invoices", "Puts the papers of a folder in order, the oldest invoice first"),
        tool("zebra", "Counts stripes"),
        tool("invoice_by_date", "Sort the invoices in a folder by date"),
    ]);
    let mut asked = Vec::new();
    let found = groups(&tools, &[], &mut |one, other| {
        asked.push((one, other));
        Some(Likeness { likeness: 0.9, why: "code 90 % alike".to_owned() })
    });
    assert!(asked.iter().all(|pair| ![pair.0, pair.1].contains(&2)), "{asked:?}");
    assert!(!asked.contains(&(0, 3)), "what they say was enough: {asked:?}");
    assert!(asked.contains(&(0, 1)) || asked.contains(&(1, 3)), "{asked:?}");
    let by_code = found.iter().flat_map(|group| &group.rest).filter(|member| member.likeness.why.starts_with("code"));
    assert!(by_code.count() > 0, "{found:?}");
}

#[test]
fn copies_and_clashes_are_told_by_path_and_what_is_put_away_is_in_no_group() {
    let at = |name: &str, folder: &str, content: &str| Tool {
        path: format!("tools/experimental/{folder}/tool.toml"),
        digest: Digest::of_bytes(content.as_bytes()),
        ..Tool::ordinary(name)
    };
    let mut tools = vec![at("a", "one", "x"), at("a", "two", "x"), at("b", "three", "y"), at("b", "four", "z")];
    tools[2].clashes = vec![tools[3].path.clone()];
    tools[3].clashes = vec![tools[2].path.clone()];
    let both = vec![row("copies", "one", &["two"]), row("clash", "four", &["three"])];
    assert_eq!(told(&shelf(tools.clone()), &[]), both);
    tools[1].stage = Stage::Archived;
    let mark = Deprecation { by: None, reason: None, who: "Ada".to_owned(), at: Instant(0) };
    tools[3].facts.deprecated = Some(mark);
    assert_eq!(told(&shelf(tools), &[]), vec![]);
}

#[test]
fn ten_thousand_tools_are_looked_through_by_their_rare_words_not_pair_by_pair() {
    let things = ["invoice", "calendar", "subtitle", "recipe", "sensor", "playlist", "contract", "timetable"];
    let verbs = ["merge", "validate", "export", "rename", "count", "sort", "translate", "archive"];
    let tools: Vec<Tool> = (0..10_000)
        .map(|number| {
            let (thing, verb) = (things[number % 8], verbs[number / 8 % 8]);
            let plant = number / 64;
            tool(
                &format!("{verb}_{thing}_{plant}"),
                &format!("Tool of plant{plant}: {verb} each {thing} of plant{plant}"),
            )
        })
        .collect();
    let mut tools = tools;
    tools.push(tool("export_zebra_stripes", "Exports the stripes of a zebra as a barcode"));
    tools.push(tool("zebra_stripe_exporter", "Export stripes of zebras as a barcode."));
    let tools = shelf(tools);
    let begun = std::time::Instant::now();
    let pairs = Library::of(&tools).pairs(NEAR);
    eprintln!("10,000 tools: {:?}, {} pairs", begun.elapsed(), pairs.len());
    assert!(pairs.iter().any(|pair| (pair.one, pair.other) == (10_000, 10_001)));
}
