//! The life of an instance as a pure state machine: state and event in, state and orders out. No clock, no I/O.
//!
//! Each start has an incarnation number. Reports of older incarnations are ignored, so a late message of a replaced
//! process has no effect. The last request of a human or an agent ([`Desired`]) takes precedence over a pending
//! restart.

use super::super::ids::RunId;
use super::super::quantity::span;
use super::super::time::Instant;
use super::super::words::words;
use super::definition::{Backoff, RestartRule, ServiceDefinition};
use serde::{Deserialize, Serialize};

/// The period over which restarts are counted, in milliseconds.
const WINDOW_MS: i64 = 600_000;

words!(
    /// The state of an instance.
    InstanceState {
        /// Nothing runs; its context is kept.
        Stopped = "stopped",
        /// It starts when the services that it needs have reached the required state.
        Waiting = "waiting",
        /// Its process exists and is not ready.
        Starting = "starting",
        /// It is ready.
        Running = "running",
        /// Several health checks in a row failed.
        Unhealthy = "unhealthy",
        /// It was asked to stop.
        Stopping = "stopping",
        /// It ended and will be restarted at a stated time.
        BackingOff = "backing-off",
        /// It could not start, or ended too often.
        Failed = "failed",
        /// Its keeper process is gone; the next process that looks resolves this state.
        Lost = "lost",
    }
);

words!(
    /// The last request for an instance.
    Desired {
        /// To run.
        Up = "up",
        /// Not to run.
        Down = "down",
    }
);

/// How long a service may take to listen on the ports that it binds itself, in milliseconds, if its definition does not
/// state it.
const BIND_WITHIN_MS: u64 = 30_000;

/// The parts of a definition that the state machine needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeRules {
    /// When it is restarted.
    pub restart: RestartRule,
    /// The pause before a restart.
    pub backoff: Backoff,
    /// With more restarts than this within ten minutes, it has failed.
    pub most_restarts: u32,
    /// Whether it waits for other services.
    pub has_dependencies: bool,
    /// Milliseconds in which it must become ready; `None` means ready at once.
    pub ready_within_ms: Option<u64>,
    /// This many consecutive failed health checks make it unhealthy; twice as many end it.
    pub failures: u32,
}

impl LifeRules {
    /// The rules of a definition.
    pub fn of(definition: &ServiceDefinition) -> LifeRules {
        LifeRules {
            restart: definition.restart,
            backoff: definition.backoff,
            most_restarts: definition.most_restarts,
            has_dependencies: !definition.after.is_empty(),
            // A service that binds ports itself is not ready before it listens on them.
            ready_within_ms: match &definition.ready {
                Some(ready) => Some(ready.within_ms),
                None => definition.binds_ports().then_some(BIND_WITHIN_MS),
            },
            failures: definition.health.failures.max(1),
        }
    }
}

/// An event of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeEvent {
    /// A request to run it.
    WantUp,
    /// A request to stop it.
    WantDown,
    /// A request to kill it.
    WantKilled,
    /// A request to restart it.
    WantFresh,
    /// The services that it waits for reached the required state.
    DependenciesMet,
    /// The services that it waits for cannot reach it; contains the reason.
    DependencyFailed(String),
    /// The process of this incarnation exists.
    Spawned(u64),
    /// The process of this incarnation could not be started; contains the reason.
    NotSpawned(u64, String),
    /// This incarnation is ready.
    Ready(u64),
    /// A health check of this incarnation succeeded.
    Healthy(u64),
    /// A health check of this incarnation failed; contains the reason.
    Sick(u64, String),
    /// The process of this incarnation ended.
    Ended {
        /// The incarnation.
        incarnation: u64,
        /// Whether it ended successfully.
        well: bool,
        /// How it ended, in a line.
        how: String,
        /// The last line that it wrote to standard error, safe to draw.
        last_stderr: Option<String>,
    },
    /// The keeper is gone, and the process with it.
    KeeperLost {
        /// Whether the machine was rebooted since then.
        rebooted: bool,
    },
    /// A keeper could not be started or cannot manage the instance; contains the reason. None of its processes runs.
    KeeperFailed(String),
    /// The wait of [`LifeTimer`](super::LifeTimer) in this state of this incarnation ended.
    WaitOver {
        /// The state in which the wait began.
        state: InstanceState,
        /// Number of the newest start at that time.
        incarnation: u64,
    },
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeOrder {
    /// Start the process of this incarnation.
    Start(u64),
    /// Ask the process of this incarnation to end.
    Stop(u64),
    /// Kill the process of this incarnation.
    Kill(u64),
    /// Check, until it is true, whether the services that it waits for reached the required state.
    AwaitDependencies,
}

/// Why an instance is being stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopCause {
    /// It was requested; [`Lifecycle::desired`] determines what happens next.
    Asked,
    /// It stopped working; contains the reason. This counts as a failure.
    Broken(String),
}

/// The life of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The last request.
    pub desired: Desired,
    /// Its state.
    pub state: InstanceState,
    /// Number of its newest start; 0 before the first.
    pub incarnation: u64,
    /// When it was restarted automatically, within the last ten minutes.
    pub restarts: Vec<Instant>,
    /// Consecutive restarts, which determine the next pause.
    pub in_a_row: u32,
    /// When it is restarted, while backing off, by the wall clock at the beginning of the pause. For display only: its
    /// keeper waits by a steady clock.
    pub next_start_at: Option<Instant>,
    /// When its newest process started.
    pub started_at: Option<Instant>,
    /// When that process was ready.
    pub ready_at: Option<Instant>,
    /// Health checks that failed since the last success.
    pub failed_checks: u32,
    /// Why it is being stopped.
    pub stopping: Option<StopCause>,
    /// The last error.
    pub last_error: Option<String>,
    /// The last line that the previous process wrote to standard error, safe to draw and cut. Removed after another
    /// error or a request to start.
    #[serde(default)]
    pub last_stderr: Option<String>,
    /// The run of the previous start.
    #[serde(default)]
    pub previous_run: Option<RunId>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Lifecycle {
            desired: Desired::Down,
            state: InstanceState::Stopped,
            incarnation: 0,
            restarts: Vec::new(),
            in_a_row: 0,
            next_start_at: None,
            started_at: None,
            ready_at: None,
            failed_checks: 0,
            stopping: None,
            last_error: None,
            last_stderr: None,
            previous_run: None,
        }
    }
}

impl InstanceState {
    /// Whether a process of the service exists, or is being started.
    pub const fn has_process(self) -> bool {
        matches!(
            self,
            InstanceState::Starting | InstanceState::Running | InstanceState::Unhealthy | InstanceState::Stopping
        )
    }

    /// Whether it needs a keeper.
    pub const fn needs_keeper(self) -> bool {
        self.has_process() || matches!(self, InstanceState::Waiting | InstanceState::BackingOff)
    }

    /// Whether it answers messages.
    pub const fn is_up(self) -> bool {
        matches!(self, InstanceState::Running | InstanceState::Unhealthy)
    }
}

impl Lifecycle {
    /// Takes an event and returns what to do.
    pub fn step(&mut self, rules: &LifeRules, event: LifeEvent, now: Instant) -> Vec<LifeOrder> {
        match event {
            LifeEvent::WantUp => self.want_up(rules, now),
            LifeEvent::WantDown => self.want_down(),
            LifeEvent::WantKilled => self.want_killed(),
            LifeEvent::WantFresh => self.want_fresh(rules, now),
            LifeEvent::DependenciesMet if self.state == InstanceState::Waiting => self.start(now),
            LifeEvent::DependencyFailed(why) if self.state == InstanceState::Waiting => self.fail(why),
            LifeEvent::Spawned(number) if self.is_now(number) => self.spawned(rules, now),
            LifeEvent::NotSpawned(number, why) if self.is_now(number) => self.not_spawned(rules, why, now),
            LifeEvent::Ready(number) if self.is_now(number) && self.state == InstanceState::Starting => self.ready(now),
            LifeEvent::Healthy(number) if self.is_now(number) && self.state.is_up() => {
                self.failed_checks = 0;
                self.state = InstanceState::Running;
                Vec::new()
            }
            LifeEvent::Sick(number, how) if self.is_now(number) && self.state.is_up() => self.sick(rules, how),
            LifeEvent::Ended { incarnation, well, how, last_stderr } if self.is_now(incarnation) => {
                self.last_stderr = last_stderr;
                self.ended(rules, (well, how), now)
            }
            LifeEvent::KeeperLost { rebooted } => self.keeper_lost(rules, rebooted, now),
            LifeEvent::KeeperFailed(why) if self.state.needs_keeper() => self.keeper_failed(why),
            LifeEvent::WaitOver { state, incarnation } if (self.state, self.incarnation) == (state, incarnation) => {
                self.wait_over(rules, now)
            }
            // From an older incarnation, or for a state that it left.
            _ => Vec::new(),
        }
    }

    /// By the wall clock, when the wait of its state ends, and its maximum length in milliseconds; `None` if the state
    /// has no time limit.
    pub(super) fn wait(&self, rules: &LifeRules) -> Option<(Instant, i64)> {
        match self.state {
            InstanceState::BackingOff => {
                Some((self.next_start_at?, delay(&rules.backoff, self.in_a_row.saturating_sub(1))))
            }
            InstanceState::Starting => {
                let within = i64::try_from(rules.ready_within_ms?).unwrap_or(i64::MAX);
                Some((Instant(self.started_at?.0.saturating_add(within)), within))
            }
            _ => None,
        }
    }

    fn is_now(&self, incarnation: u64) -> bool {
        self.incarnation == incarnation && self.state.has_process()
    }

    /// Forgets automatic restarts, because a request is a new beginning.
    fn begin_anew(&mut self) {
        self.restarts.clear();
        self.in_a_row = 0;
        self.last_error = None;
        self.last_stderr = None;
    }

    fn want_up(&mut self, rules: &LifeRules, now: Instant) -> Vec<LifeOrder> {
        self.desired = Desired::Up;
        match self.state {
            InstanceState::Stopped | InstanceState::Failed | InstanceState::Lost | InstanceState::BackingOff => {
                self.begin_anew();
                self.begin(rules, now)
            }
            InstanceState::Stopping => {
                // A broken process is replaced in the same way as one that was asked to stop.
                self.stopping = Some(StopCause::Asked);
                Vec::new()
            }
            InstanceState::Waiting | InstanceState::Starting | InstanceState::Running | InstanceState::Unhealthy => {
                Vec::new()
            }
        }
    }

    fn want_down(&mut self) -> Vec<LifeOrder> {
        self.desired = Desired::Down;
        match self.state {
            InstanceState::Starting | InstanceState::Running | InstanceState::Unhealthy => self.stop(StopCause::Asked),
            InstanceState::Stopping => {
                self.stopping = Some(StopCause::Asked);
                Vec::new()
            }
            InstanceState::Stopped
            | InstanceState::Waiting
            | InstanceState::BackingOff
            | InstanceState::Failed
            | InstanceState::Lost => {
                self.settle(InstanceState::Stopped);
                Vec::new()
            }
        }
    }

    fn want_killed(&mut self) -> Vec<LifeOrder> {
        self.want_down();
        if self.state == InstanceState::Stopping { vec![LifeOrder::Kill(self.incarnation)] } else { Vec::new() }
    }

    fn want_fresh(&mut self, rules: &LifeRules, now: Instant) -> Vec<LifeOrder> {
        if !matches!(self.state, InstanceState::Starting | InstanceState::Running | InstanceState::Unhealthy) {
            return self.want_up(rules, now);
        }
        self.desired = Desired::Up;
        self.begin_anew();
        self.stop(StopCause::Asked)
    }

    /// Begins a start, which first waits for dependencies.
    fn begin(&mut self, rules: &LifeRules, now: Instant) -> Vec<LifeOrder> {
        if rules.has_dependencies {
            self.settle(InstanceState::Waiting);
            return vec![LifeOrder::AwaitDependencies];
        }
        self.start(now)
    }

    fn start(&mut self, now: Instant) -> Vec<LifeOrder> {
        self.settle(InstanceState::Starting);
        self.incarnation += 1;
        self.started_at = Some(now);
        vec![LifeOrder::Start(self.incarnation)]
    }

    /// Enters a state and resets everything that belongs to an earlier process.
    fn settle(&mut self, state: InstanceState) {
        self.state = state;
        self.next_start_at = None;
        self.started_at = None;
        self.ready_at = None;
        self.failed_checks = 0;
        self.stopping = None;
    }

    fn fail(&mut self, why: String) -> Vec<LifeOrder> {
        self.settle(InstanceState::Failed);
        self.last_error = Some(why);
        Vec::new()
    }

    fn stop(&mut self, cause: StopCause) -> Vec<LifeOrder> {
        self.state = InstanceState::Stopping;
        self.stopping = Some(cause);
        vec![LifeOrder::Stop(self.incarnation)]
    }

    fn spawned(&mut self, rules: &LifeRules, now: Instant) -> Vec<LifeOrder> {
        if self.state != InstanceState::Starting {
            return Vec::new();
        }
        // The time to become ready counts from here.
        self.started_at = Some(now);
        if rules.ready_within_ms.is_none() { self.ready(now) } else { Vec::new() }
    }

    fn ready(&mut self, now: Instant) -> Vec<LifeOrder> {
        self.state = InstanceState::Running;
        self.ready_at = Some(now);
        self.failed_checks = 0;
        Vec::new()
    }

    fn not_spawned(&mut self, rules: &LifeRules, why: String, now: Instant) -> Vec<LifeOrder> {
        self.last_stderr = None;
        match (self.stopping.take(), self.desired) {
            (Some(StopCause::Asked), Desired::Up) => self.begin(rules, now),
            (Some(StopCause::Asked), Desired::Down) => {
                self.settle(InstanceState::Stopped);
                Vec::new()
            }
            // Another attempt would not find the program either.
            _ => self.fail(why),
        }
    }

    fn sick(&mut self, rules: &LifeRules, how: String) -> Vec<LifeOrder> {
        self.failed_checks = self.failed_checks.saturating_add(1);
        if self.failed_checks < rules.failures {
            return Vec::new();
        }
        self.last_error = Some(how.clone());
        self.state = InstanceState::Unhealthy;
        if rules.restart == RestartRule::Never || self.failed_checks < rules.failures.saturating_mul(2) {
            return Vec::new();
        }
        self.stop(StopCause::Broken(how))
    }

    fn ended(&mut self, rules: &LifeRules, (well, how): (bool, String), now: Instant) -> Vec<LifeOrder> {
        match self.stopping.take() {
            Some(StopCause::Asked) if self.desired == Desired::Up => self.begin(rules, now),
            Some(StopCause::Asked) => {
                self.settle(InstanceState::Stopped);
                Vec::new()
            }
            Some(StopCause::Broken(why)) => self.ended_itself(rules, (false, why), now),
            None => self.ended_itself(rules, (well, how), now),
        }
    }

    fn ended_itself(&mut self, rules: &LifeRules, (well, how): (bool, String), now: Instant) -> Vec<LifeOrder> {
        let again = match rules.restart {
            RestartRule::Never => false,
            RestartRule::OnFailure => !well,
            RestartRule::Always => true,
        };
        if again {
            return self.back_off(rules, how, now);
        }
        if !well {
            return self.fail(how);
        }
        self.desired = Desired::Down;
        self.settle(InstanceState::Stopped);
        Vec::new()
    }

    fn back_off(&mut self, rules: &LifeRules, how: String, now: Instant) -> Vec<LifeOrder> {
        let calm = i64::try_from(rules.backoff.calm_ms).unwrap_or(i64::MAX);
        if self.ready_at.is_some_and(|ready| now.0.saturating_sub(ready.0) >= calm) {
            self.in_a_row = 0;
        }
        // If the clock was set back, they were not later than now.
        self.restarts.iter_mut().for_each(|at| *at = (*at).min(now));
        self.restarts.retain(|at| now.0.saturating_sub(at.0) < WINDOW_MS);
        if self.restarts.len() >= rules.most_restarts as usize {
            let ends = match self.restarts.len() + 1 {
                1 => "once".to_owned(),
                ends => format!("{ends} times"),
            };
            return self.fail(format!("ended {ends} within ten minutes; last: {how}"));
        }
        let wait = delay(&rules.backoff, self.in_a_row);
        self.settle(InstanceState::BackingOff);
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.restarts.push(now);
        self.next_start_at = Some(Instant(now.0.saturating_add(wait)));
        self.last_error = Some(how);
        Vec::new()
    }

    fn keeper_lost(&mut self, rules: &LifeRules, rebooted: bool, now: Instant) -> Vec<LifeOrder> {
        if self.state != InstanceState::BackingOff {
            self.last_stderr = None;
        }
        let is_asked = matches!(self.stopping, Some(StopCause::Asked)) && self.desired == Desired::Down;
        if rebooted || is_asked || self.desired == Desired::Down {
            self.desired = Desired::Down;
            self.settle(InstanceState::Stopped);
            if rebooted {
                self.last_error = Some("the machine was restarted".to_owned());
            }
            return Vec::new();
        }
        match self.state {
            InstanceState::Stopped | InstanceState::Failed | InstanceState::BackingOff => Vec::new(),
            // A new keeper manages it again.
            InstanceState::Waiting => vec![LifeOrder::AwaitDependencies],
            _ => self.ended_itself(rules, (false, "its keeper process was killed".to_owned()), now),
        }
    }

    fn keeper_failed(&mut self, why: String) -> Vec<LifeOrder> {
        self.last_stderr = None;
        if self.desired == Desired::Down {
            self.settle(InstanceState::Stopped);
            return Vec::new();
        }
        self.fail(why)
    }

    fn wait_over(&mut self, rules: &LifeRules, now: Instant) -> Vec<LifeOrder> {
        match (self.state, rules.ready_within_ms) {
            (InstanceState::BackingOff, _) => self.begin(rules, now),
            (InstanceState::Starting, Some(within)) => {
                self.stop(StopCause::Broken(format!("not ready within {}", span(within))))
            }
            _ => Vec::new(),
        }
    }
}

/// The pause in milliseconds after this many restarts.
fn delay(backoff: &Backoff, before: u32) -> i64 {
    let factor = u64::from(backoff.factor.max(1)).checked_pow(before).unwrap_or(u64::MAX);
    i64::try_from(backoff.first_ms.saturating_mul(factor).min(backoff.most_ms)).unwrap_or(i64::MAX)
}
