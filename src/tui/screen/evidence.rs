//! Facts as lines of text: the evidence of a review; and the properties, requirements, input and output of a tool.

use crate::domain::{Manifest, Run, Tool, ToolDetail};
use crate::engine::{Behaviour, EvidenceLine, Weight};
use crate::tui::input_table;
use crate::tui::now::Now;
use crate::tui::phrase::{ago, first_few, size, span};
use crate::tui::widget::{Piece, Place, TextLine, TextView, Tone};
use serde_json::Value;

/// The width of labels: the longest usual one is `hidden characters`.
pub(super) const LABEL_WIDTH: usize = 18;
/// The same on a narrow page: a longer label moves its fact to the right.
pub(super) const NARROW_LABEL_WIDTH: usize = 12;
/// The maximum number of runs listed.
const MAX_RUNS: usize = 5;
/// The width of the table of inputs; a narrower screen wraps its lines.
const TABLE_WIDTH: usize = 500;

/// A list of facts; a fact about lines of a file can be followed.
pub(super) struct Facts {
    pub(super) lines: Vec<TextLine>,
    /// The width of the labels.
    labels: usize,
}

impl Facts {
    /// An empty list, with labels of this width.
    pub(super) fn labelled(labels: usize) -> Facts {
        Facts { lines: Vec::new(), labels }
    }

    pub(super) fn add(&mut self, sign: &str, label: &str, text: &str, tone: Tone) {
        self.lines.push(TextLine::One(piece(sign, label, text, tone, self.labels)));
    }

    /// Adds a fact that summarizes others: a change of it is not new content.
    pub(super) fn sum(&mut self, sign: &str, label: &str, text: &str, tone: Tone) {
        let piece = piece(sign, label, text, tone, self.labels);
        self.lines.push(TextLine::One(piece.saying(saying("", label, ""))));
    }

    /// Adds a fact of the engine.
    pub(super) fn evidence(&mut self, line: &EvidenceLine) {
        let (sign, tone) = weight_sign(line.weight);
        self.add(sign, &line.label, &line.text, tone);
    }

    pub(super) fn run(&mut self, run: &Run, now: Now) {
        let (sign, tone) = if run.outcome.is_failure() { ("!", Tone::Warn) } else { ("·", Tone::Fact) };
        let label = format!("run #{}", run.id);
        let piece = piece(sign, &label, &run_words(run, now), tone, self.labels);
        // A change of its age is not new content.
        let said = saying(sign, &label, &run_words(run, Now { wall: run.started_at, ..now }));
        self.lines.push(TextLine::One(piece.saying(said)));
    }

    /// Adds a finding of a check. `label` is the displayed label; `to` is the number of its link target, which the
    /// owner of the list knows.
    pub(super) fn found(
        &mut self,
        sign: &str,
        (check, label): (&str, &str),
        text: &str,
        tone: Tone,
        to: Option<usize>,
    ) {
        let piece = piece(sign, label, text, tone, self.labels).saying(saying(sign, check, text));
        self.lines.push(TextLine::One(match to {
            Some(number) => piece.stands_for(Place::Link(number)),
            None => piece,
        }));
    }
}

/// The observed behaviour of a version or a run, section by section.
pub fn of_behaviour(behaviour: &Behaviour) -> TextView {
    let mut lines = Vec::new();
    if let Some(usage) = &behaviour.usage {
        let median = if usage.runs > 1 { format!("median of {} runs: ", usage.runs) } else { String::new() };
        let (took, cpu, memory) = (span(usage.duration_ms), span(usage.cpu_ms), size(usage.peak_memory_bytes));
        lines.push(fact("usage", &format!("{median}{took}, cpu {cpu}, peak memory {memory}")));
    }
    for part in behaviour.parts() {
        lines.push(heading(part.title));
        let mut facts = Facts::labelled(LABEL_WIDTH);
        part.lines.iter().for_each(|line| facts.evidence(line));
        lines.extend(facts.lines);
    }
    TextView::new(lines)
}

fn weight_sign(weight: Weight) -> (&'static str, Tone) {
    match weight {
        Weight::Fact => ("·", Tone::Fact),
        Weight::Good => ("✓", Tone::Good),
        Weight::Warn => ("!", Tone::Warn),
        Weight::Bad => ("✗", Tone::Bad),
    }
}

/// The properties, requirements, input and output of a tool.
pub fn of_tool(detail: &ToolDetail, runs: &[Run], now: Now) -> TextView {
    let tool = &detail.tool;
    let mut lines = Vec::new();
    for line in tool.description.lines() {
        lines.push(TextLine::new(line, Tone::Plain));
    }
    lines.push(heading("Description"));
    lines.extend(identity_lines(tool));
    lines.push(heading("Execution"));
    lines.extend(run_lines(&detail.manifest, tool));
    lines.extend(runs.first().map(|run| fact("last run", &run_words(run, now))));
    for (title, schema) in [("Input", &detail.manifest.input), ("Output", &detail.manifest.output)] {
        if let Some(schema) = schema {
            lines.push(heading(title));
            lines.extend(schema_lines(schema));
        }
    }
    if !detail.manifest.examples.is_empty() {
        lines.push(heading("Examples"));
        for example in &detail.manifest.examples {
            let output = example.output.as_ref().map(|output| format!("  →  {output}")).unwrap_or_default();
            let text = format!("{} {}{output}", example.description, example.input);
            lines.push(TextLine::One(Piece::new(&text, Tone::Plain).hanging(2)));
        }
    }
    if !runs.is_empty() {
        lines.push(heading("Recent runs"));
        let mut facts = Facts::labelled(LABEL_WIDTH);
        runs.iter().take(MAX_RUNS).for_each(|run| facts.run(run, now));
        lines.extend(facts.lines);
    }
    TextView::new(lines)
}

fn identity_lines(tool: &Tool) -> Vec<TextLine> {
    let mut lines = vec![
        fact("name", &tool.title.as_ref().map_or_else(|| tool.name.to_string(), |t| format!("{} ({t})", tool.name))),
        fact("version", &tool.version.to_string()),
        fact("digest", &tool.digest.hex()),
        fact("stage", tool.stage.word()),
        fact("kind", tool.kind.word()),
        fact("category", &tool.category.0),
        fact("cost tier", if tool.classified { tool.cost_tier.word() } else { "none (treated as medium, not locked)" }),
        fact("made by", tool.origin.word()),
        fact("form", tool.format.word()),
        fact("path", &tool.path),
    ];
    if let Some(reason) = &tool.facts.approved_over {
        lines.push(labelled("!", "overridden", &format!("approved despite failed checks: {reason}"), Tone::Bad));
    }
    if let Some(unread) = &tool.facts.approved_unread {
        lines.push(labelled("!", "not read", &format!("approved with {unread} in its review"), Tone::Bad));
    }
    for (label, list) in [
        ("tags", tool.tags.join(", ")),
        ("keywords", tool.keywords.join(", ")),
        ("use cases", tool.use_cases.join(", ")),
        ("capabilities", tool.capabilities.join(", ")),
        ("aliases", tool.aliases.join(", ")),
        ("same name as", first_few(&tool.clashes, "tools")),
        ("used instead of", first_few(&tool.shadows, "tools")),
    ] {
        if !list.is_empty() {
            lines.push(fact(label, &list));
        }
    }
    if let Some(path) = &tool.evolved_from {
        lines.push(fact("version of", path));
    }
    if let Some(path) = &tool.shadowed_by {
        lines.push(labelled("!", "not used", &format!("{path} takes precedence"), Tone::Warn));
    }
    if let Some(version) = &tool.facts.replaced_by {
        let text =
            format!("by {version}, which was made from it and is approved; archive this file if it is not needed");
        lines.push(labelled("!", "replaced", &text, Tone::Warn));
    }
    if let Some(path) = &tool.copy_of {
        lines.push(fact("same content as", path));
    }
    lines
}

fn run_lines(manifest: &Manifest, tool: &Tool) -> Vec<TextLine> {
    let mut lines = Vec::new();
    if let Some(reason) = &tool.reason {
        lines.push(labelled("!", "cannot run", reason, Tone::Warn));
    }
    lines.extend(manifest.start_words().iter().map(|(label, text)| fact(label, text)));
    if let Some(ms) = manifest.timeout_ms() {
        lines.push(fact("time limit", &span(ms)));
    }
    lines.push(fact("permissions", &manifest.permissions.summary()));
    if !manifest.dependencies.is_empty() {
        lines.push(fact("needs", &manifest.dependencies.join(", ")));
    }
    lines
}

/// The properties of an object schema as a table; any other schema in one line.
fn schema_lines(schema: &Value) -> Vec<TextLine> {
    let Some(rows) = input_table::inputs(schema) else {
        return vec![TextLine::new(&schema.to_string(), Tone::Plain)];
    };
    let lines = input_table::lines(&rows, TABLE_WIDTH);
    let tone = |at: usize| if at == 0 { Tone::Fold } else { Tone::Fact };
    lines.iter().enumerate().map(|(at, line)| TextLine::One(Piece::new(line, tone(at)).hanging(2))).collect()
}

fn run_words(run: &Run, now: Now) -> String {
    let error = run.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let when = ago(now.wall, run.started_at);
    let took = span(run.usage.duration_ms);
    let level = run.isolation_and_worker();
    format!("{} after {took}, {level}, {when}{error}", run.outcome)
}

fn fact(label: &str, text: &str) -> TextLine {
    labelled("·", label, text, Tone::Fact)
}

/// A symbol, a label and a fact, with all facts in one column.
fn labelled(sign: &str, label: &str, text: &str, tone: Tone) -> TextLine {
    TextLine::One(piece(sign, label, text, tone, LABEL_WIDTH))
}

fn piece(sign: &str, label: &str, text: &str, tone: Tone, labels: usize) -> Piece {
    let piece = Piece::new(&format!("{sign} {label:<labels$} {text}"), tone).hanging(labels + 3);
    piece.saying(saying(sign, label, text))
}

/// The content of a fact, independent of the width of its label.
fn saying(sign: &str, label: &str, text: &str) -> String {
    format!("{sign}\n{label}\n{text}")
}

fn heading(text: &str) -> TextLine {
    TextLine::new(text, Tone::Header)
}
