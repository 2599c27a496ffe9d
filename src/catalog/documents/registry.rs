//! Entries of a registry of MCP servers: `about` and `meta` say what a server is, `image` or `remote` where it is.

use super::text;
use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::fields::TableFields;
use crate::domain::{Category, Dialect, Kind, Problem, SafeText};
use serde_json::Value;

/// Whether a document is such an entry.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let table = |key: &str| document.fields.get(key).is_some_and(Value::is_object);
    let is_place = ["image", "remote", "source", "run", "config"].iter().any(|key| document.fields.contains_key(*key));
    document.fields.get("name").is_some_and(Value::is_string) && table("about") && (table("meta") || is_place)
}

/// Reads an entry.
///
/// # Errors
/// A [`Problem`] for a name with characters that nobody sees.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let mut manifest = draft::blank(super::titled(document, name.as_deref())?, Dialect::Mcp);
    manifest.kind = Kind::Mcp;
    let nothing = Value::Null;
    let [about, meta, remote] = ["about", "meta", "remote"].map(|key| fields.peek(key).unwrap_or(&nothing));
    let title = text(about, "title");
    if !title.is_empty() && title != manifest.name.as_str() {
        manifest.title = Some(title.to_owned());
    }
    let image = fields.peek("image").and_then(Value::as_str).unwrap_or_default();
    let place = match text(remote, "url") {
        "" if image.is_empty() => String::new(),
        "" => format!(" in the image {}", SafeText::new(image)),
        url => format!(" at {}", SafeText::new(url)),
    };
    manifest.description = match text(about, "description") {
        "" if title.is_empty() => format!("The MCP server {}{place}", manifest.name),
        "" => format!("The MCP server {title}{place}"),
        text => text.to_owned(),
    };
    manifest.category = Some(text(meta, "category")).filter(|word| !word.is_empty()).map(Category::new);
    let tags = meta.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tags = tags.filter_map(|tag| tag.as_str().map(str::to_owned));
    manifest.tags = tags.take(crate::catalog::limits::LIST_ITEMS).collect();
    let unsupported = format!("it is an MCP server{place}; MCP servers are not started yet");
    manifest.extra = fields.rest();
    Ok(Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, None) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;

    fn parse(text: &str) -> Draft {
        Draft::of(&Document::parse("x/server.yaml", Syntax::Yaml, text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn an_entry_is_described_and_says_why_it_does_not_run() {
        let draft = parse(
            "name: alfresco\nimage: a/alfresco\ntype: server\nmeta:\n  category: productivity\n  tags: [documents, 7]\n\
             about:\n  title: Alfresco\n  description: Tools for documents\nrun:\n  command: [x]\nconfig:\n  env: []\n",
        );
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.title.as_deref()), ("alfresco", Some("Alfresco")));
        assert_eq!((manifest.kind, manifest.description.as_str()), (Kind::Mcp, "Tools for documents"));
        assert_eq!(
            (manifest.category, manifest.tags),
            (Some(Category::new("productivity")), vec!["documents".to_owned()])
        );
        assert_eq!(
            draft.unsupported.as_deref(),
            Some("it is an MCP server in the image a/alfresco; MCP servers are not started yet")
        );
        assert!(manifest.extra.contains_key("config") && manifest.recipe.is_none());
    }

    #[test]
    fn an_entry_without_a_description_says_where_the_server_is() {
        let draft =
            parse("name: x\ntype: remote\nmeta: {}\nabout: {title: X Y}\nremote: {url: 'https://x.example/mcp'}\n");
        assert_eq!(draft.manifest.description, "The MCP server X Y at https://x.example/mcp");
    }
}
