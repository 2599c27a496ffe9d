//! Passing messages on: kept before they are sent, answers kept before they are shown.

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
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// Lines of earlier exchanges that a process gets which has not heard them.
const HISTORY: u64 = 20;

impl Keeper {
    /// Milliseconds of the conversation's clock.
    pub(super) fn exchange_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Keeps a message and passes it on as soon as those before it are answered.
    pub(super) fn say(
        &mut self,
        message: &str,
        who: &str,
        timeout: Duration,
        reply: SyncSender<KeeperAnswer>,
    ) -> Result<(), EngineError> {
        let state = self.row.instance.life.state;
        let adapter = self.definition.adapter;
        // Looked at before anything is kept: a message that cannot be sent was not said.
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
        if !state.is_up() {
            let name = &self.row.instance.name;
            answer(&reply, failed(&format!("{name} is {state}"), "try again when it runs"));
            return Ok(());
        }
        let (id, line) = self.keep_message(message, who)?;
        let since_ms = self.exchange_ms();
        let until_ms = since_ms.saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        self.replies.insert(id, Waiting { reply, since_ms });
        let orders = self.exchange_queue.say(ExchangeRequest { id, line, until_ms, is_probe: false });
        self.carry_out(orders)
    }

    /// Keeps a message, takes the prompts that go with it, and makes the line for the service.
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

    /// Takes output of the service.
    pub(super) fn hear(&mut self, number: u64, frame: &Frame) -> Result<(), EngineError> {
        self.attached.retain(|sink| {
            // Who reads slower than the service writes misses a piece; who is gone is forgotten.
            !matches!(sink.try_send(frame.bytes.clone()), Err(std::sync::mpsc::TrySendError::Disconnected(_)))
        });
        if number != self.row.instance.life.incarnation {
            return Ok(());
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

    /// Carries out what the conversation asks for.
    pub(super) fn carry_out(&mut self, orders: Vec<ExchangeOrder>) -> Result<(), EngineError> {
        for order in orders {
            match order {
                ExchangeOrder::Send { id, line } => self.write_line(id, &line),
                ExchangeOrder::Answer { id, text, is_late } if id > 0 => self.answered(id, &text, is_late)?,
                ExchangeOrder::Answer { text, is_late: false, .. } => self.probe_answered(Ok(text)),
                ExchangeOrder::Answer { .. } => {}
                ExchangeOrder::Fail { id, cause } if id > 0 => self.unanswered(id, &cause)?,
                ExchangeOrder::Fail { cause, .. } => self.probe_answered(Err(cause)),
            }
        }
        Ok(())
    }

    fn answered(&mut self, id: i64, text: &str, is_late: bool) -> Result<(), EngineError> {
        let (instance, name, run) = (self.id, self.row.instance.name.clone(), self.row.instance.run);
        let role = if is_late { ExchangeRole::LateAnswer } else { ExchangeRole::Answer };
        let new = NewExchange { instance, role, who: name.as_str(), text, run };
        let waiting = self.replies.remove(&id);
        let took_ms = waiting.as_ref().map(|waiting| self.waited_ms(waiting));
        self.engine.workspace.transact(|tx| {
            tx.keep_services().add_exchange(new, &name)?;
            // A late answer was counted when its time was over.
            if let Some(took_ms) = took_ms.filter(|_| !is_late) {
                tx.keep_services().count_message(&self.row.instance, true, took_ms)?;
            }
            Ok(())
        })?;
        if let Some(waiting) = waiting {
            answer(&waiting.reply, KeeperAnswer::Said { exchange: id, text: text.to_owned() });
        }
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
            // The end of a process is judged by its run; a message that nobody took says nothing of the service.
            ExchangeFault::Ended | ExchangeFault::QueueFull | ExchangeFault::Busy => Ok(()),
        };
        let name = &self.row.instance.name;
        let hint = match cause {
            ExchangeFault::TimedOut => "a later answer is still kept; --timeout sets another limit",
            ExchangeFault::Ended | ExchangeFault::QueueFull | ExchangeFault::Busy => "",
        };
        let hint = if hint.is_empty() { format!("`toolsmith services {name}` says more") } else { hint.to_owned() };
        answer(&waiting.reply, failed(&format!("{name}: {cause}"), &hint));
        counted
    }

    fn waited_ms(&self, waiting: &Waiting) -> u64 {
        u64::try_from(self.exchange_ms() - waiting.since_ms).unwrap_or_default()
    }
}

fn failed(message: &str, hint: &str) -> KeeperAnswer {
    KeeperAnswer::Failed { message: message.to_owned(), hint: hint.to_owned() }
}

/// Whoever asked may be gone meanwhile.
fn answer(reply: &SyncSender<KeeperAnswer>, answer: KeeperAnswer) {
    let _ = reply.try_send(answer);
}
