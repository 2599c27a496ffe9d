//! Code that defines the tools of an MCP server: `@mcp.tool()`, `server.registerTool("name", …)`, `server.tool("name", …)`,
//! and lists of `Tool(name=…, inputSchema=…)`. It answers a client that speaks the protocol, so it is named and not run.
//!
//! A single decorated function that starts no server is a tool of its own; `python_function` reads it.

use super::scanner::{arguments, calls, in_code, inside, is_word, signs, window};
use super::{Declared, ScriptText, docstring, literal, python};
use crate::catalog::limits;
use crate::domain::Kind;
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

const PYTHON: Language = Language::Python;
const JS: Language = Language::TypeScript;

/// Decorators that are looked at in a file.
const MAX_DECORATORS: usize = 1_000;

/// Keys `name` that are looked at in front of a schema.
const MAX_KEYS: usize = 4;

/// Bytes in front of a schema in which its name and description stand.
const NEAR: usize = 4_000;

/// A tool that code defines.
#[derive(Debug, PartialEq)]
struct CodeTool {
    name: String,
    description: String,
}

/// Reads a file that defines tools of a server.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    let is_javascript = script.language.is_some_and(Language::is_javascript);
    let tools = if script.language == Some(PYTHON) && (text.contains("mcp") || text.contains("MCP")) {
        of_python(text)?
    } else if is_javascript {
        of_javascript(text)?
    } else {
        return None;
    };
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let about = tools.first().map(|tool| tool.description.as_str()).unwrap_or_default();
    let listed = tools.iter().map(|tool| json!({"name": tool.name, "description": tool.description}));
    Some(Declared {
        kind: Some(Kind::Mcp),
        description: Some(crate::catalog::description::of_tools(&names, about)),
        keywords: names.iter().map(|name| (*name).to_owned()).collect(),
        extra: Map::from_iter([("tools".to_owned(), Value::Array(listed.collect()))]),
        unsupported: Some(
            "it defines tools of an MCP server, which waits for a client; write a definition with kind = \"mcp\" that starts it"
                .to_owned(),
        ),
        ..Declared::default()
    })
}

fn of_python(text: &str) -> Option<Vec<CodeTool>> {
    let has_list = text.contains("list_tools");
    if !(has_list || text.contains(".tool") || text.contains(".add_tool")) {
        return None;
    }
    let mut tools = Vec::new();
    let decorators = signs(text, PYTHON).filter(|sign| sign.byte == b'@').take(MAX_DECORATORS);
    for sign in decorators {
        add(&mut tools, decorated(text, window(text, sign.at + 1)));
    }
    // `mcp.tool(name="x")(function)`.
    let found: Vec<(usize, &str)> = calls(text, "tool", PYTHON).filter(|(at, _)| text[..*at].ends_with('.')).collect();
    let code = in_code(text, found.iter().map(|(at, _)| *at).collect(), PYTHON);
    for (at, inner) in found.into_iter().filter(|(at, _)| code.contains(at)) {
        let Some(open) = text[at..].find('(') else { continue };
        let rest = window(text, at + open + 1 + inner.len());
        if text[..at].ends_with('.') && rest.starts_with(")(") {
            let function = inside(rest, 1, PYTHON).unwrap_or_default().trim();
            let own = || function.rsplit('.').next().filter(|name| is_word(name)).map(str::to_owned);
            let name = named(text, inner, PYTHON).or_else(own);
            add(&mut tools, name.map(|name| CodeTool { name, description: String::new() }));
        }
    }
    if has_list {
        in_schemas(text, PYTHON, &mut tools);
    }
    let is_server = tools.len() > 1 || has_list || text.contains(".run(") || text.contains("__main__");
    (is_server && !tools.is_empty()).then_some(tools)
}

fn of_javascript(text: &str) -> Option<Vec<CodeTool>> {
    let has_list = text.contains("ListToolsRequestSchema");
    if !(has_list || text.contains("registerTool(") || text.contains(".tool(")) {
        return None;
    }
    let mut tools = Vec::new();
    for (method, name_may_be_word) in [("registerTool", true), ("tool", false)] {
        for (_, inner) in calls(text, method, JS).filter(|(at, _)| text[..*at].ends_with('.')) {
            let parts = super::scanner::split(inner, b',', JS);
            let Some(first) = parts.first().filter(|_| parts.len() > 1) else { continue };
            let is_text = first.starts_with(['"', '\'', '`']);
            let name = if is_text || name_may_be_word { resolved(text, first, JS) } else { None };
            let description = literal::text(parts[1], JS).or_else(|| {
                let config = if is_word(parts[1]) { object(text, parts[1])? } else { parts[1] };
                field(config, "description", JS).or_else(|| field(config, "title", JS))
            });
            add(&mut tools, name.map(|name| CodeTool { name, description: description.unwrap_or_default() }));
        }
    }
    if has_list {
        in_schemas(text, JS, &mut tools);
    }
    (!tools.is_empty()).then_some(tools)
}

/// Adds a tool whose name is none so far.
fn add(tools: &mut Vec<CodeTool>, tool: Option<CodeTool>) {
    if let Some(tool) = tool
        && tools.len() < limits::LIST_ITEMS
        && !tool.name.is_empty()
        && tools.iter().all(|known| known.name != tool.name)
    {
        tools.push(tool);
    }
}

/// The function below a decorator `SERVER.tool…` that the text `here` begins with.
fn decorated(text: &str, here: &str) -> Option<CodeTool> {
    let line = here.lines().next()?;
    let head = line.split('(').next()?.trim();
    let (server, _) = head.rsplit_once('.').filter(|(_, method)| *method == "tool")?;
    if !server.split('.').all(is_word) {
        return None;
    }
    let open = head.len();
    let (written, after) = match inside(here, open, PYTHON).filter(|_| here[open..].starts_with('(')) {
        Some(inner) => (inner, open + inner.len() + 2),
        None => ("", open),
    };
    let (_, function) = here[after..].split_once("def ").filter(|(between, _)| between.len() < NEAR)?;
    let own = function.split('(').next()?.trim();
    let body = function.find('(').and_then(|open| {
        let rest = &function[open + inside(function, open, PYTHON)?.len() + 2..];
        signs(rest, PYTHON).find(|sign| sign.depth == 0 && sign.byte == b':').map(|colon| &rest[colon.at + 1..])
    });
    let doc = || docstring::read(&python::docstring(body.unwrap_or_default()).unwrap_or_default()).summary;
    let stated = arguments(written, PYTHON).into_iter().find(|one| one.name == Some("description"));
    let description = stated.and_then(|one| literal::text(one.value, PYTHON)).unwrap_or_else(doc);
    Some(CodeTool { name: named(text, written, PYTHON).unwrap_or_else(|| own.to_owned()), description })
}

/// The name that a call gives: its `name`, or its first text.
fn named(text: &str, written: &str, language: Language) -> Option<String> {
    let all = arguments(written, language);
    let by_name = all.iter().find(|one| one.name == Some("name"));
    let first = all.first().filter(|one| one.name.is_none() && one.value.starts_with(['"', '\'']));
    resolved(text, by_name.or(first)?.value, language)
}

/// Tools that are listed with their schema: in front of each `inputSchema` stand name and description.
fn in_schemas(text: &str, language: Language, tools: &mut Vec<CodeTool>) {
    let mut from = 0;
    let found: Vec<usize> = text.match_indices("inputSchema").take(limits::LIST_ITEMS).map(|(at, _)| at).collect();
    // A key of a table may stand in quotes.
    let is_quoted = |at: usize| text[..at].ends_with(['"', '\'']);
    let places = found.iter().map(|at| if is_quoted(*at) { at - 1 } else { *at }).collect();
    let code = in_code(text, places, language);
    let is_code = |at: &usize| {
        // `spec.get("inputSchema", {})` only reads one.
        let is_read = is_quoted(*at) && !is_key(text, *at, "inputSchema");
        !is_read && (code.contains(at) || is_quoted(*at) && code.contains(&(at - 1)))
    };
    for at in found.into_iter().filter(is_code) {
        let mut begin = from.max(at.saturating_sub(NEAR));
        while !text.is_char_boundary(begin) {
            begin += 1;
        }
        let before = &text[begin..at];
        from = at;
        // Words of a description may look like a key, so the last one that has a text counts.
        let places = before.rmatch_indices("name").map(|(place, _)| place);
        let named = places.filter(|place| is_key(before, *place, "name")).take(MAX_KEYS).find_map(|place| {
            let value = value_of(&before[place + "name".len()..], language)?;
            let description = field(&before[place..], "description", language).unwrap_or_default();
            resolved(text, value, language).map(|name| CodeTool { name, description })
        });
        add(tools, named);
    }
}

/// Whether a key stands at a place: a word of its own with `:` or `=` behind it.
fn is_key(text: &str, at: usize, key: &str) -> bool {
    let before = text[..at].chars().next_back();
    let rest = text[at + key.len()..].trim_start_matches(['"', '\'', ' ']);
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && rest.starts_with([':', '='])
}

/// What is written behind a key, up to the next comma or line end outside of brackets.
fn value_of(rest: &str, language: Language) -> Option<&str> {
    let rest = rest.trim_start_matches(['"', '\'', ' ']).strip_prefix([':', '='])?.trim_start();
    let end = signs(rest, language).find(|sign| sign.depth == 0 && matches!(sign.byte, b',' | b'}' | b')'));
    Some(rest[..end.map_or(rest.len(), |sign| sign.at)].trim())
}

/// The text of a field.
fn field(text: &str, key: &str, language: Language) -> Option<String> {
    let place = text.match_indices(key).map(|(at, _)| at).find(|at| is_key(text, *at, key))?;
    literal::text(value_of(&text[place + key.len()..], language)?, language)
}

/// A text, or the text that a name of the file stands for.
fn resolved(text: &str, written: &str, language: Language) -> Option<String> {
    let written = written.trim();
    let written = written.strip_suffix(".value").unwrap_or(written);
    if let Some(name) = literal::text(written, language) {
        return Some(name).filter(|name| !name.contains(['\n', '$']));
    }
    let word = written.rsplit('.').next().filter(|word| is_word(word))?;
    text.match_indices(word).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let line = text[at + word.len()..].lines().next()?.trim_start();
        let typed = || line.strip_prefix(':').and_then(|rest| rest.split_once('=')).map(|(_, value)| value);
        let value = line.strip_prefix('=').or_else(|| line.strip_prefix(':'));
        let as_text = |value: &str| literal::text(value.trim().trim_end_matches([',', ';', '}', ' ']), language);
        let is_own = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let found = value.filter(|_| is_own).and_then(as_text).or_else(|| typed().filter(|_| is_own).and_then(as_text));
        found.filter(|_| !in_code(text, vec![at], language).is_empty())
    })
}

/// The object that a name of the file stands for.
fn object<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let mark = format!("const {word}");
    let at = text.find(&mark)? + mark.len();
    let open = at + text[at..].find('{').filter(|open| *open < 100)?;
    inside(text, open, JS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(path: &str, text: &str) -> Option<String> {
        let language = Language::of(path, text);
        read(&ScriptText::new(path, text, language))?.description
    }

    #[test]
    fn tools_of_a_python_server_are_named() {
        let text = "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\n@mcp.tool()\nasync def add(a: int = f(1)) -> int:\n    \"\"\"Adds.\"\"\"\n\
                    @mcp.tool(name='sub_it', description='x')\n@other\ndef sub(a): ...\n@self.mcp.tool\ndef more(): ...\n\"\"\"\n@mcp.tool()\ndef not_one(): ...\n\"\"\"\n\
                    mcp.tool(name='find')(found)\nmcp.tool()(docs.search)\n@agent.other()\ndef no(): ...\n";
        assert_eq!(described("x.py", text).unwrap(), "Defines 5 tools: add, sub_it, more, find, search");
        let listed = "from mcp.types import Tool\nclass T(str, Enum):\n    STATUS = 'git_status'\n@server.list_tools()\nasync def list_tools():\n    return [Tool(name=T.STATUS,\n  \
                      description='Shows', inputSchema=S.schema()), types.Tool(name='log', inputSchema={})]\n";
        assert_eq!(described("x.py", listed).unwrap(), "Defines 2 tools: git_status, log");
        let words = "\"\"\"Checks names.\n\n@mcp.tool(name='a')\n\"\"\"\nimport argparse\n# app.tool('b')(c), mcp.tool()(d)\n\nif __name__ == '__main__':\n    p.parse_args()\n";
        assert_eq!(described("x.py", words), None);
        let one = "from mcp import x\n@mcp.tool()\ndef only():\n    '''Does it.'''\n";
        assert_eq!(described("x.py", one), None);
        let running = format!("{one}if __name__ == '__main__':\n    mcp.run()\n");
        assert_eq!(described("x.py", &running).unwrap(), "Defines 1 tool: only: Does it.");
    }

    #[test]
    fn tools_of_a_javascript_server_are_named() {
        let text = "const name = \"echo\";\nconst config = {\n  title: 'Echo',\n  description: \"Says it, again\",\n};\n\
                    export const register = (server) => { server.registerTool(name, config, async () => {}); };\n";
        assert_eq!(described("x.ts", text).unwrap(), "Defines 1 tool: echo: Says it, again");
        let text = "server.registerTool('a', { description: 'A' }, f);\nthis.server.tool(\"b\", 'B', {}, g);\nother.tool(x, y);\nchalk.tool('z');\n";
        assert_eq!(described("x.js", text).unwrap(), "Defines 2 tools: a, b");
        let text = "enum T { ADD = \"add\" }\nserver.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: [\n  { name: T.ADD, description: 'x', inputSchema: {} },\n  \
                    { name: \"sub\", inputSchema: { name: 'no' } }] }));\n";
        assert_eq!(described("x.ts", text).unwrap(), "Defines 2 tools: add, sub");
        assert_eq!(described("x.ts", "export const tool = (a) => a;\n"), None);
    }
}
