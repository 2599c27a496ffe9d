//! A document beside a script that declares what the script may do, and has no name: our own manifest, of which the script
//! itself says the rest.

use crate::catalog::document::Document;
use crate::catalog::draft::{Draft, script_name, stem_of};
use crate::catalog::native;
use crate::domain::{Manifest, Problem};
use serde_json::Value;

/// The tables that make a document a declaration.
const DECLARING: &[&str] = &["permissions", "limits", "state"];

/// What else it may say about the script. A document with any other key is not a declaration.
const DESCRIBING: &[&str] = &[
    "description",
    "title",
    "category",
    "cost_tier",
    "cost",
    "idempotent",
    "keywords",
    "tags",
    "use_cases",
    "capabilities",
    "aliases",
    "dependencies",
    "output",
    "examples",
    "tests",
];

/// Whether a document has no name, a table that declares something, and only words of our own manifest.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let declares = |key: &&str| document.fields.get(*key).is_some_and(Value::is_object);
    let is_known = |key: &String| DECLARING.contains(&key.as_str()) || DESCRIBING.contains(&key.as_str());
    DECLARING.iter().any(declares) && document.fields.keys().all(is_known)
}

/// Reads it as a manifest that has the name of its file.
///
/// # Errors
/// Those of our own manifest.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let stem = stem_of(document.path);
    let name = script_name(stem).map_or_else(|_| stem.to_owned(), |name| name.to_string());
    let mut fields = document.fields.clone();
    fields.insert("name".to_owned(), Value::from(name));
    let named = Document { path: document.path, text: document.text, fields };
    Ok(Draft { is_declaration: true, ..native::read(&named)? })
}

/// The draft of the script, with what its declaration says.
pub(in crate::catalog) fn applied(declared: Draft, script: Draft) -> Draft {
    let (said, mut own) = (declared.manifest, script.manifest);
    if let (Some(_), Some(recipe)) = (&said.output, own.recipe.as_mut()) {
        recipe.success.require_json = true;
    }
    let list = |said: Vec<String>, own: Vec<String>| if said.is_empty() { own } else { said };
    let is_described = !said.description.trim().is_empty();
    let manifest = Manifest {
        title: said.title.or(own.title),
        description: if is_described { said.description } else { own.description },
        category: said.category.or(own.category),
        cost_tier: said.cost_tier.or(own.cost_tier),
        idempotent: said.idempotent.or(own.idempotent),
        keywords: list(said.keywords, own.keywords),
        tags: list(said.tags, own.tags),
        use_cases: list(said.use_cases, own.use_cases),
        capabilities: list(said.capabilities, own.capabilities),
        aliases: list(said.aliases, own.aliases),
        dependencies: list(said.dependencies, own.dependencies),
        // Only one of the two can be right, and the declaration is there to be read.
        permissions: said.permissions,
        limits: said.limits,
        state: said.state.or(own.state),
        output: said.output.or(own.output),
        examples: if said.examples.is_empty() { own.examples } else { said.examples },
        tests: if said.tests.is_empty() { own.tests } else { said.tests },
        ..own
    };
    Draft { manifest, origin: declared.origin.or(script.origin), ..script }
}
