//! Sample files for tools that read files, found by starting the tool, not by names.
//!
//! A tool reads the file that an input names if its answer for an existing file differs from that for a missing one.
//! Such an input gets documents of many formats; those that the tool accepts are then varied like the inputs of other
//! tools.

mod documents;
mod keys;
mod named;

use super::variants::{Fill, filled};
use crate::check::change::Literals;
use crate::check::{Batch, CheckContext};
use crate::domain::source::{Language, text_of};
use crate::domain::{ArgPlace, InputMode, Recipe, ToolDetail, VersionFile, is_read_from_code};
use crate::runner::{Pace, SampleFile, Tried};
use documents::Document;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How many inputs are tested for naming a file.
const MAX_TARGETS: usize = 6;

/// How many file extensions are tried to test whether an input names a file.
const MAX_ENDINGS: usize = 4;

/// How many documents are varied, and how many variations each gets.
const CHANGED: [usize; 3] = [24, 12, 8];

/// How many documents are used to find values for the other inputs.
const MAX_PROBED: usize = 6;

/// The name of the folder passed to a tool.
const FOLDER: &str = "samples";

/// Sample files, and the inputs that name them.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) files: Vec<SampleFile>,
    /// Each names a file, or contains the text of a document.
    pub(super) inputs: Vec<Value>,
    /// Those with which the tool progressed furthest; others are varied from them.
    pub(super) known: Vec<Value>,
    /// The values of the other inputs.
    fill: Fill,
}

/// How a document is passed to the tool.
enum Way<'a> {
    /// As a file that these inputs name.
    File(Vec<&'a str>),
    /// As the text of this input.
    Text(&'a str),
    /// As the input itself, when it is JSON.
    Whole,
}

impl Samples {
    /// Finds the inputs of the base that name files or are texts, and creates documents for them.
    ///
    /// # Errors
    /// If nothing could be started.
    pub(super) fn find(context: &CheckContext<'_>, base: &ToolDetail, literals: &Literals) -> Result<Samples, String> {
        let Some(recipe) = &base.manifest.recipe else { return Ok(Samples::default()) };
        let nothing = json!({"type": "object"});
        let schema = base.manifest.input.as_ref().unwrap_or(&nothing);
        let texts: Vec<&str> = base.files.iter().chain(&context.version.files).filter_map(text_of).collect();
        let usual = documents::usual(&texts.join("\n"), base.files.iter().any(is_script), literals);
        let names = text_properties(schema);
        let is_open = schema.get("properties").is_none() || is_read_from_code(schema);
        let way = if recipe.input == InputMode::StdinJson && is_open {
            Way::Whole
        } else if let Some(target) =
            find_target(context, base, schema, &names, (&endings(&usual, &texts), &named::names(&texts)))?
        {
            Way::File(target)
        } else if let Some(name) = text_input(recipe, &names) {
            Way::Text(name)
        } else {
            return Ok(Samples::default());
        };
        let mut samples = Samples::make(context, base, (schema, &way), &usual, literals)?;
        if let Way::File(target) = &way {
            samples.folders((schema, target), &usual, &texts, literals);
        }
        Ok(samples)
    }

    /// Adds folders with files named in the code, each with one of them varied.
    fn folders(&mut self, (schema, target): (&Value, &[&str]), usual: &[Document], code: &[&str], literals: &Literals) {
        let folders = named::folders(usual, code, literals);
        let mut inputs = Vec::new();
        for (number, files) in folders.into_iter().enumerate() {
            let folder = format!("folder-{}", number + 1);
            inputs.push(with(schema, target, &format!("{folder}-"), self.fill));
            let file = |(name, text)| SampleFile { path: format!("{folder}-/{name}"), text };
            self.files.extend(files.into_iter().map(file));
        }
        // Alternating with the others, so that some of them are tried in any case.
        let mut rest = std::mem::take(&mut self.inputs).into_iter();
        let mut own = inputs.into_iter();
        loop {
            let pair = [own.next(), rest.next()];
            if pair.iter().all(Option::is_none) {
                break;
            }
            self.inputs.extend(pair.into_iter().flatten());
        }
    }

    fn make(
        context: &CheckContext<'_>,
        base: &ToolDetail,
        (schema, way): (&Value, &Way<'_>),
        usual: &[Document],
        literals: &Literals,
    ) -> Result<Samples, String> {
        let mut samples = Samples { fill: best_fill(context, base, (schema, way), usual)?, ..Samples::default() };
        let mut named: Vec<(&Document, Value)> = Vec::new();
        for document in usual {
            named.extend(samples.input(schema, way, document).map(|input| (document, input)));
        }
        let mut inputs: Vec<Value> = named.iter().map(|(_, input)| input.clone()).collect();
        if let Way::File(target) = way {
            samples.folder(usual);
            inputs.push(with(schema, target, FOLDER, samples.fill));
        }
        let batch = Batch::new(base, &inputs, Pace::Quick).with_samples(&samples.files);
        let best = best(&context.trials.start(&batch)?);
        for input in best.iter().take(1).filter_map(|at| inputs.get(*at)) {
            samples.known.push(input.clone());
            if let Way::File(target) = way {
                let file = input.get(target[0]).map(first_text).unwrap_or_default();
                samples.known.push(with(schema, target, &file, Fill::Words));
            }
        }
        samples.inputs.extend(inputs);
        let taken = best.iter().filter_map(|at| named.get(*at));
        for ((document, _), most) in taken.zip(CHANGED) {
            for changed in documents::near(document, literals, most) {
                let input = samples.input(schema, way, &changed);
                samples.inputs.extend(input);
            }
        }
        Ok(samples)
    }

    /// The input that passes a document to the tool.
    fn input(&mut self, schema: &Value, way: &Way<'_>, document: &Document) -> Option<Value> {
        match way {
            Way::File(target) => {
                let file = self.add(document);
                Some(with(schema, target, &file, self.fill))
            }
            Way::Text(name) => Some(with(schema, &[name], &document.text, self.fill)),
            Way::Whole => serde_json::from_str(&document.text).ok().filter(|_| document.ending == "json"),
        }
    }

    /// Adds a file and returns its name.
    fn add(&mut self, document: &Document) -> String {
        let path = format!("sample-{}.{}", self.files.len() + 1, document.ending);
        self.files.push(SampleFile { path: path.clone(), text: document.text.clone() });
        path
    }

    /// Adds a folder with one file of each format.
    fn folder(&mut self, usual: &[Document]) {
        let mut seen = BTreeSet::new();
        for document in usual {
            if !seen.insert(&document.ending) {
                continue;
            }
            let folder = if seen.len() % 4 == 0 { "samples/sub" } else { FOLDER };
            let path = format!("{folder}/{}.{}", ["alpha", "beta", "gamma"][seen.len() % 3], document.ending);
            self.files.push(SampleFile { path, text: document.text.clone() });
        }
    }

    /// An input as text, with the texts of the files that it names.
    pub(super) fn with_texts(&self, input: &Value) -> String {
        let mut text = input.to_string();
        let named: Vec<&SampleFile> =
            self.files.iter().filter(|file| text.contains(file.path.split('/').next().unwrap_or(&file.path))).collect();
        for file in named {
            text.push_str(&file.text);
        }
        text
    }

    /// The content of the files that an input names: ` (sample-3.json holds "…")`; empty if it names none.
    pub(super) fn said_of(&self, input: &Value) -> String {
        let text = input.to_string();
        let named = self.files.iter().find(|file| text.contains(&format!("\"{}\"", file.path)));
        named.map_or_else(String::new, |file| {
            format!(" ({} holds {})", file.path, super::expression::quote(&Value::from(file.text.as_str())))
        })
    }
}

/// The input passed as standard input, or the only text input.
fn text_input<'n>(recipe: &'n Recipe, names: &[&'n str]) -> Option<&'n str> {
    let stdin = recipe.args.iter().find(|rule| matches!(rule.place, ArgPlace::Stdin)).map(|rule| rule.input.as_str());
    let of_stdin = names.iter().find(|name| Some(**name) == stdin);
    of_stdin.or(names.first().filter(|_| names.len() == 1)).copied().or(recipe.piped.as_deref())
}

/// Inputs that accept any text, or a list of texts.
fn text_properties(schema: &Value) -> Vec<&str> {
    let is_open = |schema: &Value| {
        schema.get("type").and_then(Value::as_str) == Some("string")
            && ["enum", "const", "pattern"].iter().all(|word| schema.get(word).is_none())
    };
    let is_text = |schema: &Value| is_open(schema) || schema.get("items").is_some_and(is_open);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.filter(|(_, schema)| is_text(schema)).map(|(name, _)| name.as_str()).take(MAX_TARGETS).collect()
}

/// An input with this filling, and this text for these properties.
fn with(schema: &Value, names: &[&str], text: &str, fill: Fill) -> Value {
    let mut map = if let Value::Object(map) = filled(schema, fill) { map } else { Map::new() };
    for name in names {
        let place = format!("/properties/{}/items", name.replace('~', "~0").replace('/', "~1"));
        let is_list = schema.pointer(&place).is_some();
        map.insert((*name).to_owned(), if is_list { json!([text]) } else { json!(text) });
    }
    Value::Object(map)
}

/// Whether a file is JavaScript or TypeScript.
fn is_script(file: &VersionFile) -> bool {
    let language = text_of(file).and_then(|text| Language::of(&file.path, text));
    matches!(language, Some(Language::JavaScript | Language::TypeScript))
}

fn first_text(value: &Value) -> String {
    let text = value.as_str().or_else(|| value.get(0)?.as_str());
    text.unwrap_or_default().to_owned()
}

/// File extensions in the code, then those that many tools accept.
fn endings(usual: &[Document], code: &[&str]) -> Vec<String> {
    let known: BTreeSet<&str> = usual.iter().map(|document| document.ending.as_str()).collect();
    let is_named = |ending: &&&str| code.iter().any(|text| text.contains(&format!(".{ending}")));
    let named = known.iter().filter(is_named).copied();
    let mut all: Vec<String> = Vec::new();
    for ending in named.take(MAX_ENDINGS - 2).chain(["txt", "json"]) {
        if !all.iter().any(|other| other == ending) {
            all.push(ending.to_owned());
        }
    }
    all
}

/// The values of the other inputs with which the tool succeeds for most documents and outputs most.
fn best_fill(
    context: &CheckContext<'_>,
    base: &ToolDetail,
    (schema, way): (&Value, &Way<'_>),
    usual: &[Document],
) -> Result<Fill, String> {
    const FILLS: [Fill; 3] = [Fill::Simple, Fill::Numbers(1), Fill::Words];
    let mut groups: Vec<(Fill, Vec<Value>)> = Vec::new();
    let mut files = Vec::new();
    for fill in FILLS {
        let mut samples = Samples { fill, ..Samples::default() };
        let inputs: Vec<Value> =
            usual.iter().take(MAX_PROBED).filter_map(|document| samples.input(schema, way, document)).collect();
        if !groups.iter().any(|(_, known)| *known == inputs) {
            groups.push((fill, inputs));
            files = samples.files;
        }
    }
    if groups.len() < 2 {
        return Ok(Fill::Simple);
    }
    let inputs: Vec<Value> = groups.iter().flat_map(|(_, inputs)| inputs.clone()).collect();
    let tried = context.trials.start(&Batch::new(base, &inputs, Pace::Quick).with_samples(&files))?;
    let mut rest = tried.as_slice();
    let mut best = (Fill::Simple, (0, 0));
    for (fill, inputs) in groups {
        let (own, others) = rest.split_at(inputs.len().min(rest.len()));
        rest = others;
        let good = own.iter().filter(|tried| tried.end.exit_code() == Some(0));
        let outputs: BTreeSet<&[u8]> = good.clone().map(|tried| tried.stdout.as_slice()).collect();
        let score = (good.count(), outputs.len());
        if score > best.1 {
            best = (fill, score);
        }
    }
    Ok(best.0)
}

/// The inputs that name a file: the one that does, or all together if each alone shows nothing.
fn find_target<'n>(
    context: &CheckContext<'_>,
    base: &ToolDetail,
    schema: &Value,
    names: &[&'n str],
    (endings, named): (&[String], &[String]),
) -> Result<Option<Vec<&'n str>>, String> {
    let mut targets: Vec<Vec<&str>> = names.iter().map(|name| vec![*name]).collect();
    if names.len() > 1 {
        targets.push(names.to_vec());
    }
    let pairs: Vec<[String; 2]> = endings
        .iter()
        .map(|ending| [format!("sample-x.{ending}"), format!("sample-y.{ending}")])
        .chain([["sample-x".to_owned(), "sample-y".to_owned()]])
        .collect();
    // A folder is recognised by the files that the tool reads in it.
    let inside =
        named.iter().map(|name| SampleFile { path: format!("sample-x/{name}"), text: "alpha: 1\n".to_owned() });
    let files: Vec<SampleFile> = pairs
        .iter()
        .map(|[present, _]| {
            let path = if present.contains('.') { present.clone() } else { format!("{present}/a.txt") };
            SampleFile { path, text: "alpha 1\nbeta 2\n".to_owned() }
        })
        .chain(inside)
        .collect();
    let mut inputs = Vec::new();
    for target in &targets {
        inputs.extend(pairs.iter().flatten().map(|name| with(schema, target, name, Fill::Simple)));
    }
    if inputs.is_empty() {
        return Ok(None);
    }
    let tried = context.trials.start(&Batch::new(base, &inputs, Pace::Quick).with_samples(&files))?;
    let mut found: Vec<(usize, Vec<&str>)> = Vec::new();
    for (target, tried) in targets.into_iter().zip(tried.chunks(pairs.len() * 2)) {
        let differing = tried.chunks_exact(2).filter(|pair| is_read(&pair[0], &pair[1])).count();
        if differing > 0 {
            found.push((differing, target));
        }
    }
    // One alone is preferred to all together, and the first to a later one.
    found.sort_by_key(|(differing, target)| (target.len(), std::cmp::Reverse(*differing)));
    Ok(found.into_iter().next().map(|(_, target)| target))
}

/// Whether an existing file changes the answer in more than its name.
fn is_read(present: &Tried, absent: &Tried) -> bool {
    if !present.end.outcome().has_started() || !absent.end.outcome().has_started() {
        return false;
    }
    let renamed = |tried: &Tried| {
        let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("sample-y", "sample-x");
        (of(&tried.stdout), of(&tried.stderr))
    };
    present.end.exit_code() != absent.end.exit_code() || renamed(present) != renamed(absent)
}

/// The trials that progressed furthest: successful ones with a unique output, long outputs first.
fn best(tried: &[Tried]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tried.len()).collect();
    let has_succeeded = |tried: &Tried| tried.end.exit_code() == Some(0);
    order.sort_by_key(|at| (!has_succeeded(&tried[*at]), std::cmp::Reverse(tried[*at].stdout.len())));
    let mut seen = BTreeSet::new();
    order.retain(|at| seen.insert((&tried[*at].stdout, &tried[*at].stderr)));
    order
}

#[cfg(test)]
mod tests {
    use super::super::testing::{context, python};
    use super::*;

    fn found(code: &str, schema: &Value) -> Samples {
        let mut version = python(code);
        version.manifest.input = Some(schema.clone());
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.input = crate::domain::InputMode::Args;
            recipe.args = vec![crate::domain::ArgRule::position("word1")];
        }
        context(&version, |context| Samples::find(context, &version, &Literals::default()).unwrap())
    }

    #[test]
    fn an_input_that_names_a_file_gets_documents_that_the_tool_takes() {
        let schema =
            json!({"type": "object", "properties": {"word1": {"type": "string"}}, "additionalProperties": false});
        let code = "import json, sys\nwith open(sys.argv[1]) as f:\n    data = json.load(f)\nfor item in data['items']:\n    \
                    print(item['price'] + 1)\n";
        let samples = found(code, &schema);
        let name = samples.known[0]["word1"].as_str().unwrap();
        let file = samples.files.iter().find(|file| file.path == name).unwrap();
        assert!(file.text.contains("\"price\": 6"), "{}", file.text);
        assert!(samples.files.len() > 30, "{}", samples.files.len());
        assert!(samples.said_of(&samples.known[0]).contains("holds"), "{}", samples.said_of(&samples.known[0]));
    }

    #[test]
    fn a_traced_start_finds_the_files_too() {
        let mut version = python("import sys\nprint(open(sys.argv[1]).read())\n");
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.input = crate::domain::InputMode::Args;
            recipe.args = vec![crate::domain::ArgRule::position("word1")];
        }
        version.manifest.input = Some(json!({"type": "object", "properties": {"word1": {"type": "string"}}}));
        let traced = super::super::executed::Traced::of(&version).unwrap();
        let files = [SampleFile { path: "sample-1.txt".to_owned(), text: "hello".to_owned() }];
        let tried = context(&version, |context| {
            let inputs = [json!({"word1": "sample-1.txt"})];
            context.trials.start(&Batch::new(&traced.version, &inputs, Pace::Plain).with_samples(&files)).unwrap()
        });
        assert_eq!(
            String::from_utf8_lossy(&tried[0].stdout),
            "hello\n",
            "{}",
            String::from_utf8_lossy(&tried[0].stderr)
        );
    }

    #[test]
    fn files_that_a_start_leaves_are_told_and_bounded() {
        let code = "import os\nopen('b.txt', 'w').write('two')\nos.symlink('/etc/passwd', 'a')\nos.mkdir('many')\n\
                    for n in range(3000): open(f'many/{n:04}', 'w').write('x' * 30000)\n";
        let version = python(code);
        let tried = context(&version, |context| {
            context.trials.start(&Batch::new(&version, &[json!({})], Pace::Plain)).unwrap()
        });
        let left = &tried[0].left;
        assert!(left.len() == 16 && left[0].path == "b.txt" && left[0].text == "two", "{}", left.len());
        assert!(left.iter().all(|file| file.text.len() <= 16 * 1024 && file.path != "a"));
    }

    #[test]
    fn an_input_that_names_no_file_gets_none() {
        let schema =
            json!({"type": "object", "properties": {"word1": {"type": "string"}}, "additionalProperties": false});
        let samples = found("import sys\nprint(sys.argv[1:], len(sys.argv))\n", &schema);
        assert!(samples.files.is_empty(), "{:?}", samples.files);
    }
}
