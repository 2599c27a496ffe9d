//! Who may put text on a screen: text of tools goes through one module for cells and one for streams.

use super::paths::Named;
use super::source::Source;

/// The one file that turns text into cells.
const INK: &str = "tui/ink.rs";

/// Files that name standard output or standard error, and why they may.
const STREAMS: &[(&str, &str)] = &[
    ("cli/outlet.rs", "lines of a page, JSON, output of a tool through its filter"),
    ("tui/terminal.rs", "what ratatui draws, sequences of our own, a title that is safe text"),
    ("request/mod.rs", "inside the sandbox of a run, whose output is filtered outside"),
    ("request/mcp/mod.rs", "inside the sandbox of a run, whose output is filtered outside"),
    ("request/mcp/child.rs", "inside the sandbox of a run, whose output is filtered outside"),
    ("runner/answer.rs", "inside the sandbox of a run, whose output is filtered outside"),
    ("engine/doctor/mod.rs", "asks for the size of the terminal"),
];

/// Ways of ratatui and its parts to make cells of text.
const RAW_PATHS: &[&[&str]] = &[
    &["ratatui", "text"],
    &["ratatui", "widgets"],
    &["ratatui", "prelude"],
    &["ratatui", "macros"],
    &["ratatui", "*"],
    &["ratatui_core"],
    &["ratatui_widgets"],
    &["ratatui_macros"],
];

/// Methods of a buffer, a cell or a frame that take text as it is.
const RAW_METHODS: &[&str] = &[
    "set_string",
    "set_stringn",
    "set_line",
    "set_span",
    "set_symbol",
    "set_char",
    "append_symbol",
    "render_widget",
    "render_stateful_widget",
];

const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// What draws or prints beside the modules that escape, one line each.
pub fn raw_text(source: &Source, named: &[Named]) -> Vec<String> {
    let mut found = cells(source, named);
    found.extend(streams(source, named));
    found
}

fn cells(source: &Source, named: &[Named]) -> Vec<String> {
    // Pictures are files: what they hold is checked where a screen is checked, before it is a picture.
    if source.path == INK || source.module.first().is_none_or(|top| top != "tui") {
        return Vec::new();
    }
    let says = |line: usize, what: &str| format!("{}:{line}: only {INK} draws text ({what})", source.path);
    let paths = named.iter().filter(|path| RAW_PATHS.iter().any(|parts| path.starts_with(parts)));
    let mut found: Vec<String> = paths.map(|path| says(path.line, &path.text())).collect();
    for method in RAW_METHODS {
        found.extend(source.word_lines(method).into_iter().map(|line| says(line, method)));
    }
    if source.path != "tui/terminal.rs" {
        let raw = |path: &&Named| path.starts_with(&["crossterm"]) && path.parts.iter().any(|part| is_sequence(part));
        found.extend(named.iter().filter(raw).map(|path| says(path.line, &path.text())));
    }
    found
}

fn is_sequence(part: &str) -> bool {
    ["Print", "PrintStyledContent", "SetTitle", "StyledContent", "Stylize"].contains(&part)
}

fn streams(source: &Source, named: &[Named]) -> Vec<String> {
    let says = |line: usize, what: &str| format!("{}:{line}: prints beside cli/outlet.rs ({what})", source.path);
    let mut found: Vec<String> = Vec::new();
    for name in PRINTING {
        found.extend(source.macro_lines(name).into_iter().map(|line| says(line, &format!("{name}!"))));
    }
    if !STREAMS.iter().any(|(file, _)| *file == source.path) {
        let stream = |path: &&Named| {
            let ends = |name: &str| path.has(&["io", name]) || path.has(&["stdio", name]);
            ["stdout", "stderr", "take_stdout", "raw_stdout", "raw_stderr"].into_iter().any(ends)
        };
        found.extend(named.iter().filter(stream).map(|path| says(path.line, &path.text())));
    }
    found
}

#[test]
fn text_that_is_drawn_or_printed_raw_is_found() {
    let cells: &[(&str, &str, usize)] = &[
        ("tui/pane/x.rs", "use ratatui::text::Span;\nfn f(t: &str) -> Span { Span::raw(t) }", 1),
        ("tui/pane/x.rs", "use ratatui::{layout::Rect, widgets::{Block, Paragraph}};", 2),
        ("tui/pane/x.rs", "use ratatui::prelude::*;", 1),
        ("tui/pane/x.rs", "use ratatui::*;", 1),
        ("tui/pane/x.rs", "fn f() { ratatui::widgets::Widget::render(a, b, c) }", 1),
        ("tui/pane/x.rs", "fn f() { buf.set_stringn(0, 0, name, 9, style) }", 1),
        ("tui/pane/x.rs", "fn f() { cell\n.set_symbol(name); }", 1),
        ("tui/view/x.rs", "fn f() { frame.render_widget(tool.name, area) }", 1),
        ("tui/pump.rs", "use crossterm::style::Print;", 1),
        ("tui/pump.rs", "fn f() { queue!(out, crossterm::terminal::SetTitle(name)) }", 1),
        ("cli/run.rs", "fn f() { println!(\"{name}\") }", 1),
        ("engine/run.rs", "fn f() { eprintln !(\"{name}\"); dbg!(name) }", 2),
        ("cli/run.rs", "use std::io::{self, Write};\nfn f() { io::stdout().write_all(b) }", 1),
        ("cli/run.rs", "use std::io::stderr;", 1),
        ("runner/x.rs", "fn f() { rustix::stdio::stdout() }", 1),
    ];
    for (path, text, count) in cells {
        let source = Source::new(path, text);
        let found = raw_text(&source, &source.named());
        assert_eq!(found.len(), *count, "{path}: {text}\n{found:?}");
    }
}

#[test]
fn text_that_goes_through_the_one_module_is_not_found() {
    let cells: &[(&str, &str)] = &[
        ("tui/ink.rs", "use ratatui::text; fn f() { self.set_stringn(x, y, text, w, style) }"),
        ("tui/pane/x.rs", "use crate::tui::ink::{Ink, Span}; fn f() { buf.put(0, 0, Span::raw(name), 9, style) }"),
        ("tui/pane/x.rs", "use ratatui::{buffer::Buffer, layout::Rect, style::Style}; // set_string"),
        ("tui/terminal.rs", "use crossterm::terminal::SetTitle; use std::io::stdout;"),
        ("cli/run.rs", "fn f() { call.print(&answer); child.stdout.take(); write!(text, \"x\") }"),
        ("cli/x.rs", "#[cfg(test)]\nmod tests { fn f() { println!(\"x\") } }"),
    ];
    for (path, text) in cells {
        let source = Source::new(path, text);
        assert_eq!(raw_text(&source, &source.named()), Vec::<String>::new(), "{path}: {text}");
    }
}
