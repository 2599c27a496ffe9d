//! What a tool needs on this machine: interpreters and packages.

use crate::engine::Engine;
use crate::engine::workspace::Workspace;

/// What a tool needs on this machine: interpreters and packages.
#[derive(Clone, Copy)]
pub struct Dependencies<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}
