//! Command lines taken apart, and what stays of them when their values are left out.
//!
//! Not a shell: nothing is expanded and nothing is run. A line that does not end its quotes is none.

use super::reckon::parameter_name;
use super::step::{Field, token};
use crate::domain::ParameterType;

/// Programs whose first word is a command of their own.
const WITH_COMMANDS: [&str; 24] = [
    "git",
    "docker",
    "podman",
    "kubectl",
    "cargo",
    "npm",
    "yarn",
    "pnpm",
    "pip",
    "pip3",
    "apt",
    "apt-get",
    "brew",
    "systemctl",
    "go",
    "make",
    "aws",
    "gcloud",
    "az",
    "helm",
    "terraform",
    "gh",
    "jj",
    "toolsmith",
];

/// Words after which the real program comes.
const WRAPPERS: [&str; 6] = ["sudo", "time", "nohup", "exec", "command", "builtin"];

/// What is left of a command line when its values are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pipeline {
    /// The line with `<path>`, `<number>`, `<url>` and `<text>` in place of values; flags and programs stay.
    pub shape: String,
    /// The programs, in order.
    pub programs: Vec<String>,
    /// Its values, in order.
    pub fields: Vec<Field>,
    /// Flags and values: how much somebody has to type each time.
    pub words: usize,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word {
        text: String,
        is_quoted: bool,
    },
    Pipe,
    /// `;`, `&&`, `||`, `&` or the end of a line.
    End,
    /// `>`, `2>>`, `<` and the like.
    Redirect(String),
}

/// The pipelines of a command line, in order; `None` for what is no command line.
pub fn pipelines(line: &str) -> Option<Vec<Pipeline>> {
    let mut found = Vec::new();
    let mut stages: Vec<Vec<Part>> = vec![Vec::new()];
    for part in parts(line)?.into_iter().chain([Part::End]) {
        match part {
            Part::Pipe => stages.push(Vec::new()),
            Part::End => {
                found.extend(pipeline(&std::mem::replace(&mut stages, vec![Vec::new()])));
            }
            other => {
                if let Some(stage) = stages.last_mut() {
                    stage.push(other);
                }
            }
        }
    }
    Some(found)
}

fn pipeline(stages: &[Vec<Part>]) -> Option<Pipeline> {
    let mut made = Pipeline::default();
    for stage in stages {
        let shape = stage_shape(stage, &mut made)?;
        if !made.shape.is_empty() {
            made.shape.push_str(" | ");
        }
        made.shape.push_str(&shape);
    }
    (!made.programs.is_empty()).then_some(made)
}

/// The shape of one program's part; its values go into the pipeline.
fn stage_shape(stage: &[Part], into: &mut Pipeline) -> Option<String> {
    let mut shape: Vec<String> = Vec::new();
    let mut wants_command = false;
    let mut is_target = false;
    for part in stage {
        match part {
            Part::Redirect(sign) => {
                shape.push(sign.clone());
                is_target = !sign.contains('&');
            }
            Part::Word { text, .. } if std::mem::take(&mut is_target) => {
                shape.push("<path>".to_owned());
                value(into, "path", ParameterType::String, text);
            }
            Part::Word { text, is_quoted: false } if shape.is_empty() => {
                let is_setting = text.split_once('=').is_some_and(|(name, _)| is_variable(name));
                if is_setting || WRAPPERS.contains(&text.as_str()) {
                    continue;
                }
                let program = text.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(text);
                wants_command = WITH_COMMANDS.contains(&program);
                into.programs.push(program.to_owned());
                shape.push(program.to_owned());
            }
            Part::Word { text, is_quoted } => {
                if wants_command && !is_quoted && !text.starts_with('-') {
                    wants_command = false;
                    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                        shape.push(text.clone());
                        continue;
                    }
                }
                into.words += 1;
                shape.push(word_shape(text, *is_quoted, into));
            }
            Part::Pipe | Part::End => {}
        }
    }
    if shape.is_empty() {
        return None;
    }
    Some(several_as_one(&shape))
}

/// Three values of one sort in a row are some of them.
fn several_as_one(shape: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < shape.len() {
        let same = shape[at..].iter().take_while(|word| **word == shape[at]).count();
        if shape[at].starts_with('<') && shape[at].ends_with('>') && same >= 3 {
            words.push(format!("{}…", shape[at]));
            at += same;
        } else {
            words.push(shape[at].clone());
            at += 1;
        }
    }
    words.join(" ")
}

fn word_shape(text: &str, is_quoted: bool, into: &mut Pipeline) -> String {
    if !is_quoted && text.starts_with('-') && text.len() > 1 {
        return flag_shape(text, into);
    }
    let (sign, name, kind) = sort_of(text, is_quoted);
    value(into, name, kind, text);
    sign.to_owned()
}

/// A flag stays; a value that hangs on it goes.
fn flag_shape(text: &str, into: &mut Pipeline) -> String {
    if let Some((flag, given)) = text.split_once('=') {
        let (sign, name, kind) = sort_of(given, false);
        let plain = flag.trim_start_matches('-');
        value(into, if plain.is_empty() { name } else { plain }, kind, given);
        return format!("{flag}={sign}");
    }
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.len() < text.len() && letters.len() <= 2 {
        value(into, "number", ParameterType::Integer, &text[letters.len()..]);
        return format!("{letters}<number>");
    }
    text.to_owned()
}

/// What stands for a value, what it is called and what it is.
fn sort_of(text: &str, is_quoted: bool) -> (&'static str, &'static str, ParameterType) {
    let number = text.strip_prefix('+').unwrap_or(text);
    if !number.is_empty() && number.parse::<f64>().is_ok() && number.chars().any(|c| c.is_ascii_digit()) {
        let kind = if number.contains('.') { ParameterType::Number } else { ParameterType::Integer };
        return ("<number>", "number", kind);
    }
    if text.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphabetic())) {
        return ("<url>", "url", ParameterType::String);
    }
    let ends_like_a_file = text.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric())
    });
    let is_path = text.contains('/')
        || text.starts_with('~')
        || text == "."
        || text == ".."
        || ends_like_a_file
        || text.contains('*');
    if is_path && !(is_quoted && text.contains(char::is_whitespace)) {
        return ("<path>", "path", ParameterType::String);
    }
    ("<text>", "text", ParameterType::String)
}

fn value(into: &mut Pipeline, name: &str, kind: ParameterType, text: &str) {
    into.fields.push(Field { name: parameter_name(name), kind, token: token(text) });
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Takes a line apart as a shell would, without expanding anything.
fn parts(line: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let (mut word, mut quoted, mut any) = (String::new(), false, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                (quoted, any) = (true, true);
                until(&mut chars, &mut word, '\'')?;
            }
            '"' => {
                (quoted, any) = (true, true);
                until(&mut chars, &mut word, '"')?;
            }
            '`' => {
                (quoted, any) = (true, true);
                until(&mut chars, &mut word, '`')?;
            }
            '$' if chars.peek() == Some(&'(') => {
                (quoted, any) = (true, true);
                nested(&mut chars, &mut word)?;
            }
            '\\' => {
                any = true;
                word.extend(chars.next().filter(|c| *c != '\n'));
            }
            '#' if !any => break,
            c if c.is_whitespace() && c != '\n' => end_word(&mut parts, &mut word, &mut quoted, &mut any),
            '|' | '&' | ';' | '\n' => {
                end_word(&mut parts, &mut word, &mut quoted, &mut any);
                let twice = c != '\n' && chars.next_if_eq(&c).is_some();
                if c == '&' && !twice && chars.peek() == Some(&'>') {
                    continue;
                }
                if c == '|' && !twice {
                    chars.next_if_eq(&'&');
                    parts.push(Part::Pipe);
                } else {
                    parts.push(Part::End);
                }
            }
            '>' | '<' => {
                let before = if !quoted && word.chars().all(|c| c.is_ascii_digit()) {
                    std::mem::take(&mut word)
                } else {
                    String::new()
                };
                any = any && !word.is_empty();
                end_word(&mut parts, &mut word, &mut quoted, &mut any);
                let mut sign = format!("{before}{c}");
                sign.extend(chars.next_if(|next| *next == c || *next == '|'));
                if let Some(and) = chars.next_if_eq(&'&') {
                    sign.push(and);
                    while let Some(digit) = chars.next_if(|c| c.is_ascii_digit() || *c == '-') {
                        sign.push(digit);
                    }
                }
                parts.push(Part::Redirect(sign));
            }
            c => {
                any = true;
                word.push(c);
            }
        }
    }
    end_word(&mut parts, &mut word, &mut quoted, &mut any);
    Some(parts)
}

fn end_word(parts: &mut Vec<Part>, word: &mut String, quoted: &mut bool, any: &mut bool) {
    if std::mem::take(any) {
        parts.push(Part::Word { text: std::mem::take(word), is_quoted: *quoted });
    }
    *quoted = false;
}

/// Takes all up to a quote; `None` when there is none.
fn until(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String, end: char) -> Option<()> {
    while let Some(c) = chars.next() {
        match c {
            c if c == end => return Some(()),
            '\\' if end != '\'' => word.extend(chars.next()),
            c => word.push(c),
        }
    }
    None
}

/// Takes `(…)` with all that is nested in it; `None` when it does not end.
fn nested(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) -> Option<()> {
    let mut depth = 0_u32;
    for c in chars.by_ref() {
        word.push(c);
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(line: &str) -> Vec<String> {
        pipelines(line).unwrap().into_iter().map(|pipeline| pipeline.shape).collect()
    }

    #[test]
    fn values_are_left_out_and_programs_and_flags_stay() {
        for (line, shape) in [
            (
                "grep -rn 'TODO later' src/ | sort | uniq -c | head -20",
                "grep -rn <text> <path> | sort | uniq -c | head -<number>",
            ),
            ("awk -F, '{print $2}' data.csv > out.txt", "awk -F, <text> <path> > <path>"),
            (
                "sudo /usr/bin/find . -name '*.log' -mtime +7 -delete",
                "find <path> -name <path> -mtime <number> -delete",
            ),
            ("curl -s --max-time=30 https://a.example/x?y=1", "curl -s --max-time=<number> <url>"),
            ("git commit -m \"say it's done\"", "git commit -m <text>"),
            ("LANG=C sed -i s/a/b/ *.md 2>&1", "sed -i <path> <path> 2>&1"),
            ("cp a.txt b.txt c.txt d/", "cp <path>…"),
            ("echo $(date +%s) # when", "echo <text>"),
            ("make test", "make test"),
            ("cat x.txt|wc -l", "cat <path> | wc -l"),
        ] {
            assert_eq!(shapes(line), [shape], "{line}");
        }
    }

    #[test]
    fn a_line_of_several_commands_is_several_pipelines() {
        assert_eq!(
            shapes("cd build && cmake .. ; make -j4 || echo failed &"),
            ["cd <text>", "cmake <path>", "make -j<number>", "echo <text>"]
        );
        assert_eq!(shapes("sleep 5 &> log.txt"), ["sleep <number> > <path>"]);
        assert_eq!(shapes("  # only a remark"), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_end_is_no_command_line() {
        for line in ["echo 'open", "echo \"open", "echo $(open", "echo `open"] {
            assert_eq!(pipelines(line), None, "{line}");
        }
    }

    #[test]
    fn equal_values_can_be_followed_from_line_to_line() {
        let token = |line: &str| pipelines(line).unwrap()[0].fields.last().unwrap().token;
        assert_eq!(token("sort -o out.csv in.csv"), token("wc -l < in.csv"));
        assert_ne!(token("sort in.csv"), token("sort out.csv"));
    }
}
