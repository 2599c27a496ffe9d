//! Evaluates a rule for a trial, with a limited number of steps.

use super::value::{called, compared, float, number, quote, reckoned, truth, weight};
use super::{EvaluationScope, ListOperation, MAX_STEPS, Node, ValueRoot};
use serde_json::Value;
use std::borrow::Cow;

/// Whether a rule is true.
///
/// # Errors
/// Why this cannot be determined.
pub(super) fn holds(rule: &Node, scope: &EvaluationScope<'_>) -> Result<bool, String> {
    Evaluation { scope, items: Vec::new(), steps: 0 }.truth(rule)
}

struct Evaluation<'a> {
    scope: &'a EvaluationScope<'a>,
    /// The current list elements with their names, innermost last.
    items: Vec<(&'a str, Cow<'a, Value>)>,
    steps: usize,
}

impl<'a> Evaluation<'a> {
    fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err("it takes too many steps to evaluate".to_owned()) } else { Ok(()) }
    }

    fn truth(&mut self, node: &'a Node) -> Result<bool, String> {
        truth(&*self.value(node)?)
    }

    /// Two sides, one of which may decide: then an error of the other does not count.
    fn decided(&mut self, left: &'a Node, right: &'a Node, deciding: bool) -> Result<bool, String> {
        match self.truth(left) {
            Ok(left) if left == deciding => Ok(deciding),
            Ok(_) => self.truth(right),
            Err(why) => match self.truth(right) {
                Ok(right) if right == deciding => Ok(deciding),
                _ => Err(why),
            },
        }
    }

    /// Two operands; the cost is their size.
    fn pair(&mut self, left: &'a Node, right: &'a Node) -> Result<(Cow<'a, Value>, Cow<'a, Value>), String> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.spend(weight(&left) + weight(&right))?;
        Ok((left, right))
    }

    fn value(&mut self, node: &'a Node) -> Result<Cow<'a, Value>, String> {
        self.spend(1)?;
        let owned = match node {
            Node::Literal(value) => value.clone(),
            Node::List(nodes) => {
                let mut list = Vec::new();
                for node in nodes {
                    list.push(self.kept(node)?);
                }
                Value::Array(list)
            }
            Node::Root(root) => return self.root(*root),
            Node::Name(name) => {
                let found = self.items.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                let found = found.ok_or_else(|| format!("{name} is available in all and any only"))?;
                if matches!(found, Cow::Owned(_)) {
                    self.spend(weight(&found))?;
                }
                return Ok(found);
            }
            Node::Field(of, name) => {
                let of = self.value(of)?;
                return step(of, &Value::from(name.as_str())).ok_or_else(|| format!("{} does not exist", shown(node)));
            }
            Node::Index(of, index) => {
                let (of, index) = (self.value(of)?, self.value(index)?);
                return step(of, &index).ok_or_else(|| format!("{} does not exist", shown(node)));
            }
            Node::Negative(node) => number(-float(&*self.value(node)?)?)?,
            Node::Not(node) => Value::Bool(!self.truth(node)?),
            Node::Both(left, right) => Value::Bool(self.decided(left, right, false)?),
            Node::Either(left, right) => Value::Bool(self.decided(left, right, true)?),
            Node::If(condition, then, otherwise) => {
                let chosen = if self.truth(condition)? { then } else { otherwise };
                return self.value(chosen);
            }
            Node::Compare(left, compare, right) => {
                let (left, right) = self.pair(left, right)?;
                Value::Bool(compared(&left, *compare, &right)?)
            }
            Node::Reckon(left, reckon, right) => {
                let (left, right) = self.pair(left, right)?;
                reckoned(&left, *reckon, &right)?
            }
            Node::Call(function, args) => {
                let mut values = Vec::new();
                for arg in args {
                    values.push(self.value(arg)?);
                }
                self.spend(values.iter().map(|value| weight(value)).sum())?;
                called(*function, &values)?
            }
            Node::Has(path) => {
                let found = self.value(path).is_ok();
                // An answer after the steps are used up does not count.
                self.spend(0)?;
                Value::Bool(found)
            }
            Node::Each { over, way, name, rule } => self.each(over, *way, name, rule)?,
        };
        Ok(Cow::Owned(owned))
    }

    /// A value that is stored in another one; the cost is its size.
    fn kept(&mut self, node: &'a Node) -> Result<Value, String> {
        let value = self.value(node)?;
        self.spend(weight(&value))?;
        Ok(value.into_owned())
    }

    fn root(&self, root: ValueRoot) -> Result<Cow<'a, Value>, String> {
        match root {
            ValueRoot::Input => Ok(Cow::Borrowed(self.scope.input)),
            ValueRoot::Output => Ok(Cow::Borrowed(self.scope.output)),
            ValueRoot::Other => {
                self.scope.other.map(Cow::Borrowed).ok_or_else(|| "there is no second trial".to_owned())
            }
            ValueRoot::Steps => self.scope.steps.map(Cow::Borrowed).ok_or_else(|| "there are no steps".to_owned()),
            ValueRoot::Exit => Ok(Cow::Owned(self.scope.exit.into())),
        }
    }

    /// Applies a rule to each element of a list, or each key of an object.
    fn each(&mut self, over: &'a Node, way: ListOperation, name: &'a str, rule: &'a Node) -> Result<Value, String> {
        let items: Vec<Cow<'a, Value>> = match self.value(over)? {
            Cow::Borrowed(Value::Array(list)) => list.iter().map(Cow::Borrowed).collect(),
            Cow::Owned(Value::Array(list)) => list.into_iter().map(Cow::Owned).collect(),
            of => match &*of {
                Value::Object(map) => map.keys().map(|key| Cow::Owned(Value::from(key.as_str()))).collect(),
                other => return Err(format!("{} is not a list", quote(other))),
            },
        };
        self.spend(items.len())?;
        let (mut made, mut held) = (Vec::new(), 0_usize);
        for item in items {
            self.items.push((name, item));
            let told = if way == ListOperation::Map { self.kept(rule) } else { self.truth(rule).map(Value::Bool) };
            let item = self.items.pop().map(|(_, item)| item).unwrap_or_default();
            match (way, told?) {
                (ListOperation::Map, value) => made.push(value),
                (ListOperation::All, Value::Bool(false)) => return Ok(Value::Bool(false)),
                (ListOperation::Any, Value::Bool(true)) => return Ok(Value::Bool(true)),
                (ListOperation::Filter, Value::Bool(true)) => {
                    self.spend(weight(&item))?;
                    made.push(item.into_owned());
                }
                (_, told) => held += usize::from(told == Value::Bool(true)),
            }
        }
        Ok(match way {
            ListOperation::All => Value::Bool(true),
            ListOperation::Any => Value::Bool(false),
            ListOperation::One => Value::Bool(held == 1),
            ListOperation::Map | ListOperation::Filter => Value::Array(made),
        })
    }
}

/// The result of one path step: a key of an object, an index of a list.
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

/// A path in its original form.
fn shown(node: &Node) -> String {
    match node {
        Node::Root(ValueRoot::Input) => "input".to_owned(),
        Node::Root(ValueRoot::Output) => "output".to_owned(),
        Node::Root(ValueRoot::Other) => "other".to_owned(),
        Node::Root(ValueRoot::Steps) => "steps".to_owned(),
        Node::Root(ValueRoot::Exit) => "exit".to_owned(),
        Node::Name(name) => name.clone(),
        Node::Field(of, name) => format!("{}.{name}", shown(of)),
        Node::Index(of, index) => match &**index {
            Node::Literal(value) => format!("{}[{}]", shown(of), quote(value)),
            _ => format!("{}[…]", shown(of)),
        },
        _ => "value".to_owned(),
    }
}
