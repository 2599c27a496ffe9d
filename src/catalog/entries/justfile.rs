//! Justfiles: one tool for each recipe that is not private, with its parameters.

use super::{Entry, RecipeNeeds, is_private, words, words_of};
use crate::catalog::document;
use crate::catalog::scripts::DeclaredInput;
use crate::domain::{ArgRule, Problem, VersionFile};
use serde_json::{Map, Value, json};

pub(super) fn is_one(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "justfile" || lower == ".justfile" || lower.strip_suffix(".just").is_some_and(|stem| !stem.is_empty())
}

/// Reads the recipes of a justfile.
///
/// # Errors
/// A [`Problem`] for what is not UTF-8.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let mut reader = Reader::default();
    let mut text = document::text(&file.path, &file.bytes)?.lines().enumerate();
    while let Some((number, line)) = text.next() {
        let mut line = line.to_owned();
        while !line.starts_with([' ', '\t']) && line.ends_with('\\') {
            line.pop();
            let Some((_, more)) = text.next() else { break };
            line.push_str(more.trim_start());
        }
        reader.line(number as u64 + 1, &line);
    }
    let Reader { mut entries, recipes, included, .. } = reader;
    let is_module = file.path.to_ascii_lowercase().rsplit_once('.').is_some_and(|(_, end)| end == "just");
    for (entry, recipe) in entries.iter_mut().zip(&recipes) {
        entry.needs = RecipeNeeds::of(recipe, &|_| None);
        // If one of them is missing, just rejects the file.
        entry.needs.files.extend(included.iter().cloned());
        // A module is a part of a project: just finds what such a recipe calls in the file of the project.
        if is_module && entry.needs.programs.iter().any(|program| program == "just") {
            entry.needs.files.push("justfile".to_owned());
        }
    }
    Ok(entries)
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    comments: Vec<String>,
    attributes: Vec<String>,
    /// The mark that ends a text of several lines.
    text_end: Option<&'static str>,
    /// Whether the next command is the first of the newest entry.
    is_open: bool,
    /// The commands of each entry, a line each.
    recipes: Vec<String>,
    /// Whether the next line belongs to the newest of them.
    is_inside: bool,
    /// Other files that it imports, or that are modules of it.
    included: Vec<String>,
}

impl Reader {
    fn line(&mut self, number: u64, line: &str) {
        if let Some(end) = self.text_end {
            if line.contains(end) {
                self.text_end = None;
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some(recipe) = self.recipes.last_mut().filter(|_| self.is_inside) {
                // The result of a template in a line is unknown.
                let is_plain = !line.contains("{{");
                recipe.push_str(if is_plain { line.trim() } else { "" });
                recipe.push('\n');
            }
            let command = line.trim().trim_start_matches(['@', '-']);
            if self.is_open
                && let Some(entry) = self.entries.last_mut()
                && !command.is_empty()
                && !command.starts_with('#')
            {
                command.clone_into(&mut entry.runs);
                self.is_open = false;
            }
        } else if line.trim().is_empty() {
            self.comments.clear();
        } else if let Some(comment) = line.strip_prefix('#') {
            if !comment.starts_with('!') {
                self.comments.push(comment.to_owned());
            }
        } else if line.starts_with('[') {
            self.attributes.push(line.trim().trim_matches(['[', ']']).to_owned());
        } else {
            (self.is_open, self.is_inside) = (false, false);
            if let Some((name, parameters, needs)) = header(line) {
                self.recipe(number, name, &parameters, needs);
            } else {
                self.included.extend(included(line));
                self.text_end = open_text(line);
            }
            self.comments.clear();
            self.attributes.clear();
        }
    }

    fn recipe(&mut self, number: u64, name: &str, parameters: &[Parameter], needs: &str) {
        let is_private_here = is_private(name) || self.attributes.iter().any(|text| has_item(text, "private"));
        if is_private_here || self.entries.iter().any(|entry| entry.name == name) {
            return;
        }
        let comments: Vec<&str> = self.comments.iter().map(String::as_str).collect();
        let stated =
            self.attributes.iter().find_map(|text| quoted(text.split_once("doc(").or(text.split_once("doc:"))?.1));
        let inputs = parameters.iter().map(|parameter| parameter.input(&self.attributes)).collect();
        // The caller of a run has already decided, and nobody answers just.
        let asks = self.attributes.iter().any(|text| has_item(text, "confirm") || text.starts_with("confirm("));
        let mut command = words(["just", "--justfile", "{file}", "--working-directory", "."]);
        command.extend(asks.then(|| "--yes".to_owned()).into_iter().chain([name.to_owned()]));
        (self.is_open, self.is_inside) = (true, true);
        self.recipes.push(String::new());
        self.entries.push(Entry {
            name: name.to_owned(),
            description: stated.map_or_else(|| words_of(&comments), str::to_owned),
            command,
            inputs,
            runs: needs.to_owned(),
            line: number,
            ..Entry::default()
        });
    }
}

/// A parameter of a recipe as it is written.
#[derive(Debug, PartialEq)]
struct Parameter {
    name: String,
    /// `+` for one or more values, `*` for any number, else empty.
    many: &'static str,
    /// The expression after `=`.
    default: Option<String>,
}

impl Parameter {
    fn of(word: &str) -> Option<Parameter> {
        let (name, default) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let many = match name.trim_start_matches('$').chars().next()? {
            '+' => "+",
            '*' => "*",
            _ => "",
        };
        let name = name.trim_start_matches(['$', '+', '*']);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let default = default.map(|text| text.trim().to_owned());
        (is_name && !name.starts_with('-')).then(|| Parameter { name: name.to_owned(), many, default })
    }

    fn input(&self, attributes: &[String]) -> DeclaredInput {
        let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
        if !self.many.is_empty() {
            schema = Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), Value::Object(schema))]);
        } else if let Some(default) = self.default.as_deref().and_then(literal) {
            schema.insert("default".to_owned(), json!(default));
        }
        // `[arg("name", long="option", help="words")]`
        let about = attributes.iter().filter_map(|text| text.split_once("arg(")).map(|(_, rest)| rest);
        let about = about.clone().find(|rest| quoted(rest) == Some(self.name.as_str())).unwrap_or_default();
        let property = |key: &str| about.split_once(&format!("{key}=")).and_then(|(_, value)| quoted(value));
        if let Some(help) = property("help") {
            schema.insert("description".to_owned(), json!(help));
        }
        if let Some(pattern) = property("pattern") {
            let words: Vec<&str> = pattern.split('|').collect();
            let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            // Just wants the whole value to fit.
            let (key, value) = if words.iter().all(is_word) {
                ("enum", json!(words))
            } else {
                ("pattern", json!(format!("^({pattern})$")))
            };
            match schema.get_mut("items").and_then(Value::as_object_mut) {
                Some(one) => one.insert(key.to_owned(), value),
                None => schema.insert(key.to_owned(), value),
            };
        }
        let long = property("long").or_else(|| has_item(about, "long").then_some(self.name.as_str()));
        let rule = match long {
            Some(long) => ArgRule::option(&format!("--{long}"), &self.name),
            None => ArgRule::position(&self.name),
        };
        let required = self.default.is_none() && self.many != "*";
        DeclaredInput { name: self.name.clone(), schema, required, rule: Some(rule) }
    }
}

/// Name, parameters and what it needs, of a line that begins a recipe: `@name a b='x' +c: dependencies`.
fn header(line: &str) -> Option<(&str, Vec<Parameter>, &str)> {
    let line = line.strip_prefix('@').unwrap_or(line);
    let end = end_of_header(line)?;
    let words = split(&line[..end]);
    let (name, parameters) = words.split_first()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let parameters = parameters.iter().map(|word| Parameter::of(word)).collect::<Option<Vec<Parameter>>>()?;
    is_name.then(|| (*name, parameters, line[end + 1..].split('#').next().unwrap_or_default().trim()))
}

/// The file that a line names without which just reads nothing: `import 'more.just'`, `mod name`, `mod name 'path'`. With a
/// question mark (`mod? name`) it may be absent.
fn included(line: &str) -> Option<String> {
    if let Some(path) = line.strip_prefix("import ") {
        return quoted(path).map(str::to_owned);
    }
    let module = line.strip_prefix("mod ")?;
    let name = module.split_whitespace().next().filter(|name| !name.starts_with('#'))?;
    Some(quoted(module).map_or_else(|| format!("{name}.just"), str::to_owned))
}

/// The position of the `:` that ends a header, outside texts and brackets; not `:=`. `None` if there is none.
fn end_of_header(line: &str) -> Option<usize> {
    let (mut depth, mut text) = (0_usize, None);
    for (at, c) in line.char_indices() {
        match (text, c) {
            (Some(end), _) => text = (c != end).then_some(end),
            (None, '\'' | '"' | '`') => text = Some(c),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth = depth.saturating_sub(1),
            (None, '#') => return None,
            (None, ':') if depth == 0 => return (!line[at + 1..].starts_with('=')).then_some(at),
            (None, _) => {}
        }
    }
    None
}

/// Words of a header; blanks in texts and brackets, and those around `=`, part none.
fn split(text: &str) -> Vec<&str> {
    let (mut words, mut begin, mut depth, mut quote) = (Vec::new(), None, 0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(end), _) => quote = (c != end).then_some(end),
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => {
                if let Some(begin) = begin.take() {
                    words.push(&text[begin..at]);
                }
                continue;
            }
            (None, _) => {}
        }
        begin.get_or_insert(at);
    }
    words.extend(begin.map(|begin| &text[begin..]));
    words
}

/// The value of an expression that is one plain text.
fn literal(expression: &str) -> Option<&str> {
    let sign = expression.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = expression[1..].strip_suffix(sign)?;
    (!inside.contains([sign, '\\'])).then_some(inside)
}

/// The text between the first quotes.
fn quoted(text: &str) -> Option<&str> {
    let at = text.find(['"', '\''])?;
    let (sign, rest) = text[at..].split_at(1);
    rest.split_once(sign).map(|(inside, _)| inside)
}

/// Whether a word is one of the parts of a list.
fn has_item(text: &str, word: &str) -> bool {
    text.split([',', ')']).any(|part| part.trim() == word)
}

/// The mark of a text that begins in a line and ends in another one.
fn open_text(line: &str) -> Option<&'static str> {
    ["'''", "\"\"\""].into_iter().find(|mark| line.matches(mark).count() % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn entries(text: &str) -> Vec<Entry> {
        read(&VersionFile { path: "justfile".into(), mode: FileMode::Plain, bytes: text.into() }).unwrap()
    }

    #[test]
    fn recipes_are_entries_with_what_their_comments_say() {
        let text = "#!/usr/bin/env just\nset shell := ['sh', '-c']\nalias t := test\nx := '''\nnot: one\n'''\n\n# Run the\n# tests\n\
                    [group('dev')]\ntest: build\n  cargo test\n\n[doc('Build it')]\n@build:\n  # first\n  @cargo build\n\n\
                    [private]\nhelper:\n  x\n_other:\n  x\nimport 'more.just'\nmod sub\n[linux]\nrun:\n  a\n[windows]\nrun:\n  b\nall: run test # both\n";
        let all = entries(text);
        let told: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.description.as_str(), &*one.runs)).collect();
        assert_eq!(
            told,
            [
                ("test", "Run the tests", "cargo test"),
                ("build", "Build it", "cargo build"),
                ("run", "", "a"),
                ("all", "", "run test")
            ]
        );
        assert_eq!(all[0].command, ["just", "--justfile", "{file}", "--working-directory", ".", "test"]);
        assert_eq!(all[0].line, 11);
    }

    #[test]
    fn questions_patterns_and_modules_are_understood() {
        let text = "[confirm('Sure?')]\nwipe:\n  x\n[arg('kind', pattern='hr|ks')]\n[arg('name', pattern='\\d+')]\nsync kind name:\n  just other\n";
        let all = entries(text);
        assert_eq!(all[0].command[5..], ["--yes", "wipe"]);
        assert_eq!(all[1].command[5..], ["sync"]);
        assert_eq!(all[1].inputs[0].schema["enum"], json!(["hr", "ks"]));
        assert_eq!(all[1].inputs[1].schema["pattern"], "^(\\d+)$");
        assert_eq!(all[1].needs.files, Vec::<String>::new());
        let module = VersionFile { path: "mod.just".into(), mode: FileMode::Plain, bytes: text.into() };
        assert_eq!(read(&module).unwrap()[1].needs.files, ["justfile"]);
    }

    #[test]
    fn a_file_with_modules_and_imports_needs_them() {
        let text = "import 'more.just'\nimport? 'own.just'\nmod sub # words\nmod? may\nmod other 'x/y.just'\nmod_x := 'a'\nrun:\n  echo a\n";
        assert_eq!(entries(text)[0].needs.files, ["more.just", "sub.just", "x/y.just"]);
        assert_eq!(entries("run:\n  echo a\n")[0].needs.files, Vec::<String>::new());
    }

    #[test]
    fn parameters_are_inputs() {
        let text = "deploy env $tag='latest' level=(a + ':b') +files: (build 'x')\n  x\n\
                    [arg('out', long, help='Where to')]\npack out *rest='a b':\n  x\nlong a \\\n  b='c':\n  x\n";
        let all = entries(text);
        let rules = |at: usize| {
            let rule = |one: &DeclaredInput| (one.rule.as_ref().unwrap().to_string(), one.required);
            all[at].inputs.iter().map(rule).collect::<Vec<_>>()
        };
        let owned = |list: &[(&str, bool)]| list.iter().map(|(rule, is)| ((*rule).to_owned(), *is)).collect::<Vec<_>>();
        assert_eq!(rules(0), owned(&[("env", true), ("tag", false), ("level", false), ("files", true)]));
        assert_eq!(all[0].inputs[1].schema["default"], "latest");
        assert!(!all[0].inputs[2].schema.contains_key("default"));
        assert_eq!(all[0].inputs[3].schema["type"], "array");
        assert_eq!(rules(1), owned(&[("--out", true), ("rest", false)]));
        assert_eq!(all[1].inputs[0].schema["description"], "Where to");
        assert_eq!(rules(2), owned(&[("a", true), ("b", false)]));
    }
}
