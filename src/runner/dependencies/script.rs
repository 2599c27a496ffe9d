//! What the block of a script (PEP 723) requests from uv, and whether uv may be asked for it.

use crate::code::metadata::ScriptBlock;
use toml::{Table, Value};

/// The content of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::runner) struct ScriptMetadata {
    pub(in crate::runner) dependencies: Vec<String>,
    /// The required versions of Python, as written.
    requires_python: Option<String>,
    /// Only packages up to this date are allowed.
    exclude_newer: Option<String>,
    /// Why uv must not be asked for them; `None` if it may.
    pub(in crate::runner) fault: Option<&'static str>,
}

impl ScriptMetadata {
    /// Reads the block of a script; `None` if there is none, or it cannot be read.
    pub(in crate::runner) fn read(source: &[u8]) -> Option<ScriptMetadata> {
        let block = ScriptBlock::of(std::str::from_utf8(source).ok()?)?;
        let dependencies = block.dependencies();
        let table = &block.table;
        let uv = table.get("tool").and_then(|tool| tool.get("uv")).and_then(Value::as_table);
        // Otherwise, paths and repositories chosen by a stranger would be read and fetched.
        let fault = if dependencies.iter().any(|wanted| wanted.contains(['@', '/', '\\', ':'])) {
            Some("it names a package by address")
        } else if uv.is_some_and(|uv| uv.keys().any(|key| key != "exclude-newer")) {
            Some("it contains settings for uv")
        } else {
            None
        };
        let exclude_newer = uv.and_then(|uv| uv.get("exclude-newer")).and_then(Value::as_str).map(str::to_owned);
        let requires_python = block.text("requires-python").map(str::to_owned);
        Some(ScriptMetadata { dependencies, requires_python, exclude_newer, fault })
    }

    /// A script with only this block, for uv. It is newly written, so that uv reads only the parsed content.
    pub(in crate::runner) fn script(&self) -> String {
        let mut table = Table::new();
        if let Some(python) = &self.requires_python {
            table.insert("requires-python".to_owned(), Value::from(python.as_str()));
        }
        table.insert("dependencies".to_owned(), Value::from(self.dependencies.clone()));
        if let Some(newest) = &self.exclude_newer {
            let uv = Table::from_iter([("exclude-newer".to_owned(), Value::from(newest.as_str()))]);
            let tool = Table::from_iter([("uv".to_owned(), Value::from(uv))]);
            table.insert("tool".to_owned(), Value::from(tool));
        }
        let body = toml::to_string(&table).unwrap_or_default();
        let mut script = "# /// script\n".to_owned();
        for line in body.lines() {
            script.extend(["# ", line, "\n"]);
        }
        script + "# ///\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_is_asked_for_packages_by_name_only() {
        let read = |text: &str| ScriptMetadata::read(text.as_bytes());
        let whole = "#!/usr/bin/env python3\n# /// script\n# requires-python = '>=3.9'\n# dependencies = [\n#   'six',\n\
                     #\n# ]\n# ///\nimport six\n";
        let block = read(whole).unwrap();
        assert_eq!((&block.dependencies, block.fault), (&vec!["six".to_owned()], None));
        assert_eq!(read("# /// script\n# dependencies = ['six']\n"), None);
        assert_eq!(read("import os\n"), None);
        let fault = |line: &str| {
            read(&format!("# /// script\n# dependencies = ['six']\n# {line}\n# ///\n")).unwrap().fault.is_some()
        };
        assert!(fault("[tool.uv.sources]\n# six = {path = '/tmp/x'}"));
        assert!(fault("tool.uv.no-build = false") && !fault("[tool.uv]\n# exclude-newer = '2025-01-01T00:00:00Z'"));
        for address in ["six @ file:///tmp/x", "six@https://example.org/x.whl", "./six", "file:six"] {
            let block = read(&format!("# /// script\n# dependencies = ['{address}']\n# ///\n")).unwrap();
            assert!(block.fault.is_some(), "{address}");
        }
    }

    #[test]
    fn uv_is_given_a_script_with_the_block_alone() {
        let source = "import os\n# /// script\n# requires-python = '>=3.9'\n# dependencies = ['six', \"x>1 ; os_name != \
                      'nt'\"]\n# other = 1\n# [tool.uv]\n# exclude-newer = '2026-01-01T00:00:00Z'\n# ///\nimport six\n";
        let block = ScriptMetadata::read(source.as_bytes()).unwrap();
        let script = block.script();
        assert_eq!(ScriptMetadata::read(script.as_bytes()), Some(block));
        assert!(script.lines().all(|line| line.starts_with("# ")) && !script.contains("other"), "{script}");
    }
}
