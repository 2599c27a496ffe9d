//! Which lines of a version a trial runs: Python under a tracer, node with the coverage of its engine, bash with `set -x`.
//!
//! The version is started with another command around the same script. What it says of its lines is the last thing on
//! standard error, behind a word that nobody can guess.

use crate::domain::source::text_of;
use crate::domain::{Recipe, ToolDetail, VersionFile};
use crate::runner::{Tried, call_code};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};

const PYTHON: &str = include_str!("lines.py");
const NODE: &str = include_str!("lines.js");

/// Where its lines are told in a trace of bash.
const BASH: &str = r#"exec 198>&2; BASH_XTRACEFD=198; PS4='
+MARK ${BASH_SOURCE##*/}:${LINENO}
+'; set -x; . "$0" "$@""#;

/// A version whose trials tell the lines that they run.
pub(super) struct Traced {
    /// To be started in place of the version.
    pub(super) version: ToolDetail,
    mark: String,
    way: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Python,
    Node,
    Bash,
}

impl Traced {
    /// `None` for what is started in a way that cannot be traced.
    pub(super) fn of(version: &ToolDetail) -> Option<Traced> {
        let recipe = version.manifest.recipe.as_ref()?;
        let at = recipe.command.iter().position(|word| word == "{file}")?;
        let (before, after) = recipe.command.split_at(at);
        let (program, options) = before.split_first()?;
        let name = program.rsplit('/').next().unwrap_or(program);
        let way = match name {
            _ if name.starts_with("python") => Way::Python,
            "node" | "nodejs" => Way::Node,
            "bash" | "sh" if recipe.function.is_none() => Way::Bash,
            _ => return None,
        };
        let mark = format!("lines-{:016x}", RandomState::new().build_hasher().finish());
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (lead, function) = match way {
            Way::Python => {
                let caller = recipe.function.as_ref().map_or("", |_| call_code());
                let lead = words(&["-c", PYTHON, &mark, "{dir}", caller]);
                // Only a function is told the names of its inputs.
                let names = recipe.function.iter().flat_map(|function| {
                    std::iter::once(function.clone()).chain(recipe.args.iter().map(|rule| rule.input.clone()))
                });
                (lead, names.collect())
            }
            Way::Node => {
                let code = NODE.replace("MARK", &mark);
                let parts: Vec<String> =
                    code.split("{dir}").map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).collect();
                (vec!["--import".to_owned(), format!("data:text/javascript,{}", parts.join("{dir}"))], Vec::new())
            }
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

    /// The lines that a trial ran, with their files; empty where it did not say.
    pub(super) fn lines(&self, tried: &Tried) -> BTreeSet<(String, u64)> {
        let text = String::from_utf8_lossy(&tried.stderr);
        match self.way {
            Way::Bash => self.bash(&text),
            Way::Python | Way::Node => {
                let told = text.lines().rev().find_map(|line| line.strip_prefix(&self.mark)).unwrap_or_default();
                let files = told.split_whitespace().filter_map(|word| word.rsplit_once(':'));
                let files = files.map(|(path, rest)| (percent_decode_str(path).decode_utf8_lossy().into_owned(), rest));
                let of = |(path, rest): (String, &str)| -> Vec<(String, u64)> {
                    let lines = match self.way {
                        Way::Node => self.file(&path).map(|file| covered(file, rest)).unwrap_or_default(),
                        _ => rest.split(',').filter_map(|line| line.parse().ok()).collect(),
                    };
                    lines.into_iter().map(|line| (path.clone(), line)).collect()
                };
                files.flat_map(of).collect()
            }
        }
    }

    fn file(&self, path: &str) -> Option<&VersionFile> {
        self.version.files.iter().find(|file| file.path == path)
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

/// The lines of a file of which every part ran: from ranges `begin-end-ran` in UTF-16 units, of which the smallest around
/// a place counts.
fn covered(file: &VersionFile, ranges: &str) -> Vec<u64> {
    let Some(text) = text_of(file) else { return Vec::new() };
    let mut all: Vec<(usize, usize, bool)> = Vec::new();
    for range in ranges.split(',') {
        let mut numbers = range.split('-').map_while(|number| number.parse::<usize>().ok());
        if let (Some(begin), Some(end), Some(ran)) = (numbers.next(), numbers.next(), numbers.next()) {
            all.push((begin, end, ran > 0));
        }
    }
    // The widest first, so that a smaller one inside overwrites it.
    all.sort_by_key(|(begin, end, _)| std::cmp::Reverse(end.saturating_sub(*begin)));
    let mut lines = Vec::new();
    let mut at = 0;
    for (number, line) in text.split('\n').enumerate() {
        let indent = line.chars().take_while(|c| c.is_whitespace()).map(char::len_utf16).sum::<usize>();
        let (begin, end) = (at + indent, at + line.trim_end().encode_utf16().count());
        at += line.encode_utf16().count() + 1;
        if begin >= end {
            continue;
        }
        let is_first = all.iter().rfind(|(from, to, _)| *from <= begin && begin < *to).is_some_and(|(.., ran)| *ran);
        let is_part_left = all.iter().any(|(from, _, ran)| !ran && *from > begin && *from < end);
        if is_first && !is_part_left {
            lines.push(number as u64 + 1);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::testing::{python, start};
    use super::*;
    use crate::domain::FileMode;
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
        let lines = traced.lines(&tried).into_iter().map(|(_, line)| line).collect();
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
        assert_eq!((lines.as_slice(), output.as_str()), ([1, 2, 3, 4].as_slice(), "big\n"));
    }
}
