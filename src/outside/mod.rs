//! Programs that are started outside of the sandbox: which of them are trusted, and how they are started.

#[cfg(test)]
pub mod fixture;
mod groups;
mod mounts;
mod trust;

pub use trust::{Distrust, Trust, Trusted};
