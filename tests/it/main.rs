//! Tests of the library and the program as others use them; one binary for all of them.

mod bundled;
mod cli;
mod layering;
mod readme;
mod store_processes;
mod support;
