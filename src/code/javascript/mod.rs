//! Analysis of JavaScript and TypeScript source.

pub mod imports;
pub(crate) mod program;
pub mod scope;
pub mod text;
pub mod untyped;
