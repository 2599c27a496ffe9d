//! Writes version and origin of a new version into its manifest and its header.
//!
//! Nothing else changes: comments, order and spelling stay the same. The manifest is parsed again afterwards to verify
//! this.

mod header;
mod yaml;

pub use header::header;

/// What a script without a header gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewHeader {
    /// The marker, the date, the generator, the version and the status: a generator wrote the file.
    Complete,
    /// Only the version, because no manifest and no file name states it.
    Version,
    /// Nothing: the record of the version says who made it.
    Nothing,
}

use crate::domain::Digest;
use serde_json::{Map, Value};

/// The provenance to write into the manifest of a generated version.
#[derive(Debug, Clone, Copy)]
pub struct ManifestStamp<'a> {
    /// Version that the new manifest states.
    pub version: &'a semver::Version,
    /// The version that it was made from, with its digest.
    pub parent: &'a str,
    /// When the answer was written, RFC 3339.
    pub created_at: &'a str,
    /// The user who asked for it.
    pub created_by: &'a str,
    /// Name of the generator that wrote it.
    pub generator: &'a str,
    /// The request in one line, without line breaks.
    pub reason: &'a str,
    /// Digest of the prompt.
    pub prompt: Option<Digest>,
    /// Whether the output may have fields in addition to those declared.
    pub dynamic_schema: bool,
    /// What a script without a header gets. Unless it is complete, an existing header keeps its date and generator.
    pub new_header: NewHeader,
}

/// Keys for the output schema in manifests.
const OUTPUTS: &[&str] = &["output", "output_schema", "outputSchema", "returns", "outputs"];

impl ManifestStamp<'_> {
    fn provenance(&self) -> Vec<(&'static str, String)> {
        let prompt = self.prompt.map(|digest| ("prompt", digest.hex()));
        let fields = [
            ("created_by", self.created_by.to_owned()),
            ("generator", self.generator.to_owned()),
            ("created_at", self.created_at.to_owned()),
            ("parent", self.parent.to_owned()),
            ("reason", self.reason.to_owned()),
        ];
        fields.into_iter().filter(|(_, text)| !text.is_empty()).chain(prompt).collect()
    }
}

/// The text of a manifest with the stamp. The extension of its path determines the format.
///
/// # Errors
/// Why it cannot be written, in one line: it is not a manifest, or its form is not supported.
pub fn manifest(path: &str, text: &str, stamp: &ManifestStamp<'_>) -> Result<String, String> {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("toml") => toml(text, stamp),
        Some("json") => json(text, stamp),
        Some("yaml" | "yml") => yaml::stamped(text, stamp),
        _ => Err(format!("{path} is not a manifest")),
    }
}

fn toml(text: &str, stamp: &ManifestStamp<'_>) -> Result<String, String> {
    let mut document: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    document["version"] = toml_edit::value(stamp.version.to_string());
    let mut table = toml_edit::Table::new();
    for (key, value) in stamp.provenance() {
        table[key] = toml_edit::value(value);
    }
    document["provenance"] = toml_edit::Item::Table(table);
    if stamp.dynamic_schema {
        let output = OUTPUTS.iter().find(|key| document.get(key).is_some_and(toml_edit::Item::is_table_like));
        if let Some(output) = output.and_then(|key| document.get_mut(key)).and_then(|item| item.as_table_like_mut()) {
            output.insert("additionalProperties", toml_edit::value(true));
        }
    }
    Ok(document.to_string())
}

fn json(text: &str, stamp: &ManifestStamp<'_>) -> Result<String, String> {
    let mut value: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    write_in(value.as_object_mut().ok_or("it is not a JSON object")?, stamp);
    serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Adds the stamp to a parsed manifest, which is the expected result for every format.
fn write_in(fields: &mut Map<String, Value>, stamp: &ManifestStamp<'_>) {
    fields.insert("version".to_owned(), stamp.version.to_string().into());
    let provenance = stamp.provenance().into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    fields.insert("provenance".to_owned(), Value::Object(provenance));
    if stamp.dynamic_schema {
        let output = OUTPUTS.iter().find(|key| fields.get(**key).is_some_and(Value::is_object));
        if let Some(Value::Object(output)) = output.and_then(|key| fields.get_mut(*key)) {
            output.insert("additionalProperties".to_owned(), true.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static VERSION: semver::Version = semver::Version::new(1, 1, 0);

    fn stamp(dynamic_schema: bool) -> ManifestStamp<'static> {
        ManifestStamp {
            version: &VERSION,
            parent: "1.0.0",
            created_at: "2026-01-02T03:04:05Z",
            created_by: "Ada",
            generator: "built-in",
            reason: "say: \"why\"",
            prompt: None,
            dynamic_schema,
            new_header: NewHeader::Complete,
        }
    }

    #[test]
    fn a_toml_manifest_keeps_its_comments_and_its_order() {
        let text = "# mine\nname = \"a\"\nversion = \"1.0.0\" # now\n\n[provenance]\ncreated_by = \"Bob\"\n\n[output]\ntype = \"object\"\n";
        let made = manifest("tool.toml", text, &stamp(true)).unwrap();
        assert!(made.starts_with("# mine\nname = \"a\"\nversion = \"1.1.0\""), "{made}");
        assert!(made.contains("created_by = \"Ada\"\ngenerator = \"built-in\"\n"), "{made}");
        assert!(made.contains("[output]\ntype = \"object\"\nadditionalProperties = true\n"), "{made}");
        assert!(!manifest("tool.toml", text, &stamp(false)).unwrap().contains("additionalProperties"));
        assert!(manifest("tool.toml", "name = ", &stamp(false)).is_err());
    }

    #[test]
    fn a_yaml_manifest_changes_in_the_lines_of_the_stamp_only() {
        for (text, expected) in [
            ("# mine\nname: a\nversion: 1.0.0  # now\ntags: [x]\n", "# mine\nname: a\nversion: \"1.1.0\"\ntags: [x]\n"),
            ("name: a\r\ntags:\r\n  - x\r\n", "name: a\r\ntags:\r\n  - x\r\nversion: \"1.1.0\"\r\n"),
            ("name: a\nprovenance:\n  created_by: Bob\n\nversion: '2'\n", "name: a\nversion: \"1.1.0\"\n"),
            (
                "name: a\nversion: 1\noutput_schema:\n  type: object\n",
                "name: a\nversion: \"1.1.0\"\noutput_schema:\n  type: object\n",
            ),
        ] {
            let made = manifest("a.yaml", text, &stamp(false)).unwrap();
            assert!(made.starts_with(expected), "{made}");
            let read: Value = serde_saphyr::from_str(&made).unwrap();
            assert_eq!(read["provenance"]["reason"], "say: \"why\"");
        }
        let made = manifest("a.yaml", "name: a\noutput_schema:\n    type: object\n", &stamp(true)).unwrap();
        assert!(made.contains("output_schema:\n    additionalProperties: true\n    type: object\n"), "{made}");
        let made = manifest("a.yaml", "name: a\noutput_schema: {type: object}\n", &stamp(true)).unwrap();
        let read: Value = serde_saphyr::from_str(&made).unwrap();
        assert_eq!(read["output_schema"]["additionalProperties"], true, "{made}");
        assert!(manifest("a.yaml", "- a\n- b\n", &stamp(false)).is_err());
        assert!(manifest("a.yaml", "{name: a}\n", &stamp(false)).is_err(), "no place is found in a flow mapping");
    }

    #[test]
    fn a_json_manifest_keeps_its_order() {
        let made = manifest("a.json", "{\"version\": 1, \"name\": \"a\"}", &stamp(false)).unwrap();
        assert!(made.starts_with("{\n  \"version\": \"1.1.0\",\n  \"name\": \"a\",\n  \"provenance\": {"), "{made}");
    }
}
