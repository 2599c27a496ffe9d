//! The life of an instance as a pure machine: state and event in, state and orders out. No clock, no I/O.
//!
//! Each start has an incarnation number. What an older incarnation reports is dropped, so a late message of a process
//! that was replaced changes nothing. What a human or an agent asked for last ([`Desired`]) goes before every restart
//! that is under way.

use super::super::ids::RunId;
use super::super::quantity::span;
use super::super::time::Instant;
use super::super::words::words;
use super::definition::{Backoff, RestartRule, ServiceDefinition};
use serde::{Deserialize, Serialize};

/// Restarts are counted over this time, milliseconds.
const WINDOW_MS: i64 = 600_000;

words!(
    /// What an instance is doing.
    InstanceState {
        /// Nothing runs; its context is kept.
        Stopped = "stopped",
        /// It starts when the services that it needs have got far enough.
        Waiting = "waiting",
        /// Its process exists and is not ready.
        Starting = "starting",
        /// It is ready.
        Running = "running",
        /// Several health checks in a row failed.
        Unhealthy = "unhealthy",
        /// It was asked to end.
        Stopping = "stopping",
        /// It ended and is started again at a stated time.
        BackingOff = "backing-off",
        /// It could not start, or ended too often.
        Failed = "failed",
        /// Its keeper process is gone; whoever looks next settles it.
        Lost = "lost",
    }
);

words!(
    /// What somebody asked of an instance last.
    Desired {
        /// That it runs.
        Up = "up",
        /// That it does not.
        Down = "down",
    }
);

/// How long a service may take to listen on the ports that it binds itself when its definition does not say,
/// milliseconds.
const BIND_WITHIN_MS: u64 = 30_000;

/// What the machine needs of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeRules {
    /// When it is started again.
    pub restart: RestartRule,
    /// How long is waited before that.
    pub backoff: Backoff,
    /// More restarts than this within ten minutes, and it has failed.
    pub most_restarts: u32,
    /// Whether it waits for other services.
    pub has_dependencies: bool,
    /// Milliseconds in which it must become ready; `None`: it is ready at once.
    pub ready_within_ms: Option<u64>,
    /// So many failed health checks in a row make it unhealthy; twice as many end it.
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

/// What happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeEvent {
    /// Somebody wants it to run.
    WantUp,
    /// Somebody wants it to end.
    WantDown,
    /// Somebody wants it to end without the time to clean up.
    WantKilled,
    /// Somebody wants it to end and start again.
    WantFresh,
    /// What it waits for got far enough.
    DependenciesMet,
    /// What it waits for will not, and why.
    DependencyFailed(String),
    /// The process of this incarnation exists.
    Spawned(u64),
    /// The process of this incarnation could not be started, and why.
    NotSpawned(u64, String),
    /// This incarnation is ready.
    Ready(u64),
    /// A health check of this incarnation was answered well.
    Healthy(u64),
    /// A health check of this incarnation failed, and how.
    Sick(u64, String),
    /// The process of this incarnation ended.
    Ended {
        /// Of which incarnation.
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
        /// Whether the machine was started again since.
        rebooted: bool,
    },
    /// A keeper could not be started or cannot look after it, and why. None of its processes runs.
    KeeperFailed(String),
    /// What [`LifeTimer`](super::LifeTimer) waited for in this state of this incarnation is over.
    WaitOver {
        /// The state in which the wait began.
        state: InstanceState,
        /// Number of the newest start at that time.
        incarnation: u64,
    },
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeOrder {
    /// Start the process of this incarnation.
    Start(u64),
    /// Ask the process of this incarnation to end.
    Stop(u64),
    /// Kill the process of this incarnation.
    Kill(u64),
    /// Look whether what it waits for got far enough, until it has.
    AwaitDependencies,
}

/// Why an instance is being stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopCause {
    /// Somebody asked; what it does afterwards is what was asked.
    Asked,
    /// It did not work any more, and how: it counts as ended in failure.
    Broken(String),
}

/// The life of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// What was asked last.
    pub desired: Desired,
    /// What it does.
    pub state: InstanceState,
    /// Number of its newest start; 0 before the first.
    pub incarnation: u64,
    /// When it was started again unasked, within the last ten minutes.
    pub restarts: Vec<Instant>,
    /// Restarts since it last ran calmly: which wait comes next.
    pub in_a_row: u32,
    /// When it is started again, while backing off, by the wall clock as it was when that began. For display: its keeper
    /// waits by a clock that nobody sets.
    pub next_start_at: Option<Instant>,
    /// When its newest process began.
    pub started_at: Option<Instant>,
    /// When that was ready.
    pub ready_at: Option<Instant>,
    /// Health checks that failed since the last good one.
    pub failed_checks: u32,
    /// Why it is being stopped.
    pub stopping: Option<StopCause>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The last line that the process which ended last wrote to standard error, safe to draw and cut. Gone when
    /// something else went wrong since, or somebody asked for a start.
    #[serde(default)]
    pub last_stderr: Option<String>,
    /// The run of the start before the newest one.
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

    /// Whether a keeper must look after it.
    pub const fn needs_keeper(self) -> bool {
        self.has_process() || matches!(self, InstanceState::Waiting | InstanceState::BackingOff)
    }

    /// Whether it answers messages.
    pub const fn is_up(self) -> bool {
        matches!(self, InstanceState::Running | InstanceState::Unhealthy)
    }
}

impl Lifecycle {
    /// Takes what happened and says what is to be done.
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
            // Of an older incarnation, or of a state that it left.
            _ => Vec::new(),
        }
    }

    /// By the wall clock, when the wait of its state is over, and how many milliseconds it takes at most; `None` where it
    /// waits for no time.
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

    /// Forgets the restarts that nobody asked for: what somebody asks for is a new beginning.
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
                // What was broken is replaced like what was asked to end.
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

    /// From nothing to a process, by way of what it waits for.
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

    /// Enters a state in which nothing of an earlier process counts.
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
            // Another try would not find the program either.
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
        // A clock that was set back: they were not later than now.
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
            // A new keeper looks after it again.
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

/// Milliseconds before the restart that follows so many others.
fn delay(backoff: &Backoff, before: u32) -> i64 {
    let factor = u64::from(backoff.factor.max(1)).checked_pow(before).unwrap_or(u64::MAX);
    i64::try_from(backoff.first_ms.saturating_mul(factor).min(backoff.most_ms)).unwrap_or(i64::MAX)
}
