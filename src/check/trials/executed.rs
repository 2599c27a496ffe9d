//! Determines which lines of a version a trial executes: Python and Perl with a tracer, node with coverage of its
//! engine, bash with `set -x`.
//!
//! The version is started with another command around the same script. The list of lines is the last text on standard
//! error, after an unpredictable marker.

use super::untyped;
use crate::domain::{Recipe, ToolDetail};
use crate::runner::{Tried, call_code};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};

const PYTHON: &str = include_str!("lines.py");
const NODE: &str = include_str!("lines.js");
const PERL: &str = include_str!("lines.pl");

/// Sets up the descriptor for traces of bash.
const BASH: &str = r#"exec 198>&2; BASH_XTRACEFD=198; PS4='
+MARK ${BASH_SOURCE##*/}:${LINENO}
+'; set -x; . "$0" "$@""#;

/// A version whose trials report the lines that they execute.
pub(super) struct Traced {
    /// To be started instead of the version.
    pub(super) version: ToolDetail,
    mark: String,
    way: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Python,
    Node,
    Perl,
    Bash,
}

/// The lines that a trial executed.
#[derive(Debug, Default)]
pub(super) struct RanLines {
    /// The lines, with their files.
    pub(super) lines: BTreeSet<(String, u64)>,
    /// Parts of statements that were not executed; `None` if unknown.
    pub(super) left: Option<BTreeSet<LeftPart>>,
}

/// A part of a statement that was not executed, such as one of two values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeftPart {
    path: String,
    begin: usize,
    lines: (u64, u64),
}

impl LeftPart {
    /// Whether it is within these lines.
    pub(super) fn is_in(&self, path: &str, (first, last): (u64, u64)) -> bool {
        self.path == path && self.lines.0 >= first && self.lines.1 <= last
    }
}

impl Traced {
    /// `None` if it is started in a way that cannot be traced.
    pub(super) fn of(version: &ToolDetail) -> Option<Traced> {
        let recipe = version.manifest.recipe.as_ref()?;
        let at = recipe.command.iter().position(|word| word == "{file}")?;
        let (before, after) = recipe.command.split_at(at);
        let (program, options) = before.split_first()?;
        let name = program.rsplit('/').next().unwrap_or(program);
        let way = match name {
            _ if name.starts_with("python") => Way::Python,
            "node" | "nodejs" => Way::Node,
            "perl" if options.is_empty() => Way::Perl,
            "bash" | "sh" if recipe.function.is_none() => Way::Bash,
            _ => return None,
        };
        let mark = format!("lines-{:016x}", RandomState::new().build_hasher().finish());
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (lead, function) = match way {
            Way::Python => {
                let caller = recipe.function.as_ref().map_or("", |_| call_code());
                let lead = words(&["-c", PYTHON, &mark, "{dir}", caller]);
                // Only a function gets the names of its inputs.
                let names = recipe
                    .function
                    .iter()
                    .flat_map(|function| std::iter::once(function.clone()).chain(recipe.function_words()));
                (lead, names.collect())
            }
            Way::Node => {
                let code = NODE.replace("MARK", &mark);
                let parts: Vec<String> =
                    code.split("{dir}").map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).collect();
                (vec!["--import".to_owned(), format!("data:text/javascript,{}", parts.join("{dir}"))], Vec::new())
            }
            Way::Perl => (words(&["-e", PERL, &mark, "{dir}"]), Vec::new()),
            Way::Bash => (vec!["-c".to_owned(), BASH.replace("MARK", &mark)], Vec::new()),
        };
        let program = if way == Way::Bash { "bash".to_owned() } else { program.clone() };
        let command = std::iter::once(program).chain(options.iter().cloned()).chain(lead).chain(after.iter().cloned());
        let command = command.chain(function).collect();
        let mut traced = version.clone();
        let function = recipe.function.clone().filter(|_| way != Way::Python);
        traced.manifest.recipe = Some(Recipe { command, function, ..recipe.clone() });
        Some(Traced { version: traced, mark, way })
    }

    /// The lines that a trial executed; empty if it did not report them.
    pub(super) fn lines(&self, tried: &Tried) -> RanLines {
        let text = String::from_utf8_lossy(&tried.stderr);
        if self.way == Way::Bash {
            return RanLines { lines: self.bash(&text), left: None };
        }
        let told = text.lines().rev().find_map(|line| line.strip_prefix(&self.mark)).unwrap_or_default();
        let files = told.split_whitespace().filter_map(|word| word.rsplit_once(':'));
        let files = files.map(|(path, rest)| (percent_decode_str(path).decode_utf8_lossy().into_owned(), rest));
        let mut ran = RanLines { left: (self.way == Way::Node).then(BTreeSet::new), ..RanLines::default() };
        for (path, rest) in files {
            match &mut ran.left {
                Some(left) => {
                    let (lines, parts) = self.text(&path).map(|text| covered(&path, &text, rest)).unwrap_or_default();
                    ran.lines.extend(lines.into_iter().map(|line| (path.clone(), line)));
                    left.extend(parts);
                }
                None => ran.lines.extend(rest.split(',').filter_map(|line| Some((path.clone(), line.parse().ok()?)))),
            }
        }
        ran
    }

    /// The text of a file as it was started.
    fn text(&self, path: &str) -> Option<String> {
        let file = self.version.files.iter().find(|file| file.path == path)?;
        untyped::given(file, self.version.manifest.recipe.as_ref()?)
    }

    fn bash(&self, text: &str) -> BTreeSet<(String, u64)> {
        let names: BTreeMap<&str, &str> = self
            .version
            .files
            .iter()
            .map(|file| (file.path.rsplit('/').next().unwrap_or(&file.path), file.path.as_str()))
            .collect();
        let lines = text.lines().filter_map(|line| line.trim_start_matches('+').strip_prefix(&self.mark));
        lines
            .filter_map(|place| place.trim().rsplit_once(':'))
            .filter_map(|(name, line)| Some(((*names.get(name)?).to_owned(), line.parse().ok()?)))
            .collect()
    }
}

/// The lines of a text that ran, and the parts that did not, each with its lines: from ranges `begin-end-ran` in UTF-16
/// units, of which the smallest around a place counts.
fn covered(path: &str, text: &str, ranges: &str) -> (Vec<u64>, Vec<LeftPart>) {
    let mut all: Vec<(usize, usize, bool)> = Vec::new();
    for range in ranges.split(',') {
        let mut numbers = range.split('-').map_while(|number| number.parse::<usize>().ok());
        if let (Some(begin), Some(end), Some(ran)) = (numbers.next(), numbers.next(), numbers.next()) {
            all.push((begin, end, ran > 0));
        }
    }
    // The widest first, so that smaller ones inside overwrite it.
    all.sort_by_key(|(begin, end, _)| std::cmp::Reverse(end.saturating_sub(*begin)));
    let (mut lines, mut starts) = (Vec::new(), Vec::new());
    let mut at = 0;
    for (number, line) in text.split('\n').enumerate() {
        // The text after `} else` decides whether a line was executed.
        let rest = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '}' | ')' | ']'));
        let rest = rest.strip_prefix("else ").unwrap_or(rest);
        let indent = line[..line.len() - rest.len()].encode_utf16().count();
        let (begin, end) = (at + indent, at + line.trim_end().encode_utf16().count());
        starts.push(at);
        at += line.encode_utf16().count() + 1;
        let around = all.iter().rfind(|(from, to, _)| *from <= begin && begin < *to);
        if begin < end && around.is_some_and(|(.., ran)| *ran) {
            lines.push(number as u64 + 1);
        }
    }
    let line_of = |place: usize| starts.partition_point(|start| *start <= place) as u64;
    let left = all.iter().filter(|(.., ran)| !ran);
    let part = |begin: usize, end: usize| LeftPart {
        path: path.to_owned(),
        begin,
        lines: (line_of(begin), line_of(end.saturating_sub(1))),
    };
    let left = left.map(|(from, to, _)| part(*from, *to)).collect();
    (lines, left)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{python, start};
    use super::*;
    use crate::domain::{FileMode, VersionFile};
    use serde_json::json;

    fn script(name: &str, command: &[&str], text: &str) -> ToolDetail {
        let mut version = python("");
        version.files = vec![VersionFile { path: name.into(), mode: FileMode::Plain, bytes: text.into() }];
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.entry = Some(name.into());
            recipe.command = command.iter().map(|word| (*word).to_owned()).collect();
        }
        version
    }

    fn ran(version: &ToolDetail, input: serde_json::Value) -> (Vec<u64>, String) {
        let traced = Traced::of(version).unwrap();
        let tried = start(&traced.version, &[input]).remove(0);
        let lines = traced.lines(&tried).lines.into_iter().map(|(_, line)| line).collect();
        (lines, String::from_utf8_lossy(&tried.stdout).into_owned())
    }

    #[test]
    fn a_branch_of_python_that_was_not_taken_is_not_among_the_lines() {
        let code =
            "import json, sys\nn = json.load(sys.stdin)['n']\nif n > 3:\n    print('big')\nelse:\n    print('small')\n";
        let version = python(code);
        assert_eq!(ran(&version, json!({"n": 5})), (vec![1, 2, 3, 4], "big\n".to_owned()));
        assert_eq!(ran(&version, json!({"n": 1})), (vec![1, 2, 3, 6], "small\n".to_owned()));
    }

    #[test]
    fn lines_are_told_although_the_script_exits_or_fails() {
        let version = python("import sys\nx = 1\nsys.exit(3)\n");
        assert_eq!(ran(&version, json!({})).0, [1, 2, 3]);
        let version = python("x = 1\nraise SystemError('no')\n");
        assert_eq!(ran(&version, json!({})).0, [1, 2]);
    }

    #[test]
    fn a_function_that_is_called_with_the_input_tells_its_lines() {
        let mut version = python("def run(n):\n    if n > 3:\n        return 'big'\n    return 'small'\n");
        version.manifest.input = Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}}));
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.function = Some("run".into());
        }
        let (lines, output) = ran(&version, json!({"n": 5}));
        assert_eq!((lines.as_slice(), output.contains("big")), ([1, 2, 3].as_slice(), true));
    }

    #[test]
    fn the_lines_of_bash_do_not_get_into_what_it_captures() {
        let code = "n=$(ls /nowhere 2>&1 | wc -l)\nif [ \"$n\" -gt 3 ]; then\n  echo many\nelse\n  echo \"$n\"\nfi\n";
        let version = script("tool.sh", &["bash", "{file}"], code);
        assert_eq!(ran(&version, json!({})), (vec![1, 2, 5], "1\n".to_owned()));
    }

    #[test]
    fn a_branch_of_javascript_that_was_not_taken_is_not_among_the_lines() {
        let code = "const fs = require('fs');\nconst n = JSON.parse(fs.readFileSync(0)).n;\nif (n > 3) {\n  \
                    console.log('big');\n} else {\n  console.log('small');\n}\nif (n < 0) throw new Error('no');\n";
        let version = script("tool.cjs", &["node", "{file}"], code);
        let (lines, output) = ran(&version, json!({"n": 5}));
        assert_eq!((lines.as_slice(), output.as_str()), ([1, 2, 3, 4, 8].as_slice(), "big\n"));
    }

    #[test]
    fn a_value_of_javascript_that_was_not_chosen_is_a_part_that_is_left() {
        let code = "const n = JSON.parse(require('fs').readFileSync(0)).n;\nconsole.log(n > 3 ? 'big' : 'small');\n";
        let version = script("tool.cjs", &["node", "{file}"], code);
        let traced = Traced::of(&version).unwrap();
        let left = |n: u64| {
            let tried = start(&traced.version, &[json!({"n": n})]).remove(0);
            traced.lines(&tried).left.unwrap()
        };
        let (big, small) = (left(5), left(1));
        assert!(big.iter().any(|part| part.is_in("tool.cjs", (2, 2))));
        assert_eq!(big.intersection(&small).filter(|part| part.is_in("tool.cjs", (2, 2))).count(), 0);
    }

    #[test]
    fn a_branch_of_perl_that_was_not_taken_is_not_among_the_lines() {
        let code = "my $n = join '', <STDIN>;\nif ($n =~ /5/) {\n    print \"big\\n\";\n} else {\n    print \"small\\n\";\n}\n\
                    exit 3;\n";
        let version = script("tool.pl", &["perl", "{file}"], code);
        assert_eq!(ran(&version, json!({"n": 5})), (vec![1, 2, 3, 7], "big\n".to_owned()));
        assert_eq!(ran(&version, json!({"n": 1})), (vec![1, 2, 5, 7], "small\n".to_owned()));
    }
}
