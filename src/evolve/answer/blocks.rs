//! Determines the file of each code block.

use super::fence::{FencedBlock, blocks};
use super::{Fault, Objection, RawAnswer, Want, json};
use crate::domain::source::Language;

/// Languages of blocks that only show how something is used or its output.
const SHOWN: &[&str] =
    &["console", "shell-session", "text", "txt", "plaintext", "output", "log", "csv", "sh-session", "http"];

/// Words that come before a file name.
const KEYS: &[&str] = &["file", "filename", "path", "name", "title"];

/// The files of an answer in code blocks.
///
/// # Errors
///
/// There is none, the last one is not closed, or the file of a block is unclear.
pub(super) fn take(text: &str, want: &Want) -> Result<RawAnswer, Objection> {
    let (found, notes) = blocks(text);
    if let Some(open) = found.last().filter(|block| !block.is_closed) {
        return Err(unclosed(open, want));
    }
    let mut taken = RawAnswer { notes, ..RawAnswer::default() };
    let mut unnamed = Vec::new();
    for block in found {
        let is_json = matches!(language(&block.info), "" | "json") && json::has_files(&block.text);
        if is_json && name_of(&block, want).is_none() {
            let within = json::files(&block.text)?;
            taken.files.extend(within.files);
            taken.manifest = within.manifest.or(taken.manifest);
            continue;
        }
        match name_of(&block, want) {
            Some(name) => taken.files.push((name, without_name(&block, want))),
            None => unnamed.push(block),
        }
    }
    name_rest(&mut taken, unnamed, want)?;
    for (path, text) in &mut taken.files {
        keep_line_ends(path, text, want);
    }
    if let (Some(text), Some((path, _))) = (&mut taken.manifest, &want.manifest) {
        keep_line_ends(path, text, want);
    }
    Ok(taken)
}

/// Gives a file Windows line endings if it had only those before: models write none, and every line would differ.
fn keep_line_ends(path: &str, text: &mut String, want: &Want) {
    let before = want.before(path.trim_start_matches("./")).unwrap_or_default();
    let ends = before.matches("\r\n").count();
    if ends > 0 && ends == before.matches('\n').count() {
        *text = text.replace('\n', "\r\n");
    }
}

fn unclosed(block: &FencedBlock, want: &Want) -> Objection {
    let name = name_of(block, want).unwrap_or_else(|| "the last code block".to_owned());
    let why = format!(
        "{name} is not closed: the answer was truncated, or a line in it looks like the end of the block; write less text around the code, and use a fence longer than any in it"
    );
    Objection::new(Fault::Cut, why)
}

/// Names the blocks without a name: one of them may be the started file, another the manifest.
fn name_rest(taken: &mut RawAnswer, unnamed: Vec<FencedBlock>, want: &Want) -> Result<(), Objection> {
    let (mut code, mut differences) = (Vec::new(), 0);
    let only = taken.files.is_empty() && unnamed.len() == 1;
    for block in unnamed {
        match language(&block.info) {
            "diff" | "patch" => differences += 1,
            _ if is_difference(&block.text) => differences += 1,
            _ if is_manifest(&block, want) && taken.manifest.is_none() => taken.manifest = Some(block.text),
            _ if is_entry(&block, want, only) => code.push(block.text),
            _ => {}
        }
    }
    if !taken.files.is_empty() && want.entry.as_ref().is_none_or(|entry| has(taken, entry)) {
        // The files are named, so blocks without a name only show something.
        return Ok(());
    }
    code.dedup();
    match (code.len(), &want.entry) {
        (0, _) if !taken.files.is_empty() || taken.manifest.is_some() => Ok(()),
        (0, _) if differences > 0 => {
            Err(Objection::new(Fault::Difference, "the answer is a diff; write every changed file completely"))
        }
        (0, _) => Err(Objection::new(Fault::NoCode, "the answer contains no code block and no JSON with files")),
        (1, Some(entry)) => {
            taken.files.splice(0..0, code.pop().map(|text| (entry.clone(), text)));
            Ok(())
        }
        (1, None) => {
            Err(Objection::new(Fault::Unnamed, "the code block has no file name; put the name after its opening fence"))
        }
        (_, Some(entry)) => {
            let why = format!(
                "the answer has {} code blocks without a file name, but only one of them can be {entry}; put file names after the opening fences",
                code.len()
            );
            Err(Objection::new(Fault::Alternatives, why))
        }
        (_, None) => {
            Err(Objection::new(Fault::Unnamed, "no code block has a file name; put the names after the opening fences"))
        }
    }
}

fn has(taken: &RawAnswer, path: &str) -> bool {
    taken.files.iter().any(|(name, _)| name.trim_start_matches("./") == path)
}

fn is_difference(text: &str) -> bool {
    let mut lines = text.lines();
    lines.clone().any(|line| line.starts_with("@@ ") && line[3..].contains("@@"))
        && lines.any(|line| line.starts_with('+') || line.starts_with('-'))
}

fn is_manifest(block: &FencedBlock, want: &Want) -> bool {
    let Some((path, _)) = &want.manifest else { return false };
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_form = match language(&block.info) {
        "yml" | "yaml" => matches!(ending, "yml" | "yaml"),
        other => other == ending,
    };
    let key = |name: &str| {
        block.text.lines().any(|line| {
            let line = line.trim_start_matches([' ', '"']);
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with([':', '=']))
        })
    };
    is_form && key("name") && (key("description") || key("version"))
}

/// Whether a block without a name may be the started file: it has the language of the file, or is the only block and
/// has no language.
fn is_entry(block: &FencedBlock, want: &Want, only: bool) -> bool {
    let word = language(&block.info);
    if SHOWN.contains(&word) {
        return false;
    }
    let wanted = want
        .entry
        .as_ref()
        .and_then(|entry| Language::of(entry, want.files.get(entry).map_or(block.text.as_str(), String::as_str)));
    match (word_language(word), wanted) {
        (Some(here), Some(wanted)) => same(here, wanted),
        (None, _) if word.is_empty() => {
            only || wanted.is_some_and(|wanted| Language::of("", &block.text) == Some(wanted))
        }
        (Some(_), None) => true,
        (None, _) => only && want.entry.as_ref().is_some_and(|entry| entry.ends_with(&format!(".{word}"))),
    }
}

fn same(a: Language, b: Language) -> bool {
    a == b || a.is_javascript() && b.is_javascript()
}

/// The language of a word after a fence.
fn word_language(word: &str) -> Option<Language> {
    match word {
        "python" | "python3" | "py" | "py3" => Some(Language::Python),
        "javascript" | "js" | "node" | "mjs" | "cjs" | "jsx" => Some(Language::JavaScript),
        "typescript" | "ts" | "mts" => Some(Language::TypeScript),
        "tsx" => Some(Language::Tsx),
        "bash" | "sh" | "shell" | "zsh" => Some(Language::Bash),
        _ => None,
    }
}

/// The first word after a fence, normalised: `python` from `Python:tool.py {.numbered}`.
fn language(info: &str) -> &str {
    let word = info.split([' ', '\t', ':', ',', '{']).next().unwrap_or_default();
    // Static lower-case words, because names of languages have few spellings.
    match word {
        "Python" => "python",
        "Bash" => "bash",
        "JSON" => "json",
        "TypeScript" => "typescript",
        "JavaScript" => "javascript",
        _ if looks_like_file(word) => "",
        _ => word,
    }
}

/// The file name that a block states.
fn name_of(block: &FencedBlock, want: &Want) -> Option<String> {
    in_info(&block.info, want)
        .or_else(|| first_line(&block.text, &block.info, want).map(|(name, _)| name))
        .or_else(|| in_heading(&block.heading, want).filter(|name| fits(&block.info, name)))
}

fn in_info(info: &str, want: &Want) -> Option<String> {
    let after_colon = info.split_once(':').filter(|(word, _)| !word.contains(' ')).map(|(_, rest)| rest.trim());
    if let Some(rest) = after_colon.filter(|rest| is_name(rest, want)) {
        return Some(rest.to_owned());
    }
    let words = info.split_whitespace().map(|word| word.trim_matches(['{', '}', ',', '(', ')']));
    for word in words {
        let value = KEYS.iter().find_map(|key| word.strip_prefix(key).and_then(|rest| rest.strip_prefix(['=', ':'])));
        let value = value.unwrap_or(word).trim_matches(['"', '\'', '`']);
        if is_name(value, want) {
            return Some(value.to_owned());
        }
    }
    None
}

/// The name in a comment on the first line, and whether the line contains nothing else.
fn first_line(text: &str, info: &str, want: &Want) -> Option<(String, usize)> {
    let line = text.lines().next()?;
    let trimmed = line.trim();
    let inner = ["#", "//", "--", "/*", "<!--", ";", "%"].iter().find_map(|mark| trimmed.strip_prefix(mark))?;
    if inner.starts_with('!') {
        return None;
    }
    let inner = inner.trim_start_matches(['#', '/', '*', ' ']).trim_end_matches(['*', '/', '-', '>', ' ']);
    let (key, rest) = inner.split_once([':', '=']).map_or(("", inner), |(key, rest)| (key.trim(), rest.trim()));
    let is_keyed = KEYS.contains(&key.to_lowercase().as_str());
    let name = if is_keyed { rest } else { inner }.trim_matches(['"', '\'', '`']);
    // A word with a dot in a comment is not necessarily a file name.
    let is_sure = is_keyed || want.before(name).is_some() || {
        let language = word_language(language(info));
        name.rsplit_once('.').is_some() && language.is_some() && Language::of(name, "") == language
    };
    (is_sure && is_name(name, want)).then(|| (name.to_owned(), line.len() + 1))
}

/// The text of a block without the line that names it.
fn without_name(block: &FencedBlock, want: &Want) -> String {
    let named = first_line(&block.text, &block.info, want);
    // A line that existed before belongs to the file.
    let named = named
        .filter(|(name, _)| want.before(name).is_none_or(|before| before.lines().next() != block.text.lines().next()));
    let from = named.map_or(0, |(_, length)| length);
    block.text.get(from..).unwrap_or_default().to_owned()
}

fn in_heading(heading: &str, want: &Want) -> Option<String> {
    let first = heading.split_whitespace().next().unwrap_or_default();
    let is_keyed = first.strip_suffix(':').is_some_and(|word| KEYS.contains(&word.to_lowercase().as_str()));
    let is_heading =
        is_keyed || heading.starts_with(['#', '*', '`', '-']) || heading.ends_with(':') || is_name(heading, want);
    if !is_heading {
        return None;
    }
    let inside = heading.split('`').nth(1).filter(|name| is_name(name, want));
    // A sentence may mention a file in passing; a heading consists of little more than the name.
    let few = heading.split_whitespace().count() <= 5;
    let word = || {
        let mut words =
            heading.split_whitespace().map(|word| word.trim_matches(['*', '_', ':', '`', '#', '(', ')', '"', '.']));
        words.find(|word| is_name(word, want)).map(str::to_owned)
    };
    inside.map(str::to_owned).filter(|_| few || heading.ends_with(':')).or_else(|| few.then(word).flatten())
}

/// Whether a block in this language may be that file: `Save it as tool.py and run:` precedes a shell block.
fn fits(info: &str, name: &str) -> bool {
    let word = language(info);
    match (word_language(word), Language::of(name, "")) {
        _ if word.is_empty() => true,
        _ if SHOWN.contains(&word) => name.ends_with(&format!(".{word}")),
        (Some(here), Some(wanted)) => same(here, wanted),
        (Some(_), None) => !name.contains('.'),
        (None, Some(_)) => false,
        (None, None) => true,
    }
}

fn is_name(word: &str, want: &Want) -> bool {
    want.before(word).is_some() || looks_like_file(word)
}

/// Whether a word looks like a file path, even one that no version may have.
fn looks_like_file(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_path = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "`\"'<>|*?()[]{}=,;".contains(c));
    let is_ending = (1..=10).contains(&ending.len())
        && ending.chars().all(|c| c.is_ascii_alphanumeric())
        && ending.chars().any(|c| c.is_ascii_alphabetic());
    is_path && (is_ending || name.starts_with('.') && name.len() > 1 || word.starts_with("versions/") || word.contains("../"))
        // A web address is not a file.
        && !word.contains("://")
}
