//! Composites in the catalog: whether the tools of their steps can be called, and the highest cost tier among them.
//!
//! A definition names tools, and which tool a name means depends on all others. So this is resolved whenever the
//! catalog is built, by the same rules as for a name typed by a human.

use super::resolve::{Names, resolve};
use crate::domain::composite::MOST_DEPTH;
use crate::domain::{CostTier, Kind, SafeText, Stage, StepTools, Tool, ToolState};
use crate::engine::error::EngineError;
use crate::engine::view::CatalogView;
use std::collections::HashMap;
use std::sync::Arc;

/// The facts about a tool that a step calls.
#[derive(Debug, Clone, PartialEq)]
struct Called {
    tier: CostTier,
    classified: bool,
    /// The depth of calls below it; 0 for a plain tool.
    depth: usize,
}

/// The target of a step.
enum Target {
    /// A resolved tool, or why it cannot be called.
    Known(Result<Called, String>),
    /// Another composite, by its index among them.
    Composite(usize),
}

/// Resolves all composites; `locks` tells whether a tool must be unlocked by a human.
pub fn settle(view: &mut CatalogView, locks: impl Fn(&Tool) -> bool) {
    let places: Vec<usize> = (0..view.tools.len()).filter(|at| is_open(&view.tools[*at])).collect();
    if places.is_empty() {
        return;
    }
    let settled = settled(&view.tools, &places);
    for (place, (steps, result)) in places.into_iter().zip(settled) {
        let mut row = Tool::clone(&view.tools[place]);
        apply(&mut row, steps, result);
        let locked = locks(&row);
        Arc::make_mut(&mut row.facts).locked = locked;
        if row != *view.tools[place] {
            view.tools[place] = Arc::new(row);
        }
    }
}

/// Resolves one row that was read separately, using all other rows.
pub fn settle_row(row: &mut Tool, view: &CatalogView) {
    let Some(mut steps) = row.steps.clone().filter(|_| is_open(row)) else { return };
    let targets = steps.steps.iter().map(|step| {
        let tool = found(resolve(view, &step.tool), &step.tool)?;
        if tool.path == row.path { Err(calls_itself(&tool)) } else { plain(&tool) }
    });
    let targets = targets.collect();
    let result = summed(&mut steps, targets);
    apply(row, steps, result);
}

/// Whether only its steps determine whether it can run.
fn is_open(tool: &Tool) -> bool {
    tool.steps.is_some() && tool.stage != Stage::Archived && tool.state != ToolState::Unsupported
}

fn apply(row: &mut Tool, steps: StepTools, result: Result<Called, String>) {
    // A composite that cannot run shows only its stated tier.
    let (tier, classified) = match &result {
        Ok(called) => (called.tier, called.classified),
        Err(_) => (steps.tier.unwrap_or(CostTier::Medium), steps.tier.is_some()),
    };
    let is_stopped = row.is_stopped_by_team();
    row.steps = Some(steps);
    (row.cost_tier, row.classified) = (tier, classified);
    let stopped = row.reason.take_if(|_| is_stopped);
    row.reason = stopped.or(match result {
        Err(reason) => Some(reason),
        Ok(_) if tier == CostTier::Prohibited => Some("its cost tier is prohibited".to_owned()),
        Ok(_) => None,
    });
    row.runnable = row.reason.is_none();
}

/// Resolves composites so that each comes after those that it calls. The remaining ones call themselves.
fn settled(tools: &[Arc<Tool>], places: &[usize]) -> Vec<(StepTools, Result<Called, String>)> {
    let names = Names::of(tools);
    let by_path: HashMap<&str, usize> =
        places.iter().enumerate().map(|(at, place)| (tools[*place].path.as_str(), at)).collect();
    let target = |name: &str| match found(names.resolve(name), name) {
        Err(why) => Target::Known(Err(why)),
        Ok(tool) => {
            by_path.get(tool.path.as_str()).map_or_else(|| Target::Known(plain(&tool)), |at| Target::Composite(*at))
        }
    };
    let steps: Vec<StepTools> = places.iter().filter_map(|place| tools[*place].steps.clone()).collect();
    let targets: Vec<Vec<Target>> =
        steps.iter().map(|steps| steps.steps.iter().map(|step| target(&step.tool)).collect()).collect();
    let (mut waits, mut callers) = (vec![0_usize; steps.len()], vec![Vec::new(); steps.len()]);
    for (at, targets) in targets.iter().enumerate() {
        for target in targets {
            if let Target::Composite(other) = target {
                waits[at] += 1;
                callers[*other].push(at);
            }
        }
    }
    let mut results: Vec<Option<(StepTools, Result<Called, String>)>> = vec![None; steps.len()];
    let mut ready: Vec<usize> = (0..steps.len()).filter(|at| waits[*at] == 0).collect();
    let sum = |at: usize, results: &[Option<(StepTools, Result<Called, String>)>]| {
        let name = |other: usize| &tools[places[other]];
        let known = |target: &Target| match target {
            Target::Known(result) => result.clone(),
            Target::Composite(other) => match &results[*other] {
                None => Err(calls_itself(name(*other))),
                Some((_, Ok(called))) => Ok(called.clone()),
                Some((_, Err(why))) => Err(cannot(name(*other), Some(why))),
            },
        };
        let mut own = steps[at].clone();
        let result = summed(&mut own, targets[at].iter().map(known).collect());
        (own, result)
    };
    while let Some(at) = ready.pop() {
        results[at] = Some(sum(at, &results));
        for caller in &callers[at] {
            waits[*caller] -= 1;
            if waits[*caller] == 0 {
                ready.push(*caller);
            }
        }
    }
    (0..steps.len()).map(|at| results[at].clone().unwrap_or_else(|| sum(at, &results))).collect()
}

/// Combines the steps, and records for each why it cannot be called.
fn summed(steps: &mut StepTools, targets: Vec<Result<Called, String>>) -> Result<Called, String> {
    let (mut tier, mut classified, mut depth) = (steps.tier, true, 0);
    for (step, target) in steps.steps.iter_mut().zip(targets) {
        match target {
            Ok(called) => {
                tier = tier.max(Some(called.tier));
                classified &= called.classified;
                depth = depth.max(called.depth);
                step.fault = None;
            }
            Err(why) => step.fault = Some(why),
        }
    }
    if let Some((id, why)) = steps.steps.iter().find_map(|step| Some((&step.id, step.fault.as_ref()?))) {
        return Err(format!("step {id}: {why}"));
    }
    if depth + 1 > MOST_DEPTH {
        return Err(format!("composites are nested deeper than {MOST_DEPTH}"));
    }
    let classified = classified || steps.tier.is_some();
    Ok(Called { tier: tier.unwrap_or(CostTier::Medium), classified, depth: depth + 1 })
}

/// The tool with a name.
fn found(tool: Result<Option<Arc<Tool>>, EngineError>, name: &str) -> Result<Arc<Tool>, String> {
    match tool {
        Ok(Some(tool)) => Ok(tool),
        Ok(None) => Err(format!("no tool here has the version {}", SafeText::new(name))),
        Err(error) => Err(error.message),
    }
}

/// A tool, judged only by its row.
fn plain(tool: &Tool) -> Result<Called, String> {
    if tool.kind == Kind::Service {
        return Err(format!("{} is a service; steps call tools that end", tool.name));
    }
    if !tool.runnable {
        return Err(cannot(tool, tool.reason.as_deref()));
    }
    Ok(Called { tier: tool.cost_tier, classified: tool.classified, depth: 0 })
}

fn cannot(tool: &Tool, reason: Option<&str>) -> String {
    format!("{} cannot run: {}", tool.name, reason.unwrap_or("reason unknown"))
}

fn calls_itself(tool: &Tool) -> String {
    format!("{} calls itself, or a tool that does", tool.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{StepTool, ToolExtras};
    use crate::engine::view::CatalogState;

    fn plain(name: &str, tier: CostTier) -> Tool {
        Tool { cost_tier: tier, classified: true, ..Tool::ordinary(name) }
    }

    fn composite(name: &str, tools: &[&str]) -> Tool {
        let step = |(at, tool): (usize, &&str)| StepTool { id: format!("s{at}"), tool: (*tool).into(), fault: None };
        let steps = StepTools { tier: None, steps: tools.iter().enumerate().map(step).collect() };
        let extras = ToolExtras { steps: Some(steps), ..ToolExtras::default() };
        Tool { kind: Kind::Composite, extras: extras.into(), ..Tool::ordinary(name) }
    }

    fn view(tools: Vec<Tool>) -> CatalogView {
        let tools = tools.into_iter().map(Arc::new).collect();
        CatalogView {
            state: CatalogState::Ready,
            tools,
            problems: Vec::new(),
            in_use: None,
            skipped: Arc::default(),
            generation: 1,
        }
    }

    fn reasons(tools: Vec<Tool>) -> Vec<(String, CostTier, Option<String>)> {
        let mut view = view(tools);
        settle(&mut view, |_| false);
        let told = |tool: &Arc<Tool>| (tool.name.to_string(), tool.cost_tier, tool.reason.clone());
        view.tools.iter().filter(|tool| tool.steps.is_some()).map(told).collect()
    }

    fn row(name: &str, tier: CostTier, reason: Option<&str>) -> (String, CostTier, Option<String>) {
        (name.to_owned(), tier, reason.map(str::to_owned))
    }

    #[test]
    fn a_composite_costs_as_much_as_the_most_expensive_step() {
        let tools =
            vec![plain("cheap", CostTier::Low), plain("dear", CostTier::High), composite("c", &["cheap", "dear"])];
        assert_eq!(reasons(tools), [row("c", CostTier::High, None)]);
        let nested = vec![composite("a", &["b"]), composite("b", &["dear"]), plain("dear", CostTier::High)];
        assert_eq!(reasons(nested), [row("a", CostTier::High, None), row("b", CostTier::High, None)]);
    }

    #[test]
    fn steps_whose_tools_cannot_be_called_are_named() {
        let broken = Tool { runnable: false, reason: Some("no".into()), ..plain("broken", CostTier::Low) };
        let service = Tool { kind: Kind::Service, ..plain("web", CostTier::Low) };
        let tools = vec![
            broken,
            service,
            composite("c1", &["none"]),
            composite("c2", &["broken"]),
            composite("c3", &["web"]),
            composite("c4", &["c1"]),
        ];
        let told: Vec<_> = reasons(tools).into_iter().map(|(_, _, reason)| reason.unwrap()).collect();
        let wanted = [
            "step s0: there is no tool \"none\"",
            "step s0: broken cannot run: no",
            "step s0: web is a service; steps call tools that end",
            "step s0: c1 cannot run: step s0: there is no tool \"none\"",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn circles_and_towers_of_composites_do_not_run() {
        let circle = vec![composite("a", &["b"]), composite("b", &["a"])];
        let told = reasons(circle);
        assert!(
            told.iter().all(|(_, _, reason)| reason.as_ref().is_some_and(|text| text.contains("calls itself"))),
            "{told:?}"
        );
        let mut tower = vec![plain("t0", CostTier::Low)];
        tower.extend((1..12).map(|n| composite(&format!("t{n}"), &[&format!("t{}", n - 1)])));
        let told = reasons(tower);
        let fine = told.iter().filter(|(_, _, reason)| reason.is_none()).count();
        assert_eq!(fine, MOST_DEPTH, "{told:?}");
    }
}
