//! Python files that define a function and never call it: the function is the tool, its signature the form.
//!
//! Known are `run`, `main` and the name of the file, a function that is the only one, functions with a decorator of an agent
//! framework (`@tool`, `@function_tool`, `@mcp.tool()` …), and classes of tools (`class X(BaseTool)`).

use super::docstring::{self, Docstring};
use super::framework::{self, decorator, is_mark};
use super::loading::{Loading, line_of};
use super::no_value::{self, Imports};
use super::own_definition;
use super::python::{self, Block, Definition, Module, Parameter};
use super::python_alias::Aliases;
use super::scanner::{arguments, calls};
use super::web_service;
use super::{Declared, DeclaredInput, ScriptText, description, literal};
use crate::domain::source::Language;
use crate::domain::{InputMode, ToolName};
use serde_json::{Map, Value, json};

const PYTHON: Language = Language::Python;

/// Names of a function that is meant to be called.
const ENTRIES: &[&str] = &["run", "main", "execute", "handler", "handle", "invoke", "call", "lambda_handler", "tool"];

/// Methods of a tool class that do its work.
const METHODS: &[&str] =
    &["_run", "run", "execute", "forward", "_arun", "arun", "invoke", "call", "__call__", "_execute"];

/// Methods of a class that are told as keywords.
const MAX_KEYWORDS: usize = 40;

/// Reads a file that only defines functions.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    if script.language != Some(PYTHON) || text.contains("__main__") {
        return None;
    }
    let blocks = python::blocks(text);
    let Some(last) = blocks.iter().rposition(Block::is_definition) else { return only_values(text, &blocks) };
    let definitions = python::definitions(&blocks);
    if Loading::of(&blocks, &definitions).does_something(&blocks[last + 1..]).is_some() {
        return None;
    }
    if let Some(service) = web_service::read(text, &blocks) {
        return Some(service);
    }
    let spec = framework::ToolSpec::of(&blocks).or_else(|| own_definition::of_file(&blocks));
    let (known, aliases) = known(script, &blocks, &definitions);
    let imports = Imports::of(&blocks);
    let file = File { text, definitions: &definitions, known: &known, aliases: &aliases, imports: &imports, spec };
    match file.entry(super::super::draft::stem_of(script.path)) {
        Some(entry) => Some(file.declared(entry)),
        None => file.tool_kit().or_else(|| file.nothing_to_call()),
    }
}

/// A tool that a framework marks in a file.
#[derive(Debug, Clone)]
pub(in crate::catalog) struct MarkedTool {
    /// As declared, else that of its function.
    pub(in crate::catalog) name: String,
    pub(in crate::catalog) description: String,
    pub(in crate::catalog) schema: Option<Value>,
    /// What is called: a function, a class, or a method as `Class.method`.
    pub(in crate::catalog) function: String,
    /// The line that does something else when its file is loaded, from 1; `None` where all lines only define.
    pub(in crate::catalog) does_first: Option<usize>,
}

/// All functions, methods and classes of a file that a framework marks as tools.
pub(super) fn marked(script: &ScriptText<'_>) -> Vec<MarkedTool> {
    let text = script.text;
    // Lines are cheaper than statements, and most files mark nothing.
    let marks = |line: &str| {
        let line = line.trim_start();
        let is_marked = |rest: &str| is_mark(rest) || framework::is_hook(rest);
        line.strip_prefix('@').is_some_and(is_marked)
            || line.contains(".tool(")
            || line.contains("FunctionTool(")
            || line.starts_with("class ") && line.contains("Tool")
            || ["\"type\": \"function\"", "'type': 'function'"].iter().any(|mark| line.contains(mark))
    };
    if script.language != Some(PYTHON) || !text.lines().any(marks) {
        return Vec::new();
    }
    let blocks = python::blocks(text);
    let definitions = python::definitions(&blocks);
    let does_first = Loading::of(&blocks, &definitions).first_step().map(|step| line_of(text, step.at));
    let (known, aliases) = known(script, &blocks, &definitions);
    let imports = Imports::of(&blocks);
    let file =
        File { text, definitions: &definitions, known: &known, aliases: &aliases, imports: &imports, spec: None };
    let registered = framework::registered(&definitions);
    let mut found: Vec<MarkedTool> = Vec::new();
    for one in &definitions {
        found.extend(file.marked_inside(one));
        let is_function = !one.is_class && (decorator(one).is_some() || registered.contains(&one.name));
        if is_function || is_tool_class(one) {
            let function = file.callable(one, one.name.to_owned());
            found.push(marked_as(&file.declared(one), one, function, does_first));
            continue;
        }
        // A class may have many methods: what they share is read once.
        let methods = if one.is_class { one.methods() } else { Vec::new() };
        let handed = framework::handed(one, &methods);
        let class = Class::of(&file, one, &methods);
        for method in &methods {
            let is_tool = decorator(method).is_some() || handed.contains(&method.name);
            if is_tool && !definitions.iter().any(|other| other.name == method.name && decorator(other).is_some()) {
                found.push(file.method_of(&class, method, does_first));
            }
        }
    }
    found
}

/// The classes and names by which inputs are described: those of the file, and those that it takes from others of its package.
fn known<'t>(
    script: &ScriptText<'t>,
    blocks: &[Block<'t>],
    definitions: &[Definition<'t>],
) -> (Vec<Definition<'t>>, Aliases<'t>) {
    let mut more = python::blocks(script.beside.names);
    let known = [definitions, &python::definitions(&more)].concat();
    // What the file itself says comes last and counts.
    more.extend(blocks);
    (known, python::aliases(&more))
}

/// Whether a script defines something, and nothing in it is started.
pub(super) fn starts_nothing(script: &ScriptText<'_>) -> bool {
    let blocks = python::blocks(script.text);
    let definitions = python::definitions(&blocks);
    let loading = Loading::of(&blocks, &definitions);
    let is_started = || blocks.iter().any(|block| loading.starts(block));
    script.language == Some(PYTHON) && !definitions.is_empty() && !is_started()
}

/// A file that only gives values names: nothing in it is there to be started. One that begins with `#!`, or that looks at its
/// words, may do something while it computes them.
fn only_values(text: &str, blocks: &[Block<'_>]) -> Option<Declared> {
    let is_script = text.starts_with("#!") || text.contains("sys.argv") || text.contains("stdin");
    let is_module = !is_script && !blocks.iter().any(Block::is_step);
    is_module.then(|| Declared { is_module, ..Declared::default() })
}

struct File<'a, 't> {
    text: &'t str,
    definitions: &'a [Definition<'t>],
    /// These, and those of other files.
    known: &'a [Definition<'t>],
    aliases: &'a Aliases<'t>,
    imports: &'a Imports<'t>,
    /// What the file says of its tool in a table.
    spec: Option<framework::ToolSpec>,
}

impl<'t> File<'_, 't> {
    fn module(&self) -> Module<'_, 't> {
        Module { definitions: self.known, aliases: self.aliases }
    }

    /// The function or class that is the tool.
    fn entry(&self, stem: &str) -> Option<&Definition<'t>> {
        let is_meant =
            |one: &&Definition<'t>| !one.is_class && !one.name.starts_with('_') && !framework::is_hooked(one);
        let functions = || self.definitions.iter().filter(is_meant);
        let specified = self.spec.as_ref().and_then(|spec| functions().find(|one| one.name == spec.name));
        if specified.is_some() {
            return specified;
        }
        let decorated: Vec<&Definition<'t>> = functions().filter(|one| decorator(one).is_some()).collect();
        if let [only] = decorated[..] {
            return Some(only);
        }
        let named = |name: &str| functions().find(|one| one.name == name);
        let stem = stem.replace('-', "_");
        let by_name = ENTRIES.iter().find_map(|name| named(name)).or_else(|| named(&stem));
        by_name.or_else(|| decorated.first().copied()).or_else(|| self.tool_class()).or_else(|| {
            // One function beside classes is a helper of theirs.
            let has_class = self.definitions.iter().any(|one| one.is_class && !one.name.starts_with('_'));
            let mut all = functions();
            all.next().filter(|_| all.next().is_none() && !has_class)
        })
    }

    fn tool_class(&self) -> Option<&Definition<'t>> {
        self.definitions.iter().find(|one| is_tool_class(one))
    }

    /// What is marked when a function or a method is called: `def register(mcp): @mcp.tool() def add(…)`, and
    /// `self.mcp.tool(name="add")(self.add)`. Nothing here calls that one, so no function is named.
    fn marked_inside(&self, outer: &Definition<'t>) -> Vec<MarkedTool> {
        let holders = if outer.is_class { outer.methods() } else { vec![outer.clone()] };
        let mut found = Vec::new();
        for holder in &holders {
            let inner = python::definitions(&python::blocks(holder.body));
            for one in inner.iter().filter(|one| !one.is_class && decorator(one).is_some()) {
                found.push(marked_as(&self.declared(one), one, String::new(), None));
            }
            for (at, written) in calls(holder.body, "tool", PYTHON) {
                let Some(open) = holder.body[at..].find('(').map(|open| at + open) else { continue };
                let rest = holder.body.get(open + 1 + written.len()..).unwrap_or_default();
                let Some(name) = rest.strip_prefix(")(self.").and_then(|rest| rest.split(')').next()) else { continue };
                if let Some(method) = holders.iter().find(|method| outer.is_class && method.name == name) {
                    let mut declared = self.declared(method);
                    decorated(&mut declared, &format!("tool({written})"));
                    found.push(marked_as(&declared, method, String::new(), None));
                }
            }
        }
        found
    }

    /// A method that is a tool. What its object cannot be made without is an input as well.
    fn method_of(&self, class: &Class<'t>, method: &Definition<'t>, does_first: Option<usize>) -> MarkedTool {
        let name = format!("{}.{}", class.name, method.name);
        let function = if class.object.is_some() { String::new() } else { self.callable(method, name) };
        let mut declared = self.declared(method);
        let made = class.made_with(&declared.inputs);
        declared.inputs.splice(..0, made);
        marked_as(&declared, method, function, does_first)
    }

    /// A class whose methods are the tools. Nothing says which of them to call, so they are named.
    fn tool_kit(&self) -> Option<Declared> {
        let kit = self.definitions.iter().find(|one| framework::is_kit(one))?;
        let methods = kit.methods();
        let names: Vec<&str> = methods.iter().map(|one| one.name).filter(|name| !name.starts_with('_')).collect();
        let words = docstring::read(&python::docstring(kit.body).unwrap_or_default()).summary;
        let about = if names.is_empty() { vec![kit.name] } else { names.clone() };
        Some(Declared {
            description: Some(words).filter(|words| !words.is_empty()),
            contents: Some(super::words_of_names(about.into_iter())),
            keywords: names.into_iter().take(MAX_KEYWORDS).map(str::to_owned).collect(),
            unsupported: Some(format!(
                "its tools are methods of a class; add a function run that calls one of {}",
                kit.name
            )),
            ..Declared::default()
        })
    }

    /// A file whose functions are for other files.
    fn nothing_to_call(&self) -> Option<Declared> {
        let functions = || self.definitions.iter().filter(|one| !one.is_class).map(|one| one.name);
        let public = functions().filter(|name| !name.starts_with('_'));
        let names: Vec<&str> = if public.clone().next().is_some() { public.collect() } else { functions().collect() };
        if names.is_empty() {
            let classes = self.definitions.iter().map(|one| one.name);
            let hint =
                "it defines classes but starts nothing; add a function run, or start one at the end of the script";
            return (!self.definitions.is_empty()).then(|| super::only_defines(classes, hint));
        }
        let hint = "it defines functions but calls none; name one of them run, or call it at the end of the script";
        Some(super::only_defines(names.into_iter(), hint))
    }

    fn declared(&self, entry: &Definition<'t>) -> Declared {
        let work = if entry.is_class { method(entry) } else { None };
        let signature = work.as_ref().unwrap_or(entry);
        let own = python::docstring(entry.body).unwrap_or_default();
        let mut doc = docstring::read(&own);
        if let Some(method) = &work {
            doc.params.extend(docstring::read(&python::docstring(method.body).unwrap_or_default()).params);
        }
        let mut declared = Declared {
            description: Some(doc.summary.clone()).filter(|words| !words.is_empty()),
            input: Some(InputMode::StdinJson),
            function: Some(entry.name.to_owned()),
            ..Declared::default()
        };
        declared.inputs = self.inputs(signature, &doc);
        declared.unsupported = self
            .demanded(entry)
            .map(|name| format!("its parameter {name} is filled by its framework; call it in a script that makes one"));
        if entry.is_class && declared.inputs.is_empty() {
            declared.inputs = self.field_inputs(entry);
        }
        if let Some(written) = decorator(entry) {
            // A framework calls it by its own name, whatever its file is called.
            declared.title = Some(entry.name.to_owned());
            decorated(&mut declared, written);
        }
        if entry.is_class {
            self.describe_class(&mut declared, entry);
        }
        if let Some(spec) = self.specified(entry) {
            declared.description = spec.description.as_deref().map(one_line).or(declared.description);
            declared.title = Some(spec.name);
            declared.schema = spec.schema.or(declared.schema);
        }
        if entry.is_class {
            self.add_made_with(&mut declared, entry);
        }
        if declared.description.is_none() {
            let module = docstring::read(&python::docstring(self.text).unwrap_or_default()).summary;
            declared.description = Some(module).filter(|words| !words.is_empty());
        }
        declared
    }

    /// Adds what an object of a class of tools is made with to what its method takes.
    fn add_made_with(&self, declared: &mut Declared, class: &Definition<'t>) {
        let made = Class::of(self, class, &class.methods()).made_with(&declared.inputs);
        let Some(schema) = declared.schema.as_mut() else {
            declared.inputs.splice(..0, made);
            return;
        };
        // A table of inputs that is no schema is left as it is.
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
        let mut needed = Vec::new();
        for input in made.into_iter().filter(|input| input.schema.contains_key("type")) {
            if input.required && !properties.contains_key(&input.name) {
                needed.push(json!(input.name));
            }
            properties.entry(input.name).or_insert(Value::Object(input.schema));
        }
        if !needed.is_empty() {
            let known = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            schema["required"] = needed.into_iter().chain(known).collect();
        }
    }

    /// The parameter that only a framework can give, and without which a function cannot be called.
    fn demanded(&self, one: &Definition<'t>) -> Option<&'t str> {
        let work = if one.is_class { method(one) } else { None };
        if one.is_class
            && let Some(name) = Class::of(self, one, &one.methods()).object
        {
            return Some(name);
        }
        let doc = docstring::read(&python::docstring(one.body).unwrap_or_default());
        let needed = work.as_ref().unwrap_or(one).parameters();
        let needed = || needed.iter().filter(|one| one.default.is_none() && !one.name.starts_with('*'));
        if let Some(spec) = self.specified(one) {
            // What its definition does not name is for its framework to give. One named `tool` gets all inputs.
            let inputs = own_definition::names(&spec)?;
            return needed().find(|one| one.name != "tool" && !inputs.contains_key(one.name)).map(|one| one.name);
        }
        needed()
            .find(|parameter| self.is_injected(parameter, &doc, work.as_ref().unwrap_or(one).body))
            .map(|one| one.name)
    }

    /// The name of a function, or none for one that only its framework can call.
    fn callable(&self, one: &Definition<'t>, name: String) -> String {
        if self.demanded(one).is_some() { String::new() } else { name }
    }

    fn is_injected(&self, parameter: &Parameter<'_>, doc: &Docstring, body: &str) -> bool {
        let words = doc.param(parameter.name).map(|known| known.text.as_str()).unwrap_or_default();
        // A class of the file with such a name may be one of values.
        let outer = parameter.hint.split('[').next().unwrap_or_default().trim();
        let is_own = self.definitions.iter().any(|one| one.is_class && one.name == outer);
        !is_own && framework::is_injected(parameter, words)
            || no_value::is_one(parameter, self.module(), self.imports, body)
    }

    /// What a literal says of a function or a class.
    fn specified(&self, one: &Definition<'t>) -> Option<framework::ToolSpec> {
        let own = self.spec.as_ref().filter(|spec| spec.name == one.name).cloned();
        own.or_else(|| own_definition::of_class(one))
    }

    fn inputs(&self, signature: &Definition<'t>, doc: &Docstring) -> Vec<DeclaredInput> {
        let is_ours = |one: &Parameter<'_>| !one.name.starts_with('*') && !self.is_injected(one, doc, signature.body);
        signature
            .parameters()
            .into_iter()
            .filter(is_ours)
            .map(|one| {
                let (schema, required) = python::value_schema(&one, self.module());
                let mut input = DeclaredInput { name: one.name.to_owned(), schema, required, rule: None };
                if let Some(known) = doc.param(one.name) {
                    input.add_words(&known.hint, &known.text, PYTHON);
                }
                input
            })
            .collect()
    }

    /// The fields of a class of tools that describe its inputs: `content: str = Field(…)`.
    fn field_inputs(&self, class: &Definition<'t>) -> Vec<DeclaredInput> {
        let fields = class
            .fields()
            .into_iter()
            .filter(|field| field.default.is_some_and(|value| self.aliases.expanded(value).starts_with("Field(")));
        let inputs = fields.map(|field| {
            let (schema, required) = python::value_schema(&field, self.module());
            DeclaredInput { name: field.name.to_owned(), schema, required, rule: None }
        });
        inputs.collect()
    }

    /// What a class of tools says in its fields, or in the metadata that it makes.
    fn describe_class(&self, declared: &mut Declared, class: &Definition<'t>) {
        let text = |name: &str| class.field(name).and_then(|value| value.as_str().map(str::to_owned));
        // Where a class leaves its name open, it has its own.
        if let Some(name) = text("name").filter(|name| ToolName::of_title(name).is_some()) {
            declared.title = Some(name);
        }
        if let Some(words) = text("description") {
            declared.description = Some(one_line(&words));
        }
        // smolagents: `inputs = {"x": {"type": "string", "description": "…"}}`.
        if let Some(Value::Object(fields)) = class.field("inputs") {
            declared.schema = Some(all_needed(fields));
        } else if let Some(Value::Object(fields)) = class.field("parameters") {
            declared.schema = Some(Value::Object(fields));
        }
        let schema = class.fields().into_iter().find(|field| field.name == "args_schema");
        let model = schema.and_then(|field| python::class_schema(self.module(), field.default?, 0));
        if let Some(model) = model {
            declared.schema = Some(Value::Object(model));
        }
        if let Some(call) = metadata(class) {
            describe_metadata(declared, call);
        }
    }
}

/// What an object of a class is made with.
struct Class<'t> {
    name: &'t str,
    /// The parameter of its constructor without which an object of it cannot be made, and that no value of JSON is.
    object: Option<&'t str>,
    /// The parameters of its constructor.
    makes: Vec<DeclaredInput>,
}

impl<'t> Class<'t> {
    fn of(file: &File<'_, 't>, class: &Definition<'t>, methods: &[Definition<'t>]) -> Class<'t> {
        let maker = methods.iter().find(|one| class.is_class && one.name == "__init__");
        let Some(maker) = maker else { return Class { name: class.name, object: None, makes: Vec::new() } };
        let is_object = |one: &Parameter<'t>| {
            let hint = one.hint.trim_matches(['"', '\'']).rsplit('.').next().unwrap_or_default();
            let (schema, required) = python::value_schema(one, file.module());
            let is_any = matches!(hint, "Any" | "object") || hint.contains('[');
            let is_class = schema.is_empty() && hint.starts_with(char::is_uppercase) && !is_any;
            required && (is_class || no_value::is_one(one, file.module(), file.imports, maker.body))
        };
        let mut parameters = maker.parameters().into_iter().filter(|one| !one.name.starts_with('*'));
        let doc = docstring::read(&python::docstring(maker.body).unwrap_or_default());
        Class {
            name: class.name,
            object: parameters.find(is_object).map(|one| one.name),
            makes: file.inputs(maker, &doc),
        }
    }

    /// What an object of the class is made with, beside the inputs that its method takes: all that it needs, and what else can
    /// be written down.
    fn made_with(&self, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
        let is_own = |input: &DeclaredInput| taken.iter().any(|own| own.name == input.name);
        let is_value =
            |input: &DeclaredInput| ["type", "enum", "anyOf"].iter().any(|key| input.schema.contains_key(*key));
        let made = self.makes.iter().filter(|input| !is_own(input) && (input.required || is_value(input)));
        made.cloned().collect()
    }
}

/// A table of inputs of which each is needed that does not say `nullable`.
fn all_needed(fields: Map<String, Value>) -> Value {
    let is_field = |value: &Value| value.get("type").is_some() && value.get("required").is_none();
    let is_table = !fields.is_empty() && fields.values().all(is_field);
    let needed = |(name, value): (&String, &Value)| (value["nullable"] != true).then(|| name.clone());
    let names: Vec<String> = fields.iter().filter_map(needed).collect();
    let mut schema = super::schema_loose::translate(&Value::Object(fields));
    if is_table && !names.is_empty() && schema["properties"].is_object() && schema.get("required").is_none() {
        schema["required"] = json!(names);
    }
    schema
}

fn marked_as(declared: &Declared, one: &Definition<'_>, function: String, does_first: Option<usize>) -> MarkedTool {
    // What has no words is described by what it runs first.
    let runs = || {
        let work = if one.is_class { method(one) } else { None };
        super::outline::of_body(work.as_ref().unwrap_or(one).body)
    };
    let schema = declared.schema.as_ref().map(super::schema_loose::translate);
    let made = || (!declared.inputs.is_empty()).then(|| super::schema(&declared.inputs));
    MarkedTool {
        schema: schema.or_else(made),
        name: declared.title.clone().unwrap_or_else(|| one.name.to_owned()),
        description: declared
            .description
            .as_deref()
            .and_then(description::first_paragraph)
            .or_else(runs)
            .unwrap_or_default(),
        function,
        does_first,
    }
}

/// Whether a class is a tool of a framework.
fn is_tool_class(one: &Definition<'_>) -> bool {
    let is_one = |one: &Definition<'_>| one.bases().any(|base| base.ends_with("Tool"));
    let is_described = |one: &Definition<'_>| is_one(one) && metadata(one).is_some();
    let is_made = |one: &Definition<'_>| is_one(one) || own_definition::of_class(one).is_some();
    one.is_class && (is_described(one) || method(one).is_some() && is_made(one))
}

/// What a decorator says: `@tool("name", description="…")`.
fn decorated(declared: &mut Declared, written: &str) {
    let Some(open) = written.find('(').filter(|_| written.ends_with(')')) else { return };
    for argument in arguments(&written[open + 1..written.len() - 1], PYTHON) {
        let Some(text) = literal::text(argument.value, PYTHON) else { continue };
        match argument.name {
            None | Some("name" | "name_override" | "title") => declared.title = Some(text),
            Some("description" | "description_override") => declared.description = Some(one_line(&text)),
            _ => {}
        }
    }
}

/// The method of a class that does its work.
fn method<'t>(class: &Definition<'t>) -> Option<Definition<'t>> {
    let methods = class.methods();
    METHODS.iter().find_map(|name| methods.iter().find(|method| method.name == *name).cloned())
}

/// The arguments of `ToolMetadata(…)` in the `metadata` of a class.
fn metadata<'t>(class: &Definition<'t>) -> Option<&'t str> {
    super::scanner::calls(class.body, "ToolMetadata", PYTHON).next().map(|(_, inner)| inner)
}

fn describe_metadata(declared: &mut Declared, call: &str) {
    let mut fields = Map::new();
    for argument in arguments(call, PYTHON) {
        let Some(name) = argument.name else { continue };
        // A member of an enumeration such as `CostTier.LOW`.
        let member = || argument.value.rsplit_once('.').map(|(_, member)| json!(member.to_ascii_lowercase()));
        if let Some(value) = literal::value(argument.value, PYTHON).or_else(member) {
            fields.insert(name.to_owned(), value);
        }
    }
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    declared.title = text("name").or(declared.title.take());
    declared.description = text("description").or(declared.description.take());
    declared.category = text("category").or(declared.category.take());
    declared.version = text("version").or(declared.version.take());
    declared.cost_tier = text("cost_tier");
    declared.idempotent = fields.get("idempotent").and_then(Value::as_bool);
    declared.keywords = words(fields.get("keywords"));
    declared.use_cases = words(fields.get("use_cases"));
    let schema = ["schema", "parameters", "input_schema"].iter().find_map(|key| fields.get(*key));
    declared.schema = schema.cloned().or(declared.schema.take());
}

fn words(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "python_function_tests.rs"]
mod tests;
