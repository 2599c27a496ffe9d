//! Normalises equivalent expressions with a table of rewriting rules.
//!
//! In the table, `$x` matches one value: a name with its attributes, or a constant. A rule applies only if no operator
//! before it and nothing after it could belong to the match; anything may follow `…`.

use super::pieces::value_length;
use super::shell::as_commands;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::source::Language;

struct Rule {
    from: &'static str,
    to: &'static str,
    /// Only in conditions.
    in_condition: bool,
}

const fn always(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to, in_condition: false }
}

const fn condition(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to, in_condition: true }
}

const PYTHON: &[Rule] = &[
    condition("len $x == 0", "not $x"),
    condition("len $x < 1", "not $x"),
    condition("len $x != 0", "$x"),
    condition("len $x > 0", "$x"),
    condition("len $x >= 1", "$x"),
    // The space is an escape because these are not words of a message.
    always("$x == None", "$x is\u{20}None"),
    always("$x != None", "$x is not None"),
    always("range 0 $n", "range $n"),
    always("$x >= $a and $x <= $b", "$a <= $x <= $b"),
    always("$x > $a and $x < $b", "$a < $x < $b"),
    always("$x >= $a and $x < $b", "$a <= $x < $b"),
    always("$x > $a and $x <= $b", "$a < $x <= $b"),
    always("$a <= $x and $x <= $b", "$a <= $x <= $b"),
    always("$a < $x and $x < $b", "$a < $x < $b"),
    always("$a <= $x and $x < $b", "$a <= $x < $b"),
    always("not ( $a and $b )", "not $a or not $b"),
    always("not ( $a or $b )", "not $a and not $b"),
    always("$x < $a or $x > $b", "not $a <= $x <= $b"),
    always("type $x == $t", "isinstance $x $t"),
    always("type $x is $t", "isinstance $x $t"),
    always("$d [ $k if $k $d else $v", "$d get $k $v"),
    always("sys stdout write $x '\\n", "print $x"),
    always("$d [ $k if $k $d else None", "$d get $k"),
    always("$d get $k None", "$d get $k"),
    always("lambda $x $x [ $k", "itemgetter $k"),
    always("pathlib Path $x read_text …", "$x read_text"),
    always("Path $x read_text …", "$x read_text"),
    always("pathlib Path $x write_text …", "$x write_text"),
    always("Path $x write_text …", "$x write_text"),
    always("pathlib Path $x is_file", "$x is_file"),
    always("Path $x is_file", "$x is_file"),
    always("os path isfile $x", "$x is_file"),
    always("pathlib Path $x is_dir", "$x is_dir"),
    always("Path $x is_dir", "$x is_dir"),
    always("os path isdir $x", "$x is_dir"),
    always("pathlib Path $x exists", "$x exists"),
    always("Path $x exists", "$x exists"),
    always("os path exists $x", "$x exists"),
];

const SCRIPT: &[Rule] = &[
    always("$x === null || $x === undefined", "$x == null"),
    always("$x === undefined || $x === null", "$x == null"),
    always("$x !== null && $x !== undefined", "$x != null"),
    always("$x !== undefined && $x !== null", "$x != null"),
    always("$s indexOf $x !== - 1", "$s includes $x"),
    always("$s indexOf $x != - 1", "$s includes $x"),
    always("$s indexOf $x > - 1", "$s includes $x"),
    always("$s indexOf $x >= 0", "$s includes $x"),
    always("$s indexOf $x === - 1", "! $s includes $x"),
    always("$s indexOf $x == - 1", "! $s includes $x"),
    always("$s indexOf $x < 0", "! $s includes $x"),
    always("Math pow $x $y", "$x ** $y"),
    always("Number parseInt …", "parseInt"),
    always("Number parseFloat …", "parseFloat"),
    always("$s [ $s length - 1", "$s at - 1"),
    always("typeof $x === 'undefined", "$x === undefined"),
    always("typeof $x !== 'undefined", "$x !== undefined"),
    always("! ( $a && $b )", "! $a || ! $b"),
    always("! ( $a || $b )", "! $a && ! $b"),
    always("$s substr 0 $n", "$s slice 0 $n"),
    always("Array from new Set $x", "[ ... new Set $x"),
];

const SHELL: &[Rule] = &[
    always("$( expr $a + $b", "$a + $b"),
    always("$( expr $a - $b", "$a - $b"),
    always("$( expr $a / $b", "$a / $b"),
    always("$( expr $a % $b", "$a % $b"),
    always("which $x", "command -v $x"),
    always("egrep …", "grep -E"),
    always("fgrep …", "grep -F"),
    condition("! -z $x", "-n $x"),
    condition("! -n $x", "-z $x"),
    always("$( basename $x", "$x ## */"),
    always("$( dirname $x", "$x % /*"),
    always("$( cat $x", "$( < $x"),
    condition("$( seq $a $b", "$a .. $b"),
    always("sort | uniq", "sort -u"),
    always("$( echo $x | tr [:upper:] [:lower:]", "$x ,,"),
    always("$( echo $x | tr A-Z a-z", "$x ,,"),
    always("$( printf %s $x | tr [:upper:] [:lower:]", "$x ,,"),
    always("$( echo $x | tr [:lower:] [:upper:]", "$x ^^"),
    always("$( echo $x | tr a-z A-Z", "$x ^^"),
    always("$( printf %s $x | tr [:lower:] [:upper:]", "$x ^^"),
    condition("while true", "while :"),
    condition("$a = $b", "$a == $b"),
];

/// All statements after applying the table.
pub(super) fn applied(statements: Vec<Statement>, language: Language) -> Vec<Statement> {
    let rules = match language {
        Language::Python => PYTHON,
        Language::Bash => SHELL,
        Language::JavaScript | Language::TypeScript | Language::Tsx => SCRIPT,
    };
    let one = |mut statement: Statement| {
        for rule in rules {
            let mut at = 0;
            while at < statement.tokens.len() {
                match rule.at(&statement.tokens, at, language == Language::Bash) {
                    Some((end, tokens)) => {
                        let length = tokens.len();
                        statement.tokens.splice(at..end, tokens);
                        at += length.max(1);
                    }
                    None => at += 1,
                }
            }
        }
        match language {
            Language::Bash => as_commands(&mut statement),
            Language::Python => {
                with_literals(&mut statement);
                without_utf8(&mut statement.tokens);
                statement.tokens = with_values(&statement.tokens);
            }
            Language::JavaScript | Language::TypeScript | Language::Tsx => chained(&mut statement.tokens),
        }
        added_to(statement)
    };
    statements.into_iter().map(one).flat_map(|statement| apart(statement, language)).collect()
}

impl Rule {
    /// The replacement of the tokens from here, and where they end.
    fn at(&self, tokens: &[Token], at: usize, may_be_text: bool) -> Option<(usize, Vec<Token>)> {
        let first = &tokens[at];
        if self.in_condition && !first.context.condition || !may_begin(at.checked_sub(1).and_then(|at| tokens.get(at)))
        {
            return None;
        }
        let (from, goes_on) = self.from.strip_suffix(" …").map_or((self.from, false), |from| (from, true));
        let words: Vec<&str> = from.split(' ').collect();
        let mut values: Vec<(&str, &[Token])> = Vec::new();
        let end = matched(&words, tokens, at, &mut values, may_be_text)?;
        if !goes_on && !may_end(tokens.get(end)) {
            return None;
        }
        let made = self.to.split(' ').flat_map(|word| match values.iter().find(|(name, _)| *name == word) {
            Some((_, value)) => value.to_vec(),
            None => vec![word_like(first, word, may_be_text)],
        });
        Some((end, made.collect()))
    }
}

fn word_like(token: &Token, word: &str, is_shell: bool) -> Token {
    let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(word, "and" | "or" | "not" | "is" | "None" | "null");
    let mut context = token.context;
    context.fixed =
        matches!(word, "get" | "includes" | "slice" | "read_text" | "write_text" | "is_file" | "is_dir" | "exists");
    let kind = match word {
        "while" | "&&" | "||" | "==" | "+" | "-" | "/" | "%" | "##" | ".." | "<" | "$(" | ",," | "^^" => {
            TokenKind::Sign
        }
        // In a shell, everything else is a word.
        _ if is_shell => TokenKind::Text,
        _ if is_name => TokenKind::Name,
        _ => TokenKind::Sign,
    };
    Token { kind, text: word.to_owned(), context, line: token.line }
}

/// The end of the tokens that match the words. A word after `'` is a text; in a shell, every word is one.
fn matched<'t, 'r>(
    words: &[&'r str],
    tokens: &'t [Token],
    at: usize,
    values: &mut Vec<(&'r str, &'t [Token])>,
    may_be_text: bool,
) -> Option<usize> {
    let Some((word, rest)) = words.split_first() else { return Some(at) };
    if !word.starts_with('$') || *word == "$(" {
        let token = tokens.get(at)?;
        let fits = match word.strip_prefix('\'') {
            Some(text) => token.kind == TokenKind::Text && token.text == text,
            None => token.text == *word && (token.kind != TokenKind::Text || may_be_text),
        };
        return fits.then(|| matched(rest, tokens, at + 1, values, may_be_text)).flatten();
    }
    if let Some((_, known)) = values.iter().find(|(name, _)| name == word) {
        let known: &[Token] = known;
        let same = tokens.get(at..at + known.len())?;
        let is_same = known.iter().zip(same).all(|(a, b)| a.key() == b.key());
        return is_same.then(|| matched(rest, tokens, at + known.len(), values, may_be_text)).flatten();
    }
    // The longest value first: an attribute may be a word of the rule.
    for end in (at + 1..=at + value_length(&tokens[at..])).rev() {
        let before = values.len();
        values.push((word, &tokens[at..end]));
        if let Some(end) = matched(rest, tokens, end, values, may_be_text) {
            return Some(end);
        }
        values.truncate(before);
    }
    None
}

/// Whether nothing before a position could belong to the expression that begins there.
fn may_begin(before: Option<&Token>) -> bool {
    const JOINTS: &[&str] = &[
        "if", "elif", "while", "and", "or", "not", "return", "(", "=", "&&", "||", "!", "?", "else", "for", ";", "|",
        "quotes",
    ];
    before.is_none_or(|token| match token.kind {
        TokenKind::Sign => JOINTS.contains(&token.text.as_str()),
        TokenKind::Name => true,
        TokenKind::Text | TokenKind::Number | TokenKind::End => false,
    })
}

/// Whether nothing after a position could belong to the expression that ends there.
fn may_end(next: Option<&Token>) -> bool {
    const JOINTS: &[&str] = &["if", "and", "or", "&&", "||", ")", "?", "else", ";", "|", "!", "quotes", ">", "for"];
    next.is_none_or(|token| match token.kind {
        TokenKind::Sign => JOINTS.contains(&token.text.as_str()),
        TokenKind::End => true,
        TokenKind::Name | TokenKind::Text | TokenKind::Number => false,
    })
}

/// `a && a.b` becomes `a?.b`.
fn chained(tokens: &mut Vec<Token>) {
    let is_part = |token: &Token| token.text != "?.";
    let mut at = 1;
    while at + 1 < tokens.len() {
        let right = value_length(&tokens[at + 1..]);
        let value: Vec<&str> = tokens[at + 1..at + 1 + right].iter().map(|token| token.text.as_str()).collect();
        // The value before it may already be a chain.
        let begin = (0..at).rev().find(|begin| {
            let left: Vec<&str> =
                tokens[*begin..at].iter().filter(|token| is_part(token)).map(|token| token.text.as_str()).collect();
            left.len() + 1 == value.len() && value.starts_with(&left) && !tokens[*begin].context.fixed
        });
        let is_it = tokens[at].kind == TokenKind::Sign && tokens[at].text == "&&" && value.len() > 1;
        let begin = begin.filter(|begin| is_it && may_begin(begin.checked_sub(1).and_then(|at| tokens.get(at))));
        if begin.is_some() && may_end(tokens.get(at + 1 + right)) {
            let last = tokens[at + right].clone();
            "?.".clone_into(&mut tokens[at].text);
            tokens.splice(at + 1..at + 1 + right, [last]);
        } else {
            at += 1;
        }
    }
}

/// `n = n + 1` becomes `n += 1`.
fn added_to(mut statement: Statement) -> Statement {
    let [name, sign, again, operator, rest @ ..] = statement.tokens.as_slice() else { return statement };
    let is_it = statement.kind == StatementKind::Assign
        && sign.text == "="
        && name.kind == TokenKind::Name
        && again.text == name.text
        && again.kind == TokenKind::Name
        && matches!(operator.text.as_str(), "+" | "-" | "*" | "/" | "//" | "%" | "|" | "&")
        && operator.kind == TokenKind::Sign
        && !rest.is_empty()
        && rest.iter().all(|token| token.kind != TokenKind::Sign);
    if is_it {
        let joint = Token { text: format!("{}=", operator.text), ..operator.clone() };
        statement.tokens.splice(1..4, [joint]);
    }
    statement
}

/// `d = dict()` becomes `d = {}`, and `x = list()` becomes `x = []`.
fn with_literals(statement: &mut Statement) {
    let [.., before, last] = statement.tokens.as_mut_slice() else { return };
    if before.text == "=" && last.kind == TokenKind::Name && statement.kind == StatementKind::Assign {
        match last.text.as_str() {
            "list" => (last.kind, last.text) = (TokenKind::Sign, "[".to_owned()),
            "dict" => drop(statement.tokens.pop()),
            _ => {}
        }
    }
}

/// UTF-8 is the default encoding of texts.
fn without_utf8(tokens: &mut Vec<Token>) {
    let is_it = |three: &[Token]| matches!(three, [name, sign, value] if name.text == "encoding" && sign.text == "=" && value.text == "utf8");
    while let Some(at) = tokens.windows(3).position(is_it) {
        tokens.drain(at..at + 3);
    }
}

/// `"a %s" % name` becomes `"a " name`, as `f"a {name}"` is read. Each value must be one name.
fn with_values(tokens: &[Token]) -> Vec<Token> {
    let fits = |at: usize| {
        let holes = tokens[at].text.matches("%s").count();
        let values = tokens.get(at + 2..at + 2 + holes)?;
        let is_name = |token: &Token| token.kind == TokenKind::Name && !token.context.fixed;
        let is_it = tokens[at].kind == TokenKind::Text
            && holes > 0
            && tokens[at].text.matches('%').count() == holes
            && tokens.get(at + 1).is_some_and(|sign| sign.kind == TokenKind::Sign && sign.text == "%")
            && values.iter().all(is_name)
            && (may_end(tokens.get(at + 2 + holes)) || tokens.get(at + 2 + holes).is_some_and(names_argument));
        is_it.then_some(values)
    };
    let mut result = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some(values) = fits(at) else {
            result.push(tokens[at].clone());
            at += 1;
            continue;
        };
        for (part, value) in tokens[at].text.split("%s").zip(values.iter().map(Some).chain([None])) {
            if !part.is_empty() {
                result.push(Token { text: part.to_owned(), ..tokens[at].clone() });
            }
            result.extend(value.cloned());
        }
        at += 2 + values.len();
    }
    result
}

/// Whether a token begins the next named argument of a call.
fn names_argument(token: &Token) -> bool {
    token.context.named && token.context.fixed
}

/// Splits a multiple assignment into separate ones.
fn apart(statement: Statement, language: Language) -> Vec<Statement> {
    let Some(at) = statement.tokens.iter().position(|token| token.text == "=").filter(|at| *at > 1) else {
        return vec![statement];
    };
    if statement.kind != StatementKind::Assign {
        return vec![statement];
    }
    let (names, values) = (&statement.tokens[..at], &statement.tokens[at + 1..]);
    let is_constant = |token: &Token| matches!(token.kind, TokenKind::Number | TokenKind::Text);
    let pairs: Vec<Vec<Token>> = match language {
        Language::Python if names.len() == values.len() && values.iter().all(is_constant) => {
            values.iter().map(|value| vec![value.clone()]).collect()
        }
        Language::JavaScript | Language::TypeScript | Language::Tsx
            if names.iter().all(|name| name.kind == TokenKind::Name && !name.context.fixed)
                && value_length(values) == values.len() =>
        {
            let part = |name: &Token| {
                let mut name = name.clone();
                name.context.fixed = true;
                values.iter().cloned().chain([name]).collect()
            };
            names.iter().map(part).collect()
        }
        _ => return vec![statement],
    };
    let one = |(name, value): (&Token, Vec<Token>)| {
        let tokens = [name.clone(), statement.tokens[at].clone()].into_iter().chain(value).collect();
        Statement { tokens, ..statement.clone() }
    };
    names.iter().zip(pairs).map(one).collect()
}
