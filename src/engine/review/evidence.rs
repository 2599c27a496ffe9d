//! The facts for a reviewer: what the version declares, hides, did, and how it differs.
//!
//! Only facts, worst first. What was not examined is stated, never left out.

use crate::domain::mcp::{ToolLock, differences};
use crate::domain::source::text_of;
use crate::domain::{
    CapabilityKind, CostTier, Dialect, IS_SERVER, IS_SKILL, IsolationLevel, Manifest, Missing, Permissions, Review,
    ReviewKind, Run, RunOutcome, SafeText, Severity, Tool, Verdict, VersionFile, count, hidden_in,
};
use crate::engine::error::EngineError;
use crate::engine::run::behaviour::Behaviour;
use crate::engine::view::{EvidenceLine, Weight};
use crate::insight::Suggestion;

/// The label of the evidence about the author; the header of a review repeats it.
pub const MADE: &str = "made";
/// The label of the evidence about the reason; the header of a review repeats it.
pub const MADE_BECAUSE: &str = "reason";
/// The label of the evidence about the tools of a server.
const SERVER_TOOLS: &str = "server tools";

/// The name of the check that finds what code reaches.
const CAPABILITIES: &str = "capabilities";

/// The sources of the facts.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The review whose evidence is collected.
    pub review: &'a Review,
    /// The row in the catalog, if the version is still there.
    pub tool: Option<&'a Tool>,
    /// The files under review.
    pub files: &'a [VersionFile],
    /// `None` if the manifest cannot be read.
    pub manifest: Option<&'a Manifest>,
    /// The manifest approved before.
    pub base: Option<&'a Manifest>,
    /// The files approved before.
    pub base_files: Option<&'a [VersionFile]>,
    /// Runs of this digest.
    pub runs: &'a [Run],
    /// Their observed behaviour; `None` if the version is not in the catalog.
    pub behaviour: Option<Result<&'a Behaviour, &'a EngineError>>,
    /// The current minimum isolation of the stage: a run with less isolation proves nothing.
    pub least: IsolationLevel,
    /// Requirements that are missing on this machine.
    pub missing: &'a [Missing],
    /// Why the files could not be read.
    pub unreadable: Option<&'a str>,
}

/// Collects the facts, worst first; facts of one weight keep their order.
pub fn collect(material: Material<'_>) -> Vec<EvidenceLine> {
    let mut lines = Vec::new();
    lines.extend(material.unreadable.map(|why| line(Weight::Bad, "unreadable", why)));
    lines.extend(hidden(material.files));
    lines.extend(raised(material.review));
    lines.extend(material.review.changed_server().map(|why| line(Weight::Bad, "changed", why)));
    lines.extend(server_tools(material.files, material.base_files));
    if let Some(manifest) = material.manifest {
        lines.extend(never_granted(&manifest.permissions));
        lines.extend(permissions(&manifest.permissions, material.base.map(|m| &m.permissions)));
        if !manifest.kind.starts_process() {
            lines.extend(manifest.start_words().into_iter().map(|(label, text)| line(Weight::Fact, label, text)));
        }
        lines.extend(manifest.state.as_ref().map(|rule| line(Weight::Fact, "keeps", rule.summary())));
        lines.push(provenance(manifest));
        lines.extend(manifest.provenance.status.as_ref().map(|status| {
            line(Weight::Fact, "own status", format!("{status:?}, written in the file; a decision does not change it"))
        }));
        lines.extend(manifest.provenance.reason.as_ref().map(|why| line(Weight::Fact, MADE_BECAUSE, why)));
    }
    if let Some(tool) = material.tool {
        lines.extend(of_row(tool));
    }
    lines.extend(material.missing.iter().map(|missing| line(Weight::Warn, "missing", missing.message.as_str())));
    let kind = material.review.kind;
    if !(kind.is_posted_text() || kind == ReviewKind::Adoption) {
        lines.extend(runs(material.runs, material.least));
    }
    lines.extend(match material.behaviour {
        Some(Ok(behaviour)) => behaviour.evidence(),
        Some(Err(error)) => vec![line(Weight::Warn, "observed in runs", format!("unknown: {error}"))],
        None => Vec::new(),
    });
    // The whole text of a request for a permit is shown in any case.
    if !kind.is_posted_text() && kind != ReviewKind::Call {
        lines.push(size(material.files));
    }
    if material.review.kind == ReviewKind::Adoption {
        lines.extend(members(material.review));
    }
    worst_first(&mut lines);
    lines
}

/// Puts facts in order, worst first; facts of one weight keep their order.
pub fn worst_first(lines: &mut [EvidenceLine]) {
    lines.sort_by_key(|fact| match fact.weight {
        Weight::Bad => 0,
        Weight::Warn => 1,
        Weight::Fact => 2,
        Weight::Good => 3,
    });
}

/// A suggestion to ask fewer questions, as a fact among others: it decides nothing.
pub fn suggested(found: &Suggestion) -> EvidenceLine {
    line(Weight::Fact, "suggestion", found.text.as_str())
}

/// What the code of a script reaches, as far as the check of its capabilities has found it and does not warn of it. Our own
/// manifests declare it, and what they leave out is a warning; a script without one cannot declare anything, and a reader
/// must see it without unfolding the check.
pub fn reach(verdict: &Verdict, manifest: &Manifest) -> Option<EvidenceLine> {
    const TOLD: &[CapabilityKind] = &[
        CapabilityKind::ReadsOutside,
        CapabilityKind::Network,
        CapabilityKind::Shell,
        CapabilityKind::StartsPrograms,
        CapabilityKind::DeletesFiles,
        CapabilityKind::WritesFiles,
    ];
    if manifest.dialect == Dialect::Native {
        return None;
    }
    let check = verdict.checks.iter().find(|check| check.name == CAPABILITIES)?;
    let told = TOLD.iter().filter_map(|kind| {
        let found = check.findings.iter().find(|found| found.code == kind.word() && found.severity == Severity::Low)?;
        let at = found.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        Some(format!("{}{at}", kind.phrase()))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| line(Weight::Fact, "its code", told.join(", ")))
}

fn line(weight: Weight, label: &str, text: impl Into<String>) -> EvidenceLine {
    EvidenceLine { weight, label: label.to_owned(), text: text.into() }
}

/// The tools of a server, and how they differ from the list approved before.
fn server_tools(files: &[VersionFile], before: Option<&[VersionFile]>) -> Vec<EvidenceLine> {
    let lock = match ToolLock::in_files(files) {
        None => return Vec::new(),
        Some(Err(error)) => {
            return vec![line(Weight::Bad, SERVER_TOOLS, SafeText::new(&error.to_string()).to_string())];
        }
        Some(Ok(lock)) => lock,
    };
    let before = before.and_then(ToolLock::in_files).and_then(Result::ok);
    let mut lines = vec![line(Weight::Fact, SERVER_TOOLS, format!("{} listed", count(lock.tools.len(), "tool")))];
    if before.is_some() {
        lines.extend(differences(before.as_ref(), &lock).into_iter().map(|told| {
            let weight = if told.contains("[widens: ") { Weight::Bad } else { Weight::Warn };
            line(weight, SERVER_TOOLS, told)
        }));
    }
    lines
}

/// Why its risk is high regardless of its declaration.
fn raised(review: &Review) -> Option<EvidenceLine> {
    let failed = review.verdict.as_ref().filter(|_| review.is_checked()).map_or(0, |verdict| verdict.failed);
    (failed > 0).then(|| line(Weight::Bad, "risk", format!("high: {} failed", count(failed as usize, "check"))))
}

/// Characters that a reader would not see.
fn hidden(files: &[VersionFile]) -> Vec<EvidenceLine> {
    let mut found = Vec::new();
    for file in files {
        // Ignores a byte order mark at the beginning of the file.
        let Some(text) = text_of(file) else {
            found.push(line(Weight::Warn, "binary", format!("{} is not text", SafeText::new(&file.path))));
            continue;
        };
        let counts = text.lines().zip(1_u64..).map(|(text, number)| (number, hidden_in(text).len()));
        let bad: Vec<(u64, usize)> = counts.filter(|(_, count)| *count > 0).collect();
        if let Some((first, _)) = bad.first() {
            let count: usize = bad.iter().map(|(_, count)| count).sum();
            let text = format!("{count} in {}, first in line {first}", SafeText::new(&file.path));
            found.push(line(Weight::Bad, "hidden characters", text));
        }
    }
    if found.is_empty() {
        found.push(line(Weight::Good, "hidden characters", "none"));
    }
    found
}

/// Declared permissions that no tool gets.
fn never_granted(declared: &Permissions) -> Vec<EvidenceLine> {
    declared.faults().iter().map(|fault| line(Weight::Bad, "never granted", fault.to_string())).collect()
}

/// Permissions, and how they differ from the version approved before.
fn permissions(now: &Permissions, before: Option<&Permissions>) -> Vec<EvidenceLine> {
    let risky = !now.network.is_empty() || !now.write.is_empty() || !now.run.is_empty();
    let weight = if risky { Weight::Warn } else { Weight::Fact };
    let mut lines = vec![line(weight, "declares", now.summary())];
    let Some(before) = before else { return lines };
    let pairs = |p: &Permissions| -> Vec<String> {
        [("network", &p.network), ("read", &p.read), ("write", &p.write), ("env", &p.env), ("run", &p.run)]
            .into_iter()
            .flat_map(|(word, list)| list.iter().map(move |item| format!("{word} {item}")))
            .collect()
    };
    let (old, new) = (pairs(before), pairs(now));
    let added: Vec<&str> = new.iter().filter(|p| !old.contains(p)).map(String::as_str).collect();
    let gone: Vec<&str> = old.iter().filter(|p| !new.contains(p)).map(String::as_str).collect();
    let text = format!("added: {}; removed: {}", words(&added), words(&gone));
    lines.push(line(if added.is_empty() { Weight::Good } else { Weight::Bad }, "declares", text));
    lines
}

fn words(list: &[&str]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

fn provenance(manifest: &Manifest) -> EvidenceLine {
    let p = &manifest.provenance;
    let parts: Vec<String> = [
        p.created_by.as_ref().map(|v| format!("by {v}")),
        p.generator.as_ref().map(|v| format!("with {v}")),
        p.created_at.as_ref().map(|v| format!("at {v}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        line(Weight::Fact, MADE, "author and date not stated")
    } else {
        line(Weight::Fact, MADE, parts.join(" "))
    }
}

fn of_row(tool: &Tool) -> Vec<EvidenceLine> {
    let mut lines = Vec::new();
    if tool.cost_tier == CostTier::Prohibited {
        lines.push(line(Weight::Bad, "tier", "prohibited: it never runs"));
    } else if !tool.classified {
        lines.push(line(Weight::Fact, "tier", "no cost tier (treated as medium)"));
    } else {
        lines.push(line(Weight::Fact, "tier", tool.cost_tier.word()));
    }
    if let Some(reason) = &tool.reason {
        // A server is complete, because only its tools are run. So is a skill, which is only read.
        let (weight, label) = match reason {
            reason if reason.starts_with(IS_SERVER) => (Weight::Fact, "server"),
            reason if reason.starts_with(IS_SKILL) => (Weight::Fact, "skill"),
            _ => (Weight::Bad, "cannot run"),
        };
        lines.push(line(weight, label, reason));
    }
    if let Some(path) = &tool.copy_of {
        lines.push(line(Weight::Warn, "copy", format!("same files as {path}")));
    }
    for path in &tool.clashes {
        lines.push(line(Weight::Warn, "name clash", format!("{path} has the same name but different content")));
    }
    if let Some(taken) = &tool.facts.reserved {
        lines.push(line(Weight::Bad, "reserved name", taken));
    }
    for path in &tool.shadows {
        lines.push(line(Weight::Fact, "shadows", path));
    }
    if let Some(steps) = &tool.steps {
        lines.extend(steps.steps.iter().map(|step| match &step.fault {
            None => line(Weight::Fact, "step", format!("{} calls {}", step.id, step.tool)),
            Some(fault) => line(Weight::Bad, "step", format!("{} calls {}: {fault}", step.id, step.tool)),
        }));
        let text = "covers these steps and the names of their tools; each tool needs an approval of its own";
        lines.push(line(Weight::Fact, "this approval", text));
    }
    match (&tool.shadowed_by, &tool.evolved_from) {
        (Some(path), Some(_)) => {
            lines.push(line(Weight::Fact, "when approved", format!("used instead of {path}")));
        }
        (Some(path), None) => lines.push(line(Weight::Fact, "shadowed by", path)),
        (None, _) => {}
    }
    lines
}

/// Runs of the version with their isolation. A run below the required level is listed, and does not count.
fn runs(runs: &[Run], least: IsolationLevel) -> Vec<EvidenceLine> {
    // A run that never started, or is still running, is no evidence.
    let ended = |run: &&Run| run.outcome.has_started() && run.outcome != RunOutcome::Running;
    let started = runs.iter().filter(ended);
    let (counted, below): (Vec<&Run>, Vec<&Run>) = started.partition(|run| run.isolation.level.reaches(least));
    let mut lines = Vec::new();
    let (judged, neutral): (Vec<&Run>, Vec<&Run>) = counted.into_iter().partition(|run| run.outcome.is_judged());
    if !judged.is_empty() {
        let good = judged.iter().filter(|r| r.outcome == RunOutcome::Succeeded).count();
        let bad = judged.iter().filter(|r| r.outcome.is_failure()).count();
        let weight = if bad > 0 || good == 0 { Weight::Warn } else { Weight::Good };
        let text = format!("{good} succeeded, {bad} failed of the last {} ({})", judged.len(), levels(&judged));
        lines.push(line(weight, "runs", text));
    }
    if !neutral.is_empty() {
        let runs = count(neutral.len(), "run");
        let text = format!(
            "{runs} ended by request or with the machine, which is neither good nor bad ({})",
            levels(&neutral)
        );
        lines.push(line(Weight::Fact, "runs", text));
    }
    if !below.is_empty() {
        let verb = if below.len() == 1 { "does" } else { "do" };
        let runs = count(below.len(), "run");
        let text = format!("{runs} below {least} {verb} not count as evidence ({})", levels(&below));
        lines.push(line(Weight::Warn, "runs", text));
    }
    if lines.is_empty() {
        lines.push(line(Weight::Fact, "runs", "this version has never been run here"));
    }
    lines
}

/// The number of runs at each isolation level, strongest first: `3 isolated, 1 confined`.
fn levels(runs: &[&Run]) -> String {
    let counts = IsolationLevel::ALL.iter().filter_map(|level| {
        let count = runs.iter().filter(|run| run.isolation.level == *level).count();
        (count > 0).then(|| format!("{count} {level}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn size(files: &[VersionFile]) -> EvidenceLine {
    let bytes: usize = files.iter().map(|f| f.bytes.len()).sum();
    let lines: usize = files.iter().map(|f| memchr::memchr_iter(b'\n', &f.bytes).count()).sum();
    let parts = [count(files.len(), "file"), count(lines, "line"), count(bytes, "byte")];
    line(Weight::Fact, "size", parts.join(", "))
}

fn members(review: &Review) -> Vec<EvidenceLine> {
    review
        .members
        .iter()
        .map(|(name, digest)| line(Weight::Fact, "covers", format!("{name} {}", digest.short())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn what_a_script_reaches_is_told_where_its_manifest_could_not_declare_it() {
        use crate::domain::{CheckReport, Finding, Instant, ToolName};
        let found = |code: &str, severity, line| Finding::new(code, severity, "m").at("a.py", line);
        let findings = vec![
            found("network", Severity::Low, 12),
            found("network", Severity::Low, 14),
            found("reads-outside", Severity::Low, 10),
            found("shell", Severity::Medium, 13),
            found("reads-files", Severity::Low, 3),
        ];
        let verdict = Verdict::of(vec![CheckReport::of(CAPABILITIES, findings)], None, Instant(0));
        let reach =
            |dialect| reach(&verdict, &Manifest::blank(ToolName::new("a").unwrap(), dialect)).map(|line| line.text);
        let told = "reads files outside its folder and the workspace (line 10), uses the network (line 12)";
        assert_eq!(reach(Dialect::Header).as_deref(), Some(told));
        assert_eq!(reach(Dialect::Native), None);
    }

    #[test]
    fn what_is_complete_as_it_is_has_no_problem() {
        let line_of = |reason: &str| {
            let row = Tool { reason: Some(reason.to_owned()), ..Tool::ordinary("x") };
            of_row(&row).into_iter().find(|line| line.text == reason).map(|line| (line.weight, line.label))
        };
        assert_eq!(line_of(IS_SERVER).unwrap().0, Weight::Fact);
        let skill = format!("{IS_SKILL}: it is reviewed here and not started");
        assert_eq!(line_of(&skill).unwrap(), (Weight::Fact, "skill".into()));
        assert_eq!(line_of("node is not installed").unwrap(), (Weight::Bad, "cannot run".into()));
    }

    #[test]
    fn hidden_characters_are_counted_and_placed_at_the_first_line_that_has_one() {
        let told = |text: &str| {
            let file = VersionFile { path: "a.py".into(), mode: FileMode::Plain, bytes: text.into() };
            hidden(&[file]).into_iter().map(|line| (line.weight, line.text)).collect::<Vec<_>>()
        };
        let bad = |text: &str| vec![(Weight::Bad, text.to_owned())];
        assert_eq!(told("\u{feff}a = 1\n"), [(Weight::Good, "none".to_owned())], "it begins with a mark of order");
        // The character is a byte order mark only at the beginning of a file.
        assert_eq!(told("\u{feff}a\n\u{feff}b\n"), bad("1 in a.py, first in line 2"));
        assert_eq!(told("a\n\u{feff}b\n\u{200b}\u{200b}c"), bad("3 in a.py, first in line 2"));
        assert_eq!(told("\u{feff}\u{feff}a\nb"), bad("1 in a.py, first in line 1"));
        assert_eq!(told("a\r\nb\u{202e}\r\n"), bad("1 in a.py, first in line 2"));
    }
}
