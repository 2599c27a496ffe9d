use super::*;
use crate::domain::{Deprecation, Digest, GroupKind, Instant, Stage};
use crate::insight::SimilarityIndex;

fn tool(name: &str, description: &str) -> Tool {
    Tool { description: description.to_owned(), ..Tool::ordinary(name) }
}

fn shelf(tools: Vec<Tool>) -> Vec<Arc<Tool>> {
    tools.into_iter().map(Arc::new).collect()
}

fn of(tools: &[Arc<Tool>]) -> SimilarityIndex {
    SimilarityIndex::new(tools)
}

/// The similarity of two tools by their texts alone.
fn likeness(index: &SimilarityIndex, one: usize, other: usize) -> f64 {
    index.resemblance().likeness(one, other, &mut |_| None).likeness
}

/// Groups as names: kind, the one to keep, the others.
fn told(tools: &[Arc<Tool>], merits: &[Merit]) -> Vec<(String, String, Vec<String>)> {
    let name =
        |at: usize| tools[at].path.trim_start_matches("tools/experimental/").trim_end_matches("/tool.toml").to_owned();
    let group = |group: SimilarGroup| {
        (group.kind.to_string(), name(group.keep), group.rest.iter().map(|member| name(member.tool)).collect())
    };
    groups(of(tools).resemblance(), merits, &mut |_| None).into_iter().map(group).collect()
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
    let index = of(&tools);
    let same = index.resemblance().likeness(2, 3, &mut |_| None);
    assert!(same.is_near(), "{same:?}");
    assert!(likeness(&index, 0, 1) < NEAR && likeness(&index, 4, 5) < NEAR);
    assert!((likeness(&index, 2, 3) - likeness(&index, 3, 2)).abs() < 1e-9, "it is the same both ways");
    let pairs = index.resemblance().pairs(NEAR);
    assert_eq!(pairs.into_iter().map(|pair| (pair.one, pair.other)).collect::<Vec<_>>(), [(2, 3)]);
    assert!(same.why.contains("csv") && same.why.contains("json"));
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
    let index = of(&tools);
    let open = likeness(&index, 0, 1);
    assert!((OPEN..NEAR).contains(&open), "{open}");
    // Code of 100 pieces, of which all tools share this number.
    let asked_of = |shared: u64| {
        let mut asked = HashSet::new();
        let mut code = |tool: usize| {
            asked.insert(tool);
            let own = 1_000 * (1 + tool as u64);
            Some(Arc::new(CodeFingerprint::of_pieces((0..shared).chain(own..own + 100 - shared))))
        };
        let found = groups(index.resemblance(), &[], &mut code);
        let all = index.resemblance().resembling(0, OPEN, 10, &mut code);
        let two = index.resemblance().likeness(0, 1, &mut code);
        assert_eq!(all.iter().find(|other| other.tool == 1).map(|other| &other.likeness), Some(&two));
        let by_code = found.iter().flat_map(|group| &group.rest).filter(|member| member.likeness.why.contains("code"));
        (asked, by_code.count(), two)
    };
    let (asked, by_code, two) = asked_of(90);
    assert!(asked.contains(&0) && asked.contains(&1) && !asked.contains(&2) && by_code > 0, "{asked:?} {by_code}");
    assert!(two.is_near() && two.why.ends_with("code 95% similar"), "{two:?}");
    let (_, by_code, two) = asked_of(70);
    assert_eq!(by_code, 0, "other code is no duplicate either");
    assert!((two.likeness - open).abs() < 1e-9 && two.why.ends_with("code 79% similar"), "{two:?}");
}

#[test]
fn a_group_and_a_single_question_give_one_figure_with_an_archived_tool_and_a_copy_around() {
    let mut tools = vec![
        tool("csv_to_json", "Convert a CSV file to JSON"),
        tool("convert_csv_json", "Transforms CSV files into JSON format, with headers as keys."),
        tool("json_of_csv", "Turns CSV into JSON"),
        tool("other", "Counts the stripes of zebras"),
    ];
    tools[2].stage = Stage::Archived;
    let mut copy = Tool { path: "tools/copy/tool.toml".to_owned(), ..tools[3].clone() };
    copy.copy_of = Some(tools[3].path.clone());
    tools.push(copy);
    let tools = shelf(tools);
    let index = of(&tools);
    let found = groups(index.resemblance(), &[], &mut |_| None);
    let near = found.iter().find(|group| group.kind == GroupKind::Near).unwrap();
    assert_eq!((near.keep, near.rest[0].tool, near.rest.len()), (1, 0, 1), "what is archived is in no group");
    let of_one = index.resemblance().resembling(1, OPEN, 10, &mut |_| None);
    let first = of_one.iter().find(|other| other.tool == 0).unwrap();
    assert_eq!(first.likeness, near.rest[0].likeness);
    assert!(of_one.iter().any(|other| other.tool == 2), "but it is told of who asks for one tool");
    let copies = index.resemblance().resembling(3, OPEN, 10, &mut |_| None);
    assert_eq!(copies.iter().map(|other| (other.tool, other.is_copy)).collect::<Vec<_>>(), [(4, true)]);
    // A version that is not in the catalog is weighed as if it were.
    let anew = Tool { digest: Digest::of_bytes(b"anew"), ..Tool::clone(&tools[1]) };
    assert_eq!(index.place_of(&anew), None);
    let with = index.with(&anew);
    let place = with.place_of(&anew).unwrap();
    let again = with.resemblance().resembling(place, OPEN, 10, &mut |_| None);
    let again = again.iter().find(|other| with.tools()[other.tool].name.as_str() == "csv_to_json").unwrap();
    assert_eq!(again.likeness, first.likeness);
}

#[test]
fn what_merges_does_not_rename_whatever_else_two_tools_share() {
    let tools = shelf(vec![
        tool("merge_invoice_17", "Tool of plant17: merge each invoice of plant17"),
        tool("rename_invoice_17", "Tool of plant17: rename each invoice of plant17"),
        tool("update_invoice_17", "Tool of plant17: update each invoice of plant17"),
    ]);
    let index = of(&tools);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let likeness = likeness(&index, one, other);
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
    Arc::make_mut(&mut tools[3].facts).deprecated = Some(Box::new(mark));
    assert_eq!(told(&shelf(tools), &[]), vec![]);
}

#[test]
fn the_same_files_are_no_copies_where_another_one_is_started_or_the_folder_counts() {
    let at =
        |name: &str, path: &str| Tool { path: path.to_owned(), digest: Digest::of_bytes(b"x"), ..Tool::ordinary(name) };
    let others = vec![
        at("a", "t/one/check.sh"),
        at("b", "t/one/check.py"),
        at("c", "t/x/Makefile#deploy"),
        at("d", "t/y/Makefile#deploy"),
    ];
    assert_eq!(told(&shelf(others), &[]), vec![]);
    let copies = vec![at("a", "t/one/check.sh"), at("b", "t/two/check.sh")];
    assert_eq!(told(&shelf(copies), &[]).len(), 1);
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
    let index = of(&tools);
    index.resemblance();
    let made = begun.elapsed();
    let begun = std::time::Instant::now();
    let one = index.resemblance().resembling(0, OPEN, 5, &mut |_| None);
    let asked = begun.elapsed();
    let begun = std::time::Instant::now();
    let pairs = index.resemblance().pairs(NEAR);
    eprintln!("10,000 tools: made {made:?}, one {asked:?}, pairs {:?}", begun.elapsed());
    assert!(!one.is_empty());
    assert!(pairs.iter().any(|pair| (pair.one, pair.other) == (10_000, 10_001)));
    assert!(pairs.len() < 10 * tools.len(), "{} pairs", pairs.len());
}

/// One tool of a held-out pair.
#[derive(serde::Deserialize)]
struct Side {
    name: String,
    description: String,
}

#[derive(serde::Deserialize)]
struct HeldOut {
    one: Side,
    other: Side,
    same: bool,
}

#[derive(serde::Deserialize)]
struct Labelled {
    held_out: Vec<HeldOut>,
}

/// This result must only not get worse: nothing may be fitted to these pairs.
#[test]
fn of_ten_held_out_pairs_half_are_found_with_one_false_one() {
    let Labelled { held_out } = toml::from_str(include_str!("../../../tests/labelled/likeness.toml")).unwrap();
    let sides = held_out.iter().flat_map(|pair| [&pair.one, &pair.other]);
    let tools = shelf(sides.map(|side| tool(&side.name, &side.description)).collect());
    let index = of(&tools);
    let is_near = |pair: usize| likeness(&index, 2 * pair, 2 * pair + 1) >= NEAR;
    let count = |same: bool| (0..held_out.len()).filter(|pair| held_out[*pair].same == same && is_near(*pair)).count();
    let (hits, false_hits) = (count(true), count(false));
    eprintln!("held out: {hits} of 10 found, {false_hits} of 10 wrongly");
    assert_eq!(held_out.iter().filter(|pair| pair.same).count(), 10);
    assert!(hits >= 5 && false_hits <= 1, "{hits} found, {false_hits} wrongly");
}
