//! Buffers: the facade over their rules, passing batches to tools, and the timer that flushes.
//!
//! An item is confirmed only after its transaction is committed. The rules determine who gets the batches. A tool gets
//! a batch as the input of an ordinary run, which the policy may refuse.

mod clock;
mod gather;
mod hand_over;
mod status;
#[cfg(test)]
mod tests;
mod verb;

pub(in crate::engine) use clock::play as play_clock;
pub use gather::Gather;
pub use hand_over::Pending;
pub use status::{AsideItem, BufferAnswer, BufferStatus, HandedOver};
pub(super) use verb::BUFFER;

use crate::domain::{
    Buffer, BufferId, BufferSink, Caller, CostTier, Digest, MAX_BATCH, MAX_ITEM_BYTES, MAX_WAITING, Tool, ToolName,
    ToolUse, USAGE_BUFFER,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::buffering::{self, Hand, Turn};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::owner::owner_alive;
use crate::engine::workspace::Workspace;
use crate::store::{BufferItem, ItemState};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::engine::core::buffering::BufferChange;

/// A write to a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferWrite {
    /// The buffer to write to; it is created if it does not exist.
    pub buffer: BufferId,
    /// Changes to its rule.
    pub change: BufferChange,
    /// The items, each of them one JSON value.
    pub items: Vec<String>,
}

/// Items taken from a buffer: they are deleted by [`Buffers::let_go`](crate::engine::Buffers::let_go).
#[derive(Debug, Clone, Default)]
pub struct Taken {
    items: Vec<BufferItem>,
}

impl Taken {
    /// The items, oldest first.
    pub fn values(&self) -> Vec<Value> {
        let read = |item: &BufferItem| serde_json::from_str(&item.item);
        self.items.iter().map(|item| read(item).unwrap_or_else(|_| Value::String(item.item.clone()))).collect()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Buffers: items collected for a tool that takes them in batches.
#[derive(Clone, Copy)]
pub struct Buffers<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Buffers<'_> {
    /// Writes items. If a batch becomes due, it is passed on before this returns.
    ///
    /// # Errors
    /// Those of [`Self::fill`]. If a tool did not accept a batch, the answer says so, and the items are kept.
    pub fn write(&self, write: &BufferWrite, caller: &Caller) -> Result<BufferAnswer, EngineError> {
        let (answer, pending) = self.fill(write, caller)?;
        Ok(match pending {
            Some(pending) => answer.and(self.hand_over(pending)),
            None => answer,
        })
    }

    /// Writes items. If a batch for a tool becomes due, the caller has to pass it on. When this returns, every item is
    /// durable.
    ///
    /// # Errors
    /// `Usage` for an invalid item or rule, `NotFound` for an unknown tool, `Refused` when the buffer is full,
    /// `HumanNeeded` for an agent that would change the rule of a human.
    pub fn fill(&self, write: &BufferWrite, caller: &Caller) -> Result<(BufferAnswer, Option<Pending>), EngineError> {
        let BufferWrite { buffer, change, items } = write;
        items.iter().try_for_each(|item| item_fits(buffer, item))?;
        if buffer.is_usage() && matches!(caller, Caller::Agent(_)) {
            self.refuse_unseen_success(items)?;
        }
        self.change_fits(buffer, change)?;
        let turn = self.with_hand(caller, |hand| {
            self.workspace.transact(|tx| buffering::write(tx, hand, buffer, change, items))
        })?;
        Ok(self.answer("write", turn, caller))
    }

    /// Refuses an agent's report of a success of a tool without any observed run.
    fn refuse_unseen_success(&self, items: &[String]) -> Result<(), EngineError> {
        let uses = items.iter().filter_map(|item| ToolUse::read(&serde_json::from_str(item).ok()?).ok());
        let good: BTreeSet<ToolName> = uses.filter(|one| one.success == Some(true)).map(|one| one.tool).collect();
        if good.is_empty() {
            return Ok(());
        }
        let seen = self.workspace.read(|q| Ok(q.stats()?))?;
        match good.into_iter().find(|tool| !seen.contains_key(tool)) {
            Some(tool) => Err(EngineError::new(
                ErrorCode::Usage,
                format!("no run of {tool} was observed here, so an agent cannot report that it succeeded"),
                format!("run it with `toolsmith run {tool}`, or report the use without `success`"),
            )),
            None => Ok(()),
        }
    }

    /// Passes on all waiting items of a buffer.
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer. If a tool did not accept a batch, the answer says so.
    pub fn flush(&self, buffer: &BufferId, caller: &Caller) -> Result<BufferAnswer, EngineError> {
        let turn = self.with_hand(caller, |hand| self.workspace.transact(|tx| buffering::flush(tx, hand, buffer)))?;
        let (answer, pending) = self.answer("flush", turn, caller);
        Ok(match pending {
            Some(pending) => answer.and(self.hand_over(pending)),
            None => answer,
        })
    }

    /// The flushed items that have not been taken yet, oldest first. They are kept until [`Self::let_go`].
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer, `Conflict` while another process takes them, `HumanNeeded` when an
    /// agent would take what a human wrote.
    pub fn take(&self, buffer: &BufferId, caller: &Caller) -> Result<Taken, EngineError> {
        let items = self.with_hand(caller, |hand| self.workspace.transact(|tx| buffering::take(tx, hand, buffer)))?;
        Ok(Taken { items })
    }

    /// Deletes items that were taken.
    ///
    /// # Errors
    /// `Internal` for errors of the store; then the next call of `take` returns them again.
    pub fn let_go(&self, buffer: &BufferId, taken: &Taken) -> Result<(), EngineError> {
        if taken.is_empty() {
            return Ok(());
        }
        self.workspace.transact(|tx| buffering::taken(tx, buffer, &taken.items)).map(drop)
    }

    /// Discards the waiting items of a buffer, and the flushed items that nobody took.
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer, `Conflict` while a batch is on its way, `HumanNeeded` when an agent
    /// would discard what a human wrote.
    pub fn clear(&self, buffer: &BufferId, caller: &Caller) -> Result<BufferAnswer, EngineError> {
        let (turn, cleared) =
            self.with_hand(caller, |hand| self.workspace.transact(|tx| buffering::clear(tx, hand, buffer)))?;
        let (answer, _) = self.answer("clear", turn, caller);
        Ok(answer.cleared(cleared))
    }

    /// The items that were set aside in a buffer, oldest first, with the reasons; for an agent, only items of agents.
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer.
    pub fn set_aside(&self, buffer: &BufferId, caller: &Caller) -> Result<Vec<AsideItem>, EngineError> {
        self.workspace.read(|q| {
            q.buffer(buffer)?.ok_or_else(|| buffering::unknown(buffer))?;
            let items = q.buffer_items(buffer, ItemState::Aside, MAX_WAITING, usize::MAX)?;
            // An agent does not see what a human wrote, as with `take`.
            let may_see = |item: &BufferItem| matches!(caller, Caller::Human(_)) || item.author != buffering::HUMAN;
            Ok(items.into_iter().filter(may_see).map(AsideItem::of).collect())
        })
    }

    /// Puts all items that were set aside back into the buffer. If a batch becomes due, it is passed on before this
    /// returns.
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer, `Conflict` while a batch is on its way, `HumanNeeded` for an agent if a
    /// human wrote an item.
    pub fn retry(&self, buffer: &BufferId, caller: &Caller) -> Result<BufferAnswer, EngineError> {
        let (turn, items) =
            self.with_hand(caller, |hand| self.workspace.transact(|tx| buffering::put_back(tx, hand, buffer)))?;
        let (answer, pending) = self.answer("retry", turn, caller);
        let answer = answer.retried(items);
        Ok(match pending {
            Some(pending) => answer.and(self.hand_over(pending)),
            None => answer,
        })
    }

    /// The fill level of a buffer.
    ///
    /// # Errors
    /// `NotFound` when there is no such buffer.
    pub fn status(&self, buffer: &BufferId) -> Result<BufferAnswer, EngineError> {
        let found = self.workspace.read(|q| Ok(q.buffer(buffer)?))?.ok_or_else(|| buffering::unknown(buffer))?;
        Ok(BufferAnswer::new("status", BufferStatus::of(&found, now())))
    }

    /// The fill level of every buffer, by name.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self) -> Result<Vec<BufferStatus>, EngineError> {
        let (found, at) = (self.workspace.read(|q| Ok(q.buffers()?))?, now());
        Ok(found.iter().map(|buffer| BufferStatus::of(buffer, at)).collect())
    }

    /// Calls `work` on behalf of this caller and this process.
    fn with_hand<T>(&self, caller: &Caller, work: impl FnOnce(Hand<'_>) -> T) -> T {
        let (who, by) = (caller.identity(), author(caller));
        work(Hand { who: &who, by: &by, owner: &self.workspace.owner, is_alive: &owner_alive })
    }

    /// The answer to a step, and the batch to pass on.
    fn answer(&self, operation: &'static str, turn: Turn, caller: &Caller) -> (BufferAnswer, Option<Pending>) {
        self.wind_clock(&turn);
        let answer = BufferAnswer::of(operation, &turn, now());
        let pending = turn.claim.map(|claim| Pending { claim, caller: caller.clone() });
        (answer, pending)
    }

    /// Refuses an invalid rule and an unknown tool.
    fn change_fits(&self, buffer: &BufferId, change: &BufferChange) -> Result<(), EngineError> {
        if change.max_size.is_some_and(|size| !(1..=MAX_BATCH).contains(&size)) {
            return Err(EngineError::new(ErrorCode::Usage, format!("the batch size must be 1 to {MAX_BATCH}"), ""));
        }
        let Some(BufferSink::Tool { tool, .. }) = &change.sink else { return self.sink_is_in_use(buffer) };
        if tool == USAGE_BUFFER {
            let message = format!("counted items belong in buffer {USAGE_BUFFER}, not {buffer}");
            return Err(EngineError::new(ErrorCode::Usage, message, "use `toolsmith buffer write --buffer usage …`"));
        }
        // The same tool was already checked; it may be missing temporarily.
        let same = |known: &Buffer| Some(&known.sink) == change.sink.as_ref();
        if self.workspace.read(|q| Ok(q.buffer(buffer)?))?.as_ref().is_some_and(same) {
            return self.sink_is_in_use(buffer);
        }
        self.refuse_sink(&*self.tool_now(tool)?)
    }

    /// Refuses a write if the batches go to a tool that is outside the limits of this process, because another process
    /// without these limits passes them on.
    fn sink_is_in_use(&self, buffer: &BufferId) -> Result<(), EngineError> {
        if !self.engine.tool_sets().is_limited() {
            return Ok(());
        }
        match self.workspace.read(|q| Ok(q.buffer(buffer)?))?.map(|buffer| buffer.sink) {
            Some(BufferSink::Tool { tool, .. }) => self.refuse_sink(&*self.tool_now(&tool)?),
            Some(BufferSink::Nobody | BufferSink::Usage) | None => Ok(()),
        }
    }

    /// Refuses a tool that is prohibited, not in use, or above the maximum tier.
    fn refuse_sink(&self, tool: &Tool) -> Result<(), EngineError> {
        let refused = |why: String| {
            let hint = "nothing was written; use --to to name another tool";
            Err(EngineError::new(ErrorCode::Refused, format!("{}: {why}", tool.name), hint))
        };
        if tool.cost_tier == CostTier::Prohibited {
            return refused("its cost tier is prohibited: it never runs".to_owned());
        }
        if let Some(selection) = self.engine.tool_sets().unused(tool) {
            return refused(format!("it is not in the tool set in use ({selection})"));
        }
        match self.engine.tool_sets().tiers()? {
            tiers if tiers.is_above_cap(tool) => {
                refused(format!("its cost tier is {}, above the limit", tool.cost_tier))
            }
            _ => Ok(()),
        }
    }

    /// The tool that a name means now. Scans first: the folders may have changed, and the clock process has no front
    /// end that scans them.
    fn tool_now(&self, name: &str) -> Result<Arc<Tool>, EngineError> {
        self.engine.library().scan_once()?;
        if let Ok(tool) = self.engine.library().resolve(name)
            && self.engine.library().files_on_disk(&tool).is_ok_and(|files| Digest::of_files(&files) == tool.digest)
        {
            return Ok(tool);
        }
        self.engine.library().scan(&mut |_| {})?;
        self.engine.library().resolve(name)
    }
}

/// The author that is stored with an item.
fn author(caller: &Caller) -> String {
    match caller {
        Caller::Human(_) => buffering::HUMAN.to_owned(),
        Caller::Agent(_) => caller.identity(),
    }
}

/// Checks whether an item can be written to a buffer.
///
/// # Errors
/// `Usage` for an item that is too large or is not JSON, and in the buffer `usage` for one that is not a use of a tool.
pub fn item_fits(buffer: &BufferId, item: &str) -> Result<(), EngineError> {
    let refuse = |why: String, hint: &str| Err(EngineError::new(ErrorCode::Usage, why, hint));
    if item.len() > MAX_ITEM_BYTES {
        let why = format!("the item has {} bytes, at most {MAX_ITEM_BYTES} are allowed", item.len());
        return refuse(why, "write the content to a file and buffer its path");
    }
    let value: Value = match serde_json::from_str(item) {
        Ok(value) => value,
        Err(error) => return refuse(format!("the item is not valid JSON: {error}"), ""),
    };
    match ToolUse::read(&value) {
        Err(why) if buffer.is_usage() => refuse(format!("the item is not a tool use: {why}"), ""),
        Ok(_) | Err(_) => Ok(()),
    }
}
