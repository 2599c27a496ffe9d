//! An answer in JSON as a person reads it: each file with its name and real line breaks, also while it is being written.

use super::json::{PATHS, TEXTS, has_files};

/// Names of the field with words to the person.
const NOTES: &[&str] = &["notes", "explanation", "comment"];

/// Longest beginning of an answer that is searched for its form while it is being written, in bytes.
const BEGINNING: usize = 64;

/// The text of an answer as a person reads it; `None` unless it is JSON with files. An answer that ends in the middle is
/// shown up to there.
pub fn readable(text: &str) -> Option<String> {
    let body = text.trim_start();
    let body = body.strip_prefix("```json").map_or(body, str::trim_start);
    let is_beginning = body.len() < BEGINNING && body.starts_with(['{', '[']) && !body.contains('\n');
    if !has_files(body) {
        // Its first characters do not tell yet; they are not worth reading either.
        return (is_beginning && is_prefix(body)).then(String::new);
    }
    let mut reader = Reader { rest: body, shown: String::new(), open: Vec::new(), key: None };
    reader.read();
    let after = reader.rest.trim_start().trim_start_matches("```").trim();
    let mut shown = reader.shown;
    if !after.is_empty() {
        shown.extend(format!("\n{after}\n").chars());
    }
    Some(shown)
}

/// Whether a text may still become JSON with files.
fn is_prefix(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_begun = |whole: &str| whole.starts_with(&plain) || plain.starts_with(whole);
    is_begun("{\"files\"") || PATHS.iter().chain(TEXTS).any(|name| is_begun(&format!("[{{\"{name}\"")))
}

/// A container that is not closed yet.
struct Open {
    is_object: bool,
    /// The key under which it lies.
    key: Option<String>,
}

/// Reads JSON as far as it goes, and writes its texts.
struct Reader<'t> {
    rest: &'t str,
    shown: String,
    open: Vec<Open>,
    /// The key whose value comes next.
    key: Option<String>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '{' | '[' => {
                    let key = self.key.take();
                    self.open.push(Open { is_object: c == '{', key });
                    self.skip(c);
                }
                '}' | ']' => {
                    self.open.pop();
                    self.key = None;
                    self.skip(c);
                    if self.open.is_empty() {
                        return;
                    }
                }
                '"' => {
                    let (value, is_whole) = self.string();
                    self.take(value, is_whole);
                }
                // Numbers, words, and what separates values.
                _ => self.skip(c),
            }
        }
    }

    fn skip(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
    }

    /// A string without its quotes and escapes, and whether it has ended.
    fn string(&mut self) -> (String, bool) {
        self.skip('"');
        let mut value = String::new();
        while let Some(c) = self.rest.chars().next() {
            self.skip(c);
            match c {
                '"' => return (value, true),
                '\\' => match self.escaped() {
                    Some(c) => value.push(c),
                    None => return (value, false),
                },
                _ => value.push(c),
            }
        }
        (value, false)
    }

    /// The character after a backslash; `None` if the text ends in it.
    fn escaped(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.skip(c);
        Some(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let first = self.unit()?;
                if (0xd800..0xdc00).contains(&first) {
                    let Some(rest) = self.rest.strip_prefix("\\u") else { return Some('\u{fffd}') };
                    self.rest = rest;
                    let second = self.unit()?;
                    let units = [first, second];
                    char::decode_utf16(units).next().and_then(Result::ok).unwrap_or('\u{fffd}')
                } else {
                    char::from_u32(first.into()).unwrap_or('\u{fffd}')
                }
            }
            other => other,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4)?;
        self.rest = &self.rest[4..];
        u16::from_str_radix(digits, 16).ok()
    }

    /// A string is a key or a value.
    fn take(&mut self, value: String, is_whole: bool) {
        let is_in_object = self.open.last().is_some_and(|open| open.is_object);
        if is_in_object && self.key.is_none() {
            self.key = is_whole.then_some(value);
            return;
        }
        let Some(key) = self.key.take() else { return };
        let is_file = self.open.last().is_some_and(|open| open.key.as_deref() == Some("files") && open.is_object);
        let names = |list: &[&str]| list.contains(&key.as_str());
        if is_file && self.open.len() == 2 {
            self.head(&key);
            self.body(&value);
        } else if names(PATHS) {
            self.head(&value);
        } else if names(TEXTS) {
            self.body(&value);
        } else if names(NOTES) || key == "manifest" {
            self.head(&key);
            self.body(&value);
        }
    }

    fn head(&mut self, name: &str) {
        let between = if self.shown.is_empty() { "" } else { "\n" };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        self.shown.extend(format!("{between}── {name}\n").chars());
    }

    fn body(&mut self, text: &str) {
        self.shown.push_str(text);
        if !text.ends_with('\n') {
            self.shown.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_json_are_shown_with_their_names_and_line_breaks() {
        let map = "{\"files\": {\"a.py\": \"x = \\\"1\\\"\\nprint(x)\\n\", \"b.py\": \"\\u00e9\\ud83d\\ude00\"}, \"notes\": \"done\"}";
        let shown = "── a.py\nx = \"1\"\nprint(x)\n\n── b.py\né😀\n\n── notes\ndone\n";
        assert_eq!(readable(map).as_deref(), Some(shown));
        let list = "[{\"path\": \"a.py\", \"content\": \"1\\n2\"}]\nThat is all.";
        assert_eq!(readable(list).as_deref(), Some("── a.py\n1\n2\n\nThat is all.\n"));
        assert_eq!(readable("I changed {\"files\"}"), None);
        assert_eq!(readable("```python\nprint(1)\n```"), None);
    }

    #[test]
    fn an_answer_is_readable_at_every_length() {
        let whole = "{\"files\": {\"a.py\": \"x\\n\\u00e9\\\"y\\n\"}, \"notes\": \"n\"}";
        for end in 0..=whole.len() {
            let shown = readable(&whole[..end]);
            let shown = shown.unwrap_or_default();
            assert!(!shown.contains("files") && !shown.contains('\\'), "{end}: {shown}");
        }
        assert_eq!(readable(&whole[..26]).as_deref(), Some("── a.py\nx\n"));
    }
}
