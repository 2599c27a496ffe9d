//! Python files that define a web service: `app = FastAPI(…)`, and functions below `@app.get("/x")`.

use super::python::{self, Block};
use super::scanner::{arguments, is_word};
use super::{Declared, ScriptText, literal, words_of_names};
use crate::catalog::description;
use crate::domain::source::Language;

const PYTHON: Language = Language::Python;

/// Methods of a service by which a function answers requests.
const ROUTES: &[&str] =
    &["get", "post", "put", "delete", "patch", "head", "options", "route", "websocket", "api_route"];

/// Functions that start a service when they are called.
const STARTING: &[&str] = &["main", "run", "serve", "start"];

/// The name that a line attaches a function to: `@app.get("/x")`.
fn route(line: &str) -> Option<&str> {
    let (name, call) = line.strip_prefix('@')?.split_once('.')?;
    let (method, path) = call.split_once('(')?;
    let is_path = path.trim_start().starts_with(['"', '\'', 'f', ')']) || path.trim().is_empty();
    (is_word(name) && ROUTES.contains(&method) && is_path).then_some(name)
}

/// The call that makes what a name stands for: `app = FastAPI(title="x")`.
fn maker<'t>(block: &Block<'t>, name: &str) -> Option<&'t str> {
    let (target, value) = block.text.split_once('=')?;
    let is_it = target.split(':').next()?.trim() == name;
    let (class, rest) = value.trim().split_once('(')?;
    let class = class.rsplit('.').next()?;
    let inner = rest.trim_end().strip_suffix(')')?;
    (is_it && is_word(class) && class.starts_with(char::is_uppercase)).then_some(inner)
}

/// What a service says of itself where it is made; empty where it says nothing. `None` for a file that defines none.
fn about(text: &str, blocks: &[Block<'_>]) -> Option<String> {
    let name = text.lines().find_map(route)?;
    let made = blocks.iter().find_map(|block| maker(block, name))?;
    let given = arguments(made, PYTHON);
    let text = |key: &str| {
        let value = given.iter().find(|one| one.name == Some(key))?.value;
        description::first_paragraph(&literal::text(value, PYTHON)?)
    };
    Some(text("description").or_else(|| text("summary")).or_else(|| text("title")).unwrap_or_default())
}

/// The words of the service that a script defines, whoever starts it.
pub(super) fn words(script: &ScriptText<'_>) -> Option<String> {
    if script.language != Some(PYTHON) || !script.text.lines().any(|line| route(line).is_some()) {
        return None;
    }
    about(script.text, &python::blocks(script.text)).filter(|words| !words.is_empty())
}

/// Reads a file that defines a service and does not start it.
pub(super) fn read(text: &str, blocks: &[Block<'_>]) -> Option<Declared> {
    let words = about(text, blocks)?;
    let definitions = python::definitions(blocks);
    let mut functions = definitions.iter().filter(|one| !one.is_class);
    if functions.any(|one| STARTING.contains(&one.name)) {
        return None;
    }
    let answers =
        definitions.iter().filter(|one| one.decorators.iter().any(|written| route(&format!("@{written}")).is_some()));
    let why = "it defines a web service and does not start it; write a tool of the kind service that starts it";
    Some(Declared {
        description: Some(words).filter(|words| !words.is_empty()),
        contents: Some(words_of_names(answers.map(|one| one.name))),
        unsupported: Some(why.to_owned()),
        ..Declared::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_nothing_starts_is_described_by_its_own_words() {
        let head = "from fastapi import FastAPI\napp = FastAPI(\n    title=\"Times\",\n    description=\"Tells the time.\",\n)\n";
        let routes = "@app.get(\"/now\", summary=\"Now\")\ndef now():\n    return 1\n@app.post(\n    \"/zone\")\ndef zone(x: Zone):\n    return x\n";
        let read = |text: &str| read(text, &python::blocks(text));
        let declared = read(&format!("{head}{routes}")).unwrap();
        assert_eq!(declared.description.as_deref(), Some("Tells the time."));
        assert_eq!(declared.contents.as_deref(), Some("Defines now, zone"));
        assert!(declared.unsupported.unwrap().contains("web service"));
        let plain = read("app = Flask(__name__)\n@app.route('/x')\ndef x():\n    return ''\n").unwrap();
        assert_eq!((plain.description, plain.contents.as_deref()), (None, Some("Defines x")));
        for text in [
            &format!("{head}{routes}def main():\n    uvicorn.run(app)\n"),
            "cache = {}\n@cache.get('x')\ndef x():\n    pass\n",
            "@tool\ndef x():\n    pass\n",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        let whole = format!("{head}{routes}if __name__ == '__main__':\n    uvicorn.run(app)\n");
        let script = ScriptText::new("x.py", &whole, Some(PYTHON));
        assert_eq!(words(&script).as_deref(), Some("Tells the time."));
    }
}
