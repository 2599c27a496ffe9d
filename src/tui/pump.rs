//! The loop: reads keys, signals, answers and time, updates the state, and redraws after changes.
//!
//! An idle loop costs nothing: it sleeps until an event or until the time that the state requested. Under load it draws
//! at most once every [`FRAME`], after it has read everything that arrived.

use super::app::App;
use super::background::{self, Heard};
use super::burst::{Bursts, Typed};
use super::effect::Farewell;
use super::effect::{Effect, Ending};
use super::hang_up::HangUp;
use super::msg::{Answer, Msg, Opened};
use super::now::Now;
use super::performer::Performer;
use super::terminal::{self, Session};
use super::trace::Trace;
use super::{app, view};
use crate::domain::Instant;
use crate::engine::{EngineError, stop_with_group};
use crossterm::event::{Event, EventStream, KeyEvent};
use futures_core::Stream;
use rustix::process::{Signal, kill_process};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// The minimum time between two frames: half a frame of a 60 Hz screen, so a user cannot see more.
const FRAME: Duration = Duration::from_millis(8);
/// The maximum number of messages that are read before keys are read again.
const BATCH: usize = 256;
/// How long quitting waits for runs that were asked to stop, and for a command in progress. A run gets 2 s between TERM
/// and KILL.
const FAREWELL: Duration = Duration::from_secs(4);

/// Why the loop woke up.
enum Woken {
    /// A terminal event; `None` if the terminal is gone.
    Terminal(Option<io::Result<Event>>),
    Message(Msg),
    /// A signal that ends the program.
    Leave(Farewell),
    Stop,
    Continued,
    /// A live run wrote output.
    Output,
    /// A frame is due, or the time that the state requested has come.
    Time,
}

/// The signals that concern the terminal.
struct Signals {
    terminate: Listener,
    hang_up: Listener,
    interrupt: Listener,
    stop: Listener,
    go_on: Listener,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        let tstp = rustix::process::Signal::TSTP.as_raw();
        let cont = rustix::process::Signal::CONT.as_raw();
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(tstp))?,
            go_on: signal(SignalKind::from_raw(cont))?,
        })
    }
}

/// The loop with everything it owns.
pub(super) struct Pump<'a> {
    session: &'a mut Session,
    app: App,
    performer: Performer,
    inbox: UnboundedReceiver<Msg>,
    trace: Trace,
    /// `None` while another program has the terminal, because the stream reads keys in the background.
    events: Option<EventStream>,
    signals: Signals,
    hang_up: HangUp,
    started: Clock,
    drawn_at: Clock,
    dirty: bool,
    /// Keys that arrived at once and were not processed yet.
    typed: Vec<KeyEvent>,
    bursts: Bursts,
    listener: background::Listener,
    /// Whether live output was left for the next frame.
    behind: bool,
    commands: Vec<JoinHandle<()>>,
    ending: Option<Ending>,
}

impl<'a> Pump<'a> {
    /// A loop over a terminal that shows the first frame.
    pub(super) fn new(
        session: &'a mut Session,
        app: App,
        performer: Performer,
        (inbox, mut trace): (UnboundedReceiver<Msg>, Trace),
    ) -> io::Result<Pump<'a>> {
        trace.line(0, "start", concat!("toolsmith ", env!("CARGO_PKG_VERSION")));
        let now = Clock::now();
        Ok(Pump {
            session,
            app,
            performer,
            inbox,
            trace,
            events: Some(events()?),
            signals: Signals::new()?,
            hang_up: HangUp::watch()?,
            started: now,
            drawn_at: now,
            dirty: true,
            typed: Vec::new(),
            bursts: Bursts::default(),
            listener: background::Listener::default(),
            behind: false,
            commands: Vec::new(),
            ending: None,
        })
    }

    /// Runs until the program ends. Returns why it ends, why the workspace could not be opened, and what keeps running.
    pub(super) async fn run(mut self) -> io::Result<(Ending, Option<EngineError>, Option<String>)> {
        self.performer.open();
        while self.ending.is_none() {
            let woken = self.wait().await;
            self.take(woken)?;
            self.drain().await?;
            self.draw_if_due()?;
        }
        self.say_goodbye().await;
        let ending = self.ending.unwrap_or(Ending::Quit);
        let farewell = self.app.farewell();
        let failure = match self.app.opening {
            app::Opening::Failed(error) => Some(error),
            app::Opening::Pending | app::Opening::Done(Opened { .. }) => None,
        };
        Ok((ending, failure, farewell))
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        Now { wall: Instant(wall), steady_ms: self.started.elapsed().as_millis() as u64 }
    }

    /// When to wake up without an event: for the next frame, or at the time that the state requested.
    fn alarm(&self) -> Option<Duration> {
        let frame = (self.dirty || self.behind).then(|| FRAME.saturating_sub(self.drawn_at.elapsed()));
        let elapsed = self.started.elapsed().as_millis() as u64;
        let typed = self.bursts.due();
        let named = self
            .app
            .next_wake()
            .into_iter()
            .chain(typed)
            .min()
            .map(|at| Duration::from_millis(at.saturating_sub(elapsed)));
        [frame, named].into_iter().flatten().min()
    }

    async fn wait(&mut self) -> Woken {
        let alarm = self.alarm();
        let sleep = async move {
            match alarm {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let Pump { events, inbox, signals, hang_up, performer, .. } = self;
        let is_gone = hang_up.is_gone();
        tokio::select! {
            // Signals first: they are rare and must not starve. Keys before messages, so that many messages cannot
            // delay a key. Output last, because it is pulled once per frame anyway.
            biased;
            _ = signals.terminate.recv() => Woken::Leave(Farewell::Terminate),
            _ = signals.hang_up.recv() => Woken::Leave(Farewell::HangUp),
            _ = signals.interrupt.recv() => Woken::Leave(Farewell::Interrupt),
            _ = signals.stop.recv() => Woken::Stop,
            _ = signals.go_on.recv() => Woken::Continued,
            () = hang_up.recv() => Woken::Terminal(None),
            event = poll_fn(|context| next_event(events, context)), if !is_gone => Woken::Terminal(event),
            Some(msg) = inbox.recv() => Woken::Message(msg),
            () = sleep => Woken::Time,
            () = performer.more_output() => Woken::Output,
        }
    }

    fn take(&mut self, woken: Woken) -> io::Result<()> {
        match woken {
            Woken::Terminal(Some(Ok(event))) => self.terminal_event(event),
            // The terminal is gone: handled like SIGHUP. Nothing is decided.
            Woken::Terminal(Some(Err(_)) | None) => {
                self.feed(Msg::Leave(Farewell::HangUp))?;
                self.ending.get_or_insert(Ending::Signal(Farewell::HangUp));
                Ok(())
            }
            Woken::Message(msg) => self.feed(msg),
            Woken::Leave(farewell) => self.feed(Msg::Leave(farewell)),
            Woken::Stop => self.stop(Stopped::Alone),
            Woken::Continued => self.resume(),
            Woken::Output => {
                self.behind = true;
                Ok(())
            }
            Woken::Time => self.feed(Msg::Wake),
        }
    }

    fn terminal_event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) => {
                match self.listener.hear(key) {
                    Heard::Nothing => {}
                    Heard::Keys(keys) => self.typed.extend(keys),
                    Heard::Background(rgb) => self.feed(Msg::Background(rgb))?,
                    Heard::Name(name) => self.feed(Msg::Named(name))?,
                }
                Ok(())
            }
            Event::Paste(text) => self.feed(Msg::Paste(text)),
            Event::Mouse(event) => self.feed(Msg::Mouse(event)),
            Event::Resize(width, height) => {
                // If a window shrinks and grows back between two frames, its content is lost.
                self.draw_anew();
                self.app.plots.cell = terminal::cell_pixels();
                self.feed(Msg::Resize { width, height })
            }
            Event::FocusGained => self.feed(Msg::FocusGained),
            Event::FocusLost => self.feed(Msg::FocusLost),
        }
    }

    /// Reads everything that has arrived meanwhile, so that one frame shows all of it.
    async fn drain(&mut self) -> io::Result<()> {
        for _ in 0..BATCH {
            if self.hang_up.is_gone() {
                break;
            }
            let events = &mut self.events;
            let next = poll_fn(|context| {
                Poll::Ready(match next_event(events, context) {
                    Poll::Ready(event) => Some(event),
                    Poll::Pending => None,
                })
            });
            let woken = match next.await {
                Some(event) => Woken::Terminal(event),
                None => match self.inbox.try_recv() {
                    Ok(msg) => Woken::Message(msg),
                    Err(_) => break,
                },
            };
            self.take(woken)?;
            if self.ending.is_some() {
                return Ok(());
            }
        }
        self.press()
    }

    /// Processes keys that arrived at once: one by one, or as a burst if nobody pressed them one by one.
    fn press(&mut self) -> io::Result<()> {
        self.typed.extend(self.listener.pause());
        let (keys, now) = (std::mem::take(&mut self.typed), self.now().steady_ms);
        if !keys.is_empty() {
            self.bursts.add(keys, now);
        }
        let app = &self.app;
        match self.bursts.take(now, |key| app.acts(key)) {
            Some(Typed::Burst(keys)) => self.feed(Msg::Burst(keys)),
            Some(Typed::Keys(keys)) => keys.into_iter().try_for_each(|key| self.feed(Msg::Key(key))),
            None => Ok(()),
        }
    }

    fn feed(&mut self, msg: Msg) -> io::Result<()> {
        if !self.typed.is_empty() {
            self.press()?;
        }
        self.dirty |= !matches!(msg, Msg::Drawn);
        let now = self.now();
        self.trace.came(now.steady_ms, &msg);
        for effect in self.app.update(now, msg) {
            self.trace.done(now.steady_ms, &effect);
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Leave(ending) => self.ending = Some(ending),
            Effect::Suspend => return self.stop(Stopped::WithGroup),
            Effect::Redraw => self.draw_anew(),
            Effect::Mouse(on) => return self.session.set_mouse(on),
            Effect::Ring(text) => return self.session.ring(&text),
            effect @ (Effect::Edit { .. } | Effect::Page(_)) => return self.hand_over(&effect),
            Effect::Copy(text) => {
                let lines = text.lines().count();
                let said = super::phrase::plural(lines, "line", "lines");
                self.performer.perform(Effect::Copy(text.clone()));
                let answer = match self.session.copy(&text) {
                    Ok(()) => Ok(format!("{said} sent to the terminal's clipboard")),
                    Err(error) => Err(format!("not copied: {error}")),
                };
                return self.feed(Msg::Answer(Box::new(Answer::Copied(answer))));
            }
            other => {
                self.commands.retain(|task| !task.is_finished());
                self.commands.extend(self.performer.perform(other));
            }
        }
        Ok(())
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        if self.ending.is_some() || !(self.dirty || self.behind) || self.drawn_at.elapsed() < FRAME {
            return Ok(());
        }
        self.pull()?;
        if !self.dirty {
            return Ok(());
        }
        self.session.set_title(&self.app.window_title())?;
        let app = &mut self.app;
        self.session.draw(|frame| view::draw(app, frame))?;
        if app.plots.take_changed() {
            self.session.set_stale();
            self.session.draw(|frame| view::draw(app, frame))?;
        }
        // Drawing takes time. Afterwards the state gets the new time, so that it does not request a time that has
        // passed.
        self.dirty = self.app.is_overdue(self.now());
        self.drawn_at = Clock::now();
        self.bursts.seen();
        self.feed(Msg::Drawn)
    }

    /// Makes the next frame redraw the whole screen, pictures included.
    fn draw_anew(&mut self) {
        self.session.set_stale();
        self.app.plots.forget();
    }

    /// Passes on the output of live runs since the last frame.
    fn pull(&mut self) -> io::Result<()> {
        let mut arrived = Vec::new();
        self.behind = self.performer.pull(&mut |msg| arrived.push(msg));
        for msg in arrived {
            self.feed(msg)?;
        }
        Ok(())
    }

    /// Restores the terminal and stops the process, as a shell expects; continues after SIGCONT.
    fn stop(&mut self, stopped: Stopped) -> io::Result<()> {
        self.session.leave();
        match stopped {
            // The terminal stops a whole pipeline.
            Stopped::WithGroup => stop_with_group()?,
            Stopped::Alone => kill_process(rustix::process::getpid(), Signal::STOP)?,
        }
        self.resume()
    }

    /// Lends the terminal to the user's editor or pager until that program ends, and restores everything, however it
    /// ended.
    fn hand_over(&mut self, effect: &Effect) -> io::Result<()> {
        let program = match self.performer.terminal_program(effect) {
            Ok(Some(program)) => program,
            Ok(None) => return Ok(()),
            Err(error) => return self.feed(Msg::Answer(Box::new(Answer::Trouble(error)))),
        };
        let subject = program.subject.clone();
        let lent = self.session.lend();
        drop(self.events.take());
        let ended = program.run();
        self.session.take_back(lent)?;
        self.app.plots.forget();
        self.events = Some(EventStream::new());
        // Signals from the terminal to both programs were meant for the other program.
        let Signals { interrupt, stop, go_on, .. } = Signals::new()?;
        (self.signals.interrupt, self.signals.stop, self.signals.go_on) = (interrupt, stop, go_on);
        let size = self.session.screen.size()?;
        self.feed(Msg::Resize { width: size.width, height: size.height })?;
        self.feed(Msg::Resumed)?;
        match ended {
            Ok(()) if subject.is_empty() => Ok(()),
            Ok(()) => self.feed(Msg::Answer(Box::new(Answer::Edited(subject)))),
            Err(error) => self.feed(Msg::Answer(Box::new(Answer::Trouble(error)))),
        }
    }

    fn resume(&mut self) -> io::Result<()> {
        self.session.reenter()?;
        self.app.plots.forget();
        self.feed(Msg::Resumed)
    }

    /// Stops live runs and waits for a limited time until they are recorded and commands are done. If the user quits,
    /// evolutions end too; if a signal ends the program, they can be resumed.
    async fn say_goodbye(&mut self) {
        let deadline = Clock::now() + FAREWELL;
        self.performer.stop_runs();
        let leaves = self.ending == Some(Ending::Quit);
        // Signatures that are verified by then are kept.
        self.performer.stop_verifying();
        if leaves {
            self.performer.stop_evolutions();
        }
        let going = |performer: &Performer| performer.has_live_runs() || leaves && performer.has_evolutions();
        while going(&self.performer) && Clock::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for task in self.commands.drain(..) {
            let left = deadline.saturating_duration_since(Clock::now());
            // The next start finishes the rest.
            let _ = tokio::time::timeout(left, task).await;
        }
    }
}

/// The events of the terminal. If it is closed already, creating the stream alone would panic.
fn events() -> io::Result<EventStream> {
    crossterm::event::poll(Duration::ZERO)?;
    Ok(EventStream::new())
}

fn next_event(events: &mut Option<EventStream>, context: &mut Context<'_>) -> Poll<Option<io::Result<Event>>> {
    events.as_mut().map_or(Poll::Pending, |events| Pin::new(events).poll_next(context))
}

#[derive(Clone, Copy)]
enum Stopped {
    Alone,
    /// Everything in the foreground process group of the terminal.
    WithGroup,
}
