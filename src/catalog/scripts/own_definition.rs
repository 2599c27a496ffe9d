//! Classes and files that describe their tool by a literal as models are told of a function: a method that returns
//! `{"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}`, or a name that is given one.

use super::framework::ToolSpec;
use super::literal;
use super::python::{Block, Definition};
use super::scanner::{inside, signs, window};
use crate::domain::source::Language;
use serde_json::{Map, Value};

const PYTHON: Language = Language::Python;

/// Literals of one class that are looked at.
const MAX_LITERALS: usize = 40;

/// The definition in the body of a class; `None` where there is none, or more than one.
pub(super) fn of_class(class: &Definition<'_>) -> Option<ToolSpec> {
    if class.is_class { only(literals(class.body)) } else { None }
}

/// The definition that a statement of a file gives a name.
pub(super) fn of_file(blocks: &[Block<'_>]) -> Option<ToolSpec> {
    only(
        blocks.iter().filter(|block| !block.is_definition() && !block.is_step()).flat_map(|block| literals(block.text)),
    )
}

/// The inputs of a tool that its definition names.
pub(super) fn names(spec: &ToolSpec) -> Option<&Map<String, Value>> {
    spec.schema.as_ref()?.get("properties")?.as_object()
}

fn only(literals: impl Iterator<Item = Value>) -> Option<ToolSpec> {
    let mut found = literals.filter_map(|value| specification(&value));
    found.next().filter(|_| found.next().is_none())
}

/// The tables that a text returns, or gives a name.
fn literals(text: &str) -> impl Iterator<Item = Value> {
    // Most classes have no such table, and what they have is not read.
    let is_likely = ["\"function\"", "'function'"].iter().any(|mark| text.contains(mark));
    let text = if is_likely { text } else { "" };
    let begins = signs(text, PYTHON).filter(|sign| sign.byte == b'{').filter(|sign| {
        let before = text[..sign.at].trim_end();
        let before = before.strip_suffix('(').map_or(before, str::trim_end);
        before.ends_with("return") || before.ends_with('=')
    });
    begins.take(MAX_LITERALS).filter_map(|sign| {
        let piece = window(text, sign.at);
        let inner = inside(piece, 0, PYTHON)?;
        literal::value(piece.get(..inner.len() + 2)?, PYTHON)
    })
}

fn specification(value: &Value) -> Option<ToolSpec> {
    if value.get("type")?.as_str()? != "function" {
        return None;
    }
    let table = value.get("function").unwrap_or(value);
    let schema = table.get("parameters").filter(|schema| schema.is_object());
    Some(ToolSpec {
        name: table.get("name")?.as_str()?.to_owned(),
        description: table.get("description").and_then(Value::as_str).map(str::to_owned),
        schema: schema.cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Declared, ScriptText, python_function};
    use super::PYTHON;
    use serde_json::json;

    fn read(text: &str) -> Declared {
        python_function::read(&ScriptText::new("x.py", text, Some(PYTHON))).unwrap()
    }

    const SPEC: &str = "{'type': 'function', 'function': {'name': 'send_mail', 'description': 'Send a mail.',\n        'parameters': {'type': 'object', 'properties': {'to': {'type': 'string', 'description': 'Whom'}, 'n': {'type': 'number'}}, 'required': ['to']}}}";

    #[test]
    fn a_class_is_the_tool_that_its_literal_names() {
        for base in ["", "(Tool)"] {
            let class = format!(
                "class SendMail{base}:\n    @staticmethod\n    def invoke(data: dict, to: str, n: int = 1): pass\n    @staticmethod\n    def get_info():\n        return {SPEC}\n"
            );
            let declared = read(&class);
            assert_eq!(
                (declared.function.as_deref(), declared.title.as_deref()),
                (Some("SendMail"), Some("send_mail"))
            );
            assert_eq!(declared.description.as_deref(), Some("Send a mail."));
            let schema = declared.schema.unwrap();
            assert_eq!((&schema["properties"]["n"]["type"], &schema["required"]), (&json!("number"), &json!(["to"])));
            assert!(declared.unsupported.unwrap().contains("parameter data"));
            let tools = python_function::marked(&ScriptText::new("x.py", &class, Some(PYTHON)));
            assert_eq!((tools[0].name.as_str(), tools[0].function.as_str()), ("send_mail", ""));
        }
    }

    #[test]
    fn a_function_is_described_by_the_literal_that_names_it() {
        let text = format!("SCHEMA = {SPEC}\ndef helper(): pass\ndef send_mail(to, n=1): pass\n");
        let declared = read(&text);
        assert_eq!(
            (declared.function.as_deref(), declared.description.as_deref()),
            (Some("send_mail"), Some("Send a mail."))
        );
        assert_eq!((declared.schema.unwrap()["required"].clone(), declared.unsupported), (json!(["to"]), None));
    }

    #[test]
    fn several_literals_and_other_tables_describe_nothing() {
        let text = format!("A = {SPEC}\nB = {SPEC}\ndef run(to): pass\n");
        assert_eq!(read(&text).schema, None);
        let text = "A = {'type': 'function', 'x': 1}\nB = {'type': 'function', 'function': f()}\ndef run(to): pass\n";
        assert_eq!(read(text).schema, None);
        let deep = format!("A = {{'function': {}\ndef run(to): pass\n", "= {".repeat(50_000));
        super::super::python_function::read(&ScriptText::new("x.py", &deep, Some(PYTHON)));
    }
}
