//! Secrets in code, redacted in all texts that quote the code: findings, messages, comments, answers of generators.
//!
//! In the code, a secret is recognised by its context: the name that it is assigned to, a key id in the line before. A
//! quotation often contains only the value, or a part of it. So the values are collected from the code first, and then
//! every longer part of a value is replaced wherever it occurs.

use super::Redactor;
use crate::domain::Secret;
use serde_json::Value;
use std::collections::HashSet;

/// A part of a secret of this many consecutive bytes reveals it.
const PIECE: usize = 12;

/// The shortest literal that counts as a secret because of the name that it is assigned to, in bytes.
const MIN_ASSIGNED: usize = 16;

/// Parts of names of variables with secrets, in lower case.
const NAMES: &[&str] = &[
    "secret",
    "passw",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "private_key",
    "credential",
];

/// The mark for a part of a secret of the code.
const PART: &str = "[redacted secret-of-code]";

/// Replaces the secrets of some files in all texts that quote them.
#[derive(Debug, Clone)]
pub struct CodeRedactor {
    known: Redactor,
    pieces: HashSet<Vec<u8>>,
}

impl CodeRedactor {
    /// A redactor for the secrets of these texts, in addition to the common tokens.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> CodeRedactor {
        let look = Redactor::default();
        let mut values: HashSet<Vec<u8>> = HashSet::new();
        for text in texts {
            values.extend(look.secrets_in(text));
            values.extend(text.lines().filter_map(assigned).map(|value| value.as_bytes().to_vec()));
        }
        let pieces = values.iter().flat_map(|value| value.windows(PIECE)).map(<[u8]>::to_vec).collect();
        let secrets: Vec<Secret> =
            values.into_iter().filter_map(|value| String::from_utf8(value).ok()).map(Secret::new).collect();
        CodeRedactor { known: Redactor::new(secrets.iter().map(|secret| ("secret-of-code", secret))), pieces }
    }

    /// A text without the secrets of the code.
    pub fn text(&self, text: &str) -> String {
        self.without_pieces(&self.known.text(text))
    }

    /// A JSON value without them, in texts, names and numbers, as in [`Redactor::json`].
    pub fn json(&self, value: &Value) -> Value {
        match self.known.json(value) {
            Value::String(text) => Value::String(self.without_pieces(&text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (self.without_pieces(name), self.json(value))).collect()
            }
            other => other,
        }
    }

    fn without_pieces(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        if self.pieces.is_empty() || bytes.len() < PIECE {
            return text.to_owned();
        }
        let (mut clean, mut kept, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at + PIECE <= bytes.len() {
            if !self.pieces.contains(&bytes[at..at + PIECE]) {
                at += 1;
                continue;
            }
            // Extends the match while pieces follow each other.
            let mut end = at + PIECE;
            while end < bytes.len() && self.pieces.contains(&bytes[end + 1 - PIECE..=end]) {
                end += 1;
            }
            let (from, to) = (text.floor_char_boundary(at), text.ceil_char_boundary(end));
            clean.push_str(&text[kept.min(from)..from]);
            clean.push_str(PART);
            (kept, at) = (to, to);
        }
        clean.push_str(&text[kept..]);
        clean
    }
}

/// The literal that a line assigns to a secret's name: `api_token = "…"`, `export TOKEN=…`, `"password": "…"`.
fn assigned(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let name = NAMES.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).min()?;
    let rest = line.get(name..)?;
    let value = rest.get(rest.find(['=', ':'])? + 1..)?;
    let quoted = value.split(['"', '\'', '`']).skip(1).step_by(2);
    let plain = value.split_whitespace().take(1);
    quoted.chain(plain).find(|value| looks_secret(value))
}

/// Whether a literal may be a secret: long, only characters of keys, with letters and digits.
fn looks_secret(value: &str) -> bool {
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.~".contains(&byte);
    value.len() >= MIN_ASSIGNED
        && value.bytes().all(is_of_key)
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn what_the_code_shows_to_be_a_secret_is_one_wherever_it_is_quoted() {
        for code in [
            format!("ID = \"AKIAIOSFODNN7EXAMPLE\"\nKEY = \"{KEY}\"\n"),
            format!("export AWS_SECRET_ACCESS_KEY={KEY}\n"),
            format!("aws_secret_access_key: str = \"{KEY}\"\n"),
            format!("{{\"password\": \"{KEY}\"}}"),
            format!("client(api_token='{KEY}')"),
        ] {
            let redactor = CodeRedactor::of([code.as_str()]);
            for quoted in [
                format!("hardcoded string {KEY:?} at line 3"),
                format!("possible password: '{}…'", &KEY[..20]),
                format!("…{} is too long", &KEY[15..]),
                format!("é{}é", &KEY[3..17]),
            ] {
                let clean = redactor.text(&quoted);
                let leaks =
                    KEY.as_bytes().windows(PIECE).any(|part| clean.as_bytes().windows(PIECE).any(|w| w == part));
                assert!(!leaks && clean.contains("[redacted "), "{code:?}: {quoted} became {clean}");
                let object = redactor.json(&json!({ "message": [quoted.clone()], (quoted.as_str()): 1 }));
                assert!(!object.to_string().contains(&KEY[3..17]), "{object}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let code = "token = read_token_from_environment()\npassword = input(\"Password for user 1: \")\nx = 12345678901234567\n\
                    tokens: list[int] = []\nsecret = os.environ[\"AWS_SECRET_ACCESS_KEY\"]\n";
        let redactor = CodeRedactor::of([code]);
        assert_eq!(redactor.text(code), code);
        assert_eq!(redactor.json(&json!({"a": [1, null, "b"]})), json!({"a": [1, null, "b"]}));
    }

    #[test]
    fn twelve_bytes_in_a_row_of_a_secret_are_replaced_wherever_they_stand_and_eleven_are_not() {
        let redactor = CodeRedactor::of([format!("password = \"{KEY}\"").as_str()]);
        for (quoted, clean) in [
            (KEY[..12].to_owned(), PART.to_owned()),
            (KEY[..11].to_owned(), KEY[..11].to_owned()),
            (KEY[5..17].to_owned(), PART.to_owned()),
            (KEY[5..17 + 9].to_owned(), PART.to_owned()),
            (format!("x{}", &KEY[5..17]), format!("x{PART}")),
            (format!("{}y", &KEY[5..17]), format!("{PART}y")),
            (format!("{} and {}.", &KEY[..20], &KEY[20..34]), format!("{PART} and {PART}.")),
            (format!("{}{}", &KEY[..12], &KEY[..12]), format!("{PART}{PART}")),
            ("nothing of it is here".to_owned(), "nothing of it is here".to_owned()),
            ("short".to_owned(), "short".to_owned()),
        ] {
            assert_eq!(redactor.text(&quoted), clean, "{quoted}");
        }
    }

    #[test]
    fn a_literal_is_learnt_from_the_name_it_is_assigned_to() {
        let long = "abcdefgh12345678";
        for (line, value) in [
            (format!("token = \"{long}\""), Some(long)),
            (format!("  my_api_token: str = '{long}'"), Some(long)),
            (format!("TOKEN={long} # mine"), Some(long)),
            (format!("x = {long}; secret = `{long}`"), Some(long)),
            (format!("name = \"{long}\""), None),
            (format!("token \"{long}\""), None),
            ("token = \"abcdefg12345678\"".to_owned(), None),
            ("token = \"abcdefghabcdefgh\"".to_owned(), None),
            ("token = \"1234567812345678\"".to_owned(), None),
            ("token = \"abcdefgh (12345678\"".to_owned(), None),
        ] {
            assert_eq!(assigned(&line), value, "{line}");
        }
    }
}
