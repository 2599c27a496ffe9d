//! Pairs of programs that differ in words for the user, and pairs that differ in more.

use super::compare;
use super::tests::{is_equal, program};
use crate::domain::source::Language;

#[test]
fn words_for_the_user_and_careful_options_are_left_out() {
    let is_told = |old: &str, new: &str| {
        let proof = compare(&program(old), &program(new), Language::Python, true);
        proof.is_some_and(|proof| !proof.is_equal && proof.is_told)
    };
    let failed: Vec<_> = TOLD.iter().filter(|(old, new)| !is_told(old, new)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let failed: Vec<_> = NOT_TOLD.iter().filter(|(old, new)| is_told(old, new) || is_equal(old, new)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn how_an_object_is_written_behind_its_label_is_left_out() {
    let is_told = |old: &str, new: &str| {
        let proof = compare(old, new, Language::JavaScript, true);
        proof.is_some_and(|proof| proof.is_equal || proof.is_told)
    };
    assert!(is_told("console.log('Relay:', creds.relay);\n", "console.log(`Relay: ${creds.relay}`);\n"));
    for new in [
        "console.log(`Relay: ${creds.secret}`);\n",
        "console.log(`Relay: ${creds}`);\n",
        "console.error(`Relay: ${creds.relay}`);\n",
        "console.log(`Other: ${creds.relay}`);\n",
        "console.log(`Relay: ${creds.relay()}`);\n",
    ] {
        assert!(!is_told("console.log('Relay:', creds.relay);\n", new), "{new}");
    }
    assert!(!is_told("console.log('allow', a);\n", "console.log(`allow ${a}`);\n"));
}

/// The same apart from words for the user and options that only take care.
const TOLD: &[(&str, &str)] = &[
    ("raise ValueError('no')", "raise ValueError(f'no such thing: {a}')"),
    ("print('no', file=sys.stderr)\nlog(a)", "print(f'cannot do {a}', file=sys.stderr)\nlog(a)"),
    ("print('error: no')\nlog(a)", "print('error: no such file', file=sys.stderr)\nlog(a)"),
    ("sys.exit('no')", "sys.exit(f'no {a}')"),
    ("if a:\n    raise ValueError('a')\nlog(b)", "if not a:\n    log(b)\nelse:\n    raise ValueError('b')"),
    (
        "#file\nimport requests\nprint(requests.get('u'))\n",
        "#file\nimport requests\nprint(requests.get('u', timeout=30))\n",
    ),
    ("#file\nimport logging\nlogging.info('a')\n", "#file\nimport logging\nlogging.info('b')\n"),
];

const NOT_TOLD: &[(&str, &str)] = &[
    ("raise ValueError('no')", "raise KeyError('no')"),
    ("raise ValueError('no')", "raise ValueError(log(a))"),
    ("raise ValueError('no')", "raise ValueError(f'no {log(a)}')"),
    ("print('a')", "print('b')"),
    ("print('a', file=sys.stderr)", "print('a', file=log)"),
    ("print('no', file=sys.stderr)", "print(f'no {b.password}', file=sys.stderr)"),
    ("token = log()\nprint('no', file=sys.stderr)", "token = log()\nprint(f'no {token}', file=sys.stderr)"),
    ("print('no', file=sys.stderr)\nlog(a)", "log(a)"),
    ("sys.exit('no')", "sys.exit(0)"),
    ("sys.exit(1)", "sys.exit(2)"),
    ("log(a, timeout=5)", "log(a, timeout=5000)"),
    ("log(a, timeout=5)", "log(a)"),
    ("log(a)", "log(a, verify=False)"),
    ("log(a)", "log(a, timeout=b)"),
    ("log('a')", "log('b')"),
    ("log.write('a')", "log.write('b')"),
];
