//! Values that are known without running the program: computed numbers, composed texts.
//!
//! `60 * 60` and `3600` are the same number, and `"a" + b`, `f"a{b}"` and `os.path.join("a", b)` give the same text;
//! the results are compared.

use super::{Constant, FileNames};
use crate::code::lowering::shortest;
use crate::code::program::{Expr, Sort, TextPiece};

/// How many names and operators in a chain are followed.
const MAX_DEPTH: usize = 8;

/// A part of a composed text.
pub(in crate::check::change) enum Bit<'e> {
    /// Known.
    Fixed(String),
    /// Unknown: the value, and its scope.
    Hole(&'e Expr, usize),
}

impl FileNames<'_> {
    /// The constant that a value is.
    pub(in crate::check::change) fn constant(&self, expr: &Expr, scope: usize) -> Option<Constant> {
        self.constant_at(expr, scope, 0)
    }

    fn constant_at(&self, expr: &Expr, scope: usize, depth: usize) -> Option<Constant> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let told = |shown: String| Some(Constant { shown, line: expr.line });
        match &expr.sort {
            Sort::Number(number) => told(number.clone()),
            Sort::Flag(flag) => told(flag.to_string()),
            Sort::Nothing => told("none".to_owned()),
            Sort::Pattern(pattern) => told(pattern.clone()),
            Sort::Text(_) => {
                let bits = self.text_at(expr, scope, depth + 1)?;
                let fixed: Option<String> = bits
                    .iter()
                    .map(|bit| if let Bit::Fixed(text) = bit { Some(text.as_str()) } else { None })
                    .collect();
                told(format!("\"{}\"", fixed?))
            }
            Sort::Math(sign, a, b) => {
                let value = |side: &Expr| self.constant_at(side, scope, depth + 1)?.shown.parse::<f64>().ok();
                told(shortest(calculate(sign, value(a)?, value(b)?)?))
            }
            Sort::Name(_) | Sort::Member(..) | Sort::Item(..) => {
                let (value, scope) = self.stands_for(expr, scope)?;
                self.constant_at(value, scope, depth + 1)
            }
            _ => None,
        }
    }

    /// The parts of a composed text; `None` if it is not a text.
    pub(in crate::check::change) fn text<'e>(&self, expr: &'e Expr, scope: usize) -> Option<Vec<Bit<'e>>>
    where
        Self: 'e,
    {
        self.text_at(expr, scope, 0)
    }

    fn text_at<'e>(&self, expr: &'e Expr, scope: usize, depth: usize) -> Option<Vec<Bit<'e>>>
    where
        Self: 'e,
    {
        if depth >= MAX_DEPTH {
            return None;
        }
        match &expr.sort {
            Sort::Text(pieces) => {
                let bits = pieces.iter().flat_map(|piece| match piece {
                    TextPiece::Fixed(text) => vec![Bit::Fixed(text.clone())],
                    TextPiece::Hole(hole) => self.part(hole, scope, depth + 1),
                });
                Some(bits.collect())
            }
            Sort::Math(sign, a, b) if sign == "+" => {
                let is_text =
                    self.text_at(a, scope, depth + 1).is_some() || self.text_at(b, scope, depth + 1).is_some();
                is_text.then(|| self.chain(&[a, b], scope, depth, ""))
            }
            Sort::Math(sign, a, _) if sign == "%" && matches!(a.sort, Sort::Text(_)) => {
                Some(self.opened(a, scope, depth, with_percent))
            }
            Sort::Math(sign, a, b) if sign == "/" => {
                let is_path = matches!(&a.sort, Sort::Call(target, _) if ends_with(target, "Path"));
                let is_text = is_path || self.text_at(a, scope, depth + 1).is_some() || matches!(b.sort, Sort::Text(_));
                is_text.then(|| self.chain(&[a, b], scope, depth, "/"))
            }
            Sort::Call(target, arguments) => {
                if arguments.iter().any(|argument| argument.name.is_some()) && !ends_with(target, "format") {
                    return None;
                }
                let values: Vec<&Expr> = arguments.iter().map(|argument| &argument.value).collect();
                match &target.sort {
                    Sort::Member(object, name) if name == "format" && matches!(object.sort, Sort::Text(_)) => {
                        Some(self.opened(object, scope, depth, with_braces))
                    }
                    Sort::Member(object, name) if name == "join" && ends_with(object, "path") => {
                        Some(self.chain(&values, scope, depth, "/"))
                    }
                    Sort::Member(object, name)
                        if matches!(name.as_str(), "glob" | "rglob")
                            && values.len() == 1
                            && !ends_with(object, "glob") =>
                    {
                        let mut bits = self.part(object, scope, depth + 1);
                        bits.push(Bit::Fixed(if name == "glob" { "/" } else { "/**/" }.to_owned()));
                        bits.extend(self.part(values[0], scope, depth + 1));
                        Some(bits)
                    }
                    Sort::Member(object, name) if name == "joinpath" => {
                        let all: Vec<&Expr> = std::iter::once(&**object).chain(values).collect();
                        Some(self.chain(&all, scope, depth, "/"))
                    }
                    Sort::Name(name) if matches!(name.as_str(), "Path" | "PurePath") && !values.is_empty() => {
                        Some(self.chain(&values, scope, depth, "/"))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn part<'e>(&self, expr: &'e Expr, scope: usize, depth: usize) -> Vec<Bit<'e>>
    where
        Self: 'e,
    {
        if let Some(constant) = self.constant_at(expr, scope, depth + 1) {
            let plain = constant.shown.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            return vec![Bit::Fixed(plain.unwrap_or(&constant.shown).to_owned())];
        }
        if let Some(bits) = self.text_at(expr, scope, depth + 1) {
            return bits;
        }
        let folded = self.stands_for(expr, scope).and_then(|(value, scope)| {
            let bits = self.text_at(value, scope, depth + 1)?;
            // The value of another name is collected where it is defined.
            Some(bits.into_iter().map(|bit| match bit {
                Bit::Fixed(text) => Some(text),
                Bit::Hole(..) => None,
            }))
        });
        match folded {
            Some(bits) => bits.map(|bit| bit.map_or_else(|| Bit::Hole(expr, scope), Bit::Fixed)).collect(),
            None => vec![Bit::Hole(expr, scope)],
        }
    }

    fn chain<'e>(&self, list: &[&'e Expr], scope: usize, depth: usize, between: &str) -> Vec<Bit<'e>>
    where
        Self: 'e,
    {
        let mut bits = Vec::new();
        for (index, expr) in list.iter().enumerate() {
            if index > 0 && !between.is_empty() {
                bits.push(Bit::Fixed(between.to_owned()));
            }
            bits.extend(self.part(expr, scope, depth + 1));
        }
        bits
    }

    fn opened<'e>(
        &self,
        expr: &'e Expr,
        scope: usize,
        depth: usize,
        open: fn(&str) -> Vec<Option<String>>,
    ) -> Vec<Bit<'e>>
    where
        Self: 'e,
    {
        let bits = self.part(expr, scope, depth + 1).into_iter().flat_map(|bit| match bit {
            Bit::Fixed(text) => {
                let parts = open(&text).into_iter();
                parts.map(|part| part.map_or_else(|| Bit::Hole(expr, scope), Bit::Fixed)).collect()
            }
            Bit::Hole(..) => vec![bit],
        });
        bits.collect()
    }
}

/// A text for display, with `{}` for unknown parts.
pub(in crate::check::change) fn shown(bits: &[Bit<'_>]) -> String {
    bits.iter().map(|bit| if let Bit::Fixed(text) = bit { text.as_str() } else { "{}" }).collect()
}

fn ends_with(target: &Expr, word: &str) -> bool {
    match &target.sort {
        Sort::Name(name) | Sort::Member(_, name) => name == word,
        _ => false,
    }
}

fn calculate(sign: &str, a: f64, b: f64) -> Option<f64> {
    let whole = |value: f64| (value.fract() == 0.0 && value.abs() < 1e9).then_some(value as i64);
    let value = match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "//" if b != 0.0 => (a / b).floor(),
        "**" => a.powf(b),
        "<<" => (whole(a)?.checked_shl(u32::try_from(whole(b)?).ok()?)?) as f64,
        _ => return None,
    };
    value.is_finite().then_some(value)
}

/// `%s` and similar codes are placeholders (`None`).
fn with_percent(text: &str) -> Vec<Option<String>> {
    let (mut parts, mut fixed) = (Vec::new(), String::new());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            fixed.push(c);
            continue;
        }
        if rest.peek() == Some(&'%') {
            rest.next();
            fixed.push('%');
            continue;
        }
        for next in rest.by_ref() {
            if next.is_alphabetic() {
                break;
            }
        }
        parts.push(Some(std::mem::take(&mut fixed)));
        parts.push(None);
    }
    parts.push(Some(fixed));
    parts
}

/// `{}`, `{0}` and `{name}` are placeholders (`None`).
fn with_braces(text: &str) -> Vec<Option<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        parts.push(Some(before.to_owned()));
        let Some((_, after)) = after.split_once('}') else { break };
        parts.push(None);
        rest = after;
    }
    parts.push(Some(rest.to_owned()));
    parts
}
