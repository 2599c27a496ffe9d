//! `bashly.yml`: the definition from which bashly generates a script. The script is started, and the definition
//! describes its input.

use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::fields::TableFields;
use crate::catalog::scripts;
use crate::domain::{Dialect, Problem};
use serde_json::Value;

/// Keys with which another format defines a start.
const OTHERS: &[&str] = &["run", "kind", "type", "command", "executable", "execution", "parameters", "input_schema"];

/// Whether a document is such a definition: by its name, or by a help text and lists of what a command line has.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    let has_list = |key: &str| {
        let items = fields.get(key).and_then(Value::as_array);
        items.is_some_and(|items| {
            items.iter().any(|item| ["name", "long", "short"].iter().any(|key| item.get(key).is_some()))
        })
    };
    let has_lists = ["commands", "flags", "args"].into_iter().any(has_list);
    let text = |key: &str| fields.get(key).is_some_and(Value::is_string);
    let is_named = draft::stem_of(document.path) == "bashly";
    text("name") && (is_named || has_lists && text("help")) && !OTHERS.iter().any(|key| fields.contains_key(*key))
}

/// Reads a definition.
///
/// # Errors
/// A [`Problem`] for a name with hidden characters.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let mut manifest = draft::blank(super::titled(document, name.as_deref())?, Dialect::Other);
    scripts::bashly(&document.fields).apply(&mut manifest);
    manifest.extra = fields.rest();
    let unsupported = "bashly makes a script of it: run bashly generate, and start the script".to_owned();
    Ok(Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, None) })
}
