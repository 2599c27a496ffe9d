//! Tools in formats of others, read and run as they lie.

mod ways_in;
mod workflows;
