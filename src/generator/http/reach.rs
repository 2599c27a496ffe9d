//! Whether an API can be reached: requests only its list of models.

use super::failure::{of_connection, of_status};
use super::line::{HttpConnection, ResponseHead, StreamEvent};
use super::{Api, LOOK, MAX_BODY, dialect, redactor};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The time limit of the whole test.
const LIMIT: Duration = Duration::from_secs(3);

pub(in crate::generator) fn reach(api: &Api, stop: &AtomicBool) -> Result<String, String> {
    let redactor = redactor(api);
    let line = HttpConnection::open(&(dialect(api.kind).models)(api), api.ca.as_deref(), LIMIT)?;
    let begun = Instant::now();
    let (mut head, mut body): (Option<ResponseHead>, Vec<u8>) = (None, Vec::new());
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err("stopped".to_owned());
        }
        if begun.elapsed() > LIMIT {
            match &head {
                Some(_) => break,
                None => return Err(format!("{} sent nothing for {}s", api.url, LIMIT.as_secs())),
            }
        }
        match line.next(LOOK) {
            None => {}
            Some(StreamEvent::Head(got)) if (200..300).contains(&got.status) => {
                head = Some(got);
                break;
            }
            Some(StreamEvent::Head(got)) => head = Some(got),
            Some(StreamEvent::Bytes(bytes)) if body.len() < MAX_BODY => body.extend_from_slice(&bytes),
            Some(StreamEvent::Broken(error)) if head.is_none() => {
                return Err(of_connection(&error, false, &api.url, &redactor).message);
            }
            Some(StreamEvent::Bytes(_) | StreamEvent::End | StreamEvent::Broken(_)) => break,
        }
    }
    let head = head.unwrap_or_default();
    let url = &api.url;
    match head.status {
        200..300 => Ok(format!("{url} answers")),
        401 | 403 if api.key.is_none() => Ok(format!("{url} is reachable, but needs a key")),
        // Some servers have no such list, but they respond.
        404 | 405 | 501 => Ok(format!("{url} is reachable, but lists no models")),
        _ => Err(of_status(&head, &body, url, &redactor).message),
    }
}
