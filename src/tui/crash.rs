//! The crash report: a file that describes the crash, and a line that names the file.

use crate::domain::SafeText;
use std::backtrace::Backtrace;
use std::fmt::Write;
use std::fs;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

/// The content of the report. It contains no input, no output and no text of a tool.
fn report(what: &str, trace: &str) -> String {
    let mut text = format!("toolsmith {} crashed\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "system   {} {}", std::env::consts::OS, std::env::consts::ARCH);
    for name in ["TERM", "COLORTERM", "LANG", "LC_ALL"] {
        let _ = writeln!(text, "{name:<8} {}", std::env::var(name).unwrap_or_default());
    }
    let _ = write!(text, "\n{what}\n\n{trace}\n");
    text
}

/// Writes the report of a panic into a folder; returns the path of the file.
pub fn write(folder: &Path, info: &PanicHookInfo<'_>, at_ms: u128) -> std::io::Result<PathBuf> {
    let trace = Backtrace::force_capture().to_string();
    keep(folder, &report(&info.to_string(), &trace), at_ms)
}

fn keep(folder: &Path, text: &str, at_ms: u128) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("crash-{at_ms}.txt"));
    fs::write(&file, text)?;
    Ok(file)
}

/// The message that is shown after the terminal is restored.
pub fn sentence(file: &Path) -> SafeText {
    let text = format!(
        "the report is in {}: it holds no input and no output of a tool; attach it when you report the crash",
        file.display()
    );
    SafeText::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_version_the_terminal_and_what_happened() {
        let folder = tempfile::tempdir().unwrap();
        let file = keep(&folder.path().join("crashes"), &report("panicked at x.rs:1", "0: main"), 7).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("panicked at x.rs:1"), "{text}");
        assert!(text.contains("TERM") && text.contains("0: main"), "{text}");
        assert!(sentence(&file).to_string().contains("crash-7.txt"));
    }
}
