//! JavaScript and TypeScript files that export a function and call none: the function is the tool.
//!
//! Known are `exports.run`, `module.exports`, `export function`, `export const` and `export default`, with the names `run`,
//! `main`, `execute` and `handler`, the name of the file, or as the only one. Words come from the comment above, types from
//! hints, JSDoc, or an interface in the file.

use super::docstring::{self, Docstring};
use super::hint::{self, Hint};
use super::javascript_object;
use super::scanner::{inside, is_word, signs, split, split_once};
use super::{Declared, DeclaredInput, ScriptText, literal};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode};
use serde_json::{Map, Value, json};

const JS: Language = Language::TypeScript;

/// Usual names of a main function.
const ENTRIES: &[&str] = &["run", "main", "execute", "handler", "handle", "invoke", "call"];

/// Reads a file that exports a function.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    let is_javascript = script.language.is_some_and(Language::is_javascript);
    if !is_javascript
        || !text.contains("export")
        || text.contains("require.main")
        || text.contains("import.meta.main")
        || text.contains("process.argv")
        || text.contains("process.stdin")
    {
        return None;
    }
    let mut exported = exports(text);
    // As in Python, a name that begins with `_` is for the file itself.
    if exported.iter().any(|one| !one.name.starts_with('_')) {
        exported.retain(|one| !one.name.starts_with('_'));
    }
    if is_run(text) {
        return None;
    }
    let stem = super::super::draft::stem_of(script.path).replace(['-', '.'], "_");
    let of_stem = |name: &str| name.eq_ignore_ascii_case(&stem) || name.to_ascii_lowercase() == stem.replace('_', "");
    let by_name = |name: &str| exported.iter().find(|one| one.name == name);
    let entry = ENTRIES.iter().find_map(|name| by_name(name)).or_else(|| exported.iter().find(|one| of_stem(one.name)));
    let entry =
        entry.or_else(|| by_name("default")).or_else(|| if let [only] = &exported[..] { Some(only) } else { None });
    match entry {
        Some(entry) => Some(entry.declared(text)),
        None if exported.is_empty() => None,
        None => {
            let hint = "it exports functions but calls none; name one of them run, or call it at the end of the script";
            Some(super::only_defines(exported.iter().map(|one| one.name), hint))
        }
    }
}

/// An exported function.
#[derive(Debug)]
struct Export<'t> {
    /// The name by which a caller gets it.
    name: &'t str,
    parameters: &'t str,
    /// The start of its statement.
    at: usize,
}

/// The exported functions of a file.
fn exports(text: &str) -> Vec<Export<'_>> {
    let mut found: Vec<Export<'_>> = Vec::new();
    for (at, line) in statements(text) {
        let Some((name, rest)) = exported_name(line) else { continue };
        let parameters = function_parameters(rest).or_else(|| {
            // `module.exports = { run }` and `export default run` name a function of the file.
            let named = rest.trim_end_matches(';').trim();
            local_function(text, if is_word(named) { named } else { name })
        });
        if let Some((parameters, begin)) = parameters.map(|found| (found, at)) {
            found.push(Export { name, parameters, at: begin });
        }
    }
    // `module.exports = { run, other: function () {} }` and `export { run }`.
    for (at, line) in statements(text) {
        let rest = ["module.exports =", "module.exports=", "export {"].iter().find_map(|mark| line.strip_prefix(mark));
        let Some(rest) = rest else { continue };
        let open = line.len() - rest.len() - usize::from(line.starts_with("export"));
        let Some(open) = line[open..].find('{').map(|offset| open + offset) else { continue };
        for part in split(inside(line, open, JS).unwrap_or_default(), b',', JS) {
            let name = part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).next().unwrap_or_default();
            let inline = part[name.len()..].trim_start_matches([':', ' ']);
            let parameters = function_parameters(inline).or_else(|| local_function(text, name));
            if let Some(parameters) =
                parameters.filter(|_| !name.is_empty() && !found.iter().any(|one| one.name == name))
            {
                let at = local_place(text, name).unwrap_or(at);
                found.push(Export { name, parameters, at });
            }
        }
    }
    found
}

/// The statements at the top of a file: where each begins, and the text from there on.
pub(super) fn statements(text: &str) -> Vec<(usize, &str)> {
    let (mut starts, mut is_start) = (Vec::new(), true);
    for sign in signs(text, JS).filter(|sign| sign.depth == 0) {
        match sign.byte {
            b'\n' | b';' => is_start = true,
            byte if byte.is_ascii_whitespace() => {}
            _ if is_start => {
                is_start = false;
                starts.push((sign.at, &text[sign.at..]));
            }
            _ => {}
        }
    }
    starts
}

/// The name that a statement exports, and its right side.
pub(super) fn exported_name(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("exports.").or_else(|| line.strip_prefix("module.exports.")) {
        let (name, value) = split_once(rest.get(..rest.len().min(4_000)).unwrap_or(rest), b'=', JS)?;
        return Some((name, value)).filter(|_| is_word(name));
    }
    if let Some(rest) = line.strip_prefix("module.exports") {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        return (!rest.starts_with('{')).then_some(("default", rest));
    }
    let rest = line.strip_prefix("export ")?.trim_start();
    if let Some(rest) = rest.strip_prefix("default ") {
        return Some(("default", rest.trim_start()));
    }
    let plain = rest.strip_prefix("async ").map_or(rest, str::trim_start);
    if let Some(function) = plain.strip_prefix("function") {
        let name = function.trim_start_matches(['*', ' ']);
        let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))?;
        return Some((&name[..end], rest)).filter(|(name, _)| !name.is_empty());
    }
    let rest = ["const ", "let ", "var "].iter().find_map(|word| rest.strip_prefix(word))?;
    let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).next()?;
    let value = rest[name.len()..].trim_start();
    let value = if value.starts_with(':') {
        split_once(value.get(..2_000).unwrap_or(value), b'=', JS)?.1
    } else {
        value.strip_prefix('=')?
    };
    Some((name, value.trim_start()))
}

/// The parameters of a function that begins here: `function x(…)`, `async (…) =>`, `x =>`.
pub(super) fn function_parameters(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let rest = text.strip_prefix("async").map_or(text, str::trim_start);
    if rest.starts_with("function") {
        let open = rest.find('(')?;
        return inside(rest, open, JS);
    }
    if rest.starts_with('(') {
        let parameters = inside(rest, 0, JS)?;
        let after = rest[parameters.len() + 2..].trim_start();
        // A return type may be between the brackets and the arrow.
        let is_arrow = after.starts_with("=>")
            || after.starts_with(':') && after.get(..after.len().min(300)).is_some_and(|after| after.contains("=>"));
        return is_arrow.then_some(parameters);
    }
    let (name, after) = rest.split_once("=>")?;
    let _ = after;
    let name = name.trim();
    is_word(name).then_some(name)
}

/// The position of the top-level function with this name.
fn local_place(text: &str, name: &str) -> Option<usize> {
    let is_it = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let heads = ["function ", "function* ", "const ", "let ", "var "];
        heads
            .iter()
            .find_map(|head| line.strip_prefix(head))
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with([' ', '(', '=', ':', '<']))
    };
    statements(text).into_iter().find(|(_, line)| is_it(line)).map(|(at, _)| at)
}

fn local_function<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let line = &text[local_place(text, name)?..];
    let line = line.strip_prefix("async ").unwrap_or(line);
    if line.starts_with("function") {
        return function_parameters(line);
    }
    let (_, value) = split_once(line.get(..line.len().min(4_000)).unwrap_or(line), b'=', JS)?;
    function_parameters(&line[line.find(value)?..])
}

/// Whether the file does something by itself: a call at its end.
fn is_run(text: &str) -> bool {
    let Some((_, line)) = statements(text).into_iter().rev().find(|(_, line)| !line.starts_with(['}', ')'])) else {
        return false;
    };
    let word = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.'))).next().unwrap_or_default();
    let rest = line[word.len()..].trim_start();
    !matches!(
        word,
        "function" | "async" | "export" | "class" | "const" | "let" | "var" | "import" | "type" | "interface"
    ) && !word.starts_with("exports")
        && !word.starts_with("module.exports")
        && (rest.starts_with('(') || word == "await" || word.is_empty() && line.starts_with('('))
}

impl Export<'_> {
    fn declared(&self, text: &str) -> Declared {
        let doc = comment_above(text, self.at);
        let mut declared = Declared {
            description: Some(doc.summary.clone()).filter(|words| !words.is_empty()),
            input: Some(InputMode::StdinJson),
            function: Some(self.name.to_owned()),
            ..Declared::default()
        };
        let parts = split(self.parameters, b',', JS);
        match parts[..] {
            [] => {}
            [only] => match object_inputs(only, text, &doc) {
                Some(inputs) => declared.inputs = inputs,
                None => positions(&mut declared, &parts, text, &doc),
            },
            _ => positions(&mut declared, &parts, text, &doc),
        }
        self.leave_objects(&mut declared, &parts, text);
        declared
    }

    /// Takes out the parameters that only other code can fill. A function that needs one does not run.
    fn leave_objects(&self, declared: &mut Declared, parts: &[&str], text: &str) {
        let code = &text[self.at..];
        let object = |part: &&str| {
            let head = split_once(part, b'=', JS).map_or(*part, |(head, _)| head);
            let (name, written) = split_once(head, b':', JS)?;
            let name = name.trim().trim_end_matches('?').trim_start_matches("...");
            let is_one = is_word(name) && javascript_object::is_one(name, written, text, code);
            is_one.then(|| name.to_owned())
        };
        for name in parts.iter().filter_map(object) {
            let Some(at) = declared.inputs.iter().position(|input| input.name == name) else { continue };
            if declared.inputs[at].required {
                let hint = format!("its parameter {name} is filled by other code; call it in a script that makes one");
                declared.unsupported.get_or_insert(hint);
                declared.inputs.remove(at);
            } else if at + 1 == declared.inputs.len() {
                declared.inputs.pop();
            }
        }
    }
}

/// Parameters by position.
fn positions(declared: &mut Declared, parts: &[&str], text: &str, doc: &Docstring) {
    for part in parts {
        let (head, default) = split_once(part, b'=', JS).map_or((*part, None), |(head, value)| (head, Some(value)));
        let (name, written) = split_once(head, b':', JS).unwrap_or((head, ""));
        let is_optional = name.ends_with('?') || name.starts_with("...");
        let name = name.trim_end_matches('?').trim_start_matches("...");
        if !is_word(name) {
            continue;
        }
        let mut input = input(name, read_hint(written, text), default);
        input.required &= !is_optional;
        if let Some(known) = doc.param(name) {
            input.add_words(&known.hint, &known.text, JS);
            input.required &= !known.is_optional;
        }
        input.rule = Some(ArgRule::position(name));
        declared.inputs.push(input);
    }
}

/// The inputs of a function that takes one object; `None` when its parameter is something else.
fn object_inputs(part: &str, text: &str, doc: &Docstring) -> Option<Vec<DeclaredInput>> {
    let head = split_once(part, b'=', JS).map_or(part, |(head, _)| head);
    let (name, written) = split_once(head, b':', JS).unwrap_or((head, ""));
    let mut typed = read_hint(written, text).schema;
    if typed.get("properties").is_none() && !is_word(name) {
        typed = Map::new();
    }
    if typed.get("properties").is_none()
        && let Some(of) = doc.param(name.trim_end_matches('?'))
    {
        typed = read_hint(&of.hint, text).schema;
    }
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    if let Some(Value::Object(properties)) = typed.get("properties") {
        let required = typed.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        inputs.extend(properties.iter().map(|(key, schema)| DeclaredInput {
            name: key.clone(),
            schema: schema.as_object().cloned().unwrap_or_default(),
            required: required.contains(&json!(key)),
            rule: None,
        }));
    }
    let destructured = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    for field in split(destructured.unwrap_or_default(), b',', JS) {
        let (head, default) = split_once(field, b'=', JS).map_or((field, None), |(head, value)| (head, Some(value)));
        let key = head.split(':').next().unwrap_or_default().trim();
        match inputs.iter_mut().find(|input| input.name == key) {
            Some(known) => known.set_default(default),
            None if is_word(key) => inputs.push(input(key, Hint::default(), default)),
            None => {}
        }
    }
    // `@property` below a `@typedef`, and `@param args.name`.
    for param in &doc.params {
        let key = param.name.rsplit('.').next().unwrap_or(&param.name);
        let is_field = key != name && (param.name.contains('.') || destructured.is_none());
        if !is_word(key) || (!is_field && !inputs.iter().any(|input| input.name == key)) {
            continue;
        }
        if !inputs.iter().any(|input| input.name == key) {
            inputs.push(input(key, read_hint(&param.hint, text), param.default.as_deref()));
        }
        if let Some(known) = inputs.iter_mut().find(|input| input.name == key) {
            known.add_words(&param.hint, &param.text, JS);
            known.required &= !param.is_optional;
        }
    }
    (!inputs.is_empty() || destructured.is_some()).then_some(inputs)
}

fn input(name: &str, hint: Hint, default: Option<&str>) -> DeclaredInput {
    let mut input =
        DeclaredInput { name: name.to_owned(), schema: hint.schema, required: !hint.is_optional, rule: None };
    input.set_default(default);
    input
}

impl DeclaredInput {
    fn set_default(&mut self, written: Option<&str>) {
        let Some(written) = written else { return };
        self.required = false;
        if let Some(value) = literal::value(written, JS).filter(|value| !value.is_null()) {
            if self.schema.is_empty() {
                self.schema = super::python::of_value(&value);
            }
            self.put("default", value);
        }
    }
}

/// A type hint; interfaces and type names of the file are looked into.
fn read_hint(written: &str, text: &str) -> Hint {
    hint::read(written, JS, &|name| interface(text, name, 0))
}

/// The fields of an interface or an object type of the file.
fn interface(text: &str, name: &str, depth: usize) -> Option<Map<String, Value>> {
    if depth > 4 || !is_word(name) {
        return None;
    }
    let begin = [format!("interface {name}"), format!("type {name}")].into_iter().find_map(|head| {
        let at = text.find(&head)? + head.len();
        text[at..].starts_with([' ', '{', '=', '<']).then_some(at)
    })?;
    let rest = &text[begin..];
    if let Some(value) =
        rest.trim_start().strip_prefix('=').map(str::trim_start).filter(|value| !value.starts_with('{'))
    {
        let end = value.find([';', '\n']).unwrap_or(value.len());
        return Some(hint::read(&value[..end], JS, &|name| interface(text, name, depth + 1)).schema);
    }
    let fields = inside(rest, rest.find('{')?, JS)?;
    let types = |name: &str| interface(text, name, depth + 1);
    Some(hint::fields_schema(hint::fields_of(fields), |written| hint::read(written, JS, &types)))
}

/// The comment directly above a position; otherwise the first comment of the file.
fn comment_above(text: &str, at: usize) -> Docstring {
    let before = text[..at].trim_end();
    let block = before.strip_suffix("*/").and_then(|rest| Some(&rest[rest.rfind("/*")?..]));
    let first = || text.trim_start().strip_prefix("/*").and_then(|rest| Some(&rest[..rest.find("*/")?]));
    let Some(block) = block.or_else(first) else { return Docstring::default() };
    let lines: Vec<&str> = block
        .trim_start_matches("/*")
        .lines()
        .map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix('*').unwrap_or(line);
            line.strip_prefix(' ').unwrap_or(line)
        })
        .collect();
    docstring::read(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_typescript(text: &str) -> Declared {
        read(&ScriptText::new("get-it.ts", text, Some(Language::TypeScript))).unwrap()
    }

    #[test]
    fn a_function_that_needs_an_object_does_not_ask_for_it() {
        let text = "import type { Server } from '@modelcontextprotocol/sdk/server/index.js';\nimport type { A, B } from './b.js';\n\
            export function getIt(server: Server, make: () => B, id: string, a?: A) {\n  a.list(id.trim());\n}\n";
        let declared = of_typescript(text);
        let names: Vec<&str> = declared.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["id"]);
        assert!(declared.unsupported.unwrap().starts_with("its parameter server is filled by other code"));
        let declared = of_typescript(
            "import type { A } from './b.js';\nexport function getIt(id: string, a: A) {\n  return a.x;\n}\n",
        );
        assert_eq!((declared.inputs.len(), declared.unsupported), (2, None));
    }

    #[test]
    fn the_comment_above_the_function_describes_it() {
        let text = "import { fail } from './x.js';\n\n/**\n * Data of it\n */\nexport interface Data {\n  /** Its size */\n  size: number;\n}\n\n\
            /**\n * Gets data for one attachment of a message\n * Uses the Mail API: GET /messages/{messageId}/attachments/{id}\n */\n\
            export async function getIt(\n  baseUrl: string,\n  id: string\n): Promise<Data> {\n  const url = `${baseUrl}/messages/${id}`;\n  return fetch(url);\n}\n";
        let declared = of_typescript(text);
        assert!(declared.description.unwrap().starts_with("Gets data for one attachment of a message"));
    }

    #[test]
    fn a_private_export_is_no_function_to_call() {
        let text = "exports._instructions = async function () { return \"x\"; }\n/**\n * Prints it.\n */\nexports.print_json = async function (args) { return args; }\n";
        let declared = read(&ScriptText::new("tools.js", text, Some(Language::JavaScript))).unwrap();
        assert_eq!((declared.function.as_deref(), declared.is_module), (Some("print_json"), false));
    }

    fn read_text(path: &str, text: &str) -> Option<Declared> {
        read(&ScriptText::new(path, text, Language::of(path, text)))
    }

    fn shown(declared: &Declared) -> Vec<String> {
        let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
        declared.inputs.iter().map(|input| format!("{}{} {}", input.name, sign(input), json!(input.schema))).collect()
    }

    #[test]
    fn an_exported_function_takes_an_object_or_positions() {
        let object = "/**\n * Adds.\n * @typedef {Object} Args\n * @property {number} a - First\n * @property {string[]} [tags]\n * @param {Args} args\n */\nexports.run = function (args) {\n  return args.a;\n}\n";
        let declared = read_text("x.js", object).unwrap();
        assert_eq!((declared.function.as_deref(), declared.description.as_deref()), (Some("run"), Some("Adds.")));
        let expected =
            [r#"a! {"type":"number","description":"First"}"#, r#"tags {"type":"array","items":{"type":"string"}}"#];
        assert_eq!(shown(&declared), expected);
        let typed = "interface Input {\n  // Where\n  city: string;\n  days?: number;\n}\n\nexport default async function forecast({ city, days = 3 }: Input): Promise<string> {\n}\n";
        let declared = read_text("forecast.ts", typed).unwrap();
        assert_eq!(declared.function.as_deref(), Some("default"));
        assert_eq!(
            shown(&declared),
            [r#"city! {"type":"string","description":"Where"}"#, r#"days {"type":"number","default":3}"#]
        );
        let positions = "/** Cuts.\n * @param {string} text - Words */\nexport const shorten = (text, max = 10, end?: string) => text;\n";
        let declared = read_text("shorten.ts", positions).unwrap();
        let expected = [
            r#"text! {"type":"string","description":"Words"}"#,
            r#"max {"type":"integer","default":10}"#,
            r#"end {"type":"string"}"#,
        ];
        assert_eq!(shown(&declared), expected);
        assert_eq!(declared.inputs[1].rule.as_ref().unwrap().to_string(), "max");
    }

    #[test]
    fn exports_of_every_form_are_found() {
        for (text, expected) in [
            ("function run({ a }) {}\nmodule.exports = { run, other };\n", Some("run")),
            ("module.exports = async ({ a }) => a;\n", Some("default")),
            ("async function main(a) {}\nexport { main };\n", Some("main")),
            ("export async function tool(a: number) {}\n", Some("tool")),
            ("export const a = 1;\n", None),
            ("export function run(a) {}\nrun(1);\n", None),
            ("export function run(a) {}\nif (require.main === module) run();\n", None),
        ] {
            assert_eq!(read_text("x.ts", text).and_then(|declared| declared.function).as_deref(), expected, "{text}");
        }
    }
}
