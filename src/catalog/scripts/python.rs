//! The layout of a Python file: its statements, functions and classes, without what they compute.

use super::hint::{self, TypeField, Types};
use super::literal;
use super::python_alias::{Aliases, field_call};
use super::scanner::{CallArgument, code, inside, signs, split, split_once};
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

const PYTHON: Language = Language::Python;

/// A statement with everything that is indented below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'t> {
    pub(super) text: &'t str,
    /// Its start, in bytes.
    pub(super) at: usize,
}

/// A function or a class.
#[derive(Debug, Clone)]
pub(super) struct Definition<'t> {
    pub(super) name: &'t str,
    pub(super) is_class: bool,
    /// The content of its brackets: parameters, or base classes.
    pub(super) brackets: &'t str,
    pub(super) body: &'t str,
    /// Its decorators without `@`.
    pub(super) decorators: Vec<&'t str>,
}

/// The definitions of a file, and the meanings of its names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Module<'a, 't> {
    pub(super) definitions: &'a [Definition<'t>],
    pub(super) aliases: &'a Aliases<'t>,
}

/// Calls that only set something up for the definitions, by their first names.
const SETUP: &[&str] = &[
    "asyncio.set_event_loop_policy",
    "colorama",
    "dotenv",
    "load_dotenv",
    "locale.setlocale",
    "log",
    "logger",
    "logging",
    "matplotlib",
    "nest_asyncio",
    "os.environ",
    "os.makedirs",
    "pd.set_option",
    "random.seed",
    "signal.signal",
    "sys.path",
    "urllib3.disable_warnings",
    "warnings",
];

/// A parameter of a function, or a field of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter<'t> {
    /// With its stars.
    pub(super) name: &'t str,
    pub(super) hint: &'t str,
    pub(super) default: Option<&'t str>,
}

/// The statements of a text at its own indentation.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let bytes = text.as_bytes();
    let (mut starts, mut base, mut is_line_start, mut line) = (Vec::new(), None, true, 0);
    for sign in signs(text, PYTHON).filter(|sign| sign.depth == 0) {
        if sign.byte == b'\n' {
            (is_line_start, line) = (true, sign.at + 1);
        } else if is_line_start && !sign.byte.is_ascii_whitespace() {
            is_line_start = false;
            // After a comment, the line may have begun earlier.
            let begin = bytes[..sign.at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let indent = sign.at - begin.max(line.min(sign.at));
            if indent <= *base.get_or_insert(indent) {
                starts.push(sign.at);
            }
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(from, to)| Block { text: text[*from..to].trim_end(), at: *from }).collect()
}

impl<'t> Block<'t> {
    /// Whether it does something when the file is run: a call, a loop, a `with`.
    pub(super) fn is_step(&self) -> bool {
        let word = self.text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).next().unwrap_or_default();
        match word {
            "async" => !self.text["async".len()..].trim_start().starts_with("def "),
            "for" | "while" | "with" | "try" | "if" | "match" | "raise" | "assert" => {
                self.text.contains('(')
                    && !["TYPE_CHECKING", "ImportError", "ModuleNotFoundError"]
                        .iter()
                        .any(|word| self.text.contains(word))
            }
            "except" | "finally" | "else" | "elif" | "def" | "class" | "import" | "from" | "return" | "pass"
            | "global" | "del" | "" => false,
            _ => self.text[word.len()..].trim_start().starts_with('(') && !sets_up(word) && !adds(word),
        }
    }

    /// Whether it defines a function or a class, or decorates one.
    pub(super) fn is_definition(&self) -> bool {
        let rest = self.text.strip_prefix("async ").map_or(self.text, str::trim_start);
        ["@", "def ", "class "].iter().any(|word| rest.starts_with(word))
    }

    /// The function or class that it defines.
    fn definition(&self, decorators: Vec<&'t str>) -> Option<Definition<'t>> {
        let rest = self.text.strip_prefix("async ").map_or(self.text, str::trim_start);
        let (is_class, rest) = match rest.strip_prefix("def ") {
            Some(rest) => (false, rest),
            None => (true, rest.strip_prefix("class ")?),
        };
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let brackets = if after.starts_with('(') { inside(after, 0, PYTHON)? } else { "" };
        let skipped = if after.starts_with('(') { &after[brackets.len() + 2..] } else { after };
        let colon = signs(skipped, PYTHON).find(|sign| sign.depth == 0 && sign.byte == b':')?;
        Some(Definition { name, is_class, brackets, body: &skipped[colon.at + 1..], decorators })
    }
}

fn sets_up(called: &str) -> bool {
    let is_setter = called.rsplit('.').next().is_some_and(|name| name.starts_with("set_"));
    is_setter
        || SETUP
            .iter()
            .any(|root| called.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Whether a method only gives something to an object that the file made: `mcp.add_tool(add)`, `server.tool()(add)`,
/// `app.include_router(more)`.
fn adds(called: &str) -> bool {
    let Some((_, method)) = called.rsplit_once('.') else { return false };
    let begins = ["add_", "register", "include_", "import_"].iter().any(|begin| method.starts_with(begin));
    begins || matches!(method, "tool" | "resource" | "prompt" | "mount" | "custom_route")
}

/// The meanings of the names of a file.
pub(super) fn aliases<'t>(blocks: &[Block<'t>]) -> Aliases<'t> {
    Aliases::of(blocks.iter().map(|block| block.text))
}

/// The functions and classes among statements, with their decorators.
pub(super) fn definitions<'t>(blocks: &[Block<'t>]) -> Vec<Definition<'t>> {
    let (mut found, mut decorators) = (Vec::new(), Vec::new());
    for block in blocks {
        if let Some(decorator) = block.text.strip_prefix('@') {
            decorators.push(decorator.trim());
        } else {
            found.extend(block.definition(std::mem::take(&mut decorators)));
        }
    }
    found
}

/// The docstring at the beginning of a body or a file, its indentation kept.
pub(super) fn docstring(body: &str) -> Option<String> {
    let at = signs(body, PYTHON).find(|sign| !sign.byte.is_ascii_whitespace())?;
    let rest = &body[at.at..];
    let end = signs(rest, PYTHON).find(|sign| sign.depth == 0 && matches!(sign.byte, b'\n' | b';'));
    let is_text = at.byte == b'"' || rest.starts_with(['r', 'R', 'u', 'U']) && rest[1..].starts_with(['"', '\'']);
    is_text.then(|| literal::text(&rest[..end.map_or(rest.len(), |end| end.at)], PYTHON)).flatten()
}

/// The parameters of a function. `self`, `cls` and the signs `*` and `/` are left out.
pub(super) fn parameters(brackets: &str) -> Vec<Parameter<'_>> {
    let parts = split(brackets, b',', PYTHON).into_iter();
    parts.map(parameter).filter(|one| !matches!(one.name, "self" | "cls" | "*" | "/" | "")).collect()
}

fn parameter(text: &str) -> Parameter<'_> {
    let text = code(text, PYTHON);
    let (head, default) = split_once(text, b'=', PYTHON).map_or((text, None), |(head, value)| (head, Some(value)));
    let (name, hint) = split_once(head, b':', PYTHON).unwrap_or((head, ""));
    Parameter { name, hint, default }
}

/// The name that a statement gives a value: `x = …`, `x: int = …`.
pub(super) fn target(statement: &str) -> Option<&str> {
    let one = parameter(statement);
    one.default.and(Some(one.name)).filter(|name| super::scanner::is_word(name))
}

/// The value that a statement gives a name, where it is a literal.
pub(super) fn assigned(blocks: &[Block<'_>], name: &str) -> Option<Value> {
    let mut named = blocks.iter().filter(|block| block.text.starts_with(name)).map(|block| parameter(block.text));
    literal::value(named.find(|one| one.name == name)?.default?, PYTHON)
}

impl<'t> Definition<'t> {
    pub(super) fn parameters(&self) -> Vec<Parameter<'t>> {
        parameters(self.brackets)
    }

    /// The fields of a class: `name: hint = default`, and `name = default`.
    pub(super) fn fields(&self) -> Vec<Parameter<'t>> {
        let fields = blocks(self.body).into_iter().map(|block| parameter(block.text));
        fields.filter(|field| super::scanner::is_word(field.name) && !field.name.starts_with('_')).collect()
    }

    pub(super) fn methods(&self) -> Vec<Definition<'t>> {
        definitions(&blocks(self.body))
    }

    /// The last name of each base class.
    pub(super) fn bases(&self) -> impl Iterator<Item = &'t str> {
        split(self.brackets, b',', PYTHON).into_iter().map(|base| {
            let base = base.split(['[', '(']).next().unwrap_or_default();
            base.rsplit('.').next().unwrap_or_default().trim()
        })
    }

    /// The value of a field, where it is a literal.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        let field = self.fields().into_iter().find(|field| field.name == name)?;
        literal::value(field.default?, PYTHON)
    }
}

/// Classes of values that a script defines: models, typed dictionaries, data classes and enumerations.
pub(super) fn class_schema(module: Module<'_, '_>, name: &str, depth: usize) -> Option<Map<String, Value>> {
    let class = module.definitions.iter().find(|one| one.is_class && one.name == name).filter(|_| depth < 4)?;
    let is_enum = class.bases().any(|base| matches!(base, "Enum" | "StrEnum" | "IntEnum"));
    if is_enum {
        let values: Vec<&str> = class.fields().iter().filter_map(|field| field.default).collect();
        return Some(hint::choices(&values, PYTHON));
    }
    if !is_data(module.definitions, class, depth) {
        return None;
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in all_fields(module.definitions, class, depth) {
        let (schema, is_needed) = schema_of(&field, module, depth + 1);
        if is_needed {
            required.push(field.name);
        }
        properties.insert(field.name.to_owned(), Value::Object(schema));
    }
    let mut schema = hint::fields_schema(std::iter::empty::<TypeField<'_>>(), |_| hint::Hint::default());
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if let Some(words) =
        docstring(class.body).map(|text| super::docstring::read(&text).summary).filter(|text| !text.is_empty())
    {
        schema.insert("description".to_owned(), json!(words));
    }
    Some(schema)
}

/// Whether a class holds values: by its own words, or by those of a base class of the file.
fn is_data(definitions: &[Definition<'_>], class: &Definition<'_>, depth: usize) -> bool {
    let is_base = |base: &str| {
        base.ends_with("Model")
            || matches!(base, "TypedDict" | "NamedTuple" | "Struct")
            || own_base(definitions, class, base).is_some_and(|base| depth < 4 && is_data(definitions, base, depth + 1))
    };
    class.decorators.iter().any(|decorator| decorator.contains("dataclass")) || class.bases().any(is_base)
}

/// A base class that the file defines.
fn own_base<'a, 't>(
    definitions: &'a [Definition<'t>],
    class: &Definition<'_>,
    base: &str,
) -> Option<&'a Definition<'t>> {
    definitions.iter().find(|one| one.is_class && one.name == base && one.name != class.name)
}

/// The fields of a class, those of its base classes first; a redefined field keeps its position.
fn all_fields<'t>(definitions: &[Definition<'t>], class: &Definition<'t>, depth: usize) -> Vec<Parameter<'t>> {
    let bases = class.bases().filter_map(|base| own_base(definitions, class, base)).filter(|_| depth < 4);
    let mut fields: Vec<Parameter<'t>> = bases.flat_map(|base| all_fields(definitions, base, depth + 1)).collect();
    for field in class.fields() {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
    fields
}

/// The schema of a parameter, and whether a value is needed. A default such as `Field(3, description="…")` is looked into.
pub(super) fn value_schema(parameter: &Parameter<'_>, module: Module<'_, '_>) -> (Map<String, Value>, bool) {
    schema_of(parameter, module, 0)
}

fn schema_of(parameter: &Parameter<'_>, module: Module<'_, '_>, depth: usize) -> (Map<String, Value>, bool) {
    let types: Types<'_> = &|name| class_schema(module, name, depth);
    let hint = module.aliases.expanded(parameter.hint);
    let default = parameter.default.map(|text| module.aliases.expanded(text));
    described(&Parameter { name: parameter.name, hint: &hint, default: default.as_deref() }, types)
}

fn described(parameter: &Parameter<'_>, types: Types<'_>) -> (Map<String, Value>, bool) {
    let hint = hint::read(parameter.hint, PYTHON, types);
    let mut schema = hint.schema;
    let Some(written) = parameter.default else { return (schema, !parameter.name.starts_with('*')) };
    let mut default = Some(written);
    if let Some(inner) = field_call(written) {
        hint::annotate(&mut schema, written, PYTHON);
        let of = |argument: &CallArgument<'_>| argument.name.is_none() || argument.name == Some("default");
        let found = inner.iter().find(|argument| of(argument)).map(|argument| argument.value);
        default = found.filter(|value| *value != "...");
        let has_factory = inner.iter().any(|argument| argument.name == Some("default_factory"));
        if default.is_none() && !has_factory {
            return (schema, true);
        }
    }
    if written == "..." {
        return (schema, true);
    }
    if let Some(value) = default.and_then(|text| literal::value(text, PYTHON)).filter(|value| !value.is_null()) {
        if schema.is_empty() {
            schema = of_value(&value);
        }
        schema.insert("default".to_owned(), value);
    }
    (schema, false)
}

/// The type of a default.
pub(super) fn of_value(value: &Value) -> Map<String, Value> {
    let word = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => return Map::new(),
    };
    Map::from_iter([("type".to_owned(), json!(word))])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "# x\nimport os\n\n@tool('a', b=[\n1])\n@other\nasync def f(a: int, *, b: str = 'x', **more) -> None:\n    \
        \"\"\"Does it.\n\nArgs:\n    a: n\n\"\"\"\n    return {\n}\n# end\nclass C(base.Model, Generic[T]):\n    x: int = Field(..., ge=1)\n    \
        y = 3\n    def m(self): pass\nprint(f(1))\n";

    #[test]
    fn statements_functions_and_classes_are_found() {
        let blocks = blocks(SOURCE);
        let steps: Vec<bool> = blocks.iter().map(Block::is_step).collect();
        assert_eq!(steps, [false, false, false, false, false, true]);
        let found = definitions(&blocks);
        let [f, c] = &found[..] else { panic!("{found:?}") };
        assert_eq!((f.name, &f.decorators[..]), ("f", &["tool('a', b=[\n1])", "other"][..]));
        let parameters: Vec<_> = f.parameters().iter().map(|one| (one.name, one.hint, one.default)).collect();
        assert_eq!(parameters, [("a", "int", None), ("b", "str", Some("'x'")), ("**more", "", None)]);
        assert!(docstring(f.body).unwrap().starts_with("Does it."));
        assert_eq!((c.bases().collect::<Vec<_>>(), c.methods()[0].name), (vec!["Model", "Generic"], "m"));
        let schema = class_schema(Module { definitions: &found, aliases: &Aliases::default() }, "C", 0).unwrap();
        let expected = json!({"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}, "y": {"type": "integer", "default": 3}}, "required": ["x"]});
        assert_eq!(Value::Object(schema), expected);
    }

    #[test]
    fn what_only_sets_something_up_is_no_step() {
        let steps = |text: &str| blocks(text).iter().any(Block::is_step);
        for text in [
            "logger.remove()\n",
            "logger.add(sys.stderr, level='INFO')\n",
            "logging.basicConfig(level=1)\n",
            "load_dotenv()\n",
            "sys.path.insert(0, 'x')\n",
            "mcp.add_tool(add)\n",
            "mcp.tool(name='x')(add)\n",
            "app.mount('/', other)\n",
            "os.makedirs(CACHE, exist_ok=True)\n",
            "try:\n    import x\nexcept ModuleNotFoundError:\n    raise RuntimeError('install x')\n",
        ] {
            assert!(!steps(text), "{text}");
        }
        assert!(
            steps("login()\n") && steps("agent.run('x')\n") && steps("try:\n    go()\nexcept OSError:\n    pass\n")
        );
    }

    #[test]
    fn comments_between_parameters_belong_to_none() {
        let text = "def f(\n    a: int,  # of a\n    # above b\n    b: str = 'x',  # of b\n    # end\n): pass\n\
            class C:\n    x: int = 3  # of x\n    # above y\n    y = 4\n";
        let found = definitions(&blocks(text));
        let told = |list: Vec<Parameter<'_>>| {
            list.iter()
                .map(|one| format!("{}:{}={}", one.name, one.hint, one.default.unwrap_or("-")))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(found[0].parameters()), ["a:int=-", "b:str='x'"]);
        assert_eq!(told(found[1].fields()), ["x:int=3", "y:=4"]);
    }

    #[test]
    fn a_module_may_begin_with_words() {
        assert_eq!(docstring("\n# c\n'''Words'''\nx = 1").as_deref(), Some("Words"));
        assert_eq!(docstring("x = 'no'"), None);
        assert!(blocks("def f(").is_empty() || definitions(&blocks("def f(")).is_empty());
    }

    #[test]
    fn fields_of_base_classes_belong_to_a_class_of_values() {
        let text = "class F(BaseModel):\n    n: int = 3\n    url: str\nclass S(F):\n    url: str = Field(..., description='the url')\nclass Other(Thing):\n    x: int\n";
        let blocks = blocks(text);
        let found = definitions(&blocks);
        let schema = class_schema(Module { definitions: &found, aliases: &Aliases::default() }, "S", 0).unwrap();
        let expected =
            json!({"n": {"type": "integer", "default": 3}, "url": {"type": "string", "description": "the url"}});
        assert_eq!((&schema["properties"], &schema["required"]), (&expected, &json!(["url"])));
        assert_eq!(class_schema(Module { definitions: &found, aliases: &Aliases::default() }, "Other", 0), None);
    }
}
