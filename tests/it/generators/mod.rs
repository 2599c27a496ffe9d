//! Generators as the settings name them, asked by the engine's program.

#[cfg(feature = "http-generators")]
mod http;

use std::fs;
use std::sync::atomic::AtomicBool;
use toolsmith::engine::{Engine, ErrorCode, Home, OpenOptions};
use toolsmith::generator::{GeneratorRequest, ask};

/// An engine with these settings of the user's.
fn engine(config: &str) -> (tempfile::TempDir, Engine) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home { config: dir.path().join("config"), data: dir.path().join("data") };
    let workspace = dir.path().join("workspace");
    fs::create_dir_all(&home.config).unwrap();
    fs::create_dir_all(workspace.join("tools")).unwrap();
    fs::write(home.config_file(), config).unwrap();
    let program = Some(env!("CARGO_BIN_EXE_toolsmith").into());
    let engine =
        Engine::open(OpenOptions { workspace, home, program, asker: toolsmith::engine::Asker::Human }).unwrap();
    (dir, engine)
}

#[test]
fn a_command_of_the_settings_is_asked_with_its_secret_and_stands_in_no_workspace() {
    let config = "[secrets]\nMY_KEY = { command = [\"echo\", \"hunter-two\"] }\n\
                  [generators.agent]\ncommand = [\"sh\", \"-c\", \"cat; echo $MY_KEY; ls -A; pwd\"]\nenv = [\"MY_KEY\"]\n";
    let (dir, engine) = engine(config);
    let generator = engine.evolutions().generator("agent").unwrap();
    assert!(!format!("{generator:?}").contains("hunter"));
    let question = GeneratorRequest { system: "You mend tools.", request: "Mend this." };
    let written = ask(&generator, &question, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let folder = written.text.strip_prefix("You mend tools.\n\nMend this.\nhunter-two\n").unwrap().trim();
    assert!(folder.starts_with('/') && !folder.starts_with(dir.path().to_str().unwrap()), "{folder}");
}

#[test]
fn a_generator_that_cannot_be_asked_says_what_it_needs() {
    let config = "[generators.far]\napi = \"openai\"\nmodel = \"m\"\nkey = { env = \"TOOLSMITH_TEST_ABSENT\" }\n";
    let (_dir, engine) = engine(config);
    let no = engine.evolutions().generator("far").unwrap_err();
    assert_eq!(no.code, ErrorCode::Refused);
    assert_eq!(
        no.message,
        "the generator far needs its key (variable TOOLSMITH_TEST_ABSENT): the variable TOOLSMITH_TEST_ABSENT is not set"
    );
    assert_eq!(engine.evolutions().generator("gone").unwrap_err().code, ErrorCode::NotFound);
    let told: Vec<_> = engine.doctor().into_iter().filter(|line| line.name == "generator far").collect();
    assert_eq!((told.len(), told[0].state.as_str()), (1, "warn"));
}
