//! Following a command, word by word, to the code that it executes.

use super::roles::{self, Role, role};
use super::{CODE, Inline, Started, filters};
use crate::check::source::{Language, excerpt, text_of};
use crate::domain::{Finding, Severity, ToolDetail, VersionFile, clean_path};

/// More programs in one another are not followed.
pub(super) const MAX_DEPTH: usize = 12;

/// Longest piece of a command in a finding, in characters.
const MAX_SHOWN: usize = 60;

/// Walks through one command.
pub(super) struct Follower<'v> {
    pub(super) version: &'v ToolDetail,
    inputs: Vec<String>,
    started: Started,
}

/// What a word names.
pub(super) enum WordTarget<'v> {
    File(&'v VersionFile),
    /// The folder of the version, or one in it.
    Folder,
    /// What an input says.
    Input,
    /// Standard input.
    Stdin,
    /// Something else.
    Other,
    /// The entry of a version that has none.
    Nothing,
}

impl<'v> Follower<'v> {
    pub(super) fn new(version: &'v ToolDetail) -> Follower<'v> {
        let properties = version.manifest.input.as_ref().and_then(|schema| schema.get("properties"));
        let inputs = properties.and_then(serde_json::Value::as_object).into_iter().flatten();
        Follower { version, inputs: inputs.map(|(name, _)| name.clone()).collect(), started: Started::default() }
    }

    pub(super) fn finish(self) -> Started {
        self.started
    }

    pub(super) fn unread(&mut self, words: &str) {
        self.unread_as(Severity::High, words);
    }

    fn unread_as(&mut self, severity: Severity, words: &str) {
        let finding = Finding::new(CODE, severity, format!("its command: not examined: {words}"));
        if !self.started.unread.contains(&finding) {
            self.started.unread.push(finding);
        }
    }

    /// A variable that the version is started with.
    pub(super) fn variable(&mut self, name: &str, value: &str) {
        if roles::loads_code(name, value) {
            self.unread(&format!("the variable {name}={} makes programs load code", shown(value)));
        }
    }

    /// A command: a program and the words behind it.
    pub(super) fn command(&mut self, words: &[String], depth: usize) {
        let Some((program, rest)) = words.split_first() else { return };
        if depth > MAX_DEPTH {
            self.unread("too many nested programs to follow");
            return;
        }
        match self.named(program) {
            WordTarget::File(file) => return self.by_kernel(file, rest, depth),
            WordTarget::Input => {
                return self.unread(&format!("the started program {} is chosen by an input", shown(program)));
            }
            WordTarget::Nothing => return,
            WordTarget::Folder | WordTarget::Stdin | WordTarget::Other => {}
        }
        if roles::is_elsewhere(program) {
            if self.can_start() {
                self.unread(&format!("{} is neither a file of the tool nor a system program", shown(program)));
            }
            return;
        }
        match role(program) {
            Role::Interpreter(Language::Bash) => self.shell(rest),
            Role::Interpreter(Language::Python) => self.python(rest, depth),
            Role::Interpreter(language) => self.javascript(language, program, rest),
            Role::Unread => {
                // A file of the tool can at least be read by a human.
                let is_readable = rest.iter().any(|word| {
                    matches!(self.named(word), WordTarget::File(file) if std::str::from_utf8(&file.bytes).is_ok())
                });
                let severity = if is_readable { Severity::Medium } else { Severity::High };
                let words = format!("{} executes code in a language that no check supports", shown(program));
                self.unread_as(severity, &words);
            }
            Role::Reader => self.reader(program, rest),
            role @ (Role::Wrapper | Role::Runner | Role::Unknown) => self.other(role, program, rest, depth),
        }
    }

    /// A file that is started as a program: its first line names who reads it.
    fn by_kernel(&mut self, file: &'v VersionFile, rest: &[String], depth: usize) {
        let Some(text) = text_of(file) else { return self.file(file, None, "started as a program") };
        let Some(line) = text.lines().next().unwrap_or_default().strip_prefix("#!") else {
            // What no kernel starts, a shell reads.
            return self.file(file, Some(Language::Bash), "sh");
        };
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.first().is_some_and(|word| word.ends_with("/env")) {
            words.retain(|word| word != "-S" && word != "--split-string");
            if let Some(word) = words.get_mut(1) {
                *word = word.trim_start_matches("-S").to_owned();
            }
        }
        words.push(format!("{{dir}}/{}", file.path));
        words.extend(rest.iter().cloned());
        self.command(&words, depth + 1);
    }

    /// A word that names the code to execute.
    pub(super) fn script(&mut self, word: &str, language: Language) {
        match self.named(word) {
            WordTarget::File(file) => {
                let by_ending = Language::of(&file.path, "");
                // One runtime reads all of the family; which of them a file is in says its ending.
                let family = by_ending.filter(|by_ending| language.is_javascript() && by_ending.is_javascript());
                self.file(file, Some(family.unwrap_or(language)), language.name());
            }
            WordTarget::Input => self.unread(&format!("the executed code {} is chosen by an input", shown(word))),
            WordTarget::Stdin => self.unread(&format!("{} executes its standard input", language.name())),
            WordTarget::Other if self.can_start() => {
                self.unread(&format!("it executes {}, which is not a file of the tool", shown(word)));
            }
            WordTarget::Folder | WordTarget::Nothing | WordTarget::Other => {}
        }
    }

    /// A file that is executed.
    pub(super) fn file(&mut self, file: &VersionFile, language: Option<Language>, by: &str) {
        if self.started.executes(&file.path) {
            return;
        }
        if language.is_none() {
            let words = format!("not examined: it is executed ({}), which no check supports", shown(by));
            let is_readable = std::str::from_utf8(&file.bytes).is_ok();
            let severity = if is_readable { Severity::Medium } else { Severity::High };
            self.started.unread.push(Finding::new(CODE, severity, words).at(&file.path, 1));
        }
        self.started.files.push((file.path.clone(), language));
    }

    /// Code in the command itself.
    pub(super) fn code(&mut self, language: Language, code: &str) {
        if let Some(input) = self.input_in(code) {
            self.unread(&format!("the input {input} is executed as part of the code {}", shown(code)));
        }
        self.started.code.push(Inline { language, text: code.to_owned() });
    }

    /// A utility that only reads; some of them are given a program.
    fn reader(&mut self, program: &str, words: &[String]) {
        self.program(program, words);
        let name = program.rsplit('/').next().unwrap_or_default();
        let is_awk = name.ends_with("awk");
        if !is_awk && name != "sed" {
            let runs = words.iter().find(|word| word.starts_with("--") && roles::is_code_option(word) && name != "jq");
            if let Some(word) = runs {
                self.unread(&format!("{name} starts a program named by {}", shown(word)));
            }
            return;
        }
        let mut given: Vec<&str> = Vec::new();
        let (mut at, mut has_file) = (0, false);
        while let Some(word) = words.get(at) {
            at += 1;
            let is_value = matches!(word.as_str(), "-e" | "--expression" | "--source" | "--program");
            if is_value {
                given.extend(words.get(at).map(String::as_str));
                at += 1;
            } else if let Some(code) = ["--expression=", "--source="].iter().find_map(|name| word.strip_prefix(name)) {
                given.push(code);
            } else if matches!(word.as_str(), "-v" | "-F" | "--assign" | "--field-separator" | "-l" | "--line-length") {
                at += usize::from(is_awk);
            } else if word.starts_with("-f")
                || word.starts_with("--file")
                || word.starts_with("--include")
                || word == "-i" && is_awk
                || word.starts_with("--load")
                || word.starts_with("--exec")
            {
                has_file = true;
            } else if !word.starts_with('-') {
                if given.is_empty() && !has_file {
                    given.push(word);
                }
                break;
            }
        }
        let is_plain = |code: &&str| if is_awk { filters::is_plain_awk(code) } else { filters::is_plain_sed(code) };
        if has_file {
            self.unread(&format!("{name} executes a program from a file in a language that no check supports"));
        } else if let Some(code) = given.iter().find(|code| !is_plain(code)).map(|code| (*code).to_owned()) {
            self.unread(&format!("{name} executes {}, which may start programs or use files", shown(&code)));
        } else if let Some(input) = given.iter().find_map(|code| self.input_in(code)) {
            self.unread(&format!("the input {input} is executed as part of a program of {name}"));
        }
    }

    /// A program of the system that is the end of the command.
    fn program(&mut self, program: &str, words: &[String]) {
        self.started.programs.push([program.to_owned()].into_iter().chain(words.iter().cloned()).collect());
    }

    /// A program that starts another one, or of which nothing is known.
    pub(super) fn other(&mut self, role: Role, program: &str, words: &[String], depth: usize) {
        for word in words {
            if let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.contains(['-', '/', ' '])) {
                self.variable(name, value);
            }
        }
        match program.rsplit('/').next() {
            Some("find") => return self.find(program, words, depth),
            // A place stands before the program.
            Some("flock" | "chroot") => {
                let place = words.iter().position(|word| is_operand(word)).filter(|at| at + 1 < words.len());
                if let Some(at) = place {
                    return self.other(role, "env", &words[at + 1..], depth);
                }
            }
            Some(_) | None => {}
        }
        let tail = words.iter().enumerate().position(|(at, word)| {
            let before = at.checked_sub(1).map(|at| words[at].as_str());
            self.begins_command(role, word, before, at + 1 < words.len())
        });
        let before = tail.map_or(words, |at| &words[..at]);
        match role {
            Role::Wrapper => return self.wrapped(program, words, tail, depth),
            Role::Runner => {
                let is_script = before.iter().any(|word| matches!(word.as_str(), "--script" | "-s" | "--gui-script"));
                let asked =
                    words.iter().position(|word| matches!(self.named(word), WordTarget::File(_) | WordTarget::Stdin));
                if let Some(at) = asked.filter(|at| tail.is_none_or(|tail| *at <= tail)) {
                    return self.by_ending(&words[at], program, is_script);
                }
                if tail.is_none() {
                    self.package(program, words);
                }
            }
            Role::Interpreter(_) | Role::Unread | Role::Reader | Role::Unknown => {}
        }
        self.suspicious(program, role, before);
        match tail {
            Some(at) => self.command(&words[at..], depth + 1),
            None => self.program(program, words),
        }
    }

    /// What a wrapper starts: the first word that is not an option, else the first program that is known.
    fn wrapped(&mut self, program: &str, words: &[String], tail: Option<usize>, depth: usize) {
        let before = tail.map_or(words, |at| &words[..at]);
        let is_text = self.texts(program, before, depth);
        // A word behind a short option may be its value.
        let is_option = |word: &String| word.len() == 2 && word.starts_with('-');
        let is_value = |at: usize| at > 0 && is_option(&words[at - 1]);
        let operand = (0..before.len()).find(|at| is_operand(&words[*at]) && !is_value(*at));
        let any = || words.iter().position(|word| is_operand(word));
        match operand.or(tail).or_else(any).filter(|_| tail.is_some() || !is_text) {
            Some(at) => {
                self.suspicious(program, Role::Wrapper, &words[..at]);
                self.command(&words[at..], depth + 1);
            }
            None if is_text => {}
            None => self.program(program, words),
        }
    }

    /// `find … -exec program … ;`.
    fn find(&mut self, program: &str, words: &[String], depth: usize) {
        let is_start = |word: &String| matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
        let starts: Vec<usize> = (0..words.len()).filter(|at| is_start(&words[*at])).collect();
        for at in &starts {
            let rest = &words[at + 1..];
            let end = rest.iter().position(|word| matches!(word.as_str(), ";" | "\\;" | "+")).unwrap_or(rest.len());
            self.command(&rest[..end], depth + 1);
        }
        if starts.is_empty() {
            self.program(program, words);
        }
    }

    /// Whether a word behind a program, and behind this word, is itself a program that is followed.
    fn begins_command(&self, role: Role, word: &str, before: Option<&str>, has_more: bool) -> bool {
        const TAKE_PATHS: &[&str] = &["-a", "-C", "-f", "-o", "-w", "-I", "-L", "-p", "-E", "--arg-file", "--chdir"];
        let is_value = before.is_some_and(|before| TAKE_PATHS.contains(&before));
        if word.starts_with('-') || word.contains([' ', '=']) || word.starts_with("/dev/") {
            return false;
        }
        match self.named(word) {
            WordTarget::File(_) => return role == Role::Wrapper && !is_value,
            WordTarget::Input => return role == Role::Wrapper && before.is_none_or(|before| !before.starts_with('-')),
            WordTarget::Folder | WordTarget::Stdin | WordTarget::Other | WordTarget::Nothing => {}
        }
        if roles::is_elsewhere(word) {
            return role == Role::Wrapper && !is_value;
        }
        match roles::role(word) {
            Role::Interpreter(_) => role != Role::Unknown || has_more,
            Role::Unread | Role::Reader | Role::Wrapper | Role::Runner => {
                role == Role::Wrapper || role == Role::Runner && has_more
            }
            Role::Unknown => false,
        }
    }

    /// Words of a wrapper that are commands of their own, as of `env -S`, `script -c` or `su -c`; whether there is one.
    fn texts(&mut self, program: &str, words: &[String], depth: usize) -> bool {
        let takes_texts = roles::has(roles::TAKE_TEXTS, program.rsplit('/').next().unwrap_or_default());
        let mut is_any = false;
        for (at, word) in words.iter().enumerate() {
            let long = word.split_once('=').filter(|(name, _)| name.starts_with("--")).map(|(_, value)| value);
            let short = ["-S", "-c"].iter().find_map(|name| word.strip_prefix(name)).filter(|rest| !rest.is_empty());
            let is_value = at > 0
                && matches!(words[at - 1].as_str(), "-c" | "-qc" | "-S" | "--command" | "--split-string" | "--run");
            let text = long.or(short).unwrap_or(word);
            if !takes_texts || !is_value && !text.contains(' ') {
                continue;
            }
            is_any = true;
            self.code(Language::Bash, text);
            if let Ok(inner) = shell_words::split(text) {
                let skip = inner.iter().take_while(|word| word.contains('=') || word.starts_with('-')).count();
                let rest = words.get(at + 1..).unwrap_or_default();
                self.command(&[&inner[skip..], rest].concat(), depth + 1);
            }
        }
        is_any
    }

    /// What a runner makes of a file: the ending decides, as it does for the runner.
    fn by_ending(&mut self, word: &str, program: &str, is_script: bool) {
        match self.named(word) {
            WordTarget::File(file) => {
                let language = Language::of(&file.path, text_of(file).unwrap_or_default());
                let language = language.or(is_script.then_some(Language::Python));
                self.file(file, language, program);
            }
            WordTarget::Stdin => self.unread(&format!("{} executes its standard input", shown(program))),
            _ => {}
        }
    }

    /// A runner without a file: it runs its own project, or a package.
    fn package(&mut self, program: &str, words: &[String]) {
        let fetches = [
            "uvx", "pipx", "npx", "bunx", "pnpx", "pnpm", "yarn", "npm", "uv", "pdm", "hatch", "poetry", "pipenv",
            "rye",
        ];
        let name = program.rsplit('/').next().unwrap_or_default();
        if fetches.contains(&name) && words.iter().any(|word| !word.starts_with("--version")) {
            let line = shown(&words.join(" "));
            self.unread(&format!("{name} {line} runs a package or project script that no check examines"));
        }
    }

    /// Words that a program of which nothing is known may execute.
    fn suspicious(&mut self, program: &str, role: Role, words: &[String]) {
        let mut option: Option<&str> = None;
        for word in words {
            let value = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
            if role == Role::Unknown && matches!(self.named(value), WordTarget::File(_)) {
                self.unread(&format!("it is unknown what {} does with {}", shown(program), shown(word)));
            } else {
                let own = self.without_placeholders(value);
                let name = word.split('=').next().filter(|name| word.len() > name.len() && roles::is_code_option(name));
                let is_program = name.is_some_and(roles::names_program) && !own.is_empty();
                if is_program || roles::looks_like_code(&own, option.or(name)) {
                    self.unread(&format!("{} may execute {}", shown(program), shown(word)));
                }
            }
            option = Some(word.as_str()).filter(|word| word.starts_with('-') && roles::is_code_option(word));
        }
    }

    /// What a word names: a file of the version, an input, or neither.
    pub(super) fn named(&self, word: &str) -> WordTarget<'v> {
        if matches!(word, "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
            return WordTarget::Stdin;
        }
        let entry = self.version.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_deref());
        let path = if let Some(rest) = word.strip_prefix("{file}") {
            let Some(entry) = entry else { return WordTarget::Nothing };
            format!("{entry}{rest}")
        } else if word == "{dir}" || word == "." {
            return WordTarget::Folder;
        } else {
            word.strip_prefix("{dir}/").unwrap_or(word).to_owned()
        };
        let Some(path) = cleaned(&path) else { return WordTarget::Other };
        if let Some(file) = self.version.files.iter().find(|file| cleaned(&file.path).as_deref() == Some(path.as_str()))
        {
            return WordTarget::File(file);
        }
        if self.input_in(word).is_some() || word == "{}" {
            return WordTarget::Input;
        }
        let is_folder = self.version.files.iter().any(|file| file.path.starts_with(&format!("{path}/")));
        if is_folder { WordTarget::Folder } else { WordTarget::Other }
    }

    /// The first input that a text is filled with.
    fn input_in(&self, text: &str) -> Option<String> {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let is_doubled = rest[open..].starts_with("{{");
            rest = &rest[open + if is_doubled { 2 } else { 1 }..];
            let Some(close) = rest.find(['}', '{']) else { break };
            let name = &rest[..close];
            let is_input = name.starts_with("input.") || self.inputs.iter().any(|input| input == name);
            if is_input && !is_doubled && rest[close..].starts_with('}') {
                return Some(name.to_owned());
            }
        }
        None
    }

    /// A word without the places that are filled in: what they hold is a value.
    fn without_placeholders(&self, word: &str) -> String {
        let mut text = word.to_owned();
        for name in self.inputs.iter().map(String::as_str).chain(["file", "dir", "workspace"]) {
            text = text.replace(&format!("{{{name}}}"), "");
        }
        while let Some(at) = text.find("{input.") {
            let end = text[at..].find('}').map_or(text.len(), |end| at + end + 1);
            text.replace_range(at..end, "");
        }
        text
    }

    /// Whether the version can be started at all: what is missing is told elsewhere.
    fn can_start(&self) -> bool {
        self.version.tool.reason.is_none()
    }
}

/// A path without `.` and `..`; `None` when it leads out, or is whole.
fn cleaned(path: &str) -> Option<String> {
    clean_path(path).filter(|path| !path.is_empty() && !path.starts_with('/'))
}

/// Whether a word behind a wrapper may be the program that it starts: no option, no variable, no number and no time.
fn is_operand(word: &str) -> bool {
    !word.starts_with(['-', '+'])
        && !word.contains([' ', '='])
        && !word.starts_with("/dev/")
        && !word
            .trim_end_matches(['s', 'm', 'h', 'd', '%'])
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
}

pub(super) fn shown(text: &str) -> String {
    excerpt(text, MAX_SHOWN)
}
