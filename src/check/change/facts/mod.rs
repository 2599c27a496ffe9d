//! What is kept of a version: the facts, how they are collected, and the lists of words that they are told by.

pub(super) mod collect;
pub(super) mod fact;
pub(super) mod lists;
pub(super) mod texts;
