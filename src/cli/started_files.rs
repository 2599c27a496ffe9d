//! The files that a shell command line may start. The parser is approximate: it does not imitate a shell, and a file
//! too many only leads to one more question.

use std::path::{Component, Path, PathBuf};

/// Programs that start the file passed to them.
const STARTERS: [&str; 29] = [
    ".",
    "Rscript",
    "bash",
    "bun",
    "coverage",
    "dash",
    "deno",
    "fish",
    "ksh",
    "lua",
    "node",
    "npx",
    "osascript",
    "perl",
    "php",
    "pipenv",
    "poetry",
    "pwsh",
    "pypy3",
    "pytest",
    "python",
    "python3",
    "ruby",
    "sh",
    "source",
    "tsx",
    "uv",
    "uvx",
    "zsh",
];

/// Shell keywords that precede a command.
const KEYWORDS: [&str; 12] = ["!", "[[", "coproc", "do", "elif", "else", "if", "then", "until", "while", "{", "}"];

/// Python modules that start the file passed to them; other modules only read it.
const RUNNERS: [&str; 10] =
    ["cProfile", "coverage", "debugpy", "doctest", "pdb", "profile", "pytest", "runpy", "trace", "unittest"];

/// Options that make a program only check the syntax of a file.
const CHECKS_ONLY: [(&str, &str); 7] =
    [("bash", "-n"), ("dash", "-n"), ("ksh", "-n"), ("node", "--check"), ("php", "-l"), ("sh", "-n"), ("zsh", "-n")];

/// A program that starts the program after it.
struct Wrapper {
    name: &'static str,
    /// Options that take their argument from the next word.
    valued: &'static [&'static str],
    /// The number of operands before the program.
    operands: usize,
}

const fn wrapper(name: &'static str, valued: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper { name, valued, operands }
}

const WRAPPERS: [Wrapper; 25] = [
    wrapper("builtin", &[], 0),
    wrapper("caffeinate", &["-t", "-w"], 0),
    wrapper("chroot", &[], 1),
    wrapper("chrt", &["-T", "-P", "-D"], 1),
    wrapper("command", &[], 0),
    wrapper("doas", &["-u", "-C"], 0),
    wrapper("env", &["-u", "--unset", "-C", "--chdir"], 0),
    wrapper("exec", &["-a"], 0),
    wrapper("flock", &["-w", "--wait", "--timeout", "-E"], 1),
    wrapper("ionice", &["-c", "-n"], 0),
    wrapper("nice", &["-n"], 0),
    wrapper("nohup", &[], 0),
    wrapper("parallel", &["-j", "-I", "--jobs"], 0),
    wrapper("runuser", &["-u", "-g", "-G"], 0),
    wrapper("script", &["-O", "-I", "-B", "-T"], 0),
    wrapper("setsid", &[], 0),
    wrapper("stdbuf", &["-i", "-o", "-e"], 0),
    wrapper("strace", &["-o", "-e", "-s", "-p"], 0),
    wrapper("sudo", &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-r", "-t", "-T", "-U", "--user", "--group"], 0),
    wrapper("taskset", &[], 1),
    wrapper("time", &["-f", "-o"], 0),
    wrapper("timeout", &["-k", "-s", "--signal", "--kill-after"], 1),
    wrapper("unshare", &["-S", "-G", "-R", "-w"], 0),
    wrapper("watch", &["-n", "--interval"], 0),
    wrapper("xargs", &["-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a"], 0),
];

/// Wrappers that take the files to start from the preceding commands of the pipeline.
const FED: [&str; 2] = ["parallel", "xargs"];

/// The maximum depth of nested commands.
const DEEPEST: usize = 4;

/// The files below a folder of tools that a command line may start, relative to the workspace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StartedFiles {
    /// Files by their paths.
    pub(super) files: Vec<PathBuf>,
    /// Folders in which any file may be started.
    pub(super) folders: Vec<PathBuf>,
}

impl StartedFiles {
    /// Parses a command line that runs in a folder.
    pub(super) fn of(command: &str, workspace: &Path, cwd: Option<&Path>) -> StartedFiles {
        let here = cwd.unwrap_or(workspace).to_owned();
        let mut reader = Reader { workspace, here, found: StartedFiles::default() };
        reader.line(command, 0);
        reader.found
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }
}

struct Reader<'a> {
    workspace: &'a Path,
    here: PathBuf,
    found: StartedFiles,
}

impl Reader<'_> {
    fn line(&mut self, text: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let Split { pipelines, nested } = Split::of(text);
        for pipeline in pipelines {
            let mut before = Vec::new();
            for words in pipeline {
                self.simple(&words, &before, depth);
                before.extend(words);
            }
        }
        for text in nested {
            self.line(&text, depth + 1);
        }
    }

    /// Reads one command; `before` holds the words of the commands whose output it reads.
    fn simple(&mut self, words: &[String], before: &[String], depth: usize) {
        let (mut at, mut is_fed) = (0, false);
        let outside = self.here.clone();
        while let Some(word) = words.get(at) {
            let name = base(word);
            if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
                is_fed |= FED.contains(&name);
                let Some(next) = self.passed(wrapper, words, at + 1, depth) else { return };
                at = next;
            } else if KEYWORDS.contains(&word.as_str()) || is_assignment(word) {
                at += 1;
            } else if let Some(target) = redirected(word) {
                at += 1 + usize::from(target.is_empty());
            } else {
                break;
            }
        }
        if let Some((program, given)) = words.get(at..).and_then(<[String]>::split_first) {
            self.program(program, given, (before, is_fed), depth);
        }
        // `env -C` applies to one command, `cd` to those after it.
        if words.get(at).is_none_or(|word| !matches!(word.as_str(), "cd" | "pushd")) {
            self.here = outside;
        }
    }

    /// The index of the program after a wrapper; `None` if the wrapper takes it as one text, which is then already
    /// read.
    fn passed(&mut self, wrapper: &Wrapper, words: &[String], mut at: usize, depth: usize) -> Option<usize> {
        let mut operands = wrapper.operands;
        while let Some(word) = words.get(at) {
            at += 1;
            let is_text = match wrapper.name {
                "env" => matches!(word.as_str(), "-S" | "--split-string"),
                "flock" | "script" | "runuser" => is_command_option(word) || word == "--command",
                _ => false,
            };
            if is_text {
                self.line(words.get(at)?, depth + 1);
                return None;
            }
            if word.starts_with('-') {
                if let ("env", "-C" | "--chdir", Some(folder)) = (wrapper.name, word.as_str(), words.get(at)) {
                    self.here = self.here.join(folder);
                }
                at += usize::from(wrapper.valued.contains(&word.as_str()));
            } else if wrapper.name != "env" || !is_assignment(word) {
                if operands == 0 {
                    return Some(at - 1);
                }
                operands -= 1;
            }
        }
        Some(at)
    }

    fn program(&mut self, program: &str, given: &[String], (before, is_fed): (&[String], bool), depth: usize) {
        let name = base(program);
        match name {
            "cd" | "pushd" => {
                self.here.extend(given.first().map(Path::new));
                return;
            }
            "eval" => return self.line(&given.join(" "), depth + 1),
            "find" => return self.found_by_find(given, depth),
            "{}" => return self.any_of(before),
            _ => {}
        }
        self.file(program);
        // A wrapper such as `watch` takes its command as one text.
        if program.contains(char::is_whitespace) {
            self.line(program, depth + 1);
        }
        let is_python = name.starts_with("python") || name.starts_with("pypy");
        if !STARTERS.contains(&name) && !is_python {
            return;
        }
        if CHECKS_ONLY.iter().any(|(program, option)| *program == name && given.iter().any(|word| word == option)) {
            return;
        }
        let text = given.iter().position(|word| is_command_option(word)).and_then(|at| given.get(at + 1));
        if let Some(text) = text.filter(|_| !is_python) {
            self.line(text, depth + 1);
        }
        if let Some(module) =
            given.iter().position(|word| word == "-m").and_then(|at| given.get(at + 1)).filter(|_| is_python)
        {
            let path = module.replace('.', "/");
            self.file(&format!("{path}.py"));
            self.file(&format!("{path}/__main__.py"));
            if !RUNNERS.contains(&module.as_str()) {
                return;
            }
        }
        let operands: Vec<&str> = given.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        let reads_stdin = operands.iter().all(|word| *word == "/dev/stdin") || given.iter().any(|word| word == "-s");
        if is_fed || reads_stdin || operands.contains(&"{}") {
            self.any_of(before);
        }
        for word in operands {
            self.file(redirected(word).unwrap_or(word));
        }
    }

    /// `find` starts a program with the files that it finds.
    fn found_by_find(&mut self, given: &[String], depth: usize) {
        let is_start = |word: &&String| !word.starts_with(['-', '(', '!']);
        let starts: Vec<String> = given.iter().take_while(is_start).cloned().collect();
        let rest = given.iter().enumerate();
        let begins = rest.filter(|(_, word)| matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir"));
        for (at, _) in begins {
            let words: Vec<String> =
                given[at + 1..].iter().take_while(|word| *word != ";" && *word != "+").cloned().collect();
            self.simple(&words, &starts, depth + 1);
        }
    }

    /// Adds what is read from these words: the files, or any file in a folder.
    fn any_of(&mut self, words: &[String]) {
        for word in words {
            self.file(word);
            let is_pattern = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
            let named: PathBuf = Path::new(word).components().take_while(|part| !is_pattern(part)).collect();
            let folder = self.here.join(named);
            if folder.is_dir() {
                self.found.folders.extend(self.below_tools(&folder));
            }
        }
    }

    fn file(&mut self, word: &str) {
        let path = self.here.join(word);
        let real = path.canonicalize().ok();
        let all = [Some(path), real].into_iter().flatten();
        let found: Vec<PathBuf> = all.filter_map(|path| self.below_tools(&path)).collect();
        self.found.files.extend(found);
    }

    /// A path relative to the workspace, if it is in a folder of tools.
    fn below_tools(&self, path: &Path) -> Option<PathBuf> {
        let path = plain_path(self.workspace, path);
        format!("{}/", path.display()).contains("tools/").then_some(path)
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// `NAME=value` before a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains(['/', '-']))
}

/// Whether an option introduces a command: `-c`, also in a group (`-qec`).
fn is_command_option(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| letters.ends_with('c') && letters.chars().all(|letter| letter.is_ascii_alphabetic()))
}

/// The target of a redirection (`2>out`, `<in`); empty if the next word is the target.
fn redirected(word: &str) -> Option<&str> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    rest.starts_with(['<', '>']).then(|| rest.trim_start_matches(['<', '>', '&']))
}

/// A path relative to the workspace, without `.` and `..`.
fn plain_path(workspace: &Path, path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain.strip_prefix(workspace).map(Path::to_owned).unwrap_or(plain)
}

/// A text split into the words of its commands.
#[derive(Default)]
struct Split {
    /// Pipelines of commands, each a list of words.
    pipelines: Vec<Vec<Vec<String>>>,
    /// Commands inside double quotes.
    nested: Vec<String>,
}

impl Split {
    fn of(text: &str) -> Split {
        let mut split = Split { pipelines: vec![vec![Vec::new()]], nested: Vec::new() };
        let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
        let mut quoted = String::new();
        let mut rest = text.chars().peekable();
        let mut last = ' ';
        while let Some(c) = rest.next() {
            match (quote, c) {
                (None, '\'' | '"') => {
                    quote = Some(c);
                    quoted.clear();
                    word.get_or_insert_default();
                }
                (Some(open), c) if c == open => {
                    quote = None;
                    if open == '"' {
                        split.nested.extend(quoted.split_once("$(").map(|(_, text)| text.to_owned()));
                        split.nested.extend(quoted.split_once('`').map(|(_, text)| text.to_owned()));
                    }
                }
                (None | Some('"'), '\\') => {
                    if let Some(next) = rest.next().filter(|next| *next != '\n') {
                        word.get_or_insert_default().push(next);
                    }
                }
                (Some(_), c) => {
                    quoted.push(c);
                    word.get_or_insert_default().push(c);
                }
                (None, '&') if last == '>' || rest.peek() == Some(&'>') => word.get_or_insert_default().push(c),
                (None, '|') => {
                    split.end(&mut word);
                    let is_pipe = rest.next_if_eq(&'|').is_none();
                    // `|&` also pipes standard error.
                    rest.next_if_eq(&'&');
                    split.begin(is_pipe);
                }
                (None, ';' | '&' | '\n' | '(' | ')' | '`') => {
                    split.end(&mut word);
                    split.begin(false);
                }
                (None, c) if c.is_whitespace() => split.end(&mut word),
                (None, c) => word.get_or_insert_default().push(c),
            }
            last = c;
        }
        split.end(&mut word);
        split
    }

    fn end(&mut self, word: &mut Option<String>) {
        let command = self.pipelines.last_mut().and_then(|pipeline| pipeline.last_mut());
        if let (Some(word), Some(command)) = (word.take(), command) {
            command.push(word);
        }
    }

    fn begin(&mut self, is_pipe: bool) {
        match self.pipelines.last_mut() {
            Some(pipeline) if is_pipe => pipeline.push(Vec::new()),
            _ => self.pipelines.push(vec![Vec::new()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "tools/experimental/evil.py";

    fn of(command: &str) -> StartedFiles {
        StartedFiles::of(command, Path::new("/work"), None)
    }

    fn starts(command: &str) -> bool {
        of(command).files.contains(&PathBuf::from(FILE))
    }

    #[test]
    fn a_file_that_is_started_is_found_whatever_stands_before_it() {
        for before in [
            "python3",
            "/usr/bin/python3.12 -I -u",
            "/usr/bin/env python3",
            "env -u HOME A=1 python3",
            "/usr/bin/env --unset HOME -i python3",
            "sudo -u root python3",
            "sudo -E --user=root env -u X timeout -k 1 9s python3",
            "flock /tmp/lock python3",
            "flock -w 3 /tmp/lock python3",
            "nice -n 5 ionice -c 2 python3",
            "A=1 B=2 python3",
            "! python3",
            "{ python3",
            "2>/dev/null python3",
            "> out python3",
            "python3 -m pdb",
            "uv run",
            "cd /work; python3",
            "true && python3",
            "true || python3",
            "if true; then python3",
            "for x in 1 2; do python3",
            "while python3",
            "x=$(python3",
            "echo \"$(python3",
            "time -f %e python3",
            "",
            "exec -a x",
            "stdbuf -o L ./",
        ] {
            let glue = if before.is_empty() || before.ends_with('/') { "" } else { " " };
            let line = format!("{before}{glue}{FILE} 1 2>&1");
            let line = if line.contains('"') { format!("{line})\"") } else { line };
            assert!(starts(&line), "{line}: {:?}", of(&line));
        }
    }

    #[test]
    fn a_file_within_another_command_or_behind_a_pipe_is_found() {
        for line in [
            "sh -c 'python3 tools/experimental/evil.py'",
            "bash -lc \"cd tools && python3 experimental/evil.py\"",
            "eval python3 tools/experimental/evil.py",
            "eval 'python3 tools/experimental/evil.py'",
            "script -qec 'python3 tools/experimental/evil.py' /dev/null",
            "flock /tmp/lock -c 'python3 tools/experimental/evil.py'",
            "env -S 'python3 tools/experimental/evil.py'",
            "watch -n 1 'python3 tools/experimental/evil.py'",
            "cat tools/experimental/evil.py | python3",
            "cat tools/experimental/evil.py | sed s/a/b/ | sudo bash -s -- x | true",
            "echo tools/experimental/evil.py | xargs -n 1 python3",
            "find . -path ./tools/x -o -exec python3 tools/experimental/evil.py \\;",
            "python3 < tools/experimental/evil.py",
            "python3 tools/'experimental'/\"evil\".py",
            "python3 tools/experimental/ev\\il.py",
            "cd tools/experimental; ./evil.py",
            "env -C tools/experimental python3 evil.py",
            "python3 -m tools.experimental.evil",
            "bash <<EOF\npython3 tools/experimental/evil.py\nEOF",
        ] {
            assert!(starts(line), "{line}: {:?}", of(line));
        }
    }

    #[test]
    fn what_only_reads_a_file_starts_nothing() {
        for line in [
            "cat tools/experimental/evil.py",
            "python3 -m py_compile tools/experimental/evil.py",
            "python3 -m json.tool tools/experimental/evil.py",
            "bash -n tools/experimental/evil.py",
            "node --check tools/experimental/evil.py",
            "git commit -m 'run python3 tools/experimental/evil.py'",
            "grep -c x tools/experimental/evil.py | python3 -m json.tool",
            "ls tools/experimental | wc -l",
            "python3 other.py > tools_of_mine",
        ] {
            assert!(of(line).is_empty(), "{line}: {:?}", of(line));
        }
    }

    #[test]
    fn what_find_and_xargs_take_from_a_folder_may_be_any_file_of_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tools/experimental")).unwrap();
        for line in [
            "find tools -name '*.py' -exec python3 {} \\;",
            "find tools/experimental -execdir {} +",
            "ls tools/experimental/*.py | xargs python3",
            "cat tools/experimental/*.py | python3 -",
        ] {
            let found = StartedFiles::of(line, dir.path(), None);
            assert!(found.folders.iter().any(|folder| folder.starts_with("tools")), "{line}: {found:?}");
        }
        assert!(StartedFiles::of("find tools -name x", dir.path(), None).is_empty());
    }
}
