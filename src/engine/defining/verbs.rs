//! `define` as the workbench calls it, with only text arguments.

use super::import::{Import, read_definition};
use super::{DefineOptions, Defined, not_alone};
use crate::domain::{Caller, Outcome, VerbCall};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use serde_json::json;
use std::fs::File;
use std::path::Path;

/// The verbs that change something.
pub(in crate::engine) const VERBS: &[PlainVerb] = &[DEFINE, super::listing::LIST_TOOLS];

const DEFINE: PlainVerb = PlainVerb {
    name: "define",
    needs_catalog: true,
    preview: |_, call| {
        Ok(Preview {
            title: format!("Define {}?", argument(call, "name")?),
            lines: vec!["its definition is written, and waits for a review".to_owned()],
            undo: String::new(),
        })
    },
    perform: Perform::Anyone(perform),
};

fn perform(engine: &Engine, caller: &Caller, call: &VerbCall) -> Result<Outcome, EngineError> {
    let name = argument(call, "name")?;
    let options = options_of(call)?;
    if call.get("probe").is_some() {
        return if options == DefineOptions::default() && call.get("from").is_none() {
            engine.definitions().probe(name, caller).map(told)
        } else {
            Err(not_alone(name))
        };
    }
    let bytes = call.get("from").map(read).transpose()?;
    let import = call.get("from").zip(bytes.as_deref()).map(|(file, bytes)| Import { file, bytes });
    engine.definitions().define(name, &options, import.as_ref(), caller).map(told)
}

fn options_of(call: &VerbCall) -> Result<DefineOptions, EngineError> {
    let text = |name: &str| call.get(name).map(str::to_owned);
    // Several variables are one text here.
    let env = shell_words::split(call.get("env").unwrap_or_default()).map_err(|_| {
        EngineError::new(ErrorCode::Usage, "--env: a quote is not closed", "close the quote, or escape it")
    })?;
    Ok(DefineOptions {
        base_type: text("type"),
        executable: text("executable"),
        description: text("description"),
        port: text("port"),
        capabilities: text("capabilities"),
        launch_args: text("launch-args"),
        health_check: text("health-check"),
        env,
    })
}

/// Only a regular file: opening anything else may block forever.
fn read(file: &str) -> Result<Vec<u8>, EngineError> {
    let path = Path::new(file);
    if !path.is_file() {
        return Err(EngineError::new(ErrorCode::NotFound, format!("{file} is not a file"), "name a definition file"));
    }
    read_definition(path, File::open(path))
}

/// The result in one line, including warnings, which must be visible on a screen.
fn told(defined: Defined) -> Outcome {
    let Defined { outcome, name, version, path, notes, found } = defined;
    let message = notes.iter().fold(outcome.message, |message, note| format!("{message}; {note}"));
    let detail = json!({ "name": name, "version": version, "path": path, "notes": notes, "found": found });
    Outcome { message, detail, ..outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, ReviewId};
    use crate::engine::review::requests::Posting;
    use crate::engine::{Asker, Home, NewTool, OpenOptions, Source};

    struct Bench {
        dir: tempfile::TempDir,
        engine: Engine,
    }

    impl Bench {
        fn new() -> Bench {
            let dir = tempfile::tempdir().unwrap();
            let workspace = dir.path().join("work");
            std::fs::create_dir_all(workspace.join("tools/experimental")).unwrap();
            let home = Home { config: dir.path().join("config"), data: dir.path().join("data") };
            let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human }).unwrap();
            Bench { dir, engine }
        }

        fn define(&self, args: &[(&'static str, &str)]) -> Result<Outcome, EngineError> {
            self.engine.library().scan_once().unwrap();
            let ada = Caller::Human("Ada".to_owned());
            self.engine.execute(Command::Verb(VerbCall::new("define", args)), &ada)
        }

        fn definition(&self, name: &str) -> String {
            let path = self.dir.path().join(format!("work/tools/experimental/{name}/tool.toml"));
            std::fs::read_to_string(path).unwrap()
        }
    }

    #[test]
    fn a_definition_is_written_from_texts_and_several_variables_are_one_text() {
        let bench = Bench::new();
        let made = bench
            .define(&[
                ("name", "helper"),
                ("executable", "git"),
                ("description", "Helps"),
                ("env", "MODE=quick 'GREETING=good day' API_TOKEN=abc"),
            ])
            .unwrap();
        assert_eq!((made.review, made.detail["name"].as_str()), (Some(ReviewId(1)), Some("helper")));
        assert!(made.message.contains("API_TOKEN is in the definition"), "{}", made.message);
        let text = bench.definition("helper");
        for line in ["MODE = \"quick\"", "GREETING = \"good day\"", "description = \"Helps\""] {
            assert!(text.contains(line), "{text}");
        }
        bench.define(&[("name", "helper"), ("port", "8080")]).unwrap();
        assert!(bench.definition("helper").contains("8080"));
        let open = bench.define(&[("name", "helper"), ("env", "A='b")]).unwrap_err();
        assert_eq!((open.code, open.message.as_str()), (ErrorCode::Usage, "--env: a quote is not closed"));
    }

    #[test]
    fn a_definition_is_imported_from_a_file_and_from_nothing_else() {
        let bench = Bench::new();
        let file = bench.dir.path().join("given.toml");
        std::fs::write(&file, bench_text()).unwrap();
        bench.define(&[("name", "given"), ("from", file.to_str().unwrap())]).unwrap();
        assert!(bench.definition("given").contains("Was given"));
        for nothing in ["-", "/nowhere/given.toml", "/dev/zero"] {
            let error = bench.define(&[("name", "other"), ("from", nothing)]).unwrap_err();
            assert_eq!((error.code, error.message), (ErrorCode::NotFound, format!("{nothing} is not a file")));
        }
    }

    fn bench_text() -> &'static str {
        "name = \"given\"\nversion = \"0.1.0\"\nkind = \"service\"\ndescription = \"Was given\"\n[run]\ncommand = [\"git\"]\n"
    }

    #[test]
    fn nothing_is_made_under_a_name_whose_folder_is_not_searched() {
        let bench = Bench::new();
        let ada = Caller::Human("Ada".to_owned());
        let content = bench_text().replace("\"given\"", "\"versions\"");
        let request = serde_json::json!({
            "kind": "ToolReviewRequest", "tool": "versions", "description": "d", "rationale": "r",
            "files": [{"path": "tool.toml", "content": content}],
        });
        let posting = || Posting { verb: "request", expires_at: None, replaces: None };
        let scaffold =
            NewTool { name: Some("versions".to_owned()), description: "Prints".to_owned(), ..NewTool::default() };
        let made = bench.engine.new_tools();
        for refused in [
            bench.define(&[("name", "versions"), ("executable", "git")]).unwrap_err(),
            bench.engine.requests().post(&request, &ada, posting()).unwrap_err(),
            made.scaffold(&scaffold, &ada).map(drop).unwrap_err(),
            made.propose_specification(Some("versions"), &Source::Words("Prints"), None, &ada).map(drop).unwrap_err(),
        ] {
            let unusable = "versions cannot be the name of a tool: folders with this name are not searched for tools";
            assert_eq!((refused.code, refused.message.as_str()), (ErrorCode::Usage, unusable));
            assert_eq!(refused.hint, "choose another name");
        }
        for name in ["4913", "node_modules", "package.json", "a.pyc"] {
            let refused = bench.define(&[("name", name), ("executable", "git")]).unwrap_err();
            assert!(refused.message.starts_with(&format!("{name} cannot be the name of a tool")), "{refused:?}");
        }
        bench.define(&[("name", "version"), ("executable", "git")]).unwrap();
    }

    #[test]
    fn a_probe_takes_no_other_option() {
        let bench = Bench::new();
        let both = bench.define(&[("name", "helper"), ("probe", "yes"), ("port", "auto")]).unwrap_err();
        assert_eq!(both, not_alone("helper"));
        let unknown = bench.define(&[("name", "helper"), ("probe", "yes")]).unwrap_err();
        assert_eq!((unknown.code, unknown.message.as_str()), (ErrorCode::NotFound, "helper is not defined"));
    }
}
