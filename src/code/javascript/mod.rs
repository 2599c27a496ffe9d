//! What JavaScript and TypeScript source says.

pub mod imports;
pub mod scope;
pub mod text;
