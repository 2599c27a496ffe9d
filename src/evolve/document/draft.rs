//! A draft of a specification, read from a document by fixed rules: the same document gives the same draft. Fields that
//! were not found stay empty and are listed.

use super::field::{blank, clipped, identifier, parameters_of};
use super::{Class, CodeRange, Document, Section, prose};
use crate::domain::{
    InputParameter, InputSource, ParameterType, ScriptLanguage, SpecifiedExample, ToolName, ToolSpecification,
};
use serde::Serialize;
use serde_json::{Value, json};

/// The maximum number of parameters and of examples.
const MAX_ENTRIES: usize = 50;
/// The maximum size of a paragraph that is searched for inputs, in bytes.
const MAX_PARAGRAPH: usize = 4_000;

/// Where a part of a draft was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldSource {
    /// The field of the specification.
    pub field: &'static str,
    /// The line of the document, counted from 1.
    pub line: usize,
}

/// A specification, as stated in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Fields that the document states; the others have defaults.
    pub specification: ToolSpecification,
    /// Where the document states each field.
    pub found: Vec<FieldSource>,
    /// The words from which inputs were read, for inputs that are not in a table or list.
    pub inputs: Vec<InputSource>,
}

/// The content of a section, according to the words of its heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Input,
    Output,
    Examples,
    Language,
    Other,
}

fn holds(section: &Section) -> Holds {
    let title = section.title.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| title.split(|c: char| !c.is_alphanumeric()).any(|w| w == *word));
    if section.class == Class::Examples && has(&["example", "examples", "usage", "sample", "samples"]) {
        Holds::Examples
    } else if has(&["output", "outputs", "returns", "return", "result", "results", "response", "answer"]) {
        Holds::Output
    } else if has(&["input", "inputs", "parameter", "parameters", "argument", "arguments", "options", "flags"]) {
        Holds::Input
    } else if has(&["language"]) {
        Holds::Language
    } else if section.class == Class::Examples {
        Holds::Examples
    } else {
        Holds::Other
    }
}

/// Reads the draft of a specification from a document.
pub fn draft(document: &Document, name: &ToolName) -> Draft {
    let mut draft =
        Draft { specification: ToolSpecification::of(name.clone(), ""), found: Vec::new(), inputs: Vec::new() };
    draft.describe(document);
    for section in document.sections() {
        match holds(section) {
            Holds::Examples => draft.examples(document, section),
            Holds::Output => draft.output(document, section),
            Holds::Input => draft.parameters(document, section),
            Holds::Language => {
                let words = (section.line + 1..=section.end_line).map(|line| (line, document.line(line)));
                draft.language(words);
            }
            Holds::Other => {}
        }
    }
    draft.schemas(document);
    // Tables of parameters are recognised by their columns, in any section.
    for section in document.sections() {
        let is_open = draft.specification.input_parameters.is_empty();
        if is_open && !matches!(holds(section), Holds::Output | Holds::Examples) {
            draft.take_parameters(table(document, section));
        }
    }
    let stated = (1..=document.line_count()).filter_map(|line| Some((line, stated_language(document.line(line))?)));
    draft.language(stated);
    draft.sentences(document);
    draft
}

/// Reads the draft of a specification from a user's words about a tool. The description keeps all words except lines
/// with a label, such as `Inputs:`, that were read into fields.
///
/// [`QUESTIONS`] are the questions about missing fields.
pub fn draft_of_words(words: &str, name: &ToolName) -> Draft {
    let document = Document::read(words.as_bytes());
    let Draft { specification, found, inputs } = draft(&document, name);
    let is_said = |line: &&str| {
        let (inputs, outputs) = (&specification.input_parameters, &specification.expected_output);
        !prose::is_labelled(line) || inputs.is_empty() && outputs.is_none() && specification.examples.is_empty()
    };
    let kept: Vec<&str> = words.lines().filter(is_said).collect();
    let kept = kept.join("\n");
    let description = if kept.trim().is_empty() { words.trim() } else { kept.trim() };
    Draft { specification: ToolSpecification { description: description.to_owned(), ..specification }, found, inputs }
}

/// A question about a field that the words do not state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The field of the specification.
    pub field: &'static str,
    /// Its name in forms and at the prompt.
    pub name: &'static str,
    /// An example of the form of an answer.
    pub help: &'static str,
    /// The label before the answer in the words.
    label: &'static str,
}

/// The questions, in the order in which they are asked.
pub const QUESTIONS: [Question; 3] = [
    Question {
        field: "input_parameters",
        name: "inputs",
        help: "names and types, such as path: text, limit: integer = 10",
        label: "Inputs",
    },
    Question { field: "expected_output", name: "output", help: "what it gives back, in words", label: "Output" },
    Question {
        field: "examples",
        name: "examples",
        help: "input -> output, such as a=1, b=2 -> 3; several are separated by semicolons",
        label: "Example",
    },
];

impl Question {
    /// The form of an answer within the words.
    pub fn example(&self) -> String {
        format!("`{}: …` to the description: {}", self.label, self.help)
    }

    /// The words with the answer to this question.
    pub fn answered(&self, words: &str, answer: &str) -> String {
        let parts = if self.label == "Example" { prose::parts(answer, ';') } else { vec![answer.trim()] };
        let lines: Vec<String> =
            parts.into_iter().filter(|part| !part.is_empty()).map(|part| format!("{}: {part}", self.label)).collect();
        if lines.is_empty() { words.to_owned() } else { format!("{}\n\n{}", words.trim_end(), lines.join("\n")) }
    }
}

/// The questions that these words leave open.
pub fn unanswered(words: &str) -> Vec<Question> {
    let Ok(name) = ToolName::new("draft") else { return Vec::new() };
    let missing = draft_of_words(words, &name).specification.missing();
    QUESTIONS.into_iter().filter(|question| missing.contains(&question.field)).collect()
}

impl Draft {
    fn note(&mut self, field: &'static str, line: usize) {
        if !self.found.iter().any(|found| found.field == field) {
            self.found.push(FieldSource { field, line });
        }
    }

    /// The first text of the document that is not a heading; otherwise its title.
    fn describe(&mut self, document: &Document) {
        let is_words = |line: &str| {
            let text = line.trim_start();
            !text.is_empty() && !text.starts_with(['|', '#', '<', '`', '~', '=']) && marker(text).is_none()
        };
        let others = document.sections().iter().filter(|section| section.class == Class::Other);
        // If the title is followed only by requirements, those say more than the title.
        let first = document.sections().iter().find(|section| section.level <= 1 && section.class != Class::Other);
        for section in others.chain(first) {
            let from = section.line + usize::from(section.level > 0);
            let is_code = |line: usize| section.code.iter().any(|code| (code.line..=code.end_line).contains(&line));
            let usable = |line: &usize| !document.drawn[line - 1] && !is_code(*line) && is_words(document.line(*line));
            let mut next = from;
            while let Some(first) = (next..=section.end_line).find(usable) {
                let words = (first..=section.end_line).take_while(usable).map(|line| document.line(line).trim());
                let words: Vec<&str> = words.collect();
                let text = words.join(" ");
                if !is_about_the_document(&text) {
                    self.specification.description = clipped(&text);
                    self.note("description", first);
                    return;
                }
                next = first + words.len();
            }
        }
        if let Some(title) = document.title() {
            self.specification.description = clipped(title);
            let line = document.sections().iter().find(|section| section.title == title).map_or(1, |s| s.line);
            self.note("description", line);
        }
    }

    fn language<'a>(&mut self, lines: impl Iterator<Item = (usize, &'a str)>) {
        for (line, text) in lines {
            if self.specification.language.is_some() {
                return;
            }
            let words = text.trim().trim_start_matches(['-', '*', ' ']).trim_matches(['`', '*', '_', '.', ' ']);
            let first = words.split([' ', ',', '(', '/']).next().unwrap_or_default();
            if let Some(language) = ScriptLanguage::meant(words).or_else(|| ScriptLanguage::meant(first)) {
                self.specification.language = Some(language);
                self.note("language", line);
            }
        }
    }

    fn parameters(&mut self, document: &Document, section: &Section) {
        let mut rows = table(document, section);
        if rows.is_empty() {
            rows = list(document, section);
        }
        self.take_parameters(rows);
    }

    fn take_parameters(&mut self, rows: Vec<(usize, InputParameter)>) {
        for (line, parameter) in rows {
            let known = &mut self.specification.input_parameters;
            if known.len() < MAX_ENTRIES && !known.iter().any(|before| before.name == parameter.name) {
                known.push(parameter);
                self.note("input_parameters", line);
            }
        }
    }

    fn output(&mut self, document: &Document, section: &Section) {
        if self.specification.expected_output.is_some() {
            return;
        }
        let schema = section.code.iter().find_map(|code| Some((code, json_of(document, code)?)));
        if let Some((code, schema)) = schema.filter(|(_, value)| is_schema(value)) {
            self.specification.expected_output = Some(schema);
            self.note("expected_output", code.line);
            return;
        }
        let lines = (section.line + 1..=section.end_line).map(|line| document.line(line).trim());
        let text = lines.collect::<Vec<_>>().join("\n");
        if !text.trim().is_empty() {
            self.specification.expected_output = Some(json!(clipped(text.trim())));
            self.note("expected_output", section.line);
        }
    }

    /// Schemas in code: the first one that is not for the output is for the input.
    fn schemas(&mut self, document: &Document) {
        for section in document.sections().iter().filter(|section| holds(section) != Holds::Output) {
            for code in &section.code {
                let Some(value) = json_of(document, code) else { continue };
                let schema = ["input_schema", "inputSchema", "parameters", "schema", "input"]
                    .iter()
                    .find_map(|key| value.get(key).filter(|schema| is_schema(schema)).cloned());
                let schema = schema.unwrap_or(value);
                if is_schema(&schema) && self.specification.input_parameters.is_empty() {
                    let rows = of_schema(&schema).into_iter().map(|parameter| (code.line, parameter)).collect();
                    self.take_parameters(rows);
                }
            }
        }
    }

    /// Objects in code: with input and output, or below a line that says which of the two they are.
    fn examples(&mut self, document: &Document, section: &Section) {
        let mut waiting: Option<SpecifiedExample> = None;
        for code in &section.code {
            let Some(value) = json_of(document, code).filter(|value| !is_schema(value)) else { continue };
            let label =
                (section.line..code.line).rev().map(|line| document.line(line)).find(|line| !line.trim().is_empty());
            let label = label.unwrap_or_default().to_lowercase();
            let is_output =
                ["output", "returns", "result", "response", "answer"].iter().any(|word| label.contains(word));
            self.note("examples", code.line);
            if let Some(input) = value.get("input").filter(|input| input.is_object()) {
                let output = value.get("output").or_else(|| value.get("expected")).cloned();
                self.take_example(waiting.take());
                let description = section.title.clone();
                self.take_example(Some(SpecifiedExample { description, input: input.clone(), output }));
            } else if let (true, Some(example)) = (is_output, waiting.as_mut()) {
                example.output = Some(value);
                self.take_example(waiting.take());
            } else if value.is_object() && !is_output {
                self.take_example(waiting.take());
                let description = section.title.clone();
                waiting = Some(SpecifiedExample { description, input: value, output: None });
            }
        }
        self.take_example(waiting);
    }

    /// Reads sentences, for fields that nothing states more explicitly.
    fn sentences(&mut self, document: &Document) {
        let paragraphs = paragraphs(document);
        let mut about = 0;
        if self.specification.input_parameters.is_empty() {
            let found = paragraphs.iter().enumerate().find_map(|(at, (line, text))| {
                let found = prose::read(text);
                (!found.is_empty()).then_some((at, *line, found))
            });
            if let Some((at, line, found)) = found {
                about = at;
                let (found, inputs): (Vec<_>, _) = found.into_iter().unzip();
                self.inputs = inputs;
                self.take_parameters(found.into_iter().map(|parameter| (line, parameter)).collect());
            }
        }
        let mut shown = Vec::new();
        if self.specification.examples.is_empty() {
            let found = sentence_examples(document, &self.specification.input_parameters);
            for (line, example) in found {
                self.note("examples", line);
                self.take_example(Some(example));
                shown.push(line);
            }
        }
        if self.specification.input_parameters.is_empty()
            && let Some(line) = shown.first()
        {
            let found = parameters_of(&self.specification.examples);
            let source = |parameter: &InputParameter| InputSource {
                input: parameter.name.clone(),
                words: clipped(document.line(*line).trim()),
                is_typed: true,
            };
            self.inputs = found.iter().map(source).collect();
            self.take_parameters(found.into_iter().map(|parameter| (*line, parameter)).collect());
        }
        let is_example = |line: usize| shown.contains(&line);
        let labelled = (1..=document.line_count())
            .filter(|line| !is_example(*line))
            .find_map(|line| prose::labelled_output(document.line(line)).map(|output| (line, clipped(output))));
        // `Output: 5` of an example is not a description.
        let is_of_example = |said: &str| {
            let outputs = self.specification.examples.iter().filter_map(|example| example.output.as_ref());
            outputs.into_iter().any(|output| output.as_str().map_or_else(|| output.to_string(), str::to_owned) == said)
        };
        let told = || {
            let (line, text) = paragraphs.get(about)?;
            Some((*line, prose::output(text).filter(|said| !is_of_example(said))?))
        };
        if self.specification.expected_output.is_none()
            && let Some((line, output)) = labelled.or_else(told)
        {
            self.specification.expected_output = Some(json!(output));
            self.note("expected_output", line);
        }
    }

    fn take_example(&mut self, example: Option<SpecifiedExample>) {
        let room = MAX_ENTRIES.saturating_sub(self.specification.examples.len());
        self.specification.examples.extend(example.into_iter().take(room));
    }
}

/// For each line, whether it is prose: not code, not a table, not an underline, not too long.
fn sentence_lines(document: &Document) -> Vec<bool> {
    let mut usable: Vec<bool> = (1..=document.line_count())
        .map(|number| {
            let text = document.line(number).trim_start();
            !document.drawn[number - 1] && text.len() <= MAX_PARAGRAPH && !text.starts_with(['|', '#', '<', '~', '='])
        })
        .collect();
    for code in document.sections().iter().flat_map(|section| &section.code) {
        usable[code.line - 1..code.end_line].fill(false);
    }
    usable
}

/// The paragraphs of a document, each with its first line.
fn paragraphs(document: &Document) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (at, usable) in sentence_lines(document).into_iter().enumerate() {
        let number = at + 1;
        let text = document.line(number).trim();
        let is_text = !text.is_empty() && usable;
        match found.last_mut().filter(|_| is_open && is_text) {
            Some((_, paragraph)) => {
                // A line with a label is a separate sentence.
                paragraph.push_str(if prose::is_labelled(text) { "; " } else { " " });
                paragraph.push_str(text);
            }
            None if is_text => found.push((number, text.to_owned())),
            None => {}
        }
        is_open = is_text;
    }
    found.retain(|(_, text)| text.len() <= MAX_PARAGRAPH);
    found
}

/// The examples in sentences, each with its line.
fn sentence_examples(document: &Document, known: &[InputParameter]) -> Vec<(usize, SpecifiedExample)> {
    let usable = sentence_lines(document);
    let numbered: Vec<(usize, &str)> = (1..=document.line_count())
        .filter(|number| usable[number - 1])
        .flat_map(|number| prose::pieces(document.line(number)).into_iter().map(move |piece| (number, piece)))
        .collect();
    let lines: Vec<&str> = numbered.iter().map(|(_, piece)| *piece).collect();
    let found = prose::examples(&lines, known);
    found.into_iter().filter_map(|(at, example)| Some((numbered.get(at)?.0, example))).collect()
}

/// Lines such as `Status: draft` say nothing about the tool, and neither do one or two words.
fn is_about_the_document(text: &str) -> bool {
    let has_key = text.split_once(": ").is_some_and(|(key, _)| key.len() < 14 && !key.contains(' '));
    has_key || text.split_whitespace().count() < 3
}

/// The language that a line such as `Language: Python` states.
fn stated_language(line: &str) -> Option<&str> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim().trim_start_matches(['-', '*', '_', ' ']).trim_end_matches(['*', '_']).to_ascii_lowercase();
    ["language", "programming language", "implementation language", "written in"]
        .contains(&key.as_str())
        .then(|| value.trim_start_matches(['*', '_', ' ']))
}

fn json_of(document: &Document, code: &CodeRange) -> Option<Value> {
    let info = code.info.to_ascii_lowercase();
    if !(info.is_empty() || info.starts_with("json")) {
        return None;
    }
    serde_json::from_str(&document.code(code)).ok()
}

fn is_schema(value: &Value) -> bool {
    value.get("properties").is_some_and(Value::is_object) && value.get("type").is_none_or(|kind| kind == "object")
}

fn of_schema(schema: &Value) -> Vec<InputParameter> {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties
        .filter_map(|(name, property)| {
            let kind = property.get("type").and_then(Value::as_str).and_then(ParameterType::meant);
            let mut constraints = property.as_object().cloned().unwrap_or_default();
            constraints.retain(|key, _| !["type", "description"].contains(&key.as_str()));
            let name = identifier(name)?;
            Some(InputParameter {
                required: required.contains(&name.as_str()),
                kind: kind.unwrap_or(ParameterType::String),
                description: property.get("description").and_then(Value::as_str).map(clipped).unwrap_or_default(),
                constraints,
                name,
            })
        })
        .collect()
}

/// The cells of a row of a Markdown table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    (line.starts_with('|') && line.len() > 1).then(|| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The parameters in the tables of a section, by the words of their column headings.
fn table(document: &Document, section: &Section) -> Vec<(usize, InputParameter)> {
    let mut found = Vec::new();
    let mut heads: Option<Vec<String>> = None;
    for number in section.line..=section.end_line {
        let Some(cells) = cells(document.line(number)) else {
            heads = None;
            continue;
        };
        if cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':' | ' '))) {
            continue;
        }
        let Some(columns) = &heads else {
            let lower: Vec<String> = cells.iter().map(|cell| cell.trim_matches('*').to_lowercase()).collect();
            heads = Some(lower);
            continue;
        };
        let at = |words: &[&str]| {
            let column = columns.iter().position(|head| words.iter().any(|word| head == word))?;
            cells.get(column).copied().filter(|cell| !matches!(*cell, "" | "-" | "—" | "–"))
        };
        let named = at(&["name", "parameter", "argument", "option", "field", "flag", "input", "param"]);
        let has_more = columns.iter().any(|head| ["type", "description", "required"].contains(&head.as_str()));
        let Some(name) = named.filter(|_| has_more).and_then(identifier) else { continue };
        let mut parameter = blank(name);
        if let Some(kind) = at(&["type", "kind"]) {
            parameter.say_kind(kind);
        }
        let description = at(&["description", "meaning", "purpose", "notes", "details"]).unwrap_or_default();
        parameter.description = clipped(description);
        parameter.required = at(&["required", "mandatory"]).is_some_and(|cell| {
            ["yes", "true", "y", "x", "✓", "✅", "required"].contains(&cell.to_lowercase().as_str())
        });
        if let Some(default) = at(&["default", "default value"]) {
            parameter.say_default(default);
        }
        if let Some(words) = at(&["constraints", "constraint", "allowed", "values", "range"]) {
            parameter.say(words);
        }
        found.push((number, parameter));
    }
    found
}

/// The text of a list item.
fn marker(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let rest = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")).or_else(|| text.strip_prefix("+ "));
    rest.or_else(|| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|digits| (1..=2).contains(digits))?;
        text[digits..].strip_prefix(". ").or_else(|| text[digits..].strip_prefix(") "))
    })
}

/// The parameters in the list of a section: `- name (type, required): words`, `- name: type - words`, `--name VALUE words`.
fn list(document: &Document, section: &Section) -> Vec<(usize, InputParameter)> {
    let is_code = |line: usize| section.code.iter().any(|code| (code.line..=code.end_line).contains(&line));
    (section.line + 1..=section.end_line)
        .filter_map(|number| {
            let line = document.line(number);
            let option = line.trim_start().strip_prefix("--").map(|_| line.trim_start());
            let text = if is_code(number) { option? } else { marker(line).or(option)? };
            Some((number, item(text)?))
        })
        .collect()
}

fn item(text: &str) -> Option<InputParameter> {
    let text = text.trim();
    let end = text.find(|c: char| matches!(c, ':' | '(' | '–' | '—') || c.is_whitespace()).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let mut parameter = blank(identifier(head.trim_end_matches(':'))?);
    let is_marked = head.starts_with(['`', '*', '-']);
    let mut rest = rest.trim_start();
    // The placeholder of an option's value.
    if head.starts_with('-')
        && let Some((value, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>'))
    {
        parameter.say_kind(value);
        rest = after.trim_start();
    }
    if let Some((inside, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        inside.split(',').for_each(|part| parameter.say(part));
        rest = after.trim_start();
    } else if !is_marked && !rest.starts_with([':', '-', '–', '—']) {
        // A sentence is not a parameter.
        return None;
    }
    rest = rest.trim_start_matches([':', '-', '–', '—', '*', ' ']);
    let first = rest.split([' ', ',', ';', '.']).next().unwrap_or_default();
    if let Some(kind) = ParameterType::meant(first).filter(|_| {
        rest.len() == first.len()
            || !rest[first.len()..].starts_with(' ')
            || rest[first.len()..].trim_start().starts_with(['-', '–', '—', '('])
    }) {
        parameter.kind = kind;
        rest = rest[first.len()..].trim_start_matches([',', ';', '-', '–', '—', ' ']);
    }
    let lower = rest.to_lowercase();
    parameter.required |= lower.contains("required") && !lower.contains("not required");
    parameter.description = clipped(rest);
    Some(parameter)
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
