use super::{Bundle, BundleComment, BundleFailure, BundleFile, FewShot, canonical, guidelines};
use crate::domain::{CommentKind, Redactor, RunId, Secret, TestCase};
use crate::evolve::cut::{Keep, cut};
use proptest::prelude::*;
use serde_json::json;

fn file(path: &str, text: &str) -> BundleFile {
    BundleFile { path: path.into(), text: text.into(), left_out_bytes: 0 }
}

fn blank() -> Bundle {
    Bundle::blank("csv_parser", semver::Version::new(1, 0, 0))
}

fn full(size: usize) -> Bundle {
    let text = |line: &str| format!("{line}\n").repeat(size / (line.len() + 1) + 1);
    let failure = |number| BundleFailure {
        run: Some(RunId(number)),
        input: text("{\"path\": \"a.csv\"}"),
        output: text("Traceback") + "ValueError: last line\n",
        error: "exit code 1".into(),
        scenario: text("an empty file"),
    };
    Bundle {
        hint: text("Support both"),
        description: text("Reads CSV"),
        specification: text("## Requirements"),
        feedback: text("worst"),
        files: vec![file("csv_parser.py", &text("import csv")), file("lib/more.py", &text("x = 1"))],
        manifest: Some(file("tool.toml", &text("# name"))),
        input: Some(json!({"description": text("in")})),
        output: Some(json!({"description": text("out")})),
        failures: (1..9).map(failure).collect(),
        tests: vec![TestCase { name: text("t"), input: json!(1), expect: json!(2) }],
        comments: vec![BundleComment {
            path: Some("csv_parser.py".into()),
            lines: Some((1, 2)),
            kind: CommentKind::MustFix,
            text: text("why?"),
            outdated: false,
        }],
        dependencies: vec!["requests".into(); size / 10 + 1],
        guidelines: guidelines("Python").into_iter().map(str::to_owned).collect(),
        learnt: vec![text("learnt")],
        few_shot: vec![FewShot { tool: "a".into(), description: "b".into(), code: text("pass") }],
        ..blank()
    }
}

#[test]
fn a_small_bundle_stays_as_it_is() {
    let bundle = full(100);
    assert_eq!(bundle.clone().bounded(64 * 1024), bundle);
}

#[test]
fn few_shot_goes_before_code_and_failures_and_all_of_it_is_said() {
    let mut bundle = blank();
    bundle.files = vec![file("a.py", &"x = 1\n".repeat(1000))];
    bundle.failures = vec![BundleFailure { output: "o".repeat(1000), ..BundleFailure::default() }];
    bundle.few_shot =
        (0..3).map(|i| FewShot { tool: format!("t{i}"), description: String::new(), code: "y".repeat(1000) }).collect();
    let bounded = bundle.clone().bounded(8200);
    assert_eq!((&bounded.files, &bounded.failures), (&bundle.files, &bundle.failures));
    assert_eq!(bounded.few_shot.len(), 1);
    assert_eq!(bounded.left_out, ["2 few-shot examples omitted"]);
}

#[test]
fn a_cut_file_shows_where_and_how_much() {
    let mut bundle = blank();
    bundle.files = vec![file("a.py", &((0..2000).map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n") + "\n"))];
    let bounded = bundle.clone().bounded(2000);
    let text = &bounded.files[0].text;
    assert!(text.starts_with("line 0\n") && text.ends_with("line 1999\n"), "{text}");
    let missing = bounded.files[0].left_out_bytes;
    let mark = format!("\n[… {} bytes omitted …]\nline ", crate::domain::grouped(missing as usize));
    assert!(text.contains(&mark), "{text}");
    assert_eq!(text.len() as u64 + missing - mark.len() as u64 + 6, bundle.files[0].text.len() as u64);
    assert_eq!(bounded.left_out, [format!("a.py: {} bytes omitted", crate::domain::grouped(missing as usize))]);
}

#[test]
fn of_an_output_the_end_stays() {
    let mut bundle = full(3000);
    bundle.failures.truncate(2);
    let bounded = bundle.bounded(8 * 1024);
    assert_eq!(bounded.failures.len(), 2);
    assert!(bounded.failures.iter().all(|failure| failure.output.ends_with("ValueError: last line\n")));
    assert_eq!(bounded.failures[0].error, "exit code 1");
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_keys() {
    let with = |value| Bundle { input: Some(value), ..blank() };
    let one = with(serde_json::from_str(r#"{"a": {"x": 1, "y": 2}, "b": 2}"#).unwrap());
    let other = with(serde_json::from_str(r#"{"b": 2, "a": {"y": 2, "x": 1}}"#).unwrap());
    assert_eq!(one.digest(), other.digest());
    assert_ne!(one.digest(), blank().digest());
    assert_eq!(canonical(&json!({"b": [1, {"d": 1, "c": null}], "a": "x"})), r#"{"a":"x","b":[1,{"c":null,"d":1}]}"#);
}

#[test]
fn a_bundle_reads_back_also_with_fields_of_another_version() {
    let bundle = full(100);
    assert_eq!(serde_json::from_str::<Bundle>(&bundle.json()).unwrap(), bundle);
    let old = r#"{"format": 1, "tool": "a", "version": "1.2.0", "of_tomorrow": 1}"#;
    let read: Bundle = serde_json::from_str(old).unwrap();
    assert_eq!(read, Bundle::blank("a", semver::Version::new(1, 2, 0)));
}

#[test]
fn secrets_are_masked_in_every_text() {
    let secret = Secret::new("hunter2-hunter2");
    let redactor = Redactor::new([("PASSWORD", &secret)]);
    let mut bundle = full(10);
    let word = "hunter2-hunter2";
    bundle.hint.push_str(word);
    bundle.files[0].text.push_str(word);
    bundle.failures[0].input.push_str(word);
    bundle.tests[0].expect = json!({"exact": word});
    bundle.few_shot[0].code.push_str(word);
    bundle.permissions.network.push(word.into());
    bundle.examples.push(crate::domain::Example {
        description: word.into(),
        input: json!(word),
        output: Some(json!([word])),
    });
    let (masked, found) = bundle.masked(&redactor);
    assert!(!masked.json().contains("hunter2"), "{}", masked.json());
    assert!(found.count() >= 6);
    assert!(masked.left_out.iter().any(|line| line.contains("PASSWORD")), "{:?}", masked.left_out);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_bundle_is_larger_than_its_limit(size in 0_usize..6000, limit in 0_usize..30_000) {
        let bounded = full(size).bounded(limit);
        prop_assert!(bounded.size() <= limit, "{} > {limit}", bounded.size());
        prop_assert!(bounded.left_out.iter().map(String::len).sum::<usize>() < 2000);
    }

    #[test]
    fn a_cut_text_fits(text in "\\PC{0,300}", budget in 0_usize..400) {
        for keep in [Keep::Head, Keep::Both, Keep::Tail] {
            let (cut, missing) = cut(&text, budget, keep);
            prop_assert!(cut.len() <= budget);
            prop_assert_eq!(missing == 0, cut == text);
        }
    }
}
