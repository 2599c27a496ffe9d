//! Small expressions over the input and output of a trial, as properties, relations and sanity rules are written.
//!
//! ```text
//! rule    = and { "or" and }          and  = not { "and" not }        not = [ "not" ] compare
//! compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") sum ]
//! sum     = term { ("+" | "-") term } term = value { ("*" | "/" | "%") value }
//! value   = number | "text" | 'text' | true | false | null | [ rule, … ] | ( rule ) | - value | path | call
//! path    = ("input" | "output" | "other" | "exit" | "item") { .name | [ rule ] }
//! call    = len(x) sorted(x) unique(x) abs(x) min(x) max(x) sum(x) round(x, n) lower(x) upper(x) trim(x) keys(x)
//!           type(x) exists(path) starts(x, y) ends(x, y) all(list, rule over item) any(list, rule over item)
//! ```
//!
//! `sorted` and `unique` say whether a list is; `x in y` whether a list has an element, a text a part, an object a key.
//! Numbers are compared by value: `1` is `1.0`. A path that leads nowhere is an error, which [`Expression::holds`] tells;
//! `exists` asks. A rule is text of a tool: its length, its depth and what it may go through are bounded.

use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Longest rule in bytes.
const MAX_TEXT: usize = 2000;

/// Deepest nesting of a rule.
const MAX_DEPTH: usize = 40;

/// Steps of one evaluation, values that are looked through counted: `all` in `all` multiplies.
const MAX_STEPS: usize = 500_000;

/// Longest value quoted in a message, in characters.
const MAX_QUOTE: usize = 80;

/// A rule that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    text: String,
    root: Node,
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The input.
    pub(super) input: &'a Value,
    /// The output: JSON, or the text as it is.
    pub(super) output: &'a Value,
    /// The output of the other trial of a relation.
    pub(super) other: Option<&'a Value>,
    /// The exit code.
    pub(super) exit: i32,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    List(Vec<Node>),
    Root(Root),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Negative(Box<Node>),
    Not(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    Compare(Box<Node>, Compare, Box<Node>),
    Reckon(Box<Node>, Reckon, Box<Node>),
    Call(&'static str, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Root {
    Input,
    Output,
    Other,
    Exit,
    Item,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reckon {
    Plus,
    Minus,
    Times,
    Through,
    Rest,
}

/// The functions with how many arguments they take.
const FUNCTIONS: &[(&str, usize)] = &[
    ("len", 1),
    ("sorted", 1),
    ("unique", 1),
    ("abs", 1),
    ("min", 1),
    ("max", 1),
    ("sum", 1),
    ("round", 2),
    ("lower", 1),
    ("upper", 1),
    ("trim", 1),
    ("keys", 1),
    ("type", 1),
    ("exists", 1),
    ("starts", 2),
    ("ends", 2),
    ("all", 2),
    ("any", 2),
];

impl Expression {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with it and where, one line.
    pub(super) fn parse(text: &str) -> Result<Expression, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("the rule is longer than {MAX_TEXT} bytes"));
        }
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
        let root = reader.either()?;
        match reader.tokens.get(reader.at) {
            None => Ok(Expression { text: text.trim().to_owned(), root }),
            Some(token) => Err(format!("{} was not expected in the rule", token.words())),
        }
    }

    /// The rule as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// Why that cannot be said: a path that leads nowhere, values that cannot be compared, no yes or no.
    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool, String> {
        let mut walk = Walk { scope, items: Vec::new(), steps: 0 };
        walk.truth(&self.root)
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

/// Signs, longer ones first.
const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "."];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let after_dot = matches!(found.last(), Some(Token::Sign(".")));
            let length = number_length(rest, after_dot);
            let number: Number = rest[..length].parse().map_err(|_| format!("{} is no number", &rest[..length]))?;
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
            let sign = sign.ok_or_else(|| format!("{first:?} means nothing in a rule"))?;
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
    // `list.0.name` has no fractions in it.
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

/// A text in quotation marks, and its length with them.
fn quoted(text: &str, mark: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == mark => return Ok((out, at + c.len_utf8())),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, other)) => out.push(other),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err("a text in the rule does not end".to_owned())
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
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
        if self.take(is_there) { Ok(()) } else { Err(format!("{sign} is missing in the rule")) }
    }

    fn either(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the rule is nested too deeply".to_owned());
        }
        let mut left = self.both()?;
        while self.take(self.is_word("or")) {
            left = Node::Either(Box::new(left), Box::new(self.both()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Result<Node, String> {
        let mut left = self.not()?;
        while self.take(self.is_word("and")) {
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
                () if self.is_sign("+") => Reckon::Plus,
                () if self.is_sign("-") => Reckon::Minus,
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
                () if self.is_sign("*") => Reckon::Times,
                () if self.is_sign("/") => Reckon::Through,
                () if self.is_sign("%") => Reckon::Rest,
                () => return Ok(left),
            };
            self.at += 1;
            left = Node::Reckon(Box::new(left), reckon, Box::new(self.steps()?));
        }
    }

    /// A value with the steps of a path behind it.
    fn steps(&mut self) -> Result<Node, String> {
        let mut node = self.value()?;
        loop {
            if self.take(self.is_sign(".")) {
                let name = match self.tokens.get(self.at) {
                    Some(Token::Word(name)) => name.clone(),
                    Some(Token::Number(number)) => number.to_string(),
                    _ => return Err("a name is missing behind a dot of the rule".to_owned()),
                };
                self.at += 1;
                node = Node::Field(Box::new(node), name);
            } else if self.take(self.is_sign("[")) {
                let index = self.either()?;
                self.expect("]")?;
                node = Node::Index(Box::new(node), Box::new(index));
            } else {
                return Ok(node);
            }
        }
    }

    fn value(&mut self) -> Result<Node, String> {
        let token = self.tokens.get(self.at).ok_or("the rule ends too early")?.clone();
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Node::Literal(Value::Number(number))),
            Token::Text(text) => Ok(Node::Literal(Value::String(text))),
            Token::Word(word) => self.word(&word),
            Token::Sign("-") => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("the rule is nested too deeply".to_owned());
                }
                let node = Node::Negative(Box::new(self.steps()?));
                self.depth -= 1;
                Ok(node)
            }
            Token::Sign("(") => {
                let inner = self.either()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Node::List(self.list("]")?)),
            Token::Sign(sign) => Err(format!("{sign} was not expected in the rule")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Node, String> {
        let literal = |value: Value| Ok(Node::Literal(value));
        match word {
            "true" => literal(Value::Bool(true)),
            "false" => literal(Value::Bool(false)),
            "null" => literal(Value::Null),
            "input" => Ok(Node::Root(Root::Input)),
            "output" => Ok(Node::Root(Root::Output)),
            "other" => Ok(Node::Root(Root::Other)),
            "exit" => Ok(Node::Root(Root::Exit)),
            "item" => Ok(Node::Root(Root::Item)),
            name => {
                let Some((name, count)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
                    return Err(format!("{name} means nothing in a rule; paths begin with input or output"));
                };
                self.expect("(")?;
                let args = self.list(")")?;
                if args.len() != *count {
                    return Err(format!("{name} takes {count}, not {}", args.len()));
                }
                Ok(Node::Call(name, args))
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        while !self.take(self.is_sign(end)) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.either()?);
        }
        Ok(items)
    }
}

/// One evaluation.
struct Walk<'a> {
    scope: &'a Scope<'a>,
    items: Vec<Cow<'a, Value>>,
    steps: usize,
}

impl<'a> Walk<'a> {
    fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err("it takes too many steps to say".to_owned()) } else { Ok(()) }
    }

    fn truth(&mut self, node: &Node) -> Result<bool, String> {
        truth(&*self.value(node)?)
    }

    /// Two values that something is done with, which costs as much as they are large.
    fn pair(&mut self, left: &Node, right: &Node) -> Result<(Cow<'a, Value>, Cow<'a, Value>), String> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.spend(weight(&left) + weight(&right))?;
        Ok((left, right))
    }

    fn value(&mut self, node: &Node) -> Result<Cow<'a, Value>, String> {
        self.spend(1)?;
        let owned = match node {
            Node::Literal(value) => value.clone(),
            Node::List(nodes) => {
                let values = nodes.iter().map(|node| self.value(node).map(Cow::into_owned));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Node::Root(root) => return self.root(*root),
            Node::Field(of, name) => {
                let of = self.value(of)?;
                return step(of, &Value::from(name.as_str())).ok_or_else(|| format!("there is no {}", shown(node)));
            }
            Node::Index(of, index) => {
                let (of, index) = (self.value(of)?, self.value(index)?);
                return step(of, &index).ok_or_else(|| format!("there is no {}", shown(node)));
            }
            Node::Negative(node) => number(-float(&*self.value(node)?)?)?,
            Node::Not(node) => Value::Bool(!self.truth(node)?),
            Node::Both(left, right) => Value::Bool(self.truth(left)? && self.truth(right)?),
            Node::Either(left, right) => Value::Bool(self.truth(left)? || self.truth(right)?),
            Node::Compare(left, compare, right) => {
                let (left, right) = self.pair(left, right)?;
                Value::Bool(compared(&left, *compare, &right)?)
            }
            Node::Reckon(left, reckon, right) => {
                let (left, right) = self.pair(left, right)?;
                reckoned(&left, *reckon, &right)?
            }
            Node::Call(name, args) => self.call(name, args)?,
        };
        Ok(Cow::Owned(owned))
    }

    fn root(&self, root: Root) -> Result<Cow<'a, Value>, String> {
        match root {
            Root::Input => Ok(Cow::Borrowed(self.scope.input)),
            Root::Output => Ok(Cow::Borrowed(self.scope.output)),
            Root::Other => self.scope.other.map(Cow::Borrowed).ok_or_else(|| "there is no other trial".to_owned()),
            Root::Exit => Ok(Cow::Owned(self.scope.exit.into())),
            Root::Item => self.items.last().cloned().ok_or_else(|| "item is of all and any".to_owned()),
        }
    }

    fn call(&mut self, name: &str, args: &[Node]) -> Result<Value, String> {
        if name == "exists" {
            return Ok(Value::Bool(self.value(&args[0]).is_ok()));
        }
        if name == "all" || name == "any" {
            let list = self.value(&args[0])?;
            let count = list.as_array().map(Vec::len).ok_or_else(|| format!("{name} goes through a list"))?;
            let is_all = name == "all";
            for at in 0..count {
                let item = step(list.clone(), &Value::from(at)).unwrap_or_default();
                self.items.push(item);
                let holds = self.truth(&args[1]);
                self.items.pop();
                if holds? != is_all {
                    return Ok(Value::Bool(!is_all));
                }
            }
            return Ok(Value::Bool(is_all));
        }
        let values = args.iter().map(|arg| self.value(arg)).collect::<Result<Vec<_>, _>>()?;
        self.spend(values.iter().map(|value| weight(value)).sum())?;
        called(name, &values)
    }
}

/// What a step from a value leads to: a key of an object, a place of a list.
fn step<'a>(of: Cow<'a, Value>, by: &Value) -> Option<Cow<'a, Value>> {
    fn find<'v>(of: &'v Value, by: &Value) -> Option<&'v Value> {
        match (of, by) {
            (Value::Object(map), Value::String(key)) => map.get(key),
            (Value::Array(list), Value::String(at)) => list.get(at.parse::<usize>().ok()?),
            (Value::Array(list), Value::Number(at)) => {
                let at = at.as_i64()?;
                let at = if at < 0 { at + i64::try_from(list.len()).ok()? } else { at };
                list.get(usize::try_from(at).ok()?)
            }
            _ => None,
        }
    }
    match of {
        Cow::Borrowed(of) => find(of, by).map(Cow::Borrowed),
        Cow::Owned(of) => find(&of, by).cloned().map(Cow::Owned),
    }
}

/// How much there is to look at in a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(weight).sum::<usize>() + map.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

fn called(name: &str, values: &[Cow<'_, Value>]) -> Result<Value, String> {
    let value: &Value = &values[0];
    let cannot = || format!("{name} says nothing of {}", quote(value));
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(cannot);
    let list = || value.as_array().ok_or_else(cannot);
    match name {
        "len" => match value {
            Value::String(text) => Ok(text.chars().count().into()),
            Value::Array(list) => Ok(list.len().into()),
            Value::Object(map) => Ok(map.len().into()),
            _ => Err(cannot()),
        },
        "sorted" => {
            for pair in list()?.windows(2) {
                if order(&pair[0], &pair[1])? == Ordering::Greater {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }
        "unique" => {
            let list = list()?;
            // Bounded by the size of an output that is read.
            let mut seen: Vec<String> = list.iter().map(canonical).collect();
            seen.sort();
            Ok(Value::Bool(seen.windows(2).all(|pair| pair[0] != pair[1])))
        }
        "abs" => number(float(value)?.abs()),
        "round" => {
            let scale = 10_f64.powi(float(&values[1])?.clamp(0.0, 15.0) as i32);
            number((float(value)? * scale).round() / scale)
        }
        "sum" => list()?.iter().try_fold(0.0, |sum, item| Ok::<f64, String>(sum + float(item)?)).and_then(number),
        "min" | "max" => {
            let list = list()?;
            let mut best = list.first().ok_or_else(|| format!("{name} of nothing"))?;
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            for item in list {
                if order(item, best)? == wanted {
                    best = item;
                }
            }
            Ok(best.clone())
        }
        "lower" => Ok(text(value)?.to_lowercase().into()),
        "upper" => Ok(text(value)?.to_uppercase().into()),
        "trim" => Ok(text(value)?.trim().into()),
        "starts" => Ok(text(value)?.starts_with(&text(&values[1])?).into()),
        "ends" => Ok(text(value)?.ends_with(&text(&values[1])?).into()),
        "keys" => {
            let map = value.as_object().ok_or_else(cannot)?;
            Ok(map.keys().cloned().collect::<Vec<_>>().into())
        }
        _ => Ok(kind(value).into()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{} is no yes or no", quote(value)))
}

fn float(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{} is no number", quote(value)))
}

fn number(value: f64) -> Result<Value, String> {
    // A whole number stays one, so that it reads like one.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Ok(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number).ok_or_else(|| "the result is no number".to_owned())
}

fn reckoned(left: &Value, reckon: Reckon, right: &Value) -> Result<Value, String> {
    if reckon == Reckon::Plus {
        match (left, right) {
            (Value::String(left), Value::String(right)) => return Ok(format!("{left}{right}").into()),
            (Value::Array(left), Value::Array(right)) => {
                return Ok(left.iter().chain(right).cloned().collect::<Vec<_>>().into());
            }
            _ => {}
        }
    }
    let (left, right) = (float(left)?, float(right)?);
    number(match reckon {
        Reckon::Plus => left + right,
        Reckon::Minus => left - right,
        Reckon::Times => left * right,
        Reckon::Through => left / right,
        Reckon::Rest => left % right,
    })
}

fn compared(left: &Value, compare: Compare, right: &Value) -> Result<bool, String> {
    Ok(match compare {
        Compare::Equal => equal(left, right),
        Compare::Unequal => !equal(left, right),
        Compare::Less => order(left, right)? == Ordering::Less,
        Compare::LessOrEqual => order(left, right)? != Ordering::Greater,
        Compare::More => order(left, right)? == Ordering::Greater,
        Compare::MoreOrEqual => order(left, right)? != Ordering::Less,
        Compare::In => match (left, right) {
            (Value::String(part), Value::String(whole)) => whole.contains(part.as_str()),
            (Value::String(key), Value::Object(map)) => map.contains_key(key),
            (value, Value::Array(list)) => list.iter().any(|item| equal(value, item)),
            _ => return Err(format!("nothing is in {}", quote(right))),
        },
    })
}

fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let pair = left.as_f64().zip(right.as_f64());
            pair.and_then(|(left, right)| left.partial_cmp(&right)).ok_or_else(|| "no order".to_owned())
        }
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        _ => Err(format!("{} and {} have no order", quote(left), quote(right))),
    }
}

/// Whether two values are the same; numbers by value, objects without order.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

/// A value as text that is the same for equal values.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |float| float.to_string()),
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}

/// A value as it reads in a message, cut.
pub(super) fn quote(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().nth(MAX_QUOTE).is_none() {
        return text;
    }
    text.chars().take(MAX_QUOTE - 1).chain(std::iter::once('…')).collect()
}

/// A path as it was written.
fn shown(node: &Node) -> String {
    match node {
        Node::Root(Root::Input) => "input".to_owned(),
        Node::Root(Root::Output) => "output".to_owned(),
        Node::Root(Root::Other) => "other".to_owned(),
        Node::Root(Root::Exit) => "exit".to_owned(),
        Node::Root(Root::Item) => "item".to_owned(),
        Node::Field(of, name) => format!("{}.{name}", shown(of)),
        Node::Index(of, index) => match &**index {
            Node::Literal(value) => format!("{}[{}]", shown(of), quote(value)),
            _ => format!("{}[…]", shown(of)),
        },
        _ => "value".to_owned(),
    }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
