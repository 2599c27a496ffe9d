//! The block in which a script declares its dependencies (PEP 723).

/// What a block says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Requirements as written.
    pub(super) dependencies: Vec<String>,
    /// Why uv must not be asked for them; `None` when it may.
    pub(super) fault: Option<&'static str>,
}

impl Block {
    /// Reads the block of a script; `None` when it has none, or one that cannot be read.
    pub(super) fn read(source: &[u8]) -> Option<Block> {
        let text = std::str::from_utf8(source).ok()?;
        let mut lines = text.lines().skip_while(|line| line.trim_end() != "# /// script");
        lines.next()?;
        let mut body = String::new();
        for line in lines {
            if line.trim_end() == "# ///" {
                return Block::parse(&body);
            }
            body.push_str(line.strip_prefix("# ").or_else(|| line.strip_prefix('#'))?);
            body.push('\n');
        }
        None
    }

    fn parse(body: &str) -> Option<Block> {
        let table: toml::Table = toml::from_str(body).ok()?;
        let listed = table.get("dependencies").and_then(toml::Value::as_array);
        let words = listed.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned));
        let dependencies: Vec<String> = words.collect();
        let uv = table.get("tool").and_then(|tool| tool.get("uv")).and_then(toml::Value::as_table);
        // Paths and repositories named by a stranger would be read, and fetched, outside of the sandbox.
        let fault = if dependencies.iter().any(|wanted| wanted.contains('@')) {
            Some("it names a package by address")
        } else if uv.is_some_and(|uv| uv.keys().any(|key| key != "exclude-newer")) {
            Some("it gives uv settings of its own")
        } else {
            None
        };
        Some(Block { dependencies, fault })
    }
}

/// Why uv must not be given a lock: it takes packages from anywhere else than a registry on the web.
pub(super) fn fault_of_lock(lock: &[u8]) -> Option<&'static str> {
    let read = std::str::from_utf8(lock).ok().and_then(|text| toml::from_str::<toml::Table>(text).ok());
    let Some(table) = read else { return Some("its lock cannot be read") };
    let packages = table.get("package").and_then(toml::Value::as_array);
    let is_of_registry = |package: &toml::Value| {
        let source = package.get("source").and_then(toml::Value::as_table);
        source.is_some_and(|source| source.iter().all(|(key, at)| key == "registry" && is_on_web(at)))
    };
    let is_fine = packages.into_iter().flatten().all(is_of_registry);
    (!is_fine).then_some("its lock names a package by address")
}

fn is_on_web(address: &toml::Value) -> bool {
    address.as_str().is_some_and(|address| address.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_may_only_name_registries_on_the_web() {
        let lock = |source: &str| format!("version = 1\n[[package]]\nname = 'six'\nsource = {{ {source} }}\n");
        assert_eq!(fault_of_lock(lock("registry = 'https://pypi.org/simple'").as_bytes()), None);
        assert_eq!(fault_of_lock(b"version = 1\n"), None);
        for source in ["path = '/tmp/six.whl'", "registry = '/tmp/wheels'", "editable = '.'", "git = 'https://x/y'"] {
            assert!(fault_of_lock(lock(source).as_bytes()).is_some(), "{source}");
        }
        assert!(fault_of_lock(b"[[package]]\nname = 'six'\n").is_some());
        assert!(fault_of_lock(b"= nothing").is_some());
    }

    #[test]
    fn a_block_is_read_as_the_standard_says() {
        let read = |text: &str| Block::read(text.as_bytes());
        let whole = "#!/usr/bin/env python3\n# /// script\n# requires-python = '>=3.9'\n# dependencies = [\n#   'six',\n\
                     #\n# ]\n# ///\nimport six\n";
        assert_eq!(read(whole), Some(Block { dependencies: vec!["six".to_owned()], fault: None }));
        assert_eq!(read("# /// script\n# dependencies = ['six']\n"), None);
        assert_eq!(read("import os\n"), None);
        let fault = |line: &str| {
            read(&format!("# /// script\n# dependencies = ['six']\n# {line}\n# ///\n")).unwrap().fault.is_some()
        };
        assert!(fault("[tool.uv.sources]\n# six = {path = '/tmp/x'}"));
        assert!(fault("tool.uv.no-build = false") && !fault("[tool.uv]\n# exclude-newer = '2025-01-01T00:00:00Z'"));
        assert!(Block::parse("dependencies = ['six @ file:///tmp/x']").unwrap().fault.is_some());
    }
}
