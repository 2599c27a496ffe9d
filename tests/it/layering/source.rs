//! One source file, read and taken apart.

use super::mask::{Lines, blank, blank_literals, body_start, closing, is_word, strings, test_items};
use super::paths::{Named, named_paths};

/// A function and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// First line, counted from 1.
    pub line: usize,
    /// Lines from its `fn` to its closing brace.
    pub lines: usize,
    /// Whether a `// size: reason` stands above it.
    pub excused: bool,
}

/// A source file without its tests.
pub struct Source {
    /// Path below `src`, `/` between parts.
    pub path: String,
    /// Module path, for example `["store", "tx"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// Code with comments, literals and tests blanked.
    pub code: Vec<char>,
    /// String literals outside of tests, each with its line and its text as written.
    pub texts: Vec<(usize, String)>,
    /// Lines that are not tests.
    pub lines: usize,
    /// Whether a `// size: reason` stands before its first item.
    pub excused: bool,
    /// Files of test modules it declares, as module paths.
    pub test_modules: Vec<Vec<String>>,
    all_lines: Lines,
    text: String,
}

impl Source {
    /// Takes a file apart.
    pub fn new(path: &str, text: &str) -> Source {
        let mut code = blank_literals(text);
        let (ranges, files) = test_items(&code);
        let mut texts = strings(text);
        let all_lines = Lines::of(&code);
        let mut test_lines = 0;
        for range in ranges {
            texts.retain(|(at, _)| !range.contains(at));
            // Nested test items are counted with the outer one.
            if code[range.clone()].iter().any(|c| !c.is_whitespace()) {
                test_lines += all_lines.at(range.end) - all_lines.at(range.start) + 1;
            }
            blank(&mut code, range);
        }
        let texts = texts.into_iter().map(|(at, said)| (all_lines.at(at), said)).collect();
        let module = module_of(path);
        let test_modules = files.into_iter().map(|file| [module.clone(), vec![file]].concat()).collect();
        Source {
            path: path.to_owned(),
            lines: text.lines().count().saturating_sub(test_lines),
            excused: text.lines().take_while(|line| is_comment_or_blank(line)).any(is_excuse),
            text: text.to_owned(),
            all_lines,
            test_modules,
            texts,
            module,
            code,
        }
    }

    /// The paths it names, `super` and `self` resolved.
    pub fn named(&self) -> Vec<Named> {
        let resolve = |named: Named| Named { parts: self.resolve(&named.parts), line: named.line };
        named_paths(&self.code, &self.all_lines).into_iter().map(resolve).collect()
    }

    fn resolve(&self, parts: &[String]) -> Vec<String> {
        let supers = parts.iter().take_while(|part| *part == "super").count();
        let begins_here = parts.first().is_some_and(|part| part == "self");
        if supers == 0 && !begins_here {
            return parts.to_vec();
        }
        let keep = self.module.len().saturating_sub(supers);
        let rest = &parts[supers.max(usize::from(begins_here))..];
        [&["crate".to_owned()], &self.module[..keep], rest].concat()
    }

    /// Whether a word occurs in its code.
    pub fn word_lines(&self, word: &str) -> Vec<usize> {
        let word: Vec<char> = word.chars().collect();
        let is_edge = |at: Option<usize>| at.and_then(|at| self.code.get(at)).is_none_or(|c| !is_word(*c));
        (0..self.code.len())
            .filter(|at| {
                self.code[*at..].starts_with(&word) && is_edge(at.checked_sub(1)) && is_edge(Some(at + word.len()))
            })
            .map(|at| self.all_lines.at(at))
            .collect()
    }

    /// Where a macro is called.
    pub fn macro_lines(&self, name: &str) -> Vec<usize> {
        let name: Vec<char> = name.chars().collect();
        let is_call = |at: usize| self.code[at..].iter().find(|c| !c.is_whitespace()).is_some_and(|c| *c == '!');
        (0..self.code.len())
            .filter(|at| {
                self.code[*at..].starts_with(&name)
                    && (*at == 0 || !is_word(self.code[*at - 1]))
                    && is_call(at + name.len())
            })
            .map(|at| self.all_lines.at(at))
            .collect()
    }

    /// Its functions with a body.
    pub fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.text.lines().collect();
        let starts = (0..self.code.len()).filter(|at| self.is_function(*at));
        starts
            .filter_map(|at| {
                let name: String =
                    self.code[at + 3..].iter().skip_while(|c| **c == ' ').take_while(|c| is_word(**c)).collect();
                let end = closing(&self.code, body_start(&self.code, at)?);
                let line = self.all_lines.at(at);
                let length = self.all_lines.at(end) - line + 1;
                Some(Function { name, line, lines: length, excused: is_excused(&lines, line) })
            })
            .collect()
    }

    /// Whether `fn NAME` begins at `at`; a pointer type such as `fn(u8)` is none.
    fn is_function(&self, at: usize) -> bool {
        self.code[at..].starts_with(&['f', 'n', ' '])
            && (at == 0 || !is_word(self.code[at - 1]))
            && self.code[at + 3..].iter().find(|c| **c != ' ').is_some_and(|c| is_word(*c))
    }
}

/// `store/tx.rs` is the module `store::tx`, `store/mod.rs` is `store`.
fn module_of(path: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

fn is_comment_or_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("//")
}

fn is_excuse(line: &str) -> bool {
    line.trim().strip_prefix("// size:").is_some_and(|reason| !reason.trim().is_empty())
}

/// Whether an excuse stands among the comments and attributes right above a line.
fn is_excused(lines: &[&str], line: usize) -> bool {
    let above = lines[..line - 1].iter().rev();
    above.take_while(|l| l.trim().starts_with("//") || l.trim().starts_with("#[")).any(|l| is_excuse(l))
}

#[test]
fn functions_are_measured_from_fn_to_the_closing_brace() {
    let text = "fn a() -> [u8; 2] {\n  let s = \"}\";\n  [0; 2]\n}\n\n// size: a table\n#[inline]\nfn b(f: fn(u8)) {\n}\ntrait T { fn c(); }\n";
    let function = |name: &str, line, lines, excused| Function { name: name.into(), line, lines, excused };
    assert_eq!(Source::new("x.rs", text).functions(), [function("a", 1, 4, false), function("b", 8, 2, true)]);
}

#[test]
fn tests_count_neither_as_lines_nor_as_functions() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
    let source = Source::new("store/mod.rs", text);
    assert_eq!((source.lines, source.functions().len(), source.excused), (1, 1, false));
    assert!(Source::new("x.rs", "//! Doc.\n\n// size: one table\nfn a() {}").excused);
    assert!(!Source::new("x.rs", "//! Doc.\n// size:\nfn a() {}").excused);
}

#[test]
fn relative_paths_are_resolved() {
    let source = Source::new("engine/core/rules.rs", "use super::super::view; use self::x::y; use super::{a, b::c};");
    let named: Vec<String> = source.named().iter().map(Named::text).collect();
    let expected = [
        "crate::engine::view",
        "crate::engine::core::rules::x::y",
        "crate::engine::core::a",
        "crate::engine::core::b::c",
    ];
    assert_eq!(named, expected);
}
