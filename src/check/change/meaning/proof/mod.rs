//! A proof that two versions of a file mean the same: both are brought into one form, and compared.
//!
//! ```text
//!   python,        ──▶ scope ──▶ rules, again and again ─────────────▶ compare
//!   javascript         whose     texts, idioms, logic, flow:           function by
//!   syntax as a        names     other ways to write the same          function
//!   tree               are       temps, calls: values and bodies
//!                      whose     in place of names
//! ```
//!
//! Each rule holds for every program: it replaces a part by another one that does the same, whatever the values are. Where
//! that cannot be known (types, effects, who else uses a name) the part stays as it is, and the versions differ. `effects` and
//! `values` say what is known. What is not understood is compared by its words and keeps its names.
//!
//! A program can tell some things apart that count as the same here: the names of local variables in tracebacks, line
//! numbers, how much of a value was computed before memory ran out, and what a class of somebody else does when it is
//! compared, written as a text or added to a number in a way that contradicts the language's own rules.

mod calls;
mod compare;
mod effects;
mod flow;
mod idioms;
mod javascript;
mod library;
mod logic;
mod loops;
mod lower;
mod modules;
mod python;
mod reach;
mod scope;
mod shell;
mod temps;
mod texts;
mod told;
mod tree;
mod values;
mod webs;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_javascript;
#[cfg(test)]
mod tests_shell;
#[cfg(test)]
mod tests_told;

pub(super) use compare::Proof;

use crate::domain::budget;
use crate::domain::source::Language;
use lower::Lower;
use scope::Scopes;
use std::collections::HashSet;
use tree::{Kind, Node};
use values::Known;

/// Rounds of all rules at most. Each makes a program simpler; most end after three.
const MAX_ROUNDS: usize = 10;

/// Larger or deeper programs are not compared by meaning.
const MAX_SIZE: (usize, usize) = (20_000, 150);

/// How large a program may become when the bodies of its functions replace their calls: this many times its first size,
/// plus this many nodes. Functions that call the next one twice would double it each time.
const MAX_GROWTH: (usize, usize) = (3, 2_000);

/// Larger files are not compared a second time, in bytes.
const MAX_LENIENT: usize = 30_000;

/// Compares two versions of a file; `None` where one of them cannot be read. `is_alone`: no other file of the tool can
/// use its functions.
pub(super) fn compare(old: &str, new: &str, language: Language, is_alone: bool) -> Option<Proof> {
    // What is too much for one comparison is too much for the other.
    let strict = compare_with(old, new, language, is_alone, false)?;
    if strict.is_equal || old.len().max(new.len()) > MAX_LENIENT {
        return Some(strict);
    }
    match compare_with(old, new, language, is_alone, true) {
        Some(lenient) => Some(Proof { is_told: lenient.is_equal, told_functions: lenient.functions, ..strict }),
        None => Some(strict),
    }
}

/// `is_lenient`: without what is told of anyway and does no harm, see [`told`].
fn compare_with(old: &str, new: &str, language: Language, is_alone: bool, is_lenient: bool) -> Option<Proof> {
    let (mut old, mut new) = (Program::read(old, language, is_alone)?, Program::read(new, language, is_alone)?);
    let (before, now) = (old.names(), new.names());
    if is_lenient {
        new.leniency = Some(told::Leniency { kept_options: Some(told::options(&old.root)) });
        old.leniency = Some(told::Leniency::default());
    }
    old.simplify(&before.difference(&now).cloned().collect())?;
    new.simplify(&now.difference(&before).cloned().collect())?;
    Some(compare::compare(&old, &new))
}

/// A program without its comments and without texts that nothing is done with.
fn without_comments(text: &str, tree: &tree_sitter::Tree) -> String {
    let (mut kept, mut open) = (String::with_capacity(text.len()), vec![tree.root_node()]);
    while let Some(node) = open.pop() {
        let is_unused = node.kind() == "string" && node.parent().is_some_and(|of| of.kind() == "expression_statement");
        if node.kind() == "comment" || is_unused && node.named_child_count() < 4 {
            continue;
        }
        if node.child_count() == 0 {
            kept.push_str(text.get(node.byte_range()).unwrap_or_default());
            kept.push(' ');
        }
        let mut cursor = node.walk();
        open.extend(node.children(&mut cursor));
    }
    kept
}

/// The text of the first statement: where a program reads its docstring, that counts.
fn first_statement<'t>(text: &'t str, tree: &tree_sitter::Tree) -> &'t str {
    let mut cursor = tree.walk();
    let first = tree.root_node().named_children(&mut cursor).find(|node| node.kind() != "comment");
    first.and_then(|node| text.get(node.byte_range())).unwrap_or_default()
}

/// One version of a file.
struct Program {
    root: Node,
    /// What a comment tells the system or a package manager.
    header: String,
    pinned: HashSet<String>,
    is_script: bool,
    is_shell: bool,
    writes_plainly: bool,
    /// Whether functions and constants may stand in place of their names: nobody else uses them.
    is_alone: bool,
    /// What is left out because it is told of anyway.
    leniency: Option<told::Leniency>,
    /// The size that it must not outgrow, in nodes.
    max_size: usize,
}

impl Program {
    fn read(text: &str, language: Language, is_alone: bool) -> Option<Program> {
        let tree = language.parse(text)?;
        let is_script = language.is_javascript();
        let is_shell = language == Language::Bash;
        if !is_script && !is_shell && language != Language::Python || is_shell && shell::notices(text) {
            return None;
        }
        let code = without_comments(text, &tree);
        let has = |words: &[&str]| tree::words(&code).any(|word| words.contains(&word));
        let looks_at_itself: &[&str] = if is_script {
            &["callee"]
        } else if is_shell {
            &[]
        } else {
            &["inspect", "_getframe", "docopt"]
        };
        // What runs texts or asks for names keeps all of them as they are.
        let asks_for_names = if is_script {
            has(&["eval"])
        } else {
            has(&["exec", "eval", "globals", "locals", "vars", "importlib", "__import__", "__dict__"])
                || !is_shell && ["sys.modules", "Fire()", "import *"].iter().any(|part| text.contains(part))
        };
        let looks_in = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if tree.root_node().has_error()
            || has(looks_at_itself)
            || is_script && looks_in(&["Function("])
            || !is_script && looks_in(&["open(__file__"])
        {
            return None;
        }
        let reads_types = has(&["__annotations__", "get_type_hints", "signature", "__doc__"]);
        let mut defined = HashSet::new();
        modules::defined(text, &mut defined);
        let mut lower = Lower::new(text, reads_types, defined);
        let read = match language {
            _ if is_script => javascript::program,
            Language::Bash => shell::program,
            _ => python::program,
        };
        let mut root = read(&mut lower, tree.root_node());
        let (size, depth) = root.measure();
        if lower.is_cut || size > MAX_SIZE.0 || depth > MAX_SIZE.1 {
            return None;
        }
        let scopes = Scopes::resolve(&mut root, is_script, asks_for_names);
        let strange =
            ["__format__", "enum", "Enum", "StrEnum", "IntEnum", "Decimal", "Fraction", "valueOf", "toPrimitive"];
        let mut program = Program {
            root,
            header: modules::header(text) + if has(&["__doc__"]) { first_statement(text, &tree) } else { "" },
            pinned: scopes.pinned,
            is_script,
            is_shell,
            writes_plainly: !has(&strange),
            is_alone,
            leniency: None,
            max_size: MAX_SIZE.0.min(size * MAX_GROWTH.0 + MAX_GROWTH.1),
        };
        program.settle_constants();
        Some(program)
    }

    /// A constant of JavaScript that is given a value once is a variable like others.
    fn settle_constants(&mut self) {
        let known = self.known();
        let is_one = |name: &String| known.bound.get(name) == Some(&1) && !self.pinned.contains(tree::plain(name));
        self.root.rewrite(&mut |node| {
            if matches!(node.kind, Kind::Assign | Kind::For)
                && node.text.contains("const let")
                && scope::targets(&node.kids[0]).iter().all(is_one)
            {
                node.text = node.text.replace("const let", "let");
            }
        });
    }

    /// The names of functions and constants of the file.
    fn names(&self) -> HashSet<String> {
        let mut names = HashSet::new();
        for kid in &self.root.kids {
            names.extend(values::binds(kid));
        }
        self.root.each(&mut |node| {
            if node.is(Kind::Def) {
                names.insert(tree::plain(&node.text).to_owned());
            }
            if self.is_shell
                && let Some(name) = shell::calls::variable(node)
            {
                names.insert(name.to_owned());
            }
        });
        names
    }

    fn known(&self) -> Known {
        let mut known = Known::of(&self.root, &self.pinned, self.is_script);
        known.writes_plainly = self.writes_plainly;
        known.is_shell = self.is_shell;
        known
    }

    /// Brings the program into its form. `own`: names that the other version does not know.
    fn simplify(&mut self, own: &HashSet<String>) -> Option<()> {
        modules::resolve(self);
        self.forget_parameters();
        if self.is_alone {
            let known = self.known();
            webs::own_variables(&mut self.root, &known);
        }
        let known = self.known();
        webs::of_loops(&mut self.root, &known);
        if self.is_shell {
            shell::locals::forget(&mut self.root);
            shell::locals::overwritten(&mut self.root);
        }
        // Before anything moves: what follows an exit at the beginning is put into a branch.
        while self.is_alone && self.is_shell && shell::calls::inline(&mut self.root, own, self.max_size) {
            if budget::is_over() {
                return None;
            }
        }
        let mut next = 1_000_000;
        for _ in 0..MAX_ROUNDS {
            let before = self.root.clone();
            if !self.is_shell {
                let known = self.known();
                loops::spelled_out(&mut self.root, &known);
                let known = self.known();
                reach::split(&mut self.root, &known);
            }
            for _ in 0..MAX_ROUNDS {
                let start = self.root.clone();
                self.rewrite();
                if start == self.root {
                    break;
                }
                if self.is_too_much() {
                    return None;
                }
            }
            if self.is_alone && !self.is_shell {
                let mut known = self.known();
                while calls::inline_functions(&mut self.root, own, &known, (&mut next, self.max_size)) {
                    known = self.known();
                    if self.is_too_much() {
                        return None;
                    }
                }
                calls::inline_constants(&mut self.root, own, &known);
            }
            if before == self.root {
                return Some(());
            }
        }
        None
    }

    /// Whether the program has outgrown the limits, or the time is over.
    fn is_too_much(&self) -> bool {
        let (size, depth) = self.root.measure();
        size > self.max_size || depth > MAX_SIZE.1 || budget::is_over()
    }

    fn rewrite(&mut self) {
        let known = self.known();
        let leniency = self.leniency.clone();
        self.root.rewrite(&mut |node| {
            texts::form(node, &known);
            idioms::value(node, &known);
            if !known.is_script && !known.is_shell {
                library::form(node, &known);
                loops::value(node, &known);
            }
            if let Some(leniency) = &leniency {
                told::form(node, &known, leniency);
            }
        });
        logic::simplify(&mut self.root, &known);
        flow::tidy(&mut self.root, &known);
        let known = self.known();
        self.root.rewrite(&mut |node| {
            if node.is(Kind::Block) {
                idioms::block(node, &known);
                if !known.is_shell {
                    loops::block(node, &known);
                }
            }
        });
        let known = self.known();
        if !self.is_shell {
            loops::kept(&mut self.root, Vec::new(), &known);
            let known = self.known();
            loops::unread(&mut self.root, &known);
        }
        let known = self.known();
        temps::inline(&mut self.root, &known);
    }

    /// Where all calls of a function are in view and give no argument by name, the names of its parameters are its own.
    fn forget_parameters(&mut self) {
        let mut open: HashSet<String> = HashSet::new();
        let mut closed: HashSet<String> = HashSet::new();
        let (mut called, mut mentioned) = (std::collections::HashMap::new(), std::collections::HashMap::new());
        self.root.each(&mut |node| match node.kind {
            Kind::Call if node.kids[0].is(Kind::Name) => {
                let name = node.kids[0].text.clone();
                if node.kids[1..].iter().any(|arg| matches!(arg.kind, Kind::Kw | Kind::Spread)) {
                    closed.insert(name.clone());
                }
                *called.entry(name).or_insert(0_usize) += 1;
            }
            Kind::Name => *mentioned.entry(node.text.clone()).or_insert(0_usize) += 1,
            Kind::Def => {
                let is_plain = node.kids[2].kids.is_empty() && !node.kids[2].text.contains("method");
                if !is_plain || !open.insert(node.text.clone()) {
                    closed.insert(node.text.clone());
                }
            }
            _ => {}
        });
        let (pinned, is_alone, is_script) = (&self.pinned, self.is_alone, self.is_script);
        // A function of the file that nothing calls is called from outside, perhaps by the names of its parameters.
        let is_in_view = |name: &String| {
            open.contains(name)
                && called.contains_key(name)
                && !closed.contains(name)
                && !pinned.contains(tree::plain(name))
                && (is_alone || tree::is_local(name))
                && called.get(name) == mentioned.get(name)
        };
        self.root.rewrite(&mut |node| {
            let forgets = match node.kind {
                Kind::Def if is_script && (tree::is_local(&node.text) || node.kids[2].text.contains("method")) => true,
                Kind::Def => is_in_view(&node.text),
                Kind::Lambda => true,
                _ => false,
            };
            if forgets {
                for param in node.kids[0].kids.iter_mut().filter(|param| param.is(Kind::Param)) {
                    if param.kids[1].text.starts_with("caller")
                        && !tree::plain(&param.text).is_empty()
                        && tree::is_local(&param.text)
                    {
                        "caller".clone_into(&mut param.kids[1].text);
                    }
                }
            }
        });
    }
}
