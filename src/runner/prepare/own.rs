//! Runs whose program is this program itself, in another role inside the sandbox: the tool defines a request, and none
//! of it is executed.

use super::given::RunEnvironment;
use super::request::StartRequest;
use super::spec::Spec;
use super::{ResolvedStart, RunFolders, check_input, check_sizes, environment, granted, invalid, object, passed};
use crate::domain::{CostTier, HttpOrder, InputMode, IsolationLevel, Manifest, Network, Recipe, RunEnd, SuccessRule};
use crate::runner::answer::{ANSWER, AnswerInput};
use crate::runner::interpreter::{ResolvedProgram, SearchPath, Seeker, Who};
use crate::runner::machine::open_files::open_files_shortage;
use crate::runner::supervisor::StartInput;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The first argument that makes this program send the request on its standard input, a [`HttpOrder`] in JSON.
pub const SEND_REQUEST: &str = "--as-request";

/// A role of this program, and its standard input.
pub(super) struct OwnPart {
    role: &'static str,
    stdin: Option<String>,
    recipe: Recipe,
}

impl OwnPart {
    /// A role whose exit code alone says whether it succeeded. Its output is checked if `is_checked`.
    pub(super) fn new(role: &'static str, timeout_ms: Option<u64>, is_checked: bool) -> OwnPart {
        let success = SuccessRule { check_json: false, require_json: is_checked, ..SuccessRule::default() };
        let recipe = Recipe { timeout_ms, success, ..Recipe::blank(InputMode::StdinJson) };
        OwnPart { role, stdin: None, recipe }
    }

    /// How it is started.
    pub(super) fn recipe(&self) -> &Recipe {
        &self.recipe
    }
}

/// Prepares sending the request of a tool.
///
/// # Errors
/// [`RunEnd::Refused`] if the definition is incomplete, or the run gets no network; [`RunEnd::InvalidInput`] if no
/// request can be made from the input; otherwise as [`super::prepare`].
pub(super) fn http(request: &StartRequest, caller: &BTreeMap<OsString, OsString>) -> Result<Spec, RunEnd> {
    let refused = |message: String| RunEnd::Refused { message };
    let manifest = request.manifest;
    let definition = manifest.http.as_ref().ok_or_else(|| refused("its definition has no request".to_owned()))?;
    let schema = manifest.input.as_ref();
    if let Some(fault) = definition.fault(schema, &manifest.permissions.env) {
        return Err(refused(fault));
    }
    let none = Value::Object(Map::new());
    let input = object(request.input.unwrap_or(&none))?.clone();
    let mut part = OwnPart::new(SEND_REQUEST, definition.timeout_ms, manifest.output.is_some());
    check_input(request, &part.recipe, &Value::Object(input.clone()))?;
    // The values of variables are inserted when the request is sent.
    definition.request(&input, schema, &|_| Some(String::new())).map_err(invalid)?;
    let order = HttpOrder { definition: definition.clone(), input, schema: schema.cloned() };
    part.stdin = Some(serde_json::to_string(&order).map_err(|error| refused(error.to_string()))?);
    let spec = of_part(request, caller, part)?;
    if spec.grants().network == Network::None {
        let message = format!(
            "it sends a request to {}, but this run gets no network: only a version that you approved gets the network that it declares",
            definition.host_words()
        );
        return Err(refused(message));
    }
    Ok(spec)
}

/// Prepares receiving the answer to a prompt; the caller sends it through `answer`.
///
/// # Errors
/// As [`super::prepare`].
pub fn prepare_answer(request: &StartRequest, answer: AnswerInput) -> Result<Spec, RunEnd> {
    let caller = std::env::vars_os().collect();
    let manifest = request.manifest;
    let prompt = manifest.prompt.as_ref();
    let is_checked = prompt.is_some_and(|prompt| prompt.is_answer_checked);
    let part = OwnPart::new(ANSWER, prompt.and_then(|prompt| prompt.timeout_ms), is_checked);
    // It starts no program of the version, so it needs none of the version's declarations.
    let mut bare = Manifest { permissions: crate::domain::Permissions::default(), ..manifest.clone() };
    if !is_checked {
        bare.output = None;
    }
    let given = RunEnvironment::default();
    let request = StartRequest { manifest: &bare, given: &given, ..*request };
    let none = Value::Object(Map::new());
    check_input(&request, &part.recipe, request.input.unwrap_or(&none))?;
    let mut spec = of_part(&request, &caller, part)?;
    spec.handed.stdin = Some(answer.0);
    Ok(spec)
}

pub(super) fn of_part(
    request: &StartRequest,
    caller: &BTreeMap<OsString, OsString>,
    part: OwnPart,
) -> Result<Spec, RunEnd> {
    if let Some(message) = open_files_shortage() {
        return Err(RunEnd::SpawnFailed { message });
    }
    if request.manifest.cost_tier == Some(CostTier::Prohibited) {
        return Err(RunEnd::Refused { message: "its cost tier is prohibited: it never runs".to_owned() });
    }
    let grants = granted(request, caller)?;
    let means = request.machine.means(request.least).map_err(|message| RunEnd::Uncontained { message })?;
    if means.level != IsolationLevel::Isolated
        && let Some(message) = grants.needs_isolated(request.machine.isolated_remedy())
    {
        return Err(RunEnd::Uncontained { message });
    }
    let place = RunFolders::of(request, &means);
    let path = SearchPath::new(Seeker {
        caller,
        who: Who::of_this_process(),
        workspace: Some(request.workspace),
        interpreters: request.interpreters,
        sources: request.sources,
    });
    let program = this_program(request)?;
    let env = environment(request, &place, &part.recipe, &path, passed(&grants, request.given));
    check_sizes(&[], env.iter())?;
    let call = StartInput { args: vec![part.role.into()], env: Vec::new(), stdin: part.stdin, files: Vec::new() };
    ResolvedStart { recipe: &part.recipe, grants, means, place, program, env }.spec(request, call)
}

/// This program as a program that a run starts.
pub(super) fn this_program(request: &StartRequest) -> Result<ResolvedProgram, RunEnd> {
    let path: PathBuf = std::fs::canonicalize(request.machine.program()).map_err(|error| RunEnd::SpawnFailed {
        message: format!("this program cannot be started again: {error}; restart Toolsmith"),
    })?;
    Ok(ResolvedProgram { visible: vec![path.clone()], path, lead: Vec::new(), facts: None, interpreter: None })
}
