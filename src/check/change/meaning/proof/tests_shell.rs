//! Pairs of shell scripts that mean the same, and pairs that almost do.

use super::compare;
use crate::domain::source::Language;

fn is_equal(old: &str, new: &str) -> bool {
    compare(old, new, Language::Bash, true).is_some_and(|proof| proof.is_equal)
}

#[test]
fn every_program_means_the_same_as_itself() {
    for (old, new) in
        SAME.iter().chain(OTHER).filter(|(old, _)| !["$?", "trap", "$0"].iter().any(|sign| old.contains(sign)))
    {
        assert!(is_equal(old, old), "{old}");
        assert!(is_equal(new, new), "{new}");
    }
}

#[test]
fn other_ways_to_write_the_same_are_equal() {
    let failed: Vec<_> = SAME.iter().filter(|(old, new)| !is_equal(old, new) || !is_equal(new, old)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn near_misses_are_not_equal() {
    let failed: Vec<_> = OTHER.iter().filter(|(old, new)| is_equal(old, new) || is_equal(new, old)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn near_misses_are_no_words_for_the_user() {
    let is_told =
        |(old, new): &&(&str, &str)| compare(old, new, Language::Bash, true).is_some_and(|proof| proof.is_told);
    let failed: Vec<_> = OTHER.iter().filter(is_told).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn words_for_the_user_and_careful_options_are_left_out() {
    let is_told = |old: &str, new: &str| {
        let proof = compare(old, new, Language::Bash, true);
        proof.is_some_and(|proof| !proof.is_equal && proof.is_told)
    };
    let failed: Vec<_> = TOLD.iter().filter(|(old, new)| !is_told(old, new)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let failed: Vec<_> = NOT_TOLD.iter().filter(|(old, new)| is_told(old, new) || is_equal(old, new)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn hostile_programs_end_the_proof() {
    let deep = format!("{}ls{}\n", "$(".repeat(400), ")".repeat(400));
    let nested = format!("{}:{}", "if a; then\n".repeat(200), "\nfi".repeat(200));
    let list = format!("a{}\n", " && b".repeat(3_000));
    for text in [deep, nested, list, "f() {\n".to_owned(), "\0\u{feff}\"${".to_owned(), "cat <<E\n".to_owned()] {
        let _ = compare(&text, &format!("{text}\nls\n"), Language::Bash, true);
    }
}

/// The same, written in two ways.
const SAME: &[(&str, &str)] = &[
    // Tests.
    ("if [ \"$a\" = x ]; then b; fi\n", "if [[ $a == x ]]; then b; fi\n"),
    ("if [ \"$a\" = x ] || [ \"$a\" = y ]; then b; fi\n", "if [[ $a = x || $a = y ]]; then b; fi\n"),
    ("if [ -f \"$a\" ]; then b; fi\n", "if [[ -f $a ]]; then b; fi\n"),
    ("if [ \"$a\" != \"\" ]; then b; fi\n", "if [ -n \"$a\" ]; then b; fi\n"),
    ("if [ $# -lt 1 ] || [ $# -gt 2 ]; then b; fi\n", "if (( $# < 1 || $# > 2 )); then b; fi\n"),
    ("if [[ $a -lt 2 ]]; then b; fi\n", "if (( a < 2 )); then b; fi\n"),
    ("if [[ $a =~ git ]]; then b; fi\n", "if [[ $a == *git* ]]; then b; fi\n"),
    ("re='^[0-9]+$'\nif [[ $1 =~ $re ]]; then b; fi\n", "if [[ $1 =~ ^[0-9]+$ ]]; then b; fi\n"),
    (
        "case \"$a\" in\n  x | y) b ;;\n  z*) c ;;\n  *) d ;;\nesac\n",
        "if [[ $a = x || $a = y ]]; then b; elif [[ $a = z* ]]; then c; else d; fi\n",
    ),
    ("case $a in \"\") b ;; esac\n", "if [ -z \"$a\" ]; then b; fi\n"),
    // Statuses, variables of functions, all arguments.
    ("f() { a; return $?; }\nf\n", "f() { a; }\nf\n"),
    ("f() { x=1; echo \"$x\"; }\nf\n", "f() { local x=1; echo \"$x\"; }\nf\n"),
    ("f() { x=$(a); echo \"$x\"; }\nf\n", "f() { local x; x=$(a); echo \"$x\"; }\nf\n"),
    ("a=1\ngit log -1 \"$a\" | sort\n", "a=1\nshow() { git log \"$@\" | sort; }\nshow -1 \"$a\"\n"),
    ("echo a >&2\n", "echo a >>/dev/stderr\n"),
    // Layout, comments, quotes.
    ("ls -l  a\n", "# lists\nls -l a # here\n"),
    ("ls; pwd\n", "ls\npwd\n"),
    ("echo \"a\" 'b' c\n", "echo a b \"c\"\n"),
    ("echo \"${a}\" \"$b\"\n", "echo \"$a\" \"${b}\"\n"),
    ("x=$a\n", "x=\"$a\"\n"),
    ("x=`date`\nls\n", "x=\"$(date)\"\nls\n"),
    ("if a; then\n  b\nfi\n", "if a\nthen b\nfi\n"),
    ("function f() { ls; }\nf\n", "f() {\n  ls\n}\nf\n"),
    ("a() { ls; }\nb() { pwd; }\na; b\n", "b() { pwd; }\na() { ls; }\na; b\n"),
    // Conditions.
    ("a || { echo no; exit 1; }\nls\n", "if ! a; then\n  echo no\n  exit 1\nfi\nls\n"),
    ("a || exit 1\n", "if ! a; then exit 1; fi\n"),
    ("a && b\nls\n", "if a; then b; fi\nls\n"),
    ("if ! a; then b; else c; fi\n", "if a; then c; else b; fi\n"),
    ("if a; then if b; then c; fi; fi\n", "if a && b; then c; fi\n"),
    ("if [ -z \"$a\" ]; then b; fi\n", "if ! [ -n \"$a\" ]; then b; fi\n"),
    ("if [[ -z $a ]]; then b; fi\n", "if [[ ! -n \"$a\" ]]; then b; fi\n"),
    ("if [[ $a == x ]]; then b; fi\n", "if [[ \"$a\" = x ]]; then b; fi\n"),
    ("if [[ -f a && -f b ]]; then c; fi\n", "if [[ -f a ]] && [[ -f b ]]; then c; fi\n"),
    ("if [ \"$a\" != x ]; then b; else c; fi\n", "if [ \"$a\" = x ]; then c; else b; fi\n"),
    ("if a; then :; else b; fi\n", "if ! a; then b; fi\n"),
    ("if a; then b; elif c; then d; else e; fi\n", "if a; then b; else if c; then d; else e; fi; fi\n"),
    ("while true; do if a; then break; fi; b; done\nls\n", "while ! a; do b; done\nls\n"),
    ("until a; do b; done\n", "while ! a; do b; done\n"),
    // Exits.
    ("for i in a b; do if c; then continue; fi; d; done\nls\n", "for i in a b; do if ! c; then d; fi; done\nls\n"),
    (
        "for i in a b; do if c; then x; elif d; then y; fi; done\nls\n",
        "for i in a b; do\n  if c; then x; continue; fi\n  if d; then y; fi\ndone\nls\n",
    ),
    ("f() { if a; then return; fi; b; }\nf\n", "f() { if ! a; then b; fi; }\nf\n"),
    ("if a; then exit 1; else b; fi\nc\n", "if a; then exit 1; fi\nb\nc\n"),
    // Functions.
    (
        "x=1; y=2\na=$(echo \"$x\" | sed 's/a/b/')\nc=$(echo \"$y\" | sed 's/a/b/')\n",
        "x=1; y=2\nfix() {\n  echo \"$1\" | sed 's/a/b/'\n}\na=$(fix \"$x\")\nc=$(fix \"$y\")\n",
    ),
    ("echo \"no: a\" >&2\nls\n", "say() { echo \"no: $1\" >&2; }\nsay a\nls\n"),
    (
        "read_it() { a=$(cat); }\nif [ -n \"$a\" ]; then b; fi\n",
        "read_it() { a=$(cat); }\nhas() { [ -n \"$1\" ]; }\nif has \"$a\"; then b; fi\n",
    ),
    ("a; b x; c\n", "both() { b \"$1\"; c; }\na; both x\n"),
    ("x=$(c)\na || exit 1\necho \"no: $x\"\n", "x=$(c)\na || exit 1\nsay() { echo \"no: $1\"; }\nsay \"$x\"\n"),
    ("echo a b\n", "say() { echo \"$@\"; }\nsay a b\n"),
    // Constants.
    ("if [ \"$a\" -gt 25 ]; then b; fi\n", "MOST=25\nif [ \"$a\" -gt \"$MOST\" ]; then b; fi\n"),
    ("f() { echo \"at 8080\"; }\nf\n", "PORT=8080\nf() { echo \"at $PORT\"; }\nf\n"),
    ("if a; then b; d; else c; d; fi\n", "if a; then b; else c; fi\nd\n"),
];

/// Almost the same: each of them can do something else.
const OTHER: &[(&str, &str)] = &[
    // Tests.
    ("#!/bin/sh\nif [ -n \"$a\" ]; then b; fi\n", "#!/bin/sh\nif [[ -n $a ]]; then b; fi\n"),
    ("if [ \"$a\" = x ] || [ \"$a\" = y ]; then b; fi\n", "if [[ $a = x && $a = y ]]; then b; fi\n"),
    ("if [ \"$a\" -lt 2 ]; then b; fi\n", "if (( a < 2 )); then b; fi\n"),
    ("if [ $# -lt 2 ]; then b; fi\n", "if (( $# <= 2 )); then b; fi\n"),
    ("if [[ $a -lt 2 ]]; then b; fi\n", "if (( b < 2 )); then b; fi\n"),
    ("if [[ $a =~ a.b ]]; then b; fi\n", "if [[ $a == *a.b* ]]; then b; fi\n"),
    ("if [[ $a =~ $b ]]; then c; fi\n", "if [[ $a =~ $d ]]; then c; fi\n"),
    ("if [[ $a =~ $b ]]; then c; fi\n", "if [[ $a =~ \"$b\" ]]; then c; fi\n"),
    ("if [[ $a == $b ]]; then c; fi\n", "if [[ $a == $d ]]; then c; fi\n"),
    ("if [[ $a -lt $b ]]; then c; fi\n", "if [[ $a -lt $d ]]; then c; fi\n"),
    ("case $a in $b) c;; *) d;; esac\n", "case $a in $e) c;; *) d;; esac\n"),
    ("if [[ $a =~ ^git ]]; then b; fi\n", "if [[ $a == *git* ]]; then b; fi\n"),
    ("re='^[0-9]+$'\nif [[ $1 =~ $re ]]; then b; fi\n", "if [[ $1 =~ ^[0-9]* ]]; then b; fi\n"),
    (
        "if [[ $1 =~ git ]]; then echo \"${BASH_REMATCH[0]}\"; fi\n",
        "if [[ $1 == *git* ]]; then echo \"${BASH_REMATCH[0]}\"; fi\n",
    ),
    ("case $a in x) b;; y) c;; esac\n", "case $a in x) c;; y) b;; esac\n"),
    ("case $a in x*) b;; xy) c;; esac\n", "case $a in xy) c;; x*) b;; esac\n"),
    ("case $(a) in x) b;; y) c;; esac\n", "if [ \"$(a)\" = x ]; then b; elif [ \"$(a)\" = y ]; then c; fi\n"),
    ("case $a in x) b;; *) c;; esac\n", "if [ \"$a\" = x ]; then b; fi\nc\n"),
    // Statuses, variables of functions, all arguments.
    ("f() { a; return $?; }\nf\n", "f() { a; return 0; }\nf\n"),
    ("f() { a && b; return $?; }\nf || c\n", "f() { if a; then b; fi; return $?; }\nf || c\n"),
    ("g() { echo \"$x\"; }\nf() { x=1; g; }\nf\n", "g() { echo \"$x\"; }\nf() { local x=1; g; }\nf\n"),
    ("f() { x=$((x+1)); echo \"$x\"; }\nf\n", "f() { local x=$((x+1)); echo \"$x\"; }\nf\n"),
    ("f() { x=$(a); }\nf || exit 1\n", "f() { local x=$(a); }\nf || exit 1\n"),
    ("f() { export x=1; b; }\nf\n", "f() { local x=1; b; }\nf\n"),
    ("a=1\ngit log -1 \"$a\" | sort\n", "a=1\nshow() { git log \"$@\" | sort; }\nshow \"$a\" -1\n"),
    ("a=1\ngit log -1 \"$a\"\n", "a=1\nshow() { git log $@; }\nshow -1 \"$a\"\n"),
    ("echo a >&2\n", "echo a >>/dev/null\n"),
    // Words.
    ("ls $a\n", "ls \"$a\"\n"),
    ("ls '$a'\n", "ls \"$a\"\n"),
    ("ls *\n", "ls '*'\n"),
    ("ls ~/a\n", "ls '~/a'\n"),
    ("ls {a,b}\n", "ls '{a,b}'\n"),
    ("ls a b\n", "ls 'a b'\n"),
    ("ls \"a\\nb\"\n", "ls \"anb\"\n"),
    ("echo \"${a:-b}\"\n", "echo \"${a:-c}\"\n"),
    ("echo \"${a:-b}\"\n", "echo \"${a-b}\"\n"),
    ("echo \"$ab\"\n", "echo \"${a}b\"\n"),
    ("echo \"$1\"\n", "echo \"$2\"\n"),
    ("echo \"$10\"\n", "echo \"${10}\"\n"),
    ("f \"$@\"\n", "f $@\n"),
    ("f \"$@\"\n", "f \"$*\"\n"),
    ("echo $'a\\nb'\n", "echo 'a\\nb'\n"),
    ("x=a ls\n", "x=a\nls\n"),
    ("x=a\n", "x+=a\n"),
    ("x=(a b)\n", "x='a b'\n"),
    ("export x=a\n", "x=a\n"),
    ("local x=a\n", "x=a\n"),
    // Order, sorts of commands.
    ("a; b\n", "b; a\n"),
    ("a | b\n", "a; b\n"),
    ("a | b\n", "a |& b\n"),
    ("a &\nb\n", "a\nb\n"),
    ("a > b\n", "a >> b\n"),
    ("a > b\n", "a < b\n"),
    ("a 2> b\n", "a > b\n"),
    ("a 2>&1 > b\n", "a > b 2>&1\n"),
    ("(cd a; ls)\n", "cd a; ls\n"),
    ("( ls )\n", "{ ls; }\n"),
    ("cat <<E\na\nE\n", "cat <<E\nb\nE\n"),
    ("cat <<E\n$a\nE\n", "cat <<'E'\n$a\nE\n"),
    ("set -e\nls\n", "ls\n"),
    // Conditions.
    ("a && b\n", "a || b\nls\n"),
    ("a && b\n", "if a; then b; fi\n"),
    ("f() { a && b; }\nf || c\n", "f() { if a; then b; fi; }\nf || c\n"),
    ("if a && b; then c; fi\n", "if b && a; then c; fi\n"),
    ("if a && b; then c; fi\n", "if a || b; then c; fi\n"),
    ("if a; then b; fi\nc\n", "if a; then b; c; fi\n"),
    ("a || true\nls\n", "a\nls\n"),
    ("if a; then :; fi\nls\n", "a\nls\n"),
    ("if a; then b; fi\n", "while a; do b; done\n"),
    ("if [ $a = x ]; then b; fi\n", "if [ \"$a\" = x ]; then b; fi\n"),
    ("if [ -z $a ]; then b; fi\n", "if ! [ -n $a ]; then b; fi\n"),
    ("if [ ! \"$a\" -eq 1 ]; then b; fi\n", "if ! [ \"$a\" -eq 1 ]; then b; fi\n"),
    ("if [ \"$a\" -ne 1 ]; then b; fi\n", "if ! [ \"$a\" -eq 1 ]; then b; fi\n"),
    ("if [ \"$a\" -lt 1 ]; then b; fi\n", "if [ \"$a\" -le 1 ]; then b; fi\n"),
    ("if [[ $a == x* ]]; then b; fi\n", "if [[ $a == 'x*' ]]; then b; fi\n"),
    ("if [[ $a == $b ]]; then c; fi\n", "if [[ $a == \"$b\" ]]; then c; fi\n"),
    ("if [[ $a =~ x ]]; then b; fi\n", "if [[ $a == x ]]; then b; fi\n"),
    ("if [ -f a ]; then b; fi\n", "if [ -d a ]; then b; fi\n"),
    ("if [ a == b ]; then c; fi\n", "if [[ a == b ]]; then c; fi\n"),
    ("case $a in x) b;; *) c;; esac\n", "case $a in y) b;; *) c;; esac\n"),
    ("case $a in x) b;; *) c;; esac\n", "case $a in x) b;& *) c;; esac\n"),
    ("case $a in x*) b;; esac\n", "case $a in 'x*') b;; esac\n"),
    // Exits and statuses.
    ("exit 1\n", "exit 0\n"),
    ("f() { return 1; }\nf\n", "f() { return 0; }\nf\n"),
    ("f() { a; return; }\nf\n", "f() { a; return 0; }\nf\n"),
    ("for i in a; do break; done\nls\n", "for i in a; do continue; done\nls\n"),
    ("for i in a; do b || c; done\nls\n", "for i in a; do b && c; done\nls\n"),
    (
        "f() { for i in a; do if c; then x; continue; fi; d; done; }\nf || exit 1\n",
        "f() { for i in a; do if c; then x; else d; fi; done; }\nf || exit 1\n",
    ),
    ("a\necho $?\n", "if a; then :; fi\necho $?\n"),
    ("trap 'b' ERR\nif a; then c; fi\n", "trap 'b' ERR\nif ! a; then :; else c; fi\n"),
    // Functions.
    ("f() { ls; }\nls\n", "ls\n"),
    ("f() { ls; }\nf\n", "f() { ls; } > a\nf\n"),
    ("f() { ls; }\nf\n", "f() ( ls )\nf\n"),
    ("ls() { rm a; }\nls\n", "ls\n"),
    ("echo \"$x\"\n", "say() { echo $1; }\nsay \"$x\"\n"),
    ("echo \"$x\"\n", "say() { x=1; echo \"$1\"; }\nsay \"$x\"\n"),
    ("echo a\n", "say() { echo \"$1\"; }\nsay a | cat\n"),
    ("echo a\n", "say a\nsay() { echo \"$1\"; }\n"),
    ("echo a\n", "g() { say a; }\ng\nsay() { echo \"$1\"; }\n"),
    ("echo a\nls\n", "say() { echo \"$1\"; return 1; }\nsay a\nls\n"),
    ("echo a\n", "say() { echo \"${1:-a}\"; }\nsay\n"),
    ("for i in a; do break; done\nls\n", "stop() { break; }\nfor i in a; do stop; done\nls\n"),
    ("(cd a)\nls\n", "go() { cd a; }\ngo\nls\n"),
    ("cd /tmp\nrm -rf \"$PWD\"\n", "go() { cd /tmp; rm -rf \"$1\"; }\ngo \"$PWD\"\n"),
    ("echo \"$RANDOM\" \"$RANDOM\"\n", "two() { echo \"$1\" \"$1\"; }\ntwo \"$RANDOM\"\n"),
    ("x=1\nset_x() { x=2; }\nset_x; echo \"$x\"\n", "x=1\nset_x() { x=2; }\ngo() { set_x; echo \"$1\"; }\ngo \"$x\"\n"),
    ("# @option --limit=10\nls\n", "# @option --limit=99\nls\n"),
    ("# a 1\nsed -n 's/# a//p' \"$0\"\n", "# a 2\nsed -n 's/# a//p' \"$0\"\n"),
    ("echo 1\n", "X=1\nX=2\necho \"$X\"\n"),
    ("echo 1\n", "X=1\nexport X\necho \"$X\"\n"),
    ("echo 1\n", "X=1\nread X\necho \"$X\"\n"),
    ("echo a b\n", "X='a b'\necho $X\n"),
    ("echo 1\n", "f() { echo \"$X\"; }\nf\nX=1\n"),
    ("echo \"$PATH\"\nls\n", "PATH=/evil\necho \"$PATH\"\nls\n"),
    ("x=1\necho \"$x\"\n", "f() { local x=1; }\nf\necho \"$x\"\n"),
    ("echo a\ntrap b EXIT\n", "b() { ls; }\necho a\ntrap b EXIT\n"),
    ("for i in a b; do c; done\n", "for i in b a; do c; done\n"),
    ("for i in a b; do c; done\n", "for j in a b; do c; done\n"),
    ("for i in $a; do c; done\n", "for i in \"$a\"; do c; done\n"),
    ("for ((i=0;i<3;i++)); do a; done\n", "for ((i=0;i<4;i++)); do a; done\n"),
    ("select i in a; do b; done\n", "for i in a; do b; done\n"),
    ("i=$((i+1))\n", "i=$((i-1))\n"),
    ("#!/bin/sh\nls\n", "#!/bin/bash\nls\n"),
    ("exit 0\nls\n", "exit 0\npwd\n"),
    ("a=$(b; c)\n", "a=$(c; b)\n"),
    ("a=\"$(b)\"\n", "a=\"$(c)\"\n"),
    ("diff <(a) <(b)\n", "diff <(b) <(a)\n"),
    ("echo `a \\`b\\``\n", "echo `a \\`c\\``\n"),
];

/// The same apart from words for the user and options that only take care.
const TOLD: &[(&str, &str)] = &[
    ("echo no >&2\nexit 1\n", "echo \"no such file: $a\" >&2\nexit 1\n"),
    ("if a; then b; else echo no; exit 1; fi\n", "if ! a; then\n  echo 'not found' >&2\n  exit 1\nfi\nb\n"),
    ("usage 'no name'\n", "usage 'no name: give it first'\n"),
    ("curl \"$u\"\n", "curl --max-time 60 \"$u\"\n"),
    ("rm -rf \"$x\"\n", "rm -rf -- \"$x\"\n"),
    ("while read x; do b; done\n", "while read -r x; do b; done\n"),
];

const NOT_TOLD: &[(&str, &str)] = &[
    ("echo no >&2\n", "echo \"no: $TOKEN\" >&2\n"),
    ("echo no >&2\n", "echo \"no: $(rm x)\" >&2\n"),
    ("echo no >&2\n", "ls no >&2\n"),
    ("echo no >&2\nexit 1\n", "echo no >&2\nexit 0\n"),
    ("echo no >&2\nls\n", "ls\n"),
    ("echo a\nls\n", "echo b\nls\n"),
    ("echo a > b\nexit 1\n", "echo c > b\nexit 1\n"),
    ("echo a | b\n", "echo c | b\n"),
    ("curl --max-time 5 \"$u\"\n", "curl --max-time 500 \"$u\"\n"),
    ("curl \"$u\"\n", "curl -k \"$u\"\n"),
    ("rm -rf -- \"$x\"\n", "rm -rf \"$x\"\n"),
    ("a | xargs rm\n", "a | xargs rm -r\n"),
    ("usage x\n", "usage y\n"),
];
