//! Copies, near duplicates and name clashes of the whole library, each with advice.

use crate::check;
use crate::domain::shell::shell_word;
use crate::domain::{Format, GroupKind, ProposedEnd, Retirement, Stage, Tool, ToolName};
use crate::engine::Engine;
use crate::engine::Upkeep;
use crate::engine::error::EngineError;
use crate::insight::alike::{self, CodeFingerprint, Merit};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// Maximum number of tools whose code is read: takes some seconds.
const MOST_READ: usize = 2_000;

/// A tool of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Twin {
    /// Name of the tool.
    pub tool: ToolName,
    /// Path of its definition, relative to the workspace.
    pub path: String,
    /// Stage of the folder that it is in.
    pub stage: Stage,
    /// Number of judged runs.
    pub runs: u64,
    /// Its score, 0 to 1; `None` before the first judged run.
    pub score: Option<f64>,
    /// Its similarity to the one to keep, 0 to 1; 1 for a copy, and for the one to keep itself.
    pub likeness: f64,
    /// What it has in common with the one to keep; empty for that one.
    pub why: String,
    /// The advice, one sentence; for the one to keep, the reason.
    pub advice: String,
    /// The command for the advice; empty if there is none.
    pub command: String,
    /// The proposal; `None` if a human must look first, and for the one to keep.
    pub proposal: Option<Retirement>,
}

/// Redundant tools.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwinGroup {
    /// Why they are in one group.
    pub kind: GroupKind,
    /// The one to keep.
    pub keep: Twin,
    /// The others, the most similar first.
    pub others: Vec<Twin>,
}

impl Upkeep<'_> {
    /// The groups of the whole library: copies, near duplicates, name clashes.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn twins(&self) -> Result<Vec<TwinGroup>, EngineError> {
        let seen = self.workspace.read(|q| Ok(q.first_seen()?))?;
        let (view, index) = self.engine.library().index();
        let merit = |tool: &Arc<Tool>| Merit {
            runs: tool.facts.name_runs,
            score: tool.facts.score,
            first_seen: seen.get(&(tool.name.clone(), tool.digest)).copied().unwrap_or(tool.modified_at),
        };
        let merits: Vec<Merit> = view.tools.iter().map(merit).collect();
        let mut desk = Desk { engine: self.engine, tools: &view.tools, read: HashMap::new() };
        let groups = alike::groups(index.resemblance(), &merits, &mut |tool| desk.code(tool));
        Ok(groups.iter().map(|group| told(&view.tools, group)).collect())
    }
}

/// Reads the code of tools, each tool once.
struct Desk<'a> {
    engine: &'a Engine,
    tools: &'a [Arc<Tool>],
    read: HashMap<usize, Option<Arc<CodeFingerprint>>>,
}

impl Desk<'_> {
    /// The code of a tool; `None` if it is too short, or if too many were already read.
    fn code(&mut self, tool: usize) -> Option<Arc<CodeFingerprint>> {
        if !self.read.contains_key(&tool) && self.read.len() < MOST_READ {
            // An unreadable tool is not compared; its problem is reported elsewhere.
            let detail = self.engine.library().detail(&self.tools[tool]).ok();
            self.read.insert(tool, detail.as_ref().and_then(check::code_of).map(Arc::new));
        }
        self.read.get(&tool).cloned().flatten()
    }
}

fn told(tools: &[Arc<Tool>], group: &alike::SimilarGroup) -> TwinGroup {
    let keep = &tools[group.keep];
    let others = group.rest.iter().map(|member| {
        let tool = &tools[member.tool];
        let (advice, command, proposal) = advise(group.kind, keep, tool, member.likeness.same_code);
        Twin {
            likeness: member.likeness.likeness,
            why: member.likeness.why.clone(),
            advice,
            command,
            proposal,
            ..twin(tool)
        }
    });
    let others: Vec<Twin> = others.collect();
    let advice = format!("keep it: {}", reason_to_keep(keep));
    TwinGroup { kind: group.kind, keep: Twin { advice, ..twin(keep) }, others }
}

fn twin(tool: &Tool) -> Twin {
    Twin {
        tool: tool.name.clone(),
        path: tool.path.clone(),
        stage: tool.stage,
        runs: tool.facts.name_runs,
        score: tool.facts.score,
        likeness: 1.0,
        why: String::new(),
        advice: String::new(),
        command: String::new(),
        proposal: None,
    }
}

fn reason_to_keep(tool: &Tool) -> &'static str {
    if tool.stage.is_vouched() {
        "approved by humans"
    } else if tool.facts.name_runs > 0 {
        "most used, or most successful"
    } else {
        "the oldest, or first by name"
    }
}

/// The advice for a tool, given the one to keep.
fn advise(kind: GroupKind, keep: &Tool, tool: &Tool, same_code: bool) -> (String, String, Option<Retirement>) {
    let proposal = |end: ProposedEnd, reason: String| {
        Some(Retirement { tool: tool.name.clone(), path: tool.path.clone(), end, reason })
    };
    let deprecate = |reason: String| {
        let end = ProposedEnd::Deprecate { by: keep.name.clone() };
        let command = format!("toolsmith deprecate {} --by {}", tool.name, keep.name);
        (command, proposal(end, reason))
    };
    let archive = format!("toolsmith archive {}", shell_word(&tool.path));
    match kind {
        GroupKind::Copies if tool.name == keep.name => {
            let reason = format!("an exact copy of {} with the same name", keep.path);
            ("archive the copy".to_owned(), archive, proposal(ProposedEnd::Archive, reason))
        }
        GroupKind::Copies => {
            let (command, proposal) = deprecate(format!("an exact copy of {}", keep.name));
            (format!("deprecate it in favour of {}", keep.name), command, proposal)
        }
        GroupKind::Near if !same_code => {
            let advice = format!("only the words of both say so: compare {} with {}", tool.path, keep.path);
            (advice, String::new(), None)
        }
        GroupKind::Near if tool.name == keep.name => {
            let reason = format!("the code of {} with the same name", keep.path);
            (
                format!("compare it with {}, then archive one of both", keep.path),
                archive,
                proposal(ProposedEnd::Archive, reason),
            )
        }
        GroupKind::Near => {
            let (command, proposal) = deprecate(format!("{} does nearly the same thing", keep.name));
            let merge = tool.facts.name_runs > 0 && keep.facts.name_runs > 0;
            let advice = if merge {
                format!(
                    "both are used: move what only {} can do into {} (`toolsmith evolve {1}`), then deprecate {0}",
                    tool.name, keep.name
                )
            } else {
                format!("deprecate it in favour of {}", keep.name)
            };
            (advice, command, proposal)
        }
        GroupKind::Clash if tool.name == keep.name => {
            let rename = if matches!(tool.format, Format::Header | Format::Entry) {
                "rename its file, or write a manifest with another name beside it"
            } else {
                "rename it in its manifest"
            };
            (format!("{rename}, or archive it: until then, calls by name are refused"), archive, None)
        }
        GroupKind::Clash => {
            let advice = format!(
                "change its display name, or deprecate it in favour of {} if it does the same thing",
                keep.name
            );
            (advice, deprecate(String::new()).0, None)
        }
    }
}
