//! Which tools may run, by cost tier and selection: the cap, unlocks, and the tools in use.

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

/// Limits that the starter of this process sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The highest cost tier that may run; `None` for every tier except prohibited.
    pub max_tier: Option<CostTier>,
    /// The tools in use, in the format of [`ToolSets::choose`](crate::engine::ToolSets::choose); `None` for all.
    pub tools: Option<String>,
    /// The tools that can be in use at all; `None` for all.
    pub fence: Option<String>,
}

/// A set of tools, as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetRow {
    /// Name of the set.
    pub name: String,
    /// Its content in words: a rule, or names.
    pub holds: String,
    /// Number of its tools in this workspace that are not archived.
    pub tools: usize,
    /// Number of its tools that a human must unlock before they run.
    pub locked: usize,
    /// Names and categories in it that no tool in this workspace has.
    pub unknown: Vec<SetMember>,
    /// Who saved it; `None` for a preset.
    pub saved_by: Option<String>,
    /// Whether it is the one in use.
    pub in_use: bool,
}

/// The tools in use: sets, cost tiers and the limits of this process.
#[derive(Clone, Copy)]
pub struct ToolSets<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e Limited,
}

impl ToolSets<'_> {
    /// Sets the limits of this process. They never exceed the user's settings.
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

    /// Whether this process has stricter limits than the user's settings.
    pub(super) fn is_limited(&self) -> bool {
        let force = lock(&self.state.0);
        force.cap.is_some() || force.fence.is_some() || force.selection.is_some()
    }

    /// The selections that a tool must be in to be in use; empty for no restriction.
    pub(in crate::engine) fn selections(&self) -> Vec<Selection> {
        let force = lock(&self.state.0);
        force.fence.iter().chain(&force.selection).cloned().collect()
    }

    /// The selection of tools in use; `None` for all.
    fn selection(&self) -> Option<Selection> {
        lock(&self.state.0).selection.clone()
    }

    /// Selects the tools in use: names of tools, presets and saved sets, and `category:NAME`, separated by commas.
    /// `None`, or the preset of all tools, selects all. The next scan determines what the names mean:
    /// [`Self::unknown_choice`].
    ///
    /// # Errors
    /// `Usage` for an invalid name, `Internal` for errors of the store.
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

    /// The error for a selected name that does not exist here; `None` when all are known, and before the first scan.
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

    /// All sets of tools, presets first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self) -> Result<Vec<SetRow>, EngineError> {
        let view = self.engine.library().catalog();
        let fence = lock(&self.state.0).fence.clone();
        let inside = |tool: &Tool| fence.as_ref().is_none_or(|fence| fence.holds(tool));
        // With a fence and no selection, all tools inside the fence are in use.
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

    /// The name of a selection that a tool is not in; `None` when the tool is in use.
    pub(in crate::engine) fn unused(&self, tool: &Tool) -> Option<String> {
        self.selections().into_iter().find(|selection| !selection.holds(tool)).map(|selection| selection.name)
    }

    /// Which cost tiers may run here and now.
    pub(in crate::engine) fn tiers(&self) -> Result<Tiers, EngineError> {
        let asked = lock(&self.state.0).cap;
        // The lower of both: the caller can only restrict.
        let cap = asked.into_iter().chain([self.workspace.settings.max_tier]).min();
        let (now, session) = (now(), self.engine.grants().session());
        // An unlock for a workbench holds only in that workbench.
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

    /// Unlocks that were not revoked, each with the reason if it has no effect.
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

    /// The tool and tier to unlock.
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

    /// The effect of an unlock.
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

    /// Saves these tools as the set that the call names; an empty list deletes the set.
    fn save(&self, who: &str, call: &VerbCall, tools: &[String]) -> Result<Outcome, EngineError> {
        let (name, tools) = self.named_set(argument(call, "name")?, tools)?;
        self.engine.finish(self.workspace.transact(|tx| core::save_set(tx, self.workspace.actor(who), &name, &tools))?)
    }

    /// The name of a set and its members, all of which must be known here.
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

    /// The effect of saving a set.
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

/// Saves a set of tools under a name.
pub(super) const SET: PlainVerb = PlainVerb {
    name: "set",
    needs_catalog: true,
    preview: |engine, call| engine.tool_sets().preview_save(call, &tools_of(call)?),
    perform: Perform::Human(|engine, who, call| engine.tool_sets().save(who, call, &tools_of(call)?)),
};

/// Deletes a saved set of tools.
pub(super) const UNSET: PlainVerb = PlainVerb {
    name: "unset",
    needs_catalog: true,
    preview: |engine, call| engine.tool_sets().preview_save(call, &[]),
    perform: Perform::Human(|engine, who, call| engine.tool_sets().save(who, call, &[])),
};

/// The tools of a set, separated by commas. A call without tools is an error, because it must not delete the set.
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

/// The hint for an unknown name.
const HINT: &str = "`toolsmith sets` lists presets and sets, `toolsmith list` tools";

fn is_known(view: &CatalogView, member: &SetMember) -> bool {
    let is_usual = matches!(member, SetMember::Category(category) if Category::KNOWN.contains(&&*category.0));
    is_usual || view.tools.iter().any(|tool| member.holds(tool))
}

/// The category with exactly this name.
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
