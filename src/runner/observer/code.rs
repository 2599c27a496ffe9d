//! Files that a run loads as code through declared paths: scripts, modules, libraries, programs. They are no part of
//! the version that was approved, so each is named with the digest that it had when it was loaded.
//!
//! What is started, and what an interpreter is given as its script, is code for certain. Whether a file that is opened
//! is code shows in its name or in its first bytes. A tool that reads sources as data opens them just so: they are
//! named too. The look here comes before the kernel's own, so somebody who changes the file in between is not seen.

use super::finding::{CallFinding, Findings};
use super::judge::Judge;
use super::memory::{read_bytes, read_text, word_at};
use super::paths::{Realm, Wish, absolute};
use super::process::Tool;
use crate::domain::LoadedFile;
use crate::runner::sandbox::{Notification, SystemCall};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The longest path the kernel takes, in bytes.
const MAX_PATH: usize = 4096;

/// Arguments of an interpreter among which its script is looked for.
const MAX_ARGUMENTS: usize = 16;

/// Endings of names of code.
const ENDINGS: [&str; 45] = [
    "py", "pyc", "pyo", "pyw", "pyz", "pyd", "pth", "whl", "egg", "so", "o", "a", "dylib", "dll", "js", "mjs", "cjs",
    "jsx", "ts", "mts", "cts", "tsx", "node", "wasm", "sh", "bash", "zsh", "ksh", "fish", "rb", "pl", "pm", "php",
    "lua", "tcl", "awk", "r", "jl", "jar", "class", "groovy", "ps1", "exs", "beam", "raku",
];

/// Programs whose first argument that is not an option is code.
const INTERPRETERS: [&str; 21] = [
    "python", "pypy", "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "node", "nodejs", "deno", "bun", "ruby",
    "perl", "php", "lua", "tclsh", "rscript", "java", "julia",
];

impl Judge {
    /// What opening a file for reading shows of code that comes through a path declared for reading.
    pub(super) fn opened(&mut self, pid: u32, path: &[u8], tool: &mut dyn Tool) -> Option<CallFinding> {
        if !self.may_lead_to_grant(path) || self.loaded.has_none_at(path) {
            return None;
        }
        let (real, file) = tool.open(pid, Path::new(OsStr::from_bytes(path)))?;
        let real = real.as_os_str().as_bytes();
        if !self.places.may_only_be_read(real) {
            return None;
        }
        if !(is_code_name(path) || is_code_name(real) || begins_as_code(&file)) {
            self.loaded.pass(path);
            return None;
        }
        let digest = self.loaded.news(real, &file)?;
        Some(CallFinding::Loaded(LoadedFile { path: self.places.show(real), digest }))
    }

    /// What starting a program shows of it: the program itself, and the script that an interpreter is given.
    pub(super) fn started_code(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) {
        let (folder, path, arguments) = match call.call {
            SystemCall::Execveat => (Some(call.args[0] as i32), call.args[1], call.args[2]),
            _ => (None, call.args[0], call.args[1]),
        };
        let mut text = Vec::new();
        if !read_text(tool, call.pid, path, MAX_PATH, &mut text) {
            return;
        }
        let Some(program) = absolute(call.pid, &text, folder, tool).map(Cow::into_owned) else {
            return;
        };
        findings.extend(self.certain(call.pid, &program, tool));
        if !is_interpreter(&program) {
            return;
        }
        let pointers = read_bytes(tool, call.pid, arguments, 8 * (MAX_ARGUMENTS + 1));
        // What follows an option may be its value.
        let mut follows_option = false;
        for index in 1..=MAX_ARGUMENTS {
            let Some(address) = word_at(&pointers, 8 * index).filter(|address| *address != 0) else { return };
            if !read_text(tool, call.pid, address, MAX_PATH, &mut text) || text.is_empty() {
                continue;
            }
            if text.starts_with(b"-") {
                follows_option = true;
                continue;
            }
            let Some(script) = absolute(call.pid, &text, None, tool).map(Cow::into_owned) else { continue };
            if let Some(found) = self.certain(call.pid, &script, tool) {
                findings.push(found);
                return;
            }
            // What comes after the script is its data.
            let is_own = matches!(self.places.realm(&script, Wish::Look), Realm::Version);
            if is_own || !follows_option && tool.open(call.pid, Path::new(OsStr::from_bytes(&script))).is_some() {
                return;
            }
            follows_option = false;
        }
    }

    /// A file that is code for certain, when it is below a declared path.
    fn certain(&mut self, pid: u32, path: &[u8], tool: &mut dyn Tool) -> Option<CallFinding> {
        if !self.may_lead_to_grant(path) {
            return None;
        }
        let (real, file) = tool.open(pid, Path::new(OsStr::from_bytes(path)))?;
        let real = real.as_os_str().as_bytes();
        if !matches!(self.places.realm(real, Wish::Look), Realm::Granted(_)) {
            return None;
        }
        let digest = self.loaded.news(real, &file)?;
        Some(CallFinding::Loaded(LoadedFile { path: self.places.show(real), digest }))
    }

    /// Whether a path may lead below a declared one, links on the way counted.
    fn may_lead_to_grant(&self, path: &[u8]) -> bool {
        self.places.has_grants() && !matches!(self.places.realm(path, Wish::Look), Realm::Noise | Realm::Version)
    }
}

/// Whether the name of a file is one of code: `x.py`, `libx.so.1`.
pub(in crate::runner) fn is_code_name(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let is_ending = |ending: &str| ENDINGS.contains(&ending);
    name.contains(".so.") || name.rsplit_once('.').is_some_and(|(_, ending)| is_ending(ending))
}

/// Whether a file begins as a program or script does.
fn begins_as_code(file: &File) -> bool {
    let mut head = [0; 4];
    let got = file.read_at(&mut head, 0).unwrap_or(0);
    let head = &head[..got];
    head.starts_with(b"#!") || head == b"\x7fELF" || head == b"\0asm"
}

/// Whether a program is an interpreter, perhaps with a version in its name: `python3.11`.
pub(in crate::runner) fn is_interpreter(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    INTERPRETERS.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_known_by_its_name() {
        for name in ["/a/x.py", "/a/X.PY", "x.cpython-311.pyc", "/lib/libx.so", "/lib/libx.so.1.2", "x.mjs", "lib.sh"] {
            assert!(is_code_name(name.as_bytes()), "{name}");
        }
        for name in ["/a.py/data", "x.csv", "py", "x.json", "README.md"] {
            assert!(!is_code_name(name.as_bytes()), "{name}");
        }
        for name in ["/usr/bin/python3.11", "/bin/sh", "node", "/usr/bin/perl5.36"] {
            assert!(is_interpreter(name.as_bytes()), "{name}");
        }
        assert!(!is_interpreter(b"/usr/bin/cat"));
    }
}
