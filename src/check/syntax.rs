//! Checks whether every file can be parsed in its language.
//!
//! Python, JavaScript and TypeScript are parsed with the grammars for highlighting; code that they reject does not run.
//! The shell grammar knows less than bash does (for example nested quotes in here-documents), so its errors are
//! warnings.

use super::CheckContext;
use super::source::{Language, children, excerpt, is_beyond, line, nodes, text, text_of};
use super::started::{Started, encoding};
use crate::domain::{CheckReport, Finding, Severity, VersionFile, count};
use tree_sitter::Node;

/// One mistake causes many errors after it; the first ones are enough.
const MAX_FOR_FILE: usize = 5;

/// How many parts of an error are searched for the cause.
const MAX_INSIDE: usize = 2_000;

/// The longest code excerpt around an error, in characters.
const MAX_AROUND: usize = 60;

/// Examines the syntax of every file.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let started = Started::of(context.version);
    let mut read = 0_usize;
    let mut findings = started.unread(&context.version.files);
    for file in &context.version.files {
        let language = started.language_of(file);
        if encoding(file, language).is_some() {
            continue;
        }
        if let Some(faults) = faults(file, language) {
            read += 1;
            findings.extend(faults);
        }
    }
    for code in &started.code {
        read += 1;
        let faults = code_faults("", code.language, &code.text).into_iter();
        findings.extend(faults.map(|fault| Finding {
            path: None,
            line: None,
            message: format!("its command: {}", fault.message),
            ..fault
        }));
    }
    if read == 0 && findings.is_empty() {
        return CheckReport::skipped("syntax", "no file in a supported language");
    }
    let files = format!("{} read", count(read, "file"));
    CheckReport::of("syntax", findings).noted(files)
}

/// The errors in a file; `None` if its language is unknown.
fn faults(file: &VersionFile, language: Option<Language>) -> Option<Vec<Finding>> {
    let path = file.path.as_str();
    let Some(text) = text_of(file) else {
        language?;
        let fault = Finding::new("not-text", Severity::High, "it is not UTF-8 text, so it cannot be read as code");
        return Some(vec![fault.at(path, 1)]);
    };
    if let Some(language) = language {
        return Some(code_faults(path, language, text));
    }
    let ending = path.rsplit('.').next().unwrap_or_default();
    let (name, fault) = match ending {
        // Settings of editors and compilers contain comments.
        "json" if !path.ends_with("tsconfig.json") && !path.starts_with(".vscode/") => ("JSON", json_fault(text)),
        "toml" => ("TOML", toml_fault(text)),
        "yaml" | "yml" => ("YAML", yaml_fault(text)),
        _ => return None,
    };
    let fault = fault.map(|(line, cause)| {
        Finding::new("no-data", Severity::High, format!("it is not valid {name}: {cause}")).at(path, line)
    });
    Some(fault.into_iter().collect())
}

fn json_fault(text: &str) -> Option<(u64, String)> {
    let error = serde_json::from_str::<serde_json::Value>(text).err()?;
    Some((error.line() as u64, first_line(&error.to_string())))
}

fn toml_fault(text: &str) -> Option<(u64, String)> {
    let error = toml::from_str::<toml::Table>(text).err()?;
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    Some((before.matches('\n').count() as u64 + 1, first_line(error.message())))
}

fn yaml_fault(text: &str) -> Option<(u64, String)> {
    let error = serde_saphyr::from_multiple::<serde_json::Value>(text).err()?;
    let line = error.location().map_or(1, |location| location.line());
    Some((line, first_line(&error.to_string())))
}

fn first_line(text: &str) -> String {
    excerpt(text.lines().next().unwrap_or_default(), 160)
}

fn code_faults(path: &str, language: Language, source: &str) -> Vec<Finding> {
    let name = language.name();
    // The shell grammar knows less than shells do.
    let severity = if language == Language::Bash { Severity::Low } else { Severity::High };
    // Unread code is reported by the caller.
    let Some(tree) = language.parse(source) else { return Vec::new() };
    let root = tree.root_node();
    let mut findings = Vec::new();
    if root.has_error() {
        let faults = nodes(root).filter(|node| node.is_missing() || node.is_error() && !has_inner_fault(*node));
        findings.extend(
            faults
                .take(MAX_FOR_FILE)
                .map(|node| Finding::new("syntax", severity, said(node, source, name)).at(path, line(node))),
        );
        if findings.is_empty() {
            findings.push(Finding::new("syntax", severity, format!("it is not valid {name}")).at(path, 1));
        }
    }
    if is_beyond(root) {
        let message = "it is too deeply nested or too long to analyse";
        findings.push(Finding::new("too-deep", Severity::High, message).at(path, 1));
    }
    if language == Language::Python {
        let old = nodes(root).find(|node| is_python_2(*node, source));
        findings.extend(old.map(|node| {
            let shown = excerpt(text(node, source), MAX_AROUND);
            Finding::new("python-2", Severity::High, format!("this is Python 2 code, which does not start: {shown}"))
                .at(path, line(node))
        }));
    }
    findings
}

/// `print x` and `exec x`: the grammar accepts them, but Python 3 does not.
fn is_python_2(node: Node<'_>, source: &str) -> bool {
    let is_old = matches!(node.kind(), "print_statement" | "exec_statement");
    is_old && !children(node).first().is_some_and(|first| text(*first, source).starts_with('('))
}

/// Whether a part of the node, rather than the node itself, is wrong. Only the beginning is searched, because a
/// completely invalid file has nested errors.
fn has_inner_fault(node: Node<'_>) -> bool {
    nodes(node).skip(1).take(MAX_INSIDE).any(|inner| inner.is_error() || inner.is_missing())
}

fn said(node: Node<'_>, source: &str, language: &str) -> String {
    let row = source.lines().nth(node.start_position().row).unwrap_or_default();
    let around = excerpt(row, MAX_AROUND);
    if node.is_missing() {
        return format!("missing {:?} in: {around}", node.kind());
    }
    let piece = excerpt(text(node, source), MAX_AROUND);
    if piece.is_empty() {
        format!("not valid {language}: {around}")
    } else {
        format!("not valid {language}: {piece}, in: {around}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn found(path: &str, bytes: &[u8]) -> Vec<(String, Severity, u64)> {
        let file = VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: bytes.to_vec() };
        let language = Language::of(path, text_of(&file).unwrap_or_default());
        let all = faults(&file, language).unwrap();
        all.into_iter().map(|finding| (finding.code, finding.severity, finding.line.unwrap_or(0))).collect()
    }

    #[test]
    fn what_a_language_does_not_understand_is_found_at_its_line() {
        assert_eq!(found("a.py", b"def f(:\n    pass\n")[0].0, "syntax");
        assert_eq!(found("a.py", b"x = 1\n\ny = (1\n")[0], ("syntax".to_owned(), Severity::High, 3));
        assert_eq!(found("a.js", b"const a = 1;\nfunction ( {\n")[0], ("syntax".to_owned(), Severity::High, 2));
        assert_eq!(found("a.ts", b"const a: = 1;\n")[0].2, 1);
        assert_eq!(found("a.sh", b"if true; then\n  echo x\n")[0].1, Severity::Low);
        assert_eq!(found("a.py", b"print 'x'\n")[0].0, "python-2");
        assert_eq!(found("a.py", b"\xff\xfe")[0].0, "not-text");
        assert_eq!(found("a.json", b"{\n\"a\": }\n")[0], ("no-data".to_owned(), Severity::High, 2));
        assert_eq!(found("a.toml", b"a = 1\nb = \n")[0].2, 2);
        assert_eq!(found("a.yaml", b"a: [1\nb: 2\n")[0].0, "no-data");
    }

    #[test]
    fn what_runs_raises_nothing() {
        for (path, text) in [
            (
                "a.py",
                "import os\nmatch x:\n    case {'a': 1, **rest} if y:\n        print(f'{x!r:>{w}} {\"a\"}')\nprint('x')\n",
            ),
            ("a.py", "type A[T] = list[T]\nasync def f[T](x: T, /, *, y=1) -> T:\n    return (z := await g(x))\n"),
            ("a.py", "try:\n    pass\nexcept* (A, B) as e:\n    raise\nwith (open(a) as b, open(c) as d):\n    pass\n"),
            (
                "a.js",
                "#!/usr/bin/env node\nimport a, {b as c} from 'x';\nconst {d = 1, ...e} = a?.b ?? {};\nawait f`x${1}`;\n",
            ),
            ("a.ts", "enum A { B = 1 }\nconst f = <T extends object>(x: T): x is T => x satisfies T;\n"),
            (
                "a.sh",
                "set -euo pipefail\nfor i in \"${a[@]}\"; do case $i in a|b) echo $((i+1)) ;; *) cat <<'EOF'\nx\nEOF\n;; esac; done\n",
            ),
            ("a.json", "{\"a\": [1]}"),
            ("a.toml", "a = 1\n"),
            ("a.yaml", "\u{feff}a: 1\n---\nb: 2\n"),
        ] {
            assert_eq!(found(path, text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn a_finding_shows_the_code_around() {
        let file = VersionFile { path: "a.py".into(), mode: FileMode::Plain, bytes: b"x = 1\ny = = 2\n".to_vec() };
        let all = faults(&file, Some(Language::Python)).unwrap();
        assert!(all[0].message.contains("y = = 2"), "{all:?}");
    }
}
