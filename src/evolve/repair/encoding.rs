//! Adds the encoding to calls that open text files in Python, if a failure shows that the default of the machine is
//! wrong.

use super::{Edit, Fix, Patient};
use crate::code::python::scope::PythonNames;
use crate::domain::count;
use crate::domain::source::{children, nodes, text};
use tree_sitter::Node;

/// The mode in which a file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenMode {
    Read,
    Write,
}

pub(super) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    let decodes = shows(patient, "UnicodeDecodeError");
    let encodes = shows(patient, "UnicodeEncodeError");
    if !patient.is_python() || !decodes && !encodes {
        return None;
    }
    let tree = patient.language?.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let names = PythonNames::of(tree.root_node(), patient.text);
    let calls = nodes(tree.root_node()).filter(|node| node.kind() == "call");
    let edits: Vec<Edit> = calls
        .filter_map(|call| {
            let (uses, edit) = opened(call, patient.text, &names)?;
            (uses == OpenMode::Read && decodes || uses == OpenMode::Write && encodes).then_some(edit)
        })
        .collect();
    let what = count(edits.len(), "call");
    let said =
        format!("add encoding=\"utf-8\" to {what} that open text: the failure shows that another encoding was used");
    (!edits.is_empty()).then_some(Fix { edits, said })
}

/// Whether a failure names a wrong encoding. UTF-8 is left out, because adding it again would not help.
fn shows(patient: &Patient<'_>, error: &str) -> bool {
    patient.failure_lines().any(|line| {
        line.contains(error)
            && ["'ascii'", "'charmap'", "'latin-1'", "'gbk'", "'cp"].iter().any(|codec| line.contains(codec))
    })
}

/// A call that opens text without an encoding, and the argument to add.
fn opened(call: Node<'_>, source: &str, names: &PythonNames<'_>) -> Option<(OpenMode, Edit)> {
    let function = call.child_by_field_name("function")?;
    let arguments = call.child_by_field_name("arguments").filter(|node| node.kind() == "argument_list")?;
    let given = children(arguments);
    let keyword = |name: &str| {
        given.iter().find(|one| {
            one.kind() == "keyword_argument"
                && one.child_by_field_name("name").is_some_and(|node| text(node, source) == name)
        })
    };
    let positional = given.iter().filter(|one| one.kind() != "keyword_argument").count();
    if keyword("encoding").is_some() || given.iter().any(|one| matches!(one.kind(), "list_splat" | "dictionary_splat"))
    {
        return None;
    }
    let add = |first: bool| {
        let at = given.last().map_or(arguments.start_byte() + 1, Node::end_byte);
        Edit::insert(at, if first { "encoding=\"utf-8\"" } else { ", encoding=\"utf-8\"" })
    };
    match function.kind() {
        "identifier"
            if text(function, source) == "open" && !names.is_bound(function) && (1..=2).contains(&positional) =>
        {
            let mode = keyword("mode").and_then(|one| one.child_by_field_name("value"));
            let mode = mode.or_else(|| given.iter().filter(|one| one.kind() != "keyword_argument").nth(1).copied());
            let mode = match mode {
                None => "r",
                Some(node) if node.kind() == "string" => text(node, source).trim_matches(['"', '\'']),
                Some(_) => return None,
            };
            let uses = if mode.contains(['w', 'a', 'x']) { OpenMode::Write } else { OpenMode::Read };
            (!mode.contains('b') && mode.chars().all(|c| "rwaxt+".contains(c))).then(|| (uses, add(false)))
        }
        "attribute" => {
            let name = text(function.child_by_field_name("attribute")?, source);
            match (name, given.len()) {
                ("read_text", 0) => Some((OpenMode::Read, add(true))),
                ("write_text", 1) if positional == 1 => Some((OpenMode::Write, add(false))),
                _ => None,
            }
        }
        _ => None,
    }
}
