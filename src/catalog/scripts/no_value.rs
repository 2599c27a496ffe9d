//! Types of parameters that no value of JSON is, so that only a framework can fill them: functions, objects that do something,
//! what another package makes.

use super::hint;
use super::literal;
use super::python::{self, Block, Module, Parameter};
use super::scanner::split;
use crate::domain::source::Language;
use crate::domain::standard;
use std::collections::BTreeMap;

const PYTHON: Language = Language::Python;

/// Types inside of types are read so deep.
const MAX_DEPTH: usize = 8;

/// Types of Python that a value of JSON never is.
const NEVER: &[&str] = &[
    "Callable",
    "Awaitable",
    "Coroutine",
    "AsyncIterator",
    "AsyncIterable",
    "AsyncGenerator",
    "ContextManager",
    "AsyncContextManager",
    "Type",
    "type",
    "IO",
    "TextIO",
    "BinaryIO",
    "Pattern",
    "Match",
    "ModuleType",
];

/// Modules of Python whose types are values, or stand for any.
const OF_VALUES: &[&str] = &[
    "typing",
    "typing_extensions",
    "collections",
    "pathlib",
    "enum",
    "datetime",
    "decimal",
    "fractions",
    "uuid",
    "numbers",
    "dataclasses",
    "builtins",
    "os",
];

/// Packages whose types are made from values.
const OF_MODELS: &[&str] = &["pydantic", "pydantic_core", "annotated_types", "msgspec", "attrs", "attr", "sqlmodel"];

/// Packages whose classes do something, as all who use them know.
const OF_FRAMEWORKS: &[&str] = &[
    "fastapi",
    "starlette",
    "flask",
    "django",
    "aiohttp",
    "sqlalchemy",
    "numpy",
    "pandas",
    "torch",
    "pydantic_ai",
    "langgraph",
    "mcp",
    "fastmcp",
];

/// Base classes that say nothing of values.
const PLAIN_BASES: &[&str] = &["", "object", "ABC", "Protocol", "Generic"];

/// Calls as a default that a framework answers.
const GIVEN: &[&str] = &["Depends", "Security", "Inject", "Injected", "Provide"];

/// What the imports of a file give names to: the module of each.
#[derive(Debug, Default)]
pub(super) struct Imports<'t> {
    modules: BTreeMap<&'t str, &'t str>,
}

impl<'t> Imports<'t> {
    pub(super) fn of(blocks: &[Block<'t>]) -> Imports<'t> {
        let mut modules = BTreeMap::new();
        for block in blocks {
            if let Some((module, names)) = block.text.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
            {
                let module = module.trim();
                modules.extend(names_of(names).map(|(name, _)| (name, module)));
            } else if let Some(list) = block.text.strip_prefix("import ") {
                let roots = names_of(list).map(|(name, module)| (name.split('.').next().unwrap_or(name), module));
                modules.extend(roots);
            }
        }
        Imports { modules }
    }
}

/// The names that a list of imports gives, each with what it stands for.
fn names_of(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split([',', '(', ')'])).filter_map(|part| {
        let mut words = part.split_whitespace();
        let first = words.next()?;
        Some((words.nth(1).unwrap_or(first), first))
    })
}

/// Whether a parameter takes what no value of JSON is, or has a default that only a framework can make a value of.
pub(super) fn is_one(parameter: &Parameter<'_>, module: Module<'_, '_>, imports: &Imports<'_>, body: &str) -> bool {
    let called = parameter.default.and_then(|default| default.split(['(', '[']).next()).unwrap_or_default().trim();
    let is_call = parameter.default.is_some_and(|default| default.len() > called.len());
    let is_given = is_call && GIVEN.contains(&called.rsplit('.').next().unwrap_or_default());
    let hint = module.aliases.expanded(parameter.hint);
    let mut outer = Vec::new();
    add_outer(&hint, &mut outer, 0);
    is_given
        || !outer.is_empty()
            && outer.iter().all(|name| {
                // What another package defines may be made from values; what is used as an object is none.
                sort(name, module, imports).unwrap_or_else(|| is_used_as_object(parameter.name, body))
            })
}

/// The names of the types that a hint allows, without what stands in their brackets.
fn add_outer(hint: &str, found: &mut Vec<String>, depth: usize) {
    let hint = hint.trim();
    if depth > MAX_DEPTH || hint.is_empty() || hint == "None" {
        return;
    }
    let parts = split(hint, b'|', PYTHON);
    if parts.len() > 1 {
        for part in parts {
            add_outer(part, found, depth + 1);
        }
        return;
    }
    if let Some(text) = literal::text(hint, PYTHON) {
        add_outer(&text, found, depth + 1);
        return;
    }
    let (name, inner) = match hint.split_once('[') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix(']').unwrap_or(rest)),
        None => (hint, ""),
    };
    let parts = || split(inner, b',', PYTHON);
    match name.rsplit('.').next().unwrap_or(name) {
        "Optional" | "Union" => parts().iter().for_each(|part| add_outer(part, found, depth + 1)),
        "Annotated" | "Final" | "Required" | "NotRequired" => {
            parts().iter().take(1).for_each(|part| add_outer(part, found, depth + 1));
        }
        _ => found.push(name.to_owned()),
    }
}

/// Whether no value of JSON has a type; `None` where its package decides that.
fn sort(name: &str, module: Module<'_, '_>, imports: &Imports<'_>) -> Option<bool> {
    let short = name.rsplit('.').next().unwrap_or(name);
    if !short.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Some(false);
    }
    if !name.contains('.')
        && let Some(class) = module.definitions.iter().find(|one| one.is_class && one.name == short)
    {
        // What its base classes make of it is not known where other files have them.
        return Some(
            python::class_schema(module, short, 0).is_none() && class.bases().all(|base| PLAIN_BASES.contains(&base)),
        );
    }
    if NEVER.contains(&short) {
        return Some(true);
    }
    let Some(written) = imports.modules.get(name.split('.').next().unwrap_or(name)) else { return Some(false) };
    let root = written.split('.').next().unwrap_or(written);
    if hint::of_word(short).is_some() || written.starts_with('.') || OF_MODELS.contains(&root) {
        return Some(false);
    }
    if standard::PYTHON.contains(&root) {
        return Some(!OF_VALUES.contains(&root) && short != "object");
    }
    let is_class = short.starts_with(char::is_uppercase) || name.contains('.');
    if is_class && !OF_FRAMEWORKS.contains(&root) { None } else { Some(is_class) }
}

/// Methods and fields of values that come from JSON, as Python and its models have them.
const OF_VALUE: &[&str] = &[
    "append",
    "capitalize",
    "casefold",
    "copy",
    "count",
    "decode",
    "dict",
    "encode",
    "endswith",
    "extend",
    "format",
    "get",
    "index",
    "is_integer",
    "isalnum",
    "isalpha",
    "isdigit",
    "isnumeric",
    "items",
    "join",
    "json",
    "keys",
    "lower",
    "lstrip",
    "model_copy",
    "model_dump",
    "model_dump_json",
    "name",
    "partition",
    "pop",
    "replace",
    "rsplit",
    "rstrip",
    "setdefault",
    "sort",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "update",
    "upper",
    "value",
    "values",
];

/// Whether code calls a method of a parameter that no value of JSON has.
fn is_used_as_object(name: &str, body: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    body.match_indices(name).any(|(at, _)| {
        let is_whole = !body[..at].ends_with(|c: char| is_word(c) || c == '.');
        let Some(rest) = body[at + name.len()..].strip_prefix('.').filter(|_| is_whole) else { return false };
        // `ctx.deps.db.query(…)` ends in a call.
        let end = rest.find(|c: char| !(is_word(c) || c == '.')).unwrap_or(rest.len());
        let path = &rest[..end];
        let first = path.split('.').next().unwrap_or_default();
        rest[end..].starts_with('(')
            && !OF_VALUE.contains(&first)
            && !OF_VALUE.contains(&path.rsplit('.').next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_value_of_json_is_is_told_from_models_and_plain_types() {
        let text = "import argparse\nimport numpy as np\nfrom typing import Callable, Any, Optional\nfrom fastapi import Request, Depends  # web\nfrom pydantic import BaseModel, EmailStr\nfrom enum import Enum\n\
            from .own import Thing\nfrom app.models import Item\nfrom pathlib import Path\nfrom kit import (\n    Session,\n    QueryParams,\n)\nfrom dataclasses import dataclass\n\
            class Runtime:\n    knobs: dict\nclass Port(Protocol): pass\nclass Args(BaseModel):\n    a: int\n@dataclass\nclass Deps:\n    n: int\nclass Kind(Enum):\n    A = 1\nclass Mine(Session): pass\n";
        let blocks = python::blocks(text);
        let (definitions, aliases, imports) =
            (python::definitions(&blocks), python::aliases(&blocks), Imports::of(&blocks));
        let module = Module { definitions: &definitions, aliases: &aliases };
        let used = "x.commit()\n";
        let with = |hint: &str, default, body| is_one(&Parameter { name: "x", hint, default }, module, &imports, body);
        let of = |hint: &str, default| with(hint, default, used);
        for hint in [
            "Callable[[int], int]",
            "Optional[Callable[..., str]]",
            "Runtime",
            "'Runtime'",
            "Runtime | None",
            "Port",
            "Request",
            "argparse.Namespace",
            "np.ndarray",
            "Session",
            "Annotated[Session, 'x']",
            "type[Args]",
        ] {
            assert!(of(hint, None), "{hint}");
        }
        for hint in [
            "",
            "int",
            "Any",
            "Args",
            "Deps",
            "Kind",
            "list[Runtime]",
            "Optional[Args]",
            "Callable | str",
            "Thing",
            "Path",
            "EmailStr",
            "Mine",
            "T",
            "Unknown",
            "Literal['a']",
            "dict[str, Callable]",
            "object",
            "None",
        ] {
            assert!(!of(hint, None), "{hint}");
        }
        // What another package defines is told by how it is used.
        for body in
            ["", "return x\n", "send(x.subject, x.name.upper())\n", "y.x.commit()\nmax.commit()\n", "x.model_dump()\n"]
        {
            assert!(!with("Session", None, body) && !with("Item", None, body), "{body}");
        }
        assert!(with("Session", None, "x.session.query(1)\n") && with("Callable", None, ""));
        assert!(of("int", Some("Depends(f)")) && of("", Some("fastapi.Depends(f)")) && !of("int", Some("Depends")));
    }
}
