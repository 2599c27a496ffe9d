//! JavaScript functions used as values, in equivalent forms: `const f = (x) => x + 1` is the function `f`, and
//! `xs.forEach((x) => { … })` a loop.

use super::{Context, Reader, StatementKind, Token, TokenKind};
use tree_sitter::Node;

/// The only return value of an anonymous function with the block `body`: `{ return x; }` is `x`.
pub(super) fn only_value<'n>(function: Node<'n>, body: Node<'n>) -> Option<Node<'n>> {
    let is_function = matches!(function.kind(), "arrow_function" | "function_expression");
    if !is_function || body.kind() != "statement_block" || body.named_child_count() != 1 {
        return None;
    }
    let only = body.named_child(0).filter(|only| only.kind() == "return_statement")?;
    only.named_child(0)
}

/// The value of a property whose key equals its value: `{ a: a }` is `{ a }`.
pub(super) fn named_as_its_value<'n>(pair: Node<'n>, text: &str) -> Option<Node<'n>> {
    let of = |field| pair.child_by_field_name(field).filter(|_| pair.kind() == "pair");
    let (key, value) = (of("key")?, of("value")?);
    let is_same = text.get(key.byte_range()) == text.get(value.byte_range());
    (value.kind() == "identifier" && key.kind() == "property_identifier" && is_same).then_some(value)
}

impl Reader<'_> {
    /// Reads a declaration of a single function as its definition; `false` for other statements.
    pub(super) fn function_value(&mut self, node: Node<'_>, level: usize) -> bool {
        let is_declaration = matches!(node.kind(), "lexical_declaration" | "variable_declaration");
        let Some(declarator) = node.named_child(0).filter(|_| is_declaration && node.named_child_count() == 1) else {
            return false;
        };
        let (Some(name), Some(value)) =
            (declarator.child_by_field_name("name"), declarator.child_by_field_name("value"))
        else {
            return false;
        };
        let is_function = matches!(value.kind(), "arrow_function" | "function_expression");
        let Some(body) = value.child_by_field_name("body").filter(|_| is_function && name.kind() == "identifier")
        else {
            return false;
        };
        let text = self.of(name).to_owned();
        let (outer, depth) = (self.function.clone(), self.depth);
        self.function = if outer.is_empty() { text } else { format!("{outer}.{text}") };
        self.depth = 0;
        let mut head = Vec::new();
        if let Some(first) = value.child(0).filter(|first| first.kind() == "async") {
            self.tokens(first, Context::default(), &mut head, level + 1);
        }
        self.tokens(name, Context::default(), &mut head, level + 1);
        let parameters = value.child_by_field_name("parameters").or_else(|| value.child_by_field_name("parameter"));
        if let Some(parameters) = parameters {
            self.tokens(parameters, Context::default(), &mut head, level + 1);
        }
        self.push(StatementKind::Define, head);
        self.inside(body, level, true);
        (self.function, self.depth) = (outer, depth);
        true
    }

    /// Reads a call of `forEach` as a loop; `false` for other statements, or if a `return` in it has another meaning
    /// than in a loop.
    pub(super) fn loop_by_call(&mut self, node: Node<'_>, level: usize) -> bool {
        let call = node
            .named_child(0)
            .filter(|call| node.kind() == "expression_statement" && call.kind() == "call_expression");
        let Some(called) = call.and_then(|call| call.child_by_field_name("function")) else { return false };
        let arguments = call.and_then(|call| call.child_by_field_name("arguments"));
        let Some(given) = arguments.filter(|all| all.named_child_count() == 1).and_then(|all| all.named_child(0))
        else {
            return false;
        };
        // For a map, `forEach` passes values, but a loop passes pairs.
        let is_loop = !self.text.contains("new Map")
            && called.child_by_field_name("property").is_some_and(|name| self.of(name) == "forEach")
            && given.kind() == "arrow_function"
            && given.child(0).is_some_and(|first| first.kind() != "async")
            && !self.of(given).contains("return");
        let (Some(values), Some(body)) = (called.child_by_field_name("object"), given.child_by_field_name("body"))
        else {
            return false;
        };
        let all = given.child_by_field_name("parameters");
        let one = all.filter(|all| all.named_child_count() == 1).and_then(|all| all.named_child(0));
        let Some(variable) = given.child_by_field_name("parameter").or(one).filter(|_| is_loop) else { return false };
        let line = node.start_position().row as u64 + 1;
        let sign =
            |text: &str| Token { kind: TokenKind::Sign, text: text.to_owned(), line, context: Context::default() };
        let mut head = vec![sign("for")];
        self.tokens(variable, Context::default(), &mut head, level + 1);
        head.push(sign("of"));
        self.tokens(values, Context::default(), &mut head, level + 1);
        self.push(StatementKind::Head, head);
        self.inside(body, level, false);
        true
    }

    /// The body of a function, and its end. A body that is only a value is returned, or only computed.
    fn inside(&mut self, body: Node<'_>, level: usize, is_returned: bool) {
        self.depth += 1;
        if body.kind() == "statement_block" {
            self.block(body, level + 1);
        } else if is_returned {
            let line = body.start_position().row as u64 + 1;
            let first = Token { kind: TokenKind::Sign, text: "return".to_owned(), line, context: Context::default() };
            let mut tokens = vec![first];
            self.tokens(body, Context::default(), &mut tokens, level + 1);
            self.push(StatementKind::Exit, tokens);
        } else {
            self.simple(body, level);
        }
        self.end(body);
        self.depth -= 1;
    }
}
