//! A schema in words: the input and output of a tool.

use crate::cli::print_text::{Align, Ink, Page, StyledLine, Table};
use serde_json::Value;
use std::io;

/// Writes the properties of an object schema, one per line.
pub(super) fn write_schema(page: &mut Page<'_>, title: &str, schema: Option<&Value>) -> io::Result<()> {
    page.heading(title)?;
    let Some(schema) = schema else {
        return page.line(&StyledLine::new().put(Ink::Dim, "  not stated"));
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty()) else {
        return page.line(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, type_words(schema)));
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = Table::new(&["", "name", "type", "", "description"].map(|head| (head, Align::Left)));
    for (name, property) in properties {
        let need = match property.get("default") {
            Some(default) => format!("default {default}"),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        table.row([
            (Ink::Plain, String::new()),
            (Ink::Strong, name.clone()),
            (Ink::Plain, type_words(property)),
            (Ink::Dim, need),
            (Ink::Dim, description.to_owned()),
        ]);
    }
    page.table(&table)
}

/// The values that a schema allows, in a few words.
pub(super) fn type_words(schema: &Value) -> String {
    let list = |values: &[Value], joint: &str| {
        let words = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        words.collect::<Vec<_>>().join(joint)
    };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return format!("one of {}", list(values, ", "));
    }
    match schema.get("type") {
        Some(Value::String(word)) if word == "array" => match schema.get("items") {
            Some(items) if items.is_object() => format!("list of {}", type_words(items)),
            _ => "list".to_owned(),
        },
        Some(Value::String(word)) => word.clone(),
        Some(Value::Array(words)) => list(words, " or "),
        _ => "anything".to_owned(),
    }
}
