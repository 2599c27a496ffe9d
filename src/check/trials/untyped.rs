//! TypeScript on machines without a program that starts it: node gets the files without their types, so that two
//! versions can still be compared.

use crate::code::javascript::untyped::{is_module, without_types};
use crate::domain::source::text_of;
use crate::domain::{Recipe, ToolDetail, VersionFile};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const LOADER: &str = include_str!("untyped.js");

/// The prefix of the node option with the files.
const LOADED: &str = "data:text/javascript;base64,";

/// The longest option of a command, in bytes; a system allows at most 128 KiB.
const MAX_OPTION: usize = 100_000;

/// A TypeScript version that node can start; `None` if unnecessary, or if removing types is not enough.
pub(super) fn startable(version: &ToolDetail) -> Option<ToolDetail> {
    const RUNNERS: &[&str] = &["node", "nodejs", "tsx", "npx", "ts-node", "deno", "bun"];
    if version.tool.runnable {
        return None;
    }
    let recipe = version.manifest.recipe.as_ref()?;
    let entry = recipe.entry.as_deref().filter(|entry| is_typed(entry))?;
    let at = recipe.command.iter().position(|word| word == "{file}" || word == entry)?;
    let is_runner = |word: &String| RUNNERS.contains(&word.rsplit('/').next().unwrap_or_default());
    // The file itself is started by its first line.
    if at > 0 && !recipe.command.first().is_some_and(is_runner) {
        return None;
    }
    let mut sources = Map::new();
    for file in version.files.iter().filter(|file| is_typed(&file.path)) {
        let source = without_types(text_of(file)?)?;
        let format = if is_module(&source) { "module" } else { "commonjs" };
        sources.insert(file.path.clone(), json!([format, source]));
    }
    let code = LOADER.replace("SOURCES", &Value::Object(sources).to_string());
    let option = format!("{LOADED}{}", STANDARD.encode(code));
    if option.len() > MAX_OPTION {
        return None;
    }
    let command = ["node".to_owned(), "--import".to_owned(), option, "{file}".to_owned()];
    let command = command.into_iter().chain(recipe.command[at + 1..].iter().cloned()).collect();
    let mut startable = version.clone();
    startable.manifest.recipe = Some(Recipe { command, ..recipe.clone() });
    startable.tool.runnable = true;
    startable.tool.reason = None;
    Some(startable)
}

/// Whether node gets a version without its types.
pub(super) fn is_given(recipe: &Recipe) -> bool {
    recipe.command.iter().any(|word| word.starts_with(LOADED))
}

/// The text of a file as node reads it.
pub(super) fn given(file: &VersionFile, recipe: &Recipe) -> Option<String> {
    let text = text_of(file)?;
    if is_given(recipe) && is_typed(&file.path) { without_types(text) } else { Some(text.to_owned()) }
}

fn is_typed(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    matches!(ending, Some("ts" | "mts" | "cts")) && !path.ends_with(".d.ts")
}

#[cfg(test)]
mod tests {
    use super::super::executed::Traced;
    use super::super::testing::{python, start};
    use super::*;
    use crate::domain::FileMode;

    fn typed(files: &[(&str, &str)]) -> ToolDetail {
        let mut version = python("");
        version.files = files
            .iter()
            .map(|(path, text)| VersionFile { path: (*path).into(), mode: FileMode::Plain, bytes: (*text).into() })
            .collect();
        version.tool.runnable = false;
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.entry = Some("tool.ts".into());
            recipe.command = vec!["npx".into(), "tsx".into(), "{file}".into()];
        }
        version
    }

    #[test]
    fn typescript_is_started_and_traced_without_its_types() {
        let code = "import { readFileSync } from 'fs';\nimport { Limit, limit } from './limit';\ninterface In { n: number }\nconst n: \
                    number = (JSON.parse(readFileSync(0, 'utf8')) as In).n;\nif (n > limit()) {\n  console.log('big');\n} else {\n  \
                    console.log('small' as Limit);\n}\n";
        let limit = "export type Limit = string;\nexport function limit(): number {\n  return 3;\n}\n";
        let version = startable(&typed(&[("tool.ts", code), ("limit.ts", limit)])).unwrap();
        let traced = Traced::of(&version).unwrap();
        let tried = start(&traced.version, &[json!({"n": 5})]).remove(0);
        assert_eq!(String::from_utf8_lossy(&tried.stdout), "big\n", "{}", String::from_utf8_lossy(&tried.stderr));
        let lines: Vec<u64> = traced
            .lines(&tried)
            .lines
            .into_iter()
            .filter(|(path, _)| path == "tool.ts")
            .map(|(_, line)| line)
            .collect();
        assert!(lines.contains(&6) && !lines.contains(&8), "{lines:?}");
    }

    #[test]
    fn what_can_be_started_or_is_more_than_types_is_left() {
        let mut version = typed(&[("tool.ts", "let x: number = 1;")]);
        assert!(startable(&version).is_some());
        version.tool.runnable = true;
        assert!(startable(&version).is_none());
        assert!(startable(&typed(&[("tool.ts", "namespace A {}")])).is_none());
    }
}
