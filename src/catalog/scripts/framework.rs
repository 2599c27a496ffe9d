//! What agent frameworks read besides decorators: tables that describe a tool, classes that hand their methods over, hooks
//! that register functions, and parameters that the framework fills itself.

use super::python::{self, Block, Definition, Parameter};
use super::scanner::{arguments, calls, in_code, is_word};
use crate::domain::source::Language;
use serde_json::Value;

const PYTHON: Language = Language::Python;

/// Decorators of agent frameworks that make a function a tool, by their last name; so do those that end in `_tool`.
const DECORATORS: &[&str] = &["tool", "ai_function", "kernel_function", "tool_plain", "register_for_llm", "action"];

/// How base classes end whose methods are tools.
const KITS: &[&str] = &["Toolkit", "ToolKit", "ToolSpec", "Tool", "Tools", "Toolset", "Toolbox"];

/// Base classes whose public methods are all tools, and methods that such a base has itself.
const OPEN_KITS: &[&str] = &["Toolbox"];
const OF_BASE: &[&str] = &["tools", "add_tool", "prepare", "prepare_async", "method_tools"];

/// Types of parameters that a framework hands over.
const INJECTED: &[&str] = &[
    "Context",
    "Depends",
    "RunContext",
    "RunContextWrapper",
    "ToolContext",
    "RunnableConfig",
    "ToolRuntime",
    "CallbackManagerForToolRun",
    "AsyncCallbackManagerForToolRun",
    "InjectedState",
    "InjectedToolArg",
    "Agent",
    "AgentState",
    "ContextVariables",
    "InvocationContext",
    "Kernel",
    "KernelArguments",
    "Team",
];

/// How words about a parameter say that no caller gives it, in lower case.
const FILLED: &[&str] = &[
    "automatically passed",
    "automatically injected",
    "passed automatically",
    "injected automatically",
    "injected by",
];

/// The decorator that makes a function a tool, as written.
pub(super) fn decorator<'t>(function: &Definition<'t>) -> Option<&'t str> {
    function.decorators.iter().copied().find(|written| is_mark(written))
}

/// Whether a decorator, as written behind its sign, makes a function a tool.
pub(super) fn is_mark(written: &str) -> bool {
    let name = written.split('(').next().unwrap_or_default().trim();
    let name = name.rsplit('.').next().unwrap_or_default();
    // `call_tool` is what hands a call on to the tools of a server.
    DECORATORS.contains(&name) || name.ends_with("_tool") && name != "call_tool"
}

/// Whether a framework fills a parameter; `words` are what is said of it.
pub(super) fn is_injected(parameter: &Parameter<'_>, words: &str) -> bool {
    let mut types = parameter.hint.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let words = words.to_ascii_lowercase();
    parameter.name == "run_manager"
        || types.any(|name| INJECTED.contains(&name))
        || FILLED.iter().any(|text| words.contains(text))
}

/// A table in which a file describes its tool: `TOOL_SPEC = {"name": …, "inputSchema": {"json": …}}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToolSpec {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) schema: Option<Value>,
}

impl ToolSpec {
    pub(super) fn of(blocks: &[Block<'_>]) -> Option<ToolSpec> {
        let table = python::assigned(blocks, "TOOL_SPEC")?;
        let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let schema = ["inputSchema", "input_schema", "parameters"].iter().find_map(|key| table.get(*key));
        let schema = schema.map(|schema| schema.get("json").unwrap_or(schema)).filter(|schema| schema.is_object());
        Some(ToolSpec { name: text("name")?, description: text("description"), schema: schema.cloned() })
    }
}

/// Whether a class is made of methods that are tools.
pub(super) fn is_kit(one: &Definition<'_>) -> bool {
    one.is_class && one.bases().any(|base| KITS.iter().any(|end| base.ends_with(end)))
}

/// The methods that a class hands to its framework as tools: `self.register(self.add)`, `tools=[self.add]`,
/// `spec_functions = ["add"]`, or all of them.
pub(super) fn handed<'t>(class: &Definition<'t>, methods: &[Definition<'t>]) -> Vec<&'t str> {
    if !is_kit(class) {
        return Vec::new();
    }
    let listed = class.field("spec_functions");
    let listed: Vec<&str> =
        listed.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let makers = methods.iter().filter(|one| matches!(one.name, "__init__" | "get_tools" | "tools"));
    let passed: Vec<&str> = makers.flat_map(|one| passed_on(one.body)).collect();
    let is_open = class.bases().any(|base| OPEN_KITS.contains(&base));
    let public = methods.iter().map(|one| one.name).filter(|name| !name.starts_with('_') && !OF_BASE.contains(name));
    public.filter(|name| is_open || listed.contains(name) || passed.contains(name)).collect()
}

/// The names behind `self.` that code passes on, neither called nor set.
fn passed_on(body: &str) -> Vec<&str> {
    let ends =
        |at: usize| body[at..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(body.len(), |end| at + end);
    let found = body.match_indices("self.").filter_map(|(at, word)| {
        let begin = at + word.len();
        let end = ends(begin);
        let is_passed =
            body[end..].trim_start().starts_with([')', ',', ']', '\n', '}']) || body[end..].trim().is_empty();
        is_passed.then(|| (at, &body[begin..end]))
    });
    let found: Vec<(usize, &str)> = found.filter(|(_, name)| is_word(name)).collect();
    let code = in_code(body, found.iter().map(|(at, _)| *at).collect(), PYTHON);
    found.into_iter().filter(|(at, _)| code.contains(at)).map(|(_, name)| name).collect()
}

/// Whether a decorator, as written behind its sign, makes a function a hook of a plugin.
pub(super) fn is_hook(written: &str) -> bool {
    let name = written.split('(').next().unwrap_or_default().trim();
    name.rsplit('.').next() == Some("hookimpl")
}

/// Whether the host of plugins calls a function.
pub(super) fn is_hooked(one: &Definition<'_>) -> bool {
    one.decorators.iter().any(|written| is_hook(written))
}

/// The functions that hooks register: `def register_tools(register): register(add)`.
pub(super) fn registered<'t>(definitions: &[Definition<'t>]) -> Vec<&'t str> {
    let hooks = definitions.iter().filter(|one| !one.is_class && one.name == "register_tools" && is_hooked(one));
    let given = hooks.flat_map(|hook| calls(hook.body, "register", PYTHON));
    given.filter_map(|(_, inner)| arguments(inner, PYTHON).first().map(|one| one.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_a_class_hands_over_are_its_tools() {
        let methods =
            "    def a(self): pass\n    def b(self): pass\n    def _c(self): pass\n    def tools(self): pass\n";
        for (class, init, expected) in [
            (
                "K(Toolkit)",
                "        # self.b,\n        if x:\n            self.register(self.a)\n        self.b()\n",
                &["a"][..],
            ),
            ("K(Toolkit)", "        super().__init__(tools=[self.a, self.b])\n", &["a", "b"]),
            ("K(Toolkit)", "        tools.append(self.b)\n        self.a = 1\n", &["b"]),
            ("K(llm.Toolbox)", "        pass\n", &["a", "b"]),
            ("K(Toolkit)", "        pass\n", &[]),
            ("K(Plain)", "        self.register(self.a)\n", &[]),
            (
                "K(BaseToolkit)",
                "        pass\n    def get_tools(self):\n        return [FunctionTool(self.a)]\n",
                &["a"],
            ),
            ("K(BaseToolSpec)", "        pass\n    spec_functions = ['b']\n", &["b"]),
        ] {
            let text = format!("class {class}:\n    def __init__(self):\n{init}{methods}");
            let blocks = python::blocks(&text);
            let class = &python::definitions(&blocks)[0];
            assert_eq!(handed(class, &class.methods()), expected, "{class:?} {init}");
        }
    }

    #[test]
    fn what_a_framework_fills_is_no_input() {
        for (hint, words, expected) in [
            ("Context", "", true),
            ("Optional[ToolContext]", "", true),
            ("ctx.RunContextWrapper[Any]", "", true),
            ("Optional[Any]", "The parent agent (automatically passed by the framework)", true),
            ("str", "A context", false),
            ("Contexts", "", false),
        ] {
            let parameter = Parameter { name: "x", hint, default: None };
            assert_eq!(is_injected(&parameter, words), expected, "{hint} {words}");
        }
    }

    #[test]
    fn functions_that_a_hook_registers_are_found() {
        let text = "def add(a): pass\n@llm.hookimpl\ndef register_tools(register):\n    register(add)\n    register(Kit, name='k')\n";
        let found = python::definitions(&python::blocks(text));
        assert_eq!(registered(&found), ["add", "Kit"]);
        assert!(is_hooked(&found[1]) && !is_hooked(&found[0]));
    }
}
