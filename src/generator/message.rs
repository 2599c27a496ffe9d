//! Converts error messages of a generator to one safe line.

use crate::domain::Redactor;

/// The maximum length of a generator's message that is passed on, in characters.
const LONGEST: usize = 300;

/// Foreign text as part of one line: without secrets and control characters, and shortened.
pub(super) fn one_line(text: &str, redactor: &Redactor) -> String {
    let clean = redactor.text(text);
    let plain: String = clean.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &joined[..at]),
        None => joined,
    }
}

/// The last line with words in it.
pub(super) fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    #[test]
    fn a_message_is_one_short_line_without_secrets() {
        let secret = Secret::new("hunter-two");
        let redactor = Redactor::new([("KEY", &secret)]);
        assert_eq!(one_line("a\r\n\tb \u{1b}[2J hunter-two\0", &redactor), "a b [2J [redacted KEY]");
        let long = one_line(&"é".repeat(1000), &redactor);
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert_eq!((last_line("a\n b \n\n"), last_line(" \n")), (Some("b"), None));
    }
}
