//! Tests of a shell: `[ … ]` and `[[ … ]]`.

use super::super::lower::{Lower, named};
use super::super::tree::{Kind, Node};
use super::{is_literal, unparted, word};
use tree_sitter::Node as Syntax;

/// Comparisons of numbers.
const NUMBERS: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// A test as conditions that are tested one by one: `[[ a && ! b ]]` is `[[ a ]] && ! [[ b ]]`.
pub(super) fn test(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let sign = node.child(0).map_or("", |first| first.kind());
    let parts = named(node);
    let ([only], "[" | "[[") = (parts.as_slice(), sign) else { return lower.opaque(node) };
    condition(lower, *only, sign).unwrap_or_else(|| lower.opaque(node))
}

fn condition(lower: &mut Lower<'_>, node: Syntax<'_>, sign: &str) -> Option<Node> {
    let is_double = sign == "[[";
    let operator = node.child_by_field_name("operator").map_or("", |one| lower.text(one));
    match node.kind() {
        "parenthesized_expression" if is_double => condition(lower, node.named_child(0)?, sign),
        "unary_expression" if operator == "!" || node.child(0).is_some_and(|first| first.kind() == "!") => {
            let inner = named(node).pop()?;
            // Where a number is wrong, both a comparison and its opposite fail.
            let inner = condition(lower, inner, sign)?;
            let is_sure = !inner.any(&|part| part.is(Kind::Raw) && NUMBERS.iter().any(|one| part.text.ends_with(one)));
            is_sure.then(|| inner.negated())
        }
        "unary_expression" => {
            let inner = named(node).into_iter().rfind(|part| part.kind() != "test_operator")?;
            let given = word(lower, inner);
            let given = if is_double { unparted(given) } else { given };
            // A word that is parted may be no word or several, and then the test is another one.
            let is_one = matches!(given.kind, Kind::Str | Kind::Text);
            let made = |operator: &str, given: Node| Node::new(Kind::Raw, &format!("{sign} {operator}"), vec![given]);
            Some(match operator {
                "-z" if is_one => made("-n", given).negated(),
                _ => made(operator, given),
            })
        }
        "binary_expression" if is_double && matches!(operator, "&&" | "||") => {
            let left = condition(lower, node.child_by_field_name("left")?, sign)?;
            let right = condition(lower, node.child_by_field_name("right")?, sign)?;
            Some(Node::of(if operator == "&&" { Kind::And } else { Kind::Or }, vec![left, right]))
        }
        "binary_expression" => comparison(lower, node, sign, operator),
        _ => None,
    }
}

fn comparison(lower: &mut Lower<'_>, node: Syntax<'_>, sign: &str, operator: &str) -> Option<Node> {
    let is_double = sign == "[[";
    let side = |lower: &mut Lower<'_>, name: &str| {
        let side = node.child_by_field_name(name)?;
        Some(match side.kind() {
            "extglob_pattern" if is_literal(lower.text(side)) => Node::leaf(Kind::Str, lower.text(side)),
            "regex" | "extglob_pattern" => Node::leaf(Kind::Raw, lower.text(side)),
            _ => word(lower, side),
        })
    };
    let (left, right) = (side(lower, "left")?, side(lower, "right")?);
    let left = if is_double { unparted(left) } else { left };
    let is_one = [&left, &right].iter().all(|side| matches!(side.kind, Kind::Str | Kind::Text));
    let made = |operator: &str, kids: Vec<Node>| Node::new(Kind::Raw, &format!("{sign} {operator}"), kids);
    let kids = vec![left, right];
    Some(match operator {
        "==" if is_double => made("=", kids),
        "!=" if is_double || is_one => made("=", kids).negated(),
        _ => made(operator, kids),
    })
}
