//! The cyclomatic complexity of each function.
//!
//! The figure is the cyclomatic complexity of T. J. McCabe, "A Complexity Measure", IEEE Transactions on Software
//! Engineering SE-2 (4), 1976: one plus the number of branch points. Conditions joined by `and` and `or` count
//! separately, as in his section on compound predicates. A nested function is counted separately.

use super::CheckContext;
use super::source::{Language, children, line, text};
use super::started::sources;
use crate::domain::{CheckReport, Finding, Severity, count, plural};
use tree_sitter::Node;

/// Above this, a function should be reviewed: NIST Special Publication 500-235 (Watson and McCabe, 1996) takes 10 as
/// the rule and 15 as what teams with a reason have used with success.
const WORTH_A_LOOK: u32 = 15;

/// Above this, not all paths can be tested: the Software Engineering Institute's table (C4 Software Technology
/// Reference Guide, 1997) calls a program above 50 untestable.
const UNTESTABLE: u32 = 50;

/// Longest function name in a finding, in characters.
const MAX_NAME: usize = 60;

/// The figure of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Figure {
    name: String,
    line: u64,
    ways: u32,
}

/// Examines the complexity of every function.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let mut findings = Vec::new();
    let mut worst: Option<(Figure, String)> = None;
    let mut functions = 0_usize;
    for (path, language, text) in sources(context.version) {
        let figures = figures(language, text);
        // The first figure is the code outside all functions.
        functions += figures.len().saturating_sub(1);
        for figure in figures {
            let severity = if figure.ways > UNTESTABLE { Severity::Medium } else { Severity::Low };
            if figure.ways > WORTH_A_LOOK {
                let message = format!(
                    "the cyclomatic complexity is {} in {}, more than {WORTH_A_LOOK}",
                    figure.ways, figure.name
                );
                findings.push(Finding::new("complexity", severity, message).at(path, figure.line));
            }
            if worst.as_ref().is_none_or(|(known, _)| known.ways < figure.ways) {
                worst = Some((figure, path.to_owned()));
            }
        }
    }
    let Some((worst, path)) = worst else {
        return CheckReport::skipped("complexity", "no function in Python, JavaScript, TypeScript or shell");
    };
    CheckReport::of("complexity", findings).noted(in_words(&worst, &path, functions))
}

/// The summary if there is no finding.
fn in_words(worst: &Figure, path: &str, functions: usize) -> String {
    let looked_at = match functions {
        0 => "no function".to_owned(),
        _ => count(functions, "function"),
    };
    if worst.ways == 1 {
        return format!("{looked_at}, no branches");
    }
    let ways = plural(worst.ways as usize, "way", "ways");
    format!("{looked_at}; highest complexity {ways} in {} ({path}:{})", worst.name, worst.line)
}

/// The figure of each function, and of the code outside all functions.
fn figures(language: Language, source: &str) -> Vec<Figure> {
    let Some(tree) = language.parse(source) else { return Vec::new() };
    let mut figures = vec![Figure { name: "the top level".to_owned(), line: 1, ways: 1 }];
    // The open nodes, each with the function it belongs to.
    let mut open = vec![(tree.root_node(), 0_usize)];
    while let Some((node, mut owner)) = open.pop() {
        if is_function(node) {
            figures.push(Figure { name: name_of(node, source), line: line(node), ways: 1 });
            owner = figures.len() - 1;
        } else if forks(node, source) {
            figures[owner].ways = figures[owner].ways.saturating_add(1);
        }
        open.extend(children(node).into_iter().rev().map(|child| (child, owner)));
    }
    figures
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "function_definition"
            | "lambda"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "generator_function"
            | "arrow_function"
            | "method_definition"
    )
}

/// Whether a node is a branch point. Node kinds of one language do not occur in the others, except `if_statement` and
/// similar ones, which mean the same.
fn forks(node: Node<'_>, source: &str) -> bool {
    let operator = || node.child_by_field_name("operator").map(|operator| text(operator, source)).unwrap_or_default();
    match node.kind() {
        "if_statement"
        | "elif_clause"
        | "for_statement"
        | "while_statement"
        | "except_clause"
        | "except_group_clause"
        | "conditional_expression"
        | "boolean_operator"
        | "for_in_clause"
        | "if_clause"
        | "for_in_statement"
        | "do_statement"
        | "catch_clause"
        | "switch_case"
        | "ternary_expression"
        | "c_style_for_statement"
        | "select_statement" => true,
        "case_clause" => !is_otherwise(node, source),
        "case_item" => !text(node, source).starts_with("*)"),
        "binary_expression" => matches!(operator(), "&&" | "||" | "??"),
        "augmented_assignment_expression" => matches!(operator(), "&&=" | "||=" | "??="),
        // `a && b` of commands.
        "list" => {
            let mut cursor = node.walk();
            node.children(&mut cursor).any(|child| matches!(child.kind(), "&&" | "||"))
        }
        _ => false,
    }
}

/// `case _:` is the default branch and does not count.
fn is_otherwise(case: Node<'_>, source: &str) -> bool {
    let pattern = children(case).into_iter().find(|child| child.kind() == "case_pattern");
    pattern.is_some_and(|pattern| text(pattern, source) == "_") && case.child_by_field_name("guard").is_none()
}

fn name_of(function: Node<'_>, source: &str) -> String {
    let own = function.child_by_field_name("name");
    // `const f = () => …`, `{f: () => …}`
    let given = function.parent().and_then(|parent| match parent.kind() {
        "variable_declarator" | "public_field_definition" => parent.child_by_field_name("name"),
        "pair" => parent.child_by_field_name("key"),
        "assignment_expression" | "assignment" => parent.child_by_field_name("left"),
        _ => None,
    });
    match own.or(given) {
        Some(name) => super::source::excerpt(text(name, source), MAX_NAME),
        None => "an anonymous function".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(language: Language, source: &str) -> Vec<(String, u32)> {
        figures(language, source).into_iter().map(|figure| (figure.name, figure.ways)).collect()
    }

    fn named(list: &[(&str, u32)]) -> Vec<(String, u32)> {
        list.iter().map(|(name, ways)| ((*name).to_owned(), *ways)).collect()
    }

    #[test]
    fn the_highest_branching_is_told_in_words() {
        use crate::check::fixture::{examined, version};
        let note = |text: &str| examined(examine, &version("t", &[("t.py", text)])).note;
        assert_eq!(note("print(1)\n"), "no function, no branches");
        assert_eq!(note("def f(): pass\ndef g(): pass\n"), "2 functions, no branches");
        let branching = "def f(x):\n    if x:\n        return 1\n";
        assert_eq!(note(branching), "1 function; highest complexity 2 ways in f (t.py:1)");
    }

    #[test]
    fn a_function_has_one_way_and_one_more_for_each_fork() {
        let python = "def plain(): pass\n\ndef f(x):\n    if x and x.y or z:\n        return 1\n    elif x:\n        pass\n    \
                      else:\n        pass\n    for i in x:\n        while i: pass\n    try:\n        pass\n    except A:\n        pass\n    \
                      return [a if b else c for a in x if a]\n\ndef g(x):\n    match x:\n        case 1: pass\n        \
                      case _: pass\n    return lambda y: y or 1\nif x: pass\n";
        let expected = [("the top level", 2), ("plain", 1), ("f", 11), ("g", 2), ("an anonymous function", 2)];
        assert_eq!(ways(Language::Python, python), named(&expected));
        let javascript = "const f = (x) => { if (x && y) { return x ?? 1 } else if (z) {} for (const a of b) {} };\nclass A { m(x) { \
                          switch (x) { case 1: case 2: break; default: } try {} catch {} return x ? 1 : 2 } }\ndo {} while (x)\n";
        assert_eq!(ways(Language::JavaScript, javascript), named(&[("the top level", 2), ("f", 6), ("m", 5)]));
        let shell = "work() {\n  if a && b; then c; elif d; then e; fi\n  for x in y; do z || exit; done\n  case $1 in a) ;; b|c) ;; *) ;; esac\n}\n\
                     while read -r l; do :; done\n";
        assert_eq!(ways(Language::Bash, shell), named(&[("the top level", 2), ("work", 8)]));
    }
}
