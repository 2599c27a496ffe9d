//! Comments of argc scripts: `# @describe`, `# @cmd`, `# @option`, `# @flag`, `# @arg`, `# @env`, `# @meta`
//! (<https://github.com/sigoden/argc>, "Comment Tags").
//!
//! Behind a name stand `!` (required), `*` (any number), `+` (at least one), `[a|b]` (choices, the first of `[=a|b]` is the
//! default), `=value` (default), and a `<NOTATION>`. A function below `@cmd` is a sub-command.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::Takes;
use super::{Declared, DeclaredInput, ScriptText, comments, input_name};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode};
use serde_json::{Value, json};

/// Reads the comments of a script that calls argc, or that argc is called on.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let calls_argc = script.text.contains("argc --argc-eval") || script.text.contains("argc --argc-run");
    let is_described = script.language == Some(Language::Bash) && has_tags(script.text);
    if !calls_argc && !is_described {
        return None;
    }
    let mut found = Found::default();
    let functions = Functions::of(script.text);
    let commented: Vec<(usize, &str)> = comments::lines(script.text).collect();
    for (place, line) in commented {
        if let Some((tag, rest)) =
            line.strip_prefix('@').map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
        {
            found.tag(tag, rest.trim(), functions.below(place));
        }
    }
    let mut declared = found.declared();
    if calls_argc {
        declared.programs.push("argc".to_owned());
    }
    Some(declared)
}

/// Whether comments describe inputs as argc does. A word behind `@` alone may be anybody's.
fn has_tags(text: &str) -> bool {
    let begins = |line: &str| ["@option ", "@flag ", "@arg ", "@describe "].iter().any(|tag| line.starts_with(tag));
    comments::lines(text).any(|(_, line)| begins(line))
}

/// The lines of a script that are no comments, looked for once: a file may have a tag on each of its lines.
struct Functions<'t> {
    /// Their places, in ascending order.
    lines: Vec<(usize, &'t str)>,
}

impl<'t> Functions<'t> {
    fn of(text: &'t str) -> Functions<'t> {
        let is_code = |line: &str| !line.trim().is_empty() && comments::comment(line).is_none();
        let lines = text.lines().enumerate().filter(|(_, line)| is_code(line));
        Functions { lines: lines.collect() }
    }

    /// The function that begins below the comments around a line.
    fn below(&self, place: usize) -> Option<&'t str> {
        let next = self.lines.partition_point(|(at, _)| *at <= place);
        function(self.lines.get(next)?.1)
    }
}

/// The function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches("function ").trim();
    let name = line.split("()").next().filter(|name| name.len() < line.len())?.trim();
    (!name.is_empty()).then_some(name)
}

#[derive(Default)]
struct Found {
    declared: Declared,
    tree: CommandTree,
    /// The sub-command whose inputs follow.
    node: NodeId,
    has_main: bool,
}

impl Found {
    fn tag(&mut self, tag: &str, rest: &str, function: Option<&str>) {
        match tag {
            "describe" => self.declared.description = Some(rest.to_owned()),
            "cmd" => {
                self.node = match function {
                    // `builder::ls` is the command `ls` of `builder`.
                    Some(path) => {
                        // What would be a word of the shell has a `_` behind it, which argc leaves out.
                        let names: Vec<&str> = path.split("::").map(|name| name.trim_end_matches('_')).collect();
                        let (last, above) = names.split_last().unwrap_or((&"", &[]));
                        let parent = above.iter().fold(ROOT, |node, name| self.tree.add_command(node, name, ""));
                        let node = self.tree.add_command(parent, last, rest);
                        self.tree.describe(node, rest);
                        node
                    }
                    None => self.tree.add_apart(),
                };
            }
            "option" | "flag" | "arg" | "env" => {
                self.has_main |= self.node == ROOT && tag != "env";
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
        let name = input_name(&spec.name, "value", self.tree.inputs(self.node));
        let mut input = DeclaredInput::text(&name, spec.rule(&name));
        spec.describe(&mut input);
        self.tree.push(self.node, input);
    }

    fn declared(self) -> Declared {
        let has_commands = self.tree.has_commands(ROOT);
        let Declared { mut inputs, rules, needed, .. } = self.tree.declared(None);
        if let Some(command) = inputs.first_mut().filter(|_| has_commands) {
            command.required = !self.has_main;
        }
        Declared { input: Some(InputMode::Args), inputs, rules, needed, ..self.declared }
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
        let flag = match short {
            _ if !written.starts_with(['-', '+']) => short.unwrap_or(written).to_owned(),
            Some(short) if short.starts_with('-') => format!("{written},{short}"),
            _ => written.to_owned(),
        };
        let tag = match tag {
            "option" => Tag::Option(flag),
            "flag" => Tag::Flag(flag),
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
                Some('~') => {
                    self.is_many = true;
                    &rest[1..]
                }
                Some('[') => {
                    let Some(end) = rest.find(']') else { break };
                    self.set_choices(&rest[1..end]);
                    &rest[end + 1..]
                }
                Some('=') => self.set_default(&rest[1..]),
                _ => break,
            };
        }
        let mut rest = without_binding(rest.trim());
        while let Some((notation, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            if self.notation.is_empty() {
                notation.trim_end_matches(['*', '+', '?']).clone_into(&mut self.notation);
            }
            rest = after.trim_start();
        }
        without_binding(rest).clone_into(&mut self.words);
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
            (Tag::Flag(_), _) => "boolean",
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
        if self.is_many && matches!(self.tag, Tag::Flag(_)) {
            input.takes(Takes::Times);
        } else if self.is_many {
            let items = std::mem::take(&mut input.schema);
            input.put("type", "array");
            input.put("items", Value::Object(items));
        }
        input.describe(&self.words);
        input.required = self.is_required && self.default.is_none();
    }
}

/// Words without the variable in front that an input may come from as well: `$$`, `$NAME`.
fn without_binding(text: &str) -> &str {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_variable =
        |name: &str| name == "$" || name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let is_binding = first
        .strip_prefix('$')
        .is_some_and(|name| is_variable(name) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty());
    if is_binding { rest.trim_start() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Declared {
        let text = format!("{text}\neval \"$(argc --argc-eval \"$0\" \"$@\")\"\n");
        read(&ScriptText::new("x.sh", &text, None)).unwrap()
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
            r#"--count,-n {"type":"integer","default":3,"description":"How many"}"#,
            r#"--kind {"type":"string","enum":["a","b"],"default":"a"}"#,
            r#"--tag {"type":"array","items":{"type":"string"},"description":"Tags"}"#,
            r#"--verbose,-v {"type":"boolean","description":"Talk"}"#,
            r#"$API_KEY api_key! {"type":"string","description":"The key"}"#,
            r#"path! {"type":"array","items":{"type":"string"},"description":"Files"}"#,
        ];
        assert_eq!(shown(&declared), expected);
        assert_eq!((declared.programs.join(" "), declared.version.as_deref()), ("curl jq argc".into(), Some("1.2.0")));
        assert_eq!(declared.description.as_deref(), Some("Does it."));
    }

    #[test]
    fn a_variable_that_an_input_may_come_from_is_no_word_about_it() {
        let declared = read_text("# @flag --a $$\n# @flag --b $B_X Does b\n# @option --c <N> $$ Is c");
        let expected = [
            r#"--a {"type":"boolean"}"#,
            r#"--b {"type":"boolean","description":"Does b"}"#,
            r#"--c {"type":"string","description":"Is c"}"#,
        ];
        assert_eq!(shown(&declared), expected);
    }

    #[test]
    fn sub_commands_are_choices_of_the_first_word() {
        let declared = read_text(
            "# @cmd Build it\n# @flag --fast\nbuild() {\n:\n}\n# @cmd Test it\n# @arg name!\ntest() { :\n}\n",
        );
        let expected = [
            r#"command! {"type":"string","enum":["build","test"],"description":"build: Build it; test: Test it"}"#,
            r#"--fast if command=build {"type":"boolean","description":"(for build)"}"#,
            r#"name if command=test {"type":"string","description":"(for test)"}"#,
        ];
        assert_eq!(shown(&declared), expected);
    }

    #[test]
    fn commands_of_commands_and_flags_that_are_counted_are_read() {
        let declared = read_text(
            "# @cmd Builds\n\nbuilder_() { :\n}\n# @cmd Lists\n# @flag -v --verbose*\nbuilder::ls() { :\n}\n",
        );
        let rules: Vec<String> = declared.rules.iter().map(ToString::to_string).collect();
        let expected =
            ["command", "builder_command if command=builder", "--verbose,-v verbose times if builder_command=ls"];
        assert_eq!(rules, expected);
    }

    #[test]
    fn the_function_below_a_tag_is_found_without_reading_on() {
        let text = format!("{}build() {{\n:\n}}\n# @cmd T\ntest() {{\n", "# @option --a <X>\n".repeat(50_000));
        let functions = Functions::of(&text);
        // One entry for each line of code, however many tags stand above it.
        assert_eq!(functions.lines.len(), 4);
        let found = [0, 49_999, 50_000, 50_003].map(|place| functions.below(place));
        assert_eq!(found, [Some("build"), Some("build"), None, Some("test")]);
        assert_eq!(functions.below(50_004), None);
    }

    #[test]
    fn other_scripts_are_left_alone() {
        assert_eq!(read(&ScriptText::new("x.sh", "# @option --x\necho", None)), None);
    }

    #[test]
    fn comments_describe_a_script_that_does_not_call_argc_itself() {
        let of = |text: &str| read(&ScriptText::new("x.sh", text, Some(Language::Bash)));
        let declared = of("# @describe Echo options\n# @option -n --count <INT>\necho \"$@\"\n").unwrap();
        assert_eq!(declared.description.as_deref(), Some("Echo options"));
        assert_eq!(shown(&declared), [r#"--count,-n {"type":"integer"}"#]);
        assert!(declared.programs.is_empty());
        assert!(of("# @author Ada\necho\n").is_none());
    }
}
