//! A request to an HTTP API as a definition states it, and the request for one input.
//!
//! Input values never decide where a request goes: they are percent-encoded in URLs, encoded as JSON in JSON bodies,
//! and refused in headers if they contain a line break. The host is written in the URL, or is one of the declared
//! hosts.

mod body;
mod definition;
mod order;
mod template;
mod url;

pub use definition::{HttpBody, HttpDefinition, HttpRequest};
pub use order::HttpOrder;
pub use url::Origin;

#[cfg(test)]
mod tests;
