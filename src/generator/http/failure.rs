//! Classifies a failed request: whether a retry may help, and one line with the remedy.

use super::line::ResponseHead;
use super::message_of;
use crate::domain::Redactor;
use crate::evolve::course::Trouble;
use crate::generator::NoAnswer;
use crate::generator::message::one_line;
use serde_json::Value;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The maximum delay after a response, in milliseconds; longer requested delays are reduced to it.
const LONGEST_WAIT: u64 = 3_600_000;

/// The error codes of an account without credit; the status is 429, but a retry does not help.
const NO_MONEY: &[&str] = &["insufficient_quota", "billing_hard_limit_reached", "credit_balance_too_low"];

/// A response other than success.
pub(super) fn of_status(head: &ResponseHead, body: &[u8], url: &str, redactor: &Redactor) -> NoAnswer {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = message_of(&value).map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let said = one_line(&said, redactor);
    let name = ureq::http::StatusCode::from_u16(head.status).ok().and_then(|status| status.canonical_reason());
    let mut message = format!("{} {}", head.status, name.unwrap_or("unknown"));
    if !said.is_empty() {
        message = format!("{message}: {said}");
    }
    let code = ["/error/code", "/error/type"].iter().find_map(|place| value.pointer(place)?.as_str());
    let trouble = match head.status {
        429 if code.is_some_and(|code| NO_MONEY.contains(&code)) => Trouble::Refused,
        429 => Trouble::Busy,
        408 => Trouble::TimedOut,
        500.. => Trouble::Broke,
        300..400 => {
            let place = head.location.as_deref().map_or_else(String::new, |place| one_line(place, redactor));
            message =
                format!("{url} redirects to {place}; the key is not sent there, so change the url of the generator");
            Trouble::Refused
        }
        _ => Trouble::Refused,
    };
    NoAnswer { retry_after_ms: retry_after(head), ..NoAnswer::new(trouble, message) }
}

/// The delay that the server requests: milliseconds in its own header, seconds, or a date.
fn retry_after(head: &ResponseHead) -> Option<u64> {
    let milliseconds = head.retry_after_ms.as_deref().and_then(|text| text.trim().parse::<f64>().ok());
    let text = head.retry_after.as_deref().map(str::trim);
    let seconds = text.and_then(|text| text.parse::<f64>().ok()).map(|seconds| seconds * 1000.0);
    let wait = milliseconds.or(seconds).filter(|wait| *wait >= 0.0).map(|wait| wait as u64);
    wait.or_else(|| until(text?)).map(|wait| wait.min(LONGEST_WAIT))
}

fn until(date: &str) -> Option<u64> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    Some(u64::try_from(at).ok()?.saturating_sub(u64::try_from(now).ok()?))
}

/// The failure of a connection that could not be made, or broke.
pub(super) fn of_connection(error: &ureq::Error, has_begun: bool, url: &str, redactor: &Redactor) -> NoAnswer {
    use ureq::Error as E;
    let why = one_line(&error.to_string(), redactor);
    let unreachable = |why: &str| NoAnswer::new(Trouble::Unreachable, format!("{url} cannot be reached: {why}"));
    match error {
        _ if is_tls(error) => {
            let hint = if why.contains("CaUsedAsEndEntity") {
                // The usual self-signed certificate of `openssl req -x509`.
                "its certificate is one of a certificate authority, which identifies no server; let the server use a \
                 certificate that this authority signed (`openssl req -x509 -addext basicConstraints=critical,CA:FALSE` \
                 makes a self-signed one that works)"
            } else {
                "set `ca` of this generator, or SSL_CERT_FILE, if it has a certificate of its own"
            };
            let why = why.replace("Other(OtherError(CaUsedAsEndEntity))", "it is a CA certificate");
            NoAnswer::new(Trouble::Refused, format!("the TLS connection to {url} was not accepted: {why}; {hint}"))
        }
        _ if has_begun => NoAnswer::new(Trouble::CutStream, format!("the response ended unexpectedly: {why}")),
        E::Timeout(_) => unreachable("connection timed out"),
        E::HostNotFound => unreachable("unknown host"),
        E::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => unreachable("connection refused"),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                NoAnswer::new(Trouble::Broke, format!("{url} closed the connection without a response"))
            }
            _ => unreachable(&why),
        },
        E::ConnectionFailed | E::ConnectProxyFailed(_) => unreachable(&why),
        _ => NoAnswer::new(Trouble::Refused, format!("{url} cannot be called: {why}")),
    }
}

/// Whether both sides could not agree on an encrypted connection; a retry has the same result.
fn is_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => true,
        // The same applies to errors of the encryption itself.
        ureq::Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retry_after: &str, ms: Option<&str>) -> Option<u64> {
        let head = ResponseHead {
            retry_after: Some(retry_after.to_owned()),
            retry_after_ms: ms.map(str::to_owned),
            ..ResponseHead::default()
        };
        super::retry_after(&head)
    }

    #[test]
    fn a_certificate_of_an_authority_is_named_in_plain_words() {
        let why = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        let error = ureq::Error::Io(std::io::Error::new(ErrorKind::InvalidData, why));
        let answer = of_connection(&error, false, "https://a.example", &Redactor::new([]));
        assert!(answer.message.contains("it is a CA certificate; its certificate is one of"), "{}", answer.message);
        assert!(!answer.message.contains("OtherError") && !answer.message.contains("set `ca`"));
    }

    #[test]
    fn a_wait_is_told_in_seconds_in_milliseconds_or_as_a_date() {
        assert_eq!(waits("2", None), Some(2000));
        assert_eq!(waits("1.5", Some("250")), Some(250));
        assert_eq!(waits("99999999", None), Some(LONGEST_WAIT));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT", None), Some(0));
        assert_eq!(waits("Fri, 01 Jan 2100 00:00:00 GMT", None), Some(LONGEST_WAIT));
        assert_eq!((waits("soon", None), waits("-3", None), waits("NaN", None)), (None, None, None));
    }

    #[test]
    fn a_status_says_whether_asking_again_may_help() {
        let trouble = |status, body: &str| {
            let head = ResponseHead { status, ..ResponseHead::default() };
            of_status(&head, body.as_bytes(), "http://host", &Redactor::new([])).trouble
        };
        for (status, expected) in [
            (400, Trouble::Refused),
            (401, Trouble::Refused),
            (403, Trouble::Refused),
            (404, Trouble::Refused),
            (408, Trouble::TimedOut),
            (429, Trouble::Busy),
            (500, Trouble::Broke),
            (503, Trouble::Broke),
            (529, Trouble::Broke),
        ] {
            assert_eq!(trouble(status, ""), expected, "{status}");
        }
        assert_eq!(trouble(429, r#"{"error":{"code":"insufficient_quota","message":"m"}}"#), Trouble::Refused);
    }
}
