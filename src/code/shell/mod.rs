//! Analysis of shell source. A single command line is read by [`crate::domain::shell`].

pub(crate) mod calls;
pub(crate) mod files;
pub(crate) mod options;
pub(crate) mod program;
