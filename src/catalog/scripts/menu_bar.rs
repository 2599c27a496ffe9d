//! Headers of plugins for a menu bar: comment lines such as `<xbar.title>Clock</xbar.title>`, with `bitbar` or `swiftbar` in
//! place of `xbar` (<https://github.com/matryer/xbar-plugins>, "Metadata").
//!
//! `xbar.var` declares a variable: `number(VAR_COUNT=3): How many. [1, 2, 3]`. The menu bar sets each of them, at first to its
//! default, so the scripts count on that. A header adds to what the code says of the words of its command line.

use super::{Declared, DeclaredInput, ScriptText, comments, input_name};
use crate::domain::{ArgRule, InputMode};
use crate::outside::steers_programs;
use serde_json::{Value, json};

/// Programs that read such headers.
const OWNERS: &[&str] = &["xbar", "bitbar", "swiftbar"];

/// A header stands in the first lines.
const MAX_LINES: usize = 400;

/// Lines of one text.
const TEXT_LINES: usize = 24;

/// Variables of one plugin.
const MAX_VARIABLES: usize = 64;

/// Adds what a header says.
pub(super) fn add(script: &ScriptText<'_>, declared: &mut Declared) {
    if !OWNERS.iter().any(|owner| script.text.contains(&format!("<{owner}."))) {
        return;
    }
    let (mut title, mut words, mut variables) = (None, None, Vec::new());
    for tag in tags(script.text).into_iter().filter(|tag| !tag.text.is_empty()) {
        match tag.key {
            "title" => title = title.or(Some(tag.text)),
            "desc" | "description" => words = words.or(Some(tag.text)),
            "var" if variables.len() < MAX_VARIABLES => variables.extend(variable(&tag.text)),
            "var" => {}
            "environment" => variables.extend(environment(&tag.text).take(MAX_VARIABLES)),
            "author" => declared.author = declared.author.take().or(Some(tag.text)),
            "version" => declared.version = declared.version.take().or(Some(tag.text)),
            key => {
                declared.extra.entry(format!("{}.{key}", tag.owner)).or_insert(json!(tag.text));
            }
        }
    }
    // A function that a framework names is called by that name.
    if declared.function.is_none() && declared.title.is_none() {
        declared.title.clone_from(&title);
    }
    declared.description = words.or(declared.description.take());
    declared.contents = declared.contents.take().or(title);
    add_variables(declared, variables);
}

/// One piece of a header.
struct Tag<'t> {
    owner: &'t str,
    key: &'t str,
    text: String,
}

/// The pieces of a header. A text goes on up to its end mark, or ends with its line where none follows.
fn tags(text: &str) -> Vec<Tag<'_>> {
    let lines: Vec<&str> =
        text.lines().take(MAX_LINES).map(|line| comments::comment(line).unwrap_or_else(|| line.trim())).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((owner, key, first)) = opened(line) else { continue };
        let end = format!("</{owner}.");
        let mut parts = vec![first];
        if !first.contains('<') {
            let rest = lines[at + 1..].iter().take(TEXT_LINES);
            let more: Vec<&str> = rest.copied().take_while(|line| opened(line).is_none()).collect();
            let last = more.iter().position(|line| line.contains(&end));
            parts.extend(last.map(|last| &more[..=last]).unwrap_or_default());
        }
        let whole = parts.join(" ");
        // Some forget a sign of the end mark.
        let slip = format!("/{owner}.{key}>");
        let cut = [end.as_str(), &format!("<{owner}."), &slip].iter().filter_map(|mark| whole.find(*mark)).min();
        let text = &whole[..cut.unwrap_or(whole.len())];
        found.push(Tag { owner, key, text: text.split_whitespace().collect::<Vec<_>>().join(" ") });
    }
    found
}

/// The owner and the key of the piece that a line begins, and the rest of the line.
fn opened(line: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = line.strip_prefix('<')?.split_once('>')?;
    let (owner, key) = name.split_once('.')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    (OWNERS.contains(&owner) && is_key).then_some((owner, key, rest.trim()))
}

/// A variable that a plugin declares.
struct Variable {
    name: String,
    kind: String,
    default: Option<String>,
    words: String,
}

/// `string(VAR_USER="bob"): Your name`.
fn variable(text: &str) -> Option<Variable> {
    let (kind, rest) = text.split_once('(')?;
    let end = rest.find(['=', ')'])?;
    let name = rest[..end].trim();
    let (default, words) = match rest[end..].strip_prefix('=') {
        None => (None, &rest[end + 1..]),
        Some(value) => {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|sign| matches!(sign, '"' | '\''));
            let (value, words) = match quote {
                Some(quote) => {
                    let (inner, after) = value[1..].split_once(&format!("{quote})"))?;
                    (inner, after)
                }
                None => value.split_once(')')?,
            };
            (Some(value.trim().to_owned()), words)
        }
    };
    let words = words.trim_start().trim_start_matches(':').trim().to_owned();
    is_name(name).then(|| Variable { name: name.to_owned(), kind: kind.trim().to_ascii_lowercase(), default, words })
}

/// `[VAR_A=1, VAR_B=two]`.
fn environment(text: &str) -> impl Iterator<Item = Variable> {
    let list = text.trim().trim_start_matches('[').trim_end_matches(']');
    list.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let (name, default) = (name.trim().to_owned(), Some(value.trim().trim_matches(['"', '\'']).to_owned()));
        is_name(&name).then(|| Variable { name, kind: String::new(), default, words: String::new() })
    })
}

fn is_name(text: &str) -> bool {
    super::scanner::is_word(text) && text.is_ascii()
}

impl Variable {
    fn input(&self, taken: &[DeclaredInput]) -> DeclaredInput {
        let name = input_name(&self.name, "variable", taken);
        let mut input = DeclaredInput::text(&name, ArgRule::variable(&self.name, &name));
        let default = self.default.as_deref().unwrap_or_default();
        let choices = self.choices();
        match self.kind.as_str() {
            "number" => input.put("type", "number"),
            "boolean" => input.put("type", "boolean"),
            "select" if !choices.is_empty() => input.put("enum", json!(choices)),
            _ => {}
        }
        let read = match self.kind.as_str() {
            "number" => serde_json::from_str(default).ok().filter(Value::is_number),
            "boolean" => default.to_ascii_lowercase().parse().ok().map(Value::Bool),
            _ => Some(json!(default)).filter(|_| choices.is_empty() || choices.iter().any(|one| one == default)),
        };
        if let Some(value) = read.filter(|_| self.default.is_some()) {
            input.put("default", value);
        }
        input.describe(&self.words);
        input
    }

    /// The list behind the words of a variable that has choices.
    fn choices(&self) -> Vec<String> {
        let list = self.words.trim_end().trim_end_matches('.').strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        let items = list.filter(|_| self.kind == "select").map(|(_, list)| list).unwrap_or_default().split(',');
        items.map(|item| item.trim().trim_matches(['"', '\'']).to_owned()).filter(|item| !item.is_empty()).collect()
    }
}

/// Adds variables to how a script takes its input, where that is a command line.
fn add_variables(declared: &mut Declared, variables: Vec<Variable>) {
    let takes_words = matches!(declared.input, None | Some(InputMode::Args | InputMode::StdinText));
    for variable in variables {
        // What programs load code by is nobody's to give.
        if steers_programs(&variable.name) || declared.env.contains_key(&variable.name) {
            continue;
        }
        if takes_words && declared.schema.is_none() {
            let input = variable.input(&declared.inputs);
            if !declared.rules.is_empty() {
                declared.rules.extend(input.rule.clone());
            }
            declared.inputs.push(input);
            declared.input = declared.input.or(Some(InputMode::Args));
        }
        declared.env.extend(variable.default.map(|value| (variable.name, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Declared {
        super::super::declared(&ScriptText::new("x.sh", text, Some(crate::domain::source::Language::Bash)), false)
    }

    fn shown(declared: &Declared) -> Vec<String> {
        let rule = |input: &DeclaredInput| input.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        declared.inputs.iter().map(|input| format!("{} {}", rule(input), json!(input.schema))).collect()
    }

    #[test]
    fn the_header_of_a_plugin_is_its_manifest() {
        let text = "#!/bin/bash\n#  <xbar.title>Beer status</xbar.title>\n# <xbar.version>v1.2</xbar.version>\n# <xbar.author>Ann</xbar.author>\n# <xbar.desc>Show the state\n# of the batch</xbar.desc>\n\
            # <xbar.var>string(VAR_USER=\"bob (b)\"): Your name.</xbar.var>\n# <xbar.var>number(VAR_COUNT=3): How many.</xbar.var>\n# <xbar.var>boolean(VAR_ALL=false): All.</xbar.var>\n\
            # <xbar.var>select(VAR_UNIT=C): Unit. [C, F]</xbar.var>\n# <xbar.var>string(PATH=\"/x\"): No.</xbar.var>\n# <xbar.dependencies>bash, jq</xbar.dependencies>\n\
            file=$1\ncurl \"$VAR_USER\" \"$file\"\n";
        let declared = read(text);
        assert_eq!(declared.title.as_deref(), Some("Beer status"));
        assert_eq!(declared.description.as_deref(), Some("Show the state of the batch"));
        assert_eq!((declared.author.as_deref(), declared.version.as_deref()), (Some("Ann"), Some("v1.2")));
        let expected = [
            r#"file {"type":"string"}"#,
            r#"$VAR_USER var_user {"type":"string","default":"bob (b)","description":"Your name."}"#,
            r#"$VAR_COUNT var_count {"type":"number","default":3,"description":"How many."}"#,
            r#"$VAR_ALL var_all {"type":"boolean","default":false,"description":"All."}"#,
            r#"$VAR_UNIT var_unit {"type":"string","enum":["C","F"],"default":"C","description":"Unit. [C, F]"}"#,
        ];
        assert_eq!(shown(&declared), expected);
        let env: Vec<String> = declared.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(env, ["VAR_ALL=false", "VAR_COUNT=3", "VAR_UNIT=C", "VAR_USER=bob (b)"]);
        assert_eq!(declared.extra["xbar.dependencies"], json!("bash, jq"));
    }

    #[test]
    fn other_programs_and_damaged_headers_are_read() {
        for (text, title, words) in [
            (
                "# <bitbar.title>Clock</bitbar.title>\n# <bitbar.desc>Shows it</bitbar.desc>\n",
                Some("Clock"),
                Some("Shows it"),
            ),
            (
                "// <swiftbar.title>Clock/swiftbar.title>\n// <swiftbar.desc>Shows it<swiftbar.desc>\n",
                Some("Clock"),
                Some("Shows it"),
            ),
            ("# <xbar.desc>\n# Shows it\n# </xbar.desc>\n", None, Some("Shows it")),
            ("# <xbar.desc>Shows it\n# and no more\n", None, Some("Shows it")),
            ("/*\n  <xbar.title>Clock</xbar.title>\n*/\n", Some("Clock"), None),
        ] {
            let declared = read(&format!("{text}date\n"));
            assert_eq!((declared.title.as_deref(), declared.description.as_deref()), (title, words), "{text}");
        }
        let set = read("# <swiftbar.environment>[A=1, B='two', LD_PRELOAD=x]</swiftbar.environment>\ndate\n");
        assert_eq!(
            shown(&set),
            [r#"$A a {"type":"string","default":"1"}"#, r#"$B b {"type":"string","default":"two"}"#]
        );
        for text in [
            "<xbar.var>string(</xbar.var>",
            "<xbar.var>string(A B=1)</xbar.var>",
            "<xbar.var>(((</xbar.var>",
            "<xbar.>x",
        ] {
            assert!(read(&format!("# {text}\ndate\n")).inputs.is_empty(), "{text}");
        }
    }
}
