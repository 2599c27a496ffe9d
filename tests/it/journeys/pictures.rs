//! Charts as pictures, in a terminal that answers as kitty does.

use super::LARGE;
use crate::support::{Terminal, Workspace, key};

/// A picture that is sent, and a cell that shows a part of one.
const SENT: &str = "\x1b_Gq=2,i=";
const CELL: &str = "\u{10eeee}";

fn count(terminal: &Terminal, wanted: &str) -> usize {
    terminal.bytes().windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count()
}

#[test]
fn a_terminal_that_says_it_is_kitty_gets_each_picture_when_it_appears() {
    let workspace = Workspace::new().with_git().with_script("greet", "print('hello')");
    let mut terminal = Terminal::with_pixels(&workspace, LARGE);
    terminal.wait_bytes("\x1b[>0q", 1).send("\x1bP>|kitty(0.35.2)\x1b\\").wait_text("1 Catalog").wait_text("greet");
    terminal.send("0").wait_text("in 14 days").wait_bytes(SENT, 4).wait_bytes(CELL, 4);
    let drawn = count(&terminal, CELL);
    terminal.send("?").wait_text("Keys in").send(key::ESC).wait_gone("Keys in").wait_bytes(CELL, drawn + 4);
    terminal.send(key::ESC).wait_gone("in 14 days");
    assert_eq!(count(&terminal, SENT), 8, "each was sent when it appeared, not with every frame");
    assert_eq!(terminal.send("q").wait_end().exit_code(), 0);
    assert!(!String::from_utf8_lossy(&terminal.bytes()).contains("greet.py\x1b_G"));
}

#[test]
fn a_terminal_without_an_answer_gets_characters() {
    let workspace = Workspace::new();
    let mut terminal = Terminal::with_pixels(&workspace, LARGE);
    terminal.wait_text("1 Catalog").wait_text("Ready").send("0").wait_text("in 14 days");
    assert_eq!((count(&terminal, SENT), count(&terminal, CELL)), (0, 0));
}
