//! What changed since the version that a human approved: by meaning, not by lines.

mod definition;
pub mod permissions;
pub mod version;

pub use permissions::{DifferenceLine, difference_lines};
