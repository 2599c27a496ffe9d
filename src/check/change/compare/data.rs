//! Differences in files other than programs: definition, lock files, package lists, data.
//!
//! Data is compared by key if its format is known (JSON, TOML, YAML), otherwise by line. Prose is not compared.

use crate::check::change::definition::{Definition, line_of};
use crate::check::change::facts::texts;
use crate::check::source::excerpt;
use crate::domain::{Finding, Manifest, Severity, ToolDetail, VersionFile};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest value that is shown completely, in characters.
const MAX_SHOWN: usize = 120;

/// How many keys of one file are compared.
const MAX_KEYS: usize = 20_000;

/// File extensions of prose.
const PROSE: &[&str] = &["md", "rst", "txt", "adoc", "license"];

/// Keys of a lock file that determine the content of a package.
const PINS: &[&str] = &["integrity", "resolved", "hash", "hashes", "checksum", "sha256", "source", "url"];

/// The differences in the definition and in data.
pub(in crate::check::change) fn compare(
    base: &ToolDetail,
    new: &ToolDetail,
    is_program: fn(&VersionFile) -> bool,
) -> Vec<Finding> {
    let definition = Definition::of(new);
    let mut findings = schema(&base.manifest, &new.manifest, &definition);
    findings.extend(rest_of_definition(base, new, &definition));
    findings.extend(packages(&base.manifest, &new.manifest, &definition));
    findings.extend(cases(&base.manifest, &new.manifest, &definition));
    for file in new.files.iter().filter(|file| Some(file.path.as_str()) != definition.path()) {
        let before = base.files.iter().find(|other| other.path == file.path);
        if before.is_some_and(|before| before.mode != file.mode) {
            let message = format!("the mode of {} changed to {:?}", file.path, file.mode).to_lowercase();
            findings.push(Finding { path: Some(file.path.clone()), ..Finding::new("mode", Severity::Medium, message) });
        }
        if !is_program(file) && before.is_none_or(|before| before.bytes != file.bytes) {
            findings.extend(content(before, file));
        }
    }
    for file in base.files.iter().filter(|file| !new.files.iter().any(|other| other.path == file.path)) {
        let is_lock = is_lock(&file.path);
        let severity = if is_lock { Severity::High } else { Severity::Low };
        findings.push(Finding::new("file-gone", severity, format!("the file {} was removed", file.path)));
    }
    findings
}

/// Keys of a definition that other checks compare, or that only describe the tool to a reader.
const TOLD: &[&str] = &[
    "aliases",
    "author",
    "capabilities",
    "category",
    "cost",
    "cost_tier",
    "dependencies",
    "description",
    "examples",
    "input",
    "input_schema",
    "keywords",
    "license",
    "limits",
    "metadata",
    "mcp",
    "name",
    "output",
    "output_schema",
    "parameters",
    "permissions",
    "provenance",
    "run",
    "tags",
    "tests",
    "title",
    "use_cases",
    "version",
];

/// The parts of a definition that are not compared elsewhere: the address, headers and body of a request, the text of a
/// prompt, the steps of a composite.
fn rest_of_definition(base: &ToolDetail, new: &ToolDetail, definition: &Definition<'_>) -> Vec<Finding> {
    let find = |version: &'_ ToolDetail| -> Option<BTreeMap<String, Value>> {
        let file = version.files.iter().find(|file| Some(file.path.as_str()) == definition.path())?;
        let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
        let mut flat = values(std::str::from_utf8(&file.bytes).ok()?, &ending, &file.path)?;
        flat.retain(|key, _| !TOLD.contains(&key.split('.').next().unwrap_or(key)));
        Some(flat)
    };
    let (Some(old), Some(now)) = (find(base), find(new)) else { return Vec::new() };
    let Some(file) = new.files.iter().find(|file| Some(file.path.as_str()) == definition.path()) else {
        return Vec::new();
    };
    keys(&old, &now, file, &String::from_utf8_lossy(&file.bytes))
}

fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit('.').next() == Some("lock") || name.contains("-lock.") || name == "requirements.txt" || name == "go.sum"
}

/// Schema constraints: values that callers rely on, and input validation.
fn schema(base: &Manifest, new: &Manifest, definition: &Definition<'_>) -> Vec<Finding> {
    let (Some(old), Some(now)) = (&base.input, &new.input) else { return Vec::new() };
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten(old, String::new(), &mut before);
    flatten(now, String::new(), &mut after);
    let mut findings = Vec::new();
    for (key, value) in &before {
        let last = key.rsplit('.').next().unwrap_or(key);
        let name = key.rsplit('.').nth(1).unwrap_or("the input");
        let now = after.get(key);
        let is_guard = ["pattern", "maximum", "minimum", "maxLength", "minLength", "maxItems", "additionalProperties"]
            .contains(&last);
        let message = match now {
            Some(now) if now == value => continue,
            Some(now) if last == "default" => format!("default of `{name}` changed from {value} to {now}"),
            None if last == "default" => format!("`{name}` no longer has a default (before: {value})"),
            Some(now) if is_guard => format!("{last} of `{name}` changed from {value} to {now}"),
            None if is_guard => format!("{last} {value} of `{name}` was removed"),
            _ => continue,
        };
        let needle = now.map_or_else(
            || name.to_owned(),
            |now| if now.is_string() { now.as_str().unwrap_or_default().to_owned() } else { format!("{last} = {now}") },
        );
        findings.push(definition.finding("schema", Severity::Medium, &needle, message));
    }
    for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        if key.contains("enum")
            && before
                .keys()
                .any(|other| other.contains(key.split(".enum").next().unwrap_or(key)) && other.contains("enum"))
        {
            let message = format!("{} also accepts {value}", key.split(".enum").next().unwrap_or(key));
            findings.push(definition.finding("schema", Severity::Medium, value.as_str().unwrap_or_default(), message));
        }
    }
    findings
}

fn packages(base: &Manifest, new: &Manifest, definition: &Definition<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in new.dependencies.iter().filter(|package| !base.dependencies.contains(package)) {
        let before = base.dependencies.iter().find(|old| package_name(old) == package_name(package));
        findings.push(match before {
            Some(old) => definition.finding(
                "package",
                package_severity(old, package),
                package,
                format!("the package {old} changed to {package}"),
            ),
            None => definition.finding("package", Severity::High, package, format!("new package: {package}")),
        });
    }
    findings
}

/// A package without a version may be any version tomorrow.
fn package_severity(old: &str, new: &str) -> Severity {
    let is_pinned =
        |text: &str| text.contains("==") || text.contains('@') && text.ends_with(|c: char| c.is_ascii_digit());
    if is_pinned(old) && !is_pinned(new) { Severity::High } else { Severity::Medium }
}

fn package_name(text: &str) -> String {
    let plain = text.trim();
    let end = plain
        .char_indices()
        .find(|(index, c)| *index > 0 && !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')))
        .map_or(plain.len(), |(index, _)| index);
    plain[..end].to_lowercase().replace('_', "-")
}

/// Tests and examples that were removed or have another expected result.
fn cases(base: &Manifest, new: &Manifest, definition: &Definition<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for test in &base.tests {
        match new.tests.iter().find(|other| other.name == test.name) {
            None if new.tests.iter().any(|other| other.input == test.input && other.expect == test.expect) => {}
            None => findings.push(definition.finding(
                "test-gone",
                Severity::Medium,
                "[[tests]]",
                format!("the test \"{}\" was removed", test.name),
            )),
            Some(other) if other.expect != test.expect => {
                let message = format!("the test \"{}\" has a different expectation", test.name);
                findings.push(definition.finding("test-changed", Severity::Medium, &test.name, message));
            }
            Some(_) => {}
        }
    }
    findings
}

fn content(before: Option<&VersionFile>, file: &VersionFile) -> Vec<Finding> {
    let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
    let at = |finding: Finding| Finding { path: Some(file.path.clone()), ..finding };
    let Ok(text) = std::str::from_utf8(&file.bytes) else {
        return vec![at(Finding::new("binary", Severity::Medium, format!("{} changed and is not text", file.path)))];
    };
    if PROSE.contains(&ending.as_str()) && !is_lock(&file.path) {
        return Vec::new();
    }
    let Some(before) = before else {
        return vec![at(Finding::new("file", Severity::Low, format!("new file: {}", file.path)))];
    };
    let old = String::from_utf8_lossy(&before.bytes);
    match (values(&old, &ending, &file.path), values(text, &ending, &file.path)) {
        (Some(old), Some(now)) => keys(&old, &now, file, text),
        _ => lines(&old, text, file),
    }
}

fn values(text: &str, ending: &str, path: &str) -> Option<BTreeMap<String, Value>> {
    let value: Value = match ending {
        "json" => serde_json::from_str(text).ok()?,
        "toml" => toml::from_str(text).ok()?,
        "lock" if path.ends_with("uv.lock") || path.ends_with("poetry.lock") || path.ends_with("Cargo.lock") => {
            toml::from_str(text).ok()?
        }
        "yaml" | "yml" => serde_saphyr::from_str(text).ok()?,
        _ => return None,
    };
    let mut flat = BTreeMap::new();
    flatten(&value, String::new(), &mut flat);
    Some(flat)
}

/// Every value by its path of keys. List entries are identified by their name if they have one.
fn flatten(value: &Value, path: String, flat: &mut BTreeMap<String, Value>) {
    if flat.len() >= MAX_KEYS {
        return;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(value, below(key), flat)),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                let name = value
                    .get("name")
                    .and_then(Value::as_str)
                    .map_or_else(|| value.as_str().map_or_else(|| index.to_string(), str::to_owned), str::to_owned);
                flatten(value, below(&name), flat);
            }
        }
        value => {
            flat.insert(path, value.clone());
        }
    }
}

fn keys(old: &BTreeMap<String, Value>, now: &BTreeMap<String, Value>, file: &VersionFile, text: &str) -> Vec<Finding> {
    let is_lock = is_lock(&file.path);
    let is_pin =
        |key: &str| PINS.iter().any(|pin| key.rsplit('.').next() == Some(pin) || key.contains(&format!(".{pin}.")));
    let at = |severity, needle: &str, message: String| {
        let finding = Finding::new(if is_lock { "lock" } else { "data" }, severity, message);
        let line = line_of(text, needle);
        Finding { path: Some(file.path.clone()), line, ..finding }
    };
    let mut findings = Vec::new();
    let shown = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text.chars().count() > MAX_SHOWN { excerpt(&text, MAX_SHOWN) } else { text }
    };
    for (key, value) in now {
        let text = shown(value);
        let has_host =
            value.as_str().is_some_and(|whole| !texts::hosts(whole).is_empty() || !texts::addresses(whole).is_empty());
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before) => {
                let severity = if has_host || (is_lock && is_pin(key)) { Severity::High } else { Severity::Medium };
                findings.push(at(severity, &text, format!("{key} changed from {} to {text}", shown(before))));
            }
            None => {
                let severity = if has_host {
                    Severity::High
                } else if is_lock {
                    Severity::Medium
                } else {
                    Severity::Low
                };
                findings.push(at(severity, &text, format!("added: {key} is {text}")));
            }
        }
    }
    for (key, value) in old.iter().filter(|(key, _)| !now.contains_key(*key)) {
        let severity = if is_lock && is_pin(key) { Severity::High } else { Severity::Low };
        findings.push(at(
            severity,
            key.rsplit('.').nth(1).unwrap_or(key),
            format!("removed: {key} was {}", shown(value)),
        ));
    }
    findings
}

fn lines(old: &str, now: &str, file: &VersionFile) -> Vec<Finding> {
    let told = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or(line).trim().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let (before, after) = (told(old), told(now));
    let mut findings = Vec::new();
    let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    for line in after.iter().filter(|line| !before.contains(line)) {
        let from = gone.iter().find(|other| package_name(other) == package_name(line));
        let (severity, message) = match from {
            Some(from) => (package_severity(from, line), format!("`{from}` changed to `{line}`")),
            None => (if is_lock(&file.path) { Severity::High } else { Severity::Medium }, format!("added: `{line}`")),
        };
        let finding = Finding::new(if is_lock(&file.path) { "lock" } else { "data" }, severity, message);
        findings.push(Finding { path: Some(file.path.clone()), line: line_of(now, line), ..finding });
    }
    for line in gone.into_iter().filter(|line| !after.iter().any(|other| package_name(other) == package_name(line))) {
        let severity = if is_lock(&file.path) && line.contains("--hash") { Severity::High } else { Severity::Low };
        findings.push(Finding {
            path: Some(file.path.clone()),
            ..Finding::new("data", severity, format!("removed: `{line}`"))
        });
    }
    findings
}
