//! What Python source says.

pub mod imports;
pub mod scope;
pub mod text;
