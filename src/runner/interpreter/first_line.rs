//! The first line of a script, read as the kernel and `env` read it.

use super::file_name;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How much of a file is read to find its interpreter, in bytes; the kernel reads the same amount.
const HEAD: usize = 256;

/// The first line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runner) struct FirstLine {
    /// The interpreter's name: `python3` for `#!/usr/bin/env python3`.
    pub(in crate::runner) name: String,
    /// Its path; `None` when `env` looks it up.
    pub(super) program: Option<PathBuf>,
    /// The path of `env`, if the line begins with it.
    pub(super) env: Option<PathBuf>,
    /// Why the program cannot be determined.
    pub(super) fault: Option<&'static str>,
}

/// The content of a script's first line; `None` if it names no interpreter.
pub(in crate::runner) fn shebang(script: &Path) -> Option<FirstLine> {
    FirstLine::parse(&head(script)?)
}

/// The beginning of a file.
pub(super) fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(HEAD as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

impl FirstLine {
    /// Reads the beginning of a file.
    pub(in crate::runner) fn parse(head: &[u8]) -> Option<FirstLine> {
        let head = &head[..head.len().min(HEAD)];
        let line = String::from_utf8_lossy(head.strip_prefix(b"#!")?).lines().next()?.to_owned();
        let mut words = line.split_whitespace();
        let program = PathBuf::from(words.next()?);
        let name = file_name(&program);
        if name != "env" {
            return Some(FirstLine { name, program: Some(program), env: None, fault: None });
        }
        let (word, fault) = after_env(words)?;
        // `env` also treats a name with a slash as a path.
        let path = word.contains('/').then(|| PathBuf::from(&word));
        let name = path.as_deref().map_or(word, file_name);
        Some(FirstLine { name, program: path, env: Some(program), fault })
    }
}

/// The program that `env` starts with these arguments, and why that is not certain.
fn after_env<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<(String, Option<&'static str>)> {
    let mut fault = None;
    loop {
        let word = words.next()?;
        let word = ["-S", "--split-string="].iter().find_map(|option| word.strip_prefix(option)).unwrap_or(word);
        match word {
            "" | "-" | "--" | "-i" | "-v" | "--split-string" | "--ignore-environment" | "--debug" => {}
            "-u" | "--unset" => drop(words.next()),
            _ if word.starts_with("-u") || word.starts_with("--unset=") => {}
            _ if word.starts_with('-') => {
                fault = Some("it passes env an option that changes the program search path");
            }
            _ if word.starts_with("PATH=") => {
                fault = Some("it sets the PATH on which its own interpreter is searched");
            }
            _ if word.contains(['\'', '"', '\\', '$']) => {
                return Some((word.to_owned(), Some("it has quotes or variables in it")));
            }
            _ if word.contains('=') => {}
            _ => return Some((word.to_owned(), fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> (String, Option<String>, bool) {
        let line = FirstLine::parse(line.as_bytes()).unwrap();
        (line.name, line.program.map(|path| path.display().to_string()), line.fault.is_some())
    }

    #[test]
    fn the_program_is_found_as_the_kernel_and_env_find_it() {
        let named = |name: &str| (name.to_owned(), None, false);
        let at = |name: &str, path: &str| (name.to_owned(), Some(path.to_owned()), false);
        assert_eq!(parsed("#!/bin/sh -e\nx"), at("sh", "/bin/sh"));
        assert_eq!(parsed("#! tools/x/python3"), at("python3", "tools/x/python3"));
        assert_eq!(parsed("#!/usr/bin/env python3"), named("python3"));
        assert_eq!(parsed("#!/usr/bin/env -S -i LANG=C -u HOME python3 -u"), named("python3"));
        assert_eq!(parsed("#!/usr/bin/env -Spython3 -u"), named("python3"));
        assert_eq!(parsed("#!/usr/bin/env ./x/python3"), at("python3", "./x/python3"));
        assert_eq!(FirstLine::parse(b"#!/usr/bin/env -S -i"), None);
        assert_eq!(FirstLine::parse(b"import os"), None);
    }

    #[test]
    fn a_line_that_moves_the_search_is_not_followed() {
        for line in ["-S PATH=/x python3", "-S -C /x python3", "--chdir=/x python3", "-P /x python3", "-S ${X}/python3"]
        {
            assert!(parsed(&format!("#!/usr/bin/env {line}")).2, "{line}");
        }
    }
}
