//! The terminal itself: entering and leaving the full screen so that it is usable afterwards, whatever
//! ends the program.
//!
//! Nothing here waits for an answer of the terminal: one that answers nothing costs no time.

use super::background::{NAME_QUESTION, QUESTION};
use super::crash;
use super::plot::Asked;
use crate::domain::SafeText;
use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode, window_size,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Stdout, Write, stderr, stdin, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Puts the window title on the terminal's stack, and takes it back (xterm, and those like it).
const SAVE_TITLE: &str = "\x1b[22;0t";
const RESTORE_TITLE: &str = "\x1b[23;0t";

/// Undoes what a program that crashed may leave on: a scrolling region, another character set, colours, keys for
/// applications, no wrapping, inserting, another cursor. To reset the region moves the cursor, which is put back.
const LEFT_BEHIND: &str = "\x1b7\x1b[r\x1b8\x1b(B\x0f\x1b[m\x1b[?1l\x1b>\x1b[?7h\x1b[4l\x1b[0 q";

/// Whether the terminal was asked to tell keys apart that it otherwise sends alike, as ctrl-enter and enter. Taken back
/// once for each time it was asked: one request more would take back that of the shell.
static TELLS_KEYS_APART: AtomicBool = AtomicBool::new(false);

/// The modes of the terminal before another program got it.
pub struct LentModes(Option<Termios>);

/// What the program draws to.
pub type Screen = Terminal<CrosstermBackend<Stdout>>;

/// The terminal while it is ours. Dropping it gives it back.
pub struct Session {
    /// What is drawn to. Its own drop is never run: it writes to the terminal once more, and panics where that is gone.
    pub screen: ManuallyDrop<Screen>,
    mouse: bool,
    title: SafeText,
    /// Whether the terminal is ours at the moment.
    taken: bool,
    /// Whether what it shows may differ from the last frame.
    is_stale: bool,
}

impl Session {
    /// Takes the terminal: alternate screen, raw keys, pasted text as a whole, focus reports.
    ///
    /// # Errors
    /// When standard input or output is no terminal, or it cannot be set up.
    pub fn enter() -> io::Result<Session> {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the workbench needs a terminal"));
        }
        let screen = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(stdout()))?);
        let mut session = Session { screen, mouse: false, title: SafeText::default(), taken: false, is_stale: false };
        session.take()?;
        Ok(session)
    }

    fn take(&mut self) -> io::Result<()> {
        if self.taken {
            // Stopped and continued from outside: a shell may have changed the modes meanwhile.
            disable_raw_mode()?;
        } else {
            execute!(stdout(), Print(SAVE_TITLE))?;
        }
        self.taken = true;
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide)?;
        if !TELLS_KEYS_APART.swap(true, Ordering::SeqCst) {
            // A terminal without the protocol of kitty ignores the request.
            execute!(stdout(), PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
        }
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    /// Gives the terminal back for a while, as before a stop.
    pub fn leave(&mut self) {
        restore();
        self.taken = false;
        self.title = SafeText::default();
    }

    /// Takes the terminal again; everything must be drawn anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn reenter(&mut self) -> io::Result<()> {
        self.take()?;
        self.draw_anew()
    }

    /// Gives the terminal to another program; what it returns puts its modes back afterwards.
    pub fn lend(&mut self) -> LentModes {
        self.leave();
        LentModes(tcgetattr(stdin()).ok())
    }

    /// Takes the terminal back from another program, in whatever state that left it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn take_back(&mut self, lent: LentModes) -> io::Result<()> {
        if let Some(modes) = lent.0 {
            tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        }
        execute!(stdout(), LeaveAlternateScreen, DisableMouseCapture, Print(LEFT_BEHIND))?;
        self.reenter()
    }

    /// Has the next frame draw every cell.
    pub fn set_stale(&mut self) {
        self.is_stale = true;
    }

    /// Blanks the terminal, so that the next frame draws every cell. ratatui's own `clear` asks the
    /// terminal where its cursor is, and waits: whoever reads the keys takes the answer, and some
    /// terminals give none.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn draw_anew(&mut self) -> io::Result<()> {
        self.screen.backend_mut().clear_region(ClearType::All)?;
        // Resets the buffer of the last frame: it is as blank as the terminal now.
        self.screen.swap_buffers();
        Ok(())
    }

    /// Switches reports of the mouse on or off.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        if on == self.mouse {
            return Ok(());
        }
        self.mouse = on;
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Rings the bell and asks the terminal for a notification.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ring(&mut self, text: &SafeText) -> io::Result<()> {
        let mut out = stdout();
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let asks = notification(text, &variable("TERM"), !variable("VTE_VERSION").is_empty());
        let asks = if is_in_tmux() { through_tmux(&asks) } else { asks };
        write!(out, "\x07{asks}")?;
        out.flush()
    }

    /// Asks for the colour of the background, and for the name of the terminal where that is not known. The answers come
    /// among the keys, or never; nobody waits for them.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask(&mut self, name: Asked) -> io::Result<()> {
        let name = if name == Asked::Yes { NAME_QUESTION } else { "" };
        execute!(stdout(), Print(QUESTION), Print(name))
    }

    /// Sets the title of the window.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_title(&mut self, title: &SafeText) -> io::Result<()> {
        if *title != self.title {
            self.title = title.clone();
            queue!(stdout(), SetTitle(title))?;
        }
        Ok(())
    }

    /// Gives text to the terminal's clipboard (OSC 52). The terminal does not say whether it took it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        crossterm::Command::write_ansi(&CopyToClipboard::to_clipboard_from(text), &mut sequence)
            .map_err(io::Error::other)?;
        // tmux takes it itself or passes it on, as its settings say.
        let passed_on = if is_in_tmux() { through_tmux(&sequence) } else { String::new() };
        execute!(stdout(), Print(sequence), Print(passed_on))
    }

    /// Draws one frame, shown by the terminal as a whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, render: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.is_stale) {
            self.draw_anew()?;
        }
        let drawn = self.screen.draw(render).map(drop);
        execute!(stdout(), EndSynchronizedUpdate)?;
        drawn
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        restore();
    }
}

/// Pixels of a cell, as far as the terminal says.
pub fn cell_pixels() -> Option<(u16, u16)> {
    let size = window_size().ok()?;
    let cell = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
    (cell.0 > 1 && cell.1 > 1).then_some(cell)
}

/// Whether the terminal is drawn by tmux, which answers for the one around it.
fn is_in_tmux() -> bool {
    std::env::var_os("TMUX").is_some_and(|value| !value.is_empty())
}

/// The sequence that asks for a notification: OSC 777 of urxvt, which terminals on VTE took over, else OSC 9 of iTerm2, which
/// most others know. Some know both and would show two, so only one is sent.
fn notification(text: &SafeText, term: &str, is_vte: bool) -> String {
    if is_vte || term.starts_with("rxvt") {
        // A semicolon separates the parts.
        return format!("\x1b]777;notify;toolsmith;{}\x07", text.to_string().replace(';', ","));
    }
    format!("\x1b]9;{text}\x07")
}

/// A sequence for the terminal around tmux, which gets it where `allow-passthrough` is on.
fn through_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}

/// Says a last line on standard error, once the terminal is given back.
pub fn say_after(line: &SafeText) {
    // Nobody there to read it is no failure.
    let _ = writeln!(stderr(), "{line}");
}

/// Undoes everything that [`Session::enter`] did. Harmless when nothing was done; a terminal that is
/// gone cannot be restored and is left alone.
pub fn restore() {
    let mut out = stdout();
    if TELLS_KEYS_APART.swap(false, Ordering::SeqCst) {
        // Before the full screen is left: it has a list of such requests of its own.
        let _ = execute!(out, PopKeyboardEnhancementFlags);
    }
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show,
        Print(RESTORE_TITLE)
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// Restores the terminal before a panic of this thread is reported. A panic of a worker is reported
/// by whoever waits for it and must not write over the screen.
///
/// A report of it is written into this folder.
pub fn restore_on_panic(reports: PathBuf) {
    let ours = thread::current().id();
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ours {
            restore();
            report(info);
            let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
            if let Ok(file) = crash::write(&reports, info, at) {
                say_after(&crash::sentence(&file));
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_asked_for_a_notification_in_the_way_that_it_knows() {
        let text = SafeText::new("a; b waits\x07");
        for (term, is_vte, wanted) in [
            ("xterm-256color", false, "\x1b]9;a; b waits"),
            ("rxvt-unicode-256color", false, "\x1b]777;notify;toolsmith;a, b waits"),
            ("xterm-256color", true, "\x1b]777;notify;toolsmith;a, b waits"),
        ] {
            let asked = notification(&text, term, is_vte);
            assert!(asked.starts_with(wanted) && asked.ends_with('\x07'), "{asked:?}");
            assert_eq!(asked.matches('\x07').count(), 1, "{asked:?}");
        }
    }

    #[test]
    fn tmux_passes_on_what_is_wrapped_for_it() {
        assert_eq!(through_tmux("\x1b]9;x\x07"), "\x1bPtmux;\x1b\x1b]9;x\x07\x1b\\");
    }
}
