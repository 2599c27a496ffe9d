//! Several machines that decide together: each has a workspace and a key of its own, and they share a bare repository.

mod decisions;
mod kills;
mod lies;
mod roles;
mod world;
