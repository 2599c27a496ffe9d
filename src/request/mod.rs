//! Sends the request of an HTTP tool, and calls the tool of an MCP server: the parts of this program inside the sandbox
//! of such a run.
//!
//! The order for a request comes on standard input, and secrets come as environment variables. The body of the response
//! goes to standard output, and a line about it to standard error. Nothing is retried. Redirects are followed only to
//! declared hosts, and never from https to http. The limits of the run apply to time and size.

mod mcp;
#[cfg(feature = "http-generators")]
mod send;

pub use mcp::{CLIENT_VARIABLE, play as play_client};

use std::io::{self, Write};

/// Sends the request on standard input; returns the exit code: 0 if the server answered with a status below 400.
pub fn play() -> u8 {
    let ended = exchange();
    if let Err(why) = &ended {
        // Without standard error, there is nowhere to report this.
        let _ = writeln!(io::stderr(), "{why}");
    }
    u8::from(ended.is_err())
}

#[cfg(feature = "http-generators")]
fn exchange() -> Result<(), String> {
    let text = io::read_to_string(io::stdin()).map_err(|error| format!("the request could not be read: {error}"))?;
    let order = serde_json::from_str(&text).map_err(|error| format!("the request could not be read: {error}"))?;
    send::send(&order, &|name| std::env::var(name).ok(), &mut io::stdout().lock(), &mut io::stderr())
}

#[cfg(not(feature = "http-generators"))]
fn exchange() -> Result<(), String> {
    Err(NO_HTTP.to_owned())
}

#[cfg(not(feature = "http-generators"))]
const NO_HTTP: &str = "this build has no HTTP: build with --features http-generators";
