//! The instances of services in the pictures: made up and fixed, one of each kind of state that a day brings.

use super::ScreenshotError;
use super::sample::NOW;
use semver::Version;
use toolsmith::domain::service::{
    HealthFact, HealthState, Instance, InstanceId, InstancePort, InstanceState, Lifecycle, PortPass,
};
use toolsmith::domain::{Digest, Instant, ToolName};
use toolsmith::engine::InstanceView;
use toolsmith::tui::msg::{Load, ServiceRow};

const MINUTE: i64 = 60_000;

fn name(text: &str) -> Result<ToolName, ScreenshotError> {
    ToolName::new(text).map_err(|error| ScreenshotError::Scene(error.to_string()))
}

fn row(id: i64, text: &str, state: InstanceState) -> Result<ServiceRow, ScreenshotError> {
    let ready_at = state.is_up().then(|| Instant(NOW.0 - id * 47 * MINUTE));
    let life = Lifecycle { state, incarnation: 1, ready_at, ..Lifecycle::default() };
    let instance = Instance {
        id: InstanceId(id),
        name: name(text)?,
        stack: String::new(),
        tool: name(text.trim_end_matches("-2"))?,
        version: Version::new(1, 2, 0),
        digest: Digest::of_bytes(text.as_bytes()),
        life,
        run: None,
        keeper: None,
        keeper_due: None,
        ports: Vec::new(),
        health: HealthFact::before(false),
        launched_by: "human".to_owned(),
        created_at: Instant(NOW.0 - 300 * MINUTE),
    };
    let view = InstanceView { instance, now: state, up_ms: None, is_outdated: Some(false), needs_approval: false };
    let load = state.is_up().then(|| Load { cpu_percent: id.unsigned_abs(), memory_mib: 20 + 31 * id.unsigned_abs() });
    Ok(ServiceRow { view, needs: Vec::new(), load })
}

/// The rows of the pane.
///
/// # Errors
/// When a name of the sample is no name any more.
pub fn rows() -> Result<Vec<ServiceRow>, ScreenshotError> {
    let port = |name: &str, port| InstancePort { name: name.to_owned(), port, pass: PortPass::Relay, note: None };
    let health = |state| HealthFact { state, at: Some(NOW), took_ms: 3, output: String::new() };
    let mut db = row(4, "notes-db", InstanceState::Running)?;
    db.view.instance.ports = vec![port("sql", 50_312)];
    db.view.instance.health = health(HealthState::Good);
    let mut coder = row(3, "coder", InstanceState::Running)?;
    let mut second = row(1, "coder-2", InstanceState::Unhealthy)?;
    for (coder, number, state) in [(&mut coder, 50_907, HealthState::Good), (&mut second, 51_220, HealthState::Bad)] {
        coder.view.instance.ports = vec![port("http", number)];
        coder.view.instance.health = health(state);
        coder.needs = vec![name("notes-db")?];
    }
    second.view.instance.life.last_error = Some("health check: no answer within 2 s".to_owned());
    second.view.instance.life.restarts = vec![Instant(NOW.0 - 6 * MINUTE), Instant(NOW.0 - 2 * MINUTE)];
    let mut index = row(5, "indexer", InstanceState::BackingOff)?;
    index.view.instance.life.restarts = vec![Instant(NOW.0 - MINUTE)];
    index.view.instance.life.next_start_at = Some(Instant(NOW.0 + 8_000));
    index.view.instance.life.last_error = Some("exit code 3".to_owned());
    Ok(vec![db, coder, second, index, row(6, "nightly-report", InstanceState::Stopped)?])
}
