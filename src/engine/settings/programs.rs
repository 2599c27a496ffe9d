//! The setting `[programs]`: the path of each program, for every run and every caller.

use super::file::File;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::DeValue;

impl File<'_> {
    /// Reads names and absolute paths.
    pub(in crate::engine) fn programs(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        user_home: Option<&Path>,
    ) -> BTreeMap<String, PathBuf> {
        let mut programs = BTreeMap::new();
        for (key, value) in self.table(value, "programs") {
            let (name, at) = (key.get_ref().as_ref(), value.span().start);
            let text = value.get_ref().as_str().unwrap_or_default();
            let Some(path) = self.expand(at, text, user_home) else { continue };
            if path.is_absolute() && path.file_name().is_some_and(|file| file == name) {
                programs.insert(name.to_owned(), path);
            } else {
                let hint = format!("write the absolute path of a file named {name}, for example \"/opt/bin/{name}\"");
                self.bad(at, format!("programs.{name} is not a path to {name}"), hint);
            }
        }
        programs
    }
}
