//! Passing messages on. Messages are stored before they are sent, and answers before they are shown.

use super::{Keeper, Waiting};
use crate::domain::service::{
    Adapter, ExchangeFault, ExchangeOrder, ExchangeRequest, ExchangeRole, InstanceState, LifeEvent, Outgoing, encode,
};
use crate::domain::{Redactor, Stream, rfc3339};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::service::wire::KeeperAnswer;
use crate::runner::Frame;
use crate::store::NewExchange;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

/// Number of lines of earlier exchanges that a new process receives.
const HISTORY: u64 = 20;

impl Keeper {
    /// Stores a message, and sends it as soon as the previous messages are answered.
    pub(super) fn say(
        &mut self,
        message: &str,
        who: &str,
        timeout: Duration,
        reply: SyncSender<KeeperAnswer>,
    ) -> Result<(), EngineError> {
        let adapter = self.definition.adapter;
        // Checked before anything is stored: a message that cannot be sent is not recorded.
        let trial = Outgoing {
            message,
            prompts: &[],
            last_output: None,
            history: &[],
            session: self.row.instance.name.as_str(),
            timestamp: "",
            id: 0,
        };
        if let Err(fault) = encode(adapter, &trial) {
            answer(&reply, failed(&fault.to_string(), "the adapter of the definition decides what it takes"));
            return Ok(());
        }
        if let Some(refusal) = self.refusal() {
            answer(&reply, refusal);
            return Ok(());
        }
        let (id, line) = match self.keep_message(message, who) {
            Ok(kept) => kept,
            Err(error) => {
                let message = format!("{}: the message could not be stored: {}", self.row.instance.name, error.message);
                answer(&reply, failed(&message, "it was not sent; try again when the workspace can be written"));
                return Ok(());
            }
        };
        let since_ms = self.steady_ms();
        let until_ms = since_ms.saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        self.replies.insert(id, Waiting { reply, since_ms });
        let orders = self.exchange_queue.say(ExchangeRequest { id, line, until_ms, is_probe: false });
        self.carry_out(orders)
    }

    /// Why no message is accepted now.
    fn refusal(&self) -> Option<KeeperAnswer> {
        let state = self.row.instance.life.state;
        let name = &self.row.instance.name;
        if !state.is_up() {
            return Some(failed(&format!("{name} is {state}"), "try again when it runs"));
        }
        let fault = self.exchange_queue.full().or_else(|| {
            let is_unread = self.exchange_queue.is_idle() && !self.reads_input();
            is_unread.then_some(ExchangeFault::Unread)
        });
        fault.map(|fault| self.fault_answer(&fault))
    }

    /// Stores a message, takes the prompts that are sent with it, and encodes the line for the service.
    fn keep_message(&mut self, message: &str, who: &str) -> Result<(i64, String), EngineError> {
        let (instance, name) = (self.id, self.row.instance.name.clone());
        let number = self.row.instance.life.incarnation;
        let is_new = std::mem::replace(&mut self.has_heard, number) != number;
        let run = self.row.instance.run;
        let kept = Redactor::default().text(message);
        let adapter = self.definition.adapter;
        self.engine.workspace.transact(|tx| {
            let mut context = tx.services().context_of(instance)?;
            let history = if is_new { tx.services().exchanges(instance, HISTORY)? } else { Vec::new() };
            let new = NewExchange { instance, role: ExchangeRole::Message, who, text: &kept, run };
            let id = tx.keep_services().add_exchange(new, &name)?;
            let prompts = std::mem::take(&mut context.next);
            if !prompts.is_empty() {
                tx.keep_services().put_context(instance, &context, &name)?;
            }
            let outgoing = Outgoing {
                message,
                prompts: &prompts,
                last_output: context.last_output.as_deref(),
                history: &history,
                session: name.as_str(),
                timestamp: &rfc3339(now()),
                id,
            };
            let line = encode(adapter, &outgoing).map_err(EngineError::internal)?;
            Ok((id, line))
        })
    }

    /// Handles output of the service.
    pub(super) fn hear(&mut self, number: u64, frame: &Frame) -> Result<(), EngineError> {
        if !self.attached.is_empty() {
            let bytes: Arc<[u8]> = frame.bytes.as_slice().into();
            self.attached.retain(|terminal| {
                // A client that reads too slowly misses a piece; a client that has disconnected is removed.
                !matches!(terminal.output.try_send(Arc::clone(&bytes)), Err(TrySendError::Disconnected(_)))
            });
        }
        if number != self.row.instance.life.incarnation {
            return Ok(());
        }
        if frame.stream == Stream::Stderr {
            self.last_line.take(&frame.bytes);
        }
        if self.row.instance.life.state == InstanceState::Starting
            && self.prober.line_says_ready(&frame.bytes)
            && self.bind_progress.record_ready_line()
        {
            self.advance(&[LifeEvent::Ready(number)])?;
        }
        if frame.stream == Stream::Stderr || self.definition.adapter == Adapter::None {
            return Ok(());
        }
        if self.hear_by_translator(&frame.bytes) {
            return Ok(());
        }
        let orders = self.exchange_queue.hear(&frame.bytes);
        self.carry_out(orders)
    }

    /// Executes all orders of the message queue. An error of the store is returned at the end.
    pub(super) fn carry_out(&mut self, orders: Vec<ExchangeOrder>) -> Result<(), EngineError> {
        let mut orders = VecDeque::from(orders);
        let mut stored = Ok(());
        while let Some(order) = orders.pop_front() {
            match order {
                ExchangeOrder::Send { id, line } => {
                    if !self.write_line(id, &line) {
                        orders.extend(self.exchange_queue.unread());
                    }
                }
                ExchangeOrder::Answer { id, text, is_late } if id > 0 => {
                    stored = stored.and(self.answered(id, &text, is_late));
                }
                ExchangeOrder::Answer { text, is_late: false, .. } => self.probe_answered(Ok(text)),
                ExchangeOrder::Answer { .. } => {}
                ExchangeOrder::Fail { id, cause } if id > 0 => stored = stored.and(self.unanswered(id, &cause)),
                ExchangeOrder::Fail { cause, .. } => self.probe_answered(Err(cause)),
            }
        }
        stored
    }

    fn answered(&mut self, id: i64, text: &str, is_late: bool) -> Result<(), EngineError> {
        let (instance, name, run) = (self.id, self.row.instance.name.clone(), self.row.instance.run);
        let role = if is_late { ExchangeRole::LateAnswer } else { ExchangeRole::Answer };
        let new = NewExchange { instance, role, who: name.as_str(), text, run };
        let waiting = self.replies.remove(&id);
        let took_ms = waiting.as_ref().map(|waiting| self.waited_ms(waiting));
        let stored = self.engine.workspace.transact(|tx| {
            tx.keep_services().add_exchange(new, &name)?;
            // A late answer was already counted when it timed out.
            if let Some(took_ms) = took_ms.filter(|_| !is_late) {
                tx.keep_services().count_message(&self.row.instance, true, took_ms)?;
            }
            Ok(())
        });
        // Nobody waits for a late answer.
        let Some(waiting) = waiting else { return stored };
        let told = match stored {
            Ok(()) => {
                let surplus_lines = self.exchange_queue.surplus_lines();
                KeeperAnswer::Said { exchange: id, text: text.to_owned(), surplus_lines }
            }
            Err(error) => failed(
                &format!("{name} answered, but the answer could not be stored: {}", error.message),
                &format!("`toolsmith output {name}` may show it"),
            ),
        };
        answer(&waiting.reply, told);
        Ok(())
    }

    fn unanswered(&mut self, id: i64, cause: &ExchangeFault) -> Result<(), EngineError> {
        let Some(waiting) = self.replies.remove(&id) else { return Ok(()) };
        let counted = match cause {
            ExchangeFault::TimedOut => {
                let took_ms = self.waited_ms(&waiting);
                self.engine
                    .workspace
                    .transact(|tx| Ok(tx.keep_services().count_message(&self.row.instance, false, took_ms)?))
            }
            // The run determines how its process ended; an unsent message is no evidence about the service.
            ExchangeFault::Ended | ExchangeFault::QueueFull(_) | ExchangeFault::Unread | ExchangeFault::Busy => Ok(()),
        };
        answer(&waiting.reply, self.fault_answer(cause));
        counted
    }

    fn fault_answer(&self, cause: &ExchangeFault) -> KeeperAnswer {
        let name = &self.row.instance.name;
        let hint = match cause {
            ExchangeFault::TimedOut => "a later answer is still kept; --timeout sets another limit".to_owned(),
            ExchangeFault::QueueFull(_) => "try again when some of them are answered".to_owned(),
            ExchangeFault::Unread => format!("try again when it reads, or `toolsmith relaunch {name}`"),
            ExchangeFault::Ended => match self.row.instance.run {
                Some(run) => format!("`toolsmith output {run}` prints the log of the run that ended"),
                None => format!("`toolsmith services {name}` says more"),
            },
            ExchangeFault::Busy => format!("`toolsmith services {name}` says more"),
        };
        let last_line = self.last_line.text().filter(|_| matches!(cause, ExchangeFault::Ended));
        let detail = last_line.map_or_else(String::new, |line| format!("; last line on standard error: {line}"));
        failed(&format!("{name}: {cause}{detail}"), &hint)
    }

    fn waited_ms(&self, waiting: &Waiting) -> u64 {
        u64::try_from(self.steady_ms() - waiting.since_ms).unwrap_or_default()
    }
}

fn failed(message: &str, hint: &str) -> KeeperAnswer {
    KeeperAnswer::Failed { message: message.to_owned(), hint: hint.to_owned() }
}

/// Sends an answer; the client may have disconnected.
fn answer(reply: &SyncSender<KeeperAnswer>, answer: KeeperAnswer) {
    let _ = reply.try_send(answer);
}
