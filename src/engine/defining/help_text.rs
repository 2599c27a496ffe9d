//! Parses the help text of a program for its commands and its description.
//!
//! The formats of argparse, click, clap, cobra, commander, docopt and GNU programs are recognised by their common
//! features: a heading about commands, and indented entries of a name and a sentence. Nothing here is made safe to
//! draw; `discovery` does that.

use crate::insight::terms::words;

/// Maximum number of lines that are read.
const MOST_LINES: usize = 2_000;

/// Maximum length of the name of a command, in characters.
const NAME_CHARS: usize = 48;

/// Minimum number of usage lines of one program from which the words after its name count as commands.
const FEWEST_FORMS: usize = 3;

/// The content of a help text.
#[derive(Debug, Default)]
pub(super) struct HelpText {
    /// Lines that describe the program as a whole.
    pub prose: Vec<String>,
    /// Commands with their descriptions, in order; a description may be empty.
    pub commands: Vec<(String, String)>,
}

/// Reads a help text without escape sequences.
pub(super) fn read(text: &str) -> HelpText {
    let margin = text.lines().filter(|line| !line.trim().is_empty()).map(indent_of).min().unwrap_or_default();
    let lines: Vec<&str> = text.lines().take(MOST_LINES).map(|line| line.get(margin..).unwrap_or_default()).collect();
    let mut reader = Reader { slot: slot_of(&lines), ..Reader::default() };
    for line in &lines {
        reader.take(line.trim_end());
    }
    if reader.told.commands.is_empty() {
        reader.told.commands = reader.commands_of_forms();
    }
    reader.told
}

/// Reads line by line.
#[derive(Default)]
struct Reader {
    told: HelpText,
    /// The open list of commands.
    list: Option<CommandList>,
    /// The metavariable of a subcommand in the usage, as argparse writes it: the word before `...`.
    slot: Option<String>,
    part: Part,
    /// Lines of the usage, without its heading.
    usages: Vec<String>,
    /// Other indented lines, which may be usage lines.
    indented: Vec<String>,
}

/// Where in the text a line is.
#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Part {
    /// Before any list.
    #[default]
    Top,
    /// Below `Usage:`, before its first line.
    UsageHead,
    Usage,
    Examples,
    Lists,
}

impl Reader {
    fn take(&mut self, line: &str) {
        let (body, indent) = (line.trim(), indent_of(line));
        if body.is_empty() {
            if self.part == Part::Usage {
                self.part = Part::Top;
            }
            return;
        }
        if let Some(rest) = after_usage(body).filter(|_| indent == 0) {
            self.list = None;
            self.part = if rest.is_empty() { Part::UsageHead } else { Part::Usage };
            self.usages.extend((!rest.is_empty()).then(|| rest.to_owned()));
            return;
        }
        let is_more_usage = indent > 0 || body.starts_with("or:") || body.starts_with("or ");
        if self.part == Part::UsageHead || (self.part == Part::Usage && is_more_usage) {
            self.part = Part::Usage;
            let form = body.strip_prefix("or:").or_else(|| body.strip_prefix("or ")).unwrap_or(body);
            return self.usages.push(form.trim().to_owned());
        }
        if indent == 0 && is_heading(body) {
            let is_examples = words(body).iter().any(|word| word == "example" || word == "examples");
            self.part = if is_examples { Part::Examples } else { Part::Lists };
            self.list = list_of(body);
            return;
        }
        if let Some(list) = &mut self.list
            && (indent > 0 || list.is_in_columns(body))
        {
            return list.take(body, indent, self.slot.as_deref(), &mut self.told.commands);
        }
        if indent > 0 && self.part != Part::Examples {
            self.indented.push(body.to_owned());
        }
        if matches!(self.part, Part::Top | Part::Usage) && !body.starts_with('-') {
            self.part = Part::Top;
            self.told.prose.push(body.to_owned());
        }
    }

    /// The commands in usage lines: `coder list  Show all`, or the choices in `coder {start|stop}`.
    fn commands_of_forms(&self) -> Vec<(String, String)> {
        let forms: Vec<Form<'_>> = self.usages.iter().filter_map(|line| form_of(line, true)).collect();
        let is_choice = forms.iter().any(|form| form.names.len() > 1);
        let found = distinct(&forms);
        if is_choice || found.len() > 1 {
            return found;
        }
        let others = self.indented.iter().filter_map(|line| form_of(line, false));
        let all: Vec<Form<'_>> = forms.into_iter().chain(others).collect();
        let of_program = |program: &str| {
            let forms: Vec<Form<'_>> = all.iter().filter(|form| form.program == program).cloned().collect();
            Some(distinct(&forms)).filter(|found| found.len() >= FEWEST_FORMS)
        };
        all.iter().find_map(|form| of_program(form.program)).unwrap_or_default()
    }
}

/// A usage line.
#[derive(Clone)]
struct Form<'a> {
    program: &'a str,
    /// The command after its name, or the commands of a choice.
    names: Vec<&'a str>,
    sentence: &'a str,
}

/// Parses a usage line; `None` for any other line. A command of several words is accepted only in the usage, because
/// elsewhere it could be a sentence.
fn form_of(line: &str, is_usage: bool) -> Option<Form<'_>> {
    let (head, sentence) = halves(line);
    let mut tokens = head.split_whitespace();
    let program = tokens.next().filter(|word| !word.starts_with(['-', '[', '<', '{']))?;
    let word = tokens.find(|word| !word.starts_with(['[', '-']))?;
    let inner = word.trim_matches(['{', '}', '(', ')']);
    let names: Vec<&str> = inner.split('|').collect();
    let is_plain = names.iter().all(|name| is_command(name));
    let is_form = !sentence.is_empty() || tokens.all(|word| is_placeholder(word) || (is_usage && is_command(word)));
    (is_plain && is_form).then_some(Form { program, names, sentence })
}

fn distinct(forms: &[Form<'_>]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for form in forms {
        for name in &form.names {
            if !found.iter().any(|(known, _)| known == name) {
                found.push(((*name).to_owned(), form.sentence.to_owned()));
            }
        }
    }
    found
}

/// A list of commands, as it is read.
struct CommandList {
    /// The indentation of its entries, once known.
    indent: Option<usize>,
    /// Whether its lines are commands; below `positional arguments`, only those after the metavariable of a command
    /// are.
    is_open: bool,
    /// Whether its names are written side by side.
    is_wide: bool,
}

/// The list that a heading opens; `None` for any other heading.
fn list_of(heading: &str) -> Option<CommandList> {
    const NAMES: [&str; 7] = ["command", "commands", "subcommand", "subcommands", "actions", "verbs", "tools"];
    const OTHERS: [&str; 9] =
        ["option", "options", "flag", "flags", "example", "examples", "topics", "environment", "arguments"];
    let words = words(heading);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let is_open = has(&NAMES) && !has(&OTHERS);
    (is_open || words == ["positional", "arguments"]).then_some(CommandList { indent: None, is_open, is_wide: false })
}

impl CommandList {
    /// Whether a line is a row of names side by side.
    fn is_in_columns(&self, body: &str) -> bool {
        let names: Vec<&str> = columns(body);
        self.is_open && names.iter().all(|name| is_command(name)) && (self.is_wide || names.len() >= 3)
    }

    /// Takes a line below the heading.
    fn take(&mut self, body: &str, indent: usize, slot: Option<&str>, found: &mut Vec<(String, String)>) {
        let first = body.split_whitespace().next().unwrap_or_default();
        let is_slot = slot == Some(first);
        if let Some(choices) = first.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            // In the format of argparse, the commands follow, each on a separate line if it has a description.
            if is_slot || self.is_open {
                choices.split(',').filter(|name| is_command(name)).for_each(|name| add(found, name, ""));
            }
            *self = CommandList { indent: Some(indent + 2), is_open: true, is_wide: false };
            return;
        }
        if !self.is_open {
            if is_slot {
                *self = CommandList { indent: Some(indent + 2), is_open: true, is_wide: false };
            }
            return;
        }
        if self.is_in_columns(body) {
            self.is_wide = true;
            return columns(body).iter().for_each(|name| add(found, name, ""));
        }
        let usual = self.indent.unwrap_or(indent);
        if indent == usual {
            if let Some((name, sentence)) = entry(body) {
                self.indent = Some(indent);
                add(found, name, sentence);
            }
        } else if indent > usual && self.indent.is_some() {
            // Its description, if it begins on the next line.
            if let Some((_, sentence)) = found.last_mut().filter(|(_, sentence)| sentence.is_empty()) {
                body.clone_into(sentence);
            }
        }
    }
}

/// Adds a command, or the description of one without a description.
fn add(found: &mut Vec<(String, String)>, name: &str, sentence: &str) {
    match found.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) if known.is_empty() => sentence.clone_into(known),
        Some(_) => {}
        None => found.push((name.to_owned(), sentence.to_owned())),
    }
}

/// The name and the description of an entry; `None` for a line of another form.
fn entry(body: &str) -> Option<(&str, &str)> {
    let (head, sentence) = halves(body);
    // An entry may contain short forms and arguments: `build, b  Compile`, `add <file>  Add`, `start UNIT...  Start`.
    let name = head.split([' ', ',', '|']).next().unwrap_or_default().trim_end_matches(':');
    let rest = head[name.len()..].trim_start_matches([',', ':']);
    let is_plain = match sentence {
        "" => rest.split_whitespace().all(is_placeholder),
        _ => rest.split_whitespace().all(|word| is_placeholder(word) || is_command(word.trim_end_matches(','))),
    };
    (is_command(name) && is_plain).then_some((name, sentence))
}

/// An entry's head, and its description, which may be empty.
fn halves(body: &str) -> (&str, &str) {
    let ends = ["  ", "\t", " - ", " -- ", " \u{2013} ", " \u{2014} ", ": "];
    match ends.iter().filter_map(|end| body.find(end).map(|at| (at, end.len()))).min() {
        Some((at, length)) => (body[..at].trim_end(), body[at + length..].trim_start_matches([' ', '\t', '-'])),
        None => (body, ""),
    }
}

/// Names that stand side by side.
fn columns(body: &str) -> Vec<&str> {
    body.split([',', '\t']).flat_map(|part| part.split("  ")).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The word of the usage that precedes a lone `...`.
fn slot_of(lines: &[&str]) -> Option<String> {
    let from = lines.iter().position(|line| after_usage(line.trim()).is_some())?;
    let usage = lines[from..].iter().take_while(|line| !line.trim().is_empty());
    let tokens: Vec<&str> = usage.flat_map(|line| line.split_whitespace()).collect();
    tokens.windows(2).find(|two| two[1] == "...").map(|two| two[0].to_owned())
}

fn is_placeholder(word: &str) -> bool {
    let is_loud = word.contains(|c: char| c.is_ascii_uppercase()) && !word.contains(|c: char| c.is_ascii_lowercase());
    word.starts_with(['<', '[', '{', '(', '|', '-']) || word.ends_with("...") || word.ends_with([']', '>']) || is_loud
}

fn is_command(name: &str) -> bool {
    name.len() <= NAME_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-:".contains(c))
}

/// Whether a line without indentation is a heading: it ends with a colon, is in capitals, or consists of a few words
/// that end with `commands`. Text in brackets is ignored.
fn is_heading(line: &str) -> bool {
    let head = line.split(" (").next().unwrap_or_default();
    let is_loud = line.contains(|c: char| c.is_ascii_uppercase()) && !line.contains(|c: char| c.is_lowercase());
    let is_short = head.split_whitespace().count() <= 4 && head.to_ascii_lowercase().ends_with("commands");
    line.ends_with(':') || head.ends_with(':') || is_loud || is_short
}

/// What follows the word `usage` at the beginning of a line.
fn after_usage(line: &str) -> Option<&str> {
    let (head, rest) = line.split_at_checked(5)?;
    let is_usage = head.eq_ignore_ascii_case("usage") && (rest.is_empty() || rest.starts_with([':', ' ']));
    is_usage.then(|| rest.trim_start_matches(':').trim())
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}
