//! The transport of one client: one message per line on standard input and output.
//!
//! The SDK answers every line that it reads, regardless of how many answers wait to be written. Therefore, this
//! transport stops reading while too much is unanswered: a client that does not read its answers has to wait, and uses
//! no memory. It also answers lines that are not messages, and messages out of order, which the SDK would drop or for
//! which it would end the connection.

use super::hints::add_hint;
use super::lost::read_message;
use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ClientRequest, ErrorData, JsonRpcMessage, ProtocolVersion, RequestId, ServerConfig,
    ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, RxJsonRpcMessage, Service, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// The maximum length of a line, in bytes.
const MOST_LINE: usize = 16 << 20;
/// Maximum bytes of unanswered requests before reading stops.
const MOST_UNANSWERED_BYTES: usize = 32 << 20;
/// Maximum number of messages that wait for the writer; one slot is reserved for errors about lines.
const WAITING: usize = 8;
/// Interval between checks whether a waiting client has disconnected.
const STEP: Duration = Duration::from_millis(5);

/// Codes of errors in JSON-RPC.
const NO_JSON: i32 = -32700;
const NO_REQUEST: i32 = -32600;
const WRONG_PARAMETERS: i32 = -32602;

/// A message to write, and a channel to report that it was written.
type Outgoing = (Written, Option<oneshot::Sender<()>>);

/// A message of the SDK, or an error for which the SDK has no type.
enum Written {
    Message(Box<TxJsonRpcMessage<RoleServer>>),
    Error(Value),
}

/// The kind of a line.
enum Heard {
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    Nothing,
    Fault(Value),
}

/// An unanswered request.
struct Place {
    bytes: usize,
    /// Whether its client cancelled it: the SDK does not answer it then.
    is_taken_back: bool,
    /// Whether nothing works on it any longer.
    is_over: bool,
}

/// The unanswered requests.
struct Unanswered {
    most: usize,
    places: Mutex<HashMap<RequestId, Place>>,
    answers: AtomicU64,
    changed: Notify,
}

impl Unanswered {
    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request; `false` if a request with this id is unanswered.
    fn add(&self, id: RequestId, bytes: usize) -> bool {
        let mut all = self.lock();
        if all.contains_key(&id) {
            return false;
        }
        all.insert(id, Place { bytes, is_taken_back: false, is_over: false });
        true
    }

    /// Changes the state of a request. A cancelled request keeps its slot until nothing works on it; otherwise, a
    /// client could have any number of them in progress.
    fn change(&self, id: &RequestId, change: impl Fn(&mut Place)) {
        let mut all = self.lock();
        let Some(place) = all.get_mut(id) else { return };
        change(place);
        if place.is_taken_back && place.is_over {
            all.remove(id);
            self.changed.notify_one();
        }
    }

    fn remove(&self, id: &RequestId) {
        self.lock().remove(id);
        self.changed.notify_one();
    }

    async fn wait_for_room(&self) {
        let has_room = || {
            let all = self.lock();
            all.len() < self.most && all.values().map(|place| place.bytes).sum::<usize>() < MOST_UNANSWERED_BYTES
        };
        while !has_room() {
            self.changed.notified().await;
        }
    }
}

/// The transport, as used by the SDK.
pub(super) struct Wire<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    is_too_long: bool,
    unanswered: Arc<Unanswered>,
    outgoing: mpsc::Sender<Outgoing>,
    has_begun: Arc<AtomicBool>,
    has_hung_up: fn() -> bool,
    tell: watch::Sender<bool>,
}

/// The state of a transport that the SDK does not know.
pub(super) struct Ends {
    closed: watch::Receiver<bool>,
    has_begun: Arc<AtomicBool>,
    unanswered: Arc<Unanswered>,
}

impl Ends {
    /// Waits until the client has closed its end. The SDK would wait for unfinished calls, including subscriptions that
    /// never finish.
    pub(super) async fn closed(&mut self) {
        // A transport that was dropped counts as closed.
        let _ = self.closed.wait_for(|closed| *closed).await;
    }

    /// Records that the handshake is complete: before that, the SDK accepts only requests.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
    }

    /// Wraps a server so that the transport knows when a request is finished.
    pub(super) fn counted<S>(&self, server: S) -> Counted<S> {
        Counted { server, unanswered: Arc::clone(&self.unanswered) }
    }
}

/// A server whose requests are counted while it handles them.
pub(super) struct Counted<S> {
    server: S,
    unanswered: Arc<Unanswered>,
}

/// A request being handled; dropped at its end, even when the handler panics.
struct UnderWay {
    unanswered: Arc<Unanswered>,
    id: RequestId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.unanswered.change(&self.id, |place| place.is_over = true);
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for Counted<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let _under_way = UnderWay { unanswered: Arc::clone(&self.unanswered), id: context.id.clone() };
        self.server.handle_request(request, context).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.server.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.server.supported_protocol_versions()
    }
}

/// The transport on standard input and output, with this maximum number of unanswered requests.
pub(super) fn standard(most: usize) -> (Wire<impl AsyncRead + Send + Unpin>, Ends) {
    let (reader, writer) = rmcp::transport::io::stdio_pipes();
    wire(reader, writer, most, has_left)
}

fn wire<R, W>(reader: R, writer: W, most: usize, has_hung_up: fn() -> bool) -> (Wire<R>, Ends)
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (tell, closed) = watch::channel(false);
    let (outgoing, to_write) = mpsc::channel(WAITING);
    let unanswered =
        Arc::new(Unanswered { most, places: Mutex::default(), answers: AtomicU64::new(0), changed: Notify::new() });
    let has_begun = Arc::new(AtomicBool::new(false));
    tokio::spawn(write(writer, to_write, Arc::clone(&unanswered)));
    let ends = Ends { closed, has_begun: Arc::clone(&has_begun), unanswered: Arc::clone(&unanswered) };
    let (reader, line, is_too_long) = (BufReader::new(reader), Vec::new(), false);
    (Wire { reader, line, is_too_long, unanswered, outgoing, has_begun, has_hung_up, tell }, ends)
}

/// Whether the client has closed its end of standard input, even if there is unread input.
fn has_left() -> bool {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok() && asked[0].revents().intersects(PollFlags::HUP | PollFlags::RDHUP)
}

/// Writes messages until there are no more senders, or the client has closed its end.
async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut messages: mpsc::Receiver<Outgoing>,
    unanswered: Arc<Unanswered>,
) {
    while let Some((message, done)) = messages.recv().await {
        let text = match &message {
            Written::Message(message) => serde_json::to_vec(message),
            Written::Error(error) => serde_json::to_vec(error),
        };
        let Ok(mut line) = text else { continue };
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        unanswered.answers.fetch_add(1, Ordering::Relaxed);
        if let Written::Message(message) = &message
            && let Some(id) = answered(message)
        {
            unanswered.remove(id);
        }
        if let Some(done) = done {
            // A sender that does not wait needs no report.
            let _ = done.send(());
        }
    }
}

/// The request that a message answers.
fn answered(message: &TxJsonRpcMessage<RoleServer>) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

/// A slot with the writer, once there is room for another request; `None` when the client has disconnected, or cannot
/// be answered.
async fn room(
    unanswered: Arc<Unanswered>,
    outgoing: mpsc::Sender<Outgoing>,
    has_hung_up: fn() -> bool,
) -> Option<mpsc::OwnedPermit<Outgoing>> {
    let room = async {
        unanswered.wait_for_room().await;
        outgoing.reserve_owned().await.ok()
    };
    tokio::pin!(room);
    let answers = || unanswered.answers.load(Ordering::Relaxed);
    let mut before = answers();
    loop {
        match tokio::time::timeout(STEP, &mut room).await {
            Ok(room) => return room,
            // A client that closed its end may still read answers.
            Err(_) if has_hung_up() && answers() == before => return None,
            Err(_) => before = answers(),
        }
    }
}

impl<R: AsyncRead + Send + Unpin> Wire<R> {
    /// Reads up to the end of a line; `false` at the end of the input. Bytes that were read are kept if this is
    /// cancelled.
    async fn read_line(&mut self) -> bool {
        loop {
            let Ok(some) = self.reader.fill_buf().await else { return false };
            if some.is_empty() {
                return false;
            }
            let end = memchr::memchr(b'\n', some);
            let taken = end.map_or(some.len(), |at| at + 1);
            self.is_too_long |= self.line.len() + taken > MOST_LINE;
            if self.is_too_long {
                self.line.clear();
            } else {
                self.line.extend_from_slice(&some[..taken]);
            }
            self.reader.consume(taken);
            if end.is_some() {
                return true;
            }
        }
    }

    /// Interprets a line.
    fn heard(&mut self) -> Heard {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_too_long) {
            return fault(&Value::Null, NO_REQUEST, "the message is too long", "a message has at most 16 MiB");
        }
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.is_empty() {
            return Heard::Nothing;
        }
        match std::str::from_utf8(text).ok().and_then(|text| read_message(text).ok()) {
            Some(message) => self.understood(message, line.len()),
            None => fault(&Value::Null, NO_JSON, "Parse error", "each line is one message in JSON"),
        }
    }

    fn understood(&self, message: Value, bytes: usize) -> Heard {
        let id = message.get("id").cloned();
        let known = id.clone().and_then(|id| serde_json::from_value::<RequestId>(id).ok());
        // An error names the request if possible.
        let named = if known.is_some() { id.clone().unwrap_or_default() } else { Value::Null };
        let no_request = |what: &str| fault(&named, NO_REQUEST, "Invalid Request", what);
        let Some(object) = message.as_object() else {
            return no_request("a message is one object; lists are not taken");
        };
        let Some(method) = object.get("method") else {
            let is_answer = object.contains_key("result") || object.contains_key("error");
            return if is_answer { self.said(message) } else { no_request("method is missing") };
        };
        let Some(method) = method.as_str() else { return no_request("method must be a string") };
        if object.get("jsonrpc") != Some(&json!("2.0")) {
            return no_request("jsonrpc must be \"2.0\"");
        }
        if id.is_none() {
            return self.said(message);
        }
        let Some(known) = known else { return no_request("id must be a string or an integer") };
        if object.get("params").is_some_and(|params| !params.is_object()) {
            let hint = format!("params of {method} must be an object");
            return fault(&named, WRONG_PARAMETERS, "Invalid params", &hint);
        }
        let Ok(request) = serde_json::from_value(message) else { return no_request("the request cannot be read") };
        if !self.unanswered.add(known, bytes) {
            return no_request("a request with this id has no answer yet: each needs an id of its own");
        }
        Heard::Message(Box::new(request))
    }

    /// A notification or an answer, for which nobody waits.
    fn said(&self, message: Value) -> Heard {
        if !self.has_begun.load(Ordering::Acquire) {
            return Heard::Nothing;
        }
        if message["method"] == "notifications/cancelled" {
            let id = message["params"].get("requestId").cloned();
            if let Some(id) = id.and_then(|id| serde_json::from_value::<RequestId>(id).ok()) {
                self.unanswered.change(&id, |place| place.is_taken_back = true);
            }
        }
        serde_json::from_value(message).map_or(Heard::Nothing, |message| Heard::Message(Box::new(message)))
    }
}

/// An error about a line, with the next step.
fn fault(id: &Value, code: i32, message: &str, hint: &str) -> Heard {
    let error = json!({"code": code, "message": message, "data": {"hint": hint}});
    Heard::Fault(json!({"jsonrpc": "2.0", "id": id, "error": error}))
}

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for Wire<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let outgoing = self.outgoing.clone();
        let mut item = item;
        if let JsonRpcMessage::Error(error) = &mut item {
            add_hint(&mut error.error);
        }
        async move {
            let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
            let (done, written) = oneshot::channel();
            outgoing.send((Written::Message(Box::new(item)), Some(done))).await.map_err(|_| closed())?;
            written.await.map_err(|_| closed())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let place = room(Arc::clone(&self.unanswered), self.outgoing.clone(), self.has_hung_up).await;
            let is_line = place.is_some() && self.read_line().await;
            let Some(place) = place.filter(|_| is_line) else {
                self.tell.send_replace(true);
                return None;
            };
            match self.heard() {
                Heard::Message(message) => return Some(*message),
                Heard::Nothing => {}
                Heard::Fault(error) => drop(place.send((Written::Error(error), None))),
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};

    /// A client, and the wire to it.
    fn connected(most: usize) -> (DuplexStream, Wire<tokio::io::ReadHalf<DuplexStream>>, Ends) {
        let (client, server) = duplex(64);
        let (reader, writer) = tokio::io::split(server);
        let (wire, ends) = wire(reader, writer, most, || true);
        (client, wire, ends)
    }

    fn heard(line: &[u8], has_begun: bool) -> Heard {
        let (_client, mut wire, ends) = connected(4);
        if has_begun {
            ends.begin();
        }
        wire.line = line.to_vec();
        wire.heard()
    }

    #[tokio::test]
    async fn what_is_no_request_gets_an_error_that_names_it_where_it_can() {
        for (line, id, code) in [
            (&b"not json"[..], json!(null), NO_JSON),
            (b"\xff\xfe\x00", json!(null), NO_JSON),
            (b"[[[[", json!(null), NO_JSON),
            (b"1", json!(null), NO_REQUEST),
            (b"[]", json!(null), NO_REQUEST),
            (b"{}", json!(null), NO_REQUEST),
            (br#"{"jsonrpc":"1.0","id":2,"method":"ping"}"#, json!(2), NO_REQUEST),
            (br#"{"jsonrpc":"2.0","id":"a","method":7}"#, json!("a"), NO_REQUEST),
            (br#"{"jsonrpc":"2.0","id":4}"#, json!(4), NO_REQUEST),
            (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, json!(null), NO_REQUEST),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, json!(null), NO_REQUEST),
            (br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#, json!(7), WRONG_PARAMETERS),
        ] {
            let Heard::Fault(error) = heard(line, true) else { panic!("{}", String::from_utf8_lossy(line)) };
            assert_eq!((&error["id"], &error["error"]["code"]), (&id, &json!(code)), "{error}");
            assert!(error["error"]["data"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{error}");
        }
        assert!(matches!(heard(b" \r", true), Heard::Nothing));
        assert!(matches!(heard(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, false), Heard::Message(_)));
    }

    #[tokio::test]
    async fn before_the_handshake_notifications_and_answers_are_ignored() {
        for line in [
            &br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#[..],
            br#"{"jsonrpc":"2.0","id":5,"result":{}}"#,
            br#"{"jsonrpc":"2.0","id":6,"error":{"code":1,"message":"x"}}"#,
        ] {
            assert!(matches!(heard(line, false), Heard::Nothing));
            assert!(matches!(heard(line, true), Heard::Message(_)), "{}", String::from_utf8_lossy(line));
        }
    }

    #[tokio::test]
    async fn a_client_that_reads_no_answers_is_kept_waiting_and_may_leave() {
        let (mut client, mut wire, mut ends) = connected(2);
        let asks = tokio::spawn(async move {
            for id in 0.. {
                let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
                if client.write_all(line.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
        assert!(wire.receive().await.is_some() && wire.receive().await.is_some());
        // The third is not read; the client has disconnected (`has_hung_up`) and accepts no answer.
        assert!(wire.receive().await.is_none());
        ends.closed().await;
        drop(wire);
        asks.await.unwrap();
    }

    #[tokio::test]
    async fn a_request_that_was_taken_back_keeps_its_place_while_it_is_worked_on() {
        let (mut client, mut wire, ends) = connected(1);
        ends.begin();
        let ask = |id: u8| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/list\"}}\n");
        let take_back = |id: u8| {
            let params = json!({"requestId": id});
            format!("{}\n", json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        };
        let text = [ask(1), take_back(1), ask(2)].concat();
        let sent = tokio::spawn(async move {
            client.write_all(text.as_bytes()).await.unwrap();
            client
        });
        assert!(wire.receive().await.is_some(), "the first request");
        let under_way = UnderWay { unanswered: Arc::clone(&ends.unanswered), id: RequestId::Number(1) };
        let taken_back = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
        assert!(matches!(wire.said(taken_back), Heard::Message(_)));
        assert_eq!(ends.unanswered.lock().len(), 1, "it is worked on");
        drop(under_way);
        assert_eq!(ends.unanswered.lock().len(), 0);
        assert!(wire.receive().await.is_some() && wire.receive().await.is_some());
        drop(wire);
        drop(sent.await.unwrap());
        // A finished request is removed if it is cancelled afterwards.
        let (_client, wire, ends) = connected(1);
        ends.begin();
        assert!(ends.unanswered.add(RequestId::Number(3), 5));
        drop(UnderWay { unanswered: Arc::clone(&ends.unanswered), id: RequestId::Number(3) });
        assert_eq!(ends.unanswered.lock().len(), 1, "its answer is on its way");
        wire.said(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}));
        assert_eq!(ends.unanswered.lock().len(), 0);
    }

    #[tokio::test]
    async fn an_id_can_be_used_again_once_it_has_its_answer() {
        let (mut client, mut wire, _ends) = connected(4);
        let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        wire.line = ping.to_vec();
        assert!(matches!(wire.heard(), Heard::Message(_)));
        wire.line = ping.to_vec();
        assert!(matches!(wire.heard(), Heard::Fault(_)));
        let answer: TxJsonRpcMessage<RoleServer> =
            serde_json::from_value(json!({"jsonrpc": "2.0", "id": 1, "result": {}})).unwrap();
        wire.send(answer).await.unwrap();
        let mut text = [0; 20];
        client.read_exact(&mut text).await.unwrap();
        wire.line = ping.to_vec();
        assert!(matches!(wire.heard(), Heard::Message(_)));
    }
}
