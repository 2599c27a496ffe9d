//! Inputs of shell scripts: options of `getopts`, and plain words that are given names (`file="$1"`).

use super::{Declared, DeclaredInput, comments, input_name};
use crate::domain::ArgRule;
use serde_json::json;

/// Plain words with a higher number are rare, and `$10` is `$1` and a zero.
const MAX_WORDS: usize = 9;

/// Options of `getopts "ab:"`: a letter is a flag, a letter with a colon takes a value.
pub(super) fn getopts(text: &str) -> Option<Declared> {
    let rest = &text[text.find("getopts ")? + "getopts ".len()..];
    let spec = rest.trim_start().trim_start_matches(['"', '\'']);
    let spec: &str = spec.split(['"', '\'', ' ']).next()?;
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    let letters: Vec<char> = spec.trim_start_matches(':').chars().collect();
    for (at, letter) in letters.iter().enumerate().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
        let takes_value = letters.get(at + 1) == Some(&':');
        let named = assigned(text, *letter).map_or_else(|| letter.to_string(), str::to_owned);
        let name = input_name(&named, &format!("option_{letter}"), &inputs);
        let mut input = DeclaredInput::text(&name, ArgRule::option(&format!("-{letter}"), &name));
        if !takes_value {
            input.put("type", "boolean");
        }
        inputs.push(input);
    }
    inputs.extend(words(text, &inputs));
    if takes_rest(text) {
        inputs.push(super::rest_words(&inputs));
    }
    Some(Declared { inputs, ..Declared::default() })
}

/// The variable that an option is kept in: `n) count="$OPTARG" ;;`.
fn assigned(text: &str, letter: char) -> Option<&str> {
    let line =
        text.lines().map(str::trim).find(|line| line.strip_prefix(letter).is_some_and(|rest| rest.starts_with(')')))?;
    let (name, _) = line[2..].trim().split_once('=')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// Whether a script takes all words that it is given, or all that are left.
pub(super) fn takes_rest(text: &str) -> bool {
    own_lines(text)
        .any(|line| ["$@", "$*", "${@", "${*"].iter().any(|mark| line.contains(mark) && !line.contains("getopts")))
}

/// The lines of a script outside of its functions: what a function is given is no word of the script.
fn own_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.lines().filter(|line| comments::comment(line).is_none()).filter(move |line| {
        is_inside |= line.contains("() {") || line.starts_with("function ");
        let is_own = !is_inside;
        if line.starts_with('}') {
            is_inside = false;
        }
        is_own || line.starts_with('}')
    })
}

/// Plain words that a script gives a name at its top: `name="$1"`, `name=${2:-default}`.
pub(super) fn words(text: &str, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
    let mut found: Vec<Option<(String, Option<String>, bool)>> = Vec::new();
    for line in own_lines(text) {
        for part in line.split(';') {
            if let Some((number, name, default, is_needed)) = named_word(part.trim()) {
                found.resize(found.len().max(number), None);
                found[number - 1].get_or_insert((name, default, is_needed));
            }
        }
    }
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for (at, word) in found.into_iter().enumerate() {
        let (written, default, is_needed) = word.unwrap_or_default();
        let all: Vec<DeclaredInput> = taken.iter().chain(&inputs).cloned().collect();
        let name = input_name(&written, &format!("word{}", at + 1), &all);
        let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
        input.required = is_needed;
        if let Some(default) = default {
            input.put("default", json!(default));
        }
        inputs.push(input);
    }
    inputs
}

/// The number, name and default of a plain word that is given a name, and whether it must be there.
fn named_word(line: &str) -> Option<(usize, String, Option<String>, bool)> {
    let line =
        ["local ", "readonly ", "export ", "declare "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim().trim_matches('"').strip_prefix('$')?;
    let inner = value.strip_prefix('{').map(|rest| rest.split('}').next().unwrap_or_default());
    let inner = inner.unwrap_or(value);
    let end = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
    let number: usize = inner[..end].parse().ok().filter(|number| (1..=MAX_WORDS).contains(number))?;
    let rest = inner[end..].trim_start_matches(':');
    let default = rest
        .strip_prefix('-')
        .filter(|value| !value.contains('$'))
        .map(|value| value.trim_matches(['"', '\'']).to_owned());
    let is_needed = rest.is_empty() || rest.starts_with('?');
    // Anything more is computed from it.
    let is_whole = rest.is_empty() || rest.starts_with(['-', '?', '=']);
    (is_name && is_whole).then(|| (number, name.to_owned(), default.filter(|value| !value.is_empty()), is_needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(inputs: &[DeclaredInput]) -> Vec<String> {
        let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
        inputs
            .iter()
            .map(|input| format!("{}{} {}", input.rule.as_ref().unwrap(), sign(input), json!(input.schema)))
            .collect()
    }

    #[test]
    fn options_and_words_of_a_shell_script_are_inputs() {
        let text = "while getopts \":vn:\" o; do\n  case $o in\n    v) VERBOSE=1 ;;\n    n) count=\"$OPTARG\" ;;\n  esac\ndone\nshift\nfile=\"$1\"\nmode=${2:-fast}\n";
        let expected = [
            r#"-v verbose {"type":"boolean"}"#,
            r#"-n count {"type":"string"}"#,
            r#"file! {"type":"string"}"#,
            r#"mode {"type":"string","default":"fast"}"#,
        ];
        assert_eq!(shown(&getopts(text).unwrap().inputs), expected);
        let text = "f() {\n  local x=$1\n}\nURL=${1:?usage}\nfull=\"$2/x\"\n# a=$3\nOUT=\"${3:-}\"\n";
        let expected = [r#"url! {"type":"string"}"#, r#"word2 {"type":"string"}"#, r#"out {"type":"string"}"#];
        assert_eq!(shown(&words(text, &[])), expected);
    }
}
