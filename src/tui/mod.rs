//! The terminal face.

pub mod theme;
pub mod widget;
