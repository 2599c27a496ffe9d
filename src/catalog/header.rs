//! What a script says about itself: the comment or docstring at its top, its `#!` line, its inline
//! dependency block (PEP 723), its file name.
//!
//! Nothing is executed and nothing below the header is understood; a script that says nothing is
//! still a tool.

use super::argv::CommandWords;
use super::description;
use super::document;
use super::draft::{self, Draft, Naming};
use super::files::unusable_name;
use super::modules;
use super::notices::{announced, is_item};
use super::programs::{self, Programs};
use super::scripts::{self, ScriptText};
use super::stdin;
use crate::code::metadata::ScriptBlock;
use crate::domain::source::{Language, text_of};
use crate::domain::{
    Dialect, InputMode, Manifest, Origin, Problem, ProblemCode, Recipe, SafeText, ToolName, VersionFile,
};

/// A header ends after so many lines at the latest.
const HEADER_LINES: usize = 120;

/// Whether a script is a package of Python or what starts one, by its stem: its folder names it.
pub(super) fn is_package(stem: &str) -> bool {
    matches!(stem, "__main__" | "__init__")
}

/// Stems by which a folder names the file to start. They say nothing about it: its folder names it.
const ENTRY_STEMS: &[&str] = &["main", "index"];

/// Stems that say how a file is used, not what for: the folder comes before them.
const ROLE_STEMS: &[&str] = &["app", "cli", "program", "run", "script", "start"];

/// What the name of a script without a name of its own consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FolderName {
    /// The folder alone.
    Alone,
    /// The folder and the stem.
    WithStem,
}

/// How a folder names a script of this stem; `None` if the stem is a name.
pub(super) fn named_by_folder(stem: &str) -> Option<FolderName> {
    let plain = stem.to_ascii_lowercase();
    if is_package(stem) || ENTRY_STEMS.contains(&plain.as_str()) {
        return Some(FolderName::Alone);
    }
    ROLE_STEMS.contains(&plain.as_str()).then_some(FolderName::WithStem)
}

/// Shells whose code no grammar reads.
const OTHER_SHELLS: &[&str] = &["zsh", "ksh", "mksh"];

/// Reads a script.
///
/// # Errors
/// A [`Problem`] for an empty script, one that is not UTF-8, or a file name that is no name.
#[cfg(test)]
pub(super) fn read(path: &str, bytes: &[u8], programs: &Programs) -> Result<Draft, Problem> {
    read_beside(path, bytes, scripts::Beside::default(), programs)
}

/// Reads a script; `beside` is what other files of its package say about it.
///
/// # Errors
/// A [`Problem`] for an empty script, one that is not UTF-8, or a file name that is no name.
pub(super) fn read_beside(
    path: &str,
    bytes: &[u8],
    beside: scripts::Beside<'_>,
    programs: &Programs,
) -> Result<Draft, Problem> {
    let problem = |code, line, message: String, hint: &str| Problem {
        path: path.to_owned(),
        line,
        code,
        message,
        hint: hint.to_owned(),
    };
    let text = document::text(path, bytes)?;
    if text.trim().is_empty() {
        return Err(problem(
            ProblemCode::Empty,
            None,
            "the script is empty".to_owned(),
            "write the script, or delete the file",
        ));
    }
    let stem = draft::stem_of(path);
    let name = draft::script_name(stem).map_err(|error| {
        problem(
            ProblemCode::BadName,
            None,
            error.to_string(),
            "rename the file: use a-z 0-9 _ . - only, starting with a letter or digit",
        )
    })?;
    // What a name cannot hold is kept as title.
    let title = ToolName::normalise(stem.trim_start_matches(['_', '.', '-'])).err().map(|_| stem.to_owned());
    // A script that has the name of a folder that is not searched is told from it by its ending.
    let ending = path.rsplit_once('.').map_or("script", |(_, ending)| ending);
    let longer = unusable_name(name.as_str()).and_then(|_| ToolName::of_title(&format!("{stem} {ending}")));
    let title = title.or_else(|| longer.is_some().then(|| stem.to_owned()));
    let name = longer.unwrap_or(name);
    let by_stem = name.clone();
    let is_by_stem = |name: &ToolName| *name == by_stem;
    let mut manifest = draft::blank(Naming { name, title }, Dialect::Header);
    let (header, quoted) = header_parts(text);
    let file = path.rsplit('/').next().unwrap_or(path);
    describe(&mut manifest, &header, file);
    if let Some(quoted) = quoted.filter(|at| *at > 0 && Language::of(path, text) == Some(Language::Python)) {
        // The docstring is about the program; comments above it are often notices.
        let mut own = Manifest::blank(manifest.name.clone(), Dialect::Header);
        describe(&mut own, &header[quoted..], file);
        if !own.description.is_empty() {
            manifest.description = own.description;
        }
    }
    manifest.dependencies = inline_dependencies(text);
    let words = programs::interpreter(
        path.rsplit('/').next().unwrap_or(path),
        text.lines().next().unwrap_or_default(),
        programs,
    );
    // Other shells write what a script is given as bash does.
    let is_shell =
        words.as_ref().and_then(|words| words.first()).is_some_and(|word| OTHER_SHELLS.contains(&word.as_str()));
    let language = Language::of(path, text).or_else(|| is_shell.then_some(Language::Bash));
    let script = ScriptText { path, text, language, beside };
    manifest.recipe = words.as_ref().map(|_| Recipe::blank(input_mode(text)));
    let mut declared = scripts::declared(&script, !manifest.description.trim().is_empty());
    let (programs, unsupported) = (std::mem::take(&mut declared.programs), declared.unsupported.take());
    let is_module = declared.is_module && !text.starts_with("#!") && stem != "__init__";
    let unsupported = scripts::python_fault(&script).or(unsupported);
    let unsupported = unsupported.or_else(|| of_package(&script)).or_else(|| scripts::other_engine(&script));
    declared.apply(&mut manifest);
    if stdin::reads_text(&script) {
        stdin::declare(&mut manifest);
    }
    stdin::leave_open(&mut manifest);
    let origin = origin(path, text, &header, manifest.provenance.created_by.as_deref());
    let words = words.map(|words| CommandWords([words, vec!["{file}".to_owned()]].concat()));
    let is_named_by_folder = named_by_folder(stem).is_some() && is_by_stem(&manifest.name);
    Ok(Draft { unsupported, programs, is_named_by_folder, is_module, ..Draft::of_command(manifest, words, origin) })
}

/// Why Python does not load a file of a package by its path.
fn of_package(script: &ScriptText<'_>) -> Option<String> {
    let module = modules::of_own_package(script.text).filter(|_| script.language == Some(Language::Python))?;
    let module = SafeText::new(module);
    Some(format!("it is a part of a package (it imports {module}); write a script beside the package that calls it"))
}

/// Why none of these files can be loaded by its path.
pub(super) fn part_of_package(files: &[VersionFile]) -> Option<String> {
    let scripts = files.iter().filter_map(|file| {
        let text = text_of(file)?;
        Some(ScriptText::new(&file.path, text, Language::of(&file.path, text)))
    });
    scripts.into_iter().find_map(|script| of_package(&script))
}

/// The lines of the header without comment signs and quotes; an empty one between comments and a text.
pub(super) fn header_lines(text: &str) -> Vec<&str> {
    header_parts(text).0
}

/// [`header_lines`], and which of them is the first of a text in quotes or of a block comment.
fn header_parts(text: &str) -> (Vec<&str>, Option<usize>) {
    let mut lines = Vec::new();
    let mut quoted = None;
    let mut inside: Option<&str> = None;
    // Below a first statement, a comment directly above another one is about that one, unless that is the whole script.
    let (mut is_below, mut block) = (false, 0);
    for (at, line) in text.lines().take(HEADER_LINES).enumerate() {
        let trimmed = line.trim();
        if let Some(end) = inside {
            if let Some((before, _)) = trimmed.split_once(end) {
                lines.push(without_stars(before, end));
                break;
            }
            lines.push(without_stars(trimmed, end));
            continue;
        }
        if let Some((end, rest)) = opening(trimmed) {
            quoted = Some(lines.len());
            if let Some((before, _)) = rest.split_once(end) {
                lines.extend(["", before.trim_start_matches('*').trim()]);
                break;
            }
            inside = Some(end);
            lines.extend(["", without_stars(rest.trim(), end)]);
        } else if let Some(comment) = trimmed.strip_prefix("#!").map(|_| "").or_else(|| comment(trimmed)) {
            lines.push(comment);
            block = if comment.is_empty() { 0 } else { block + 1 };
        } else if trimmed.is_empty() {
            lines.push("");
            block = 0;
        } else {
            if is_below && (is_preface(trimmed) || goes_on_behind(text, at)) {
                lines.truncate(lines.len() - block);
            }
            if !is_preface(trimmed) {
                break;
            }
            (is_below, block) = (!trimmed.starts_with(['\'', '"', '<']), 0);
        }
    }
    (lines, quoted)
}

/// A line of a block without the signs that stand in front of each line of a comment.
fn without_stars<'l>(line: &'l str, end: &str) -> &'l str {
    // In other texts a star begins an item of a list.
    if end == "*/" || !is_item(line) { line.trim_start_matches('*').trim() } else { line.trim() }
}

/// Whether there is more code behind the statements that follow each other from a line on.
fn goes_on_behind(text: &str, line: usize) -> bool {
    let mut rest = text.lines().skip(line).map(str::trim).skip_while(|line| !line.is_empty());
    rest.any(|line| !line.is_empty() && comment(line).is_none())
}

/// Whether a line of code often stands above the words about a script.
fn is_preface(line: &str) -> bool {
    matches!(line, "'use strict';" | "\"use strict\";" | "<?php")
        || line.starts_with("set -")
        || line.starts_with("shopt ")
        || line.starts_with("source ")
        || line.starts_with(". ")
}

/// The end mark of a block that begins here, and the rest of the line.
fn opening(line: &str) -> Option<(&'static str, &str)> {
    let line = line.strip_prefix(['r', 'R', 'u', 'U']).filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(line);
    [("\"\"\"", "\"\"\""), ("'''", "'''"), ("/*", "*/"), ("--[[", "]]")]
        .into_iter()
        .find_map(|(begin, end)| Some((end, line.strip_prefix(begin)?)))
}

fn comment(line: &str) -> Option<&str> {
    let (sign, rest) = ["#", "//", "--"].iter().find_map(|sign| Some((*sign, line.strip_prefix(sign)?)))?;
    let rest = rest.trim_start_matches(|c| matches!(c, '#' | '/') || sign == "--" && c == '-');
    // Code that is commented out has no space behind the sign: `#open "$1"`.
    let is_call = || rest.split_whitespace().nth(1).is_some_and(|word| word.starts_with(['"', '\'', '-']));
    if sign == "#" && rest.starts_with(|c: char| c.is_ascii_lowercase()) && (rest.contains('$') || is_call()) {
        return Some("");
    }
    // A comment of a comment: `# # words`.
    let rest = rest.strip_prefix(' ').map_or(rest, |words| words.trim_start_matches("# "));
    // `##? words`: a help text that the script prints itself.
    Some(rest.strip_prefix('?').filter(|_| line.starts_with("##?")).unwrap_or(rest).trim())
}

fn describe(manifest: &mut Manifest, header: &[&str], file: &str) {
    let mut stated_version = None;
    let mut first = None;
    let mut stated = of_json(header);
    let (mut block, mut is_titled) = (false, false);
    let paragraphs = header.split(|line| line.is_empty()).filter(|paragraph| !description::is_license(paragraph));
    let paragraphs: Vec<&[&str]> = paragraphs.filter(|paragraph| !paragraph.is_empty()).collect();
    let has_list = header.iter().filter(|line| is_item(line)).count() > 1;
    for (place, paragraph) in paragraphs.iter().enumerate() {
        let next = paragraphs.get(place + 1).and_then(|next| next.first());
        let mut is_list = false;
        let is_aside = description::is_aside(paragraph);
        let is_call = paragraph.first().is_some_and(|line| description::is_call(line));
        let mut is_for_programs = false;
        let mut refused: Option<&str> = None;
        for (at, line) in paragraph.iter().enumerate() {
            // A notice goes on in the next line.
            let is_rest = !is_aside && refused.is_some_and(is_open) && line.starts_with(char::is_lowercase);
            refused = Some(*line).filter(|line| is_rest || !description::is_words(line));
            if is_rest {
                continue;
            }
            // What is said to another program goes on in the next line.
            let goes_on = is_for_programs && line.starts_with(char::is_lowercase);
            is_for_programs = goes_on || description::is_for_programs(line);
            if line.starts_with("///") || line.trim_start_matches('/').trim() == "script" {
                block = !block;
                continue;
            }
            let follows = std::mem::replace(&mut is_titled, line.eq_ignore_ascii_case("description:"));
            let below = Some(*line).filter(|line| follows && description::is_words(line));
            if let Some(words) = description::stated(line).or(below) {
                stated = Some(words.to_owned());
                continue;
            }
            let Some((key, value)) = key_of(line).filter(|_| !description::is_directive(line)) else {
                let words = description::without_name(line, file);
                // A sentence below `Usage: x FILE` says what it does.
                let is_usable = !is_aside || is_call && description::is_sentence(words);
                // What belongs to an item goes on below it.
                is_list |= has_list && is_item(line);
                let is_words =
                    description::is_words(words) && !is_marker(line) && is_usable && !is_list && !is_titled && !goes_on;
                if first.is_none() && is_words && !block {
                    first = sentence(words, &paragraph[at + 1..], next.copied());
                }
                continue;
            };
            let value = value.to_owned();
            match key.as_str() {
                "created" | "created at" | "date" => manifest.provenance.created_at = Some(value),
                "generator" | "generated by" => manifest.provenance.generator = Some(value),
                "status" => manifest.provenance.status = Some(value),
                "version" => stated_version = draft::loose_version(&value),
                "author" | "created by" | "created_by" => manifest.provenance.created_by = Some(value),
                _ => stated = Some(value),
            }
        }
    }
    let marked = || {
        header
            .iter()
            .find(|line| is_marker(line))
            .and_then(|line| line.split_once(':'))
            .map(|(_, rest)| rest.trim().to_owned())
    };
    manifest.description = stated.or(first).or_else(marked).unwrap_or_default();
    manifest.version =
        stated_version.or_else(|| version_in_name(draft::stem_of(file))).unwrap_or(semver::Version::new(1, 0, 0));
}

/// Whether the sentence of a line may go on in the next one.
fn is_open(line: &str) -> bool {
    line.contains(' ') && !line.trim_end().ends_with(['.', '!', '?', ':', ';'])
}

/// The description in a header that is a JSON object, as some programs want it.
fn of_json(header: &[&str]) -> Option<String> {
    let text = header.join("\n");
    let object = text.trim().strip_prefix('{').map(|_| text.trim())?;
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(object).ok()?;
    let words = object.get("description")?.as_str()?.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// Lines of one sentence, at most.
const SENTENCE_LINES: usize = 6;

/// Characters of a line that people break.
const BROKEN_CHARS: usize = 60;

/// Words behind which a sentence goes on.
const GOING_ON: &[&str] =
    &["a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "that", "the", "to", "with"];

/// The sentence that a line begins; `None` for a title. `next` is the first line of the next paragraph.
fn sentence(line: &str, rest: &[&str], next: Option<&str>) -> Option<String> {
    if line.trim_end().ends_with(':') {
        let announces_list = rest.first().copied().or(next).is_some_and(is_item);
        return announced(line).filter(|_| announces_list).map(str::to_owned);
    }
    let whole = whole_sentence(line, rest);
    Some(announced(&whole).map_or(whole.clone(), str::to_owned))
}

/// A line with those below it that its sentence goes on in.
fn whole_sentence(line: &str, rest: &[&str]) -> String {
    let mut sentence = line.trim().to_owned();
    let mut before = line.trim();
    for next in rest.iter().map(|next| next.trim()).take(SENTENCE_LINES - 1) {
        let last = before.rsplit(' ').next().unwrap_or_default();
        let is_open = before.ends_with(',') || GOING_ON.contains(&last);
        let is_ended = before.ends_with(['.', '!', '?', ':']);
        let chars = before.chars().count();
        let goes_on =
            is_open || chars >= BROKEN_CHARS || chars >= BROKEN_CHARS / 2 && next.starts_with(char::is_lowercase);
        let is_usable = next.contains(char::is_alphanumeric)
            && description::is_words(next)
            && !next.starts_with(['-', '*', '@', '#', '$', '[']);
        if is_ended || !goes_on || !is_usable || key_of(next).is_some() || is_marker(next) {
            break;
        }
        sentence = format!("{sentence} {next}");
        before = next;
    }
    sentence
}

/// `Key: value` of a header, the key in lower case.
fn key_of(line: &str) -> Option<(String, &str)> {
    const KEYS: &[&str] = &[
        "created",
        "created at",
        "date",
        "generator",
        "generated by",
        "status",
        "version",
        "author",
        "created by",
        "created_by",
        "description",
    ];
    let (key, value) = line.split_once(':')?;
    let key = key.trim().trim_start_matches(['@', '-', '*']).trim().to_ascii_lowercase();
    let value = value.trim();
    (KEYS.contains(&key.as_str()) && !value.is_empty()).then_some((key, value))
}

fn is_marker(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.starts_with("ai-generated tool") || line.starts_with("ai generated tool")
}

/// `NAME_v1_2_3` is version 1.2.3.
fn version_in_name(stem: &str) -> Option<semver::Version> {
    let (_, version) = stem.rsplit_once("_v")?;
    draft::loose_version(&version.replace('_', "."))
}

/// The dependencies of a PEP 723 block.
fn inline_dependencies(text: &str) -> Vec<String> {
    ScriptBlock::of(text).map(|block| block.dependencies()).unwrap_or_default()
}

fn origin(path: &str, text: &str, header: &[&str], author: Option<&str>) -> Option<Origin> {
    let in_name = path.to_ascii_lowercase().contains("_ai_generated_");
    let in_header = header.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("ai-generated") || line.contains("ai generated")
    });
    let classes = text.lines().filter_map(|line| line.trim_start().strip_prefix("class "));
    let in_class =
        classes.map(|name| name.to_ascii_lowercase().replace('_', "")).any(|name| name.contains("aigenerated"));
    if in_name || in_header || in_class { Some(Origin::Ai) } else { draft::origin_of(author) }
}

/// How a script takes its input, by what it reads.
fn input_mode(text: &str) -> InputMode {
    let reads = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    if reads(&["sys.stdin", "process.stdin", "/dev/stdin", "readFileSync(0", "input()", "$(cat)"]) {
        InputMode::StdinJson
    } else if reads(&["argparse", "sys.argv", "process.argv", "$1", "$@", "getopts", "Deno.args", "ARGV"]) {
        InputMode::Args
    } else {
        InputMode::None
    }
}
