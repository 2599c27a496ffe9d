//! What Python source says.

pub mod imports;
pub(crate) mod program;
pub mod scope;
pub mod text;
