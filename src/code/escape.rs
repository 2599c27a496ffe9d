//! The content of a quoted text: resolves escapes by the rules of its language.

/// The language whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapeRules {
    /// A text of Python.
    Python,
    /// Bytes of Python: they have no Unicode escapes.
    PythonBytes,
    /// A text or a template of JavaScript.
    JavaScript,
    /// `$'…'` of bash.
    Shell,
}

/// The content of a text between quotes.
pub fn unescaped(text: &str, rules: EscapeRules) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let (said, length) = escape(&rest[at..], rules);
        match said {
            Escape::Char(c) => plain.push(c),
            Escape::Nothing => {}
            Escape::AsWritten => plain.push_str(&rest[at..at + length]),
        }
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    plain
}

/// The meaning of an escape.
enum Escape {
    Char(char),
    /// A line continuation: nothing.
    Nothing,
    /// Not an escape.
    AsWritten,
}

/// The escape at the beginning of a text, and its length in bytes.
fn escape(text: &str, rules: EscapeRules) -> (Escape, usize) {
    let Some(kind) = text[1..].chars().next() else { return (Escape::AsWritten, 1) };
    let found = simple(kind, rules).map(|c| (c, 2)).or_else(|| match kind {
        'x' => hex(text, 2, if rules == EscapeRules::Shell { 1..=2 } else { 2..=2 }),
        'u' | 'U' => unicode(text, kind, rules),
        'N' if rules == EscapeRules::Python => named(text),
        '0'..='7' => Some(octal(text, rules)),
        _ => None,
    });
    match found {
        Some((c, length)) => (Escape::Char(c), length),
        None if text[1..].starts_with("\r\n") => (Escape::Nothing, 3),
        None if kind == '\n' => (Escape::Nothing, 2),
        None if rules == EscapeRules::JavaScript => (Escape::Char(kind), 1 + kind.len_utf8()),
        None => (Escape::AsWritten, 1 + kind.len_utf8()),
    }
}

fn simple(kind: char, rules: EscapeRules) -> Option<char> {
    Some(match kind {
        '\\' | '\'' | '"' => kind,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'a' if rules != EscapeRules::JavaScript => '\u{7}',
        'e' | 'E' if rules == EscapeRules::Shell => '\u{1b}',
        '?' if rules == EscapeRules::Shell => '?',
        _ => return None,
    })
}

/// Parses hexadecimal digits from a position in a text, as many as there are within `count`.
fn hex(text: &str, from: usize, count: std::ops::RangeInclusive<usize>) -> Option<(char, usize)> {
    let digits = text.bytes().skip(from).take(*count.end()).take_while(u8::is_ascii_hexdigit).count();
    let code = text.get(from..from + digits).filter(|_| count.contains(&digits))?;
    char::from_u32(u32::from_str_radix(code, 16).ok()?).map(|c| (c, from + digits))
}

fn unicode(text: &str, kind: char, rules: EscapeRules) -> Option<(char, usize)> {
    let longest = if kind == 'u' { 4 } else { 8 };
    match rules {
        EscapeRules::PythonBytes => None,
        EscapeRules::Python => hex(text, 2, longest..=longest),
        EscapeRules::Shell => hex(text, 2, 1..=longest),
        EscapeRules::JavaScript if kind == 'U' => None,
        EscapeRules::JavaScript if text[2..].starts_with('{') => {
            let (c, end) = hex(text, 3, 1..=8)?;
            text[end..].starts_with('}').then_some((c, end + 1))
        }
        EscapeRules::JavaScript => hex(text, 2, 4..=4).or_else(|| {
            // A surrogate pair is one character.
            let half = |from: usize| u16::from_str_radix(text.get(from..from + 4)?, 16).ok();
            let second = text.get(6..8).filter(|mark| *mark == "\\u").and_then(|_| half(8));
            let both = [half(2)?, second?];
            char::decode_utf16(both).next()?.ok().map(|c| (c, 12))
        }),
    }
}

fn octal(text: &str, rules: EscapeRules) -> (char, usize) {
    // In JavaScript, the maximum is 255.
    let most = if rules == EscapeRules::JavaScript && text.as_bytes()[1] > b'3' { 2 } else { 3 };
    let digits = text.bytes().skip(1).take(most).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let code = u32::from_str_radix(&text[1..=digits], 8).unwrap_or_default();
    (char::from_u32(code).unwrap_or_default(), 1 + digits)
}

/// `\N{LATIN SMALL LETTER A}`: only characters that occur in names of modules or functions.
fn named(text: &str) -> Option<(char, usize)> {
    const DIGITS: [&str; 10] = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"];
    let end = text.find('}')?;
    let name = text.get(3..end).filter(|_| text[2..].starts_with('{'))?.to_ascii_uppercase();
    let letter = |name: &str| name.chars().next().filter(|c| name.len() == 1 && c.is_ascii_uppercase());
    let c = if let Some(name) = name.strip_prefix("LATIN SMALL LETTER ") {
        letter(name)?.to_ascii_lowercase()
    } else if let Some(name) = name.strip_prefix("LATIN CAPITAL LETTER ") {
        letter(name)?
    } else if let Some(name) = name.strip_prefix("DIGIT ") {
        char::from_digit(u32::try_from(DIGITS.iter().position(|digit| *digit == name)?).ok()?, 10)?
    } else {
        match name.as_str() {
            "LOW LINE" => '_',
            "FULL STOP" => '.',
            "SOLIDUS" => '/',
            "HYPHEN-MINUS" => '-',
            "SPACE" => ' ',
            _ => return None,
        }
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_hide_no_name() {
        use EscapeRules::{JavaScript, Python, PythonBytes, Shell};
        for rules in [JavaScript, Python, Shell] {
            assert_eq!(
                unescaped(
                    r"\x65v\141l\n\u0041\\\
b",
                    rules
                ),
                "eval\nA\\b",
                "{rules:?}"
            );
        }
        assert_eq!(unescaped(r"\q\a\u{65}\uD83D\uDE00\8", JavaScript), "qae\u{1f600}8");
        assert_eq!(
            unescaped(r"\q\u{65}\U00000065\N{latin small letter o}\N{LOW LINE}\N{SNOWMAN}", Python),
            r"\q\u{65}eo_\N{SNOWMAN}"
        );
        assert_eq!(unescaped(r"\x65\u0065\N{LOW LINE}", PythonBytes), r"e\u0065\N{LOW LINE}");
        assert_eq!(unescaped(r"\x6g\u65\e\q", Shell), "\u{6}ge\u{1b}\\q");
        assert_eq!(unescaped("\\400", JavaScript), " 0");
        for rules in [JavaScript, Python, PythonBytes, Shell] {
            assert_eq!(unescaped("ends with \\", rules), "ends with \\", "{rules:?}");
            assert!(unescaped("\\é\\x\\u\\u{", rules).contains('é'), "{rules:?}");
        }
    }
}
