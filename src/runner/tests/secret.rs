//! Runs with secrets: no secret is in stored, shown or reported data.

use super::*;
use crate::runner::run::baseline::COMMON;

/// As a value, in base64 and in hexadecimal.
const VALUE: &str = "correct-horse-staple";
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/// A tool that gets the secret `PASS`.
fn trusted(script: &str) -> Bench {
    let mut bench = Bench::python(script);
    bench.manifest.permissions.env = vec!["PASS".to_owned()];
    bench.secrets.insert("PASS".to_owned(), Secret::new(VALUE));
    bench.profile = Profile::Declared;
    bench
}

fn notes(report: &Report) -> Vec<&str> {
    report.notes.iter().map(String::as_str).filter(|note| note.contains("redacted")).collect()
}

#[test]
fn a_secret_is_in_no_form_in_the_output_that_is_kept_or_shown() {
    let bench = trusted(
        "import os, sys, base64\n\
         value = os.environ['PASS']\n\
         print('<' + value + '>')\n\
         print(base64.b64encode(b'user:' + value.encode()).decode())\n\
         print(value.encode().hex(), file=sys.stderr)\n\
         print('-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0\\n-----END PRIVATE KEY-----')\n\
         print('gh' + 'p_16C7e42F292c6912E7710c838347Ae178B4a')",
    );
    let running = bench.start();
    let tail = running.tail();
    let report = running.wait();
    let kept = bench.output(Stream::Stdout) + &bench.output(Stream::Stderr);
    let shown: Vec<u8> = tail.since(0).0.into_iter().flat_map(|frame| frame.bytes).collect();
    for text in [kept, String::from_utf8(shown).unwrap()] {
        assert!(text.contains("<[redacted PASS]>") && text.contains("[redacted private-key]"), "{text}");
        for secret in [VALUE, "Y29ycmVjd", "636f7272656374", "MIIEvQIBADAN", &TOKEN[4..]] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    assert_eq!(report.end, FINE);
    assert_eq!(notes(&report), ["5 values were redacted (PASS, github-token, private-key)"]);
}

#[test]
fn a_secret_that_is_written_in_pieces_is_one() {
    let bench = trusted(
        "import os, time\n\
         for byte in os.environ['PASS'].encode():\n    os.write(1, bytes([byte])); time.sleep(0.001)\n\
         os.write(2, b'bad: '); os.write(2, os.environ['PASS'].encode()[:9]); time.sleep(0.2)\n\
         os.write(2, os.environ['PASS'].encode()[9:]); os._exit(3)",
    );
    let run = bench.run();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("[redacted PASS]", "bad: [redacted PASS]"));
    assert_eq!(run.report.end, failed(3, "bad: [redacted PASS]"));
}

#[test]
fn a_question_that_ends_like_a_secret_begins_is_shown_while_the_tool_waits() {
    let mark = mark();
    let mut bench = Bench::sh(&format!("printf 'is it c'; exec sleep {mark}"));
    bench.manifest.permissions.env = vec!["PASS".to_owned()];
    bench.secrets.insert("PASS".to_owned(), Secret::new(VALUE));
    bench.profile = Profile::Declared;
    let running = bench.start();
    wait_for(&running, "is it c");
    running.cancel();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
}

#[test]
fn output_that_is_cut_within_a_secret_does_not_end_with_half_of_it() {
    let bench = trusted("import os, sys; sys.stdout.write('x' * 1000 + os.environ['PASS'] * 9); sys.stdout.flush()")
        .with_limits(LimitsDeclared { output_bytes: Some(1010), ..LimitsDeclared::default() });
    let run = bench.run();
    assert_eq!(limit(&run.report.end), "output");
    assert_eq!(run.stdout, "x".repeat(1000));
    assert_eq!(run.report.usage.stdout_bytes, 1180);
}

#[test]
fn json_output_with_a_secret_in_it_stays_json() {
    let mut bench = trusted("import os, json; print(json.dumps({'error': 'cannot log in as ' + os.environ['PASS']}))");
    bench.recipe().success.require_json = true;
    let run = bench.run();
    assert_eq!(run.report.end, failed(0, "output says \"error\": cannot log in as [redacted PASS]"));
    assert_eq!(run.stdout, "{\"error\": \"cannot log in as [redacted PASS]\"}\n");
}

#[test]
fn what_a_run_reaches_for_and_leaves_is_reported_without_secrets() {
    let mut bench = trusted(&format!(
        "import os\n\
         open('left-' + os.environ['PASS'], 'w').write('x')\n\
         try: open('/srv/{TOKEN}')\n\
         except OSError: pass"
    ));
    bench.observe = true;
    let report = bench.start().wait();
    let told = format!("{report:?}");
    assert!(told.contains("[redacted PASS]") && told.contains("[redacted github-token]"), "{told}");
    assert!(!told.contains(VALUE) && !told.contains(&TOKEN[4..]), "{told}");
}

#[test]
fn a_tool_that_nobody_trusts_gets_no_secret_and_a_manifest_cannot_name_one_for_itself() {
    let mut bench = trusted("import os; print(os.environ.get('PASS'), os.environ.get('OTHER'))");
    bench.recipe().env.insert("OTHER".to_owned(), "${PASS} {PASS} $PASS".to_owned());
    assert_eq!(bench.run().stdout, "[redacted PASS] ${PASS} {PASS} $PASS\n");
    bench.profile = Profile::Strict;
    assert_eq!(bench.run().stdout, "None ${PASS} {PASS} $PASS\n");
}

#[test]
fn what_will_be_started_is_printed_without_values() {
    let spec = trusted("").spec().unwrap();
    assert!(!format!("{spec:?}").contains(VALUE));
}

#[test]
fn no_variable_of_a_run_that_learns_an_interpreter_can_be_given_by_name() {
    for name in COMMON {
        let asked = Permissions { env: vec![name.to_owned()], ..Permissions::default() };
        assert!(!asked.faults().is_empty(), "{name}");
    }
}
