//! Shows tools: `init`, `list`, `show`.

mod listing;
mod schema_words;
mod service_facts;
mod step_facts;

use super::call::{Answer, Call};
use super::done::NOTHING_CHANGED;
use super::files::FileHead;
use super::print_text::{Align, Ink, Page, StyledLine, Table, percent, when};
use super::runs::run_table;
use super::shared::stage_ink;
use super::shared::usage_words;
use super::shared::{evidence_line, risk_ink};
use crate::domain::composite::Composite;
use crate::domain::service::ServiceDefinition;
use crate::domain::{
    Dialect, Example, Format, HttpDefinition, LimitsDeclared, Manifest, Missing, NOT_ON_PATH, Permissions,
    PromptDefinition, Provenance, Recipe, ReviewId, Run, StateRule, TestCase, Tool, ToolState, first_few, grouped,
    plural,
};
use crate::engine::{
    Behaviour, EngineError, InitReport, RunFilter, SkillText, VersionInfo, definition_of, init as init_workspace,
    plan_init, service_notes, write_starter,
};
pub(super) use listing::list;
use listing::{state_words, tier_word};
use schema_words::write_schema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use service_facts::masked;
use std::io;
use std::path::PathBuf;

/// How many runs of a tool `show` lists.
const SHOWN_RUNS: usize = 5;
/// How many lines of a skill `show` prints.
const SKILL_LINES: usize = 60;

#[derive(Serialize)]
pub(super) struct Initialised {
    workspace: String,
    #[serde(flatten)]
    report: InitReport,
    /// Whether the starter tools were requested; they must be adopted before use.
    #[serde(skip)]
    starter: bool,
}

pub(super) fn init(call: &Call<'_>) -> Result<Initialised, EngineError> {
    let dir = call.get::<PathBuf>("dir").or_else(|| call.globals.workspace.clone()).unwrap_or_else(|| ".".into());
    let mut report = if call.is_dry() { plan_init(&dir)? } else { init_workspace(&dir)? };
    let starter = call.switch("starter");
    if starter {
        write_starter(&dir, &mut report)?;
    }
    let dir = dir.canonicalize().unwrap_or(dir);
    Ok(Initialised { workspace: dir.display().to_string(), report, starter })
}

impl Answer for Initialised {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for path in &self.report.created {
            let word = if self.report.is_dry { "would create  " } else { "created  " };
            page.line(&StyledLine::new().put(Ink::Good, word).put(Ink::Plain, path))?;
        }
        for path in &self.report.kept {
            page.line(&StyledLine::new().put(Ink::Dim, "kept     ").put(Ink::Plain, path))?;
        }
        if self.report.is_dry {
            return page.say(NOTHING_CHANGED);
        }
        if self.starter {
            page.say("the starter tools wait: `toolsmith starter` shows what each declares and adopts them")?;
        }
        page.say(format!("{} is a workspace; `toolsmith` opens it", self.workspace))
    }
}

/// One tool with everything that is known about it.
#[derive(Serialize)]
pub(super) struct Shown {
    tool: Tool,
    versions: Vec<VersionInfo>,
    #[serde(flatten, serialize_with = "manifest_fields")]
    manifest: Manifest,
    files: Vec<FileHead>,
    runs: Vec<Run>,
    waiting_review: Option<ReviewId>,
    behaviour: Behaviour,
    missing: Vec<Missing>,
    /// The definition of a service as its file states it; `define --from` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Value>,
    /// The text of a skill.
    #[serde(skip_serializing_if = "Option::is_none")]
    skill: Option<SkillText>,
    /// The state that the tool keeps between its runs, and its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    keeps: Option<String>,
    /// Remarks about the definition of a service that deserve attention.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// The objection of `verify` against the tool.
    doubt: Option<String>,
    /// Whether that objection is the only problem: the files are the approved ones.
    #[serde(skip)]
    is_only_doubted: bool,
    /// The message that the tool would run with another interpreter than at its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    interpreter_changed: Option<String>,
    /// The message that the tool fails repeatedly, and the effect of a rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<String>,
}

/// The fields of a manifest that the tool's row does not already have.
fn manifest_fields<S: Serializer>(manifest: &Manifest, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Fields<'a> {
        dialect: Dialect,
        recipe: &'a Option<Recipe>,
        #[serde(skip_serializing_if = "Option::is_none")]
        http: &'a Option<HttpDefinition>,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt: &'a Option<PromptDefinition>,
        #[serde(skip_serializing_if = "Option::is_none")]
        service: &'a Option<ServiceDefinition>,
        #[serde(skip_serializing_if = "Option::is_none")]
        composite: &'a Option<Composite>,
        permissions: &'a Permissions,
        limits: &'a LimitsDeclared,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: &'a Option<StateRule>,
        input: &'a Option<Value>,
        output: &'a Option<Value>,
        examples: &'a [Example],
        tests: &'a [TestCase],
        provenance: &'a Provenance,
        dependencies: &'a [String],
        extra: &'a Map<String, Value>,
    }
    let fields = Fields {
        dialect: manifest.dialect,
        recipe: &manifest.recipe,
        http: &manifest.http,
        prompt: &manifest.prompt,
        service: &manifest.service,
        composite: &manifest.composite,
        permissions: &manifest.permissions,
        limits: &manifest.limits,
        state: &manifest.state,
        input: &manifest.input,
        output: &manifest.output,
        examples: &manifest.examples,
        tests: &manifest.tests,
        provenance: &manifest.provenance,
        dependencies: &manifest.dependencies,
        extra: &manifest.extra,
    };
    fields.serialize(serializer)
}

pub(super) fn show(call: &Call<'_>) -> Result<Shown, EngineError> {
    let engine = call.open_around(call.required("tool")?)?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    let detail = engine.library().detail(&tool)?;
    let filter = RunFilter::of_tool(&tool, SHOWN_RUNS);
    let doubt = engine.integrity().doubted(&tool)?;
    let mut row = detail.tool.clone();
    let is_only_doubted = row.stage.is_vouched() && doubt.is_some() && row.state == ToolState::Ok;
    if is_only_doubted {
        row.state = ToolState::Changed;
    }
    Ok(Shown {
        versions: engine.versions().list(&tool.name)?,
        files: detail.files.iter().map(FileHead::of).collect(),
        runs: engine.runs().list(&filter)?,
        waiting_review: engine.reviews().waiting_of(&tool)?,
        behaviour: engine.observations().behaviour(&tool)?,
        missing: engine.dependencies().missing(&detail),
        keeps: engine.runs().state_of(&detail)?.summary(),
        doubt,
        is_only_doubted,
        interpreter_changed: engine.dependencies().interpreter_changed(&detail)?,
        rollback: engine.versions().rollback_offer(&tool)?,
        definition: definition_of(&detail),
        skill: engine.library().skill_text(&detail),
        notes: service_notes(&detail.manifest),
        manifest: masked(detail.manifest),
        tool: row,
    })
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.identity(page)?;
        self.standing(page)?;
        self.needs(page)?;
        self.skill(page)?;
        self.service(page)?;
        self.steps(page)?;
        write_schema(page, "Input", self.manifest.input.as_ref())?;
        write_schema(page, "Output", self.manifest.output.as_ref())?;
        self.contents(page)?;
        page.heading("Behaviour")?;
        let seen = self.behaviour.evidence();
        for line in &seen {
            page.line(&evidence_line(line))?;
        }
        let more = if seen.is_empty() {
            "  not observed yet".to_owned()
        } else {
            format!("  `toolsmith behaviour {}` shows all of it", self.tool.name)
        };
        page.line(&StyledLine::new().put(Ink::Dim, more))?;
        self.history(page)
    }
}

impl Shown {
    fn identity(&self, page: &mut Page<'_>) -> io::Result<()> {
        let tool = &self.tool;
        page.line(
            &StyledLine::new()
                .put(Ink::Strong, tool.name.as_str())
                .put(Ink::Plain, format!(" {}  ", tool.version))
                .put(stage_ink(tool.stage), tool.stage.word()),
        )?;
        page.block(0, Ink::Plain, &tool.description)?;
        page.line(&StyledLine::new())?;
        if let Some(title) = &tool.title {
            page.field("title", Ink::Plain, title)?;
        }
        page.field("digest", Ink::Plain, tool.digest.hex())?;
        page.field("path", Ink::Plain, format!("{} ({})", tool.path, format_words(tool.format)))?;
        let dialect = self.manifest.dialect;
        page.field("kind", Ink::Plain, format!("{}, category {}, dialect {dialect}", tool.kind, tool.category))?;
        let counts = if tool.classified { "" } else { " (treated as medium, but not locked)" };
        page.field("cost tier", Ink::Plain, format!("{}{counts}", tier_word(tool)))?;
        for (label, list) in [
            ("tags", tool.tags.join(", ")),
            ("keywords", tool.keywords.join(", ")),
            ("capabilities", tool.capabilities.join(", ")),
            ("use cases", tool.use_cases.join(", ")),
            ("aliases", tool.aliases.join(", ")),
            ("needs", self.manifest.dependencies.join(", ")),
        ] {
            if !list.is_empty() {
                page.field(label, Ink::Plain, list)?;
            }
        }
        Ok(())
    }

    fn standing(&self, page: &mut Page<'_>) -> io::Result<()> {
        let tool = &self.tool;
        let (ink, state) = state_words(tool);
        match &self.doubt {
            Some(_) if self.is_only_doubted => page.field("state", Ink::Bad, "differs from approval")?,
            Some(_) | None => page.field("state", ink, state)?,
        }
        if let Some(doubt) = &self.doubt {
            page.field("changed", Ink::Bad, doubt)?;
        }
        if let Some(changed) = &self.interpreter_changed {
            page.field("interpreter", Ink::Warn, changed)?;
        }
        if let Some(offer) = &self.rollback {
            page.field("failing", Ink::Bad, offer)?;
        }
        if let Some(reason) = &tool.reason {
            page.field("not runnable", Ink::Warn, reason)?;
        }
        if let Some(reason) = &tool.facts.approved_over {
            page.field("overridden", Ink::Bad, format!("approved despite failed checks: {reason}"))?;
        }
        if let Some(unread) = &tool.facts.approved_unread {
            page.field("not read", Ink::Bad, format!("approved with {unread} in its review"))?;
        }
        if let Some(mark) = &tool.facts.deprecated {
            let by = mark.by.as_ref().map(|by| format!("use {by} instead, ")).unwrap_or_default();
            let why = mark.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            page.field("deprecated", Ink::Warn, format!("{by}says {}{why}", mark.who))?;
        }
        // The reason why the tool is not runnable already says this if it is about the same program.
        let is_said = |message: &str| {
            let named =
                |reason: &str| reason.strip_suffix(NOT_ON_PATH).is_some_and(|program| message.starts_with(program));
            tool.reason.as_deref().is_some_and(named)
        };
        for missing in self.missing.iter().filter(|missing| !is_said(&missing.message)) {
            page.field("missing", Ink::Warn, &missing.message)?;
        }
        if let Some(path) = &tool.copy_of {
            page.field("copy of", Ink::Plain, path)?;
        }
        if let Some(path) = &tool.evolved_from {
            page.field("version of", Ink::Plain, path)?;
        }
        if let Some(path) = &tool.shadowed_by {
            page.field("shadowed by", Ink::Warn, path)?;
        }
        if let Some(version) = &tool.facts.replaced_by {
            let text =
                format!("{version}, made from it and approved; `toolsmith archive {}` archives this file", tool.path);
            page.field("replaced by", Ink::Warn, text)?;
        }
        for (label, paths) in [("shadows", &tool.shadows), ("clashes with", &tool.clashes)] {
            if !paths.is_empty() {
                page.field(label, Ink::Warn, first_few(paths, "tools"))?;
            }
        }
        if let Some(review) = self.waiting_review {
            page.field("review", Ink::Warn, format!("{review} is pending: `toolsmith review {review}`"))?;
        }
        let made = &self.manifest.provenance;
        let by = [made.created_by.as_deref(), made.generator.as_deref(), made.created_at.as_deref()];
        let by: Vec<&str> = by.into_iter().flatten().collect();
        let by = if by.is_empty() { "not stated".to_owned() } else { by.join(", ") };
        page.field("made by", Ink::Plain, format!("{by} (origin {})", tool.origin))?;
        match &made.status {
            Some(status) => page.field("own status", Ink::Dim, own_status(status, tool)),
            None => Ok(()),
        }
    }

    fn needs(&self, page: &mut Page<'_>) -> io::Result<()> {
        for (label, text) in self.manifest.start_words() {
            page.field(label, Ink::Plain, text)?;
        }
        page.field("permissions", Ink::Plain, self.manifest.permissions.summary())?;
        if let Some(keeps) = &self.keeps {
            page.field("keeps", Ink::Plain, keeps)?;
        }
        page.field("risk", risk_ink(self.tool.risk), self.tool.risk.word())
    }

    fn skill(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(skill) = &self.skill else { return Ok(()) };
        for (label, text) in [("license", &skill.license), ("asks to allow", &skill.allowed_tools)] {
            if let Some(text) = text {
                page.field(label, Ink::Plain, text)?;
            }
        }
        page.heading("Text")?;
        let mut lines = skill.body.lines();
        for line in lines.by_ref().take(SKILL_LINES) {
            page.block(2, Ink::Plain, line)?;
        }
        let left = lines.count();
        if left == 0 {
            return Ok(());
        }
        let more = format!("  … {}: `toolsmith source {}`", plural(left, "more line", "more lines"), self.tool.name);
        page.line(&StyledLine::new().put(Ink::Dim, more))
    }

    fn contents(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Files")?;
        for file in &self.files {
            page.line(&file.line("  "))?;
        }
        if self.manifest.examples.is_empty() {
            return Ok(());
        }
        page.heading("Examples")?;
        for example in &self.manifest.examples {
            if !example.description.is_empty() {
                page.line(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Dim, &example.description))?;
            }
            page.line(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, example.input.to_string()))?;
        }
        Ok(())
    }

    fn history(&self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.versions.is_empty() {
            page.heading("Versions")?;
            let mut table =
                Table::new(&["version", "digest", "stage", "seen", "", "usage"].map(|head| (head, Align::Left)));
            for version in &self.versions {
                let approved = if version.approved { "approved" } else { "" };
                let kept = if version.kept { "copy kept" } else { "" };
                table.row([
                    (Ink::Plain, version.version.to_string()),
                    (Ink::Plain, version.digest.short()),
                    (stage_ink(version.stage), version.stage.to_string()),
                    (Ink::Dim, when(version.first_seen_at, page.look())),
                    (Ink::Plain, format!("{approved} {kept}").trim().to_owned()),
                    (Ink::Dim, version.usage.as_ref().map_or_else(|| "no finished run".to_owned(), usage_words)),
                ]);
            }
            page.table(&table)?;
        }
        if let Some(here) = self.versions.iter().find(|version| version.digest == self.tool.digest) {
            page.heading("Provenance")?;
            for (name, value) in here.provenance.facts() {
                page.field(name, Ink::Plain, value)?;
            }
        }
        let runs = self.tool.facts.runs;
        let rate = self.tool.facts.success_rate.map(|rate| format!(", {} succeeded", percent(rate)));
        page.heading(&format!("Runs: {}{}", grouped(runs), rate.unwrap_or_default()))?;
        if self.runs.is_empty() {
            return page.line(&StyledLine::new().put(Ink::Dim, "  no runs yet"));
        }
        page.table(&run_table(&self.runs, page.look()))
    }
}

/// The status according to a file; no decision changes it.
fn own_status(status: &str, tool: &Tool) -> String {
    format!("{status:?}, written in its file; the stage that counts is {}", tool.stage)
}

fn format_words(format: Format) -> &'static str {
    match format {
        Format::Native => "native folder",
        Format::Pair => "script and sidecar",
        Format::Manifest => "manifest only",
        Format::Header => "script without manifest",
        Format::Entry => "one of several in a file",
        Format::Skill => "skill folder",
    }
}

#[cfg(test)]
mod tests;
