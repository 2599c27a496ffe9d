//! Runs the commands of a page, as somebody would who types them in.
//!
//! A fenced block marked `console` is run: a line that begins with `$ ` is a command (it goes on after a `\` at its end,
//! and up to `EOF` when it has a here-document), and the lines below it are what it prints. A page is one session: its
//! commands run in order, in one folder that is empty at first, by a human at a terminal. A command has to exit with 0;
//! one that is meant to fail says so with `; echo "exit code $?"`. Every line shown has to be printed, in this order; `…`
//! stands for anything, and other lines may stand between.
//!
//! A block marked `console,terminal` needs a screen or a network: its commands are only parsed.

use super::pages;
use crate::support::{Workspace, program, terminal_input};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Programs that may be named in a block that is only parsed.
const OTHER_PROGRAMS: [&str; 3] = ["cargo", "git", ".ci/run"];

/// How a block is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Run,
    Parse,
}

/// A fenced block with commands.
#[derive(Debug)]
pub struct Block {
    pub kind: Kind,
    pub steps: Vec<Step>,
}

/// A command and what the page shows of its output.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of its line in the page.
    pub line: usize,
    pub command: String,
    pub shown: Vec<String>,
}

/// The blocks with commands of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, line)| line.trim_start() != "```")
            .map(|(at, line)| (at + 1, line))
            .collect();
        let kind = match info {
            "console" => Kind::Run,
            "console,terminal" => Kind::Parse,
            _ => continue,
        };
        found.push(Block { kind, steps: steps(&body) });
    }
    found
}

fn steps(body: &[(usize, &str)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = body.iter();
    while let Some((line, text)) = lines.next() {
        let Some(first) = text.strip_prefix("$ ") else {
            let step = steps.last_mut().unwrap_or_else(|| panic!("line {line}: a block begins with `$ `"));
            step.shown.push((*text).to_owned());
            continue;
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') || (command.contains("<<'EOF'") && !command.ends_with("\nEOF")) {
            let (_, more) = lines.next().unwrap_or_else(|| panic!("line {line}: the command has no end"));
            command = format!("{command}\n{more}");
        }
        steps.push(Step { line: *line, command, shown: Vec::new() });
    }
    steps
}

/// Linters differ from machine to machine, and what starts a version hundreds of times takes long: a page shows neither.
const SETTINGS: &str = r#"[checks]
ruff = "off"
mypy = "off"
bandit = "off"
semgrep = "off"
shellcheck = "off"
tsc = "off"
eslint = "off"
benchmark = "off"
coverage = "off"
property = "off"
"#;

/// Runs all commands of a page.
pub fn follow(page: &str) {
    let workspace = Workspace::new();
    fs::remove_dir_all(workspace.path("tools")).unwrap();
    quicken(&workspace);
    for block in blocks(&pages::read(page)) {
        for step in &block.steps {
            let fault = match block.kind {
                Kind::Run => run(&workspace, step),
                Kind::Parse => parse(&step.command),
            };
            if let Err(fault) = fault {
                panic!("{page}:{}: {fault}\n$ {}", step.line, step.command);
            }
        }
    }
}

/// Leaves out the checks that take long.
pub fn quicken(workspace: &Workspace) {
    let folder = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), SETTINGS).unwrap();
}

fn run(workspace: &Workspace, step: &Step) -> Result<(), String> {
    let (terminal, input) = terminal_input();
    tcsetwinsize(&terminal, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let beside = Path::new(program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("timeout")
        .args(["--foreground", "60", "bash", "-c", &format!("exec 2>&1; set -o pipefail\n{}", step.command)])
        .current_dir(workspace.root())
        .env_clear()
        .envs(workspace.environment())
        .env("PATH", format!("{}:{path}", beside.display()))
        .stdin(input)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("{}\n{printed}", output.status));
    }
    match missing(&step.shown, &printed) {
        Some(line) => Err(format!("never printed: {line}\n{printed}")),
        None => Ok(()),
    }
}

/// The first line shown that was not printed after the lines before it.
fn missing<'a>(shown: &'a [String], printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines().map(squeezed);
    shown.iter().map(String::as_str).find(|line| {
        let wanted = squeezed(line);
        !matches!(wanted.as_str(), "" | "…") && !printed.any(|line| fits(&wanted, &line))
    })
}

/// With one blank in the place of many: columns differ with what else is in a table.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line is as shown, where `…` stands for anything.
fn fits(wanted: &str, line: &str) -> bool {
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first.trim_end()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        let part = part.trim();
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Whether the table of verbs knows what a command says.
fn parse(command: &str) -> Result<(), String> {
    let words = shell_words::split(command).map_err(|error| error.to_string())?;
    let mut words = words.into_iter().skip_while(|word| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    });
    match words.next() {
        Some(name) if name == "toolsmith" => {
            let matched = toolsmith::cli::command().try_get_matches_from(std::iter::once(name).chain(words));
            matched.map(drop).map_err(|error| error.to_string())
        }
        Some(name) if OTHER_PROGRAMS.contains(&name.as_str()) => Ok(()),
        name => Err(format!("{name:?} can be neither run nor parsed")),
    }
}

/// Whether the table of verbs knows the verb and the flags of a command that a sentence quotes, where words like `NAME`
/// stand for values.
pub fn quoted(command: &str) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut built = toolsmith::cli::command();
    built.build();
    let Some(verb) = words.iter().skip(1).find(|word| !word.starts_with('-')).copied() else { return Ok(()) };
    let shouts = verb.chars().all(|c| c.is_ascii_uppercase());
    let known = built.find_subcommand(verb).or_else(|| shouts.then_some(&built));
    let known = known.ok_or_else(|| format!("there is no verb {verb}"))?;
    let longs: Vec<&str> = known.get_arguments().filter_map(clap_long).collect();
    // What stands behind `--` is for another program.
    let flags = words
        .iter()
        .take_while(|word| **word != "--")
        .filter_map(|word| word.trim_start_matches('[').strip_prefix("--"));
    for flag in flags {
        let name: String = flag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if !name.is_empty() && !longs.contains(&name.as_str()) {
            return Err(format!("{verb} has no --{name}"));
        }
    }
    Ok(())
}

fn clap_long(arg: &clap::Arg) -> Option<&str> {
    arg.get_long()
}

#[test]
fn a_page_is_cut_into_commands_and_what_they_print() {
    let page = "text\n```console\n$ cat > a <<'EOF'\n$ not a command\nEOF\n$ one \\\n  two\nout\n\nmore …\n```\n```toml\n$ no\n```\n";
    let found = blocks(page);
    assert_eq!((found.len(), found[0].kind), (1, Kind::Run));
    let said: Vec<(usize, &str, usize)> =
        found[0].steps.iter().map(|step| (step.line, step.command.as_str(), step.shown.len())).collect();
    assert_eq!(said, [(3, "cat > a <<'EOF'\n$ not a command\nEOF", 0), (6, "one \\\n  two", 3)]);
}

#[test]
fn what_is_shown_has_to_be_printed_in_this_order() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let printed = "name   version\ngreet  1.0.0  12 ms\n2 tools\n";
    for good in ["name version\n2 tools", "greet …", "greet … ms", "…\n2 tools", "… 1.0.0 …", ""] {
        assert_eq!(missing(&shown(good), printed), None, "{good}");
    }
    for bad in ["2 tools\nname version", "greet", "1.0.0 …", "greet … s ms", "name … x", "3 tools"] {
        assert!(missing(&shown(bad), printed).is_some(), "{bad}");
    }
}

#[test]
fn a_wrong_command_is_noticed() {
    let workspace = Workspace::new();
    let step = |command: &str, shown: &[&str]| Step {
        line: 1,
        command: command.to_owned(),
        shown: shown.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(run(&workspace, &step("toolsmith list", &["0 of 0 tools"])), Ok(()));
    assert!(run(&workspace, &step("toolsmith lsit", &[])).is_err());
    assert!(run(&workspace, &step("toolsmith list", &["7 of 7 tools"])).is_err());
    assert!(run(&workspace, &step("false | cat", &[])).is_err());
    assert_eq!(parse("TOOLSMITH_AGENT=a toolsmith run x --set a=b"), Ok(()));
    assert!(parse("toolsmith run x --sett a=b").is_err());
    assert!(parse("rm -r x").is_err());
    assert_eq!(quoted("toolsmith run NAME --set KEY=VALUE"), Ok(()));
    assert!(quoted("toolsmith run NAME --sett KEY=VALUE").is_err());
    assert!(quoted("toolsmith rnu NAME").is_err());
}
