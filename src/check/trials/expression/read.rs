//! Parses the text of a rule into its tree.

use super::value::quote;
use super::{ArithmeticOp, Compare, Function, ListOperation, MAX_DEPTH, MAX_LEVELS, Node, ValueRoot};
use serde_json::{Number, Value};

/// The functions, their names and numbers of arguments, including the value before the dot.
const FUNCTIONS: &[(&str, Function, usize)] = &[
    ("len", Function::Size, 1),
    ("size", Function::Size, 1),
    ("sorted", Function::Sorted, 1),
    ("unique", Function::Unique, 1),
    ("abs", Function::Abs, 1),
    ("min", Function::Min, 1),
    ("max", Function::Max, 1),
    ("sum", Function::Sum, 1),
    ("round", Function::Round, 2),
    ("lower", Function::Lower, 1),
    ("upper", Function::Upper, 1),
    ("trim", Function::Trim, 1),
    ("keys", Function::Keys, 1),
    ("type", Function::Type, 1),
    ("starts", Function::Starts, 2),
    ("ends", Function::Ends, 2),
    ("string", Function::Text, 1),
    ("int", Function::Whole, 1),
    ("double", Function::Number, 1),
];

/// The functions that are called as methods.
const METHODS: &[(&str, Function, usize)] = &[
    ("size", Function::Size, 1),
    ("startsWith", Function::Starts, 2),
    ("endsWith", Function::Ends, 2),
    ("contains", Function::Contains, 2),
    ("lowerAscii", Function::Lower, 1),
    ("upperAscii", Function::Upper, 1),
    ("trim", Function::Trim, 1),
];

/// List operations after a dot: `list.all(x, rule)`.
const EACH: &[(&str, ListOperation)] = &[
    ("all", ListOperation::All),
    ("exists", ListOperation::Any),
    ("exists_one", ListOperation::One),
    ("existsOne", ListOperation::One),
    ("map", ListOperation::Map),
    ("filter", ListOperation::Filter),
];

/// Words that cannot name elements.
const TAKEN: &[&str] = &["input", "output", "other", "exit", "true", "false", "null", "and", "or", "not", "in"];

/// Reads a rule.
///
/// # Errors
/// The fault, in one line.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let tokens = tokens(text)?;
    let mut reader = ExpressionParser { tokens: &tokens, at: 0, depth: 0, names: Vec::new() };
    let root = reader.rule()?;
    match reader.tokens.get(reader.at) {
        None if levels(&root) > MAX_LEVELS => Err("the rule is nested too deeply".to_owned()),
        None => Ok(root),
        Some(token) => Err(format!("unexpected {} in the rule", token.words())),
    }
}

/// The number of levels in a tree: `1 + 1 + 1` has three.
fn levels(node: &Node) -> usize {
    let of_all = |nodes: &[Node]| nodes.iter().map(levels).max().unwrap_or(0);
    1 + match node {
        Node::Literal(_) | Node::Root(_) | Node::Name(_) => 0,
        Node::List(nodes) | Node::Call(_, nodes) => of_all(nodes),
        Node::Field(of, _) | Node::Negative(of) | Node::Not(of) | Node::Has(of) => levels(of),
        Node::Index(one, other)
        | Node::Both(one, other)
        | Node::Either(one, other)
        | Node::Compare(one, _, other)
        | Node::Reckon(one, _, other)
        | Node::Each { over: one, rule: other, .. } => levels(one).max(levels(other)),
        Node::If(condition, then, otherwise) => levels(condition).max(levels(then)).max(levels(otherwise)),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(Number),
    Sign(&'static str),
}

impl Token {
    fn words(&self) -> String {
        match self {
            Token::Word(word) => word.clone(),
            Token::Text(text) => quote(&Value::from(text.as_str())),
            Token::Number(number) => number.to_string(),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Operators, longer ones first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".", "!", "?", ":",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let after_dot = matches!(found.last(), Some(Token::Sign(".")));
            let length = number_length(rest, after_dot);
            let number: Number = rest[..length].parse().map_err(|_| format!("{} is not a number", &rest[..length]))?;
            found.push(Token::Number(number));
            length
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            found.push(Token::Word(rest[..length].to_owned()));
            length
        } else if first == '"' || first == '\'' {
            let (text, length) = quoted(rest, first)?;
            found.push(Token::Text(text));
            length
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("{first:?} is not allowed in a rule"))?;
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

fn number_length(text: &str, after_dot: bool) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    // `list.0.name` contains no fractions.
    if !after_dot && text[length..].starts_with('.') && digits(&text[length + 1..]) > 0 {
        length += 1 + digits(&text[length + 1..]);
    }
    if text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[length + 1 + sign..]);
        length += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    length
}

/// A quoted text, and its length including the quotes.
fn quoted(text: &str, mark: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == mark => return Ok((out, at + c.len_utf8())),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, other)) => out.push(other),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err("unterminated string in the rule".to_owned())
}

struct ExpressionParser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// The names of the current list elements, innermost last.
    names: Vec<String>,
}

impl ExpressionParser<'_> {
    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found == word)
    }

    fn take(&mut self, is_there: bool) -> bool {
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        let is_there = self.is_sign(sign);
        if self.take(is_there) { Ok(()) } else { Err(format!("missing {sign} in the rule")) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the rule is nested too deeply".to_owned());
        }
        let found = read(self)?;
        self.depth -= 1;
        Ok(found)
    }

    fn rule(&mut self) -> Result<Node, String> {
        self.deeper(|reader| {
            let condition = reader.either()?;
            if !reader.take(reader.is_sign("?")) {
                return Ok(condition);
            }
            let then = reader.rule()?;
            reader.expect(":")?;
            Ok(Node::If(Box::new(condition), Box::new(then), Box::new(reader.rule()?)))
        })
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut left = self.both()?;
        while self.take(self.is_word("or") || self.is_sign("||")) {
            left = Node::Either(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Node, String> {
        let mut left = self.not()?;
        while self.take(self.is_word("and") || self.is_sign("&&")) {
            left = Node::Both(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, String> {
        if self.take(self.is_word("not")) {
            return Ok(Node::Not(Box::new(self.comparison()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let left = self.sum()?;
        let signs = [
            ("==", Compare::Equal),
            ("!=", Compare::Unequal),
            ("<=", Compare::LessOrEqual),
            (">=", Compare::MoreOrEqual),
            ("<", Compare::Less),
            (">", Compare::More),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.is_sign(sign)).map(|(_, compare)| compare);
        let found = found.or_else(|| self.is_word("in").then_some(Compare::In));
        let Some(compare) = found else { return Ok(left) };
        self.at += 1;
        Ok(Node::Compare(Box::new(left), compare, Box::new(self.sum()?)))
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut left = self.term()?;
        loop {
            let reckon = match () {
                () if self.is_sign("+") => ArithmeticOp::Plus,
                () if self.is_sign("-") => ArithmeticOp::Minus,
                () => return Ok(left),
            };
            self.at += 1;
            left = Node::Reckon(Box::new(left), reckon, Box::new(self.term()?));
        }
    }

    fn term(&mut self) -> Result<Node, String> {
        let mut left = self.steps()?;
        loop {
            let reckon = match () {
                () if self.is_sign("*") => ArithmeticOp::Times,
                () if self.is_sign("/") => ArithmeticOp::Through,
                () if self.is_sign("%") => ArithmeticOp::Rest,
                () => return Ok(left),
            };
            self.at += 1;
            left = Node::Reckon(Box::new(left), reckon, Box::new(self.steps()?));
        }
    }

    /// A value with its path steps and method calls.
    fn steps(&mut self) -> Result<Node, String> {
        let mut node = self.value()?;
        loop {
            if self.take(self.is_sign(".")) {
                let name = match self.tokens.get(self.at) {
                    Some(Token::Word(name)) => name.clone(),
                    Some(Token::Number(number)) => number.to_string(),
                    _ => return Err("missing name after a dot in the rule".to_owned()),
                };
                self.at += 1;
                node = if self.take(self.is_sign("(")) {
                    self.method(node, &name)?
                } else {
                    Node::Field(Box::new(node), name)
                };
            } else if self.take(self.is_sign("[")) {
                let index = self.rule()?;
                self.expect("]")?;
                node = Node::Index(Box::new(node), Box::new(index));
            } else {
                return Ok(node);
            }
        }
    }

    /// A method call after its opening bracket.
    fn method(&mut self, of: Node, name: &str) -> Result<Node, String> {
        if let Some((_, way)) = EACH.iter().find(|(known, _)| *known == name) {
            return self.each(of, *way, name);
        }
        let Some((_, function, count)) = METHODS.iter().find(|(known, ..)| *known == name) else {
            let known: Vec<&str> =
                METHODS.iter().map(|(known, ..)| *known).chain(EACH.iter().map(|(n, _)| *n)).collect();
            return Err(format!("there is no .{name}(); there are {}", known.join(", ")));
        };
        let mut args = vec![of];
        args.extend(self.list(")")?);
        if args.len() != *count {
            return Err(format!(".{name}() takes {}, not {}", count - 1, args.len() - 1));
        }
        Ok(Node::Call(*function, args))
    }

    fn each(&mut self, over: Node, way: ListOperation, called: &str) -> Result<Node, String> {
        let name = match self.tokens.get(self.at) {
            Some(Token::Word(name)) if !TAKEN.contains(&name.as_str()) => name.clone(),
            _ => return Err(format!(".{called}() begins with a name for each element: .{called}(x, x > 0)")),
        };
        self.at += 1;
        self.expect(",")?;
        self.names.push(name.clone());
        let rule = self.rule()?;
        self.names.pop();
        self.expect(")")?;
        Ok(Node::Each { over: Box::new(over), way, name, rule: Box::new(rule) })
    }

    fn value(&mut self) -> Result<Node, String> {
        let token = self.tokens.get(self.at).ok_or("the rule is incomplete")?.clone();
        self.at += 1;
        match token {
            Token::Number(number) => {
                // Unsigned integers are ordinary numbers here.
                self.take(self.is_word("u"));
                Ok(Node::Literal(Value::Number(number)))
            }
            Token::Text(text) => Ok(Node::Literal(Value::String(text))),
            Token::Word(word) => self.word(&word),
            Token::Sign("-") => self.deeper(|reader| Ok(Node::Negative(Box::new(reader.steps()?)))),
            Token::Sign("!") => self.deeper(|reader| Ok(Node::Not(Box::new(reader.steps()?)))),
            Token::Sign("(") => {
                let inner = self.rule()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Node::List(self.list("]")?)),
            Token::Sign(sign) => Err(format!("unexpected {sign} in the rule")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Node, String> {
        let literal = |value: Value| Ok(Node::Literal(value));
        match word {
            "true" => literal(Value::Bool(true)),
            "false" => literal(Value::Bool(false)),
            "null" => literal(Value::Null),
            "input" => Ok(Node::Root(ValueRoot::Input)),
            "output" => Ok(Node::Root(ValueRoot::Output)),
            "other" => Ok(Node::Root(ValueRoot::Other)),
            "exit" => Ok(Node::Root(ValueRoot::Exit)),
            name if self.names.iter().any(|known| known == name) => Ok(Node::Name(name.to_owned())),
            "item" => Ok(Node::Name(word.to_owned())),
            "steps" => Ok(Node::Root(ValueRoot::Steps)),
            name => self.call(name),
        }
    }

    fn call(&mut self, name: &str) -> Result<Node, String> {
        let function = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let count = match (name, function) {
            ("has" | "exists", _) => 1,
            ("all" | "any", _) => 2,
            (_, Some((_, _, count))) => *count,
            _ => return Err(format!("unknown name {name}; paths begin with input or output")),
        };
        self.expect("(")?;
        let mut args = self.list(")")?;
        if args.len() != count {
            return Err(format!("{name} takes {count}, not {}", args.len()));
        }
        if let Some((_, function, _)) = function {
            return Ok(Node::Call(*function, args));
        }
        let last = args.pop().unwrap_or(Node::Literal(Value::Null));
        match (name, args.pop()) {
            ("has", None) if !matches!(last, Node::Field(..) | Node::Index(..)) => {
                Err("has takes a path: has(output.name)".to_owned())
            }
            (_, None) => Ok(Node::Has(Box::new(last))),
            (_, Some(over)) => {
                let way = if name == "all" { ListOperation::All } else { ListOperation::Any };
                Ok(Node::Each { over: Box::new(over), way, name: "item".to_owned(), rule: Box::new(last) })
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        while !self.take(self.is_sign(end)) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.rule()?);
        }
        Ok(items)
    }
}
