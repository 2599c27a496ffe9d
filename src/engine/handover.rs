//! The user's programs that take over the terminal: the editor and the pager. Only the user's variables name them,
//! never a workspace.

use super::Engine;
use super::error::{EngineError, ErrorCode};
use super::links::refuse_links;
use super::workspace::Workspace;
use crate::domain::ansi::{AnsiPiece, AnsiScanner};
use crate::domain::{RunId, SafeText, Stage, Stream, Tool};
use crate::outside::{ExternalProgram, Launch, NoProgram};
use rustix::fs::{Access, access};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

/// How many bytes at the end of standard error are searched for the location of a failure.
const LOOKED_AT: usize = 64 << 10;

/// The most bytes of the output of a run that a pager gets.
const MOST_PAGED: usize = 256 << 20;

/// The most characters between the name of a file and its line number.
const NEAR: usize = 12;

/// A program that copies a text to the clipboard of a desktop: its name, its arguments, and the variable that names the
/// display that it needs.
type ClipboardProgram = (&'static str, &'static [&'static str], Option<&'static str>);

/// The known clipboard programs; the first one that is installed is used.
const CLIPBOARDS: [ClipboardProgram; 4] = [
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
    ("pbcopy", &[], None),
];

/// Which file of a tool to open, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePlace {
    /// The path within the version, or the end of that path; `None` for the main file.
    pub path: Option<String>,
    /// Line, counted from 1.
    pub line: Option<u64>,
    /// A failed run: if its standard error names a line of a file of the tool, that line is opened.
    pub run: Option<RunId>,
}

/// A program that is about to take over the terminal.
#[derive(Debug)]
pub struct TerminalProgram {
    launch: Launch,
    name: String,
    /// The workspace and the file in it that is opened; the file is checked again before the start.
    opens: Option<(PathBuf, PathBuf)>,
    /// What it shows, in a few words.
    pub subject: String,
}

impl TerminalProgram {
    /// Starts the program on the terminal of this process and waits for its end. If it is stopped by a signal, this
    /// process is stopped as well.
    ///
    /// # Errors
    /// `Failed` when it cannot be started, or ended with an error; `Refused` for a file behind a symbolic link.
    pub fn run(self) -> Result<(), EngineError> {
        let failed = |why: String| {
            let message = format!("{} {why}", self.name);
            EngineError::new(ErrorCode::Failed, message, "check VISUAL, EDITOR and PAGER")
        };
        // Somebody with write access to the workspace may have put a link there since the path was looked up.
        if let Some((workspace, file)) = &self.opens {
            refuse_links(workspace, file)?;
        }
        match self.launch.at_terminal() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("ended with {}", words_of(status)))),
            Err(error) => Err(failed(format!("cannot be started: {error}"))),
        }
    }
}

fn words_of(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// Programs that take over the terminal.
#[derive(Clone, Copy)]
pub struct Handover<'e> {
    pub(super) engine: &'e Engine,
    pub(super) workspace: &'e Workspace,
}

impl Handover<'_> {
    /// Opens a file of an experimental tool in the user's editor.
    ///
    /// # Errors
    /// `Refused` for a file that must not be edited, with the reason; `Usage` if no editor is set; `NotFound` for a
    /// file that the tool does not have.
    pub fn editor(&self, tool: &Tool, place: &FilePlace) -> Result<TerminalProgram, EngineError> {
        let (file, shown, line) = self.file(tool, place)?;
        let unset = "set VISUAL or EDITOR to your editor, for example `export EDITOR=nano`";
        let (words, launch) = self.program(&["VISUAL", "EDITOR"], None)?.ok_or_else(|| {
            EngineError::new(ErrorCode::Usage, "no editor is set: neither VISUAL nor EDITOR has a value", unset)
        })?;
        let launch = launch.args(&words[1..]).args(place_args(&words[0], &file, line));
        let subject = line.map_or_else(|| shown.clone(), |line| format!("{shown}:{line}"));
        let opens = Some((self.workspace.folder().to_owned(), file));
        Ok(TerminalProgram { launch, name: words[0].clone(), opens, subject })
    }

    /// Opens a text in the user's pager. Control sequences in the text are removed.
    ///
    /// # Errors
    /// `Failed` when there is no pager, or no disk space for the text.
    pub fn pager(&self, text: &str) -> Result<TerminalProgram, EngineError> {
        let absent = || EngineError::new(ErrorCode::NotFound, "there is no pager", "set PAGER, for example to less");
        let (words, launch) = self.program(&["PAGER"], Some("less"))?.ok_or_else(absent)?;
        let file = text_file(&harmless(text)).map_err(EngineError::internal)?;
        let launch = launch.args(&words[1..]).streams(file, Stdio::inherit(), Stdio::inherit());
        Ok(TerminalProgram { launch, name: words[0].clone(), opens: None, subject: String::new() })
    }

    /// Copies a text to the clipboard of the desktop with a clipboard program on the user's `PATH`, because terminals
    /// do not report whether they accepted a copied text. `false` if there is no such program, and in a remote session.
    ///
    /// # Errors
    /// `Failed` when the program fails.
    pub fn clipboard(&self, text: &str) -> Result<bool, EngineError> {
        let programs = &self.workspace.programs;
        if programs.variable("SSH_CONNECTION").is_some() {
            return Ok(false);
        }
        let has_display = |name: &str| programs.variable(name).is_some_and(|value| !value.is_empty());
        let usable = CLIPBOARDS.iter().filter(|(_, _, display)| display.is_none_or(has_display));
        let found = usable.filter_map(|(name, args, _)| {
            let program = programs.find(ExternalProgram::Editor, OsString::from(name).as_os_str()).ok()?;
            Some((name, args, program))
        });
        let Some((name, args, program)) = found.into_iter().next() else { return Ok(false) };
        let failed = |why: String| {
            let message = format!("{name} did not take the copied text: {why}");
            EngineError::new(ErrorCode::Failed, message, "the terminal got it as well")
        };
        let file = text_file(text).map_err(EngineError::internal)?;
        let launch = programs.launch(ExternalProgram::Editor, program).map_err(EngineError::internal)?;
        let mut launch = launch.args(*args).streams(file, Stdio::null(), Stdio::null());
        let status = launch.spawn().and_then(|mut child| child.wait()).map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(true) } else { Err(failed(words_of(status))) }
    }

    /// All stored output of a run, standard output first.
    ///
    /// # Errors
    /// `Internal` when it cannot be read.
    pub fn output(&self, run: RunId) -> Result<String, EngineError> {
        let mut text = String::new();
        for stream in [Stream::Stdout, Stream::Stderr] {
            let piece = self.engine.runs().output_piece(run, stream, 0, MOST_PAGED)?;
            if !piece.text.is_empty() {
                if stream == Stream::Stderr {
                    text.push_str("\nstandard error:\n");
                }
                text.push_str(&piece.text);
            }
            if piece.has_more {
                let most = MOST_PAGED >> 20;
                let _ = writeln!(text, "\n[only the first {most} MiB are shown; `toolsmith output {run}` prints all]");
            }
        }
        Ok(text)
    }

    /// The program and arguments named by the first of these variables that has a value.
    fn program(&self, names: &[&str], usual: Option<&str>) -> Result<Option<(Vec<String>, Launch)>, EngineError> {
        let programs = &self.workspace.programs;
        let value = |name: &&str| programs.variable(name).and_then(|value| value.to_str()).map(str::trim);
        let set = names.iter().find_map(|name| Some((*name, value(name).filter(|value| !value.is_empty())?)));
        let Some((name, line)) = set.or_else(|| Some((*names.first()?, usual?))) else { return Ok(None) };
        let refused = |why: String| {
            EngineError::new(
                ErrorCode::Refused,
                format!("{name}={line} cannot be used: {why}"),
                format!("change {name}"),
            )
        };
        let words = shell_words::split(line).map_err(|error| refused(error.to_string()))?;
        let Some(first) = words.first() else { return Ok(None) };
        let found = programs.find(ExternalProgram::Editor, OsString::from(first).as_os_str());
        let found = match found {
            Err(NoProgram::Absent(..)) if set.is_none() => return Ok(None),
            found => found.map_err(|why| refused(why.to_string()))?,
        };
        let launch = programs.launch(ExternalProgram::Editor, found).map_err(EngineError::internal)?;
        Ok(Some((words, launch.folder(self.workspace.folder()))))
    }

    /// The file on disk, its display name, and the line.
    fn file(&self, tool: &Tool, place: &FilePlace) -> Result<(PathBuf, String, Option<u64>), EngineError> {
        let name = &tool.name;
        let refuse = |message: String, hint: String| Err(EngineError::new(ErrorCode::Refused, message, hint));
        match tool.stage {
            Stage::Experimental => {}
            Stage::Approved | Stage::Core => {
                let why = format!("{name} is {}: an edited file would no longer be what was approved", tool.stage);
                let next = format!("copy it to tools/experimental with a higher version, or `toolsmith evolve {name}`");
                return refuse(why, next);
            }
            Stage::Archived => return refuse(format!("{name} is archived"), format!("`toolsmith restore {name}`")),
        }
        let detail = self.engine.library().detail(tool)?;
        let paths: Vec<&str> = detail.files.iter().map(|file| file.path.as_str()).collect();
        let of_run = || {
            let run = place.run?;
            let piece = self.engine.runs().output_piece(run, Stream::Stderr, 0, MOST_PAGED).ok()?;
            let from = piece.text.len().saturating_sub(LOOKED_AT);
            let from = (from..=piece.text.len()).find(|at| piece.text.is_char_boundary(*at)).unwrap_or(0);
            failing_line(&piece.text[from..], &paths).map(|(path, line)| (path, Some(line)))
        };
        let named = place.path.as_ref().map(|path| {
            let is_meant = |known: &&&str| **known == path || path.ends_with(&format!("/{known}"));
            paths.iter().find(is_meant).map(|found| ((*found).to_owned(), place.line)).ok_or(path)
        });
        let (path, line) = match named {
            Some(Ok(found)) => found,
            Some(Err(path)) => {
                let message = format!("{name} has no file {path}");
                let hint = format!("`toolsmith source {name}` lists its files");
                return Err(EngineError::new(ErrorCode::NotFound, message, hint));
            }
            None => of_run().unwrap_or_else(|| {
                let main = detail.main_file().map(|file| file.path.clone()).unwrap_or_default();
                (main, place.line)
            }),
        };
        let shown = match tool.placement.entry() {
            Some((file, _)) => file.to_owned(),
            None if tool.placement.base.is_empty() => path,
            None => format!("{}/{path}", tool.placement.base),
        };
        let file = self.workspace.folder().join(&shown);
        refuse_links(self.workspace.folder(), &file)?;
        if !file.is_file() {
            let hint = "check the tool again, then retry";
            return Err(EngineError::new(ErrorCode::NotFound, format!("{shown} is not on disk"), hint));
        }
        if access(&file, Access::WRITE_OK).is_err() {
            return refuse(format!("{shown} is read-only"), "change its permissions first".to_owned());
        }
        Ok((file, shown, line))
    }
}

/// The last line of an error text that names one of these files and a line in it.
fn failing_line(text: &str, paths: &[&str]) -> Option<(String, u64)> {
    let in_line = |line: &str| {
        paths.iter().find_map(|path| {
            let file = path.rsplit('/').next().unwrap_or(path);
            let rest = &line[line.rfind(file)? + file.len()..];
            let at = rest.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0 && *at <= NEAR)?;
            let between = &rest[..at];
            let is_mark = between.contains("line ") || between == ":";
            let digits: String = rest[at..].chars().take_while(char::is_ascii_digit).collect();
            is_mark.then(|| digits.parse().ok()).flatten().map(|line| ((*path).to_owned(), line))
        })
    };
    text.lines().rev().find_map(in_line)
}

/// The arguments that tell an editor which line of a file to show.
fn place_args(program: &str, file: &Path, line: Option<u64>) -> Vec<OsString> {
    let Some(line) = line else { return vec![file.into()] };
    let name = program.rsplit('/').next().unwrap_or(program);
    let with_colon = || {
        let mut both = OsString::from(file);
        both.push(format!(":{line}"));
        both
    };
    match name {
        "vi" | "vim" | "nvim" | "view" | "vis" | "nano" | "pico" | "micro" | "emacs" | "emacsclient" | "kak"
        | "joe" | "jed" | "mg" | "ne" | "ed" | "gvim" | "mcedit" => vec![format!("+{line}").into(), file.into()],
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" => {
            vec!["--goto".into(), with_colon()]
        }
        "hx" | "helix" | "zed" | "zeditor" | "subl" | "lapce" => vec![with_colon()],
        _ => vec![file.into()],
    }
}

/// The text without escape sequences; all other hidden characters are escaped. Line breaks are kept.
fn harmless(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut scanner = AnsiScanner::default();
    let mut sink = |_: u64, piece: AnsiPiece<'_>| match piece {
        AnsiPiece::Text(text) => plain.push_str(text),
        AnsiPiece::Control(control @ (b'\n' | b'\t')) => plain.push(char::from(control)),
        _ => {}
    };
    scanner.push(text.as_bytes(), &mut sink);
    scanner.end(&mut sink);
    let lines: Vec<String> = SafeText::lines(&plain).into_iter().map(String::from).collect();
    lines.join("\n") + "\n"
}

fn text_file(text: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_in_its_way() {
        let args = |program: &str, line| {
            let args = place_args(program, Path::new("/w/a b.py"), line);
            args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" | ")
        };
        for (program, told) in [
            ("vi", "+7 | /w/a b.py"),
            ("/usr/bin/nvim", "+7 | /w/a b.py"),
            ("emacsclient", "+7 | /w/a b.py"),
            ("nano", "+7 | /w/a b.py"),
            ("code", "--goto | /w/a b.py:7"),
            ("hx", "/w/a b.py:7"),
            ("unknown-editor", "/w/a b.py"),
        ] {
            assert_eq!(args(program, Some(7)), told, "{program}");
            assert_eq!(args(program, None), "/w/a b.py", "{program}");
        }
    }

    #[test]
    fn nothing_in_a_paged_text_makes_the_terminal_obey() {
        let text = "a\x1b[31mb\x1b[0m\tc\r\n\x1b]52;c;eA==\x07d\u{202e}e\u{9b}2J\n";
        let shown = harmless(text);
        assert!(shown.starts_with("ab    c\nd"), "{shown:?}");
        assert!(shown.chars().all(|c| c == '\n' || c == '\\' || !c.is_control() && c != '\u{202e}'), "{shown:?}");
    }

    #[test]
    fn the_last_frame_in_a_file_of_the_tool_is_found() {
        let paths = ["lib/util.py", "main.py"];
        for (text, found) in [
            (
                "Traceback:\n  File \"/tool/main.py\", line 12, in f\n  File \"/tool/lib/util.py\", line 3\n  File \"/usr/x.py\", line 9\nError",
                Some(("lib/util.py", 3)),
            ),
            ("/tool/main.py:40:7: error", Some(("main.py", 40))),
            ("main.py: line 8: x: command not found", Some(("main.py", 8))),
            ("died at main.py line 2.", Some(("main.py", 2))),
            ("main.py took 3 s", None),
            ("main.python:3", None),
            ("nothing", None),
        ] {
            let wanted = found.map(|(path, line)| (path.to_owned(), line));
            assert_eq!(failing_line(text, &paths), wanted, "{text}");
        }
    }
}
