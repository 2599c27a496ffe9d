//! One parser a language, and the one form that all of them come down to.

pub(super) mod lower;
pub(super) mod python;
pub(super) mod script;
pub(super) mod shell;
pub(super) mod tree;
