//! A systemd user unit for an instance, as text for a human to install. This module does not contact systemd.

use super::Services;
use crate::domain::description::{Describe, Description, Ink};
use crate::domain::{Kind, SafeText, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use serde::Serialize;
use std::path::Path;

/// A user unit that launches an instance at login and terminates it at logout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceUnit {
    /// The instance.
    pub instance: ToolName,
    /// Its file name: `toolsmith-INSTANCE.service`.
    pub file: String,
    /// The text of the file.
    pub unit: String,
    /// Steps to install it, one line each.
    pub steps: Vec<String>,
}

/// The parts of a unit.
struct Parts<'a> {
    program: &'a str,
    workspace: &'a str,
    tool: &'a ToolName,
    instance: &'a ToolName,
    /// Variables that the unit sets.
    env: Vec<(&'a str, String)>,
}

impl Services<'_> {
    /// The user unit for an instance. The name of a service without that instance gives a unit for an instance of this
    /// name.
    ///
    /// # Errors
    /// `NotFound` when there is neither; `Usage` when a path cannot be written into a unit.
    pub fn unit(&self, name: &str) -> Result<ServiceUnit, EngineError> {
        let (tool, instance) = self.tool_and_instance(name)?;
        let program = std::env::current_exe().map_err(EngineError::internal)?;
        let variable = |name: &'static str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            Some((name, value))
        };
        let mut env = Vec::new();
        if let Some((name, value)) = variable("TOOLSMITH_HOME") {
            // A unit starts in another folder.
            let path = std::path::absolute(Path::new(&value)).map_err(EngineError::internal)?;
            env.push((name, text(&path)?.to_owned()));
        }
        if !self.stack().is_empty() {
            env.push(("TOOLSMITH_STACK", checked(self.stack())?.to_owned()));
        }
        let parts = Parts {
            program: executable(&program)?,
            workspace: text(self.workspace.folder())?,
            tool: &tool,
            instance: &instance,
            env,
        };
        let file = format!("toolsmith-{instance}.service");
        let steps = vec![
            format!("save it as ~/.config/systemd/user/{file}"),
            format!("systemctl --user daemon-reload && systemctl --user enable --now {file}"),
            "to start it without a login: loginctl enable-linger".to_owned(),
        ];
        Ok(ServiceUnit { unit: parts.unit(), instance, file, steps })
    }

    /// The tool and the instance for a name: an instance, or a service without one.
    fn tool_and_instance(&self, name: &str) -> Result<(ToolName, ToolName), EngineError> {
        match self.named(name) {
            Ok(row) => Ok((row.instance.tool, row.instance.name)),
            Err(unknown) => match self.engine.library().resolve(name) {
                Ok(tool) if tool.kind == Kind::Service => Ok((tool.name.clone(), tool.name.clone())),
                _ => Err(unknown),
            },
        }
    }
}

impl Parts<'_> {
    fn unit(&self) -> String {
        let program = quoted(self.program, false);
        let words = |words: &[&str]| words.iter().map(|word| quoted(word, true)).collect::<Vec<_>>().join(" ");
        let start =
            words(&["launch", self.tool.as_str(), "--instance", self.instance.as_str(), "--wait", "--if-needed"]);
        let stop = words(&["terminate", self.instance.as_str(), "--wait"]);
        let line =
            |(name, value): &(&str, String)| format!("Environment={}", quoted(&format!("{name}={value}"), false));
        let mut lines: Vec<String> = vec![format!("WorkingDirectory={}", self.workspace.replace('%', "%%"))];
        lines.extend(self.env.iter().map(line));
        lines.push(format!("ExecStart={program} {start}"));
        // The dash: an instance that has already ended is not a failure.
        lines.push(format!("ExecStop=-{program} {stop}"));
        format!(
            "[Unit]\nDescription=Toolsmith service {}\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n\
             {}\n\n\
             [Install]\nWantedBy=default.target\n",
            self.instance,
            lines.join("\n")
        )
    }
}

/// Quotes a word of a command line or a variable for systemd. In arguments of a command, `$` starts a variable.
fn quoted(word: &str, is_argument: bool) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=@:,+".contains(c);
    let mut text = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if is_argument {
        text = text.replace('$', "$$");
    }
    if !word.is_empty() && word.chars().all(is_plain) { text } else { format!("\"{text}\"") }
}

/// The path of the program that a unit starts. systemd refuses a path with quotes or backslashes, even if escaped.
fn executable(path: &Path) -> Result<&str, EngineError> {
    let named = text(path)?;
    if !named.contains(['"', '\'', '\\']) {
        return Ok(named);
    }
    let message = format!("systemd starts no program whose path contains a quote or a backslash: {named}");
    let hint = "install toolsmith in another folder, for example with `cargo install`, and call it from there";
    Err(EngineError::new(ErrorCode::Usage, message, hint))
}

/// A path as text, if a unit can hold it.
fn text(path: &Path) -> Result<&str, EngineError> {
    let named = path.to_str().ok_or_else(|| cannot(&path.display().to_string()))?;
    checked(named)
}

/// Refuses text that would not survive: a unit's line ends at a line break, and spaces at its end are removed.
fn checked(text: &str) -> Result<&str, EngineError> {
    // An invisible character would be printed as an escape, which is another name.
    let is_seen = SafeText::visible(text) == text;
    let is_whole = text.trim() == text && !text.ends_with('\\') && is_seen;
    if is_whole { Ok(text) } else { Err(cannot(text)) }
}

fn cannot(text: &str) -> EngineError {
    let message = format!("{text:?} cannot be written into a unit");
    EngineError::new(
        ErrorCode::Usage,
        message,
        "use a folder whose name is UTF-8, without line breaks and hidden characters, and without a blank or \\ at its end",
    )
}

impl Describe for ServiceUnit {
    fn describe(&self) -> Description {
        let mut told = Description::new().titled(&self.file, "systemd user unit");
        for line in self.unit.lines() {
            told.detail(Ink::Plain, line);
        }
        for step in &self.steps {
            told.next(step);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_so_that_systemd_reads_the_same_words() {
        for (word, program, argument) in [
            ("/usr/bin/toolsmith", "/usr/bin/toolsmith", "/usr/bin/toolsmith"),
            ("/a b/100%/x", "\"/a b/100%%/x\"", "\"/a b/100%%/x\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\""),
            ("$HOME", "\"$HOME\"", "\"$$HOME\""),
            ("a;b", "\"a;b\"", "\"a;b\""),
            ("", "\"\"", "\"\""),
        ] {
            assert_eq!((quoted(word, false).as_str(), quoted(word, true).as_str()), (program, argument), "{word}");
        }
    }

    #[test]
    fn a_path_that_would_break_out_of_its_line_is_refused() {
        for path in ["/a\nExecStart=/bin/sh", "/a ", "/a\\", "/a\u{1b}[0m"] {
            assert_eq!(text(Path::new(path)).unwrap_err().code, ErrorCode::Usage, "{path:?}");
        }
    }

    #[test]
    fn a_program_is_refused_whose_path_systemd_does_not_take() {
        for path in ["/a/it's/x", "/a/\"b\"/x", "/a\\b/x"] {
            let error = executable(Path::new(path)).unwrap_err();
            assert!(error.code == ErrorCode::Usage && error.message.contains(path), "{error:?}");
        }
        for path in ["/a b/50%/$HOME/ü;x", "/usr/bin/toolsmith"] {
            assert_eq!(executable(Path::new(path)).unwrap(), path);
        }
    }

    #[test]
    fn a_unit_launches_and_terminates_its_instance() {
        let (tool, instance) = (ToolName::new("helper").unwrap(), ToolName::new("mine").unwrap());
        let parts = Parts {
            program: "/opt/my tools/toolsmith",
            workspace: "/home/ada/50% done",
            tool: &tool,
            instance: &instance,
            env: vec![("TOOLSMITH_HOME", "/home/ada/my state".to_owned())],
        };
        assert_eq!(
            parts.unit(),
            "[Unit]\nDescription=Toolsmith service mine\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n\
             WorkingDirectory=/home/ada/50%% done\nEnvironment=\"TOOLSMITH_HOME=/home/ada/my state\"\n\
             ExecStart=\"/opt/my tools/toolsmith\" launch helper --instance mine --wait --if-needed\n\
             ExecStop=-\"/opt/my tools/toolsmith\" terminate mine --wait\n\n[Install]\nWantedBy=default.target\n"
        );
    }
}
