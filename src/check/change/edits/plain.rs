//! Languages that are not parsed, as tokens: names, numbers, texts and operators, with one statement for each line.

use crate::code::statements::{Context, Statement, StatementKind, Token, TokenKind};
use std::collections::HashSet;

/// The syntax of a language, as far as tokens need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    /// The beginnings of line comments.
    comment: &'static [&'static str],
}

/// The languages, by file extension or by the interpreter in the first line.
const LANGUAGES: &[(&[&str], &[&str])] = &[
    (&["rb", "ruby"], &["#"]),
    (&["pl", "pm", "perl"], &["#"]),
    (&["php"], &["//", "#"]),
    (&["lua"], &["--"]),
    (&["go", "rs", "swift", "java", "kt", "cs", "c", "cpp", "dart", "scala"], &["//"]),
    (&["applescript", "scpt", "osascript"], &["--", "#"]),
    (&["ps1", "psm1", "pwsh"], &["#"]),
    (&["r", "jl", "tcl", "awk", "fish", "zsh", "ksh", "nu", "elv", "Rscript", "julia"], &["#"]),
    (&["sql"], &["--"]),
];

impl Syntax {
    /// The syntax of a file; `None` if it is not known code.
    pub(super) fn of(path: &str, text: &str) -> Option<Syntax> {
        let ending = path.rsplit('/').next()?.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let first = text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or_default();
        let program =
            first.rsplit(['/', ' ']).find(|word| !word.is_empty() && !word.starts_with('-')).unwrap_or_default();
        let is_it = |names: &[&str]| {
            ending.as_deref().is_some_and(|ending| names.contains(&ending))
                || ending.is_none() && names.contains(&program)
        };
        let (_, comment) = LANGUAGES.iter().find(|(names, _)| is_it(names))?;
        Some(Syntax { comment })
    }
}

/// The statements of a text: its lines without comments.
pub(super) fn read(text: &str, syntax: Syntax) -> Vec<Statement> {
    let mut open = 0_usize;
    let mut is_message_open = false;
    let statements = text.lines().zip(1_u64..).map(|(line, number)| {
        let (mut tokens, braces) = tokens(line, number, syntax);
        // The name of a variable does not show what it is.
        if tokens.len() > 2 && matches!(tokens[0].text.as_str(), "const" | "let" | "var" | "val" | "final") {
            tokens.remove(0);
        }
        let continues = is_message_open && tokens.iter().all(is_fixed_text);
        is_message_open = (continues || is_only_told(line, &tokens)) && goes_on(line);
        if continues || is_told(line, &tokens) {
            for token in &mut tokens {
                token.context.message = true;
            }
        }
        mark_last_words(&mut tokens);
        let depth = open.saturating_sub(braces.iter().take_while(|brace| **brace == '}').count());
        for brace in &braces {
            open = if *brace == '{' { open + 1 } else { open.saturating_sub(1) };
        }
        let first = tokens.first().map_or("", |token| token.text.as_str());
        let kind = match first {
            "require" | "use" | "import" | "require_relative" => StatementKind::Import,
            "puts" | "warn" | "print" | "log" if line.contains("stderr") || first == "warn" => StatementKind::Message,
            "raise" | "die" | "throw" | "abort" => StatementKind::Raise,
            _ if line.trim_start().starts_with("log.Fatal") => StatementKind::Raise,
            _ if tokens.first().is_some_and(|first| first.context.message) => StatementKind::Message,
            "return" | "exit" | "next" | "last" | "break" => StatementKind::Exit,
            "end" | "fi" | "done" if tokens.len() == 1 => StatementKind::End,
            "if" | "elsif" | "else" | "unless" | "while" | "until" | "for" | "foreach" if open > depth => {
                StatementKind::Head
            }
            _ if is_calculation(&tokens) => StatementKind::Assign,
            // A line of a multi-line text.
            _ if tokens.len() > 4 && tokens.iter().all(is_prose) => StatementKind::Message,
            _ => StatementKind::Other,
        };
        Statement { kind, tokens, function: String::new(), depth }
    });
    let mut statements: Vec<Statement> = statements.filter(|statement| !statement.tokens.is_empty()).collect();
    fix_unbound(&mut statements);
    statements
}

/// Marks the names that the text does not define. They belong to the language, such as `die` and `max`: replacing one
/// with another is not a renaming.
fn fix_unbound(statements: &mut [Statement]) {
    let bound: HashSet<String> = statements.iter().flat_map(|statement| bound(&statement.tokens)).collect();
    for token in statements.iter_mut().flat_map(|statement| &mut statement.tokens) {
        let is_variable = token.text.starts_with(['$', '@']) || bound.contains(&token.text);
        token.context.fixed |= token.kind == TokenKind::Name && !is_variable;
    }
}

/// The names that a line defines: a function and its parameters, variables of a loop or block, assigned variables.
fn bound(tokens: &[Token]) -> Vec<String> {
    const DEFINING: &[&str] =
        &["def", "sub", "func", "function", "fn", "fun", "proc", "class", "module", "struct", "type", "on", "local"];
    let is_sign = |token: &Token, signs: &[&str]| token.kind == TokenKind::Sign && signs.contains(&token.text.as_str());
    let first = tokens.first().map_or("", |token| token.text.as_str());
    let defined = if DEFINING.contains(&first) { tokens } else { &[] };
    let of_loop = if matches!(first, "for" | "foreach") { &tokens[1..tokens.len().min(4)] } else { &[] };
    let set = tokens.iter().take(4).position(|token| is_sign(token, &["=", ":=", "||=", "+=", "<-"]));
    let bars = tokens.iter().enumerate().filter(|(_, token)| is_sign(token, &["|"])).map(|(at, _)| at);
    let bars: Vec<usize> = bars.collect();
    let of_blocks: Vec<Token> = bars.chunks_exact(2).flat_map(|pair| tokens[pair[0]..pair[1]].to_vec()).collect();
    let all = [defined, of_loop, &tokens[..set.unwrap_or(0)], &of_blocks].concat();
    all.into_iter().filter(|token| token.kind == TokenKind::Name).map(|token| token.text).collect()
}

/// Whether a line only reports an error to a reader.
fn is_told(line: &str, tokens: &[Token]) -> bool {
    const BEGINNINGS: &[&str] = &[
        "die ",
        "die(",
        "warn ",
        "warn(",
        "abort ",
        "abort(",
        "log.Fatal",
        "log.Print",
        "fmt.Fprintln(os.Stderr",
        "fmt.Fprintf(os.Stderr",
        "print STDERR",
        "printf STDERR",
        "STDERR.puts",
        "$stderr.puts",
        "error_log(",
        "io.stderr:write",
        "eprintln!",
    ];
    let line = line.trim_start();
    BEGINNINGS.iter().any(|begin| line.starts_with(begin)) && !tokens.iter().any(may_call)
}

/// Whether a line only reports fixed texts, so that a text in the next line belongs to the report.
fn is_only_told(line: &str, tokens: &[Token]) -> bool {
    let mut rest = tokens.iter().skip(1);
    is_told(line, tokens) && rest.all(|token| is_fixed_text(token) || token.text == "STDERR")
}

/// Whether the statement of a line goes on in the next one.
fn goes_on(line: &str) -> bool {
    line.trim_end().ends_with([',', '.', '\\'])
}

fn is_fixed_text(token: &Token) -> bool {
    token.kind == TokenKind::Text && !may_call(token)
}

/// Whether a text may call something: `"#{call}"` of Ruby, `"@{[call]}"` of Perl, a command between backticks.
fn may_call(token: &Token) -> bool {
    let is_filled = token.text.contains("#{") || token.text.contains("@{") || token.text.contains("${");
    token.kind == TokenKind::Text && is_filled || token.text.contains('`')
}

/// Marks the message of a line that ends the program: `open F, $path or die "no $path"`, `read(x) || abort "nothing to
/// read"`.
fn mark_last_words(tokens: &mut [Token]) {
    const ENDING: &[&str] = &["die", "croak", "confess", "abort", "raise"];
    let ends = |two: &[Token]| {
        matches!(two[0].text.as_str(), "or" | "||")
            && ENDING.contains(&two[1].text.as_str())
            && two[1].kind == TokenKind::Name
    };
    let Some(at) = tokens.windows(2).position(ends) else { return };
    let words = &mut tokens[at + 2..];
    if words.iter().any(|token| may_call(token) || matches!(token.text.as_str(), "if" | "unless" | "and" | "&&" | "="))
    {
        return;
    }
    for token in words {
        token.context.message = true;
    }
}

/// Whether a line only assigns a variable.
fn is_calculation(tokens: &[Token]) -> bool {
    const ACTING: &[&str] = &[
        "system", "exec", "unlink", "open", "close", "rename", "rmdir", "mkdir", "kill", "fork", "symlink", "chmod",
        "chown", "utime", "qx", "eval", "do", "print", "printf", "say", "syswrite", "shift", "pop", "splice",
        "readline", "read", "require", "local", "our",
    ];
    let sets = |token: &Token| {
        token.kind == TokenKind::Sign
            && matches!(token.text.as_str(), "=" | "+=" | "-=" | ".=" | "*=" | "/=" | "//=" | "||=")
    };
    let acts = |token: &Token| {
        ACTING.contains(&token.text.as_str()) || token.text.contains(['<', '`']) && token.kind != TokenKind::Number
    };
    tokens.iter().take(4).skip(1).any(sets) && !tokens.iter().any(acts)
}

/// Whether it is a word of a sentence.
fn is_prose(token: &Token) -> bool {
    let is_word = token.text.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | ':' | '-'));
    is_word && matches!(token.kind, TokenKind::Name | TokenKind::Sign)
}

/// The tokens of a line, and its curly brackets.
fn tokens(line: &str, number: u64, syntax: Syntax) -> (Vec<Token>, Vec<char>) {
    let (mut tokens, mut braces) = (Vec::new(), Vec::new());
    let mut rest = line.trim_start();
    let mut put = |kind, text: &str| {
        tokens.push(Token { kind, text: text.to_owned(), line: number, context: Context::default() });
    };
    while let Some(first) = rest.chars().next() {
        if syntax.comment.iter().any(|mark| rest.starts_with(mark)) {
            break;
        }
        let length = |test: fn(char) -> bool| rest.find(|c: char| !test(c)).unwrap_or(rest.len());
        let taken = match first {
            '"' | '\'' | '`' => {
                let end = text_end(&rest[1..], first).map_or(rest.len(), |at| at + 2);
                // Backticks are kept, because they may enclose a command.
                let text = if first == '`' { &rest[..end] } else { rest[1..end].trim_end_matches(first) };
                if first == '"' && text.contains("#{") {
                    for (kind, piece) in pieces(text) {
                        put(kind, piece);
                    }
                } else {
                    put(TokenKind::Text, text);
                }
                end
            }
            c if c.is_ascii_digit() => {
                let end = length(|c| c.is_alphanumeric() || c == '.' || c == '_');
                put(TokenKind::Number, &rest[..end]);
                end
            }
            c if c.is_alphabetic() || matches!(c, '_' | '$' | '@') => {
                let end = length(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '?' | '!'));
                put(TokenKind::Name, &rest[..end]);
                end
            }
            '{' | '}' => {
                braces.push(first);
                1
            }
            c if c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';') => c.len_utf8(),
            _ => {
                let end = length(|c| "+-*/%=<>!&|^~?:.[]\\#".contains(c)).max(first.len_utf8());
                put(TokenKind::Sign, &rest[..end]);
                end
            }
        };
        rest = &rest[taken..];
    }
    (tokens, braces)
}

/// A Ruby text and the names in it: `"#{a}: #{b}"`. More complex expressions remain text.
fn pieces(text: &str) -> Vec<(TokenKind, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("#{") {
        let length = rest[at..].find('}').unwrap_or(rest.len() - at);
        let name = rest.get(at + 2..at + length).unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            return vec![(TokenKind::Text, text)];
        }
        found.extend((at > 0).then(|| (TokenKind::Text, &rest[..at])));
        found.push((TokenKind::Name, name));
        rest = rest.get(at + length + 1..).unwrap_or_default();
    }
    found.extend((!rest.is_empty()).then_some((TokenKind::Text, rest)));
    found
}

/// The end of a text that began with this quote.
fn text_end(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    rest.char_indices().find_map(|(at, c)| {
        let is_end = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end.then_some(at)
    })
}
