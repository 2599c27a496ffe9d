//! Changed functions of Python, called on their own: the same arguments for both versions, and what each call does.
//!
//! A program often does not get to its changed lines: it needs a network, a repository, a package that is absent. Its
//! functions can be called all the same. `called/` holds the program of ours that does so inside the sandbox: it makes
//! arguments from type hints, defaults, the use of each parameter and the numbers and texts of the code, puts stand-ins
//! that write down what they are asked in the place of programs, hosts, clocks and absent modules, and compares what each
//! call returns, raises, writes, leaves behind and asks. Equal calls speak for a change only where they notice small
//! faults in its lines ([`super::sensitivity`]).

use super::sensitivity::{ENOUGH, FEWEST, MOST, has_other_pattern, own_lines};
use super::settled::{CALLED, OpenChanges};
use crate::check::{Batch, CheckContext};
use crate::code::mutants::{Mutant, mutants};
use crate::domain::budget::{self, ReadLimits};
use crate::domain::source::{Language, text_of};
use crate::domain::{
    Dialect, Digest, FileMode, Finding, InputMode, Manifest, Recipe, Severity, ToolDetail, VersionFile, count,
};
use crate::runner::Pace;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The program that calls functions: its entry first.
const PROGRAM: &[(&str, &str)] = &[
    ("called/called_functions.py", include_str!("called/called_functions.py")),
    ("called/called_arguments.py", include_str!("called/called_arguments.py")),
    ("called/called_stand_ins.py", include_str!("called/called_stand_ins.py")),
];

/// Processor time for all calls of a file, in seconds.
const SECONDS: u32 = 6;

/// Longest file whose functions are called, in bytes.
const MAX_TEXT: usize = 200_000;

/// Words by which code finds out where and when it runs: calls for a trial say nothing of what it does elsewhere.
const SURROUNDINGS: &[&str] = &[
    "sys",
    "os",
    "inspect",
    "gc",
    "traceback",
    "platform",
    "socket",
    "getpass",
    "time",
    "datetime",
    "date",
    "random",
    "secrets",
    "uuid",
    "environ",
    "getenv",
    "gethostname",
    "getuser",
    "__file__",
    "__name__",
    "globals",
    "locals",
    "vars",
    "hash",
    "id",
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "__import__",
    "importlib",
    "ctypes",
    "threading",
    "signal",
];

/// Words by which patterns of text are known: `r` is that of `r"\d"`.
const PATTERNS: &[&str] =
    &["re", "r", "rf", "rb", "regex", "pattern", "patterns", "compile", "glob", "rglob", "fnmatch"];

/// What the program answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    /// Pairs of calls with the same arguments.
    calls: usize,
    /// Those of them that went through changed lines.
    through: usize,
    /// Those that did not do the same.
    differing: usize,
    /// Those that crashed in a changed line before, and do not now.
    mended: usize,
    /// The calls through changed lines, by function.
    targets: BTreeMap<String, usize>,
    /// Of each changed line, how many calls through it ended well, and how many different things they did.
    lines: Sides<BTreeMap<u64, (usize, usize)>>,
    /// Changed lines that no call went through.
    missed: Sides<BTreeSet<u64>>,
    /// Whether each fault was noticed.
    faults: Sides<Vec<bool>>,
    /// The function, its arguments, what differs, and both values.
    difference: Option<(String, String, String, String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sides<T> {
    old: T,
    new: T,
}

/// A changed file in both versions.
struct ChangedFile<'a> {
    path: &'a str,
    old: ChangedText<'a>,
    new: ChangedText<'a>,
}

struct ChangedText<'a> {
    text: &'a str,
    /// The lines that the other version does not have.
    lines: BTreeSet<u64>,
    faults: Vec<Mutant>,
}

/// What calls of changed functions say of the changes that are still open.
pub(super) fn findings(context: &CheckContext<'_>, base: &ToolDetail, settled: &[Finding]) -> Vec<Finding> {
    let open = OpenChanges::of(context, base, settled);
    let Some(file) = open.facts.first().and_then(|fact| ChangedFile::of(context.version, base, fact.path.as_deref()?))
    else {
        return Vec::new();
    };
    let Some(answer) = file.called(context) else { return Vec::new() };
    let here = open.facts.iter().filter(|fact| fact.path.as_deref() == Some(file.path));
    let mut findings: Vec<Finding> = Vec::new();
    for fact in here {
        if findings.iter().any(|other| other.line == fact.line) {
            continue;
        }
        if let Some(told) = file.difference(&answer) {
            let told = fact.line.map_or_else(|| told.clone(), |line| told.clone().at(file.path, line));
            return vec![told];
        }
        let lines: Vec<_> = open.edits_at(fact).map(|edit| (edit.before, edit.after)).collect();
        if let Some(faults) = file.settles(&answer, &lines) {
            let message =
                format!("{}, and notice each of {} put in for a trial", answer.told(), count(faults, "small fault"));
            let finding = Finding::new(CALLED, Severity::Low, message);
            findings.push(Finding { path: fact.path.clone(), line: fact.line, ..finding });
        }
    }
    findings
}

impl<'a> ChangedFile<'a> {
    /// `None` where it is no Python, or where other files changed too: a function may come from there.
    fn of(new: &'a ToolDetail, base: &'a ToolDetail, path: &str) -> Option<ChangedFile<'a>> {
        let file = new.files.iter().find(|file| file.path == path)?;
        let before = base.files.iter().find(|file| file.path == path)?;
        let others = |version: &'a ToolDetail| version.files.iter().filter(|file| file.path != path && is_python(file));
        let is_alone = others(new).map(|file| &file.bytes).eq(others(base).map(|file| &file.bytes));
        if !is_alone || !is_python(file) || file.bytes.len().max(before.bytes.len()) > MAX_TEXT {
            return None;
        }
        let (old, now) = (text_of(before)?, text_of(file)?);
        let (old_lines, new_lines) = (own_lines(old, now), own_lines(now, old));
        let has_patterns =
            |text, lines| words_of(text, lines).any(|word| PATTERNS.contains(&word.to_lowercase().as_str()));
        if (has_patterns(old, &old_lines) || has_patterns(now, &new_lines))
            && has_other_pattern([(old, &old_lines), (now, &new_lines)])
        {
            return None;
        }
        let words =
            |text, lines| words_of(text, lines).filter(|word| SURROUNDINGS.contains(word)).collect::<BTreeSet<_>>();
        if !words(now, &new_lines).is_subset(&words(old, &old_lines)) {
            return None;
        }
        let made = |text, lines: &BTreeSet<u64>| {
            budget::within(ReadLimits::CHECK, || mutants(text, Language::Python, lines)).0
        };
        let (old_faults, new_faults) = (made(old, &old_lines)?, made(now, &new_lines)?);
        (old_faults.len().max(new_faults.len()) <= MOST).then_some(ChangedFile {
            path: &file.path,
            old: ChangedText { text: old, lines: old_lines, faults: old_faults },
            new: ChangedText { text: now, lines: new_lines, faults: new_faults },
        })
    }

    /// Calls the functions of both versions, inside the sandbox.
    fn called(&self, context: &CheckContext<'_>) -> Option<Answer> {
        let input = json!({
            "path": self.path,
            "old": self.old.text,
            "new": self.new.text,
            "old_lines": self.old.lines,
            "new_lines": self.new.lines,
            "faults": {"old": self.old.faults(), "new": self.new.faults()},
            "seconds": SECONDS,
        });
        let caller = self.caller(context.version);
        let inputs = [input];
        let tried = context.trials.start(&Batch::new(&caller, &inputs, Pace::Plain).temporary()).ok()?;
        serde_json::from_slice(&tried.first()?.stdout).ok()
    }

    /// Our program beside the other files of a version.
    fn caller(&self, version: &ToolDetail) -> ToolDetail {
        let others = version.files.iter().filter(|file| file.path != self.path).cloned();
        let ours = PROGRAM.iter().map(|(path, text)| VersionFile {
            path: (*path).into(),
            mode: FileMode::Plain,
            bytes: (*text).into(),
        });
        let files: Vec<VersionFile> = ours.chain(others).collect();
        let recipe = Recipe {
            command: vec!["python3".to_owned(), "{file}".to_owned()],
            entry: PROGRAM.first().map(|(path, _)| (*path).to_owned()),
            ..Recipe::blank(InputMode::StdinJson)
        };
        let name = version.manifest.name.clone();
        let manifest = Manifest { recipe: Some(recipe), ..Manifest::blank(name, Dialect::Native) };
        let mut tool = version.tool.clone();
        tool.digest = Digest::of_files(&files);
        tool.runnable = true;
        ToolDetail { tool, manifest, files }
    }

    /// The number of faults, when the calls went through these changes, did the same, and notice each fault in them.
    fn settles(&self, answer: &Answer, changes: &[(Option<(u64, u64)>, Option<(u64, u64)>)]) -> Option<usize> {
        if answer.differing > 0 || answer.through < ENOUGH {
            return None;
        }
        let mut faults = 0;
        let all = [(None, None)];
        for (before, after) in if changes.is_empty() { &all[..] } else { changes } {
            // What only one version has is settled with all that changed.
            let (before, after) = before.zip(*after).unzip();
            for (side, within, ran, missed, noticed) in [
                (&self.old, before, &answer.lines.old, &answer.missed.old, &answer.faults.old),
                (&self.new, after, &answer.lines.new, &answer.missed.new, &answer.faults.new),
            ] {
                let lines = side.within(within);
                let is_seen =
                    ran.iter().any(|(line, (whole, unlike))| lines.contains(line) && *whole >= ENOUGH && *unlike > 1);
                if !(is_seen || lines.is_empty()) || lines.intersection(missed).next().is_some() {
                    return None;
                }
                for (fault, is_noticed) in
                    side.faults.iter().zip(noticed).filter(|(fault, _)| lines.contains(&fault.line))
                {
                    if !is_noticed || fault.text.is_empty() {
                        return None;
                    }
                    faults += 1;
                }
                if noticed.len() != side.faults.len() {
                    return None;
                }
            }
        }
        (faults >= FEWEST).then_some(faults)
    }

    /// What a call does otherwise than before, for a reader.
    fn difference(&self, answer: &Answer) -> Option<Finding> {
        let (function, arguments, what, before, now) = answer.difference.as_ref()?;
        let message = format!(
            "a call of `{function}` on its own with {arguments} does something else: {what} was {before}, now {now}"
        );
        Some(Finding::new("other-call", Severity::Low, message))
    }
}

impl ChangedText<'_> {
    /// Each fault as its line, the calls that must notice it, and what it puts where, in characters.
    fn faults(&self) -> Vec<Value> {
        self.faults
            .iter()
            .map(|fault| {
                let (start, end, other) = replaced(self.text, &fault.text);
                json!([fault.line, if fault.is_neighbour { 1 } else { ENOUGH }, start, end, other])
            })
            .collect()
    }

    /// The changed lines among these; all of them where none is.
    fn within(&self, within: Option<(u64, u64)>) -> BTreeSet<u64> {
        let Some((first, last)) = within else { return self.lines.clone() };
        let found: BTreeSet<u64> = self.lines.range(first..=last).copied().collect();
        if found.is_empty() { self.lines.clone() } else { found }
    }
}

impl Answer {
    fn told(&self) -> String {
        let called: Vec<String> =
            self.targets.iter().map(|(name, calls)| format!("{} of `{name}`", count(*calls, "call"))).collect();
        let but = match self.mended {
            0 => String::new(),
            mended => format!(", but for {} that crashed before", count(mended, "call")),
        };
        format!("{} with stand-ins for what it asks of the world do the same as before{but}", called.join(", "))
    }
}

fn is_python(file: &VersionFile) -> bool {
    text_of(file).is_some_and(|text| Language::of(&file.path, text) == Some(Language::Python))
}

/// The words in some lines of a text.
fn words_of<'a>(text: &'a str, lines: &BTreeSet<u64>) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().enumerate().filter(|(at, _)| lines.contains(&(*at as u64 + 1)));
    lines.flat_map(|(_, line)| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
}

/// The part of a text that another one replaced, in characters, and by what.
fn replaced(text: &str, other: &str) -> (usize, usize, String) {
    let (one, two): (Vec<char>, Vec<char>) = (text.chars().collect(), other.chars().collect());
    let start = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
    let rest = one.len().min(two.len()) - start;
    let end = one.iter().rev().zip(two.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    (start, one.len() - end, two[start..two.len() - end].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, python};
    use super::*;

    /// A tool that gets nowhere here: the first thing that it does needs a package that is absent.
    fn behind(package: &str, code: &str) -> ToolDetail {
        python(&format!(
            "import sys\nimport {package}\n\n\n{code}\n\nif __name__ == '__main__':\n    {package}.run(sys.argv)\n"
        ))
    }

    fn told(before: &str, now: &str) -> Vec<Finding> {
        let (base, new) = (behind("absent_package", before), behind("absent_package", now));
        check("consistency", &new, Some(&base)).findings
    }

    fn is_settled(before: &str, now: &str) -> bool {
        told(before, now).iter().any(|finding| finding.code == CALLED)
    }

    const COUNTED: &str = "def counted(words):\n    found = {}\n    for word in words:\n        if word in found:\n            \
                           found[word] += 1\n        else:\n            found[word] = 1\n    return found\n";

    #[test]
    fn a_function_that_no_run_reaches_is_called_on_its_own() {
        let now = "def counted(words):\n    found = {}\n    for word in words:\n        found[word] = found.get(word, 0) + \
                   1\n    return found\n";
        let told = told(COUNTED, now);
        assert!(told.iter().any(|one| one.code == CALLED && one.message.contains("of `counted`")), "{told:?}");
    }

    #[test]
    fn what_it_asks_of_the_world_must_be_the_same() {
        let before = "def sent(name, is_long):\n    url = 'https://example.org/' + name\n    if is_long:\n        url += \
                      '?long=1'\n    return absent_package.get(url, timeout=3).status == 200\n";
        let inline = before
            .replace("    if is_long:\n        url += '?long=1'\n", "    url = url + ('?long=1' if is_long else '')\n");
        assert!(is_settled(before, &inline), "{:?}", told(before, &inline));
        for other in [
            inline.replace("timeout=3", "timeout=3, verify=False"),
            inline.replace("example.org", "example.net"),
            inline.replace("if is_long else ''", "if is_long else name"),
            inline.replace("== 200", "!= 500"),
        ] {
            assert!(!is_settled(before, &other), "{other}");
        }
    }

    #[test]
    fn a_limit_that_moved_by_one_is_told_with_both_values() {
        let before = "def size(number: int) -> str:\n    if number > 512:\n        return 'big'\n    return 'small'\n";
        let looked_up = before.replace(
            "    if number > 512:\n        return 'big'\n    return 'small'\n",
            "    return ['small', 'big'][number > 512]\n",
        );
        assert!(is_settled(before, &looked_up), "{:?}", told(before, &looked_up));
        let told = told(before, &before.replace("number > 512", "number > 513"));
        assert!(told.iter().any(|one| one.code == "other-call" && one.message.contains("small")), "{told:?}");
    }

    #[test]
    fn a_condition_that_calls_for_a_trial_never_meet_settles_nothing() {
        let before = "def may(user: str, group: str) -> bool:\n    return user == 'root' or group == 'wheel'\n";
        let any = before.replace("user == 'root' or group == 'wheel'", "any([user == 'root', group == 'wheel'])");
        assert!(is_settled(before, &any), "{:?}", told(before, &any));
        for other in [
            "sys.argv[0] == '/x' or user == 'root'",
            "len(user) == 4711 or user == 'root'",
            "user == 'root' or 'called_arguments' not in sys.modules",
            "user == 'root' or user.startswith('eve')",
        ] {
            assert!(!is_settled(before, &before.replace("user == 'root'", other)), "{other}");
        }
    }

    #[test]
    fn lines_that_no_call_goes_through_are_not_settled() {
        let before = "def kept(path: str, size: int) -> bool:\n    if size == 1234567890123:\n        if path:\n            return \
                      False\n    return True\n";
        let now = before.replace("        if path:\n            return False\n", "        return not path\n");
        let other =
            before.replace("        if path:\n            return False\n", "        return len(path) < 77777777\n");
        assert!(!is_settled(before, &other), "{:?}", told(before, &now));
    }

    #[test]
    fn the_part_that_a_fault_replaces_is_told_in_characters() {
        assert_eq!(replaced("ü < 1", "ü <= 1"), (3, 3, "=".to_owned()));
        assert_eq!(replaced("a and b", "a or b"), (2, 5, "or".to_owned()));
        assert_eq!(replaced("aa", "a"), (1, 2, String::new()));
    }
}
