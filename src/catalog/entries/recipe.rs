//! The certain needs of a task's recipe: programs that it starts and files that it names. The version of a task
//! contains only its task file, so a recipe that works on other project files cannot run by itself.
//!
//! Only plain commands and chains of them are examined, not those in a loop, after a condition, or that may fail.

use crate::code::shell::calls::is_builtin;
use serde::{Deserialize, Serialize};

/// How many commands of a recipe are examined.
const MAX_COMMANDS: usize = 40;

/// How many files are reported for one recipe.
const MAX_FILES: usize = 12;

/// Programs that run the file in their first argument.
const INTERPRETERS: &[&str] =
    &["node", "python", "python3", "bash", "sh", "zsh", "ruby", "perl", "php", "lua", "tsx", "ts-node", "bun", "deno"];

/// Programs that work on a project, and the file by which they know it.
const PROJECTS: &[(&str, &str)] = &[
    ("cargo", "Cargo.toml"),
    ("go", "go.mod"),
    ("tsc", "tsconfig.json"),
    ("bundle", "Gemfile"),
    ("mvn", "pom.xml"),
    ("poetry", "pyproject.toml"),
];

/// Arguments with which a project program needs no project: `cargo install`, `go version`.
const WITHOUT_PROJECT: &[&str] = &["install", "version", "--version", "--help", "help", "env", "new", "init"];

/// Programs whose first argument is a sub-command, not a file.
const WITH_COMMANDS: &[&str] = &[
    "bun",
    "bundle",
    "cargo",
    "deno",
    "dotnet",
    "gh",
    "go",
    "hatch",
    "kubectl",
    "npm",
    "nx",
    "pdm",
    "pipenv",
    "pnpm",
    "poetry",
    "ruff",
    "rye",
    "terraform",
    "uv",
    "yarn",
];

/// Package managers, which start a script of the package.
const MANAGERS: &[&str] = &["npm", "pnpm", "yarn", "bun"];

/// Programs whose arguments need not be existing files.
const MAKERS: &[&str] = &["rm", "mkdir", "touch", "rmdir", "npx", "git", "open", "ln", "docker", "sudo", "brew"];

/// The needs of a recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::catalog) struct RecipeNeeds {
    /// Programs that it always starts.
    pub(in crate::catalog) programs: Vec<String>,
    /// Files without which it fails.
    pub(in crate::catalog) files: Vec<String>,
    /// Words that name a file if there is one.
    pub(in crate::catalog) words: Vec<String>,
}

impl RecipeNeeds {
    /// Reads a recipe. `script` gives the recipe of another task of the file that a package manager would start.
    pub(super) fn of<'r>(recipe: &'r str, script: &dyn Fn(&str) -> Option<&'r str>) -> RecipeNeeds {
        let mut needs = RecipeNeeds::default();
        // Code of another program than the shell.
        if recipe.trim_start().starts_with("#!") {
            return needs;
        }
        let (mut waiting, mut seen, mut left) = (vec![recipe], Vec::new(), MAX_COMMANDS);
        while let Some(text) = waiting.pop() {
            for command in commands(text) {
                if left == 0 {
                    return needs;
                }
                left -= 1;
                let name = started_script(&command).map(str::to_owned).filter(|name| !seen.contains(name));
                if let Some(found) = name.as_deref().and_then(script) {
                    seen.extend(name);
                    waiting.push(found);
                    continue;
                }
                needs.add(&command);
            }
        }
        needs
    }

    fn add(&mut self, command: &[String]) {
        let Some((program, words)) = command.split_first() else { return };
        let push = |list: &mut Vec<String>, word: &str| {
            if list.len() < MAX_FILES && !list.iter().any(|known| known == word) {
                list.push(word.to_owned());
            }
        };
        if program.contains('/') {
            if !program.starts_with(['/', '~']) {
                push(&mut self.files, program.trim_start_matches("./"));
            }
            return;
        }
        if !is_builtin(program) {
            push(&mut self.programs, program);
        } else if program != "cd" && program != "source" && program != "." {
            return;
        }
        let first = words.first().map(String::as_str).unwrap_or_default();
        if let Some((_, file)) = PROJECTS.iter().find(|(name, _)| name == program)
            && !WITHOUT_PROJECT.contains(&first)
        {
            push(&mut self.files, file);
        }
        if MAKERS.contains(&program.as_str()) {
            return;
        }
        let is_interpreter = INTERPRETERS.contains(&program.as_str());
        // A run has nothing of the folders above.
        if matches!(program.as_str(), "cd" | "source" | ".") && leads_out(first)
            || is_interpreter && leads_out(first) && crate::catalog::programs::is_script(first)
        {
            return push(&mut self.files, first);
        }
        let is_code = words.iter().any(|word| matches!(word.as_str(), "-c" | "-e" | "--eval" | "-m" | "-p"));
        if is_interpreter && !is_code {
            let script = words.iter().find(|word| !word.starts_with('-') && !matches!(word.as_str(), "run" | "test"));
            if let Some(script) = script.filter(|word| is_script(word)) {
                return push(&mut self.files, script.trim_start_matches("./"));
            }
        }
        let is_command = |at: usize| {
            let is_behind_run = at == 1 && first == "run";
            WITH_COMMANDS.contains(&program.as_str()) && (at == 0 || is_behind_run && !words[at].contains(['/', '.']))
        };
        // The word after an option may be its value, and so a file to be created.
        let behind_option = |at: usize| at > 0 && words[at - 1].starts_with('-');
        for (_, word) in
            words.iter().enumerate().filter(|(at, word)| is_path(word) && !behind_option(*at) && !is_command(*at))
        {
            push(&mut self.words, word.trim_start_matches("./").trim_end_matches('/'));
        }
    }
}

/// The script of a package that a command starts: `npm run x`, `npm test`, `yarn x`.
fn started_script(command: &[String]) -> Option<&str> {
    let (program, words) = command.split_first()?;
    let mut words = words.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let first = words.next().filter(|_| MANAGERS.contains(&program.as_str()))?;
    if matches!(first, "run" | "run-script") { words.next() } else { Some(first) }
}

/// Whether a word names a script: it has the extension of one.
fn is_script(word: &str) -> bool {
    is_path(word) && crate::catalog::programs::is_script(word)
}

/// Whether a word names a place in a folder above.
fn leads_out(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '@');
    word.chars().all(is_plain) && word.split('/').next() == Some("..")
}

/// Whether a word may name a file of the project.
fn is_path(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '@');
    word.chars().all(is_plain)
        && word.contains(|c: char| c.is_ascii_alphanumeric())
        && !word.starts_with(['-', '/', '@'])
        && !word.split('/').any(|part| part == "..")
}

/// The plain commands of a recipe that always run, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines().map(str::trim) {
        let line = line.trim_start_matches(['@', '+']).trim_start();
        // What stands in brackets runs as well.
        let line = line.strip_prefix('(').filter(|inner| !inner.starts_with('(')).unwrap_or(line).trim_start();
        // A leading `-` means that it may fail. The start of a block says nothing certain about the following lines.
        if line.is_empty() || line.starts_with(['-', '#']) {
            continue;
        }
        if line.split_whitespace().next().is_some_and(is_shell_word) {
            break;
        }
        let Some(tokens) = tokens(line) else { continue };
        for part in tokens.split(|token| matches!(token.as_str(), "&&" | ";")) {
            if part.first().is_some_and(|word| is_shell_word(word)) {
                break;
            }
            // With an alternative after it, it may fail.
            if part.iter().any(|token| token == "||") {
                continue;
            }
            found.extend(part.split(|token| matches!(token.as_str(), "|" | "&")).filter_map(command));
        }
    }
    found
}

fn is_shell_word(word: &str) -> bool {
    matches!(word, "if" | "for" | "while" | "until" | "case" | "{" | "(" | "function" | "[" | "[[" | "test" | "exit")
}

/// The words of a command without variables in front and without redirections; `None` where its program is not plain.
fn command(tokens: &[String]) -> Option<Vec<String>> {
    let is_assignment = |word: &&String| {
        word.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    // The output of a command may consist of several words.
    let opens =
        |word: &String| word.matches("$(").count() > word.matches(')').count() || word.matches('`').count() % 2 == 1;
    if tokens.iter().take_while(is_assignment).any(opens) {
        return None;
    }
    let mut words = Vec::new();
    let mut is_target = false;
    for word in tokens.iter().skip_while(is_assignment) {
        if std::mem::replace(&mut is_target, false) {
            continue;
        }
        if word.contains(['<', '>']) {
            is_target = word.ends_with(['<', '>']);
            continue;
        }
        words.push(word.clone());
    }
    let program = words.first()?;
    let is_plain = program.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+'));
    (is_plain && program.contains(|c: char| c.is_ascii_alphabetic())).then_some(words)
}

/// The words and the signs between commands of a line; `None` where quotes do not close. A word with a value that is not
/// known keeps its sign.
fn tokens(line: &str) -> Option<Vec<String>> {
    let mut spaced = String::with_capacity(line.len() + 16);
    let (mut quote, mut chars) = (None, line.chars().peekable());
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ';' | '|' | '&') => {
                let is_double = c != ';' && chars.peek() == Some(&c);
                // `2>&1` is one word.
                if c == '&' && spaced.ends_with('>') {
                    spaced.push(c);
                    continue;
                }
                spaced.push(' ');
                spaced.push(c);
                if is_double {
                    spaced.push(c);
                    chars.next();
                }
                spaced.push(' ');
                continue;
            }
            _ => {}
        }
        spaced.push(c);
    }
    shell_words::split(&spaced).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(recipe: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let needs = RecipeNeeds::of(recipe, &|name| (name == "lint").then_some("eslint src"));
        (needs.programs, needs.files, needs.words)
    }

    fn owned(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn programs_and_files_of_plain_commands_are_needed() {
        for (recipe, programs, files, words) in [
            ("eslint . --fix", &["eslint"][..], &[][..], &[][..]),
            ("node a.test.js && node 'b.js' x", &["node"], &["a.test.js", "b.js"], &[]),
            ("npm run lint && NODE_ENV=x tsc -p y", &["tsc", "eslint"], &["tsconfig.json"], &["src"]),
            ("@cargo test --all", &["cargo"], &["Cargo.toml"], &[]),
            ("cargo install x", &["cargo"], &[], &["x"]),
            ("uv run pytest tests", &["uv"], &[], &["tests"]),
            ("./build.sh --fast\nscripts/run x", &[], &["build.sh", "scripts/run"], &[]),
            ("cd web; ls -la > out.txt 2>&1", &["ls"], &[], &["web"]),
            ("ruff check app tests -o report", &["ruff"], &[], &["app", "tests"]),
            ("node ../../scripts/build.js --all", &["node"], &["../../scripts/build.js"], &[]),
            ("cd ../.. && npm run other", &["npm"], &["../.."], &[]),
            ("(cd ../libs/a && npm ci) && npm install", &["npm"], &["../libs/a"], &[]),
        ] {
            assert_eq!(of(recipe), (owned(programs), owned(files), owned(words)), "{recipe}");
        }
    }

    #[test]
    fn what_may_not_run_or_may_fail_is_not_needed() {
        for recipe in [
            "-docker stop x",
            "which jq || brew install jq",
            "if x; then\n\ty\nfi",
            "for f in *; do gzip $f; done",
            "$(CC) -o x main.c",
            "echo hi",
            "scripts=$$(find plugins -type f); x=`ls plugins`",
            "python3 -c 'import x' 2>/dev/null || true",
            "# only words",
            "echo 'open",
        ] {
            let (programs, files, _) = of(recipe);
            assert_eq!((programs, files), (Vec::new(), Vec::new()), "{recipe}");
        }
    }
}
