//! `.tool_promotions.json`: which version of a name is used if several are at the same stage.
//!
//! Other runtimes read and write the file too, so unknown content is kept. The file never grants anything: it only
//! selects among existing versions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of the file, at the top of the workspace.
pub const PROMOTIONS_FILE: &str = ".tool_promotions.json";

/// The entry of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Promotion {
    /// The version to use.
    pub evolved_version: String,
    /// Its definition or script, relative to the workspace.
    pub evolved_file: String,
    /// The version that it replaces.
    pub original_version: String,
    /// Why this version is used, as written.
    pub reason: String,
    /// Kind of the change, as written.
    pub mutation: String,
    /// When, as RFC 3339.
    pub promoted_at: String,
}

/// The whole file, including unknown content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promotions(Map<String, Value>);

/// Why a text is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PromotionsError {
    /// The line, counted from 1; `None` if the error concerns the whole file.
    pub line: Option<u64>,
    /// The error, in one line.
    pub message: String,
}

impl Promotions {
    /// Reads the text of a file; an empty text has no entries.
    ///
    /// # Errors
    /// [`PromotionsError`] if it is not a JSON object.
    pub fn parse(text: &str) -> Result<Promotions, PromotionsError> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Ok(Promotions::default());
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(entries)) => Ok(Promotions(entries)),
            Ok(_) => Err(PromotionsError { line: Some(1), message: "it is not an object of names".to_owned() }),
            Err(error) => Err(PromotionsError {
                line: u64::try_from(error.line()).ok().filter(|line| *line > 0),
                message: format!("it is not valid JSON: {error}"),
            }),
        }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.0).unwrap_or_else(|_| "{}".to_owned());
        text.push('\n');
        text
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of a name; `None` if there is no valid one.
    pub fn get(&self, name: &str) -> Option<Promotion> {
        promotion(self.0.get(name)?)
    }

    /// Every valid entry, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Promotion)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), promotion(value)?)))
    }

    /// Sets the entry of a name; unknown fields are kept.
    pub fn set(&mut self, name: &str, promotion: &Promotion) {
        let Ok(Value::Object(fields)) = serde_json::to_value(promotion) else { return };
        match self.0.get_mut(name) {
            Some(Value::Object(known)) => known.extend(fields),
            _ => drop(self.0.insert(name.to_owned(), Value::Object(fields))),
        }
    }

    /// Removes the entry of a name; `false` if there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.shift_remove(name).is_some()
    }
}

/// An entry, also if a text is a number or absent; `None` if it names no file.
fn promotion(value: &Value) -> Option<Promotion> {
    let fields = value.as_object()?;
    let text = |key: &str| match fields.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    };
    let promotion = Promotion {
        evolved_version: text("evolved_version"),
        evolved_file: text("evolved_file"),
        original_version: text("original_version"),
        reason: text("reason"),
        mutation: text("mutation"),
        promoted_at: text("promoted_at"),
    };
    (!promotion.evolved_file.is_empty()).then_some(promotion)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: &str = r#"{
  "csv_parser": {
    "evolved_version": "1.1.0",
    "evolved_file": "tools/executable/csv_parser_v1_1_0.py",
    "original_version": "1.0.0",
    "reason": "JSONDecodeError",
    "mutation": "Support JSON and CSV",
    "promoted_at": "2025-11-16T10:00:00",
    "workflow": "w1"
  },
  "schema": 2
}
"#;

    #[test]
    fn what_others_wrote_is_read_and_comes_back_byte_by_byte() {
        let promotions = Promotions::parse(OTHERS).unwrap();
        let entry = promotions.get("csv_parser").unwrap();
        assert_eq!((&*entry.evolved_version, &*entry.mutation), ("1.1.0", "Support JSON and CSV"));
        assert_eq!(promotions.iter().count(), 1, "a number is no entry");
        assert_eq!(promotions.render(), OTHERS);
    }

    #[test]
    fn writing_one_entry_keeps_fields_and_entries_that_are_not_ours() {
        let mut promotions = Promotions::parse(OTHERS).unwrap();
        let entry = Promotion { evolved_version: "1.2.0".into(), ..promotions.get("csv_parser").unwrap() };
        promotions.set("csv_parser", &entry);
        promotions.set("other", &Promotion { evolved_file: "tools/other_v2_0_0.py".into(), ..Promotion::default() });
        let text = promotions.render();
        assert!(text.contains("\"workflow\": \"w1\"") && text.contains("\"schema\": 2"), "{text}");
        let again = Promotions::parse(&text).unwrap();
        assert_eq!(again.get("csv_parser"), Some(entry));
        assert!(promotions.remove("other") && !promotions.remove("other"));
        assert_eq!(promotions.render().replace("1.2.0", "1.1.0"), OTHERS);
    }

    #[test]
    fn a_damaged_file_says_where() {
        assert_eq!(Promotions::parse("{\n \"a\": {\n").unwrap_err().line, Some(3));
        assert!(Promotions::parse("[]").is_err());
        assert!(Promotions::parse(" \n").unwrap().is_empty());
    }
}
