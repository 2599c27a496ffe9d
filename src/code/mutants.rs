//! Mutants: copies of a program with one small fault each, as in mutation testing.
//!
//! A comparison of two programs by their answers uses them to test its inputs: inputs that do not detect a fault in a
//! line are no evidence for that line. The faults are small, typical and easily overlooked: a neighbouring number,
//! another operator, a constant condition, an omitted part.

use crate::domain::source::{Language, children, line, nodes, text};
use std::collections::BTreeSet;
use std::ops::Range;
use tree_sitter::Node;

/// A copy of a program with one fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mutant {
    /// The line of the fault, from 1.
    pub line: u64,
    /// The whole program.
    pub text: String,
    /// Whether it differs for a single value only, such as `<` and `<=`: at most one of many inputs can detect it.
    pub is_neighbour: bool,
}

/// The maximum number of entries of a list that are omitted one by one; a longer list is data.
const MAX_ENTRIES: usize = 12;

/// Operators that are easily confused: the neighbour that differs in the fewest cases, and the opposite.
const OPERATORS: &[(&str, &[&str])] = &[
    ("<", &["<=", ">="]),
    ("<=", &["<", ">"]),
    (">", &[">=", "<="]),
    (">=", &[">", "<"]),
    ("==", &["!="]),
    ("!=", &["=="]),
    ("===", &["!=="]),
    ("!==", &["==="]),
    ("=~", &["!="]),
    ("in", &["not in"]),
    ("not in", &["in"]),
    ("is", &["is not"]),
    ("is not", &["is"]),
    ("and", &["or"]),
    ("or", &["and"]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    ("+", &["-"]),
    ("-", &["+"]),
    ("*", &["+"]),
    ("/", &["*"]),
    ("//", &["/"]),
    ("%", &["+"]),
    ("**", &["*"]),
    ("&", &["|"]),
    ("|", &["&"]),
    ("<<", &[">>"]),
    (">>", &["<<"]),
    ("+=", &["-="]),
    ("-=", &["+="]),
    ("*=", &["+="]),
    ("/=", &["*="]),
    ("-lt", &["-le", "-ge"]),
    ("-le", &["-lt", "-gt"]),
    ("-gt", &["-ge", "-le"]),
    ("-ge", &["-gt", "-lt"]),
    ("-eq", &["-ne"]),
    ("-ne", &["-eq"]),
    ("-z", &["-n"]),
    ("-n", &["-z"]),
    ("-f", &["-d", "-e", "-s", "-r"]),
    ("-d", &["-f", "-e"]),
    ("-e", &["! -e", "-f", "-d"]),
    ("-s", &["-f", "-e"]),
    ("-r", &["-f", "-e"]),
    ("-x", &["-f", "-e"]),
    ("-w", &["-f", "-e"]),
    ("-L", &["-e", "-f"]),
];

/// Functions and methods that are easily confused.
const NAMES: &[(&str, &[&str])] = &[
    ("any", &["all"]),
    ("all", &["any"]),
    ("min", &["max"]),
    ("max", &["min"]),
    ("some", &["every"]),
    ("every", &["some"]),
    ("startswith", &["endswith"]),
    ("endswith", &["startswith"]),
    ("startsWith", &["endsWith", "includes"]),
    ("endsWith", &["startsWith", "includes"]),
    ("includes", &["startsWith"]),
    ("strip", &["lstrip", "rstrip"]),
    ("trim", &["trimStart", "trimEnd"]),
    ("lower", &["upper"]),
    ("upper", &["lower"]),
    ("toLowerCase", &["toUpperCase"]),
    ("toUpperCase", &["toLowerCase"]),
    ("find", &["rfind", "findLast"]),
    ("index", &["rindex"]),
    ("indexOf", &["lastIndexOf"]),
    ("floor", &["ceil", "round"]),
    ("ceil", &["floor", "round"]),
    ("round", &["floor", "ceil"]),
    ("push", &["unshift"]),
    ("append", &["add"]),
    ("head", &["tail"]),
    ("tail", &["head"]),
];

/// Methods and words that test whether a list contains a value; their fault tests only the first value.
const HAS: &str = "includes";

/// Operators that differ for one value only.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("<", "<="),
    ("<=", "<"),
    (">", ">="),
    (">=", ">"),
    ("-lt", "-le"),
    ("-le", "-lt"),
    ("-gt", "-ge"),
    ("-ge", "-gt"),
];

/// Operators whose operands cannot be swapped, if the values differ.
const ORDERED: &[&str] = &["-", "/", "//", "%", "**", "<<", ">>"];

/// Operators that join two conditions, or choose the first of two values that exists.
const JOINING: &[&str] = &["and", "or", "&&", "||", "??"];

/// All mutants with a fault in one of these lines, in the order of the text; `None` if the text cannot be parsed.
pub fn mutants(source: &str, language: Language, lines: &BTreeSet<u64>) -> Option<Vec<Mutant>> {
    let tree = language.parse(source)?;
    let mut faults = Faults { source, language, found: BTreeSet::new() };
    for node in nodes(tree.root_node()).filter(|node| is_on(*node, lines)) {
        faults.of(node);
    }
    let made = faults.found.into_iter().filter_map(|(start, end, other)| {
        let (before, changed, after) = (source.get(..start)?, source.get(start..end)?, source.get(end..)?);
        let line = before.matches('\n').count() as u64 + 1;
        let is_neighbour = NEIGHBOURS.contains(&(changed, &other)) || changed.parse::<f64>().is_ok();
        Some(Mutant { line, text: format!("{before}{other}{after}"), is_neighbour })
    });
    Some(made.filter(|mutant| mutant.text != source && lines.contains(&mutant.line)).collect())
}

/// Whether a node touches one of these lines.
fn is_on(node: Node<'_>, lines: &BTreeSet<u64>) -> bool {
    let last = node.end_position().row as u64 + 1;
    lines.range(line(node)..=last).next().is_some()
}

/// The faults found: a part of the text, and its replacement.
struct Faults<'s> {
    source: &'s str,
    language: Language,
    found: BTreeSet<(usize, usize, String)>,
}

impl<'s> Faults<'s> {
    fn put(&mut self, place: Range<usize>, other: impl Into<String>) {
        self.found.insert((place.start, place.end, other.into()));
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        text(node, self.source)
    }

    fn of(&mut self, node: Node<'_>) {
        match node.kind() {
            "comparison_operator"
            | "boolean_operator"
            | "binary_operator"
            | "binary_expression"
            | "list"
            | "augmented_assignment"
            | "augmented_assignment_expression" => self.operation(node),
            "not_operator" | "unary_operator" | "unary_expression" | "negated_command" => self.unary(node),
            "test_operator" => self.operator(node),
            "integer" | "float" | "number" => self.number(node),
            "word" if self.text(node).parse::<i64>().is_ok() => self.number(node),
            "word" if self.text(node).starts_with('-') => self.left_out(node),
            "string" | "template_string" | "raw_string" => self.string(node),
            "true" | "false" => self.truth(node),
            "conditional_expression" | "ternary_expression" => self.choice(node),
            "if_statement" | "elif_clause" | "while_statement" | "if_clause" | "for_statement" => self.condition(node),
            "call" | "call_expression" => self.call(node),
            "assignment" | "assignment_expression" | "variable_declarator" => self.value(node),
            "pair" | "keyword_argument" => self.left_out(node),
            "array" | "tuple" | "set" => self.entries(node),
            "expression_statement"
            | "return_statement"
            | "break_statement"
            | "continue_statement"
            | "raise_statement"
            | "throw_statement" => self.statement(node),
            "command" => self.command(node),
            "identifier" | "property_identifier" | "command_name" => self.name(node),
            "regex" => self.put(node.end_byte()..node.end_byte(), "[Symbol.match]"),
            _ => {}
        }
        // A Python list; in a shell, two commands with `&&` between them have this node kind.
        if node.kind() == "list" && self.language == Language::Python {
            self.entries(node);
        }
    }

    /// Another function or method, if it is called or passed on.
    fn name(&mut self, node: Node<'_>) {
        let name = self.text(node);
        for other in NAMES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, others)| others) {
            self.put(node.byte_range(), *other);
        }
    }

    /// Other operators, and a single operand if it can replace the whole.
    fn operation(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let operators: Vec<Node<'_>> = node.children(&mut cursor).filter(|child| !is_operand(*child)).collect();
        let operands = children(node);
        for operator in &operators {
            self.operator(*operator);
        }
        let ([operator], [left, right]) = (operators.as_slice(), operands.as_slice()) else { return };
        let sign = self.text(*operator);
        let (left, right) = (self.text(*left), self.text(*right));
        if sign == "in" {
            self.put(node.byte_range(), format!("{left} == list({right})[0]"));
        }
        if JOINING.contains(&sign) {
            self.put(node.byte_range(), left);
            self.put(node.byte_range(), right);
        } else if ORDERED.contains(&sign) && left != right {
            self.put(node.byte_range(), format!("({right}) {sign} ({left})"));
        }
    }

    fn operator(&mut self, node: Node<'_>) {
        let sign = self.text(node);
        // In a test of the shell, `=` compares.
        if sign == "="
            && self.language == Language::Bash
            && node.parent().is_some_and(|it| it.kind() == "binary_expression")
        {
            self.put(node.byte_range(), "!=");
        }
        let others = OPERATORS.iter().find(|(known, _)| *known == sign).map_or(&[][..], |(_, others)| others);
        for other in others {
            self.put(node.byte_range(), *other);
        }
    }

    /// Removes its sign.
    fn unary(&mut self, node: Node<'_>) {
        if let [operand] = children(node).as_slice() {
            self.put(node.byte_range(), self.text(*operand));
        } else if let Some(operand) = children(node).last() {
            self.put(node.byte_range(), self.text(*operand));
        }
    }

    /// Adds one to the value of a variable; fails for values that are not numbers.
    fn value(&mut self, node: Node<'_>) {
        let value = node.child_by_field_name("right").or_else(|| node.child_by_field_name("value"));
        let is_computed = |value: &Node<'_>| {
            matches!(
                value.kind(),
                "call"
                    | "call_expression"
                    | "subscript"
                    | "subscript_expression"
                    | "attribute"
                    | "member_expression"
                    | "identifier"
                    | "binary_operator"
            )
        };
        if let Some(value) = value.filter(is_computed).filter(|_| self.language != Language::Bash) {
            self.put(value.byte_range(), format!("({}) + 1", self.text(value)));
        }
    }

    /// Replaces it by its neighbours.
    fn number(&mut self, node: Node<'_>) {
        let written = self.text(node);
        let is_shell = self.language == Language::Bash;
        if let Ok(value) = written.parse::<i64>() {
            for other in [value.saturating_add(1), value.saturating_sub(1)] {
                let other = if other < 0 && !is_shell { format!("({other})") } else { other.to_string() };
                self.put(node.byte_range(), other);
            }
        } else if let Ok(value) = written.parse::<f64>() {
            self.put(node.byte_range(), format!("{:?}", value + 1.0));
            self.put(node.byte_range(), format!("{:?}", value / 2.0));
        } else {
            self.put(node.byte_range(), "1");
        }
    }

    /// Adds one more character.
    fn string(&mut self, node: Node<'_>) {
        let is_alone = node.parent().is_some_and(|parent| parent.kind() == "expression_statement");
        let quote = self.text(node).len() - self.text(node).trim_end_matches(['"', '\'', '`']).len();
        let quote = match quote {
            0 => return,
            3.. => 3,
            _ => 1,
        };
        if !is_alone {
            let end = node.end_byte() - quote;
            self.put(end..end, "~");
        }
    }

    fn truth(&mut self, node: Node<'_>) {
        let other = match self.text(node) {
            "True" => "False",
            "False" => "True",
            "true" => "false",
            "false" => "true",
            _ => return,
        };
        self.put(node.byte_range(), other);
    }

    /// Chooses one of two values, whatever the condition is.
    fn choice(&mut self, node: Node<'_>) {
        let parts = children(node);
        let values = match (parts.as_slice(), self.language) {
            ([left, _, right], Language::Python) | ([_, left, right], _) => [*left, *right],
            _ => return,
        };
        for value in values {
            self.put(node.byte_range(), format!("({})", self.text(value)));
        }
    }

    /// Makes a condition always true or always false. A loop must not become endless, because that would only take
    /// time.
    fn condition(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let parts: Vec<Node<'_>> = match node.kind() {
            "if_clause" => children(node).into_iter().take(1).collect(),
            _ => node.children_by_field_name("condition", &mut cursor).collect(),
        };
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let place = first.start_byte()..last.end_byte();
        let is_loop = matches!(node.kind(), "while_statement" | "for_statement");
        let words = match self.language {
            Language::Python => ["False", "True"],
            Language::Bash => ["false", "true"],
            _ if node.kind() == "for_statement" => ["false", "true"],
            _ => ["(false)", "(true)"],
        };
        for word in words.into_iter().take(if is_loop { 1 } else { 2 }) {
            let end = if self.source.get(..place.end).is_some_and(|text| text.ends_with(';')) { ";" } else { "" };
            self.put(place.clone(), format!("{word}{end}"));
        }
    }

    /// Replaces a call by its object or its argument, and swaps its first two arguments.
    fn call(&mut self, node: Node<'_>) {
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let is_statement = node.parent().is_some_and(|parent| parent.kind() == "expression_statement");
        if let ([first, second, ..], false) = (arguments.as_slice(), is_statement) {
            let is_plain =
                |node: &Node<'_>| matches!(node.kind(), "identifier" | "attribute" | "member_expression" | "subscript");
            if is_plain(first) && is_plain(second) {
                let other = format!("{}, {}", self.text(*second), self.text(*first));
                self.put(first.start_byte()..second.end_byte(), other);
            }
        }
        if is_statement {
            return;
        }
        let function = node.child_by_field_name("function");
        if let ([only], Some(function)) = (arguments.as_slice(), function)
            && let Some(list) = self.text(function).strip_suffix(HAS).and_then(|list| list.strip_suffix('.'))
        {
            self.put(node.byte_range(), format!("({list}[0] === {})", self.text(*only)));
        }
        let object = function.and_then(|it| it.child_by_field_name("object"));
        let is_value = |object: &Node<'_>| !self.text(*object).starts_with(|c: char| c.is_ascii_uppercase());
        match (object.filter(is_value), arguments.first()) {
            (Some(object), _) => self.put(node.byte_range(), format!("({})", self.text(object))),
            (None, Some(first)) if first.kind() != "keyword_argument" => {
                self.put(node.byte_range(), format!("({})", self.text(*first)));
            }
            _ => {}
        }
    }

    /// Omits this entry, argument, or option, and the comma after it.
    fn left_out(&mut self, node: Node<'_>) {
        let rest = self.source.get(node.end_byte()..).unwrap_or_default();
        let comma = rest.len() - rest.trim_start().strip_prefix(',').map_or(rest.len(), str::len);
        self.put(node.start_byte()..node.end_byte() + comma, "");
    }

    fn entries(&mut self, node: Node<'_>) {
        let entries = children(node);
        if (2..=MAX_ENTRIES).contains(&entries.len()) {
            for entry in entries {
                self.left_out(entry);
            }
        }
    }

    /// Omits a statement, except one that returns a value.
    fn statement(&mut self, node: Node<'_>) {
        let parts = children(node);
        let is_kept = parts.first().is_some_and(|first| {
            matches!(first.kind(), "assignment" | "assignment_expression" | "string" | "update_expression")
                || first.kind().starts_with("augmented_assignment") && in_loop(node)
        });
        let end = if self.text(node).ends_with(';') { ";" } else { "" };
        let other = match (node.kind(), self.language) {
            ("expression_statement", _) if is_kept => return,
            ("return_statement", _) if parts.is_empty() => "pass",
            ("return_statement", _) => "return",
            (_, Language::Python) => "pass",
            _ => "",
        };
        let other = if other == "pass" && self.language != Language::Python { "" } else { other };
        self.put(node.byte_range(), format!("{other}{end}"));
    }

    /// Omits a command; in a pipe, its input is passed on.
    fn command(&mut self, node: Node<'_>) {
        let is_piped = node.parent().is_some_and(|parent| parent.kind() == "pipeline");
        self.put(node.byte_range(), if is_piped { "cat" } else { ":" });
    }
}

/// Whether a part of an operation is a value, not the operator.
fn is_operand(node: Node<'_>) -> bool {
    node.is_named() && node.kind() != "test_operator"
}

/// Whether a statement is in the block of a `while`, whose end may depend on it.
fn in_loop(node: Node<'_>) -> bool {
    std::iter::successors(node.parent(), Node::parent).take(8).any(|parent| parent.kind() == "while_statement")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changed lines of the mutants of a text, each trimmed.
    fn faults(language: Language, source: &str) -> Vec<String> {
        let lines: BTreeSet<u64> = (1..=source.lines().count() as u64).collect();
        let made = mutants(source, language, &lines).unwrap();
        let line_of = |mutant: &Mutant| {
            let other = mutant.text.lines().zip(source.lines()).find(|(now, before)| now != before);
            other.map_or_else(|| "(fewer lines)".to_owned(), |(now, _)| now.trim().to_owned())
        };
        made.iter().map(line_of).collect()
    }

    #[track_caller]
    fn assert_has(language: Language, source: &str, wanted: &[&str]) {
        let found = faults(language, source);
        for one in wanted {
            assert!(found.iter().any(|other| other == one), "{one} is missing in {found:#?}");
        }
    }

    #[test]
    fn a_condition_of_python_gets_its_neighbours_its_opposite_and_its_parts() {
        let wanted = [
            "if a <= 3 and not b:",
            "if a >= 3 and not b:",
            "if a < 4 and not b:",
            "if a < 2 and not b:",
            "if a < 3 or not b:",
            "if a < 3:",
            "if not b:",
            "if a < 3 and b:",
            "if True:",
            "if False:",
        ];
        assert_has(Language::Python, "if a < 3 and not b:\n    stop(a)\n", &wanted);
    }

    #[test]
    fn calls_lose_what_they_do_and_lists_their_entries() {
        assert_has(Language::Python, "path = normal(path, root)\n", &["path = normal(root, path)", "path = (path)"]);
        assert_has(Language::Python, "name = name.strip()\n", &["name = (name)"]);
        assert_has(Language::Python, "for one in found:\n    add(one)\n", &["pass"]);
        assert_has(Language::Python, "known = {'a': 1, 'b': 2}\n", &["known = { 'b': 2}", "known = {'a~': 1, 'b': 2}"]);
        assert_has(Language::Python, "rest = a - b\n", &["rest = (b) - (a)", "rest = a + b"]);
    }

    #[test]
    fn javascript_gets_the_same_faults() {
        let source = "if (!list.length || n >= 10) throw new Error('no');\n";
        let wanted = [
            "if (!list.length && n >= 10) throw new Error('no');",
            "if (!list.length || n > 10) throw new Error('no');",
            "if (list.length || n >= 10) throw new Error('no');",
            "if (false) throw new Error('no');",
            "if (!list.length || n >= 10) ;",
        ];
        assert_has(Language::JavaScript, source, &wanted);
        let source = "return text === '' ? '0s' : text;\n";
        assert_has(
            Language::TypeScript,
            source,
            &["return ('0s');", "return (text);", "return text === '' ? '0s~' : text;"],
        );
        assert_has(
            Language::JavaScript,
            "for (let i = 0; i < n; i++) go(i);\n",
            &["for (let i = 0; i <= n; i++) go(i);"],
        );
    }

    #[test]
    fn a_shell_script_loses_commands_options_and_conditions() {
        let source = "if [ \"$n\" -gt 3 ]; then\n  exit 2\nfi\nsort -u \"$1\" | head -n 5\n";
        let wanted = [
            "if [ \"$n\" -ge 3 ]; then",
            "if [ \"$n\" -gt 4 ]; then",
            "if false; then",
            ":",
            "exit 3",
            "sort  \"$1\" | head -n 5",
            "cat | head -n 5",
            "sort -u \"$1\" | head -n 6",
        ];
        assert_has(Language::Bash, source, &wanted);
    }

    #[test]
    fn a_small_change_is_a_mutant_of_the_version_before() {
        let lines = BTreeSet::from([1]);
        for (before, now) in [
            ("x = a <= b\n", "x = a < b\n"),
            ("x = n.strip()\n", "x = n.rstrip()\n"),
            ("x = f(a)[1]\n", "x = f(a)[0]\n"),
            ("x = a or b\n", "x = a\n"),
        ] {
            let made = mutants(before, Language::Python, &lines).unwrap();
            assert!(made.iter().any(|mutant| mutant.text == now), "{now}");
        }
    }

    #[test]
    fn other_lines_keep_what_they_hold_and_docstrings_are_no_code() {
        let source = "\"\"\"Says 1.\"\"\"\nx = 1\ny = 2\n";
        let made = mutants(source, Language::Python, &BTreeSet::from([1, 2])).unwrap();
        assert_eq!(made.iter().map(|mutant| mutant.line).collect::<BTreeSet<_>>(), BTreeSet::from([2]));
    }
}
