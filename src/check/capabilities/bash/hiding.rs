//! Ways by which a shell script starts what it does not name: words made of pieces, and code that comes from elsewhere.

use super::{Call, Scanner};
use crate::check::capabilities::python::is_shell;
use crate::check::source::{children, nodes};
use crate::domain::CapabilityKind as Kind;
use tree_sitter::Node;

/// Interpreters with the options behind which code stands as a text.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("python3", &["-c"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("node", &["-e", "--eval", "-p", "--print"]),
    ("php", &["-r"]),
];

/// Commands that say where a program is: `$(command -v python3) x.py` hides nothing.
const FINDING: &[&str] = &["which", "command", "type", "realpath", "readlink"];

impl Scanner<'_, '_> {
    /// How the word that names a program hides which one it is; `None` for an ordinary word.
    ///
    /// One variable alone is an ordinary setting (`"$PYTHON" x.py`), and so is a folder before a name. Pieces that are
    /// put together to a name are not.
    pub(super) fn hides_name(&self, word: Node<'_>) -> Option<Kind> {
        let word = if word.kind() == "command_name" { word.named_child(0)? } else { word };
        let parts = match word.kind() {
            "string" | "concatenation" => flattened(word),
            _ => vec![word],
        };
        let text = |node: &Node<'_>| self.finder.text_of(*node);
        let is_variable = |node: &Node<'_>| matches!(node.kind(), "simple_expansion" | "expansion");
        if let Some(command) = parts.iter().find(|part| part.kind() == "command_substitution") {
            let finds =
                nodes(*command).filter(|node| node.kind() == "command_name").any(|name| FINDING.contains(&text(&name)));
            let is_folder = parts.iter().any(|part| text(part).starts_with('/'));
            return (!finds && !is_folder).then_some(Kind::Eval);
        }
        let is_escaped = |part: &Node<'_>| part.kind() == "ansi_c_string" && text(part).contains('\\');
        let is_reshaped = |part: &Node<'_>| {
            let inner = text(part).trim_start_matches("${").trim_end_matches('}');
            let rest = inner.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            part.kind() == "expansion"
                && (inner.starts_with('!')
                    || rest.starts_with('/')
                    || rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
        };
        // `rm$IFS-rf` is two words that look like one.
        let separates = |part: &Node<'_>| is_variable(part) && matches!(text(part), "$IFS" | "${IFS}");
        if parts.iter().any(|part| is_escaped(part) || is_reshaped(part) || separates(part)) {
            return Some(Kind::Obfuscation);
        }
        let is_path = parts.iter().any(|part| !is_variable(part) && text(part).contains('/'));
        let variables = parts.iter().filter(|part| is_variable(part)).count();
        // `python$VERSION` says what it is.
        let says = parts.first().filter(|part| !is_variable(part)).map_or(0, |part| text(part).len());
        (parts.len() > 1 && variables > 0 && !is_path && says < 3).then_some(Kind::Obfuscation)
    }

    /// Whether an interpreter is given code that is not in the script: from another command, or put together.
    pub(super) fn takes_code(&self, node: Node<'_>, call: &Call<'_>, words: &[Option<String>]) -> bool {
        let is_source = matches!(call.name.as_str(), "source" | ".");
        let interpreter = INTERPRETERS.iter().find(|(name, _)| *name == call.name);
        if !is_source && interpreter.is_none() && !is_shell(&call.name) {
            return false;
        }
        let options = interpreter.map(|(_, options)| *options).unwrap_or_default();
        let at = words.iter().position(|word| word.as_deref().is_some_and(|word| options.contains(&word)));
        if at.is_some_and(|at| words.get(at + 1).is_some_and(Option::is_none)) {
            return true;
        }
        let is_fed = node.parent().filter(|parent| parent.kind() == "redirected_statement").unwrap_or(node);
        let feeds = children(is_fed).into_iter().chain(children(node)).any(|child| {
            child.kind() == "herestring_redirect"
                && child.named_child(0).is_some_and(|text| self.whole(text, 0).is_none())
        });
        let reads_input = words.iter().flatten().all(|word| word.starts_with('-') || word == "/dev/stdin");
        let from_process = call.arguments.first().is_some_and(|word| word.kind() == "process_substitution");
        feeds && (reads_input || is_source) || from_process
    }
}

/// The pieces of a word, those in quotes among them.
fn flattened(word: Node<'_>) -> Vec<Node<'_>> {
    let parts = children(word).into_iter();
    parts
        .flat_map(|part| if matches!(part.kind(), "string" | "concatenation") { children(part) } else { vec![part] })
        .collect()
}
