//! The line of `doctor` about services: warns if there are too many instances.

use super::{Health, line};
use crate::engine::Engine;
use crate::engine::view::DoctorLine;

/// Name of the line.
const NAME: &str = "services";

/// Number of instances in a workspace above which it warns.
const MOST: usize = 50;

impl Engine {
    /// Counts the instances of all stacks. No line if there are none.
    pub(in crate::engine) fn doctor_of_services(&self) -> Option<DoctorLine> {
        match self.workspace.read(|q| Ok(q.services().all_instances()?)) {
            Ok(rows) => {
                let running = rows.iter().filter(|row| row.instance.life.state.needs_keeper()).count();
                of_count(rows.len(), running)
            }
            Err(error) => Some(line(NAME, Health::Bad, error.message, error.hint)),
        }
    }
}

fn of_count(all: usize, running: usize) -> Option<DoctorLine> {
    let instances = if all == 1 { "instance" } else { "instances" };
    let message = format!("{all} {instances}, {running} of them running");
    match all {
        0 => None,
        1..=MOST => Some(line(NAME, Health::Ok, message, "")),
        _ => {
            let message = format!("{message}: each running instance needs a keeper process, and none starts at login");
            let hint = "have systemd run them: `toolsmith services NAME --unit` prints a user unit";
            Some(line(NAME, Health::Warn, message, hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_fifty_instances_give_a_warning_that_points_to_systemd() {
        assert_eq!(of_count(0, 0), None);
        let report = of_count(1, 1).unwrap();
        assert_eq!((report.state.as_str(), report.message.as_str()), ("ok", "1 instance, 1 of them running"));
        assert_eq!(of_count(50, 50).unwrap().state, "ok");
        let report = of_count(51, 2).unwrap();
        assert_eq!(report.state, "warn");
        assert!(
            report.message.starts_with("51 instances, 2 of them running") && report.hint.contains("--unit"),
            "{report:?}"
        );
    }
}
