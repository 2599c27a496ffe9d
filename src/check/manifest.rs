//! Checks whether the definition is complete and consistent.

use super::{CheckContext, Condition};
use crate::domain::{
    CheckReport, Checker, Dialect, Finding, InputMode, Kind, LimitsDeclared, Manifest, Severity, ToolDetail, near_word,
};
use serde_json::Value;

/// The shortest description that can distinguish tools, in characters.
const MIN_DESCRIPTION: usize = 12;

/// The maximum limits of a run: seconds of processor time, bytes of memory, processes, bytes of output and disk,
/// milliseconds. They are those of the runner; larger declared values have no effect.
const MOST: [(&str, u64); 6] = [
    ("memory", 8 << 30),
    ("cpu", 3600),
    ("processes", 1024),
    ("output", 64 << 20),
    ("disk", 4 << 30),
    ("timeout", 3_600_000),
];

/// Unknown keys that are not reported: definitions of other programs keep their own data there.
const MAX_KEYS: usize = 8;

/// The top-level keys of a definition, as in `assets/manifest.schema.json`; a test compares them.
const TOP: &[&str] = &[
    "aliases",
    "capabilities",
    "category",
    "cost_tier",
    "dependencies",
    "description",
    "examples",
    "http",
    "idempotent",
    "input",
    "keywords",
    "kind",
    "limits",
    "mcp",
    "name",
    "output",
    "permissions",
    "prompt",
    "provenance",
    "result",
    "run",
    "sanity",
    "service",
    "state",
    "steps",
    "tags",
    "tests",
    "title",
    "use_cases",
    "version",
];

/// The keys of its tables.
const KEYS: &[(&str, &[&str])] = &[
    ("http", &["body", "form", "headers", "hosts", "method", "query", "timeout", "url"]),
    ("limits", &["cpu", "disk", "memory", "output", "processes"]),
    ("mcp", &["command", "headers", "protocol", "timeout", "tools", "url"]),
    ("permissions", &["env", "network", "read", "run", "write"]),
    ("prompt", &["file", "generator", "max_tokens", "system", "template", "timeout"]),
    ("provenance", &["created_at", "created_by", "generator", "parent", "prompt", "reason", "status"]),
    ("run", &["args", "command", "entry", "env", "function", "input", "pty", "success", "timeout"]),
    ("state", &["max", "path"]),
];

/// How many violations of one example are reported.
const MAX_VIOLATIONS: usize = 3;

/// Reports problems of the manifest that matter for a reviewer.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let version = context.version;
    let manifest = &version.manifest;
    let mut findings: Vec<Finding> = manifest
        .permissions
        .faults()
        .iter()
        .map(|fault| Finding::new("never-granted", Severity::High, fault.to_string()))
        .collect();
    findings.extend(described(manifest));
    findings.extend(classified(version));
    findings.extend(started(version));
    findings.extend(conditions(manifest));
    findings.extend(limits(&manifest.limits, manifest));
    findings.extend(schemas(manifest));
    findings.extend(untried(version));
    findings.extend(unknown_keys(manifest));
    CheckReport::of("manifest", findings)
}

fn described(manifest: &Manifest) -> Option<Finding> {
    let description = manifest.description.trim();
    if description.is_empty() {
        let severity = if manifest.dialect == Dialect::Native { Severity::Medium } else { Severity::Low };
        return Some(Finding::new("no-description", severity, "it has no description"));
    }
    let is_short =
        description.chars().count() < MIN_DESCRIPTION || description.eq_ignore_ascii_case(manifest.name.as_str());
    is_short.then(|| Finding::new("short-description", Severity::Low, format!("description too short: {description}")))
}

/// Findings about a missing classification of who may call it without confirmation.
fn classified(version: &ToolDetail) -> Vec<Finding> {
    let manifest = &version.manifest;
    let mut findings = Vec::new();
    if manifest.cost_tier.is_none() {
        let message = format!("no cost tier (treated as {})", version.tool.cost_tier);
        findings.push(Finding::new("unclassified", Severity::Low, message));
    }
    if manifest.category.is_none() {
        findings.push(Finding::new("no-category", Severity::Low, "no category"));
    }
    if manifest.dialect == Dialect::Native
        && version.files.iter().any(|file| is_unversioned(file.path.as_str(), &file.bytes))
    {
        findings.push(Finding::new("no-version", Severity::Low, "no version (treated as 1.0.0)"));
    }
    // A loose version (`2`, `1.0-beta`) was parsed as far as possible; the original text is kept next to it.
    if let Some(written) = manifest.extra.get("version") {
        let message = format!("version {written} is not of the form 1.2.3 (treated as {})", manifest.version);
        findings.push(Finding::new("odd-version", Severity::Low, message));
    }
    findings
}

fn is_unversioned(path: &str, bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    path == "tool.toml" && toml::from_str::<toml::Table>(text).is_ok_and(|table| !table.contains_key("version"))
}

/// Conditions of steps that cannot be parsed: no run of the composite would begin.
fn conditions(manifest: &Manifest) -> Vec<Finding> {
    let steps = manifest.composite.iter().flat_map(|composite| &composite.steps);
    let wrong = steps.filter_map(|step| {
        let why = Condition::parse(step.when.as_deref()?).err()?;
        Some(Finding::new("bad-condition", Severity::High, format!("the condition of step {}: {why}", step.id)))
    });
    wrong.collect()
}

/// Whether the started files exist, and whether input can be passed to it.
fn started(version: &ToolDetail) -> Vec<Finding> {
    let manifest = &version.manifest;
    let Some(recipe) = manifest.recipe.as_ref().filter(|_| manifest.kind.starts_process()) else { return Vec::new() };
    let mut findings = Vec::new();
    let has = |path: &str| version.files.iter().any(|file| file.path == path.trim_start_matches("./"));
    match recipe.entry.as_deref() {
        Some(entry) if !has(entry) => {
            findings.push(Finding::new(
                "no-entry",
                Severity::High,
                format!("the start file {entry} is not one of its files"),
            ));
        }
        Some(_) | None => {}
    }
    if recipe.entry.is_none() && recipe.command.iter().any(|word| word.contains("{file}")) {
        findings.push(Finding::new("no-entry", Severity::High, "its command starts {file}, but it has no entry"));
    }
    if recipe.timeout_ms == Some(0) {
        findings.push(Finding::new("no-time", Severity::High, "its timeout is 0, so it can never run"));
    }
    let properties = manifest.input.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let takes_some = properties.is_some_and(|properties| !properties.is_empty());
    if recipe.input == InputMode::None && takes_some {
        let message = "it has an input schema but takes no input: input from callers is lost";
        findings.push(Finding::new("input-lost", Severity::Medium, message));
    }
    let named = recipe.command.iter().flat_map(|word| inputs_in(word));
    let unknown = named.filter(|name| properties.is_some_and(|properties| !properties.contains_key(*name)));
    findings.extend(unknown.map(|name| {
        Finding::new(
            "unknown-input",
            Severity::Medium,
            format!("its command uses {{input.{name}}}, which its input schema does not define"),
        )
    }));
    findings
}

/// Examples and tests with input for a version that accepts none: they can never run.
fn untried(version: &ToolDetail) -> Vec<Finding> {
    let manifest = &version.manifest;
    let takes_none = manifest.recipe.as_ref().is_some_and(|recipe| {
        let places = ["{file}", "{dir}", "{workspace}"];
        let is_fixed =
            |word: &String| !places.iter().fold(word.clone(), |word, place| word.replace(place, "")).contains('{');
        recipe.input == InputMode::None && recipe.command.iter().all(is_fixed)
    });
    if !takes_none || manifest.kind != Kind::Command {
        return Vec::new();
    }
    let gives = |input: &Value| input.as_object().is_some_and(|fields| !fields.is_empty());
    let examples = manifest.examples.iter().map(|example| (&example.input, "examples"));
    let tests = manifest.tests.iter().map(|test| (&test.input, "tests"));
    let numbered = examples.enumerate().chain(tests.enumerate()).filter(|(_, (input, _))| gives(input));
    let findings = numbered.map(|(at, (_, table))| {
        let message = format!(
            "{table} {} has an input but the tool takes none, so it cannot be tried: set input = \"stdin-json\" in [run]",
            at + 1
        );
        let finding = Finding::new("cannot-be-tried", Severity::High, message);
        match line_of_table(version, table, at) {
            Some(line) => finding.at("tool.toml", line),
            None => finding,
        }
    });
    findings.collect()
}

/// The line of a table with this number in an array of tables, counted from 1.
fn line_of_table(version: &ToolDetail, table: &str, number: usize) -> Option<u64> {
    let file = version.files.iter().find(|file| file.path == "tool.toml")?;
    let text = std::str::from_utf8(&file.bytes).ok()?;
    let header = format!("[[{table}]]");
    let mut lines = text.lines().zip(1_u64..).filter(|(line, _)| line.trim() == header);
    lines.nth(number).map(|(_, line)| line)
}

/// The names in `{input.NAME}`.
fn inputs_in(word: &str) -> Vec<&str> {
    let parts = word.split("{input.").skip(1);
    parts.filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

/// Declared limits beyond the maximum have no effect and mislead readers.
fn limits(limits: &LimitsDeclared, manifest: &Manifest) -> Vec<Finding> {
    let timeout = manifest.recipe.as_ref().and_then(|recipe| recipe.timeout_ms);
    let LimitsDeclared { memory_bytes, cpu_seconds, processes, output_bytes, disk_bytes } = limits;
    let declared = [memory_bytes, cpu_seconds, processes, output_bytes, disk_bytes, &timeout];
    let beyond = MOST.iter().zip(declared).filter_map(|((word, most), declared)| {
        declared.filter(|declared| declared > most).map(|declared| {
            Finding::new(
                "beyond-limit",
                Severity::Low,
                format!("{word} {declared} is above the maximum; a run gets at most {most}"),
            )
        })
    });
    let nothing = MOST.iter().zip(declared).filter(|(_, declared)| **declared == Some(0)).map(|((word, _), _)| {
        Finding::new("no-limit-left", Severity::Medium, format!("{word} is 0, so a run gets nothing"))
    });
    beyond.chain(nothing.filter(|finding| !finding.message.starts_with("timeout"))).collect()
}

/// Whether the schemas are valid, and the examples and tests match them.
fn schemas(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut checkers = [None, None];
    for (at, (word, schema)) in [("input", &manifest.input), ("output", &manifest.output)].into_iter().enumerate() {
        let Some(schema) = schema else { continue };
        match Checker::new(schema) {
            Ok(checker) => checkers[at] = Some(checker),
            Err(cause) => {
                findings.push(Finding::new(
                    "no-schema",
                    Severity::High,
                    format!("its {word} schema is invalid: {cause}"),
                ));
            }
        }
        findings.extend(undefined(schema).map(|name| {
            Finding::new(
                "undefined-required",
                Severity::Medium,
                format!("its {word} schema requires {name} but does not define it"),
            )
        }));
    }
    if manifest.kind == Kind::Command
        && manifest.input.is_none()
        && manifest.recipe.as_ref().is_some_and(|recipe| recipe.input != InputMode::None)
    {
        let message = "no input schema: no form, no input checks, no generated inputs";
        findings.push(Finding::new("no-input-schema", Severity::Low, message));
    }
    let [input, output] = checkers;
    let mut fits = |checker: &Option<Checker>, what: String, value: &Value| {
        let violations = checker.as_ref().map(|checker| checker.violations(value)).unwrap_or_default();
        findings.extend(violations.into_iter().take(MAX_VIOLATIONS).map(|violation| {
            let place = if violation.path.is_empty() { String::new() } else { format!(" at {}", violation.path) };
            // Definitions of other programs show examples to readers; native examples are run.
            let severity = if manifest.dialect == Dialect::Native { Severity::Medium } else { Severity::Low };
            Finding::new(
                "does-not-fit",
                severity,
                format!("{what} does not match the schema{place}: {}", violation.message),
            )
        }));
    };
    for (number, example) in manifest.examples.iter().enumerate() {
        let name = if example.description.is_empty() {
            (number + 1).to_string()
        } else {
            format!("{:?}", example.description)
        };
        fits(&input, format!("the input of example {name}"), &example.input);
        if let Some(value) = &example.output {
            fits(&output, format!("the output of example {name}"), value);
        }
    }
    for (number, test) in manifest.tests.iter().enumerate() {
        let name = if test.name.is_empty() { (number + 1).to_string() } else { format!("{:?}", test.name) };
        let expects_refusal = expects_failure(&test.expect);
        // A test may give an invalid input on purpose, to see it refused.
        if !expects_refusal {
            fits(&input, format!("the input of test {name}"), &test.input);
        }
        if let Some(value) = test.expect.get("exact").filter(|_| !expects_refusal) {
            fits(&output, format!("the output of test {name}"), value);
        }
    }
    findings
}

fn expects_failure(expect: &Value) -> bool {
    let exit = expect.get("exit").is_some_and(|exit| exit != 0);
    let error = expect.get("exact").or_else(|| expect.get("contains"));
    let says_error = error
        .and_then(Value::as_object)
        .is_some_and(|fields| fields.contains_key("error") || fields.get("success") == Some(&Value::Bool(false)));
    exit || says_error
}

/// Names in `required` that are not in `properties`, at the top level.
fn undefined(schema: &Value) -> impl Iterator<Item = &str> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_open =
        schema.get("$ref").is_some() || schema.get("allOf").is_some() || schema.get("patternProperties").is_some();
    required.filter(move |name| !is_open && properties.is_some_and(|properties| !properties.contains_key(*name)))
}

/// Unknown keys. A key similar to a known one is probably a mistake, and then the author's statement has no effect.
/// Other dialects have their own keys; `x-…` is free for everybody.
fn unknown_keys(manifest: &Manifest) -> Vec<Finding> {
    if manifest.dialect != Dialect::Native {
        return Vec::new();
    }
    let mut unknown: Vec<(String, Option<&str>)> = Vec::new();
    for (key, value) in &manifest.extra {
        let known = KEYS.iter().find(|(table, _)| table == key).map(|(_, keys)| *keys).filter(|_| !key.is_empty());
        match (value.as_object(), known) {
            (Some(fields), Some(known)) => unknown.extend(
                fields
                    .keys()
                    .filter(|inner| !known.contains(&inner.as_str()))
                    .map(|inner| (format!("{key}.{inner}"), near_word(inner, known))),
            ),
            _ if TOP.contains(&key.as_str()) || key.starts_with("x-") => {}
            _ => unknown.push((key.clone(), near_word(key, TOP))),
        }
    }
    let (slips, others): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|(_, meant)| meant.is_some());
    let mut findings: Vec<Finding> = slips
        .iter()
        .take(MAX_KEYS)
        .map(|(key, meant)| {
            let meant = meant.unwrap_or_default();
            let message = format!("unknown key {key}: did you mean {meant}? its value has no effect");
            Finding::new("misspelt-key", Severity::High, message)
        })
        .collect();
    if !others.is_empty() {
        let more = others.len().saturating_sub(MAX_KEYS);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names: Vec<&str> = others.iter().take(MAX_KEYS).map(|(key, _)| key.as_str()).collect();
        let message = format!("unknown keys without effect: {}{rest}", names.join(", "));
        findings.push(Finding::new("unknown-keys", Severity::Low, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{codes, examined, version};
    use crate::domain::{Category, CostTier, Example, TestCase};
    use serde_json::json;

    fn stated() -> ToolDetail {
        let mut version = version("t", &[("t.py", "print(1)\n")]);
        version.manifest.cost_tier = Some(CostTier::Low);
        version.manifest.category = Some(Category::new("custom"));
        version.manifest.input =
            Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}));
        version.manifest.output =
            Some(json!({"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}}));
        version
    }

    fn found(change: impl FnOnce(&mut Manifest)) -> Vec<(String, Severity)> {
        let mut version = stated();
        change(&mut version.manifest);
        let report = examined(examine, &version);
        codes(&report).into_iter().map(|(code, severity)| (code.to_owned(), severity)).collect()
    }

    fn one(code: &str, severity: Severity) -> Vec<(String, Severity)> {
        vec![(code.to_owned(), severity)]
    }

    #[test]
    fn a_definition_that_says_all_raises_nothing() {
        let example = Example { description: String::new(), input: json!({"n": 1}), output: Some(json!({"sum": 2})) };
        let refused = TestCase { name: String::new(), input: json!({}), expect: json!({"exit": 2}) };
        assert_eq!(
            found(|manifest| {
                manifest.examples = vec![example];
                manifest.tests = vec![refused];
            }),
            []
        );
    }

    #[test]
    fn what_is_left_open_or_wrong_is_told() {
        type Case = (fn(&mut Manifest), &'static str, Severity);
        let cases: [Case; 12] = [
            (|m| m.permissions.read = vec!["/etc/shadow".into()], "never-granted", Severity::High),
            (|m| m.description = " ".into(), "no-description", Severity::Medium),
            (|m| m.description = "a tool".into(), "short-description", Severity::Low),
            (|m| m.cost_tier = None, "unclassified", Severity::Low),
            (|m| m.category = None, "no-category", Severity::Low),
            (|m| m.input = Some(json!({"type": 7})), "no-schema", Severity::High),
            (|m| m.input = Some(json!({"properties": {}, "required": ["x"]})), "undefined-required", Severity::Medium),
            (|m| m.input = None, "no-input-schema", Severity::Low),
            (|m| m.limits.memory_bytes = Some(1 << 50), "beyond-limit", Severity::Low),
            (|m| m.limits.processes = Some(0), "no-limit-left", Severity::Medium),
            (
                |m| m.extra = json!({"permissions": {"netwrok": "full"}}).as_object().unwrap().clone(),
                "misspelt-key",
                Severity::High,
            ),
            (|m| m.extra = json!({"mine": 1}).as_object().unwrap().clone(), "unknown-keys", Severity::Low),
        ];
        for (change, code, severity) in cases {
            assert_eq!(found(change), one(code, severity), "{code}");
        }
    }

    #[test]
    fn a_key_that_is_nearly_a_known_one_fails_and_is_told_with_it() {
        for (key, meant) in [
            ("permision", "permissions"),
            ("imput", "input"),
            ("Permissions", "permissions"),
            ("use-case", "use_cases"),
            ("test", "tests"),
            ("versoin", "version"),
            ("cost-tier", "cost_tier"),
            ("runn", "run"),
            ("limit", "limits"),
        ] {
            let mut version = stated();
            version.manifest.extra.insert(key.to_owned(), json!(1));
            let report = examined(examine, &version);
            assert_eq!(codes(&report), [("misspelt-key", Severity::High)], "{key}");
            assert!(report.findings[0].message.contains(&format!(": did you mean {meant}?")), "{key}: {report:?}");
        }
        for key in ["author", "license", "homepage", "mine", "timeout", "command", "icon", "tool", "owner"] {
            let found = found(|manifest| drop(manifest.extra.insert(key.to_owned(), json!(1))));
            assert_eq!(found, one("unknown-keys", Severity::Low), "{key}");
        }
        for key in ["x-mine", "sanity"] {
            assert_eq!(found(|manifest| drop(manifest.extra.insert(key.to_owned(), json!("exit == 0")))), [], "{key}");
        }
    }

    #[test]
    fn the_known_keys_are_those_of_the_schema() {
        let schema: Value = serde_json::from_str(include_str!("../../assets/manifest.schema.json")).unwrap();
        let keys =
            |table: &Value| -> Vec<String> { table["properties"].as_object().unwrap().keys().cloned().collect() };
        let sorted = |mut keys: Vec<String>| {
            keys.sort();
            keys
        };
        assert_eq!(sorted(keys(&schema)), TOP);
        for (table, known) in KEYS {
            let link = schema["properties"][table]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert_eq!(sorted(keys(&schema["$defs"][link])), *known, "{table}");
        }
    }

    #[test]
    fn a_test_with_an_input_for_what_takes_none_fails_at_its_line() {
        let mut version = stated();
        let text = "name = \"t\"\nversion = \"1.0.0\"\n[[tests]]\n[[tests]]\ninput = { n = 1 }\n";
        version.files.extend(crate::check::fixture::files(&[("tool.toml", text)]));
        version.manifest.input = None;
        let test = |input: Value| TestCase { name: String::new(), input, expect: json!({"exit": 0}) };
        version.manifest.tests = vec![test(json!({})), test(json!({"n": 1}))];
        version.manifest.recipe.as_mut().unwrap().input = InputMode::None;
        let report = examined(examine, &version);
        assert_eq!(codes(&report), [("cannot-be-tried", Severity::High)]);
        assert_eq!((report.findings[0].path.as_deref(), report.findings[0].line), (Some("tool.toml"), Some(4)));
        version.manifest.recipe.as_mut().unwrap().command.push("{input.n}".to_owned());
        assert_eq!(codes(&examined(examine, &version)), []);
        version.manifest.recipe.as_mut().unwrap().input = InputMode::StdinJson;
        assert_eq!(codes(&examined(examine, &version)), [("no-input-schema", Severity::Low)]);
    }

    #[test]
    fn what_it_starts_must_be_there_and_take_what_is_described() {
        let recipe =
            |change: fn(&mut crate::domain::Recipe)| found(|manifest| change(manifest.recipe.as_mut().unwrap()));
        assert_eq!(recipe(|recipe| recipe.entry = Some("other.py".into())), one("no-entry", Severity::High));
        assert_eq!(recipe(|recipe| recipe.entry = None), one("no-entry", Severity::High));
        assert_eq!(recipe(|recipe| recipe.timeout_ms = Some(0)), one("no-time", Severity::High));
        assert_eq!(recipe(|recipe| recipe.input = InputMode::None), one("input-lost", Severity::Medium));
        assert_eq!(
            recipe(|recipe| recipe.command.push("--x={input.m}".into())),
            one("unknown-input", Severity::Medium)
        );
    }

    #[test]
    fn examples_and_tests_must_fit_the_schemas() {
        let example = |input, output| Example { description: "two".into(), input, output };
        let fits = found(|manifest| manifest.examples = vec![example(json!({"n": "x"}), Some(json!({})))]);
        assert_eq!(fits, [one("does-not-fit", Severity::Medium), one("does-not-fit", Severity::Medium)].concat());
        let mut version = stated();
        version.manifest.tests =
            vec![TestCase { name: "t".into(), input: json!({"n": 1.5}), expect: json!({"exact": {"sum": 1}}) }];
        let report = examined(examine, &version);
        assert!(
            report.findings[0].message.starts_with("the input of test \"t\" does not match the schema at /n: "),
            "{report:?}"
        );
    }
}
