//! Small single changes: those that affect what a program computes are warnings, the others are not.

use super::{Settling, compare};
use crate::check::fixture::version;
use crate::domain::{Finding, Severity};

pub(super) fn edits(path: &str, old: &str, new: &str) -> Vec<Finding> {
    let (found, unread) = compare(&version("t", &[(path, old)]), &version("t", &[(path, new)]));
    let found: Vec<Finding> = found.into_iter().map(|edit| edit.finding).collect();
    assert!(unread.is_empty(), "{unread:?}");
    found
}

/// A file, its text, and changes of it: what is replaced by what.
type Changes<'t> = (&'t str, &'t str, &'t [(&'t str, &'t str)]);

pub(super) fn worst(path: &str, old: &str, new: &str) -> Option<Severity> {
    edits(path, old, new).into_iter().map(|finding| finding.severity).max()
}

const PYTHON: &str = "\
import json
import sys


def total(items, limit=10):
    \"\"\"Sum of prices.\"\"\"
    result = 0
    for item in items:
        if item[\"price\"] < limit and item[\"ok\"]:
            result += item[\"price\"] - item[\"discount\"]
        else:
            print(\"skipped\", item, file=sys.stderr)
    if result < 0:
        raise ValueError(\"negative\")
    return round(result, 2)


def save(path, text):
    try:
        with open(path, \"w\") as out:
            out.write(text)
    except OSError as error:
        print(error, file=sys.stderr)
        raise


data = json.load(sys.stdin)
print(json.dumps({\"total\": total(data[\"items\"]), \"name\": data[\"name\"].strip()}))
";

const SCRIPT: &str = "\
const fs = require('fs');

function clamp(value, low = 0, high = 100) {
  if (value === null || value < low) {
    return low;
  }
  return value > high ? high : value;
}

async function main() {
  const input = JSON.parse(fs.readFileSync(0, 'utf8'));
  const kept = input.rows.filter((row) => row.size >= 10 && !row.hidden);
  for (const row of kept) {
    if (!/^[a-z]+$/.test(row.name)) {
      throw new Error(`bad name ${row.name}`);
    }
  }
  console.log(JSON.stringify(kept.map((row) => clamp(row.size - row.used)).slice(0, 5)));
}

main();
";

const SHELL: &str = "\
#!/bin/bash
set -euo pipefail
dir=\"$1\"
count=${2:-5}
if [ -z \"$dir\" ]; then
  echo \"usage: clean DIR\" >&2
  exit 2
fi
for file in \"$dir\"/*.log; do
  if [ \"$(wc -l < \"$file\")\" -gt \"$count\" ]; then
    rm \"$file\"
  fi
done
curl -sf https://example.org/done | grep -q ok
";

#[test]
fn a_change_of_what_is_computed_is_a_warning() {
    let cases: &[Changes<'_>] = &[
        (
            "t.py",
            PYTHON,
            &[
                ("< limit", "<= limit"),
                ("limit=10", "limit=100"),
                ("item[\"price\"] - item[\"discount\"]", "item[\"discount\"] - item[\"price\"]"),
                ("[\"price\"] - item", "[\"price\"] + item"),
                (" and item[\"ok\"]", ""),
                (" and item", " or item"),
                ("round(result, 2)", "round(result, 1)"),
                ("round(result, 2)", "int(result)"),
                ("    if result < 0:\n        raise ValueError(\"negative\")\n", ""),
                ("        raise\n", "        return\n"),
                ("        raise\n", ""),
                (".strip()", ""),
                ("    return round", "        return round"),
                ("open(path, \"w\")", "open(path, \"a\")"),
                ("    result = 0\n", "    result = 0\n    if len(items) > 100:\n        return 0\n"),
                ("data[\"items\"]", "data[\"items\"][1:]"),
            ],
        ),
        (
            "t.js",
            SCRIPT,
            &[
                ("value < low", "value <= low"),
                ("value > high ? high : value", "value > high ? value : high"),
                ("high = 100", "high = 1000"),
                ("value === null ||", ""),
                ("row.size >= 10 && !row.hidden", "row.size >= 10 && row.hidden"),
                ("/^[a-z]+$/", "/[a-z]+/"),
                ("row.size - row.used", "row.used - row.size"),
                (".slice(0, 5)", ".slice(1, 5)"),
                ("      throw new Error(`bad name ${row.name}`);\n", "      continue;\n"),
                ("'utf8'", "'latin1'"),
                (".filter((row) => row.size >= 10 && !row.hidden)", ""),
            ],
        ),
        (
            "t.sh",
            SHELL,
            &[
                ("-gt", "-ge"),
                (":-5", ":-1"),
                ("rm \"$file\"", "rm $file"),
                ("*.log", "*"),
                ("set -euo pipefail\n", ""),
                ("  exit 2\n", "  exit 0\n"),
                ("-z \"$dir\"", "-n \"$dir\""),
                ("| grep -q ok", "|| true"),
                ("rm \"$file\"", "rm \"$dir\""),
            ],
        ),
        ("t.rb", "def f(a, b)\n  a - b # less\nend\nputs f(3, 2)\n", &[("a - b", "b - a"), ("f(3, 2)", "f(3, 20)")]),
        ("t.pl", "if ($x > 3) { die 'no' }\nprint $x - 1;\n", &[("> 3", ">= 3"), ("- 1", "+ 1")]),
    ];
    for (path, base, changes) in cases {
        for (from, to) in *changes {
            assert!(base.contains(from), "{from}");
            let found = edits(path, base, &base.replacen(from, to, 1));
            let worst = found.iter().map(|finding| finding.severity).max();
            assert!(worst >= Some(Severity::Medium), "{path}: {from} -> {to}: {found:#?}");
        }
    }
}

#[test]
fn a_change_of_names_layout_and_words_is_no_warning() {
    let cases: &[Changes<'_>] = &[
        (
            "t.py",
            PYTHON,
            &[
                ("result", "summed"),
                ("\"\"\"Sum of prices.\"\"\"", "\"\"\"Adds the prices up.\"\"\""),
                ("\"negative\"", "\"the total is negative\""),
                ("def total(items, limit=10):", "def total(items: list, limit: int = 10) -> float:"),
                ("\"skipped\", item", "\"left out\", item"),
                ("\"w\"", "'w'"),
                ("    result = 0\n", "    # start\n    result = 0\n    print(\"start\", file=sys.stderr)\n"),
                ("import json\nimport sys", "import sys\nimport json"),
                ("return round(result, 2)", "rounded = round(result, 2)\n    return rounded"),
                (
                    "    return round(result, 2)\n",
                    "    return rounded(result)\n\n\ndef rounded(value):\n    return round(value, 2)\n",
                ),
                (
                    "if item[\"price\"] < limit and item[\"ok\"]:",
                    "if (item[\"price\"] < limit\n                and item[\"ok\"]):",
                ),
            ],
        ),
        (
            "t.js",
            SCRIPT,
            &[
                ("kept", "rows"),
                ("const fs", "let fs"),
                ("bad name", "not a good name:"),
                ("(row) => clamp", "row => clamp"),
                ("  const input", "  console.error('reading');\n  const input"),
                ("'fs'", "\"fs\""),
            ],
        ),
        (
            "t.sh",
            SHELL,
            &[
                ("rm \"$file\"", "rm -- \"$file\""),
                ("curl -sf", "curl -sf --max-time 30"),
                ("curl -sf", "curl -sf --compressed"),
                ("usage: clean DIR", "usage: clean FOLDER [LINES]"),
                ("dir", "folder"),
                ("\"$1\"", "\"${1}\""),
            ],
        ),
        ("t.rb", "def f(a, b)\n  a - b # less\nend\nputs f(3, 2)\n", &[("# less", "# the rest"), ("a - b", "a-b")]),
    ];
    for (path, base, changes) in cases {
        for (from, to) in *changes {
            assert!(base.contains(from), "{from}");
            let found = edits(path, base, &base.replace(from, to));
            let worst = found.iter().map(|finding| finding.severity).max();
            assert!(worst <= Some(Severity::Low), "{path}: {from} -> {to}: {found:#?}");
        }
    }
}

#[test]
fn another_form_of_the_same_is_no_warning() {
    let python = "import re\nM = 1\n\n\ndef f(path, s):\n    out = {}\n    if path.suffix != \".py\":\n        return None\n    \
                  if s == \"a\":\n        out[\"mb\"] = round(len(s) / (1024 * 1024), 2)\n    elif s == \"b\":\n        \
                  out[\"x\"] = bool(re.match(\"^x+\", s))\n    return out\n";
    let script = "function check(path) {\n  if (path.includes('\\x00')) {\n    return false;\n  }\n  \
                  if (path === 'a') {\n    return true;\n  }\n  return /\\.(jpg|png)$/.test(path);\n}\n";
    let shell = "check() {\n    local file=\"$1\"\n    if [[ ! -e \"$file\" ]]; then\n        \
                 echo \"Error: '$file' does not exist.\"\n        exit 1\n    fi\n}\ncheck \"$1\"\nfile=x\nrm \"$file\"\n";
    let cases: &[Changes<'_>] = &[
        (
            "t.py",
            python,
            &[
                ("!= \".py\"", "not in (\".py\", \".pyi\")"),
                ("s == \"a\"", "s in (\"a\", \"c\")"),
                ("s == \"a\"", "s == \"a\" or s == \"c\""),
                ("    return out", "    elif s == \"c\":\n        out[\"y\"] = 1\n    return out"),
                ("    out = {}\n", "    out = {}\n    size = 1024 * 1024\n"),
                ("s == \"a\"", "s.strip() == \"a\""),
                ("re.match(\"^x+\", s)", "re.compile(\"^x+\").match(s)"),
            ],
        ),
        (
            "t.js",
            script,
            &[
                ("path === 'a'", "path === 'a' || path === 'b'"),
                ("(jpg|png)", "(jpg|png|webp)"),
                (
                    "function check(path) {\n  if (path.includes('\\x00')) {",
                    "function hasNull(value) {\n  return value.includes('\\x00');\n}\nfunction check(path) {\n  \
                     if (hasNull(path)) {",
                ),
            ],
        ),
        (
            "t.sh",
            shell,
            &[
                (
                    "local file=\"$1\"\n    if [[ ! -e \"$file\" ]]; then\n        echo \"Error: '$file'",
                    "local path=\"$1\"\n    if [[ ! -e \"$path\" ]]; then\n        echo \"Error: '$path'",
                ),
                ("        echo \"Error: '$file' does not exist.\"", "        echo \"No file '$file', sorry\" >&2"),
                ("rm \"$file\"", "rm -f -- \"$file\""),
            ],
        ),
    ];
    let mut warned = Vec::new();
    for (path, base, changes) in cases {
        for (from, to) in *changes {
            assert!(base.contains(from), "{from}");
            let mut found = edits(path, base, &base.replace(from, to));
            found.retain(|finding| finding.severity > Severity::Low);
            warned.extend(found.into_iter().map(|finding| format!("{path}: {from} -> {to}: {}", finding.message)));
        }
    }
    assert!(warned.is_empty(), "{warned:#?}");
}

#[test]
fn a_table_row_an_option_and_a_safer_comparison_are_no_warnings() {
    let base = "import hmac\nOPS = {\"a\": x.add, \"b\": x.sub}\nALLOWED = [\".png\", \".jpg\"]\n\n\ndef f(p, d, a, b, args):\n    \
                text = d.as_string()\n    if p not in set(d.keys()):\n        return None\n    if a == b:\n        \
                return dumps(d, indent=2)\n    send(text)\n    return parse(\"text\")\n";
    for (from, to) in [
        ("\"b\": x.sub", "\"b\": x.sub, \"c\": x.mul"),
        ("\".jpg\"", "\".jpg\", \".gif\""),
        ("set(d.keys())", "d"),
        ("a == b", "hmac.compare_digest(a, b)"),
    ] {
        let found = worst("t.py", base, &base.replace(from, to));
        assert!(found <= Some(Severity::Low), "{from} -> {to}");
    }
    let option = base
        .replace("indent=2", "indent=args.indent")
        .replace("\n\n\ndef", "\np.add_argument(\"--indent\", type=int, default=2)\n\n\ndef");
    let found: Vec<String> = edits("t.py", base, &option).into_iter().map(|one| one.message).collect();
    assert!(found.iter().all(|words| !words.contains("became")), "{found:?}");
    let inlined = base.replace("    text = d.as_string()\n", "").replace("send(text)", "send(d.as_string())");
    assert!(worst("t.py", base, &inlined) <= Some(Severity::Low), "{:?}", edits("t.py", base, &inlined));
    for (from, to) in [("\".jpg\"", "\".jpg\", \".php\""), ("indent=2", "indent=args.indent"), ("x.sub", "x.add")] {
        assert_eq!(worst("t.py", base, &base.replace(from, to)), Some(Severity::Medium), "{from} -> {to}");
    }
}

#[test]
fn one_more_word_where_it_decides_who_may_is_a_warning() {
    let base = "def f(role, x):\n    if role == \"owner\":\n        return True\n    if x == \"a\":\n        return False\n    \
                return None\n";
    for (from, to) in [
        ("role == \"owner\"", "role in (\"owner\", \"guest\")"),
        ("role == \"owner\"", "role != \"owner\""),
        ("x == \"a\"", "x == \"b\""),
        ("x == \"a\"", "x == \"a\" or role"),
        ("    return None", "    if len(x) == 3:\n        return True\n    return None"),
    ] {
        assert_eq!(worst("t.py", base, &base.replace(from, to)), Some(Severity::Medium), "{from} -> {to}");
    }
}

#[test]
fn one_more_entry_is_a_line_to_read_and_no_warning() {
    let base = "KINDS = [\"png\", \"jpg\"]\nprint(KINDS)\n";
    assert_eq!(worst("t.py", base, &base.replace("\"jpg\"", "\"jpg\", \"gif\"")), Some(Severity::Low));
    assert_eq!(worst("t.py", base, &base.replace(", \"jpg\"", "")), Some(Severity::Medium));
}

#[test]
fn a_line_of_the_list_shows_both_forms() {
    let found = edits("t.py", "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return b - a\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].line, Some(2));
    assert_eq!(found[0].message, "`return a - b` became `return b - a`");
}

#[test]
fn code_that_unfolds_without_end_is_compared_in_bounded_time() {
    let base = "print(1)\n";
    // Inlined, each of these is recursive or doubles.
    let itself = "def f(a):\n    return a(a)\n\n\nprint(f(f))\n";
    let double = |n: usize| format!("def f{}(a):\n    return f{n}(a) + f{n}(a)\n\n\n", n + 1);
    let doubles: Vec<String> = (0..59).map(double).collect();
    let doubling = format!("def f0(a):\n    return a * a\n\n\n{}print(f59(x))\n", doubles.concat());
    for text in [itself, &doubling] {
        assert!(!edits("t.py", base, text).is_empty());
    }
    // Completely rewritten, with as many statements.
    let lines =
        |word: &str| (0..5_000).map(|n| format!("{word}{n} = {word}(\"{n}\", {n})")).collect::<Vec<_>>().join("\n");
    let found = edits("t.py", &lines("a"), &lines("b").replace("(\"", "(1, \""));
    assert!(found.iter().any(|finding| finding.severity >= Severity::Medium), "{:?}", found.first());
}

#[test]
fn forms_of_a_shell_that_mean_the_same_are_no_warning() {
    let old = "for name; do\n  case \"$name\" in\n    --help) usage ;;\n    *) work \"$1\" ;;\n  esac\ndone\nwhile read -r line; do\n  work \"$line\"\ndone\n";
    for (from, to) in [
        ("--help) usage", "-h|--help) usage"),
        ("    *) work", "    -V|--version)\n      echo 'work 1.0'\n      ;;\n    *) work"),
        ("\"$1\"", "\"${1:-}\""),
        ("while read", "while IFS= read"),
        ("read -r line;", "read -r line || [ -n \"$line\" ];"),
    ] {
        let worst = worst("a.sh", old, &old.replace(from, to));
        assert!(worst.is_none_or(|worst| worst == Severity::Low), "{to}: {worst:?}");
    }
    for (from, to) in [("\"$1\"", "\"${1:-/}\""), ("--help) usage", "*) usage"), ("work \"$1\"", "work \"$2\"")] {
        assert_eq!(worst("a.sh", old, &old.replace(from, to)), Some(Severity::Medium), "{to}");
    }
}

#[test]
fn every_sign_of_a_shell_text_counts() {
    for (old, new) in [
        ("grep -q \"^  $name$\" list", "grep -q \"^  $name\" list"),
        ("grep -q ^$name$ list", "grep -q ^$name list"),
        ("rm \"$dir $name\"", "rm \"$dir$name\""),
        ("rm \"$dir\" \"$name\"", "rm \"$dir\"\"$name\""),
        ("cat <<END\n$dir $name$\nEND", "cat <<END\n$dir $name\nEND"),
    ] {
        let line = |text: &str| format!("dir=$1\nname=$2\n{text}\n");
        assert!(worst("a.sh", &line(old), &line(new)) >= Some(Severity::Medium), "{new}");
    }
}

#[test]
fn a_search_in_a_set_of_the_keys_is_a_search_in_them() {
    let old = "def missing(needed, props):\n    for name in needed:\n        if name not in set(props.keys()):\n            print(name)\n";
    let new = old.replace("set(props.keys())", "props");
    assert!(worst("a.py", old, &new).is_none_or(|worst| worst == Severity::Low));
    assert_eq!(worst("a.py", old, &old.replace("not in set", "in set")), Some(Severity::Medium));
}

#[test]
fn a_condition_inside_of_a_statement_is_not_settled_by_runs() {
    let edits = |old: &str, new: &str| compare(&version("t", &[("a.js", old)]), &version("t", &[("a.js", new)])).0;
    let old = "const n = 3;\nconst size = total(n) / count(n);\nconsole.log(size);\n";
    let found = edits(old, &old.replace("count(n)", "(n > 12 ? count(1) : count(n))"));
    assert!(!found.is_empty() && found.iter().all(|edit| edit.settling != Settling::Runs), "{found:?}");
    let table = "const ways = {'/': divide, '*': times};\nconsole.log(ways[process.argv[2]](7, 2));\n";
    let found = edits(table, &table.replace("divide", "Math.trunc"));
    assert!(!found.is_empty() && found.iter().all(|edit| edit.settling != Settling::Runs), "{found:?}");
    let found = edits(old, &old.replace("total(n)", "total(n, n)"));
    assert!(found.iter().any(|edit| edit.settling == Settling::Runs), "{found:?}");
}

#[test]
fn commands_on_text_are_settled_by_runs_and_others_are_not() {
    let can_settle = |old: &str, new: &str| {
        let (found, _) = compare(&version("t", &[("a.sh", old)]), &version("t", &[("a.sh", new)]));
        assert!(!found.is_empty(), "{new}");
        found.iter().all(|edit| edit.settling == Settling::Runs || edit.finding.severity == Severity::Low)
    };
    let old = "first() { head -n 1 \"$1\"; }\nfirst \"$1\" | sort -u\ncurl -s \"$2\"\nrm \"$3\"\n";
    assert!(can_settle(old, &old.replace("| sort -u", "| sort -u | cat")));
    assert!(!can_settle(old, &old.replace("| sort -u", "| sort")));
    assert!(!can_settle(old, &old.replace("curl -s", "curl -k")));
    assert!(!can_settle(old, &old.replace("rm \"$3\"\n", "")));
    assert!(!can_settle(old, &old.replace("| sort -u", "| bash")));
}
