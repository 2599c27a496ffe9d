//! The facts of a version, their collection, and lists of known names.

pub(super) mod collect;
pub(super) mod fact;
pub(super) mod lists;
pub(super) mod texts;
