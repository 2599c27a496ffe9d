//! Determines whether the inputs of a comparison would have revealed a fault in the changed lines.
//!
//! Two versions with the same answers may differ in ways that no input reveals. So small faults are inserted into the
//! changed lines, one at a time, first of the old version and then of the new one ([`crate::code::mutants`]). If each
//! of them changes some answer, the inputs cover these lines, and equal answers are evidence for the change. A change
//! that is itself such a fault is never taken for harmless: the old version with this fault is the new version, and
//! answers the same.

use super::untyped;
use super::written::answer;
use crate::check::{Batch, CheckContext};
use crate::code::mutants::{Mutant, mutants};
use crate::domain::budget::{self, ReadLimits};
use crate::domain::source::{Language, text_of};
use crate::domain::{Digest, ToolDetail};
use crate::runner::{Pace, SampleFile};
use serde_json::Value;
use similar::{Algorithm, ChangeTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The time limit for all faults of a comparison.
const BUDGET: Duration = Duration::from_secs(10);

/// How many inputs a fault is tried with: few at first, because most faults are detected at once.
const ROUNDS: [usize; 3] = [4, 12, 48];

/// How many inputs must detect a fault: if only one does, it might miss other errors.
const ENOUGH: usize = 3;

/// The minimum number of faults in one change: fewer say too little, and there is no time for more.
const FEWEST: usize = 2;
const MOST: usize = 60;

/// A version and its answers.
struct Side<'a> {
    version: &'a ToolDetail,
    /// The lines of each file that only this version has.
    own: BTreeMap<&'a str, BTreeSet<u64>>,
    /// The results of faults that were tried: the faulty text, and whether an answer changed.
    tried: BTreeMap<String, bool>,
}

/// Tries faults.
pub(super) struct Sensitivity<'a> {
    context: &'a CheckContext<'a>,
    files: &'a [SampleFile],
    /// Inputs with the reproducible answer of both versions.
    steady: Vec<(&'a Value, &'a [u8])>,
    old: Side<'a>,
    new: Side<'a>,
    until: Instant,
}

impl<'a> Sensitivity<'a> {
    /// `None` if nothing can be tried.
    pub(super) fn new(
        context: &'a CheckContext<'a>,
        base: &'a ToolDetail,
        same: &[(&'a Value, &'a [u8])],
        files: &'a [SampleFile],
    ) -> Option<Sensitivity<'a>> {
        let until = Instant::now() + BUDGET;
        let (old, new) = (Side::of(base, context.version), Side::of(context.version, base));
        let inputs: Vec<Value> = same.iter().map(|(input, _)| (*input).clone()).collect();
        let again = context.trials.start(&Batch::new(base, &inputs, Pace::Quick).with_samples(files)).ok()?;
        let steady = same.iter().zip(&again).filter(|((_, before), again)| answer(again) == *before);
        let steady: Vec<_> = steady.map(|(one, _)| *one).collect();
        (!steady.is_empty()).then_some(Sensitivity { context, files, steady, old, new, until })
    }

    /// The number of faults, if each fault in these lines of the old and the new version changes an answer.
    pub(super) fn notices(
        &mut self,
        path: &str,
        before: Option<(u64, u64)>,
        after: Option<(u64, u64)>,
    ) -> Option<usize> {
        if self.has_other_pattern(path) {
            return None;
        }
        // For lines that only one version has, a fault says nothing about what the other does instead.
        let (Some(before), Some(after)) = (before, after) else { return self.notices_all(path) };
        let old = self.old.lines(path, Some(before));
        let new = self.new.lines(path, Some(after));
        self.notices_each(path, &old, &new)
    }

    /// The same for all changed lines of a file.
    pub(super) fn notices_all(&mut self, path: &str) -> Option<usize> {
        if self.has_other_pattern(path) {
            return None;
        }
        let (old, new) = (self.old.lines(path, None), self.new.lines(path, None));
        self.notices_each(path, &old, &new)
    }

    fn notices_each(&mut self, path: &str, old: &BTreeSet<u64>, new: &BTreeSet<u64>) -> Option<usize> {
        let mut faults = 0;
        for (is_new, lines) in [(false, old), (true, new)] {
            let version = if is_new { self.new.version } else { self.old.version };
            let file = version.files.iter().find(|file| file.path == path)?;
            let text = text_of(file)?;
            let language = Language::of(path, text)?;
            let (made, _) = budget::within(ReadLimits::CHECK, || mutants(text, language, lines));
            let made = made?;
            if made.len() > MOST {
                return None;
            }
            faults += made.len();
            for mutant in made {
                if !self.notices_one(is_new, path, &mutant) {
                    return None;
                }
            }
        }
        (faults >= FEWEST).then_some(faults)
    }

    fn notices_one(&mut self, is_new: bool, path: &str, mutant: &Mutant) -> bool {
        let side = if is_new { &self.new } else { &self.old };
        if let Some(known) = side.tried.get(&mutant.text) {
            return *known;
        }
        let needed = if mutant.is_neighbour { 1 } else { ENOUGH };
        let is_noticed =
            faulty(side.version, path, &mutant.text).is_some_and(|version| self.changes_answers(&version, needed));
        let side = if is_new { &mut self.new } else { &mut self.old };
        side.tried.insert(mutant.text.clone(), is_noticed);
        is_noticed
    }

    fn changes_answers(&self, version: &ToolDetail, needed: usize) -> bool {
        let (mut rest, mut noticing) = (self.steady.as_slice(), 0);
        for round in ROUNDS {
            let (now, later) = rest.split_at(round.min(rest.len()));
            if now.is_empty() || Instant::now() > self.until {
                return false;
            }
            let inputs: Vec<Value> = now.iter().map(|(input, _)| (*input).clone()).collect();
            let batch = Batch::new(version, &inputs, Pace::Quick).with_samples(self.files).temporary();
            let Ok(tried) = self.context.trials.start(&batch) else { return false };
            noticing += now.iter().zip(&tried).filter(|((_, before), tried)| answer(tried) != *before).count();
            if noticing >= needed {
                return true;
            }
            rest = later;
        }
        false
    }

    /// Whether only one version has a pattern in its own lines: small faults do not show what a pattern matches beyond
    /// the inputs.
    fn has_other_pattern(&self, path: &str) -> bool {
        let of = |side: &Side<'_>| -> BTreeSet<String> {
            let file = side.version.files.iter().find(|file| file.path == path);
            let text = file.and_then(text_of).unwrap_or_default();
            let own = side.lines(path, None);
            let lines = text.lines().enumerate().filter(|(at, _)| own.contains(&(*at as u64 + 1)));
            lines.flat_map(|(_, line)| patterns(line)).collect()
        };
        of(&self.old) != of(&self.new)
    }
}

impl<'a> Side<'a> {
    fn of(version: &'a ToolDetail, other: &ToolDetail) -> Side<'a> {
        let mut own = BTreeMap::new();
        for file in &version.files {
            let text = text_of(file).unwrap_or_default();
            let theirs = other.files.iter().find(|other| other.path == file.path).and_then(text_of).unwrap_or_default();
            let diff = TextDiff::configure()
                .algorithm(Algorithm::Patience)
                .timeout(Duration::from_millis(200))
                .diff_lines(theirs, text);
            let changes = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert);
            let lines = changes.filter_map(|change| Some(change.new_index()? as u64 + 1)).collect();
            own.insert(file.path.as_str(), lines);
        }
        Side { version, own, tried: BTreeMap::new() }
    }

    /// The lines among these that only this version has; all of them if there are none.
    fn lines(&self, path: &str, within: Option<(u64, u64)>) -> BTreeSet<u64> {
        let own = self.own.get(path);
        let Some((first, last)) = within else { return own.cloned().unwrap_or_default() };
        let found: BTreeSet<u64> = own.into_iter().flat_map(|own| own.range(first..=last).copied()).collect();
        if found.is_empty() { (first..=last).collect() } else { found }
    }
}

/// A version with another text for one file.
fn faulty(version: &ToolDetail, path: &str, text: &str) -> Option<ToolDetail> {
    let mut faulty = version.clone();
    let file = faulty.files.iter_mut().find(|file| file.path == path)?;
    file.bytes = text.as_bytes().to_vec();
    faulty.tool.digest = Digest::of_files(&faulty.files);
    if faulty.manifest.recipe.as_ref().is_some_and(untyped::is_given) {
        faulty.tool.runnable = false;
        return untyped::startable(&faulty);
    }
    Some(faulty)
}

/// The quoted texts of a line that look like patterns.
fn patterns(line: &str) -> impl Iterator<Item = String> + '_ {
    const SIGNS: &[char] = &['\\', '[', '*', '+', '?', '|', '^', '$'];
    let quoted = line.split(['"', '\'', '/', '`']).skip(1).step_by(2);
    quoted.filter(|text| text.contains(SIGNS)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, python, taking};
    use crate::domain::{Finding, ToolDetail};
    use serde_json::json;

    const BEFORE: &str = "import json, sys\nn = json.load(sys.stdin)['n']\nif n > 5:\n    size = 'big'\nelse:\n    \
                          size = 'small'\nprint(size, n + 1)\n";

    fn tool(code: &str) -> ToolDetail {
        taking(python(code), &json!({"n": {"type": "integer", "minimum": 0, "maximum": 12}}))
    }

    fn noticed(before: &str, now: &str) -> Vec<Finding> {
        let report = check("consistency", &tool(now), Some(&tool(before)));
        report.findings.into_iter().filter(|finding| finding.code == "faults-noticed").collect()
    }

    #[test]
    fn a_value_that_is_looked_up_instead_of_chosen_is_noticed_where_inputs_lie_on_both_sides() {
        let chosen = "if n > 5:\n    size = 'big'\nelse:\n    size = 'small'\n";
        let now = BEFORE.replace(chosen, "size = ['small', 'big'][n > 5]\n");
        assert!(!noticed(BEFORE, &now).is_empty());
    }

    /// What runs say of the changed line, of either sort.
    fn settled(before: &str, now: &str, inputs: &serde_json::Value) -> Vec<Finding> {
        let report = check("consistency", &taking(python(now), inputs), Some(&taking(python(before), inputs)));
        report.findings.into_iter().filter(|finding| finding.line.is_some()).collect()
    }

    #[test]
    fn another_test_is_not_settled_by_inputs_that_do_not_tell_them_apart() {
        let code = "import json, sys\nv = json.load(sys.stdin)\npath, x = v['path'], v['x']\nif x in path:\n    \
                    print('in', x)\nelse:\n    print('out', len(path), x)\n";
        let first = code.replace("x in path", "path[:1] == [x]");
        let few = |most: u32| {
            let word = json!({"enum": ["a", "b", "c"]});
            json!({"path": {"type": "array", "items": word, "maxItems": most}, "x": word})
        };
        assert_eq!(settled(code, &first, &few(1)), []);
    }

    #[test]
    fn another_value_is_not_settled_where_no_output_shows_it() {
        let code = "import json, sys\nv = json.load(sys.stdin)\nrows, part = v['rows'], v['part']\ntotal = \
                    len(part)\nshare = rows.count('yes') / (total + 1)\nprint(share, rows, part)\n";
        let inputs = json!({"rows": {"type": "array", "items": {"enum": ["no", "never"]}},
            "part": {"type": "array", "items": {"type": "integer"}}});
        assert_eq!(settled(code, &code.replace("len(part)", "len(rows)"), &inputs), []);
    }

    #[test]
    fn a_number_that_no_input_tells_from_its_neighbour_is_not() {
        let before = BEFORE.replace("n > 5", "n > 500 and n < 900");
        let now = BEFORE.replace("n > 5", "n > 500 and n <= 899");
        assert_eq!(noticed(&before, &now), []);
    }
}
