//! The shape of a command line: the line without its values. [`crate::domain::shell`] parses the line.

use super::reckon::parameter_name;
use super::step::{InputField, token};
use crate::domain::ParameterType;
use crate::domain::shell::{self, ShellCommand, ShellPart, ShellPipeline, ShellWord};

/// Programs whose first word is a subcommand.
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

/// Words that come before the real program.
const WRAPPERS: [&str; 6] = ["sudo", "time", "nohup", "exec", "command", "builtin"];

/// The shape of a command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pipeline {
    /// The line with `<path>`, `<number>`, `<url>` and `<text>` in place of values; flags and programs stay.
    pub shape: String,
    /// The programs, in order.
    pub programs: Vec<String>,
    /// Its values, in order.
    pub fields: Vec<InputField>,
    /// Number of words after the programs, including subcommands: the typing effort.
    pub words: usize,
    /// The words of each command as typed.
    pub commands: Vec<Vec<LineWord>>,
    /// Whether these words are the whole line: there are no variables, file name patterns, assignments or groups.
    pub is_plain: bool,
}

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineWord {
    /// The redirection operator before it.
    pub sign: Option<String>,
    /// The part that is not a value: a program, a flag.
    pub text: String,
    /// The value after it, and its position among the fields of the line.
    pub value: Option<(usize, String)>,
}

/// The pipelines of a command line, in order; `None` if it is not a command line.
pub fn pipelines(line: &str) -> Option<Vec<Pipeline>> {
    Some(shell::pipelines(&whole_secrets(line))?.iter().filter_map(pipeline).collect())
}

/// A line in which each placeholder for a secret is one word, because `[redacted stripe-key]` contains a space.
fn whole_secrets(line: &str) -> String {
    let mut parts = line.split("[redacted ");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str("[redacted-");
        whole.push_str(part);
    }
    whole
}

fn pipeline(read: &ShellPipeline) -> Option<Pipeline> {
    let mut made = Pipeline { is_plain: true, ..Pipeline::default() };
    for command in &read.commands {
        let shape = command_shape(command, &mut made)?;
        if !made.shape.is_empty() {
            made.shape.push_str(" | ");
        }
        made.shape.push_str(&shape);
    }
    (!made.programs.is_empty()).then_some(made)
}

/// The shape of one command; its values are added to the pipeline.
fn command_shape(command: &ShellCommand, into: &mut Pipeline) -> Option<String> {
    let mut shape: Vec<String> = Vec::new();
    into.commands.push(Vec::new());
    let (mut has_program, mut wants_command) = (false, false);
    let mut is_secret = false;
    for part in &command.parts {
        match part {
            ShellPart::Setting(_) => into.is_plain = false,
            ShellPart::Redirect { sign, target } => {
                shape.push(sign.clone());
                into.is_plain &= has_program && (!sign.starts_with("<<") || sign == "<<<");
                let target = target.as_ref().map(|target| (target_shape(sign, target, into), target));
                into.word(LineWord {
                    sign: Some(sign.clone()),
                    value: target.as_ref().map(|(_, target)| (into.fields.len() - 1, target.text.clone())),
                    ..LineWord::default()
                });
                if let Some((target_shape, target)) = target {
                    into.is_plain &= target.is_literal;
                    shape.push(target_shape);
                }
            }
            ShellPart::Word(word) if !has_program => {
                if !word.is_quoted && (WRAPPERS.contains(&word.text.as_str()) || is_setting(&word.text)) {
                    into.is_plain = false;
                    continue;
                }
                let program = word.text.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&word.text);
                has_program = true;
                wants_command = WITH_COMMANDS.contains(&program);
                into.is_plain &= program == word.text && is_program(program);
                into.programs.push(program.to_owned());
                into.word(LineWord { text: program.to_owned(), ..LineWord::default() });
                shape.push(program.to_owned());
            }
            ShellPart::Word(word @ ShellWord { text, is_quoted, .. }) => {
                into.is_plain &= word.is_literal;
                if wants_command && !is_quoted && !text.starts_with('-') {
                    wants_command = false;
                    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                        into.words += 1;
                        into.word(LineWord { text: text.clone(), ..LineWord::default() });
                        shape.push(text.clone());
                        continue;
                    }
                }
                into.words += 1;
                let is_flag = !is_quoted && text.starts_with('-') && text.len() > 1;
                if std::mem::replace(&mut is_secret, is_flag && asks_for_secret(into.programs.last(), text)) && !is_flag
                {
                    shape.push(secret(into, ""));
                } else if is_flag && let Some(flag) = with_secret(text) {
                    shape.push(secret(into, flag));
                } else {
                    shape.push(word_shape(text, *is_quoted, into));
                }
            }
        }
    }
    let one = several_as_one(&shape);
    into.is_plain &= !one.contains('…');
    has_program.then_some(one)
}

impl Pipeline {
    fn word(&mut self, word: LineWord) {
        if let Some(command) = self.commands.last_mut() {
            command.push(word);
        }
    }
}

/// Whether a first word is the name of a program, not a loop, group or test.
fn is_program(word: &str) -> bool {
    let keywords = ["while", "until", "for", "if", "case", "select", "function", "time"];
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    !keywords.contains(&word) && word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_name)
}

/// The placeholder for a value that may be a secret, whose text is not kept.
const SECRET: &str = "[redacted value]";

/// Adds a value that may be a secret, with or without a flag.
fn secret(into: &mut Pipeline, flag: &str) -> String {
    value(into, "secret", ParameterType::String, "");
    let value = Some((into.fields.len() - 1, SECRET.to_owned()));
    into.word(LineWord { text: flag.to_owned(), value, ..LineWord::default() });
    format!("{flag}<text>")
}

/// Whether the word after a flag is a secret: `--token`, and program-specific short flags.
fn asks_for_secret(program: Option<&String>, flag: &str) -> bool {
    let program = program.map_or("", String::as_str);
    let of_program = match flag {
        "-p" => matches!(program, "sshpass" | "mongo" | "mongosh" | "docker" | "podman" | "smbclient"),
        "-u" => matches!(program, "curl" | "http" | "wget"),
        "-a" => program == "redis-cli",
        "-w" => program.starts_with("ldap"),
        "-P" => matches!(program, "mosquitto_pub" | "mosquitto_sub" | "zip" | "unzip"),
        _ => false,
    };
    let name = flag.trim_start_matches('-').to_lowercase();
    let is_long = flag.starts_with("--") && !flag.contains('=');
    of_program
        || is_long && ["pass", "token", "secret", "key", "credential", "auth"].iter().any(|word| name.contains(word))
}

/// The flag of a word in which a password may be joined to a flag: `-pHunter2`. Words of lower-case letters are
/// separate flags: `-print`.
fn with_secret(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("-p")?;
    let is_word = rest.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-'));
    (!is_word && !rest.starts_with('=')).then_some("-p")
}

/// Whether a word is an assignment after a wrapper, which the grammar parses as a word: `sudo A=1 make`.
fn is_setting(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| is_variable(name))
}

/// The shape of a redirection target: a file, or an inline text.
fn target_shape(sign: &str, target: &ShellWord, into: &mut Pipeline) -> String {
    if sign.starts_with("<<") {
        value(into, "text", ParameterType::String, &target.text);
        return "<text>".to_owned();
    }
    value(into, "path", ParameterType::String, &target.text);
    "<path>".to_owned()
}

/// Merges three or more consecutive values of one kind.
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
    into.word(LineWord { value: Some((into.fields.len() - 1, text.to_owned())), ..LineWord::default() });
    sign.to_owned()
}

/// The shape of a flag: the flag stays, a joined value is replaced.
fn flag_shape(text: &str, into: &mut Pipeline) -> String {
    if let Some((flag, given)) = text.split_once('=') {
        let (sign, name, kind) = sort_of(given, false);
        let plain = flag.trim_start_matches('-');
        value(into, if plain.is_empty() { name } else { plain }, kind, given);
        let value = Some((into.fields.len() - 1, given.to_owned()));
        into.word(LineWord { text: format!("{flag}="), value, ..LineWord::default() });
        return format!("{flag}={sign}");
    }
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.len() < text.len() && letters.len() <= 2 {
        value(into, "number", ParameterType::Integer, &text[letters.len()..]);
        let value = Some((into.fields.len() - 1, text[letters.len()..].to_owned()));
        into.word(LineWord { text: letters.to_owned(), value, ..LineWord::default() });
        return format!("{letters}<number>");
    }
    into.word(LineWord { text: text.to_owned(), ..LineWord::default() });
    text.to_owned()
}

/// The placeholder, name and type of a value.
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
    into.fields.push(InputField { name: parameter_name(name), kind, token: token(text) });
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
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
        for line in ["echo 'open", "echo \"open", "echo $(open", "echo `open", "cat x |"] {
            assert_eq!(pipelines(line), None, "{line}");
        }
    }

    #[test]
    fn loops_here_documents_and_groups_are_no_programs() {
        for (line, found) in [
            ("for f in *.c; do gcc -O2 $f -o out/$f.o; done", vec!["gcc -O<number> <text> -o <path>"]),
            ("cat <<END > notes.txt\nrm -rf /\nEND", vec!["cat << <text> > <path>"]),
            ("(cd x && make test)", vec!["cd <text>", "make test"]),
            ("wc -l <<< 'some text'", vec!["wc -l <<< <text>"]),
            ("\"/opt/my tools/run\" --fast in.csv", vec!["run --fast <path>"]),
            ("sudo A=1 make install", vec!["make install"]),
            ("git log --format='%h | %s' | head -3", vec!["git log <text> | head -<number>"]),
            (
                "ps aux | grep '[p]ython' | awk '{print $2}' | xargs kill -9",
                vec!["ps <text> | grep <text> | awk <text> | xargs <text> -<number>"],
            ),
        ] {
            assert_eq!(shapes(line), found, "{line}");
        }
    }

    #[test]
    fn equal_values_can_be_followed_from_line_to_line() {
        let token = |line: &str| pipelines(line).unwrap()[0].fields.last().unwrap().token;
        assert_eq!(token("sort -o out.csv in.csv"), token("wc -l < in.csv"));
        assert_ne!(token("sort in.csv"), token("sort out.csv"));
    }
}
