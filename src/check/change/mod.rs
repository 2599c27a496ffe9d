//! What changed since the version that a human approved: by meaning, not by lines.
//!
//! ```text
//!   python, script, shell ──▶ tree ──▶ names, constant ──▶ collect ──▶ fact ──▶ compare, tests, calls
//!   one parser a language     one form  where values come from  what is kept        what is told
//! ```
//!
//! A refactoring changes names, order, layout and where a function ends; it does not change which servers are
//! named, what is tested before the work goes on, which arguments a call gets. Those are the facts
//! ([`fact`]) that are collected from both versions and compared as sets.

mod calls;
pub mod code;
mod collect;
mod compare;
mod constant;
mod data;
mod definition;
mod fact;
mod hidden;
mod lists;
mod lower;
mod names;
pub mod permissions;
mod python;
mod script;
mod shell;
mod tests;
mod texts;
mod tree;
pub mod version;
mod walk;

pub use code::differences;
pub use permissions::{DifferenceLine, difference_lines};
