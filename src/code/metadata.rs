//! The block in which a script declares its requirements (PEP 723): its position and content.
//!
//! A block begins with `# /// script`, ends with the last `# ///` of the comments right below, and contains TOML after
//! the number signs. Python ignores it; uv reads it.

use toml::{Table, Value};

/// The block of a script.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptBlock<'s> {
    /// The lines between its marks: the byte offset and the text of each line, without its line end.
    pub lines: Vec<(usize, &'s str)>,
    /// Its content.
    pub table: Table,
}

impl<'s> ScriptBlock<'s> {
    /// The first block of a script; `None` if there is none, or it is not TOML.
    pub fn of(source: &'s str) -> Option<ScriptBlock<'s>> {
        let mut at = 0;
        let mut all = source.split_inclusive('\n').map(|line| {
            let begin = at;
            at += line.len();
            (begin, line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r'))
        });
        all.by_ref().find(|(_, line)| *line == "# /// script")?;
        let mut lines: Vec<(usize, &str)> =
            all.take_while(|(_, line)| *line == "#" || line.starts_with("# ")).collect();
        let end = lines.iter().rposition(|(_, line)| *line == "# ///")?;
        lines.truncate(end);
        let body: Vec<&str> = lines.iter().map(|(_, line)| line.get(2..).unwrap_or_default()).collect();
        let table = toml::from_str(&body.join("\n")).ok()?;
        Some(ScriptBlock { lines, table })
    }

    /// The requirements that it lists, as written.
    pub fn dependencies(&self) -> Vec<String> {
        let list = self.table.get("dependencies").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// The text value of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_where_the_standard_says() {
        let whole =
            "#!/usr/bin/env python3\r\n# /// script\r\n# dependencies = [\r\n#   'six',\r\n#\r\n# ]\r\n# ///\r\nx\r\n";
        let block = ScriptBlock::of(whole).unwrap();
        assert_eq!(block.dependencies(), ["six"]);
        assert!(whole[block.lines[0].0..].starts_with("# dependencies = ["), "{:?}", block.lines);
        assert_eq!(
            ScriptBlock::of("# /// script\n# requires-python = '>=3.9'\n# ///").unwrap().text("requires-python"),
            Some(">=3.9")
        );
        // The last mark of the comments ends the block; a mark after other lines does not.
        let twice = "# /// script\n# dependencies = ['a']\n# x = '''\n# ///\n# '''\n# ///\n#\nimport a\n# ///\n";
        assert_eq!(ScriptBlock::of(twice).unwrap().dependencies(), ["a"]);
        for other in [
            "# /// script\n# dependencies = ['six']\n",
            "# /// script\n# dependencies = ['six']\nimport six\n# ///\n",
            "# /// script\n#dependencies = ['six']\n# ///\n",
            "# /// script\n# dependencies = ['six'\n# ///\n",
            " # /// script\n# dependencies = ['six']\n# ///\n",
            "# /// other\n# dependencies = ['six']\n# ///\n",
            "import os\n",
        ] {
            assert_eq!(ScriptBlock::of(other), None, "{other}");
        }
    }
}
