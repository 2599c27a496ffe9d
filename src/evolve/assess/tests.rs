use super::*;
use crate::evolve::bundle::BundleFailure;
use serde_json::json;
use std::collections::BTreeMap;

const OLD: &str = "text = read()['text']\nprint(total(text))\n";

/// The facts about an answer, set by the tests.
struct Known {
    hint: &'static str,
    new: &'static str,
    probes: Vec<Probe>,
    changes: Vec<Finding>,
    new_manifest: Manifest,
    old_manifest: Manifest,
    unsteady: Option<[String; 2]>,
    still: Vec<String>,
    /// Whether the old code defines all of its names.
    old_defines: bool,
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::blank("totals".parse().unwrap(), crate::domain::Dialect::Native);
    manifest.input = Some(json!({"type": "object", "properties": {"text": {"type": "string"}}}));
    manifest
}

impl Known {
    fn of(new: &'static str, probes: Vec<Probe>) -> Known {
        let (old_manifest, new_manifest) = (manifest(), manifest());
        Known {
            hint: "",
            new,
            probes,
            changes: Vec::new(),
            new_manifest,
            old_manifest,
            unsteady: None,
            still: Vec::new(),
            old_defines: false,
        }
    }

    fn assess(&self) -> Assessment {
        let failure = BundleFailure { error: "failed: ValueError: bad".to_owned(), ..BundleFailure::default() };
        let bundle = Bundle {
            hint: self.hint.to_owned(),
            failures: vec![failure],
            ..Bundle::blank("totals", semver::Version::new(1, 0, 0))
        };
        let texts = |text: &str| BTreeMap::from([("totals.py".to_owned(), text.to_owned())]);
        let old = if self.old_defines { "print(1)\n" } else { OLD };
        let (before, after) = (texts(old), texts(self.new));
        let texts = VersionTexts { before: &before, after: &after, entry: Some("totals.py"), manifest: None };
        assess(&AnswerEvidence {
            bundle: &bundle,
            is_major: false,
            is_new: false,
            texts,
            manifests: (&self.old_manifest, &self.new_manifest),
            capabilities: (&[], &[]),
            observed: &[],
            changes: &self.changes,
            still: &self.still,
            probes: &self.probes,
            unsteady: self.unsteady.as_ref(),
        })
    }

    fn codes(&self) -> Vec<String> {
        self.assess().report.findings.iter().map(|finding| finding.code.clone()).collect()
    }
}

fn run(written: &str) -> ProbeRun {
    let (end, error) = match written.split_once('!') {
        Some(("crash", error)) => (ProbeEnd::Failed, error),
        Some(("refuse", error)) => (ProbeEnd::Refused, error),
        _ if written == "invalid" => (ProbeEnd::NotStarted, ""),
        _ => (ProbeEnd::Succeeded, ""),
    };
    let stdout = if end == ProbeEnd::Succeeded { written } else { "" };
    ProbeRun { end, stdout: stdout.to_owned(), error: error.to_owned(), stderr: error.to_owned() }
}

fn probe(text: &str, source: ProbeSource, before: &str, after: &str) -> Probe {
    Probe { input: json!({"text": text}), source, before: run(before), again: None, after: run(after) }
}

const CHOSEN: ProbeSource = ProbeSource::Recorded { run: RunId(1), chosen: true };
const OTHER: ProbeSource = ProbeSource::Recorded { run: RunId(2), chosen: false };
const CRASH: &str = "crash!ValueError: could not convert";

fn swallowed() -> Finding {
    Finding::new("swallowed", Severity::High, "ValueError is now swallowed").at("totals.py", 3)
}

/// A failing input, three similar ones and two working ones, with the results of the new version.
fn answered(chosen: &str, near: [&str; 3], good: [&str; 2]) -> Vec<Probe> {
    let mut probes = vec![probe("1;2;99", CHOSEN, CRASH, chosen)];
    for (text, after) in ["2;3;11", "1;2;99 1;2;99", "3;4;22"].iter().zip(near) {
        probes.push(probe(text, ProbeSource::Near(0), CRASH, after));
    }
    probes.push(probe("1,2", OTHER, "{\"total\": 3}", good[0]));
    probes.push(probe("5,6", ProbeSource::Example, "{\"total\": 11}", good[1]));
    probes
}

const GOOD: [&str; 2] = ["{\"total\": 3}", "{\"total\": 11}"];
const NEW: &str = "text = read()['text']\nprint(total(text.replace(';', ',')))\n";

#[test]
fn a_right_fix_is_good_and_tells_what_came_back() {
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 29}"];
    let known = Known::of(NEW, answered("{\"total\": 102}", near, GOOD));
    let found = known.assess();
    assert_eq!((found.report.findings, found.outcomes), (vec![], vec![]));
    assert!(found.report.note.starts_with("run 1 now returns {\"total\": 102}; "), "{}", found.report.note);
}

#[test]
fn a_failure_that_is_only_hidden_is_not_fixed() {
    for (chosen, changes) in [
        ("[]", vec![]),
        ("", vec![]),
        ("{\"rows\": [], \"total\": null}", vec![]),
        ("{\"total\": 0}", vec![swallowed()]),
        ("{\"total\": 77}", vec![swallowed()]),
        ("{\"total\": 0, \"note\": \"could not convert\"}", vec![]),
    ] {
        let known = Known { changes, ..Known::of(NEW, answered(chosen, [chosen; 3], GOOD)) };
        assert_eq!(known.codes(), ["hidden-failure"], "{chosen}");
        assert_eq!(known.assess().outcomes, [(RunId(1), ReplayOutcome::Hidden)]);
    }
}

#[test]
fn a_fallback_that_silences_errors_hides_the_failure() {
    let silenced = "text=$1\necho $(total \"$text\" 2>/dev/null || echo 0)\n";
    let known = Known::of(silenced, answered("{\"total\": 0}", ["{\"total\": 0}"; 3], GOOD));
    assert_eq!(known.codes(), ["hidden-failure"]);
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 0}"];
    assert!(Known::of(silenced, answered("{\"total\": 0}", near, GOOD)).codes().is_empty(), "others have a result");
}

#[test]
fn a_refusal_in_the_same_words_is_the_same_failure() {
    let near = ["refuse!line 4: bad", "refuse!line 4: bad", "refuse!line 4: bad"];
    let mut probes = answered("{\"total\": 102}", near, GOOD);
    for probe in &mut probes[..4] {
        probe.before = run("refuse!line 3: bad");
    }
    assert_eq!(Known::of(NEW, probes).codes(), ["hard-coded"]);
}

#[test]
fn an_empty_result_that_was_asked_for_is_a_result() {
    let answer = "{\"total\": null}";
    let known =
        Known { hint: "Return null for other separators", ..Known::of(NEW, answered(answer, [answer; 3], GOOD)) };
    assert!(known.codes().is_empty());
}

#[test]
fn an_empty_result_for_an_empty_input_is_a_result() {
    let with = |answer| vec![probe("", CHOSEN, CRASH, answer), probe("a", OTHER, "{\"a\": 1}", "{\"a\": 1}")];
    assert!(Known::of(NEW, with("{}")).codes().is_empty());
    let hidden = Known { changes: vec![swallowed()], ..Known::of(NEW, with("{}")) };
    assert_eq!(hidden.codes(), ["hidden-failure"], "whatever it is swallowed for");
    assert_eq!(Known::of(NEW, with("{\"a\": 0}")).codes(), ["hidden-failure"], "nothing says that it is right");
    assert!(Known { hint: "Return 0 for an empty text", ..Known::of(NEW, with("{\"a\": 0}")) }.codes().is_empty());
    let mut declared = Known::of(NEW, with("{\"a\": 0}"));
    let example = serde_json::from_value(json!({"input": {"text": ""}, "output": {"a": 0}})).unwrap();
    declared.old_manifest.examples = vec![example];
    declared.new_manifest.examples = declared.old_manifest.examples.clone();
    assert!(declared.codes().is_empty());
    let missing = vec![probe("", CHOSEN, "crash!NameError: name 'json' is not defined", "{\"a\": 0}")];
    assert!(Known::of(NEW, missing).codes().is_empty(), "no input is the cause");
}

#[test]
fn knowing_the_one_input_that_failed_is_no_fix() {
    let known = Known::of(NEW, answered("{\"total\": 102}", [CRASH; 3], GOOD));
    assert_eq!(known.codes(), ["hard-coded"]);
    let coded = "text = read()['text']\nif text == '1;2;99': print(102)\nprint(total(text))\n";
    let known = Known::of(coded, answered("{\"total\": 102}", [CRASH; 3], GOOD)[..2].to_vec());
    assert_eq!(known.codes(), ["hard-coded"], "the code names it, so one other input is enough");
    let refused = "refuse!1;2 is not a list";
    let known = Known::of(NEW, answered("{\"total\": 102}", [CRASH, refused, CRASH], GOOD));
    assert!(known.codes().is_empty(), "one of its kind is refused with a message");
}

#[test]
fn the_same_output_for_inputs_that_differed_ignores_them() {
    let near = ["{\"total\": 16}"; 3];
    let same = "{\"total\": 3}";
    let codes = Known::of(NEW, answered("{\"total\": 3}", near, [same; 2])).codes();
    assert_eq!(codes, ["constant"]);
    let always = |answer: &'static str| -> Vec<Probe> {
        ["a", "b", "c", "d", "e"].iter().map(|text| probe(text, ProbeSource::Example, CRASH, answer)).collect()
    };
    assert_eq!(Known::of("print(1)\n", always("{\"total\": 3}")).codes(), ["constant"], "it no longer reads its input");
    assert!(Known::of(NEW, always("{\"valid\": false}")).codes().is_empty(), "one answer may be right for all");
}

#[test]
fn an_answer_that_is_made_up_or_handed_back_is_no_fix() {
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 29}"];
    let unsteady = Some(["0.25".to_owned(), "0.75".to_owned()]);
    let known = Known { unsteady: unsteady.clone(), ..Known::of(NEW, answered("{\"total\": 102}", near, GOOD)) };
    assert_eq!(known.codes(), ["unsteady"]);
    let other = ["{\"total\": 7}", "{\"total\": 8}"];
    let known = Known { unsteady, ..Known::of(NEW, answered("{\"total\": 102}", near, other)) };
    assert!(!known.codes().contains(&"unsteady".to_owned()), "the tool may be one that draws numbers");
    let codes = Known::of(NEW, answered("{\"total\": \"1;2;99\"}", near, GOOD)).codes();
    assert!(codes.contains(&"echo".to_owned()), "{codes:?}");
}

#[test]
fn a_refusal_with_a_message_is_a_fix_where_it_may_be_one() {
    let refuse = "refuse!1;2;99 is not a list of numbers";
    let known = Known::of(NEW, answered(refuse, [refuse; 3], GOOD));
    assert_eq!((known.codes(), known.assess().outcomes), (vec![], vec![(RunId(1), ReplayOutcome::Refused)]));
    let known = Known { hint: "Accept semicolons too", ..known };
    assert_eq!(known.assess().outcomes, [], "it was to be accepted");
    let missing = "crash!NameError: name 'json' is not defined";
    let known = Known::of(NEW, vec![probe("1", CHOSEN, missing, refuse), probe("2", OTHER, "2", "2")]);
    assert_eq!(known.assess().outcomes, [], "a missing name is not the fault of the input");
    let all = Known::of(NEW, vec![probe("1", CHOSEN, CRASH, refuse)]);
    assert_eq!(all.codes(), ["refusal"], "nothing works any longer");
}

#[test]
fn inputs_that_no_longer_fit_are_left_out_only_where_the_request_breaks_them() {
    let probes = || vec![probe("1,2", OTHER, "3", "invalid"), probe("5,6", ProbeSource::Example, "11", "11")];
    let mut known = Known::of(NEW, probes());
    assert_eq!(known.assess().outcomes, [], "broken, as its endings say");
    known.hint = "Take the numbers as a list of the new field numbers";
    assert_eq!(known.assess().outcomes, [(RunId(2), ReplayOutcome::LeftOut)]);
}

#[test]
fn an_output_that_was_marked_as_wrong_is_fixed_when_another_one_comes() {
    let known = Known::of(NEW, vec![probe("1", CHOSEN, "3", "4")]);
    assert_eq!(known.assess().outcomes, [(RunId(1), ReplayOutcome::Fixed)]);
    assert_eq!(Known::of(NEW, vec![probe("1", CHOSEN, "3", "3")]).assess().outcomes, []);
}

#[test]
fn code_that_stays_as_it_was_is_no_answer() {
    assert_eq!(Known::of("# Fixed.\ntext = read()['text']\nprint(total(text))\n", vec![]).codes(), ["unchanged"]);
    let known = Known { hint: "Document the tool", ..Known::of(OLD, vec![]) };
    assert!(known.codes().is_empty());
}

#[test]
fn examples_stay_where_nobody_asked_for_others() {
    let mut known = Known::of(NEW, vec![]);
    let example = |output: i64| -> crate::domain::Example {
        serde_json::from_value(json!({"input": {"text": "1"}, "output": output})).unwrap()
    };
    known.old_manifest.examples = vec![example(1)];
    known.new_manifest.examples = vec![example(2)];
    assert_eq!(known.codes(), ["example"]);
    known.hint = "Count from two";
    assert!(known.codes().is_empty());
}

#[test]
fn right_answers_stay_unless_others_are_asked_for() {
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 29}"];
    let other = ["{\"total\": 3}", "{\"total\": 2}"];
    let known = Known::of(NEW, answered("{\"total\": 102}", near, other));
    assert_eq!(known.codes(), ["changed-answer"]);
    for (hint, codes) in [
        ("Fix the crash with semicolons, please", vec!["changed-answer"]),
        ("Accept this text too", vec!["changed-answer"]),
        ("Return half of it", vec![]),
        ("Round the total", vec![]),
    ] {
        let known = Known { hint, ..Known::of(NEW, answered("{\"total\": 102}", near, other)) };
        let found = known.codes().into_iter().filter(|code| code == "changed-answer").collect::<Vec<_>>();
        assert_eq!(found, codes, "{hint}");
    }
    let mut random = answered("{\"total\": 102}", near, other);
    random[5].again = Some("{\"total\": 12}".to_owned());
    assert!(Known::of(NEW, random).codes().is_empty(), "the old version answers differently each time");
    let rounded = answered("{\"total\": 102}", near, ["{\"total\": 3.0}", "{\"total\": 11.0}"]);
    assert!(Known::of(NEW, rounded).codes().is_empty());
    let marked = vec![probe("1", CHOSEN, "3", "4"), probe("2", OTHER, "5", "6")];
    assert!(Known::of(NEW, marked).codes().is_empty(), "its answers were marked as wrong");
}

#[test]
fn inputs_like_those_that_worked_are_not_refused() {
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 29}"];
    let with = |ends: [&str; 2]| {
        let mut probes = answered("{\"total\": 102}", near, GOOD);
        for (text, after) in ["2,3", "4,5"].iter().zip(ends) {
            probes.push(probe(text, ProbeSource::Near(4), "{\"total\": 4}", after));
        }
        probes
    };
    let refused = "refuse!unsupported list";
    assert_eq!(Known::of(NEW, with([refused; 2])).codes(), ["refuses-more"]);
    assert!(Known::of(NEW, with(["{\"total\": 4}"; 2])).codes().is_empty());
    let asked = Known { hint: "Reject negative numbers", ..Known::of(NEW, with([refused, "{\"total\": 4}"])) };
    assert!(asked.codes().is_empty());
    let numbers = |after: &str| {
        let input = |n: i64| json!({"text": "a", "n": n});
        let mut probes = answered("{\"total\": 102}", near, GOOD);
        probes[4].input = input(3);
        for (n, after) in [(4, "{\"total\": 3}"), (5, "{\"total\": 3}"), (13, after)] {
            let probe = probe("", ProbeSource::Near(4), "{\"total\": 3}", after);
            probes.push(Probe { input: input(n), ..probe });
        }
        Known::of(NEW, probes).codes()
    };
    assert_eq!(numbers(refused), ["refuses-more"], "another number is an input of the same kind");
    assert!(numbers("{\"total\": 3}").is_empty());
}

#[test]
fn a_failure_that_nobody_chose_is_not_hidden_either() {
    let near = ["{\"total\": 16}", "{\"total\": 204}", "{\"total\": 29}"];
    let mut probes = answered("{\"total\": 102}", near, GOOD);
    probes.push(probe("x", ProbeSource::Recorded { run: RunId(9), chosen: false }, CRASH, "{\"total\": 0}"));
    let known = Known { changes: vec![swallowed()], ..Known::of(NEW, probes) };
    assert_eq!(known.codes(), ["hidden-failure"]);
    assert!(known.assess().outcomes.contains(&(RunId(9), ReplayOutcome::Hidden)));
}

#[test]
fn one_answer_to_many_failing_inputs_is_none_where_answers_vary() {
    let worked = |probes: &mut Vec<Probe>| {
        for (text, total) in [("1,1", 2), ("2,2", 4), ("3,4", 7)] {
            let total = format!("{{\"total\": {total}}}");
            probes.push(probe(text, ProbeSource::Near(4), &total, &total));
        }
    };
    for answer in ["{\"total\": 0}", "{\"total\": 77}"] {
        let mut probes = answered(answer, [answer; 3], GOOD);
        worked(&mut probes);
        assert_eq!(Known::of(NEW, probes).codes(), ["hidden-failure"], "no word of the code catches anything");
    }
}

#[test]
fn a_repair_that_repairs_nothing_is_not_good() {
    let same = || vec![probe("1", ProbeSource::Example, CRASH, CRASH)];
    assert_eq!(Known::of(NEW, same()).codes(), ["fixes-nothing"]);
    assert!(Known { hint: "Draw a chart", ..Known::of(NEW, same()) }.codes().is_empty());
    let missing = |after| vec![probe("1", ProbeSource::Example, "crash!NameError: name 'sys' is not defined", after)];
    assert_eq!(Known::of(NEW, missing("crash!NameError: name 'socket' is not defined")).codes(), ["fixes-nothing"]);
    let further = Known { old_defines: true, ..Known::of(NEW, missing("crash!EOFError: EOF when reading a line")) };
    assert!(further.codes().is_empty(), "it fails further on, for want of an input");
    let still = vec!["it fails at every start: NameError: name 'socket' is not defined".to_owned()];
    let known = Known { still: still.clone(), ..Known::of(NEW, vec![]) };
    assert_eq!(known.codes(), ["fixes-nothing"]);
    let fixed = Known { still, ..Known::of(NEW, vec![probe("1", CHOSEN, CRASH, "{\"total\": 1}")]) };
    assert!(fixed.codes().is_empty());
}
