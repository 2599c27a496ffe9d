//! The team in `doctor`: key, policy, expiry, clocks, and whether the carrier can be reached. Only `doctor` tests this
//! outside a `sync`.

use super::{Health, line};
use crate::domain::{Instant, SafeText, rfc3339};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::team::TeamReport;
use crate::engine::view::DoctorLine;

/// The name of the lines.
const NAME: &str = "team";

/// A key that expires within this time is reported, in milliseconds: 30 days.
const SOON_MS: i64 = 30 * 86_400_000;

impl Engine {
    pub(super) fn doctor_of_team(&self) -> Vec<DoctorLine> {
        let teams = self.teams();
        if teams.remote().is_none() {
            return Vec::new();
        }
        let report = match teams.report() {
            Ok(report) => report,
            Err(error) => return vec![line(NAME, Health::Bad, error.message, error.hint)],
        };
        let mut lines: Vec<DoctorLine> =
            report.problems.iter().map(|problem| line(NAME, Health::Warn, problem, "see docs/teams.md")).collect();
        lines.extend(own_key(&report, now()));
        lines.push(match teams.ahead() {
            Ok(Some((who, at, added))) => clock(&who, at, added),
            Ok(None) => line(NAME, Health::Ok, "no decision comes from the future: clocks agree", ""),
            Err(error) => line(NAME, Health::Bad, error.message, error.hint),
        });
        lines.push(reached(&report, || teams.reach()));
        lines
    }
}

/// Whether the user's key counts, and until when.
fn own_key(report: &TeamReport, at: Instant) -> Option<DoctorLine> {
    let you = report.signers.iter().find(|signer| signer.is_you)?;
    let roles = if you.roles.is_empty() { String::new() } else { format!(" as {}", you.roles.join(", ")) };
    let hint = "an administrator extends it: `toolsmith team-policy FILE` with a later `until`";
    Some(match you.until {
        Some(until) if until <= at => {
            line(NAME, Health::Bad, format!("your key expired {}: your decisions do not count", rfc3339(until)), hint)
        }
        Some(until) if until.0 - at.0 < SOON_MS => {
            line(NAME, Health::Warn, format!("your key expires {}", rfc3339(until)), hint)
        }
        _ => line(NAME, Health::Ok, format!("you decide as {}{roles}, with the key {}", you.name, you.key), ""),
    })
}

/// A decision with a time later than its arrival.
fn clock(who: &str, at: Instant, added: Instant) -> DoctorLine {
    let message = format!(
        "clocks differ: a decision of {} says {}, but came here {}",
        SafeText::new(who),
        rfc3339(at),
        rfc3339(added)
    );
    let hint = "set the clocks of both machines; the order of decisions does not depend on them, validity of keys does";
    line(NAME, Health::Warn, message, hint)
}

fn reached(report: &TeamReport, reach: impl FnOnce() -> Result<(), EngineError>) -> DoctorLine {
    if report.last_sync.is_none() {
        return line(NAME, Health::Warn, format!("{}: never exchanged", report.remote), "run `toolsmith sync`");
    }
    match reach() {
        Ok(()) => line(NAME, Health::Ok, format!("{} can be reached", report.remote), ""),
        Err(error) => line(NAME, Health::Warn, format!("{}: {}", report.remote, error.message), error.hint),
    }
}
