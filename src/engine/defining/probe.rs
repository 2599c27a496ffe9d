//! `define --probe`: asks a defined program for its capabilities, and proposes the answer to a human reviewer.

use super::changes::Changes;
use super::discovery::{
    Findings, FoundCapability, capabilities_of_help, capabilities_of_tools, help_commands, is_help, speaks_of_mcp,
};
use super::{Defined, Definitions, ProbeSource, defined, demand_own_folder, demand_service, mcp};
use crate::domain::{Caller, Digest, Outcome, SafeText, Tool, ToolDetail, ToolName};
use crate::engine::core::RunPolicy;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::tool_name;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Time limit for printing a help text.
const HELP_TIME: Duration = Duration::from_secs(10);

/// Maximum length of a line with the reason why it printed no help, in characters.
const LINE_CHARS: usize = 240;

/// What a program reported, and which sources gave nothing.
struct Told {
    found: Vec<FoundCapability>,
    silent: Vec<String>,
}

impl Definitions<'_> {
    /// The version that [`Self::probe`] starts.
    ///
    /// # Errors
    /// `NotFound` for a name that is not defined; `Conflict` for a definition that `define` cannot change.
    pub fn probed(&self, name: &str) -> Result<Arc<Tool>, EngineError> {
        let name = tool_name(name)?;
        let Some(there) = self.there(&name)? else {
            let hint = format!("define it first: `toolsmith define {name} --executable PROGRAM`");
            return Err(EngineError::new(ErrorCode::NotFound, format!("{name} is not defined"), hint));
        };
        demand_service(&there)?;
        demand_own_folder(&there)?;
        Ok(there)
    }

    /// Starts the program of a definition under the strictest rules, asks for its capabilities, and proposes them as a
    /// new version, which needs a review like any change.
    ///
    /// # Errors
    /// Those of [`Self::probed`]; `Refused` or `HumanNeeded` if the caller may not run it; `Failed` if nothing is
    /// found; `Conflict` if the definition changed meanwhile.
    pub fn probe(&self, name: &str, caller: &Caller) -> Result<Defined, EngineError> {
        let there = self.probed(name)?;
        let detail = self.engine.library().detail(&there)?;
        self.demand_runnable(&detail, caller)?;
        let mut told = self.ask(&detail, caller)?;
        let name = &there.name;
        if told.found.is_empty() {
            let message = format!("{name} does not say what it can do ({})", told.silent.join("; "));
            let hint = format!("name it yourself: `toolsmith define {name} --capabilities \"WORD,WORD\"`");
            return Err(EngineError::new(ErrorCode::Failed, message, hint));
        }
        let claimed = &detail.manifest.capabilities;
        let is_claimed = |word: &str| claimed.iter().any(|known| known.eq_ignore_ascii_case(word));
        for found in &mut told.found {
            found.is_claimed = is_claimed(&found.capability);
        }
        let new: Vec<&FoundCapability> = told.found.iter().filter(|found| !found.is_claimed).collect();
        let all = claimed.iter().cloned().chain(new.iter().map(|found| found.capability.clone())).collect();
        if Digest::of_files(&self.engine.library().files_on_disk(&there)?) != detail.tool.digest {
            let message = format!("the definition of {name} changed while its program was asked");
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it, then retry"));
        }
        let mut proposed = if new.is_empty() {
            let message = format!("{name} claims all that was found already; nothing was written");
            let outcome = Outcome { operation: None, review: None, message, commit: None, detail: json!({}) };
            defined(outcome, name, there.path.clone(), &detail.manifest)
        } else {
            let proposed = self.change(&there, &Changes::capabilities(all), &rationale(&new), caller)?;
            let message = format!("proposed for {name}: {}; {}", listed(&new), proposed.outcome.message);
            Defined { outcome: Outcome { message, ..proposed.outcome }, ..proposed }
        };
        proposed.notes.extend(told.silent);
        proposed.found = told.found;
        Ok(proposed)
    }

    fn demand_runnable(&self, detail: &ToolDetail, caller: &Caller) -> Result<(), EngineError> {
        let name = &detail.tool.name;
        match self.engine.runs().may_run(detail, caller)? {
            RunPolicy::Allow { .. } => Ok(()),
            RunPolicy::Ask { message, .. } => {
                let message = message.replace(
                    &format!("`toolsmith launch {name} --allow`"),
                    &format!("`toolsmith define {name} --probe --allow`"),
                );
                Err(EngineError::new(ErrorCode::HumanNeeded, message, ""))
            }
            RunPolicy::Refuse { code, message } => Err(EngineError::new(code, message, "")),
        }
    }

    /// Asks for the help text; asks for the list of tools if something mentions the protocol, or if the help gave
    /// nothing.
    fn ask(&self, detail: &ToolDetail, caller: &Caller) -> Result<Told, EngineError> {
        let command = detail.manifest.recipe.as_ref().map(|recipe| recipe.command.clone()).unwrap_or_default();
        if command.is_empty() {
            let message = format!("{} has no program", detail.tool.name);
            return Err(EngineError::new(ErrorCode::Failed, message, "add --executable"));
        }
        let claimed = self.claimed_elsewhere(&detail.tool.name);
        let mut told = Told { found: Vec::new(), silent: Vec::new() };
        let (mut left_out, mut help, mut is_told) = (0, String::new(), false);
        let mut failure = None;
        for words in help_commands(&command) {
            let (well, text) = self.engine.runs().ask_command(detail, caller, &words, HELP_TIME)?;
            if well || is_help(&text) {
                is_told = true;
                let findings = capabilities_of_help(&text, &claimed);
                (told.found, left_out) = (findings.found, findings.left_out);
            }
            if !well {
                failure = failure.or_else(|| text.lines().find(|line| !line.trim().is_empty()).map(line_of));
            }
            help.push_str(&text);
            if !told.found.is_empty() {
                break;
            }
        }
        if !is_told {
            told.silent.push(match failure {
                Some(line) => format!("--help failed: {line}"),
                None => "--help printed no help".to_owned(),
            });
        } else if told.found.is_empty() {
            told.silent.push("its help names no commands and nothing known".to_owned());
        }
        let manifest = &detail.manifest;
        let texts = [manifest.description.as_str(), detail.tool.name.as_str(), &help];
        let words = command.iter().chain(&manifest.capabilities).map(String::as_str);
        let is_likely = texts.into_iter().chain(words).any(speaks_of_mcp);
        if is_likely || told.found.is_empty() {
            match mcp::tools_of(self.engine, detail, caller, &command)? {
                Ok(tools) => {
                    let Findings { found: listed, left_out: more } = capabilities_of_tools(&tools, &claimed);
                    left_out += more;
                    // A list of tools is more precise than a help text.
                    let is_listed =
                        |found: &FoundCapability| listed.iter().any(|other| other.capability == found.capability);
                    told.found.retain(|found| !is_listed(found));
                    told.found.splice(0..0, listed);
                }
                Err(why) => told.silent.push(format!("tools/list (MCP): {why}")),
            }
        }
        if left_out > 0 {
            told.silent.push(format!(
                "{left_out} more were found than are proposed: add those that matter with --capabilities"
            ));
        }
        Ok(told)
    }

    /// Capabilities that other tools of the workspace state.
    fn claimed_elsewhere(&self, name: &ToolName) -> Vec<String> {
        let view = self.engine.library().catalog();
        let others = view.tools.iter().filter(|tool| tool.name != *name);
        let mut words: Vec<String> = others.flat_map(|tool| tool.capabilities.iter().cloned()).collect();
        words.sort();
        words.dedup();
        words
    }
}

/// A line of output, or why the program did not start, safe to draw and short.
fn line_of(text: &str) -> String {
    SafeText::visible(text.trim()).chars().take(LINE_CHARS).collect()
}

/// The capabilities, with the place where each source contains them.
fn listed(found: &[&FoundCapability]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for source in ProbeSource::ALL {
        let words: Vec<&str> =
            found.iter().filter(|one| one.source == *source).map(|one| one.capability.as_str()).collect();
        if !words.is_empty() {
            parts.push(format!("{} ({})", words.join(", "), source.phrase()));
        }
    }
    parts.join("; ")
}

/// The reason for the changed capabilities, for the review.
fn rationale(found: &[&FoundCapability]) -> String {
    format!("Capabilities that the program itself states, not verified: {}", listed(found))
}
