//! Collects the parts of conditions; names and functions are resolved.

use super::{Collector, Connective, ExitAnswers, MAX_STEPS};
use crate::check::change::facts::fact::{Sort as FactSort, Test, Weight};
use crate::check::change::names::Tokens;
use crate::code::program::{Act, CompareOp, Expr, Sort, Statement};

impl<'a> Collector<'a> {
    /// Collects the tests of a condition. `holds` is the answer that counts as true.
    #[expect(clippy::too_many_arguments, reason = "what hangs on a condition goes down to each of its parts as it is")]
    pub(super) fn test(
        &mut self,
        condition: &Expr,
        holds: bool,
        weight: Weight,
        ends: ExitAnswers,
        joint: Connective,
        scope: usize,
        depth: usize,
    ) {
        if depth > MAX_STEPS || is_module_guard(condition) {
            return;
        }
        let (is_joined, is_any) = (joint != Connective::Alone, joint == Connective::Any);
        match &condition.sort {
            Sort::Not(inner) => self.test(inner, !holds, weight, ends.turned(), joint.turned(), scope, depth),
            Sort::All(list) | Sort::Any(list) => {
                if weight == Weight::Result && matches!(condition.sort, Sort::Any(_)) && !is_test(list) {
                    return;
                }
                let is_any = matches!(condition.sort, Sort::Any(_)) == holds;
                for part in list {
                    self.test(
                        part,
                        holds,
                        weight,
                        ends,
                        if is_any { Connective::Any } else { Connective::All },
                        scope,
                        depth + 1,
                    );
                }
            }
            Sort::Flag(flag) if weight != Weight::Loop && (is_joined || weight != Weight::Result) => {
                let words = self.words(condition);
                let detail = flag.to_string();
                self.fact(FactSort::Constant, "", Tokens::new(), &detail, words, condition.line);
            }
            Sort::Await(inner) => self.test(inner, holds, weight, ends, joint, scope, depth),
            Sort::Compare(order, a, b) => {
                let (test, is_turned) = self.comparison(*order, a, b, condition, scope);
                let ExitAnswers { stops, leaves } = if is_turned { ends.turned() } else { ends };
                self.found.tests.push(Test { weight, stops, leaves, is_joined, is_any, ..test });
            }
            Sort::Name(_) | Sort::Member(..) if self.meaning(condition, scope).is_some() => {
                if let Some((value, scope)) = self.meaning(condition, scope) {
                    self.test(value, holds, weight, ends, joint, scope, depth + 1);
                }
            }
            Sort::Call(target, _) if self.names.result(target, scope).is_some_and(|(value, _)| is_condition(value)) => {
                if let Some((value, scope)) = self.names.result(target, scope) {
                    self.test(value, holds, weight, ends, joint, scope, depth + 1);
                }
            }
            // A returned value is like any other unless it is a comparison.
            _ if weight == Weight::Result && joint == Connective::Alone => {}
            _ => {
                let about = self.names.tokens(condition, scope);
                let words = self.words(condition);
                let place = self.place(condition.line);
                let sides = (about, Tokens::new());
                let is_asked = matches!(condition.sort, Sort::Call(..));
                self.found.tests.push(Test {
                    group: "truth",
                    sides,
                    weight,
                    stops: ends.stops,
                    leaves: ends.leaves,
                    is_joined,
                    is_any,
                    is_asked,
                    constant: None,
                    words,
                    place,
                });
            }
        }
    }

    /// The condition that a name stands for.
    pub(super) fn meaning(&self, expr: &Expr, scope: usize) -> Option<(&'a Expr, usize)> {
        self.names.stands_for(expr, scope).filter(|(value, _)| is_condition(value))
    }

    /// The test of a comparison, and whether it is the opposite of what is collected.
    pub(super) fn comparison(&self, order: CompareOp, a: &Expr, b: &Expr, whole: &Expr, scope: usize) -> (Test, bool) {
        let told = |expr: &Expr| -> Tokens {
            self.names
                .tokens(expr, scope)
                .into_iter()
                .map(|word| if word.starts_with('#') { "#".to_owned() } else { word })
                .collect()
        };
        let test = |group, sides, constant: Option<String>| Test {
            group,
            sides,
            weight: Weight::Plain,
            stops: None,
            leaves: None,
            is_joined: false,
            is_any: false,
            is_asked: false,
            constant,
            words: self.words(whole),
            place: self.place(whole.line),
        };
        if let Some((thing, is_empty)) = emptiness(order, a, b) {
            return (test("truth", (self.names.tokens(thing, scope), Tokens::new()), None), is_empty);
        }
        let constant =
            || [a, b].into_iter().find_map(|side| self.names.constant(side, scope)).map(|constant| constant.shown);
        let both = || (told(a).union(&told(b)).cloned().collect(), Tokens::new());
        match order {
            CompareOp::Less => (test("order", (told(a), told(b)), None), false),
            CompareOp::Greater => (test("order", (told(b), told(a)), None), false),
            CompareOp::GreaterEqual => (test("order", (told(a), told(b)), None), true),
            CompareOp::LessEqual => (test("order", (told(b), told(a)), None), true),
            CompareOp::Equal => (test("equal", both(), constant()), false),
            CompareOp::Unequal => (test("equal", both(), constant()), true),
            CompareOp::In | CompareOp::NotIn => {
                let group = if matches!(b.sort, Sort::Many(_)) { "equal" } else { "in" };
                (test(group, both(), None), order == CompareOp::NotIn)
            }
            CompareOp::Matches => (test("match", both(), None), false),
        }
    }
}

/// Whether a condition asks how the file was started.
pub(super) fn is_module_guard(condition: &Expr) -> bool {
    let Sort::Compare(_, a, b) = &condition.sort else { return false };
    let is_own = |side: &Expr| match &side.sort {
        Sort::Name(name) => name == "__name__" || name == "module",
        Sort::Member(object, name) => name == "main" || object.name() == Some("import"),
        _ => false,
    };
    is_own(a) || is_own(b)
}

/// Whether steps begin by returning nothing, which may mean success.
pub(super) fn gives_nothing(steps: &[Statement]) -> bool {
    match steps.first().map(|step| &step.act) {
        Some(Act::Return(value)) => value.as_ref().is_none_or(|value| matches!(value.sort, Sort::Nothing)),
        _ => false,
    }
}

/// Whether steps only return true or false.
pub(super) fn gives_flag(steps: &[Statement]) -> bool {
    matches!(steps, [Statement { act: Act::Return(Some(Expr { sort: Sort::Flag(_), .. })), .. }])
}

/// Whether a value is a condition rather than an object.
pub(super) fn is_condition(value: &Expr) -> bool {
    match &value.sort {
        Sort::Compare(..) | Sort::Not(_) => true,
        Sort::All(list) | Sort::Any(list) => is_test(list),
        _ => false,
    }
}

pub(super) fn is_test(list: &[Expr]) -> bool {
    list.iter().any(|part| is_condition(part) || matches!(part.sort, Sort::Flag(_)))
}

/// `len(x) == 0`, `x is None`, `x != ""` test whether `x` exists: the object, and whether true means that it does not
/// exist.
pub(super) fn emptiness<'e>(order: CompareOp, a: &'e Expr, b: &'e Expr) -> Option<(&'e Expr, bool)> {
    let is_nothing = |expr: &Expr| match &expr.sort {
        Sort::Nothing => true,
        Sort::Text(pieces) => pieces.is_empty() || expr.fixed().is_some_and(|text| text.is_empty()),
        Sort::Many(list) => list.is_empty(),
        Sort::Pairs(list) => list.is_empty(),
        _ => false,
    };
    let is_typeof = |expr: &Expr| expr.fixed().as_deref() == Some("undefined");
    match order {
        CompareOp::Equal | CompareOp::Unequal if is_nothing(b) || is_typeof(b) => {
            return Some((a, order == CompareOp::Equal));
        }
        CompareOp::Equal | CompareOp::Unequal if is_nothing(a) => return Some((b, order == CompareOp::Equal)),
        CompareOp::Equal | CompareOp::Unequal => {
            if let Sort::Flag(flag) = b.sort {
                return Some((a, (order == CompareOp::Equal) != flag));
            }
        }
        _ => {}
    }
    let Sort::Number(number) = &b.sort else { return None };
    let counted = match &a.sort {
        Sort::Call(target, arguments) if target.name() == Some("len") => {
            arguments.first().map(|argument| &argument.value)
        }
        Sort::Member(object, name) if matches!(name.as_str(), "length" | "size") => Some(&**object),
        _ => None,
    }?;
    match (order, number.as_str()) {
        (CompareOp::Equal | CompareOp::LessEqual, "0") | (CompareOp::Less, "1") => Some((counted, true)),
        (CompareOp::Unequal | CompareOp::Greater, "0") | (CompareOp::GreaterEqual, "1") => Some((counted, false)),
        _ => None,
    }
}
