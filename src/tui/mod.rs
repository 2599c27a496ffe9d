//! The terminal face: one loop that owns the terminal and the state of the screen.
//!
//! The only module that knows ratatui and crossterm. It asks the engine, never the store or a process,
//! and it waits for nothing: what takes time is an [`effect::Effect`] and comes back as a [`msg::Msg`].

pub mod app;
pub mod effect;
pub mod keymap;
pub mod layout;
pub mod list;
pub mod msg;
pub mod overlay;
pub mod pane;
pub mod phrase;
pub mod screen;
pub mod search;
#[cfg(test)]
mod testing;
pub mod theme;
pub mod view;
pub mod widget;
