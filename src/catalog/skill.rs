//! Agent Skills: a folder with `SKILL.md`, a text for an agent with frontmatter, and the files that it speaks of.
//!
//! The folder is one row: one digest covers the text and its scripts. Nothing in it is started here.

use super::document::{self, Document, Syntax};
use super::draft::{self, Draft};
use crate::domain::{
    Category, Dialect, IS_SKILL, Kind, Manifest, Problem, ProblemCode, ToolDetail, ToolName, VersionFile,
};
use serde_json::{Map, Value, json};

/// The file that makes a folder a skill.
pub(super) const FILE: &str = "SKILL.md";

/// The delimiter before and after the frontmatter.
const FENCE: &str = "---";

/// Reads the frontmatter of a skill. What has no term here stays in `extra`.
///
/// # Errors
/// A [`Problem`] for a file without frontmatter, name or description, and for an invalid name.
pub(super) fn read(file: &VersionFile) -> Result<Draft, Problem> {
    let text = document::text(&file.path, &file.bytes)?;
    let problem = |line, code, message: &str, hint: &str| Problem {
        path: file.path.clone(),
        line,
        code,
        message: message.to_owned(),
        hint: hint.to_owned(),
    };
    let front = frontmatter(text).ok_or_else(|| {
        let hint = "begin the file with ---, name: …, description: …, ---";
        problem(Some(1), ProblemCode::BadSyntax, "it has no frontmatter", hint)
    })?;
    let mut fields = fields(&file.path, front);
    let mut text_of = |key: &str| {
        let text = fields.get(key)?.as_str()?.trim().to_owned();
        fields.shift_remove(key);
        Some(text).filter(|text| !text.is_empty())
    };
    let missing = |key: &str| {
        let (message, hint) = (format!("the skill has no {key}"), format!("add `{key}: …` to the frontmatter"));
        problem(Some(1), ProblemCode::MissingField, &message, &hint)
    };
    let title = text_of("name").ok_or_else(|| missing("name"))?;
    let description = text_of("description").ok_or_else(|| missing("description"))?;
    let name = ToolName::of_title(&title).ok_or_else(|| {
        let line = text.lines().position(|line| line.starts_with("name:")).map(|line| line as u64 + 1);
        problem(line, ProblemCode::BadName, "the name has no letters for a tool name", "use a-z 0-9 - only")
    })?;
    let mut manifest = Manifest::blank(name, Dialect::Skill);
    manifest.kind = Kind::Prompt;
    manifest.title = (manifest.name.as_str() != title).then_some(title);
    manifest.description = description;
    manifest.dependencies = text_of("compatibility").into_iter().collect();
    let meta = fields.get("metadata").cloned().unwrap_or_default();
    let about = |key: &str| meta.get(key).or_else(|| fields.get(key)).and_then(Value::as_str);
    // In YAML, 1.2 without quotes is a number.
    let version = meta.get("version").or_else(|| fields.get("version"));
    let version = version.filter(|version| version.is_string() || version.is_number());
    let version = version.map(|version| version.as_str().map_or_else(|| version.to_string(), str::to_owned));
    if let Some(version) = version.as_deref().and_then(draft::loose_version) {
        manifest.version = version;
    }
    manifest.category = about("category").map(Category::new);
    manifest.provenance.created_by = about("author").map(str::to_owned);
    manifest.recipe = None;
    manifest.extra = fields;
    let origin = draft::origin_of(manifest.provenance.created_by.as_deref());
    let unsupported = format!("{IS_SKILL}: it is reviewed here and not started");
    Ok(Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, origin) })
}

/// The lines between the first two fences.
fn frontmatter(text: &str) -> Option<&str> {
    parts(text).map(|(front, _)| front)
}

/// The lines between the first two delimiters, and those after them.
fn parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(FENCE)?.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Some((&rest[..end], &rest[end + line.len()..]));
        }
        end += line.len();
    }
    None
}

/// The instructions of a skill: its text after the frontmatter. `None` for other tools.
pub fn skill_body(tool: &ToolDetail) -> Option<String> {
    if tool.manifest.dialect != Dialect::Skill {
        return None;
    }
    let file = tool.files.iter().find(|file| file.path == FILE)?;
    let text = String::from_utf8_lossy(&file.bytes);
    Some(parts(&text).map_or(text.as_ref(), |(_, body)| body).trim().to_owned())
}

/// The fields of a frontmatter. Where it is no YAML, which is common for texts with colons, each line that begins with a
/// key is a field, and lines that are indented go on with it.
fn fields(path: &str, front: &str) -> Map<String, Value> {
    if let Ok(document) = Document::parse(path, Syntax::Yaml, front.as_bytes()) {
        return document.fields;
    }
    let mut fields: Map<String, Value> = Map::new();
    let mut last: Option<String> = None;
    for line in front.lines() {
        let is_more = line.starts_with([' ', '\t']);
        let inner = line.split_once(':').filter(|(key, value)| is_more && is_key(key.trim()) && value.starts_with(' '));
        if let (Some((key, value)), Some("metadata")) = (inner, last.as_deref()) {
            let meta = fields.entry("metadata").or_insert_with(|| json!({}));
            if !meta.is_object() {
                *meta = json!({});
            }
            meta[key.trim()] = json!(value.trim().trim_matches(['"', '\'']));
        } else if let (true, Some(Value::String(text))) = (is_more, last.as_ref().and_then(|key| fields.get_mut(key))) {
            text.push(' ');
            text.push_str(line.trim());
        } else if let Some((key, value)) = line.split_once(':').filter(|(key, _)| is_key(key)) {
            let value = value.trim().trim_matches(['"', '\'']).trim_start_matches(['|', '>']).trim();
            fields.entry(key.to_owned()).or_insert_with(|| json!(value));
            last = Some(key.to_owned());
        }
    }
    fields
}

fn is_key(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn parse(text: &str) -> Result<Draft, Problem> {
        read(&VersionFile { path: FILE.into(), mode: FileMode::Plain, bytes: text.into() })
    }

    #[test]
    fn the_frontmatter_of_a_skill_is_read() {
        let text = "---\nname: pdf-forms\ndescription: >\n  Fills in forms.\n  Use it for PDF.\nlicense: MIT\nallowed-tools: Bash(*) Read\n\
                    metadata:\n  version: \"1.2\"\n  author: Ada\n---\n# PDF\nname: other\n";
        let draft = parse(text).unwrap();
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.kind), ("pdf-forms", Kind::Prompt));
        assert_eq!(manifest.description, "Fills in forms. Use it for PDF.");
        assert_eq!(manifest.version, semver::Version::new(1, 2, 0));
        assert_eq!(
            (&manifest.extra["license"], &manifest.extra["allowed-tools"]),
            (&json!("MIT"), &json!("Bash(*) Read"))
        );
        assert!(draft.unsupported.is_some() && manifest.recipe.is_none());
    }

    #[test]
    fn the_version_in_the_metadata_is_read_with_and_without_quotes_and_beside_what_no_yaml_is() {
        for (text, wanted) in [
            ("description: x\nmetadata:\n  version: 1.2\n", "1.2.0"),
            ("description: x\nmetadata:\n  version: 2\n", "2.0.0"),
            ("description: x\nmetadata:\n  version: '1.4.2'\n", "1.4.2"),
            ("description: Use when: asked\nmetadata:\n  author: Ada\n  version: \"1.3\"\n", "1.3.0"),
            ("description: x\nversion: 1.5\n", "1.5.0"),
        ] {
            let draft = parse(&format!("---\nname: a\n{text}---\n")).unwrap();
            assert_eq!(draft.manifest.version.to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn colons_that_no_yaml_has_are_read() {
        let draft =
            parse("---\r\nname: Web Search\r\ndescription: Use when: the user asks\r\n  for: news\r\n---\r\n").unwrap();
        assert_eq!(draft.manifest.description, "Use when: the user asks for: news");
        assert_eq!((draft.manifest.name.as_str(), draft.manifest.title.as_deref()), ("web_search", Some("Web Search")));
    }

    #[test]
    fn what_is_no_skill_is_a_problem() {
        for (text, code) in [
            ("# Only text\n", ProblemCode::BadSyntax),
            ("---\nname: x\ndescription: y\n", ProblemCode::BadSyntax),
            ("---\nname: x\n---\n", ProblemCode::MissingField),
            ("---\ndescription: x\n---\n", ProblemCode::MissingField),
            ("---\nname: 測試\ndescription: x\n---\n", ProblemCode::BadName),
            ("---\nname: \"de\u{202e}ploy\"\ndescription: x\n---\n", ProblemCode::BadName),
        ] {
            assert_eq!(parse(text).unwrap_err().code, code, "{text}");
        }
        let bomb = format!(
            "---\nname: x\ndescription: &a [x]\nb: &b [{}]\nc: [{}]\n---\n",
            "*a,".repeat(900),
            "*b,".repeat(900)
        );
        assert!(parse(&bomb).is_err() || parse(&bomb).unwrap().manifest.description.len() < 100);
    }
}
