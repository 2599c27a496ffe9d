//! Options that a shell script reads in a loop: `while …; do case $1 in --to) to="$2"; shift 2 ;; *) … esac; done`, and those
//! that it tests its words for: `[[ $1 == "--all" ]]`. Its plain words stand behind them.

use super::option_words::{Takes, rule_of};
use super::shell_code::own_code;
use super::{Declared, DeclaredInput, input_name, rest_words, shell};
use crate::domain::ArgRule;
use serde_json::json;

/// Reads a script whose loop has options.
pub(super) fn read(text: &str) -> Option<Declared> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(options) = OptionLoop::find(&lines) else { return tested(text, &lines) };
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    let mut other = None;
    for arm in options.arms(&lines) {
        if let Some(mut input) = arm.input(text, &inputs) {
            if let Some(takes) = program_takes(text, &input) {
                input.takes(takes);
            }
            inputs.push(input);
        } else if arm.takes_others() {
            other = Some(arm);
        }
    }
    if inputs.is_empty() {
        return None;
    }
    let mut words = other.as_ref().map(|arm| arm.words(&lines)).unwrap_or_default();
    let behind = lines[options.end..options.scope_end(&lines)].join("\n");
    let is_closed = other.as_ref().is_some_and(LoopArm::refuses);
    if words.is_empty() {
        words = named(&shell::words(&behind, &[]));
    }
    // What the arm keeps in a list, and what stands behind the loop, are the words that are left.
    let takes_rest = other.as_ref().is_some_and(LoopArm::collects) || shell::takes_rest(&behind);
    let is_unknown = words.is_empty() && !is_closed && other.is_some();
    for (name, default) in words {
        let name = input_name(&name, "word", &inputs);
        let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
        if let Some(default) = default {
            input.put("default", default);
        }
        inputs.push(input);
    }
    if takes_rest || is_unknown {
        inputs.push(rest_words(&inputs));
    }
    Some(Declared { inputs, ..Declared::default() })
}

/// What the program `getopt` says of an option with an optional value: it must be joined to it.
fn program_takes(text: &str, input: &DeclaredInput) -> Option<Takes> {
    let line = text.lines().find(|line| line.contains("getopt ") && !line.trim_start().starts_with('#'))?;
    let forms = input.rule.as_ref()?.option_forms()?;
    let is_optional = |flag: &str| match flag.strip_prefix("--") {
        Some(name) => {
            let words = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | ':')));
            words.into_iter().any(|word| word.strip_suffix("::") == Some(name))
        }
        None => line.contains(&format!("{}::", flag.trim_start_matches('-'))),
    };
    (is_optional(forms.flag)).then_some(Takes::JoinedOrNone)
}

fn named(inputs: &[DeclaredInput]) -> Vec<(String, Option<String>)> {
    let default = |input: &DeclaredInput| input.schema.get("default")?.as_str().map(str::to_owned);
    inputs.iter().map(|input| (input.name.clone(), default(input))).collect()
}

/// A `case` over the words of a script, by its lines.
struct OptionLoop {
    /// The line of `case`.
    begin: usize,
    /// The line behind `esac`.
    end: usize,
}

impl OptionLoop {
    /// The first `case` over a word of the script with an option among its patterns.
    fn find(lines: &[&str]) -> Option<OptionLoop> {
        let cases = lines.iter().enumerate().filter(|(_, line)| is_case(line, lines));
        cases.filter_map(|(begin, _)| Some(OptionLoop { begin, end: end_of_case(lines, begin)? })).find(|one| {
            let is_option = |arm: LoopArm<'_>| arm.patterns.iter().any(|pattern| pattern.starts_with('-'));
            one.is_loop(lines) && one.arms(lines).into_iter().any(is_option)
        })
    }

    /// Whether it stands in a loop, or tests the first word alone.
    fn is_loop(&self, lines: &[&str]) -> bool {
        let before = lines[self.begin.saturating_sub(12)..=self.begin].join("\n");
        ["while", "until", "for "].iter().any(|word| before.contains(word))
    }

    /// The last line that sees the words of the script behind the loop: that of its function, or of the file.
    fn scope_end(&self, lines: &[&str]) -> usize {
        let is_inside = lines[..self.begin].iter().rev().find_map(|line| {
            if line.starts_with('}') {
                return Some(false);
            }
            (line.contains("() {") && !line.starts_with(' ') || line.starts_with("function ")).then_some(true)
        });
        let rest = &lines[self.end..];
        let close = rest.iter().position(|line| line.starts_with('}')).filter(|_| is_inside == Some(true));
        close.map_or(lines.len(), |close| self.end + close)
    }

    fn arms<'t>(&self, lines: &[&'t str]) -> Vec<LoopArm<'t>> {
        let mut arms: Vec<LoopArm<'t>> = Vec::new();
        let word = subject(lines[self.begin]).map_or("1", |(name, _)| name);
        let (mut depth, mut is_open) = (0usize, false);
        for line in &lines[self.begin + 1..self.end.saturating_sub(1).max(self.begin + 1)] {
            let code = line.trim();
            if code.starts_with("case ") {
                depth += 1;
            }
            let starts_arm = depth == 0 && !is_open && !code.starts_with('#');
            if let Some((patterns, body)) = code.split_once(')').filter(|_| starts_arm) {
                let patterns = patterns.trim_start_matches('(').split('|');
                let patterns = patterns.map(|one| one.trim().trim_matches(['"', '\''])).collect();
                arms.push(LoopArm { word, patterns, body: vec![body.trim()] });
                is_open = true;
            } else if let Some(arm) = arms.last_mut().filter(|_| is_open) {
                arm.body.push(code);
            }
            if depth == 0 && (code.ends_with(";;") || code.ends_with(";&") || code.contains(";; #")) {
                is_open = false;
            }
            if code.starts_with("esac") {
                depth = depth.saturating_sub(1);
            }
        }
        arms
    }
}

/// Whether a line is a `case` over a word of the script: `$1`, or the variable of a loop over all of them.
fn is_case(line: &str, lines: &[&str]) -> bool {
    let Some((name, _)) = subject(line) else { return false };
    let is_of_loop = || {
        let heads = [
            format!("for {name} in \"$@\""),
            format!("for {name} in $@"),
            format!("for {name};"),
            format!("for {name} do"),
        ];
        let copies = [format!("{name}=\"$1\""), format!("{name}=$1")];
        let has = |text: &String| lines.iter().any(|line| line.contains(text.as_str()));
        heads.iter().any(has) || copies.iter().any(has)
    };
    name == "1" || is_of_loop()
}

/// The variable that a line `case "$x" in` asks, and what stands behind its name: `:-default`.
fn subject(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim().strip_prefix("case ")?.trim_end().strip_suffix(" in")?;
    let word = rest.split_whitespace().next()?.trim_matches('"').strip_prefix('$')?.trim_matches(['{', '}']);
    let end = word.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(word.len());
    (end > 0).then(|| word.split_at(end))
}

/// Values of a word that a script tells apart, at most.
const MAX_CHOICES: usize = 60;

/// Adds the values that plain words may have: the arms of a `case` that stops at any other.
pub(super) fn add_choices(text: &str, declared: &mut Declared) {
    if !text.contains("case ") || !declared.rules.is_empty() {
        return;
    }
    let own = own_code(text);
    let lines: Vec<&str> = own.lines().collect();
    let words = declared.inputs.iter_mut().filter(|input| {
        input.rule.as_ref().is_some_and(ArgRule::is_position) && input.schema.get("type") == Some(&json!("string"))
    });
    for (at, input) in words.enumerate() {
        let number = (at + 1).to_string();
        let is_it = |line: &&str| -> bool {
            // Anything else behind the name changes the word.
            let (name, rest) = subject(line).unwrap_or_default();
            let is_whole = rest.is_empty() || rest.starts_with([':', '-']);
            is_whole && (name == number || name.eq_ignore_ascii_case(&input.name))
        };
        let Some(begin) = lines.iter().position(is_it) else { continue };
        // Behind `shift`, `$1` is another word.
        let is_number = subject(lines[begin]).is_some_and(|(name, _)| name == number);
        if is_number && lines[..begin].iter().any(|line| line.contains("shift")) {
            continue;
        }
        let Some(choices) = choices(&lines, begin) else { continue };
        let default = subject(lines[begin]).and_then(|(_, rest)| rest.strip_prefix(":-").or(rest.strip_prefix('-')));
        let default = default.filter(|text| choices.contains(text)).map(str::to_owned);
        if let Some(default) = default.filter(|_| !input.schema.contains_key("default")) {
            input.put("default", default);
            input.required = false;
        }
        let is_fitting = input.schema.get("default").is_none_or(|default| choices.iter().any(|one| default == one));
        if is_fitting {
            let choices: Vec<String> = choices.into_iter().map(str::to_owned).collect();
            input.put("enum", choices);
        }
    }
}

/// The literal patterns of a `case` whose arm for everything else only stops the script; `None` for any other `case`.
fn choices<'t>(lines: &[&'t str], begin: usize) -> Option<Vec<&'t str>> {
    let case = OptionLoop { begin, end: end_of_case(lines, begin)? };
    let arms = if case.is_loop(lines) { Vec::new() } else { case.arms(lines) };
    let other = arms.iter().find(|arm| arm.takes_others()).filter(|arm| arm.refuses() && !arm.uses_word())?;
    let rest = other.body.join("\n");
    let mut found: Vec<&str> = Vec::new();
    for pattern in arms.iter().filter(|arm| !arm.takes_others()).flat_map(|arm| &arm.patterns) {
        let is_blanked = !pattern.is_empty() && pattern.trim().is_empty();
        if is_blanked || pattern.contains(['*', '?', '[', '$', '(', '+', '@', '!']) {
            return None;
        }
        if !pattern.is_empty() && !matches!(*pattern, "-h" | "--help") && !found.contains(pattern) {
            found.push(*pattern);
        }
    }
    let stops = ["exit", "usage", "die", "fail", "return 1", "return 2"].iter().any(|word| rest.contains(word));
    let plain = found.iter().filter(|one| !one.starts_with('-')).count();
    (stops && plain > 1 && found.len() <= MAX_CHOICES).then_some(found)
}

/// The line behind the `esac` of a `case`.
fn end_of_case(lines: &[&str], begin: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, line) in lines.iter().enumerate().skip(begin) {
        let code = line.trim();
        if code.starts_with("case ") && !code.contains("esac") {
            depth += 1;
        } else if code.starts_with("esac") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

/// One arm of a `case`.
struct LoopArm<'t> {
    /// The variable that holds the word.
    word: &'t str,
    patterns: Vec<&'t str>,
    /// Its lines without the pattern.
    body: Vec<&'t str>,
}

impl LoopArm<'_> {
    /// The option that it reads.
    fn input(&self, text: &str, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
        let is_joined = self.patterns.iter().all(|pattern| pattern.ends_with("=*"));
        let names: Vec<String> = self
            .patterns
            .iter()
            .map(|pattern| pattern.trim_end_matches("=*").trim_end_matches("=?*").to_owned())
            .collect();
        let is_flag = |name: &String| {
            let rest = name.trim_start_matches('-');
            name.starts_with('-') && !rest.is_empty() && rest.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
        };
        let mut names: Vec<String> = names.into_iter().filter(is_flag).collect();
        // `--p` beside `--print` is short for it.
        names.sort_by_key(
            |name| if name.starts_with("--") { std::cmp::Reverse(name.len()) } else { std::cmp::Reverse(0) },
        );
        let is_help = names.iter().any(|name| matches!(name.as_str(), "--help" | "-h" | "--version"));
        let is_known = |name: &String| {
            taken
                .iter()
                .any(|input| input.rule.as_ref().and_then(ArgRule::option_forms).is_some_and(|forms| forms.has(name)))
        };
        if names.is_empty() || is_help || names.iter().any(is_known) {
            return None;
        }
        let (name, rule) = rule_of(&names, taken)?;
        let mut input = DeclaredInput::text(&name, rule);
        let body = self.body.join("\n");
        // Behind `shift` the next word is `$1`.
        let reads_next = |(_, rest): (&str, &str)| rest.contains("$1") || rest.contains("${1");
        let takes_value = is_joined
            || ["$2", "${2", "shift 2", "$OPTARG"].iter().any(|mark| body.contains(mark))
            || body.split_once("shift").is_some_and(reads_next);
        let appends = takes_value && (body.contains("+=(") || body.contains("+=\""));
        match (takes_value, appends) {
            (false, _) => input.takes(Takes::Nothing),
            (true, true) => input.takes(Takes::Repeated),
            (true, false) => {
                if let Some(default) = self.variable().and_then(|name| assigned(text, name)) {
                    input.put("default", json!(default));
                }
            }
        }
        Some(input)
    }

    /// The variable that the value is kept in.
    fn variable(&self) -> Option<&str> {
        let parts = self.body.iter().flat_map(|line| line.split(';')).map(str::trim);
        let mut kept = parts.filter_map(|part| part.split_once('='));
        kept.find(|(name, value)| is_name(name) && value.contains('$')).map(|(name, _)| name)
    }

    /// Whether it is the arm for everything that is no option.
    fn takes_others(&self) -> bool {
        self.patterns.contains(&"*")
    }

    /// Whether it ends the script.
    fn refuses(&self) -> bool {
        let body = self.body.join("\n");
        let ends = ["exit", "usage", "die", "fail", "return 1", "return 2", "err ", "error"];
        let ends = ends.iter().any(|word| body.contains(word));
        ends && self.words(&[]).is_empty() && !self.collects() && !self.uses_word()
    }

    /// Whether it does something with the word but to test it or to complain about it.
    fn uses_word(&self) -> bool {
        let word = self.word;
        let whole = [format!("\"${word}\""), format!("${word}"), format!("\"${{{word}}}\""), format!("${{{word}}}")];
        let parts = self.body.iter().flat_map(|line| line.split(';')).flat_map(|part| part.split("&&"));
        parts.flat_map(|part| part.split("||")).any(|part| {
            let part = without_heads(part.trim());
            let first = part.split_whitespace().find(|word| !word.contains('>')).unwrap_or_default();
            let is_test = ["[", "[[", "test", "case", "!", "((", "shift"].contains(&first);
            let is_message = ["echo", "printf", "print", "cat"].contains(&first)
                || COMPLAINING.iter().any(|word| first.to_ascii_lowercase().contains(word));
            let given = |token: &str| whole.iter().any(|one| token.trim_end_matches(')') == one);
            !is_test && !is_message && part.split_whitespace().skip(1).any(given)
        })
    }

    /// Whether it keeps the word in a list.
    fn collects(&self) -> bool {
        let body = self.body.join("\n");
        body.contains("+=(") || body.contains("$@") || body.contains("$*")
    }

    /// The variables that it keeps the words in, in their order.
    fn words(&self, lines: &[&str]) -> Vec<(String, Option<String>)> {
        let parts = self.body.iter().flat_map(|line| line.split(';')).map(str::trim);
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for part in parts {
            let part = without_heads(part);
            let part = without_heads(part.rsplit("&& ").next().unwrap_or(part));
            let Some((name, value)) = part.split_once('=') else { continue };
            let value = value.trim().trim_matches(['"', ';']);
            let value = value.strip_prefix('$').unwrap_or_default().trim_matches(['{', '}']);
            let is_word = [self.word, "1", "arg"].contains(&value);
            if is_name(name) && is_word && found.iter().all(|(known, _)| known != name) {
                found.push((name.to_owned(), assigned(&lines.join("\n"), name).map(str::to_owned)));
            }
        }
        found
    }
}

/// Parts of names of commands that say what is wrong with a word, in lower case.
const COMPLAINING: &[&str] =
    &["err", "die", "fail", "usage", "help", "abort", "fatal", "warn", "log", "unknown", "invalid", "bad", "unrecogn"];

/// A statement without the words that may stand in front of it.
fn without_heads(part: &str) -> &str {
    let heads = ["then ", "else ", "elif ", "if ", "do ", "local ", "declare ", "export ", "readonly "];
    let mut part = part;
    while let Some(rest) = heads.iter().find_map(|head| part.strip_prefix(head)) {
        part = rest.trim_start();
    }
    part
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The literal that a variable has at the beginning of a line.
fn assigned<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = text.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("local ").or_else(|| line.strip_prefix("declare ")).unwrap_or(line);
        line.strip_prefix(name)?.strip_prefix('=')
    })?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty() && !value.contains(['$', '`', ' ', '(', '"', '\''])).then_some(value)
}

/// Options that a script tests a word for outside of a loop.
fn tested(text: &str, lines: &[&str]) -> Option<Declared> {
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(flag) = tested_flag(line) else { continue };
        if let Some(value) = tested_value(line, flag) {
            add_value(&mut inputs, flag, value);
            continue;
        }
        let Some((name, rule)) = rule_of(&[flag.to_owned()], &inputs) else { continue };
        if inputs.iter().any(|known| known.rule.as_ref().map(|rule| &rule.place) == Some(&rule.place)) {
            continue;
        }
        let mut input = DeclaredInput::text(&name, rule);
        let body = lines[at..lines.len().min(at + 4)].join("\n");
        let body = body.split("\nfi").next().unwrap_or_default();
        if !(body.contains("$2") || body.contains("shift 2")) {
            input.takes(Takes::Nothing);
        }
        inputs.push(input);
    }
    if inputs.is_empty() {
        return None;
    }
    let options = inputs.len();
    let last = lines.iter().rposition(|line| tested_flag(line).is_some()).unwrap_or(0);
    // What is only compared with an option is no word.
    let code: Vec<String> = text.lines().map(without_test).collect();
    inputs.extend(shell::words(&code.join("\n"), &inputs));
    // A word that may be an option is needed by nobody, unless words are counted behind the options.
    let least = shell::demanded_behind(text, last);
    for (at, input) in inputs.iter_mut().enumerate() {
        input.required &= at >= options && at < options + least;
    }
    // Tests for options name all words as well.
    let plain: Vec<&str> = lines.iter().copied().filter(|line| tested_flag(line).is_none()).collect();
    if shell::takes_rest(&plain.join("\n")) {
        let mut rest = rest_words(&inputs);
        rest.required = least > inputs.len() - options;
        inputs.push(rest);
    }
    Some(Declared { inputs, ..Declared::default() })
}

/// A line without the first word of the script in a test of it for an option.
fn without_test(line: &str) -> String {
    let end = line.find(" ]").filter(|_| tested_flag(line).is_some()).unwrap_or(0);
    let (test, rest) = line.split_at(end);
    format!("{}{rest}", test.replace("$1", "x").replace("${1", "${x"))
}

/// The value in `[ "$1" = "--mode=fast" ]`.
fn tested_value<'t>(line: &'t str, flag: &str) -> Option<&'t str> {
    let rest = line.split_once(flag)?.1.strip_prefix('=')?;
    let end = rest.find(|c: char| c.is_whitespace() || "\"'])*?;".contains(c)).unwrap_or(rest.len());
    (end > 0 && !rest[end..].starts_with('*') && !rest[..end].contains('$')).then(|| &rest[..end])
}

/// Adds a value to an option that is joined to it, and that knows only some.
fn add_value(inputs: &mut Vec<DeclaredInput>, flag: &str, value: &str) {
    let name = input_name(flag, "option", &[]);
    let rule = ArgRule { is_joined: true, ..ArgRule::option(flag, &name) };
    if let Some(known) = inputs.iter_mut().find(|known| known.rule.as_ref() == Some(&rule)) {
        if let Some(values) = known.schema.get_mut("enum").and_then(|values| values.as_array_mut())
            && !values.iter().any(|one| one == value)
        {
            values.push(json!(value));
        }
        return;
    }
    let mut input = DeclaredInput::text(&name, rule);
    input.put("enum", json!([value]));
    inputs.push(input);
}

/// The option in `[[ $1 == "--all" ]]`, `[ "${1:-}" = --all ]`, and `[[ " $* " == *" --all "* ]]`.
fn tested_flag(line: &str) -> Option<&str> {
    let code = line.trim();
    let test = code.find("[ ").or_else(|| code.find("[[ "))?;
    let rest = &code[test..];
    let is_of_word = ["$1", "${1", "$*", "$@", "${*", "${@"].iter().any(|mark| rest.contains(mark));
    let begin = rest.find("--").filter(|_| is_of_word && rest.contains('='))?;
    let flag = &rest[begin..];
    let end = flag.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(flag.len());
    let flag = &flag[..end];
    (flag.len() > 2 && !matches!(flag, "--help" | "--version")).then_some(flag)
}

#[cfg(test)]
mod tests {
    use super::super::ScriptText;
    use super::super::testing::shown;
    use super::*;
    use crate::domain::source::Language;

    #[test]
    fn options_of_a_loop_and_the_words_behind_it_are_inputs() {
        let text = "#!/bin/bash\nwidth=80\nwhile [[ $# -gt 0 ]]; do\n  case \"$1\" in\n    --width|-w)\n      width=\"$2\"\n      shift 2\n      ;;\n    --all) all=1; shift ;;\n    --to=*) to=\"${1#*=}\"; shift ;;\n    -h|--help) usage; exit 0 ;;\n    *)\n      if [[ -z $image ]]; then\n        image=\"$1\"\n      else\n        output=\"$1\"\n      fi\n      shift\n      ;;\n  esac\ndone\n";
        let expected = [
            r#"--width,-w {"type":"string","default":"80"}"#,
            r#"--all {"type":"boolean"}"#,
            r#"--to {"type":"string"}"#,
            r#"image {"type":"string"}"#,
            r#"output {"type":"string"}"#,
        ];
        assert_eq!(shown("x.sh", text), expected);
    }

    #[test]
    fn a_loop_that_refuses_words_has_none_and_one_that_ends_leaves_them() {
        let text = "while test $# -gt 0; do\n  case $1 in\n    --tag)\n      tag=$2\n      shift\n      ;;\n    *)\n      echo bad; exit 1\n      ;;\n  esac\n  shift\ndone\n";
        assert_eq!(shown("x.sh", text), [r#"--tag {"type":"string"}"#]);
        let text = "while :; do\n  case \"${1:-}\" in\n    -f) force=1 ;;\n    *) break ;;\n  esac\n  shift\ndone\nfile=\"$1\"\nmode=${2:-fast}\n";
        let expected =
            [r#"-f {"type":"boolean"}"#, r#"file {"type":"string"}"#, r#"mode {"type":"string","default":"fast"}"#];
        assert_eq!(shown("x.sh", text), expected);
    }

    #[test]
    fn an_arm_that_moves_on_and_reads_the_next_word_takes_a_value() {
        let text = "while [ $# -gt 0 ]; do\n  case \"$1\" in\n    -n|--num-files) shift; N=\"$1\"; shift;;\n    -l) L=\"$1\"; shift ;;\n    *) usage; exit 1 ;;\n  esac\ndone\n";
        assert_eq!(shown("x.sh", text), [r#"--num-files,-n {"type":"string"}"#, r#"-l {"type":"boolean"}"#]);
    }

    #[test]
    fn an_optional_value_of_getopt_is_joined() {
        let text = "OPTS=$(getopt -o e:f --long env:,force,tag:: -- \"$@\")\neval set -- \"$OPTS\"\nwhile true; do\n  case \"$1\" in\n    -e|--env) E=\"$2\"; shift 2 ;;\n    --tag) T=\"$2\"; shift 2 ;;\n    --) shift; break ;;\n  esac\ndone\n";
        let expected = [r#"--env,-e {"type":"string"}"#, r#"--tag= {"type":["boolean","string","number"]}"#];
        assert_eq!(shown("x.sh", text), expected);
    }

    #[test]
    fn an_arm_that_does_something_with_a_word_takes_it() {
        let text = "main() {\n  while [ \"$1\" != \"\" ]; do\n    case $1 in\n      -f|--force) force=1 ;;\n      * )\n        if [ \"${remote}\" = \"\" ]; then\n          local remote=\"$1\"\n        else\n          echo \"Error: too many\"\n          exit 1\n        fi\n        ;;\n    esac\n    shift\n  done\n}\nmain \"$@\"\n";
        assert_eq!(shown("x.sh", text), [r#"--force,-f {"type":"boolean"}"#, r#"remote {"type":"string"}"#]);
        for other in [
            "if [ -r \"$1\" ]; then\n  show \"$1\" 1\nelse exit 2; fi",
            "[[ $1 == -* ]] && usage && exit 1\nkept=( $(keep name \"$1\") )",
        ] {
            let text = format!(
                "while [ $# -gt 0 ]; do\n  case $1 in\n    -p|--p|--print) P=1 ;;\n    *)\n{other}\n;;\n  esac\n  shift\ndone\n"
            );
            let found = shown("x.sh", &text);
            assert!(found[0].starts_with("--print,--p,-p") && found[1].starts_with("args"), "{found:?}");
        }
        let text = "while [ $# -gt 0 ]; do\n  case $1 in\n    -p) P=1 ;;\n    *) error \"$1\"; exit 1 ;;\n  esac\n  shift\ndone\n";
        assert_eq!(shown("x.sh", text), [r#"-p {"type":"boolean"}"#]);
    }

    #[test]
    fn the_words_behind_an_option_are_a_list_where_the_script_keeps_one() {
        let text = "if [ \"${1:-}\" = \"--force\" ]; then\n  force=1\n  shift\nfi\nif [ $# -lt 2 ]; then usage; fi\nmsg=$1\nshift\nfiles=(\"$@\")\n";
        let found = shown("x.sh", text);
        assert_eq!(found[..2], [r#"--force {"type":"boolean"}"#, r#"msg! {"type":"string"}"#]);
        assert!(found[2].starts_with("args...!") || found[2].starts_with("args!"), "{found:?}");
    }

    #[test]
    fn the_arms_of_a_case_that_stops_at_others_are_choices() {
        let shown = |text: &str| {
            let script = ScriptText::new("x.sh", text, Some(Language::Bash));
            let line = |input: &DeclaredInput| {
                let sign = if input.required { "!" } else { "" };
                format!("{}{sign} {}", input.name, json!(input.schema))
            };
            super::super::declared(&script, true).inputs.iter().map(line).collect::<Vec<_>>()
        };
        let text = "# Toggles\ncase \"${1:-toggle}\" in\n  toggle) a ;;\n  awake|on)\n    b\n    ;;\n  *)\n    echo \"Usage: x\" >&2\n    exit 1\n    ;;\nesac\n";
        assert_eq!(shown(text), [r#"word1 {"type":"string","default":"toggle","enum":["toggle","awake","on"]}"#]);
        let text = "action=${1:?}\ncase $action in\n  a) x ;;\n  b*) y ;;\n  *) exit 1 ;;\nesac\n";
        assert_eq!(shown(text), [r#"action! {"type":"string"}"#]);
        for before in ["shift\n", "while x; do\n"] {
            let text = format!("{before}case $1 in\n  a) x ;;\n  b) y ;;\n  *) exit 1 ;;\nesac\n");
            assert_eq!(shown(&text), [r#"word1 {"type":"string"}"#]);
        }
        let text = "case $1 in\n  a) x ;;\n  b) y ;;\n  *) run \"$1\" ;;\nesac\n";
        assert_eq!(shown(text), [r#"word1 {"type":"string"}"#]);
    }

    #[test]
    fn options_that_are_tested_for_are_options() {
        let text = "if [[ ${1:-} == \"--no-osd\" ]]; then\n  quiet=1\n  shift\nfi\nstep=$1\n";
        assert_eq!(shown("x.sh", text), [r#"--no-osd {"type":"boolean"}"#, r#"step {"type":"string"}"#]);
        let text = "if [[ \"${1:-}\" == \"--rebase\" ]]; then\n  git rebase\nfi\n";
        assert_eq!(shown("x.sh", text), [r#"--rebase {"type":"boolean"}"#]);
        let text = "[ \"$1\" = \"--bg=dark\" ] && { dark=1; shift; }\nif [ \"$1\" = \"--mode=a\" ]; then\n  a=1\nelif [ \"$1\" = \"--mode=b\" ]; then\n  b=1\nfi\n";
        let expected = [r#"--bg= {"type":"string","enum":["dark"]}"#, r#"--mode= {"type":"string","enum":["a","b"]}"#];
        assert_eq!(shown("x.sh", text), expected);
    }
}
