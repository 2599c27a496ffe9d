//! The command line of a run before it runs: the words of a start, worked out without starting anything.

use super::{ExpandedCommand, function};
use crate::domain::{IsolationLevel, Manifest, RunEnd, SafeText, masked_input};
use crate::runner::dependencies::Need;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The folder of a version as a run sees it where it has a file system of its own.
const ISOLATED_FOLDER: &str = "/tool";

/// The same where it runs from a private copy: as the observer names it.
const COPIED_FOLDER: &str = "{tool}";

/// No word is shown longer, in characters.
const LONGEST_WORD: usize = 400;

/// What the command line of a version is made from, found once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandView {
    folder: PathBuf,
    workspace: PathBuf,
    /// The program that its first word means, with what comes before its other words; `None` if that is the word
    /// itself.
    program: Option<Vec<OsString>>,
}

/// What a run would start, as it may be shown: secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CommandLine {
    /// Variables that hold input values.
    pub env: Vec<(String, String)>,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it reads on standard input; `None` if that is closed.
    pub stdin: Option<String>,
}

/// Finds what a version is started with at this level of isolation. Nothing is started, and what is missing is not told:
/// the command line has the word of the manifest then.
pub fn command_view(need: &Need<'_>, level: IsolationLevel) -> CommandView {
    let folder = if level == IsolationLevel::Isolated { ISOLATED_FOLDER } else { COPIED_FOLDER };
    let program = need.program_words();
    CommandView { folder: folder.into(), workspace: need.workspace.to_owned(), program }
}

impl CommandView {
    /// Of a version in a file system of its own, where programs are what their words say: the same on every machine.
    pub fn isolated(workspace: &str) -> CommandView {
        CommandView { folder: ISOLATED_FOLDER.into(), workspace: workspace.into(), program: None }
    }

    /// The command line for an input.
    ///
    /// # Errors
    /// Why there is none, one line: a value is missing, or the version is nothing that can be started.
    pub fn line(&self, manifest: &Manifest, input: &Value) -> Result<CommandLine, String> {
        let recipe = super::startable(manifest).map_err(|end| told(&end))?;
        let shown = masked_input(manifest.input.as_ref(), input);
        let shown = if shown.is_null() { Value::Object(Map::new()) } else { shown };
        let place: (&Path, &Path) = (&self.folder, &self.workspace);
        let command = ExpandedCommand::of(manifest, place, recipe, &shown).map_err(|end| told(&end))?;
        let (program, lead) = match self.program.as_deref().and_then(<[OsString]>::split_first) {
            Some((program, lead)) => (Some(program), lead),
            None => (None, &[][..]),
        };
        let call = command.call(recipe, lead, &shown).map_err(|end| told(&end))?;
        let first = program.or(command.words.first()).map(|word| text(word));
        let words = call.args.iter().map(|word| {
            // Our own code, which loads the file and calls the function.
            if recipe.function.is_some() && function::is_call_code(word) { "…".to_owned() } else { text(word) }
        });
        // What the manifest sets, unless the input goes before it.
        let set = recipe.env.iter().filter(|(name, _)| !call.env.iter().any(|(known, _)| known == name.as_str()));
        let set = set.map(|(name, value)| (name.clone(), value.clone()));
        let env = set.chain(call.env.iter().map(|(name, value)| (text(name), text(value))));
        Ok(CommandLine { env: env.collect(), words: first.into_iter().chain(words).collect(), stdin: call.stdin })
    }
}

fn told(end: &RunEnd) -> String {
    end.message().unwrap_or_else(|| "it cannot be started".to_owned())
}

fn text(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

impl fmt::Display for CommandLine {
    /// As a shell would be given it, safe to draw: `TOKEN=x python3 /tool/fetch.py --count 3 'a b'`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.env.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = self.words.iter().map(|word| quoted(word));
        f.write_str(&variables.chain(words).collect::<Vec<_>>().join(" "))
    }
}

fn quoted(word: &str) -> String {
    let cut: Cow<'_, str> = match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => Cow::Owned(format!("{}…", &word[..end])),
        None => Cow::Borrowed(word),
    };
    SafeText::new(&shell_words::quote(&cut)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, InputMode, Recipe, ToolName};
    use serde_json::json;

    fn line(recipe: Recipe, input: &Value) -> Result<CommandLine, String> {
        let view = CommandView {
            folder: ISOLATED_FOLDER.into(),
            workspace: "/w".into(),
            program: Some(vec!["/usr/bin/python3".into()]),
        };
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
        manifest.input = Some(json!({"properties": {"pin": {"format": "password"}, "mode": {"default": "fast"}}}));
        let command = if recipe.command.is_empty() { vec!["python3".into(), "{file}".into()] } else { recipe.command };
        manifest.recipe = Some(Recipe { command, entry: Some("x.py".to_owned()), ..recipe });
        view.line(&manifest, input)
    }

    fn args(rules: &[&str]) -> Recipe {
        let args = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Recipe { args, ..Recipe::blank(InputMode::Args) }
    }

    #[test]
    fn the_line_is_what_a_shell_would_be_given() {
        let recipe = args(&["--count", "$API_KEY api_key", "path", "more"]);
        let input = json!({"count": 3, "api_key": "s3cret", "path": "a b", "more": ["x", "it's"]});
        let line = line(recipe, &input).unwrap();
        assert_eq!(line.to_string(), r"API_KEY=••• /usr/bin/python3 /tool/x.py --count 3 'a b' x 'it'\''s'");
        assert_eq!(line.stdin, None);
    }

    #[test]
    fn every_way_in_has_its_line() {
        let input = json!({"text": "a\nb", "pin": "1234"});
        let shown =
            line(Recipe { args: vec!["< text".parse().unwrap()], ..Recipe::blank(InputMode::StdinText) }, &input);
        let shown = shown.unwrap();
        assert_eq!(
            (shown.to_string().as_str(), shown.stdin.as_deref()),
            ("/usr/bin/python3 /tool/x.py --pin •••", Some("a\nb"))
        );
        let shown = line(Recipe::blank(InputMode::StdinJson), &input).unwrap();
        assert_eq!(shown.stdin.as_deref(), Some(r#"{"text":"a\nb","pin":"•••"}"#));
        let shown = line(Recipe::blank(InputMode::Env), &json!({"my-name": "x"})).unwrap();
        assert_eq!(shown.to_string(), "INPUT_MY_NAME=x /usr/bin/python3 /tool/x.py");
        let set = Recipe { env: [("arg_mode".to_owned(), "x".to_owned())].into(), ..args(&["$arg_mode mode"]) };
        let shown = |input| line(set.clone(), &input).unwrap().to_string();
        assert_eq!(shown(json!({})), "arg_mode=x /usr/bin/python3 /tool/x.py");
        assert_eq!(shown(json!({"mode": "y"})), "arg_mode=y /usr/bin/python3 /tool/x.py");
        let called = Recipe { function: Some("fetch".to_owned()), ..Recipe::blank(InputMode::StdinJson) };
        assert_eq!(line(called, &input).unwrap().to_string(), "/usr/bin/python3 -c … /tool/x.py fetch");
        let placed = Recipe { command: vec!["python3".into(), "{mode}".into(), "{input.to}".into()], ..args(&[]) };
        assert_eq!(line(placed.clone(), &json!({"to": "z"})).unwrap().to_string(), "/usr/bin/python3 fast z");
        assert_eq!(line(placed, &json!({})).unwrap_err(), "input/to: the command needs a value for it");
    }

    #[test]
    fn nothing_hidden_reaches_the_line_and_a_long_word_is_cut() {
        let shown =
            line(args(&["a", "b"]), &json!({"a": "x\u{202e}y\u{1b}[2J", "b": "z".repeat(5000)})).unwrap().to_string();
        assert!(!shown.chars().any(crate::domain::is_hidden), "{shown}");
        assert!(shown.len() < 700 && shown.contains("z…"), "{}", shown.len());
    }
}
