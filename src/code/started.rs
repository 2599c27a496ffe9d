//! Programs that Python and JavaScript start with a fixed text: `subprocess.run(["git", …])`, `execSync("git log")`.
//!
//! Only lines are searched; nothing is parsed. Names that a program computes at run time are not found.

use super::shell::calls::is_builtin;
use crate::domain::source::Language;
use memchr::memmem;

/// A program that a script starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StartedProgram {
    /// Its name, or its absolute path.
    pub(crate) name: String,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Whether it is always started.
    pub(crate) is_certain: bool,
}

/// The calls by which Python starts a program.
const PYTHON: &[&str] = &[
    "subprocess.run(",
    "subprocess.call(",
    "subprocess.check_call(",
    "subprocess.check_output(",
    "subprocess.Popen(",
    "os.system(",
    "os.popen(",
];

/// The calls by which JavaScript starts a program.
const JAVASCRIPT: &[&str] = &["execSync(", "execFileSync(", "spawnSync("];

/// Words before a call that may prevent it.
const MAYBE: &[&str] =
    &["if ", " if", "else", "lambda", "def ", "=>", "function", " and ", " or ", "&&", "||", "?", "try"];

/// The programs that a script starts, each once: with its certain start, otherwise with its first one.
pub(crate) fn started(text: &str, language: Language) -> Vec<StartedProgram> {
    let marks = match language {
        Language::Python => PYTHON,
        language if language.is_javascript() => JAVASCRIPT,
        _ => return Vec::new(),
    };
    let mut found: Vec<StartedProgram> = Vec::new();
    let places =
        |mark: &'static &'static str| memmem::find_iter(text.as_bytes(), mark.as_bytes()).map(move |at| (at, mark));
    for (at, mark) in marks.iter().flat_map(places) {
        let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = &text[begin..at];
        if before.contains('#') || before.contains("//") || is_in_text(&text[..at]) {
            continue;
        }
        let Some(name) = program(&text[at + mark.len()..], language) else { continue };
        let is_sure = !before.starts_with(char::is_whitespace) && !MAYBE.iter().any(|word| before.contains(word));
        // Code that tests for a program can do without it.
        let is_asked = text.contains("which(") && text.matches(&name).count() > 1;
        let line = text[..at].matches('\n').count() + 1;
        let one = StartedProgram { name, line, is_certain: is_sure && !is_asked };
        match found.iter_mut().find(|known| known.name == one.name) {
            Some(known) if one.is_certain && !known.is_certain => *known = one,
            Some(_) => {}
            None => found.push(one),
        }
    }
    found.sort_by_key(|one| one.line);
    found
}

/// Whether a position is inside a multi-line text.
fn is_in_text(before: &str) -> bool {
    ["\"\"\"", "'''", "`"].iter().any(|sign| before.matches(sign).count() % 2 == 1)
}

/// The program that the first argument of a call names.
fn program(arguments: &str, language: Language) -> Option<String> {
    let first = arguments.trim_start();
    let list = first.strip_prefix('[');
    let written = list.unwrap_or(first).trim_start();
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let text = written[1..].split(quote).next().filter(|text| !text.is_empty() && !text.contains('\n'))?;
    // A list, and `execFile`, contain only the program's name in the first argument.
    let is_alone = list.is_some() || language != Language::Python && !arguments.contains(' ');
    let name = if is_alone { text } else { text.split_whitespace().next()? };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/');
    let is_name =
        name.chars().all(is_plain) && (name.starts_with('/') || !name.contains('/')) && !name.starts_with(['-', '.']);
    let is_own = is_builtin(name) || matches!(name, "python" | "python3" | "node" | "sh" | "bash");
    (is_name && !is_own).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names; certain ones have a mark after them.
    fn names(language: Language, text: &str) -> String {
        let shown = |one: StartedProgram| format!("{}{}", one.name, if one.is_certain { "!" } else { "" });
        started(text, language).into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn programs_that_a_script_starts_with_a_fixed_text_are_found() {
        let text = "import os, subprocess\nout = subprocess.run(['pdftotext', x])\nos.system(\"convert a b\")\ndef f():\n    \
                    subprocess.check_output([\"late\", 1])\nif x: subprocess.run(['maybe'])\nsubprocess.run(cmd)\n\
                    # subprocess.run(['comment'])\nsubprocess.run(['/opt/x/bin/tool'])\nsubprocess.run([sys.executable, 'a'])\n";
        assert_eq!(names(Language::Python, text), "pdftotext! convert! late maybe /opt/x/bin/tool!");
        let text = "import { execSync } from 'child_process';\nconst a = execSync('ffmpeg -i x').toString();\n\
                    const f = () => execSync(\"later\");\nexecSync(`cmd ${x}`);\nspawnSync('magick', ['x']);\n";
        assert_eq!(names(Language::JavaScript, text), "ffmpeg! later magick!");
    }

    #[test]
    fn texts_and_programs_that_are_looked_for_are_not_certain() {
        assert_eq!(names(Language::Python, "\"\"\"\nsubprocess.run(['prose'])\n\"\"\"\n"), "");
        let text = "if not shutil.which('jq'): sys.exit(1)\nsubprocess.run(['jq'])\nsubprocess.run(['cd', 'x'])\n";
        assert_eq!(names(Language::Python, text), "jq");
    }
}
