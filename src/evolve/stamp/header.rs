//! The lines at the top of a script that state its origin.

use super::{ManifestStamp, NewHeader};
use crate::domain::SafeText;
use crate::domain::source::Language;

/// The line that marks code written by an agent or a generator.
const MARKER: &str = "AI-Generated Tool";

/// Number of lines that are searched for a header.
const HEADER_LINES: usize = 40;

/// The text of a script with the stamp in its header, after the line that names its interpreter. An existing header
/// gets the new values; after a repair without a model only the version and the status. A file in a language with
/// unknown comment syntax stays unchanged.
pub fn header(path: &str, text: &str, stamp: &ManifestStamp<'_>) -> String {
    let sign = match Language::of(path, text) {
        Some(Language::Python | Language::Bash) => "#",
        Some(Language::JavaScript | Language::TypeScript | Language::Tsx) => "//",
        None => return text.to_owned(),
    };
    let end = if text.lines().next().is_some_and(|_| text.contains("\r\n")) { "\r\n" } else { "\n" };
    let values = values(stamp);
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let is_marked = lines.iter().take(HEADER_LINES).any(|line| words(line).starts_with(MARKER));
    // A version in the header must not be wrong, whoever wrote it.
    let asked = values.iter().filter(|(key, _)| is_marked || *key == "Version");
    let mut open: Vec<&(&str, String)> = asked.collect();
    for line in lines.iter_mut().take(HEADER_LINES) {
        let Some(at) = open.iter().position(|(key, _)| states(line, key)) else { continue };
        let (key, value) = open.remove(at);
        let lead = line.find(key).unwrap_or_default();
        let tail = if line.ends_with('\n') { end } else { "" };
        *line = format!("{}{key}: {value}{tail}", &line[..lead]);
    }
    if is_marked {
        // The line of the marker is in the comment or docstring to extend.
        let at = lines.iter().position(|line| words(line).starts_with(MARKER)).unwrap_or_default();
        let lead: String = lines[at].chars().take_while(|c| !c.is_alphanumeric() && *c != '"' && *c != '\'').collect();
        let missing = open.iter().map(|(key, value)| format!("{lead}{key}: {value}{end}"));
        let missing: String = missing.collect();
        lines[at].push_str(&missing);
        return lines.concat();
    }
    let is_stated = !open.iter().any(|(key, _)| *key == "Version");
    if stamp.new_header == NewHeader::Nothing || stamp.new_header == NewHeader::Version && is_stated {
        return lines.concat();
    }
    let at = first_free(&lines);
    if at > 0 && !lines[at - 1].ends_with('\n') {
        lines[at - 1].push_str(end);
    }
    if stamp.new_header == NewHeader::Version {
        lines.insert(at, format!("{sign} Version: {}{end}", stamp.version));
        return lines.concat();
    }
    let block = std::iter::once(format!("{sign} {MARKER}{end}")).chain(
        values
            .iter()
            .filter(|(key, _)| *key != "Version" || open.iter().any(|(left, _)| left == key))
            .map(|(key, value)| format!("{sign} {key}: {value}{end}")),
    );
    lines.splice(at..at, block.collect::<Vec<_>>());
    lines.concat()
}

fn values(stamp: &ManifestStamp<'_>) -> Vec<(&'static str, String)> {
    let one_line = |text: &str| String::from(SafeText::source_line(text.lines().next().unwrap_or_default()));
    let origin = [("Created", one_line(stamp.created_at)), ("Generator", one_line(stamp.generator))];
    let state = [("Version", stamp.version.to_string()), ("Status", "Experimental".to_owned())];
    // A small repair does not change who wrote the file, and when.
    let is_new = stamp.new_header == NewHeader::Complete;
    origin.into_iter().filter(|_| is_new).chain(state).collect()
}

/// A line without comment characters.
fn words(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '/' | '*' | '"' | '\'' | '-')).trim_end()
}

fn states(line: &str, key: &str) -> bool {
    // Code that assigns or calls something is not a header.
    let words = words(line);
    words.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')) && words.len() < 200
}

/// The first line after the byte order mark, the interpreter and the encoding.
fn first_free(lines: &[String]) -> usize {
    let mut at = 0;
    if lines.first().is_some_and(|line| line.trim_start_matches('\u{feff}').starts_with("#!")) {
        at = 1;
    }
    if lines.get(at).is_some_and(|line| line.starts_with('#') && line.contains("coding")) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    static VERSION: semver::Version = semver::Version::new(1, 1, 0);

    fn stamp() -> ManifestStamp<'static> {
        ManifestStamp {
            version: &VERSION,
            parent: "1.0.0",
            created_at: "2026-01-02",
            created_by: "Ada",
            generator: "built-in",
            reason: "",
            prompt: None,
            dynamic_schema: false,
            new_header: NewHeader::Complete,
        }
    }

    const BLOCK: &str =
        "# AI-Generated Tool\n# Created: 2026-01-02\n# Generator: built-in\n# Version: 1.1.0\n# Status: Experimental\n";

    #[test]
    fn a_header_comes_after_the_interpreter_and_the_encoding() {
        for (before, lead, rest) in [
            ("print(1)\n", "", "print(1)\n"),
            ("#!/usr/bin/env python3\nprint(1)\n", "#!/usr/bin/env python3\n", "print(1)\n"),
            (
                "#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx\n",
                "#!/usr/bin/python\n# -*- coding: latin-1 -*-\n",
                "x\n",
            ),
        ] {
            assert_eq!(header("a.py", before, &stamp()), format!("{lead}{BLOCK}{rest}"));
        }
        assert!(header("a.ts", "x();\n", &stamp()).starts_with("// AI-Generated Tool\n// Created: "));
        assert_eq!(header("a.bin", "x", &stamp()), "x");
    }

    #[test]
    fn a_repair_without_a_model_adds_no_header_and_keeps_the_origin_in_one() {
        let plain = "#!/usr/bin/env python3\n\"\"\"Adds.\"\"\"\nprint(1)\n";
        let nothing = ManifestStamp { new_header: NewHeader::Nothing, ..stamp() };
        assert_eq!(header("a.py", plain, &nothing), plain);
        let version = ManifestStamp { new_header: NewHeader::Version, ..stamp() };
        let stated = header("a.py", plain, &version);
        assert_eq!(stated, plain.replacen('\n', "\n# Version: 1.1.0\n", 1));
        assert_eq!(
            header("a.py", &stated, &ManifestStamp { version: &semver::Version::new(1, 1, 1), ..version }),
            stated.replace("1.1.0", "1.1.1")
        );
        let made =
            "# AI-Generated Tool\n# Created: 2025\n# Generator: x\n# Version: 1.0.0\n# Status: Approved\nprint(1)\n";
        let expected = made.replace("1.0.0", "1.1.0").replace("Approved", "Experimental");
        assert_eq!(header("a.py", made, &nothing), expected);
    }

    #[test]
    fn a_header_that_is_there_gets_new_values_and_no_second_one() {
        let once = header("a.py", "print(1)\n", &stamp());
        let version = semver::Version::new(2, 0, 0);
        let twice = header("a.py", &once, &ManifestStamp { version: &version, ..stamp() });
        assert_eq!(twice, once.replace("1.1.0", "2.0.0"));
        let docstring = "\"\"\"\nAI-Generated Tool\nCreated: 2025\nGenerator: x\nStatus: Approved\n\nAdds.\n\"\"\"\n";
        let expected = "\"\"\"\nAI-Generated Tool\nVersion: 1.1.0\nCreated: 2026-01-02\nGenerator: built-in\nStatus: Experimental\n\nAdds.\n\"\"\"\n";
        assert_eq!(header("a.py", docstring, &stamp()), expected);
        let stated = "\"\"\"Adds.\n\nVersion: 1.0\n\"\"\"\n";
        let made = header("a.py", stated, &stamp());
        assert!(made.contains("\nVersion: 1.1.0\n\"\"\"") && made.matches("Version").count() == 1, "{made}");
    }
}
