//! The exchange with a service as a pure state machine: one message at a time, with answers matched by order, or by
//! number if the service repeats the number of the message.
//!
//! A service that answers too late would answer the next message with the answer to this one. So a message that timed
//! out is still owed an answer: the next line is assigned to it, and the line after that to the current message. If no
//! second line comes, the service had skipped the old message, and the first line was the answer to the current one.
//!
//! A service may also write lines that answer nothing, such as a banner. For a service that repeats numbers, a wrong
//! assignment is soon corrected: an answer with the number of a message that was assigned another line belongs to that
//! message, and from then on only JSON objects count as answers. For other services, wrong assignments cannot be
//! detected; lines without a message are counted.

use super::adapter::{Answered, decode, has_answer_key};
use serde_json::Value;
use std::collections::VecDeque;

/// Longest answer in bytes; a longer line is cut.
pub const MAX_ANSWER: usize = 1 << 20;

/// Consecutive health probes that are skipped while an earlier one is unanswered. Then one is sent again, because the
/// service may have skipped the earlier one.
const MOST_UNASKED: u32 = 10;

/// Maximum number of pending messages.
pub const MAX_QUEUE: usize = 256;

/// Maximum size of pending messages in bytes.
const MAX_WAITING: usize = 16 << 20;

/// Maximum number of requests whose answers may still come; older ones are dropped.
const MAX_OWED: usize = 256;

/// A request to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRequest {
    /// Its unique number; messages have the number under which they are stored.
    pub id: i64,
    /// The line for the service, with its end.
    pub line: String,
    /// The deadline, in milliseconds of any clock.
    pub until_ms: i64,
    /// Whether it is a health probe, which is skipped while a message is pending.
    pub is_probe: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeOrder {
    /// Write this line to the service.
    Send {
        /// Number of the request.
        id: i64,
        /// The line, with its end.
        line: String,
    },
    /// A request was answered.
    Answer {
        /// Number of the request.
        id: i64,
        /// The text of the answer.
        text: String,
        /// Whether the request had timed out before.
        is_late: bool,
    },
    /// A request will not be answered.
    Fail {
        /// Number of the request.
        id: i64,
        /// Why.
        cause: ExchangeFault,
    },
}

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeFault {
    /// In the time it was given.
    #[error("no answer in time")]
    TimedOut,
    /// The process ended first.
    #[error("it ended before it answered")]
    Ended,
    /// Too many others are pending.
    #[error("busy, {0} messages are waiting")]
    QueueFull(usize),
    /// The service has not read earlier input.
    #[error("it does not read its input")]
    Unread,
    /// A health probe while a message waits for its answer.
    #[error("busy with a message")]
    Busy,
}

/// A request that timed out and may still be answered.
#[derive(Debug)]
struct OwedAnswer {
    id: i64,
    is_probe: bool,
}

/// Pending requests, and answers that the service owes.
#[derive(Debug, Default)]
pub struct ExchangeQueue {
    waiting: VecDeque<ExchangeRequest>,
    current: Option<ExchangeRequest>,
    /// Requests that timed out and may still be answered, oldest first.
    owed: VecDeque<OwedAnswer>,
    /// The newest health probe that timed out, and the number of probes skipped because of it.
    owed_probe: Option<(i64, u32)>,
    /// A line that was assigned to an older request while the current one waited.
    taken_for_older: Option<(i64, String)>,
    /// Messages that were assigned lines without a number, oldest first.
    unconfirmed: VecDeque<i64>,
    /// Whether the service repeats the number of a message in its answer.
    repeats_number: bool,
    /// Whether this process was sent a message.
    is_addressed: bool,
    /// Lines since then that came while nothing waited for an answer.
    surplus: u64,
    /// Whether the service wrote no line since a request timed out.
    is_silent: bool,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// Whether the rest of a line that was too long is being discarded.
    drops_rest: bool,
}

impl ExchangeQueue {
    /// Whether nothing is in progress or pending.
    pub fn is_idle(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }

    /// Why no further message is accepted; `None` if one is.
    pub fn full(&self) -> Option<ExchangeFault> {
        let bytes: usize = self.waiting.iter().map(|request| request.line.len()).sum();
        let is_full = self.waiting.len() >= MAX_QUEUE || bytes >= MAX_WAITING;
        is_full.then_some(ExchangeFault::QueueFull(self.waiting.len()))
    }

    /// The current request could not be written: the service does not read, and owes no answer to it.
    pub fn unread(&mut self) -> Vec<ExchangeOrder> {
        let unread = self.current.take();
        let failed = unread.map(|request| ExchangeOrder::Fail { id: request.id, cause: ExchangeFault::Unread });
        failed.into_iter().chain(self.go_on()).collect()
    }

    /// When the next request times out, milliseconds.
    pub fn wake_at_ms(&self) -> Option<i64> {
        self.current.iter().chain(&self.waiting).map(|request| request.until_ms).min()
    }

    /// Sends a request as soon as the previous one is answered.
    pub fn say(&mut self, request: ExchangeRequest) -> Vec<ExchangeOrder> {
        if request.is_probe && !self.is_idle() {
            // A service that hangs stays busy.
            let cause = if self.is_silent { ExchangeFault::TimedOut } else { ExchangeFault::Busy };
            return vec![ExchangeOrder::Fail { id: request.id, cause }];
        }
        // A slow service gets no further probes: it could never catch up, and its answers could not be assigned.
        if request.is_probe
            && let Some((owed, unasked)) = &mut self.owed_probe
            && self.owed.iter().any(|answer| answer.id == *owed)
            && *unasked < MOST_UNASKED
        {
            *unasked += 1;
            return vec![ExchangeOrder::Fail { id: request.id, cause: ExchangeFault::TimedOut }];
        }
        if let Some(cause) = self.full() {
            return vec![ExchangeOrder::Fail { id: request.id, cause }];
        }
        self.waiting.push_back(request);
        self.go_on()
    }

    /// Takes output of the service.
    pub fn hear(&mut self, bytes: &[u8]) -> Vec<ExchangeOrder> {
        let mut orders = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            if !self.drops_rest {
                let room = MAX_ANSWER.saturating_sub(self.partial.len());
                self.partial.extend_from_slice(&text[..text.len().min(room)]);
                self.drops_rest = text.len() > room;
            }
            if is_whole {
                self.drops_rest = false;
                let line = std::mem::take(&mut self.partial);
                orders.extend(self.line(&String::from_utf8_lossy(&line)));
            }
        }
        orders
    }

    fn line(&mut self, line: &str) -> Vec<ExchangeOrder> {
        let Answered { text, id, value } = decode(line);
        if text.trim().is_empty() {
            return Vec::new();
        }
        self.is_silent = false;
        if let Some(at) = id.and_then(|id| self.owed.iter().position(|owed| owed.id == id)) {
            let late = self.owed.remove(at);
            return late.map(|owed| ExchangeOrder::Answer { id: owed.id, text, is_late: true }).into_iter().collect();
        }
        let is_named = id.is_some() && id == self.current.as_ref().map(|current| current.id);
        self.repeats_number |= is_named;
        let older = if is_named { None } else { self.older_request(id, value.as_ref()) };
        if let Some(id) = older {
            if self.current.is_some() {
                self.taken_for_older = Some((id, text.clone()));
            }
            return vec![ExchangeOrder::Answer { id, text, is_late: true }];
        }
        let is_message = self.current.as_ref().is_some_and(|current| !current.is_probe);
        if is_message && self.repeats_number && !is_object(value.as_ref()) {
            return Vec::new();
        }
        // Unsolicited lines are in the log of the service.
        let Some(current) = self.current.take() else {
            self.surplus += u64::from(self.is_addressed);
            return Vec::new();
        };
        self.taken_for_older = None;
        if is_message && id.is_none() {
            push_bounded(&mut self.unconfirmed, current.id);
        }
        let mut orders = vec![ExchangeOrder::Answer { id: current.id, text, is_late: false }];
        orders.extend(self.go_on());
        orders
    }

    /// The earlier request that a line without the number of the current one answers.
    fn older_request(&mut self, id: Option<i64>, value: Option<&Value>) -> Option<i64> {
        // Another line was assigned to it. A record with its own number is not an answer.
        if value.is_some_and(has_answer_key)
            && let Some(at) = id.and_then(|id| self.unconfirmed.iter().position(|taken| *taken == id))
        {
            self.repeats_number = true;
            return self.unconfirmed.remove(at);
        }
        let is_for_message = !self.repeats_number || is_object(value);
        let at = self.owed.iter().position(|owed| is_for_message || owed.is_probe)?;
        self.owed.remove(at).map(|owed| owed.id)
    }

    /// The number of lines that came while nothing waited for an answer. If answers are matched by order, they may
    /// belong to messages that were assigned other lines.
    pub fn surplus_lines(&self) -> u64 {
        if self.repeats_number { 0 } else { self.surplus }
    }

    /// Lets requests time out.
    pub fn tick(&mut self, now_ms: i64) -> Vec<ExchangeOrder> {
        let mut orders = Vec::new();
        for request in std::mem::take(&mut self.waiting) {
            if request.until_ms <= now_ms {
                orders.push(ExchangeOrder::Fail { id: request.id, cause: ExchangeFault::TimedOut });
            } else {
                self.waiting.push_back(request);
            }
        }
        if let Some(current) = self.current.take_if(|current| current.until_ms <= now_ms) {
            // The service skipped the older request: the line was the answer to this one.
            if let Some((_, text)) = self.taken_for_older.take() {
                // The number in that line was the service's own.
                self.repeats_number = false;
                orders.push(ExchangeOrder::Answer { id: current.id, text, is_late: false });
            } else {
                self.is_silent = true;
                push_bounded(&mut self.owed, OwedAnswer { id: current.id, is_probe: current.is_probe });
                if current.is_probe {
                    self.owed_probe = Some((current.id, 0));
                }
                orders.push(ExchangeOrder::Fail { id: current.id, cause: ExchangeFault::TimedOut });
            }
        }
        orders.extend(self.go_on());
        orders
    }

    /// The process ended: it owes no more answers.
    pub fn end(&mut self) -> Vec<ExchangeOrder> {
        let lost = self.current.take().into_iter().chain(std::mem::take(&mut self.waiting));
        let orders = lost.map(|request| ExchangeOrder::Fail { id: request.id, cause: ExchangeFault::Ended }).collect();
        *self = ExchangeQueue::default();
        orders
    }

    fn go_on(&mut self) -> Vec<ExchangeOrder> {
        if self.current.is_some() {
            return Vec::new();
        }
        let Some(request) = self.waiting.pop_front() else { return Vec::new() };
        self.is_addressed |= !request.is_probe;
        if self.owed.is_empty() {
            // It may be a prompt; otherwise it may be the beginning of a late answer.
            self.partial.clear();
        }
        let order = ExchangeOrder::Send { id: request.id, line: request.line.clone() };
        self.current = Some(request);
        vec![order]
    }
}

/// Appends to a list that drops its oldest items.
fn push_bounded<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= MAX_OWED {
        list.pop_front();
    }
    list.push_back(item);
}

fn is_object(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: i64, until_ms: i64) -> ExchangeRequest {
        ExchangeRequest { id, line: format!("{id}\n"), until_ms, is_probe: false }
    }

    fn send(id: i64) -> ExchangeOrder {
        ExchangeOrder::Send { id, line: format!("{id}\n") }
    }

    fn answer(id: i64, text: &str, is_late: bool) -> ExchangeOrder {
        ExchangeOrder::Answer { id, text: text.to_owned(), is_late }
    }

    fn fail(id: i64, cause: ExchangeFault) -> ExchangeOrder {
        ExchangeOrder::Fail { id, cause }
    }

    #[test]
    fn messages_go_out_one_at_a_time_in_order() {
        let mut talk = ExchangeQueue::default();
        assert_eq!(talk.say(request(1, 100)), [send(1)]);
        assert_eq!((talk.say(request(2, 100)), talk.say(request(3, 100))), (vec![], vec![]));
        assert_eq!(talk.hear(b"one\ntw"), [answer(1, "one", false), send(2)]);
        assert_eq!(talk.hear(b"o\n\n"), [answer(2, "two", false), send(3)]);
        assert_eq!(talk.hear(b"three\n"), [answer(3, "three", false)]);
        assert!(talk.is_idle());
        assert_eq!(talk.hear(b"unasked\n"), []);
    }

    #[test]
    fn an_answer_that_comes_too_late_belongs_to_its_own_message() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        assert_eq!(talk.tick(99), []);
        assert_eq!(talk.tick(100), [fail(1, ExchangeFault::TimedOut)]);
        assert_eq!(talk.say(request(2, 200)), [send(2)]);
        assert_eq!(talk.hear(b"late one\n"), [answer(1, "late one", true)]);
        assert_eq!(talk.hear(b"two\n"), [answer(2, "two", false)]);
    }

    #[test]
    fn a_message_that_the_service_left_out_shifts_no_answer_for_good() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        talk.tick(100);
        talk.say(request(2, 200));
        assert_eq!(talk.hear(b"two\n"), [answer(1, "two", true)]);
        assert_eq!(talk.tick(200), [answer(2, "two", false)]);
        assert_eq!(talk.say(request(3, 300)), [send(3)]);
        assert_eq!(talk.hear(b"three\n"), [answer(3, "three", false)]);
    }

    #[test]
    fn a_service_that_repeats_the_number_is_matched_by_it() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        talk.tick(100);
        talk.say(request(2, 200));
        assert_eq!(talk.hear(b"{\"id\": 2, \"response\": \"two\"}\n"), [answer(2, "two", false)]);
        assert_eq!(talk.hear(b"{\"id\": 1, \"response\": \"one\"}\n"), [answer(1, "one", true)]);
    }

    #[test]
    fn a_probe_waits_for_nobody_and_the_end_fails_everything() {
        let mut talk = ExchangeQueue::default();
        let probe = |id| ExchangeRequest { is_probe: true, ..request(id, 50) };
        assert_eq!(talk.say(probe(1)), [send(1)]);
        talk.say(request(2, 100));
        assert_eq!(talk.say(probe(3)), [fail(3, ExchangeFault::Busy)]);
        assert_eq!(talk.wake_at_ms(), Some(50));
        assert_eq!(talk.end(), [fail(1, ExchangeFault::Ended), fail(2, ExchangeFault::Ended)]);
        assert_eq!(talk.say(request(4, 100)), [send(4)]);
        assert_eq!(talk.hear(b"four\n"), [answer(4, "four", false)]);
    }

    #[test]
    fn a_service_that_is_late_is_not_asked_again_before_it_answered_or_for_some_time() {
        let mut talk = ExchangeQueue::default();
        let probe = |id, until_ms| ExchangeRequest { is_probe: true, ..request(id, until_ms) };
        assert_eq!(talk.say(probe(-1, 30)), [send(-1)]);
        assert_eq!(talk.tick(30), [fail(-1, ExchangeFault::TimedOut)]);
        assert_eq!(talk.say(probe(-2, 80)), [fail(-2, ExchangeFault::TimedOut)]);
        // A message is sent all the same, and gets its own answer.
        assert_eq!(talk.say(request(1, 900)), [send(1)]);
        assert_eq!(talk.hear(b"pong\n"), [answer(-1, "pong", true)]);
        assert_eq!(talk.hear(b"one\n"), [answer(1, "one", false)]);
        assert_eq!(talk.say(probe(-3, 130)), [send(-3)]);
        talk.tick(130);
        for id in 0..i64::from(MOST_UNASKED) {
            assert_eq!(talk.say(probe(-4 - id, 200)), [fail(-4 - id, ExchangeFault::TimedOut)]);
        }
        assert_eq!(talk.say(probe(-99, 250)), [send(-99)]);
        // The service had skipped the question; that is known once no further line arrives.
        assert_eq!(talk.hear(b"pong\n"), [answer(-3, "pong", true)]);
        assert_eq!(talk.tick(250), [answer(-99, "pong", false)]);
        assert_eq!(talk.say(probe(-100, 300)), [send(-100)]);
    }

    #[test]
    fn busy_is_no_excuse_for_a_service_that_said_nothing_since_a_message_timed_out() {
        let mut talk = ExchangeQueue::default();
        let probe = |id| ExchangeRequest { is_probe: true, ..request(id, 50) };
        talk.say(request(1, 100));
        assert_eq!(talk.say(probe(-1)), [fail(-1, ExchangeFault::Busy)], "a control: it works on its first message");
        talk.tick(100);
        talk.say(request(2, 900));
        assert_eq!(talk.say(probe(-2)), [fail(-2, ExchangeFault::TimedOut)]);
        assert_eq!(talk.hear(b"one\n"), [answer(1, "one", true)]);
        assert_eq!(talk.say(probe(-3)), [fail(-3, ExchangeFault::Busy)]);
        // Permanently skipping one message does not count as silence.
        talk.tick(900);
        talk.say(request(3, 1000));
        talk.tick(1000);
        talk.say(request(4, 2000));
        assert_eq!(talk.hear(b"{\"id\": 4, \"text\": \"four\"}\n"), [answer(4, "four", false)]);
        talk.say(request(5, 3000));
        assert_eq!(talk.say(probe(-4)), [fail(-4, ExchangeFault::Busy)]);
    }

    #[test]
    fn what_was_written_before_a_message_is_no_part_of_its_answer() {
        let mut talk = ExchangeQueue::default();
        assert_eq!(talk.hear(b"Welcome\n> "), []);
        talk.say(request(1, 100));
        assert_eq!(talk.hear(b"one\n> "), [answer(1, "one", false)]);
        talk.say(request(2, 100));
        assert_eq!(talk.hear(b"two\n"), [answer(2, "two", false)]);
        assert_eq!(talk.surplus_lines(), 0);
        // The first half of a late answer still belongs to the late answer.
        talk.say(request(3, 100));
        talk.hear(b"thr");
        talk.tick(100);
        talk.say(request(4, 200));
        assert_eq!(talk.hear(b"ee\nfour\n"), [answer(3, "three", true), answer(4, "four", false)]);
    }

    #[test]
    fn a_banner_takes_no_answer_from_a_service_that_repeats_the_number() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        talk.say(request(2, 100));
        // It cannot be known yet that this line is not an answer.
        assert_eq!(talk.hear(b"Welcome\n"), [answer(1, "Welcome", false), send(2)]);
        assert_eq!(talk.hear(b"{\"id\": 1, \"response\": \"one\"}\n"), [answer(1, "one", true)]);
        assert_eq!(talk.hear(b"loading the model\n"), [], "it is known to repeat numbers");
        assert_eq!(talk.hear(b"{\"id\": 2, \"response\": \"two\"}\n"), [answer(2, "two", false)]);
        // An object without a number may be an error, and health questions have no number.
        talk.say(request(3, 100));
        assert_eq!(talk.hear(b"{\"error\": \"no\"}\n"), [answer(3, "{\"error\":\"no\"}", false)]);
        talk.say(ExchangeRequest { is_probe: true, ..request(-1, 100) });
        talk.tick(100);
        talk.say(request(4, 200));
        assert_eq!(talk.hear(b"pong\n"), [answer(-1, "pong", true)]);
        talk.hear(b"{\"id\": 4, \"text\": \"four\"}\n");
        talk.say(ExchangeRequest { is_probe: true, ..request(-2, 300) });
        assert_eq!(talk.hear(b"pong\n"), [answer(-2, "pong", false)]);
        // The next process may be a different program.
        talk.end();
        talk.say(request(5, 400));
        assert_eq!(talk.hear(b"plain\n"), [answer(5, "plain", false)]);
    }

    #[test]
    fn a_number_of_the_services_own_is_no_number_of_a_message() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        assert_eq!(talk.hear(b"ok\n"), [answer(1, "ok", false)]);
        talk.say(request(3, 100));
        let record = "{\"id\":1,\"name\":\"x\"}";
        assert_eq!(talk.hear(format!("{record}\n").as_bytes()), [answer(3, record, false)]);
        // A line that looks like the answer to the earlier message is the current answer if no other line arrives.
        talk.say(request(5, 100));
        assert_eq!(talk.hear(b"{\"id\":1,\"text\":\"x\"}\n"), [answer(1, "x", true)]);
        assert_eq!(talk.tick(100), [answer(5, "x", false)]);
    }

    #[test]
    fn lines_that_answer_nothing_are_counted_where_answers_are_matched_by_order() {
        let mut talk = ExchangeQueue::default();
        talk.hear(b"a line before the first message\n");
        talk.say(request(1, 100));
        talk.hear(b"Welcome\none\n");
        assert_eq!(talk.surplus_lines(), 1);
        talk.say(request(2, 100));
        assert_eq!(talk.hear(b"{\"id\": 2}\n"), [answer(2, "{\"id\":2}", false)]);
        assert_eq!(talk.surplus_lines(), 0, "its answers have numbers");
    }

    #[test]
    fn a_line_without_end_takes_bounded_memory_and_a_queue_has_an_end() {
        let mut talk = ExchangeQueue::default();
        talk.say(request(1, 100));
        for _ in 0..40 {
            talk.hear(&vec![b'x'; 1 << 16]);
        }
        let orders = talk.hear(b"rest\n");
        let [ExchangeOrder::Answer { text, .. }] = &orders[..] else { panic!("{orders:?}") };
        assert_eq!(text.len(), MAX_ANSWER);
        for id in 2..=MAX_QUEUE as i64 + 2 {
            talk.say(request(id, 100));
        }
        assert_eq!(talk.say(request(999, 100)), [fail(999, ExchangeFault::QueueFull(MAX_QUEUE))]);
    }
}
