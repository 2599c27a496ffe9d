//! What Python source says.

pub mod imports;
pub mod text;
