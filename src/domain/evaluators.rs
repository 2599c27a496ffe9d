//! Programs that execute their input, and what that means for their arguments.
//!
//! This is the only list for code that decides whether a value, a file or an output may become code. It is deliberately
//! broad: a missing program is a security hole, while an unnecessary entry only forbids a few characters in a value.

/// How much freedom a value has at one place, from everything to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freedom {
    /// Any text.
    Text,
    /// Any text that does not begin with a dash.
    NoOption,
    /// Letters, digits and characters of names and paths.
    Path,
    /// Letters, digits and characters of names: no path and no assignment.
    Name,
    /// A whole number.
    Number,
    /// The value would be code; contains the reason.
    Code(&'static str),
}

/// Characters of names, for a value with nothing in front of it.
const NAME: &str = "([A-Za-z0-9_.,:@%+][A-Za-z0-9_.,:@%+-]*)?";
/// The same with the characters of paths and assignments.
const PATH: &str = "([A-Za-z0-9_.,:@%+=/][A-Za-z0-9_.,:@%+=/-]*)?";

impl Freedom {
    /// The characters that a text may have, as a pattern without anchors; `None` if a pattern restricts nothing. A name
    /// or a path never contains `prefix`, the prefix of the variables that hold the values: it would be evaluated as
    /// one of them.
    pub fn signs(self, prefix: &str) -> Option<String> {
        match self {
            Freedom::Text | Freedom::Number | Freedom::Code(_) => None,
            Freedom::NoOption => Some("(?!-)[\\s\\S]*".to_owned()),
            Freedom::Path => Some(format!("(?!.*{prefix}){PATH}")),
            Freedom::Name => Some(format!("(?!.*{prefix}){NAME}")),
        }
    }
}

/// What a program does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Executes all of its arguments as code, or uses them as names of variables.
    Words,
    /// Executes a file, its standard input, or the value of an option.
    Interpreter,
    /// Executes statements of a database: its standard input, the value of an option, or a second argument.
    Client,
    /// Executes its first argument, or the value of an option, in its own language.
    Filter,
    /// Starts the program that its arguments name.
    Wrapper,
    /// Starts programs because of its settings, options or definitions.
    Runner,
    /// Like [`Sort::Runner`], and most of its arguments are files.
    FileRunner,
}

const SORTS: &[(Sort, &[&str])] = &[
    (
        Sort::Words,
        &[
            "eval",
            "source",
            ".",
            "trap",
            "alias",
            "bind",
            "complete",
            "compgen",
            "compopt",
            "let",
            "unset",
            "read",
            "readarray",
            "mapfile",
            "getopts",
            "declare",
            "typeset",
            "hash",
            "enable",
            "su",
            "runuser",
            "watch",
            "parallel",
            "at",
            "batch",
            "entr",
            "history",
            "autoload",
            "zle",
            "zmodload",
            "emulate",
            "fc",
            "osascript",
            "coproc",
        ],
    ),
    (
        Sort::Interpreter,
        &[
            "sh",
            "bash",
            "zsh",
            "dash",
            "ksh",
            "mksh",
            "ash",
            "fish",
            "csh",
            "tcsh",
            "rbash",
            "busybox",
            "toybox",
            "pwsh",
            "powershell",
            "cmd",
            "python",
            "pypy",
            "ipython",
            "node",
            "nodejs",
            "deno",
            "bun",
            "zx",
            "tsx",
            "ts-node",
            "perl",
            "ruby",
            "irb",
            "php",
            "lua",
            "luajit",
            "tclsh",
            "wish",
            "expect",
            "Rscript",
            "R",
            "julia",
            "groovy",
            "scala",
            "jshell",
            "ghci",
            "octave",
            "gnuplot",
            "m4",
            "dc",
            "bc",
            "guile",
            "emacs",
            "vim",
            "vi",
            "nvim",
            "view",
            "ex",
            "ed",
            "gdb",
            "lldb",
            "script",
            "flock",
            "crontab",
            "tmux",
            "screen",
            "nc",
            "ncat",
            "netcat",
            "socat",
            "ssh",
            "mosh",
            "systemd-run",
            "less",
            "more",
            "man",
            "ftp",
            "sftp",
            "telnet",
        ],
    ),
    (Sort::Client, &["mysql", "mariadb", "psql", "sqlite3", "duckdb", "mongo", "mongosh", "redis-cli", "sqlcmd"]),
    (Sort::Filter, &["sed", "gsed", "ssed", "awk", "gawk", "mawk", "nawk"]),
    (
        Sort::Wrapper,
        &[
            "exec",
            "command",
            "builtin",
            "env",
            "sudo",
            "doas",
            "pkexec",
            "time",
            "nice",
            "nohup",
            "timeout",
            "gtimeout",
            "stdbuf",
            "setsid",
            "ionice",
            "chrt",
            "taskset",
            "strace",
            "ltrace",
            "valgrind",
            "xargs",
            "chroot",
            "unshare",
            "nsenter",
            "noglob",
            "nocorrect",
            "unbuffer",
            "caffeinate",
            "setarch",
            "prlimit",
            "firejail",
            "bwrap",
            "proxychains",
        ],
    ),
    (
        Sort::Runner,
        &[
            "make", "gmake", "ninja", "just", "task", "mise", "rake", "gradle", "gradlew", "mvn", "ant", "bazel",
            "npm", "npx", "yarn", "pnpm", "pnpx", "bunx", "pip", "pip3", "pipx", "uv", "uvx", "cargo", "go", "java",
            "gem", "bundle", "ansible", "set", "export", "readonly", "local", "wait",
        ],
    ),
    (
        Sort::FileRunner,
        &["tar", "bsdtar", "gtar", "rsync", "scp", "zip", "cpio", "split", "sort", "cmake", "open", "xdg-open"],
    ),
];

/// Options that interpreters, and programs like them, read code from.
const CODE_OPTIONS: &[&str] =
    &["-c", "-e", "-E", "-p", "-r", "-x", "-n", "-i", "-ex", "-eval", "-exec", "-Command", "-EncodedCommand"];

/// Parts of long options that take code or a program.
const CODE_PARTS: &[&str] = &[
    "eval",
    "exec",
    "command",
    "program",
    "shell",
    "rsh",
    "hook",
    "editor",
    "pager",
    "checkpoint-action",
    "rsync-path",
    "upload-pack",
    "receive-pack",
    "extcmd",
    "expression",
    "askpass",
    "preprocessor",
];

/// Arguments after which git starts a program.
const GIT_STARTS: &[&str] =
    &["-c", "--config", "--config-env", "config", "foreach", "run", "filter-branch", "-x", "--exec"];

/// Arguments after which find starts a program.
const FIND_STARTS: &[&str] = &["-exec", "-execdir", "-ok", "-okdir"];

const SSH_WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word<'t> {
    /// The same text in every run.
    Fixed(&'t str),
    /// Only the value in question.
    Value,
    /// The value combined with fixed text; contains the text without the value.
    Partly(&'t str),
    /// Another computed text.
    Computed,
}

impl<'t> Word<'t> {
    fn fixed(&self) -> Option<&'t str> {
        match self {
            Word::Fixed(text) => Some(text),
            _ => None,
        }
    }

    fn is_option(&self) -> bool {
        self.fixed().is_some_and(|text| text.starts_with('-') && text.len() > 1)
    }
}

fn sort(word: &str) -> Option<Sort> {
    let name = word.rsplit('/').next().unwrap_or(word);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    SORTS
        .iter()
        .find(|(_, names)| names.contains(&name) || plain.len() > 1 && names.contains(&plain))
        .map(|(sort, _)| *sort)
}

/// Whether a program of this name executes its input, its arguments or a file.
pub fn evaluates(name: &str) -> bool {
    matches!(sort(name), Some(Sort::Words | Sort::Interpreter))
}

/// Whether a program of this name executes files of its working directory.
pub fn runs_project(name: &str) -> bool {
    sort(name) == Some(Sort::Runner)
}

/// Whether a command executes something that is not fixed in its words: it is an interpreter, or its program is
/// computed.
pub fn executes(words: &[Word<'_>]) -> bool {
    let is_computed = |word: &Word<'_>| word.fixed().is_none();
    let starts_computed = |at: usize| {
        words.get(at + 1..).and_then(|rest| rest.iter().find(|word| !word.is_option())).is_some_and(is_computed)
    };
    let is_wrapped = words.first().and_then(Word::fixed).and_then(sort) == Some(Sort::Wrapper);
    let counts = |at: usize, word: &str| at == 0 || is_wrapped || is_program(word);
    words.first().is_some_and(is_computed)
        || words.iter().enumerate().any(|(at, word)| {
            match word.fixed().filter(|word| counts(at, word)).and_then(sort) {
                Some(Sort::Words | Sort::Interpreter) => true,
                Some(Sort::Wrapper) => starts_computed(at),
                _ => false,
            }
        })
}

/// What a value in the output of another command may be, if a command reads it.
pub fn of_input(words: &[Word<'_>]) -> Freedom {
    if executes(words) {
        return Freedom::Code("code of the program behind the pipe");
    }
    let is_wrapper = words
        .iter()
        .filter_map(Word::fixed)
        .any(|word| matches!(word.rsplit('/').next(), Some("xargs" | "tee" | "sponge" | "dd")));
    let is_client = words.iter().filter_map(Word::fixed).any(|word| sort(word) == Some(Sort::Client));
    if is_wrapper || is_client { Freedom::Name } else { Freedom::Text }
}

/// What a value in one word of a command may be. `at` is the index of the word; the first word is the program.
pub fn of_word(words: &[Word<'_>], at: usize) -> Freedom {
    let Some(Word::Fixed(program)) = words.first().filter(|_| at > 0) else {
        return Freedom::Code("the program that is started, or a word of one that is not known");
    };
    let own = behind(program, words, at);
    let name = program.rsplit('/').next().unwrap_or(program);
    let started = match name {
        "git" => starts(words, at, GIT_STARTS),
        "find" => starts(words, at, FIND_STARTS),
        "printf" | "test" | "[" if words[at - 1].fixed() == Some("-v") => {
            Freedom::Code("the name of a variable, whose index can run commands")
        }
        _ => Freedom::Text,
    };
    // A program that is named later is started with the words after it.
    let is_wrapped = sort(program) == Some(Sort::Wrapper);
    let inner = words[1..at].iter().enumerate().filter_map(|(place, word)| {
        let word = word.fixed().filter(|word| is_wrapped || is_program(word))?;
        sort(word).map(|_| behind(word, &words[place + 1..], at - place - 1))
    });
    let is_started = |word: &str| (is_wrapped || is_program(word)) && evaluates(word);
    let after = words[at + 1..].iter().filter_map(Word::fixed).any(is_started);
    let before = if after { Freedom::Path } else { Freedom::Text };
    inner.fold(own.max(started).max(option(words, at)).max(before), Freedom::max)
}

/// Whether a program of this name can be started by others; only a shell executes the rest.
fn is_program(word: &str) -> bool {
    let is_of_shell =
        ["exec", "command", "builtin", "noglob", "nocorrect", "set", "export", "readonly", "local", "wait"]
            .contains(&word);
    !is_of_shell && sort(word) != Some(Sort::Words)
        || ["su", "runuser", "watch", "parallel", "osascript"].contains(&word)
}

/// What a value may be after words with which a program starts others.
fn starts(words: &[Word<'_>], at: usize, marks: &[&str]) -> Freedom {
    let is_mark = |word: &Word<'_>| word.fixed().is_some_and(|word| marks.contains(&word));
    if !words.iter().any(is_mark) {
        return Freedom::Text;
    }
    match words[..at].iter().rposition(is_mark) {
        Some(mark) if mark + 1 == at => Freedom::Code("a program or a setting by which one is started"),
        Some(_) if matches!(words[at], Word::Partly(_)) => {
            Freedom::Code("a program or a setting by which one is started")
        }
        Some(_) => Freedom::Name,
        None => Freedom::Path,
    }
}

/// What a value may be in or after a long option that takes a program.
fn option(words: &[Word<'_>], at: usize) -> Freedom {
    let takes_code = |word: &str| {
        let name = word.split(['=', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        name.starts_with("--") && CODE_PARTS.iter().any(|part| name.contains(part))
            || word.to_ascii_lowercase().contains("proxycommand")
            || word.to_ascii_lowercase().contains("localcommand")
    };
    let own = matches!(words[at], Word::Partly(text) if takes_code(text));
    let before = words[at - 1].fixed().is_some_and(|word| !word.contains('=') && takes_code(word));
    if own || before { Freedom::Code("a program that is started, or code") } else { Freedom::Text }
}

/// What a value may be as an argument of a program that executes code.
fn behind(program: &str, words: &[Word<'_>], at: usize) -> Freedom {
    let before = &words[1..at];
    let last = before.last().and_then(Word::fixed).unwrap_or_default();
    let has_operand = before.iter().any(|word| !word.is_option());
    match sort(program) {
        None => Freedom::Text,
        Some(Sort::Words) => Freedom::Code("read again as code"),
        Some(Sort::Interpreter) if program.rsplit('/').next() == Some("ssh") => ssh(before),
        Some(Sort::Interpreter) => interpreter(before, &words[at]),
        Some(Sort::Client) => {
            let is_code =
                |word: &str| matches!(word, "-c" | "-e" | "-E" | "-x" | "-Q" | "-q" | "-cmd" | "eval" | "EVAL");
            let takes_statement =
                has_operand && !last.starts_with('-') && !matches!(program, "mysql" | "mariadb" | "psql");
            match &words[at] {
                _ if takes_statement || is_code(last) => Freedom::Code("code of the program that it starts"),
                Word::Partly(text) if text.contains(char::is_whitespace) => {
                    Freedom::Code("code of the program that it starts")
                }
                _ => Freedom::Path,
            }
        }
        Some(Sort::Filter) => match &words[at] {
            Word::Partly(text) if last == "-v" || text.starts_with("-v") || text.starts_with("-F") => Freedom::Name,
            Word::Partly(text) if has_operand && !text.contains(char::is_whitespace) && !is_code_option(last) => {
                Freedom::Path
            }
            Word::Value if last == "-v" || last == "-F" => Freedom::Name,
            Word::Value if has_operand && !is_code_option(last) => Freedom::Path,
            _ => Freedom::Code("code of the program that it starts"),
        },
        Some(Sort::Wrapper) => {
            let is_started = before.iter().any(|word| {
                word.fixed().is_some_and(|word| !word.starts_with('-') && !word.contains('=') && !is_amount(word))
            });
            match &words[at] {
                _ if is_started => Freedom::Text,
                Word::Partly(text) if text.starts_with('-') || text.contains('=') => Freedom::Name,
                _ if before.last().is_some_and(Word::is_option) => Freedom::Name,
                _ => Freedom::Code("the program that is started"),
            }
        }
        Some(Sort::Runner) => Freedom::Name,
        Some(Sort::FileRunner) if last.starts_with("-e") || last.starts_with("-I") => Freedom::Name,
        Some(Sort::FileRunner) => Freedom::Path,
    }
}

/// What a value may be after an interpreter: its script, or an argument of the script.
fn interpreter(before: &[Word<'_>], word: &Word<'_>) -> Freedom {
    const CODE: Freedom = Freedom::Code("code of the program that it starts");
    let is_code = |word: &str| {
        let is_cluster = word.starts_with('-') && !word.starts_with("--") && word.len() <= 4;
        CODE_OPTIONS.contains(&word)
            || is_cluster && word.contains(['c', 'e', 'p', 'r', 'x', 'E'])
            || word.starts_with('+')
    };
    if before.iter().filter_map(Word::fixed).any(is_code) {
        return CODE;
    }
    let has_script = before.iter().any(|word| word.fixed().is_some_and(|word| !word.starts_with('-')));
    match word {
        Word::Partly(text) if text.contains(char::is_whitespace) || text.starts_with('+') => CODE,
        // An option of the script, if one was named.
        Word::Partly(text) if text.starts_with('-') && !(has_script && text.starts_with("--")) => CODE,
        _ => Freedom::Name,
    }
}

fn is_code_option(word: &str) -> bool {
    matches!(word, "-e" | "-f" | "--expression" | "--file" | "--source" | "-i" | "--include")
}

/// A number with or without a unit: a duration or a count.
fn is_amount(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() < 12
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

/// After its host, ssh takes code for another machine.
fn ssh(before: &[Word<'_>]) -> Freedom {
    let mut words = before.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.fixed().and_then(|word| word.strip_prefix('-')) else {
            return Freedom::Code("code of the shell on another machine");
        };
        if option.chars().count() == 1 && SSH_WITH_VALUE.contains(option) {
            if option == "o" && words.len() == 0 {
                return Freedom::Code("a setting by which programs are started");
            }
            words.next();
        }
    }
    Freedom::Path
}
