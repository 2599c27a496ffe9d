//! Analysis of Python source.

pub mod imports;
pub(crate) mod program;
pub mod scope;
pub mod text;
