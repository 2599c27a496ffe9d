//! Toolsmith: a terminal workbench for the tools that AI agents write.
pub mod action;
pub mod catalog;
pub mod domain;
pub mod engine;
pub mod runner;
pub mod store;
pub mod tui;
pub mod vcs;
