//! Undefined names in Python code, and the imports that an older version lacks.

use super::VersionTexts;
use crate::code::python::imports::{PythonImport, PythonTaken, imports};
use crate::code::python::scope::PythonNames;
use crate::domain::source::{Language, text};
use crate::domain::standard::PYTHON_BUILTINS;
use std::collections::{BTreeMap, BTreeSet};

/// Names under which a package is usually imported.
const CUSTOMARY: &[(&str, &str)] =
    &[("np", "numpy"), ("pd", "pandas"), ("plt", "matplotlib.pyplot"), ("tk", "tkinter")];

/// Names that the code reads and does not define, each with its first line. Empty if names may come from elsewhere, or
/// if their absence is expected.
fn undefined(path: &str, source: &str) -> BTreeMap<String, usize> {
    let parsed = Language::of(path, source).filter(|language| *language == Language::Python);
    let Some(tree) = parsed.and_then(|language| language.parse(source)) else { return BTreeMap::new() };
    let names = PythonNames::of(tree.root_node(), source);
    if names.takes_names || names.is_partial || tree.root_node().has_error() || source.contains("NameError") {
        return BTreeMap::new();
    }
    let unbound = names.unbound().into_iter().filter(|(name, _)| !PYTHON_BUILTINS.contains(name));
    unbound
        .filter(|(name, _)| !(name.starts_with("__") && name.ends_with("__")))
        .map(|(name, uses)| (name.to_owned(), uses.first().map_or(1, |node| node.start_position().row + 1)))
        .collect()
}

/// Names that the loaded files of both versions read and neither defines: `move (line 12)`.
pub(super) fn still_undefined(texts: &VersionTexts<'_>) -> Vec<String> {
    let loaded = texts.loaded();
    let mut found = Vec::new();
    for (path, after) in texts.after.iter().filter(|(path, _)| loaded.contains(path.as_str())) {
        let before = texts.before.get(path).map(|before| undefined(path, before)).unwrap_or_default();
        let both = undefined(path, after).into_iter().filter(|(name, _)| before.contains_key(name));
        found.extend(both.map(|(name, line)| format!("{name} (line {line})")));
    }
    found
}

/// An older text with the imports that it lacks and a newer text has, for names that it reads but does not define. This
/// shows its intended behaviour. `None` if it lacks none.
pub fn with_missing_imports(path: &str, old: &str, new: &str) -> Option<String> {
    let language = Language::of(path, old).filter(|language| *language == Language::Python)?;
    let (old_tree, new_tree) = (language.parse(old)?, language.parse(new)?);
    let names = PythonNames::of(old_tree.root_node(), old);
    let unbound: BTreeSet<&str> = names.unbound().into_keys().filter(|name| !PYTHON_BUILTINS.contains(name)).collect();
    let is_missing = |import: &PythonImport<'_, '_>| {
        let is_under_its_name = match &import.taken {
            PythonTaken::Module { binds, is_alias: true } => CUSTOMARY.contains(&(*binds, import.module.as_str())),
            PythonTaken::Module { is_alias: false, .. } => true,
            PythonTaken::Names(taken) => taken.iter().all(|name| name.name == name.binds),
            PythonTaken::Everything => false,
        };
        let bound = import.bindings();
        is_under_its_name && !bound.is_empty() && bound.iter().all(|(name, _)| unbound.contains(name))
    };
    let mut statements: Vec<&str> = Vec::new();
    for (import, _) in imports(new_tree.root_node(), new) {
        let line = text(import.statement, new);
        let same: Vec<PythonImport<'_, '_>> = crate::code::python::imports::of_statement(import.statement, new);
        if same.iter().all(is_missing) && !line.contains('\n') && !statements.contains(&line) {
            statements.push(line);
        }
    }
    // Appended at the end, so that the first line stays first. An import at module level applies to all functions.
    (!statements.is_empty()).then(|| format!("{}\n{}\n", old.trim_end(), statements.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_imports_of_names_that_are_read_and_undefined_are_missing() {
        let old = "def main():\n    os.makedirs('out')\n    say('x')\n    print(np.zeros(3))\n";
        let with = |imports: &str| with_missing_imports("a.py", old, &format!("{imports}\n{old}"));
        assert_eq!(with("import os").unwrap(), format!("{old}import os\n"));
        assert!(with("import os, numpy as np").is_none_or(|text| text.ends_with("import os, numpy as np\n")));
        assert_eq!(with("from os import system as print"), None, "it is defined: a builtin");
        assert_eq!(with("from os import system as say"), None, "another name");
        assert_eq!(with("import subprocess"), None, "the old code does not read it");
        assert_eq!(with("from os import *"), None);
        assert_eq!(with_missing_imports("a.sh", "echo", "import os"), None);
    }

    #[test]
    fn what_neither_version_defines_is_still_undefined() {
        let files = |text: &str| BTreeMap::from([("a.py".to_owned(), text.to_owned())]);
        let still = |before: &str, after: &str| {
            let (before, after) = (files(before), files(after));
            still_undefined(&VersionTexts { before: &before, after: &after, entry: Some("a.py"), manifest: None })
        };
        let old = "print(sys.argv)\nmove('a', 'b')\nprint(__file__)\n";
        assert_eq!(still(old, &format!("import sys\n{old}")), ["move (line 3)"]);
        assert!(still(old, &format!("import sys\nfrom shutil import move\n{old}")).is_empty());
        assert!(still("from x import *\nmove(1)\n", "from x import *\nmove(2)\n").is_empty());
    }
}
