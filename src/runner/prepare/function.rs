//! Calling one function of a script: the interpreter gets a small program of ours, which loads the script inside the
//! sandbox, calls the function with the input, and prints what it returns.

use crate::domain::source::Language;
use crate::domain::{Recipe, RunEnd};
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
    args.extend(recipe.args.iter().map(|rule| OsString::from(&rule.input)));
    Ok(args)
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
