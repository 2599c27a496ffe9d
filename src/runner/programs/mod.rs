//! Programs of the user's own that start outside the sandbox, ask one question and end: linters and `ssh-keygen`.

pub(super) mod reading;
pub(super) mod signature;
