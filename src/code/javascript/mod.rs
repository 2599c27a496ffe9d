//! What JavaScript and TypeScript source says.

pub mod imports;
pub(crate) mod program;
pub mod scope;
pub mod text;
pub mod untyped;
