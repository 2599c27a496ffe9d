//! The program itself: `doctor`, `completions`, `man`.

use super::build::{command, notes, overview};
use super::call::{Answer, Call, Stop};
use super::completing::{self, with_candidates};
use super::done::Found;
use super::print_text::{Ink, Page, StyledLine};
use crate::engine::{
    Described, Diagnosis, DoctorLine, Engine, EngineError, ErrorCode, Recovery, answer_copy, plan_copy_answer,
    plan_recovery, recover_state,
};
use clap_complete::Shell;
use clap_mangen::Man;
use serde::Serialize;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

/// `doctor`. A state folder that cannot be opened is reported as a finding and does not end the examination.
pub(super) fn doctor(call: &Call<'_>) -> Result<u8, Stop> {
    for flag in ["same-workspace", "copied"] {
        if call.switch(flag) {
            let (options, is_same) = (call.globals.options()?, flag == "same-workspace");
            let (title, said) = plan_copy_answer(&options.home, &options.workspace, is_same)?;
            let done = agreed(call, &title, &said)?;
            let answer = || answer_copy(&options.home, &options.workspace, is_same);
            let lines = done.then(answer).transpose()?.into_iter().collect();
            return call.print(&Recovered { done, said, lines });
        }
    }
    let backup = call.get::<PathBuf>("backup");
    let wanted = [
        call.switch("restore").then(|| Recovery::Restore(backup.clone())),
        call.switch("rebuild").then_some(Recovery::Rebuild),
        call.switch("accept-loss").then_some(Recovery::AcceptLoss),
    ];
    let mut wanted = wanted.into_iter().flatten();
    match (wanted.next(), wanted.next(), backup) {
        (Some(recovery @ Recovery::Restore(_)), None, _) | (Some(recovery), None, None) => recover(call, &recovery),
        (None, None, None) => call.print(&diagnosis(call)?),
        _ => {
            let message = "use only one of --restore, --rebuild and --accept-loss; BACKUP goes with --restore";
            Err(EngineError::new(ErrorCode::Usage, message, "see `toolsmith help doctor`").into())
        }
    }
}

/// What was done to the database.
#[derive(Serialize)]
struct Recovered {
    done: bool,
    said: Vec<String>,
    lines: Vec<String>,
}

impl Answer for Recovered {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(if self.done { "done" } else { "nothing was changed" })?;
        self.lines.iter().try_for_each(|line| page.line(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, line)))
    }

    fn exit_code(&self) -> u8 {
        u8::from(!self.done)
    }
}

/// Says what the recovery would do, asks, and does it.
fn recover(call: &Call<'_>, wanted: &Recovery) -> Result<u8, Stop> {
    let options = call.globals.options()?;
    let plan = plan_recovery(&options, wanted)?;
    let done = agreed(call, &plan.title, &plan.lines)?;
    let lines = if done { recover_state(&options, &plan)? } else { Vec::new() };
    call.print(&Recovered { done, said: plan.lines, lines })
}

/// Prints what a yes would do, then asks.
fn agreed(call: &Call<'_>, title: &str, lines: &[String]) -> Result<bool, Stop> {
    call.note(&StyledLine::new().put(Ink::Strong, title));
    for line in lines {
        call.note(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, line));
    }
    call.note(&StyledLine::new().put(Ink::Strong, "[y/N]"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn diagnosis(call: &Call<'_>) -> Result<Found, EngineError> {
    let lines = match Engine::open(call.globals.options()?) {
        Ok(engine) => super::settings::with_keys(&engine, engine.doctor()),
        Err(error) => vec![DoctorLine {
            name: "state".to_owned(),
            state: "bad".to_owned(),
            message: error.message,
            hint: error.hint,
        }],
    };
    Ok(Found::new(Described::of(&Diagnosis { lines })?))
}

/// A generated text that is printed unchanged: a shell script, or a manual page.
#[derive(Serialize)]
pub(super) struct Generated {
    text: String,
}

impl Generated {
    pub(super) fn new(text: &str) -> Generated {
        Generated { text: text.to_owned() }
    }
}

impl Answer for Generated {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.verbatim(&self.text)
    }
}

pub(super) fn completions(call: &Call<'_>) -> Result<Generated, EngineError> {
    let shell: Shell = call
        .required("shell")?
        .parse()
        .map_err(|message: String| EngineError::new(ErrorCode::Usage, message, "see `toolsmith help completions`"))?;
    Ok(Generated { text: completion_script(shell) })
}

/// `candidates WHAT`: one candidate per line.
pub(super) fn candidates(call: &Call<'_>) -> Result<Generated, EngineError> {
    Ok(Generated { text: completing::candidates(call)? })
}

fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "toolsmith", &mut script);
    with_candidates(shell, &String::from_utf8_lossy(&script))
}

/// `man`: one page for the program and every verb.
pub(super) fn man() -> Result<Generated, EngineError> {
    let page = manual().map_err(EngineError::internal)?;
    Ok(Generated { text: String::from_utf8_lossy(&page).into_owned() })
}

fn manual() -> io::Result<Vec<u8>> {
    let mut program = command().after_help(None::<&str>).after_long_help(None::<&str>);
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    page.write_all(b".SH SYNOPSIS\n\\fBtoolsmith\\fR [OPTIONS] [VERB]\n")?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    write_literal(&mut page, "VERBS", &overview())?;
    for verb in program.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_verb(&mut page, verb)?;
    }
    write_literal(&mut page, "NOTES", &notes())?;
    Ok(page)
}

/// Writes a section for a verb, with its headings one level lower than on a page of its own.
fn write_verb(page: &mut Vec<u8>, verb: &clap::Command) -> io::Result<()> {
    let own = verb.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    let man = Man::new(own);
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let parts = String::from_utf8_lossy(&parts).replace(".SH ", ".SS ");
    write!(page, ".SH \"TOOLSMITH {}\"\n{parts}", verb.get_name().to_uppercase())
}

/// Writes a section whose lines are not reformatted.
fn write_literal(page: &mut Vec<u8>, title: &str, text: &str) -> io::Result<()> {
    let escaped =
        text.trim().replace('\\', "\\e").replace('-', "\\-").replace("\n.", "\n\\&.").replace("\n'", "\n\\&'");
    writeln!(page, ".SH {title}\n.nf\n{escaped}\n.fi")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ACTIONS;

    #[test]
    fn every_shell_completes_every_verb() {
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let script = completion_script(shell);
            for row in ACTIONS.iter().filter(|row| row.cli) {
                assert!(script.contains(row.name), "{shell} does not know {}", row.name);
            }
        }
    }

    #[test]
    fn the_manual_has_a_section_for_every_verb_and_every_option_of_it() {
        let page = man().unwrap().text.replace("\\-", "-");
        for row in ACTIONS.iter().filter(|row| row.cli) {
            let section = format!(".SH \"TOOLSMITH {}\"", row.name.to_uppercase());
            let (_, rest) = page.split_once(&section).unwrap_or_else(|| panic!("no section for {}", row.name));
            let body = rest.split(".SH ").next().unwrap();
            for arg in row.args {
                assert!(body.contains(arg.doc), "{} does not explain {}", row.name, arg.name);
            }
        }
        assert!(page.contains("Exit codes:") && page.contains("TOOLSMITH_HOME"));
    }
}
