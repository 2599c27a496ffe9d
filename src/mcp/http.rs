//! The server over HTTP, for several agents at once. A request without a valid token gets no answer but 401; the checks of
//! the host and the origin, the protocol and its sessions are those of the SDK.

use super::guests::{Denied, Guests};
use crate::engine::{EngineError, ErrorCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// The only path that is served.
const PATH: &str = "/mcp";
/// Connections that are open at the same time; others wait to be accepted.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for the head of a request, also of its next one.
const HEAD: Duration = Duration::from_secs(30);
/// Pause after a connection could not be accepted: what is missing, mostly files, comes back by itself.
const PAUSE: Duration = Duration::from_millis(100);

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Listens at an address.
///
/// # Errors
/// `Failed` when it is taken or not one of this machine.
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

async fn accept(listener: &TcpListener, guests: &Arc<Guests>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // It is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let guests = Arc::clone(guests);
        tokio::spawn(async move {
            converse(stream, guests).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, guests: Arc<Guests>) {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let answered = service_fn(move |request| {
        let guests = Arc::clone(&guests);
        async move { Ok::<_, Infallible>(answer(request, &guests).await) }
    });
    // A client that breaks off gets no answer.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), answered)
        .await;
}

async fn answer(request: Request<Incoming>, guests: &Guests) -> Answer {
    if request.uri().path() != PATH {
        return refusal(StatusCode::NOT_FOUND, "the server is at /mcp", None);
    }
    let Some(secret) = bearer(request.headers()) else {
        return denied(&Denied::Unknown);
    };
    match guests.admit(secret.to_owned(), opens_session(request.headers())).await {
        Ok(guest) => guest.service.handle(request).await,
        Err(why) => denied(&why),
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// Whether a request may be the first of a session: it belongs to none, and states no revision that has none.
fn opens_session(headers: &HeaderMap) -> bool {
    !headers.contains_key("mcp-session-id") && !headers.contains_key("mcp-protocol-version")
}

fn denied(why: &Denied) -> Answer {
    match why {
        Denied::Unknown => {
            let text = "a token is needed: `toolsmith token AGENT` creates one; send it as Authorization: Bearer TOKEN";
            refusal(StatusCode::UNAUTHORIZED, text, Some((WWW_AUTHENTICATE, "Bearer realm=\"toolsmith\"".to_owned())))
        }
        Denied::TooMany(seconds) => {
            let text = "too many requests within a minute";
            refusal(StatusCode::TOO_MANY_REQUESTS, text, Some((RETRY_AFTER, seconds.to_string())))
        }
        Denied::Sessions => {
            refusal(StatusCode::TOO_MANY_REQUESTS, "too many sessions are open; end one with DELETE", None)
        }
        Denied::Trouble => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "the state of the workspace cannot be read now", None)
        }
    }
}

fn refusal(status: StatusCode, text: &str, header: Option<(HeaderName, String)>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(format!("{text}\n"))).boxed());
    *answer.status_mut() = status;
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
