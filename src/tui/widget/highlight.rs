//! Syntax colours: the kinds of the tokens in each line.
//!
//! Highlighting takes milliseconds for thousands of lines, so it runs on a worker thread while the text is already on
//! screen. It only adds colours: unknown syntax stays plain, and no decision depends on it.

use super::piece::LineTokens;
use crate::domain::budget::{self, ReadLimits};
use crate::domain::source::{is_beyond, parse};
use crate::tui::mark::TokenKind;
use std::ops::Range;
use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

/// The maximum size of a coloured text, bytes; half of the largest source file.
const MAX_BYTES: usize = 512 * 1024;

/// A language that can be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python.
    Python,
    /// POSIX shell and bash.
    Shell,
    /// JavaScript source, JSX included.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// JSON.
    Json,
}

impl Language {
    /// The language of a file: by its extension, otherwise by the interpreter in its first line.
    pub fn of(path: &str, text: &str) -> Option<Language> {
        let ending = path.rsplit(['/', '.']).next().unwrap_or_default();
        match ending {
            "py" | "pyi" => Some(Language::Python),
            "sh" | "bash" => Some(Language::Shell),
            "js" | "mjs" | "cjs" | "jsx" => Some(Language::JavaScript),
            "ts" | "mts" | "cts" => Some(Language::TypeScript),
            "json" => Some(Language::Json),
            _ => {
                let first = text.lines().next().filter(|line| line.starts_with("#!"))?;
                let names = |words: &[&str]| words.iter().any(|word| first.contains(word));
                match () {
                    () if names(&["python"]) => Some(Language::Python),
                    () if names(&["bash", "/sh", " sh"]) => Some(Language::Shell),
                    () if names(&["tsx", "deno"]) => Some(Language::TypeScript),
                    () if names(&["node", "bun"]) => Some(Language::JavaScript),
                    () => None,
                }
            }
        }
    }

    fn grammar(self) -> tree_sitter::Language {
        let grammar = match self {
            Language::Python => tree_sitter_python::LANGUAGE,
            Language::Shell => tree_sitter_bash::LANGUAGE,
            Language::JavaScript | Language::Json => tree_sitter_javascript::LANGUAGE,
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        };
        grammar.into()
    }

    fn configuration(self) -> Option<HighlightConfiguration> {
        let javascript = tree_sitter_javascript::HIGHLIGHT_QUERY;
        let query = match self {
            Language::Python => tree_sitter_python::HIGHLIGHTS_QUERY.to_owned(),
            Language::Shell => tree_sitter_bash::HIGHLIGHT_QUERY.to_owned(),
            Language::JavaScript | Language::Json => javascript.to_owned(),
            // The query of TypeScript contains only its additions to JavaScript.
            Language::TypeScript => format!("{}\n{javascript}", tree_sitter_typescript::HIGHLIGHTS_QUERY),
        };
        let mut configuration = HighlightConfiguration::new(self.grammar(), "tool", &query, "", "").ok()?;
        configuration.configure(&NAMES.map(|(name, _)| name));
        Some(configuration)
    }
}

/// Capture names of queries; each also covers longer names that begin with it.
const NAMES: [(&str, TokenKind); 20] = [
    ("attribute", TokenKind::Function),
    ("boolean", TokenKind::Constant),
    ("comment", TokenKind::Comment),
    ("constant", TokenKind::Constant),
    ("constructor", TokenKind::Type),
    ("embedded", TokenKind::Variable),
    ("escape", TokenKind::Constant),
    ("function", TokenKind::Function),
    ("keyword", TokenKind::Keyword),
    ("label", TokenKind::Constant),
    ("module", TokenKind::Type),
    ("number", TokenKind::Number),
    ("operator", TokenKind::Punctuation),
    ("property", TokenKind::Variable),
    ("punctuation", TokenKind::Punctuation),
    ("string", TokenKind::String),
    ("tag", TokenKind::Keyword),
    ("type", TokenKind::Type),
    ("variable", TokenKind::Variable),
    ("variable.builtin", TokenKind::Constant),
];

/// The tokens of each line of `text`, as byte ranges of the line; lines are those of [`str::lines`]. `None` if the text
/// is too long or cannot be parsed.
pub fn highlight(language: Language, text: &str) -> Option<Vec<LineTokens>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    // Without parentheses, an object would be parsed as a block of statements.
    let source = if language == Language::Json { format!("({text})") } else { text.to_owned() };
    let shift = usize::from(language == Language::Json);
    let (tokens, shortfall) = budget::within(ReadLimits::PARSE, || coloured(language, text, &source, shift));
    tokens.filter(|_| shortfall == budget::Shortfall::default())
}

/// The tokens, within the budget of this thread. `source` is the parsed text, which has `shift` bytes before the text.
fn coloured(language: Language, text: &str, source: &str, shift: usize) -> Option<Vec<LineTokens>> {
    // The text is first parsed by a parser that can be stopped; a deep tree would make the queries slow.
    let tree = parse(&language.grammar(), source.as_bytes()).filter(|tree| !is_beyond(tree.root_node()))?;
    drop(tree);
    let configuration = language.configuration()?;
    let mut highlighter = Highlighter::new();
    let events = highlighter.highlight(&configuration, source.as_bytes(), None, None, |_| None).ok()?;
    let mut lines = Lines::new(text);
    let mut open: Vec<TokenKind> = Vec::new();
    for event in events {
        if budget::is_over() {
            return None;
        }
        match event.ok()? {
            HighlightEvent::HighlightStart(name) => {
                open.push(NAMES.get(name.0).map_or(TokenKind::Variable, |(_, kind)| *kind));
            }
            HighlightEvent::HighlightEnd => {
                open.pop();
            }
            HighlightEvent::Source { start, end } => {
                if let Some(kind) = open.last() {
                    lines.add(start.saturating_sub(shift)..end.saturating_sub(shift).min(text.len()), *kind);
                }
            }
        }
    }
    Some(lines.tokens)
}

/// Tokens sorted into lines.
struct Lines {
    /// The range of each line, without its line break.
    spans: Vec<Range<usize>>,
    tokens: Vec<LineTokens>,
    /// The line of the last token; tokens arrive in order.
    at: usize,
}

impl Lines {
    fn new(text: &str) -> Lines {
        let mut start = 0;
        let mut spans = Vec::new();
        for line in text.split_inclusive('\n') {
            let length =
                line.strip_suffix('\n').map_or(line.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
            spans.push(start..start + length);
            start += line.len();
        }
        Lines { tokens: vec![Vec::new(); spans.len()], spans, at: 0 }
    }

    fn add(&mut self, token: Range<usize>, kind: TokenKind) {
        while self.spans.get(self.at).is_some_and(|span| span.end <= token.start) {
            self.at += 1;
        }
        for line in self.at..self.spans.len() {
            let span = &self.spans[line];
            let part = token.start.max(span.start)..token.end.min(span.end);
            if span.start >= token.end {
                break;
            }
            if !part.is_empty() {
                self.tokens[line].push((part.start - span.start..part.end - span.start, kind));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Words with their kind, leaving out the plain ones.
    fn coloured(language: Language, text: &str) -> Vec<(&str, TokenKind)> {
        let lines = highlight(language, text).unwrap();
        let plain = |kind| matches!(kind, TokenKind::Punctuation | TokenKind::Variable);
        let words = text
            .lines()
            .zip(&lines)
            .flat_map(|(line, tokens)| tokens.iter().map(|(range, kind)| (&line[range.clone()], *kind)));
        words.filter(|(_, kind)| !plain(*kind)).collect()
    }

    #[test]
    fn each_language_has_its_colours() {
        let python = coloured(Language::Python, "def run(x):\n    return \"a\\n\"  # why\n");
        assert_eq!(python[..2], [("def", TokenKind::Keyword), ("run", TokenKind::Function)]);
        assert_eq!(python.last(), Some(&("# why", TokenKind::Comment)));
        let shell = coloured(Language::Shell, "if true; then echo 'x'; fi");
        assert!(shell.contains(&("if", TokenKind::Keyword)) && shell.contains(&("'x'", TokenKind::String)));
        let javascript = coloured(Language::JavaScript, "const a = 1;");
        assert_eq!(javascript, [("const", TokenKind::Keyword), ("1", TokenKind::Number)]);
        let typescript = coloured(Language::TypeScript, "const a: number = f(1);");
        assert!(typescript.contains(&("number", TokenKind::Type)) && typescript.contains(&("f", TokenKind::Function)));
        let json = coloured(Language::Json, "{\"a\": [1, true]}");
        assert!(json.contains(&("1", TokenKind::Number)) && json.contains(&("true", TokenKind::Constant)), "{json:?}");
    }

    #[test]
    fn the_ending_or_the_first_line_names_the_language() {
        assert_eq!(Language::of("a/tool.py", ""), Some(Language::Python));
        assert_eq!(Language::of("tool", "#!/usr/bin/env bash\n"), Some(Language::Shell));
        assert_eq!(Language::of("tool", "#!/usr/bin/env node\n"), Some(Language::JavaScript));
        assert_eq!(Language::of("tool.toml", "a = 1"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn tokens_lie_on_characters_of_their_lines(
            text in "([a-z\"'(){}\\[\\]:=#\\n\\r\té日 \\\\]|def |if |\"\"\"|=> ){0,60}", which in 0usize..5,
        ) {
            let language = [Language::Python, Language::Shell, Language::JavaScript, Language::TypeScript, Language::Json];
            let lines = highlight(language[which], &text).unwrap();
            prop_assert_eq!(lines.len(), text.lines().count());
            for (line, tokens) in text.lines().zip(lines) {
                for (range, _) in tokens {
                    prop_assert!(line.get(range).is_some());
                }
            }
        }
    }
}
