//! Calls a main function that nothing calls: without it, the tool starts, does nothing and ends successfully.

use super::super::edit::line_end;
use super::super::{Edit, Fix, Patient};
use crate::code::python::imports::of_statement;
use crate::code::python::scope::PythonNames;
use crate::domain::source::{children, nodes, text};
use tree_sitter::Node;

pub(in crate::evolve::repair) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    if !patient.is_python() || !patient.is_entry() {
        return None;
    }
    let tree = patient.language?.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let root = tree.root_node();
    let names = PythonNames::of(root, patient.text);
    let [main] = names.of_module("main") else { return None };
    // Something else may call it: a decorator, or an `if __name__` block that runs another function.
    let does_more = children(root).iter().any(|node| !is_definition(*node));
    if main.kind() != "function_definition"
        || names.is_read("main")
        || names.is_open
        || does_more
        || needs_arguments(*main)
    {
        return None;
    }
    let is_async = main.child(0).is_some_and(|first| first.kind() == "async");
    let gives_code = gives_exit_code(*main, patient.text);
    if is_async && !imports(root, patient.text, "asyncio") {
        return None;
    }
    let call = if is_async { "asyncio.run(main())" } else { "main()" };
    let call = if gives_code { format!("raise SystemExit({call})") } else { call.to_owned() };
    let end = line_end(patient.text);
    let (body, at) = (patient.text.trim_end(), patient.text.len());
    // PEP 8 requires two empty lines before; some may exist already.
    let there = patient.text[body.len()..].matches('\n').count();
    let lead = end.repeat(3_usize.saturating_sub(there));
    let text = format!("{lead}if __name__ == \"__main__\":{end}    {call}{end}");
    let line = main.start_position().row + 1;
    let said = format!("call main when the file is started: it is defined in line {line} but never called");
    Some(Fix { edits: vec![Edit::insert(at, text)], said })
}

/// Whether a statement only defines, imports or assigns something.
fn is_definition(node: Node<'_>) -> bool {
    match node.kind() {
        "function_definition"
        | "class_definition"
        | "decorated_definition"
        | "import_statement"
        | "import_from_statement"
        | "future_import_statement" => true,
        "expression_statement" => children(node).iter().all(|inner| matches!(inner.kind(), "assignment" | "string")),
        // An import of an optional module.
        "try_statement" => nodes(node).any(|inner| inner.kind().starts_with("import_")),
        _ => false,
    }
}

fn needs_arguments(main: Node<'_>) -> bool {
    let parameters = main.child_by_field_name("parameters").map(children).unwrap_or_default();
    parameters.iter().any(|one| {
        !matches!(
            one.kind(),
            "default_parameter" | "typed_default_parameter" | "list_splat_pattern" | "dictionary_splat_pattern"
        )
    })
}

/// Whether main returns a number for the exit code: every returned value is one, or its annotation is `-> int`.
fn gives_exit_code(main: Node<'_>, source: &str) -> bool {
    if main.child_by_field_name("return_type").is_some_and(|kind| text(kind, source) == "int") {
        return true;
    }
    let values: Vec<Node<'_>> = nodes(main)
        .filter(|node| node.kind() == "return_statement")
        .filter_map(|node| children(node).first().copied())
        .collect();
    !values.is_empty() && values.iter().all(|value| value.kind() == "integer")
}

/// Whether the module imports another module under its own name.
fn imports(root: Node<'_>, source: &str, module: &str) -> bool {
    let statements = children(root).into_iter().flat_map(|node| of_statement(node, source));
    statements.flat_map(|import| import.bindings()).any(|(name, path)| name == module && path == module)
}
