//! The log of an instance continues with its next start: one tab shows the output of all starts, with a mark between
//! them.

use super::{OutputPane, Phase, RunTab};
use crate::domain::service::InstanceId;
use crate::domain::{Run, RunId, RunOutcome};
use crate::engine::InstanceView;
use crate::tui::effect::TabId;

/// The instance whose log a tab shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Followed {
    instance: InstanceId,
    name: String,
    /// First line of each start after the first, with its run, in order.
    starts: Vec<(usize, RunId)>,
    /// The run of the lines before the first of these starts.
    first: RunId,
}

impl RunTab {
    /// Whether the run is complete: nothing more arrives.
    fn is_over(&self) -> bool {
        matches!(&self.phase, Phase::Ended(run) if run.outcome != RunOutcome::Running)
    }

    /// The run of the first stored line.
    pub(super) fn first_run(&self) -> Option<RunId> {
        let Some(followed) = &self.followed else { return self.run() };
        let first = self.view.first_line();
        let start = followed.starts.iter().rev().find(|(line, _)| *line <= first);
        Some(start.map_or(followed.first, |(_, run)| *run))
    }

    /// The label: the instance if its name differs from its tool, tool and version.
    pub(super) fn label_of(&self, run: &Run) -> String {
        match &self.followed {
            Some(followed) if followed.name != run.tool.as_str() => {
                format!("{} · {} {}", followed.name, run.tool, run.version)
            }
            _ => format!("{} {}", run.tool, run.version),
        }
    }

    /// Continues with the next start.
    fn go_on(&mut self, view: &InstanceView, run: RunId) {
        let Some(followed) = &mut self.followed else { return };
        if let Phase::Ended(before) = &self.phase {
            let code = before.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
            self.view.note(&format!("… run #{} ended: {}{code} …", before.id, before.outcome.word()));
        }
        let line = self.view.begin(&format!("start {} · run #{run}", view.instance.life.incarnation));
        followed.starts.push((line, run));
        self.bytes = 0;
        self.phase = Phase::Loading(run);
    }
}

impl OutputPane {
    /// Shows the tab that follows the log of an instance, if one can continue.
    pub fn show_log_of(&mut self, instance: InstanceId) -> bool {
        let follows = |tab: &RunTab| {
            let is_it = tab.followed.as_ref().is_some_and(|followed| followed.instance == instance);
            is_it && !matches!(tab.phase, Phase::Failed(_))
        };
        let found = self.tabs.iter().position(follows);
        self.current = found.unwrap_or(self.current);
        found.is_some()
    }

    /// Sets the instances. A tab with the newest run of an instance follows that instance. After a restart, it
    /// continues with the new run as soon as the old one is complete. Returns what to read.
    pub fn follow_starts<'v>(
        &mut self,
        views: &(impl Iterator<Item = &'v InstanceView> + Clone),
    ) -> Vec<(TabId, RunId)> {
        let mut next = Vec::new();
        for tab in &mut self.tabs {
            let Some(run) = tab.run() else { continue };
            match &tab.followed {
                None => {
                    if let Some(view) = views.clone().find(|view| view.instance.run == Some(run)) {
                        let (instance, name) = (view.instance.id, view.instance.name.to_string());
                        tab.followed = Some(Followed { instance, name, starts: Vec::new(), first: run });
                    }
                }
                Some(followed) => {
                    let id = followed.instance;
                    let view = views.clone().find(|view| view.instance.id == id);
                    if let Some((view, newest)) = view.and_then(|view| Some((view, view.instance.run?)))
                        && newest > run
                        && tab.is_over()
                    {
                        tab.go_on(view, newest);
                        next.push((tab.id, newest));
                    }
                }
            }
        }
        next
    }
}
