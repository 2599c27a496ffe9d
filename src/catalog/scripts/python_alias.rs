//! Names that a Python file gives to types and to what describes a value: `Limit = Annotated[int, Field(ge=1)]`,
//! `LIMIT = Field(ge=1)`, `from pydantic import Field as F`.

use super::hint;
use super::scanner::{CallArgument, arguments, is_word, signs, split};
use crate::domain::source::Language;
use std::borrow::Cow;
use std::collections::BTreeMap;

const PYTHON: Language = Language::Python;

/// How many aliases in a chain are followed.
const MAX_DEPTH: usize = 4;

/// The longest text that names are replaced in, in bytes.
const MAX_BYTES: usize = 8_000;

/// The meanings of names.
#[derive(Debug, Default)]
pub(super) struct Aliases<'t> {
    values: BTreeMap<&'t str, &'t str>,
}

impl<'t> Aliases<'t> {
    /// Those that the statements of a file give.
    pub(super) fn of(statements: impl Iterator<Item = &'t str>) -> Aliases<'t> {
        let mut aliases = Aliases::default();
        for text in statements {
            if text.starts_with("from ") {
                aliases.values.extend(imported(text));
            } else if let Some((name, value)) = assigned(text, |value| aliases.expanded(value)) {
                aliases.values.insert(name, value);
            }
        }
        aliases
    }

    /// A type hint or a default with aliases expanded.
    pub(super) fn expanded<'s>(&self, text: &'s str) -> Cow<'s, str> {
        let mut text = Cow::Borrowed(text);
        for _ in 0..MAX_DEPTH {
            match self.once(&text) {
                Some(longer) if longer.len() <= MAX_BYTES => text = Cow::Owned(longer),
                _ => break,
            }
        }
        text
    }

    /// Expands each name once; `None` if there is none.
    fn once(&self, text: &str) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let (mut expanded, mut copied, mut end) = (String::new(), 0, 0);
        for sign in signs(text, PYTHON) {
            let is_begin = sign.at >= end && (sign.byte.is_ascii_alphabetic() || sign.byte == b'_');
            if !is_begin {
                continue;
            }
            let rest = &text[sign.at..];
            let word = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            end = sign.at + word.len();
            let is_part = text[..sign.at].ends_with('.') || text[..sign.at].ends_with(|c: char| c.is_alphanumeric());
            // The name of an argument, and the first part of `module.name`, are not aliases.
            let is_named = text[end..].trim_start().starts_with(['=', '.']);
            if let Some(value) = self.values.get(word).filter(|_| !is_part && !is_named) {
                expanded.push_str(&text[copied..sign.at]);
                expanded.push_str(value);
                copied = end;
            }
        }
        (copied > 0).then(|| expanded + &text[copied..])
    }
}

/// The arguments of a call that describes a field: `Field`, `Query`, `Option` and their kin.
pub(super) fn field_call(text: &str) -> Option<Vec<CallArgument<'_>>> {
    let name = text.split('(').next()?.rsplit('.').next()?;
    let is_known = matches!(name, "Field" | "field" | "Query" | "Body" | "Path" | "Form" | "Option" | "Argument");
    let open = text.find('(').filter(|_| is_known && text.ends_with(')'))?;
    Some(arguments(&text[open + 1..text.len() - 1], PYTHON))
}

/// `NAME = value`, `NAME: TypeAlias = value`, `type NAME = value`, where the value is a type or describes one.
fn assigned<'t>(text: &'t str, expanded: impl Fn(&'t str) -> Cow<'t, str>) -> Option<(&'t str, &'t str)> {
    let at = signs(text, PYTHON).find(|sign| sign.depth == 0 && sign.byte == b'=')?.at;
    let (name, value) = (text[..at].trim(), text[at + 1..].trim());
    let name = name.strip_prefix("type ").map_or(name, str::trim);
    let name = name.split(':').next().unwrap_or_default().trim();
    let is_type = || match value.split_once('[') {
        Some((outer, _)) => {
            let outer = outer.rsplit('.').next().unwrap_or_default();
            value.ends_with(']')
                && (hint::of_word(outer).is_some()
                    || matches!(outer, "Annotated" | "Literal" | "Optional" | "Union" | "Final"))
        }
        None => split(value, b'|', PYTHON).iter().all(|part| *part == "None" || hint::of_word(part).is_some()),
    };
    (is_word(name) && (is_type() || field_call(&expanded(value)).is_some())).then_some((name, value))
}

/// `X as Y` of an import.
fn imported(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let list = text.split_once("import ").map_or("", |(_, list)| list);
    list.split([',', '(', ')', '\n']).filter_map(|part| {
        let (name, alias) = part.split_once(" as ")?;
        let (name, alias) = (name.trim(), alias.split('#').next()?.trim());
        (is_word(name) && is_word(alias) && name != alias).then_some((alias, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_file_stand_for_types_and_descriptions() {
        let text = "from pydantic import Field as F, BaseModel\nimport numpy as np\nLIMIT = F(10, ge=1)\nPort = Annotated[int, F(gt=0)]\n\
            type Small = Port\nName: TypeAlias = str | None\nKINDS = ['a', 'b']\nrate = compute()\nLoop = Annotated[Loop, 1]\n";
        let aliases = Aliases::of(text.lines());
        for (text, wanted) in [
            ("LIMIT", "Field(10, ge=1)"),
            ("list[Port]", "list[Annotated[int, Field(gt=0)]]"),
            ("Name", "str | None"),
            ("F(description='LIMIT of Port')", "Field(description='LIMIT of Port')"),
            ("Field(LIMIT=1)", "Field(LIMIT=1)"),
            ("x.LIMIT", "x.LIMIT"),
            ("KINDS", "KINDS"),
            ("rate", "rate"),
            ("np.float64", "np.float64"),
            ("int", "int"),
        ] {
            assert_eq!(aliases.expanded(text), wanted, "{text}");
        }
        assert!(aliases.expanded("Loop").len() < MAX_BYTES);
        assert_eq!(Aliases::default().expanded("LIMIT"), "LIMIT");
    }
}
