//! Files that describe several tools without their code: lists of functions or of the tools of an MCP server, as JSON,
//! YAML or JSON Lines. Each tool is a row with its own input. A list of functions beside questions is one row.

use super::{function, hides, text};
use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::{description, limits, schema_loose};
use crate::domain::{Dialect, Kind, Manifest, Problem, ToolName};
use serde_json::{Map, Value};

/// Names of files that say nothing of what is in them: such a list is called like its folder.
const PLAIN_NAMES: &[&str] =
    &["tools", "tool", "functions", "function", "schemas", "schema", "index", "definitions", "config"];
/// Keys of what a tool takes.
const INPUTS: &[&str] = &["parameters", "arguments", "inputSchema", "input_schema"];
/// Keys of a list of tools.
const LISTS: &[&str] = &["tools", "functions", "functionDeclarations", "function_declarations"];
/// Keys of what wraps tools.
const WRAPPING: &[&str] = &["function", "functionDeclarations", "function_declarations", "toolSpec", "tool_spec"];

/// Keys of what a page shows of a thing.
const SHOWN: &[&str] =
    &["url", "href", "link", "icon", "image", "logo", "thumbnail", "website", "homepage", "repo", "github"];

/// Keys of a tool beside its inputs.
const ABOUT: &[&str] = &[
    "name",
    "description",
    "title",
    "type",
    "version",
    "annotations",
    "strict",
    "outputSchema",
    "output_schema",
    "tags",
    "category",
];

/// The tools in a list; `None` where most items are none, or no item says what it takes and each holds data.
pub(in crate::catalog) fn tools(items: &[Value]) -> Option<Vec<&Map<String, Value>>> {
    listed_tools(items).filter(|_| !is_data(items))
}

/// Whether items with a name and a description are data: none says what it takes, and each has a key of its own.
fn is_data(items: &[Value]) -> bool {
    let is_own = |table: &Map<String, Value>| {
        let takes = |key: &String| INPUTS.contains(&key.as_str()) || WRAPPING.contains(&key.as_str());
        !table.keys().any(takes) && table.keys().any(|key| !ABOUT.contains(&key.as_str()))
    };
    !items.is_empty() && items.iter().all(|item| item.as_object().is_some_and(is_own))
}

/// Whether the items of a table's list are what a page shows: none says what it takes, and each has an address or a picture.
fn is_shown(items: &[Value]) -> bool {
    let has = |item: &Value, keys: &[&str]| keys.iter().any(|key| item.get(*key).is_some());
    let is_one = |item: &Value| has(item, SHOWN) && !has(item, INPUTS) && !has(item, WRAPPING);
    !items.is_empty() && items.iter().all(is_one)
}

/// A table of tools by their names as a list: `tools: {NAME: {docstring: …, arguments: […]}}`.
fn by_name(fields: &Map<String, Value>) -> Option<Vec<Value>> {
    let map = LISTS[..2].iter().find_map(|key| fields.get(*key)?.as_object())?;
    let item = |(name, value): (&String, &Value)| {
        let table = value.as_object()?;
        let words = ["description", "docstring"].iter().find_map(|key| table.get(*key)?.as_str())?;
        let is_tool = table.contains_key("docstring") || INPUTS.iter().any(|key| table.contains_key(*key));
        let own = [("name".to_owned(), Value::from(name.as_str())), ("description".to_owned(), Value::from(words))];
        let taken = INPUTS.iter().filter_map(|key| Some(((*key).to_owned(), table.get(*key)?.clone())));
        is_tool.then(|| Value::Object(own.into_iter().chain(taken).collect()))
    };
    let tools: Option<Vec<Value>> = map.iter().map(item).collect();
    tools.filter(|tools| !tools.is_empty() && !fields.contains_key("name"))
}

fn listed_tools(items: &[Value]) -> Option<Vec<&Map<String, Value>>> {
    let mut found = Vec::with_capacity(items.len());
    let mut others = 0;
    for item in items {
        let table = item.as_object();
        match table.and_then(|table| table.get("function")) {
            // A list of functions beside a question, as collections of test cases have it.
            Some(Value::Array(functions)) => found.extend(listed_tools(functions)?),
            _ => match table.and_then(tool) {
                Some(tool) => found.push(tool),
                None => match table.and_then(declarations) {
                    Some(inner) => found.extend(listed_tools(inner)?),
                    None => others += 1,
                },
            },
        }
    }
    (others == 0 || found.len() > others).then_some(found)
}

/// The functions that a table declares, as Gemini has it.
fn declarations(table: &Map<String, Value>) -> Option<&Vec<Value>> {
    LISTS[2..].iter().find_map(|key| table.get(*key)?.as_array())
}

fn tool(table: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let inner =
        function::inner(table).or_else(|| table.get("toolSpec").or_else(|| table.get("tool_spec"))?.as_object());
    let table = inner.unwrap_or(table);
    let is_text = |key: &str| table.get(key).is_some_and(Value::is_string);
    let has_input = INPUTS.iter().any(|key| table.contains_key(*key));
    (is_text("name") && (has_input || is_text("description"))).then_some(table)
}

/// The tools of a list as tables in our own terms, each with its name. Empty for what is no such list, for a single tool, and
/// for more than a file may hold.
pub(in crate::catalog) fn tables(value: &Value) -> Vec<(String, Map<String, Value>)> {
    if let Some(tools) = value.as_object().and_then(by_name) {
        let tools = Some(tools).filter(|tools| tools.len() > 1).unwrap_or_default();
        return tools.iter().filter_map(Value::as_object).map(table).collect();
    }
    let Some(items) = list(value).filter(|items| items.len() > 1) else { return Vec::new() };
    let is_plain = |item: &Value| !item.get("function").is_some_and(Value::is_array);
    // A table that calls its list `tools` says what its items are.
    let found = if value.is_array() { tools(items) } else { listed_tools(items).filter(|_| !is_shown(items)) };
    let found = found.filter(|_| items.iter().all(is_plain)).unwrap_or_default();
    found.into_iter().map(table).collect()
}

/// The items of a list of tools, in any of its shapes.
fn list(value: &Value) -> Option<&Vec<Value>> {
    let own = || value.as_object().filter(|fields| !fields.contains_key("name"));
    let list = value.as_array().or_else(|| LISTS.iter().find_map(|key| own()?.get(*key)?.as_array()))?;
    match &list[..] {
        [only] => only.as_object().filter(|table| tool(table).is_none()).and_then(declarations).or(Some(list)),
        _ => Some(list),
    }
}

/// The places, from 1, of items of a list of tools that are none.
pub(in crate::catalog) fn broken(value: &Value) -> Vec<usize> {
    let items = list(value).map(Vec::as_slice).unwrap_or_default();
    let is_broken = |item: &Value| listed_tools(std::slice::from_ref(item)).is_none();
    items.iter().enumerate().filter(|(_, item)| is_broken(item)).map(|(at, _)| at + 1).collect()
}

/// A tool as a table in our own terms. Nothing in it says how it is started.
fn table(tool: &Map<String, Value>) -> (String, Map<String, Value>) {
    let whole = Value::Object(tool.clone());
    let mut fields = Map::from_iter([("description".to_owned(), text(&whole, "description").into())]);
    if is_of_server(tool) {
        fields.insert("kind".to_owned(), Kind::Mcp.word().into());
    }
    fields.extend(input(tool).map(|schema| ("input".to_owned(), schema)));
    (text(&whole, "name").to_owned(), fields)
}

/// What a tool takes.
fn input(tool: &Map<String, Value>) -> Option<Value> {
    let written = INPUTS.iter().find_map(|key| tool.get(*key))?;
    if let Some(items) = written.as_array() {
        return arguments(items);
    }
    if !written.is_object() {
        return None;
    }
    // Bedrock writes the schema below its language.
    let written = written.get("json").filter(|inner| inner.is_object()).unwrap_or(written);
    Some(schema_loose::translate(written))
}

/// A list of arguments as a schema: `[{name, type, description, required}]`.
fn arguments(items: &[Value]) -> Option<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for item in items {
        let name = text(item, "name");
        if name.is_empty() || hides(name) {
            return None;
        }
        let keys = [
            ("type", "type"),
            ("description", "description"),
            ("desc", "description"),
            ("default", "default"),
            ("enum", "enum"),
            ("items", "items"),
        ];
        let kept = keys.iter().filter_map(|(from, to)| Some(((*to).to_owned(), item.get(*from)?.clone())));
        properties.insert(name.to_owned(), Value::Object(kept.collect()));
        if item.get("required") == Some(&Value::Bool(true)) || item.get("optional") == Some(&Value::Bool(false)) {
            required.push(Value::from(name));
        }
    }
    let made = serde_json::json!({"type": "object", "properties": properties, "required": required});
    (!items.is_empty()).then(|| schema_loose::translate(&made))
}

/// Whether a tool is described as MCP servers describe theirs.
fn is_of_server(tool: &Map<String, Value>) -> bool {
    tool.get("inputSchema").is_some_and(|schema| schema.get("json").is_none())
}

/// The tools of a document that holds a list of them and no name of its own.
fn listed<'d>(document: &'d Document<'_>) -> Option<Vec<&'d Map<String, Value>>> {
    let fields = &document.fields;
    if fields.contains_key("name") {
        return None;
    }
    let list = LISTS.iter().find_map(|key| fields.get(*key)?.as_array()).filter(|items| !is_shown(items))?;
    listed_tools(list).filter(|tools| !tools.is_empty())
}

/// Whether a document is a table with a list of tools.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    listed(document).is_some() || by_name(&document.fields).is_some()
}

/// Reads a table with a list of tools.
///
/// # Errors
/// A [`Problem`] for names with characters that nobody sees.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let named = by_name(&document.fields).unwrap_or_default();
    let tools = listed(document).unwrap_or_else(|| named.iter().filter_map(Value::as_object).collect());
    of_list(document, &tools)
}

/// Reads a list of tools.
///
/// # Errors
/// A [`Problem`] for names with characters that nobody sees.
pub(in crate::catalog) fn of_list(document: &Document<'_>, tools: &[&Map<String, Value>]) -> Result<Draft, Problem> {
    let stem = draft::stem_of(document.path);
    let mut manifest =
        Manifest::blank(ToolName::of_title(stem).unwrap_or_else(|| ToolName::of_words(stem)), Dialect::Mcp);
    manifest.kind = Kind::Mcp;
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
    if let Some(name) = names.iter().find(|name| hides(name)) {
        let message = format!("a name contains hidden characters: {}", crate::domain::SafeText::new(name));
        return Err(document.problem(&[], crate::domain::ProblemCode::BadName, message, "remove them"));
    }
    let about = tools.first().and_then(|tool| tool.get("description")?.as_str()).unwrap_or_default();
    manifest.description = description::of_tools(&names, about);
    manifest.keywords = names.iter().take(limits::LIST_ITEMS).map(|name| (*name).to_owned()).collect();
    let described = tools.iter().take(limits::LIST_ITEMS).map(|tool| {
        let table = Value::Object((*tool).clone());
        serde_json::json!({"name": text(&table, "name"), "description": text(&table, "description")})
    });
    manifest.extra = Map::from_iter([("tools".to_owned(), Value::Array(described.collect()))]);
    if let [only] = tools {
        manifest.input = input(only);
    }
    let how = if tools.iter().any(|tool| is_of_server(tool)) {
        "write a definition with kind = \"mcp\" that starts their server"
    } else {
        "write a definition with a command for each"
    };
    let unsupported = format!("it describes tools and holds no code; {how}");
    let is_named_by_folder = PLAIN_NAMES.contains(&stem.to_ascii_lowercase().as_str());
    Ok(Draft { unsupported: Some(unsupported), is_named_by_folder, ..Draft::of_command(manifest, None, None) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::programs::Programs;
    use crate::catalog::reading;
    use crate::domain::{FileMode, VersionFile};
    use serde_json::json;

    fn parse(path: &str, text: &str) -> Result<Draft, Problem> {
        let file = VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
        reading::draft(&file, &crate::catalog::beside::Beside::default(), &Programs::on(&std::ffi::OsString::new()))
    }

    #[test]
    fn a_list_of_tools_is_one_described_row() {
        let list = json!([{"name": "a", "description": "A"}, {"name": "b", "arguments": []}, {"type": "function",
            "function": {"name": "c", "parameters": {}}}, {"name": "d", "inputSchema": {}}]);
        let lines: Vec<String> = list.as_array().unwrap().iter().map(ToString::to_string).collect();
        for (path, text, is_named_by_folder) in [
            ("tools.json", list.to_string(), true),
            ("more.yaml", list.to_string(), false),
            ("more.json", json!({"tools": list}).to_string(), false),
            ("more.jsonl", lines.join("\n"), false),
            ("more.json", lines.join("\n\n"), false),
        ] {
            let draft = parse(path, &text).unwrap();
            assert_eq!(draft.manifest.description, "Defines 4 tools: a, b, c, d", "{path}");
            assert_eq!((draft.manifest.kind, draft.is_named_by_folder), (Kind::Mcp, is_named_by_folder));
            assert_eq!(draft.manifest.keywords, ["a", "b", "c", "d"]);
            assert!(draft.unsupported.is_some());
        }
        assert_eq!(parse("tools.json", "[]").unwrap().manifest.description, "Defines no tools");
        let one = json!({"name": "a", "description": "Adds.\nMore"}).to_string();
        assert_eq!(parse("x.jsonl", &one).unwrap().manifest.description, "Defines 1 tool: a: Adds.");
    }

    #[test]
    fn shapes_of_other_frameworks_are_read_and_an_item_that_is_none_loses_no_other() {
        let schema = json!({"type": "object", "properties": {"z": {"type": "string"}}});
        let bedrock = json!({"toolSpec": {"name": "bed", "description": "Bedrock", "inputSchema": {"json": schema}}});
        let list =
            json!([{"name": "a", "parameters": schema}, bedrock, {"name": "b", "description": "B"}, {"title": "none"}]);
        let names = |value: &Value| tables(value).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&list), ["a", "bed", "b"]);
        assert_eq!(broken(&list), [4]);
        assert_eq!(tables(&list)[1].1["input"]["properties"]["z"]["type"], "string");
        let gemini =
            json!({"functionDeclarations": [{"name": "a", "parameters": schema}, {"name": "b", "parameters": schema}]});
        assert_eq!(names(&gemini), ["a", "b"]);
        assert_eq!(names(&json!({"tools": [gemini]})), ["a", "b"]);
        assert_eq!(names(&json!([{"x": 1}, {"y": 2}])), Vec::<String>::new());
    }

    #[test]
    fn a_table_of_tools_by_name_is_a_list() {
        let text = "tools:\n  find_file:\n    signature: \"find_file <file_name>\"\n    docstring: Finds files\n    arguments:\n      - name: file_name\n        type: string\n        description: the name\n        required: true\n      - name: limit\n        type: int\n        required: false\n  submit:\n    docstring: Submits it\n";
        let file = |text: &str| {
            Document::parse_any("config.yaml", crate::catalog::document::Syntax::Yaml, text.as_bytes())
                .unwrap()
                .0
                .fields
        };
        let found = tables(&Value::Object(file(text)));
        let shown: Vec<(&str, &Value)> =
            found.iter().map(|(name, table)| (name.as_str(), &table["description"])).collect();
        assert_eq!(shown, [("find_file", &json!("Finds files")), ("submit", &json!("Submits it"))]);
        let schema = &found[0].1["input"];
        assert_eq!(schema["required"], json!(["file_name"]));
        assert_eq!(schema["properties"]["file_name"]["description"], "the name");
        assert_eq!(schema["properties"]["limit"]["type"], "integer");
        let one =
            parse("submit/config.yaml", "tools:\n  submit:\n    docstring: Submits it\n    arguments: []\n").unwrap();
        assert_eq!(
            (one.manifest.description.as_str(), one.is_named_by_folder),
            ("Defines 1 tool: submit: Submits it", true)
        );
        for text in ["tools:\n  black: {description: x, version: 1}\n  ruff: {}\n", "tools:\n  a: 1\n", "tools: {}\n"] {
            assert!(tables(&Value::Object(file(text))).is_empty() && parse("config.yaml", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_page_shows_of_tools_is_data() {
        let page = json!({"tools": [{"name": "a", "description": "A", "url": "/a"}, {"name": "b", "description": "B", "url": "/b"}]});
        assert!(tables(&page).is_empty() && parse("data.json", &page.to_string()).is_err());
        let tools = json!({"tools": [{"name": "a", "description": "A", "url": "/a", "parameters": {}}, {"name": "b", "description": "B"}]});
        assert_eq!(tables(&tools).len(), 2);
    }

    #[test]
    fn what_is_no_list_of_tools_is_a_problem() {
        for (path, text) in [
            ("x.json", "[]"),
            ("x.json", "[1, 2]"),
            ("x.json", "[{\"name\": \"a\"}]"),
            ("x.jsonl", "{\"name\": \"a\", \"parameters\": {}}\n{\"name\": "),
            ("x.jsonl", "{\"id\": 1}\n{\"id\": 2}"),
            ("x.jsonl", ""),
            (
                "x.json",
                "[{\"name\": \"a\", \"description\": \"A\", \"theme\": 1}, {\"name\": \"b\", \"description\": \"B\", \"folder\": \"x\"}]",
            ),
            ("x.json", "[{\"name\": \"de\\u202eploy\", \"parameters\": {}}]"),
            ("x.json", "[{\"name\": \"a\", \"name\": \"b\", \"parameters\": {}}]"),
        ] {
            let problem = parse(path, text).unwrap_err();
            assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{text}");
        }
    }
}
