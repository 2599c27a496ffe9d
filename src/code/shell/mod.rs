//! What shell source says. A command line alone is read by [`crate::domain::shell`].

pub(crate) mod calls;
pub(crate) mod files;
pub(crate) mod program;
