//! Inputs of shell scripts: options of `getopts`, and plain words (`file="$1"`).

use super::shell_code::own_code;
use super::{Declared, DeclaredInput, input_name};
use crate::domain::{ArgRule, OPTIONS_FIRST};
use serde_json::{Map, Value, json};

/// Plain words with a higher number are rare, and `$10` is `$1` and a zero.
const MAX_WORDS: usize = 9;

/// Words in code that ends a script with a message.
const ENDS: &[&str] = &["exit", "usage", "Usage", "die", "help", "abort", "return 1", "err", "fail", "fatal"];

/// The most lines of a condition and its body.
const CONDITION_LINES: usize = 6;

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
    let own = own_code(text);
    // The words before it are options.
    let behind = own.rfind("getopts ").map_or(own.as_str(), |at| &own[at..]);
    let words = Words::of(behind, text);
    inputs.extend(words.inputs(&inputs));
    if words.takes_rest {
        inputs.push(super::rest_words(&inputs));
    }
    let extra = Map::from_iter([(OPTIONS_FIRST.to_owned(), Value::Bool(true))]);
    Some(Declared { inputs, extra, ..Declared::default() })
}

/// The variable that an option is kept in: `n) count="$OPTARG" ;;`.
fn assigned(text: &str, letter: char) -> Option<&str> {
    let line =
        text.lines().map(str::trim).find(|line| line.strip_prefix(letter).is_some_and(|rest| rest.starts_with(')')))?;
    let (name, _) = line[2..].trim().split_once('=')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// Whether a script accepts all its words, or all remaining ones.
pub(super) fn takes_rest(text: &str) -> bool {
    Words::of(&own_code(text), text).takes_rest
}

/// How many words a script demands below a line of it.
pub(super) fn demanded_behind(text: &str, line: usize) -> usize {
    let own = own_code(text);
    let lines: Vec<&str> = own.lines().skip(line + 1).collect();
    least_count(&lines).unwrap_or(0)
}

/// Plain words that a script reads, each with the name that it gives them: `name="$1"`, `name=${2:-default}`.
pub(super) fn words(text: &str, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
    Words::of(&own_code(text), text).inputs(taken)
}

/// A plain word of a script.
#[derive(Default, Clone)]
struct Word {
    name: String,
    default: Option<String>,
    is_required: bool,
}

/// How a script uses its positional arguments.
struct Words {
    words: Vec<Word>,
    /// Whether there may be more of them.
    takes_rest: bool,
}

impl Words {
    /// Reads code that sees the words of a script; `text` is the whole script.
    fn of(code: &str, text: &str) -> Words {
        let usage = usage_words(text);
        let mut found = Words { words: Vec::new(), takes_rest: false };
        let (mut depth, mut shifted, mut loops) = (0usize, 0usize, 0usize);
        let (mut is_moved, mut used) = (false, [false; MAX_WORDS + 1]);
        let mut needed = [false; MAX_WORDS + 1];
        let lines: Vec<&str> = code.lines().collect();
        let whole: Vec<&str> = text.lines().collect();
        let is_strict = stops_at_unset(&lines);
        let has_functions = text.contains("()") || text.contains("function ");
        let least = least_count(&lines);
        for (at, line) in lines.iter().enumerate() {
            found.takes_rest |= !line.contains("getopts") && names_all(line);
            // One-line blocks begin and end here.
            let opens = block_words(line, &["if", "while", "until", "for", "case", "select"]);
            let closes = block_words(line, &["fi", "done", "esac"]);
            let is_sure = depth == 0 && opens == 0;
            loops += block_words(line, &["while", "until", "for"]);
            // A shift matters if words are read after it.
            let is_of_words = names_all(line) || references(line).next().is_some();
            found.takes_rest |= is_moved && is_of_words;
            for part in line.split(';').flat_map(|part| part.split("&&")) {
                let part = part.trim();
                // After a shift that may not happen, a number says nothing of the place.
                let is_placed = !is_moved;
                found.takes_rest |= is_moved && references(part).next().is_some();
                if let Some(count) = part.strip_prefix("shift").filter(|rest| rest.is_empty() || rest.starts_with(' '))
                {
                    let count: Option<usize> = if count.is_empty() { Some(1) } else { count.trim().parse().ok() };
                    match count {
                        // Before any word was read it was an option.
                        _ if found.words.is_empty() => {}
                        Some(count) if is_sure && !line.contains("&&") => shifted += count,
                        // `$((OPTIND - 1))` leaves the plain words.
                        None if line.contains("OPTIND") => {}
                        _ if loops > 0 => found.takes_rest = true,
                        _ => is_moved = true,
                    }
                    continue;
                }
                for number in references(part).filter(|_| is_placed) {
                    found.resize(number + shifted);
                    used[number] |= !is_test(part);
                    let may_lack = ["-", "+", ":"].iter().any(|sign| part.contains(&format!("${{{number}{sign}")));
                    needed[number] |= is_strict && is_sure && shifted == 0 && !may_lack && !line.contains("&&");
                }
                let Some((number, mut word, is_needed)) = named_word(part).filter(|_| is_placed) else { continue };
                found.resize(number + shifted);
                let is_whole = is_sure && !line.contains("&&") && word.default.is_none();
                // A word that only a function requires may be optional.
                let may_lack = || {
                    has_functions && tested(&whole, 0, &word.name, usize::MAX).is_some()
                        || is_only_compared(&lines[at + 1..], &word.name)
                };
                let judged = tested(&lines, at, &word.name, number).unwrap_or_else(|| is_whole && !may_lack());
                word.is_required = is_needed.unwrap_or(judged);
                let Some(known) = found.words.get_mut(number + shifted - 1) else { continue };
                if known.name.is_empty() {
                    *known = word;
                }
            }
            depth = (depth + opens).saturating_sub(closes);
            loops = loops.saturating_sub(block_words(line, &["done"]));
        }
        // A word that is only tested is the first of all words.
        let is_tested = |(at, word): (usize, &Word)| word.name.is_empty() && !used[at + 1];
        if found.takes_rest && shifted == 0 && found.words.iter().enumerate().all(is_tested) {
            found.words.clear();
        }
        for (at, word) in found.words.iter_mut().enumerate() {
            word.is_required |= word.name.is_empty() && needed.get(at + 1) == Some(&true);
        }
        found.settle(least, &usage, &lines);
        found
    }

    /// Makes room for so many words.
    fn resize(&mut self, count: usize) {
        if count <= MAX_WORDS && count > self.words.len() {
            self.words.resize(count, Word::default());
        }
    }

    /// Applies the usage line and the tests of the number of words.
    fn settle(&mut self, least: Option<usize>, usage: &[(String, bool)], lines: &[&str]) {
        let is_told = usage.len() == self.words.len();
        for (at, word) in self.words.iter_mut().enumerate() {
            let told = usage.get(at).filter(|_| is_told);
            if word.name.is_empty() {
                word.is_required = tested(lines, 0, "", at + 1).unwrap_or(word.is_required);
                word.name = told.map(|(name, _)| name.clone()).unwrap_or_default();
            }
            if let Some(least) = least {
                word.is_required = at < least;
            }
            word.is_required &= word.default.is_none() && told.is_none_or(|(_, is_optional)| !is_optional);
        }
        // A word before a required one is required too.
        let last = self.words.iter().rposition(|word| word.is_required).unwrap_or(0);
        for word in self.words.iter_mut().take(last).filter(|word| word.default.is_none()) {
            word.is_required = true;
        }
    }

    fn inputs(&self, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
        let mut inputs: Vec<DeclaredInput> = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let all: Vec<DeclaredInput> = taken.iter().chain(&inputs).cloned().collect();
            let name = input_name(&word.name, &format!("word{}", at + 1), &all);
            let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
            input.required = word.is_required;
            if let Some(default) = &word.default {
                input.put("default", json!(default));
            }
            inputs.push(input);
        }
        inputs
    }
}

fn names_all(line: &str) -> bool {
    // `for x; do` goes through all of them as well.
    let head = || line.trim().strip_prefix("for ")?.split_once([';', ' ']);
    let is_loop = || head().is_some_and(|(_, rest)| rest.trim_start_matches([';', ' ']).starts_with("do"));
    ["$@", "$*", "${@", "${*"].iter().any(|mark| line.contains(mark)) || is_loop()
}

/// Whether a part of a line only tests something.
fn is_test(part: &str) -> bool {
    let part = ["if ", "elif ", "while ", "until "].iter().find_map(|head| part.strip_prefix(head)).unwrap_or(part);
    let part = part.trim_start_matches(['!', ' ']);
    (part.starts_with('[') || part.starts_with("test ")) && !part.contains("||")
}

/// How many of these words begin or end a block in a line.
fn block_words(line: &str, words: &[&str]) -> usize {
    let parts = line.split([';', '&', '|', '(', ')']).map(str::trim);
    let parts =
        parts.map(|part| part.strip_prefix("then ").or_else(|| part.strip_prefix("do ")).unwrap_or(part).trim());
    parts.filter(|part| part.split_whitespace().next().is_some_and(|first| words.contains(&first))).count()
}

/// The numbers of the words that a piece of code uses: `$1`, `${2%.*}`.
fn references(code: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let found = at + code[at..].find('$')?;
            at = found + 1;
            let rest = &code[at..];
            let digits = rest.strip_prefix('{').unwrap_or(rest);
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let is_braced = rest.starts_with('{');
            let number = if is_braced { digits[..end].parse() } else { digits[..end.min(1)].parse::<usize>() };
            if let Ok(number) = number
                && (1..=MAX_WORDS).contains(&number)
            {
                return Some(number);
            }
        }
    })
}

/// The number and name of a positional argument that is assigned to a variable, and whether it is required if the code
/// says so.
fn named_word(code: &str) -> Option<(usize, Word, Option<bool>)> {
    let heads = ["then ", "else ", "do ", "local ", "readonly ", "export ", "declare ", "typeset "];
    let mut code = code;
    while let Some(rest) = heads.iter().find_map(|word| code.strip_prefix(word)) {
        code = rest.trim_start();
        // `local -r name="$1"`
        while let Some((_, rest)) = code.split_once(' ').filter(|(flag, _)| flag.starts_with('-')) {
            code = rest.trim_start();
        }
    }
    let (name, value) = code.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim().trim_matches('"').strip_prefix('$')?;
    let inner = value.strip_prefix('{').map(|rest| rest.rsplit_once('}').map_or(rest, |(inner, _)| inner));
    let inner = inner.unwrap_or(value);
    let end = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
    let number: usize = inner[..end].parse().ok().filter(|number| (1..=MAX_WORDS).contains(number))?;
    let rest = inner[end..].trim_start_matches(':');
    // Anything more is computed from it.
    let is_whole = rest.is_empty() || rest.starts_with(['-', '?', '=']);
    let default = rest.strip_prefix(['-', '=']);
    let plain = default.map(|value| value.trim_matches(['"', '\''])).filter(|value| !value.contains('$'));
    let is_needed = if rest.starts_with('?') { Some(true) } else { default.map(|_| false) };
    let default = plain.filter(|value| !value.is_empty()).map(str::to_owned);
    (is_name && is_whole).then(|| (number, Word { name: name.to_owned(), default, is_required: false }, is_needed))
}

/// Whether a word must be there, by the tests of it or of its variable from a line on; `None` without a test.
fn tested(lines: &[&str], from: usize, name: &str, number: usize) -> Option<bool> {
    let forms = |one: &str| [format!("${one}"), format!("${{{one}}}"), format!("${{{one}:"), format!("${{{one}-")];
    let mut marks = Vec::from(forms(&number.to_string()));
    if !name.is_empty() {
        marks.extend(forms(name));
    }
    let ends_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let names = |line: &str| {
        let at = |mark: &String| line.find(mark.as_str()).map(|at| at + mark.len());
        marks.iter().filter_map(at).any(|end| line[..end].ends_with(['}', ':', '-']) || ends_word(&line[end..]))
    };
    let mut is_optional = false;
    for (at, line) in lines.iter().enumerate().filter(|(at, _)| name.is_empty() || *at + CONDITION_LINES >= from) {
        if !names(line) {
            continue;
        }
        let is_test = ["[ ", "[[ ", "test "].iter().any(|mark| line.contains(mark));
        let is_of_empty = ["-z ", "= \"\"", "== \"\"", "= ''", "! -n "].iter().any(|mark| line.contains(mark));
        let is_of_full = ["-n ", "!= \"\""].iter().any(|mark| line.contains(mark));
        if is_test && (is_of_empty || is_of_full) {
            if ends_script(lines, at) && (is_of_empty && !line.contains("!= \"\"") || line.contains("||")) {
                return Some(true);
            }
            is_optional = true;
        }
        // A value for when it is not there.
        is_optional |=
            !name.is_empty() && [format!("${{{name}:"), format!("${{{name}-")].iter().any(|mark| line.contains(mark));
    }
    is_optional.then_some(false)
}

/// Whether lines only compare a variable with something, and do nothing else with it.
fn is_only_compared(lines: &[&str], name: &str) -> bool {
    let marks = [format!("${name}"), format!("${{{name}")];
    let is_named = |line: &str| {
        marks.iter().any(|mark| {
            line.match_indices(mark.as_str())
                .any(|(at, _)| !line[at + mark.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let is_comparison = |line: &str| {
        let line = line.trim();
        let condition = line.split("; then").next().unwrap_or(line);
        let rest = line[condition.len()..].trim_start_matches("; then");
        is_test(condition) && (condition.contains("= ") || condition.contains("=~")) && !is_named(rest)
    };
    let mut named = lines.iter().filter(|line| is_named(line)).peekable();
    named.peek().is_some() && named.all(|line| is_comparison(line))
}

/// Whether a script stops at a variable that is not set: `set -u`, `set -euo pipefail`, `set -o nounset`.
fn stops_at_unset(lines: &[&str]) -> bool {
    lines.iter().filter_map(|line| line.trim().strip_prefix("set ")).any(|rest| {
        let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('u');
        rest.contains("nounset") || rest.split_whitespace().any(is_short)
    })
}

/// How many words a script demands, by its tests of their number.
pub(super) fn demanded_words(text: &str) -> usize {
    let own = own_code(text);
    least_count(&own.lines().collect::<Vec<_>>()).unwrap_or(0)
}

/// Whether the body of a condition ends the script.
fn ends_script(lines: &[&str], at: usize) -> bool {
    let ends = |line: &str| ENDS.iter().any(|word| line.contains(word));
    let first = lines[at];
    if ends(first) {
        return true;
    }
    let goes_on =
        |line: &str| line.ends_with("then") || line.ends_with('{') || line.ends_with('\\') || line.starts_with("if ");
    if !goes_on(first.trim()) && !first.trim_end().ends_with("&&") && !first.trim_end().ends_with("||") {
        return false;
    }
    let (mut works, mut document) = (false, None);
    for line in lines[at + 1..].iter().take(CONDITION_LINES).map(|line| line.trim()) {
        if ["fi", "else", "elif", "esac"].iter().any(|word| line.starts_with(word)) {
            break;
        }
        if let Some(end) = document {
            document = Some(end).filter(|end| line != *end);
            continue;
        }
        document = line.split_once("<<").and_then(|(_, rest)| delimiter(rest));
        // What follows `||` is done when the command fails.
        let command = line.split("||").next().unwrap_or_default().trim().trim_end_matches(';');
        if ends(command) || line.starts_with("||") {
            // A script that did its work before it ends needs no words.
            return !(works && ["exit", "exit 0", "return", "return 0"].contains(&command));
        }
        works |= !is_message(command);
    }
    false
}

/// The word that ends a document in the script, behind `<<`.
fn delimiter(rest: &str) -> Option<&str> {
    let word = rest.trim_start_matches('-').split_whitespace().next()?;
    Some(word.trim_matches(['"', '\'']).trim_end_matches(';')).filter(|word| !word.starts_with('<'))
}

/// Whether a command only tells the user something.
fn is_message(command: &str) -> bool {
    let first = command.split_whitespace().next().unwrap_or_default();
    ["", "echo", "printf", "print", "cat", ":", "log", "warn", "error"].contains(&first)
        || command.starts_with(['#', '>'])
        || command.contains(">&2")
        || command.contains("/dev/stderr")
}

/// How many words a script demands, by its tests of `$#`; `None` without one.
fn least_count(lines: &[&str]) -> Option<usize> {
    let mut least: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        if !["$#", "${#}"].iter().any(|mark| line.contains(mark)) || !ends_script(lines, at) {
            continue;
        }
        if let Some(demanded) = demanded(line) {
            least = Some(least.map_or(demanded, |known| known.max(demanded)));
        }
    }
    least
}

/// The number of words that a test demands when it ends the script, or when its opposite does.
fn demanded(line: &str) -> Option<usize> {
    // `[ $# -lt 1 ] || [ $# -gt 2 ]` contains two tests, followed by their consequence.
    let is_opposite =
        line.rsplit_once("||").is_some_and(|(_, action)| !action.contains("$#") && !action.contains("${#}"));
    let mut found: Option<usize> = None;
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || "[]();\"".contains(c)).filter(|w| !w.is_empty()).collect();
    for window in words.windows(3).filter(|window| matches!(window[0], "$#" | "${#}")) {
        let Ok(number) = window[2].parse::<usize>() else { continue };
        let demanded = match (window[1], is_opposite) {
            ("-lt" | "<" | "-ne" | "!=", false) | ("-ge" | ">=" | "-eq" | "==" | "=", true) => number,
            ("-le" | "<=", false) | ("-gt" | ">", true) => number + 1,
            ("-eq" | "==" | "=", false) if number == 0 => 1,
            _ => continue,
        };
        found = Some(found.map_or(demanded, |known| known.min(demanded)));
    }
    let bare = ["(( $# )) ||", "(($#)) ||", "! $# "].iter().any(|mark| line.contains(mark));
    found.or(bare.then_some(1))
}

/// The plain words of the first usage line, and whether each may be left out.
fn usage_words(text: &str) -> Vec<(String, bool)> {
    let mut lines = text.lines();
    let line = lines.find_map(|line| {
        let at = line.to_ascii_lowercase().find("usage:")?;
        line.get(at + "usage:".len()..)
    });
    let Some(line) = line else { return Vec::new() };
    let line = line.split(['"', '\'', '#', '\\']).next().unwrap_or_default();
    // A long one continues in the next line.
    let more = lines
        .next()
        .map(|more| more.trim().trim_start_matches(['#', ' ']))
        .filter(|more| more.starts_with(['[', '<']) && !more.contains(['"', '\'']));
    let line = format!("{line} {}", more.unwrap_or_default());
    let mut words = Vec::new();
    // The first word is the program.
    for word in bracketed(&line).into_iter().skip(1) {
        let is_optional = word.starts_with('[');
        let name = word.trim_matches(|c: char| "[]<>{}.".contains(c));
        if is_optional && name.starts_with('-') {
            continue;
        }
        // An option may have a value, and `a|b` is ambiguous.
        let is_unclear = name.starts_with('-') || word.contains(['|', '$', '(']);
        if is_unclear || word.starts_with('[') != word.trim_end_matches('.').ends_with(']') {
            return Vec::new();
        }
        // `[options]` stands for options, not for a positional argument.
        if !name.is_empty() && !["options", "opts", "flags"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            words.push((name.to_owned(), is_optional));
        }
    }
    words
}

/// The words of a usage line; bracketed parts count as one.
fn bracketed(line: &str) -> Vec<&str> {
    let (mut words, mut begin, mut depth) = (Vec::new(), None, 0usize);
    for (at, c) in line.char_indices() {
        match c {
            '[' | '<' => depth += 1,
            ']' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            words.extend(begin.take().map(|begin: usize| &line[begin..at]));
        } else if begin.is_none() {
            begin = Some(at);
        }
    }
    words.extend(begin.map(|begin| &line[begin..]));
    words
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
        let declared = getopts(text).unwrap();
        assert_eq!(shown(&declared.inputs), expected);
        assert_eq!(declared.extra[OPTIONS_FIRST], true);
        let text = "f() {\n  local x=$1\n}\nURL=${1:?usage}\nfull=\"$2/x\"\n# a=$3\nOUT=\"${3:-}\"\n";
        let expected = [r#"url! {"type":"string"}"#, r#"word2 {"type":"string"}"#, r#"out {"type":"string"}"#];
        assert_eq!(shown(&words(text, &[])), expected);
    }

    #[test]
    fn words_are_required_where_the_script_demands_them() {
        for (text, expected) in [
            ("file=\"$1\"\necho $file\n", "file!"),
            ("if (( $# )); then\n  duration=$1\nfi\n", "duration"),
            ("which=$1\n[ -z \"$which\" ] && which=next\n", "which"),
            ("[ -z \"$1\" ] && exit 1\nfile=$1\n", "file!"),
            ("[ -n \"$1\" ] || usage\ncp \"$1\" \"$2\"\n", "word1! word2"),
            ("if [ $# -ne 1 -a $# -ne 2 ]; then\n  echo usage\n  exit 1\nfi\na=$1\nb=$2\n", "a! b"),
            ("if [[ $# -lt 2 ]]; then\n  exit 1\nfi\ncp $1 ${2}.bak\n", "word1! word2!"),
            ("[ $# -eq 1 ] || exit 2\ncat \"$1\"\n", "word1!"),
            ("a=$1\nb=${a:-x}\n", "a"),
            ("ffmpeg -i \"${1}\" \"${1}_v.mp4\"\n", "word1"),
            ("first=$1\nshift\nsecond=$1\n", "first! second!"),
            ("if x; then\n  s=$1; shift\nfi\nlevel=$1\n", "s +"),
            ("if [ $# == 3 ]; then\n  Q=\"$1\"\n  shift\nfi\nL=$1\nW=$2\necho $L $W\n", "q +"),
            ("# Usage: show [name] [size]\necho $1 $2\n", "name size"),
            ("# Usage: show <name> [size]\nname=$1\nn=$2\n", "name! n"),
            ("# USAGE: show [-h] [-b size]\n#   [seconds]\nshift $(( $OPTIND - 1 ))\nduration=$1\n", "duration"),
            (
                "if [ \"$#\" -lt 2 ] || [ \"$#\" -gt 3 ]; then\n  exit 1\nfi\na=$1\nb=$2\nif [ $# -eq 3 ]; then c=$3; fi\n",
                "a! b! c",
            ),
            ("if (( $# )); then\n  duration=$1\n  shift\nfi\nsleep $duration\n", "duration"),
            ("while [ $# -gt 0 ]; do\n  name=$1\n  shift\ndone\n", "name +"),
            ("test -z \"$1\" && exit 1\nfor x in \"$@\"; do\n  rm \"$x\"\ndone\n", "+"),
            ("check() {\n  dpkg -s \"$@\"\n}\ncheck bash\n", ""),
            ("check() {\n  dpkg -s \"$@\"\n}\ncheck \"$@\"\n", "+"),
            ("# usage: show [OPTIONS] [name] [size]\necho $1 $2\n", "name size"),
            ("f() { echo $1; }\nf x\n", ""),
            (
                "cmd=$1\nname=\"$2\"\nfunction go() {\n  if [ -z \"$name\" ]; then\n    exit 1\n  fi\n}\nif [ \"$cmd\" == start ]; then\n  go\nfi\n",
                "cmd name",
            ),
            ("set -o nounset\necho \"ok $1\"\n", "word1!"),
            ("set -euo pipefail\necho \"ok ${1:-x}\"\n", "word1"),
            ("set -e\necho \"ok $1\"\n", "word1"),
            ("main() {\n  local path=$1\n}\nmain \"$@\"\n", "path!"),
            ("echo ${1:-a} | awk '{print $2}'\n", "word1"),
            ("if [[ $# == \"0\" ]]; then\n  ready || exit 1\n  here || exit 1\n  exit 0\nfi\nshow \"$1\"\n", "word1"),
            ("if [ -z \"$1\" ]; then\n  list_all\n  exit\nfi\nshow \"$1\"\n", "word1"),
            ("if [ $# -eq 0 ]; then\n  echo 'which one?' >&2\n  exit 0\nfi\nshow \"$1\"\n", "word1!"),
            ("if [ $# -eq 0 ]; then\n  clean_up\n  exit 1\nfi\nshow \"$1\"\n", "word1!"),
            ("if [ $# -eq 0 ]; then\n  cat <<EOF\nUse it so.\nEOF\n  exit 0\nfi\nshow \"$1\"\n", "word1!"),
        ] {
            let words = Words::of(&own_code(text), text);
            let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
            let mut all: Vec<String> =
                words.inputs(&[]).iter().map(|input| format!("{}{}", input.name, sign(input))).collect();
            all.extend(words.takes_rest.then(|| "+".to_owned()));
            assert_eq!(all.join(" "), expected, "{text}");
        }
    }
}
