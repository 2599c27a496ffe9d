//! The real binary in a pseudo-terminal, read by an emulator.
//!
//! Every wait ends with text on the screen or with the end of the program, and has a deadline; nothing sleeps. Output
//! inside a synchronised update becomes visible when the update ends, as on a real terminal.

use super::workspace::{PATIENCE, Workspace, program};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vt100::{MouseProtocolMode, Parser, Screen};

/// The bytes that keys send.
pub mod key {
    pub const ENTER: &str = "\r";
    pub const ESC: &str = "\x1b";
    pub const CTRL_Z: &str = "\x1a";
}

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

struct State {
    parser: Parser,
    bytes: Vec<u8>,
    closed: bool,
}

impl State {
    /// Whether the newest frame is complete.
    fn is_whole(&self) -> bool {
        last_of(&self.bytes, BEGIN_UPDATE) <= last_of(&self.bytes, END_UPDATE)
    }
}

fn last_of(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    /// The state; also after a wait panicked while it held the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A terminal for the standard input of a program whose output is collected separately, as when a user at a shell pipes
/// only the output. The first descriptor must live as long as the program.
pub fn terminal_input() -> (OwnedFd, Stdio) {
    let (master, slave) = terminal_pair();
    (master, Stdio::from(slave))
}

/// Both ends of a terminal that nobody reads.
pub fn terminal_pair() -> (OwnedFd, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let slave = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap();
    (master, slave)
}

/// A program in a terminal. It is killed when this is dropped.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    /// Starts the program in the workspace, in a terminal of this many columns and rows.
    pub fn toolsmith(workspace: &Workspace, args: &[&str], (columns, rows): (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new(program());
        command.args(args);
        Terminal::start(workspace, command, (columns, rows))
    }

    /// Starts the program in a terminal that says how many pixels a cell has.
    #[cfg(feature = "plots")]
    pub fn with_pixels(workspace: &Workspace, (columns, rows): (u16, u16)) -> Terminal {
        let pixels = PtySize { pixel_width: columns * 10, pixel_height: rows * 20, ..size(columns, rows) };
        Terminal::start_in(workspace, CommandBuilder::new(program()), (columns, rows), pixels)
    }

    /// Waits until the program has written these bytes this many times.
    #[cfg(feature = "plots")]
    pub fn wait_bytes(&mut self, wanted: &str, times: usize) -> &mut Terminal {
        let give_up = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while state.bytes.windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count() < times {
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !state.closed, "never written: {wanted:?}");
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        drop(state);
        self
    }

    /// Starts any program in the workspace.
    pub fn program(workspace: &Workspace, argv: &[&str], size: (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new(argv[0]);
        command.args(&argv[1..]);
        Terminal::start(workspace, command, size)
    }

    /// Starts an interactive shell with job control in the workspace; its prompt is `$ `.
    pub fn shell(workspace: &Workspace, (columns, rows): (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "--noediting", "-i"]);
        command.env("PS1", "$ ");
        Terminal::start(workspace, command, (columns, rows))
    }

    fn start(workspace: &Workspace, command: CommandBuilder, (columns, rows): (u16, u16)) -> Terminal {
        Terminal::start_in(workspace, command, (columns, rows), size(columns, rows))
    }

    fn start_in(
        workspace: &Workspace,
        mut command: CommandBuilder,
        (columns, rows): (u16, u16),
        size: PtySize,
    ) -> Terminal {
        let prompt = command.get_env("PS1").map(ToOwned::to_owned);
        command.env_clear();
        command.cwd(workspace.root());
        for (name, value) in workspace.environment() {
            command.env(name, value);
        }
        if let Some(prompt) = prompt {
            command.env("PS1", prompt);
        }
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = Parser::new(nonzero(rows), nonzero(columns), 0);
        let state = Mutex::new(State { parser, bytes: Vec::new(), closed: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let target = Arc::clone(&shared);
        std::thread::spawn(move || read_all(reader, &target));
        Terminal { shared, master: pair.master, writer, child }
    }

    /// Types text or keys.
    pub fn send(&mut self, keys: &str) -> &mut Terminal {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Pastes text, as a terminal with bracketed paste does.
    pub fn paste(&mut self, text: &str) -> &mut Terminal {
        self.send(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Waits until the screen meets the condition.
    ///
    /// # Panics
    /// If that does not happen in time; the message contains the screen.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) -> &mut Terminal {
        let give_up = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !(state.is_whole() && wanted(state.parser.screen())) {
            let left = give_up.saturating_duration_since(Instant::now());
            let over = left.is_zero() || state.closed;
            assert!(!over, "never on the screen: {what}\n{}", state.parser.screen().contents());
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        drop(state);
        self
    }

    /// Waits until this text is on the screen.
    pub fn wait_text(&mut self, text: &str) -> &mut Terminal {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    /// Waits until this text is gone from the screen.
    pub fn wait_gone(&mut self, text: &str) -> &mut Terminal {
        self.wait_for(&format!("anything but {text}"), |screen| !screen.contents().contains(text))
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.shared.lock().parser.screen().contents()
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) -> &mut Terminal {
        self.shared.lock().parser.set_size(nonzero(rows), nonzero(columns));
        self.master.resize(size(columns, rows)).unwrap();
        self
    }

    /// Sends a signal to the program.
    pub fn signal(&mut self, signal: Signal) -> &mut Terminal {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).unwrap();
        kill_process(pid, signal).unwrap();
        self
    }

    /// Waits for the end of the program and for the last byte of its output.
    pub fn wait_end(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !state.closed {
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program did not end\n{}", state.parser.screen().contents());
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        drop(state);
        self.child.wait().unwrap()
    }

    /// Whether the program ends within this time.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        let give_up = Instant::now() + patience;
        let mut state = self.shared.lock();
        while !state.closed {
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        true
    }

    /// All bytes written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// The modes that the program should have reset and did not; empty if there are none.
    pub fn left_behind(&self) -> Vec<&'static str> {
        let state = self.shared.lock();
        let screen = state.parser.screen();
        let pushed = [b"\x1b[>1u".as_slice(), b"\x1b[<1u"].map(|sequence| last_of(&state.bytes, sequence));
        [
            ("alternate screen", screen.alternate_screen()),
            ("mouse", screen.mouse_protocol_mode() != MouseProtocolMode::None),
            ("bracketed paste", screen.bracketed_paste()),
            ("hidden cursor", screen.hide_cursor()),
            ("keyboard flags", pushed[0] > pushed[1]),
            ("synchronised update", !state.is_whole()),
        ]
        .into_iter()
        .filter_map(|(name, left)| left.then_some(name))
        .collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Usually the program has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 8_192];
    loop {
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut state = shared.lock();
        if count == 0 {
            state.closed = true;
            shared.changed.notify_all();
            return;
        }
        state.bytes.extend_from_slice(&buffer[..count]);
        state.parser.process(&buffer[..count]);
        shared.changed.notify_all();
    }
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

#[test]
fn the_harness_sees_what_a_program_draws_and_what_it_leaves_behind() {
    let workspace = Workspace::new();
    let mut terminal = Terminal::shell(&workspace, (80, 24));
    terminal.wait_text("$ ").send("printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[?25l'; echo in\"side\"\r");
    terminal.wait_text("inside");
    assert_eq!(terminal.left_behind(), ["alternate screen", "mouse", "bracketed paste", "hidden cursor"]);
    terminal.resize((60, 20)).send("printf '\\033[?25h\\033[?2004l\\033[?1000l\\033[?1049l'; stty size\r");
    terminal.wait_text("20 60");
    assert_eq!(terminal.left_behind(), Vec::<&str>::new());
    assert_eq!(terminal.send("exit 3\r").wait_end().exit_code(), 3);
}
