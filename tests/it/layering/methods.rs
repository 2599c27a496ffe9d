//! How much one type can be asked: a type with too many public methods is several ideas.

use super::mask::{closing, is_word};
use super::source::Source;
use std::collections::BTreeMap;

/// The most public methods of one type.
const MOST: usize = 40;

/// Types that have more, how many at most, and why.
const LARGER: &[(&str, &str, usize, &str)] = &[
    ("store", "Queries", 110, "one method for each question to the database, in a file for each table"),
    ("store", "Tx", 87, "one method for each change of the database, in a file for each table"),
];

/// Types with too many public methods, one line each. Types of one name in one top-level module count as one.
pub fn crowded(sources: &[Source]) -> Vec<String> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for source in sources {
        let folder = source.module.first().cloned().unwrap_or_default();
        for (name, methods) in inherent_blocks(&source.code) {
            *counts.entry((folder.clone(), name)).or_default() += methods;
        }
    }
    let mut found = Vec::new();
    for ((folder, name), methods) in counts {
        let larger = LARGER.iter().find(|(at, ty, ..)| *at == folder && *ty == name).map(|(_, _, most, _)| *most);
        let allowed = larger.unwrap_or(MOST);
        if methods > allowed {
            found.push(format!("{folder}: {name} has {methods} public methods, {allowed} are allowed"));
        } else if larger.is_some() && methods <= MOST {
            found.push(format!("{folder}: {name} has {methods} public methods: take it out of LARGER"));
        }
    }
    found
}

/// The `impl` blocks of blanked code that implement no trait: the name of the type, and how many public methods it gets.
fn inherent_blocks(code: &[char]) -> Vec<(String, usize)> {
    let word: Vec<char> = "impl".chars().collect();
    let begins_line = |at: usize| at == 0 || code[at - 1] == '\n';
    let starts = (0..code.len()).filter(|at| begins_line(*at) && code[*at..].starts_with(&word));
    starts
        .filter_map(|at| {
            let open = at + code[at..].iter().position(|c| *c == '{')?;
            let head: String = code[at + word.len()..open].iter().collect();
            let head = without_generics(&head);
            if head.contains(" for ") {
                return None;
            }
            let name: String = head.split_whitespace().next()?.rsplit("::").next()?.to_owned();
            let body: String = code[open..closing(code, open)].iter().collect();
            Some((name, public_methods(&body)))
        })
        .collect()
}

/// The same text without what stands in angle brackets.
fn without_generics(head: &str) -> String {
    let mut depth = 0usize;
    let mut before = ' ';
    let mut kept = String::new();
    for c in head.chars() {
        match c {
            '<' => depth += 1,
            // The end of an arrow closes nothing.
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
        before = c;
    }
    kept
}

/// How many functions with `pub`, and nothing behind it in brackets, a block has.
fn public_methods(body: &str) -> usize {
    let words: Vec<&str> =
        body.split(|c: char| !is_word(c) && c != '(' && c != ')').filter(|w| !w.is_empty()).collect();
    let is_public = |at: usize| {
        let rest = words[at + 1..].iter().skip_while(|word| ["const", "async", "unsafe"].contains(*word));
        words[at] == "pub" && rest.clone().next() == Some(&"fn")
    };
    (0..words.len()).filter(|at| is_public(*at)).count()
}

#[cfg(test)]
fn crowded_in(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    crowded(&sources)
}

#[test]
fn public_methods_of_a_type_are_counted_over_its_blocks_and_files() {
    let block = |head: &str, count: usize| {
        let methods = "    pub fn m(&self) {}\n".repeat(count);
        format!("{head} {{\n{methods}}}\n")
    };
    let (first, second) = (block("impl Desk", 30), block("impl<'a, F: Fn() -> u8> Desk<'a, F>", 10));
    assert_eq!(crowded_in(&[("engine/a.rs", &first), ("engine/b.rs", &second)]), Vec::<String>::new());
    let more = format!("{second}impl Desk {{\n    pub const fn last() {{}}\n}}\n");
    let expected = ["engine: Desk has 41 public methods, 40 are allowed"];
    assert_eq!(crowded_in(&[("engine/a.rs", &first), ("engine/b.rs", &more)]), expected);
    assert_eq!(crowded_in(&[("engine/a.rs", &first), ("tui/b.rs", &more)]), Vec::<String>::new(), "another type");
}

#[test]
fn traits_and_methods_that_are_not_public_do_not_count() {
    let methods = "    pub(super) fn m() {}\n    fn p() {}\n".repeat(50);
    let texts = "    // pub fn c()\n".repeat(50);
    let text = format!("impl Desk {{\n{methods}{texts}}}\nimpl Clone for Desk {{\n{methods}}}\n");
    assert_eq!(crowded_in(&[("engine/a.rs", &text)]), Vec::<String>::new());
}
