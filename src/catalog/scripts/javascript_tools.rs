//! Tools that TypeScript and JavaScript define for an agent framework: `tool({description, inputSchema: z.object({…})})`,
//! `tool(function, {name, description, schema})`, `createTool({id, …})`. Their framework calls them, so that they are named with
//! their inputs and not run.

use super::python_function::MarkedTool;
use super::scanner::{calls, split, split_once};
use super::{ScriptText, description, literal};
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

const JS: Language = Language::TypeScript;

/// Functions of frameworks that make a tool.
const MAKERS: &[&str] = &["tool", "createTool"];

/// Packages that have them.
const PACKAGES: &[&str] =
    &["'ai'", "\"ai\"", "langchain", "@mastra/", "@openai/agents", "@strands-agents/", "@ai-sdk/"];

/// Schemas within schemas that are read.
const MAX_DEPTH: usize = 6;

/// The tools of a file.
pub(super) fn marked(script: &ScriptText<'_>) -> Vec<MarkedTool> {
    let text = script.text;
    let is_javascript = script.language.is_some_and(Language::is_javascript);
    if !is_javascript || !PACKAGES.iter().any(|package| text.contains(package)) {
        return Vec::new();
    }
    let found = MAKERS.iter().flat_map(|maker| calls(text, maker, JS));
    let mut found: Vec<(usize, &str)> = found.filter(|(at, _)| !text[..*at].ends_with('.')).collect();
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().filter_map(|(at, inner)| tool(&text[..at], inner)).collect()
}

/// The tool that a call makes; `before` is the text in front of it.
fn tool(before: &str, inner: &str) -> Option<MarkedTool> {
    let parts = split(inner, b',', JS);
    let table = parts.iter().take(2).map(|part| part.trim()).find(|part| part.starts_with('{'))?;
    let fields: Vec<(&str, &str)> = fields(table);
    let field = |keys: &[&str]| keys.iter().find_map(|key| fields.iter().find(|(name, _)| name == key));
    let text = |keys: &[&str]| literal::text(field(keys)?.1, JS);
    let words = text(&["description"])?;
    let schema = field(&["inputSchema", "parameters", "schema"]).map(|(_, written)| zod(written, 0).0);
    Some(MarkedTool {
        name: text(&["name", "id"]).or_else(|| assigned(before).map(str::to_owned))?,
        description: description::first_paragraph(&words).unwrap_or_default(),
        schema: schema.filter(|schema| schema.contains_key("properties")).map(Value::Object),
        function: String::new(),
        does_first: None,
    })
}

/// The variable or the key that a value stands behind: `const weather = `, `weather: `.
fn assigned(before: &str) -> Option<&str> {
    let head = before.trim_end().strip_suffix(['=', ':'])?.trim_end();
    let begin = head.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).map_or(0, |at| at + 1);
    Some(&head[begin..]).filter(|name| !name.is_empty())
}

/// The fields of a table as written.
fn fields(table: &str) -> Vec<(&str, &str)> {
    let inner = table.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let parts = split(inner, b',', JS).into_iter().filter_map(|part| split_once(part, b':', JS));
    parts.map(|(name, value)| (name.trim().trim_matches(['"', '\'']), value.trim())).collect()
}

/// What a schema of zod says, and whether a value is needed. What is not known takes any value.
fn zod(written: &str, depth: usize) -> (Map<String, Value>, bool) {
    let (mut schema, mut is_needed) = (Map::new(), true);
    let parts = split(written, b'.', JS);
    for part in parts.iter().skip(1).map(|part| part.trim()) {
        let (name, rest) = part.split_once('(').unwrap_or((part, ")"));
        let inner = rest.strip_suffix(')').unwrap_or(rest).trim();
        let value = || literal::value(inner, JS);
        let kind = |word: &str| Map::from_iter([("type".to_owned(), json!(word))]);
        match name {
            "string" | "number" | "boolean" => schema = kind(name),
            "int" => schema.extend(kind("integer")),
            "array" if depth < MAX_DEPTH => {
                let items = if inner.is_empty() { std::mem::take(&mut schema) } else { zod(inner, depth + 1).0 };
                schema = kind("array");
                schema.insert("items".to_owned(), Value::Object(items));
            }
            "enum" | "literal" => {
                let values = value().map(|value| if value.is_array() { value } else { json!([value]) });
                schema.extend(values.map(|values| ("enum".to_owned(), values)));
            }
            "object" | "strictObject" | "looseObject" if depth < MAX_DEPTH => schema = object(inner, depth),
            "optional" | "nullish" => is_needed = false,
            "default" => {
                is_needed = false;
                schema.extend(value().map(|value| ("default".to_owned(), value)));
            }
            "describe" => schema.extend(value().map(|words| ("description".to_owned(), words))),
            "min" | "max" if schema.get("type").is_some_and(|kind| kind == "number" || kind == "integer") => {
                let key = if name == "min" { "minimum" } else { "maximum" };
                schema.extend(value().filter(Value::is_number).map(|value| (key.to_owned(), value)));
            }
            _ => {}
        }
    }
    (schema, is_needed)
}

fn object(table: &str, depth: usize) -> Map<String, Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, written) in fields(table) {
        let (schema, is_needed) = zod(written, depth + 1);
        if is_needed {
            required.push(name);
        }
        properties.insert(name.to_owned(), Value::Object(schema));
    }
    let mut schema =
        Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), json!(properties))]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let found = marked(&ScriptText::new("x.ts", text, Some(JS)));
        let shown =
            |tool: MarkedTool| format!("{}: {} {}", tool.name, tool.description, tool.schema.unwrap_or_default());
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn tools_of_frameworks_have_their_names_words_and_inputs() {
        let text = "import { tool } from 'ai';\nexport const weather = tool({\n  description: 'Get the weather',\n  inputSchema: z.object({\n    place: z.string().describe('where'),\n    \
            unit: z.enum(['c', 'f']).default('c'), days: z.number().int().min(1).optional(), tags: z.array(z.string()) }),\n  execute: async ({ place }) => ({ place }),\n});\n\
            const tools = { time: tool({ description: 'Get time', parameters: z.object({}) }) };\n";
        let expected = [
            r#"weather: Get the weather {"type":"object","properties":{"place":{"type":"string","description":"where"},"unit":{"enum":["c","f"],"default":"c"},"days":{"type":"integer","minimum":1},"tags":{"type":"array","items":{"type":"string"}}},"required":["place","tags"]}"#,
            r#"time: Get time {"type":"object","properties":{}}"#,
        ];
        assert_eq!(shown(text), expected);
        let text = "import { tool } from \"@langchain/core/tools\";\nimport { createTool } from \"@mastra/core/tools\";\n\
            const a = tool(async ({ a, b }) => a + b, { name: \"adder\", description: \"Adds\", schema: z.object({ a: z.number() }) });\n\
            const b = createTool({ id: \"get-weather\", description: \"Weather\", inputSchema: schema });\n";
        let expected = [
            r#"adder: Adds {"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}"#,
            "get-weather: Weather null",
        ];
        assert_eq!(shown(text), expected);
        assert!(shown("import { tool } from './own';\ntool({ description: 'x' });\n").is_empty());
    }
}
