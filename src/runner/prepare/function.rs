//! Calling one function of a script: the interpreter gets a small program of ours, which loads the script inside the
//! sandbox, calls the function with the input, and prints what it returns.

use crate::domain::source::Language;
use crate::domain::{Dialect, Manifest, Recipe, RunEnd};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::path::Path;

const PYTHON: &str = include_str!("../../../assets/call/function.py");
const JAVASCRIPT: &str = include_str!("../../../assets/call/function.js");

/// The arguments of an interpreter that calls `function` of the recipe's script. `words` are those behind the interpreter:
/// its options and the script.
///
/// # Errors
/// [`RunEnd::Refused`] for a script in a language whose functions cannot be called.
pub(super) fn arguments(
    recipe: &Recipe,
    function: &str,
    program: &OsStr,
    words: &[OsString],
) -> Result<Vec<OsString>, RunEnd> {
    let entry = recipe.entry.as_deref().unwrap_or_default();
    let (option, code) = match Language::of(entry, "") {
        Some(Language::Python) => ("-c", PYTHON),
        Some(language) if language.is_javascript() && is_node_like(program) => ("-e", JAVASCRIPT),
        _ => {
            let message = format!(
                "[run] function: only functions of Python, and of JavaScript with node, can be called, not of {entry}"
            );
            return Err(RunEnd::Refused { message });
        }
    };
    let at = words.iter().rposition(|word| Path::new(word).ends_with(entry)).unwrap_or(words.len());
    let mut args: Vec<OsString> = words[..at].to_vec();
    args.extend([option, code].map(OsString::from));
    args.extend(words[at..].iter().cloned());
    args.push(function.into());
    args.extend(recipe.function_words().into_iter().map(OsString::from));
    Ok(args)
}

/// The input with the defaults that a parser would fill in, for a function of JavaScript that counts on them: its
/// parser is not asked. `None` if there are none.
pub(super) fn with_defaults(manifest: &Manifest, recipe: &Recipe, input: &Value) -> Option<String> {
    let is_javascript = || Language::of(recipe.entry.as_deref()?, "").filter(|language| language.is_javascript());
    if manifest.dialect != Dialect::Header || recipe.function.is_none() || is_javascript().is_none() {
        return None;
    }
    let properties = manifest.input.as_ref()?["properties"].as_object()?;
    let defaults = properties.iter().filter_map(|(name, schema)| Some((name, schema.get("default")?)));
    let mut fields = input.as_object()?.clone();
    let given = fields.len();
    for (name, value) in defaults {
        fields.entry(name).or_insert_with(|| value.clone());
    }
    (fields.len() > given).then(|| Value::Object(fields).to_string())
}

/// The code with which Python calls a function: `python3 -c CODE FILE FUNCTION`.
pub fn call_code() -> &'static str {
    PYTHON
}

/// Whether a word is the code that calls a function.
pub(super) fn is_call_code(word: &OsStr) -> bool {
    word == PYTHON || word == JAVASCRIPT
}

/// Programs that take code with `-e` as node does.
fn is_node_like(program: &OsStr) -> bool {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    matches!(crate::domain::source::program_name(&name), "node" | "nodejs" | "tsx" | "bun")
}
