//! What changed since the version that a human approved: by meaning, not by lines.
//!
//! ```text
//!   code::program ──▶ names ──▶ facts ──▶ compare ──▶ code
//!   one form          where     what is   what is     the check
//!                     values    kept      told
//!                     come from
//! ```
//!
//! A refactoring changes names, order, layout and where a function ends; it does not change which servers are
//! named, what is tested before the work goes on, which arguments a call gets. Those are the facts
//! ([`facts::fact`]) that are collected from both versions and compared as sets. What is told of lines that only look different is no
//! warning where [`meaning`] proves that they mean the same.

pub mod code;
mod compare;
mod definition;
mod edits;
mod facts;
mod meaning;
mod names;
pub mod permissions;
pub mod version;

pub use code::differences;
pub(in crate::check) use edits::{Edited, Literals, Settling, compare as edits, literals, new_texts};
pub use permissions::{DifferenceLine, difference_lines};
