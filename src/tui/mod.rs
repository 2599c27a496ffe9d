//! The terminal front end: one loop that owns the terminal and the state of the screen.
//!
//! The only module that knows ratatui and crossterm. It uses the engine, never the store or a process, and never waits:
//! slow work is an [`effect::Effect`], and its result returns as a [`msg::Msg`].

pub mod app;
pub mod ascii;
pub mod background;
pub mod burst;
pub mod crash;
pub mod effect;
mod hang_up;
#[cfg(test)]
mod hostile_tests;
pub mod ink;
pub mod input_table;
pub mod keymap;
pub mod layout;
pub mod linear;
pub mod list;
pub mod mark;
pub mod msg;
pub mod now;
pub mod overlay;
pub mod pane;
pub mod performer;
pub mod phrase;
pub mod plot;
pub mod screen;
pub mod signs;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod theme;
pub mod trace;
pub mod view;
pub mod widget;

mod pump;

use crate::domain::SafeText;
use crate::engine::{ErrorCode, FoundAgent, Limits, OpenOptions};
use app::{App, Call};
use ascii::Letters;
use effect::Ending;
use effect::Farewell;
use now::Now;
use performer::{Performer, shown_path};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use terminal::Session;
use theme::{Ground, Theme};
use tokio::sync::mpsc::unbounded_channel;

/// How long remaining tasks may run after the program ends; nobody needs their results.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// How the workbench is opened, in addition to the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Face {
    /// The agent at the keyboard (`--as-agent`); it can view and run, but not decide.
    pub agent: Option<String>,
    /// Where that agent was detected, if it did not identify itself.
    pub found: Option<FoundAgent>,
    /// Whether colours are switched off (`--no-color`, `NO_COLOR`).
    pub no_color: bool,
    /// Whether the screen is for a screen reader (`--accessible`, `ACCESSIBLE`): no boxes, no colours, no animation.
    pub accessible: bool,
    /// The tools that may run (`--max-tier`, `--tools`).
    pub limits: Limits,
}

/// Shows the workbench until the user quits. The first frame is drawn before anything is read.
///
/// Returns the exit code: 0 after quitting, the error's code if the workspace could not be opened, or 128 plus the
/// number of the signal that ended the program.
///
/// # Errors
/// If standard input or output is not a terminal, or the terminal is lost.
pub fn run(options: OpenOptions, face: Face) -> io::Result<ExitCode> {
    let log = std::env::var_os("TOOLSMITH_LOG").filter(|path| !path.is_empty());
    let trace = trace::Trace::open(log.as_deref().map(Path::new))?;
    terminal::restore_on_panic(options.home.data.join("crashes"));
    let mut session = Session::enter()?;
    let variable = |name: &str| std::env::var(name).ok();
    let theme = if face.accessible {
        Theme::plain().numbered()
    } else if face.no_color {
        Theme::plain()
    } else {
        theme_of_terminal(variable("COLORFGBG").as_deref(), has_many_colours(&variable))
    };
    let letters = if face.accessible {
        Letters::Linear
    } else {
        let [all, ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
        Letters::of_locale(all.as_deref(), ctype.as_deref(), lang.as_deref())
    };
    let call = Call { workspace: shown_path(&options.workspace), agent: face.agent.clone(), no_color: face.no_color };
    let size = session.screen.size()?;
    let mut app = App::new(call, theme, Now::default(), (size.width, size.height));
    app.letters = letters;
    app.plots.name = plot::TerminalName::of(&variable);
    app.plots.cell = terminal::cell_pixels();
    session.draw(|frame| view::draw(&mut app, frame))?;
    if theme.ground != Ground::Plain && variable("TERM").is_some_and(|term| term != "linux") {
        session.ask(app.plots.name.asked())?;
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let (to_loop, inbox) = unbounded_channel();
        let performer = Performer::new(options, (face.agent, face.found, face.limits), to_loop);
        pump::Pump::new(&mut session, app, performer, (inbox, trace))?.run().await
    });
    runtime.shutdown_timeout(LAST_MOMENT);
    drop(session);
    let (ending, failure, farewell) = ended?;
    if let Some(going) = farewell.filter(|_| failure.is_none()) {
        terminal::say_after(&SafeText::new(&going));
    }
    if let Some(error) = &failure {
        terminal::say_after(&SafeText::new(&format!("error: {}", error.message)));
        if !error.hint.is_empty() {
            terminal::say_after(&SafeText::new(&format!("hint: {}", error.hint)));
        }
    }
    Ok(ExitCode::from(exit_code(ending, failure.map(|error| error.code))))
}

fn exit_code(ending: Ending, failure: Option<ErrorCode>) -> u8 {
    match (ending, failure) {
        (Ending::Quit, None) => 0,
        (Ending::Quit, Some(code)) => code.exit_code(),
        (Ending::Signal(Farewell::HangUp), _) => 128 + 1,
        (Ending::Signal(Farewell::Interrupt), _) => 128 + 2,
        (Ending::Signal(Farewell::Terminate), _) => 128 + 15,
    }
}

/// The theme for the background that `COLORFGBG` states (`15;0`: text; background); dark without that variable. The
/// terminal's own answer comes later, or never.
fn theme_of_terminal(colorfgbg: Option<&str>, has_many_colours: bool) -> Theme {
    let background = colorfgbg.and_then(|value| value.rsplit(';').next()).and_then(|n| n.parse::<u8>().ok());
    let ground = match background {
        Some(7 | 9..=15) => Ground::Light,
        Some(_) | None => Ground::Dark,
    };
    if has_many_colours { Theme::of(ground) } else { Theme::ansi(ground) }
}

/// Whether the terminal has more than 16 colours, according to its variables.
fn has_many_colours(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let said = |name: &str| variable(name).filter(|value| !value.is_empty());
    said("COLORTERM").is_some() || said("TERM").is_some_and(|term| term.contains("256color") || term.contains("kitty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_background_is_known_without_asking_the_terminal() {
        assert_eq!(theme_of_terminal(Some("0;15"), true), Theme::light());
        assert_eq!(theme_of_terminal(Some("15;default;0"), true), Theme::dark());
        assert_eq!(theme_of_terminal(None, true), Theme::dark());
        assert_eq!(theme_of_terminal(None, false), Theme::ansi(Ground::Dark), "16 colours");
    }
}
