//! `docs`: a Markdown page for each tool, made from its manifest and its observed behaviour.
//!
//! Text of tools is escaped: its markup does not take effect, and hidden characters become visible.

use super::call::{Answer, Call};
use super::print_text::{Ink, Page, StyledLine, counted, size, span};
use crate::domain::{Manifest, SafeText, Stage, Tool, ToolDetail};
use crate::engine::{Behaviour, Engine, EngineError, ErrorCode, LineageVersion, refuse_links};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The default folder for pages.
const DEFAULT_OUT: &str = "docs/tools";

/// The last line of every page. A file with this line may be overwritten, and removed when its tool is gone.
const OURS: &str = "<!-- written by toolsmith docs -->\n";

/// The pages of a catalog, and the changes made to them.
#[derive(Serialize)]
pub(super) struct Written {
    out: PathBuf,
    /// File names; `index.md` is last if all tools have pages.
    pages: Vec<String>,
    /// The outdated or missing pages: written now, or with `--check` only listed.
    changed: Vec<String>,
    /// Pages of tools that are gone: removed now, or with `--check` only listed.
    gone: Vec<String>,
    /// Tools without a page, with the reasons.
    skipped: Vec<String>,
    /// Whether pages were only checked, not written.
    check: bool,
}

/// All data of a page.
struct Material<'a> {
    detail: &'a ToolDetail,
    /// The facts about this version, from the history of its name.
    version: Option<&'a LineageVersion>,
    behaviour: &'a Behaviour,
}

/// `docs [--out DIR] [--check] [TOOL]`.
pub(super) fn docs(call: &Call<'_>) -> Result<Written, EngineError> {
    let (engine, catalog) = call.open_catalog()?;
    let out = call.get::<PathBuf>("out").unwrap_or_else(|| engine.workspace().join(DEFAULT_OUT));
    let is_own = call.get::<PathBuf>("out").is_none();
    let named = call.text("tool").map(|text| engine.library().resolve(text)).transpose()?;
    let is_whole = named.is_none();
    let tools: Vec<Arc<Tool>> = match named {
        Some(tool) => vec![tool],
        // One page per name: that of the version in use.
        None => catalog
            .tools
            .iter()
            .filter(|tool| tool.stage != Stage::Archived && tool.shadowed_by.is_none() && tool.copy_of.is_none())
            .cloned()
            .collect(),
    };
    let mut pages: Vec<(String, String)> = Vec::new();
    let mut skipped = Vec::new();
    let mut index = String::from("# Tools\n\n");
    for tool in tools {
        match page(&engine, &tool) {
            Ok(text) => {
                let name = file_name(&tool, &pages);
                // Writing to memory cannot fail.
                let _ = writeln!(index, "- [{0}]({name}): {1}", escaped(tool.name.as_str()), line(&tool.description));
                pages.push((name, text));
            }
            Err(error) => skipped.push(format!("{}: {}", tool.path, error.message)),
        }
    }
    if is_whole {
        pages.push(("index.md".to_owned(), index));
    }
    let names: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
    let gone = if is_whole { left_over(&out, &names)? } else { Vec::new() };
    let check = call.switch("check");
    let mut changed = Vec::new();
    for (name, text) in pages {
        let (path, text) = (out.join(&name), format!("{text}\n{OURS}"));
        if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        if !check {
            // With `--out`, the user chose the folder, so links in its own path are allowed.
            refuse_links(if is_own { engine.workspace() } else { &out }, &path)?;
            if std::fs::read_to_string(&path).map_or_else(|_| path.exists(), |there| !there.ends_with(OURS)) {
                let message = format!("{} was not written by toolsmith, so it is not overwritten", path.display());
                return Err(EngineError::new(ErrorCode::Conflict, message, "choose another folder with --out"));
            }
            std::fs::create_dir_all(&out).map_err(|error| unwritable(&out, &error))?;
            std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        }
        changed.push(name);
    }
    for name in gone.iter().filter(|_| !check) {
        let path = out.join(name);
        std::fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(Written { out, pages: names, changed, gone, skipped, check })
}

/// Generated pages in the folder that belong to no present tool.
fn left_over(out: &Path, names: &[String]) -> Result<Vec<String>, EngineError> {
    let entries = match std::fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unwritable(out, &error)),
    };
    let mut gone: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md") && !names.contains(name))
        .filter(|name| std::fs::read_to_string(out.join(name)).is_ok_and(|text| text.ends_with(OURS)))
        .collect();
    gone.sort();
    Ok(gone)
}

/// A unique file name for each page: two tools may share a name.
fn file_name(tool: &Tool, taken: &[(String, String)]) -> String {
    let plain = format!("{}.md", tool.name);
    if plain != "index.md" && taken.iter().all(|(name, _)| *name != plain) {
        plain
    } else {
        format!("{}-{}.md", tool.name, tool.digest.short())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> EngineError {
    let message = format!("cannot write {}: {error}", path.display());
    EngineError::new(ErrorCode::Failed, message, "choose another folder with --out")
}

fn page(engine: &Engine, tool: &Tool) -> Result<String, EngineError> {
    let (detail, behaviour) = (engine.library().detail(tool)?, engine.observations().behaviour(tool)?);
    let lineage = engine.versions().lineage(tool)?;
    let version = lineage.versions.iter().find(|version| version.digest == tool.digest);
    Ok(render(&Material { detail: &detail, version, behaviour: &behaviour }))
}

fn render(material: &Material<'_>) -> String {
    let (tool, manifest) = (&material.detail.tool, &material.detail.manifest);
    let mut text = format!("# {}\n\n{}\n\n", escaped(tool.name.as_str()), paragraph(&tool.description));
    let facts = [
        ("version", format!("{} (`{}`)", tool.version, tool.digest.short())),
        ("stage", tool.stage.to_string()),
        ("kind", tool.kind.to_string()),
        ("category", escaped(&tool.category.0)),
        ("cost tier", if tool.classified { tool.cost_tier.to_string() } else { "unclassified".to_owned() }),
        ("tags", tool.tags.iter().map(|tag| escaped(tag)).collect::<Vec<_>>().join(", ")),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        item(&mut text, name, value);
    }
    usage(&mut text, tool, manifest);
    examples(&mut text, tool, manifest);
    limitations(&mut text, tool, manifest);
    measured(&mut text, material);
    provenance(&mut text, material);
    text
}

/// Whether the tool takes input: its schema has fields, or leaves them open.
fn takes_input(manifest: &Manifest) -> bool {
    let Some(schema) = &manifest.input else { return false };
    schema.get("properties").and_then(Value::as_object).is_none_or(|fields| !fields.is_empty())
}

fn usage(text: &mut String, tool: &Tool, manifest: &Manifest) {
    text.push_str("\n## Usage\n\n");
    let input = if takes_input(manifest) { " --input '{…}'" } else { "" };
    code(text, "sh", &format!("toolsmith run {}{input}", tool.name));
    for (title, schema) in [("Input", &manifest.input), ("Output", &manifest.output)] {
        match schema {
            Some(schema) => {
                // Writing to memory cannot fail.
                let _ = writeln!(text, "\n{title}:\n");
                code(text, "json", &pretty(schema));
            }
            None => {
                let _ = writeln!(text, "\n{title}: not stated.");
            }
        }
    }
    for case in tool.use_cases.iter() {
        let _ = write!(text, "{}- {}", if text.ends_with("\n\n") { "" } else { "\n" }, line(case));
    }
    if !tool.use_cases.is_empty() {
        text.push('\n');
    }
}

fn examples(text: &mut String, tool: &Tool, manifest: &Manifest) {
    text.push_str("\n## Examples\n");
    if manifest.examples.is_empty() {
        text.push_str("\nNone.\n");
    }
    for example in &manifest.examples {
        let title = if example.description.is_empty() { "An example" } else { &example.description };
        // Writing to memory cannot fail.
        let _ = writeln!(text, "\n{}\n", paragraph(title));
        let given = takes_input(manifest) || example.input.as_object().is_none_or(|fields| !fields.is_empty());
        let input = example.input.to_string().replace('\'', "'\\''");
        let input = if given { format!(" --input '{input}'") } else { String::new() };
        code(text, "sh", &format!("toolsmith run {}{input}", tool.name));
        if let Some(output) = &example.output {
            text.push_str("\ngives\n\n");
            code(text, "json", &pretty(output));
        }
    }
}

fn limitations(text: &mut String, tool: &Tool, manifest: &Manifest) {
    text.push_str("\n## Limitations\n\n");
    if manifest.permissions.is_nothing() {
        text.push_str("- It declares no permissions: no network, no files except its own, no variables.\n");
    }
    for sentence in manifest.permissions.sentences(tool.stage == Stage::Core) {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "- {}", line(&sentence));
    }
    let limits = &manifest.limits;
    let bytes = |value: Option<u64>| value.map(size);
    for (name, value) in [
        ("memory", bytes(limits.memory_bytes)),
        ("processor time", limits.cpu_seconds.map(|seconds| format!("{seconds}s"))),
        ("processes", limits.processes.map(|count| count.to_string())),
        ("output", bytes(limits.output_bytes)),
        ("disk", bytes(limits.disk_bytes)),
        ("time", manifest.recipe.as_ref().and_then(|recipe| recipe.timeout_ms).map(span)),
    ] {
        if let Some(value) = value {
            item(text, &format!("limit of {name}"), &value);
        }
    }
    if !tool.runnable {
        item(text, "it cannot run on this machine", &line(tool.reason.as_deref().unwrap_or("unknown reason")));
    }
}

fn measured(text: &mut String, material: &Material<'_>) {
    text.push_str("\n## Measured behaviour\n\n");
    for fact in material.behaviour.evidence() {
        item(text, &escaped(&fact.label), &line(&fact.text));
    }
    // Runs of this version only: the catalog counts all runs of the name.
    let told = material.version.map_or("none".to_owned(), LineageVersion::told_runs);
    item(text, "runs of this version", &told);
}

fn provenance(text: &mut String, material: &Material<'_>) {
    text.push_str("\n## Provenance\n\n");
    let Some(origin) = material.version.map(|version| &version.provenance) else {
        text.push_str("No provenance is recorded.\n");
        return;
    };
    for (name, value) in origin.facts() {
        item(text, name, &line(&value));
    }
}

/// Writes a list item; the value is already Markdown.
fn item(text: &mut String, name: &str, value: &str) {
    // Writing to memory cannot fail.
    let _ = writeln!(text, "- {name}: {value}");
}

fn pretty(value: &Value) -> String {
    // The keys of a JSON value are always strings, so it can always be written.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Writes a fenced code block; the fence is longer than any sequence of backticks in the text.
fn code(text: &mut String, language: &str, body: &str) {
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    text.push_str(&fence);
    text.push_str(language);
    text.push('\n');
    for line in SafeText::lines(body) {
        text.push_str(line.as_str());
        text.push('\n');
    }
    text.push_str(&fence);
    text.push('\n');
}

/// Text of several lines: each line is escaped, so that none is a heading, a list or markup.
fn paragraph(text: &str) -> String {
    SafeText::lines(text).iter().map(|line| escaped(line.as_str())).collect::<Vec<_>>().join("\n")
}

/// Text on one line.
fn line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text with every special character of Markdown and HTML escaped.
fn escaped(text: &str) -> String {
    let safe = SafeText::new(text);
    let mut out = String::with_capacity(safe.as_str().len());
    for (at, c) in safe.as_str().trim().char_indices() {
        let opens_line = at == 0 && matches!(c, '+' | '-' | '=' | ':');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '@' => {
                out.extend(['\\', c]);
            }
            // `1.` begins a list, and a bare address becomes a link.
            '.' if out.chars().all(|before| before.is_ascii_digit()) && !out.is_empty() => out.push_str("\\."),
            ':' if text.contains("://") => out.push_str("&#58;"),
            c if opens_line => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

impl Answer for Written {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for skipped in &self.skipped {
            page.line(&StyledLine::new().put(Ink::Warn, "no documentation page: ").put(Ink::Plain, skipped))?;
        }
        let (ink, written, taken) =
            if self.check { (Ink::Warn, "out of date: ", "no such tool: ") } else { (Ink::Dim, "wrote ", "removed ") };
        for (word, names) in [(written, &self.changed), (taken, &self.gone)] {
            for name in names {
                page.line(&StyledLine::new().put(ink, word).put(Ink::Plain, name))?;
            }
        }
        let fresh = counted(self.pages.len() - self.changed.len(), "page was up to date", "pages were up to date");
        page.say(format!("{} in {}, {fresh}", counted(self.pages.len(), "page", "pages"), self.out.display()))
    }

    fn exit_code(&self) -> u8 {
        let is_stale = self.check && !(self.changed.is_empty() && self.gone.is_empty());
        u8::from(is_stale || !self.skipped.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tool_that_takes_something_is_told_to_be_given_something() {
        let takes = |schema: Option<Value>| {
            let name = crate::domain::ToolName::new("x").unwrap();
            takes_input(&Manifest { input: schema, ..Manifest::blank(name, crate::domain::Dialect::Native) })
        };
        let object = |properties| Some(serde_json::json!({"type": "object", "properties": properties}));
        assert!(!takes(None) && !takes(object(serde_json::json!({}))));
        assert!(takes(object(serde_json::json!({"a": {}}))) && takes(Some(serde_json::json!({"type": "object"}))));
    }

    #[test]
    fn text_of_a_tool_is_never_markup() {
        for (raw, safe) in [
            ("# big", "\\# big"),
            ("[click](http://evil)", "\\[click\\]\\(http&#58;//evil\\)"),
            ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert\\(1\\)&gt;"),
            ("- item", "\\- item"),
            ("1. first", "1\\. first"),
            ("a `b` *c* _d_", "a \\`b\\` \\*c\\* \\_d\\_"),
            ("x\u{202e}y", "x\\\\u\\{202e\\}y"),
            ("two\nlines", "two\\\\nlines"),
        ] {
            assert_eq!(escaped(raw), safe, "{raw:?}");
        }
        assert_eq!(line("two\n# lines"), "two \\# lines");
        assert_eq!(paragraph("# a\n- b"), "\\# a\n\\- b");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut text = String::new();
        code(&mut text, "sh", "a ```` b\n``` c");
        assert_eq!(text, "`````sh\na ```` b\n``` c\n`````\n");
    }
}
