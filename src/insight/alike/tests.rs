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
        tool("http_raw_client", "Raw HTTP client that returns content as string without parsing."),
        tool("http_rest_client", "Standard REST client over HTTP with automatic JSON parsing."),
        tool("zebra", "Counts stripes"),
        tool("raw_http", "A raw HTTP client: returns the content as a string without parsing it."),
    ]);
    let library = Library::of(&tools);
    let open = library.likeness(0, 1).likeness;
    assert!((OPEN..NEAR).contains(&open), "{open}");
    let asked_of = |closer: f64| {
        let mut asked = Vec::new();
        let found = groups(&tools, &[], &mut |one, other| {
            asked.push((one, other));
            Some(Likeness { likeness: closer, why: "code alike".to_owned() })
        });
        let by_code = found.iter().flat_map(|group| &group.rest).filter(|member| member.likeness.why == "code alike");
        (asked, by_code.count())
    };
    let (asked, by_code) = asked_of(0.9);
    assert!(asked.contains(&(0, 1)) && !asked.contains(&(0, 3)) && by_code > 0, "{asked:?} {by_code}");
    assert!(asked.iter().all(|(one, other)| ![one, other].contains(&&2)), "{asked:?}");
    assert_eq!(asked_of(0.7).1, 0, "other code is no duplicate either");
}

#[test]
fn what_merges_does_not_rename_whatever_else_two_tools_share() {
    let tools = shelf(vec![
        tool("merge_invoice_17", "Tool of plant17: merge each invoice of plant17"),
        tool("rename_invoice_17", "Tool of plant17: rename each invoice of plant17"),
        tool("update_invoice_17", "Tool of plant17: update each invoice of plant17"),
    ]);
    let library = Library::of(&tools);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let likeness = library.likeness(one, other).likeness;
        assert!(likeness < NEAR, "{one} {other}: {likeness}");
    }
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
    assert!(pairs.len() < 10 * tools.len(), "{} pairs", pairs.len());
}
