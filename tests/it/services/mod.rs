//! Services: tools that keep running.

mod define;
