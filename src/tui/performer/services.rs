//! Services: refreshes instances twice a second while there are any, and sends messages to them.
//!
//! A killed keeper writes nothing, so the workbench polls. Rows are sent only if they changed, so that an idle screen
//! is not redrawn.

use super::{Performer, lock};
use crate::domain::service::{InstanceId, InstanceState};
use crate::domain::{Command, Digest, ToolName, VerbCall};
use crate::engine::{Engine, EngineError};
use crate::tui::effect::Serving;
use crate::tui::msg::{Answer, Held, Load, Msg, Served, ServiceRow};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// How often instances are refreshed: the end of a keeper appears within a second, even on a busy machine.
const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// The minimum interval for measuring resource use.
const MEASUREMENT_INTERVAL: Duration = Duration::from_millis(900);

/// Measuring resource use takes at most this fraction of the time (1/100). With 200 instances a measurement takes 50
/// ms, so there is one every 5 seconds.
const MEASURED_SHARE: u32 = 100;

/// The known facts about instances.
#[derive(Default)]
pub(super) struct InstanceCache {
    /// Whether a task refreshes them.
    is_refreshing: bool,
    /// The rows that were sent last.
    sent: Vec<ServiceRow>,
    /// The needs of each version, according to its definition.
    needs: HashMap<(InstanceId, Digest), Vec<ToolName>>,
    /// Whether their resource use is displayed.
    is_watched: bool,
    /// The resource use at the last measurement, and its time.
    used: HashMap<InstanceId, (u64, Instant)>,
    /// Their current resource use.
    loads: HashMap<InstanceId, Load>,
    /// When the next measurement is due.
    next_measurement: Option<Instant>,
    /// The last error.
    trouble: Option<EngineError>,
}

impl Performer {
    pub(super) fn serve(&self, engine: &Engine, serving: Serving) {
        match serving {
            Serving::Load => {
                let found = self.instances(engine);
                let refreshes = found.as_ref().is_ok_and(|rows| !rows.is_empty()) && engine.viewing().is_none();
                self.served(Served::List(found));
                if refreshes && !std::mem::replace(&mut lock(&self.shared.services).is_refreshing, true) {
                    self.keep_refreshing();
                }
            }
            Serving::Watch(is_watched) => {
                let mut cache = lock(&self.shared.services);
                cache.is_watched = is_watched;
                if !is_watched {
                    cache.used.clear();
                    cache.loads.clear();
                    cache.next_measurement = None;
                }
            }
            Serving::Detail(instance) => {
                let found = engine.services().detail(&instance).map(Box::new);
                self.served(Served::Detail { instance, found });
            }
            Serving::Say { ticket, call } => self.say(engine, ticket, call),
        }
    }

    fn served(&self, served: Served) {
        self.answer(Answer::Serving(Box::new(served)));
    }

    /// Refreshes the instances again and again, as long as there are any.
    fn keep_refreshing(&self) {
        let performer = self.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(REFRESH_INTERVAL);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let here = performer.clone();
                if !tokio::task::spawn_blocking(move || here.refresh()).await.unwrap_or(false) {
                    break;
                }
            }
        });
    }

    /// Restores instances that lost their keeper, and sends changed rows. Returns whether there are instances.
    fn refresh(&self) -> bool {
        let Some(engine) = self.shared.engine.get() else { return false };
        let before = lock(&self.shared.services).sent.clone();
        let measured = engine.services().restore_lost().and_then(|()| self.measure(engine));
        match measured.and_then(|()| self.instances(engine)) {
            Ok(rows) => {
                lock(&self.shared.services).trouble = None;
                let goes_on = !rows.is_empty();
                lock(&self.shared.services).is_refreshing = goes_on;
                if rows != before {
                    self.send(Msg::Services(rows));
                }
                goes_on
            }
            Err(error) => {
                // Each error is reported once, not with every refresh.
                let known = lock(&self.shared.services).trouble.replace(error.clone());
                if known.as_ref() != Some(&error) {
                    self.answer(Answer::Trouble(error));
                }
                true
            }
        }
    }

    /// Measures the resource use of instances while it is displayed.
    fn measure(&self, engine: &Engine) -> Result<(), EngineError> {
        let started = Instant::now();
        {
            let cache = lock(&self.shared.services);
            if !cache.is_watched || cache.next_measurement.is_some_and(|due| started < due) {
                return Ok(());
            }
        }
        let (found, now) = (engine.services().used()?, Instant::now());
        let mut cache = lock(&self.shared.services);
        cache.next_measurement = now.checked_add(pause_after(now - started));
        let before = std::mem::take(&mut cache.used);
        cache.loads.clear();
        for (id, sample) in found {
            // Processor time is known from the second measurement on.
            let cpu_percent = before.get(&id).map_or(0, |(cpu_ms, at)| {
                let passed = u64::try_from(now.saturating_duration_since(*at).as_millis()).unwrap_or(u64::MAX).max(1);
                sample.cpu_ms.saturating_sub(*cpu_ms) * 100 / passed
            });
            let memory_mib = sample.memory_bytes.div_ceil(1 << 20);
            cache.loads.insert(id, Load { cpu_percent, memory_mib });
            cache.used.insert(id, (sample.cpu_ms, now));
        }
        Ok(())
    }

    /// The instances, as rows show them.
    fn instances(&self, engine: &Engine) -> Result<Vec<ServiceRow>, EngineError> {
        let found = engine.services().list(None)?;
        let mut rows = Vec::with_capacity(found.services.len());
        for mut view in found.services {
            // The screen computes the up-time from its own clock; a growing duration must not count as a change.
            view.up_ms = None;
            let version = (view.instance.id, view.instance.digest);
            let known = lock(&self.shared.services).needs.get(&version).cloned();
            let needs = match known {
                Some(needs) => needs,
                None => self.needs(engine, version, view.instance.name.as_str())?,
            };
            let load = lock(&self.shared.services).loads.get(&view.instance.id).copied();
            rows.push(ServiceRow { view, needs, load });
        }
        lock(&self.shared.services).sent.clone_from(&rows);
        Ok(rows)
    }

    fn needs(&self, engine: &Engine, version: (InstanceId, Digest), name: &str) -> Result<Vec<ToolName>, EngineError> {
        let definition = engine.services().detail(name)?.definition;
        let needs: Vec<ToolName> = definition.map(|found| found.after.into_keys().collect()).unwrap_or_default();
        lock(&self.shared.services).needs.insert(version, needs.clone());
        Ok(needs)
    }

    /// Sends a message and waits for the answer, on a separate thread.
    fn say(&self, engine: &Engine, ticket: u64, call: VerbCall) {
        let asks = self.unallowed(engine, &call);
        if let Ok(Some(command)) = asks {
            let held = Box::new(Held::Serving(Serving::Say { ticket, call }));
            return self.served(Served::Asks { command, held });
        }
        let instance = call.get("instance").unwrap_or_default().to_owned();
        let said = asks.and_then(|_| engine.execute(Command::Verb(call), &self.caller(engine)));
        self.served(Served::Said { ticket, instance, said });
    }

    /// Whether a human is asked for a permission before this command; the answer contains the permission.
    pub(super) fn asks_first(&self, engine: &Engine, command: &Command) -> bool {
        let Command::Verb(call) = command else { return false };
        match self.unallowed(engine, call) {
            Ok(None) => false,
            Ok(Some(asked)) => {
                let held = Box::new(Held::Command(command.clone()));
                self.served(Served::Asks { command: asked, held });
                true
            }
            Err(error) => {
                self.answer(Answer::Done { command: command.clone(), outcome: Err(error) });
                true
            }
        }
    }

    /// The permissions that are missing before this verb can start a service.
    fn unallowed(&self, engine: &Engine, call: &VerbCall) -> Result<Option<Command>, EngineError> {
        let services = engine.services();
        let tool = match call.verb() {
            "define" if call.get("probe").is_some() => {
                let probed = engine.definitions().probed(call.get("name").unwrap_or_default())?;
                return engine.runs().unallowed(&probed, &self.caller(engine));
            }
            "launch" => call.get("tool").unwrap_or_default().to_owned(),
            "relaunch" => services.detail(call.get("instance").unwrap_or_default())?.view.instance.tool.to_string(),
            "say" => {
                let view = services.detail(call.get("instance").unwrap_or_default())?.view;
                if view.now.needs_keeper() && view.now != InstanceState::Lost {
                    return Ok(None);
                }
                view.instance.tool.to_string()
            }
            _ => return Ok(None),
        };
        let tool = engine.library().resolve(&tool)?;
        services.unallowed(&tool, &self.caller(engine))
    }
}

/// The pause after a measurement that took this long.
fn pause_after(took: Duration) -> Duration {
    (took * MEASURED_SHARE).max(MEASUREMENT_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measuring_takes_a_hundredth_of_the_time_at_most_and_happens_once_a_second_at_most() {
        assert_eq!(pause_after(Duration::from_millis(1)), MEASUREMENT_INTERVAL);
        assert_eq!(pause_after(Duration::from_millis(50)), Duration::from_secs(5));
    }
}
