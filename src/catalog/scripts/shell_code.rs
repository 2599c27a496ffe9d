//! The code of a shell script that sees the words of the script: without comments, texts in single quotes and functions
//! that are given words of their own.

/// What a place of a script is in.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Parentheses,
    Quotes,
}

/// The code that sees the words of the script. A function that is given all of them (`main "$@"`) follows at the end.
pub(super) fn own_code(text: &str) -> String {
    let plain = without_quoted(text);
    let functions = functions(&plain);
    let mut own = blanked(&plain, functions.iter().map(|function| function.whole));
    let mut inner = String::new();
    for Function { name, body, .. } in &functions {
        for call in ["\"$@\"", "$@", "\"${@}\""].map(|words| format!("{name} {words}")) {
            let at_start = |at: usize| own[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == ';');
            if let Some(at) = own.find(&call).filter(|at| at_start(*at)) {
                own.replace_range(at..at + call.len(), &" ".repeat(call.len()));
                inner.push_str(&plain[body.0..body.1]);
                inner.push('\n');
            }
        }
    }
    own.push('\n');
    own + &inner
}

/// A function of a script: its name, and from where to where it stands in the text.
pub(super) type FunctionSpan<'t> = (&'t str, (usize, usize));

/// The functions of a script that are defined outside of others.
pub(super) fn function_spans(text: &str) -> Vec<FunctionSpan<'_>> {
    if !text.contains("()") && !text.contains("function ") {
        return Vec::new();
    }
    let plain = without_quoted(text);
    if plain.len() != text.len() {
        return Vec::new();
    }
    let found = functions(&plain).into_iter().filter_map(|one| {
        let begin = text.get(one.whole.0..)?;
        Some((begin.find(one.name).and_then(|at| begin.get(at..at + one.name.len()))?, one.whole))
    });
    found.collect()
}

/// The script without code that reads what other commands of it write: what stands behind a pipe, and functions that are
/// only called there.
pub(in crate::catalog) fn without_fed(text: &str) -> String {
    let plain = without_quoted(text);
    let is_piped = |at: usize| {
        let before = plain[..at].trim_end_matches([' ', '\t']);
        let before = before.strip_suffix('\n').map_or(before, |line| line.trim_end_matches([' ', '\t', '\\']));
        before.ends_with('|') && !before.ends_with("||")
    };
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (at, _) in plain.match_indices('{').filter(|(at, _)| is_piped(*at)) {
        spans.push((at, matching_brace(&plain, at)));
    }
    let functions = functions(&plain);
    for Function { name, whole, .. } in &functions {
        let is_sign = |c: char| c.is_alphanumeric() || "_-:.$/".contains(c);
        let is_call = |at: usize| {
            !(whole.0..whole.1).contains(&at)
                && !plain[..at].ends_with(is_sign)
                && !plain[at + name.len()..].starts_with(is_sign)
        };
        let mut calls = plain.match_indices(name).map(|(at, _)| at).filter(|at| is_call(*at)).peekable();
        if calls.peek().is_some() && calls.all(is_piped) {
            spans.push(*whole);
        }
    }
    blanked(&plain, spans.into_iter().map(|(from, to)| (from, to.min(plain.len()))))
}

fn blanked(text: &str, spans: impl Iterator<Item = (usize, usize)>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (from, to) in spans {
        blank(&mut bytes[from..to]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

/// The text with blanks in place of comments, of what stands in single quotes, and of quoted here-documents.
fn without_quoted(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut within: Vec<Within> = Vec::new();
    let mut documents: Vec<(String, bool)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let in_quotes = within.last() == Some(&Within::Quotes);
        let begins_word = at == 0 || bytes[at - 1].is_ascii_whitespace() || matches!(bytes[at - 1], b';' | b'(');
        match bytes[at] {
            b'\\' => at += 1,
            b'"' if in_quotes => drop(within.pop()),
            b'"' => within.push(Within::Quotes),
            b'(' if !in_quotes || bytes[at - 1] == b'$' => within.push(Within::Parentheses),
            b')' if within.last() == Some(&Within::Parentheses) => drop(within.pop()),
            b'\'' if !in_quotes => {
                let end = find(&bytes, at + 1, |byte| byte == b'\'');
                blank(&mut bytes[at + 1..end]);
                at = end;
            }
            b'#' if !in_quotes && begins_word => {
                let end = find(&bytes, at, |byte| byte == b'\n');
                blank(&mut bytes[at..end]);
                at = end - 1;
            }
            b'<' if !in_quotes => documents.extend(here_document(&bytes, &mut at)),
            b'\n' => {
                for (tag, is_quoted) in documents.drain(..) {
                    let end = end_of_document(&bytes, at + 1, &tag);
                    if is_quoted {
                        blank(&mut bytes[at + 1..end]);
                    }
                    at = end.saturating_sub(1).max(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn find(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let from = from.min(bytes.len());
    bytes[from..].iter().position(|byte| wanted(*byte)).map_or(bytes.len(), |length| from + length)
}

/// The tag of a here-document that begins here, and whether it is quoted. A here-string is none.
fn here_document(bytes: &[u8], at: &mut usize) -> Option<(String, bool)> {
    if bytes.get(*at + 1) != Some(&b'<') || *at > 0 && bytes[*at - 1] == b'<' || bytes.get(*at + 2) == Some(&b'<') {
        return None;
    }
    let from = find(bytes, *at + 2, |byte| byte != b'-' && byte != b' ');
    let end = find(bytes, from, |byte| byte.is_ascii_whitespace() || matches!(byte, b';' | b')' | b'|' | b'&' | b'>'));
    let written = String::from_utf8_lossy(&bytes[from..end]).into_owned();
    let tag = written.replace(['"', '\'', '\\'], "");
    // `1 << 4` is arithmetic.
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    *at = end - 1;
    Some((tag.clone(), tag != written))
}

/// The place behind the line with this tag.
fn end_of_document(bytes: &[u8], from: usize, tag: &str) -> usize {
    let mut at = from;
    while at < bytes.len() {
        let end = find(bytes, at, |byte| byte == b'\n');
        if bytes[at..end].trim_ascii() == tag.as_bytes() {
            return end;
        }
        at = end + 1;
    }
    bytes.len()
}

/// A function of a script.
struct Function<'t> {
    name: &'t str,
    whole: (usize, usize),
    body: (usize, usize),
}

/// The functions that are defined outside of others.
fn functions(text: &str) -> Vec<Function<'_>> {
    let (mut found, mut at): (Vec<Function<'_>>, usize) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let (from, code) = (at, line.trim_start());
        at += line.len();
        if found.last().is_some_and(|function| from < function.whole.1) {
            continue;
        }
        let Some(name) = name_of_function(code) else { continue };
        let Some(open) = text[from..].find('{').map(|length| from + length) else { continue };
        // A body in parentheses, or on a line far below, is nothing that people write.
        if !text[from..open].trim().ends_with(')') && !text[from..open].trim_start().starts_with("function ") {
            continue;
        }
        let close = matching_brace(text, open);
        if close >= text.len() {
            // Not understood: better too much than the whole rest.
            continue;
        }
        found.push(Function { name, whole: (from, (close + 1).min(text.len())), body: (open + 1, close) });
    }
    found
}

/// The name in `name() {`, `name ()` or `function name`.
fn name_of_function(code: &str) -> Option<&str> {
    let marked = code.strip_prefix("function ");
    let rest = marked.unwrap_or(code).trim_start();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-:.".contains(c))).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    (!name.is_empty() && (marked.is_some() || behind.trim_start().starts_with("()"))).then_some(name)
}

/// The brace that closes the one at `open`; braces count only as words.
fn matching_brace(text: &str, open: usize) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: usize| bytes.get(at).is_none_or(|byte| byte.is_ascii_whitespace() || b";&|)".contains(byte));
    let begins = |at: usize| at == 0 || bytes[at - 1].is_ascii_whitespace() || b";&|(){".contains(&bytes[at - 1]);
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' if at == open || begins(at) && ends(at + 1) => depth += 1,
            b'}' if begins(at) && ends(at + 1) => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_that_sees_the_words_of_the_script_is_left() {
        for (text, kept, gone) in [
            ("awk '{print $1}' \"$2\"\n", "$2", "$1"),
            ("echo \"$(awk '{print $1}' \"$2\")\" # $3\n", "$2", "$1"),
            ("f() { echo $1; }\necho $2\n", "$2", "$1"),
            ("f()\n{\n  echo ${1}\n}\necho $2\n", "$2", "${1}"),
            ("function f {\n  if x; then { y; }; fi\n  z $1\n}\nfile=$2\n", "file=$2", "z $1"),
            ("cat <<'E'\n$1\nE\necho $2\n", "$2", "$1"),
            ("cat <<-\"END\" | x\n\t$1 it's\n\tEND\necho $2\n", "$2", "$1"),
            ("main() {\n  a=$1\n}\nother() { b=$2; }\nmain \"$@\"\n", "a=$1", "$2"),
            ("x=$((1 << 4)); y='$1'; z=$2\n", "z=$2", "$1"),
            ("echo it\\'s $2 # isn't $1\n", "$2", "$1"),
        ] {
            let own = own_code(text);
            assert!(own.contains(kept) && !own.contains(gone), "{text}\n{own}");
        }
        let fed = "list() {\n  while read -r x; do echo; done\n}\nls | list\nsort |\n  {\n  read n\n}\nask() { read -r y; }\nask\n";
        let left = without_fed(fed);
        assert!(!left.contains("while read") && !left.contains("read n") && left.contains("read -r y"), "{left}");
        for text in ["f() {", "\"", "'", "cat <<E", "$(", "f() {\n}\n}", "é() { ü; }\n'é", "\\", "<<", "#"] {
            own_code(text);
            without_fed(text);
        }
    }
}
