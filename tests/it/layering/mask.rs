//! Rust source with everything that is no code blanked out: comments, strings, characters, tests.

use std::ops::Range;

/// Source text whose comments, string and character literals are blanks. Line ends stay where they
/// were, so that lines and columns (in characters) are those of the source.
pub fn blank_literals(source: &str) -> Vec<char> {
    let chars: Vec<char> = source.chars().collect();
    let mut code = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at).unwrap_or(at);
        blank(&mut code, at..end);
        at = end.max(at + 1);
    }
    code
}

/// The string literals of a source, with where each begins and its text as written, broken lines joined.
pub fn strings(source: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = source.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let end = literal_end(&chars, at).unwrap_or(at);
        if end > at && matches!(chars[at], '"' | 'r') {
            let text: String = chars[at..end].iter().collect();
            found.push((at, text.split("\\\n").map(str::trim_start).collect()));
        }
        at = end.max(at + 1);
    }
    found
}

/// Blanks a range, keeping its line ends.
pub fn blank(code: &mut [char], range: Range<usize>) {
    for c in &mut code[range] {
        if *c != '\n' {
            *c = ' ';
        }
    }
}

/// Where the comment or literal that begins at `at` ends, if one begins there.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => Some(find(chars, at, '\n')),
        '/' if next == Some('*') => Some(block_comment_end(chars, at)),
        '"' => Some(string_end(chars, at)),
        '\'' => char_end(chars, at),
        'r' if at == 0 || !is_word(chars[at - 1]) || is_raw_prefix(chars, at - 1) => raw_string_end(chars, at),
        _ => None,
    }
}

/// Whether `b` or `c` at `at` begins a token, as in `br"…"`.
fn is_raw_prefix(chars: &[char], at: usize) -> bool {
    matches!(chars[at], 'b' | 'c') && (at == 0 || !is_word(chars[at - 1]))
}

fn find(chars: &[char], from: usize, what: char) -> usize {
    chars[from..].iter().position(|c| *c == what).map_or(chars.len(), |offset| from + offset)
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of a character literal; `None` for a lifetime.
fn char_end(chars: &[char], from: usize) -> Option<usize> {
    if chars.get(from + 1) == Some(&'\\') {
        // The escaped character itself may be a quote.
        return Some((find(chars, (from + 3).min(chars.len()), '\'') + 1).min(chars.len()));
    }
    (chars.get(from + 2) == Some(&'\'')).then_some(from + 3)
}

/// The end of `r"…"` or `r##"…"##`; `None` for a raw identifier or a plain word.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut at = open + 1;
    while at < chars.len() {
        let quote = find(chars, at, '"');
        let closing = chars[(quote + 1).min(chars.len())..].iter().take_while(|c| **c == '#').count();
        if closing >= hashes {
            return Some((quote + 1 + hashes).min(chars.len()));
        }
        at = quote + 1;
    }
    Some(chars.len())
}

/// Whether a character belongs to an identifier.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The items under `#[cfg(test)]`, and the names of test modules that are files of their own.
pub fn test_items(code: &[char]) -> (Vec<Range<usize>>, Vec<String>) {
    let text: String = code.iter().collect();
    let marker = "#[cfg(test)]";
    let (mut ranges, mut files) = (Vec::new(), Vec::new());
    for (byte, _) in text.match_indices(marker) {
        let start = text[..byte].chars().count();
        let item = start + marker.len();
        let end = item_end(code, item);
        let words: Vec<String> =
            code[item..end].iter().collect::<String>().split_whitespace().map(str::to_owned).collect();
        let name = words.iter().skip_while(|word| *word != "mod").nth(1);
        if let Some(file) = name.and_then(|name| name.strip_suffix(';')) {
            files.push(file.to_owned());
        }
        ranges.push(start..end);
    }
    (ranges, files)
}

/// Where the item that begins at `from` ends: after its `;`, or after the brace that closes its body; a field ends
/// with its comma.
pub fn item_end(code: &[char], from: usize) -> usize {
    if let Some(value) = field_value(code, from) {
        return field_end(code, value);
    }
    match body_start(code, from) {
        Some(open) => closing(code, open) + 1,
        None => (find(code, from, ';') + 1).min(code.len()),
    }
}

/// Behind the colon of the field that begins at `from`; `None` when what begins there is no field.
fn field_value(code: &[char], from: usize) -> Option<usize> {
    let skip = |at: usize, is: fn(&char) -> bool| at + code[at..].iter().take_while(|c| is(c)).count();
    let mut at = skip(from, |c| c.is_whitespace());
    if code[at..].starts_with(&['p', 'u', 'b']) && !code.get(at + 3).is_some_and(|c| is_word(*c)) {
        at = skip(at + 3, |c| c.is_whitespace());
        if code.get(at) == Some(&'(') {
            at = skip(find(code, at, ')') + 1, |c| c.is_whitespace());
        }
    }
    let colon = skip(skip(at, |c| is_word(*c)), |c| c.is_whitespace());
    (colon > at && code.get(colon) == Some(&':') && code.get(colon + 1) != Some(&':')).then_some(colon + 1)
}

/// Where the field with this type or value ends: after its comma, or before the bracket that closes what holds it.
fn field_end(code: &[char], from: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code.iter().enumerate().skip(from) {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            // `->` and `=>` close nothing.
            '>' if code[at - 1] != '-' && code[at - 1] != '=' => depth -= 1,
            ')' | ']' | '}' if depth <= 0 => return at,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth <= 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The `{` that opens the body of the item which begins at `from`; `None` when a `;` comes first.
pub fn body_start(code: &[char], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in code.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The position of the `}` that closes the `{` at `open`, or the last position.
pub fn closing(code: &[char], open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    code.len().saturating_sub(1)
}

/// Where the lines of a text begin. Built once for each file: thousands of places are looked up in it.
#[derive(Debug, Clone)]
pub struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    /// The lines of `code`.
    pub fn of(code: &[char]) -> Lines {
        Lines { ends: (0..code.len()).filter(|at| code[*at] == '\n').collect() }
    }

    /// The line of the character at `at`, counted from 1.
    pub fn at(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
    }
}

#[test]
fn comments_strings_and_characters_are_blanked_and_lines_stay() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */\n d */ e", "a             \n      e"),
        (r#"f("{ \" }", '{', '\'', '\u{7d}')"#, r"f(        ,    ,     ,         )"),
        ("r#\"{\"}\"# + r#type", "         + r#type"),
        ("br##\"\"# {\"## {", "b            {"),
        ("&'a str = 'é'; for x in r {}", "&'a str =    ; for x in r {}"),
        ("\"never closed {", "               "),
    ];
    for (source, expected) in cases {
        assert_eq!(blank_literals(source).iter().collect::<String>(), expected, "{source}");
    }
}

#[test]
fn a_field_for_tests_ends_with_its_comma() {
    let source = "struct S { a: u8, #[cfg(test)] pub(in crate::x) b: M<u8, u8>, c: u8, #[cfg(test)] d: u8 }\n\
                  fn f() { S { a: 1, #[cfg(test)] b: m([1, 2], || { 3 }), c: 2 } } #[cfg(test)] fn g<A, B>() {} fn h() {}";
    let mut code = blank_literals(source);
    for range in test_items(&code).0 {
        blank(&mut code, range);
    }
    let left: String = code.into_iter().collect();
    let expected = "struct S { a: u8, c: u8, } fn f() { S { a: 1, c: 2 } } fn h() {}";
    assert_eq!(left.split_whitespace().collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn test_items_are_found_whole() {
    let source = "fn a() {}\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod inner {\n fn b() { }\n}\nfn c() {}";
    let mut code = blank_literals(source);
    let (ranges, files) = test_items(&code);
    assert_eq!(files, ["tests"]);
    for range in ranges {
        blank(&mut code, range);
    }
    let left: String = code.into_iter().collect();
    assert_eq!(left.split_whitespace().collect::<Vec<_>>().join(" "), "fn a() {} fn c() {}");
}
