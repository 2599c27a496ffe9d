//! Checks whether the version starts at all, with the simplest valid input.
//!
//! A program that fails because of its own code (an undefined name) for such an input will fail for any. Missing
//! requirements on this machine, and a refused input, are not faults of it.

use super::{cannot_start, crash, inputs, unavailable};
use crate::check::{Batch, CheckContext, Language, source};
use crate::domain::{CheckReport, Finding, RunEnd, Severity, ToolDetail};
use crate::runner::{Pace, Tried};

/// Errors that only the code itself can cause.
const OWN_FAULTS: &[&str] = &[
    "NameError",
    "UnboundLocalError",
    "SyntaxError",
    "IndentationError",
    "TabError",
    "ReferenceError",
    "Execution of ",
];

/// Starts it once for each of its simplest inputs.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "start";
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let inputs = inputs(context.version);
    let batch = Batch::new(context.version, &inputs, Pace::Watched);
    let tried = match context.trials.start(&batch) {
        Ok(tried) => tried,
        Err(why) => return unavailable(name, why),
    };
    let started: Vec<&Tried> = tried.iter().filter(|tried| tried.end.outcome().has_started()).collect();
    let Some(first) = started.first() else {
        let why = tried.first().and_then(|tried| tried.end.message());
        return unavailable(name, why.unwrap_or_else(|| "nothing was started".to_owned()));
    };
    if let Some(what) = started.iter().find_map(|tried| lacks(context, tried)) {
        return unavailable(name, format!("it could not be tried here: {what}"));
    }
    let mut findings = Vec::new();
    // One working input shows that it starts.
    let all_fail = started.iter().all(|tried| own_fault(tried).is_some());
    if let Some(fault) = own_fault(first).filter(|_| all_fail) {
        findings.push(Finding::new("crash", Severity::High, format!("it fails at every start: {fault}")));
    } else if let Some(program) = started.iter().find_map(|tried| not_found(tried)) {
        findings.push(Finding::new(
            "not-found",
            Severity::Medium,
            format!("it calls {program}, which is not installed"),
        ));
    } else if started.iter().all(|tried| is_silent(tried)) {
        let words = if only_defines(context.version) {
            "it only defines functions: started, it does nothing"
        } else {
            "it wrote nothing, changed no file and started no program"
        };
        findings.push(Finding::new("silent", Severity::Low, words));
    } else if let Some(crash) = started.iter().find_map(|tried| crash::of(tried)) {
        findings.push(Finding::new("fails", Severity::Low, format!("with the simplest input: {}", crash.message)));
    }
    let note = match first.end.message() {
        None => "it starts".to_owned(),
        // A later failure with an input that may be invalid does not count against starting.
        Some(why) if !all_fail && first.end.outcome().is_failure() => {
            format!("it starts; it then fails with the simplest input: {why}")
        }
        Some(why) => why,
    };
    CheckReport::of(name, findings).noted(note)
}

/// The error in its own code that ended a trial.
fn own_fault(tried: &Tried) -> Option<String> {
    let crash = crash::of(tried).filter(|crash| crash.code == "crash")?;
    // Code from an input is not code of the tool.
    let text = String::from_utf8_lossy(&tried.stderr);
    let last = text.lines().rfind(|line| line.trim_start().starts_with("File \""));
    if last.is_some_and(|line| line.contains("File \"<")) {
        return None;
    }
    OWN_FAULTS.iter().any(|fault| crash.message.starts_with(fault)).then_some(crash.message)
}

/// The package or program that it needs but that is missing here.
pub(super) fn lacks(context: &CheckContext<'_>, tried: &Tried) -> Option<String> {
    let text = format!("{}\n{}", String::from_utf8_lossy(&tried.stderr), String::from_utf8_lossy(&tried.stdout));
    let module = [
        "No module named ",
        "ImportError: ",
        "Cannot find module ",
        "Cannot find package ",
        "ERR_MODULE_NOT_FOUND",
        "Can't locate ",
        "cannot load such file -- ",
    ];
    if let Some(line) = text.lines().find(|line| module.iter().any(|mark| line.contains(mark))) {
        return Some(source::excerpt(line.trim(), 120));
    }
    let program = not_found(tried)?;
    context.missing.iter().any(|missing| missing.name == program).then(|| format!("{program} is not installed"))
}

/// A program that a shell did not find.
fn not_found(tried: &Tried) -> Option<String> {
    let text = String::from_utf8_lossy(&tried.stderr);
    let line = text.lines().find(|line| line.ends_with(": command not found") || line.ends_with(": not found"))?;
    let mut parts = line.rsplit(": ");
    parts.next();
    parts.next().map(|program| source::excerpt(program.trim(), 60))
}

fn is_silent(tried: &Tried) -> bool {
    matches!(tried.end, RunEnd::Succeeded { .. })
        && tried.stdout.is_empty()
        && tried.stderr.is_empty()
        && tried.observation.changes.is_empty()
        && tried.observation.attempts.is_empty()
}

/// Whether the code of a version outside functions consists only of definitions and imports.
fn only_defines(version: &ToolDetail) -> bool {
    let entry = version.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_deref());
    let Some(file) = version.files.iter().find(|file| Some(file.path.as_str()) == entry) else { return false };
    let Some(text) = source::text_of(file) else { return false };
    let Some(tree) = Language::of(&file.path, text).and_then(|language| language.parse(text)) else { return false };
    let root = tree.root_node();
    let mut cursor = root.walk();
    root.named_children(&mut cursor).filter(|child| !child.is_extra()).all(|child| {
        ["function", "class", "import", "decorated", "export", "interface", "type_alias", "comment"]
            .iter()
            .any(|kind| child.kind().contains(kind))
    })
}
