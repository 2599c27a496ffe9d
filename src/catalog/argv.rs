//! The command of a definition: which words name its scripts, which name inputs, and the argv
//! template that the runner fills in.
//!
//! Pure: it uses words and the paths of a version's files, never the disk. So a version gives the same command at any
//! location.

use super::programs;
use crate::domain::source::Language;

/// Placeholders that real definitions use for the folder of the definition.
const TOOL_FOLDER: &[&str] = &["{tool_dir}", "{tool_path}", "{file_dir}", "{script_dir}", "{dir}"];
/// Placeholders for the tools folder or what holds it.
const OUTER_FOLDER: &[&str] = &["{tools_dir}", "{tools_path}", "{project_root}", "{project_dir}", "{workspace}"];
/// Placeholders that name no input.
const NOT_INPUTS: &[&str] = &["file", "dir", "workspace"];

/// A command as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommandWords(pub(super) Vec<String>);

/// A command in our terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ParsedCommand {
    pub(super) words: Vec<String>,
    /// Path of the entry file inside the version.
    pub(super) entry: Option<String>,
    /// The script that is named but is not among the files, as written.
    pub(super) missing: Option<String>,
}

impl CommandWords {
    /// Splits a command line the way a shell would; one that needs a shell gets one.
    pub(super) fn split(line: &str) -> CommandWords {
        let needs_shell = line.contains(['|', ';', '&', '<', '>', '$', '`', '\n', '*']);
        match shell_words::split(line) {
            Ok(words) if !needs_shell => CommandWords(words),
            _ => CommandWords(vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()]),
        }
    }

    /// Whether the word at `position` is code given on the command line (`python -c CODE`): braces in
    /// it are braces.
    pub(super) fn is_code(&self, position: usize) -> bool {
        // `-e` of a shell ends it at the first error.
        let is_shell = |word: &String| Language::of_program(word) == Some(Language::Bash);
        match self.0[..position].split_last() {
            Some((option, before)) if !before.is_empty() => {
                matches!(option.as_str(), "-c" | "--eval") || option == "-e" && !before.iter().any(is_shell)
            }
            _ => false,
        }
    }

    /// Words that name a script, without a leading placeholder for a folder.
    pub(super) fn scripts(&self) -> impl Iterator<Item = Script<'_>> {
        let plain = self.0.iter().enumerate().filter(|(position, _)| !self.is_code(*position));
        plain.filter_map(|(position, word)| Script::of(word, position))
    }

    /// The names of the inputs that the words ask for, in order, each once.
    pub(super) fn inputs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (position, word) in self.0.iter().enumerate() {
            if self.is_code(position) {
                continue;
            }
            let word = strip_folder(word).map_or(word.as_str(), |(_, rest)| rest);
            for name in placeholders(word) {
                let name = name.strip_prefix("input.").unwrap_or(name);
                if !NOT_INPUTS.contains(&name) && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// The argv template for a version with these file paths. `implied` is the script that belongs to
    /// the definition by its name.
    pub(super) fn command(&self, paths: &[&str], implied: Option<&str>, inputs: &[&str]) -> ParsedCommand {
        let mut command = ParsedCommand::default();
        if self.0.iter().any(|word| word.contains("{file}")) {
            command.entry = implied.map(str::to_owned);
            if implied.is_none() {
                command.missing = Some("{file}".to_owned());
            }
        }
        for (position, word) in self.0.iter().enumerate() {
            let word = if self.is_code(position) {
                escaped(word, inputs)
            } else {
                template(word, position, paths, &mut command)
            };
            command.words.push(word);
        }
        command
    }
}

/// One word of the argv template; notes the entry, or what is missing, in `command`.
fn template(word: &str, position: usize, paths: &[&str], command: &mut ParsedCommand) -> String {
    if let Some(script) = Script::of(word, position) {
        match (script.among(paths), &command.entry) {
            (Some(path), None) => {
                command.entry = Some(path.to_owned());
                return "{file}".to_owned();
            }
            (Some(path), Some(entry)) if path == entry => return "{file}".to_owned(),
            (Some(path), Some(_)) => return format!("{{dir}}/{path}"),
            (None, None) if command.missing.is_none() => command.missing = Some(script.tail.to_owned()),
            (None, _) => {}
        }
    }
    let mut word = word.to_owned();
    if !word.contains('{') {
        return word;
    }
    for (known, ours) in [(TOOL_FOLDER, "{dir}"), (OUTER_FOLDER, "{workspace}")]
        .iter()
        .flat_map(|(list, ours)| list.iter().map(move |k| (k, ours)))
    {
        word = word.replace(*known, ours);
    }
    word
}

/// Code in which nothing may be filled in: what would be a placeholder is doubled.
fn escaped(code: &str, inputs: &[&str]) -> String {
    let mut names = placeholders(code);
    names.sort_unstable();
    names.dedup();
    names.retain(|name| NOT_INPUTS.contains(name) || name.starts_with("input.") || inputs.contains(name));
    names
        .into_iter()
        .fold(code.to_owned(), |code, name| code.replace(&format!("{{{name}}}"), &format!("{{{{{name}}}}}")))
}

/// The target of a folder placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Not specified: the usual places, in order.
    Anywhere,
    /// The folder of the definition.
    Tool,
    /// The tools folder, what holds it, or the workspace.
    Outer,
}

/// A word of a command that names a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script<'a> {
    pub(super) anchor: Anchor,
    /// The path without the placeholder.
    pub(super) tail: &'a str,
}

impl<'a> Script<'a> {
    fn of(word: &'a str, position: usize) -> Option<Script<'a>> {
        let (anchor, tail) = strip_folder(word).unwrap_or((Anchor::Anywhere, word));
        let tail = tail.trim_start_matches("./");
        let is_name = !tail.is_empty() && !tail.contains(['{', '}', ' ', '\n', '=']) && !tail.starts_with('-');
        // `./x` as the program is a script whatever its extension; `/usr/bin/x` is a program.
        let is_program = position == 0 && (anchor != Anchor::Anywhere || word.starts_with("./"));
        let is_local = !tail.starts_with('/') && !tail.contains("://");
        (is_name && is_local && (is_program || programs::is_script(tail))).then_some(Script { anchor, tail })
    }

    /// The path of this script among a version's files: kept from elsewhere (`@/…`) first, then by
    /// the longest end of the word that is a path of the version.
    pub(super) fn among<'p>(&self, paths: &[&'p str]) -> Option<&'p str> {
        let mut ends = vec![self.tail];
        ends.extend(self.tail.match_indices('/').map(|(at, _)| &self.tail[at + 1..]));
        for end in ends {
            let kept = |path: &&&str| path.strip_prefix("@/").is_some_and(|rest| rest == end);
            if let Some(path) = paths.iter().find(kept).or_else(|| paths.iter().find(|path| **path == end)) {
                return Some(path);
            }
        }
        let tail = format!("/{}", self.tail);
        paths.iter().find(|path| path.starts_with("@/") && path.ends_with(&tail)).copied()
    }
}

fn strip_folder(word: &str) -> Option<(Anchor, &str)> {
    let strip = |list: &[&str]| list.iter().find_map(|known| word.strip_prefix(known)?.strip_prefix('/'));
    strip(TOOL_FOLDER)
        .map(|rest| (Anchor::Tool, rest))
        .or_else(|| strip(OUTER_FOLDER).map(|rest| (Anchor::Outer, rest)))
}

/// The names in `{name}` placeholders of a word: letters, digits, `_`, `-` and `.`, a letter first.
pub(super) fn placeholders(word: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        let Some(close) = rest.find(['}', '{']) else { break };
        let name = &rest[..close];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if rest[close..].starts_with('}') && is_name {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> CommandWords {
        CommandWords(list.iter().map(|word| (*word).to_owned()).collect())
    }

    fn command(list: &[&str], paths: &[&str], implied: Option<&str>) -> (String, Option<String>, Option<String>) {
        let command = words(list).command(paths, implied, &[]);
        (command.words.join(" "), command.entry, command.missing)
    }

    #[test]
    fn the_path_habits_of_real_definitions_lead_to_the_files_of_the_version() {
        let some = |text: &str| Some(text.to_owned());
        for (written, paths, wanted) in [
            ("{tool_dir}/x.py", &["x.py", "x.yaml"][..], "x.py"),
            ("{tools_dir}/executable/x.py", &["x.py", "x.yaml"], "x.py"),
            ("{tool_path}/x.py", &["x.py", "x.yaml"], "x.py"),
            ("tools/executable/x.py", &["x.py", "x.yaml"], "x.py"),
            ("code_evolver/tools/executable/x.py", &["@/tools/executable/x.py", "x.yaml"], "@/tools/executable/x.py"),
            ("tools/executable/x.py", &["@/tools/executable/x.py", "x.py", "x.yaml"], "@/tools/executable/x.py"),
            ("x.py", &["@/tools/x.py", "x.yaml"], "@/tools/x.py"),
            ("./lib/x.py", &["lib/x.py", "x.py"], "lib/x.py"),
        ] {
            assert_eq!(
                command(&["python", written, "{a}"], paths, None),
                ("python {file} {a}".into(), some(wanted), None)
            );
        }
        for shell in [&["bash", "-e", "{file}"][..], &["env", "sh", "-e", "{file}"]] {
            assert_eq!(command(shell, &["x.sh"], Some("x.sh")).0, shell.join(" "));
        }
        let missing = command(&["python", "tools/executable/x.py"], &["x.yaml"], None);
        assert_eq!(missing, ("python tools/executable/x.py".into(), None, some("tools/executable/x.py")));
        assert_eq!(command(&["./run", "-v"], &["run"], None), ("{file} -v".into(), some("run"), None));
        assert_eq!(command(&["sh", "{file}"], &["x.sh", "x.toml"], some("x.sh").as_deref()).1, some("x.sh"));
        let two = command(&["python", "{dir}/a.py", "{dir}/b.py", "{dir}/data"], &["a.py", "b.py"], None);
        assert_eq!(two.0, "python {file} {dir}/b.py {dir}/data");
    }

    #[test]
    fn code_on_the_command_line_is_left_alone() {
        let code = "import x; print(f'{a}'); open('y.py')";
        let list = words(&["python", "-c", code]);
        assert_eq!(list.inputs(), Vec::<String>::new());
        assert_eq!(
            list.command(&["y.py"], None, &[]),
            ParsedCommand { words: list.0.clone(), entry: None, missing: None }
        );
        assert_eq!(list.command(&[], None, &["a"]).words[2], code.replace("{a}", "{{a}}"));
    }

    #[test]
    fn placeholders_that_are_no_place_are_inputs() {
        let list = words(&[
            "x",
            "--cov={source_module}",
            "{input.n}",
            "{source_module}",
            "{file}",
            "{tool_dir}/a",
            "{\"a\": 1}",
        ]);
        assert_eq!(list.inputs(), ["source_module", "n"]);
    }

    #[test]
    fn a_command_line_is_split_and_gets_a_shell_when_it_needs_one() {
        assert_eq!(CommandWords::split("python 'a b.py' --x"), words(&["python", "a b.py", "--x"]));
        assert_eq!(CommandWords::split("a | b"), words(&["sh", "-c", "a | b"]));
        assert_eq!(CommandWords::split("a 'b"), words(&["sh", "-c", "a 'b"]));
    }
}
