//! Scripts that define several tools: functions and methods that an agent framework marks, and its classes of tools.

use crate::catalog::scripts::{self, ScriptText};
use crate::code::metadata::ScriptBlock;
use crate::domain::source::{Language, text_of};
use crate::domain::{Digest, VersionFile};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// The tools of a script as tables in our own terms, each with its name and the line that it begins in.
pub(super) fn tables(file: &VersionFile) -> Vec<(String, u64, Map<String, Value>)> {
    let Some(text) = text_of(file) else { return Vec::new() };
    let dependencies = ScriptBlock::of(text).map(|block| block.dependencies()).unwrap_or_default();
    let table = |tool: scripts::MarkedTool| {
        let mut fields = Map::from_iter([("description".to_owned(), json!(tool.description))]);
        fields.extend(tool.schema.map(|schema| ("input".to_owned(), schema)));
        if !dependencies.is_empty() {
            fields.insert("dependencies".to_owned(), json!(dependencies));
        }
        let run = json!({"command": ["python3", "{file}"], "entry": file.path, "input": "stdin-json", "function": tool.function});
        // A tool that only its framework can call has no start.
        if !tool.function.is_empty() {
            fields.insert("run".to_owned(), run);
        }
        (tool.name, 0, fields)
    };
    marked(file).iter().cloned().map(table).collect()
}

/// A file, and the tools that it marks.
type LastFile = (Digest, Rc<[scripts::MarkedTool]>);

thread_local! {
    /// A scan queries for the same file its content, whether that is more than its own row, and what it does when it is
    /// loaded.
    static LAST: RefCell<Option<LastFile>> = const { RefCell::new(None) };
}

fn marked(file: &VersionFile) -> Rc<[scripts::MarkedTool]> {
    let Some(text) = text_of(file) else { return Rc::new([]) };
    let digest = Digest::of_files(std::slice::from_ref(file));
    let is_same = |(known, _): &&LastFile| *known == digest;
    let last = LAST.with_borrow(|last| last.as_ref().filter(is_same).map(|(_, tools)| Rc::clone(tools)));
    last.unwrap_or_else(|| {
        let language = Language::of(&file.path, text);
        let script = ScriptText::new(&file.path, text, language);
        let tools: Rc<[scripts::MarkedTool]> = scripts::marked_tools(&script).into();
        LAST.set(Some((digest, Rc::clone(&tools))));
        tools
    })
}

/// The line because of which the functions of a script cannot be called separately: loading the file would execute it
/// before each call.
pub(super) fn does_first(file: &VersionFile) -> Option<usize> {
    marked(file).iter().find_map(|tool| tool.does_first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn tables_of(text: &str) -> Vec<(String, u64, Map<String, Value>)> {
        let file = VersionFile { path: "kit.py".into(), mode: FileMode::Plain, bytes: text.into() };
        tables(&file)
    }

    #[test]
    fn each_marked_tool_has_its_own_name_words_and_inputs() {
        let text = "from x import tool, BaseTool\n@tool(name=\"add-numbers\", description=\"Adds two\")\ndef add(a: float, b: float):\n    return a + b\n\n\
            def helper(): pass\n\n@tool\ndef twice(a: int = 1):\n    \"\"\"Doubles it.\"\"\"\n    return a * 2\n\n\
            class Search:\n    @tool(\"Search the web\")\n    def web(query):\n        \"\"\"Finds pages.\"\"\"\n\n\
            class Sleep(BaseTool):\n    name: str = \"sleep\"\n    description: str = \"Waits\"\n    def _run(self, seconds: int): pass\n";
        let found = tables_of(text);
        let told: Vec<String> = found
            .iter()
            .map(|(name, _, table)| {
                let words = table["description"].as_str().unwrap_or_default();
                format!("{name}: {words} {}", table["run"]["function"].as_str().unwrap_or_default())
            })
            .collect();
        let expected = [
            "add-numbers: Adds two add",
            "twice: Doubles it. twice",
            "Search the web: Finds pages. Search.web",
            "sleep: Waits Sleep",
        ];
        assert_eq!(told, expected);
        assert_eq!(found[0].2["input"]["required"], json!(["a", "b"]));
        assert_eq!(found[2].2["input"]["properties"]["query"], json!({}));
        assert_eq!(found[3].2["input"]["properties"]["seconds"]["type"], "integer");
    }

    #[test]
    fn what_only_a_framework_can_call_is_named_without_a_start() {
        let text = "def register_sns(mcp):\n    \"\"\"Register.\"\"\"\n    @mcp.tool()\n    def create_topic(name: str) -> str:\n        \"\"\"Create a topic.\"\"\"\n        return name\n\n\
            class Handler:\n    def __init__(self, mcp):\n        self.mcp = mcp\n        self.mcp.tool(name='manage_groups')(self.manage)\n    def manage(self, operation: str):\n        \"\"\"Manage groups.\"\"\"\n\n\
            @tool\ndef roll(ctx: RunContext[str], sides: int = 6):\n    \"\"\"Roll a die.\"\"\"\n";
        let found = tables_of(text);
        let told: Vec<String> = found
            .iter()
            .map(|(name, _, table)| {
                format!("{name}: {} {}", table["description"].as_str().unwrap_or_default(), table.contains_key("run"))
            })
            .collect();
        assert_eq!(
            told,
            ["create_topic: Create a topic. false", "manage_groups: Manage groups. false", "roll: Roll a die. false"]
        );
        assert_eq!(found[0].2["input"]["required"], json!(["name"]));
        assert_eq!(found[2].2["input"]["properties"], json!({"sides": {"type": "integer", "default": 6}}));
    }

    #[test]
    fn fields_of_a_class_of_tools_are_its_inputs() {
        let text = "from x import BaseTool\nclass Save(BaseTool):\n    \"\"\"Save it.\"\"\"\n    content: str = Field(..., description='the text')\n    def run(self):\n        return self.content\n";
        let found = tables_of(text);
        assert_eq!(found[0].2["input"]["required"], json!(["content"]));
        assert_eq!(found[0].2["run"]["function"], "Save");
    }

    #[test]
    fn a_file_that_runs_something_keeps_its_tools() {
        let tool = "@tool\ndef add(a: int):\n    \"\"\"Adds.\"\"\"\n    return a\n\n";
        let runs_first = |end: &str| {
            let text = format!("{tool}{end}");
            assert_eq!(tables_of(&text).len(), 1);
            does_first(&VersionFile { path: "kit.py".into(), mode: FileMode::Plain, bytes: text.into() })
        };
        assert_eq!(runs_first("if __name__ == '__main__':\n    agent.run('x')\n"), None);
        assert_eq!(runs_first("model = Model()\n"), None);
        assert_eq!(runs_first("agent.run('x')\n"), Some(6), "loading the file would run the agent");
        assert!(tables_of("def add(a): pass\nadd(1)\n").is_empty());
    }
}
