//! Programs of the user that run outside the sandbox, answer one question and end: linters and `ssh-keygen`.

pub(super) mod reading;
pub(super) mod signature;
