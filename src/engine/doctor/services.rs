//! What `doctor` says of services: whether there are more than their keepers are made for.

use super::{Health, line};
use crate::engine::Engine;
use crate::engine::view::DoctorLine;

/// What the line is called.
const NAME: &str = "services";

/// Up to so many instances of a workspace nothing is said.
const MANY: usize = 50;

impl Engine {
    /// Counts the instances of all stacks. No line where there are none.
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
        ..=MANY => Some(line(NAME, Health::Ok, message, "")),
        _ => {
            let message =
                format!("{message}: each running one has a keeper process, and nothing launches them at login");
            let hint = "let a real init run them: `toolsmith services NAME --unit` prints a systemd user unit";
            Some(line(NAME, Health::Warn, message, hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_fifty_instances_are_better_left_to_a_real_init() {
        assert_eq!(of_count(0, 0), None);
        let told = of_count(1, 1).unwrap();
        assert_eq!((told.state.as_str(), told.message.as_str()), ("ok", "1 instance, 1 of them running"));
        assert_eq!(of_count(50, 50).unwrap().state, "ok");
        let told = of_count(51, 2).unwrap();
        assert_eq!(told.state, "warn");
        assert!(
            told.message.starts_with("51 instances, 2 of them running") && told.hint.contains("--unit"),
            "{told:?}"
        );
    }
}
