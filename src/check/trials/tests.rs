use super::super::CHECKS;
use super::super::Cost;
use super::testing::{check, check_at, python, taking, told, with_tests};
use crate::domain::{CheckState, Digest, Example, IsolationLevel, Severity, ToolDetail, VersionFile};
use serde_json::{Value, json};

const DIVIDE: &str = "import json, sys\nv = json.load(sys.stdin)\nprint(json.dumps({'quotient': v['a'] / v['b']}))";

fn number() -> Value {
    json!({"type": "number"})
}

fn divide() -> ToolDetail {
    taking(python(DIVIDE), &json!({"a": number(), "b": number()}))
}

fn upper(change: &str) -> ToolDetail {
    python(&format!("import json, sys\nt = json.load(sys.stdin)['text']\nprint(json.dumps({{'text': t{change}}}))"))
}

#[test]
fn a_division_by_zero_is_found_and_made_as_simple_as_it_gets() {
    let report = check("property", &divide(), None);
    let expected = "the input a = 0, b = 0 makes it crash: ZeroDivisionError: division by zero";
    assert_eq!(told(&report), [("crash", Severity::High, expected)], "{report:?}");
    assert_eq!((report.state, report.note.as_str()), (CheckState::Failed, "200 inputs generated from its schema"));
}

#[test]
fn what_is_cleanly_refused_is_no_crash() {
    let script = "import json, sys\nv = json.load(sys.stdin)\nif v['b'] == 0:\n  print('b is zero', file=sys.stderr)\n  \
                  sys.exit(2)\nprint(v['a'] / v['b'])";
    let version = taking(python(script), &json!({"a": number(), "b": number()}));
    let report = check("property", &version, None);
    assert_eq!(report.state, CheckState::Passed, "{report:?}");
    let found = told(&report);
    assert_eq!((found.len(), found[0].0, found[0].1), (1, "refuses", Severity::Low), "{report:?}");
    assert!(found[0].2.ends_with(": b is zero"), "{report:?}");
}

#[test]
fn a_generated_value_that_names_no_file_is_not_a_crash() {
    let script = "import json, sys\nv = json.load(sys.stdin)\nprint(len(open(v['path']).read()))";
    let path = json!({"path": {"type": "string"}});
    let report = check("property", &taking(python(script), &path), None);
    assert!(!told(&report).iter().any(|(code, ..)| *code == "crash"), "{report:?}");
    // A file that the tool names itself is its own fault.
    let script = "import json, sys\nv = json.load(sys.stdin)\nprint(open('settings.ini').read(), v)";
    let report = check("property", &taking(python(script), &path), None);
    assert!(told(&report)[0].2.contains("makes it crash: FileNotFoundError"), "{report:?}");
}

#[test]
fn an_output_that_breaks_its_schema_is_a_counterexample() {
    let script =
        "import json, sys\nv = json.load(sys.stdin)\nprint(json.dumps({'n': v['n'] if v['n'] < 500 else None}))";
    let mut version = taking(python(script), &json!({"n": {"type": "integer", "minimum": 0, "maximum": 1000}}));
    version.manifest.output = Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}}));
    let report = check("property", &version, None);
    let found = told(&report);
    assert_eq!((found.len(), found[0].0, found[0].1), (1, "output-schema", Severity::High), "{report:?}");
    assert!(found[0].2.starts_with("the input n = 500 makes it crash: output/n"), "{report:?}");
}

#[test]
fn infinity_is_told_to_be_no_json() {
    let script = "import json, sys\nv = json.load(sys.stdin)\nb = v['b']\nprint(json.dumps({'result': v['a'] / b if b else float('inf')}))";
    let mut version = with_tests(python(script), &[(json!({"a": 10, "b": 0}), json!({"exit": 0}))]);
    version.manifest.output = Some(json!({"type": "object"}));
    let report = check("output", &version, None);
    let message = "with {\"a\":10,\"b\":0}: output: Infinity is not JSON (line 1, column 12)";
    assert_eq!(told(&report), [("not-json", Severity::High, message)]);
}

#[test]
fn tests_pass_and_fail_with_the_first_difference() {
    let input = json!({"text": "abc"});
    let version = with_tests(
        upper(".upper()"),
        &[
            (input.clone(), json!({"exact": {"text": "ABC"}})),
            (input.clone(), json!({"exact": {"text": "Abc"}})),
            (input.clone(), json!({"contains": ["AB", "xyz"]})),
            (input.clone(), json!({"schema": {"type": "object", "required": ["more"]}})),
            (json!({}), json!({"exit": 1})),
            (json!({}), json!({"contains": "x"})),
            (input.clone(), json!({"property": "upper(input.text) == output.text"})),
            (input.clone(), json!({"property": "len(output.text) > 3"})),
            (input.clone(), json!({"metamorphic": "idempotent", "property": "exit == 0"})),
            (input.clone(), json!({"metamorphic": {"relation": "idempotent", "from": "/text", "to": "text"}})),
            (
                input.clone(),
                json!({"metamorphic": ["deterministic", {"relation": "same-output", "input": {"text": "aBC"}}]}),
            ),
            (
                input.clone(),
                json!({"metamorphic": {"relation": "len(other.text) > len(output.text)", "input": {"text": "abcd"}}}),
            ),
            (input.clone(), json!({"magic": true})),
        ],
    );
    let report = check("tests", &version, None);
    assert_eq!((report.state, report.note.as_str()), (CheckState::Failed, "6 of 13 passed"), "{report:#?}");
    let messages: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "test 1: at /text: expected \"Abc\", got \"ABC\"",
            "test 2: expected \"xyz\" in it, got {\"text\":\"ABC\"}",
            "test 3: output: \"more\" is a required property",
            "test 5: expected exit code 0, got 1: KeyError: 'text'",
            "test 7: len(output.text) > 3 is false, got {\"text\":\"ABC\"}",
            "test 8: with {\"text\":{\"text\":\"ABC\"}}: exit code 1, was 0",
            "test 12: unknown key expect.magic: exact, contains, schema, exit, property, metamorphic",
        ]
    );
}

#[test]
fn a_relation_that_does_not_hold_is_told() {
    let tests = |relation: &str| {
        [(json!({"text": "ab"}), json!({"metamorphic": {"relation": relation, "from": "/text", "to": "text"}}))]
    };
    let report = check("tests", &with_tests(upper(" + '!'"), &tests("idempotent")), None);
    let message = "test 0: applied twice: expected \"ab!\", got \"ab!!\"";
    assert_eq!(told(&report), [("unmet", Severity::High, message)]);
    let chance = python("import random\nprint(random.random())");
    let report = check("tests", &with_tests(chance, &tests("deterministic")), None);
    assert!(report.findings[0].message.starts_with("test 0: run twice: expected 0."), "{report:?}");
}

#[test]
fn examples_are_tried_and_one_that_shows_a_refusal_is_fine() {
    let mut version = divide();
    let example = |input: Value, output: Option<Value>| Example { description: String::new(), input, output };
    version.manifest.examples = vec![
        example(json!({"a": 6, "b": 3}), Some(json!({"quotient": 2}))),
        example(json!({"a": 6, "b": 3}), Some(json!({"quotient": 3}))),
        example(json!({"a": 6, "b": 0}), None),
        example(Value::Null, None),
    ];
    let report = check("examples", &version, None);
    let found = told(&report);
    assert_eq!(found[0], ("unmet", Severity::High, "example 2: at /quotient: expected 3, got 2.0"));
    assert_eq!(found[1], ("unmet", Severity::High, "example 3: ZeroDivisionError: division by zero"));
    assert_eq!(report.note, "1 of 3 passed");
}

#[test]
fn a_rule_that_is_broken_is_named() {
    let mut version = with_tests(upper(".upper()"), &[(json!({"text": "abc"}), json!({"exit": 0}))]);
    let rules = json!(["exists(output.text)", {"name": "short", "rule": "len(output.text) < 3"}, "len("]);
    version.manifest.extra.insert("sanity".to_owned(), rules);
    let report = check("sanity", &version, None);
    assert_eq!(
        told(&report),
        [
            ("unreadable-rule", Severity::High, "\"len(\": the rule is incomplete"),
            (
                "rule-broken",
                Severity::High,
                "short: len(output.text) < 3 is false, got {\"text\":\"ABC\"}, with {\"text\":\"abc\"}"
            ),
        ]
    );
}

#[test]
fn answers_that_were_recorded_and_changed_weigh_more_than_others() {
    let recorded =
        [(json!({"text": "ab"}), json!({"exact": {"text": "AB"}})), (json!({"text": "c"}), json!({"exit": 0}))];
    let base = with_tests(upper(".upper()"), &recorded);
    let report = check("consistency", &with_tests(upper(".upper() + '.'"), &recorded), Some(&base));
    let findings = told(&report);
    let recorded_one = "test 0: with {\"text\":\"ab\"}: at /text: was \"AB\", now \"AB.\"";
    assert_eq!(findings[0], ("recorded-answer", Severity::High, recorded_one));
    let other = ("other-answer", Severity::Medium, "with text = \"c\": at /text: was \"C\", now \"C.\"");
    assert!(findings.contains(&other), "{findings:?}");
    let report = check("consistency", &with_tests(upper(".upper() + ''"), &recorded), Some(&base));
    assert_eq!(report.state, CheckState::Passed, "{}", report.note);
}

#[test]
fn an_answer_by_chance_is_not_compared_even_if_it_is_often_the_same() {
    let chance = "import json, os, sys\nt = json.load(sys.stdin)['text']\n\
                  print(json.dumps({'text': t, 'chance': os.urandom(1)[0] % 4, 'sort': 'a'}))";
    let text = json!({"text": {"type": "string"}});
    let base = taking(python(chance), &text);
    let report = check("consistency", &taking(python(&format!("{chance}\n# the same")), &text), Some(&base));
    assert_eq!(report.state, CheckState::Passed, "{report:#?}");
    // What does not come from chance is still compared.
    let other = taking(python(&chance.replace("'a'", "'b'")), &text);
    let report = check("consistency", &other, Some(&base));
    assert_eq!(report.state, CheckState::Warned, "{report:#?}");
}

#[test]
fn what_is_tried_and_not_declared_is_told() {
    let script = "import os, socket, subprocess\n\
                  for act in (lambda: open('/home/ada/.ssh/id_rsa'), lambda: open('/etc/shadow'),\n\
                              lambda: socket.create_connection(('192.0.2.1', 80), 1),\n\
                              lambda: subprocess.run(['/usr/bin/env'], stdout=subprocess.DEVNULL)):\n  \
                  try: act()\n  except OSError: pass\nprint(1)";
    let report = check("behaviour", &python(script), None);
    if report.state == CheckState::Unavailable {
        eprintln!("what_is_tried_and_not_declared_is_told: nobody can watch here: {}", report.note);
        return;
    }
    let codes: Vec<(&str, Severity)> = told(&report).into_iter().map(|(code, severity, _)| (code, severity)).collect();
    assert_eq!(codes.iter().filter(|one| **one == ("secrets", Severity::High)).count(), 2, "{report:#?}");
    let all = report.findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n");
    assert!(all.contains("undeclared network") && all.contains("undeclared run"), "{all}");
    let clean = check("behaviour", &python("print(1)"), None);
    assert_eq!((clean.state, told(&clean)), (CheckState::Passed, vec![]), "{clean:?}");
}

#[test]
fn a_shell_script_may_start_what_only_reads() {
    let shell = |script: &str| {
        let mut version = python(script);
        version.files[0].path = "tool.sh".to_owned();
        let recipe = version.manifest.recipe.as_mut().unwrap();
        (recipe.entry, recipe.command) = (Some("tool.sh".to_owned()), vec!["sh".to_owned(), "{file}".to_owned()]);
        check("behaviour", &version, None)
    };
    let report = shell("cat | wc -c | tr -d ' '\nid -un > /dev/null\n");
    if report.state == CheckState::Unavailable {
        eprintln!("a_shell_script_may_start_what_only_reads: nobody can watch here: {}", report.note);
        return;
    }
    let message = "starts cat, id, tr, wc: standard utilities that only read and transform text";
    assert_eq!(told(&report), [("utilities", Severity::Low, message)]);
    let report = shell("echo 1 | tee x | sed 's/1/2/'\nrm -f x\n");
    let codes: Vec<(&str, Severity)> = told(&report).into_iter().map(|(code, severity, _)| (code, severity)).collect();
    assert_eq!(
        codes,
        [("undeclared", Severity::Medium), ("undeclared", Severity::Medium), ("utilities", Severity::Low)]
    );
    let python = check(
        "behaviour",
        &python("import subprocess\nsubprocess.run(['/usr/bin/wc'], stdin=subprocess.DEVNULL)"),
        None,
    );
    assert_eq!(told(&python)[0].1, Severity::Medium, "{python:?}");
}

#[test]
fn a_version_is_measured_and_a_much_slower_one_is_told() {
    let fast = with_tests(python("print(1)"), &[(json!({}), json!({"exit": 0}))]);
    let report = check("benchmark", &fast, None);
    assert_eq!(report.state, CheckState::Passed);
    assert!(report.note.contains("over 20 runs") && report.note.contains("cold"), "{}", report.note);
    let slow = with_tests(python("import time\ntime.sleep(1.2)\nprint(1)"), &[(json!({}), json!({"exit": 0}))]);
    let report = check("benchmark", &slow, Some(&fast));
    assert!(
        told(&report).iter().any(|(code, severity, _)| (*code, *severity) == ("slower", Severity::Medium)),
        "{report:?}"
    );
}

#[test]
fn only_a_tool_made_for_many_calls_is_loaded() {
    let mut version = with_tests(python("print(1)"), &[(json!({}), json!({"exit": 0}))]);
    assert_eq!(check("load", &version, None).state, CheckState::Skipped);
    version.manifest.tags.push("high-throughput".to_owned());
    let report = check("load", &version, None);
    assert_eq!(report.state, CheckState::Passed);
    assert!(
        ["1 concurrent", "4 concurrent", "16 concurrent"].iter().all(|point| report.note.contains(point)),
        "{}",
        report.note
    );
}

/// Where pytest and coverage are installed; else the test says so.
#[test]
fn its_own_tests_are_run_below_coverage() {
    let mut version = python("def half(n):\n    if n < 0:\n        return -1\n    return n / 2\n");
    let test = |text: &str| VersionFile {
        path: "tests/test_it.py".to_owned(),
        bytes: format!("from tool import half\n\n\ndef test_half():\n    assert {text}\n").into(),
        ..version.files[0].clone()
    };
    let [right, wrong] = [test("half(4) == 2"), test("half(4) == 3")];
    version.files.push(right);
    let report = check("coverage", &version, None);
    if report.note.contains("is not installed") {
        crate::needs::not_run(&report.note);
        return;
    }
    assert_eq!((report.state, report.note.as_str()), (CheckState::Passed, "75% of its lines"));
    version.files[1] = wrong;
    version.tool.digest = Digest::of_bytes(b"wrong");
    assert_eq!(told(&check("coverage", &version, None))[0].2, "its test fails: tests/test_it.py::test_half");
}

#[test]
fn recorded_inputs_tell_what_broke_and_what_was_fixed() {
    let guarded = taking(
        python(
            "import json, sys\nv = json.load(sys.stdin)\nprint(json.dumps({'quotient': v['a'] / v['b'] if v['b'] else 0}))",
        ),
        &json!({"a": number(), "b": number()}),
    );
    let report = check("replay", &guarded, Some(&divide()));
    assert_eq!(report.state, CheckState::Passed, "{report:?}");
    assert_eq!(report.note, "0 broken, 0 changed, 1 unchanged, 1 fixed");
    let report = check("replay", &divide(), Some(&guarded));
    assert_eq!(report.state, CheckState::Failed);
    let found = told(&report);
    assert_eq!((found.len(), found[0].0, found[0].1), (1, "broken", Severity::High), "{report:?}");
    assert!(found[0].2.starts_with("the input of run 2 is broken: failed: ZeroDivisionError"), "{report:?}");
    assert_eq!(check("replay", &divide(), None).state, CheckState::Skipped);
}

#[test]
fn where_nothing_can_be_started_no_check_passes() {
    let mut version = with_tests(divide(), &[(json!({"a": 1, "b": 1}), json!({"exit": 0}))]);
    version.manifest.examples =
        vec![Example { description: String::new(), input: json!({"a": 1, "b": 1}), output: None }];
    version.manifest.output = Some(json!({"type": "object"}));
    version.manifest.tags.push("high-throughput".to_owned());
    version.manifest.extra.insert("sanity".to_owned(), json!(["exists(output.quotient)"]));
    let mut tests = version.files[0].clone();
    tests.path = "tests/test_it.py".to_owned();
    version.files.push(tests);
    for row in CHECKS.iter().filter(|row| row.cost == Cost::Running) {
        let report = check_at(IsolationLevel::Isolated, row.name, &version, Some(&version));
        assert_eq!(report.state, CheckState::Unavailable, "{}: {report:?}", row.name);
        assert!(report.note.contains("isolation isolated is required"), "{}: {}", row.name, report.note);
        let mut prompt = version.clone();
        (prompt.tool.runnable, prompt.tool.reason) = (false, Some("tool.py is not there".to_owned()));
        let report = check(row.name, &prompt, Some(&prompt));
        assert_eq!(
            (report.state, report.note.as_str()),
            (CheckState::Skipped, "it cannot be started: tool.py is not there")
        );
    }
}

#[test]
fn hostile_output_breaks_no_check() {
    let script = "import sys, os, signal\nsys.stdout.buffer.write(bytes(range(256)) * 4000 + b'\\x1b]0;x' + b'[' * 100000)\n\
                  sys.stdout.flush()\nos.kill(os.getpid(), signal.SIGSEGV)";
    let mut version = taking(
        with_tests(python(script), &[(json!({"n": 1}), json!({"exact": 1}))]),
        &json!({"n": {"type": "integer"}}),
    );
    version.manifest.output = Some(json!({"type": "object"}));
    version.manifest.extra.insert("sanity".to_owned(), json!(["output == 1"]));
    for row in CHECKS.iter().filter(|row| row.cost == Cost::Running) {
        let report = check(row.name, &version, Some(&version));
        let size: usize = report.findings.iter().map(|finding| finding.message.len()).sum();
        assert!(size + report.note.len() < 10_000, "{}: {size}", row.name);
    }
    assert_eq!(told(&check("property", &version, None))[0].1, Severity::High);
}

#[test]
fn a_service_is_not_tried_because_it_does_not_end() {
    let mut version = crate::check::fixture::version("helper", &[("tool.sh", "cat\n")]);
    assert_eq!(super::cannot_start(&version), None);
    version.manifest.kind = crate::domain::Kind::Service;
    assert!(super::cannot_start(&version).is_some_and(|why| why.contains("does not end by itself")));
}

#[test]
fn what_the_approved_version_does_not_meet_either_does_not_block() {
    let script = "import json, sys\nd = json.load(sys.stdin)\nprint(d['a'] - d['b'])\n";
    let tests = [(json!({"a": 5, "b": 3}), json!({"exact": 2})), (json!({"a": 1, "b": 1}), json!({"exact": 7}))];
    let base = with_tests(python(script), &tests);
    let new = with_tests(python(&format!("{script}# more\n")), &tests);
    let report = check("tests", &new, Some(&base));
    assert_eq!(report.state, CheckState::Passed, "{report:?}");
    assert!(report.findings[0].message.starts_with("failed before as well: "), "{report:?}");
    // An error before and a wrong answer now are two faults.
    let dies = with_tests(python("raise SystemExit(1)\n"), &tests);
    assert_eq!(check("tests", &new, Some(&dies)).state, CheckState::Failed);
    // What it met before it must meet still.
    let worse = with_tests(python(&script.replace('-', "+")), &tests);
    assert_eq!(check("tests", &worse, Some(&base)).state, CheckState::Failed);
    assert_eq!(check("tests", &new, None).state, CheckState::Failed);
}

#[test]
fn rules_hold_for_generated_inputs_too() {
    let version = |script: &str| {
        let mut version = taking(python(script), &json!({"n": {"type": "integer", "minimum": -100, "maximum": 100}}));
        version.manifest.extra.insert("sanity".to_owned(), json!(["output >= 0"]));
        version
    };
    let plain = version("import json, sys\nprint(json.load(sys.stdin)['n'] + 50)\n");
    let report = check("sanity", &plain, None);
    assert_eq!(report.state, CheckState::Failed, "{report:?}");
    let right = version("import json, sys\nprint(abs(json.load(sys.stdin)['n']))\n");
    assert_eq!(check("sanity", &right, None).state, CheckState::Passed);
}
