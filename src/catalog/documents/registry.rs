//! Entries of registries of MCP servers. Those of a catalog of images say in `about` and `meta` what a server is, and in
//! `image` or `remote` where it is; the `server.json` of the official registry
//! (<https://static.modelcontextprotocol.io/schemas/2025-10-17/server.schema.json>) lists `packages` and `remotes`.

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

/// Whether a document is a `server.json`: its name consists of a domain and a name, and it gives the location of the
/// server.
pub(in crate::catalog) fn is_server(document: &Document<'_>) -> bool {
    let list = |key: &str| document.fields.get(key).is_some_and(Value::is_array);
    document.fields.get("name").and_then(Value::as_str).is_some_and(|name| name.contains('/'))
        && (list("packages") || list("remotes"))
}

/// Reads an entry.
///
/// # Errors
/// A [`Problem`] for a name with hidden characters.
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
    let unsupported = format!("it is an MCP server{place}; write a definition with kind = \"mcp\" that starts it");
    manifest.extra = fields.rest();
    Ok(Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, None) })
}

/// Reads a `server.json`. The part of its name after the domain is the name of the tool.
///
/// # Errors
/// A [`Problem`] for a name with hidden characters.
pub(in crate::catalog) fn read_server(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?.unwrap_or_default();
    let own = name.rsplit_once('/').map_or(name.as_str(), |(_, own)| own);
    let mut manifest = draft::blank(super::titled(document, Some(own))?, Dialect::Mcp);
    manifest.kind = Kind::Mcp;
    manifest.title = Some(fields.text("title")?.unwrap_or(name)).filter(|title| title != manifest.name.as_str());
    if let Some(version) = fields.peek("version").and_then(Value::as_str).and_then(draft::loose_version) {
        manifest.version = version;
    }
    let first = |list: &str, key: &str| {
        let entries = fields.peek(list).and_then(Value::as_array);
        entries.and_then(|entries| entries.first()).and_then(|entry| entry.get(key)).and_then(Value::as_str)
    };
    let place = match (first("packages", "identifier"), first("remotes", "url")) {
        (Some(package), _) => format!(" in the package {}", SafeText::new(package)),
        (None, Some(url)) => format!(" at {}", SafeText::new(url)),
        (None, None) => String::new(),
    };
    manifest.description = match fields.peek("description").and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => text.to_owned(),
        _ => format!("The MCP server {}{place}", manifest.name),
    };
    let unsupported = format!("it is an MCP server{place}; write a definition with kind = \"mcp\" that starts it");
    manifest.extra = fields.rest();
    Ok(Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, None) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;

    #[test]
    fn a_server_json_is_named_by_the_part_behind_the_domain() {
        let parse = |text: &str| Draft::of(&Document::parse("x/server.json", Syntax::Json, text.as_bytes()).unwrap());
        let packages = r#"{"name": "io.example.team/weather", "description": "Tells the weather", "version": "1.2.0",
            "packages": [{"registryType": "pypi", "identifier": "weather-server"}]}"#;
        let draft = parse(packages).unwrap();
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.title.as_deref()), ("weather", Some("io.example.team/weather")));
        assert_eq!((manifest.kind, manifest.version.to_string().as_str()), (Kind::Mcp, "1.2.0"));
        assert_eq!(manifest.description, "Tells the weather");
        let wanted =
            "it is an MCP server in the package weather-server; write a definition with kind = \"mcp\" that starts it";
        assert_eq!(draft.unsupported.as_deref(), Some(wanted));
        let remote = r#"{"name": "a/b", "title": "Bees", "remotes": [{"url": "https://b.example/mcp"}]}"#;
        let manifest = parse(remote).unwrap().manifest;
        assert_eq!(manifest.description, "The MCP server b at https://b.example/mcp");
        assert_eq!(manifest.title.as_deref(), Some("Bees"));
        assert!(parse(r#"{"name": "a/b\u202e", "packages": []}"#).is_err());
    }

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
            Some("it is an MCP server in the image a/alfresco; write a definition with kind = \"mcp\" that starts it")
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
