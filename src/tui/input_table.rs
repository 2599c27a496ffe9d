//! The inputs of a tool as a table: name, type, whether it is required, default, description.

use crate::tui::phrase::{cut, pad, safe};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// The width from which on names, types and defaults get their full columns.
const WIDE: usize = 70;
/// The maximum widths of names, types and defaults, for a narrow and a wide table.
const MOST: [[usize; 3]; 2] = [[16, 10, 8], [24, 16, 16]];
/// The space between two columns.
const GAP: &str = "  ";
/// The column headings.
const HEADS: [&str; 5] = ["input", "type", "required", "default", "description"];

/// One input of a tool, safe to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow {
    /// Its name.
    pub name: String,
    /// The accepted values, in one or two words.
    pub kind: String,
    /// Whether a run needs it.
    pub required: bool,
    /// The default value; empty if there is none.
    pub default: String,
    /// Its meaning, in one line.
    pub about: String,
}

/// The inputs that a schema declares, required ones first; `None` if it does not describe an object.
pub fn inputs(schema: &Value) -> Option<Vec<InputRow>> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    let mut rows: Vec<InputRow> = properties
        .iter()
        .map(|(name, property)| InputRow {
            name: safe(name),
            kind: safe(&kind_of(property)),
            required: required.contains(&name.as_str()),
            default: property.get("default").map(|value| safe(&plain(value))).unwrap_or_default(),
            about: property.get("description").map(|text| safe(&one_line(&plain(text)))).unwrap_or_default(),
        })
        .collect();
    rows.sort_by_key(|row| !row.required);
    Some(rows)
}

/// The table in lines of this width: the headings, then one line for each input.
pub fn lines(rows: &[InputRow], width: usize) -> Vec<String> {
    let [name, kind, default] = MOST[usize::from(width >= WIDE)];
    let has_default = rows.iter().any(|row| !row.default.is_empty());
    let widest = |head: usize, of: fn(&InputRow) -> &str| {
        rows.iter().map(|row| of(row).width()).chain([HEADS[head].len()]).max().unwrap_or_default()
    };
    let widths = [
        widest(0, |row| &row.name).min(name),
        widest(1, |row| &row.kind).min(kind),
        HEADS[2].len(),
        if has_default { widest(3, |row| &row.default).min(default) } else { 0 },
    ];
    let line = |cells: [&str; 5]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| *width > 0) {
            text.push_str(&pad(cell, width));
            text.push_str(GAP);
        }
        text.push_str(cells[4]);
        cut(text.trim_end(), width)
    };
    let row = |row: &InputRow| {
        let required = if row.required { "yes" } else { "no" };
        line([&row.name, &row.kind, required, &row.default, &row.about])
    };
    std::iter::once(line(HEADS)).chain(rows.iter().map(row)).collect()
}

/// The accepted values of a property: `text`, `number`, `a or b`, `list of text`.
fn kind_of(property: &Value) -> String {
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        return words.iter().map(plain).collect::<Vec<_>>().join("|");
    }
    match property.get("type") {
        Some(Value::String(kind)) if kind == "array" => match property.get("items") {
            Some(items) if items.get("type").is_some() => format!("list of {}", kind_of(items)),
            _ => "list".to_owned(),
        },
        Some(Value::Array(kinds)) => kinds.iter().map(plain).collect::<Vec<_>>().join("|"),
        Some(kind) => plain(kind),
        None => "any".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_a_table_with_the_required_inputs_first() {
        let schema = json!({
            "properties": {
                "limit": {"type": "integer", "default": 10, "description": "at most this many"},
                "mode": {"enum": ["fast", "exact"]},
                "path": {"type": "string", "description": "the file\nto read"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "x\u{202e}y": {"type": ["string", "null"]},
            },
            "required": ["path"],
        });
        let table = lines(&inputs(&schema).unwrap(), 80);
        let expected = [
            "input       type            required  default  description",
            "path        string          yes                the file to read",
            "limit       integer         no        10       at most this many",
            "mode        fast|exact      no",
            "tags        list of string  no",
            "x\\u{202e}y  string|null     no",
        ];
        assert_eq!(table, expected);
        assert!(lines(&inputs(&schema).unwrap(), 40).iter().all(|line| line.width() <= 40));
        assert_eq!(inputs(&json!({"type": "string"})), None);
    }
}
