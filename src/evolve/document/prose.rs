//! Reads inputs, output and examples from sentences: "takes a string `text` and an integer `width` (default 80) and
//! returns the wrapped text". Anything unclear is left out, and the reader of the draft asks for it.

use super::field::{blank, clipped, identifier, is_plural, kind_of};
use crate::domain::{InputParameter, InputSource, ParameterType, SpecifiedExample};
use serde_json::{Map, Value};

/// The words before inputs, in lower case; after a colon only inputs follow.
const INPUT_CUES: &[&str] = &[
    "takes ",
    "take ",
    "accepts ",
    "accept ",
    "expects ",
    "expect ",
    "receives ",
    "given ",
    "inputs:",
    "input:",
    "parameters:",
    "parameter:",
    "arguments:",
    "argument:",
    "inputs are ",
    "input is ",
    "parameters are ",
];

/// The words before the output.
const OUTPUT_CUES: &[&str] = &[
    "returns:",
    "returns ",
    "returning ",
    "output:",
    "outputs:",
    "output is ",
    "outputs ",
    "prints ",
    "gives back ",
    "produces ",
    "yields ",
    "result:",
    "result is ",
];

/// The words that end the inputs, in lower case.
const ENDS: &[&str] = &[
    "returns ",
    "return ",
    "returning ",
    "outputs ",
    "output:",
    "prints ",
    "print ",
    "gives ",
    "produces ",
    "yields ",
    "writes ",
    "example:",
    "examples:",
    "e.g.",
    "for example",
    "->",
    "=>",
    "→",
];

/// The separators between an input and its output.
const ARROWS: &[&str] = &["->", "=>", "→", " gives ", " returns ", " becomes ", " yields "];

/// Words that are neither the name nor the type of an input.
const SMALL: &[&str] = &[
    "a",
    "an",
    "the",
    "one",
    "two",
    "three",
    "four",
    "some",
    "any",
    "optional",
    "optionally",
    "required",
    "input",
    "as",
    "also",
    "either",
    "both",
    "its",
    "of",
    "type",
    "called",
    "named",
    "is",
    "to",
    "for",
    "that",
    "which",
    "with",
    "in",
    "from",
    "by",
    "or",
    "and",
    "at",
    "on",
    "into",
    "it",
    "them",
    "then",
    "json",
    "command",
    "line",
];

/// A parsed part of an enumeration.
struct Part {
    parameter: Option<InputParameter>,
    /// Whether its type is stated.
    is_typed: bool,
    /// A plural type, followed by names: "two numbers, a and b".
    plural: Option<ParameterType>,
}

/// The inputs that a paragraph enumerates.
pub(super) fn parameters(text: &str) -> Vec<InputParameter> {
    read(text).into_iter().map(|(parameter, _)| parameter).collect()
}

/// The inputs that a paragraph enumerates, each with its source words.
pub(super) fn read(text: &str) -> Vec<(InputParameter, InputSource)> {
    let mut found: Vec<(InputParameter, InputSource)> = Vec::new();
    for (clause, cue) in clauses(text) {
        let is_label = cue.ends_with("s:");
        let mut plural = None;
        // Next to a recognised input, another item is an input as well.
        let is_list = items(clause).into_iter().any(|item| part(item).parameter.is_some());
        for item in items(clause) {
            let mut part = part(item);
            // `Input: a=1` is an example.
            if cue == "input:" && (!part.is_typed || is_assignment(item)) {
                part.parameter = None;
            }
            let lone =
                identifier(item).filter(|name| name.len() == 1 || !SMALL.contains(&name.to_lowercase().as_str()));
            let parameter = match (part.parameter, lone) {
                (Some(parameter), _) => Some(parameter),
                (None, Some(name)) if plural.is_some() || is_label => {
                    let kind = plural.unwrap_or(ParameterType::String);
                    Some(InputParameter { kind, required: true, ..blank(name) })
                }
                (None, _) if is_list && !is_label => untyped(item),
                (None, _) => None,
            };
            let is_typed =
                part.is_typed || plural.is_some() || item.split_whitespace().any(|word| kind_of(word).is_some());
            plural = part.plural.or(plural);
            if let Some(new) = parameter.filter(|new| !found.iter().any(|(known, _)| known.name == new.name)) {
                let source = InputSource { input: new.name.clone(), words: clipped(item), is_typed };
                found.push((new, source));
            }
        }
    }
    found
}

/// Whether a part of an enumeration assigns a value to a name: `path="a.txt"` states no type.
fn is_assignment(item: &str) -> bool {
    item.split_once('=').is_some_and(|(name, value)| identifier(name).is_some() && !value.trim().is_empty())
}

/// An input without a stated type: `a delimiter`, `a list of numbers`. Its last word becomes its name.
fn untyped(item: &str) -> Option<InputParameter> {
    let words: Vec<&str> = item.split_whitespace().collect();
    let [article, rest @ ..] = words.as_slice() else { return None };
    let is_short =
        matches!(article.to_lowercase().as_str(), "a" | "an" | "the" | "one") && (1..=4).contains(&rest.len());
    let name = rest.last().filter(|_| is_short)?.trim_matches(['.', ',', ';']);
    let kind = rest.iter().find_map(|word| kind_of(word)).map_or(ParameterType::String, |(kind, _)| kind);
    let name = identifier(name).filter(|name| !SMALL.contains(&name.to_lowercase().as_str()))?;
    Some(InputParameter { kind, required: true, ..blank(name) })
}

/// The description of the output in a labelled line.
pub(super) fn labelled_output(line: &str) -> Option<&str> {
    let said = label(unmarked(line), &["output", "outputs", "returns", "result"])?;
    (!said.is_empty()).then_some(said)
}

/// Splits a text at these characters, outside of brackets and quotes.
pub(super) fn parts(text: &str, sign: char) -> Vec<&str> {
    let (mut found, mut from, mut depth) = (Vec::new(), 0, Depth::default());
    for (at, c) in text.char_indices() {
        if c == sign && depth.is_outside() {
            found.push(text[from..at].trim());
            from = at + c.len_utf8();
        }
        depth.take(c);
    }
    found.push(text[from..].trim());
    found
}

/// The description of the output in a paragraph.
pub(super) fn output(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (at, cue) =
        OUTPUT_CUES.iter().filter_map(|cue| Some((word_at(&lower, cue)?, cue))).min_by_key(|(at, _)| *at)?;
    let rest = &text[at + cue.len()..];
    let said = rest[..sentence_end(rest)].trim().trim_end_matches(['.', ';', ',']);
    (said.split_whitespace().count() > 0).then(|| clipped(said))
}

/// The examples in lines: `Input: … Output: …` in one line or two, `… -> …`, and calls such as `add(2, 3) gives 5`.
/// Line numbers are relative to the first line.
pub(super) fn examples(lines: &[&str], known: &[InputParameter]) -> Vec<(usize, SpecifiedExample)> {
    let mut found = Vec::new();
    let mut waiting: Option<(usize, Value)> = None;
    for (at, line) in lines.iter().enumerate() {
        let text = unmarked(line);
        if text.is_empty() {
            continue;
        }
        if let Some((_, input)) = waiting.take_if(|_| {
            label(text, &["output", "outputs", "expected", "expected output", "result", "returns"]).is_some()
        }) {
            let output = label(text, &["output", "outputs", "expected", "expected output", "result", "returns"]);
            found.push((at, example(input, output.map(value))));
            continue;
        }
        let introduced = label(text, &["example", "examples", "for example", "e.g."]);
        let body = introduced.filter(|body| !body.is_empty()).unwrap_or(text);
        let several = parts(body, ';');
        if introduced.is_some() && several.len() > 1 && several.iter().all(|part| halves(part).1.is_some()) {
            let one = |part: &str| match halves(part) {
                (input, Some(output)) => Some(example(input_of(input, known, true)?, Some(value(output)))),
                _ => None,
            };
            found.extend(several.into_iter().filter_map(one).map(|example| (at, example)));
            continue;
        }
        let labelled = label(body, &["input", "inputs"]);
        let (input, output) = halves(labelled.unwrap_or(body));
        let is_declaration = labelled.is_some() && !parameters(body).is_empty();
        let may_be_loose = (introduced.is_some() || labelled.is_some()) && !is_declaration;
        match (input_of(input, known, may_be_loose), output) {
            (Some(input), Some(output)) => found.push((at, example(input, Some(value(output))))),
            (Some(input), None) if labelled.is_some() => waiting = Some((at, input)),
            _ => {}
        }
    }
    found
}

/// The parts of a line that may each contain an example.
pub(super) fn pieces(line: &str) -> Vec<&str> {
    let lower = line.to_ascii_lowercase();
    let cues = ["example:", "for example", "e.g.", "input:"];
    let mut starts: Vec<usize> = cues.iter().filter_map(|cue| word_at(&lower, cue)).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    starts.iter().zip(ends).map(|(from, to)| &line[*from..to]).collect()
}

/// Whether a line is only a label with its content, which need not be repeated elsewhere once it was read.
pub(super) fn is_labelled(line: &str) -> bool {
    let labels = [
        "input",
        "inputs",
        "parameters",
        "arguments",
        "output",
        "outputs",
        "returns",
        "result",
        "example",
        "examples",
        "language",
    ];
    label(unmarked(line), &labels).is_some()
}

fn example(input: Value, output: Option<Value>) -> SpecifiedExample {
    SpecifiedExample { description: String::new(), input, output }
}

/// The text after one of these labels.
fn label<'t>(text: &'t str, labels: &[&str]) -> Option<&'t str> {
    let text = text.trim_start_matches(['*', '_']);
    let lower = text.to_ascii_lowercase();
    labels.iter().find_map(|label| {
        let rest = lower.strip_prefix(label)?;
        let signs = rest.len() - rest.trim_start_matches(['*', '_', ' ']).len();
        let rest = &text[label.len() + signs..];
        let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix(','))?;
        Some(rest.trim_start_matches(['*', '_']).trim())
    })
}

/// A line without its list marker.
fn unmarked(line: &str) -> &str {
    let text = line.trim();
    text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")).unwrap_or(text).trim_start()
}

/// The two sides of an arrow, or the text before and after `Output:`.
fn halves(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    let outputs = ["output:", "outputs:", "expected:", "result:", "returns:"];
    let cut = |words: &[&'static str]| {
        words.iter().filter_map(|word| Some((outside_of_quotes(&lower, word)?, word.len()))).min_by_key(|(at, _)| *at)
    };
    match cut(&outputs).or_else(|| cut(ARROWS)) {
        Some((at, length)) => {
            let before = text[..at].trim().trim_end_matches(['.', ',', ';', '-', '=', '>', '→', ' ', '(']);
            (before, Some(text[at + length..].trim()))
        }
        None => (text, None),
    }
}

/// The input object that a text denotes: JSON, a call, `a=1, b=2`, or the value of the only parameter.
fn input_of(text: &str, known: &[InputParameter], may_be_loose: bool) -> Option<Value> {
    let text = text.trim().trim_end_matches(['.', ',', ';']).trim_matches('`').trim();
    if let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(text) {
        return Some(value);
    }
    if let Some((name, inside)) = text.strip_suffix(')').and_then(|text| text.split_once('('))
        && identifier(name).is_some()
    {
        return arguments(inside, known);
    }
    if !may_be_loose || text.is_empty() {
        return None;
    }
    pairs(text).or_else(|| match known {
        [only] => {
            let value = typed(text, only.kind);
            let fits = value.is_string() == (only.kind == ParameterType::String);
            fits.then(|| Value::Object(Map::from_iter([(only.name.clone(), value)])))
        }
        _ => None,
    })
}

/// The arguments of a call: by name, otherwise in the order of the parameters.
fn arguments(inside: &str, known: &[InputParameter]) -> Option<Value> {
    if let Some(named) = pairs(inside) {
        return Some(named);
    }
    // `f(x)` contains a name, not a value.
    let values: Vec<Value> = serde_json::from_str(&format!("[{inside}]")).ok()?;
    (!values.is_empty() && values.len() <= known.len())
        .then(|| Value::Object(known.iter().map(|parameter| parameter.name.clone()).zip(values).collect()))
}

/// `a=1, b: "x"` as an object.
fn pairs(text: &str) -> Option<Value> {
    let mut fields = Map::new();
    for item in items(text) {
        let (name, given) = item.split_once('=').or_else(|| item.split_once(':'))?;
        fields.insert(identifier(name)?, value(given));
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// A value as people write it: JSON, otherwise text.
fn value(text: &str) -> Value {
    let text = text.trim();
    let plain = text.trim_end_matches('.').trim_matches('`').trim();
    serde_json::from_str(plain).unwrap_or_else(|_| Value::String(plain.trim_matches(['"', '\'']).to_owned()))
}

/// A value, parsed as this type.
fn typed(text: &str, kind: ParameterType) -> Value {
    match (kind, value(text)) {
        (ParameterType::String, Value::String(text)) => Value::String(text),
        (ParameterType::String, _) => Value::String(text.trim_matches(['"', '`']).to_owned()),
        (_, value) => value,
    }
}

/// The clauses that enumerate inputs, each up to the next statement, with the words that introduce it.
fn clauses(text: &str) -> Vec<(&str, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((at, cue)) =
        INPUT_CUES.iter().filter_map(|cue| Some((from + word_at(&lower[from..], cue)?, cue))).min_by_key(|(at, _)| *at)
    {
        let start = at + cue.len();
        let sentence = start + sentence_end(&text[start..]);
        let end = ENDS.iter().filter_map(|end| Some(start + word_at(&lower[start..sentence], end)?)).min();
        let end = end.unwrap_or(sentence);
        found.push((&text[start..end], *cue));
        from = end;
    }
    found
}

/// The position of a word that is not the end of a longer word.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let starts_word = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric());
    places(text, word).find(|at| starts_word(*at))
}

/// The position of a text outside of quotes.
fn outside_of_quotes(text: &str, word: &str) -> Option<usize> {
    places(text, word).next()
}

/// The positions of a text outside of quotes, backticks and brackets.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + use<'t> {
    let (mut depth, mut read) = (Depth::default(), 0);
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        text[read..*at].chars().for_each(|c| depth.take(c));
        read = *at;
        depth.is_outside()
    })
}

/// The end of the first sentence of a text.
fn sentence_end(text: &str) -> usize {
    let mut depth = Depth::default();
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let ends = c == ';' || c == '.' && (rest.is_empty() || rest.starts_with([' ', '\n']));
        if ends && depth.is_outside() {
            return at;
        }
        depth.take(c);
    }
    text.len()
}

/// The parts of an enumeration: between commas and `and`, outside of brackets and quotes.
fn items(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut depth) = (0, Depth::default());
    for (at, c) in text.char_indices() {
        if depth.is_outside() {
            let rest = &text[at..];
            let length = [" and ", " plus "].iter().find(|word| rest.starts_with(**word)).map(|word| word.len());
            if let Some(length) = length.or((c == ',').then_some(1)).filter(|_| at >= from) {
                found.push(&text[from..at]);
                from = at + length;
            }
        }
        depth.take(c);
    }
    found.push(&text[from.min(text.len())..]);
    let trimmed = found.into_iter().map(|item| item.trim().trim_start_matches("and ").trim());
    trimmed.filter(|item| !item.is_empty()).collect()
}

/// The nesting in brackets and quotes.
#[derive(Default)]
struct Depth {
    brackets: usize,
    quote: Option<char>,
}

impl Depth {
    fn take(&mut self, c: char) {
        match (self.quote, c) {
            (Some(open), c) if c == open => self.quote = None,
            (None, '`' | '"') => self.quote = Some(c),
            (None, '(' | '[' | '{') => self.brackets += 1,
            (None, ')' | ']' | '}') => self.brackets = self.brackets.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
    }

    fn is_outside(&self) -> bool {
        self.brackets == 0 && self.quote.is_none()
    }
}

/// One part of an enumeration: `a string text`, `width (integer, default 80)`, `limit: integer = 10`.
fn part(item: &str) -> Part {
    let (plain, remark) = match item.split_once('(') {
        Some((before, rest)) => (before, rest.split_once(')').map_or(rest, |(inside, _)| inside)),
        None => (item, ""),
    };
    let (plain, default) = without_default(plain);
    // `limit: integer` states the name explicitly.
    let (head, plain) = match plain.split_once(':') {
        Some((head, rest)) => (identifier(head), rest),
        None => (None, plain),
    };
    let words: Vec<&str> =
        plain.split(|c: char| c.is_whitespace() || c == ':').filter(|word| !word.is_empty()).collect();
    let kind_at = words.iter().position(|word| !word.starts_with('`') && kind_of(word).is_some());
    let kind = kind_at.and_then(|at| kind_of(words[at]));
    let is_told = !remark.is_empty() || default.is_some();
    let name = match head {
        Some(head) => Some((head, kind_at.map_or(0, |at| at + 1))),
        None => name_of(&words, kind_at, is_told),
    };
    let Some((name, behind)) = name else {
        let plural = kind_at.filter(|at| is_plural(words[*at])).and(kind).map(|(kind, _)| kind);
        return Part { parameter: None, is_typed: false, plural };
    };
    let is_optional = words.iter().any(|word| matches!(word.to_lowercase().as_str(), "optional" | "optionally"));
    let mut parameter = blank(name);
    parameter.kind = kind.map_or(ParameterType::String, |(kind, _)| kind);
    parameter.required = !is_optional && default.is_none();
    for said in remark.split(',') {
        let is_default = said.trim().to_ascii_lowercase().starts_with("default");
        let optional = matches!(said.trim().to_ascii_lowercase().as_str(), "optional");
        parameter.required &= !is_default && !optional;
        let required = parameter.required;
        parameter.say(said);
        parameter.required = required;
    }
    if let Some(default) = default {
        parameter.say_default(default);
    }
    let rest = words[behind.min(words.len())..].join(" ");
    parameter.description = clipped(rest.trim_matches(['-', '–', '—', ' ']));
    let plural = kind_at.filter(|at| is_plural(words[*at])).and(kind).map(|(kind, _)| kind);
    let is_typed = kind.is_some() || remark.split(',').any(|said| ParameterType::meant(said).is_some());
    Part { parameter: Some(parameter), is_typed, plural }
}

/// A text without the default value at its end, and that value.
fn without_default(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    let cues = [" = ", "=", " defaulting to ", " defaults to ", " default ", " by default "];
    match cues.iter().find_map(|cue| Some((outside_of_quotes(&lower, cue)?, cue.len()))) {
        Some((at, length)) => (&text[..at], Some(text[at + length..].trim()).filter(|value| !value.is_empty())),
        None => (text, None),
    }
}

/// The name of an input in the words about it, and the number of words up to the end of the name.
fn name_of(words: &[&str], kind_at: Option<usize>, is_told: bool) -> Option<(String, usize)> {
    if let Some(at) =
        words.iter().position(|word| word.starts_with('`') && word.trim_matches('`').len() + 2 <= word.len())
    {
        return Some((identifier(words[at].trim_end_matches(['.', ',']))?, at + 1));
    }
    let usable = |at: usize| {
        let name = identifier(words.get(at)?)?;
        (!SMALL.contains(&name.to_lowercase().as_str())).then_some(name)
    };
    if let [word] = words
        && is_told
    {
        return Some((identifier(word)?, 1));
    }
    if let Some(at) = words.iter().position(|word| matches!(*word, "called" | "named")) {
        return Some((usable(at + 1)?, at + 2));
    }
    let first = (0..words.len()).find(|at| usable(*at).is_some());
    let Some(kind_at) = kind_at else {
        // `width (integer)`: the brackets contain the rest.
        return first.filter(|_| is_told).and_then(|at| Some((usable(at)?, at + 1)));
    };
    if let Some(at) = first.filter(|at| *at < kind_at) {
        // `limit: integer`, `the limit as an integer`. Before other words, the type word is part of the name:
        // `CSV file path`.
        let between = &words[at + 1..kind_at];
        let is_plain_type = kind_of(words[kind_at]).is_some_and(|(_, is_thing)| !is_thing);
        if between.iter().all(|word| SMALL.contains(word)) && (is_plain_type || !between.is_empty()) {
            return Some((usable(at)?, kind_at + 1));
        }
    }
    let (_, is_thing) = kind_of(words[kind_at])?;
    // An article is not a name, but a single letter at the end is one: "two numbers a".
    if let Some(letter) = words.get(kind_at + 1).filter(|word| word.len() == 1 && kind_at + 2 == words.len()) {
        return Some((identifier(letter)?, kind_at + 2));
    }
    let after = words.get(kind_at + 1).filter(|word| kind_of(word).is_none() || !is_thing);
    let after_is_name =
        after.is_some_and(|word| !word.ends_with("ed") && !word.ends_with("ing")) && usable(kind_at + 1).is_some();
    if after_is_name && !words.get(kind_at + 1).is_some_and(|word| is_plural(word)) {
        return Some((usable(kind_at + 1)?, kind_at + 2));
    }
    // A word for a thing is its own name: a URL, a file path, a text.
    let last =
        (kind_at..words.len()).take_while(|at| kind_of(words[*at]).is_some_and(|(_, is_thing)| is_thing)).last()?;
    let mut name: Vec<String> =
        words[kind_at..=last].iter().map(|word| word.trim_matches(['.', ',']).to_lowercase()).collect();
    // A "date string" is named "date".
    if name.len() > 1 && name.last().is_some_and(|word| word == "string" || word == "text") {
        name.pop();
    }
    (!is_plural(words[last])).then(|| identifier(&name.join("_"))).flatten().map(|name| (name, last + 1))
}

#[cfg(test)]
#[path = "prose_tests.rs"]
mod tests;
