//! What an agent's client does with a skill in addition to reading it: commands that run when the text is loaded,
//! hooks, external files, and requests to allow calls. Also reports mentioned files that do not exist.
//!
//! The format is that of agentskills.io; `!` before a command, `@` before a path, and the keys for hooks, models and agents
//! are those that Claude Code documents for skills and commands. Instructions beyond the task are found by `injection`.

use super::CheckContext;
use crate::domain::{CheckReport, Dialect, Finding, Severity, VersionFile, plural};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The name of the check.
const NAME: &str = "skill";
/// The file that is read.
const FILE: &str = "SKILL.md";
/// The longest quotation in a finding, in characters.
const MAX_QUOTE: usize = 100;
/// How many findings of one kind are reported.
const MOST: usize = 20;
/// Folders of a skill by convention.
const FOLDERS: [&str; 3] = ["scripts/", "references/", "assets/"];
/// Programs that run arbitrary code: allowing one allows everything.
const RUN_ANYTHING: &[&str] = &[
    "bash", "bun", "deno", "env", "eval", "fish", "node", "npm", "npx", "perl", "php", "pip", "pip3", "python",
    "python3", "ruby", "sh", "ssh", "sudo", "uv", "uvx", "xargs", "zsh",
];
/// Frontmatter keys that change how the client works while the skill is in use.
const CHANGES: &[&str] = &["agent", "context", "model"];

/// Examines a skill.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let version = context.version;
    let file = version.files.iter().find(|file| file.path == FILE);
    let Some(file) = file.filter(|_| version.manifest.dialect == Dialect::Skill) else {
        return CheckReport::skipped(NAME, "it is not a skill");
    };
    let text = String::from_utf8_lossy(&file.bytes);
    let mut findings = of_frontmatter(&version.manifest.extra, &text);
    findings.extend(of_text(&text));
    findings.extend(missing(&text, &version.files));
    CheckReport::of(NAME, findings)
}

fn quoted(text: &str) -> String {
    let text = text.trim();
    let cut: String = text.chars().take(MAX_QUOTE).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// Findings about the frontmatter.
fn of_frontmatter(fields: &Map<String, Value>, text: &str) -> Vec<Finding> {
    let line = |key: &str| {
        let at =
            text.lines().position(|line| line.trim_end().strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        at.map_or(1, |at| at as u64 + 1)
    };
    let mut findings = Vec::new();
    if let Some(hooks) = fields.get("hooks").filter(|hooks| !hooks.is_null()) {
        let message = format!(
            "the client runs these hooks automatically while the skill is in use: {}",
            quoted(&hooks.to_string())
        );
        findings.push(Finding::new("hooks", Severity::High, message).at(FILE, line("hooks")));
    }
    let allowed = fields.get("allowed-tools").map(rules).unwrap_or_default();
    for rule in &allowed {
        if let Some(why) = too_wide(rule) {
            let message = format!("it asks the client to allow {}: {why}", quoted(rule));
            findings.push(Finding::new("wide-permission", Severity::Medium, message).at(FILE, line("allowed-tools")));
        }
    }
    if !allowed.is_empty() {
        let message = format!("it asks the client to allow {}", quoted(&allowed.join(", ")));
        findings.push(Finding::new("asks-to-allow", Severity::Low, message).at(FILE, line("allowed-tools")));
    }
    for key in CHANGES.iter().filter(|key| fields.contains_key(**key)) {
        let message = format!("it sets the {key} of the client to {}", quoted(&fields[*key].to_string()));
        findings.push(Finding::new("client-setting", Severity::Low, message).at(FILE, line(key)));
    }
    findings
}

/// The rules of `allowed-tools`: a list, or a text separated by spaces or commas outside parentheses.
fn rules(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(rules).collect(),
        Value::String(text) => {
            let (mut all, mut depth) = (vec![String::new()], 0_usize);
            for c in text.chars() {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                if depth == 0 && (c == ',' || c.is_whitespace()) {
                    all.push(String::new());
                } else if let Some(last) = all.last_mut() {
                    last.push(c);
                }
            }
            all.retain(|rule| !rule.is_empty());
            all
        }
        _ => Vec::new(),
    }
}

/// Why a rule allows more than one kind of call; `None` if it does not.
fn too_wide(rule: &str) -> Option<String> {
    let (tool, scope) = rule.split_once('(').map_or((rule, ""), |(tool, rest)| (tool, rest.trim_end_matches(')')));
    if tool == "*" {
        return Some("that allows every tool".to_owned());
    }
    if !["bash", "shell"].contains(&tool.to_ascii_lowercase().as_str()) {
        return None;
    }
    let scope = scope.trim();
    let command = scope.split([' ', ':']).next().unwrap_or_default();
    let program = command.rsplit('/').next().unwrap_or_default();
    if scope.is_empty() || command.starts_with('*') || command.is_empty() {
        return Some("that allows every command".to_owned());
    }
    let has_rest = scope.contains('*') && !scope.contains(FOLDERS[0]);
    (has_rest && RUN_ANYTHING.contains(&program)).then(|| format!("{program} runs any code"))
}

/// Findings about actions at the time the text is loaded.
fn of_text(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = at as u64 + 1;
        if let Some(command) = loaded_command(line) {
            let message = format!("the client runs a command when it loads the text: {}", quoted(command));
            findings.push(Finding::new("runs-when-loaded", Severity::High, message).at(FILE, number));
        }
        for path in outside(line) {
            let message = format!("the client may put a file from outside the skill into the text: {}", quoted(path));
            findings.push(Finding::new("loads-file", Severity::Medium, message).at(FILE, number));
        }
    }
    findings.truncate(MOST);
    findings
}

/// The command of a line that a client runs before a model sees the text: `` !`command` ``, or the fence ```` ```! ````.
fn loaded_command(line: &str) -> Option<&str> {
    if let Some(rest) = line.trim_start().strip_prefix("```!") {
        return Some(if rest.trim().is_empty() { "the block below" } else { rest });
    }
    let mut from = 0;
    while let Some(found) = line[from..].find("!`") {
        let at = from + found;
        // An exclamation mark at the end of a word, as in `Do it!`, is not a command.
        let begins = line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '`');
        let command = line[at + 2..].split('`').next().filter(|command| line[at + 2..].len() > command.len());
        if let Some(command) = command.filter(|command| begins && !command.trim().is_empty()) {
            return Some(command);
        }
        from = at + 2;
    }
    None
}

/// Paths after an `@` that lead out of the skill.
fn outside(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`()<>[],".contains(c)).filter_map(|word| {
        let path = word.strip_prefix('@')?;
        let leads_out = ["~/", "/", "../"].iter().any(|begin| path.starts_with(begin));
        (leads_out && path.len() > 2).then_some(path)
    })
}

/// Files of the skill that the text mentions but that do not exist.
fn missing(text: &str, files: &[VersionFile]) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for path in mentioned(line) {
            let folder = format!("{}/", path.trim_end_matches('/'));
            let is_there = files.iter().any(|file| file.path == path || file.path.starts_with(&folder));
            if !is_there && told.insert(path.to_owned()) {
                let message = format!("the text mentions {}, which does not exist", quoted(path));
                findings.push(Finding::new("missing-file", Severity::Medium, message).at(FILE, at as u64 + 1));
            }
        }
    }
    let more = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    if more > 0 {
        let message = format!("{} more are missing", plural(more, "file", "files"));
        findings.push(Finding::new("missing-file", Severity::Medium, message).at(FILE, 1));
    }
    findings
}

/// Paths in a line that begin with one of the folders of a skill, and have an extension.
fn mentioned(line: &str) -> impl Iterator<Item = &str> {
    // Inside an address or a longer path, it is another folder.
    line.split(|c: char| c.is_whitespace() || "\"'`()[]|,;=".contains(c)).filter_map(|word| {
        let word = word.trim_end_matches(['.', ':', '!', '?', '*', '…']).trim_start_matches(['*', '_']);
        let own = ["${CLAUDE_SKILL_DIR}/", "$CLAUDE_SKILL_DIR/", "{baseDir}/", "{skillDir}/", "./"];
        let path = own.iter().find_map(|begin| word.strip_prefix(begin)).unwrap_or(word);
        let in_folder = FOLDERS.iter().any(|folder| path.len() > folder.len() && path.starts_with(folder));
        let is_pattern = path.contains(['<', '>', '{', '}', '*', '$', '\\', '#', '…']) || path.contains("..");
        let name = path.rsplit('/').next().unwrap_or_default();
        let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty());
        (in_folder && !is_pattern && has_ending).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;
    use serde_json::json;

    fn codes(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (finding.code.as_str(), finding.severity)).collect()
    }

    #[test]
    fn commands_that_run_when_the_text_is_loaded_are_found() {
        for (line, wanted) in [
            ("Branch: !`git status`", Some("git status")),
            ("!`curl x | sh`", Some("curl x | sh")),
            ("```!", Some("the block below")),
            ("Do it!`now` or never", None),
            ("Use `!` and `x`", None),
            ("it is !`` empty", None),
            ("an open !`tick", None),
            ("plain `git status`", None),
        ] {
            assert_eq!(loaded_command(line), wanted, "{line}");
        }
    }

    #[test]
    fn wide_rules_are_told_from_narrow_ones() {
        let value = json!("Bash(git add *), Read Bash(python:*)\tBash(scripts/run.py *)");
        assert_eq!(rules(&value), ["Bash(git add *)", "Read", "Bash(python:*)", "Bash(scripts/run.py *)"]);
        for (rule, is_wide) in [
            ("Bash", true),
            ("Bash()", true),
            ("Bash(*)", true),
            ("Bash(:*)", true),
            ("*", true),
            ("Bash(python:*)", true),
            ("Bash(/usr/bin/env *)", true),
            ("Bash(sudo *)", true),
            ("Bash(git status)", false),
            ("Bash(git:*)", false),
            ("Bash(python scripts/run.py *)", false),
            ("Read", false),
            ("mcp__github__create_issue", false),
        ] {
            assert_eq!(too_wide(rule).is_some(), is_wide, "{rule}");
        }
    }

    #[test]
    fn hooks_fail_and_other_settings_are_facts() {
        let text = "---\nname: x\nhooks:\n  Stop: []\nmodel: opus\n---\n";
        let fields = json!({"hooks": {"Stop": [{"command": "x"}]}, "model": "opus", "allowed-tools": ["Read", "Bash"]});
        let findings = of_frontmatter(fields.as_object().unwrap(), text);
        assert_eq!(
            codes(&findings),
            [
                ("hooks", Severity::High),
                ("wide-permission", Severity::Medium),
                ("asks-to-allow", Severity::Low),
                ("client-setting", Severity::Low)
            ]
        );
        assert_eq!((findings[0].line, findings[3].line), (Some(3), Some(5)));
        assert_eq!(of_frontmatter(json!({"license": "MIT", "hooks": null}).as_object().unwrap(), text), []);
    }

    #[test]
    fn files_that_are_not_there_are_found_once() {
        let file = |path: &str| VersionFile { path: path.into(), mode: FileMode::Plain, bytes: Vec::new() };
        let files = [file(FILE), file("scripts/run.py"), file("references/a/b.md")];
        let text = "Run `python scripts/run.py x`, then ./scripts/gone.py. See [it](references/a/b.md) and references/c.md,\n\
                    scripts/gone.py again, scripts/<name>.py, scripts/*.sh, https://x.org/scripts/y.py, other/scripts/z.py, \
                    ${CLAUDE_SKILL_DIR}/scripts/also_gone.sh, scripts/ and assets/.\n";
        let findings = missing(text, &files);
        let told: Vec<&str> = findings.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(told.len(), 3, "{told:#?}");
        for (told, path) in told.iter().zip(["scripts/gone.py", "references/c.md", "scripts/also_gone.sh"]) {
            assert!(told.contains(path), "{told}");
        }
    }

    #[test]
    fn only_files_outside_are_found_behind_the_at_sign() {
        let found: Vec<&str> = outside("see @~/.ssh/id_rsa, @references/a.md, a@/b and @/etc/passwd").collect();
        assert_eq!(found, ["~/.ssh/id_rsa", "/etc/passwd"]);
    }
}
