//! The effects of loading a Python file, apart from definitions.

use super::framework::decorator;
use super::python::{self, Block, Definition};
use super::scanner::{calls, code, inside, signs};
use crate::domain::source::Language;

const PYTHON: Language = Language::Python;

/// Methods by which a file puts together what it made itself: the call is over when the file is loaded, and starts nothing.
const WIRING: &[&str] = &[
    "append",
    "disable",
    "enable",
    "extend",
    "insert",
    "mkdir",
    "model_rebuild",
    "mount",
    "register",
    "setdefault",
    "update",
    "update_forward_refs",
];

/// A file while it is loaded.
pub(super) struct Loading<'a, 't> {
    blocks: &'a [Block<'t>],
    definitions: &'a [Definition<'t>],
    /// The names that the file gives at its top.
    own: Vec<&'t str>,
}

impl<'a, 't> Loading<'a, 't> {
    pub(super) fn of(blocks: &'a [Block<'t>], definitions: &'a [Definition<'t>]) -> Loading<'a, 't> {
        let assigned = blocks.iter().filter_map(|block| python::target(block.text));
        let own = assigned.chain(definitions.iter().map(|one| one.name)).collect();
        Loading { blocks, definitions, own }
    }

    /// The first statement with an effect. Code that runs only when the file itself is started is under its `__name__`
    /// condition.
    pub(super) fn first_step(&self) -> Option<&'a Block<'t>> {
        self.blocks.iter().find(|block| !block.text.contains("__name__") && self.starts(block))
    }

    /// The first of these statements that does something.
    pub(super) fn does_something<'b>(&self, blocks: &'b [Block<'t>]) -> Option<&'b Block<'t>> {
        blocks.iter().find(|block| self.is_step(block) || starts_one(block, self.definitions))
    }

    /// Whether a statement other than a definition has an effect.
    pub(super) fn starts(&self, block: &Block<'t>) -> bool {
        !block.is_definition() && (self.is_step(block) || starts_one(block, self.definitions))
    }

    fn is_step(&self, block: &Block<'_>) -> bool {
        if !block.is_step() || self.only_wires(block.text) {
            return false;
        }
        // Of what is tried, and of what depends on something, the statements in it count.
        let is_compound = block.text.starts_with("try") || block.text.starts_with("if ");
        let colon = signs(block.text, PYTHON).find(|sign| is_compound && sign.depth == 0 && sign.byte == b':');
        colon.is_none_or(|colon| python::blocks(&block.text[colon.at + 1..]).iter().any(|inner| self.is_step(inner)))
    }

    /// Whether a statement is one call of a method that only wires, of something that the file made.
    fn only_wires(&self, statement: &str) -> bool {
        let statement = code(statement, PYTHON);
        let Some(open) = statement.find('(') else { return false };
        let Some((receiver, method)) = statement[..open].rsplit_once('.') else { return false };
        let is_own = receiver.split('.').next().is_some_and(|root| self.own.contains(&root));
        let is_one_call =
            inside(statement, open, PYTHON).is_some_and(|inner| open + inner.len() + 2 == statement.len());
        is_own && is_one_call && WIRING.contains(&method.trim())
    }
}

/// The line of a place in a text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Whether a statement after the definitions stores the result of one of them: `result = main()`, `x = Thing().run()`.
fn starts_one(block: &Block<'_>, definitions: &[Definition<'_>]) -> bool {
    // Text about a call does not count.
    let is_code = |at: usize| signs(block.text, PYTHON).any(|sign| sign.at == at);
    definitions.iter().any(|one| {
        block.text.contains(one.name)
            && !makes(block, one)
            && (!one.is_class || block.text.contains(")."))
            && calls(block.text, one.name, PYTHON).any(|(at, _)| is_code(at))
    })
}

/// Whether a statement only stores the object that a function creates, judging by its name: `app = create_server()`,
/// `settings = load_settings()`; or an object that is built from it: `mcp = FastMCP("x", auth=own_auth())`.
fn makes(block: &Block<'_>, one: &Definition<'_>) -> bool {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| one.name.starts_with(begin));
    let Some((_, value)) = block.text.split_once('=') else { return false };
    let value = value.trim();
    if block.text.contains(").") {
        return false;
    }
    let called = value.split('(').next().unwrap_or_default();
    let class = called.rsplit('.').next().unwrap_or_default();
    let is_object = called.len() < value.len() && class.starts_with(char::is_uppercase) && value.ends_with(')');
    let Some(rest) = value.strip_prefix(one.name).filter(|rest| rest.starts_with('(')) else {
        return is_object && decorator(one).is_none();
    };
    begins(&["create_", "make_", "build_", "init_", "setup_", "configure_"])
        || begins(&["get_", "load_", "read_"]) && rest == "()" && decorator(one).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line that does something first.
    fn first(text: &str) -> Option<usize> {
        let blocks = python::blocks(text);
        let definitions = python::definitions(&blocks);
        Loading::of(&blocks, &definitions).first_step().map(|step| line_of(text, step.at))
    }

    #[test]
    fn putting_together_what_a_file_made_is_no_work() {
        for text in [
            "app = FastMCP('x')\nother = FastMCP('y')\napp.mount(other)\n",
            "a = Agent()\nb = Agent()\na.handoffs.append(\n    b\n)  # back\n",
            "class A(BaseModel): pass\ntry:\n    A.model_rebuild()\nexcept (ImportError, TypeError):\n    pass\n",
            "server = FastMCP('x')\nserver.disable(tags={'a'})\n",
            "PLACE: Path = Path('x')\nPLACE.mkdir(parents=True)\n",
            "set_tracing_disabled(disabled=True)\n",
            "if __package__ is None:\n    sys.path.insert(0, 'x')\n",
            "def main(): pass\nif __name__ == '__main__':\n    main()\n",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn work_is_told_by_its_line() {
        for (text, line) in [
            ("import x\n\nx.items.append(1)\n", 3),
            ("a = []\na.append(1).run()\n", 2),
            ("a = Agent()\na.run('x')\n", 2),
            ("def f(): pass\n\nf()\n", 3),
            ("try:\n    agent.run('x')\nexcept ValueError:\n    pass\n", 1),
            ("KEY = ''\nif not KEY:\n    raise ValueError('no key')\n", 2),
        ] {
            assert_eq!(first(text), Some(line), "{text}");
        }
    }
}
