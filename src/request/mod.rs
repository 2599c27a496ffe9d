//! Sending the request of an HTTP tool, and calling the tool of an MCP server: the parts that this program plays inside the
//! sandbox of such a run.
//!
//! The order for a request comes on standard input, secrets come as variables of the environment. The body of the response goes to
//! standard output; a line about it goes to standard error. Nothing is tried twice. A redirect is followed to declared hosts
//! only, and never from https to http. Limits of time and size are those of the run.

mod mcp;
#[cfg(feature = "http-generators")]
mod send;

pub use mcp::{CLIENT_VARIABLE, play as play_client};

use std::io::{self, Write};

/// Sends the request on standard input; returns what to exit with: 0 when the server answered with a status below 400.
pub fn play() -> u8 {
    let ended = exchange();
    if let Err(why) = &ended {
        // Nobody can be told when standard error is gone.
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
