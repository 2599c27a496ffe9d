//! Keys of the JSON document that a script reads on standard input: `data = json.load(sys.stdin)` and then `data["text"]`,
//! `data.get("top", 10)`; `const { text, top = 10 } = JSON.parse(…)` and `data.text`.
//!
//! Nothing declares these inputs: the code takes them. A key is required only where Python fails without it on every way
//! through the code; a key has a type only where a default shows it. Other keys may be passed all the same.

use super::python::{blocks, definitions, of_value};
use super::scanner::{arguments, calls, inside, is_word, signs, split, split_once};
use super::{Declared, DeclaredInput, ScriptText, literal};
use crate::domain::source::Language;
use crate::domain::{InputMode, READ_FROM_CODE};
use serde_json::{Value, json};
use std::ops::Range;

/// Functions that the document is followed into.
const MAX_DEPTH: usize = 3;

/// Keys that are offered.
const MAX_KEYS: usize = 40;

/// Longest key.
const KEY_BYTES: usize = 60;

/// How code names its standard input.
const STDIN: &[&str] = &["stdin", "readFileSync(0"];

/// Methods of lists: the document is none of objects.
const OF_LISTS: &[&str] = &[
    "append", "every", "extend", "filter", "find", "flatMap", "forEach", "join", "length", "map", "push", "reduce",
    "slice", "some", "sort",
];

/// Reads a script that takes keys out of such a document.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let language = script.language.filter(|language| *language != Language::Bash)?;
    let has = |marks: &[&str]| marks.iter().any(|mark| script.text.contains(mark));
    let parsers: &[&str] = if language == Language::Python { &["json.load", "json.loads"] } else { &["JSON.parse"] };
    if !has(STDIN) || !has(parsers) {
        return None;
    }
    let mut reader = Reader::new(script.text, language);
    let found: Vec<(usize, &str)> = parsers.iter().flat_map(|name| calls(script.text, name, language)).collect();
    for (at, inner) in found {
        let from = arguments(inner, language).first().map_or("", |argument| argument.value);
        if reader.is_code(at) && reader.is_stdin(from) {
            reader.take(at, reader.offset(inner) + inner.len() + 1)?;
        }
    }
    let inputs = reader.inputs;
    let mut schema = super::schema(&inputs);
    schema["$comment"] = json!(READ_FROM_CODE);
    (!inputs.is_empty()).then(|| Declared {
        inputs,
        schema: Some(schema),
        input: Some(InputMode::StdinJson),
        ..Declared::default()
    })
}

struct Reader<'t> {
    text: &'t str,
    language: Language,
    /// The text with blanks in place of strings and comments.
    code: Vec<u8>,
    inputs: Vec<DeclaredInput>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, language: Language) -> Reader<'t> {
        let mut code: Vec<u8> = text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
        signs(text, language).for_each(|sign| code[sign.at] = sign.byte);
        Reader { text, language, code, inputs: Vec::new() }
    }

    fn is_python(&self) -> bool {
        self.language == Language::Python
    }

    fn is_code(&self, at: usize) -> bool {
        self.code.get(at).is_some_and(|byte| *byte != b' ')
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// The rest of the line from here.
    fn rest_of_line(&self, at: usize) -> &'t str {
        self.text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    /// Whether what is parsed was read on standard input: it says so, or a name that was given such a value.
    fn is_stdin(&self, value: &str) -> bool {
        let says = |text: &str| STDIN.iter().any(|mark| text.contains(mark));
        if says(value) {
            return true;
        }
        let name = first_word(value.trim_start_matches("await ").trim_start_matches('('));
        if name.is_empty() {
            return false;
        }
        let is_collected = self.text.contains(&format!("{name} += ")) || self.text.contains(&format!("{name}.push("));
        let mut given = self.text.lines().filter_map(|line| {
            let line = line.trim_start();
            let line = ["const ", "let ", "var "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
            line.strip_prefix(name)?.trim_start().strip_prefix('=')
        });
        is_collected && says(self.text)
            || given.any(|value| {
                let maker = first_word(value.trim().trim_start_matches("await "));
                says(value) || self.body_of(maker).is_some_and(|(body, _)| says(&self.text[body]))
            })
    }

    /// Follows the document that a call at this place gives, whose brackets end at `end`. `None` where it is no object.
    fn take(&mut self, at: usize, end: usize) -> Option<()> {
        let begin = self.line_start(at);
        let before = self.text[begin..at].trim_end().trim_end_matches("await").trim_end();
        let rest = self.rest_of_line(end);
        // Another document stands in for none: `json.loads(text or "{}")`, `json.load(f) if … else {}`.
        let line = self.rest_of_line(at);
        let is_certain = self.is_python() && ![" or ", " if ", " else "].iter().any(|word| line.contains(word));
        if rest.starts_with('[') {
            let is_certain = is_certain && self.is_always_reached(at, &self.scope(at));
            return self.indexed(end, is_certain);
        }
        if let Some(member) = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')) {
            return self.member(self.offset(member));
        }
        if let Some(target) = before.strip_suffix('=') {
            let target = target.trim();
            let target = ["const ", "let ", "var "].iter().find_map(|word| target.strip_prefix(word)).unwrap_or(target);
            if !self.is_python() && target.ends_with('}') {
                let open = self.text[..begin + before.len()].rfind('{')?;
                self.destructured(inside(&self.text[open..], 0, self.language)?);
                return Some(());
            }
            let name = target.split(':').next().unwrap_or_default().trim();
            let scope = self.scope(at);
            return if is_word(name) { self.follow(name, scope, is_certain, 0) } else { Some(()) };
        }
        if before.ends_with("return") {
            let maker = self.function_around(at)?;
            let uses: Vec<(usize, &str)> = calls(self.text, maker, self.language).collect();
            for (at, inner) in uses {
                let is_own = self.function_around(at) == Some(maker);
                if self.is_code(at) && !self.defines(at) && !is_own {
                    self.take(at, self.offset(inner) + inner.len() + 1)?;
                }
            }
            return Some(());
        }
        self.passed_on(begin + before.len(), is_certain, 0)
    }

    /// Whether the name at this place is the one of a definition.
    fn defines(&self, at: usize) -> bool {
        let before = self.text[self.line_start(at)..at].trim_end();
        before.ends_with("def") || before.ends_with("function")
    }

    /// The keys that a pattern takes: `text, top = 10, name: other`.
    fn destructured(&mut self, fields: &str) {
        for field in split(fields, b',', self.language) {
            let (target, default) = split_once(field, b'=', self.language).unwrap_or((field, ""));
            let name = target.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            if !name.starts_with("...") {
                self.add(name, literal::value(default, self.language), false);
            }
        }
    }

    /// Follows the document into a function that it is the first argument of; `end` is where the text before the argument
    /// ends.
    fn passed_on(&mut self, end: usize, is_certain: bool, depth: usize) -> Option<()> {
        let Some(before) = self.text[..end].strip_suffix('(').filter(|_| depth < MAX_DEPTH) else { return Some(()) };
        let called = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        let Some((body, parameters)) = self.body_of(called) else { return Some(()) };
        let parameters = split(parameters, b',', self.language);
        let first = parameters.iter().find(|name| !matches!(**name, "self" | "cls")).copied().unwrap_or_default();
        if !self.is_python() && first.starts_with('{') {
            self.destructured(inside(first, 0, self.language)?);
            return Some(());
        }
        let name = first.split([':', '=']).next().unwrap_or_default().trim();
        if is_word(name) { self.follow(name, body, is_certain, depth + 1) } else { Some(()) }
    }

    /// The body of a function of this name, and its parameters.
    fn body_of(&self, name: &'t str) -> Option<(Range<usize>, &'t str)> {
        if !is_word(name) {
            return None;
        }
        let text = self.text;
        if self.is_python() {
            let all = blocks(text);
            let top = definitions(&all);
            let methods: Vec<_> =
                top.iter().filter(|one| one.is_class).flat_map(super::python::Definition::methods).collect();
            let found = top.into_iter().chain(methods).find(|one| !one.is_class && one.name == name)?;
            return Some((self.offset(found.body)..self.offset(found.body) + found.body.len(), found.brackets));
        }
        let (_, parameters) = calls(text, name, self.language).find(|(at, _)| self.defines(*at))?;
        let after = self.offset(parameters) + parameters.len() + 1;
        let open = after + text[after..].find('{')?;
        let body = inside(&text[open..], 0, self.language)?;
        Some((self.offset(body)..self.offset(body) + body.len(), parameters))
    }

    /// The name of the function that a place is in.
    fn function_around(&self, at: usize) -> Option<&'t str> {
        let head = if self.is_python() { "def " } else { "function " };
        let heads = self.text[..at].match_indices(head).map(|(at, _)| first_word(&self.text[at + head.len()..]));
        let names: Vec<&'t str> = heads.filter(|name| !name.is_empty()).collect();
        names.into_iter().rev().find(|name| self.body_of(name).is_some_and(|(body, _)| body.contains(&at)))
    }

    /// Where a name that is given a value at this place has it.
    fn scope(&self, at: usize) -> Range<usize> {
        if self.is_python() {
            let around = self.function_around(at).and_then(|name| self.body_of(name));
            return around.map_or(0..self.text.len(), |(body, _)| body);
        }
        let mut depth = 0_usize;
        let end = self.code[at..].iter().position(|byte| match byte {
            b'{' => {
                depth += 1;
                false
            }
            b'}' if depth == 0 => true,
            b'}' => {
                depth -= 1;
                false
            }
            _ => false,
        });
        at..end.map_or(self.text.len(), |end| at + end)
    }

    /// Adds the keys that are taken out of a document of this name. `None` where it is no object.
    fn follow(&mut self, name: &str, scope: Range<usize>, is_certain: bool, depth: usize) -> Option<()> {
        let text = self.text;
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let places: Vec<usize> = text[scope.clone()].match_indices(name).map(|(at, _)| scope.start + at).collect();
        for at in places {
            let end = at + name.len();
            let before = &text[..at];
            // In a text with values: `f"{data['text']}"`, `${data.text}`.
            let is_in_text = !self.is_code(at) && before.ends_with('{');
            let is_name = !before.ends_with(|c: char| is_part(c) || c == '.') && !text[end..].starts_with(is_part);
            if is_name && (self.is_code(at) || is_in_text) {
                self.take_use(at..end, is_certain && self.is_always_reached(at, &scope), depth)?;
            }
        }
        Some(())
    }

    /// One use of the document.
    fn take_use(&mut self, place: Range<usize>, is_certain: bool, depth: usize) -> Option<()> {
        let text = self.text;
        let (before, after) = (text[..place.start].trim_end(), &text[place.end..]);
        let line = text[self.line_start(place.start)..place.start].trim_end();
        let is_looped = line.ends_with(" of") || line.ends_with(" in") && line.contains("for ");
        if is_looped && !after.starts_with(['[', '.', '?']) {
            return None;
        }
        if let Some(key) =
            line.strip_suffix(" in").filter(|_| !is_looped).map(|line| line.strip_suffix(" not").unwrap_or(line))
        {
            let quote = key.chars().next_back().filter(|c| matches!(c, '"' | '\''));
            let name = quote.and_then(|quote| key[..key.len() - 1].rsplit_once(quote)).map(|(_, name)| name);
            if let Some(name) = name {
                self.add(name, None, false);
            }
            return Some(());
        }
        let is_of_list = before.ends_with("isinstance(") && after.trim_start_matches([',', ' ']).starts_with("list");
        if is_of_list || before.ends_with("Array.isArray(") {
            return None;
        }
        if after.starts_with('[') {
            return self.indexed(place.end, is_certain);
        }
        if let Some(member) = after.strip_prefix("?.").or_else(|| after.strip_prefix('.')) {
            return self.member(text.len() - member.len());
        }
        let pattern = before.strip_suffix('=').map(str::trim_end).filter(|target| target.ends_with('}'));
        if let Some(open) = pattern.filter(|_| !self.is_python()).and_then(|target| target.rfind('{')) {
            self.destructured(inside(&text[open..], 0, self.language)?);
            return Some(());
        }
        self.passed_on(before.len(), is_certain, depth)
    }

    /// `["key"]`.
    fn indexed(&mut self, open: usize, is_certain: bool) -> Option<()> {
        let Some(index) = inside(&self.text[open..], 0, self.language) else { return Some(()) };
        let after = self.text[open + index.len() + 2..].trim_start();
        let is_written = after.starts_with('=') && !after.starts_with("==");
        match literal::value(index, self.language) {
            Some(Value::String(name)) if !is_written => self.add(&name, None, is_certain),
            Some(Value::Number(_)) => return None,
            None if index.contains(':') => return None,
            _ => {}
        }
        Some(())
    }

    /// `.get("key", default)`, or `.key` in JavaScript.
    fn member(&mut self, at: usize) -> Option<()> {
        let name = first_word(&self.text[at..]);
        let after = &self.text[at + name.len()..];
        if OF_LISTS.contains(&name) {
            return None;
        }
        if after.starts_with('(') {
            let takes = self.is_python() && matches!(name, "get" | "pop" | "setdefault");
            let given = inside(after, 0, self.language).filter(|_| takes).map(|inner| arguments(inner, self.language));
            let given = given.unwrap_or_default();
            if let Some(Value::String(key)) = given.first().and_then(|key| literal::value(key.value, self.language)) {
                self.add(&key, given.get(1).and_then(|default| literal::value(default.value, self.language)), false);
            }
            return Some(());
        }
        let after = after.trim_start();
        let is_written = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
        if !self.is_python() && !is_written {
            let other = after.strip_prefix("??").or_else(|| after.strip_prefix("||")).unwrap_or_default();
            let end = other.find([';', ',', ')', '\n', '}', '?']).unwrap_or(other.len());
            self.add(name, literal::value(&other[..end], self.language), false);
        }
        Some(())
    }

    /// Whether the code at this place runs whenever the code of its scope does.
    fn is_always_reached(&self, at: usize, scope: &Range<usize>) -> bool {
        let begin = self.line_start(at);
        let line = self.rest_of_line(begin).trim_start();
        let is_part = [" if ", " else ", " or ", " and ", "lambda"].iter().any(|word| line.contains(word));
        if is_part || ["elif ", "except"].iter().any(|word| line.starts_with(word)) {
            return false;
        }
        let conditions = ["if ", "elif ", "else", "for ", "while ", "except", "finally", "match ", "case "];
        let is_under_condition = self.heads(begin, scope.start).into_iter().any(|head| {
            let words = head.trim_start();
            let is_condition = conditions.iter().any(|word| words.starts_with(word));
            is_condition && !words.starts_with("if __name__")
                || words.starts_with("try") && !self.all_handlers_end(head)
        });
        !is_under_condition && !self.ends_before(begin, scope.start)
    }

    /// Whether a function may end between the two places. A document that is no JSON ends it in a handler of errors.
    fn ends_before(&self, begin: usize, from: usize) -> bool {
        let lines = self.text.get(from..begin).unwrap_or_default().lines();
        let ends =
            lines.filter(|line| ["return", "sys.exit", "exit("].iter().any(|word| line.trim_start().starts_with(word)));
        ends.into_iter().any(|line| {
            let heads = self.heads(self.offset(line), from);
            !heads.iter().any(|head| {
                ["def ", "async def ", "class ", "except"].iter().any(|word| head.trim_start().starts_with(word))
            })
        })
    }

    fn offset(&self, part: &str) -> usize {
        part.as_ptr() as usize - self.text.as_ptr() as usize
    }

    /// The lines that the line beginning at this place is indented below, the nearest first, back to `from`.
    fn heads(&self, begin: usize, from: usize) -> Vec<&'t str> {
        let mut outer = indent(self.rest_of_line(begin));
        let before = self.text.get(from..begin).unwrap_or_default();
        let mut heads = Vec::new();
        for line in before.lines().rev().filter(|line| !line.trim().is_empty()) {
            if indent(line) < outer {
                outer = indent(line);
                heads.push(line);
            }
        }
        heads
    }

    /// Whether each handler of the `try` in this line ends the program or the function.
    fn all_handlers_end(&self, line: &str) -> bool {
        let (mut is_handler, mut ends) = (false, true);
        for next in self.text[self.offset(line) + line.len()..].lines().filter(|next| !next.trim().is_empty()) {
            let words = next.trim_start();
            if indent(next) > indent(line) {
                let is_end =
                    ["return", "raise", "sys.exit", "exit(", "fail("].iter().any(|word| words.starts_with(word));
                ends |= is_handler && is_end;
            } else if !ends || !words.starts_with("except") {
                return ends;
            } else {
                (is_handler, ends) = (true, false);
            }
        }
        ends
    }

    fn add(&mut self, name: &str, default: Option<Value>, is_required: bool) {
        let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | ' ' | '.');
        if name.is_empty() || name.len() > KEY_BYTES || !name.chars().all(is_key) {
            return;
        }
        let default = default.filter(|value| !value.is_null());
        if let Some(known) = self.inputs.iter_mut().find(|input| input.name == name) {
            known.required &= is_required;
            if let Some(default) = default.filter(|_| known.schema.is_empty()) {
                known.schema = with_default(default);
            }
        } else if self.inputs.len() < MAX_KEYS {
            let schema = default.map(with_default).unwrap_or_default();
            self.inputs.push(DeclaredInput { name: name.to_owned(), schema, required: is_required, rule: None });
        }
    }
}

/// The schema of a value that has this default. A text may stand for any value that is made a text.
fn with_default(default: Value) -> serde_json::Map<String, Value> {
    let mut schema = match &default {
        Value::String(_) => serde_json::Map::new(),
        Value::Number(_) => serde_json::Map::from_iter([("type".to_owned(), json!("number"))]),
        other => of_value(other),
    };
    schema.insert("default".to_owned(), default);
    schema
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each input: `name!` where it is required, and its schema.
    fn shown(path: &str, text: &str) -> Option<Vec<String>> {
        let declared = read(&ScriptText::new(path, text, Language::of(path, text)))?;
        let line = |input: &DeclaredInput| {
            format!("{}{} {}", input.name, if input.required { "!" } else { "" }, json!(input.schema))
        };
        Some(declared.inputs.iter().map(line).collect())
    }

    #[test]
    fn keys_of_python_are_required_where_it_fails_without_them() {
        let text = "import json, sys\n\ndef main():\n    try:\n        data = json.load(sys.stdin)\n        values = [float(v) \
                    for v in data[\"values\"]]\n    except (ValueError, KeyError) as error:\n        print(error, \
                    file=sys.stderr)\n        return 2\n    p = float(data.get('percentile', 90))\n    if data['mode'] == \
                    'x':\n        print(data['extra'])\n    data['made'] = 1\n\nmain()\n";
        let wanted = ["values! {}", "percentile {\"type\":\"number\",\"default\":90}", "mode! {}", "extra {}"];
        assert_eq!(shown("a.py", text).unwrap(), wanted);
    }

    #[test]
    fn a_key_that_is_asked_for_or_read_after_an_early_end_is_not_required() {
        let text = "import json, sys\nraw = sys.stdin.read()\npayload = json.loads(raw)\nif 'a' in payload:\n    \
                    print(payload['a'])\n\ndef run(p):\n    if not p.get('b'):\n        return None\n    return \
                    p['c']\n\nrun(payload)\nprint(f\"{payload['d']} {payload.get('e', False)}\")\n";
        let wanted = ["a {}", "b {}", "c {}", "d! {}", "e {\"type\":\"boolean\",\"default\":false}"];
        assert_eq!(shown("a.py", text).unwrap(), wanted);
    }

    #[test]
    fn a_document_is_followed_through_functions_and_may_be_absent() {
        let text = "import json, sys\n\ndef read_input():\n    return json.load(sys.stdin)\n\nclass Tool:\n    def run(self, \
                    given):\n        return given['path']\n\nif __name__ == '__main__':\n    given = read_input()\n    \
                    Tool().run(given)\n";
        assert_eq!(shown("a.py", text).unwrap(), ["path! {}"]);
        let text =
            "import json, sys\nraw = sys.stdin.read()\ndata = json.loads(raw) if raw else {}\nprint(data['x'])\n";
        assert_eq!(shown("a.py", text).unwrap(), ["x {}"]);
        let text = "import json, sys\nitems = json.load(sys.stdin)[\"items\"]\nprint(items[0])\n";
        assert_eq!(shown("a.py", text).unwrap(), ["items! {}"]);
    }

    #[test]
    fn keys_of_javascript_are_members_and_patterns() {
        let text = "const data = JSON.parse(require('fs').readFileSync(0, 'utf8'));\nconst { items, scale = 2 } = \
                    JSON.parse(require('fs').readFileSync('/dev/stdin', 'utf8'));\nconsole.log(`${data.title}`, data.label || 'x', \
                    data.n ?? 3);\ndata.made = 1;\nconst { unit = 'cm', mode } = data;\n";
        let wanted = [
            "title {}",
            "label {\"default\":\"x\"}",
            "n {\"type\":\"number\",\"default\":3}",
            "unit {\"default\":\"cm\"}",
            "mode {}",
            "items {}",
            "scale {\"type\":\"number\",\"default\":2}",
        ];
        assert_eq!(shown("a.js", text).unwrap(), wanted);
        let text = "let input = '';\nprocess.stdin.on('data', c => input += c);\nprocess.stdin.on('end', () => {\n  const \
                    args = JSON.parse(input);\n  run(args);\n});\nfunction run({ text, top = 5 }) {\n  console.log(text, \
                    top);\n}\n";
        assert_eq!(shown("a.js", text).unwrap(), ["text {}", "top {\"type\":\"number\",\"default\":5}"]);
    }

    #[test]
    fn a_list_and_a_document_from_elsewhere_declare_nothing() {
        for (path, text) in [
            ("a.py", "import json, sys\nfor row in json.load(sys.stdin):\n    print(row['a'])\n"),
            ("a.py", "import json, sys\nrows = json.load(sys.stdin)\nprint(rows[0]['a'])\n"),
            ("a.py", "import json, sys\nrows = json.load(sys.stdin)\nfor row in rows:\n    print(row['a'])\n"),
            ("a.py", "import json, sys\nconfig = json.load(open('c.json'))\nprint(config['a'], sys.stdin.read())\n"),
            ("a.js", "const rows = JSON.parse(require('fs').readFileSync(0));\nrows.map(r => r.a)\n"),
            ("a.js", "const config = JSON.parse(text);\nprocess.stdin.resume();\nconfig.a\n"),
            ("a.py", "print('json.load(sys.stdin)')\n"),
        ] {
            assert_eq!(shown(path, text), None, "{text}");
        }
    }
}
