//! Usage texts that docopt reads: `Usage: name add <file>... [--all] [--size=N]`, with a line for each option below.
//!
//! A pattern that begins with its commands is read as a separate form. If commands follow words, or the same command
//! accepts its words in several ways, the words are passed unchanged.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{Constants, Takes, finished, one_line, rule_of};
use super::scanner::{calls, split};
use super::{Declared, DeclaredInput, input_name, literal, python, rest_words};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Value, json};
use std::collections::HashSet;

const PYTHON: Language = Language::Python;

/// Patterns and alternatives are followed so far.
const MAX_PATHS: usize = 64;

/// Groups inside of groups are read so deep.
const MAX_DEPTH: usize = 16;

/// Reads a Python script that calls `docopt`.
pub(super) fn read(text: &str) -> Option<Declared> {
    let (_, inner) = calls(text, "docopt", PYTHON).next()?;
    let written = split(inner, b',', PYTHON).into_iter().find(|part| !part.contains('=') || part.starts_with("doc"))?;
    let written = written.strip_prefix("doc").and_then(|rest| rest.trim().strip_prefix('=')).map_or(written, str::trim);
    let doc = match written {
        "__doc__" => python::docstring(text),
        _ => literal::text(written, PYTHON)
            .or_else(|| Constants::of(text).value(Some(written))?.as_str().map(str::to_owned)),
    };
    Some(usage(&doc?))
}

/// The declarations of a text with a section `Usage:`.
pub(super) fn usage(doc: &str) -> Declared {
    let described = described_options(doc);
    let mut form = UsageForm { described: &described, tree: CommandTree::default(), read: Vec::new(), unclear: false };
    let lines = usage_lines(doc);
    for line in &lines {
        form.pattern(line);
    }
    form.declared(summary(doc), &lines)
}

/// The first words of a text that are no usage, no heading and no option.
fn summary(doc: &str) -> Option<String> {
    let lines: Vec<&str> = doc.trim().lines().map(str::trim).collect();
    let is_words = |paragraph: &&[&str]| {
        paragraph.first().is_some_and(|first| {
            let lower = first.to_ascii_lowercase();
            !first.is_empty() && !lower.starts_with("usage:") && !first.starts_with('-') && !first.ends_with(':')
        })
    };
    let found = lines.split(|line| line.is_empty()).find(is_words)?;
    Some(one_line(&found.join(" ")))
}

/// The patterns of the section `Usage:`, each without the name of the program.
fn usage_lines(doc: &str) -> Vec<String> {
    let lower = doc.to_ascii_lowercase();
    let Some(at) = lower.find("usage:") else { return Vec::new() };
    let section = &doc[at + "usage:".len()..];
    let section = section.trim_start_matches([' ', '\t']);
    let section = section.strip_prefix('\n').unwrap_or(section);
    let mut lines = section.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).peekable();
    let Some(program) = lines.peek().and_then(|line| line.split_whitespace().next()) else { return Vec::new() };
    let mut patterns: Vec<String> = Vec::new();
    for line in lines {
        let rest = line.strip_prefix(program).filter(|rest| rest.is_empty() || rest.starts_with(' '));
        match (rest, patterns.last_mut()) {
            (None, Some(last)) => {
                last.push(' ');
                last.push_str(line);
            }
            (rest, _) => patterns.push(rest.unwrap_or(line).to_owned()),
        }
    }
    patterns
}

/// An option that a line describes.
struct DescribedOption {
    names: Vec<String>,
    takes_value: bool,
    words: String,
    default: Option<String>,
}

impl DescribedOption {
    fn is_answered(&self) -> bool {
        self.names.iter().any(|name| is_answered(name))
    }
}

/// Whether docopt answers an option itself.
fn is_answered(name: &str) -> bool {
    matches!(name, "--help" | "-h" | "--version")
}

/// The lines that begin with a dash: `-n N, --size=N  Words [default: 3]`.
fn described_options(doc: &str) -> Vec<DescribedOption> {
    let mut found: Vec<DescribedOption> = Vec::new();
    let mut is_open = false;
    for line in doc.lines() {
        let trimmed = line.trim();
        let is_option = trimmed.starts_with('-') && trimmed.len() > 1 && !trimmed.starts_with("- ");
        if is_option {
            let (spec, words) = trimmed.split_once("  ").unwrap_or((trimmed, ""));
            let parts: Vec<&str> = spec.split([' ', ',', '=']).filter(|part| !part.is_empty()).collect();
            let names = parts.iter().filter(|part| part.starts_with('-')).map(|part| (*part).to_owned()).collect();
            let takes_value = parts.iter().any(|part| !part.starts_with('-'));
            found.push(DescribedOption { names, takes_value, words: words.trim().to_owned(), default: None });
        } else if let Some(last) = found.last_mut().filter(|_| is_open && !trimmed.is_empty()) {
            last.words = format!("{} {trimmed}", last.words);
        }
        is_open = !trimmed.is_empty() && (is_option || is_open);
    }
    for option in &mut found {
        let lower = option.words.to_ascii_lowercase();
        let Some(at) = lower.find("[default:") else { continue };
        let rest = &option.words[at + "[default:".len()..];
        option.default = rest.split_once(']').map(|(value, _)| value.trim().to_owned());
        let before = option.words[..at].trim().to_owned();
        option.words = before;
    }
    found
}

/// A piece of a pattern.
#[derive(Debug, Clone)]
enum Piece {
    Word { text: String, is_many: bool },
    Group { ways: Vec<Vec<Piece>>, is_optional: bool, is_many: bool },
}

/// The tokens of a pattern.
fn tokens(pattern: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut word, mut is_named) = (String::new(), false);
    let spaced = pattern.replace("...", " … ");
    for sign in spaced.chars() {
        is_named = (is_named || sign == '<') && sign != '>';
        let is_sign = matches!(sign, '[' | ']' | '(' | ')' | '|' | '…');
        if !is_named && (sign.is_whitespace() || is_sign) {
            found.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            found.extend(is_sign.then(|| sign.to_string()));
        } else {
            word.push(sign);
        }
    }
    found.extend((!word.is_empty()).then_some(word));
    found
}

/// The ways up to the sign that ends a group.
fn ways(tokens: &mut std::vec::IntoIter<String>, depth: usize) -> Vec<Vec<Piece>> {
    let mut found: Vec<Vec<Piece>> = vec![Vec::new()];
    while let Some(token) = tokens.next() {
        let Some(last) = found.last_mut() else { break };
        match token.as_str() {
            "]" | ")" => break,
            "|" => found.push(Vec::new()),
            "…" => match last.last_mut() {
                Some(Piece::Word { is_many, .. } | Piece::Group { is_many, .. }) => *is_many = true,
                None => {}
            },
            "[" | "(" if depth < MAX_DEPTH => {
                let ways = ways(tokens, depth + 1);
                last.push(Piece::Group { ways, is_optional: token == "[", is_many: false });
            }
            _ => last.push(Piece::Word { text: token, is_many: false }),
        }
    }
    found
}

/// A plain word of a pattern.
#[derive(Debug, Clone, PartialEq)]
struct UsageWord {
    name: String,
    is_required: bool,
    is_many: bool,
}

/// An option of a pattern, as written.
#[derive(Debug, Clone, PartialEq)]
struct UsageOption {
    name: String,
    value: Option<String>,
    is_many: bool,
}

/// One way through a pattern.
#[derive(Debug, Clone, Default)]
struct UsagePath {
    commands: Vec<String>,
    words: Vec<UsageWord>,
    options: Vec<UsageOption>,
    takes_described: bool,
    is_unclear: bool,
}

struct UsageForm<'d> {
    described: &'d [DescribedOption],
    tree: CommandTree,
    /// The words of each command as first read.
    read: Vec<(NodeId, Vec<UsageWord>)>,
    /// Whether the words are passed as they are.
    unclear: bool,
}

impl UsageForm<'_> {
    fn pattern(&mut self, line: &str) {
        let ways = ways(&mut tokens(line).into_iter(), 0);
        for way in ways {
            let mut paths = vec![UsagePath::default()];
            self.walk(&way, false, false, &mut paths);
            for path in paths {
                self.take(path);
            }
        }
    }

    /// Traverses the pieces of a usage; alternative commands are separate usages.
    fn walk(&self, way: &[Piece], is_optional: bool, is_many: bool, paths: &mut Vec<UsagePath>) {
        let mut at = 0;
        while let Some(piece) = way.get(at) {
            at += 1;
            match piece {
                Piece::Word { text, is_many: own } => {
                    let value = way.get(at).filter(|_| text.starts_with('-') && self.waits_for_value(text));
                    at += usize::from(value.is_some());
                    let value = value.and_then(|piece| match piece {
                        Piece::Word { text, .. } => Some(text.as_str()),
                        Piece::Group { .. } => None,
                    });
                    for path in paths.iter_mut() {
                        Self::word(path, text, value, is_optional, is_many || *own);
                    }
                }
                Piece::Group { ways, is_optional: own, is_many: more } => {
                    let (is_optional, is_many) = (is_optional || *own, is_many || *more);
                    let is_command =
                        |way: &Vec<Piece>| matches!(way.as_slice(), [Piece::Word { text, .. }] if is_command(text));
                    if ways.len() > 1
                        && ways.iter().all(is_command)
                        && !is_optional
                        && !is_many
                        && paths.len() < MAX_PATHS
                    {
                        let before = std::mem::take(paths);
                        for way in ways {
                            let mut branch = before.clone();
                            self.walk(way, is_optional, is_many, &mut branch);
                            paths.extend(branch);
                        }
                        continue;
                    }
                    let several = words_in(ways) > 1;
                    for way in ways {
                        self.walk(way, is_optional || ways.len() > 1, is_many, paths);
                    }
                    // Alternating or alternative words have no fixed positions.
                    let has_turns = several && (*more || ways.len() > 1);
                    for path in paths.iter_mut() {
                        path.is_unclear |= has_turns;
                    }
                }
            }
        }
    }

    /// Whether the word after an option in a pattern is its value: `-n NUMBER`.
    fn waits_for_value(&self, text: &str) -> bool {
        let name = if text.starts_with("--") { text.to_owned() } else { last_short(text) };
        !text.contains('=') && self.described(&name).is_some_and(|known| known.takes_value)
    }

    fn described(&self, name: &str) -> Option<&DescribedOption> {
        self.described.iter().find(|known| known.names.iter().any(|one| one == name))
    }

    fn word(path: &mut UsagePath, text: &str, value: Option<&str>, is_optional: bool, is_many: bool) {
        if text == "options" {
            path.takes_described = true;
        } else if matches!(text, "-" | "--") {
            // `[--]` is understood anyway.
        } else if text.starts_with("--") {
            let (name, joined) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let value = joined.or(value).map(str::to_owned);
            path.options.push(UsageOption { name: name.to_owned(), value, is_many });
        } else if let Some(letters) = text.strip_prefix('-') {
            let (letters, joined) = letters.split_once('=').map_or((letters, None), |(all, value)| (all, Some(value)));
            let last = letters.chars().count().saturating_sub(1);
            for (at, letter) in letters.chars().enumerate() {
                let value = joined.or(value).filter(|_| at == last).map(str::to_owned);
                path.options.push(UsageOption { name: format!("-{letter}"), value, is_many });
            }
        } else if is_command(text) {
            path.is_unclear |= is_optional || is_many || !path.words.is_empty() || !is_plain(text);
            path.commands.push(text.to_owned());
        } else {
            let name = text.trim_matches(['<', '>']).to_owned();
            path.is_unclear |= path.words.iter().any(|known| known.is_many);
            match path.words.iter_mut().find(|known| known.name == name) {
                Some(known) => known.is_many = true,
                None => path.words.push(UsageWord { name, is_required: !is_optional, is_many }),
            }
        }
    }

    fn take(&mut self, path: UsagePath) {
        let is_answer = path.commands.is_empty()
            && path.words.is_empty()
            && !path.options.is_empty()
            && path.options.iter().all(|one| is_answered(&one.name));
        if is_answer {
            return;
        }
        let mut node = ROOT;
        for command in path.commands.iter().filter(|_| !path.is_unclear) {
            node = self.tree.add_command(node, command, "");
        }
        for option in &path.options {
            self.option(node, option);
        }
        if path.takes_described {
            for known in self.described {
                self.described_option(node, known);
            }
        }
        let is_other = self.read.iter().any(|(known, words)| *known == node && *words != path.words);
        self.unclear |= path.is_unclear || is_other;
        if self.read.iter().any(|(known, _)| *known == node) {
            return;
        }
        for word in &path.words {
            let name = input_name(&word.name, "word", self.tree.inputs(node));
            let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
            input.required = word.is_required;
            if word.is_many {
                input.takes(Takes::Together);
            }
            self.tree.push(node, input);
        }
        self.read.push((node, path.words));
    }

    fn option(&mut self, node: NodeId, option: &UsageOption) {
        if is_answered(&option.name) {
            return;
        }
        let known = self.described.iter().find(|known| known.names.contains(&option.name));
        let plain = DescribedOption {
            names: vec![option.name.clone()],
            takes_value: false,
            words: String::new(),
            default: None,
        };
        let known = known.unwrap_or(&plain);
        self.add(node, known, known.takes_value || option.value.is_some(), option.is_many);
    }

    fn described_option(&mut self, node: NodeId, known: &DescribedOption) {
        if !known.is_answered() {
            self.add(node, known, known.takes_value, false);
        }
    }

    fn add(&mut self, node: NodeId, known: &DescribedOption, takes_value: bool, is_many: bool) {
        let Some((name, rule)) = rule_of(&known.names, self.tree.inputs(node)) else { return };
        let is_known = self.tree.inputs(node).iter().filter_map(|input| input.rule.as_ref()?.option_forms());
        if is_known.into_iter().any(|forms| known.names.iter().any(|name| forms.has(name))) {
            return;
        }
        let mut input = DeclaredInput::text(&name, rule);
        match (takes_value, is_many) {
            (false, false) => input.takes(Takes::Nothing),
            (false, true) => input.takes(Takes::Times),
            (true, true) => input.takes(Takes::Repeated),
            (true, false) => {}
        }
        let default = known.default.as_deref().filter(|_| takes_value && !is_many).map(|text| json!(text));
        self.tree.push(node, finished(input, &known.words, default));
    }

    fn declared(mut self, description: Option<String>, lines: &[String]) -> Declared {
        // Options that only their lines name.
        if !self.tree.has_commands(ROOT) || self.unclear {
            for known in self.described {
                self.described_option(ROOT, known);
            }
        }
        let mut declared = self.tree.declared(description);
        if self.unclear
            || declared.inputs.is_empty() && !lines.is_empty() && !self.read.iter().any(|(id, _)| *id == ROOT)
        {
            let is_option =
                |input: &DeclaredInput| input.rule.as_ref().is_some_and(|rule| rule.option_forms().is_some());
            declared.inputs.retain(is_option);
            let mut places = HashSet::new();
            declared.inputs.retain(|input| places.insert(input.rule.as_ref().map(|rule| rule.place.clone())));
            for input in &mut declared.inputs {
                input.required = false;
                input.rule = input.rule.take().map(|rule| ArgRule { only_if: None, ..rule });
            }
            let mut rest = rest_words(&declared.inputs);
            rest.schema.insert("description".to_owned(), Value::from(format!("One of: {}", lines.join(" · "))));
            declared.inputs.push(rest);
            (declared.rules, declared.needed) = (Vec::new(), Vec::new());
        }
        declared
    }
}

/// How many plain words and commands the ways of a group hold.
fn words_in(ways: &[Vec<Piece>]) -> usize {
    let in_piece = |piece: &Piece| match piece {
        Piece::Word { text, .. } => usize::from(!text.starts_with('-') && text != "options"),
        Piece::Group { ways, .. } => words_in(ways),
    };
    ways.iter().flatten().map(in_piece).sum()
}

/// The last letter of options that are written together.
fn last_short(text: &str) -> String {
    text.chars().last().map_or_else(String::new, |letter| format!("-{letter}"))
}

/// A literal word: neither `<name>` nor `NAME`.
fn is_command(text: &str) -> bool {
    let is_name =
        text.starts_with('<') || text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    !text.starts_with('-') && !is_name && text != "options"
}

fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    fn of(doc: &str) -> Vec<String> {
        shown(
            "x.py",
            &format!(
                "\"\"\"{doc}\"\"\"\nfrom docopt import docopt\nif __name__ == '__main__':\n    print(docopt(__doc__))\n"
            ),
        )
    }

    #[test]
    fn a_usage_text_is_a_form() {
        let doc = "Counts lines.\n\nUsage:\n  count [-vq] [--size=N] [--tag=T]... FILE [OUT]\n  count (-h | --help)\n\nOptions:\n  -q --quiet   Say\n               nothing\n  --size=N     At most [default: 3]\n  -v           Talk\n";
        let expected = [
            "# Counts lines.",
            r#"-v {"type":"boolean","description":"Talk"}"#,
            r#"--quiet,-q {"type":"boolean","description":"Say nothing"}"#,
            r#"--size {"type":"string","description":"At most","default":"3"}"#,
            r#"--tag {"type":"array","items":{"type":"string"}}"#,
            r#"file! {"type":"string"}"#,
            r#"out {"type":"string"}"#,
        ];
        assert_eq!(of(doc), expected);
    }

    #[test]
    fn commands_of_a_usage_text_have_their_words() {
        let doc = "Usage:\n  acc add <name> [--age=<n>]\n  acc (rm|del) <name>...\n  acc --version\n";
        let shown = of(doc);
        assert!(shown[0].contains(r#""enum":["add","rm","del"]"#), "{shown:#?}");
        let rules =
            "= command, --age if command=add, name if command=add, rm_name if command=rm, del_name if command=del";
        assert!(shown.contains(&rules.to_owned()), "{shown:#?}");
    }

    #[test]
    fn a_usage_that_is_not_one_order_of_words_passes_them() {
        let doc = "Ships.\n\nUsage:\n  ship new <name>...\n  ship <name> move <x> <y> [--speed=<kn>]\n\nOptions:\n  --speed=<kn>  Knots [default: 10].\n";
        let shown = of(doc);
        assert_eq!(shown[1], r#"--speed {"type":"string","description":"Knots","default":"10"}"#);
        assert!(shown[2].starts_with(r#"args... {"type":"array""#) && shown[2].contains("new <name>..."), "{shown:#?}");
    }
}
