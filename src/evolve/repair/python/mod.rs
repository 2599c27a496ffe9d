//! Repairs of Python.

pub(super) mod dependency;
pub(super) mod import;
pub(super) mod json_output;
mod known;
pub(super) mod main_call;
mod place;

pub use known::ASKED;
