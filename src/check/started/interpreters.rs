//! The options of the supported interpreters: which word is the code, and which names its file.

use super::follow::{Follower, MAX_DEPTH, WordTarget, shown};
use super::roles::{self, FILE_MODULES, HARMLESS_MODULES, Role};
use crate::check::source::Language;
use crate::domain::VersionFile;

impl Follower<'_> {
    /// `sh [options] [-c code | file]`.
    pub(super) fn shell(&mut self, words: &[String]) {
        let (mut is_code, mut at) = (false, 0);
        while let Some(word) = words.get(at).filter(|word| word.len() > 1 && word.starts_with(['-', '+'])) {
            at += 1;
            if word == "--" {
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                if matches!(long, "rcfile" | "init-file") {
                    words.get(at).iter().for_each(|word| self.script(word, Language::Bash));
                    at += 1;
                }
                continue;
            }
            is_code |= word.starts_with('-') && word.contains('c');
            if word.starts_with('-') && word.contains(['s', 'i']) && !word.contains('o') {
                return self.unread("a shell executes its standard input");
            }
            at += word.chars().filter(|c| matches!(c, 'o' | 'O')).count();
        }
        match words.get(at) {
            Some(code) if is_code => self.code(Language::Bash, code),
            Some(word) => self.script(word, Language::Bash),
            None => self.unread("a shell executes its standard input or appended arguments"),
        }
    }

    /// `python [options] [-c code | -m module | file]`.
    pub(super) fn python(&mut self, words: &[String], depth: usize) {
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
                return self.script(word, Language::Python);
            };
            if let Some(long) = cluster.strip_prefix('-') {
                match long {
                    "version" | "help" | "help-all" | "help-env" | "help-xoptions" => return,
                    "check-hash-based-pycs" => at += 1,
                    _ => {}
                }
                continue;
            }
            for (place, option) in cluster.char_indices() {
                let attached = &cluster[place + option.len_utf8()..];
                let value = || if attached.is_empty() { words.get(at).cloned() } else { Some(attached.to_owned()) };
                match option {
                    'c' => return value().iter().for_each(|code| self.code(Language::Python, code)),
                    'm' => {
                        let rest = words.get(at + usize::from(attached.is_empty())..).unwrap_or_default();
                        return value().iter().for_each(|module| self.module(module, rest, depth));
                    }
                    'W' | 'X' | 'Q' => {
                        at += usize::from(attached.is_empty());
                        break;
                    }
                    'i' => self.unread("Python executes its standard input after the script (-i)"),
                    'x' => self.unread("Python skips the first line of the script (-x)"),
                    'V' | 'h' | '?' => return,
                    _ => {}
                }
            }
        }
        self.unread("Python executes its standard input");
    }

    fn module(&mut self, module: &str, rest: &[String], depth: usize) {
        if depth > MAX_DEPTH {
            return self.unread("too many nested modules to follow");
        }
        let path = module.replace('.', "/");
        let is_it = |file: &&VersionFile| {
            [format!("{path}.py"), format!("{path}/__main__.py")]
                .iter()
                .any(|end| file.path == *end || file.path.ends_with(&format!("/{end}")))
        };
        if let Some(file) = self.version.files.iter().find(is_it) {
            return self.file(file, Some(Language::Python), "python -m");
        }
        if roles::has(HARMLESS_MODULES, module) {
            return;
        }
        match module {
            "timeit" => {
                // The setup and the statements form one program.
                let lines = rest.iter().map(|word| {
                    let code = word.strip_prefix("--setup=").or_else(|| word.strip_prefix("-s"));
                    code.unwrap_or(word)
                });
                let is_code = |code: &&str| !code.is_empty() && !code.starts_with('-') && code.parse::<u64>().is_err();
                let lines: Vec<&str> = lines.filter(is_code).collect();
                self.code(Language::Python, &lines.join("\n"));
            }
            "code" | "idlelib" | "asyncio" | "IPython" => {
                self.unread(&format!("python -m {module} executes its standard input"));
            }
            _ if roles::has(FILE_MODULES, module) => {
                if rest.iter().any(|word| word == "-c" || word.starts_with("-c") && word.len() > 2) {
                    self.unread(&format!("python -m {module} executes the code after -c"));
                }
                if let Some(at) = rest.iter().position(|word| word == "-m" || word == "--module") {
                    let inner = rest.get(at + 1).cloned().unwrap_or_default();
                    return self.module(&inner, rest.get(at + 2..).unwrap_or_default(), depth + 1);
                }
                for word in rest {
                    if let WordTarget::File(file) = self.named(word) {
                        self.file(file, Some(Language::Python), module);
                    }
                }
            }
            _ => self.other(Role::Unknown, &format!("python -m {module}"), rest, depth),
        }
    }

    /// `node [options] [-e code | file]`, and the same for deno, bun and TypeScript runners.
    pub(super) fn javascript(&mut self, language: Language, program: &str, words: &[String]) {
        let mut words = words;
        if let Some((first, rest)) = words.split_first() {
            match first.as_str() {
                "eval" => {
                    let code = rest.iter().find(|word| !word.starts_with('-'));
                    return code.iter().for_each(|code| self.code(Language::TypeScript, code));
                }
                "repl" | "task" | "x" | "create" | "install" | "i" | "add" => {
                    return self
                        .unread(&format!("{} {first} executes code that is not in the command", shown(program)));
                }
                "run" | "test" | "bench" | "serve" | "watch" => words = rest,
                _ => {}
            }
        }
        let mut script: Option<&String> = None;
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let (name, attached) = word.split_once('=').map_or((word.as_str(), None), |(n, value)| (n, Some(value)));
            if !word.starts_with('-') || word == "-" {
                // The value of an unknown option is not a script if a file of the version follows.
                let later = words[at - 1..].iter().find(|word| matches!(self.named(word), WordTarget::File(_)));
                script = later.or(Some(word));
                break;
            }
            let is_cluster = !name.starts_with("--") && name[1..].chars().all(|c| matches!(c, 'p' | 'e' | 'i' | 'c'));
            if matches!(name, "--eval" | "--print") || is_cluster && name.contains(['e', 'p']) {
                let code = attached.map(str::to_owned).or_else(|| words.get(at).cloned());
                return code.iter().for_each(|code| self.code(language, code));
            }
            if matches!(name, "--run" | "-i" | "--interactive") {
                return self.unread(&format!("{} {name} executes code that is not in the command", shown(program)));
            }
            if matches!(name, "--version" | "-v" | "--help" | "-h" | "--test") && script.is_none() && words.len() == 1 {
                return;
            }
            let takes_file = matches!(
                name,
                "-r" | "--require"
                    | "--import"
                    | "--loader"
                    | "--experimental-loader"
                    | "--preload"
                    | "--env-file"
                    | "--snapshot-blob"
                    | "--build-snapshot"
                    | "--import-map"
                    | "-c"
                    | "--config"
                    | "-C"
                    | "--conditions"
            );
            let value = match attached {
                Some(value) => Some(value.to_owned()),
                None if takes_file => {
                    at += 1;
                    words.get(at - 1).cloned()
                }
                None => None,
            };
            let loads = !matches!(name, "--env-file" | "-C" | "--conditions" | "-c" | "--config" | "--import-map");
            if let Some(value) = value.filter(|_| takes_file && loads) {
                // A bare name is an installed package, as in an import.
                if value.contains([':', '/']) && !value.starts_with("node:") && !value.ends_with("/register") {
                    self.script(&value, language);
                }
            }
        }
        match script {
            Some(word) => self.script(word, language),
            None => self.unread(&format!("{} executes its standard input", shown(program))),
        }
    }
}
