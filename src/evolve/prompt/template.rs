//! Templates: `{{name}}` is replaced by a text, `{{#name}}…{{/name}}` is a part that is included if the text is not
//! empty.
//!
//! A template engine would be thirty times the size, and could not report the line of an unknown placeholder before its
//! use. Inserted text is not parsed again, so that text of a tool cannot open a section.

use std::collections::BTreeMap;

/// An error in a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An unknown placeholder.
    #[error("line {line}: unknown placeholder {{{{{name}}}}}; known placeholders: {known}")]
    Unknown {
        /// The line, from 1.
        line: usize,
        /// The unknown placeholder, without braces.
        name: String,
        /// All names, joined by commas.
        known: String,
    },
    /// An unclosed placeholder or section.
    #[error("line {line}: {what} is not closed")]
    Open {
        /// The line, from 1.
        line: usize,
        /// The beginning of the unclosed part.
        what: String,
    },
    /// The end of a section that is not the open one.
    #[error("line {line}: {{{{/{name}}}}} does not match an open section")]
    Stray {
        /// The line, from 1.
        line: usize,
        /// Name of the section that ends there.
        name: String,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Words(String),
    Slot(String),
    Section(String, Vec<TemplatePart>),
}

/// A valid template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<TemplatePart>);

/// A section that is being read: its name, its line, and the parts before it on its level.
struct OpenSection {
    name: String,
    line: usize,
    before: Vec<TemplatePart>,
}

impl Template {
    /// Reads a template that may use these names. A section tag that is alone on its line removes the whole line.
    ///
    /// # Errors
    ///
    /// An unknown name, or an unclosed placeholder or section, each with its line.
    pub fn read(text: &str, known: &[&str]) -> Result<Template, TemplateError> {
        let text = text.replace("\r\n", "\n");
        let (mut parts, mut open): (Vec<TemplatePart>, Vec<OpenSection>) = (Vec::new(), Vec::new());
        let (mut at, mut line) = (0, 1);
        while let Some(found) = text[at..].find("{{") {
            let start = at + found;
            line += text[at..start].matches('\n').count();
            let Some(length) = text[start..].find("}}").filter(|length| !text[start..start + length].contains('\n'))
            else {
                return Err(TemplateError::Open { line, what: "{{".to_owned() });
            };
            let end = start + length + 2;
            let tag = text[start + 2..end - 2].trim();
            let name = tag.trim_start_matches(['#', '/']).trim();
            if !known.contains(&name) {
                return Err(TemplateError::Unknown { line, name: tag.to_owned(), known: known.join(", ") });
            }
            let is_section = tag.starts_with(['#', '/']);
            let (from, to) = if is_section { around(&text, at, start, end) } else { (start, end) };
            parts.push(TemplatePart::Words(text[at..from].to_owned()));
            if tag.starts_with('#') {
                open.push(OpenSection { name: name.to_owned(), line, before: std::mem::take(&mut parts) });
            } else if tag.starts_with('/') {
                let Some(section) = open.pop().filter(|section| section.name == name) else {
                    return Err(TemplateError::Stray { line, name: name.to_owned() });
                };
                let inner = std::mem::replace(&mut parts, section.before);
                parts.push(TemplatePart::Section(section.name, inner));
            } else {
                parts.push(TemplatePart::Slot(name.to_owned()));
            }
            line += text[start..to].matches('\n').count();
            at = to;
        }
        parts.push(TemplatePart::Words(text[at..].to_owned()));
        match open.pop() {
            Some(section) => {
                Err(TemplateError::Open { line: section.line, what: format!("{{{{#{}}}}}", section.name) })
            }
            None => Ok(Template(parts)),
        }
    }

    /// The text, with placeholders replaced by these texts; a missing text counts as empty.
    pub fn fill(&self, texts: &BTreeMap<&str, String>) -> String {
        let mut filled = String::new();
        fill(&self.0, texts, &mut filled);
        filled
    }
}

/// The range of a tag with its whole line, if it is alone on the line and no earlier tag took that line.
fn around(text: &str, taken: usize, start: usize, end: usize) -> (usize, usize) {
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let is_alone =
        line_start >= taken && text[line_start..start].trim().is_empty() && text[end..line_end].trim().is_empty();
    if is_alone { (line_start, line_end) } else { (start, end) }
}

fn fill(parts: &[TemplatePart], texts: &BTreeMap<&str, String>, filled: &mut String) {
    let text = |name: &str| texts.get(name).map_or("", String::as_str);
    for part in parts {
        match part {
            TemplatePart::Words(words) => filled.push_str(words),
            TemplatePart::Slot(name) => filled.push_str(text(name)),
            TemplatePart::Section(name, inner) if !text(name).is_empty() => fill(inner, texts, filled),
            TemplatePart::Section(..) => {}
        }
    }
}
