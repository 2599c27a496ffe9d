//! Why a version cannot run: obstacles, and the required parts of a definition of each kind.

use super::steps;
use crate::domain::evaluators;
use crate::domain::{
    ArgPlace, HttpDefinition, Kind, Manifest, Network, PromptDefinition, SafeText, VersionFile, near_word,
};
use crate::outside::steers_programs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a version cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Obstacle {
    /// Of a kind that nothing here runs: the reason.
    Unsupported(String),
    /// Its definition lacks what its kind needs to run: what, and what to add.
    Incomplete(String),
    /// The script it names is not among its files.
    Missing(String),
    /// No start is defined.
    NoCommand,
    /// It declares permissions that no tool gets: which and why.
    Forbidden(String),
}

/// The missing part of a definition that its kind requires to run; `None` if it is complete. Whether its command leads
/// to a script is not checked here.
pub(super) fn incomplete(manifest: &Manifest) -> Option<Obstacle> {
    match manifest.kind {
        Kind::Command | Kind::Service => manifest.recipe.is_none().then(|| no_command(manifest)),
        Kind::Http => http(manifest),
        Kind::Prompt => prompt(manifest),
        Kind::Composite => steps::fault(manifest.composite.as_ref()).map(Obstacle::Incomplete),
        Kind::Mcp => mcp(manifest),
    }
}

/// The obstacle that no start is defined, with the key that was probably meant.
pub(super) fn no_command(manifest: &Manifest) -> Obstacle {
    if manifest.extra.get("instructions").is_some_and(Value::is_string) {
        let why = "it describes an agent by its instructions and has no start command: it is not started here";
        return Obstacle::Incomplete(why.to_owned());
    }
    let inside = manifest.extra.get("run").and_then(Value::as_object);
    let inside = inside.into_iter().flat_map(|fields| fields.keys()).map(|key| ("[run] ", key));
    let slips = inside.chain(manifest.extra.keys().map(|key| ("", key)));
    let meant = |(place, key): (&str, &String)| {
        // A known key is not mistyped.
        let word = near_word(key, &["command"]).filter(|word| word != key)?;
        Some(format!("it has no start command: {place}{} is unknown; did you mean {word}?", SafeText::new(key)))
    };
    slips.into_iter().find_map(meant).map_or(Obstacle::NoCommand, Obstacle::Incomplete)
}

/// Why an input may not be passed: its variable decides what programs execute.
pub(super) fn steering_input(manifest: &Manifest) -> Option<String> {
    manifest.recipe.as_ref()?.args.iter().find_map(|rule| match &rule.place {
        ArgPlace::Variable(name) if steers_programs(name) => Some(format!(
            "its input {} would set {name}, by which programs load code or find their settings; pass it in another variable",
            SafeText::new(&rule.input)
        )),
        _ => None,
    })
}

/// Why what it keeps between runs could become its code.
pub(super) fn kept_code(manifest: &Manifest, files: &[VersionFile]) -> Option<String> {
    let (rule, recipe) = (manifest.state.as_ref()?, manifest.recipe.as_ref());
    if let Some(fault) = rule.fault(files, recipe.and_then(|recipe| recipe.entry.as_deref())) {
        return Some(fault);
    }
    // A command that starts what a run left.
    let words = recipe.map(|recipe| &recipe.command[..]).unwrap_or_default();
    let inside = |word: &String| {
        let path = word.trim_start_matches("{dir}/").trim_start_matches("./");
        rule.keeps(path) || files.iter().any(|file| rule.keeps(&file.path) && word.contains(&file.path))
    };
    let program = words.first()?;
    let is_evaluator = evaluators::evaluates(program.rsplit('/').next().unwrap_or(program));
    let started = words.iter().enumerate().find(|(at, word)| (*at == 0 || is_evaluator) && inside(word))?.1;
    Some(format!(
        "its command runs {}, which a run may change, because [state] keeps it; move the script out of the kept path",
        SafeText::new(started)
    ))
}

fn http(manifest: &Manifest) -> Option<Obstacle> {
    request_fault(manifest, || match &manifest.http {
        Some(http) => http.fault(manifest.input.as_ref(), &manifest.permissions.env),
        None => Some("its definition has no request; add [http] with a url".to_owned()),
    })
}

/// Why requests cannot be sent: this build, the declared network, or a fault of the request.
fn request_fault(manifest: &Manifest, fault: impl FnOnce() -> Option<String>) -> Option<Obstacle> {
    if cfg!(not(feature = "http-generators")) {
        let why = "this build has no HTTP: build with --features http-generators";
        return Some(Obstacle::Unsupported(why.to_owned()));
    }
    let is_private = manifest.permissions.network.iter().all(|word| word == Network::Loopback.word());
    if is_private && !manifest.permissions.network.is_empty() {
        let why = "it sends a request, but the loopback of a run is private and nobody answers there; declare network = [\"full\"]";
        return Some(Obstacle::Incomplete(why.to_owned()));
    }
    fault().map(Obstacle::Incomplete)
}

fn mcp(manifest: &Manifest) -> Option<Obstacle> {
    let Some(definition) = &manifest.mcp else {
        let why = "nothing says how its MCP server is started; write kind = \"mcp\", and command or url in [mcp]";
        return Some(Obstacle::Unsupported(why.to_owned()));
    };
    let remote = definition.remote.as_ref()?;
    let of_input = |remote: &HttpDefinition| {
        let name = remote.inputs(None).into_iter().next()?;
        Some(format!("its [mcp] uses {{input.{}}}, but inputs belong to the call only", SafeText::new(&name)))
    };
    request_fault(manifest, || of_input(remote).or_else(|| remote.fault(None, &manifest.permissions.env)))
}

fn prompt(manifest: &Manifest) -> Option<Obstacle> {
    let is_complete = manifest.prompt.as_ref().is_some_and(PromptDefinition::is_complete);
    let lacks = "its definition has no prompt; add a template or a system text to [prompt]";
    (!is_complete).then(|| Obstacle::Incomplete(lacks.to_owned()))
}
