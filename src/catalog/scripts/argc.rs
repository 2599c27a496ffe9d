//! Comments of argc scripts: `# @describe`, `# @cmd`, `# @option`, `# @flag`, `# @arg`, `# @env`, `# @meta`
//! (<https://github.com/sigoden/argc>, "Comment Tags").
//!
//! Behind a name stand `!` (required), `*` (any number), `+` (at least one), `[a|b]` (choices, the first of `[=a|b]` is the
//! default), `=value` (default), and a `<NOTATION>`. A function below `@cmd` is a sub-command.

use super::{Declared, DeclaredInput, ScriptText, comments, input_name};
use crate::domain::{ArgRule, InputMode};
use serde_json::{Value, json};

/// Reads the comments of a script that calls argc.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    if !script.text.contains("argc --argc-eval") && !script.text.contains("argc --argc-run") {
        return None;
    }
    let mut found = Found::default();
    let commented: Vec<(usize, &str)> = comments::lines(script.text).collect();
    for (place, line) in commented {
        if let Some((tag, rest)) =
            line.strip_prefix('@').map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
        {
            found.tag(tag, rest.trim(), function_below(script.text, place));
        }
    }
    Some(found.declared())
}

/// The function that begins below the comments around a line.
fn function_below(text: &str, place: usize) -> Option<&str> {
    let line = text.lines().skip(place + 1).find(|line| comments::comment(line).is_none())?;
    let line = line.trim().trim_start_matches("function ").trim();
    let name = line.split("()").next().filter(|name| name.len() < line.len())?.trim();
    (!name.is_empty()).then_some(name)
}

#[derive(Default)]
struct Found {
    declared: Declared,
    commands: Vec<(String, String)>,
    /// The sub-command whose inputs follow.
    command: Option<String>,
    has_main: bool,
}

impl Found {
    fn tag(&mut self, tag: &str, rest: &str, function: Option<&str>) {
        match tag {
            "describe" => self.declared.description = Some(rest.to_owned()),
            "cmd" => {
                let name = function.unwrap_or_default().to_owned();
                self.command = Some(name.clone());
                self.commands.push((name, rest.to_owned()));
            }
            "option" | "flag" | "arg" | "env" => {
                self.has_main |= self.command.is_none() && tag != "env";
                self.input(tag, rest);
            }
            "meta" => self.meta(rest),
            _ => {}
        }
    }

    fn meta(&mut self, rest: &str) {
        let (key, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match key {
            "version" => self.declared.version = Some(value.trim().to_owned()),
            "author" => self.declared.author = Some(value.trim().to_owned()),
            "require-tools" => {
                let programs = value.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
                self.declared.programs.extend(programs.map(str::to_owned));
            }
            _ => {}
        }
    }

    fn input(&mut self, tag: &str, rest: &str) {
        let Some(spec) = InputSpec::read(tag, rest) else { return };
        // Where output goes is ours to say.
        if tag == "env" && spec.name == "LLM_OUTPUT" {
            return;
        }
        let known =
            self.declared.inputs.iter().any(|input| {
                input.rule.as_ref().is_some_and(|rule| rule.place == spec.rule("x").place && tag != "arg")
            });
        if known {
            return;
        }
        let name = input_name(&spec.name, "value", &self.declared.inputs);
        let mut input = DeclaredInput::text(&name, spec.rule(&name));
        spec.describe(&mut input);
        if let Some(command) = &self.command {
            input.required = false;
            let words = format!("{} (for {command})", spec.words);
            input.describe(words.trim());
        }
        self.declared.inputs.push(input);
    }

    fn declared(mut self) -> Declared {
        self.declared.input = Some(InputMode::Args);
        // Options come before plain words; the sub-command before everything.
        self.declared.inputs.sort_by_key(|input| input.rule.as_ref().is_some_and(ArgRule::is_position));
        if !self.commands.is_empty() {
            let name = input_name("command", "command", &self.declared.inputs);
            let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
            let names: Vec<&str> = self.commands.iter().map(|(name, _)| name.as_str()).collect();
            input.put("enum", json!(names));
            let words: Vec<String> = self.commands.iter().map(|(name, words)| format!("{name}: {words}")).collect();
            input.describe(&words.join("; "));
            input.required = !self.has_main;
            self.declared.inputs.insert(0, input);
        }
        self.declared.programs.push("argc".to_owned());
        self.declared
    }
}

/// One input as a comment writes it.
#[derive(Debug, PartialEq)]
struct InputSpec {
    tag: Tag,
    name: String,
    is_required: bool,
    is_many: bool,
    choices: Vec<String>,
    default: Option<String>,
    notation: String,
    words: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Tag {
    /// The option as it is written on the command line.
    Option(String),
    Flag(String),
    Arg,
    Env,
}

impl InputSpec {
    fn read(tag: &str, rest: &str) -> Option<InputSpec> {
        let mut rest = rest.trim_start();
        let mut short = None;
        // `-s --long`: the long one names the input.
        while rest.starts_with(['-', '+']) && !rest.starts_with("--") {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if !after.trim_start().starts_with(['-', '+']) {
                break;
            }
            short = Some(word);
            rest = after.trim_start();
        }
        let end = rest.find(|c: char| c.is_whitespace() || "!*+=[~".contains(c)).unwrap_or(rest.len());
        let end = if rest.starts_with('+') { rest.len().min(2) } else { end };
        let (written, after) = rest.split_at(end);
        let name = written.trim_start_matches(['-', '+']);
        if name.is_empty() {
            return None;
        }
        let flag = if written.starts_with(['-', '+']) { written } else { short.unwrap_or(written) };
        let tag = match tag {
            "option" => Tag::Option(flag.to_owned()),
            "flag" => Tag::Flag(flag.to_owned()),
            "env" => Tag::Env,
            _ => Tag::Arg,
        };
        let mut spec = InputSpec {
            tag,
            name: name.to_owned(),
            is_required: false,
            is_many: false,
            choices: Vec::new(),
            default: None,
            notation: String::new(),
            words: String::new(),
        };
        spec.modifiers(after);
        Some(spec)
    }

    /// What stands behind the name.
    fn modifiers(&mut self, text: &str) {
        let mut rest = text;
        loop {
            rest = match rest.chars().next() {
                Some('!') => {
                    self.is_required = true;
                    &rest[1..]
                }
                Some(sign @ ('*' | '+')) => {
                    self.is_many = true;
                    self.is_required |= sign == '+';
                    // A sign between values may follow.
                    rest[1..].trim_start_matches([',', ':', ';'])
                }
                Some('~') => &rest[1..],
                Some('[') => {
                    let Some(end) = rest.find(']') else { break };
                    self.set_choices(&rest[1..end]);
                    &rest[end + 1..]
                }
                Some('=') => self.set_default(&rest[1..]),
                _ => break,
            };
        }
        let mut rest = rest.trim();
        while let Some((notation, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            if self.notation.is_empty() {
                notation.trim_end_matches(['*', '+', '?']).clone_into(&mut self.notation);
            }
            rest = after.trim_start();
        }
        rest.clone_into(&mut self.words);
    }

    fn set_choices(&mut self, written: &str) {
        // Choices that a function makes are known when it runs.
        if written.contains('`') {
            return;
        }
        let is_default = written.starts_with('=');
        self.choices = written.trim_start_matches('=').split('|').map(str::to_owned).collect();
        if is_default {
            self.default = self.choices.first().cloned();
        }
    }

    /// A default, which may be quoted; what follows it.
    fn set_default<'t>(&mut self, rest: &'t str) -> &'t str {
        let quote = rest.chars().next().filter(|sign| matches!(sign, '"' | '\'' | '`'));
        let (value, after) = match quote {
            Some(quote) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        if quote != Some('`') {
            self.default = Some(value.to_owned());
        }
        after
    }

    fn rule(&self, input: &str) -> ArgRule {
        match &self.tag {
            Tag::Option(flag) | Tag::Flag(flag) => ArgRule::option(flag, input),
            Tag::Arg => ArgRule::position(input),
            Tag::Env => ArgRule::variable(&self.name, input),
        }
    }

    fn describe(&self, input: &mut DeclaredInput) {
        let word = match (&self.tag, self.notation.to_ascii_uppercase().as_str()) {
            (Tag::Flag(_), _) if !self.is_many => "boolean",
            (_, "INT" | "INTEGER") => "integer",
            (_, "NUM" | "NUMBER" | "FLOAT") => "number",
            _ => "string",
        };
        input.put("type", word);
        if !self.choices.is_empty() {
            input.put("enum", json!(self.choices));
        }
        if let Some(default) = &self.default {
            let number = serde_json::from_str(default).ok().filter(Value::is_number);
            input.put("default", number.filter(|_| word != "string").unwrap_or_else(|| json!(default)));
        }
        if self.is_many {
            let items = std::mem::take(&mut input.schema);
            input.put("type", "array");
            input.put("items", Value::Object(items));
        }
        input.describe(&self.words);
        input.required = self.is_required && self.default.is_none();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Declared {
        read(&ScriptText {
            path: "x.sh",
            text: &format!("{text}\neval \"$(argc --argc-eval \"$0\" \"$@\")\"\n"),
            language: None,
        })
        .unwrap()
    }

    fn shown(declared: &Declared) -> Vec<String> {
        let rule = |input: &DeclaredInput| input.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
        declared.inputs.iter().map(|input| format!("{}{} {}", rule(input), sign(input), json!(input.schema))).collect()
    }

    #[test]
    fn tags_are_inputs() {
        let declared = read_text(
            "# @describe Does it.\n# @option -n --count!=3 <INT> How many\n# @option --kind[=a|b]\n# @option --tag*, <X> Tags\n# @flag -v --verbose Talk\n\
             # @arg path+ <FILE> Files\n# @env API_KEY! The key\n# @env LLM_OUTPUT=/dev/stdout x\n# @meta require-tools curl,jq\n# @meta version 1.2.0",
        );
        let expected = [
            r#"--count {"type":"integer","default":3,"description":"How many"}"#,
            r#"--kind {"type":"string","enum":["a","b"],"default":"a"}"#,
            r#"--tag {"type":"array","items":{"type":"string"},"description":"Tags"}"#,
            r#"--verbose {"type":"boolean","description":"Talk"}"#,
            r#"$API_KEY api_key! {"type":"string","description":"The key"}"#,
            r#"path! {"type":"array","items":{"type":"string"},"description":"Files"}"#,
        ];
        assert_eq!(shown(&declared), expected);
        assert_eq!((declared.programs.join(" "), declared.version.as_deref()), ("curl jq argc".into(), Some("1.2.0")));
        assert_eq!(declared.description.as_deref(), Some("Does it."));
    }

    #[test]
    fn sub_commands_are_choices_of_the_first_word() {
        let declared = read_text(
            "# @cmd Build it\n# @flag --fast\nbuild() {\n:\n}\n# @cmd Test it\n# @arg name!\ntest() { :\n}\n",
        );
        let expected = [
            r#"command! {"type":"string","enum":["build","test"],"description":"build: Build it; test: Test it"}"#,
            r#"--fast {"type":"boolean","description":"(for build)"}"#,
            r#"name {"type":"string","description":"(for test)"}"#,
        ];
        assert_eq!(shown(&declared), expected);
    }

    #[test]
    fn other_scripts_are_left_alone() {
        assert_eq!(read(&ScriptText { path: "x.sh", text: "# @option --x\necho", language: None }), None);
    }
}
