//! The server over HTTP, for several agents at once. A request without a valid token only gets the answer 401. The SDK
//! checks host and origin, and implements the protocol and its sessions.

use super::guests::{Answer, Denied, Guest, Guests, MOST_BODY};
use super::hints::{add_hint, hint_for, hint_for_refusal};
use super::lost::marked;
use crate::engine::{EngineError, ErrorCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::model::ErrorData;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;

/// The only path that is served.
const PATH: &str = "/mcp";
/// Maximum number of connections without a valid token. If there are more, the oldest is closed.
const MOST_UNKNOWN: usize = 128;
/// The time limit for the head of a request, including the next one on a connection.
const HEAD: Duration = Duration::from_secs(10);
/// The time limit for the body.
const BODY: Duration = Duration::from_secs(30);
/// Pause after a failed accept: the missing resource, usually file descriptors, becomes available by itself.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens at an address.
///
/// # Errors
/// `Failed` when the address is in use or does not belong to this machine.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, EngineError> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen at {address}: {error}");
        EngineError::new(ErrorCode::Failed, message, "choose another port; port 0 takes a free one")
    })
}

/// Serves until this process is asked to end.
///
/// # Errors
/// `Internal` when signals cannot be received.
pub(super) async fn serve(listener: TcpListener, guests: Arc<Guests>) -> Result<(), EngineError> {
    let mut terminated = signal(SignalKind::terminate()).map_err(EngineError::internal)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(EngineError::internal)?;
    tokio::select! {
        () = accept(&listener, &guests) => {}
        () = guests.look_after() => {}
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    guests.end().await;
    Ok(())
}

/// Connections without a valid token so far, oldest first.
#[derive(Default)]
struct Unknown {
    all: Mutex<VecDeque<(u64, AbortHandle)>>,
}

impl Unknown {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, AbortHandle)>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection, and closes the oldest if there are too many.
    fn add(&self, number: u64, task: AbortHandle) {
        let mut all = self.lock();
        all.retain(|(_, task)| !task.is_finished());
        if all.len() >= MOST_UNKNOWN
            && let Some((_, oldest)) = all.pop_front()
        {
            oldest.abort();
        }
        all.push_back((number, task));
    }

    /// Removes a connection that has shown a valid token.
    fn remove(&self, number: u64) {
        self.lock().retain(|(one, _)| *one != number);
    }
}

async fn accept(listener: &TcpListener, guests: &Arc<Guests>) {
    let unknown = Arc::new(Unknown::default());
    for number in 0.. {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        let caller = Arc::new(Connection { number, unknown: Arc::clone(&unknown), known: Mutex::default() });
        let task = tokio::spawn(converse(stream, Arc::clone(guests), caller));
        unknown.add(number, task.abort_handle());
    }
}

/// A connection, and its slot among the connections of its agent once it has shown a valid token.
struct Connection {
    number: u64,
    unknown: Arc<Unknown>,
    known: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Connection {
    /// Takes a slot among the connections of an agent. The first agent of a connection determines it.
    fn is_of(&self, guest: &Guest) -> Result<(), Denied> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            *known = Some(guest.connect()?);
            self.unknown.remove(self.number);
        }
        Ok(())
    }
}

async fn converse(stream: TcpStream, guests: Arc<Guests>, connection: Arc<Connection>) {
    // Send small answers at once.
    let _ = stream.set_nodelay(true);
    let answered = service_fn(move |request| {
        let (guests, connection) = (Arc::clone(&guests), Arc::clone(&connection));
        async move { Ok::<_, Infallible>(answer(request, &guests, &connection).await.unwrap_or_else(|why| denied(&why))) }
    });
    // A client that disconnects gets no answer.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), answered)
        .await;
}

async fn answer(request: Request<Incoming>, guests: &Guests, connection: &Connection) -> Result<Answer, Denied> {
    let (mut head, body) = request.into_parts();
    if head.uri.path() != PATH {
        return Ok(refusal(StatusCode::NOT_FOUND, "the server is at /mcp", None));
    }
    if [HOST, ORIGIN, AUTHORIZATION].iter().any(|name| head.headers.get_all(name).iter().count() > 1) {
        return Ok(refusal(
            StatusCode::BAD_REQUEST,
            "a header is repeated: send Host, Origin and Authorization once",
            None,
        ));
    }
    // RFC 9112, 3.2.2: the host in an absolute URL takes precedence over the header, but the SDK reads only the header.
    if let Some(authority) = head.uri.authority() {
        let Ok(host) = HeaderValue::from_str(authority.as_str()) else {
            return Ok(refusal(StatusCode::BAD_REQUEST, "the host cannot be read: send a name and a port", None));
        };
        head.headers.insert(HOST, host);
    }
    if let Some(refused) = odd_authority(&head.headers) {
        return Ok(refused);
    }
    let secret = bearer(&head.headers).ok_or(Denied::Unknown)?.to_owned();
    let guest = guests.admit(&secret)?;
    connection.is_of(&guest)?;
    guest.demand_rate()?;
    let body = match tokio::time::timeout(BODY, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let text = format!("the request is too large: it can have {} MiB at most", MOST_BODY >> 20);
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, &text, None));
        }
        Ok(Err(_)) => {
            return Ok(refusal(StatusCode::BAD_REQUEST, "the request body is incomplete: send it again", None));
        }
        Err(_) => {
            let text = format!("the request took too long to arrive: send it within {} s", BODY.as_secs());
            return Ok(refusal(StatusCode::REQUEST_TIMEOUT, &text, None));
        }
    };
    // A marked message is longer than its client said.
    let sent = marked(&body).map(Bytes::from).inspect(|_| drop(head.headers.remove(CONTENT_LENGTH)));
    let sent = sent.unwrap_or_else(|| body.clone());
    // The token may have been revoked while the body arrived.
    let guest = guests.admit(&secret)?;
    let is_first = !head.headers.contains_key("mcp-session-id") && opens_session(&body);
    let is_json = is_json(&head.headers);
    let session = head.headers.get("mcp-session-id").and_then(|session| session.to_str().ok()).map(str::to_owned);
    let id = id_of(&sent).filter(|_| session.is_some());
    let unanswered = id.as_ref().map(|id| guest.begin(session.as_deref().unwrap_or_default(), &id.to_string()));
    let Some(unanswered) = unanswered.map_or(Some(None), |begun| begun.map(Some)) else {
        let id = id.unwrap_or_default();
        return Ok(error(&id, -32600, "Invalid Request: a request with this id has no answer yet"));
    };
    if head.method == Method::DELETE && !guest.has_session(session.as_deref().unwrap_or_default()).await {
        let text = "there is no such session of this agent: begin a new one with initialize";
        return Ok(refusal(StatusCode::NOT_FOUND, text, None));
    }
    if let Some(refused) = not_resumed(&guest, &head, session.as_deref()).await {
        return Ok(refused);
    }
    let request = Request::from_parts(head, Full::new(sent));
    let answer = hinted(guest.answer(request, is_first).await?).await;
    // Held until the whole answer was sent, or the client has disconnected.
    let answer = answer.map(|body| {
        body.map_frame(move |frame| {
            let _held = &unanswered;
            frame
        })
        .boxed()
    });
    // The SDK reports a wrong content type when the content is wrong.
    let is_misread = is_json && answer.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Ok(if is_misread { no_message(&body) } else { answer })
}

/// The answer to a client that wants to continue after an event that is no longer kept.
async fn not_resumed(guest: &Guest, head: &Parts, session: Option<&str>) -> Option<Answer> {
    let event = head.headers.get("last-event-id").filter(|_| head.method == Method::GET)?.to_str().unwrap_or_default();
    let session = session?;
    // The SDK answers for a session that it does not know.
    if !guest.has_session(session).await || guest.can_resume(session, event).await {
        return None;
    }
    let hint = "ask again: `output` reads what a run wrote, `wait` the decision of a human; GET without Last-Event-ID \
                listens from now on";
    Some(error_with(&Value::Null, -32600, "Invalid Request: what came behind this event is not kept", hint))
}

/// Whether a request declares a JSON body.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The protocol error for a body that is not a valid message.
fn no_message(body: &[u8]) -> Answer {
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let (code, message) = if is_json { (-32600, "Invalid Request") } else { (-32700, "Parse error") };
    error(&Value::Null, code, message)
}

fn error(id: &Value, code: i32, message: &str) -> Answer {
    error_with(id, code, message, &hint_for(code, message).unwrap_or_default())
}

fn error_with(id: &Value, code: i32, message: &str, hint: &str) -> Answer {
    let data = json!({"hint": hint});
    let error = json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message, "data": data}});
    let mut answer = Response::new(Full::new(Bytes::from(error.to_string())).boxed());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Refuses a request whose `Host` or `Origin` is not just a name and a port. The SDK checks only parts of them: it
/// would accept `evil.example@localhost`, and any text in place of a port of this machine.
fn odd_authority(headers: &HeaderMap) -> Option<Answer> {
    let is_odd = |name: HeaderName| {
        let uri = headers.get(name).and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
        uri.as_ref().and_then(Uri::authority).is_some_and(|authority| {
            let (whole, host) = (authority.as_str(), authority.host());
            let with_port = authority.port_u16().map(|port| format!("{host}:{port}"));
            whole != host && with_port.as_deref() != Some(whole)
        })
    };
    if is_odd(HOST) {
        return Some(refusal(StatusCode::BAD_REQUEST, "the host cannot be read: send a name and a port", None));
    }
    let text = "the origin cannot be read: only pages of this machine can call, with a name and a port";
    is_odd(ORIGIN).then(|| refusal(StatusCode::FORBIDDEN, text, None))
}

/// A refusal with a hint added: a protocol error, or the plain text of the SDK.
async fn hinted(answer: Answer) -> Answer {
    if !answer.status().is_client_error() {
        return answer;
    }
    let is_message = is_json(answer.headers());
    let (mut head, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    let bytes = body.to_bytes();
    if !is_message {
        let said = String::from_utf8_lossy(&bytes);
        let text = match hint_for_refusal(head.status.as_u16(), &said) {
            Some(hint) => format!("{}: {hint}\n", said.trim_end()),
            None => said.into_owned(),
        };
        head.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(head, Full::new(Bytes::from(text)).boxed());
    }
    let with_hint = serde_json::from_slice::<Value>(&bytes).ok().and_then(|mut message| {
        let mut error: ErrorData = serde_json::from_value(message.get("error")?.clone()).ok()?;
        add_hint(&mut error);
        message["error"] = serde_json::to_value(error).ok()?;
        serde_json::to_vec(&message).ok()
    });
    // The length has changed.
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Full::new(with_hint.map_or(bytes, Bytes::from)).boxed())
}

/// The id of a request; `None` for a notification or an answer.
fn id_of(body: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        id: Value,
        method: Option<IgnoredAny>,
    }
    let message = serde_json::from_slice::<Message>(body).ok()?;
    message.method.map(|_| message.id).filter(|id| id.is_string() || id.is_number())
}

/// Whether a message opens a session.
fn opens_session(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message<'m> {
        #[serde(borrow, default)]
        method: Cow<'m, str>,
    }
    serde_json::from_slice::<Message<'_>>(body).is_ok_and(|message| message.method == "initialize")
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

fn denied(why: &Denied) -> Answer {
    match why {
        Denied::Unknown => {
            let text = "a token is needed: `toolsmith token AGENT` creates one; send it as Authorization: Bearer TOKEN";
            refusal(StatusCode::UNAUTHORIZED, text, Some((WWW_AUTHENTICATE, "Bearer realm=\"toolsmith\"".to_owned())))
        }
        Denied::TooMany(seconds) => {
            let text = format!("too many requests within a minute: send again in {seconds} s");
            refusal(StatusCode::TOO_MANY_REQUESTS, &text, Some((RETRY_AFTER, seconds.to_string())))
        }
        Denied::Sessions => {
            refusal(StatusCode::TOO_MANY_REQUESTS, "too many sessions are open; end one with DELETE", None)
        }
        Denied::Connections => refusal(StatusCode::TOO_MANY_REQUESTS, "too many connections are open; close one", None),
        Denied::Closing => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down: connect again later", None)
        }
        Denied::Trouble => {
            let text = "the state of the workspace cannot be read now: send again, or run `toolsmith doctor`";
            refusal(StatusCode::SERVICE_UNAVAILABLE, text, None)
        }
    }
}

fn refusal(status: StatusCode, text: &str, header: Option<(HeaderName, String)>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(format!("{text}\n"))).boxed());
    *answer.status_mut() = status;
    // A refused client does not keep its connection.
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some((name, value)) = header
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        answer.headers_mut().insert(name, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_from_the_authorization_header_only() {
        for (value, wanted) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
            ("Bearer", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(bearer(&headers), wanted, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
