//! Normalises equivalent forms: `re.compile(p).match(s)` and `re.match(p, s)`, `x == "a" or x == "b"` and `x in ("a",
//! "b")`.

use super::pieces::value_length;
use crate::code::statements::{Statement, Token, TokenKind};

/// All statements in their normal form.
pub(super) fn normal(mut statements: Vec<Statement>) -> Vec<Statement> {
    for statement in &mut statements {
        let tokens = without_compile(std::mem::take(&mut statement.tokens));
        let tokens = searched(without_format(&without_constant_time(tokens)));
        statement.tokens = merged(compared(&tokens));
    }
    statements
}

/// `re compile P method s` becomes `re method P s`.
pub(super) fn without_compile(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at + 3 < tokens.len() {
        let [module, compile, pattern, method] = &tokens[at..at + 4] else { break };
        let is_it = module.text == "re"
            && compile.text == "compile"
            && compile.context.fixed
            && pattern.kind == TokenKind::Text
            && method.context.fixed;
        if is_it {
            tokens.remove(at + 1);
            tokens.swap(at + 1, at + 2);
        }
        at += 1;
    }
    tokens
}

/// `hmac compare_digest a b` becomes `a == b`: only its timing differs.
fn without_constant_time(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at + 3 < tokens.len() {
        let is_call = matches!(tokens[at].text.as_str(), "hmac" | "secrets" | "crypto")
            && matches!(tokens[at + 1].text.as_str(), "compare_digest" | "timingSafeEqual");
        let is_plain = |token: &Token| token.kind != TokenKind::Sign && !token.context.fixed;
        // A method of an argument would follow it.
        let ends = tokens.get(at + 4).is_none_or(|next| !next.context.fixed);
        if is_call && is_plain(&tokens[at + 2]) && is_plain(&tokens[at + 3]) && ends {
            let sign = Token { kind: TokenKind::Sign, text: "==".to_owned(), ..tokens[at].clone() };
            tokens.drain(at..at + 2);
            tokens.insert(at + 1, sign);
        }
        at += 1;
    }
    tokens
}

/// `"{}.{}" format a b` becomes `a "." b`, as `f"{a}.{b}"` is read. Each argument must be one name.
fn without_format(tokens: &[Token]) -> Vec<Token> {
    let mut result = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let is_it = token.kind == TokenKind::Text
            && token.text.contains("{}")
            && tokens.get(at + 1).is_some_and(|next| next.text == "format" && next.context.fixed);
        let holes = token.text.matches("{}").count();
        let values = tokens.get(at + 2..at + 2 + holes).unwrap_or_default();
        let is_name = |token: &Token| token.kind == TokenKind::Name && !token.context.fixed;
        // A part of the last value would follow it.
        let ends = tokens.get(at + 2 + holes).is_none_or(|next| !next.context.fixed && next.text != "[");
        if !is_it || values.len() != holes || !values.iter().all(is_name) || !ends {
            result.push(token.clone());
            at += 1;
            continue;
        }
        for (part, value) in token.text.split("{}").zip(values.iter().map(Some).chain([None])) {
            if !part.is_empty() {
                result.push(Token { text: part.to_owned(), ..token.clone() });
            }
            result.extend(value.cloned());
        }
        at += 2 + holes;
    }
    result
}

/// `["a", "b"].includes(x)` becomes `x "a" "b"`, as `x === "a" || x === "b"` does.
fn searched(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at < tokens.len() {
        let texts = tokens[at + 1..].iter().take_while(|token| token.kind == TokenKind::Text).count();
        let method = at + 1 + texts;
        let is_it = tokens[at].text == "["
            && tokens[at].kind == TokenKind::Sign
            && texts > 0
            && tokens.get(method).is_some_and(|token| token.text == "includes" && token.context.fixed);
        let length = tokens.get(method + 1..).map_or(0, value_length);
        if is_it && length > 0 {
            let is_negated = at > 0 && tokens[at - 1].text == "!";
            let value: Vec<Token> = tokens.drain(method..=method + length).skip(1).collect();
            let mut negation = tokens.remove(at);
            if is_negated {
                tokens.remove(at - 1);
                at -= 1;
                "not".clone_into(&mut negation.text);
                tokens.insert(at, negation);
            }
            tokens.splice(at..at, value);
        }
        at += 1;
    }
    tokens
}

/// A comparison with one text is a search in a list of one: `x == "a"` becomes `x "a"`, `x != "a"` becomes `x not "a"`,
/// as `x in ("a",)` and `x not in ("a",)` are read.
fn compared(tokens: &[Token]) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    for at in 0..tokens.len() {
        let mut token = tokens[at].clone();
        let is_text = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Text && !next.context.message);
        // The next token may belong to the text: a sum, a method.
        let ends = tokens.get(at + 2).is_none_or(|next| is_joint(next) || next.kind == TokenKind::End);
        let is_left = result.last().is_some_and(|left| left.kind == TokenKind::Name);
        if token.kind == TokenKind::Sign && is_text && ends && is_left {
            match token.text.as_str() {
                "==" | "===" => continue,
                "!=" | "!==" => "not".clone_into(&mut token.text),
                _ => {}
            }
        }
        result.push(token);
    }
    result
}

/// `x "a" or x "b"` becomes `x "a" "b"`, and `x not "a" and x not "b"` becomes `x not "a" "b"`.
fn merged(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at < tokens.len() {
        match repeated(&tokens, at) {
            Some(end) => {
                if let Some(text) = tokens.get_mut(end) {
                    text.context.list = true;
                }
                tokens.drain(at..end);
            }
            None => at += 1,
        }
    }
    tokens
}

/// The position of the next text if the same comparison is repeated at this place.
fn repeated(tokens: &[Token], at: usize) -> Option<usize> {
    let joint = tokens[at].text.as_str();
    let is_negated = match joint {
        "or" | "||" => false,
        "and" | "&&" => true,
        _ => return None,
    };
    // The subject is before the texts on the left.
    let texts = tokens[..at].iter().rev().take_while(|token| token.kind == TokenKind::Text).count();
    let end = at - texts;
    let negation = usize::from(is_negated);
    let before = &tokens[..end.checked_sub(negation)?];
    if texts == 0 || is_negated != tokens[..end].last().is_some_and(|last| last.text == "not") {
        return None;
    }
    // Names before it may belong to the preceding expression.
    let most = before.iter().rev().take_while(|token| token.kind == TokenKind::Name).count();
    (1..=most).find_map(|names| {
        let subject = &tokens[end - negation - names..end];
        let again = tokens.get(at + 1..=at + subject.len())?;
        // `f(x) == "a" or x == "b"` compares two things, and so does `y[x] == "a" or x == "b"`.
        let closed =
            |tokens: &[Token]| tokens.iter().map(|token| usize::from(token.context.nesting.closed)).sum::<usize>();
        let is_at = |a: &Token, b: &Token| a.text == b.text && a.context.nesting.calls == b.context.nesting.calls;
        let is_part = before.len() > names && before[before.len() - names - 1].text == "[";
        let is_same = closed(subject) == closed(again) && subject.iter().zip(again).all(|(a, b)| is_at(a, b));
        let is_same = is_same && !subject[0].context.fixed && !is_part;
        let next = at + 1 + subject.len();
        (is_same && tokens.get(next).is_some_and(|token| token.kind == TokenKind::Text)).then_some(next)
    })
}

/// Whether a token joins two conditions, or ends one.
fn is_joint(token: &Token) -> bool {
    matches!(token.text.as_str(), "and" | "or" | "&&" | "||" | "if" | "else" | "?" | ":" | "for")
}

/// Whether a regular expression accepts everything that another one accepts, and additional words: nothing was removed,
/// and the insertions are letters, digits, sets of them, and alternatives inside a group.
pub(super) fn is_wider_by_words(old: &str, new: &str) -> bool {
    if new.len() > MAX_PATTERN || !old.contains(['^', '$', '(', '[', '\\', '|']) {
        return false;
    }
    let (old, new) = (pieces(old), pieces(new));
    let (mut place, mut depth, mut inserted) = (0, 0_usize, Vec::new());
    for (at, piece) in new.iter().enumerate() {
        if old.get(place) == Some(piece) {
            place += 1;
        } else {
            let is_word = match *piece {
                "|" => depth > 0,
                "(" | "(?:" | ")" => true,
                // It would make an existing piece optional.
                "?" => inserted.last() == Some(&(at.wrapping_sub(1))),
                piece => is_word(piece),
            };
            // `a||b` accepts the empty text, and a word before `+` is not a separate word.
            let last = at.checked_sub(1).and_then(|at| new.get(at));
            let is_empty = matches!((last, *piece), (Some(&("|" | "(" | "(?:")), "|" | ")"));
            let next = new.get(at + 1).copied().unwrap_or_default();
            let is_counted = *piece != ")" && matches!(next, "+" | "*" | "{");
            let ends_empty = *piece == "|" && matches!(next, "|" | ")" | "");
            if !is_word || is_empty || is_counted || ends_empty {
                return false;
            }
            inserted.push(at);
        }
        match *piece {
            "(" | "(?:" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    place == old.len() && !inserted.is_empty()
}

/// The longest regular expression that is compared by pieces, in bytes.
const MAX_PATTERN: usize = 400;

/// A letter, a digit, an escaped dot, or a set of letters and digits.
fn is_word(piece: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-');
    match piece.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(set) => !set.starts_with('^') && set.chars().all(is_plain),
        None => piece == "\\." || piece.chars().all(is_plain),
    }
}

/// A regular expression split into characters, escapes and sets.
fn pieces(pattern: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '(' if rest.starts_with("(?:") => 3,
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_template_is_read_as_one_text() {
        let read = |text: &str| {
            let statements = crate::code::statements::read(text, crate::domain::source::Language::Python).unwrap();
            normal(statements)[0].key()
        };
        assert_eq!(read("open(\"{}.{}\".format(a, b), 'w')"), read("open(f\"{a}.{b}\", 'w')"));
        assert_ne!(read("open(\"{}.{}\".format(b, a), 'w')"), read("open(f\"{a}.{b}\", 'w')"));
        assert_ne!(read("x = \"{}\".format(a.b)"), read("x = f\"{a}\""));
    }

    #[test]
    fn a_search_in_a_list_of_texts_is_read_as_comparisons() {
        let read = |text: &str| {
            let statements = crate::code::statements::read(text, crate::domain::source::Language::JavaScript).unwrap();
            normal(statements)[0].key()
        };
        assert_eq!(read("f(['a', 'b'].includes(x.y))"), read("f(x.y === 'a' || x.y === 'b')"));
        assert_eq!(read("f(a, ['a', 'b'].includes(x.y))"), read("f(a, x.y === 'a' || x.y === 'b')"));
        assert_eq!(read("f(!['a', 'b'].includes(x))"), read("f(x !== 'a' && x !== 'b')"));
        assert_ne!(read("f(!['a', 'b'].includes(x))"), read("f(x !== 'a' || x !== 'b')"));
        assert_ne!(read("return f(x) === 'a' || f(x) === 'b'"), read("return f(x) === 'a' || x === 'b'"));
        assert_ne!(read("return y[x] === 'a' || y[x] === 'b'"), read("return y[x] === 'a' || x === 'b'"));
        assert_ne!(read("f(['a', 'b'].includes(x))"), read("f(x === 'a' || x === 'c')"));
    }

    #[test]
    fn one_more_word_makes_a_pattern_wider_and_nothing_else() {
        for (old, new) in [
            ("^[Yy]$", "^([Yy]|[Yy][Ee][Ss])$"),
            (r"/\.(jpeg|jpg)$/", r"/\.(jpeg|jpg|webp)$/"),
            ("^s3://([^/]+)$", "^s3[an]?://([^/]+)$"),
        ] {
            assert!(is_wider_by_words(old, new), "{old} -> {new}");
        }
        for (old, new) in [
            ("^[Yy]$", "^[Yy]"),
            ("^[a-z]+$", "^[a-z]*$"),
            (r"^\d{4}$", r"^\d?{4}$"),
            ("^a$", "^a|b$"),
            (r"^https://example\.com/", r"^https://.*example\.com/"),
            (r"bucket\.s3\.amazonaws\.com(/x)", r"bucket\.s3.*amazonaws\.com(/x)"),
            ("^[a-z]+$", "^[a-z]+.$"),
        ] {
            assert!(!is_wider_by_words(old, new), "{old} -> {new}");
        }
    }
}
