//! The terminal: enters and leaves the full screen so that the terminal is usable afterwards, however the program ends.
//!
//! Nothing here waits for an answer of the terminal: a terminal that never answers causes no delay.

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

/// Saves the window title on the terminal's stack, and restores it (xterm and compatible terminals).
const SAVE_TITLE: &str = "\x1b[22;0t";
const RESTORE_TITLE: &str = "\x1b[23;0t";

/// Resets modes that a crashed program may leave set: scrolling region, character set, colours, application keys,
/// disabled wrapping, insert mode, cursor shape. Resetting the region moves the cursor, so its position is saved and
/// restored.
const LEFT_BEHIND: &str = "\x1b7\x1b[r\x1b8\x1b(B\x0f\x1b[m\x1b[?1l\x1b>\x1b[?7h\x1b[4l\x1b[0 q";

/// Whether the terminal was asked to distinguish keys that it otherwise sends alike, such as ctrl-enter and enter. Each
/// request is revoked exactly once: one revocation more would revoke the shell's request.
static TELLS_KEYS_APART: AtomicBool = AtomicBool::new(false);

/// The modes of the terminal before another program used it.
pub struct LentModes(Option<Termios>);

/// The screen that the program draws to.
pub type Screen = Terminal<CrosstermBackend<Stdout>>;

/// The terminal while this program uses it. Dropping the session restores the terminal.
pub struct Session {
    /// The screen. It is never dropped: its drop writes to the terminal again, and panics if the terminal is gone.
    pub screen: ManuallyDrop<Screen>,
    mouse: bool,
    title: SafeText,
    /// Whether this program uses the terminal at the moment.
    taken: bool,
    /// Whether the visible screen may differ from the last frame.
    is_stale: bool,
}

impl Session {
    /// Takes the terminal: alternate screen, raw keys, bracketed paste, focus reports.
    ///
    /// # Errors
    ///
    /// If standard input or output is not a terminal, or the terminal cannot be set up.
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
            // The process was stopped and continued by another process: a shell may have changed the modes meanwhile.
            disable_raw_mode()?;
        } else {
            execute!(stdout(), Print(SAVE_TITLE))?;
        }
        self.taken = true;
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide)?;
        if !TELLS_KEYS_APART.swap(true, Ordering::SeqCst) {
            // A terminal without kitty's protocol ignores the request.
            execute!(stdout(), PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
        }
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    /// Restores the terminal temporarily, for example before a stop.
    pub fn leave(&mut self) {
        restore();
        self.taken = false;
        self.title = SafeText::default();
    }

    /// Takes the terminal again; everything must be redrawn.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn reenter(&mut self) -> io::Result<()> {
        self.take()?;
        self.draw_anew()
    }

    /// Lends the terminal to another program; the returned value restores its modes afterwards.
    pub fn lend(&mut self) -> LentModes {
        self.leave();
        LentModes(tcgetattr(stdin()).ok())
    }

    /// Takes the terminal back from another program, in whatever state it is.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn take_back(&mut self, lent: LentModes) -> io::Result<()> {
        if let Some(modes) = lent.0 {
            tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        }
        execute!(stdout(), LeaveAlternateScreen, DisableMouseCapture, Print(LEFT_BEHIND))?;
        self.reenter()
    }

    /// Makes the next frame draw every cell.
    pub fn set_stale(&mut self) {
        self.is_stale = true;
    }

    /// Blanks the terminal, so that the next frame draws every cell. ratatui's `clear` asks the terminal for the cursor
    /// position and waits: the reader of the keys takes the answer, and some terminals never answer.
    ///
    /// # Errors
    /// If the terminal is gone.
    fn draw_anew(&mut self) -> io::Result<()> {
        self.screen.backend_mut().clear_region(ClearType::All)?;
        // Resets the buffer of the last frame: it is blank, like the terminal.
        self.screen.swap_buffers();
        Ok(())
    }

    /// Switches mouse reports on or off.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
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
    /// If the terminal is gone.
    pub fn ring(&mut self, text: &SafeText) -> io::Result<()> {
        let mut out = stdout();
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let asks = notification(text, &variable("TERM"), !variable("VTE_VERSION").is_empty());
        let asks = if is_in_tmux() { through_tmux(&asks) } else { asks };
        write!(out, "\x07{asks}")?;
        out.flush()
    }

    /// Asks for the background colour, and for the terminal's name if it is unknown. The answers arrive among the keys,
    /// or never; nothing waits for them.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn ask(&mut self, name: Asked) -> io::Result<()> {
        let name = if name == Asked::Yes { NAME_QUESTION } else { "" };
        execute!(stdout(), Print(QUESTION), Print(name))
    }

    /// Sets the window title.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn set_title(&mut self, title: &SafeText) -> io::Result<()> {
        if *title != self.title {
            self.title = title.clone();
            queue!(stdout(), SetTitle(title))?;
        }
        Ok(())
    }

    /// Copies text to the terminal's clipboard (OSC 52). The terminal does not report whether it succeeded.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        crossterm::Command::write_ansi(&CopyToClipboard::to_clipboard_from(text), &mut sequence)
            .map_err(io::Error::other)?;
        // tmux uses the sequence itself or passes it on, depending on its settings.
        let passed_on = if is_in_tmux() { through_tmux(&sequence) } else { String::new() };
        execute!(stdout(), Print(sequence), Print(passed_on))
    }

    /// Draws one frame; the terminal shows it as a whole.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
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

/// The size of a cell in pixels; `None` if the terminal does not report it.
pub fn cell_pixels() -> Option<(u16, u16)> {
    let size = window_size().ok()?;
    let cell = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
    (cell.0 > 1 && cell.1 > 1).then_some(cell)
}

/// Whether the terminal is tmux, which answers for the outer terminal.
fn is_in_tmux() -> bool {
    std::env::var_os("TMUX").is_some_and(|value| !value.is_empty())
}

/// The sequence that requests a notification: OSC 777 of urxvt, which VTE terminals also support, otherwise OSC 9 of
/// iTerm2, which most others support. Some support both and would show two notifications, so only one sequence is sent.
fn notification(text: &SafeText, term: &str, is_vte: bool) -> String {
    if is_vte || term.starts_with("rxvt") {
        // A semicolon separates the fields.
        return format!("\x1b]777;notify;toolsmith;{}\x07", text.to_string().replace(';', ","));
    }
    format!("\x1b]9;{text}\x07")
}

/// Wraps a sequence for the terminal around tmux. tmux passes it on if `allow-passthrough` is on.
fn through_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}

/// Writes a last line to standard error, after the terminal is restored.
pub fn say_after(line: &SafeText) {
    // A closed standard error is not a failure.
    let _ = writeln!(stderr(), "{line}");
}

/// Undoes everything that [`Session::enter`] did. Does nothing if nothing was done; a lost terminal cannot be restored
/// and is left alone.
pub fn restore() {
    let mut out = stdout();
    if TELLS_KEYS_APART.swap(false, Ordering::SeqCst) {
        // Before the full screen is left, because the full screen has a separate stack of these requests.
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

/// Restores the terminal before a panic of this thread is reported. A panic of a worker thread is reported by the
/// thread that waits for it, and must not write over the screen.
///
/// The crash report is written into `reports`.
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
