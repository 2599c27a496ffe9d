//! The connection: `ureq` on a separate thread, which passes on what arrives.
//!
//! INVARIANT: dropping a [`HttpConnection`] closes its connection at once; the thread ends by itself, at the latest
//! when a pending name look-up or connection attempt ends ([`CONNECT`]).

use super::HttpRequest;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

/// The time limit for a name look-up and for connecting.
const CONNECT: Duration = Duration::from_secs(15);

/// The number of pieces that may wait to be read; then a fast server must wait.
const WAITING: usize = 8;

/// How many bytes are read at once.
const PIECE: usize = 16 * 1024;

/// An event on the connection.
#[derive(Debug)]
pub(super) enum StreamEvent {
    /// The head of the response.
    Head(ResponseHead),
    /// A piece of its body.
    Bytes(Vec<u8>),
    End,
    /// The connection ended with an error.
    Broken(ureq::Error),
}

/// The relevant parts of a response head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) retry_after_ms: Option<String>,
    pub(super) location: Option<String>,
}

/// A request in progress.
pub(super) struct HttpConnection {
    agent: Agent,
    news: Receiver<StreamEvent>,
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        self.agent.clone().shutdown();
    }
}

impl HttpConnection {
    /// Sends a request; [`HttpConnection::next`] returns the response.
    ///
    /// # Errors
    /// One line if the request cannot be built.
    pub(super) fn open(call: &HttpRequest, ca: Option<&Path>, timeout: Duration) -> Result<HttpConnection, String> {
        let connect = CONNECT.min(timeout);
        let is_tls = call.url.starts_with("https://");
        let roots = match ca.filter(|_| is_tls) {
            Some(file) => certificates(file)?,
            None => RootCerts::WebPki,
        };
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(if is_tls { Proxy::try_from_env() } else { None })
            .user_agent(concat!("toolsmith/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .build();
        let agent = Agent::new_with_config(config);
        let method = if call.body.is_some() { "POST" } else { "GET" };
        let mut request = ureq::http::Request::builder().method(method).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let body = call.body.as_ref().map(serde_json::to_vec).transpose().map_err(|error| error.to_string())?;
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        // The error does not contain the value of a header.
        let request =
            request.body(body.unwrap_or_default()).map_err(|error| format!("it cannot be called: {error}"))?;
        let (sender, news) = sync_channel(WAITING);
        let line = HttpConnection { agent: agent.clone(), news };
        let work = move || talk(&agent, request, &sender);
        let thread = std::thread::Builder::new().name("generator".to_owned());
        thread.spawn(work).map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(line)
    }

    /// The next event; `None` if none arrives in time.
    pub(super) fn next(&self, longest: Duration) -> Option<StreamEvent> {
        match self.news.recv_timeout(longest) {
            Ok(news) => Some(news),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(StreamEvent::Broken(ureq::Error::Io(io::ErrorKind::UnexpectedEof.into())))
            }
        }
    }
}

/// The certificates of a file.
///
/// # Errors
/// One line if the file cannot be read or contains none.
fn certificates(file: &Path) -> Result<RootCerts, String> {
    let bytes = std::fs::read(file)
        .map_err(|error| format!("the certificate file {} cannot be read: {error}", file.display()))?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("the certificate file {} is damaged: {error}", file.display())),
        }
    }
    if found.is_empty() {
        return Err(format!("the certificate file {} contains no certificate in PEM format", file.display()));
    }
    Ok(RootCerts::from(found))
}

/// Sends the request, and passes on the response until it ends or the receiver is dropped.
fn talk(agent: &Agent, request: ureq::http::Request<Vec<u8>>, sender: &SyncSender<StreamEvent>) {
    // If sending fails, the receiver is dropped, so the error cannot be reported.
    let _ = exchange(agent, request, sender)
        .or_else(|error| error.map_or(Ok(()), |error| sender.send(StreamEvent::Broken(error))));
}

/// `Err(None)` if the receiver is dropped.
fn exchange(
    agent: &Agent,
    request: ureq::http::Request<Vec<u8>>,
    sender: &SyncSender<StreamEvent>,
) -> Result<(), Option<ureq::Error>> {
    let tell = |news| sender.send(news).map_err(|_| None);
    let response =
        if request.method() == ureq::http::Method::GET { agent.run(request.map(|_| ())) } else { agent.run(request) };
    let response = response.map_err(Some)?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let head = ResponseHead {
        status: response.status().as_u16(),
        retry_after: header("retry-after"),
        retry_after_ms: header("retry-after-ms"),
        location: header("location"),
    };
    tell(StreamEvent::Head(head))?;
    let mut body = response.into_body().into_reader();
    let mut piece = vec![0; PIECE];
    loop {
        match body.read(&mut piece) {
            Ok(0) => return tell(StreamEvent::End),
            Ok(got) => tell(StreamEvent::Bytes(piece[..got].to_vec()))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Some(error.into())),
        }
    }
}
