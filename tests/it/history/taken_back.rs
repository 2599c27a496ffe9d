//! Whatever was done in whatever order: taking it back step by step leads through the same states, to the start.

use super::world::{World, ada, decide};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use toolsmith::domain::{Command, CommentAnchor, CommentKind, DecisionKind, GrantKey, GrantScope, Operation, Stage};

/// Something that can be done; the number chooses what it is done to, among what is there then.
#[derive(Debug, Clone, Copy)]
enum Step {
    Decide(DecisionKind, u8),
    Promote(u8),
    Archive(u8),
    Restore(u8),
    Allow(u8),
    Grant(u8),
    Revoke(u8),
    Comment(u8),
    Deprecate(u8),
    Rollback(u8),
    RestoreFiles(u8),
    Fork(u8),
    Apply,
    /// The newest step is taken back in between.
    Undo,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        4 => any::<u8>().prop_map(|n| Step::Decide(DecisionKind::Approve, n)),
        1 => any::<u8>().prop_map(|n| Step::Decide(DecisionKind::Reject, n)),
        1 => any::<u8>().prop_map(|n| Step::Decide(DecisionKind::RequestChanges, n)),
        2 => any::<u8>().prop_map(Step::Promote),
        2 => any::<u8>().prop_map(Step::Archive),
        2 => any::<u8>().prop_map(Step::Restore),
        1 => any::<u8>().prop_map(Step::Allow),
        1 => any::<u8>().prop_map(Step::Grant),
        1 => any::<u8>().prop_map(Step::Revoke),
        1 => any::<u8>().prop_map(Step::Comment),
        1 => any::<u8>().prop_map(Step::Deprecate),
        1 => any::<u8>().prop_map(Step::Rollback),
        1 => any::<u8>().prop_map(Step::RestoreFiles),
        1 => any::<u8>().prop_map(Step::Fork),
        1 => Just(Step::Apply),
        1 => Just(Step::Undo),
    ];
    prop::collection::vec(one, 1..9)
}

const OPEN: &[Stage] = &[Stage::Experimental, Stage::Approved, Stage::Core];

const VOUCHED: &[Stage] = &[Stage::Approved, Stage::Core];

/// What a step means now; `None` when there is nothing to do it to.
fn command(world: &World, step: Step) -> Option<Command> {
    let choose = |count: usize, n: u8| (count > 0).then(|| usize::from(n) % count.max(1));
    let tool = |stages: &[Stage], n: u8| {
        let tools = world.tools(stages);
        choose(tools.len(), n).map(|at| tools[at].clone())
    };
    Some(match step {
        Step::Decide(kind, n) => {
            let waiting = world.waiting();
            decide(&waiting[choose(waiting.len(), n)?], kind)
        }
        Step::Promote(n) => {
            let tool = tool(OPEN, n)?;
            let to = if tool.stage == Stage::Approved { Stage::Core } else { Stage::Approved };
            Command::Promote { tool: tool.path, to }
        }
        Step::Archive(n) => Command::verb("archive", &[("tool", &tool(OPEN, n)?.path)]),
        Step::Restore(n) => Command::verb("restore", &[("tool", &tool(&[Stage::Archived], n)?.path)]),
        Step::Allow(n) => {
            let tool = tool(&[Stage::Approved], n)?;
            Command::Allow { tool: tool.path, digest: tool.digest }
        }
        Step::Grant(n) => {
            let tool = tool(&[Stage::Experimental], n)?;
            let (agent, scope) = ("bot".to_owned(), GrantScope::Version);
            Command::Grant { tool: tool.path, digest: tool.digest, agent, scope }
        }
        Step::Revoke(n) => {
            let list = world.engine.grants().list().unwrap();
            let agents = list.agents.iter().map(|grant| GrantKey::Agent(grant.id));
            let allowed = list.allowed.iter().map(|grant| GrantKey::Allow(grant.tool.clone(), grant.digest));
            let keys: Vec<GrantKey> = agents.chain(allowed).collect();
            Command::Revoke { grant: keys[choose(keys.len(), n)?].clone() }
        }
        Step::Comment(n) => {
            let waiting = world.waiting();
            let review = waiting[choose(waiting.len(), n)?].id;
            let (spot, kind, body) = (CommentAnchor::default(), CommentKind::Question, "why?".to_owned());
            Command::Comment { review, spot, kind, body }
        }
        Step::Deprecate(n) => Command::verb("deprecate", &[("tool", &tool(OPEN, n)?.path)]),
        Step::Rollback(n) => Command::verb("rollback", &[("tool", &tool(VOUCHED, n)?.path)]),
        Step::RestoreFiles(n) => Command::verb("restore-files", &[("tool", &tool(VOUCHED, n)?.path)]),
        Step::Fork(n) => {
            Command::verb("fork", &[("tool", &tool(VOUCHED, n)?.path), ("name", &format!("fork{}", n % 2))])
        }
        Step::Apply | Step::Undo => return None,
    })
}

fn newest(world: &World) -> Option<Operation> {
    world.engine.history().operations(1, None).unwrap().pop()
}

/// Does a step; whether an entry of the log that can be taken back came of it.
fn take(world: &World, step: Step) -> bool {
    let before = newest(world).map(|operation| operation.id);
    if let Some(command) = command(world, step) {
        // What is refused must change nothing; the comparison at the end would show it.
        drop(world.execute(command));
    } else if let (Step::Apply, true) = (step, world.engine.library().resolve("writer").is_ok()) {
        world.run("writer", &ada());
    }
    newest(world).is_some_and(|operation| Some(operation.id) != before)
}

fn there_and_back(steps: &[Step]) -> Result<(), TestCaseError> {
    let world = World::new();
    let start = world.workspace.git(&["rev-parse", "HEAD"]);
    let mut states = vec![world.state()];
    let mut done = Vec::new();
    let back = |states: &mut Vec<_>, done: &mut Vec<Step>| {
        let undone = world.execute(Command::Undo { operation: None });
        prop_assert!(undone.is_ok(), "{:?} cannot be taken back: {:?}", done.last(), undone);
        states.pop();
        let (now, before) = (world.state(), states.last().unwrap());
        prop_assert!(now == *before, "after taking back {:?}: {}", done.last(), before.difference(&now));
        done.pop();
        Ok(())
    };
    for step in steps {
        if let (Step::Undo, false) = (step, done.is_empty()) {
            back(&mut states, &mut done)?;
        } else if take(&world, *step) {
            states.push(world.state());
            done.push(*step);
        } else {
            let (now, before) = (world.state(), states.last().unwrap());
            prop_assert!(now == *before, "{step:?} left no entry: {}", before.difference(&now));
        }
    }
    while !done.is_empty() {
        back(&mut states, &mut done)?;
    }
    let faults = world.engine.integrity().verify().unwrap().faults;
    prop_assert!(faults.iter().all(|fault| fault.contains("drifted") || fault.contains("cloned")), "{faults:?}");
    // Nothing of the history of git was rewritten.
    world.workspace.git(&["merge-base", "--is-ancestor", &start, "HEAD"]);
    Ok(())
}

#[test]
fn taking_back_what_was_done_leads_through_the_same_states_to_the_start() {
    let cases = std::env::var("TOOLSMITH_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    if let Err(failure) = runner.run(&steps(), |steps| there_and_back(&steps)) {
        panic!("{failure}");
    }
}
