//! Parameters of JavaScript and TypeScript functions that no value of JSON is, so that only other code can fill them: functions,
//! and objects of imported types or of classes that do something.

use super::scanner::{is_word, split};
use crate::domain::source::Language;

const TS: Language = Language::TypeScript;

/// Ends of names of types whose objects do something, whatever is done with them.
const DOING: &[&str] = &[
    "Browser",
    "Callback",
    "Client",
    "Connection",
    "Controller",
    "Database",
    "Factory",
    "Handler",
    "Logger",
    "Manager",
    "Provider",
    "Registry",
    "Service",
    "Socket",
    "Transport",
];

/// A part of the names of packages whose types do something.
const OF_FRAMEWORKS: &[&str] = &["@modelcontextprotocol/", "express", "fastify", "koa", "hono"];

/// Methods of values that come from JSON.
const OF_VALUE: &[&str] = &[
    "at",
    "charAt",
    "charCodeAt",
    "concat",
    "endsWith",
    "entries",
    "every",
    "filter",
    "find",
    "findIndex",
    "flat",
    "flatMap",
    "forEach",
    "includes",
    "indexOf",
    "join",
    "keys",
    "lastIndexOf",
    "localeCompare",
    "map",
    "match",
    "matchAll",
    "normalize",
    "padEnd",
    "padStart",
    "pop",
    "push",
    "reduce",
    "repeat",
    "replace",
    "replaceAll",
    "reverse",
    "search",
    "shift",
    "slice",
    "some",
    "sort",
    "splice",
    "split",
    "startsWith",
    "substring",
    "toFixed",
    "toISOString",
    "toLocaleString",
    "toLowerCase",
    "toString",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
    "unshift",
    "values",
];

/// Whether only other code can fill a parameter: its type is a function, or an object that does something. `code` is the function.
pub(super) fn is_one(name: &str, hint: &str, text: &str, code: &str) -> bool {
    let hint = hint.trim();
    if hint.is_empty() {
        return false;
    }
    if hint.contains("=>") || hint == "Function" {
        return !hint.starts_with(['{', '[']);
    }
    let parts: Vec<&str> = split(hint, b'|', TS).into_iter().map(str::trim).collect();
    let mut named = parts.iter().filter(|part| !matches!(**part, "null" | "undefined")).peekable();
    named.peek().is_some() && named.all(|part| does(name, part, text, code))
}

/// Whether objects of a type do something.
fn does(name: &str, hint: &str, text: &str, code: &str) -> bool {
    let hint = hint.split('<').next().unwrap_or_default().trim();
    let short = hint.rsplit('.').next().unwrap_or(hint);
    if !hint.split('.').all(is_word) || !short.starts_with(char::is_uppercase) {
        return false;
    }
    let root = hint.split('.').next().unwrap_or(hint);
    let is_class = text.contains(&format!("class {root} ")) || text.contains(&format!("class {root}<"));
    let is_function = text.split_once(&format!("type {root} =")).is_some_and(|(_, rest)| {
        rest.trim_start().starts_with('(') && rest.lines().next().is_some_and(|line| line.contains("=>"))
    });
    let is_framework = |module: &str| OF_FRAMEWORKS.iter().any(|known| module.starts_with(known));
    let is_told = || name.starts_with('_') || DOING.iter().any(|end| short.ends_with(end)) || is_used(name, code);
    is_class || is_function || imported_from(root, text).is_some_and(|module| is_framework(module) || is_told())
}

/// The module from which the file imports a name.
fn imported_from<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("import ") {
        let (names, after) = behind.split_once(" from ")?;
        let is_list = names.len() < 2_000 && !names.contains([';', '(']);
        let words = names.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
        if is_list && words.clone().any(|word| word == name) {
            let module = after.trim_start().trim_start_matches(['"', '\'']);
            return module.split(['"', '\'']).next();
        }
        rest = if is_list { after } else { behind };
    }
    None
}

/// Whether code calls a parameter, or a method of it that no value has.
fn is_used(name: &str, code: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    code.match_indices(name).any(|(at, _)| {
        if code[..at].ends_with(is_part) {
            return false;
        }
        let rest = &code[at + name.len()..];
        if rest.starts_with('(') {
            return true;
        }
        let Some(path) = rest.strip_prefix('.').or_else(|| rest.strip_prefix("?.")) else { return false };
        let end = path.find(|c: char| !is_part(c)).unwrap_or(path.len());
        let last = path[..end].rsplit('.').next().unwrap_or_default();
        path[end..].starts_with('(') && !last.is_empty() && !OF_VALUE.contains(&last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_do_something_are_told_from_values() {
        let text = "import { z } from 'zod';\nimport type { Server } from '@modelcontextprotocol/sdk/server.js';\nimport type {\n  S3Options,\n  Thing,\n} from '../server.js';\n\
            import { PostData } from './types';\nclass Kept {}\ntype Make = () => Kept;\nexport type Plain = { a: string };\n\
            export function go(thing: Thing) {\n  return thing.listAll(thing.items.map((x) => x));\n}\n";
        let of = |name: &str, hint: &str| is_one(name, hint, text, text);
        for (name, hint) in [
            ("server", "Server"),
            ("_options", "S3Options"),
            ("thing", "Thing | undefined"),
            ("a", "() => Thing"),
            ("a", "(x: string) => Promise<void>"),
            ("a", "Kept"),
            ("a", "Make"),
            ("a", "Function"),
        ] {
            assert!(of(name, hint), "{name}: {hint}");
        }
        for (name, hint) in [
            ("a", ""),
            ("a", "string"),
            ("a", "PostData"),
            ("options", "S3Options"),
            ("a", "Plain"),
            ("a", "Record<string, string>"),
            ("a", "Date"),
            ("a", "string | Server"),
            ("a", "Server[]"),
            ("a", "{ done: () => void }"),
            ("a", "Unknown"),
        ] {
            assert!(!of(name, hint), "{name}: {hint}");
        }
    }
}
