//! Several machines that decide together: each has a workspace and a key of its own, and they share a bare repository, or
//! object storage.

mod attacks;
mod criteria;
mod decisions;
mod fetching;
mod imports;
mod kills;
mod landing;
mod lies;
mod news;
mod planted;
mod progress;
mod roles;
mod steps;
mod storage;
mod world;
