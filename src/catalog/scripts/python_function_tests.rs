use super::*;

fn read_text(path: &str, text: &str) -> Option<Declared> {
    read(&ScriptText::new(path, text, Some(PYTHON)))
}

fn shown(declared: &Declared) -> Vec<String> {
    let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
    declared.inputs.iter().map(|input| format!("{}{} {}", input.name, sign(input), json!(input.schema))).collect()
}

#[test]
fn a_function_is_a_tool_with_its_signature_as_form() {
    let text = "import os\n\ndef _help(): pass\n\ndef celsius(f: float, digits: int = 1, *rest, unit=\"C\", ctx: Context = None):\n    \"\"\"Converts a\n    temperature.\n\n    \
        Args:\n        f: Degrees Fahrenheit\n    \"\"\"\n    return f\n";
    let declared = read_text("t/convert.py", text).unwrap();
    assert_eq!((declared.function.as_deref(), declared.input), (Some("celsius"), Some(InputMode::StdinJson)));
    assert_eq!(declared.description.as_deref(), Some("Converts a temperature."));
    let expected = [
        r#"f! {"type":"number","description":"Degrees Fahrenheit"}"#,
        r#"digits {"type":"integer","default":1}"#,
        r#"unit {"type":"string","default":"C"}"#,
    ];
    assert_eq!(shown(&declared), expected);
}

#[test]
fn the_function_that_is_meant_is_found() {
    for (path, text, expected) in [
        ("x.py", "def a(): pass\ndef run(): pass\n", Some("run")),
        ("web-search.py", "def a(): pass\ndef web_search(): pass\n", Some("web_search")),
        ("x.py", "def a(): pass\n@mcp.tool()\nasync def b(): pass\n", Some("b")),
        ("x.py", "class A(BaseTool):\n    def _run(self, q: str): pass\n", Some("A")),
        ("x.py", "def a(): pass\ndef b(): pass\n", None),
        ("x.py", "TOOL_SPEC = {'name': 'b', 'inputSchema': {}}\ndef a(): pass\ndef b(tool): pass\n", Some("b")),
        ("x.py", "@own_tool\ndef a(): pass\ndef b(): pass\n", Some("a")),
        ("x.py", "@llm.hookimpl\ndef register_tools(register): pass\n", None),
        ("x.py", "\"\"\"Use it:\n\nx = a()\n\"\"\"\n@tool\ndef a(): pass\n", Some("a")),
    ] {
        let declared = read_text(path, text).unwrap();
        assert_eq!(declared.function.as_deref(), expected, "{text}");
        assert_eq!(declared.unsupported.is_some(), expected.is_none(), "{text}");
    }
}

#[test]
fn a_file_that_runs_by_itself_is_no_function() {
    for text in [
        "def a(): pass\na()\n",
        "def a(): pass\nif __name__ == '__main__':\n    a()\n",
        "def a(): pass\nfor x in y():\n    a()\n",
        "print(1)\n",
        "#!/usr/bin/env python3\nx = compute()\n",
        "def a(): pass\nresult = a()\n",
        "def a(): pass\na()\ndone = True\n",
        "class A: pass\nA().run()\n",
        "class A: pass\nx = A(1).run()\n",
    ] {
        assert_eq!(read_text("x.py", text), None, "{text}");
    }
    assert!(read_text("x.py", "load()\ndef a(): pass\nb = a\n").is_some());
}

#[test]
fn a_class_of_several_tools_names_them() {
    let text = "class Math(Toolkit):\n    def __init__(self): pass\n    def add(self, a): pass\n    def divide(self, a): pass\n";
    let kit = read_text("x.py", text).unwrap();
    assert_eq!((kit.contents.as_deref(), kit.is_module), (Some("Defines add, divide"), false));
    assert!(kit.unsupported.unwrap().ends_with("that calls one of Math"));
    let described =
        read_text("x.py", "class A(BaseToolSpec):\n    \"\"\"Reads mail.\"\"\"\n    def load(self): pass\n").unwrap();
    assert_eq!(described.description.as_deref(), Some("Reads mail."));
}

#[test]
fn a_table_describes_the_tool_of_its_file() {
    let text = "TOOL_SPEC = {\n    'name': 'speak',\n    'description': ('Says '\n        'it'),\n    'inputSchema': {'json': {'type': 'object',\n        'properties': {'text': {'type': 'string'}}, 'required': ['text']}},\n}\n\
        def helper(): pass\ndef speak(tool: ToolUse, **kwargs) -> ToolResult: pass\n";
    let declared = read_text("t/speak.py", text).unwrap();
    assert_eq!((declared.function.as_deref(), declared.description.as_deref()), (Some("speak"), Some("Says it")));
    let expected = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
    assert_eq!(declared.schema, Some(expected));
}

#[test]
fn methods_of_a_kit_are_tools_with_what_their_object_needs() {
    let text = "class Box(llm.Toolbox):\n    def __init__(self, path: str, deep: bool = True): pass\n    def query(self, sql: str) -> str:\n        \"\"\"Asks.\"\"\"\n    def path_of(self, path): pass\n\
        @llm.hookimpl\ndef register_tools(register):\n    register(Box)\n    register(add)\ndef add(a: int): pass\n";
    let found = marked(&ScriptText::new("x.py", text, Some(PYTHON)));
    let told: Vec<String> = found
        .iter()
        .map(|tool| {
            let schema = tool.schema.as_ref().unwrap();
            format!("{} {} {} {}", tool.name, tool.function, tool.does_first.is_none(), schema["required"])
        })
        .collect();
    let expected =
        [r#"query Box.query true ["path","sql"]"#, r#"path_of Box.path_of true ["path"]"#, r#"add add true ["a"]"#];
    assert_eq!(told, expected);
}

#[test]
fn what_an_object_may_be_made_with_is_offered() {
    let of = |text: &str| {
        let found = marked(&ScriptText::new("x.py", text, Some(PYTHON)));
        let schema = found[0].schema.clone().unwrap();
        let names: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        format!("{} {}", names.join(" "), schema["required"])
    };
    let kit = "class Spec(BaseToolSpec):\n    spec_functions = ['load']\n    def __init__(self, spec: Optional[dict] = None, url: str = '', client: Client = None): pass\n    def load(self): pass\n";
    assert_eq!(of(kit), "spec url null");
    let class = "class S(BaseModel):\n    q: str\nclass Find(BaseTool):\n    args_schema: Type[BaseModel] = S\n    def __init__(self, place: str, top: int = 3, **kwargs): pass\n    def _run(self, q): pass\n";
    assert_eq!(of(class), r#"q place top ["place","q"]"#);
    let needs = "class Web:\n    def __init__(self, connector: 'ConnectorBase', n: int = 1): pass\n    @kernel_function\n    def search(self, q: str): pass\n";
    let found = marked(&ScriptText::new("x.py", needs, Some(PYTHON)));
    assert_eq!((found[0].name.as_str(), found[0].function.as_str()), ("search", ""));
    assert!(
        marked(&ScriptText::new("x.py", "@server.call_tool()\nasync def call_tool(name, a): pass\n", Some(PYTHON)))
            .is_empty()
    );
}

#[test]
fn a_method_that_a_function_stands_for_is_no_second_tool() {
    let text = "\"\"\"Use it:\n\nmemory(a=1)\n\"\"\"\n@tool\ndef memory(a): pass\nclass Memory:\n    @tool\n    def memory(self, a): pass\n    @tool\n    def other(self): pass\n";
    let found = marked(&ScriptText::new("x.py", text, Some(PYTHON)));
    let told: Vec<(&str, bool)> =
        found.iter().map(|tool| (tool.function.as_str(), tool.does_first.is_none())).collect();
    assert_eq!(told, [("memory", true), ("Memory.other", true)]);
}

#[test]
fn a_file_of_classes_or_values_is_for_others() {
    let classes = read_text("x.py", "class A: pass\nclass B: pass\nb = B()\n").unwrap();
    assert_eq!((classes.contents.as_deref(), classes.is_module), (Some("Defines A, B"), true));
    assert!(classes.unsupported.is_some());
    let values = read_text("x.py", "import os\nLIMIT = int('3')\n").unwrap();
    assert!(values.is_module && values.unsupported.is_none());
}

#[test]
fn a_class_of_tools_says_what_it_is() {
    let text = "class Mine(BaseTool):\n    \"\"\"Words.\"\"\"\n    @property\n    def metadata(self) -> ToolMetadata:\n        return ToolMetadata(\n            \
        name=\"my_tool\", category=ToolCategory.CUSTOM, description=\"Does it\", cost_tier=CostTier.LOW,\n            idempotent=True, keywords=[\"a\"], use_cases=[\"U\"],\n            \
        schema={\"type\": \"object\", \"properties\": {\"input\": {\"type\": \"string\"}}})\n\n    async def execute(self, **kwargs):\n        pass\n";
    let declared = read_text("x.py", text).unwrap();
    assert_eq!((declared.title.as_deref(), declared.description.as_deref()), (Some("my_tool"), Some("Does it")));
    assert_eq!(
        (declared.category.as_deref(), declared.cost_tier.as_deref(), declared.idempotent),
        (Some("custom"), Some("low"), Some(true))
    );
    assert_eq!(declared.schema.unwrap()["properties"]["input"]["type"], "string");
    let model = "class Args(BaseModel):\n    q: str = Field(description='Query')\nclass S(BaseTool):\n    name: str = 'search'\n    description: str = 'Finds'\n    \
        args_schema: Type[BaseModel] = Args\n    def _run(self, q): pass\n";
    let declared = read_text("x.py", model).unwrap();
    assert_eq!(declared.schema.unwrap()["properties"]["q"]["description"], "Query");
}

#[test]
fn descriptions_behind_a_name_are_read() {
    let text = "from pydantic import BaseModel, Field as F\nLIMIT = F(10, ge=1, description='how many')\nPort = Annotated[int, F(gt=0)]\n\
        class Where(BaseModel):\n    port: Port\n    host: str = F('x', description='machine')\n\n\
        def run(where: Where, limit: int = LIMIT, ports: list[Port] = None):\n    \"\"\"Lists.\"\"\"\n";
    let declared = read_text("t/list.py", text).unwrap();
    let expected = [
        r#"where! {"type":"object","properties":{"port":{"type":"integer","exclusiveMinimum":0},"host":{"type":"string","description":"machine","default":"x"}},"required":["port"]}"#,
        r#"limit {"type":"integer","minimum":1,"description":"how many","default":10}"#,
        r#"ports {"type":"array","items":{"type":"integer","exclusiveMinimum":0}}"#,
    ];
    assert_eq!(shown(&declared), expected);
}

#[test]
fn a_server_object_whatever_it_is_made_of_starts_nothing() {
    let tools = |made: &str| {
        let text = format!(
            "from mcp.server.fastmcp import FastMCP\ndef own_auth(): return 1\ndef load_settings(): return 2\n{made}\n\
             @mcp.tool()\ndef add(a: int) -> int:\n    \"\"\"Adds.\"\"\"\n    return a\n\ndef twice(a: int): return a\n"
        );
        let found = marked(&ScriptText::new("s.py", &text, Some(PYTHON)));
        found.iter().all(|tool| tool.does_first.is_none()) && found.iter().any(|tool| tool.name == "add")
    };
    for made in [
        "mcp = FastMCP('x')",
        "mcp: FastMCP = FastMCP(\n    'x',\n    auth=own_auth(),\n)",
        "mcp = mcp.server.FastMCP('x', lifespan=own_auth)",
        "settings = load_settings()\nmcp = FastMCP(settings.name)",
        "mcp = FastMCP('x')\nmcp.add_tool(own_auth)\nmcp.tool(name='z')(own_auth)",
        "os.makedirs('x', exist_ok=True)\nmcp = FastMCP('x')",
    ] {
        assert!(tools(made), "{made}");
    }
    for runs in ["mcp = FastMCP('x')\nmcp.run()", "answer = own_auth()", "x = FastMCP(own_auth()).run()"] {
        assert!(!tools(runs), "{runs}");
    }
}

#[test]
fn inputs_of_a_class_are_needed_unless_they_are_nullable() {
    let text = "class Answer(Tool):\n    name = 'answer'\n    description = 'Answers.'\n    inputs = {'answer': {'type': 'any', 'description': 'The answer'}, 'n': {'type': 'integer', 'description': 'x', 'nullable': True}}\n    def forward(self, answer, n=None):\n        return answer\n";
    let found = marked(&ScriptText::new("t/answer.py", text, Some(PYTHON)));
    let schema = found[0].schema.as_ref().unwrap();
    assert_eq!(schema["required"], json!(["answer"]), "{schema}");
    assert!(schema["properties"]["n"].is_object());
}

#[test]
fn what_only_a_framework_can_give_is_no_input() {
    let text = "from dataclasses import dataclass\nfrom typing import Callable\nfrom fastapi import Depends, Request\n@dataclass\nclass Deps:\n    n: int\nclass Runtime:\n    knobs: dict\n";
    for (signature, expected, demanded) in [
        ("ctx: RunContext[Deps], path: str", "path", Some("ctx")),
        ("deps: Deps, n: int", "deps n", None),
        ("func: Callable[[int], int], n: int", "n", Some("func")),
        ("n: int, func: Optional[Callable] = None", "n", None),
        ("runtime: Runtime, name", "name", Some("runtime")),
        ("request: Request, state: int = Depends(f), n: int = 3", "n", Some("request")),
        ("n: int, *args: Callable, **kwargs: Runtime", "n", None),
    ] {
        let declared = read_text("x.py", &format!("{text}def run({signature}): pass\n")).unwrap();
        let names: Vec<&str> = declared.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names.join(" "), expected, "{signature}");
        let reason = declared.unsupported.unwrap_or_default();
        assert_eq!(reason.is_empty(), demanded.is_none(), "{signature}: {reason}");
        assert!(reason.contains(demanded.unwrap_or_default()), "{signature}: {reason}");
    }
}
