//! The parts of a bundle in words, with each text of a tool between fences.

use super::super::bundle::{Bundle, BundleComment, BundleFailure, BundleFile, FewShot};
use crate::domain::source::Language;
use crate::domain::{LimitsDeclared, SafeText, grouped};
use serde_json::Value;
use std::collections::BTreeMap;

/// A text between fences longer than any sequence of backticks in it. `info` follows the opening fence.
pub(in crate::evolve) fn fenced(info: &str, text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{info}\n{text}{end}{fence}")
}

/// A name or path of a tool within a line: on one line, with hidden characters visible, without backticks.
fn inline(text: &str) -> String {
    SafeText::visible(text).replace(['`', '\n', '\r'], "?")
}

/// The text for every placeholder; empty if the bundle has none.
pub(super) fn of(bundle: &Bundle) -> BTreeMap<&'static str, String> {
    let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
    let quoted = |text: &str| if text.trim().is_empty() { String::new() } else { fenced("", text.trim_end()) };
    BTreeMap::from([
        ("tool", inline(&bundle.tool)),
        ("version", bundle.version.to_string()),
        ("language", inline(&bundle.language)),
        ("entry", bundle.entry.as_deref().map(inline).unwrap_or_default()),
        ("description", quoted(&bundle.description)),
        // The user's own words, which the user sees and edits before sending: the only text that is an instruction.
        ("hint", bundle.hint.trim().to_owned()),
        ("specification", quoted(&bundle.specification)),
        ("wanted", bundle.wanted.map(|kind| kind.word().to_owned()).unwrap_or_default()),
        ("dynamic_schema", yes(bundle.dynamic_schema)),
        ("files", joined(bundle.files.iter().map(file))),
        ("manifest", bundle.manifest.as_ref().map(file).unwrap_or_default()),
        ("schemas", schemas(bundle)),
        ("failures", joined((1..).zip(&bundle.failures).map(|(number, one)| failure(number, one)))),
        ("failures_note", failures_note(bundle)),
        ("comments", joined(bundle.comments.iter().map(comment))),
        ("tests", tests(bundle)),
        ("permissions", permissions(bundle)),
        ("learnt", list(&bundle.learnt)),
        ("few_shot", joined(bundle.few_shot.iter().map(few_shot))),
        ("guidelines", list(&bundle.guidelines)),
        ("feedback", bundle.feedback.trim_end().to_owned()),
        ("attempt", yes(bundle.is_attempt)),
        ("left_out", list(&bundle.left_out.iter().map(|line| inline(line)).collect::<Vec<_>>())),
    ])
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("\n\n")
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {}", line.replace('\n', " "))).collect::<Vec<_>>().join("\n")
}

/// The info word after the fence for a file.
fn word_of(path: &str, text: &str) -> String {
    match Language::of(path, text) {
        Some(Language::Python) => "python".to_owned(),
        Some(Language::JavaScript) => "javascript".to_owned(),
        Some(Language::TypeScript) => "typescript".to_owned(),
        Some(Language::Tsx) => "tsx".to_owned(),
        Some(Language::Bash) => "bash".to_owned(),
        None => {
            let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
            ending.chars().filter(char::is_ascii_alphanumeric).take(10).collect()
        }
    }
}

fn file(file: &BundleFile) -> String {
    let path = inline(&file.path);
    let cut = match file.left_out_bytes {
        0 => String::new(),
        bytes => format!(" ({} bytes are not shown, so it cannot be changed)", grouped(bytes as usize)),
    };
    let info = format!("{} {path}", word_of(&file.path, &file.text));
    format!("### {path}{cut}\n\n{}", fenced(info.trim_start(), &file.text))
}

fn schemas(bundle: &Bundle) -> String {
    let schema = |what: &str, value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        format!("JSON Schema of its {what}:\n\n{}", fenced("json", &text))
    };
    let input = bundle.input.iter().map(|value| schema("input", value));
    joined(input.chain(bundle.output.iter().map(|value| schema("output", value))))
}

fn failures_note(bundle: &Bundle) -> String {
    match bundle.failures.len() {
        0 => String::new(),
        1 => "Fix the failure below.".to_owned(),
        many => format!("Fix the {many} failures below."),
    }
}

fn failure(number: usize, failure: &BundleFailure) -> String {
    let run = failure.run.map_or_else(String::new, |run| format!(" (run {run})"));
    let part = |what: &str, text: &str| {
        (!text.trim().is_empty()).then(|| format!("{what}:\n\n{}", fenced("", text.trim_end())))
    };
    let parts = [
        Some(format!("## Failure {number}{run}")),
        part("How it ended", &failure.error),
        part("Condition", &failure.scenario),
        part("Its input", &failure.input),
        part("End of its output", &failure.output),
    ];
    joined(parts.into_iter().flatten())
}

fn comment(comment: &BundleComment) -> String {
    let place = match (&comment.path, comment.lines) {
        (Some(path), Some((first, last))) if first == last => format!("`{}`, line {first}", inline(path)),
        (Some(path), Some((first, last))) => format!("`{}`, lines {first} to {last}", inline(path)),
        (Some(path), None) => format!("`{}`", inline(path)),
        (None, _) => "The tool as a whole".to_owned(),
    };
    let outdated = if comment.outdated { ", about lines that changed since" } else { "" };
    format!("{place} ({}{outdated}):\n\n{}", comment.kind, fenced("", comment.text.trim_end()))
}

fn tests(bundle: &Bundle) -> String {
    let tests = bundle.tests.iter().filter_map(|test| serde_json::to_string(test).ok());
    let examples = bundle.examples.iter().filter_map(|example| serde_json::to_string(example).ok());
    let block = |what: &str, lines: Vec<String>| {
        (!lines.is_empty()).then(|| format!("{what}, one per line:\n\n{}", fenced("json", &lines.join("\n"))))
    };
    let parts = [block("Tests", tests.collect()), block("Examples", examples.collect())];
    joined(parts.into_iter().flatten())
}

fn permissions(bundle: &Bundle) -> String {
    let asked = format!("Declared permissions: {}.", inline(&bundle.permissions.summary()));
    let limits = limits(&bundle.limits);
    let packages = match bundle.dependencies.as_slice() {
        [] => String::new(),
        some => format!("Declared packages: {}.", inline(&some.join(", "))),
    };
    [asked, limits, packages].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn limits(limits: &LimitsDeclared) -> String {
    let bytes = |what: &str, value: Option<u64>| value.map(|bytes| format!("{what} {} bytes", grouped(bytes as usize)));
    let parts = [
        bytes("memory", limits.memory_bytes),
        limits.cpu_seconds.map(|seconds| format!("CPU time {seconds} s")),
        limits.processes.map(|most| format!("processes {most}")),
        bytes("output", limits.output_bytes),
        bytes("disk", limits.disk_bytes),
    ];
    let told: Vec<String> = parts.into_iter().flatten().collect();
    if told.is_empty() { String::new() } else { format!("Limits: {}.", told.join(", ")) }
}

fn few_shot(tool: &FewShot) -> String {
    let description = tool.description.lines().next().unwrap_or_default();
    let word = word_of("", &tool.code);
    format!("### {}\n\n{}\n\n{}", inline(&tool.tool), fenced("", description), fenced(&word, &tool.code))
}
