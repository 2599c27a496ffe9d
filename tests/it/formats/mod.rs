//! Tools in formats of others, read and run as they lie.

mod entries;
mod ways_in;
mod workflows;
