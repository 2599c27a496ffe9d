//! What the definition asks for and how it is started, against the version approved before.
//!
//! A line for each thing that is new or gone. What lets the version do more, or lets more pass as a success, fails;
//! what takes something away is a plain fact.

use super::definition::Definition;
use crate::check::CheckContext;
use crate::domain::NO_BASE;
use crate::domain::{
    CheckReport, CostTier, DeclaredPath, Finding, LimitsDeclared, Manifest, Network, Permissions, Recipe, Severity,
};

/// What is new and what is gone under one word; both empty when nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceLine {
    /// The word: `network`, `read`, `write`, `env`, `run`.
    pub word: &'static str,
    /// Entries that the version before did not have, as written.
    pub new: Vec<String>,
    /// Entries that it had.
    pub gone: Vec<String>,
}

/// How the permissions differ, one line for each that does.
pub fn difference_lines(base: &Permissions, new: &Permissions) -> Vec<DifferenceLine> {
    let lists = |p: &Permissions| [p.network.clone(), p.read.clone(), p.write.clone(), p.env.clone(), p.run.clone()];
    let words = ["network", "read", "write", "env", "run"];
    let pairs = words.into_iter().zip(lists(base).into_iter().zip(lists(new)));
    pairs
        .map(|(word, (before, now))| DifferenceLine {
            word,
            new: now.iter().filter(|entry| !before.contains(entry)).cloned().collect(),
            gone: before.into_iter().filter(|entry| !now.contains(entry)).collect(),
        })
        .filter(|line| !line.new.is_empty() || !line.gone.is_empty())
        .collect()
}

/// Examines the difference in permissions, limits, tier and start.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let Some(base) = context.base else {
        return CheckReport::skipped("permissions", NO_BASE);
    };
    let definition = Definition::of(context.version);
    let (old, now) = (&base.manifest, &context.version.manifest);
    let mut findings = permissions(old, now, &definition);
    findings.extend(tier(old, now, &definition));
    findings.extend(limits(&old.limits, &now.limits, &definition));
    match (&old.recipe, &now.recipe) {
        (Some(old), Some(now)) => findings.extend(start(old, now, &definition)),
        (None, Some(_)) => {
            findings.push(definition.finding("start", Severity::High, "[run]", "it now starts a process"));
        }
        (Some(_), None) => findings.push(Finding::new("start", Severity::Low, "it no longer starts a process")),
        (None, None) => {}
    }
    let lines = difference_lines(&old.permissions, &now.permissions);
    CheckReport::of("permissions", findings).noted(note(&lines))
}

/// `new: network full, env TOKEN; gone: none`.
fn note(lines: &[DifferenceLine]) -> String {
    let join = |pick: fn(&DifferenceLine) -> &Vec<String>| {
        let entries: Vec<String> = lines
            .iter()
            .flat_map(|line| pick(line).iter().map(move |entry| format!("{} {entry}", line.word)))
            .collect();
        if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
    };
    format!("added: {}; removed: {}", join(|line| &line.new), join(|line| &line.gone))
}

fn permissions(old: &Manifest, now: &Manifest, definition: &Definition<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in difference_lines(&old.permissions, &now.permissions) {
        for entry in &line.new {
            let message = format!("new: {} {entry}", line.word);
            let is_wider = match line.word {
                "network" => is_wider_network(&old.permissions, &now.permissions),
                "read" => !is_within(entry, old.permissions.read.iter().chain(&old.permissions.write)),
                "write" => !is_within(entry, old.permissions.write.iter()),
                _ => true,
            };
            let severity = if is_wider { Severity::High } else { Severity::Low };
            findings.push(definition.finding("permission", severity, entry, message));
        }
        for entry in &line.gone {
            findings.push(Finding::new("permission", Severity::Low, format!("gone: {} {entry}", line.word)));
        }
    }
    findings
}

fn is_wider_network(old: &Permissions, now: &Permissions) -> bool {
    let rank = |permissions: &Permissions| match permissions.reach() {
        Network::None => 0,
        Network::Loopback => 1,
        Network::Full => 2,
    };
    // Words that name no network (single hosts) say nothing of how far they reach.
    let is_plain = |permissions: &Permissions| permissions.network.is_empty() || permissions.reach() != Network::None;
    !is_plain(now) || !is_plain(old) || rank(now) > rank(old)
}

/// Whether a path lies in one of those that were allowed before.
fn is_within<'a>(entry: &str, mut before: impl Iterator<Item = &'a String>) -> bool {
    let Ok(path) = DeclaredPath::parse(entry) else { return false };
    before.any(|old| {
        DeclaredPath::parse(old).is_ok_and(|old| old.anchor == path.anchor && path.rest.starts_with(&old.rest))
    })
}

fn tier(old: &Manifest, now: &Manifest, definition: &Definition<'_>) -> Option<Finding> {
    let tier = |manifest: &Manifest| manifest.cost_tier.unwrap_or(CostTier::Medium);
    let (before, after) = (tier(old), tier(now));
    let severity = if after < before { Severity::High } else { Severity::Low };
    let message = format!("the cost tier changed from {before} to {after}");
    (before != after).then(|| definition.finding("tier", severity, "cost_tier", message))
}

fn limits(old: &LimitsDeclared, now: &LimitsDeclared, definition: &Definition<'_>) -> Vec<Finding> {
    let pairs = [
        ("memory", old.memory_bytes, now.memory_bytes, "bytes"),
        ("cpu", old.cpu_seconds, now.cpu_seconds, "s"),
        ("processes", old.processes, now.processes, ""),
        ("output", old.output_bytes, now.output_bytes, "bytes"),
        ("disk", old.disk_bytes, now.disk_bytes, "bytes"),
    ];
    let changed = pairs.into_iter().filter(|(_, before, after, _)| before != after);
    changed
        .map(|(word, before, after, unit)| {
            let is_wider = match (before, after) {
                (Some(before), Some(after)) => after > before,
                (Some(_), None) => true,
                (None, _) => false,
            };
            let shown = |value: Option<u64>| {
                value.map_or("the stage default".to_owned(), |value| format!("{value} {unit}").trim_end().to_owned())
            };
            let message = format!("the {word} limit changed from {} to {}", shown(before), shown(after));
            definition.finding("limit", if is_wider { Severity::Medium } else { Severity::Low }, word, message)
        })
        .collect()
}

fn start(old: &Recipe, now: &Recipe, definition: &Definition<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |code: &str, severity, needle: &str, message: String| {
        findings.push(definition.finding(code, severity, needle, message));
    };
    if old.command != now.command {
        // Another program is more than another word for the same one.
        let severity = if old.command.first() == now.command.first() { Severity::Medium } else { Severity::High };
        let message = format!("the command changed from `{}` to `{}`", old.command.join(" "), now.command.join(" "));
        say("command", severity, "command", message);
    }
    if old.input != now.input {
        say("input", Severity::Medium, "input", format!("the input mode changed from {} to {}", old.input, now.input));
    }
    if old.pty != now.pty {
        let message = if now.pty { "it now needs a terminal" } else { "it no longer needs a terminal" };
        say("terminal", Severity::Low, "pty", message.to_owned());
    }
    if old.timeout_ms != now.timeout_ms {
        let is_longer = now.timeout_ms.is_none_or(|after| old.timeout_ms.is_some_and(|before| after > before));
        let shown = |ms: Option<u64>| ms.map_or("the stage default".to_owned(), |ms| format!("{}s", ms / 1000));
        let message = format!("the time limit changed from {} to {}", shown(old.timeout_ms), shown(now.timeout_ms));
        say("limit", if is_longer { Severity::Medium } else { Severity::Low }, "timeout", message);
    }
    success(old, now, &mut say);
    for (name, value) in &now.env {
        match old.env.get(name) {
            None => say("environment", Severity::High, name, format!("added: the variable {name} is set to {value}")),
            Some(before) if before != value => {
                say(
                    "environment",
                    Severity::High,
                    name,
                    format!("the variable {name} changed from {before} to {value}"),
                );
            }
            Some(_) => {}
        }
    }
    for name in old.env.keys().filter(|name| !now.env.contains_key(*name)) {
        say(
            "environment",
            Severity::Medium,
            "env",
            format!("removed: the variable {name}, which was set to {}", old.env[name]),
        );
    }
    findings
}

fn success(old: &Recipe, now: &Recipe, say: &mut impl FnMut(&str, Severity, &str, String)) {
    for code in now.success.exit_codes.iter().filter(|code| !old.success.exit_codes.contains(code)) {
        say("success", Severity::High, "exit_code", format!("exit code {code} now counts as success"));
    }
    for code in old.success.exit_codes.iter().filter(|code| !now.success.exit_codes.contains(code)) {
        say("success", Severity::Low, "exit_code", format!("exit code {code} now counts as failure"));
    }
    let flags = [
        ("check_json", old.success.check_json, now.success.check_json, "output that reports an error"),
        ("require_json", old.success.require_json, now.success.require_json, "output that is not JSON"),
    ];
    for (key, before, after, what) in flags {
        if before && !after {
            say("success", Severity::High, key, format!("{what} now counts as success"));
        } else if after && !before {
            say("success", Severity::Low, key, format!("{what} now counts as failure"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_path_inside_what_was_allowed_is_no_wider_and_its_parent_is() {
        let before = words(&["{workspace}/data", "/var/log"]);
        assert!(is_within("data/2024", before.iter()));
        assert!(is_within("/var/log/app", before.iter()));
        assert!(!is_within("{workspace}", before.iter()));
        assert!(!is_within("/var", before.iter()));
        assert!(!is_within("/var/logs", before.iter()));
        assert!(!is_within("/var/log/../..", before.iter()));
    }

    #[test]
    fn a_network_is_wider_only_when_it_reaches_further() {
        let of = |list: &[&str]| Permissions { network: words(list), ..Permissions::default() };
        assert!(is_wider_network(&of(&[]), &of(&["loopback"])));
        assert!(is_wider_network(&of(&["loopback"]), &of(&["full"])));
        assert!(!is_wider_network(&of(&["full"]), &of(&["loopback"])));
        assert!(is_wider_network(&of(&["a.example"]), &of(&["a.example", "b.example"])));
    }

    #[test]
    fn a_line_says_what_is_new_and_what_is_gone() {
        let old = Permissions { read: words(&["a", "b"]), env: words(&["T"]), ..Permissions::default() };
        let now = Permissions { read: words(&["b", "c"]), env: words(&["T"]), ..Permissions::default() };
        let lines = difference_lines(&old, &now);
        assert_eq!(lines, [DifferenceLine { word: "read", new: words(&["c"]), gone: words(&["a"]) }]);
        assert_eq!(note(&lines), "added: read c; removed: read a");
        assert_eq!(note(&[]), "added: none; removed: none");
    }
}
