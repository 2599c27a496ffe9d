//! Tests of the library and the program as others use them; one binary for all of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong in a test shall end it")]

mod bundled;
mod cli;
mod journeys;
mod layering;
mod readme;
mod store_processes;
mod support;
