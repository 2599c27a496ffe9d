//! What may run here, as far as costs and choices decide: the cap, what humans opened, the tools in use.

use crate::domain::{
    Category, Chosen, CostTier, GrantScope, Instant, Outcome, Preset, QueryField, Selection, SetMember, Stage, Tiers,
    Tool, ToolName, Unlock, VerbCall, plural, query_values, unlock_subject,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::engine::owner::owner_alive;
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::run::session::Limited;
use crate::engine::view::{CatalogState, CatalogView, Preview};
use crate::engine::workspace::Workspace;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// What whoever starts this process lets run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The most that may run; `None` for everything but prohibited.
    pub max_tier: Option<CostTier>,
    /// The tools to take in use, as [`ToolSets::choose`](crate::engine::ToolSets::choose) takes them; `None` for all.
    pub tools: Option<String>,
    /// The tools that there are at all, whatever is taken in use; `None` for all.
    pub fence: Option<String>,
}

/// A choice of tools as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetRow {
    /// Name to choose it by.
    pub name: String,
    /// What it holds, in words: a rule, or names.
    pub holds: String,
    /// How many tools that are not archived it holds here.
    pub tools: usize,
    /// How many of them a human must open before they run.
    pub locked: usize,
    /// Names and categories in it that no tool has here.
    pub unknown: Vec<SetMember>,
    /// Whether somebody saved it, and who; `None` for a preset.
    pub saved_by: Option<String>,
    /// Whether it is the one in use.
    pub in_use: bool,
}

/// Which tools are in use here: sets, cost tiers and the limits of this process.
#[derive(Clone, Copy)]
pub struct ToolSets<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e Limited,
}

impl ToolSets<'_> {
    /// Lets no more than this run, in this process. Never more than the user's settings let.
    ///
    /// # Errors
    /// Those of [`Self::choose`].
    pub fn limit(&self, limits: &Limits) -> Result<(), EngineError> {
        let fence = limits.fence.as_deref().map(|text| self.selection_of(text)).transpose()?;
        {
            let mut force = lock(&self.state.0);
            force.cap = limits.max_tier;
            force.fence = fence;
        }
        self.choose(limits.tools.as_deref())
    }

    /// Whether whoever started this process lets less run than the user's settings do.
    pub(super) fn is_limited(&self) -> bool {
        let force = lock(&self.state.0);
        force.cap.is_some() || force.fence.is_some() || force.selection.is_some()
    }

    /// What a tool must be in to be in use: nothing, or each of these.
    pub(in crate::engine) fn selections(&self) -> Vec<Selection> {
        let force = lock(&self.state.0);
        force.fence.iter().chain(&force.selection).cloned().collect()
    }

    /// The choice of tools in use; `None` for all that there are.
    fn selection(&self) -> Option<Selection> {
        lock(&self.state.0).selection.clone()
    }

    /// Takes some tools in use: names of tools, of presets and of saved sets, and `category:NAME`, joined by commas. `None`, or what means
    /// everything, takes all. What the names mean is known after the next scan: [`Self::unknown_choice`].
    ///
    /// # Errors
    /// `Usage` for what no tool can be called, `Internal` for errors of the store.
    pub fn choose(&self, text: Option<&str>) -> Result<(), EngineError> {
        let selection = text.map(|text| self.selection_of(text)).transpose()?;
        let everything = |selection: &Selection| selection.parts == [Chosen::Preset(Preset::Full)];
        lock(&self.state.0).selection = selection.filter(|selection| !everything(selection));
        Ok(())
    }

    fn selection_of(&self, text: &str) -> Result<Selection, EngineError> {
        let sets = self.workspace.read(|q| Ok(q.tool_sets()?))?;
        let mut parts = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if let Ok(preset) = word.parse() {
                parts.push(Chosen::Preset(preset));
            } else if let Some(set) = sets.iter().find(|set| set.name.as_str() == word) {
                parts.extend(set.tools.iter().cloned().map(Chosen::Member));
            } else {
                let member = SetMember::try_from(word.to_owned()).map_err(|error| {
                    EngineError::new(ErrorCode::Usage, format!("{word:?} is not a tool: {error}"), HINT)
                })?;
                parts.push(Chosen::Member(member));
            }
        }
        if parts.is_empty() {
            return Err(EngineError::new(ErrorCode::Usage, "the list of tools is empty", HINT));
        }
        Ok(Selection { name: text.to_owned(), parts })
    }

    /// A name among the tools in use that nothing here has; `None` when all are known, and before the folders were read.
    pub fn unknown_choice(&self) -> Option<EngineError> {
        let selections = self.selections();
        if selections.is_empty() {
            return None;
        }
        let view = self.engine.library().catalog();
        if view.state != CatalogState::Ready {
            return None;
        }
        let unknown = selections.iter().flat_map(Selection::members).find(|member| !is_known(&view, member))?;
        let what = match unknown {
            SetMember::Tool(name) => format!("tool, preset or set {name}"),
            SetMember::Category(category) => format!("category {category}"),
        };
        Some(EngineError::new(ErrorCode::NotFound, format!("there is no {what}"), HINT))
    }

    /// Every choice that there is, presets first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self) -> Result<Vec<SetRow>, EngineError> {
        let view = self.engine.library().catalog();
        let fence = lock(&self.state.0).fence.clone();
        let inside = |tool: &Tool| fence.as_ref().is_none_or(|fence| fence.holds(tool));
        // Within a fence nothing chosen means all that it holds.
        let chosen = self.selection().or_else(|| fence.clone());
        let used = chosen.as_ref().map_or(Preset::Full.word(), |selection| selection.name.as_str());
        let row = |selection: &Selection, holds: String, saved_by: Option<String>| {
            let all = view.tools.iter().filter(|tool| tool.stage != Stage::Archived && inside(tool));
            let held: Vec<&Arc<Tool>> = all.filter(|tool| selection.holds(tool)).collect();
            let locked = held.iter().filter(|tool| tool.facts.locked).count();
            SetRow {
                name: selection.name.clone(),
                holds,
                tools: held.len(),
                locked,
                unknown: selection.members().filter(|member| !is_known(&view, member)).cloned().collect(),
                saved_by,
                in_use: selection.name == used,
            }
        };
        let presets = Preset::ALL.iter().map(|preset| row(&Selection::preset(*preset), preset.doc().to_owned(), None));
        let mut rows: Vec<SetRow> = presets.collect();
        for set in self.workspace.read(|q| Ok(q.tool_sets()?))? {
            let parts = set.tools.iter().cloned().map(Chosen::Member).collect();
            rows.push(row(&Selection { name: set.name.to_string(), parts }, told(&set.tools), Some(set.who)));
        }
        if !rows.iter().any(|row| row.in_use)
            && let Some(selection) = &chosen
        {
            rows.push(row(selection, "as given at the start".to_owned(), None));
        }
        Ok(rows)
    }

    /// The name of the choice that a tool is not in; `None` when it is in use.
    pub(in crate::engine) fn unused(&self, tool: &Tool) -> Option<String> {
        self.selections().into_iter().find(|selection| !selection.holds(tool)).map(|selection| selection.name)
    }

    /// What may run here and now, as far as costs decide.
    pub(in crate::engine) fn tiers(&self) -> Result<Tiers, EngineError> {
        let asked = lock(&self.state.0).cap;
        // The lower of both: whoever calls can only take away.
        let cap = asked.into_iter().chain([self.workspace.settings.max_tier]).min();
        let (now, session) = (now(), self.engine.grants().session());
        // What was opened in one workbench is open in that one.
        let here = |owner: &str| owner == self.workspace.owner;
        let trust = self.engine.integrity().trust()?;
        let unlocks = self.workspace.read(|q| {
            let mut held = Vec::new();
            for unlock in q.unlocks()? {
                let counts = trust.against(&unlock.subject(), unlock.operation).is_none();
                let holds = counts && unlock.lasts(now) && unlock.scope.holds(session, &here);
                if holds && core::fault_of_unlock(q, &unlock)?.is_none() {
                    held.push(unlock);
                }
            }
            Ok(held)
        })?;
        Ok(Tiers { cap, unlocks, all_open: false })
    }

    /// What was opened and was not revoked, with why it opens nothing.
    pub(super) fn listed_unlocks(&self) -> Result<Vec<Unlock>, EngineError> {
        let (now, trust) = (now(), self.engine.integrity().trust()?);
        self.workspace.read(|q| {
            let mut unlocks = q.unlocks()?;
            unlocks.retain(|unlock| match &unlock.scope {
                GrantScope::Workbench(owner) => owner_alive(owner),
                GrantScope::Session(_) | GrantScope::Version => true,
            });
            for unlock in &mut unlocks {
                let fault = core::fault_of_unlock(q, unlock)?.map(|fault| format!("does not match the log: {fault}"));
                let fault = fault.or_else(|| trust.against(&unlock.subject(), unlock.operation));
                unlock.void = fault.or_else(|| (!unlock.lasts(now)).then(|| "it expired".to_owned()));
            }
            Ok(unlocks)
        })
    }

    /// The tool and tier that are to be opened.
    fn named_tier(
        &self,
        tool: Option<&str>,
        tier: Option<CostTier>,
    ) -> Result<(Option<Arc<Tool>>, CostTier), EngineError> {
        let tool = tool.map(|text| self.engine.library().resolve(text)).transpose()?;
        match (tool, tier) {
            (Some(tool), None) => {
                let tier = tool.cost_tier;
                Ok((Some(tool), tier))
            }
            (None, Some(tier)) => Ok((None, tier)),
            (Some(_), Some(_)) | (None, None) => Err(EngineError::new(
                ErrorCode::Usage,
                "name either a tool or a tier",
                "use `toolsmith unlock NAME` or `toolsmith unlock --tier medium`",
            )),
        }
    }

    pub(in crate::engine) fn unlock(
        &self,
        who: &str,
        (tool, tier): (Option<&str>, Option<CostTier>),
        scope: GrantScope,
        lasting: Option<Duration>,
    ) -> Result<Outcome, EngineError> {
        let (tool, tier) = self.named_tier(tool, tier)?;
        let until = lasting.map(|lasting| later(now(), lasting));
        let scope = self.engine.grants().owned(scope);
        self.engine.finish(
            self.engine
                .step(who, |tx, actor| core::unlock(tx, actor, tool.as_deref(), tier, (scope.clone(), until)))?,
        )
    }

    /// What opening would mean.
    pub(in crate::engine) fn preview_unlock(
        &self,
        (tool, tier): (Option<&str>, Option<CostTier>),
        scope: &GrantScope,
        lasting: Option<Duration>,
    ) -> Result<Preview, EngineError> {
        let (tool, tier) = self.named_tier(tool, tier)?;
        let subject = unlock_subject(tool.as_ref().map(|tool| &tool.name), tier);
        let scope = self.engine.grants().owned(scope.clone());
        let first = if let Some(tool) = &tool {
            let stated = if tool.classified { "stated in its manifest" } else { "not stated in its manifest" };
            format!("its cost tier is {tier}: {stated}; if its cost tier rises, it is locked again")
        } else {
            let view = self.engine.library().catalog();
            let opened = view.tools.iter().filter(|tool| tool.facts.locked && tool.cost_tier <= tier).count();
            format!("unlocks every tool up to {tier}: {} now locked", plural(opened, "tool", "tools"))
        };
        let mut lines = vec![first];
        lines.push("approvals and permissions do not change".to_owned());
        lines.push(format!("unlocked {}", core::told_scope(&scope, lasting.map(|lasting| later(now(), lasting)))));
        let undo = "`toolsmith grants` lists it; revoke or u (undo) locks it again".to_owned();
        Ok(Preview { title: format!("Unlock {subject}?"), lines, undo })
    }

    /// Saves these tools under the name of the call; none deletes the set.
    fn save(&self, who: &str, call: &VerbCall, tools: &[String]) -> Result<Outcome, EngineError> {
        let (name, tools) = self.named_set(argument(call, "name")?, tools)?;
        self.engine.finish(self.workspace.transact(|tx| core::save_set(tx, self.workspace.actor(who), &name, &tools))?)
    }

    /// The name of a set and what it names, each of which is known here.
    fn named_set(&self, name: &str, tools: &[String]) -> Result<(ToolName, Vec<SetMember>), EngineError> {
        let name = ToolName::new(name).map_err(|error| {
            EngineError::new(ErrorCode::Usage, format!("{name:?} is not a valid name: {error}"), "")
        })?;
        let view = self.engine.library().catalog();
        if !tools.is_empty() && view.tools.iter().any(|tool| tool.name == name && tool.stage != Stage::Archived) {
            let message = format!("{name} is already the name of a tool");
            return Err(EngineError::new(ErrorCode::Refused, message, "choose another name for the set"));
        }
        let mut names = Vec::new();
        for tool in tools {
            let known = match SetMember::category(tool) {
                Some(category) => SetMember::Category(known_category(&view, &category)?),
                None => SetMember::Tool(self.engine.library().resolve(tool)?.name.clone()),
            };
            if !names.contains(&known) {
                names.push(known);
            }
        }
        Ok((name, names))
    }

    /// What saving a choice would mean.
    fn preview_save(&self, call: &VerbCall, tools: &[String]) -> Result<Preview, EngineError> {
        let (name, tools) = self.named_set(argument(call, "name")?, tools)?;
        let undo = "u (undo) reverts it".to_owned();
        if tools.is_empty() {
            let lines = vec!["tools do not change".to_owned()];
            return Ok(Preview { title: format!("Delete the set {name}?"), lines, undo });
        }
        Ok(Preview { title: format!("Save the set {name}?"), lines: vec![told(&tools)], undo })
    }
}

/// Saves a choice of tools under a name.
pub(super) const SET: PlainVerb = PlainVerb {
    name: "set",
    needs_catalog: true,
    preview: |engine, call| engine.tool_sets().preview_save(call, &tools_of(call)?),
    perform: Perform::Human(|engine, who, call| engine.tool_sets().save(who, call, &tools_of(call)?)),
};

/// Deletes a saved choice of tools.
pub(super) const UNSET: PlainVerb = PlainVerb {
    name: "unset",
    needs_catalog: true,
    preview: |engine, call| engine.tool_sets().preview_save(call, &[]),
    perform: Perform::Human(|engine, who, call| engine.tool_sets().save(who, call, &[])),
};

/// The tools of a set, joined by commas. A list without a name is a mistake: it must not delete the set.
pub(super) fn tools_of(call: &VerbCall) -> Result<Vec<String>, EngineError> {
    let names = argument(call, "tools")?.split(',').map(str::trim);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        let message = "the list names no tool".to_owned();
        return Err(EngineError::new(
            ErrorCode::Usage,
            message,
            "write read,write,grep; `toolsmith unset` deletes a set",
        ));
    }
    Ok(names)
}

/// What helps when a name is not known.
const HINT: &str = "`toolsmith sets` lists presets and sets, `toolsmith list` tools";

fn is_known(view: &CatalogView, member: &SetMember) -> bool {
    let is_usual = matches!(member, SetMember::Category(category) if Category::KNOWN.contains(&&*category.0));
    is_usual || view.tools.iter().any(|tool| member.holds(tool))
}

/// The category of exactly this name.
fn known_category(view: &CatalogView, category: &Category) -> Result<Category, EngineError> {
    let found = query_values(QueryField::Category, &category.0, &view.tools);
    match found.as_deref() {
        Ok([name]) if *name == category.0 => Ok(category.clone()),
        Ok(names) => Err(no_category(category, names)),
        Err(unknown) => Err(no_category(category, &unknown.known)),
    }
}

fn no_category(category: &Category, there_are: &[String]) -> EngineError {
    let hint = format!("there are: {}", there_are.join(", "));
    EngineError::new(ErrorCode::NotFound, format!("there is no category {category}"), hint)
}

fn told(members: &[SetMember]) -> String {
    members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn later(now: Instant, by: Duration) -> Instant {
    Instant(now.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
