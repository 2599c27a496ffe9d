//! What a docstring says: what its function does, and of each parameter its type and meaning.
//!
//! Known are the styles of Google (`Args:`), NumPy (`Parameters` and a line of dashes), reStructuredText
//! (`:param int n: …`) and Epytext (`@param n: …`), and the tags of JSDoc and TSDoc (`@param {number} [n=3] - …`).

use crate::catalog::description;

/// A parameter as a docstring tells it. What is not said is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DocParam {
    pub(super) name: String,
    /// Its type, as written.
    pub(super) hint: String,
    pub(super) text: String,
    pub(super) is_optional: bool,
    /// Its default, as written.
    pub(super) default: Option<String>,
}

/// What a docstring says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Docstring {
    /// Its first paragraph that says what it does, on one line.
    pub(super) summary: String,
    pub(super) params: Vec<DocParam>,
}

/// Titles of sections about parameters.
const PARAMETERS: &[&str] = &[
    "args",
    "arg",
    "arguments",
    "parameters",
    "params",
    "keyword args",
    "keyword arguments",
    "other parameters",
    "inputs",
    "input",
    "attributes",
    "properties",
];

/// Titles of other sections.
const OTHERS: &[&str] = &[
    "returns",
    "return",
    "raises",
    "raise",
    "yields",
    "yield",
    "examples",
    "example",
    "notes",
    "note",
    "references",
    "see also",
    "warnings",
    "warning",
    "warns",
    "todo",
    "usage",
    "output",
    "outputs",
    "throws",
    "exceptions",
];

impl Docstring {
    /// What it says of a parameter.
    pub(super) fn param(&self, name: &str) -> Option<&DocParam> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// Reads a docstring or a comment block without its signs.
pub(super) fn read(text: &str) -> Docstring {
    let lines: Vec<&str> = text.lines().collect();
    let mut doc = Docstring { summary: summary(&lines), params: Vec::new() };
    let mut at = 0;
    while at < lines.len() {
        at = section(&lines, at, &mut doc.params).or_else(|| tag(&lines, at, &mut doc.params)).unwrap_or(at + 1);
    }
    doc
}

/// The text of a comment without its signs: `/** a */`, `// a`, `# a`.
pub(super) fn comment_words(comment: &str) -> String {
    let lines = comment.lines().map(|line| {
        let line = line.trim().trim_start_matches("/**").trim_start_matches("/*").trim_end_matches("*/");
        line.trim().trim_start_matches(['*', '/', '#']).trim()
    });
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('@')).collect();
    lines.join(" ")
}

fn summary(lines: &[&str]) -> String {
    let mut at = 0;
    while at < lines.len() {
        let rest = lines[at..].iter().enumerate().map(|(index, line)| (at + index, line.trim()));
        let is_over = |(at, line): &(usize, &str)| {
            let is_title = title(line).is_some() || lines.get(at + 1).is_some_and(|next| is_rule(next));
            line.is_empty() || is_title || line.starts_with([':', '@']) || is_rule(line)
        };
        let paragraph: Vec<&str> = rest.take_while(|line| !is_over(line)).map(|(_, line)| line).collect();
        let Some(first) = paragraph.first() else {
            // Sections about parameters end the words; what says how it is called stands above them.
            match lines[at].trim() {
                "" => at += 1,
                line if title(line).as_deref() == Some("usage") => at += section_length(&lines[at..]),
                _ => return String::new(),
            }
            continue;
        };
        let is_announced = paragraph.get(1).is_some_and(|next| description::announces(first, next));
        let is_usable = !description::is_aside(&paragraph) && !is_announced;
        if description::is_words(first) && is_usable {
            return paragraph.join(" ");
        }
        at += paragraph.len();
    }
    String::new()
}

/// The lines of a section and its title, up to an empty line.
fn section_length(lines: &[&str]) -> usize {
    lines.iter().position(|line| line.trim().is_empty()).unwrap_or(lines.len())
}

/// The title of a section: `Args:`.
fn title(line: &str) -> Option<String> {
    let name = line.trim().strip_suffix(':')?.trim_matches('*').to_ascii_lowercase();
    let is_known = PARAMETERS.contains(&name.as_str()) || OTHERS.contains(&name.as_str());
    is_known.then_some(name)
}

/// A line of dashes or the like under a title.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && (line.bytes().all(|byte| byte == b'-') || line.bytes().all(|byte| byte == b'='))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Reads a section about parameters that begins at a line. The answer is the line behind it.
fn section(lines: &[&str], at: usize, params: &mut Vec<DocParam>) -> Option<usize> {
    let is_ruled = lines.get(at + 1).is_some_and(|next| is_rule(next));
    let name = if is_ruled { lines[at].trim().to_ascii_lowercase() } else { title(lines[at])? };
    if !PARAMETERS.contains(&name.as_str()) {
        return None;
    }
    let first = if is_ruled { at + 2 } else { at + 1 };
    let base = lines[first.min(lines.len())..].iter().find(|line| !line.trim().is_empty()).map(|line| indent(line))?;
    if !is_ruled && base <= indent(lines[at]) {
        return None;
    }
    let mut next = first;
    while let Some(line) = lines.get(next) {
        let is_over = !line.trim().is_empty() && (indent(line) < base || title(line).is_some());
        if is_over || lines.get(next + 1).is_some_and(|after| is_rule(after)) {
            break;
        }
        next += 1;
        if line.trim().is_empty() {
            continue;
        }
        if indent(line) > base {
            continued(params, line);
        } else if let Some(param) = if is_ruled { numpy(line) } else { google(line) } {
            params.push(param);
        }
    }
    Some(next)
}

/// A further line about the last parameter.
fn continued(params: &mut [DocParam], line: &str) {
    let Some(param) = params.last_mut() else { return };
    if !param.text.is_empty() {
        param.text.push(' ');
    }
    param.text.push_str(line.trim());
}

/// `name (int, optional): what it is`; the name may have stars or back quotes.
fn google(line: &str) -> Option<DocParam> {
    let line = line.trim().trim_start_matches(['-', '*', '+']).trim();
    let (head, text) = line
        .split_once(':')
        .filter(|(head, _)| head.matches('(').count() == head.matches(')').count())
        .or_else(|| {
            // A colon in the type: `name (Dict[str: int]): …`.
            let end = line.find("):")?;
            Some((&line[..=end], &line[end + 2..]))
        })?;
    let (name, hint) = match head.split_once('(') {
        Some((name, hint)) => (name, hint.trim_end().trim_end_matches(')')),
        None => (head, ""),
    };
    let name = name.trim().trim_matches(['*', '`', '"', '\'']);
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then(|| with_type(name, hint, text.trim()))
}

/// `name : int, optional`; its text follows on the next lines.
fn numpy(line: &str) -> Option<DocParam> {
    let (name, hint) = line.split_once(':').unwrap_or((line, ""));
    let name = name.trim().trim_start_matches('*');
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then(|| with_type(name, hint.trim(), ""))
}

fn with_type(name: &str, hint: &str, text: &str) -> DocParam {
    let mut param = DocParam { name: name.to_owned(), text: text.to_owned(), ..DocParam::default() };
    let mut words = Vec::new();
    for word in super::scanner::split(hint, b',', crate::domain::source::Language::Python) {
        match word {
            "optional" => param.is_optional = true,
            word if word.starts_with("default") => {
                param.is_optional = true;
                let value = word.trim_start_matches("default").trim_start_matches("s to").trim();
                param.default =
                    Some(value.trim_start_matches([':', '=']).trim().to_owned()).filter(|value| !value.is_empty());
            }
            word => words.push(word),
        }
    }
    param.hint = words.join(", ");
    param
}

/// Reads a tag such as `:param int n: …` or `@param {number} n - …`, and the lines that go on with it.
fn tag(lines: &[&str], at: usize, params: &mut Vec<DocParam>) -> Option<usize> {
    let line = lines[at].trim();
    if let Some(rest) = line.strip_prefix(":type ") {
        let (name, hint) = rest.split_once(':')?;
        let name = name.trim();
        let hint = hint.trim().to_owned();
        match params.iter_mut().find(|param| param.name == name) {
            Some(param) => param.hint = hint,
            None => params.push(DocParam { name: name.to_owned(), hint, ..DocParam::default() }),
        }
        return Some(at + 1);
    }
    let tags = [":param ", ":parameter ", ":arg ", ":argument ", ":key "];
    let param = if let Some(rest) = tags.iter().find_map(|tag| line.strip_prefix(tag)) {
        rest_param(rest)?
    } else {
        let rest = ["@param", "@property", "@arg", "@argument"].iter().find_map(|tag| line.strip_prefix(tag))?;
        js_param(rest.strip_prefix(char::is_whitespace)?.trim())?
    };
    match params.iter_mut().find(|known| known.name == param.name) {
        Some(known) => known.text.clone_from(&param.text),
        None => params.push(param),
    }
    let mut next = at + 1;
    while let Some(line) = lines.get(next).filter(|line| indent(line) > indent(lines[at]) && !line.trim().is_empty()) {
        continued(params, line);
        next += 1;
    }
    Some(next)
}

/// `int n: what it is`.
fn rest_param(rest: &str) -> Option<DocParam> {
    let (head, text) = rest.split_once(':')?;
    let (hint, name) = head.trim().rsplit_once(' ').unwrap_or(("", head.trim()));
    (!name.is_empty()).then(|| with_type(name.trim_start_matches('*'), hint.trim(), text.trim()))
}

/// `{number} [n=3] - what it is`, `n what it is`, `n: what it is`.
fn js_param(rest: &str) -> Option<DocParam> {
    let (hint, rest) = if rest.starts_with('{') {
        let inner = super::scanner::inside(rest, 0, crate::domain::source::Language::TypeScript)?;
        (inner, rest.get(inner.len() + 2..)?.trim_start())
    } else {
        ("", rest)
    };
    let (written, text) = if rest.starts_with('[') {
        let end = super::scanner::inside(rest, 0, crate::domain::source::Language::TypeScript)?.len() + 2;
        (&rest[..end], &rest[end..])
    } else {
        rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
    };
    let inner = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (name, default) = match inner.unwrap_or(written).split_once('=') {
        Some((name, default)) => (name, Some(default.trim().to_owned())),
        None => (inner.unwrap_or(written), None),
    };
    let name = name.trim().trim_end_matches([':', ',', '-']);
    let text = text.trim().trim_start_matches(['-', '–', ':']).trim();
    let is_optional = inner.is_some() || hint.ends_with(['=', '?']);
    (!name.is_empty()).then(|| DocParam {
        name: name.to_owned(),
        hint: hint.trim_end_matches(['=', '?']).to_owned(),
        text: text.to_owned(),
        is_optional,
        default,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let of = |param: &DocParam| {
            let sign = if param.is_optional { "?" } else { "" };
            let default = param.default.as_ref().map(|value| format!("={value}")).unwrap_or_default();
            format!("{}{sign}:{}{default}: {}", param.name, param.hint, param.text)
        };
        read(text).params.iter().map(of).collect()
    }

    #[test]
    fn every_style_names_its_parameters() {
        let google = "Adds numbers\n    in a row.\n\n    Longer.\n\n    Args:\n        a (int): The first.\n            And more.\n        \
                      *rest: Others\n        `b` (Dict[str, int], optional, default 3): x: y\n\n    Returns:\n        int: Sum.\n";
        assert_eq!(read(google).summary, "Adds numbers in a row.");
        assert_eq!(shown(google), ["a:int: The first. And more.", "rest:: Others", "b?:Dict[str, int]=3: x: y"]);
        let numpy = "Adds.\n\nParameters\n----------\na : int, optional\n    The first.\nb\n    Other.\n\nReturns\n-------\nint\n";
        assert_eq!(shown(numpy), ["a?:int: The first.", "b:: Other."]);
        let rest =
            "Adds.\n\n:param int a: The first\n    of all.\n:param b: Other\n:type b: str, optional\n:returns: x\n";
        assert_eq!(shown(rest), ["a:int: The first of all.", "b:str, optional: Other"]);
        let js =
            "Adds.\n@param {number} a - The first\n@param {string[]} [b=[]] Other\n@param c: third\n@returns {x} y\n";
        assert_eq!(shown(js), ["a:number: The first", "b?:string[]=[]: Other", "c:: third"]);
    }

    #[test]
    fn a_text_without_sections_is_a_summary() {
        assert_eq!(
            read("\n  One: two\n  three\n\n  four"),
            Docstring { summary: "One: two three".into(), params: vec![] }
        );
        assert_eq!(read(""), Docstring::default());
        assert_eq!(read("Args:\nnot indented"), Docstring::default());
    }
}
