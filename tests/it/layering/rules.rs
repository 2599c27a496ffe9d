//! The rules of the design's layering table, over one source file.

use super::paths::Named;
use super::raw_text::raw_text;
use super::source::Source;

/// Who may import whom. `main.rs` and `lib.rs` may import everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("action", &["domain"]),
    ("code", &["domain"]),
    ("store", &["domain"]),
    ("outside", &["domain"]),
    ("catalog", &["domain", "code", "outside"]),
    ("runner", &["domain", "outside", "code"]),
    ("insight", &["domain"]),
    ("vcs", &["domain", "outside"]),
    ("objects", &["domain"]),
    ("evolve", &["domain", "code"]),
    ("check", &["domain", "code", "outside", "runner", "insight"]),
    ("generator", &["domain", "outside", "runner", "evolve"]),
    ("request", &["domain"]),
    (
        "engine",
        &[
            "domain",
            "store",
            "catalog",
            "outside",
            "runner",
            "check",
            "evolve",
            "generator",
            "request",
            "insight",
            "vcs",
            "objects",
        ],
    ),
    ("cli", &["domain", "action", "engine"]),
    ("mcp", &["domain", "action", "engine"]),
    ("tui", &["domain", "action", "engine"]),
];

/// The rules of the engine, and all that they may name: no performer, so that what they decide depends on the store alone.
const CORE: &[&str] = &["engine", "core"];
const CORE_MAY_IMPORT: &[&[&str]] = &[&["domain"], &["store"], &["engine", "core"], &["engine", "error"]];

/// Crates that belong to these modules.
const OWNED_CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_textarea", &["tui"]),
    ("ureq", &["generator", "request", "objects"]),
    ("object_store", &["objects"]),
];

/// The only files that make a process for a program: the one through which every program outside of the sandbox is
/// started, by the register in `src/outside/register.rs`, the process that becomes the tool, and the client of an MCP
/// server, which is the tool of such a run and starts the server inside its sandbox.
const STARTERS: &[&str] = &["outside/launch.rs", "runner/supervisor/tool.rs", "request/mcp/child.rs"];

/// What makes a process become a program, or starts one.
const STARTING: &[&[&str]] = &[
    &["process", "Command"],
    &["process", "CommandExt"],
    &["process", "*"],
    &["tokio", "process"],
    &["async_process"],
    &["duct"],
    &["subprocess"],
    &["nix"],
    &["os", "unix", "process"],
    &["libc", "*"],
    &["rustix", "runtime"],
];

/// Functions of the C library that do, as words.
const STARTING_CALLS: &[&str] = &[
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "execveat",
    "execl",
    "execle",
    "execlp",
    "fexecve",
    "posix_spawn",
    "posix_spawnp",
    "popen",
    "system",
    "SYS_execve",
    "SYS_execveat",
];

/// Where these calls are only named: the list of the calls that the filter knows.
const NAMING_CALLS: &str = "runner/sandbox/calls.rs";

/// Modules that read no clock, no environment and no file.
const PURE: &[&[&str]] = &[&["domain"], &["code"], &["engine", "core"], &["evolve"], &["tui", "app"]];

const IMPURE: &[&[&str]] = &[
    &["SystemTime"],
    &["Instant", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["std", "env"],
    &["env", "var"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["tokio", "fs"],
    &["tokio", "time"],
    &["File", "open"],
];

/// Longest function, in lines.
const MOST_FUNCTION_LINES: usize = 80;
/// Longest file without its tests, in lines.
const MOST_FILE_LINES: usize = 600;

/// What is wrong with a file, one line each: `path:line: what`.
pub fn violations(source: &Source) -> Vec<String> {
    let named = source.named();
    let mut found = imports(source, &named);
    found.extend(core_imports(source, &named));
    found.extend(owned(source, &named));
    found.extend(pure(source, &named));
    found.extend(sizes(source));
    found.extend(raw_text(source, &named));
    found
}

fn top(source: &Source) -> &str {
    source.module.first().map_or("", String::as_str)
}

fn imports(source: &Source, named: &[Named]) -> Vec<String> {
    let own = top(source);
    if own.is_empty() {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{}:1: module {own} is not in the layering table", source.path)];
    };
    let ours = named.iter().filter(|path| path.starts_with(&["crate"]) || path.starts_with(&["toolsmith"]));
    ours.filter_map(|path| {
        let target = path.parts.get(1)?;
        let fine = target == own || allowed.contains(&target.as_str()) || !is_module(target);
        (!fine).then(|| format!("{}:{}: {own} must not import {target} ({})", source.path, path.line, path.text()))
    })
    .collect()
}

/// What the rules of the engine name beside each other, the domain and the store.
fn core_imports(source: &Source, named: &[Named]) -> Vec<String> {
    if !source.module.iter().map(String::as_str).take(CORE.len()).eq(CORE.iter().copied()) {
        return Vec::new();
    }
    let ours = named.iter().filter(|path| path.starts_with(&["crate"]) || path.starts_with(&["toolsmith"]));
    let foreign = ours.filter(|path| {
        let target: Vec<&str> = path.parts[1..].iter().map(String::as_str).collect();
        let is_allowed = CORE_MAY_IMPORT.iter().any(|allowed| target.starts_with(allowed));
        target.first().is_some_and(|first| is_module(first)) && !is_allowed
    });
    foreign.map(|path| format!("{}:{}: engine::core must not import {}", source.path, path.line, path.text())).collect()
}

/// Whether a name right below the crate is a module of the table; macros and re-exports are not.
fn is_module(name: &str) -> bool {
    MAY_IMPORT.iter().any(|(module, _)| *module == name)
}

fn owned(source: &Source, named: &[Named]) -> Vec<String> {
    let own = top(source);
    let mut found = Vec::new();
    for path in named {
        let first = path.parts[0].as_str();
        let owner = OWNED_CRATES.iter().find(|(krate, owners)| *krate == first && !owners.contains(&own));
        if let Some((krate, owners)) = owner {
            let owner = owners.join(", ");
            found.push(format!("{}:{}: only {owner} may use {krate}", source.path, path.line));
        }
    }
    found.extend(starting(source, named));
    if !source.path.starts_with("runner/sandbox/") {
        let lines = source.word_lines("unsafe");
        found.extend(lines.iter().map(|line| format!("{}:{line}: unsafe outside of runner/sandbox/", source.path)));
    }
    found
}

/// What starts programs where nothing may.
fn starting(source: &Source, named: &[Named]) -> Vec<String> {
    if STARTERS.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let says =
        |line: usize, what: &str| format!("{}:{line}: only the files in STARTERS start programs ({what})", source.path);
    let paths = named.iter().filter(|path| STARTING.iter().any(|parts| path.has(parts)));
    let mut found: Vec<String> = paths.map(|path| says(path.line, &path.text())).collect();
    for path in named {
        // Whoever names the module may name what is in it.
        let is_module = path.parts.last().is_some_and(|last| last == "process") || path.has(&["process", "self"]);
        if is_module && path.starts_with(&["std"]) {
            found.push(says(path.line, &path.text()));
        }
        let is_call = |part: &String| STARTING_CALLS.contains(&part.as_str());
        if path.starts_with(&["libc"]) && path.parts.iter().any(is_call) && source.path != NAMING_CALLS {
            found.push(says(path.line, &path.text()));
        }
    }
    found
}

fn pure(source: &Source, named: &[Named]) -> Vec<String> {
    let is_pure = PURE.iter().any(|module| {
        source.module.len() >= module.len() && source.module.iter().zip(*module).all(|(part, wanted)| part == wanted)
    });
    if !is_pure {
        return Vec::new();
    }
    let impure = named.iter().filter(|path| IMPURE.iter().any(|parts| path.has(parts)));
    impure.map(|path| format!("{}:{}: a pure module must not name {}", source.path, path.line, path.text())).collect()
}

fn sizes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if source.lines > MOST_FILE_LINES && !source.excused {
        let text = format!("{}:1: {} lines without tests, {MOST_FILE_LINES} are allowed", source.path, source.lines);
        found.push(text);
    }
    for function in source.functions() {
        if function.lines > MOST_FUNCTION_LINES && !function.excused {
            let limit = format!("{} lines, {MOST_FUNCTION_LINES} are allowed", function.lines);
            found.push(format!("{}:{}: fn {} has {limit}", source.path, function.line, function.name));
        }
    }
    found
}

#[test]
fn each_rule_can_be_broken() {
    let long = format!("fn long() {{\n{}}}\n", "    x();\n".repeat(80));
    let huge = "const X: u8 = 0;\n".repeat(601);
    let cases: &[(&str, &str, &str)] = &[
        ("domain/run.rs", "use crate::store::Store;", "domain/run.rs:1: domain must not import store"),
        (
            "tui/app/mod.rs",
            "\nuse crate::{domain::Run, catalog::scan};",
            "tui/app/mod.rs:2: tui must not import catalog",
        ),
        ("action/mod.rs", "use super::engine::Engine;", "action/mod.rs:1: action must not import engine"),
        ("cli/mod.rs", "fn f() { crate::tui::run() }", "cli/mod.rs:1: cli must not import tui"),
        ("gui/mod.rs", "", "gui/mod.rs:1: module gui is not in the layering table"),
        ("engine/mod.rs", "use rusqlite::Connection;", "engine/mod.rs:1: only store may use rusqlite"),
        ("cli/mod.rs", "use ratatui::{style::Color};", "cli/mod.rs:1: only tui may use ratatui"),
        ("engine/x.rs", "fn f() { ureq::get(\"x\"); }", "engine/x.rs:1: only generator, request, objects may use ureq"),
        ("main.rs", "use std::process::{Command};", "main.rs:1: only the files in STARTERS start programs"),
        ("engine/mod.rs", "use tokio::process;", "engine/mod.rs:1: only the files in STARTERS start programs"),
        ("vcs/call.rs", "use std::process::Command;", "vcs/call.rs:1: only the files in STARTERS start programs"),
        ("vcs/git.rs", "use std::process::*;", "vcs/git.rs:1: only the files in STARTERS start programs"),
        ("vcs/git.rs", "use std::process::{self as p, Output};", "vcs/git.rs:1: only the files in STARTERS"),
        ("vcs/git.rs", "use std::process as p;", "vcs/git.rs:1: only the files in STARTERS start programs"),
        ("runner/x.rs", "use std::os::unix::process::CommandExt;", "runner/x.rs:1: only the files in STARTERS"),
        (
            "runner/sandbox/x.rs",
            "fn f() { libc::execve(a, b, c); }",
            "runner/sandbox/x.rs:1: only the files in STARTERS",
        ),
        ("runner/sandbox/x.rs", "use libc::{posix_spawn};", "runner/sandbox/x.rs:1: only the files in STARTERS"),
        (
            "runner/clear.rs",
            "fn f() { std::process::Command::new(\"x\"); }",
            "runner/clear.rs:1: only the files in STARTERS start programs",
        ),
        ("store/mod.rs", "fn f() { unsafe { g() } }", "store/mod.rs:1: unsafe outside of runner/sandbox/"),
        (
            "domain/x.rs",
            "fn f() { std::time::Instant::now(); }",
            "domain/x.rs:1: a pure module must not name std::time::Instant::now",
        ),
        (
            "engine/core/x.rs",
            "use crate::engine::relocate::perform;",
            "engine/core/x.rs:1: engine::core must not import crate::engine::relocate::perform",
        ),
        ("engine/core/x.rs", "use super::super::Engine;", "engine/core/x.rs:1: engine::core must not import"),
        ("engine/core/x.rs", "use crate::{check::CHECKS, domain::Run};", "engine/core/x.rs:1: engine::core must not"),
        ("engine/core.rs", "use std::fs;", "engine/core.rs:1: a pure module must not name std::fs"),
        ("tui/app/x.rs", "use std::{env::var};", "tui/app/x.rs:1: a pure module must not name std::env::var"),
        ("tui/view.rs", &long, "tui/view.rs:1: fn long has 82 lines, 80 are allowed"),
        ("tui/view.rs", &huge, "tui/view.rs:1: 601 lines without tests, 600 are allowed"),
    ];
    for (path, text, expected) in cases {
        let found = violations(&Source::new(path, text));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{path}: {text}\n{found:?}");
    }
}

#[test]
fn what_the_design_allows_is_no_violation() {
    let long = format!("// size: one match over every verb\nfn long() {{\n{}}}\n", "    x();\n".repeat(80));
    let cases: &[(&str, &str)] = &[
        ("main.rs", "use toolsmith::{cli, tui}; use std::process::ExitCode;"),
        ("vcs/call.rs", "use std::process::{Output, Stdio}; use crate::outside::Launch; use crate::domain::Digest;"),
        ("outside/launch.rs", "use std::process::Command; use std::os::unix::process::CommandExt;"),
        ("runner/supervisor/tool.rs", "use std::process::Command;"),
        ("runner/sandbox/mod.rs", "unsafe fn f() {}"),
        ("store/mod.rs", "use rusqlite::Connection; use super::domain::Run;"),
        (
            "domain/time.rs",
            "use super::words::words; pub struct Instant; const A: &str = \"std::fs unsafe\"; // std::env",
        ),
        ("engine/core/x.rs", "use crate::engine::error::EngineError; use super::scan; use crate::store::Tx;"),
        ("engine/run/x.rs", "use crate::engine::relocate::perform;"),
        ("tui/loop.rs", "use std::time::Instant; fn f() { Instant::now(); crate::engine::open(); }"),
        ("domain/x.rs", "#[cfg(test)]\nmod tests { use std::fs; use crate::store::Store; }"),
        ("tui/view.rs", &long),
    ];
    for (path, text) in cases {
        assert_eq!(violations(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}
